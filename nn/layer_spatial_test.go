package nn_test

import "github.com/tabgrad/tabgrad/nn"

// The harness's cases of the convolutions, of pooling and of the layers that change shapes.

func init() {
	layerTests = append(layerTests, convTests...)
	layerTests = append(layerTests, poolTests...)
	layerTests = append(layerTests, shapeTests...)
}

func ptr[T any](v T) *T { return &v }

var convTests = []layerTest{
	{
		layer: nn.Conv1D{Filters: 4, Kernel: 3, Padding: nn.Causal, Dilation: 2, Activation: nn.Tanh, KernelConstraint: nn.MaxNorm{Axis: []int{0, 1}}},
		in:    []int{7, 2}, out: []int{7, 4}, vars: map[string][]int{"conv1d/kernel": {3, 2, 4}, "conv1d/bias": {4}},
		bad: []badLayer{
			{nn.Conv1D{Filters: 4}, []int{7, 2}, nn.ErrConfig, "conv1d: kernel_size is missing", nil},
			{nn.Conv1D{Filters: 4, Kernel: -1}, []int{7, 2}, nn.ErrConfig, "conv1d: kernel_size is [-1], wanted at least 1", nil},
			{nn.Conv1D{Filters: 4, Kernel: 3, Strides: -2}, []int{7, 2}, nn.ErrConfig, "conv1d: strides is [-2], wanted at least 1", nil},
			{nn.Conv1D{Filters: 4, Kernel: 3, Padding: 9}, []int{7, 2}, nn.ErrConfig, `conv1d: padding is "padding?", wanted valid or same or causal`, nil},
			{nn.Conv1D{Filters: 4, Kernel: 3}, []int{6, 7, 2}, nn.ErrShape, "conv1d: input is [6,7,2], wanted a sequence [steps, channels]", nil},
			{nn.Conv1D{Filters: 4, Kernel: 3, Dilation: 3}, []int{6, 2}, nn.ErrShape, "conv1d: input has 6 steps, wanted at least the window's 7", nil},
			{nn.Conv1D{Filters: 4, Kernel: 3, Groups: 4}, []int{6, 2}, nn.ErrConfig, "conv1d: groups is 4, wanted a divisor of the input's 2 channels and of filters, 4", nil},
			{nn.Conv1D{Filters: 4, Kernel: 3, KernelConstraint: nn.MaxNorm{Axis: []int{3}}}, []int{6, 2}, nn.ErrConfig, "conv1d: kernel: max_norm: axis is [3], wanted different numbers from -3 to 2 for a variable of [3,2,4]", nil},
		},
	},
	{layer: nn.Conv1D{Filters: 4, Kernel: 2, Strides: 2, Padding: nn.Same, Groups: 2, NoBias: true}, in: []int{5, 4}, out: []int{3, 4}, vars: map[string][]int{"conv1d/kernel": {2, 2, 4}}},
	{layer: nn.Conv1D{Filters: 3, Kernel: 2, Activation: nn.Softmax}, in: []int{5, 4}, out: []int{4, 3}, vars: map[string][]int{"conv1d/kernel": {2, 4, 3}, "conv1d/bias": {3}}},
	{
		layer: nn.Conv2DTranspose{Filters: 3, Kernel: nn.Size2{3, 2}, Strides: nn.Size2{2, 3}, Activation: nn.Sigmoid, KernelReg: nn.L2{}, KernelConstraint: nn.MaxNorm{Max: 0.5}},
		in:    []int{3, 4, 2}, out: []int{7, 12, 3}, vars: map[string][]int{"conv2d_transpose/kernel": {3, 2, 3, 2}, "conv2d_transpose/bias": {3}},
		bad: []badLayer{
			{nn.Conv2DTranspose{Filters: 3}, []int{3, 4, 2}, nn.ErrConfig, "conv2d_transpose: kernel_size is missing", nil},
			{nn.Conv2DTranspose{Filters: 3, Kernel: nn.Size2{3, 3}}, []int{4, 2}, nn.ErrShape, "conv2d_transpose: input is [4,2], wanted an image [height, width, channels]", nil},
			{nn.Conv2DTranspose{Filters: 3, Kernel: nn.Size2{3, 3}, Padding: nn.Causal}, []int{3, 4, 2}, nn.ErrConfig, `conv2d_transpose: padding is "causal", wanted valid or same`, nil},
			{nn.Conv2DTranspose{Filters: 3, Kernel: nn.Size2{3, 3}, Strides: nn.Size2{2, 2}, OutPadding: &nn.Size2{2, 1}}, []int{3, 4, 2}, nn.ErrConfig, "conv2d_transpose: output_padding is [2, 1], wanted less than strides, [2, 2]", nil},
			{nn.Conv2DTranspose{Filters: 3, Kernel: nn.Size2{3, 3}, OutPadding: &nn.Size2{-1, 0}}, []int{3, 4, 2}, nn.ErrConfig, "conv2d_transpose: output_padding is [-1, 0], wanted at least 0", nil},
			{nn.Conv2DTranspose{Filters: 3, Kernel: nn.Size2{2, 3}, Strides: nn.Size2{2, 2}, Padding: nn.Same, OutPadding: &nn.Size2{0, 1}}, []int{3, 4, 2}, nn.ErrConfig, "conv2d_transpose: output_padding is [0, 1], wanted at least 1 where the window spans 2, an even number, and padding is same", nil},
		},
	},
	{layer: nn.Conv2DTranspose{Filters: 2, Kernel: nn.Size2{3, 3}, Strides: nn.Size2{2, 2}, Padding: nn.Same, OutPadding: &nn.Size2{1, 0}, NoBias: true}, in: []int{3, 4, 2}, out: []int{6, 7, 2}, vars: map[string][]int{"conv2d_transpose/kernel": {3, 3, 2, 2}}},
	{layer: nn.Conv2DTranspose{Filters: 2, Kernel: nn.Size2{2, 3}, Dilation: nn.Size2{2, 2}, OutPadding: &nn.Size2{0, 0}}, in: []int{3, 4, 2}, out: []int{5, 8, 2}, vars: map[string][]int{"conv2d_transpose/kernel": {2, 3, 2, 2}, "conv2d_transpose/bias": {2}}},
	{
		layer: nn.Conv1DTranspose{Filters: 3, Kernel: 4, Strides: 2, Padding: nn.Same, Activation: nn.ReLU}, in: []int{5, 2}, out: []int{10, 3},
		vars: map[string][]int{"conv1d_transpose/kernel": {4, 3, 2}, "conv1d_transpose/bias": {3}},
		bad: []badLayer{
			{nn.Conv1DTranspose{Filters: 3, Kernel: 2}, []int{3, 4, 2}, nn.ErrShape, "conv1d_transpose: input is [3,4,2], wanted a sequence [steps, channels]", nil},
			{nn.Conv1DTranspose{Filters: 3, Kernel: 2, Strides: 3, OutPadding: ptr(nn.Size1(3))}, []int{4, 2}, nn.ErrConfig, "conv1d_transpose: output_padding is 3, wanted less than strides, 3", nil},
			{nn.Conv1DTranspose{Filters: 3, Kernel: 0}, []int{4, 2}, nn.ErrConfig, "conv1d_transpose: kernel_size is missing", nil},
		},
	},
	{layer: nn.Conv1DTranspose{Filters: 3, Kernel: 2, Strides: 3, OutPadding: ptr(nn.Size1(0))}, in: []int{4, 2}, out: []int{11, 3}, vars: map[string][]int{"conv1d_transpose/kernel": {2, 3, 2}, "conv1d_transpose/bias": {3}}},
	{
		layer: nn.DepthwiseConv2D{Kernel: nn.Size2{3, 3}, Padding: nn.Same, Multiplier: 2, Activation: nn.ReLU, DepthwiseReg: nn.L2{}, DepthwiseConstraint: nn.UnitNorm{Axis: []int{0, 1}}},
		in:    []int{4, 5, 3}, out: []int{4, 5, 6}, vars: map[string][]int{"depthwise_conv2d/kernel": {3, 3, 3, 2}, "depthwise_conv2d/bias": {6}},
		bad: []badLayer{
			{nn.DepthwiseConv2D{}, []int{4, 5, 3}, nn.ErrConfig, "depthwise_conv2d: kernel_size is missing", nil},
			{nn.DepthwiseConv2D{Kernel: nn.Size2{3, 3}, Multiplier: -1}, []int{4, 5, 3}, nn.ErrConfig, "depthwise_conv2d: depth_multiplier is -1, wanted at least 1", nil},
			{nn.DepthwiseConv2D{Kernel: nn.Size2{3, 3}}, []int{2, 5, 3}, nn.ErrShape, "depthwise_conv2d: input is 2x5, wanted at least the window's 3x3", nil},
			{nn.DepthwiseConv2D{Kernel: nn.Size2{3, 3}}, []int{5, 3}, nn.ErrShape, "depthwise_conv2d: input is [5,3], wanted an image [height, width, channels]", nil},
			{nn.DepthwiseConv2D{Kernel: nn.Size2{3, 3}, DepthwiseInit: nn.Identity{}}, []int{5, 5, 3}, nn.ErrShape, "depthwise_conv2d: kernel: identity: the variable is [3,3,3,1], wanted a matrix", nil},
		},
	},
	{layer: nn.DepthwiseConv2D{Kernel: nn.Size2{2, 2}, Strides: nn.Size2{2, 2}, NoBias: true}, in: []int{4, 5, 3}, out: []int{2, 2, 3}, vars: map[string][]int{"depthwise_conv2d/kernel": {2, 2, 3, 1}}},
	{
		layer: nn.DepthwiseConv1D{Kernel: 3, Strides: 2, Multiplier: 2}, in: []int{7, 3}, out: []int{3, 6},
		vars: map[string][]int{"depthwise_conv1d/kernel": {3, 3, 2}, "depthwise_conv1d/bias": {6}},
		bad: []badLayer{
			{nn.DepthwiseConv1D{Kernel: 3, Padding: nn.Causal}, []int{7, 3}, nn.ErrConfig, `depthwise_conv1d: padding is "causal", wanted valid or same`, nil},
			{nn.DepthwiseConv1D{Kernel: 3}, []int{7}, nn.ErrShape, "depthwise_conv1d: input is [7], wanted a sequence [steps, channels]", nil},
		},
	},
	{
		layer: nn.SeparableConv2D{Filters: 4, Kernel: nn.Size2{3, 2}, Strides: nn.Size2{2, 2}, Padding: nn.Same, Multiplier: 2, Activation: nn.GELU, PointwiseReg: nn.L1{}, PointwiseConstraint: nn.NonNeg{}},
		in:    []int{5, 4, 3}, out: []int{3, 2, 4},
		vars: map[string][]int{"separable_conv2d/depthwise_kernel": {3, 2, 3, 2}, "separable_conv2d/pointwise_kernel": {1, 1, 6, 4}, "separable_conv2d/bias": {4}},
		bad: []badLayer{
			{nn.SeparableConv2D{Kernel: nn.Size2{3, 2}}, []int{5, 4, 3}, nn.ErrConfig, "separable_conv2d: filters is missing", nil},
			{nn.SeparableConv2D{Filters: 2, Kernel: nn.Size2{3, 2}, PointwiseInit: nn.TruncatedNormal{Stddev: -1}}, []int{5, 4, 3}, nn.ErrConfig, "separable_conv2d: pointwise_initializer: stddev is -1, wanted at least 0", nil},
			{nn.SeparableConv2D{Filters: 2, Kernel: nn.Size2{7, 2}}, []int{5, 4, 3}, nn.ErrShape, "separable_conv2d: input is 5x4, wanted at least the window's 7x2", nil},
		},
	},
	{
		layer: nn.SeparableConv1D{Filters: 4, Kernel: 3, NoBias: true}, in: []int{6, 3}, out: []int{4, 4},
		vars: map[string][]int{"separable_conv1d/depthwise_kernel": {3, 3, 1}, "separable_conv1d/pointwise_kernel": {1, 3, 4}},
		bad: []badLayer{
			{nn.SeparableConv1D{Filters: 4, Kernel: 3}, []int{6, 3, 1}, nn.ErrShape, "separable_conv1d: input is [6,3,1], wanted a sequence [steps, channels]", nil},
			{nn.SeparableConv1D{Filters: 4, Kernel: 3, Dilation: -1}, []int{6, 3}, nn.ErrConfig, "separable_conv1d: dilation_rate is [-1], wanted at least 1", nil},
		},
	},
}

