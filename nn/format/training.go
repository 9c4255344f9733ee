package format

import (
	"math"
	"slices"

	"github.com/tabgrad/tabgrad/nn"
	"github.com/tabgrad/tabgrad/nn/prog"
)

// A group is one of the lists of tensors that tfjs's optimizers save, each over all trainable variables:
// its name, and the slot of nn's rule that it is; -1 for one that only tfjs keeps, which is zeros.
type group struct {
	suffix string
	slot   int
}

// velocity of tfjs's momentum is the slot divided by minus the learning rate: tfjs's v = μv + g, w -= ηv
// and Keras's v = μv - ηg, w += v. The slot itself follows, which tfjs passes over, so that what tabgrad
// saves it reads to the bit.
const velocity = -2

var groups = map[prog.Rule][]group{
	prog.RuleMomentum:        {{"momentum", velocity}, {"velocity", 0}},
	prog.RuleNesterov:        {{"momentum", velocity}, {"velocity", 0}},
	prog.RuleRMSprop:         {{"rms", 0}, {"momentum", -1}},
	prog.RuleRMSpropMomentum: {{"rms", 0}, {"momentum", 1}},
	prog.RuleRMSpropCentered: {{"rms", 0}, {"momentum", 1}, {"mg", 2}},
	prog.RuleAdagrad:         {{"accumulator", 0}},
	prog.RuleAdadelta:        {{"accum_grad", 0}, {"accum_var", 1}},
	prog.RuleAdam:            {{"m", 0}, {"v", 1}},
	prog.RuleAMSGrad:         {{"m", 0}, {"v", 1}, {"vhat", 2}}, // tfjs has no AMSGrad
}

