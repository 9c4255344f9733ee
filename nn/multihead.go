package nn

import (
	"math"
	"slices"

	"github.com/tabgrad/tabgrad/nn/prog"
)

// MultiHeadAttention attends with several heads at once (Vaswani et al. 2017). Its inputs are query [T, D], value
// [S, ...], and perhaps key [S, ...], by default the value, and an attention_mask [T, S], [heads, T, S] or with ones in
// their place, which is 0 where a step of the query does not see one of the value (to give one, give the key too).
// Each head has projections of its own: softmax(q·kᵀ/√KeyDim)·v, whose results are joined and projected to the
// output [T, D]. Masks of the inputs are applied, and the query's goes on to the output. It is applied with
// use_causal_mask, so that no step sees values behind it, and with return_attention_scores, which returns the
// softmax [heads, T, S] too. keras/src/layers/attention/multi_head_attention.py
type MultiHeadAttention struct {
	Multi
	Heads    int     `arg:"num_heads" required:"yes" min:"1" doc:"Number of heads."`
	KeyDim   int     `arg:"key_dim" required:"yes" min:"1" doc:"Size of a head's query and key."`
	ValueDim int     `arg:"value_dim" min:"0" null:"0" doc:"Size of a head's value; by default key_dim."`
	Dropout  float64 `arg:"dropout" min:"0" below:"1" doc:"Probability that a score is dropped in training."`
	NoBias   bool    `arg:"!use_bias" doc:"Whether the projections have biases."`
	Output   []int   `arg:"output_shape" min:"1" axes:"yes" doc:"The output's shape behind its steps; by default the query's."`
	Axes     []int   `arg:"attention_axes" axes:"yes" doc:"The dimension that attention is over: 1, the steps, is the only one."`
	Window   int     `arg:"sliding_window" min:"0" null:"0" doc:"How many steps away, and less than that, a step sees others; by default it sees all."`
	UseGate  bool    `arg:"use_gate" doc:"Whether a sigmoid of a projection of the query is multiplied with what is found."`

	KernelInit  Initializer `arg:"kernel_initializer" default:"glorot_uniform" doc:"What the kernels begin as."`
	BiasInit    Initializer `arg:"bias_initializer" default:"zeros" doc:"What the biases begin as."`
	KernelReg   Regularizer `arg:"kernel_regularizer" doc:"Penalty on each kernel, added to the loss."`
	BiasReg     Regularizer `arg:"bias_regularizer" doc:"Penalty on each bias, added to the loss."`
	ActivityReg Regularizer `arg:"activity_regularizer" doc:"Penalty on each projection's result, added to the loss."`

	KernelConstraint Constraint `arg:"kernel_constraint" doc:"What each kernel is held to after each step."`
	BiasConstraint   Constraint `arg:"bias_constraint" doc:"What each bias is held to after each step."`

	Seed   uint64 `arg:"seed" doc:"Seed of the dropout masks; by default they come from the model's seed."`
	Name   string `arg:"name" doc:"The layer's name."`
	Frozen bool   `arg:"!trainable" doc:"Whether training changes the layer's variables."`
}

