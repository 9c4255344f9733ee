//go:build !js

package kernels_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/tabgrad/tabgrad/wasm/kernels"
)

// TestPatienceInLiftoff: a lane waits as long as it was told to, also in code of V8's baseline compiler, which once made it
// give up at the first of its sleeps. The bound is from below: a busy machine can only make it later.
func TestPatienceInLiftoff(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string][]byte{
		"kernels.wasm": kernels.Module(kernels.Options{Shared: true}),
		"patience.mjs": []byte(patienceScript),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("node", "--liftoff-only", "patience.mjs")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("node: %v\n%s", err, out)
	}
}

// patienceScript runs an op on two lanes of which one is not there, with a patience of four sleeps of 100 ms.
const patienceScript = `
import { readFileSync } from 'node:fs';
const memory = new WebAssembly.Memory({ initial: 1, maximum: 65536, shared: true });
const { instance } = await WebAssembly.instantiate(readFileSync('kernels.wasm'), { env: { memory } });
const words = new Int32Array(memory.buffer);
words[516 / 4] = 4; // ControlPatience
words.set([1, 1, 3, 4096, 0, 0], 512); // a program: fill no elements
const began = performance.now();
const status = instance.exports.start(2048, 2);
const waited = performance.now() - began;
if (status !== 1) throw new Error('the status is ' + status + ', want 1, a lane was lost');
if (waited < 390) throw new Error('the lane gave up after ' + waited + ' ms, want 400');
`
