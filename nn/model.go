package nn

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"sync"

	"github.com/tabgrad/tabgrad/nn/prog"
)

// A Model is a stack of layers with their weights. Its methods may be called from several goroutines:
// each step of training and each batch of an evaluation or prediction runs alone, so Predict and
// Evaluate during a Fit are served between its steps.
type Model struct {
	mu      sync.Mutex
	name    string
	layers  []*node
	err     error // what is wrong with the layers; reported by every method
	input   prog.Shape
	output  prog.Shape
	vars    []*variable
	params  int       // elements of all variables
	values  []float32 // all variables, in model order, while no engine holds them; nil before they are drawn
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

// A node is a layer in its place.
type node struct {
	layer   Layer
	name    string
	in, out prog.Shape
	vars    []*variable
}

// Training says how a model is trained.
type Training struct {
	Optimizer Optimizer // required to train
	Loss      Loss      // required to train and evaluate
	Metrics   []Metric
	// Seed draws the initial weights, the dropout masks and the order of samples. The same seed gives
	// the same weights, run for run.
	Seed uint64
	// Backend does the arithmetic; nil is prog.NewDefault's.
	Backend prog.Backend
}

type training struct {
	Training
	names []string // "loss", then the metrics'
}

// NewSequential makes a model of layers one behind another. Without an Input layer at the front it is
// built when it first sees data. What is wrong with the layers is reported by Compile and every other
// method.
func NewSequential(layers ...Layer) *Model {
	m := &Model{name: "sequential"}
	m.Add(layers...)
	return m
}

// Add appends layers. It must not be called once the model is compiled or has run.
func (m *Model) Add(layers ...Layer) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.engine != nil || m.train != nil || m.values != nil {
		m.fail(fail(ErrConfig, "%s: a layer was added after the model was compiled", m.name))
		return
	}
	for _, l := range layers {
		m.add(l)
	}
}

func (m *Model) fail(err error) {
	if m.err == nil {
		m.err = err
	}
}

func (m *Model) add(l Layer) {
	if m.err != nil {
		return
	}
	if v := reflect.ValueOf(l); !v.IsValid() || v.Kind() == reflect.Pointer && v.IsNil() {
		m.fail(fail(ErrConfig, "%s: layer %d is nil", m.name, len(m.layers)))
		return
	}
	l = complete(l).(Layer)
	n := &node{layer: l, name: m.unique(l)}
	if err := validate(n.name, l); err != nil {
		m.fail(err)
		return
	}
	in, isInput := l.(InputLayer)
	switch {
	case isInput && len(m.layers) > 0:
		m.fail(fail(ErrConfig, "%s: an input layer is layer %d, wanted the first", n.name, len(m.layers)))
		return
	case nameOf(l) != "":
		for _, other := range m.layers {
			if other.name == n.name {
				m.fail(fail(ErrConfig, "%s: two layers have this name", n.name))
				return
			}
		}
	}
	m.layers = append(m.layers, n)
	if isInput {
		m.input = append(prog.Shape{}, in.Shape...)
		m.output = m.input
	}
	if m.input != nil {
		m.fail(m.buildFrom(len(m.layers) - 1))
	}
}

// unique is the layer's own name, or Keras's automatic one: dense, dense_1, ...
func (m *Model) unique(l Layer) string {
	if name := nameOf(l); name != "" {
		return name
	}
	base := "layer"
	if e := byType[reflect.TypeOf(l)]; e != nil {
		base = e.Name
	}
	taken := map[string]bool{}
	for _, n := range m.layers {
		taken[n.name] = true
	}
	name := base
	for i := 1; taken[name]; i++ {
		name = base + "_" + strconv.Itoa(i)
	}
	return name
}

// nameOf is the Name field of a layer that has one.
func nameOf(l Layer) string {
	v := reflect.Indirect(reflect.ValueOf(l))
	if v.Kind() == reflect.Struct {
		if f := v.FieldByName("Name"); f.IsValid() && f.Kind() == reflect.String {
			return f.String()
		}
	}
	return ""
}

