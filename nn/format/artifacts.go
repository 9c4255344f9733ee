package format

import (
	"errors"

	"github.com/tabgrad/tabgrad/nn"
	"github.com/tabgrad/tabgrad/nn/prog"
)

// Artifacts is all that a file of a model holds, whatever its format.
type Artifacts struct {
	// Topology is the model's config as nn.ModelFrom reads it, a Sequential's first layer with the
	// input's shape. nil where a safetensors file has none.
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
	Optimizer any // a config, as nn.Config writes it; nil for none
	Objective     // of every output that Outputs does not name
	// Outputs are the objectives of single outputs by their names, as nn.Training has them; nil for none.
	Outputs map[string]Objective
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
	if topology["class_name"] == "Sequential" {
		layers := topology["config"].(map[string]any)["layers"].([]any)
		if first := layers[0].(map[string]any); first["class_name"] != "InputLayer" {
			first["config"].(map[string]any)["batch_input_shape"] = batched(m.InputShape())
		}
	}
	t := m.Training()
	if t.Optimizer == nil && t.Loss == nil && len(t.Outputs) == 0 {
		return a, nil
	}
	a.Training = &Training{State: state}
	a.Training.State.Weights = nil
	if t.Optimizer != nil {
		if a.Training.Optimizer, err = nn.Config(t.Optimizer); err != nil {
			return nil, err
		}
	}
	whole := nn.Objective{Loss: t.Loss, Weight: t.LossWeight, Metrics: t.Metrics, WeightedMetrics: t.WeightedMetrics}
	if a.Training.Objective, err = objectiveOf(whole); err != nil {
		return nil, err
	}
	for name, o := range t.Outputs {
		own, err := objectiveOf(o)
		if err != nil {
			return nil, err
		}
		if a.Training.Outputs == nil {
			a.Training.Outputs = map[string]Objective{}
		}
		a.Training.Outputs[name] = own
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
	m, err := nn.ModelFrom(topology)
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
	out := nn.Training{}
	var err error
	if t.Optimizer != nil {
		if out.Optimizer, err = nn.OptimizerFrom(t.Optimizer); err != nil {
			return out, because(ErrUnsupported, "training: optimizer", err)
		}
	}
	whole, err := t.Objective.decode()
	if err != nil {
		return out, err
	}
	out.Loss, out.LossWeight, out.Metrics, out.WeightedMetrics = whole.Loss, whole.Weight, whole.Metrics, whole.WeightedMetrics
	for _, name := range sortedKeys(t.Outputs) {
		o := t.Outputs[name]
		own, err := o.decode()
		if err != nil {
			return out, err
		}
		if out.Outputs == nil {
			out.Outputs = map[string]nn.Objective{}
		}
		out.Outputs[name] = own
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
