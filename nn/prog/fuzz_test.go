package prog_test

import (
	"errors"
	"math"
	"testing"

	"github.com/tabgrad/tabgrad/nn/cpu"
	"github.com/tabgrad/tabgrad/nn/prog"
)

// FuzzBuilder calls the Builder with whatever the bytes say, mostly nonsense: nothing may panic,
// every error wraps ErrProgram, and what builds can be run.
func FuzzBuilder(f *testing.F) {
	for i := range 24 {
		data := make([]byte, 60)
		for j := range data {
			data[j] = byte(i*31 + j*j*7)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := wild(data)
		if err != nil {
			if !errors.Is(err, prog.ErrProgram) {
				t.Errorf("error %v does not wrap ErrProgram", err)
			}
			return
		}
		if p.Arena > 1<<16 {
			return
		}
		e, err := cpu.New[float32](cpu.Options{Procs: 1}).Load(p)
		if err != nil {
			t.Fatalf("%v\n%v", err, p)
		}
		defer e.Close()
		if err := e.Run(); err != nil {
			t.Fatalf("%v\n%v", err, p)
		}
	})
}

// wild records and builds the program that the bytes describe.
func wild(data []byte) (*prog.Program, error) {
	next := func() int {
		if len(data) == 0 {
			return 0
		}
		v := int(data[0])
		data = data[1:]
		return v
	}
	extreme := []int{-1, -2, 1 << 20, 1 << 29, 1 << 31, 1 << 61, 1 << 62, math.MaxInt, math.MinInt, math.MaxInt - 1, math.MinInt + 3}
	number := func() int {
		if v := next(); v < 220 {
			return v % 6
		}
		return extreme[next()%len(extreme)]
	}
	ints := func(n int) []int {
		out := make([]int, n)
		for i := range out {
			out[i] = number()
		}
		return out
	}
	pair := func() [2]int { return [2]int{number(), number()} }
	s := &prog.Store{}
	s.Add("w", prog.Shape{2, 3})
	s.Add("m", prog.Shape{6})
	b := prog.NewBuilder("wild", s)
	bufs := []prog.Buf{b.Var(0), b.Var(1), b.Input("step", 2), b.Input("image", 2, 4, 5, 3)}
	pick := func() prog.Buf {
		v := next()
		if v == 255 {
			return prog.None
		}
		return bufs[v%len(bufs)]
	}
	keep := func(x prog.Buf) { bufs = append(bufs, x) }
	for i := 0; len(data) > 0 && b.Err() == nil && i < 20; i++ {
		x := pick()
		rank := len(b.Shape(x))
		switch next() % 32 {
		case 0:
			keep(b.Input("x", ints(next()%5)...))
		case 1:
			keep(b.MatMul(x, pick(), next()%2 == 0, next()%2 == 0))
		case 2:
			w := b.Input("w", number(), number(), 3, 1+next()%4)
			a := prog.ConvAttr{Stride: pair(), Dilation: pair(), Pad: [4]int(ints(4)), Groups: number()}
			if next()%2 == 0 {
				keep(b.Conv2D(x, w, a))
				break
			}
			a.In = pair()
			keep(b.Conv2DInputGrad(x, w, a))
		case 3:
			keep(b.Pool(x, prog.PoolAttr{Avg: next()%2 == 0, Window: pair(), Stride: pair(), Pad: [4]int(ints(4))}))
		case 4:
			fns := prog.Unaries()
			keep(b.UnaryConst(fns[next()%len(fns)], x, 0.5, 1))
		case 5:
			fns := prog.Binaries()
			keep(b.Binary(fns[next()%len(fns)], x, pick()))
		case 6:
			keep(b.Broadcast(x, ints(next()%5)))
		case 7:
			keep(b.Reduce(prog.ReduceFn(next()%3), x, next()%2 == 0, ints(next()%3)...))
		case 8:
			keep(b.ArgMax(x))
		case 9:
			keep(b.Softmax(x))
		case 10:
			keep(b.LogSoftmax(x))
		case 11:
			keep(b.Xent(x, pick(), next()%2 == 0))
		case 12:
			keep(b.SoftmaxXent(x, pick(), next()%2 == 0))
		case 13:
			keep(b.BinaryXent(x, pick()))
		case 14:
			keep(b.Gather(x, pick()))
		case 15:
			keep(b.Transpose(x, ints(rank)...))
		case 16:
			keep(b.Slice(x, ints(rank), ints(rank)))
		case 17:
			keep(b.Concat(number(), x, pick()))
		case 18:
			keep(b.Pad(x, ints(rank), ints(rank), 1))
		case 19:
			keep(b.Random(x, prog.RandomAttr{Dist: prog.Dist(next() % len(prog.Dists())), A: 0.5, Shape: ints(next() % 4)}))
		case 20:
			keep(b.Fill(2, ints(next()%4)...))
		case 21:
			keep(b.Reshape(x, ints(next()%5)...))
		case 22:
			keep(b.Pack(x, pick(), pick()))
		case 23:
			keep(b.Output("out", x))
		case 24:
			b.Assign(pick(), x)
		case 25:
			rule := prog.Rules()[next()%len(prog.Rules())]
			b.Update(prog.UpdateAttr{Rule: rule}, x, pick(), b.Input("hyper", prog.HyperSize), pick())
		case 26:
			keep(b.Const(make([]float32, next()%7), ints(next()%3)...))
		case 27:
			keep(b.Select(x, pick(), pick()))
		case 28:
			h, c := b.LSTMCell(x, pick(), pick(), pick(), pick())
			keep(h)
			keep(c)
		case 29:
			keep(b.GRUCell(x, pick(), pick(), pick()))
		case 30:
			for _, part := range b.Split(x, ints(next()%3), ints(next()%3)) {
				keep(part)
			}
		case 31:
			for _, g := range prog.Grad(b, x, []prog.Buf{pick(), pick()}) {
				keep(g)
			}
		}
	}
	if len(bufs) > 4 {
		b.Output("last", bufs[len(bufs)-1])
	}
	if next()%2 == 0 {
		return b.BuildPlain()
	}
	return b.Build()
}
