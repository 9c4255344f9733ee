// Command fetch sees to it that MNIST is on this machine, for make mnist: it checks the folder MNIST_DIR where that is set, else
// the cache, which it fills from a public mirror when need be. It prints the folder. When the files cannot be had it says so
// in one line and exits with 1; everything but the accuracy on MNIST itself works without them, on generated digits.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"

	"github.com/tabgrad/tabgrad/nn/data/mnist"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	dir, err := have(ctx)
	stop()
	if err != nil {
		fmt.Fprintf(os.Stderr, "MNIST cannot be had here, the page trains on generated digits; set %s to a folder with the four IDX files. %v\n", mnist.Env, err)
		os.Exit(1)
	}
	fmt.Println(dir)
}

// have is the folder with the files, checked.
func have(ctx context.Context) (string, error) {
	if os.Getenv(mnist.Env) == "" {
		return mnist.Fetch(ctx)
	}
	dir, err := mnist.Dir()
	if err != nil {
		return "", err
	}
	_, _, err = mnist.Load(dir)
	return dir, err
}
