package e2e

import (
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tabgrad/tabgrad/www/site"
)

type benchResults struct {
	Systems   []struct{ ID, Name, Version string }
	Workloads []struct{ ID, Name string }
	Rows      []struct {
		Workload, System string
		Rounds           []float64
		Error            string
	}
}

// The benchmark page does all its workloads on all its systems, with one sample: each gives a number or says why it can't.
func TestBenchmarkPage(t *testing.T) {
	root := filepath.Join("..", "..")
	versions, err := site.PeerVersions(site.PeersIn(root))
	if err != nil {
		t.Fatal(err)
	}
	if len(versions) != 3 {
		t.Fatalf("installed are %v, want tfjs, its wasm backend and jax-js: run npm ci in www/bench, or make test", versions)
	}
	p := open(t, options{
		path: "bench/",
		wrap: func(http.Handler) http.Handler {
			return site.Handler(site.Options{Dir: siteDir, Peers: site.PeersIn(root)})
		},
	})
	wait[bool](p, "!document.querySelector('#start').disabled")
	if text := p.text("#systems"); !strings.Contains(text, "tfjs, wasm ("+versions["tfjs-wasm"]+")") {
		t.Errorf("the page says that it has %s", text)
	}
	if eval[bool](p, "!document.querySelector('#missing').hidden") {
		t.Error("the page says that libraries are missing, which are there")
	}
	var workloads []string
	for _, w := range eval[[]struct{ ID string }](p, "import('/bench/workloads.js').then((m) => m.workloads.map(({ id }) => ({ ID: id })))") {
		workloads = append(workloads, w.ID)
	}
	if want := []string{"cnn", "mlp", "mlp512", "deep", "lstm", "predict1", "predict1000", "start"}; !slices.Equal(workloads, want) {
		t.Errorf("workloads %v, want %v", workloads, want)
	}
	cannot := map[string]string{
		"cnn tfjs-wasm":  "Conv2DBackpropFilter",
		"deep tfjs-wasm": "Conv2DBackpropFilter",
		"lstm jax-js":    "no layer lstm for jax-js",
	}
	for _, workload := range workloads {
		got := eval[benchResults](p, fmt.Sprintf("bench({ quick: true, rounds: 1, roundMs: 1, limit: 170000, only: '^%s$' })", workload))
		if len(got.Rows) != len(got.Systems) || len(got.Systems) != 5 {
			t.Errorf("%s: %d rows of %d systems, want 5 of 5", workload, len(got.Rows), len(got.Systems))
		}
		for _, row := range got.Rows {
			key := row.Workload + " " + row.System
			if want, expected := cannot[key]; expected {
				if !strings.Contains(row.Error, want) || len(row.Rounds) != 0 {
					t.Errorf("%s: %v, error %q, want one of %s", key, row.Rounds, row.Error, want)
				}
				continue
			}
			if row.Error != "" || len(row.Rounds) != 1 || !(row.Rounds[0] > 0) {
				t.Errorf("%s: rounds %v, error %q", key, row.Rounds, row.Error)
			}
		}
	}
}

// Without the other libraries the page measures tabgrad, shows that in its table, and says what is missing.
func TestBenchmarkPageAlone(t *testing.T) {
	p := open(t, options{path: "bench/", notIsolated: true})
	wait[bool](p, "!document.querySelector('#start').disabled")
	for _, note := range []string{"#missing", "#lanes"} {
		if eval[bool](p, fmt.Sprintf("document.querySelector(%q).hidden", note)) {
			t.Errorf("the note %s is not shown", note)
		}
	}
	got := eval[benchResults](p, "bench({ quick: true, rounds: 2, roundMs: 1, only: '^mlp$' })")
	if len(got.Rows) != 1 || got.Rows[0].System != "tabgrad-1" || len(got.Rows[0].Rounds) != 2 {
		t.Errorf("rows %+v, want tabgrad on one lane, two rounds", got.Rows)
	}
	if table := eval[string](p, "document.querySelector('#results table').innerText"); !strings.Contains(table, "MLP 784-128-10") || !strings.Contains(table, "tabgrad, 1 lane") {
		t.Errorf("the table says %s", table)
	}
}
