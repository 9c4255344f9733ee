"""What Keras's preprocessing and augmentation layers make of given inputs, and what they learn by adapt.

preprocessing.json: layers that do the same always, with their gradients, and adapt. augmentation.json: layers that draw, called
in training with both ends of a draw equal, so that nothing is left to chance; where a coin is tossed all the same, `either` has both
results. text.json: TextVectorization and StringLookup.
"""

import zlib

import keras
import numpy as np
from functions import generator, real, with_config

L = keras.layers


def seeded(rng, shape, kind):
    """Images as bytes, as numbers from 0 to 1, or of both signs."""
    if kind == "bytes":
        return rng.integers(0, 256, shape).astype("float32")
    if kind == "unit":
        return np.round(rng.uniform(0, 1, shape), 3).astype("float32")
    return real(rng, shape)


def layer(name, class_name, x, adapt=None, gradient=True, kind="real", weights=None, **config):
    """x: a shape to draw, or the numbers. adapt: an array, or a list of batches."""
    return {"name": name, **with_config(class_name, **config), "x": x, "adapt": adapt, "gradient": gradient, "kind": kind, "weights": weights}


def numbers(case, rng):
    x = case["x"]
    if isinstance(x, tuple):
        return seeded(rng, x, case.get("kind", "real"))
    return np.array(x, "float32")


WIDE = [[-1.5, 1.0, 3.4, 0.5], [0.0, 3.0, 1.3, 0.0], [0.999, 2.0, -7.0, 100.0]]
TOKENS = [[0, 1, 3], [2, 2, 2], [3, 0, 1], [1, 1, 0]]
LOOKUP = [[12, 1138, 42, 42], [42, 7, 36, 7], [0, 12, -5, 36]]
VOCABULARY = [12, 36, 1138, 42]
DOCUMENTS = [[3, 3, 5, 9], [5, 5, 9, 0], [7, 9, 9, 5], [0, 3, 7, 12]]
SPREAD = np.round(np.random.default_rng(7).standard_normal((60, 3)) * [1, 10, 0.1] + [5, -3, 1000], 3).tolist()

