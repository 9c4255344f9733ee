"""What Keras's metrics give, called alone: batches go in, and after each the result so far is noted."""

import keras
import numpy as np
from functions import drawn, generator, with_config


def metric(name, class_name, y_pred, y_true, shape=(4,), true_shape=None, weighted=False, batches=(5, 3, 4), **config):
    """shape is one sample's."""
    sparse = isinstance(y_true, str) and y_true.startswith("labels")
    return {"name": name, **with_config(class_name, **config), "y_pred": y_pred, "y_true": y_true, "shape": list(shape),
            "true_shape": list(true_shape if true_shape is not None else (shape[:-1] if sparse else shape)),
            "weighted": weighted, "batches": list(batches)}


def both(name, *args, **options):
    """Without and with sample weights."""
    return [metric(name, *args, **options), metric(f"{name}_weighted", *args, weighted=True, **options)]


CONFUSION = ["TruePositives", "TrueNegatives", "FalsePositives", "FalseNegatives", "Precision", "Recall"]
AT = [("SensitivityAtSpecificity", "specificity"), ("SpecificityAtSensitivity", "sensitivity"), ("PrecisionAtRecall", "recall"),
      ("RecallAtPrecision", "precision")]
MEANS = [("MeanSquaredError", "real", "real"), ("MeanAbsoluteError", "real", "real"), ("MeanAbsolutePercentageError", "real", "real"),
         ("MeanSquaredLogarithmicError", "positive", "positive"), ("RootMeanSquaredError", "real", "real"), ("CosineSimilarity", "real", "real"),
         ("LogCoshError", "real", "real"), ("KLDivergence", "distribution", "distribution"), ("Poisson", "positive", "positive"),
         ("Hinge", "real", "signs"), ("SquaredHinge", "real", "signs"), ("CategoricalHinge", "real", "one_hot"),
         ("BinaryCrossentropy", "probability", "binary"), ("CategoricalCrossentropy", "distribution", "one_hot"),
         ("SparseCategoricalCrossentropy", "distribution", "labels4"), ("PearsonCorrelation", "real", "real"),
         ("ConcordanceCorrelation", "real", "real"), ("BinaryAccuracy", "probability", "binary"),
         ("CategoricalAccuracy", "distribution", "one_hot"), ("SparseCategoricalAccuracy", "distribution", "labels4"),
         ("R2Score", "real", "real")]
SIX = (6,)
# Multiples of 1/16, so that scores tie and lie on thresholds.
GRID = [[0.0, 0.0625, 0.125, 0.5], [0.5, 0.5, 0.75, 1.0], [0.25, 0.25, 0.5, 0.875], [1.0, 1.0, 0.0, 0.3125]]

