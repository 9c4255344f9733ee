package format

import (
	"strconv"
	"strings"

	"github.com/tabgrad/tabgrad/nn"
)

// ReadTFJS reads a LayersModel as TensorFlow.js writes it: model.json, and the weight files that it
// names, which open gets by their path relative to it. Paths that lead elsewhere are refused with
// ErrPath before open sees them. Everything is checked against everything: a model that is returned has
// all of its weights, finite and of its shapes.
//
// Models of nn's layers, Sequential or any graph, are read, in Keras 2's, Keras 3's and tfjs's words; weights as float32
// or quantized to uint8, uint16 or float16; the optimizer's state where there is one. An optimizer, loss
// or metric that nn has not leaves Training nil (see Artifacts.TrainingErr).
func ReadTFJS(modelJSON []byte, open func(path string) ([]byte, error)) (*Artifacts, error) {
	v, err := parseJSON("model.json", modelJSON)
	if err != nil {
		return nil, err
	}
	top, ok := v.(map[string]any)
	if !ok {
		return nil, fail(ErrFormat, "model.json: %s, wanted an object", show(v))
	}
	if f := top["format"]; f != nil && f != "layers-model" {
		return nil, fail(ErrUnsupported, "model.json: format is %s, wanted layers-model", show(f))
	}
	a := &Artifacts{}
	if a.Topology, err = readTopology("modelTopology", top["modelTopology"]); err != nil {
		return nil, err
	}
	model, vars, err := build(a.Topology)
	if err == nil {
		a.Topology, err = model.Config() // in nn's own words
	}
	if err != nil {
		return nil, err
	}
	a.GeneratedBy, _ = top["generatedBy"].(string)
	if meta := top["userDefinedMetadata"]; meta != nil {
		if a.Metadata, ok = meta.(map[string]any); !ok {
			return nil, fail(ErrFormat, "model.json: userDefinedMetadata is %s, wanted an object", show(meta))
		}
	}
	if own := top["tabgrad"]; own != nil {
		a.Training, err = readOwnTraining("tabgrad", own)
	} else if config := top["trainingConfig"]; config != nil {
		a.Training, err = readTrainingConfig(config, model.OutputNames())
	}
	if err := a.supported(err); err != nil {
		return nil, err
	}

	m, err := readManifest(top["weightsManifest"])
	if err != nil {
		return nil, err
	}
	found, err := match(vars, flatWeights(model, vars), m.weights)
	if err != nil {
		return nil, err
	}
	slots, iterations, err := a.readOptimizer(vars, m.optimizer)
	if err != nil {
		return nil, err
	}
	src, err := m.open(open)
	if err != nil {
		return nil, err
	}
	if a.Weights, err = decodeAll(vars, func(i int) *stored { return m.weights[found[i]] }, src, 1); err != nil {
		return nil, err
	}
	if a.Training != nil {
		if a.Training.State.Slots, err = decodeAll(slots.want, func(i int) *stored { return slots.tensors[i] }, src, slots.factor); err != nil {
			return nil, err
		}
		if iterations != nil && top["tabgrad"] == nil {
			n := int32s.number(src(iterations), 0)
			if n < 0 {
				return nil, fail(ErrWeights, "%s: is %v, wanted at least 0", iterations.where, n)
			}
			a.Training.State.Steps, a.Training.State.Updates = uint64(n), uint64(n)
		}
	}
	return a, nil
}

// decodeAll reads the tensors of a list of variables, multiplying by factor.
func decodeAll(vars []nn.Weight, of func(i int) *stored, src func(*stored) []byte, factor float64) ([]nn.Weight, error) {
	var list []nn.Weight
	for i, v := range vars {
		data, err := of(i).decode(src(of(i)))
		if err != nil {
			return nil, err
		}
		if factor != 1 {
			for j, x := range data {
				data[j] = float32(float64(x) * factor)
			}
		}
		v.Data = data
		list = append(list, v)
	}
	return list, nil
}

