"""The cases: which layers, losses, optimizers and options Keras is asked about.

Everything here is a Keras-style config (snake_case, only what differs from the default). Inputs, targets
and initial weights come from numpy's default_rng, seeded with the case's name.
"""


def layer(class_name, **config):
    return {"class_name": class_name, "config": config}


def case(name, input_shape, layers, loss="MeanSquaredError", optimizer=None, targets="real", **options):
    if isinstance(loss, str):
        loss = {"class_name": loss, "config": {}}
    optimizer = optimizer or {"class_name": "SGD", "config": {"learning_rate": 0.01 if len(input_shape) > 2 else 0.05}}
    return {"name": name, "input_shape": list(input_shape), "layers": layers, "loss": loss,
            "optimizer": optimizer, "targets": targets, **options}


def with_config(class_name, **config):
    return {"class_name": class_name, "config": config}


dense = lambda units, **c: layer("Dense", units=units, **c)  # noqa: E731
conv = lambda filters, kernel_size, **c: layer("Conv2D", filters=filters, kernel_size=kernel_size, **c)  # noqa: E731

# Layers --------------------------------------------------------------------


def conv_case(name, *args, input_shape=(7, 6, 2), first=3, **config):
    """A 1x1 convolution in front, so that the layer's input gradient is asked for too."""
    return case(f"conv2d_{name}", input_shape,
                [conv(first, [1, 1]), conv(*args, **config), layer("Flatten"), dense(2)], batch=3)


def pool_case(kind, name, input_shape=(7, 6, 2), **config):
    return case(f"{kind}_{name}", input_shape,
                [conv(3, [2, 2], padding="same"), layer(kind, **{"pool_size": [2, 2], **config}), layer("Flatten"),
                 dense(2)], batch=3)


LAYERS = [
    case("dense", [5], [dense(4), dense(3)]),
    case("dense_no_bias", [5], [dense(4, use_bias=False), dense(3, use_bias=False)]),
    case("dense_relu", [5], [dense(6, activation="relu"), dense(3)]),
    case("dense_rank_3", [3, 4], [dense(5, activation="tanh"), dense(2)], batch=4),
    case("dense_one_sample", [3], [dense(2)], batch=1),
    conv_case("3x3", 4, [3, 3]),
    conv_case("3x3_same", 4, [3, 3], padding="same"),
    conv_case("relu", 4, [3, 3], activation="relu"),
    conv_case("no_bias", 4, [3, 3], use_bias=False),
    conv_case("5x5_same", 2, [5, 5], padding="same"),
    conv_case("even_kernel_same", 3, [2, 4], padding="same"),
    conv_case("rectangular", 3, [1, 3]),
    conv_case("strides_2", 4, [3, 3], strides=[2, 2]),
    conv_case("strides_2_same", 4, [3, 3], strides=[2, 2], padding="same"),
    conv_case("strides_2_1_same", 3, [3, 2], strides=[2, 1], padding="same"),
    conv_case("strides_3_same", 3, [2, 2], strides=[3, 3], padding="same"),
    conv_case("strides_leave_a_rest", 3, [2, 2], strides=[3, 3]),
    conv_case("dilation_2", 3, [3, 2], dilation_rate=[2, 2]),
    conv_case("dilation_2_same", 3, [3, 3], dilation_rate=[2, 2], padding="same"),
    conv_case("dilation_1_2_same", 3, [2, 3], dilation_rate=[1, 2], padding="same"),
    conv_case("groups_2", 4, [3, 3], groups=2, first=4),
    conv_case("depthwise_groups_same", 6, [3, 3], groups=3, padding="same"),
    conv_case("whole_image", 3, [7, 6]),
    case("conv2d_first_layer", [6, 5, 1], [conv(5, [3, 3], activation="relu"), layer("Flatten"), dense(2)], batch=4),
    *[pool_case(kind, name, **config)
      for kind in ("MaxPooling2D", "AveragePooling2D")
      for name, config in {
          "default": {},
          "same": {"padding": "same"},
          "3x2": {"pool_size": [3, 2]},
          "overlapping": {"pool_size": [3, 3], "strides": [2, 2]},
          "overlapping_same": {"pool_size": [3, 3], "strides": [2, 2], "padding": "same"},
          "strides_1_same": {"pool_size": [2, 3], "strides": [1, 1], "padding": "same"},
          "gaps": {"pool_size": [2, 2], "strides": [3, 3]},
      }.items()],
    case("flatten_keeps_the_order", [3, 2, 2], [conv(2, [1, 1]), layer("Flatten"), dense(2)], batch=4),
    case("reshape", [6], [dense(6), layer("Reshape", target_shape=[2, 3]), dense(2)], batch=4),
    case("reshape_inferred", [8], [dense(12), layer("Reshape", target_shape=[2, -1, 3]), conv(2, [2, 2]),
                                   layer("Flatten"), dense(2)], batch=4),
    case("dropout_rate_0", [5], [dense(6, activation="relu"), layer("Dropout", rate=0.0), dense(3)]),
    case("dropout_inference", [5], [dense(6, activation="relu"), layer("Dropout", rate=0.5), dense(3)], train=False),
    case("activation_layer", [5], [dense(6), layer("Activation", activation="relu"), dense(3),
                                   layer("Activation", activation="tanh")]),
]

