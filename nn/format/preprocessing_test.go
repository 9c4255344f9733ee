package format_test

import (
	"reflect"
	"testing"

	"github.com/tabgrad/tabgrad/nn"
	"github.com/tabgrad/tabgrad/nn/format"
)

// Layers that have learnt from data, and those that draw, come back from a file as they were: what they have learnt, and
// where in their draws training stands.
func TestPreprocessing(t *testing.T) {
	x, _ := samples(t, 30, 8, 8, 3)
	adapted := func(l nn.Layer) nn.Layer {
		t.Helper()
		return must[*nn.Instance](t)(nn.Adapt(l, x.column(t)))
	}
	draws := nn.NewSequential(
		nn.Input(8, 8, 3), adapted(nn.Normalization{}), nn.RandomFlip{Mode: "horizontal"}, nn.RandomRotation{Factor: []float64{-0.1, 0.2}, Seed: 7},
		nn.RandomZoom{Height: []float64{0.2}, FillMode: "constant", FillValue: 0.5}, nn.RandomTranslation{Height: []float64{0.1}, Width: []float64{0, 0.1}, Interpolation: "nearest"},
		nn.RandomCrop{Height: 6, Width: 6}, nn.RandomColorJitter{Brightness: []float64{0.2}, Hue: []float64{0.1, 0.3}, Range: []float64{-1, 1}},
		nn.RandomErasing{Fill: []float64{0, 1, 2}}, nn.Resizing{Height: 4, Width: 5, Interpolation: "bicubic"}, nn.Rescaling{Scale: []float64{0.5}, Offset: []float64{1, 2, 3}},
		nn.Flatten{}, nn.Dense{Units: 3, Activation: nn.Softmax})
	draws, d := trained(t, draws, nn.Adam{}, 8, 8, 3)
	flat := tensor{[]int{30, 192}, x.Data}
	ranges := must[*nn.Instance](t)(nn.Adapt(nn.Discretization{Bins: 4}, flat.column(t)))
	lookup := must[*nn.Instance](t)(nn.Adapt(nn.IntegerLookup{Mask: new(0), Output: "tf_idf", OOV: new(2), MaxTokens: 5, Pad: true}, tensor{[]int{3, 2}, []float32{1, 2, 2, 0, 3, 2}}.column(t)))
	categories := nn.NewSequential(nn.Input(192), ranges, lookup)
	for way, roundTrip := range formats {
		for name, m := range map[string]*nn.Model{"draws": draws, "categories": categories} {
			again := must[*nn.Model](t)(roundTrip(t, must[*format.Artifacts](t)(format.FromModel(m))).Model(backend()))
			before, after := must[map[string]any](t)(m.Config()), must[map[string]any](t)(again.Config())
			if !reflect.DeepEqual(before, after) {
				t.Errorf("%s, %s: config is\n%v, wanted\n%v", way, name, after, before)
			}
			in := x
			if name == "categories" {
				in = flat
				if err := m.Compile(nn.Training{Backend: backend()}); err != nil {
					t.Fatal(err)
				}
			}
			if want, got := predict(t, m, tensors{in}), predict(t, again, tensors{in}); !reflect.DeepEqual(want, got) {
				t.Errorf("%s, %s: predictions differ", way, name)
			}
			if name == "draws" {
				for _, m := range []*nn.Model{m, again} {
					must[*nn.History](t)(m.Fit(ctx, d, nn.FitOptions{BatchSize: 8}))
				}
				if want, got := must[nn.State](t)(m.State()), must[nn.State](t)(again.State()); !reflect.DeepEqual(want, got) {
					t.Errorf("%s: training gone on with from the file differs", way)
				}
			}
		}
	}
}
