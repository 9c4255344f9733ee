package nn

import (
	"slices"
	"strings"

	"github.com/tabgrad/tabgrad/nn/prog"
)

// An Optimizer moves a model's parameters along their gradients. It is data: what a step computes is the
// Method of each variable. One whose method goes by a prog.Rule moves all parameters in one op.
type Optimizer interface {
	// Settings are what all optimizers have.
	Settings() Settings
	// Method says how the variable of a name ("dense/kernel") and shape is moved.
	Method(name string, shape prog.Shape) Method
}

// Settings are what all optimizers have.
type Settings struct {
	Rate     float64  // the learning rate it begins with
	Schedule Schedule // what the learning rate goes by instead; nil for none
	OptimizerOptions
}

// OptimizerOptions are the arguments that all optimizers have. A step does, in this order, what of it is
// asked for: the gradients are divided by LossScale and added up over Accumulate batches, they are clipped, weights
// decay, the optimizer moves them, and their averages follow (keras/src/optimizers/base_optimizer.py).
type OptimizerOptions struct {
	NoDecay        []string `arg:"exclude_from_weight_decay" doc:"Variables that have one of these in their names, such as bias, don't decay."`
	ClipNorm       float64  `arg:"clipnorm" null:"0" min:"0" doc:"The largest norm of a variable's gradient; longer ones are scaled down."`
	ClipValue      float64  `arg:"clipvalue" null:"0" min:"0" doc:"The largest size of a gradient's element."`
	GlobalClipNorm float64  `arg:"global_clipnorm" null:"0" min:"0" doc:"The largest norm of all gradients together."`
	UseEMA         bool     `arg:"use_ema" doc:"Whether averages of the weights are kept, which become the weights at the end of a fit."`
	EMAMomentum    float64  `arg:"ema_momentum" default:"0.99" min:"0" max:"1" doc:"The share of an average that a step keeps."`
	EMAOverwrite   int      `arg:"ema_overwrite_frequency" null:"0" min:"1" doc:"After how many steps each the averages become the weights."`
	LossScale      float64  `arg:"loss_scale_factor" null:"0" above:"0" doc:"What the loss is multiplied by before gradients are taken, and these divided by."`
	Accumulate     int      `arg:"gradient_accumulation_steps" null:"0" min:"2" doc:"Over how many batches gradients are averaged before a step is taken."`
}

// clips are the kinds of clipping by their arguments' names.
func (o *OptimizerOptions) clips() (values [3]float64, names [3]string) {
	return [3]float64{o.ClipNorm, o.ClipValue, o.GlobalClipNorm}, [3]string{"clipnorm", "clipvalue", "global_clipnorm"}
}

// check refuses more than one kind of clipping.
func (o OptimizerOptions) check(where string) error {
	values, names := o.clips()
	var set []string
	for i, v := range values {
		if v != 0 {
			set = append(set, names[i])
		}
	}
	if len(set) > 1 {
		return fail(ErrConfig, "%s: %s are set, wanted at most one of %s", where, strings.Join(set, " and "), strings.Join(names[:], ", "))
	}
	return nil
}

// A Method is how an optimizer moves a variable.
type Method struct {
	// Kind tells the methods of an optimizer that has several apart.
	Kind int
	// WeightDecay is the share of each weight that a step at learning rate 1 takes off it.
	WeightDecay float64
	// Slots are what the optimizer remembers of the variable.
	Slots []Slot
	// Hyper are the numbers of step t = 1, 2, ... at a learning rate. Decay and Scale are the model's.
	Hyper func(rate float64, t uint64) prog.Hyper
	// Lower writes down the step of a run of variables.
	Lower func(b *prog.Builder, r *Run)
	// Single: Lower wants each variable in its shape, and not those of one kind that lie side by side, as a vector.
	Single bool
}

// A Slot is something that an optimizer remembers of a variable.
type Slot struct {
	Name  string     // as Keras names it: "momentum"
	Start float64    // what its elements begin at
	Shape prog.Shape // nil: the variable's
}

// A Run is one variable, or several that lie side by side, which a step moves together.
type Run struct {
	// Param and Slots are variables, to be changed by Builder.Update alone.
	Param, Grad prog.Buf
	Slots       []prog.Buf
	Hyper       prog.Buf // [HyperSize]
	scaled      bool     // Hyper's Scale is not 1
}

// Numbers are Hyper's, each as a scalar.
func (r *Run) Numbers(b *prog.Builder) (rate, decay, scale, alpha, beta prog.Buf) {
	n := b.Split(r.Hyper, prog.Shape{}, prog.Shape{}, prog.Shape{}, prog.Shape{}, prog.Shape{})
	return n[0], n[1], n[2], n[3], n[4]
}

