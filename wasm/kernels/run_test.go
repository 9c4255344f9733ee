//go:build !js

package kernels

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/tabgrad/tabgrad/wasm/asm"
	"github.com/tetratelabs/wazero"
)

func TestFillAndCopy(t *testing.T) {
	for _, n := range []int{0, 1, 3, 4, 5, 16, 97, 1001} {
		for lanes := 1; lanes <= maxLanes; lanes++ {
			m := newMachine(t)
			a, b := m.space(n), m.space(n)
			m.run(lanes, Fill{a, uint32(n), f32(2.5)}, Copy{b, a, uint32(n)}, Fill{a, uint32(n), f32(-1)})
			for i := range n {
				if got := m.get(b, n)[i]; got != 2.5 {
					t.Fatalf("n %d, %d lanes: copy[%d] = %v", n, lanes, i, got)
				}
				if got := m.get(a, n)[i]; got != -1 {
					t.Fatalf("n %d, %d lanes: fill[%d] = %v", n, lanes, i, got)
				}
			}
		}
	}
}

// TestBarrier copies back and forth in many ops, each of which reads what other lanes
// wrote in the op before: the shares are of different sizes.
func TestBarrier(t *testing.T) {
	const n, rounds = 1000, 200
	m := newMachine(t)
	values := random(n, 1)
	a, b := m.put(values), m.space(n)
	var calls []Call
	for i := range rounds {
		k := uint32(n - i) // moves the cuts between lanes
		calls = append(calls, Copy{b, a, k}, Copy{a, b, k})
	}
	calls = append(calls, Copy{b, a, n})
	for lanes := 2; lanes <= maxLanes; lanes++ {
		m.run(lanes, calls...)
		sameBits(t, fmt.Sprintf("%d lanes", lanes), m.get(b, n), values)
		m.set(b, make([]float32, n))
	}
}

// TestLooks: however soon lanes go to sleep at a barrier, they meet; 0 is DefaultLooks.
func TestLooks(t *testing.T) {
	const n = 100
	for _, looks := range []uint32{0, 1, FewLooks} {
		m := newMachine(t)
		m.words(ControlLooks, 1)[0] = looks
		values := random(n, 1)
		a, b := m.put(values), m.space(n)
		var calls []Call
		for range 20 {
			calls = append(calls, Copy{b, a, n}, Copy{a, b, n})
		}
		m.run(2, calls...)
		sameBits(t, fmt.Sprintf("%d looks", looks), m.get(b, n), values)
	}
}

func TestHelpersSleepRunAndStop(t *testing.T) {
	m := newMachine(t)
	const n = 100
	dst := m.space(n)
	var wg sync.WaitGroup
	var ends [maxLanes]Status
	for lane := 1; lane < maxLanes; lane++ {
		wg.Go(func() {
			status, err := m.call(lane, "lane_loop", uint32(lane))
			if err != nil {
				t.Error(err)
			}
			ends[lane] = status
		})
	}
	for atomic.LoadUint32(&m.words(ControlReady, 1)[0]) != maxLanes-1 {
		runtime.Gosched()
	}
	for job := range 50 {
		lanes := 1 + job%maxLanes
		var p Program
		p.Add(Fill{dst, n, f32(float32(job))})
		at := m.space(len(p.Words()))
		copy(m.words(at, len(p.Words())), p.Words())
		if status, err := m.call(0, "start", at, uint32(lanes)); err != nil || status != StatusOK {
			t.Fatal(status, err)
		}
		for i, v := range m.get(dst, n) {
			if v != float32(job) {
				t.Fatalf("job %d on %d lanes: value %d is %v", job, lanes, i, v)
			}
		}
	}
	if _, err := m.call(0, "stop"); err != nil {
		t.Fatal(err)
	}
	wg.Wait()
	for lane, s := range ends {
		if s != StatusOK {
			t.Errorf("lane %d ends with %v", lane, s)
		}
	}
	m.check()
}

