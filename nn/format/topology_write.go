package format

import (
	"slices"
	"strings"

	"github.com/tabgrad/tabgrad/nn"
)

// writeTopology makes the topology that tfjs reads of nn's, which is m's. What tfjs has no word for (leaky_relu as a
// Dense's activation, gelu's approximation, groups, custom layers) stays as Keras 3 and nn write it: tabgrad reads
// it, tfjs says what it does not know. Some arguments it passes over, and answers otherwise: ReLU's slope and
// threshold, a transposed convolution's dilation and output padding; and its bilinear UpSampling2D is not Keras's.
func writeTopology(topology map[string]any, m *nn.Model) map[string]any {
	out := writeModel(topology, m, "", flatLayers(m))
	out["keras_version"], out["backend"] = "2.15.0", "tabgrad"
	return out
}

// writeModel writes a model, and those inside it. path is where it is, with a slash behind it; flat are the layers' names in the
// file, by their paths.
func writeModel(topology map[string]any, m *nn.Model, path string, flat map[string]flatLayer) map[string]any {
	from, _ := topology["config"].(map[string]any)
	entries, _ := from["layers"].([]any)
	isChain := topology["class_name"] == "Sequential"
	instances := m.Layers()
	if isChain { // the input may be one that is not written down
		instances = instances[len(instances)-len(entries):]
	}
	renamed := renaming{map[string]string{}, map[string]bool{}}
	layers := make([]any, len(entries))
	for i, v := range entries {
		entry, _ := v.(map[string]any)
		var of *nn.Instance
		if isChain {
			of = instances[i]
		} else {
			at := slices.IndexFunc(instances, func(i *nn.Instance) bool { return i.Name() == entry["name"] })
			if at < 0 { // it leads nowhere
				continue
			}
			of = instances[at]
		}
		var written map[string]any
		if model, ok := of.Layer().(*nn.Model); ok {
			written = writeModel(entry, model, path+of.Name()+"/", flat)
			renamed.models[of.Name()] = true
		} else {
			written = writeLayer(entry, of)
		}
		config := written["config"].(map[string]any)
		if name := flat[path+of.Name()].name; name != of.Name() {
			config["name"], config[ownName] = name, of.Name()
			renamed.names[of.Name()] = name
		}
		if isChain && i == 0 {
			config["dtype"] = "float32"
			if _, ok := config["batch_input_shape"]; !ok && written["class_name"] != "InputLayer" {
				config["batch_input_shape"] = batched(of.Input().Shape())
			}
		}
		for _, key := range [...]string{"name", "inbound_nodes"} {
			if v, ok := entry[key]; ok {
				written[key] = v
			}
		}
		if !isChain {
			written["name"] = config["name"]
		}
		layers[i] = written
	}
	layers = slices.DeleteFunc(layers, func(v any) bool { return v == nil })
	config := map[string]any{"name": from["name"], "layers": layers}
	for _, key := range [...]string{"trainable", "input_layers", "output_layers"} {
		if v, ok := from[key]; ok {
			config[key] = v
		}
	}
	if !isChain {
		for _, l := range layers {
			l := l.(map[string]any)
			l["inbound_nodes"] = renamed.tensors(l["inbound_nodes"])
		}
		for _, key := range [...]string{"input_layers", "output_layers"} {
			config[key] = renamed.tensors(config[key])
		}
	}
	return map[string]any{"class_name": topology["class_name"], "config": config}
}

// A renaming says what layers of one model are called in the file where that is another name, and which are models: their
// nodes count from 1, as tfjs and Keras 2 have it, since making a model is its node 0.
type renaming struct {
	names  map[string]string
	models map[string]bool
}

// tensors are lists of tensors [layer, node, result, ...], however deep.
func (r renaming) tensors(v any) any {
	list, ok := v.([]any)
	if !ok {
		return v
	}
	out := make([]any, len(list))
	for i, one := range list {
		out[i] = r.tensors(one)
	}
	if len(list) < 3 {
		return out
	}
	name, ok := list[0].(string)
	if node, isInt := list[1].(int); ok && isInt && r.models[name] {
		out[1] = node + 1
	}
	if other, ok := r.names[name]; ok {
		out[0] = other
	}
	return out
}

func writeLayer(entry map[string]any, of *nn.Instance) map[string]any {
	class, _ := entry["class_name"].(string)
	from, _ := entry["config"].(map[string]any)
	config := map[string]any{}
	for key, v := range from {
		switch {
		case strings.HasSuffix(key, "_initializer"):
			v = writeInitializer(v)
		case strings.HasSuffix(key, "_regularizer"):
			v = writeRegularizer(v)
		case key == "groups" && (v == 1 || v == 1.0) && class != "GroupNormalization":
			continue
		}
		config[key] = v
	}
	switch class {
	case "InputLayer":
		if shape, ok := config["shape"]; ok {
			delete(config, "shape")
			list, _ := shape.([]any)
			config["batch_input_shape"] = append([]any{nil}, list...)
		}
		config["sparse"] = false
		config["dtype"] = "float32"
	case "Reshape": // tfjs does not compute a -1 where the batch's size is open
		if list, ok := config["target_shape"].([]any); ok && slices.ContainsFunc(list, func(v any) bool { return v == -1 || v == -1.0 }) {
			config["target_shape"] = batched(of.Output().Shape())[1:]
		}
	case "Flatten":
		config["data_format"] = "channels_last"
	case "Activation", "LeakyReLU":
		class = writeClass(class, config)
	}
	if strings.HasSuffix(class, "2D") || strings.HasSuffix(class, "2DTranspose") {
		config["data_format"] = "channels_last"
	}
	return map[string]any{"class_name": class, "config": config}
}

func writeInitializer(v any) any {
	o, _ := v.(map[string]any)
	if class, _ := o["class_name"].(string); strings.HasPrefix(class, "Lecun") {
		return map[string]any{"class_name": "LeC" + class[3:], "config": o["config"]}
	}
	return v
}

// writeRegularizer writes an L1 or L2 as L1L2, tfjs's only one.
func writeRegularizer(v any) any {
	o, _ := v.(map[string]any)
	config, _ := o["config"].(map[string]any)
	switch o["class_name"] {
	case "L1":
		return map[string]any{"class_name": "L1L2", "config": map[string]any{"l1": config["l1"], "l2": 0.0}}
	case "L2":
		return map[string]any{"class_name": "L1L2", "config": map[string]any{"l1": 0.0, "l2": config["l2"]}}
	}
	return v
}

// writeClass writes a LeakyReLU layer's slope under tfjs's name, and an Activation layer of leaky_relu, which tfjs
// has not, as that layer, its activation beside it. It changes config.
func writeClass(class string, config map[string]any) string {
	if class == "LeakyReLU" {
		config["alpha"] = config["negative_slope"]
		delete(config, "negative_slope")
		return class
	}
	slope := any(0.2)
	switch v := config["activation"].(type) {
	case string:
		if v != "leaky_relu" {
			return class
		}
	case map[string]any:
		inner, _ := v["config"].(map[string]any)
		if v["class_name"] != "leaky_relu" {
			return class
		}
		if s, ok := inner["negative_slope"]; ok {
			slope = s
		}
	}
	config["alpha"] = slope
	return "LeakyReLU"
}
