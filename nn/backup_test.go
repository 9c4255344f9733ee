package nn_test

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/tabgrad/tabgrad/nn"
)

// shelf is a BackupStore in memory.
type shelf struct {
	b       *nn.Backup
	saved   []string // the places that backups were of
	deleted int
}

func (s *shelf) Load() (*nn.Backup, error) { return s.b, nil }
func (s *shelf) Delete() error             { s.b = nil; s.deleted++; return nil }
func (s *shelf) Save(b *nn.Backup) error {
	s.saved = append(s.saved, fmt.Sprintf("%d:%d", b.Epoch, b.Batch))
	s.b = b
	return nil
}

// dropping is a model whose training draws numbers.
func dropping(t testing.TB, seed uint64) *nn.Model {
	t.Helper()
	m := nn.NewSequential(append([]nn.Layer{nn.Input(8, 8, 1)}, droppingLayers...)...)
	return compiled(t, m, nn.Adam{LearningRate: 0.03}, seed)
}

var droppingLayers = []nn.Layer{nn.Flatten{}, nn.Dense{Units: 12, Activation: nn.ReLU}, nn.Dropout{Rate: 0.4}, nn.Dense{Units: 4, Activation: nn.Softmax}}

// A training is one that can be interrupted: what each try makes anew, and what its callbacks leave behind.
type training struct {
	fit   func(m *nn.Model, o nn.FitOptions) (*nn.History, error)
	store *shelf
	freq  nn.Frequency

	shapeless bool // the model learns its input's shape from the data
}

var errKilled = errors.New("killed")

// run trains with callbacks that remember a lot, until the training is at its end or dead, which it is after
// batch number kill of all its batches.
func (tr *training) run(t *testing.T, seed uint64, kill int) (*nn.Model, *nn.History, error) {
	m := dropping(t, seed)
	if tr.shapeless {
		m = compiled(t, nn.NewSequential(droppingLayers...), nn.Adam{LearningRate: 0.03}, seed)
	}
	n := 0
	h, err := tr.fit(m, nn.FitOptions{Epochs: 7, Output: io.Discard, Callbacks: []nn.Callback{
		nn.LearningRateScheduler{Schedule: func(epoch int, rate float64) (float64, error) { return rate * 0.9, nil }},
		nn.BackupAndRestore{Store: tr.store, SaveFreq: tr.freq},
		nn.ReduceLROnPlateau{Monitor: "val_loss", Patience: 1, Factor: 0.5, MinDelta: 0.05, Cooldown: 1},
		nn.EarlyStopping{Monitor: "val_loss", Patience: 2, MinDelta: 0.02, RestoreBestWeights: true},
		nn.CSVLogger{Filename: "log.csv"},
		nn.ModelCheckpoint{Filepath: "{epoch}-{batch}", SaveFreq: 4, Save: func(m *nn.Model, path string, _ bool) error {
			return os.WriteFile(path, nil, 0o666)
		}},
		nn.LambdaCallback{OnBatchEnd: func(*nn.Progress) error {
			if n++; n == kill {
				return errKilled
			}
			return nil
		}},
	}})
	return m, h, err
}

func files(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		text, err := os.ReadFile(e.Name())
		if err != nil {
			t.Fatal(err)
		}
		all[e.Name()] = string(text)
	}
	return all
}

