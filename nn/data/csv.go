package data

import (
	"io"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
)

// CSVOptions say how the lines of a CSV file become samples. The zero value takes all columns, of a file whose first line
// names them: one is of numbers where all of its fields are, else of categories.
type CSVOptions struct {
	Name    string      // begins the messages; "" is "csv"
	Columns []CSVColumn // those that are used, in this order; nil: all
	Targets []string    // columns that are targets and no inputs, beside those that say so themselves
	Names   []string    // of the columns, where the first line doesn't name them
	Comma   byte        // what stands between two fields; 0: a comma
	Missing []string    // fields that say nothing, beside the empty one: "NA", "?"
}

// A CSVColumn is one column of a CSV file.
type CSVColumn struct {
	Name   string
	Target bool
	// Category says that its fields are names of things and not numbers. Such a field becomes its place in the
	// Vocabulary, or with OneHot as many numbers as that has, of which one is 1.
	Category, OneHot bool
	// Vocabulary are a category's names; nil: those of the file, sorted. With Other all names that are not in it count as
	// one more, behind it; else they are an error.
	Vocabulary []string
	Other      bool
	// Missing stands in for fields that say nothing; where it is empty these are an error.
	Missing string
}

// A CSV is a CSV file whose lines are samples of one input, a vector of all columns that are no targets, and one target, a
// vector of the others.
type CSV struct {
	// Columns are those that are used, with all that was found out about them.
	Columns []CSVColumn

	open    func() (io.ReadCloser, error)
	options CSVOptions
	header  []string
	at      []int            // where each of Columns is in a line
	places  []map[string]int // of each of Columns the places in its vocabulary; nil of numbers
	x, y    int              // how many numbers a sample has
}

// CSVFile opens the file at path, for NewCSV.
func CSVFile(path string) func() (io.ReadCloser, error) {
	return func() (io.ReadCloser, error) { return os.Open(path) }
}

// NewCSV looks at a CSV file: its header, and where types or vocabularies are not given, all of it. open opens it at its
// beginning, each time it is read. Errors wrap ErrFormat, or are open's.
func NewCSV(open func() (io.ReadCloser, error), o CSVOptions) (*CSV, error) {
	if o.Name == "" {
		o.Name = "csv"
	}
	if o.Comma == 0 {
		o.Comma = ','
	}
	if o.Comma == '"' || o.Comma == '\r' || o.Comma == '\n' {
		return nil, fail(ErrFormat, o.Name, ": the separator is ", strconv.QuoteRune(rune(o.Comma)), ", wanted one that is no quote and no line break")
	}
	c := &CSV{open: open, options: o, Columns: slices.Clone(o.Columns)}
	r, s, err := c.begin()
	if err != nil {
		return nil, err
	}
	if err := c.resolve(s); err != nil {
		r.Close()
		return nil, err
	}
	if err := r.Close(); err != nil {
		return nil, err
	}
	for _, column := range c.Columns {
		width := 1
		var places map[string]int
		if column.Category {
			places = make(map[string]int, len(column.Vocabulary))
			for i, name := range column.Vocabulary {
				if _, twice := places[name]; twice {
					return nil, fail(ErrFormat, o.Name, ": column ", column.Name, ": the vocabulary has ", strconv.Quote(name), " twice")
				}
				places[name] = i
			}
			if column.OneHot {
				width = len(column.Vocabulary)
				if column.Other {
					width++
				}
			}
		}
		c.places = append(c.places, places)
		if column.Target {
			c.y += width
		} else {
			c.x += width
		}
	}
	if c.x == 0 {
		return nil, fail(ErrFormat, o.Name, ": all columns are targets, wanted an input")
	}
	return c, nil
}

// begin opens the file and reads its header.
func (c *CSV) begin() (io.ReadCloser, *csvScanner, error) {
	r, err := c.open()
	if err != nil {
		return nil, nil, err
	}
	s := newCSVScanner(r, c.options.Name, c.options.Comma)
	if c.header = c.options.Names; c.header == nil {
		header, err := s.next()
		if err == io.EOF {
			err = fail(ErrFormat, c.options.Name, ": is empty, wanted a line with the names of the columns")
		}
		if err != nil {
			r.Close()
			return nil, nil, err
		}
		c.header = slices.Clone(header)
	}
	return r, s, nil
}

// resolve finds the columns, and reads the lines where something about them is not given.
func (c *CSV) resolve(s *csvScanner) error {
	name := c.options.Name
	for i, h := range c.header {
		if slices.Contains(c.header[:i], h) {
			return fail(ErrFormat, name, ": two columns are called ", strconv.Quote(h))
		}
	}
	guess := c.Columns == nil
	if guess {
		for _, h := range c.header {
			c.Columns = append(c.Columns, CSVColumn{Name: h})
		}
	}
	for _, target := range c.options.Targets {
		i := slices.IndexFunc(c.Columns, func(column CSVColumn) bool { return column.Name == target })
		if i < 0 {
			return fail(ErrFormat, name, ": the target is ", strconv.Quote(target), ", wanted one of the columns ", strings.Join(c.header, ", "))
		}
		c.Columns[i].Target = true
	}
	whole := guess
	for _, column := range c.Columns {
		at := slices.Index(c.header, column.Name)
		if at < 0 {
			return fail(ErrFormat, name, ": there is no column ", strconv.Quote(column.Name), ", wanted one of ", strings.Join(c.header, ", "))
		}
		c.at = append(c.at, at)
		whole = whole || column.Category && column.Vocabulary == nil
	}
	if !whole {
		return nil
	}
	seen := make([]map[string]bool, len(c.Columns))
	numbers := make([]bool, len(c.Columns)) // all fields so far
	for i, column := range c.Columns {
		seen[i], numbers[i] = map[string]bool{}, guess && !column.Category
	}
	for {
		fields, err := c.line(s)
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		for i := range c.Columns {
			if text := c.text(i, fields); text != "" {
				seen[i][text] = true
				_, isNumber := csvNumber(text)
				numbers[i] = numbers[i] && isNumber
			}
		}
	}
	for i := range c.Columns {
		column := &c.Columns[i]
		if guess {
			column.Category = !numbers[i]
		}
		if column.Category && column.Vocabulary == nil {
			for text := range seen[i] {
				column.Vocabulary = append(column.Vocabulary, text)
			}
			slices.Sort(column.Vocabulary)
		}
	}
	return nil
}

