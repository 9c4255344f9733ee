package nn

// KeepsMask: what counts goes on to count.
func (Dense) KeepsMask() {}

// KeepsMask: what counts goes on to count.
func (Activation) KeepsMask() {}

// KeepsMask: what counts goes on to count.
func (Dropout) KeepsMask() {}
