"""Writes networks.json beside it: small networks trained by PyTorch, in the layouts of ../keras.

    python make.py

PyTorch's formulae differ from Keras's in where epsilon stands; the settings here are those for which both mean
the same (README.md says which). Weights are stored transposed to [in, out] and HWIO, images as NHWC.
"""

import json
import zlib
from pathlib import Path

import numpy as np
import torch
from torch import nn

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)
torch.use_deterministic_algorithms(True)

HERE = Path(__file__).parent
STEPS = 5


def number(v):
    """The shortest decimal that reads back as the same float32."""
    v = np.float32(v)
    return 0.0 if v == 0 else float(str(v))


def tensor(a):
    a = np.asarray(a)
    return {"shape": list(a.shape), "data": [number(v) for v in a.ravel()]}


class ToRows(nn.Module):
    """Flatten in NHWC order, as Keras does."""

    def forward(self, x):
        return x.permute(0, 2, 3, 1).flatten(1)


def layer(class_name, name, **config):
    return {"class_name": class_name, "config": {"name": name, **config}}


def seed_cnn():
    """The seed CNN of the Keras example, for 12x12 images; dropout rates 0."""
    module = nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Conv2d(4, 8, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Dropout(0.0), ToRows(),
        nn.Linear(128, 16), nn.ReLU(), nn.Dropout(0.0), nn.Linear(16, 10))
    layers = [
        layer("Conv2D", "conv2d", filters=4, kernel_size=[3, 3], activation="relu"),
        layer("Conv2D", "conv2d_1", filters=8, kernel_size=[3, 3], activation="relu"),
        layer("MaxPooling2D", "max_pooling2d", pool_size=[2, 2]),
        layer("Dropout", "dropout", rate=0.0),
        layer("Flatten", "flatten"),
        layer("Dense", "dense", units=16, activation="relu"),
        layer("Dropout", "dropout_1", rate=0.0),
        layer("Dense", "dense_1", units=10, activation="softmax"),
    ]
    return module, layers, [12, 12, 1], 10


def mixed_cnn():
    """Strides, dilation, groups, average pooling and the smooth activations in one network."""
    module = nn.Sequential(
        nn.Conv2d(2, 4, 3, stride=2, padding=1, bias=False), nn.GELU(), nn.Conv2d(4, 6, 2, dilation=2, groups=2),
        nn.ELU(), nn.AvgPool2d(2, stride=1), ToRows(), nn.Linear(24, 8), nn.Softplus(), nn.Linear(8, 8),
        nn.LeakyReLU(0.2), nn.Linear(8, 5))
    layers = [
        # 9x9 is odd, so that SAME with stride 2 pads one on each side, as PyTorch's padding=1 does.
        layer("Conv2D", "conv2d", filters=4, kernel_size=[3, 3], strides=[2, 2], padding="same", use_bias=False,
              activation="gelu"),
        layer("Conv2D", "conv2d_1", filters=6, kernel_size=[2, 2], dilation_rate=[2, 2], groups=2, activation="elu"),
        layer("AveragePooling2D", "average_pooling2d", pool_size=[2, 2], strides=[1, 1]),
        layer("Flatten", "flatten"),
        layer("Dense", "dense", units=8, activation="softplus"),
        layer("Dense", "dense_1", units=8, activation="leaky_relu"),
        layer("Dense", "dense_2", units=5, activation="softmax"),
    ]
    return module, layers, [9, 9, 2], 5


OPTIMIZERS = {
    "sgd_momentum": (("SGD", dict(learning_rate=0.05, momentum=0.9)), torch.optim.SGD, dict(lr=0.05, momentum=0.9)),
    "sgd_nesterov": (("SGD", dict(learning_rate=0.05, momentum=0.9, nesterov=True)),
                     torch.optim.SGD, dict(lr=0.05, momentum=0.9, nesterov=True)),
    "adam": (("Adam", dict(learning_rate=0.01, epsilon=1e-15)), torch.optim.Adam, dict(lr=0.01, eps=1e-15)),
    "adadelta": (("Adadelta", dict(learning_rate=1.0)), torch.optim.Adadelta, dict(lr=1.0, rho=0.95, eps=1e-7)),
    "adagrad": (("Adagrad", dict(learning_rate=0.05, epsilon=1e-15)),
                torch.optim.Adagrad, dict(lr=0.05, initial_accumulator_value=0.1, eps=1e-15)),
    "rmsprop": (("RMSprop", dict(learning_rate=0.005, epsilon=1e-20)),
                torch.optim.RMSprop, dict(lr=0.005, alpha=0.9, eps=1e-20)),
}


