package nn

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/tabgrad/tabgrad/nn/prog"
)

// A Recording is what a function does to tensors, written down as data: the operations of [Ops] that it called. A
// custom layer, loss or metric whose function runs elsewhere, in JavaScript, travels and is saved as one, and gets its
// gradients as everything does. As Keras's tracing, a recording holds for the shapes that the function was run for: Calls
// has one for each.
type Recording struct {
	Weights   []RecordedWeight
	Calls     []RecordedCall
	KeepsMask bool // a layer's output has its first input's mask
}

// A RecordedWeight is one of a layer's variables.
type RecordedWeight struct {
	Name       string
	Shape      []int
	Init       Initializer
	Reg        Regularizer // nil for none
	Constraint Constraint  // nil for none
	// State: it is not trained, but may be assigned.
	State bool
}

// A RecordedCall is one run of the function.
type RecordedCall struct {
	Inputs [][]int // one sample's shapes that it was run for
	// Training says that it was run for training (true) or for inference (false); nil: it makes no difference.
	Training *bool

	ops     []recordedOp
	outputs []reference
}

// A recordedOp is one operation, and how it was written.
type recordedOp struct {
	of   *Entry
	impl opImpl
	args map[string]any
	in   []reference
}

// A reference is an operand: an input x0, a weight w0, the result of an operation t0, or a number.
type reference struct {
	kind   byte
	index  int
	number float64
}

func (r reference) config() any {
	if r.kind == 0 {
		return r.number
	}
	return string(r.kind) + strconv.Itoa(r.index)
}

// RecordingFrom reads a recording's config:
//
//	{"weights": [{"name", "shape", "initializer", "regularizer", "constraint", "trainable"}], "keeps_mask",
//	 "calls": [{"inputs": [shape...], "training", "ops": [[name, [operand...], {arguments}]...], "outputs": [operand...]}]}
//
// An operand is "x0" (an input), "w0" (a weight), "t0" (the result of an operation before) or a number.
func RecordingFrom(config any) (*Recording, error) {
	if r, ok := config.(*Recording); ok && r != nil {
		return r, nil
	}
	o, ok := config.(map[string]any)
	if !ok {
		return nil, fail(ErrConfig, "recording is %s, wanted an object with weights and calls", show(config))
	}
	r := &Recording{}
	r.KeepsMask, _ = o["keeps_mask"].(bool)
	weights, ok := o["weights"].([]any)
	if !ok && o["weights"] != nil {
		return nil, fail(ErrConfig, "weights is %s, wanted a list", show(o["weights"]))
	}
	for k, c := range weights {
		w, err := recordedWeightFrom(c)
		if err != nil {
			return nil, fmt.Errorf("weight %d: %w", k, err)
		}
		if slices.ContainsFunc(r.Weights, func(other RecordedWeight) bool { return other.Name == w.Name }) {
			return nil, fail(ErrConfig, "weight %d: another is called %q too", k, w.Name)
		}
		r.Weights = append(r.Weights, w)
	}
	calls, ok := o["calls"].([]any)
	if !ok && o["calls"] != nil {
		return nil, fail(ErrConfig, "calls is %s, wanted a list", show(o["calls"]))
	}
	for _, c := range calls {
		if err := r.Add(c); err != nil {
			return nil, err
		}
	}
	return r, nil
}

func recordedWeightFrom(config any) (RecordedWeight, error) {
	o, _ := config.(map[string]any)
	w := RecordedWeight{Init: GlorotUniform{}, State: o["trainable"] == false}
	var ok, isName bool
	w.Name, isName = o["name"].(string)
	w.Shape, ok = ints(o["shape"], false)
	if !ok || !isName || w.Name == "" || slices.ContainsFunc(w.Shape, func(d int) bool { return d < 0 }) || !fits31(w.Shape) {
		return w, fail(ErrConfig, "%s, wanted a name and a shape of whole numbers", show(config))
	}
	var err error
	if v := o["initializer"]; v != nil {
		w.Init, err = InitializerFrom(v)
	}
	if v := o["regularizer"]; v != nil && err == nil {
		w.Reg, err = RegularizerFrom(v)
	}
	if v := o["constraint"]; v != nil && err == nil {
		w.Constraint, err = ConstraintFrom(v)
	}
	if err != nil {
		return w, named(w.Name, err)
	}
	return w, nil
}

