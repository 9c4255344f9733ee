package nn

import (
	"errors"
	"fmt"

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
}

// A program is a loaded prog.Program and what the host reads and writes in it.
type program struct {
	exec     prog.Exec
	batch    int
	weighted bool // it takes sample weights

	x, y, sampleWeight, step, hyper prog.Buf // inputs
	pred, stats                     prog.Buf // outputs
	sums                            []int    // how many sums each metric has in stats, behind the loss

	// What the host reads and writes, made once so that a step allocates nothing.
	xs, ys, weightValues []float32
	predValues, result   []float32
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
		copy(values[e.store.Vars[v.store].Offset:], m.values[v.offset:v.offset+v.shape.Size()])
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
	m.engine, m.values, m.slots = e, []float32{}, nil // the engine has them now
	return nil
}

// unload brings the weights and the optimizer's slots back from the engine and closes it.
func (m *Model) unload() error {
	if m.engine == nil {
		return nil
	}
	values, err := m.readWeights()
	if err != nil {
		return err
	}
	slots, err := m.readSlots()
	if err != nil {
		return err
	}
	m.values, m.slots = values, slots
	return m.closeEngine()
}

func (m *Model) closeEngine() error {
	e := m.engine
	if e == nil {
		return nil
	}
	m.engine = nil
	var err error
	for _, ps := range e.loaded {
		for _, p := range ps {
			err = join(err, p.exec.Close())
		}
	}
	if e.weights != nil {
		err = join(err, e.weights.Close())
	}
	return err
}

// readWeights copies all variables out, in model order.
func (m *Model) readWeights() ([]float32, error) {
	values := make([]float32, m.params)
	if m.engine == nil {
		m.draw()
		copy(values, m.values)
		return values, nil
	}
	for i, v := range m.vars {
		if err := m.engine.weights.Read(m.engine.vars[i], values[v.offset:v.offset+v.shape.Size()]); err != nil {
			return nil, err
		}
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
	p.x = b.Input("x", append([]int{batch}, m.input...)...)
	p.xs = make([]float32, batch*m.input.Size())

	c := &Call{Builder: b, Training: kind == fitting}
	if kind == fitting {
		p.step, p.hyper = b.Input("step", 2), b.Input("hyper", prog.HyperSize)
		c.step = p.step
	}
	h := p.x
	var trainable []prog.Buf
	first := 1 // so that an input that is declared and one that came with the data draw the same masks
	if _, isInput := m.layers[0].layer.(InputLayer); isInput {
		first = 0
	}
	for i, n := range m.layers {
		b.Scope(n.name)
		c.in, c.out, c.vars, c.key = n.in, n.out, c.vars[:0], mix(m.seed, uint64(first+i))
		for _, v := range n.vars {
			buf := b.Var(v.store)
			c.vars = append(c.vars, buf)
			if v.trainable {
				trainable = append(trainable, buf)
			}
			if v.trainable && v.regularizer != nil && kind != predicting {
				c.AddLoss(v.regularizer.Penalty(b, buf))
			}
		}
		h = n.layer.Lower(c, h)
	}
	b.Scope("")
	if kind == predicting {
		p.pred = b.Output("pred", h)
		p.predValues = make([]float32, batch*m.output.Size())
		return m.finish(b, p)
	}

	target, err := m.train.Loss.Target(m.output)
	if err != nil {
		return nil, fmt.Errorf("loss: %w", err)
	}
	p.y = b.Input("y", append([]int{batch}, target...)...)
	p.ys = make([]float32, batch*target.Size())
	b.Scope("loss")
	each := m.train.Loss.Each(b, h, p.y)
	if weighted {
		p.sampleWeight = b.Input("sample_weight", batch)
		p.weightValues = make([]float32, batch)
		column := make([]int, max(1, len(b.Shape(each))))
		for i := range column {
			column[i] = 1
		}
		column[0] = batch
		each = b.Mul(each, b.Reshape(p.sampleWeight, column...))
	}
	loss := b.Reduce(prog.Mean, each, false)
	for _, extra := range c.losses {
		loss = b.Add(loss, extra)
	}
	stats := []prog.Buf{loss}
	for i, metric := range m.train.Metrics {
		b.Scope(m.train.names[i+1])
		n := 0
		for _, s := range metric.Sums(b, h, p.y) {
			n += b.Shape(s).Size()
			stats = append(stats, s)
		}
		p.sums = append(p.sums, n)
	}
	b.Scope("")
	packed := b.Pack(stats...)
	p.stats = b.Output("stats", packed)
	p.result = make([]float32, b.Shape(p.stats).Size())
	if kind == fitting && len(trainable) > 0 {
		grads := prog.Grad(b, loss, trainable)
		slots := make([]prog.Buf, len(e.slots))
		for i, s := range e.slots {
			slots[i] = b.Var(s)
		}
		b.Update(m.train.Optimizer.Update(), b.StoreRange("params", 0, e.trainable), b.Pack(grads...), p.hyper, slots...)
	}
	return m.finish(b, p)
}

func (m *Model) finish(b *prog.Builder, p *program) (*program, error) {
	built, err := b.Build()
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
	if err := p.exec.Write(p.x, p.xs); err != nil {
		return err
	}
	if kind != predicting {
		if err := p.exec.Write(p.y, p.ys); err != nil {
			return err
		}
	}
	if p.weighted {
		if err := p.exec.Write(p.sampleWeight, p.weightValues); err != nil {
			return err
		}
	}
	if kind == fitting {
		p.stepValues = prog.StepWords(m.step)
		p.hyperValues[0], p.hyperValues[1] = float32(m.rate*m.train.Optimizer.Scale(m.updates+1)), 1
		if err := p.exec.Write(p.step, p.stepValues[:]); err != nil {
			return err
		}
		if err := p.exec.Write(p.hyper, p.hyperValues[:]); err != nil {
			return err
		}
		m.step++
		m.updates++
	}
	if err := p.exec.Run(); err != nil {
		return err
	}
	if kind == predicting {
		return p.exec.Read(p.pred, p.predValues)
	}
	return p.exec.Read(p.stats, p.result)
}