// GroupQueryAttention is [MultiHeadAttention] in which several heads of the query share a head of key and value
// (Ainslie et al. 2023). keras/src/layers/attention/grouped_query_attention.py
type GroupQueryAttention struct {
	Multi
	KeyDim  int     `arg:"head_dim" required:"yes" min:"1" doc:"Size of a head."`
	Heads   int     `arg:"num_query_heads" required:"yes" min:"1" doc:"Number of heads of the query."`
	Shared  int     `arg:"num_key_value_heads" required:"yes" min:"1" doc:"Number of heads of key and value, a divisor of the query's."`
	Dropout float64 `arg:"dropout" min:"0" below:"1" doc:"Probability that a score is dropped in training."`
	NoBias  bool    `arg:"!use_bias" doc:"Whether the projections have biases."`
	Window  int     `arg:"sliding_window" min:"0" null:"0" doc:"How many steps away, and less than that, a step sees others; by default it sees all."`
	UseGate bool    `arg:"use_gate" doc:"Whether a sigmoid of a projection of the query is multiplied with what is found."`

	KernelInit  Initializer `arg:"kernel_initializer" default:"glorot_uniform" doc:"What the kernels begin as."`
	BiasInit    Initializer `arg:"bias_initializer" default:"zeros" doc:"What the biases begin as."`
	KernelReg   Regularizer `arg:"kernel_regularizer" doc:"Penalty on each kernel, added to the loss."`
	BiasReg     Regularizer `arg:"bias_regularizer" doc:"Penalty on each bias, added to the loss."`
	ActivityReg Regularizer `arg:"activity_regularizer" doc:"Penalty on each projection's result, added to the loss."`

	KernelConstraint Constraint `arg:"kernel_constraint" doc:"What each kernel is held to after each step."`
	BiasConstraint   Constraint `arg:"bias_constraint" doc:"What each bias is held to after each step."`

	Seed   uint64 `arg:"seed" doc:"Seed of the dropout masks; by default they come from the model's seed."`
	Name   string `arg:"name" doc:"The layer's name."`
	Frozen bool   `arg:"!trainable" doc:"Whether training changes the layer's variables."`
}

// headed is what both have in common.
type headed struct {
	_                                [0]func() // see Multi
	Heads, Shared, KeyDim, ValueDim  int
	Dropout                          float64
	NoBias, UseGate                  bool
	Output                           []int
	Window                           int
	KernelInit, BiasInit             Initializer
	KernelReg, BiasReg, ActivityReg  Regularizer
	KernelConstraint, BiasConstraint Constraint
	Seed                             uint64
}

func (l MultiHeadAttention) headed() headed {
	var h headed
	take(&h, l)
	h.Shared = h.Heads
	if h.ValueDim == 0 {
		h.ValueDim = h.KeyDim
	}
	return h
}

func (l GroupQueryAttention) headed() headed {
	var h headed
	take(&h, l)
	h.ValueDim = h.KeyDim
	return h
}

var headedInputs = []string{"query", "value", "key", "attention_mask"}

// BuildMulti declares query/kernel [D, Heads, KeyDim], query/bias [Heads, KeyDim], the same of key, of gate where there is
// one, and of value, with ValueDim, and attention_output/kernel [Heads, ValueDim, ...] and attention_output/bias.
func (l MultiHeadAttention) BuildMulti(s *Scope, in []prog.Shape) ([]prog.Shape, error) {
	if l.Axes != nil && !slices.Equal(l.Axes, []int{1}) && !slices.Equal(l.Axes, []int{-2}) {
		return nil, fail(ErrConfig, "attention_axes is %v, and only the default is supported: 1, the steps of a sequence", l.Axes)
	}
	return l.headed().build(s, in)
}

// LowerMulti attends.
func (l MultiHeadAttention) LowerMulti(c *Call, x []prog.Buf) []prog.Buf {
	return l.headed().lower(c, x)
}

// InputNames are Keras's.
func (MultiHeadAttention) InputNames() []string { return headedInputs }

// ArgNames are Keras's.
func (MultiHeadAttention) ArgNames() []string { return attentionArgs }

// BuildMulti declares what MultiHeadAttention does, with num_key_value_heads for key and value.
func (l GroupQueryAttention) BuildMulti(s *Scope, in []prog.Shape) ([]prog.Shape, error) {
	if l.Heads%l.Shared != 0 {
		return nil, fail(ErrConfig, "num_key_value_heads is %d, wanted a divisor of num_query_heads, %d", l.Shared, l.Heads)
	}
	return l.headed().build(s, in)
}

// LowerMulti attends.
func (l GroupQueryAttention) LowerMulti(c *Call, x []prog.Buf) []prog.Buf {
	return l.headed().lower(c, x)
}

