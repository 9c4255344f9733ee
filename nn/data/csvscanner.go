package data

import (
	"bufio"
	"io"
	"strings"
)

// A csvScanner cuts a CSV file into lines of fields (RFC 4180): quoted fields may hold separators, line breaks and, doubled,
// quotes; others lose the blanks around them. Lines end with LF, CR LF or CR, and are passed over where they are empty.
type csvScanner struct {
	r     *bufio.Reader
	name  string
	comma byte

	line, began int // the line that is read, counted from 1, and where the fields began that next returned
	fields      []string
	field       []byte
	first       bool
}

func newCSVScanner(r io.Reader, name string, comma byte) *csvScanner {
	return &csvScanner{r: bufio.NewReader(r), name: name, comma: comma, line: 1, first: true}
}

// byte is the next byte, in which every line break is a LF. At the end it is a LF with io.EOF.
func (s *csvScanner) byte() (byte, error) {
	c, err := s.r.ReadByte()
	switch {
	case err == io.EOF:
		return '\n', io.EOF
	case err != nil:
		return 0, err
	case c == '\r':
		if next, err := s.r.ReadByte(); err == nil && next != '\n' {
			if err := s.r.UnreadByte(); err != nil {
				return 0, err
			}
		}
		c = '\n'
	}
	return c, nil
}

// next is the next line's fields, valid until the next call; io.EOF at the end.
func (s *csvScanner) next() ([]string, error) {
	if s.first {
		s.first = false
		if mark, err := s.r.Peek(3); err == nil && string(mark) == "\xef\xbb\xbf" { // a byte order mark
			if _, err := s.r.Discard(3); err != nil {
				return nil, err
			}
		}
	}
	for {
		s.fields, s.began = s.fields[:0], s.line
		for {
			field, quoted, end, err := s.read()
			if err != nil && err != io.EOF {
				return nil, err
			}
			atEnd := err == io.EOF
			if end && len(s.fields) == 0 && !quoted && field == "" { // an empty line
				if atEnd {
					return nil, io.EOF
				}
				break
			}
			s.fields = append(s.fields, field)
			if end {
				return s.fields, nil
			}
		}
	}
}

// read reads a field and what ends it. err is io.EOF where that is the file's end.
func (s *csvScanner) read() (field string, quoted, end bool, err error) {
	s.field = s.field[:0]
	c, err := s.byte()
	for err == nil && (c == ' ' || c == '\t') && c != s.comma {
		c, err = s.byte()
	}
	if c == '"' && err == nil {
		if err := s.quoted(); err != nil {
			return "", true, false, err
		}
		c, err = s.byte()
		for err == nil && (c == ' ' || c == '\t') && c != s.comma {
			c, err = s.byte()
		}
		if (err == nil || err == io.EOF) && c != s.comma && c != '\n' {
			return "", true, false, s.fail(string(rune(c)) + " behind the closing quote, wanted the separator or the line's end")
		}
		field, quoted = string(s.field), true
	} else {
		for err == nil && c != s.comma && c != '\n' {
			if c == '"' {
				return "", false, false, s.fail("a quote in a field that doesn't begin with one")
			}
			s.field = append(s.field, c)
			c, err = s.byte()
		}
		field = strings.TrimRight(string(s.field), " \t")
	}
	if c == '\n' {
		s.line++
		end = true
	}
	return field, quoted, end, err
}

// quoted reads a field from behind its quote to the one that closes it.
func (s *csvScanner) quoted() error {
	began := s.line
	for {
		c, err := s.r.ReadByte()
		if err == io.EOF {
			s.line = began
			return s.fail("a quote that is never closed")
		}
		if err != nil {
			return err
		}
		if c == '"' {
			next, err := s.r.ReadByte()
			if err == io.EOF {
				return nil
			}
			if err != nil {
				return err
			}
			if next != '"' {
				return s.r.UnreadByte()
			}
		}
		if c == '\n' {
			s.line++
		}
		s.field = append(s.field, c)
	}
}

func (s *csvScanner) fail(what string) error {
	return fail(ErrFormat, s.name, ": line ", itoa(s.line), ", field ", itoa(len(s.fields)+1), ": ", what)
}
