package nn

import (
	"math"

	"github.com/tabgrad/tabgrad/nn/prog"
)

// An Initializer says what a variable begins as.
type Initializer interface {
	// Init fills dst, a variable of the given shape. Random numbers come from s, which belongs to the
	// variable alone, so that values don't depend on the order in which variables are made.
	Init(dst []float32, shape prog.Shape, s *Stream)
}

// Zeros is 0 everywhere.
type Zeros struct{}

// Ones is 1 everywhere.
type Ones struct{}

// Constant is Value everywhere.
type Constant struct {
	Value float64 `arg:"value" doc:"The value."`
}

// RandomUniform is uniform between Min and Max.
type RandomUniform struct {
	Min  float64 `arg:"minval" default:"-0.05" doc:"Lower end."`
	Max  float64 `arg:"maxval" default:"0.05" doc:"Upper end."`
	Seed uint64  `arg:"seed" doc:"Seed; by default the values come from the model's seed."`
}

// RandomNormal is normal.
type RandomNormal struct {
	Mean   float64 `arg:"mean" doc:"Mean."`
	Stddev float64 `arg:"stddev" default:"0.05" min:"0" doc:"Standard deviation."`
	Seed   uint64  `arg:"seed" doc:"Seed; by default the values come from the model's seed."`
}

// TruncatedNormal is normal, without what lies more than two standard deviations from the mean.
type TruncatedNormal struct {
	Mean   float64 `arg:"mean" doc:"Mean."`
	Stddev float64 `arg:"stddev" default:"0.05" min:"0" doc:"Standard deviation before truncation."`
	Seed   uint64  `arg:"seed" doc:"Seed; by default the values come from the model's seed."`
}

// GlorotUniform is uniform within ±√(6/(fan in + fan out)) (Glorot and Bengio 2010).
type GlorotUniform struct {
	Seed uint64 `arg:"seed" doc:"Seed; by default the values come from the model's seed."`
}

// GlorotNormal is a truncated normal of standard deviation √(2/(fan in + fan out)) (Glorot and Bengio 2010).
type GlorotNormal struct {
	Seed uint64 `arg:"seed" doc:"Seed; by default the values come from the model's seed."`
}

// HeUniform is uniform within ±√(6/fan in) (He et al. 2015).
type HeUniform struct {
	Seed uint64 `arg:"seed" doc:"Seed; by default the values come from the model's seed."`
}

// HeNormal is a truncated normal of standard deviation √(2/fan in) (He et al. 2015).
type HeNormal struct {
	Seed uint64 `arg:"seed" doc:"Seed; by default the values come from the model's seed."`
}

// LecunUniform is uniform within ±√(3/fan in) (LeCun et al. 1998).
type LecunUniform struct {
	Seed uint64 `arg:"seed" doc:"Seed; by default the values come from the model's seed."`
}

// LecunNormal is a truncated normal of standard deviation √(1/fan in) (LeCun et al. 1998).
type LecunNormal struct {
	Seed uint64 `arg:"seed" doc:"Seed; by default the values come from the model's seed."`
}

// VarianceScaling draws numbers whose variance is Scale / n, with n the fan in, the fan out or the mean of
// both: what the Glorot, He and LeCun initializers are cases of.
type VarianceScaling struct {
	Scale        float64 `arg:"scale" default:"1" min:"1e-30" doc:"The scale, more than 0."`
	Mode         string  `arg:"mode" default:"fan_in" oneof:"fan_in,fan_out,fan_avg" doc:"What the variance is divided by."`
	Distribution string  `arg:"distribution" default:"truncated_normal" oneof:"truncated_normal,untruncated_normal,uniform" doc:"The distribution."`
	Seed         uint64  `arg:"seed" doc:"Seed; by default the values come from the model's seed."`
}

// Orthogonal is Gain times a matrix whose rows or columns, whichever are fewer, are orthogonal and of length 1,
// drawn uniformly among them (Saxe et al. 2014). Of more than two dimensions all but the last are the rows.
type Orthogonal struct {
	Gain float64 `arg:"gain" default:"1" doc:"What the matrix is multiplied by."`
	Seed uint64  `arg:"seed" doc:"Seed; by default the values come from the model's seed."`
}

// Identity is Gain times the identity matrix, with rows or columns of zeros behind it where it is not square.
type Identity struct {
	Gain float64 `arg:"gain" default:"1" doc:"What the matrix is multiplied by."`
}

// Init fills dst with 0.
func (Zeros) Init(dst []float32, _ prog.Shape, _ *Stream) { clear(dst) }

// Init fills dst with 1.
func (Ones) Init(dst []float32, _ prog.Shape, _ *Stream) { Constant{1}.Init(dst, nil, nil) }

// Init fills dst with the value.
func (c Constant) Init(dst []float32, _ prog.Shape, _ *Stream) {
	for i := range dst {
		dst[i] = float32(c.Value)
	}
}

// Init fills dst.
func (r RandomUniform) Init(dst []float32, _ prog.Shape, s *Stream) {
	s = s.seeded(r.Seed)
	for i := range dst {
		dst[i] = float32(r.Min + float64(float64(r.Max-r.Min)*s.Uniform(i)))
	}
}

// Init fills dst.
func (r RandomNormal) Init(dst []float32, _ prog.Shape, s *Stream) {
	s = s.seeded(r.Seed)
	for i := range dst {
		dst[i] = float32(r.Mean + float64(r.Stddev*s.Normal(i)))
	}
}

// Init fills dst.
func (r TruncatedNormal) Init(dst []float32, _ prog.Shape, s *Stream) {
	s = s.seeded(r.Seed)
	for i := range dst {
		dst[i] = float32(r.Mean + float64(r.Stddev*s.TruncatedNormal(i)))
	}
}

