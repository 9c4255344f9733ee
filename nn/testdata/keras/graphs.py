"""Functional models: what Keras answers for graphs of layers, and the configs that it writes of them.

A case has the config as Keras 3 writes it (without what says nothing: dtypes, build_config, initializers), the losses,
metrics and weights of its outputs as compile takes them, and a list of tensors for x and y. `expect` is that of the other
families, `predict` a list. graphs_keras2 has configs in Keras 2's words, from tf_keras, which only predict.
"""

import json
import os
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np

# What stands in for keras.layers, so that Keras 2 builds the same models.
ADAM = {"class_name": "Adam", "config": {"learning_rate": 0.02}}
SGD = {"class_name": "SGD", "config": {"learning_rate": 0.02, "momentum": 0.9}}


def dense_residual(k, L):
    x = k.Input((5,), name="x")
    y = L.Dense(5, activation="relu")(x)
    y = L.Add()([x, y])
    return k.Model(x, L.Dense(3)(y), name="dense_residual")


def cnn_residual(k, L):
    x = k.Input((6, 6, 2))
    y = L.Conv2D(4, 3, padding="same", activation="relu")(x)
    short = y
    for _ in range(2):
        y = L.Conv2D(4, 3, padding="same", use_bias=False)(y)
        y = L.BatchNormalization(momentum=0.8)(y)
        y = L.Activation("relu")(y)
    y = L.Add()([short, y])
    y = L.AveragePooling2D(3)(y)
    y = L.Flatten()(y)
    return k.Model(x, L.Dense(3, activation="softmax")(y))


def two_inputs(k, L):
    a, b = k.Input((4,), name="a"), k.Input((3,), name="b")
    y = L.Concatenate()([L.Dense(3, activation="tanh")(a), L.Dense(2)(b)])
    return k.Model([a, b], L.Dense(2)(y))


def two_outputs(k, L):
    x = k.Input((5,))
    y = L.Dense(6, activation="relu")(x)
    return k.Model(x, [L.Dense(2, name="value")(y), L.Dense(3, activation="softmax", name="kind")(y)])


def two_of_both(k, L):
    a, b = k.Input((4,), name="a"), k.Input((3,), name="b")
    y = L.Concatenate(name="both")([a, L.Dense(4, activation="relu", name="wide")(b)])
    y = L.Dense(5, activation="tanh", name="trunk")(y)
    first = L.Dense(1, activation="sigmoid", name="first")(y)
    second = L.Dense(3, name="second")(L.Concatenate(name="again")([y, a]))
    return k.Model([a, b], [first, second], name="two_of_both")


def siamese(k, L):
    a, b = k.Input((4,), name="left"), k.Input((4,), name="right")
    tower = L.Dense(3, activation="tanh", name="tower")
    return k.Model([a, b], L.Dense(1)(L.Subtract()([tower(a), tower(b)])))


def shared_at_two_depths(k, L):
    x = k.Input((4,))
    a, b = L.Dense(4, activation="tanh", name="a"), L.Dense(4, name="b")
    return k.Model(x, a(b(a(x))))


def shared_shapes(k, L):
    """One kernel for a vector and for a sequence of vectors."""
    v, s = k.Input((3,), name="v"), k.Input((2, 3), name="s")
    d = L.Dense(2, activation="tanh", name="d")
    return k.Model([v, s], L.Concatenate()([d(v), L.Flatten()(d(s))]))


def nested_sequential(k, L):
    x = k.Input((4,))
    inner = k.Sequential([L.InputLayer((4,)), L.Dense(5, activation="relu"), L.Dense(4)], name="inner")
    return k.Model(x, L.Dense(2)(L.Add()([x, inner(x)])))


def nested_two_inputs(k, L):
    p, q = k.Input((3,), name="p"), k.Input((2,), name="q")
    inner = k.Model([p, q], L.Dense(3)(L.Concatenate()([p, q])), name="inner")
    a, b = k.Input((2,), name="a"), k.Input((3,), name="b")
    return k.Model([a, b], L.Dense(2)(inner([b, a])))


def nested_two_outputs(k, L):
    p = k.Input((3,), name="p")
    h = L.Dense(4, activation="tanh")(p)
    inner = k.Model(p, [L.Dense(2)(h), L.Dense(3)(h)], name="inner")
    x = k.Input((3,))
    u, v = inner(x)
    return k.Model(x, [L.Dense(2, name="one")(v), L.Add(name="two")([u, L.Dense(2)(v)])])


def nested_twice(k, L):
    """A model in a model in a model."""
    p = k.Input((3,), name="p")
    core = k.Model(p, L.Dense(3, activation="tanh")(p), name="core")
    q = k.Input((3,), name="q")
    middle = k.Model(q, L.Add()([q, core(q)]), name="middle")
    x = k.Input((3,))
    return k.Model(x, L.Dense(2)(middle(L.Dense(3)(x))))


