package data

import (
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"
)

func table(t testing.TB) *Table {
	t.Helper()
	x, err := NewBytes([]int{5, 2, 1}, []byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 255}, 1.0/255)
	if err != nil {
		t.Fatal(err)
	}
	y, err := OneHot([]int32{2, 0, 1, 2, 0}, 3)
	if err != nil {
		t.Fatal(err)
	}
	d, err := NewTable(x, y)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestTableBatch(t *testing.T) {
	d := table(t)
	if d.Len() != 5 || !reflect.DeepEqual(d.XShape(), []int{2, 1}) || !reflect.DeepEqual(d.YShape(), []int{3}) {
		t.Fatalf("%d samples of %v and %v", d.Len(), d.XShape(), d.YShape())
	}
	nan := float32(math.NaN()) // what is left in the buffers must be overwritten
	x := []float32{nan, nan, nan, nan, -1}
	y := []float32{nan, nan, nan, nan, nan, nan, -1}
	if err := d.Batch([]int{4, 1}, x, y); err != nil {
		t.Fatal(err)
	}
	const s = float32(1.0 / 255)
	if want := []float32{8 * s, 255 * s, 2 * s, 3 * s, -1}; !reflect.DeepEqual(x, want) {
		t.Errorf("x %v, want %v", x, want)
	}
	if want := []float32{1, 0, 0, 1, 0, 0, -1}; !reflect.DeepEqual(y, want) {
		t.Errorf("y %v, want %v", y, want)
	}
}

func TestSparseAndFloats(t *testing.T) {
	x, err := NewFloats([]int{3, 2}, []float32{1, 2, 3, 4, 5, 6})
	if err != nil {
		t.Fatal(err)
	}
	y, err := Sparse([]int32{9, 0, 4}, 10)
	if err != nil {
		t.Fatal(err)
	}
	d, err := NewTable(x, y)
	if err != nil {
		t.Fatal(err)
	}
	gotX, gotY := make([]float32, 4), make([]float32, 2)
	if err := d.Batch([]int{2, 0}, gotX, gotY); err != nil {
		t.Fatal(err)
	}
	if len(d.YShape()) != 0 || !reflect.DeepEqual(gotX, []float32{5, 6, 1, 2}) || !reflect.DeepEqual(gotY, []float32{4, 9}) {
		t.Errorf("shape %v, x %v, y %v", d.YShape(), gotX, gotY)
	}
}

func TestBatchErrors(t *testing.T) {
	d := table(t)
	view, err := NewView(d, 1, 2)
	if err != nil {
		t.Fatal(err)
	}
	big := make([]float32, 100)
	for _, test := range []struct {
		d       Dataset
		indices []int
		x, y    []float32
		kind    error
		text    string
	}{
		{d, []int{0, 1}, big[:3], big, ErrShape, "dataset: x wants 4 floats for 2 samples of 2x1, got 3"},
		{d, []int{0, 1}, big, big[:5], ErrShape, "dataset: y wants 6 floats for 2 samples of 3, got 5"},
		{d, []int{5}, big, big, ErrIndex, "dataset: sample 5 of 5"},
		{d, []int{-1}, big, big, ErrIndex, "dataset: sample -1 of 5"},
		{view, []int{2}, big, big, ErrIndex, "dataset: sample 2 of 2"},
		{view, []int{-1}, big, big, ErrIndex, "dataset: sample -1 of 2"},
	} {
		err := test.d.Batch(test.indices, test.x, test.y)
		if !errors.Is(err, test.kind) || err.Error() != test.text {
			t.Errorf("%v, want %s", err, test.text)
		}
	}
	for _, r := range [][2]int{{-1, 2}, {0, 6}, {5, 1}, {1, -1}} {
		if _, err := NewView(d, r[0], r[1]); !errors.Is(err, ErrIndex) {
			t.Errorf("NewView(%v): %v", r, err)
		}
	}
}

func TestBatchAllocatesNothing(t *testing.T) {
	d := table(t)
	train, _, err := Split(d, 0.4)
	if err != nil {
		t.Fatal(err)
	}
	b, err := NewBatches(train.Len(), 2, true, 1)
	if err != nil {
		t.Fatal(err)
	}
	x, y := make([]float32, 4), make([]float32, 6)
	epoch := 0
	allocs := testing.AllocsPerRun(100, func() {
		epoch++
		b.Begin(epoch)
		for k := range b.Len() {
			if err := train.Batch(b.At(k), x, y); err != nil {
				t.Fatal(err)
			}
		}
	})
	if allocs != 0 {
		t.Errorf("%v allocations an epoch", allocs)
	}
}

func TestSplit(t *testing.T) {
	// floor(n*(1-s)) in float64, as Keras computes it: 10*(1-0.3) is exactly 7, 10*(1-0.9) is a hair under 1.
	for _, test := range []struct {
		n    int
		s    float64
		want int
	}{{60000, 0.1, 54000}, {10, 0.3, 7}, {10, 0.25, 7}, {5, 0.5, 2}, {3, 0.01, 2}, {100, 0.99, 1}, {2, 0.5, 1}} {
		if got, err := SplitAt(test.n, test.s); err != nil || got != test.want {
			t.Errorf("SplitAt(%d, %v) = %d, %v, want %d", test.n, test.s, got, err, test.want)
		}
	}
	for _, test := range []struct {
		n int
		s float64
	}{{10, 0}, {10, 1}, {10, -0.1}, {10, 1.5}, {10, math.NaN()}, {1, 0.5}, {0, 0.5}, {10, 0.95}, {10, 0.9}} {
		if got, err := SplitAt(test.n, test.s); !errors.Is(err, ErrSplit) {
			t.Errorf("SplitAt(%d, %v) = %d, %v, want ErrSplit", test.n, test.s, got, err)
		}
	}
	train, validation, err := Split(table(t), 0.4)
	if err != nil {
		t.Fatal(err)
	}
	if train.Len() != 3 || validation.Len() != 2 {
		t.Fatalf("%d and %d", train.Len(), validation.Len())
	}
	x, y := make([]float32, 4), make([]float32, 6)
	if err := validation.Batch([]int{1, 0}, x, y); err != nil {
		t.Fatal(err)
	}
	if x[1] != 1 || y[0] != 1 || y[5] != 1 {
		t.Errorf("the tail reversed: x %v y %v", x, y)
	}
}

