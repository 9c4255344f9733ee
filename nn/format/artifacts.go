package format

import (
	"errors"

	"github.com/tabgrad/tabgrad/nn"
	"github.com/tabgrad/tabgrad/nn/prog"
)

// Artifacts is all that a file of a model holds, whatever its format.
type Artifacts struct {
	// Topology is the model's config as nn.SequentialFrom reads it, its first layer with the input's
	// shape. nil where a safetensors file has none.
	Topology map[string]any
	// Weights are the model's variables in its order, as nn.Model.GetWeights has them.
	Weights []nn.Weight
	// Training is how the model was being trained, nil where the file does not say.
	Training *Training
	// TrainingErr says why Training is nil although the file has one: an optimizer, loss or metric that
	// package nn has not. Such a model predicts all the same.
	TrainingErr error
	// Metadata is the user's own: values as JSON has them. nil for none.
	Metadata map[string]any
	// GeneratedBy says what wrote the file.
	GeneratedBy string
}

// Training is how a model was being trained, and where that stands.
type Training struct {
	Optimizer, Loss          any     // configs, as nn.Config writes them; nil for none
	Metrics, WeightedMetrics []any   // the same
	LossWeight               float64 // as nn.Training has it: 0 for 1
	// State without its Weights: the optimizer's slots, the number of steps, the seed, the learning rate.
	State nn.State
}

// generatedBy goes into the files that this package writes.
const generatedBy = "tabgrad"

// FromModel copies what there is to save of m, as it is between two training steps. Drop Training to
// save without the optimizer, which makes the file smaller by up to two thirds.
func FromModel(m *nn.Model) (*Artifacts, error) {
	state, err := m.State()
	if err != nil {
		return nil, err
	}
	topology, err := m.Config()
	if err != nil {
		return nil, err
	}
	a := &Artifacts{Topology: topology, Weights: state.Weights, GeneratedBy: generatedBy}
	if layers := layersOf(topology); len(layers) > 0 && layers[0]["class_name"] != "InputLayer" {
		layers[0]["config"].(map[string]any)["batch_input_shape"] = batched(m.InputShape())
	}
	t := m.Training()
	if t.Optimizer == nil && t.Loss == nil {
		return a, nil
	}
	a.Training = &Training{State: state}
	a.Training.State.Weights = nil
	for _, c := range []struct {
		of   any
		into *any
	}{{t.Optimizer, &a.Training.Optimizer}, {t.Loss, &a.Training.Loss}} {
		if c.of != nil {
			if *c.into, err = nn.Config(c.of); err != nil {
				return nil, err
			}
		}
	}
	a.Training.LossWeight = t.LossWeight
	for _, c := range []struct {
		of   []nn.Metric
		into *[]any
	}{{t.Metrics, &a.Training.Metrics}, {t.WeightedMetrics, &a.Training.WeightedMetrics}} {
		for _, metric := range c.of {
			config, err := nn.Config(metric)
			if err != nil {
				return nil, err
			}
			*c.into = append(*c.into, config)
		}
	}
	return a, nil
}

// Model makes the model: built, with its weights, compiled for backend (nil is prog.NewDefault's), and
// with an optimizer where Training says which, ready to go on to the bit where the saved one stopped.
func (a *Artifacts) Model(backend prog.Backend) (*nn.Model, error) {
	m, vars, err := build(a.Topology)
	if err != nil {
		return nil, err
	}
	if err := checkWeights(vars, a.Weights); err != nil {
		return nil, err
	}
	t := nn.Training{Backend: backend}
	if a.Training != nil {
		if t, err = a.Training.decode(); err != nil {
			return nil, err
		}
		t.Backend, t.Seed = backend, a.Training.State.Seed
	}
	if err := m.Compile(t); err != nil {
		return nil, because(ErrTopology, "training", err)
	}
	if a.Training == nil {
		err = m.SetWeights(a.Weights)
	} else {
		s := a.Training.State
		s.Weights = a.Weights
		err = m.SetState(s)
	}
	if err != nil {
		return nil, because(ErrWeights, "weights", err)
	}
	return m, nil
}

// build makes the model that a topology describes and lists its variables. No memory is taken for
// their values.
func build(topology map[string]any) (*nn.Model, []nn.Weight, error) {
	if topology == nil {
		return nil, nil, fail(ErrUnsupported, "the file has weights alone, without the model's config")
	}
	m, err := nn.SequentialFrom(topology)
	if err != nil {
		return nil, nil, because(ErrTopology, "topology", err)
	}
	vars, err := m.Variables()
	if err != nil {
		return nil, nil, because(ErrTopology, "topology", err)
	}
	return m, vars, nil
}

// checkWeights says what of list does not fit the variables.
func checkWeights(vars, list []nn.Weight) error {
	if len(vars) != len(list) {
		return fail(ErrWeights, "weights: there are %d, the model wants %d", len(list), len(vars))
	}
	for i, v := range vars {
		if !sameShape(v.Shape, list[i].Shape) {
			return fail(ErrWeights, "weight %s: shape is %v, the model wants %v", list[i].Name, list[i].Shape, v.Shape)
		}
		if err := checkTensor(list[i]); err != nil {
			return err
		}
	}
	return nil
}

// decode reads the configs. Errors of what nn has not wrap ErrUnsupported.
func (t *Training) decode() (nn.Training, error) {
	out := nn.Training{LossWeight: t.LossWeight}
	var err error
	if t.Optimizer != nil {
		if out.Optimizer, err = nn.OptimizerFrom(t.Optimizer); err != nil {
			return out, because(ErrUnsupported, "training: optimizer", err)
		}
	}
	if t.Loss != nil {
		if out.Loss, err = nn.LossFrom(t.Loss); err != nil {
			return out, because(ErrUnsupported, "training: loss", err)
		}
	}
	for _, list := range []struct {
		what    string
		configs []any
		into    *[]nn.Metric
	}{{"metrics", t.Metrics, &out.Metrics}, {"weighted_metrics", t.WeightedMetrics, &out.WeightedMetrics}} {
		for _, c := range list.configs {
			metric, err := nn.MetricFrom(c)
			if err != nil {
				return out, because(ErrUnsupported, "training: "+list.what, err)
			}
			*list.into = append(*list.into, metric)
		}
	}
	return out, nil
}

// checkState says what of a state's slots does not fit.
func (t *Training) checkState(vars []nn.Weight) error {
	if len(t.State.Slots) == 0 {
		return nil
	}
	decoded, err := t.decode()
	if err != nil {
		return err
	}
	if decoded.Optimizer == nil {
		return fail(ErrWeights, "optimizer: there are %d slots and no optimizer", len(t.State.Slots))
	}
	return checkWeights(nn.SlotsOf(decoded.Optimizer, vars), t.State.Slots)
}

// supported drops a training that nn cannot go on with, keeping the reason; other errors are returned.
func (a *Artifacts) supported(err error) error {
	if errors.Is(err, ErrUnsupported) {
		a.Training, a.TrainingErr = nil, err
		return nil
	}
	return err
}
