package nn_test

import (
	"errors"
	"testing"

	"github.com/tabgrad/tabgrad/nn"
)

// The harness's cases of normalization, of noise and of the activation layers.

func init() {
	layerTests = append(layerTests, normTests...)
	layerTests = append(layerTests, noiseTests...)
	layerTests = append(layerTests, activationTests...)
}

var normTests = []layerTest{
	{
		layer: nn.BatchNormalization{BetaConstraint: nn.NonNeg{}, GammaConstraint: nn.MaxNorm{Max: 0.5}}, in: []int{2}, out: []int{2},
		vars:   map[string][]int{"batch_normalization/gamma": {2}, "batch_normalization/beta": {2}, "batch_normalization/moving_mean": {2}, "batch_normalization/moving_variance": {2}},
		states: []string{"batch_normalization/moving_mean", "batch_normalization/moving_variance"},
	},
	{
		layer: nn.LayerNormalization{Axis: []int{1, -1}, GammaReg: nn.L2{}, BetaConstraint: nn.NonNeg{}}, in: []int{3, 4, 2}, out: []int{3, 4, 2},
		vars: map[string][]int{"layer_normalization/gamma": {2, 3}, "layer_normalization/beta": {2, 3}},
		bad: []badLayer{
			{nn.LayerNormalization{Axis: []int{3}}, []int{3, 4}, nn.ErrConfig, "layer_normalization: axis is 3, and the input [3,4]; wanted one of its 2 dimensions, from 1 or from -1 on", nil},
			{nn.LayerNormalization{Axis: []int{2, -1}}, []int{3, 4}, nn.ErrConfig, "layer_normalization: axis is [2,-1], wanted each dimension of the input [3,4] once", nil},
			{nn.LayerNormalization{Epsilon: -1}, []int{3}, nn.ErrConfig, "layer_normalization: epsilon is -1, wanted at least 0", nil},
			{nn.LayerNormalization{}, []int{}, nn.ErrConfig, "layer_normalization: axis is -1, and the input []; wanted one of its 0 dimensions, from 1 or from -1 on", nil},
			{nn.LayerNormalization{GammaConstraint: nn.MinMaxNorm{Min: 2, Max: 1}}, []int{3}, nn.ErrConfig, "layer_normalization: gamma: min_max_norm: min_value is 2, wanted at most max_value, 1", nil},
		},
	},
	{layer: nn.LayerNormalization{NoCenter: true, NoScale: true}, in: []int{4}, out: []int{4}},
	{
		layer: nn.GroupNormalization{Groups: 2, GammaConstraint: nn.NonNeg{}}, in: []int{3, 4}, out: []int{3, 4},
		vars: map[string][]int{"group_normalization/gamma": {4}, "group_normalization/beta": {4}},
		bad: []badLayer{
			{nn.GroupNormalization{Groups: 3}, []int{3, 4}, nn.ErrConfig, "group_normalization: groups is 3, wanted a divisor of the input's 4 channels, or -1", nil},
			{nn.GroupNormalization{}, []int{3, 4}, nn.ErrConfig, "group_normalization: groups is 32, wanted a divisor of the input's 4 channels, or -1", nil},
			{nn.GroupNormalization{Groups: -2}, []int{3, 4}, nn.ErrConfig, "group_normalization: groups is -2, wanted at least -1", nil},
			{nn.GroupNormalization{Groups: 2, Axis: 3}, []int{3, 4}, nn.ErrConfig, "group_normalization: axis is 3, and the input [3,4]; wanted one of its 2 dimensions, from 1 or from -1 on", nil},
		},
	},
	{layer: nn.GroupNormalization{Groups: -1, Axis: 1, NoScale: true}, in: []int{3, 4}, out: []int{3, 4}, vars: map[string][]int{"group_normalization/beta": {3}}},
	{
		layer: nn.RMSNormalization{}, in: []int{3, 4}, out: []int{3, 4}, vars: map[string][]int{"rms_normalization/scale": {4}},
		bad: []badLayer{
			{nn.RMSNormalization{Axis: []int{1}}, []int{3, 4}, nn.ErrConfig, "rms_normalization: axis is [1], and the input [3,4]; wanted its last dimensions", nil},
			{nn.RMSNormalization{Axis: []int{-3}}, []int{3, 4}, nn.ErrConfig, "rms_normalization: axis is -3, and the input [3,4]; wanted one of its 2 dimensions, from 1 or from -1 on", nil},
		},
	},
	{layer: nn.RMSNormalization{Axis: []int{2, 3}, Epsilon: 0.01}, in: []int{2, 3, 4}, out: []int{2, 3, 4}, vars: map[string][]int{"rms_normalization/scale": {3, 4}}},
	{layer: nn.UnitNormalization{Axis: []int{1, 2}}, in: []int{3, 4}, out: []int{3, 4}, bad: []badLayer{
		{nn.UnitNormalization{Axis: []int{4}}, []int{3, 4}, nn.ErrConfig, "unit_normalization: axis is 4, and the input [3,4]; wanted one of its 2 dimensions, from 1 or from -1 on", nil},
	}},
}