// A training that is killed, wherever that may be, and begun again by a model that knows nothing of it, ends to
// the bit as one that ran through: weights, what the optimizer and the callbacks remember, history, files.
func TestInterruptedFitEndsTheSame(t *testing.T) {
	d, v := stripes(t, 70, 1), stripes(t, 30, 2)
	kinds := map[string]func(m *nn.Model, o nn.FitOptions) (*nn.History, error){
		"samples": func(m *nn.Model, o nn.FitOptions) (*nn.History, error) {
			o.BatchSize, o.Validation = 20, v
			return m.Fit(ctx, d, o)
		},
		"stream": func(m *nn.Model, o nn.FitOptions) (*nn.History, error) {
			o.ValidationBatches = &rows{of: v, size: 9}
			return m.FitBatches(ctx, &rows{of: d, size: 20}, o)
		},
		"stream that goes on": func(m *nn.Model, o nn.FitOptions) (*nn.History, error) {
			o.Validation, o.StepsPerEpoch = v, 3
			return m.FitBatches(ctx, &rows{of: d, size: 14}, o)
		},
	}
	for kind, fit := range kinds {
		t.Run(kind, func(t *testing.T) {
			t.Chdir(t.TempDir())
			whole := &training{fit: fit, store: &shelf{}, freq: 0, shapeless: kind == "stream"}
			m, h, err := whole.run(t, 3, 0)
			if err != nil {
				t.Fatal(err)
			}
			want, err := m.State()
			if err != nil {
				t.Fatal(err)
			}
			wantFiles := files(t)
			if len(h.Epochs) < 4 || whole.store.deleted != 1 {
				t.Fatalf("%d epochs, %d backups deleted; wanted a training of some epochs", len(h.Epochs), whole.store.deleted)
			}
			batches := int(want.Steps)
			for _, freq := range []nn.Frequency{0, 1, 2, 5} {
				for _, kills := range [][]int{{1}, {2}, {3}, {4}, {5}, {7}, {batches - 1}, {batches}, {3, 3, 3}, {6, 1, 2}} {
					for name := range wantFiles {
						if err := os.Remove(name); err != nil && !errors.Is(err, os.ErrNotExist) {
							t.Fatal(err)
						}
					}
					tr := &training{fit: fit, store: &shelf{}, freq: freq, shapeless: kind == "stream"}
					for k, kill := range kills {
						if _, _, err := tr.run(t, uint64(3+1000*k), kill); !errors.Is(err, errKilled) {
							t.Fatalf("kill %d of %v: %v", k, kills, err)
						}
						if tr.store.b == nil { // there was no backup yet: a new beginning has the old seed
							break
						}
					}
					seed := uint64(77)
					if tr.store.b == nil {
						seed = 3
					}
					m, again, err := tr.run(t, seed, 0)
					if err != nil {
						t.Fatal(err)
					}
					got, err := m.State()
					if err != nil {
						t.Fatal(err)
					}
					where := fmt.Sprintf("a backup every %d, killed after %v", freq, kills)
					if !sameWeights(want.Weights, got.Weights) || !sameWeights(want.Slots, got.Slots) {
						t.Errorf("%s: weights or slots differ", where)
					}
					if got.Steps != want.Steps || got.Updates != want.Updates || got.Rate != want.Rate || got.Seed != want.Seed {
						t.Errorf("%s: the state is %d %d %v %d, wanted %d %d %v %d", where, got.Steps, got.Updates, got.Rate, got.Seed, want.Steps, want.Updates, want.Rate, want.Seed)
					}
					if !sameHistory(h, again) {
						t.Errorf("%s: the history is %v, wanted %v", where, again, h)
					}
					if got := files(t); !maps.Equal(got, wantFiles) {
						t.Errorf("%s: the files are %q, wanted %q", where, got, wantFiles)
					}
				}
			}
		})
	}
}

// What a stateful layer keeps from one batch to the next is part of a backup.
func TestInterruptedStatefulFit(t *testing.T) {
	const n, steps = 4, 3
	values := make([]float32, 5*n*steps)
	for i := range values {
		values[i] = float32(i%7)/7 - 0.4
	}
	d := table(t, []int{5 * n, steps, 1}, values, []int{5 * n, 1}, values[:5*n])
	store := &shelf{}
	run := func(kill int) (*nn.Model, error) {
		m := nn.NewSequential(nn.InputLayer{Shape: []int{steps, 1}, Batch: n}, nn.LSTM{Units: 3, Stateful: true}, nn.Dense{Units: 1})
		if err := m.Compile(nn.Training{Optimizer: nn.Adam{LearningRate: 0.01}, Loss: nn.MeanSquaredError, Seed: 3, Backend: backend()}); err != nil {
			t.Fatal(err)
		}
		k := 0
		_, err := m.Fit(ctx, d, nn.FitOptions{NoShuffle: true, Epochs: 2, Callbacks: []nn.Callback{
			nn.BackupAndRestore{Store: store, SaveFreq: 1},
			nn.LambdaCallback{OnBatchEnd: func(*nn.Progress) error {
				if k++; k == kill {
					return errKilled
				}
				return nil
			}},
		}})
		return m, err
	}
	through, err := run(0)
	if err != nil {
		t.Fatal(err)
	}
	store.b = nil
	if _, err := run(3); !errors.Is(err, errKilled) {
		t.Fatal(err)
	}
	if store.b == nil || len(store.b.State.Carried) != 2 || slices.Max(store.b.State.Carried[0].Data) == 0 {
		t.Fatalf("the backup carries %+v", store.b)
	}
	again, err := run(0)
	if err != nil || !sameWeights(mustWeights(t, through), mustWeights(t, again)) {
		t.Errorf("the training that was interrupted ends with other weights: %v", err)
	}
}

