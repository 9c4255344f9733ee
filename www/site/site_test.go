package site

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// sources makes a small site's sources: what Assemble copies doesn't have to work, only to arrive.
func sources(t *testing.T) Sources {
	t.Helper()
	dir := t.TempDir()
	from := Sources{Page: filepath.Join(dir, "page"), Engine: filepath.Join(dir, "engine"), UPlot: filepath.Join(dir, "uplot"), Examples: filepath.Join(dir, "examples"), Texts: []string{filepath.Join(dir, "text.csv")}}
	for path, text := range map[string]string{
		"page/index.html":            "<!doctype html>the page",
		"page/bench/page/index.html": "<!doctype html>the benchmark",
		"page/examples.html":         "<!doctype html>the examples",
		"page/favicon.svg":           "<svg/>",
		"page/css/base.css":          "body {}",
		"page/js/main.js":            "import '../tabgrad/index.js';",
		"page/js/.hidden":            "an editor's leftover",
		"page/package.json":          "{}",
		"engine/index.js":            "export {};",
		"engine/tabgrad.wasm":        "\x00asm",
		"examples/one.mjs":           "export const title = '';",
		"text.csv":                   "a,b",
		"uplot/uPlot.esm.js":         "export default {};",
		"uplot/uPlot.min.css":        ".u {}",
		"uplot/uPlot.iife.js":        "not copied",
		"outside/secret.txt":         "not to be served",
		"mnist/" + MNISTFiles[0]:     "images",
	} {
		put(t, filepath.Join(dir, path), text)
	}
	return from
}

func put(t *testing.T, path, text string) {
	t.Helper()
	if err := write(path, []byte(text)); err != nil {
		t.Fatal(err)
	}
}

func TestAssemble(t *testing.T) {
	from := sources(t)
	out := filepath.Join(t.TempDir(), "dist")
	if err := Assemble(from, out); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"_headers", "bench/index.html", "bench/peers/index.json", "css/base.css", "examples/files/text.csv", "examples/one.mjs", "examples.html",
		"favicon.svg", "index.html", "js/main.js", "mnist/index.json",
		"tabgrad/index.js", "tabgrad/tabgrad.wasm", "vendor/uPlot.esm.js", "vendor/uPlot.min.css",
	}
	if got := files(t, out); strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("the site holds\n%v, want\n%v", got, want)
	}
	// What an earlier build left behind goes.
	put(t, filepath.Join(out, "js", "gone.js"), "old")
	if err := Assemble(from, out); err != nil {
		t.Fatal(err)
	}
	if got := files(t, out); len(got) != len(want) {
		t.Errorf("after a second build the site holds %v, want %v", got, want)
	}
}

func TestAssembleErrors(t *testing.T) {
	t.Run("engine not built", func(t *testing.T) {
		from := sources(t)
		from.Engine = filepath.Join(from.Engine, "nowhere")
		err := Assemble(from, filepath.Join(t.TempDir(), "dist"))
		if !errors.Is(err, ErrMissing) || !strings.Contains(err.Error(), "make build") {
			t.Errorf("got %v, want ErrMissing and the command that helps", err)
		}
	})
	t.Run("uPlot not installed", func(t *testing.T) {
		from := sources(t)
		from.UPlot = filepath.Join(from.UPlot, "nowhere")
		err := Assemble(from, filepath.Join(t.TempDir(), "dist"))
		if !errors.Is(err, ErrMissing) || !strings.Contains(err.Error(), "npm ci") {
			t.Errorf("got %v, want ErrMissing and the command that helps", err)
		}
	})
	t.Run("a folder that is someone else's", func(t *testing.T) {
		out := t.TempDir()
		put(t, filepath.Join(out, "thesis.txt"), "years of work")
		if err := Assemble(sources(t), out); err == nil {
			t.Error("a folder that is no site was emptied")
		}
		if got := files(t, out); len(got) != 1 || got[0] != "thesis.txt" {
			t.Errorf("the folder now holds %v", got)
		}
	})
}

func TestHandler(t *testing.T) {
	from := sources(t)
	dir := filepath.Join(t.TempDir(), "dist")
	if err := Assemble(from, dir); err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(filepath.Dir(dir), "secret.txt"), "not to be served")
	if err := os.Symlink(filepath.Join(filepath.Dir(dir), "secret.txt"), filepath.Join(dir, "link.txt")); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.StripPrefix("/some/path", Handler(Options{Dir: dir})))
	defer server.Close()
	for _, test := range []struct {
		method, path string
		status       int
		kind         string
	}{
		{"GET", "/", 200, "text/html; charset=utf-8"},
		{"GET", "/index.html", 200, "text/html; charset=utf-8"},
		{"HEAD", "/js/main.js", 200, "text/javascript; charset=utf-8"},
		{"GET", "/tabgrad/tabgrad.wasm", 200, "application/wasm"},
		{"GET", "/favicon.svg", 200, "image/svg+xml"},
		{"GET", "/mnist/index.json", 200, "application/json"},
		{"GET", "/js/", 404, ""},
		{"GET", "/js", 404, ""},
		{"GET", "/nothing.js", 404, ""},
		{"GET", "/mnist/" + MNISTFiles[0], 404, ""},
		{"GET", "/link.txt", 500, ""},
		{"GET", "/..%2fsecret.txt", 404, ""},
		{"POST", "/", 405, ""},
	} {
		t.Run(test.method+" "+test.path, func(t *testing.T) {
			request, err := http.NewRequest(test.method, server.URL+"/some/path"+test.path, nil)
			if err != nil {
				t.Fatal(err)
			}
			response, err := http.DefaultClient.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close()
			body, err := io.ReadAll(response.Body)
			if err != nil {
				t.Fatal(err)
			}
			if response.StatusCode != test.status {
				t.Errorf("status %d, want %d", response.StatusCode, test.status)
			}
			if got := response.Header.Get("Content-Type"); test.kind != "" && got != test.kind {
				t.Errorf("Content-Type %q, want %q", got, test.kind)
			}
			if bytes.Contains(body, []byte("not to be served")) {
				t.Error("a file outside the site was served")
			}
			for _, h := range append(always, isolation...) {
				if got := response.Header.Get(h.name); got != h.value {
					t.Errorf("%s is %q, want %q", h.name, got, h.value)
				}
			}
		})
	}
}

