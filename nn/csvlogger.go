package nn

import (
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
)

// CSVLogger writes each epoch's figures as a line of a CSV file, as Python's csv module does
// (keras/src/callbacks/csv_logger.py).
type CSVLogger struct {
	Filename  string `arg:"filename" first:"yes" ts:"LogTarget" doc:"Where to."`
	Separator string `arg:"separator" default:"," doc:"What stands between two fields."`
	Append    bool   `arg:"append" doc:"Whether what is there already stays."`
	// W, where it is there, is written to in Filename's place. With Append no line of names is written. One that
	// has the methods of a [Truncater] loses the lines that a Fit which goes on from a backup writes again.
	W io.Writer
}

// A Truncater is what can be cut off, as an os.File can.
type Truncater interface {
	Seek(offset int64, whence int) (int64, error)
	Truncate(size int64) error
}

func (c CSVLogger) begin(r *run) (*LambdaCallback, error) {
	if c.Filename == "" && c.W == nil {
		return nil, fail(ErrConfig, "csv_logger: filename is missing")
	}
	if len(c.Separator) != 1 || strings.ContainsAny(c.Separator, "\"\r\n") {
		return nil, fail(ErrConfig, "csv_logger: separator is %q, wanted one character that is no quote and no line break", c.Separator)
	}
	w, header := c.W, !c.Append
	var keys []string // nil before the first epoch
	end := int64(-1)  // of what was written before a backup; -1 where that isn't known
	var file *os.File
	write := func(fields []string) error {
		for i, f := range fields {
			if strings.ContainsAny(f, c.Separator+"\"\r\n") {
				fields[i] = `"` + strings.ReplaceAll(f, `"`, `""`) + `"`
			}
		}
		_, err := io.WriteString(w, strings.Join(fields, c.Separator)+"\r\n")
		return err
	}
	return &LambdaCallback{
		State: func() string {
			at := int64(-1)
			if t, ok := w.(Truncater); ok {
				at, _ = t.Seek(0, io.SeekEnd) // -1 where it cannot: then nothing is cut off
			}
			return strings.Join(append([]string{strconv.FormatInt(at, 10)}, keys...), "\n")
		},
		SetState: func(state string) (err error) {
			lines := strings.Split(state, "\n")
			if end, err = strconv.ParseInt(lines[0], 10, 64); err != nil {
				return fail(ErrConfig, "csv_logger: the backup has %q, wanted a size and names", state)
			}
			if len(lines) > 1 {
				keys = lines[1:]
			}
			header = header && keys == nil
			return nil
		},
		OnTrainBegin: func(*Progress) (err error) {
			if w == nil {
				flag := os.O_APPEND
				if !c.Append && end < 0 {
					flag = os.O_TRUNC
				}
				if file, err = os.OpenFile(c.Filename, os.O_CREATE|os.O_WRONLY|flag, 0o666); err != nil {
					return err
				}
				w = file
			}
			if t, ok := w.(Truncater); ok && end >= 0 {
				if err := t.Truncate(end); err != nil {
					return err
				}
				header = end == 0
			}
			if file != nil {
				size, err := file.Seek(0, io.SeekEnd)
				header = size == 0
				return err
			}
			return nil
		},
		OnEpochEnd: func(p *Progress) error {
			if keys == nil {
				keys = []string{}
				for _, l := range p.Logs {
					keys = append(keys, l.Name)
				}
				slices.Sort(keys)
				if !slices.ContainsFunc(keys, func(k string) bool { return strings.HasPrefix(k, "val_") }) {
					for _, k := range keys[:len(keys):len(keys)] { // there may be a validation in later epochs
						keys = append(keys, "val_"+k)
					}
				}
			}
			if header {
				header = false
				if err := write(append([]string{"epoch"}, keys...)); err != nil {
					return err
				}
			}
			row := []string{itoa(p.Epoch)}
			for _, k := range keys {
				field := "NA"
				for _, l := range p.Logs {
					if l.Name == k {
						field = csvFigure(l)
					}
				}
				row = append(row, field)
			}
			return write(row)
		},
		close: func() error {
			if file == nil {
				return nil
			}
			return file.Close()
		},
	}, nil
}

// csvFigure is a figure as Keras writes it: of several a list in quotes.
func csvFigure(l Log) string {
	if l.Values == nil {
		return pythonFloat(l.Value)
	}
	texts := make([]string, len(l.Values))
	for i, v := range l.Values {
		texts[i] = pythonFloat(v)
	}
	return `"[` + strings.Join(texts, ", ") + `]"`
}