# Activations ---------------------------------------------------------------

ACTIVATIONS = {
    "linear": "linear", "relu": "relu", "sigmoid": "sigmoid", "tanh": "tanh", "softmax": "softmax",
    "softplus": "softplus", "elu": "elu", "leaky_relu": "leaky_relu", "gelu": "gelu",
    "gelu_approximate": with_config("gelu", approximate=True),
    "leaky_relu_0.05": with_config("leaky_relu", negative_slope=0.05),
    "elu_1.5": with_config("elu", alpha=1.5),
}
ACTIVATION_CASES = [
    case(f"{name}_{where}", [4], layers(a), batch=8, x_scale=2,
         optimizer=with_config("SGD", learning_rate=0.005))
    for name, a in ACTIVATIONS.items()
    for where, layers in {
        "in_dense": lambda a: [dense(6, activation=a), dense(2)],
        "layer": lambda a: [dense(6), layer("Activation", activation=a), dense(2)],
    }.items()
] + [
    case("softmax_over_the_last_axis", [3, 4], [dense(5, activation="softmax"), dense(2)], batch=4),
    case("relu_in_conv2d", [5, 5, 2], [conv(3, [3, 3], activation="relu"), layer("Flatten"), dense(2)], batch=4),
    case("gelu_in_conv2d", [5, 5, 2], [conv(3, [3, 3], activation="gelu"), layer("Flatten"), dense(2)], batch=4),
    # Far out, where a careless exp overflows.
    *[case(f"{name}_far_out", [1], [layer("Activation", activation=a)], train=False, targets="real",
           x=[[-100.0], [-30.0], [-10.0], [-1e-3], [0.0], [1e-3], [10.0], [30.0], [100.0]], batch=9)
      for name, a in ACTIVATIONS.items() if name != "softmax"],
    case("softmax_far_out", [3], [layer("Activation", activation="softmax")], train=False,
         x=[[-100.0, 0.0, 100.0], [1000.0, 1000.0, 999.0], [-1000.0, -1001.0, -1002.0], [0.0, 0.0, 0.0]], batch=4),
]

# Losses --------------------------------------------------------------------

mlp = lambda units, activation: [dense(6, activation="tanh"), dense(units, activation=activation)]  # noqa: E731
# Reshape hides the activation from the loss, so that probabilities stay probabilities (README.md, "Logits").
hidden = lambda units, activation: mlp(units, activation) + [layer("Reshape", target_shape=[units])]  # noqa: E731
CCE, SCCE, BCE = "CategoricalCrossentropy", "SparseCategoricalCrossentropy", "BinaryCrossentropy"
logits = lambda name: with_config(name, from_logits=True)  # noqa: E731

