package e2e

import (
	"net/http"
	"path/filepath"
	"strings"
	"testing"
)

// Keras's golden cases through the JavaScript API in a browser, on the kernels that a page gets: with relaxed multiply-adds and Winograd.
func TestKerasNumbers(t *testing.T) {
	p := open(t, options{path: "bench/", wrap: func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			name := strings.TrimPrefix(r.URL.Path, "/goldens/")
			switch {
			case name == r.URL.Path:
				next.ServeHTTP(w, r)
			case name == "goldens.js":
				w.Header().Set("Content-Type", "text/javascript")
				http.ServeFile(w, r, filepath.Join("..", "..", "bindings", "npm", "test", "goldens.mjs"))
			default:
				http.ServeFile(w, r, filepath.Join("..", "..", "nn", "testdata", "keras", filepath.Base(name)))
			}
		})
	}})
	got := eval[struct {
		Compared float64
		Failures []string
		Kernels  string
	}](p, `(async () => {
		const { load } = await import('/tabgrad/index.js');
		const { compare, families } = await import('/goldens/goldens.js');
		const tg = await load({ threads: 2 });
		let [Compared, Failures] = [0, []];
		for (const family of families) {
			const { cases } = await fetch('/goldens/' + family + '.json').then((answer) => answer.json());
			const { compared, failures } = await compare(tg, family, cases);
			Compared += compared;
			Failures.push(...failures);
		}
		const Kernels = tg.info.kernels;
		await tg.close();
		return { Compared, Failures, Kernels };
	})()`)
	if len(got.Failures) > 0 {
		t.Errorf("%d differ from Keras:\n%s", len(got.Failures), strings.Join(got.Failures, "\n"))
	}
	if got.Compared < 600 {
		t.Errorf("%v cases were compared, wanted at least 600", got.Compared)
	}
	t.Logf("%v cases on %s kernels", got.Compared, got.Kernels)
}
