package endpoint

import (
	"encoding/json"
	"net/http"
	"strconv"
)

// A jsonReader reads {"instances": [...]} straight into float32: through any and []any the numbers of a
// megabyte of JSON would take thirty, and nesting is bounded here.
type jsonReader struct {
	src  []byte
	at   int
	most int // numbers

	x     []float32
	shape []int // by depth; -1 where no list of that depth has been closed
	leaf  int   // the depth at which numbers stand; -1 before the first
}

// maxDepth is how deep lists may nest: the instances' own and a sample's dimensions.
const maxDepth = 8

func (d *jsonReader) fail(wanted string) *problem {
	d.space()
	if d.at >= len(d.src) {
		return refuse(http.StatusBadRequest, codeJSON, "body: the JSON ends at byte %d, wanted %s", d.at, wanted)
	}
	return refuse(http.StatusBadRequest, codeJSON, "body: byte %d is %q, wanted %s", d.at, d.src[d.at], wanted)
}

func (d *jsonReader) space() {
	for d.at < len(d.src) && (d.src[d.at] == ' ' || d.src[d.at] == '\n' || d.src[d.at] == '\t' || d.src[d.at] == '\r') {
		d.at++
	}
}

// next skips space and reports whether c comes then, which it skips too.
func (d *jsonReader) next(c byte) bool {
	d.space()
	if d.at < len(d.src) && d.src[d.at] == c {
		d.at++
		return true
	}
	return false
}

// instances returns the numbers and the shape that they nest in.
func (d *jsonReader) instances() ([]float32, []int, *problem) {
	if !d.next('{') {
		return nil, nil, d.fail(`an object: {"instances": [...]}`)
	}
	found := false
	for first := true; ; first = false {
		if first && d.next('}') {
			break
		}
		key, p := d.str()
		if p != nil {
			return nil, nil, p
		}
		if !d.next(':') {
			return nil, nil, d.fail(":")
		}
		switch {
		case key == "instances" && found:
			return nil, nil, refuse(http.StatusBadRequest, codeJSON, "body: instances is there twice")
		case key == "instances":
			found = true
			if p := d.list(); p != nil {
				return nil, nil, p
			}
		case key == "signature_name": // TensorFlow Serving's clients send it
			if _, p := d.str(); p != nil {
				return nil, nil, p
			}
		default:
			return nil, nil, refuse(http.StatusBadRequest, codeJSON, "body: the key %q is not known, wanted instances", clip(key))
		}
		if d.next('}') {
			break
		}
		if !d.next(',') {
			return nil, nil, d.fail(", or }")
		}
	}
	if d.space(); d.at < len(d.src) {
		return nil, nil, d.fail("the end")
	}
	if !found {
		return nil, nil, refuse(http.StatusBadRequest, codeJSON, "body: instances is missing")
	}
	if d.leaf < 0 && len(d.shape) > 1 { // [[], []]
		return nil, nil, refuse(http.StatusUnprocessableEntity, codeShape, "instances: there are no numbers in them")
	}
	return d.x, d.shape, nil
}

// str reads a string, which here is a short one.
func (d *jsonReader) str() (string, *problem) {
	if !d.next('"') {
		return "", d.fail("a string")
	}
	begin := d.at - 1
	for d.at < len(d.src) && d.src[d.at] != '"' {
		if d.src[d.at] == '\\' {
			d.at++
		}
		d.at++
	}
	if d.at >= len(d.src) {
		d.at = len(d.src)
		return "", d.fail(`a string's "`)
	}
	d.at++
	var s string
	if err := json.Unmarshal(d.src[begin:d.at], &s); err != nil {
		d.at = begin
		return "", d.fail("a well-formed string")
	}
	return s, nil
}

// list reads the lists of instances without recursion: open has the number of elements that each open
// list has so far.
func (d *jsonReader) list() *problem {
	d.leaf = -1
	var open []int
	// A number takes two bytes at least.
	d.x = make([]float32, 0, min(d.most, len(d.src)/2))
	if !d.next('[') {
		return d.fail("a list of instances")
	}
	open = append(open, 0)
	d.shape = append(d.shape, -1)
	for {
		depth := len(open) - 1
		switch {
		case d.next(']'):
			n := open[depth]
			if d.shape[depth] >= 0 && d.shape[depth] != n {
				return d.ragged(depth, n)
			}
			d.shape[depth] = n
			open = open[:depth]
			if len(open) == 0 {
				return nil
			}
			continue
		case open[depth] > 0 && !d.next(','):
			return d.fail(", or ]")
		}
		open[depth]++
		if d.next('[') {
			if len(open) == maxDepth {
				return refuse(http.StatusBadRequest, codeJSON, "body: byte %d: lists nest more than %d deep", d.at-1, maxDepth)
			}
			if d.leaf >= 0 && depth >= d.leaf {
				return refuse(http.StatusUnprocessableEntity, codeShape, "instances: byte %d: a list among numbers", d.at-1)
			}
			open = append(open, 0)
			if len(d.shape) < len(open) {
				d.shape = append(d.shape, -1)
			}
			continue
		}
		if p := d.number(depth); p != nil {
			return p
		}
	}
}

func (d *jsonReader) ragged(depth, n int) *problem {
	return refuse(http.StatusUnprocessableEntity, codeShape, "instances: byte %d: a list of %d beside one of %d", d.at-1, n, d.shape[depth])
}

// number reads -?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)? as the nearest float32.
func (d *jsonReader) number(depth int) *problem {
	d.space()
	begin := d.at
	digits := func() bool {
		from := d.at
		for d.at < len(d.src) && d.src[d.at] >= '0' && d.src[d.at] <= '9' {
			d.at++
		}
		return d.at > from
	}
	is := func(a, b byte) bool {
		if d.at < len(d.src) && (d.src[d.at] == a || d.src[d.at] == b) {
			d.at++
			return true
		}
		return false
	}
	is('-', '-')
	if !is('0', '0') && !digits() || is('.', '.') && !digits() {
		return d.fail("a number")
	}
	if is('e', 'E') {
		is('+', '-')
		if !digits() {
			return d.fail("a digit")
		}
	}
	switch {
	case d.leaf < 0 && len(d.shape) > depth+1:
		return refuse(http.StatusUnprocessableEntity, codeShape, "instances: byte %d: a number among lists", begin)
	case d.leaf < 0:
		d.leaf = depth
	case d.leaf != depth:
		return refuse(http.StatusUnprocessableEntity, codeShape, "instances: byte %d: a number among lists", begin)
	}
	if len(d.x) == d.most {
		return refuse(http.StatusRequestEntityTooLarge, codeTooLarge, "instances: more than %d numbers", d.most)
	}
	v, err := strconv.ParseFloat(string(d.src[begin:d.at]), 32)
	if err != nil {
		return refuse(http.StatusUnprocessableEntity, codeValue, "instances: byte %d: %s is out of float32's range", begin, clip(string(d.src[begin:d.at])))
	}
	d.x = append(d.x, float32(v))
	return nil
}
