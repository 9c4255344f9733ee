package prog

import (
	"fmt"
	"slices"
)

// Verify proves p sound, independently of how it was made: every op's operands fit the op table,
// everything is written before it is read and only once, a variable that is assigned is neither read
// nor changed after that, views lie in their bases, and, where p is planned, no write destroys a value
// that is read later. A failure is a bug in tabgrad, and wraps ErrProgram.
func (p *Program) Verify() error {
	v := &verifier{p: p, written: map[Buf][]span{}, valid: make([]bool, len(p.Bufs))}
	for i := range p.Bufs {
		if err := v.buffer(Buf(i)); err != nil {
			return fmt.Errorf("%s: %w: %w", p.Name, err, ErrProgram)
		}
	}
	for i := range p.Ops {
		if err := v.op(&p.Ops[i]); err != nil {
			return fmt.Errorf("%s: op %d, %s: %w: %w", p.Name, i, p.opString(&p.Ops[i]), err, ErrProgram)
		}
	}
	for i, b := range p.Bufs {
		if b.Kind == Input || b.Kind == Output {
			if err := v.readable(Buf(i)); err != nil {
				return fmt.Errorf("%s: at the end: %w: %w", p.Name, err, ErrProgram)
			}
		}
	}
	return nil
}

type verifier struct {
	p       *Program
	written map[Buf][]span // by root: what has been written
	valid   []bool         // by root: nothing else has been written over it

	assigned []Buf // variables
}

type span struct{ start, end int }

func (a span) meets(b span) bool { return a.start < b.end && b.start < a.end }

func (v *verifier) buffer(x Buf) error {
	p, b := v.p, v.p.Bufs[x]
	if e := b.Shape.checked(); e != "" {
		return fmt.Errorf("%s: %s", p.bufName(x), e)
	}
	if b.Base == None {
		v.valid[x] = true
		if b.Kind == Input || b.Kind == Var {
			v.written[x] = []span{{0, b.Shape.Size()}}
		}
		if p.place != nil && b.Kind != Var {
			if at := p.place[x]; at >= 0 && at+b.Shape.Size() > p.Arena {
				return fmt.Errorf("%s lies outside the arena", p.bufName(x))
			}
		}
		return nil
	}
	if base := p.Bufs[b.Base]; base.Base != None || b.Offset < 0 || b.Offset+b.Shape.Size() > base.Shape.Size() {
		return fmt.Errorf("%s is a view outside %s", p.bufName(x), p.bufName(b.Base))
	}
	return nil
}

func (v *verifier) readable(x Buf) error {
	p := v.p
	root, off := p.Root(x)
	want := span{off, off + p.Bufs[x].Shape.Size()}
	have := 0
	for _, s := range v.written[root] {
		have += max(0, min(s.end, want.end)-max(s.start, want.start))
	}
	if have != want.end-want.start {
		return fmt.Errorf("%s is read before it is written", p.bufName(x))
	}
	if !v.valid[root] && want.start < want.end {
		return fmt.Errorf("%s is read after its space was given away", p.bufName(x))
	}
	return nil
}

func (v *verifier) op(op *Op) error {
	p := v.p
	for _, x := range op.In {
		if err := v.readable(x); err != nil {
			return err
		}
		if v.among(v.assigned, x) {
			return fmt.Errorf("%s is read after it was assigned", p.bufName(x))
		}
	}
	if op.Code == Update {
		return p.checkUpdate(op)
	}
	shapes := make([]Shape, len(op.In))
	for i, x := range op.In {
		shapes[i] = p.Bufs[x].Shape
	}
	want, err := outShape(op.Code, op.Attr, shapes)
	if err != nil {
		return err
	}
	wants := []Shape{want}
	if m, ok := multis[op.Code]; ok {
		wants = append(wants, m.more(op.Attr, shapes)...)
	} else if len(op.Out) == 2 && op.Code == Conv2DKernelGrad {
		wants = append(wants, Shape{want.Last()})
	}
	if len(op.Out) != len(wants) {
		return fmt.Errorf("%d outputs", len(op.Out))
	}
	for i, want := range wants {
		if got := p.Bufs[op.Out[i]].Shape; !got.Equal(want) {
			return fmt.Errorf("output %d is %v, wanted %v", i, got, want)
		}
	}
	for _, x := range op.Out {
		if err := v.write(op, x); err != nil {
			return err
		}
	}
	return nil
}

// among reports whether x has memory in common with one of a list.
func (v *verifier) among(list []Buf, x Buf) bool {
	return slices.ContainsFunc(list, func(y Buf) bool { return v.p.meet(x, y) })
}

func (v *verifier) write(op *Op, x Buf) error {
	p := v.p
	root, off := p.Root(x)
	switch p.Bufs[root].Kind {
	case Input:
		return fmt.Errorf("an input is written")
	case Var:
		if op.Code != Copy {
			return fmt.Errorf("a variable is written")
		}
		if v.among(v.assigned, x) {
			return fmt.Errorf("%s is written twice", p.bufName(x))
		}
		v.assigned = append(v.assigned, x)
		return nil
	}
	s := span{off, off + p.Bufs[x].Shape.Size()}
	for _, old := range v.written[root] {
		if old.meets(s) {
			return fmt.Errorf("%s is written twice", p.bufName(x))
		}
	}
	if len(v.written[root]) > 0 && !v.valid[root] {
		return fmt.Errorf("%s is written after a part of it was given away", p.bufName(x))
	}
	v.valid[root] = true
	v.written[root] = append(v.written[root], s)
	if p.place == nil {
		return nil
	}
	at := p.place[root]
	if at < 0 {
		return fmt.Errorf("%s has no place", p.bufName(x))
	}
	mine := span{at + off, at + s.end}
	for _, in := range op.In {
		r, o := p.Root(in)
		if r == root || p.Bufs[r].Kind == Var {
			continue
		}
		other := span{p.place[r] + o, p.place[r] + o + p.Bufs[in].Shape.Size()}
		if other.meets(mine) && !(table[op.Code].inPlace && other == mine) {
			return fmt.Errorf("%s overlaps its operand %s", p.bufName(x), p.bufName(in))
		}
	}
	for r := range p.Bufs {
		if b := p.Bufs[r]; Buf(r) == root || b.Base != None || b.Kind == Var || p.place[r] < 0 {
			continue
		}
		// The whole of root is taken, not only the part written now: a later part must not land on
		// a value that lives in between.
		if (span{p.place[r], p.place[r] + p.Bufs[r].Shape.Size()}).meets(mine) {
			v.valid[r] = false
		}
	}
	return nil
}
