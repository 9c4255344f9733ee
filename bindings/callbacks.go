package bindings

import (
	"bytes"
	"fmt"
	"io"
	"slices"

	"github.com/tabgrad/tabgrad/nn"
	"github.com/tabgrad/tabgrad/nn/format"
)

// The args of a fit, an evaluation or a prediction that are about callbacks:
//
//	callbacks?   [{class_name, config, size?} or {functions: [...]}]   Keras's, which run here, and the page's functions, by the moments
//	             that they are called at; each in its place. size: the bytes there are, of a csv_logger's text that can be cut off
//	backup?      what backup_and_restore of the callbacks has kept: bytes
//	verbose?     0, 1 or 2, and plain: whether nothing can be redrawn
//
// and the events that come of them, which have callback, the place in the list, and are acknowledged but for print:
//
//	epochBegin, epochEnd, batchBegin, testBegin, testEnd, testBatchBegin, testBatchEnd,
//	predictBegin, predictEnd, predictBatchBegin, predictBatchEnd      {epoch, batch, logs}; epochEnd's answer, if any, are the logs that
//	              the page's functions have made of them
//	batches       {items: [{batch, logs}]}   for batchEnd: every batch since the last of these, about every 50 ms
//	schedule      {epoch, learningRate}      learning_rate_scheduler's; the answer is the epoch's learning rate
//	checkpoint    {path, json, weights}      model_checkpoint's: a model as model.save gives it
//	csv           {text} or {size}           csv_logger's: text to be appended, or the size to be cut off to
//	backup        {data}                     backup_and_restore's; null deletes it
//	print         {text}

// callbacks are the list's, and what they print to.
func (j *job) callbacks(a *args) ([]nn.Callback, io.Writer) {
	list, ok := a.values["callbacks"].([]any)
	if !ok && a.values["callbacks"] != nil {
		a.fail(BadConfig, "callbacks is %s, want an array", kind(a.values["callbacks"]))
	}
	var callbacks []nn.Callback
	for i, v := range list {
		config, _ := v.(Object)
		place := place{j, float64(i)}
		if functions, ok := config["functions"].([]any); ok {
			callbacks = append(callbacks, place.functions(functions))
			continue
		}
		c, err := nn.CallbackFrom(v)
		if err != nil {
			if a.err == nil {
				a.err = err
			}
			continue
		}
		callbacks = append(callbacks, place.complete(a, c, config))
	}
	if verbose := a.integer("verbose", 0, 0, 2); verbose > 0 {
		callbacks = append(callbacks, nn.ProgbarLogger{Verbose: verbose, Plain: a.boolean("plain", false)})
	}
	return callbacks, printer{j}
}

// A printer sends the page what is printed.
type printer struct{ j *job }

func (p printer) Write(text []byte) (int, error) {
	p.j.emit(Event{"print", Object{"text": string(text)}}, false)
	return len(text), nil
}

// A place is one in the list of callbacks.
type place struct {
	j     *job
	index float64
}

// ask sends an event of the callback's and waits for the answer.
func (p place) ask(name string, data Object) (Value, error) {
	data["callback"] = p.index
	return p.j.tell(Event{name, data})
}

// complete gives a callback what only the page can do.
func (p place) complete(a *args, c nn.Callback, given Object) nn.Callback {
	switch c := c.(type) {
	case nn.LearningRateScheduler:
		c.Schedule = func(epoch int, rate float64) (float64, error) {
			answer, err := p.ask("schedule", Object{"epoch": float64(epoch), "learningRate": rate})
			if err != nil {
				return 0, err
			}
			rate, ok := answer.(float64)
			if !ok {
				return 0, &Error{Code: BadConfig, Message: fmt.Sprintf("learning_rate_scheduler: schedule gave %s for epoch %d, want a number", kind(answer), epoch)}
			}
			return rate, nil
		}
		return c
	case nn.ModelCheckpoint:
		c.Save = func(m *nn.Model, path string, weightsOnly bool) error {
			files, err := savedModel(m, !weightsOnly)
			if err != nil {
				return err
			}
			files["path"] = path
			_, err = p.ask("checkpoint", files)
			return err
		}
		return c
	case nn.CSVLogger:
		log := csvLog{p}
		c.W = log
		if size, ok := given["size"].(float64); ok { // the page can cut it off
			c.W = &csvFile{log, int64(size)}
			c.Append = size > 0
		}
		return c
	case nn.ProgbarLogger:
		c.Plain = a.boolean("plain", false)
		return c
	case nn.BackupAndRestore:
		kept, _ := a.values["backup"].([]byte)
		c.Store = backups{p, kept}
		return c
	}
	return c
}

// csvLog is what CSVLogger writes to.
type csvLog struct{ place }

