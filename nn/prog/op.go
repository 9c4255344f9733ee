package prog

// A Code names an operation. The op table (table.go) has one row a code: its name, how many
// inputs and outputs it takes, its shape rule and its gradient.
type Code uint8

// The operations. "rows" are the innermost vectors of a tensor. nn/cpu is the definition of each.
const (
	// MatMul: out[.., m, n] = act(op(a)·op(b) + bias). In: a [m,k], b [k,n] (transposed by the
	// attribute), and what the Epilogue asks for. a and b may both have the same leading batch
	// dimensions; then each matrix is multiplied by its partner. Attr: MatMulAttr.
	MatMul Code = iota
	// Conv2D: out[N,OH,OW,O] = act(x * w + bias). In: x [N,H,W,C], w [KH,KW,C/groups,O], and what
	// the Epilogue asks for. Cross-correlation, as every framework has it. Attr: ConvAttr.
	Conv2D
	// Conv2DInputGrad is the gradient of Conv2D's x, and a transposed convolution: out[N,H,W,C] =
	// act(dx + bias). In: dy [N,OH,OW,O], w, and what the Epilogue asks for. Attr: ConvAttr with In set.
	Conv2DInputGrad
	// Conv2DKernelGrad is the gradient of Conv2D's w. In: x, dy. Out: dw [KH,KW,C/groups,O], and
	// optionally db [O], the sum of dy over N, OH, OW. Attr: ConvAttr with Kernel set.
	Conv2DKernelGrad
	// Pool: out[N,OH,OW,C], the maximum or average of each window of x [N,H,W,C]. Padding is never
	// the maximum, and is not counted in the average. Attr: PoolAttr.
	Pool
	// PoolGrad is the gradient of Pool's x. In: x, y (Pool's output), dy. The gradient of a maximum
	// goes to the first element, row by row, that equals it. Attr: PoolAttr.
	PoolGrad
	// UnaryOp: out = f(x). Attr: UnaryAttr.
	UnaryOp
	// UnaryGrad: out = dy · f'. In: ref, dy; ref is f's output where Unary.GradFromOutput, else its
	// input. Relu's derivative is y > 0, LeakyRelu's α and Elu's y + α where y <= 0; Abs's is
	// Sign; Clip's is 1 where α <= x <= β. Attr: UnaryAttr.
	UnaryGrad
	// BinaryOp: out = f(a, b), both stretched by NumPy's broadcasting. Attr: BinaryAttr.
	BinaryOp
	// Broadcast: out = x stretched to Attr's shape. Attr: ShapeAttr.
	Broadcast
	// Reduce: out = x reduced over axes. Attr: ReduceAttr.
	Reduce
	// ArgMax: out[rows] = the index of each row's largest element, the first of equals.
	ArgMax
	// Softmax of each row: e^(x - max) / Σ e^(x - max).
	Softmax
	// SoftmaxGrad: out = y · (dy - Σ y·dy), by row. In: y (Softmax's output), dy.
	SoftmaxGrad
	// LogSoftmax of each row: x - max - ln Σ e^(x - max).
	LogSoftmax
	// LogSoftmaxGrad: out = dy - e^y · Σ dy, by row. In: y (LogSoftmax's output), dy.
	LogSoftmaxGrad
	// Xent is the categorical crossentropy of each row of probabilities p [.., C] against t:
	// -Σ t·ln(clip(p / Σp, 1e-7, 1 - 1e-7)). t is [.., C], or class numbers [..] where sparse.
	// Out: [..]. Attr: XentAttr.
	Xent
	// XentGrad is the gradient of Xent's p. In: p, t, dl (the gradient of each row's loss).
	XentGrad
	// SoftmaxXent is the crossentropy of each row of logits z [.., C] against t:
	// -Σ t·LogSoftmax(z). Out: [..]. Attr: XentAttr.
	SoftmaxXent
	// SoftmaxXentGrad: out = (Softmax(z)·Σt - t) · dl. In: z, t, dl. Attr: XentAttr.
	SoftmaxXentGrad
	// Gather: out[i.., d..] = table[index[i..], d..]. In: table [V, d..], index. An index outside
	// [0, V) reads NaN, so that it does not go unseen.
	Gather
	// ScatterAdd is Gather's gradient: out [V, d..] = 0, then out[index[i..]] += dy[i..], in order of
	// i. In: index, dy. Attr: ShapeAttr (out's shape).
	ScatterAdd
	// Transpose permutes dimensions: out's dimension i is x's dimension Perm[i]. Attr: TransposeAttr.
	Transpose
	// Slice: out = x[Begin[0]:Begin[0]+Shape[0], ..]. Attr: SliceAttr.
	Slice
	// Concat joins inputs that differ only in one dimension. Attr: ConcatAttr.
	Concat
	// Pad: out = x with Before and After constant elements around each dimension; a crop where they
	// are negative is not allowed. Attr: PadAttr.
	Pad
	// Random: out = random numbers of Attr's shape. In: step [2] (StepWords). See Philox for which
	// word belongs to which element; u = (word >> 8) · 2^-24 is in [0, 1). Normal numbers come in pairs,
	// of two words: see Normals. Attr: RandomAttr.
	Random
	// Fill: out = a constant. Attr: FillAttr.
	Fill
	// Const: out = the numbers of Attr. Attr: ConstAttr.
	Const
	// Copy: out = x, to memory of its own. Attr: nil, or StopAttr where no gradient goes through.
	Copy
	// Pack: out[n] = the inputs, flattened, one behind another. Fuse removes it where the inputs can
	// be computed in place.
	Pack
	// Split is Pack's inverse: outputs of Attr's shapes, cut from x's elements one behind another. Fuse
	// makes them views. Attr: SplitAttr.
	Split
	// LSTMCell is a step of an LSTM. In: zx and zh [N,4u], whose sum z = zx + zh holds the gates'
	// arguments i, f, g, o, each [N,u]; c [N,u], the cell's state; optionally a mask [N] and h [N,u].
	// With σ the sigmoid: c' = σ(f)·c + σ(i)·tanh(g); h' = σ(o)·tanh(c'). Where a row's mask is 0, h'
	// and c' are h and c. Out: h', c', and for the gradient [N,5u]: σ(i), σ(f), tanh(g), σ(o), tanh(c')
	// before masking. (Hochreiter and Schmidhuber 1997, with Gers's forget gate; Keras's order of gates.)
	LSTMCell
	// LSTMCellGrad is the gradient of LSTMCell. In: its third output, c, dh', dc', and the mask if there
	// was one. Out: dz [N,4u], which is zx's gradient and zh's; dc; with a mask also dh.
	LSTMCellGrad
	// GRUCell is a step of a GRU whose reset gate acts after the product. In: zx = x·W + b and zh =
	// h·U + b' [N,3u], each holding z, r, n, [N,u] each; h [N,u]; optionally a mask [N].
	// z = σ(zx_z + zh_z); r = σ(zx_r + zh_r); n = tanh(zx_n + r·zh_n); h' = z·h + (1-z)·n, or h where a
	// row's mask is 0. Out: h', and for the gradient [N,4u]: z, r, n, zh_n. (Cho et al. 2014 in cuDNN's
	// variant; Keras's order of gates and its reset_after.)
	GRUCell
	// GRUCellGrad is the gradient of GRUCell. In: its second output, h, dh', and the mask if there was
	// one. Out: dzx and dzh [N,3u], and dh without its part through zh.
	GRUCellGrad
	// Warp samples images: out[n,i,j,c] = x[n] at column u = t0·j + t1·i + t2 and row v = t3·j + t4·i + t5 for
	// t = t[n], in pixels, with Attr's Border where they are outside. u and v are computed in float32, each
	// product and sum rounded. With Nearest the value is that of the pixel at u and v rounded, halves away
	// from 0; else (v₁-v)·((u₁-u)·x[v₀,u₀] + (u-u₀)·x[v₀,u₁]) + (v-v₀)·((u₁-u)·x[v₁,u₀] + (u-u₀)·x[v₁,u₁])
	// with u₀ = ⌊u⌋, u₁ = u₀+1 and likewise v. Pixels outside are worth Value. In: x [N,H,W,C], t [N,6].
	// Attr: WarpAttr. There is no gradient for t. (keras.ops.image.affine_transform.)
	Warp
	// WarpGrad is the gradient of Warp's x: each of dy is added to the pixels that its value came from, by their
	// weights, row by row. In: t [N,6], dy [N,OH,OW,C]. Out: dx [N,H,W,C]. Attr: WarpAttr with In set.
	WarpGrad
	// Update moves parameters along their gradient. In: param, grad, hyper, then the rule's slots, all
	// but hyper of one size. Out: param, then the slots, written in place. Attr: UpdateAttr.
	Update
	numCodes
)

