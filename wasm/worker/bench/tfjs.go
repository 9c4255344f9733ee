package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/tabgrad/tabgrad/nn/format"
)

// writeTFJS makes the folder of a Worker that answers with TensorFlow.js and the model. It gets TensorFlow.js from npm,
// where that has not been done.
func writeTFJS(root, out string, a *format.Artifacts) error {
	dir := filepath.Join(root, "wasm", "worker", "bench", "tfjs")
	if _, err := os.Stat(filepath.Join(dir, "node_modules", ".package-lock.json")); err != nil {
		install := exec.Command("npm", "ci", "--ignore-scripts")
		install.Dir = dir
		if text, err := install.CombinedOutput(); err != nil {
			return fmt.Errorf("npm ci in %s: %w\n%s", dir, err, text)
		}
	}
	bundle := exec.Command("node_modules/.bin/esbuild", "worker.mjs", "--bundle", "--minify", "--format=esm", "--platform=browser",
		"--external:*.wasm", "--log-level=warning", "--outfile="+filepath.Join(out, "worker.mjs"))
	bundle.Dir = dir
	if text, err := bundle.CombinedOutput(); err != nil {
		return fmt.Errorf("esbuild: %w\n%s", err, text)
	}
	const module = "tfjs-backend-wasm-simd.wasm"
	backend, err := os.ReadFile(filepath.Join(dir, "node_modules", "@tensorflow", "tfjs-backend-wasm", "dist", module))
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(out, module), backend, 0o644); err != nil {
		return err
	}
	files, err := format.WriteTFJS(a, "")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(out, "assets"), 0o755); err != nil {
		return err
	}
	for _, f := range files {
		if err := os.WriteFile(filepath.Join(out, "assets", f.Name), f.Data, 0o644); err != nil {
			return err
		}
	}
	return nil
}
