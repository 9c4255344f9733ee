package site

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Sources are the folders that a site is made of.
type Sources struct {
	Page     string   // www: index.html, css/, js/
	Engine   string   // bindings/npm/dist
	Examples string   // bindings/npm/examples
	Texts    []string // what the examples learn from
	UPlot    string   // www/node_modules/uplot/dist
	MNIST    string   // a folder with MNIST's four files to be copied too; empty for none
}

// In returns the sources of the repository with the given root.
func In(root string) Sources {
	return Sources{
		Page:     filepath.Join(root, "www"),
		Engine:   filepath.Join(root, "bindings", "npm", "dist"),
		UPlot:    filepath.Join(root, "www", "node_modules", "uplot", "dist"),
		Examples: filepath.Join(root, "bindings", "npm", "examples"),
		Texts: []string{
			filepath.Join(root, "README.md"), filepath.Join(root, "nn", "RATIONALE.md"), filepath.Join(root, "nn", "examples", "files", "gen_reviews.csv"),
			filepath.Join(root, "nn", "examples", "files", "gen_weather.csv"), filepath.Join(root, "nn", "examples", "files", "gen_houses.csv"),
		},
	}
}

var (
	pageFiles  = []string{"index.html", "examples.html", "favicon.svg", "css", "js"}
	uPlotFiles = []string{"uPlot.esm.js", "uPlot.min.css"}
)

// ErrMissing says that something a site is made of is not there yet; the error's text names the command that makes it.
var ErrMissing = errors.New("missing")

// Assemble writes the whole site into out, which is emptied first: the page at its top, the benchmark page under
// bench/ (with an empty index of the libraries it could compare with), the engine under tabgrad/, the examples under examples/, uPlot under vendor/, MNIST
// and its index under mnist/, and _headers, which several static hosts read.
// It refuses an out that holds something else than a site. Errors wrap ErrMissing where a source isn't there.
func Assemble(from Sources, out string) error {
	if err := empty(out); err != nil {
		return err
	}
	for _, name := range pageFiles {
		if err := copyTree(filepath.Join(from.Page, name), filepath.Join(out, name)); err != nil {
			return fmt.Errorf("page: %w", err)
		}
	}
	if err := copyTree(filepath.Join(from.Page, "bench", "page"), filepath.Join(out, "bench")); err != nil {
		return fmt.Errorf("benchmark page: %w", err)
	}
	if _, err := os.Stat(filepath.Join(from.Engine, "index.js")); err != nil {
		return fmt.Errorf("engine: %w: no index.js in %s: run make build", ErrMissing, from.Engine)
	}
	if err := copyTree(from.Engine, filepath.Join(out, "tabgrad")); err != nil {
		return fmt.Errorf("engine: %w", err)
	}
	if err := copyTree(from.Examples, filepath.Join(out, "examples")); err != nil {
		return fmt.Errorf("examples: %w", err)
	}
	for _, path := range from.Texts {
		if err := copyTree(path, filepath.Join(out, "examples", "files", filepath.Base(path))); err != nil {
			return fmt.Errorf("examples: %w", err)
		}
	}
	for _, name := range uPlotFiles {
		path := filepath.Join(from.UPlot, name)
		if _, err := os.Stat(path); err != nil {
			return fmt.Errorf("uPlot: %w: no %s: run npm ci in www", ErrMissing, path)
		}
		if err := copyTree(path, filepath.Join(out, "vendor", name)); err != nil {
			return fmt.Errorf("uPlot: %w", err)
		}
	}
	if from.MNIST != "" {
		for _, name := range MNISTFiles {
			if err := copyTree(filepath.Join(from.MNIST, name), filepath.Join(out, "mnist", name)); err != nil {
				return fmt.Errorf("mnist: %w", err)
			}
		}
	}
	if err := write(filepath.Join(out, "mnist", "index.json"), mnistIndex(from.MNIST != "")); err != nil {
		return err
	}
	if err := write(filepath.Join(out, filepath.FromSlash(peersIndex)), []byte("{}\n")); err != nil {
		return err
	}
	return write(filepath.Join(out, "_headers"), []byte(headersFile()))
}

// MNISTFiles are the names the page asks for.
var MNISTFiles = []string{
	"train-images-idx3-ubyte.gz",
	"train-labels-idx1-ubyte.gz",
	"t10k-images-idx3-ubyte.gz",
	"t10k-labels-idx1-ubyte.gz",
}

// mnistIndex is what the page reads to know whether MNIST is there, since a question for a file that is missing would
// be an error in the browser's console.
func mnistIndex(there bool) []byte {
	files := []string{}
	if there {
		files = MNISTFiles
	}
	text, err := json.Marshal(map[string][]string{"files": files})
	if err != nil {
		panic(err) // strings always marshal
	}
	return append(text, '\n')
}

// empty makes out a folder without anything in it, but removes nothing that isn't a site.
func empty(out string) error {
	entries, err := os.ReadDir(out)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return os.MkdirAll(out, 0o755)
	case err != nil:
		return err
	case len(entries) == 0:
		return nil
	}
	if _, err := os.Stat(filepath.Join(out, "_headers")); err != nil {
		return fmt.Errorf("%s is not empty and was not made by this command", out)
	}
	for _, entry := range entries {
		if err := os.RemoveAll(filepath.Join(out, entry.Name())); err != nil {
			return err
		}
	}
	return nil
}

// copyTree copies a file, or a folder with all in it but dot files.
func copyTree(from, to string) error {
	return filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if strings.HasPrefix(entry.Name(), ".") {
			return nil
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		if entry.IsDir() {
			return nil
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return write(filepath.Join(to, rel), content)
	})
}

func write(path string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, content, 0o644)
}
