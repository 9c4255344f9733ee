package nn

import (
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// A Kind is what an Entry of the registry may be used as.
type Kind string

// The kinds of things that configs name.
const (
	KindLayer       Kind = "layer"
	KindOptimizer   Kind = "optimizer"
	KindLoss        Kind = "loss"
	KindMetric      Kind = "metric"
	KindInitializer Kind = "initializer"
	KindActivation  Kind = "activation"
	KindRegularizer Kind = "regularizer"
	KindConstraint  Kind = "constraint"
	KindText        Kind = "text"
	KindCallback    Kind = "callback"
	KindSchedule    Kind = "learningRateSchedule"
)

// An Entry is one thing that a config can name. Names are matched without regard to case and
// underscores, so that Class, Name and JS are all understood, as are the Aliases.
type Entry struct {
	Kind    Kind
	Class   string // Keras's class_name: "MaxPooling2D"; empty for an activation
	Name    string // Keras's function or string name: "max_pooling2d"
	JS      string // tfjs's name: "maxPooling2d"
	Aliases []string
	Doc     string // one sentence
	Args    []Arg
	// Best is "max" or "min" where more or less of a metric is better, for callbacks that monitor one; empty
	// where that isn't known.
	Best   string
	Inputs []string // an operation's tensors by name; one that ends in "..." stands for a list
	// Recorded: it is not made of options, but of what a function did; see Recording.
	Recorded bool

	value any // the zero value, or the activation, or how an operation is written down
}

// An Arg is an argument of an Entry.
type Arg struct {
	Name string // Keras's name: "kernel_size"
	JS   string // tfjs's name: "kernelSize"
	// Type is "int", "float", "bool", "string", "ints" and "strings" (lists), "axes" and "floats" (one number or a
	// list), one of those of sizes.go ("size": a height and a width, or one number for both), "shape" (a list in which null is
	// the batch's size), "pairs" (a list of two numbers each), "layers" (a list), "cell" (a layer, or a list that is
	// stacked), "frequency" (a number of batches, or "epoch"), "recording", "go" (what only Go can give), or a Kind, whose
	// value is a name or a config.
	Type     string
	Or       Kind     // what it may be instead, by a config: a learning rate's schedule; empty for nothing
	Default  any      // as Config writes it; nil for none
	Required bool     // there is no default
	Null     bool     // Keras's None may be given, which is 0, nil, "" or, where that is a default, "none" here
	Allowed  []string // the strings it may be; nil for any
	Nullable bool     // null is a value of its own
	Doc      string   // one sentence
	Of       string   // the struct that it is embedded from: OptimizerOptions; empty for the entry's own
	// TS is the type in TypeScript of what only a page can give: functions and places. First is whether it may be
	// given alone, in place of the options.
	TS    string
	First bool

	field    []int // the index of its field, for reflect's FieldByIndex
	or       []int // that of the field of an Or; nil for none
	invert   bool  // the Go field says the opposite, so that its zero value is Keras's default
	min, max float64
	above    bool // more than min, not equal to it
	below    bool // less than max, not equal to it
	def      string
	also     string // another name that configs have
	null     string // what null stands for, where that is not the default
}

// The registry. Every layer, optimizer, loss, metric, initializer, activation function and regularizer
// has its row here and nowhere else; a test fails when one is missing.
var entries = []*Entry{
	{Kind: KindLayer, Class: "InputLayer", Name: "input_layer", JS: "inputLayer", value: InputLayer{}, Doc: "The shape of the model's input."},
	{Kind: KindLayer, Class: "Dense", Name: "dense", JS: "dense", value: Dense{}, Doc: "A fully connected layer: activation(x·kernel + bias)."},
	{Kind: KindLayer, Class: "Conv1D", Name: "conv1d", JS: "conv1d", Aliases: []string{"Convolution1D"}, value: Conv1D{}, Doc: "A convolution of sequences: activation(x * kernel + bias)."},
	{Kind: KindLayer, Class: "Conv2D", Name: "conv2d", JS: "conv2d", Aliases: []string{"Convolution2D"}, value: Conv2D{}, Doc: "A convolution of images: activation(x * kernel + bias)."},
	{Kind: KindLayer, Class: "Conv1DTranspose", Name: "conv1d_transpose", JS: "conv1dTranspose", Aliases: []string{"Convolution1DTranspose"}, value: Conv1DTranspose{}, Doc: "A transposed convolution of sequences."},
	{Kind: KindLayer, Class: "Conv2DTranspose", Name: "conv2d_transpose", JS: "conv2dTranspose", Aliases: []string{"Convolution2DTranspose"}, value: Conv2DTranspose{}, Doc: "A transposed convolution of images: a convolution's input gradient."},
	{Kind: KindLayer, Class: "DepthwiseConv1D", Name: "depthwise_conv1d", JS: "depthwiseConv1d", value: DepthwiseConv1D{}, Doc: "A convolution of each channel of sequences by itself."},
	{Kind: KindLayer, Class: "DepthwiseConv2D", Name: "depthwise_conv2d", JS: "depthwiseConv2d", value: DepthwiseConv2D{}, Doc: "A convolution of each channel of images by itself."},
	{Kind: KindLayer, Class: "SeparableConv1D", Name: "separable_conv1d", JS: "separableConv1d", Aliases: []string{"SeparableConvolution1D"}, value: SeparableConv1D{}, Doc: "A depthwise convolution of sequences, and a pointwise one behind it."},
	{Kind: KindLayer, Class: "SeparableConv2D", Name: "separable_conv2d", JS: "separableConv2d", Aliases: []string{"SeparableConvolution2D"}, value: SeparableConv2D{}, Doc: "A depthwise convolution of images, and a pointwise one behind it."},
	{Kind: KindLayer, Class: "MaxPooling1D", Name: "max_pooling1d", JS: "maxPooling1d", Aliases: []string{"MaxPool1D"}, value: MaxPooling1D{}, Doc: "The maximum of each window of a sequence."},
	{Kind: KindLayer, Class: "MaxPooling2D", Name: "max_pooling2d", JS: "maxPooling2d", Aliases: []string{"MaxPool2D"}, value: MaxPooling2D{}, Doc: "The maximum of each window of an image."},
	{Kind: KindLayer, Class: "AveragePooling1D", Name: "average_pooling1d", JS: "averagePooling1d", Aliases: []string{"AvgPool1D", "AvgPooling1D"}, value: AveragePooling1D{}, Doc: "The average of each window of a sequence."},
	{Kind: KindLayer, Class: "AveragePooling2D", Name: "average_pooling2d", JS: "averagePooling2d", Aliases: []string{"AvgPool2D", "AvgPooling2D"}, value: AveragePooling2D{}, Doc: "The average of each window of an image."},
	{Kind: KindLayer, Class: "GlobalMaxPooling1D", Name: "global_max_pooling1d", JS: "globalMaxPooling1d", Aliases: []string{"GlobalMaxPool1D"}, value: GlobalMaxPooling1D{}, Doc: "The maximum of each channel over a sequence."},
	{Kind: KindLayer, Class: "GlobalMaxPooling2D", Name: "global_max_pooling2d", JS: "globalMaxPooling2d", Aliases: []string{"GlobalMaxPool2D"}, value: GlobalMaxPooling2D{}, Doc: "The maximum of each channel over an image."},
	{Kind: KindLayer, Class: "GlobalAveragePooling1D", Name: "global_average_pooling1d", JS: "globalAveragePooling1d", Aliases: []string{"GlobalAvgPool1D"}, value: GlobalAveragePooling1D{}, Doc: "The average of each channel over a sequence."},
	{Kind: KindLayer, Class: "GlobalAveragePooling2D", Name: "global_average_pooling2d", JS: "globalAveragePooling2d", Aliases: []string{"GlobalAvgPool2D"}, value: GlobalAveragePooling2D{}, Doc: "The average of each channel over an image."},
	{Kind: KindLayer, Class: "Flatten", Name: "flatten", JS: "flatten", value: Flatten{}, Doc: "Joins all of a sample's dimensions into one."},
	{Kind: KindLayer, Class: "Reshape", Name: "reshape", JS: "reshape", value: Reshape{}, Doc: "Gives a sample another shape of as many elements."},
	{Kind: KindLayer, Class: "Permute", Name: "permute", JS: "permute", value: Permute{}, Doc: "Changes the order of a sample's dimensions."},
	{Kind: KindLayer, Class: "RepeatVector", Name: "repeat_vector", JS: "repeatVector", value: RepeatVector{}, Doc: "A sequence of a vector, repeated."},
	{Kind: KindLayer, Class: "Cropping1D", Name: "cropping1d", JS: "cropping1D", value: Cropping1D{}, Doc: "Cuts steps off a sequence's ends."},
	{Kind: KindLayer, Class: "Cropping2D", Name: "cropping2d", JS: "cropping2D", value: Cropping2D{}, Doc: "Cuts rows and columns off an image's border."},
	{Kind: KindLayer, Class: "ZeroPadding1D", Name: "zero_padding1d", JS: "zeroPadding1d", value: ZeroPadding1D{}, Doc: "Puts zeros before and behind a sequence."},
	{Kind: KindLayer, Class: "ZeroPadding2D", Name: "zero_padding2d", JS: "zeroPadding2d", value: ZeroPadding2D{}, Doc: "Puts zeros around an image."},
	{Kind: KindLayer, Class: "UpSampling1D", Name: "up_sampling1d", JS: "upSampling1d", value: UpSampling1D{}, Doc: "Repeats each step of a sequence."},
	{Kind: KindLayer, Class: "UpSampling2D", Name: "up_sampling2d", JS: "upSampling2d", value: UpSampling2D{}, Doc: "Enlarges images by whole numbers."},
	{Kind: KindLayer, Class: "Dropout", Name: "dropout", JS: "dropout", value: Dropout{}, Doc: "Drops a share of the elements in training, and scales up the others."},
	{Kind: KindLayer, Class: "SpatialDropout1D", Name: "spatial_dropout1d", JS: "spatialDropout1d", value: SpatialDropout1D{}, Doc: "Drops whole channels of a sequence in training."},
	{Kind: KindLayer, Class: "SpatialDropout2D", Name: "spatial_dropout2d", JS: "spatialDropout2d", value: SpatialDropout2D{}, Doc: "Drops whole channels of an image in training."},
	{Kind: KindLayer, Class: "AlphaDropout", Name: "alpha_dropout", JS: "alphaDropout", value: AlphaDropout{}, Doc: "Dropout for SELU, which keeps mean and variance."},
	{Kind: KindLayer, Class: "GaussianNoise", Name: "gaussian_noise", JS: "gaussianNoise", value: GaussianNoise{}, Doc: "Adds normal noise in training."},
	{Kind: KindLayer, Class: "GaussianDropout", Name: "gaussian_dropout", JS: "gaussianDropout", value: GaussianDropout{}, Doc: "Multiplies by normal noise of mean 1 in training."},
	{Kind: KindLayer, Class: "ActivityRegularization", Name: "activity_regularization", JS: "activityRegularization", value: ActivityRegularization{}, Doc: "Adds a penalty on what goes through it to the loss."},
	{Kind: KindLayer, Class: "Add", Name: "add", JS: "add", value: Add{}, Doc: "The sum of its inputs."},
	{Kind: KindLayer, Class: "Subtract", Name: "subtract", JS: "subtract", value: Subtract{}, Doc: "The difference of two inputs."},
	{Kind: KindLayer, Class: "Multiply", Name: "multiply", JS: "multiply", value: Multiply{}, Doc: "The product of its inputs, element by element."},
	{Kind: KindLayer, Class: "Average", Name: "average", JS: "average", value: Average{}, Doc: "The average of its inputs."},
	{Kind: KindLayer, Class: "Maximum", Name: "maximum", JS: "maximum", value: Maximum{}, Doc: "The largest of its inputs, element by element."},
	{Kind: KindLayer, Class: "Minimum", Name: "minimum", JS: "minimum", value: Minimum{}, Doc: "The smallest of its inputs, element by element."},
	{Kind: KindLayer, Class: "Concatenate", Name: "concatenate", JS: "concatenate", value: Concatenate{}, Doc: "Its inputs one behind another along one dimension."},
	{Kind: KindLayer, Class: "Dot", Name: "dot", JS: "dot", value: Dot{}, Doc: "The dot product of two inputs along a dimension of each."},
	{Kind: KindLayer, Class: "BatchNormalization", Name: "batch_normalization", JS: "batchNormalization", value: BatchNormalization{}, Doc: "Makes each channel's mean 0 and variance 1 over the batch."},
	{Kind: KindLayer, Class: "LayerNormalization", Name: "layer_normalization", JS: "layerNormalization", value: LayerNormalization{}, Doc: "Makes the mean of each sample 0 and its variance 1."},
	{Kind: KindLayer, Class: "GroupNormalization", Name: "group_normalization", JS: "groupNormalization", value: GroupNormalization{}, Doc: "Makes the mean of each group of channels of a sample 0 and its variance 1."},
	{Kind: KindLayer, Class: "RMSNormalization", Name: "rms_normalization", JS: "rmsNormalization", value: RMSNormalization{}, Doc: "Divides each sample by the root of its mean square."},
	{Kind: KindLayer, Class: "UnitNormalization", Name: "unit_normalization", JS: "unitNormalization", value: UnitNormalization{}, Doc: "Makes the length of each sample's vectors 1."},
	{Kind: KindLayer, Class: "Masking", Name: "masking", JS: "masking", value: Masking{}, Doc: "Marks the steps of a sequence that do not count."},
	{Kind: KindLayer, Class: "Embedding", Name: "embedding", JS: "embedding", value: Embedding{}, Doc: "A vector for each whole number."},
	{Kind: KindLayer, Class: "SimpleRNN", Name: "simple_rnn", JS: "simpleRNN", value: SimpleRNN{}, Doc: "A recurrent layer without gates."},
	{Kind: KindLayer, Class: "LSTM", Name: "lstm", JS: "lstm", value: LSTM{}, Doc: "Long short-term memory over a sequence."},
	{Kind: KindLayer, Class: "GRU", Name: "gru", JS: "gru", value: GRU{}, Doc: "Gated recurrent units over a sequence."},
	{Kind: KindLayer, Class: "RNN", Name: "rnn", JS: "rnn", value: RNN{}, Doc: "Goes through a sequence with a cell, or with several, stacked."},
	{Kind: KindLayer, Class: "SimpleRNNCell", Name: "simple_rnn_cell", JS: "simpleRNNCell", value: SimpleRNNCell{}, Doc: "A step of SimpleRNN, for RNN."},
	{Kind: KindLayer, Class: "LSTMCell", Name: "lstm_cell", JS: "lstmCell", value: LSTMCell{}, Doc: "A step of LSTM, for RNN."},
	{Kind: KindLayer, Class: "GRUCell", Name: "gru_cell", JS: "gruCell", value: GRUCell{}, Doc: "A step of GRU, for RNN."},
	{Kind: KindLayer, Class: "StackedRNNCells", Name: "stacked_rnn_cells", JS: "stackedRNNCells", value: StackedRNNCells{}, Doc: "Several cells one behind another, for RNN."},
	{Kind: KindLayer, Class: "Bidirectional", Name: "bidirectional", JS: "bidirectional", value: Bidirectional{}, Doc: "A recurrent layer that goes both ways through a sequence."},
	{Kind: KindLayer, Class: "TimeDistributed", Name: "time_distributed", JS: "timeDistributed", value: TimeDistributed{}, Doc: "A layer applied to each step of a sequence."},
	{Kind: KindLayer, Class: "Attention", Name: "attention", JS: "attention", value: Attention{}, Doc: "Looks a query up in keys, and returns their values."},
	{Kind: KindLayer, Class: "AdditiveAttention", Name: "additive_attention", JS: "additiveAttention", value: AdditiveAttention{}, Doc: "Attention whose scores are sums."},
	{Kind: KindLayer, Class: "MultiHeadAttention", Name: "multi_head_attention", JS: "multiHeadAttention", value: MultiHeadAttention{}, Doc: "Attention with several heads."},
	{Kind: KindLayer, Class: "GroupQueryAttention", Name: "group_query_attention", JS: "groupQueryAttention", Aliases: []string{"GroupedQueryAttention"}, value: GroupQueryAttention{}, Doc: "Attention with several heads, which share keys and values."},
	{Kind: KindLayer, Class: "Activation", Name: "activation", JS: "activation", value: Activation{}, Doc: "Applies an activation function."},
	{Kind: KindLayer, Class: "Identity", Name: "identity", JS: "identity", value: IdentityLayer{}, Doc: "Its input."},
	{Kind: KindLayer, Class: "ReLU", Name: "re_lu", JS: "reLU", value: ReLULayer{}, Doc: "max(x, 0), or with a slope below, a maximum and a threshold."},
	{Kind: KindLayer, Class: "LeakyReLU", Name: "leaky_re_lu", JS: "leakyReLU", value: LeakyReLULayer{}, Doc: "x where x > 0, else a share of x."},
	{Kind: KindLayer, Class: "PReLU", Name: "p_re_lu", JS: "prelu", value: PReLU{}, Doc: "x where x > 0, else a share of x that is learnt."},
	{Kind: KindLayer, Class: "ELU", Name: "elu", JS: "elu", value: ELULayer{}, Doc: "x where x > 0, else α(eˣ - 1)."},
	{Kind: KindLayer, Class: "Softmax", Name: "softmax", JS: "softmax", value: SoftmaxLayer{}, Doc: "eˣ / Σ eˣ over some dimensions, with a mask or without."},
	{Kind: KindLayer, Class: "Rescaling", Name: "rescaling", JS: "rescaling", value: Rescaling{}, Doc: "Multiplies by a number and adds another."},
	{Kind: KindLayer, Class: "Normalization", Name: "normalization", JS: "normalization", value: Normalization{}, Doc: "Makes the mean 0 and the variance 1, by numbers given or learnt from data."},
	{Kind: KindLayer, Class: "Discretization", Name: "discretization", JS: "discretization", value: Discretization{}, Doc: "The numbers of the ranges that its input lies in."},
	{Kind: KindLayer, Class: "CategoryEncoding", Name: "category_encoding", JS: "categoryEncoding", value: CategoryEncoding{}, Doc: "Vectors of category numbers: which there are, or how many."},
	{Kind: KindLayer, Class: "IntegerLookup", Name: "integer_lookup", JS: "integerLookup", value: IntegerLookup{}, Doc: "The indices of whole numbers in a vocabulary."},
	{Kind: KindLayer, Class: "Resizing", Name: "resizing", JS: "resizing", value: Resizing{}, Doc: "Images of another size."},
	{Kind: KindLayer, Class: "CenterCrop", Name: "center_crop", JS: "centerCrop", value: CenterCrop{}, Doc: "The middle of images."},
	{Kind: KindLayer, Class: "RandomCrop", Name: "random_crop", JS: "randomCrop", value: RandomCrop{}, Doc: "In training, a part of each image from a random place."},
	{Kind: KindLayer, Class: "RandomFlip", Name: "random_flip", JS: "randomFlip", value: RandomFlip{}, Doc: "In training, half of the images mirrored."},
	{Kind: KindLayer, Class: "RandomRotation", Name: "random_rotation", JS: "randomRotation", value: RandomRotation{}, Doc: "In training, images turned at random."},
	{Kind: KindLayer, Class: "RandomTranslation", Name: "random_translation", JS: "randomTranslation", value: RandomTranslation{}, Doc: "In training, images moved at random."},
	{Kind: KindLayer, Class: "RandomZoom", Name: "random_zoom", JS: "randomZoom", value: RandomZoom{}, Doc: "In training, images enlarged or shrunk at random."},
	{Kind: KindLayer, Class: "RandomShear", Name: "random_shear", JS: "randomShear", value: RandomShear{}, Doc: "In training, images slanted at random."},
	{Kind: KindLayer, Class: "RandomBrightness", Name: "random_brightness", JS: "randomBrightness", value: RandomBrightness{}, Doc: "In training, images brighter or darker at random."},
	{Kind: KindLayer, Class: "RandomContrast", Name: "random_contrast", JS: "randomContrast", value: RandomContrast{}, Doc: "In training, images of other contrast at random."},
	{Kind: KindLayer, Class: "RandomGrayscale", Name: "random_grayscale", JS: "randomGrayscale", value: RandomGrayscale{}, Doc: "In training, some images in gray."},
	{Kind: KindLayer, Class: "RandomColorDegeneration", Name: "random_color_degeneration", JS: "randomColorDegeneration", value: RandomColorDegeneration{}, Doc: "In training, images grayer at random."},
	{Kind: KindLayer, Class: "RandomInvert", Name: "random_invert", JS: "randomInvert", value: RandomInvert{}, Doc: "In training, some images as their negatives."},
	{Kind: KindLayer, Class: "RandomHue", Name: "random_hue", JS: "randomHue", value: RandomHue{}, Doc: "In training, images of other hues at random."},
	{Kind: KindLayer, Class: "RandomSaturation", Name: "random_saturation", JS: "randomSaturation", value: RandomSaturation{}, Doc: "In training, images more or less colourful at random."},
	{Kind: KindLayer, Class: "RandomColorJitter", Name: "random_color_jitter", JS: "randomColorJitter", value: RandomColorJitter{}, Doc: "In training, brightness, contrast, saturation and hue changed at random."},
	{Kind: KindLayer, Class: "RandomPosterization", Name: "random_posterization", JS: "randomPosterization", value: RandomPosterization{}, Doc: "In training, images of fewer bits a pixel at random."},
	{Kind: KindLayer, Class: "RandomSharpness", Name: "random_sharpness", JS: "randomSharpness", value: RandomSharpness{}, Doc: "In training, images sharper or softer at random."},
	{Kind: KindLayer, Class: "RandomGaussianBlur", Name: "random_gaussian_blur", JS: "randomGaussianBlur", value: RandomGaussianBlur{}, Doc: "In training, some images blurred."},
	{Kind: KindLayer, Class: "RandomErasing", Name: "random_erasing", JS: "randomErasing", value: RandomErasing{}, Doc: "In training, a rectangle of some images covered."},
	{Kind: KindLayer, Class: "Solarization", Name: "solarization", JS: "solarization", value: Solarization{}, Doc: "In training, images whose bright parts are inverted, by random thresholds."},
	{Kind: KindLayer, Class: "AutoContrast", Name: "auto_contrast", JS: "autoContrast", value: AutoContrast{}, Doc: "Images stretched to the whole value range."},

	{Kind: KindLayer, Class: "Recorded", Name: "lambda", JS: "lambda", value: Recorded{}, Recorded: true, Doc: "A custom layer."},

	{Kind: KindOptimizer, Class: "SGD", Name: "sgd", JS: "sgd", value: SGD{}, Doc: "Gradient descent, with momentum or Nesterov's."},
	{Kind: KindOptimizer, Class: "RMSprop", Name: "rmsprop", JS: "rmsprop", value: RMSprop{}, Doc: "Divides the gradient by the root of its recent mean square."},
	{Kind: KindOptimizer, Class: "Adagrad", Name: "adagrad", JS: "adagrad", value: Adagrad{}, Doc: "Divides the gradient by the root of the sum of its squares."},
	{Kind: KindOptimizer, Class: "Adadelta", Name: "adadelta", JS: "adadelta", value: Adadelta{}, Doc: "Scales the gradient by the recent size of its own steps; learning rate 1 is the paper's."},
	{Kind: KindOptimizer, Class: "Adam", Name: "adam", JS: "adam", value: Adam{}, Doc: "Keeps the mean and the mean square of the gradient."},
	{Kind: KindOptimizer, Class: "AdamW", Name: "adamw", JS: "adamw", value: AdamW{}, Doc: "Adam with weights that decay."},
	{Kind: KindOptimizer, Class: "Adamax", Name: "adamax", JS: "adamax", value: Adamax{}, Doc: "Adam with the largest recent size of the gradient in the place of the root."},
	{Kind: KindOptimizer, Class: "Nadam", Name: "nadam", JS: "nadam", value: Nadam{}, Doc: "Adam with Nesterov's momentum."},
	{Kind: KindOptimizer, Class: "Ftrl", Name: "ftrl", JS: "ftrl", value: Ftrl{}, Doc: "Follows the regularized leader, with many weights of 0."},
	{Kind: KindOptimizer, Class: "Lion", Name: "lion", JS: "lion", value: Lion{}, Doc: "Takes steps of one size, by the sign of a mean of the gradient."},
	{Kind: KindOptimizer, Class: "Lamb", Name: "lamb", JS: "lamb", value: Lamb{}, Doc: "Adam with steps in the ratio of the weights' norm, for large batches."},
	{Kind: KindOptimizer, Class: "Adafactor", Name: "adafactor", JS: "adafactor", value: Adafactor{}, Doc: "Keeps mean squares of a matrix's rows and columns alone."},
	{Kind: KindOptimizer, Class: "Muon", Name: "muon", JS: "muon", value: Muon{}, Doc: "Steps along a momentum that is made orthogonal; Adam for what is no matrix."},
	{Kind: KindOptimizer, Class: "ScheduleFreeAdamW", Name: "schedule_free_adamw", JS: "scheduleFreeAdamW", value: ScheduleFreeAdamW{}, Doc: "Adam without a mean whose steps are averaged, for which no schedule is needed."},

	{Kind: KindLoss, Class: "MeanSquaredError", Name: "mean_squared_error", JS: "meanSquaredError", Aliases: []string{"mse"}, value: MeanSquaredErrorLoss{}, Doc: "The mean of the squared differences."},
	{Kind: KindLoss, Class: "MeanAbsoluteError", Name: "mean_absolute_error", JS: "meanAbsoluteError", Aliases: []string{"mae"}, value: MeanAbsoluteErrorLoss{}, Doc: "The mean of the absolute differences."},
	{Kind: KindLoss, Class: "MeanAbsolutePercentageError", Name: "mean_absolute_percentage_error", JS: "meanAbsolutePercentageError", Aliases: []string{"mape"}, value: MeanAbsolutePercentageErrorLoss{}, Doc: "The mean of the differences in percent of the targets."},
	{Kind: KindLoss, Class: "MeanSquaredLogarithmicError", Name: "mean_squared_logarithmic_error", JS: "meanSquaredLogarithmicError", Aliases: []string{"msle"}, value: MeanSquaredLogarithmicErrorLoss{}, Doc: "The mean of the squared differences of logarithms."},
	{Kind: KindLoss, Class: "Huber", Name: "huber", JS: "huber", Aliases: []string{"huber_loss"}, value: HuberLoss{}, Doc: "The squared error up to a size, and the absolute error beyond."},
	{Kind: KindLoss, Class: "LogCosh", Name: "log_cosh", JS: "logCosh", value: LogCoshLoss{}, Doc: "The mean of the logarithm of the error's hyperbolic cosine."},
	{Kind: KindLoss, Class: "CosineSimilarity", Name: "cosine_similarity", JS: "cosineSimilarity", value: CosineSimilarityLoss{}, Doc: "Minus the cosine of the angle between prediction and target."},
	{Kind: KindLoss, Class: "BinaryCrossentropy", Name: "binary_crossentropy", JS: "binaryCrossentropy", Aliases: []string{"bce"}, value: BinaryCrossentropyLoss{}, Doc: "Crossentropy of probabilities and targets from 0 to 1."},
	{Kind: KindLoss, Class: "CategoricalCrossentropy", Name: "categorical_crossentropy", JS: "categoricalCrossentropy", value: CategoricalCrossentropyLoss{}, Doc: "Crossentropy of class probabilities and one-hot targets."},
	{Kind: KindLoss, Class: "SparseCategoricalCrossentropy", Name: "sparse_categorical_crossentropy", JS: "sparseCategoricalCrossentropy", value: SparseCategoricalCrossentropyLoss{}, Doc: "Crossentropy of class probabilities and class numbers."},
	{Kind: KindLoss, Class: "BinaryFocalCrossentropy", Name: "binary_focal_crossentropy", JS: "binaryFocalCrossentropy", value: BinaryFocalCrossentropyLoss{}, Doc: "Binary crossentropy in which easy samples count less."},
	{Kind: KindLoss, Class: "CategoricalFocalCrossentropy", Name: "categorical_focal_crossentropy", JS: "categoricalFocalCrossentropy", value: CategoricalFocalCrossentropyLoss{}, Doc: "Categorical crossentropy in which easy samples count less."},
	{Kind: KindLoss, Class: "CategoricalGeneralizedCrossEntropy", Name: "categorical_generalized_cross_entropy", JS: "categoricalGeneralizedCrossEntropy", value: CategoricalGeneralizedCrossEntropyLoss{}, Doc: "Between crossentropy and absolute error, for noisy class numbers."},
	{Kind: KindLoss, Class: "KLDivergence", Name: "kl_divergence", JS: "klDivergence", Aliases: []string{"kld", "kullback_leibler_divergence"}, value: KLDivergenceLoss{}, Doc: "How far probabilities are from those of the targets."},
	{Kind: KindLoss, Class: "Poisson", Name: "poisson", JS: "poisson", value: PoissonLoss{}, Doc: "For targets that are counts, and predictions of their mean."},
	{Kind: KindLoss, Class: "Hinge", Name: "hinge", JS: "hinge", value: HingeLoss{}, Doc: "What is missed of a margin of 1, for targets of -1 and 1."},
	{Kind: KindLoss, Class: "SquaredHinge", Name: "squared_hinge", JS: "squaredHinge", value: SquaredHingeLoss{}, Doc: "The square of what is missed of a margin of 1, for targets of -1 and 1."},
	{Kind: KindLoss, Class: "CategoricalHinge", Name: "categorical_hinge", JS: "categoricalHinge", value: CategoricalHingeLoss{}, Doc: "What is missed of a margin of 1 between the target's class and the best of the others."},
	{Kind: KindLoss, Class: "Dice", Name: "dice", JS: "dice", value: DiceLoss{}, Doc: "How little two areas overlap."},
	{Kind: KindLoss, Class: "Tversky", Name: "tversky", JS: "tversky", value: TverskyLoss{}, Doc: "How little two areas overlap, with weights for what is missed and what is too much."},
	{Kind: KindLoss, Class: "Circle", Name: "circle", JS: "circle", value: CircleLoss{}, Doc: "Draws vectors of one class together, and others apart, within a batch."},
	{Kind: KindLoss, Class: "CTC", Name: "ctc", JS: "ctc", value: CTCLoss{}, Doc: "The probability of a sequence of labels over all its alignments with the predictions."},
	{Kind: KindLoss, Class: "Recorded", Name: "recorded", JS: "recorded", value: RecordedLoss{}, Recorded: true, Doc: "A custom loss."},

	{Kind: KindMetric, Class: "Accuracy", Name: "accuracy", JS: "accuracy", Aliases: []string{"acc"}, value: AccuracyMetric{}, Best: "max", Doc: "The share of right predictions: binary, categorical or sparse, as output and targets ask for."},
	{Kind: KindMetric, Class: "BinaryAccuracy", Name: "binary_accuracy", JS: "binaryAccuracy", value: BinaryAccuracyMetric{}, Best: "max", Doc: "The share of numbers on the right side of the threshold."},
	{Kind: KindMetric, Class: "CategoricalAccuracy", Name: "categorical_accuracy", JS: "categoricalAccuracy", value: CategoricalAccuracyMetric{}, Best: "max", Doc: "The share of rows whose largest prediction is where the one-hot target's is."},
	{Kind: KindMetric, Class: "SparseCategoricalAccuracy", Name: "sparse_categorical_accuracy", JS: "sparseCategoricalAccuracy", value: SparseCategoricalAccuracyMetric{}, Best: "max", Doc: "The share of rows whose largest prediction is the target's class."},
	{Kind: KindMetric, Class: "TopKCategoricalAccuracy", Name: "top_k_categorical_accuracy", JS: "topKCategoricalAccuracy", value: TopKCategoricalAccuracy{}, Best: "max", Doc: "The share of rows whose target is among the k largest predictions."},
	{Kind: KindMetric, Class: "SparseTopKCategoricalAccuracy", Name: "sparse_top_k_categorical_accuracy", JS: "sparseTopKCategoricalAccuracy", value: SparseTopKCategoricalAccuracy{}, Best: "max", Doc: "The share of rows whose target's class is among the k largest predictions."},
	{Kind: KindMetric, Class: "TruePositives", Name: "true_positives", JS: "truePositives", value: TruePositives{}, Doc: "How many predictions above the threshold are right."},
	{Kind: KindMetric, Class: "TrueNegatives", Name: "true_negatives", JS: "trueNegatives", value: TrueNegatives{}, Doc: "How many predictions not above the threshold are right."},
	{Kind: KindMetric, Class: "FalsePositives", Name: "false_positives", JS: "falsePositives", value: FalsePositives{}, Doc: "How many predictions above the threshold are wrong."},
	{Kind: KindMetric, Class: "FalseNegatives", Name: "false_negatives", JS: "falseNegatives", value: FalseNegatives{}, Doc: "How many predictions not above the threshold are wrong."},
	{Kind: KindMetric, Class: "Precision", Name: "precision", JS: "precision", value: Precision{}, Best: "max", Doc: "The share of the predictions above the threshold that are right."},
	{Kind: KindMetric, Class: "Recall", Name: "recall", JS: "recall", value: Recall{}, Best: "max", Doc: "The share of the true targets that are predicted."},
	{Kind: KindMetric, Class: "SensitivityAtSpecificity", Name: "sensitivity_at_specificity", JS: "sensitivityAtSpecificity", value: SensitivityAtSpecificity{}, Best: "max", Doc: "The best sensitivity where the specificity is at least a value."},
	{Kind: KindMetric, Class: "SpecificityAtSensitivity", Name: "specificity_at_sensitivity", JS: "specificityAtSensitivity", value: SpecificityAtSensitivity{}, Best: "max", Doc: "The best specificity where the sensitivity is at least a value."},
	{Kind: KindMetric, Class: "PrecisionAtRecall", Name: "precision_at_recall", JS: "precisionAtRecall", value: PrecisionAtRecall{}, Best: "max", Doc: "The best precision where the recall is at least a value."},
	{Kind: KindMetric, Class: "RecallAtPrecision", Name: "recall_at_precision", JS: "recallAtPrecision", value: RecallAtPrecision{}, Best: "max", Doc: "The best recall where the precision is at least a value."},
	{Kind: KindMetric, Class: "AUC", Name: "auc", JS: "auc", value: AUC{}, Best: "max", Doc: "The area under the ROC curve or the precision-recall curve."},
	{Kind: KindMetric, Class: "FBetaScore", Name: "fbeta_score", JS: "fBetaScore", value: FBetaScore{}, Best: "max", Doc: "A mean of precision and recall, in which recall counts β times as much."},
	{Kind: KindMetric, Class: "F1Score", Name: "f1_score", JS: "f1Score", value: F1Score{}, Best: "max", Doc: "The harmonic mean of precision and recall."},
	{Kind: KindMetric, Class: "IoU", Name: "io_u", JS: "iou", value: IoU{}, Best: "max", Doc: "Intersection over union of some classes."},
	{Kind: KindMetric, Class: "BinaryIoU", Name: "binary_io_u", JS: "binaryIou", value: BinaryIoU{}, Best: "max", Doc: "Intersection over union of two classes, from probabilities."},
	{Kind: KindMetric, Class: "MeanIoU", Name: "mean_io_u", JS: "meanIou", value: MeanIoU{}, Best: "max", Doc: "Intersection over union of all classes."},
	{Kind: KindMetric, Class: "OneHotIoU", Name: "one_hot_io_u", JS: "oneHotIou", value: OneHotIoU{}, Best: "max", Doc: "Intersection over union of some classes, of one-hot targets."},
	{Kind: KindMetric, Class: "OneHotMeanIoU", Name: "one_hot_mean_io_u", JS: "oneHotMeanIou", value: OneHotMeanIoU{}, Best: "max", Doc: "Intersection over union of all classes, of one-hot targets."},
	{Kind: KindMetric, Class: "ConfusionMatrix", Name: "confusion_matrix", JS: "confusionMatrix", value: ConfusionMatrix{}, Doc: "How often each class was predicted for each, a row a class of targets."},
	{Kind: KindMetric, Class: "RootMeanSquaredError", Name: "root_mean_squared_error", JS: "rootMeanSquaredError", Aliases: []string{"rmse"}, value: RootMeanSquaredError{}, Best: "min", Doc: "The root of the mean of the squared differences."},
	{Kind: KindMetric, Class: "R2Score", Name: "r2_score", JS: "r2Score", value: R2Score{}, Best: "max", Doc: "The share of the targets' variance that the predictions explain."},
	{Kind: KindMetric, Class: "PearsonCorrelation", Name: "pearson_correlation", JS: "pearsonCorrelation", value: PearsonCorrelation{}, Best: "max", Doc: "The correlation of predictions and targets."},
	{Kind: KindMetric, Class: "ConcordanceCorrelation", Name: "concordance_correlation", JS: "concordanceCorrelation", value: ConcordanceCorrelation{}, Best: "max", Doc: "The agreement of predictions and targets, in scale and mean too."},
	{Kind: KindMetric, Class: "CosineSimilarity", Name: "cosine_similarity", JS: "cosineSimilarity", value: CosineSimilarityMetric{}, Best: "max", Doc: "The cosine of the angle between prediction and target."},
	{Kind: KindMetric, Class: "MeanSquaredError", Name: "mean_squared_error", JS: "meanSquaredError", Aliases: []string{"mse"}, value: MeanSquaredErrorLoss{}, Best: "min", Doc: "The mean of the squared differences."},
	{Kind: KindMetric, Class: "MeanAbsoluteError", Name: "mean_absolute_error", JS: "meanAbsoluteError", Aliases: []string{"mae"}, value: MeanAbsoluteErrorLoss{}, Best: "min", Doc: "The mean of the absolute differences."},
	{Kind: KindMetric, Class: "MeanAbsolutePercentageError", Name: "mean_absolute_percentage_error", JS: "meanAbsolutePercentageError", Aliases: []string{"mape"}, value: MeanAbsolutePercentageErrorLoss{}, Best: "min", Doc: "The mean of the differences in percent of the targets."},
	{Kind: KindMetric, Class: "MeanSquaredLogarithmicError", Name: "mean_squared_logarithmic_error", JS: "meanSquaredLogarithmicError", Aliases: []string{"msle"}, value: MeanSquaredLogarithmicErrorLoss{}, Best: "min", Doc: "The mean of the squared differences of logarithms."},
	{Kind: KindMetric, Class: "LogCoshError", Name: "logcosh", JS: "logCoshError", Aliases: []string{"log_cosh_error"}, value: LogCoshLoss{}, Best: "min", Doc: "The mean of the logarithm of the error's hyperbolic cosine."},
	{Kind: KindMetric, Class: "BinaryCrossentropy", Name: "binary_crossentropy", JS: "binaryCrossentropy", Aliases: []string{"bce"}, value: BinaryCrossentropyLoss{}, Best: "min", Doc: "Crossentropy of probabilities and targets from 0 to 1."},
	{Kind: KindMetric, Class: "CategoricalCrossentropy", Name: "categorical_crossentropy", JS: "categoricalCrossentropy", value: CategoricalCrossentropyLoss{}, Best: "min", Doc: "Crossentropy of class probabilities and one-hot targets."},
	{Kind: KindMetric, Class: "SparseCategoricalCrossentropy", Name: "sparse_categorical_crossentropy", JS: "sparseCategoricalCrossentropy", value: SparseCategoricalCrossentropyLoss{}, Best: "min", Doc: "Crossentropy of class probabilities and class numbers."},
	{Kind: KindMetric, Class: "KLDivergence", Name: "kl_divergence", JS: "klDivergence", Aliases: []string{"kld", "kullback_leibler_divergence"}, value: KLDivergenceLoss{}, Best: "min", Doc: "How far probabilities are from those of the targets."},
	{Kind: KindMetric, Class: "Poisson", Name: "poisson", JS: "poisson", value: PoissonLoss{}, Best: "min", Doc: "For targets that are counts, and predictions of their mean."},
	{Kind: KindMetric, Class: "Hinge", Name: "hinge", JS: "hinge", value: HingeLoss{}, Best: "min", Doc: "What is missed of a margin of 1, for targets of -1 and 1."},
	{Kind: KindMetric, Class: "SquaredHinge", Name: "squared_hinge", JS: "squaredHinge", value: SquaredHingeLoss{}, Best: "min", Doc: "The square of what is missed of a margin of 1, for targets of -1 and 1."},
	{Kind: KindMetric, Class: "CategoricalHinge", Name: "categorical_hinge", JS: "categoricalHinge", value: CategoricalHingeLoss{}, Best: "min", Doc: "What is missed of a margin of 1 between the target's class and the best of the others."},
	{Kind: KindMetric, Class: "Recorded", Name: "recorded", JS: "recorded", value: RecordedMetric{}, Recorded: true, Doc: "A custom metric."},

	{Kind: KindInitializer, Class: "Zeros", Name: "zeros", JS: "zeros", Aliases: []string{"zero"}, value: Zeros{}, Doc: "0 everywhere."},
	{Kind: KindInitializer, Class: "Ones", Name: "ones", JS: "ones", Aliases: []string{"one"}, value: Ones{}, Doc: "1 everywhere."},
	{Kind: KindInitializer, Class: "Constant", Name: "constant", JS: "constant", value: Constant{}, Doc: "One value everywhere."},
	{Kind: KindInitializer, Class: "RandomUniform", Name: "random_uniform", JS: "randomUniform", Aliases: []string{"uniform"}, value: RandomUniform{}, Doc: "Uniform between two ends."},
	{Kind: KindInitializer, Class: "RandomNormal", Name: "random_normal", JS: "randomNormal", Aliases: []string{"normal"}, value: RandomNormal{}, Doc: "Normal."},
	{Kind: KindInitializer, Class: "TruncatedNormal", Name: "truncated_normal", JS: "truncatedNormal", value: TruncatedNormal{}, Doc: "Normal, without what lies more than two standard deviations from the mean."},
	{Kind: KindInitializer, Class: "GlorotUniform", Name: "glorot_uniform", JS: "glorotUniform", Aliases: []string{"xavier_uniform"}, value: GlorotUniform{}, Doc: "Uniform within ±√(6/(fan in + fan out))."},
	{Kind: KindInitializer, Class: "GlorotNormal", Name: "glorot_normal", JS: "glorotNormal", Aliases: []string{"xavier_normal"}, value: GlorotNormal{}, Doc: "Truncated normal of standard deviation √(2/(fan in + fan out))."},
	{Kind: KindInitializer, Class: "HeUniform", Name: "he_uniform", JS: "heUniform", value: HeUniform{}, Doc: "Uniform within ±√(6/fan in)."},
	{Kind: KindInitializer, Class: "HeNormal", Name: "he_normal", JS: "heNormal", value: HeNormal{}, Doc: "Truncated normal of standard deviation √(2/fan in)."},
	{Kind: KindInitializer, Class: "LecunUniform", Name: "lecun_uniform", JS: "leCunUniform", value: LecunUniform{}, Doc: "Uniform within ±√(3/fan in)."},
	{Kind: KindInitializer, Class: "LecunNormal", Name: "lecun_normal", JS: "leCunNormal", value: LecunNormal{}, Doc: "Truncated normal of standard deviation √(1/fan in)."},
	{Kind: KindInitializer, Class: "VarianceScaling", Name: "variance_scaling", JS: "varianceScaling", value: VarianceScaling{}, Doc: "Numbers whose variance goes by the fans."},
	{Kind: KindInitializer, Class: "Orthogonal", Name: "orthogonal", JS: "orthogonal", Aliases: []string{"OrthogonalInitializer"}, value: Orthogonal{}, Doc: "A matrix of orthogonal rows or columns."},
	{Kind: KindInitializer, Class: "Identity", Name: "identity", JS: "identity", Aliases: []string{"IdentityInitializer"}, value: Identity{}, Doc: "The identity matrix."},

	{Kind: KindActivation, Name: "linear", JS: "linear", value: Linear, Doc: "x."},
	{Kind: KindActivation, Name: "relu", JS: "relu", value: ReLU, Doc: "max(x, 0), or with a slope below, a maximum and a threshold."},
	{Kind: KindActivation, Name: "relu6", JS: "relu6", value: ReLU6, Doc: "min(max(x, 0), 6)."},
	{Kind: KindActivation, Name: "leaky_relu", JS: "leakyRelu", value: LeakyReLU, Doc: "x where x > 0, else αx."},
	{Kind: KindActivation, Name: "elu", JS: "elu", value: ELU, Doc: "x where x > 0, else α(eˣ - 1)."},
	{Kind: KindActivation, Name: "celu", JS: "celu", value: CELU, Doc: "x where x > 0, else α(e^(x/α) - 1)."},
	{Kind: KindActivation, Name: "selu", JS: "selu", value: SELU, Doc: "1.0507x where x > 0, else 1.7581(eˣ - 1)."},
	{Kind: KindActivation, Name: "gelu", JS: "gelu", value: GELU, Doc: "x/2 · (1 + erf(x/√2))."},
	{Kind: KindActivation, Name: "silu", JS: "silu", Aliases: []string{"swish"}, value: SiLU, Doc: "x · sigmoid(x)."},
	{Kind: KindActivation, Name: "mish", JS: "mish", value: Mish, Doc: "x · tanh(softplus(x))."},
	{Kind: KindActivation, Name: "sigmoid", JS: "sigmoid", value: Sigmoid, Doc: "1 / (1 + e⁻ˣ)."},
	{Kind: KindActivation, Name: "log_sigmoid", JS: "logSigmoid", value: LogSigmoid, Doc: "The logarithm of the sigmoid."},
	{Kind: KindActivation, Name: "hard_sigmoid", JS: "hardSigmoid", value: HardSigmoid, Doc: "min(max(x/6 + 1/2, 0), 1)."},
	{Kind: KindActivation, Name: "hard_silu", JS: "hardSilu", Aliases: []string{"hard_swish"}, value: HardSiLU, Doc: "x · hardSigmoid(x)."},
	{Kind: KindActivation, Name: "sparse_sigmoid", JS: "sparseSigmoid", value: SparseSigmoid, Doc: "min(max((x+1)/2, 0), 1)."},
	{Kind: KindActivation, Name: "tanh", JS: "tanh", value: Tanh, Doc: "tanh x."},
	{Kind: KindActivation, Name: "hard_tanh", JS: "hardTanh", value: HardTanh, Doc: "min(max(x, -1), 1)."},
	{Kind: KindActivation, Name: "tanh_shrink", JS: "tanhShrink", value: TanhShrink, Doc: "x - tanh x."},
	{Kind: KindActivation, Name: "hard_shrink", JS: "hardShrink", value: HardShrink, Doc: "x where |x| > λ, else 0."},
	{Kind: KindActivation, Name: "soft_shrink", JS: "softShrink", value: SoftShrink, Doc: "x moved by λ towards 0, where |x| > λ, else 0."},
	{Kind: KindActivation, Name: "threshold", JS: "threshold", value: Threshold, Doc: "x where x > θ, else another value."},
	{Kind: KindActivation, Name: "softplus", JS: "softplus", value: Softplus, Doc: "ln(1 + eˣ)."},
	{Kind: KindActivation, Name: "squareplus", JS: "squareplus", value: Squareplus, Doc: "(x + √(x² + b)) / 2."},
	{Kind: KindActivation, Name: "sparse_plus", JS: "sparsePlus", value: SparsePlus, Doc: "0 where x <= -1, x where x >= 1, else (x+1)²/4."},
	{Kind: KindActivation, Name: "softsign", JS: "softsign", value: Softsign, Doc: "x / (1 + |x|)."},
	{Kind: KindActivation, Name: "exponential", JS: "exponential", value: Exponential, Doc: "eˣ."},
	{Kind: KindActivation, Name: "softmax", JS: "softmax", value: Softmax, Doc: "eˣ / Σ eˣ over a dimension, the last by default."},
	{Kind: KindActivation, Name: "log_softmax", JS: "logSoftmax", value: LogSoftmax, Doc: "The logarithm of softmax."},
	{Kind: KindActivation, Name: "sparsemax", JS: "sparsemax", value: Sparsemax, Doc: "The nearest probabilities to x, many of them 0, over a dimension, the last by default."},
	{Kind: KindActivation, Name: "glu", JS: "glu", value: GLU, Doc: "a · sigmoid(b) for the halves a and b of a dimension, the last by default."},

	{Kind: KindRegularizer, Class: "L1", Name: "l1", JS: "l1", value: L1{}, Doc: "A penalty on the sum of absolute values."},
	{Kind: KindRegularizer, Class: "L2", Name: "l2", JS: "l2", value: L2{}, Doc: "A penalty on the sum of squares."},
	{Kind: KindRegularizer, Class: "L1L2", Name: "l1_l2", JS: "l1l2", value: L1L2{}, Doc: "Both penalties."},
	{Kind: KindRegularizer, Class: "OrthogonalRegularizer", Name: "orthogonal_regularizer", JS: "orthogonalRegularizer", Aliases: []string{"orthogonal"}, value: OrthogonalRegularizer{}, Doc: "A penalty on the angles between rows or columns."},

	{Kind: KindText, Class: "TextVectorization", Name: "text_vectorization", JS: "textVectorization", value: TextVectorization{}, Doc: "Numbers of texts: the indices of their tokens in a vocabulary, or vectors of them."},
	{Kind: KindText, Class: "StringLookup", Name: "string_lookup", JS: "stringLookup", value: StringLookup{}, Doc: "The indices of tokens in a vocabulary."},
	{Kind: KindSchedule, Class: "ExponentialDecay", Name: "exponential_decay", JS: "exponentialDecay", value: ExponentialDecay{}, Doc: "Falls by the same factor in every so many steps."},
	{Kind: KindSchedule, Class: "InverseTimeDecay", Name: "inverse_time_decay", JS: "inverseTimeDecay", value: InverseTimeDecay{}, Doc: "Is divided by a number that grows in a straight line."},
	{Kind: KindSchedule, Class: "PolynomialDecay", Name: "polynomial_decay", JS: "polynomialDecay", value: PolynomialDecay{}, Doc: "Falls to an end, in a straight line or as a power."},
	{Kind: KindSchedule, Class: "PiecewiseConstantDecay", Name: "piecewise_constant_decay", JS: "piecewiseConstantDecay", value: PiecewiseConstantDecay{}, Doc: "Is one number after another."},
	{Kind: KindSchedule, Class: "CosineDecay", Name: "cosine_decay", JS: "cosineDecay", value: CosineDecay{}, Doc: "Falls as half a wave of the cosine does, perhaps behind a rise."},
	{Kind: KindSchedule, Class: "CosineDecayRestarts", Name: "cosine_decay_restarts", JS: "cosineDecayRestarts", value: CosineDecayRestarts{}, Doc: "Falls as half a wave of the cosine does, time after time."},

	{Kind: KindConstraint, Class: "MaxNorm", Name: "max_norm", JS: "maxNorm", value: MaxNorm{}, Doc: "Norms of at most a value."},
	{Kind: KindConstraint, Class: "NonNeg", Name: "non_neg", JS: "nonNeg", value: NonNeg{}, Doc: "No weights below 0."},
	{Kind: KindConstraint, Class: "UnitNorm", Name: "unit_norm", JS: "unitNorm", value: UnitNorm{}, Doc: "Norms of 1."},
	{Kind: KindConstraint, Class: "MinMaxNorm", Name: "min_max_norm", JS: "minMaxNorm", value: MinMaxNorm{}, Doc: "Norms between two values."},

	{Kind: KindCallback, Class: "EarlyStopping", Name: "early_stopping", JS: "earlyStopping", value: EarlyStopping{}, Doc: "Ends the training when a figure has not become better for some epochs."},
	{Kind: KindCallback, Class: "ModelCheckpoint", Name: "model_checkpoint", JS: "modelCheckpoint", value: ModelCheckpoint{}, Doc: "Saves the model at the end of epochs, or every so many batches."},
	{Kind: KindCallback, Class: "ReduceLROnPlateau", Name: "reduce_lr_on_plateau", JS: "reduceLROnPlateau", value: ReduceLROnPlateau{}, Doc: "Reduces the learning rate when a figure has not become better for some epochs."},
	{Kind: KindCallback, Class: "LearningRateScheduler", Name: "learning_rate_scheduler", JS: "learningRateScheduler", value: LearningRateScheduler{}, Doc: "Sets the learning rate before each epoch."},
	{Kind: KindCallback, Class: "TerminateOnNaN", Name: "terminate_on_nan", JS: "terminateOnNaN", value: TerminateOnNaN{}, Doc: "Ends the training when the loss is no number, as if it were done."},
	{Kind: KindCallback, Class: "CSVLogger", Name: "csv_logger", JS: "csvLogger", value: CSVLogger{}, Doc: "Writes each epoch's figures as a line of CSV."},
	{Kind: KindCallback, Class: "BackupAndRestore", Name: "backup_and_restore", JS: "backupAndRestore", value: BackupAndRestore{}, Doc: "Keeps what an interrupted training goes on from, and goes on from it."},
	{Kind: KindCallback, Class: "ProgbarLogger", Name: "progbar_logger", JS: "progbarLogger", value: ProgbarLogger{}, Doc: "Prints the progress as Keras does."},
	{Kind: KindCallback, Class: "LambdaCallback", Name: "lambda_callback", JS: "lambdaCallback", value: LambdaCallback{}, Doc: "Functions that are called as the training goes on."},
}

// byType finds the entry of a value's type, the first where it has several kinds.
var byType = map[reflect.Type]*Entry{}

func init() {
	for _, e := range entries {
		t := reflect.TypeOf(e.value)
		if e.Kind == KindActivation {
			e.Args = activations[e.value.(ActivationFunc).kind].args
			continue
		}
		if byType[t] == nil {
			byType[t] = e
		}
	}
	// After the types are known: the default of an argument may be another entry's value.
	for _, e := range entries {
		if e.Kind != KindActivation {
			e.Args = argsOf(reflect.TypeOf(e.value))
		}
	}
}

// Registry lists everything that a config can name, by kind. The caller does not change it.
func Registry() []*Entry { return entries }

// folded is a name as it is compared: without case, underscores and hyphens.
func folded(name string) string {
	b := make([]byte, 0, 32) // on the stack, for the names that there are
	for i := range len(name) {
		if c := name[i]; c != '_' && c != '-' {
			b = append(b, lower(c))
		}
	}
	return string(b)
}

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		c += 'a' - 'A'
	}
	return c
}

