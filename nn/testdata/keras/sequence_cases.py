"""The cases of sequence.py."""


def layer(class_name, **config):
    return {"class_name": class_name, "config": config}


def node(layer, *inputs, out=1, **args):
    return {"layer": layer, "in": list(inputs), **({"out": out} if out > 1 else {}), **({"args": args} if args else {})}


def case(name, inputs, nodes, outputs=None, **options):
    """outputs are by default all that the last node returns."""
    if outputs is None:
        last = len(inputs) + sum(n.get("out", 1) for n in nodes)
        outputs = list(range(last - nodes[-1].get("out", 1), last))
    return {"name": name, "inputs": [list(s) for s in inputs], "nodes": nodes, "outputs": outputs, **options}


def dense(units, **config):
    return layer("Dense", units=units, **config)


def l2(x):
    return layer("L2", l2=x)


# Recurrent layers ------------------------------------------------------------

KINDS = {"simple_rnn": ("SimpleRNN", {}, 1), "lstm": ("LSTM", {}, 2), "gru": ("GRU", {}, 1),
         "gru_reset_before": ("GRU", {"reset_after": False}, 1)}
# [sample, step]: in the middle, at the start, at the end, and a whole sequence but one step.
PADDING = [[0, 1], [0, 2], [1, 0], [1, 1], [2, 3]]


def over(name, spec, out=1, masked=False, states=(), **options):
    """The layer behind a Dense, so that there is a gradient of its input, and with masked behind a Masking; states are the sizes of
    initial states, which are inputs with a Dense behind each."""
    inputs = [(4, 2)] + [(s,) for s in states]
    at = len(inputs)
    nodes = [node(layer("Masking"), 0)] if masked else []
    nodes += [node(dense(2), at if masked else 0)]
    x = at + len(nodes) - 1
    nodes += [node(dense(s, use_bias=False), 1 + i) for i, s in enumerate(states)]
    nodes.append(node(spec, x, *range(x + 1, x + 1 + len(states)), out=out))
    if masked:
        options["padded"] = {"0": PADDING}
    return case(name, inputs, nodes, **options)


def of_kind(kind):
    class_name, own, states = KINDS[kind]
    u = 2

    def one(name, out=1, masked=False, initial=False, **config):
        options = {k: config.pop(k) for k in ("train", "samples", "batch_size") if k in config}
        return over(f"{kind}_{name}", layer(class_name, units=u, **own, **config), out, masked, [u] * states if initial else (), **options)

    return [
        one("plain"),
        one("sequences", return_sequences=True),
        one("state", out=1 + states, return_state=True),
        one("sequences_and_state", out=1 + states, return_sequences=True, return_state=True),
        one("backwards", go_backwards=True),
        one("backwards_sequences", go_backwards=True, return_sequences=True),
        one("no_bias", use_bias=False, return_sequences=True),
        one("activation", activation="relu", **({} if kind == "simple_rnn" else {"recurrent_activation": "hard_sigmoid"})),
        one("linear", activation="linear", return_sequences=True),
        one("masked", masked=True),
        one("masked_sequences", masked=True, return_sequences=True),
        one("masked_state", masked=True, out=1 + states, return_state=True, return_sequences=True),
        one("masked_backwards", masked=True, go_backwards=True, return_sequences=True),
        one("masked_zero_output", masked=True, return_sequences=True, zero_output_for_mask=True),
        one("masked_zero_last_output", masked=True, zero_output_for_mask=True),
        one("masked_activation", masked=True, activation="softsign", return_sequences=True),
        one("initial_state", initial=True, return_sequences=True),
        one("initial_state_masked", initial=True, masked=True, return_sequences=True, return_state=True, out=1 + states),
        one("initial_state_masked_backwards", initial=True, masked=True, go_backwards=True),
        one("stateful", stateful=True, samples=6, batch_size=2),
        one("unrolled", unroll=True, masked=True, return_sequences=True),
        one("penalties", kernel_regularizer=l2(0.1), recurrent_regularizer=layer("L1", l1=0.05), bias_regularizer=l2(0.2),
            # SimpleRNN and TimeDistributed of Keras 3.15 forget activity regularizers.
            **({} if kind == "simple_rnn" else {"activity_regularizer": l2(0.1)}), return_sequences=True, return_state=True, out=1 + states),
        one("constraints", kernel_constraint=layer("MaxNorm", max_value=0.8), recurrent_constraint=layer("UnitNorm"),
            bias_constraint=layer("NonNeg")),
        one("dropout_inference", dropout=0.5, recurrent_dropout=0.3, train=False),
    ]