RESIZE = {"up": (7, 9), "down": (2, 3), "mixed": (3, 8), "same": (4, 5), "one_side": (4, 7), "double": (8, 10), "third": (12, 15)}
# TensorFlow has no gradient in float64 of the op behind lanczos and antialias.
PREPROCESSING = [
    layer("rescaling", "Rescaling", (3, 4), scale=1 / 255),
    layer("rescaling_offset", "Rescaling", (2, 3, 3, 1), scale=1 / 127.5, offset=-1.0),
    layer("rescaling_channels", "Rescaling", (2, 2, 2, 3), scale=[0.5, 2.0, -1.0], offset=[0.0, 1.0, 0.25]),
    layer("rescaling_one_offset", "Rescaling", (3, 2), scale=[0.5, 2.0], offset=3.0),
    layer("normalization_given", "Normalization", (4, 3), mean=[1.0, -2.0, 0.5], variance=[4.0, 0.25, 1e-20]),
    layer("normalization_given_number", "Normalization", (4, 3), mean=3.0, variance=2.0),
    layer("normalization_given_inverted", "Normalization", (4, 3), mean=[1.0, -2.0, 0.5], variance=[4.0, 0.25, 9.0], invert=True),
    layer("normalization_given_rank_4", "Normalization", (2, 2, 3, 2), mean=[1.0, -2.0], variance=[4.0, 0.25]),
    layer("normalization_given_two_axes", "Normalization", (2, 2, 3), axis=[1, 2], mean=[1.0, -2.0, 4.0], variance=[4.0, 0.25, 1.0]),
    layer("normalization_given_no_axis", "Normalization", (3, 2), axis=None, mean=1.5, variance=2.25),
    layer("normalization_not_adapted", "Normalization", (3, 2)),
    layer("normalization_adapted", "Normalization", (4, 3), adapt=SPREAD),
    layer("normalization_adapted_inverted", "Normalization", (4, 3), adapt=SPREAD, invert=True),
    layer("normalization_adapted_no_axis", "Normalization", (4, 3), adapt=SPREAD, axis=None),
    layer("normalization_adapted_batches", "Normalization", (4, 3), adapt=[SPREAD[:7], SPREAD[7:40], SPREAD[40:41], SPREAD[41:]]),
    layer("normalization_adapted_axis_1", "Normalization", (2, 3, 2), adapt=np.reshape(SPREAD, (30, 3, 2)).tolist(), axis=1),
    layer("normalization_adapted_two_axes", "Normalization", (2, 3, 2), adapt=np.reshape(SPREAD, (30, 3, 2)).tolist(), axis=[1, 2]),
    layer("normalization_adapted_constant", "Normalization", (3, 2), adapt=[[2.0, 5.0], [2.0, 7.0]]),
    layer("normalization_adapted_images", "Normalization", (2, 2, 2, 3), adapt=np.reshape(SPREAD, (15, 2, 2, 3)).tolist()),
    layer("discretization", "Discretization", WIDE, gradient=False, bin_boundaries=[0.0, 1.0, 2.0]),
    *[layer(f"discretization_{mode}", "Discretization", WIDE, gradient=False, bin_boundaries=[0.0, 1.0, 2.0], output_mode=mode)
      for mode in ("one_hot", "multi_hot", "count")],
    layer("discretization_one_hot_column", "Discretization", [[0.5], [-1.0], [7.0]], gradient=False, bin_boundaries=[0.0, 1.0], output_mode="one_hot"),
    layer("discretization_adapted", "Discretization", WIDE, adapt=WIDE, gradient=False, num_bins=4),
    layer("discretization_adapted_fine", "Discretization", (4, 3), adapt=SPREAD, gradient=False, num_bins=5, epsilon=0.01),
    layer("discretization_adapted_coarse", "Discretization", (4, 3), adapt=SPREAD, gradient=False, num_bins=3, epsilon=0.1),
    layer("discretization_adapted_many_bins", "Discretization", (4, 3), adapt=SPREAD, gradient=False, num_bins=40),
    layer("discretization_adapted_batches", "Discretization", (4, 3), adapt=[SPREAD[:9], SPREAD[9:50], SPREAD[50:]], gradient=False, num_bins=7),
    layer("discretization_adapted_coarse_batches", "Discretization", (4, 3), adapt=[SPREAD[:25], SPREAD[25:50], SPREAD[50:]], gradient=False,
          num_bins=4, epsilon=0.05, output_mode="count"),
    *[layer(f"category_encoding_{mode}", "CategoryEncoding", TOKENS, gradient=False, num_tokens=4, output_mode=mode)
      for mode in ("one_hot", "multi_hot", "count")],
    layer("category_encoding_default", "CategoryEncoding", TOKENS, gradient=False, num_tokens=6),
    layer("category_encoding_one_hot_of_one", "CategoryEncoding", [[3], [0], [2]], gradient=False, num_tokens=4, output_mode="one_hot"),
    layer("category_encoding_one_hot_flat", "CategoryEncoding", [3, 0, 2], gradient=False, num_tokens=4, output_mode="one_hot"),
    layer("category_encoding_one_hot_outside", "CategoryEncoding", [[0, 5], [1, -1]], gradient=False, num_tokens=4, output_mode="one_hot"),
    layer("category_encoding_weights", "CategoryEncoding", TOKENS, gradient=False, num_tokens=4, output_mode="count",
          weights=[[0.1, 0.2, 0.5], [0.1, 0.1, 2.0], [0.2, 0.3, -1.0], [0.4, 0.2, 0.0]]),
    layer("integer_lookup", "IntegerLookup", LOOKUP, gradient=False, vocabulary=VOCABULARY),
    layer("integer_lookup_mask", "IntegerLookup", LOOKUP, gradient=False, vocabulary=VOCABULARY, mask_token=0),
    layer("integer_lookup_oov", "IntegerLookup", LOOKUP, gradient=False, vocabulary=VOCABULARY, num_oov_indices=3),
    layer("integer_lookup_mask_oov", "IntegerLookup", LOOKUP, gradient=False, vocabulary=VOCABULARY, num_oov_indices=2, mask_token=7),
    layer("integer_lookup_no_oov", "IntegerLookup", [[12, 36], [42, 1138]], gradient=False, vocabulary=VOCABULARY, num_oov_indices=0),
    layer("integer_lookup_far_apart", "IntegerLookup", [[12, -9000000], [9000000, 13]], gradient=False, vocabulary=[9000000, 12, -9000000]),
    layer("integer_lookup_special_given", "IntegerLookup", LOOKUP, gradient=False, vocabulary=[-1, *VOCABULARY]),
    *[layer(f"integer_lookup_{mode}", "IntegerLookup", LOOKUP, gradient=False, vocabulary=VOCABULARY, output_mode=mode)
      for mode in ("multi_hot", "count")],
    layer("integer_lookup_one_hot", "IntegerLookup", [[12], [7], [42]], gradient=False, vocabulary=VOCABULARY, output_mode="one_hot"),
    layer("integer_lookup_count_mask", "IntegerLookup", LOOKUP, gradient=False, vocabulary=VOCABULARY, output_mode="count", mask_token=7),
    layer("integer_lookup_pad", "IntegerLookup", LOOKUP, gradient=False, vocabulary=VOCABULARY, output_mode="count", max_tokens=8, pad_to_max_tokens=True),
    layer("integer_lookup_tf_idf", "IntegerLookup", LOOKUP, gradient=False, vocabulary=VOCABULARY, idf_weights=[0.25, 0.75, 0.6, 0.4], output_mode="tf_idf"),
    layer("integer_lookup_tf_idf_all", "IntegerLookup", LOOKUP, gradient=False, vocabulary=[-1, *VOCABULARY], idf_weights=[0.9, 0.25, 0.75, 0.6, 0.4],
          output_mode="tf_idf"),
    layer("integer_lookup_invert", "IntegerLookup", [[1, 3, 4], [4, 0, 2]], gradient=False, vocabulary=VOCABULARY, invert=True),
    layer("integer_lookup_adapted", "IntegerLookup", DOCUMENTS, adapt=DOCUMENTS, gradient=False),
    layer("integer_lookup_adapted_most", "IntegerLookup", DOCUMENTS, adapt=DOCUMENTS, gradient=False, max_tokens=4),
    layer("integer_lookup_adapted_mask", "IntegerLookup", DOCUMENTS, adapt=DOCUMENTS, gradient=False, mask_token=0, max_tokens=5),
    layer("integer_lookup_adapted_tf_idf", "IntegerLookup", DOCUMENTS, adapt=DOCUMENTS, gradient=False, output_mode="tf_idf"),
    *[layer(f"resizing_{method}_{name}", "Resizing", (2, 4, 5, 2) if name == "up" else (1, 4, 5, 1), height=h, width=w, interpolation=method)
      for method in ("bilinear", "nearest", "bicubic") for name, (h, w) in RESIZE.items()],
    *[layer(f"resizing_{method}_{name}", "Resizing", (1, 5, 6, 1), gradient=False, height=h, width=w, interpolation=method)
      for method in ("lanczos3", "lanczos5") for name, (h, w) in (("up", (7, 9)), ("down", (2, 3)))],
    *[layer(f"resizing_antialias_{method}_{name}", "Resizing", (1, 9, 8, 1), gradient=False, height=h, width=w, interpolation=method, antialias=True)
      for method in ("bilinear", "bicubic", "lanczos3") for name, (h, w) in (("up", (11, 9)), ("down", (4, 3)))],
    layer("up_sampling_lanczos3", "UpSampling2D", (2, 3, 4, 2), gradient=False, size=[2, 3], interpolation="lanczos3"),
    layer("up_sampling_lanczos5", "UpSampling2D", (1, 4, 3, 1), gradient=False, size=[3, 1], interpolation="lanczos5"),
    layer("resizing_crop_wide", "Resizing", (1, 4, 9, 1), height=3, width=4, crop_to_aspect_ratio=True),
    layer("resizing_crop_high", "Resizing", (1, 9, 4, 1), height=3, width=4, crop_to_aspect_ratio=True),
    layer("resizing_pad_wide", "Resizing", (1, 4, 9, 1), height=3, width=4, pad_to_aspect_ratio=True),
    layer("resizing_pad_high", "Resizing", (1, 9, 4, 1), height=3, width=5, pad_to_aspect_ratio=True, fill_value=0.5),
    layer("center_crop", "CenterCrop", (2, 6, 7, 2), height=3, width=4),
    layer("center_crop_even", "CenterCrop", (1, 5, 5, 1), height=2, width=4),
    layer("center_crop_whole", "CenterCrop", (1, 3, 4, 2), height=3, width=4),
    layer("center_crop_smaller", "CenterCrop", (1, 4, 6, 1), height=6, width=5),
    layer("center_crop_one_side_smaller", "CenterCrop", (1, 7, 3, 1), height=4, width=4),
    layer("auto_contrast", "AutoContrast", (2, 3, 3, 2), kind="bytes", gradient=False),
    layer("auto_contrast_unit", "AutoContrast", (2, 3, 3, 2), kind="unit", gradient=False, value_range=[0.0, 1.0]),
    layer("auto_contrast_flat", "AutoContrast", np.full((1, 2, 2, 1), 7.0).tolist(), gradient=False),
    layer("random_layers_do_nothing", "RandomRotation", (1, 3, 3, 1), factor=0.3),
]

