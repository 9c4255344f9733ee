// Package training is a small network's training, by which the tests of wasm/simd see that every
// host of the kernels computes the same bits. It knows no host: the tests call it, natively and in
// Node.
package training

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"math"
	"math/rand/v2"

	"github.com/tabgrad/tabgrad/nn/prog"
)

// Steps is how many steps Golden takes.
const Steps = 50

// GoldenHash is the hash of the variables of SmallCNN(16) after Steps steps on the strict kernels. It
// changes when a kernel adds up in another order (then put the new one here), and has to be the
// same everywhere.
const GoldenHash = "8f0c994377550a5fa3351297fe13f2e852ecd63698af9c87c30fdeb3cd58b369"

// Golden trains SmallCNN(16) and returns the first and last loss, and the hash of its variables.
func Golden(backend prog.Backend) (first, last float32, hash string, err error) {
	p, err := SmallCNN(16).Build()
	if err != nil {
		return 0, 0, "", err
	}
	s, err := New(backend, p, 1)
	if err != nil {
		return 0, 0, "", err
	}
	defer s.Exec.Close()
	for n := range Steps {
		if last, err = s.Step(n); err != nil {
			return 0, 0, "", err
		}
		if n == 0 {
			first = last
		}
	}
	hash, err = s.Hash()
	return first, last, hash, err
}

// SmallCNN records a training step, like that of backendtest.SeedCNN, of a convolutional network on
// images [batch, 12, 12, 1].
func SmallCNN(batch int) *prog.Builder {
	s := &prog.Store{}
	s.Add("conv/kernel", prog.Shape{3, 3, 1, 8})
	s.Add("conv/bias", prog.Shape{8})
	s.Add("conv_1/kernel", prog.Shape{3, 3, 8, 11})
	s.Add("conv_1/bias", prog.Shape{11})
	s.Add("dense/kernel", prog.Shape{4 * 4 * 11, 10})
	s.Add("dense/bias", prog.Shape{10})
	params, count := s.Size, len(s.Vars)
	slots := []int{s.Add("a", prog.Shape{params}), s.Add("d", prog.Shape{params})}
	b := prog.NewBuilder("small_cnn", s)
	x, y := b.Input("x", batch, 12, 12, 1), b.Input("y", batch, 10)
	step, hyper := b.Input("step", 2), b.Input("hyper", prog.HyperSize)
	var v []prog.Buf
	for i := range count {
		v = append(v, b.Var(i))
	}
	conv := prog.ConvAttr{Stride: [2]int{1, 1}, Dilation: [2]int{1, 1}, Groups: 1}
	h := b.Unary(prog.Relu, b.Add(b.Conv2D(x, v[0], conv), v[1]))
	h = b.Unary(prog.Relu, b.Add(b.Conv2D(h, v[2], conv), v[3]))
	h = b.Pool(h, prog.PoolAttr{Window: [2]int{2, 2}, Stride: [2]int{2, 2}})
	h = b.Mul(h, b.Random(step, prog.RandomAttr{Dist: prog.Keep, Key: 1, A: 0.25, Shape: b.Shape(h)}))
	p := b.Softmax(b.Add(b.MatMul(b.Reshape(h, batch, -1), v[4], false, false), v[5]))
	loss := b.Reduce(prog.Mean, b.Xent(p, y, false), false)
	b.Output("loss", loss)
	b.Update(prog.UpdateAttr{Rule: prog.RuleAdadelta, Rho: 0.95, Epsilon: 1e-7},
		b.StoreRange("params", 0, params), b.Pack(prog.Grad(b, loss, v)...), hyper, b.Var(slots[0]), b.Var(slots[1]))
	return b
}

// A Training is a loaded program with inputs x [batch, ..], y [batch, classes], step and hyper, and
// the output loss.
type Training struct {
	Program *prog.Program
	Exec    prog.Exec
	// Kernels are the variables of two and more dimensions, which begin random.
	Kernels []prog.Buf

	x, y, step, loss prog.Buf
	images, targets  []float32
	words            [2]float32
	result           []float32
	rng              *rand.Rand
}

// New loads p, gives its kernels He-normal values that depend on nothing, and sets the learning rate.
func New(backend prog.Backend, p *prog.Program, rate float32) (*Training, error) {
	e, err := backend.Load(p)
	if err != nil {
		return nil, err
	}
	s := &Training{
		Program: p, Exec: e, x: p.Find("x"), y: p.Find("y"), step: p.Find("step"), loss: p.Find("loss"),
		result: make([]float32, 1), rng: rand.New(rand.NewPCG(7, 7)),
	}
	s.images, s.targets = make([]float32, p.Shape(s.x).Size()), make([]float32, p.Shape(s.y).Size())
	for _, v := range p.Store.Vars {
		b := p.Find(v.Name)
		if b == prog.None || len(v.Shape) < 2 {
			continue
		}
		values := make([]float32, v.Shape.Size())
		deviation := math.Sqrt(2 / float64(v.Shape.Rows()))
		for i := range values {
			values[i] = float32(s.rng.NormFloat64() * deviation)
		}
		if err := e.Write(b, values); err != nil {
			return nil, err
		}
		s.Kernels = append(s.Kernels, b)
	}
	words := prog.Hyper{Rate: float64(rate), Scale: 1}.Words()
	return s, e.Write(p.Find("hyper"), words[:])
}

// Step trains on a batch of images whose class is where they are bright, and returns the loss.
func (s *Training) Step(n int) (float32, error) {
	images, classes := s.Program.Shape(s.x)[0], s.Program.Shape(s.y).Last()
	pixels := len(s.images) / images
	clear(s.targets)
	for i := range images {
		class := s.rng.IntN(classes)
		s.targets[i*classes+class] = 1
		for j := range pixels {
			v := s.rng.Float32() * 0.5
			if j*classes/pixels == class {
				v += 0.5
			}
			s.images[i*pixels+j] = v
		}
	}
	if err := s.Exec.Write(s.x, s.images); err != nil {
		return 0, err
	}
	if err := s.Exec.Write(s.y, s.targets); err != nil {
		return 0, err
	}
	s.words = prog.StepWords(uint64(n))
	if err := s.Exec.Write(s.step, s.words[:]); err != nil {
		return 0, err
	}
	if err := s.Exec.Run(); err != nil {
		return 0, err
	}
	err := s.Exec.Read(s.loss, s.result)
	return s.result[0], err
}

// Hash is the sha256 of all variables, as little-endian float32.
func (s *Training) Hash() (string, error) {
	values := make([]float32, s.Program.Store.Size)
	if err := s.Exec.Read(s.Program.Find("store"), values); err != nil {
		return "", err
	}
	sum := sha256.New()
	for _, v := range values {
		sum.Write(binary.LittleEndian.AppendUint32(nil, math.Float32bits(v)))
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}
