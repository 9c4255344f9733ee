package format

import (
	"encoding/binary"
	"slices"
	"strings"

	"github.com/tabgrad/tabgrad/nn"
)

// maxHeader is the longest header that a safetensors file may have.
const maxHeader = 100_000_000

// slotPrefix begins the names of the optimizer's slots.
const slotPrefix = "optimizer/"

// ReadSafetensors reads a safetensors file: a header of JSON behind its length, then the tensors without
// holes or overlaps. Where its __metadata__ has the model's config, as WriteSafetensors writes it, the
// weights are the model's, by their names; else Topology is nil and Weights are what is there, in the
// order of the data. float16, bfloat16 and float64 become float32.
func ReadSafetensors(src []byte) (*Artifacts, error) {
	const where = "safetensors"
	meta, tensors, data, err := splitSafetensors(src)
	if err != nil {
		return nil, err
	}
	a := &Artifacts{GeneratedBy: meta["generated_by"]}
	if text, ok := meta["user"]; ok {
		v, err := parseJSON(where+": user", []byte(text))
		if err != nil {
			return nil, err
		}
		if a.Metadata, ok = v.(map[string]any); !ok {
			return nil, fail(ErrFormat, "%s: user is %s, wanted an object", where, show(v))
		}
	}
	bytes := func(s *stored) []byte { return data[s.begin:s.end] }
	text, ok := meta["config"]
	if !ok {
		list := make([]nn.Weight, len(tensors))
		for i, s := range tensors {
			list[i] = nn.Weight{Name: s.name, Shape: s.shape}
		}
		if a.Weights, err = decodeAll(list, func(i int) *stored { return tensors[i] }, bytes, 1); err != nil {
			return nil, err
		}
		return a, nil
	}
	config, err := parseJSON(where+": config", []byte(text))
	if err != nil {
		return nil, err
	}
	if a.Topology, err = readTopology("config", config); err != nil {
		return nil, err
	}
	model, vars, err := build(a.Topology)
	if err == nil {
		a.Topology, err = model.Config()
	}
	if err != nil {
		return nil, err
	}
	if text, ok := meta["training"]; ok {
		v, err := parseJSON(where+": training", []byte(text))
		if err != nil {
			return nil, err
		}
		a.Training, err = readOwnTraining("training", v)
		if err := a.supported(err); err != nil {
			return nil, err
		}
	}
	byName := make(map[string]*stored, len(tensors))
	for _, s := range tensors {
		byName[s.name] = s
	}
	found, err := take(byName, "", vars)
	if err != nil {
		return nil, err
	}
	var slots []nn.Weight
	var foundSlots []*stored
	if a.Training != nil && a.Training.Optimizer != nil {
		decoded, err := a.Training.decode()
		if err != nil {
			return nil, err
		}
		slots = nn.SlotsOf(decoded.Optimizer, vars)
		if len(slots) > 0 && byName[slotPrefix+slots[0].Name] == nil {
			slots = nil // it had not begun
		}
		if foundSlots, err = take(byName, slotPrefix, slots); err != nil {
			return nil, err
		}
	}
	for _, s := range tensors {
		ofOther := a.TrainingErr != nil && strings.HasPrefix(s.name, slotPrefix)
		if byName[s.name] != nil && !ofOther {
			return nil, fail(ErrWeights, "%s: the model has no such variable", s.where)
		}
	}
	if a.Weights, err = decodeAll(vars, func(i int) *stored { return found[i] }, bytes, 1); err != nil {
		return nil, err
	}
	if a.Training != nil {
		if a.Training.State.Slots, err = decodeAll(slots, func(i int) *stored { return foundSlots[i] }, bytes, 1); err != nil {
			return nil, err
		}
	}
	return a, nil
}

