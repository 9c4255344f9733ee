package nn

import (
	"strings"

	"github.com/tabgrad/tabgrad/nn/prog"
)

// Logs are figures by name, in order: the loss, the metrics, and behind them the same of the
// validation with val_ before their names.
type Logs []Log

// A Log is one figure, or of a metric that has several, such as one a class, all of them.
type Log struct {
	Name  string
	Value float64 // of several their mean
	// Values are a metric's several figures; nil for those of one.
	Values []float64
}

// Get is the figure of a name, of several their mean, and whether there is one.
func (l Logs) Get(name string) (float64, bool) {
	for _, e := range l {
		if e.Name == name {
			return e.Value, true
		}
	}
	return 0, false
}

// Set makes the figure of a name v, behind the others where it is new.
func (l *Logs) Set(name string, v float64) {
	for i := range *l {
		if (*l)[i].Name == name {
			(*l)[i].Value, (*l)[i].Values = v, nil
			return
		}
	}
	*l = append(*l, Log{Name: name, Value: v})
}

// listed are the names, for messages.
func (l Logs) listed() string {
	names := make([]string, len(l))
	for i, e := range l {
		names[i] = e.Name
	}
	return strings.Join(names, ", ")
}

// A tally adds up an epoch: the losses weighted by batch size, and the metrics' sums.
type tally struct {
	measures []measure
	samples  float64
	losses   []float64 // the total, then each output's where there are several
	sums     [][]float64
}

func newTally(t *training) *tally {
	measures := t.measures()
	return &tally{measures: measures, losses: make([]float64, len(t.names)-len(measures)), sums: make([][]float64, len(measures))}
}

func (t *tally) reset() {
	t.samples = 0
	clear(t.losses)
	for _, s := range t.sums {
		clear(s)
	}
}

// copy are the sums: the number of samples and the losses, then each metric's.
func (t *tally) copy() [][]float64 {
	list := [][]float64{append([]float64{t.samples}, t.losses...)}
	for _, s := range t.sums {
		list = append(list, append([]float64{}, s...))
	}
	return list
}

// set gives the tally the sums that copy made of another. It reports whether they are of as many figures, and
// each metric's as many as sizes says.
func (t *tally) set(list [][]float64, sizes []int) bool {
	if len(list) != 1+len(t.sums) || len(list[0]) != 1+len(t.losses) {
		return false
	}
	for i, s := range list[1:] {
		if len(s) != 0 && len(s) != sizes[i] {
			return false
		}
	}
	t.samples = list[0][0]
	copy(t.losses, list[0][1:])
	for i, s := range list[1:] {
		if len(s) == 0 {
			s = nil // no batch was counted yet
		}
		t.sums[i] = append([]float64(nil), s...)
	}
	return true
}

// add counts the batch that p has just run.
func (t *tally) add(p *program) {
	t.samples += float64(p.batch)
	for i := range t.losses {
		t.losses[i] += float64(float64(p.result[i]) * float64(p.batch))
	}
	rest := p.result[len(t.losses):]
	for i, n := range p.sums {
		if t.sums[i] == nil {
			t.sums[i] = make([]float64, n)
		}
		for k := range n {
			t.sums[i][k] += float64(rest[k])
		}
		rest = rest[n:]
	}
}

// write puts the figures so far into the first logs.
func (t *tally) write(logs Logs) {
	for i, sum := range t.losses {
		logs[i].Value = sum / t.samples
	}
	for i, m := range t.measures {
		log := &logs[len(t.losses)+i]
		if m.Results == nil {
			log.Value = m.Result(t.sums[i])
			continue
		}
		log.Values, log.Value = m.Results(t.sums[i]), 0
		for _, v := range log.Values {
			log.Value += v / float64(len(log.Values))
		}
	}
}

// sumSizes are how many sums each metric has, of a batch of any size.
func (m *Model) sumSizes() []int {
	var sizes []int
	for _, o := range m.train.objectives {
		out := m.outputs[o.output].shape
		target, err := o.Loss.Target(out)
		if err != nil {
			target = out // which lowering reports
		}
		b := prog.NewBuilder("sums", nil)
		s := &Scored{Builder: b, Weight: prog.None, Mask: prog.None}
		s.Pred, s.Target = b.Input("pred", append(prog.Shape{1}, out...)...), b.Input("target", append(prog.Shape{1}, target...)...)
		for _, measure := range o.measures {
			n := 0
			for _, sum := range measure.Sums(s) {
				n += b.Shape(sum).Size()
			}
			sizes = append(sizes, n)
		}
	}
	return sizes
}

// newLogs are logs of the names with a prefix, all 0.
func newLogs(prefix string, names []string) Logs {
	logs := make(Logs, len(names))
	for i, n := range names {
		logs[i].Name = prefix + n
	}
	return logs
}