METRICS = [c for name, y_pred, y_true in MEANS for c in both(name, name, y_pred, y_true)] + [
    metric("MeanSquaredError_rank_3", "MeanSquaredError", "real", "real", (2, 3)),
    metric("MeanSquaredError_rank_3_weighted", "MeanSquaredError", "real", "real", (2, 3), weighted=True),
    metric("RootMeanSquaredError_rank_3_weighted", "RootMeanSquaredError", "real", "real", (2, 3), weighted=True),
    metric("CosineSimilarity_axis_1", "CosineSimilarity", "real", "real", (3, 2), axis=1),
    metric("BinaryCrossentropy_logits", "BinaryCrossentropy", "logits", "binary", from_logits=True, label_smoothing=0.1),
    metric("CategoricalCrossentropy_logits", "CategoricalCrossentropy", "logits", "one_hot", from_logits=True, label_smoothing=0.1),
    metric("SparseCategoricalCrossentropy_ignore_class", "SparseCategoricalCrossentropy", "logits", "labels4", from_logits=True, ignore_class=1),
    metric("BinaryAccuracy_threshold", "BinaryAccuracy", "probability", "binary", threshold=0.7),
    metric("SparseCategoricalAccuracy_column", "SparseCategoricalAccuracy", "distribution", "labels4", true_shape=(1,)),
    metric("SparseCategoricalAccuracy_rank_3", "SparseCategoricalAccuracy", "distribution", "labels4", (3, 4)),
    *both("TopKCategoricalAccuracy_2", "TopKCategoricalAccuracy", "distribution", "one_hot", SIX, k=2),
    metric("TopKCategoricalAccuracy_default", "TopKCategoricalAccuracy", "distribution", "one_hot", SIX),
    metric("TopKCategoricalAccuracy_rank_3", "TopKCategoricalAccuracy", "distribution", "one_hot", (2, 6), k=3),
    metric("TopKCategoricalAccuracy_ties", "TopKCategoricalAccuracy", GRID, [[0, 0, 0, 1], [0, 1, 0, 0], [1, 0, 0, 0], [0, 1, 0, 0]], k=2, batches=(2, 2)),
    *both("SparseTopKCategoricalAccuracy_2", "SparseTopKCategoricalAccuracy", "distribution", "labels6", SIX, k=2),
    metric("SparseTopKCategoricalAccuracy_default", "SparseTopKCategoricalAccuracy", "distribution", "labels6", SIX),
    *[c for name in CONFUSION for c in both(name, name, "probability", "binary")],
    *[metric(f"{name}_threshold", name, "probability", "binary", thresholds=0.3) for name in CONFUSION],
    *[metric(f"{name}_several_thresholds", name, "probability", "binary", thresholds=[0.2, 0.7], weighted=name == "Recall") for name in CONFUSION],
    *[metric(f"{name}_on_thresholds", name, GRID, [[0, 1, 1, 0], [1, 0, 1, 1], [0, 1, 1, 0], [1, 0, 0, 1]], thresholds=[0.0, 0.5, 1.0], batches=(3, 1))
      for name in ("Precision", "Recall", "TruePositives")],
    *[metric(f"{name}_top_k", name, "distribution", "one_hot", SIX, top_k=2) for name in ("Precision", "Recall")],
    *[metric(f"{name}_top_k_of_labels", name, "probability", "binary", SIX, top_k=3, weighted=True) for name in ("Precision", "Recall")],
    *[metric(f"{name}_top_k_and_threshold", name, "probability", "binary", SIX, top_k=3, thresholds=0.6) for name in ("Precision", "Recall")],
    *[metric(f"{name}_class", name, "probability", "binary", class_id=2) for name in ("Precision", "Recall")],
    *[metric(f"{name}_class_0_top_k", name, "distribution", "one_hot", SIX, class_id=0, top_k=2) for name in ("Precision", "Recall")],
    metric("Precision_of_nothing", "Precision", [[0.1], [0.2]], [[0.0], [1.0]], (1,), batches=(2,)),
    *[metric(f"F1Score_{average or 'none'}", "F1Score", "distribution", "one_hot", average=average) for average in (None, "micro", "macro", "weighted")],
    *[metric(f"F1Score_{average or 'none'}_weighted", "F1Score", "distribution", "one_hot", average=average, weighted=True)
      for average in (None, "micro", "macro", "weighted")],
    *[metric(f"FBetaScore_{average or 'none'}_threshold", "FBetaScore", "probability", "binary", average=average, beta=2.0, threshold=0.4)
      for average in (None, "micro", "macro", "weighted")],
    metric("FBetaScore_half", "FBetaScore", "distribution", "one_hot", average="macro", beta=0.5),
    metric("F1Score_ties", "F1Score", [[0.5, 0.5, 0.0], [0.0, 0.0, 0.0], [0.2, 0.3, 0.5]], [[1, 0, 0], [0, 1, 0], [0, 0, 1]], (3,), batches=(2, 1)),
    *[c for curve in ("ROC", "PR", "PRGAIN") for c in both(f"AUC_{curve}", "AUC", "probability", "binary", (1,), curve=curve, batches=(20, 20, 9))],
    *[metric(f"AUC_{curve}_{method}", "AUC", "probability", "binary", (1,), curve=curve, summation_method=method, batches=(20, 20))
      for curve in ("ROC", "PR") for method in ("minoring", "majoring")],
    metric("AUC_several_outputs", "AUC", "probability", "binary", (3,)),
    metric("AUC_few_thresholds", "AUC", "probability", "binary", (1,), num_thresholds=5, batches=(20, 20)),
    metric("AUC_own_thresholds", "AUC", "probability", "binary", (1,), thresholds=[0.1, 0.35, 0.8], batches=(20, 20)),
    metric("AUC_from_logits", "AUC", "logits", "binary", (1,), from_logits=True, batches=(20, 20)),
    metric("AUC_out_of_range", "AUC", [[-0.5], [1.5], [0.5], [0.0], [1.0]], [[0], [1], [1], [1], [0]], (1,), batches=(3, 2)),
    *both("AUC_multi_label", "AUC", "probability", "binary", (3,), multi_label=True, batches=(12, 8)),
    metric("AUC_multi_label_PR", "AUC", "probability", "binary", (3,), multi_label=True, curve="PR", batches=(12, 8)),
    metric("AUC_multi_label_weights", "AUC", "probability", "binary", (3,), multi_label=True, label_weights=[1.0, 0.5, 2.0], batches=(12, 8)),
    metric("AUC_multi_label_own_thresholds", "AUC", "probability", "binary", (3,), multi_label=True, thresholds=[0.2, 0.5, 0.6], batches=(12, 8)),
    metric("AUC_label_weights", "AUC", "probability", "binary", (3,), label_weights=[1.0, 0.5, 2.0], batches=(12, 8)),
    metric("AUC_on_thresholds", "AUC", GRID, [[0, 1, 1, 0], [1, 0, 1, 1], [0, 1, 1, 0], [1, 0, 0, 1]], num_thresholds=17, batches=(3, 1)),
    *[c for name, arg in AT for c in both(name, name, "probability", "binary", (1,), batches=(20, 20), **{arg: 0.6})],
    *[metric(f"{name}_{value}", name, "probability", "binary", (1,), batches=(20, 20), num_thresholds=20, **{arg: value}) for name, arg in AT for value in (0.25, 0.95)],
    *[metric(f"{name}_class", name, "probability", "binary", (3,), batches=(20, 20), class_id=1, **{arg: 0.5}) for name, arg in AT],
    *[metric(f"{name}_one_threshold", name, "probability", "binary", (1,), batches=(20, 20), num_thresholds=1, **{arg: 0.3}) for name, arg in AT],
    *[metric(f"{name}_on_thresholds", name, GRID, [[0, 1, 1, 0], [1, 0, 1, 1], [0, 1, 1, 0], [1, 0, 0, 1]], num_thresholds=9, batches=(3, 1), **{arg: 0.5})
      for name, arg in AT],
    metric("IoU", "IoU", "labels3", "labels3", (7,), (7,), num_classes=3, target_class_ids=[0, 2]),
    metric("IoU_not_sparse", "IoU", "distribution", "one_hot", num_classes=4, target_class_ids=[1], sparse_y_true=False, sparse_y_pred=False),
    metric("IoU_ignore_class", "IoU", "labels3", "labels3", (7,), (7,), num_classes=3, target_class_ids=[0, 1], ignore_class=1),
    metric("IoU_sparse_targets", "IoU", "distribution", "labels4", (3, 4), num_classes=4, target_class_ids=[0, 3], sparse_y_pred=False),
    metric("IoU_out_of_range", "IoU", "labels5", "labels5", (7,), (7,), num_classes=3, target_class_ids=[0, 1, 2]),
    metric("MeanIoU", "MeanIoU", "labels4", "labels4", (7,), (7,), num_classes=4),
    metric("MeanIoU_absent_class", "MeanIoU", "labels3", "labels3", (7,), (7,), num_classes=5),
    metric("MeanIoU_not_sparse_pred", "MeanIoU", "distribution", "labels4", (2, 3, 4), num_classes=4, sparse_y_pred=False),
    metric("BinaryIoU", "BinaryIoU", "probability", "binary", (4,)),
    metric("BinaryIoU_threshold", "BinaryIoU", "probability", "binary", (4,), target_class_ids=[1], threshold=0.3),
    metric("OneHotIoU", "OneHotIoU", "distribution", "one_hot", num_classes=4, target_class_ids=[0, 2]),
    metric("OneHotIoU_images", "OneHotIoU", "distribution", "one_hot", (2, 3, 4), num_classes=4, target_class_ids=[3]),
    metric("OneHotMeanIoU", "OneHotMeanIoU", "distribution", "one_hot", num_classes=4),
    metric("OneHotMeanIoU_ignore_class", "OneHotMeanIoU", "distribution", "one_hot", num_classes=4, ignore_class=0),
    metric("R2Score_none", "R2Score", "real", "real", (3,), class_aggregation=None),
    metric("R2Score_variance", "R2Score", "real", "real", (3,), class_aggregation="variance_weighted_average", weighted=True),
    metric("R2Score_regressors", "R2Score", "real", "real", (1,), num_regressors=2),
    metric("R2Score_too_many_regressors", "R2Score", "real", "real", (1,), num_regressors=40, batches=(3, 2)),
]


