package bindings

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tabgrad/tabgrad/nn/format"
)

// answer sends a request, and answers its events with what onEvent makes of them.
func (p *page) answer(method string, arguments Object, onEvent func(name string, data Object) Value) (Value, *Error) {
	p.t.Helper()
	id := p.send(method, arguments)
	for m := range p.messages {
		if m["id"] != id {
			if e, ok := m["error"]; ok {
				p.t.Fatalf("another request failed: %v", e)
			}
			continue // the replies to what onEvent has sent
		}
		if name, ok := m["event"].(string); ok {
			value := onEvent(name, m["data"].(Object))
			if seq, ok := m["seq"]; ok {
				p.server.Receive(Object{"ack": id, "seq": seq, "value": value})
			}
			continue
		}
		if e, ok := m["error"].(Object); ok {
			return nil, &Error{Code: Code(e["code"].(string)), Message: e["message"].(string)}
		}
		return m["ok"], nil
	}
	panic("unreachable")
}

// Callbacks of the registry and of the page are called in the order of the list, and what the page makes of an epoch's logs is seen by those
// behind it, and by the history.
func TestCallbacksInTheirOrder(t *testing.T) {
	p := cpuPage(t, Options{})
	model := p.newXOR()
	var heard []string
	history, err := p.answer("model.fit", and(model, xor(), Object{
		"epochs": 6.0,
		"callbacks": list(
			Object{"functions": list("epochEnd")},
			layer("LearningRateScheduler", Object{"verbose": 1.0}),
			layer("EarlyStopping", Object{"monitor": "mine", "mode": "max", "patience": 2.0}),
			layer("CSVLogger", Object{"filename": "x", "separator": ";"}),
			layer("ModelCheckpoint", Object{"filepath": "place-{epoch:02d}-{mine:.1f}", "save_best_only": true, "monitor": "mine", "mode": "max"}),
			Object{"functions": list("epochBegin", "epochEnd")},
		),
	}), func(name string, data Object) Value {
		at := fmt.Sprintf("%s %v", name, data["callback"])
		switch name {
		case "schedule":
			return 0.5 / (1 + data["epoch"].(float64))
		case "epochEnd":
			if data["callback"] == 0.0 {
				return Object{"mine": []float64{1, 2, 3, 2, 2, 5}[int(data["epoch"].(float64))]}
			}
			at += fmt.Sprintf(" %v", figure(data["logs"], "mine"))
		case "csv":
			at += " " + strings.Split(data["text"].(string), ";")[0]
		case "checkpoint":
			at += " " + data["path"].(string)
			if _, err := format.ReadTFJS([]byte(data["json"].(string)), func(string) ([]byte, error) { return data["weights"].([]byte), nil }); err != nil {
				t.Error(err)
			}
		case "print":
			at = strings.TrimSpace(data["text"].(string))
		case "learningRate":
			at = fmt.Sprintf("%s %.3f", name, data["value"])
		}
		heard = append(heard, at)
		return nil
	})
	if err != nil {
		t.Fatal(err.Message)
	}
	want := []string{
		"Epoch 1: LearningRateScheduler setting learning rate to 0.5.", "epochBegin 5", "csv 3 epoch", "csv 3 0", "checkpoint 4 place-01-1.0", "epochEnd 5 1", "learningRate 0.500",
		"Epoch 2: LearningRateScheduler setting learning rate to 0.25.", "epochBegin 5", "csv 3 1", "checkpoint 4 place-02-2.0", "epochEnd 5 2", "learningRate 0.250",
		"Epoch 3: LearningRateScheduler setting learning rate to 0.16666666666666666.", "epochBegin 5", "csv 3 2", "checkpoint 4 place-03-3.0", "epochEnd 5 3", "learningRate 0.167",
		"Epoch 4: LearningRateScheduler setting learning rate to 0.125.", "epochBegin 5", "csv 3 3", "epochEnd 5 2", "learningRate 0.125",
		"Epoch 5: LearningRateScheduler setting learning rate to 0.1.", "epochBegin 5", "csv 3 4", "epochEnd 5 2", "learningRate 0.100",
	}
	if !slices.Equal(heard, want) {
		t.Errorf("heard\n%s\nwant\n%s", strings.Join(heard, "\n"), strings.Join(want, "\n"))
	}
	var names []string
	for _, f := range history.(Object)["history"].(Fields) {
		names = append(names, f.Name)
	}
	if got := strings.Join(names, " "); got != "loss accuracy mine learning_rate" {
		t.Errorf("the history has %s", got)
	}
	if rate := history.(Object)["learningRate"]; rate != 0.1 {
		t.Errorf("the learning rate is %v, want 0.1", rate)
	}
}

