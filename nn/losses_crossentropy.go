package nn

import "github.com/tabgrad/tabgrad/nn/prog"

// BinaryCrossentropyLoss is the mean of -(t·ln p + (1-t)·ln(1-p)) over the last dimension, for targets
// from 0 to 1. Where the model ends in a sigmoid, it is computed from the logits.
type BinaryCrossentropyLoss struct {
	FromLogits     bool    `arg:"from_logits" doc:"Whether predictions are logits, not probabilities."`
	LabelSmoothing float64 `arg:"label_smoothing" min:"0" max:"1" doc:"Share by which targets move towards 1/2."`
}

// CategoricalCrossentropyLoss is -Σ t·ln p over the last dimension, for one-hot targets. Where the model
// ends in a softmax, it is computed from the logits.
type CategoricalCrossentropyLoss struct {
	FromLogits     bool    `arg:"from_logits" doc:"Whether predictions are logits, not probabilities."`
	LabelSmoothing float64 `arg:"label_smoothing" min:"0" max:"1" doc:"Share by which targets move towards the uniform distribution."`
}

// SparseCategoricalCrossentropyLoss is -ln p[t] over the last dimension, for targets that are class
// numbers. Where the model ends in a softmax, it is computed from the logits.
type SparseCategoricalCrossentropyLoss struct {
	FromLogits bool `arg:"from_logits" doc:"Whether predictions are logits, not probabilities."`
	// IgnoreClass: targets of this class have no loss, and the mean is over the others.
	IgnoreClass *int `arg:"ignore_class" doc:"A class whose targets don't count, such as -1 or 255 for unlabelled pixels."`
}

// BinaryFocalCrossentropyLoss is the mean of (1-q)^γ times the binary crossentropy, where q is what the
// prediction gives the target; easy samples count less (Lin et al. 2018).
type BinaryFocalCrossentropyLoss struct {
	Balance        bool    `arg:"apply_class_balancing" doc:"Whether targets of 1 count α and those of 0 count 1-α."`
	Alpha          float64 `arg:"alpha" default:"0.25" min:"0" max:"1" doc:"α, where classes are balanced."`
	Gamma          float64 `arg:"gamma" default:"2" min:"0" doc:"γ, the focus; 0 for none."`
	FromLogits     bool    `arg:"from_logits" doc:"Whether predictions are logits, not probabilities."`
	LabelSmoothing float64 `arg:"label_smoothing" min:"0" max:"1" doc:"Share by which targets move towards 1/2."`
}

// CategoricalFocalCrossentropyLoss is -Σ α(1-p)^γ · t·ln p over the last dimension, with p divided by its
// sum, for one-hot targets (Lin et al. 2018).
type CategoricalFocalCrossentropyLoss struct {
	Alpha          float64 `arg:"alpha" default:"0.25" min:"0" doc:"α, what the loss is multiplied by."`
	Gamma          float64 `arg:"gamma" default:"2" min:"0" doc:"γ, the focus; 0 for none."`
	FromLogits     bool    `arg:"from_logits" doc:"Whether predictions are logits, not probabilities."`
	LabelSmoothing float64 `arg:"label_smoothing" min:"0" max:"1" doc:"Share by which targets move towards the uniform distribution."`
}

// CategoricalGeneralizedCrossEntropyLoss is (1 - p[t]^q) / q for probabilities p and targets that are class
// numbers: between crossentropy (q near 0) and the mean absolute error (q near 1), for noisy labels (Zhang and Sabuncu 2018).
type CategoricalGeneralizedCrossEntropyLoss struct {
	Q float64 `arg:"q" default:"0.5" min:"1e-6" below:"1" doc:"q, between 0 and 1."`
}

// KLDivergenceLoss is Σ t·ln(t/p) over the last dimension, both clipped to [ε, 1] (Kullback and Leibler 1951).
type KLDivergenceLoss struct{}

// PoissonLoss is the mean of p - t·ln(p + ε), for expected counts p.
type PoissonLoss struct{}

// Target is out.
func (BinaryCrossentropyLoss) Target(out prog.Shape) (prog.Shape, error) { return out, nil }

// Each is the mean crossentropy.
func (l BinaryCrossentropyLoss) Each(b *prog.Builder, pred, target prog.Buf) prog.Buf {
	target = smoothed(b, target, l.LabelSmoothing, 2)
	if l.FromLogits {
		return lastMean(b, b.Binary(prog.LogitXent, pred, target))
	}
	return lastMean(b, b.BinaryXent(pred, target))
}

// smoothed moves targets by a share towards 1/classes.
func smoothed(b *prog.Builder, target prog.Buf, share float64, classes int) prog.Buf {
	if share == 0 {
		return target
	}
	return b.Affine(target, 1-share, share/float64(classes))
}

