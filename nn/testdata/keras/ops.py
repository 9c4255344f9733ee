"""What keras.ops gives for the operations that custom layers are recorded in, and the gradient of Σ y·weight in the first input.

A case has the operation's name in nn.Ops and its arguments, as a recording has them, and `in`, the operands: "x0", "x1" are tensors of
`inputs`, the rest numbers.
"""

import zlib

import keras
import numpy as np
from keras import ops

CASES = []


def case(name, op, function, *operands, args=None, gradient=True, suffix=""):
    CASES.append({"name": name + suffix, "op": op, "function": function, "operands": operands, "args": args or {}, "gradient": gradient})


R, P = "real", "positive"  # kinds of numbers


def plain(op, *kinds, shape=(3, 4), gradient=True, function=None):
    case(op, op, function or getattr(ops, op), *[(k, shape) for k in kinds], gradient=gradient)


for op in ("add", "subtract", "multiply", "maximum", "minimum"):
    plain(op, R, R)
plain("divide", R, P)
plain("power", P, R)
plain("mod", R, P)
case("add_stretched", "add", ops.add, (R, (3, 1, 2)), (R, (4, 1)))
for op, n in (("add", 1.5), ("subtract", 1.5), ("multiply", -2), ("divide", 3), ("maximum", 0.25), ("power", 2), ("power", 3), ("power", -2), ("power", 0), ("power", 1)):
    case(f"{op}_number_{n}", op, getattr(ops, op), (R, (2, 3)), n)
case("power_number_half", "power", ops.power, (P, (2, 3)), 0.5)
case("power_number_2.5", "power", ops.power, (P, (2, 3)), 2.5)
for op in ("add", "subtract", "multiply", "divide"):
    case(f"number_{op}", op, getattr(ops, op), 2.5, (P, (2, 3)))
for op in ("negative", "absolute", "square", "exp", "expm1", "sin", "cos", "erf"):
    plain(op, R)
for op in ("sqrt", "rsqrt", "reciprocal", "log", "log1p"):
    plain(op, P)
for op in ("sign", "floor", "ceil", "round"):
    plain(op, R, gradient=False)
case("clip", "clip", lambda x: ops.clip(x, -0.5, 0.7), (R, (3, 4)), args={"min": -0.5, "max": 0.7})
case("clip_at_0", "clip", lambda x: ops.clip(x, 0, 1), (R, (3, 4)), args={"min": 0, "max": 1})
case("cast_int", "cast", lambda x: ops.cast(ops.cast(x, "int32"), x.dtype), ("wide", (3, 4)), args={"dtype": "int32"}, gradient=False)
case("cast_bool", "cast", lambda x: ops.cast(ops.cast(x, "bool"), x.dtype), ("whole", (3, 4)), args={"dtype": "bool"}, gradient=False)
case("stop_gradient", "stop_gradient", ops.stop_gradient, (R, (2, 2)))
for op in ("equal", "not_equal", "greater", "greater_equal", "less", "less_equal"):
    plain(op, "whole", "whole", gradient=False)
for op in ("logical_and", "logical_or"):
    plain(op, "whole", "whole", gradient=False)
plain("logical_not", "whole", gradient=False)
case("where", "where", lambda x, y, c: ops.where(c != 0, x, y), (R, (3, 4)), (R, (3, 4)), ("whole", (3, 4)))
CASES[-1]["order"] = ["x2", "x0", "x1"]

for op, name in (("sum", "sum"), ("mean", "mean"), ("max", "max"), ("min", "min"), ("var", "var"), ("std", "std"), ("logsumexp", "logsumexp")):
    f = getattr(ops, op)
    case(name + "_all", name, f, (R, (2, 3, 4)))
    case(name + "_axis", name, lambda x, f=f: f(x, axis=1), (R, (2, 3, 4)), args={"axis": 1})
    case(name + "_axes_kept", name, lambda x, f=f: f(x, axis=(0, -1), keepdims=True), (R, (2, 3, 4)), args={"axis": [0, -1], "keepDims": True})
for op in ("argmax", "argmin"):
    case(op, op, lambda x, op=op: getattr(ops, op)(x, axis=-1), (R, (3, 4)), gradient=False)
    case(op + "_axis", op, lambda x, op=op: getattr(ops, op)(x, axis=1), (R, (2, 3, 4)), args={"axis": 1}, gradient=False)
case("normalize", "normalize", lambda x: ops.normalize(x, axis=-1), (R, (3, 4)))
case("normalize_axis", "normalize", lambda x: ops.normalize(x, axis=1), (R, (2, 3, 2)), args={"axis": 1})

