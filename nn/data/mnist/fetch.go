package mnist

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/tabgrad/tabgrad/nn/data"
)

// Mirrors are public copies of the four files, gzipped, tried in turn.
var Mirrors = []string{
	"https://storage.googleapis.com/cvdf-datasets/mnist/",
	"https://ossci-datasets.s3.amazonaws.com/mnist/",
}

// Patience is how long a mirror may stay silent: to its first byte, and between any two.
const Patience = 10 * time.Second

// Fetch brings the four files into the cache, CacheDir, and returns it. What is there and right is kept. Every file is
// checked before it gets its name, so the cache never holds half a file or a wrong one. It fails with ErrUnavailable, which
// says what every mirror answered, as soon as one file cannot be had from any; where the network swallows everything, that
// takes Patience a mirror.
func Fetch(ctx context.Context) (string, error) {
	dir, err := CacheDir()
	if err != nil {
		return "", err
	}
	f := fetcher{files: files, mirrors: Mirrors, patience: Patience, dir: dir}
	return dir, f.fetch(ctx)
}

// fetcher is Fetch with its surroundings named, for the tests.
type fetcher struct {
	files    []file
	mirrors  []string
	patience time.Duration
	dir      string
}

func (f *fetcher) fetch(ctx context.Context) error {
	if err := os.MkdirAll(f.dir, 0o755); err != nil {
		return err
	}
	for _, want := range f.files {
		if _, err := read(f.dir, want); err == nil {
			continue
		}
		if err := f.file(ctx, want); err != nil {
			return err
		}
	}
	return nil
}

// file tries the mirrors for one file.
func (f *fetcher) file(ctx context.Context, want file) error {
	var tried []error
	for _, mirror := range f.mirrors {
		address := strings.TrimSuffix(mirror, "/") + "/" + want.name + ".gz"
		body, err := f.download(ctx, address, want)
		if err == nil {
			return f.store(want, body)
		}
		if ctx.Err() != nil {
			return fmt.Errorf("%w: %w", ErrUnavailable, context.Cause(ctx))
		}
		tried = append(tried, fmt.Errorf("%s: %w", address, err))
	}
	return fmt.Errorf("%w: %w", ErrUnavailable, joined(tried))
}

// joined writes errors on one line; errors.Join takes a line each.
type joined []error

func (j joined) Unwrap() []error { return j }

func (j joined) Error() string {
	text := make([]string, len(j))
	for i, err := range j {
		text[i] = err.Error()
	}
	return strings.Join(text, "; ")
}

var errSilent = errors.New("no answer")

// download is the checked, still gzipped, file at an address.
func (f *fetcher) download(ctx context.Context, address string, want file) ([]byte, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	silence := time.AfterFunc(f.patience, func() { cancel(fmt.Errorf("%w in %v", errSilent, f.patience)) })
	defer silence.Stop()

	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	// The files are gzip themselves; the transport must not unpack them, nor ask for a second layer.
	request.Header.Set("Accept-Encoding", "identity")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, cause(ctx, err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("answered %s", response.Status)
	}
	var body bytes.Buffer
	chunk := make([]byte, 64<<10)
	for {
		n, err := response.Body.Read(chunk)
		body.Write(chunk[:n])
		if n > 0 {
			silence.Reset(f.patience)
		}
		// Gzip adds a few bytes in ten thousand at worst.
		if limit := want.size + want.size/1000 + 1024; body.Len() > limit {
			return nil, fmt.Errorf("%w: more than %d bytes", ErrChecksum, limit)
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, cause(ctx, err)
		}
	}
	idx, err := data.ParseIDX(body.Bytes(), want.size)
	if err != nil {
		return nil, err
	}
	return body.Bytes(), check(idx, want)
}

// cause prefers why the context ended to the transport's "context canceled", and leaves out the address, which the caller
// adds.
func cause(ctx context.Context, err error) error {
	if why := context.Cause(ctx); why != nil {
		return why
	}
	var about *url.Error
	if errors.As(err, &about) {
		return about.Err
	}
	return err
}

// store writes the file under another name and renames it, so that no reader and no crash ever meets half of it.
func (f *fetcher) store(want file, body []byte) error {
	temporary, err := os.CreateTemp(f.dir, want.name+".*.part")
	if err != nil {
		return err
	}
	_, err = temporary.Write(body)
	if closeErr := temporary.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Rename(temporary.Name(), filepath.Join(f.dir, want.name+".gz"))
	}
	if err != nil {
		os.Remove(temporary.Name())
	}
	return err
}
