// Command bench measures the Worker on workerd: the time from starting workerd to the first answer, the times of
// single digits one after another and of several clients at once, and memory. The models are the seed CNN (Keras's
// MNIST example) and an MLP 784-128-10, with random weights.
//
//	go run ./wasm/worker/bench
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/tabgrad/tabgrad/nn"
	"github.com/tabgrad/tabgrad/nn/format"
	"github.com/tabgrad/tabgrad/wasm/worker/folder"
	"github.com/tabgrad/tabgrad/wasm/worker/workerd"
)

func main() {
	log.SetFlags(0)
	requests := flag.Int("n", 500, "requests of each kind")
	starts := flag.Int("starts", 5, "cold starts")
	flag.Parse()
	if err := run(context.Background(), *requests, *starts); err != nil {
		log.Fatal("bench: ", err)
	}
}

func run(ctx context.Context, requests, starts int) error {
	module, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return err
	}
	root := strings.TrimSpace(string(module))
	for _, c := range []struct {
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
		file, err := format.WriteSafetensors(a)
		if err != nil {
			return err
		}
		out, err := os.MkdirTemp("", "tabgrad-worker-")
		if err != nil {
			return err
		}
		err = folder.Write(root, out, file)
		if err == nil {
			fmt.Printf("%s: model %.2f MB%s\n", c.name, float64(len(file))/1e6, sizes(out))
			err = measure(ctx, workerd.Options{Folder: out, Modules: filepath.Join(root, "wasm", "worker", "node_modules")}, requests, starts)
		}
		if os.RemoveAll(out); err != nil {
			return err
		}
	}
	return nil
}

// sizes are those of the files that Cloudflare counts, besides the assets.
func sizes(out string) string {
	text := ""
	for _, name := range []string{"endpoint.wasm", "kernels.wasm"} {
		if s, err := os.Stat(filepath.Join(out, name)); err == nil {
			text += fmt.Sprintf(", %s %.2f MB", name, float64(s.Size())/1e6)
		}
	}
	return text
}

func measure(ctx context.Context, o workerd.Options, requests, starts int) error {
	image := make([]byte, 28*28)
	floats := make([]float32, len(image))
	for i := range image {
		image[i] = byte(i * i)
		floats[i] = float32(image[i]) * (float32(1) / 255)
	}
	asJSON, err := json.Marshal(map[string]any{"instances": [][]float32{floats}})
	if err != nil {
		return err
	}
	var cold []time.Duration
	for i := range starts {
		begun := time.Now()
		s, err := workerd.Start(ctx, o)
		if err != nil {
			return err
		}
		err = post(s.URL, "application/octet-stream", image)
		cold = append(cold, time.Since(begun))
		if err == nil && i == starts-1 {
			err = warm(s, image, asJSON, requests)
		}
		if s.Stop(); err != nil {
			return err
		}
	}
	slices.Sort(cold)
	fmt.Printf("  cold start, from starting workerd to the first answer: %s (%s to %s)\n", ms(cold[len(cold)/2]), ms(cold[0]), ms(cold[len(cold)-1]))
	return nil
}

func warm(s *workerd.Server, image, asJSON []byte, requests int) error {
	for _, c := range []struct {
		name, kind string
		body       []byte
		clients    int
	}{
		{"bytes, 1 client", "application/octet-stream", image, 1},
		{"JSON, 1 client", "application/json", asJSON, 1},
		{"bytes, 8 clients", "application/octet-stream", image, 8},
	} {
		for range 50 {
			if err := post(s.URL, c.kind, c.body); err != nil {
				return err
			}
		}
		times := make([][]time.Duration, c.clients)
		errs := make([]error, c.clients)
		var wait sync.WaitGroup
		begun := time.Now()
		for i := range c.clients {
			wait.Go(func() {
				for range requests / c.clients {
					one := time.Now()
					if errs[i] = post(s.URL, c.kind, c.body); errs[i] != nil {
						return
					}
					times[i] = append(times[i], time.Since(one))
				}
			})
		}
		wait.Wait()
		took := time.Since(begun)
		for _, err := range errs {
			if err != nil {
				return err
			}
		}
		all := slices.Concat(times...)
		slices.Sort(all)
		fmt.Printf("  %-17s p50 %s, p99 %s, %.0f requests/s\n", c.name+":", ms(all[len(all)/2]), ms(all[len(all)*99/100]), float64(len(all))/took.Seconds())
	}
	answer, err := http.Get(s.URL + "/healthz")
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	var health struct {
		Memory float64 `json:"memory_bytes"`
	}
	if err := json.NewDecoder(answer.Body).Decode(&health); err != nil {
		return err
	}
	fmt.Printf("  memory: Go's and the kernels' %.1f MB; the whole process of workerd %.1f MB, of which %.1f MB are its program and libraries\n",
		health.Memory/1e6, status(s.PID, "VmRSS:")/1e6, status(s.PID, "RssFile:")/1e6)
	return nil
}

// status is a line of /proc's account of a process's memory, in bytes, where the system has it; else 0.
func status(pid int, line string) float64 {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(b), line)
	fields := strings.Fields(rest)
	if len(fields) == 0 {
		return 0
	}
	kb, err := strconv.ParseFloat(fields[0], 64)
	if err != nil {
		return 0
	}
	return kb * 1024
}

func post(url, kind string, body []byte) error {
	answer, err := http.Post(url+"/v1/predict", kind, bytes.NewReader(body))
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", answer.Status, text)
	}
	return err
}

func ms(d time.Duration) string { return fmt.Sprintf("%.2f ms", float64(d.Microseconds())/1000) }