def nested_shared(k, L):
    """One inner model for two inputs."""
    p = k.Input((3,), name="p")
    inner = k.Model(p, L.BatchNormalization(momentum=0.7)(L.Dense(3, use_bias=False)(p)), name="inner")
    a, b = k.Input((3,), name="a"), k.Input((3,), name="b")
    return k.Model([a, b], L.Dense(2)(L.Multiply()([inner(a), inner(b)])))


def merges(k, L):
    x = k.Input((4,))
    ys = [L.Dense(3, activation="tanh", name=f"branch_{i}")(x) for i in range(4)]
    y = L.Concatenate()([L.Average()(ys), L.Maximum()(ys[:3]), L.Minimum()(ys[1:]), L.Multiply()(ys[:2])])
    return k.Model(x, L.Dense(2)(y))


def stretched_merge(k, L):
    a, b = k.Input((1, 3), name="a"), k.Input((4, 3), name="b")
    y = L.Add()([L.Dense(3)(a), b])
    return k.Model([a, b], L.Dense(2)(L.Multiply()([y, L.Dense(1)(b)])))


def an_output_within(k, L):
    """An output that others are made of."""
    x = k.Input((4,))
    early = L.Dense(3, name="early")(x)
    late = L.Dense(2, name="late")(L.Activation("relu")(early))
    return k.Model(x, [late, early])


def no_dropout(k, L):
    x = k.Input((6,))
    y = L.Dropout(0.5)(L.Dense(6)(x), training=False)
    return k.Model(x, L.Dense(2)(y))


def still_batchnorm(k, L):
    x = k.Input((4,))
    b = L.BatchNormalization(momentum=0.6)
    return k.Model(x, L.Dense(2)(L.Concatenate()([b(L.Dense(3)(x)), b(L.Dense(3)(x), training=False)])))


def shared_norm(k, L):
    """A layer with moving averages, twice in a row."""
    x = k.Input((4,))
    b = L.BatchNormalization(momentum=0.6)
    return k.Model(x, L.Dense(2)(b(L.Dense(4, use_bias=False)(b(x)))))


def frozen_layer(k, L):
    x = k.Input((4,))
    y = L.Dense(4, activation="tanh", trainable=False)(x)
    y = L.BatchNormalization(trainable=False, momentum=0.5)(y)
    return k.Model(x, L.Dense(2)(L.Dense(3, activation="relu")(y)))


def frozen_model(k, L):
    x = k.Input((4,))
    inner = k.Sequential([L.InputLayer((4,)), L.Dense(4, activation="relu"), L.BatchNormalization()], name="base")
    inner.trainable = False
    inner.layers[-1].trainable = True
    return k.Model(x, L.Dense(2)(inner(x)))


def masked(k, L):
    x = k.Input((4, 3))
    y = L.Dense(4, activation="tanh")(L.Masking(0.5)(x))
    return k.Model(x, L.Dense(2)(L.Dropout(0.0)(y)))


def masks_merged(k, L):
    a, b = k.Input((3, 2), name="a"), k.Input((3, 2), name="b")
    ma, mb = L.Masking(0.0)(a), L.Masking(0.0)(b)
    y = L.Add()([L.Dense(3)(ma), L.Dense(3)(mb)])
    return k.Model([a, b], L.Dense(2)(L.Concatenate()([y, L.Multiply()([ma, mb])])))


def masks_of_two_outputs(k, L):
    x = k.Input((4, 2))
    y = L.Masking(0.0)(x)
    return k.Model(x, [L.Dense(2, name="steps")(y), L.Dense(3, name="all")(L.Flatten()(y))])


def many_branches(k, L):
    """Layers made in another order than that in which they run."""
    a, b = k.Input((3,), name="a"), k.Input((2,), name="b")
    last, first, middle = L.Dense(2, name="last"), L.Dense(4, name="first"), L.Dense(4, name="middle")
    side = L.Dense(4, activation="tanh", name="side")(b)
    y = L.Add(name="join")([middle(first(a)), side])
    z = L.Concatenate(name="far")([L.Dense(1, name="short")(a), y, L.Dense(1, name="long")(L.Dense(2, name="longer")(b))])
    return k.Model([a, b], [last(z), L.Dense(1, name="early")(side)])


def by_name(k, L):
    """Inputs and outputs in objects."""
    a, b = k.Input((3,), name="a"), k.Input((2,), name="b")
    y = L.Concatenate()([a, b])
    return k.Model({"one": a, "two": b}, {"u": L.Dense(1, name="u")(y), "v": L.Dense(2, name="v")(y)})