// String is the op's name.
func (c Code) String() string {
	if c < numCodes {
		return table[c].name
	}
	return "Op?"
}

// Codes lists every op, for suites that must cover them all.
func Codes() []Code { return list[Code](int(numCodes)) }

// An Attr is an op's constants. Each Attr type is used by the ops whose comments name it.
type Attr interface{ attr() }

// An Epilogue is what MatMul and the convolutions do to each result before it is stored.
type Epilogue struct {
	// Bias: the op's third input is a vector [n], added along the last dimension.
	Bias bool
	// Act is applied after the bias; Identity for none. Alpha is its constant.
	Act   Unary
	Alpha float64
	// Grad: multiply by Act's derivative instead of applying Act. The op's last input is the
	// reference that UnaryGrad would read, of out's shape. Bias is false.
	Grad bool
}

// MatMulAttr configures MatMul.
type MatMulAttr struct {
	TransA, TransB bool // the operand is stored transposed: a [k,m], b [n,k]
	Epilogue
}

// ConvAttr configures the convolutions. Two-element fields are height, width.
type ConvAttr struct {
	Stride, Dilation [2]int
	Pad              [4]int // zeros around x: top, bottom, left, right
	Groups           int
	In               [2]int // Conv2DInputGrad only: x's height and width
	Kernel           [2]int // Conv2DKernelGrad only: w's height and width
	Epilogue
}

