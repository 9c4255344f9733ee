package simd

// UseWinograd makes a backend on strict kernels use Winograd's, as one on relaxed kernels does.
func (b *Backend) UseWinograd() { b.winograd = true }
