package bindings

import (
	"context"
	"fmt"
	"slices"

	"github.com/tabgrad/tabgrad/nn"
)

// A feed is batches that the page sends one after another: an iterable of its, a file that it reads. The engine asks for
// them with the event
//
//	feed    {feed, of, epoch, skip, limit}
//
// of is train, validation, evaluate or predict; skip batches of the epoch are left out, and at most limit will be taken, where it
// is not 0. The page answers with requests feed.push {feed, xs, ys, sampleWeight?}, one behind the other's reply, and {feed, end: true} behind
// the last. The reply comes when there is room, and {more} is false when nothing is taken any more.
type feed struct {
	j     *job
	what  string // begins the messages: "fit"
	of    string
	ends  ends
	limit func(epoch, skip int) int

	open   *opening // nil while it isn't
	ended  bool
	peeked *fed // taken, but not by Next yet
	shapes [2][][]int
	count  int // batches since it was opened
}

// An opening is what the page's pushes find.
type opening struct {
	id     float64
	what   string
	ends   ends
	ys     bool      // the batches have targets
	items  chan *fed // what has come and was not taken
	closed chan struct{}
}

// fed is a batch: what nn's Batches give. A nil one is the end.
type fed struct {
	n               int
	xs, ys, weights [][]float32
	xShapes         [][]int
	yShapes         [][]int
}

// fedAhead is how many batches wait in the engine for their step, beside the one that is trained on.
const fedAhead = 2

func (j *job) newFeed(what, of string, limit func(epoch, skip int) int) *feed {
	return &feed{j: j, what: what, of: of, ends: j.m.ends(), limit: limit}
}

// Open asks the page for the batches from number skip of an epoch on, and waits for the first, which says what shapes they have.
func (f *feed) Open(ctx context.Context, epoch, skip int) (err error) {
	f.shut()
	f.open = &opening{what: f.what, ends: f.ends, ys: f.of != "predict", items: make(chan *fed, fedAhead), closed: make(chan struct{})}
	f.ended, f.count = false, skip
	s := f.j.s
	s.mu.Lock()
	s.lastFeed++
	f.open.id = float64(s.lastFeed)
	s.feeds[f.open.id] = f.open
	s.mu.Unlock()
	f.j.emit(Event{"feed", Object{"feed": f.open.id, "of": f.of, "epoch": float64(epoch), "skip": float64(skip), "limit": float64(f.limit(epoch, skip))}}, false)
	if f.peeked, err = f.take(ctx); f.peeked != nil {
		f.shapes = [2][][]int{f.peeked.xShapes, f.peeked.yShapes}
	}
	return err
}

// take waits for the next batch, while the model is free. nil is the end.
func (f *feed) take(ctx context.Context) (item *fed, err error) {
	if f.ended {
		return nil, nil
	}
	select {
	case item = <-f.open.items:
	default:
		f.j.m.give()
		select {
		case item = <-f.open.items:
		case <-ctx.Done():
		}
		if f.j.hold != nil { // it may have been paused meanwhile
			f.j.hold()
		}
		f.j.m.held <- struct{}{} // without the context: whoever began gives it back in any case
	}
	f.ended = item == nil
	return item, ctx.Err()
}

// room is whether the page could send a batch now.
func (f *feed) room() bool {
	return f.open != nil && !f.ended && len(f.open.items) < cap(f.open.items)
}

// XShapes are those of the inputs of the first batch.
func (f *feed) XShapes() [][]int { return f.shapes[0] }

// YShapes are those of the targets of the first batch.
func (f *feed) YShapes() [][]int { return f.shapes[1] }

// Next is the next batch.
func (f *feed) Next(ctx context.Context) (n int, xs, ys, weights [][]float32, err error) {
	item := f.peeked
	if f.peeked = nil; item == nil {
		if item, err = f.take(ctx); err != nil || item == nil {
			return 0, nil, nil, nil, err
		}
	}
	f.count++
	for _, side := range []struct {
		name      string
		got, want [][]int
	}{{"xs", item.xShapes, f.shapes[0]}, {"ys", item.yShapes, f.shapes[1]}} {
		if !slices.EqualFunc(side.got, side.want, func(a, b []int) bool { return slices.Equal(a, b) }) {
			return 0, nil, nil, nil, &Error{Code: ShapeMismatch, Message: fmt.Sprintf("%s: %s of batch %d is %v a sample, the first batch has %v", f.what, side.name, f.count-1, side.got, side.want)}
		}
	}
	return item.n, item.xs, item.ys, item.weights, nil
}

// Close tells the page that nothing is taken any more, with its next push.
func (f *feed) Close() error {
	f.shut()
	return nil
}

func (f *feed) shut() {
	if f.open == nil {
		return
	}
	s := f.j.s
	s.mu.Lock()
	delete(s.feeds, f.open.id)
	s.mu.Unlock()
	close(f.open.closed)
	f.open = nil
}

// push takes a batch of a feed's.
func (s *Service) push(ctx context.Context, a *args, _ Emit) (Value, error) {
	id, _ := a.values["feed"].(float64)
	s.mu.Lock()
	o := s.feeds[id]
	s.mu.Unlock()
	if o == nil {
		return Object{"more": false}, nil
	}
	var item *fed
	if !a.boolean("end", false) {
		a.where = o.what
		item = a.fed(o.ends, o.ys)
	}
	if a.err != nil {
		return nil, a.err
	}
	select {
	case o.items <- item:
		return Object{"more": item != nil}, nil
	case <-o.closed:
		return Object{"more": false}, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// fed reads a batch.
func (a *args) fed(of ends, targets bool) *fed {
	item := &fed{}
	var samples *nn.Columns
	if targets {
		samples = a.dataset(of, "xs", "ys")
	} else if xs := a.columns("xs", of.inputs); a.err == nil {
		samples, a.err = nn.NewColumns(xs, nil)
	}
	if a.err != nil {
		return nil
	}
	if item.n = samples.Len(); item.n == 0 || item.n > largestBatch {
		a.fail(BadData, "a batch has %d samples, want 1 to %d", item.n, largestBatch)
		return nil
	}
	item.read(a, samples)
	item.weights = a.weightList(of, "sampleWeight", item.n)
	return item
}

// read fills the batch with all of d's samples.
func (item *fed) read(a *args, d *nn.Columns) {
	item.xShapes, item.yShapes = d.XShapes(), d.YShapes()
	indices := make([]int, item.n)
	for i := range indices {
		indices[i] = i
	}
	room := func(shapes [][]int) [][]float32 {
		list := make([][]float32, len(shapes))
		for k, shape := range shapes {
			size := item.n
			for _, d := range shape {
				size *= d
			}
			list[k] = make([]float32, size)
		}
		return list
	}
	item.xs, item.ys = room(item.xShapes), room(item.yShapes)
	if err := d.BatchMulti(indices, item.xs, item.ys); err != nil && a.err == nil {
		a.err = err
	}
}
