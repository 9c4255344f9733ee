package asm

import (
	"context"
	"encoding/base64"
	"math"
	"os/exec"
	"strings"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
)

// instantiate compiles and starts a module under wazero.
func instantiate(t *testing.T, m *Module) api.Module {
	t.Helper()
	ctx := context.Background()
	r := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigInterpreter().
		WithCoreFeatures(api.CoreFeaturesV2|experimental.CoreFeaturesThreads))
	t.Cleanup(func() { r.Close(ctx) })
	mod, err := r.Instantiate(ctx, m.Encode())
	if err != nil {
		t.Fatal(err)
	}
	return mod
}

func call(t *testing.T, mod api.Module, name string, args ...uint64) uint64 {
	t.Helper()
	results, err := mod.ExportedFunction(name).Call(context.Background(), args...)
	if err != nil {
		t.Fatal(err)
	}
	if len(results) == 0 {
		return 0
	}
	return results[0]
}

// validates says whether Node accepts the module, with relaxed SIMD switched on.
func validates(t *testing.T, wasm []byte) bool {
	t.Helper()
	node, err := exec.LookPath("node")
	if err != nil {
		t.Fatal("this test needs node on the PATH: ", err)
	}
	cmd := exec.Command(node, "--experimental-wasm-relaxed-simd", "-e",
		`console.log(WebAssembly.validate(Buffer.from(require('fs').readFileSync(0, 'latin1'), 'base64')))`)
	cmd.Stdin = strings.NewReader(base64.StdEncoding.EncodeToString(wasm))
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("node: %v\n%s", err, out)
	}
	return strings.TrimSpace(string(out)) == "true"
}

func TestLEB128(t *testing.T) {
	for _, c := range []struct {
		v int64
		u string // "" where negative
		s string
	}{
		{0, "\x00", "\x00"},
		{63, "\x3f", "\x3f"},
		{64, "\x40", "\xc0\x00"},
		{127, "\x7f", "\xff\x00"},
		{128, "\x80\x01", "\x80\x01"},
		{624485, "\xe5\x8e\x26", "\xe5\x8e\x26"},
		{-1, "", "\x7f"},
		{-64, "", "\x40"},
		{-65, "", "\xbf\x7f"},
		{-123456, "", "\xc0\xbb\x78"}, // WebAssembly specification, appendix
	} {
		if got := string(appendS(nil, c.v)); got != c.s {
			t.Errorf("appendS(%d) = %x, want %x", c.v, got, c.s)
		}
		if c.v >= 0 {
			if got := string(appendU(nil, uint64(c.v))); got != c.u {
				t.Errorf("appendU(%d) = %x, want %x", c.v, got, c.u)
			}
		}
	}
}

