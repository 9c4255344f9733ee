package nn

import (
	"errors"
	"fmt"
)

// What went wrong, for errors.Is. The message says where, what came and what is wanted.
var (
	// ErrConfig: an argument of a layer, optimizer, loss, fit... that cannot be.
	ErrConfig = errors.New("bad config")
	// ErrShape: shapes that do not fit together: of data and model, of a layer and its input.
	ErrShape = errors.New("shape mismatch")
	// ErrData: a value in the data that training cannot use: NaN, an infinity, a label out of range.
	ErrData = errors.New("bad data")
	// ErrDiverged: the loss became NaN or infinite. The weights are those of the last good epoch.
	ErrDiverged = errors.New("diverged")
	// ErrBusy: the model is being fitted, and what was asked for would disturb it.
	ErrBusy = errors.New("model is being fitted")
	// ErrNotCompiled: training was asked of a model without an optimizer and a loss.
	ErrNotCompiled = errors.New("model is not compiled")
	// ErrNotBuilt: the model's input shape is not known yet.
	ErrNotBuilt = errors.New("model has no input shape")
	// ErrStop, returned by a callback, ends Fit as if all epochs were done.
	ErrStop = errors.New("stop training")
)

// failure is an error whose text is its own and whose kind is a sentinel: "dense_1: input has 783
// features, its kernel was built for 784", without the sentinel's words behind it.
type failure struct {
	kind error
	text string
}

func (f *failure) Error() string { return f.text }
func (f *failure) Unwrap() error { return f.kind }

func fail(kind error, format string, args ...any) error {
	return &failure{kind, fmt.Sprintf(format, args...)}
}
