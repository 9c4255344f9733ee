package nn

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/tabgrad/tabgrad/nn/prog"
)

// A Symbolic is a tensor that has no numbers yet: an input of a graph, or what a layer makes of others.
// A graph is written down by applying layers, and [NewModel] makes a model of it:
//
//	x := nn.NewInput(28, 28, 1)
//	y := nn.Apply(nn.Conv2D{Filters: 8, Kernel: nn.Size2{3, 3}, Padding: nn.Same}, x)
//	y = nn.Apply(nn.Add{}, x, y)
//	m := nn.NewModel(nn.Inputs(x), nn.Outputs(y))
//
// What is wrong with it NewModel's model reports, once all layers have their names.
type Symbolic struct {
	from  *application // what made it
	index int          // which of its results it is
	shape prog.Shape
}

// Shape is one sample's shape, nil where the graph before it could not be built.
func (x *Symbolic) Shape() []int { return append([]int(nil), x.shape...) }

// Instance is the layer that made x.
func (x *Symbolic) Instance() *Instance { return x.from.of }

// NewInput is an input of a graph, of one sample's shape, without the batch: NewInput(28, 28, 1).
func NewInput(shape ...int) *Symbolic { return Apply(Input(shape...)) }

// NamedInput is NewInput with a name, by which data and messages call it.
func NamedInput(name string, shape ...int) *Symbolic {
	return Apply(InputLayer{Shape: shape, Name: name})
}

// Inputs and Outputs are lists, for NewModel.
func Inputs(x ...*Symbolic) []*Symbolic { return x }

// Outputs is a list, for NewModel.
func Outputs(x ...*Symbolic) []*Symbolic { return x }

// Apply applies a layer to tensors and returns its first result. An [Instance] or a [Model] uses its
// own variables each time, any other layer is a new one each time.
func Apply(l Layer, x ...*Symbolic) *Symbolic { return apply(Share(l), nil, x).out[0] }

// ApplyMulti is Apply for a layer of several results. It fails where the layer cannot be built.
func ApplyMulti(l Layer, x ...*Symbolic) ([]*Symbolic, error) { return ApplyWith(l, nil, x...) }

// ApplyWith is ApplyMulti with arguments beside tensors, as Keras's calls take them: those that the layer names
// ([ArgNamer]), such as {"use_causal_mask": true}, and training, by which the layer, with all that is inside, always
// does what it does in training or in inference.
func ApplyWith(l Layer, args map[string]any, x ...*Symbolic) ([]*Symbolic, error) {
	i := Share(l)
	a := apply(i, args, x)
	if a.err != nil {
		name := i.name
		if name == "" && i.layer != nil {
			name = autoName(i.layer, nil)
		}
		return nil, a.fault(name)
	}
	return a.out, nil
}

// apply makes a node of the graph. One that cannot be built has one result without a shape.
func apply(i *Instance, args map[string]any, x []*Symbolic) *application {
	var ins []prog.Shape
	var err error
	batch := 0
	for k, in := range x {
		switch {
		case in == nil:
			err = fail(ErrConfig, "input %d is nil", k)
		case in.shape == nil && in.from.err != nil: // it is reported there
			err = in.from.err
		default:
			ins = append(ins, in.shape)
			batch = max(batch, in.from.batch)
		}
	}
	input, isInput := i.layer.(InputLayer)
	batch = max(batch, input.Batch)
	switch {
	case err != nil:
	case i.layer == nil:
		err = fail(ErrConfig, "the layer is nil")
	case isInput && len(x) > 0:
		err = fail(ErrConfig, "an input layer is applied to a tensor")
	case !isInput && len(x) == 0:
		err = fail(ErrConfig, "it is applied to nothing, wanted a tensor")
	default:
		if err = checkArgs(i.layer, args); err == nil {
			err = validateBare(i.layer)
		}
	}
	a := &application{of: i, ins: ins, args: args}
	if err == nil {
		if a, err = i.build(ins, args, batch); err != nil {
			a = &application{of: i, ins: ins, args: args}
		}
	}
	a.in, a.err, a.number = slices.DeleteFunc(slices.Clone(x), func(s *Symbolic) bool { return s == nil }), err, len(i.applications)
	i.applications = append(i.applications, a)
	for k, shape := range a.outs {
		a.out = append(a.out, &Symbolic{a, k, shape})
	}
	if len(a.out) == 0 {
		a.out = []*Symbolic{{a, 0, nil}}
	}
	return a
}

// checkArgs says which argument beside tensors the layer does not take.
func checkArgs(l Layer, args map[string]any) error {
	var names []string
	if n, ok := l.(ArgNamer); ok {
		names = n.ArgNames()
	}
	for _, key := range sortedKeys(args) {
		if key == "training" {
			if _, ok := args[key].(bool); !ok {
				return fail(ErrConfig, "training is %s, wanted true or false", show(args[key]))
			}
		} else if !slices.Contains(names, key) {
			return fail(ErrConfig, "it is applied with %s, wanted %s", key, strings.Join(append(names, "training"), " or "))
		}
	}
	return nil
}

// validateBare is validate, without a name before the message.
func validateBare(l Layer) error {
	err := validate("", l)
	if f, ok := err.(*failure); ok {
		return &failure{f.kind, strings.TrimPrefix(f.text, ": ")}
	}
	return err
}

// fault is what is wrong with the application: with the layer's name and, where they are layers' outputs,
// the inputs' names and shapes.
func (a *application) fault(name string) error {
	if len(a.in) > 1 {
		text := ""
		for k, x := range a.in {
			if k > 0 {
				text += " and "
			}
			text += x.from.of.name + " " + x.shape.String()
		}
		return fmt.Errorf("%s: inputs %s: %w", name, text, a.err)
	}
	if len(a.in) == 1 && a.in[0].shape != nil {
		from := a.in[0].from.of
		if _, isInput := from.layer.(InputLayer); !isInput && from.name != "" {
			return fmt.Errorf("%s: %w; it comes after %s, whose output is %v", name, a.err, from.name, a.in[0].shape)
		}
	}
	return named(name, a.err)
}