def cell(kind, units=2, **config):
    return layer(kind + "Cell", units=units, **config)


def rnn(name, cells, states, out=1, masked=False, initial=(), **config):
    options = {k: config.pop(k) for k in ("samples", "batch_size") if k in config}
    return over("rnn_" + name, layer("RNN", cell=cells, **config), out, masked, initial, **options)


CELLS = [
    rnn("simple_rnn_cell", cell("SimpleRNN"), 1, return_sequences=True),
    rnn("lstm_cell", cell("LSTM"), 2, return_sequences=True, return_state=True, out=3),
    rnn("gru_cell", cell("GRU"), 1, masked=True, go_backwards=True),
    rnn("gru_cell_reset_before", cell("GRU", reset_after=False), 1, masked=True, return_sequences=True, zero_output_for_mask=True),
    rnn("stacked", [cell("LSTM"), cell("GRU", 3)], 3, return_sequences=True, return_state=True, out=4),
    rnn("stacked_backwards", [cell("SimpleRNN", 3), cell("LSTM")], 3, go_backwards=True, return_sequences=True),
    rnn("stacked_masked", [cell("GRU"), cell("LSTM")], 3, masked=True, return_sequences=True, return_state=True, out=4),
    rnn("stacked_masked_backwards", [cell("GRU"), cell("GRU")], 2, masked=True, go_backwards=True),
    rnn("stacked_cells", layer("StackedRNNCells", cells=[cell("LSTM"), cell("LSTM")]), 4),
    rnn("initial_state", cell("LSTM"), 2, initial=(2, 2), masked=True, return_sequences=True),
    rnn("stateful", cell("GRU"), 1, stateful=True, samples=4, batch_size=2),
]


def both(name, inner, out=1, masked=False, initial=(), **config):
    options = {k: config.pop(k) for k in ("samples", "batch_size") if k in config}
    return over("bidirectional_" + name, layer("Bidirectional", layer=inner, **config), out, masked, initial, **options)


def lstm(**config):
    return layer("LSTM", units=2, **config)


def gru(**config):
    return layer("GRU", units=2, **config)


BIDIRECTIONAL = [
    *[both(f"{mode}{'_sequences' if s else ''}", lstm(return_sequences=s), merge_mode=mode)
      for mode in ("concat", "sum", "mul", "ave") for s in (False, True)],
    both("none", lstm(), merge_mode=None, out=2),
    both("none_sequences", gru(return_sequences=True), merge_mode=None, out=2),
    both("state", lstm(return_state=True), out=5),
    both("none_state", gru(return_state=True, return_sequences=True), merge_mode=None, out=4),
    both("masked", gru(), masked=True),
    both("masked_sequences", gru(return_sequences=True), masked=True),
    both("masked_sum", lstm(return_sequences=True), masked=True, merge_mode="sum"),
    both("masked_none", lstm(return_sequences=True), masked=True, merge_mode=None, out=2),
    both("initial_state", lstm(return_sequences=True), initial=(2, 2, 2, 2)),
    both("initial_state_masked", gru(return_sequences=True), initial=(2, 2), masked=True),
    both("backward_layer", lstm(), backward_layer=layer("GRU", units=2, go_backwards=True)),
    both("backward_layer_activation", layer("SimpleRNN", units=2), backward_layer=layer("SimpleRNN", units=2, activation="relu", go_backwards=True),
         merge_mode="sum"),
    both("cell", layer("RNN", cell=cell("GRU"), return_sequences=True)),
    both("stateful", gru(stateful=True), samples=4, batch_size=2),
    both("penalties", lstm(activity_regularizer=l2(0.1), kernel_regularizer=l2(0.05))),
]

