package nn

import (
	"errors"
	"fmt"
	"slices"

	"github.com/tabgrad/tabgrad/nn/prog"
)

// A mode is what a program is for.
type mode uint8

const (
	predicting mode = iota
	evaluating
	fitting
	numModes
)

// An engine is a model's weights and programs on a backend. The store holds the trainable variables in
// model order, then the others, then the optimizer's slots.
type engine struct {
	backend   prog.Backend
	store     *prog.Store
	trainable int   // elements of the trainable variables, from the store's beginning
	slots     []int // the slots' indices in the store

	weights prog.Exec // runs nothing; keeps the store alive and reads and writes it
	whole   prog.Buf  // in weights: the store
	vars    []prog.Buf
	loaded  [numModes][]*program // most recently used first
	project prog.Exec            // applies the constraints, behind each training step; nil for none
}

// A program is a loaded prog.Program and what the host reads and writes in it.
type program struct {
	exec     prog.Exec
	batch    int
	weighted bool // it takes sample weights

	x, y, sampleWeight []prog.Buf // inputs: of the model's inputs, and of the outputs with a loss
	step, hyper        prog.Buf   // inputs
	pred               []prog.Buf // outputs
	stats              prog.Buf   // output
	sums               []int      // how many sums each metric has in stats, behind the losses
	writes             bool       // it writes variables

	// What the host reads and writes, made once so that a step allocates nothing.
	xs, ys, weightValues [][]float32
	predValues           [][]float32
	result               []float32
	stepValues           [2]float32
	hyperValues          [prog.HyperSize]float32
}

// programsKept is how many programs of one mode stay loaded: a batch size and a last, shorter batch.
const programsKept = 2

// load makes sure that there is an engine.
func (m *Model) load() error {
	if m.engine != nil {
		return nil
	}
	if m.backend == nil {
		b, err := prog.NewDefault()
		if err != nil {
			return err
		}
		m.backend = b
	}
	m.draw()
	e := &engine{backend: m.backend, store: &prog.Store{}}
	for _, trainable := range []bool{true, false} {
		for _, v := range m.vars {
			if v.trainable == trainable {
				v.store = e.store.Add(v.name, v.shape)
			}
		}
		if trainable {
			e.trainable = e.store.Size
		}
	}
	start := 0.0
	if m.train != nil && m.train.Optimizer != nil {
		for _, slot := range m.train.Optimizer.Update().Rule.Slots() {
			e.slots = append(e.slots, e.store.Add("optimizer/"+slot, prog.Shape{e.trainable}))
		}
		start = m.train.Optimizer.SlotStart()
	}
	if e.store.Size == 0 {
		m.engine = e
		return nil
	}
	b := prog.NewBuilder("weights", e.store)
	e.whole = b.StoreRange("store", 0, e.store.Size)
	for _, v := range m.vars {
		e.vars = append(e.vars, b.Var(v.store))
	}
	p, err := b.Build()
	if err != nil {
		return err
	}
	if e.weights, err = e.backend.Load(p); err != nil {
		return fmt.Errorf("%s: %w", m.name, err)
	}
	values := make([]float32, e.store.Size)
	for _, v := range m.vars {
		if err := v.fetch(); err != nil {
			return join(err, e.weights.Close())
		}
		copy(values[e.store.Vars[v.store].Offset:], v.value)
		v.have = v.version
	}
	for _, s := range e.slots {
		at := e.store.Vars[s]
		for i := range values[at.Offset : at.Offset+at.Shape.Size()] {
			values[at.Offset+i] = float32(start)
		}
	}
	if m.slots != nil {
		copy(values[e.store.Vars[e.slots[0]].Offset:], m.slots)
	}
	if err := e.weights.Write(e.whole, values); err != nil {
		return join(err, e.weights.Close())
	}
	m.engine, m.slots = e, nil // the engine has them now
	return nil
}

// fetch brings the variable's value back from the engine that has a newer one.
func (v *variable) fetch() error {
	if v.holder == nil {
		return nil
	}
	k := slices.IndexFunc(v.holder.vars, func(h *held) bool { return h.variable == v })
	e, value := v.holder.engine, make([]float32, v.shape.Size())
	if err := e.weights.Read(e.vars[k], value); err != nil {
		return err
	}
	v.value, v.holder = value, nil
	return nil
}

