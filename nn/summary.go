package nn

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/tabgrad/tabgrad/nn/prog"
)

// Summary is Keras's table of the model, for a terminal of 80 columns: its layers with their output
// shapes and numbers of parameters, and the totals.
func (m *Model) Summary() string { return m.SummaryWidth(80) }

// SummaryWidth is Summary for a terminal of another width; from 92 columns on the table stays as it is.
func (m *Model) SummaryWidth(columns int) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var rows [][3]string
	layers := m.layers
	if m.isChain {
		layers = m.chain
	}
	for _, i := range layers {
		if _, isInput := i.layer.(InputLayer); isInput && m.isChain {
			continue
		}
		row := [3]string{i.name + " (" + className(i.layer) + ")", "?", "0 (unbuilt)"}
		if i.built && m.built() {
			row[1], row[2] = batchShape(i.applications[0].outs[0]), thousands(i.count())
		}
		rows = append(rows, row)
	}
	trainable, other, optimizer := 0, 0, 0
	for _, v := range m.listed {
		if v.trained() {
			trainable += v.shape.Size()
		} else {
			other += v.shape.Size()
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "Model: %q\n", m.name)
	writeTable(&b, min(88, columns-4), rows)
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
	t := reflect.TypeOf(l)
	if e := byType[t]; e != nil {
		return e.Class
	}
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.Name()
}

// batchShape is a sample's shape as Keras shows a batch's: (None, 26, 26, 32).
func batchShape(s prog.Shape) string {
	b := "(None"
	for _, d := range s {
		b += ", " + strconv.Itoa(d)
	}
	return b + ")"
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

// writeTable draws the rows in a table of a width.
func writeTable(b *strings.Builder, width int, rows [][3]string) {
	width = max(width, 30)
	widths := [3]int{width * 45 / 100, 0, 0} // inside the borders, without the spaces around a cell
	widths[1] = width*80/100 - widths[0]
	widths[2] = width - widths[0] - widths[1]
	rest := width - 1
	for i := range widths {
		widths[i] -= 3 // a border and two spaces
		rest -= widths[i] + 3
	}
	widths[1] += rest // rich takes the border at the right from the middle
	line := func(left, middle, right, fill string) {
		for i, w := range widths {
			b.WriteString([]string{left, middle, middle}[i])
			b.WriteString(strings.Repeat(fill, w+2))
		}
		b.WriteString(right + "\n")
	}
	row := func(cells [3]string, bar string) {
		var wrapped [3][]string
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
				if i == 2 {
					cell, pad = pad+cell, ""
				}
				b.WriteString(bar + " " + cell + pad + " ")
			}
			b.WriteString(bar + "\n")
		}
	}
	line("┏", "┳", "┓", "━")
	row([3]string{"Layer (type)", "Output Shape", "Param #"}, "┃")
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
