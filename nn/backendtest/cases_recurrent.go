package backendtest

import "github.com/tabgrad/tabgrad/nn/prog"

// cellSizes are [N, u]: rows and units around a vector of four and a lane's share.
var cellSizes = [][2]int{{1, 1}, {0, 3}, {2, 3}, {3, 4}, {5, 7}, {4, 16}, {7, 33}, {1, 128}, {9, 20}}

// recurrentCases: Split and the cells alone, and whole sequences, against their decompositions too.
func recurrentCases() []Case {
	var cases []Case
	add := func(name string, terms int, record func(r *Recorder) prog.Buf) {
		cases = append(cases, Case{Name: name, Terms: terms, Loose: 4, Record: record})
	}
	for _, s := range cellSizes {
		n, u := s[0], s[1]
		for _, masked := range []bool{false, true} {
			mask := func(r *Recorder) prog.Buf {
				if masked {
					return r.In(Values(1, 0, 1, 1, 0), n)
				}
				return prog.None
			}
			add(caseName("LSTMCell/%dx%d_masked=%t", n, u, masked), 8, func(r *Recorder) prog.Buf {
				zx, zh := r.Param(Between(-2, 2), n, 4*u), r.Param(Signed, n, 4*u)
				c, h := r.Param(Between(-2, 2), n, u), r.Param(Signed, n, u)
				h2, c2 := r.LSTMCell(zx, zh, c, mask(r), h)
				return r.Concat(0, h2, c2)
			})
			add(caseName("GRUCell/%dx%d_masked=%t", n, u, masked), 8, func(r *Recorder) prog.Buf {
				zx, zh := r.Param(Between(-2, 2), n, 3*u), r.Param(Between(-2, 2), n, 3*u)
				return r.GRUCell(zx, zh, r.Param(Signed, n, u), mask(r))
			})
		}
	}
	add("LSTMCell/only_the_cells_state", 8, func(r *Recorder) prog.Buf {
		_, c := r.LSTMCell(r.Param(Signed, 3, 8), r.Param(Signed, 3, 8), r.Param(Signed, 3, 2), prog.None, prog.None)
		return c
	})
	add("LSTMCell/edges", 8, func(r *Recorder) prog.Buf {
		z := []float32{100, -100, 1000, -1000, inf32, -inf32, nan32, 0}
		zx := append(append(append(append([]float32{}, z...), z...), z...), z...)
		h, _ := r.LSTMCell(r.Fixed(zx, 1, 32), r.In(Values(0), 1, 32), r.In(Signed, 1, 8), prog.None, prog.None)
		return h
	})
	for _, shapes := range [][]prog.Shape{{{6}}, {{2, 3}, {1}, {0}, {}, {5}}, {{4}, {4}}, {{3, 1}, {17}, {1, 16}}} {
		n := 0
		for _, s := range shapes {
			n += s.Size()
		}
		add(caseName("Split/%v", shapes), 4, func(r *Recorder) prog.Buf {
			parts := r.Split(r.Unary(prog.Tanh, r.Param(Signed, n)), shapes...)
			r.Result(parts[0])
			for i, p := range parts {
				parts[i] = r.Unary(prog.Square, r.Affine(p, float64(i+1), 0))
			}
			return r.Pack(parts...)
		})
		add(caseName("Split/of_an_input_%v", shapes), 4, func(r *Recorder) prog.Buf {
			parts := r.Split(r.Param(Signed, n), shapes...)
			return r.Unary(prog.Exp, parts[len(parts)-1]) // the others have no gradient
		})
		add(caseName("Split/and_pack_again_%v", shapes), 4, func(r *Recorder) prog.Buf {
			x := r.Unary(prog.Exp, r.Param(Signed, n))
			return r.Mul(r.Pack(r.Split(x, shapes...)...), x)
		})
	}
	cases = append(cases, Case{
		Name: "Split/of_a_variable_that_changes", Vars: []prog.Shape{{6}}, Steps: 2, Record: func(r *Recorder) prog.Buf {
			w := r.Variable(0, Signed)
			parts := r.Split(w, prog.Shape{2}, prog.Shape{4})
			r.Update(prog.UpdateAttr{Rule: prog.RuleSGD}, w, r.In(Signed, 6), r.plainStep(0.5, 0))
			return r.Pack(parts[1], parts[0])
		},
	})
	return append(cases, sequenceCases()...)
}

