package backendtest

import "github.com/tabgrad/tabgrad/nn/prog"

// SeedCNN records a training step of Keras's MNIST CNN with Adadelta: inputs x [batch,28,28,1], y
// [batch,10], step [2] and hyper [HyperSize]; the parameters are variables 0 to 7 of the store; outputs
// loss [] and accuracy [] (the number of hits).
func SeedCNN(batch int) *prog.Builder {
	s := &prog.Store{}
	s.Add("conv2d/kernel", prog.Shape{3, 3, 1, 32})
	s.Add("conv2d/bias", prog.Shape{32})
	s.Add("conv2d_1/kernel", prog.Shape{3, 3, 32, 64})
	s.Add("conv2d_1/bias", prog.Shape{64})
	s.Add("dense/kernel", prog.Shape{9216, 128})
	s.Add("dense/bias", prog.Shape{128})
	s.Add("dense_1/kernel", prog.Shape{128, 10})
	s.Add("dense_1/bias", prog.Shape{10})
	params, count := s.Size, len(s.Vars)
	slots := []int{s.Add("accumulated_grad", prog.Shape{params}), s.Add("accumulated_delta_var", prog.Shape{params})}

	b := prog.NewBuilder("seed_cnn", s)
	x, t := b.Input("x", batch, 28, 28, 1), b.Input("y", batch, 10)
	step, hyper := b.Input("step", 2), b.Input("hyper", prog.HyperSize)
	var v []prog.Buf
	for i := range count {
		v = append(v, b.Var(i))
	}
	conv := prog.ConvAttr{Stride: [2]int{1, 1}, Dilation: [2]int{1, 1}, Groups: 1}
	dropout := func(h prog.Buf, key uint64, rate float64) prog.Buf {
		return b.Mul(h, b.Random(step, prog.RandomAttr{Dist: prog.Keep, Key: key, A: rate, Shape: b.Shape(h)}))
	}
	h := b.Unary(prog.Relu, b.Add(b.Conv2D(x, v[0], conv), v[1]))
	h = b.Unary(prog.Relu, b.Add(b.Conv2D(h, v[2], conv), v[3]))
	h = dropout(b.Pool(h, prog.PoolAttr{Window: [2]int{2, 2}, Stride: [2]int{2, 2}}), 1, 0.25)
	h = b.Reshape(h, batch, -1)
	h = dropout(b.Unary(prog.Relu, b.Add(b.MatMul(h, v[4], false, false), v[5])), 2, 0.5)
	p := b.Softmax(b.Add(b.MatMul(h, v[6], false, false), v[7]))
	loss := b.Reduce(prog.Mean, b.Xent(p, t, false), false)
	b.Output("loss", loss)
	b.Output("accuracy", b.Reduce(prog.Sum, b.Binary(prog.Equal, b.ArgMax(p), b.ArgMax(t)), false))
	grads := prog.Grad(b, loss, v)
	b.Update(prog.UpdateAttr{Rule: prog.RuleAdadelta, Rho: 0.95, Epsilon: 1e-7},
		b.StoreRange("params", 0, params), b.Pack(grads...), hyper, b.Var(slots[0]), b.Var(slots[1]))
	return b
}
