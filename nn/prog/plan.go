package prog

import (
	"slices"
	"sort"
)

// placeAlign is the alignment of buffers in the arena, in elements: 64 bytes, a cache line, so that
// lanes that write neighbouring buffers don't share one.
const placeAlign = 16

// plan gives every buffer outside the Store its offset in one arena. Buffers whose lifetimes don't
// meet share space: the largest are placed first, each at the lowest offset that is free for its
// whole life. Inputs live always, outputs to the end of the program. An op that may run in place
// writes over an operand that dies with it.
func plan(p *Program) {
	n := len(p.Ops)
	lives := make([]life, len(p.Bufs))
	for b := range p.Bufs {
		lives[b] = life{first: n, last: -1, size: p.Bufs[b].Shape.Size()}
		if p.Bufs[b].Kind == Input {
			lives[b].first, lives[b].last = -1, n
		}
	}
	touch := func(x Buf, i int) {
		root, _ := p.Root(x)
		l := &lives[root]
		l.first, l.last = min(l.first, i), max(l.last, i)
		if p.Bufs[root].Kind == Output {
			l.last = n
		}
	}
	for i, op := range p.Ops {
		for _, x := range op.In {
			touch(x, i)
		}
		for _, x := range op.Out {
			touch(x, i)
		}
	}

	share := shareInPlace(p, lives)
	var order []Buf
	for b := range p.Bufs {
		if buf := p.Bufs[b]; buf.Base == None && buf.Kind != Var && share[b] == None && lives[b].last >= lives[b].first {
			order = append(order, Buf(b))
		}
	}
	sort.Slice(order, func(i, j int) bool {
		x, y := order[i], order[j]
		if a, b := lives[x], lives[y]; a.size != b.size {
			return a.size > b.size
		} else if a.first != b.first {
			return a.first < b.first
		}
		return x < y
	})

	p.place = slices.Repeat([]int{-1}, len(p.Bufs))
	p.Arena = 0
	var placed []Buf // by ascending offset
	for _, b := range order {
		at := 0
		for _, other := range placed {
			if !lives[b].meets(lives[other]) || lives[other].size == 0 {
				continue
			}
			if at+lives[b].size <= p.place[other] {
				break
			}
			end := p.place[other] + lives[other].size
			at = max(at, (end+placeAlign-1)/placeAlign*placeAlign)
		}
		p.place[b] = at
		p.Arena = max(p.Arena, at+lives[b].size)
		i := sort.Search(len(placed), func(i int) bool { return p.place[placed[i]] >= at })
		placed = slices.Insert(placed, i, b)
	}
	for b := range p.Bufs {
		if host := share[b]; host != None {
			for share[host] != None {
				host = share[host]
			}
			p.place[b] = p.place[host]
		}
	}
}

// A life is the range of ops, first to last, during which a buffer holds a value.
type life struct{ first, last, size int }

func (a life) meets(b life) bool { return a.first <= b.last && b.first <= a.last }

// shareInPlace finds the results that can be written over a dying operand: share[b] is the buffer
// whose space b takes over, None for none. The host's life is prolonged by b's.
func shareInPlace(p *Program, lives []life) []Buf {
	share := slices.Repeat([]Buf{None}, len(p.Bufs))
	host := func(b Buf) Buf {
		for share[b] != None {
			b = share[b]
		}
		return b
	}
	for i, op := range p.Ops {
		if !table[op.Code].inPlace {
			continue
		}
		out := op.Out[0]
		o := p.Bufs[out]
		if o.Base != None || o.Kind == Var || o.Kind == Input || lives[out].first != i {
			continue
		}
		for _, x := range op.In {
			root, off := p.Root(x)
			r := p.Bufs[root]
			h := host(root)
			if r.Kind != Temp || off != 0 || lives[root].last != i || lives[root].size != lives[out].size ||
				p.Bufs[x].Shape.Size() != lives[out].size || lives[h].last != i || p.readsPart(op, root) {
				continue
			}
			share[out] = h
			lives[h].last = lives[out].last
			break
		}
	}
	return share
}

// readsPart reports whether op reads only a part of root through some operand: element i of such an
// operand is not element i of root.
func (p *Program) readsPart(op Op, root Buf) bool {
	return slices.ContainsFunc(op.In, func(x Buf) bool {
		r, _ := p.Root(x)
		return r == root && p.Bufs[x].Shape.Size() != p.Bufs[root].Shape.Size()
	})
}