STACKS = [
    case("lstm_over_lstm", [(4, 2)], [node(lstm(return_sequences=True), 0), node(lstm(), 1), node(dense(2), 2)]),
    case("gru_over_backwards_lstm_masked", [(4, 2)],
         [node(layer("Masking"), 0), node(lstm(return_sequences=True, go_backwards=True), 1), node(gru(), 2)], padded={"0": PADDING}),
    case("encoder_and_decoder", [(4, 2), (3, 2)],
         [node(lstm(return_state=True), 0, out=3), node(lstm(return_sequences=True), 1, 3, 4), node(dense(2), 5)]),
]


def distributed(name, inputs, inner, before=(), **options):
    nodes = list(before) + [node(layer("TimeDistributed", layer=inner), len(before))]
    return case("time_distributed_" + name, inputs, nodes, **options)


DISTRIBUTED = [
    distributed("dense", [(3, 2)], dense(2, activation="tanh"), [node(dense(2), 0)]),
    distributed("dense_masked", [(4, 2)], dense(2), [node(layer("Masking"), 0)], padded={"0": PADDING}),
    distributed("conv2d", [(2, 3, 3, 1)], layer("Conv2D", filters=2, kernel_size=2)),
    distributed("flatten", [(2, 2, 2)], layer("Flatten"), [node(dense(2), 0)]),
    distributed("lstm", [(3, 4, 2)], lstm(), [node(dense(2), 0)]),
    distributed("batch_normalization", [(3, 2)], layer("BatchNormalization"), [node(dense(2, use_bias=False), 0)]),
    distributed("batch_normalization_masked", [(4, 2)], layer("BatchNormalization"),
                [node(layer("Masking"), 0), node(dense(2, use_bias=False), 1)], padded={"0": PADDING}),
    distributed("sequential", [(3, 2)], layer("Sequential", layers=[dense(3, activation="relu"), dense(2)])),
    distributed("regularizers", [(3, 2)], dense(2, kernel_regularizer=l2(0.1))),
]

EMBEDDING = [
    case("embedding", [(4,)], [node(layer("Embedding", input_dim=5, output_dim=2), 0), node(dense(2), 1)], whole={"0": 5}),
    case("embedding_of_a_number", [()], [node(layer("Embedding", input_dim=5, output_dim=3), 0)], whole={"0": 5}),
    case("embedding_rank_2", [(2, 3)], [node(layer("Embedding", input_dim=4, output_dim=2), 0)], whole={"0": 4}),
    case("embedding_penalties", [(4,)],
         [node(layer("Embedding", input_dim=5, output_dim=2, embeddings_regularizer=l2(0.1), embeddings_constraint=layer("UnitNorm"),
                     activity_regularizer=l2(0.1)), 0)], whole={"0": 5}),
    # Each number once: on TensorFlow Keras's Adam squares the gradients of a number's several places before it adds them up.
    case("embedding_adam", [(4,)], [node(layer("Embedding", input_dim=14, output_dim=2), 0), node(gru(), 1)],
         given={"0": [[0, 3, 7, 2], [9, 1, 12, 5], [4, 13, 8, 10]]},
         optimizer=layer("Adam", learning_rate=0.01)),
    case("embedding_mask_zero", [(4,)], [node(layer("Embedding", input_dim=5, output_dim=2, mask_zero=True), 0)], whole={"0": 5},
         padded={"0": PADDING}),
    case("embedding_mask_zero_lstm", [(4,)],
         [node(layer("Embedding", input_dim=5, output_dim=2, mask_zero=True), 0), node(lstm(), 1), node(dense(1), 2)], whole={"0": 5},
         padded={"0": PADDING}),
    case("embedding_mask_zero_bidirectional", [(4,)],
         [node(layer("Embedding", input_dim=5, output_dim=2, mask_zero=True), 0),
          node(layer("Bidirectional", layer=gru(return_sequences=True)), 1), node(dense(2), 2)], whole={"0": 5}, padded={"0": PADDING}),
]

