"""What Keras's activations, losses, metrics, regularizers and constraints give, called alone: no model around them.

A case has the function's class_name and config, its inputs, and `expect`. Inputs come from numpy's default_rng, seeded with
the case's name, and are float32 values; Keras computes in floatx.
"""

import json
import zlib

import keras
import numpy as np


def with_config(class_name, **config):
    return {"class_name": class_name, "config": config}


def real(rng, shape, scale=1.0):
    return np.round(scale * rng.standard_normal(shape), 3).astype("float32")


def probability(rng, shape):
    return np.round(rng.uniform(0.02, 0.98, shape), 3).astype("float32")


def distribution(rng, shape):
    p = rng.uniform(0.05, 1, shape)
    return np.round(p / p.sum(-1, keepdims=True), 3).astype("float32")


def binary(rng, shape):
    return rng.integers(0, 2, shape).astype("float32")


def signs(rng, shape):
    return (2 * rng.integers(0, 2, shape) - 1).astype("float32")


def labels(rng, shape, classes):
    flat = np.resize(np.arange(classes), int(np.prod(shape)))
    return rng.permutation(flat).reshape(shape).astype("int32")


def one_hot(rng, shape):
    return np.eye(shape[-1], dtype="float32")[labels(rng, shape[:-1], shape[-1])]


KINDS = {"real": real, "probability": probability, "distribution": distribution, "binary": binary, "signs": signs, "one_hot": one_hot,
         "positive": lambda rng, shape: np.round(rng.uniform(0.1, 3, shape), 3).astype("float32"),
         "logits": lambda rng, shape: real(rng, shape, 2.0)}


def drawn(rng, kind, shape):
    if isinstance(kind, (list, np.ndarray)):
        return np.array(kind, "float32")
    if kind.startswith("labels"):
        classes = int(kind[6:])
        return labels(rng, shape, classes)
    return KINDS[kind](rng, tuple(shape))


def generator(name):
    return np.random.default_rng(zlib.crc32(name.encode()))


# Activations ---------------------------------------------------------------

FAR = [[-100.0, -30.0, -10.0, -3.0, -1.0], [-0.5, -1e-3, 0.0, 1e-3, 0.5], [1.0, 3.0, 10.0, 30.0, 100.0]]
# Where functions have corners Keras's backends differ in the derivative there, so that no input lies on one.
NEAR = [[-4.1, -2.9, -1.1, -0.9], [-0.6, -0.4, -0.05, 0.05], [0.4, 0.6, 0.9, 1.1], [2.9, 3.1, 4.1, 6.2]]


def activation(name, class_name=None, x=None, gradient=True, **config):
    return {"name": name, **with_config(class_name or name, **config), "x": NEAR if x is None else x, "gradient": gradient}


PLAIN = ["linear", "relu", "relu6", "leaky_relu", "elu", "celu", "selu", "gelu", "silu", "mish", "sigmoid", "log_sigmoid", "hard_sigmoid",
         "hard_silu", "sparse_sigmoid", "tanh", "hard_tanh", "tanh_shrink", "hard_shrink", "soft_shrink", "softplus", "squareplus",
         "sparse_plus", "softsign", "exponential", "softmax", "log_softmax", "glu"]
# Not sparsemax: Keras 3.15's adds up the running sums where it means the numbers, so that its rows' sums are not 1.
ACTIVATIONS = [activation(name) for name in PLAIN] + [
    activation(f"{name}_far_out", name, FAR, gradient=False) for name in PLAIN if name not in ("glu", "exponential")
] + [
    activation("exponential_far_out", "exponential", [[-80.0, -30.0, -1.0, 0.0, 1.0, 30.0, 80.0]], gradient=False),
    activation("relu_negative_slope", "relu", negative_slope=0.25),
    activation("relu_max_value", "relu", max_value=2.0),
    activation("relu_max_value_6", "relu", max_value=6.0),
    activation("relu_threshold", "relu", threshold=0.5),
    activation("relu_negative_threshold", "relu", threshold=-0.5),
    activation("relu_slope_and_threshold", "relu", negative_slope=0.25, threshold=0.5),
    activation("relu_all", "relu", negative_slope=0.25, max_value=2.0, threshold=0.5),
    activation("leaky_relu_0.05", "leaky_relu", negative_slope=0.05),
    activation("elu_1.5", "elu", alpha=1.5),
    activation("celu_0.5", "celu", alpha=0.5),
    activation("celu_2", "celu", alpha=2.0),
    activation("gelu_approximate", "gelu", approximate=True),
    activation("hard_shrink_2", "hard_shrink", threshold=2.0),
    activation("soft_shrink_2", "soft_shrink", threshold=2.0),
    activation("threshold", threshold=0.5, default_value=-2.0),
    activation("threshold_negative", "threshold", threshold=-0.5, default_value=3.0),
    activation("squareplus_0", "squareplus", b=0),
    activation("squareplus_1", "squareplus", b=1),
    activation("softmax_axis_1", "softmax", x=[3, 4, 5], axis=1),
    activation("softmax_axis_-2", "softmax", x=[2, 3, 4, 2], axis=-2),
    activation("log_softmax_axis_1", "log_softmax", x=[3, 4, 5], axis=1),
    activation("glu_axis_1", "glu", x=[3, 4, 5], axis=1),
    activation("glu_rank_3", "glu", x=[3, 5, 4]),
]


