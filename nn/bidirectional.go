package nn

import (
	"reflect"
	"slices"
	"strings"

	"github.com/tabgrad/tabgrad/nn/prog"
)

// Bidirectional goes through a sequence forwards with one recurrent layer and backwards with another, and joins
// what they return (Schuster and Paliwal 1997). They are made of Layer and have weights of their own, under the
// names forward_ and backward_. Where sequences are returned the backward ones are turned round, so that both
// are in the order of the steps, and what a mask leaves out is 0. With ReturnState the forward layer's state
// follows, and then the backward one's; further inputs are initial states in that order.
// keras/src/layers/rnn/bidirectional.py
type Bidirectional struct {
	Multi
	Layer    Layer  `arg:"layer" required:"yes" doc:"A recurrent layer: SimpleRNN, LSTM, GRU or RNN."`
	Merge    string `arg:"merge_mode" default:"concat" oneof:"concat,sum,mul,ave,none" null:"none" doc:"How both outputs become one; none, or null, leaves them two."`
	Backward Layer  `arg:"backward_layer" doc:"The layer that goes backwards, where it is another one; its go_backwards is true."`

	Name   string `arg:"name" doc:"The layer's name."`
	Frozen bool   `arg:"!trainable" doc:"Whether training changes the layers' variables."`
}

// directions are the forward and the backward layer.
func (l Bidirectional) directions() ([2]recurrentLayer, error) {
	var both [2]recurrentLayer
	for i, side := range []struct {
		arg, prefix string
		layer       Layer
	}{{"layer", "forward_", l.Layer}, {"backward_layer", "backward_", l.Backward}} {
		own := side.layer != nil // the backward layer is else the forward one, turned round
		if !own {
			side.layer = l.Layer
		}
		r, ok := bare(side.layer).(recurrentLayer)
		if !ok {
			return both, fail(ErrConfig, "%s is %s, wanted one of simple_rnn, lstm, gru, rnn", side.arg, layerName(bare(side.layer)))
		}
		name := nameOf(r)
		if name == "" {
			name = autoName(r, nil)
		}
		if i == 0 || !own {
			name = side.prefix + strings.TrimPrefix(name, side.prefix)
		}
		v := reflect.New(reflect.TypeOf(r)).Elem()
		v.Set(reflect.ValueOf(r))
		v.FieldByName("Name").SetString(name)
		v.FieldByName("ZeroOutput").SetBool(v.FieldByName("ReturnSequences").Bool())
		if !own {
			v.FieldByName("Backwards").SetBool(true)
		}
		both[i] = v.Interface().(recurrentLayer)
	}
	f, b := both[0].recurrent(), both[1].recurrent()
	for _, same := range []struct {
		arg    string
		values [2]bool
	}{
		{"stateful", [2]bool{f.Stateful, b.Stateful}}, {"return_sequences", [2]bool{f.ReturnSequences, b.ReturnSequences}},
		{"return_state", [2]bool{f.ReturnState, b.ReturnState}},
	} {
		if same.values[0] != same.values[1] {
			return both, fail(ErrConfig, "%s is %t in layer and %t in backward_layer, wanted the same", same.arg, same.values[0], same.values[1])
		}
	}
	if f.Backwards == b.Backwards {
		return both, fail(ErrConfig, "go_backwards is %t in both layers, wanted false in layer and true in backward_layer", f.Backwards)
	}
	return both, nil
}

// BuildMulti builds both layers.
func (l Bidirectional) BuildMulti(s *Scope, in []prog.Shape) ([]prog.Shape, error) {
	both, err := l.directions()
	if err != nil {
		return nil, err
	}
	half := (len(in) - 1) / 2
	if len(in)%2 == 0 {
		return nil, fail(ErrConfig, "got %d initial states, wanted those of the forward layer and as many of the backward one", len(in)-1)
	}
	var outs [2][]prog.Shape
	for i, r := range both {
		if outs[i], err = s.Layer(nameOf(r), r, append([]prog.Shape{in[0]}, in[1+i*half:1+(i+1)*half]...)...); err != nil {
			return nil, err
		}
	}
	f, b := outs[0][0], outs[1][0]
	states := append(slices.Clone(outs[0][1:]), outs[1][1:]...)
	if l.Merge == "none" {
		return append([]prog.Shape{f, b}, states...), nil
	}
	joined := slices.Clone(f)
	if last := len(f) - 1; l.Merge == "concat" {
		joined[last] += b[last]
	} else if !f.Equal(b) {
		return nil, fail(ErrShape, "the layers return %v and %v, merge_mode %s wants shapes that are the same", f, b, l.Merge)
	}
	return append([]prog.Shape{joined}, states...), nil
}

// LowerMulti goes both ways.
func (l Bidirectional) LowerMulti(c *Call, x []prog.Buf) []prog.Buf {
	both, err := l.directions()
	if err != nil {
		return []prog.Buf{c.Fail(err)}
	}
	half := (len(x) - 1) / 2
	var y, states, masks []prog.Buf
	for i, r := range both {
		inner := c.inner(i, c.in[0])
		core := r.recurrent()
		core.inOrder = i == 1
		out := core.lower(inner, append([]prog.Buf{x[0]}, x[1+i*half:1+(i+1)*half]...))
		y, states = append(y, out[0]), append(states, out[1:]...)
		masks = append(masks, prog.None)
		if core.ReturnSequences {
			masks[i] = c.Mask(0)
		}
	}
	switch l.Merge {
	case "none":
		c.SetMask(0, masks[0])
		c.SetMask(1, masks[1])
		return append(y, states...)
	case "sum":
		y[0] = c.Add(y[0], y[1])
	case "ave":
		y[0] = c.Affine(c.Add(y[0], y[1]), 0.5, 0)
	case "mul":
		y[0] = c.Mul(y[0], y[1])
	default:
		y[0] = c.Concat(-1, y[0], y[1])
	}
	c.SetMask(0, masks[0])
	return append(y[:1], states...)
}

// InputNames are Keras's.
func (Bidirectional) InputNames() []string { return recurrentInputs }
