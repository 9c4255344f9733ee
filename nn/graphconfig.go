package nn

import "slices"

// How a graph is written down (keras/src/models/functional.py): the layers, each with its inbound_nodes, one for each
// time that it is applied. A node names the tensors that the layer is applied to by the layer that made them, which of
// its applications it was, and which of the results.

// A graphLayer is a layer of a graph that is being read.
type graphLayer struct {
	*Instance
	nodes   []nodeConfig
	applied []*application // of the nodes, as far as they are
}

// A graphReader makes a graph of its config.
type graphReader struct {
	name   string
	byName map[string]*graphLayer
	order  []*graphLayer
}

var endKeys = [...]string{"input_layers", "output_layers"}

func graphFrom(config map[string]any) (*Model, error) {
	g := &graphReader{name: "functional", byName: map[string]*graphLayer{}}
	own, _ := config["name"].(string)
	if own != "" {
		g.name = own
	}
	list, ok := config["layers"].([]any)
	if !ok {
		return nil, fail(ErrConfig, "%s: layers is %s, wanted a list", g.name, show(config["layers"]))
	}
	for k, c := range list {
		if err := g.add(k, c); err != nil {
			return nil, err
		}
	}
	var refs [2][]tensorRef
	for k, key := range endKeys {
		if refs[k], ok = refsIn(config[key]); !ok || len(refs[k]) == 0 {
			return nil, fail(ErrConfig, "%s: %s is %s, wanted a list of [layer, node, result]", g.name, key, show(config[key]))
		}
	}
	g.nameLayers()
	g.countFromZero(refs[:])
	if err := g.apply(); err != nil {
		return nil, err
	}
	var ends [2][]*Symbolic
	for k, key := range endKeys {
		for _, ref := range refs[k] {
			x, err := g.tensor(ref)
			if err != nil {
				return nil, fail(ErrConfig, "%s: %s: %v", g.name, key, err)
			}
			ends[k] = append(ends[k], x)
		}
	}
	m := newGraph(g.name, ends[0], ends[1])
	m.self.name = own
	m.self.frozen = config["trainable"] == false
	m.setFrozen()
	return m, m.err
}

// add reads the k-th layer.
func (g *graphReader) add(k int, c any) error {
	entry, ok := c.(map[string]any)
	if !ok {
		return fail(ErrConfig, "%s: layer %d is %s, wanted a class_name, a config, a name and inbound_nodes", g.name, k, show(c))
	}
	name, _ := entry["name"].(string)
	config, _ := entry["config"].(map[string]any)
	if inner, ok := config["name"].(string); ok && name == "" {
		name = inner
	}
	if name == "" {
		return fail(ErrConfig, "%s: layer %d has no name", g.name, k)
	}
	if g.byName[name] != nil {
		return fail(ErrConfig, "%s: two layers have this name", name)
	}
	var l Layer
	var err error
	if value, ok := entry["config"].(Layer); ok {
		l, err = LayerFrom(value)
	} else {
		l, err = LayerFrom(entry)
	}
	if err != nil {
		return err
	}
	of := &graphLayer{Instance: Share(l)}
	nodes, ok := entry["inbound_nodes"].([]any)
	if !ok && entry["inbound_nodes"] != nil {
		return fail(ErrConfig, "%s: inbound_nodes is %s, wanted a list", name, show(entry["inbound_nodes"]))
	}
	for _, n := range nodes {
		node, err := nodeFrom(of.layer, n)
		if err != nil {
			return named(name, err)
		}
		of.nodes = append(of.nodes, node)
	}
	if _, isInput := of.layer.(InputLayer); isInput && len(of.nodes) == 0 {
		of.nodes = []nodeConfig{{}}
	}
	g.byName[name], g.order = of, append(g.order, of)
	return nil
}

// nameLayers gives the layers without a name automatic ones, in their order.
func (g *graphReader) nameLayers() {
	taken := map[string]bool{}
	for _, of := range g.order {
		taken[of.name] = true
	}
	for _, of := range g.order {
		if of.name == "" {
			of.name = autoName(of.layer, taken)
			taken[of.name] = true
		}
	}
}

