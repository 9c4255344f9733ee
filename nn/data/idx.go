package data

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"strconv"
)

// ElementType is the third byte of an IDX file: what its elements are.
type ElementType byte

// The element types of IDX (yann.lecun.com/exdb/mnist, "the IDX file format").
const (
	Uint8   ElementType = 0x08
	Int8    ElementType = 0x09
	Int16   ElementType = 0x0B
	Int32   ElementType = 0x0C
	Float32 ElementType = 0x0D
	Float64 ElementType = 0x0E
)

// Size is the number of bytes of one element, 0 for a type that IDX does not have.
func (t ElementType) Size() int {
	switch t {
	case Uint8, Int8:
		return 1
	case Int16:
		return 2
	case Int32, Float32:
		return 4
	case Float64:
		return 8
	}
	return 0
}

// DefaultLimit is how many bytes of elements ReadIDX and ParseIDX accept where the caller names no limit: 1 GiB.
const DefaultLimit = 1 << 30

// IDX is one IDX file in memory: an array of any rank, row-major.
type IDX struct {
	Type ElementType
	Dims []int
	Raw  []byte // the elements as the file has them, big-endian; Type.Size() bytes each
}

// Len is the number of elements, the product of Dims.
func (f *IDX) Len() int { return len(f.Raw) / f.Type.Size() }

// ParseIDX reads an IDX file that is in memory, gzipped or not (the first two bytes tell). An uncompressed file's Raw
// aliases b: nothing is copied. limit bounds the bytes of the elements; 0 means DefaultLimit.
// Errors wrap ErrFormat, ErrTruncated, ErrTrailing or ErrTooLarge.
func ParseIDX(b []byte, limit int) (*IDX, error) {
	if isGzip(b) {
		return ReadIDX(bytes.NewReader(b), limit)
	}
	if len(b) < 4 {
		return nil, fail(ErrTruncated, "idx: the magic number is 4 bytes, got ", itoa(len(b)))
	}
	f, rank, err := parseMagic(b[:4])
	if err != nil {
		return nil, err
	}
	if len(b) < 4+4*rank {
		return nil, truncatedHeader(rank, len(b)-4)
	}
	want, err := f.parseDims(b[4:4+4*rank], limit)
	if err != nil {
		return nil, err
	}
	f.Raw = b[4+4*rank:]
	if len(f.Raw) < want {
		return nil, f.truncated(want, len(f.Raw))
	}
	if extra := len(f.Raw) - want; extra > 0 {
		return nil, fail(ErrTrailing, "idx: ", itoa(extra), " bytes after the last element of ", dims(f.Dims))
	}
	return f, nil
}

// ReadIDX reads one IDX file, gzipped or not, to the end of r. It allocates as the bytes arrive, so a header that
// promises more than the file holds costs no memory. limit bounds the bytes of the elements; 0 means DefaultLimit.
// Errors wrap ErrFormat, ErrTruncated, ErrTrailing or ErrTooLarge, or are r's own.
func ReadIDX(r io.Reader, limit int) (*IDX, error) {
	in := &source{r: bufio.NewReader(r)}
	head, err := in.r.Peek(2)
	if err != nil && err != io.EOF {
		return nil, err
	}
	var f *IDX
	if isGzip(head) {
		var z io.Reader
		if z, err = gunzip(in); err == nil {
			f, err = readIDX(z, limit)
		}
	} else {
		f, err = readIDX(in, limit)
	}
	var ours *Error
	switch {
	case err == nil:
		return f, nil
	case in.err != nil:
		return nil, in.err
	case errors.As(err, &ours):
		return nil, err
	case err == io.EOF || err == io.ErrUnexpectedEOF:
		return nil, fail(ErrTruncated, "idx: the gzip stream ends early")
	}
	return nil, fail(ErrFormat, "idx: ", err.Error())
}

func isGzip(b []byte) bool { return len(b) >= 2 && b[0] == 0x1f && b[1] == 0x8b }

// source keeps an error of the reader under a gzip stream apart from the stream's own, which are about its bytes.
type source struct {
	r   *bufio.Reader
	err error
}

func (s *source) note(err error) {
	if err != nil && err != io.EOF && s.err == nil {
		s.err = err
	}
}

func (s *source) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	s.note(err)
	return n, err
}

// ReadByte keeps gzip from putting a second buffer on top.
func (s *source) ReadByte() (byte, error) {
	b, err := s.r.ReadByte()
	s.note(err)
	return b, err
}

func readIDX(r io.Reader, limit int) (*IDX, error) {
	var header [4 + 4*255]byte
	n, err := io.ReadFull(r, header[:4])
	if err != nil {
		return nil, readError(err, fail(ErrTruncated, "idx: the magic number is 4 bytes, got ", itoa(n)))
	}
	f, rank, err := parseMagic(header[:4])
	if err != nil {
		return nil, err
	}
	n, err = io.ReadFull(r, header[4:4+4*rank])
	if err != nil {
		return nil, readError(err, truncatedHeader(rank, n))
	}
	want, err := f.parseDims(header[4:4+4*rank], limit)
	if err != nil {
		return nil, err
	}
	f.Raw = make([]byte, 0, min(want, 1<<20))
	for len(f.Raw) < want {
		if len(f.Raw) == cap(f.Raw) {
			f.Raw = append(make([]byte, 0, min(want, 2*cap(f.Raw))), f.Raw...)
		}
		at := len(f.Raw)
		n, err := io.ReadFull(r, f.Raw[at:cap(f.Raw)])
		f.Raw = f.Raw[:at+n]
		if err != nil {
			return nil, readError(err, f.truncated(want, at+n))
		}
	}
	// One more byte must be the end; for gzip this is also what checks the sum.
	n, err = io.ReadFull(r, header[:1])
	if n > 0 {
		return nil, fail(ErrTrailing, "idx: more bytes after the last element of ", dims(f.Dims))
	}
	if err != io.EOF {
		return nil, err
	}
	return f, nil
}