RECURRENT = [c for kind in KINDS for c in of_kind(kind)]
WRAPPERS = CELLS + BIDIRECTIONAL + STACKS + DISTRIBUTED + EMBEDDING

# Attention -------------------------------------------------------------------


def attention(class_name, name, config=(), masks="", key=False, out=1, d=2, **args):
    """Over a query [3, 2] and a value [4, 2], with a Dense behind each input; masks are of query (q) and value (v)."""
    inputs = [(3, d), (4, d)] + [(4, d)] * key
    at, nodes, x = len(inputs), [], []
    padded = {}
    for i in range(len(inputs)):
        source = i
        if "qvk"[i] in masks:
            nodes.append(node(layer("Masking"), i))
            source = at + len(nodes) - 1
            padded[str(i)] = [[0, 1], [1, 0], [2, 2]]
        nodes.append(node(dense(d), source))
        x.append(at + len(nodes) - 1)
    nodes.append(node(layer(class_name, **dict(config)), *x, out=out, **args))
    return case(f"{name}", inputs, nodes, **({"padded": padded} if padded else {}))


def dot(name, config=(), **options):
    return attention("Attention", "attention_" + name, config, **options)


def additive(name, config=(), **options):
    return attention("AdditiveAttention", "additive_attention_" + name, config, **options)


def heads(name, masks="", source=None, third=False, given=None, out=1, key_dim=2, d=3, args=(), train=True, **config):
    """MultiHeadAttention over a query [3, d], and over itself or a source of its own."""
    return many("MultiHeadAttention", "multi_head_attention_" + name, {"num_heads": 2, "key_dim": key_dim, **config},
                masks, source, third, given, out, d, args, train)


def grouped(name, masks="", source=None, third=False, given=None, out=1, d=3, args=(), train=True, **config):
    return many("GroupQueryAttention", "group_query_attention_" + name,
                {"head_dim": 2, "num_query_heads": 4, "num_key_value_heads": 2, **config}, masks, source, third, given, out, d, args, train)


def many(class_name, name, config, masks, source, third, given, out, d, args, train):
    inputs = [(3, d)] + ([source] if source else []) + ([source] if third else [])
    mask_shape = None
    if given is not None:
        mask_shape = given
        inputs.append(mask_shape)
    at, nodes, x, padded = len(inputs), [], [], {}
    for i in range(len(inputs) - (given is not None)):
        last = i
        if "qvk"[i] in masks:
            nodes.append(node(layer("Masking"), i))
            last = at + len(nodes) - 1
            padded[str(i)] = [[0, 1], [1, 0], [2, 2]]
        nodes.append(node(dense(d), last))
        x.append(at + len(nodes) - 1)
    if not source:
        x.append(x[0])
    if given is not None:
        while len(x) < 3:
            x.append(x[1])
        x.append(at - 1)
    nodes.append(node(layer(class_name, **config), *x, out=out, **dict(args)))
    options = {"padded": padded} if padded else {}
    if given is not None:
        options["whole"] = {str(at - 1): 2}
        shape = mask_shape
        table = [[1, 0, 1, 1], [1, 1, 0, 1], [0, 1, 1, 0]]
        rows = [[(table[(r + n) % 3][c]) for c in range(shape[-1])] for n in range(3) for r in range(shape[-2])]
        flat = [rows[n * shape[-2]:(n + 1) * shape[-2]] for n in range(3)]
        if len(shape) == 3:
            flat = [[m] * shape[0] for m in flat]
        options["given"] = {str(at - 1): flat}
        del options["whole"]
    if not train:
        options["train"] = False
    return case(name, inputs, nodes, **options)


