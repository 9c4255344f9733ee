package nn

import "github.com/tabgrad/tabgrad/nn/prog"

// Rescaling is x·Scale + Offset: Rescaling{Scale: []float64{1.0/255}} brings bytes to [0, 1].
type Rescaling struct {
	Scale  []float64 `arg:"scale" required:"yes" doc:"What is multiplied by: a number, or one for each channel."`
	Offset []float64 `arg:"offset" default:"0" doc:"What is added then: a number, or one for each channel."`
	Name   string    `arg:"name" doc:"The layer's name."`
}

// Build keeps the shape.
func (l Rescaling) Build(_ *Scope, in prog.Shape) (prog.Shape, error) {
	if err := perChannel("scale", l.Scale, in); err != nil {
		return nil, err
	}
	return in, perChannel("offset", l.Offset, in)
}

// Lower scales.
func (l Rescaling) Lower(c *Call, x prog.Buf) prog.Buf {
	if len(l.Scale) == 1 && len(l.Offset) == 1 {
		return c.Affine(x, l.Scale[0], l.Offset[0])
	}
	return c.Add(c.Mul(x, c.row(l.Scale)), c.row(l.Offset))
}

// KeepsMask: what counts goes on to count.
func (Rescaling) KeepsMask() {}

// perChannel checks that list is a number, or one for each of a sample's channels.
func perChannel(name string, list []float64, in prog.Shape) error {
	if len(list) == 0 {
		return fail(ErrConfig, "%s is missing", name)
	}
	if len(list) != 1 && (len(in) == 0 || len(list) != in.Last()) {
		return fail(ErrConfig, "%s has %d numbers, wanted one, or one for each of the %d channels", name, len(list), in.Last())
	}
	return nil
}

// row is a constant of the numbers v, [len(v)].
func (c *Call) row(v []float64) prog.Buf {
	values := make([]float32, len(v))
	for i, n := range v {
		values[i] = float32(n)
	}
	return c.Const(values, len(v))
}
