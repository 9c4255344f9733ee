// Command bench measures the Worker on workerd, and beside it a Worker that answers the same requests with the same
// model on TensorFlow.js, on its cpu and its wasm backend: the time from starting workerd to the first answer, the
// times of single digits one after another and of several clients at once, and memory. The models are
// the seed CNN (Keras's MNIST example) and an MLP 784-128-10, with random weights. An empty Worker, which reads a
// body and answers nothing, says what of it is workerd's own.
//
//	go run ./wasm/worker/bench
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/tabgrad/tabgrad/nn"
	"github.com/tabgrad/tabgrad/nn/format"
	"github.com/tabgrad/tabgrad/wasm/worker/folder"
	"github.com/tabgrad/tabgrad/wasm/worker/workerd"
)

func main() {
	log.SetFlags(0)
	requests := flag.Int("n", 1000, "requests of each kind; of what takes long, so many as fit into -seconds")
	starts := flag.Int("starts", 5, "cold starts")
	seconds := flag.Float64("seconds", 5, "the longest that requests of one kind are sent for")
	peers := flag.Bool("tfjs", true, "measure TensorFlow.js too")
	flag.Parse()
	b := bench{requests: *requests, starts: *starts, seconds: *seconds, peers: *peers}
	if err := b.run(context.Background()); err != nil {
		log.Fatal("bench: ", err)
	}
}

type bench struct {
	requests, starts int
	seconds          float64
	peers            bool
	modules          string // where workerd is
}

func (b *bench) run(ctx context.Context) error {
	module, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return err
	}
	root := strings.TrimSpace(string(module))
	b.modules = filepath.Join(root, "wasm", "worker", "node_modules")
	temporary, err := os.MkdirTemp("", "tabgrad-worker-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temporary)
	empty := filepath.Join(temporary, "empty")
	if err := writeEmpty(empty); err != nil {
		return err
	}
	fmt.Printf("an empty Worker\n")
	if _, err := b.measure(ctx, workerd.Options{Folder: empty}); err != nil {
		return err
	}
	for i, c := range []struct {
		name   string
		layers []nn.Layer
	}{
		{"MLP 784-128-10", []nn.Layer{nn.Input(28, 28, 1), nn.Flatten{}, nn.Dense{Units: 128, Activation: nn.ReLU}, nn.Dense{Units: 10, Activation: nn.Softmax}}},
		{"seed CNN", []nn.Layer{
			nn.Input(28, 28, 1),
			nn.Conv2D{Filters: 32, Kernel: nn.Size2{3, 3}, Activation: nn.ReLU},
			nn.Conv2D{Filters: 64, Kernel: nn.Size2{3, 3}, Activation: nn.ReLU},
			nn.MaxPooling2D{}, nn.Dropout{Rate: 0.25}, nn.Flatten{},
			nn.Dense{Units: 128, Activation: nn.ReLU}, nn.Dropout{Rate: 0.5},
			nn.Dense{Units: 10, Activation: nn.Softmax},
		}},
	} {
		m := nn.NewSequential(c.layers...)
		if err := m.Reset(1); err != nil {
			return err
		}
		a, err := format.FromModel(m)
		if err != nil {
			return err
		}
		if err := b.compare(ctx, root, filepath.Join(temporary, fmt.Sprint(i)), c.name, a); err != nil {
			return err
		}
	}
	return nil
}

// compare measures a model here and on TensorFlow.js.
func (b *bench) compare(ctx context.Context, root, out, name string, a *format.Artifacts) error {
	file, err := format.WriteSafetensors(a)
	if err != nil {
		return err
	}
	ours, theirs := filepath.Join(out, "ours"), filepath.Join(out, "tfjs")
	if err := folder.Write(root, ours, file); err != nil {
		return err
	}
	fmt.Printf("%s, %.2f MB: tabgrad\n", name, float64(len(file))/1e6)
	want, err := b.measure(ctx, workerd.Options{Folder: ours})
	if err != nil || !b.peers {
		return err
	}
	if err := writeTFJS(root, theirs, a); err != nil {
		return err
	}
	for _, backend := range []string{"cpu", "wasm"} {
		fmt.Printf("%s: tfjs, %s backend\n", name, backend)
		got, err := b.measure(ctx, workerd.Options{Folder: theirs, Vars: map[string]string{"BACKEND": backend}})
		if err != nil {
			fmt.Printf("  does not run: %v\n", err)
			continue
		}
		if err := agree(got, want); err != nil {
			return fmt.Errorf("tfjs, %s backend: %w", backend, err)
		}
	}
	return nil
}

func writeEmpty(out string) error {
	if err := os.MkdirAll(filepath.Join(out, "assets"), 0o755); err != nil {
		return err
	}
	const source = "export default { async fetch(request) { await request.arrayBuffer(); return new Response('', { status: new URL(request.url).pathname === '/healthz' ? 404 : 200 }); } };\n"
	return os.WriteFile(filepath.Join(out, "worker.mjs"), []byte(source), 0o644)
}