// A training that a callback has ended, and that dies before it can say so, does not go on.
func TestStoppedFitStaysStopped(t *testing.T) {
	d := stripes(t, 40, 1)
	store := &shelf{}
	run := func(m *nn.Model, stop nn.Callback, die error) (*nn.History, error) {
		return m.Fit(ctx, d, nn.FitOptions{BatchSize: 10, Epochs: 5, Callbacks: []nn.Callback{
			nn.BackupAndRestore{Store: store}, stop, nn.LambdaCallback{OnTrainEnd: func(*nn.Progress) error { return die }},
		}})
	}
	stop := nn.LambdaCallback{OnBatchEnd: func(p *nn.Progress) error {
		if p.Epoch == 1 && p.Batch == 1 {
			return nn.ErrStop
		}
		return nil
	}}
	m := dropping(t, 1)
	if _, err := run(m, stop, errKilled); !errors.Is(err, errKilled) {
		t.Fatal(err)
	}
	again := dropping(t, 2)
	h, err := run(again, nn.LambdaCallback{}, nil)
	if err != nil || !slices.Equal(h.Epochs, []int{0, 1}) || !sameWeights(mustWeights(t, m), mustWeights(t, again)) {
		t.Errorf("epochs %v, %v", h.Epochs, err)
	}
}

// Backups are made when they should be, and stay where they should.
func TestBackupFrequency(t *testing.T) {
	d := stripes(t, 40, 1)
	for _, c := range []struct {
		freq  nn.Frequency
		keep  bool
		saved string
	}{
		{0, false, "1:0 2:0"}, {1, true, "0:1 0:2 0:3 0:4 1:1 1:2 1:3 1:4"}, {3, false, "0:3 1:2"}, {9, false, ""},
	} {
		store := &shelf{}
		_, err := dropping(t, 1).Fit(ctx, d, nn.FitOptions{BatchSize: 10, Epochs: 2, Callbacks: []nn.Callback{nn.BackupAndRestore{Store: store, SaveFreq: c.freq, Keep: c.keep}}})
		if err != nil || strings.Join(store.saved, " ") != c.saved || (store.b != nil) != c.keep {
			t.Errorf("every %d: %v, saved %q, kept %v", c.freq, err, store.saved, store.b != nil)
		}
	}
}

// State and SetState of the caller's functions are part of a backup.
func TestBackupOfFunctions(t *testing.T) {
	d := stripes(t, 20, 1)
	store := &shelf{}
	run := func(die bool) (count int, err error) {
		_, err = dropping(t, 1).Fit(ctx, d, nn.FitOptions{Epochs: 4, Callbacks: []nn.Callback{
			nn.LambdaCallback{}, nn.BackupAndRestore{Store: store},
			nn.LambdaCallback{
				State:    func() string { return strings.Repeat("x", count) },
				SetState: func(s string) error { count = len(s); return nil },
				OnEpochEnd: func(p *nn.Progress) error {
					if count++; die && p.Epoch == 2 {
						return errKilled
					}
					return nil
				},
			},
		}})
		return count, err
	}
	if _, err := run(true); !errors.Is(err, errKilled) {
		t.Fatal(err)
	}
	if count, err := run(false); count != 4 || err != nil {
		t.Errorf("counted %d, %v", count, err)
	}
}