# The saturated ones have no hidden layer: a saturated tanh would make their gradients badly conditioned.
LOSSES = [
    case("mean_squared_error", [4], mlp(3, "linear")),
    case("mean_squared_error_rank_3", [3, 4], mlp(2, "linear"), batch=4),
    case("mean_absolute_error", [4], mlp(3, "linear"), "MeanAbsoluteError"),
    case("mean_absolute_error_rank_3", [3, 4], mlp(2, "linear"), "MeanAbsoluteError", batch=4),
    case("binary_crossentropy_sigmoid", [4], mlp(1, "sigmoid"), BCE, targets="binary", batch=8),
    case("binary_crossentropy_several_outputs", [4], mlp(3, "sigmoid"), BCE, targets="binary"),
    case("binary_crossentropy_from_logits", [4], mlp(2, "linear"), logits(BCE), targets="binary"),
    case("binary_crossentropy_from_probabilities", [4], hidden(2, "sigmoid"), BCE, targets="binary"),
    case("binary_crossentropy_saturated", [4], [dense(1, activation="sigmoid")], BCE, targets="binary", weight_scale=80, batch=8, y=[[0.0]] * 8,
         only_backend="tensorflow", steps=1),
    case("binary_crossentropy_large_logits", [4], [dense(1, activation="linear")], logits(BCE), targets="binary", weight_scale=20,
         batch=8, steps=1),
    case("mean_squared_error_flat_targets", [4], mlp(1, "linear"), targets="real_flat"),
    case("binary_crossentropy_flat_targets", [4], mlp(1, "sigmoid"), BCE, targets="binary_flat"),
    case("categorical_crossentropy_softmax", [4], mlp(3, "softmax"), CCE, targets="one_hot"),
    case("categorical_crossentropy_activation_layer", [4],
         mlp(3, "linear") + [layer("Activation", activation="softmax")], CCE, targets="one_hot"),
    case("categorical_crossentropy_soft_targets", [4], mlp(3, "softmax"), CCE, targets="distribution"),
    case("categorical_crossentropy_from_logits", [4], mlp(3, "linear"), logits(CCE), targets="one_hot"),
    case("categorical_crossentropy_from_probabilities", [4], hidden(3, "softmax"), CCE, targets="one_hot"),
    case("categorical_crossentropy_not_normalised", [4], hidden(3, "sigmoid"), CCE, targets="one_hot"),
    case("categorical_crossentropy_softplus", [4], mlp(3, "softplus"), CCE, targets="one_hot"),
    case("categorical_crossentropy_rank_3", [2, 4], mlp(3, "softmax"), CCE, targets="one_hot", batch=4),
    case("categorical_crossentropy_saturated", [4], [dense(3, activation="softmax")], CCE, targets="one_hot", weight_scale=30,
         only_backend="tensorflow", steps=1),
    case("categorical_crossentropy_large_logits", [4], [dense(3, activation="linear")], logits(CCE), targets="one_hot",
         weight_scale=30, steps=1),
    case("sparse_categorical_crossentropy_softmax", [4], mlp(3, "softmax"), SCCE, targets="labels"),
    case("sparse_categorical_crossentropy_column", [4], mlp(3, "softmax"), SCCE, targets="labels_column"),
    case("sparse_categorical_crossentropy_from_logits", [4], mlp(3, "linear"), logits(SCCE), targets="labels"),
    case("sparse_categorical_crossentropy_from_probabilities", [4], hidden(3, "softmax"), SCCE, targets="labels"),
    case("sparse_categorical_crossentropy_not_normalised", [4], hidden(3, "sigmoid"), SCCE, targets="labels"),
    case("sparse_categorical_crossentropy_rank_3", [2, 4], mlp(3, "softmax"), SCCE, targets="labels", batch=4),
    case("sparse_categorical_crossentropy_saturated", [4], [dense(3, activation="softmax")], SCCE, targets="labels", weight_scale=30,
         only_backend="tensorflow", steps=1),
]

# Optimizers ----------------------------------------------------------------

