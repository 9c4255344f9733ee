package nn

// EarlyStopping ends a Fit when a figure has not become better for some epochs
// (keras/src/callbacks/early_stopping.py).
type EarlyStopping struct {
	Monitor            string   `arg:"monitor" default:"val_loss" doc:"The figure that is looked at: loss, a metric, or one of them behind val_."`
	MinDelta           float64  `arg:"min_delta" doc:"A change by less than this is no improvement."`
	Patience           int      `arg:"patience" min:"0" doc:"Epochs without improvement after which training ends."`
	Verbose            int      `arg:"verbose" min:"0" max:"2" doc:"Whether it prints what it does: 0 or 1."`
	Mode               string   `arg:"mode" default:"auto" oneof:"auto,min,max" doc:"Whether less or more is better; auto asks the metric."`
	Baseline           *float64 `arg:"baseline" doc:"What the figure must beat for the waiting to begin anew."`
	RestoreBestWeights bool     `arg:"restore_best_weights" doc:"Whether the weights go back to those of the best epoch when training ends."`
	StartFromEpoch     int      `arg:"start_from_epoch" min:"0" doc:"Epochs before the figure is looked at."`
}

func (c EarlyStopping) begin(r *run) (*LambdaCallback, error) {
	m, err := r.monitor("early_stopping", c.Monitor, c.Mode, c.MinDelta)
	if err != nil {
		return nil, err
	}
	var wait, stopped, bestEpoch float64
	var weights []Weight
	remember := func(epoch int) (err error) {
		bestEpoch = float64(epoch)
		if c.RestoreBestWeights {
			weights, err = r.m.GetWeights()
		}
		return err
	}
	return &LambdaCallback{
		numbers: []*float64{&wait, &stopped, &bestEpoch, &m.best, &m.known},
		weights: &weights,
		OnEpochEnd: func(p *Progress) error {
			current, ok, err := m.in(p.Logs, "stops")
			if err != nil || !ok || p.Epoch < c.StartFromEpoch {
				return err
			}
			wait++
			if m.improved(current) {
				m.set(current)
				if c.Baseline == nil || m.better(current, *c.Baseline) {
					wait = 0
				}
				return remember(p.Epoch)
			}
			if wait >= float64(c.Patience) && p.Epoch > 0 {
				stopped = float64(p.Epoch)
				return ErrStop
			}
			return nil
		},
		OnTrainEnd: func(*Progress) error {
			if stopped > 0 && c.Verbose > 0 {
				if err := r.print("Epoch %d: early stopping", int(stopped)+1); err != nil {
					return err
				}
			}
			if weights == nil {
				return nil
			}
			if c.Verbose > 0 {
				if err := r.print("Restoring model weights from the end of the best epoch: %d.", int(bestEpoch)+1); err != nil {
					return err
				}
			}
			r.m.mu.Lock()
			defer r.m.mu.Unlock()
			r.m.pack(weights) // unchecked: after TerminateOnNaN the best may be no numbers
			return nil
		},
	}, nil
}

// ReduceLROnPlateau reduces the learning rate when a figure has not become better for some epochs
// (keras/src/callbacks/reduce_lr_on_plateau.py). The learning rate becomes one of the figures.
type ReduceLROnPlateau struct {
	Monitor  string  `arg:"monitor" default:"val_loss" doc:"The figure that is looked at: loss, a metric, or one of them behind val_."`
	Factor   float64 `arg:"factor" default:"0.1" min:"0" below:"1" doc:"What the learning rate is multiplied by."`
	Patience int     `arg:"patience" default:"10" min:"1" doc:"Epochs without improvement after which it is reduced."`
	Verbose  int     `arg:"verbose" min:"0" max:"2" doc:"Whether it prints what it does: 0 or 1."`
	Mode     string  `arg:"mode" default:"auto" oneof:"auto,min,max" doc:"Whether less or more is better; auto asks the metric."`
	MinDelta float64 `arg:"min_delta" default:"0.0001" doc:"A change by less than this is no improvement."`
	Cooldown int     `arg:"cooldown" min:"0" doc:"Epochs after a reduction in which none is counted."`
	MinLR    float64 `arg:"min_lr" min:"0" doc:"The least learning rate."`
}

