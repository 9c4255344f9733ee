package data

import (
	"context"
	"io"
)

// A BatchStream is a Stream's samples in batches, as nn's FitBatches, EvaluateBatches and PredictBatches take them. One of
// these at a time reads it.
type BatchStream struct {
	of       *Stream
	size     int
	whole    bool
	prefetch int

	r     Reader        // nil while it isn't open
	ahead chan batch    // batches that were prepared
	stop  chan struct{} // closed to end the preparing
	done  chan struct{} // closed when it has ended
	held  *batch        // what Next gave last
}

type batch struct {
	n       int
	x, y, w [][]float32
	err     error
}

// Batch gives the samples in batches of size, the last one of an epoch shorter where the samples don't fill it. It fails
// with ErrShape where size is not positive.
func (s *Stream) Batch(size int) (*BatchStream, error) {
	if size < 1 {
		return nil, fail(ErrShape, "stream: batches of ", itoa(size), " samples")
	}
	return &BatchStream{of: s, size: size}, nil
}

// WholeBatches leaves out a last batch that is shorter than the others.
func (b *BatchStream) WholeBatches() *BatchStream {
	c := BatchStream{of: b.of, size: b.size, whole: true, prefetch: b.prefetch}
	return &c
}

// Prefetch prepares up to n batches while others are trained on, in a goroutine of its own.
func (b *BatchStream) Prefetch(n int) *BatchStream {
	c := BatchStream{of: b.of, size: b.size, whole: b.whole, prefetch: max(n, 0)}
	return &c
}

// XShapes are one sample's inputs' shapes.
func (b *BatchStream) XShapes() [][]int { return b.of.x }

// YShapes are one sample's targets' shapes.
func (b *BatchStream) YShapes() [][]int { return b.of.y }

// Open goes to a batch of an epoch: skip batches of it are read and left out.
func (b *BatchStream) Open(ctx context.Context, epoch, skip int) error {
	if err := b.Close(); err != nil {
		return err
	}
	r, err := b.of.open(epoch)
	if err != nil {
		return err
	}
	b.r = r
	for range skip * b.size {
		if err := ctx.Err(); err != nil {
			return err
		}
		if _, err := b.r.Read(); err == io.EOF {
			break
		} else if err != nil {
			return err
		}
	}
	if b.prefetch > 0 {
		b.ahead, b.stop, b.done = make(chan batch, b.prefetch-1), make(chan struct{}), make(chan struct{})
		go b.prepare(b.r, b.ahead, b.stop, b.done)
	}
	return nil
}

// prepare reads batches until there are no more, or nobody wants them. One waits in its hands, the others in the channel.
func (b *BatchStream) prepare(r Reader, ahead chan<- batch, stop <-chan struct{}, done chan<- struct{}) {
	defer close(done)
	for {
		next := b.read(r)
		select {
		case ahead <- next:
		case <-stop:
			return
		}
		if next.n == 0 {
			return
		}
	}
}

// read reads a batch. The last one is empty.
func (b *BatchStream) read(r Reader) batch {
	var out batch
	for out.n < b.size {
		s, err := r.Read()
		if err == io.EOF {
			break
		}
		if err == nil {
			err = b.put(&out, s)
		}
		if err != nil {
			return batch{err: err}
		}
	}
	if out.n == 0 || b.whole && out.n < b.size {
		return batch{}
	}
	for _, list := range []*[][]float32{&out.x, &out.y, &out.w} {
		for k, v := range *list {
			(*list)[k] = v[:len(v)/b.size*out.n]
		}
	}
	return out
}

// put lays a sample behind those of the batch.
func (b *BatchStream) put(out *batch, s Sample) error {
	if out.n == 0 {
		out.x, out.y = room(b.of.x, b.size), room(b.of.y, b.size)
		if b.of.weighted {
			out.w = [][]float32{make([]float32, b.size)}
		}
	}
	for _, side := range []struct {
		name     string
		to, from [][]float32
		shapes   [][]int
	}{{"inputs", out.x, s.X, b.of.x}, {"targets", out.y, s.Y, b.of.y}} {
		if len(side.from) != len(side.to) {
			return fail(ErrShape, "stream: a sample has ", itoa(len(side.from)), " ", side.name, ", wanted ", itoa(len(side.to)))
		}
		for k, to := range side.to {
			per := len(to) / b.size
			if len(side.from[k]) != per {
				return fail(ErrShape, "stream: a sample has ", itoa(len(side.from[k])), " numbers in its ", side.name, ", wanted ", itoa(per), " for ", dims(side.shapes[k]))
			}
			copy(to[out.n*per:], side.from[k])
		}
	}
	if b.of.weighted {
		out.w[0][out.n] = s.Weight
	}
	out.n++
	return nil
}

// Next is the next batch: how many samples, 0 at the end, their inputs, targets and weights. They are valid until the next
// call.
func (b *BatchStream) Next(ctx context.Context) (n int, x, y, w [][]float32, err error) {
	if b.r == nil || b.held != nil && b.held.n == 0 { // not open, or at the end
		return 0, nil, nil, nil, nil
	}
	var next batch
	if b.prefetch == 0 {
		next = b.read(b.r)
	} else {
		select {
		case next = <-b.ahead:
		case <-ctx.Done():
			return 0, nil, nil, nil, ctx.Err()
		}
	}
	b.held = &next
	return next.n, next.x, next.y, next.w, next.err
}

// Close ends the reading. The stream may be opened again.
func (b *BatchStream) Close() error {
	if b.r == nil {
		return nil
	}
	if b.stop != nil {
		close(b.stop)
		<-b.done
		b.stop = nil
	}
	r := b.r
	b.r, b.held = nil, nil
	return r.Close()
}
