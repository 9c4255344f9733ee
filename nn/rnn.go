package nn

import (
	"reflect"
	"slices"

	"github.com/tabgrad/tabgrad/nn/prog"
)

// A Cell is one step of a recurrent layer, and a layer itself: its inputs are the step's x and the state, its
// results the output and the new state. [RNN] takes any.
type Cell interface {
	MultiLayer
	// StateShapes are the shapes of one sample's state.
	StateShapes() []prog.Shape
}

// RNN goes through a sequence [T, ...] with a cell: (output, state) = cell(x of the step, state). Where a mask
// leaves a step out, the state stays as it is and the output is the last one. keras/src/layers/rnn/rnn.py
type RNN struct {
	Multi
	Cell            Layer `arg:"cell" required:"yes" cell:"yes" doc:"What is done in a step; several stand for these, stacked."`
	ReturnSequences bool  `arg:"return_sequences" doc:"Whether the outputs of all steps are returned, and not the last alone."`
	ReturnState     bool  `arg:"return_state" doc:"Whether the last state is returned behind the output."`
	Backwards       bool  `arg:"go_backwards" doc:"Whether it goes from the last step to the first; the outputs are then in that order."`
	Stateful        bool  `arg:"stateful" doc:"Whether a batch begins with the state in which the last one ended."`
	Unroll          bool  `arg:"unroll" doc:"Accepted, and of no effect: the steps are always written down one by one."`
	ZeroOutput      bool  `arg:"zero_output_for_mask" doc:"Whether the output is 0 in steps that a mask leaves out, and not the last one."`

	ActivityReg Regularizer `arg:"activity_regularizer" doc:"Penalty on what is returned, added to the loss."`

	Name   string `arg:"name" doc:"The layer's name."`
	Frozen bool   `arg:"!trainable" doc:"Whether training changes the layer's variables."`
}

// recurrent is what RNN, SimpleRNN, LSTM, GRU and ConvLSTM do around their cells.
type recurrent struct {
	_                                                             [0]func() // see Multi
	Cell                                                          Layer
	ReturnSequences, ReturnState, Backwards, Stateful, ZeroOutput bool
	ActivityReg                                                   Regularizer

	cellName string // empty for the automatic one
	inOrder  bool   // the outputs are in the order of time, Backwards too
}

// A recurrentLayer is one that Bidirectional can turn round.
type recurrentLayer interface {
	MultiLayer
	recurrent() recurrent
}

// unrolled is what a cell makes of a sequence.
type unrolled struct {
	all, last prog.Buf // outputs: of all steps [N, T, ...], and of the last one
	state     []prog.Buf
}

// A sequencer is a cell that writes down all steps at once, which is much faster than one by one.
type sequencer interface {
	Cell
	// sequence goes through x [N, T, ...]; mask and state may be None and nil. c is the cell's.
	sequence(c *Call, x, mask prog.Buf, state []prog.Buf, backwards, inOrder bool) unrolled
}

// take copies the fields of from into the fields of to, a pointer, that have their names.
func take(to, from any) {
	src, dst := reflect.ValueOf(from), reflect.ValueOf(to).Elem()
	for i := range dst.NumField() {
		if f := src.FieldByName(dst.Type().Field(i).Name); f.IsValid() && dst.Field(i).CanSet() && f.Type() == dst.Field(i).Type() {
			dst.Field(i).Set(f)
		}
	}
}

// bare is the layer that an instance is of, or the layer itself.
func bare(l Layer) Layer {
	if i, ok := l.(*Instance); ok && i != nil {
		return i.layer
	}
	return l
}

func (l RNN) recurrent() recurrent {
	var r recurrent
	take(&r, l)
	return r
}

// BuildMulti builds the cell for a step, and returns the output's shape and the state's.
func (l RNN) BuildMulti(s *Scope, in []prog.Shape) ([]prog.Shape, error) {
	return l.recurrent().build(s, in)
}

// LowerMulti goes through the sequence.
func (l RNN) LowerMulti(c *Call, x []prog.Buf) []prog.Buf { return l.recurrent().lower(c, x) }

