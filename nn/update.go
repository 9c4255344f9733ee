package nn

import "github.com/tabgrad/tabgrad/nn/prog"

// An update is how a model's optimizer moves its trainable variables, worked out for an engine.
type update struct {
	o       Optimizer
	s       Settings
	store   *prog.Store
	vars    []*held // the trainable ones
	offsets []int   // where they begin in the store, and where the last ends
	runs    []updateRun
	numbers []Method // those whose numbers a step has, one behind another
	slots   []*slotRegion
}

// An updateRun is the variables from first to last-1, which a step moves together.
type updateRun struct {
	first, last int
	method      Method
	numbers     int // which
}

// newUpdate lays the slots out in the store, behind the variables.
func newUpdate(o Optimizer, vars []*held, store *prog.Store) *update {
	u := &update{o: o, s: o.Settings(), store: store, offsets: []int{0}}
	for _, v := range vars {
		if !v.trainable {
			continue
		}
		m := methodOf(o, v.name, v.shape)
		at := len(u.vars)
		u.vars = append(u.vars, v)
		u.offsets = append(u.offsets, u.offsets[at]+v.shape.Size())
		if n := len(u.runs); n > 0 && !m.Single {
			if last := &u.runs[n-1]; !last.method.Single && last.method.Kind == m.Kind && last.method.WeightDecay == m.WeightDecay {
				last.last++
				continue
			}
		}
		u.runs = append(u.runs, updateRun{at, at + 1, m, u.numbersOf(m)})
	}
	u.slots = slotRegions(o, weightsOf(vars))
	for _, r := range u.slots {
		r.store = store.Add("optimizer/"+r.name, prog.Shape{r.size})
	}
	return u
}

// numbersOf is which of the numbers are a method's. Methods of one kind and weight decay share them.
func (u *update) numbersOf(m Method) int {
	for i, other := range u.numbers {
		if other.Kind == m.Kind && other.WeightDecay == m.WeightDecay {
			return i
		}
	}
	u.numbers = append(u.numbers, m)
	return len(u.numbers) - 1
}

// begin puts what the slots begin at into values, which are the store's.
func (u *update) begin(values []float32) {
	for _, r := range u.slots {
		for _, p := range r.parts {
			if !p.has {
				continue
			}
			at := u.store.Vars[r.store].Offset + p.offset
			for i := range values[at : at+p.shape.Size()] {
				values[at+i] = float32(p.start)
			}
		}
	}
}

// hyperSize is how many numbers a step has: each method's, and those of the averages.
func (u *update) hyperSize() int {
	n := len(u.numbers)
	if u.s.UseEMA {
		n++
	}
	return n * prog.HyperSize
}

// hyper puts the numbers of the step behind updates batches into words.
func (u *update) hyper(words []float32, rate float64, updates uint64) {
	t := u.steps(updates)
	for _, m := range u.numbers {
		h := m.Hyper(rate, t+1)
		h.Decay, h.Scale = m.WeightDecay*rate, u.scale()
		w := h.Words()
		words = words[copy(words, w[:]):]
	}
	if u.s.UseEMA {
		fresh := 1.0 // an average begins as the weights are
		if t > 0 {
			fresh = 1 - u.s.EMAMomentum
		}
		w := prog.Hyper{Rate: -fresh, Decay: fresh, Scale: 1}.Words() // average -= fresh·(average - w)
		copy(words, w[:])
	}
}

// steps is how many steps there were in updates batches.
func (u *update) steps(updates uint64) uint64 { return updates / uint64(max(1, u.s.Accumulate)) }

// overwrites reports whether the batch behind updates others ends with the averages becoming the weights.
func (u *update) overwrites(updates uint64) bool {
	return u.s.UseEMA && u.s.EMAOverwrite > 0 && (u.steps(updates)+1)%uint64(u.s.EMAOverwrite) == 0
}

// scale is what gradients are multiplied by before anything else is done with them.
func (u *update) scale() float64 {
	switch {
	case u.s.Accumulate > 0: // the sums are without the loss's scale
		return 1 / float64(u.s.Accumulate)
	case u.s.LossScale != 0:
		return 1 / u.s.LossScale
	}
	return 1
}

// loss is what gradients are taken of.
func (u *update) loss(b *prog.Builder, loss prog.Buf) prog.Buf {
	if u.s.LossScale == 0 {
		return loss
	}
	return b.Affine(loss, u.s.LossScale, 0)
}

// params are the variables as one vector.
func (u *update) params(b *prog.Builder) prog.Buf {
	return b.StoreRange("params", 0, u.offsets[len(u.vars)])
}

// slot is the whole of a slot that all variables have.
func (u *update) slot(b *prog.Builder, name string) prog.Buf {
	for _, r := range u.slots {
		if r.name == name {
			return b.Var(r.store)
		}
	}
	return prog.None
}

