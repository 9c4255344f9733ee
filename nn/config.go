package nn

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"sort"
	"strconv"
	"strings"
)

// Config is x as Keras writes it: {"class_name": "Dense", "config": {"units": 10, ...}}, with every
// argument. x is a layer, optimizer, loss, metric, initializer, regularizer, constraint or schedule of the
// registry; of an activation function, or a metric that its name alone makes, the name. Values are string, bool, int,
// float64, nil, []any and map[string]any. It fails with ErrConfig for a type that is not in the registry.
func Config(x any) (any, error) {
	if m, ok := x.(*Model); ok {
		return m.Config()
	}
	return configOf(x)
}

// configOf is Config for a caller that holds the models in x.
func configOf(x any) (any, error) {
	switch x := x.(type) {
	case *Model:
		return x.config(x.name)
	case *Instance:
		return x.config()
	case ActivationFunc:
		return x.config(), nil
	case namedMetric:
		return x.config()
	case lossMetric:
		config, err := configOf(x.Loss)
		if err == nil {
			config.(map[string]any)["class_name"] = x.entry().Class
		}
		return config, err
	}
	v := reflect.ValueOf(complete(x))
	if !v.IsValid() || byType[v.Type()] == nil {
		return nil, fail(ErrConfig, "%T has no config: it is not in the registry", x)
	}
	e := byType[v.Type()]
	config := map[string]any{}
	for _, a := range e.Args {
		f := v.FieldByIndex(a.field)
		if a.Name == "name" && f.IsZero() {
			continue
		}
		if a.or != nil && !v.FieldByIndex(a.or).IsNil() {
			f = v.FieldByIndex(a.or)
		}
		var err error
		switch layers, isList := f.Interface().([]Layer); {
		case isList:
			list := make([]any, len(layers))
			for i, l := range layers {
				if list[i], err = configOf(l); err != nil {
					return nil, err
				}
			}
			config[a.Name] = list
		case f.Kind() == reflect.Interface && !f.IsNil():
			if config[a.Name], err = configOf(f.Interface()); err != nil {
				return nil, err
			}
		default:
			config[a.Name] = a.encode(f)
		}
	}
	return map[string]any{"class_name": e.Class, "config": config}, nil
}

// encode is a field's value as configs have it.
func (a *Arg) encode(f reflect.Value) any {
	if x, given, ok := sizedIn(f); ok {
		if !given {
			return nil
		}
		return x.config()
	}
	switch x := f.Interface().(type) {
	case nil:
		return nil
	case bool:
		return x != a.invert
	case int:
		if x == 0 && a.Nullable {
			return nil
		}
		return x
	case float64:
		if x == 0 && a.Nullable {
			return nil
		}
		return x + 0 // an explicit zero without its sign
	case uint64:
		if x == 0 {
			return nil
		}
		return int(x)
	case string:
		if x == "" || x == a.null {
			return nil
		}
		return x
	case *string:
		if x == nil {
			return nil
		}
		return *x
	case []string:
		return listOf(x)
	case *int:
		if x == nil {
			return nil
		}
		return *x
	case *float64:
		if x == nil {
			return nil
		}
		return *x
	case Frequency:
		if x == 0 {
			return "epoch"
		}
		return int(x)
	case []float64:
		if len(x) == 1 {
			return x[0]
		}
		return listOf(x)
	case []int:
		if x == nil && !a.Required {
			return nil
		}
		if len(x) == 1 && a.Type == "axes" {
			return x[0]
		}
		if x == nil {
			return []any{}
		}
		return listOf(x)
	case dims:
		return x.config()
	case [][2]int:
		list := make([]any, len(x))
		for i, pair := range x {
			list[i] = []any{pair[0], pair[1]}
		}
		return list
	case *Recording:
		return x.config()
	case ActivationFunc:
		return x.config()
	case Padding:
		return x.String()
	}
	if f.Kind() != reflect.Interface { // a function, which no config holds
		return nil
	}
	if e := byType[f.Elem().Type()]; e != nil { // the default of an interface
		return e.Name
	}
	return nil
}

// listOf is a list as configs have it; nil for none.
func listOf[T any](x []T) any {
	if x == nil {
		return nil
	}
	list := make([]any, len(x))
	for i, v := range x {
		list[i] = v
	}
	return list
}

