// Command profile says where the time of a training step goes: it runs each op of a model's training program on its
// own in Chromium, and prints the op, its shape, milliseconds, GFLOP/s or GB/s, and its share of the step.
//
//	make profile MODEL=cnn
//	go run ./wasm/simd/profile [-model cnn|mlp|mlp512|deep|lstm|gru|transformer] [-lanes 2] [-strict] [-rounds 9] [-batch 128] [-by op|code]
//
// An op that is timed alone finds its operands in the caches where they fit, and its lanes awake, so the sum is near to a
// step's time but not the same; the time of a whole step in one call stands beside it. Convolutions by Winograd's algorithm
// count what direct ones do. Products and convolutions are told in GFLOP/s, all else in GB/s of its operands and results.
package main

import (
	"context"
	"embed"
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/tabgrad/tabgrad/wasm/kernels"
	"github.com/tabgrad/tabgrad/wasm/simd"
	"github.com/tabgrad/tabgrad/www/e2e/chrome"
)

//go:embed profile.mjs index.html
var files embed.FS

// A job is profile.mjs's argument.
type job struct {
	Kernels  string  `json:"kernels"`
	Lanes    int     `json:"lanes"`
	Bytes    int     `json:"bytes"`
	HeapBase int     `json:"heapBase"`
	MaxPages int     `json:"maxPages"`
	Ready    int     `json:"ready"`
	Ops      []jobOp `json:"ops"`
	Step     jobOp   `json:"step"` // all of them as one program
	Rounds   int     `json:"rounds"`
}

type jobOp struct {
	Words []uint32 `json:"words"`
}

func main() {
	log.SetFlags(0)
	model := flag.String("model", "cnn", "one of www/bench's models, cnn, mlp, mlp512, deep, lstm, or gru or transformer")
	lanes := flag.Int("lanes", 2, "lanes")
	strict := flag.Bool("strict", false, "the strict kernels")
	rounds := flag.Int("rounds", 9, "rounds, of which the median counts")
	batch := flag.Int("batch", 128, "batch size")
	by := flag.String("by", "op", "a line for each op, or one for each code: op, code")
	flag.Parse()
	if *by != "op" && *by != "code" {
		log.Fatalf("profile: -by is %q, want op or code", *by)
	}
	if err := run(*model, *lanes, *batch, *rounds, *strict, *by == "code"); err != nil {
		log.Fatalf("profile: %v", err)
	}
}

func run(model string, lanes, batch, rounds int, strict, byCode bool) error {
	spec, ok := models[model]
	if !ok {
		return fmt.Errorf("no model %q, want cnn, mlp, mlp512, deep, lstm, gru or transformer", model)
	}
	p, err := training(spec, batch)
	if err != nil {
		return err
	}
	variant := "relaxed"
	if strict {
		variant = "strict"
	}
	list, err := simd.List(p, variant, lanes)
	if err != nil {
		return err
	}
	const maxPages = 65536
	j := job{
		Kernels: base64.StdEncoding.EncodeToString(kernels.Module(kernels.Options{Relaxed: !strict, Shared: true, MaxPages: maxPages})),
		Lanes:   lanes, Bytes: list.Bytes, HeapBase: kernels.HeapBase, MaxPages: maxPages, Ready: kernels.ControlReady, Rounds: rounds,
	}
	for _, op := range list.Ops {
		j.Ops = append(j.Ops, jobOp{op.Words})
	}
	j.Step = jobOp{joined(j.Ops)}
	var times result
	if err := inBrowser(j, &times); err != nil {
		return err
	}
	fmt.Printf("%s, batch %d, %d lanes, %s kernels: %.2f ms a step in one call, %.2f ms op by op, %.1f MiB\n\n",
		model, batch, lanes, variant, times.Whole, times.Sum, float64(list.Bytes)/(1<<20))
	lines := describe(p, list, times.Ops)
	if byCode {
		lines = sumByCode(lines)
	}
	return write(os.Stdout, lines)
}

// joined is one program of all the ops': its count of calls, and then the calls.
func joined(ops []jobOp) []uint32 {
	words := []uint32{0}
	for _, op := range ops {
		words[0] += op.Words[0]
		words = append(words, op.Words[1:]...)
	}
	return words
}

// A result is profile.mjs's, in milliseconds.
type result struct {
	Ops   []float64 `json:"ops"`
	Sum   float64   `json:"sum"`
	Whole float64   `json:"whole"`
}

func inBrowser(j job, result any) error {
	handler := http.FileServerFS(files)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cross-Origin-Opener-Policy", "same-origin")
		w.Header().Set("Cross-Origin-Embedder-Policy", "require-corp")
		if strings.HasSuffix(r.URL.Path, ".mjs") {
			w.Header().Set("Content-Type", "text/javascript")
		}
		handler.ServeHTTP(w, r)
	}))
	defer server.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	ctx, stop, err := chrome.Start(ctx)
	if err != nil {
		return err
	}
	defer stop()
	input, err := json.Marshal(j)
	if err != nil {
		return err
	}
	if err := chromedp.Do(ctx, chromedp.Navigate(server.URL+"/")); err != nil {
		return err
	}
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string]("profile("+string(input)+")", chromedp.EvalAwaitPromise))
	if err != nil {
		return err
	}
	return json.Unmarshal([]byte(text), result)
}
