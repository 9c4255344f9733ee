"""How training goes: every optimizer with the arguments that all have, and the schedules of learning rates."""

import keras
import numpy as np
from cases import case, dense, with_config

# Schedules -----------------------------------------------------------------


def schedule(name, class_name, steps, **config):
    return {"name": name, **with_config(class_name, **config), "steps": list(steps)}


TWENTY = [0, 1, 2, 3, 5, 7, 9, 10, 11, 13, 15, 17, 19, 20, 21, 25, 29, 30, 31, 1000]
SCHEDULES = [
    schedule("exponential", "ExponentialDecay", TWENTY, initial_learning_rate=0.1, decay_steps=10, decay_rate=0.96),
    schedule("exponential_staircase", "ExponentialDecay", TWENTY, initial_learning_rate=0.1, decay_steps=10, decay_rate=0.5, staircase=True),
    schedule("exponential_fast", "ExponentialDecay", TWENTY[:-1], initial_learning_rate=2.0, decay_steps=3, decay_rate=0.03),
    schedule("exponential_growing", "ExponentialDecay", TWENTY[:-1], initial_learning_rate=1e-5, decay_steps=7, decay_rate=3.5),
    schedule("exponential_long", "ExponentialDecay", [0, 1, 99999, 100000, 12345678], initial_learning_rate=0.1, decay_steps=100000, decay_rate=0.96),
    schedule("inverse_time", "InverseTimeDecay", TWENTY, initial_learning_rate=0.1, decay_steps=10, decay_rate=0.5),
    schedule("inverse_time_staircase", "InverseTimeDecay", TWENTY, initial_learning_rate=0.1, decay_steps=4, decay_rate=2.0, staircase=True),
    schedule("inverse_time_constant", "InverseTimeDecay", [0, 5, 10], initial_learning_rate=0.1, decay_steps=10, decay_rate=0.0),
    schedule("polynomial", "PolynomialDecay", TWENTY, initial_learning_rate=0.1, decay_steps=20),
    schedule("polynomial_root", "PolynomialDecay", TWENTY, initial_learning_rate=0.1, decay_steps=20, end_learning_rate=0.01, power=0.5),
    schedule("polynomial_square", "PolynomialDecay", TWENTY, initial_learning_rate=0.1, decay_steps=20, end_learning_rate=0.02, power=2.0),
    schedule("polynomial_1.7", "PolynomialDecay", TWENTY, initial_learning_rate=0.1, decay_steps=20, end_learning_rate=0.0, power=1.7),
    schedule("polynomial_cycle", "PolynomialDecay", TWENTY, initial_learning_rate=0.1, decay_steps=10, cycle=True),
    schedule("polynomial_cycle_root", "PolynomialDecay", TWENTY, initial_learning_rate=0.1, decay_steps=7, end_learning_rate=0.01, power=0.5, cycle=True),
    schedule("polynomial_rising", "PolynomialDecay", TWENTY, initial_learning_rate=0.01, decay_steps=20, end_learning_rate=0.1),
    schedule("piecewise", "PiecewiseConstantDecay", TWENTY, boundaries=[5, 10, 20], values=[1.0, 0.5, 0.1, 0.01]),
    schedule("piecewise_two", "PiecewiseConstantDecay", TWENTY, boundaries=[10], values=[0.1, 0.2]),
    schedule("piecewise_first_step", "PiecewiseConstantDecay", [0, 1, 2, 3], boundaries=[0, 2], values=[0.3, 0.2, 0.1]),
    schedule("cosine", "CosineDecay", TWENTY, initial_learning_rate=0.1, decay_steps=20),
    schedule("cosine_alpha", "CosineDecay", TWENTY, initial_learning_rate=0.1, decay_steps=13, alpha=0.2),
    schedule("cosine_warmup", "CosineDecay", TWENTY, initial_learning_rate=0.0, decay_steps=20, warmup_target=0.1, warmup_steps=10),
    schedule("cosine_warmup_alpha", "CosineDecay", TWENTY, initial_learning_rate=0.02, decay_steps=15, warmup_target=0.3, warmup_steps=5, alpha=0.1),
    schedule("cosine_warmup_of_no_steps", "CosineDecay", TWENTY, initial_learning_rate=0.02, decay_steps=15, warmup_target=0.3),
    schedule("cosine_warmup_downwards", "CosineDecay", TWENTY, initial_learning_rate=0.5, decay_steps=15, warmup_target=0.1, warmup_steps=6),
    schedule("restarts", "CosineDecayRestarts", TWENTY, initial_learning_rate=0.1, first_decay_steps=5),
    schedule("restarts_equal", "CosineDecayRestarts", TWENTY, initial_learning_rate=0.1, first_decay_steps=10, t_mul=1.0),
    schedule("restarts_falling", "CosineDecayRestarts", TWENTY, initial_learning_rate=0.1, first_decay_steps=6, m_mul=0.8),
    schedule("restarts_alpha", "CosineDecayRestarts", TWENTY, initial_learning_rate=0.1, first_decay_steps=6, m_mul=0.9, alpha=0.1),
    schedule("restarts_1.5", "CosineDecayRestarts", TWENTY, initial_learning_rate=0.1, first_decay_steps=7, t_mul=1.5, m_mul=0.7),
    schedule("restarts_equal_falling", "CosineDecayRestarts", TWENTY, initial_learning_rate=0.1, first_decay_steps=10, t_mul=1.0, m_mul=0.5, alpha=0.05),
]


