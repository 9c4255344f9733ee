"""What Keras's callbacks decide and print when the figures of each epoch are given to them, and which way its metrics are better.

No model is trained: a case has the `logs` of each epoch (and of each batch, where a callback looks at those), and the callbacks are
called with them as fit would. At the end of epoch e, counted from 1, before the callbacks are called, the model's one weight becomes e.
`expect` has the epochs that came to an end, the learning rate after each, the weight when the training was over, the paths of what was
saved, what was printed, the text of the CSV file, and the logs as the callbacks left them. NaN and infinity are strings.
"""

import contextlib
import io
import os
import tempfile

import keras
import numpy as np


def with_config(class_name, **config):
    return {"class_name": class_name, "config": config}


def early(**config):
    return with_config("EarlyStopping", **config)


def reduce(**config):
    return with_config("ReduceLROnPlateau", **config)


def checkpoint(filepath="{epoch}.keras", **config):
    return with_config("ModelCheckpoint", filepath=filepath, **config)


def schedule(*rates, **config):
    """A schedule that gives the rates one after another; "half" halves the one before."""
    return with_config("LearningRateScheduler", schedule=list(rates), **config)


def csv(**config):
    return with_config("CSVLogger", filename="log.csv", **config)


def case(name, callbacks, **figures):
    """Figures are lists with a number an epoch, None where there is none."""
    batch_logs, before = figures.pop("batch_logs", None), figures.pop("csv_before", None)
    epochs = max(len(v) for v in figures.values()) if figures else len(batch_logs)
    logs = [{k: v[e] for k, v in figures.items() if v[e] is not None} for e in range(epochs)]
    out = {"name": name, "callbacks": callbacks if isinstance(callbacks, list) else [callbacks], "logs": logs}
    if batch_logs:
        out["batch_logs"] = batch_logs
    if before is not None:
        out["csv_before"] = before
    return out


FALLS = [0.9, 0.7, 0.6, 0.55, 0.54, 0.5, 0.45, 0.44]
TURNS = [0.9, 0.7, 0.6, 0.65, 0.64, 0.61, 0.59, 0.7, 0.8, 0.9]
FLAT = [0.5] * 12
RISES = [0.5, 0.6, 0.7, 0.69, 0.71, 0.7, 0.7, 0.7, 0.72, 0.6]
NAN, INF = float("nan"), float("inf")


def losses(*values):
    return [{"loss": v} for v in values]


