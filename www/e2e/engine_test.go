package e2e

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// library opens a page of the site that starts no engine by itself, with load, trainedHash and the engine's files at hand.
func library(t *testing.T, o options) *page {
	t.Helper()
	hash := filepath.Join("..", "..", "bindings", "npm", "test", "hash.mjs")
	o.path = "bench/"
	o.wrap = func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/hash.js" {
				w.Header().Set("Content-Type", "text/javascript")
				http.ServeFile(w, r, hash)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
	p := open(t, o)
	eval[bool](p, `(async () => {
		window.load = (await import('/tabgrad/index.js')).load;
		window.trainedHash = (await import('/hash.js')).trainedHash;
		return crossOriginIsolated;
	})()`)
	return p
}

// The same 50 steps that bindings/hash_test.go does on wazero and bindings/npm's tests in Node give the same bits here.
func TestSameBitsAsEverywhere(t *testing.T) {
	golden, err := os.ReadFile(filepath.Join("..", "..", "bindings", "testdata", "hash.txt"))
	if err != nil {
		t.Fatal(err)
	}
	p := library(t, options{})
	for lanes := 1; lanes <= 3; lanes++ {
		got := eval[struct {
			Hash    string
			Threads int
			Kernels string
		}](p, fmt.Sprintf(`(async () => {
			const tg = await load({ threads: %d, deterministic: true });
			const hash = await trainedHash(tg);
			await tg.close();
			return { Hash: hash, Threads: tg.threads, Kernels: tg.info.kernels };
		})()`, lanes))
		if got.Threads != lanes || got.Kernels != "strict" {
			t.Errorf("the engine runs %s kernels on %d lanes, want strict ones on %d", got.Kernels, got.Threads, lanes)
		}
		if want := strings.TrimSpace(string(golden)); got.Hash != want {
			t.Errorf("%d lanes: hash %s, want %s", lanes, got.Hash, want)
		}
	}
}

