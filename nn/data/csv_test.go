package data_test

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/tabgrad/tabgrad/nn/data"
)

// csvCases are what bindings/npm's reader is held to as well.
type csvCase struct {
	Name, Text string
	Options    struct {
		Columns []struct {
			Name, Missing                   string
			Target, Category, OneHot, Other bool
			Vocabulary                      []string
		}
		Targets, Names, Missing []string
		Comma                   string
	}
	Features, Targets []string
	Vocabularies      map[string][]string
	X, Y              [][]float32
	Error             string
}

// text opens a text, a byte at a time.
func text(s string) func() (io.ReadCloser, error) {
	return func() (io.ReadCloser, error) { return io.NopCloser(iotest.OneByteReader(strings.NewReader(s))), nil }
}

func (c *csvCase) open() (*data.CSV, error) {
	o := data.CSVOptions{Name: "test", Targets: c.Options.Targets, Names: c.Options.Names, Missing: c.Options.Missing}
	if c.Options.Comma != "" {
		o.Comma = c.Options.Comma[0]
	}
	for _, column := range c.Options.Columns {
		o.Columns = append(o.Columns, data.CSVColumn{
			Name: column.Name, Target: column.Target, Category: column.Category, OneHot: column.OneHot, Vocabulary: column.Vocabulary, Other: column.Other, Missing: column.Missing,
		})
	}
	return data.NewCSV(text(c.Text), o)
}

func TestCSV(t *testing.T) {
	raw, err := os.ReadFile("testdata/csv.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []csvCase
	if err := json.Unmarshal(raw, &cases); err != nil {
		t.Fatal(err)
	}
	if len(cases) < 40 {
		t.Fatalf("%d cases", len(cases))
	}
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			file, err := c.open()
			var x, y [][]float32
			for epoch := 0; err == nil && epoch < 2; epoch++ { // each epoch from the beginning
				x, y = nil, nil
				for s, e := range file.Stream().All(epoch) {
					if err = e; e != nil {
						break
					}
					x = append(x, s.X[0])
					if s.Y != nil {
						y = append(y, s.Y[0])
					}
				}
			}
			if c.Error != "" {
				if !errors.Is(err, data.ErrFormat) || err.Error() != c.Error {
					t.Errorf("got %v, wanted %s", err, c.Error)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(file.Features(), c.Features) || !slices.Equal(file.Targets(), c.Targets) {
				t.Errorf("features %q and targets %q, wanted %q and %q", file.Features(), file.Targets(), c.Features, c.Targets)
			}
			for _, column := range file.Columns {
				if want, ok := c.Vocabularies[column.Name]; ok && !slices.Equal(column.Vocabulary, want) {
					t.Errorf("the vocabulary of %s is %q, wanted %q", column.Name, column.Vocabulary, want)
				}
			}
			equal := func(a, b []float32) bool { return slices.Equal(a, b) }
			if !slices.EqualFunc(x, c.X, equal) || !slices.EqualFunc(y, c.Y, equal) {
				t.Errorf("got %v and %v, wanted %v and %v", x, y, c.X, c.Y)
			}
		})
	}
}

// A file that cannot be opened or read says so.
func TestCSVOfABrokenFile(t *testing.T) {
	if _, err := data.NewCSV(data.CSVFile(filepath.Join(t.TempDir(), "none.csv")), data.CSVOptions{}); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
	broken := errors.New("broken")
	open := func() (io.ReadCloser, error) {
		return io.NopCloser(io.MultiReader(strings.NewReader("a,b\n1,2\n3,"), iotest.ErrReader(broken))), nil
	}
	if _, err := data.NewCSV(open, data.CSVOptions{}); !errors.Is(err, broken) {
		t.Error(err)
	}
	file, err := data.NewCSV(open, data.CSVOptions{Columns: []data.CSVColumn{{Name: "a"}}})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, err = range file.Stream().All(0) {
		n++
	}
	if n != 2 || !errors.Is(err, broken) {
		t.Errorf("%d lines, then %v", n, err)
	}
}

// Rows of errors count samples, not lines.
func TestCSVErrorRow(t *testing.T) {
	file, err := data.NewCSV(text("a\n1\n\n2\nx\n"), data.CSVOptions{Columns: []data.CSVColumn{{Name: "a"}}})
	if err != nil {
		t.Fatal(err)
	}
	var last *data.Error
	for _, err := range file.Stream().All(0) {
		errors.As(err, &last)
	}
	if last == nil || last.Row != 2 || last.Error() != `csv: line 5, column a: is "x", wanted a number` {
		t.Errorf("got %v", last)
	}
}

func FuzzCSV(f *testing.F) {
	f.Add("a,b\n1,2\n", byte(','))
	f.Add("\xef\xbb\xbf\"a\n\"\"b\";c\r\n1;\"x\"\r;\n", byte(';'))
	f.Fuzz(func(t *testing.T, s string, comma byte) {
		file, err := data.NewCSV(text(s), data.CSVOptions{Comma: comma, Missing: []string{"?"}})
		if err != nil {
			if !errors.Is(err, data.ErrFormat) {
				t.Error(err)
			}
			return
		}
		for sample, err := range file.Stream().All(0) {
			if err != nil {
				if !errors.Is(err, data.ErrFormat) {
					t.Error(err)
				}
				continue
			}
			if len(sample.X[0]) != len(file.Features()) {
				t.Errorf("%d numbers for %q", len(sample.X[0]), file.Features())
			}
			for _, v := range sample.X[0] {
				if v-v != 0 {
					t.Errorf("a number is %v", v)
				}
			}
		}
	})
}
