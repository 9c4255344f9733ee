package nn

import (
	"fmt"

	"github.com/tabgrad/tabgrad/nn/prog"
)

// A lowering writes a model's layers into one program.
type lowering struct {
	b       *prog.Builder
	step    prog.Buf // the number of the training step; None outside of training
	frozen  map[*Instance]bool
	store   map[*variable]int      // each variable's index in the Store
	current map[*variable]prog.Buf // what it holds by now
	written []*variable            // the states that were assigned, in order
	losses  []prog.Buf
}

// A value is a tensor and its mask, None where it has none.
type value struct{ buf, mask prog.Buf }

// variable is v's buffer, or what was assigned to it.
func (l *lowering) variable(v *variable) prog.Buf {
	buf, ok := l.current[v]
	if !ok {
		buf = l.b.Var(l.store[v])
		l.current[v] = buf
	}
	return buf
}

func (l *lowering) assign(v *variable, x prog.Buf) {
	if l.b.Err() == nil && !l.b.Shape(x).Equal(v.shape) {
		l.b.Fail(fail(ErrShape, "%s is %v, and was assigned %v", v.name, v.shape, l.b.Shape(x)))
		return
	}
	for _, w := range l.written {
		if w == v {
			l.current[v] = x
			return
		}
	}
	l.written = append(l.written, v)
	l.current[v] = x
}

// finish writes what was assigned into the variables. It comes behind the gradients, which read what the
// states held before.
func (l *lowering) finish() {
	for _, v := range l.written {
		l.b.Assign(l.b.Var(l.store[v]), l.current[v])
	}
}

// graph lowers all of m's layers, and returns its outputs.
func (l *lowering) graph(m *Model, in []value, key uint64, training bool) []value {
	have := make(map[*Symbolic]value, len(m.order))
	for k, x := range m.inputs {
		have[x] = in[k]
	}
	for n, a := range m.order {
		if _, isInput := have[a.out[0]]; isInput {
			continue
		}
		args := make([]value, len(a.in))
		for k, x := range a.in {
			args[k] = have[x]
		}
		for k, y := range l.apply(a, args, mix(key, uint64(n)), training) {
			have[a.out[k]] = y
		}
	}
	out := make([]value, len(m.outputs))
	for k, y := range m.outputs {
		out[k] = have[y]
	}
	return out
}

// apply lowers one layer.
func (l *lowering) apply(a *application, in []value, key uint64, training bool) []value {
	if own, ok := a.args["training"].(bool); ok {
		training = own
	}
	c := &Call{Builder: l.b, Training: training, l: l, app: a, key: key, in: in}
	out := make([]value, len(a.outs))
	for k := range out {
		out[k] = value{prog.None, prog.None}
	}
	l.b.Scope(a.of.name)
	if multi, ok := a.of.layer.(MultiLayer); ok {
		x := make([]prog.Buf, len(in))
		for k, v := range in {
			x[k] = v.buf
		}
		y := multi.LowerMulti(c, x)
		if len(y) != len(out) {
			l.b.Fail(fail(ErrShape, "it made %d tensors, and said %d", len(y), len(out)))
			return out
		}
		for k := range out {
			out[k].buf = y[k]
		}
	} else {
		out[0].buf = a.of.layer.Lower(c, in[0].buf)
	}
	l.b.Scope(a.of.name)
	if l.b.Err() == nil {
		for k, y := range out {
			if got := l.b.Shape(y.buf); len(got) == 0 || !got[1:].Equal(a.outs[k]) {
				l.b.Fail(fail(ErrShape, "it made %v of a batch, and said %v a sample", got, a.outs[k]))
				return out
			}
		}
	}
	_, keeps := a.of.layer.(MaskKeeper)
	for k := range out {
		switch {
		case c.masks != nil:
			out[k].mask = c.masks[k]
		case keeps && len(in) > 0:
			out[k].mask = in[0].mask
		}
	}
	return out
}

