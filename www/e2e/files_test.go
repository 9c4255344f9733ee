package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/tabgrad/tabgrad/nn/data"
	"github.com/tabgrad/tabgrad/nn/data/digits"
)

// A person's own IDX files train; files that can't are explained, and the page goes on.
func TestOwnFiles(t *testing.T) {
	const count = 3500
	images, labels := make([]byte, count*28*28), make([]int32, count)
	if err := digits.Generate(images, labels, 7, 0); err != nil {
		t.Fatal(err)
	}
	bytes := make([]byte, count)
	for i, label := range labels {
		bytes[i] = byte(label)
	}
	dir := t.TempDir()
	idx := func(name string, raw []byte, dims ...int) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := writeIDX(path, &data.IDX{Type: data.Uint8, Dims: dims, Raw: raw}); err != nil {
			t.Fatal(err)
		}
		return path
	}
	goodImages := idx("my-images.idx3-ubyte", images, count, 28, 28)
	goodLabels := idx("my-labels.idx1-ubyte", bytes, count)
	whole, err := os.ReadFile(goodImages)
	if err != nil {
		t.Fatal(err)
	}
	truncated := filepath.Join(dir, "cut-images.idx3-ubyte")
	if err := os.WriteFile(truncated, whole[:len(whole)-100], 0o600); err != nil {
		t.Fatal(err)
	}
	eleven := append([]byte{11}, bytes[1:]...)

	p := open(t, options{})
	p.ready()
	p.click("[name=data][value=own]")
	choose := func(paths ...string) { p.do(chromedp.SetUploadFiles("#files", paths)) }
	for _, test := range []struct {
		name  string
		files []string
		want  []string
	}{
		{"truncated", []string{truncated, goodLabels}, []string{"cut-images.idx3-ubyte could not be read", "2744000 bytes wanted for 3500x28x28, got 2743900"}},
		{"no IDX at all", []string{writeText(t, dir), goodLabels}, []string{"notes.txt could not be read"}},
		{"no labels", []string{goodImages}, []string{"no file of labels"}},
		{"too few labels", []string{goodImages, idx("few-labels", bytes[:100], 100)}, []string{"3500 images", "100 labels"}},
		{"another size", []string{idx("big-images", images[:3136], 1, 56, 56), goodLabels}, []string{"big-images has the shape 1 × 56 × 56", "28 × 28"}},
		{"label out of range", []string{goodImages, idx("eleven-labels", eleven, count)}, []string{"label 0 is 11"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			choose(test.files...)
			said := p.problem()
			for _, want := range test.want {
				if !strings.Contains(said, want) {
					t.Errorf("the panel says %q, want %q in it", said, want)
				}
			}
			p.click("#problem-dismiss")
			p.inState("idle")
		})
	}

	choose(goodImages, goodLabels)
	p.ready()
	if status := p.text("#status"); !strings.Contains(status, "3,000 digits of yours to train on, 500 to test") {
		t.Errorf("the status is %q", status)
	}
	p.click("[name=model][value=mlp]")
	p.fill("#epochs", "5")
	p.train()
	if accuracy := percent(t, p.text("#test-accuracy")); accuracy < 0.7 {
		t.Errorf("test accuracy %.4f on one's own digits", accuracy)
	}
}

func writeText(t *testing.T, dir string) string {
	t.Helper()
	path := filepath.Join(dir, "notes.txt")
	if err := os.WriteFile(path, []byte("Dear diary, today I trained a network."), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
