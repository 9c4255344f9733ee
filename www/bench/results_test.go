package main

import (
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

var root = filepath.Join("..", "..")

// results.json is complete: each row is of a workload and a system that it names, and has a number or says why not.
func TestResultsFile(t *testing.T) {
	r, err := readResults(root)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Workloads) == 0 || len(r.Systems) == 0 {
		t.Fatal("results.json names no workloads or no systems: run make bench")
	}
	for _, w := range r.Workloads {
		if k := r.find(w.ID, "tabgrad-1"); k == nil || len(k.Rounds) == 0 {
			t.Errorf("tabgrad on one lane has no number for %s", w.ID)
		}
	}
	for i, k := range r.Rows {
		if !slices.ContainsFunc(r.Workloads, func(w named) bool { return w.ID == k.Workload }) || r.system(k.System).ID == "" {
			t.Errorf("row %d is of %s and %s, one of which isn't named", i, k.Workload, k.System)
		}
		if k.Date == "" || k.Commit == "" {
			t.Errorf("row %d has no date or commit", i)
		}
		if len(k.Rounds) == 0 && k.Error == "" {
			t.Errorf("row %d has neither a number nor what went wrong", i)
		}
		if slices.ContainsFunc(k.Rounds, func(v float64) bool { return !(v > 0) }) {
			t.Errorf("row %d has rounds of %v ms", i, k.Rounds)
		}
		if slices.ContainsFunc(r.Rows[:i], func(o row) bool { return o.Workload == k.Workload && o.System == k.System }) {
			t.Errorf("row %d is there twice", i)
		}
	}
}

// README.md says what results.json says.
func TestReadmeIsFromResults(t *testing.T) {
	r, err := readResults(root)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	want, err := replaceTable(string(text), r.markdown())
	if err != nil {
		t.Fatal(err)
	}
	if want != string(text) {
		t.Error("README's table of speeds is not what results.json says: go generate ./www/bench")
	}
}

func example() *results {
	return &results{
		Machine: machine{CPU: "a CPU", Cores: 2, Memory: 8, OS: "linux/amd64"}, Browser: "Chrome/1",
		Workloads: []named{{"cnn", "a CNN"}, {"mlp", "an MLP"}},
		Systems:   []system{{"tabgrad-1", "tabgrad, 1 lane", ""}, {"tabgrad-2", "tabgrad, 2 lanes", ""}, {"tfjs-wasm", "tfjs, wasm", "4"}, {"tfjs-cpu", "tfjs, cpu", "4"}},
		Rows: []row{
			{Workload: "cnn", System: "tabgrad-1", Date: "2026-01-02", Commit: "abc", Rounds: []float64{100, 400, 120}},
			{Workload: "cnn", System: "tabgrad-2", Date: "2026-01-02", Commit: "abc", Rounds: []float64{60, 62}},
			{Workload: "cnn", System: "tfjs-wasm", Date: "2026-01-02", Commit: "abc", Error: "Kernel 'X' not registered. Sorry.\n at y"},
			{Workload: "cnn", System: "tfjs-cpu", Date: "2026-01-01", Commit: "old", Rounds: []float64{71234.5}, Note: "one step"},
			{Workload: "mlp", System: "tabgrad-1", Date: "2026-01-02", Commit: "abc", Rounds: []float64{1.234}},
			{Workload: "mlp", System: "tfjs-cpu", Date: "2026-01-02", Commit: "abc", Error: "stopped after 90 s", Over: 90000},
		},
	}
}