var poolTests = []layerTest{
	{
		layer: nn.MaxPooling1D{Pool: 3, Strides: 2, Padding: nn.Same}, in: []int{5, 2}, out: []int{3, 2},
		bad: []badLayer{
			{nn.MaxPooling1D{Pool: -2}, []int{5, 2}, nn.ErrConfig, "max_pooling1d: pool_size is [-2], wanted at least 1", nil},
			{nn.MaxPooling1D{}, []int{5, 4, 2}, nn.ErrShape, "max_pooling1d: input is [5,4,2], wanted a sequence [steps, channels]", nil},
			{nn.MaxPooling1D{Pool: 4}, []int{3, 2}, nn.ErrShape, "max_pooling1d: input has 3 steps, wanted at least the window's 4", nil},
		},
	},
	{
		layer: nn.AveragePooling1D{}, in: []int{5, 2}, out: []int{2, 2},
		bad: []badLayer{
			{nn.AveragePooling1D{Strides: -1}, []int{5, 2}, nn.ErrConfig, "average_pooling1d: strides is [-1], wanted at least 1", nil},
			{nn.AveragePooling1D{}, []int{5}, nn.ErrShape, "average_pooling1d: input is [5], wanted a sequence [steps, channels]", nil},
		},
	},
	{layer: nn.GlobalMaxPooling1D{}, in: []int{5, 2}, out: []int{2}, bad: []badLayer{
		{nn.GlobalMaxPooling1D{}, []int{5}, nn.ErrShape, "global_max_pooling1d: input is [5], wanted a sequence [steps, channels]", nil},
	}},
	{layer: nn.GlobalMaxPooling2D{KeepDims: true}, in: []int{3, 4, 2}, out: []int{1, 1, 2}, bad: []badLayer{
		{nn.GlobalMaxPooling2D{}, []int{5, 2}, nn.ErrShape, "global_max_pooling2d: input is [5,2], wanted an image [height, width, channels]", nil},
	}},
	{layer: nn.GlobalAveragePooling1D{KeepDims: true}, in: []int{5, 2}, out: []int{1, 2}, bad: []badLayer{
		{nn.GlobalAveragePooling1D{}, []int{3, 5, 2}, nn.ErrShape, "global_average_pooling1d: input is [3,5,2], wanted a sequence [steps, channels]", nil},
	}},
	{layer: nn.GlobalAveragePooling2D{}, in: []int{3, 4, 2}, out: []int{2}, bad: []badLayer{
		{nn.GlobalAveragePooling2D{}, []int{2}, nn.ErrShape, "global_average_pooling2d: input is [2], wanted an image [height, width, channels]", nil},
	}},
}

