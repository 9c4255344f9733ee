package site

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Options of [Handler].
type Options struct {
	Dir         string // what Assemble wrote
	MNIST       string // a folder with MNIST's four files, gzipped or not; empty for none
	Peers       string // the node_modules of www/bench, which the benchmark page compares with; empty for none
	NotIsolated bool   // leaves out COOP and COEP, so that the page has one lane
}

// policy allows the page its own files and WebAssembly, and nothing else: no inline script or style, no other origin.
const policy = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; style-src 'self'; " +
	"img-src 'self' data: blob:; connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

type header struct{ name, value string }

var (
	always = []header{
		{"Content-Security-Policy", policy},
		{"Cross-Origin-Resource-Policy", "same-origin"},
		{"X-Content-Type-Options", "nosniff"},
		{"Referrer-Policy", "no-referrer"},
	}
	// A page may share memory between threads only under these two.
	isolation = []header{
		{"Cross-Origin-Opener-Policy", "same-origin"},
		{"Cross-Origin-Embedder-Policy", "require-corp"},
	}
)

// headersFile is the same headers in the format of Cloudflare Pages and Netlify.
func headersFile() string {
	var text strings.Builder
	text.WriteString("/*\n")
	for _, h := range slices.Concat(always, isolation) {
		text.WriteString("  " + h.name + ": " + h.value + "\n")
	}
	return text.String()
}

// The types are fixed here because a machine's own table may lack or misname them, and a module or a streamed
// WebAssembly file with another type is refused by browsers.
var types = map[string]string{
	".html": "text/html; charset=utf-8",
	".css":  "text/css; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".json": "application/json",
	".map":  "application/json",
	".svg":  "image/svg+xml",
	".png":  "image/png",
	".wasm": "application/wasm",
	".gz":   "application/gzip",
}

// Handler serves the site in o.Dir. Files are read anew for every request, so that a rebuilt page needs only a reload.
// Only GET and HEAD are answered, folders are not listed, and nothing outside o.Dir, o.MNIST and o.Peers can be reached.
func Handler(o Options) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, h := range always {
			w.Header().Set(h.name, h.value)
		}
		if !o.NotIsolated {
			for _, h := range isolation {
				w.Header().Set(h.name, h.value)
			}
		}
		w.Header().Set("Cache-Control", "no-cache")
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "only GET and HEAD", http.StatusMethodNotAllowed)
			return
		}
		name := strings.TrimPrefix(path.Clean("/"+r.URL.Path), "/")
		if strings.HasSuffix(r.URL.Path, "/") {
			name = path.Join(name, "index.html")
		}
		if strings.HasPrefix(name, peersPath) {
			w.Header().Set("Content-Security-Policy", peersPolicy)
		}
		o.serve(w, r, name)
	})
}

func (o Options) serve(w http.ResponseWriter, r *http.Request, name string) {
	content, modified, err := o.read(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		http.Error(w, "no such file", http.StatusNotFound)
	case err != nil:
		http.Error(w, "the file could not be read", http.StatusInternalServerError)
	default:
		if kind, known := types[path.Ext(name)]; known {
			w.Header().Set("Content-Type", kind)
		}
		http.ServeContent(w, r, name, modified, bytes.NewReader(content))
	}
}

func (o Options) read(name string) ([]byte, time.Time, error) {
	if o.MNIST != "" {
		if name == "mnist/index.json" {
			return mnistIndex(true), time.Time{}, nil
		}
		if file, under := strings.CutPrefix(name, "mnist/"); under && slices.Contains(MNISTFiles, file) {
			return readMNIST(o.MNIST, file)
		}
	}
	if o.Peers != "" {
		if name == peersIndex {
			text, err := peersIndexFile(o.Peers)
			return text, time.Time{}, err
		}
		if file, under := strings.CutPrefix(name, peersPath); under && strings.Contains(file, "/") {
			return readPeer(o.Peers, file)
		}
	}
	return readIn(o.Dir, name)
}

// readMNIST reads a gzipped file, or compresses the plain one where only that is there: the page asks for .gz.
func readMNIST(dir, file string) ([]byte, time.Time, error) {
	content, modified, err := readIn(dir, file)
	if !errors.Is(err, fs.ErrNotExist) {
		return content, modified, err
	}
	content, modified, err = readIn(dir, strings.TrimSuffix(file, ".gz"))
	if err != nil {
		return nil, time.Time{}, err
	}
	var packed bytes.Buffer
	zip, err := gzip.NewWriterLevel(&packed, gzip.BestSpeed)
	if err != nil {
		return nil, time.Time{}, err
	}
	if _, err := zip.Write(content); err != nil {
		return nil, time.Time{}, err
	}
	if err := zip.Close(); err != nil {
		return nil, time.Time{}, err
	}
	return packed.Bytes(), modified, nil
}

// readIn reads a regular file under dir; a link that leads out of it doesn't count as one.
func readIn(dir, name string) ([]byte, time.Time, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, time.Time{}, err
	}
	defer root.Close()
	info, err := root.Stat(filepath.FromSlash(name))
	if err != nil {
		return nil, time.Time{}, err
	}
	if !info.Mode().IsRegular() {
		return nil, time.Time{}, fs.ErrNotExist
	}
	content, err := root.ReadFile(filepath.FromSlash(name))
	return content, info.ModTime(), err
}