func (c ReduceLROnPlateau) begin(r *run) (*LambdaCallback, error) {
	m, err := r.monitor("reduce_lr_on_plateau", c.Monitor, c.Mode, c.MinDelta)
	if err != nil {
		return nil, err
	}
	var wait, cooling float64
	return &LambdaCallback{
		numbers: []*float64{&wait, &cooling, &m.best, &m.known},
		OnEpochEnd: func(p *Progress) error {
			rate := r.m.LearningRate()
			p.Logs.Set(learningRate, rate)
			current, ok, err := m.in(p.Logs, "the learning rate depends")
			if err != nil || !ok {
				return err
			}
			if cooling > 0 {
				cooling--
				wait = 0
			}
			if m.improved(current) {
				m.set(current)
				wait = 0
				return nil
			}
			if cooling > 0 {
				return nil
			}
			if wait++; wait < float64(c.Patience) || rate <= c.MinLR {
				return nil
			}
			wait, cooling = 0, float64(c.Cooldown)
			rate = max(float64(rate*c.Factor), c.MinLR)
			if c.Verbose > 0 {
				if err := r.print("\nEpoch %d: ReduceLROnPlateau reducing learning rate to %s.", p.Epoch+1, pythonFloat(rate)); err != nil {
					return err
				}
			}
			return r.m.SetLearningRate(rate)
		},
	}, nil
}

// LearningRateScheduler sets the learning rate before each epoch
// (keras/src/callbacks/learning_rate_scheduler.py). The learning rate becomes one of the figures.
type LearningRateScheduler struct {
	// Schedule gets an epoch, counted from 0, and the learning rate so far, and returns the epoch's.
	Schedule func(epoch int, rate float64) (float64, error) `arg:"schedule" first:"yes" ts:"Schedule" doc:"Gets an epoch, counted from 0, and the learning rate so far, and returns the epoch's."`
	Verbose  int                                            `arg:"verbose" min:"0" max:"2" doc:"Whether it prints what it does: 0 or 1."`
}

func (c LearningRateScheduler) begin(r *run) (*LambdaCallback, error) {
	if c.Schedule == nil {
		return nil, fail(ErrConfig, "learning_rate_scheduler: schedule is missing")
	}
	return &LambdaCallback{
		OnEpochBegin: func(p *Progress) error {
			if p.Batch > 0 { // it goes on from a backup, which has the epoch's rate
				return nil
			}
			rate, err := c.Schedule(p.Epoch, r.m.LearningRate())
			if err != nil {
				return err
			}
			if err := r.m.SetLearningRate(rate); err != nil {
				return fail(ErrConfig, "learning_rate_scheduler: schedule gave %s for epoch %d, wanted a number, at least 0", text(rate), p.Epoch)
			}
			if c.Verbose > 0 {
				return r.print("\nEpoch %d: LearningRateScheduler setting learning rate to %s.", p.Epoch+1, pythonFloat(rate))
			}
			return nil
		},
		OnEpochEnd: func(p *Progress) error {
			p.Logs.Set(learningRate, r.m.LearningRate())
			return nil
		},
	}, nil
}

// learningRate is the name of the figure.
const learningRate = "learning_rate"

// TerminateOnNaN ends a Fit when the loss is NaN or infinite, as if it were done, with the weights as they
// are then (keras/src/callbacks/terminate_on_nan.py). Without it such a Fit fails with ErrDiverged, and the
// weights go back to the last good epoch's.
type TerminateOnNaN struct {
	RaiseError bool `arg:"raise_error" doc:"Whether fit fails with diverged, as it does without this callback."`
}

func (c TerminateOnNaN) begin(r *run) (*LambdaCallback, error) {
	if c.RaiseError {
		return &LambdaCallback{}, nil
	}
	r.tolerant = true
	return &LambdaCallback{
		OnBatchEnd: func(p *Progress) error {
			if loss, ok := p.Logs.Get("loss"); !ok || finite(loss) {
				return nil
			}
			if err := r.print("Batch %d: Invalid loss, terminating training", p.Batch); err != nil {
				return err
			}
			return ErrStop
		},
	}, nil
}