OPTIMIZER_CONFIGS = {
    "sgd_default": with_config("SGD"),
    "sgd": with_config("SGD", learning_rate=0.1),
    "sgd_momentum": with_config("SGD", learning_rate=0.05, momentum=0.9),
    "sgd_nesterov": with_config("SGD", learning_rate=0.05, momentum=0.9, nesterov=True),
    "rmsprop_default": with_config("RMSprop"),
    "rmsprop": with_config("RMSprop", learning_rate=0.01, rho=0.8),
    "rmsprop_epsilon": with_config("RMSprop", learning_rate=0.01, epsilon=0.01),
    "rmsprop_momentum": with_config("RMSprop", learning_rate=0.01, momentum=0.9),
    "rmsprop_centered": with_config("RMSprop", learning_rate=0.01, centered=True),
    "rmsprop_centered_momentum": with_config("RMSprop", learning_rate=0.01, momentum=0.5, centered=True),
    "adagrad_default": with_config("Adagrad"),
    "adagrad": with_config("Adagrad", learning_rate=0.1),
    "adagrad_accumulator": with_config("Adagrad", learning_rate=0.1, initial_accumulator_value=0.5, epsilon=0.001),
    "adadelta_default": with_config("Adadelta"),
    "adadelta_1": with_config("Adadelta", learning_rate=1.0),
    "adadelta_rho_epsilon": with_config("Adadelta", learning_rate=1.0, rho=0.8, epsilon=0.001),
    "adam_default": with_config("Adam"),
    "adam": with_config("Adam", learning_rate=0.05),
    "adam_betas": with_config("Adam", learning_rate=0.05, beta_1=0.8, beta_2=0.9, epsilon=0.001),
    "adam_amsgrad": with_config("Adam", learning_rate=0.05, beta_2=0.5, amsgrad=True),
}
OPTIMIZERS = [
    case(name, [5], [dense(6, activation="tanh"), dense(3, activation="softmax")], CCE, optimizer,
         targets="one_hot", batch=8, steps=5)
    for name, optimizer in OPTIMIZER_CONFIGS.items()
] + [
    # One weight, f(w) = w²: a Dense(1) without bias, input 1, target 0.
    case(f"{name}_on_w_squared", [1], [dense(1, use_bias=False)], "MeanSquaredError", optimizer,
         x=[[1.0]], y=[[0.0]], initial=[[[1.0]]], batch=1, steps=10, trajectory=True)
    for name, optimizer in OPTIMIZER_CONFIGS.items()
]

# Metrics -------------------------------------------------------------------

METRICS = [
    case("accuracy_is_binary", [4], mlp(1, "sigmoid"), BCE, targets="binary", metrics=["accuracy"], batch=8),
    case("accuracy_is_binary_for_several_outputs", [4], mlp(3, "sigmoid"), BCE, targets="binary",
         metrics=["accuracy"], batch=8),
    case("accuracy_is_categorical", [4], mlp(3, "softmax"), CCE, targets="one_hot", metrics=["accuracy"], batch=8),
    case("accuracy_is_sparse", [4], mlp(3, "softmax"), SCCE, targets="labels", metrics=["accuracy"], batch=8),
    case("accuracy_is_sparse_for_a_column", [4], mlp(3, "softmax"), SCCE, targets="labels_column",
         metrics=["accuracy"], batch=8),
    case("accuracy_of_logits", [4], mlp(3, "linear"), logits(SCCE), targets="labels", metrics=["accuracy"], batch=8),
    case("accuracy_of_binary_logits", [4], mlp(1, "linear"), logits(BCE), targets="binary", metrics=["accuracy"],
         batch=8),
    case("accuracy_is_binary_for_flat_targets", [4], mlp(1, "sigmoid"), BCE, targets="binary_flat",
         metrics=["accuracy"], batch=8),
    case("acc_is_accuracy", [4], mlp(3, "softmax"), CCE, targets="one_hot", metrics=["acc"], batch=8),
    case("accuracy_with_mean_squared_error", [4], mlp(3, "linear"), targets="one_hot", metrics=["accuracy"], batch=8),
    case("accuracy_rank_3", [3, 4], mlp(3, "softmax"), SCCE, targets="labels", metrics=["accuracy"], batch=4),
    case("binary_accuracy", [4], mlp(2, "sigmoid"), BCE, targets="binary", metrics=["binary_accuracy"], batch=8),
    case("binary_accuracy_threshold", [4], mlp(2, "sigmoid"), BCE, targets="binary",
         metrics=[with_config("BinaryAccuracy", threshold=0.6)], batch=8),
    case("categorical_accuracy", [4], mlp(3, "softmax"), CCE, targets="one_hot",
         metrics=["categorical_accuracy"], batch=8),
    case("sparse_categorical_accuracy", [4], mlp(3, "softmax"), SCCE, targets="labels",
         metrics=["sparse_categorical_accuracy"], batch=8),
    case("several_metrics", [4], mlp(3, "softmax"), CCE, targets="one_hot",
         metrics=["accuracy", "mean_squared_error", "mean_absolute_error"], batch=8),
    case("evaluate_in_batches", [4], mlp(3, "softmax"), SCCE, targets="labels", metrics=["accuracy"], batch=11,
         evaluate_batch_size=4),
]