WARPS = {"reflect": {}, "nearest": {"fill_mode": "nearest"}, "wrap": {"fill_mode": "wrap"}, "constant": {"fill_mode": "constant", "fill_value": 2.0}}


def warps(name, class_name, x=(2, 5, 6, 2), **config):
    """A layer with each of the fill modes and interpolations."""
    return [layer(f"{name}_{mode}_{method}", class_name, x, kind="real", **config, **fill, interpolation=method)
            for mode, fill in WARPS.items() for method in ("bilinear", "nearest")]


def both_ends(v):
    return [v, v]


RGB = (2, 3, 4, 3)
AUGMENTATION = [
    *warps("rotation", "RandomRotation", factor=both_ends(0.11)),
    layer("rotation_quarter", "RandomRotation", (1, 4, 4, 1), factor=both_ends(0.25), interpolation="bilinear"),
    layer("rotation_clockwise", "RandomRotation", (1, 5, 4, 3), factor=both_ends(-0.07)),
    layer("rotation_none", "RandomRotation", (1, 3, 4, 1), factor=both_ends(0.0)),
    *warps("translation", "RandomTranslation", height_factor=both_ends(0.33), width_factor=both_ends(-0.41)),
    layer("translation_far", "RandomTranslation", (1, 4, 5, 1), height_factor=both_ends(-1.0), width_factor=both_ends(0.9)),
    layer("translation_whole_pixels", "RandomTranslation", (1, 4, 5, 1), height_factor=both_ends(0.25), width_factor=both_ends(-0.4), fill_mode="constant"),
    *warps("zoom_out", "RandomZoom", height_factor=both_ends(0.7), width_factor=both_ends(0.35)),
    *warps("zoom_in", "RandomZoom", height_factor=both_ends(-0.4)),
    layer("zoom_width", "RandomZoom", (1, 5, 4, 1), height_factor=both_ends(0.0), width_factor=both_ends(-0.6)),
    layer("shear_x", "RandomShear", (2, 5, 6, 2), x_factor=both_ends(0.3)),
    layer("shear_y", "RandomShear", (2, 5, 6, 2), y_factor=both_ends(0.45), fill_mode="constant", fill_value=-1.0),
    layer("shear_both", "RandomShear", (1, 4, 5, 1), x_factor=both_ends(0.2), y_factor=both_ends(0.7), interpolation="nearest", fill_mode="wrap"),
    *[layer(f"flip_{mode}", "RandomFlip", (2, 3, 4, 2), mode=mode) for mode in ("horizontal", "vertical", "horizontal_and_vertical")],
    layer("crop_not_larger", "RandomCrop", (2, 6, 5, 1), height=6, width=3),
    layer("crop_smaller", "RandomCrop", (1, 6, 5, 2), height=8, width=3),
    layer("crop_one_side_smaller", "RandomCrop", (1, 3, 8, 1), height=5, width=4),
    layer("brightness", "RandomBrightness", RGB, kind="bytes", factor=both_ends(0.2)),
    layer("brightness_darker", "RandomBrightness", RGB, kind="unit", factor=both_ends(-0.4), value_range=[0.0, 1.0]),
    layer("contrast", "RandomContrast", RGB, kind="bytes", factor=[0.0, 0.0]),
    layer("contrast_less", "RandomContrast", RGB, kind="unit", factor=[0.0, 0.0], value_range=[0.0, 1.0]),
    layer("grayscale", "RandomGrayscale", RGB, kind="bytes", factor=1.0),
    layer("grayscale_never", "RandomGrayscale", RGB, kind="bytes", factor=0.0),
    layer("grayscale_of_gray", "RandomGrayscale", (1, 2, 2, 1), kind="bytes", factor=1.0),
    layer("color_degeneration", "RandomColorDegeneration", RGB, kind="bytes", factor=both_ends(0.3)),
    layer("invert", "RandomInvert", RGB, kind="bytes", factor=both_ends(1.0)),
    layer("invert_unit", "RandomInvert", RGB, kind="unit", factor=both_ends(1.0), value_range=[0.0, 1.0]),
    layer("hue", "RandomHue", RGB, kind="bytes", factor=both_ends(0.3)),
    layer("hue_unit", "RandomHue", RGB, kind="unit", factor=both_ends(0.9), value_range=[0.0, 1.0]),
    layer("saturation_more", "RandomSaturation", RGB, kind="unit", factor=both_ends(0.6), value_range=[0.0, 1.0]),
    layer("saturation_less", "RandomSaturation", RGB, kind="bytes", factor=both_ends(0.2)),
    layer("saturation_none", "RandomSaturation", RGB, kind="bytes", factor=both_ends(0.0)),
    layer("saturation_of_gray", "RandomSaturation", np.full((1, 2, 2, 3), 7.0).tolist(), factor=both_ends(0.7)),
    layer("color_jitter", "RandomColorJitter", RGB, kind="bytes", brightness_factor=both_ends(0.1), contrast_factor=[0.0, 0.0],
          saturation_factor=both_ends(0.55), hue_factor=both_ends(0.0)),
    layer("color_jitter_nothing", "RandomColorJitter", RGB, kind="bytes"),
    *[layer(f"posterization_{bits}", "RandomPosterization", RGB, kind="bytes", factor=both_ends(bits)) for bits in (1, 3, 8)],
    layer("posterization_unit", "RandomPosterization", RGB, kind="unit", factor=both_ends(2), value_range=[0.0, 1.0]),
    layer("sharpness_sharper", "RandomSharpness", RGB, kind="bytes", factor=both_ends(0.9)),
    layer("sharpness_softer", "RandomSharpness", (1, 4, 4, 1), kind="unit", factor=both_ends(0.1), value_range=[0.0, 1.0]),
    layer("blur", "RandomGaussianBlur", RGB, kind="bytes", factor=both_ends(1.0), sigma=both_ends(0.8)),
    layer("blur_5x3", "RandomGaussianBlur", (1, 5, 6, 2), kind="unit", factor=both_ends(1.0), kernel_size=[5, 3], sigma=both_ends(1.0), value_range=[0.0, 1.0]),
    layer("blur_never", "RandomGaussianBlur", RGB, kind="bytes", factor=both_ends(0.0)),
    layer("erasing_never", "RandomErasing", RGB, kind="bytes", factor=both_ends(0.0)),
    layer("erasing_all", "RandomErasing", RGB, kind="bytes", factor=both_ends(1.0), scale=both_ends(1.0), fill_value=[10.0, 300.0, 3.0]),
    layer("solarization", "Solarization", RGB, kind="bytes"),
    layer("solarization_unit", "Solarization", RGB, kind="unit", value_range=[0.0, 1.0]),
]


