package mnist

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tabgrad/tabgrad/nn/data"
)

// small stands in for MNIST: three digits to train on, two to test, with the true names. It returns the files as IDX bytes.
func small(t testing.TB) (names []file, content map[string][]byte) {
	t.Helper()
	content = map[string][]byte{}
	for i, idx := range []data.IDX{
		trainImages: {Type: data.Uint8, Dims: []int{3, 28, 28}, Raw: bytes.Repeat([]byte{0, 51, 255}, 784)},
		trainLabels: {Type: data.Uint8, Dims: []int{3}, Raw: []byte{7, 0, 9}},
		testImages:  {Type: data.Uint8, Dims: []int{2, 28, 28}, Raw: bytes.Repeat([]byte{102, 0}, 784)},
		testLabels:  {Type: data.Uint8, Dims: []int{2}, Raw: []byte{1, 2}},
	} {
		var b bytes.Buffer
		if err := data.WriteIDX(&b, &idx); err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(b.Bytes())
		names = append(names, file{files[i].name, b.Len(), hex.EncodeToString(sum[:])})
		content[files[i].name] = b.Bytes()
	}
	return names, content
}

func gzipped(t testing.TB, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	if _, err := z.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func write(t testing.TB, dir, name string, b []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestLoad(t *testing.T) {
	names, content := small(t)
	dir := t.TempDir()
	for i, f := range names { // both kinds
		if i%2 == 0 {
			write(t, dir, f.name+".gz", gzipped(t, content[f.name]))
		} else {
			write(t, dir, f.name, content[f.name])
		}
	}
	train, test, err := load(dir, names)
	if err != nil {
		t.Fatal(err)
	}
	if train.Len() != 3 || test.Len() != 2 {
		t.Fatalf("%d and %d digits", train.Len(), test.Len())
	}
	x, y := make([]float32, 784), make([]float32, 10)
	if err := train.Batch([]int{2}, x, y); err != nil {
		t.Fatal(err)
	}
	// 784 is one more than a multiple of 3, so digit 2 begins with byte 255.
	if shape := train.XShape(); len(shape) != 3 || shape[2] != 1 || math.Abs(float64(x[0])-1) > 1e-6 || x[1] != 0 || y[9] != 1 {
		t.Errorf("digit 2: shape %v, x %v..., y %v", shape, x[:3], y)
	}
}

func TestLoadErrors(t *testing.T) {
	names, content := small(t)
	images := names[trainImages].name
	flipped := bytes.Clone(content[images])
	flipped[100] ^= 1
	for _, test := range []struct {
		name string
		file []byte // instead of the training images
		kind error
	}{
		{"one bit", flipped, ErrChecksum},
		{"another one's data", content[names[testImages].name], ErrChecksum},
		{"cut short", content[images][:500], data.ErrTruncated},
		{"gzip cut short", gzipped(t, content[images])[:30], data.ErrTruncated},
		{"a page", []byte("<html>sign in</html>"), data.ErrFormat},
		{"too much", append(bytes.Clone(content[images]), 1), data.ErrTrailing},
		{"a larger file", append([]byte{0, 0, 8, 3, 0, 0, 0, 9, 0, 0, 0, 28, 0, 0, 0, 28}, make([]byte, 9*784)...), data.ErrTooLarge},
		{"none", nil, ErrMissing},
	} {
		dir := t.TempDir()
		for _, f := range names {
			write(t, dir, f.name, content[f.name])
		}
		if test.file == nil {
			if err := os.Remove(filepath.Join(dir, images)); err != nil {
				t.Fatal(err)
			}
		} else {
			write(t, dir, images, test.file)
		}
		if _, _, err := load(dir, names); !errors.Is(err, test.kind) || !strings.Contains(err.Error(), images) {
			t.Errorf("%s: %v, want %v about %s", test.name, err, test.kind, images)
		}
	}
}

func TestDir(t *testing.T) {
	_, content := small(t)
	dir, cache := t.TempDir(), t.TempDir()
	t.Setenv(Env, "")
	for _, name := range []string{"XDG_CACHE_HOME", "HOME", "LocalAppData"} { // where os.UserCacheDir looks
		t.Setenv(name, cache)
	}
	if _, err := Dir(); !errors.Is(err, ErrMissing) || !strings.Contains(err.Error(), cache) {
		t.Errorf("an empty cache: %v", err)
	}
	inCache, err := CacheDir()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(inCache, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, b := range content {
		write(t, inCache, name+".gz", b)
	}
	if got, err := Dir(); err != nil || got != inCache {
		t.Errorf("Dir() = %s, %v, want the cache %s", got, err, inCache)
	}
	t.Setenv(Env, dir)
	if _, err := Dir(); !errors.Is(err, ErrMissing) || !strings.Contains(err.Error(), dir+" has no train-images-idx3-ubyte") {
		t.Errorf("%s without files: %v", Env, err)
	}
	for name, b := range content {
		write(t, dir, name, b)
	}
	if got, err := Dir(); err != nil || got != dir {
		t.Errorf("Dir() = %s, %v, want %s", got, err, dir)
	}
}

// The real files, where there are any: their sums, their labels' counts, and the way their digits are centred, which
// data.CenterDigit follows: it leaves most of them byte for byte as they are.
func TestRealMNIST(t *testing.T) {
	if os.Getenv(Env) == "" {
		t.Skipf("NOT TESTED: real MNIST (sums, counts, centring), for %s is not set. Set it to a folder with the four IDX files.", Env)
	}
	dir, err := Dir()
	if err != nil {
		t.Fatal(err)
	}
	train, test, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if train.Len() != 60000 || test.Len() != 10000 {
		t.Fatalf("%d and %d digits", train.Len(), test.Len())
	}
	var counts [Classes]int
	for _, l := range test.Y().(*data.Labels).Values() {
		counts[l]++
	}
	if counts != [Classes]int{980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009} {
		t.Errorf("test digits by class: %v", counts)
	}
	pixels := test.X().(*data.Array).Bytes()
	same := 0
	for i := 0; i < len(pixels); i += 784 {
		if data.CenterDigit(pixels[i:i+784], 28, 28) == [784]byte(pixels[i:i+784]) {
			same++
		}
	}
	if same < 7000 {
		t.Errorf("CenterDigit leaves %d of 10,000 digits as MNIST has them, want 7,000", same)
	}
}