# Regularizers, weights -----------------------------------------------------

l1, l2 = (lambda v: with_config("L1", l1=v)), (lambda v: with_config("L2", l2=v))
REGULARIZERS = [
    case("l2", [4], [dense(6, activation="tanh", kernel_regularizer=l2(0.05)), dense(3)]),
    case("l1", [4], [dense(6, activation="tanh", kernel_regularizer=l1(0.02)), dense(3)]),
    case("l1_and_l2", [4], [dense(6, activation="tanh", kernel_regularizer=l1(0.02)),
                            dense(3, kernel_regularizer=l2(0.1))]),
    case("l2_in_conv2d", [5, 5, 1], [conv(3, [3, 3], kernel_regularizer=l2(0.05)), layer("Flatten"),
                                     dense(2, kernel_regularizer=l1(0.01))], batch=4),
    case("l2_with_crossentropy_and_metrics", [4],
         [dense(6, activation="tanh", kernel_regularizer=l2(0.05)), dense(3, activation="softmax")], CCE,
         with_config("Adam", learning_rate=0.01), "one_hot", metrics=["accuracy"], batch=11, evaluate_batch_size=4),
]
WEIGHTS = [
    case("sample_weight_mean_squared_error", [4], mlp(3, "linear"), weight_samples=True),
    case("sample_weight_mean_absolute_error", [4], mlp(3, "linear"), "MeanAbsoluteError", weight_samples=True),
    case("sample_weight_binary", [4], mlp(2, "sigmoid"), BCE, targets="binary", weight_samples=True,
         metrics=["accuracy"], batch=8),
    case("sample_weight_categorical", [4], mlp(3, "softmax"), CCE, targets="one_hot", weight_samples=True,
         metrics=["accuracy"], batch=8),
    case("sample_weight_sparse", [4], mlp(3, "softmax"), SCCE, targets="labels", weight_samples=True,
         metrics=["accuracy"], batch=8),
    case("sample_weight_with_l2", [4], [dense(6, activation="tanh", kernel_regularizer=l2(0.05)),
                                        dense(3, activation="softmax")], CCE, targets="one_hot", weight_samples=True),
    case("sample_weight_evaluate_in_batches", [4], mlp(3, "softmax"), CCE, targets="one_hot", weight_samples=True,
         metrics=["accuracy"], batch=11, evaluate_batch_size=4),
    case("class_weight_categorical", [4], mlp(3, "softmax"), CCE, targets="one_hot",
         class_weight={"0": 0.5, "1": 2.0, "2": 1.25}, metrics=["accuracy"], batch=8),
    case("class_weight_sparse", [4], mlp(3, "softmax"), SCCE, targets="labels",
         class_weight={"0": 0.5, "1": 2.0, "2": 1.25}, metrics=["accuracy"], batch=8),
    case("class_weight_binary", [4], mlp(1, "sigmoid"), BCE, targets="binary", class_weight={"0": 0.5, "1": 3.0},
         batch=8),
    case("class_weight_missing_class", [4], mlp(3, "softmax"), SCCE, targets="labels", class_weight={"1": 4.0},
         batch=8),
]