var shapeTests = []layerTest{
	{layer: nn.Permute{Dims: []int{3, 1, 2}}, in: []int{2, 3, 4}, out: []int{4, 2, 3}, bad: []badLayer{
		{nn.Permute{Dims: []int{1, 3}}, []int{2, 3}, nn.ErrConfig, "permute: dims is [1,3], wanted each dimension of the input [2,3] once, from 1 to 2", nil},
		{nn.Permute{Dims: []int{1, 1}}, []int{2, 3}, nn.ErrConfig, "permute: dims is [1,1], wanted each dimension of the input [2,3] once, from 1 to 2", nil},
		{nn.Permute{Dims: []int{2, 1}}, []int{2, 3, 4}, nn.ErrConfig, "permute: dims is [2,1], wanted each dimension of the input [2,3,4] once, from 1 to 3", nil},
		{nn.Permute{Dims: []int{0, 1}}, []int{2, 3}, nn.ErrConfig, "permute: dims is [0, 1], wanted at least 1", nil},
	}},
	{layer: nn.RepeatVector{N: 3}, in: []int{4}, out: []int{3, 4}, bad: []badLayer{
		{nn.RepeatVector{}, []int{4}, nn.ErrConfig, "repeat_vector: n is missing", nil},
		{nn.RepeatVector{N: 2}, []int{4, 2}, nn.ErrShape, "repeat_vector: input is [4,2], wanted a vector [features]", nil},
	}},
	{layer: nn.Cropping1D{}, in: []int{5, 2}, out: []int{3, 2}, bad: []badLayer{
		{nn.Cropping1D{Cropping: nn.Ends{2, 3}}, []int{5, 2}, nn.ErrShape, "cropping1d: cropping is [2, 3], and the input [5,2]; wanted some of its steps to be left", nil},
		{nn.Cropping1D{Cropping: nn.Ends{-1}}, []int{5, 2}, nn.ErrConfig, "cropping1d: cropping is [-1], wanted at least 0", nil},
		{nn.Cropping1D{Cropping: nn.Ends{1, 1, 1}}, []int{5, 2}, nn.ErrConfig, "cropping1d: cropping is [1, 1, 1], wanted a whole number or two", nil},
		{nn.Cropping1D{}, []int{5}, nn.ErrShape, "cropping1d: input is [5], wanted a sequence [steps, channels]", nil},
	}},
	{layer: nn.Cropping1D{Cropping: nn.Ends{0, 2}}, in: []int{5, 2}, out: []int{3, 2}},
	{layer: nn.Cropping2D{Cropping: nn.Sides{1, 0, 0, 2}}, in: []int{4, 5, 2}, out: []int{3, 3, 2}, bad: []badLayer{
		{nn.Cropping2D{Cropping: nn.Sides{1, 3}}, []int{4, 5, 2}, nn.ErrShape, "cropping2d: cropping is [[1, 1], [3, 3]], and the input [4,5,2]; wanted some of its rows and columns to be left", nil},
		{nn.Cropping2D{Cropping: nn.Sides{1, 2, 3}}, []int{4, 5, 2}, nn.ErrConfig, "cropping2d: cropping is [1, 2, 3], wanted a whole number, two, or two pairs", nil},
		{nn.Cropping2D{}, []int{5, 2}, nn.ErrShape, "cropping2d: input is [5,2], wanted an image [height, width, channels]", nil},
	}},
	{layer: nn.Cropping2D{}, in: []int{4, 5, 2}, out: []int{4, 5, 2}},
	{layer: nn.ZeroPadding1D{Padding: nn.Ends{2, 0}}, in: []int{3, 2}, out: []int{5, 2}, bad: []badLayer{
		{nn.ZeroPadding1D{Padding: nn.Ends{1, -1}}, []int{5, 2}, nn.ErrConfig, "zero_padding1d: padding is [1, -1], wanted at least 0", nil},
		{nn.ZeroPadding1D{}, []int{3, 5, 2}, nn.ErrShape, "zero_padding1d: input is [3,5,2], wanted a sequence [steps, channels]", nil},
	}},
	{layer: nn.ZeroPadding2D{}, in: []int{2, 3, 2}, out: []int{4, 5, 2}, bad: []badLayer{
		{nn.ZeroPadding2D{Padding: nn.Sides{1, 2, 3, -4}}, []int{2, 3, 2}, nn.ErrConfig, "zero_padding2d: padding is [1, 2, 3, -4], wanted at least 0", nil},
		{nn.ZeroPadding2D{}, []int{3}, nn.ErrShape, "zero_padding2d: input is [3], wanted an image [height, width, channels]", nil},
	}},
	{layer: nn.ZeroPadding2D{Padding: nn.Sides{0}}, in: []int{2, 3, 2}, out: []int{2, 3, 2}},
	{layer: nn.UpSampling1D{}, in: []int{3, 2}, out: []int{6, 2}, bad: []badLayer{
		{nn.UpSampling1D{Size: -2}, []int{3, 2}, nn.ErrConfig, "up_sampling1d: size is -2, wanted at least 1", nil},
		{nn.UpSampling1D{}, []int{3}, nn.ErrShape, "up_sampling1d: input is [3], wanted a sequence [steps, channels]", nil},
	}},
	{layer: nn.UpSampling2D{Size: nn.Size2{3, 2}}, in: []int{2, 3, 2}, out: []int{6, 6, 2}, bad: []badLayer{
		{nn.UpSampling2D{Interpolation: "area"}, []int{2, 3, 2}, nn.ErrConfig, `up_sampling2d: interpolation is "area", wanted nearest or bilinear or bicubic or lanczos3 or lanczos5`, nil},
		{nn.UpSampling2D{Size: nn.Size2{1, 1000}, Interpolation: "bicubic"}, []int{1, 1000, 1}, nn.ErrShape, "up_sampling2d: images of 1x1000 cannot become 1x1000000, wanted at most 67108864 for the product of an old and a new side", nil},
		{nn.UpSampling2D{Size: nn.Size2{0, 2}}, []int{2, 3, 2}, nn.ErrConfig, "up_sampling2d: size is [0, 2], wanted at least 1", nil},
		{nn.UpSampling2D{}, []int{3, 2}, nn.ErrShape, "up_sampling2d: input is [3,2], wanted an image [height, width, channels]", nil},
	}},
	{layer: nn.UpSampling2D{Size: nn.Size2{2, 3}, Interpolation: "bilinear"}, in: []int{3, 1, 2}, out: []int{6, 3, 2}},
	{layer: nn.UpSampling2D{Size: nn.Size2{3, 2}, Interpolation: "lanczos3"}, in: []int{3, 2, 2}, out: []int{9, 4, 2}},
	{layer: nn.Dot{Axes: []int{2, 1}}, in: []int{3, 4}, more: [][]int{{4, 2}}, out: []int{3, 2}, bad: []badLayer{
		{nn.Dot{Axes: []int{1}}, []int{3, 4}, nn.ErrShape, "dot: inputs input_layer [3,4] and input_layer_1 [4,2]: wanted as many elements along axes [1]: they have 3 and 4", [][]int{{4, 2}}},
		{nn.Dot{Axes: []int{0}}, []int{3}, nn.ErrConfig, "dot: inputs input_layer [3] and input_layer_1 [3]: axes is [0], and input 0 [3]; wanted one of its 1 dimensions, from 1 or from -1 on", [][]int{{3}}},
		{nn.Dot{Axes: []int{1, 2, 3}}, []int{3}, nn.ErrConfig, "dot: inputs input_layer [3] and input_layer_1 [3]: axes is [1,2,3], wanted one number or two", [][]int{{3}}},
		{nn.Dot{Axes: []int{1}}, []int{3}, nn.ErrConfig, "dot: got 1 inputs, wanted 2", nil},
	}},
	{layer: nn.Dot{Axes: []int{-1}, Normalize: true}, in: []int{4}, more: [][]int{{4}}, out: []int{1}},
	{layer: nn.Dot{Axes: []int{1, 3}}, in: []int{3, 2}, more: [][]int{{2, 4, 3}}, out: []int{2, 2, 4}},
}
