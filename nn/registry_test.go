package nn_test

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/tabgrad/tabgrad/nn"
)

// kindOfMethods says which methods make a type what.
var kindOfMethods = map[nn.Kind][]string{
	nn.KindLayer:       {"Build", "Lower"},
	nn.KindOptimizer:   {"Settings", "Method"},
	nn.KindLoss:        {"Target", "Each"},
	nn.KindMetric:      {"Measure"},
	nn.KindInitializer: {"Init"},
	nn.KindRegularizer: {"Penalty"},
	nn.KindConstraint:  {"Project"},
	nn.KindCallback:    {"begin"},
	nn.KindSchedule:    {"At"},
}

// names lists what there is of a kind.
func names(kind nn.Kind) string {
	var list []string
	for _, e := range nn.Registry() {
		if e.Kind == kind && !e.Recorded {
			list = append(list, e.Name)
		}
	}
	return strings.Join(list, ", ")
}

// Every exported type of the package that is a layer, optimizer, loss, metric, initializer or regularizer,
// and every activation function, stands in the registry under its name.
func TestRegistryIsComplete(t *testing.T) {
	methods := map[string]map[string]bool{}
	var activations []string
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !strings.HasSuffix(f.Name(), ".go") || strings.HasSuffix(f.Name(), "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), f.Name(), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Recv == nil {
					continue
				}
				if id, ok := d.Recv.List[0].Type.(*ast.Ident); ok && id.IsExported() {
					if methods[id.Name] == nil {
						methods[id.Name] = map[string]bool{}
					}
					methods[id.Name][d.Name.Name] = true
				}
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					if v, ok := spec.(*ast.ValueSpec); ok && len(v.Values) == 1 {
						if lit, ok := v.Values[0].(*ast.CompositeLit); ok {
							if id, ok := lit.Type.(*ast.Ident); ok && id.Name == "ActivationFunc" {
								activations = append(activations, v.Names[0].Name)
							}
						}
					}
				}
			}
		}
	}
	have := map[nn.Kind]map[string]bool{}
	for _, e := range nn.Registry() {
		if have[e.Kind] == nil {
			have[e.Kind] = map[string]bool{}
		}
		name := e.Class
		if e.Kind == nn.KindActivation {
			name = strings.ReplaceAll(e.Name, "_", "")
		}
		have[e.Kind][name] = true
	}
	delete(methods, "Multi") // a part of layers, and none itself
	for _, set := range methods {
		if set["BuildMulti"] && set["LowerMulti"] {
			set["Build"], set["Lower"] = true, true
		}
	}
	found := map[nn.Kind]int{}
	for name, set := range methods {
		for kind, want := range kindOfMethods {
			is := true
			for _, m := range want {
				is = is && set[m]
			}
			if !is {
				continue
			}
			found[kind]++
			class := name
			for _, suffix := range []string{"Loss", "Metric", "Layer"} { // of types whose name a variable has
				if !have[kind][class] {
					class = strings.TrimSuffix(name, suffix)
				}
			}
			if !have[kind][class] {
				t.Errorf("the %s %s is not in the registry", kind, name)
			}
		}
	}
	for class := range have[nn.KindMetric] { // some are losses
		if methods[class+"Loss"]["Each"] && !methods[class]["Measure"] && !methods[class+"Metric"]["Measure"] || class == "LogCoshError" {
			delete(have[nn.KindMetric], class)
		}
	}
	for kind := range kindOfMethods {
		if found[kind] == 0 || found[kind] != len(have[kind]) {
			t.Errorf("%d types are %ss, the registry has %d", found[kind], kind, len(have[kind]))
		}
	}
	for _, name := range activations {
		if name != "GELUTanh" && !have[nn.KindActivation][strings.ToLower(name)] { // gelu with an argument
			t.Errorf("the activation %s is not in the registry", name)
		}
	}
	if len(activations) != 31 {
		t.Errorf("found the activations %v, wanted 31", activations)
	}
}

