package simd_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"math"

	"github.com/tabgrad/tabgrad/nn/prog"
)

// normalHash is a hash of the bits of 10,000 normal numbers, which take a logarithm and a cosine: strict kernels have the
// same ones in every engine.
func normalHash(b prog.Backend) (string, error) {
	const n = 10_000
	r := prog.NewBuilder("normal", nil)
	step := r.Input("step", 2)
	r.Output("y", r.Random(step, prog.RandomAttr{Dist: prog.Normal, A: 0.5, B: 2, Key: 0x0123456789abcdef, Shape: prog.Shape{n}}))
	p, err := r.Build()
	if err != nil {
		return "", err
	}
	e, err := b.Load(p)
	if err != nil {
		return "", err
	}
	defer e.Close()
	words, y := prog.StepWords(77), make([]float32, n)
	if err := errors.Join(e.Write(step, words[:]), e.Run(), e.Read(p.Find("y"), y)); err != nil {
		return "", err
	}
	h := fnv.New64a()
	for _, v := range y {
		h.Write(binary.LittleEndian.AppendUint32(nil, math.Float32bits(v)))
	}
	return fmt.Sprintf("normal numbers %x", h.Sum64()), nil
}