def input_of(spec, rng):
    """A list of ints is a shape to draw; anything else are the numbers."""
    if all(isinstance(v, int) for v in spec):
        return real(rng, tuple(spec))
    return np.array(spec, "float32")


def run_activation(case, io):
    rng = generator(case["name"])
    x = input_of(case["x"], rng)
    function, config = getattr(keras.activations, case["class_name"]), case["config"]
    value = io.differentiable(x)
    if case["gradient"]:
        # A weighted sum, so that the derivative of each result is told apart.
        weight = real(rng, np.shape(function(io.fx(x), **config)))
        y, grad = io.gradient(lambda v: (function(v, **config), keras.ops.sum(function(v, **config) * io.fx(weight))), value)
        extra, expect = {"weight": io.tensor(weight)}, {"y": io.tensor(y), "grad": io.tensor(grad)}
    else:
        extra, expect = {}, {"y": io.tensor(keras.ops.convert_to_numpy(function(value, **config)))}
    return {"name": case["name"], **with_config(case["class_name"], **config), "x": io.tensor(x), **extra, "expect": expect}


# Losses --------------------------------------------------------------------


def loss(name, class_name, y_pred, y_true, shape=(6, 4), true_shape=None, weighted=False, only_backend=None, **config):
    sparse = isinstance(y_true, str) and y_true.startswith("labels")
    return {"name": name, **with_config(class_name, **config), "y_pred": y_pred, "y_true": y_true, "shape": list(shape),
            "true_shape": list(true_shape or (shape[:-1] if sparse else shape)), "weighted": weighted,
            **({"only_backend": only_backend} if only_backend else {})}


REGRESSION = ["MeanSquaredError", "MeanAbsoluteError", "MeanAbsolutePercentageError", "MeanSquaredLogarithmicError", "Huber", "LogCosh",
              "CosineSimilarity"]
