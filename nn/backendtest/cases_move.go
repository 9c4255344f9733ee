package backendtest

import "github.com/tabgrad/tabgrad/nn/prog"

func moveCases() []Case {
	var cases []Case
	add := func(name string, record func(r *Recorder) prog.Buf) {
		cases = append(cases, Case{Name: name, Terms: 40, Record: record})
	}
	for _, s := range [][2]prog.Shape{
		{{}, {3}}, {{1}, {5}}, {{4}, {3, 4}}, {{3, 1}, {3, 5}}, {{2, 1, 4}, {2, 3, 4}}, {{1, 3, 1}, {2, 3, 4}}, {{1, 1}, {7, 5}}, {{5}, {0, 5}}, {{2, 3}, {4, 2, 3}},
	} {
		add(caseName("Broadcast/%v_%v", s[0], s[1]), func(r *Recorder) prog.Buf { return r.Broadcast(r.Param(Signed, s[0]...), s[1]) })
	}
	for _, c := range []struct{ x, perm prog.Shape }{
		{prog.Shape{}, nil}, {prog.Shape{5}, prog.Shape{0}}, {prog.Shape{3, 4}, prog.Shape{1, 0}}, {prog.Shape{3, 4}, prog.Shape{0, 1}},
		{prog.Shape{2, 3, 4}, prog.Shape{2, 0, 1}}, {prog.Shape{2, 3, 4}, prog.Shape{0, 2, 1}}, {prog.Shape{2, 3, 4, 5}, prog.Shape{0, 3, 1, 2}},
		{prog.Shape{2, 3, 4, 5}, prog.Shape{3, 2, 1, 0}}, {prog.Shape{1, 7, 1, 3}, prog.Shape{2, 1, 0, 3}}, {prog.Shape{17, 19}, prog.Shape{1, 0}}, {prog.Shape{0, 3}, prog.Shape{1, 0}},
	} {
		add(caseName("Transpose/%v_%v", c.x, c.perm), func(r *Recorder) prog.Buf { return r.Transpose(r.Param(Signed, c.x...), c.perm...) })
	}
	for _, c := range []struct{ x, begin, shape prog.Shape }{
		{prog.Shape{}, prog.Shape{}, prog.Shape{}}, {prog.Shape{7}, prog.Shape{0}, prog.Shape{7}}, {prog.Shape{7}, prog.Shape{3}, prog.Shape{4}}, {prog.Shape{7}, prog.Shape{2}, prog.Shape{1}},
		{prog.Shape{4, 5}, prog.Shape{1, 2}, prog.Shape{2, 3}}, {prog.Shape{4, 5}, prog.Shape{0, 1}, prog.Shape{4, 3}}, {prog.Shape{4, 5}, prog.Shape{2, 0}, prog.Shape{2, 5}},
		{prog.Shape{2, 6, 5, 3}, prog.Shape{0, 1, 2, 0}, prog.Shape{2, 4, 2, 3}}, {prog.Shape{3, 4}, prog.Shape{3, 4}, prog.Shape{0, 0}}, {prog.Shape{3, 2, 4}, prog.Shape{1, 0, 3}, prog.Shape{1, 2, 1}},
	} {
		add(caseName("Slice/%v_%v_%v", c.x, c.begin, c.shape), func(r *Recorder) prog.Buf { return r.Slice(r.Param(Signed, c.x...), c.begin, c.shape) })
	}
	for _, c := range []struct {
		axis int
		xs   []prog.Shape
	}{
		{0, []prog.Shape{{3}}}, {0, []prog.Shape{{3}, {5}}}, {0, []prog.Shape{{2, 3}, {1, 3}, {4, 3}}}, {1, []prog.Shape{{2, 3}, {2, 1}}}, {-1, []prog.Shape{{2, 2, 3}, {2, 2, 2}}},
		{1, []prog.Shape{{2, 3, 4}, {2, 1, 4}, {2, 2, 4}}}, {3, []prog.Shape{{2, 2, 3, 4}, {2, 2, 3, 1}}}, {0, []prog.Shape{{0, 3}, {2, 3}, {0, 3}}}, {1, []prog.Shape{{2, 0}, {2, 4}}},
	} {
		add(caseName("Concat/%d_%v", c.axis, c.xs), func(r *Recorder) prog.Buf {
			var xs []prog.Buf
			for _, s := range c.xs {
				xs = append(xs, r.Param(Signed, s...))
			}
			return r.Concat(c.axis, xs...)
		})
	}
	add("Concat/same_operand", func(r *Recorder) prog.Buf {
		x := r.Param(Signed, 2, 3)
		return r.Concat(1, x, r.Unary(prog.Neg, x), x)
	})
	for _, c := range []struct {
		x, before, after prog.Shape
		value            float64
	}{
		{prog.Shape{}, prog.Shape{}, prog.Shape{}, 0}, {prog.Shape{5}, prog.Shape{0}, prog.Shape{0}, 1}, {prog.Shape{5}, prog.Shape{2}, prog.Shape{3}, -1.5}, {prog.Shape{0}, prog.Shape{2}, prog.Shape{1}, 4},
		{prog.Shape{2, 3}, prog.Shape{1, 0}, prog.Shape{0, 2}, 0}, {prog.Shape{2, 3}, prog.Shape{0, 4}, prog.Shape{0, 0}, 0}, {prog.Shape{1, 4, 5, 2}, prog.Shape{0, 1, 2, 0}, prog.Shape{0, 2, 1, 0}, 0},
		{prog.Shape{2, 3, 4}, prog.Shape{1, 1, 1}, prog.Shape{1, 1, 1}, 0.5}, {prog.Shape{3, 17}, prog.Shape{0, 1}, prog.Shape{1, 0}, 0},
	} {
		add(caseName("Pad/%v_%v_%v", c.x, c.before, c.after), func(r *Recorder) prog.Buf { return r.Pad(r.Param(Signed, c.x...), c.before, c.after, c.value) })
	}
	for _, c := range []struct{ table, index prog.Shape }{
		{prog.Shape{4}, prog.Shape{3}}, {prog.Shape{4, 3}, prog.Shape{}}, {prog.Shape{4, 3}, prog.Shape{5}}, {prog.Shape{6, 2, 3}, prog.Shape{2, 4}},
		{prog.Shape{1, 5}, prog.Shape{3}}, {prog.Shape{7, 17}, prog.Shape{2, 3}}, {prog.Shape{3, 4}, prog.Shape{0}}, {prog.Shape{5, 1}, prog.Shape{9}}, {prog.Shape{3, 0}, prog.Shape{2}}, {prog.Shape{10, 4}, prog.Shape{33}},
	} {
		add(caseName("Gather/%v_%v", c.table, c.index), func(r *Recorder) prog.Buf {
			return r.Gather(r.Param(Signed, c.table...), r.In(Below(c.table[0]), c.index...))
		})
	}
	for _, c := range []struct{ out, index prog.Shape }{
		{prog.Shape{4}, prog.Shape{3}}, {prog.Shape{4, 3}, prog.Shape{}}, {prog.Shape{4, 3}, prog.Shape{5}}, {prog.Shape{6, 2, 3}, prog.Shape{2, 4}},
		{prog.Shape{1, 5}, prog.Shape{3}}, {prog.Shape{7, 17}, prog.Shape{2, 3}}, {prog.Shape{3, 4}, prog.Shape{0}}, {prog.Shape{50}, prog.Shape{133}},
	} {
		add(caseName("ScatterAdd/%v_%v", c.out, c.index), func(r *Recorder) prog.Buf {
			index := r.In(Below(c.out[0]+1), c.index...) // the last is outside
			return r.ScatterAdd(index, r.Param(Signed, append(append(prog.Shape{}, c.index...), c.out[1:]...)...), c.out)
		})
	}
	add("Gather/outside", func(r *Recorder) prog.Buf {
		return r.Gather(r.In(Signed, 3, 2), r.In(Values(0, -1, 3, 2, 1e9, -0.25), 6))
	})
	add("Gather/outside_and_its_gradient", func(r *Recorder) prog.Buf {
		rows := r.Gather(r.Param(Signed, 3, 2), r.In(Values(0, -1, 3, 2, 1e9, -0.25), 6))
		return r.Binary(prog.Where, rows, r.In(Values(1, 0, 0, 1, 0, 0), 6, 1)) // without the rows that are NaN
	})
	for i, s := range []prog.Shape{{}, {1}, {7}, {2, 3}, {0}, {131}, {2, 3, 4}, {16}} {
		add(caseName("Fill/%v", s), func(r *Recorder) prog.Buf { return r.Fill(float64(i)-2.5, s...) })
		add(caseName("Copy/%v", s), func(r *Recorder) prog.Buf { return r.Copy(r.Param(Signed, s...)) })
	}
	return cases
}