// foldsTo reports whether name folds to f, and allocates nothing.
func foldsTo(name, f string) bool {
	n := 0
	for i := range len(name) {
		if c := name[i]; c != '_' && c != '-' {
			if n >= len(f) || f[n] != lower(c) {
				return false
			}
			n++
		}
	}
	return n == len(f)
}

// lookup is the entry of a kind that goes by the name, nil where there is none.
func lookup(kind Kind, name string) *Entry {
	f := folded(name)
	for _, e := range entries {
		if e.Kind == kind && (foldsTo(e.Name, f) || foldsTo(e.Class, f) || foldsTo(e.JS, f) ||
			slices.ContainsFunc(e.Aliases, func(a string) bool { return foldsTo(a, f) })) {
			return e
		}
	}
	return nil
}

// namesOf lists the names of a kind, for messages.
func namesOf(kind Kind) []string {
	var names []string
	for _, e := range entries {
		if e.Kind == kind && !e.Recorded {
			names = append(names, e.Name)
		}
	}
	return names
}

// kindOfField says which Kind a field of an interface or enumeration type takes.
var kindOfField = map[reflect.Type]Kind{
	reflect.TypeFor[ActivationFunc](): KindActivation,
	reflect.TypeFor[Initializer]():    KindInitializer,
	reflect.TypeFor[Regularizer]():    KindRegularizer,
	reflect.TypeFor[Constraint]():     KindConstraint,
	reflect.TypeFor[Layer]():          KindLayer,
	reflect.TypeFor[Schedule]():       KindSchedule,
}

