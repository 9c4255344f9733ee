// Package digits draws handwritten-looking digits, as many as are wanted, so that a page can train without MNIST: offline, in
// an empty checkout, or where the mirrors cannot be reached.
//
// Each digit is a style (styles.go: one to six ways of writing it, as strokes), whose points are moved a little, bent by a
// smooth random field, slanted, turned and stretched (warp.go), drawn with a pen of a random width (ink.go), and then cut
// out and centred as MNIST's digits were, by data.CenterDigit. A seed and an index give the same bytes on every platform,
// in any order: the arithmetic is additions, multiplications, divisions and square roots, rounded one by one.
//
// Keras's MNIST CNN (Adadelta(1), batches of 128, Keras 3 on TensorFlow) trained on nothing but digits 0, 1, ... of seed 1 reads
// this much of MNIST's 10,000 test digits: 96.3% after 4 epochs of 20,000, 96.9% after 2 epochs of 60,000.
//
// Start with [Generate].
package digits

import "github.com/tabgrad/tabgrad/nn/data"

// Side is the width and height of a digit in pixels; Classes is how many there are.
const (
	Side    = data.DigitSide
	Classes = 10
)

// Generate draws digits first, first+1, ... of a seed's endless sequence: image k into images[k*784:(k+1)*784] (28x28 bytes,
// ink 255 on 0) and what it shows into labels[k], for every k in labels. Every ten that start at a multiple of ten show all
// ten digits. Long runs can be drawn in pieces, to keep a page answering. It fails with data.ErrShape when images is not
// 784 bytes a label, and with data.ErrIndex when first is negative.
func Generate(images []byte, labels []int32, seed uint64, first int) error {
	if len(images) != len(labels)*Side*Side {
		return data.NewError(data.ErrShape, "digits: images of 784 bytes for each label are wanted, the lengths do not agree")
	}
	if first < 0 {
		return data.NewError(data.ErrIndex, "digits: the first index is negative")
	}
	g := generator{}
	for k := range labels {
		image, label := g.draw(seed, first+k)
		copy(images[k*Side*Side:], image[:])
		labels[k] = int32(label)
	}
	return nil
}

// generator holds what one digit after another is drawn in.
type generator struct {
	random *data.Random
	path   []dot
	field  field
	ink    ink
}

// draw is digit i of a seed's sequence.
func (g *generator) draw(seed uint64, i int) (image [Side * Side]byte, label int) {
	order := [Classes]int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}
	data.Shuffle(order[:], seed, 2*uint64(i/Classes))
	label = order[i%Classes]
	g.random = data.NewRandom(seed, 2*uint64(i)+1)
	g.trace(pick(g.random, styles[label]))
	g.warp(label)
	w, h := g.ink.draw(g.path, g.random)
	return data.CenterDigit(g.ink.gray[:w*h], w, h), label
}

// pick chooses a style in proportion to the weights.
func pick(r *data.Random, of []style) *style {
	total := 0
	for _, s := range of {
		total += s.weight
	}
	n := r.IntN(total)
	for i := range of {
		if n -= of[i].weight; n < 0 {
			return &of[i]
		}
	}
	panic("digits: a style without a weight")
}