// constCases: constants read, returned, and told apart from each other where there are several.
func constCases() []Case {
	numbers := func(n int, first float32) []float32 {
		v := make([]float32, n)
		for i := range v {
			v[i] = first + float32(i)
		}
		return v
	}
	var cases []Case
	for _, s := range []prog.Shape{{}, {0}, {1}, {3}, {2, 8}, {1021}} {
		cases = append(cases, Case{
			Name: caseName("Const/%v", s), Steps: 2,
			Record: func(r *Recorder) prog.Buf { return r.Mul(r.Const(numbers(s.Size(), 1), s...), r.Param(Signed, s...)) },
		})
	}
	return append(cases, Case{
		Name: "Const/several", Terms: 6, Rough: true, Record: func(r *Recorder) prog.Buf {
			r.Result(r.Const(numbers(5, -2), 5))
			y := r.MatMul(r.Param(Signed, 3, 4), r.Const(numbers(24, 0.5), 4, 6), false, false)
			return r.Add(y, r.Const([]float32{nan32, inf32, -inf32, 0, 1e-30, 2}, 6))
		},
	})
}

func randomCases() []Case {
	var cases []Case
	for i, a := range []prog.RandomAttr{
		{Dist: prog.Uniform, A: 0, B: 1, Key: 0}, {Dist: prog.Uniform, A: -0.05, B: 0.05, Key: 0x123456789abcdef0},
		{Dist: prog.Keep, A: 0.5, Key: 7}, {Dist: prog.Keep, A: 0.25, Key: 1 << 63}, {Dist: prog.Keep, A: 0.1, Key: 0xffffffff}, {Dist: prog.Keep, A: 0, Key: 3},
		{Dist: prog.Normal, A: 0, B: 1, Key: 5}, {Dist: prog.Normal, A: 1, B: 0.25, Key: 0xfedcba9876543210},
	} {
		for j, s := range []prog.Shape{{}, {1}, {3}, {4}, {0}, {5, 7}, {1021}} {
			step := prog.StepWords([]uint64{0, 1, 12345, 1<<24 - 1, 1 << 24, 1 << 40, 0xdeadbeef}[(i+j)%7])
			a.Shape = s
			cases = append(cases, Case{
				Name:   caseName("Random/%d_%v_%v", i, s, step),
				Record: func(r *Recorder) prog.Buf { return r.Random(r.Fixed(step[:], 2), a) },
			})
		}
	}
	return cases
}