def result(value):
    value = np.asarray(keras.ops.convert_to_numpy(value), "float64")
    return [float(np.float32(v)) for v in value] if value.ndim else float(np.float32(value))


def run_metric(case, io):
    rng = generator(case["name"])
    keras.utils.clear_session()
    made = getattr(keras.metrics, case["class_name"])(**case["config"])
    n = sum(case["batches"])
    y_pred = drawn(rng, case["y_pred"], [n, *case["shape"]])
    y_true = drawn(rng, case["y_true"], [n, *case["true_shape"]])
    weight = np.round(rng.uniform(0.2, 2, n), 2).astype("float32") if case["weighted"] else None
    at, batches = 0, []
    for size in case["batches"]:
        part = slice(at, at + size)
        batch = {"y_pred": io.tensor(y_pred[part]), "y_true": io.tensor(y_true[part])}
        if weight is not None:
            batch["sample_weight"] = io.tensor(weight[part])
        # TensorFlow's in_top_k knows float32 only.
        predicted = y_pred[part] if "TopK" in case["class_name"] else io.fx(y_pred[part])
        made.update_state(io.fx(y_true[part]), predicted, **({} if weight is None else {"sample_weight": io.fx(weight[part])}))
        batch["result"] = result(made.result())
        batches.append(batch)
        at += size
    return {"name": case["name"], **with_config(case["class_name"], **case["config"]), "batches": batches, "expect": {"name": made.name}}