causal = {"use_causal_mask": True}
scores = {"return_attention_scores": True}
ATTENTION = [
    dot("dot"),
    dot("scale", {"use_scale": True}),
    dot("concat", {"score_mode": "concat"}),
    dot("concat_scale", {"score_mode": "concat", "use_scale": True}),
    dot("key", key=True),
    dot("causal", **causal),
    dot("scores", out=2, **scores),
    dot("value_mask", masks="v"),
    dot("query_mask", masks="q"),
    dot("both_masks", masks="qv"),
    dot("causal_both_masks", masks="qv", **causal),
    dot("dropout_rate_0", {"dropout": 0.0, "use_scale": True}, masks="v"),
    additive("plain"),
    additive("no_scale", {"use_scale": False}),
    additive("key", key=True),
    additive("causal_masks", masks="qv", **causal),
    additive("scores", out=2, **scores),
    heads("self"),
    heads("value_dim", value_dim=3),
    heads("no_bias", use_bias=False),
    heads("one_head", num_heads=1),
    heads("output_shape", output_shape=2),
    heads("output_shape_of_two", output_shape=[2, 2]),
    heads("query_and_value", source=(4, 2)),
    heads("cross_with_keys", source=(4, 2), third=True),
    heads("causal", args=causal),
    heads("causal_cross", source=(4, 3), args=causal),
    heads("scores", out=2, args=scores),
    # Keras gives scores a mask that its own losses cannot apply, and says that they are [T, T] where they are [T, S].
    heads("causal_scores", out=2, args={**causal, **scores}, train=False),
    heads("self_masked", masks="q"),
    heads("masked_query", masks="q", source=(4, 2)),
    heads("masked_value", masks="v", source=(4, 2)),
    heads("masked_key", masks="k", source=(4, 2), third=True),
    heads("masked_both_causal", masks="qv", source=(4, 2), args=causal),
    heads("masked_scores", masks="qv", source=(4, 2), out=2, args=scores, train=False),
    heads("attention_mask", given=(3, 3)),
    heads("attention_mask_broadcast", given=(1, 3)),
    heads("attention_mask_of_heads", given=(2, 3, 3)),
    heads("attention_mask_causal", given=(3, 4), source=(4, 2), args=causal),
    heads("sliding_window", source=(4, 3), sliding_window=2),
    heads("sliding_window_causal", sliding_window=2, args=causal),
    heads("gate", use_gate=True),
    heads("gate_value_dim", use_gate=True, value_dim=3, use_bias=False),
    heads("penalties", kernel_regularizer=l2(0.1), bias_regularizer=l2(0.1), activity_regularizer=l2(0.05),
          kernel_constraint=layer("MaxNorm", max_value=0.9), bias_constraint=layer("NonNeg")),
    heads("dropout_inference", dropout=0.5, train=False),
    heads("dropout_inference_masked", dropout=0.5, masks="q", args=causal, train=False),
    grouped("self"),
    grouped("multi_query", num_key_value_heads=1),
    grouped("all_heads", num_key_value_heads=4),
    grouped("cross", source=(4, 2)),
    grouped("causal", args=causal),
    grouped("no_bias_gate", use_bias=False, use_gate=True),
    grouped("scores", out=2, args=scores),
    grouped("masked", masks="qv", source=(4, 2)),
    grouped("masked_query", masks="q"),
    grouped("attention_mask_causal", given=(3, 4), source=(4, 2), args=causal),
    grouped("sliding_window", sliding_window=1, source=(4, 2)),
]