func TestControl(t *testing.T) {
	m := NewModule()
	m.Table(Limits{Min: 3})

	// the sum of i*i for odd i up to n: every kind of loop, of which two cancel
	f := m.Func("squares")
	n := f.ParamI32()
	f.Returns(TypeI32)
	s := f.I32()
	i := f.I32()
	f.For(i, C(1), n, C(2), func() { s.Set(s.Add(i.Mul(i))) })
	f.Range(n, func(i I32) {
		f.If(i.And(C(1)), func() { s.Set(s.Sub(i.Mul(i))) })
	})
	i.Set(C(0))
	f.Block(func(exit Label) {
		f.Loop(func(again Label) {
			f.BrIf(exit, i.GeS(n))
			i.Set(i.AddC(1))
			f.BrIf(again, i.And(C(1)).Eqz())
			s.Set(s.Add(i.Mul(i)))
			f.Br(again)
		})
	})
	f.Return(s)
	m.Export("squares", f)

	g := m.Func("pick")
	x := g.ParamI32()
	g.Returns(TypeI32)
	r := g.I32()
	g.Switch(x, []func(){
		func() { r.Set(C(10)) },
		func() { g.IfElse(r.Eqz(), func() { r.Set(C(20)) }, func() { r.Set(C(-1)) }) },
		func() { r.Set(g.CallI32(f, C(4))) },
	}, func() { r.Set(C(99)) })
	g.Return(r)
	m.Export("pick", g)

	h := m.Func("indirect")
	slot, arg := h.ParamI32(), h.ParamI32()
	h.Returns(TypeI32)
	h.Return(h.CallIndirectI32(f.Signature(), slot, arg))
	m.Export("indirect", h)
	m.Elem(1, f, g)

	count := m.GlobalI32(40)
	k := m.Func("count")
	k.Returns(TypeI32)
	k.SetGlobal(count, count.Get().AddC(1))
	k.Return(count.Get())
	m.Export("count", k)

	mod := instantiate(t, m)
	for n, want := range map[uint64]uint64{0: 0, 1: 1, 2: 1, 5: 1 + 9 + 25, 6: 1 + 9 + 25} {
		if got := call(t, mod, "squares", n); got != want {
			t.Errorf("squares(%d) = %d, want %d", n, got, want)
		}
	}
	for x, want := range map[uint64]uint64{0: 10, 1: 20, 2: 10, 3: 99, 1 << 31: 99} {
		if got := call(t, mod, "pick", x); got != want {
			t.Errorf("pick(%d) = %d, want %d", x, got, want)
		}
	}
	if got := call(t, mod, "indirect", 1, 4); got != 10 {
		t.Errorf("indirect call of squares = %d, want 10", got)
	}
	if got := call(t, mod, "indirect", 2, 1); got != 20 {
		t.Errorf("indirect call of pick = %d, want 20", got)
	}
	call(t, mod, "count")
	if got := call(t, mod, "count"); got != 42 {
		t.Errorf("count = %d, want 42", got)
	}
}

func TestImports(t *testing.T) {
	env := NewModule()
	env.Memory(Limits{Min: 1, Max: 2, Shared: true})
	env.ExportMemory("memory")
	double := env.Func("double")
	x := double.ParamI32()
	double.Returns(TypeI32)
	double.Return(x.MulC(2))
	env.Export("double", double)

	m := NewModule()
	imported := m.ImportFunc("env", "double", Signature{[]Type{TypeI32}, []Type{TypeI32}})
	m.ImportMemory("env", "memory", Limits{Min: 1, Max: 2, Shared: true})
	f := m.Func("add")
	p, v := f.ParamI32(), f.ParamI32()
	f.Returns(TypeI32)
	f.Drop(p.AtomicAdd(4, f.CallI32(imported, v)))
	f.Drop(p.AtomicSub(4, C(1)))
	f.Drop(p.AtomicOr(4, C(64)))
	f.Drop(p.AtomicAnd(4, C(0x7f)))
	f.Drop(p.AtomicXor(4, C(1)))
	f.Drop(p.AtomicCompareExchange(4, C(0x48), C(5)))
	f.Drop(p.AtomicExchange(8, C(7)))
	f.AtomicFence()
	f.AtomicStore(p, 12, C(9))
	f.Drop(p.AtomicNotify(4, C(1)))
	f.If(p.AtomicWait(4, C(-1), C64(-1)).Ne(C(1)), func() { f.Unreachable() })
	f.If(p.AtomicWait(12, C(9), C64(1000)).Ne(C(2)), func() { f.Unreachable() })
	f.Return(p.AtomicLoad(4).Add(p.LoadI32(8)).Add(p.LoadI32(12)))
	m.Export("add", f)

	ctx := context.Background()
	r := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfig().
		WithCoreFeatures(api.CoreFeaturesV2|experimental.CoreFeaturesThreads))
	defer r.Close(ctx)
	if _, err := r.InstantiateWithConfig(ctx, env.Encode(), wazero.NewModuleConfig().WithName("env")); err != nil {
		t.Fatal(err)
	}
	mod, err := r.Instantiate(ctx, m.Encode())
	if err != nil {
		t.Fatal(err)
	}
	// ((2*5 - 1) | 64) & 127 ^ 1 = 0x48, which is exchanged for 5
	if got := call(t, mod, "add", 16, 5); got != 5+7+9 {
		t.Errorf("add = %d, want 21", got)
	}
}