var (
	typePadding = reflect.TypeFor[Padding]()
	typeLayers  = reflect.TypeFor[[]Layer]()
)

// argsOf reads the arguments off a struct's tags:
//
//	arg:"use_bias"     Keras's name; "!use_bias" where the field says the opposite
//	default:"0.5"      what the zero value means, where that is not the zero value itself
//	required:"yes"     the zero value is an error
//	min, above         the range of each number: at least, more than,
//	max, below         at most, less than
//	oneof:"a,b"        what a string may be, beside its absence
//	axes:"yes"         one number stands for a list of it
//	also:"alpha"       another name that configs have for it
//	null:"none"        what an explicit null stands for, where that is not the default: this string, an empty list, 0
//	cell:"yes"         a list of layers stands for these, stacked
//	ts:"SaveTarget"    its type in TypeScript, where only a page can give it
//	first:"yes"        it may be given alone, in place of the options
//	or:"name"          what the argument of that name, before it, may be instead
//	doc:"..."          one sentence
//
// The fields of a struct that is embedded are its own.
func argsOf(t reflect.Type) []Arg {
	var args []Arg
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Anonymous && f.Type.Kind() == reflect.Struct {
			for _, a := range argsOf(f.Type) {
				a.field, a.Of = append([]int{i}, a.field...), f.Name
				args = append(args, a)
			}
			continue
		}
		if name, ok := f.Tag.Lookup("or"); ok {
			a := &args[slices.IndexFunc(args, func(a Arg) bool { return a.Name == name })]
			a.Or, a.or = kindOfField[f.Type], []int{i}
			continue
		}
		name, ok := f.Tag.Lookup("arg")
		if !ok {
			continue
		}
		a := Arg{field: []int{i}, Doc: f.Tag.Get("doc"), def: f.Tag.Get("default"), Required: f.Tag.Get("required") != ""}
		a.TS, a.First = f.Tag.Get("ts"), f.Tag.Get("first") != ""
		a.Name, a.invert = strings.CutPrefix(name, "!")
		a.JS = camel(a.Name)
		a.min, a.max = math.Inf(-1), math.Inf(1)
		for tag, to := range map[string]*float64{"min": &a.min, "above": &a.min, "max": &a.max, "below": &a.max} {
			if s, ok := f.Tag.Lookup(tag); ok {
				v, err := strconv.ParseFloat(s, 64)
				if err != nil {
					panic("nn: tag of " + t.Name() + "." + f.Name)
				}
				*to, a.above, a.below = v, a.above || tag == "above", a.below || tag == "below"
			}
		}
		switch k, isKind := kindOfField[f.Type]; {
		case isKind:
			a.Type = string(k)
			if k == KindActivation {
				a.Allowed, a.null, a.Nullable = namesOf(k), "linear", a.def != "linear"
			}
			if f.Tag.Get("cell") != "" {
				a.Type = "cell"
			}
		case f.Type.Implements(typeSized):
			x, _, _ := sizedIn(reflect.Zero(f.Type))
			a.Type, _ = x.kind()
		case f.Type == typeLayers:
			a.Type = "layers"
		case f.Type == typePadding:
			a.Type, a.Allowed = "string", []string{Valid.String(), Same.String()}
		case f.Type == reflect.TypeFor[[]float64]():
			a.Type = "floats"
		case f.Type == reflect.TypeFor[[]string]():
			a.Type = "strings"
		case f.Type == reflect.TypeFor[dims]():
			a.Type = "shape"
		case f.Type == reflect.TypeFor[[][2]int]():
			a.Type = "pairs"
		case f.Type == reflect.TypeFor[*Recording]():
			a.Type = "recording"
		case f.Type.Kind() == reflect.Slice && f.Tag.Get("axes") != "":
			a.Type = "axes"
		case f.Type.Kind() == reflect.Slice:
			a.Type = "ints"
		case f.Type == reflect.TypeFor[*int](): // nil for none, which is not 0
			a.Type, a.Nullable = "int", true
		case f.Type == reflect.TypeFor[*float64]():
			a.Type, a.Nullable = "float", true
		case f.Type == reflect.TypeFor[*string](): // likewise
			a.Type = "string"
		case f.Type == reflect.TypeFor[Frequency]():
			a.Type = "frequency"
		case f.Type.Kind() == reflect.Func || f.Type.Kind() == reflect.Interface:
			a.Type = "go"
		case f.Type.Kind() == reflect.Int || f.Type.Kind() == reflect.Uint64:
			a.Type = "int"
		case f.Type.Kind() == reflect.Float64:
			a.Type = "float"
		default:
			a.Type = f.Type.Kind().String()
		}
		a.also = f.Tag.Get("also")
		if null, ok := f.Tag.Lookup("null"); ok {
			a.null, a.Nullable = null, true
		}
		if s := f.Tag.Get("oneof"); s != "" {
			a.Allowed = strings.Split(s, ",")
		}
		if !a.Required {
			zero := reflect.New(f.Type).Elem()
			a.setDefault(zero)
			a.Default = a.encode(zero)
		}
		args = append(args, a)
	}
	return args
}

