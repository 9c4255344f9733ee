package bindings

import (
	"context"
	"encoding/binary"
	"errors"
	"math"
	"runtime"
	"slices"
	"testing"

	"github.com/tabgrad/tabgrad/nn"
	"github.com/tabgrad/tabgrad/nn/cpu"
)

// FuzzCall sends requests with arguments of any kind: a page may be wrong in any way, and must be told so with a code. A panic, or an error
// without a code of its own, is a bug.
func FuzzCall(f *testing.F) {
	for i := range uint64(64) {
		var seed []byte
		for k := range uint64(16) {
			seed = binary.LittleEndian.AppendUint64(seed, (i+1)*0x9e3779b97f4a7c15*(k+1)*(k+3))
		}
		f.Add(seed)
	}
	var names []string
	for name := range methods {
		names = append(names, name)
	}
	slices.Sort(names)
	f.Fuzz(func(t *testing.T, input []byte) {
		g := &guesser{left: input}
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		hops := 0
		s := NewService(Options{Backend: cpu.New[float32](cpu.Options{}), HopEvery: 1, Hop: func() {
			if hops++; hops > 20 {
				cancel()
			}
			runtime.Gosched()
		}})
		emit := func(event Event, ack bool) <-chan Value {
			if event.Name == "feed" { // the page sends a batch, and the end
				go func() {
					rows := Object{"data": make([]float32, 8), "shape": []any{2.0, 4.0}}
					for _, push := range []Object{{"xs": rows, "ys": rows}, {"end": true}} {
						push["feed"] = event.Data["feed"]
						if _, err := s.Call(ctx, "feed.push", push, nil); err != nil {
							cancel()
						}
					}
				}()
			}
			done := make(chan Value)
			close(done)
			return done
		}
		call := func(method string, a Object) {
			if _, err := s.Call(ctx, method, a, emit); err != nil {
				var e *Error
				if !errors.As(err, &e) || e.Code == Internal || e.Code == "" {
					t.Errorf("%s of %v: %#v", method, a, err)
				}
			}
		}
		call("model.create", g.model())
		for range 4 {
			call(names[g.below(len(names))], g.arguments())
		}
	})
}

// guesser makes values out of the fuzzer's bytes.
type guesser struct{ left []byte }

func (g *guesser) byte() byte {
	if len(g.left) == 0 {
		return 0
	}
	b := g.left[0]
	g.left = g.left[1:]
	return b
}

func (g *guesser) below(n int) int { return int(g.byte()) % n }

func (g *guesser) number() float64 {
	numbers := []float64{0, 1, 2, 3, 4, 8, -1, 0.5, 1e-3, 1e9, math.NaN(), math.Inf(1), math.Inf(-1), 1 << 53, -0.25, 7}
	return numbers[g.below(len(numbers))]
}

// value is anything, up to three levels deep.
func (g *guesser) value(depth int) Value {
	switch g.below(12) {
	case 0:
		return nil
	case 1:
		return g.below(2) == 0
	case 2, 3:
		return g.number()
	case 4:
		words := []string{"relu", "adam", "mse", "accuracy", "categoricalCrossentropy", "same", "", "zeros", "x", "1"}
		return words[g.below(len(words))]
	case 5, 6, 7:
		return g.tensor()
	case 8:
		return make([]byte, g.below(30))
	case 9:
		return make([]int32, g.below(9))
	case 10:
		var items []any
		for range g.below(4) {
			if depth < 3 {
				items = append(items, g.value(depth+1))
			}
		}
		return items
	default:
		object := Object{}
		for range g.below(4) {
			if depth < 3 {
				object[g.key()] = g.value(depth + 1)
			}
		}
		return object
	}
}

func (g *guesser) tensor() Value {
	shape, size := []any{}, 1
	for range g.below(4) {
		n := g.below(6)
		shape, size = append(shape, float64(n)), size*n
	}
	numbers := make([]float32, size+g.below(20)/19)
	for i := range numbers {
		numbers[i] = float32(g.number())
	}
	return Object{"data": numbers, "shape": shape}
}