// countFromZero makes the nodes of models those of other layers. Keras 2 and tfjs count a model's from 1, since
// making it was its node 0; every node that is written down is referred to.
func (g *graphReader) countFromZero(ends [][]tensorRef) {
	lists := slices.Clone(ends)
	for _, of := range g.order {
		for _, n := range of.nodes {
			lists = append(lists, n.in)
		}
	}
	first := map[string]int{}
	for _, list := range lists {
		for _, ref := range list {
			if least, ok := first[ref.layer]; !ok || ref.node < least {
				first[ref.layer] = ref.node
			}
		}
	}
	for _, list := range lists {
		for k, ref := range list {
			if of := g.byName[ref.layer]; of != nil && first[ref.layer] == 1 {
				if _, isModel := of.layer.(*Model); isModel {
					list[k].node--
				}
			}
		}
	}
}

// apply applies the layers, each node when what it needs is there: layers may be shared, so that their order is
// not the nodes'.
func (g *graphReader) apply() error {
	for {
		done, missing := false, ""
		for _, of := range g.order {
			for len(of.applied) < len(of.nodes) {
				node := of.nodes[len(of.applied)]
				x := make([]*Symbolic, len(node.in))
				for k, ref := range node.in {
					var err error
					if x[k], err = g.tensor(ref); err != nil {
						return named(of.name, err)
					}
					if x[k] == nil && missing == "" {
						missing = of.name
					}
				}
				if slices.Contains(x, nil) {
					break
				}
				a := apply(of.Instance, node.args, x)
				if a.err != nil {
					return a.fault(of.name)
				}
				of.applied = append(of.applied, a)
				done = true
			}
		}
		if missing == "" {
			return nil
		}
		if !done {
			return fail(ErrConfig, "%s: it depends on its own output", missing)
		}
	}
}

// tensor is what ref means, nil where it is not there yet.
func (g *graphReader) tensor(ref tensorRef) (*Symbolic, error) {
	of := g.byName[ref.layer]
	switch {
	case of == nil:
		return nil, fail(ErrConfig, "there is no layer %q", ref.layer)
	case ref.node < 0 || ref.node >= len(of.nodes):
		return nil, fail(ErrConfig, "node %d of %s is wanted, it has %d", ref.node, ref.layer, len(of.nodes))
	case ref.node >= len(of.applied):
		return nil, nil
	}
	out := of.applied[ref.node].out
	if ref.result < 0 || ref.result >= len(out) {
		return nil, fail(ErrConfig, "result %d of %s is wanted, it has %d", ref.result, ref.layer, len(out))
	}
	return out[ref.result], nil
}

// graphConfig is Config of a functional model.
func (m *Model) graphConfig(name string) (map[string]any, error) {
	nodes := m.nodes()
	ref := func(x *Symbolic) []any { return []any{x.from.of.name, nodes.index[x.from], x.index} }
	variables := 0
	layers := []any{}
	for _, i := range m.layers {
		i.each("", func(string, *variable) { variables++ })
		c, err := i.config()
		if err != nil {
			return nil, err
		}
		inbound := []any{}
		for _, a := range nodes.of[i] {
			node := []any{}
			for _, x := range a.in {
				args := map[string]any{}
				for key, v := range a.args {
					args[key] = v
				}
				node = append(node, append(ref(x), args))
			}
			if len(node) > 0 {
				inbound = append(inbound, node)
			}
		}
		c["name"], c["inbound_nodes"] = i.name, inbound
		layers = append(layers, c)
	}
	if variables > len(m.vars) {
		return nil, fail(ErrConfig, "%s: a layer is both in it and in a model inside it, which a config cannot say", name)
	}
	ends := func(list []*Symbolic) []any {
		refs := []any{}
		for _, x := range list {
			refs = append(refs, ref(x))
		}
		return refs
	}
	config := map[string]any{
		"name": name, "trainable": !m.self.frozen, "layers": layers,
		"input_layers": ends(m.inputs), "output_layers": ends(m.outputs),
	}
	return map[string]any{"class_name": className(m), "config": config}, nil
}
