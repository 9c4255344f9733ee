package backendtest

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/tabgrad/tabgrad/nn/cpu"
	"github.com/tabgrad/tabgrad/nn/prog"
)

// Options says what a backend is excused from.
type Options struct {
	// Unsupported are beginnings of the names of cases that the backend cannot run: Load must then
	// return an error that wraps prog.ErrUnsupported, and must not for any other case.
	Unsupported []string
	// Programs is the number of random programs, 0 for 400.
	Programs int
}

// Run holds the backend that open returns against the definition: every Case, random programs, and
// the contract of prog.Exec. open is called once for each part.
func Run(t *testing.T, open func() prog.Backend, o Options) {
	t.Run("Cases", func(t *testing.T) {
		backend := open()
		for _, c := range Cases() {
			t.Run(c.Name, func(t *testing.T) {
				RunCase(t, backend, c, o)
			})
		}
	})
	t.Run("RandomPrograms", func(t *testing.T) {
		backend := open()
		n := o.Programs
		if n == 0 {
			n = 400
		}
		for seed := range n {
			RunCase(t, backend, RandomCase(uint64(seed)), o)
		}
	})
	t.Run("Contract", func(t *testing.T) { runContract(t, open()) })
}

// RandomCase is the random program of a seed as a Case.
func RandomCase(seed uint64) Case {
	return Case{
		Name: fmt.Sprintf("Random program %d", seed), Terms: 500, Loose: 4,
		Vars: randomVars,
		Record: func(r *Recorder) prog.Buf {
			rng := rand.New(rand.NewPCG(seed, 0))
			return r.RandomProgram(rng.IntN)
		},
		Steps: 2,
	}
}

// RunCase runs c on the backend, fused and plain, and compares what it computes with the plain
// program on nn/cpu in float64.
func RunCase(t *testing.T, backend prog.Backend, c Case, o Options) {
	t.Helper()
	plainRec, fusedRec := c.Recording(), c.Recording()
	plain, err := plainRec.Builder.BuildPlain()
	if err != nil {
		t.Fatal(err)
	}
	fused, err := fusedRec.Builder.Build()
	if err != nil {
		t.Fatal(err)
	}
	want, err := Reference(plain, plainRec)
	if err != nil {
		t.Fatal(err)
	}
	excused := false
	for _, name := range o.Unsupported {
		excused = excused || strings.HasPrefix(c.Name, name)
	}
	refused := false
	for _, p := range []*prog.Program{plain, fused} {
		e, err := backend.Load(p)
		if err != nil && errors.Is(err, prog.ErrUnsupported) && excused {
			refused = true
			continue
		}
		if err != nil {
			t.Fatalf("%s: Load: %v\n%v", backend.Name(), err, p)
		}
		if err := runAndCompare(e, p, plainRec, want, &c); err != nil {
			t.Errorf("%s: %s: %v\n%v", backend.Name(), c.Name, err, p)
		}
		if err := e.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	}
	if excused && !refused {
		t.Errorf("%s is listed as unsupported, but runs", c.Name)
	}
}

// Reference is what the program's Reads hold after its Steps, computed by nn/cpu in float64.
func Reference(p *prog.Program, rec *Recording) ([][]float64, error) {
	loaded, err := cpu.New[float64](cpu.Options{Procs: 1}).Load(p)
	if err != nil {
		return nil, err
	}
	defer loaded.Close()
	e := loaded.(*cpu.Exec[float64])
	if err := write(e, rec); err != nil {
		return nil, err
	}
	for range rec.Steps {
		if err := e.Run(); err != nil {
			return nil, err
		}
	}
	var out [][]float64
	for _, b := range rec.Reads {
		v := make([]float64, p.Shape(b).Size())
		if err := e.ReadFloat64(b, v); err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

func write(e prog.Exec, rec *Recording) error {
	for _, w := range rec.Writes {
		if err := e.Write(w.Buf, w.Values); err != nil {
			return err
		}
	}
	return nil
}

func readAll(e prog.Exec, p *prog.Program, bufs []prog.Buf) ([][]float32, error) {
	var out [][]float32
	for _, b := range bufs {
		v := make([]float32, p.Shape(b).Size())
		if err := e.Read(b, v); err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

func runAndCompare(e prog.Exec, p *prog.Program, rec *Recording, want [][]float64, c *Case) error {
	var first [][]float32
	// The second time nothing may depend on what the first left in the arena: same bits.
	for range 2 {
		if err := write(e, rec); err != nil {
			return err
		}
		for range rec.Steps {
			if err := e.Run(); err != nil {
				return err
			}
		}
		got, err := readAll(e, p, rec.Reads)
		if err != nil {
			return err
		}
		if first == nil {
			first = got
		}
		for i, b := range rec.Reads {
			for j := range got[i] {
				if math.Float32bits(got[i][j]) != math.Float32bits(first[i][j]) && !(isNaN(got[i][j]) && isNaN(first[i][j])) {
					return fmt.Errorf("%s%v[%d] is %v, but %v when run again from the same inputs",
						p.Bufs[b].Name, p.Shape(b), j, first[i][j], got[i][j])
				}
			}
		}
	}
	for i, b := range rec.Reads {
		if j, tolerance := c.mismatch(first[i], want[i]); j >= 0 {
			return fmt.Errorf("%s%v[%d] is %v, wanted %v (tolerance %.3g)",
				p.Bufs[b].Name, p.Shape(b), j, first[i][j], want[i][j], tolerance)
		}
	}
	for _, w := range rec.Writes {
		if p.Bufs[w.Buf].Kind != prog.Input {
			continue
		}
		got := make([]float32, len(w.Values))
		if err := e.Read(w.Buf, got); err != nil {
			return err
		}
		for j, v := range w.Values {
			if math.Float32bits(got[j]) != math.Float32bits(v) && !isNaN(v) {
				return fmt.Errorf("input %s[%d] was written as %v and is now %v", p.Bufs[w.Buf].Name, j, v, got[j])
			}
		}
	}
	return nil
}

func isNaN(v float32) bool { return v != v }

// mismatch is the first element of got that is further from want than the tolerance, which it also
// returns; -1 for none. NaN equals only NaN, an infinity only itself.
//
// The tolerance is the rounding of Terms additions of numbers the size of the largest element, or of
// the element itself where nothing is added up.
func (c *Case) mismatch(got []float32, want []float64) (int, float64) {
	largest := 0.0
	if c.Terms > 1 {
		for _, w := range want {
			if w = math.Abs(w); w <= math.MaxFloat32 {
				largest = max(largest, w)
			}
		}
	}
	const rounding = 1.0 / (1 << 24)
	for i, w := range want {
		g := float64(got[i])
		tolerance := rounding * float64(16+4*c.Terms) * max(1, c.Loose) * (1 + max(largest, math.Abs(w)))
		switch w32 := float64(float32(w)); {
		case math.IsNaN(w) || math.IsNaN(g):
			if math.IsNaN(w) != math.IsNaN(g) {
				return i, tolerance
			}
		case math.IsInf(w32, 0) || math.IsInf(g, 0):
			if g != w32 {
				return i, tolerance
			}
		case math.Abs(g-w) > tolerance:
			return i, tolerance
		}
	}
	return -1, 0
}
