"""Writes the Keras golden files beside it, or compares another backend with them.

    python make.py              # writes *.json (TensorFlow backend, float64)
    python make.py fit losses   # only those
    python make.py --compare    # writes nothing: recomputes and prints the differences
    GOLDEN_BACKEND=jax python make.py --compare
    GOLDEN_BACKEND=jax python make.py optimizers_jax    # what TensorFlow's backend has wrong
    GOLDEN_FLOATX=float32 python make.py --compare

cases.py says what is computed, this file computes it. See README.md.
"""

import json
import os
import sys
import zlib
from importlib import metadata
from pathlib import Path

os.environ["KERAS_BACKEND"] = os.environ.get("GOLDEN_BACKEND", "tensorflow")
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""
os.environ["JAX_PLATFORMS"] = "cpu"
FLOATX = os.environ.get("GOLDEN_FLOATX", "float64")
if FLOATX == "float64":
    os.environ["JAX_ENABLE_X64"] = "1"

import keras  # noqa: E402
import numpy as np  # noqa: E402

sys.dont_write_bytecode = True
import callbacks  # noqa: E402
import cases  # noqa: E402
import functions  # noqa: E402
import graphs  # noqa: E402
import images  # noqa: E402
import layers  # noqa: E402
import ops  # noqa: E402
import sequence  # noqa: E402
import sequences  # noqa: E402
import text  # noqa: E402
import training  # noqa: E402

keras.config.set_floatx(FLOATX)
if keras.backend.backend() == "tensorflow":
    import tensorflow as tf

    tf.get_logger().setLevel("ERROR")
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    tf.config.experimental.enable_op_determinism()

HERE = Path(__file__).parent


def number(v):
    """The shortest decimal that reads back as the same float32."""
    v = np.float32(v)
    return 0.0 if v == 0 else float(str(v))


def tensor(a):
    a = np.asarray(a)
    if a.dtype.kind in "iu":
        return {"shape": list(a.shape), "data": [int(v) for v in a.ravel()], "dtype": "int32"}
    return {"shape": list(a.shape), "data": [number(v) for v in a.ravel()]}


def scalars(logs):
    return {k: figure(v) for k, v in logs.items()}


def figure(v):
    """A number, or of a metric that has several a list."""
    v = np.asarray(v)
    return [number(x) for x in v] if v.ndim else number(v)


# Building ------------------------------------------------------------------


def activation(spec):
    """A name, or {class_name, config} for the activations that take an argument."""
    if not isinstance(spec, dict):
        return spec
    function, config = getattr(keras.activations, spec["class_name"]), spec["config"]
    return lambda x: function(x, **config)


def build(case):
    keras.utils.clear_session()
    model = keras.Sequential([keras.layers.Input(case["input_shape"])])
    for layer in case["layers"]:
        config = dict(layer["config"])
        if "activation" in config:
            config["activation"] = activation(config["activation"])
        model.add(getattr(keras.layers, layer["class_name"])(**config))
    for layer, built in zip(case["layers"], model.layers):
        layer["config"] = {"name": built.name, **layer["config"]}
    return model


def object_of(module, spec):
    if not isinstance(spec, dict):
        return spec
    config = dict(spec["config"])
    kept = config.pop("exclude_from_weight_decay", None)  # a method in Keras, an argument in tabgrad
    if isinstance(config.get("learning_rate"), dict):
        config["learning_rate"] = training.exact(object_of(keras.optimizers.schedules, config["learning_rate"]))
    made = getattr(module, spec["class_name"])(**config)
    if kept:
        made.exclude_from_weight_decay(var_names=kept)
    return made


def optimizer_of(spec):
    # TensorFlow takes Adam's powers of a Python float in float32, whatever floatx is: 1 - 0.999 is off by 1.3e-5.
    return training.exact(object_of(keras.optimizers, spec))


