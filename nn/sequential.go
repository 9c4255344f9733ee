package nn

import (
	"slices"

	"github.com/tabgrad/tabgrad/nn/prog"
)

// NewSequential makes a model of layers one behind another. Without an Input layer at the front it is
// built when it first sees data. What is wrong with the layers is reported by Compile and every other
// method.
func NewSequential(layers ...Layer) *Model {
	m := newModel("sequential")
	m.isChain = true
	m.Add(layers...)
	return m
}

// Add appends layers to a Sequential. It must not be called once the model is compiled or has run.
func (m *Model) Add(layers ...Layer) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case !m.isChain:
		m.fail(fail(ErrConfig, "%s: a layer was added to a model that is not sequential", m.name))
		return
	case m.engine != nil || m.train != nil || m.drawn():
		m.fail(fail(ErrConfig, "%s: a layer was added after the model was compiled", m.name))
		return
	}
	for _, l := range layers {
		m.add(l)
	}
}

func (m *Model) add(l Layer) {
	if m.err != nil {
		return
	}
	i := instanceOf(l)
	if i.layer == nil {
		m.fail(fail(ErrConfig, "%s: layer %d is nil", m.name, len(m.chain)))
		return
	}
	_, isInput := i.layer.(InputLayer)
	taken := map[string]bool{}
	for _, other := range m.chain {
		taken[other.name] = true
	}
	own := i.name != ""
	if !own {
		i.name = autoName(i.layer, taken)
	}
	if err := validate(i.name, i.layer); err != nil {
		m.fail(err)
		return
	}
	switch {
	case isInput && len(m.chain) > 0:
		m.fail(fail(ErrConfig, "%s: an input layer is layer %d, wanted the first", i.name, len(m.chain)))
		return
	case taken[i.name]:
		m.fail(fail(ErrConfig, "%s: two layers have this name", i.name))
		return
	}
	m.chain = append(m.chain, Share(i))
	m.self.parts = m.chain
	switch inner, isModel := i.layer.(*Model); {
	case m.built():
		m.fail(m.extend(m.outputs[0], len(m.chain)-1))
	case isInput:
		m.fail(m.extend(nil, 0))
	case len(m.chain) == 1 && isModel && len(inner.inputs) == 1: // it says the shape
		m.fail(m.extend(NewInput(inner.inputs[0].shape...), 0))
	}
}

// buildChain builds a Sequential whose input was not known.
func (m *Model) buildChain(in []prog.Shape) error {
	if len(m.chain) == 0 {
		return fail(ErrConfig, "%s: the model has no layers", m.name)
	}
	if m.built() {
		return nil
	}
	if in == nil {
		return fail(ErrNotBuilt, "%s: the input's shape is not known: begin with nn.Input(...), or run it on data first", m.name)
	}
	if len(in) != 1 {
		return fail(ErrShape, "%s: got %d inputs, wanted 1", m.name, len(in))
	}
	input := Apply(InputLayer{Shape: in[0]})
	if err := m.extend(input, 0); err != nil {
		for _, i := range m.chain { // a mistake in the data is no dead end
			if len(i.users) == 0 {
				i.built, i.vars, i.states, i.parts, i.applications = false, nil, nil, nil, nil
			}
		}
		m.inputs, m.outputs, m.order, m.layers, m.vars, m.listed, m.params = nil, nil, nil, nil, nil, nil, 0
		return err
	}
	return nil
}

// extend applies the layers from the k-th on to x, the input or what the last one made of it.
func (m *Model) extend(x *Symbolic, k int) error {
	for _, i := range m.chain[k:] {
		var a *application
		if x == nil {
			a = apply(i, nil, nil)
		} else {
			a = apply(i, nil, []*Symbolic{x})
		}
		if a.err != nil {
			return a.fault(i.name)
		}
		if len(a.out) != 1 {
			return fail(ErrConfig, "%s: it has %d outputs, a sequential model's layers have one", i.name, len(a.out))
		}
		if len(m.inputs) == 0 {
			if x == nil {
				x = a.out[0]
			} else {
				m.order = append(m.order, x.from)
			}
			m.inputs = []*Symbolic{x}
		}
		m.order = append(m.order, a)
		x = a.out[0]
	}
	m.outputs = []*Symbolic{x}
	m.layers = slices.Clone(m.chain)
	m.collect()
	return nil
}
