package endpoint

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/tabgrad/tabgrad/nn"
	"github.com/tabgrad/tabgrad/nn/data"
	"github.com/tabgrad/tabgrad/nn/format"
	"github.com/tabgrad/tabgrad/nn/prog"
)

// A Model is a model that is served. Its methods may be called by several goroutines.
type Model struct {
	model   *nn.Model
	in, out []int
	inSize  int
	outSize int
	classes bool // the output is the probabilities of classes
	layers  []layer
	params  int
	work    float64 // multiplications for one instance, roughly
	sha256  string
	backend string
}

// A layer as GET /v1/model shows it. Shapes are one instance's.
type layer struct {
	Name        string `json:"name"`
	Class       string `json:"class"`
	OutputShape []int  `json:"output_shape"`
	Params      int    `json:"params"`
}

// Load reads a safetensors file with the model's config in its metadata, as nn/format writes it, and
// prepares the model to run on backend. sum is the file's sha256 in hex; where it is empty Load computes it.
func Load(file []byte, sum string, backend prog.Backend) (*Model, error) {
	a, err := format.ReadSafetensors(file)
	if err != nil {
		return nil, err
	}
	a.Training = nil // what predicts doesn't train
	if sum == "" {
		h := sha256.Sum256(file)
		sum = hex.EncodeToString(h[:])
	}
	m := &Model{sha256: sum, backend: backend.Name()}
	if m.model, err = a.Model(backend); err != nil {
		return nil, err
	}
	if in, out := len(m.model.Inputs()), len(m.model.Outputs()); in > 1 || out > 1 {
		return nil, fmt.Errorf("model: it has %d inputs and %d outputs, the endpoint wants one of each: %w", in, out, format.ErrUnsupported)
	}
	m.in, m.out = m.model.InputShape(), m.model.OutputShape()
	if m.in == nil {
		return nil, fmt.Errorf("model: the input's shape is not known: %w", nn.ErrNotBuilt)
	}
	m.inSize, m.outSize = size(m.in), size(m.out)
	if m.inSize == 0 || m.outSize == 0 {
		return nil, fmt.Errorf("model: input %v, output %v, wanted at least one number each: %w", m.in, m.out, nn.ErrShape)
	}
	if err := m.describe(); err != nil {
		return nil, err
	}
	// The first answer should not wait for the program's compilation.
	one := make([]float32, m.inSize)
	if _, err := m.predict(context.Background(), one, 1); err != nil {
		return nil, err
	}
	return m, nil
}

// describe fills in the layers, the work, and what the output means.
func (m *Model) describe() error {
	variables, err := m.model.Variables()
	if err != nil {
		return err
	}
	last := m.model.Outputs()[0].Instance()
	for _, i := range m.model.Layers() {
		class, activation, err := kind(i.Layer())
		if err != nil {
			return fmt.Errorf("%s: %w", i.Name(), err)
		}
		if i == last {
			m.classes = len(m.out) == 1 && m.outSize > 1 && (class == "Softmax" || activation == "softmax")
		}
		if class == "InputLayer" {
			continue
		}
		shape := i.Output().Shape()
		d := layer{Name: i.Name(), Class: class, OutputShape: append([]int{}, shape...)}
		m.work += float64(size(shape))
		for _, v := range variables {
			if !strings.HasPrefix(v.Name, d.Name+"/") {
				continue
			}
			n := size(v.Shape)
			d.Params += n
			if last := len(v.Shape) - 1; last > 0 { // a kernel: applied once for each place of the output
				n *= max(1, size(shape)/max(1, v.Shape[last]))
			}
			m.work += float64(n)
		}
		m.params += d.Params
		m.layers = append(m.layers, d)
	}
	return nil
}

// kind is a layer's class and its activation's name, where it has one, as Keras has them.
func kind(l nn.Layer) (class, activation string, err error) {
	if _, ok := l.(*nn.Model); ok {
		return "Functional", "", nil
	}
	whole, err := nn.Config(l)
	if err != nil {
		return "", "", err
	}
	c, _ := whole.(map[string]any)
	class, _ = c["class_name"].(string)
	config, _ := c["config"].(map[string]any)
	switch a := config["activation"].(type) {
	case string:
		activation = a
	case map[string]any:
		activation, _ = a["class_name"].(string)
	}
	return class, activation, nil
}

// predict is the outputs of n instances, in the batches that nn.Model.Predict makes by itself: the same call
// in a browser gives the same bits. (How many instances are computed together may decide in which order a
// kernel adds, and so about a last bit.)
func (m *Model) predict(ctx context.Context, x []float32, n int) ([]float32, error) {
	column, err := data.NewFloats(append([]int{n}, m.in...), x)
	if err != nil {
		return nil, err
	}
	p, err := m.model.Predict(ctx, column, nn.PredictOptions{})
	return p.Data, err
}

// isDigits says that the model reads images as MNIST has them.
func (m *Model) isDigits() bool {
	return m.inSize == data.DigitSide*data.DigitSide
}

func size(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}