def to_keras(a):
    """OIHW to HWIO, [out, in] to [in, out]."""
    return {4: lambda: a.transpose(2, 3, 1, 0), 2: lambda: a.T, 1: lambda: a}[a.ndim]()


def named(module, layers, arrays):
    """Names in Keras's order: a layer's kernel, then its bias."""
    names = [f"{at['config']['name']}/{part}" for at in layers if at["class_name"] in ("Conv2D", "Dense")
             for part in (("kernel", "bias") if at["config"].get("use_bias", True) else ("kernel",))]
    return [{"name": name, **tensor(to_keras(a.detach().numpy()))} for name, a in zip(names, arrays, strict=True)]


def make_case(network, optimizer):
    module, layers, input_shape, classes = network()
    name = f"{network.__name__}_{optimizer}"
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    with torch.no_grad():
        for p in module.parameters():
            fan_in = np.prod(p.shape[1:]) if p.ndim > 1 else 25
            p.copy_(torch.tensor(np.round(rng.standard_normal(p.shape) / np.sqrt(fan_in), 4).astype("float32")))
    x = np.round(rng.standard_normal((8, *input_shape)), 3).astype("float32")
    labels = rng.permuted(np.resize(np.arange(classes), 8))
    images, wanted = torch.tensor(x.astype("float64").transpose(0, 3, 1, 2)), torch.tensor(labels)

    def scores():
        logits = module(images)
        loss = nn.functional.cross_entropy(logits, wanted)
        return logits, loss, {"accuracy": number((logits.argmax(1) == wanted).double().mean()), "loss": number(loss.item())}

    (class_name, config), make_optimizer, settings = OPTIMIZERS[optimizer]
    update = make_optimizer(module.parameters(), **settings)
    case = {"name": name, "input_shape": input_shape, "layers": layers,
            "loss": {"class_name": "CategoricalCrossentropy", "config": {}},
            "optimizer": {"class_name": class_name, "config": config}, "metrics": ["accuracy"],
            "weights": named(module, layers, module.parameters()), "x": tensor(x),
            "y": tensor(np.eye(classes)[labels])}
    expect = case["expect"] = {"predict": tensor(torch.softmax(scores()[0], 1).detach().numpy()), "steps": []}
    for _ in range(STEPS):
        update.zero_grad()
        _, loss, logs = scores()
        loss.backward()
        if not expect["steps"]:
            expect["loss"] = logs["loss"]
            expect["grads"] = named(module, layers, [p.grad.clone() for p in module.parameters()])
        expect["steps"].append(logs)
        update.step()
    expect["final_weights"] = named(module, layers, module.parameters())
    expect["evaluate"] = scores()[2]
    return case


if __name__ == "__main__":
    made = [make_case(network, optimizer) for network in (seed_cnn, mixed_cnn) for optimizer in OPTIMIZERS]
    # The big network is stored for two optimizers only: it is what makes the file large.
    made = [c for c in made if c["name"].startswith("mixed_cnn") or c["name"] in ("seed_cnn_sgd_momentum", "seed_cnn_adam")]
    lines = ",\n".join(json.dumps(c, separators=(",", ":")) for c in made)
    by = f"PyTorch {torch.__version__.split('+')[0]}, NumPy {np.__version__}; float64; nn/testdata/torch/make.py"
    path = HERE / "networks.json"
    path.write_text(f'{{"made_by":{json.dumps(by)},"family":"networks","cases":[\n{lines}\n]}}\n')
    print(f"{path.name}: {len(made)} cases, {path.stat().st_size} bytes")
