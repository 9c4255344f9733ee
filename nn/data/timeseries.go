package data

// A Timeseries says which windows of a series are samples (keras/src/utils/timeseries_dataset_utils.py). The zero
// value of a field is Keras's default.
type Timeseries struct {
	Length int // steps of a window; required
	Stride int // steps from a window's beginning to the next one's; 0: 1
	Rate   int // steps from one of a window's to the next; 0: 1
	Start  int // the first step that is used
	End    int // the step before which windows end; 0: the series' end
}

// Windows cuts a series, a column of steps, into a column of windows of the shape [Length, step...]. Where there are
// targets, one a step, y is a column of those of the windows' first steps, and there are no windows without one;
// else it is nil. To predict the step behind a window, let targets begin Length steps later than the series. It
// fails with ErrShape where a field of t cannot be.
func Windows(series, targets Column, t Timeseries) (x, y Column, err error) {
	n := series.Len()
	for _, f := range []struct {
		name          string
		v             *int
		def, min, max int
	}{
		{"length", &t.Length, 0, 1, n}, {"stride", &t.Stride, 1, 1, n}, {"rate", &t.Rate, 1, 1, n},
		{"start", &t.Start, 0, 0, n - 1}, {"end", &t.End, n, t.Start + 1, n},
	} {
		if *f.v == 0 {
			*f.v = f.def
		}
		if *f.v < f.min || *f.v > f.max {
			return nil, nil, fail(ErrShape, "timeseries: ", f.name, " is ", itoa(*f.v), ", wanted ", itoa(f.min), " to ", itoa(f.max), " for a series of ", itoa(n), " steps")
		}
	}
	count := t.End - t.Start - (t.Length-1)*t.Rate
	if targets != nil {
		count = min(count, targets.Len()-t.Start)
	}
	if count < 1 {
		return nil, nil, fail(ErrShape, "timeseries: no window of ", itoa(t.Length), " steps, ", itoa(t.Rate), " apart, lies within steps ", itoa(t.Start), " to ", itoa(t.End-1))
	}
	step, _ := product(series.Shape())
	w := &windows{series: series, t: t, n: (count + t.Stride - 1) / t.Stride, shape: append([]int{t.Length}, series.Shape()...), step: step}
	if targets != nil {
		y = &beginnings{w, targets}
	}
	return w, y, nil
}

// windows are a series'.
type windows struct {
	series Column
	t      Timeseries
	n      int
	shape  []int
	step   int // numbers in a step
}

func (w *windows) Len() int        { return w.n }
func (w *windows) Shape() []int    { return w.shape }
func (w *windows) first(i int) int { return w.t.Start + i*w.t.Stride }

func (w *windows) CopyRow(dst []float32, i int) {
	for s := range w.t.Length {
		w.series.CopyRow(dst[s*w.step:(s+1)*w.step], w.first(i)+s*w.t.Rate)
	}
}

// beginnings are the targets of windows' first steps.
type beginnings struct {
	of      *windows
	targets Column
}

func (b *beginnings) Len() int                     { return b.of.n }
func (b *beginnings) Shape() []int                 { return b.targets.Shape() }
func (b *beginnings) CopyRow(dst []float32, i int) { b.targets.CopyRow(dst, b.of.first(i)) }