func camel(snake string) string {
	words := strings.Split(snake, "_")
	for i, w := range words[1:] {
		words[i+1] = strings.ToUpper(w[:1]) + w[1:]
	}
	return strings.Join(words, "")
}

// Zero is an explicit 0 for a float argument whose zero value means another default, such as
// Adam{Beta1: nn.Zero}. It is the negative zero.
var Zero = math.Copysign(0, -1)

// setDefault puts the default into a field that holds the zero value.
func (a *Arg) setDefault(v reflect.Value) {
	if a.def == "" || !v.IsZero() || v.Kind() == reflect.Float64 && math.Signbit(v.Float()) { // not an explicit Zero
		return
	}
	switch k, isKind := kindOfField[v.Type()]; {
	case isKind:
		e := lookup(k, a.def)
		v.Set(reflect.ValueOf(complete(e.value)))
	case v.Type().Implements(typeSized):
		n, _ := strconv.Atoi(a.def)
		x, _, _ := sizedIn(v)
		x, _ = x.read(n)
		setSized(v, x)
	case v.Type() == typePadding: // Valid is the zero value
	case v.Kind() == reflect.String:
		v.SetString(a.def)
	case v.Kind() == reflect.Slice: // of numbers
		for s := range strings.SplitSeq(a.def, ",") {
			n, _ := strconv.ParseFloat(s, 64)
			e := reflect.New(v.Type().Elem()).Elem()
			if e.CanFloat() {
				e.SetFloat(n)
			} else {
				e.SetInt(int64(n))
			}
			v.Set(reflect.Append(v, e))
		}
	case v.Kind() == reflect.Int:
		n, _ := strconv.Atoi(a.def)
		v.SetInt(int64(n))
	case v.Kind() == reflect.Float64:
		n, _ := strconv.ParseFloat(a.def, 64)
		v.SetFloat(n)
	case v.Kind() == reflect.Pointer:
		n, _ := strconv.Atoi(a.def)
		v.Set(reflect.ValueOf(&n))
	}
}