LOSSES = [
    loss(f"{name}_{case}", name, "positive" if "Logarithmic" in name else "real", "positive" if "Logarithmic" in name else "real", **options)
    for name in REGRESSION
    for case, options in {"plain": {}, "rank_3": {"shape": (3, 2, 4)}, "weighted": {"weighted": True}}.items()
] + [
    loss("huber_delta", "Huber", "real", "real", delta=0.4),
    loss("log_cosh_large", "LogCosh", [[-50.0, 20.0, 90.0]], [[1.0, 0.5, 2.0]]),
    # No small errors: Keras's ln 2 is float32's, whatever floatx is.
    loss("mape_of_zero_target", "MeanAbsolutePercentageError", [[1e-7, 2.0, 0.5]], [[0.0, 1.0, -1.0]]),
    loss("msle_of_negatives", "MeanSquaredLogarithmicError", [[-1.0, 2.0, 0.5]], [[-2.0, 1.0, 0.25]]),
    loss("cosine_similarity_axis_1", "CosineSimilarity", "real", "real", shape=(3, 2, 4), axis=1),
    loss("cosine_similarity_scaled", "CosineSimilarity", [[3.0, 4.0], [30.0, -40.0]], [[1.0, 0.0], [0.6, 0.8]]),
    *[loss(f"{name}_{kind}", name, "real", kind) for name in ("Hinge", "SquaredHinge") for kind in ("signs", "binary", "real")],
    loss("Hinge_weighted", "Hinge", "real", "signs", weighted=True),
    loss("SquaredHinge_rank_3", "SquaredHinge", "real", "binary", shape=(3, 2, 4)),
    loss("CategoricalHinge_plain", "CategoricalHinge", "real", "one_hot"),
    loss("CategoricalHinge_rank_3", "CategoricalHinge", "real", "one_hot", shape=(3, 2, 4)),
    loss("CategoricalHinge_weighted", "CategoricalHinge", "real", "one_hot", weighted=True),
    loss("KLDivergence_plain", "KLDivergence", "distribution", "distribution"),
    loss("KLDivergence_one_hot", "KLDivergence", "distribution", "one_hot"),
    loss("KLDivergence_weighted", "KLDivergence", "distribution", "distribution", weighted=True),
    loss("KLDivergence_out_of_range", "KLDivergence", [[0.0, 0.4, 1.5]], [[0.2, 0.5, 0.3]]),
    loss("Poisson_plain", "Poisson", "positive", "positive"),
    loss("Poisson_counts", "Poisson", "positive", "labels5", true_shape=(6, 4)),
    loss("Poisson_weighted", "Poisson", "positive", "positive", weighted=True),
    loss("BinaryCrossentropy_smoothed", "BinaryCrossentropy", "probability", "binary", label_smoothing=0.2),
    loss("BinaryCrossentropy_smoothed_logits", "BinaryCrossentropy", "logits", "binary", label_smoothing=0.2, from_logits=True),
    loss("BinaryCrossentropy_weighted", "BinaryCrossentropy", "probability", "binary", weighted=True),
    loss("CategoricalCrossentropy_smoothed", "CategoricalCrossentropy", "distribution", "one_hot", label_smoothing=0.3),
    loss("CategoricalCrossentropy_smoothed_logits", "CategoricalCrossentropy", "logits", "one_hot", label_smoothing=0.3, from_logits=True),
    loss("CategoricalCrossentropy_weighted", "CategoricalCrossentropy", "distribution", "one_hot", weighted=True),
    loss("SparseCategoricalCrossentropy_ignore_class", "SparseCategoricalCrossentropy", "distribution", "labels4", shape=(8, 4), ignore_class=2),
    loss("SparseCategoricalCrossentropy_ignore_class_0_logits", "SparseCategoricalCrossentropy", "logits", "labels4", shape=(8, 4),
         ignore_class=0, from_logits=True),
    loss("SparseCategoricalCrossentropy_ignore_class_rank_3", "SparseCategoricalCrossentropy", "logits", "labels3", shape=(3, 4, 3),
         ignore_class=1, from_logits=True),
    loss("SparseCategoricalCrossentropy_ignore_class_-1", "SparseCategoricalCrossentropy", "logits", [0, -1, 2, -1, 1], shape=(5, 3),
         ignore_class=-1, from_logits=True),
    loss("SparseCategoricalCrossentropy_ignore_class_weighted", "SparseCategoricalCrossentropy", "logits", "labels4", shape=(8, 4),
         ignore_class=3, from_logits=True, weighted=True),
    loss("SparseCategoricalCrossentropy_ignore_all", "SparseCategoricalCrossentropy", "logits", [1, 1], shape=(2, 3), ignore_class=1, from_logits=True),
    loss("BinaryFocalCrossentropy_plain", "BinaryFocalCrossentropy", "probability", "binary"),
    loss("BinaryFocalCrossentropy_logits", "BinaryFocalCrossentropy", "logits", "binary", from_logits=True),
    loss("BinaryFocalCrossentropy_balanced", "BinaryFocalCrossentropy", "probability", "binary", apply_class_balancing=True, alpha=0.3),
    loss("BinaryFocalCrossentropy_gamma_3", "BinaryFocalCrossentropy", "probability", "binary", gamma=3.0),
    loss("BinaryFocalCrossentropy_gamma_0.5", "BinaryFocalCrossentropy", "probability", "binary", gamma=0.5),
    loss("BinaryFocalCrossentropy_gamma_0", "BinaryFocalCrossentropy", "probability", "binary", gamma=0.0),
    loss("BinaryFocalCrossentropy_gamma_1", "BinaryFocalCrossentropy", "probability", "binary", gamma=1.0),
    loss("BinaryFocalCrossentropy_smoothed", "BinaryFocalCrossentropy", "probability", "binary", label_smoothing=0.2),
    loss("BinaryFocalCrossentropy_weighted", "BinaryFocalCrossentropy", "probability", "binary", weighted=True),
    loss("CategoricalFocalCrossentropy_plain", "CategoricalFocalCrossentropy", "distribution", "one_hot"),
    loss("CategoricalFocalCrossentropy_logits", "CategoricalFocalCrossentropy", "logits", "one_hot", from_logits=True),
    loss("CategoricalFocalCrossentropy_not_normalised", "CategoricalFocalCrossentropy", "probability", "one_hot"),
    loss("CategoricalFocalCrossentropy_alpha_gamma", "CategoricalFocalCrossentropy", "distribution", "one_hot", alpha=0.6, gamma=1.5),
    loss("CategoricalFocalCrossentropy_smoothed", "CategoricalFocalCrossentropy", "distribution", "one_hot", label_smoothing=0.2),
    loss("CategoricalFocalCrossentropy_weighted", "CategoricalFocalCrossentropy", "distribution", "one_hot", weighted=True),
    loss("Dice_plain", "Dice", "probability", "binary"),
    loss("Dice_images", "Dice", "probability", "binary", shape=(2, 3, 4, 2)),
    loss("Dice_by_sample", "Dice", "probability", "binary", shape=(2, 3, 4, 2), axis=[1, 2, 3]),
    loss("Dice_by_class", "Dice", "probability", "binary", shape=(2, 3, 4, 2), axis=[0, 1, 2]),
    loss("Dice_weighted", "Dice", "probability", "binary", weighted=True),
    loss("Dice_empty", "Dice", [[0.0, 0.0]], [[0.0, 0.0]]),
    loss("Tversky_plain", "Tversky", "probability", "binary"),
    loss("Tversky_alpha_beta", "Tversky", "probability", "binary", alpha=0.3, beta=0.7),
    loss("Tversky_by_sample", "Tversky", "probability", "binary", shape=(2, 3, 4, 2), axis=[1, 2, 3], alpha=0.7, beta=0.2),
    loss("CategoricalGeneralizedCrossEntropy_plain", "CategoricalGeneralizedCrossEntropy", "distribution", "labels4", shape=(8, 4)),
    loss("CategoricalGeneralizedCrossEntropy_q", "CategoricalGeneralizedCrossEntropy", "distribution", "labels4", shape=(8, 4), q=0.8),
    loss("CategoricalGeneralizedCrossEntropy_weighted", "CategoricalGeneralizedCrossEntropy", "distribution", "labels4", shape=(8, 4), weighted=True),
    loss("Circle_plain", "Circle", "unit", "labels3", shape=(7, 4), gamma=2.0),
    loss("Circle_default", "Circle", "unit", "labels3", shape=(9, 5)),
    loss("Circle_diagonal", "Circle", "unit", "labels3", shape=(7, 4), gamma=2.0, remove_diagonal=False),
    loss("Circle_margin", "Circle", "unit", "labels2", shape=(6, 4), gamma=4.0, margin=0.25),
    loss("Circle_without_positives", "Circle", "unit", [0, 0, 1, 2, 3], shape=(5, 3), gamma=2.0),
    loss("CTC_plain", "CTC", "logits", [[1, 2, 3, 0]], shape=(1, 8, 5)),
    loss("CTC_several", "CTC", "logits", [[1, 2, 2, 0], [3, 0, 0, 0], [4, 4, 1, 2], [0, 0, 0, 0]], shape=(4, 9, 5)),
    loss("CTC_tight", "CTC", "logits", [[1, 1, 2]], shape=(1, 4, 3)),
    loss("CTC_weighted", "CTC", "logits", [[1, 2], [2, 0], [1, 1]], shape=(3, 5, 4), weighted=True),
]
KINDS["unit"] = lambda rng, shape: (lambda v: np.round(v / np.linalg.norm(v, axis=-1, keepdims=True), 4).astype("float32"))(rng.standard_normal(shape))


