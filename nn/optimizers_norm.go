package nn

import (
	"math"
	"strings"

	"github.com/tabgrad/tabgrad/nn/prog"
)

// The optimizers of this file are written down in ops: those that look at a variable as a whole, at its norm or
// as a matrix, for each variable.

// Lamb is Adam with steps in the ratio of the weights' norm to that of the step, variable by variable, for
// large batches (You et al. 2020).
type Lamb struct {
	LearningRate float64  `arg:"learning_rate" default:"0.001" min:"0" doc:"Learning rate η."`
	Schedule     Schedule `or:"learning_rate"`
	Beta1        float64  `arg:"beta_1" default:"0.9" min:"0" below:"1" doc:"Share β₁ of the mean that is kept."`
	Beta2        float64  `arg:"beta_2" default:"0.999" min:"0" below:"1" doc:"Share β₂ of the mean square that is kept."`
	Epsilon      float64  `arg:"epsilon" default:"1e-7" min:"0" doc:"Added to the root."`
	WeightDecay  float64  `arg:"weight_decay" null:"0" min:"0" doc:"The share of each weight that a step at learning rate 1 takes off it."`
	OptimizerOptions
}

// Adafactor is Adam without a mean, and for matrices with a mean square of rows and one of columns in place
// of one of each number, so that it remembers little (Shazeer and Stern 2018). The learning rate falls as 1/√t at
// least, and steps are in the ratio of the weights' size.
type Adafactor struct {
	LearningRate  float64  `arg:"learning_rate" default:"0.001" min:"0" doc:"Learning rate η."`
	Schedule      Schedule `or:"learning_rate"`
	Beta2Decay    float64  `arg:"beta_2_decay" default:"-0.8" max:"0" doc:"The power of t by which a step counts less in the mean squares."`
	Epsilon1      float64  `arg:"epsilon_1" default:"1e-30" min:"0" doc:"Added to squares."`
	Epsilon2      float64  `arg:"epsilon_2" default:"1e-3" min:"0" doc:"The least size that weights count as."`
	ClipThreshold float64  `arg:"clip_threshold" default:"1" above:"0" doc:"The largest size of a step at learning rate 1."`
	Absolute      bool     `arg:"!relative_step" doc:"Whether the learning rate falls with the steps. As in Keras, it does all the same where this is false."`
	WeightDecay   float64  `arg:"weight_decay" null:"0" min:"0" doc:"The share of each weight that a step at learning rate 1 takes off it."`
	OptimizerOptions
}

// Muon makes the momentum of each matrix nearly orthogonal before it steps along it, by Newton and Schulz's
// iteration (Jordan et al. 2024). Variables that are no matrices, embeddings, and those of Exclude go by Adam.
type Muon struct {
	LearningRate float64  `arg:"learning_rate" default:"0.001" min:"0" doc:"Learning rate η."`
	Schedule     Schedule `or:"learning_rate"`
	Beta1        float64  `arg:"adam_beta_1" default:"0.9" min:"0" below:"1" doc:"Adam's share of the mean that is kept."`
	Beta2        float64  `arg:"adam_beta_2" default:"0.999" min:"0" below:"1" doc:"Adam's share of the mean square that is kept."`
	AdamDecay    float64  `arg:"adam_weight_decay" default:"0.004" null:"0" min:"0" doc:"The weight decay of what goes by Adam."`
	Epsilon      float64  `arg:"epsilon" default:"1e-7" min:"0" doc:"Added to Adam's root."`
	Exclude      []string `arg:"exclude_layers" doc:"Variables that have one of these in their names go by Adam: the last layer's."`
	Embeddings   bool     `arg:"!exclude_embeddings" doc:"Whether embeddings go by Adam."`
	A            float64  `arg:"muon_a" default:"3.4445" doc:"a of x·a + (b·xxᵀ + c·xxᵀxxᵀ)·x, which is iterated."`
	B            float64  `arg:"muon_b" default:"-4.775" doc:"b of it."`
	C            float64  `arg:"muon_c" default:"2.0315" doc:"c of it."`
	AdamRatio    float64  `arg:"adam_lr_ratio" default:"1" min:"0" doc:"Adam's learning rate divided by the other."`
	Momentum     float64  `arg:"momentum" default:"0.95" min:"0" max:"1" doc:"Share μ of the last momentum that is kept."`
	Steps        int      `arg:"ns_steps" default:"5" min:"1" doc:"How often is iterated."`
	Plain        bool     `arg:"!nesterov" doc:"Whether the gradient is taken one momentum ahead."`
	RMSRate      float64  `arg:"rms_rate" default:"0.2" null:"0" min:"0" doc:"Steps are this times the root of the longer side; null: steps as they are."`
	WeightDecay  float64  `arg:"weight_decay" default:"0.004" null:"0" min:"0" doc:"The share of each weight that a step at learning rate 1 takes off it."`
	OptimizerOptions
}

