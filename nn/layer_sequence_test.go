package nn_test

import (
	"github.com/tabgrad/tabgrad/nn"
)

// The harness's cases of the layers over sequences, and of attention.

func init() {
	layerTests = append(layerTests, recurrentTests...)
	layerTests = append(layerTests, wrapperTests...)
	layerTests = append(layerTests, attentionTests...)
}

// cellVars are the variables of a cell of k gates, of u units over f features.
func cellVars(path string, k, f, u int) map[string][]int {
	return map[string][]int{path + "/kernel": {f, k * u}, path + "/recurrent_kernel": {u, k * u}, path + "/bias": {k * u}}
}

// joined are the variables of several layers.
func joined(maps ...map[string][]int) map[string][]int {
	all := map[string][]int{}
	for _, m := range maps {
		for name, shape := range m {
			all[name] = shape
		}
	}
	return all
}

var recurrentTests = []layerTest{
	{
		layer: nn.SimpleRNN{Units: 4, KernelReg: nn.L2{}, RecurrentConstraint: nn.MaxNorm{Axis: []int{0}}},
		in:    []int{5, 3}, out: []int{4}, vars: cellVars("simple_rnn/simple_rnn_cell", 1, 3, 4),
		bad: []badLayer{
			{nn.SimpleRNN{}, []int{5, 3}, nn.ErrConfig, "simple_rnn: units is missing", nil},
			{nn.SimpleRNN{Units: -1}, []int{5, 3}, nn.ErrConfig, "simple_rnn: units is -1, wanted at least 1", nil},
			{nn.SimpleRNN{Units: 4}, []int{5}, nn.ErrShape, "simple_rnn: input is [5], wanted a sequence [steps, features]", nil},
			{nn.SimpleRNN{Units: 4, Dropout: 1}, []int{5, 3}, nn.ErrConfig, "simple_rnn: dropout is 1, wanted at least 0 and less than 1", nil},
			{nn.SimpleRNN{Units: 4, RecurrentDropout: -0.5}, []int{5, 3}, nn.ErrConfig, "simple_rnn: recurrent_dropout is -0.5, wanted at least 0 and less than 1", nil},
			{nn.SimpleRNN{Units: 4, Activation: nn.GLU}, []int{5, 3}, nn.ErrConfig, "simple_rnn: activation is glu, which halves its input: wanted as an Activation layer behind this one", nil},
			{nn.SimpleRNN{Units: 4, Stateful: true}, []int{5, 3}, nn.ErrConfig, "simple_rnn: stateful is true, and the size of the batch not known: wanted an input with batch_size", nil},
			{nn.SimpleRNN{Units: 4}, []int{5, 3}, nn.ErrConfig, "simple_rnn: inputs input_layer [5,3] and input_layer_1 [4] and input_layer_2 [4]: got 2 initial states, wanted 1", [][]int{{4}, {4}}},
			{nn.SimpleRNN{Units: 4, RecurrentConstraint: nn.MaxNorm{Axis: []int{2}}}, []int{5, 3}, nn.ErrConfig, "simple_rnn: simple_rnn_cell: recurrent_kernel: max_norm: axis is [2], wanted different numbers from -2 to 1 for a variable of [4,4]", nil},
		},
	},
	{layer: nn.SimpleRNN{Units: 2, Activation: nn.ReLU, NoBias: true, Backwards: true, ReturnSequences: true, Name: "r"}, in: []int{5, 3}, out: []int{5, 2}, vars: map[string][]int{"r/simple_rnn_cell/kernel": {3, 2}, "r/simple_rnn_cell/recurrent_kernel": {2, 2}}},
	{
		layer: nn.LSTM{Units: 4, ActivityReg: nn.L2{}, Dropout: 0.2, RecurrentDropout: 0.3}, in: []int{5, 3}, out: []int{4}, vars: cellVars("lstm/lstm_cell", 4, 3, 4),
		bad: []badLayer{
			{nn.LSTM{Units: 4}, []int{2, 5, 3}, nn.ErrShape, "lstm: lstm_cell: a step's input is [5,3], wanted [features]", nil},
			{nn.LSTM{Units: 4}, []int{5, 3}, nn.ErrConfig, "lstm: inputs input_layer [5,3] and input_layer_1 [4]: got 1 initial states, wanted 2", [][]int{{4}}},
			{nn.LSTM{Units: 4}, []int{5, 3}, nn.ErrShape, "lstm: inputs input_layer [5,3] and input_layer_1 [4] and input_layer_2 [3]: initial state 1 is [3], wanted [4]", [][]int{{4}, {3}}},
			{nn.LSTM{Units: 4, RecurrentActivation: nn.ELU.With(-1)}, []int{5, 3}, nn.ErrConfig, "lstm: recurrent_activation: alpha is -1, wanted at least 0", nil},
		},
	},
	{
		layer: nn.LSTM{Units: 2, ReturnSequences: true, ReturnState: true, NoUnitForgetBias: true, ZeroOutput: true}, in: []int{5, 3}, more: [][]int{{2}, {2}},
		out: []int{5, 2}, outs: [][]int{{2}, {2}}, vars: cellVars("lstm/lstm_cell", 4, 3, 2),
	},
	{layer: nn.LSTM{Units: 2, Activation: nn.Linear, RecurrentActivation: nn.HardSigmoid, Unroll: true}, in: []int{2, 3}, out: []int{2}, vars: cellVars("lstm/lstm_cell", 4, 3, 2)},
	{layer: nn.LSTM{Units: 2, Frozen: true}, in: []int{2, 3}, out: []int{2}, vars: cellVars("lstm/lstm_cell", 4, 3, 2)},
	{
		layer: nn.GRU{Units: 4, BiasReg: nn.L1{}, RecurrentReg: nn.L2{}}, in: []int{5, 3}, out: []int{4},
		vars: joined(cellVars("gru/gru_cell", 3, 3, 4), map[string][]int{"gru/gru_cell/bias": {2, 12}}),
		bad: []badLayer{
			{nn.GRU{Units: 0}, []int{5, 3}, nn.ErrConfig, "gru: units is missing", nil},
			{nn.GRU{Units: 4}, []int{0, 3}, nn.ErrConfig, "input_layer: shape is [0, 3], wanted at least 1", nil},
		},
	},
	{layer: nn.GRU{Units: 2, ResetBefore: true, ReturnState: true, Dropout: 0.1, Seed: 3}, in: []int{5, 3}, more: [][]int{{2}}, out: []int{2}, outs: [][]int{{2}}, vars: cellVars("gru/gru_cell", 3, 3, 2)},
	{layer: nn.GRU{Units: 2, NoBias: true, ReturnSequences: true, RecurrentDropout: 0.1}, in: []int{5, 3}, out: []int{5, 2}, vars: map[string][]int{"gru/gru_cell/kernel": {3, 6}, "gru/gru_cell/recurrent_kernel": {2, 6}}},
	{
		layer: nn.SimpleRNNCell{Units: 2}, in: []int{3}, more: [][]int{{2}}, out: []int{2}, outs: [][]int{{2}}, vars: cellVars("simple_rnn_cell", 1, 3, 2),
		bad: []badLayer{
			{nn.SimpleRNNCell{Units: 2}, []int{3}, nn.ErrConfig, "simple_rnn_cell: got 1 inputs, wanted a step's x and its state, 2", nil},
			{nn.SimpleRNNCell{Units: 2}, []int{3}, nn.ErrShape, "simple_rnn_cell: inputs input_layer [3] and input_layer_1 [4]: state 0 is [4], wanted [2]", [][]int{{4}}},
			{nn.SimpleRNNCell{Units: 2}, []int{4, 3}, nn.ErrShape, "simple_rnn_cell: inputs input_layer [4,3] and input_layer_1 [2]: a step's input is [4,3], wanted [features]", [][]int{{2}}},
		},
	},
	{layer: nn.LSTMCell{Units: 2, Dropout: 0.5}, in: []int{3}, more: [][]int{{2}, {2}}, out: []int{2}, outs: [][]int{{2}, {2}}, vars: cellVars("lstm_cell", 4, 3, 2), bad: []badLayer{
		{nn.LSTMCell{}, []int{3}, nn.ErrConfig, "lstm_cell: units is missing", nil},
	}},
	{layer: nn.GRUCell{Units: 2, ResetBefore: true}, in: []int{3}, more: [][]int{{2}}, out: []int{2}, outs: [][]int{{2}}, vars: cellVars("gru_cell", 3, 3, 2), bad: []badLayer{
		{nn.GRUCell{}, []int{3}, nn.ErrConfig, "gru_cell: units is missing", nil},
	}},
	{
		layer: nn.StackedRNNCells{Cells: []nn.Layer{nn.LSTMCell{Units: 2}, nn.GRUCell{Units: 3, ResetBefore: true}, nn.LSTMCell{Units: 1}}},
		in:    []int{3}, more: [][]int{{2}, {2}, {3}, {1}, {1}}, out: []int{1}, outs: [][]int{{2}, {2}, {3}, {1}, {1}},
		vars: joined(cellVars("stacked_rnn_cells/lstm_cell", 4, 3, 2), cellVars("stacked_rnn_cells/gru_cell", 3, 2, 3), cellVars("stacked_rnn_cells/lstm_cell_1", 4, 3, 1)),
		bad: []badLayer{
			{nn.StackedRNNCells{}, []int{3}, nn.ErrConfig, "stacked_rnn_cells: cells is empty, wanted at least one", nil},
			{nn.StackedRNNCells{Cells: []nn.Layer{nil}}, []int{3}, nn.ErrConfig, "stacked_rnn_cells: cells: layer 0 is nil", nil},
			{nn.StackedRNNCells{Cells: []nn.Layer{nn.GRUCell{}}}, []int{3}, nn.ErrConfig, "stacked_rnn_cells: cells: units is missing", nil},
			{nn.StackedRNNCells{Cells: []nn.Layer{nn.GRUCell{Units: 2}}}, []int{3}, nn.ErrConfig, "stacked_rnn_cells: got 1 inputs, wanted a step's x and its state, 2", nil},
			{nn.StackedRNNCells{Cells: []nn.Layer{nn.Dense{Units: 2}}}, []int{3}, nn.ErrConfig, "stacked_rnn_cells: cell 0 is dense, wanted one of simple_rnn_cell, lstm_cell, gru_cell, or another nn.Cell", nil},
		},
	},
	{
		layer: nn.RNN{Cell: nn.GRUCell{Units: 2, ResetBefore: true}, ReturnSequences: true, ActivityReg: nn.L2{}}, in: []int{4, 3}, out: []int{4, 2}, vars: cellVars("rnn/gru_cell", 3, 3, 2),
		bad: []badLayer{
			{nn.RNN{}, []int{4, 3}, nn.ErrConfig, "rnn: cell is missing", nil},
			{nn.RNN{Cell: nn.LSTM{Units: 2}}, []int{4, 3}, nn.ErrConfig, "rnn: cell is lstm, wanted one of simple_rnn_cell, lstm_cell, gru_cell, stacked_rnn_cells, or another nn.Cell", nil},
			{nn.RNN{Cell: nn.GRUCell{Units: -2}}, []int{4, 3}, nn.ErrConfig, "rnn: cell: units is -2, wanted at least 1", nil},
			{nn.RNN{Cell: nn.GRUCell{Units: 2}}, []int{3}, nn.ErrShape, "rnn: input is [3], wanted a sequence [steps, features]", nil},
		},
	},
	{
		layer: nn.RNN{Cell: nn.StackedRNNCells{Cells: []nn.Layer{nn.LSTMCell{Units: 2}, nn.SimpleRNNCell{Units: 3}}}, ReturnState: true, Backwards: true},
		in:    []int{4, 3}, more: [][]int{{2}, {2}, {3}}, out: []int{3}, outs: [][]int{{2}, {2}, {3}},
		vars: joined(cellVars("rnn/stacked_rnn_cells/lstm_cell", 4, 3, 2), cellVars("rnn/stacked_rnn_cells/simple_rnn_cell", 1, 2, 3)),
	},
}