// NewModel makes a model of the graph from inputs, made by NewInput, to outputs. Layers without a name
// get Keras's automatic ones, in the order in which they were made. Layers that belong to other models
// too share their weights with them; models that share layers share a lock, so NewModel must not be
// called while one of them runs.
func NewModel(inputs, outputs []*Symbolic) *Model { return newGraph("functional", inputs, outputs) }

func newGraph(name string, inputs, outputs []*Symbolic) *Model {
	m := newModel(name)
	m.inputs, m.outputs = slices.Clone(inputs), slices.Clone(outputs)
	m.fail(m.trace())
	return m
}

// trace finds the graph behind the outputs, names its layers and collects their variables.
func (m *Model) trace() error {
	if len(m.outputs) == 0 {
		return fail(ErrConfig, "%s: the model has no outputs", m.name)
	}
	if len(m.inputs) == 0 {
		return fail(ErrConfig, "%s: the model has no inputs", m.name)
	}
	for k, x := range m.inputs {
		if x == nil {
			return fail(ErrConfig, "%s: input %d is nil", m.name, k)
		}
		if slices.Contains(m.inputs[:k], x) {
			return fail(ErrConfig, "%s: input %d is there twice", m.name, k)
		}
	}
	for k, x := range m.outputs {
		if x == nil {
			return fail(ErrConfig, "%s: output %d is nil", m.name, k)
		}
	}
	g := tracer{m: m, place: map[*Instance]int{}, done: map[*application]bool{}, depth: map[*application]int{}}
	for _, x := range m.outputs {
		g.visit(x)
	}
	g.sort()
	if err := m.nameLayers(); err != nil {
		return err
	}
	for _, a := range m.order {
		if a.err != nil && !slices.ContainsFunc(a.in, func(x *Symbolic) bool { return x.from.err != nil }) {
			return a.fault(a.of.name)
		}
	}
	for k, x := range m.inputs {
		if _, isInput := x.from.of.layer.(InputLayer); !isInput {
			return fail(ErrConfig, "%s: input %d is the output of %s, wanted an input", m.name, k, x.from.of.name)
		}
	}
	for _, a := range m.order {
		if _, isInput := a.of.layer.(InputLayer); isInput && !slices.Contains(m.inputs, a.out[0]) {
			return fail(ErrConfig, "%s: the outputs depend on %s, which is not one of the model's inputs", m.name, a.of.name)
		}
	}
	m.collect()
	return nil
}

// A tracer puts applications and layers into Keras's order (keras/src/ops/function.py, map_graph).
type tracer struct {
	m     *Model
	post  []*application // inputs first
	place map[*Instance]int
	done  map[*application]bool
	depth map[*application]int
}

// visit walks back from x. A graph made by Apply has no cycles.
func (g *tracer) visit(x *Symbolic) {
	a := x.from
	if g.done[a] {
		return
	}
	g.done[a] = true
	if _, ok := g.place[a.of]; !ok {
		g.place[a.of] = len(g.place)
	}
	if !slices.Contains(g.m.inputs, x) {
		for _, in := range a.in {
			g.visit(in)
		}
	}
	g.post = append(g.post, a)
}

// sort orders the layers by their distance from the outputs, the farthest first, those at one distance
// as they were found; and the applications so that each comes after what it needs.
func (g *tracer) sort() {
	layerDepth := map[*Instance]int{}
	for _, a := range slices.Backward(g.post) {
		depth := max(g.depth[a], layerDepth[a.of])
		layerDepth[a.of], g.depth[a] = depth, depth
		for _, in := range a.in {
			if g.done[in.from] {
				g.depth[in.from] = max(g.depth[in.from], depth+1)
			}
		}
	}
	for _, x := range g.m.inputs { // one that nothing uses
		if !g.done[x.from] {
			g.done[x.from] = true
			g.post = append([]*application{x.from}, g.post...)
			g.place[x.from.of] = -1
			layerDepth[x.from.of] = 0
		}
	}
	m := g.m
	m.order = nil
	for _, x := range m.inputs {
		m.order = append(m.order, x.from)
	}
	for _, a := range g.post {
		if !slices.ContainsFunc(m.inputs, func(x *Symbolic) bool { return x.from == a }) {
			m.order = append(m.order, a)
		}
	}
	m.layers = nil
	for i := range layerDepth {
		m.layers = append(m.layers, i)
	}
	// SortStableFunc is the smaller code in a browser.
	slices.SortStableFunc(m.layers, func(a, b *Instance) int {
		return cmp.Or(cmp.Compare(layerDepth[b], layerDepth[a]), cmp.Compare(g.place[a], g.place[b]), cmp.Compare(a.number, b.number))
	})
}

// nameLayers names the layers that have no name, as they were made.
func (m *Model) nameLayers() error {
	taken := map[string]bool{}
	var nameless []*Instance
	for _, i := range m.layers {
		switch {
		case i.name == "":
			nameless = append(nameless, i)
		case taken[i.name]:
			return fail(ErrConfig, "%s: two layers have this name", i.name)
		}
		taken[i.name] = true
	}
	slices.SortStableFunc(nameless, func(a, b *Instance) int { return cmp.Compare(a.number, b.number) })
	for _, i := range nameless {
		i.name = "layer"
		if i.layer != nil {
			i.name = autoName(i.layer, taken)
		}
		taken[i.name] = true
	}
	return nil
}
