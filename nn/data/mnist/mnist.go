// Package mnist finds, fetches, checks and loads the MNIST digits of LeCun, Cortes and Burges: 60,000 to train on and 10,000
// to test, 28x28 bytes each. It is for native programs (tests, benchmarks, the server, make mnist): it uses net/http, which
// would weigh down the wasm. The files themselves are never part of the repository.
//
// Start with [Dir] and [Load]. Where there are no files and no network, nn/data/digits draws digits instead.
package mnist

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/tabgrad/tabgrad/nn/data"
)

// What went wrong, for errors.Is; broken files wrap nn/data's errors besides.
var (
	// ErrMissing: a file is not in the folder, or no folder has the files.
	ErrMissing = errors.New("mnist: files missing")
	// ErrChecksum: a file is not MNIST's, byte for byte.
	ErrChecksum = errors.New("mnist: wrong sha256")
	// ErrUnavailable: no mirror gave the files.
	ErrUnavailable = errors.New("mnist: cannot be fetched")
)

// Env names the environment variable that holds the folder with the four files.
const Env = "MNIST_DIR"

// Classes is the number of digits.
const Classes = 10

// A file is one of the four, known by the sum of what it holds uncompressed.
type file struct {
	name   string
	size   int    // bytes uncompressed
	sha256 string // of the uncompressed bytes
}

const (
	trainImages = iota
	trainLabels
	testImages
	testLabels
)

// files are MNIST's four, with the sums of the files that yann.lecun.com used to serve.
var files = []file{
	trainImages: {"train-images-idx3-ubyte", 47040016, "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"},
	trainLabels: {"train-labels-idx1-ubyte", 60008, "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"},
	testImages:  {"t10k-images-idx3-ubyte", 7840016, "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"},
	testLabels:  {"t10k-labels-idx1-ubyte", 10008, "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"},
}

// Dir is the folder that has the four files, gzipped (.gz) or not: MNIST_DIR where it is set, else the cache that Fetch
// fills. It looks for the names only; Load checks what is in them. It fails with ErrMissing, saying what it looked for: a
// MNIST_DIR that lacks a file is an error, not a reason to take the cache.
func Dir() (string, error) {
	dir := os.Getenv(Env)
	if dir == "" {
		var err error
		if dir, err = CacheDir(); err != nil {
			return "", err
		}
	}
	for _, f := range files {
		if _, err := find(dir, f); err != nil {
			return "", err
		}
	}
	return dir, nil
}

// CacheDir is the user's cache folder for MNIST, os.UserCacheDir()/tabgrad/mnist; it need not exist.
func CacheDir() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("%w: no cache folder: %v; set %s", ErrMissing, err, Env)
	}
	return filepath.Join(cache, "tabgrad", "mnist"), nil
}

// find is the path of f in dir, gzipped or not.
func find(dir string, f file) (string, error) {
	for _, name := range []string{f.name + ".gz", f.name} {
		path := filepath.Join(dir, name)
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
			return path, nil
		}
	}
	return "", fmt.Errorf("%w: %s has no %s, gzipped or not", ErrMissing, dir, f.name)
}

// Load reads the four files in dir, checks their sums, and gives the two datasets: x (28, 28, 1), bytes scaled to 0..1; y
// one-hot (10). It fails with ErrMissing, ErrChecksum or an error of nn/data, naming the file.
func Load(dir string) (train, test *data.Table, err error) { return load(dir, files) }

func load(dir string, files []file) (train, test *data.Table, err error) {
	if train, err = loadPair(dir, files[trainImages], files[trainLabels]); err != nil {
		return nil, nil, err
	}
	if test, err = loadPair(dir, files[testImages], files[testLabels]); err != nil {
		return nil, nil, err
	}
	return train, test, nil
}

func loadPair(dir string, images, labels file) (*data.Table, error) {
	pixels, err := read(dir, images)
	if err != nil {
		return nil, err
	}
	classes, err := read(dir, labels)
	if err != nil {
		return nil, err
	}
	fail := func(f file, err error) error { return fmt.Errorf("mnist: %s: %w", filepath.Join(dir, f.name), err) }
	x, err := pixels.Array(1.0 / 255)
	if err != nil {
		return nil, fail(images, err)
	}
	if x, err = x.Reshape(data.DigitSide, data.DigitSide, 1); err != nil {
		return nil, fail(images, err)
	}
	numbers, err := classes.Int32s()
	if err != nil {
		return nil, fail(labels, err)
	}
	y, err := data.OneHot(numbers, Classes)
	if err != nil {
		return nil, fail(labels, err)
	}
	table, err := data.NewTable(x, y)
	if err != nil {
		return nil, fail(labels, err)
	}
	return table, nil
}

// read is one file of dir, parsed and checked.
func read(dir string, f file) (*data.IDX, error) {
	path, err := find(dir, f)
	if err != nil {
		return nil, err
	}
	in, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	idx, err := data.ReadIDX(in, f.size)
	if err != nil {
		return nil, fmt.Errorf("mnist: %s: %w", path, err)
	}
	if err := check(idx, f); err != nil {
		return nil, fmt.Errorf("mnist: %s: %w", path, err)
	}
	return idx, nil
}

// check compares the sum of what idx was read from: an IDX file has one writing only.
func check(idx *data.IDX, f file) error {
	sum := sha256.New()
	if err := data.WriteIDX(sum, idx); err != nil {
		return err
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != f.sha256 {
		return fmt.Errorf("%w: %s, want %s", ErrChecksum, got, f.sha256)
	}
	return nil
}