// complete returns x with its defaults filled in, in x and in what x refers to; a pointer to a
// registered struct becomes the struct. What is not in the registry comes back as it is.
func complete(x any) any {
	v := reflect.ValueOf(x)
	if v.Kind() == reflect.Pointer && !v.IsNil() && byType[v.Type().Elem()] != nil {
		v = v.Elem()
	}
	if !v.IsValid() || byType[v.Type()] == nil {
		return x
	}
	full := reflect.New(v.Type()).Elem()
	full.Set(v)
	for _, a := range byType[v.Type()].Args {
		a.setDefault(full.FieldByIndex(a.field))
		for _, index := range [][]int{a.field, a.or} {
			if index == nil {
				continue
			}
			if f := full.FieldByIndex(index); f.Kind() == reflect.Interface && !f.IsNil() {
				f.Set(reflect.ValueOf(complete(f.Interface())))
			}
		}
		if f := full.FieldByIndex(a.field); f.Type() == typeLayers {
			layers := slices.Clone(f.Interface().([]Layer))
			for i, l := range layers {
				if l != nil {
					layers[i] = complete(l).(Layer)
				}
			}
			f.Set(reflect.ValueOf(layers))
		}
	}
	return full.Interface()
}

// A checker is a value of the registry whose arguments may be wrong together. where begins the messages.
type checker interface{ check(where string) error }