// PoolAttr configures Pool and PoolGrad. Two-element fields are height, width.
type PoolAttr struct {
	Avg            bool
	Window, Stride [2]int
	Pad            [4]int // top, bottom, left, right
}

// UnaryAttr configures UnaryOp and UnaryGrad.
type UnaryAttr struct {
	Fn          Unary
	Alpha, Beta float64
}

// BinaryAttr configures BinaryOp.
type BinaryAttr struct{ Fn Binary }

// ReduceAttr configures Reduce. Axes are in ascending order. Keep leaves them as dimensions of 1.
type ReduceAttr struct {
	Fn   ReduceFn
	Axes []int
	Keep bool
}

// XentAttr configures the crossentropies. Where sparse, a class outside [0, C) has no loss and no
// gradient.
type XentAttr struct{ Sparse bool }

// ShapeAttr configures Broadcast and ScatterAdd: out's shape.
type ShapeAttr struct{ Shape Shape }

// TransposeAttr configures Transpose.
type TransposeAttr struct{ Perm []int }

// SliceAttr configures Slice: one start and length a dimension.
type SliceAttr struct {
	Begin []int
	Shape Shape
}

// ConcatAttr configures Concat.
type ConcatAttr struct{ Axis int }

// PadAttr configures Pad: one count a dimension before and after.
type PadAttr struct {
	Before, After []int
	Value         float64
}

// A Dist is a distribution of Random.
type Dist uint8

// The distributions of Random, of u uniform in [0, 1) and z normal of mean 0 and variance 1. A, B - A, B and
// 1/(1-A) are rounded to float32 before they meet u or z, so that every backend draws the same mask. Only
// Normal's numbers differ between backends, by rounding.
const (
	Uniform Dist = iota // A + (B - A)·u
	Keep                // 0 where u < A, else 1/(1-A): dropout's mask at rate A
	Normal              // A + B·z
	numDists
)

// Dists lists every distribution, for suites that must cover them all.
func Dists() []Dist { return list[Dist](int(numDists)) }

// RandomAttr configures Random.
type RandomAttr struct {
	Dist  Dist
	Key   uint64
	A, B  float64
	Shape Shape
}

// StopAttr configures a Copy that no gradient goes through.
type StopAttr struct{}

// FillAttr configures Fill.
type FillAttr struct {
	Value float64
	Shape Shape
}

// SplitAttr configures Split: the outputs' shapes.
type SplitAttr struct{ Shapes []Shape }

// ConstAttr configures Const: Shape.Size() numbers, which are not changed any more.
type ConstAttr struct {
	Values []float32
	Shape  Shape
}

// A Rule is an optimizer's update of a parameter w with gradient g. What changes from step to step is
// in hyper; see Hyper. All are Keras 3's formulae.
type Rule uint8

