//go:build !js

package main

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/tabgrad/tabgrad/wasm/worker/workerd"
)

// TestSameAsTab: the npm package's engine, with deterministic: true, and workerd give the same bits, for
// one digit and for more than a batch.
func TestSameAsTab(t *testing.T) {
	s := start(t, workerd.Options{})
	type object = map[string]any
	options, err := json.Marshal([]object{
		{"layer": "conv2d", "filters": 16, "kernelSize": 3, "activation": "relu", "inputShape": []int{28, 28, 1}},
		{"layer": "conv2d", "filters": 24, "kernelSize": 3, "activation": "relu"},
		{"layer": "maxPooling2d"}, {"layer": "dropout", "rate": 0.25}, {"layer": "flatten"},
		{"layer": "dense", "units": 32, "activation": "relu"}, {"layer": "dropout", "rate": 0.5},
		{"layer": "dense", "units": 10, "activation": "softmax"},
	})
	must(t, err)
	weights, err := worker.model.GetWeights()
	must(t, err)
	var all []byte
	for _, w := range weights {
		for _, v := range w.Data {
			all = binary.LittleEndian.AppendUint32(all, math.Float32bits(v))
		}
	}
	file := filepath.Join(t.TempDir(), "weights")
	must(t, os.WriteFile(file, all, 0o644))
	for _, n := range []int{1, 37} {
		images := drawn(t, n)
		node := exec.Command("node", "testdata/predict.mjs", string(options), file)
		node.Stdin = bytes.NewReader(images)
		node.Stderr = os.Stderr
		out, err := node.Output()
		if err != nil {
			t.Fatalf("node (make build first): %v", err)
		}
		var bits []uint32
		must(t, json.Unmarshal(out, &bits))
		tab := make([]float32, len(bits))
		for i, b := range bits {
			tab[i] = math.Float32frombits(b)
		}
		sameBits(t, probabilities(t, call(t, "POST", s.URL+"/v1/predict", bytes.NewReader(images), "Content-Type", raw)), tab)
	}
}
