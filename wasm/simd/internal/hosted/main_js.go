// Command hosted runs the hosted backend in Node, for the tests of wasm/simd: hosted.mjs starts it
// as a page would. Its first argument says what to do; it prints what came out.
package main

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"time"

	"github.com/tabgrad/tabgrad/nn/prog"
	"github.com/tabgrad/tabgrad/wasm/simd"
	"github.com/tabgrad/tabgrad/wasm/simd/internal/training"
)

func main() {
	if err := run(os.Args[1]); err != nil {
		fmt.Println("error:", err)
		os.Exit(1)
	}
}

func run(what string) error {
	b, err := simd.NewHosted()
	if what == "none" { // the page has loaded no kernels
		if !errors.Is(err, prog.ErrUnsupported) {
			return fmt.Errorf("got %v, wanted ErrUnsupported", err)
		}
		fmt.Println("ok")
		return nil
	}
	if err != nil {
		return err
	}
	switch what {
	case "golden":
		_, _, hash, err := training.Golden(b)
		fmt.Println(b.Name(), hash)
		return err
	case "flat":
		return flat(b)
	case "full":
		return full(b)
	}
	return fmt.Errorf("no command %q", what)
}

// flat asserts that 2,000 steps allocate next to nothing, neither on Go's heap nor in the kernels'
// memory.
func flat(b *simd.Backend) error {
	p, err := training.SmallCNN(2).Build()
	if err != nil {
		return err
	}
	s, err := training.New(b, p, 1)
	if err != nil {
		return err
	}
	defer s.Exec.Close()
	if _, err := s.Step(0); err != nil {
		return err
	}
	size, used := b.MemoryBytes()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start := time.Now()
	const steps = 2000
	for n := range steps {
		if _, err := s.Step(n); err != nil {
			return err
		}
	}
	took := time.Since(start)
	runtime.ReadMemStats(&after)
	if s2, u2 := b.MemoryBytes(); s2 != size || u2 != used {
		return fmt.Errorf("the kernels' memory went from %d (%d used) to %d (%d used)", size, used, s2, u2)
	}
	if n := after.Mallocs - before.Mallocs; n > steps/10 {
		return fmt.Errorf("%d steps made %d allocations, %d bytes", steps, n, after.TotalAlloc-before.TotalAlloc)
	}
	fmt.Println("ok", took/steps)
	return nil
}

// full asserts that a memory that can't grow is an error, after which small programs run.
func full(b *simd.Backend) error {
	negation := func(n int) (*prog.Program, error) {
		r := prog.NewBuilder("negation", nil)
		r.Output("y", r.Unary(prog.Neg, r.Input("x", n)))
		return r.Build()
	}
	for _, c := range []struct {
		n    int
		want error
	}{{1000, nil}, {64 << 20, prog.ErrMemory}, {1 << 20, nil}, {1000, nil}} {
		p, err := negation(c.n)
		if err != nil {
			return err
		}
		e, err := b.Load(p)
		if !errors.Is(err, c.want) {
			return fmt.Errorf("%d elements: got %v, wanted %v", c.n, err, c.want)
		}
		if err != nil {
			continue
		}
		x := make([]float32, c.n)
		for i := range x {
			x[i] = float32(i)
		}
		if err := errors.Join(e.Write(p.Find("x"), x), e.Run(), e.Read(p.Find("y"), x)); err != nil {
			return err
		}
		for i, v := range x {
			if v != -float32(i) {
				return fmt.Errorf("-%d is %v", i, v)
			}
		}
		if err := e.Close(); err != nil {
			return err
		}
	}
	fmt.Println("ok")
	return nil
}
