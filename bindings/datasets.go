package bindings

import (
	"context"
	"math"

	"github.com/tabgrad/tabgrad/nn/data"
	"github.com/tabgrad/tabgrad/nn/data/digits"
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

// digits draws digits first, first+1, ... of a seed; the same ones whatever the count. It is a job of seconds, so it can be cancelled.
func (s *Service) digits(ctx context.Context, a *args, _ Emit) (Value, error) {
	const most = 1 << 18
	count := a.integer("count", 0, 1, most)
	first := a.integer("first", 0, 0, math.MaxInt32)
	seed := a.integer("seed", 0, 0, 1<<53)
	if a.err != nil {
		return nil, a.err
	}
	const pixels = digits.Side * digits.Side
	images, labels := make([]byte, count*pixels), make([]int32, count)
	turn := s.turn()
	for from := 0; from < count; {
		to := min(from+64, count)
		if err := digits.Generate(images[from*pixels:to*pixels], labels[from:to], uint64(seed), first+from); err != nil {
			return nil, err
		}
		from = to
		if err := turn.take(ctx); err != nil {
			return nil, err
		}
	}
	small := make([]byte, count)
	for i, label := range labels {
		small[i] = byte(label)
	}
	return Object{
		"x":      Object{"data": images, "shape": []any{float64(count), float64(digits.Side), float64(digits.Side)}},
		"labels": Object{"data": small, "shape": []any{float64(count)}},
	}, nil
}

// centerDigit makes an MNIST digit of a drawing, bright on black: 28x28, the ink within 20x20, its centre of mass in the middle.
func (s *Service) centerDigit(_ context.Context, a *args, _ Emit) (Value, error) {
	const most = 1 << 14
	width, height := a.integer("width", 0, 1, most), a.integer("height", 0, 1, most)
	gray, ok := a.values["gray"].([]byte)
	if !ok {
		a.fail(BadData, "the drawing is %s, want a Uint8Array", kind(a.values["gray"]))
	} else if len(gray) != width*height {
		a.fail(ShapeMismatch, "%d bytes for a drawing of %d x %d, which has %d", len(gray), width, height, width*height)
	}
	if a.err != nil {
		return nil, a.err
	}
	digit := data.CenterDigit(gray, width, height)
	return digit[:], nil
}
