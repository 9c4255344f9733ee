package e2e

import (
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// The engine is small enough to be loaded with a page.
func TestEngineSize(t *testing.T) {
	const limit = 718 * 1000 // bytes, beside 32 KB of kernels
	const script = `const { readFileSync } = require('fs');
		process.stdout.write(String(require('zlib').brotliCompressSync(readFileSync(process.argv[1])).length))`
	out, err := exec.Command("node", "-e", script, filepath.Join(siteDir, "tabgrad", "tabgrad.wasm")).Output()
	if err != nil {
		t.Fatal(err)
	}
	size, err := strconv.Atoi(strings.TrimSpace(string(out)))
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("tabgrad.wasm takes %d bytes as brotli packs it", size)
	if size > limit {
		t.Errorf("tabgrad.wasm takes %d bytes as brotli packs it, want at most %d", size, limit)
	}
}

// How soon after the page is opened the dense network has done its first training step, when Train is pressed as soon as
// that can be done. The time is told, not judged: the machine may be doing anything else.
func TestFirstStep(t *testing.T) {
	p := open(t, options{wholeMNIST: true, before: `
		addEventListener('DOMContentLoaded', () => {
			document.querySelector('[name=model][value=mlp]').click();
			const train = document.querySelector('#train');
			new MutationObserver((_, observer) => {
				observer.disconnect();
				train.click();
			}).observe(train, { attributes: true, attributeFilter: ['disabled'] });
		});`})
	p.inState("training")
	wait[bool](p, "performance.getEntriesByName('first step').length > 0")
	marks := eval[map[string]float64](p, "Object.fromEntries(performance.getEntriesByType('mark').map((m) => [m.name, m.startTime]))")
	t.Logf("after opening the page: engine %.0f ms, Train %.0f ms, first step of the dense network %.0f ms", marks["engine"], marks["train"], marks["first step"])
	p.click("#stop")
	p.inState("idle")
}