// ruleConstants are Keras's defaults, or near them.
var ruleConstants = prog.UpdateAttr{Momentum: 0.9, Rho: 0.95, Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-7, Power: -0.5, L1: 0.1, Shrink: 0.2}

// stepNumbers are a step's hyper: the first two and the scale as a training has them, α and β such that
// each rule's result is of its operands' size.
func (r *Recorder) stepNumbers() prog.Buf {
	words := prog.Hyper{Rate: 0.01, Decay: 0.03, Scale: 0.9, A: 2, B: 0.5}.Words()
	return r.Fixed(words[:], prog.HyperSize)
}

// plainStep is a step's hyper at a learning rate, for rules without α and β.
func (r *Recorder) plainStep(rate, decay float64) prog.Buf {
	words := prog.Hyper{Rate: rate, Decay: decay, Scale: 1}.Words()
	return r.Fixed(words[:], prog.HyperSize)
}

func updateCases() []Case {
	var cases []Case
	for _, rule := range prog.Rules() {
		for _, n := range []int{0, 1, 3, 4, 131, 1021} {
			shapes := []prog.Shape{{n}}
			for range rule.Slots() {
				shapes = append(shapes, prog.Shape{n})
			}
			for _, start := range []Generator{Values(0), Between(1, 2)} {
				cases = append(cases, Case{
					Name: caseName("Update/%s_%d_%d", rule, n, len(cases)%2), Terms: 10, Loose: 8, Vars: shapes, Steps: 3,
					Record: func(r *Recorder) prog.Buf {
						w := r.Variable(0, Signed)
						var slots []prog.Buf
						for i, name := range rule.Slots() {
							g := start
							if name == "average_gradient" {
								g = Values(0) // s - a² must stay positive
							}
							slots = append(slots, r.Variable(1+i, g))
						}
						a := ruleConstants
						a.Rule = rule
						// Gradients that change from step to step: they depend on w.
						g := r.Add(r.Affine(w, 0.5, 0), r.In(OffZero, n))
						r.Update(a, w, g, r.stepNumbers(), slots...)
						return prog.None
					},
				})
			}
		}
	}
	for _, power := range []float64{0, -0.3, -1} {
		cases = append(cases, Case{
			Name: caseName("Update/ftrl_power_%v", power), Terms: 10, Loose: 8, Vars: []prog.Shape{{37}, {37}, {37}}, Steps: 3,
			Record: func(r *Recorder) prog.Buf {
				w, n, z := r.Variable(0, Signed), r.Variable(1, Between(1, 2)), r.Variable(2, Signed)
				a := ruleConstants
				a.Rule, a.Power = prog.RuleFtrl, power
				r.Update(a, w, r.Add(r.Affine(w, 0.5, 0), r.In(OffZero, 37)), r.stepNumbers(), n, z)
				return prog.None
			},
		})
	}
	cases = append(cases, Case{
		Name: "Update/part_of_the_store", Vars: []prog.Shape{{3}, {2, 2}, {5}, {4}}, Steps: 2, Terms: 10,
		Record: func(r *Recorder) prog.Buf {
			for i := range 4 {
				r.Variable(i, Signed)
			}
			w := r.StoreRange("w", 3, 9)
			r.Update(prog.UpdateAttr{Rule: prog.RuleSGD}, w, r.In(Signed, 9), r.plainStep(0.5, 0.1))
			return prog.None
		},
	})
	return cases
}