def made(case):
    config = dict(case["config"])
    for key in ("axis", "factor", "kernel_size", "sigma", "scale", "value_range", "fill_value"):
        if isinstance(config.get(key), list):
            config[key] = tuple(config[key])
    return getattr(L, case["class_name"])(**config)


def adapted(case, made_layer, io):
    """Adapts the layer and says with what, as a list of batches, and what came of it."""
    adapt = case["adapt"]
    integers = case["class_name"] == "IntegerLookup"
    stream = isinstance(adapt[0][0], list) and not integers and case["name"].endswith("batches")
    batches = [np.array(b, "int64" if integers else "float32") for b in (adapt if stream else [adapt])]
    data = [b if integers else io.fx(b) for b in batches]
    made_layer.adapt(data if stream else data[0])
    learnt = {}
    if case["class_name"] == "Normalization":
        learnt = {"mean": io.tensor(made_layer.adapt_mean), "variance": io.tensor(made_layer.adapt_variance)}
    elif case["class_name"] == "Discretization":
        learnt = {"boundaries": [io.number(b) for b in made_layer.bin_boundaries]}
    else:
        learnt = {"vocabulary": [int(v) for v in made_layer.get_vocabulary()]}
        if case["config"].get("output_mode") == "tf_idf":
            learnt["idf"] = [io.number(v) for v in made_layer.idf_weights.numpy()]
    return {"adapt": [io.tensor(b) for b in batches]}, learnt