// ScheduleFreeAdamW needs no schedule: it takes Adam's steps without a mean, from where the weights began, and the
// weights are between where these have led and the average of all that they led to (Defazio et al. 2024).
type ScheduleFreeAdamW struct {
	LearningRate float64  `arg:"learning_rate" default:"0.0025" min:"0" doc:"Learning rate η."`
	Schedule     Schedule `or:"learning_rate"`
	Beta1        float64  `arg:"beta_1" default:"0.9" above:"0" max:"1" doc:"Share β₁ of the average in the weights."`
	Beta2        float64  `arg:"beta_2" default:"0.999" min:"0" below:"1" doc:"Share β₂ of the mean square that is kept."`
	Epsilon      float64  `arg:"epsilon" default:"1e-8" min:"0" doc:"Added to the root."`
	Warmup       int      `arg:"warmup_steps" min:"0" doc:"The steps in which the learning rate rises to η."`
	WeightDecay  float64  `arg:"weight_decay" null:"0" min:"0" doc:"The share of each weight that a step at learning rate 1 takes off it."`
	OptimizerOptions
}

// Settings are the learning rate and the options.
func (o ScheduleFreeAdamW) Settings() Settings {
	return Settings{o.LearningRate, o.Schedule, o.OptimizerOptions}
}

// Settings are the learning rate and the options.
func (o Lamb) Settings() Settings { return Settings{o.LearningRate, o.Schedule, o.OptimizerOptions} }

// Settings are the learning rate and the options.
func (o Adafactor) Settings() Settings {
	return Settings{o.LearningRate, o.Schedule, o.OptimizerOptions}
}

// Settings are the learning rate and the options.
func (o Muon) Settings() Settings { return Settings{o.LearningRate, o.Schedule, o.OptimizerOptions} }

// Method is Adam's step, u = m/(√v + β) with the bias corrections in α and β, times ‖w‖/‖u‖.
func (o Lamb) Method(string, prog.Shape) Method {
	return Method{
		WeightDecay: o.WeightDecay,
		Slots:       []Slot{{Name: "momentum"}, {Name: "velocity"}},
		Single:      true,
		Hyper: func(rate float64, t uint64) prog.Hyper {
			root := math.Sqrt(1 - power(o.Beta2, t))
			return prog.Hyper{Rate: rate, A: root / (1 - power(o.Beta1, t)), B: o.Epsilon * root}
		},
		Lower: func(b *prog.Builder, r *Run) {
			rate, decay, _, alpha, beta := r.Numbers(b)
			g, m, v := r.Gradient(b), r.Slots[0], r.Slots[1]
			blend(b, m, g, 1-o.Beta1, 1-o.Beta1)
			blend(b, v, b.Unary(prog.Square, g), 1-o.Beta2, 1-o.Beta2)
			u := b.Div(m, b.Add(b.Unary(prog.Sqrt, v), beta))
			size := b.Mul(norm(b, r.Param), b.Affine(decay, -1, 1))
			length := b.Mul(norm(b, u), alpha)
			both := b.Mul(b.Binary(prog.Greater, size, b.Fill(0)), b.Binary(prog.Greater, length, b.Fill(0)))
			ratio := b.Select(both, b.Div(size, length), b.Fill(1))
			descend(b, r.Param, u, b.Mul(b.Mul(ratio, rate), alpha), decay)
		},
	}
}

