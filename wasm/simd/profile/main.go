// Command profile says where the time of a training step goes: it runs each op of a model's training program on its
// own in Chromium, and prints the op, its shape, milliseconds, GFLOP/s or GB/s, and its share of the step.
//
//	go run ./wasm/simd/profile [-model cnn|mlp] [-lanes 2] [-strict] [-rounds 9]
//
// An op that is timed alone finds its operands in the caches where they fit, and writes over what it reads, so the sum
// is near to a step's time but not the same.
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
	"text/tabwriter"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/tabgrad/tabgrad/nn"
	"github.com/tabgrad/tabgrad/nn/prog"
	"github.com/tabgrad/tabgrad/wasm/kernels"
	"github.com/tabgrad/tabgrad/wasm/simd"
	"github.com/tabgrad/tabgrad/www/e2e/chrome"
)

//go:embed profile.mjs index.html
var files embed.FS

var models = map[string][]nn.Layer{
	"cnn": {
		nn.Input(28, 28, 1),
		nn.Conv2D{Filters: 32, Kernel: nn.Size2{3, 3}, Activation: nn.ReLU},
		nn.Conv2D{Filters: 64, Kernel: nn.Size2{3, 3}, Activation: nn.ReLU},
		nn.MaxPooling2D{Pool: nn.Size2{2, 2}},
		nn.Dropout{Rate: 0.25},
		nn.Flatten{},
		nn.Dense{Units: 128, Activation: nn.ReLU},
		nn.Dropout{Rate: 0.5},
		nn.Dense{Units: 10, Activation: nn.Softmax},
	},
	"mlp": {
		nn.Input(784),
		nn.Dense{Units: 128, Activation: nn.ReLU},
		nn.Dense{Units: 10, Activation: nn.Softmax},
	},
	"mlp512": {
		nn.Input(784),
		nn.Dense{Units: 512, Activation: nn.ReLU},
		nn.Dense{Units: 512, Activation: nn.ReLU},
		nn.Dense{Units: 10, Activation: nn.Softmax},
	},
}

// A job is profile.mjs's argument.
type job struct {
	Kernels  string  `json:"kernels"`
	Lanes    int     `json:"lanes"`
	Bytes    int     `json:"bytes"`
	HeapBase int     `json:"heapBase"`
	MaxPages int     `json:"maxPages"`
	Ready    int     `json:"ready"`
	Ops      []jobOp `json:"ops"`
	Rounds   int     `json:"rounds"`
}

type jobOp struct {
	Words []uint32 `json:"words"`
}

func main() {
	log.SetFlags(0)
	model := flag.String("model", "cnn", "cnn, mlp or mlp512")
	lanes := flag.Int("lanes", 2, "lanes")
	strict := flag.Bool("strict", false, "the strict kernels")
	rounds := flag.Int("rounds", 9, "rounds, of which the median counts")
	batch := flag.Int("batch", 128, "batch size")
	flag.Parse()
	if err := run(*model, *lanes, *batch, *rounds, *strict); err != nil {
		log.Fatalf("profile: %v", err)
	}
}

func run(model string, lanes, batch, rounds int, strict bool) error {
	layers, ok := models[model]
	if !ok {
		return fmt.Errorf("no model %q", model)
	}
	p, err := training(layers, batch)
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
	var result struct {
		Ops  []float64 `json:"ops"`
		Step float64   `json:"step"`
	}
	if err := inBrowser(j, &result); err != nil {
		return err
	}
	fmt.Printf("%s, batch %d, %d lanes, strict %v: %.1f ms for all ops, %d bytes of memory\n\n", model, batch, lanes, strict, result.Step, list.Bytes)
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "op\tshape\tms\tGFLOP/s\tGB/s\tshare")
	for i, op := range list.Ops {
		ms := result.Ops[i]
		gflops := ""
		if f := flops(p, op.Op); f > 0 {
			gflops = fmt.Sprintf("%.1f", f/ms/1e6)
		}
		fmt.Fprintf(table, "%s\t%v\t%.3f\t%s\t%.1f\t%.1f%%\n", describe(op.Op), p.Shape(op.Op.Out[0]), ms, gflops, traffic(p, op.Op)/ms/1e6, 100*ms/result.Step)
	}
	return table.Flush()
}

