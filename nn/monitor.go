package nn

import (
	"math"
	"strings"
)

// A monitor looks at one figure for EarlyStopping, ModelCheckpoint and ReduceLROnPlateau: whether it became
// better (keras/src/callbacks/monitor_callback.py).
type monitor struct {
	run    *run
	who    string // the callback's name, for messages
	name   string
	up     bool    // more is better
	delta  float64 // what counts as better, at least 0
	best   float64 // NaN is worse than nothing: nothing is better than it
	known  float64 // whether there is a best: 0 or 1
	warned bool
}

// monitor makes one. In mode auto the figure's metric says which way is better.
func (r *run) monitor(who, name, mode string, delta float64) (*monitor, error) {
	m := &monitor{run: r, who: who, name: name, delta: math.Abs(delta), up: mode == "max"}
	if mode == "auto" {
		switch r.direction(strings.TrimPrefix(name, "val_")) {
		case "max":
			m.up = true
		case "min":
		default:
			return nil, fail(ErrConfig, "%s: monitor is %q, of which it isn't known whether more or less is better: wanted mode min or max", who, name)
		}
	}
	return m, nil
}

// direction is "max" or "min" where the figure of a name is known to be better so.
func (r *run) direction(name string) string {
	if name == "loss" {
		return "min"
	}
	if r.train == nil {
		return ""
	}
	for _, o := range r.train.objectives {
		if o.name != "" && name == o.name+"_loss" {
			return "min"
		}
		for _, m := range o.measures {
			if m.log != name {
				continue
			}
			switch e := metricEntry(m.metric); {
			case e == nil:
			case e.Kind == KindLoss:
				return "min"
			default:
				return e.Best
			}
		}
	}
	return ""
}

// in is the figure in logs. Where it isn't there the first time, that is printed.
func (m *monitor) in(logs Logs, what string) (float64, bool, error) {
	v, ok := logs.Get(m.name)
	if ok || m.warned {
		return v, ok, nil
	}
	m.warned = true
	return 0, false, m.run.print("%s: %s on %s, which is not available; there are %s", m.who, what, m.name, logs.listed())
}

// better is whether x is better than y.
func (m *monitor) better(x, y float64) bool {
	if m.up {
		return x-m.delta > y
	}
	return x+m.delta < y
}

// improved is whether x is better than the best so far, or the first.
func (m *monitor) improved(x float64) bool { return m.known == 0 || m.better(x, m.best) }

func (m *monitor) set(best float64) { m.best, m.known = best, 1 }