// validate checks a completed value against its arguments' ranges. where begins the messages.
func validate(where string, x any) error {
	v := reflect.ValueOf(x)
	if !v.IsValid() || byType[v.Type()] == nil {
		return nil
	}
	for _, a := range byType[v.Type()].Args {
		f := v.FieldByIndex(a.field)
		if a.Required && f.IsZero() && a.Type != string(KindActivation) && !(f.Kind() == reflect.Float64 && a.min == 0) && f.Kind() != reflect.Slice {
			return fail(ErrConfig, "%s: %s is missing", where, a.Name)
		}
		if err := a.checkRange(where, f); err != nil {
			return err
		}
		if fn, ok := f.Interface().(ActivationFunc); ok && fn.kind == glu && v.Type() != reflect.TypeFor[Activation]() {
			return fail(ErrConfig, "%s: %s is glu, which halves its input: wanted as an Activation layer behind this one", where, a.Name)
		}
		if a.or != nil && !v.FieldByIndex(a.or).IsNil() {
			f = v.FieldByIndex(a.or)
		}
		if f.Kind() == reflect.Interface && !f.IsNil() {
			if err := validate(where+": "+a.Name, f.Interface()); err != nil {
				return err
			}
		}
		if layers, ok := f.Interface().([]Layer); ok {
			for i, l := range layers {
				if l == nil {
					return fail(ErrConfig, "%s: %s: layer %d is nil", where, a.Name, i)
				}
				if err := validate(where+": "+a.Name, l); err != nil {
					return err
				}
			}
		}
	}
	if c, ok := x.(checker); ok {
		return c.check(where)
	}
	return nil
}

