package nn

import (
	"slices"

	"github.com/tabgrad/tabgrad/nn/prog"
)

// Embedding makes of each whole number i its vector embeddings[i]: [...] becomes [..., OutputDim]. With MaskZero
// 0 stands for nothing: it has a vector too, but a mask says to the layers behind that it does not count. Numbers in
// the data that are not whole ones from 0 to InputDim - 1 are an error; where they come from a layer, the
// vector is NaN. keras/src/layers/core/embedding.py
type Embedding struct {
	InputDim  int `arg:"input_dim" required:"yes" min:"1" max:"16777216" doc:"How many numbers there are, 0 included."`
	OutputDim int `arg:"output_dim" required:"yes" min:"1" doc:"Size of a vector."`

	EmbeddingsInit       Initializer `arg:"embeddings_initializer" default:"random_uniform" doc:"What the vectors begin as."`
	EmbeddingsReg        Regularizer `arg:"embeddings_regularizer" doc:"Penalty on the vectors, added to the loss."`
	ActivityReg          Regularizer `arg:"activity_regularizer" doc:"Penalty on the output, added to the loss."`
	EmbeddingsConstraint Constraint  `arg:"embeddings_constraint" doc:"What the vectors are held to after each step."`
	MaskZero             bool        `arg:"mask_zero" doc:"Whether 0 is padding, which layers behind leave out."`

	Name   string `arg:"name" doc:"The layer's name."`
	Frozen bool   `arg:"!trainable" doc:"Whether training changes the vectors."`
}

// Build declares embeddings [InputDim, OutputDim]. Vectors that are known, such as GloVe's, are given by [WithWeights].
func (l Embedding) Build(s *Scope, in prog.Shape) (prog.Shape, error) {
	s.Var("embeddings", prog.Shape{l.InputDim, l.OutputDim}, l.EmbeddingsInit, l.EmbeddingsReg)
	s.Constrain(l.EmbeddingsConstraint)
	return append(slices.Clone(in), l.OutputDim), nil
}

// Lower looks the vectors up.
func (l Embedding) Lower(c *Call, x prog.Buf) prog.Buf {
	if l.MaskZero && len(c.In()) > 0 {
		c.SetMask(0, c.Affine(c.Binary(prog.Equal, x, c.Fill(0)), -1, 1))
	}
	return c.activity(l.ActivityReg, c.Gather(c.Var(0), x))
}

// CheckInput finds a number that has no vector.
func (l Embedding) CheckInput(values []float32) (at int, wanted string) {
	for i, v := range values {
		if !(v >= 0 && v < float32(l.InputDim) && v == float32(int(v))) {
			return i, "wanted a whole number from 0 to " + itoa(l.InputDim-1)
		}
	}
	return -1, ""
}