// norm is the root of the sum of squares.
func norm(b *prog.Builder, x prog.Buf) prog.Buf {
	return b.Unary(prog.Sqrt, b.Reduce(prog.SumSquares, x, false))
}

// Method is u = g/√v, clipped, times the size of w; for a matrix v is the product of the rows' and the
// columns' mean squares, divided by their mean.
func (o Adafactor) Method(_ string, shape prog.Shape) Method {
	m := Method{
		WeightDecay: o.WeightDecay,
		Slots:       []Slot{{Name: "velocity"}},
		Single:      true,
		Hyper: func(rate float64, t uint64) prog.Hyper {
			kept := 1 - realPower(float64(t), o.Beta2Decay)
			return prog.Hyper{Rate: min(rate, 1/math.Sqrt(float64(t))), A: kept, B: 1 - kept}
		},
		Lower: o.lower,
	}
	if n := len(shape); n >= 2 {
		rows, columns := shape[:n-1], append(append(prog.Shape{}, shape[:n-2]...), shape[n-1])
		m.Slots = []Slot{{Name: "r", Shape: rows}, {Name: "c", Shape: columns}}
	}
	return m
}

func (o Adafactor) lower(b *prog.Builder, r *Run) {
	rate, decay, _, kept, fresh := r.Numbers(b)
	g := r.Gradient(b)
	squares := b.Affine(b.Unary(prog.Square, g), 1, o.Epsilon1)
	follow := func(slot, x prog.Buf) { descend(b, slot, x, b.Unary(prog.Neg, fresh), b.Affine(kept, -1, 1)) }
	v := r.Slots[0]
	if len(r.Slots) == 1 {
		follow(v, squares)
	} else {
		rows, columns := r.Slots[0], r.Slots[1]
		follow(rows, b.Reduce(prog.Mean, squares, false, -1))
		follow(columns, b.Reduce(prog.Mean, squares, false, -2))
		share := b.Div(rows, b.Reduce(prog.Mean, rows, true, -1))
		v = b.Mul(b.Reshape(share, append(append([]int{}, b.Shape(rows)...), 1)...), inserted(b, columns, -2))
	}
	u := b.Mul(g, b.Unary(prog.Rsqrt, v))
	limit := b.Binary(prog.Maximum, b.Affine(rootMeanSquare(b, u), 1/o.ClipThreshold, 0), b.Fill(1))
	size := b.Mul(rootMeanSquare(b, r.Param), b.Affine(decay, -1, 1))
	size = b.Binary(prog.Maximum, size, b.Fill(o.Epsilon2))
	descend(b, r.Param, u, b.Div(b.Mul(size, rate), limit), decay)
}

func rootMeanSquare(b *prog.Builder, x prog.Buf) prog.Buf {
	return b.Affine(norm(b, x), 1/math.Sqrt(float64(max(1, b.Shape(x).Size()))), 0)
}

// inserted is x with a dimension of 1 more, the one that axis is then, counted from the end.
func inserted(b *prog.Builder, x prog.Buf, axis int) prog.Buf {
	s := b.Shape(x)
	if b.Err() != nil {
		return prog.None
	}
	at := len(s) + 1 + axis
	shape := append(append(append([]int{}, s[:at]...), 1), s[at:]...)
	return b.Reshape(x, shape...)
}

