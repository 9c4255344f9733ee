package nn

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"

	"github.com/tabgrad/tabgrad/nn/prog"
)

// A Model is a graph of layers with their weights: a stack of them ([NewSequential]) or any other graph
// without cycles ([NewModel]). Its methods may be called from several goroutines: each step of training
// and each batch of an evaluation or prediction runs alone, so Predict and Evaluate during a Fit are
// served between its steps. A Model is a layer too: it goes wherever one goes, with its weights.
type Model struct {
	mu      *sync.Mutex // one for all models that share layers
	name    string
	chain   []*Instance // a Sequential's layers; nil for another graph
	isChain bool
	err     error     // what is wrong with the graph; reported by every method
	self    *Instance // the model as a layer

	// The graph, once it is known.
	inputs, outputs []*Symbolic
	order           []*application // in the order they run, the inputs first
	layers          []*Instance    // in Keras's order
	vars            []*held
	listed          []*held // those of vars that are weights
	params          int     // elements of all variables
	checks          []inputCheck

	frozen  map[*Instance]bool // as of Compile
	seed    uint64
	train   *training
	engine  *engine
	backend prog.Backend
	rate    float64   // learning rate
	step    uint64    // training steps since the weights were drawn: what dropout and shuffling go by
	updates uint64    // training steps since Compile: what the optimizer goes by
	slots   []float32 // what the optimizer remembers, while no engine holds it; nil: it has not begun
	busy    bool      // a Fit is running
}

// held is a variable as one of a model's.
type held struct {
	*variable
	name      string // "dense/kernel"
	trainable bool   // as of Compile
	store     int    // its index in the Store's Vars
	offset    int    // where it begins in the model's values
	have      uint64 // the version that the engine has
}

func newModel(name string) *Model {
	m := &Model{mu: &sync.Mutex{}, name: name}
	m.self = &Instance{layer: m}
	return m
}

func (m *Model) fail(err error) {
	if m.err == nil {
		m.err = err
	}
}

// Rename gives the model a name and returns it. As a layer it goes by that name, too.
func (m *Model) Rename(name string) *Model {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.name, m.self.name = name, name
	return m
}

// collect lists the variables of the layers, each once, and joins the model with the others that have them.
func (m *Model) collect() {
	m.vars, m.listed, m.params = nil, nil, 0
	seen := map[*variable]bool{}
	for _, i := range m.layers {
		i.each(i.name+"/", func(name string, v *variable) {
			if seen[v] {
				return
			}
			seen[v] = true
			m.vars = append(m.vars, &held{variable: v, name: name, offset: m.params})
			if !v.carried {
				m.listed = append(m.listed, m.vars[len(m.vars)-1])
			}
			m.params += v.shape.Size()
			m.use(v.owner)
		})
	}
	m.self.parts = m.layers
	m.checks = m.inputChecks(counting(len(m.inputs)))
	m.setFrozen()
}

// use notes that the model has an instance's variables. Models that share some share a lock.
func (m *Model) use(i *Instance) {
	if slices.Contains(i.users, m) {
		return
	}
	i.users = append(i.users, m)
	if old := i.users[0].mu; old != m.mu {
		others := m.family(map[*Model]bool{})
		for _, other := range others {
			other.mu = old
		}
	}
}

// family is the model and all that share a layer with it, directly or through others.
func (m *Model) family(seen map[*Model]bool) []*Model {
	if seen[m] {
		return nil
	}
	seen[m] = true
	list := []*Model{m}
	for _, v := range m.vars {
		for _, user := range v.owner.users {
			list = append(list, user.family(seen)...)
		}
	}
	return list
}

// setFrozen notes what is trained, as the layers have it now.
func (m *Model) setFrozen() {
	m.frozen = map[*Instance]bool{}
	var note func(i *Instance)
	note = func(i *Instance) {
		m.frozen[i] = i.frozen
		for _, p := range i.parts {
			note(p)
		}
	}
	for _, i := range m.layers {
		note(i)
	}
	for _, v := range m.vars {
		v.trainable = m.trains(v)
	}
}