def regularized(k, L):
    x = k.Input((4,))
    y = L.Dense(3, kernel_regularizer=k.regularizers.L2(0.05), name="d")
    z = y(L.Dense(4, activation="tanh", bias_regularizer=k.regularizers.L1(0.1))(x))
    return k.Model(x, [z, L.Dense(1, name="e")(z)])


def case(model, loss="mean_squared_error", targets=("real",), optimizer=None, **options):
    return {"name": model.__name__, "model": model, "loss": loss, "targets": targets, "optimizer": optimizer or SGD, **options}


MSE, CCE, BCE = "mean_squared_error", "categorical_crossentropy", "binary_crossentropy"
CASES = [
    case(dense_residual, verbatim=True),
    case(cnn_residual, CCE, ("one_hot",), metrics=["accuracy"], batch=3),
    case(two_inputs),
    case(two_outputs, {"value": MSE, "kind": CCE}, ("real", "one_hot"), metrics={"kind": ["accuracy"]}, loss_weights={"value": 0.5, "kind": 2.0}),
    case(two_of_both, {"first": BCE, "second": MSE}, ("binary", "real"), metrics={"first": ["accuracy"], "second": ["mean_absolute_error"]},
         optimizer=ADAM, weight_samples=True),
    case(siamese, BCE, ("binary",), optimizer=ADAM),
    case(shared_at_two_depths),
    case(shared_shapes),
    case(nested_sequential),
    case(nested_two_inputs),
    case(nested_two_outputs, targets=("real", "real")),
    case(nested_twice, optimizer=ADAM),
    case(nested_shared),
    case(merges),
    case(stretched_merge),
    case(an_output_within, [MSE, MSE], targets=("real", "real"), loss_weights=[1.0, 0.25]),
    case(shared_norm),
    case(frozen_layer, optimizer=ADAM),
    case(frozen_model),
    case(masked, holes=0.5),
    case(masks_merged, holes=0.0),
    case(masks_of_two_outputs, targets=("real", "real"), holes=0.0),
    case(many_branches, targets=("real", "real")),
    case(by_name, targets=("real", "real")),
    case(regularized, targets=("real", "real"), metrics=[["mean_absolute_error"], ["mean_squared_error"]]),
]
KERAS2 = [two_inputs, two_outputs, siamese, shared_at_two_depths, nested_sequential, nested_two_inputs, nested_two_outputs, nested_twice,
          still_batchnorm, no_dropout, frozen_model, many_branches, masked]


def line(k, L):
    x = k.Input((28, 28, 1))
    return k.Model(x, L.Dense(10)(L.Flatten()(L.MaxPooling2D()(L.Conv2D(8, 3)(x)))))


SUMMARIES = [line, two_of_both, nested_two_outputs, nested_shared, frozen_model]


def stripped(v):
    """A config without what is the same in all of them."""
    if isinstance(v, dict):
        drop = ("dtype", "build_config", "compile_config", "registered_name", "batch_input_shape" if "batch_shape" in v else "")
        return {k: stripped(w) for k, w in v.items() if k not in drop and not (k.endswith("_initializer") or w is None and k != "mask")}
    return [stripped(w) for w in v] if isinstance(v, list) else v


def inputs(rng, shapes, n, holes=None):
    """Numbers for each input; with holes some steps of a sequence hold that value alone."""
    xs = [np.round(rng.standard_normal((n, *s)), 3).astype("float32") for s in shapes]
    if holes is not None:
        for x in xs:
            gone = rng.uniform(size=x.shape[:2]) < 0.35
            gone[:, 0] = False
            x[gone] = holes
    return xs


def generator(name):
    return np.random.default_rng(zlib.crc32(name.encode()))


