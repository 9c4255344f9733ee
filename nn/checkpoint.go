package nn

// A Frequency is a number of batches; 0 is each epoch's end, as the string epoch in configs.
type Frequency int

// ModelCheckpoint saves the model at the end of epochs, or every so many batches
// (keras/src/callbacks/model_checkpoint.py).
type ModelCheckpoint struct {
	Filepath              string    `arg:"filepath" first:"yes" ts:"SaveTarget" doc:"Where to: {epoch}, {batch} and the figures' names in it are filled in, formatted as Python does it: {epoch:02d}-{val_loss:.2f}."`
	Monitor               string    `arg:"monitor" default:"val_loss" doc:"The figure by which the best is known: loss, a metric, or one of them behind val_."`
	Verbose               int       `arg:"verbose" min:"0" max:"2" doc:"Whether it prints what it does: 0 or 1."`
	SaveBestOnly          bool      `arg:"save_best_only" doc:"Whether only a model that is better than those before is saved."`
	SaveWeightsOnly       bool      `arg:"save_weights_only" doc:"Whether the optimizer and all that training goes on from is left out."`
	Mode                  string    `arg:"mode" default:"auto" oneof:"auto,min,max" doc:"Whether less or more is better; auto asks the metric."`
	SaveFreq              Frequency `arg:"save_freq" doc:"At each epoch's end, or every so many batches."`
	InitialValueThreshold *float64  `arg:"initial_value_threshold" doc:"What the figure must beat for the first model to be saved."`

	// Save saves m to path; weightsOnly as SaveWeightsOnly says. nn/format's SaveFile is one.
	Save func(m *Model, path string, weightsOnly bool) error
}

func (c ModelCheckpoint) begin(r *run) (*LambdaCallback, error) {
	switch {
	case c.Filepath == "":
		return nil, fail(ErrConfig, "model_checkpoint: filepath is missing")
	case c.Save == nil:
		return nil, fail(ErrConfig, "model_checkpoint: Save is missing, wanted a function that saves the model, such as nn/format's SaveFile")
	}
	m := &monitor{run: r}
	if c.SaveBestOnly {
		var err error
		if m, err = r.monitor("model_checkpoint", c.Monitor, c.Mode, 0); err != nil {
			return nil, err
		}
		if c.InitialValueThreshold != nil {
			m.set(*c.InitialValueThreshold)
		}
	}
	save := func(p *Progress, batch bool) error {
		values := []namedValue{{"epoch", float64(p.Epoch + 1), true}}
		if batch {
			values = append(values, namedValue{"batch", float64(p.Batch + 1), true})
		}
		for _, l := range p.Logs {
			values = append(values, namedValue{name: l.Name, value: l.Value})
		}
		path, err := formatTemplate("model_checkpoint: filepath", c.Filepath, values)
		if err != nil {
			return err
		}
		say := func(format string, args ...any) error {
			if c.Verbose == 0 {
				return nil
			}
			return r.print("\nEpoch %d: "+format, append([]any{p.Epoch + 1}, args...)...)
		}
		if !c.SaveBestOnly {
			err = say("saving model to %s", path)
		} else if current, ok, missing := m.in(p.Logs, "which model is the best depends"); missing != nil {
			return missing
		} else if ok {
			best := "None"
			if m.known != 0 {
				best, _ = formatNumber(namedValue{value: m.best}, ".5f")
			}
			if !m.improved(current) {
				return say("%s did not improve from %s", c.Monitor, best)
			}
			m.set(current)
			now, _ := formatNumber(namedValue{value: current}, ".5f")
			err = say("%s improved from %s to %s, saving model to %s", c.Monitor, best, now, path)
		}
		if err != nil {
			return err
		}
		if err := c.Save(r.m, path, c.SaveWeightsOnly); err != nil {
			return err
		}
		return say("finished saving model to %s", path)
	}
	l := &LambdaCallback{numbers: []*float64{&m.best, &m.known}}
	if c.SaveFreq == 0 {
		l.OnEpochEnd = func(p *Progress) error { return save(p, false) }
		return l, nil
	}
	var seen float64 // batches since the last time
	l.numbers = append(l.numbers, &seen)
	l.OnBatchEnd = func(p *Progress) error {
		if seen++; seen < float64(c.SaveFreq) {
			return nil
		}
		seen = 0
		return save(p, true)
	}
	return l, nil
}
