// Package workerd runs a Worker's folder (worker.mjs, other modules beside it and a folder of assets, as
// wasm/worker/build makes it) on Cloudflare's own runtime, workerd, on this machine: for make worker, for the tests and
// for the benchmark. What Cloudflare's network does around a Worker is given by workerd itself (the folder of assets) or
// by a few lines of JavaScript beside it (the rate limiter).
//
// Start with [Start].
package workerd

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// ErrMissing says that workerd is not installed.
var ErrMissing = errors.New("workerd is missing: npm ci in wasm/worker installs it")

// Options are Start's.
type Options struct {
	Folder  string // the Worker's
	Port    int    // 0: any that is free
	Modules string // wasm/worker/node_modules
	// Vars are the Worker's variables.
	Vars map[string]string
	// Limit, where it is set, binds a rate limiter: so many requests a minute.
	Limit int
	// Log takes what workerd and the Worker write; nil: os.Stderr.
	Log io.Writer
}

// A Server is a running workerd.
type Server struct {
	URL  string
	PID  int
	done chan error
	stop context.CancelFunc
}

//go:embed limiter.mjs
var limiter string

// CompatibilityDate is the day whose behaviour of Cloudflare's the Worker is written for.
const CompatibilityDate = "2026-07-01"

// Start runs the Worker until ctx is done or Stop is called, and returns when it can be called.
func Start(ctx context.Context, o Options) (*Server, error) {
	program, err := find(o.Modules)
	if err != nil {
		return nil, err
	}
	file, err := writeConfig(o)
	if err != nil {
		return nil, err
	}
	defer os.Remove(file)
	control, theirs, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer control.Close()
	ctx, stop := context.WithCancel(ctx)
	cmd := exec.CommandContext(ctx, program, "serve", "--control-fd=3", file)
	cmd.ExtraFiles = []*os.File{theirs}
	if cmd.Stderr = o.Log; o.Log == nil {
		cmd.Stderr = os.Stderr
	}
	cmd.Stdout = cmd.Stderr
	err = cmd.Start()
	theirs.Close()
	if err != nil {
		stop()
		return nil, err
	}
	s := &Server{PID: cmd.Process.Pid, done: make(chan error, 1), stop: stop}
	go func() { s.done <- cmd.Wait() }()
	for d := json.NewDecoder(control); ; {
		var event struct {
			Event, Socket string
			Port          int
		}
		if err := d.Decode(&event); err != nil {
			stop()
			return nil, fmt.Errorf("workerd ended before it listened: %w", <-s.done)
		}
		if event.Event == "listen" && event.Socket == "http" {
			s.URL = "http://" + net.JoinHostPort("127.0.0.1", strconv.Itoa(event.Port))
			return s, nil
		}
	}
}

// Stop ends workerd and waits for its end.
func (s *Server) Stop() {
	s.stop()
	s.done <- <-s.done
}

// Wait returns when workerd ends.
func (s *Server) Wait() error {
	err := <-s.done
	s.done <- err
	return err
}

// find is the program that npm has installed for this machine.
func find(modules string) (string, error) {
	found, err := filepath.Glob(filepath.Join(modules, "@cloudflare", "workerd-*", "bin", "workerd*"))
	if err != nil {
		return "", err
	}
	if len(found) == 0 {
		return "", fmt.Errorf("%s: %w", modules, ErrMissing)
	}
	return filepath.Abs(found[0])
}

// writeConfig writes workerd's configuration into the Worker's folder, since the files that it names are
// found from there.
func writeConfig(o Options) (string, error) {
	assets, err := filepath.Abs(filepath.Join(o.Folder, "assets"))
	if err != nil {
		return "", err
	}
	modules, err := modules(o.Folder)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	b.WriteString("using Workerd = import \"/workerd/workerd.capnp\";\n\nconst config :Workerd.Config = (\n  services = [\n")
	fmt.Fprintf(&b, "    (name = \"assets\", disk = (path = %s)),\n", quote(assets))
	if o.Limit > 0 {
		fmt.Fprintf(&b, "    (name = \"limiter\", worker = (modules = [(name = \"limiter.mjs\", esModule = %s)], compatibilityDate = %s)),\n",
			quote(strings.ReplaceAll(limiter, "LIMIT", strconv.Itoa(o.Limit))), quote(CompatibilityDate))
	}
	b.WriteString("    (name = \"endpoint\", worker = (\n      modules = [\n")
	for _, name := range modules {
		kind := "esModule"
		if filepath.Ext(name) == ".wasm" {
			kind = "wasm"
		}
		fmt.Fprintf(&b, "        (name = %s, %s = embed %s),\n", quote(name), kind, quote(name))
	}
	fmt.Fprintf(&b, "      ],\n      compatibilityDate = %s,\n      bindings = [\n        (name = \"ASSETS\", service = \"assets\"),\n", quote(CompatibilityDate))
	if o.Limit > 0 {
		b.WriteString("        (name = \"RATE_LIMITER\", service = (name = \"limiter\", entrypoint = \"Limiter\")),\n")
	}
	for _, name := range slices.Sorted(maps.Keys(o.Vars)) {
		fmt.Fprintf(&b, "        (name = %s, text = %s),\n", quote(name), quote(o.Vars[name]))
	}
	fmt.Fprintf(&b, "      ],\n    )),\n  ],\n  sockets = [(name = \"http\", address = \"127.0.0.1:%d\", http = (), service = \"endpoint\")],\n);\n", o.Port)
	file, err := os.CreateTemp(o.Folder, "local-*.capnp")
	if err != nil {
		return "", err
	}
	_, err = file.WriteString(b.String())
	return file.Name(), errors.Join(err, file.Close())
}

// main is the module that workerd calls.
const main = "worker.mjs"

// modules are the names of the folder's modules, JavaScript's and WebAssembly's, main first.
func modules(folder string) ([]string, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	names := []string{main}
	for _, e := range entries {
		if ext := filepath.Ext(e.Name()); e.Name() != main && (ext == ".mjs" || ext == ".wasm") {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

// quote is a string of Cap'n Proto's.
func quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c < ' ' || c == 0x7f:
			fmt.Fprintf(&b, "\\x%02x", c)
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}
