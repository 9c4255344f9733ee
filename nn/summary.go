package nn

import (
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/tabgrad/tabgrad/nn/prog"
)

// Summary is Keras's table of the model, for a terminal of 80 columns: its layers with their output
// shapes, numbers of parameters and, where they are not in a line, what they are connected to; and the totals.
func (m *Model) Summary() string { return m.SummaryWidth(80) }

// SummaryWidth is Summary for a terminal of another width; from 92 columns on, of a graph from 112, the table stays
// as it is.
func (m *Model) SummaryWidth(columns int) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	columns -= 4
	style := chainTable
	if !m.isChain && !m.isLine() {
		style = graphTable
	}
	var rows [][]string
	layers := m.layers
	if m.isChain {
		layers = m.chain
	}
	nodes := m.nodes()
	for _, i := range layers {
		if _, isInput := i.layer.(InputLayer); isInput && m.isChain {
			continue
		}
		row := []string{i.name + " (" + className(i.layer) + ")", "?", "0 (unbuilt)"}
		if own := nodes.of[i]; len(own) > 0 {
			row[1], row[2] = batchShapes(own[len(own)-1].outs), thousands(i.count())
		}
		if len(style.header) > len(row) {
			row = append(row, nodes.connections(i))
		}
		rows = append(rows, row)
	}
	trainable, other, optimizer := 0, 0, 0
	for _, v := range m.listed {
		if m.trains(v) {
			trainable += v.shape.Size()
		} else {
			other += v.shape.Size()
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "Model: %q\n", m.name)
	style.write(&b, columns, rows)
	if m.updates > 0 { // Keras's optimizers make their slots at the first step, and count two scalars more
		optimizer = 2
		if m.schedule() != nil { // which takes the place of one
			optimizer = 1
		}
		for _, slot := range SlotsOf(m.train.Optimizer, weightsOf(m.vars)) {
			optimizer += prog.Shape(slot.Shape).Size()
		}
	}
	fmt.Fprintf(&b, " Total params: %s\n", countAndSize(trainable+other+optimizer))
	fmt.Fprintf(&b, " Trainable params: %s\n", countAndSize(trainable))
	fmt.Fprintf(&b, " Non-trainable params: %s\n", countAndSize(other))
	if optimizer > 0 {
		fmt.Fprintf(&b, " Optimizer params: %s\n", countAndSize(optimizer))
	}
	return b.String()
}

func className(l Layer) string {
	if m, ok := l.(*Model); ok {
		if m.isChain {
			return "Sequential"
		}
		return "Functional"
	}
	t := reflect.TypeOf(l)
	if e := byType[t]; e != nil {
		return e.Class
	}
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.Name()
}

// isLine is whether each layer is applied once, to what the one before it made: Keras then prints the graph as it
// does a Sequential.
func (m *Model) isLine() bool {
	seen := map[*Instance]bool{}
	for k, a := range m.order {
		if seen[a.of] || k > 0 && (len(a.in) != 1 || a.in[0].from != m.order[k-1]) {
			return false
		}
		seen[a.of] = true
	}
	return true
}

// connections is what a layer is applied to: add[0][0], dense[1][0].
func (n *nodes) connections(i *Instance) string {
	text := ""
	for _, a := range n.of[i] {
		for _, x := range a.in {
			if text != "" {
				text += ", "
			}
			text += fmt.Sprintf("%s[%d][%d]", x.from.of.name, n.index[x.from], x.index)
		}
	}
	if text == "" {
		return "-"
	}
	return text
}

// batchShapes are the shapes of samples as Keras shows batches': (None, 26, 26, 32), and several as a list.
func batchShapes(shapes []prog.Shape) string {
	var list []string
	for _, s := range shapes {
		b := "(None"
		for _, d := range s {
			b += ", " + strconv.Itoa(d)
		}
		list = append(list, b+")")
	}
	if len(list) == 1 {
		return list[0]
	}
	return "[" + strings.Join(list, ", ") + "]"
}

// thousands is n with commas: 1,199,882.
func thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// countAndSize is a number of parameters and the memory that they take as float32: 320 (1.25 KB).
func countAndSize(n int) string {
	size, unit := 4*float64(n), 0
	units := []string{"B", "KB", "MB", "GB", "TB"}
	for size >= 1024 && unit < len(units)-1 {
		size, unit = size/1024, unit+1
	}
	return fmt.Sprintf("%s (%.2f %s)", thousands(n), size, units[unit])
}

// A table is Keras's style of a summary (keras/src/utils/summary_utils.py).
type table struct {
	header []string
	ends   []int // where the columns end, in percent
	width  int   // at most
}

var (
	chainTable = table{[]string{"Layer (type)", "Output Shape", "Param #"}, []int{45, 80, 100}, 88}
	graphTable = table{[]string{"Layer (type)", "Output Shape", "Param #", "Connected to"}, []int{30, 56, 74, 100}, 108}
)

// right is the column that is set to the right, the number of parameters.
const right = 2

// write draws the rows in a table of a width.
func (t table) write(b *strings.Builder, width int, rows [][]string) {
	width = max(min(width, t.width), 30)
	n := len(t.ends)
	widths := make([]int, n) // of what is in the cells, without the spaces around it
	at, excess := 0, 3*n+1
	for i, end := range t.ends {
		// Keras forgets the borders and the spaces, and rich takes them off evenly, a half rounded to even.
		off := int(math.RoundToEven(float64(excess) / float64(n-i)))
		widths[i] = width*end/100 - at - off
		at, excess = width*end/100, excess-off
	}
	line := func(left, middle, end, fill string) {
		for i, w := range widths {
			if i > 0 {
				left = middle
			}
			b.WriteString(left + strings.Repeat(fill, w+2))
		}
		b.WriteString(end + "\n")
	}
	row := func(cells []string, bar string) {
		wrapped := make([][]string, n)
		height := 1
		for i, c := range cells {
			wrapped[i] = wrap(c, widths[i])
			height = max(height, len(wrapped[i]))
		}
		for k := range height {
			for i, w := range widths {
				cell := ""
				if k < len(wrapped[i]) {
					cell = wrapped[i][k]
				}
				pad := strings.Repeat(" ", w-utf8.RuneCountInString(cell))
				if i == right {
					cell, pad = pad+cell, ""
				}
				b.WriteString(bar + " " + cell + pad + " ")
			}
			b.WriteString(bar + "\n")
		}
	}
	line("┏", "┳", "┓", "━")
	row(t.header, "┃")
	line("┡", "╇", "┩", "━")
	for i, r := range rows {
		if i > 0 {
			line("├", "┼", "┤", "─")
		}
		row(r, "│")
	}
	line("└", "┴", "┘", "─")
}

// wrap cuts text at spaces into lines of a width; a word that is longer ends in an ellipsis.
func wrap(text string, width int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Split(text, " ") {
		if line != "" && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) <= width {
			line += " " + word
			continue
		}
		if line != "" {
			lines = append(lines, line)
		}
		if r := []rune(word); len(r) > width {
			word = string(r[:width-1]) + "…"
		}
		line = word
	}
	return append(lines, line)
}
