package format

import (
	"math"
	"reflect"
	"slices"
	"strings"

	"github.com/tabgrad/tabgrad/nn"
)

// An optimizerTensor is one of those that tfjs's optimizers save: its name and shape, and the slot of nn's that
// it is, by its index in State.Slots. Where there is none it is zeros, which only tfjs keeps.
type optimizerTensor struct {
	name  string
	shape []int
	slot  int
	// velocity of tfjs's momentum is the slot divided by minus the learning rate: tfjs's v = μv + g, w -= ηv
	// and Keras's v = μv - ηg, w += v. The slot itself follows, which tfjs passes over, so that what tabgrad
	// saves it reads to the bit.
	velocity bool
}

// tfjsName is what tfjs calls an optimizer's slot.
func tfjsName(o nn.Optimizer, slot string) string {
	switch o.(type) {
	case nn.SGD:
		return "velocity"
	case nn.RMSprop:
		return map[string]string{"velocity": "rms", "momentum": "momentum", "average_gradient": "mg"}[slot]
	case nn.Adadelta:
		return map[string]string{"accumulated_grad": "accum_grad", "accumulated_delta_var": "accum_var"}[slot]
	case nn.Adam: // tfjs has no AMSGrad
		return map[string]string{"momentum": "m", "velocity": "v", "velocity_hat": "vhat"}[slot]
	}
	return ""
}

// optimizerTensors lists tfjs's tensors of an optimizer, slot by slot, with the names that variables have in the
// file. An optimizer that tfjs has not has its slots under Keras's names.
func optimizerTensors(o nn.Optimizer, vars, names []nn.Weight) []optimizerTensor {
	slots := nn.SlotsOf(o, vars)
	var list []optimizerTensor
	each := func(suffix string, velocity bool) {
		n := 0
		for i, v := range vars {
			if v.Trainable {
				slot := -1
				if velocity {
					slot = n
				}
				list = append(list, optimizerTensor{names[i].Name + "/" + suffix, v.Shape, slot, velocity})
				n++
			}
		}
	}
	if sgd, ok := o.(nn.SGD); ok && sgd.Momentum != 0 {
		each("momentum", true)
	}
	for i, s := range slots {
		at := strings.LastIndexByte(s.Name, '/') + 1
		name := tfjsName(o, s.Name[at:])
		if name == "" || s.Name[at:] == "average" || s.Name[at:] == "gradient_accumulator" {
			name = s.Name[at:]
		}
		of := slices.IndexFunc(vars, func(v nn.Weight) bool { return v.Name == s.Name[:at-1] })
		list = append(list, optimizerTensor{names[of].Name + "/" + name, s.Shape, i, false})
	}
	if rms, ok := o.(nn.RMSprop); ok && rms.Momentum == 0 && !rms.Centered {
		each("momentum", false)
	}
	return list
}

// writeSlots are the tensors of tfjs's group "optimizer", behind iter.
func (t *Training) writeSlots(vars, names []nn.Weight, o nn.Optimizer) []nn.Weight {
	if len(t.State.Slots) == 0 {
		return nil
	}
	var list []nn.Weight
	for _, tensor := range optimizerTensors(o, vars, names) {
		w := nn.Weight{Name: tensor.name, Shape: tensor.shape}
		switch {
		case tensor.velocity:
			w.Data = make([]float32, size(tensor.shape))
			for j, s := range t.State.Slots[tensor.slot].Data {
				if t.State.Rate != 0 {
					w.Data[j] = float32(-float64(s) / t.State.Rate)
				}
			}
		case tensor.slot >= 0:
			w.Data = t.State.Slots[tensor.slot].Data
		default:
			w.Data = make([]float32, size(tensor.shape))
		}
		list = append(list, w)
	}
	return list
}

func size(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}

// A slotReader says which of a file's optimizer tensors become slots.
type slotReader struct {
	want    []nn.Weight // the slots, without data
	tensors []*stored   // one for each
	factor  float64     // what their numbers are multiplied by
}

// readSlots checks a file's optimizer tensors against the optimizer and the model's variables.
func readSlots(o nn.Optimizer, rate float64, vars []nn.Weight, tensors []*stored) (slotReader, error) {
	r := slotReader{factor: 1}
	if len(tensors) == 0 {
		return r, nil
	}
	r.want = nn.SlotsOf(o, vars)
	wanted := optimizerTensors(o, vars, vars)
	if n := len(r.want); n > 0 && wanted[0].velocity && len(tensors) == n { // tfjs's own
		wanted, r.factor = wanted[:n], -rate
	}
	if len(tensors) != len(wanted) {
		return r, fail(ErrWeights, "optimizer: the file has %d tensors of it, wanted %d", len(tensors), len(wanted))
	}
	r.tensors = make([]*stored, len(r.want))
	for i, t := range tensors {
		w := wanted[i]
		if last(t.name) != last(w.name) {
			return r, fail(ErrWeights, "%s: wanted %s", t.where, clip(w.name))
		}
		if !sameShape(t.shape, w.shape) {
			return r, fail(ErrWeights, "%s: shape is %v, wanted %v", t.where, t.shape, w.shape)
		}
		if w.slot >= 0 { // a slot behind tfjs's velocity takes its place
			r.tensors[w.slot] = t
		}
	}
	return r, nil
}