// A training step allocates nothing: over 2,000 steps neither memory grows and Go's heap stays what it was. With all the
// callbacks that a page can have, nothing stays either.
func TestNothingGrows(t *testing.T) {
	p := library(t, options{})
	// Three rounds of 2,000 steps, each ended by stats(), which has Go collect its garbage. In the first two its collector gets the
	// memory that it then keeps; the third must find all as it was.
	const rounds, epochs = 3, 20
	type count struct {
		Milliseconds, HeapBytes, Mallocs, GoMemoryBytes, KernelMemoryBytes, Steps float64
	}
	// A callback at an epoch's end is waited for, so the counts are made between two steps of one fit.
	got := eval[map[string][]count](p, fmt.Sprintf(`(async () => {
		const rounds = %d, epochs = %d;
		const tg = await load({ threads: 2 });
		const { train } = await tg.datasets.digits({ train: 1600, test: 1 });
		const { layers: l } = tg;
		const model = tg.sequential({ layers: [
			l.conv2d({ filters: 4, kernelSize: 3, strides: 2, activation: 'relu', inputShape: [28, 28, 1] }),
			l.maxPooling2d({ poolSize: 2 }),
			l.dropout({ rate: 0.25 }),
			l.flatten(),
			l.dense({ units: 16, activation: 'relu' }),
			l.dense({ units: 10, activation: 'softmax' }),
		] });
		await model.compile({ optimizer: 'adadelta', loss: 'categoricalCrossentropy', metrics: ['accuracy'] });
		const counted = async (callbacks) => {
			const counts = [];
			await model.fit(train.x, train.y, { batchSize: 16, epochs: rounds * epochs, callbacks: {
				...callbacks,
				async onEpochEnd(epoch) {
					if ((epoch + 1) %% epochs === 0) counts.push({ milliseconds: performance.now(), ...(await tg.stats()) });
				},
			} });
			return counts;
		};
		const telling = await counted({ onBatchEnd() {}, onProgress() {}, onEpochBegin() {} });
		const silent = await counted({});
		await tg.close();
		return { telling, silent };
	})()`, rounds, epochs))
	for name, counts := range got {
		before, after := counts[rounds-2], counts[rounds-1]
		steps, milliseconds, mallocs := after.Steps-before.Steps, after.Milliseconds-before.Milliseconds, after.Mallocs-before.Mallocs
		t.Logf("%s: %.0f steps in %.0f ms, heap %.0f to %.0f bytes, %.2f allocations a step, memory %.0f to %.0f bytes (Go), %.0f to %.0f (kernels)",
			name, steps, milliseconds, before.HeapBytes, after.HeapBytes, mallocs/steps,
			before.GoMemoryBytes, after.GoMemoryBytes, before.KernelMemoryBytes, after.KernelMemoryBytes)
		if steps != 2000 {
			t.Errorf("%s: %v steps were counted, want 2,000", name, steps)
		}
		if after.KernelMemoryBytes != before.KernelMemoryBytes {
			t.Errorf("%s: the kernels' memory grew", name)
		}
		// What the page is told becomes garbage, which Go collects when there are 4 MiB; how much there is at the most depends on
		// how fast the page listens. The steps themselves make none.
		spare := 0.0
		if name == "telling" {
			spare = 4 << 20
		}
		if after.GoMemoryBytes > before.GoMemoryBytes+spare {
			t.Errorf("%s: Go's memory grew", name)
		}
		// 8 bytes a step, the least that a step can keep, are 16,000.
		if grown := after.HeapBytes - before.HeapBytes; grown >= 16000 {
			t.Errorf("%s: Go's heap grew by %.0f bytes", name, grown)
		}
		// An epoch's end is told with some 50 allocations, and every 50 ms the engine takes messages with about 10. That leaves
		// no room for one a step.
		if allowed := 64*epochs + 16*(milliseconds/50+1); name == "silent" && mallocs >= allowed+steps/4 {
			t.Errorf("%.0f allocations in %v steps, want at most %.0f, which are not the steps'", mallocs, steps, allowed)
		}
	}
}

// A network that has only seen digits the page draws itself reads most of MNIST's.
func TestGeneratedDigitsTeachMNIST(t *testing.T) {
	if wholeMNIST == "" {
		t.Log("there is no MNIST here (make mnist fetches it): what generated digits teach is measured with generated digits")
	}
	p := library(t, options{wholeMNIST: true})
	accuracy := eval[float64](p, fmt.Sprintf(`(async () => {
		const tg = await load({ threads: 2 });
		const { train, test } = await tg.datasets.digits({ train: 8000, test: 1000 });
		const judge = %t ? (await tg.datasets.mnist({ url: '/mnist/' })).test : test;
		const { layers: l } = tg;
		const model = tg.sequential({ layers: [
			l.conv2d({ filters: 32, kernelSize: 3, activation: 'relu', inputShape: [28, 28, 1] }),
			l.conv2d({ filters: 64, kernelSize: 3, activation: 'relu' }),
			l.maxPooling2d({ poolSize: 2 }),
			l.dropout({ rate: 0.25 }),
			l.flatten(),
			l.dense({ units: 128, activation: 'relu' }),
			l.dropout({ rate: 0.5 }),
			l.dense({ units: 10, activation: 'softmax' }),
		] });
		await model.compile({ optimizer: tg.optimizers.adadelta({ learningRate: 1 }), loss: 'categoricalCrossentropy', metrics: ['accuracy'] });
		await model.fit(train.x, train.y, { batchSize: 64, epochs: 1 });
		const { accuracy } = await model.evaluate(judge.x, judge.y, { batchSize: 256 });
		await tg.close();
		return accuracy;
	})()`, wholeMNIST != ""))
	t.Logf("accuracy after one epoch of 8,000 generated digits: %.4f", accuracy)
	if accuracy < 0.85 {
		t.Errorf("accuracy %.4f, want at least 0.85", accuracy)
	}
}
