package format

import (
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"
)

// Whatever the parser accepts encoding/json reads as the same value, and what appendJSON writes of it both
// read as the same again.
func checkJSON(t *testing.T, text string) {
	t.Helper()
	got, err := parseJSON("it", []byte(text))
	var want any
	if std := json.Unmarshal([]byte(text), &want); err == nil && std != nil {
		t.Errorf("%q: accepted, and encoding/json says %v", text, std)
	}
	if err != nil {
		return
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%q: %#v, encoding/json says %#v", text, got, want)
	}
	out, err := appendJSON(nil, "it", got)
	if err != nil {
		t.Errorf("%q: %v", text, err)
	}
	again, err := parseJSON("it", out)
	if err != nil || !reflect.DeepEqual(again, got) {
		t.Errorf("%q: written as %s, read as %#v, %v", text, out, again, err)
	}
	if err := json.Unmarshal(out, &want); err != nil || !reflect.DeepEqual(want, got) {
		t.Errorf("%q: written as %s, which encoding/json reads as %#v, %v", text, out, want, err)
	}
}

var goodJSON = []string{
	`null`, ` true `, "\n\t\rfalse", `0`, `-0`, `-0.0e-0`, `12.5E+3`, `1e-400`, `123456789012345678901234567890`, `2.2250738585072014e-308`, `1.7976931348623157e308`,
	`""`, `"a\"\\\/\b\f\n\r\té"`, `"\u00e9\u20AC\ud83d\ude00"`, `"日本 😀"`, "\"\u2028\x7f\"", `"\u0000"`, `[]`, `[ ]`, `{}`, `{ }`, `[1,[2,[3]],{"a":{"b":[]}}]`,
	`{"":0,"a":{"a":null},"b":[true,false]}`, `{"é":1,"e":2}`,
}

func TestJSON(t *testing.T) {
	for _, text := range goodJSON {
		if _, err := parseJSON("it", []byte(text)); err != nil {
			t.Errorf("%q: %v", text, err)
		}
		checkJSON(t, text)
	}
	deep := strings.Repeat("[", maxDepth) + strings.Repeat("]", maxDepth)
	if _, err := parseJSON("it", []byte(deep)); err != nil {
		t.Errorf("%d deep: %v", maxDepth, err)
	}
	if _, err := parseJSON("it", []byte("["+deep+"]")); !errors.Is(err, ErrTooLarge) {
		t.Errorf("%d deep: %v", maxDepth+1, err)
	}
}

// The messages say where, what came and what is wanted.
func TestJSONMessages(t *testing.T) {
	for text, want := range map[string]string{
		`{"a":1 "b":2}`:    `it: byte 7 is '"', wanted , or }`,
		`{"a":tru}`:        `it: byte 8 is '}', wanted true`,
		`[1,2`:             `it: ends at byte 4, wanted , or ]`,
		`{"a":1,"a":2}`:    `it: byte 7: the key "a" is there twice`,
		`[1e999]`:          `it: byte 1: 1e999 is out of range`,
		`"\ud800x"`:        `it: byte 7 is 'x', wanted the second half of a surrogate pair`,
		"\"a\nb\"":         `it: byte 2 is '\n', wanted no control character in a string`,
		`"a\qb"`:           `it: byte 3 is 'q', wanted an escape, one of "\/bfnrtu`,
		`{"a":1}}`:         `it: byte 7 is '}', wanted the end`,
		`-`:                `it: ends at byte 1, wanted a digit`,
		"{\"\xff\":1}":     `it: byte 2 is 'ÿ', wanted UTF-8`,
		`{"a":"\u12g4"}`:   `it: byte 10 is 'g', wanted a hexadecimal digit`,
		`{"a" : 1, b : 2}`: `it: byte 10 is 'b', wanted a key's "`,
	} {
		if _, err := parseJSON("it", []byte(text)); err == nil || err.Error() != want {
			t.Errorf("%q: %v, wanted %s", text, err, want)
		}
	}
}

func TestAppendJSONRefuses(t *testing.T) {
	for _, c := range []struct {
		v    any
		want string
	}{
		{map[string]any{"x": math.NaN()}, "it.x is NaN, which JSON cannot hold"},
		{[]any{math.Inf(-1)}, "it is -Inf, which JSON cannot hold"},
		{map[string]any{"x": struct{}{}}, "it.x is a struct {}, wanted what JSON has"},
		{"\xff", `it: "\xff" is not UTF-8`},
	} {
		if out, err := appendJSON(nil, "it", c.v); err == nil || err.Error() != c.want {
			t.Errorf("%v: %s, %v, wanted %s", c.v, out, err, c.want)
		}
	}
}

func FuzzJSON(f *testing.F) {
	for _, text := range goodJSON {
		f.Add(text)
	}
	f.Fuzz(checkJSON)
}

// float16 by its definition: (-1)^s · 2^(e-15) · (1 + f/1024), subnormal 2^-14 · f/1024.
func TestFloat16(t *testing.T) {
	for h := range 1 << 16 {
		s, e, f := h>>15, h>>10&31, float64(h&1023)
		want := math.Pow(2, float64(e-15)) * (1 + f/1024)
		switch {
		case e == 0:
			want = math.Pow(2, -14) * f / 1024
		case e == 31 && f == 0:
			want = math.Inf(1)
		case e == 31:
			want = math.NaN()
		}
		if s == 1 {
			want = -want
		}
		if got := float64(fromFloat16(uint16(h))); math.Float64bits(got) != math.Float64bits(want) && !(got != got && want != want) {
			t.Fatalf("%#04x: %v, wanted %v", h, got, want)
		}
	}
}