func (a *Arg) checkRange(where string, f reflect.Value) error {
	if x, given, ok := sizedIn(f); ok {
		if !given {
			return nil
		}
		return a.checkSized(where, x)
	}
	var numbers []float64
	switch x := f.Interface().(type) {
	case int:
		if x == 0 && a.Nullable {
			return nil
		}
		numbers = []float64{float64(x)}
	case float64:
		numbers = []float64{x}
	case []int:
		for _, n := range x {
			numbers = append(numbers, float64(n))
		}
	case []float64:
		numbers = x
	case *int:
		if x != nil {
			numbers = []float64{float64(*x)}
		}
	case *float64:
		if x != nil {
			numbers = []float64{*x}
		}
	case Frequency:
		if x < 0 {
			return fail(ErrConfig, "%s: %s is %d, wanted epoch or a number of batches, at least 1", where, a.Name, int(x))
		}
	case dims:
		for _, n := range x {
			if n != batchDim {
				numbers = append(numbers, float64(n))
			}
		}
	case [][2]int:
		for _, pair := range x {
			numbers = append(numbers, float64(pair[0]), float64(pair[1]))
		}
	case string:
		if a.Allowed != nil && x != "" && !slices.Contains(a.Allowed, x) {
			return fail(ErrConfig, "%s: %s is %q, wanted %s", where, a.Name, x, a.wantString())
		}
	case ActivationFunc:
		return x.check(where + ": " + a.Name)
	case Padding:
		if !slices.Contains(a.Allowed, x.String()) {
			return fail(ErrConfig, "%s: %s is %q, wanted %s", where, a.Name, x, a.wantString())
		}
	}
	for _, n := range numbers {
		if a.within(n) || a.Nullable && n == 0 && f.Kind() == reflect.Float64 {
			continue
		}
		return fail(ErrConfig, "%s: %s is %s, wanted %s", where, a.Name, a.show(f), a.wantRange())
	}
	return nil
}

