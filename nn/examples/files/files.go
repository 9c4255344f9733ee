// Package files holds what the examples learn from: reviews of films, the weather at a place, houses and their prices. Command make
// made them up, and says of each what there is to be learnt.
package files

import (
	"embed"
	"io"
)

//go:generate go run ./make

//go:embed gen_*.csv
var files embed.FS

// Open opens a file at its beginning, as data.NewCSV wants it: files.Open("houses").
func Open(name string) func() (io.ReadCloser, error) {
	return func() (io.ReadCloser, error) { return files.Open("gen_" + name + ".csv") }
}
