package format

import (
	"errors"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/tabgrad/tabgrad/nn"
)

// A backup of a Fit is a safetensors file: the model's variables under their names, the optimizer's slots behind
// slotPrefix, what stateful layers carry behind carried/, the weights that callbacks keep behind callback/0/, callback/1/ and so on; everything else is JSON
// under "backup" in the __metadata__. Numbers that must come back to the bit and may be NaN are text, with blanks
// between them.

const backupFormat = "tabgrad backup"

// WriteBackup writes what an interrupted Fit goes on from.
func WriteBackup(b *nn.Backup) ([]byte, error) {
	var all []named
	add := func(prefix string, list []nn.Weight) []string {
		names := []string{}
		for _, w := range list {
			names = append(names, prefix+w.Name)
			all = append(all, named{prefix + w.Name, w})
		}
		return names
	}
	inputs := []any{}
	for _, shape := range b.Inputs {
		inputs = append(inputs, shape)
	}
	history := []any{}
	for _, name := range b.History.Names {
		figures := pair{"values", numbersText(b.History.Values[name])}
		if lists, ok := b.History.Lists[name]; ok {
			texts := []string{}
			for _, list := range lists {
				texts = append(texts, numbersText(list))
			}
			figures = pair{"lists", texts}
		}
		history = append(history, ordered{{"name", name}, figures})
	}
	tally := []string{}
	for _, sums := range b.Tally {
		tally = append(tally, numbersText(sums))
	}
	weights, slots, carried := add("", b.State.Weights), add(slotPrefix, b.State.Slots), add("carried/", b.State.Carried)
	callbacks := []any{}
	for i, c := range b.Callbacks {
		callbacks = append(callbacks, ordered{
			{"class", c.Class}, {"numbers", numbersText(c.Numbers)}, {"text", c.Text}, {"weights", add("callback/"+strconv.Itoa(i)+"/", c.Weights)},
		})
	}
	text, err := appendJSON(nil, "backup", ordered{
		{"training", (&Training{State: b.State}).writeOwn()}, {"weights", weights}, {"slots", slots}, {"carried", carried}, {"inputs", inputs},
		{"epoch", b.Epoch}, {"batch", b.Batch}, {"stopped", b.Stopped}, {"order", strconv.FormatUint(b.Order, 10)},
		{"samples", b.Samples}, {"batch_size", b.BatchSize}, {"opened", b.Opened}, {"taken", b.Taken}, {"tally", tally},
		{"epochs", b.History.Epochs}, {"history", history}, {"callbacks", callbacks},
	})
	if err != nil {
		return nil, err
	}
	return joinSafetensors(ordered{{"format", backupFormat}, {"backup", string(text)}}, all)
}

// numbersText are numbers with blanks between them, each the shortest that reads back.
func numbersText(list []float64) string {
	parts := make([]string, len(list))
	for i, v := range list {
		parts[i] = strconv.FormatFloat(v, 'g', -1, 64)
	}
	return strings.Join(parts, " ")
}