// splitSafetensors reads the header: the strings of its __metadata__, and the tensors in the data behind it.
func splitSafetensors(src []byte) (meta map[string]string, tensors []*stored, data []byte, err error) {
	const where = "safetensors"
	if len(src) < 8 {
		return nil, nil, nil, fail(ErrTruncated, "%s: %d bytes, wanted at least 8", where, len(src))
	}
	n := binary.LittleEndian.Uint64(src)
	if n > maxHeader {
		return nil, nil, nil, fail(ErrTooLarge, "%s: a header of %d bytes, wanted at most %d", where, n, maxHeader)
	}
	if n > uint64(len(src)-8) {
		return nil, nil, nil, fail(ErrTruncated, "%s: a header of %d bytes in a file of %d", where, n, len(src))
	}
	header := src[8 : 8+n]
	data = src[8+n:]
	if n == 0 || header[0] != '{' {
		return nil, nil, nil, fail(ErrFormat, "%s: the header begins with %q, wanted {", where, header[:min(n, 1)])
	}
	v, err := parseJSON(where, header)
	if err != nil {
		return nil, nil, nil, err
	}
	top := v.(map[string]any)
	meta, err = stringsOf(where+": __metadata__", top["__metadata__"])
	if err != nil {
		return nil, nil, nil, err
	}
	delete(top, "__metadata__")
	tensors, err = readHeader(top, len(data))
	if err != nil {
		return nil, nil, nil, err
	}
	return meta, tensors, data, nil
}

// take finds each variable's tensor by its name and takes it from the map.
func take(byName map[string]*stored, prefix string, vars []nn.Weight) ([]*stored, error) {
	found := make([]*stored, len(vars))
	for i, v := range vars {
		s := byName[prefix+v.Name]
		if s == nil {
			return nil, fail(ErrWeights, "weight %s is missing", clip(prefix+v.Name))
		}
		if !sameShape(s.shape, v.Shape) {
			return nil, fail(ErrWeights, "%s: shape is %v, the model wants %v", s.where, s.shape, v.Shape)
		}
		found[i] = s
		delete(byName, s.name)
	}
	return found, nil
}

// stringsOf reads an object of strings; nil is an empty one.
func stringsOf(where string, v any) (map[string]string, error) {
	if v == nil {
		return nil, nil
	}
	o, ok := v.(map[string]any)
	if !ok {
		return nil, fail(ErrFormat, "%s is %s, wanted an object", where, show(v))
	}
	out := make(map[string]string, len(o))
	for _, key := range sortedKeys(o) {
		v := o[key]
		if out[key], ok = v.(string); !ok {
			return nil, fail(ErrFormat, "%s: %s is %s, wanted a string", where, clip(key), show(v))
		}
	}
	return out, nil
}

var safetensorsTypes = map[string]dtype{"F32": float32s, "F16": float16s, "BF16": bfloat16s, "F64": float64s}

// readHeader checks the tensors that a header announces against each other and against the length of the
// data, and returns them in the order of their bytes, what is empty last.
func readHeader(top map[string]any, length int) ([]*stored, error) {
	list := make([]*stored, 0, len(top))
	for _, name := range sortedKeys(top) { // so that of several mistakes the same one is reported
		v := top[name]
		s := &stored{where: "weight " + clip(name), name: name}
		o, _ := v.(map[string]any)
		offsets, _ := o["data_offsets"].([]any)
		text, isString := o["dtype"].(string)
		if len(o) != 3 || len(offsets) != 2 || !isString {
			return nil, fail(ErrFormat, "%s is %s, wanted dtype, shape and data_offsets", s.where, show(v))
		}
		var ok1, ok2 bool
		s.begin, ok1 = wholeNumber(offsets[0])
		s.end, ok2 = wholeNumber(offsets[1])
		if !ok1 || !ok2 || s.begin < 0 || s.end < s.begin {
			return nil, fail(ErrFormat, "%s: data_offsets is %s, wanted a beginning and an end", s.where, show(offsets))
		}
		var err error
		if s.shape, err = shapeOf(s.where, o["shape"]); err != nil {
			return nil, err
		}
		if s.dtype, ok1 = safetensorsTypes[text]; !ok1 {
			return nil, fail(ErrUnsupported, "%s: dtype is %s, wanted F32, F16, BF16 or F64", s.where, clip(text))
		}
		if s.end-s.begin != s.bytes() {
			return nil, fail(ErrFormat, "%s: %d bytes at data_offsets, its shape %v of %s wants %d", s.where, s.end-s.begin, s.shape, text, s.bytes())
		}
		list = append(list, s)
	}
	at, end := 0, 0
	begins := make(map[int]*stored, len(list)) // of what is not empty, which may lie anywhere
	for _, s := range list {
		if s.end > end {
			end = s.end
		}
		if s.begin < s.end {
			if begins[s.begin] != nil {
				return nil, fail(ErrFormat, "%s: begins at byte %d, where %s does", s.where, s.begin, begins[s.begin].where)
			}
			begins[s.begin] = s
		}
	}
	ordered := make([]*stored, 0, len(list))
	for range begins {
		s := begins[at]
		if s == nil {
			return nil, fail(ErrFormat, "safetensors: no tensor begins at byte %d, where one ends, and the last ends at %d: there is a hole or an overlap", at, end)
		}
		ordered, at = append(ordered, s), s.end
	}
	for _, s := range list {
		if s.begin == s.end {
			if s.end > at {
				return nil, fail(ErrFormat, "%s: is empty and lies at byte %d, behind the data's end, %d", s.where, s.end, at)
			}
			ordered = append(ordered, s)
		}
	}
	if at > length {
		return nil, fail(ErrTruncated, "safetensors: %d bytes of data, the header announces %d", length, at)
	}
	if at < length {
		return nil, fail(ErrFormat, "safetensors: %d bytes of data, the header announces %d", length, at)
	}
	return ordered, nil
}