case("reshape", "reshape", lambda x: ops.reshape(x, (2, -1, 2)), (R, (2, 6)), args={"shape": [2, -1, 2]})
case("expand_dims", "expand_dims", lambda x: ops.expand_dims(x, 1), (R, (2, 3)), args={"axis": 1})
case("expand_dims_end", "expand_dims", lambda x: ops.expand_dims(x, -1), (R, (2, 3)))
case("squeeze", "squeeze", lambda x: ops.squeeze(x, 1), (R, (2, 1, 3, 1)), args={"axis": 1})
case("squeeze_all", "squeeze", ops.squeeze, (R, (2, 1, 3, 1)))
case("transpose", "transpose", ops.transpose, (R, (2, 3, 4)))
case("transpose_axes", "transpose", lambda x: ops.transpose(x, (0, 2, 1)), (R, (2, 3, 4)), args={"axes": [0, 2, 1]})
case("concatenate", "concatenate", lambda *x: ops.concatenate(x, axis=1), (R, (2, 3)), (R, (2, 1)), args={"axis": 1})
case("stack", "stack", lambda *x: ops.stack(x, axis=0), (R, (2, 3)), (R, (2, 3)))
case("stack_end", "stack", lambda *x: ops.stack(x, axis=-1), (R, (2, 3)), (R, (2, 3)), args={"axis": -1})
case("slice", "slice", lambda x: ops.slice(x, (0, 1), (2, 2)), (R, (3, 4)), args={"begin": [0, 1], "size": [2, 2]})
case("slice_rest", "slice", lambda x: ops.slice(x, (1, 2), (2, 2)), (R, (3, 4)), args={"begin": [1, 2], "size": [-1, -1]})
case("pad", "pad", lambda x: ops.pad(x, ((0, 1), (2, 0)), constant_values=0.5), (R, (2, 3)), args={"pad_width": [[0, 1], [2, 0]], "constant_values": 0.5})
case("tile", "tile", lambda x: ops.tile(x, (2, 3)), (R, (2, 2)), args={"repeats": [2, 3]})
case("broadcast_to", "broadcast_to", lambda x: ops.broadcast_to(x, (2, 3, 4)), (R, (3, 1)), args={"shape": [2, 3, 4]})
case("flip", "flip", lambda x: ops.flip(x, axis=(1, 2)), (R, (2, 3, 2)), args={"axis": [1, 2]})
case("take", "take", lambda x, i: ops.take(x, ops.cast(i, "int32"), axis=0), (R, (4, 3)), ("index", (2, 3)))
case("take_axis", "take", lambda x, i: ops.take(x, ops.cast(i, "int32"), axis=1), (R, (2, 4, 3)), ("index", (2, 2)), args={"axis": 1})
case("take_last", "take", lambda x, i: ops.take(x, ops.cast(i, "int32"), axis=-1), (R, (2, 3, 4)), ("index", (3,)), args={"axis": -1})
case("one_hot", "one_hot", lambda i: ops.one_hot(ops.cast(i, "int32"), 4), ("index", (2, 3)), args={"num_classes": 4}, gradient=False)

case("matmul", "matmul", ops.matmul, (R, (3, 4)), (R, (4, 2)))
case("matmul_transposed", "matmul", lambda x, y: ops.matmul(ops.transpose(x), ops.transpose(y)), (R, (4, 3)), (R, (2, 4)), args={"transpose_x": True, "transpose_y": True})
case("matmul_stacks", "matmul", ops.matmul, (R, (2, 3, 4)), (R, (2, 4, 2)))
case("matmul_stack_and_matrix", "matmul", ops.matmul, (R, (2, 3, 4)), (R, (4, 2)))
case("matmul_matrix_and_stack", "matmul", ops.matmul, (R, (3, 4)), (R, (2, 4, 2)))
case("matmul_stretched", "matmul", ops.matmul, (R, (2, 1, 3, 4)), (R, (3, 4, 2)))
case("matmul_vector", "matmul", ops.matmul, (R, (2, 3, 4)), (R, (4,)))
case("matmul_row", "matmul", ops.matmul, (R, (4,)), (R, (2, 4, 3)))
case("matmul_vectors", "matmul", ops.matmul, (R, (4,)), (R, (4,)))
case("conv", "conv", lambda x, k: ops.conv(x, k), (R, (2, 5, 4, 2)), (R, (3, 2, 2, 3)))
case("conv_same", "conv", lambda x, k: ops.conv(x, k, strides=(2, 1), padding="same"), (R, (2, 5, 4, 2)), (R, (3, 3, 2, 2)), args={"strides": [2, 1], "padding": "same"})
case("conv_dilated", "conv", lambda x, k: ops.conv(x, k, dilation_rate=2), (R, (1, 5, 6, 1)), (R, (2, 3, 1, 2)), args={"dilationRate": 2})
case("depthwise_conv", "depthwise_conv", lambda x, k: ops.depthwise_conv(x, k, padding="same"), (R, (2, 4, 4, 2)), (R, (3, 3, 2, 2)), args={"padding": "same"})
case("max_pool", "max_pool", lambda x: ops.max_pool(x, 2), (R, (2, 4, 5, 2)), args={"pool_size": 2})
case("average_pool", "average_pool", lambda x: ops.average_pool(x, (2, 3), strides=1, padding="same"), (R, (2, 4, 5, 2)), args={"poolSize": [2, 3], "strides": 1, "padding": "same"})

