"""What keras.utils.pad_sequences and keras.utils.timeseries_dataset_from_array give. nn/data and bindings/npm compare with it."""

import keras
import numpy as np


def pad(name, sequences, **config):
    return {"name": "pad_" + name, "sequences": sequences, "config": config}


RAGGED = [[1], [2, 3], [4, 5, 6], [], [7, 8, 9, 10, 11]]

PADS = [
    pad("default", RAGGED),
    pad("post", RAGGED, padding="post"),
    pad("value", RAGGED, value=-1.0),
    pad("maxlen_2", RAGGED, maxlen=2),
    pad("maxlen_2_truncating_post", RAGGED, maxlen=2, truncating="post"),
    pad("maxlen_4_both_post", RAGGED, maxlen=4, padding="post", truncating="post", value=9.0),
    pad("maxlen_4_post_pre", RAGGED, maxlen=4, padding="post", truncating="pre"),
    pad("maxlen_8", RAGGED, maxlen=8, padding="pre", value=0.5),
    pad("all_as_long", [[1, 2], [3, 4]]),
    pad("fractions", [[0.5], [0.25, 1.75]], maxlen=3),
    pad("none_but_empty", [[], []], maxlen=2, value=3.0),
]


def series(name, steps, targets=None, **config):
    return {"name": "series_" + name, "steps": steps, "targets": targets, "config": config}


SERIES = [
    series("plain", list(range(6)), sequence_length=3),
    series("documentation", list(range(99)), sequence_length=10, sampling_rate=2, sequence_stride=3),
    series("next_step", list(range(12)), [v * 10 for v in range(3, 12)], sequence_length=3),
    series("stride", list(range(10)), list(range(100, 110)), sequence_length=2, sequence_stride=4),
    series("rate", list(range(10)), list(range(100, 110)), sequence_length=3, sampling_rate=3),
    series("start", list(range(12)), list(range(100, 112)), sequence_length=3, start_index=4),
    series("end", list(range(12)), list(range(100, 112)), sequence_length=3, end_index=7),
    series("start_and_end", list(range(20)), list(range(100, 120)), sequence_length=2, sequence_stride=2, sampling_rate=2, start_index=3, end_index=14),
    series("vectors", [[v, -v] for v in range(7)], [[v, v, v] for v in range(7)], sequence_length=3, sequence_stride=2),
    series("fewer_targets", list(range(10)), [1, 2, 3, 4], sequence_length=2),
    series("one_window", list(range(4)), sequence_length=4),
    series("length_1", list(range(4)), list(range(4)), sequence_length=1),
]


def families():
    def made(io):
        out = []
        for c in PADS:
            out.append({**c, "expect": io.tensor(keras.utils.pad_sequences(c["sequences"], dtype="float32", **c["config"]))})
        for c in SERIES:
            data = np.array(c["steps"], "float32")
            targets = None if c["targets"] is None else np.array(c["targets"], "float32")
            batches = list(keras.utils.timeseries_dataset_from_array(data, targets, batch_size=4, **c["config"]))
            if targets is None:
                expect = {"x": io.tensor(np.concatenate(batches))}
            else:
                expect = {"x": io.tensor(np.concatenate([b[0] for b in batches])), "y": io.tensor(np.concatenate([b[1] for b in batches]))}
            out.append({**c, "expect": expect})
        return out

    return {"sequences": made}