# What Keras casts to a variable's type.
CAST = ("beta_1", "beta_2", "adam_beta_1", "adam_beta_2", "epsilon_2", "weight_decay", "adam_weight_decay", "initial_learning_rate",
        "end_learning_rate", "power", "decay_rate", "warmup_target", "alpha", "_t_mul", "_m_mul")


def exact(thing):
    """Its constants as numbers of floatx: a cast of a Python float goes by float32, whatever floatx is."""
    for name in CAST:
        if isinstance(getattr(thing, name, None), float):
            setattr(thing, name, np.dtype(keras.config.floatx()).type(getattr(thing, name)))
    return thing


def run_schedule(case, io):
    made = exact(getattr(keras.optimizers.schedules, case["class_name"])(**case["config"]))
    return {**case, "expect": {"values": [io.number(made(step)) for step in case["steps"]]}}


# Optimizers ----------------------------------------------------------------

COSINE = with_config("CosineDecay", initial_learning_rate=0.05, decay_steps=4, alpha=0.1)
WARMUP = with_config("CosineDecay", initial_learning_rate=0.01, decay_steps=6, warmup_target=0.05, warmup_steps=3)
# A learning rate and what else makes an optimizer of each kind interesting.
KINDS = {
    "sgd": ("SGD", dict(learning_rate=0.1)),
    "sgd_momentum": ("SGD", dict(learning_rate=0.05, momentum=0.9)),
    "sgd_nesterov": ("SGD", dict(learning_rate=0.05, momentum=0.9, nesterov=True)),
    "rmsprop": ("RMSprop", dict(learning_rate=0.01)),
    "rmsprop_centered": ("RMSprop", dict(learning_rate=0.01, centered=True, momentum=0.5)),
    "adagrad": ("Adagrad", dict(learning_rate=0.1)),
    "adadelta": ("Adadelta", dict(learning_rate=1.0)),
    "adam": ("Adam", dict(learning_rate=0.05)),
    "adam_amsgrad": ("Adam", dict(learning_rate=0.05, amsgrad=True, beta_2=0.5)),
    "adamw": ("AdamW", dict(learning_rate=0.05)),
    "adamax": ("Adamax", dict(learning_rate=0.05)),
    "nadam": ("Nadam", dict(learning_rate=0.05)),
    "ftrl": ("Ftrl", dict(learning_rate=0.1)),
    "lion": ("Lion", dict(learning_rate=0.02)),
    "lamb": ("Lamb", dict(learning_rate=0.05)),
    "adafactor": ("Adafactor", dict(learning_rate=0.1)),
    "muon": ("Muon", dict(learning_rate=0.05)),
    "schedule_free": ("ScheduleFreeAdamW", dict(learning_rate=0.05)),
}
NEW = ["adamw", "adamax", "nadam", "ftrl", "lion", "lamb", "adafactor", "muon", "schedule_free"]
# Each option with an optimizer of each way that steps are computed in.
OPTIONS = {
    "weight_decay": dict(weight_decay=0.2),
    "weight_decay_not_of_biases": dict(weight_decay=0.2, exclude_from_weight_decay=["bias"]),
    "clipnorm": dict(clipnorm=0.05),
    "clipvalue": dict(clipvalue=0.02),
    "global_clipnorm": dict(global_clipnorm=0.1),
    "ema": dict(use_ema=True, ema_momentum=0.8, ema_overwrite_frequency=2),
    "accumulation": dict(gradient_accumulation_steps=2),
    "schedule": dict(learning_rate=COSINE),
    "all": dict(weight_decay=0.1, global_clipnorm=0.1, use_ema=True, ema_momentum=0.7, ema_overwrite_frequency=3,
                gradient_accumulation_steps=3, loss_scale_factor=8.0, learning_rate=WARMUP),
}