// The functions below read a name ("relu", "glorotUniform") or a config ({"class_name", "config"}, or
// "className") of one kind. A value of the kind itself is returned completed. Arguments may be written
// as Keras (kernel_size) or tfjs (kernelSize) does. Errors wrap ErrConfig and say which argument of
// what is wrong, what came and what is wanted.

// LayerFrom reads a layer.
func LayerFrom(config any) (Layer, error) {
	l, _, err := layerFrom(config)
	return l, err
}

// OptimizerFrom reads an optimizer.
func OptimizerFrom(config any) (Optimizer, error) { return from[Optimizer](KindOptimizer, config) }

// LossFrom reads a loss.
func LossFrom(config any) (Loss, error) { return from[Loss](KindLoss, config) }

// MetricFrom reads a metric: one of Keras's, or a loss, whose mean it is then. One that is given by a name, or
// whose config has a name, goes by that name in logs, as in Keras.
func MetricFrom(config any) (Metric, error) {
	if m, ok := config.(Metric); ok {
		return completeMetric("metric", m)
	}
	name, kind := classIn(config), KindMetric
	if lookup(KindMetric, name) == nil && lookup(KindLoss, name) != nil {
		kind = KindLoss
	}
	x, _, err := decode(kind, string(kind), config)
	if err != nil {
		return nil, err
	}
	m, ok := x.(Metric)
	if !ok {
		m = MeanOf(x.(Loss))
	}
	if c, ok := config.(map[string]any); ok {
		args, _ := c["config"].(map[string]any)
		name, _ = args["name"].(string)
	}
	if name != "" && name != m.Measure().Name {
		m = Named(name, m)
	}
	return m, nil
}

// config is the name, where that makes the metric, else its config with the name.
func (m namedMetric) config() (any, error) {
	if plain, err := MetricFrom(m.name); err == nil && reflect.DeepEqual(plain, Metric(m)) {
		return m.name, nil
	}
	config, err := Config(m.Metric)
	if c, ok := config.(map[string]any); ok {
		c["config"].(map[string]any)["name"] = m.name
	}
	return config, err
}

// InitializerFrom reads an initializer.
func InitializerFrom(config any) (Initializer, error) {
	return from[Initializer](KindInitializer, config)
}

// RegularizerFrom reads a regularizer.
func RegularizerFrom(config any) (Regularizer, error) {
	return from[Regularizer](KindRegularizer, config)
}

// ConstraintFrom reads a constraint.
func ConstraintFrom(config any) (Constraint, error) {
	return from[Constraint](KindConstraint, config)
}

// ScheduleFrom reads a learning rate's schedule.
func ScheduleFrom(config any) (Schedule, error) { return from[Schedule](KindSchedule, config) }

// ActivationFrom reads an activation function.
func ActivationFrom(config any) (ActivationFunc, error) {
	return from[ActivationFunc](KindActivation, config)
}

func from[T any](kind Kind, config any) (T, error) {
	var none T
	if x, ok := config.(T); ok {
		x := complete(x)
		if err := validate(string(kind), x); err != nil {
			return none, err
		}
		return x.(T), nil
	}
	x, _, err := decode(kind, string(kind), config)
	if err != nil {
		return none, err
	}
	return x.(T), nil
}

// layerFrom reads a layer and the input whose shape a config may give with it, nil for none.
func layerFrom(config any) (Layer, *InputLayer, error) {
	if l, ok := config.(Layer); ok {
		l, err := from[Layer](KindLayer, l)
		return l, nil, err
	}
	x, rest, err := decode(KindLayer, "layer", config)
	if err != nil {
		return nil, nil, err
	}
	l := x.(Layer)
	if v := rest["weights"]; v != nil {
		if l, err = withWeights(l, v); err != nil {
			return nil, nil, err
		}
	}
	input, isInput := l.(InputLayer)
	for _, key := range []string{"input_shape", "batch_input_shape", "batch_shape"} {
		v, ok := rest[folded(key)]
		if !ok || v == nil {
			continue
		}
		hasBatch := strings.HasPrefix(key, "batch")
		shape, ok := ints(v, hasBatch)
		if !ok {
			return nil, nil, fail(ErrConfig, "%s: %s is %s, wanted a list of whole numbers", layerName(l), key, show(v))
		}
		if input.Shape = shape; hasBatch {
			input.Batch, _ = whole(reflect.ValueOf(v).Index(0).Interface()) // 0 for null
		}
		if !isInput {
			return l, &input, nil
		}
	}
	if isInput {
		return input, nil, nil
	}
	return l, nil, nil
}

