package nn

import (
	"fmt"
	"reflect"
	"strconv"
	"sync/atomic"

	"github.com/tabgrad/tabgrad/nn/prog"
)

// An Instance is a layer with its variables: what Keras calls a layer object. Applied several times it
// uses the same variables each time, and their gradients add up; models that have it share them. It is
// a Layer itself, so it goes wherever a layer goes.
type Instance struct {
	layer  Layer
	name   string // in its model; empty before it has one
	number uint64 // instances are counted as they are made: automatic names go by it
	frozen bool

	built   bool
	initial [][]float32 // what the variables begin as, in Keras's order; nil for what their initializers say
	vars    []*variable
	states  []*variable
	parts   []*Instance // of a model its layers, of a wrapper what is inside

	applications []*application
	users        []*Model // the models whose variables it has
}

// A variable is a tensor that outlives a step: a parameter, or state.
type variable struct {
	name        string // "kernel"
	owner       *Instance
	shape       prog.Shape
	init        Initializer
	regularizer Regularizer // nil for none
	constraint  Constraint  // nil for none
	state       bool
	carried     bool // state that is no weight: see Scope.Carry

	value   []float32 // nil before it is drawn
	holder  *Model    // whose engine has a newer value than value is; nil for none
	version uint64    // counts how often it was written
}

// An application is one use of an instance: a node of the graph.
type application struct {
	of        *Instance
	number    int            // of its instance's applications: Keras's node index
	in, out   []*Symbolic    // nil for a layer inside another
	ins, outs []prog.Shape   // one sample's
	args      map[string]any // beside tensors; nil for none
	batch     int            // how many samples it is always applied to; 0 for any number
	subs      []*application // of the layers inside
	err       error          // why it could not be built
}

var instances atomic.Uint64

// Share makes an instance of a layer, to be applied several times or put into several models. Of an
// instance it is the instance itself.
func Share(l Layer) *Instance {
	i := instanceOf(l)
	if i.number == 0 {
		i.number = instances.Add(1)
	}
	return i
}

// instanceOf is the instance that l is or belongs to, else a new one, not yet counted.
func instanceOf(l Layer) *Instance {
	switch l := l.(type) {
	case *Instance:
		if l != nil {
			return l
		}
	case *Model:
		if l != nil {
			return l.self
		}
	}
	if v := reflect.ValueOf(l); !v.IsValid() || v.Kind() == reflect.Pointer && v.IsNil() {
		return &Instance{}
	}
	l = complete(l).(Layer)
	return &Instance{layer: l, name: nameOf(l), frozen: frozenOf(l)}
}

// Name is the instance's name, empty before a model has given it one.
func (i *Instance) Name() string { return i.name }

// Layer is the layer, with its defaults filled in.
func (i *Instance) Layer() Layer { return i.layer }

// Output is what the instance's first application returned: the place in the graph behind it, from
// which a new model can be made that shares the layers before it. nil before it is applied.
func (i *Instance) Output() *Symbolic {
	if len(i.applications) == 0 || len(i.applications[0].out) == 0 {
		return nil
	}
	return i.applications[0].out[0]
}

// Input is what the instance was first applied to. nil before.
func (i *Instance) Input() *Symbolic {
	if len(i.applications) == 0 || len(i.applications[0].in) == 0 {
		return i.Output() // of an input
	}
	return i.applications[0].in[0]
}

// CountParams is the number of elements of the instance's variables, and of those of what is inside it.
func (i *Instance) CountParams() int { return i.count() }

// Build makes an Instance a Layer.
func (i *Instance) Build(s *Scope, in prog.Shape) (prog.Shape, error) { return i.layer.Build(s, in) }

// Lower makes an Instance a Layer.
func (i *Instance) Lower(c *Call, x prog.Buf) prog.Buf { return i.layer.Lower(c, x) }

// nameOf is the Name field of a layer that has one.
func nameOf(l Layer) string {
	v := reflect.Indirect(reflect.ValueOf(l))
	if v.Kind() == reflect.Struct {
		if f := v.FieldByName("Name"); f.IsValid() && f.Kind() == reflect.String {
			return f.String()
		}
	}
	return ""
}

// frozenOf is the Frozen field of a layer that has one.
func frozenOf(l Layer) bool {
	v := reflect.Indirect(reflect.ValueOf(l))
	if v.Kind() == reflect.Struct {
		if f := v.FieldByName("Frozen"); f.IsValid() && f.Kind() == reflect.Bool {
			return f.Bool()
		}
	}
	return false
}

// autoName is Keras's automatic name of a layer, where taken has not got it: dense, dense_1, ...
func autoName(l Layer, taken map[string]bool) string {
	base := "layer"
	switch e := byType[reflect.TypeOf(l)]; {
	case e != nil:
		base = e.Name
	default:
		if m, ok := l.(*Model); ok {
			base = m.name
		}
	}
	name := base
	for i := 1; taken[name]; i++ {
		name = base + "_" + strconv.Itoa(i)
	}
	return name
}

