package nn

import (
	"errors"
	"strconv"
	"strings"

	"github.com/tabgrad/tabgrad/nn/prog"
)

// A replay writes a recorded call down with a Builder.
type replay struct {
	*prog.Builder
	batch   int
	call    *Call      // of a layer, where random numbers and states come from; nil elsewhere
	inputs  []prog.Buf // [N, ...]
	weight  func(i int) prog.Buf
	state   []int // of each weight its place among the states, -1 for a parameter
	assign  int   // the state that the operation at hand assigns
	results []prog.Buf
	shapes  []prog.Shape // of the results
}

// run writes the call's operations down. at is the operation that failed, where one did.
func (r *replay) run(call *RecordedCall) (outputs []prog.Buf, at int) {
	for k, op := range call.ops {
		in := make([]operand, len(op.in))
		for i, ref := range op.in {
			in[i] = r.operand(ref)
		}
		if r.assign = -1; op.of.Name == "assign" && op.in[0].kind == 'w' {
			r.assign = r.state[op.in[0].index]
		}
		y := op.impl.lower(r, in)
		if r.Err() != nil {
			return nil, k
		}
		r.results, r.shapes = append(r.results, y), append(r.shapes, r.Shape(y))
	}
	for _, ref := range call.outputs {
		outputs = append(outputs, r.operand(ref).buf)
	}
	return outputs, -1
}

func (r *replay) operand(ref reference) operand {
	switch ref.kind {
	case 'x':
		return operand{buf: r.inputs[ref.index]}
	case 'w':
		return operand{buf: r.weight(ref.index)}
	case 't':
		return operand{buf: r.results[ref.index]}
	}
	return operand{buf: prog.None, number: ref.number, isNumber: true}
}

// tensor is the operand as a tensor, a number as a scalar.
func (r *replay) tensor(x operand) prog.Buf {
	if x.isNumber {
		return r.Fill(x.number)
	}
	return x.buf
}

func (r *replay) tensors(x []operand) []prog.Buf {
	list := make([]prog.Buf, len(x))
	for i := range x {
		list[i] = r.tensor(x[i])
	}
	return list
}

var errTraining = fail(ErrConfig, "it is for the training of a layer alone: draw where `training` is true")

// random draws numbers.
func (r *replay) random(d prog.Dist, a, b float64, seed uint64, shape []int) prog.Buf {
	if r.call == nil {
		return r.Fail(errTraining)
	}
	if r.call.l == nil { // only shapes are wanted
		if !r.call.Training {
			return r.Fail(errTraining)
		}
		return r.Fill(0, shape...)
	}
	return r.call.Random(d, a, b, seed, shape)
}

func lowerAssign(r *replay, x []operand) prog.Buf {
	state, value := r.tensor(x[0]), r.tensor(x[1])
	if r.call == nil {
		return r.Fail(fail(ErrConfig, "it is for layers alone"))
	}
	if r.assign < 0 {
		return r.Fail(fail(ErrConfig, "the first operand is not a weight with trainable: false"))
	}
	if s := r.Shape(state); r.Err() == nil && !s.Equal(r.Shape(value)) {
		return r.Fail(fail(ErrShape, "%v is assigned to %v", r.Shape(value), s))
	}
	if r.call.l != nil {
		r.call.Assign(r.assign, value)
	}
	return value
}

func lowerAddLoss(r *replay, x []operand) prog.Buf {
	y := r.tensor(x[0])
	if r.call == nil {
		return r.Fail(fail(ErrConfig, "it is for layers alone"))
	}
	if s := r.Shape(y); r.Err() == nil && s.Size() != 1 {
		return r.Fail(fail(ErrShape, "the loss is %v, wanted one number", s))
	}
	if r.call.l != nil {
		r.call.AddLoss(r.Reshape(y))
	}
	return y
}

// Sizes of batches that shapes are found for: what is not the same for both depends on the batch.
const probeA, probeB = 7, 11