// A recurrent layer's result is its states behind the last step, and all steps' where all says so.
type sequenceCase struct {
	n, t, f, u                  int
	all, mask, state, drop, rev bool
	inOrder                     bool
	gateDrop                    bool // a mask of its own for each gate, of x too
}

func sequenceCases() []Case {
	table := []sequenceCase{
		{n: 2, t: 1, f: 3, u: 2, all: true},
		{n: 3, t: 4, f: 2, u: 5},
		{n: 3, t: 4, f: 2, u: 5, all: true},
		{n: 2, t: 5, f: 3, u: 4, all: true, rev: true},
		{n: 4, t: 3, f: 1, u: 3, all: true, mask: true},
		{n: 5, t: 4, f: 2, u: 3, mask: true, rev: true},
		{n: 2, t: 3, f: 2, u: 4, all: true, state: true, mask: true},
		{n: 2, t: 3, f: 2, u: 4, state: true, drop: true, all: true},
		{n: 2, t: 3, f: 2, u: 4, gateDrop: true, all: true},
		{n: 3, t: 4, f: 2, u: 4, rev: true, inOrder: true, all: true, mask: true},
		{n: 1, t: 6, f: 4, u: 16, all: true},
		{n: 0, t: 2, f: 2, u: 2, all: true},
	}
	kinds := []struct {
		name      string
		k, states int
		record    func(r *Recorder, c prog.Recurrence) prog.Recurred
	}{
		{"LSTM", 4, 2, func(r *Recorder, c prog.Recurrence) prog.Recurred { return r.LSTM(c) }},
		{"GRU", 3, 1, func(r *Recorder, c prog.Recurrence) prog.Recurred { return r.GRU(c) }},
		{"GRU_reset_before", 3, 1, func(r *Recorder, c prog.Recurrence) prog.Recurred {
			c.ResetBefore = true
			return r.GRU(c)
		}},
		{"SimpleRNN", 1, 1, func(r *Recorder, c prog.Recurrence) prog.Recurred { return r.SimpleRNN(c) }},
		// The decompositions, whose numbers the tests of nn/prog hold the cells against.
		{"LSTM_plain", 4, 2, func(r *Recorder, c prog.Recurrence) prog.Recurred {
			c.Plain = true
			return r.LSTM(c)
		}},
		{"GRU_plain", 3, 1, func(r *Recorder, c prog.Recurrence) prog.Recurred {
			c.Plain = true
			return r.GRU(c)
		}},
	}
	var cases []Case
	for _, kind := range kinds {
		for i, s := range table {
			cases = append(cases, Case{
				Name: caseName("Sequence/%s_%d", kind.name, i), Terms: 20 * s.t, Loose: 4,
				Record: func(r *Recorder) prog.Buf {
					c := prog.Recurrence{
						X: r.Param(Signed, s.n, s.t, s.f), Kernel: r.Param(Signed, s.f, kind.k*s.u),
						Recurrent: r.Param(Between(-0.5, 0.5), s.u, kind.k*s.u), Bias: r.Param(Signed, kind.k*s.u),
						RecurrentBias: prog.None, Mask: prog.None, Backwards: s.rev, InOrder: s.inOrder,
					}
					if kind.k == 3 && i%2 == 0 {
						c.RecurrentBias = r.Param(Signed, 3*s.u)
					}
					if s.mask {
						c.Mask = r.In(Values(0, 1, 1, 0, 1), s.n, s.t)
					}
					if s.drop {
						c.Drop = []prog.Buf{r.In(Values(0, 2, 2), s.n, s.u)}
					}
					if s.gateDrop {
						for range kind.k {
							c.InputDrop = append(c.InputDrop, r.In(Values(2, 0, 2), s.n, s.f))
							c.Drop = append(c.Drop, r.In(Values(0, 2, 2, 0, 2), s.n, s.u))
						}
					}
					for range kind.states {
						if s.state {
							c.State = append(c.State, r.Param(Signed, s.n, s.u))
						}
					}
					out := kind.record(r, c)
					results := []prog.Buf{}
					for _, h := range out.State {
						results = append(results, r.Reshape(h, s.n, 1, s.u))
					}
					if s.all {
						results = append(results, out.All)
					}
					return r.Concat(1, results...)
				},
			})
		}
	}
	return cases
}
