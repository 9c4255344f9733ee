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
	accumulating // fitting, for a batch whose gradients are only added up
	numModes
)

// trains is whether a program of the mode is of a training step.
func (k mode) trains() bool { return k >= fitting }

// An engine is a model's weights and programs on a backend. The store holds the trainable variables in
// model order, then the others, then the optimizer's slots.
type engine struct {
	backend prog.Backend
	store   *prog.Store
	update  *update // nil for a model without an optimizer

	weights   prog.Exec // runs nothing; keeps the store alive and reads and writes it
	whole     prog.Buf  // in weights: the store
	vars      []prog.Buf
	loaded    [numModes][]*program // most recently used first
	project   prog.Exec            // applies the constraints, behind each training step; nil for none
	overwrite prog.Exec            // makes the averages of the weights the weights; nil for none
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
	hyperValues          []float32
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
	}
	if m.train != nil && m.train.Optimizer != nil {
		e.update = newUpdate(m.train.Optimizer, m.vars, e.store)
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
	if e.update != nil {
		e.update.begin(values)
		copy(values[len(values)-len(m.slots):], m.slots)
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
	for _, exec := range []prog.Exec{e.project, e.overwrite, e.weights} {
		if exec != nil {
			err = join(err, exec.Close())
		}
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
	b := prog.NewBuilder([...]string{"predict", "evaluate", "train", "accumulate"}[kind], store)
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
	if kind.trains() {
		p.hyperValues = make([]float32, e.update.hyperSize())
		p.step, p.hyper = b.Input("step", 2), b.Input("hyper", len(p.hyperValues))
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
	out := l.graph(m, in, m.seed, kind.trains())
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
	if kind.trains() && len(trainable) > 0 {
		e.update.lower(b, prog.Grad(b, e.update.loss(b, loss), trainable), p.hyper, kind == fitting)
		p.writes = true
		if err := m.loadAfter(); err != nil {
			return nil, err
		}
	}
	return m.finish(l, p)
}

// loadAfter loads the programs that change variables behind a training step, where there are such: the one
// that projects the variables that have constraints, and the one that makes the averages of the weights the
// weights. They are programs of their own since a training step's reads what the variables held before it.
func (m *Model) loadAfter() (err error) {
	e := m.engine
	if e.project == nil && slices.ContainsFunc(m.vars, func(v *held) bool { return v.trainable && v.constraint != nil }) {
		e.project, err = e.loadSmall("constrain", func(b *prog.Builder) {
			for _, v := range m.vars {
				if v.trainable && v.constraint != nil {
					b.Scope(v.name)
					w := b.Var(v.store)
					b.Assign(w, v.constraint.Project(b, w))
				}
			}
		})
	}
	if u := e.update; err == nil && e.overwrite == nil && u.s.UseEMA {
		e.overwrite, err = e.loadSmall("overwrite", func(b *prog.Builder) { b.Assign(u.params(b), u.slot(b, slotAverage)) })
	}
	return err
}

// loadSmall loads a program of the store's variables alone.
func (e *engine) loadSmall(name string, record func(b *prog.Builder)) (prog.Exec, error) {
	b := prog.NewBuilder(name, e.store)
	record(b)
	p, err := b.Build()
	if err != nil {
		return nil, err
	}
	return e.backend.Load(p)
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
	var after []prog.Exec
	if e := m.engine; kind.trains() {
		p.stepValues = prog.StepWords(m.step)
		e.update.hyper(p.hyperValues, m.rateNow(), m.updates)
		if err := p.exec.Write(p.step, p.stepValues[:]); err != nil {
			return err
		}
		if err := p.exec.Write(p.hyper, p.hyperValues); err != nil {
			return err
		}
		if e.overwrite != nil && e.update.overwrites(m.updates) {
			after = append(after, e.overwrite)
		}
		if e.project != nil {
			after = append(after, e.project)
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
	for _, exec := range after {
		if err := exec.Run(); err != nil {
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

// stepMode is what the next training step is: one that moves the weights, or one that only adds gradients up.
func (m *Model) stepMode() mode {
	if u := m.train.Optimizer.Settings().Accumulate; u > 0 && (m.updates+1)%uint64(u) != 0 {
		return accumulating
	}
	return fitting
}

// finalize makes the averages of the weights the weights, where there are any: the end of a fit.
func (m *Model) finalize() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.engine == nil || m.engine.overwrite == nil || m.updates == 0 {
		return nil
	}
	if err := m.refresh(); err != nil {
		return err
	}
	m.wrote()
	return m.engine.overwrite.Run()
}