// Add reads one more of the calls, which RecordingFrom describes.
func (r *Recording) Add(config any) error {
	o, _ := config.(map[string]any)
	call := RecordedCall{}
	inputs, ok1 := o["inputs"].([]any)
	list, ok2 := o["ops"].([]any)
	outputs, ok3 := o["outputs"].([]any)
	if !ok1 || !ok2 || !ok3 || len(outputs) == 0 {
		return fail(ErrConfig, "a call is %s, wanted inputs, ops and outputs", show(config))
	}
	for _, v := range inputs {
		shape, ok := ints(v, false)
		if !ok || slices.ContainsFunc(shape, func(d int) bool { return d < 0 }) {
			return fail(ErrConfig, "an input's shape is %s, wanted a list of whole numbers", show(v))
		}
		call.Inputs = append(call.Inputs, shape)
	}
	if training, ok := o["training"].(bool); ok {
		call.Training = &training
	}
	for k, c := range list {
		op, err := r.op(&call, c)
		if err != nil {
			return fmt.Errorf("operation %d: %w", k, err)
		}
		call.ops = append(call.ops, op)
	}
	for _, v := range outputs {
		ref, err := r.reference(&call, v)
		if err == nil && ref.kind == 0 {
			err = fail(ErrConfig, "%s, wanted a tensor", show(v))
		}
		if err != nil {
			return fmt.Errorf("output: %w", err)
		}
		call.outputs = append(call.outputs, ref)
	}
	r.Calls = append(r.Calls, call)
	return nil
}

// op reads [name, [operand...], {arguments}].
func (r *Recording) op(call *RecordedCall, config any) (op recordedOp, err error) {
	parts, _ := config.([]any)
	if len(parts) < 2 || len(parts) > 3 {
		return op, fail(ErrConfig, "%s, wanted [name, operands, arguments]", show(config))
	}
	name, ok1 := parts[0].(string)
	in, ok2 := parts[1].([]any)
	if len(parts) == 3 {
		var ok bool
		if op.args, ok = parts[2].(map[string]any); !ok && parts[2] != nil {
			return op, fail(ErrConfig, "%s, wanted [name, operands, arguments]", show(config))
		}
	}
	if !ok1 || !ok2 {
		return op, fail(ErrConfig, "%s, wanted [name, operands, arguments]", show(config))
	}
	if op.of, op.impl, err = opFrom(name, op.args); err != nil {
		return op, err
	}
	for _, v := range in {
		ref, err := r.reference(call, v)
		if err != nil {
			return op, fmt.Errorf("ops.%s: %w", op.of.JS, err)
		}
		op.in = append(op.in, ref)
	}
	return op, op.of.takes(len(op.in))
}

func (r *Recording) reference(call *RecordedCall, v any) (reference, error) {
	if n, ok := number(v); ok {
		if !finite(n) {
			return reference{}, fail(ErrConfig, "an operand is %s, wanted a finite number", text(n))
		}
		return reference{number: n}, nil
	}
	s, _ := v.(string)
	if len(s) > 1 {
		most := map[byte]int{'x': len(call.Inputs), 'w': len(r.Weights), 't': len(call.ops)}[s[0]]
		if k, err := strconv.Atoi(s[1:]); err == nil && k >= 0 && k < most {
			return reference{kind: s[0], index: k}, nil
		}
	}
	return reference{}, fail(ErrConfig, "an operand is %s, wanted a number, or an input, a weight or a result that is there", show(v))
}