// What is wrong with callbacks is said before the training.
func TestBadCallbacks(t *testing.T) {
	p := cpuPage(t, Options{})
	for _, c := range []struct {
		callbacks Value
		answer    Value
		message   string
	}{
		{"x", nil, `fit: callbacks is "x", want an array`},
		{list(layer("Fly", Object{})), nil, `callback "Fly" is unknown`},
		{list(7.0), nil, "callback is 7, wanted a name or a config"},
		{list(layer("EarlyStopping", Object{"patience": -1.0})), nil, "early_stopping: patience is -1, wanted at least 0"},
		{list(layer("ModelCheckpoint", Object{})), nil, "model_checkpoint: filepath is missing"},
		{list(layer("LearningRateScheduler", Object{})), "fast", `learning_rate_scheduler: schedule gave "fast" for epoch 0, want a number`},
		{list(layer("LearningRateScheduler", Object{})), -1.0, "learning_rate_scheduler: schedule gave -1 for epoch 0, wanted a number, at least 0"},
		{list(Object{"functions": list("epochEnd")}), Object{"mine": "good"}, `fit: onEpochEnd made the log mine "good", want a number`},
	} {
		_, err := p.answer("model.fit", and(p.newXOR(), xor(), Object{"callbacks": c.callbacks}), func(string, Object) Value { return c.answer })
		wantError(t, err, BadConfig, c.message)
	}
}

// Backups go to the page, and a fit that gets one goes on from it to the same bits; a text that can be cut off has each epoch once.
func TestBackupsGoToThePage(t *testing.T) {
	run := func(kill int, kept Value, text *string) (Value, Value, *Error) {
		p := cpuPage(t, Options{Seed: 3})
		model := p.newXOR()
		var backup Value
		deleted, batches := false, 0
		fit := and(model, xor(), Object{"epochs": 5.0, "batchSize": 1.0, "backup": kept, "callbacks": list(
			and(layer("CSVLogger", Object{"filename": "x"}), Object{"size": float64(len(*text))}),
			layer("BackupAndRestore", Object{"save_freq": 3.0}),
			Object{"functions": list("batchBegin")},
		)})
		history, err := p.answer("model.fit", fit, func(name string, data Object) Value {
			switch name {
			case "csv":
				if size, ok := data["size"].(float64); ok {
					*text = (*text)[:int(size)]
				} else {
					*text += data["text"].(string)
				}
			case "backup":
				backup, deleted = data["data"], data["data"] == nil
			case "batchBegin":
				if batches++; batches == kill {
					p.server.Receive(Object{"cancel": p.lastID})
				}
			}
			return nil
		})
		if err == nil && !deleted {
			t.Error("the backup was not deleted")
		}
		weights := p.mustCall("model.getWeights", model)
		if err != nil {
			return backup, weights, err
		}
		return history, weights, nil
	}
	var text string
	history, weights, err := run(0, nil, &text)
	if err != nil {
		t.Fatal(err.Message)
	}
	for _, kill := range []int{5, 8, 11, 16, 18} {
		var again string
		kept, _, err := run(kill, nil, &again)
		wantError(t, err, Aborted)
		history2, weights2, err := run(0, kept, &again)
		if err != nil {
			t.Fatal(err.Message)
		}
		if fmt.Sprint(history, weights) != fmt.Sprint(history2, weights2) {
			t.Errorf("killed before batch %d: it ends otherwise", kill)
		}
		if again != text {
			t.Errorf("killed before batch %d: the CSV text is\n%s\nwant\n%s", kill, again, text)
		}
	}
	p := cpuPage(t, Options{})
	_, err = p.call("model.fit", and(p.newXOR(), xor(), Object{"backup": []byte("no"), "callbacks": list(layer("BackupAndRestore", Object{}))}), nil)
	wantError(t, err, BadFormat, "backup_and_restore: safetensors: 2 bytes")
}

// The learning rate is read and set.
func TestLearningRate(t *testing.T) {
	p := cpuPage(t, Options{})
	model := p.newXOR()
	if rate := p.mustCall("model.learningRate", model); rate != 0.05 {
		t.Errorf("it is %v, want 0.05", rate)
	}
	if rate := p.mustCall("model.learningRate", and(model, Object{"value": 0.5})); rate != 0.5 {
		t.Errorf("it is %v, want 0.5", rate)
	}
	_, err := p.call("model.learningRate", and(model, Object{"value": -1.0}), nil)
	wantError(t, err, BadConfig, "learning rate is -1")
}

// Evaluations and predictions have callbacks, too, and print.
func TestCallbacksOfEvaluateAndPredict(t *testing.T) {
	p := cpuPage(t, Options{})
	model := p.newXOR()
	for method, want := range map[string]string{
		"model.evaluate": "testBegin testBatchEnd testBatchEnd testEnd print",
		"model.predict":  "predictBegin predictBatchEnd predictBatchEnd predictEnd print",
	} {
		var heard []string
		arguments := and(model, xor(), Object{"batchSize": 2.0, "verbose": 1.0, "plain": true,
			"callbacks": list(Object{"functions": list("testBegin", "testBatchEnd", "testEnd", "predictBegin", "predictBatchEnd", "predictEnd")})})
		if _, err := p.answer(method, arguments, func(name string, data Object) Value {
			heard = append(heard, name)
			if name == "print" && !strings.HasPrefix(data["text"].(string), "2/2 ━") {
				t.Errorf("printed %q", data["text"])
			}
			return nil
		}); err != nil {
			t.Fatal(err.Message)
		}
		if got := strings.Join(heard, " "); got != want {
			t.Errorf("%s: heard %s, want %s", method, got, want)
		}
	}
}
