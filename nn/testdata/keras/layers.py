"""What Keras's layers give, each alone: outputs, gradients of inputs and variables, states after a step in training.

A case is a layer's class_name and config, its inputs and their masks. The loss that is differentiated is the sum of the
outputs' elements, the i-th of an output times ((7i) mod 11 - 5)/8, and of what the layer adds to a model's loss. Inputs and
variables come from numpy's default_rng, seeded with the case's name, and are float32 values; Keras computes in floatx.
"""

import json
import re

import keras
import numpy as np
import tensorflow as tf

from cases import case, conv, dense, layer, l2, with_config
from functions import generator, real

SEQUENCE, IMAGE = (7, 3), (5, 4, 3)


def alone(name, class_name, *inputs, training=False, mask=None, scale=1.0, **config):
    return {"name": name, **with_config(class_name, **config), "inputs": [list(s) for s in inputs], "training": training,
            "mask": mask, "scale": scale}


def each(class_name, shape, **configs):
    """One case for each config, named by its key."""
    snake = re.sub("([a-z])([A-Z])", r"\1_\2", re.sub("(.)([A-Z][a-z]+)", r"\1_\2", class_name)).lower()
    made = []
    for key, config in configs.items():
        config = dict(config)
        options = {k: config.pop(k) for k in ("training", "mask", "scale") if k in config}
        made.append(alone(f"{snake}_{key}", class_name, *config.pop("inputs", [config.pop("input", shape)]), **options, **config))
    return made


PENALTIES = {"kernel_regularizer": with_config("L2", l2=0.1), "bias_regularizer": with_config("L1", l1=0.2), "activity_regularizer": with_config("L2", l2=0.05)}

