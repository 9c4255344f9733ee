package nn_test

import (
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/tabgrad/tabgrad/nn"
	"github.com/tabgrad/tabgrad/nn/cpu"
	"github.com/tabgrad/tabgrad/nn/data"
)

// images are n images, each pixel f(row, column, channel).
func images(n, h, w, c int, f func(i, j, ch int) float64) goldenTensor {
	x := goldenTensor{Shape: []int{n, h, w, c}}
	for range n {
		for p := range h * w * c {
			x.Data = append(x.Data, float32(f(p/c/w, p/c%w, p%c)))
		}
	}
	return x
}

// place has each pixel's column in the first channel and its row in the second, so that a warped image says where it
// comes from.
func place(i, j, ch int) float64 { return []float64{float64(j), float64(i)}[ch] }

// What is drawn for each image, read off what becomes of it, is uniform between the ends that Keras has.
func TestAugmentationDraws(t *testing.T) {
	const n = 4000
	at := func(i, j, ch int) func(y []float32) float64 {
		return func(y []float32) float64 { return float64(y[(i*9+j)*2+ch]) }
	}
	flat := func(i, j, ch int) float64 { return 0.5 }
	slope := func(i, j, ch int) float64 { return float64(i-4) / 16 }
	for _, c := range []struct {
		name   string
		layer  nn.Layer
		image  func(i, j, ch int) float64
		draw   func(y []float32) float64
		lo, hi float64
	}{
		{"rotation", nn.RandomRotation{Factor: []float64{0.2}}, place, func(y []float32) float64 {
			return math.Atan2(at(4, 5, 1)(y)-4, at(4, 5, 0)(y)-4) / (2 * math.Pi)
		}, -0.2, 0.2},
		{"rotation, one way", nn.RandomRotation{Factor: []float64{0.15, 0.05}}, place, func(y []float32) float64 {
			return math.Atan2(at(4, 5, 1)(y)-4, at(4, 5, 0)(y)-4) / (2 * math.Pi)
		}, 0.05, 0.15},
		{"translation, down", nn.RandomTranslation{Height: []float64{0.3}, Width: []float64{0}}, place, func(y []float32) float64 { return 4 - at(4, 4, 1)(y) }, -2.7, 2.7},
		{"translation, right", nn.RandomTranslation{Height: []float64{0}, Width: []float64{-0.1, 0.3}}, place, func(y []float32) float64 { return 4 - at(4, 4, 0)(y) }, -0.9, 2.7},
		{"zoom", nn.RandomZoom{Height: []float64{0.4}}, place, func(y []float32) float64 { return at(5, 5, 0)(y) - 4 }, 0.6, 1.4},
		{"zoom, width", nn.RandomZoom{Height: []float64{0}, Width: []float64{0.1, 0.4}}, place, func(y []float32) float64 { return at(4, 5, 0)(y) - 4 }, 1.1, 1.4},
		{"shear", nn.RandomShear{X: []float64{0.1, 0.4}}, place, func(y []float32) float64 { return math.Abs(at(5, 4, 0)(y)-4) / 5 }, 0.1, 0.4},
		{"shear of columns", nn.RandomShear{Y: []float64{0.25}}, place, func(y []float32) float64 { return (at(4, 4, 1)(y) - 4) / 4 }, -0.25, 0.25},
		{"brightness", nn.RandomBrightness{Factor: []float64{0.2, -0.1}, Range: []float64{0, 1}}, flat, func(y []float32) float64 { return float64(y[0]) - 0.5 }, -0.1, 0.2},
		{"contrast", nn.RandomContrast{Factor: []float64{0.3}, Range: []float64{-1, 1}}, slope, func(y []float32) float64 { return -4 * float64(y[0]) }, 1, 1.3},
		{"contrast, both ways", nn.RandomContrast{Factor: []float64{0.2, 0.6}, Range: []float64{-1, 1}}, slope, func(y []float32) float64 { return -4 * float64(y[0]) }, 0.8, 1.6},
	} {
		first := tapped(t, tap{of: c.layer}, backend(), images(n, 9, 9, 2, c.image), true)[0].Data
		var draws []float64
		for i := range n {
			draws = append(draws, c.draw(first[i*162:(i+1)*162]))
		}
		uniform(t, c.name, draws, c.lo, c.hi)
	}
}

