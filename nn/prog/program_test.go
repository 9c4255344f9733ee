package prog_test

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/tabgrad/tabgrad/nn/prog"
)

var update = flag.Bool("update", false, "rewrite the golden programs in testdata")

var unit = [2]int{1, 1}

func conv(b *prog.Builder, x, w, bias prog.Buf) prog.Buf {
	y := b.Conv2D(x, w, prog.ConvAttr{Stride: unit, Dilation: unit, Groups: 1})
	return b.Unary(prog.Relu, b.Add(y, bias))
}

// seedCNN records a training step of Keras's MNIST CNN: forward, loss, backward and Adadelta.
func seedCNN(batch int) *prog.Builder {
	s := &prog.Store{}
	for _, v := range []struct {
		name  string
		shape prog.Shape
	}{
		{"conv2d/kernel", prog.Shape{3, 3, 1, 32}}, {"conv2d/bias", prog.Shape{32}},
		{"conv2d_1/kernel", prog.Shape{3, 3, 32, 64}}, {"conv2d_1/bias", prog.Shape{64}},
		{"dense/kernel", prog.Shape{9216, 128}}, {"dense/bias", prog.Shape{128}},
		{"dense_1/kernel", prog.Shape{128, 10}}, {"dense_1/bias", prog.Shape{10}},
	} {
		s.Add(v.name, v.shape)
	}
	params := s.Size
	slotA, slotD := s.Add("accumulated_grad", prog.Shape{params}), s.Add("accumulated_delta_var", prog.Shape{params})

	b := prog.NewBuilder("train", s)
	x := b.Input("x", batch, 28, 28, 1)
	t := b.Input("y", batch, 10)
	step := b.Input("step", 2)
	hyper := b.Input("hyper", prog.HyperSize)
	var vars []prog.Buf
	for i := range 8 {
		vars = append(vars, b.Var(i))
	}
	h := conv(b, x, vars[0], vars[1])
	h = conv(b, h, vars[2], vars[3])
	h = b.Pool(h, prog.PoolAttr{Window: [2]int{2, 2}, Stride: [2]int{2, 2}})
	h = b.Mul(h, b.Random(step, prog.RandomAttr{Dist: prog.Keep, Key: 1, A: 0.25, Shape: b.Shape(h)}))
	h = b.Reshape(h, batch, -1)
	h = b.Unary(prog.Relu, b.Add(b.MatMul(h, vars[4], false, false), vars[5]))
	h = b.Mul(h, b.Random(step, prog.RandomAttr{Dist: prog.Keep, Key: 2, A: 0.5, Shape: b.Shape(h)}))
	p := b.Softmax(b.Add(b.MatMul(h, vars[6], false, false), vars[7]))
	loss := b.Reduce(prog.Mean, b.Xent(p, t, false), false)
	b.Output("loss", loss)
	b.Output("accuracy", b.Reduce(prog.Sum, b.Binary(prog.Equal, b.ArgMax(p), b.ArgMax(t)), false))
	grads := prog.Grad(b, loss, vars)
	b.Update(prog.UpdateAttr{Rule: prog.RuleAdadelta, Rho: 0.95, Epsilon: 1e-7},
		b.StoreRange("params", 0, params), b.Pack(grads...), hyper, b.Var(slotA), b.Var(slotD))
	return b
}

func TestSeedCNN(t *testing.T) {
	p, err := seedCNN(128).Build()
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "seed_cnn.txt", p.String())
}

// golden compares got with testdata/name, which -update rewrites.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs (go test -update rewrites it); got:\n%s", path, got)
	}
}
