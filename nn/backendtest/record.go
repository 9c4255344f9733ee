package backendtest

import (
	"hash/fnv"
	"math"
	"math/rand/v2"

	"github.com/tabgrad/tabgrad/nn/prog"
)

// A Case is a small program for one op or a few. All its numbers follow from its name.
type Case struct {
	Name string
	// Terms is the length of the longest sum behind an element; the tolerance grows with it.
	Terms int
	// Loose multiplies the tolerance, where a function is steep; 0 means 1.
	Loose float64
	// Rough: derivatives do not exist, or are not finite, at the case's inputs, so that differences
	// cannot check them. The backends' gradients are still compared.
	Rough bool
	// Vars are the shapes of the store's variables.
	Vars []prog.Shape
	// Steps is how often the program runs, 0 for once.
	Steps int
	// Record declares inputs with the Recorder and returns the result, which becomes an output
	// together with the gradients of all Params; or None where Record says itself what is read.
	Record func(r *Recorder) prog.Buf
}

// A Write is what a buffer holds before the first run.
type Write struct {
	Buf    prog.Buf
	Values []float32
}

// A Recording is a program not yet built, with its inputs' values and the buffers to compare.
type Recording struct {
	Builder *prog.Builder
	Writes  []Write
	Reads   []prog.Buf
	// Loss is the scalar that was differentiated, and Grads the gradients of Params; Loss is None
	// where there is none.
	Loss          prog.Buf
	Params, Grads []prog.Buf
	Steps         int
}

// Recording records c from the beginning: two calls give programs with the same buffers.
func (c *Case) Recording() *Recording {
	h := fnv.New64a()
	h.Write([]byte(c.Name))
	var store *prog.Store
	if len(c.Vars) > 0 {
		store = &prog.Store{}
		for _, s := range c.Vars {
			store.Add("v", s)
		}
	}
	r := &Recorder{
		Builder: prog.NewBuilder(c.Name, store),
		Rand:    rand.New(rand.NewPCG(h.Sum64(), 1)),
		rec:     &Recording{Loss: prog.None, Steps: max(1, c.Steps)},
	}
	r.rec.Builder = r.Builder
	if out := c.Record(r); out != prog.None {
		r.Result(out)
		r.differentiate(out)
	}
	return r.rec
}

// A Recorder is the Builder that a Case records on, with inputs that have values.
type Recorder struct {
	*prog.Builder
	Rand *rand.Rand
	rec  *Recording
}

// In is an input with values of g.
func (r *Recorder) In(g Generator, shape ...int) prog.Buf {
	return r.Fixed(r.values(g, shape), shape...)
}

func (r *Recorder) values(g Generator, shape prog.Shape) []float32 {
	values := make([]float32, shape.Size())
	g(r.Rand, values)
	return values
}

// Fixed is an input with the given values.
func (r *Recorder) Fixed(values []float32, shape ...int) prog.Buf {
	x := r.Input("in"+string(rune('a'+len(r.rec.Writes))), shape...)
	r.rec.Writes = append(r.rec.Writes, Write{x, values})
	return x
}

// Param is an input whose gradient is wanted.
func (r *Recorder) Param(g Generator, shape ...int) prog.Buf {
	x := r.In(g, shape...)
	r.rec.Params = append(r.rec.Params, x)
	return x
}

// Variable is variable i of the store, with values of g before the first run. It is compared after
// the last.
func (r *Recorder) Variable(i int, g Generator) prog.Buf {
	x := r.Var(i)
	r.rec.Writes = append(r.rec.Writes, Write{x, r.values(g, r.Shape(x))})
	r.rec.Reads = append(r.rec.Reads, x)
	return x
}

// Result makes x an output that is compared, and returns the output.
func (r *Recorder) Result(x prog.Buf) prog.Buf {
	out := r.Output("out"+string(rune('a'+len(r.rec.Reads))), x)
	r.rec.Reads = append(r.rec.Reads, out)
	return out
}

// differentiate makes the gradients of Σ out·dy, for dy of random numbers, results too.
func (r *Recorder) differentiate(out prog.Buf) {
	if len(r.rec.Params) == 0 {
		return
	}
	dy := r.In(Signed, r.Shape(out)...)
	loss := r.Reduce(prog.Sum, r.Mul(out, dy), false)
	r.rec.Loss = r.Output("loss", loss)
	for _, g := range prog.Grad(r.Builder, loss, r.rec.Params) {
		r.rec.Grads = append(r.rec.Grads, r.Result(g))
	}
}

// A Generator fills an input with numbers.
type Generator func(rng *rand.Rand, values []float32)

// Signed: uniform in [-1, 1).
func Signed(rng *rand.Rand, values []float32) {
	for i := range values {
		values[i] = 2*rng.Float32() - 1
	}
}

// Positive: uniform in [0.1, 2).
func Positive(rng *rand.Rand, values []float32) {
	for i := range values {
		values[i] = 0.1 + 1.9*rng.Float32()
	}
}

// Probability: uniform in [0.02, 0.98).
func Probability(rng *rand.Rand, values []float32) {
	for i := range values {
		values[i] = 0.02 + 0.96*rng.Float32()
	}
}

// OffZero: of either sign, 0.05 to 2 in size, so that no difference quotient crosses a kink at 0.
func OffZero(rng *rand.Rand, values []float32) {
	for i := range values {
		values[i] = (0.05 + 1.95*rng.Float32()) * float32(1-2*rng.IntN(2))
	}
}

// OffWhole: in [-3, 3), at least 0.05 from whole numbers and halves, where rounding jumps.
func OffWhole(rng *rand.Rand, values []float32) {
	for i := range values {
		values[i] = float32(rng.IntN(12)-6)/2 + 0.05 + 0.4*rng.Float32()
	}
}

// Apart: no two within 0.01 of each other or of 0, so that the order of any two is safe from small
// changes. In [-1, 1] for up to 200 values.
func Apart(rng *rand.Rand, values []float32) {
	for i, j := range rng.Perm(len(values)) {
		values[i] = float32(math.Max(0.01, 2/float64(len(values)+1))) * (float32(j-len(values)/2) + 0.5)
	}
}

// Tied: small whole numbers, so that many are equal.
func Tied(rng *rand.Rand, values []float32) {
	for i := range values {
		values[i] = float32(rng.IntN(4) - 1)
	}
}

// Below: whole numbers in [0, n).
func Below(n int) Generator {
	return func(rng *rand.Rand, values []float32) {
		for i := range values {
			values[i] = float32(rng.IntN(n))
		}
	}
}

// Between: uniform in [lo, hi).
func Between(lo, hi float32) Generator {
	return func(rng *rand.Rand, values []float32) {
		for i := range values {
			values[i] = lo + (hi-lo)*rng.Float32()
		}
	}
}

// Values: the given ones, over and over.
func Values(v ...float32) Generator {
	return func(_ *rand.Rand, values []float32) {
		for i := range values {
			values[i] = v[i%len(v)]
		}
	}
}
