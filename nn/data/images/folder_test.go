package images_test

import (
	"bytes"
	"encoding/json"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"slices"
	"testing"
	"testing/fstest"

	"github.com/tabgrad/tabgrad/nn/data/images"
)

type tensor struct {
	Shape []int
	Data  []float32
}

// pngOf is a PNG file of [height, width, channels] numbers.
func pngOf(t testing.TB, p tensor) []byte {
	if t != nil {
		t.Helper()
	}
	h, w, n := p.Shape[0], p.Shape[1], p.Shape[2]
	bounds := image.Rect(0, 0, w, h)
	at := func(y, x, k int) uint8 { return uint8(p.Data[(y*w+x)*n+k]) }
	var img image.Image
	if n == 1 {
		g := image.NewGray(bounds)
		for i := range g.Pix {
			g.Pix[i] = uint8(p.Data[i])
		}
		img = g
	} else {
		c := image.NewNRGBA(bounds)
		for y := range h {
			for x := range w {
				v := color.NRGBA{at(y, x, 0), at(y, x, 1), at(y, x, 2), 255}
				if n == 4 {
					v.A = at(y, x, 3)
				}
				c.SetNRGBA(x, y, v)
			}
		}
		img = c
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		panic(err) // a bug of the test's
	}
	return b.Bytes()
}

// Folders of PNG files are what Keras makes of them.
func TestFoldersAreKeras(t *testing.T) {
	raw, err := os.ReadFile("../../testdata/keras/image_folders.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Cases []struct {
			Name   string
			Files  map[string]tensor
			Config struct {
				Size          [2]int   `json:"image_size"`
				Color         string   `json:"color_mode"`
				Labels        string   `json:"label_mode"`
				Classes       []string `json:"class_names"`
				Interpolation string
			}
			Expect struct {
				Classes, Paths []string
				X, Y           tensor
			}
		}
	}
	if err := json.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Cases) < 10 {
		t.Fatalf("%d cases", len(file.Cases))
	}
	for _, c := range file.Cases {
		files := fstest.MapFS{"a/notes.txt": {Data: []byte("no image")}}
		for path, p := range c.Files {
			files[path] = &fstest.MapFile{Data: pngOf(t, p)}
		}
		if _, ok := c.Files["no/1.png"]; ok {
			delete(files, "a/notes.txt")
		}
		f, none, err := images.Read(files, images.Options{
			Height: c.Config.Size[0], Width: c.Config.Size[1], Classes: c.Config.Classes, Nearest: c.Config.Interpolation == "nearest",
			Color:  map[string]images.Color{"": images.RGB, "grayscale": images.Grayscale, "rgba": images.RGBA}[c.Config.Color],
			Labels: map[string]images.LabelMode{"": images.Int, "categorical": images.Categorical, "binary": images.Binary}[c.Config.Labels],
		})
		if err != nil || none != nil {
			t.Errorf("%s: %v", c.Name, err)
			continue
		}
		if !slices.Equal(f.Classes, c.Expect.Classes) || !slices.Equal(f.Paths, c.Expect.Paths) {
			t.Errorf("%s: classes %q, paths %q, wanted %q, %q", c.Name, f.Classes, f.Paths, c.Expect.Classes, c.Expect.Paths)
		}
		if !slices.Equal(append([]int{f.Len()}, f.XShape()...), c.Expect.X.Shape) {
			t.Errorf("%s: %d of %v, wanted %v", c.Name, f.Len(), f.XShape(), c.Expect.X.Shape)
		}
		indices := make([]int, f.Len())
		for i := range indices {
			indices[i] = i
		}
		x, y := make([]float32, len(c.Expect.X.Data)), make([]float32, len(c.Expect.Y.Data))
		if err := f.Batch(indices, x, y); err != nil {
			t.Errorf("%s: %v", c.Name, err)
			continue
		}
		if !slices.Equal(y, c.Expect.Y.Data) {
			t.Errorf("%s: labels %v, wanted %v", c.Name, y, c.Expect.Y.Data)
		}
		for i, v := range x {
			if want := c.Expect.X.Data[i]; math.Abs(float64(v-want)) > 1e-4 {
				t.Errorf("%s: number %d of %v is %v, wanted %v", c.Name, i, c.Expect.X.Shape, v, want)
				break
			}
		}
	}
}
