"""Native PyTorch's part of the benchmark: it reads one JSON request a line and answers with one line each.

{"open": workload, "model": model}  ->  {"session": n}
{"session": n, "run": steps}        ->  {"ms": milliseconds together}
{"session": n, "close": true}       ->  {}
{"version": true}                   ->  {"version": "...", "threads": n}

Workloads and models are those of page/workloads.js. The number of threads is what OMP_NUM_THREADS and OPENBLAS_NUM_THREADS say.
An answer to what went wrong is {"error": "..."}.
"""

import json
import math
import os
import sys
import time

import torch
from torch import nn

torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))


class LastStep(nn.Module):
    """An LSTM over a batch of sequences, of which the last step's output counts."""

    def __init__(self, features, units):
        super().__init__()
        self.lstm = nn.LSTM(features, units, batch_first=True)

    def forward(self, x):
        return self.lstm(x)[0][:, -1]


def build(model):
    """The model up to its logits, images as NCHW."""
    height, width, channels = model["input"] if len(model["input"]) == 3 else (0, 0, model["input"][-1])
    layers = []
    for l in model["layers"]:
        kind = l["layer"]
        if kind == "conv2d":
            k = l["kernelSize"]
            layers.append(nn.Conv2d(channels, l["filters"], k, padding=l["padding"]))
            channels = l["filters"]
            if l["padding"] == "valid":
                height, width = height - k + 1, width - k + 1
        elif kind == "maxPooling2d":
            layers.append(nn.MaxPool2d(l["poolSize"]))
            height, width = height // l["poolSize"], width // l["poolSize"]
        elif kind == "dropout":
            layers.append(nn.Dropout(l["rate"]))
        elif kind == "flatten":
            layers.append(nn.Flatten())
            channels = height * width * channels
        elif kind == "lstm":
            layers.append(LastStep(channels, l["units"]))
            channels = l["units"]
        elif kind == "dense":
            layers.append(nn.Linear(channels, l["units"]))
            channels = l["units"]
        else:
            raise ValueError(f"no layer {kind} for PyTorch")
        if l.get("activation") == "relu":
            layers.append(nn.ReLU())
    return nn.Sequential(*layers)


def open_session(workload, spec):
    """A function that does one step."""
    torch.manual_seed(1)
    model = build(spec)
    n = workload["samples"]
    shape = spec["input"]
    x = torch.rand([n, shape[2], shape[0], shape[1]] if len(shape) == 3 else [n, *shape])
    if workload["does"] == "predict":
        model.eval()

        def predict():
            with torch.no_grad():
                torch.softmax(model(x), dim=-1)

        return predict

    model.train()
    y = torch.arange(n) * 7 % 10
    name, rate = spec["optimizer"]["name"], spec["optimizer"]["learningRate"]
    if name == "adadelta":
        optimizer = torch.optim.Adadelta(model.parameters(), lr=rate, rho=0.95, eps=1e-7)
    elif name == "adam":
        optimizer = torch.optim.Adam(model.parameters(), lr=rate, eps=1e-7)
    else:
        raise ValueError(f"no optimizer {name} for PyTorch")
    loss_of = nn.CrossEntropyLoss()

    def train():
        optimizer.zero_grad(set_to_none=True)
        loss = loss_of(model(x), y)
        loss.backward()
        optimizer.step()
        if not math.isfinite(loss.item()):
            raise ArithmeticError("the loss is not finite")

    return train


def main():
    sessions = {}
    opened = 0
    for line in sys.stdin:
        request = json.loads(line)
        try:
            if "version" in request:
                answer = {"version": torch.__version__, "threads": torch.get_num_threads()}
            elif "open" in request:
                opened += 1
                sessions[opened] = open_session(request["open"], request["model"])
                answer = {"session": opened}
            elif "run" in request:
                step = sessions[request["session"]]
                began = time.perf_counter()
                for _ in range(request["run"]):
                    step()
                answer = {"ms": (time.perf_counter() - began) * 1000}
            elif "close" in request:
                sessions.pop(request["session"], None)
                answer = {}
            else:
                raise ValueError(f"what is asked in {line!r}?")
        except Exception as error:  # what PyTorch cannot do is a result too
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)


main()
