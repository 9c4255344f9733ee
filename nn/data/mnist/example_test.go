package mnist_test

import (
	"errors"
	"fmt"
	"os"

	"github.com/tabgrad/tabgrad/nn/data/mnist"
)

// Without the files a program says so and goes on with generated digits.
func ExampleDir() {
	defer os.Setenv(mnist.Env, os.Getenv(mnist.Env))
	os.Setenv(mnist.Env, "no/such/folder")
	_, err := mnist.Dir()
	fmt.Println(err)
	fmt.Println(errors.Is(err, mnist.ErrMissing))
	// Output:
	// mnist: files missing: no/such/folder has no train-images-idx3-ubyte, gzipped or not
	// true
}
