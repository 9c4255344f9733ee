package format

import (
	"math"
	"slices"
	"strconv"
	"unicode/utf8"
)

// ordered is an object whose keys are written in the order given.
type ordered []pair

type pair struct {
	key   string
	value any
}

// appendJSON writes v, whose objects' keys are sorted, so that the same value makes the same bytes. where
// begins the message about a value that JSON has not.
func appendJSON(dst []byte, where string, v any) ([]byte, error) {
	var err error
	switch v := v.(type) {
	case nil:
		return append(dst, "null"...), nil
	case bool:
		return strconv.AppendBool(dst, v), nil
	case int:
		return strconv.AppendInt(dst, int64(v), 10), nil
	case float32:
		return appendJSON(dst, where, float64(v))
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, fail(ErrFormat, "%s is %v, which JSON cannot hold", where, v)
		}
		return strconv.AppendFloat(dst, v, 'g', -1, 64), nil
	case string:
		return appendString(dst, where, v)
	case []string:
		return appendList(dst, where, v)
	case []int:
		return appendList(dst, where, v)
	case []any:
		return appendList(dst, where, v)
	case map[string]any:
		sorted := make(ordered, 0, len(v))
		for _, key := range sortedKeys(v) {
			sorted = append(sorted, pair{key, v[key]})
		}
		return appendJSON(dst, where, sorted)
	case ordered:
		dst = append(dst, '{')
		for i, p := range v {
			if i > 0 {
				dst = append(dst, ',')
			}
			if dst, err = appendString(dst, where, p.key); err != nil {
				return nil, err
			}
			if dst, err = appendJSON(append(dst, ':'), where+"."+p.key, p.value); err != nil {
				return nil, err
			}
		}
		return append(dst, '}'), nil
	}
	return nil, fail(ErrUnsupported, "%s is a %T, wanted what JSON has", where, v)
}

func appendList[T any](dst []byte, where string, list []T) ([]byte, error) {
	var err error
	dst = append(dst, '[')
	for i, v := range list {
		if i > 0 {
			dst = append(dst, ',')
		}
		if dst, err = appendJSON(dst, where, v); err != nil {
			return nil, err
		}
	}
	return append(dst, ']'), nil
}

func appendString(dst []byte, where, s string) ([]byte, error) {
	if !utf8.ValidString(s) {
		return nil, fail(ErrFormat, "%s: %q is not UTF-8", where, s)
	}
	dst = append(dst, '"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c < ' ':
			dst = append(dst, '\\', 'u', '0', '0', "01"[c>>4], "0123456789abcdef"[c&15])
		default:
			dst = append(dst, c)
		}
	}
	return append(dst, '"'), nil
}

func sortedKeys[T any](o map[string]T) []string {
	keys := make([]string, 0, len(o))
	for key := range o {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