// freeze sets whether the instance and all inside it is trained.
func (i *Instance) freeze(frozen bool) {
	i.frozen = frozen
	for _, p := range i.parts {
		p.freeze(frozen)
	}
}

// each calls f with every variable in Keras's order: parameters, then state, then those of the layers
// inside. path is the instance's name and a slash.
func (i *Instance) each(path string, f func(name string, v *variable)) {
	for _, v := range i.vars {
		f(path+v.name, v)
	}
	for _, v := range i.states {
		f(path+v.name, v)
	}
	for _, p := range i.parts {
		p.each(path+p.name+"/", f)
	}
}

// count is the number of elements of the instance's weights, each counted once.
func (i *Instance) count() int {
	n := 0
	seen := map[*variable]bool{}
	i.each("", func(_ string, v *variable) {
		if !seen[v] && !v.carried {
			seen[v] = true
			n += v.shape.Size()
		}
	})
	return n
}

// build applies the instance to inputs of the shapes ins. The first time it gets its variables; later
// it must want the same ones.
func (i *Instance) build(ins []prog.Shape, args map[string]any, batch int) (*application, error) {
	fresh := &Instance{layer: i.layer, name: i.name, frozen: i.frozen}
	app := &application{of: fresh, ins: ins, args: args, batch: batch}
	s := &Scope{app}
	if multi, ok := i.layer.(MultiLayer); ok {
		outs, err := multi.BuildMulti(s, ins)
		if err != nil {
			return nil, err
		}
		app.outs = outs
	} else {
		if _, isInput := i.layer.(InputLayer); !isInput && len(ins) != 1 {
			return nil, fail(ErrConfig, "got %d inputs, wanted 1", len(ins))
		}
		var in prog.Shape
		if len(ins) > 0 {
			in = ins[0]
		}
		out, err := i.layer.Build(s, in)
		if err != nil {
			return nil, err
		}
		app.outs = []prog.Shape{out}
	}
	if len(app.outs) == 0 {
		return nil, fail(ErrConfig, "it has no output")
	}
	for _, out := range app.outs {
		if !fits31(out) {
			return nil, fail(ErrShape, "output %v, wanted at most %d elements", out, maxSize)
		}
	}
	if i.built {
		if err := i.same(fresh, ins); err != nil {
			return nil, err
		}
	} else {
		for _, v := range append(append([]*variable{}, fresh.vars...), fresh.states...) {
			if !fits31(v.shape) {
				return nil, fail(ErrShape, "%s is %v, wanted at most %d elements", v.name, v.shape, maxSize)
			}
			if err := v.check(); err != nil {
				return nil, err
			}
			v.owner = i
		}
		if err := fresh.begin(i.initial); err != nil {
			return nil, err
		}
		i.vars, i.states, i.parts, i.built = fresh.vars, fresh.states, fresh.parts, true
	}
	app.bind(i)
	return app, nil
}

// maxSize is the most elements that a sample's tensor or a variable may have, far from where an int
// overflows: a config from outside may ask for anything.
const maxSize = 1<<31 - 1

func fits31(s prog.Shape) bool {
	n := 1
	for _, d := range s {
		if d < 0 || d > 0 && n > maxSize/d {
			return false
		}
		n *= d
	}
	return true
}

// same checks that an instance that is built again wants the variables that it has.
func (i *Instance) same(again *Instance, ins []prog.Shape) error {
	if i == again {
		return nil
	}
	for _, lists := range [][2][]*variable{{i.vars, again.vars}, {i.states, again.states}} {
		have, want := lists[0], lists[1]
		if len(have) != len(want) {
			return fail(ErrShape, "its other inputs gave it %d variables, %s wants %d", len(have), shapesText(ins), len(want))
		}
		for k, v := range have {
			if !v.shape.Equal(want[k].shape) {
				return fail(ErrShape, "%s was built as %v, input %s wants %v", v.name, v.shape, shapesText(ins), want[k].shape)
			}
		}
	}
	if len(i.parts) != len(again.parts) {
		return fail(ErrShape, "its other inputs gave it %d layers, %s wants %d", len(i.parts), shapesText(ins), len(again.parts))
	}
	for k, p := range i.parts {
		if err := p.same(again.parts[k], ins); err != nil {
			return named(p.name, err)
		}
	}
	return nil
}

// bind makes i the instance that the application and what is inside it use.
func (a *application) bind(i *Instance) {
	a.of = i
	for k, sub := range a.subs {
		sub.bind(i.parts[k])
	}
}

// named puts a layer's name before its error.
func named(name string, err error) error { return fmt.Errorf("%s: %w", name, err) }

func shapesText(shapes []prog.Shape) string {
	text := ""
	for k, s := range shapes {
		if k > 0 {
			text += " and "
		}
		text += s.String()
	}
	return text
}