def made(io, case):
    import keras

    keras.utils.clear_session()
    rng = generator(case["name"])
    model = case["model"](keras, keras.layers)
    config = json.loads(model.to_json().replace("float64", "float32"))
    out = {k: case[k] for k in ("name", "loss", "optimizer", "metrics", "loss_weights") if k in case}
    out["config"] = config if case.get("verbatim") else stripped(config)
    weights = [np.asarray(w, "float32") for w in io.initial_weights(model, case, rng)]
    weights = [np.abs(v) + np.float32(0.5) if "variance" in w.path else v for w, v in zip(model.weights, weights)]
    n = case.get("batch", 5)
    ins = model.inputs if not isinstance(model.input, dict) else [model.input[k] for k in sorted(model.input)]
    x = inputs(rng, [t.shape[1:] for t in ins], n, case.get("holes"))
    outputs = model.outputs
    y = [io.targets(kind, tuple(o.shape[1:]), n, rng) for kind, o in zip(case["targets"], outputs, strict=True)]
    out.update(weights=io.named(model, weights), x=[io.tensor(a) for a in x], y=[io.tensor(a) for a in y])
    kw = {}
    if case.get("weight_samples"):
        ws = [np.round(rng.uniform(0.2, 2, n), 2).astype("float32") for _ in y]
        out["sample_weight"] = [io.tensor(w) for w in ws]
        kw["sample_weight"] = [io.fx(w) for w in ws]
    given, wanted = [io.fx(a) for a in x], [io.fx(a) for a in y]
    if isinstance(model.input, dict):
        given = dict(zip(sorted(model.input), given))
        wanted = dict(zip(sorted(model.output), wanted))
    elif len(given) == 1:
        given = given[0]
    if isinstance(wanted, list) and len(wanted) == 1:
        wanted = wanted[0]

    def fresh(optimizer):
        model.set_weights([w.astype(io.floatx) for w in weights])
        model.compile(optimizer=io.optimizer(optimizer), loss=case["loss"], metrics=case.get("metrics"),
                      loss_weights=case.get("loss_weights"), jit_compile=False)

    def listed(p):
        return [p[k] for k in sorted(p)] if isinstance(p, dict) else p if isinstance(p, list) else [p]

    expect = out["expect"] = {}
    fresh(case["optimizer"])
    expect["predict"] = [io.tensor(p) for p in listed(model.predict(given, verbose=0))]
    expect["shapes"] = [list(o.shape[1:]) for o in outputs]
    fresh({"class_name": "SGD", "config": {"learning_rate": 1.0}})
    trained = {id(v) for v in model.trainable_variables}
    expect["trainable"] = [id(w) in trained for w in model.weights]
    expect["loss"] = io.number(model.train_on_batch(given, wanted, return_dict=True, **kw)["loss"])
    expect["grads"] = io.named(model, [w - v for w, v in zip(weights, model.get_weights())])
    fresh(case["optimizer"])
    expect["steps"] = [io.scalars(model.train_on_batch(given, wanted, return_dict=True, **kw)) for _ in range(3)]
    expect["final_weights"] = io.named(model, model.get_weights())
    expect["evaluate"] = io.scalars(model.evaluate(given, wanted, return_dict=True, verbose=0, **kw))
    losses = [s["loss"] for s in expect["steps"]]
    if max(losses) > 1.2 * losses[0]:
        raise ValueError(f"{case['name']} diverges: {losses}")
    return out


def summaries():
    """summary() in terminals of 80 and of 120 columns. It counts bytes, so that floatx is float32."""
    import keras

    keras.config.set_floatx("float32")
    cases = []
    for build in SUMMARIES:
        keras.utils.clear_session()
        model = build(keras, keras.layers)
        expect = {}
        for columns in ("80", "120"):
            os.environ["COLUMNS"] = columns
            lines = []
            model.summary(print_fn=lines.append)
            expect[f"columns_{columns}"] = "\n".join(lines)
        cases.append({"name": build.__name__, "config": stripped(json.loads(model.to_json())), "expect": expect})
    return cases


def keras2():
    """What tf_keras says; a process of its own, since it and Keras 3 set TensorFlow up differently."""
    env = {**os.environ, "PYTHONPATH": os.environ.get("TF_KERAS", "")}
    text = subprocess.run([sys.executable, str(Path(__file__)), "keras2"], env=env, check=True, capture_output=True, text=True).stdout
    return json.loads(text.splitlines()[-1])


def main():
    import tf_keras as keras2

    keras2.backend.set_floatx("float64")
    cases = []
    for build in KERAS2:
        keras2.backend.clear_session()
        rng = generator(build.__name__ + "_2")
        model = build(keras2, keras2.layers)
        weights = [np.round(rng.standard_normal(w.shape) * 0.5, 3) for w in model.weights]
        weights = [np.abs(v) + 0.1 if "variance" in w.name else v for w, v in zip(model.weights, weights)]
        model.set_weights(weights)
        x = inputs(rng, [t.shape[1:] for t in model.inputs], 3, 0.0 if "mask" in build.__name__ else None)
        p = model.predict(x if len(x) > 1 else x[0], verbose=0)
        tensor = lambda a: {"shape": list(a.shape), "data": [float(str(np.float32(v))) + 0.0 for v in np.ravel(a)]}  # noqa: E731
        config = json.loads(model.to_json().replace("float64", "float32"))
        cases.append({
            "name": build.__name__, "config": stripped(config),
            "weights": [{"name": "/".join(w.name.removesuffix(":0").split("/")[-2:]), **tensor(v)} for w, v in zip(model.weights, weights)],
            "x": [tensor(a) for a in x], "expect": {"predict": [tensor(a) for a in (p if isinstance(p, list) else [p])]},
        })
    print(json.dumps(cases))


if __name__ == "__main__":
    main()