// line is the next line's fields, as many as there are columns.
func (c *CSV) line(s *csvScanner) ([]string, error) {
	fields, err := s.next()
	if err == nil && len(fields) != len(c.header) {
		return nil, fail(ErrFormat, c.options.Name, ": line ", itoa(s.began), " has ", itoa(len(fields)), " fields, wanted ", itoa(len(c.header)))
	}
	return fields, err
}

// text is what a column's field says, "" where that is nothing.
func (c *CSV) text(i int, fields []string) string {
	text := fields[c.at[i]]
	if text == "" || slices.Contains(c.options.Missing, text) {
		return c.Columns[i].Missing
	}
	return text
}

// Features are the names of the numbers in an input: the column's, and of a one-hot one "column=name".
func (c *CSV) Features() []string { return c.names(false) }

// Targets are the names of the numbers in a target.
func (c *CSV) Targets() []string { return c.names(true) }

func (c *CSV) names(targets bool) []string {
	var names []string
	for _, column := range c.Columns {
		switch {
		case column.Target != targets:
		case !column.Category || !column.OneHot:
			names = append(names, column.Name)
		default:
			for _, name := range column.Vocabulary {
				names = append(names, column.Name+"="+name)
			}
			if column.Other {
				names = append(names, column.Name+"=other")
			}
		}
	}
	return names
}

// Stream is the lines, from the file's beginning each epoch. Its samples have one input, and one target unless no column is
// one. Errors name the line and the column, and wrap ErrFormat.
func (c *CSV) Stream() *Stream {
	x, y := [][]int{{c.x}}, [][]int(nil)
	if c.y > 0 {
		y = [][]int{{c.y}}
	}
	return NewStream(x, y, func(int) (Reader, error) {
		r, s, err := c.begin()
		if err != nil {
			return nil, err
		}
		return &csvReader{c, r, s, 0}, nil
	})
}

type csvReader struct {
	of   *CSV
	file io.Closer
	s    *csvScanner
	row  int
}

func (r *csvReader) Close() error { return r.file.Close() }

func (r *csvReader) Read() (Sample, error) {
	c := r.of
	fields, err := c.line(r.s)
	if err != nil {
		return Sample{}, err
	}
	x, y := make([]float32, 0, c.x), make([]float32, 0, c.y)
	for i := range c.Columns {
		to := &x
		if c.Columns[i].Target {
			to = &y
		}
		if *to, err = r.append(*to, i, fields); err != nil {
			return Sample{}, err
		}
	}
	r.row++
	s := Sample{X: [][]float32{x}, Weight: 1}
	if c.y > 0 {
		s.Y = [][]float32{y}
	}
	return s, nil
}

// append appends the numbers of a column's field.
func (r *csvReader) append(to []float32, i int, fields []string) ([]float32, error) {
	c, column := r.of, &r.of.Columns[i]
	text := c.text(i, fields)
	wrong := func(wanted string) error {
		got := "is empty"
		if field := fields[c.at[i]]; field != "" {
			got = "is " + strconv.Quote(field)
		}
		return failRow(ErrFormat, r.row, c.options.Name, ": line ", itoa(r.s.began), ", column ", column.Name, ": ", got, ", wanted ", wanted)
	}
	if !column.Category {
		v, ok := csvNumber(text)
		if !ok {
			return nil, wrong("a number")
		}
		return append(to, v), nil
	}
	place, ok := c.places[i][text]
	if !ok {
		if text == "" || !column.Other {
			return nil, wrong("one of " + listed(column.Vocabulary))
		}
		place = len(column.Vocabulary)
	}
	if !column.OneHot {
		return append(to, float32(place)), nil
	}
	width := len(column.Vocabulary)
	if column.Other {
		width++
	}
	to = append(to, make([]float32, width)...)
	to[len(to)-width+place] = 1
	return to, nil
}

// listed are the first few of names, for messages.
func listed(names []string) string {
	const most = 8
	if len(names) > most {
		return strings.Join(names[:most], ", ") + " and " + itoa(len(names)-most) + " more"
	}
	return strings.Join(names, ", ")
}

// csvNumber is a decimal number, with or without an exponent, rounded to float64 and then to float32, as JavaScript does it.
func csvNumber(text string) (float32, bool) {
	digits := 0
	for i := range len(text) {
		switch c := text[i]; {
		case c >= '0' && c <= '9':
			digits++
		case c == '+' || c == '-' || c == '.' || (c == 'e' || c == 'E') && digits > 0:
		default: // what ParseFloat takes beyond: inf, hexadecimals, underscores
			return 0, false
		}
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || digits == 0 || math.Abs(float64(float32(v))) > math.MaxFloat32 {
		return 0, false
	}
	return float32(v), true
}
