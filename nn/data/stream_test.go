package data_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tabgrad/tabgrad/nn/data"
)

var ctx = context.Background()

// counting is a stream of the numbers 0 to n-1, of which reads counts how many were read and open how many readers are.
func counting(n int, reads, open *atomic.Int32) *data.Stream {
	return data.NewStream([][]int{{1}}, [][]int{{1}}, func(epoch int) (data.Reader, error) {
		open.Add(1)
		return &counter{n: n, reads: reads, open: open}, nil
	})
}

type counter struct {
	at, n       int
	reads, open *atomic.Int32
}

func (c *counter) Read() (data.Sample, error) {
	if c.at == c.n {
		return data.Sample{}, io.EOF
	}
	c.reads.Add(1)
	c.at++
	v := float32(c.at - 1)
	return data.Sample{X: [][]float32{{v}}, Y: [][]float32{{10 * v}}, Weight: 1}, nil
}

func (c *counter) Close() error {
	c.open.Add(-1)
	return nil
}

func upTo(n int) *data.Stream {
	var reads, open atomic.Int32
	return counting(n, &reads, &open)
}

// values are the first numbers of an epoch's samples.
func values(t testing.TB, s *data.Stream, epoch, most int) []float32 {
	t.Helper()
	var list []float32
	for sample, err := range s.All(epoch) {
		if err != nil {
			t.Fatal(err)
		}
		if list = append(list, sample.X[0][0]); len(list) == most {
			break
		}
	}
	return list
}

func TestStreams(t *testing.T) {
	double := func(s *data.Sample) error { s.X[0][0] *= 2; return nil }
	even := func(s *data.Sample) bool { return int(s.X[0][0])%2 == 0 }
	for name, c := range map[string]struct {
		s    *data.Stream
		want string
	}{
		"plain":                   {upTo(4), "0 1 2 3"},
		"none":                    {upTo(0), ""},
		"map":                     {upTo(3).Map(double), "0 2 4"},
		"filter":                  {upTo(7).Filter(even), "0 2 4 6"},
		"take":                    {upTo(9).Take(3), "0 1 2"},
		"take more than there is": {upTo(2).Take(3), "0 1"},
		"take none":               {upTo(2).Take(0), ""},
		"skip":                    {upTo(5).Skip(3), "3 4"},
		"skip all":                {upTo(2).Skip(3), ""},
		"repeat":                  {upTo(3).Repeat(2), "0 1 2 0 1 2"},
		"repeat without an end":   {upTo(3).Repeat(0), "0 1 2 0 1 2 0 1"},
		"repeat nothing":          {upTo(0).Repeat(0), ""},
		"cache":                   {upTo(3).Cache(), "0 1 2"},
		"in a row":                {upTo(20).Filter(even).Map(double).Skip(2).Take(3).Repeat(2), "8 12 16 8 12 16"},
		"shuffle by one":          {upTo(4).Shuffle(1, 7), "0 1 2 3"},
	} {
		got := strings.Trim(fmt.Sprint(values(t, c.s, 0, 8)), "[]")
		if got != c.want {
			t.Errorf("%s: %s, wanted %s", name, got, c.want)
		}
	}
}

// Each epoch has an order of its own, which seed and epoch decide; none is lost, and none comes sooner than the buffer allows.
func TestShuffle(t *testing.T) {
	s := upTo(100).Shuffle(10, 5)
	one, two, again := values(t, s, 0, 0), values(t, s, 1, 0), values(t, upTo(100).Shuffle(10, 5), 0, 0)
	if slices.Equal(one, two) || !slices.Equal(one, again) || slices.Equal(one, values(t, upTo(100).Shuffle(10, 6), 0, 0)) {
		t.Error("epochs and seeds do not decide the order")
	}
	for at, v := range one {
		if int(v) > at+9 {
			t.Errorf("%v comes at place %d, ahead of the buffer", v, at)
		}
	}
	sorted := slices.Sorted(slices.Values(one))
	if !slices.Equal(sorted, values(t, upTo(100), 0, 0)) {
		t.Errorf("got %v", sorted)
	}
	if repeated := values(t, upTo(6).Shuffle(6, 5).Repeat(2), 0, 0); slices.Equal(repeated[:6], repeated[6:]) {
		t.Error("what is repeated is shuffled once")
	}
}