func describe(op prog.Op) string {
	switch a := op.Attr.(type) {
	case prog.UnaryAttr:
		return op.Code.String() + " " + a.Fn.String()
	case prog.BinaryAttr:
		return op.Code.String() + " " + a.Fn.String()
	case prog.ReduceAttr:
		return op.Code.String() + " " + a.Fn.String()
	case prog.MatMulAttr:
		return op.Code.String() + map[bool]string{true: " a^T"}[a.TransA] + map[bool]string{true: " b^T"}[a.TransB]
	case prog.UpdateAttr:
		return op.Code.String() + " " + a.Rule.String()
	}
	return op.Code.String()
}

// flops is the multiplications and additions of a product or convolution, 0 for other ops.
func flops(p *prog.Program, op prog.Op) float64 {
	size := func(b prog.Buf) float64 { return float64(p.Shape(b).Size()) }
	switch op.Code {
	case prog.MatMul:
		k := p.Shape(op.In[0]).Last()
		if a := op.Attr.(prog.MatMulAttr); a.TransA {
			k = p.Shape(op.In[0])[len(p.Shape(op.In[0]))-2]
		}
		return 2 * size(op.Out[0]) * float64(k)
	case prog.Conv2D:
		w := p.Shape(op.In[1])
		return 2 * size(op.Out[0]) * float64(w[0]*w[1]*w[2])
	case prog.Conv2DInputGrad:
		w := p.Shape(op.In[1])
		return 2 * size(op.In[0]) * float64(w[0]*w[1]*w[2])
	case prog.Conv2DKernelGrad:
		w := p.Shape(op.Out[0])
		return 2 * size(op.In[1]) * float64(w[0]*w[1]*w[2])
	}
	return 0
}

// traffic is the bytes of an op's operands and results.
func traffic(p *prog.Program, op prog.Op) float64 {
	bytes := 0
	for _, list := range [][]prog.Buf{op.In, op.Out} {
		for _, b := range list {
			bytes += 4 * p.Shape(b).Size()
		}
	}
	return float64(bytes)
}

// training is a model's program for a training step.
func training(layers []nn.Layer, batch int) (*prog.Program, error) {
	rec := &recorder{}
	m := nn.NewSequential(layers...)
	err := m.Compile(nn.Training{Optimizer: nn.Adadelta{LearningRate: 1}, Loss: nn.CategoricalCrossentropy, Metrics: []nn.Metric{nn.Accuracy}, Backend: rec})
	if err != nil {
		return nil, err
	}
	in, out := m.InputShape(), m.OutputShape()
	if _, err := m.TrainOnBatch(context.Background(), zeros{in, out, batch}, nn.BatchOptions{}); err != nil {
		return nil, err
	}
	return rec.last, nil
}

// zeros is a dataset of so many samples with nothing in them.
type zeros struct {
	x, y []int
	n    int
}

func (z zeros) Len() int                            { return z.n }
func (z zeros) XShape() []int                       { return z.x }
func (z zeros) YShape() []int                       { return z.y }
func (z zeros) Batch(_ []int, x, y []float32) error { clear(x); clear(y); return nil }

// A recorder is a backend that keeps the last program it was given, and computes nothing.
type recorder struct{ last *prog.Program }

func (r *recorder) Name() string { return "recorder" }
func (r *recorder) Load(p *prog.Program) (prog.Exec, error) {
	r.last = p
	return idle{}, nil
}

type idle struct{}

func (idle) Write(prog.Buf, []float32) error { return nil }
func (idle) Run() error                      { return nil }
func (idle) Read(prog.Buf, []float32) error  { return nil }
func (idle) Close() error                    { return nil }

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