# Not dilated transposed convolutions: TensorFlow has none on a CPU.
SPATIAL = [
    *each("Conv1D", SEQUENCE, valid=dict(filters=2, kernel_size=3), same=dict(filters=2, kernel_size=4, padding="same"),
          causal=dict(filters=2, kernel_size=3, padding="causal"), strides_2=dict(filters=2, kernel_size=3, strides=2),
          strides_2_same=dict(filters=2, kernel_size=3, strides=2, padding="same"), strides_2_causal=dict(filters=2, kernel_size=2, strides=2, padding="causal"),
          dilation_2=dict(filters=2, kernel_size=3, dilation_rate=2), dilation_3_causal=dict(filters=2, kernel_size=3, dilation_rate=3, padding="causal"),
          dilation_2_same=dict(filters=2, kernel_size=3, dilation_rate=2, padding="same"), groups_3=dict(filters=6, kernel_size=2, groups=3),
          pointwise=dict(filters=4, kernel_size=1), no_bias=dict(filters=2, kernel_size=3, use_bias=False), softmax=dict(filters=3, kernel_size=2, activation="softmax"),
          penalties=dict(filters=2, kernel_size=3, activation="tanh", **PENALTIES)),
    *each("Conv1DTranspose", (4, 2), valid=dict(filters=2, kernel_size=3), same=dict(filters=2, kernel_size=3, padding="same"),
          strides_2=dict(filters=2, kernel_size=3, strides=2), strides_2_same=dict(filters=2, kernel_size=3, strides=2, padding="same"),
          strides_2_even_same=dict(filters=2, kernel_size=4, strides=2, padding="same"), strides_beyond_the_window=dict(filters=2, kernel_size=2, strides=3),
          strides_beyond_the_window_same=dict(filters=2, kernel_size=2, strides=3, padding="same"),
          output_padding_0=dict(filters=2, kernel_size=2, strides=3, output_padding=0), output_padding_1=dict(filters=2, kernel_size=3, strides=2, output_padding=1),
          output_padding_same=dict(filters=2, kernel_size=3, strides=2, padding="same", output_padding=0),
          output_padding_1_same=dict(filters=2, kernel_size=4, strides=3, padding="same", output_padding=1),
          relu_no_bias=dict(filters=2, kernel_size=3, activation="relu", use_bias=False)),
    *each("Conv2DTranspose", (3, 2, 2), valid=dict(filters=2, kernel_size=3), same=dict(filters=2, kernel_size=[3, 2], padding="same"),
          strides_2=dict(filters=2, kernel_size=3, strides=2), strides_2_same=dict(filters=2, kernel_size=3, strides=2, padding="same"),
          strides_2_even_same=dict(filters=2, kernel_size=2, strides=2, padding="same"), strides_1_2=dict(filters=2, kernel_size=[2, 3], strides=[1, 2]),
          strides_beyond_the_window=dict(filters=1, kernel_size=2, strides=[3, 2]), output_padding=dict(filters=2, kernel_size=3, strides=2, output_padding=[1, 0]),
          output_padding_same=dict(filters=2, kernel_size=[3, 4], strides=2, padding="same", output_padding=[0, 1]),
          no_bias=dict(filters=2, kernel_size=2, use_bias=False), penalties=dict(filters=2, kernel_size=2, strides=2, activation="sigmoid", **PENALTIES)),
    *each("DepthwiseConv1D", SEQUENCE, valid=dict(kernel_size=3), same=dict(kernel_size=3, padding="same"), strides_2=dict(kernel_size=3, strides=2),
          multiplier_2=dict(kernel_size=2, depth_multiplier=2), dilation_2=dict(kernel_size=3, dilation_rate=2), relu_no_bias=dict(kernel_size=3, activation="relu", use_bias=False)),
    *each("DepthwiseConv2D", IMAGE, valid=dict(kernel_size=3), same=dict(kernel_size=3, padding="same"), rectangular=dict(kernel_size=[2, 3]),
          strides_2_same=dict(kernel_size=3, strides=2, padding="same"), multiplier_2=dict(kernel_size=2, depth_multiplier=2),
          multiplier_3_same=dict(kernel_size=2, depth_multiplier=3, padding="same", input=(3, 3, 2)), dilation_2_same=dict(kernel_size=3, dilation_rate=2, padding="same"),
          no_bias=dict(kernel_size=3, use_bias=False),
          penalties=dict(kernel_size=2, activation="tanh", depthwise_regularizer=with_config("L2", l2=0.1), bias_regularizer=with_config("L1", l1=0.2))),
    *each("SeparableConv1D", SEQUENCE, valid=dict(filters=2, kernel_size=3), same=dict(filters=2, kernel_size=2, padding="same"),
          strides_2=dict(filters=2, kernel_size=3, strides=2), multiplier_2=dict(filters=3, kernel_size=2, depth_multiplier=2),
          dilation_2=dict(filters=2, kernel_size=3, dilation_rate=2, use_bias=False)),
    *each("SeparableConv2D", IMAGE, valid=dict(filters=2, kernel_size=3), same=dict(filters=2, kernel_size=[3, 2], padding="same"),
          strides_2_same=dict(filters=2, kernel_size=3, strides=2, padding="same"), multiplier_2=dict(filters=3, kernel_size=2, depth_multiplier=2),
          dilation_2=dict(filters=2, kernel_size=2, dilation_rate=2), no_bias=dict(filters=2, kernel_size=3, use_bias=False),
          penalties=dict(filters=2, kernel_size=3, activation="elu", depthwise_regularizer=with_config("L2", l2=0.1), pointwise_regularizer=with_config("L1", l1=0.2),
                         activity_regularizer=with_config("L1", l1=0.1))),
    *[c for kind in ("MaxPooling1D", "AveragePooling1D")
      for c in each(kind, SEQUENCE, default=dict(pool_size=2), same=dict(pool_size=2, padding="same"), overlapping=dict(pool_size=3, strides=2), overlapping_same=dict(pool_size=3, strides=2, padding="same"),
                    strides_1_same=dict(pool_size=2, strides=1, padding="same"), gaps=dict(pool_size=2, strides=3))],
    *[c for kind in ("GlobalMaxPooling1D", "GlobalAveragePooling1D") for c in each(kind, SEQUENCE, default={}, keepdims=dict(keepdims=True))],
    *[c for kind in ("GlobalMaxPooling2D", "GlobalAveragePooling2D") for c in each(kind, IMAGE, default={}, keepdims=dict(keepdims=True))],
    *each("GlobalAveragePooling1D", (4, 3), masked=dict(mask=[[1, 1, 0, 1], [0, 0, 1, 0]]), masked_keepdims=dict(mask=[[1, 1, 1, 1], [0, 1, 1, 0]], keepdims=True)),
    *each("Permute", (2, 3, 4), **{"3_1_2": dict(dims=[3, 1, 2]), "2_1_3": dict(dims=[2, 1, 3]), "2_1": dict(dims=[2, 1], input=(2, 3))}),
    *each("RepeatVector", (4,), n_3=dict(n=3)),
    *each("Cropping1D", (5, 2), default={}, beginning=dict(cropping=[2, 0]), end=dict(cropping=[0, 3])),
    *each("Cropping2D", IMAGE, default={}, one=dict(cropping=1), two=dict(cropping=[2, 1]), four=dict(cropping=[[1, 2], [0, 3]])),
    *each("ZeroPadding1D", (3, 2), default={}, two=dict(padding=[2, 0])),
    *each("ZeroPadding2D", (2, 3, 2), default={}, two=dict(padding=[2, 1]), four=dict(padding=[[1, 0], [0, 2]])),
    *each("UpSampling1D", (3, 2), default={}, size_3=dict(size=3)),
    *each("UpSampling2D", (2, 3, 2), default={}, size_3_1=dict(size=[3, 1]), bilinear=dict(interpolation="bilinear"), bilinear_3=dict(size=3, interpolation="bilinear"),
          bicubic=dict(interpolation="bicubic"), bicubic_3_2=dict(size=[3, 2], interpolation="bicubic"), bilinear_4_1=dict(size=[4, 1], interpolation="bilinear"),
          bilinear_of_a_column=dict(size=[2, 3], interpolation="bilinear", input=(3, 1, 2))),
]

