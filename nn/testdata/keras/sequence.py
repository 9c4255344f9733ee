"""What Keras answers for layers over sequences: models that are graphs, some of several inputs and outputs.

A case lists its `inputs` (one sample's shapes), then `nodes`: a layer, the tensors that it is applied to, the arguments beside
them, and how many tensors it returns. Tensors are numbered: the inputs first, then what the nodes return. Each of `outputs`
has a mean squared error. With a `batch_size` the data are that many samples a batch, and stateful layers go on from one to
the next: in `predict`, in the steps and then `evaluate`, each time from the beginning; else all samples are one batch.
"""

import json
import zlib

import keras
import numpy as np

from sequence_cases import ATTENTION, RECURRENT, WRAPPERS


def generator(name):
    return np.random.default_rng(zlib.crc32(name.encode()))


def built(spec):
    """The layer of a config; configs inside it are layers too, and get the names that Keras gives them."""
    def value(v):
        if isinstance(v, dict) and "class_name" in v:
            inner = built(v)
            if isinstance(inner, keras.Layer):
                v["config"].setdefault("name", inner.name)
            return inner
        if isinstance(v, list) and v and isinstance(v[0], dict):
            return [value(e) for e in v]
        return v

    if spec["class_name"] == "Sequential":
        return keras.Sequential([value(v) for v in spec["config"]["layers"]], name=spec["config"].get("name"))
    for module in (keras.layers, keras.regularizers, keras.constraints, keras.initializers):
        if hasattr(module, spec["class_name"]):
            return getattr(module, spec["class_name"])(**{k: value(v) for k, v in spec["config"].items()})
    raise ValueError(spec["class_name"])


LISTED = ("Attention", "AdditiveAttention", "Add", "Concatenate")
BY_POSITION = ("MultiHeadAttention", "GroupQueryAttention")


def applied(spec, layer, x, args, mask):
    if spec["class_name"] in LISTED:
        return layer(x, **args)
    if spec["class_name"] in BY_POSITION:
        more = {"attention_mask": x[3]} if len(x) > 3 else {}
        return layer(*x[:3], **more, **args)
    if len(x) > 1:  # Keras 3.15 looks at no mask where there is an initial state, unless it is told
        return layer(x[0], initial_state=x[1:], mask=mask, **args)
    return layer(x[0], **args)


def build(case):
    keras.utils.clear_session()
    size = {"batch_size": case["batch_size"]} if "batch_size" in case else {}
    tensors = [keras.Input(shape, **size) for shape in case["inputs"]]
    inputs = list(tensors)
    for node in case["nodes"]:
        layer = built(node["layer"])
        node["layer"]["config"] = {"name": layer.name, **node["layer"]["config"]}
        mask = keras.ops.any(keras.ops.not_equal(inputs[0], 0), -1) if "padded" in case else None
        y = applied(node["layer"], layer, [tensors[i] for i in node["in"]], node.get("args", {}), mask)
        y = list(y) if isinstance(y, (list, tuple)) else [y]
        flat = keras.tree.flatten(y)
        assert len(flat) == node.get("out", 1), (case["name"], len(flat))
        tensors += flat
    return keras.Model(inputs, [tensors[i] for i in case["outputs"]])


def initial_weights(model, rng):
    values = []
    for w in model.weights:
        shape = tuple(w.shape)
        v = 0.3 * rng.standard_normal(shape)
        if len(shape) > 1:
            v = rng.standard_normal(shape) / np.sqrt(np.prod(shape[:-1]))
        if w.name in ("moving_variance", "gamma"):
            v = rng.uniform(0.5, 1.5, shape)
        if shape == ():
            v = rng.uniform(0.5, 1.5)
        values.append(np.round(v, 3).astype("float32"))
    return values