def compile_model(model, case, optimizer=None):
    optimizer = optimizer_of(optimizer or case["optimizer"])
    if isinstance(optimizer, keras.optimizers.ScheduleFreeAdamW):
        # Its momentum begins as the weights, which is lost where the optimizer is built in a graph, as a fit does.
        optimizer.build(model.trainable_variables)
    model.compile(
        optimizer=optimizer,
        loss=object_of(keras.losses, case["loss"]),
        metrics=[object_of(keras.metrics, m) for m in case.get("metrics", [])],
        weighted_metrics=[object_of(keras.metrics, m) for m in case.get("weighted_metrics", [])],
        loss_weights=case.get("loss_weights"),
        jit_compile=False,
    )
    return model


def generator(name):
    return np.random.default_rng(zlib.crc32(name.encode()))


def initial_weights(model, case, rng):
    values = []
    for w in model.weights:
        shape = tuple(w.shape)
        if len(shape) == 1:
            v = 0.2 * rng.standard_normal(shape)
            if w.name == "moving_variance":
                v = 0.5 + np.abs(v)
        else:
            v = rng.standard_normal(shape) / np.sqrt(np.prod(shape[:-1]))
        values.append(np.round(v * case.get("weight_scale", 1), 4).astype("float32"))
    return case.get("initial", values)


def named(model, values):
    return [
        {"name": "/".join(w.path.split("/")[-2:]), **tensor(v)}
        for w, v in zip(model.weights, values)
    ]


def targets(kind, shape, n, rng):
    """Targets of the wanted kind for a model whose outputs are [n, *shape]."""
    if kind == "real":
        return np.round(rng.standard_normal((n, *shape)), 3).astype("float32")
    if kind == "real_flat":  # [n] for outputs of [n, 1]
        return np.round(rng.standard_normal(n), 3).astype("float32")
    if kind == "binary_flat":
        return rng.integers(0, 2, n).astype("float32")
    if kind == "binary":
        return rng.integers(0, 2, (n, *shape)).astype("float32")
    classes = shape[-1]
    labels = np.resize(np.arange(classes), (n, *shape[:-1]))
    labels = rng.permuted(labels, axis=0)
    if kind == "labels":
        return labels.astype("int32")
    if kind == "labels_column":
        return labels.astype("int32")[..., None]
    if kind == "one_hot":
        return np.eye(classes, dtype="float32")[labels]
    if kind == "distribution":
        p = rng.uniform(0.1, 1, (n, *shape))
        return np.round(p / p.sum(-1, keepdims=True), 3).astype("float32")
    raise ValueError(kind)


def data(case, model, n, rng):
    x = rng.standard_normal((n, *case["input_shape"])) * case.get("x_scale", 1)
    y = targets(case["targets"], tuple(model.output_shape[1:]), n, rng)
    return np.round(x, 3).astype("float32"), y


def fx(a):
    """As Keras gets it: floats in floatx, integer labels as they are."""
    return a if a is None or a.dtype.kind in "iu" else a.astype(FLOATX)


class FunctionIO:
    """How functions.py gives Keras numbers, and takes them back."""

    tensor, number, fx = staticmethod(tensor), staticmethod(number), staticmethod(fx)

    @staticmethod
    def differentiable(x):
        return tf.Variable(fx(x))

    @staticmethod
    def gradient(function, x):
        """What function(x) returns first, and the gradient of what it returns last."""
        with tf.GradientTape() as tape:
            results = function(x)
        grad = tape.gradient(results[-1], x)
        return keras.ops.convert_to_numpy(results[0]), tf.convert_to_tensor(grad).numpy() if grad is not None else np.zeros(x.shape)


class GraphIO(FunctionIO):
    """The same for graphs.py."""

    floatx, optimizer, initial_weights, named = FLOATX, staticmethod(optimizer_of), staticmethod(initial_weights), staticmethod(named)
    targets, scalars = staticmethod(targets), staticmethod(scalars)


# Running -------------------------------------------------------------------

INTERNAL = ("targets", "batch", "steps", "weight_scale", "x_scale", "initial", "x", "y", "weight_samples",
            "n", "n_validation", "trajectory", "label_dtype", "train", "gradients", "compact", "grows")