// InputNames are Keras's.
func (GroupQueryAttention) InputNames() []string { return headedInputs }

// ArgNames are Keras's.
func (GroupQueryAttention) ArgNames() []string { return attentionArgs }

// projection declares a kernel and a bias.
func (h *headed) projection(s *Scope, name string, in, out []int) {
	s.Var(name+"/kernel", append(slices.Clone(in), out...), h.KernelInit, h.KernelReg)
	s.Constrain(h.KernelConstraint)
	if !h.NoBias {
		s.Var(name+"/bias", slices.Clone(out), h.BiasInit, h.BiasReg)
		s.Constrain(h.BiasConstraint)
	}
}

func (h headed) build(s *Scope, in []prog.Shape) ([]prog.Shape, error) {
	if len(in) < 2 || len(in) > 4 {
		return nil, fail(ErrConfig, "got %d inputs, wanted a query and a value, and perhaps a key and an attention_mask", len(in))
	}
	for i, x := range in[:min(3, len(in))] {
		if len(x) != 2 || x[0] == 0 {
			return nil, fail(ErrShape, "%s is %v, wanted a sequence [steps, features]", headedInputs[i], x)
		}
	}
	query, value, key := in[0], in[1], in[1]
	if len(in) > 2 {
		key = in[2]
	}
	if value[0] != key[0] {
		return nil, fail(ErrShape, "wanted a value and a key of as many steps")
	}
	if len(in) > 3 {
		want := prog.Shape{h.Heads, query[0], value[0]}
		if all, ok := prog.BroadcastShape(in[3], want); len(in[3]) < 2 || len(in[3]) > 3 || !ok || !all.Equal(want) {
			return nil, fail(ErrShape, "attention_mask is %v, wanted %v or %v, or ones in their place", in[3], want[1:], want)
		}
	}
	h.projection(s, "query", []int{query[1]}, []int{h.Heads, h.KeyDim})
	h.projection(s, "key", []int{key[1]}, []int{h.Shared, h.KeyDim})
	if h.UseGate {
		h.projection(s, "gate", []int{query[1]}, []int{h.Heads, h.ValueDim})
	}
	h.projection(s, "value", []int{value[1]}, []int{h.Shared, h.ValueDim})
	out := h.Output
	if out == nil {
		out = []int{query[1]}
	}
	h.projection(s, "attention_output", []int{h.Heads, h.ValueDim}, out)
	outs := []prog.Shape{append(prog.Shape{query[0]}, out...)}
	if given, _ := s.Arg("return_attention_scores").(bool); given {
		outs = append(outs, prog.Shape{h.Heads, query[0], value[0]})
	}
	return outs, nil
}

// A projector projects with one kernel and bias after another.
type projector struct {
	*headed
	c    *Call
	next int // variable
}

// project is x [N, T, in] projected to the kernel's other dimensions, joined: [N, T, out].
func (p *projector) project(x prog.Buf) prog.Buf {
	kernel := p.c.Var(p.next)
	p.next++
	features := p.c.Shape(x).Last()
	y := p.c.MatMul(p.c.Reshape(x, -1, features), p.c.Reshape(kernel, features, -1), false, false)
	if !p.NoBias {
		y = p.c.Add(y, p.c.Reshape(p.c.Var(p.next), -1))
		p.next++
	}
	if p.c.Err() != nil {
		return prog.None
	}
	return p.c.Reshape(y, p.c.Shape(x)[0], p.c.Shape(x)[1], -1)
}

// heads is project with its result cut into heads, [N, heads, T, dim].
func (p *projector) heads(x prog.Buf, heads int) prog.Buf {
	y := p.c.activity(p.ActivityReg, p.project(x))
	if p.c.Err() != nil {
		return prog.None
	}
	s := p.c.Shape(y)
	return p.c.Transpose(p.c.Reshape(y, s[0], s[1], heads, -1), 0, 2, 1, 3)
}