// Init fills dst.
func (g GlorotUniform) Init(dst []float32, shape prog.Shape, s *Stream) {
	in, out := fans(shape)
	uniformWithin(dst, math.Sqrt(6/(in+out)), s.seeded(g.Seed))
}

// Init fills dst.
func (g GlorotNormal) Init(dst []float32, shape prog.Shape, s *Stream) {
	in, out := fans(shape)
	truncatedTo(dst, math.Sqrt(2/(in+out)), s.seeded(g.Seed))
}

// Init fills dst.
func (h HeUniform) Init(dst []float32, shape prog.Shape, s *Stream) {
	in, _ := fans(shape)
	uniformWithin(dst, math.Sqrt(6/in), s.seeded(h.Seed))
}

// Init fills dst.
func (h HeNormal) Init(dst []float32, shape prog.Shape, s *Stream) {
	in, _ := fans(shape)
	truncatedTo(dst, math.Sqrt(2/in), s.seeded(h.Seed))
}

// Init fills dst.
func (l LecunUniform) Init(dst []float32, shape prog.Shape, s *Stream) {
	in, _ := fans(shape)
	uniformWithin(dst, math.Sqrt(3/in), s.seeded(l.Seed))
}

// Init fills dst.
func (l LecunNormal) Init(dst []float32, shape prog.Shape, s *Stream) {
	in, _ := fans(shape)
	truncatedTo(dst, math.Sqrt(1/in), s.seeded(l.Seed))
}

// Init fills dst.
func (v VarianceScaling) Init(dst []float32, shape prog.Shape, s *Stream) {
	in, out := fans(shape)
	n := map[string]float64{"fan_in": in, "fan_out": out, "fan_avg": (in + out) / 2}[v.Mode]
	variance := v.Scale / n
	switch s = s.seeded(v.Seed); v.Distribution {
	case "uniform":
		uniformWithin(dst, math.Sqrt(3*variance), s)
	case "untruncated_normal":
		RandomNormal{Stddev: math.Sqrt(variance)}.Init(dst, nil, s)
	default:
		truncatedTo(dst, math.Sqrt(variance), s)
	}
}

// Init fills dst with the Q of the QR factorisation, with a positive diagonal of R, of a matrix of normal
// numbers. It is found by Gram and Schmidt's process, each vector freed of the others twice, which is
// enough ("twice is enough", Giraud et al. 2005).
func (o Orthogonal) Init(dst []float32, shape prog.Shape, s *Stream) {
	s = s.seeded(o.Seed)
	columns := shape.Last()
	rows := len(dst) / max(columns, 1)
	many, few := max(rows, columns), min(rows, columns)
	vectors := make([][]float64, few)
	for k := range vectors {
		v := make([]float64, many)
		for i := range v {
			v[i] = s.Normal(i*few + k)
		}
		for range 2 {
			for _, u := range vectors[:k] {
				along := dot(u, v)
				for i := range v {
					v[i] -= float64(along * u[i])
				}
			}
		}
		length := math.Sqrt(dot(v, v))
		for i := range v {
			v[i] /= length
		}
		vectors[k] = v
	}
	for k, v := range vectors {
		for i, x := range v {
			if at := i*columns + k; rows >= columns {
				dst[at] = float32(o.Gain * x)
			} else {
				dst[k*columns+i] = float32(o.Gain * x)
			}
		}
	}
}

func dot(a, b []float64) float64 {
	sum := 0.0
	for i, v := range a {
		sum += float64(v * b[i])
	}
	return sum
}

// CheckShape wants at least two dimensions.
func (Orthogonal) CheckShape(s prog.Shape) error {
	if len(s) < 2 {
		return fail(ErrShape, "orthogonal: the variable is %v, wanted at least two dimensions", s)
	}
	return nil
}

// Init fills dst.
func (g Identity) Init(dst []float32, shape prog.Shape, _ *Stream) {
	clear(dst)
	for i := 0; i < len(dst); i += shape.Last() + 1 {
		if i/shape.Last() < shape.Last() {
			dst[i] = float32(g.Gain)
		}
	}
}

// CheckShape wants a matrix.
func (Identity) CheckShape(s prog.Shape) error {
	if len(s) != 2 {
		return fail(ErrShape, "identity: the variable is %v, wanted a matrix", s)
	}
	return nil
}

// seeded is the initializer's own stream where it has a seed.
func (s *Stream) seeded(seed uint64) *Stream {
	if seed == 0 {
		return s
	}
	return NewStream(mix(seed), s.lane)
}

func uniformWithin(dst []float32, limit float64, s *Stream) {
	RandomUniform{Min: -limit, Max: limit}.Init(dst, nil, s)
}

// truncatedTo draws a truncated normal whose standard deviation after truncation is stddev:
// 0.87962566103423978 is that of the standard normal truncated to [-2, 2].
func truncatedTo(dst []float32, stddev float64, s *Stream) {
	TruncatedNormal{Stddev: stddev / 0.87962566103423978}.Init(dst, nil, s)
}

// fans are the numbers of inputs and outputs of a kernel [in, out], or [KH, KW, in, out] times the
// window's size, as keras/src/initializers/random_initializers.py counts them. At least 1, so that a limit is finite.
func fans(shape prog.Shape) (in, out float64) {
	switch n := len(shape); n {
	case 0:
		return 1, 1
	case 1:
		in, out = float64(shape[0]), float64(shape[0])
	default:
		window := float64(shape[:n-2].Size())
		in, out = window*float64(shape[n-2]), window*float64(shape[n-1])
	}
	return math.Max(in, 1), math.Max(out, 1)
}