// uniform checks the ends, the mean and the spread of numbers, within five standard errors.
func uniform(t *testing.T, name string, v []float64, lo, hi float64) {
	t.Helper()
	const rounding = 1e-5
	n := float64(len(v))
	mean, square := 0.0, 0.0
	for _, x := range v {
		mean += x / n
	}
	for _, x := range v {
		square += (x - mean) * (x - mean) / n
	}
	sigma := (hi - lo) / math.Sqrt(12)
	if slices.Min(v) < lo-rounding || slices.Max(v) > hi+rounding {
		t.Errorf("%s: draws are from %v to %v, wanted %v to %v", name, slices.Min(v), slices.Max(v), lo, hi)
	}
	if slices.Min(v) > lo+(hi-lo)*10/n || slices.Max(v) < hi-(hi-lo)*10/n {
		t.Errorf("%s: draws are only from %v to %v, wanted %v to %v", name, slices.Min(v), slices.Max(v), lo, hi)
	}
	if math.Abs(mean-(lo+hi)/2) > 5*sigma/math.Sqrt(n) || math.Abs(math.Sqrt(square)-sigma) > 5*sigma*0.45/math.Sqrt(n) {
		t.Errorf("%s: the mean is %v and the standard deviation %v, wanted %v and %v", name, mean, math.Sqrt(square), (lo+hi)/2, sigma)
	}
}

// Each image is cropped at a place of its own, all places equally often.
func TestRandomCropPlaces(t *testing.T) {
	const n = 6000
	y := tapped(t, tap{of: nn.RandomCrop{Height: 3, Width: 2}}, backend(), images(n, 5, 6, 1, func(i, j, _ int) float64 { return float64(6*i + j) }), true)[0]
	count := map[int]float64{}
	for k := range n {
		crop := y.Data[6*k : 6*k+6]
		for p, v := range crop {
			if want := int(crop[0]) + 6*(p/2) + p%2; int(v) != want {
				t.Fatalf("image %d is %v, no part of the original", k, crop)
			}
		}
		count[int(crop[0])]++
	}
	for _, c := range count {
		if want := float64(n) / 15; math.Abs(c-want) > 5*math.Sqrt(want) {
			t.Errorf("places are %v, wanted each of 15 about %v times", count, want)
			break
		}
	}
	if len(count) != 15 || count[0] == 0 || count[2*6+4] == 0 {
		t.Errorf("places are %v, wanted the rows 0 to 2 and the columns 0 to 4", count)
	}
}

// Half of the images are mirrored, others in the next step.
func TestRandomFlipIsACoin(t *testing.T) {
	const n = 2000
	m := nn.NewSequential(nn.Input(1, 2, 1), tap{of: nn.RandomFlip{}, n: n}, nn.Flatten{}, nn.Dense{Units: 1})
	if err := m.Compile(nn.Training{Optimizer: nn.SGD{}, Loss: nn.MeanSquaredError, Backend: backend()}); err != nil {
		t.Fatal(err)
	}
	x := images(n, 1, 2, 1, func(_, j, _ int) float64 { return float64(j) })
	d := table(t, x.Shape, x.Data, []int{n, 1}, make([]float32, n))
	var before []float32
	for range 3 {
		if _, err := m.TrainOnBatch(ctx, d, nn.BatchOptions{}); err != nil {
			t.Fatal(err)
		}
		y := mustWeights(t, m)[0].Data
		flipped, changed := 0.0, 0
		for k := range n {
			flipped += float64(y[2*k])
			if before != nil && y[2*k] != before[2*k] {
				changed++
			}
		}
		if math.Abs(flipped-n/2) > 5*math.Sqrt(n)/2 || before != nil && (changed < n/3 || changed > 2*n/3) {
			t.Errorf("%v of %d are mirrored, %d otherwise than in the step before", flipped, n, changed)
		}
		before = y
	}
}

// RandomErasing covers a rectangle of some images, of a size between its ends, with noise in the value range or a colour.
func TestRandomErasing(t *testing.T) {
	const n, side = 500, 20
	y := tapped(t, tap{of: nn.RandomErasing{Factor: []float64{0.5, 0.5}, Scale: []float64{0.09, 0.36}, Range: []float64{0, 1}}}, backend(),
		images(n, side, side, 1, func(_, _, _ int) float64 { return 5 }), true)[0].Data
	erased, noise := 0, map[float32]bool{}
	for k := range n {
		image := y[k*side*side : (k+1)*side*side]
		top, left, bottom, right, count := side, side, -1, -1, 0
		for p, v := range image {
			if v == 5 {
				continue
			}
			if v < 0 || v > 1 {
				t.Fatalf("noise of %v", v)
			}
			noise[v] = true
			top, left, bottom, right = min(top, p/side), min(left, p%side), max(bottom, p/side), max(right, p%side)
			count++
		}
		if count == 0 {
			continue
		}
		erased++
		h, w := bottom-top+1, right-left+1
		if h*w != count || min(h, w) < 5 || max(h, w) > 13 { // 0.3 to 0.6 of 20 pixels, and one that is cut
			t.Errorf("image %d: %d pixels within %dx%d are erased, wanted a rectangle of sides from 6 to 12", k, count, h, w)
		}
	}
	if math.Abs(float64(erased)-n/2) > 5*math.Sqrt(n)/2 {
		t.Errorf("%d of %d images are erased, wanted half", erased, n)
	}
	if len(noise) < 1000 {
		t.Errorf("the noise has only %d values", len(noise))
	}
}