// ReadBackup reads what WriteBackup wrote.
func ReadBackup(src []byte) (*nn.Backup, error) {
	meta, tensors, data, err := splitSafetensors(src)
	if err != nil {
		return nil, err
	}
	if meta["format"] != backupFormat {
		return nil, fail(ErrFormat, "backup: format is %s, wanted %s", clip(meta["format"]), backupFormat)
	}
	v, err := parseJSON("backup", []byte(meta["backup"]))
	if err != nil {
		return nil, err
	}
	r := &backupReader{data: data, byName: make(map[string]*stored, len(tensors))}
	for _, s := range tensors {
		r.byName[s.name] = s
	}
	top := r.object("backup", v)
	b := &nn.Backup{}
	if r.err == nil {
		t, err := readOwnTraining("backup: training", top["training"])
		if err != nil {
			return nil, err
		}
		b.State = t.State
	}
	b.State.Weights = r.weights("", "weights", top["weights"])
	b.State.Slots = r.weights(slotPrefix, "slots", top["slots"])
	b.State.Carried = r.weights("carried/", "carried", top["carried"])
	for _, shape := range r.list("inputs", top["inputs"]) {
		in, err := shapeOf("backup: inputs", shape)
		if err != nil {
			return nil, err
		}
		b.Inputs = append(b.Inputs, in)
	}
	for _, n := range []struct {
		key  string
		into *int
	}{{"epoch", &b.Epoch}, {"batch", &b.Batch}, {"samples", &b.Samples}, {"batch_size", &b.BatchSize}, {"opened", &b.Opened}, {"taken", &b.Taken}} {
		*n.into = r.whole(n.key, top[n.key])
	}
	b.Stopped, _ = top["stopped"].(bool)
	if b.Order, err = strconv.ParseUint(r.text("order", top["order"]), 10, 64); err != nil {
		r.fail("order", top["order"], "a whole number as a string")
	}
	for _, sums := range r.list("tally", top["tally"]) {
		b.Tally = append(b.Tally, r.numbers("tally", sums))
	}
	for _, e := range r.list("epochs", top["epochs"]) {
		b.History.Epochs = append(b.History.Epochs, r.whole("epochs", e))
	}
	b.History.Values = map[string][]float64{}
	for _, h := range r.list("history", top["history"]) {
		o := r.object("history", h)
		name := r.text("history", o["name"])
		b.History.Names = append(b.History.Names, name)
		if o["lists"] == nil {
			b.History.Values[name] = r.numbers("history", o["values"])
			continue
		}
		if b.History.Lists == nil {
			b.History.Lists = map[string][][]float64{}
		}
		for _, list := range r.list("history", o["lists"]) {
			b.History.Lists[name] = append(b.History.Lists[name], r.numbers("history", list))
		}
	}
	for i, c := range r.list("callbacks", top["callbacks"]) {
		o := r.object("callbacks", c)
		b.Callbacks = append(b.Callbacks, nn.CallbackState{
			Class: r.text("class", o["class"]), Numbers: r.numbers("numbers", o["numbers"]), Text: r.text("text", o["text"]),
			Weights: r.weights("callback/"+strconv.Itoa(i)+"/", "weights", o["weights"]),
		})
	}
	if r.err != nil {
		return nil, r.err
	}
	return b, nil
}

// A backupReader reads JSON's values and remembers the first that was wrong.
type backupReader struct {
	data   []byte
	byName map[string]*stored
	err    error
}

func (r *backupReader) fail(key string, v any, wanted string) {
	if r.err == nil {
		r.err = fail(ErrFormat, "backup: %s is %s, wanted %s", key, show(v), wanted)
	}
}

func (r *backupReader) object(key string, v any) map[string]any {
	o, ok := v.(map[string]any)
	if !ok {
		r.fail(key, v, "an object")
	}
	return o
}

func (r *backupReader) list(key string, v any) []any {
	list, ok := v.([]any)
	if !ok {
		r.fail(key, v, "a list")
	}
	return list
}

func (r *backupReader) text(key string, v any) string {
	s, ok := v.(string)
	if !ok {
		r.fail(key, v, "a string")
	}
	return s
}

func (r *backupReader) whole(key string, v any) int {
	n, ok := wholeNumber(v)
	if !ok || n < 0 {
		r.fail(key, v, "a whole number, at least 0")
	}
	return n
}

func (r *backupReader) numbers(key string, v any) []float64 {
	var list []float64
	for _, part := range strings.Fields(r.text(key, v)) {
		n, err := strconv.ParseFloat(part, 64)
		if err != nil {
			r.fail(key, v, "numbers with blanks between them")
			return nil
		}
		list = append(list, n)
	}
	return list
}

// weights are the tensors of the names listed, without the prefix that they have in the file.
func (r *backupReader) weights(prefix, key string, v any) []nn.Weight {
	var list []nn.Weight
	for _, item := range r.list(key, v) {
		name := r.text(key, item)
		s := r.byName[name]
		if s == nil {
			r.fail(key, item, "the name of a tensor that is there")
		}
		if r.err != nil {
			return nil
		}
		values, err := s.decode(r.data[s.begin:s.end])
		if err != nil {
			r.err = err
			return nil
		}
		list = append(list, nn.Weight{Name: strings.TrimPrefix(name, prefix), Shape: slices.Clone(s.shape), Data: values, Trainable: true})
	}
	return list
}

// BackupFile keeps a backup in the file at path, which is replaced in one piece: for nn.BackupAndRestore.
func BackupFile(path string) nn.BackupStore { return backupFile(path) }

type backupFile string

func (f backupFile) Load() (*nn.Backup, error) {
	src, err := os.ReadFile(string(f))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	b, err := ReadBackup(src)
	if err != nil {
		return nil, because(ErrFormat, string(f), err)
	}
	return b, nil
}

func (f backupFile) Save(b *nn.Backup) error {
	file, err := WriteBackup(b)
	if err != nil {
		return err
	}
	return replace(string(f), file)
}

func (f backupFile) Delete() error {
	if err := os.Remove(string(f)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
