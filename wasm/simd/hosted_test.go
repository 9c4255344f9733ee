//go:build !js

package simd_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tabgrad/tabgrad/wasm/kernels"
	"github.com/tabgrad/tabgrad/wasm/simd"
	"github.com/tabgrad/tabgrad/wasm/simd/internal/training"
)

// hostedFolder makes what testdata/hosted.mjs starts.
func hostedFolder(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	build := exec.Command("go", "test", "-c", "-o", filepath.Join(folder, "hosted.wasm"), ".")
	build.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	root, err := exec.Command("go", "env", "GOROOT").Output()
	must(t, err)
	runtime, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(root)), "lib", "wasm", "wasm_exec.js"))
	must(t, err)
	for name, content := range map[string][]byte{
		"wasm_exec.js":               runtime,
		"kernels-strict.wasm":        kernels.Module(kernels.Options{Shared: true}),
		"kernels-strict-single.wasm": kernels.Module(kernels.Options{}),
		"kernels-relaxed.wasm":       kernels.Module(kernels.Options{Shared: true, Relaxed: true}),
		"trampoline.wasm":            kernels.Trampoline(),
	} {
		must(t, os.WriteFile(filepath.Join(folder, name), content, 0o644))
	}
	return folder
}

// TestInNode runs the tests of hosted_js_test.go in Node, behind the trampoline: the strict kernels
// give the bits that they give under wazero, on one and two lanes, and the relaxed ones conform, too.
func TestInNode(t *testing.T) {
	folder := hostedFolder(t)
	native, err := simd.NewNative(1)
	must(t, err)
	normal, err := normalHash(native)
	must(t, err)
	for _, c := range []struct {
		variant string
		lanes   int
		run     string
		prints  string
	}{
		{"strict", 0, "WithoutKernels", ""},
		{"strict", 2, "Lost", ""},
		{"strict-single", 1, "Golden|Allocate|RunsOut", "simd strict, 1 lane " + training.GoldenHash},
		{"strict", 2, "Normal", normal},
		{"strict", 2, "Golden|RunsOut", "simd strict, 2 lanes " + training.GoldenHash},
		{"relaxed", 1, "Golden|Conformance|Winograd", "simd relaxed, 1 lane "},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
		node := exec.CommandContext(ctx, "node", "testdata/hosted.mjs", folder, c.variant, fmt.Sprint(c.lanes), "-test.run=^TestHosted("+c.run+")$")
		if c.run == "Lost" {
			node.Env = append(os.Environ(), "LOSE=1")
		}
		out, err := node.CombinedOutput()
		cancel()
		if err != nil {
			t.Errorf("%+v: node (version 20 or later is needed): %v\n%s", c, err, out)
		}
		if !strings.Contains(string(out), c.prints) {
			t.Errorf("%+v: it printed %s", c, out)
		}
	}
}