SCALES = {"gamma_regularizer": with_config("L2", l2=0.1), "beta_regularizer": with_config("L1", l1=0.2)}
TWO_STEPS = [[1, 1, 0, 1], [0, 1, 1, 0]]

NORM = [
    *each("BatchNormalization", (4, 3), training=dict(training=True), inference={}, axis_1=dict(training=True, axis=1), no_scale=dict(training=True, scale=False),
          no_center=dict(training=True, center=False), momentum_epsilon=dict(training=True, momentum=0.5, epsilon=0.1), masked=dict(training=True, mask=TWO_STEPS),
          frozen=dict(training=True, trainable=False), images=dict(training=True, input=(3, 2, 2), **SCALES)),
    *each("LayerNormalization", (4, 3), last={}, axis_1=dict(axis=1), both=dict(axis=[1, 2]), first_and_last=dict(axis=[1, -1], input=(3, 2, 2)), epsilon=dict(epsilon=0.5),
          no_scale=dict(scale=False), no_center=dict(center=False), neither=dict(scale=False, center=False), penalties=SCALES, masked=dict(mask=TWO_STEPS)),
    *each("GroupNormalization", (3, 2, 4), groups_2=dict(groups=2), groups_1=dict(groups=1), each_channel=dict(groups=-1), axis_1=dict(groups=3, axis=1), axis_2=dict(groups=2, axis=-2),
          no_scale=dict(groups=2, scale=False), no_center=dict(groups=4, center=False), epsilon=dict(groups=2, epsilon=0.5, **SCALES), sequence=dict(groups=2, input=(3, 4), mask=[[1, 1, 0], [1, 0, 0]])),
    *each("RMSNormalization", (3, 4), last={}, both=dict(axis=[1, 2]), epsilon=dict(epsilon=0.5), masked=dict(mask=[[1, 1, 0], [1, 0, 0]])),
    *each("UnitNormalization", (3, 4), last={}, axis_1=dict(axis=1), both=dict(axis=[1, 2]), masked=dict(mask=[[1, 1, 0], [1, 0, 0]])),
    *each("ReLU", (4, 3), default={}, max_value=dict(max_value=0.75), slope=dict(negative_slope=0.25), threshold=dict(threshold=0.5),
          all=dict(max_value=1.0, negative_slope=0.25, threshold=0.5), max_value_0=dict(max_value=0.0, negative_slope=0.25), masked=dict(mask=TWO_STEPS)),
    *each("LeakyReLU", (4, 3), default={}, slope=dict(negative_slope=0.1), slope_0=dict(negative_slope=0.0)),
    *each("PReLU", (4, 3), default={}, shared=dict(shared_axes=[1]), shared_images=dict(shared_axes=[1, 2], input=(3, 2, 2)),
          penalty=dict(alpha_regularizer=with_config("L2", l2=0.1)), masked=dict(mask=TWO_STEPS)),
    *each("ELU", (4, 3), default={}, alpha=dict(alpha=0.5)),
    *each("Softmax", (4, 3), default={}, axis_1=dict(axis=1), both=dict(axis=[1, 2]), axes_of_images=dict(axis=[1, 3], input=(3, 2, 2)), axis_minus_2=dict(axis=-2),
          masked_by_an_input=dict(inputs=[(4, 3), (4, 3)]), masked_wide=dict(inputs=[(4, 3), (1, 3)], axis=1), masked_by_its_mask=dict(input=(4,), mask=TWO_STEPS)),
    *each("ActivityRegularization", (4, 3), both=dict(l1=0.1, l2=0.2), l2=dict(l2=0.3), none=dict(mask=TWO_STEPS)),
    *[alone(f"{name}_inference", class_name, (4, 3), mask=TWO_STEPS, **config)
      for name, class_name, config in (("dropout", "Dropout", {"rate": 0.5}), ("spatial_dropout1d", "SpatialDropout1D", {"rate": 0.5}), ("alpha_dropout", "AlphaDropout", {"rate": 0.5}),
                                       ("gaussian_noise", "GaussianNoise", {"stddev": 0.5}), ("gaussian_dropout", "GaussianDropout", {"rate": 0.5}))],
    alone("dropout_of_all", "Dropout", (4, 3), training=True, rate=1.0),
    alone("spatial_dropout2d_of_all", "SpatialDropout2D", (2, 3, 2), training=True, rate=1.0),
    *each("Dot", None, vectors=dict(inputs=[(3,), (3,)], axes=1), last=dict(inputs=[(2, 3), (4, 3)], axes=-1), matrices=dict(inputs=[(2, 3), (3, 4)], axes=[2, 1]),
          first=dict(inputs=[(3, 2), (3, 4)], axes=1), vector_and_matrix=dict(inputs=[(3,), (2, 3)], axes=[1, 2]), matrix_and_vector=dict(inputs=[(2, 3), (3,)], axes=[2, 1]),
          higher=dict(inputs=[(2, 3, 2), (2, 3)], axes=[2, 2]), both_higher=dict(inputs=[(2, 2, 3), (2, 3, 2)], axes=[3, 2]),
          cosine=dict(inputs=[(3,), (3,)], axes=-1, normalize=True), cosine_matrices=dict(inputs=[(2, 3), (3, 4)], axes=[2, 1], normalize=True)),
]


