package data

import (
	"errors"
	"strconv"
	"strings"
)

// What went wrong, for errors.Is. The error returned says where, what came and what is wanted.
var (
	// ErrFormat: the bytes are not what the format says (magic, type, counts, a broken gzip stream).
	ErrFormat = errors.New("data: bad format")
	// ErrTruncated: the file ends before its header's promise is kept.
	ErrTruncated = errors.New("data: truncated")
	// ErrTrailing: there are bytes after the last element.
	ErrTrailing = errors.New("data: trailing bytes")
	// ErrTooLarge: the header asks for more than the limit; nothing was allocated.
	ErrTooLarge = errors.New("data: too large")
	// ErrShape: lengths and shapes do not agree.
	ErrShape = errors.New("data: shape mismatch")
	// ErrNotFinite: a NaN or an infinity in the data.
	ErrNotFinite = errors.New("data: not a finite number")
	// ErrLabel: a label outside [0, classes).
	ErrLabel = errors.New("data: label out of range")
	// ErrSplit: a split that leaves one side empty.
	ErrSplit = errors.New("data: empty split")
	// ErrIndex: a sample was asked for that does not exist.
	ErrIndex = errors.New("data: index out of range")
)

// Error is a message with the sentinel that it is an instance of, and the row (sample) it is about, or -1.
type Error struct {
	Row  int
	kind error
	text string
}

// Error returns the message.
func (e *Error) Error() string { return e.text }

// Unwrap returns the sentinel, one of this package's Err values.
func (e *Error) Unwrap() error { return e.kind }

// fail joins its parts into an *Error about no row in particular. It stands in for fmt.Errorf, which would bring fmt and
// reflect into the wasm.
func fail(kind error, parts ...string) error { return failRow(kind, -1, parts...) }

func failRow(kind error, row int, parts ...string) error {
	return &Error{Row: row, kind: kind, text: strings.Join(parts, "")}
}

func itoa(i int) string { return strconv.Itoa(i) }

// dims writes a shape as 60000x28x28, and a scalar's empty shape as "1 element".
func dims(shape []int) string {
	if len(shape) == 0 {
		return "1 element"
	}
	var b strings.Builder
	for i, d := range shape {
		if i > 0 {
			b.WriteByte('x')
		}
		b.WriteString(itoa(d))
	}
	return b.String()
}

// product multiplies a shape up; ok is false when a dimension is negative or the product does not fit an int.
func product(shape []int) (n int, ok bool) {
	n = 1
	zero := false
	for _, d := range shape {
		switch {
		case d < 0:
			return 0, false
		case d == 0:
			zero = true
		case n > int(^uint(0)>>1)/d:
			return 0, false
		default:
			n *= d
		}
	}
	if zero {
		return 0, true
	}
	return n, true
}

// NewError is an *Error of the packages below this one, about no row in particular: kind is one of the Err values.
func NewError(kind error, text string) error { return fail(kind, text) }