func (h headed) lower(c *Call, x []prog.Buf) []prog.Buf {
	if c.Err() != nil {
		return []prog.Buf{prog.None}
	}
	key := x[1]
	if len(x) > 2 {
		key = x[2]
	}
	p := &projector{&h, c, 0}
	q := c.Affine(p.heads(x[0], h.Heads), 1/math.Sqrt(float64(h.KeyDim)), 0)
	k := p.heads(key, h.Shared)
	gate := prog.None
	if h.UseGate {
		gate = c.activity(h.ActivityReg, c.Unary(prog.Sigmoid, p.project(x[0])))
	}
	v := p.heads(x[1], h.Shared)
	n, t, s := c.batch(q), c.Ins()[0][0], c.Ins()[1][0]
	// Heads that share a key and a value lie behind one another, so that they are as many more steps.
	scores := c.Reshape(c.MatMul(c.Reshape(q, n, h.Shared, -1, h.KeyDim), k, false, true), n, h.Heads, t, s)
	attention := h.softmax(c, scores, x)
	dropped := attention
	if c.Training && h.Dropout > 0 {
		dropped = c.Mul(attention, c.Random(prog.Keep, h.Dropout, 0, h.Seed, c.Shape(attention)))
	}
	found := c.MatMul(c.Reshape(dropped, n, h.Shared, -1, s), v, false, false)
	y := c.Reshape(c.Transpose(c.Reshape(found, n, h.Heads, t, h.ValueDim), 0, 2, 1, 3), n, t, -1)
	if h.UseGate {
		y = c.Mul(y, gate)
	}
	y = c.activity(h.ActivityReg, c.Reshape(p.project(y), append([]int{n}, c.Outs()[0]...)...))
	c.SetMask(0, c.Mask(0))
	return []prog.Buf{y, attention}[:len(c.Outs())]
}

// softmax is that of the scores [N, Heads, T, S] that the masks leave. Where they leave nothing of a row Keras has all
// scores the same, and 0 where it drops or returns them.
func (h headed) softmax(c *Call, scores prog.Buf, x []prog.Buf) prog.Buf {
	t, s := c.Ins()[0][0], c.Ins()[1][0]
	mask := prog.None
	and := func(m prog.Buf, shape ...int) {
		if m = c.Reshape(m, shape...); mask == prog.None {
			mask = m
		} else {
			mask = c.Mul(mask, m)
		}
	}
	if m := c.Mask(0); m != prog.None {
		and(m, -1, 1, t, 1)
	}
	for i := 1; i < min(3, len(x)); i++ {
		if m := c.Mask(i); m != prog.None {
			and(m, -1, 1, 1, s)
		}
	}
	if len(x) > 3 {
		own := c.Ins()[3]
		shape := append([]int{c.batch(x[3]), 1}, own...)
		if len(own) == 3 {
			shape = append(shape[:1], own...)
		}
		and(c.Affine(c.Binary(prog.Equal, x[3], c.Fill(0)), -1, 1), shape...)
	}
	const never = -1e30 // e to the power of that is 0, and it swallows what it is added to
	causal, _ := c.Arg("use_causal_mask").(bool)
	if causal || h.Window > 0 {
		sees := band(t, s, causal, h.Window)
		sighted := true // all of them see something
		for i := range t {
			sighted = sighted && slices.Contains(sees[i*s:(i+1)*s], 1)
		}
		if mask == prog.None && sighted { // then all that there is to do is one addition
			for i, one := range sees {
				sees[i] = (1 - one) * never
			}
			return c.Softmax(c.Add(scores, c.Const(sees, 1, 1, t, s)))
		}
		and(c.Const(sees, t, s), 1, 1, t, s)
	}
	if mask == prog.None {
		return c.Softmax(scores)
	}
	p := c.Softmax(c.Add(c.Binary(prog.Where, scores, mask), c.Affine(mask, -never, never)))
	if h.Dropout > 0 || len(c.Outs()) > 1 {
		p = c.Binary(prog.Where, p, mask)
	}
	return p
}