def run_preprocessing(case, io):
    keras.utils.clear_session()
    rng = np.random.default_rng(zlib.crc32(case["name"].encode()))
    x = numbers(case, rng)
    extra, expect = {}, {}
    made_layer = made(case)
    if case["adapt"] is not None:
        extra, expect = adapted(case, made_layer, io)
    if case["class_name"] in ("CategoryEncoding", "IntegerLookup"):
        kw = {}
        if case["weights"] is not None:
            w = np.array(case["weights"], "float32")
            extra["weights"], kw = io.tensor(w), {"count_weights": io.fx(w)}
        expect["y"] = io.tensor(np.asarray(keras.ops.convert_to_numpy(made_layer(x.astype("int64"), **kw)), "float32"))
    elif case["gradient"]:
        weight = real(rng, np.shape(call(made_layer, io.fx(x), False)))
        y, grad = io.gradient(lambda v: (call(made_layer, v, False), keras.ops.sum(call(made_layer, v, False) * io.fx(weight))), io.differentiable(x))
        extra["weight"] = io.tensor(weight)
        expect |= {"y": io.tensor(y), "grad": io.tensor(grad)}
    else:
        expect["y"] = io.tensor(np.asarray(keras.ops.convert_to_numpy(call(made_layer, io.fx(x), False)), "float32"))
    return {"name": case["name"], **with_config(case["class_name"], **case["config"]), "x": io.tensor(x.astype("float32")), **extra, "expect": expect}