// layerName is how messages call a layer that is not in a model yet: its own name or its class's.
func layerName(l Layer) string {
	if name := nameOf(l); name != "" {
		return name
	}
	if e := byType[reflect.TypeOf(l)]; e != nil {
		return e.Name
	}
	return fmt.Sprintf("%T", l)
}

// ignored are arguments of Keras's own configs that say what is the case here anyhow: any of the values
// listed is accepted, any other is an error.
var ignored = map[string][]any{
	"dtype": {nil, "float32"}, "dataformat": {nil, "channels_last", "channelsLast"}, "boundingboxformat": {nil},
	"oovmethod": {nil, "floormod"}, "salt": {nil}, "vocabularydtype": {nil, "int64"}, "vocabularysize": nil,
	"noiseshape": {nil}, "batchsize": {nil},
	"renorm": {nil, false}, "renormclipping": {nil}, "renormmomentum": nil, "synchronized": {nil, false}, "rmsscaling": {nil, false},
	"inputlength": nil, "implementation": {nil, 1.0, 2.0}, "timemajor": {nil, false}, "usecudnn": nil, "flashattention": nil,
	"sparse": {nil, false}, "ragged": {nil, false}, "invert": {nil, false}, "encoding": {nil, "utf-8"}, "optional": {nil, false},
	"lorarank": {nil}, "quantizationconfig": {nil}, "loraalpha": {nil},
	"doublecheckpoint": nil, // a backup is replaced in one piece
	"jitcompile":       nil, "inputaxes": {nil}, "outputaxes": {nil}, "reduction": {nil, "sum_over_batch_size"}, "axis": {nil, -1.0},
}

// classIn is the name in a config, or the config that is one.
func classIn(config any) string {
	name := ""
	switch c := config.(type) {
	case string:
		name = c
	case map[string]any:
		for _, key := range []string{"class_name", "className"} {
			if s, ok := c[key].(string); ok {
				name = s
			}
		}
	}
	return name
}

// decode reads a config. rest are the input shapes that layers may carry, by folded key.
func decode(kind Kind, where string, config any) (x any, rest map[string]any, err error) {
	name, args := classIn(config), map[string]any(nil)
	switch c := config.(type) {
	case string:
	case map[string]any:
		switch inner := c["config"].(type) {
		case map[string]any:
			args = inner
		case string: // Keras's {"class_name": "function", "config": "relu"}
			if folded(name) == "function" {
				name = inner
			}
		}
		if name == "" {
			return nil, nil, fail(ErrConfig, "%s: config is %s, wanted a class_name and a config", where, show(config))
		}
	default:
		return nil, nil, fail(ErrConfig, "%s is %s, wanted a name or a config", where, show(config))
	}
	if kind == KindLayer && modelClasses[folded(name)] != "" {
		whole, ok := config.(map[string]any)
		if !ok {
			return nil, nil, fail(ErrConfig, "%s is %s, wanted the model's config", where, show(config))
		}
		m, err := ModelFrom(whole)
		return m, nil, err
	}
	e := lookup(kind, name)
	if e == nil {
		return nil, nil, fail(ErrConfig, "%s %q is unknown, wanted one of %s", where, name, strings.Join(namesOf(kind), ", "))
	}
	if kind == KindActivation {
		x, err := decodeActivation(where, e, args)
		return x, nil, err
	}
	if where == string(kind) {
		where = e.Name
		if own, ok := args["name"].(string); ok && own != "" && kind == KindLayer {
			where = own
		}
	}
	v := reflect.New(reflect.TypeOf(e.value)).Elem()
	rest = map[string]any{}
	for _, key := range sortedKeys(args) {
		if err := e.set(where, key, args[key], v, rest); err != nil {
			return nil, nil, err
		}
	}
	x = complete(v.Interface())
	if _, isInput := x.(InputLayer); isInput && len(rest) > 0 {
		return x, rest, nil
	}
	if err := e.checkRequired(where, v, args); err != nil {
		return nil, nil, err
	}
	return x, rest, validate(where, x)
}