var noiseTests = []layerTest{
	{layer: nn.Dropout{Rate: 0.5, NoiseShape: nn.NoiseShape{0, 1, 2}}, in: []int{3, 2}, out: []int{3, 2}, bad: []badLayer{
		{nn.Dropout{Rate: 0.5, NoiseShape: nn.NoiseShape{0, 2, 2}}, []int{3, 2}, nn.ErrConfig, "dropout: noise_shape is [null, 2, 2] for samples of [3,2], wanted the batch's size or null, and for each dimension its size, 1 or null", nil},
		{nn.Dropout{Rate: 0.5, NoiseShape: nn.NoiseShape{0, 1}}, []int{3, 2}, nn.ErrConfig, "dropout: noise_shape is [null, 1] for samples of [3,2], wanted the batch's size or null, and for each dimension its size, 1 or null", nil},
	}},
	{layer: nn.SpatialDropout1D{Rate: 0.5, Seed: 3}, in: []int{3, 2}, out: []int{3, 2}, bad: []badLayer{
		{nn.SpatialDropout1D{Rate: -0.5}, []int{3, 2}, nn.ErrConfig, "spatial_dropout1d: rate is -0.5, wanted 0 to 1", nil},
		{nn.SpatialDropout1D{Rate: 0.5}, []int{3}, nn.ErrShape, "spatial_dropout1d: input is [3], wanted a sequence [steps, channels]", nil},
	}},
	{layer: nn.SpatialDropout2D{Rate: 0.5}, in: []int{3, 2, 4}, out: []int{3, 2, 4}, bad: []badLayer{
		{nn.SpatialDropout2D{Rate: 1.5}, []int{3, 2, 2}, nn.ErrConfig, "spatial_dropout2d: rate is 1.5, wanted 0 to 1", nil},
		{nn.SpatialDropout2D{Rate: 0.5}, []int{3, 2}, nn.ErrShape, "spatial_dropout2d: input is [3,2], wanted an image [height, width, channels]", nil},
	}},
	{layer: nn.AlphaDropout{Rate: 0.25, NoiseShape: nn.NoiseShape{1, 0, 1}}, in: []int{3, 2}, out: []int{3, 2}, bad: []badLayer{
		{nn.AlphaDropout{Rate: 1}, []int{3}, nn.ErrConfig, "alpha_dropout: rate is 1, wanted at least 0 and less than 1", nil},
		{nn.AlphaDropout{Rate: 0.5, NoiseShape: nn.NoiseShape{-1, 3}}, []int{3}, nn.ErrConfig, "alpha_dropout: noise_shape is [-1, 3] for samples of [3], wanted the batch's size or null, and for each dimension its size, 1 or null", nil},
	}},
	{layer: nn.GaussianNoise{Stddev: 0.5, Seed: 1}, in: []int{3, 2}, out: []int{3, 2}, bad: []badLayer{
		{nn.GaussianNoise{Stddev: 1.5}, []int{3}, nn.ErrConfig, "gaussian_noise: stddev is 1.5, wanted 0 to 1", nil},
	}},
	{layer: nn.GaussianDropout{Rate: 0.25}, in: []int{3, 2}, out: []int{3, 2}, bad: []badLayer{
		{nn.GaussianDropout{Rate: 1}, []int{3}, nn.ErrConfig, "gaussian_dropout: rate is 1, wanted at least 0 and less than 1", nil},
	}},
	{layer: nn.ActivityRegularization{L1: 0.1, L2: 0.2}, in: []int{3, 2}, out: []int{3, 2}, bad: []badLayer{
		{nn.ActivityRegularization{L2: -1}, []int{3}, nn.ErrConfig, "activity_regularization: l2 is -1, wanted at least 0", nil},
	}},
}

