// Command bench opens the benchmark page in a headless browser, lets it measure, and prints the table. It writes the
// numbers to www/bench/results.json with -write.
//
//	make build && go run ./www/bench
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"text/tabwriter"

	"github.com/chromedp/chromedp"

	"github.com/tabgrad/tabgrad/www/e2e/chrome"
	"github.com/tabgrad/tabgrad/www/site"
)

// results is what the page's measure() resolves to, and the machine.
type results struct {
	Engine struct {
		Kernels string `json:"kernels"`
		Version string `json:"version"`
		Browser string `json:"browser"`
	} `json:"engine"`
	Cores int   `json:"cores"`
	Rows  []row `json:"rows"`
}

type row struct {
	Name   string    `json:"name"`
	Unit   string    `json:"unit"`
	Lanes  int       `json:"lanes"`
	Rounds []float64 `json:"rounds"` // each round's time a step
}

func main() {
	rounds := flag.Int("rounds", 5, "how often each workload is measured")
	only := flag.String("only", "", "only the workloads whose name matches this regular expression")
	dir := flag.String("dir", filepath.Join("www", "dist"), "the site, as www/build wrote it")
	write := flag.Bool("write", false, "write www/bench/results.json")
	flag.Parse()
	if err := run(*dir, *only, *rounds, *write); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(dir, only string, rounds int, write bool) error {
	server := httptest.NewServer(site.Handler(site.Options{Dir: dir}))
	defer server.Close()
	ctx, stop, err := chrome.Start(context.Background())
	if err != nil {
		return err
	}
	defer stop()
	if err := chromedp.Do(ctx, chromedp.Navigate(server.URL+"/bench/"), chromedp.WaitReady("#start")); err != nil {
		return err
	}
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string](
		fmt.Sprintf(`measure({ rounds: %d, only: %q }).then(JSON.stringify)`, rounds, only), chromedp.EvalAwaitPromise))
	if err != nil {
		return err
	}
	var r results
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		return err
	}
	r.Cores = runtime.NumCPU()
	fmt.Printf("%s\n%s kernels, %d cores, batch 128, median of %d rounds\n\n", r.Engine.Browser, r.Engine.Kernels, r.Cores, rounds)
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "workload\tlanes\tmedian\tmin\tmax\t")
	for _, row := range r.Rows {
		sorted := slices.Sorted(slices.Values(row.Rounds))
		fmt.Fprintf(table, "%s\t%d\t%.2f %s\t%.2f\t%.2f\t\n", row.Name, row.Lanes, sorted[len(sorted)/2], row.Unit, sorted[0], sorted[len(sorted)-1])
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if !write {
		return nil
	}
	pretty, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join("www", "bench", "results.json"), append(pretty, '\n'), 0o644)
}