// within is whether n is in the argument's range. NaN and infinities are in none.
func (a *Arg) within(n float64) bool {
	return (n > a.min || n == a.min && !a.above) && (n < a.max || n == a.max && !a.below) && !math.IsInf(n, 0)
}

// wantRange is the argument's range in a message.
func (a *Arg) wantRange() string {
	var parts []string
	switch bounded := !math.IsInf(a.min, 0); {
	case bounded && a.above:
		parts = append(parts, "more than "+text(a.min))
	case bounded && !math.IsInf(a.max, 0) && !a.below:
		return text(a.min) + " to " + text(a.max)
	case bounded:
		parts = append(parts, "at least "+text(a.min))
	}
	switch bounded := !math.IsInf(a.max, 0); {
	case bounded && a.below:
		parts = append(parts, "less than "+text(a.max))
	case bounded:
		parts = append(parts, "at most "+text(a.max))
	}
	if parts == nil {
		return "a finite number"
	}
	return strings.Join(parts, " and ")
}

func (a *Arg) show(f reflect.Value) string { return show(a.encode(f)) }

func text(x float64) string {
	if x == math.Trunc(x) && math.Abs(x) < 1e15 {
		return strconv.FormatFloat(x, 'f', -1, 64)
	}
	return strconv.FormatFloat(x, 'g', -1, 64)
}