CASES = [
    case("stop_patience_0", early(), val_loss=TURNS, loss=TURNS),
    case("stop_patience_1", early(patience=1, verbose=1), val_loss=TURNS, loss=TURNS),
    case("stop_patience_2", early(patience=2, verbose=1), val_loss=TURNS, loss=TURNS),
    case("stop_patience_4", early(patience=4, verbose=1), val_loss=TURNS, loss=TURNS),
    case("stop_never", early(patience=2, verbose=1), val_loss=FALLS, loss=FALLS),
    case("stop_in_the_first_epoch_never", early(baseline=0.1), val_loss=[0.5, 0.4, 0.3], loss=[0.5, 0.4, 0.3]),
    case("stop_loss", early(monitor="loss", patience=1), loss=TURNS),
    case("stop_min_delta", early(min_delta=0.1, patience=2), val_loss=FALLS),
    case("stop_min_delta_negative", early(min_delta=-0.1, patience=2), val_loss=FALLS),
    case("stop_flat_is_no_improvement", early(patience=3), val_loss=FLAT),
    case("stop_auto_of_accuracy", early(monitor="accuracy", patience=2), accuracy=RISES, loss=FALLS[:1] * 10),
    case("stop_auto_of_val_accuracy", early(monitor="val_accuracy", patience=3), val_accuracy=RISES),
    case("stop_auto_of_mae", early(monitor="val_mae", patience=1), val_mae=TURNS),
    case("stop_mode_max_of_loss", early(mode="max", patience=1), val_loss=TURNS),
    case("stop_mode_min_of_accuracy", early(monitor="accuracy", mode="min", patience=1), accuracy=RISES),
    case("stop_restores_the_best", early(patience=2, restore_best_weights=True, verbose=1), val_loss=TURNS),
    case("stop_restores_the_best_at_the_end", early(patience=20, restore_best_weights=True, verbose=1), val_loss=TURNS),
    case("stop_baseline_not_reached", early(patience=2, baseline=0.5, restore_best_weights=True, verbose=1), val_loss=TURNS),
    case("stop_baseline_reached_late", early(patience=4, baseline=0.62), val_loss=TURNS),
    case("stop_baseline_with_min_delta", early(patience=3, baseline=0.6, min_delta=0.02), val_loss=FALLS),
    case("stop_start_from_epoch", early(patience=1, start_from_epoch=4, restore_best_weights=True, verbose=1), val_loss=TURNS),
    case("stop_start_from_epoch_0", early(patience=0, start_from_epoch=1), val_loss=FLAT),
    case("stop_figure_is_missing", early(patience=0), loss=TURNS),
    case("stop_figure_is_missing_in_some_epochs", early(patience=1), loss=TURNS, val_loss=[0.9, None, 0.7, None, 0.75, None, 0.76, None, 0.6, None]),
    case("stop_nan_at_first", early(patience=2, restore_best_weights=True, verbose=1), val_loss=[NAN, 0.5, 0.4, 0.3, 0.2]),
    case("stop_nan_later", early(patience=2), val_loss=[0.5, NAN, 0.4, NAN, NAN, NAN]),
    case("stop_infinity", early(patience=2), val_loss=[INF, 0.5, INF, INF, 0.4, 0.3]),

    case("reduce_patience_2", reduce(patience=2), val_loss=TURNS),
    case("reduce_patience_1_says_so", reduce(patience=1, factor=0.5, verbose=1), val_loss=TURNS),
    case("reduce_default_patience", reduce(), val_loss=FLAT + FLAT),
    case("reduce_factor", reduce(patience=2, factor=0.25), val_loss=FLAT),
    case("reduce_cooldown", reduce(patience=2, cooldown=3), val_loss=FLAT),
    case("reduce_cooldown_with_improvement", reduce(patience=1, cooldown=2), val_loss=[0.5, 0.5, 0.4, 0.4, 0.4, 0.4, 0.3, 0.3, 0.3]),
    case("reduce_min_lr", reduce(patience=1, min_lr=0.003, verbose=1), val_loss=FLAT),
    case("reduce_min_lr_above_the_rate", reduce(patience=1, min_lr=0.5, verbose=1), val_loss=FLAT),
    case("reduce_min_delta", reduce(patience=2, min_delta=0.1), val_loss=FALLS),
    case("reduce_default_min_delta", reduce(patience=2), val_loss=[0.5 - 0.00005 * e for e in range(8)]),
    case("reduce_auto_of_accuracy", reduce(monitor="accuracy", patience=2), accuracy=RISES),
    case("reduce_mode_max", reduce(mode="max", patience=2), val_loss=TURNS),
    case("reduce_figure_is_missing", reduce(patience=1), loss=FLAT),
    case("reduce_nan", reduce(patience=2), val_loss=[0.5, NAN, NAN, NAN, 0.4, 0.3]),

    case("save_each_epoch", checkpoint(verbose=1), val_loss=TURNS),
    case("save_names", checkpoint("run/{epoch:02d}-{val_loss:.2f}-{accuracy:.3e}-{loss:g}-{loss:8.3f}.keras"),
         val_loss=TURNS[:3], accuracy=[0.5, 0.25, 1.0], loss=[0.00012, 12345678.0, 0.5]),
    case("save_names_as_they_are", checkpoint("{epoch}-{val_loss}-{loss}.keras"), val_loss=[0.25, 1.0, 1e-5, 1e22], loss=[3.0, 0.1, -0.5, 123456789.125]),
    case("save_best", checkpoint(save_best_only=True, verbose=1), val_loss=TURNS),
    case("save_best_max", checkpoint(monitor="val_accuracy", save_best_only=True, mode="max", verbose=1), val_accuracy=RISES),
    case("save_best_auto", checkpoint(monitor="val_accuracy", save_best_only=True), val_accuracy=RISES),
    case("save_best_threshold", checkpoint(save_best_only=True, initial_value_threshold=0.62, verbose=1), val_loss=TURNS),
    case("save_best_figure_is_missing", checkpoint(save_best_only=True, verbose=1), loss=TURNS[:3]),
    case("save_best_nan", checkpoint(save_best_only=True, verbose=1), val_loss=[NAN, 0.5, 0.4]),
    case("save_weights", checkpoint("{epoch}.weights.h5", save_weights_only=True, verbose=1), val_loss=TURNS[:2]),
    case("save_every_batch", checkpoint("{epoch}-{batch}.keras", save_freq=1), batch_logs=[losses(0.5, 0.4), losses(0.3, 0.2)]),
    case("save_every_2_of_3_batches", checkpoint("{epoch}-{batch:03d}-{loss:.2f}.keras", save_freq=2, verbose=1),
         batch_logs=[losses(0.9, 0.8, 0.7), losses(0.6, 0.5, 0.4), losses(0.3, 0.2, 0.1)]),
    case("save_every_5_of_2_batches", checkpoint("{epoch}-{batch}.keras", save_freq=5), batch_logs=[losses(0.5, 0.4)] * 6),
    # Keras fails where it looks at a second batch before the first epoch's end: it sets the direction only then.
    case("save_best_of_batches", checkpoint("{epoch}-{batch}.keras", monitor="loss", mode="min", save_best_only=True, save_freq=2),
         batch_logs=[losses(0.5, 0.6, 0.4), losses(0.45, 0.3, 0.35), losses(0.6, 0.2, 0.1), losses(0.2, 0.3, 0.2)]),

    case("schedule", schedule(0.5, 0.25, 0.125), val_loss=TURNS[:3]),
    case("schedule_of_the_rate_before", schedule("half", "half", "half", verbose=1), val_loss=TURNS[:3]),

    case("nan_stops", with_config("TerminateOnNaN"), batch_logs=[losses(0.5, 0.4), losses(0.3, NAN, 0.1), losses(0.2)]),
    case("infinity_stops", with_config("TerminateOnNaN"), batch_logs=[losses(-INF, 0.4)]),

    case("csv", csv(), loss=[0.5, 0.25], accuracy=[0.5, 1.0], val_loss=[0.75, 1e-7], val_accuracy=[0.125, 1e20]),
    case("csv_without_validation", csv(), loss=[0.5, 0.1], accuracy=[0.5, 1.0]),
    case("csv_validation_later", csv(separator=";"), loss=[0.5, 0.4, 0.3, 0.2], val_loss=[None, 0.3, None, 0.1]),
    case("csv_nan", csv(), loss=[0.5, NAN, INF]),
    case("csv_appends", csv(append=True), csv_before="epoch,loss,val_loss\r\n0,0.5,NA\r\n", loss=[0.4, 0.3]),
    case("csv_appends_to_nothing", csv(append=True), loss=[0.4, 0.3]),
    case("csv_overwrites", csv(), csv_before="something else\n", loss=[0.4]),

    case("reduce_then_csv", [reduce(patience=1), csv()], val_loss=FLAT[:4], loss=FLAT[:4]),
    case("csv_then_reduce", [csv(), reduce(patience=1)], val_loss=FLAT[:4], loss=FLAT[:4]),
    case("schedule_and_reduce", [schedule(0.5, "half", "half", "half", "half"), reduce(patience=1, factor=0.5)], val_loss=FLAT[:5]),
    case("reduce_stop_and_save", [reduce(patience=2, verbose=1), early(patience=5, restore_best_weights=True, verbose=1),
                                  checkpoint("best-{epoch}-{learning_rate:.4f}.keras", save_best_only=True)], val_loss=TURNS),
    case("stop_before_reduce", [early(patience=2), reduce(patience=2)], val_loss=TURNS),
]

