package prog

// A Border says what an image is continued with beyond its edge, as a rule for a coordinate u along
// n pixels. They are TensorFlow's (core/kernels/image/image_ops.h), in float32.
type Border uint8

// The borders.
const (
	BorderConstant Border = iota // u stays; pixels outside are worth Value
	BorderNearest                // a a a|a b c d|d d d: min(max(u, 0), n-1)
	// BorderReflect: d c b a|a b c d|d c b a. Below 0, u += 2n·trunc(-u/2n), and then u+2n where u < -n, else
	// -u-1. Above n-1, u -= 2n·trunc(u/2n), and then 2n-u-1 where u >= n. At last BorderNearest.
	BorderReflect
	// BorderWrap: a b c d|a b c d|a b c d. Below 0, u += n·(trunc(-u/(n-1)) + 1); above n-1, u -=
	// n·trunc(u/(n-1)). At last BorderNearest. A single pixel is repeated.
	BorderWrap
	numBorders
)

// String is the border's name as programs print it.
func (b Border) String() string {
	return [...]string{"constant", "nearest", "reflect", "wrap", "border?"}[min(b, numBorders)]
}

// Borders lists every border, for suites that must cover them all.
func Borders() []Border { return list[Border](int(numBorders)) }

// WarpAttr configures Warp and WarpGrad. Two-element fields are height, width.
type WarpAttr struct {
	Out     [2]int // the result's size
	In      [2]int // WarpGrad only: x's size
	Nearest bool   // the nearest pixel, and not bilinear interpolation
	Border  Border
	Value   float64 // of pixels outside
}

func (WarpAttr) attr() {}

// Warp samples the images x [N,H,W,C] at places given by t [N,6]: see the op.
func (b *Builder) Warp(x, t Buf, a WarpAttr) Buf { return b.op(Warp, a, x, t) }

func warpShape(attr Attr, in []Shape) (Shape, error) {
	x, err := warpOperands(in[0], in[1])
	if err != nil {
		return nil, err
	}
	if x[1] == 0 || x[2] == 0 {
		return nil, shapeErrorf("wants images of at least one element")
	}
	a := attr.(WarpAttr)
	return Shape{x[0], a.Out[0], a.Out[1], x[3]}, nil
}

func warpGradShape(attr Attr, in []Shape) (Shape, error) {
	dy, err := warpOperands(in[1], in[0])
	if err != nil {
		return nil, err
	}
	a := attr.(WarpAttr)
	if dy[1] != a.Out[0] || dy[2] != a.Out[1] {
		return nil, shapeErrorf("the gradient of %dx%d", a.Out[0], a.Out[1])
	}
	return Shape{dy[0], a.In[0], a.In[1], dy[3]}, nil
}

// warpOperands checks images and their transforms.
func warpOperands(x, t Shape) (Shape, error) {
	if len(x) != 4 || !t.Equal(Shape{x[0], 6}) {
		return nil, shapeErrorf("wants images [N,H,W,C] and transforms [N,6]")
	}
	return x, nil
}

func gradWarp(g *grader, op Op, dy Buf) []Buf {
	x, t, a := op.In[0], op.In[1], op.Attr.(WarpAttr)
	if g.needs(t) {
		return []Buf{None, g.b.Fail(noGradient(op.Code, "transforms"))}
	}
	xs := g.b.Shape(x)
	a.In = [2]int{xs[1], xs[2]}
	return []Buf{g.b.op(WarpGrad, a, t, dy), None}
}
