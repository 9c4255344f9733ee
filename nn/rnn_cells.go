package nn

import (
	"github.com/tabgrad/tabgrad/nn/prog"
)

// SimpleRNNCell is a step of a [SimpleRNN]: h' = activation(x·kernel + h·recurrent_kernel + bias), for RNN.
type SimpleRNNCell struct {
	Multi
	Units      int            `arg:"units" required:"yes" min:"1" doc:"Size of the state and of the output."`
	Activation ActivationFunc `arg:"activation" default:"tanh" doc:"Applied to the sum."`
	NoBias     bool           `arg:"!use_bias" doc:"Whether a bias is added."`

	KernelInit    Initializer `arg:"kernel_initializer" default:"glorot_uniform" doc:"What the kernel begins as."`
	RecurrentInit Initializer `arg:"recurrent_initializer" default:"orthogonal" doc:"What the recurrent kernel begins as."`
	BiasInit      Initializer `arg:"bias_initializer" default:"zeros" doc:"What the bias begins as."`
	KernelReg     Regularizer `arg:"kernel_regularizer" doc:"Penalty on the kernel, added to the loss."`
	RecurrentReg  Regularizer `arg:"recurrent_regularizer" doc:"Penalty on the recurrent kernel, added to the loss."`
	BiasReg       Regularizer `arg:"bias_regularizer" doc:"Penalty on the bias, added to the loss."`

	KernelConstraint    Constraint `arg:"kernel_constraint" doc:"What the kernel is held to after each step."`
	RecurrentConstraint Constraint `arg:"recurrent_constraint" doc:"What the recurrent kernel is held to after each step."`
	BiasConstraint      Constraint `arg:"bias_constraint" doc:"What the bias is held to after each step."`

	Dropout          float64 `arg:"dropout" min:"0" below:"1" doc:"Probability that a feature of the input is dropped, in all steps alike."`
	RecurrentDropout float64 `arg:"recurrent_dropout" min:"0" below:"1" doc:"Probability that an element of the state is dropped before the recurrent kernel, in all steps alike."`
	Seed             uint64  `arg:"seed" doc:"Seed of the dropout masks; by default they come from the model's seed."`

	Name   string `arg:"name" doc:"The layer's name."`
	Frozen bool   `arg:"!trainable" doc:"Whether training changes the layer's variables."`
}

// LSTMCell is a step of an [LSTM], for RNN. Its state is h and c.
type LSTMCell struct {
	Multi
	Units               int            `arg:"units" required:"yes" min:"1" doc:"Size of the state and of the output."`
	Activation          ActivationFunc `arg:"activation" default:"tanh" doc:"Applied to the candidate, and to the cell's state for the output."`
	RecurrentActivation ActivationFunc `arg:"recurrent_activation" default:"sigmoid" doc:"Applied to the gates."`
	NoBias              bool           `arg:"!use_bias" doc:"Whether a bias is added."`

	KernelInit       Initializer `arg:"kernel_initializer" default:"glorot_uniform" doc:"What the kernel begins as."`
	RecurrentInit    Initializer `arg:"recurrent_initializer" default:"orthogonal" doc:"What the recurrent kernel begins as."`
	BiasInit         Initializer `arg:"bias_initializer" default:"zeros" doc:"What the bias begins as."`
	NoUnitForgetBias bool        `arg:"!unit_forget_bias" doc:"Whether the forget gate's bias begins as 1."`
	KernelReg        Regularizer `arg:"kernel_regularizer" doc:"Penalty on the kernel, added to the loss."`
	RecurrentReg     Regularizer `arg:"recurrent_regularizer" doc:"Penalty on the recurrent kernel, added to the loss."`
	BiasReg          Regularizer `arg:"bias_regularizer" doc:"Penalty on the bias, added to the loss."`

	KernelConstraint    Constraint `arg:"kernel_constraint" doc:"What the kernel is held to after each step."`
	RecurrentConstraint Constraint `arg:"recurrent_constraint" doc:"What the recurrent kernel is held to after each step."`
	BiasConstraint      Constraint `arg:"bias_constraint" doc:"What the bias is held to after each step."`

	Dropout          float64 `arg:"dropout" min:"0" below:"1" doc:"Probability that a feature of the input is dropped, in all steps alike."`
	RecurrentDropout float64 `arg:"recurrent_dropout" min:"0" below:"1" doc:"Probability that an element of the state is dropped before the recurrent kernel, in all steps alike."`
	Seed             uint64  `arg:"seed" doc:"Seed of the dropout masks; by default they come from the model's seed."`

	Name   string `arg:"name" doc:"The layer's name."`
	Frozen bool   `arg:"!trainable" doc:"Whether training changes the layer's variables."`
}

