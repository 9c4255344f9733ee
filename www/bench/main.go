// Command bench measures tabgrad and other libraries side by side: it opens the page in page/ in a browser without a window,
// lets it measure, and prints the table. Where Python has torch, native PyTorch takes part in the same rounds.
//
//	make bench                                  # all of it, written to results.json and README.md
//	go run ./www/bench -quick                   # does all of it work? (tiny batches)
//	go run ./www/bench -only '^mlp' -rounds 9   # some workloads, printed only
//	go run ./www/bench -write -only '^cnn$' -systems 'tabgrad|pytorch'
//	go run ./www/bench -readme                  # README's table from results.json, as go generate does
//
// It needs make build and npm ci in www/bench first. PYTHON names the Python with torch, CHROME the browser. With -write,
// rows that were measured take the place of the same rows in results.json, and the others stay, each with its date and commit.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"

	"github.com/chromedp/chromedp"

	"github.com/tabgrad/tabgrad/www/e2e/chrome"
	"github.com/tabgrad/tabgrad/www/site"
)

//go:generate go run . -root ../.. -readme

// request is the argument of the page's bench().
type request struct {
	Only    string `json:"only"`
	Systems string `json:"systems"`
	Rounds  int    `json:"rounds"`
	RoundMs int    `json:"roundMs"`
	Limit   int    `json:"limit"` // milliseconds
	Long    bool   `json:"long"`
	Quick   bool   `json:"quick"`
}

func main() {
	var ask request
	flag.StringVar(&ask.Only, "only", "", "only the workloads whose id matches: cnn, mlp, mlp512, deep, lstm, predict1, predict1000, start")
	flag.StringVar(&ask.Systems, "systems", "", "only the systems whose id matches: tabgrad-1, tabgrad-2, pytorch-1, pytorch-2, jax-js, tfjs-wasm, tfjs-cpu")
	flag.IntVar(&ask.Rounds, "rounds", 5, "how often each is measured")
	flag.IntVar(&ask.RoundMs, "round", 500, "milliseconds that a round of one system lasts about")
	limit := flag.Int("limit", 90, "seconds after which a system is ended")
	flag.BoolVar(&ask.Long, "long", true, "also what takes a library seconds or minutes a step")
	flag.BoolVar(&ask.Quick, "quick", false, "tiny batches and one short round: does all of it work?")
	root := flag.String("root", ".", "the repository")
	write := flag.Bool("write", false, "write www/bench/results.json, and README's table from it")
	readme := flag.Bool("readme", false, "measure nothing, write README's table from results.json")
	flag.Parse()
	ask.Limit = *limit * 1000
	if ask.Quick {
		ask.Rounds, ask.RoundMs = 1, 1
	}
	err := error(nil)
	switch {
	case *readme:
		err = updateReadme(*root)
	case ask.Quick && *write:
		err = fmt.Errorf("-quick measures nothing that should be written")
	default:
		err = run(*root, ask, *write)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(root string, ask request, write bool) error {
	native, err := findPyTorch(filepath.Join(root, "www", "bench", "pytorch.py"))
	if err != nil {
		return err
	}
	defer native.close()
	peers := site.PeersIn(root)
	server := httptest.NewServer(withPyTorch(native, peers, site.Handler(site.Options{Dir: filepath.Join(root, "www", "dist"), Peers: peers})))
	defer server.Close()

	ctx, stop, err := chrome.Start(context.Background())
	if err != nil {
		return err
	}
	defer stop()
	if err := chromedp.Do(ctx, chromedp.Navigate(server.URL+"/bench/"), chromedp.WaitReady("#start:not(:disabled)")); err != nil {
		return err
	}
	go tellStatus(ctx)
	measured, err := measure(ctx, ask)
	if err != nil {
		return err
	}
	if err := measured.describe(ctx, root); err != nil {
		return err
	}
	if err := measured.print(os.Stdout); err != nil {
		return err
	}
	if !write {
		return nil
	}
	all, err := readResults(root)
	if err != nil {
		return err
	}
	if err := all.merge(measured).write(root); err != nil {
		return err
	}
	return updateReadme(root)
}

// measure has the page measure, which is all in one call.
func measure(ctx context.Context, ask request) (*results, error) {
	argument, err := json.Marshal(ask)
	if err != nil {
		return nil, err
	}
	call := fmt.Sprintf(`bench({ ...%s, onStatus: (text) => text && console.info(text) }).then(JSON.stringify)`, argument)
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string](call, chromedp.EvalAwaitPromise))
	if err != nil {
		return nil, err
	}
	r := new(results)
	return r, json.Unmarshal([]byte(text), r)
}

// tellStatus prints what the page is at.
func tellStatus(ctx context.Context) {
	for message, err := range chromedp.Console(ctx) {
		if err != nil {
			return
		}
		if message.Type == "info" {
			fmt.Fprintln(os.Stderr, message.Text)
		}
	}
}

// withPyTorch answers the page's questions to native PyTorch, and tells it in the index of the peers that there is one.
func withPyTorch(native *pytorch, peers string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case native != nil && strings.HasSuffix(r.URL.Path, "/peers/index.json"):
			versions, err := site.PeerVersions(peers)
			if err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
				return
			}
			versions["pytorch"] = native.version
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Cross-Origin-Resource-Policy", "same-origin")
			json.NewEncoder(w).Encode(versions)
		case native != nil && r.Method == http.MethodPost && r.URL.Path == "/bench/native":
			native.ServeHTTP(w, r)
		default:
			next.ServeHTTP(w, r)
		}
	})
}