// buildFrom builds the layers from the i-th on.
func (m *Model) buildFrom(i int) error {
	for _, n := range m.layers[i:] {
		frozen := false
		if v := reflect.ValueOf(n.layer); v.Kind() == reflect.Struct {
			if f := v.FieldByName("Frozen"); f.IsValid() && f.Kind() == reflect.Bool {
				frozen = f.Bool()
			}
		}
		s := &Scope{name: n.name, frozen: frozen}
		out, err := n.layer.Build(s, m.output)
		if err != nil {
			return fmt.Errorf("%s: %w", n.name, err)
		}
		if err := n.checkSize(out, s.vars); err != nil {
			return err
		}
		n.in, n.out, n.vars = m.output, out, s.vars
		m.output = out
		for _, v := range s.vars {
			v.offset = m.params
			m.params += v.shape.Size()
			m.vars = append(m.vars, v)
		}
	}
	return nil
}

// maxSize is the most elements that a sample's tensor or a variable may have, far from where an int
// overflows: a config from outside may ask for anything.
const maxSize = 1<<31 - 1

// checkSize refuses shapes that no memory can hold.
func (n *node) checkSize(out prog.Shape, vars []*variable) error {
	if !fits31(out) {
		return fail(ErrShape, "%s: output %v, wanted at most %d elements", n.name, out, maxSize)
	}
	for _, v := range vars {
		if !fits31(v.shape) {
			return fail(ErrShape, "%s: %v, wanted at most %d elements", v.name, v.shape, maxSize)
		}
	}
	return nil
}

func fits31(s prog.Shape) bool {
	n := 1
	for _, d := range s {
		if d < 0 || d > 0 && n > maxSize/d {
			return false
		}
		n *= d
	}
	return true
}

// build makes the layers fit samples of shape in, if that is not done yet, else checks that they do.
func (m *Model) build(in []int) error {
	if m.err != nil {
		return m.err
	}
	if len(m.layers) == 0 {
		return fail(ErrConfig, "%s: the model has no layers", m.name)
	}
	if m.input == nil {
		if in == nil {
			return fail(ErrNotBuilt, "%s: the input's shape is not known: begin with nn.Input(...), or run it on data first", m.name)
		}
		m.input = append(prog.Shape{}, in...)
		m.output = m.input
		if err := m.buildFrom(0); err != nil {
			for _, n := range m.layers {
				n.in, n.out, n.vars = nil, nil, nil
			}
			m.input, m.output, m.vars, m.params = nil, nil, nil, 0
			return err
		}
	}
	if in != nil && !m.input.Equal(in) {
		first := m.layers[0]
		if _, isInput := first.layer.(InputLayer); isInput && len(m.layers) > 1 {
			first = m.layers[1] // the one that people wrote down
		}
		return fail(ErrShape, "%s: x is %v a sample, the model was built for %v", first.name, prog.Shape(in), m.input)
	}
	return nil
}

// Compile sets how the model is trained. The weights stay; what an earlier optimizer remembered goes.
func (m *Model) Compile(t Training) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.busy {
		return fail(ErrBusy, "%s: compile during fit", m.name)
	}
	if m.err != nil {
		return m.err
	}
	if m.input != nil {
		if err := m.build(nil); err != nil {
			return err
		}
	}
	next := &training{Training: t, names: []string{"loss"}}
	if t.Optimizer != nil {
		next.Optimizer = complete(t.Optimizer).(Optimizer)
		if err := validate("optimizer", next.Optimizer); err != nil {
			return err
		}
	}
	if t.Loss != nil {
		next.Loss = complete(t.Loss).(Loss)
		if err := validate("loss", next.Loss); err != nil {
			return err
		}
		if m.input != nil {
			if _, err := next.Loss.Target(m.output); err != nil {
				return fmt.Errorf("loss: %w", err)
			}
		}
	}
	next.Metrics = nil
	for _, metric := range t.Metrics {
		metric = complete(metric).(Metric)
		if err := validate("metrics", metric); err != nil {
			return err
		}
		name := metric.MetricName()
		for _, other := range next.names {
			if other == name {
				return fail(ErrConfig, "metrics: two are called %q", name)
			}
		}
		next.Metrics = append(next.Metrics, metric)
		next.names = append(next.names, name)
	}
	if err := m.unload(); err != nil {
		return err
	}
	m.train = next
	if m.values == nil {
		m.seed = t.Seed
	}
	if t.Backend != nil || m.backend == nil {
		m.backend = t.Backend
	}
	if next.Optimizer != nil {
		m.rate = next.Optimizer.Rate()
	}
	m.updates, m.slots = 0, nil
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
	m.closeEngine()
	m.values, m.slots, m.seed, m.step, m.updates = nil, nil, seed, 0, 0
	m.draw()
	return nil
}

