package format

import (
	"strings"

	"github.com/tabgrad/tabgrad/nn"
)

// match finds the tensor of each variable: tensors[found[i]] is vars[i]'s. Names decide where every
// variable finds its own, perhaps under a longer one as converters write them (sequential/dense/kernel:0,
// lstm/cell/kernel); else the order does, where the last parts of the names and the shapes agree. No
// tensor may be left over. flat are the variables under tfjs's names: see flatWeights.
func match(vars, flat []nn.Weight, tensors []*stored) (found []int, err error) {
	for _, wanted := range [][]nn.Weight{vars, flat} {
		for _, forms := range [...]func(name string) []string{
			func(name string) []string { return []string{name} },
			shorter,
		} {
			if found, ok := byName(wanted, tensors, forms); ok {
				return found, checkShapes(vars, tensors, found)
			}
		}
	}
	if len(vars) != len(tensors) {
		return nil, fail(ErrWeights, "weights: the file has %d, the model wants %d%s", len(tensors), len(vars), odd(vars, tensors))
	}
	for i, v := range vars {
		if name := last(strings.TrimSuffix(tensors[i].name, ":0")); name != last(v.Name) && name != last(flat[i].Name) {
			return nil, fail(ErrWeights, "%s: wanted %s%s", tensors[i].where, clip(v.Name), odd(vars, tensors))
		}
		found = append(found, i)
	}
	return found, checkShapes(vars, tensors, found)
}

func byName(vars []nn.Weight, tensors []*stored, forms func(string) []string) ([]int, bool) {
	if len(vars) != len(tensors) {
		return nil, false
	}
	index := map[string]int{}
	for i, t := range tensors {
		for _, form := range forms(t.name) {
			if _, twice := index[form]; twice {
				return nil, false
			}
			index[form] = i
		}
	}
	found, taken := make([]int, len(vars)), make([]bool, len(tensors))
	for i, v := range vars {
		at, ok := index[v.Name]
		if !ok || taken[at] {
			return nil, false
		}
		found[i], taken[at] = at, true
	}
	return found, true
}

// shorter are a name without TensorFlow's :0, the same without the last part but one, and its last two
// parts.
func shorter(name string) []string {
	name = strings.TrimSuffix(name, ":0")
	forms := []string{name}
	parts := strings.Split(name, "/")
	if n := len(parts); n > 2 {
		forms = append(forms, strings.Join(parts[:n-2], "/")+"/"+parts[n-1])
		if two := parts[n-2] + "/" + parts[n-1]; two != forms[1] {
			forms = append(forms, two)
		}
	}
	return forms
}

func last(name string) string { return name[strings.LastIndexByte(name, '/')+1:] }

func checkShapes(vars []nn.Weight, tensors []*stored, found []int) error {
	for i, v := range vars {
		if t := tensors[found[i]]; !sameShape(t.shape, v.Shape) {
			return fail(ErrWeights, "%s: shape is %v, the model wants %v", t.where, t.shape, v.Shape)
		}
	}
	return nil
}

// odd names one variable that is missing and one tensor that is left over.
func odd(vars []nn.Weight, tensors []*stored) string {
	in, wanted := map[string]bool{}, map[string]bool{}
	for _, t := range tensors {
		in[t.name] = true
	}
	text := ""
	for _, v := range vars {
		if wanted[v.Name] = true; !in[v.Name] && text == "" {
			text = "; " + clip(v.Name) + " is missing"
		}
	}
	for _, t := range tensors {
		if !wanted[t.name] {
			return text + "; the model has no " + clip(t.name)
		}
	}
	return text
}