def call(made_layer, x, training):
    try:
        return made_layer(x, training=training)
    except TypeError:
        return made_layer(x)


def run_augmentation(case, io):
    keras.utils.clear_session()
    # Keras's rotation multiplies a draw by a float32, and TensorFlow warps images in float32 in any case.
    precision = keras.config.floatx()
    if case["class_name"] in ("RandomRotation", "RandomTranslation", "RandomZoom", "RandomShear"):
        keras.config.set_floatx("float32")
    try:
        return augmentation(case, io)
    finally:
        keras.config.set_floatx(precision)


def augmentation(case, io):
    rng = np.random.default_rng(zlib.crc32(case["name"].encode()))
    x = numbers(case, rng)
    made_layer = made(case)
    ks = keras.ops.convert_to_tensor
    n, images = len(x), x.astype(keras.config.floatx())
    tensor = lambda y: io.tensor(keras.ops.convert_to_numpy(y))  # noqa: E731
    if case["class_name"] == "RandomFlip":
        expect = {"either": [tensor(images), tensor(made_layer.transform_images(images, {"flips": ks(np.ones((n, 1, 1, 1), bool))}))]}
    elif case["class_name"] == "RandomShear":
        shear = np.array([[made_layer.x_factor[0], made_layer.y_factor[0]]] * n)
        expect = {"either": [tensor(made_layer.transform_images(ks(images), {"shear_factor": ks(s * shear)})) for s in (1, -1)]}
    elif case["class_name"] == "RandomHue":
        turn = np.full((n,), made_layer.factor[0] * 0.5)
        expect = {"either": [tensor(made_layer.transform_images(ks(images), {"factor": ks(s * turn)})) for s in (1, -1)]}
    else:
        expect = {"y": tensor(made_layer(images, training=True))}
    return {"name": case["name"], **with_config(case["class_name"], **case["config"]), "x": io.tensor(x), "expect": expect}


# Text ----------------------------------------------------------------------

POEM = ["The cat sat on the mat.", "The dog, the cat; and the bird!", "a bird sang -- A BIRD", "", "Don't  sit\ton it\nmat?", "Straße ÄÖ über café 日本"]
NEW = ["the bird and the fish", "A mat.", "", "cat cat DOG [UNK] über", "it's 5 o'clock"]


def text(name, texts=None, class_name="TextVectorization", adapt=None, stream=False, **config):
    return {"name": name, **with_config(class_name, **config), "texts": NEW if texts is None else texts,
            "adapt": (POEM if adapt is None else adapt) if "vocabulary" not in config else None, "stream": stream}


