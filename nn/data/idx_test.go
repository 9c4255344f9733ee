package data

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"math"
	"reflect"
	"runtime"
	"strings"
	"testing"
)

func gzipped(t testing.TB, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	if _, err := z.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// Every way in: from memory, from a reader, and both gzipped.
func readers(t testing.TB) map[string]func(b []byte, limit int) (*IDX, error) {
	return map[string]func(b []byte, limit int) (*IDX, error){
		"ParseIDX":      ParseIDX,
		"ReadIDX":       func(b []byte, limit int) (*IDX, error) { return ReadIDX(bytes.NewReader(b), limit) },
		"ParseIDX gzip": func(b []byte, limit int) (*IDX, error) { return ParseIDX(gzipped(t, b), limit) },
		"ReadIDX gzip":  func(b []byte, limit int) (*IDX, error) { return ReadIDX(bytes.NewReader(gzipped(t, b)), limit) },
	}
}

func TestIDXRoundTrip(t *testing.T) {
	files := []IDX{
		{Uint8, []int{2, 3}, []byte{0, 1, 127, 128, 254, 255}},
		{Int8, []int{3}, []byte{0x80, 0xff, 0x7f}},
		{Int16, []int{2}, []byte{0xff, 0xfe, 0x01, 0x00}},
		{Int32, []int{1, 2}, []byte{0xff, 0xff, 0xff, 0xfd, 0, 0, 1, 2}},
		{Float32, []int{2}, []byte{0x3f, 0xc0, 0, 0, 0xff, 0x80, 0, 0}},
		{Float64, []int{1}, []byte{0xc0, 0x09, 0, 0, 0, 0, 0, 0}},
		{Uint8, nil, []byte{7}},
		{Uint8, []int{0, 28, 28}, []byte{}},
	}
	floats := [][]float32{
		{0, 1, 127, 128, 254, 255}, {-128, -1, 127}, {-2, 256}, {-3, 258}, {1.5, float32(math.Inf(-1))}, {-3.125}, {7}, {},
	}
	for i, want := range files {
		var b bytes.Buffer
		if err := WriteIDX(&b, &want); err != nil {
			t.Fatal(err)
		}
		for name, read := range readers(t) {
			got, err := read(b.Bytes(), 0)
			if err != nil {
				t.Errorf("%s of type %#x: %v", name, want.Type, err)
				continue
			}
			if got.Type != want.Type || len(got.Dims) != len(want.Dims) || !bytes.Equal(got.Raw, want.Raw) {
				t.Errorf("%s of type %#x: got %v, want %v", name, want.Type, got, want)
			}
			for d := range want.Dims {
				if got.Dims[d] != want.Dims[d] {
					t.Errorf("%s of type %#x: dims %v, want %v", name, want.Type, got.Dims, want.Dims)
				}
			}
			if f := got.Float32s(); !reflect.DeepEqual(f, floats[i]) {
				t.Errorf("%s of type %#x: floats %v, want %v", name, want.Type, f, floats[i])
			}
			ints, err := got.Int32s()
			if want.Type == Float32 || want.Type == Float64 {
				if !errors.Is(err, ErrFormat) {
					t.Errorf("Int32s of type %#x: %v, want ErrFormat", want.Type, err)
				}
				continue
			}
			for j, v := range ints {
				if float32(v) != floats[i][j] {
					t.Errorf("%s of type %#x: ints %v, want %v", name, want.Type, ints, floats[i])
				}
			}
		}
	}
}

func TestIDXErrors(t *testing.T) {
	ok := "\x00\x00\x08\x02\x00\x00\x00\x02\x00\x00\x00\x03abcdef"
	tests := []struct {
		name, file string
		limit      int
		kind       error
		text       string
	}{
		{"empty", "", 0, ErrTruncated, "idx: the magic number is 4 bytes, got 0"},
		{"half a magic", "\x00\x00", 0, ErrTruncated, "idx: the magic number is 4 bytes, got 2"},
		{"HTML", "<!doctype html>", 0, ErrFormat, "idx: magic number 0x3c21646f, want 0x0000TTDD"},
		{"type", "\x00\x00\x0a\x01\x00\x00\x00\x01a", 0, ErrFormat, "idx: magic number 0x00000a01"},
		{"dimensions", ok[:9], 0, ErrTruncated, "idx: 8 bytes wanted for 2 dimensions, got 5"},
		{"elements", ok[:len(ok)-1], 0, ErrTruncated, "idx: 6 bytes wanted for 2x3, got 5"},
		{"MNIST cut short", "\x00\x00\x08\x03\x00\x00\xea\x60\x00\x00\x00\x1c\x00\x00\x00\x1c" + strings.Repeat("\x00", 1000), 0,
			ErrTruncated, "idx: 47040000 bytes wanted for 60000x28x28, got 1000"},
		{"trailing", ok + "g", 0, ErrTrailing, "after the last element of 2x3"},
		{"limit", ok, 5, ErrTooLarge, "idx: 2x3 of 1 bytes is more than the limit of 5 bytes"},
		{"limit counts bytes", "\x00\x00\x0e\x01\x00\x00\x00\x02" + strings.Repeat("a", 16), 15, ErrTooLarge, "idx: 2 of 8 bytes"},
		{"overflow", "\x00\x00\x08\x04" + strings.Repeat("\x7f\xff\xff\xff", 4), 0, ErrTooLarge, "2147483647x2147483647x2147483647x2147483647"},
		{"negative", "\x00\x00\x08\x01\xff\xff\xff\xff", 0, ErrFormat, "idx: dimension 0 is 4294967295"},
		{"zero hides nothing", "\x00\x00\x08\x02\x00\x00\x00\x00\x7f\xff\xff\xffa", 0, ErrTrailing, "0x2147483647"},
	}
	for _, test := range tests {
		for name, read := range readers(t) {
			_, err := read([]byte(test.file), test.limit)
			if !errors.Is(err, test.kind) || !strings.Contains(err.Error(), test.text) {
				t.Errorf("%s, %s: %v\nwant %v: %s", test.name, name, err, test.kind, test.text)
			}
		}
	}
	if _, err := ParseIDX([]byte(ok), 6); err != nil {
		t.Errorf("at its limit: %v", err)
	}
}

func TestIDXBrokenGzip(t *testing.T) {
	good := gzipped(t, []byte("\x00\x00\x08\x02\x00\x00\x00\x02\x00\x00\x00\x03abcdef"))
	for n := range len(good) {
		if _, err := ParseIDX(good[:n], 0); !errors.Is(err, ErrTruncated) {
			t.Errorf("%d of %d bytes: %v, want ErrTruncated", n, len(good), err)
		}
	}
	wrongSum := bytes.Clone(good)
	wrongSum[len(good)-8] ^= 1
	for name, b := range map[string][]byte{
		"checksum": wrongSum, "method": {0x1f, 0x8b, 9, 0, 0, 0, 0, 0, 0, 0, 0}, "after the end": append(bytes.Clone(good), "garbage bytes"...),
	} {
		if _, err := ParseIDX(b, 0); !errors.Is(err, ErrFormat) {
			t.Errorf("%s: %v, want ErrFormat", name, err)
		}
	}
}

type brokenReader struct{ left []byte }

var errCable = errors.New("the cable is out")

func (r *brokenReader) Read(p []byte) (int, error) {
	if len(r.left) == 0 {
		return 0, errCable
	}
	n := copy(p[:1], r.left)
	r.left = r.left[n:]
	return n, nil
}

// An error of the reader is not taken for a broken file.
func TestIDXReaderError(t *testing.T) {
	plain := []byte("\x00\x00\x08\x02\x00\x00\x00\x02\x00\x00\x00\x03abcdef")
	for _, file := range [][]byte{plain, gzipped(t, plain)} {
		for n := range len(file) {
			if _, err := ReadIDX(&brokenReader{file[:n]}, 0); !errors.Is(err, errCable) {
				t.Errorf("after %d bytes: %v, want the reader's error", n, err)
			}
		}
	}
}

// A header that promises a gigabyte costs only what arrives.
func TestIDXLyingHeaderAllocatesLittle(t *testing.T) {
	lie := []byte("\x00\x00\x08\x01\x3f\xff\xff\xff" + strings.Repeat("a", 5000))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := ReadIDX(bytes.NewReader(lie), 0); !errors.Is(err, ErrTruncated) {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if got := after.TotalAlloc - before.TotalAlloc; got > 2<<20 {
		t.Errorf("%d bytes allocated for a file of %d", got, len(lie))
	}
}

func TestWriteIDXErrors(t *testing.T) {
	for name, f := range map[string]IDX{
		"shape": {Uint8, []int{2, 2}, make([]byte, 3)}, "negative": {Uint8, []int{-1}, nil}, "rank": {Uint8, make([]int, 256), nil},
	} {
		if err := WriteIDX(io.Discard, &f); !errors.Is(err, ErrShape) {
			t.Errorf("%s: %v, want ErrShape", name, err)
		}
	}
	if err := WriteIDX(io.Discard, &IDX{Type: 1}); !errors.Is(err, ErrFormat) {
		t.Errorf("type: %v, want ErrFormat", err)
	}
}

// What is read can be written and read again, and memory and reader agree on every input.
func FuzzIDX(f *testing.F) {
	f.Add([]byte("\x00\x00\x08\x02\x00\x00\x00\x02\x00\x00\x00\x03abcdef"))
	f.Add([]byte("\x00\x00\x0d\x01\x00\x00\x00\x01\x3f\x80\x00\x00"))
	f.Add(gzipped(f, []byte("\x00\x00\x0b\x01\x00\x00\x00\x02abcd")))
	f.Fuzz(func(t *testing.T, b []byte) {
		const limit = 1 << 16
		got, err := ParseIDX(b, limit)
		read, readErr := ReadIDX(bytes.NewReader(b), limit)
		if (err == nil) != (readErr == nil) {
			t.Fatalf("ParseIDX: %v, ReadIDX: %v", err, readErr)
		}
		if err != nil {
			var ours *Error
			if !errors.As(err, &ours) || !errors.As(readErr, &ours) {
				t.Fatalf("untyped error: %v, %v", err, readErr)
			}
			return
		}
		if !reflect.DeepEqual(got.Dims, read.Dims) || !bytes.Equal(got.Raw, read.Raw) || got.Type != read.Type {
			t.Fatalf("ParseIDX %v, ReadIDX %v", got, read)
		}
		if len(got.Raw) > limit || got.Len()*got.Type.Size() != len(got.Raw) || len(got.Float32s()) != got.Len() {
			t.Fatalf("%d bytes for %v", len(got.Raw), got.Dims)
		}
		var out bytes.Buffer
		if err := WriteIDX(&out, got); err != nil {
			t.Fatal(err)
		}
		if !isGzip(b) && !bytes.Equal(out.Bytes(), b) {
			t.Fatalf("written % x, was % x", out.Bytes(), b)
		}
	})
}