// shapes finds the shapes of what the call computes: of each operation's result, then of each output. A dimension that
// depends on the batch's size is batchDim.
func (r *Recording) shapes(call *RecordedCall, layer, training bool) (results, outputs []dims, err error) {
	a, b := r.probe(call, probeA, layer, training), r.probe(call, probeB, layer, training)
	for k := range min(len(a.results), len(b.results)) {
		results = append(results, merge(a.results[k], b.results[k]))
	}
	if a.err != nil || b.err != nil {
		return results, nil, r.explain(call, a, b, results)
	}
	for k := range a.outputs {
		outputs = append(outputs, merge(a.outputs[k], b.outputs[k]))
	}
	return results, outputs, nil
}

// A probe is a call for a batch of some size, of which only the shapes are known.
type probe struct {
	results, outputs []prog.Shape
	at               int
	err              error
}

func (r *Recording) probe(call *RecordedCall, batch int, layer, training bool) (p probe) {
	store := &prog.Store{}
	vars := make([]int, len(r.Weights))
	state := make([]int, len(r.Weights))
	states := 0
	for i, w := range r.Weights {
		vars[i], state[i] = store.Add(w.Name, w.Shape), -1
		if w.State {
			state[i], states = states, states+1
		}
	}
	b := prog.NewBuilder("shapes", store)
	run := &replay{Builder: b, batch: batch, weight: func(i int) prog.Buf { return b.Var(vars[i]) }, state: state}
	if layer {
		run.call = &Call{Builder: b, Training: training}
	}
	for _, shape := range call.Inputs {
		run.inputs = append(run.inputs, b.Input("x", append([]int{batch}, shape...)...))
	}
	outputs, at := run.run(call)
	p.at, p.err, p.results = at, b.Err(), run.shapes
	for _, y := range outputs {
		p.outputs = append(p.outputs, b.Shape(y))
	}
	return p
}

func merge(a, b prog.Shape) dims {
	out := make(dims, len(a))
	for i, d := range a {
		if out[i] = d; i >= len(b) || b[i] != d {
			out[i] = batchDim
		}
	}
	return out
}

// explain says which operation failed, on what, and why.
func (r *Recording) explain(call *RecordedCall, a, b probe, results []dims) error {
	why, kind := reason(a.err)
	at := a.at
	if other, _ := reason(b.err); a.err == nil {
		at = b.at
		why, kind = reason(b.err)
	} else if b.err != nil && a.at == b.at {
		why = withoutBatch(why, other)
	}
	var on []string
	for _, ref := range call.ops[at].in {
		switch ref.kind {
		case 'x':
			on = append(on, append(dims{batchDim}, call.Inputs[ref.index]...).String())
		case 'w':
			on = append(on, r.Weights[ref.index].Name+" "+prog.Shape(r.Weights[ref.index].Shape).String())
		case 't':
			on = append(on, results[ref.index].String())
		default:
			on = append(on, text(ref.number))
		}
	}
	where := "ops." + call.ops[at].of.JS
	if len(on) > 0 {
		where += " of " + strings.Join(on, " and ")
	}
	return fail(kind, "%s: %s", where, why)
}

// reason is an operation's error without what stands around it.
func reason(err error) (why string, kind error) {
	var op *prog.OpError
	var own *failure
	switch {
	case err == nil:
		return "", nil
	case errors.As(err, &own):
		return own.text, own.kind
	case errors.As(err, &op):
		return op.Why, ErrShape
	}
	return strings.TrimSuffix(err.Error(), ": "+prog.ErrProgram.Error()), ErrShape
}

// withoutBatch is a with null for each number that b has another for, because it depends on the batch's size.
func withoutBatch(a, b string) string {
	digits := func(s string) int { return len(s) - len(strings.TrimLeft(s, "0123456789")) }
	out := ""
	for a != "" && b != "" {
		n, m := digits(a), digits(b)
		switch {
		case n == 0 && m == 0 && a[0] == b[0]:
			n, m = 1, 1
			out += a[:1]
		case n == 0 || m == 0:
			return out + a
		case a[:n] == b[:m]:
			out += a[:n]
		default:
			out += "null"
		}
		a, b = a[n:], b[m:]
	}
	return out + a
}

// String prints the shape with null for the batch's size: [null,28,28,1].
func (s dims) String() string {
	return strings.ReplaceAll(prog.Shape(s).String(), strconv.Itoa(batchDim), "null")
}