// config is the recording as RecordingFrom reads it.
func (r *Recording) config() any {
	if r == nil {
		return nil
	}
	weights, calls := []any{}, []any{}
	for _, w := range r.Weights {
		c := map[string]any{"name": w.Name, "shape": intsConfig(w.Shape), "trainable": !w.State}
		for key, v := range map[string]any{"initializer": w.Init, "regularizer": w.Reg, "constraint": w.Constraint} {
			c[key] = nil
			if v != nil {
				c[key], _ = configOf(v) // in the registry, as all that is read
			}
		}
		weights = append(weights, c)
	}
	refs := func(list []reference) []any {
		out := make([]any, len(list))
		for i, ref := range list {
			out[i] = ref.config()
		}
		return out
	}
	for _, call := range r.Calls {
		list, inputs := []any{}, []any{}
		for _, op := range call.ops {
			list = append(list, []any{op.of.Name, refs(op.in), op.config()})
		}
		for _, shape := range call.Inputs {
			inputs = append(inputs, intsConfig(shape))
		}
		c := map[string]any{"inputs": inputs, "ops": list, "outputs": refs(call.outputs)}
		if call.Training != nil {
			c["training"] = *call.Training
		}
		calls = append(calls, c)
	}
	return map[string]any{"weights": weights, "keeps_mask": r.KeepsMask, "calls": calls}
}

// config are the arguments that were given, as configs have them.
func (op *recordedOp) config() map[string]any {
	config := map[string]any{}
	if fn, ok := op.impl.(opActivation); ok {
		if c, ok := fn.fn.config().(map[string]any); ok {
			return c["config"].(map[string]any)
		}
		return config
	}
	for _, a := range op.of.Args {
		for key := range op.args {
			if foldsTo(key, folded(a.Name)) {
				config[a.Name] = a.encode(reflect.ValueOf(op.impl).FieldByIndex(a.field))
			}
		}
	}
	return config
}

func intsConfig(list []int) []any {
	out := make([]any, len(list))
	for i, n := range list {
		out[i] = n
	}
	return out
}

// ResultShapes finds the shapes of what the k-th call computes: of each operation's result, -1 for a dimension that
// depends on the batch's size. layer says that the function is a layer's. With an error, which says the operation and its
// operands, the shapes are those of the operations before.
func (r *Recording) ResultShapes(k int, layer bool) ([][]int, error) {
	call := &r.Calls[k]
	results, _, err := r.shapes(call, layer, call.Training != nil && *call.Training)
	out := make([][]int, len(results))
	for i, s := range results {
		out[i] = make([]int, len(s))
		for j, d := range s {
			if out[i][j] = d; d == batchDim {
				out[i][j] = -1
			}
		}
	}
	return out, err
}

// A NotRecordedError says that a function was not run for inputs of these shapes.
type NotRecordedError struct {
	Of     *Recording
	Inputs [][]int
}

func (e *NotRecordedError) Error() string {
	return "it is not recorded for " + inputsText(e.Inputs) + ", and its function is not here to be run"
}

// Unwrap is ErrConfig.
func (e *NotRecordedError) Unwrap() error { return ErrConfig }

func inputsText(shapes [][]int) string {
	var list []string
	for _, s := range shapes {
		list = append(list, prog.Shape(s).String())
	}
	return "inputs " + strings.Join(list, " and ")
}

// call is the call for inputs of these shapes.
func (r *Recording) call(training bool, shapes ...prog.Shape) (*RecordedCall, error) {
	if r != nil {
		for k := range r.Calls {
			call := &r.Calls[k]
			if (call.Training == nil || *call.Training == training) &&
				slices.EqualFunc(call.Inputs, shapes, func(a []int, b prog.Shape) bool { return b.Equal(a) }) {
				return call, nil
			}
		}
	}
	e := &NotRecordedError{Of: r}
	for _, s := range shapes {
		e.Inputs = append(e.Inputs, s)
	}
	return nil, e
}