def trained(name, class_name, steps=4, **config):
    return case(name, [3], [dense(4, activation="tanh"), dense(2, activation="softmax")], "CategoricalCrossentropy",
                with_config(class_name, **config), "one_hot", batch=4, steps=steps,
                grows=class_name == "Ftrl", **COMPACT)  # FTRL forgets what weights begin at


# No gradients or predictions: the other families have them.
COMPACT = {"compact": True}

OPTIMIZERS = [
    trained(name, class_name, **config) for name, (class_name, config) in KINDS.items() if name in NEW
] + [
    trained(f"{name}_default", KINDS[name][0]) for name in NEW
] + [
    case(f"{name}_on_w_squared", [1], [dense(1, use_bias=False)], "MeanSquaredError", with_config(KINDS[name][0], **KINDS[name][1]),
         x=[[1.0]], y=[[0.0]], initial=[[[1.0]]], batch=1, steps=8, trajectory=True, **COMPACT) for name in NEW if name != "ftrl"
] + [
    trained("adamw_amsgrad", "AdamW", learning_rate=0.05, amsgrad=True, beta_2=0.5),
    trained("adamw_heavy", "AdamW", learning_rate=0.05, weight_decay=0.5),
    trained("adamax_betas", "Adamax", learning_rate=0.05, beta_1=0.5, beta_2=0.8, epsilon=0.01),
    trained("nadam_betas", "Nadam", learning_rate=0.05, beta_1=0.5, beta_2=0.8, epsilon=0.01),
    trained("nadam_long", "Nadam", learning_rate=0.01, steps=12),
    trained("ftrl_l1", "Ftrl", learning_rate=0.1, l1_regularization_strength=0.05),
    trained("ftrl_l2", "Ftrl", learning_rate=0.1, l2_regularization_strength=0.5),
    trained("ftrl_shrinkage", "Ftrl", learning_rate=0.1, l2_shrinkage_regularization_strength=0.3),
    trained("ftrl_beta", "Ftrl", learning_rate=0.1, beta=0.4),
    trained("ftrl_power_0", "Ftrl", learning_rate=0.1, learning_rate_power=0.0, initial_accumulator_value=0.5),
    trained("ftrl_power", "Ftrl", learning_rate=0.1, learning_rate_power=-0.8, initial_accumulator_value=0.3),
    trained("lion_betas", "Lion", learning_rate=0.02, beta_1=0.6, beta_2=0.7),
    trained("schedule_free_arguments", "ScheduleFreeAdamW", learning_rate=0.1, beta_1=0.7, beta_2=0.9, epsilon=0.01, warmup_steps=3),
    trained("lamb_betas", "Lamb", learning_rate=0.05, beta_1=0.5, beta_2=0.8, epsilon=0.01),
    trained("adafactor_arguments", "Adafactor", learning_rate=0.2, beta_2_decay=-0.5, epsilon_1=1e-4, epsilon_2=0.5, clip_threshold=0.3, relative_step=False),
    case("adafactor_conv", [4, 4, 1], [{"class_name": "Conv2D", "config": {"filters": 2, "kernel_size": [2, 2]}}, {"class_name": "Flatten", "config": {}}, dense(2)],
         "MeanSquaredError", with_config("Adafactor", learning_rate=0.05), batch=3, steps=4, **COMPACT),
    trained("muon_excludes", "Muon", learning_rate=0.05, exclude_layers=["dense_1"], adam_weight_decay=0.1, adam_lr_ratio=0.5),
    trained("muon_plain", "Muon", learning_rate=0.05, nesterov=False, rms_rate=None, ns_steps=3, momentum=0.5, weight_decay=None),
    trained("muon_coefficients", "Muon", learning_rate=0.05, muon_a=2.0, muon_b=-1.5, muon_c=0.5, adam_beta_1=0.8, adam_beta_2=0.9, rms_rate=0.5),
    case("muon_conv", [4, 4, 1], [{"class_name": "Conv2D", "config": {"filters": 2, "kernel_size": [2, 2]}}, {"class_name": "Flatten", "config": {}}, dense(2)],
         "MeanSquaredError", with_config("Muon", learning_rate=0.02), batch=3, steps=4, **COMPACT),
] + [
    trained(f"{name}_{option}", KINDS[name][0], steps=7 if option == "all" else 4, **{**KINDS[name][1], **config})
    for name in KINDS for option, config in OPTIONS.items()
    # The plain ones with every option; the others with some, in turn.
    if name in ("sgd", "adam", "lamb", "adafactor", "muon", "nadam", "ftrl") or option in ("weight_decay", "global_clipnorm", "all")
    # Averages that overwrite the weights are no averages of its own.
    if (name, option) != ("schedule_free", "all")
] + [
    trained("sgd_accumulation_of_scaled_losses", "SGD", learning_rate=0.1, gradient_accumulation_steps=2, loss_scale_factor=64.0),
    trained("adam_clipvalue_of_scaled_losses", "Adam", learning_rate=0.05, clipvalue=0.02, loss_scale_factor=64.0),
    trained("adam_clipnorm_and_accumulation", "Adam", learning_rate=0.05, clipnorm=0.05, gradient_accumulation_steps=2),
    trained("adam_ema_and_accumulation", "Adam", steps=6, learning_rate=0.05, use_ema=True, ema_momentum=0.6, ema_overwrite_frequency=2, gradient_accumulation_steps=2),
    trained("adam_ema_never_overwrites", "Adam", learning_rate=0.05, use_ema=True, ema_momentum=0.6),
    trained("sgd_clips_nothing", "SGD", learning_rate=0.1, global_clipnorm=100.0),
    case("sgd_ema_and_constraint", [3], [dense(4, activation="tanh", kernel_constraint={"class_name": "MaxNorm", "config": {"max_value": 0.8}}), dense(2)],
         "MeanSquaredError", with_config("SGD", learning_rate=0.1, use_ema=True, ema_momentum=0.8, ema_overwrite_frequency=2), batch=4, steps=4, **COMPACT),
    *[trained(f"sgd_{name}", "SGD", steps=5, learning_rate=with_config(class_name, **config)) for name, class_name, config in (
        ("exponential", "ExponentialDecay", dict(initial_learning_rate=0.1, decay_steps=2, decay_rate=0.5)),
        ("inverse_time", "InverseTimeDecay", dict(initial_learning_rate=0.1, decay_steps=2, decay_rate=0.5)),
        ("polynomial", "PolynomialDecay", dict(initial_learning_rate=0.1, decay_steps=4, power=2.0)),
        ("piecewise", "PiecewiseConstantDecay", dict(boundaries=[0, 2], values=[0.2, 0.1, 0.05])),
        ("restarts", "CosineDecayRestarts", dict(initial_learning_rate=0.1, first_decay_steps=2)),
    )],
]