// InputNames are Keras's.
func (RNN) InputNames() []string { return recurrentInputs }

var recurrentInputs = []string{"sequences", "initial_state..."}

func (r recurrent) build(s *Scope, in []prog.Shape) ([]prog.Shape, error) {
	cell, ok := bare(r.Cell).(Cell)
	if !ok {
		return nil, fail(ErrConfig, "cell is %s, wanted one of simple_rnn_cell, lstm_cell, gru_cell, stacked_rnn_cells, or another nn.Cell", layerName(bare(r.Cell)))
	}
	x, states := in[0], cell.StateShapes()
	if len(x) < 2 || x[0] == 0 {
		return nil, fail(ErrShape, "input is %v, wanted a sequence [steps, features]", x)
	}
	if n := len(in) - 1; n != 0 && n != len(states) {
		return nil, fail(ErrConfig, "got %d initial states, wanted %d", n, len(states))
	}
	for i, given := range in[1:] {
		if !given.Equal(states[i]) {
			return nil, fail(ErrShape, "initial state %d is %v, wanted %v", i, given, states[i])
		}
	}
	name := r.cellName
	if name == "" {
		name = autoName(cell, nil)
	}
	outs, err := s.Layer(name, r.Cell, append([]prog.Shape{x[1:]}, states...)...)
	if err != nil {
		return nil, err
	}
	if len(outs) != 1+len(states) || !slices.EqualFunc(outs[1:], states, prog.Shape.Equal) {
		return nil, fail(ErrShape, "its cell returns %s, wanted an output and the state, %s", shapesText(outs), shapesText(states))
	}
	if r.Stateful {
		if s.Batch() == 0 {
			return nil, fail(ErrConfig, "stateful is true, and the size of the batch not known: wanted an input with batch_size")
		}
		for i, shape := range states {
			s.Carry("state_"+itoa(i), append(prog.Shape{s.Batch()}, shape...), Zeros{})
		}
	}
	out := outs[0]
	if r.ReturnSequences {
		out = append(prog.Shape{x[0]}, out...)
	}
	if r.ReturnState {
		return append([]prog.Shape{out}, states...), nil
	}
	return []prog.Shape{out}, nil
}

func (r recurrent) lower(c *Call, in []prog.Buf) []prog.Buf {
	x, state, mask := in[0], in[1:], c.Mask(0)
	if s := c.Shape(mask); mask != prog.None && c.Err() == nil && !s.Equal(c.Shape(x)[:2]) {
		return []prog.Buf{c.Fail(fail(ErrShape, "the mask of its input is %v, wanted %v", s, c.Shape(x)[:2]))}
	}
	states := bare(r.Cell).(Cell).StateShapes()
	if len(state) == 0 && r.Stateful {
		for i := range states {
			state = append(state, c.State(i))
		}
	}
	if len(state) == 0 {
		state = nil
	} else if s := c.Shape(state[0]); c.Err() == nil && s[0] != c.batch(x) {
		return []prog.Buf{c.Fail(fail(ErrShape, "a batch has %d samples, and its state is that of %d: stateful layers want all batches of the size that the input says", c.batch(x), s[0]))}
	}
	var u unrolled
	if inner := c.inner(0); sequences(r.Cell) {
		u = bare(r.Cell).(sequencer).sequence(inner, x, mask, state, r.Backwards, r.inOrder)
	} else {
		u = r.stepwise(c, x, mask, state)
	}
	r.leaveOut(c, &u, mask, state != nil)
	if r.Stateful {
		for i, s := range u.state {
			c.Assign(i, s)
		}
	}
	out := u.last
	if r.ReturnSequences {
		out = u.all
		c.SetMask(0, mask)
	}
	results := []prog.Buf{out}
	if r.ReturnState {
		results = append(results, u.state...)
	}
	for _, y := range results {
		c.activity(r.ActivityReg, y)
	}
	return results
}

