package format

import (
	"math"
	"slices"
	"strings"

	"github.com/tabgrad/tabgrad/nn"
)

// The topology of tfjs is Keras 2's and in places tfjs's own; package nn's is Keras 3's. This file says
// all the differences.

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
	if !isModel(class) {
		return nil, fail(ErrUnsupported, "%s: a model of class %s, wanted Sequential or Functional", where, clip(class))
	}
	return readModel(where, class, top["config"])
}

// isModel reports whether it is the class of a model. tfjs and Keras 2 call a functional one Model, too.
func isModel(class string) bool {
	return class == "Sequential" || class == "Functional" || class == "Model"
}

// readModel reads a model's config, and those of the models inside it.
func readModel(where, class string, v any) (map[string]any, error) {
	out := map[string]any{"name": strings.ToLower(class)}
	layers, ok := v.([]any) // a Sequential as Keras wrote it before 2.2.3
	if config, isMap := v.(map[string]any); isMap {
		for _, key := range [...]string{"name", "trainable", "input_layers", "output_layers"} {
			if config[key] != nil {
				out[key] = config[key]
			}
		}
		if own, ok := config[ownName].(string); ok {
			out["name"] = own
		}
		layers, ok = config["layers"].([]any)
		if !ok {
			return nil, fail(ErrFormat, "%s: layers is %s, wanted a list", where, show(config["layers"]))
		}
	} else if !ok {
		return nil, fail(ErrFormat, "%s: config is %s, wanted an object", where, show(v))
	}
	if len(layers) == 0 {
		return nil, fail(ErrTopology, "%s: there are no layers", where)
	}
	list := make([]any, len(layers))
	for i, v := range layers {
		l, ok := v.(map[string]any)
		class, isString := l["class_name"].(string)
		if !ok || !isString || l["config"] == nil {
			return nil, fail(ErrFormat, "%s: layer %d is %s, wanted a class_name and a config", where, i, show(v))
		}
		entry, err := readEntry(where, i, class, l)
		if err != nil {
			return nil, err
		}
		for _, key := range [...]string{"name", "inbound_nodes"} { // a functional model's
			if l[key] != nil {
				entry[key] = l[key]
			}
		}
		list[i] = entry
	}
	out["layers"] = list
	if class == "Model" {
		class = "Functional"
	}
	return map[string]any{"class_name": class, "config": out}, nil
}

func readEntry(where string, i int, class string, l map[string]any) (map[string]any, error) {
	config, isMap := l["config"].(map[string]any)
	who := class
	if name, ok := config["name"].(string); ok && name != "" {
		who = name
	}
	if len(who) > 80 {
		who = who[:80]
	}
	if isModel(class) {
		return readModel(who, class, l["config"])
	}
	if !isMap {
		return nil, fail(ErrFormat, "%s: layer %d is %s, wanted a class_name and a config", where, i, show(l))
	}
	class, config, err := readLayer(who, class, config)
	if own, ok := config[ownName].(string); ok {
		config["name"] = own
		delete(config, ownName)
	}
	return map[string]any{"class_name": class, "config": config}, err
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