// WriteSafetensors writes a model as one safetensors file: each variable as a float32 tensor of its name,
// the optimizer's slots as optimizer/dense/kernel/momentum and so on, and in the __metadata__ the model's
// config, the training and the user's metadata, each as a string of JSON. Other readers of safetensors
// find the weights under the names they have.
func WriteSafetensors(a *Artifacts) ([]byte, error) {
	meta := ordered{{"format", "tabgrad"}, {"generated_by", a.GeneratedBy}}
	text := func(key string, v any) error {
		b, err := appendJSON(nil, key, v)
		meta = append(meta, pair{key, string(b)})
		return err
	}
	vars := a.Weights
	if a.Topology != nil {
		var err error
		if _, vars, err = build(a.Topology); err != nil {
			return nil, err
		}
		if err := checkWeights(vars, a.Weights); err != nil {
			return nil, err
		}
		if err := text("config", a.Topology); err != nil {
			return nil, err
		}
	}
	if a.Metadata != nil {
		if err := text("user", a.Metadata); err != nil {
			return nil, err
		}
	}
	var all []named
	for i, w := range a.Weights {
		if err := checkTensor(w); err != nil {
			return nil, err
		}
		all = append(all, named{vars[i].Name, w})
	}
	if t := a.Training; t != nil && a.Topology != nil {
		decoded, err := t.decode()
		if err == nil {
			err = t.checkState(vars)
		}
		if err == nil {
			err = text("training", t.writeOwn())
		}
		if err != nil {
			return nil, err
		}
		if len(t.State.Slots) > 0 {
			for i, slot := range nn.SlotsOf(decoded.Optimizer, vars) {
				all = append(all, named{slotPrefix + slot.Name, t.State.Slots[i]})
			}
		}
	}
	return joinSafetensors(meta, all)
}

// A named is a tensor under the name that it has in a file.
type named struct {
	name string
	nn.Weight
}

// joinSafetensors writes a header with the metadata and the tensors, and the tensors behind it.
func joinSafetensors(meta ordered, all []named) ([]byte, error) {
	header, at := ordered{{"__metadata__", meta}}, 0
	seen := map[string]bool{"__metadata__": true}
	for _, w := range all {
		if seen[w.name] {
			return nil, fail(ErrWeights, "weight %s: the name is there twice", clip(w.name))
		}
		seen[w.name] = true
		end := at + 4*len(w.Data)
		header = append(header, pair{w.name, ordered{{"dtype", "F32"}, {"shape", append([]int{}, w.Shape...)}, {"data_offsets", []int{at, end}}}})
		at = end
	}
	out, err := appendJSON(make([]byte, 8), "safetensors", header)
	if err != nil {
		return nil, err
	}
	for len(out)%8 != 0 { // so that the numbers are aligned in the file
		out = append(out, ' ')
	}
	binary.LittleEndian.PutUint64(out, uint64(len(out)-8))
	for _, w := range all {
		out = encode(slices.Grow(out, 4*len(w.Data)), w.Data)
	}
	return out, nil
}
