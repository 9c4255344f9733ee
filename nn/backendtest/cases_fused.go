package backendtest

import "github.com/tabgrad/tabgrad/nn/prog"

// fusedCases are what Fuse joins: bias and activation behind products and convolutions, their gradients,
// and the crossentropies of softmax and sigmoid. Every case runs fused and plain.
func fusedCases() []Case {
	var cases []Case
	for _, fn := range prog.Unaries() {
		u, ok := unaryTests[fn]
		switch fn {
		case prog.Log, prog.Log1p, prog.Sqrt, prog.Rsqrt, prog.Reciprocal, prog.Floor, prog.Round:
			continue // not defined, or not continuous, everywhere: no activations
		}
		if !ok {
			continue
		}
		for _, bias := range []bool{false, true} {
			layer := func(r *Recorder, y, b prog.Buf) prog.Buf {
				if bias {
					y = r.Add(y, b)
				}
				return r.UnaryConst(fn, y, u.alpha, u.beta)
			}
			for _, size := range [][3]int{{5, 7, 9}, {8, 12, 16}, {1, 3, 1}} {
				m, k, n := size[0], size[1], size[2]
				// The activation between two products: its gradient rides in the second's backward product.
				cases = append(cases, Case{
					Name: caseName("Fused/dense_%s_bias=%t_%v", fn, bias, size), Terms: 4 * k * n, Loose: 4, Rough: true,
					Record: func(r *Recorder) prog.Buf {
						h := layer(r, r.MatMul(r.Param(Signed, m, k), r.Param(Signed, k, n), false, false), r.Param(Signed, n))
						return r.MatMul(h, r.Param(Signed, n, k), false, false)
					},
				}, Case{ // read by nothing else, so that even functions whose gradient needs the input fuse
					Name: caseName("Fused/dense_forward_%s_bias=%t_%v", fn, bias, size), Terms: k, Loose: 4,
					Record: func(r *Recorder) prog.Buf {
						return layer(r, r.MatMul(r.In(Signed, m, k), r.In(Signed, k, n), false, false), r.In(Signed, n))
					},
				})
			}
			c := convCase{2, 6, 7, 3, 3, 3, 5, one, one, [4]int{1, 0, 0, 1}, 1}
			cases = append(cases, Case{
				Name: caseName("Fused/conv_%s_bias=%t", fn, bias), Terms: 500, Loose: 4, Rough: true,
				Record: func(r *Recorder) prog.Buf {
					x, w := c.operands(r)
					h := layer(r, r.Conv2D(x, w, c.attr()), r.Param(Signed, c.o))
					return r.Conv2D(h, r.Param(Signed, 2, 2, c.o, 4), prog.ConvAttr{Stride: two, Dilation: one, Groups: 1})
				},
			}, Case{
				Name: caseName("Fused/conv_forward_%s_bias=%t", fn, bias), Terms: 27, Loose: 4,
				Record: func(r *Recorder) prog.Buf {
					return layer(r, r.Conv2D(r.In(Signed, 2, 6, 7, 3), r.In(Signed, 3, 3, 3, 5), c.attr()), r.In(Signed, c.o))
				},
			})
			// Transposed: to images twice as large, and in a second one to images larger by one, whose backward
			// pass is a Conv2D in which the activation's gradient rides.
			up := prog.ConvAttr{Stride: two, Dilation: one, Groups: 1, In: [2]int{6, 8}}
			wider := prog.ConvAttr{Stride: one, Dilation: one, Groups: 1, In: [2]int{7, 9}}
			cases = append(cases, Case{
				Name: caseName("Fused/transposed_%s_bias=%t", fn, bias), Terms: 500, Loose: 4, Rough: true,
				Record: func(r *Recorder) prog.Buf {
					h := layer(r, r.Conv2DInputGrad(r.Param(Signed, 2, 3, 4, 3), r.Param(Signed, 2, 2, 5, 3), up), r.Param(Signed, 5))
					return r.Conv2DInputGrad(h, r.Param(Signed, 2, 2, 4, 5), wider)
				},
			}, Case{
				Name: caseName("Fused/transposed_forward_%s_bias=%t", fn, bias), Terms: 27, Loose: 4,
				Record: func(r *Recorder) prog.Buf {
					return layer(r, r.Conv2DInputGrad(r.In(Signed, 2, 3, 4, 3), r.In(Signed, 2, 2, 5, 3), up), r.In(Signed, 5))
				},
			})
		}
	}
	cases = append(cases, Case{
		Name: "Fused/stack_with_bias", Terms: 16, Record: func(r *Recorder) prog.Buf {
			y := r.MatMul(r.Param(Signed, 2, 3, 4), r.Param(Signed, 2, 4, 5), false, false)
			return r.Unary(prog.Tanh, r.Add(y, r.Param(Signed, 5)))
		},
	}, Case{
		Name: "Fused/conv_without_input_gradient", Terms: 100, Record: func(r *Recorder) prog.Buf {
			x := r.In(Signed, 2, 5, 5, 2)
			y := r.Conv2D(x, r.Param(Signed, 3, 3, 2, 4), prog.ConvAttr{Stride: one, Dilation: one, Groups: 1})
			return r.Unary(prog.Tanh, r.Add(y, r.Param(Signed, 4)))
		},
	}, Case{
		Name: "Fused/grouped_conv", Terms: 100, Record: func(r *Recorder) prog.Buf {
			a := prog.ConvAttr{Stride: two, Dilation: one, Pad: [4]int{1, 1, 1, 1}, Groups: 2}
			y := r.Conv2D(r.Param(Signed, 2, 5, 5, 4), r.Param(Signed, 3, 3, 2, 6), a)
			return r.Unary(prog.Sigmoid, r.Add(y, r.Param(Signed, 6)))
		},
	})
	for _, sparse := range []bool{false, true} {
		for _, s := range []prog.Shape{{1, 1}, {4, 3}, {2, 3, 5}} {
			cases = append(cases, Case{
				Name: caseName("Fused/softmax_xent_%v_sparse=%t", s, sparse), Terms: s.Last(), Loose: 8,
				Record: func(r *Recorder) prog.Buf {
					p := r.Softmax(r.Param(Signed, s...))
					if sparse {
						return r.Xent(p, r.In(Below(s.Last()), s[:len(s)-1]...), true)
					}
					return r.Xent(p, r.In(Probability, s...), false)
				},
			})
		}
	}
	cases = append(cases, Case{
		Name: "Fused/sigmoid_xent", Loose: 8, Record: func(r *Recorder) prog.Buf {
			return r.BinaryXent(r.Unary(prog.Sigmoid, r.Param(Between(-4, 4), 3, 5)), r.In(Probability, 3, 5))
		},
	})
	return cases
}