# What a metric cannot be made without.
ARGUMENTS = {
    "IoU": {"num_classes": 2, "target_class_ids": [0]}, "MeanIoU": {"num_classes": 2}, "OneHotIoU": {"num_classes": 2, "target_class_ids": [0]},
    "OneHotMeanIoU": {"num_classes": 2}, "PrecisionAtRecall": {"recall": 0.5}, "RecallAtPrecision": {"precision": 0.5},
    "SensitivityAtSpecificity": {"specificity": 0.5}, "SpecificityAtSensitivity": {"sensitivity": 0.5}, "MeanMetricWrapper": {"fn": abs},
}


def number(v):
    v = float(v)
    if v - v != 0:
        return str(v)
    return float(f"{v:.7g}")


def exact(logs):
    return {k: str(float(v)) if float(v) - float(v) != 0 else float(v) for k, v in logs.items()}


def made_callback(spec, saved):
    config = dict(spec["config"])
    if spec["class_name"] == "LearningRateScheduler":
        rates = config["schedule"]
        config["schedule"] = lambda epoch, rate: rate / 2 if rates[epoch] == "half" else float(rates[epoch])
    return getattr(keras.callbacks, spec["class_name"])(**config)


def run(spec):
    model = keras.Sequential([keras.layers.Input((1,)), keras.layers.Dense(1, use_bias=False, activation="sigmoid")])
    model.compile("sgd", "mse", metrics=["accuracy", "mae"])
    model.optimizer.learning_rate = 0.01
    model.train_on_batch(np.zeros((1, 1)), np.zeros((1, 1)))  # so that the metrics are there
    saved = []
    model.save = lambda path, **_: saved.append(path)
    model.save_weights = lambda path, **_: saved.append(path)
    made = [made_callback(c, saved) for c in spec["callbacks"]]
    folder = os.getcwd()
    with tempfile.TemporaryDirectory() as home, contextlib.redirect_stdout(io.StringIO()) as printed:
        os.chdir(home)
        if "csv_before" in spec:
            with open("log.csv", "w", newline="") as f:
                f.write(spec["csv_before"])
        callbacks = keras.callbacks.CallbackList(made, model=model)
        model.stop_training = False
        callbacks.on_train_begin()
        rates, logs = [], []
        for epoch in range(len(spec["logs"])):
            callbacks.on_epoch_begin(epoch)
            for batch, figures in enumerate(spec.get("batch_logs", [[]] * (epoch + 1))[epoch]):
                callbacks.on_train_batch_begin(batch)
                callbacks.on_train_batch_end(batch, dict(figures))
                if model.stop_training:
                    break
            model.set_weights([np.array([[epoch + 1.0]])])
            logs.append(dict(spec["logs"][epoch]))
            callbacks.on_epoch_end(epoch, logs[-1])
            rates.append(number(model.optimizer.learning_rate.numpy()))
            if model.stop_training:
                break
        callbacks.on_train_end(logs[-1])
        text = None
        if os.path.exists("log.csv"):
            with open("log.csv", newline="") as f:
                text = f.read()
        os.chdir(folder)
    expect = {"epochs": len(logs), "rates": rates, "weight": number(model.get_weights()[0][0, 0]), "printed": printed.getvalue()}
    if saved:
        expect["saved"] = saved
    if text is not None:
        expect["csv"] = text
    if any(set(a) != set(b) for a, b in zip(logs, spec["logs"])):
        expect["logs"] = [{k: number(v) for k, v in l.items()} for l in logs]
    out = {**spec, "logs": [exact(l) for l in spec["logs"]], "expect": expect}
    if "batch_logs" in spec:
        out["batch_logs"] = [[exact(l) for l in epoch] for epoch in spec["batch_logs"]]
    return out


def directions():
    """Which way each of Keras's metrics is better: up, down, or null where Keras doesn't say."""
    made = []
    for name in sorted(dir(keras.metrics)):
        metric = getattr(keras.metrics, name)
        if isinstance(metric, type) and issubclass(metric, keras.metrics.Metric) and metric is not keras.metrics.Metric:
            made.append({"name": name, "expect": getattr(metric(**ARGUMENTS.get(name, {})), "_direction", None)})
    return made


def families():
    return {"callbacks": lambda _: [run(c) for c in CASES], "metric_directions": lambda _: directions()}
