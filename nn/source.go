package nn

import (
	"context"

	"github.com/tabgrad/tabgrad/nn/prog"
)

// Batches are samples that come in batches, one after another, and cannot be asked for by their numbers: a file
// that is larger than memory, a generator. Package nn/data makes such streams. One run at a time reads them.
type Batches interface {
	// Open goes to a batch of an epoch: skip is how many batches before it are left out. What a stream of one seed
	// gives for an epoch is the same each time it is opened there, or else a Fit does not resume to the bit.
	Open(ctx context.Context, epoch, skip int) error
	// XShapes and YShapes are one sample's shapes, without the batch, in the order of the model's inputs and of its
	// outputs that have a loss. They are asked for when the stream was opened; nil where it has nothing that would say.
	XShapes() [][]int
	YShapes() [][]int
	// Next is the next batch: how many samples, 0 at the end; their inputs and targets, one behind another; and what
	// the loss of each sample counts: a list for each target, one for all of them, or nil for 1. They are read
	// before the next call.
	Next(ctx context.Context) (n int, xs, ys, weights [][]float32, err error)
	// Close ends the reading. The stream may be opened again.
	Close() error
}

// A source gives a run its batches, one after another: samples of a Dataset in some order, or Batches.
type source interface {
	shapes() (x, y []prog.Shape)
	// open goes to batch skip of an epoch.
	open(ctx context.Context, epoch, skip int) error
	// next takes the next batch: how many samples it has, 0 at the epoch's end, and whether they have weights.
	next(ctx context.Context) (n int, weighted bool, err error)
	// stage copies the batch that next took into p, where its weights are 1 if it has none. Layers look at their
	// inputs; with check all values that cannot be used are looked for.
	stage(m *Model, p *program, check bool) error
	// batches is how many an epoch has, 0 where it isn't known.
	batches() int
	// samples and batchSize are a dataset's, 0 of a stream.
	samples() int
	batchSize() int
	close() error
}

// indexed is a source of a dataset's samples.
type indexed struct {
	of    samples
	size  int   // of a batch
	order []int // of an epoch; nil for the samples' own
	batch []int // the samples of the batch that next took
	at    int   // how many samples were taken
}

func newIndexed(s samples, size int) *indexed {
	return &indexed{of: s, size: size, batch: make([]int, 0, min(size, s.n))}
}

func (s *indexed) shapes() (x, y []prog.Shape) { return s.of.shapes() }
func (s *indexed) batches() int                { return (s.of.n + s.size - 1) / s.size }
func (s *indexed) samples() int                { return s.of.n }
func (s *indexed) batchSize() int              { return s.size }
func (s *indexed) close() error                { return nil }

func (s *indexed) open(_ context.Context, _, skip int) error {
	s.at = min(skip*s.size, s.of.n)
	return nil
}

// shuffle puts the samples into an order that goes by key.
func (s *indexed) shuffle(key uint64) {
	if s.order == nil {
		s.order = make([]int, s.of.n)
	}
	for i := range s.order {
		s.order[i] = s.of.first + i
	}
	shuffle(s.order, key)
}

func (s *indexed) next(context.Context) (int, bool, error) {
	n := min(s.size, s.of.n-s.at)
	s.batch = s.batch[:n]
	for i := range s.batch {
		s.batch[i] = s.of.first + s.at + i
		if s.order != nil {
			s.batch[i] = s.order[s.at+i]
		}
	}
	s.at += n
	return n, s.of.weights != nil, nil
}

func (s *indexed) stage(m *Model, p *program, check bool) error {
	if err := s.of.batch(s.batch, p.xs, p.ys); err != nil {
		return err
	}
	for j, values := range p.weightValues {
		for k, i := range s.batch {
			values[k] = 1
			if s.of.weights != nil && s.of.weights[j] != nil {
				values[k] = s.of.weights[j][i]
			}
		}
	}
	if !check {
		return m.checkInputs(p.xs, p.batch, func(row int) int { return s.batch[row] })
	}
	return m.checkBatch(p, s.batch)
}

// streamed is a source of a stream's batches.
type streamed struct {
	of              Batches
	what            string // begins the messages: "fit"
	n, first        int    // the batch that next took: how many samples, and how many came before them
	xs, ys, weights [][]float32
	indices         []int
}

func (s *streamed) shapes() (x, y []prog.Shape) {
	for _, shape := range s.of.XShapes() {
		x = append(x, shape)
	}
	for _, shape := range s.of.YShapes() {
		y = append(y, shape)
	}
	return x, y
}

func (s *streamed) batches() int   { return 0 }
func (s *streamed) samples() int   { return 0 }
func (s *streamed) batchSize() int { return 0 }
func (s *streamed) close() error   { return s.of.Close() }

func (s *streamed) open(ctx context.Context, epoch, skip int) error {
	s.n, s.first = 0, 0
	return s.of.Open(ctx, epoch, skip)
}

func (s *streamed) next(ctx context.Context) (n int, weighted bool, err error) {
	s.first += s.n
	s.n, s.xs, s.ys, s.weights, err = s.of.Next(ctx)
	return s.n, s.weights != nil, err
}

func (s *streamed) stage(m *Model, p *program, check bool) error {
	for _, group := range [...]struct {
		name     string
		dst, src [][]float32
	}{{"inputs", p.xs, s.xs}, {"targets", p.ys, s.ys}} {
		if len(group.dst) == 0 { // predictions have no targets
			continue
		}
		if len(group.src) != len(group.dst) {
			return fail(ErrShape, "%s: a batch has %d %s, wanted %d", s.what, len(group.src), group.name, len(group.dst))
		}
		for k, dst := range group.dst {
			if len(group.src[k]) != len(dst) {
				return fail(ErrShape, "%s: a batch of %d samples has %d numbers in its %s, wanted %d", s.what, s.n, len(group.src[k]), group.name, len(dst))
			}
			copy(dst, group.src[k])
		}
	}
	for j, values := range p.weightValues {
		own := s.weights
		if len(own) > 1 && len(own) != len(p.weightValues) {
			return fail(ErrShape, "%s: a batch has %d lists of sample weights, wanted one or %d", s.what, len(own), len(p.weightValues))
		}
		for k := range values {
			values[k] = 1
		}
		if len(own) > 0 {
			if err := checkSampleWeight(s.what, own[min(j, len(own)-1)], s.n); err != nil {
				return err
			}
			copy(values, own[min(j, len(own)-1)])
		}
	}
	if !check {
		return m.checkInputs(p.xs, p.batch, func(row int) int { return s.first + row })
	}
	s.indices = s.indices[:0]
	for i := range s.n {
		s.indices = append(s.indices, s.first+i)
	}
	return m.checkBatch(p, s.indices)
}