// TestVectorOps runs each operation on the lanes a and b and compares the four
// bits of the result with Go's.
func TestVectorOps(t *testing.T) {
	a := [4]float32{1.5, -2.25, 7, -0.5}
	b := [4]float32{-3, 2.5, 7, 0.125}
	ia := [4]uint32{5, 0xfffffff0, 1 << 20, 3}
	ib := [4]uint32{7, 3, 1 << 14, 3}
	bits := math.Float32bits
	floats := func(g func(x, y float32) float32) (r [4]uint32) {
		for i := range r {
			r[i] = bits(g(a[i], b[i]))
		}
		return r
	}
	ints := func(g func(x, y uint32) uint32) (r [4]uint32) {
		for i := range r {
			r[i] = g(ia[i], ib[i])
		}
		return r
	}
	mask := func(c bool) uint32 {
		if c {
			return ^uint32(0)
		}
		return 0
	}
	va, vb := CF32x4Lanes(a[0], a[1], a[2], a[3]), CF32x4Lanes(b[0], b[1], b[2], b[3])
	ja, jb := CI32x4Lanes(ia[0], ia[1], ia[2], ia[3]), CI32x4Lanes(ib[0], ib[1], ib[2], ib[3])
	p := C(64) // where a is stored before each case
	cases := []struct {
		name string
		v    Value
		want [4]uint32
	}{
		{"add", va.Add(vb), floats(func(x, y float32) float32 { return x + y })},
		{"sub", va.Sub(vb), floats(func(x, y float32) float32 { return x - y })},
		{"mul", va.Mul(vb), floats(func(x, y float32) float32 { return x * y })},
		{"div", va.Div(vb), floats(func(x, y float32) float32 { return x / y })},
		{"min", va.Min(vb), floats(func(x, y float32) float32 { return min(x, y) })},
		{"max", va.Max(vb), floats(func(x, y float32) float32 { return max(x, y) })},
		{"pmin", va.PMin(vb), floats(func(x, y float32) float32 { return min(x, y) })},
		{"pmax", va.PMax(vb), floats(func(x, y float32) float32 { return max(x, y) })},
		{"abs", va.Abs(), floats(func(x, y float32) float32 { return float32(math.Abs(float64(x))) })},
		{"neg", va.Neg(), floats(func(x, y float32) float32 { return -x })},
		{"sqrt", va.Abs().Sqrt(), floats(func(x, y float32) float32 { return float32(math.Sqrt(math.Abs(float64(x)))) })},
		{"ceil", va.Ceil(), floats(func(x, y float32) float32 { return float32(math.Ceil(float64(x))) })},
		{"floor", va.Floor(), floats(func(x, y float32) float32 { return float32(math.Floor(float64(x))) })},
		{"trunc", va.Trunc(), floats(func(x, y float32) float32 { return float32(math.Trunc(float64(x))) })},
		{"nearest", va.Nearest(), floats(func(x, y float32) float32 { return float32(math.RoundToEven(float64(x))) })},
		{"madd", va.MAdd(vb, va), floats(func(x, y float32) float32 { return float32(x*y) + x })},
		{"eq", va.Eq(vb), floats(func(x, y float32) float32 { return math.Float32frombits(mask(x == y)) })},
		{"ne", va.Ne(vb), floats(func(x, y float32) float32 { return math.Float32frombits(mask(x != y)) })},
		{"lt", va.Lt(vb), floats(func(x, y float32) float32 { return math.Float32frombits(mask(x < y)) })},
		{"gt", va.Gt(vb), floats(func(x, y float32) float32 { return math.Float32frombits(mask(x > y)) })},
		{"le", va.Le(vb), floats(func(x, y float32) float32 { return math.Float32frombits(mask(x <= y)) })},
		{"ge", va.Ge(vb), floats(func(x, y float32) float32 { return math.Float32frombits(mask(x >= y)) })},
		{"toI32x4S", va.ToI32x4S(), [4]uint32{1, ^uint32(1), 7, 0}},
		{"toI32x4U", va.ToI32x4U(), [4]uint32{1, 0, 7, 0}},
		{"promote", va.PromoteLow().Mul(CF64(2).Splat()).DemoteZero(), [4]uint32{bits(3), bits(-4.5), 0, 0}},
		{"where", va.Where(vb, va.Lt(vb)), floats(func(x, y float32) float32 { return min(x, y) })},
		{"select", va.Select(vb, C(0)), floats(func(x, y float32) float32 { return y })},
		{"shuffle", va.Shuffle(vb, 3, 4, 1, 6), [4]uint32{bits(a[3]), bits(b[0]), bits(a[1]), bits(b[2])}},
		{"splat", va.Lane(2).Splat(), [4]uint32{bits(7), bits(7), bits(7), bits(7)}},
		{"withLane", va.WithLane(1, CF(9)), [4]uint32{bits(a[0]), bits(9), bits(a[2]), bits(a[3])}},
		{"load", p.LoadF32x4(0), floats(func(x, y float32) float32 { return x })},
		{"loadSplat", p.LoadSplatF32x4(4), [4]uint32{bits(a[1]), bits(a[1]), bits(a[1]), bits(a[1])}},
		{"loadZero", p.LoadZeroF32x4(4), [4]uint32{bits(a[1]), 0, 0, 0}},
		{"loadPair", p.LoadPairF32x4(4), [4]uint32{bits(a[1]), bits(a[2]), 0, 0}},
		{"loadLane", vb.LoadLane(p, 8, 3), [4]uint32{bits(b[0]), bits(b[1]), bits(b[2]), bits(a[2])}},
		{"iadd", ja.Add(jb), ints(func(x, y uint32) uint32 { return x + y })},
		{"isub", ja.Sub(jb), ints(func(x, y uint32) uint32 { return x - y })},
		{"imul", ja.Mul(jb), ints(func(x, y uint32) uint32 { return x * y })},
		{"minS", ja.MinS(jb), ints(func(x, y uint32) uint32 { return uint32(min(int32(x), int32(y))) })},
		{"minU", ja.MinU(jb), ints(func(x, y uint32) uint32 { return min(x, y) })},
		{"maxS", ja.MaxS(jb), ints(func(x, y uint32) uint32 { return uint32(max(int32(x), int32(y))) })},
		{"maxU", ja.MaxU(jb), ints(func(x, y uint32) uint32 { return max(x, y) })},
		{"and", ja.And(jb), ints(func(x, y uint32) uint32 { return x & y })},
		{"andNot", ja.AndNot(jb), ints(func(x, y uint32) uint32 { return x &^ y })},
		{"or", ja.Or(jb), ints(func(x, y uint32) uint32 { return x | y })},
		{"xor", ja.Xor(jb), ints(func(x, y uint32) uint32 { return x ^ y })},
		{"not", ja.Not(), ints(func(x, y uint32) uint32 { return ^x })},
		{"shl", ja.Shl(C(3)), ints(func(x, y uint32) uint32 { return x << 3 })},
		{"shrS", ja.ShrS(C(3)), ints(func(x, y uint32) uint32 { return uint32(int32(x) >> 3) })},
		{"shrU", ja.ShrU(C(3)), ints(func(x, y uint32) uint32 { return x >> 3 })},
		{"ieq", ja.Eq(jb), ints(func(x, y uint32) uint32 { return mask(x == y) })},
		{"ine", ja.Ne(jb), ints(func(x, y uint32) uint32 { return mask(x != y) })},
		{"ltS", ja.LtS(jb), ints(func(x, y uint32) uint32 { return mask(int32(x) < int32(y)) })},
		{"ltU", ja.LtU(jb), ints(func(x, y uint32) uint32 { return mask(x < y) })},
		{"gtS", ja.GtS(jb), ints(func(x, y uint32) uint32 { return mask(int32(x) > int32(y)) })},
		{"gtU", ja.GtU(jb), ints(func(x, y uint32) uint32 { return mask(x > y) })},
		{"leS", ja.LeS(jb), ints(func(x, y uint32) uint32 { return mask(int32(x) <= int32(y)) })},
		{"leU", ja.LeU(jb), ints(func(x, y uint32) uint32 { return mask(x <= y) })},
		{"geS", ja.GeS(jb), ints(func(x, y uint32) uint32 { return mask(int32(x) >= int32(y)) })},
		{"geU", ja.GeU(jb), ints(func(x, y uint32) uint32 { return mask(x >= y) })},
		{"iabs", ja.Abs(), [4]uint32{5, 16, 1 << 20, 3}},
		{"ineg", ja.Neg(), ints(func(x, y uint32) uint32 { return -x })},
		{"toF32x4S", ja.ToF32x4S(), ints(func(x, y uint32) uint32 { return bits(float32(int32(x))) })},
		{"toF32x4U", ja.ToF32x4U(), ints(func(x, y uint32) uint32 { return bits(float32(x)) })},
		{"allTrue", ja.Eq(jb).AllTrue().Add(ja.AllTrue().MulC(2)).Splat(), [4]uint32{2, 2, 2, 2}},
		{"anyTrue", ja.Eq(jb).AnyTrue().Splat(), [4]uint32{1, 1, 1, 1}},
		{"bitmask", ja.Bitmask().Splat(), [4]uint32{2, 2, 2, 2}},
		{"extMulLowU", ja.ExtMulLowU(jb).AsI32x4(), [4]uint32{35, 0, 0xffffffd0, 2}},
		{"extMulHighU", ja.ExtMulHighU(jb).AsI32x4(), [4]uint32{0, 4, 9, 0}},
		{"extMulLowS", ja.ExtMulLowS(jb).AsI32x4(), [4]uint32{35, 0, 0xffffffd0, ^uint32(0)}},
		{"ladd", ja.AsI64x2().Add(jb.AsI64x2()).AsI32x4(), [4]uint32{12, 0xfffffff3, 1<<20 + 1<<14, 6}},
		{"lmul", ja.AsI64x2().Mul(C64(1 << 32).Splat()).AsI32x4(), [4]uint32{0, 5, 0, 1 << 20}},
		{"lshr", ja.AsI64x2().ShrU(C(32)).AsI32x4(), [4]uint32{0xfffffff0, 0, 3, 0}},
		{"bytes", CI32x4(0x04030201).ExtendLowU8().ExtendHighU16(), [4]uint32{1, 2, 3, 4}},
	}

	m := NewModule()
	m.Memory(Limits{Min: 1})
	m.ExportMemory("memory")
	for _, c := range cases {
		f := m.Func(c.name)
		f.StoreF32x4(p, 0, va)
		switch v := c.v.(type) {
		case F32x4:
			f.StoreF32x4(C(0), 0, v)
		case I32x4:
			f.StoreI32x4(C(0), 0, v)
		}
		m.Export(c.name, f)
	}
	mod := instantiate(t, m)
	for _, c := range cases {
		call(t, mod, c.name)
		for i, want := range c.want {
			if got, _ := mod.Memory().ReadUint32Le(uint32(4 * i)); got != want {
				t.Errorf("%s: lane %d = %#x, want %#x", c.name, i, got, want)
			}
		}
	}
}

