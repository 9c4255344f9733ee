package backendtest

import (
	"errors"
	"slices"
	"testing"

	"github.com/tabgrad/tabgrad/nn/prog"
)

// runContract checks what prog.Backend and prog.Exec promise besides the ops' values.
func runContract(t *testing.T, backend prog.Backend) {
	if backend.Name() == "" {
		t.Error("the backend has no name")
	}
	t.Run("Access", func(t *testing.T) { contractAccess(t, backend) })
	t.Run("Store", func(t *testing.T) { contractStore(t, backend) })
	t.Run("Inputs", func(t *testing.T) { contractInputs(t, backend) })
	t.Run("Close", func(t *testing.T) { contractClose(t, backend) })
}

// counter is a program over a store of two variables: count += by, out = 2·count, and other is left
// alone. It returns the buffers of both variables, the input and the output.
func counter(t *testing.T, name string, s *prog.Store) (p *prog.Program, count, other, by, out prog.Buf) {
	t.Helper()
	b := prog.NewBuilder(name, s)
	count, other, by = b.Var(0), b.Var(1), b.Input("by", 3)
	sum := b.Add(count, by)
	out = b.Output("out", b.Affine(sum, 2, 0))
	b.Assign(count, sum)
	p, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	return p, count, other, by, out
}

func newStore() *prog.Store {
	s := &prog.Store{}
	s.Add("count", prog.Shape{3})
	s.Add("other", prog.Shape{2, 2})
	return s
}

func load(t *testing.T, backend prog.Backend, p *prog.Program) prog.Exec {
	t.Helper()
	e, err := backend.Load(p)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func expect(t *testing.T, e prog.Exec, b prog.Buf, want ...float32) {
	t.Helper()
	got := make([]float32, len(want))
	must(t, e.Read(b, got))
	if !slices.Equal(got, want) {
		t.Errorf("buffer %d is %v, wanted %v", b, got, want)
	}
}

func contractAccess(t *testing.T, backend prog.Backend) {
	p, count, other, by, out := counter(t, "access", newStore())
	e := load(t, backend, p)
	defer e.Close()
	temp := prog.None
	for i, b := range p.Bufs {
		if b.Kind == prog.Temp {
			temp = prog.Buf(i)
		}
	}
	if temp == prog.None {
		t.Fatalf("no temporary in\n%v", p)
	}
	three, four := make([]float32, 3), make([]float32, 4)
	for _, c := range []struct {
		what string
		err  error
	}{
		{"write to an output", e.Write(out, three)},
		{"write to a temporary", e.Write(temp, three)},
		{"read of a temporary", e.Read(temp, three)},
		{"short write", e.Write(by, three[:2])},
		{"long write", e.Write(by, four)},
		{"short read", e.Read(out, three[:2])},
		{"long read of a variable", e.Read(count, four)},
		{"write to no buffer", e.Write(prog.None, three)},
		{"read beyond the buffers", e.Read(prog.Buf(len(p.Bufs)), three)},
	} {
		if !errors.Is(c.err, prog.ErrAccess) {
			t.Errorf("%s: error %v, wanted ErrAccess", c.what, c.err)
		}
	}
	// Nothing of the above did anything.
	must(t, e.Write(other, []float32{1, 2, 3, 4}))
	must(t, e.Write(by, []float32{1, 2, 3}))
	must(t, e.Run())
	expect(t, e, out, 2, 4, 6)
	expect(t, e, count, 1, 2, 3)
	expect(t, e, other, 1, 2, 3, 4)
	expect(t, e, by, 1, 2, 3)
}

func contractStore(t *testing.T, backend prog.Backend) {
	s := newStore()
	p, count, other, by, _ := counter(t, "first", s)
	q, count2, other2, by2, out2 := counter(t, "second", s)
	r, count3, _, _, _ := counter(t, "stranger", newStore())
	e := load(t, backend, p)
	expect(t, e, count, 0, 0, 0)
	must(t, e.Write(by, []float32{1, 2, 3}))
	must(t, e.Write(other, []float32{5, 6, 7, 8}))
	must(t, e.Run())

	// A program loaded later sees the same variables, and its changes are seen.
	f := load(t, backend, q)
	expect(t, f, count2, 1, 2, 3)
	expect(t, f, other2, 5, 6, 7, 8)
	must(t, f.Write(by2, []float32{10, 10, 10}))
	must(t, f.Run())
	expect(t, f, out2, 22, 24, 26)
	expect(t, e, count, 11, 12, 13)
	must(t, e.Run())
	expect(t, f, count2, 12, 14, 16)

	// Another store has its own values.
	g := load(t, backend, r)
	expect(t, g, count3, 0, 0, 0)
	must(t, g.Close())

	// The values live until the last Exec is closed, and then begin at zero again.
	must(t, e.Close())
	expect(t, f, count2, 12, 14, 16)
	must(t, f.Close())
	h := load(t, backend, p)
	expect(t, h, count, 0, 0, 0)
	expect(t, h, other, 0, 0, 0, 0)
	must(t, h.Close())
}

func contractInputs(t *testing.T, backend prog.Backend) {
	p, count, _, by, _ := counter(t, "inputs", newStore())
	e := load(t, backend, p)
	defer e.Close()
	src := []float32{1, 1, 1}
	must(t, e.Write(by, src))
	src[0] = 100 // Write has copied
	must(t, e.Run())
	must(t, e.Run())
	expect(t, e, count, 2, 2, 2)
	must(t, e.Write(by, []float32{0, 0, -3}))
	must(t, e.Run())
	expect(t, e, count, 2, 2, -1)
	must(t, e.Write(count, []float32{7, 8, 9}))
	must(t, e.Run())
	expect(t, e, count, 7, 8, 6)
}

func contractClose(t *testing.T, backend prog.Backend) {
	p, count, _, by, _ := counter(t, "close", newStore())
	e := load(t, backend, p)
	other := load(t, backend, p)
	must(t, e.Close())
	three := make([]float32, 3)
	for what, err := range map[string]error{"Run": e.Run(), "Write": e.Write(by, three), "Read": e.Read(count, three)} {
		if !errors.Is(err, prog.ErrClosed) {
			t.Errorf("%s after Close: error %v, wanted ErrClosed", what, err)
		}
	}
	must(t, e.Close()) // does nothing: the other Exec keeps the store
	must(t, other.Write(by, []float32{1, 2, 3}))
	must(t, other.Run())
	expect(t, other, count, 1, 2, 3)
	must(t, other.Close())

	// What is closed is free: many loads in a row find room.
	for range 50 {
		e := load(t, backend, p)
		must(t, e.Run())
		must(t, e.Close())
	}
}
