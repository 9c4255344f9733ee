package nn

import (
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
)

// A Callback takes part in a Fit, an Evaluate or a Predict: [EarlyStopping] and its like, or functions of
// the caller's, which are a [LambdaCallback].
type Callback interface {
	// begin makes what is called as r goes on. Its state is r's alone, so that a Callback may be used again.
	begin(r *run) (*LambdaCallback, error)
}

// CallbackFrom reads a callback's config. What no config can hold, a function or a place, may stand in it as a
// Go value.
func CallbackFrom(config any) (Callback, error) { return from[Callback](KindCallback, config) }

// A LambdaCallback is functions that are called as a run goes on; those that are nil are not called. An
// error ends the run: ErrStop as if it were done, any other as its error; the weights stay as they are.
// Functions run between steps, so they may call the model's methods, but not Fit, TrainOnBatch, Compile
// or Reset.
type LambdaCallback struct {
	// Of a Fit. OnTrainEnd is called when Fit is done, not when an error or the context ended it. OnEpochBegin
	// of an epoch that goes on from a backup is called with the Batch that it goes on at. What OnEpochEnd puts
	// into Logs stands in the History, too.
	OnTrainBegin func(p *Progress) error `arg:"on_train_begin" ts:"Callbacks['onTrainBegin']" doc:"Called before the first epoch."`
	OnTrainEnd   func(p *Progress) error `arg:"on_train_end" ts:"Callbacks['onTrainEnd']" doc:"Called when the training is done."`
	OnEpochBegin func(p *Progress) error `arg:"on_epoch_begin" ts:"Callbacks['onEpochBegin']" doc:"Called before each epoch."`
	OnEpochEnd   func(p *Progress) error `arg:"on_epoch_end" ts:"Callbacks['onEpochEnd']" doc:"Called after each epoch and its validation."`
	OnBatchBegin func(p *Progress) error `arg:"on_batch_begin" ts:"Callbacks['onBatchBegin']" doc:"Called before each training step."`
	OnBatchEnd   func(p *Progress) error `arg:"on_batch_end" ts:"Callbacks['onBatchEnd']" doc:"Called after each training step."`

	// Of an Evaluate, and of the validation in a Fit.
	OnTestBegin      func(p *Progress) error `arg:"on_test_begin" ts:"Callbacks['onTestBegin']" doc:"Called before an evaluation or validation."`
	OnTestEnd        func(p *Progress) error `arg:"on_test_end" ts:"Callbacks['onTestEnd']" doc:"Called after an evaluation or validation."`
	OnTestBatchBegin func(p *Progress) error `arg:"on_test_batch_begin" ts:"Callbacks['onTestBatchBegin']" doc:"Called before each batch that is evaluated."`
	OnTestBatchEnd   func(p *Progress) error `arg:"on_test_batch_end" ts:"Callbacks['onTestBatchEnd']" doc:"Called after each batch that is evaluated."`

	// Of a Predict.
	OnPredictBegin      func(p *Progress) error `arg:"on_predict_begin" ts:"Callbacks['onPredictBegin']" doc:"Called before a prediction."`
	OnPredictEnd        func(p *Progress) error `arg:"on_predict_end" ts:"Callbacks['onPredictEnd']" doc:"Called after a prediction."`
	OnPredictBatchBegin func(p *Progress) error `arg:"on_predict_batch_begin" ts:"Callbacks['onPredictBatchBegin']" doc:"Called before each batch that is predicted."`
	OnPredictBatchEnd   func(p *Progress) error `arg:"on_predict_batch_end" ts:"Callbacks['onPredictBatchEnd']" doc:"Called after each batch that is predicted."`

	// State, where it is there, is what BackupAndRestore keeps of the callback, and SetState gets it back before
	// OnTrainBegin of the Fit that goes on.
	State    func() string
	SetState func(state string) error

	numbers []*float64 // more that BackupAndRestore keeps
	weights *[]Weight
	close   func() error // called when the run is over, however it ended
}

// begin makes a LambdaCallback a Callback.
func (c LambdaCallback) begin(*run) (*LambdaCallback, error) { return &c, nil }

// Progress says where a run is. It is valid during a call and changed afterwards.
type Progress struct {
	Epoch, Epochs  int // counted from 0; Epochs is where it ends
	Batch, Batches int // counted from 0; of this epoch. Batches is 0 while it isn't known how many a stream has
	Samples        int // in this batch
	// BatchLoss is the loss of this batch alone.
	BatchLoss float64
	// Logs are the epoch's figures so far, as Keras has them: the loss and the metrics; in OnEpochEnd
	// and OnTrainEnd with the validation's. OnEpochEnd may add to them.
	Logs Logs
}

// A moment is one of the times at which callbacks are called.
type moment uint8

const (
	trainBegin moment = iota
	trainEnd
	epochBegin
	epochEnd
	batchBegin
	batchEnd
	testBegin
	testEnd
	testBatchBegin
	testBatchEnd
	predictBegin
	predictEnd
	predictBatchBegin
	predictBatchEnd
)

// at is the function that is called at a moment, nil for none.
func (c *LambdaCallback) at(when moment) func(*Progress) error {
	return [...]func(*Progress) error{
		c.OnTrainBegin, c.OnTrainEnd, c.OnEpochBegin, c.OnEpochEnd, c.OnBatchBegin, c.OnBatchEnd,
		c.OnTestBegin, c.OnTestEnd, c.OnTestBatchBegin, c.OnTestBatchEnd,
		c.OnPredictBegin, c.OnPredictEnd, c.OnPredictBatchBegin, c.OnPredictBatchEnd,
	}[when]
}

// A run is a Fit, an Evaluate or a Predict as its callbacks see it.
type run struct {
	m      *Model
	train  *training // what the model is compiled for; nil in a Predict of one that is not
	names  []string  // of the figures that there will be
	output io.Writer // where callbacks print

	callbacks []*LambdaCallback
	classes   []string // of the callbacks
	fits      bool     // it is a Fit
	tolerant  bool     // a loss that is no number is TerminateOnNaN's to see
	backup    *BackupAndRestore
}

// begin makes the run's callbacks.
func (r *run) begin(callbacks []Callback) error {
	for i, c := range callbacks {
		if c == nil {
			return fail(ErrConfig, "callback %d is nil", i)
		}
		c = complete(c).(Callback)
		name := "callback " + itoa(i)
		if e := byType[reflect.TypeOf(c)]; e != nil {
			name = e.Name
		}
		if err := validate(name, c); err != nil {
			return err
		}
		l, err := c.begin(r)
		if err != nil {
			return err
		}
		r.callbacks, r.classes = append(r.callbacks, l), append(r.classes, name)
	}
	return nil
}

// call calls the callbacks at a moment. An ErrStop of one does not keep the others from being called.
func (r *run) call(when moment, p *Progress) error {
	var stop error
	for _, c := range r.callbacks {
		f := c.at(when)
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

// with does what the run is for between the beginning and the end of its callbacks.
func (r *run) with(callbacks []Callback, do func() error) error {
	if r.output == nil {
		r.output = os.Stdout
	}
	err := r.begin(callbacks)
	if err == nil {
		err = do()
	}
	return join(err, r.close())
}

// close lets the callbacks free what they hold.
func (r *run) close() error {
	var err error
	for _, c := range r.callbacks {
		if c.close != nil {
			err = join(err, c.close())
		}
	}
	return err
}

// print writes a line of a callback's.
func (r *run) print(format string, args ...any) error {
	_, err := fmt.Fprintf(r.output, format+"\n", args...)
	return err
}
