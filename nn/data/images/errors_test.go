package images_test

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/tabgrad/tabgrad/nn/data"
	"github.com/tabgrad/tabgrad/nn/data/images"
)

// folder is a file system of images of one colour each.
func folder(t testing.TB, paths ...string) fstest.MapFS {
	t.Helper()
	files := fstest.MapFS{}
	for i, p := range paths {
		files[p] = &fstest.MapFile{Data: pngOf(t, tensor{[]int{2, 2, 1}, []float32{float32(i), float32(i), float32(i), float32(i)}})}
	}
	return files
}

func TestErrors(t *testing.T) {
	good := folder(t, "a/1.png", "b/2.png", "c/3.png")
	bad := folder(t, "a/1.png")
	bad["a/2.jpg"] = &fstest.MapFile{Data: []byte("<html>")}
	for _, c := range []struct {
		files fs.FS
		o     images.Options
		kind  error
		text  string
	}{
		{fstest.MapFS{}, images.Options{}, data.ErrFormat, "images: there are no images, wanted files that end in .png, .jpg or .jpeg"},
		{folder(t, ".a/1.png", "top.png"), images.Options{}, data.ErrFormat, "images: there are no images, wanted files that end in .png, .jpg or .jpeg"},
		{good, images.Options{Width: -1}, data.ErrShape, "images: the size is 256x-1, wanted at least 1x1"},
		{good, images.Options{Classes: []string{"a", "d"}}, data.ErrFormat, `images: there is no folder "d", wanted some of a, b, c`},
		{good, images.Options{Labels: images.Binary}, data.ErrFormat, "images: there are 3 classes, wanted 2 for binary labels"},
		{good, images.Options{Split: 1}, data.ErrSplit, "images: the split is 1, wanted at least 0 and less than 1"},
		{good, images.Options{Split: 0.1}, data.ErrSplit, "images: a split of 0.1 of 3 images leaves one side empty"},
	} {
		if _, _, err := images.Read(c.files, c.o); !errors.Is(err, c.kind) || err.Error() != c.text {
			t.Errorf("got %v, wanted %s", err, c.text)
		}
	}
	if _, _, err := images.Open(filepath.Join(t.TempDir(), "none"), images.Options{}); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
	f, _, err := images.Read(bad, images.Options{Height: 2, Width: 2})
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Batch([]int{0, 1}, make([]float32, 24), make([]float32, 2)); !errors.Is(err, data.ErrFormat) || err.Error() != "images: a/2.jpg: image: unknown format, wanted a PNG or JPEG image" {
		t.Error(err)
	}
	if err := f.Batch([]int{0}, make([]float32, 3), make([]float32, 1)); !errors.Is(err, data.ErrShape) {
		t.Error(err)
	}
	if err := f.Batch([]int{2}, make([]float32, 12), make([]float32, 1)); !errors.Is(err, data.ErrIndex) {
		t.Error(err)
	}
}

// Both sides of a split have all images together and none in common, whatever the order; a seed gives the same ones.
func TestSplit(t *testing.T) {
	var paths []string
	for _, c := range "abcdefghij" {
		paths = append(paths, "x/"+string(c)+".png", "y/"+string(c)+".PNG")
	}
	files := folder(t, paths...)
	o := images.Options{Height: 1, Width: 1, Shuffle: true, Seed: 3, Split: 0.25}
	train, validation, err := images.Read(files, o)
	if err != nil {
		t.Fatal(err)
	}
	if train.Len() != 15 || validation.Len() != 5 {
		t.Errorf("%d and %d images", train.Len(), validation.Len())
	}
	all := slices.Sorted(slices.Values(slices.Concat(train.Paths, validation.Paths)))
	slices.Sort(paths)
	if !slices.Equal(all, paths) {
		t.Errorf("got %q, wanted %q", all, paths)
	}
	if slices.IsSorted(train.Paths) {
		t.Error("the images are not shuffled")
	}
	for i, p := range validation.Paths {
		if want := int32(strings.IndexByte("xy", p[0])); validation.Numbers[i] != want {
			t.Errorf("%s has the class %d", p, validation.Numbers[i])
		}
	}
	again, _, err := images.Read(files, o)
	if err != nil || !slices.Equal(again.Paths, train.Paths) {
		t.Errorf("the same seed gives %q, then %q (%v)", train.Paths, again.Paths, err)
	}
	o.Seed = 4
	if other, _, err := images.Read(files, o); err != nil || slices.Equal(other.Paths, train.Paths) {
		t.Errorf("another seed gives the same order (%v)", err)
	}
}

// Without labels images may lie anywhere; JPEG files are read, also as their brightness.
func TestJPEGWithoutLabels(t *testing.T) {
	img := image.NewNRGBA(image.Rect(0, 0, 16, 16))
	for i := range 256 {
		img.SetNRGBA(i%16, i/16, color.NRGBA{200, 100, 50, 255})
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 95}); err != nil {
		t.Fatal(err)
	}
	files := fstest.MapFS{"top.jpeg": {Data: b.Bytes()}, "deep/er/x.JPG": {Data: b.Bytes()}}
	for c, want := range map[images.Color][]float32{images.RGB: {200, 100, 50}, images.Grayscale: {124.2}} {
		f, _, err := images.Read(files, images.Options{Height: 1, Width: 1, Labels: images.None, Color: c})
		if err != nil {
			t.Fatal(err)
		}
		x := make([]float32, 2*len(want))
		if err := f.Batch([]int{0, 1}, x, nil); err != nil {
			t.Fatal(err)
		}
		for i, v := range x {
			if math.Abs(float64(v-want[i%len(want)])) > 2 {
				t.Errorf("pixels %v, wanted %v", x, want)
			}
		}
		if f.Classes != nil || f.Numbers != nil || f.YShape()[0] != 0 {
			t.Errorf("there are labels: %v %v", f.Classes, f.Numbers)
		}
	}
}
