package format

import (
	"slices"
	"strconv"
	"strings"

	"github.com/tabgrad/tabgrad/nn"
)

// tfjs calls a weight by its layer's name alone, wherever the layer is, and refuses a model in which two layers have
// weights of one name. nn's automatic names are a model's own, so that layers in models inside often have the same. Their names
// in a file are then longer, and ownName says what they are here.

// ownName is the key of a layer's config under which its name here is, where it has another one in the file.
const ownName = "tabgrad_name"

// A flatLayer is a layer and its name in a file.
type flatLayer struct {
	name  string
	layer nn.Layer
}

// flatLayers are the layers of a model and of the models inside it, by their paths: the names of the model's own
// are theirs, and an inner one's, where it is taken, has its model's before it.
func flatLayers(m *nn.Model) map[string]flatLayer {
	flat, taken := map[string]flatLayer{}, map[string]bool{}
	for _, i := range m.Layers() {
		taken[i.Name()] = true
	}
	var walk func(m *nn.Model, prefix, model string)
	walk = func(m *nn.Model, prefix, model string) {
		for _, i := range m.Layers() {
			name := i.Name()
			if prefix != "" {
				if taken[name] {
					name = model + "_" + name
				}
				for n, base := 1, name; taken[name]; n++ {
					name = base + "_" + strconv.Itoa(n)
				}
				taken[name] = true
			}
			flat[prefix+i.Name()] = flatLayer{name, i.Layer()}
			if inner, ok := i.Layer().(*nn.Model); ok {
				walk(inner, prefix+i.Name()+"/", name)
			}
		}
	}
	walk(m, "", "")
	return flat
}

// flatWeights are the variables under tfjs's names: block_dense/kernel for inner/block/dense/kernel. The kernel of a
// depthwise convolution is its depthwise_kernel, as in Keras 2.
func flatWeights(m *nn.Model, vars []nn.Weight) []nn.Weight {
	flat := flatLayers(m)
	out := slices.Clone(vars)
	for i, v := range vars {
		for path := v.Name; ; { // the longest path is the layer's that has it
			at := strings.LastIndexByte(path, '/')
			if at < 0 {
				break
			}
			path = path[:at]
			if of, ok := flat[path]; ok {
				out[i].Name = of.name + of.weight(v.Name[len(path):])
				break
			}
		}
	}
	return out
}

func (l flatLayer) weight(name string) string {
	switch l.layer.(type) {
	case nn.DepthwiseConv1D, nn.DepthwiseConv2D:
		if name == "/kernel" {
			return "/depthwise_kernel"
		}
	}
	return name
}
