package mnist

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tabgrad/tabgrad/nn/data"
)

// mirror serves what answer says for a file's name (without .gz), and counts the requests.
func mirror(t *testing.T, answer func(w http.ResponseWriter, r *http.Request, name string)) (url string, requests *atomic.Int32) {
	t.Helper()
	requests = new(atomic.Int32)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		answer(w, r, strings.TrimSuffix(path.Base(r.URL.Path), ".gz"))
	}))
	t.Cleanup(server.Close)
	return server.URL + "/mnist/", requests
}

// good is a mirror that has the files.
func good(t *testing.T, content map[string][]byte) (string, *atomic.Int32) {
	return mirror(t, func(w http.ResponseWriter, r *http.Request, name string) {
		w.Header().Set("Content-Type", "application/x-gzip")
		w.Write(gzipped(t, content[name]))
	})
}

func TestFetch(t *testing.T) {
	names, content := small(t)
	gone, goneRequests := mirror(t, func(w http.ResponseWriter, r *http.Request, _ string) { http.NotFound(w, r) })
	full, requests := good(t, content)
	f := fetcher{files: names, mirrors: []string{gone, full}, patience: time.Minute, dir: filepath.Join(t.TempDir(), "new", "folder")}
	if err := f.fetch(context.Background()); err != nil {
		t.Fatal(err)
	}
	if _, _, err := load(f.dir, names); err != nil {
		t.Errorf("what was fetched does not load: %v", err)
	}
	if goneRequests.Load() != 4 || requests.Load() != 4 {
		t.Errorf("%d and %d requests, want 4 of each mirror", goneRequests.Load(), requests.Load())
	}

	// What is there is kept, what has spoilt is fetched anew.
	write(t, f.dir, names[testLabels].name+".gz", []byte("spoilt"))
	if err := f.fetch(context.Background()); err != nil {
		t.Fatal(err)
	}
	if requests.Load() != 5 {
		t.Errorf("%d requests, want one more than 4", requests.Load())
	}
	if _, _, err := load(f.dir, names); err != nil {
		t.Error(err)
	}
	onlyTheFour(t, f.dir, 4)
}

// onlyTheFour: no temporary files, no halves.
func onlyTheFour(t *testing.T, dir string, want int) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), "-ubyte.gz") {
			t.Errorf("%s is left in the cache", e.Name())
		}
	}
	if len(entries) != want {
		t.Errorf("%d files in the cache, want %d", len(entries), want)
	}
}

func TestFetchFailures(t *testing.T) {
	names, content := small(t)
	wrong := bytes.Clone(content[names[trainImages].name])
	wrong[50] ^= 1
	for _, test := range []struct {
		name   string
		answer func(w http.ResponseWriter, r *http.Request, name string)
		kind   error
		text   string
	}{
		{"wrong sum", func(w http.ResponseWriter, r *http.Request, _ string) { w.Write(gzipped(t, wrong)) }, ErrChecksum, "want " + names[0].sha256},
		{"truncated, as the server says", func(w http.ResponseWriter, r *http.Request, name string) {
			w.Write(gzipped(t, content[name])[:30])
		}, data.ErrTruncated, "2352 bytes wanted for 3x28x28, got "},
		{"connection lost", func(w http.ResponseWriter, r *http.Request, name string) {
			w.Header().Set("Content-Length", "100000")
			w.Write(gzipped(t, content[name])[:30])
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		}, ErrUnavailable, "unexpected EOF"},
		{"not found", func(w http.ResponseWriter, r *http.Request, _ string) { http.NotFound(w, r) }, ErrUnavailable, "answered 404 Not Found"},
		{"a page", func(w http.ResponseWriter, r *http.Request, _ string) { w.Write([]byte("<html>sign in</html>")) }, data.ErrFormat, "magic number 0x3c68746d"},
		{"endless", func(w http.ResponseWriter, r *http.Request, _ string) {
			zeros := make([]byte, 1<<16)
			for r.Context().Err() == nil {
				if _, err := w.Write(zeros); err != nil {
					return
				}
			}
		}, ErrChecksum, "more than"},
	} {
		t.Run(test.name, func(t *testing.T) {
			bad, _ := mirror(t, test.answer)
			f := fetcher{files: names, mirrors: []string{bad, bad}, patience: time.Minute, dir: t.TempDir()}
			err := f.fetch(context.Background())
			if !errors.Is(err, ErrUnavailable) || !errors.Is(err, test.kind) || !strings.Contains(err.Error(), test.text) {
				t.Errorf("%v\nwant %v: %s", err, test.kind, test.text)
			}
			if strings.Count(err.Error(), bad) != 2 || strings.Contains(err.Error(), "\n") {
				t.Errorf("the message is not one line that names both mirrors: %v", err)
			}
			onlyTheFour(t, f.dir, 0)

			// The next mirror makes up for it.
			full, _ := good(t, content)
			f.mirrors = []string{bad, full}
			if err := f.fetch(context.Background()); err != nil {
				t.Error(err)
			}
		})
	}
}

// A mirror that takes the request and says nothing, before the first byte or in the middle, is left.
func TestFetchSilence(t *testing.T) {
	names, content := small(t)
	for _, sent := range []int{0, 30} {
		silent, _ := mirror(t, func(w http.ResponseWriter, r *http.Request, name string) {
			if sent > 0 {
				w.Write(gzipped(t, content[name])[:sent])
				w.(http.Flusher).Flush()
			}
			<-r.Context().Done()
		})
		f := fetcher{files: names, mirrors: []string{silent}, patience: 50 * time.Millisecond, dir: t.TempDir()}
		err := f.fetch(context.Background())
		if !errors.Is(err, ErrUnavailable) || !errors.Is(err, errSilent) || !strings.Contains(err.Error(), "no answer in 50ms") {
			t.Errorf("silent after %d bytes: %v", sent, err)
		}
		onlyTheFour(t, f.dir, 0)
	}
}

func TestFetchCancelled(t *testing.T) {
	names, content := small(t)
	ctx, cancel := context.WithCancel(context.Background())
	asked, requests := mirror(t, func(w http.ResponseWriter, r *http.Request, _ string) {
		cancel()
		<-r.Context().Done()
	})
	full, fullRequests := good(t, content)
	f := fetcher{files: names, mirrors: []string{asked, full}, patience: time.Minute, dir: t.TempDir()}
	if err := f.fetch(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if requests.Load() != 1 || fullRequests.Load() != 0 {
		t.Errorf("%d and %d requests, want 1 and 0", requests.Load(), fullRequests.Load())
	}
}

func TestFetchNowhere(t *testing.T) {
	names, _ := small(t)
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	f := fetcher{files: names, mirrors: []string{closed.URL}, patience: time.Minute, dir: t.TempDir()}
	if err := f.fetch(context.Background()); !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), "refused") {
		t.Errorf("a closed port: %v", err)
	}
}
