//go:build !js

package kernels

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"sync"
	"testing"
	"unsafe"

	"github.com/tabgrad/tabgrad/wasm/asm"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
)

// maxLanes is how many lanes the tests use at most; more than this machine has cores.
const maxLanes = 5

const testPages = 1024

// engine is one shared memory with an instance of the strict kernels for each lane,
// made once for all tests of the package.
type engine struct {
	memory []byte
	lanes  [maxLanes]api.Module
}

var theEngine struct {
	sync.Once
	*engine
}

func newEngine(ctx context.Context) (*engine, error) {
	r := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfig().
		WithCoreFeatures(api.CoreFeaturesV2|experimental.CoreFeaturesThreads))
	o := Options{Shared: true, MaxPages: testPages}
	env := asm.NewModule()
	limits := o.Limits()
	limits.Min = testPages
	env.Memory(limits)
	env.ExportMemory("memory")
	memory, err := r.InstantiateWithConfig(ctx, env.Encode(), wazero.NewModuleConfig().WithName("env"))
	if err != nil {
		return nil, err
	}
	compiled, err := r.CompileModule(ctx, Module(o))
	if err != nil {
		return nil, err
	}
	e := &engine{}
	for i := range e.lanes {
		if e.lanes[i], err = r.InstantiateModule(ctx, compiled, wazero.NewModuleConfig().WithName(fmt.Sprint("lane", i))); err != nil {
			return nil, err
		}
	}
	e.memory, _ = memory.Memory().Read(0, memory.Memory().Size())
	return e, nil
}

// machine is a test's view of the engine: an arena from which it takes inputs and
// outputs, each between canaries and each at another offset from a multiple of 16.
type machine struct {
	*engine
	t      testing.TB
	next   uint32
	blocks [][2]uint32 // address and length in words
}

// canary is a NaN that no kernel makes.
const (
	canary      = 0x7fa5c0de
	canaryWords = 8
)

func newMachine(t testing.TB) *machine {
	t.Helper()
	theEngine.Do(func() {
		e, err := newEngine(context.Background())
		if err != nil {
			fmt.Fprintln(os.Stderr, "kernels: the module does not start: ", err)
		}
		theEngine.engine = e
	})
	if theEngine.engine == nil {
		t.Fatal("no engine")
	}
	m := &machine{engine: theEngine.engine, t: t}
	m.reset()
	return m
}

// reset forgets all blocks and clears the control block.
func (m *machine) reset() {
	clear(m.memory[:HeapBase])
	m.words(ControlLooks, 1)[0] = FewLooks
	m.next = HeapBase
	m.blocks = m.blocks[:0]
}

// words is n words of the memory as uint32.
func (m *machine) words(p uint32, n int) []uint32 {
	if n == 0 {
		return nil
	}
	if p%4 != 0 || int(p)+4*n > len(m.memory) {
		m.t.Fatalf("the test asks for %d words at %#x", n, p)
	}
	return unsafe.Slice((*uint32)(unsafe.Pointer(&m.memory[p])), n)
}

// space takes n words from the arena, filled with canaries.
func (m *machine) space(n int) uint32 {
	start := (m.next + 15) &^ 15
	p := start + 4*canaryWords + 4*uint32(len(m.blocks)%4)
	m.next = p + 4*uint32(n) + 4*canaryWords
	w := m.words(start, int(m.next-start)/4)
	for i := range w {
		w[i] = canary
	}
	m.blocks = append(m.blocks, [2]uint32{p, uint32(n)})
	return p
}

// put takes a block with these values.
func (m *machine) put(values []float32) uint32 {
	p := m.space(len(values))
	m.set(p, values)
	return p
}

func (m *machine) set(p uint32, values []float32) {
	w := m.words(p, len(values))
	for i, v := range values {
		w[i] = math.Float32bits(v)
	}
}

// get copies n values out.
func (m *machine) get(p uint32, n int) []float32 {
	v := make([]float32, n)
	for i, w := range m.words(p, n) {
		v[i] = math.Float32frombits(w)
	}
	return v
}

// run runs the calls as one program on that many lanes, and fails the test where a
// kernel wrote outside of the blocks. In the second round it is one lane in Node.
func (m *machine) run(lanes int, calls ...Call) {
	m.t.Helper()
	var program Program
	program.Add(calls...)
	words := program.Words()
	p := m.space(len(words))
	copy(m.words(p, len(words)), words)
	if theNode == nil {
		if status := m.runAt(p, lanes); status != StatusOK {
			m.t.Fatalf("run on %d lanes: %v", lanes, status)
		}
	} else if status, err := theNode.run(m.memory[:m.next], p); err != nil || status != StatusOK {
		m.t.Fatalf("run in Node: %v, %v", status, err)
	}
	for i, w := range m.words(p, len(words)) {
		if w != words[i] {
			m.t.Fatalf("word %d of the program changed", i)
		}
	}
	m.check()
}

func (m *machine) runAt(program uint32, lanes int) Status {
	m.t.Helper()
	var wg sync.WaitGroup
	var status [maxLanes]Status
	var errs [maxLanes]error
	for lane := range lanes {
		wg.Go(func() { status[lane], errs[lane] = m.call(lane, "run", program, uint32(lane), uint32(lanes)) })
	}
	wg.Wait()
	for lane := range lanes {
		if errs[lane] != nil {
			m.t.Fatal(errs[lane])
		}
		if status[lane] != status[0] {
			m.t.Errorf("lane %d ends with %v, lane 0 with %v", lane, status[lane], status[0])
		}
	}
	return status[0]
}

func (m *machine) call(lane int, name string, args ...uint32) (Status, error) {
	var a []uint64
	for _, v := range args {
		a = append(a, uint64(v))
	}
	r, err := m.lanes[lane].ExportedFunction(name).Call(context.Background(), a...)
	if err != nil || len(r) == 0 {
		return 0, err
	}
	return Status(r[0]), nil
}

func (m *machine) check() {
	m.t.Helper()
	for _, b := range m.blocks {
		for _, p := range [2]uint32{b[0] - 4*canaryWords, b[0] + 4*b[1]} {
			for i, w := range m.words(p, canaryWords) {
				if w != canary {
					m.t.Fatalf("the canary %d words from the block of %d words at %#x changed to %#x",
						(int(p)-int(b[0]))/4+i, b[1], b[0], w)
				}
			}
		}
	}
}

// random returns n normal numbers that depend on the seed alone.
func random(n int, seed uint64) []float32 {
	r := rand.New(rand.NewPCG(seed, 1))
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(r.NormFloat64())
	}
	return v
}

// compare fails the test where got and want differ by more than tolerance times the
// scale: NaN equals only NaN and an infinity only itself.
func compare(t testing.TB, what string, got []float32, want []float64, scale []float64, tolerance float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d values, want %d", what, len(got), len(want))
	}
	for i := range got {
		g, w := float64(got[i]), want[i]
		if math.IsNaN(g) && math.IsNaN(w) || g == w {
			continue
		}
		if !(math.Abs(g-w) <= tolerance*scale[i]) {
			t.Fatalf("%s: value %d is %v, want %v", what, i, g, w)
		}
	}
}

// sameBits fails the test where got and want are not the same bits.
func sameBits(t testing.TB, what string, got, want []float32) {
	t.Helper()
	for i := range want {
		if math.Float32bits(got[i]) != math.Float32bits(want[i]) {
			t.Fatalf("%s: value %d is %v, want %v", what, i, got[i], want[i])
		}
	}
}
