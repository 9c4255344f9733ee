package nn

import (
	"slices"

	"github.com/tabgrad/tabgrad/nn/prog"
)

// A State is all that training goes on from: a model of the same layers, compiled with the same
// optimizer and given the State, takes the same steps to the bit.
type State struct {
	Weights []Weight // as GetWeights has them
	// Slots is what the optimizer remembers, as SlotsOf lists it. nil: it has not begun.
	Slots []Weight
	// Carried is what stateful layers keep from one batch to the next. nil: they are at their beginning.
	Carried []Weight
	// Seed is what dropout masks and the order of samples come from, with the number of Steps since
	// the weights were drawn. Updates are those since Compile.
	Seed, Steps, Updates uint64
	// Rate is the learning rate at present, or what it was set to at last where a schedule decides.
	Rate float64
}

// State copies what training would go on from, as it is between two steps. Of a model without an
// optimizer it holds the weights and the seed.
func (m *Model) State() (State, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.build(nil); err != nil {
		return State{}, err
	}
	values, err := m.readWeights()
	if err != nil {
		return State{}, err
	}
	s := State{Weights: m.list(values), Seed: m.seed, Steps: m.step, Updates: m.updates, Rate: m.rate}
	for k, w := range weightsOf(m.vars) {
		if v := m.vars[k]; v.carried {
			w.Data = values[v.offset : v.offset+v.shape.Size()]
			s.Carried = append(s.Carried, w)
		}
	}
	slots, err := m.readSlots()
	if err != nil || slots == nil {
		return s, err
	}
	s.Slots = SlotsOf(m.train.Optimizer, weightsOf(m.vars))
	for i := range s.Slots {
		n := prog.Shape(s.Slots[i].Shape).Size()
		s.Slots[i].Data, slots = slots[:n:n], slots[n:]
	}
	return s, nil
}

// SetState makes training go on from s. The model must be compiled with the optimizer that s comes
// from, unless s has no Slots. Names are not looked at. Where anything does not fit nothing is changed.
func (m *Model) SetState(s State) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.busy {
		return fail(ErrBusy, "%s: set state during fit", m.name)
	}
	return m.setState(s)
}

// setState is SetState for a caller that holds the model.
func (m *Model) setState(s State) error {
	if err := m.build(nil); err != nil {
		return err
	}
	if err := m.check(s.Weights); err != nil {
		return err
	}
	if !finite(s.Rate) || s.Rate < 0 {
		return fail(ErrConfig, "%s: the state's learning rate is %s, wanted a number, at least 0", m.name, text(s.Rate))
	}
	slots, err := m.packSlots(s.Slots)
	if err != nil {
		return err
	}
	carried := slices.DeleteFunc(slices.Clone(m.vars), func(v *held) bool { return !v.carried })
	if len(s.Carried) != 0 && len(s.Carried) != len(carried) {
		return fail(ErrShape, "%s: got %d states of stateful layers, wanted %d", m.name, len(s.Carried), len(carried))
	}
	for i, w := range s.Carried {
		if v := carried[i]; !v.shape.Equal(w.Shape) || len(w.Data) != v.shape.Size() {
			return fail(ErrShape, "%s: state %d, %s, is %v with %d elements, wanted %v", m.name, i, v.name, prog.Shape(w.Shape), len(w.Data), v.shape)
		}
	}
	for i, w := range s.Carried {
		carried[i].set(slices.Clone(w.Data))
	}
	m.pack(s.Weights)
	m.slots, m.seed, m.step, m.updates, m.rate = slots, s.Seed, s.Steps, s.Updates, s.Rate
	return m.closeEngine() // its programs have the seed compiled in
}

// packSlots lays slots out as the store has them, one behind another. nil stays nil.
func (m *Model) packSlots(list []Weight) ([]float32, error) {
	if len(list) == 0 {
		return nil, nil
	}
	if m.train == nil || m.train.Optimizer == nil {
		return nil, fail(ErrNotCompiled, "%s: the state has an optimizer's slots, compile the model with that optimizer first", m.name)
	}
	want := SlotsOf(m.train.Optimizer, weightsOf(m.vars))
	if len(list) != len(want) {
		return nil, fail(ErrShape, "%s: got %d slots of the optimizer's, wanted %d", m.name, len(list), len(want))
	}
	var slots []float32
	for i, w := range list {
		if shape := prog.Shape(want[i].Shape); !shape.Equal(w.Shape) || len(w.Data) != shape.Size() {
			return nil, fail(ErrShape, "%s: slot %d, %s, is %v with %d elements, wanted %v", m.name, i, want[i].Name, prog.Shape(w.Shape), len(w.Data), shape)
		}
		if at := notFinite(w.Data); at >= 0 {
			return nil, fail(ErrData, "%s: slot %d holds %v at element %d, wanted finite numbers", m.name, i, w.Data[at], at)
		}
		slots = append(slots, w.Data...)
	}
	return slots, nil
}

// readSlots copies the optimizer's slots out, one behind another. nil: it has none, or has not begun.
func (m *Model) readSlots() ([]float32, error) {
	e := m.engine
	if e == nil {
		return append([]float32(nil), m.slots...), nil
	}
	if m.updates == 0 || e.update == nil || len(e.update.slots) == 0 || len(e.update.vars) == 0 {
		return nil, nil
	}
	all := make([]float32, e.store.Size)
	if err := e.weights.Read(e.whole, all); err != nil {
		return nil, err
	}
	return all[e.store.Vars[e.update.slots[0].store].Offset:], nil
}

// Training is how the model was last compiled: the zero Training before.
func (m *Model) Training() Training {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.train == nil {
		return Training{}
	}
	t := m.train.Training
	t.Metrics, t.WeightedMetrics = slices.Clone(t.Metrics), slices.Clone(t.WeightedMetrics)
	t.Backend, t.Seed = m.backend, m.seed
	return t
}

// Variables lists what GetWeights would, without Data: no memory is taken for the values, and none of
// them is drawn.
func (m *Model) Variables() ([]Weight, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.build(nil); err != nil {
		return nil, err
	}
	return m.list(nil), nil
}

// weightsOf are the variables without data.
func weightsOf(vars []*held) []Weight {
	list := make([]Weight, len(vars))
	for i, v := range vars {
		list[i] = Weight{Name: v.name, Shape: append([]int{}, v.shape...), Trainable: v.trainable}
	}
	return list
}
