"""What keras.utils.image_dataset_from_directory makes of folders of small PNG files. nn/data/images compares with it.

`files` are the images by their paths, [height, width, channels] with numbers from 0 to 255; `expect` has the classes, and the images and
labels in the order that they come in without shuffling.
"""

import os
import tempfile

import keras
import numpy as np
import tensorflow as tf


def case(name, files, **config):
    return {"name": name, "files": files, "config": config}


RGB, GRAY, RGBA = (5, 7, 3), (4, 6, 1), (3, 5, 4)

CASES = [
    case("classes", {"b/2.png": RGB, "b/1.png": RGB, "a/x.png": RGB, "a/deep/y.png": RGB, ".hidden/z.png": RGB}, image_size=[5, 7]),
    case("smaller", {"a/1.png": RGB, "b/1.png": RGB}, image_size=[3, 4]),
    case("larger", {"a/1.png": RGB, "b/1.png": RGB}, image_size=[7, 8]),
    case("nearest", {"a/1.png": RGB, "b/1.png": RGB}, image_size=[4, 9], interpolation="nearest"),
    case("grayscale_of_rgb", {"a/1.png": RGB, "b/1.png": RGBA}, image_size=[4, 4], color_mode="grayscale"),
    case("rgb_of_gray_and_rgba", {"a/1.png": GRAY, "b/1.png": RGBA}, image_size=[4, 4]),
    case("rgba", {"a/1.png": RGBA, "b/1.png": RGB, "c/1.png": GRAY}, image_size=[3, 5], color_mode="rgba"),
    case("categorical", {"a/1.png": GRAY, "b/1.png": GRAY, "c/1.png": GRAY}, image_size=[2, 2], color_mode="grayscale", label_mode="categorical"),
    case("binary", {"no/1.png": GRAY, "yes/1.png": GRAY}, image_size=[2, 2], color_mode="grayscale", label_mode="binary"),
    case("class_names", {"a/1.png": GRAY, "b/1.png": GRAY, "c/1.png": GRAY}, image_size=[2, 2], color_mode="grayscale", class_names=["c", "a"]),
]


def families():
    def made(io):
        out = []
        for n, c in enumerate(CASES):
            rng = np.random.default_rng(n)
            files = {path: rng.integers(0, 256, shape).astype("uint8") for path, shape in c["files"].items()}
            with tempfile.TemporaryDirectory() as home:
                for path, pixels in files.items():
                    os.makedirs(os.path.dirname(os.path.join(home, path)), exist_ok=True)
                    with open(os.path.join(home, path), "wb") as f:
                        f.write(tf.io.encode_png(pixels).numpy())
                dataset = keras.utils.image_dataset_from_directory(home, shuffle=False, verbose=False, **c["config"])
                batches = [(x.numpy(), y.numpy()) for x, y in dataset]
                paths = [os.path.relpath(p, home) for p in dataset.file_paths]
            out.append({
                "name": c["name"], "config": c["config"],
                "files": {path: {"shape": list(p.shape), "data": [int(v) for v in p.ravel()]} for path, p in files.items()},
                "expect": {"classes": dataset.class_names, "paths": paths, "x": io.tensor(np.concatenate([b[0] for b in batches])),
                           "y": io.tensor(np.concatenate([b[1] for b in batches]))},
            })
        return out

    return {"image_folders": made}
