package nn

import "github.com/tabgrad/tabgrad/nn/prog"

// SimpleRNN goes through a sequence [T, features] with h' = activation(x·kernel + h·recurrent_kernel + bias). h is its
// state, and what it returns. keras/src/layers/rnn/simple_rnn.py
type SimpleRNN struct {
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
	ActivityReg   Regularizer `arg:"activity_regularizer" doc:"Penalty on what is returned, added to the loss."`

	KernelConstraint    Constraint `arg:"kernel_constraint" doc:"What the kernel is held to after each step."`
	RecurrentConstraint Constraint `arg:"recurrent_constraint" doc:"What the recurrent kernel is held to after each step."`
	BiasConstraint      Constraint `arg:"bias_constraint" doc:"What the bias is held to after each step."`

	Dropout          float64 `arg:"dropout" min:"0" below:"1" doc:"Probability that a feature of the input is dropped, in all steps alike."`
	RecurrentDropout float64 `arg:"recurrent_dropout" min:"0" below:"1" doc:"Probability that an element of the state is dropped before the recurrent kernel, in all steps alike."`
	Seed             uint64  `arg:"seed" doc:"Seed of the dropout masks; by default they come from the model's seed."`

	ReturnSequences bool `arg:"return_sequences" doc:"Whether the outputs of all steps are returned, and not the last alone."`
	ReturnState     bool `arg:"return_state" doc:"Whether the last state is returned behind the output."`
	Backwards       bool `arg:"go_backwards" doc:"Whether it goes from the last step to the first; the outputs are then in that order."`
	Stateful        bool `arg:"stateful" doc:"Whether a batch begins with the state in which the last one ended."`
	Unroll          bool `arg:"unroll" doc:"Accepted, and of no effect: the steps are always written down one by one."`
	ZeroOutput      bool `arg:"zero_output_for_mask" doc:"Whether the output is 0 in steps that a mask leaves out, and not the last one."`

	Name   string `arg:"name" doc:"The layer's name."`
	Frozen bool   `arg:"!trainable" doc:"Whether training changes the layer's variables."`
}

func (l SimpleRNN) recurrent() recurrent {
	var cell SimpleRNNCell
	take(&cell, l)
	cell.Name = ""
	r := recurrent{Cell: cell, cellName: "simple_rnn_cell"}
	take(&r, l)
	return r
}

// BuildMulti builds the cell, see SimpleRNNCell.
func (l SimpleRNN) BuildMulti(s *Scope, in []prog.Shape) ([]prog.Shape, error) {
	return l.recurrent().build(s, in)
}

// LowerMulti goes through the sequence.
func (l SimpleRNN) LowerMulti(c *Call, x []prog.Buf) []prog.Buf { return l.recurrent().lower(c, x) }

// InputNames are Keras's.
func (SimpleRNN) InputNames() []string { return recurrentInputs }

// LSTM goes through a sequence [T, features] with a long short-term memory (Hochreiter and Schmidhuber 1997). With the
// four parts i, f, c̃, o of z = x·kernel + h·recurrent_kernel + bias, and σ the recurrent activation:
//
//	c' = σ(f)·c + σ(i)·activation(c̃)
//	h' = σ(o)·activation(c')
//
// h and c are its state, and h is what it returns. keras/src/layers/rnn/lstm.py
type LSTM struct {
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
	ActivityReg      Regularizer `arg:"activity_regularizer" doc:"Penalty on what is returned, added to the loss."`

	KernelConstraint    Constraint `arg:"kernel_constraint" doc:"What the kernel is held to after each step."`
	RecurrentConstraint Constraint `arg:"recurrent_constraint" doc:"What the recurrent kernel is held to after each step."`
	BiasConstraint      Constraint `arg:"bias_constraint" doc:"What the bias is held to after each step."`

	Dropout          float64 `arg:"dropout" min:"0" below:"1" doc:"Probability that a feature of the input is dropped, in all steps alike."`
	RecurrentDropout float64 `arg:"recurrent_dropout" min:"0" below:"1" doc:"Probability that an element of the state is dropped before the recurrent kernel, in all steps alike."`
	Seed             uint64  `arg:"seed" doc:"Seed of the dropout masks; by default they come from the model's seed."`

	ReturnSequences bool `arg:"return_sequences" doc:"Whether the outputs of all steps are returned, and not the last alone."`
	ReturnState     bool `arg:"return_state" doc:"Whether the last state is returned behind the output."`
	Backwards       bool `arg:"go_backwards" doc:"Whether it goes from the last step to the first; the outputs are then in that order."`
	Stateful        bool `arg:"stateful" doc:"Whether a batch begins with the state in which the last one ended."`
	Unroll          bool `arg:"unroll" doc:"Accepted, and of no effect: the steps are always written down one by one."`
	ZeroOutput      bool `arg:"zero_output_for_mask" doc:"Whether the output is 0 in steps that a mask leaves out, and not the last one."`

	Name   string `arg:"name" doc:"The layer's name."`
	Frozen bool   `arg:"!trainable" doc:"Whether training changes the layer's variables."`
}

