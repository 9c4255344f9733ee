package data

import (
	"io"
	"iter"
	"sync"
)

// A Sample is one sample of a Stream. Its slices belong to whoever got it.
type Sample struct {
	X, Y   [][]float32 // of each input, and of each target
	Weight float32     // what its loss counts, of a stream that has weights
}

// A Reader reads the samples of an epoch.
type Reader interface {
	// Read is the next sample; io.EOF at the end.
	Read() (Sample, error)
	// Close ends the reading. It may be called before the end, and once.
	Close() error
}

// A Stream is samples that are read one after another, epoch by epoch: more than memory holds, or made as they are read. Its
// methods make new streams of it, in the spirit of tf.data: what is made reads what it is made of when it is read
// itself. A stream that gives the same samples for the same epoch each time lets an interrupted training end with the
// same bits.
type Stream struct {
	x, y     [][]int // one sample's shapes
	weighted bool
	open     func(epoch int) (Reader, error)
}

// NewStream is the samples that open's readers give, with the shapes of their inputs and targets. Epochs count from 0.
func NewStream(x, y [][]int, open func(epoch int) (Reader, error)) *Stream {
	return &Stream{x: x, y: y, open: open}
}

// Generate is the samples that a function yields, for each epoch anew. The function returns when yield says that no more
// are wanted; what it returns, where it isn't nil, is the error of whoever reads.
func Generate(x, y [][]int, each func(epoch int, yield func(Sample) bool) error) *Stream {
	return NewStream(x, y, func(epoch int) (Reader, error) {
		g := &generator{}
		g.next, g.stop = iter.Pull(func(yield func(Sample) bool) { g.err = each(epoch, yield) })
		return g, nil
	})
}

type generator struct {
	next func() (Sample, bool)
	stop func()
	err  error
}

func (g *generator) Read() (Sample, error) {
	s, ok := g.next()
	switch {
	case ok:
		return s, nil
	case g.err != nil:
		return Sample{}, g.err
	}
	return Sample{}, io.EOF
}

func (g *generator) Close() error {
	g.stop()
	return nil
}

// Samples is a dataset's samples, in their order.
func Samples(d Dataset) *Stream {
	x, y := [][]int{d.XShape()}, [][]int{d.YShape()}
	return NewStream(x, y, func(int) (Reader, error) {
		at := 0
		return readFunc(func() (Sample, error) {
			if at == d.Len() {
				return Sample{}, io.EOF
			}
			s := Sample{X: room(x, 1), Y: room(y, 1), Weight: 1}
			at++
			return s, d.Batch([]int{at - 1}, s.X[0], s.Y[0])
		}), nil
	})
}

// room is memory for n samples of each shape.
func room(shapes [][]int, n int) [][]float32 {
	list := make([][]float32, len(shapes))
	for k, shape := range shapes {
		per, _ := product(shape)
		list[k] = make([]float32, n*per)
	}
	return list
}

// readFunc is a Reader that has nothing to close.
type readFunc func() (Sample, error)

func (f readFunc) Read() (Sample, error) { return f() }
func (readFunc) Close() error            { return nil }

// of is a reader of another's samples: what is behind it is closed with it.
type of struct {
	Reader
	read func() (Sample, error)
}

func (r of) Read() (Sample, error) { return r.read() }

// with is a stream of the same shapes that reads s's samples in a way of its own.
func (s *Stream) with(open func(epoch int, r Reader) func() (Sample, error)) *Stream {
	c := *s
	c.open = func(epoch int) (Reader, error) {
		r, err := s.open(epoch)
		if err != nil {
			return nil, err
		}
		return of{r, open(epoch, r)}, nil
	}
	return &c
}

// Map changes each sample with f. The shapes stay what they are; To gives others.
func (s *Stream) Map(f func(*Sample) error) *Stream {
	return s.with(func(_ int, r Reader) func() (Sample, error) {
		return func() (Sample, error) {
			sample, err := r.Read()
			if err == nil {
				err = f(&sample)
			}
			return sample, err
		}
	})
}

// To is Map to samples of other shapes.
func (s *Stream) To(x, y [][]int, f func(*Sample) error) *Stream {
	c := s.Map(f)
	c.x, c.y = x, y
	return c
}

// Weigh gives each sample the weight that f says: what its loss counts.
func (s *Stream) Weigh(f func(*Sample) float32) *Stream {
	c := s.Map(func(s *Sample) error {
		s.Weight = f(s)
		return nil
	})
	c.weighted = true
	return c
}

// Filter leaves out the samples that f says no to.
func (s *Stream) Filter(f func(*Sample) bool) *Stream {
	return s.with(func(_ int, r Reader) func() (Sample, error) {
		return func() (Sample, error) {
			for {
				sample, err := r.Read()
				if err != nil || f(&sample) {
					return sample, err
				}
			}
		}
	})
}

