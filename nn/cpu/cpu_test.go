package cpu_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/tabgrad/tabgrad/nn/cpu"
	"github.com/tabgrad/tabgrad/nn/prog"
)

func TestLoadErrors(t *testing.T) {
	b := prog.NewBuilder("huge", nil)
	for i := range 40 {
		b.Input(fmt.Sprint("x", i), 1<<29) // 2 GiB each
	}
	p, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := cpu.New[float32](cpu.Options{}).Load(p); !errors.Is(err, prog.ErrMemory) {
		t.Errorf("80 GiB: error %v, wanted ErrMemory", err)
	}

	// A store that grows while it is in use would leave its programs with different variables.
	s := &prog.Store{}
	s.Add("w", prog.Shape{2})
	program := func() *prog.Program {
		b := prog.NewBuilder("store", s)
		b.Output("y", b.Unary(prog.Neg, b.Var(0)))
		p, err := b.Build()
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	backend := cpu.New[float32](cpu.Options{})
	e, err := backend.Load(program())
	if err != nil {
		t.Fatal(err)
	}
	s.Add("late", prog.Shape{3})
	if _, err := backend.Load(program()); !errors.Is(err, prog.ErrProgram) {
		t.Errorf("grown store: error %v, wanted ErrProgram", err)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	if e, err = backend.Load(program()); err != nil {
		t.Fatalf("after Close: %v", err)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}

	// Not an op of the table.
	q := program()
	q.Ops[0].Code = 200
	if _, err := backend.Load(q); !errors.Is(err, prog.ErrUnsupported) {
		t.Errorf("op 200: error %v, wanted ErrUnsupported", err)
	}
}

// The two element types are two precisions of the same Exec.
func TestFloat64KeepsItsDigits(t *testing.T) {
	const v = 1.0 / 3
	b := prog.NewBuilder("third", nil)
	x := b.Input("x", 1)
	y := b.Output("y", b.Unary(prog.Neg, x))
	p, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	double, err := cpu.New[float64](cpu.Options{}).Load(p)
	if err != nil {
		t.Fatal(err)
	}
	single, err := cpu.New[float32](cpu.Options{}).Load(p)
	if err != nil {
		t.Fatal(err)
	}
	if got := negate(t, double.(*cpu.Exec[float64]), x, y, v); got != -v {
		t.Errorf("float64: -%v is %v", v, got)
	}
	if got := negate(t, single.(*cpu.Exec[float32]), x, y, v); got != -float64(float32(v)) {
		t.Errorf("float32: -%v is %v", v, got)
	}
}

func negate[T cpu.Float](t *testing.T, e *cpu.Exec[T], x, y prog.Buf, v float64) float64 {
	t.Helper()
	out := []float64{v}
	if err := errors.Join(e.WriteFloat64(x, out), e.Run(), e.ReadFloat64(y, out), e.Close()); err != nil {
		t.Fatal(err)
	}
	return out[0]
}

func TestRegistered(t *testing.T) {
	b, err := prog.NewDefault()
	if err != nil || b.Name() != "cpu" {
		t.Errorf("the default backend is %v, error %v", b, err)
	}
	if name := cpu.New[float64](cpu.Options{}).Name(); name != "cpu float64" {
		t.Errorf("the name of the float64 backend is %q", name)
	}
}
