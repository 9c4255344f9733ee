package nn_test

import (
	"testing"

	"github.com/tabgrad/tabgrad/nn"
	"github.com/tabgrad/tabgrad/nn/prog"
)

// What Keras's layers give, each alone (testdata/keras/layers.py), and networks of them that are trained. Each case runs
// in float32, in float64 and on the SIMD kernels.

type layerCase struct {
	Name     string
	Class    string `json:"class_name"`
	Config   map[string]any
	Training bool
	X        []goldenTensor
	Mask     goldenTensor
	Weights  []goldenTensor
	Expect   struct {
		Y, Mask goldenTensor
		Loss    float64
		XGrads  []goldenTensor `json:"x_grads"`
		Grads   []goldenTensor
		States  []goldenTensor
	}
}

func TestLayersAreKeras(t *testing.T) {
	for _, family := range []string{"layers_spatial", "layers_norm"} {
		for _, c := range golden[layerCase](t, "keras", family) {
			for _, p := range functionPrecisions {
				t.Run(c.Name+"/"+p.name, func(t *testing.T) {
					r := &functionRun{goldenRun: goldenRun{T: t, tolerance: p.tolerance, backend: p.backend(t)}}
					r.layer(&c)
				})
			}
		}
	}
}

func (r *functionRun) layer(c *layerCase) {
	l, err := nn.LayerFrom(map[string]any{"class_name": c.Class, "config": c.Config})
	if err != nil {
		r.Fatal(err)
	}
	var samples [][]int
	for _, x := range c.X {
		samples = append(samples, x.Shape[1:])
	}
	a, err := nn.LowerAlone(l, samples, c.X[0].Shape[0], c.Training, c.Mask.Data != nil)
	if err != nil {
		r.Fatal(err)
	}
	r.b = a.Builder
	for i, x := range c.X {
		r.given(a.X[i], x)
	}
	if c.Mask.Data != nil {
		r.given(a.Masks[0], c.Mask)
	}
	if len(a.Vars) != len(c.Weights) {
		r.Fatalf("it has %d variables, wanted %d", len(a.Vars), len(c.Weights))
	}
	wrt := append([]prog.Buf{}, a.X...)
	var states []prog.Buf
	frozen := c.Config["trainable"] == false
	for i, v := range a.Vars {
		if v.Name != c.Weights[i].Name {
			r.Errorf("variable %d is %s, wanted %s", i, v.Name, c.Weights[i].Name)
		}
		r.given(v.Buf, c.Weights[i])
		if v.State || frozen {
			states = append(states, v.Buf)
		} else {
			wrt = append(wrt, v.Buf)
		}
	}

	y := a.Out[0]
	weights := make([]float32, a.Shape(y).Size())
	for i := range weights {
		weights[i] = float32(7*i%11-5) / 8
	}
	loss := a.Reduce(prog.Sum, a.Mul(y, a.Const(weights, a.Shape(y)...)), false)
	if !frozen { // Keras leaves out the regularizers of what is not trained
		for _, x := range a.Losses {
			loss = a.Add(loss, a.Reshape(x))
		}
	}
	grads := prog.Grad(a.Builder, loss, wrt)
	r.expect("y", y, c.Expect.Y)
	// The loss is a sum of terms of both signs: beside it stands the largest of them.
	r.expect("loss", a.Concat(0, a.Reshape(loss, 1), a.Fill(1, 1)), goldenTensor{Shape: []int{2}, Data: []float32{float32(c.Expect.Loss), 1}})
	for i, want := range c.Expect.XGrads {
		r.expect("gradient of x", grads[i], want)
	}
	if len(c.Expect.Grads) != len(wrt)-len(a.X) {
		r.Fatalf("%d variables are trained, wanted %d", len(wrt)-len(a.X), len(c.Expect.Grads))
	}
	for i, want := range c.Expect.Grads {
		r.expect("gradient of "+want.Name, grads[len(a.X)+i], want)
	}
	switch mask := a.OutMasks[0]; {
	case mask == prog.None != (c.Expect.Mask.Data == nil):
		r.Errorf("a mask behind it: %t, wanted %t", mask != prog.None, c.Expect.Mask.Data != nil)
	case mask != prog.None:
		r.expect("mask", mask, c.Expect.Mask)
	}
	a.Finish()
	for i, want := range c.Expect.States {
		r.expectVariable(want.Name, states[i], want)
	}
	r.finish()
}

// expectVariable compares what a variable of the program holds after the step.
func (r *functionRun) expectVariable(what string, v prog.Buf, want goldenTensor) {
	shape := r.b.Shape(v)
	r.check = append(r.check, func(e prog.Exec) {
		got := make([]float32, shape.Size())
		if err := e.Read(v, got); err != nil {
			r.Fatal(err)
		}
		r.tensor(what, shape, got, want)
	})
}

func TestLayersTrainAsKeras(t *testing.T) {
	for _, c := range golden[goldenCase](t, "keras", "layers_training") {
		for _, p := range functionPrecisions {
			t.Run(c.Name+"/"+p.name, func(t *testing.T) {
				g := &goldenRun{T: t, c: c, tolerance: p.tolerance, backend: p.backend(t)}
				g.run()
			})
		}
	}
}
