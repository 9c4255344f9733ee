package format

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/tabgrad/tabgrad/nn"
)

// SaveFile saves m on disk, for nn.ModelCheckpoint: a path that ends in .safetensors is that file, one that ends in
// .json a model.json of that name with its NAME.weights.bin beside it, any other a folder that gets a model.json.
// With weightsOnly what training goes on from is left out. Folders are made; a file that was there is replaced in
// one piece. Keras's .keras and .h5 wrap ErrUnsupported.
func SaveFile(m *nn.Model, path string, weightsOnly bool) error {
	ext := filepath.Ext(path)
	if ext == ".keras" || ext == ".h5" {
		return fail(ErrUnsupported, "%s: %s files are not written, wanted .safetensors, .json or a folder", path, ext)
	}
	a, err := FromModel(m)
	if err != nil {
		return err
	}
	if weightsOnly {
		a.Training = nil
	}
	if ext == ".safetensors" {
		file, err := WriteSafetensors(a)
		if err != nil {
			return err
		}
		return replace(path, file)
	}
	folder, name := path, "model"
	if ext == ".json" {
		folder, name = filepath.Dir(path), strings.TrimSuffix(filepath.Base(path), ext)
	}
	files, err := WriteTFJS(a, name)
	if err != nil {
		return err
	}
	for i := range files { // the weights first: model.json is what makes a model
		f := files[len(files)-1-i]
		if err := replace(filepath.Join(folder, f.Name), f.Data); err != nil {
			return err
		}
	}
	return nil
}

// replace writes a file that is there whole or, where that fails, as it was.
func replace(path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	next := path + ".next"
	if err := os.WriteFile(next, data, 0o666); err != nil {
		return err
	}
	return os.Rename(next, path)
}
