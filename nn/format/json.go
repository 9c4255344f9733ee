package format

import (
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// JSON as model files have it, read strictly: RFC 8259 to the letter, in UTF-8, no key twice, no lone
// surrogates, numbers within float64. Package encoding/json would add 118 KB to the browser's download,
// accepts keys twice and puts no bound on what a small file makes it allocate.

const (
	maxDepth  = 64       // of objects and lists within each other
	maxValues = 1 << 20  // in a document; bounds the memory that parsing takes to some 100 bytes each
	maxJSON   = 64 << 20 // bytes of a document
)

// parseJSON is src as nil, bool, float64, string, []any and map[string]any.
func parseJSON(where string, src []byte) (any, error) {
	if len(src) > maxJSON {
		return nil, fail(ErrTooLarge, "%s: %d bytes of JSON, wanted at most %d", where, len(src), maxJSON)
	}
	p := &parser{where: where, src: src}
	v, err := p.value()
	if err != nil {
		return nil, err
	}
	if p.space(); p.at < len(src) {
		return nil, p.fail("wanted the end")
	}
	return v, nil
}

type parser struct {
	where  string
	src    []byte
	at     int
	depth  int
	values int
}

// fail says what stands at p.at.
func (p *parser) fail(wanted string) error {
	if p.at >= len(p.src) {
		return fail(ErrTruncated, "%s: ends at byte %d, %s", p.where, p.at, wanted)
	}
	return fail(ErrFormat, "%s: byte %d is %q, %s", p.where, p.at, p.src[p.at], wanted)
}

func (p *parser) space() {
	for p.at < len(p.src) && (p.src[p.at] == ' ' || p.src[p.at] == '\n' || p.src[p.at] == '\t' || p.src[p.at] == '\r') {
		p.at++
	}
}

// next skips space and reports whether c comes then, which it skips too.
func (p *parser) next(c byte) bool {
	p.space()
	if p.at < len(p.src) && p.src[p.at] == c {
		p.at++
		return true
	}
	return false
}

func (p *parser) value() (any, error) {
	if p.values++; p.values > maxValues {
		return nil, fail(ErrTooLarge, "%s: more than %d JSON values", p.where, maxValues)
	}
	switch {
	case p.next('{'):
		return p.nested(p.object)
	case p.next('['):
		return p.nested(p.list)
	case p.next('"'):
		return p.str()
	}
	for _, word := range [...]struct {
		text  string
		value any
	}{{"null", nil}, {"true", true}, {"false", false}} {
		if p.at < len(p.src) && p.src[p.at] == word.text[0] {
			for i := range len(word.text) {
				if p.at >= len(p.src) || p.src[p.at] != word.text[i] {
					return nil, p.fail("wanted " + word.text)
				}
				p.at++
			}
			return word.value, nil
		}
	}
	return p.number()
}

func (p *parser) nested(read func() (any, error)) (any, error) {
	if p.depth++; p.depth > maxDepth {
		return nil, fail(ErrTooLarge, "%s: byte %d: nested more than %d deep", p.where, p.at, maxDepth)
	}
	v, err := read()
	p.depth--
	return v, err
}

func (p *parser) object() (any, error) {
	o := map[string]any{}
	for first := true; ; first = false {
		if first && p.next('}') {
			return o, nil
		}
		if !p.next('"') {
			return nil, p.fail(`wanted a key's "`)
		}
		begin := p.at - 1
		key, err := p.str()
		if err != nil {
			return nil, err
		}
		if _, twice := o[key]; twice {
			return nil, fail(ErrFormat, "%s: byte %d: the key %s is there twice", p.where, begin, clip(key))
		}
		if !p.next(':') {
			return nil, p.fail("wanted :")
		}
		if o[key], err = p.value(); err != nil {
			return nil, err
		}
		if p.next('}') {
			return o, nil
		}
		if !p.next(',') {
			return nil, p.fail("wanted , or }")
		}
	}
}

func (p *parser) list() (any, error) {
	list := []any{}
	for first := true; ; first = false {
		if first && p.next(']') {
			return list, nil
		}
		v, err := p.value()
		if err != nil {
			return nil, err
		}
		list = append(list, v)
		if p.next(']') {
			return list, nil
		}
		if !p.next(',') {
			return nil, p.fail("wanted , or ]")
		}
	}
}

// number reads -?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?.
func (p *parser) number() (any, error) {
	begin := p.at
	digits := func() bool {
		from := p.at
		for p.at < len(p.src) && p.src[p.at] >= '0' && p.src[p.at] <= '9' {
			p.at++
		}
		return p.at > from
	}
	is := func(a, b byte) bool {
		if p.at < len(p.src) && (p.src[p.at] == a || p.src[p.at] == b) {
			p.at++
			return true
		}
		return false
	}
	negative := is('-', '-')
	if !is('0', '0') && !digits() {
		if negative {
			return nil, p.fail("wanted a digit")
		}
		return nil, p.fail("wanted a value")
	}
	if is('.', '.') && !digits() {
		return nil, p.fail("wanted a digit")
	}
	if is('e', 'E') {
		is('+', '-')
		if !digits() {
			return nil, p.fail("wanted a digit")
		}
	}
	if n := p.at - begin; n > 1000 {
		return nil, fail(ErrTooLarge, "%s: byte %d: a number of %d characters", p.where, begin, n)
	}
	v, err := strconv.ParseFloat(string(p.src[begin:p.at]), 64)
	if err != nil {
		return nil, fail(ErrTooLarge, "%s: byte %d: %s is out of range", p.where, begin, p.src[begin:p.at])
	}
	return v, nil
}

// str reads a string whose opening quote has been read.
func (p *parser) str() (string, error) {
	begin := p.at
	for p.at < len(p.src) && p.src[p.at] != '"' && p.src[p.at] != '\\' && p.src[p.at] >= ' ' && p.src[p.at] < utf8.RuneSelf {
		p.at++
	}
	out := append(make([]byte, 0, p.at-begin), p.src[begin:p.at]...)
	for {
		if p.at >= len(p.src) {
			return "", p.fail(`wanted a string's "`)
		}
		switch c := p.src[p.at]; {
		case c == '"':
			p.at++
			return string(out), nil
		case c == '\\':
			p.at++
			var err error
			if out, err = p.escape(out); err != nil {
				return "", err
			}
		case c < ' ':
			return "", p.fail("wanted no control character in a string")
		default:
			r, n := utf8.DecodeRune(p.src[p.at:])
			if r == utf8.RuneError && n == 1 {
				return "", p.fail("wanted UTF-8")
			}
			out = append(out, p.src[p.at:p.at+n]...)
			p.at += n
		}
	}
}

// escape reads what follows a backslash.
func (p *parser) escape(out []byte) ([]byte, error) {
	if p.at >= len(p.src) {
		return nil, p.fail("wanted an escape")
	}
	c := p.src[p.at]
	if c == 'u' {
		p.at++
		r, err := p.hex()
		if err != nil {
			return nil, err
		}
		if utf16.IsSurrogate(r) {
			if p.at+1 >= len(p.src) || p.src[p.at] != '\\' || p.src[p.at+1] != 'u' {
				return nil, p.fail("wanted the second half of a surrogate pair")
			}
			p.at += 2
			low, err := p.hex()
			if err != nil {
				return nil, err
			}
			if r = utf16.DecodeRune(r, low); r == utf8.RuneError {
				p.at--
				return nil, p.fail("wanted a surrogate pair before this")
			}
		}
		return utf8.AppendRune(out, r), nil
	}
	for i, name := range `"\/bfnrt` {
		if rune(c) == name {
			p.at++
			return append(out, "\"\\/\b\f\n\r\t"[i]), nil
		}
	}
	return nil, p.fail(`wanted an escape, one of "\/bfnrtu`)
}

func (p *parser) hex() (rune, error) {
	var r rune
	for range 4 {
		if p.at >= len(p.src) {
			return 0, p.fail("wanted a hexadecimal digit")
		}
		switch c := p.src[p.at]; {
		case c >= '0' && c <= '9':
			r = r<<4 | rune(c-'0')
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			r = r<<4 | rune(c|0x20-'a'+10)
		default:
			return 0, p.fail("wanted a hexadecimal digit")
		}
		p.at++
	}
	return r, nil
}

// clip is a string from a file as messages quote it.
func clip(s string) string {
	if len(s) > 80 {
		s = s[:80] + "…"
	}
	return strconv.Quote(s)
}
