package nn_test

import (
	"errors"
	"reflect"
	"testing"

	"github.com/tabgrad/tabgrad/nn"
)

// Arguments of one number or more, in all the ways in which configs write them.
func TestSizedArguments(t *testing.T) {
	list := func(v ...any) []any { return v }
	for _, c := range []struct {
		class string
		args  map[string]any
		want  nn.Layer // of which the test compares the config
		text  string   // or what is wrong
	}{
		{"Conv1D", map[string]any{"filters": 1, "kernel_size": list(3.0), "strides": 2.0, "padding": "CAUSAL"}, nn.Conv1D{Filters: 1, Kernel: 3, Strides: 2, Padding: nn.Causal}, ""},
		{"Conv1D", map[string]any{"filters": 1, "kernel_size": list(3, 3)}, nil, "conv1d: kernel_size is [3, 3], wanted a whole number, at least 1"},
		{"Conv1D", map[string]any{"filters": 1, "kernel_size": 0}, nil, "conv1d: kernel_size is 0, wanted a whole number, at least 1"},
		{"Conv1D", map[string]any{"filters": 1, "kernel_size": 1, "padding": "full"}, nil, `conv1d: padding is "full", wanted valid or same or causal`},
		{"Conv2D", map[string]any{"filters": 1, "kernel_size": list(3, 5), "padding": "same"}, nn.Conv2D{Filters: 1, Kernel: nn.Size2{3, 5}, Padding: nn.Same}, ""},
		{"Conv2D", map[string]any{"filters": 1, "kernel_size": 3, "padding": "causal"}, nil, `conv2d: padding is "causal", wanted valid or same`},
		{"Conv2D", map[string]any{"filters": 1, "kernel_size": 3, "strides": list(1, 0)}, nil, "conv2d: strides is [1, 0], wanted a whole number or two, at least 1"},
		{"Conv2DTranspose", map[string]any{"filters": 1, "kernel_size": 3, "output_padding": nil}, nn.Conv2DTranspose{Filters: 1, Kernel: nn.Size2{3, 3}}, ""},
		{"Conv2DTranspose", map[string]any{"filters": 1, "kernel_size": 3, "output_padding": 0}, nn.Conv2DTranspose{Filters: 1, Kernel: nn.Size2{3, 3}, OutPadding: &nn.Size2{}}, ""},
		{"Conv1DTranspose", map[string]any{"filters": 1, "kernel_size": 3, "output_padding": list(0)}, nn.Conv1DTranspose{Filters: 1, Kernel: 3, OutPadding: new(nn.Size1)}, ""},
		{"Conv1DTranspose", map[string]any{"filters": 1, "kernel_size": 3, "output_padding": -1}, nil, "conv1d_transpose: output_padding is -1, wanted a whole number, at least 0"},
		{"MaxPooling1D", map[string]any{"pool_size": 3, "strides": nil}, nn.MaxPooling1D{Pool: 3}, ""},
		{"MaxPooling1D", map[string]any{"strides": 0}, nil, "max_pooling1d: strides is 0, wanted a whole number, at least 1"},
		{"Cropping1D", map[string]any{"cropping": 0}, nn.Cropping1D{Cropping: nn.Ends{0}}, ""},
		{"Cropping1D", map[string]any{}, nn.Cropping1D{Cropping: nn.Ends{1, 1}}, ""},
		{"Cropping1D", map[string]any{"cropping": list(1, 2, 3)}, nil, "cropping1d: cropping is [1, 2, 3], wanted a whole number or two, at least 0"},
		{"ZeroPadding2D", map[string]any{"padding": 2}, nn.ZeroPadding2D{Padding: nn.Sides{2, 2, 2, 2}}, ""},
		{"ZeroPadding2D", map[string]any{"padding": list(2, 1)}, nn.ZeroPadding2D{Padding: nn.Sides{2, 1}}, ""},
		{"ZeroPadding2D", map[string]any{"padding": list(list(2, 1), 3)}, nn.ZeroPadding2D{Padding: nn.Sides{2, 1, 3, 3}}, ""},
		{"ZeroPadding2D", map[string]any{"padding": list(list(2, 1), list(0, 3))}, nn.ZeroPadding2D{Padding: nn.Sides{2, 1, 0, 3}}, ""},
		{"ZeroPadding2D", map[string]any{"padding": list(list(2, 1), list(0, -3))}, nil, "zero_padding2d: padding is [[2, 1], [0, -3]], wanted a whole number, two, or two pairs, at least 0"},
		{"ZeroPadding2D", map[string]any{"padding": "same"}, nil, `zero_padding2d: padding is "same", wanted a whole number, two, or two pairs, at least 0`},
		{"Dropout", map[string]any{"rate": 0.5, "noise_shape": list(nil, 1, 4)}, nn.Dropout{Rate: 0.5, NoiseShape: nn.NoiseShape{0, 1, 4}}, ""},
		{"Dropout", map[string]any{"rate": 0.5, "noise_shape": list(nil, "x")}, nil, `dropout: noise_shape is [null, "x"], wanted a list of whole numbers, at least 1, or null where it is as the input's`},
		{"Dropout", map[string]any{"rate": 0.5, "noise_shape": 3}, nil, "dropout: noise_shape is 3, wanted a list of whole numbers, at least 1, or null where it is as the input's"},
		{"LeakyReLU", map[string]any{"alpha": 0.1}, nn.LeakyReLULayer{NegativeSlope: 0.1}, ""},
		{"LeakyReLU", map[string]any{"negativeSlope": 0}, nn.LeakyReLULayer{NegativeSlope: nn.Zero}, ""},
		{"ReLU", map[string]any{"max_value": 0}, nn.ReLULayer{MaxValue: new(float64)}, ""},
		{"ReLU", map[string]any{"max_value": "x"}, nil, `re_lu: max_value is "x", wanted a number`},
		{"LayerNormalization", map[string]any{"axis": list(1, 2), "rms_scaling": false}, nn.LayerNormalization{Axis: []int{1, 2}}, ""},
		{"LayerNormalization", map[string]any{"rms_scaling": true}, nil, "layer_normalization: rms_scaling is true, and only false is supported"},
		{"BatchNormalization", map[string]any{"renorm": true}, nil, "batch_normalization: renorm is true, and only false is supported"},
		{"GroupNormalization", map[string]any{"groups": 0}, nil, "group_normalization: groups is 0, wanted a whole number, at least -1, but not 0"},
		{"Dot", map[string]any{"axes": list(1, 2), "normalize": true}, nn.Dot{Axes: []int{1, 2}, Normalize: true}, ""},
		{"Dot", map[string]any{}, nil, "dot: axes is missing"},
	} {
		got, err := nn.LayerFrom(map[string]any{"class_name": c.class, "config": c.args})
		if c.want == nil {
			if !errors.Is(err, nn.ErrConfig) || err.Error() != c.text {
				t.Errorf("%s %v: got %v, wanted %s", c.class, c.args, err, c.text)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s %v: %v", c.class, c.args, err)
			continue
		}
		a, err1 := nn.Config(got)
		b, err2 := nn.Config(c.want)
		if err := errors.Join(err1, err2); err != nil || !reflect.DeepEqual(a, b) {
			t.Errorf("%s %v is\n%v, wanted\n%v (%v)", c.class, c.args, a, b, err)
		}
	}
}