def fitted(name, class_name, fit=None, metrics=("accuracy",), weighted_metrics=(), weight_samples=False, **config):
    return case(name, [3], [dense(4, activation="tanh"), dense(2, activation="softmax")], "CategoricalCrossentropy",
                with_config(class_name, **config), "one_hot", n=9, metrics=list(metrics), weighted_metrics=list(weighted_metrics), weight_samples=weight_samples,
                fit={"epochs": 3, "batch_size": 4, "shuffle": False, **(fit or {})}, **COMPACT)


FITS = [
    fitted("ema_is_the_end", "SGD", learning_rate=0.2, use_ema=True, ema_momentum=0.9),
    fitted("ema_overwrites_on_the_way", "Adam", learning_rate=0.05, use_ema=True, ema_momentum=0.7, ema_overwrite_frequency=4),
    fitted("accumulation_over_epochs", "SGD", learning_rate=0.2, gradient_accumulation_steps=2),
    fitted("ema_and_accumulation", "Adam", learning_rate=0.05, use_ema=True, ema_momentum=0.7, gradient_accumulation_steps=4),
    fitted("schedule_over_epochs", "SGD", learning_rate=COSINE),
    fitted("lists_of_figures", "SGD", metrics=["F1Score", with_config("Precision", thresholds=[0.4, 0.6]), "accuracy"], fit={"validation_split": 0.4}, learning_rate=0.2),
    fitted("weighted_metrics", "SGD", metrics=["accuracy"], weighted_metrics=["accuracy", "F1Score"], weight_samples=True, fit={"validation_split": 0.4}, learning_rate=0.2),
]
# Metrics in models; not the top-k accuracies, for which TensorFlow has float32 only ---------------------------------------------------------

