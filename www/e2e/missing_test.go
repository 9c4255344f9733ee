package e2e

import (
	"net/http"
	"strings"
	"testing"
)

// Without the engine's files the page says so, and what to do.
func TestEngineFilesMissing(t *testing.T) {
	t.Parallel()
	p := open(t, options{
		wrap: func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if strings.HasPrefix(r.URL.Path, "/tabgrad/") {
					http.NotFound(w, r)
					return
				}
				next.ServeHTTP(w, r)
			})
		},
		expected: []string{"/tabgrad/index.js"},
	})
	said := p.problem()
	if !strings.Contains(said, "files are missing") || !strings.Contains(said, "make build") || !strings.Contains(said, "Reload the page") {
		t.Errorf("the panel says %q", said)
	}
	if disabled := eval[bool](p, "document.querySelector('#train').disabled"); !disabled {
		t.Error("Train can be pressed without an engine")
	}
}

// A server that answers everything unknown with its front page sends HTML where a .wasm is wanted.
func TestWasmServedAsHTML(t *testing.T) {
	t.Parallel()
	p := open(t, options{wrap: func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, "/tabgrad.wasm") {
				r.URL.Path = "/index.html"
			}
			next.ServeHTTP(w, r)
		})
	}})
	said := p.problem()
	if !strings.Contains(said, "could not be loaded") || !strings.Contains(said, "tabgrad.wasm") || !strings.Contains(said, "html") {
		t.Errorf("the panel says %q; want it to name tabgrad.wasm and that HTML came", said)
	}
}

// Under a path, and without MNIST: the page says that it isn't there and trains on digits of its own.
func TestSubPathWithoutMNIST(t *testing.T) {
	p := open(t, options{prefix: "/some/where/", noMNIST: true})
	said := p.problem()
	if !strings.Contains(said, "MNIST isn’t here") {
		t.Errorf("the panel says %q", said)
	}
	p.ready()
	if status := p.text("#status"); !strings.Contains(status, "8,000 generated digits") {
		t.Errorf("the status is %q, want generated digits", status)
	}
	if disabled := eval[bool](p, "document.querySelector('[name=data][value=mnist]').disabled"); !disabled {
		t.Error("MNIST can still be chosen")
	}
	p.click("[name=model][value=mlp]")
	p.fill("#epochs", "1")
	p.train()
	if accuracy := percent(t, p.text("#test-accuracy")); accuracy < 0.7 {
		t.Errorf("test accuracy %.4f on generated digits", accuracy)
	}
}
