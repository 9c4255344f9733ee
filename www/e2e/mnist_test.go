package e2e

import (
	"errors"
	"os"
	"path/filepath"

	"github.com/tabgrad/tabgrad/nn/data"
	"github.com/tabgrad/tabgrad/nn/data/mnist"
)

// How many of MNIST's digits the page gets: a real browser on a busy machine has to learn them within seconds.
const trainDigits, testDigits = 6000, 1000

var (
	wholeMNIST string // the folder with MNIST's files, or empty where there is none
	firstMNIST string // a folder with its first digits, under the same names
)

// findMNIST sets the two folders. MNIST may be missing, but not a MNIST_DIR that was named.
func findMNIST(to string) error {
	dir, err := mnist.Dir()
	if errors.Is(err, mnist.ErrMissing) && os.Getenv(mnist.Env) == "" {
		return nil
	}
	if err != nil {
		return err
	}
	for _, part := range []struct {
		name  string
		count int
	}{
		{"train-images-idx3-ubyte", trainDigits}, {"train-labels-idx1-ubyte", trainDigits},
		{"t10k-images-idx3-ubyte", testDigits}, {"t10k-labels-idx1-ubyte", testDigits},
	} {
		all, err := readIDX(filepath.Join(dir, part.name))
		if err != nil {
			return err
		}
		all.Raw = all.Raw[:part.count*(len(all.Raw)/all.Dims[0])]
		all.Dims[0] = part.count
		if err := writeIDX(filepath.Join(to, part.name), all); err != nil {
			return err
		}
	}
	wholeMNIST, firstMNIST = dir, to
	return nil
}

func readIDX(path string) (*data.IDX, error) {
	file, err := os.Open(path + ".gz")
	if errors.Is(err, os.ErrNotExist) {
		file, err = os.Open(path)
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return data.ReadIDX(file, 0)
}

func writeIDX(path string, content *data.IDX) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := data.WriteIDX(file, content); err != nil {
		file.Close()
		return err
	}
	return file.Close()
}