// TestScalarOps evaluates expressions whose value, as an i32, is known.
func TestScalarOps(t *testing.T) {
	minus, two := C(-7), C(2)
	cases := []struct {
		name string
		v    I32
		want int32
	}{
		{"fold", C(3).AddC(4).MulC(5), 35},
		{"divS", minus.DivS(two), -3}, {"divU", minus.DivU(two), 0x7ffffffc},
		{"remS", minus.RemS(two), -1}, {"remU", minus.RemU(two), 1},
		{"shl", minus.Shl(two), -28}, {"shrS", minus.ShrS(two), -2}, {"shrU", minus.ShrU(two), 0x3ffffffe},
		{"rotl", C(1 << 30).Rotl(two), 1}, {"clz", two.Clz(), 30}, {"ctz", two.Ctz(), 1}, {"popcnt", minus.Popcnt(), 30},
		{"ltS", minus.LtS(two), 1}, {"ltU", minus.LtU(two), 0}, {"geS", minus.GeS(two), 0}, {"geU", minus.GeU(two), 1},
		{"gtS", minus.GtS(two), 0}, {"gtU", minus.GtU(two), 1}, {"leS", minus.LeS(two), 1}, {"leU", minus.LeU(two), 0},
		{"minS", minus.MinS(two), -7}, {"maxS", minus.MaxS(two), 2}, {"minU", minus.MinU(two), 2},
		{"i64", C(1 << 30).ExtendI64U().Mul(C64(12)).ShrU(C64(32)).WrapI32(), 3},
		{"i64s", minus.ExtendI64S().Add(C64(10)).Sub(C64(1)).WrapI32(), 2},
		{"f32", CF(2.5).Mul(CF(4)).Sub(CF(1)).Div(CF(3)).Add(CF(1)).ToI32S(), 4},
		{"f32 sqrt", CF(81).Sqrt().Neg().Abs().ToI32U(), 9},
		{"f32 round", CF(2.5).Nearest().Add(CF(2.5).Ceil()).Add(CF(2.5).Floor()).Add(CF(-2.5).Trunc()).ToI32S(), 2 + 3 + 2 - 2},
		{"f32 cmp", CF(1).Lt(CF(2)).Add(CF(1).Le(CF(1))).Add(CF(2).Gt(CF(1))).Add(CF(1).Ge(CF(2))).Add(CF(1).Eq(CF(1))).Add(CF(1).Ne(CF(1))), 4},
		{"f32 min", CF(1).Min(CF(2)).Add(CF(1).Max(CF(5))).Add(CF(3).Copysign(CF(-0.5))).ToI32S(), 3},
		{"f32 bits", CF(1).Bits(), 0x3f800000},
		{"bits f32", C(0x40400000).BitsF32().ToI32S(), 3},
		{"f64", minus.ToF64S().Mul(CF64(0.5)).Sub(CF64(0.5)).ToI32S(), -4},
		{"f32 f64", minus.ToF32S().ToF64().Abs().Sqrt().Mul(CF64(1000)).ToF32().ToI32S(), 2645},
		{"select", C(1).Select(C(2), CF64(1).Gt(CF64(3))), 2},
	}
	m := NewModule()
	for _, c := range cases {
		f := m.Func(c.name)
		f.Returns(TypeI32)
		f.Return(c.v)
		m.Export(c.name, f)
	}
	mod := instantiate(t, m)
	for _, c := range cases {
		if got := int32(call(t, mod, c.name)); got != c.want {
			t.Errorf("%s = %d, want %d", c.name, got, c.want)
		}
	}
}