// readError is short when the bytes ran out, else the reader's own error.
func readError(err, short error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return short
	}
	return err
}

func parseMagic(b []byte) (f *IDX, rank int, err error) {
	f = &IDX{Type: ElementType(b[2])}
	if b[0] != 0 || b[1] != 0 || f.Type.Size() == 0 {
		return nil, 0, fail(ErrFormat, "idx: magic number 0x", hex(b), ", want 0x0000TTDD with type TT one of 08 09 0b 0c 0d 0e and DD dimensions")
	}
	return f, int(b[3]), nil
}

// parseDims reads the dimensions and returns how many bytes of elements they promise.
func (f *IDX) parseDims(b []byte, limit int) (want int, err error) {
	if limit <= 0 {
		limit = DefaultLimit
	}
	f.Dims = make([]int, len(b)/4)
	for i := range f.Dims {
		d := binary.BigEndian.Uint32(b[4*i:])
		if d > math.MaxInt32 {
			return 0, fail(ErrFormat, "idx: dimension ", itoa(i), " is ", strconv.FormatUint(uint64(d), 10), ", the most is 2147483647")
		}
		f.Dims[i] = int(d)
	}
	n, ok := product(f.Dims)
	if !ok || n > limit/f.Type.Size() {
		return 0, fail(ErrTooLarge, "idx: ", dims(f.Dims), " of ", itoa(f.Type.Size()), " bytes is more than the limit of ", itoa(limit), " bytes")
	}
	return n * f.Type.Size(), nil
}

func (f *IDX) truncated(want, got int) error {
	return fail(ErrTruncated, "idx: ", itoa(want), " bytes wanted for ", dims(f.Dims), ", got ", itoa(got))
}

func truncatedHeader(rank, got int) error {
	return fail(ErrTruncated, "idx: ", itoa(4*rank), " bytes wanted for ", itoa(rank), " dimensions, got ", itoa(got))
}

func hex(b []byte) string {
	const digits = "0123456789abcdef"
	out := make([]byte, 0, 2*len(b))
	for _, c := range b {
		out = append(out, digits[c>>4], digits[c&15])
	}
	return string(out)
}

// WriteIDX writes f uncompressed. It fails with ErrShape when Raw is not Dims' product of elements.
func WriteIDX(w io.Writer, f *IDX) error {
	size := f.Type.Size()
	if size == 0 {
		return fail(ErrFormat, "idx: no element type 0x", hex([]byte{byte(f.Type)}))
	}
	if len(f.Dims) > 255 {
		return fail(ErrShape, "idx: ", itoa(len(f.Dims)), " dimensions, the most is 255")
	}
	n, ok := product(f.Dims)
	if !ok || n > math.MaxInt/size || n*size != len(f.Raw) {
		return fail(ErrShape, "idx: ", dims(f.Dims), " of ", itoa(size), " bytes, got ", itoa(len(f.Raw)), " bytes")
	}
	header := []byte{0, 0, byte(f.Type), byte(len(f.Dims))}
	for i, d := range f.Dims {
		if d > math.MaxInt32 {
			return fail(ErrShape, "idx: dimension ", itoa(i), " is ", itoa(d), ", the most is 2147483647")
		}
		header = binary.BigEndian.AppendUint32(header, uint32(d))
	}
	if _, err := w.Write(header); err != nil {
		return err
	}
	_, err := w.Write(f.Raw)
	return err
}

// Float32s converts the elements, row-major. Float64 rounds to nearest; Int32 beyond 2^24 loses its low bits.
func (f *IDX) Float32s() []float32 {
	out := make([]float32, f.Len())
	big := binary.BigEndian
	for i := range out {
		switch f.Type {
		case Uint8:
			out[i] = float32(f.Raw[i])
		case Int8:
			out[i] = float32(int8(f.Raw[i]))
		case Int16:
			out[i] = float32(int16(big.Uint16(f.Raw[2*i:])))
		case Int32:
			out[i] = float32(int32(big.Uint32(f.Raw[4*i:])))
		case Float32:
			out[i] = math.Float32frombits(big.Uint32(f.Raw[4*i:]))
		case Float64:
			out[i] = float32(math.Float64frombits(big.Uint64(f.Raw[8*i:])))
		}
	}
	return out
}

// Int32s gives the elements of an integer file, as labels are. It fails with ErrFormat on a file of floats.
func (f *IDX) Int32s() ([]int32, error) {
	out := make([]int32, f.Len())
	big := binary.BigEndian
	for i := range out {
		switch f.Type {
		case Uint8:
			out[i] = int32(f.Raw[i])
		case Int8:
			out[i] = int32(int8(f.Raw[i]))
		case Int16:
			out[i] = int32(int16(big.Uint16(f.Raw[2*i:])))
		case Int32:
			out[i] = int32(big.Uint32(f.Raw[4*i:]))
		default:
			return nil, fail(ErrFormat, "idx: elements of type 0x", hex([]byte{byte(f.Type)}), " are floats, integers are wanted")
		}
	}
	return out, nil
}

// Array makes a column of f: its first dimension counts the samples. A Uint8 file stays bytes, aliased, each worth
// byte*scale; any other type is converted, and scaled, now. It fails with ErrShape on a file without dimensions.
func (f *IDX) Array(scale float32) (*Array, error) {
	if f.Type == Uint8 {
		return NewBytes(f.Dims, f.Raw, scale)
	}
	floats := f.Float32s()
	for i := range floats {
		floats[i] *= scale
	}
	return NewFloats(f.Dims, floats)
}