case("binary_crossentropy", "binary_crossentropy", lambda o, t: ops.binary_crossentropy(t, o), ("probability", (3, 4)), ("binary", (3, 4)))
case("binary_crossentropy_logits", "binary_crossentropy", lambda o, t: ops.binary_crossentropy(t, o, from_logits=True), (R, (3, 4)), ("binary", (3, 4)), args={"from_logits": True})
case("categorical_crossentropy", "categorical_crossentropy", lambda o, t: ops.categorical_crossentropy(t, o), ("distribution", (3, 4)), ("one_hot", (3, 4)))
case("categorical_crossentropy_logits", "categorical_crossentropy", lambda o, t: ops.categorical_crossentropy(t, o, from_logits=True), (R, (3, 4)), ("one_hot", (3, 4)), args={"from_logits": True})
case("sparse_categorical_crossentropy", "sparse_categorical_crossentropy", lambda o, t: ops.sparse_categorical_crossentropy(ops.cast(t, "int32"), o, from_logits=True),
     (R, (3, 4)), ("index", (3,)), args={"fromLogits": True})
for c in CASES[-5:]:
    c["order"] = ["x1", "x0"]

case("constant", "constant", lambda: ops.convert_to_tensor(np.array([[1.5, 2], [3, -4]])), args={"value": [1.5, 2, 3, -4], "shape": [2, 2]}, gradient=False)
case("zeros", "zeros", lambda: ops.zeros((2, 3)), args={"shape": [2, 3]}, gradient=False)
case("ones", "ones", lambda: ops.ones((2, 3)), args={"shape": [2, 3]}, gradient=False)
case("full", "full", lambda: ops.full((2, 3), 0.25), args={"shape": [2, 3], "fill_value": 0.25}, gradient=False)
plain("zeros_like", R, gradient=False)
plain("ones_like", R, gradient=False)

for op in ("relu", "softplus", "sigmoid", "silu", "softsign", "log_sigmoid", "hard_sigmoid", "elu", "selu", "relu6", "leaky_relu"):
    plain(op, R)
plain("tanh", R)
plain("gelu", R, function=lambda x: ops.gelu(x, approximate=False))
case("gelu_approximate", "gelu", ops.gelu, (R, (3, 4)), args={"approximate": True})
case("leaky_relu_argument", "leaky_relu", lambda x: ops.leaky_relu(x, 0.3), (R, (3, 4)), args={"negativeSlope": 0.3})
case("softmax", "softmax", lambda x: ops.softmax(x, axis=1), (R, (2, 3, 4)), args={"axis": 1})
case("log_softmax", "log_softmax", ops.log_softmax, (R, (3, 4)))


def drawn(rng, kind, shape):
    if kind == "whole":
        v = rng.integers(-1, 2, shape)
    elif kind == "binary":
        v = rng.integers(0, 2, shape)
    elif kind == "index":
        v = rng.integers(0, 4, shape)
    elif kind == "one_hot":
        v = np.eye(shape[-1])[rng.integers(0, shape[-1], shape[:-1])]
    elif kind in ("probability", "distribution"):
        v = rng.uniform(0.05, 0.95, shape)
        v = v / v.sum(-1, keepdims=True) if kind == "distribution" else v
    elif kind == "positive":
        v = rng.uniform(0.3, 2.5, shape)
    else:
        v = rng.standard_normal(shape) * (4 if kind == "wide" else 1)
    return np.round(v, 3).astype("float32")


def made(io):
    out = []
    for c in CASES:
        rng = np.random.default_rng(zlib.crc32(c["name"].encode()))
        inputs, operands, values = [], [], []
        for o in c["operands"]:
            if isinstance(o, tuple):
                operands.append(f"x{len(inputs)}")
                inputs.append(drawn(rng, *o))
                values.append(io.fx(inputs[-1]))
            else:
                operands.append(o)
                values.append(o)
        first = next((i for i, v in enumerate(values) if not isinstance(v, (int, float))), None)
        y = keras.ops.convert_to_numpy(c["function"](*values)).astype("float64")
        made = {"name": c["name"], "op": [c["op"], c.get("order", operands), c["args"]], "inputs": [io.tensor(v) for v in inputs],
                "expect": {"y": io.tensor(y)}}
        if c["gradient"]:
            weight = np.round(rng.uniform(0.5, 2, y.shape), 2).astype("float32")
            made["weight"] = io.tensor(weight)
            x = io.differentiable(inputs[0])

            def scalar(x):
                args = list(values)
                args[first] = x
                return keras.ops.sum(c["function"](*args) * io.fx(weight)),

            made["expect"]["grad"] = io.tensor(io.gradient(scalar, x)[1])
        out.append(made)
    return out