// trains is whether training changes the variable, as its layer and the model have it now. A model that is not
// trainable trains nothing, whatever its layers are (keras/src/layers/layer.py, trainable_variables).
func (m *Model) trains(v *held) bool { return !v.state && !v.owner.frozen && !m.self.frozen }

// build makes the layers fit samples of the shapes in, if that is not done yet, else checks that they do.
// nil stands for any shapes.
func (m *Model) build(in []prog.Shape) error {
	if m.err != nil {
		return m.err
	}
	if m.isChain {
		if err := m.buildChain(in); err != nil {
			return err
		}
	}
	if in == nil {
		return nil
	}
	if len(in) != len(m.inputs) {
		return fail(ErrShape, "%s: got %d inputs, wanted %d%s", m.name, len(in), len(m.inputs), m.inputNames())
	}
	for k, x := range m.inputs {
		if !x.shape.Equal(in[k]) {
			who := x.from.of
			if m.isChain && len(m.chain) > 1 && who == m.chain[0] {
				who = m.chain[1] // the one that people wrote down
			} else if m.isChain {
				who = m.chain[0]
			}
			return fail(ErrShape, "%s: x is %v a sample, the model was built for %v", who.name, in[k], x.shape)
		}
	}
	return nil
}

// inputNames lists the inputs' names for a message, where there are several.
func (m *Model) inputNames() string {
	if len(m.inputs) < 2 {
		return ""
	}
	names := make([]string, len(m.inputs))
	for k, x := range m.inputs {
		names[k] = x.from.of.name
	}
	return " (" + strings.Join(names, ", ") + ")"
}

// built is whether the graph is known.
func (m *Model) built() bool { return len(m.outputs) > 0 }

// outputShapes are one sample's.
func (m *Model) outputShapes() []prog.Shape {
	shapes := make([]prog.Shape, len(m.outputs))
	for k, y := range m.outputs {
		shapes[k] = y.shape
	}
	return shapes
}

// BuildMulti makes a Model a layer.
func (m *Model) BuildMulti(s *Scope, in []prog.Shape) ([]prog.Shape, error) {
	if err := m.build(in); err != nil {
		return nil, err
	}
	s.app.of.parts = m.layers
	return m.outputShapes(), nil
}

// LowerMulti makes a Model a layer.
func (m *Model) LowerMulti(c *Call, x []prog.Buf) []prog.Buf {
	out := c.l.graph(m, c.in, c.key, c.Training)
	y := make([]prog.Buf, len(out))
	for k, v := range out {
		y[k] = v.buf
		c.SetMask(k, v.mask)
	}
	return y
}

// Build makes a Model a layer.
func (m *Model) Build(s *Scope, in prog.Shape) (prog.Shape, error) {
	out, err := m.BuildMulti(s, []prog.Shape{in})
	if err != nil {
		return nil, err
	}
	return out[0], nil
}

// Lower makes a Model a layer.
func (m *Model) Lower(c *Call, x prog.Buf) prog.Buf { return m.LowerMulti(c, []prog.Buf{x})[0] }

// Inputs are the graph's inputs. nil while they are not known.
func (m *Model) Inputs() []*Symbolic { return slices.Clone(m.inputs) }

// Outputs are the graph's outputs. nil while they are not known.
func (m *Model) Outputs() []*Symbolic { return slices.Clone(m.outputs) }

// Layers are the model's layers in Keras's order: a Sequential's as they were added, else by their
// distance from the outputs.
func (m *Model) Layers() []*Instance {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.isChain {
		return slices.Clone(m.chain)
	}
	return slices.Clone(m.layers)
}

// Layer is the layer of a name, in this model or, as "inner/dense", in one that is a layer of it. It fails
// with ErrConfig where there is none.
func (m *Model) Layer(name string) (*Instance, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.err != nil {
		return nil, m.err
	}
	layers, rest := m.layers, name
	if m.isChain {
		layers = m.chain
	}
	var names []string
	for {
		var next *Instance
		names = names[:0]
		for _, i := range layers {
			if names = append(names, i.name); i.name == rest {
				return i, nil
			} else if strings.HasPrefix(rest, i.name+"/") {
				next = i
			}
		}
		if next == nil {
			return nil, fail(ErrConfig, "%s: there is no layer %q, wanted one of %s", m.name, name, strings.Join(names, ", "))
		}
		layers, rest = next.parts, rest[len(next.name)+1:]
	}
}

