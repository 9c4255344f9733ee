package backendtest

import "github.com/tabgrad/tabgrad/nn/prog"

func reduceCases() []Case {
	table := []struct {
		x    prog.Shape
		axes []int
	}{
		{prog.Shape{}, nil}, {prog.Shape{1}, []int{0}}, {prog.Shape{7}, []int{0}}, {prog.Shape{3, 5}, []int{0}},
		{prog.Shape{3, 5}, []int{1}}, {prog.Shape{3, 5}, nil}, {prog.Shape{2, 3, 4}, []int{1}}, {prog.Shape{2, 3, 4}, []int{0, 2}},
		{prog.Shape{2, 3, 4, 5}, []int{0, 1, 2}}, {prog.Shape{2, 3, 4, 5}, []int{1, 2}}, {prog.Shape{2, 3, 4, 5}, []int{1, 3}},
		{prog.Shape{1, 6, 1, 2}, []int{0, 2}}, {prog.Shape{17, 19}, []int{0}}, {prog.Shape{4, 33}, []int{1}}, {prog.Shape{5, 1}, []int{1}},
	}
	var cases []Case
	for _, fn := range prog.Reductions() {
		add := func(kind string, x prog.Shape, axes []int, keep bool, g Generator, rough bool) {
			cases = append(cases, Case{
				Name: caseName("Reduce/%s/%s_%v_%v_keep=%t", fn, kind, x, axes, keep), Terms: min(4, x.Size()), Rough: rough,
				Record: func(r *Recorder) prog.Buf { return r.Reduce(fn, r.Param(g, x...), keep, axes...) },
			})
		}
		for i, c := range table {
			add("apart", c.x, c.axes, i%2 == 0, Apart, false)
		}
		add("ties", prog.Shape{4, 6}, []int{1}, false, Tied, true)
		add("negative", prog.Shape{4, 6}, []int{0}, true, Between(-3, -2), fn == prog.Max)
		add("none", prog.Shape{0, 3}, []int{1}, false, Signed, true)
		// A float32 that adds up 20,000 terms of about 1 one by one is off by more than is allowed.
		add("long", prog.Shape{20000}, nil, false, Between(0.99, 1.01), true)
		add("long", prog.Shape{10000, 3}, []int{0}, false, Between(0.99, 1.01), true)
	}
	cases = append(cases, Case{
		Name: "Reduce/sum_of_no_elements", Record: func(r *Recorder) prog.Buf { return r.Reduce(prog.Sum, r.In(Signed, 2, 0), false, 1) },
	}, Case{
		Name: "Reduce/squares_of_no_elements", Record: func(r *Recorder) prog.Buf { return r.Reduce(prog.SumSquares, r.In(Signed, 2, 0), false, 1) },
	}, Case{
		Name: "Reduce/specials",
		Record: func(r *Recorder) prog.Buf {
			x := r.Fixed([]float32{1, inf32, 2, inf32, -inf32, 0, nan32, 1, 2}, 3, 3)
			return r.Reduce(prog.Sum, x, false, 1)
		},
	})
	for _, g := range []struct {
		name string
		g    Generator
	}{{"apart", Apart}, {"ties", Tied}, {"negative", Between(-3, -2)}, {"infinities", Values(-inf32, 1, inf32, inf32, -inf32)}} {
		for _, s := range []prog.Shape{{1}, {9}, {3, 5}, {2, 3, 4}, {6, 10}, {4, 1}, {0, 4}, {2, 131}} {
			cases = append(cases, Case{
				Name:   caseName("ArgMax/%s_%v", g.name, s),
				Record: func(r *Recorder) prog.Buf { return r.ArgMax(r.In(g.g, s...)) },
			})
		}
	}
	return cases
}

var rowShapes = []prog.Shape{{1}, {5}, {3, 4}, {4, 1}, {2, 10}, {2, 3, 7}, {1, 131}, {7, 17}, {0, 3}, {5, 2}}

func rowCases() []Case {
	var cases []Case
	for _, op := range []struct {
		name string
		do   func(r *Recorder, x prog.Buf) prog.Buf
	}{
		{"Softmax", func(r *Recorder, x prog.Buf) prog.Buf { return r.Softmax(x) }},
		{"LogSoftmax", func(r *Recorder, x prog.Buf) prog.Buf { return r.LogSoftmax(x) }},
	} {
		add := func(kind string, g Generator, rough bool, shapes ...prog.Shape) {
			for _, s := range shapes {
				cases = append(cases, Case{
					Name: caseName("%s/%s_%v", op.name, kind, s), Terms: s.Last(), Loose: 4, Rough: rough,
					Record: func(r *Recorder) prog.Buf { return op.do(r, r.Param(g, s...)) },
				})
			}
		}
		add("smooth", Between(-2, 2), false, rowShapes...)
		add("ties", Tied, false, prog.Shape{3, 6})
		add("large", Between(-150, 150), true, prog.Shape{3, 6}) // no overflow
		add("far", Between(900, 1000), true, prog.Shape{2, 5})
		cases = append(cases, Case{
			Name: op.name + "/specials", Loose: 4,
			Record: func(r *Recorder) prog.Buf {
				return op.do(r, r.Fixed([]float32{1, -inf32, 2, 0, 1, nan32}, 2, 3))
			},
		})
	}
	return cases
}

func xentCases() []Case {
	var cases []Case
	for _, sparse := range []bool{false, true} {
		for _, op := range []struct {
			name string
			do   func(r *Recorder, x, t prog.Buf) prog.Buf
			g    Generator
		}{
			{"Xent", func(r *Recorder, x, t prog.Buf) prog.Buf { return r.Xent(x, t, sparse) }, Probability},
			{"SoftmaxXent", func(r *Recorder, x, t prog.Buf) prog.Buf { return r.SoftmaxXent(x, t, sparse) }, Between(-3, 3)},
		} {
			add := func(kind string, s prog.Shape, g, targets Generator, rough bool) {
				cases = append(cases, Case{
					Name: caseName("%s/%s/%s_%v", op.name, map[bool]string{false: "dense", true: "sparse"}[sparse], kind, s), Terms: s.Last(), Loose: 8, Rough: rough,
					Record: func(r *Recorder) prog.Buf {
						x := r.Param(g, s...)
						if sparse {
							return op.do(r, x, r.In(targets, s[:len(s)-1]...))
						}
						return op.do(r, x, r.In(targets, s...))
					},
				})
			}
			for _, s := range rowShapes {
				targets := Probability
				if sparse {
					targets = Below(s.Last())
				}
				// A single class always has the probability 1: clipped.
				add("smooth", s, op.g, targets, op.name == "Xent" && s.Last() == 1)
			}
			if sparse {
				add("outside", prog.Shape{6, 3}, op.g, Values(-1, 3, 0, 1e6, -0.5, 2), false)
			} else {
				add("onehot", prog.Shape{4, 3}, op.g, Values(0, 1, 0, 1), false)
			}
			if op.name == "SoftmaxXent" {
				targets := Values(0, 1, 0, 0)
				if sparse {
					targets = Below(4)
				}
				add("large", prog.Shape{5, 4}, Between(-200, 200), targets, true)
			}
		}
	}
	cases = append(cases, Case{
		Name: "Xent/dense/clipped", Rough: true, Loose: 8,
		Record: func(r *Recorder) prog.Buf {
			p := r.Param(Values(0, 1, 0, 1e-9, 0.5, 0.5), 2, 3)
			return r.Xent(p, r.In(Values(1, 0, 0, 1, 0, 0), 2, 3), false)
		},
	})
	return cases
}
