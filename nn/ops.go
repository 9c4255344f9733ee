package nn

import (
	"reflect"
	"slices"
	"strings"

	"github.com/tabgrad/tabgrad/nn/prog"
)

// KindOp is the kind of the operations that a [Recording] is made of. They are not in [Registry], but in [Ops].
const KindOp Kind = "op"

// Ops lists the operations that custom layers, losses and metrics are recorded in: a row for each, which its names
// in Keras and JavaScript, its arguments, its documentation and its meaning come from. Activation functions are
// operations of one tensor. The caller does not change it.
func Ops() []*Entry { return allOps }

// An opImpl writes an operation down. Its fields are the operation's arguments.
type opImpl interface {
	lower(r *replay, x []operand) prog.Buf
}

// An operand is a tensor, or a number.
type operand struct {
	buf      prog.Buf
	number   float64
	isNumber bool
}

var ops = []*Entry{
	{Name: "add", JS: "add", Inputs: twoTensors, value: opBinary(prog.Add), Doc: "x + y."},
	{Name: "subtract", JS: "sub", Inputs: twoTensors, value: opBinary(prog.Sub), Doc: "x - y."},
	{Name: "multiply", JS: "mul", Inputs: twoTensors, value: opBinary(prog.Mul), Doc: "x · y, element by element."},
	{Name: "divide", JS: "div", Inputs: twoTensors, value: opBinary(prog.Div), Doc: "x / y."},
	{Name: "power", JS: "pow", Inputs: twoTensors, value: opFunc(lowerPower), Doc: "x to the power y; x must be more than 0 where y is not a whole number from -8 to 8."},
	{Name: "mod", JS: "mod", Inputs: twoTensors, value: opFunc(lowerMod), Doc: "x - y·floor(x/y)."},
	{Name: "maximum", JS: "maximum", Inputs: twoTensors, value: opBinary(prog.Maximum), Doc: "The larger of x and y."},
	{Name: "minimum", JS: "minimum", Inputs: twoTensors, value: opBinary(prog.Minimum), Doc: "The smaller of x and y."},

	{Name: "negative", JS: "neg", Inputs: oneTensor, value: opUnary(prog.Neg), Doc: "-x."},
	{Name: "absolute", JS: "abs", Inputs: oneTensor, value: opUnary(prog.Abs), Doc: "|x|."},
	{Name: "sign", JS: "sign", Inputs: oneTensor, value: opUnary(prog.Sign), Doc: "-1, 0 or 1."},
	{Name: "square", JS: "square", Inputs: oneTensor, value: opUnary(prog.Square), Doc: "x²."},
	{Name: "sqrt", JS: "sqrt", Inputs: oneTensor, value: opUnary(prog.Sqrt), Doc: "√x."},
	{Name: "rsqrt", JS: "rsqrt", Inputs: oneTensor, value: opUnary(prog.Rsqrt), Doc: "1/√x."},
	{Name: "reciprocal", JS: "reciprocal", Inputs: oneTensor, value: opUnary(prog.Reciprocal), Doc: "1/x."},
	{Name: "exp", JS: "exp", Inputs: oneTensor, value: opUnary(prog.Exp), Doc: "eˣ."},
	{Name: "expm1", JS: "expm1", Inputs: oneTensor, value: opUnary(prog.Expm1), Doc: "eˣ - 1, exact near 0."},
	{Name: "log", JS: "log", Inputs: oneTensor, value: opUnary(prog.Log), Doc: "ln x."},
	{Name: "log1p", JS: "log1p", Inputs: oneTensor, value: opUnary(prog.Log1p), Doc: "ln(1 + x), exact near 0."},
	{Name: "sin", JS: "sin", Inputs: oneTensor, value: opUnary(prog.Sin), Doc: "sin x."},
	{Name: "cos", JS: "cos", Inputs: oneTensor, value: opUnary(prog.Cos), Doc: "cos x."},
	{Name: "erf", JS: "erf", Inputs: oneTensor, value: opUnary(prog.Erf), Doc: "The error function."},
	{Name: "floor", JS: "floor", Inputs: oneTensor, value: opUnary(prog.Floor), Doc: "The largest whole number up to x."},
	{Name: "ceil", JS: "ceil", Inputs: oneTensor, value: opFunc(lowerCeil), Doc: "The smallest whole number from x on."},
	{Name: "round", JS: "round", Inputs: oneTensor, value: opUnary(prog.Round), Doc: "The nearest whole number, the even one of two."},
	{Name: "clip", JS: "clip", Aliases: []string{"clipByValue"}, Inputs: oneTensor, value: opClip{}, Doc: "min(max(x, lo), hi)."},
	{Name: "cast", JS: "cast", Inputs: oneTensor, value: opCast{}, Doc: "x as what another type holds; all numbers stay float32."},
	{Name: "stop_gradient", JS: "stopGradient", Inputs: oneTensor, value: opFunc(lowerStop), Doc: "x, through which no gradient goes."},

	{Name: "equal", JS: "equal", Inputs: twoTensors, value: opBinary(prog.Equal), Doc: "1 where x = y, else 0."},
	{Name: "not_equal", JS: "notEqual", Inputs: twoTensors, value: opNot(prog.Equal), Doc: "1 where x ≠ y, else 0."},
	{Name: "greater", JS: "greater", Inputs: twoTensors, value: opBinary(prog.Greater), Doc: "1 where x > y, else 0."},
	{Name: "greater_equal", JS: "greaterEqual", Inputs: twoTensors, value: opBinary(prog.GreaterEqual), Doc: "1 where x ≥ y, else 0."},
	{Name: "less", JS: "less", Inputs: twoTensors, value: opBinary(prog.Less), Doc: "1 where x < y, else 0."},
	{Name: "less_equal", JS: "lessEqual", Inputs: twoTensors, value: opFunc(lowerLessEqual), Doc: "1 where x ≤ y, else 0."},
	{Name: "logical_and", JS: "logicalAnd", Inputs: twoTensors, value: opFunc(lowerAnd), Doc: "1 where neither is 0, else 0."},
	{Name: "logical_or", JS: "logicalOr", Inputs: twoTensors, value: opFunc(lowerOr), Doc: "1 where not both are 0, else 0."},
	{Name: "logical_not", JS: "logicalNot", Inputs: oneTensor, value: opFunc(lowerNot), Doc: "1 where x is 0, else 0."},
	{Name: "where", JS: "where", Inputs: []string{"condition", "x", "y"}, value: opFunc(lowerWhere), Doc: "x where the condition is not 0, else y; what is not chosen has no part, be it NaN."},

	{Name: "sum", JS: "sum", Inputs: oneTensor, value: opReduce{of: prog.Sum}, Doc: "The sum over dimensions."},
	{Name: "mean", JS: "mean", Inputs: oneTensor, value: opReduce{of: prog.Mean}, Doc: "The mean over dimensions."},
	{Name: "max", JS: "max", Inputs: oneTensor, value: opReduce{of: prog.Max}, Doc: "The largest over dimensions."},
	{Name: "min", JS: "min", Inputs: oneTensor, value: opMin{}, Doc: "The smallest over dimensions."},
	{Name: "var", JS: "variance", Inputs: oneTensor, value: opVariance{}, Doc: "The variance over dimensions."},
	{Name: "std", JS: "std", Inputs: oneTensor, value: opStd{}, Doc: "The standard deviation over dimensions."},
	{Name: "logsumexp", JS: "logSumExp", Inputs: oneTensor, value: opLogSumExp{}, Doc: "ln Σ eˣ over dimensions."},
	{Name: "argmax", JS: "argMax", Inputs: oneTensor, value: opArgMax{}, Doc: "Where the largest along a dimension is, the first of equals."},
	{Name: "argmin", JS: "argMin", Inputs: oneTensor, value: opArgMin{}, Doc: "Where the smallest along a dimension is, the first of equals."},
	{Name: "normalize", JS: "l2Normalize", Aliases: []string{"normalize"}, Inputs: oneTensor, value: opNormalize{}, Doc: "x / ‖x‖ along a dimension."},

	{Name: "reshape", JS: "reshape", Inputs: oneTensor, value: opReshape{}, Doc: "x in another shape."},
	{Name: "expand_dims", JS: "expandDims", Inputs: oneTensor, value: opExpandDims{}, Doc: "x with one dimension of 1 more."},
	{Name: "squeeze", JS: "squeeze", Inputs: oneTensor, value: opSqueeze{}, Doc: "x without dimensions of 1."},
	{Name: "transpose", JS: "transpose", Inputs: oneTensor, value: opTranspose{}, Doc: "x with its dimensions in another order."},
	{Name: "concatenate", JS: "concat", Inputs: tensorList, value: opConcat{}, Doc: "Tensors one behind another along a dimension."},
	{Name: "stack", JS: "stack", Inputs: tensorList, value: opStack{}, Doc: "Tensors of one shape along a new dimension."},
	{Name: "slice", JS: "slice", Inputs: oneTensor, value: opSlice{}, Doc: "A part of x."},
	{Name: "pad", JS: "pad", Inputs: oneTensor, value: opPad{}, Doc: "x with a number around it."},
	{Name: "tile", JS: "tile", Inputs: oneTensor, value: opTile{}, Doc: "x several times, one behind another."},
	{Name: "broadcast_to", JS: "broadcastTo", Inputs: oneTensor, value: opBroadcast{}, Doc: "x stretched to a shape."},
	{Name: "flip", JS: "reverse", Aliases: []string{"flip"}, Inputs: oneTensor, value: opFlip{}, Doc: "x backwards along dimensions."},
	{Name: "take", JS: "gather", Aliases: []string{"take"}, Inputs: []string{"x", "indices"}, value: opTake{}, Doc: "The parts of x that indices name, along a dimension; zeros where there is no such part."},
	{Name: "one_hot", JS: "oneHot", Inputs: []string{"indices"}, value: opOneHot{}, Doc: "1 at the index along a new last dimension, else 0."},

	{Name: "matmul", JS: "matMul", Inputs: twoTensors, value: opMatMul{}, Doc: "The product of matrices, or of stacks of them."},
	{Name: "conv", JS: "conv2d", Inputs: imageAndKernel, value: opConv{}, Doc: "A convolution of images [N, H, W, C] with a kernel [KH, KW, C/groups, filters]."},
	{Name: "depthwise_conv", JS: "depthwiseConv2d", Inputs: imageAndKernel, value: opDepthwise{}, Doc: "A convolution channel by channel, with a kernel [KH, KW, C, multiplier]."},
	{Name: "max_pool", JS: "maxPool", Inputs: oneTensor, value: opMaxPool{}, Doc: "The maximum of each window of images [N, H, W, C]."},
	{Name: "average_pool", JS: "avgPool", Aliases: []string{"averagePool"}, Inputs: oneTensor, value: opAveragePool{}, Doc: "The average of each window of images [N, H, W, C]."},

	{Name: "binary_crossentropy", JS: "binaryCrossentropy", Inputs: targetAndOutput, value: opBinaryXent{}, Doc: "The crossentropy of each probability and target."},
	{Name: "categorical_crossentropy", JS: "categoricalCrossentropy", Inputs: targetAndOutput, value: opCategoricalXent{}, Doc: "The crossentropy of each row of probabilities and its one-hot target."},
	{Name: "sparse_categorical_crossentropy", JS: "sparseCategoricalCrossentropy", Inputs: targetAndOutput, value: opSparseXent{}, Doc: "The crossentropy of each row of probabilities and its class number."},

	{Name: "random_uniform", JS: "randomUniform", value: opUniform{}, Doc: "Random numbers, uniform between two ends; for training alone."},
	{Name: "random_normal", JS: "randomNormal", value: opNormal{}, Doc: "Random numbers of the normal distribution; for training alone."},
	{Name: "dropout", JS: "dropout", Inputs: oneTensor, value: opDropout{}, Doc: "x with a share of its elements 0 and the others scaled up; for training alone."},

	{Name: "constant", JS: "constant", value: opConstant{}, Doc: "Numbers that do not change."},
	{Name: "zeros", JS: "zeros", value: opZeros{}, Doc: "0 everywhere."},
	{Name: "ones", JS: "ones", value: opOnes{}, Doc: "1 everywhere."},
	{Name: "full", JS: "fill", value: opFull{}, Doc: "One number everywhere."},
	{Name: "zeros_like", JS: "zerosLike", Inputs: oneTensor, value: opLike(0), Doc: "0 everywhere, in x's shape."},
	{Name: "ones_like", JS: "onesLike", Inputs: oneTensor, value: opLike(1), Doc: "1 everywhere, in x's shape."},

	{Name: "assign", JS: "assign", Inputs: []string{"state", "value"}, value: opFunc(lowerAssign), Doc: "Gives a weight that is not trainable another value from the next step on, which is also the result."},
	{Name: "add_loss", JS: "addLoss", Inputs: oneTensor, value: opFunc(lowerAddLoss), Doc: "Adds a number to the model's loss; the result is x."},
}