def weights_of(output):
    n = int(np.prod(output.shape))
    return (((7 * np.arange(n)) % 11 - 5) / 8).reshape(output.shape)


def initial(variable, rng):
    shape = tuple(variable.shape)
    drawn = rng.standard_normal(shape)
    if variable.name in ("gamma", "scale"):
        v = 1 + 0.2 * drawn
    elif variable.name == "moving_variance":
        v = 0.5 + np.abs(drawn)
    elif len(shape) == 1:
        v = 0.2 * drawn
    else:
        v = drawn / np.sqrt(np.prod(shape[:-1]))
    return np.round(v, 4).astype("float32")


def run_layer(case, io):
    from keras.src import backend

    rng = generator(case["name"])
    config = {k: tuple(v) if k in ("cropping", "padding") and isinstance(v, list) else v for k, v in json.loads(json.dumps(case["config"])).items()}
    made = getattr(keras.layers, case["class_name"]).from_config({"dtype": keras.config.floatx(), **config})
    xs = [real(rng, (2, *s), case["scale"]) for s in case["inputs"]]
    if case["class_name"] == "Softmax" and len(xs) == 2:
        xs[1] = (xs[1] > -0.3).astype("float32")
    shapes = [x.shape for x in xs]
    if not made.built:
        made.build(shapes if case["class_name"] == "Dot" else shapes[0])
    weights = [initial(v, rng) for v in made.variables if "seed_generator" not in v.path]
    variables = [v for v in made.variables if "seed_generator" not in v.path]
    for v, w in zip(variables, weights):
        v.assign(io.fx(w))
    inputs = [io.differentiable(x) for x in xs]
    trained = [v for v in variables if v.trainable]
    with tf.GradientTape() as tape:
        values = [tf.identity(x) for x in inputs]
        if case["mask"] is not None:
            backend.set_keras_mask(values[0], tf.constant(np.array(case["mask"], bool)))
        options = {}
        if "training" in made._call_signature.parameters:
            options["training"] = case["training"]
        if case["class_name"] == "Softmax" and len(values) == 2:
            y = made(values[0], mask=values[1], **options)
        else:
            y = made(values if case["class_name"] == "Dot" else values[0], **options)
        loss = tf.reduce_sum(y * io.fx(weights_of(y)))
        loss += sum(made.losses)
    x_grads, grads = tape.gradient(loss, [inputs, [v.value for v in trained]])
    grad = lambda g, like: io.tensor(np.zeros(like.shape) if g is None else g.numpy())  # noqa: E731
    # A mask that is given as an argument becomes the output's in Keras, whatever its shape.
    mask = backend.get_keras_mask(y) if len(xs) == 1 else None
    named = lambda values: [{"name": v.name, **io.tensor(w)} for v, w in zip(variables, values)]  # noqa: E731
    return {
        "name": case["name"], **with_config(case["class_name"], **case["config"]), "training": case["training"],
        "x": [io.tensor(x) for x in xs], **({"mask": io.tensor(np.array(case["mask"], "float32"))} if case["mask"] is not None else {}),
        "weights": named(weights),
        "expect": {
            "y": io.tensor(y.numpy()), "loss": io.number(loss.numpy()), "x_grads": [grad(g, x) for g, x in zip(x_grads, xs)],
            "grads": [{"name": v.name, **grad(g, v)} for v, g in zip(trained, grads)],
            "states": [{"name": v.name, **io.tensor(v.numpy())} for v in variables if not v.trainable],
            **({"mask": io.tensor(mask.numpy().astype("float32"))} if mask is not None else {}),
        },
    }


