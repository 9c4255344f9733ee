package nn

import (
	"fmt"

	"github.com/tabgrad/tabgrad/nn/prog"
)

// A Backup is all that an interrupted Fit goes on from: a model of the same layers, compiled the same way, that
// is fitted with the same data and options and gets the Backup, ends with the bits that it would have ended with.
// Package nn/format writes it to a file.
type Backup struct {
	State State // the model's

	Epoch, Batch int  // what comes next; Batch 0 is the epoch's beginning
	Stopped      bool // a callback has ended the training
	// Order is the number of the model's steps at the epoch's beginning, which its order of samples goes by.
	Order uint64
	// Inputs are the shapes of the model's inputs, for one that learns them from the data.
	Inputs [][]int
	// Samples and BatchSize are the dataset's; 0 for a stream.
	Samples, BatchSize int
	// Opened and Taken are where a stream is: the epoch that it was opened at, and the batches taken since.
	Opened, Taken int
	// Tally are the epoch's sums so far: the number of samples and the losses, then each metric's.
	Tally [][]float64

	History   History
	Callbacks []CallbackState
}

// A CallbackState is what a callback remembers.
type CallbackState struct {
	Class   string // "early_stopping", or "callback 2"
	Numbers []float64
	Text    string
	Weights []Weight
}

// A BackupStore is where a Backup is kept. nn/format's BackupFile is one.
type BackupStore interface {
	// Load is the last Backup, nil where there is none.
	Load() (*Backup, error)
	// Save takes the place of the last Backup, or leaves it as it is and fails.
	Save(*Backup) error
	// Delete forgets it. That there is none is no error.
	Delete() error
}

// BackupAndRestore keeps what an interrupted Fit goes on from, and lets one that finds a Backup go on
// (keras/src/callbacks/backup_and_restore.py, which keeps only weights and the epoch's number). It acts when the
// other callbacks have acted, wherever it stands among them.
type BackupAndRestore struct {
	Store    BackupStore `arg:"backup_dir" first:"yes" ts:"BackupTarget" doc:"Where the state of the training is kept."`
	SaveFreq Frequency   `arg:"save_freq" doc:"At each epoch's end, or every so many batches."`
	Keep     bool        `arg:"!delete_checkpoint" doc:"Whether it is deleted when the training is done."`
}

func (c BackupAndRestore) begin(r *run) (*LambdaCallback, error) {
	switch {
	case c.Store == nil:
		return nil, fail(ErrConfig, "backup_and_restore: backup_dir is missing")
	case !r.fits:
		return nil, fail(ErrConfig, "backup_and_restore: it is for fit alone")
	case r.backup != nil:
		return nil, fail(ErrConfig, "backup_and_restore: there are two of it, wanted one")
	}
	r.backup = &c
	return &LambdaCallback{}, nil
}

// states are the callbacks'.
func (r *run) states() []CallbackState {
	var list []CallbackState
	for i, c := range r.callbacks {
		s := CallbackState{Class: r.classes[i]}
		for _, n := range c.numbers {
			s.Numbers = append(s.Numbers, *n)
		}
		if c.weights != nil {
			s.Weights = *c.weights
		}
		if c.State != nil {
			s.Text = c.State()
		}
		list = append(list, s)
	}
	return list
}

// restore gives the callbacks their states back: each the first of its class that no other has got.
func (r *run) restore(states []CallbackState) error {
	taken := make([]bool, len(states))
	for i, c := range r.callbacks {
		for k, s := range states {
			if taken[k] || s.Class != r.classes[i] {
				continue
			}
			taken[k] = true
			if len(s.Numbers) != len(c.numbers) {
				return fail(ErrConfig, "%s: the backup has %d numbers of it, wanted %d", s.Class, len(s.Numbers), len(c.numbers))
			}
			for j, n := range s.Numbers {
				*c.numbers[j] = n
			}
			if c.weights != nil && s.Weights != nil {
				if err := r.m.checkShapes(s.Weights); err != nil {
					return fmt.Errorf("%s: the backup's weights: %w", s.Class, err)
				}
				*c.weights = s.Weights
			}
			if c.SetState != nil && s.Text != "" {
				if err := c.SetState(s.Text); err != nil {
					return err
				}
			}
			break
		}
	}
	return nil
}

// restore takes the model, the history and the callbacks to where the backup was made.
func (f *fit) restoreBackup(b *Backup) error {
	if b.Samples != f.train.samples() || b.BatchSize != f.train.batchSize() {
		return fail(ErrConfig, "backup_and_restore: the backup is of %d samples in batches of %d, fit has %d in batches of %d: delete it to begin anew",
			b.Samples, b.BatchSize, f.train.samples(), f.train.batchSize())
	}
	var in []prog.Shape
	for _, shape := range b.Inputs {
		in = append(in, shape)
	}
	f.m.mu.Lock()
	err := f.m.build(in)
	if err == nil {
		err = f.m.setState(b.State)
	}
	f.m.mu.Unlock()
	if err != nil {
		return fmt.Errorf("backup_and_restore: the backup does not fit the model: %w", err)
	}
	*f.history = b.History.clone()
	return f.restore(b.Callbacks)
}

// back makes a backup of the run as it is: epoch and batch come next.
func (f *fit) back(epoch, batch int, stopped bool) error {
	f.since = 0
	state, err := f.m.State()
	if err != nil {
		return err
	}
	var in [][]int
	for _, x := range f.m.inputs {
		in = append(in, x.shape)
	}
	return f.backup.Store.Save(&Backup{
		State: state, Epoch: epoch, Batch: batch, Stopped: stopped, Order: f.order, Inputs: in,
		Samples: f.train.samples(), BatchSize: f.train.batchSize(), Opened: f.opened, Taken: f.taken,
		Tally: f.tally.copy(), History: f.history.clone(), Callbacks: f.states(),
	})
}
