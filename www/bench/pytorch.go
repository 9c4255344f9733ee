package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"time"
)

// pytorch is native PyTorch, in one process for each number of threads: OpenBLAS and OpenMP read it once, when they start.
type pytorch struct {
	python  string
	script  string
	version string

	mu        sync.Mutex
	processes map[int]*process
}

// pythons are tried in this order: Debian's python3-torch is for its own Python, which another may hide on the PATH.
func pythons() []string {
	if named := os.Getenv("PYTHON"); named != "" {
		return []string{named}
	}
	return []string{"python3", "/usr/bin/python3"}
}

// findPyTorch looks for a Python that has torch. That there is none is said and is no error, unless PYTHON names it.
func findPyTorch(script string) (*pytorch, error) {
	for _, python := range pythons() {
		if exec.Command(python, "-c", "import torch").Run() != nil {
			continue
		}
		p := &pytorch{python: python, script: script, processes: map[int]*process{}}
		answer, err := p.ask(1, map[string]any{"version": true})
		if err != nil {
			return nil, err
		}
		p.version, _ = answer["version"].(string)
		return p, nil
	}
	if named := os.Getenv("PYTHON"); named != "" {
		return nil, fmt.Errorf("PYTHON is %q, which can't import torch", named)
	}
	fmt.Fprintln(os.Stderr, "bench: no Python with torch here (Debian: apt-get install python3-torch libopenblas0-pthread), so native PyTorch is left out")
	return nil, nil
}

// ServeHTTP passes the page's requests on: {threads, ...} as pytorch.py takes them, or {threads, start, model}, which is
// timed here, from the process's start to the end of its first step.
func (p *pytorch) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var request map[string]any
	if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	threads, _ := request["threads"].(float64)
	delete(request, "threads")
	var answer map[string]any
	var err error
	if workload, start := request["start"]; start {
		answer, err = p.start(int(threads), workload, request["model"])
	} else {
		answer, err = p.ask(int(threads), request)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cross-Origin-Resource-Policy", "same-origin")
	json.NewEncoder(w).Encode(answer)
}

func (p *pytorch) ask(threads int, request map[string]any) (map[string]any, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.processes[threads] == nil {
		started, err := startPython(p.python, p.script, threads)
		if err != nil {
			return nil, err
		}
		p.processes[threads] = started
	}
	return p.processes[threads].ask(request)
}

func (p *pytorch) start(threads int, workload, model any) (map[string]any, error) {
	began := time.Now()
	fresh, err := startPython(p.python, p.script, threads)
	if err != nil {
		return nil, err
	}
	defer fresh.close()
	answer, err := fresh.ask(map[string]any{"open": workload, "model": model})
	if err != nil {
		return nil, err
	}
	if _, err := fresh.ask(map[string]any{"session": answer["session"], "run": 1}); err != nil {
		return nil, err
	}
	return map[string]any{"ms": float64(time.Since(began).Microseconds()) / 1000}, nil
}

func (p *pytorch) close() {
	if p == nil {
		return
	}
	for _, one := range p.processes {
		one.close()
	}
}

// process is one pytorch.py.
type process struct {
	cmd     *exec.Cmd
	stdin   io.WriteCloser
	answers *bufio.Reader
}

func startPython(python, script string, threads int) (*process, error) {
	cmd := exec.Command(python, script)
	n := strconv.Itoa(threads)
	cmd.Env = append(os.Environ(), "OMP_NUM_THREADS="+n, "OPENBLAS_NUM_THREADS="+n, "MKL_NUM_THREADS="+n)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return &process{cmd, stdin, bufio.NewReader(stdout)}, nil
}

func (p *process) ask(request map[string]any) (map[string]any, error) {
	if err := json.NewEncoder(p.stdin).Encode(request); err != nil {
		return nil, fmt.Errorf("pytorch.py: %w", err)
	}
	line, err := p.answers.ReadBytes('\n')
	if err != nil {
		return nil, fmt.Errorf("pytorch.py ended: %w", err)
	}
	var answer map[string]any
	if err := json.Unmarshal(line, &answer); err != nil {
		return nil, fmt.Errorf("pytorch.py: %w", err)
	}
	if text, failed := answer["error"].(string); failed {
		return nil, errors.New(text)
	}
	return answer, nil
}

// close ends the process as the end of its input does.
func (p *process) close() {
	p.stdin.Close()
	p.cmd.Wait()
}
