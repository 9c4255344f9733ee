// Package folder writes a Worker's folder: what Cloudflare gets, and wrangler's configuration for it.
package folder

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/tabgrad/tabgrad/wasm/worker/workerd"
)

// Write makes the folder out of a Worker that answers with model, which is what modelfile.Get returns. root is the
// repository's.
func Write(root, out string, model []byte) error {
	if err := os.MkdirAll(filepath.Join(out, "assets"), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(out, "assets", "model.safetensors"), model, 0o644); err != nil {
		return err
	}
	abs, err := filepath.Abs(out)
	if err != nil {
		return err
	}
	build := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", filepath.Join(abs, "endpoint.wasm"), "./wasm/worker")
	build.Dir = root
	build.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm")
	if text, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w\n%s", err, text)
	}
	for from, to := range map[string]string{
		"wasm/kernels/gen_kernels_strict_single.wasm": "kernels.wasm",
		"wasm/kernels/gen_trampoline.wasm":            "trampoline.wasm",
		"wasm/worker/js/worker.mjs":                   "worker.mjs",
	} {
		b, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(from)))
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(out, to), b, 0o644); err != nil {
			return err
		}
	}
	if err := writeRuntime(filepath.Join(out, "go_runtime.mjs")); err != nil {
		return err
	}
	return writeWrangler(filepath.Join(out, "wrangler.json"))
}

// writeRuntime wraps wasm_exec.js, which must be that of the compiler, unpatched, into a function whose
// parameters are the globals that it reads and writes.
func writeRuntime(path string) error {
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return err
	}
	source, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(root)), "lib", "wasm", "wasm_exec.js"))
	if err != nil {
		return err
	}
	var b bytes.Buffer
	b.WriteString("export default function (globalThis, fs, setTimeout, clearTimeout) {\n")
	b.Write(source)
	b.WriteString("\nreturn globalThis.Go;\n}\n")
	return os.WriteFile(path, b.Bytes(), 0o644)
}

func writeWrangler(path string) error {
	type object = map[string]any
	b, err := json.MarshalIndent(object{
		"name":                    "tabgrad-endpoint",
		"main":                    "worker.mjs",
		"compatibility_date":      workerd.CompatibilityDate,
		"no_bundle":               true,
		"find_additional_modules": true,
		"rules":                   []object{{"type": "CompiledWasm", "globs": []string{"**/*.wasm"}, "fallthrough": false}, {"type": "ESModule", "globs": []string{"**/*.mjs"}, "fallthrough": false}},
		// The Worker gets every request first: the model is for it alone.
		"assets":        object{"directory": "assets", "binding": "ASSETS", "run_worker_first": true},
		"observability": object{"enabled": true},
	}, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(b, '\n'), 0o644)
}