var wrapperTests = []layerTest{
	{
		layer: nn.Embedding{InputDim: 7, OutputDim: 3, MaskZero: true, EmbeddingsReg: nn.L2{}}, in: []int{4}, out: []int{4, 3}, vars: map[string][]int{"embedding/embeddings": {7, 3}}, below: 7,
		bad: []badLayer{
			{nn.Embedding{OutputDim: 3}, []int{4}, nn.ErrConfig, "embedding: input_dim is missing", nil},
			{nn.Embedding{InputDim: 7, OutputDim: -3}, []int{4}, nn.ErrConfig, "embedding: output_dim is -3, wanted at least 1", nil},
			{nn.Embedding{InputDim: 1 << 25, OutputDim: 3}, []int{4}, nn.ErrConfig, "embedding: input_dim is 33554432, wanted 1 to 16777216", nil},
		},
	},
	{
		layer: nn.Bidirectional{Layer: nn.LSTM{Units: 2, ReturnSequences: true}}, in: []int{4, 3}, out: []int{4, 4},
		vars: joined(cellVars("bidirectional/forward_lstm/lstm_cell", 4, 3, 2), cellVars("bidirectional/backward_lstm/lstm_cell", 4, 3, 2)),
		bad: []badLayer{
			{nn.Bidirectional{}, []int{4, 3}, nn.ErrConfig, "bidirectional: layer is missing", nil},
			{nn.Bidirectional{Layer: nn.Dense{Units: 2}}, []int{4, 3}, nn.ErrConfig, "bidirectional: layer is dense, wanted one of simple_rnn, lstm, gru, rnn", nil},
			{nn.Bidirectional{Layer: nn.LSTM{}}, []int{4, 3}, nn.ErrConfig, "bidirectional: layer: units is missing", nil},
			{nn.Bidirectional{Layer: nn.LSTM{Units: 2}, Merge: "max"}, []int{4, 3}, nn.ErrConfig, `bidirectional: merge_mode is "max", wanted concat or sum or mul or ave or none`, nil},
			{nn.Bidirectional{Layer: nn.LSTM{Units: 2, Backwards: true}}, []int{4, 3}, nn.ErrConfig, "bidirectional: go_backwards is true in both layers, wanted false in layer and true in backward_layer", nil},
			{nn.Bidirectional{Layer: nn.LSTM{Units: 2}, Backward: nn.GRU{Units: 2}}, []int{4, 3}, nn.ErrConfig, "bidirectional: go_backwards is false in both layers, wanted false in layer and true in backward_layer", nil},
			{nn.Bidirectional{Layer: nn.LSTM{Units: 2}, Backward: nn.GRU{Units: 2, Backwards: true, ReturnSequences: true}}, []int{4, 3}, nn.ErrConfig, "bidirectional: return_sequences is false in layer and true in backward_layer, wanted the same", nil},
			{nn.Bidirectional{Layer: nn.LSTM{Units: 2}, Backward: nn.Flatten{}}, []int{4, 3}, nn.ErrConfig, "bidirectional: backward_layer is flatten, wanted one of simple_rnn, lstm, gru, rnn", nil},
			{nn.Bidirectional{Layer: nn.LSTM{Units: 2}, Backward: nn.LSTM{Units: 3, Backwards: true}, Merge: "sum"}, []int{4, 3}, nn.ErrShape, "bidirectional: the layers return [2] and [3], merge_mode sum wants shapes that are the same", nil},
			{nn.Bidirectional{Layer: nn.GRU{Units: 2}}, []int{4, 3}, nn.ErrConfig, "bidirectional: inputs input_layer [4,3] and input_layer_1 [2]: got 1 initial states, wanted those of the forward layer and as many of the backward one", [][]int{{2}}},
			{nn.Bidirectional{Layer: nn.GRU{Units: 2}}, []int{4, 3}, nn.ErrShape, "bidirectional: inputs input_layer [4,3] and input_layer_1 [2] and input_layer_2 [3]: backward_gru: initial state 0 is [3], wanted [2]", [][]int{{2}, {3}}},
			{nn.Bidirectional{Layer: nn.GRU{Units: 2, Stateful: true}}, []int{4, 3}, nn.ErrConfig, "bidirectional: forward_gru: stateful is true, and the size of the batch not known: wanted an input with batch_size", nil},
		},
	},
	{
		layer: nn.Bidirectional{Layer: nn.GRU{Units: 2, ReturnState: true, ResetBefore: true, Name: "mine"}, Merge: "none"}, in: []int{4, 3}, more: [][]int{{2}, {2}},
		out: []int{2}, outs: [][]int{{2}, {2}, {2}},
		vars: joined(cellVars("bidirectional/forward_mine/gru_cell", 3, 3, 2), cellVars("bidirectional/backward_mine/gru_cell", 3, 3, 2)),
	},
	{
		layer: nn.Bidirectional{Layer: nn.LSTM{Units: 2}, Backward: nn.RNN{Cell: nn.GRUCell{Units: 3, ResetBefore: true}, Backwards: true, Name: "back"}, Name: "both"}, in: []int{4, 3}, out: []int{5},
		vars: joined(cellVars("both/forward_lstm/lstm_cell", 4, 3, 2), cellVars("both/back/gru_cell", 3, 3, 3)),
	},
	{
		layer: nn.Bidirectional{Layer: nn.SimpleRNN{Units: 2}, Merge: "mul", Frozen: true}, in: []int{4, 3}, out: []int{2},
		vars: joined(cellVars("bidirectional/forward_simple_rnn/simple_rnn_cell", 1, 3, 2), cellVars("bidirectional/backward_simple_rnn/simple_rnn_cell", 1, 3, 2)),
	},
	{layer: nn.Bidirectional{Layer: nn.SimpleRNN{Units: 2}, Merge: "sum"}, in: []int{4, 3}, out: []int{2}, vars: joined(cellVars("bidirectional/forward_simple_rnn/simple_rnn_cell", 1, 3, 2), cellVars("bidirectional/backward_simple_rnn/simple_rnn_cell", 1, 3, 2))},
	{layer: nn.Bidirectional{Layer: nn.SimpleRNN{Units: 2}, Merge: "ave"}, in: []int{4, 3}, out: []int{2}, vars: joined(cellVars("bidirectional/forward_simple_rnn/simple_rnn_cell", 1, 3, 2), cellVars("bidirectional/backward_simple_rnn/simple_rnn_cell", 1, 3, 2))},
	{
		layer: nn.TimeDistributed{Layer: nn.Conv2D{Filters: 2, Kernel: nn.Size2{2, 2}, ActivityReg: nn.L2{}}}, in: []int{2, 3, 3, 1}, out: []int{2, 2, 2, 2},
		vars: map[string][]int{"time_distributed/conv2d/kernel": {2, 2, 1, 2}, "time_distributed/conv2d/bias": {2}},
		bad: []badLayer{
			{nn.TimeDistributed{}, []int{2, 3}, nn.ErrConfig, "time_distributed: layer is missing", nil},
			{nn.TimeDistributed{Layer: nn.Dense{Units: 2}}, []int{3}, nn.ErrShape, "time_distributed: input is [3], wanted a sequence [steps, ...] of what the layer takes", nil},
			{nn.TimeDistributed{Layer: nn.Dense{}}, []int{2, 3}, nn.ErrConfig, "time_distributed: layer: units is missing", nil},
			{nn.TimeDistributed{Layer: nn.Conv2D{Filters: 2, Kernel: nn.Size2{2, 2}}}, []int{2, 3}, nn.ErrShape, "time_distributed: conv2d: input is [3], wanted an image [height, width, channels]", nil},
			{nn.TimeDistributed{Layer: nn.LSTM{Units: 2, ReturnState: true}}, []int{2, 3, 3}, nn.ErrConfig, "time_distributed: its layer has 3 outputs, wanted 1", nil},
			{nn.TimeDistributed{Layer: nn.Dense{Units: 2}}, []int{2, 3}, nn.ErrConfig, "time_distributed: inputs input_layer [2,3] and input_layer_1 [2,3]: got 2 inputs, wanted 1", [][]int{{2, 3}}},
		},
	},
	{
		layer: nn.TimeDistributed{Layer: nn.BatchNormalization{Name: "bn"}, Name: "steps"}, in: []int{4, 2}, out: []int{4, 2},
		vars:   map[string][]int{"steps/bn/gamma": {2}, "steps/bn/beta": {2}, "steps/bn/moving_mean": {2}, "steps/bn/moving_variance": {2}},
		states: []string{"steps/bn/moving_mean", "steps/bn/moving_variance"},
	},
	{layer: nn.TimeDistributed{Layer: nn.LSTM{Units: 2}}, in: []int{3, 4, 2}, out: []int{3, 2}, vars: cellVars("time_distributed/lstm/lstm_cell", 4, 2, 2)},
	{layer: nn.TimeDistributed{Layer: nn.Dense{Units: 2}, Frozen: true}, in: []int{3, 4}, out: []int{3, 2}, vars: map[string][]int{"time_distributed/dense/kernel": {4, 2}, "time_distributed/dense/bias": {2}}},
}