func TestHandlerNotIsolated(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "dist")
	if err := Assemble(sources(t), dir); err != nil {
		t.Fatal(err)
	}
	answer := httptest.NewRecorder()
	Handler(Options{Dir: dir, NotIsolated: true}).ServeHTTP(answer, httptest.NewRequest("GET", "/", nil))
	if got := answer.Header().Get("Cross-Origin-Opener-Policy") + answer.Header().Get("Cross-Origin-Embedder-Policy"); got != "" {
		t.Errorf("COOP and COEP are %q, want none", got)
	}
	if answer.Header().Get("Content-Security-Policy") != policy {
		t.Error("the policy is gone too")
	}
}

// A folder may have MNIST's files as they are or gzipped; the page always asks for .gz.
func TestHandlerMNIST(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "dist")
	if err := Assemble(sources(t), dir); err != nil {
		t.Fatal(err)
	}
	mnist := t.TempDir()
	put(t, filepath.Join(mnist, MNISTFiles[0]), "as it is")
	put(t, filepath.Join(mnist, "train-labels-idx1-ubyte"), "labels, plain")
	put(t, filepath.Join(mnist, "notes.txt"), "not MNIST's")
	handler := Handler(Options{Dir: dir, MNIST: mnist})
	get := func(path string) *httptest.ResponseRecorder {
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, httptest.NewRequest("GET", path, nil))
		return answer
	}
	if got := get("/mnist/index.json").Body.String(); !strings.Contains(got, MNISTFiles[3]) {
		t.Errorf("the index is %s", got)
	}
	if got := get("/mnist/" + MNISTFiles[0]).Body.String(); got != "as it is" {
		t.Errorf("got %q", got)
	}
	plain, err := gzip.NewReader(get("/mnist/" + MNISTFiles[1]).Body)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(plain); err != nil || string(got) != "labels, plain" {
		t.Errorf("got %q, %v", got, err)
	}
	for _, path := range []string{"/mnist/notes.txt", "/mnist/" + MNISTFiles[2]} {
		if got := get(path).Code; got != 404 {
			t.Errorf("%s: status %d, want 404", path, got)
		}
	}
}

func files(t *testing.T, dir string) []string {
	t.Helper()
	var names []string
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			rel, _ := filepath.Rel(dir, path)
			names = append(names, filepath.ToSlash(rel))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// The benchmark's other libraries come from npm's folder: only their dist, and with a policy that lets them work.
func TestPeers(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "dist")
	if err := Assemble(sources(t), dir); err != nil {
		t.Fatal(err)
	}
	modules := t.TempDir()
	put(t, filepath.Join(modules, "@jax-js", "jax", "package.json"), `{"name":"@jax-js/jax","version":"0.1.2"}`)
	put(t, filepath.Join(modules, "@jax-js", "jax", "dist", "index.js"), "the library")
	put(t, filepath.Join(modules, "other", "dist", "index.js"), "not to be served")
	put(t, filepath.Join(dir, "bench", "peers", "worker.js"), "the worker")

	with := httptest.NewServer(Handler(Options{Dir: dir, Peers: modules}))
	defer with.Close()
	without := httptest.NewServer(Handler(Options{Dir: dir}))
	defer without.Close()
	for _, test := range []struct {
		url    string
		status int
		body   string
		loose  bool
	}{
		{with.URL + "/bench/peers/index.json", 200, `{"jax-js":"0.1.2"}` + "\n", true},
		{with.URL + "/bench/peers/jax-js/index.js", 200, "the library", true},
		{with.URL + "/bench/peers/worker.js", 200, "the worker", true},
		{with.URL + "/bench/peers/jax-js/package.json", 404, "no such file\n", true},
		{with.URL + "/bench/peers/jax-js/..%2fpackage.json", 404, "no such file\n", true},
		{with.URL + "/bench/peers/other/index.js", 404, "no such file\n", true},
		{with.URL + "/bench/", 200, "<!doctype html>the benchmark", false},
		{without.URL + "/bench/peers/index.json", 200, "{}\n", true},
		{without.URL + "/bench/peers/jax-js/index.js", 404, "no such file\n", true},
	} {
		response, err := http.Get(test.url)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		response.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		if response.StatusCode != test.status || string(body) != test.body {
			t.Errorf("%s: %d %q, want %d %q", test.url, response.StatusCode, body, test.status, test.body)
		}
		if loose := strings.Contains(response.Header.Get("Content-Security-Policy"), "'unsafe-eval'"); loose != test.loose {
			t.Errorf("%s: a policy for other libraries %v, want %v", test.url, loose, test.loose)
		}
	}
}