// lower writes down what follows the gradients of a batch: a step, or where it takes none that they are added
// up. hyper are the step's numbers.
func (u *update) lower(b *prog.Builder, grads []prog.Buf, hyper prog.Buf, takes bool) {
	sets := []prog.Buf{hyper}
	if n := u.hyperSize() / prog.HyperSize; n > 1 {
		shapes := make([]prog.Shape, n)
		for i := range shapes {
			shapes[i] = prog.Shape{prog.HyperSize}
		}
		sets = b.Split(hyper, shapes...)
	}
	sums := prog.None
	if u.s.Accumulate > 0 {
		sums = u.slot(b, slotAccumulator)
		words := prog.Hyper{Rate: -1, Scale: 1}
		if u.s.LossScale != 0 {
			words.Scale = 1 / u.s.LossScale
		}
		w := words.Words()
		b.Update(prog.UpdateAttr{Rule: prog.RuleSGD}, sums, b.Pack(grads...), b.Const(w[:], prog.HyperSize))
	}
	if takes {
		u.step(b, grads, sums, sets)
		if sums != prog.None {
			blend(b, sums, u.params(b), 1, 0)
		}
	}
	if u.s.UseEMA {
		b.Update(prog.UpdateAttr{Rule: prog.RuleSGD}, u.slot(b, slotAverage), u.params(b), sets[len(sets)-1])
	}
}

// step writes down the runs' steps, along grads or where there are sums along these.
func (u *update) step(b *prog.Builder, grads []prog.Buf, sums prog.Buf, sets []prog.Buf) {
	runs := make([]*Run, len(u.runs))
	for i, r := range u.runs {
		run := &Run{Hyper: sets[r.numbers], scaled: u.scale() != 1}
		at, shape := u.offsets[r.first], u.vars[r.first].shape
		if !r.method.Single {
			shape = prog.Shape{u.offsets[r.last] - at}
		}
		run.Param = b.StoreRange("params", at, shape...)
		switch {
		case sums != prog.None:
			run.Grad = b.StoreRange("sum", u.region(slotAccumulator, r.first), shape...)
		case r.method.Single:
			run.Grad = grads[r.first]
		default:
			run.Grad = b.Pack(grads[r.first:r.last]...)
		}
		for _, slot := range r.method.Slots {
			if slot.Name == slotAverage || slot.Name == slotAccumulator {
				continue
			}
			s := slot.Shape
			if s == nil {
				s = shape
			}
			run.Slots = append(run.Slots, b.StoreRange(slot.Name, u.region(slot.Name, r.first), s...))
		}
		runs[i] = run
	}
	u.clip(b, runs)
	for i, r := range runs {
		u.runs[i].method.Lower(b, r)
	}
}

// region is where a variable's slot begins in the store.
func (u *update) region(name string, v int) int {
	for _, r := range u.slots {
		if r.name == name {
			return u.store.Vars[r.store].Offset + r.parts[v].offset
		}
	}
	panic("nn: no slot " + name)
}

// clip bounds the runs' gradients: by value, or through the Scale of their numbers by norm.
func (u *update) clip(b *prog.Builder, runs []*Run) {
	scale := u.scale()
	shrink := func(r *Run, squares prog.Buf, most float64) {
		norm := b.Affine(b.Unary(prog.Sqrt, squares), scale, 0)
		factor := b.Div(b.Fill(most), b.Binary(prog.Maximum, norm, b.Fill(most)))
		r.Hyper = b.Mul(r.Hyper, b.Pack(b.Const([]float32{1, 1}, 2), factor, b.Const([]float32{1, 1}, 2)))
		r.scaled = true
	}
	switch {
	case u.s.ClipValue != 0:
		for _, r := range runs {
			r.Grad = b.UnaryConst(prog.Clip, r.Grad, -u.s.ClipValue/scale, u.s.ClipValue/scale)
		}
	case u.s.ClipNorm != 0:
		for _, r := range runs {
			shrink(r, b.Reduce(prog.SumSquares, r.Grad, false), u.s.ClipNorm)
		}
	case u.s.GlobalClipNorm != 0:
		squares := prog.None
		for _, r := range runs {
			if s := b.Reduce(prog.SumSquares, r.Grad, false); squares == prog.None {
				squares = s
			} else {
				squares = b.Add(squares, s)
			}
		}
		for _, r := range runs {
			shrink(r, squares, u.s.GlobalClipNorm)
		}
	}
}

// scheduleOf is what a model's learning rate goes by, nil for none.
func (m *Model) schedule() Schedule {
	if m.train == nil || m.train.Optimizer == nil {
		return nil
	}
	return m.train.Optimizer.Settings().Schedule
}

// rateNow is the learning rate of the next step.
func (m *Model) rateNow() float64 {
	if s := m.schedule(); s != nil {
		return s.At(m.updates)
	}
	return m.rate
}
