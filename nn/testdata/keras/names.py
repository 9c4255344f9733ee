"""Writes names.json: what Keras's public modules list, each class or function once, with its other names as aliases.

    python names.py
"""

import inspect
import json
import os
from pathlib import Path

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras  # noqa: E402

MODULES = ["layers", "activations", "losses", "metrics", "optimizers", "optimizers.schedules", "callbacks", "initializers",
           "regularizers", "constraints"]
# What serialises, and what others are derived from.
NO_NAMES = {"get", "serialize", "deserialize", "Layer", "InputSpec", "Wrapper", "Loss", "Metric", "MeanMetricWrapper", "Optimizer", "OptimizerMap",
            "LearningRateSchedule", "Callback", "CallbackList", "Initializer", "Regularizer", "Constraint"}


def names(path):
    module = keras
    for part in path.split("."):
        module = getattr(module, part)
    by_object = {}
    for name in sorted(dir(module)):
        value = getattr(module, name)
        if name.startswith("_") or name in NO_NAMES:
            continue
        if inspect.isclass(value) or path == "activations" and callable(value):
            by_object.setdefault(id(value), (value, []))[1].append(name)
    listed = []
    for value, all_names in by_object.values():
        own = value.__name__ if value.__name__ in all_names else all_names[0]
        # Functions' names of classes (glorot_uniform) are strings that configs take, too.
        listed.append({"name": own, "aliases": [n for n in all_names if n != own]})
    return sorted(listed, key=lambda entry: entry["name"].lower())


if __name__ == "__main__":
    table = {path: names(path) for path in MODULES}
    lines = ",\n".join(
        f'{json.dumps(path)}:[\n' + ",\n".join(json.dumps(entry, separators=(",", ":")) for entry in entries) + "\n]"
        for path, entries in table.items()
    )
    path = Path(__file__).parent / "names.json"
    path.write_text(f'{{"made_by":"Keras {keras.__version__}; nn/testdata/keras/names.py","modules":{{\n{lines}\n}}}}\n')
    print({k: len(v) for k, v in table.items()})
