"""What Keras prints: model.summary() and the progress bar, recorded with a clock of our own."""

import os
import re

import keras
import keras.src.utils.progbar as progbar
from keras.src.utils import io_utils


def summaries(build, compile_model, specs):
    """summary() in a terminal of 80 columns (76 wide tables) and of 120 (Keras stops at 88)."""
    keras.config.set_floatx("float32")
    made = []
    for case in specs:
        model = build(case)
        model.name = case.get("model_name", "sequential")
        if "optimizer" in case:
            compile_model(model, case)
            model.optimizer.build(model.trainable_variables)
        expect = {}
        for columns in ("80", "120"):
            os.environ["COLUMNS"] = columns
            lines = []
            model.summary(print_fn=lines.append)
            expect[f"columns_{columns}"] = "\n".join(lines)
        made.append({**case, "expect": expect})
    return made


class Clock:
    """Stands in for the time module inside Progbar."""

    now = START = 1000.0

    def time(self):
        return self.now


def steps(target, seconds_a_step, values, at=None):
    """Updates as ProgbarLogger makes them: one a batch, then a final one at the epoch's end.

    Times are seconds since the epoch began, chosen so that no printed number lies on a rounding edge.
    """
    updates = []
    for i in range(1, target + 1):
        if at is None or i in at:
            updates.append({"time": i * seconds_a_step, "current": i, "values": values(i)})
    updates.append({"time": target * seconds_a_step, "current": target, "values": values(target), "finalize": True})
    return updates


def accuracy_and_loss(i):
    return [["accuracy", round(1 - 1 / (i + 1), 5)], ["loss", round(2 / (i + 1), 5)]]


def loss_only(i):
    return [["loss", round(1 / (i + 1), 6)]]


CASES = [
    {"name": "mnist_epoch", "target": 469, "updates": steps(469, 0.025, accuracy_and_loss, at=(1, 2, 100, 468, 469))},
    {"name": "ten_steps", "target": 10, "updates": steps(10, 0.21, accuracy_and_loss)},
    {"name": "one_step", "target": 1, "updates": steps(1, 0.3, accuracy_and_loss)},
    {"name": "with_validation", "target": 4, "updates": steps(4, 0.06, accuracy_and_loss)[:-1]
     + [{"time": 0.31, "current": 4, "finalize": True,
         "values": accuracy_and_loss(4) + [["val_accuracy", 0.8125], ["val_loss", 0.4375]]}]},
    {"name": "minutes_left", "target": 1000, "updates": steps(1000, 0.503, loss_only, at=(1, 2, 10, 800, 999))},
    {"name": "hours_left", "target": 1000, "updates": steps(1000, 10.07, loss_only, at=(1, 2, 400, 700, 990))},
    {"name": "seconds_a_step", "target": 3, "updates": steps(3, 1.6, loss_only)},
    {"name": "microseconds_a_step", "target": 2000, "updates": steps(2000, 0.0004, loss_only, at=(1, 500, 1000, 1999))},
    {"name": "throttled_to_every_50_ms", "target": 12, "updates": steps(12, 0.02, loss_only)},
    {"name": "slow_first_step", "target": 5, "updates": [
        {"time": 2.0 + 0.1 * i, "current": i + 1, "values": loss_only(i + 1)} for i in range(5)]
        + [{"time": 2.4, "current": 5, "values": loss_only(5), "finalize": True}]},
    {"name": "small_and_large_values", "target": 2, "updates": steps(
        2, 0.1, lambda i: [["loss", 0.00012345 * i], ["zero", 0.0], ["negative", -0.25], ["edge", 0.001], ["large", 12345.678]])},
    {"name": "unknown_length", "target": None, "updates": [
        {"time": 0.1 * i, "current": i, "values": loss_only(i)} for i in range(1, 4)]},
    {"name": "verbose_2", "target": 469, "verbose": 2, "updates": steps(469, 0.025, accuracy_and_loss, at=(1, 469))},
    {"name": "verbose_2_small_loss", "target": 8, "verbose": 2, "updates": steps(8, 0.002, lambda i: [["loss", 0.0005 / i]])},
]


def plain(raw):
    """The text a person sees: no colours, no backspaces, no carriage return, no padding."""
    return re.sub(r"\x1b\[\d+m", "", raw).strip("\b\r\n").rstrip()


def progress_lines():
    clock = Clock()
    progbar.time, real = clock, progbar.time
    said = []
    printed, io_utils.print_msg = io_utils.print_msg, lambda message, line_break=True: said.append(message)
    try:
        made = []
        for case in CASES:
            clock.now = clock.START
            bar = progbar.Progbar(case["target"], verbose=case.get("verbose", 1), stateless_metrics=set(), unit_name="step")
            bar._dynamic_display = True
            lines, raw = [], []
            for u in case["updates"]:
                said.clear()
                clock.now = clock.START + u["time"]
                bar.update(u["current"], [tuple(v) for v in u["values"]], finalize=u.get("finalize", False))
                raw.append("".join(said))
                lines.append(plain(raw[-1]))
            made.append({**case, "expect": {"lines": lines, "last_raw": raw[-1]}})
        return made
    finally:
        progbar.time, io_utils.print_msg = real, printed
