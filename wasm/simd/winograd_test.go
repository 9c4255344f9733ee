package simd_test

import (
	"github.com/tabgrad/tabgrad/nn/backendtest"
	"github.com/tabgrad/tabgrad/nn/prog"
)

var sameConv = prog.ConvAttr{Stride: [2]int{1, 1}, Dilation: [2]int{1, 1}, Pad: [4]int{1, 1, 1, 1}, Groups: 1}

// winogradConv is large enough for Winograd's kernels in all three passes.
var winogradConv = backendtest.Case{
	Name: "Winograd", Terms: 16 * 16 * 16,
	Record: func(r *backendtest.Recorder) prog.Buf {
		x, w := r.Param(backendtest.Signed, 16, 16, 16, 16), r.Param(backendtest.Signed, 3, 3, 16, 16)
		return r.Conv2D(x, w, sameConv)
	},
}

// winogradLayers has what Fuse puts behind convolutions: a bias, relu and its gradient.
var winogradLayers = backendtest.Case{
	Name: "Winograd, two layers", Terms: 16 * 16 * 16,
	Record: func(r *backendtest.Recorder) prog.Buf {
		h := r.Param(backendtest.Signed, 16, 16, 16, 16)
		h = r.Unary(prog.Relu, r.Add(r.Conv2D(h, r.Param(backendtest.Signed, 3, 3, 16, 16), sameConv), r.Param(backendtest.Signed, 16)))
		return r.Add(r.Conv2D(h, r.Param(backendtest.Signed, 3, 3, 16, 24), sameConv), r.Param(backendtest.Signed, 24))
	},
}