// placementCases are about where things lie: views as operands and results, Pack regions, results
// written over their operands, and variables that are assigned.
func placementCases() []Case {
	return []Case{{
		Name: "Placement/reshaped_operands", Terms: 12, Record: func(r *Recorder) prog.Buf {
			x := r.Reshape(r.Param(Signed, 3, 4), 2, 6)
			y := r.Reshape(r.Unary(prog.Tanh, r.Param(Signed, 24)), 6, -1)
			return r.Reshape(r.MatMul(x, y, false, false), 8)
		},
	}, {
		Name: "Placement/in_place_chain", Record: func(r *Recorder) prog.Buf {
			h := r.Param(OffZero, 33)
			for _, fn := range []prog.Unary{prog.Square, prog.Sqrt, prog.Neg, prog.Exp, prog.Tanh} {
				h = r.Unary(fn, h)
			}
			return r.Softmax(r.Add(h, h))
		},
	}, {
		// The second operand dies and is overwritten; the first is stretched over it.
		Name: "Placement/in_place_second_operand", Record: func(r *Recorder) prog.Buf {
			x, y := r.In(Signed, 6), r.Unary(prog.Exp, r.In(Signed, 5, 6))
			return r.Sub(x, r.Div(x, y))
		},
	}, {
		Name: "Placement/in_place_operand_twice", Record: func(r *Recorder) prog.Buf {
			y := r.Unary(prog.Exp, r.In(Signed, 9))
			return r.Mul(y, r.Reshape(y, 1, 9))
		},
	}, {
		Name: "Placement/in_place_reshaped", Record: func(r *Recorder) prog.Buf {
			y := r.Unary(prog.Exp, r.In(Signed, 4, 3))
			y = r.Softmax(r.Reshape(y, 3, 4))
			return r.Unary(prog.Sqrt, r.Reshape(y, 2, 6))
		},
	}, {
		Name: "Placement/inputs_are_kept", Steps: 3, Record: func(r *Recorder) prog.Buf {
			return r.Unary(prog.Neg, r.Unary(prog.Exp, r.In(Signed, 17)))
		},
	}, {
		Name: "Placement/pack", Terms: 10, Record: func(r *Recorder) prog.Buf {
			x := r.In(Signed, 3, 5)
			a := r.MatMul(x, r.In(Signed, 5, 7), false, false)
			h := r.Unary(prog.Tanh, r.In(Signed, 3))
			s := r.Reduce(prog.Sum, a, false, 0)
			// In place: a, h, s. Copied: the input x, and h again.
			return r.Pack(h, a, x, s, h)
		},
	}, {
		Name: "Placement/pack_of_packs", Terms: 10, Record: func(r *Recorder) prog.Buf {
			a, b, c := r.Unary(prog.Exp, r.In(Signed, 3)), r.Unary(prog.Neg, r.In(Signed, 2, 2)), r.Unary(prog.Square, r.In(Signed, 5))
			inner := r.Pack(a, b)
			r.Result(r.Unary(prog.Tanh, inner))
			return r.Pack(c, inner, a)
		},
	}, {
		Name: "Placement/pack_read_before_it_is_whole", Terms: 10, Record: func(r *Recorder) prog.Buf {
			a := r.Unary(prog.Exp, r.In(Signed, 6))
			b := r.Unary(prog.Neg, a)
			p := r.Pack(a, b, r.Add(a, b))
			return r.Add(r.Reshape(p, 3, 6), a)
		},
	}, {
		Name: "Placement/gradients_packed_for_an_update", Terms: 60, Vars: []prog.Shape{{3, 4}, {4}, {4, 2}, {2}, {22 + 4}}, Steps: 3,
		Record: func(r *Recorder) prog.Buf {
			var v []prog.Buf
			for i := range 4 {
				v = append(v, r.Variable(i, Signed))
			}
			m := r.Variable(4, Values(0))
			x := r.In(Signed, 5, 3)
			h := r.Unary(prog.Tanh, r.Add(r.MatMul(x, v[0], false, false), v[1]))
			y := r.Add(r.MatMul(h, v[2], false, false), v[3])
			loss := r.Result(r.Reduce(prog.Mean, r.SoftmaxXent(y, r.In(Below(2), 5), true), false))
			g := prog.Grad(r.Builder, loss, v)
			r.Update(prog.UpdateAttr{Rule: prog.RuleMomentum, Momentum: 0.9}, r.StoreRange("params", 0, 26), r.Pack(g...), r.plainStep(0.3, 0.1), m)
			return prog.None
		},
	}, {
		// A moving average: the old value is read, then the new one assigned.
		Name: "Placement/assign", Vars: []prog.Shape{{4}, {2, 2}}, Steps: 4, Record: func(r *Recorder) prog.Buf {
			mean, other := r.Variable(0, Values(0)), r.Variable(1, Signed)
			x := r.Reduce(prog.Mean, r.In(Signed, 6, 4), false, 0)
			r.Assign(mean, r.Add(r.Affine(mean, 0.9, 0), r.Affine(x, 0.1, 0)))
			r.Assign(other, r.Unary(prog.Tanh, other))
			return r.Mul(x, x)
		},
	}, {
		// Two variables change places, and both are read after that was recorded; gradients are of the
		// state as it was.
		Name: "Placement/assign_swap", Vars: []prog.Shape{{2, 2}, {2, 2}, {4}}, Steps: 3, Record: func(r *Recorder) prog.Buf {
			a, c, d := r.Variable(0, Signed), r.Variable(1, Signed), r.Variable(2, Signed)
			h := r.Unary(prog.Tanh, r.MatMul(a, c, false, false))
			r.Assign(a, c)
			r.Assign(c, a)
			r.Assign(d, r.Reshape(h, 4))
			loss := r.Reduce(prog.Sum, r.Mul(r.Add(h, r.Reshape(d, 2, 2)), r.Add(a, c)), false)
			for _, g := range prog.Grad(r.Builder, loss, []prog.Buf{a, c, d}) {
				r.Result(g)
			}
			return prog.None
		},
	}, {
		// What an Update changed is assigned from what it is then, in part.
		Name: "Placement/assign_after_update", Vars: []prog.Shape{{4}, {2, 2}}, Steps: 3, Record: func(r *Recorder) prog.Buf {
			a, c := r.Variable(0, Signed), r.Variable(1, Signed)
			r.Update(prog.UpdateAttr{Rule: prog.RuleSGD}, r.StoreRange("params", 0, 8), r.In(Signed, 8), r.plainStep(0.5, 0.1))
			r.Assign(c, r.UnaryConst(prog.Clip, c, -0.5, 0.5))
			return r.Add(a, a)
		},
	}, {
		Name: "Placement/outputs", Record: func(r *Recorder) prog.Buf {
			x := r.In(Signed, 2, 3)
			h := r.Unary(prog.Exp, x)
			r.Result(h)
			r.Result(r.Reshape(h, 6))
			r.Result(x)
			r.Result(h)
			return r.Unary(prog.Neg, h)
		},
	}, {
		Name: "Placement/dead_code", Record: func(r *Recorder) prog.Buf {
			x := r.In(Signed, 5)
			r.Unary(prog.Exp, x)
			r.In(Signed, 3)
			return r.Unary(prog.Square, x)
		},
	}}
}