// leaveOut makes outputs 0 that a mask leaves out, or that come before the first step that counts: there an
// initial state is no output yet.
func (r recurrent) leaveOut(c *Call, u *unrolled, mask prog.Buf, begun bool) {
	if mask == prog.None || !r.ZeroOutput && !begun || c.Err() != nil {
		return
	}
	n, t := c.Shape(mask)[0], c.Shape(mask)[1]
	turn := func(i int, yes bool) int {
		if yes {
			return t - 1 - i
		}
		return i
	}
	counts := make([]float32, t*t) // [step of time, place in the outputs]: whether the step decides
	for s := range t {
		for i := range t {
			at, place := turn(s, r.Backwards), turn(i, r.Backwards && r.inOrder)
			if at == place || at < place && !r.ZeroOutput {
				counts[s*t+i] = 1
			}
		}
	}
	part := c.MatMul(mask, c.Const(counts, t, t), false, false) // how many of them count
	u.all = c.Binary(prog.Where, u.all, alongside(c.Builder, part, u.all))
	end := c.Reshape(c.Slice(part, []int{0, turn(t-1, r.Backwards && r.inOrder)}, prog.Shape{n, 1}), n)
	u.last = c.Binary(prog.Where, u.last, alongside(c.Builder, end, u.last))
}

// sequences is whether a cell can write a whole sequence down.
func sequences(l Layer) bool {
	if s, ok := bare(l).(StackedRNNCells); ok {
		return !slices.ContainsFunc(s.Cells, func(l Layer) bool { return !sequences(l) })
	}
	_, ok := bare(l).(sequencer)
	return ok
}

// stepwise calls the cell for each step. What it draws is the same in each, as Keras's cells have it.
func (r recurrent) stepwise(c *Call, x, mask prog.Buf, state []prog.Buf) unrolled {
	xs, masks := c.Parts(timeFirst(c, x)), []prog.Buf(nil)
	if mask != prog.None {
		masks = c.Parts(timeFirst(c, mask))
	}
	if r.Backwards {
		slices.Reverse(xs)
		slices.Reverse(masks)
	}
	u := unrolled{last: prog.None, state: state}
	if state == nil {
		for _, s := range bare(r.Cell).(Cell).StateShapes() {
			u.state = append(u.state, c.Fill(0, append([]int{c.batch(x)}, s...)...))
		}
	}
	var all []prog.Buf
	for t, step := range xs {
		in := []value{{step, prog.None}}
		for _, s := range u.state {
			in = append(in, value{s, prog.None})
		}
		before := u
		u = unrolled{}
		for i, v := range c.l.apply(c.app.subs[0], in, mix(c.key, 1), c.Training) {
			if i == 0 {
				u.last = v.buf
			} else {
				u.state = append(u.state, v.buf)
			}
		}
		if c.Err() != nil {
			return u
		}
		if mask != prog.None {
			if before.last == prog.None {
				before.last = c.Fill(0, c.Shape(u.last)...)
			}
			keep := func(new, old prog.Buf) prog.Buf {
				return c.Select(alongside(c.Builder, masks[t], new), new, old)
			}
			u.last = keep(u.last, before.last)
			for i, s := range u.state {
				u.state[i] = keep(s, before.state[i])
			}
		}
		all = append(all, u.last)
	}
	if r.Backwards && r.inOrder {
		slices.Reverse(all)
	}
	u.all = timeFirst(c, c.Stack(all...))
	return u
}

// timeFirst is x [N, T, ...] as [T, N, ...], or the other way round.
func timeFirst(c *Call, x prog.Buf) prog.Buf {
	perm := make([]int, len(c.Shape(x)))
	for i := range perm {
		perm[i] = i
	}
	if len(perm) < 2 {
		return prog.None
	}
	perm[0], perm[1] = 1, 0
	return c.Transpose(x, perm...)
}

// inner is the Call of the i-th layer inside, for a wrapper that lowers it by another method than Lower.
func (c *Call) inner(i int, in ...value) *Call {
	c.calls++
	return &Call{Builder: c.Builder, Training: c.Training, l: c.l, app: c.app.subs[i], key: mix(c.key, c.calls), in: in}
}