// sortedKeys are a config's keys in order, so that of several mistakes the same one is reported.
func sortedKeys(config map[string]any) []string {
	keys := make([]string, 0, len(config))
	for key := range config {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	return keys
}

func (e *Entry) checkRequired(where string, v reflect.Value, args map[string]any) error {
	for _, a := range e.Args {
		if !a.Required {
			continue
		}
		given := false
		for key, val := range args {
			given = given || foldsTo(key, folded(a.Name)) && val != nil
		}
		if !given {
			return fail(ErrConfig, "%s: %s is missing", where, a.Name)
		}
	}
	return nil
}

// set decodes one argument into its field of v.
func (e *Entry) set(where, key string, val any, v reflect.Value, rest map[string]any) error {
	f := folded(key)
	for i := range e.Args {
		if a := &e.Args[i]; foldsTo(a.Name, f) || a.also != "" && foldsTo(a.also, f) {
			f := v.FieldByIndex(a.field)
			if val == nil && !a.Required {
				return a.setNull(where, f)
			}
			want, err := "", error(nil)
			if _, isNumber := number(val); a.or != nil && !isNumber {
				want, err = a.decodeOr(where, val, v.FieldByIndex(a.or))
			} else {
				want, err = a.decode(where, val, f)
			}
			if err == nil && want != "" {
				err = fail(ErrConfig, "%s: %s is %s, wanted %s", where, a.Name, show(val), want)
			}
			return err
		}
	}
	if f == "name" { // optimizers, losses and metrics have names in Keras
		return nil
	}
	if e.Kind == KindLayer && (f == "weights" || f == "inputshape" || f == "batchinputshape" || f == "batchshape") {
		rest[f] = val
		return nil
	}
	if e.Kind == KindLayer && f == "trainable" {
		return nil // there is nothing to train
	}
	if allowed, ok := ignored[f]; ok {
		if m, isMap := val.(map[string]any); isMap && f == "dtype" { // Keras 3's DTypePolicy
			if inner, ok := m["config"].(map[string]any); ok {
				val = inner["name"]
			}
		}
		if n, isNumber := number(val); isNumber {
			val = n
		}
		if allowed == nil {
			return nil
		}
		for _, a := range allowed {
			if a == val {
				return nil
			}
		}
		return fail(ErrConfig, "%s: %s is %s, and only %s is supported", where, key, show(val), show(allowed[len(allowed)-1]))
	}
	var names []string
	for _, a := range e.Args {
		names = append(names, a.Name)
	}
	if len(names) == 0 {
		return fail(ErrConfig, "%s: unknown argument %q, it has none", where, key)
	}
	return fail(ErrConfig, "%s: unknown argument %q (%s), wanted one of %s", where, key, show(val), strings.Join(names, ", "))
}

// setNull puts what null stands for into the field: nothing, but where that is not the default.
func (a *Arg) setNull(where string, f reflect.Value) error {
	switch {
	case !a.Nullable || f.Kind() == reflect.Pointer:
	case f.Kind() == reflect.Slice:
		f.Set(reflect.MakeSlice(f.Type(), 0, 0))
	case f.Kind() == reflect.Float64:
		if a.def != "" {
			f.SetFloat(Zero)
		}
	case f.Kind() != reflect.Int: // whose 0 it is
		_, err := a.decode(where, a.null, f)
		return err
	}
	return nil
}

// decodeOr puts val into the field of what the argument may be instead of a number.
func (a *Arg) decodeOr(where string, val any, f reflect.Value) (want string, err error) {
	_, isConfig := val.(map[string]any)
	if t := reflect.TypeOf(val); !isConfig && (t == nil || !t.AssignableTo(f.Type())) {
		return "a number or the config of one of " + strings.Join(namesOf(a.Or), ", "), nil
	}
	return a.decode(where, val, f)
}

// decode puts val into the field. It returns what is wanted where val is of the wrong type.
func (a *Arg) decode(where string, val any, f reflect.Value) (want string, err error) {
	if kind, ok := kindOfField[f.Type()]; ok {
		if kind == KindActivation && val == nil {
			return "", nil
		}
		inner := where + ": " + a.Name
		if list, ok := val.([]any); ok && a.Type == "cell" {
			val = map[string]any{"class_name": "StackedRNNCells", "config": map[string]any{"cells": list}}
		}
		if s, ok := val.(string); ok && lookup(kind, s) == nil {
			return "one of " + strings.Join(namesOf(kind), ", "), nil
		}
		if t := reflect.TypeOf(val); t != nil && t.AssignableTo(f.Type()) {
			f.Set(reflect.ValueOf(val))
			return "", nil
		}
		x, _, err := decode(kind, inner, val)
		if err == nil {
			f.Set(reflect.ValueOf(x))
		}
		return "", err
	}
	if x, _, ok := sizedIn(f); ok {
		return a.decodeSized(val, f, x), nil
	}
	switch p := f.Addr().Interface().(type) {
	case *[]Layer:
		list, ok := val.([]any)
		if !ok {
			return "a list of layers", nil
		}
		*p = make([]Layer, len(list))
		for i, c := range list {
			if l, ok := c.(Layer); ok {
				(*p)[i] = l
				continue
			}
			l, _, err := decode(KindLayer, where+": "+a.Name, c)
			if err != nil {
				return "", err
			}
			(*p)[i] = l.(Layer)
		}
	case *bool:
		b, ok := val.(bool)
		if !ok {
			return "true or false", nil
		}
		*p = b != a.invert
	case *string:
		s, ok := val.(string)
		if !ok {
			return "a string", nil
		}
		if a.Allowed != nil {
			at := slices.IndexFunc(a.Allowed, func(ok string) bool { return foldsTo(ok, folded(s)) })
			if at < 0 {
				return a.wantString(), nil
			}
			s = a.Allowed[at]
		}
		*p = s
	case **string:
		s, ok := val.(string)
		if !ok {
			return "a string", nil
		}
		*p = &s
	case **int:
		n, ok := whole(val)
		if !ok {
			return a.wantInt(), nil
		}
		*p = &n
	case **float64:
		n, ok := number(val)
		if !ok {
			return "a number", nil
		}
		*p = &n
	case *[]string:
		list, ok := texts(val)
		if !ok {
			return "a list of strings", nil
		}
		*p = list
	case *Frequency:
		n, ok := whole(val)
		if val == "epoch" {
			n, ok = 0, true
		} else if ok = ok && n > 0; !ok {
			return "epoch or a number of batches, at least 1", nil
		}
		*p = Frequency(n)
	case *[]float64:
		list, ok := floats(val)
		if !ok {
			return "a number or a list of numbers", nil
		}
		*p = list
	case *int:
		if list, ok := val.([]any); ok && len(list) == 1 && a.Name == "axis" { // Keras 2's BatchNormalization
			val = list[0]
		}
		n, ok := whole(val)
		if !ok || n == 0 && (a.min > 0 || a.def != "") { // where 0 would mean the default
			return a.wantInt(), nil
		}
		*p = n
	case *uint64:
		n, ok := whole(val)
		if !ok {
			return "a whole number", nil
		}
		*p = uint64(n)
	case *float64:
		n, ok := number(val)
		if !ok {
			return "a number", nil
		}
		if n == 0 && !a.within(0) { // where 0 would mean None
			return a.wantRange(), nil
		}
		if *p = n; n == 0 {
			*p = Zero
		}
	case *[]int:
		if n, ok := whole(val); ok && a.Type == "axes" {
			val = []int{n}
		}
		list, ok := ints(val, false)
		if !ok && a.Type == "axes" {
			return "a whole number or a list of them", nil
		}
		if !ok {
			return "a list of whole numbers", nil
		}
		*p = list
	case *dims:
		var ok bool
		if *p, ok = dimsOf(val); !ok {
			return "a list of whole numbers and nulls", nil
		}
	case *[][2]int:
		list, ok := pairsOf(val)
		if !ok {
			return "a list of pairs of whole numbers", nil
		}
		*p = list
	case **Recording:
		if *p, err = RecordingFrom(val); err != nil {
			err = named(where, err)
		}
		return "", err
	case *Padding:
		s, _ := val.(string)
		for *p = Valid; !strings.EqualFold(s, p.String()); *p++ {
			if *p == Causal {
				return a.wantString(), nil
			}
		}
	default: // a function or a place, for callbacks
		t := reflect.TypeOf(val)
		if t == nil || !t.AssignableTo(f.Type()) {
			return "what no config can hold", nil
		}
		f.Set(reflect.ValueOf(val))
	}
	return "", nil
}

func (a *Arg) wantInt() string {
	want := "a whole number"
	if !math.IsInf(a.min, 0) {
		want += ", at least " + text(a.min)
	}
	if a.min <= 0 && a.def != "" {
		want += ", but not 0"
	}
	return want
}

func (a *Arg) wantString() string { return strings.Join(a.Allowed, " or ") }

// floats reads a number, or a list of them.
func floats(val any) ([]float64, bool) {
	if n, ok := number(val); ok {
		return []float64{n}, true
	}
	v := reflect.ValueOf(val)
	if v.Kind() != reflect.Slice && v.Kind() != reflect.Array {
		return nil, false
	}
	list := make([]float64, v.Len())
	for i := range list {
		n, ok := number(v.Index(i).Interface())
		if !ok {
			return nil, false
		}
		list[i] = n
	}
	return list, true
}

// texts reads a list of strings.
func texts(val any) ([]string, bool) {
	list, ok := val.([]string)
	if ok {
		return list, true
	}
	of, ok := val.([]any)
	for _, v := range of {
		s, isString := v.(string)
		list, ok = append(list, s), ok && isString
	}
	return list, ok
}

// number reads any of Go's numbers.
func number(val any) (float64, bool) {
	v := reflect.ValueOf(val)
	switch {
	case !v.IsValid():
		return 0, false
	case v.CanInt():
		return float64(v.Int()), true
	case v.CanUint():
		return float64(v.Uint()), true
	case v.CanFloat():
		return v.Float(), true
	}
	return 0, false
}

func whole(val any) (int, bool) {
	n, ok := number(val)
	if !ok || n != math.Trunc(n) || math.Abs(n) > 1<<53 {
		return 0, false
	}
	return int(n), true
}

// ints reads a list of whole numbers; with batch the first, the batch's size or nil, is left out.
func ints(val any, batch bool) ([]int, bool) {
	v := reflect.ValueOf(val)
	if v.Kind() != reflect.Slice && v.Kind() != reflect.Array || batch && v.Len() == 0 {
		return nil, false
	}
	list := []int{}
	for i := range v.Len() {
		if i == 0 && batch {
			continue
		}
		n, ok := whole(v.Index(i).Interface())
		if !ok {
			return nil, false
		}
		list = append(list, n)
	}
	return list, true
}

// dimsOf reads a shape in which null is the batch's size.
func dimsOf(val any) (dims, bool) {
	v := reflect.ValueOf(val)
	if v.Kind() != reflect.Slice {
		return nil, false
	}
	list := dims{}
	for i := range v.Len() {
		n, ok := batchDim, true
		if e := v.Index(i).Interface(); e != nil {
			n, ok = whole(e)
		}
		if !ok || n < -1 && n != batchDim {
			return nil, false
		}
		list = append(list, n)
	}
	return list, true
}

// config is the shape with null for the batch's size.
func (s dims) config() any {
	list := make([]any, len(s))
	for i, d := range s {
		if d != batchDim {
			list[i] = d
		}
	}
	return list
}

func pairsOf(val any) ([][2]int, bool) {
	v := reflect.ValueOf(val)
	if v.Kind() != reflect.Slice {
		return nil, false
	}
	list := [][2]int{}
	for i := range v.Len() {
		pair, ok := ints(v.Index(i).Interface(), false)
		if !ok || len(pair) != 2 {
			return nil, false
		}
		list = append(list, [2]int{pair[0], pair[1]})
	}
	return list, true
}

// show is a value in a message.
func show(val any) string {
	switch x := val.(type) {
	case nil:
		return "null"
	case string:
		return strconv.Quote(x)
	}
	if v := reflect.ValueOf(val); v.Kind() == reflect.Slice {
		parts := make([]string, v.Len())
		for i := range parts {
			parts[i] = show(v.Index(i).Interface())
		}
		return "[" + strings.Join(parts, ", ") + "]"
	}
	if n, ok := number(val); ok {
		return text(n)
	}
	s := fmt.Sprint(val)
	if len(s) > 80 {
		s = s[:80] + "…"
	}
	return s
}
