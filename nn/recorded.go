package nn

import (
	"github.com/tabgrad/tabgrad/nn/prog"
)

// Recorded is a custom layer whose function was run elsewhere. In Go a custom layer is a type with Build and Lower.
type Recorded struct {
	Multi
	What   *Recording `arg:"recording" required:"yes" doc:"Its weights, and what its function did."`
	Name   string     `arg:"name" doc:"The layer's name."`
	Frozen bool       `arg:"!trainable" doc:"Whether training changes the layer's variables."`
}

// RecordedLoss is a custom loss: a recording of the target and the prediction that gives numbers [N, ...], or one for
// the batch. In Go a custom loss is a type with Target and Each.
type RecordedLoss struct {
	What *Recording `arg:"recording" required:"yes" doc:"What its function did."`
	Name string     `arg:"name" doc:"The loss's name."`
}

// RecordedMetric is a custom metric: the mean of what a recording of the target and the prediction gives. In Go a custom
// metric is a type with a Measure.
type RecordedMetric struct {
	What *Recording `arg:"recording" required:"yes" doc:"What its function did."`
	Name string     `arg:"name" doc:"The metric's name in logs."`
}

// BuildMulti declares the weights and finds the outputs' shapes, which must begin with the batch's size. It fails with a
// NotRecordedError for inputs that the function was not run for.
func (l Recorded) BuildMulti(s *Scope, in []prog.Shape) ([]prog.Shape, error) {
	var outs []prog.Shape
	for _, training := range []bool{false, true} {
		call, err := l.What.call(training, in...)
		if err != nil {
			return nil, err
		}
		_, shapes, err := l.What.shapes(call, true, training)
		if err != nil {
			return nil, err
		}
		for k, shape := range shapes {
			if len(shape) == 0 || shape[0] != batchDim {
				return nil, fail(ErrShape, "output %d is %s, wanted [null, ...] with the batch's size first", k, shape)
			}
			out := prog.Shape(shape[1:])
			for _, d := range out {
				if d == batchDim {
					return nil, fail(ErrShape, "output %d is %s, wanted only its first dimension to depend on the batch's size", k, shape)
				}
			}
			if !training {
				outs = append(outs, out)
			} else if len(shapes) != len(outs) || !outs[k].Equal(out) {
				return nil, fail(ErrShape, "in training its outputs are not of the shapes that they have in inference")
			}
		}
	}
	for _, w := range l.What.Weights {
		if w.State {
			s.State(w.Name, w.Shape, w.Init)
			continue
		}
		s.Var(w.Name, w.Shape, w.Init, w.Reg)
		s.Constrain(w.Constraint)
	}
	return outs, nil
}

// LowerMulti writes the recording down.
func (l Recorded) LowerMulti(c *Call, x []prog.Buf) []prog.Buf {
	call, err := l.What.call(c.Training, c.Ins()...)
	if err != nil {
		c.Fail(err)
		return nil
	}
	r := &replay{Builder: c.Builder, batch: c.batch(x[0]), call: c, inputs: x}
	var of []int // each weight's place among its kind
	parameters, states := 0, 0
	for _, w := range l.What.Weights {
		if w.State {
			of, r.state = append(of, states), append(r.state, states)
			states++
		} else {
			of, r.state = append(of, parameters), append(r.state, -1)
			parameters++
		}
	}
	r.weight = func(i int) prog.Buf {
		if r.state[i] >= 0 {
			return c.State(of[i])
		}
		return c.Var(of[i])
	}
	y, _ := r.run(call)
	if l.What.KeepsMask {
		for k := range y {
			c.SetMask(k, c.Mask(0))
		}
	}
	return y
}

// Target is the shape of the targets that the function was run for, with predictions of this shape.
func (l RecordedLoss) Target(out prog.Shape) (prog.Shape, error) { return l.What.target(out) }

func (r *Recording) target(out prog.Shape) (prog.Shape, error) {
	for _, call := range r.Calls {
		if len(call.Inputs) == 2 && out.Equal(call.Inputs[1]) {
			return call.Inputs[0], r.checkEach(&call)
		}
	}
	return nil, &NotRecordedError{r, [][]int{out, out}}
}

// Each is what the function gave.
func (l RecordedLoss) Each(b *prog.Builder, pred, target prog.Buf) prog.Buf {
	return l.What.each(b, target, pred)
}

// checkEach says what is wrong with a call of a target and a prediction.
func (r *Recording) checkEach(call *RecordedCall) error {
	_, outputs, err := r.shapes(call, false, false)
	if err == nil && len(outputs) != 1 {
		err = fail(ErrShape, "it has %d results, wanted one", len(outputs))
	}
	if err == nil && len(outputs[0]) > 0 && outputs[0][0] != batchDim {
		err = fail(ErrShape, "its result is %v, wanted [null, ...] with the batch's size first, or one number", outputs[0])
	}
	return err
}

// each writes the call down for a target and a prediction [N, ...].
func (r *Recording) each(b *prog.Builder, target, pred prog.Buf) prog.Buf {
	t, p := b.Shape(target), b.Shape(pred)
	if b.Err() != nil {
		return prog.None
	}
	call, err := r.call(false, t[1:], p[1:])
	if err == nil {
		err = r.checkEach(call)
	}
	if err != nil {
		return b.Fail(err)
	}
	run := &replay{Builder: b, batch: p[0], inputs: []prog.Buf{target, pred}}
	y, _ := run.run(call)
	if b.Err() != nil {
		return prog.None
	}
	return y[0]
}

// Measure is the mean of what the function gave: by the samples' weights and masks where it is of each sample, or each step.
func (m RecordedMetric) Measure() Measure {
	name := m.Name
	if name == "" {
		name = "recorded"
	}
	return Measure{Name: name, Result: meanResult, Sums: func(s *Scored) []prog.Buf {
		each := m.What.each(s.Builder, s.Target, s.Pred)
		switch rank := len(s.Shape(each)); {
		case s.Err() != nil || rank == 0:
			return s.weightedMean(each, prog.None)
		case rank == 1:
			return s.weightedMean(each, s.Weight)
		}
		return s.Mean(each)
	}}
}