// GRUCell is a step of a [GRU], for RNN.
type GRUCell struct {
	Multi
	Units               int            `arg:"units" required:"yes" min:"1" doc:"Size of the state and of the output."`
	Activation          ActivationFunc `arg:"activation" default:"tanh" doc:"Applied to the candidate."`
	RecurrentActivation ActivationFunc `arg:"recurrent_activation" default:"sigmoid" doc:"Applied to the gates."`
	NoBias              bool           `arg:"!use_bias" doc:"Whether a bias is added."`

	KernelInit    Initializer `arg:"kernel_initializer" default:"glorot_uniform" doc:"What the kernel begins as."`
	RecurrentInit Initializer `arg:"recurrent_initializer" default:"orthogonal" doc:"What the recurrent kernel begins as."`
	BiasInit      Initializer `arg:"bias_initializer" default:"zeros" doc:"What the bias begins as."`
	KernelReg     Regularizer `arg:"kernel_regularizer" doc:"Penalty on the kernel, added to the loss."`
	RecurrentReg  Regularizer `arg:"recurrent_regularizer" doc:"Penalty on the recurrent kernel, added to the loss."`
	BiasReg       Regularizer `arg:"bias_regularizer" doc:"Penalty on the bias, added to the loss."`

	KernelConstraint    Constraint `arg:"kernel_constraint" doc:"What the kernel is held to after each step."`
	RecurrentConstraint Constraint `arg:"recurrent_constraint" doc:"What the recurrent kernel is held to after each step."`
	BiasConstraint      Constraint `arg:"bias_constraint" doc:"What the bias is held to after each step."`

	Dropout          float64 `arg:"dropout" min:"0" below:"1" doc:"Probability that a feature of the input is dropped, in all steps alike."`
	RecurrentDropout float64 `arg:"recurrent_dropout" min:"0" below:"1" doc:"Probability that an element of the state is dropped before the recurrent kernel, in all steps alike."`
	ResetBefore      bool    `arg:"!reset_after" doc:"Whether the reset gate acts behind the recurrent kernel, which then has a bias of its own."`
	Seed             uint64  `arg:"seed" doc:"Seed of the dropout masks; by default they come from the model's seed."`

	Name   string `arg:"name" doc:"The layer's name."`
	Frozen bool   `arg:"!trainable" doc:"Whether training changes the layer's variables."`
}

// StackedRNNCells are cells one behind another, as one: each gets the output of the one before it. Its state is
// all of theirs.
type StackedRNNCells struct {
	Multi
	Cells []Layer `arg:"cells" required:"yes" doc:"The cells, the first first."`

	Name   string `arg:"name" doc:"The layer's name."`
	Frozen bool   `arg:"!trainable" doc:"Whether training changes the layer's variables."`
}

// gated is what the three cells have in common: gates of x·kernel + h·recurrent_kernel + bias.
type gated struct {
	_                                                     [0]func() // see Multi
	Units                                                 int
	Activation, RecurrentActivation                       ActivationFunc
	NoBias                                                bool
	KernelInit, RecurrentInit, BiasInit                   Initializer
	KernelReg, RecurrentReg, BiasReg                      Regularizer
	KernelConstraint, RecurrentConstraint, BiasConstraint Constraint
	Dropout, RecurrentDropout                             float64
	Seed                                                  uint64

	gates, states int
}

// gatesOf is a cell's. A SimpleRNNCell's one has no RecurrentActivation.
func gatesOf(cell any, gates, states int) gated {
	g := gated{RecurrentActivation: Sigmoid}
	take(&g, cell)
	g.gates, g.states = gates, states
	return g
}

func (g gated) stateShapes() []prog.Shape {
	shapes := make([]prog.Shape, g.states)
	for i := range shapes {
		shapes[i] = prog.Shape{g.Units}
	}
	return shapes
}

// build declares kernel [features, gates·Units], recurrent_kernel [Units, gates·Units] and bias.
func (g gated) build(s *Scope, in []prog.Shape, bias prog.Shape, biasInit Initializer) ([]prog.Shape, error) {
	states := g.stateShapes()
	if len(in) != 1+len(states) {
		return nil, fail(ErrConfig, "got %d inputs, wanted a step's x and its state, %d", len(in), 1+len(states))
	}
	if len(in[0]) != 1 {
		return nil, fail(ErrShape, "a step's input is %v, wanted [features]", in[0])
	}
	for i, shape := range states {
		if !in[1+i].Equal(shape) {
			return nil, fail(ErrShape, "state %d is %v, wanted %v", i, in[1+i], shape)
		}
	}
	wide := g.gates * g.Units
	s.Var("kernel", prog.Shape{in[0][0], wide}, g.KernelInit, g.KernelReg)
	s.Constrain(g.KernelConstraint)
	s.Var("recurrent_kernel", prog.Shape{g.Units, wide}, g.RecurrentInit, g.RecurrentReg)
	s.Constrain(g.RecurrentConstraint)
	if !g.NoBias {
		s.Var("bias", bias, biasInit, g.BiasReg)
		s.Constrain(g.BiasConstraint)
	}
	return append([]prog.Shape{states[0]}, states...), nil
}

