package nn_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const module = "github.com/tabgrad/tabgrad"

// arrows is the table of nn/RATIONALE.md: what each package of this module may import of this
// module and of others. A package may import what its longest matching row lists, and packages
// below its own folder. "std" is the standard library, "*" is anything.
var arrows = []struct {
	pkg string
	may []string
}{
	{"nn", []string{"std", "nn/prog"}},
	{"nn/prog", []string{"std"}},
	{"nn/cpu", []string{"std", "nn/prog", "gonum.org/v1/gonum"}},
	{"nn/backendtest", []string{"std", "nn/prog", "nn/cpu"}},
	{"nn/format", []string{"std", "nn", "nn/prog"}},
	{"nn/data", []string{"std", "nn/prog", "nn/data"}},
	{"nn/data/mnist", []string{"std", "nn/data"}},
	{"wasm/asm", []string{"std"}},
	{"wasm/kernels", []string{"std", "wasm/asm"}},
	{"wasm/kernels/bench", []string{"*"}},
	{"wasm/kernels/generate", []string{"std", "wasm/kernels"}},
	{"wasm/simd", []string{"std", "nn/prog", "wasm/kernels", "wasm/asm", "github.com/tetratelabs/wazero"}},
	{"wasm/simd/internal", []string{"std", "nn/prog", "wasm/simd"}},
	{"wasm/simd/profile", []string{"*"}},
	{"wasm/browser", []string{"*"}},
	{"wasm/shrink", []string{"std", "wasm/asm"}},
	{"wasm/worker", []string{"std", "nn/cpu", "wasm/simd", "wasm/worker", "github.com/syumai/workers"}},
	{"wasm/worker/endpoint", []string{"std", "nn", "nn/prog", "nn/data", "nn/format"}},
	{"wasm/worker/modelfile", []string{"std", "nn", "nn/data", "nn/format", "nn/cpu", "wasm/simd"}},
	{"wasm/worker/workerd", []string{"std"}},
	{"wasm/worker/folder", []string{"std", "wasm/worker/workerd"}},
	{"wasm/worker/build", []string{"std", "wasm/worker"}},
	{"wasm/worker/bench", []string{"*"}},
	{"bindings", []string{"std", "nn", "nn/prog", "nn/data", "nn/format", "nn/cpu", "wasm/simd"}},
	{"bindings/gen", []string{"std", "nn", "bindings"}},
	{"nn/examples", []string{"std", "nn", "nn/prog", "nn/cpu", "nn/data", "wasm/simd", "nn/examples/files"}},
	{"www", []string{"std", "nn/data/mnist", "www"}},
	{"www/bench", []string{"*"}},
	{"www/e2e", []string{"*"}},
}

type goPackage struct {
	ImportPath, Dir string
	Standard        bool
	Imports, Deps   []string
	GoFiles         []string
}

func goList(t *testing.T, goos, goarch string, args ...string) []goPackage {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list", "-deps", "-json=ImportPath,Dir,Standard,Imports,Deps,GoFiles"}, args...)...)
	cmd.Dir = ".."
	cmd.Env = append(os.Environ(), "GOOS="+goos, "GOARCH="+goarch)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.String())
	}
	var list []goPackage
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p goPackage
		err := dec.Decode(&p)
		if errors.Is(err, io.EOF) {
			return list
		}
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, p)
	}
}

// row is the arrows of the package at path (relative to the module).
func row(path string) (may []string, ok bool) {
	best := -1
	for _, a := range arrows {
		if (path == a.pkg || strings.HasPrefix(path, a.pkg+"/")) && len(a.pkg) > best {
			best, may = len(a.pkg), a.may
		}
	}
	return may, best >= 0
}

// TestImports fails when a package imports what the table of nn/RATIONALE.md doesn't allow it, on
// either platform.
func TestImports(t *testing.T) {
	for _, platform := range [][2]string{{"linux", "amd64"}, {"js", "wasm"}} {
		packages := goList(t, platform[0], platform[1], "./...")
		standard := map[string]bool{"C": true, "unsafe": true}
		for _, p := range packages {
			if p.Standard {
				standard[p.ImportPath] = true
			}
		}
		seen := 0
		for _, p := range packages {
			path, ours := strings.CutPrefix(p.ImportPath, module+"/")
			if !ours {
				continue
			}
			seen++
			may, ok := row(path)
			if !ok {
				t.Errorf("%s: no row for it in the table of imports", path)
			}
			for _, imp := range p.Imports {
				if !allowed(path, imp, may, standard) {
					t.Errorf("%s: %s may not import %s", platform[0], path, imp)
				}
			}
		}
		if seen < 5 {
			t.Fatalf("%s: go list found only %d packages of this module", platform[0], seen)
		}
	}
}

func allowed(path, imp string, may []string, standard map[string]bool) bool {
	for _, m := range may {
		switch {
		case m == "*", m == "std" && standard[imp]:
			return true
		case imp == m, imp == module+"/"+m:
			return true
		case strings.HasPrefix(imp, m+"/"), strings.HasPrefix(imp, module+"/"+m+"/") && m != "nn":
			return true
		}
	}
	return strings.HasPrefix(imp, module+"/"+path+"/")
}

// TestSyscallJS: syscall/js appears only in *_js.go files under bindings and wasm, so that
// everything else is tested natively.
func TestSyscallJS(t *testing.T) {
	err := filepath.WalkDir("..", func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "node_modules" || d.Name() == "dist" || d.Name() == ".git") {
			return filepath.SkipDir
		}
		if d.IsDir() || filepath.Ext(path) != ".go" {
			return nil
		}
		src, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		rel := filepath.ToSlash(path)
		home := strings.HasPrefix(rel, "../bindings/") || strings.HasPrefix(rel, "../wasm/")
		if bytes.Contains(src, []byte("\t\"syscall"+"/js\"\n")) && (!strings.HasSuffix(rel, "_js.go") || !home) {
			t.Errorf("%s imports syscall/js", rel)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
