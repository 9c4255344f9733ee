package nn

import "errors"

// A Callback is called as Fit goes on; functions that are nil are not called. An error ends Fit: ErrStop
// as if it were done, any other as Fit's error; the weights stay as they are. Functions run between
// steps, so they may call the model's methods, but not Fit, TrainOnBatch, Compile or Reset.
type Callback struct {
	OnTrainBegin func(p *Progress) error
	OnEpochBegin func(p *Progress) error
	OnBatchBegin func(p *Progress) error
	OnBatchEnd   func(p *Progress) error
	OnEpochEnd   func(p *Progress) error
	OnTrainEnd   func(p *Progress) error
}

// Progress says where a Fit is. It is valid during a call and changed afterwards.
type Progress struct {
	Epoch, Epochs  int // counted from 0; Epochs is where it ends
	Batch, Batches int // counted from 0; of this epoch
	Samples        int // in this batch
	// BatchLoss is the loss of this batch alone.
	BatchLoss float64
	// Logs are the epoch's figures so far, as Keras has them: the loss and the metrics; in OnEpochEnd
	// and OnTrainEnd with the validation's.
	Logs Logs
}

// call calls one function of each callback. An ErrStop of one does not keep the others from being called.
func call(callbacks []Callback, which func(*Callback) func(*Progress) error, p *Progress) error {
	var stop error
	for i := range callbacks {
		f := which(&callbacks[i])
		if f == nil {
			continue
		}
		if err := f(p); errors.Is(err, ErrStop) {
			stop = err
		} else if err != nil {
			return err
		}
	}
	return stop
}

func onTrainBegin(c *Callback) func(*Progress) error { return c.OnTrainBegin }
func onEpochBegin(c *Callback) func(*Progress) error { return c.OnEpochBegin }
func onBatchBegin(c *Callback) func(*Progress) error { return c.OnBatchBegin }
func onBatchEnd(c *Callback) func(*Progress) error   { return c.OnBatchEnd }
func onEpochEnd(c *Callback) func(*Progress) error   { return c.OnEpochEnd }
func onTrainEnd(c *Callback) func(*Progress) error   { return c.OnTrainEnd }

// History is what Fit returns: each epoch's figures.
type History struct {
	Epochs []int // the epochs that were completed, counted from 0
	// Values are the figures by name ("loss", "accuracy", "val_loss", ...), one an epoch; of the
	// validation one for each time it ran.
	Values map[string][]float64
}

func (h *History) add(epoch int, logs Logs) {
	h.Epochs = append(h.Epochs, epoch)
	for _, l := range logs {
		h.Values[l.Name] = append(h.Values[l.Name], l.Value)
	}
}