// recurrence is what the cell's variables, activations and dropout are in a program. As in Keras each gate has
// dropout masks of its own where the state is dropped, too.
func (g gated) recurrence(c *Call, x, mask prog.Buf, state []prog.Buf, backwards, inOrder bool) prog.Recurrence {
	r := prog.Recurrence{
		X: x, Kernel: c.Var(0), Recurrent: c.Var(1), Bias: prog.None, RecurrentBias: prog.None,
		State: state, Mask: mask, Backwards: backwards, InOrder: inOrder,
	}
	if !g.NoBias {
		r.Bias = c.Var(2)
	}
	if g.Activation != Tanh || g.RecurrentActivation != Sigmoid {
		r.Activation, r.Gate = g.Activation.Lower, g.RecurrentActivation.Lower
	}
	masks := func(rate float64, features int) (list []prog.Buf) {
		if !c.Training || rate == 0 {
			return nil
		}
		for range g.gates {
			if list = append(list, c.Random(prog.Keep, rate, 0, g.Seed, prog.Shape{c.batch(x), features})); g.RecurrentDropout == 0 {
				break
			}
		}
		return list
	}
	if c.Err() == nil {
		r.InputDrop = masks(g.Dropout, c.Shape(x).Last())
		r.Drop = masks(g.RecurrentDropout, g.Units)
	}
	return r
}

func unrolledOf(r prog.Recurred) unrolled { return unrolled{r.All, r.State[0], r.State} }

// step is a sequencer's step: a sequence of one.
func step(c *Call, cell sequencer, x []prog.Buf) []prog.Buf {
	if c.Err() != nil {
		return []prog.Buf{prog.None}
	}
	shape := append([]int{c.Shape(x[0])[0], 1}, c.Shape(x[0])[1:]...)
	u := cell.sequence(c, c.Reshape(x[0], shape...), prog.None, x[1:], false, false)
	return append([]prog.Buf{u.last}, u.state...)
}

// StateShapes is that of h.
func (l SimpleRNNCell) StateShapes() []prog.Shape { return gatesOf(l, 1, 1).stateShapes() }

// BuildMulti declares kernel [features, Units], recurrent_kernel [Units, Units] and bias [Units].
func (l SimpleRNNCell) BuildMulti(s *Scope, in []prog.Shape) ([]prog.Shape, error) {
	return gatesOf(l, 1, 1).build(s, in, prog.Shape{l.Units}, l.BiasInit)
}

// LowerMulti does one step.
func (l SimpleRNNCell) LowerMulti(c *Call, x []prog.Buf) []prog.Buf { return step(c, l, x) }

func (l SimpleRNNCell) sequence(c *Call, x, mask prog.Buf, state []prog.Buf, backwards, inOrder bool) unrolled {
	return unrolledOf(c.SimpleRNN(gatesOf(l, 1, 1).recurrence(c, x, mask, state, backwards, inOrder)))
}

// StateShapes are those of h and c.
func (l LSTMCell) StateShapes() []prog.Shape { return gatesOf(l, 4, 2).stateShapes() }

// BuildMulti declares kernel [features, 4·Units], recurrent_kernel [Units, 4·Units] and bias [4·Units], their
// columns in the order i, f, c, o.
func (l LSTMCell) BuildMulti(s *Scope, in []prog.Shape) ([]prog.Shape, error) {
	init := l.BiasInit
	if !l.NoUnitForgetBias {
		init = forgetBias{init}
	}
	return gatesOf(l, 4, 2).build(s, in, prog.Shape{4 * l.Units}, init)
}

// LowerMulti does one step.
func (l LSTMCell) LowerMulti(c *Call, x []prog.Buf) []prog.Buf { return step(c, l, x) }

func (l LSTMCell) sequence(c *Call, x, mask prog.Buf, state []prog.Buf, backwards, inOrder bool) unrolled {
	return unrolledOf(c.LSTM(gatesOf(l, 4, 2).recurrence(c, x, mask, state, backwards, inOrder)))
}

// forgetBias is 1 for an LSTM's forget gate, and for the others what another initializer gives.
type forgetBias struct{ others Initializer }

