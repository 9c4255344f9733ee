package main

import (
	"slices"
	"testing"
)

// What is said to be unused is there and becomes empty, and what only it refers to does as well; the rest stays.
func TestUnusedFunctions(t *testing.T) {
	program := build(t)
	shrunk, _, err := shrink(program, options{unused: true})
	if err != nil {
		t.Fatal(err)
	}
	table := tableOf(t, program)
	names, err := functionNames(table)
	if err != nil {
		t.Fatal(err)
	}
	code := func(program []byte) [][]byte {
		sections, err := readSections(program)
		if err != nil {
			t.Fatal(err)
		}
		return bodies(t, sections[slices.IndexFunc(sections, func(s section) bool { return s.id == codeSection })].body)
	}
	before, after := code(program), code(shrunk)
	for _, group := range unusedNames {
		for _, pattern := range group.names {
			if slices.Contains(names, group.unless) {
				t.Errorf("%s is there, wanted a program without", group.unless)
			}
			if !slices.ContainsFunc(names, func(name string) bool { return matches(pattern, name) }) {
				t.Errorf("no function is %q, unused because of %s", pattern, group.why)
			}
		}
	}
	emptied := 0
	for i, name := range names {
		was, is := before[i], after[i]
		switch {
		case isUnused(name, names), name == "runtime.traceStack", name == "runtime.metricsLock":
			if !slices.Equal(is, unreachable) {
				t.Errorf("%s is % x, wanted nothing", name, is)
			}
		case slices.Contains(quietNames, name):
			if !slices.Equal(is, returning) && !slices.Equal(is, unreachable) {
				t.Errorf("%s is % x, wanted it to return", name, is)
			}
		case slices.Contains(noTexts, name):
			if !slices.Equal(is, returningNoText) {
				t.Errorf("%s is % x, wanted it to return nothing", name, is)
			}
		case slices.Equal(was, is):
			continue
		case !slices.Equal(is, unreachable):
			t.Errorf("%s became %d bytes from %d", name, len(is), len(was))
		}
		emptied++
		record := recordOf(t, tableOf(t, shrunk), i)
		for k, table := range record.tables {
			if len(table) > 0 && slices.Equal(is, unreachable) {
				t.Errorf("%s still has table %d", name, k-1)
			}
		}
	}
	if emptied < 150 || emptied > len(names)/4 {
		t.Errorf("%d of %d functions were emptied", emptied, len(names))
	}
}
