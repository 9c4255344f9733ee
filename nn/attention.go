package nn

import "github.com/tabgrad/tabgrad/nn/prog"

// Attention looks up each step of a query [Tq, D] in the keys [Tv, D], and returns what it finds of the values
// [Tv, Dv]: softmax(query·keyᵀ)·value (Luong et al. 2015). Its inputs are query, value and key; without a key the
// value is the key. What the value's mask leaves out is not looked up, and what the query's mask leaves
// out gives 0. It is applied with use_causal_mask, so that no step sees values behind it, and with
// return_attention_scores, which returns the softmax [Tq, Tv] too. keras/src/layers/attention/attention.py
type Attention struct {
	Multi
	UseScale  bool    `arg:"use_scale" doc:"Whether the scores are multiplied by a number that is learnt."`
	ScoreMode string  `arg:"score_mode" default:"dot" oneof:"dot,concat" doc:"Scores are query·key; with concat the sum of tanh(query + key), times a number that is learnt."`
	Dropout   float64 `arg:"dropout" min:"0" below:"1" doc:"Probability that a score is dropped in training."`
	Seed      uint64  `arg:"seed" doc:"Seed of the dropout masks; by default they come from the model's seed."`

	Name   string `arg:"name" doc:"The layer's name."`
	Frozen bool   `arg:"!trainable" doc:"Whether training changes the layer's variables."`
}

// AdditiveAttention is [Attention] whose scores are Σ scale·tanh(query + key) (Bahdanau et al. 2015).
// keras/src/layers/attention/additive_attention.py
type AdditiveAttention struct {
	Multi
	NoScale bool    `arg:"!use_scale" doc:"Whether the features are weighted by a vector that is learnt."`
	Dropout float64 `arg:"dropout" min:"0" below:"1" doc:"Probability that a score is dropped in training."`
	Seed    uint64  `arg:"seed" doc:"Seed of the dropout masks; by default they come from the model's seed."`

	Name   string `arg:"name" doc:"The layer's name."`
	Frozen bool   `arg:"!trainable" doc:"Whether training changes the layer's variables."`
}

// attended are the shapes of what an attention layer returns.
func attended(s *Scope, in []prog.Shape) ([]prog.Shape, error) {
	if len(in) < 2 || len(in) > 3 {
		return nil, fail(ErrConfig, "got %d inputs, wanted a query and a value, and perhaps a key", len(in))
	}
	for i, x := range in {
		if len(x) != 2 || x[0] == 0 {
			return nil, fail(ErrShape, "%s is %v, wanted a sequence [steps, features]", attentionInputs[i], x)
		}
	}
	query, value, key := in[0], in[1], in[len(in)-1]
	if query[1] != key[1] || value[0] != key[0] {
		return nil, fail(ErrShape, "wanted a key of the query's features and the value's steps, [%d,%d]", value[0], query[1])
	}
	outs := []prog.Shape{{query[0], value[1]}}
	if given, _ := s.Arg("return_attention_scores").(bool); given {
		outs = append(outs, prog.Shape{query[0], value[0]})
	}
	return outs, nil
}

var attentionInputs = []string{"query", "value", "key"}

// attend finishes a layer whose scores are [N, Tq, Tv].
func attend(c *Call, x []prog.Buf, scores prog.Buf, dropout float64, seed uint64) []prog.Buf {
	mask := prog.None // of the scores, 1 for what counts
	if m := c.Mask(1); m != prog.None {
		mask = c.Reshape(m, c.batch(m), 1, -1)
	}
	if causal, _ := c.Arg("use_causal_mask").(bool); causal && c.Err() == nil {
		s := c.Shape(scores)
		past := c.Const(band(s[1], s[2], true, 0), 1, s[1], s[2])
		if mask == prog.None {
			mask = past
		} else {
			mask = c.Mul(mask, past)
		}
	}
	if mask != prog.None {
		scores = c.Add(scores, c.Affine(mask, 1e9, -1e9))
	}
	p := c.Softmax(scores)
	if c.Training && dropout > 0 {
		p = c.Mul(p, c.Random(prog.Keep, dropout, 0, seed, c.Shape(p)))
	}
	y := c.MatMul(p, x[1], false, false)
	if m := c.Mask(0); m != prog.None {
		y = c.Binary(prog.Where, y, alongside(c.Builder, m, y))
		c.SetMask(0, m)
	}
	return []prog.Buf{y, p}[:len(c.Outs())]
}