// refresh brings the engine what other models have made of the variables that they share with this one.
func (m *Model) refresh() error {
	for k, v := range m.vars {
		if v.have == v.version {
			continue
		}
		if err := v.fetch(); err != nil {
			return err
		}
		if err := m.engine.weights.Write(m.engine.vars[k], v.value); err != nil {
			return err
		}
		v.have = v.version
	}
	return nil
}

// noValue is the value of a variable that only an engine has.
var noValue = []float32{}

// wrote notes that the engine has written its variables.
func (m *Model) wrote() {
	for _, v := range m.vars {
		v.version++
		v.have, v.holder = v.version, m
		v.value = noValue
	}
}

// unload brings the weights and the optimizer's slots back from the engine and closes it.
func (m *Model) unload() error {
	if m.engine == nil {
		return nil
	}
	slots, err := m.readSlots()
	if err != nil {
		return err
	}
	m.slots = slots
	return m.closeEngine()
}

// closeEngine brings the weights back and frees what the backend holds.
func (m *Model) closeEngine() error {
	e := m.engine
	if e == nil {
		return nil
	}
	for _, v := range m.vars {
		if v.holder == m {
			if err := v.fetch(); err != nil {
				return err
			}
		}
	}
	m.engine = nil
	var err error
	for _, ps := range e.loaded {
		for _, p := range ps {
			err = join(err, p.exec.Close())
		}
	}
	if e.project != nil {
		err = join(err, e.project.Close())
	}
	if e.weights != nil {
		err = join(err, e.weights.Close())
	}
	return err
}

// readWeights copies all variables out, in model order.
func (m *Model) readWeights() ([]float32, error) {
	m.draw()
	values := make([]float32, m.params)
	for _, v := range m.vars {
		if err := v.fetch(); err != nil {
			return nil, err
		}
		copy(values[v.offset:], v.value)
	}
	return values, nil
}

// program is the program of a mode for a batch, loaded. It stays loaded until others push it out.
func (m *Model) program(kind mode, batch int, weighted bool) (*program, error) {
	if err := m.load(); err != nil {
		return nil, err
	}
	loaded := &m.engine.loaded[kind]
	for i, p := range *loaded {
		if p.batch == batch && p.weighted == weighted {
			copy((*loaded)[1:i+1], (*loaded)[:i])
			(*loaded)[0] = p
			return p, nil
		}
	}
	if n := len(*loaded); n >= programsKept { // room first, so that the peak is lower
		if err := (*loaded)[n-1].exec.Close(); err != nil {
			return nil, err
		}
		*loaded = (*loaded)[:n-1]
	}
	p, err := m.compile(kind, batch, weighted)
	if err != nil {
		return nil, err
	}
	*loaded = append([]*program{p}, *loaded...)
	return p, nil
}

