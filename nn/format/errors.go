package format

import (
	"errors"
	"fmt"
)

// What is wrong with a file, for errors.Is. The message says where, what came and what is wanted.
var (
	// ErrFormat: not a well-formed file of its kind.
	ErrFormat = errors.New("malformed file")
	// ErrTruncated: the file ends before what it announces.
	ErrTruncated = errors.New("truncated file")
	// ErrTooLarge: the file announces more than is read, or nests deeper.
	ErrTooLarge = errors.New("too large")
	// ErrUnsupported: well-formed, but of a kind that package nn has not: a layer, an initializer, a dtype.
	ErrUnsupported = errors.New("unsupported")
	// ErrTopology: layers with arguments that cannot be, or that do not fit together.
	ErrTopology = errors.New("bad topology")
	// ErrWeights: weights that are missing, left over, doubled, not of the model's shapes, or not finite.
	ErrWeights = errors.New("bad weights")
	// ErrPath: a name of a weight file that leads out of the model's folder.
	ErrPath = errors.New("bad path")
)

// failure is an error whose text is its own and whose kind is a sentinel, with the error it comes from.
type failure struct {
	text        string
	kind, cause error
}

func (f *failure) Error() string { return f.text }

func (f *failure) Unwrap() []error {
	if f.cause == nil {
		return []error{f.kind}
	}
	return []error{f.kind, f.cause}
}

func fail(kind error, text string, args ...any) error {
	return &failure{text: fmt.Sprintf(text, args...), kind: kind}
}

// because is fail with an error of package nn behind it.
func because(kind error, where string, cause error) error {
	return &failure{where + ": " + cause.Error(), kind, cause}
}