func TestMarkdown(t *testing.T) {
	want := `a CPU, 2 cores, Chrome/1; tfjs 4. Medians of 3 rounds that alternate between the systems, 2026-01-01 to 2026-01-02, tabgrad at abc.

| milliseconds | tabgrad, 1 lane | tabgrad, 2 lanes | tfjs, wasm | tfjs, cpu |
| --- | --- | --- | --- | --- |
| a CNN | 120 | 61.0 | cannot<sup>1</sup> | 71,230<sup>2</sup> |
| an MLP | 1.23 |  |  | over 90,000 |

<sup>1</sup> Kernel 'X' not registered; <sup>2</sup> one step.
`
	if got := example().markdown(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if _, err := replaceTable("a README without the lines", want); err == nil {
		t.Error("a README without the two lines was accepted")
	}
}

func TestMilliseconds(t *testing.T) {
	for v, want := range map[float64]string{
		0.5: "0.50", 9.949: "9.95", 9.96: "10.0", 99.4: "99.4", 99.6: "100", 999.4: "999", 1234: "1,230", 71234.5: "71,230", 1234567: "1,234,570",
	} {
		if got := milliseconds(v); got != want {
			t.Errorf("milliseconds(%v) = %s, want %s", v, got, want)
		}
	}
}

// What was measured anew takes the place of the old, in the tables' order; what wasn't stays, unless it is from another
// machine, browser or version.
func TestMerge(t *testing.T) {
	again := func() *results {
		r := example()
		r.Rows = []row{{Workload: "mlp", System: "tabgrad-2", Rounds: []float64{3}}, {Workload: "cnn", System: "tabgrad-1", Rounds: []float64{99}}}
		return r
	}
	keys := func(r *results) (list []string) {
		for _, k := range r.Rows {
			list = append(list, k.Workload+" "+k.System)
		}
		return list
	}
	for _, test := range []struct {
		name   string
		change func(*results)
		want   []string
	}{
		{"the same machine", func(*results) {}, []string{
			"cnn tabgrad-1", "cnn tabgrad-2", "cnn tfjs-wasm", "cnn tfjs-cpu", "mlp tabgrad-1", "mlp tabgrad-2", "mlp tfjs-cpu"}},
		{"another version of one library", func(r *results) { r.Systems[3].Version = "5" }, []string{
			"cnn tabgrad-1", "cnn tabgrad-2", "cnn tfjs-wasm", "mlp tabgrad-1", "mlp tabgrad-2"}},
		{"a library that isn't here", func(r *results) { r.Systems = r.Systems[:3] }, []string{
			"cnn tabgrad-1", "cnn tabgrad-2", "cnn tfjs-wasm", "cnn tfjs-cpu", "mlp tabgrad-1", "mlp tabgrad-2", "mlp tfjs-cpu"}},
		{"another machine", func(r *results) { r.Machine.Cores = 64 }, []string{"cnn tabgrad-1", "mlp tabgrad-2"}},
		{"another browser", func(r *results) { r.Browser = "Chrome/2" }, []string{"cnn tabgrad-1", "mlp tabgrad-2"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			new := again()
			test.change(new)
			merged := example().merge(new)
			if got := keys(merged); !reflect.DeepEqual(got, test.want) {
				t.Errorf("rows\n%q, want\n%q", got, test.want)
			}
			if k := merged.find("cnn", "tabgrad-1"); k.median() != 99 {
				t.Errorf("the row measured anew has %v", k.Rounds)
			}
			for _, k := range merged.Rows {
				if merged.system(k.System).ID == "" {
					t.Errorf("%s lost its name", k.System)
				}
			}
		})
	}
}

func TestWriteAndRead(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Dir(resultsFile(dir)), 0o755); err != nil {
		t.Fatal(err)
	}
	if r, err := readResults(dir); err != nil || len(r.Rows) != 0 {
		t.Fatalf("where nothing was written: %v, %v", r, err)
	}
	if err := example().write(dir); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(resultsFile(dir))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), `"rounds": [100,400,120]`) {
		t.Errorf("a row's rounds are not on a line:\n%s", text)
	}
	r, err := readResults(dir)
	if err != nil {
		t.Fatal(err)
	}
	if want := example(); !reflect.DeepEqual(r.Rows[0].Rounds, want.Rows[0].Rounds) || r.markdown() != want.markdown() {
		t.Errorf("read %+v", r)
	}
}

func TestPrint(t *testing.T) {
	var text strings.Builder
	if err := example().print(&text); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"a CNN", "1.97", "Kernel 'X' not registered", "one step", "stopped after 90 s"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("the table lacks %q:\n%s", want, text.String())
		}
	}
	if err := (&results{}).print(io.Discard); err != nil {
		t.Error(err)
	}
}
