package nn

import (
	"slices"
	"strings"
)

// A tensorRef is [layer's name, its node, that node's result].
type tensorRef struct {
	layer        string
	node, result int
}

// A nodeConfig is one application: of tensors, and with other arguments.
type nodeConfig struct {
	in   []tensorRef
	args map[string]any
}

// nodeFrom reads one of a layer's inbound_nodes: Keras 3's {"args", "kwargs"}, or Keras 2's list of [layer, node,
// result, kwargs].
func nodeFrom(l Layer, n any) (nodeConfig, error) {
	out := nodeConfig{}
	byName := map[string][]tensorRef{}
	bad := func() (nodeConfig, error) {
		return out, fail(ErrConfig, "a node is %s, wanted tensors as [layer, node, result]", show(n))
	}
	var args []any
	kwargs := map[string]any{}
	switch n := n.(type) {
	case map[string]any:
		args, _ = n["args"].([]any)
		kwargs, _ = n["kwargs"].(map[string]any)
	case []any:
		args = []any{n}
		list := n
		if len(n) > 0 && isName(n[0]) { // one tensor, without the list around it
			list = []any{n}
		}
		for _, one := range list {
			if parts, ok := one.([]any); ok && len(parts) == 4 {
				if k, ok := parts[3].(map[string]any); ok && len(k) > 0 {
					kwargs = k
				}
			}
		}
	default:
		return bad()
	}
	names := inputNames(l)
	for k, arg := range args {
		refs, ok := refsOf(l, arg)
		if !ok {
			if arg == nil && k > 0 {
				continue
			}
			if k > 0 {
				return out, fail(ErrConfig, "argument %d of a node is %s, wanted a tensor", k, show(arg))
			}
			return bad()
		}
		out.in = append(out.in, refs...)
	}
	for _, key := range sortedKeys(kwargs) {
		v := kwargs[key]
		if refs, ok := refsOf(l, v); ok && v != nil {
			if !slices.ContainsFunc(names, func(name string) bool { return strings.TrimSuffix(name, "...") == key }) {
				return out, fail(ErrConfig, "the argument %s is a tensor, and not one of its inputs", key)
			}
			byName[key] = refs
		} else if !isNothing(v) {
			if out.args == nil {
				out.args = map[string]any{}
			}
			out.args[key] = v
		}
	}
	for _, name := range names { // in the order of the names, behind those that came without one
		out.in = append(out.in, byName[strings.TrimSuffix(name, "...")]...)
	}
	return out, nil
}

// isNothing is whether v is null, or nulls: the masks of tensors without masks.
func isNothing(v any) bool {
	list, ok := v.([]any)
	return v == nil || ok && !slices.ContainsFunc(list, func(one any) bool { return one != nil })
}

func isName(v any) bool { _, ok := v.(string); return ok }

// inputNames are the names of l's inputs, where they have any.
func inputNames(l Layer) []string {
	if n, ok := l.(InputNamer); ok {
		return n.InputNames()
	}
	return nil
}

// refsOf are the tensors of an argument: one, a list, or an object by the names of a model's inputs.
func refsOf(l Layer, v any) ([]tensorRef, bool) {
	o, isObject := v.(map[string]any)
	if _, isTensor := o["class_name"]; !isObject || isTensor {
		return refsIn(v)
	}
	keys := sortedKeys(o)
	if m, ok := l.(*Model); ok && len(m.inputs) == len(keys) {
		keys = nil
		for _, x := range m.inputs {
			keys = append(keys, x.from.of.name)
		}
	}
	var list []any
	for _, key := range keys {
		list = append(list, o[key])
	}
	return refsIn(list)
}

// refsIn reads tensors: one as [layer, node, result], perhaps with kwargs, or as Keras 3's __keras_tensor__; a
// list of these; or an object of them, in the order of its keys.
func refsIn(v any) ([]tensorRef, bool) {
	switch v := v.(type) {
	case map[string]any:
		if v["class_name"] == "__keras_tensor__" {
			config, _ := v["config"].(map[string]any)
			return refsIn(config["keras_history"])
		}
		var list []any
		for _, key := range sortedKeys(v) {
			list = append(list, v[key])
		}
		return refsIn(list)
	case []any:
		if len(v) >= 3 && len(v) <= 4 && isName(v[0]) {
			name := v[0].(string)
			node, ok1 := whole(v[1])
			result, ok2 := whole(v[2])
			return []tensorRef{{name, node, result}}, ok1 && ok2
		}
		var refs []tensorRef
		for _, one := range v {
			more, ok := refsIn(one)
			if !ok || len(more) != 1 {
				return nil, false
			}
			refs = append(refs, more...)
		}
		return refs, len(refs) > 0
	}
	return nil, false
}

// nodes are a model's applications as Keras counts them: by layer, each layer's from 0.
type nodes struct {
	of    map[*Instance][]*application
	index map[*application]int
}

func (m *Model) nodes() *nodes {
	n := &nodes{map[*Instance][]*application{}, map[*application]int{}}
	for _, a := range m.order {
		n.of[a.of] = append(n.of[a.of], a)
	}
	for _, list := range n.of {
		slices.SortStableFunc(list, func(a, b *application) int { return a.number - b.number })
		for k, a := range list {
			n.index[a] = k
		}
	}
	return n
}