// writeSlots are the tensors of tfjs's group "optimizer", behind iter.
func (t *Training) writeSlots(vars []nn.Weight, rule prog.Rule) []nn.Weight {
	if len(t.State.Slots) == 0 {
		return nil
	}
	var trainable []nn.Weight
	for _, v := range vars {
		if v.Trainable {
			trainable = append(trainable, v)
		}
	}
	var list []nn.Weight
	for _, g := range groups[rule] {
		for i, v := range trainable {
			w := nn.Weight{Name: v.Name + "/" + g.suffix, Shape: v.Shape}
			if g.slot >= 0 {
				w.Data = t.State.Slots[g.slot*len(trainable)+i].Data
			} else {
				w.Data = make([]float32, size(v.Shape))
			}
			if g.slot == velocity {
				for j, s := range t.State.Slots[i].Data {
					if t.State.Rate != 0 {
						w.Data[j] = float32(-float64(s) / t.State.Rate)
					}
				}
			}
			list = append(list, w)
		}
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

// readSlots checks a file's optimizer tensors against the rule and the model's variables.
func readSlots(rule prog.Rule, rate float64, vars []nn.Weight, tensors []*stored) (slotReader, error) {
	r := slotReader{factor: 1}
	if len(tensors) == 0 {
		return r, nil
	}
	r.want = slotsOf(rule, vars)
	n := 0
	for _, v := range vars {
		if v.Trainable {
			n++
		}
	}
	gs := groups[rule]
	isVelocity := len(gs) > 0 && gs[0].slot == velocity
	if isVelocity && len(tensors) == n { // tfjs's own
		gs, r.factor = []group{{"momentum", 0}}, -rate
	}
	if len(tensors) != n*len(gs) {
		return r, fail(ErrWeights, "optimizer: the file has %d tensors of it, %s wants %d for each of %d variables", len(tensors), rule, len(gs), n)
	}
	r.tensors = make([]*stored, len(r.want))
	for i, t := range tensors {
		g := gs[i/n]
		v := trainableAt(vars, i%n)
		if last(t.name) != g.suffix {
			return r, fail(ErrWeights, "%s: wanted %s", t.where, clip(v.Name+"/"+g.suffix))
		}
		if !sameShape(t.shape, v.Shape) {
			return r, fail(ErrWeights, "%s: shape is %v, wanted %v", t.where, t.shape, v.Shape)
		}
		if g.slot >= 0 {
			r.tensors[g.slot*n+i%n] = t
		}
	}
	return r, nil
}

func trainableAt(vars []nn.Weight, i int) nn.Weight {
	for _, v := range vars {
		if v.Trainable {
			if i == 0 {
				return v
			}
			i--
		}
	}
	return nn.Weight{}
}

// readTrainingConfig makes nn's configs of tfjs's trainingConfig.
func readTrainingConfig(v any) (*Training, error) {
	const where = "trainingConfig"
	o, ok := v.(map[string]any)
	if !ok {
		return nil, fail(ErrFormat, "%s is %s, wanted an object", where, show(v))
	}
	t := &Training{}
	switch loss := single(o["loss"]).(type) {
	case nil:
	case string:
		t.Loss = loss
	case map[string]any:
		t.Loss = loss
	default:
		return nil, fail(ErrUnsupported, "%s: loss is %s, wanted one name", where, show(o["loss"]))
	}
	metrics := o["metrics"]
	if m, ok := metrics.(map[string]any); ok { // by output
		metrics = single(m)
	}
	switch metrics := metrics.(type) {
	case nil:
	case []any:
		for _, m := range metrics {
			if list, ok := m.([]any); ok { // by output
				t.Metrics = append(t.Metrics, list...)
			} else {
				t.Metrics = append(t.Metrics, m)
			}
		}
	default:
		t.Metrics = []any{metrics}
	}
	for _, key := range [...]string{"weighted_metrics", "loss_weights", "sample_weight_mode"} {
		if list, isList := o[key].([]any); o[key] != nil && !(isList && len(list) == 0) {
			return nil, fail(ErrUnsupported, "%s: %s is %s, wanted null", where, key, show(o[key]))
		}
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
		t.State.Rate = decoded.Optimizer.Rate()
	}
	return t, err
}

// single is what a list or an object holds, where that is one thing.
func single(v any) any {
	switch list := v.(type) {
	case []any:
		if len(list) == 1 {
			return list[0]
		}
	case map[string]any:
		if _, isConfig := list["class_name"]; len(list) == 1 && !isConfig {
			for _, v := range list {
				return v
			}
		}
	}
	return v
}

// metricNames are tfjs's names of nn's metrics. It refuses a model with others, so those are left out.
var metricNames = map[string]string{
	"accuracy": "accuracy", "binary_accuracy": "binary_accuracy", "categorical_accuracy": "categorical_accuracy",
	"categorical_crossentropy": "categorical_crossentropy", "sparse_categorical_crossentropy": "sparse_categorical_crossentropy",
	"mean_squared_error": "mse", "mean_absolute_error": "mae",
}

// writeTrainingConfig is t as tfjs reads it. It reports false where tfjs has no such optimizer or loss.
func (t *Training) writeTrainingConfig(decoded nn.Training) (ordered, bool) {
	class, config := "", ordered(nil)
	rate := pair{"learningRate", t.State.Rate}
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
	loss, ok := plainName(nn.KindLoss, t.Loss)
	if !ok {
		return nil, false
	}
	metrics := []string{}
	for _, m := range t.Metrics {
		name, _ := plainName(nn.KindMetric, m)
		if short, ok := metricNames[name]; ok {
			metrics = append(metrics, short)
		}
	}
	return ordered{{"loss", loss}, {"metrics", metrics}, {"optimizer_config", ordered{{"class_name", class}, {"config", config}}}}, true
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
		if err == nil && errPlain == nil && given == plain {
			return e.Name, true
		}
	}
	return "", false
}

// int32Of is n as tfjs's iter holds it.
func int32Of(n uint64) int32 { return int32(min(n, math.MaxInt32)) }