func (w csvLog) Write(text []byte) (int, error) {
	_, err := w.ask("csv", Object{"text": string(text)})
	return len(text), err
}

// csvFile is a csvLog of a known size, in bytes.
type csvFile struct {
	csvLog
	size int64
}

func (w *csvFile) Write(text []byte) (int, error) {
	w.size += int64(len(text))
	return w.csvLog.Write(text)
}

func (w *csvFile) Seek(int64, int) (int64, error) { return w.size, nil }

func (w *csvFile) Truncate(size int64) error {
	w.size = size
	_, err := w.ask("csv", Object{"size": float64(size)})
	return err
}

// backups is where the page keeps backups.
type backups struct {
	place
	kept []byte
}

func (b backups) Load() (*nn.Backup, error) {
	if b.kept == nil {
		return nil, nil
	}
	return format.ReadBackup(bytes.Clone(b.kept))
}

func (b backups) Save(backup *nn.Backup) error {
	data, err := format.WriteBackup(backup)
	if err != nil {
		return err
	}
	_, err = b.ask("backup", Object{"data": data})
	return err
}

func (b backups) Delete() error {
	_, err := b.ask("backup", Object{"data": nil})
	return err
}

// functions are the page's, which are called at the moments named.
func (p place) functions(moments []any) nn.LambdaCallback {
	f := &pageFunctions{place: p}
	var c nn.LambdaCallback
	for _, moment := range moments {
		name, _ := moment.(string)
		tell := func(p *nn.Progress) error { return f.tell(name, p) }
		switch name {
		case "epochBegin":
			c.OnEpochBegin = tell
		case "epochEnd":
			c.OnEpochEnd = tell
		case "batchBegin":
			c.OnBatchBegin = tell
		case "batchEnd":
			c.OnBatchEnd = f.batchEnd
		case "testBegin":
			c.OnTestBegin = tell
		case "testEnd":
			c.OnTestEnd = tell
		case "testBatchBegin":
			c.OnTestBatchBegin = tell
		case "testBatchEnd":
			c.OnTestBatchEnd = tell
		case "predictBegin":
			c.OnPredictBegin = tell
		case "predictEnd":
			c.OnPredictEnd = tell
		case "predictBatchBegin":
			c.OnPredictBatchBegin = tell
		case "predictBatchEnd":
			c.OnPredictBatchEnd = tell
		}
	}
	if c.OnBatchEnd != nil { // batches that were kept back are told before what comes after them
		for _, next := range []*func(*nn.Progress) error{&c.OnTestBegin, &c.OnEpochEnd} {
			if *next == nil {
				*next = func(*nn.Progress) error { return f.tellBatches() }
			}
		}
	}
	return c
}

// pageFunctions are functions of the page's.
type pageFunctions struct {
	place
	items     []any        // batches that the page hasn't heard of
	delivered <-chan Value // answered when the page has handled the last "batches"; nil at first
}

// tell tells of a moment. What the page makes of an epoch's logs is put into them.
func (f *pageFunctions) tell(name string, p *nn.Progress) error {
	if err := f.tellBatches(); err != nil {
		return err
	}
	answer, err := f.ask(name, Object{"epoch": float64(p.Epoch), "batch": float64(p.Batch), "logs": logsValue(p.Logs)})
	if err != nil || name != "epochEnd" {
		return err
	}
	made, ok := answer.(Object)
	if !ok {
		return nil
	}
	// In the order that they had, then by name: an object that has come has no order.
	for _, l := range p.Logs {
		if v, ok := made[l.Name].(float64); ok {
			p.Logs.Set(l.Name, v)
		}
		delete(made, l.Name)
	}
	for _, name := range sortedKeys(made) {
		v, ok := made[name].(float64)
		if !ok {
			return &Error{Code: BadConfig, Message: fmt.Sprintf("fit: onEpochEnd made the log %s %s, want a number", name, kind(made[name]))}
		}
		p.Logs.Set(name, v)
	}
	return nil
}

// batchEnd keeps a batch back until others wait for their turn anyway.
func (f *pageFunctions) batchEnd(p *nn.Progress) error {
	f.items = append(f.items, Object{"batch": float64(p.Batch), "logs": logsValue(p.Logs)})
	if !f.j.turn.due() {
		return nil
	}
	return f.tellBatches()
}

// tellBatches sends the batches that the page hasn't heard of, once it has handled those before: a page that is slower than the training
// slows it down, instead of drowning.
func (f *pageFunctions) tellBatches() error {
	if f.items == nil {
		return nil
	}
	if _, err := f.j.await(f.delivered); err != nil {
		return err
	}
	f.delivered = f.j.emit(Event{"batches", Object{"callback": f.index, "items": f.items}}, true)
	f.items = nil
	return nil
}

func sortedKeys(o Object) []string {
	keys := make([]string, 0, len(o))
	for key := range o {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