// Take is the first n samples of each epoch.
func (s *Stream) Take(n int) *Stream {
	return s.with(func(_ int, r Reader) func() (Sample, error) {
		left := n
		return func() (Sample, error) {
			if left <= 0 {
				return Sample{}, io.EOF
			}
			left--
			return r.Read()
		}
	})
}

// Skip leaves out the first n samples of each epoch.
func (s *Stream) Skip(n int) *Stream {
	return s.with(func(_ int, r Reader) func() (Sample, error) {
		left := n
		return func() (Sample, error) {
			for ; left > 0; left-- {
				if sample, err := r.Read(); err != nil {
					return sample, err
				}
			}
			return r.Read()
		}
	})
}

// Shuffle gives the samples in another order each epoch: each is drawn out of a buffer of the next size samples. The same
// seed and epoch give the same order. Where size is at least the number of samples, every order is as likely.
func (s *Stream) Shuffle(size int, seed uint64) *Stream {
	size = max(size, 1)
	return s.with(func(epoch int, r Reader) func() (Sample, error) {
		random := NewRandom(seed, uint64(epoch))
		var buffer []Sample
		ended := false
		return func() (Sample, error) {
			for !ended && len(buffer) < size {
				sample, err := r.Read()
				if err == io.EOF {
					ended = true
				} else if err != nil {
					return sample, err
				} else {
					buffer = append(buffer, sample)
				}
			}
			if len(buffer) == 0 {
				return Sample{}, io.EOF
			}
			i, last := random.IntN(len(buffer)), len(buffer)-1
			sample := buffer[i]
			buffer[i], buffer[last] = buffer[last], Sample{}
			buffer = buffer[:last]
			return sample, nil
		}
	})
}

// Repeat gives the samples n times an epoch, and without an end where n is 0. Each time is an epoch of what is repeated.
func (s *Stream) Repeat(n int) *Stream {
	c := *s
	c.open = func(epoch int) (Reader, error) {
		r := &repeated{of: s, epoch: epoch * max(n, 1), left: n - 1}
		if err := r.begin(); err != nil {
			return nil, err
		}
		return r, nil
	}
	return &c
}

type repeated struct {
	Reader
	of    *Stream
	epoch int // the next
	left  int // times; -1 for no end
	empty bool
}

func (r *repeated) begin() (err error) {
	r.empty = true
	if r.Reader, err = r.of.open(r.epoch); err != nil {
		r.Reader = nil
	}
	r.epoch++
	return err
}

func (r *repeated) Read() (Sample, error) {
	for {
		sample, err := r.Reader.Read()
		if err != io.EOF || r.left == 0 || r.empty {
			r.empty = false
			return sample, err
		}
		if r.left > 0 {
			r.left--
		}
		if err := r.Close(); err != nil {
			return Sample{}, err
		}
		r.Reader = nil
		if err := r.begin(); err != nil {
			return Sample{}, err
		}
	}
}

func (r *repeated) Close() error {
	if r.Reader == nil {
		return nil
	}
	return r.Reader.Close()
}

// Cache keeps the samples in memory when an epoch was read to its end: the epochs behind it have the same.
func (s *Stream) Cache() *Stream {
	var mu sync.Mutex
	var kept []Sample // nil before an epoch was read
	c := *s
	c.open = func(epoch int) (Reader, error) {
		mu.Lock()
		defer mu.Unlock()
		if kept != nil {
			samples := kept
			return readFunc(func() (Sample, error) {
				if len(samples) == 0 {
					return Sample{}, io.EOF
				}
				sample := samples[0].clone()
				samples = samples[1:]
				return sample, nil
			}), nil
		}
		r, err := s.open(epoch)
		if err != nil {
			return nil, err
		}
		read := []Sample{}
		return of{r, func() (Sample, error) {
			sample, err := r.Read()
			if err == io.EOF {
				mu.Lock()
				kept = read
				mu.Unlock()
			} else if err == nil {
				read = append(read, sample.clone())
			}
			return sample, err
		}}, nil
	}
	return &c
}

// clone shares nothing with s.
func (s *Sample) clone() Sample {
	c := Sample{Weight: s.Weight}
	for _, v := range s.X {
		c.X = append(c.X, append([]float32(nil), v...))
	}
	for _, v := range s.Y {
		c.Y = append(c.Y, append([]float32(nil), v...))
	}
	return c
}

// All are the samples of an epoch, for a loop; an error is the last.
func (s *Stream) All(epoch int) iter.Seq2[Sample, error] {
	return func(yield func(Sample, error) bool) {
		r, err := s.open(epoch)
		if err != nil {
			yield(Sample{}, err)
			return
		}
		for more := true; more; {
			sample, err := r.Read()
			if err == io.EOF {
				break
			}
			if more = yield(sample, err) && err == nil; err != nil {
				break
			}
		}
		if err := r.Close(); err != nil {
			yield(Sample{}, err)
		}
	}
}