// headVars are the variables of multi-head attention.
func headVars(path string, query, value, key, heads, shared, dim, valueDim, out int) map[string][]int {
	return map[string][]int{
		path + "/query/kernel": {query, heads, dim}, path + "/query/bias": {heads, dim},
		path + "/key/kernel": {key, shared, dim}, path + "/key/bias": {shared, dim},
		path + "/value/kernel": {value, shared, valueDim}, path + "/value/bias": {shared, valueDim},
		path + "/attention_output/kernel": {heads, valueDim, out}, path + "/attention_output/bias": {out},
	}
}

var attentionTests = []layerTest{
	{layer: nn.Attention{}, in: []int{3, 2}, more: [][]int{{4, 2}}, out: []int{3, 2}, bad: []badLayer{
		{nn.Attention{}, []int{3, 2}, nn.ErrConfig, "attention: got 1 inputs, wanted a query and a value, and perhaps a key", nil},
		{nn.Attention{}, []int{3, 2}, nn.ErrShape, "attention: inputs input_layer [3,2] and input_layer_1 [4]: value is [4], wanted a sequence [steps, features]", [][]int{{4}}},
		{nn.Attention{}, []int{3, 2}, nn.ErrShape, "attention: inputs input_layer [3,2] and input_layer_1 [4,3]: wanted a key of the query's features and the value's steps, [4,2]", [][]int{{4, 3}}},
		{nn.Attention{}, []int{3, 2}, nn.ErrShape, "attention: inputs input_layer [3,2] and input_layer_1 [4,3] and input_layer_2 [3,2]: wanted a key of the query's features and the value's steps, [4,2]", [][]int{{4, 3}, {3, 2}}},
		{nn.Attention{ScoreMode: "dots"}, []int{3, 2}, nn.ErrConfig, `attention: score_mode is "dots", wanted dot or concat`, nil},
		{nn.Attention{Dropout: 1}, []int{3, 2}, nn.ErrConfig, "attention: dropout is 1, wanted at least 0 and less than 1", nil},
	}},
	{layer: nn.Attention{UseScale: true, Dropout: 0.3}, in: []int{3, 2}, more: [][]int{{4, 5}, {4, 2}}, out: []int{3, 5}, vars: map[string][]int{"attention/scale": {}}},
	{layer: nn.Attention{UseScale: true, ScoreMode: "concat"}, in: []int{3, 2}, more: [][]int{{4, 2}}, out: []int{3, 2}, vars: map[string][]int{"attention/scale": {}, "attention/concat_score_weight": {}}},
	{layer: nn.AdditiveAttention{Dropout: 0.3}, in: []int{3, 2}, more: [][]int{{4, 2}}, out: []int{3, 2}, vars: map[string][]int{"additive_attention/scale": {2}}, bad: []badLayer{
		{nn.AdditiveAttention{}, []int{3, 2}, nn.ErrConfig, "additive_attention: got 1 inputs, wanted a query and a value, and perhaps a key", nil},
	}},
	{layer: nn.AdditiveAttention{NoScale: true}, in: []int{3, 2}, more: [][]int{{4, 1}, {4, 2}}, out: []int{3, 1}},
	{
		layer: nn.MultiHeadAttention{Heads: 2, KeyDim: 3, KernelReg: nn.L2{}, ActivityReg: nn.L1{}}, in: []int{4, 5}, more: [][]int{{4, 5}}, out: []int{4, 5},
		vars: headVars("multi_head_attention", 5, 5, 5, 2, 2, 3, 3, 5),
		bad: []badLayer{
			{nn.MultiHeadAttention{KeyDim: 3}, []int{4, 5}, nn.ErrConfig, "multi_head_attention: num_heads is missing", nil},
			{nn.MultiHeadAttention{Heads: 2, KeyDim: -3}, []int{4, 5}, nn.ErrConfig, "multi_head_attention: key_dim is -3, wanted at least 1", nil},
			{nn.MultiHeadAttention{Heads: 2, KeyDim: 3, ValueDim: -1}, []int{4, 5}, nn.ErrConfig, "multi_head_attention: value_dim is -1, wanted at least 0", nil},
			{nn.MultiHeadAttention{Heads: 2, KeyDim: 3}, []int{4, 5}, nn.ErrConfig, "multi_head_attention: got 1 inputs, wanted a query and a value, and perhaps a key and an attention_mask", nil},
			{nn.MultiHeadAttention{Heads: 2, KeyDim: 3}, []int{4, 4, 5}, nn.ErrShape, "multi_head_attention: inputs input_layer [4,4,5] and input_layer_1 [4,5]: query is [4,4,5], wanted a sequence [steps, features]", [][]int{{4, 5}}},
			{nn.MultiHeadAttention{Heads: 2, KeyDim: 3}, []int{4, 5}, nn.ErrShape, "multi_head_attention: inputs input_layer [4,5] and input_layer_1 [4,5] and input_layer_2 [3,5]: wanted a value and a key of as many steps", [][]int{{4, 5}, {3, 5}}},
			{nn.MultiHeadAttention{Heads: 2, KeyDim: 3}, []int{4, 5}, nn.ErrShape, "multi_head_attention: inputs input_layer [4,5] and input_layer_1 [6,5] and input_layer_2 [6,5] and input_layer_3 [4,4]: attention_mask is [4,4], wanted [4,6] or [2,4,6], or ones in their place", [][]int{{6, 5}, {6, 5}, {4, 4}}},
			{nn.MultiHeadAttention{Heads: 2, KeyDim: 3, Axes: []int{2}}, []int{4, 5}, nn.ErrConfig, "multi_head_attention: attention_axes is [2], and only the default is supported: 1, the steps of a sequence", nil},
			{nn.MultiHeadAttention{Heads: 2, KeyDim: 3, Output: []int{0}}, []int{4, 5}, nn.ErrConfig, "multi_head_attention: output_shape is 0, wanted at least 1", nil},
		},
	},
	{
		layer: nn.MultiHeadAttention{Heads: 2, KeyDim: 3, ValueDim: 2, Output: []int{4}, Axes: []int{1}, Dropout: 0.2, Window: 3, KernelConstraint: nn.MaxNorm{Axis: []int{0}}, Name: "heads"},
		in:    []int{4, 5}, more: [][]int{{3, 6}, {3, 2}}, out: []int{4, 4}, vars: headVars("heads", 5, 6, 2, 2, 2, 3, 2, 4),
	},
	{
		layer: nn.MultiHeadAttention{Heads: 1, KeyDim: 2, NoBias: true, UseGate: true, Output: []int{2, 3}}, in: []int{4, 3}, more: [][]int{{5, 3}, {5, 3}, {4, 5}}, out: []int{4, 2, 3},
		vars: map[string][]int{
			"multi_head_attention/query/kernel": {3, 1, 2}, "multi_head_attention/key/kernel": {3, 1, 2}, "multi_head_attention/gate/kernel": {3, 1, 2},
			"multi_head_attention/value/kernel": {3, 1, 2}, "multi_head_attention/attention_output/kernel": {1, 2, 2, 3},
		},
	},
	{
		layer: nn.GroupQueryAttention{KeyDim: 3, Heads: 4, Shared: 2}, in: []int{4, 5}, more: [][]int{{4, 5}}, out: []int{4, 5}, vars: headVars("group_query_attention", 5, 5, 5, 4, 2, 3, 3, 5),
		bad: []badLayer{
			{nn.GroupQueryAttention{KeyDim: 3, Heads: 4}, []int{4, 5}, nn.ErrConfig, "group_query_attention: num_key_value_heads is missing", nil},
			{nn.GroupQueryAttention{KeyDim: 3, Heads: 4, Shared: 3}, []int{4, 5}, nn.ErrConfig, "group_query_attention: num_key_value_heads is 3, wanted a divisor of num_query_heads, 4", nil},
		},
	},
}