// band is a mask [t, s] of which step sees which: with causal none behind its own, and with a window of w more
// than 0 none that is w or more away.
func band(t, s int, causal bool, w int) []float32 {
	mask := make([]float32, t*s)
	for i := range t {
		for j := range s {
			if (!causal || j <= i) && (w == 0 || j-i < w && i-j < w) {
				mask[i*s+j] = 1
			}
		}
	}
	return mask
}

// pairs is query + key for all pairs of steps, [N, Tq, Tv, D].
func pairs(c *Call, query, key prog.Buf) prog.Buf {
	if c.Err() != nil {
		return prog.None
	}
	q, k := c.Shape(query), c.Shape(key)
	return c.Add(c.Reshape(query, q[0], q[1], 1, q[2]), c.Reshape(key, k[0], 1, k[1], k[2]))
}

// BuildMulti declares scale [] and concat_score_weight [], where there are such.
func (l Attention) BuildMulti(s *Scope, in []prog.Shape) ([]prog.Shape, error) {
	outs, err := attended(s, in)
	if err != nil {
		return nil, err
	}
	if l.UseScale {
		s.Var("scale", prog.Shape{}, Ones{}, nil)
	}
	if l.ScoreMode == "concat" {
		s.Var("concat_score_weight", prog.Shape{}, Ones{}, nil)
	}
	return outs, nil
}

// LowerMulti attends.
func (l Attention) LowerMulti(c *Call, x []prog.Buf) []prog.Buf {
	scale := func(b prog.Buf) prog.Buf {
		if l.UseScale {
			return c.Mul(b, c.Var(0))
		}
		return b
	}
	var scores prog.Buf
	if l.ScoreMode == "concat" {
		weight := c.Var(len(c.app.of.vars) - 1)
		scores = c.Mul(c.Reduce(prog.Sum, c.Unary(prog.Tanh, scale(pairs(c, x[0], x[len(x)-1]))), false, -1), weight)
	} else {
		scores = scale(c.MatMul(x[0], x[len(x)-1], false, true))
	}
	return attend(c, x, scores, l.Dropout, l.Seed)
}

// InputNames are Keras's.
func (Attention) InputNames() []string { return attentionInputs }

// ArgNames are Keras's.
func (Attention) ArgNames() []string { return attentionArgs }

var attentionArgs = []string{"use_causal_mask", "return_attention_scores"}

// BuildMulti declares scale [D], where there is one.
func (l AdditiveAttention) BuildMulti(s *Scope, in []prog.Shape) ([]prog.Shape, error) {
	outs, err := attended(s, in)
	if err == nil && !l.NoScale {
		s.Var("scale", prog.Shape{in[0][1]}, GlorotUniform{}, nil)
	}
	return outs, err
}

// LowerMulti attends.
func (l AdditiveAttention) LowerMulti(c *Call, x []prog.Buf) []prog.Buf {
	sum := c.Unary(prog.Tanh, pairs(c, x[0], x[len(x)-1]))
	if !l.NoScale {
		sum = c.Mul(sum, c.Var(0))
	}
	return attend(c, x, c.Reduce(prog.Sum, sum, false, -1), l.Dropout, l.Seed)
}

// InputNames are Keras's.
func (AdditiveAttention) InputNames() []string { return attentionInputs }

// ArgNames are Keras's.
func (AdditiveAttention) ArgNames() []string { return attentionArgs }
