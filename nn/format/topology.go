package format

import (
	"math"
	"slices"
	"strings"

	"github.com/tabgrad/tabgrad/nn"
)

// The topology of tfjs is Keras 2's and in places tfjs's own; package nn's is Keras 3's. This file says
// all the differences.

// layersOf are the configs of a topology that nn wrote or readTopology made.
func layersOf(topology map[string]any) []map[string]any {
	config, _ := topology["config"].(map[string]any)
	list, _ := config["layers"].([]any)
	layers := make([]map[string]any, len(list))
	for i, l := range list {
		layers[i], _ = l.(map[string]any)
	}
	return layers
}

// batched is a sample's shape behind a batch of any size, as configs write it.
func batched(shape []int) []any {
	list := []any{nil}
	for _, d := range shape {
		list = append(list, d)
	}
	return list
}

// readTopology makes nn's topology of one of Keras 2, Keras 3 or tfjs.
func readTopology(where string, v any) (map[string]any, error) {
	top, ok := v.(map[string]any)
	if !ok {
		return nil, fail(ErrFormat, "%s is %s, wanted an object", where, show(v))
	}
	if inner, ok := top["model_config"]; ok {
		where += ".model_config"
		if top, ok = inner.(map[string]any); !ok {
			return nil, fail(ErrFormat, "%s is %s, wanted an object", where, show(inner))
		}
	}
	class, ok := top["class_name"].(string)
	if !ok {
		return nil, fail(ErrFormat, "%s: class_name is %s, wanted a string", where, show(top["class_name"]))
	}
	if class != "Sequential" {
		return nil, fail(ErrUnsupported, "%s: a model of class %s, wanted Sequential", where, clip(class))
	}
	name := "sequential"
	layers, ok := top["config"].([]any) // as Keras wrote it before 2.2.3
	if config, isMap := top["config"].(map[string]any); isMap {
		if s, ok := config["name"].(string); ok {
			name = s
		}
		layers, ok = config["layers"].([]any)
		if !ok {
			return nil, fail(ErrFormat, "%s: layers is %s, wanted a list", where, show(config["layers"]))
		}
	} else if !ok {
		return nil, fail(ErrFormat, "%s: config is %s, wanted an object", where, show(top["config"]))
	}
	if len(layers) == 0 {
		return nil, fail(ErrTopology, "%s: there are no layers", where)
	}
	out := make([]any, len(layers))
	for i, v := range layers {
		l, ok := v.(map[string]any)
		class, isString := l["class_name"].(string)
		config, isMap := l["config"].(map[string]any)
		if !ok || !isString || !isMap {
			return nil, fail(ErrFormat, "%s: layer %d is %s, wanted a class_name and a config", where, i, show(v))
		}
		who := class
		if name, ok := config["name"].(string); ok && name != "" {
			who = name
		}
		if len(who) > 80 {
			who = who[:80]
		}
		class, config, err := readLayer(who, class, config)
		if err != nil {
			return nil, err
		}
		out[i] = map[string]any{"class_name": class, "config": config}
	}
	return map[string]any{"class_name": "Sequential", "config": map[string]any{"name": name, "layers": out}}, nil
}

// readLayer makes nn's layer of one of tfjs's.
func readLayer(where, class string, from map[string]any) (string, map[string]any, error) {
	config := map[string]any{}
	for _, key := range sortedKeys(from) {
		v := from[key]
		if !withinInt32(v) && key != "seed" {
			return "", nil, fail(ErrTooLarge, "%s: %s is %s, wanted numbers of at most %d", where, clip(key), show(v), math.MaxInt32)
		}
		var err error
		switch {
		case strings.HasSuffix(key, "_initializer"):
			v, err = readInitializer(where+": "+key, v)
		case strings.HasSuffix(key, "_regularizer"):
			v = readRegularizer(v)
		case key == "activation":
			v = readActivation(v)
		}
		if err != nil {
			return "", nil, err
		}
		config[key] = v
	}
	class = readClass(class, config)
	if !known(nn.KindLayer, class) {
		return "", nil, fail(ErrUnsupported, "%s: a layer of class %s is unknown", where, clip(class))
	}
	return class, config, nil
}

// withinInt32 keeps arithmetic on a config's sizes away from where an int overflows.
func withinInt32(v any) bool {
	switch v := v.(type) {
	case float64:
		return math.Abs(v) <= math.MaxInt32
	case []any:
		return !slices.ContainsFunc(v, func(e any) bool { return !withinInt32(e) })
	}
	return true
}

// known reports whether nn has it, spelt as Keras does.
func known(kind nn.Kind, class string) bool {
	return slices.ContainsFunc(nn.Registry(), func(e *nn.Entry) bool {
		return e.Kind == kind && (e.Class == class || slices.Contains(e.Aliases, class))
	})
}

// readClass undoes what writeClass does, reads a layer that Keras 3 has no more as the one that it became, and leaves out
// what Keras 2 writes for the depthwise and separable convolutions although they have no use for it. It changes config.
func readClass(class string, config map[string]any) string {
	switch class {
	case "ThresholdedReLU":
		config["threshold"] = 1.0
		if theta, ok := config["theta"]; ok {
			config["threshold"] = theta
			delete(config, "theta")
		}
		return "ReLU"
	case "LeakyReLU":
		if config["activation"] != nil {
			delete(config, "alpha")
			return "Activation"
		}
	case "DepthwiseConv1D", "DepthwiseConv2D", "SeparableConv1D", "SeparableConv2D":
		for _, key := range []string{"kernel_initializer", "kernel_regularizer", "kernel_constraint", "groups"} {
			delete(config, key)
		}
	}
	return class
}