// Method is Adam's for what is no matrix, an embedding or excluded, else a step along the momentum m = μm + g
// (with Nesterov's g + μm), made nearly orthogonal.
func (o Muon) Method(name string, shape prog.Shape) Method {
	byAdam := len(shape) != 2 || !o.Embeddings && strings.Contains(strings.ToLower(name), "embedding")
	for _, part := range o.Exclude {
		byAdam = byAdam || strings.Contains(name, part)
	}
	if byAdam {
		m := Adam{Beta1: o.Beta1, Beta2: o.Beta2, Epsilon: o.Epsilon, WeightDecay: o.AdamDecay}.Method(name, shape)
		hyper := m.Hyper
		m.Kind, m.Hyper = 1, func(rate float64, t uint64) prog.Hyper { return hyper(rate*o.AdamRatio, t) }
		return m
	}
	factor := 1.0
	if o.RMSRate != 0 {
		factor = o.RMSRate * math.Sqrt(float64(max(shape[0], shape[1])))
	}
	return Method{
		WeightDecay: o.WeightDecay,
		Slots:       []Slot{{Name: "momentum"}},
		Single:      true,
		Hyper:       func(rate float64, _ uint64) prog.Hyper { return prog.Hyper{Rate: rate} },
		Lower: func(b *prog.Builder, r *Run) {
			rate, decay, _, _, _ := r.Numbers(b)
			g, x := r.Gradient(b), r.Slots[0]
			blend(b, x, g, 1-o.Momentum, 1)
			if !o.Plain {
				x = b.Add(g, b.Affine(x, o.Momentum, 0))
			}
			descend(b, r.Param, o.orthogonal(b, x, shape[0] > shape[1]), b.Affine(rate, factor, 0), decay)
		},
	}
}

// orthogonal is x with singular values near 1, of the same singular vectors. It is computed of the transpose
// where that is the wider one.
func (o Muon) orthogonal(b *prog.Builder, x prog.Buf, tall bool) prog.Buf {
	if tall {
		x = b.Transpose(x, 1, 0)
	}
	x = b.Div(x, b.Affine(norm(b, x), 1, epsilon))
	for range o.Steps {
		square := b.MatMul(x, x, false, true)
		s := b.Add(b.Affine(square, o.B, 0), b.Affine(b.MatMul(square, square, false, false), o.C, 0))
		x = b.Add(b.Affine(x, o.A, 0), b.MatMul(s, x, false, false))
	}
	if tall {
		x = b.Transpose(x, 1, 0)
	}
	return x
}

// Method: with the share α = 1/t of this step in the average, z' = z - ηg/(√(v/(1-β₂ᵗ)) + ε) and
// w' = (1-α)(w - (1-β₁)z) + (1-β₁+αβ₁)z', where z is w at first. (The average is x = (w - (1-β₁)z)/β₁.)
func (o ScheduleFreeAdamW) Method(string, prog.Shape) Method {
	return Method{
		WeightDecay: o.WeightDecay,
		Slots:       []Slot{{Name: "momentum"}, {Name: "velocity"}},
		Hyper: func(rate float64, t uint64) prog.Hyper {
			if o.Warmup > 0 {
				rate *= min(float64(t)/float64(o.Warmup), 1)
			}
			root := math.Sqrt(1 - power(o.Beta2, t))
			return prog.Hyper{Rate: rate * root, A: 1 / float64(t), B: o.Epsilon * root}
		},
		Lower: func(b *prog.Builder, r *Run) {
			rate, decay, _, alpha, beta := r.Numbers(b)
			g, z, v := r.Gradient(b), r.Slots[0], r.Slots[1]
			blend(b, v, b.Unary(prog.Square, g), 1-o.Beta2, 1-o.Beta2)
			first := b.Binary(prog.Equal, alpha, b.Fill(1))
			descend(b, z, r.Param, b.Unary(prog.Neg, first), first)
			old := b.Affine(alpha, -1, 1)
			moved := b.Mul(z, b.Affine(old, o.Beta1-1, 0))
			descend(b, z, b.Div(g, b.Add(b.Unary(prog.Sqrt, v), beta)), rate, b.Fill(0))
			moved = b.Add(moved, b.Mul(z, b.Affine(alpha, o.Beta1, 1-o.Beta1)))
			kept := b.Mul(old, b.Affine(decay, -1, 1))
			descend(b, r.Param, moved, b.Fill(-1), b.Affine(kept, -1, 1))
		},
	}
}