// Init fills each gate's part, as Keras calls the initializer: for i, and for c and o together.
func (f forgetBias) Init(dst []float32, shape prog.Shape, s *Stream) {
	u := shape[0] / 4
	f.others.Init(dst[:u], prog.Shape{u}, s)
	Ones{}.Init(dst[u:2*u], prog.Shape{u}, s)
	f.others.Init(dst[2*u:], prog.Shape{2 * u}, s)
}

// StateShapes is that of h.
func (l GRUCell) StateShapes() []prog.Shape { return gatesOf(l, 3, 1).stateShapes() }

// BuildMulti declares kernel [features, 3·Units], recurrent_kernel [Units, 3·Units] and bias, [2, 3·Units] for
// x and for h, or with ResetBefore [3·Units]; their columns in the order z, r, h.
func (l GRUCell) BuildMulti(s *Scope, in []prog.Shape) ([]prog.Shape, error) {
	bias := prog.Shape{3 * l.Units}
	if !l.ResetBefore {
		bias = prog.Shape{2, 3 * l.Units}
	}
	return gatesOf(l, 3, 1).build(s, in, bias, l.BiasInit)
}

// LowerMulti does one step.
func (l GRUCell) LowerMulti(c *Call, x []prog.Buf) []prog.Buf { return step(c, l, x) }

func (l GRUCell) sequence(c *Call, x, mask prog.Buf, state []prog.Buf, backwards, inOrder bool) unrolled {
	r := gatesOf(l, 3, 1).recurrence(c, x, mask, state, backwards, inOrder)
	if r.ResetBefore = l.ResetBefore; !l.ResetBefore && !l.NoBias {
		if parts := c.Parts(r.Bias); len(parts) == 2 {
			r.Bias, r.RecurrentBias = parts[0], parts[1]
		}
	}
	return unrolledOf(c.GRU(r))
}

// StateShapes are those of the cells, one behind another.
func (l StackedRNNCells) StateShapes() []prog.Shape {
	var shapes []prog.Shape
	for _, cell := range l.Cells {
		if cell, ok := bare(cell).(Cell); ok {
			shapes = append(shapes, cell.StateShapes()...)
		}
	}
	return shapes
}

// BuildMulti builds the cells.
func (l StackedRNNCells) BuildMulti(s *Scope, in []prog.Shape) ([]prog.Shape, error) {
	if len(l.Cells) == 0 {
		return nil, fail(ErrConfig, "cells is empty, wanted at least one")
	}
	if n := 1 + len(l.StateShapes()); len(in) != n {
		return nil, fail(ErrConfig, "got %d inputs, wanted a step's x and its state, %d", len(in), n)
	}
	x, states, taken := in[0], in[1:], map[string]bool{}
	var after []prog.Shape
	for i, layer := range l.Cells {
		cell, ok := bare(layer).(Cell)
		if !ok {
			return nil, fail(ErrConfig, "cell %d is %s, wanted one of simple_rnn_cell, lstm_cell, gru_cell, or another nn.Cell", i, layerName(bare(layer)))
		}
		name := nameOf(cell)
		if name == "" {
			name = autoName(cell, taken)
		}
		taken[name] = true
		n := len(cell.StateShapes())
		outs, err := s.Layer(name, layer, append([]prog.Shape{x}, states[:n]...)...)
		if err != nil {
			return nil, err
		}
		x, states, after = outs[0], states[n:], append(after, outs[1:]...)
	}
	return append([]prog.Shape{x}, after...), nil
}

// LowerMulti does one step of each cell.
func (l StackedRNNCells) LowerMulti(c *Call, x []prog.Buf) []prog.Buf {
	y, states := x[0], x[1:]
	var after []prog.Buf
	for i, cell := range l.Cells {
		n := len(bare(cell).(Cell).StateShapes())
		out := c.Layer(i, append([]prog.Buf{y}, states[:n]...)...)
		y, states, after = out[0], states[n:], append(after, out[1:]...)
	}
	return append([]prog.Buf{y}, after...)
}

// sequence does each cell's whole sequence before the next one's, which comes to the same.
func (l StackedRNNCells) sequence(c *Call, x, mask prog.Buf, state []prog.Buf, backwards, inOrder bool) unrolled {
	u := unrolled{all: x}
	var after []prog.Buf
	for i, cell := range l.Cells {
		cell, own := bare(cell).(sequencer), []prog.Buf(nil)
		if n := len(cell.StateShapes()); state != nil {
			own, state = state[:n], state[n:]
		}
		u = cell.sequence(c.inner(i), u.all, mask, own, backwards, inOrder || i < len(l.Cells)-1)
		after = append(after, u.state...)
	}
	u.state = after
	return u
}
