package nn

import "github.com/tabgrad/tabgrad/nn/prog"

// CTCLoss is minus the logarithm of the probability that a sequence of predictions reads as the target, over all
// ways to align them: connectionist temporal classification (Graves et al. 2006). Predictions are logits
// [T, classes], of which class 0 is the blank; a target is MaxLabels class numbers from 1 on, with 0 behind its end.
type CTCLoss struct {
	// MaxLabels is what Keras reads off the data; here shapes are known before.
	MaxLabels int `arg:"max_label_length" required:"yes" min:"1" doc:"The longest target's length; shorter ones end in zeros."`
}

// Target is MaxLabels numbers.
func (l CTCLoss) Target(out prog.Shape) (prog.Shape, error) {
	if len(out) != 2 || out[1] < 2 {
		return nil, fail(ErrShape, "the model's output is %v, ctc wants [steps, classes] with at least two classes", out)
	}
	if l.MaxLabels > out[0] {
		return nil, fail(ErrConfig, "ctc: max_label_length is %d, wanted at most the %d steps of the model's output %v", l.MaxLabels, out[0], out)
	}
	return prog.Shape{l.MaxLabels}, nil
}

// impossible is the logarithm of a probability that is as good as none, and finite.
const impossible = -1e9

// Each is the loss of each sequence. The forward variables of step t are in two tensors: blank [N, L+1] of the
// alignments that end in the blank behind k labels, and label [N, L] of those that end in label k itself.
func (l CTCLoss) Each(b *prog.Builder, pred, target prog.Buf) prog.Buf {
	s := b.Shape(pred)
	if b.Err() != nil {
		return prog.None
	}
	n, steps, classes, labels := s[0], s[1], s[2], l.MaxLabels
	log := b.LogSoftmax(pred)
	ofLabels := b.MatMul(log, oneHot(b, target, classes), false, true) // [N, T, L]
	ofBlank := b.Slice(log, []int{0, 0, 0}, prog.Shape{n, steps, 1})
	at := func(x prog.Buf, t, width int) prog.Buf {
		return b.Reshape(b.Slice(x, []int{0, t, 0}, prog.Shape{n, 1, width}), n, width)
	}
	none := b.Fill(impossible, n, 1)
	// from moves x to the right by one, with nothing in front: what label k or blank k may come from.
	from := func(x prog.Buf) prog.Buf { return b.Concat(1, none, x) }
	before := func(x prog.Buf) prog.Buf {
		if labels == 1 {
			return none
		}
		return from(b.Slice(x, []int{0, 0}, prog.Shape{n, labels - 1}))
	}
	// A label follows the one before it without a blank between only where they differ.
	same := b.Affine(b.Binary(prog.Equal, target, before(target)), impossible, 0)

	blank := b.Pad(at(ofBlank, 0, 1), []int{0, 0}, []int{0, labels}, impossible)
	label := at(ofLabels, 0, labels)
	if labels > 1 {
		label = b.Pad(b.Slice(label, []int{0, 0}, prog.Shape{n, 1}), []int{0, 0}, []int{0, labels - 1}, impossible)
	}
	for t := 1; t < steps; t++ {
		arriving := b.Add(logAdd(b, blank, from(label)), at(ofBlank, t, 1))
		staying := b.Slice(blank, []int{0, 0}, prog.Shape{n, labels})
		label = b.Add(logAdd(b, logAdd(b, label, staying), b.Add(before(label), same)), at(ofLabels, t, labels))
		blank = arriving
	}
	// Of a target of k labels, those that end in blank k or label k.
	length := b.Reshape(b.Reduce(prog.Sum, b.Binary(prog.Greater, target, b.Fill(0)), false, 1), n, 1)
	pick := func(x, where prog.Buf) prog.Buf {
		return b.Reduce(prog.Max, b.Select(where, x, b.Fill(impossible)), false, 1)
	}
	inBlank := pick(blank, b.Binary(prog.Equal, length, counted(b, labels+1)))
	inLabel := pick(label, b.Binary(prog.Equal, length, b.Affine(counted(b, labels), 1, 1)))
	return b.Unary(prog.Neg, logAdd(b, inBlank, inLabel))
}

// logAdd is ln(eˣ + eʸ).
func logAdd(b *prog.Builder, x, y prog.Buf) prog.Buf {
	top := b.Binary(prog.Maximum, x, y)
	sum := b.Add(b.Unary(prog.Exp, b.Sub(x, top)), b.Unary(prog.Exp, b.Sub(y, top)))
	return b.Add(top, b.Unary(prog.Log, sum))
}

// CheckTargets wants labels, then zeros, and no more labels than the steps can hold: equal neighbours need a
// blank between them.
func (l CTCLoss) CheckTargets(out prog.Shape, y []float32) (int, string) {
	for row := 0; row+l.MaxLabels <= len(y); row += l.MaxLabels {
		need, ended := 0, false
		for k, v := range y[row : row+l.MaxLabels] {
			if at, wanted := notClass(out, y[row+k:row+k+1]); at >= 0 {
				return row + k, wanted
			}
			switch {
			case v == 0:
				ended = true
				continue
			case ended:
				return row + k, "wanted 0: the target ended before"
			case k > 0 && y[row+k-1] == v:
				need++
			}
			if need++; need > out[0] {
				return row + k, "wanted fewer labels: with a blank between equal ones they take more than the output's " + itoa(out[0]) + " steps"
			}
		}
	}
	return -1, ""
}
