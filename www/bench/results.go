package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/chromedp"
)

// results is results.json.
type results struct {
	Machine   machine  `json:"machine"`
	Browser   string   `json:"browser"`
	Workloads []named  `json:"workloads"` // in the order of tables
	Systems   []system `json:"systems"`
	Rows      []row    `json:"rows"`
}

type machine struct {
	CPU    string  `json:"cpu"`
	Cores  int     `json:"cores"`
	Memory float64 `json:"memory"` // GiB
	OS     string  `json:"os"`
}

type named struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

type system struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Version string `json:"version,omitempty"` // tabgrad's is each row's commit
}

// row is what one system took for one workload.
type row struct {
	Workload string    `json:"workload"`
	System   string    `json:"system"`
	Date     string    `json:"date"`
	Commit   string    `json:"commit"`
	Steps    int       `json:"steps"`             // in a round
	Rounds   []float64 `json:"rounds"`            // milliseconds a step
	Threads  int       `json:"threads,omitempty"` // that the library says it has
	Engine   *engine   `json:"engine,omitempty"`
	Note     string    `json:"note,omitempty"`
	Error    string    `json:"error,omitempty"` // what the system says it can't do
	Over     float64   `json:"over,omitempty"`  // milliseconds after which it was stopped
}

type engine struct {
	Kernels string `json:"kernels"`
	Version string `json:"version"`
}

func (r row) median() float64 {
	sorted := slices.Sorted(slices.Values(r.Rounds))
	return (sorted[(len(sorted)-1)/2] + sorted[len(sorted)/2]) / 2
}

func resultsFile(root string) string { return filepath.Join(root, "www", "bench", "results.json") }

// readResults reads results.json; where there is none, the results are empty.
func readResults(root string) (*results, error) {
	text, err := os.ReadFile(resultsFile(root))
	if errors.Is(err, fs.ErrNotExist) {
		return &results{}, nil
	}
	if err != nil {
		return nil, err
	}
	r := new(results)
	if err := json.Unmarshal(text, r); err != nil {
		return nil, fmt.Errorf("results.json: %w", err)
	}
	return r, nil
}

func (r *results) write(root string) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	// A round's numbers on one line.
	text = regexp.MustCompile(`(?s)"rounds": \[[^\]]*\]`).ReplaceAllFunc(text, func(list []byte) []byte {
		return regexp.MustCompile(`\s*\n\s*`).ReplaceAll(list, nil)
	})
	return os.WriteFile(resultsFile(root), append(text, '\n'), 0o644)
}

// merge puts the rows of new into their places in r. Rows from another machine, browser or version of a library don't
// compare with new ones, and are dropped: with a word, since they are to be measured anew.
func (r *results) merge(new *results) *results {
	merged := *new
	stays := func(old row) bool {
		if r.Machine != new.Machine || r.Browser != new.Browser {
			return false
		}
		if !slices.ContainsFunc(new.Workloads, func(w named) bool { return w.ID == old.Workload }) {
			return false
		}
		if slices.ContainsFunc(new.Systems, func(s system) bool { return s.ID == old.System }) {
			return slices.Contains(r.Systems, new.system(old.System))
		}
		return slices.ContainsFunc(r.Systems, func(s system) bool { return s.ID == old.System })
	}
	var kept []row
	dropped := 0
	for _, old := range r.Rows {
		switch {
		case new.find(old.Workload, old.System) != nil:
		case stays(old):
			kept = append(kept, old)
		default:
			dropped++
		}
	}
	if dropped > 0 {
		fmt.Fprintf(os.Stderr, "bench: %d rows of results.json are from another machine or version, and go\n", dropped)
	}
	for _, s := range r.Systems { // PyTorch's, where there is none here
		if new.system(s.ID).ID == "" && slices.ContainsFunc(kept, func(k row) bool { return k.System == s.ID }) {
			merged.Systems = append(merged.Systems, s)
		}
	}
	merged.Rows = append(kept, new.Rows...)
	place := func(k row) int {
		w := slices.IndexFunc(merged.Workloads, func(w named) bool { return w.ID == k.Workload })
		s := slices.IndexFunc(merged.Systems, func(s system) bool { return s.ID == k.System })
		return w*len(merged.Systems) + s
	}
	slices.SortStableFunc(merged.Rows, func(a, b row) int { return place(a) - place(b) })
	return &merged
}