// Gradient is Grad times Hyper's Scale, which an Update applies by itself.
func (r *Run) Gradient(b *prog.Builder) prog.Buf {
	if !r.scaled {
		return r.Grad
	}
	_, _, scale, _, _ := r.Numbers(b)
	return b.Mul(r.Grad, scale)
}

// blend is x += share·y - decay·x, in place. x is a variable.
func blend(b *prog.Builder, x, y prog.Buf, decay, share float64) {
	words := prog.Hyper{Rate: -share, Decay: decay, Scale: 1}.Words()
	b.Update(prog.UpdateAttr{Rule: prog.RuleSGD}, x, y, b.Const(words[:], prog.HyperSize))
}

// descend is x -= decay·x + rate·y, in place. x is a variable, rate and decay are scalars.
func descend(b *prog.Builder, x, y, rate, decay prog.Buf) {
	b.Update(prog.UpdateAttr{Rule: prog.RuleSGD}, x, y, b.Pack(rate, decay, b.Const([]float32{1, 0, 0}, 3)))
}

// byRule is the Method of a prog.Rule. starts are what the rule's slots begin at, 0 those that are missing;
// hyper is nil for the learning rate alone.
func byRule(a prog.UpdateAttr, decay float64, hyper func(rate float64, t uint64) prog.Hyper, starts ...float64) Method {
	m := Method{WeightDecay: decay, Hyper: hyper, Lower: func(b *prog.Builder, r *Run) { b.Update(a, r.Param, r.Grad, r.Hyper, r.Slots...) }}
	if hyper == nil {
		m.Hyper = func(rate float64, _ uint64) prog.Hyper { return prog.Hyper{Rate: rate} }
	}
	for i, name := range a.Rule.Slots() {
		slot := Slot{Name: name}
		if i < len(starts) {
			slot.Start = starts[i]
		}
		m.Slots = append(m.Slots, slot)
	}
	return m
}

// What OptimizerOptions make a step remember, beside the optimizer's slots: as Keras names them.
const (
	slotAverage     = "average"
	slotAccumulator = "gradient_accumulator"
)

// methodOf is a variable's Method, with the slots that the settings ask for behind its own, and the weight
// decay that the variable's name leaves it.
func methodOf(o Optimizer, name string, shape prog.Shape) Method {
	m, s := o.Method(name, shape), o.Settings()
	m.Slots = slices.Clip(m.Slots)
	if s.UseEMA {
		m.Slots = append(m.Slots, Slot{Name: slotAverage})
	}
	if s.Accumulate > 0 {
		m.Slots = append(m.Slots, Slot{Name: slotAccumulator})
	}
	if slices.ContainsFunc(s.NoDecay, func(part string) bool { return strings.Contains(name, part) }) {
		m.WeightDecay = 0
	}
	m.Single = m.Single || s.ClipNorm != 0
	return m
}

// SlotsOf lists what an optimizer remembers of variables, without data: slot by slot, of each the trainable
// variables in their order, named "dense/kernel/momentum". It is the order of State.Slots.
func SlotsOf(o Optimizer, vars []Weight) []Weight {
	var list []Weight
	for _, r := range slotRegions(o, vars) {
		for _, p := range r.parts {
			if p.has {
				list = append(list, Weight{vars[p.of].Name + "/" + r.name, append([]int{}, p.shape...), nil, true})
			}
		}
	}
	return list
}

// A slotRegion is one slot of all variables that have it, one behind another.
type slotRegion struct {
	name  string
	parts []slotPart // of each trainable variable
	size  int        // elements
	store int        // its index in an engine's Store
}

// A slotPart is a variable's slot.
type slotPart struct {
	of     int  // the variable
	has    bool // it has the slot
	shape  prog.Shape
	offset int // in the region
	start  float64
}

func slotRegions(o Optimizer, vars []Weight) []*slotRegion {
	var regions []*slotRegion
	trainable := 0
	for _, v := range vars {
		if v.Trainable {
			trainable++
		}
	}
	region := func(name string) *slotRegion {
		for _, r := range regions {
			if r.name == name {
				return r
			}
		}
		regions = append(regions, &slotRegion{name: name, parts: make([]slotPart, trainable)})
		return regions[len(regions)-1]
	}
	n := 0 // trainable variables so far
	for i, v := range vars {
		if !v.Trainable {
			continue
		}
		for _, slot := range methodOf(o, v.Name, v.Shape).Slots {
			shape := slot.Shape
			if shape == nil {
				shape = v.Shape
			}
			r := region(slot.Name)
			r.parts[n] = slotPart{i, true, shape, r.size, slot.Start}
			r.size += shape.Size()
		}
		n++
	}
	// Keras's averages and accumulators of all variables come behind the slots of each.
	var ordered []*slotRegion
	for last := -1; last < 2; last++ {
		for _, r := range regions {
			if slices.Index([]string{slotAverage, slotAccumulator}, r.name) == last {
				ordered = append(ordered, r)
			}
		}
	}
	return ordered
}