def run_loss(case, io):
    rng = generator(case["name"])
    y_pred = drawn(rng, case["y_pred"], case["shape"])
    y_true = drawn(rng, case["y_true"], case["true_shape"])
    config = dict(case["config"])
    if isinstance(config.get("axis"), list):
        config["axis"] = tuple(config["axis"])
    made = getattr(keras.losses, case["class_name"])(**config)
    extra, weight = {}, None
    if case["weighted"]:
        weight = np.round(rng.uniform(0.2, 2, len(y_pred)), 2).astype("float32")
        extra["sample_weight"] = io.tensor(weight)
    truth = y_true if y_true.dtype.kind in "iu" else io.fx(y_true)
    value, grad = io.gradient(lambda v: 2 * (made(truth, v, sample_weight=None if weight is None else io.fx(weight)),), io.differentiable(y_pred))
    return {"name": case["name"], **with_config(case["class_name"], **case["config"]), "y_pred": io.tensor(y_pred), "y_true": io.tensor(y_true),
            **extra, "expect": {"loss": io.number(value), "grad": io.tensor(grad)}}


# Regularizers, constraints -------------------------------------------------

REGULARIZERS = [
    {"name": name, **with_config(class_name, **config), "shape": shape}
    for name, class_name, config, shape in (
        ("l1", "L1", {}, [3, 4]), ("l1_0.2", "L1", {"l1": 0.2}, [2, 3, 4]), ("l2", "L2", {}, [3, 4]), ("l2_0.3", "L2", {"l2": 0.3}, [5]),
        ("l1_l2", "L1L2", {"l1": 0.1, "l2": 0.02}, [3, 4]), ("l1_l2_default", "L1L2", {}, [3, 4]), ("l1_l2_only_l2", "L1L2", {"l2": 0.5}, [3, 4]),
        ("orthogonal_rows", "OrthogonalRegularizer", {}, [3, 5]),
        ("orthogonal_columns", "OrthogonalRegularizer", {"mode": "columns"}, [5, 3]),
        ("orthogonal_factor", "OrthogonalRegularizer", {"factor": 0.5, "mode": "rows"}, [4, 4]),
    )
]


