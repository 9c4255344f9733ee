//go:build !js

package kernels

import (
	"fmt"
	"slices"

	"github.com/tabgrad/tabgrad/wasm/asm"
)

// Options choose a variant of the module.
type Options struct {
	// Relaxed uses fused multiply-add where the machine has it: faster, and not the same
	// bits on every machine.
	Relaxed bool
	// Shared imports a shared memory, for any number of lanes. Without it there is one
	// lane, and no atomics.
	Shared bool
	// MaxPages is the maximum of the imported memory, in pages of 64 KiB, which the memory
	// given must have too. 0 means 65536 where it is shared (a maximum is needed there),
	// and none where it isn't.
	MaxPages uint32
}

// Limits are those of the memory that the module imports.
func (o Options) Limits() asm.Limits {
	l := asm.Limits{Min: 1, Max: o.MaxPages, Shared: o.Shared}
	if o.Shared && l.Max == 0 {
		l.Max = 65536
	}
	return l
}

// Kernel is one entry of the module's table.
type Kernel struct {
	Op   Opcode
	Name string   // type_operation[_detail]
	Doc  string   // what it computes, as a loop or a formula
	Args []string // the names of the argument words, in order

	emit func(k *Body)
}

var registered = map[Opcode]Kernel{}

// add registers kernels; it is called from init functions.
func add(kernels ...Kernel) {
	for _, k := range kernels {
		if old, ok := registered[k.Op]; ok || k.Op == 0 || k.Op >= tableSize {
			panic(fmt.Sprintf("kernels: opcode %#x of %s is out of range or taken by %q", k.Op, k.Name, old.Name))
		}
		registered[k.Op] = k
	}
}

// All lists the kernels by opcode.
func All() []Kernel {
	var all []Kernel
	for _, k := range registered {
		all = append(all, k)
	}
	slices.SortFunc(all, func(a, b Kernel) int { return int(a.Op) - int(b.Op) })
	return all
}

// Module emits a variant of the module.
func Module(o Options) []byte {
	b := &Builder{Module: asm.NewModule(), Options: o, shared: map[string]*asm.Func{}}
	b.ImportMemory("env", "memory", o.Limits())
	b.Table(asm.Limits{Min: tableSize, Max: tableSize})
	for _, k := range All() {
		b.Elem(int(k.Op), b.kernel(k))
	}
	b.emitRun()
	return b.Encode()
}

// Builder is the module while it is being emitted.
type Builder struct {
	*asm.Module
	Options Options
	shared  map[string]*asm.Func
}

// kernelType is the type of every kernel: args, lane, lanes.
var kernelType = asm.Signature{Params: []asm.Type{asm.TypeI32, asm.TypeI32, asm.TypeI32}}

func (b *Builder) kernel(k Kernel) *asm.Func {
	f := b.Func(k.Name)
	body := &Body{Func: f, Builder: b, Kernel: k, args: f.ParamI32()}
	body.Lane, body.Lanes = f.ParamI32(), f.ParamI32()
	k.emit(body)
	return f
}

// Function returns the module's function of that name, which emit writes the first
// time: for parts that several kernels call.
func (b *Builder) Function(name string, emit func(f *asm.Func)) *asm.Func {
	if f, ok := b.shared[name]; ok {
		return f
	}
	f := b.Func(name)
	b.shared[name] = f
	emit(f)
	return f
}

// MAdd is x*y + z: fused in the relaxed build where the machine can, else rounded twice.
func (b *Builder) MAdd(x, y, z asm.F32x4) asm.F32x4 {
	if b.Options.Relaxed {
		return x.RelaxedMAdd(y, z)
	}
	return x.MAdd(y, z)
}

// NMAdd is z - x*y: fused in the relaxed build where the machine can, else rounded twice.
func (b *Builder) NMAdd(x, y, z asm.F32x4) asm.F32x4 {
	if b.Options.Relaxed {
		return x.RelaxedNMAdd(y, z)
	}
	return z.Sub(x.Mul(y))
}

// Body is a kernel's function while it is being emitted.
type Body struct {
	*asm.Func
	Builder     *Builder
	Kernel      Kernel
	args        asm.I32
	Lane, Lanes asm.I32
}

// Arg loads the argument word of that name into a local.
func (k *Body) Arg(name string) asm.I32 { return k.LetI32(k.args.LoadI32(k.argOffset(name))) }

// ArgF32 loads the argument word of that name, which holds a float32, into a local.
func (k *Body) ArgF32(name string) asm.F32 { return k.LetF32(k.args.LoadF32(k.argOffset(name))) }

func (k *Body) argOffset(name string) int {
	i := slices.Index(k.Kernel.Args, name)
	if i < 0 {
		panic(fmt.Sprintf("kernels: %s has no argument %q", k.Kernel.Name, name))
	}
	return 4 * i
}

// Share is this lane's part [lo, hi) of n items, cut at multiples of q: the parts of
// all lanes are in order, cover the n items once, and differ by at most q in length.
// The product of lanes and n/q must be below 2^31.
func (k *Body) Share(n asm.I32, q int) (lo, hi asm.I32) { return share(k.Func, n, q, k.Lane, k.Lanes) }

func share(f *asm.Func, n asm.I32, q int, lane, lanes asm.I32) (lo, hi asm.I32) {
	units := f.LetI32(n.AddC(q - 1).DivU(asm.C(q)))
	lo = f.LetI32(units.Mul(lane).DivU(lanes).MulC(q))
	hi = f.LetI32(units.Mul(lane.AddC(1)).DivU(lanes).MulC(q))
	hi.Set(hi.MinU(n))
	return lo, hi
}

// OnLane0 emits body for lane 0 only.
func (k *Body) OnLane0(body func()) { k.If(k.Lane.Eqz(), body) }
