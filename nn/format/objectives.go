package format

import (
	"math"
	"slices"
	"strings"

	"github.com/tabgrad/tabgrad/nn"
)

// An Objective is what a model's output, or each of them, was being trained for.
type Objective struct {
	Loss                     any     // a config, as nn.Config writes it; nil for none, or for that of the whole
	Weight                   float64 // what it counts in the model's, as nn.Training has it: 0 for 1
	Metrics, WeightedMetrics []any   // configs
}

// weighs is whether Weight is not the default.
func (o *Objective) weighs() bool { return o.Weight != 0 || math.Signbit(o.Weight) }

// objectiveOf makes configs.
func objectiveOf(n nn.Objective) (o Objective, err error) {
	o.Weight = n.Weight
	if n.Loss != nil {
		if o.Loss, err = nn.Config(n.Loss); err != nil {
			return o, err
		}
	}
	for _, list := range []struct {
		of   []nn.Metric
		into *[]any
	}{{n.Metrics, &o.Metrics}, {n.WeightedMetrics, &o.WeightedMetrics}} {
		for _, metric := range list.of {
			config, err := nn.Config(metric)
			if err != nil {
				return o, err
			}
			*list.into = append(*list.into, config)
		}
	}
	return o, nil
}

func (o *Objective) decode() (n nn.Objective, err error) {
	n.Weight = o.Weight
	if o.Loss != nil {
		if n.Loss, err = nn.LossFrom(o.Loss); err != nil {
			return n, because(ErrUnsupported, "training: loss", err)
		}
	}
	for _, list := range []struct {
		what    string
		configs []any
		into    *[]nn.Metric
	}{{"metrics", o.Metrics, &n.Metrics}, {"weighted_metrics", o.WeightedMetrics, &n.WeightedMetrics}} {
		for _, c := range list.configs {
			metric, err := nn.MetricFrom(c)
			if err != nil {
				return n, because(ErrUnsupported, "training: "+list.what, err)
			}
			*list.into = append(*list.into, metric)
		}
	}
	return n, nil
}

// write is the objective as read reads it.
func (o *Objective) write() ordered {
	out := ordered{{"loss", o.Loss}, {"metrics", append([]any{}, o.Metrics...)}}
	if o.WeightedMetrics != nil {
		out = append(out, pair{"weighted_metrics", o.WeightedMetrics})
	}
	if o.weighs() {
		out = append(out, pair{"loss_weight", o.Weight + 0}) // an explicit zero without its sign
	}
	return out
}

func (o *Objective) read(where string, from map[string]any) error {
	o.Loss = from["loss"]
	for key, into := range map[string]*[]any{"metrics": &o.Metrics, "weighted_metrics": &o.WeightedMetrics} {
		list, ok := from[key].([]any)
		if !ok && from[key] != nil {
			return fail(ErrFormat, "%s: %s is %s, wanted a list", where, key, show(from[key]))
		}
		*into = someOf(list)
	}
	return o.readWeight(where+": loss_weight", from["loss_weight"])
}

// readWeight reads a number, or nil for the default.
func (o *Objective) readWeight(where string, v any) error {
	weight, ok := v.(float64)
	if v != nil && !ok {
		return fail(ErrFormat, "%s is %s, wanted a number", where, show(v))
	}
	if o.Weight = weight; ok && weight == 0 {
		o.Weight = nn.Zero
	}
	return nil
}

// someOf is the list, nil where it is empty.
func someOf(list []any) []any {
	if len(list) == 0 {
		return nil
	}
	return list
}

