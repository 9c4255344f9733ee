//go:build !js

package kernels

func init() {
	add(
		Kernel{
			Op:   OpFill,
			Name: "u32_fill",
			Doc:  "for i := range n { dst[i] = value }",
			Args: []string{"dst", "n", "value"},
			emit: emitFill,
		},
		Kernel{
			Op:   OpCopy,
			Name: "u32_copy",
			Doc:  "for i := range n { dst[i] = src[i] }",
			Args: []string{"dst", "src", "n"},
			emit: emitCopy,
		},
	)
}

func emitFill(k *Body) {
	dst, value := k.Arg("dst"), k.Arg("value")
	lo, hi := k.Share(k.Arg("n"), 4)
	end := k.LetI32(dst.Add(hi.MulC(4)))
	dst.Set(dst.Add(lo.MulC(4)))
	quad := k.LetI32x4(value.Splat())
	k.While(dst.AddC(16).LeU(end), func() {
		k.StoreI32x4(dst, 0, quad)
		dst.Set(dst.AddC(16))
	})
	k.While(dst.LtU(end), func() {
		k.StoreI32(dst, 0, value)
		dst.Set(dst.AddC(4))
	})
}

func emitCopy(k *Body) {
	dst, src := k.Arg("dst"), k.Arg("src")
	lo, hi := k.Share(k.Arg("n"), 4)
	k.MemoryCopy(dst.Add(lo.MulC(4)), src.Add(lo.MulC(4)), hi.Sub(lo).MulC(4))
}