func TestShapeErrors(t *testing.T) {
	x, err := NewFloats([]int{2, 2}, make([]float32, 4))
	if err != nil {
		t.Fatal(err)
	}
	y, err := Sparse([]int32{1}, 2)
	if err != nil {
		t.Fatal(err)
	}
	is := func(text string, err error) {
		t.Helper()
		if !errors.Is(err, ErrShape) || !strings.Contains(err.Error(), text) {
			t.Errorf("%v, want ErrShape: %s", err, text)
		}
	}
	_, err = NewTable(x, y)
	is("dataset: x has 2 samples, y has 1", err)
	_, err = NewFloats([]int{2, 3}, make([]float32, 5))
	is("array: 6 elements wanted for 2x3, got 5", err)
	_, err = NewBytes([]int{2, -3}, nil, 1)
	is("2x-3", err)
	_, err = NewBytes(nil, []byte{1}, 1)
	is("got none", err)
	_, err = NewBytes([]int{0, math.MaxInt, 2}, nil, 1)
	is("is no shape", err)
	_, err = x.Reshape(3)
	is("samples of 2 cannot become 3", err)
	_, err = NewBatches(3, 0, false, 0)
	is("batches of 0", err)
	if _, err := NewBytes([]int{1}, []byte{1}, float32(math.Inf(1))); !errors.Is(err, ErrNotFinite) {
		t.Errorf("an infinite scale: %v", err)
	}
}

func TestReshapeAndHead(t *testing.T) {
	for _, make := range []func() (*Array, error){
		func() (*Array, error) { return NewBytes([]int{3, 4}, []byte("abcdefghijkl"), 1) },
		func() (*Array, error) {
			return NewFloats([]int{3, 4}, []float32{97, 98, 99, 100, 101, 102, 103, 104, 105, 106, 107, 108})
		},
	} {
		a, err := make()
		if err != nil {
			t.Fatal(err)
		}
		r, err := a.Reshape(2, 2)
		if err != nil {
			t.Fatal(err)
		}
		h, err := r.Head(2)
		if err != nil {
			t.Fatal(err)
		}
		var row [4]float32
		h.CopyRow(row[:], 1)
		if h.Len() != 2 || !reflect.DeepEqual(h.Shape(), []int{2, 2}) || row != [4]float32{101, 102, 103, 104} {
			t.Errorf("%d of %v: %v", h.Len(), h.Shape(), row)
		}
		if a.Len() != 3 || !reflect.DeepEqual(a.Shape(), []int{4}) {
			t.Errorf("the original became %d of %v", a.Len(), a.Shape())
		}
		for _, n := range []int{-1, 4} {
			if _, err := a.Head(n); !errors.Is(err, ErrIndex) {
				t.Errorf("Head(%d): %v", n, err)
			}
		}
	}
}

func TestChecks(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	for _, test := range []struct {
		v    float32
		text string
	}{{nan, "x: row 1 holds NaN at element 2 of 3"}, {inf, "x: row 1 holds +Inf at element 2 of 3"}, {-inf, "x: row 1 holds -Inf at element 2 of 3"}} {
		a, err := NewFloats([]int{2, 3}, []float32{math.MaxFloat32, -1, 0, 1, 2, test.v})
		if err != nil {
			t.Fatal(err)
		}
		var where *Error
		if err := a.CheckFinite("x"); !errors.Is(err, ErrNotFinite) || err.Error() != test.text || !errors.As(err, &where) || where.Row != 1 {
			t.Errorf("%v, want %s", err, test.text)
		}
		a.Floats()[5] = 0
		if err := a.CheckFinite("x"); err != nil {
			t.Error(err)
		}
	}
	for _, test := range []struct {
		labels  []int32
		classes int
		row     int
		text    string
	}{
		{[]int32{0, 9, 10}, 10, 2, "labels: row 2 is 10, want 0 to 9"},
		{[]int32{0, -1}, 10, 1, "labels: row 1 is -1, want 0 to 9"},
		{nil, 0, -1, "labels: 0 classes, want 1 to 16777216"},
	} {
		for _, make := range []func([]int32, int) (*Labels, error){OneHot, Sparse} {
			_, err := make(test.labels, test.classes)
			var where *Error
			if !errors.Is(err, ErrLabel) || err.Error() != test.text || !errors.As(err, &where) || where.Row != test.row {
				t.Errorf("%v, want %s", err, test.text)
			}
		}
	}
	if got, err := LabelsOf("y", []float32{0, 9, 3}, 10); err != nil || !reflect.DeepEqual(got, []int32{0, 9, 3}) {
		t.Errorf("%v, %v", got, err)
	}
	for _, v := range []float32{-1, 0.5, 10, nan, inf, 1e30} {
		if _, err := LabelsOf("y", []float32{1, v}, 10); !errors.Is(err, ErrLabel) || !strings.Contains(err.Error(), "y: row 1 is ") {
			t.Errorf("label %v: %v", v, err)
		}
	}
}