// fromAny reads a config of any kind.
func fromAny(kind nn.Kind, config any) (any, error) {
	switch kind {
	case nn.KindLayer:
		return nn.LayerFrom(config)
	case nn.KindOptimizer:
		return nn.OptimizerFrom(config)
	case nn.KindLoss:
		return nn.LossFrom(config)
	case nn.KindMetric:
		return nn.MetricFrom(config)
	case nn.KindInitializer:
		return nn.InitializerFrom(config)
	case nn.KindRegularizer:
		return nn.RegularizerFrom(config)
	case nn.KindConstraint:
		return nn.ConstraintFrom(config)
	case nn.KindText:
		return nn.TextFrom(config)
	case nn.KindCallback:
		return nn.CallbackFrom(config)
	case nn.KindSchedule:
		return nn.ScheduleFrom(config)
	}
	return nn.ActivationFrom(config)
}

// sample is a value for an argument that must be given.
func sample(a nn.Arg) any {
	switch a.Name {
	case "values":
		return []any{0.5, 0.25}
	case "target_class_ids":
		return []any{1}
	}
	return map[string]any{
		"int": 2, "length": 2, "size": 2, "float": 0.5, "floats": 1, "ints": []any{2}, "axes": 2, "activation": "relu",
		"layer": someLayer, "cell": someLayer, "layers": []any{someLayer}, "recording": doubled,
	}[a.Type]
}

var someLayer = map[string]any{"class_name": "Dense", "config": map[string]any{"units": 2}}

// doubled records 2x.
var doubled = map[string]any{"calls": []any{map[string]any{
	"inputs": []any{[]any{3}}, "ops": []any{[]any{"multiply", []any{"x0", 2}, map[string]any{}}}, "outputs": []any{"t0"},
}}}

// Every entry is documented, goes by all of its names, and reads back what it writes; its arguments'
// defaults are what a config without them gives.
func TestRegistryEntries(t *testing.T) {
	names := map[string]string{}
	for _, e := range nn.Registry() {
		if e.Doc == "" || e.Name == "" || e.JS == "" {
			t.Errorf("%s %s: a name or its sentence is missing", e.Kind, e.Name)
		}
		args := map[string]any{}
		for _, a := range e.Args {
			if a.Doc == "" || a.Name == "" || a.JS == "" || a.Type == "" {
				t.Errorf("%s: %s: a name, type or sentence is missing", e.Name, a.Name)
			}
			if a.Required {
				args[a.Name] = sample(a)
			} else {
				args[a.Name] = a.Default
			}
		}
		for _, name := range append([]string{e.Class, e.Name, e.JS}, e.Aliases...) {
			if name == "" {
				continue
			}
			key := string(e.Kind) + strings.ToLower(strings.ReplaceAll(name, "_", ""))
			if other := names[key]; other != "" && other != e.Name {
				t.Errorf("%s %q means both %s and %s", e.Kind, name, other, e.Name)
			}
			names[key] = e.Name
			x, err := fromAny(e.Kind, map[string]any{"class_name": name, "config": args})
			if err != nil {
				t.Errorf("%s %s: %v", e.Kind, name, err)
				continue
			}
			config, err := nn.Config(x)
			if err != nil {
				t.Errorf("%s %s: %v", e.Kind, name, err)
				continue
			}
			again, err := fromAny(e.Kind, config)
			if err != nil || !reflect.DeepEqual(x, again) {
				t.Errorf("%s %s: %#v reads back as %#v, %v", e.Kind, name, x, again, err)
			}
			for _, a := range e.Args {
				delete(args, a.Name)
				if a.Required {
					args[a.Name] = sample(a)
				}
			}
			bare, err := fromAny(e.Kind, map[string]any{"className": name, "config": args})
			if err != nil || !reflect.DeepEqual(x, bare) {
				t.Errorf("%s %s: without its defaults it is %#v, with them %#v (%v)", e.Kind, name, bare, x, err)
			}
		}
	}
}

