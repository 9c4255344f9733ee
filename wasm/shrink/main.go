// Command shrink rewrites a WebAssembly program of Go's (GOOS=js GOARCH=wasm) so that less of it has to be downloaded:
//
//	go run ./wasm/shrink [-pack] [-unused] [-names names.txt] [-blank texts.json] program.wasm
//
// It does two things, more with its options, and none changes what the program computes.
//
// Go's linker leaves out of the data every run of 8 zeros and more, and begins a new data segment after it. That is small
// until it is compressed: the engine had 78,000 segments, whose offsets and lengths were a fifth of what brotli made of its
// data, and V8 refuses a module with more than 100,000. Here zeros stay unless there are many, which leaves a handful.
//
// The tables by which the runtime finds a frame's file, line and arguments for a trace are emptied, with the runtime's
// own value for "there is none". A panic still says what is wrong and names each function, with ?:0 for its line. What the
// garbage collector and the stack's growth need is copied as it is.
//
// With -unused, the functions of Go's runtime that only run with GODEBUG, a profile or a trace are emptied, and those that only
// they call; unused.go has the list. The program must not be given GODEBUG then.
//
// With -names, functions get their WebAssembly numbers for names, f.1234 and runtime.1234, and the names go into a file that
// nobody has to download: the name of function 1234 is its line 1234. In a trace of Go's, and in the browser's own, which
// writes wasm-function[1234], this puts names for numbers:
//
//	perl -pe 'BEGIN { open F, "names.txt"; @f = <F>; chomp @f } s/(?:\b(?:f|runtime)\.(?:\(\*\d+\)\.)?|wasm-function\[)(\d+)\]?/$f[$1 - 1]/g'
//
// The message of a value's method that was called on a nil pointer has numbers as well. Functions that the compiler has
// inlined are not in traces.
//
// With -blank, texts that only other programs read of the same source become zeros.
//
// With -pack the program is put into another module, which makes it when its function unpack is called: see pack.go. That is
// not for hosts that forbid compiling at run time.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
)

// options are what shrink does besides.
type options struct {
	unused, numbered bool
	blank            []string
}

func main() {
	var o options
	packed := flag.Bool("pack", false, "put the program into a module that unpacks it")
	flag.BoolVar(&o.unused, "unused", false, "empty functions that only run with GODEBUG, profiles or traces")
	names := flag.String("names", "", "write the functions' names to this file, and leave numbers in the program")
	texts := flag.String("blank", "", "a JSON file of texts that the program has but does not read")
	flag.Parse()
	if flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "usage: shrink [-pack] [-unused] [-names names.txt] [-blank texts.json] program.wasm")
		os.Exit(2)
	}
	if err := readTexts(*texts, &o.blank); err != nil {
		fmt.Fprintf(os.Stderr, "shrink: %v\n", err)
		os.Exit(1)
	}
	if err := rewrite(flag.Arg(0), o, *packed, *names); err != nil {
		fmt.Fprintf(os.Stderr, "shrink: %s: %v\n", flag.Arg(0), err)
		os.Exit(1)
	}
}

func readTexts(name string, texts *[]string) error {
	if name == "" {
		return nil
	}
	b, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, texts); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

func rewrite(name string, o options, packed bool, namesFile string) error {
	before, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	o.numbered = namesFile != ""
	after, names, err := shrink(before, o)
	if errors.Is(err, errTable) {
		// Another version of Go: the program is good, only larger.
		fmt.Fprintf(os.Stderr, "shrink: %s keeps the tables of its traces: %v\n", name, err)
	} else if err != nil {
		return err
	}
	if packed {
		if after, err = pack(after); err != nil {
			return err
		}
	}
	if len(names) > 0 {
		if err := os.WriteFile(namesFile, []byte(strings.Join(names[1:], "\n")), 0o644); err != nil {
			return err
		}
	}
	return os.WriteFile(name, after, 0o755)
}

// shrink is what the command does, on the file's bytes; it returns the functions' names if they become numbers. With an error
// that is errTable it returns the program with all its tables.
func shrink(program []byte, o options) (after []byte, names []string, err error) {
	sections, err := readSections(program)
	if err != nil {
		return nil, nil, err
	}
	for i, s := range sections {
		if s.id != dataSection {
			continue
		}
		whole, err := readData(s.body)
		if err != nil {
			return nil, nil, err
		}
		blank(whole.bytes, o.blank)
		sections[i].body = writeData(whole)
		kept := writeSections(sections)
		if o.unused {
			err = dropUnused(sections, whole)
		}
		if err == nil && o.numbered {
			names, err = numberFunctions(sections, whole.bytes)
		}
		if err == nil {
			err = dropTraceTables(whole.bytes)
		}
		if err != nil {
			return kept, nil, err
		}
		sections[i].body = writeData(whole)
	}
	return writeSections(sections), names, nil
}