// readObjectives reads tfjs's loss, metrics and what each loss counts: of the one output, of all, or by output.
func (t *Training) readObjectives(where string, o map[string]any, outputs []string) error {
	losses, ok := byOutput(o["loss"], outputs)
	weights, okWeights := byOutput(o["loss_weights"], outputs)
	if list, isList := o["loss_weights"].([]any); isList && len(list) == 0 {
		weights, okWeights = make([]any, len(outputs)), true
	}
	if !ok || !okWeights {
		return fail(ErrUnsupported, "%s: loss is %s with the weights %s, wanted one for each of the outputs %s",
			where, show(o["loss"]), show(o["loss_weights"]), clip(strings.Join(outputs, ", ")))
	}
	all := make([]Objective, len(outputs))
	for k := range all {
		all[k].Loss = losses[k]
		if err := all[k].readWeight(where+": loss_weights of "+clip(outputs[k]), weights[k]); err != nil {
			return err
		}
	}
	for _, list := range [...]struct {
		key string
		of  func(o *Objective) *[]any
	}{
		{"metrics", func(o *Objective) *[]any { return &o.Metrics }},
		{"weighted_metrics", func(o *Objective) *[]any { return &o.WeightedMetrics }},
	} {
		each, ok := metricsByOutput(o[list.key], outputs)
		if !ok {
			return fail(ErrUnsupported, "%s: %s is %s, wanted a list for each of the outputs %s", where, list.key, show(o[list.key]), clip(strings.Join(outputs, ", ")))
		}
		for k := range all {
			*list.of(&all[k]) = each[k]
		}
	}
	if len(outputs) == 1 {
		t.Objective = all[0]
		return nil
	}
	t.Outputs = map[string]Objective{}
	for k, name := range outputs {
		if all[k].Loss != nil {
			t.Outputs[name] = all[k]
		}
	}
	return nil
}

// metricsByOutput are each output's.
func metricsByOutput(v any, outputs []string) ([][]any, bool) {
	metrics := make([][]any, len(outputs))
	if v == nil {
		return metrics, true
	}
	if list, isList := v.([]any); isList && !slices.ContainsFunc(list, func(v any) bool { _, ok := v.([]any); return ok }) {
		for k := range metrics { // tfjs means every output's
			metrics[k] = someOf(list)
		}
		return metrics, true
	}
	each, ok := byOutput(v, outputs)
	if !ok {
		return nil, false
	}
	for k, v := range each {
		if own, isList := v.([]any); isList {
			metrics[k] = someOf(own)
		} else if v != nil {
			metrics[k] = []any{v}
		}
	}
	return metrics, true
}

// byOutput is what v has for each output: in their order, by their names, or the same for all.
func byOutput(v any, outputs []string) ([]any, bool) {
	out := make([]any, len(outputs))
	switch v := v.(type) {
	case []any:
		if len(v) != len(outputs) {
			return nil, false
		}
		return v, true
	case map[string]any:
		if _, isConfig := v["class_name"]; !isConfig {
			if len(outputs) == 1 && len(v) == 1 { // of one there is no doubt
				for _, own := range v {
					return []any{own}, true
				}
			}
			found := 0
			for k, name := range outputs {
				if own, ok := v[name]; ok {
					out[k] = own
					found++
				}
			}
			return out, found == len(v)
		}
	}
	for k := range out {
		out[k] = v
	}
	return out, true
}

// writeObjectives are tfjs's loss and metrics of a model with outputs of these names. It reports false where tfjs has no such loss, has none
// for an output, or would count the losses otherwise. Weighted metrics tfjs has not, and they are left out.
func (t *Training) writeObjectives(outputs []string) (ordered, bool) {
	if t.Outputs == nil {
		loss, ok := plainName(nn.KindLoss, t.Loss)
		return ordered{{"loss", loss}, {"metrics", metricsOf(t.Metrics)}}, ok && !t.weighs()
	}
	losses, metrics := map[string]any{}, map[string]any{}
	for _, name := range outputs {
		o, ok := t.Outputs[name]
		if !ok {
			o = t.Objective
		} else if o.Loss == nil {
			o.Loss = t.Loss
		}
		loss, ok := plainName(nn.KindLoss, o.Loss)
		if !ok || o.weighs() {
			return nil, false
		}
		losses[name], metrics[name] = loss, metricsOf(o.Metrics)
	}
	return ordered{{"loss", losses}, {"metrics", metrics}}, true
}

// metricsOf are tfjs's names of the metrics that it has.
func metricsOf(list []any) []string {
	names := []string{}
	for _, m := range list {
		name, _ := plainName(nn.KindMetric, m)
		if short, ok := metricNames[name]; ok {
			names = append(names, short)
		}
	}
	return names
}