// readOptimizer checks the tensors of the optimizer's group: iter, which it also returns, then the slots.
func (a *Artifacts) readOptimizer(vars []nn.Weight, tensors []*stored) (slotReader, *stored, error) {
	if a.Training == nil || a.Training.Optimizer == nil {
		return slotReader{}, nil, nil
	}
	var iterations *stored
	if len(tensors) > 0 && last(tensors[0].name) == "iter" {
		iterations, tensors = tensors[0], tensors[1:]
		if iterations.dtype != int32s || iterations.size() != 1 {
			return slotReader{}, nil, fail(ErrWeights, "%s: shape is %v, wanted one int32", iterations.where, iterations.shape)
		}
	}
	decoded, err := a.Training.decode()
	if err != nil {
		return slotReader{}, nil, err
	}
	for _, t := range tensors {
		if t.dtype == int32s {
			return slotReader{}, nil, fail(ErrUnsupported, "%s: dtype is int32, wanted float32", t.where)
		}
	}
	slots, err := readSlots(decoded.Optimizer, a.Training.State.Rate, vars, tensors)
	return slots, iterations, err
}

// readOwnTraining reads what writeOwnTraining writes.
func readOwnTraining(where string, v any) (*Training, error) {
	o, ok := v.(map[string]any)
	if !ok {
		return nil, fail(ErrFormat, "%s is %s, wanted an object", where, show(v))
	}
	t := &Training{Optimizer: o["optimizer"]}
	if err := t.Objective.read(where, o); err != nil {
		return nil, err
	}
	outputs, ok := o["outputs"].(map[string]any)
	if !ok && o["outputs"] != nil {
		return nil, fail(ErrFormat, "%s: outputs is %s, wanted an object", where, show(o["outputs"]))
	}
	for _, name := range sortedKeys(outputs) {
		from, ok := outputs[name].(map[string]any)
		if !ok {
			return nil, fail(ErrFormat, "%s: outputs: %s is %s, wanted an object", where, clip(name), show(outputs[name]))
		}
		var own Objective
		if err := own.read(where+": outputs: "+clip(name), from); err != nil {
			return nil, err
		}
		if t.Outputs == nil {
			t.Outputs = map[string]Objective{}
		}
		t.Outputs[name] = own
	}
	for _, n := range []struct {
		key  string
		into *uint64
	}{{"seed", &t.State.Seed}, {"steps", &t.State.Steps}, {"updates", &t.State.Updates}} {
		text, ok := o[n.key].(string)
		var err error
		if *n.into, err = strconv.ParseUint(text, 10, 64); !ok || err != nil {
			return nil, fail(ErrFormat, "%s: %s is %s, wanted a whole number as a string", where, n.key, show(o[n.key]))
		}
	}
	if t.State.Rate, ok = o["learning_rate"].(float64); !ok || t.State.Rate < 0 {
		return nil, fail(ErrFormat, "%s: learning_rate is %s, wanted a number, at least 0", where, show(o["learning_rate"]))
	}
	_, err := t.decode()
	return t, err
}

// writeOwn is all of a training but the slots. Whole numbers are strings: JSON's are exact to 2⁵³ only.
func (t *Training) writeOwn() ordered {
	s := t.State
	out := append(ordered{{"optimizer", t.Optimizer}}, t.Objective.write()...)
	if t.Outputs != nil {
		outputs := map[string]any{}
		for name, o := range t.Outputs {
			outputs[name] = o.write()
		}
		out = append(out, pair{"outputs", outputs})
	}
	return append(out, ordered{
		{"seed", strconv.FormatUint(s.Seed, 10)}, {"steps", strconv.FormatUint(s.Steps, 10)},
		{"updates", strconv.FormatUint(s.Updates, 10)}, {"learning_rate", s.Rate},
	}...)
}

// A File is one that a model is written to.
type File struct {
	Name string
	Data []byte
}

// shardBytes is how long tfjs lets a weight file get.
const shardBytes = 4 << 20

