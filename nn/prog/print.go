package prog

import (
	"fmt"
	"strconv"
	"strings"
)

// String prints the program: its inputs and variables, then an op a line, then the arena.
func (p *Program) String() string {
	var sb strings.Builder
	fmt.Fprintf(&sb, "program %s\n", p.Name)
	for i, b := range p.Bufs {
		switch {
		case b.Kind == Input:
			fmt.Fprintf(&sb, "  in  %s%v\n", p.bufName(Buf(i)), b.Shape)
		case b.Kind == Var && b.Base != None:
			fmt.Fprintf(&sb, "  var %s%v @%d\n", p.bufName(Buf(i)), b.Shape, b.Offset)
		}
	}
	for i := range p.Ops {
		fmt.Fprintf(&sb, "  %s\n", p.opString(&p.Ops[i]))
	}
	if p.place != nil {
		fmt.Fprintf(&sb, "  arena %d\n", p.Arena)
	}
	return sb.String()
}

func (p *Program) bufName(b Buf) string {
	if name := p.Bufs[b].Name; name != "" {
		return name
	}
	return "%" + strconv.Itoa(int(b))
}

// operand prints a buffer; a view that is a temporary prints as its root with its own shape.
func (p *Program) operand(b Buf) string {
	buf := p.Bufs[b]
	if buf.Base == None || buf.Name != "" {
		return p.bufName(b)
	}
	at := ""
	if buf.Offset != 0 || buf.Shape.Size() != p.Bufs[buf.Base].Shape.Size() {
		at = "+" + strconv.Itoa(buf.Offset)
	}
	return p.bufName(buf.Base) + at + buf.Shape.String()
}

func (p *Program) opString(op *Op) string {
	var sb strings.Builder
	for i, o := range op.Out {
		if i > 0 {
			sb.WriteString(", ")
		}
		sb.WriteString(p.operand(o))
		if p.Bufs[o].Base == None || p.Bufs[o].Name != "" {
			sb.WriteString(p.Bufs[o].Shape.String())
		}
	}
	sb.WriteString(" = ")
	sb.WriteString(op.Code.String())
	sb.WriteByte('(')
	for i, x := range op.In {
		if i > 0 {
			sb.WriteString(", ")
		}
		sb.WriteString(p.operand(x))
	}
	sb.WriteByte(')')
	sb.WriteString(attrString(op.Attr))
	return sb.String()
}

func attrString(a Attr) string {
	var sb strings.Builder
	put := func(format string, args ...any) { fmt.Fprintf(&sb, " "+format, args...) }
	switch a := a.(type) {
	case MatMulAttr:
		if a.TransA {
			put("a^T")
		}
		if a.TransB {
			put("b^T")
		}
	case ConvAttr:
		put("stride=%dx%d", a.Stride[0], a.Stride[1])
		if a.Dilation != [2]int{1, 1} {
			put("dilation=%dx%d", a.Dilation[0], a.Dilation[1])
		}
		if a.Pad != [4]int{} {
			put("pad=%d,%d,%d,%d", a.Pad[0], a.Pad[1], a.Pad[2], a.Pad[3])
		}
		if a.Groups != 1 {
			put("groups=%d", a.Groups)
		}
	case PoolAttr:
		put("%s window=%dx%d stride=%dx%d", map[bool]string{false: "max", true: "avg"}[a.Avg],
			a.Window[0], a.Window[1], a.Stride[0], a.Stride[1])
		if a.Pad != [4]int{} {
			put("pad=%d,%d,%d,%d", a.Pad[0], a.Pad[1], a.Pad[2], a.Pad[3])
		}
	case WarpAttr:
		put("%s", a.Border)
		if a.Border == BorderConstant {
			put("%g", a.Value)
		}
		if a.Nearest {
			put("nearest")
		}
	case UnaryAttr:
		put("%s", a.Fn)
		if n := unaryTable[a.Fn].consts; n > 0 {
			put("%g", a.Alpha)
			if n > 1 {
				put("%g", a.Beta)
			}
		}
	case BinaryAttr:
		put("%s", a.Fn)
	case ReduceAttr:
		put("%s axes=%v", a.Fn, a.Axes)
	case XentAttr:
		if a.Sparse {
			put("sparse")
		}
	case TransposeAttr:
		put("perm=%v", a.Perm)
	case SliceAttr:
		put("begin=%v", a.Begin)
	case ConcatAttr:
		put("axis=%d", a.Axis)
	case PadAttr:
		put("before=%v after=%v value=%g", a.Before, a.After, a.Value)
	case RandomAttr:
		switch a.Dist {
		case Keep:
			put("keep rate=%g key=%#x", a.A, a.Key)
		case Normal:
			put("normal %g %g key=%#x", a.A, a.B, a.Key)
		default:
			put("uniform %g %g key=%#x", a.A, a.B, a.Key)
		}
	case FillAttr:
		put("%g", a.Value)
	case UpdateAttr:
		put("%s", a.Rule)
	}
	e := epilogue(a)
	switch {
	case e.Grad:
		put("grad=%s", e.Act)
	case e.Act != Identity:
		put("act=%s", e.Act)
	}
	if unaryTable[e.Act].consts > 0 {
		put("%g", e.Alpha)
	}
	return sb.String()
}