// loss writes down an objective's: the mean of what each row of the prediction costs, by its weight.
// weight is None, or one number a sample. With a mask the mean is over the rows that it leaves
// (keras/src/losses/loss.py, apply_mask).
func (o *objective) loss(b *prog.Builder, pred value, target, weight prog.Buf) prog.Buf {
	each := o.Loss.Each(b, pred.buf, target)
	if pred.mask != prog.None {
		valid := b.Reduce(prog.Sum, pred.mask, false)
		size := float64(b.Shape(pred.mask).Size())
		share := b.Div(b.Fill(size), b.Binary(prog.Maximum, valid, b.Fill(1)))
		each = b.Mul(each, alongside(b, b.Mul(pred.mask, share), each))
	}
	if weight != prog.None {
		each = b.Mul(each, alongside(b, weight, each))
	}
	return b.Reduce(prog.Mean, each, false)
}

// alongside is w, of the first dimensions of each, with ones behind them.
func alongside(b *prog.Builder, w, each prog.Buf) prog.Buf {
	ws, es := b.Shape(w), b.Shape(each)
	if b.Err() != nil {
		return prog.None
	}
	for len(ws) > len(es) && ws.Last() == 1 {
		ws = ws[:len(ws)-1]
	}
	if len(ws) > len(es) || !ws.Equal(es[:len(ws)]) {
		return b.Fail(fail(ErrShape, "the weights or the mask are %v, the losses %v", b.Shape(w), es))
	}
	shape := append(prog.Shape{}, ws...)
	for len(shape) < len(es) {
		shape = append(shape, 1)
	}
	return b.Reshape(w, shape...)
}

// lowerObjectives writes down the losses and metrics of the outputs, and returns the total loss and all that
// the host reads: the total, each output's loss where there are several, and the metrics' sums.
func (m *Model) lowerObjectives(l *lowering, p *program, out []value) (loss prog.Buf, stats []prog.Buf, err error) {
	b := l.b
	loss = prog.None
	var losses, sums []prog.Buf
	name := 1
	if m.train.shown() {
		name += len(m.train.objectives)
	}
	for k, o := range m.train.objectives {
		pred := out[o.output]
		target, err := o.Loss.Target(m.outputs[o.output].shape)
		if err != nil {
			return prog.None, nil, fmt.Errorf("loss: %w", err)
		}
		suffix := ""
		if o.name != "" {
			suffix = "/" + o.name
		}
		p.y = append(p.y, b.Input("y"+suffix, append([]int{p.batch}, target...)...))
		p.ys = append(p.ys, make([]float32, p.batch*target.Size()))
		weight := prog.None
		if p.weighted {
			weight = b.Input("sample_weight"+suffix, p.batch)
			p.sampleWeight = append(p.sampleWeight, weight)
			p.weightValues = append(p.weightValues, make([]float32, p.batch))
		}
		b.Scope("loss")
		one := o.loss(b, pred, p.y[k], weight)
		losses = append(losses, one)
		if o.Weight != 1 {
			one = b.Affine(one, o.Weight, 0)
		}
		if loss == prog.None {
			loss = one
		} else {
			loss = b.Add(loss, one)
		}
		for _, measure := range o.measures {
			b.Scope(m.train.names[name])
			name++
			s := &Scored{Builder: b, Pred: pred.buf, Target: p.y[k], Weight: prog.None, Mask: pred.mask}
			if measure.weighted {
				s.Weight = weight
			}
			n := 0
			for _, sum := range measure.Sums(s) {
				n += b.Shape(sum).Size()
				sums = append(sums, sum)
			}
			p.sums = append(p.sums, n)
		}
		b.Scope("")
	}
	for _, extra := range l.losses {
		loss = b.Add(loss, extra)
	}
	stats = []prog.Buf{loss}
	if m.train.shown() {
		stats = append(stats, losses...)
	}
	return loss, append(stats, sums...), nil
}