# Whole networks ------------------------------------------------------------


def mnist_cnn(filters, units, rates, classes=10):
    return [
        conv(filters[0], [3, 3], activation="relu"),
        conv(filters[1], [3, 3], activation="relu"),
        layer("MaxPooling2D", pool_size=[2, 2]),
        layer("Dropout", rate=rates[0]),
        layer("Flatten"),
        dense(units, activation="relu"),
        layer("Dropout", rate=rates[1]),
        dense(classes, activation="softmax"),
    ]


SMALL = [12, 12, 1]
NETWORKS = [
    case("seed_cnn_shrunken_adadelta", SMALL, mnist_cnn((4, 8), 16, (0.0, 0.0)), CCE,
         with_config("Adadelta", learning_rate=1.0), "one_hot", metrics=["accuracy"], batch=8, steps=10),
    case("seed_cnn_shrunken_sparse_adam", SMALL, mnist_cnn((4, 8), 16, (0.0, 0.0)), SCCE,
         with_config("Adam", learning_rate=0.001), "labels", metrics=["accuracy"], batch=8, steps=10),
    case("seed_cnn_shrunken_inference", SMALL, mnist_cnn((4, 8), 16, (0.25, 0.5)), CCE,
         with_config("Adadelta", learning_rate=1.0), "one_hot", metrics=["accuracy"], batch=8, train=False),
    case("average_pooling_cnn_rmsprop", SMALL,
         [conv(4, [3, 3], strides=[2, 2], padding="same", activation="elu"), layer("AveragePooling2D", pool_size=[2, 2]),
          layer("Reshape", target_shape=[36]), dense(10, activation="gelu"), dense(1, activation="sigmoid")],
         BCE, with_config("RMSprop", learning_rate=0.005), "binary", metrics=["accuracy"], batch=8, steps=10),
]

# Fit -----------------------------------------------------------------------


def fit_case(name, n=21, loss=CCE, targets="one_hot", layers=None, optimizer=None, fit=None, **options):
    return case(name, [4], layers or mlp(3, "softmax"), loss, optimizer or with_config("SGD", learning_rate=0.5),
                targets, n=n, metrics=["accuracy"],
                fit={"epochs": 3, "batch_size": 8, "shuffle": False, **(fit or {})}, **options)


FIT = [
    fit_case("last_batch_is_short"),
    fit_case("validation_split", fit={"validation_split": 0.25}),
    fit_case("validation_split_rounds_down", n=10, fit={"validation_split": 0.33, "batch_size": 4}),
    fit_case("validation_data", n_validation=7),
    fit_case("validation_batch_size", n_validation=7, fit={"validation_batch_size": 3}),
    fit_case("initial_epoch", fit={"initial_epoch": 1}),
    fit_case("batch_larger_than_data", n=5, fit={"batch_size": 32}),
    fit_case("default_batch_size_is_32", n=37, fit={"batch_size": None}),
    fit_case("regularized", n=21, fit={"validation_split": 0.25}, optimizer=with_config("Adam", learning_rate=0.05),
             layers=[dense(6, activation="tanh", kernel_regularizer=l2(0.05)), dense(3, activation="softmax")]),
    fit_case("sample_weight", weight_samples=True),
    fit_case("sample_weight_validation_split", weight_samples=True, fit={"validation_split": 0.25}),
    fit_case("class_weight", class_weight={"0": 0.5, "1": 2.0, "2": 1.25}),
    fit_case("class_weight_validation_split", class_weight={"0": 0.5, "1": 2.0}, fit={"validation_split": 0.25}),
    fit_case("sparse_labels", loss=SCCE, targets="labels", optimizer=with_config("Adadelta", learning_rate=1.0)),
    fit_case("binary", loss=BCE, targets="binary", layers=mlp(1, "sigmoid"),
             optimizer=with_config("SGD", learning_rate=0.2, momentum=0.9)),
]