// compile writes a program down and loads it. A training program is forward, loss, gradients and
// optimizer; an evaluating one is forward and loss; a predicting one is forward.
func (m *Model) compile(kind mode, batch int, weighted bool) (*program, error) {
	e := m.engine
	store := e.store
	if store.Size == 0 {
		store = nil
	}
	b := prog.NewBuilder([...]string{"predict", "evaluate", "train"}[kind], store)
	p := &program{batch: batch, weighted: weighted}
	l := &lowering{b: b, step: prog.None, frozen: m.frozen, store: map[*variable]int{}, current: map[*variable]prog.Buf{}}
	in := make([]value, len(m.inputs))
	for k, x := range m.inputs {
		name := "x"
		if len(m.inputs) > 1 {
			name = "x/" + x.from.of.name
		}
		in[k] = value{b.Input(name, append([]int{batch}, x.shape...)...), prog.None}
		p.x = append(p.x, in[k].buf)
		p.xs = append(p.xs, make([]float32, batch*x.shape.Size()))
	}
	if kind == fitting {
		p.step, p.hyper = b.Input("step", 2), b.Input("hyper", prog.HyperSize)
		l.step = p.step
	}
	var trainable []prog.Buf
	for _, v := range m.vars {
		l.store[v.variable] = v.store
		if v.trainable && kind != predicting {
			buf := l.variable(v.variable)
			if trainable = append(trainable, buf); v.regularizer != nil {
				b.Scope(v.name)
				l.losses = append(l.losses, v.regularizer.Penalty(b, buf))
			}
		}
	}
	out := l.graph(m, in, m.seed, kind == fitting)
	b.Scope("")
	if kind == predicting {
		for k, y := range out {
			name := "pred"
			if len(out) > 1 {
				name += "/" + itoa(k)
			}
			p.pred = append(p.pred, b.Output(name, y.buf))
			p.predValues = append(p.predValues, make([]float32, batch*m.outputs[k].shape.Size()))
		}
		return m.finish(l, p)
	}
	loss, stats, err := m.lowerObjectives(l, p, out)
	if err != nil {
		return nil, err
	}
	p.stats = b.Output("stats", b.Pack(stats...))
	p.result = make([]float32, b.Shape(p.stats).Size())
	if kind == fitting && len(trainable) > 0 {
		grads := prog.Grad(b, loss, trainable)
		slots := make([]prog.Buf, len(e.slots))
		for i, s := range e.slots {
			slots[i] = b.Var(s)
		}
		b.Update(m.train.Optimizer.Update(), b.StoreRange("params", 0, e.trainable), b.Pack(grads...), p.hyper, slots...)
		p.writes = true
		if err := m.loadConstraints(); err != nil {
			return nil, err
		}
	}
	return m.finish(l, p)
}

// loadConstraints loads the program that projects the variables that have constraints. It is one of its own
// since a training step's reads what the variables held before it.
func (m *Model) loadConstraints() error {
	e := m.engine
	if e.project != nil || !slices.ContainsFunc(m.vars, func(v *held) bool { return v.trainable && v.constraint != nil }) {
		return nil
	}
	b := prog.NewBuilder("constrain", e.store)
	for _, v := range m.vars {
		if v.trainable && v.constraint != nil {
			b.Scope(v.name)
			w := b.Var(v.store)
			b.Assign(w, v.constraint.Project(b, w))
		}
	}
	p, err := b.Build()
	if err == nil {
		e.project, err = e.backend.Load(p)
	}
	return err
}

func (m *Model) finish(l *lowering, p *program) (*program, error) {
	l.finish()
	p.writes = p.writes || len(l.written) > 0
	built, err := l.b.Build()
	if err != nil {
		var f *failure
		if errors.As(err, &f) { // a layer's or metric's own message, without the program's name
			return nil, f
		}
		return nil, err
	}
	if p.exec, err = m.engine.backend.Load(built); err != nil {
		return nil, fmt.Errorf("%s, batch %d: %w", m.name, p.batch, err)
	}
	return p, nil
}

// run does one step on what is staged in p: xs, and where p has them ys and weightValues.
func (m *Model) run(p *program, kind mode) error {
	if err := m.refresh(); err != nil {
		return err
	}
	for _, group := range [...]struct {
		bufs   []prog.Buf
		values [][]float32
	}{{p.x, p.xs}, {p.y, p.ys}, {p.sampleWeight, p.weightValues}} {
		for k, buf := range group.bufs {
			if err := p.exec.Write(buf, group.values[k]); err != nil {
				return err
			}
		}
	}
	if kind == fitting {
		p.stepValues = prog.StepWords(m.step)
		p.hyperValues = prog.Hyper{Rate: m.rate * m.train.Optimizer.Scale(m.updates+1), Scale: 1}.Words()
		if err := p.exec.Write(p.step, p.stepValues[:]); err != nil {
			return err
		}
		if err := p.exec.Write(p.hyper, p.hyperValues[:]); err != nil {
			return err
		}
		m.step++
		m.updates++
	}
	if p.writes {
		m.wrote()
	}
	if err := p.exec.Run(); err != nil {
		return err
	}
	if kind == fitting && m.engine.project != nil {
		if err := m.engine.project.Run(); err != nil {
			return err
		}
	}
	for k, buf := range p.pred {
		if err := p.exec.Read(buf, p.predValues[k]); err != nil {
			return err
		}
	}
	if kind == predicting {
		return nil
	}
	return p.exec.Read(p.stats, p.result)
}
