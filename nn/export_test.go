package nn

import "github.com/tabgrad/tabgrad/nn/prog"

// Alone is a program of one layer without a model around it, for tests: its inputs and variables are variables of the
// program's store, so that gradients can be asked for, and written by the host.
type Alone struct {
	*prog.Builder
	Step     prog.Buf   // the number of the training step
	X        []prog.Buf // the inputs, batches
	Masks    []prog.Buf // their masks, None where there is none
	Vars     []AloneVar
	Out      []prog.Buf
	OutMasks []prog.Buf
	Losses   []prog.Buf // what the layer adds to the loss, with its regularizers' penalties

	lowering *lowering
}

// An AloneVar is a variable of the layer.
type AloneVar struct {
	Name  string
	Buf   prog.Buf
	State bool
}

// LowerAlone lowers a layer for a batch of samples of the given shapes. masked says which inputs have a mask
// [batch, steps].
func LowerAlone(l Layer, samples [][]int, batch int, training bool, masked ...bool) (*Alone, error) {
	i := instanceOf(l)
	if err := validate("layer", i.layer); err != nil {
		return nil, err
	}
	var ins []prog.Shape
	for _, s := range samples {
		ins = append(ins, s)
	}
	app, err := i.build(ins, nil, batch)
	if err != nil {
		return nil, err
	}
	store := &prog.Store{}
	for _, s := range ins {
		store.Add("x", append(prog.Shape{batch}, s...))
	}
	places := map[*variable]int{}
	var vars []*variable
	i.each("", func(_ string, v *variable) {
		places[v] = store.Add(v.name, v.shape)
		vars = append(vars, v)
	})
	b := prog.NewBuilder("alone", store)
	a := &Alone{Builder: b, Step: b.Input("step", 2)}
	a.lowering = &lowering{b: b, step: a.Step, frozen: map[*Instance]bool{i: i.frozen}, store: places, current: map[*variable]prog.Buf{}}
	values := make([]value, len(ins))
	for k := range ins {
		values[k] = value{b.Var(k), prog.None}
		if k < len(masked) && masked[k] {
			values[k].mask = b.Input("mask", batch, ins[k][0])
		}
		a.X, a.Masks = append(a.X, values[k].buf), append(a.Masks, values[k].mask)
	}
	for _, v := range vars {
		a.Vars = append(a.Vars, AloneVar{v.name, a.lowering.variable(v), v.state})
	}
	for _, v := range a.lowering.apply(app, values, 1, training) {
		a.Out, a.OutMasks = append(a.Out, v.buf), append(a.OutMasks, v.mask)
	}
	a.Losses = a.lowering.losses
	for k, v := range vars {
		if v.regularizer != nil {
			a.Losses = append(a.Losses, v.regularizer.Penalty(b, a.Vars[k].Buf))
		}
	}
	return a, b.Err()
}

// Finish writes the states that the layer assigned, after the gradients.
func (a *Alone) Finish() { a.lowering.finish() }