// Configs in Keras's and tfjs's spelling, with what else Keras writes into them.
func TestConfigSpellings(t *testing.T) {
	want := nn.Conv2D{
		Filters: 8, Kernel: nn.Size2{3, 5}, Strides: nn.Size2{2, 2}, Padding: nn.Same, Dilation: nn.Size2{1, 1}, Groups: 1, Activation: nn.ReLU, NoBias: true,
		KernelInit: nn.HeNormal{}, BiasInit: nn.Zeros{}, KernelReg: nn.L2{Factor: 0.01}, Name: "c", Frozen: true,
	}
	for name, config := range map[string]map[string]any{
		"keras": {"class_name": "Conv2D", "config": map[string]any{
			"name": "c", "trainable": false, "dtype": map[string]any{"module": "keras", "class_name": "DTypePolicy", "config": map[string]any{"name": "float32"}, "registered_name": nil},
			"filters": 8, "kernel_size": []any{3, 5}, "strides": []any{2.0, 2.0}, "padding": "same", "data_format": "channels_last", "dilation_rate": []any{1, 1}, "groups": 1,
			"activation": "relu", "use_bias": false, "kernel_initializer": map[string]any{"module": "keras.initializers", "class_name": "HeNormal", "config": map[string]any{"seed": nil}},
			"bias_initializer": map[string]any{"class_name": "Zeros", "config": map[string]any{}}, "kernel_regularizer": "l2", "bias_regularizer": nil, "activity_regularizer": nil,
			"kernel_constraint": nil, "bias_constraint": nil}},
		"tfjs": {"className": "Conv2D", "config": map[string]any{
			"name": "c", "trainable": false, "filters": 8.0, "kernelSize": []any{3.0, 5.0}, "strides": 2.0, "padding": "same", "dataFormat": "channelsLast",
			"activation": "relu", "useBias": false, "kernelInitializer": "heNormal", "kernelRegularizer": map[string]any{"className": "L2", "config": map[string]any{"l2": 0.01}}}},
	} {
		got, err := nn.LayerFrom(config)
		if err != nil || !reflect.DeepEqual(got, nn.Layer(want)) {
			t.Errorf("%s: got %+v, %v, wanted %+v", name, got, err, want)
		}
	}
	for _, c := range []struct{ kind, name, class string }{
		{"loss", "categoricalCrossentropy", "CategoricalCrossentropy"}, {"loss", "categorical_crossentropy", "CategoricalCrossentropy"},
		{"loss", "mse", "MeanSquaredError"}, {"optimizer", "adam", "Adam"}, {"initializer", "glorotUniform", "GlorotUniform"},
		{"initializer", "glorot_uniform", "GlorotUniform"}, {"metric", "sparseCategoricalAccuracy", "SparseCategoricalAccuracy"},
	} {
		x, err := fromAny(nn.Kind(c.kind), c.name)
		if err != nil {
			t.Error(err)
			continue
		}
		if m, ok := x.(nn.Metric); ok && c.kind == "metric" {
			if m.Measure().Name != c.name {
				t.Errorf("the metric %s is called %s", c.name, m.Measure().Name)
			}
			continue
		}
		if config, _ := nn.Config(x); config.(map[string]any)["class_name"] != c.class {
			t.Errorf("%s %s is %v", c.kind, c.name, config)
		}
	}
	if o, err := nn.OptimizerFrom(map[string]any{"class_name": "Adam", "config": map[string]any{"beta1": 0}}); err != nil || o.(nn.Adam).Beta1 != 0 || o.(nn.Adam).Beta2 != 0.999 {
		t.Errorf("an explicit beta of 0 is read as %+v, %v", o, err)
	}
}

// A model's config makes the same model; the first layer may carry the input's shape.
func TestSequentialConfig(t *testing.T) {
	m := smallCNN()
	config, err := m.Config()
	if err != nil {
		t.Fatal(err)
	}
	again, err := nn.SequentialFrom(config)
	if err != nil {
		t.Fatal(err)
	}
	if again.Summary() != m.Summary() {
		t.Errorf("got\n%s\nwanted\n%s", again.Summary(), m.Summary())
	}
	if config2, err := again.Config(); err != nil || !reflect.DeepEqual(config, config2) {
		t.Errorf("configs differ: %v", err)
	}
	for _, key := range []string{"inputShape", "batch_input_shape"} {
		shape := []any{4.0}
		if key == "batch_input_shape" {
			shape = []any{nil, 4.0}
		}
		m, err := nn.SequentialFrom(map[string]any{"layers": []any{
			map[string]any{"class_name": "Dense", "config": map[string]any{"units": 3.0, key: shape}},
		}})
		if err != nil {
			t.Fatal(err)
		}
		if w := mustWeights(t, m); !reflect.DeepEqual(w[0].Shape, []int{4, 3}) || w[0].Name != "dense/kernel" {
			t.Errorf("%s: %s %v", key, w[0].Name, w[0].Shape)
		}
	}
}