// Outside of training the random layers give back their input to the bit, but for RandomCrop; AutoContrast acts there too.
func TestAugmentationOnlyInTraining(t *testing.T) {
	r := data.NewRandom(3, 0)
	x := images(3, 4, 5, 3, func(_, _, _ int) float64 { return r.Float64() })
	for _, c := range preprocessingTests {
		name := reflect.TypeOf(c.layer).Name()
		if !strings.HasPrefix(name, "Random") && name != "Solarization" || name == "RandomCrop" || len(c.in) != 3 || c.in[2] != 3 {
			continue
		}
		y := tapped(t, tap{of: c.layer}, backend(), x, false)[0]
		if !slices.Equal(y.Data, x.Data) {
			t.Errorf("%s changes images outside of training", name)
		}
		if name == "RandomGrayscale" || name == "RandomErasing" || name == "RandomColorJitter" && reflect.ValueOf(c.layer).FieldByName("Hue").IsNil() {
			continue // may leave three small images as they are
		}
		if y := tapped(t, tap{of: c.layer}, backend(), x, true)[0]; slices.Equal(y.Data, x.Data) {
			t.Errorf("%s changes nothing in training", name)
		}
	}
	crop := tapped(t, tap{of: nn.RandomCrop{Height: 2, Width: 2}}, backend(), images(1, 4, 6, 1, func(i, j, _ int) float64 { return float64(10*i + j) }), false)[0].Data
	if want := []float32{6.5, 8.5, 26.5, 28.5}; !slices.Equal(crop, want) { // the middle 4x4, halved
		t.Errorf("outside of training RandomCrop gives %v, wanted %v", crop, want)
	}
}

// The gradient by the input, with the same draws, against differences, in float64. Outputs are read as float32, hence the
// large steps.
func TestPreprocessingGradients(t *testing.T) {
	r := data.NewRandom(5, 0)
	for _, c := range preprocessingTests {
		if _, multi := c.layer.(nn.MultiLayer); multi || len(c.more) > 0 || slices.Contains(c.in, 1) {
			continue
		}
		x := goldenTensor{Shape: append([]int{2}, c.in...)}
		size := 2
		for _, d := range c.in {
			size *= d
		}
		for range size {
			x.Data = append(x.Data, float32(math.Round(900*r.Float64()+50)/1000))
		}
		weight := make([]float32, 0)
		for range tapped(t, tap{of: c.layer}, cpu.New[float64](cpu.Options{Procs: 1}), x, true)[0].Data {
			weight = append(weight, float32(2*r.Float64()-1))
		}
		run := func() (sum float64, grad []float32) {
			kept := tapped(t, tap{of: c.layer, weight: weight}, cpu.New[float64](cpu.Options{Procs: 1}), x, true)
			for i, y := range kept[0].Data {
				sum += float64(y) * float64(weight[i])
			}
			return sum, kept[1].Data
		}
		middle, grad := run()
		const eps = 1e-3
		for k := range min(size, 12) {
			i := (k*17 + 3) % size
			was := x.Data[i]
			x.Data[i] = was + eps
			above, _ := run()
			x.Data[i] = was - eps
			below, _ := run()
			x.Data[i] = was
			// Where a corner, of clipping say, is on one side, the other side's difference counts.
			got, near := float64(grad[i]), false
			for _, want := range []float64{(above - below) / (2 * eps), (above - middle) / eps, (middle - below) / eps} {
				near = near || math.Abs(got-want) <= 2e-3+2e-2*math.Abs(want)
			}
			if !near {
				t.Errorf("%T%+v: the gradient by number %d is %v, by differences %v and %v", c.layer, c.layer, i, got, (above-middle)/eps, (middle-below)/eps)
			}
		}
	}
}
