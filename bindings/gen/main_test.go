package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/tabgrad/tabgrad/nn"
)

func TestGeneratedFilesAreThoseOfTheRegistry(t *testing.T) {
	const folder = "../npm/src"
	want := files(nn.Registry())
	for name, content := range want {
		have, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			t.Error(err)
		} else if !bytes.Equal(have, content) {
			t.Errorf("%s is not what the registry gives: run go generate ./bindings", name)
		}
	}
	all, err := filepath.Glob(filepath.Join(folder, "gen_*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range all {
		if want[filepath.Base(file)] == nil {
			t.Errorf("%s is not generated any more", file)
		}
	}
}