var (
	oneTensor       = []string{"x"}
	twoTensors      = []string{"x", "y"}
	tensorList      = []string{"xs..."}
	imageAndKernel  = []string{"x", "kernel"}
	targetAndOutput = []string{"target", "output"}
)

// allOps are ops and the activation functions.
var allOps []*Entry

func init() {
	for _, e := range ops {
		e.Kind = KindOp
		if t := reflect.TypeOf(e.value); t.Kind() == reflect.Struct {
			e.Args = argsOf(t)
		}
	}
	allOps = slices.Clone(ops)
	for _, e := range entries {
		if e.Kind == KindActivation {
			allOps = append(allOps, &Entry{Kind: KindOp, Name: e.Name, JS: e.JS, Aliases: e.Aliases, Doc: e.Doc, Inputs: oneTensor,
				Args: activations[e.value.(ActivationFunc).kind].args, value: e.value})
		}
	}
}

// opFrom is the operation of a name with its arguments. Names are matched as the registry's are.
func opFrom(name string, args map[string]any) (*Entry, opImpl, error) {
	f := folded(name)
	at := slices.IndexFunc(allOps, func(e *Entry) bool {
		return foldsTo(e.Name, f) || foldsTo(e.JS, f) || slices.ContainsFunc(e.Aliases, func(a string) bool { return foldsTo(a, f) })
	})
	if at < 0 {
		return nil, nil, fail(ErrConfig, "there is no operation %q", name)
	}
	e := allOps[at]
	where := "ops." + e.JS
	if _, ok := e.value.(ActivationFunc); ok {
		fn, err := decodeActivation(where, lookup(KindActivation, e.Name), args)
		return e, opActivation{fn}, err
	}
	if len(e.Args) == 0 {
		for _, key := range sortedKeys(args) {
			return nil, nil, fail(ErrConfig, "%s: unknown argument %q, it has none", where, key)
		}
		return e, e.value.(opImpl), nil
	}
	v := reflect.New(reflect.TypeOf(e.value)).Elem()
	v.Set(reflect.ValueOf(e.value)) // for what is not an argument
	for _, key := range sortedKeys(args) {
		if err := e.set(where, key, args[key], v, nil); err != nil {
			return nil, nil, err
		}
	}
	if err := e.checkRequired(where, v, args); err != nil {
		return nil, nil, err
	}
	for _, a := range e.Args {
		f := v.FieldByIndex(a.field)
		a.setDefault(f)
		if err := a.checkRange(where, f); err != nil {
			return nil, nil, err
		}
	}
	return e, v.Interface().(opImpl), nil
}

// takes says what is wrong with a number of operands.
func (e *Entry) takes(n int) error {
	if len(e.Inputs) == 1 && strings.HasSuffix(e.Inputs[0], "...") {
		if n == 0 {
			return fail(ErrConfig, "ops.%s: no operands, wanted at least one", e.JS)
		}
	} else if n != len(e.Inputs) {
		return fail(ErrConfig, "ops.%s: %d operands, wanted %d", e.JS, n, len(e.Inputs))
	}
	return nil
}
