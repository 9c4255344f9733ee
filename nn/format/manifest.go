package format

import (
	"math"
	"strconv"
	"strings"
)

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