func (g *guesser) key() string {
	keys := []string{"x", "y", "batchSize", "epochs", "initialEpoch", "validationSplit", "validationX", "validationY", "shuffle", "seed", "classWeight",
		"sampleWeight", "events", "optimizer", "loss", "metrics", "weightedMetrics", "weights", "bytes", "name", "gray", "width", "height", "config", "class_name", "1",
		"batches", "epochEnd", "lineLength", "layers", "json", "files", "safetensors", "includeOptimizer", "layer", "adaptation", "first", "last", "ends", "counts", "text",
		"stream", "callbacks", "verbose", "functions", "steps", "batchesPerEpoch", "validationStream", "validationFreq", "plain", "backup", "progress", "value", "feed",
		"lossWeights", "trainable", "inputs", "ops", "training", "dense", "a", "b"}
	return keys[g.below(len(keys))]
}

func (g *guesser) arguments() Object {
	a := Object{"model": 1.0}
	for range 2 + g.below(8) {
		a[g.key()] = g.value(0)
	}
	return a
}

// model is a create request with layers of the registry's names and arguments, and values of any kind.
func (g *guesser) model() Object {
	var layers []any
	registry := nn.Registry()
	for range 1 + g.below(4) {
		e := registry[g.below(len(registry))]
		config := Object{}
		for _, a := range e.Args {
			switch g.below(4) {
			case 0:
				config[a.Name] = g.value(1)
			case 1:
				config[a.Name] = float64(1 + g.below(4))
			}
		}
		if len(layers) == 0 {
			config["input_shape"] = []any{4.0, 4.0, float64(1 + g.below(2))}
		}
		layers = append(layers, Object{"class_name": e.Class, "config": config})
	}
	if g.below(2) == 0 {
		return Object{"config": sequential(layers...)}
	}
	return Object{"config": g.graph(layers)}
}

// graph makes a functional model of the layers: each applied once or twice to some before it, an input first, sometimes one of another model, or a
// recording.
func (g *guesser) graph(layers []any) Object {
	entries := []any{Object{"class_name": "InputLayer", "name": "a", "config": Object{"shape": []any{4.0, 4.0, float64(1 + g.below(2))}}, "inbound_nodes": []any{}}}
	names := []string{"a"}
	ref := func() []any {
		return []any{names[g.below(len(names))], float64(g.below(3) / 2), float64(g.below(4) / 3), Object{}}
	}
	for i, l := range layers {
		entry := l.(Object)
		switch g.below(8) {
		case 0:
			entry = Object{"class_name": "Shared", "config": Object{"model": float64(g.below(3)), "layer": g.value(2)}}
		case 1:
			entry = Object{"class_name": "Recorded", "config": Object{"id": "c", "recording": Object{"weights": g.value(1), "calls": g.value(1)}}}
		case 2:
			entry = Object{"class_name": "Recorded", "config": Object{"id": "c", "recording": Object{"weights": []any{}, "calls": []any{}}}}
		}
		delete(entry["config"].(Object), "input_shape")
		var nodes []any
		for range 1 + g.below(2) {
			node := []any{ref()}
			for range g.below(3) {
				node = append(node, ref())
			}
			nodes = append(nodes, node)
		}
		name := string(rune('b' + i))
		entry["name"], entry["inbound_nodes"] = name, nodes
		entries, names = append(entries, entry), append(names, name)
	}
	config := Object{"layers": entries, "input_layers": []any{[]any{"a", 0.0, 0.0}}, "output_layers": []any{ref()[:3], ref()[:3]}}
	if g.below(4) == 0 {
		config[[]string{"input_layers", "output_layers", "layers"}[g.below(3)]] = g.value(0)
	}
	return layer("Functional", config)
}
