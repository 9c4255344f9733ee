package nn

// An InputChecker is a layer that not all numbers make sense for. Where it is applied to an input of the model,
// or to what only reshapes one, the data are checked.
type InputChecker interface {
	// CheckInput finds the first value that the layer cannot take, -1 for none, and says what is wanted.
	CheckInput(values []float32) (at int, wanted string)
}

// inputCheck is a layer that looks at one of the model's inputs.
type inputCheck struct {
	input int
	name  string
	by    InputChecker
}

// inputChecks finds the checkers that the graph's inputs reach unchanged. have says which input of the model an
// input of this graph is, -1 where it is none.
func (m *Model) inputChecks(have []int) []inputCheck {
	of := map[*Symbolic]int{}
	for k, x := range m.inputs {
		of[x] = have[k]
	}
	var checks []inputCheck
	for _, a := range m.order {
		inputs := make([]int, len(a.in))
		for k, x := range a.in {
			i, ok := of[x]
			if inputs[k] = i; !ok {
				inputs[k] = -1
			}
		}
		if len(inputs) == 0 {
			continue
		}
		switch l := a.of.layer.(type) {
		case *Model:
			checks = append(checks, l.inputChecks(inputs)...)
		case InputChecker:
			if inputs[0] >= 0 {
				checks = append(checks, inputCheck{inputs[0], a.of.name, l})
			}
		case Flatten, Reshape:
			of[a.out[0]] = inputs[0]
		}
	}
	return checks
}

// counting is 0, 1, ..., n-1.
func counting(n int) []int {
	list := make([]int, n)
	for i := range list {
		list[i] = i
	}
	return list
}

// checkInputs looks at a batch of n samples' inputs for the layers that want particular numbers. numbered says which
// sample of the data a row is.
func (m *Model) checkInputs(xs [][]float32, n int, numbered func(row int) int) error {
	for _, c := range m.checks {
		x := xs[c.input]
		if at, wanted := c.by.CheckInput(x); at >= 0 {
			return fail(ErrData, "%s: sample %d holds %v at element %d, %s", c.name, numbered(at*n/len(x)), x[at], at%(len(x)/n), wanted)
		}
	}
	return nil
}
