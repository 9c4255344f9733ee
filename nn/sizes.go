package nn

import "reflect"

// The types of this file are arguments of one number or more, which configs write as one number for all or as
// lists of them.

// Size1 is a length along one dimension: 3, or [3].
type Size1 int

// Size2 is a height and a width: 3 for both, or [3, 5].
type Size2 [2]int

// Ends is how much at the beginning and at the end of a sequence: one number for both, or two.
type Ends []int

// Sides is how much at each side of an image: one number for all, two for height and width, or four: top,
// bottom, left and right, which configs write as [[top, bottom], [left, right]].
type Sides []int

// NoiseShape is the shape of random numbers that are stretched to a tensor's, with the batch first. 0, which
// configs write as null, is the tensor's own size.
type NoiseShape []int

// A sized argument is one of these types.
type sized interface {
	// kind is the Arg's Type, and wanted says what a config may give.
	kind() (kind, wanted string)
	// numbers are all its numbers, none where the argument is absent.
	numbers() []int
	// config is how configs write it, and read what they write, or false.
	config() any
	read(val any) (sized, bool)
}

func (Size1) kind() (string, string) { return "length", "a whole number" }
func (Size2) kind() (string, string) { return "size", "a whole number or two" }
func (Ends) kind() (string, string)  { return "ends", "a whole number or two" }
func (Sides) kind() (string, string) { return "sides", "a whole number, two, or two pairs" }
func (NoiseShape) kind() (string, string) {
	return "noise shape", "a list of whole numbers, at least 1, or null where it is as the input's"
}

func (x Size1) numbers() []int {
	if x == 0 {
		return nil
	}
	return []int{int(x)}
}

func (x Size2) numbers() []int {
	if x == (Size2{}) {
		return nil
	}
	return x[:]
}

func (x Ends) numbers() []int { return x }

func (x Sides) numbers() []int { return x }

func (x NoiseShape) numbers() []int { return x }

func (x Size1) config() any { return int(x) }

func (x Size2) config() any { return []any{x[0], x[1]} }

func (x Ends) config() any {
	s := x.all()
	return []any{s[2], s[3]}
}

func (x Sides) config() any {
	s := x.all()
	return []any{[]any{s[0], s[1]}, []any{s[2], s[3]}}
}

func (x NoiseShape) config() any {
	list := make([]any, len(x))
	for i, n := range x {
		if n != 0 {
			list[i] = n
		}
	}
	return list
}

// all is 0, 0, the beginning and the end: the sides of an image of height 1.
func (x Ends) all() (s [4]int) {
	if len(x) > 0 {
		s[2], s[3] = x[0], x[len(x)-1]
	}
	return s
}

// all is top, bottom, left, right.
func (x Sides) all() (s [4]int) {
	switch len(x) {
	case 1:
		return [4]int{x[0], x[0], x[0], x[0]}
	case 2:
		return [4]int{x[0], x[0], x[1], x[1]}
	}
	copy(s[:], x)
	return s
}

// fits reports whether there are as many numbers as the type may have.
func fits(x sized) bool {
	n := len(x.numbers())
	switch x.(type) {
	case Ends:
		return n <= 2
	case Sides:
		return n <= 2 || n == 4
	}
	return true
}

func (Size1) read(val any) (sized, bool) {
	list, ok := oneOr(1, val)
	return Size1(list[0]), ok
}

func (Size2) read(val any) (sized, bool) {
	list, ok := oneOr(2, val)
	return Size2(list), ok
}

func (Ends) read(val any) (sized, bool) {
	list, ok := oneOr(2, val)
	return Ends(list), ok
}

func (Sides) read(val any) (sized, bool) {
	if list, ok := oneOr(2, val); ok {
		return Sides{list[0], list[0], list[1], list[1]}, true
	}
	pairs, ok := val.([]any)
	if !ok || len(pairs) != 2 {
		return nil, false
	}
	var sides Sides
	for _, p := range pairs {
		list, ok := oneOr(2, p)
		if !ok {
			return nil, false
		}
		sides = append(sides, list...)
	}
	return sides, true
}

func (NoiseShape) read(val any) (sized, bool) {
	list, ok := val.([]any)
	shape := make(NoiseShape, len(list))
	for i, v := range list {
		if v != nil {
			if shape[i], ok = whole(v); !ok || shape[i] < 1 {
				return nil, false
			}
		}
	}
	return shape, ok
}

// oneOr reads one number, for all n of a list, or the list. The list has n elements in any case.
func oneOr(n int, val any) ([]int, bool) {
	list, ok := ints(val, false)
	if one, isOne := whole(val); isOne {
		for list, ok = nil, true; len(list) < n; {
			list = append(list, one)
		}
	}
	if len(list) != n {
		return make([]int, n), false
	}
	return list, ok
}

var typeSized = reflect.TypeFor[sized]()

// sizedIn is the sized argument in a field, or in what the field points to; given is whether it is there.
func sizedIn(f reflect.Value) (x sized, given, ok bool) {
	if !f.Type().Implements(typeSized) {
		return nil, false, false
	}
	if f.Kind() != reflect.Pointer {
		x = f.Interface().(sized)
		return x, len(x.numbers()) > 0, true
	}
	if f.IsNil() {
		return reflect.Zero(f.Type().Elem()).Interface().(sized), false, true
	}
	return f.Elem().Interface().(sized), true, true
}

// setSized puts x into a field or into what it points to from then on.
func setSized(f reflect.Value, x sized) {
	if f.Kind() == reflect.Pointer {
		f.Set(reflect.New(f.Type().Elem()))
		f = f.Elem()
	}
	f.Set(reflect.ValueOf(x))
}

// decodeSized reads a sized argument. It returns what is wanted where val is none.
func (a *Arg) decodeSized(val any, f reflect.Value, x sized) (want string) {
	if x, ok := x.read(val); ok && a.inRange(x) {
		setSized(f, x)
		return ""
	}
	_, want = x.kind()
	if a.min >= 0 {
		want += ", at least " + text(a.min)
	}
	return want
}

func (a *Arg) inRange(x sized) bool {
	for _, n := range x.numbers() {
		if float64(n) < a.min {
			return false
		}
	}
	return a.min <= 0 || len(x.numbers()) > 0 // 0 is not the absence of a length
}

// checkSized checks a sized argument that was given in Go.
func (a *Arg) checkSized(where string, x sized) error {
	if fits(x) && a.inRange(x) {
		return nil
	}
	list := []any{}
	for _, n := range x.numbers() {
		list = append(list, n)
	}
	_, want := x.kind()
	if fits(x) {
		want = "at least " + text(a.min)
	}
	return fail(ErrConfig, "%s: %s is %s, wanted %s", where, a.Name, show(list), want)
}
