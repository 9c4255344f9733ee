package nn

import (
	"slices"

	"github.com/tabgrad/tabgrad/nn/prog"
)

// A Weight is the value of one of a model's variables.
type Weight struct {
	Name      string // "conv2d_1/kernel"
	Shape     []int
	Data      []float32
	Trainable bool
}

// GetWeights copies the model's variables, in Keras's order and layouts: layer by layer, a convolution's
// kernel as [KH, KW, in, out], a dense one as [in, out].
func (m *Model) GetWeights() ([]Weight, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.build(nil); err != nil {
		return nil, err
	}
	values, err := m.readWeights()
	if err != nil {
		return nil, err
	}
	return m.list(values), nil
}

// list cuts values, all variables in model order, into weights; nil gives weights without Data.
func (m *Model) list(values []float32) []Weight {
	list := weightsOf(m.listed)
	for i, v := range m.listed {
		if end := v.offset + v.shape.Size(); values != nil {
			list[i].Data = values[v.offset:end:end]
		}
	}
	return list
}

// SetWeights sets the model's variables, in GetWeights' order; names are not looked at, as in Keras.
// Where anything does not fit nothing is changed. During Fit it takes effect between two steps.
func (m *Model) SetWeights(list []Weight) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.build(nil); err != nil {
		return err
	}
	if err := m.check(list); err != nil {
		return err
	}
	m.pack(list)
	return nil
}

// check says what of list does not fit the model's variables.
func (m *Model) check(list []Weight) error {
	if err := m.checkShapes(list); err != nil {
		return err
	}
	for i, v := range m.listed {
		if at := notFinite(list[i].Data); at >= 0 {
			return fail(ErrData, "%s: weight %d holds %v at element %d, wanted finite numbers", v.name, i, list[i].Data[at], at)
		}
	}
	return nil
}

// checkShapes is check without a look at the numbers.
func (m *Model) checkShapes(list []Weight) error {
	if len(list) != len(m.listed) {
		return fail(ErrShape, "%s: got %d weights, the model has %d", m.name, len(list), len(m.listed))
	}
	for i, v := range m.listed {
		w := list[i]
		if !v.shape.Equal(w.Shape) || len(w.Data) != v.shape.Size() {
			return fail(ErrShape, "%s: weight %d is %v with %d elements, wanted %v", v.name, i, prog.Shape(w.Shape), len(w.Data), v.shape)
		}
	}
	return nil
}

// pack makes list, which has been checked, the values of the variables. Engines get them before they run.
func (m *Model) pack(list []Weight) {
	for i, v := range m.listed {
		v.set(append([]float32(nil), list[i].Data...))
	}
}

// set makes value the variable's.
func (v *variable) set(value []float32) {
	v.value, v.holder = value, nil
	v.version++
}

// LayerWeights copies the weights of the layer of a name ([Model.Layer]) and of all that is inside it, in Keras's
// order, under the names that the model has for them.
func (m *Model) LayerWeights(name string) ([]Weight, error) {
	i, all, err := m.ofLayer(name)
	if err != nil {
		return nil, err
	}
	var list []Weight
	for _, k := range i {
		list = append(list, all[k])
	}
	return list, nil
}

// SetLayerWeights sets the weights that LayerWeights lists, in its order.
func (m *Model) SetLayerWeights(name string, list []Weight) error {
	i, all, err := m.ofLayer(name)
	if err != nil {
		return err
	}
	if len(list) != len(i) {
		return fail(ErrShape, "%s: got %d weights, it has %d", name, len(list), len(i))
	}
	for k, w := range list {
		all[i[k]].Shape, all[i[k]].Data = w.Shape, w.Data
	}
	return m.SetWeights(all)
}

// ofLayer are all weights, and the indices of a layer's among them.
func (m *Model) ofLayer(name string) ([]int, []Weight, error) {
	all, err := m.GetWeights()
	if err != nil {
		return nil, nil, err
	}
	i, err := m.Layer(name)
	if err != nil {
		return nil, nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	var indices []int
	i.each("", func(_ string, v *variable) {
		k := slices.IndexFunc(m.listed, func(h *held) bool { return h.variable == v })
		if k >= 0 && !slices.Contains(indices, k) {
			indices = append(indices, k)
		}
	})
	return indices, all, nil
}

// ResetStates takes what stateful layers keep from one batch to the next back to its beginning: in the layers
// of these names, or without names in all. During Fit it takes effect between two steps.
func (m *Model) ResetStates(layers ...string) error {
	var within []*Instance
	for _, name := range layers {
		i, err := m.Layer(name)
		if err != nil {
			return err
		}
		within = append(within, i)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if layers == nil {
		within = m.layers
	}
	for _, i := range within {
		i.each("", func(_ string, v *variable) {
			if v.carried && v.value != nil { // else it is drawn when it is needed
				v.set(make([]float32, v.shape.Size()))
				v.init.Init(v.value, v.shape, NewStream(m.seed, 0))
			}
		})
	}
	return nil
}

// CountParams is the number of elements of all variables, and of those that are trained.
func (m *Model) CountParams() (total, trainable int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, v := range m.listed {
		total += v.shape.Size()
		if m.trains(v) {
			trainable += v.shape.Size()
		}
	}
	return total, trainable
}
