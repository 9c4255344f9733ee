// Package images makes datasets of folders of PNG and JPEG files, a folder for each class, as
// keras.utils.image_dataset_from_directory does (keras/src/utils/image_dataset_utils.py). It is for programs that run
// natively: the decoders are not in the browser's wasm, where the page decodes images itself.
package images

import (
	"errors"
	"image"
	"io/fs"
	"os"
	"path"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/tabgrad/tabgrad/nn/data"
)

// Options say which images of a folder are samples, and how. The zero value gives RGB images of 256x256 numbers from 0 to
// 255, in the order of their paths, with class numbers.
type Options struct {
	Labels  LabelMode
	Classes []string // names of folders, in the order of their numbers; nil: all, sorted
	Color   Color
	Height  int  // 0: 256
	Width   int  // 0: 256
	Nearest bool // takes the nearest pixel, where bilinear interpolation takes four

	// Shuffle puts the images into a random order, which Seed gives. Split keeps the last share of that order back
	// for validation; both sides of one seed have no image in common.
	Shuffle bool
	Seed    uint64
	Split   float64
}

// A LabelMode says what targets are.
type LabelMode uint8

const (
	// Int targets are class numbers, for sparse categorical crossentropy.
	Int LabelMode = iota
	// Categorical targets are one-hot.
	Categorical
	// Binary targets are 0 or 1, of exactly two classes.
	Binary
	// None: no targets. Images may then lie in the folder itself.
	None
)

// Color says how many channels images have.
type Color uint8

const (
	// RGB images have 3 channels.
	RGB Color = iota
	// Grayscale images have 1.
	Grayscale
	// RGBA images have 4, colours as they are without transparency.
	RGBA
)

func (c Color) channels() int { return [...]int{3, 1, 4}[c] }

// A Folder is a data.Dataset of images, which are read and decoded when a batch is made, by as many goroutines as there are
// processors. For decoding while the model trains: data.Samples(f), Batch and Prefetch.
type Folder struct {
	// Classes are the names of the classes, by their numbers.
	Classes []string
	// Paths are the images' paths within the folder, and Numbers their classes; nil without targets.
	Paths   []string
	Numbers []int32

	files  fs.FS
	o      Options
	shape  []int
	labels *data.Labels // nil without targets
}

// Open looks for images in the folder at path; see Read.
func Open(path string, o Options) (train, validation *Folder, err error) {
	if _, err := os.Stat(path); err != nil {
		return nil, nil, err
	}
	return Read(os.DirFS(path), o)
}

// Read looks for images, files that end in .png, .jpg or .jpeg, in the folders of a file system: each folder at the top is a
// class, with all that is in folders below it; those whose names begin with a dot are passed over. validation is nil
// without a Split. Errors wrap data.ErrFormat, data.ErrShape or data.ErrSplit, or are the file system's.
func Read(files fs.FS, o Options) (train, validation *Folder, err error) {
	for _, side := range []*int{&o.Height, &o.Width} {
		if *side == 0 {
			*side = 256
		}
		if *side < 0 {
			return nil, nil, fail(data.ErrShape, "the size is ", strconv.Itoa(o.Height), "x", strconv.Itoa(o.Width), ", wanted at least 1x1")
		}
	}
	if o.Split < 0 || o.Split >= 1 {
		return nil, nil, fail(data.ErrSplit, "the split is ", strconv.FormatFloat(o.Split, 'g', -1, 64), ", wanted at least 0 and less than 1")
	}
	f := &Folder{files: files, o: o, shape: []int{o.Height, o.Width, o.Color.channels()}}
	if err := f.index(); err != nil {
		return nil, nil, err
	}
	if o.Shuffle {
		order := data.Permutation(len(f.Paths), o.Seed, 0)
		paths, numbers := make([]string, len(order)), make([]int32, len(order))
		for k, i := range order {
			paths[k], numbers[k] = f.Paths[i], f.Numbers[i]
		}
		f.Paths, f.Numbers = paths, numbers
	}
	if o.Split == 0 {
		return f, nil, f.label()
	}
	at := len(f.Paths) - int(o.Split*float64(len(f.Paths)))
	if at == 0 || at == len(f.Paths) {
		return nil, nil, fail(data.ErrSplit, "a split of ", strconv.FormatFloat(o.Split, 'g', -1, 64), " of ", strconv.Itoa(len(f.Paths)), " images leaves one side empty")
	}
	train, validation = &Folder{}, &Folder{}
	*train, *validation = *f, *f
	train.Paths, validation.Paths = f.Paths[:at:at], f.Paths[at:]
	train.Numbers, validation.Numbers = f.Numbers[:at:at], f.Numbers[at:]
	if err := train.label(); err != nil {
		return nil, nil, err
	}
	return train, validation, validation.label()
}