// SetTrainable sets whether training changes the variables of the layer of a name and of all that is inside
// it; without a name, of the model. It takes effect when the model is compiled the next time, as in Keras.
func (m *Model) SetTrainable(name string, trainable bool) error {
	i := m.self
	if name != "" {
		var err error
		if i, err = m.Layer(name); err != nil {
			return err
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.err != nil {
		return m.err
	}
	i.freeze(!trainable)
	if m.train == nil && m.engine == nil {
		m.setFrozen()
	}
	return nil
}

// Reset draws the weights anew, from seed, and forgets what the optimizer remembers.
func (m *Model) Reset(seed uint64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.busy {
		return fail(ErrBusy, "%s: reset during fit", m.name)
	}
	if err := m.build(nil); err != nil {
		return err
	}
	if err := m.closeEngine(); err != nil {
		return err
	}
	m.slots, m.seed, m.step, m.updates = nil, seed, 0, 0
	for _, v := range m.vars {
		v.value = nil
	}
	m.draw()
	return nil
}

// draw gives the variables their initial values, if they have none.
func (m *Model) draw() {
	for i, v := range m.vars {
		if v.value == nil {
			v.value = make([]float32, v.shape.Size())
			v.init.Init(v.value, v.shape, NewStream(m.seed, uint32(i)))
			v.holder = nil
			v.version++
		}
	}
}

// drawn is whether the variables have values.
func (m *Model) drawn() bool { return len(m.vars) > 0 && m.vars[0].value != nil }

// LearningRate is the optimizer's learning rate of the next step.
func (m *Model) LearningRate() float64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.rateNow()
}

// SetLearningRate changes the learning rate from the next step on, for schedules in callbacks. It fails with
// ErrConfig where the optimizer has a schedule already.
func (m *Model) SetLearningRate(rate float64) error {
	if !finite(rate) || rate < 0 {
		return fail(ErrConfig, "learning rate is %s, wanted a number, at least 0", text(rate))
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.schedule() != nil {
		return fail(ErrConfig, "%s: the learning rate cannot be set, the optimizer has a schedule for it; compile with a number to set it", m.name)
	}
	m.rate = rate
	return nil
}

// Name is the model's name.
func (m *Model) Name() string { return m.name }

// InputShape is one sample's shape of the first input, nil while it is not known.
func (m *Model) InputShape() []int {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.inputs) == 0 {
		return nil
	}
	return append([]int(nil), m.inputs[0].shape...)
}

// OutputShape is one sample's shape of the first output, nil while it is not known.
func (m *Model) OutputShape() []int {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.outputs) == 0 {
		return nil
	}
	return append([]int(nil), m.outputs[0].shape...)
}

// BackendName says what does the arithmetic, for people; empty before the model has run.
func (m *Model) BackendName() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.backend == nil {
		return ""
	}
	return m.backend.Name()
}

// Close frees what the backend holds. The weights stay, and what the optimizer remembers, and the model may be used again.
func (m *Model) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.busy {
		return fail(ErrBusy, "%s: close during fit", m.name)
	}
	return m.unload()
}

// ready is what every run begins with: the context's and the model's errors.
func (m *Model) ready(ctx context.Context, training bool) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if m.err != nil {
		return m.err
	}
	if m.train == nil || len(m.train.objectives) == 0 || training && m.train.Optimizer == nil {
		return fail(ErrNotCompiled, "%s: compile the model with an optimizer and a loss first", m.name)
	}
	return nil
}

// join is errors.Join for two, without its line break when one is nil.
func join(a, b error) error {
	if a == nil {
		return b
	}
	if b == nil {
		return a
	}
	return errors.Join(a, b)
}