FAMILIES = {
    "layers": LAYERS, "activations": ACTIVATION_CASES, "losses": LOSSES, "optimizers": OPTIMIZERS,
    "metrics": METRICS, "regularizers": REGULARIZERS, "weights": WEIGHTS, "networks": NETWORKS, "fit": FIT,
}

# Initializers, summaries ---------------------------------------------------

INITIALIZERS = [
    {"name": f"{name}_{'x'.join(map(str, shape))}", "class_name": name, "config": {}, "shape": shape}
    for name in ("GlorotUniform", "GlorotNormal", "HeUniform", "HeNormal", "LecunUniform", "LecunNormal")
    for shape in ([784, 128], [3, 3, 32, 64], [5, 2, 1, 3], [10])
] + [
    {"name": name, "class_name": class_name, "config": config, "shape": [64, 32]}
    for name, class_name, config in (
        ("zeros", "Zeros", {}), ("ones", "Ones", {}), ("constant", "Constant", {"value": 0.3}),
        ("random_uniform", "RandomUniform", {}),
        ("random_uniform_range", "RandomUniform", {"minval": -1.0, "maxval": 2.0}),
        ("random_normal", "RandomNormal", {}), ("random_normal_2", "RandomNormal", {"mean": 1.0, "stddev": 2.0}),
        ("truncated_normal", "TruncatedNormal", {}),
        ("truncated_normal_2", "TruncatedNormal", {"mean": 1.0, "stddev": 2.0}),
        ("variance_scaling", "VarianceScaling", {}),
        ("variance_scaling_fan_out_uniform", "VarianceScaling", {"scale": 2.0, "mode": "fan_out", "distribution": "uniform"}),
        ("variance_scaling_fan_avg_untruncated", "VarianceScaling", {"scale": 0.5, "mode": "fan_avg", "distribution": "untruncated_normal"}),
        ("identity", "Identity", {}), ("identity_gain", "Identity", {"gain": 0.5}),
        ("orthogonal", "Orthogonal", {}), ("orthogonal_gain", "Orthogonal", {"gain": 2.0}),
    )
] + [
    {"name": "variance_scaling_conv", "class_name": "VarianceScaling", "config": {"scale": 3.0, "mode": "fan_in", "distribution": "uniform"}, "shape": [3, 3, 8, 16]},
    {"name": "orthogonal_wide", "class_name": "Orthogonal", "config": {}, "shape": [8, 32]},
    {"name": "orthogonal_conv", "class_name": "Orthogonal", "config": {}, "shape": [3, 3, 2, 8]},
    {"name": "identity_wide", "class_name": "Identity", "config": {}, "shape": [3, 5]},
    {"name": "identity_tall", "class_name": "Identity", "config": {}, "shape": [5, 3]},
]

seed_cnn = mnist_cnn((32, 64), 128, (0.25, 0.5))
SUMMARIES = [
    {"name": "seed_cnn", "input_shape": [28, 28, 1], "layers": seed_cnn},
    {"name": "seed_cnn_compiled", "input_shape": [28, 28, 1], "layers": mnist_cnn((32, 64), 128, (0.25, 0.5)),
     "loss": with_config(CCE), "optimizer": with_config("Adadelta", learning_rate=1.0)},
    {"name": "mlp", "input_shape": [784], "layers": [
        dense(512, activation="relu"), layer("Dropout", rate=0.2), dense(512, activation="relu"),
        dense(10), layer("Activation", activation="softmax")]},
    {"name": "small", "input_shape": [3], "model_name": "tiny", "layers": [dense(1, use_bias=False)]},
    {"name": "long_names", "input_shape": [12, 12, 1], "layers": [
        conv(4, [3, 3], name="a_convolution_with_a_very_long_name_that_does_not_fit"),
        layer("AveragePooling2D", pool_size=[2, 2]), layer("Reshape", target_shape=[10, 10]), layer("Flatten"), dense(1000000)]},
]