// What is read once is kept; what was not read to its end is not.
func TestCache(t *testing.T) {
	var reads, open atomic.Int32
	s := counting(5, &reads, &open).Cache()
	values(t, s, 0, 2)
	for range 3 {
		if got := values(t, s.Map(func(s *data.Sample) error { s.X[0][0]++; return nil }), 0, 0); !slices.Equal(got, []float32{1, 2, 3, 4, 5}) {
			t.Errorf("got %v", got)
		}
	}
	if reads.Load() != 7 || open.Load() != 0 {
		t.Errorf("%d reads, %d open readers", reads.Load(), open.Load())
	}
}

func TestGenerate(t *testing.T) {
	boom := errors.New("boom")
	ended := 0
	s := data.Generate([][]int{{1}}, nil, func(epoch int, yield func(data.Sample) bool) error {
		defer func() { ended++ }()
		for i := range 3 {
			if !yield(data.Sample{X: [][]float32{{float32(10*epoch + i)}}}) {
				return nil
			}
		}
		if epoch == 2 {
			return boom
		}
		return nil
	})
	if got := values(t, s, 1, 0); !slices.Equal(got, []float32{10, 11, 12}) {
		t.Errorf("got %v", got)
	}
	values(t, s, 0, 2)
	var last error
	for _, err := range s.All(2) {
		last = err
	}
	if last != boom || ended != 3 {
		t.Errorf("the last error is %v, %d readers ended", last, ended)
	}
}

// describe reads all batches that are left.
func describe(t testing.TB, b *data.BatchStream) string {
	t.Helper()
	var list []string
	for {
		n, x, y, w, err := b.Next(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			return strings.Join(list, "; ")
		}
		s := fmt.Sprintf("%d %v %v", n, x, y)
		if w != nil {
			s += fmt.Sprintf(" %v", w)
		}
		list = append(list, s)
	}
}

