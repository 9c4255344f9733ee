package nn_test

import (
	"math"
	"slices"
	"testing"

	"github.com/tabgrad/tabgrad/nn"
	"github.com/tabgrad/tabgrad/nn/prog"
)

// trained is what a layer makes of a batch x in a training step, on each backend: all must agree.
func trained(t *testing.T, l nn.Layer, x goldenTensor, step uint64) []float32 {
	t.Helper()
	var first []float32
	for _, p := range functionPrecisions {
		a, err := nn.LowerAlone(l, [][]int{x.Shape[1:]}, x.Shape[0], true)
		if err != nil {
			t.Fatal(err)
		}
		y := a.Output("y", a.Out[0])
		program, err := a.Build()
		if err != nil {
			t.Fatal(err)
		}
		e, err := p.backend(t).Load(program)
		if err != nil {
			t.Fatal(err)
		}
		words := prog.StepWords(step)
		got := make([]float32, program.Shape(y).Size())
		for _, err := range []error{e.Write(a.X[0], x.Data), e.Write(a.Step, words[:]), e.Run(), e.Read(y, got), e.Close()} {
			if err != nil {
				t.Fatal(err)
			}
		}
		if first == nil {
			first = got
		}
		for i, v := range got {
			if math.Abs(float64(v-first[i])) > 2e-6*(1+math.Abs(float64(first[i]))) {
				t.Fatalf("%T: element %d is %v on %s, %v on %s", l, i, v, p.name, first[i], functionPrecisions[0].name)
			}
		}
	}
	return first
}

func filled(value float32, shape ...int) goldenTensor {
	return goldenTensor{Shape: shape, Data: slices.Repeat([]float32{value}, prog.Shape(shape).Size())}
}

// moments are mean and standard deviation.
func moments(x []float32) (mean, stddev float64) {
	sum, squares := 0.0, 0.0
	for _, v := range x {
		sum += float64(v)
		squares += float64(v) * float64(v)
	}
	n := float64(len(x))
	return sum / n, math.Sqrt(squares/n - sum*sum/n/n)
}

// What the noise layers add or multiply by has the mean and the deviation that they say, within five standard errors,
// and is other noise each step and for each seed.
func TestNoise(t *testing.T) {
	normal := goldenTensor{Shape: []int{50, 1000}}
	for i := range 25_000 {
		w := prog.Philox([4]uint32{uint32(i)}, [2]uint32{99})
		x, y := prog.Normals(w[0], w[1])
		normal.Data = append(normal.Data, float32(x), float32(y))
	}
	far := 1.6732632423543772 * 1.0507009873554805
	for _, c := range []struct {
		name         string
		layer        nn.Layer
		x            goldenTensor
		mean, stddev float64
		other        nn.Layer // with another seed
	}{
		{"GaussianNoise", nn.GaussianNoise{Stddev: 0.5}, filled(2, 50, 1000), 2, 0.5, nn.GaussianNoise{Stddev: 0.5, Seed: 7}},
		{"GaussianDropout", nn.GaussianDropout{Rate: 0.2}, filled(3, 50, 1000), 3, 1.5, nn.GaussianDropout{Rate: 0.2, Seed: 7}},
		{"AlphaDropout", nn.AlphaDropout{Rate: 0.3}, normal, 0, 1, nn.AlphaDropout{Rate: 0.3, Seed: 7}},
		{"Dropout", nn.Dropout{Rate: 0.2}, filled(1, 50, 1000), 1, 0.5, nn.Dropout{Rate: 0.2, Seed: 7}},
	} {
		y := trained(t, c.layer, c.x, 1)
		mean, stddev := moments(y)
		n := float64(len(y))
		if e := c.stddev / math.Sqrt(n); math.Abs(mean-c.mean) > 5*e {
			t.Errorf("%s: the mean is %v, wanted %v to %v", c.name, mean, c.mean, 5*e)
		}
		if e := 1.5 * c.stddev / math.Sqrt(n); math.Abs(stddev-c.stddev) > 5*e {
			t.Errorf("%s: the deviation is %v, wanted %v to %v", c.name, stddev, c.stddev, 5*e)
		}
		if !slices.Equal(y, trained(t, c.layer, c.x, 1)) {
			t.Errorf("%s: the same step makes other noise", c.name)
		}
		if slices.Equal(y, trained(t, c.layer, c.x, 2)) || slices.Equal(y, trained(t, c.other, c.x, 1)) {
			t.Errorf("%s: another step or seed makes the same noise", c.name)
		}
	}
	// What AlphaDropout drops is all one number.
	a := math.Pow(0.7*(1+0.3*far*far), -0.5)
	dropped, want := 0, float32(-a*far+a*far*0.3)
	for _, v := range trained(t, nn.AlphaDropout{Rate: 0.3}, filled(0, 1000), 1) {
		if math.Abs(float64(v-want)) < 1e-6 {
			dropped++
		}
	}
	if dropped < 250 || dropped > 350 {
		t.Errorf("AlphaDropout set %d of 1000 to %v", dropped, want)
	}
}

// Masks that are the same along some dimensions.
func TestSharedMasks(t *testing.T) {
	for _, c := range []struct {
		layer  nn.Layer
		shape  []int
		shared []bool // the dimensions along which the mask is the same
	}{
		{nn.SpatialDropout1D{Rate: 0.5}, []int{6, 5, 40}, []bool{false, true, false}},
		{nn.SpatialDropout2D{Rate: 0.5}, []int{6, 3, 4, 40}, []bool{false, true, true, false}},
		{nn.Dropout{Rate: 0.5, NoiseShape: nn.NoiseShape{0, 1, 40}}, []int{6, 5, 40}, []bool{false, true, false}},
		{nn.Dropout{Rate: 0.5, NoiseShape: nn.NoiseShape{1, 0, 0}}, []int{6, 5, 40}, []bool{true, false, false}},
		{nn.Dropout{Rate: 0.5, NoiseShape: nn.NoiseShape{6, 5, 1}}, []int{6, 5, 4}, []bool{false, false, true}},
		{nn.AlphaDropout{Rate: 0.5, NoiseShape: nn.NoiseShape{0, 1, 0}}, []int{6, 5, 40}, []bool{false, true, false}},
	} {
		y := trained(t, c.layer, filled(1, c.shape...), 3)
		strides := make([]int, len(c.shape))
		for d, n := len(c.shape)-1, 1; d >= 0; d-- {
			strides[d] = n
			n *= c.shape[d]
		}
		for d, shared := range c.shared {
			differ := 0
			for i := range y {
				if at := i / strides[d] % c.shape[d]; at > 0 && y[i] != y[i-strides[d]] {
					differ++
				}
			}
			if shared != (differ == 0) {
				t.Errorf("%+v: along dimension %d %d of %d neighbours differ", c.layer, d, differ, len(y))
			}
		}
	}
	// The batch that a shape names must be the one that comes.
	_, err := nn.LowerAlone(nn.Dropout{Rate: 0.5, NoiseShape: nn.NoiseShape{4, 1}}, [][]int{{3}}, 5, true)
	if want := "noise_shape is [4, 1], and the batch has 5 samples"; err == nil || err.Error() != want {
		t.Errorf("got %v, wanted %s", err, want)
	}
	for _, v := range trained(t, nn.Dropout{Rate: 1}, filled(3, 2, 5), 1) {
		if v != 0 {
			t.Errorf("a rate of 1 leaves %v", v)
		}
	}
}