def run_case(case):
    """The case as it is written to its file, with everything that Keras answers."""
    case = json.loads(json.dumps(case))
    rng = generator(case["name"])
    model = build(case)
    weights = [np.asarray(w, "float32") for w in initial_weights(model, case, rng)]
    if "fit" in case:
        return run_fit(case, model, weights, rng)
    x, y = data(case, model, case.get("batch", 6), rng)
    if "x" in case:
        x = np.asarray(case["x"], "float32")
    if "y" in case:
        y = np.asarray(case["y"], "int32" if case["targets"].startswith("labels") else "float32")
    out = {k: v for k, v in case.items() if k not in INTERNAL}
    out.update(weights=named(model, weights), x=tensor(x), y=tensor(y))
    kw = {}
    if case.get("weight_samples"):
        sample_weight = np.round(rng.uniform(0.2, 2, len(x)), 2).astype("float32")
        out["sample_weight"] = tensor(sample_weight)
        kw["sample_weight"] = fx(sample_weight)
    if "class_weight" in case:
        kw["class_weight"] = {int(k): v for k, v in case["class_weight"].items()}
    x, y = fx(x), fx(y)

    def fresh(optimizer=None):
        model.set_weights([w.astype(FLOATX) for w in weights])
        return compile_model(model, case, optimizer)

    expect = out["expect"] = {}
    if not case.get("compact"):
        fresh()
        expect["predict"] = tensor(model.predict(x, verbose=0))
    if case.get("train", True):
        # The gradient is what plain SGD at rate 1 takes off the weights: exact to
        # float64 rounding, and Keras's own on any backend.
        if case.get("gradients", True) and not case.get("compact"):
            fresh({"class_name": "SGD", "config": {"learning_rate": 1.0}})
            expect["loss"] = number(model.train_on_batch(x, y, return_dict=True, **kw)["loss"])
            expect["grads"] = named(model, [w - v for w, v in zip(weights, model.get_weights())])
        fresh()
        expect["steps"] = []
        trajectory = []
        for _ in range(case.get("steps", 3)):
            expect["steps"].append(scalars(model.train_on_batch(x, y, return_dict=True, **kw)))
            trajectory.append(number(np.ravel(model.get_weights()[0])[0]))
        losses = [s["loss"] for s in expect["steps"]]
        if max(losses) > 1.2 * losses[0] and not case.get("grows"):
            raise ValueError(f"{case['name']} diverges, its numbers would be badly conditioned: {losses}")
        if case.get("trajectory"):
            expect["trajectory"] = trajectory
        expect["final_weights"] = named(model, model.get_weights())
    kw.pop("class_weight", None)
    expect["evaluate"] = scalars(
        model.evaluate(x, y, batch_size=case.get("evaluate_batch_size", 32), return_dict=True, verbose=0, **kw)
    )
    return out


def run_fit(case, model, weights, rng):
    x, y = data(case, model, case["n"], rng)
    out = {k: v for k, v in case.items() if k not in INTERNAL}
    out.update(weights=named(model, weights), x=tensor(x), y=tensor(y))
    kw = dict(case["fit"])
    if case.get("weight_samples"):
        sample_weight = np.round(rng.uniform(0.2, 2, len(x)), 2).astype("float32")
        out["sample_weight"] = tensor(sample_weight)
        kw["sample_weight"] = fx(sample_weight)
    if "class_weight" in case:
        kw["class_weight"] = {int(k): v for k, v in case["class_weight"].items()}
    if "n_validation" in case:
        vx, vy = data(case, model, case["n_validation"], rng)
        out["validation_data"] = {"x": tensor(vx), "y": tensor(vy)}
        kw["validation_data"] = (fx(vx), fx(vy))
    model.set_weights([w.astype(FLOATX) for w in weights])
    compile_model(model, case)
    history = model.fit(fx(x), fx(y), verbose=0, **kw)
    out["expect"] = {
        "epoch": history.epoch,
        "history": {k: [figure(v) for v in h] for k, h in history.history.items()},
        "final_weights": named(model, model.get_weights()),
        "evaluate": scalars(model.evaluate(fx(x), fx(y), batch_size=5, return_dict=True, verbose=0)),
    }
    return out