def inputs_of(case, rng):
    """Numbers, or whole numbers below `whole`, or the numbers given; `padded` are [sample, step] that hold 0, the padding."""
    xs = []
    n = case.get("samples", 3)
    for i, shape in enumerate(case["inputs"]):
        x = np.round(rng.standard_normal((n, *shape)), 2)
        if str(i) in case.get("whole", {}):
            x = rng.integers(1, case["whole"][str(i)], (n, *shape))
        if str(i) in case.get("given", {}):
            x = np.array(case["given"][str(i)])
        for row, step in case.get("padded", {}).get(str(i), []):
            x[row, step] = 0
        xs.append(x.astype("float32"))
    return xs


def run(case, io):
    case = json.loads(json.dumps(case))
    rng = generator(case["name"])
    model = build(case)
    weights = initial_weights(model, rng)
    xs = inputs_of(case, rng)
    batch = case.get("batch_size", len(xs[0]))
    ys = [np.round(rng.standard_normal((len(xs[0]), *y.shape[1:])), 2).astype("float32") for y in model.outputs]
    optimizer = case.get("optimizer", {"class_name": "SGD", "config": {"learning_rate": 0.02, "momentum": 0.9}})
    losses = "mse" if len(ys) == 1 else ["mse"] * len(ys)

    def named(values):
        return [{"name": w.path, **io.tensor(v)} for w, v in zip(model.weights, values)]

    def fresh(optimizer):
        model.set_weights([io.fx(w) for w in weights])
        for layer in model.layers:
            if getattr(layer, "stateful", False):
                layer.reset_state()
        o = getattr(keras.optimizers, optimizer["class_name"])(**optimizer["config"])
        for constant in ("beta_1", "beta_2"):  # see make.py
            if hasattr(o, constant):
                setattr(o, constant, io.fx(np.array(getattr(o, constant))))
        model.compile(optimizer=o, loss=losses, jit_compile=False, run_eagerly=True)

    def batched(values, i):
        values = [io.fx(v[i * batch:(i + 1) * batch]) for v in values]
        return values[0] if len(values) == 1 else values

    out = {k: v for k, v in case.items() if k not in ("samples", "whole", "given", "padded", "train", "optimizer")}
    out.update(optimizer=optimizer, weights=named(weights), x=[io.tensor(x) for x in xs], y=[io.tensor(y) for y in ys])
    expect = out["expect"] = {}
    fresh(optimizer)
    whole = [io.fx(x) for x in xs]
    predicted = model.predict(whole[0] if len(whole) == 1 else whole, batch_size=batch, verbose=0)
    expect["predict"] = [io.tensor(p) for p in (predicted if isinstance(predicted, list) else [predicted])]
    if not case.get("train", True):
        del out["y"]
        return out
    if "constraint" not in json.dumps(case):  # which a step of SGD at rate 1 would not show
        fresh({"class_name": "SGD", "config": {"learning_rate": 1.0}})
        expect["loss"] = io.number(model.train_on_batch(batched(xs, 0), batched(ys, 0), return_dict=True)["loss"])
        expect["grads"] = named([w - v for w, v in zip(weights, model.get_weights())])
    fresh(optimizer)
    expect["steps"] = []
    for i in range(max(2, len(xs[0]) // batch)):
        i %= len(xs[0]) // batch
        expect["steps"].append(io.number(model.train_on_batch(batched(xs, i), batched(ys, i), return_dict=True)["loss"]))
    expect["final_weights"] = named(model.get_weights())
    targets = [io.fx(y) for y in ys]
    logs = model.evaluate(whole[0] if len(whole) == 1 else whole, targets[0] if len(targets) == 1 else targets,
                          batch_size=batch, return_dict=True, verbose=0)
    expect["evaluate"] = io.number(logs["loss"])
    worst = max([logs["loss"]] + expect["steps"][len(xs[0]) // batch:])
    if not worst < 1.5 * max(expect["steps"][:len(xs[0]) // batch]):
        raise ValueError(f"{case['name']} diverges, its numbers would be badly conditioned: {expect['steps']}, {logs}")
    return out


def families():
    families = {"layers_recurrent": RECURRENT, "layers_wrappers": WRAPPERS, "layers_attention": ATTENTION}
    return {f: lambda io, cases=cases: [run(c, io) for c in cases] for f, cases in families.items()}