var activationTests = []layerTest{
	{layer: nn.ReLULayer{MaxValue: ptr(0.75), NegativeSlope: 0.1, Threshold: 0.2}, in: []int{3, 2}, out: []int{3, 2}, bad: []badLayer{
		{nn.ReLULayer{MaxValue: ptr(-1.0)}, []int{3}, nn.ErrConfig, "re_lu: max_value is -1, wanted at least 0", nil},
		{nn.ReLULayer{Threshold: -1}, []int{3}, nn.ErrConfig, "re_lu: threshold is -1, wanted at least 0", nil},
	}},
	{layer: nn.ReLULayer{}, in: []int{3, 2}, out: []int{3, 2}},
	{layer: nn.LeakyReLULayer{}, in: []int{3}, out: []int{3}, bad: []badLayer{
		{nn.LeakyReLULayer{NegativeSlope: -1}, []int{3}, nn.ErrConfig, "leaky_re_lu: negative_slope is -1, wanted at least 0", nil},
	}},
	{layer: nn.LeakyReLULayer{NegativeSlope: nn.Zero}, in: []int{3}, out: []int{3}},
	{layer: nn.ELULayer{Alpha: 0.5}, in: []int{3}, out: []int{3}, bad: []badLayer{
		{nn.ELULayer{Alpha: -1}, []int{3}, nn.ErrConfig, "elu: alpha is -1, wanted at least 0", nil},
	}},
	{
		layer: nn.PReLU{AlphaInit: nn.Constant{Value: 0.25}, AlphaReg: nn.L2{}, AlphaConstraint: nn.NonNeg{}, SharedAxes: []int{1, 2}},
		in:    []int{3, 2, 4}, out: []int{3, 2, 4}, vars: map[string][]int{"p_re_lu/alpha": {1, 1, 4}},
		bad: []badLayer{
			{nn.PReLU{SharedAxes: []int{3}}, []int{3, 2}, nn.ErrConfig, "p_re_lu: shared_axes is [3], and the input [3,2]; wanted some of its dimensions, from 1 to 2", nil},
			{nn.PReLU{SharedAxes: []int{0}}, []int{3, 2}, nn.ErrConfig, "p_re_lu: shared_axes is 0, wanted at least 1", nil},
		},
	},
	{layer: nn.PReLU{AlphaInit: nn.Ones{}, AlphaReg: nn.L1{}}, in: []int{3, 2}, out: []int{3, 2}, vars: map[string][]int{"p_re_lu/alpha": {3, 2}}},
	{layer: nn.SoftmaxLayer{}, in: []int{3, 4}, out: []int{3, 4}, bad: []badLayer{
		{nn.SoftmaxLayer{Axis: []int{3}}, []int{3, 4}, nn.ErrConfig, "softmax: axis is 3, and the input [3,4]; wanted one of its 2 dimensions, from 1 or from -1 on", nil},
		{nn.SoftmaxLayer{}, []int{3, 4}, nn.ErrShape, "softmax: inputs input_layer [3,4] and input_layer_1 [2,4]: wanted a mask of as many dimensions as the input, of its sizes or 1", [][]int{{2, 4}}},
		{nn.SoftmaxLayer{}, []int{4}, nn.ErrConfig, "softmax: inputs input_layer [4] and input_layer_1 [4] and input_layer_2 [4]: got 3 inputs, wanted 1, or 2 with a mask", [][]int{{4}, {4}}},
	}},
	{layer: nn.SoftmaxLayer{Axis: []int{1, 3}}, in: []int{3, 4, 2}, out: []int{3, 4, 2}},
	{layer: nn.SoftmaxLayer{Axis: []int{1}}, in: []int{3, 4}, more: [][]int{{1, 4}}, out: []int{3, 4}},
}

// A mask that comes with the input of a Softmax layer must be of its shape, as in Keras.
func TestSoftmaxMask(t *testing.T) {
	_, err := nn.LowerAlone(nn.SoftmaxLayer{Name: "s"}, [][]int{{3, 4}}, 2, false, true)
	if want := "s: the input is [2,3,4] and its mask [2,3], wanted one of the input's shape, or a mask as a second input"; !errors.Is(err, nn.ErrShape) || err.Error() != want {
		t.Errorf("got %v, wanted %s", err, want)
	}
}