func TestMemory(t *testing.T) {
	m := NewModule()
	m.Memory(Limits{Min: 1})
	f := m.Func("f")
	f.Returns(TypeI32)
	p := f.LetI32(C(100))
	f.MemoryFill(p, C(0x81), C(64))
	f.StoreU8(p, 3, C(0x102))
	f.StoreU16(p, 4, C(0x10005))
	f.StoreI32(p, 8, C(1000))
	f.StoreF32(p, 12, CF(6))
	f.StoreF64(p, 16, CF64(7))
	f.StoreI64(p, 24, C64(1<<33))
	f.StoreLaneF32x4(p, 32, CF32x4Lanes(1, 2, 3, 4), 2)
	f.StorePairI32x4(p, 36, CI32x4Lanes(50, 60, 70, 80))
	f.MemoryCopy(p.AddC(200), p, C(64))
	q := f.LetI32(p.AddC(200))
	s := f.LetI32(q.LoadU8(3)) // 2
	for _, v := range []I32{
		q.LoadS8(0),                           // -127
		q.LoadU8(1),                           // 129
		q.LoadU16(4),                          // 5
		q.LoadI32(8),                          // 1000
		q.LoadF32(12).ToI32S(),                // 6
		q.LoadF64(16).ToI32S(),                // 7
		q.LoadI64(24).ShrU(C64(30)).WrapI32(), // 8
		q.LoadF32(32).ToI32S(),                // 3
		q.LoadI32(36).Add(q.LoadI32(40)),      // 110
		q.LoadU8(44).Sub(q.LoadU8(63)),        // 0
		MemorySize(),                          // 1
	} {
		s.Set(s.Add(v))
	}
	f.Return(s)
	m.Export("f", f)
	if got := call(t, instantiate(t, m), "f"); got != 2+2+5+1000+6+7+8+3+110+1 {
		t.Errorf("got %d", got)
	}
}

