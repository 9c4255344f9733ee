package backendtest_test

import (
	"fmt"
	"testing"

	"github.com/tabgrad/tabgrad/nn/backendtest"
	"github.com/tabgrad/tabgrad/nn/prog"
)

// TestEverythingHasACase lists what the programs of all cases contain: every op, every function,
// rule and distribution, and every epilogue that Fuse can make must be there, with names told apart.
func TestEverythingHasACase(t *testing.T) {
	seen := map[string]bool{}
	names := map[string]bool{}
	for _, c := range backendtest.Cases() {
		if names[c.Name] {
			t.Errorf("two cases are named %s", c.Name)
		}
		names[c.Name] = true
		for _, build := range []func(*prog.Builder) (*prog.Program, error){(*prog.Builder).BuildPlain, (*prog.Builder).Build} {
			p, err := build(c.Recording().Builder)
			if err != nil {
				t.Fatalf("%s: %v", c.Name, err)
			}
			for _, op := range p.Ops {
				mark(seen, op)
			}
		}
	}
	var want []string
	for _, code := range prog.Codes() {
		want = append(want, code.String())
	}
	for _, fn := range prog.Unaries() {
		want = append(want, "Unary "+fn.String())
		if fn.HasGradOp() {
			want = append(want, "UnaryGrad "+fn.String())
		}
	}
	for _, fn := range prog.Binaries() {
		want = append(want, "Binary "+fn.String())
	}
	for _, fn := range prog.Reductions() {
		want = append(want, "Reduce "+fn.String())
	}
	for _, rule := range prog.Rules() {
		want = append(want, "Update "+rule.String())
	}
	for _, dist := range prog.Dists() {
		want = append(want, fmt.Sprintf("Random %d", dist))
	}
	for _, border := range prog.Borders() {
		for _, code := range []prog.Code{prog.Warp, prog.WarpGrad} {
			want = append(want, fmt.Sprintf("%v %v nearest=false", code, border), fmt.Sprintf("%v %v nearest=true", code, border))
		}
	}
	for _, avg := range []bool{false, true} {
		want = append(want, fmt.Sprintf("Pool avg=%t", avg), fmt.Sprintf("PoolGrad avg=%t", avg))
	}
	for _, code := range []prog.Code{prog.Xent, prog.XentGrad, prog.SoftmaxXent, prog.SoftmaxXentGrad} {
		want = append(want, fmt.Sprintf("%v sparse=false", code), fmt.Sprintf("%v sparse=true", code))
	}
	for t := range 4 {
		want = append(want, fmt.Sprintf("MatMul transposed %t %t", t&1 != 0, t&2 != 0))
	}
	for fn := prog.Relu; fn <= prog.Silu; fn++ {
		for _, code := range []prog.Code{prog.MatMul, prog.Conv2D, prog.Conv2DInputGrad} {
			want = append(want, fmt.Sprintf("%v act=%v bias=false", code, fn), fmt.Sprintf("%v act=%v bias=true", code, fn), fmt.Sprintf("%v grad=%v", code, fn))
		}
	}
	want = append(want, "MatMul act=identity bias=true", "Conv2D act=identity bias=true", "Conv2DInputGrad act=identity bias=true", "Conv2DKernelGrad with the bias's")
	for _, w := range want {
		if !seen[w] {
			t.Errorf("no case has %s", w)
		}
	}
	// The other way round: an epilogue that Fuse makes and the list above does not know.
	listed := map[string]bool{}
	for _, w := range want {
		listed[w] = true
	}
	for s := range seen {
		if !listed[s] {
			t.Errorf("a case has %s, which this test does not list", s)
		}
	}
}

func mark(seen map[string]bool, op prog.Op) {
	note := func(format string, args ...any) { seen[fmt.Sprintf(format, args...)] = true }
	note("%v", op.Code)
	var e prog.Epilogue
	switch a := op.Attr.(type) {
	case prog.MatMulAttr:
		note("MatMul transposed %t %t", a.TransA, a.TransB)
		e = a.Epilogue
	case prog.ConvAttr:
		e = a.Epilogue
		if len(op.Out) == 2 {
			note("%v with the bias's", op.Code)
		}
	case prog.UnaryAttr:
		note("%v %v", op.Code, a.Fn)
	case prog.BinaryAttr:
		note("%v %v", op.Code, a.Fn)
	case prog.ReduceAttr:
		note("%v %v", op.Code, a.Fn)
	case prog.UpdateAttr:
		note("%v %v", op.Code, a.Rule)
	case prog.RandomAttr:
		note("%v %d", op.Code, a.Dist)
	case prog.WarpAttr:
		note("%v %v nearest=%t", op.Code, a.Border, a.Nearest)
	case prog.PoolAttr:
		note("%v avg=%t", op.Code, a.Avg)
	case prog.XentAttr:
		note("%v sparse=%t", op.Code, a.Sparse)
	}
	switch {
	case e.Grad:
		note("%v grad=%v", op.Code, e.Act)
	case e.Bias || e.Act != prog.Identity:
		note("%v act=%v bias=%t", op.Code, e.Act, e.Bias)
	}
}