// index finds the classes and the images.
func (f *Folder) index() error {
	top, err := fs.ReadDir(f.files, ".") // sorted by name
	if err != nil {
		return err
	}
	var folders []string
	for _, e := range top {
		if e.IsDir() && !strings.HasPrefix(e.Name(), ".") {
			folders = append(folders, e.Name())
		}
	}
	roots := folders
	if f.o.Labels == None {
		roots = []string{"."}
	} else if f.o.Classes != nil {
		for _, name := range f.o.Classes {
			if !slices.Contains(folders, name) {
				return fail(data.ErrFormat, "there is no folder ", strconv.Quote(name), ", wanted some of ", strings.Join(folders, ", "))
			}
		}
		roots = f.o.Classes
	}
	if f.o.Labels == Binary && len(roots) != 2 {
		return fail(data.ErrFormat, "there are ", strconv.Itoa(len(roots)), " classes, wanted 2 for binary labels")
	}
	for number, root := range roots {
		var paths []string
		err := fs.WalkDir(f.files, root, func(p string, e fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			switch strings.ToLower(path.Ext(p)) {
			case ".png", ".jpg", ".jpeg":
				if !e.IsDir() {
					paths = append(paths, p)
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		// By their folders, then by their names, as Keras has them.
		slices.SortFunc(paths, func(a, b string) int {
			if c := strings.Compare(path.Dir(a), path.Dir(b)); c != 0 {
				return c
			}
			return strings.Compare(path.Base(a), path.Base(b))
		})
		for range paths {
			f.Numbers = append(f.Numbers, int32(number))
		}
		f.Paths = append(f.Paths, paths...)
	}
	if len(f.Paths) == 0 {
		return fail(data.ErrFormat, "there are no images, wanted files that end in .png, .jpg or .jpeg")
	}
	if f.o.Labels != None {
		f.Classes = slices.Clone(roots)
	}
	return nil
}

// label makes the targets.
func (f *Folder) label() (err error) {
	switch f.o.Labels {
	case None:
		f.Numbers = nil
	case Categorical:
		f.labels, err = data.OneHot(f.Numbers, len(f.Classes))
	default:
		f.labels, err = data.Sparse(f.Numbers, len(f.Classes))
	}
	return err
}

// Len is the number of images.
func (f *Folder) Len() int { return len(f.Paths) }

// XShape is [height, width, channels].
func (f *Folder) XShape() []int { return f.shape }

// YShape is [classes] of categorical targets, [1] of others, and [0] where there are none.
func (f *Folder) YShape() []int {
	switch {
	case f.labels == nil:
		return []int{0}
	case f.o.Labels == Categorical:
		return f.labels.Shape()
	}
	return []int{1}
}

// Batch decodes the images at indices into x, numbers from 0 to 255, and copies their targets into y; see data.Dataset.
func (f *Folder) Batch(indices []int, x, y []float32) error {
	perX, perY := f.shape[0]*f.shape[1]*f.shape[2], f.YShape()[0]
	if len(x) < len(indices)*perX || len(y) < len(indices)*perY {
		return fail(data.ErrShape, "a batch of ", strconv.Itoa(len(indices)), " wants ", strconv.Itoa(len(indices)*perX), " and ", strconv.Itoa(len(indices)*perY),
			" floats, got ", strconv.Itoa(len(x)), " and ", strconv.Itoa(len(y)))
	}
	for _, i := range indices {
		if uint(i) >= uint(len(f.Paths)) {
			return fail(data.ErrIndex, "image ", strconv.Itoa(i), " of ", strconv.Itoa(len(f.Paths)))
		}
	}
	workers := min(len(indices), runtime.GOMAXPROCS(0))
	errs := make([]error, workers)
	var all sync.WaitGroup
	for w := range workers {
		all.Go(func() {
			for k := w; k < len(indices) && errs[w] == nil; k += workers {
				errs[w] = f.read(x[k*perX:(k+1)*perX], f.Paths[indices[k]])
				if f.labels != nil {
					f.labels.CopyRow(y[k*perY:(k+1)*perY], indices[k])
				}
			}
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

// read decodes an image.
func (f *Folder) read(dst []float32, name string) error {
	file, err := f.files.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	img, _, err := image.Decode(file)
	if err != nil {
		return fail(data.ErrFormat, name, ": ", err.Error(), ", wanted a PNG or JPEG image")
	}
	resize(dst, f.o.Height, f.o.Width, pixels(img, f.o.Color), f.o.Nearest)
	return nil
}

func fail(kind error, parts ...string) error {
	return data.NewError(kind, "images: "+strings.Join(parts, ""))
}