def initializer_case(case):
    """Moments and quantiles of some 200,000 draws, to compare as a distribution."""
    shape, values, seed = tuple(case["shape"]), [], 0
    while sum(v.size for v in values) < 200_000:
        seed += 1
        init = getattr(keras.initializers, case["class_name"])
        config = dict(case["config"])
        if case["class_name"] not in ("Zeros", "Ones", "Constant", "Identity"):
            config["seed"] = seed
        values.append(keras.ops.convert_to_numpy(init(**config)(shape, dtype="float32")).ravel())
    v = np.concatenate(values).astype("float64")
    levels = [0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99]
    stats = {"count": v.size, "mean": number(v.mean()), "std": number(v.std()),
             "min": number(v.min()), "max": number(v.max()),
             "quantiles": [[q, number(np.quantile(v, q))] for q in levels]}
    return {**case, "expect": stats}


def families(wanted):
    trained = {**cases.FAMILIES, **training.FAMILIES, "layers_training": layers.TRAINING}
    if keras.backend.backend() == "jax":
        trained |= training.ON_JAX
    makers = {f: lambda specs=specs: [run_case(c) for c in specs] for f, specs in trained.items()}
    makers["initializers"] = lambda: [initializer_case(c) for c in cases.INITIALIZERS]
    makers["progbar"] = text.progress_lines
    for module in (functions, layers, sequence, callbacks, sequences, images):
        makers.update({f: lambda made=made: made(FunctionIO) for f, made in module.families().items()})
    makers["ops"] = lambda: ops.made(FunctionIO)
    makers["graphs"] = lambda: [graphs.made(GraphIO, c) for c in graphs.CASES]
    makers["graphs_keras2"] = graphs.keras2
    # Last, because they go back to float32: the tables count bytes.
    makers["summary"] = lambda: text.summaries(build, compile_model, cases.SUMMARIES)
    makers["graphs_summary"] = graphs.summaries
    for family, make in makers.items():
        if not wanted or family in wanted:
            yield family, make()


def header():
    versions = f"Keras {keras.__version__}"
    if keras.backend.backend() == "tensorflow":
        versions += f", TensorFlow {tf.__version__}"
    if keras.backend.backend() == "jax":
        versions += f", JAX {metadata.version('jax')}"
    return f"{versions}, NumPy {np.__version__}; floatx {FLOATX}; nn/testdata/keras/make.py"


def write(family, made):
    lines = ",\n".join(json.dumps(c, separators=(",", ":"), ensure_ascii=False) for c in made)
    path = HERE / f"{family}.json"
    path.write_text(f'{{"made_by":{json.dumps(header())},"family":"{family}","cases":[\n{lines}\n]}}\n')
    print(f"{path.name}: {len(made)} cases, {path.stat().st_size} bytes")


# Comparing -----------------------------------------------------------------


def differences(want, got, where):
    """(error, where) of every number: |got-want| over the largest magnitude in its list."""
    if isinstance(want, dict):
        for k in want:
            yield from differences(want[k], got[k], f"{where}.{k}")
    elif isinstance(want, list) and want and not isinstance(want[0], (dict, list)):
        scale = max((abs(v) for v in want if isinstance(v, (int, float))), default=0)
        for w, g in zip(want, got, strict=True):
            if isinstance(w, str):
                yield (0 if w == g else float("inf")), where
            else:
                yield abs(w - g) / max(scale, 1e-6), where
    elif isinstance(want, list):
        for i, (w, g) in enumerate(zip(want, got, strict=True)):
            yield from differences(w, g, f"{where}[{i}]")
    elif isinstance(want, (int, float)):
        yield abs(want - got) / max(abs(want), 1e-6), where
    else:
        yield (0 if want == got else float("inf")), where


def compare(family, made):
    stored = json.loads((HERE / f"{family}.json").read_text())["cases"]
    worst = []
    for want, got in zip(stored, made, strict=True):
        got = json.loads(json.dumps(got))
        worst.append((*max(differences(want["expect"], got["expect"], "expect")), want["name"]))
    worst.sort(reverse=True)
    print(f"{family}: " + "; ".join(f"{e:.1e} {n} {w}" for e, w, n in worst[:4]))


if __name__ == "__main__":
    for family, made in families([a for a in sys.argv[1:] if not a.startswith("--")]):
        if "--compare" in sys.argv:
            compare(family, made)
        else:
            write(family, made)