# In training: constraints, and networks of these layers ---------------------

NORMS = with_config("MaxNorm", max_value=0.5, axis=[0, 1])
TRAINING = [{**c, "gradients": False} for c in [  # a step of SGD shows no gradient where there are constraints and moving averages
    case("conv1d_constraints", [6, 2], [layer("Conv1D", filters=3, kernel_size=3, kernel_constraint=NORMS, bias_constraint=with_config("NonNeg")), layer("Flatten"), dense(2)], batch=4),
    case("conv2d_transpose_constraint", [3, 2, 2], [layer("Conv2DTranspose", filters=2, kernel_size=2, strides=2, kernel_constraint=with_config("UnitNorm", axis=[0, 1, 3])),
                                                    layer("Flatten"), dense(2)], batch=4),
    case("depthwise_constraint", [4, 3, 2], [conv(2, [1, 1]), layer("DepthwiseConv2D", kernel_size=2, depth_multiplier=2, depthwise_constraint=NORMS), layer("Flatten"), dense(2)], batch=4),
    case("separable_constraints", [4, 3, 2], [layer("SeparableConv2D", filters=3, kernel_size=2, depthwise_constraint=with_config("NonNeg"),
                                                    pointwise_constraint=with_config("MinMaxNorm", min_value=0.2, max_value=0.6, axis=[0, 1, 2])), layer("Flatten"), dense(2)], batch=4),
    case("normalization_constraints", [4], [dense(6), layer("LayerNormalization", gamma_constraint=with_config("MaxNorm", max_value=1.5), beta_constraint=with_config("NonNeg")), dense(2)],
         batch=8),
    case("batch_normalization_constraints", [4], [dense(6, use_bias=False), layer("BatchNormalization", momentum=0.9, gamma_constraint=with_config("MaxNorm", max_value=0.4),
                                                                                beta_constraint=with_config("MaxNorm", max_value=0.3)), dense(2)], batch=8,
         optimizer=with_config("SGD", learning_rate=0.01)),
    case("prelu_constraint", [4], [dense(6), layer("PReLU", alpha_constraint=with_config("NonNeg"), alpha_regularizer=l2(0.1)), dense(2)], batch=8),
    case("temporal_network", [9, 2], [layer("Conv1D", filters=4, kernel_size=3, padding="causal", dilation_rate=2, activation="relu"), layer("MaxPooling1D"),
                                      layer("SeparableConv1D", filters=4, kernel_size=2), layer("GroupNormalization", groups=2), layer("LeakyReLU"), layer("GlobalAveragePooling1D"), dense(2)],
         batch=6, steps=4),
    case("autoencoder", [4, 4, 1], [conv(3, [3, 3], strides=[2, 2], padding="same"), layer("LayerNormalization"), layer("ELU"), layer("UpSampling2D", interpolation="bilinear"),
                                    layer("DepthwiseConv2D", kernel_size=3, padding="same"), layer("Conv2DTranspose", filters=1, kernel_size=3, strides=2, padding="same"),
                                    layer("Cropping2D", cropping=2)], batch=4, steps=4),
    case("residue_of_layers", [4, 3, 2], [layer("ZeroPadding2D", padding=1), layer("Permute", dims=[2, 1, 3]), conv(4, [3, 3]), layer("ReLU", max_value=1.0, negative_slope=0.1),
                                          layer("RMSNormalization"), layer("GlobalMaxPooling2D"), layer("RepeatVector", n=3), layer("Conv1DTranspose", filters=2, kernel_size=2),
                                          layer("UnitNormalization"), layer("ActivityRegularization", l1=0.01), layer("Flatten"), layer("Softmax")],
         loss="CategoricalCrossentropy", targets="one_hot", batch=6, steps=4),
]]


def families():
    return {
        "layers_spatial": lambda io: [run_layer(c, io) for c in SPATIAL],
        "layers_norm": lambda io: [run_layer(c, io) for c in NORM],
    }
