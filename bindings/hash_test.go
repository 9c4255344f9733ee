//go:build !js

package bindings

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/tabgrad/tabgrad/wasm/simd"
)

var update = flag.Bool("update", false, "write testdata/hash.txt")

// hashFile has the hash that this training gives on every host and any number of lanes. It changes when a kernel's arithmetic does;
// then go test ./bindings -run Weights -update writes it anew.
const hashFile = "testdata/hash.txt"

// The requests are those of npm/test/hash.mjs, which says what they are for.
func TestWeightsAreTheSameBitsOnAnyNumberOfLanes(t *testing.T) {
	want, err := os.ReadFile(hashFile)
	if err != nil && !*update {
		t.Fatal(err)
	}
	for lanes := 1; lanes <= 3; lanes++ {
		t.Run(fmt.Sprint(lanes, " lanes"), func(t *testing.T) {
			backend, err := simd.NewNative(lanes)
			if err != nil {
				t.Fatal(err)
			}
			p := newPage(t, Options{Backend: backend, Threads: lanes, Seed: 42})
			got := trainedHash(p)
			if lanes == 1 && *update {
				want = []byte(got + "\n")
				if err := os.WriteFile(hashFile, want, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if got != strings.TrimSpace(string(want)) {
				t.Errorf("hash %s, want %s; where a kernel's arithmetic was changed on purpose: go test ./bindings -run Weights -update", got, strings.TrimSpace(string(want)))
			}
		})
	}
}

func trainedHash(p *page) string {
	p.t.Helper()
	drawn := p.mustCall("datasets.digits", Object{"count": 400.0, "seed": 3.0}).(Object)
	images, labels := drawn["x"].(Object)["data"], drawn["labels"].(Object)["data"].([]byte)
	oneHot := make([]float32, 400*10)
	for i, label := range labels {
		oneHot[10*i+int(label)] = 1
	}
	created := p.mustCall("model.create", Object{"seed": 7.0, "config": Object{"class_name": "Sequential", "config": Object{"layers": list(
		layer("Conv2D", Object{"filters": 8.0, "kernel_size": 3.0, "strides": 2.0, "padding": "same", "activation": "relu", "input_shape": num(28, 28, 1)}),
		layer("Conv2D", Object{"filters": 12.0, "kernel_size": 3.0, "activation": "elu"}),
		layer("MaxPooling2D", Object{"pool_size": 2.0}),
		layer("AveragePooling2D", Object{"pool_size": 2.0, "strides": 1.0}),
		layer("Dropout", Object{"rate": 0.25}),
		layer("Flatten", Object{}),
		layer("Dense", Object{"units": 32.0, "activation": "tanh", "kernel_initializer": "heNormal", "kernel_regularizer": layer("L2", Object{"l2": 0.001})}),
		layer("Dense", Object{"units": 24.0, "activation": "gelu"}),
		layer("Dropout", Object{"rate": 0.5}),
		layer("Dense", Object{"units": 10.0, "activation": "softmax"}),
	)}}}).(Object)
	model := Object{"model": created["model"]}
	p.mustCall("model.compile", and(model, Object{
		"optimizer": layer("Adadelta", Object{"learning_rate": 1.0}), "loss": "categoricalCrossentropy", "metrics": list("accuracy")}))
	p.mustCall("model.fit", and(model, Object{
		"x":         Object{"data": images, "shape": num(400, 28, 28, 1), "scale": 1.0 / 255},
		"y":         tensorOf([]int{400, 10}, oneHot...),
		"batchSize": 40.0, "epochs": 5.0, "seed": 11.0,
	}))
	hash := sha256.New()
	for _, w := range p.mustCall("model.getWeights", model).([]any) {
		if err := binary.Write(hash, binary.LittleEndian, w.(Object)["data"]); err != nil {
			p.t.Fatal(err)
		}
	}
	return hex.EncodeToString(hash.Sum(nil))
}
