//go:build !js

// Command bench times the kernels in Chromium and in Node, one lane: products and
// convolutions in GFLOP/s beside the multiply-add peak of the same engine, and what moves
// memory in GB/s beside a copy of as many bytes, either measured around each round: on a
// machine that does other things too, the share is the number to look at. The first three
// numbers are medians, the last three the best rounds. Winograd's convolutions count what
// the direct ones do, so that they may pass the peak.
//
//	go run ./wasm/kernels/bench [-engines chromium,node] [-modes relaxed,strict] [-cases regexp] [-sweep] [-rounds 5] [-json]
//
// CHROME names the browser, if it isn't on the PATH as chromium, google-chrome or chrome.
package main

import (
	"bytes"
	"context"
	"embed"
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/tabgrad/tabgrad/wasm/kernels"
	"github.com/tabgrad/tabgrad/www/e2e/chrome"
)

//go:embed measure.mjs index.html
var files embed.FS

// job is measure.mjs's argument.
type job struct {
	Relaxed   bool        `json:"relaxed"`
	Peak      string      `json:"peak"`
	PeakFlops int         `json:"peakFlops"`
	Kernels   string      `json:"kernels"`
	Cases     []benchCase `json:"cases"`
	HeapBase  int         `json:"heapBase"`
	Rounds    int         `json:"rounds"`
	Slice     float64     `json:"slice"`
}

// outcome is its result.
type outcome struct {
	Engine  string `json:"engine"`
	Mode    string `json:"mode"`
	Refused bool   `json:"refused"`
	Results []struct {
		Name     string  `json:"name"`
		Unit     string  `json:"unit"` // GFLOP/s or GB/s
		Rate     float64 `json:"rate"`
		Peak     float64 `json:"peak"` // of multiply-adds, or what a copy reaches
		Share    float64 `json:"share"`
		Best     float64 `json:"best"`
		BestPeak float64 `json:"bestPeak"`
	} `json:"results"`
}

func main() {
	log.SetFlags(0)
	engines := flag.String("engines", "chromium,node", "where to run: chromium, node")
	modes := flag.String("modes", "relaxed,strict", "which builds: relaxed, strict")
	pattern := flag.String("cases", "", "only the cases whose name matches")
	rounds := flag.Int("rounds", 5, "rounds, of which the median counts")
	slice := flag.Float64("slice", 0.1, "seconds a round lasts at least")
	sweep := flag.Bool("sweep", false, "also shapes that no model of www/bench has")
	asJSON := flag.Bool("json", false, "print JSON instead of a table")
	flag.Parse()
	filter, err := regexp.Compile(*pattern)
	if err != nil {
		log.Fatal(err)
	}
	candidates := modelCases()
	if *sweep {
		candidates = append(candidates, sweepCases()...)
	}
	var cases []benchCase
	for _, c := range candidates {
		if filter.MatchString(c.Name) {
			cases = append(cases, c)
		}
	}
	run := map[string]func([]job) ([]outcome, error){"chromium": inChromium, "node": inNode}
	var jobs []job
	for _, mode := range strings.Split(*modes, ",") {
		jobs = append(jobs, newJob(mode == "relaxed", cases, *rounds, *slice))
	}
	var all []outcome
	for _, engine := range strings.Split(*engines, ",") {
		measure, ok := run[engine]
		if !ok {
			log.Fatalf("bench: no engine %q", engine)
		}
		outcomes, err := measure(jobs)
		if err != nil {
			log.Fatalf("bench: %s: %v", engine, err)
		}
		for i := range outcomes {
			outcomes[i].Engine, outcomes[i].Mode = engine, strings.Split(*modes, ",")[i]
			if !*asJSON {
				print(outcomes[i])
			}
		}
		all = append(all, outcomes...)
	}
	if *asJSON {
		out, err := json.MarshalIndent(all, "", "  ")
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(string(out))
	}
}

func newJob(relaxed bool, cases []benchCase, rounds int, slice float64) job {
	return job{
		Relaxed: relaxed, Peak: encode(peakModule(relaxed)), PeakFlops: peakChains(relaxed) * peakUnroll * 8,
		Kernels: encode(kernels.Module(kernels.Options{Relaxed: relaxed})),
		Cases:   cases, HeapBase: kernels.HeapBase, Rounds: rounds, Slice: slice,
	}
}

func print(o outcome) {
	fmt.Printf("%s, %s kernels, one lane\n", o.Engine, o.Mode)
	if o.Refused {
		fmt.Println("  this engine refuses them")
		return
	}
	unit := ""
	for _, r := range o.Results {
		if r.Unit != unit {
			unit = r.Unit
			against := map[string]string{"GFLOP/s": "peak", "GB/s": "copy"}[unit]
			fmt.Printf("  %-56s %8s %8s %6s %8s %8s %6s\n", "", unit, against, "share", "best", against, "share")
		}
		fmt.Printf("  %-56s %8.1f %8.1f %5.0f%% %8.1f %8.1f %5.0f%%\n", r.Name, r.Rate, r.Peak, 100*r.Share,
			r.Best, r.BestPeak, 100*r.Best/r.BestPeak)
	}
	fmt.Println()
}

func encode(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

// inNode runs the jobs in Node, with relaxed SIMD switched on (Node 20 has it behind
// a flag).
func inNode(jobs []job) ([]outcome, error) {
	dir, err := os.MkdirTemp("", "tabgrad-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	if err := os.CopyFS(dir, files); err != nil {
		return nil, err
	}
	var outcomes []outcome
	for _, j := range jobs {
		input, err := json.Marshal(j)
		if err != nil {
			return nil, err
		}
		cmd := exec.Command("node", "--experimental-wasm-relaxed-simd", "--input-type=module", "-e",
			"import { measure } from '"+dir+"/measure.mjs'; import { readFileSync } from 'node:fs';"+
				"console.log(JSON.stringify(await measure(JSON.parse(readFileSync(0, 'utf8')))))")
		cmd.Stdin = bytes.NewReader(input)
		cmd.Stderr = os.Stderr
		out, err := cmd.Output()
		if err != nil {
			return nil, err
		}
		var o outcome
		if err := json.Unmarshal(out, &o); err != nil {
			return nil, err
		}
		outcomes = append(outcomes, o)
	}
	return outcomes, nil
}

// inChromium runs the jobs in the page index.html, headless.
func inChromium(jobs []job) ([]outcome, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	server := &http.Server{Handler: http.FileServerFS(files)}
	go server.Serve(listener)
	defer server.Close()

	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	ctx, stop, err := chrome.Start(ctx)
	if err != nil {
		return nil, err
	}
	defer stop()
	if _, err := chromedp.Run(ctx, chromedp.Navigate("http://"+listener.Addr().String()+"/")); err != nil {
		return nil, err
	}
	var outcomes []outcome
	for _, j := range jobs {
		input, err := json.Marshal(j)
		if err != nil {
			return nil, err
		}
		out, err := chromedp.Run(ctx, chromedp.Evaluate[string]("bench("+string(input)+")", chromedp.EvalAwaitPromise))
		if err != nil {
			return nil, err
		}
		var o outcome
		if err := json.Unmarshal([]byte(out), &o); err != nil {
			return nil, err
		}
		outcomes = append(outcomes, o)
	}
	return outcomes, nil
}