func TestNodeAcceptsRelaxedAndThreads(t *testing.T) {
	build := func(broken bool) []byte {
		m := NewModule()
		m.ImportMemory("env", "memory", Limits{Min: 1, Max: 16, Shared: true})
		f := m.Func("f")
		p := f.ParamI32()
		f.Returns(TypeI32)
		acc := f.F32x4()
		acc.Set(p.LoadF32x4(0).RelaxedMAdd(p.LoadSplatF32x4(16), acc))
		acc.Set(acc.RelaxedNMAdd(acc, acc).RelaxedMin(acc).RelaxedMax(acc).RelaxedWhere(acc, acc.AsI32x4()))
		f.StoreF32x4(p, 0, acc)
		f.AtomicStore(p, 0, p.AtomicAdd(0, C(1)))
		f.Drop(p.AtomicWait(0, C(0), C64(1)))
		if !broken {
			f.Return(p.AtomicNotify(0, C(1)))
		}
		m.Export("f", f)
		return m.Encode()
	}
	if !validates(t, build(false)) {
		t.Error("node refuses the module")
	}
	if validates(t, build(true)) {
		t.Error("node accepts a module that returns nothing where it should")
	}
}

func TestMisusePanics(t *testing.T) {
	for name, misuse := range map[string]func(m *Module, f *Func){
		"Set of a constant":        func(m *Module, f *Func) { C(1).Set(C(2)) },
		"parameter after a local":  func(m *Module, f *Func) { f.I32(); f.ParamI32() },
		"branch out of scope":      func(m *Module, f *Func) { var l Label; f.Block(func(b Label) { l = b }); f.Br(l) },
		"wrong number of results":  func(m *Module, f *Func) { f.Return(C(1)) },
		"wrong type of result":     func(m *Module, f *Func) { f.Returns(TypeI32); f.Return(CF(1)) },
		"import after a function":  func(m *Module, f *Func) { m.ImportFunc("a", "b", Signature{}) },
		"shared without a maximum": func(m *Module, f *Func) { m.Memory(Limits{Min: 1, Shared: true}) },
		"two exports of one name":  func(m *Module, f *Func) { m.Export("f", f); m.Export("f", f) },
		"constant too large":       func(m *Module, f *Func) { C(1 << 40) },
		"lane too high":            func(m *Module, f *Func) { CF32x4(1).Lane(4) },
		"indirect without a table": func(m *Module, f *Func) { f.CallIndirect(Signature{}, C(0)) },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			m := NewModule()
			misuse(m, m.Func("f"))
		})
	}
}
