package cpu_test

import (
	"fmt"

	"github.com/tabgrad/tabgrad/nn/cpu"
	"github.com/tabgrad/tabgrad/nn/prog"
)

// A step of gradient descent on the mean of (x·w - t)², run until w is found.
func Example() {
	store := &prog.Store{}
	store.Add("w", prog.Shape{2, 1})
	b := prog.NewBuilder("step", store)
	x, t, rate := b.Input("x", 3, 2), b.Input("t", 3, 1), b.Input("rate", prog.HyperSize)
	w := b.Var(0)
	loss := b.Reduce(prog.Mean, b.Unary(prog.Square, b.Sub(b.MatMul(x, w, false, false), t)), false)
	grad := prog.Grad(b, loss, []prog.Buf{w})[0]
	b.Update(prog.UpdateAttr{Rule: prog.RuleSGD}, w, grad, rate)
	p, err := b.Build()
	if err != nil {
		fmt.Println(err)
		return
	}

	exec, err := cpu.New[float32](cpu.Options{}).Load(p)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer exec.Close()
	exec.Write(x, []float32{1, 0, 0, 1, 1, 1})
	exec.Write(t, []float32{2, -1, 1})
	step := prog.Hyper{Rate: 0.3, Scale: 1}.Words()
	exec.Write(rate, step[:])
	for range 100 {
		exec.Run()
	}
	found := make([]float32, 2)
	exec.Read(w, found)
	fmt.Printf("%.3f\n", found)
	// Output: [2.000 -1.000]
}