func (r *results) system(id string) system {
	for _, s := range r.Systems {
		if s.ID == id {
			return s
		}
	}
	return system{}
}

// find returns the row of a workload and system, or nil.
func (r *results) find(workload, system string) *row {
	for i := range r.Rows {
		if r.Rows[i].Workload == workload && r.Rows[i].System == system {
			return &r.Rows[i]
		}
	}
	return nil
}

// describe adds the machine, the browser's version, the date and the commit.
func (r *results) describe(ctx context.Context, root string) error {
	r.Machine = machine{CPU: firstMatch("/proc/cpuinfo", `(?m)^model name\s*:\s*(.+)$`), Cores: runtime.NumCPU(), OS: runtime.GOOS + "/" + runtime.GOARCH}
	if kib, err := strconv.ParseFloat(firstMatch("/proc/meminfo", `(?m)^MemTotal:\s*(\d+) kB$`), 64); err == nil {
		r.Machine.Memory = float64(int(kib/(1<<20)*10+0.5)) / 10
	}
	version, err := chromedp.Call(ctx, browser.GetVersion, cdp.Empty{})
	if err != nil {
		return err
	}
	r.Browser = strings.TrimPrefix(version.Product, "Headless")
	commit := currentCommit(root)
	for i := range r.Rows {
		r.Rows[i].Date, r.Rows[i].Commit = time.Now().UTC().Format(time.DateOnly), commit
	}
	return nil
}

// currentCommit is the commit of the working tree, with a plus sign where files but those that are written here differ from it.
func currentCommit(root string) string {
	out, err := exec.Command("git", "-C", root, "rev-parse", "--short=10", "HEAD").Output()
	if err != nil {
		return "unknown"
	}
	commit := strings.TrimSpace(string(out))
	if exec.Command("git", "-C", root, "diff", "--quiet", "HEAD", "--", ".", ":!README.md", ":!www/bench/results.json").Run() != nil {
		commit += "+"
	}
	return commit
}

// firstMatch is what the pattern's group matches in a file, or empty where there is no such file.
func firstMatch(path, pattern string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	match := regexp.MustCompile(pattern).FindSubmatch(text)
	if match == nil {
		return ""
	}
	return string(match[1])
}

// print writes the table, with how many times as long as tabgrad on the most lanes each took.
func (r *results) print(w io.Writer) error {
	fmt.Fprintf(w, "\n%s, %s, %d cores, %s\n\n", r.Browser, r.Machine.CPU, r.Machine.Cores, r.Machine.OS)
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, workload := range r.Workloads {
		var rows []row
		var base *row
		for _, one := range r.Rows {
			if one.Workload != workload.ID {
				continue
			}
			rows = append(rows, one)
			if strings.HasPrefix(one.System, "tabgrad") && len(one.Rounds) > 0 {
				base = &rows[len(rows)-1]
			}
		}
		if len(rows) == 0 {
			continue
		}
		fmt.Fprintf(table, "%s\tms\tmin\tmax\t× tabgrad\t\n", workload.Name)
		for _, one := range rows {
			name := r.system(one.System).Name
			if len(one.Rounds) == 0 {
				fmt.Fprintf(table, "%s\t-\t\t\t\t  %s\n", name, one.Error)
				continue
			}
			ratio := ""
			if base != nil {
				ratio = fmt.Sprintf("%.2f", one.median()/base.median())
			}
			fmt.Fprintf(table, "%s\t%.2f\t%.2f\t%.2f\t%s\t  %s\n", name, one.median(), slices.Min(one.Rounds), slices.Max(one.Rounds), ratio, one.Note)
		}
		fmt.Fprintln(table)
	}
	return table.Flush()
}
