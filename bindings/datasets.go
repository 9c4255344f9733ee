package bindings

import (
	"context"

	"github.com/tabgrad/tabgrad/nn/data"
)

// idx parses an IDX file, gzipped or not. Bytes stay bytes, integers become int32, floats float32.
func (s *Service) idx(_ context.Context, a *args, _ Emit) (Value, error) {
	file, ok := a.values["bytes"].([]byte)
	if !ok {
		a.fail(BadData, "bytes is %s, want a Uint8Array", kind(a.values["bytes"]))
		return nil, nil
	}
	name, _ := a.values["name"].(string)
	parsed, err := data.ParseIDX(file, 0)
	if err != nil {
		return nil, &Error{Code: BadData, Message: name + ": " + err.Error()}
	}
	shape := make([]any, len(parsed.Dims))
	for i, n := range parsed.Dims {
		shape[i] = float64(n)
	}
	var numbers Value
	switch parsed.Type {
	case data.Uint8:
		numbers = parsed.Raw
	case data.Float32, data.Float64:
		numbers = parsed.Float32s()
	default:
		if numbers, err = parsed.Int32s(); err != nil {
			return nil, &Error{Code: BadData, Message: name + ": " + err.Error()}
		}
	}
	return Object{"data": numbers, "shape": shape}, nil
}