func readActivation(v any) any {
	if v == "gelu_new" || v == "geluNew" {
		return map[string]any{"class_name": "gelu", "config": map[string]any{"approximate": true}}
	}
	return v
}

// scalings are the initializers that tfjs writes as VarianceScaling.
var scalings = []struct {
	name, mode, distribution string
	scale                    float64
}{
	{"GlorotUniform", "fan_avg", "uniform", 1},
	{"GlorotNormal", "fan_avg", "normal", 1},
	{"HeUniform", "fan_in", "uniform", 2},
	{"HeNormal", "fan_in", "normal", 2},
	{"LecunUniform", "fan_in", "uniform", 1},
	{"LecunNormal", "fan_in", "normal", 1},
}

func readInitializer(where string, v any) (any, error) {
	o, ok := v.(map[string]any)
	class, _ := o["class_name"].(string)
	if !ok || class != "VarianceScaling" {
		return v, nil
	}
	config, _ := o["config"].(map[string]any)
	mode, _ := config["mode"].(string)
	switch mode { // tfjs's own words
	case "fanAvg":
		mode = "fan_avg"
	case "fanIn":
		mode = "fan_in"
	}
	distribution, _ := config["distribution"].(string)
	if distribution == "truncated_normal" {
		distribution = "normal"
	}
	for _, s := range scalings {
		if s.mode == mode && s.distribution == distribution && s.scale == config["scale"] {
			return map[string]any{"class_name": s.name, "config": map[string]any{"seed": config["seed"]}}, nil
		}
	}
	return nil, fail(ErrUnsupported, "%s: VarianceScaling with %s is not one of Glorot's, He's or LeCun's", where, show(config))
}

// readRegularizer gives the L1L2 that writeRegularizer made of an L1 or an L2 back.
func readRegularizer(v any) any {
	o, _ := v.(map[string]any)
	config, _ := o["config"].(map[string]any)
	if o["class_name"] != "L1L2" || len(config) != 2 {
		return v
	}
	switch l1, l2 := config["l1"], config["l2"]; {
	case l1 == 0.0 && l2 != 0.0:
		return map[string]any{"class_name": "L2", "config": map[string]any{"l2": l2}}
	case l2 == 0.0 && l1 != 0.0:
		return map[string]any{"class_name": "L1", "config": map[string]any{"l1": l1}}
	}
	return v
}

// writeTopology makes the topology that tfjs reads of nn's. What tfjs has no word for (leaky_relu as a
// Dense's activation, gelu's approximation, groups) stays as Keras 3 writes it: tabgrad and Keras read
// it, tfjs says what it does not know. Some arguments it passes over, and answers otherwise: ReLU's slope and
// threshold, a transposed convolution's dilation and output padding; and its bilinear UpSampling2D is not Keras's.
func writeTopology(topology map[string]any) (map[string]any, error) {
	layers := layersOf(topology)
	out := make([]any, len(layers))
	for i, l := range layers {
		class, _ := l["class_name"].(string)
		from, _ := l["config"].(map[string]any)
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
		case "Reshape": // tfjs does not compute a -1 where the batch's size is open
			if list, ok := config["target_shape"].([]any); ok && slices.ContainsFunc(list, func(v any) bool { return v == -1 || v == -1.0 }) {
				shape, err := outputOf(topology, i)
				if err != nil {
					return nil, err
				}
				config["target_shape"] = batched(shape)[1:]
			}
		case "Flatten":
			config["data_format"] = "channels_last"
		case "Activation", "LeakyReLU":
			class = writeClass(class, config)
		}
		if strings.HasSuffix(class, "2D") || strings.HasSuffix(class, "2DTranspose") {
			config["data_format"] = "channels_last"
		}
		if i == 0 {
			config["dtype"] = "float32"
		}
		out[i] = map[string]any{"class_name": class, "config": config}
	}
	config, _ := topology["config"].(map[string]any)
	return map[string]any{
		"class_name": "Sequential", "config": map[string]any{"name": config["name"], "layers": out},
		"keras_version": "2.15.0", "backend": "tabgrad",
	}, nil
}

// outputOf is the output of the model's layers up to the i-th.
func outputOf(topology map[string]any, i int) ([]int, error) {
	var head []any
	for _, l := range layersOf(topology)[:i+1] {
		head = append(head, l)
	}
	m, err := nn.SequentialFrom(map[string]any{"layers": head})
	if err == nil {
		_, err = m.Variables()
	}
	if err != nil {
		return nil, because(ErrTopology, "topology", err)
	}
	return m.OutputShape(), nil
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

// tfjsNames are the variables under the names that tfjs and Keras 2 have for them: the kernel of a depthwise convolution
// is its depthwise_kernel.
func tfjsNames(topology map[string]any, vars []nn.Weight) []nn.Weight {
	out := slices.Clone(vars)
	for _, l := range layersOf(topology) {
		class, _ := l["class_name"].(string)
		config, _ := l["config"].(map[string]any)
		if class != "DepthwiseConv1D" && class != "DepthwiseConv2D" {
			continue
		}
		name, _ := config["name"].(string)
		for i := range out {
			if out[i].Name == name+"/kernel" {
				out[i].Name = name + "/depthwise_kernel"
			}
		}
	}
	return out
}