// readTrainingConfig makes nn's configs of tfjs's trainingConfig, of a model with outputs of these names.
func readTrainingConfig(v any, outputs []string) (*Training, error) {
	const where = "trainingConfig"
	o, ok := v.(map[string]any)
	if !ok {
		return nil, fail(ErrFormat, "%s is %s, wanted an object", where, show(v))
	}
	t := &Training{}
	if err := t.readObjectives(where, o, outputs); err != nil {
		return nil, err
	}
	if list, isList := o["sample_weight_mode"].([]any); o["sample_weight_mode"] != nil && !(isList && len(list) == 0) {
		return nil, fail(ErrUnsupported, "%s: sample_weight_mode is %s, wanted null", where, show(o["sample_weight_mode"]))
	}
	if o["optimizer_config"] == nil {
		return t, nil
	}
	c, isMap := o["optimizer_config"].(map[string]any)
	class, isString := c["class_name"].(string)
	config, isConfig := c["config"].(map[string]any)
	if !isMap || !isString || !isConfig {
		return nil, fail(ErrFormat, "%s: optimizer_config is %s, wanted a class_name and a config", where, show(o["optimizer_config"]))
	}
	renamed := map[string]any{}
	for key, v := range config {
		switch {
		case class == "Momentum" && (key == "useNesterov" || key == "use_nesterov"):
			key = "nesterov"
		case class == "RMSProp" && key == "decay":
			key = "rho"
		case class == "Adamax" && key == "decay" && v == 0.0:
			continue
		case key == "lr":
			key = "learning_rate"
		}
		renamed[key] = v
	}
	if class == "Momentum" {
		class = "SGD"
	}
	t.Optimizer = map[string]any{"class_name": class, "config": renamed}
	decoded, err := t.decode()
	if err == nil {
		t.State.Rate = decoded.Optimizer.Settings().Rate
	}
	return t, err
}

// metricNames are tfjs's names of nn's metrics. It refuses a model with others, so those are left out.
var metricNames = map[string]string{
	"accuracy": "accuracy", "binary_accuracy": "binary_accuracy", "categorical_accuracy": "categorical_accuracy",
	"categorical_crossentropy": "categorical_crossentropy", "sparse_categorical_crossentropy": "sparse_categorical_crossentropy",
	"mean_squared_error": "mse", "mean_absolute_error": "mae",
}

// writeTrainingConfig is t as tfjs reads it, of a model with outputs of these names. It reports false where tfjs has no
// such optimizer or objectives.
func (t *Training) writeTrainingConfig(decoded nn.Training, outputs []string) (ordered, bool) {
	class, config := "", ordered(nil)
	rate := pair{"learningRate", t.State.Rate}
	if decoded.Optimizer == nil || !plainOptimizer(decoded.Optimizer) {
		return nil, false
	}
	switch o := decoded.Optimizer.(type) {
	case nn.SGD:
		class, config = "SGD", ordered{rate}
		if o.Momentum != 0 {
			class, config = "Momentum", ordered{rate, {"momentum", o.Momentum}, {"useNesterov", o.Nesterov}}
		}
	case nn.RMSprop:
		class, config = "RMSProp", ordered{rate, {"decay", o.Rho}, {"momentum", o.Momentum}, {"epsilon", o.Epsilon}, {"centered", o.Centered}}
	case nn.Adagrad:
		class, config = "Adagrad", ordered{rate, {"initialAccumulatorValue", o.Initial}}
	case nn.Adadelta:
		class, config = "Adadelta", ordered{rate, {"rho", o.Rho}, {"epsilon", o.Epsilon}}
	case nn.Adam:
		if o.AMSGrad {
			return nil, false
		}
		class, config = "Adam", ordered{rate, {"beta1", o.Beta1}, {"beta2", o.Beta2}, {"epsilon", o.Epsilon}}
	default:
		return nil, false
	}
	objectives, ok := t.writeObjectives(outputs)
	if !ok {
		return nil, false
	}
	return append(objectives, pair{"optimizer_config", ordered{{"class_name", class}, {"config", config}}}), true
}

// plainOptimizer reports whether nothing is asked of an optimizer that tfjs has not: a schedule, weight decay,
// clipping, averages, accumulation.
func plainOptimizer(o nn.Optimizer) bool {
	s := o.Settings()
	s.Rate, s.EMAMomentum = 0, 0
	return reflect.DeepEqual(s, nn.Settings{}) && o.Method("", nil).WeightDecay == 0
}

// plainName is Keras's name of a loss or metric that has its default arguments.
func plainName(kind nn.Kind, config any) (string, bool) {
	o, isMap := config.(map[string]any)
	for _, e := range nn.Registry() {
		name, _ := config.(string)
		if e.Kind != kind || e.Name != name && !slices.Contains(e.Aliases, name) && (!isMap || e.Class != o["class_name"]) {
			continue
		}
		if !isMap { // a name, and perhaps another one
			return e.Name, true
		}
		var given, plain any
		var err, errPlain error
		if kind == nn.KindLoss {
			given, err = nn.LossFrom(config)
			plain, errPlain = nn.LossFrom(e.Name)
		} else {
			given, err = nn.MetricFrom(config)
			plain, errPlain = nn.MetricFrom(e.Name)
		}
		if err == nil && errPlain == nil && reflect.DeepEqual(given, plain) {
			return e.Name, true
		}
	}
	return "", false
}

// int32Of is n as tfjs's iter holds it.
func int32Of(n uint64) int32 { return int32(min(n, math.MaxInt32)) }
