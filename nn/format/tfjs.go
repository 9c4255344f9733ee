package format

import (
	"math"
	"strconv"
	"strings"

	"github.com/tabgrad/tabgrad/nn"
)

// ReadTFJS reads a LayersModel as TensorFlow.js writes it: model.json, and the weight files that it
// names, which open gets by their path relative to it. Paths that lead elsewhere are refused with
// ErrPath before open sees them. Everything is checked against everything: a model that is returned has
// all of its weights, finite and of its shapes.
//
// Sequential models of nn's layers are read, in Keras 2's, Keras 3's and tfjs's words; weights as float32
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
	_, vars, err := build(a.Topology)
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
		a.Training, err = readTrainingConfig(config)
	}
	if err := a.supported(err); err != nil {
		return nil, err
	}

	m, err := readManifest(top["weightsManifest"])
	if err != nil {
		return nil, err
	}
	found, err := match(tfjsNames(a.Topology, vars), m.weights)
	if err != nil {
		var again error
		if found, again = match(vars, m.weights); again != nil { // under Keras 3's names
			return nil, err
		}
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
	t := &Training{Optimizer: o["optimizer"], Loss: o["loss"]}
	for key, into := range map[string]*[]any{"metrics": &t.Metrics, "weighted_metrics": &t.WeightedMetrics} {
		if *into, ok = o[key].([]any); !ok && o[key] != nil {
			return nil, fail(ErrFormat, "%s: %s is %s, wanted a list", where, key, show(o[key]))
		}
	}
	if err := t.readLossWeight(where, o["loss_weight"]); err != nil {
		return nil, err
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
	metrics := t.Metrics
	if metrics == nil {
		metrics = []any{}
	}
	own := ordered{
		{"optimizer", t.Optimizer}, {"loss", t.Loss}, {"metrics", metrics},
		{"seed", strconv.FormatUint(s.Seed, 10)}, {"steps", strconv.FormatUint(s.Steps, 10)},
		{"updates", strconv.FormatUint(s.Updates, 10)}, {"learning_rate", s.Rate},
	}
	if t.WeightedMetrics != nil {
		own = append(own, pair{"weighted_metrics", t.WeightedMetrics})
	}
	if t.weighsLoss() {
		own = append(own, pair{"loss_weight", t.LossWeight + 0})
	}
	return own
}

// weighsLoss is whether LossWeight is not the default.
func (t *Training) weighsLoss() bool { return t.LossWeight != 0 || math.Signbit(t.LossWeight) }

// readLossWeight reads a number, or nil for the default.
func (t *Training) readLossWeight(where string, v any) error {
	weight, ok := v.(float64)
	if v != nil && !ok {
		return fail(ErrFormat, "%s: loss_weight is %s, wanted a number", where, show(v))
	}
	if t.LossWeight = weight; ok && weight == 0 {
		t.LossWeight = nn.Zero
	}
	return nil
}

// A manifest is weightsManifest: the weight files and the tensors in them.
type manifest struct {
	groups             []weightGroup
	weights, optimizer []*stored
	place              map[*stored][2]int // its group, and where it begins in the group's bytes
}

// A weightGroup is tensors one behind another in files one behind another.
type weightGroup struct {
	paths []string
	bytes int // of its tensors
}

// maxWeightBytes is the most that a model's weight files may hold together.
const maxWeightBytes = 1 << 32

func readManifest(v any) (*manifest, error) {
	const where = "weightsManifest"
	list, ok := v.([]any)
	if !ok {
		return nil, fail(ErrFormat, "%s is %s, wanted a list", where, show(v))
	}
	m := &manifest{place: map[*stored][2]int{}}
	seenPath, seenName := map[string]bool{}, map[string]bool{}
	total := 0
	for i, v := range list {
		o, _ := v.(map[string]any)
		paths, ok1 := o["paths"].([]any)
		weights, ok2 := o["weights"].([]any)
		if !ok1 || !ok2 {
			return nil, fail(ErrFormat, "%s: group %d is %s, wanted paths and weights", where, i, show(v))
		}
		g := weightGroup{}
		for _, v := range paths {
			path, err := cleanPath(where, v)
			if err != nil {
				return nil, err
			}
			if seenPath[path] {
				return nil, fail(ErrFormat, "%s: the path %s is there twice", where, clip(path))
			}
			seenPath[path] = true
			g.paths = append(g.paths, path)
		}
		for j, v := range weights {
			s, isOptimizer, err := readSpec(where+" group "+strconv.Itoa(i), j, v)
			if err != nil {
				return nil, err
			}
			key := s.name
			if isOptimizer {
				key = "optimizer\x00" + key
			}
			if seenName[key] {
				return nil, fail(ErrWeights, "%s: the name is there twice", s.where)
			}
			seenName[key] = true
			m.place[s] = [2]int{i, g.bytes}
			g.bytes += s.bytes()
			if total += s.bytes(); total > maxWeightBytes {
				return nil, fail(ErrTooLarge, "%s: more than %d bytes of weights", where, maxWeightBytes)
			}
			if isOptimizer {
				m.optimizer = append(m.optimizer, s)
			} else if s.dtype == int32s {
				return nil, fail(ErrUnsupported, "%s: dtype is int32, wanted float32", s.where)
			} else {
				m.weights = append(m.weights, s)
			}
		}
		m.groups = append(m.groups, g)
	}
	return m, nil
}

func readSpec(where string, i int, v any) (s *stored, isOptimizer bool, err error) {
	o, _ := v.(map[string]any)
	name, ok := o["name"].(string)
	if !ok || name == "" {
		return nil, false, fail(ErrFormat, "%s: weight %d is %s, wanted a name, a shape and a dtype", where, i, show(v))
	}
	s = &stored{where: "weight " + clip(name), name: name}
	if s.shape, err = shapeOf(s.where, o["shape"]); err != nil {
		return nil, false, err
	}
	switch o["dtype"] {
	case "float32":
	case "int32":
		s.dtype = int32s
	default:
		return nil, false, fail(ErrUnsupported, "%s: dtype is %s, wanted float32", s.where, show(o["dtype"]))
	}
	switch group := o["group"]; group {
	case nil, "model":
	case "optimizer":
		isOptimizer = true
	default:
		return nil, false, fail(ErrUnsupported, "%s: group is %s, wanted optimizer or none", s.where, show(group))
	}
	if q := o["quantization"]; q != nil {
		err = s.quantized(q)
	}
	return s, isOptimizer, err
}

// quantized reads tfjs's quantization.
func (s *stored) quantized(v any) error {
	o, _ := v.(map[string]any)
	if s.dtype != float32s {
		return fail(ErrUnsupported, "%s: quantized integers, wanted float32", s.where)
	}
	switch o["dtype"] {
	case "float16":
		s.dtype = float16s
		return nil
	case "uint8":
		s.dtype = uint8s
	case "uint16":
		s.dtype = uint16s
	default:
		return fail(ErrUnsupported, "%s: quantization is %s, wanted the dtype uint8, uint16 or float16", s.where, show(v))
	}
	var ok1, ok2 bool
	s.scale, ok1 = o["scale"].(float64)
	s.minimum, ok2 = o["min"].(float64)
	if !ok1 || !ok2 {
		return fail(ErrFormat, "%s: quantization is %s, wanted a scale and a min", s.where, show(v))
	}
	if s.scale == 0 { // all are min
		s.scale = math.SmallestNonzeroFloat64
	}
	return nil
}

// cleanPath is a weight file's path without a leading "./", if it stays below the model's folder,
// however a server or a system may read it.
func cleanPath(where string, v any) (string, error) {
	path, ok := v.(string)
	if !ok {
		return "", fail(ErrFormat, "%s: a path is %s, wanted a string", where, show(v))
	}
	path = strings.TrimPrefix(path, "./")
	bad := path == "" || strings.ContainsAny(path, "\\:?#") || strings.ContainsFunc(path, func(r rune) bool { return r < ' ' || r == 0x7f })
	for _, part := range strings.Split(strings.ToLower(path), "/") {
		bad = bad || part == "" || part == "." || part == ".." ||
			strings.Contains(part, "%2e") || strings.Contains(part, "%2f") || strings.Contains(part, "%5c")
	}
	if bad {
		return "", fail(ErrPath, "%s: the path is %s, wanted one below the model's folder", where, show(v))
	}
	return path, nil
}

// open gets the weight files and gives a tensor's bytes. The files of a group hold its tensors exactly.
func (m *manifest) open(open func(string) ([]byte, error)) (func(*stored) []byte, error) {
	files := make([][][]byte, len(m.groups))
	for i, g := range m.groups {
		got := 0
		for _, path := range g.paths {
			b, err := open(path)
			if err != nil {
				return nil, &failure{"weights: " + err.Error(), ErrWeights, err}
			}
			if got += len(b); got > g.bytes {
				return nil, fail(ErrWeights, "%s: %d bytes or more in the files of its group, the manifest announces %d", path, got, g.bytes)
			}
			files[i] = append(files[i], b)
		}
		if got < g.bytes {
			return nil, fail(ErrTruncated, "%s: %d bytes, the manifest announces %d", strings.Join(g.paths, ", "), got, g.bytes)
		}
	}
	return func(s *stored) []byte {
		at, n := m.place[s][1], s.bytes()
		var joined []byte // where the tensor lies in several files
		for _, b := range files[m.place[s][0]] {
			if at >= len(b) {
				at -= len(b)
				continue
			}
			if joined == nil && at+n <= len(b) {
				return b[at : at+n]
			}
			part := b[at:min(len(b), at+n-len(joined))]
			joined = append(joined, part...)
			if at = 0; len(joined) == n {
				break
			}
		}
		return joined
	}, nil
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
	_, vars, err := build(a.Topology)
	if err != nil {
		return nil, err
	}
	if err := checkWeights(vars, a.Weights); err != nil {
		return nil, err
	}
	top := ordered{}
	topology, err := writeTopology(a.Topology)
	if err != nil {
		return nil, err
	}
	top = append(top, pair{"modelTopology", topology}, pair{"format", "layers-model"}, pair{"generatedBy", a.GeneratedBy}, pair{"convertedBy", nil})

	specs, bytes := []any{}, 0
	add := func(w nn.Weight, name, dtype, group string) {
		spec := ordered{{"name", name}, {"shape", append([]int{}, w.Shape...)}, {"dtype", dtype}}
		if group != "" {
			spec = append(spec, pair{"group", group})
		}
		specs = append(specs, spec)
		bytes += 4 * size(w.Shape)
	}
	names := tfjsNames(a.Topology, vars)
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
		config, _ = t.writeTrainingConfig(decoded)
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
