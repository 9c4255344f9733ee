package nn_test

import (
	"strings"

	"github.com/tabgrad/tabgrad/nn"
)

func init() { layerTests = append(layerTests, preprocessingTests...) }

// notAnImage is what a layer of images says of a list of numbers.
func notAnImage(l nn.Layer, name string) badLayer {
	return badLayer{l, []int{6}, nn.ErrShape, name + ": input is [6], wanted an image [height, width, channels]", nil}
}

func config(l nn.Layer, in []int, text string) badLayer {
	return badLayer{l, in, nn.ErrConfig, text, nil}
}

var (
	half  = []float64{0.5}
	small = []int{4, 5, 3}
	// numbers makes whole ones of the harness's data.
	numbers = nn.Discretization{Boundaries: []float64{-0.5, 0, 0.5}}
)

var preprocessingTests = []layerTest{
	{
		layer: nn.Rescaling{Scale: []float64{1.0 / 255}, Offset: []float64{-0.5}}, in: []int{3, 2}, out: []int{3, 2},
		bad: []badLayer{
			config(nn.Rescaling{}, []int{3}, "rescaling: scale is missing"),
			config(nn.Rescaling{Scale: []float64{1, 2}}, []int{3}, "rescaling: scale has 2 numbers, wanted one, or one for each of the 3 channels"),
			config(nn.Rescaling{Scale: half, Offset: []float64{1, 2}}, []int{}, "rescaling: offset has 2 numbers, wanted one, or one for each of the 1 channels"),
		},
	},
	{layer: nn.Rescaling{Scale: []float64{1, 2}, Offset: []float64{3, 0}}, in: []int{3, 2}, out: []int{3, 2}},
	{
		layer: nn.Normalization{}, in: []int{3, 2}, out: []int{3, 2},
		vars: map[string][]int{"normalization/mean": {2}, "normalization/variance": {2}, "normalization/count": {}},
		bad: []badLayer{
			config(nn.Normalization{Axis: []int{3}}, []int{3, 2}, "normalization: axis is 3, and the input [3,2]; wanted one of its 2 dimensions, from 1 or from -1 on"),
			config(nn.Normalization{Axis: []int{2, -1}}, []int{3, 2}, "normalization: axis is [2, -1], wanted each dimension once"),
			config(nn.Normalization{Mean: half}, []int{2}, "normalization: mean has 1 numbers and variance 0, wanted as many"),
			config(nn.Normalization{Mean: half, Variance: []float64{-1}}, []int{2}, "normalization: variance is -1, wanted at least 0"),
			config(nn.Normalization{Mean: []float64{1, 2, 3}, Variance: []float64{1, 2, 3}}, []int{3, 2}, "normalization: mean has 3 numbers for the axis [-1] of [3,2], wanted one, or one for each position of its last"),
		},
	},
	{layer: nn.Normalization{Axis: []int{}, Invert: true}, in: []int{3, 2}, out: []int{3, 2}, vars: map[string][]int{"normalization/mean": {}, "normalization/variance": {}, "normalization/count": {}}},
	{layer: nn.Normalization{Axis: []int{2, 1}, Name: "n"}, in: []int{3, 2}, out: []int{3, 2}, vars: map[string][]int{"n/mean": {3, 2}, "n/variance": {3, 2}, "n/count": {}}},
	{layer: nn.Normalization{Axis: []int{1}, Mean: []float64{1, 2, 3}, Variance: []float64{4, 5, 0.25}}, in: []int{3, 2}, out: []int{3, 2}},
	{
		layer: nn.Discretization{Boundaries: []float64{0, 0.5, 1}}, in: []int{3, 2}, out: []int{3, 2},
		bad: []badLayer{
			config(nn.Discretization{Bins: 4}, []int{3}, "discretization: bin_boundaries is missing: give it, or num_bins and adapt the layer to data"),
			config(nn.Discretization{Boundaries: []float64{1, 0}}, []int{3}, "discretization: bin_boundaries is [1, 0], wanted ascending numbers"),
			config(nn.Discretization{Boundaries: half, Bins: 1}, []int{3}, "discretization: num_bins is 1, wanted at least 2"),
			config(nn.Discretization{Boundaries: half, Epsilon: 2}, []int{3}, "discretization: epsilon is 2, wanted 1e-06 to 1"),
			config(nn.Discretization{Boundaries: half, Output: "hot"}, []int{3}, `discretization: output_mode is "hot", wanted int or one_hot or multi_hot or count`),
			{nn.Discretization{Boundaries: half, Output: "count"}, small, nn.ErrShape, "discretization: input is [4,5,3], wanted a list of numbers for the output_mode count", nil},
		},
	},
	{layer: nn.Discretization{Boundaries: []float64{0, 0.5}, Output: "one_hot"}, in: []int{3, 1}, out: []int{3, 3}},
	{layer: nn.Discretization{Boundaries: []float64{0, 0.5}, Output: "count", Bins: 3}, in: []int{4}, out: []int{3}},
	{
		layer: nn.CategoryEncoding{Tokens: 4}, in: []int{3}, out: []int{4},
		bad: []badLayer{
			config(nn.CategoryEncoding{}, []int{3}, "category_encoding: num_tokens is missing"),
			config(nn.CategoryEncoding{Tokens: 1 << 25}, []int{3}, "category_encoding: there are 33554432 categories, wanted at most 16777216, as many as float32 numbers exactly"),
			config(nn.CategoryEncoding{Tokens: 4, Output: "int"}, []int{3}, `category_encoding: output_mode is "int", wanted one_hot or multi_hot or count`),
			{nn.CategoryEncoding{Tokens: 4}, []int{2, 3}, nn.ErrShape, "category_encoding: input is [2,3], wanted a list of numbers for the output_mode multi_hot", nil},
			{nn.CategoryEncoding{Tokens: 4}, []int{3}, nn.ErrConfig, "category_encoding: inputs input_layer [3] and input_layer_1 [3]: got count_weights, which are for the output_mode count, not multi_hot", [][]int{{3}}},
			{nn.CategoryEncoding{Tokens: 4, Output: "count"}, []int{3}, nn.ErrShape, "category_encoding: inputs input_layer [3] and input_layer_1 [2]: wanted count_weights of the shape of the category numbers", [][]int{{2}}},
			{nn.CategoryEncoding{Tokens: 4, Output: "count"}, []int{3}, nn.ErrConfig, "category_encoding: inputs input_layer [3] and input_layer_1 [3] and input_layer_2 [3]: got 3 inputs, wanted category numbers, and at most weights for them", [][]int{{3}, {3}}},
		},
	},
	{layer: nn.CategoryEncoding{Tokens: 4, Output: "one_hot"}, front: numbers, in: []int{2, 3}, out: []int{2, 3, 4}},
	{layer: nn.CategoryEncoding{Tokens: 4, Output: "one_hot"}, front: numbers, in: []int{}, out: []int{4}},
	{layer: nn.CategoryEncoding{Tokens: 3, Output: "count"}, in: []int{5}, more: [][]int{{5}}, out: []int{3}},
	{
		layer: nn.IntegerLookup{Vocabulary: []int{12, -3, 2}}, front: numbers, in: []int{3, 2}, out: []int{3, 2},
		bad: []badLayer{
			config(nn.IntegerLookup{}, []int{3}, "integer_lookup: vocabulary is missing: give it, or adapt the layer to data"),
			config(nn.IntegerLookup{Vocabulary: []int{1, 2, 1}}, []int{3}, "integer_lookup: the vocabulary has 1 twice, or a special token behind its place"),
			config(nn.IntegerLookup{Vocabulary: []int{1, 5}, Mask: new(5)}, []int{3}, "integer_lookup: the vocabulary has 5 twice, or a special token behind its place"),
			config(nn.IntegerLookup{Vocabulary: []int{1, 2}, MaxTokens: 2}, []int{3}, "integer_lookup: the vocabulary has 3 tokens with the special ones, max_tokens is 2"),
			config(nn.IntegerLookup{Vocabulary: []int{1, 2}, Pad: true}, []int{3}, "integer_lookup: max_tokens is missing, which pad_to_max_tokens wants"),
			config(nn.IntegerLookup{Vocabulary: []int{1 << 30}}, []int{3}, "integer_lookup: the vocabulary has 1073741824, wanted numbers of at most 16777216, which float32 has exactly"),
			config(nn.IntegerLookup{Vocabulary: []int{1, 2}, IDF: half}, []int{3}, "integer_lookup: idf_weights are given, which are for the output_mode tf_idf, not int"),
			config(nn.IntegerLookup{IDF: half, Output: "tf_idf"}, []int{3}, "integer_lookup: idf_weights are given without a vocabulary"),
			config(nn.IntegerLookup{Vocabulary: []int{1, 2}, Output: "tf_idf"}, []int{3}, "integer_lookup: idf_weights are missing, which the output_mode tf_idf wants beside a vocabulary"),
			config(nn.IntegerLookup{Vocabulary: []int{1, 2}, IDF: half, Output: "tf_idf"}, []int{3}, "integer_lookup: there are 1 idf_weights, wanted one for each of the vocabulary's 2 tokens"),
			config(nn.IntegerLookup{Vocabulary: []int{1, 2}, Invert: true, Output: "count"}, []int{3}, "integer_lookup: output_mode is count, wanted int with invert"),
			config(nn.IntegerLookup{Vocabulary: []int{1, 2}, OOV: new(-1)}, []int{3}, "integer_lookup: num_oov_indices is -1, wanted 0 to 65536"),
			config(nn.IntegerLookup{Vocabulary: []int{1, 2}, MaxTokens: 1}, []int{3}, "integer_lookup: max_tokens is 1, wanted at least 2"),
		},
	},
	{layer: nn.IntegerLookup{Vocabulary: []int{1, 2}, Output: "tf_idf", IDF: []float64{0.5, 2}, MaxTokens: 6, Pad: true, Mask: new(0), OOV: new(2)}, in: []int{4}, out: []int{6}},
	{
		layer: nn.Resizing{Height: 3, Width: 7, Interpolation: "bicubic", Antialias: true}, in: small, out: []int{3, 7, 3},
		bad: []badLayer{
			notAnImage(nn.Resizing{Height: 3, Width: 3}, "resizing"),
			config(nn.Resizing{Height: 3}, small, "resizing: width is missing"),
			config(nn.Resizing{Height: -3, Width: 2}, small, "resizing: height is -3, wanted at least 1"),
			config(nn.Resizing{Height: 3, Width: 3, Crop: true, Pad: true}, small, "resizing: crop_to_aspect_ratio and pad_to_aspect_ratio are both true, wanted at most one"),
			config(nn.Resizing{Height: 3, Width: 3, Interpolation: "area"}, small, `resizing: interpolation is "area", wanted bilinear or nearest or bicubic or lanczos3 or lanczos5`),
			config(nn.Resizing{Height: 3, Width: 3, FillMode: "wrap"}, small, `resizing: fill_mode is "wrap", wanted constant`),
			{nn.Resizing{Height: 1 << 25, Width: 3}, small, nn.ErrShape, "resizing: images of 4x5 cannot become 33554432x3, wanted at most 67108864 for the product of an old and a new side", nil},
		},
	},
	{layer: nn.Resizing{Height: 6, Width: 6, Pad: true, FillValue: 0.25}, in: small, out: []int{6, 6, 3}},
	{layer: nn.CenterCrop{Height: 2, Width: 3}, in: small, out: []int{2, 3, 3}, bad: []badLayer{
		notAnImage(nn.CenterCrop{Height: 3, Width: 3}, "center_crop"),
		config(nn.CenterCrop{Width: 3}, small, "center_crop: height is missing"),
	}},
	{layer: nn.CenterCrop{Height: 6, Width: 3}, in: small, out: []int{6, 3, 3}},
	{layer: nn.RandomCrop{Height: 2, Width: 3, Seed: 5}, in: small, out: []int{2, 3, 3}, bad: []badLayer{
		notAnImage(nn.RandomCrop{Height: 3, Width: 3}, "random_crop"),
		config(nn.RandomCrop{Height: 3, Width: -1}, small, "random_crop: width is -1, wanted at least 1"),
	}},
	{layer: nn.RandomCrop{Height: 4, Width: 2}, in: small, out: []int{4, 2, 3}},
	{layer: nn.RandomFlip{}, in: small, out: small, bad: []badLayer{
		notAnImage(nn.RandomFlip{}, "random_flip"),
		config(nn.RandomFlip{Mode: "both"}, small, `random_flip: mode is "both", wanted horizontal or vertical or horizontal_and_vertical`),
	}},
	{layer: nn.RandomRotation{Factor: []float64{-0.1, 0.3}, FillMode: "wrap", Interpolation: "nearest", Seed: 3}, in: small, out: small, bad: append(badAugmentation("random_rotation", "factor", -1, func(f []float64) nn.Layer { return nn.RandomRotation{Factor: f} }),
		config(nn.RandomRotation{Factor: half, FillMode: "mirror"}, small, `random_rotation: fill_mode is "mirror", wanted reflect or wrap or constant or nearest`),
		config(nn.RandomRotation{Factor: half, Interpolation: "bicubic"}, small, `random_rotation: interpolation is "bicubic", wanted bilinear or nearest`),
	)},
	{layer: nn.RandomTranslation{Height: half, Width: []float64{0, 0.2}, FillMode: "constant", FillValue: 2}, in: small, out: small, bad: append(badAugmentation("random_translation", "height_factor", -1, func(f []float64) nn.Layer { return nn.RandomTranslation{Height: f, Width: half} }),
		config(nn.RandomTranslation{Height: half}, small, "random_translation: width_factor is missing"))},
	{layer: nn.RandomZoom{Height: half, FillMode: "nearest"}, in: small, out: small, bad: badAugmentation("random_zoom", "height_factor", -1, func(f []float64) nn.Layer { return nn.RandomZoom{Height: f} })},
	{layer: nn.RandomZoom{Height: half, Width: []float64{-0.5, 0}}, in: small, out: small},
	{layer: nn.RandomShear{X: half}, in: small, out: small, bad: []badLayer{
		notAnImage(nn.RandomShear{}, "random_shear"),
		config(nn.RandomShear{Y: []float64{1, 2}}, small, "random_shear: y_factor is [1, 2], wanted -1 to 1"),
		config(nn.RandomShear{X: []float64{0, 0, 0}}, small, "random_shear: x_factor has 3 numbers, wanted one or two"),
	}},
	{layer: nn.RandomBrightness{Factor: half, Range: []float64{0, 1}}, in: small, out: small, bad: append(badAugmentation("random_brightness", "factor", -1, func(f []float64) nn.Layer { return nn.RandomBrightness{Factor: f} }),
		config(nn.RandomBrightness{Factor: half, Range: []float64{1, 2, 3}}, small, "random_brightness: value_range is [1, 2, 3], wanted the least and the most that a pixel can be"),
		config(nn.RandomBrightness{Factor: half, Range: []float64{1, 1}}, small, "random_brightness: value_range is [1, 1], wanted the least and the most that a pixel can be"))},
	{layer: nn.RandomContrast{Factor: half, Range: []float64{0, 1}}, in: small, out: small, bad: badAugmentation("random_contrast", "factor", 0, func(f []float64) nn.Layer { return nn.RandomContrast{Factor: f} })},
	{layer: nn.RandomGrayscale{}, in: small, out: small, bad: []badLayer{
		notAnImage(nn.RandomGrayscale{}, "random_grayscale"),
		config(nn.RandomGrayscale{Factor: 1.5}, small, "random_grayscale: factor is 1.5, wanted 0 to 1"),
		notColoured(nn.RandomGrayscale{}, "random_grayscale"),
	}},
	{layer: nn.RandomGrayscale{Factor: 1}, in: []int{3, 3, 1}, out: []int{3, 3, 1}},
	{layer: nn.RandomColorDegeneration{Factor: half}, in: small, out: small, bad: append(badAugmentation("random_color_degeneration", "factor", 0, func(f []float64) nn.Layer { return nn.RandomColorDegeneration{Factor: f} }),
		notColoured(nn.RandomColorDegeneration{Factor: half}, "random_color_degeneration"))},
	{layer: nn.RandomInvert{Range: []float64{0, 1}}, in: small, out: small, bad: []badLayer{
		notAnImage(nn.RandomInvert{}, "random_invert"),
		config(nn.RandomInvert{Factor: []float64{2}}, small, "random_invert: factor is 2, wanted 0 to 1"),
	}},
	{layer: nn.RandomHue{Factor: half, Range: []float64{0, 1}}, in: small, out: small, bad: append(badAugmentation("random_hue", "factor", 0, func(f []float64) nn.Layer { return nn.RandomHue{Factor: f} }),
		notColoured(nn.RandomHue{Factor: half}, "random_hue"))},
	{layer: nn.RandomSaturation{Factor: half}, in: small, out: small, bad: append(badAugmentation("random_saturation", "factor", 0, func(f []float64) nn.Layer { return nn.RandomSaturation{Factor: f} }),
		notColoured(nn.RandomSaturation{Factor: half}, "random_saturation"))},
	{layer: nn.RandomColorJitter{Range: []float64{0, 1}, Brightness: half, Contrast: half, Saturation: half, Hue: half}, in: small, out: small, bad: []badLayer{
		notAnImage(nn.RandomColorJitter{Brightness: half}, "random_color_jitter"),
		notAnImage(nn.RandomColorJitter{}, "random_color_jitter"),
		config(nn.RandomColorJitter{Hue: []float64{-1}}, small, "random_color_jitter: hue_factor is -1, wanted 0 to 1"),
		notColoured(nn.RandomColorJitter{Saturation: half}, "random_color_jitter"),
	}},
	{layer: nn.RandomColorJitter{}, in: []int{3, 3, 2}, out: []int{3, 3, 2}},
	{layer: nn.RandomPosterization{Factor: []float64{3, 6}, Range: []float64{0, 1}}, in: small, out: small, bad: []badLayer{
		notAnImage(nn.RandomPosterization{Factor: []float64{3}}, "random_posterization"),
		config(nn.RandomPosterization{Factor: []float64{9}}, small, "random_posterization: factor is 9, wanted 1 to 8"),
	}},
	{layer: nn.RandomSharpness{Factor: half, Range: []float64{0, 1}}, in: small, out: small, bad: badAugmentation("random_sharpness", "factor", 0, func(f []float64) nn.Layer { return nn.RandomSharpness{Factor: f} })},
	{layer: nn.RandomGaussianBlur{Kernel: nn.Size2{3, 5}, Range: []float64{0, 1}}, in: small, out: small, bad: []badLayer{
		notAnImage(nn.RandomGaussianBlur{}, "random_gaussian_blur"),
		config(nn.RandomGaussianBlur{Kernel: nn.Size2{3, 4}}, small, "random_gaussian_blur: kernel_size is [3, 4], wanted odd numbers"),
		config(nn.RandomGaussianBlur{Sigma: []float64{2}}, small, "random_gaussian_blur: sigma is 2, wanted 0 to 1"),
	}},
	{layer: nn.RandomErasing{Range: []float64{0, 1}}, in: small, out: small, bad: []badLayer{
		notAnImage(nn.RandomErasing{}, "random_erasing"),
		config(nn.RandomErasing{Scale: []float64{0.1, 2}}, small, "random_erasing: scale is [0.1, 2], wanted 0 to 1"),
		config(nn.RandomErasing{Fill: []float64{1, 2}}, small, "random_erasing: fill_value has 2 numbers, wanted one, or one for each of the 3 channels"),
	}},
	{layer: nn.RandomErasing{Fill: []float64{0.1, 0.2, 0.3}, Factor: half, Range: []float64{0, 1}}, in: small, out: small},
	{layer: nn.Solarization{Threshold: half, Addition: half, Range: []float64{0, 1}}, in: small, out: small, bad: []badLayer{
		notAnImage(nn.Solarization{}, "solarization"),
		config(nn.Solarization{Addition: []float64{-1}}, small, "solarization: addition_factor is -1, wanted 0 to 1"),
	}},
	{layer: nn.AutoContrast{Range: []float64{0, 1}}, in: small, out: small, bad: []badLayer{notAnImage(nn.AutoContrast{}, "auto_contrast")}},
}

// badAugmentation is what is wrong with an image layer of a factor that has no default and is from low to 1.
func badAugmentation(name, argument string, low int, with func(f []float64) nn.Layer) []badLayer {
	ends := "-1 to 1"
	if low == 0 {
		ends = "0 to 1"
	}
	return []badLayer{
		notAnImage(with(half), name),
		config(with(nil), small, name+": "+argument+" is missing"),
		config(with([]float64{3}), small, strings.Join([]string{name, ": ", argument, " is 3, wanted ", ends}, "")),
		config(with([]float64{0, 0, 0}), small, name+": "+argument+" has 3 numbers, wanted one or two"),
	}
}

func notColoured(l nn.Layer, name string) badLayer {
	return badLayer{l, []int{4, 5, 2}, nn.ErrShape, name + ": input is [4,5,2], wanted 3 channels: red, green and blue", nil}
}