// What configs are refused with.
func TestConfigErrors(t *testing.T) {
	dense := func(args map[string]any) any { return map[string]any{"class_name": "Dense", "config": args} }
	for _, c := range []struct {
		kind   nn.Kind
		config any
		text   string
	}{
		{nn.KindLayer, dense(map[string]any{"units": 3, "kernelSize": 2}), `dense: unknown argument "kernelSize" (2), wanted one of units, activation, use_bias, kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer, activity_regularizer, kernel_constraint, bias_constraint, name, trainable`},
		{nn.KindLayer, dense(map[string]any{"units": 2.5, "name": "head"}), "head: units is 2.5, wanted a whole number, at least 1"},
		{nn.KindLayer, dense(map[string]any{"units": "many"}), `dense: units is "many", wanted a whole number, at least 1`},
		{nn.KindLayer, dense(map[string]any{}), "dense: units is missing"},
		{nn.KindLayer, dense(map[string]any{"units": 0}), "dense: units is 0, wanted a whole number, at least 1"},
		{nn.KindLayer, dense(map[string]any{"units": -3}), "dense: units is -3, wanted at least 1"},
		{nn.KindLayer, dense(map[string]any{"units": 3, "use_bias": 1}), "dense: use_bias is 1, wanted true or false"},
		{nn.KindLayer, dense(map[string]any{"units": 3, "activation": "rellu"}), `dense: activation is "rellu", wanted one of linear, relu, relu6, leaky_relu, elu, celu, selu, gelu, silu, mish, sigmoid, log_sigmoid, hard_sigmoid, hard_silu, sparse_sigmoid, tanh, hard_tanh, tanh_shrink, hard_shrink, soft_shrink, threshold, softplus, squareplus, sparse_plus, softsign, exponential, softmax, log_softmax, sparsemax, glu`},
		{nn.KindLayer, dense(map[string]any{"units": 3, "dtype": "float16"}), `dense: dtype is "float16", and only "float32" is supported`},
		{nn.KindLayer, dense(map[string]any{"units": 3, "kernel_initializer": map[string]any{"class_name": "RandomNormal", "config": map[string]any{"stddev": "x"}}}),
			`dense: kernel_initializer: stddev is "x", wanted a number`},
		{nn.KindLayer, map[string]any{"class_name": "Conv2D", "config": map[string]any{"filters": 1, "kernel_size": []any{1, 2, 3}}}, "conv2d: kernel_size is [1, 2, 3], wanted a whole number or two, at least 1"},
		{nn.KindLayer, map[string]any{"class_name": "Conv2D", "config": map[string]any{"filters": 1, "kernel_size": 1, "padding": "full"}}, `conv2d: padding is "full", wanted valid or same`},
		{nn.KindLayer, map[string]any{"class_name": "Dens"}, `layer "Dens" is unknown, wanted one of ` + names(nn.KindLayer)},
		{nn.KindLayer, map[string]any{"units": 3}, "layer: config is map[units:3], wanted a class_name and a config"},
		{nn.KindLayer, 7, "layer is 7, wanted a name or a config"},
		{nn.KindLayer, "Sequential", `layer is "Sequential", wanted the model's config`},
		{nn.KindOptimizer, nil, "optimizer is null, wanted a name or a config"},
		{nn.KindOptimizer, map[string]any{"class_name": "SGD", "config": map[string]any{"momentum": 2}}, "sgd: momentum is 2, wanted 0 to 1"},
		{nn.KindLoss, "hing", `loss "hing" is unknown, wanted one of mean_squared_error, mean_absolute_error, mean_absolute_percentage_error, mean_squared_logarithmic_error, huber, log_cosh, cosine_similarity, binary_crossentropy, categorical_crossentropy, sparse_categorical_crossentropy, binary_focal_crossentropy, categorical_focal_crossentropy, categorical_generalized_cross_entropy, kl_divergence, poisson, hinge, squared_hinge, categorical_hinge, dice, tversky, circle, ctc`},
		{nn.KindRegularizer, map[string]any{"class_name": "L2", "config": map[string]any{"l2": -1}}, "l2: l2 is -1, wanted at least 0"},
	} {
		_, err := fromAny(c.kind, c.config)
		if !errors.Is(err, nn.ErrConfig) || err.Error() != c.text {
			t.Errorf("%v: got %v, wanted %s", c.config, err, c.text)
		}
	}
}
