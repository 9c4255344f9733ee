package data

// Dataset is what a network is fitted to: n samples, each with an input x and a target y.
type Dataset interface {
	// Len is the number of samples, n.
	Len() int
	// XShape and YShape are one sample's shapes, without the batch: [28 28 1] and [10]. An empty shape is one number.
	XShape() []int
	YShape() []int
	// Batch copies the samples indices[0], indices[1], ... one after another into x, (len(indices), XShape...), and
	// y, (len(indices), YShape...), which the caller owns and may hold longer than needed. It allocates nothing. It
	// fails with ErrShape when a buffer is too short and with ErrIndex when a sample does not exist.
	Batch(indices []int, x, y []float32) error
}

// Table is a Dataset of two columns in memory. Its methods may be called from several goroutines.
type Table struct {
	x, y             Column
	xShape, yShape   []int
	xStride, yStride int
}

// NewTable joins inputs and targets. It fails with ErrShape when they are of different lengths.
func NewTable(x, y Column) (*Table, error) {
	if x.Len() != y.Len() {
		return nil, fail(ErrShape, "dataset: x has ", itoa(x.Len()), " samples, y has ", itoa(y.Len()))
	}
	t := &Table{x: x, y: y, xShape: x.Shape(), yShape: y.Shape()}
	var xOK, yOK bool
	t.xStride, xOK = product(t.xShape)
	t.yStride, yOK = product(t.yShape)
	if !xOK || !yOK {
		return nil, fail(ErrShape, "dataset: ", dims(t.xShape), " and ", dims(t.yShape), " are no shapes")
	}
	return t, nil
}

// Len is the number of samples.
func (t *Table) Len() int { return t.x.Len() }

// XShape is one input's shape.
func (t *Table) XShape() []int { return t.xShape }

// YShape is one target's shape.
func (t *Table) YShape() []int { return t.yShape }

// X is the column of inputs.
func (t *Table) X() Column { return t.x }

// Y is the column of targets.
func (t *Table) Y() Column { return t.y }

// Batch copies the samples at indices into x and y; see Dataset.
func (t *Table) Batch(indices []int, x, y []float32) error {
	if len(x) < len(indices)*t.xStride {
		return short("x", len(indices), t.xShape, len(x))
	}
	if len(y) < len(indices)*t.yStride {
		return short("y", len(indices), t.yShape, len(y))
	}
	n := t.x.Len()
	for k, i := range indices {
		if uint(i) >= uint(n) {
			return fail(ErrIndex, "dataset: sample ", itoa(i), " of ", itoa(n))
		}
		t.x.CopyRow(x[k*t.xStride:(k+1)*t.xStride], i)
		t.y.CopyRow(y[k*t.yStride:(k+1)*t.yStride], i)
	}
	return nil
}

func short(name string, rows int, shape []int, got int) error {
	per, _ := product(shape)
	return fail(ErrShape, "dataset: ", name, " wants ", itoa(rows*per), " floats for ", itoa(rows), " samples of ", dims(shape), ", got ", itoa(got))
}

// View is a run of another dataset's samples, first to first+n-1. Unlike a Table it keeps a scratch buffer, so one
// goroutine at a time may call Batch.
type View struct {
	of      Dataset
	first   int
	n       int
	scratch []int
}

// NewView is the samples first to first+n-1 of d. It fails with ErrIndex when d does not have them.
func NewView(d Dataset, first, n int) (*View, error) {
	if first < 0 || n < 0 || n > d.Len()-first {
		return nil, fail(ErrIndex, "dataset: samples ", itoa(first), " to ", itoa(first+n-1), " of ", itoa(d.Len()))
	}
	return &View{of: d, first: first, n: n}, nil
}

// Len is the number of samples in the view.
func (v *View) Len() int { return v.n }

// XShape is one input's shape.
func (v *View) XShape() []int { return v.of.XShape() }

// YShape is one target's shape.
func (v *View) YShape() []int { return v.of.YShape() }

// Batch copies the view's samples at indices into x and y; see Dataset.
func (v *View) Batch(indices []int, x, y []float32) error {
	if cap(v.scratch) < len(indices) {
		v.scratch = make([]int, len(indices))
	}
	shifted := v.scratch[:len(indices)]
	for k, i := range indices {
		if uint(i) >= uint(v.n) {
			return fail(ErrIndex, "dataset: sample ", itoa(i), " of ", itoa(v.n))
		}
		shifted[k] = v.first + i
	}
	return v.of.Batch(shifted, x, y)
}
