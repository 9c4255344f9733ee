package nn

// Logs are figures by name, in order: the loss, the metrics, and behind them the same of the
// validation with val_ before their names.
type Logs []Log

// A Log is one figure.
type Log struct {
	Name  string
	Value float64
}

// Get is the figure of a name, and whether there is one.
func (l Logs) Get(name string) (float64, bool) {
	for _, e := range l {
		if e.Name == name {
			return e.Value, true
		}
	}
	return 0, false
}

// A tally adds up an epoch: the losses weighted by batch size, and the metrics' sums.
type tally struct {
	metrics []Metric
	samples float64
	losses  []float64 // the total, then each output's where there are several
	sums    [][]float64
}

func newTally(t *training) *tally {
	metrics := t.metrics()
	return &tally{metrics: metrics, losses: make([]float64, len(t.names)-len(metrics)), sums: make([][]float64, len(metrics))}
}

func (t *tally) reset() {
	t.samples = 0
	clear(t.losses)
	for _, s := range t.sums {
		clear(s)
	}
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
	for i, m := range t.metrics {
		logs[len(t.losses)+i].Value = m.Result(t.sums[i])
	}
}

// newLogs are logs of the names with a prefix, all 0.
func newLogs(prefix string, names []string) Logs {
	logs := make(Logs, len(names))
	for i, n := range names {
		logs[i].Name = prefix + n
	}
	return logs
}
