package nn

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/tabgrad/tabgrad/nn/prog"
)

// Training says how a model is trained.
type Training struct {
	Optimizer Optimizer // required to train
	// Loss, its weight and the metrics are every output's that Outputs does not name. A Loss is required to train
	// and evaluate, this one or one in Outputs.
	Loss            Loss
	LossWeight      float64  // what the loss counts in the model's; 0 stands for 1, Zero for 0
	Metrics         []Metric // of all samples alike
	WeightedMetrics []Metric // of samples by their weights
	// Outputs are the objectives of a model with several outputs, by the names of the layers that they
	// come from. Where there are any, an output that is not named, while Loss is nil, has no targets.
	Outputs map[string]Objective
	// Seed draws the initial weights, the dropout masks and the order of samples. The same seed gives
	// the same weights, run for run.
	Seed uint64
	// Backend does the arithmetic; nil is prog.NewDefault's.
	Backend prog.Backend
}

// An Objective is what one of a model's outputs is trained for.
type Objective struct {
	Loss            Loss
	Weight          float64  // what the loss counts in the model's; 0 stands for 1, Zero for 0
	Metrics         []Metric // of all samples alike
	WeightedMetrics []Metric // of samples by their weights
}

// training is what a model is compiled for.
type training struct {
	Training
	objectives []*objective // of the outputs that have a loss, in their order
	// names are the logs': "loss", then each output's loss where there are several, then the metrics.
	names []string
}

// An objective is an Objective of a model's output.
type objective struct {
	Objective
	output   int    // which
	name     string // the output's; empty where it is the only one
	measures []measure
}

// A measure is how one of an objective's metrics is computed.
type measure struct {
	Measure
	metric   Metric
	weighted bool
	log      string // what it is called in logs
}

// shown is whether each output's loss is a log of its own.
func (t *training) shown() bool { return len(t.objectives) > 1 }

// measures are all outputs' in their order.
func (t *training) measures() []measure {
	var list []measure
	for _, o := range t.objectives {
		list = append(list, o.measures...)
	}
	return list
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
	next := &training{Training: t}
	if t.Optimizer != nil {
		next.Optimizer = complete(t.Optimizer).(Optimizer)
		if err := validate("optimizer", next.Optimizer); err != nil {
			return err
		}
	}
	if err := m.objectives(next); err != nil {
		return err
	}
	if err := m.unload(); err != nil {
		return err
	}
	m.train = next
	if !m.drawn() {
		m.seed = t.Seed
	}
	if t.Backend != nil || m.backend == nil {
		m.backend = t.Backend
	}
	if next.Optimizer != nil {
		m.rate = next.Optimizer.Settings().Rate
	}
	m.updates, m.slots = 0, nil
	m.setFrozen()
	return nil
}

// objectives makes t's, of what t says.
func (m *Model) objectives(t *training) error {
	outputs := m.outputNames()
	for name := range t.Outputs {
		if !slices.Contains(outputs, name) {
			return fail(ErrConfig, "outputs: the model has no output %q, wanted one of %s", name, strings.Join(outputs, ", "))
		}
	}
	for k, name := range outputs {
		o := &objective{Objective: Objective{t.Loss, t.LossWeight, t.Metrics, t.WeightedMetrics}, output: k}
		where := ""
		if own, ok := t.Outputs[name]; ok {
			o.Objective = own
			if own.Loss == nil {
				o.Loss = t.Loss
			}
		}
		if len(outputs) > 1 {
			o.name, where = name, name+": "
		}
		if o.Weight == 0 && !math.Signbit(o.Weight) {
			o.Weight = 1
		}
		if !finite(o.Weight) {
			return fail(ErrConfig, "%sthe loss's weight is %s, wanted a finite number", where, text(o.Weight))
		}
		if o.Loss == nil {
			if own := t.Outputs[name]; len(own.Metrics)+len(own.WeightedMetrics) > 0 {
				return fail(ErrConfig, "%sthere are metrics without a loss", where)
			}
			if len(t.Outputs) == 0 {
				if err := o.check(where); err != nil {
					return err
				}
			}
			continue
		}
		if err := o.check(where); err != nil {
			return err
		}
		if m.built() {
			if _, err := o.Loss.Target(m.outputs[k].shape); err != nil {
				return fmt.Errorf("%sloss: %w", where, err)
			}
		}
		t.objectives = append(t.objectives, o)
	}
	t.names = []string{"loss"}
	if t.shown() {
		for _, o := range t.objectives {
			t.names = append(t.names, o.name+"_loss")
		}
	}
	for _, o := range t.objectives {
		for i := range o.measures {
			m := &o.measures[i]
			var err error
			if m.log, err = t.logName(o.name, m); err != nil {
				return err
			}
			t.names = append(t.names, m.log)
		}
	}
	return nil
}

// logName is what a measure of an output is called in logs: as Keras has it, with the output's name before its
// own, with weighted_ where it is another metric's name too, and with _1, _2, ... behind it where that is one.
func (t *training) logName(output string, m *measure) (string, error) {
	prefix := ""
	if output != "" {
		prefix = output + "_"
	}
	losses := 1
	if t.shown() {
		losses += len(t.objectives)
	}
	base := prefix + m.Name
	if slices.Contains(t.names[:losses], base) {
		return "", fail(ErrConfig, "metrics: one is called %q, as a loss is", base)
	}
	if m.weighted && slices.Contains(t.names, base) {
		base = prefix + "weighted_" + m.Name
	}
	name := base
	for n := 1; slices.Contains(t.names, name); n++ {
		name = base + "_" + itoa(n)
	}
	return name, nil
}

// check completes the objective's loss and metrics and looks at their arguments.
func (o *objective) check(where string) error {
	if o.Loss != nil {
		o.Loss = complete(o.Loss).(Loss)
		if err := validate(where+"loss", o.Loss); err != nil {
			return err
		}
	}
	o.measures = nil
	for _, list := range []struct {
		what     string
		metrics  *[]Metric
		weighted bool
	}{{"metrics", &o.Metrics, false}, {"weighted_metrics", &o.WeightedMetrics, true}} {
		given := *list.metrics
		*list.metrics = nil
		for _, m := range given {
			m, err := completeMetric(where+list.what, m)
			if err != nil {
				return err
			}
			*list.metrics = append(*list.metrics, m)
			o.measures = append(o.measures, measure{Measure: m.Measure(), metric: m, weighted: list.weighted})
		}
	}
	return nil
}

// outputNames are the names of the outputs: of the layers that they come from. A second output of one
// layer has _1 behind its name.
func (m *Model) outputNames() []string {
	if !m.built() {
		return []string{"output"}
	}
	names := make([]string, len(m.outputs))
	for k, y := range m.outputs {
		base := y.from.of.name
		names[k] = base
		for n := 1; slices.Contains(names[:k], names[k]); n++ {
			names[k] = base + "_" + itoa(n)
		}
	}
	return names
}

// OutputNames are the names of the model's outputs, for Training.Outputs: of the layers that they come
// from, with _1, _2, ... behind a name that is taken.
func (m *Model) OutputNames() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.outputNames()
}

// TargetNames are the names of the outputs that have a loss, in the order in which data have targets for them.
func (m *Model) TargetNames() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.train == nil {
		return nil
	}
	var names []string
	for _, o := range m.train.objectives {
		names = append(names, m.outputNames()[o.output])
	}
	return names
}

// InputNames are the names of the model's inputs.
func (m *Model) InputNames() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var names []string
	for _, x := range m.inputs {
		names = append(names, x.from.of.name)
	}
	return names
}