WORDS = ["cat", "dog", "bird", "dog", "cat", "cat", "", "fish", "[UNK]"]
TEXT = [
    text("default"),
    *[text(f"standardize_{s}", standardize=s) for s in ("lower", "strip_punctuation", None)],
    text("split_character", split="character"),
    text("split_none", split=None),
    text("ngrams_2", ngrams=2),
    text("ngrams_1_3", ngrams=[1, 3]),
    text("ngrams_of_characters", split="character", ngrams=[2], texts=["the", "ab"], adapt=["the", "then", "he"]),
    text("max_tokens", max_tokens=6),
    text("length_3", output_sequence_length=3),
    text("length_9", output_sequence_length=9, max_tokens=20),
    *[text(mode, output_mode=mode) for mode in ("multi_hot", "count", "tf_idf")],
    *[text(f"{mode}_max_tokens", output_mode=mode, max_tokens=5) for mode in ("multi_hot", "count", "tf_idf")],
    *[text(f"{mode}_padded", output_mode=mode, max_tokens=30, pad_to_max_tokens=True) for mode in ("count", "tf_idf")],
    text("count_ngrams", output_mode="count", ngrams=2, max_tokens=12),
    text("tf_idf_split_none", output_mode="tf_idf", split=None, adapt=["a", "b", "a"], texts=["a", "c"]),
    text("stream", stream=True, adapt=[POEM[:2], POEM[2:]]),
    text("stream_tf_idf", stream=True, adapt=[POEM[:2], POEM[2:]], output_mode="tf_idf"),
    text("vocabulary", vocabulary=["earth", "wind", "and", "fire"], texts=["Earth, wind!", "and and fire water"]),
    text("vocabulary_with_special", vocabulary=["", "[UNK]", "earth", "wind"], texts=["earth sea wind"]),
    text("vocabulary_count", vocabulary=["earth", "wind"], output_mode="count", texts=["earth sea wind wind"]),
    text("vocabulary_count_with_special", vocabulary=["[UNK]", "earth", "wind"], output_mode="count", texts=["earth sea wind wind"]),
    text("vocabulary_tf_idf", vocabulary=["earth", "wind"], idf_weights=[0.5, 2.0], output_mode="tf_idf", texts=["earth sea wind wind"]),
    text("vocabulary_tf_idf_with_special", vocabulary=["[UNK]", "earth", "wind"], idf_weights=[3.0, 0.5, 2.0], output_mode="tf_idf", texts=["earth sea wind wind"]),
    text("lookup", WORDS, "StringLookup", adapt=WORDS),
    text("lookup_mask", WORDS, "StringLookup", adapt=WORDS, mask_token=""),
    text("lookup_max_tokens", WORDS, "StringLookup", adapt=WORDS, max_tokens=3),
    text("lookup_vocabulary", WORDS, "StringLookup", vocabulary=["dog", "cat"]),
    text("lookup_other_oov", WORDS, "StringLookup", vocabulary=["dog", "cat"], oov_token="?"),
    text("lookup_no_oov", ["cat", "dog"], "StringLookup", vocabulary=["dog", "cat"], num_oov_indices=0),
    text("lookup_one_hot", WORDS, "StringLookup", vocabulary=["dog", "cat"], output_mode="one_hot"),
    text("lookup_one_hot_mask", WORDS, "StringLookup", vocabulary=["dog", "cat"], output_mode="one_hot", mask_token=""),
]


def run_text(case, io):
    keras.utils.clear_session()
    config = {k: tuple(v) if k == "ngrams" and isinstance(v, list) else v for k, v in case["config"].items()}
    made_layer = getattr(L, case["class_name"])(**config)
    if case["adapt"] is not None:
        made_layer.adapt((b for b in case["adapt"]) if case["stream"] else case["adapt"])
    lookup = case["class_name"] == "StringLookup"
    # Each text is a sample of its own: [n, 1], but where indices of single tokens are wanted.
    column = np.array(case["texts"]) if lookup and case["config"].get("output_mode", "int") == "int" else np.array(case["texts"])[:, None]
    y = np.asarray(keras.ops.convert_to_numpy(made_layer(column)), "float32")
    expect = {"y": io.tensor(y), "vocabulary": [str(v) for v in made_layer.get_vocabulary()]}
    inner = made_layer if lookup else made_layer._lookup_layer
    if case["config"].get("output_mode") == "tf_idf":
        expect["idf"] = [io.number(v) for v in inner.idf_weights.numpy()]
    return {**case, "expect": expect}


def families():
    return {
        "preprocessing": lambda io: [run_preprocessing(c, io) for c in PREPROCESSING],
        "augmentation": lambda io: [run_augmentation(c, io) for c in AUGMENTATION],
        "text": lambda io: [run_text(c, io) for c in TEXT],
    }
