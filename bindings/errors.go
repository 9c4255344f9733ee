package bindings

import (
	"context"
	"errors"

	"github.com/tabgrad/tabgrad/nn"
	"github.com/tabgrad/tabgrad/nn/data"
	"github.com/tabgrad/tabgrad/nn/format"
	"github.com/tabgrad/tabgrad/nn/prog"
	"github.com/tabgrad/tabgrad/wasm/simd"
)

// A Code says what kind of thing went wrong; the page's TabgradError carries it.
type Code string

// The codes that the service replies with. The page adds those of its own: bad_wasm, engine_lost.
const (
	ShapeMismatch Code = "shape_mismatch"
	BadConfig     Code = "bad_config"
	BadData       Code = "bad_data"
	BadFormat     Code = "bad_format"
	Diverged      Code = "diverged"
	OutOfMemory   Code = "out_of_memory"
	Aborted       Code = "aborted"
	Busy          Code = "busy"
	Disposed      Code = "disposed"
	EngineLost    Code = "engine_lost"
	Unsupported   Code = "unsupported"
	Internal      Code = "internal"
)

// An Error is an error as it travels.
type Error struct {
	Code    Code
	Message string
	Details Object // may be nil
}

func (e *Error) Error() string { return e.Message }

// asError gives any error its code.
func asError(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	if errors.Is(err, context.Canceled) {
		return &Error{Code: Aborted, Message: err.Error()}
	}
	return codeOf(err)
}

// codes says which code a sentinel stands for. The first that matches counts.
var codes = []struct {
	sentinel error
	code     Code
}{
	{simd.ErrLost, EngineLost},
	{prog.ErrMemory, OutOfMemory},
	{format.ErrUnsupported, Unsupported},
	{format.ErrFormat, BadFormat},
	{format.ErrTruncated, BadFormat},
	{format.ErrTooLarge, BadFormat},
	{format.ErrTopology, BadFormat},
	{format.ErrWeights, BadFormat},
	{format.ErrPath, BadFormat},
	{nn.ErrDiverged, Diverged},
	{nn.ErrShape, ShapeMismatch},
	{nn.ErrConfig, BadConfig},
	{nn.ErrData, BadData},
	{nn.ErrBusy, Busy},
	{nn.ErrNotCompiled, BadConfig},
	{nn.ErrNotBuilt, BadConfig},
	{data.ErrShape, ShapeMismatch},
	{data.ErrSplit, BadConfig},
	{data.ErrFormat, BadData},
	{data.ErrTruncated, BadData},
	{data.ErrTrailing, BadData},
	{data.ErrTooLarge, BadData},
	{data.ErrNotFinite, BadData},
	{data.ErrLabel, BadData},
	{prog.ErrUnsupported, Unsupported},
}

func codeOf(err error) *Error {
	for _, c := range codes {
		if errors.Is(err, c.sentinel) {
			return &Error{Code: c.code, Message: err.Error()}
		}
	}
	return &Error{Code: Internal, Message: err.Error()}
}