def run_regularizer(case, io):
    x = real(generator(case["name"]), case["shape"])
    made = getattr(keras.regularizers, case["class_name"])(**case["config"])
    if case["class_name"] == "OrthogonalRegularizer":  # its factor is float32 whatever floatx is, and TensorFlow refuses the product
        made.factor = keras.ops.cast(case["config"].get("factor", 0.01), keras.config.floatx())
    value, grad = io.gradient(lambda v: 2 * (made(v),), io.differentiable(x))
    return {"name": case["name"], **with_config(case["class_name"], **case["config"]), "x": io.tensor(x),
            "expect": {"penalty": io.number(value), "grad": io.tensor(grad)}}


CONSTRAINTS = [
    {"name": name, **with_config(class_name, **config), "shape": shape}
    for name, class_name, config, shape in (
        ("max_norm", "MaxNorm", {}, [6, 4]), ("max_norm_1", "MaxNorm", {"max_value": 1.0}, [6, 4]),
        ("max_norm_axis_1", "MaxNorm", {"max_value": 1.5, "axis": 1}, [3, 5]),
        ("max_norm_conv", "MaxNorm", {"max_value": 1.0, "axis": [0, 1, 2]}, [3, 3, 2, 4]), ("max_norm_bias", "MaxNorm", {"max_value": 0.5}, [5]),
        ("non_neg", "NonNeg", {}, [4, 5]), ("non_neg_conv", "NonNeg", {}, [2, 2, 3, 2]),
        ("unit_norm", "UnitNorm", {}, [4, 5]), ("unit_norm_axis_1", "UnitNorm", {"axis": 1}, [4, 5]),
        ("unit_norm_conv", "UnitNorm", {"axis": [0, 1, 2]}, [3, 3, 2, 4]), ("unit_norm_last", "UnitNorm", {"axis": -1}, [3, 4, 2]),
        ("min_max_norm", "MinMaxNorm", {}, [6, 4]), ("min_max_norm_bounds", "MinMaxNorm", {"min_value": 1.0, "max_value": 1.5}, [6, 4]),
        ("min_max_norm_rate", "MinMaxNorm", {"min_value": 1.0, "max_value": 1.5, "rate": 0.25, "axis": 1}, [3, 5]),
        ("min_max_norm_conv", "MinMaxNorm", {"min_value": 2.0, "max_value": 3.0, "rate": 0.5, "axis": [0, 1, 2]}, [3, 3, 2, 4]),
    )
]


def run_constraint(case, io):
    w = real(generator(case["name"]), case["shape"])
    config = dict(case["config"])
    if isinstance(config.get("axis"), list):
        config["axis"] = tuple(config["axis"])
    made = getattr(keras.constraints, case["class_name"])(**config)
    return {"name": case["name"], **with_config(case["class_name"], **case["config"]), "x": io.tensor(w),
            "expect": {"y": io.tensor(keras.ops.convert_to_numpy(made(io.fx(w))))}}


def families():
    import metrics
    import preprocessing
    import training

    return {
        **preprocessing.families(),
        "activation_functions": lambda io: [run_activation(c, io) for c in ACTIVATIONS],
        "loss_functions": lambda io: [run_loss(json.loads(json.dumps(c)), io) for c in LOSSES],
        "regularizer_functions": lambda io: [run_regularizer(c, io) for c in REGULARIZERS],
        "constraint_functions": lambda io: [run_constraint(c, io) for c in CONSTRAINTS],
        "metric_functions": lambda io: [metrics.run_metric(json.loads(json.dumps(c)), io) for c in metrics.METRICS],
        "schedules": lambda io: [training.run_schedule(c, io) for c in training.SCHEDULES],
    }