func (l LSTM) recurrent() recurrent {
	var cell LSTMCell
	take(&cell, l)
	cell.Name = ""
	r := recurrent{Cell: cell, cellName: "lstm_cell"}
	take(&r, l)
	return r
}

// BuildMulti builds the cell, see LSTMCell.
func (l LSTM) BuildMulti(s *Scope, in []prog.Shape) ([]prog.Shape, error) {
	return l.recurrent().build(s, in)
}

// LowerMulti goes through the sequence.
func (l LSTM) LowerMulti(c *Call, x []prog.Buf) []prog.Buf { return l.recurrent().lower(c, x) }

// InputNames are Keras's.
func (LSTM) InputNames() []string { return recurrentInputs }

// GRU goes through a sequence [T, features] with gated recurrent units (Cho et al. 2014). With the three parts of
// x·kernel + bias and of h·recurrent_kernel + recurrent bias, and σ the recurrent activation:
//
//	z = σ(x_z + h_z); r = σ(x_r + h_r)
//	h' = z·h + (1-z)·activation(x_h + r·h_h)
//
// With ResetBefore the last part is (r·h)·recurrent_kernel_h instead, and there is one bias. h is its state, and
// what it returns. keras/src/layers/rnn/gru.py
type GRU struct {
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
	ActivityReg   Regularizer `arg:"activity_regularizer" doc:"Penalty on what is returned, added to the loss."`

	KernelConstraint    Constraint `arg:"kernel_constraint" doc:"What the kernel is held to after each step."`
	RecurrentConstraint Constraint `arg:"recurrent_constraint" doc:"What the recurrent kernel is held to after each step."`
	BiasConstraint      Constraint `arg:"bias_constraint" doc:"What the bias is held to after each step."`

	Dropout          float64 `arg:"dropout" min:"0" below:"1" doc:"Probability that a feature of the input is dropped, in all steps alike."`
	RecurrentDropout float64 `arg:"recurrent_dropout" min:"0" below:"1" doc:"Probability that an element of the state is dropped before the recurrent kernel, in all steps alike."`
	ResetBefore      bool    `arg:"!reset_after" doc:"Whether the reset gate acts behind the recurrent kernel, which then has a bias of its own."`
	Seed             uint64  `arg:"seed" doc:"Seed of the dropout masks; by default they come from the model's seed."`

	ReturnSequences bool `arg:"return_sequences" doc:"Whether the outputs of all steps are returned, and not the last alone."`
	ReturnState     bool `arg:"return_state" doc:"Whether the last state is returned behind the output."`
	Backwards       bool `arg:"go_backwards" doc:"Whether it goes from the last step to the first; the outputs are then in that order."`
	Stateful        bool `arg:"stateful" doc:"Whether a batch begins with the state in which the last one ended."`
	Unroll          bool `arg:"unroll" doc:"Accepted, and of no effect: the steps are always written down one by one."`
	ZeroOutput      bool `arg:"zero_output_for_mask" doc:"Whether the output is 0 in steps that a mask leaves out, and not the last one."`

	Name   string `arg:"name" doc:"The layer's name."`
	Frozen bool   `arg:"!trainable" doc:"Whether training changes the layer's variables."`
}

func (l GRU) recurrent() recurrent {
	var cell GRUCell
	take(&cell, l)
	cell.Name = ""
	r := recurrent{Cell: cell, cellName: "gru_cell"}
	take(&r, l)
	return r
}

// BuildMulti builds the cell, see GRUCell.
func (l GRU) BuildMulti(s *Scope, in []prog.Shape) ([]prog.Shape, error) {
	return l.recurrent().build(s, in)
}

// LowerMulti goes through the sequence.
func (l GRU) LowerMulti(c *Call, x []prog.Buf) []prog.Buf { return l.recurrent().lower(c, x) }

// InputNames are Keras's.
func (GRU) InputNames() []string { return recurrentInputs }
