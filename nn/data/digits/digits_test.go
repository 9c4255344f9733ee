package digits

import (
	"bytes"
	"errors"
	"hash/fnv"
	"slices"
	"testing"

	"github.com/tabgrad/tabgrad/nn/data"
)

func generate(t testing.TB, n int, seed uint64, first int) (images []byte, labels []int32) {
	t.Helper()
	images, labels = make([]byte, n*Side*Side), make([]int32, n)
	if err := Generate(images, labels, seed, first); err != nil {
		t.Fatal(err)
	}
	return images, labels
}

// The same bytes natively and in wasm, whatever the processor: run this with GOOS=js GOARCH=wasm too. The hash changes only
// with the styles, the warp or the ink; then train on the digits again and mend what the package comment says they reach.
func TestGolden(t *testing.T) {
	images, labels := generate(t, 500, 42, 0)
	h := fnv.New64a()
	h.Write(images)
	for _, l := range labels {
		h.Write([]byte{byte(l)})
	}
	if got, want := h.Sum64(), uint64(0x434ed77abd3b4f40); got != want {
		t.Errorf("500 digits of seed 42 hash to %#x, want %#x", got, want)
	}
}

func TestAnyOrder(t *testing.T) {
	images, labels := generate(t, 37, 7, 0)
	for _, piece := range [][2]int{{0, 5}, {5, 12}, {12, 37}} {
		from, to := piece[0], piece[1]
		i, l := generate(t, to-from, 7, from)
		if !bytes.Equal(i, images[from*Side*Side:to*Side*Side]) || !slices.Equal(l, labels[from:to]) {
			t.Errorf("digits %d to %d differ when drawn by themselves", from, to)
		}
	}
	other, _ := generate(t, 37, 8, 0)
	if bytes.Equal(other, images) {
		t.Error("another seed, the same digits")
	}
}

func TestBalance(t *testing.T) {
	_, labels := generate(t, 200, 3, 0)
	orders := map[[10]int32]bool{}
	for i := 0; i < len(labels); i += 10 {
		ten := [10]int32(labels[i:])
		orders[ten] = true
		slices.Sort(ten[:])
		if ten != [10]int32{0, 1, 2, 3, 4, 5, 6, 7, 8, 9} {
			t.Errorf("digits %d to %d are %v, want each once", i, i+9, labels[i:i+10])
		}
	}
	if len(orders) < 19 {
		t.Errorf("20 tens come in %d orders", len(orders))
	}
}

// Each digit fills MNIST's box, is as dark as MNIST's are (mean ink of its test digits, in pixels: 38 to 199 hold 98%) and
// has its centre of mass in the middle; each class is as dark as MNIST's class within a fifth.
func TestLook(t *testing.T) {
	const n = 3000
	images, labels := generate(t, n, 11, 0)
	var ink [Classes]float64
	for k := range n {
		var mass, mx, my float64
		x0, y0, x1, y1, peak := Side, Side, 0, 0, byte(0)
		for i, v := range images[k*Side*Side : (k+1)*Side*Side] {
			x, y := i%Side, i/Side
			mass += float64(v)
			mx += float64(v) * float64(x)
			my += float64(v) * float64(y)
			peak = max(peak, v)
			if v > 0 {
				x0, x1, y0, y1 = min(x0, x), max(x1, x+1), min(y0, y), max(y1, y+1)
			}
		}
		mx, my = mx/mass, my/mass
		mass /= 255
		ink[labels[k]] += mass / (n / Classes)
		if mass < 20 || mass > 300 || peak != 255 {
			t.Errorf("digit %d, a %d: ink %.0f pixels, peak %d", k, labels[k], mass, peak)
		}
		if longer := max(x1-x0, y1-y0); longer < 19 || longer > 20 {
			t.Errorf("digit %d, a %d: %d pixels long, want 20", k, labels[k], longer)
		}
		edge := x0 == 0 || y0 == 0 || x1 == Side || y1 == Side // where the field ends, centring does
		if !edge && (mx < 13.49 || mx > 14.51 || my < 13.49 || my > 14.51) {
			t.Errorf("digit %d, a %d: centre of mass (%.2f, %.2f), want (14, 14) within half a pixel", k, labels[k], mx, my)
		}
	}
	mnist := [Classes]float64{135.1, 60.2, 117.7, 112.4, 96.2, 103.5, 112.6, 90.1, 120.1, 98.2}
	for d, got := range ink {
		if got < 0.8*mnist[d] || got > 1.2*mnist[d] {
			t.Errorf("a %d has %.1f pixels of ink, MNIST's %.1f", d, got, mnist[d])
		}
	}
}

// Digits can be told apart, by the nearest of 2,000 others: were labels and strokes to part ways, a tenth would be right.
func TestNearestNeighbour(t *testing.T) {
	known, names := generate(t, 2000, 1, 0)
	unknown, want := generate(t, 200, 2, 0)
	right := 0
	for k := range want {
		a := unknown[k*Side*Side : (k+1)*Side*Side]
		best, label := 1<<62, int32(-1)
		for j, name := range names {
			distance := 0
			for i, v := range known[j*Side*Side : (j+1)*Side*Side] {
				d := int(v) - int(a[i])
				distance += d * d
			}
			if distance < best {
				best, label = distance, name
			}
		}
		if label == want[k] {
			right++
		}
	}
	if right < 160 {
		t.Errorf("%d of 200 recognised by their nearest neighbour, want 160", right)
	}
}

// Every style is a digit's height and has points enough for trace's buffer.
func TestStyles(t *testing.T) {
	for d, of := range styles {
		for k, s := range of {
			top, bottom, points := 1.0, 0.0, 0
			for _, stroke := range s.strokes {
				points = max(points, len(stroke))
				if len(stroke) < 2 {
					t.Errorf("%d, style %d: a stroke of %d points", d, k, len(stroke))
				}
				for _, p := range stroke {
					top, bottom = min(top, p.y), max(bottom, p.y)
				}
			}
			if s.weight < 1 || top > 0.1 || top < -0.1 || bottom < 0.9 || bottom > 1.1 || points > maxPoints {
				t.Errorf("%d, style %d: weight %d, from %.2f to %.2f, %d points a stroke", d, k, s.weight, top, bottom, points)
			}
		}
	}
}

func TestErrors(t *testing.T) {
	if err := Generate(make([]byte, 783), make([]int32, 1), 1, 0); !errors.Is(err, data.ErrShape) {
		t.Errorf("783 bytes for a digit: %v", err)
	}
	if err := Generate(make([]byte, 784), make([]int32, 1), 1, -1); !errors.Is(err, data.ErrIndex) {
		t.Errorf("from -1: %v", err)
	}
	if err := Generate(nil, nil, 1, 0); err != nil {
		t.Errorf("no digits: %v", err)
	}
}

func BenchmarkGenerate(b *testing.B) {
	images, labels := make([]byte, 100*Side*Side), make([]int32, 100)
	for i := 0; b.Loop(); i++ {
		if err := Generate(images, labels, 1, 100*i); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(100*b.N)/b.Elapsed().Seconds(), "digits/s")
}