// CheckTargets wants numbers from 0 to 1.
func (BinaryCrossentropyLoss) CheckTargets(_ prog.Shape, y []float32) (int, string) {
	return outside01(y)
}

// Target is out, of at least two classes.
func (CategoricalCrossentropyLoss) Target(out prog.Shape) (prog.Shape, error) {
	return out, wantsClasses(out)
}

// Each is the crossentropy of each row.
func (l CategoricalCrossentropyLoss) Each(b *prog.Builder, pred, target prog.Buf) prog.Buf {
	target = smoothed(b, target, l.LabelSmoothing, b.Shape(pred).Last())
	if l.FromLogits {
		return b.SoftmaxXent(pred, target, false)
	}
	return b.Xent(pred, target, false)
}

// CheckTargets wants numbers from 0 to 1.
func (CategoricalCrossentropyLoss) CheckTargets(_ prog.Shape, y []float32) (int, string) {
	return outside01(y)
}

// Target is out without its last dimension, the classes.
func (SparseCategoricalCrossentropyLoss) Target(out prog.Shape) (prog.Shape, error) {
	return sparseTarget(out)
}

func sparseTarget(out prog.Shape) (prog.Shape, error) {
	if err := wantsClasses(out); err != nil {
		return nil, err
	}
	return out[:len(out)-1], nil
}

// Each is the crossentropy of each row. With a class that is ignored its rows are 0, and the others
// multiplied so that the mean over all is the mean over them.
func (l SparseCategoricalCrossentropyLoss) Each(b *prog.Builder, pred, target prog.Buf) prog.Buf {
	each, valid := l.rows(b, pred, target)
	if l.IgnoreClass == nil || b.Err() != nil {
		return each
	}
	count := b.Binary(prog.Maximum, b.Reduce(prog.Sum, valid, false), b.Fill(1))
	return b.Mul(each, b.Div(b.Fill(float64(b.Shape(each).Size())), count))
}

// rows are the crossentropies, and which rows count: None for all.
func (l SparseCategoricalCrossentropyLoss) rows(b *prog.Builder, pred, target prog.Buf) (each, valid prog.Buf) {
	valid = prog.None
	if l.IgnoreClass != nil {
		valid = b.Affine(b.Binary(prog.Equal, target, b.Fill(float64(*l.IgnoreClass))), -1, 1)
		target = b.Select(valid, target, b.Fill(-1)) // a class that is none has neither loss nor gradient
	}
	if l.FromLogits {
		return b.SoftmaxXent(pred, target, true), valid
	}
	return b.Xent(pred, target, true), valid
}

// CheckTargets wants class numbers, or the class that is ignored.
func (l SparseCategoricalCrossentropyLoss) CheckTargets(out prog.Shape, y []float32) (int, string) {
	if l.IgnoreClass == nil {
		return notClass(out, y)
	}
	for i := range y {
		if y[i] == float32(*l.IgnoreClass) {
			continue
		}
		if at, wanted := notClass(out, y[i:i+1]); at >= 0 {
			return i, wanted + ", or " + itoa(*l.IgnoreClass)
		}
	}
	return -1, ""
}

func notClass(out prog.Shape, y []float32) (int, string) {
	classes := float32(out.Last())
	for i, v := range y {
		if !(v >= 0 && v < classes) || v != float32(int32(v)) {
			return i, "wanted a class, a whole number from 0 to " + itoa(out.Last()-1)
		}
	}
	return -1, ""
}

// Target is out.
func (BinaryFocalCrossentropyLoss) Target(out prog.Shape) (prog.Shape, error) { return out, nil }

// Each is the mean of the weighted crossentropies.
func (l BinaryFocalCrossentropyLoss) Each(b *prog.Builder, pred, target prog.Buf) prog.Buf {
	target = smoothed(b, target, l.LabelSmoothing, 2)
	if l.FromLogits {
		pred = b.Unary(prog.Sigmoid, pred)
	}
	each := b.BinaryXent(pred, target)
	// 1 - q = t(1-p) + (1-t)p = t + p - 2tp
	miss := b.Sub(b.Add(target, pred), b.Affine(b.Mul(target, pred), 2, 0))
	each = b.Mul(focus(b, miss, l.Gamma), each)
	if l.Balance {
		each = b.Mul(each, b.Affine(target, 2*l.Alpha-1, 1-l.Alpha))
	}
	return lastMean(b, each)
}

// CheckTargets wants numbers from 0 to 1.
func (BinaryFocalCrossentropyLoss) CheckTargets(_ prog.Shape, y []float32) (int, string) {
	return outside01(y)
}

