package nn

import (
	"math"
	"strconv"
	"strings"
)

// Text as Python formats it, for file names ("{epoch:02d}-{val_loss:.2f}"), CSV files and messages.

// pythonFloat is repr(x): the shortest decimal that reads back, with an exponent below 1e-4 and from 1e16 on.
func pythonFloat(x float64) string {
	switch {
	case math.IsNaN(x):
		return "nan"
	case math.IsInf(x, 0):
		return strings.ToLower(strings.TrimPrefix(strconv.FormatFloat(x, 'f', 0, 64), "+"))
	case x != 0 && (math.Abs(x) < 1e-4 || math.Abs(x) >= 1e16):
		return strconv.FormatFloat(x, 'e', -1, 64)
	}
	s := strconv.FormatFloat(x, 'f', -1, 64)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}

// A namedValue is a number as a template may name it.
type namedValue struct {
	name  string
	value float64
	whole bool // an int in Python
}

// formatTemplate is str.format of Python's with named fields, as far as file names need it: {name},
// {name:02d}, {name:.2f}, also e and g; {{ and }} for braces. what names the template in messages.
func formatTemplate(what, template string, values []namedValue) (string, error) {
	var b strings.Builder
	for rest := template; rest != ""; {
		at := strings.IndexAny(rest, "{}")
		if at < 0 {
			b.WriteString(rest)
			break
		}
		b.WriteString(rest[:at])
		c := rest[at]
		rest = rest[at+1:]
		if strings.HasPrefix(rest, string(c)) {
			b.WriteByte(c)
			rest = rest[1:]
			continue
		}
		end := strings.IndexByte(rest, '}')
		if c == '}' || end < 0 {
			return "", fail(ErrConfig, "%s %q has a single %c, wanted fields such as {epoch:02d}", what, template, c)
		}
		name, spec, _ := strings.Cut(rest[:end], ":")
		rest = rest[end+1:]
		v, ok := namedValue{}, false
		var names []string
		for _, candidate := range values {
			names = append(names, candidate.name)
			if candidate.name == name {
				v, ok = candidate, true
			}
		}
		if !ok {
			return "", fail(ErrConfig, "%s %q asks for %q, there are %s", what, template, name, strings.Join(names, ", "))
		}
		s, ok := formatNumber(v, spec)
		if !ok {
			return "", fail(ErrConfig, "%s %q formats %s by %q, wanted for example 02d for a whole number, .2f for others", what, template, name, spec)
		}
		b.WriteString(s)
	}
	return b.String(), nil
}

// formatNumber formats by a spec [0][width][.precision][d|f|e|g].
func formatNumber(v namedValue, spec string) (string, bool) {
	digits := func() (n int, there bool) {
		i := 0
		for i < len(spec) && i < 3 && spec[i] >= '0' && spec[i] <= '9' {
			i++
		}
		n, _ = strconv.Atoi(spec[:i])
		there = i > 0
		spec = spec[i:]
		return n, there
	}
	zeros := strings.HasPrefix(spec, "0")
	width, _ := digits()
	precision := -1
	if strings.HasPrefix(spec, ".") {
		spec = spec[1:]
		var there bool
		if precision, there = digits(); !there {
			return "", false
		}
	}
	var s string
	switch {
	case (spec == "" || spec == "d") && v.whole && precision < 0:
		s = strconv.Itoa(int(v.value))
	case spec == "" && precision < 0:
		s = pythonFloat(v.value)
	case len(spec) == 1 && strings.Contains("feg", spec):
		if precision < 0 {
			precision = 6
		}
		if spec == "g" {
			precision = max(precision, 1)
		}
		s = strings.ToLower(strings.TrimPrefix(strconv.FormatFloat(v.value, spec[0], precision, 64), "+"))
	default:
		return "", false
	}
	if n := width - len(s); n > 0 {
		switch {
		case zeros && strings.HasPrefix(s, "-"):
			s = "-" + strings.Repeat("0", n) + s[1:]
		case zeros:
			s = strings.Repeat("0", n) + s
		default:
			s = strings.Repeat(" ", n) + s
		}
	}
	return s, true
}
