package nn

import (
	"slices"

	"github.com/tabgrad/tabgrad/nn/prog"
)

// CategoryEncoding makes vectors of category numbers, 0 to Tokens-1: "one_hot" a vector for each number,
// "multi_hot" one with a 1 for each number that a sample has, "count" how often it has each. Of a second
// input, count_weights, a count adds up what belongs to each number. Other numbers have no part in it.
type CategoryEncoding struct {
	Multi
	Tokens int    `arg:"num_tokens" required:"yes" min:"1" doc:"How many categories there are."`
	Output string `arg:"output_mode" default:"multi_hot" oneof:"one_hot,multi_hot,count" doc:"What the vectors say."`
	Name   string `arg:"name" doc:"The layer's name."`
}

// BuildMulti returns the vectors' shape.
func (l CategoryEncoding) BuildMulti(_ *Scope, in []prog.Shape) ([]prog.Shape, error) {
	if len(in) > 2 {
		return nil, fail(ErrConfig, "got %d inputs, wanted category numbers, and at most weights for them", len(in))
	}
	if len(in) == 2 && l.Output != "count" {
		return nil, fail(ErrConfig, "got count_weights, which are for the output_mode count, not %s", l.Output)
	}
	if len(in) == 2 && !in[1].Equal(in[0]) {
		return nil, fail(ErrShape, "wanted count_weights of the shape of the category numbers")
	}
	out, err := encoding{l.Output, l.Tokens}.shape(in[0])
	return []prog.Shape{out}, err
}

// LowerMulti encodes.
func (l CategoryEncoding) LowerMulti(c *Call, x []prog.Buf) []prog.Buf {
	weights := prog.None
	if len(x) > 1 {
		weights = x[1]
	}
	return []prog.Buf{encoding{l.Output, l.Tokens}.lower(c, x[0], weights)}
}

// InputNames are Keras's.
func (CategoryEncoding) InputNames() []string { return []string{"inputs", "count_weights"} }

// An encoding is an output_mode and the number of categories.
type encoding struct {
	mode  string
	depth int
}

// exactly is up to where float32 has every whole number.
const exactly = 1 << 24

// shape is what becomes of a sample.
func (e encoding) shape(in prog.Shape) (prog.Shape, error) {
	switch {
	case e.mode == "int":
		return in, nil
	case e.depth > exactly:
		return nil, fail(ErrConfig, "there are %d categories, wanted at most %d, as many as float32 numbers exactly", e.depth, exactly)
	case e.mode == "one_hot":
		if len(in) > 0 && in.Last() == 1 {
			in = in[:len(in)-1]
		}
		return append(slices.Clone(in), e.depth), nil
	case len(in) != 1:
		return nil, fail(ErrShape, "input is %v, wanted a list of numbers for the output_mode %s", in, e.mode)
	}
	return prog.Shape{e.depth}, nil
}

// lower encodes category numbers; weights of the same shape, or None, are what a count adds up.
func (e encoding) lower(c *Call, index, weights prog.Buf) prog.Buf {
	s := c.Shape(index)
	switch {
	case e.mode == "int" || c.Err() != nil:
		return index
	case e.mode == "one_hot":
		if len(s) > 1 && s.Last() == 1 {
			s = s[:len(s)-1]
		}
		numbers := make([]float32, e.depth)
		for i := range numbers {
			numbers[i] = float32(i)
		}
		return c.Binary(prog.Equal, c.Reshape(index, append(slices.Clone(s), 1)...), c.Const(numbers, e.depth))
	}
	if weights == prog.None {
		weights = c.Fill(1, s...)
	}
	y := e.count(c, index, weights)
	if e.mode == "multi_hot" {
		y = c.Binary(prog.Minimum, y, c.Fill(1))
	}
	return y
}

// count adds up the weights [N, L] of each category of each sample: [N, depth]. They are scattered into all samples' categories
// one behind another, in stretches of as many as a float32 numbers exactly.
func (e encoding) count(c *Call, index, weights prog.Buf) prog.Buf {
	s := c.Shape(index)
	known := c.Mul(c.Binary(prog.GreaterEqual, index, c.Fill(0)), c.Binary(prog.Less, index, c.Fill(float64(e.depth))))
	per := max(1, exactly/e.depth)
	var parts []prog.Buf
	for from := 0; from < s[0] && c.Err() == nil; from += per {
		part := prog.Shape{min(per, s[0]-from), s[1]}
		cut := func(x prog.Buf) prog.Buf { return c.Slice(x, []int{from, 0}, part) }
		first := make([]float32, part[0]) // of each sample's places
		for i := range first {
			first[i] = float32(i * e.depth)
		}
		place := c.Select(cut(known), c.Add(cut(index), c.Const(first, part[0], 1)), c.Fill(-1))
		counts := c.ScatterAdd(c.Reshape(place, -1), c.Reshape(cut(weights), -1), prog.Shape{part[0] * e.depth})
		parts = append(parts, c.Reshape(counts, part[0], e.depth))
	}
	if len(parts) == 1 {
		return parts[0]
	}
	return c.Concat(0, parts...)
}

// Discretization makes numbers of the ranges that its input lies in: with boundaries b, 0 below b[0], 1 from b[0] to below b[1],
// and so on, as a number ("int") or as CategoryEncoding encodes it. The boundaries are an argument, or the
// quantiles of the data that the layer is adapted to ([Adapt]), which make Bins ranges of about as many numbers.
type Discretization struct {
	Boundaries []float64 `arg:"bin_boundaries" doc:"Where the ranges begin, but the first; ascending."`
	Bins       int       `arg:"num_bins" min:"2" null:"0" doc:"How many ranges to find in the data that the layer is adapted to."`
	Epsilon    float64   `arg:"epsilon" default:"0.01" min:"1e-6" max:"1" doc:"How exact the quantiles are: the share of the data that they may be off by."`
	Output     string    `arg:"output_mode" default:"int" oneof:"int,one_hot,multi_hot,count" doc:"What is said of the ranges."`
	Name       string    `arg:"name" doc:"The layer's name."`
}

// Build returns the encoded shape.
func (l Discretization) Build(_ *Scope, in prog.Shape) (prog.Shape, error) {
	if len(l.Boundaries) == 0 {
		return nil, fail(ErrConfig, "bin_boundaries is missing: give it, or num_bins and adapt the layer to data")
	}
	if !slices.IsSorted(l.Boundaries) {
		return nil, fail(ErrConfig, "bin_boundaries is %s, wanted ascending numbers", show(l.Boundaries))
	}
	return l.encoding().shape(in)
}

func (l Discretization) encoding() encoding { return encoding{l.Output, len(l.Boundaries) + 1} }

// Lower counts the boundaries that each number reaches.
func (l Discretization) Lower(c *Call, x prog.Buf) prog.Buf {
	reached := c.Binary(prog.GreaterEqual, c.Reshape(x, append(slices.Clone(c.Shape(x)), 1)...), c.row(l.Boundaries))
	return l.encoding().lower(c, c.Reduce(prog.Sum, reached, false, -1), prog.None)
}

// Learner makes Discretization an Adapter.
func (l Discretization) Learner(prog.Shape) (Learner, error) {
	if l.Bins == 0 {
		return nil, fail(ErrConfig, "num_bins is missing, wanted how many ranges to find")
	}
	return &quantileLearner{layer: l}, nil
}