func TestBatchStreams(t *testing.T) {
	for _, prefetch := range []int{0, 1, 3} {
		b, err := upTo(5).Batch(2)
		if err != nil {
			t.Fatal(err)
		}
		b = b.Prefetch(prefetch)
		for _, c := range []struct {
			b    *data.BatchStream
			skip int
			want string
		}{
			{b, 0, "2 [[0 1]] [[0 10]]; 2 [[2 3]] [[20 30]]; 1 [[4]] [[40]]"},
			{b, 1, "2 [[2 3]] [[20 30]]; 1 [[4]] [[40]]"},
			{b, 3, ""},
			{b, 9, ""},
			{b.WholeBatches(), 0, "2 [[0 1]] [[0 10]]; 2 [[2 3]] [[20 30]]"},
		} {
			for range 2 { // it may be opened again, also before its end
				if err := c.b.Open(ctx, 0, c.skip); err != nil {
					t.Fatal(err)
				}
				if _, _, _, _, err := c.b.Next(ctx); err != nil {
					t.Fatal(err)
				}
			}
			if err := c.b.Open(ctx, 0, c.skip); err != nil {
				t.Fatal(err)
			}
			if got := describe(t, c.b); got != c.want {
				t.Errorf("prefetch %d, skip %d: %s, wanted %s", prefetch, c.skip, got, c.want)
			}
			if err := c.b.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
	weighted, err := upTo(3).Weigh(func(s *data.Sample) float32 { return s.X[0][0] / 2 }).Batch(2)
	if err != nil {
		t.Fatal(err)
	}
	if err := weighted.Open(ctx, 0, 0); err != nil {
		t.Fatal(err)
	}
	if got, want := describe(t, weighted), "2 [[0 1]] [[0 10]] [[0 0.5]]; 1 [[2]] [[20]] [[1]]"; got != want {
		t.Errorf("got %s, wanted %s", got, want)
	}
	if n, _, _, _, err := (&data.BatchStream{}).Next(ctx); n != 0 || err != nil {
		t.Errorf("one that isn't open gives %d, %v", n, err)
	}
}

// Batches are prepared while nobody asks, as many as are wanted; closing ends that, and frees the reader.
func TestPrefetch(t *testing.T) {
	var reads, open atomic.Int32
	b, err := counting(1000, &reads, &open).Batch(10)
	if err != nil {
		t.Fatal(err)
	}
	b = b.Prefetch(3)
	if err := b.Open(ctx, 0, 0); err != nil {
		t.Fatal(err)
	}
	settles := func(want int32) {
		t.Helper()
		for end := time.Now().Add(5 * time.Second); reads.Load() != want && time.Now().Before(end); {
			time.Sleep(time.Millisecond)
		}
		time.Sleep(5 * time.Millisecond)
		if got := reads.Load(); got != want {
			t.Errorf("%d samples were read, wanted %d", got, want)
		}
	}
	settles(30)
	if _, _, _, _, err := b.Next(ctx); err != nil {
		t.Fatal(err)
	}
	settles(40)
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	settles(40)
	if open.Load() != 0 {
		t.Errorf("%d readers are open", open.Load())
	}
	slow, err := data.Generate([][]int{{1}}, nil, func(int, func(data.Sample) bool) error { time.Sleep(20 * time.Millisecond); return nil }).Batch(1)
	if err != nil {
		t.Fatal(err)
	}
	slow = slow.Prefetch(1)
	if err := slow.Open(ctx, 0, 0); err != nil {
		t.Fatal(err)
	}
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	if _, _, _, _, err := slow.Next(cancelled); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled wait: %v", err)
	}
	if err := slow.Close(); err != nil {
		t.Fatal(err)
	}
}

// What goes wrong while a batch is made is the error of whoever asks for it.
func TestStreamErrors(t *testing.T) {
	boom := errors.New("boom")
	if _, err := upTo(1).Batch(0); !errors.Is(err, data.ErrShape) || err.Error() != "stream: batches of 0 samples" {
		t.Error(err)
	}
	for name, c := range map[string]struct {
		s    *data.Stream
		kind error
		text string
	}{
		"open":    {data.NewStream(nil, nil, func(int) (data.Reader, error) { return nil, boom }), boom, "boom"},
		"map":     {upTo(3).Map(func(s *data.Sample) error { return boom }), boom, "boom"},
		"inputs":  {upTo(3).To([][]int{{1}, {1}}, nil, func(s *data.Sample) error { s.Y = nil; return nil }), data.ErrShape, "stream: a sample has 1 inputs, wanted 2"},
		"targets": {upTo(3).To([][]int{{1}}, [][]int{{2}}, func(s *data.Sample) error { return nil }), data.ErrShape, "stream: a sample has 1 numbers in its targets, wanted 2 for 2"},
		"repeat":  {data.NewStream([][]int{{1}}, nil, func(epoch int) (data.Reader, error) { return nil, boom }).Repeat(2), boom, "boom"},
		"shuffle": {upTo(3).Map(func(s *data.Sample) error { return boom }).Shuffle(9, 1), boom, "boom"},
		"cache":   {upTo(3).Map(func(s *data.Sample) error { return boom }).Cache(), boom, "boom"},
	} {
		for _, prefetch := range []int{0, 2} {
			b, err := c.s.Batch(2)
			if err != nil {
				t.Fatal(err)
			}
			b = b.Prefetch(prefetch)
			if err = b.Open(ctx, 0, 0); err == nil {
				_, _, _, _, err = b.Next(ctx)
			}
			if !errors.Is(err, c.kind) || err.Error() != c.text {
				t.Errorf("%s: %v, wanted %s", name, err, c.text)
			}
			if err := b.Close(); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

// A dataset's samples as a stream.
func TestSamplesOfADataset(t *testing.T) {
	x, _ := data.NewBytes([]int{3, 2}, []byte{1, 2, 3, 4, 5, 6}, 0.5)
	y, _ := data.OneHot([]int32{1, 0, 1}, 2)
	d, err := data.NewTable(x, y)
	if err != nil {
		t.Fatal(err)
	}
	b, err := data.Samples(d).Batch(2)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Open(ctx, 0, 0); err != nil {
		t.Fatal(err)
	}
	if got, want := describe(t, b), "2 [[0.5 1 1.5 2]] [[0 1 1 0]]; 1 [[2.5 3]] [[0 1]]"; got != want {
		t.Errorf("got %s, wanted %s", got, want)
	}
}

type tensor struct {
	Shape []int
	Data  []float32
}

// PadSequences and Windows do what Keras's functions do.
func TestSequencesAreKeras(t *testing.T) {
	raw, err := os.ReadFile("../testdata/keras/sequences.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Cases []struct {
			Name      string
			Sequences [][]float32
			Steps     json.RawMessage
			Targets   json.RawMessage
			Config    struct {
				Maxlen, Length      int
				Padding, Truncating string
				Value               float32
				SequenceLength      int `json:"sequence_length"`
				SequenceStride      int `json:"sequence_stride"`
				SamplingRate        int `json:"sampling_rate"`
				StartIndex          int `json:"start_index"`
				EndIndex            int `json:"end_index"`
			}
			Expect struct {
				tensor
				X tensor
				Y *tensor
			}
		}
	}
	if err := json.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Cases) < 20 {
		t.Fatalf("%d cases", len(file.Cases))
	}
	// column is numbers, or lists of numbers.
	column := func(raw json.RawMessage) data.Column {
		var flat []float32
		if err := json.Unmarshal(raw, &flat); err == nil {
			a, err := data.NewFloats([]int{len(flat)}, flat)
			if err != nil {
				t.Fatal(err)
			}
			return a
		}
		var rows [][]float32
		if err := json.Unmarshal(raw, &rows); err != nil {
			t.Fatal(err)
		}
		a, err := data.NewFloats([]int{len(rows), len(rows[0])}, slices.Concat(rows...))
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	same := func(name string, c data.Column, want tensor) {
		t.Helper()
		if shape := append([]int{c.Len()}, c.Shape()...); !slices.Equal(shape, want.Shape) {
			t.Errorf("%s: shape %v, wanted %v", name, shape, want.Shape)
			return
		}
		per := 1
		for _, d := range c.Shape() {
			per *= d
		}
		got := make([]float32, c.Len()*per)
		for i := range c.Len() {
			c.CopyRow(got[i*per:(i+1)*per], i)
		}
		if !slices.Equal(got, want.Data) {
			t.Errorf("%s: %v, wanted %v", name, got, want.Data)
		}
	}
	for _, c := range file.Cases {
		if c.Steps == nil {
			a, err := data.PadSequences(c.Sequences, data.Padding{
				Length: c.Config.Maxlen, After: c.Config.Padding == "post", TruncateTail: c.Config.Truncating == "post", Value: c.Config.Value,
			})
			if err != nil {
				t.Fatal(err)
			}
			same(c.Name, a, c.Expect.tensor)
			continue
		}
		var targets data.Column
		if string(c.Targets) != "null" {
			targets = column(c.Targets)
		}
		x, y, err := data.Windows(column(c.Steps), targets, data.Timeseries{
			Length: c.Config.SequenceLength, Stride: c.Config.SequenceStride, Rate: c.Config.SamplingRate, Start: c.Config.StartIndex, End: c.Config.EndIndex,
		})
		if err != nil {
			t.Errorf("%s: %v", c.Name, err)
			continue
		}
		same(c.Name, x, c.Expect.X)
		if (y == nil) != (c.Expect.Y == nil) {
			t.Errorf("%s: targets %v", c.Name, y)
		} else if y != nil {
			same(c.Name+" y", y, *c.Expect.Y)
		}
	}
}

func TestSequenceErrors(t *testing.T) {
	if _, err := data.PadSequences(nil, data.Padding{Length: -1}); err == nil || err.Error() != "pad sequences: length is -1, wanted at least 1" {
		t.Error(err)
	}
	series, _ := data.NewFloats([]int{10}, make([]float32, 10))
	for _, c := range []struct {
		t    data.Timeseries
		text string
	}{
		{data.Timeseries{}, "timeseries: length is 0, wanted 1 to 10 for a series of 10 steps"},
		{data.Timeseries{Length: 11}, "timeseries: length is 11, wanted 1 to 10 for a series of 10 steps"},
		{data.Timeseries{Length: 2, Stride: -1}, "timeseries: stride is -1, wanted 1 to 10 for a series of 10 steps"},
		{data.Timeseries{Length: 2, Rate: 20}, "timeseries: rate is 20, wanted 1 to 10 for a series of 10 steps"},
		{data.Timeseries{Length: 2, Start: 10}, "timeseries: start is 10, wanted 0 to 9 for a series of 10 steps"},
		{data.Timeseries{Length: 2, Start: 5, End: 5}, "timeseries: end is 5, wanted 6 to 10 for a series of 10 steps"},
		{data.Timeseries{Length: 2, End: 11}, "timeseries: end is 11, wanted 1 to 10 for a series of 10 steps"},
		{data.Timeseries{Length: 4, Rate: 3, Start: 2}, "timeseries: no window of 4 steps, 3 apart, lies within steps 2 to 9"},
	} {
		if _, _, err := data.Windows(series, nil, c.t); !errors.Is(err, data.ErrShape) || err.Error() != c.text {
			t.Errorf("got %v, wanted %s", err, c.text)
		}
	}
}