// A backup that doesn't fit is refused, and nothing is changed.
func TestBackupErrors(t *testing.T) {
	d := stripes(t, 40, 1)
	store := &shelf{}
	stopped := nn.LambdaCallback{OnEpochEnd: func(*nn.Progress) error { return errKilled }}
	fit := func(m *nn.Model, d nn.Dataset, batch int, more ...nn.Callback) error {
		callbacks := append([]nn.Callback{nn.BackupAndRestore{Store: store, SaveFreq: 1}}, more...)
		_, err := m.Fit(ctx, d, nn.FitOptions{BatchSize: batch, Epochs: 2, Callbacks: callbacks})
		return err
	}
	if err := fit(dropping(t, 1), d, 10, stopped, nn.EarlyStopping{Monitor: "loss"}); !errors.Is(err, errKilled) {
		t.Fatal(err)
	}
	backup := *store.b
	other := nn.NewSequential(nn.Input(8, 8, 1), nn.Flatten{}, nn.Dense{Units: 4, Activation: nn.Softmax})
	for _, c := range []struct {
		m     *nn.Model
		d     nn.Dataset
		batch int
		spoil func(b *nn.Backup)
		more  []nn.Callback
		text  string
	}{
		{dropping(t, 1), d, 20, nil, nil, "backup_and_restore: the backup is of 40 samples in batches of 10, fit has 40 in batches of 20: delete it to begin anew"},
		{dropping(t, 1), stripes(t, 50, 1), 10, nil, nil, "backup_and_restore: the backup is of 40 samples in batches of 10, fit has 50 in batches of 10: delete it to begin anew"},
		{compiled(t, other, nn.Adam{}, 1), d, 10, nil, nil, "backup_and_restore: the backup does not fit the model: sequential: got 4 weights, the model has 2"},
		{compiled(t, dropping(t, 1), nn.SGD{}, 1), d, 10, nil, nil, "backup_and_restore: the backup does not fit the model: sequential: got 8 slots of the optimizer's, wanted 0"},
		{dropping(t, 1), d, 10, func(b *nn.Backup) { b.Tally = b.Tally[:1] }, nil, "backup_and_restore: the backup has the sums of other metrics: delete it to begin anew"},
		{dropping(t, 1), d, 10, func(b *nn.Backup) { b.Tally = [][]float64{b.Tally[0], {1, 2, 3}} }, nil, "backup_and_restore: the backup has the sums of other metrics: delete it to begin anew"},
		{dropping(t, 1), d, 10, func(b *nn.Backup) { b.Callbacks = []nn.CallbackState{{Class: "early_stopping", Numbers: []float64{1}}} },
			[]nn.Callback{nn.EarlyStopping{Monitor: "loss"}}, "early_stopping: the backup has 1 numbers of it, wanted 5"},
		{dropping(t, 1), d, 10, nil, []nn.Callback{nn.BackupAndRestore{Store: store}}, "backup_and_restore: there are two of it, wanted one"},
	} {
		changed := backup
		if c.spoil != nil {
			c.spoil(&changed)
		}
		store.b = &changed
		before := mustWeights(t, c.m)
		if err := fit(c.m, c.d, c.batch, c.more...); err == nil || err.Error() != c.text {
			t.Errorf("got %v, wanted %s", err, c.text)
		}
		if c.spoil == nil && !sameWeights(before, mustWeights(t, c.m)) {
			t.Errorf("%s: the weights changed", c.text)
		}
	}
	// Without the backup they can be fitted.
	store.b = nil
	if err := fit(other, d, 20); err != nil {
		t.Error(err)
	}
	if _, err := other.Evaluate(ctx, d, nn.EvalOptions{Callbacks: []nn.Callback{nn.BackupAndRestore{Store: store}}}); err == nil || err.Error() != "backup_and_restore: it is for fit alone" {
		t.Errorf("in evaluate: %v", err)
	}
}