// focus is x^γ for x >= 0. Where x is 0 and γ < 1 the derivative is infinite; it is taken a little beside.
func focus(b *prog.Builder, x prog.Buf, gamma float64) prog.Buf {
	switch gamma {
	case 0:
		return b.Fill(1)
	case 1:
		return x
	case 2:
		return b.Unary(prog.Square, x)
	}
	return b.Binary(prog.Pow, b.Binary(prog.Maximum, x, b.Fill(epsilon*epsilon)), b.Fill(gamma))
}

// Target is out, of at least two classes.
func (CategoricalFocalCrossentropyLoss) Target(out prog.Shape) (prog.Shape, error) {
	return out, wantsClasses(out)
}

// Each is the weighted crossentropy of each row.
func (l CategoricalFocalCrossentropyLoss) Each(b *prog.Builder, pred, target prog.Buf) prog.Buf {
	target = smoothed(b, target, l.LabelSmoothing, b.Shape(pred).Last())
	if l.FromLogits {
		pred = b.Softmax(pred)
	}
	p := b.UnaryConst(prog.Clip, b.Div(pred, b.Reduce(prog.Sum, pred, true, -1)), epsilon, 1-epsilon)
	each := b.Mul(target, b.Unary(prog.Log, p))
	return b.Affine(b.Reduce(prog.Sum, b.Mul(focus(b, b.Affine(p, -1, 1), l.Gamma), each), false, -1), -l.Alpha, 0)
}

// CheckTargets wants numbers from 0 to 1.
func (CategoricalFocalCrossentropyLoss) CheckTargets(_ prog.Shape, y []float32) (int, string) {
	return outside01(y)
}

// Target is out without its last dimension, the classes.
func (CategoricalGeneralizedCrossEntropyLoss) Target(out prog.Shape) (prog.Shape, error) {
	return sparseTarget(out)
}

// Each is the loss of each row.
func (l CategoricalGeneralizedCrossEntropyLoss) Each(b *prog.Builder, pred, target prog.Buf) prog.Buf {
	p := b.Reduce(prog.Sum, b.Mul(pred, oneHot(b, target, b.Shape(pred).Last())), false, -1)
	return b.Affine(focus(b, p, l.Q), -1/l.Q, 1/l.Q)
}

// CheckTargets wants class numbers.
func (CategoricalGeneralizedCrossEntropyLoss) CheckTargets(out prog.Shape, y []float32) (int, string) {
	return notClass(out, y)
}

// Target is out.
func (KLDivergenceLoss) Target(out prog.Shape) (prog.Shape, error) { return out, nil }

// Each is the divergence of each row.
func (KLDivergenceLoss) Each(b *prog.Builder, pred, target prog.Buf) prog.Buf {
	p, t := b.UnaryConst(prog.Clip, pred, epsilon, 1), b.UnaryConst(prog.Clip, target, epsilon, 1)
	return lastSum(b, b.Mul(t, b.Unary(prog.Log, b.Div(t, p))))
}

// Target is out.
func (PoissonLoss) Target(out prog.Shape) (prog.Shape, error) { return out, nil }

// Each is the mean of p - t·ln(p + ε).
func (PoissonLoss) Each(b *prog.Builder, pred, target prog.Buf) prog.Buf {
	return lastMean(b, b.Sub(pred, b.Mul(target, b.Unary(prog.Log, b.Affine(pred, 1, epsilon)))))
}

// lastSum is the sum over the last dimension, where x has more than the batch.
func lastSum(b *prog.Builder, x prog.Buf) prog.Buf {
	if len(b.Shape(x)) < 2 {
		return x
	}
	return b.Reduce(prog.Sum, x, false, -1)
}

// oneHot is [.., n] with a 1 at x's whole number, for x [..]; zeros where it is outside.
func oneHot(b *prog.Builder, x prog.Buf, n int) prog.Buf {
	if b.Err() != nil {
		return prog.None
	}
	column := append(append(prog.Shape{}, b.Shape(x)...), 1)
	return b.Binary(prog.Equal, b.Reshape(x, column...), counted(b, n))
}

// counted is 0, 1, ..., n-1.
func counted(b *prog.Builder, n int) prog.Buf {
	values := make([]float32, n)
	for i := range values {
		values[i] = float32(i)
	}
	return b.Const(values, n)
}

func wantsClasses(out prog.Shape) error {
	if len(out) == 0 || out.Last() < 2 {
		return fail(ErrShape, "the model's output is %v, categorical crossentropy wants at least two classes; for one probability use binary crossentropy", out)
	}
	return nil
}

func outside01(y []float32) (int, string) {
	for i, v := range y {
		if !(v >= 0 && v <= 1) {
			return i, "wanted a number from 0 to 1"
		}
	}
	return -1, ""
}