// WriteTFJS writes a model as TensorFlow.js reads it. Without a name the files are model.json and
// group1-shard1of3.bin and so on, of 4 MiB each, for a folder on a server; with one they are NAME.json and
// NAME.weights.bin, for downloads.
//
// tfjs loads the result and can go on training it, where it knows what the model is made of; what it has
// no word for is written as Keras 3 does, and an optimizer that it has not it does not see. What tabgrad
// needs beyond tfjs's format to resume to the bit is under the key tabgrad.
func WriteTFJS(a *Artifacts, name string) ([]File, error) {
	if strings.ContainsAny(name, `/\:%?#`) || strings.HasPrefix(name, ".") {
		return nil, fail(ErrPath, "name is %s, wanted one without /, \\, :, %%, ? and #, and not begun with a dot", clip(name))
	}
	model, vars, err := build(a.Topology)
	if err != nil {
		return nil, err
	}
	if err := checkWeights(vars, a.Weights); err != nil {
		return nil, err
	}
	top := ordered{}
	top = append(top, pair{"modelTopology", writeTopology(a.Topology, model)}, pair{"format", "layers-model"}, pair{"generatedBy", a.GeneratedBy}, pair{"convertedBy", nil})

	specs, bytes := []any{}, 0
	add := func(w nn.Weight, name, dtype, group string) {
		spec := ordered{{"name", name}, {"shape", append([]int{}, w.Shape...)}, {"dtype", dtype}}
		if group != "" {
			spec = append(spec, pair{"group", group})
		}
		specs = append(specs, spec)
		bytes += 4 * size(w.Shape)
	}
	names := flatWeights(model, vars)
	for i, w := range a.Weights {
		add(w, names[i].Name, "float32", "")
	}
	var slots []nn.Weight
	var config ordered
	if t := a.Training; t != nil {
		decoded, err := t.decode()
		if err == nil {
			err = t.checkState(vars)
		}
		if err != nil {
			return nil, err
		}
		if decoded.Optimizer != nil {
			add(nn.Weight{}, "iter", "int32", "optimizer")
			slots = t.writeSlots(vars, names, decoded.Optimizer)
		}
		for _, w := range slots {
			add(w, w.Name, "float32", "optimizer")
		}
		config, _ = t.writeTrainingConfig(decoded, model.OutputNames())
	}

	data := make([]byte, 0, bytes)
	for _, w := range a.Weights {
		data = encode(data, w.Data)
	}
	if len(data) < bytes { // there is an optimizer
		n := uint32(int32Of(a.Training.State.Updates))
		data = append(data, byte(n), byte(n>>8), byte(n>>16), byte(n>>24))
	}
	for _, w := range slots {
		data = encode(data, w.Data)
	}

	files, paths := []File{{Name: "model.json"}}, []string{}
	if name != "" {
		files[0].Name = name + ".json"
		files = append(files, File{name + ".weights.bin", data})
		paths = append(paths, "./"+name+".weights.bin")
	} else {
		n := max(1, (len(data)+shardBytes-1)/shardBytes)
		for i := range n {
			shard := "group1-shard" + strconv.Itoa(i+1) + "of" + strconv.Itoa(n) + ".bin"
			end := min(len(data), (i+1)*shardBytes)
			files = append(files, File{shard, data[i*shardBytes : end : end]})
			paths = append(paths, shard)
		}
	}
	top = append(top, pair{"weightsManifest", []any{ordered{{"paths", paths}, {"weights", specs}}}})
	if config != nil {
		top = append(top, pair{"trainingConfig", config})
	}
	if a.Metadata != nil {
		top = append(top, pair{"userDefinedMetadata", a.Metadata})
	}
	if a.Training != nil {
		top = append(top, pair{"tabgrad", a.Training.writeOwn()})
	}
	if files[0].Data, err = appendJSON(nil, files[0].Name, top); err != nil {
		return nil, err
	}
	return files, nil
}
