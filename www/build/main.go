// Command build assembles the page into a folder of static files, www/dist, from the page's sources, the npm package's
// dist folder and uPlot. Any static host can serve that folder, under any path.
//
//	go run ./www/build                  # from the repository's root
//	go run ./www/build -mnist DIR       # with MNIST's files in it too
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"github.com/tabgrad/tabgrad/www/site"
)

func main() {
	root := flag.String("root", ".", "the repository")
	out := flag.String("out", "", "where the site goes; default www/dist in the repository")
	mnist := flag.String("mnist", "", "a folder with MNIST's four gzipped files, to be part of the site")
	flag.Parse()
	if *out == "" {
		*out = filepath.Join(*root, "www", "dist")
	}
	from := site.In(*root)
	from.MNIST = *mnist
	if err := site.Assemble(from, *out); err != nil {
		fmt.Fprintln(os.Stderr, "build:", err)
		os.Exit(1)
	}
}
