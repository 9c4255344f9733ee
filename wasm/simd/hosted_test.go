//go:build !js

package simd_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/tabgrad/tabgrad/wasm/kernels"
	"github.com/tabgrad/tabgrad/wasm/simd/internal/training"
)

// hosted is a folder with what internal/hosted/hosted.mjs starts, made once.
var hosted = sync.OnceValues(func() (string, error) {
	folder, err := os.MkdirTemp("", "tabgrad-hosted")
	if err != nil {
		return "", err
	}
	build := exec.Command("go", "build", "-o", filepath.Join(folder, "hosted.wasm"), "./internal/hosted")
	build.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return "", err
	}
	runtime, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(root)), "lib", "wasm", "wasm_exec.js"))
	if err != nil {
		return "", err
	}
	for name, content := range map[string][]byte{
		"wasm_exec.js":    runtime,
		"kernels.wasm":    kernels.Module(kernels.Options{Shared: true}),
		"trampoline.wasm": kernels.Trampoline(),
	} {
		if err := os.WriteFile(filepath.Join(folder, name), content, 0o644); err != nil {
			return "", err
		}
	}
	return folder, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if folder, err := hosted(); err == nil {
		os.RemoveAll(folder)
	}
	os.Exit(code)
}

// node runs a command of internal/hosted in Node and returns what it prints.
func node(t *testing.T, lanes int, command string) string {
	t.Helper()
	folder, err := hosted()
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("node", "internal/hosted/hosted.mjs", folder, fmt.Sprint(lanes), command).CombinedOutput()
	if err != nil {
		t.Fatalf("node (version 20 or later is needed): %v\n%s", err, out)
	}
	return strings.TrimSpace(string(out))
}

// TestHosted: in Node, behind the trampoline, the strict kernels give the bits that they give under
// wazero, on one, two and three lanes.
func TestHosted(t *testing.T) {
	for lanes, name := range map[int]string{1: "simd strict, 1 lane", 2: "simd strict, 2 lanes", 3: "simd strict, 3 lanes"} {
		if got, want := node(t, lanes, "golden"), name+" "+training.GoldenHash; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	for _, c := range []struct {
		lanes   int
		command string
	}{{0, "none"}, {1, "flat"}, {2, "full"}} {
		if got := node(t, c.lanes, c.command); !strings.HasPrefix(got, "ok") {
			t.Errorf("%s: %s", c.command, got)
		} else {
			t.Log(c.command, got)
		}
	}
}
