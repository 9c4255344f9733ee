package nn

import (
	"reflect"

	"github.com/tabgrad/tabgrad/nn/prog"
)

// An Adapter is a layer that learns something of the data before any training: a mean, a vocabulary. It is
// Keras's adapt; see [Adapt].
type Adapter interface {
	Layer
	// Learner begins to learn from samples of the given shape.
	Learner(sample prog.Shape) (Learner, error)
}

// A Learner goes once over the data, batch by batch.
type Learner interface {
	// Learn takes a batch [n, sample...] of finite numbers.
	Learn(batch []float32) error
	// Done is the layer that has learnt, and what its variables begin as, in Keras's order; nil for what
	// their initializers say.
	Done() (Layer, [][]float32, error)
}

// Adapt is the layer l having learnt from all of data, as Keras's layer.adapt(array) leaves it: a Normalization
// with the data's mean and variance, a Discretization with its quantiles, an IntegerLookup with its
// vocabulary. It goes wherever a layer goes. It fails with ErrConfig where l is no Adapter, and with ErrData
// where there are no data or they hold NaN.
func Adapt(l Layer, data Column) (*Instance, error) {
	a, err := NewAdaptation(l)
	if err != nil {
		return nil, err
	}
	n, shape := data.Len(), prog.Shape(data.Shape())
	all := make([]float32, n*shape.Size())
	for i := range n {
		data.CopyRow(all[i*shape.Size():(i+1)*shape.Size()], i)
	}
	if err := a.Add(Tensor{append([]int{n}, shape...), all}); err != nil {
		return nil, err
	}
	return a.Layer()
}

// An Adaptation is Adapt for data that come in batches, larger than memory perhaps. Keras's numbers for
// an iterable of batches: a mean is that of all data, quantiles are approximate.
type Adaptation struct {
	of      *Instance
	adapter Adapter
	learner Learner
	sample  prog.Shape
}

// NewAdaptation begins to adapt l, which has not been applied yet.
func NewAdaptation(l Layer) (*Adaptation, error) {
	i := instanceOf(l)
	a, ok := i.layer.(Adapter)
	if !ok {
		return nil, fail(ErrConfig, "adapt: %s learns nothing from data", layerName(l))
	}
	if i.built {
		return nil, fail(ErrConfig, "adapt: %s is part of a model already, wanted it adapted before", layerName(i.layer))
	}
	if err := validate(layerName(i.layer), i.layer); err != nil {
		return nil, err
	}
	return &Adaptation{of: i, adapter: a}, nil
}

// Add learns from a batch [n, sample...].
func (a *Adaptation) Add(batch Tensor) error {
	name := layerName(a.of.layer)
	if len(batch.Shape) == 0 || prog.Shape(batch.Shape).Size() != len(batch.Data) {
		return fail(ErrShape, "adapt: %s: got %d numbers as a batch of %v", name, len(batch.Data), prog.Shape(batch.Shape))
	}
	sample := prog.Shape(batch.Shape[1:])
	if a.learner == nil {
		a.sample = append(prog.Shape{}, sample...)
		var err error
		if a.learner, err = a.adapter.Learner(a.sample); err != nil {
			return named("adapt: "+name, err)
		}
	}
	if !sample.Equal(a.sample) {
		return fail(ErrShape, "adapt: %s: a batch has samples of %v, the first had %v", name, sample, a.sample)
	}
	if at := notFinite(batch.Data); at >= 0 {
		return fail(ErrData, "adapt: %s: sample %d holds %v", name, at/max(1, sample.Size()), batch.Data[at])
	}
	if len(batch.Data) == 0 {
		return nil
	}
	if err := a.learner.Learn(batch.Data); err != nil {
		return named("adapt: "+name, err)
	}
	return nil
}

// Layer is the layer that has learnt from what was added.
func (a *Adaptation) Layer() (*Instance, error) {
	name := layerName(a.of.layer)
	if a.learner == nil {
		return nil, fail(ErrData, "adapt: %s: there are no data", name)
	}
	l, values, err := a.learner.Done()
	if err != nil {
		return nil, named("adapt: "+name, err)
	}
	a.of.layer, a.of.initial = l, values
	return a.of, nil
}

// Initial is what the instance's variables begin as where that was given, by Adapt or with the layer's config, in
// Keras's order; nil where their initializers say it.
func (i *Instance) Initial() [][]float32 { return i.initial }

// given is an initializer of fixed numbers.
type given []float32

func (g given) Init(dst []float32, _ prog.Shape, _ *Stream) { copy(dst, g) }

// begin makes the variables begin as values, in Keras's order, unless there are none.
func (i *Instance) begin(values [][]float32) error {
	if values == nil {
		return nil
	}
	var all []*variable
	i.each("", func(_ string, v *variable) { all = append(all, v) })
	if len(values) != len(all) {
		return fail(ErrShape, "weights has %d arrays, wanted %d", len(values), len(all))
	}
	for k, v := range all {
		if len(values[k]) != v.shape.Size() {
			return fail(ErrShape, "weights: array %d has %d numbers, wanted %s %v", k, len(values[k]), v.name, v.shape)
		}
		if at := notFinite(values[k]); at >= 0 {
			return fail(ErrData, "weights: array %d holds %v at element %d, wanted finite numbers", k, values[k][at], at)
		}
		v.init = given(values[k])
	}
	return nil
}

// WithWeights is the layer with values that its variables begin as, in Keras's order. They are no part of its config.
func WithWeights(l Layer, values ...[]float32) *Instance {
	i := instanceOf(l)
	i.initial = values
	return i
}

// withWeights is l with the first values of its variables, as a config gives them: a list of arrays of numbers,
// flat or nested, or of tensors {data, shape}.
func withWeights(l Layer, val any) (*Instance, error) {
	i := instanceOf(l)
	list := reflect.ValueOf(val)
	bad := func() (*Instance, error) {
		return nil, fail(ErrConfig, "%s: weights is %s, wanted a list of arrays", layerName(l), show(val))
	}
	if list.Kind() != reflect.Slice {
		return bad()
	}
	i.initial = [][]float32{}
	for k := range list.Len() {
		of := list.Index(k).Interface()
		if t, ok := of.(map[string]any); ok {
			of = t["data"]
		}
		if v := reflect.ValueOf(of); v.Kind() != reflect.Slice {
			return bad()
		}
		numbers, ok := flatten(nil, of)
		if !ok {
			return bad()
		}
		i.initial = append(i.initial, numbers)
	}
	return i, nil
}

// flatten appends all numbers of nested lists.
func flatten(to []float32, val any) ([]float32, bool) {
	if f, ok := val.([]float32); ok {
		return append(to, f...), true
	}
	if n, ok := number(val); ok {
		return append(to, float32(n)), true
	}
	v := reflect.ValueOf(val)
	ok := v.Kind() == reflect.Slice
	for k := 0; ok && k < v.Len(); k++ {
		to, ok = flatten(to, v.Index(k).Interface())
	}
	return to, ok
}