// draw gives the variables their initial values, if they have none.
func (m *Model) draw() {
	if m.values != nil {
		return
	}
	m.values = make([]float32, m.params)
	for i, v := range m.vars {
		v.init.Init(m.values[v.offset:v.offset+v.shape.Size()], v.shape, NewStream(m.seed, uint32(i)))
	}
}

// LearningRate is the optimizer's learning rate at present.
func (m *Model) LearningRate() float64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.rate
}

// SetLearningRate changes the learning rate from the next step on, for schedules in callbacks.
func (m *Model) SetLearningRate(rate float64) error {
	if !finite(rate) || rate < 0 {
		return fail(ErrConfig, "learning rate is %s, wanted a number, at least 0", text(rate))
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.rate = rate
	return nil
}

// Name is the model's name.
func (m *Model) Name() string { return m.name }

// InputShape is one sample's input shape, nil while it is not known.
func (m *Model) InputShape() []int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]int(nil), m.input...)
}

// OutputShape is one sample's output shape, nil while it is not known.
func (m *Model) OutputShape() []int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]int(nil), m.output...)
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

// SequentialFrom makes a model from Keras's config of one: {"name", "layers": [{"class_name", "config"},
// ...]}, or that under "config" beside "class_name": "Sequential". The first layer may carry the input's
// shape, as input_shape, batch_input_shape or batch_shape.
func SequentialFrom(config map[string]any) (*Model, error) {
	if class, ok := config["class_name"].(string); ok {
		if class != "Sequential" {
			return nil, fail(ErrConfig, "model: class_name is %q, wanted Sequential", class)
		}
		inner, ok := config["config"].(map[string]any)
		if !ok {
			return nil, fail(ErrConfig, "sequential: config is %s, wanted an object", show(config["config"]))
		}
		config = inner
	}
	m := &Model{name: "sequential"}
	if name, ok := config["name"].(string); ok && name != "" {
		m.name = name
	}
	list, ok := config["layers"].([]any)
	if !ok && config["layers"] != nil {
		return nil, fail(ErrConfig, "%s: layers is %s, wanted a list", m.name, show(config["layers"]))
	}
	for i, c := range list {
		l, input, err := layerFrom(c)
		if err != nil {
			return nil, err
		}
		if input != nil && i == 0 {
			m.add(InputLayer{Shape: input})
		}
		m.add(l)
	}
	return m, m.err
}

// Config is the model as SequentialFrom reads it: {"class_name": "Sequential", "config": {"name",
// "layers"}}, every layer with its name.
func (m *Model) Config() (map[string]any, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.err != nil {
		return nil, m.err
	}
	layers := []any{}
	for _, n := range m.layers {
		c, err := Config(n.layer)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", n.name, err)
		}
		c.(map[string]any)["config"].(map[string]any)["name"] = n.name
		layers = append(layers, c)
	}
	return map[string]any{"class_name": "Sequential", "config": map[string]any{"name": m.name, "layers": layers}}, nil
}

// ready is what every run begins with: the context's and the model's errors.
func (m *Model) ready(ctx context.Context, training bool) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if m.err != nil {
		return m.err
	}
	if m.train == nil || m.train.Loss == nil || training && m.train.Optimizer == nil {
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