CCE, SCCE, BCE, MSE = "CategoricalCrossentropy", "SparseCategoricalCrossentropy", "BinaryCrossentropy", "MeanSquaredError"
MASKED = [{"class_name": "Masking", "config": {}}, dense(4, activation="tanh"), dense(3, activation="softmax")]
# Two of four steps are zeros, which Masking leaves out; others are in other samples.
STEPS = [[[0.4, -1.2], [0.0, 0.0], [1.1, 0.3], [0.0, 0.0]], [[0.9, 0.2], [-0.3, 0.8], [0.5, 0.5], [0.0, 0.0]],
         [[0.0, 0.0], [0.0, 0.0], [0.7, -0.6], [-1.4, 0.1]], [[0.2, 0.3], [1.3, -0.4], [-0.8, 0.6], [0.1, -0.2]]]


def scored(name, loss, targets, metrics, units=3, activation="softmax", input_shape=(4,), layers=None, batch=8, **options):
    return case(name, list(input_shape), layers or [dense(5, activation="tanh"), dense(units, activation=activation)], loss,
                targets=targets, batch=batch, steps=2, metrics=metrics, **COMPACT, **options)


METRICS = [
    scored("counts", BCE, "binary", ["TruePositives", "TrueNegatives", "FalsePositives", "FalseNegatives"], 2, "sigmoid"),
    scored("precision_and_recall", BCE, "binary", ["Precision", "Recall", "AUC"], 1, "sigmoid"),
    scored("flat_targets", BCE, "binary_flat", ["Precision", "AUC", "BinaryIoU", "mse", "BinaryAccuracy"], 1, "sigmoid"),
    scored("of_single_classes", CCE, "one_hot", [with_config("Precision", class_id=0), with_config("Precision", class_id=1), with_config("Recall", class_id=2)]),
    scored("at_thresholds", BCE, "binary", [with_config("Precision", thresholds=[0.3, 0.5, 0.6]), with_config("Recall", thresholds=[0.3, 0.5, 0.6])], 2, "sigmoid"),
    scored("f_scores", CCE, "one_hot", ["F1Score", with_config("F1Score", average="macro", name="macro"), with_config("FBetaScore", beta=0.5, average="weighted")]),
    scored("auc_of_labels", BCE, "binary", [with_config("AUC", multi_label=True), with_config("AUC", curve="PR", name="pr")], 3, "sigmoid"),
    scored("sparse", SCCE, "labels", ["accuracy", "sparse_categorical_crossentropy"]),
    scored("iou", SCCE, "labels", [with_config("MeanIoU", num_classes=3, sparse_y_pred=False), with_config("IoU", num_classes=3, target_class_ids=[1], sparse_y_pred=False)]),
    scored("one_hot_iou", CCE, "one_hot", [with_config("OneHotMeanIoU", num_classes=3), "CategoricalAccuracy"]),
    scored("regression", MSE, "real", ["mae", "mse", "RootMeanSquaredError", "R2Score", "CosineSimilarity", "LogCoshError", "PearsonCorrelation",
                                       "ConcordanceCorrelation", with_config("R2Score", class_aggregation=None, name="r2")], 3, "linear"),
    scored("regression_flat", MSE, "real_flat", ["mae", "RootMeanSquaredError", "R2Score", "MeanAbsolutePercentageError"], 1, "linear"),
    scored("distributions", "KLDivergence", "distribution", ["KLDivergence", "Poisson", "CategoricalHinge", "categorical_crossentropy", "msle", "mape"]),
    scored("twice", CCE, "one_hot", ["accuracy", "accuracy", "mse"]),
    scored("weighted", CCE, "one_hot", ["accuracy"], weighted_metrics=["accuracy", "mse", with_config("F1Score", average="macro"), with_config("Precision", top_k=1)],
           weight_samples=True),
    scored("weighted_without_weights", CCE, "one_hot", ["accuracy"], weighted_metrics=["accuracy", "AUC"]),
    scored("weighted_by_class", SCCE, "labels", ["accuracy"], weighted_metrics=["accuracy", "sparse_categorical_crossentropy"], class_weight={"0": 0.5, "1": 2.0}),
    scored("weighted_regression", MSE, "real", [], 2, "linear", weighted_metrics=["mse", "RootMeanSquaredError", "R2Score", "CosineSimilarity"], weight_samples=True),
    scored("weighted_in_batches", BCE, "binary", ["AUC"], 1, "sigmoid", weighted_metrics=["AUC", "Recall"], weight_samples=True, batch=11, evaluate_batch_size=4),
    scored("in_batches", CCE, "one_hot", ["F1Score", "Precision", "AUC", with_config("MeanIoU", num_classes=3, sparse_y_true=False, sparse_y_pred=False)], batch=11, evaluate_batch_size=4),
    scored("loss_weight", CCE, "one_hot", ["categorical_crossentropy"], loss_weights=0.25),
    scored("loss_weight_with_l2", MSE, "real", [], layers=[dense(3, kernel_regularizer={"class_name": "L2", "config": {"l2": 0.1}})], loss_weights=3.0),
    scored("masked", SCCE, "labels", ["accuracy", "sparse_categorical_crossentropy"], input_shape=(4, 2),
           layers=MASKED, x=STEPS, batch=4),
    scored("masked_counts", CCE, "one_hot", ["categorical_accuracy", "Precision", "AUC", "mse", "RootMeanSquaredError", "CosineSimilarity"], input_shape=(4, 2),
           layers=MASKED, x=STEPS, batch=4),
]

# What float32 cannot answer to five digits, and why.
BADLY_CONDITIONED = {
    "nadam_weight_decay_not_of_biases": "a gradient is a small difference of large numbers, and Nadam divides by its size",
    "ftrl_global_clipnorm": "FTRL's weights are sums of gradients over a root, and some of these sums are small differences",
    "ftrl_all": "FTRL's weights are sums of gradients over a root, and some of these sums are small differences",
}
for c in OPTIMIZERS:
    if c["name"] in BADLY_CONDITIONED:
        c["badly_conditioned"] = BADLY_CONDITIONED[c["name"]]

FAMILIES = {"optimizers_more": [c for c in OPTIMIZERS if not c["name"].startswith("schedule_free")], "metrics_more": METRICS, "fit_more": FITS}
# On TensorFlow, ScheduleFreeAdamW reads its last momentum after it has changed it, so that beta_1 is without effect.
ON_JAX = {"optimizers_jax": [c for c in OPTIMIZERS if c["name"].startswith("schedule_free")]}