func TestLostLaneIsReported(t *testing.T) {
	m := newMachine(t)
	m.words(ControlPatience, 1)[0] = 1
	dst := m.space(8)
	var p Program
	p.Add(Fill{dst, 8, 0})
	at := m.space(len(p.Words()))
	copy(m.words(at, len(p.Words())), p.Words())
	status, err := m.call(0, "run", at, 0, 2) // lane 1 never comes
	if err != nil || status != StatusLaneLost {
		t.Fatalf("got %v, %v, want %v", status, err, StatusLaneLost)
	}
}

func TestSingleLaneModule(t *testing.T) {
	ctx := context.Background()
	r := wazero.NewRuntime(ctx) // no threads
	defer r.Close(ctx)
	env := asm.NewModule()
	env.Memory(asm.Limits{Min: 2})
	env.ExportMemory("memory")
	memory, err := r.InstantiateWithConfig(ctx, env.Encode(), wazero.NewModuleConfig().WithName("env"))
	if err != nil {
		t.Fatal(err)
	}
	k, err := r.Instantiate(ctx, Module(Options{}))
	if err != nil {
		t.Fatal(err)
	}
	var p Program
	p.Add(Fill{4096, 5, 7}, Copy{5000, 4096, 5})
	for i, w := range p.Words() {
		memory.Memory().WriteUint32Le(uint32(2048+4*i), w)
	}
	res, err := k.ExportedFunction("start").Call(ctx, 2048, 1)
	if err != nil || res[0] != 0 {
		t.Fatal(res, err)
	}
	if v, _ := memory.Memory().ReadUint32Le(5000 + 16); v != 7 {
		t.Errorf("got %d, want 7", v)
	}
}

func TestTrampoline(t *testing.T) {
	ctx := context.Background()
	r := wazero.NewRuntime(ctx)
	defer r.Close(ctx)
	if _, err := r.InstantiateWithConfig(ctx, Trampoline(), wazero.NewModuleConfig().WithName("trampoline")); err != nil {
		t.Fatal(err)
	}
	// A module that comes later puts its own functions into the table, as the page does.
	m := asm.NewModule()
	var calls []*asm.Func
	i32 := asm.TypeI32
	for n := range 4 {
		sig := asm.Signature{Params: []asm.Type{i32}, Results: []asm.Type{i32}}
		for range n {
			sig.Params = append(sig.Params, i32)
		}
		calls = append(calls, m.ImportFunc("trampoline", fmt.Sprint("call", n), sig))
	}
	m.ImportTable("trampoline", "table", asm.Limits{Min: TrampolineSlots})
	for n := range 4 {
		f := m.Func("weigh")
		f.Returns(i32)
		sum := asm.C(1000)
		for i := range n {
			sum = sum.Add(f.ParamI32().MulC(i + 1))
		}
		f.Return(sum)
		m.Elem(n+3, f)
		g := m.Func("through")
		g.Returns(i32)
		args := []asm.Value{asm.C(n + 3)}
		for i := range n {
			args = append(args, asm.C(10*(i+1)))
		}
		g.Return(g.CallI32(calls[n], args...))
		m.Export(fmt.Sprint("through", n), g)
	}
	mod, err := r.Instantiate(ctx, m.Encode())
	if err != nil {
		t.Fatal(err)
	}
	for n, want := range []uint64{1000, 1010, 1050, 1140} {
		if got, err := mod.ExportedFunction(fmt.Sprint("through", n)).Call(ctx); err != nil || got[0] != want {
			t.Errorf("call%d: %v, %v, want %d", n, got, err, want)
		}
	}
}

func TestRegistry(t *testing.T) {
	names := map[string]bool{}
	for _, k := range All() {
		if k.Name == "" || k.Doc == "" || len(k.Args) == 0 || names[k.Name] {
			t.Errorf("opcode %#x: name %q (must be its own), doc %q, args %q", k.Op, k.Name, k.Doc, k.Args)
		}
		names[k.Name] = true
	}
	var p Program
	if p.Len() != 0 || len(p.Words()) != 1 {
		t.Error("an empty program is one word, 0")
	}
	if f32(1) != math.Float32bits(1) {
		t.Error("f32 is the bits")
	}
}