// The update rules. Constants are UpdateAttr's fields, α and β are Hyper's A and B; slots are named in
// order.
const (
	// RuleSGD: w -= ηg.
	RuleSGD Rule = iota
	// RuleMomentum: v = μv - ηg; w += v. Slots: v.
	RuleMomentum
	// RuleNesterov: v = μv - ηg; w += μv - ηg. Slots: v.
	RuleNesterov
	// RuleRMSprop: s = ρs + (1-ρ)g²; w -= ηg/√(s+ε). Slots: s.
	RuleRMSprop
	// RuleRMSpropMomentum: s = ρs + (1-ρ)g²; v = μv + ηg/√(s+ε); w -= v. Slots: s, v.
	RuleRMSpropMomentum
	// RuleRMSpropCentered: s = ρs + (1-ρ)g²; a = ρa + (1-ρ)g; v = μv + ηg/√(s-a²+ε); w -= v.
	// Slots: s, v, a.
	RuleRMSpropCentered
	// RuleAdagrad: s += g²; w -= ηg/√(s+ε). Slots: s.
	RuleAdagrad
	// RuleAdadelta: a = ρa + (1-ρ)g²; δ = √(d+ε)/√(a+ε)·g; d = ρd + (1-ρ)δ²; w -= ηδ.
	// Slots: a, d.
	RuleAdadelta
	// RuleAdam: m += (1-β1)(g-m); v += (1-β2)(g²-v); w -= ηm/(√v+ε). Slots: m, v. The host's η holds
	// the bias correction: lr·√(1-β2ᵗ)/(1-β1ᵗ) at step t = 1, 2, ...
	RuleAdam
	// RuleAMSGrad is RuleAdam with x = max(x, v) in place of v in the root. Slots: m, v, x.
	RuleAMSGrad
	// RuleAdamax: m += (1-β1)(g-m); u = max(β2·u, |g|); w -= ηm/(u+ε). Slots: m, u. The host's η is
	// lr/(1-β1ᵗ).
	RuleAdamax
	// RuleNadam: m += (1-β1)(g-m); v += (1-β2)(g²-v); w -= (ηm + αg)/(√v+β). Slots: m, v. The host's
	// η, α and β hold the bias corrections and ε.
	RuleNadam
	// RuleFtrl: z += g + σw - α(n'^-p - n^-p)w with n' = n + g²; n = n';
	// w = (min(max(z, -λ), λ) - z) / (α·n^-p + β). Slots: n, z. The host's α is 1/lr, and β 2λ₂ + b/lr.
	RuleFtrl
	// RuleLion: w -= η·sign(m + (1-β1)(g-m)); m += (1-β2)(g-m). Slots: m.
	RuleLion
	numRules
)

var ruleTable = [numRules]struct {
	name  string
	slots []string
}{
	{"sgd", nil},
	{"momentum", []string{"momentum"}},
	{"nesterov", []string{"momentum"}},
	{"rmsprop", []string{"velocity"}},
	{"rmsprop_momentum", []string{"velocity", "momentum"}},
	{"rmsprop_centered", []string{"velocity", "momentum", "average_gradient"}},
	{"adagrad", []string{"accumulator"}},
	{"adadelta", []string{"accumulated_grad", "accumulated_delta_var"}},
	{"adam", []string{"momentum", "velocity"}},
	{"amsgrad", []string{"momentum", "velocity", "velocity_hat"}},
	{"adamax", []string{"momentum", "norm"}},
	{"nadam", []string{"momentum", "velocity"}},
	{"ftrl", []string{"accumulator", "linear"}},
	{"lion", []string{"momentum"}},
}

// String is the rule's name.
func (r Rule) String() string {
	if r < numRules {
		return ruleTable[r].name
	}
	return "rule?"
}

// Slots names the rule's slots in order, as Keras names them.
func (r Rule) Slots() []string { return ruleTable[r].slots }

// Rules lists every rule, for suites that must cover them all.
func Rules() []Rule { return list[Rule](int(numRules)) }

// Hyper is what changes from step to step in an Update: the host writes its Words before each.
type Hyper struct {
	Rate  float64 // η, the learning rate, perhaps corrected, as the rule says
	Decay float64 // the share δ of w that is taken off it before anything else: η times a weight decay
	Scale float64 // what g is multiplied by before anything else, to clip it or to take a mean; 1 without
	A, B  float64 // α and β, numbers of the rule's own
}

// HyperSize is the length of Update's hyper input.
const HyperSize = 5

// Words is h as Update's hyper input has it.
func (h Hyper) Words() [HyperSize]float32 {
	return [...]float32{float32(h.Rate), float32(h.Decay), float32(h.Scale), float32(h.A), float32(h.B)}
}

// UpdateAttr configures Update.
type UpdateAttr struct {
	Rule     Rule
	Momentum float64 // μ
	Rho      float64 // ρ
	Beta1    float64 // β1
	Beta2    float64 // β2
	Epsilon  float64 // ε
	Power    float64 // p, of RuleFtrl; not above 0
	L1       float64 // λ, of RuleFtrl
	Shrink   float64 // σ, of RuleFtrl
}

func (MatMulAttr) attr()    {}
func (ConvAttr) attr()      {}
func (PoolAttr) attr()      {}
func (UnaryAttr) attr()     {}
func (BinaryAttr) attr()    {}
func (ReduceAttr) attr()    {}
func (XentAttr) attr()      {}
func (ShapeAttr) attr()     {}
func (TransposeAttr) attr() {}
func (SliceAttr) attr()     {}
func (ConcatAttr) attr()    {}
func (PadAttr) attr()       {}
func (RandomAttr) attr()    {}
func (StopAttr) attr()      {}
func (FillAttr) attr()      {}
func (ConstAttr) attr()     {}
func (SplitAttr) attr()     {}
func (UpdateAttr) attr()    {}
