package bindings

import (
	"context"
	"strings"

	"github.com/tabgrad/tabgrad/nn"
)

// compile takes a loss, its weight and metrics of each output: by its name, in the outputs' order, or for all.
func (s *Service) compile(_ context.Context, a *args, m *model) (Value, error) {
	t := nn.Training{Seed: m.seed, Backend: s.options.Backend}
	var err error
	if t.Optimizer, err = nn.OptimizerFrom(a.values["optimizer"]); err != nil {
		return nil, err
	}
	if err := a.freeze(m); err != nil {
		return nil, err
	}
	names := m.net.OutputNames()
	losses := a.byOutput("loss", names)
	weights := a.byOutput("lossWeights", names)
	metrics, weighted := a.metricsByOutput("metrics", names), a.metricsByOutput("weightedMetrics", names)
	if a.err != nil {
		return nil, a.err
	}
	objectives := make([]nn.Objective, len(names))
	for k := range names {
		o := &objectives[k]
		if losses[k] != nil || len(names) == 1 {
			if o.Loss, err = nn.LossFrom(losses[k]); err != nil {
				return nil, err
			}
		}
		switch w := weights[k].(type) {
		case nil:
		case float64:
			if o.Weight = w; w == 0 {
				o.Weight = nn.Zero
			}
		default:
			a.fail(BadConfig, "lossWeights of %s is %s, want a number", names[k], kind(w))
			return nil, a.err
		}
		o.Metrics, o.WeightedMetrics = a.metricsFrom(metrics[k]), a.metricsFrom(weighted[k])
		if a.err != nil {
			return nil, a.err
		}
	}
	if len(names) == 1 { // a Sequential that is not built has an output without a name
		o := objectives[0]
		t.Loss, t.LossWeight, t.Metrics, t.WeightedMetrics = o.Loss, o.Weight, o.Metrics, o.WeightedMetrics
		return nil, m.net.Compile(t)
	}
	t.Outputs = map[string]nn.Objective{}
	for k, o := range objectives {
		if o.Loss != nil || len(o.Metrics)+len(o.WeightedMetrics) > 0 {
			t.Outputs[names[k]] = o
		}
	}
	if len(t.Outputs) == 0 {
		a.fail(BadConfig, "loss has none for any of the outputs %s", strings.Join(names, ", "))
		return nil, a.err
	}
	return nil, m.net.Compile(t)
}

func (a *args) metricsFrom(configs []any) []nn.Metric {
	var list []nn.Metric
	for _, config := range configs {
		metric, err := nn.MetricFrom(config)
		if err != nil {
			if a.err == nil {
				a.err = err
			}
			return nil
		}
		list = append(list, metric)
	}
	return list
}

// byOutput is what is under key for each of the outputs: an array in their order, an object by their names, or one for all.
func (a *args) byOutput(key string, names []string) []Value {
	out := make([]Value, len(names))
	switch v := a.values[key].(type) {
	case []any:
		if len(v) != len(names) {
			a.fail(BadConfig, "%s is an array of %d, want one for each of the model's %d outputs (%s)", key, len(v), len(names), strings.Join(names, ", "))
		}
		copy(out, v)
	case Object:
		if v["class_name"] == nil && v["className"] == nil {
			a.named(key, v, names, out)
			break
		}
		for k := range out {
			out[k] = v
		}
	default:
		for k := range out {
			out[k] = v
		}
	}
	return out
}

// named puts what an object has by the names into their order.
func (a *args) named(key string, object Object, names []string, out []Value) {
	for k, name := range names {
		out[k] = object[name]
	}
	if name, found := unknownName(object, names); found {
		a.fail(BadConfig, "%s is for %q, want %s", key, name, strings.Join(names, ", "))
	}
}

// unknownName is a name in the object that is not one of names, the first in the alphabet.
func unknownName(object Object, names []string) (unknown string, found bool) {
next:
	for name := range object {
		for _, known := range names {
			if name == known {
				continue next
			}
		}
		if !found || name < unknown {
			unknown, found = name, true
		}
	}
	return unknown, found
}

// metricsByOutput is each output's list. A model of several outputs wants to be told which: Keras takes an array for one metric
// an output, tfjs for metrics of every output.
func (a *args) metricsByOutput(key string, names []string) [][]any {
	out := make([][]any, len(names))
	v := a.values[key]
	list, isList := v.([]any)
	flat := isList
	for _, item := range list {
		if _, nested := item.([]any); nested {
			flat = false
		}
	}
	switch {
	case v == nil || isList && len(list) == 0:
		return out
	case flat && len(names) == 1:
		out[0] = list
		return out
	case flat:
		a.fail(BadConfig, "%s is one array for %d outputs, want an object by their names (%s), or an array of arrays", key, len(names), strings.Join(names, ", "))
		return out
	}
	if _, isObject := v.(Object); !isList && !isObject {
		a.fail(BadConfig, "%s is %s, want an array, or an object by the outputs' names", key, kind(v))
		return out
	}
	for k, own := range a.byOutput(key, names) {
		switch own := own.(type) {
		case nil:
		case []any:
			out[k] = own
		default:
			out[k] = []any{own}
		}
	}
	return out
}

// freeze sets what is trained, as the page has it: under "trainable" the layers' paths, the empty one for the model, and for each
// whether it is. What is inside a layer follows it, unless it is named too.
func (a *args) freeze(m *model) error {
	object := a.object("trainable")
	if a.err != nil {
		return a.err
	}
	for depth, left := -1, len(object); left > 0; depth++ {
		for path, v := range object {
			at := strings.Count(path, "/")
			if path == "" {
				at = -1
			}
			if at != depth {
				continue
			}
			left--
			trainable, ok := v.(bool)
			if !ok {
				a.fail(BadConfig, "trainable of %q is %s, want true or false", path, kind(v))
				return a.err
			}
			if err := m.net.SetTrainable(path, trainable); err != nil {
				return err
			}
		}
	}
	return nil
}
