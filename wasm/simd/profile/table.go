package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"

	"github.com/tabgrad/tabgrad/nn/prog"
	"github.com/tabgrad/tabgrad/wasm/simd"
)

// A line of the table.
type line struct {
	op      string
	shape   string // of the result
	ms      float64
	flops   float64 // 0 where it is no product or convolution, and
	traffic float64 // the bytes of its operands and results counts
}

// describe gives each op its line, in the program's order.
func describe(p *prog.Program, list *simd.Listing, ms []float64) []line {
	var lines []line
	for i, op := range list.Ops {
		lines = append(lines, line{name(op.Op), fmt.Sprint(p.Shape(op.Op.Out[0])), ms[i], flops(p, op.Op), traffic(p, op.Op)})
	}
	return lines
}

// sumByCode joins the lines of the same op, the longest first; its shape says how many they were.
func sumByCode(lines []line) []line {
	var sums []line
	counts := map[string]int{}
	for _, l := range lines {
		counts[l.op]++
		i := slices.IndexFunc(sums, func(s line) bool { return s.op == l.op })
		if i < 0 {
			sums = append(sums, l)
			continue
		}
		sums[i].ms += l.ms
		sums[i].flops += l.flops
		sums[i].traffic += l.traffic
	}
	for i := range sums {
		sums[i].shape = fmt.Sprintf("%d times", counts[sums[i].op])
	}
	slices.SortStableFunc(sums, func(a, b line) int { return cmp.Compare(b.ms, a.ms) })
	return sums
}

// write prints the lines and what share of their sum each has.
func write(w io.Writer, lines []line) error {
	sum := 0.0
	for _, l := range lines {
		sum += l.ms
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "op\tshape\tms\tGFLOP/s\tGB/s\tshare")
	for _, l := range lines {
		gflops, gbytes := "", ""
		switch {
		case l.ms == 0: // too short for the browser's clock
		case l.flops > 0:
			gflops = fmt.Sprintf("%.1f", l.flops/l.ms/1e6)
		default:
			gbytes = fmt.Sprintf("%.1f", l.traffic/l.ms/1e6)
		}
		fmt.Fprintf(table, "%s\t%s\t%.3f\t%s\t%s\t%.1f%%\n", l.op, l.shape, l.ms, gflops, gbytes, 100*l.ms/sum)
	}
	return table.Flush()
}

// name is an op's code with its function, rule or transposes.
func name(op prog.Op) string {
	switch a := op.Attr.(type) {
	case prog.UnaryAttr:
		return op.Code.String() + " " + a.Fn.String()
	case prog.BinaryAttr:
		return op.Code.String() + " " + a.Fn.String()
	case prog.ReduceAttr:
		return op.Code.String() + " " + a.Fn.String()
	case prog.MatMulAttr:
		return op.Code.String() + map[bool]string{true: " a^T"}[a.TransA] + map[bool]string{true: " b^T"}[a.TransB]
	case prog.UpdateAttr:
		return op.Code.String() + " " + a.Rule.String()
	}
	return op.Code.String()
}

// flops is the multiplications and additions of a product or convolution, 0 for other ops.
func flops(p *prog.Program, op prog.Op) float64 {
	size := func(b prog.Buf) float64 { return float64(p.Shape(b).Size()) }
	switch op.Code {
	case prog.MatMul:
		k := p.Shape(op.In[0]).Last()
		if a := op.Attr.(prog.MatMulAttr); a.TransA {
			k = p.Shape(op.In[0])[len(p.Shape(op.In[0]))-2]
		}
		return 2 * size(op.Out[0]) * float64(k)
	case prog.Conv2D:
		w := p.Shape(op.In[1])
		return 2 * size(op.Out[0]) * float64(w[0]*w[1]*w[2])
	case prog.Conv2DInputGrad:
		w := p.Shape(op.In[1])
		return 2 * size(op.In[0]) * float64(w[0]*w[1]*w[2])
	case prog.Conv2DKernelGrad:
		w := p.Shape(op.Out[0])
		return 2 * size(op.In[1]) * float64(w[0]*w[1]*w[2])
	}
	return 0
}

// traffic is the bytes of an op's operands and results.
func traffic(p *prog.Program, op prog.Op) float64 {
	bytes := 0
	for _, list := range [][]prog.Buf{op.In, op.Out} {
		for _, b := range list {
			bytes += 4 * p.Shape(b).Size()
		}
	}
	return float64(bytes)
}
