// Command make writes the files that the examples learn from, in the folder above. They are made up, so that nobody's are shipped, and so that
// one knows what there is to be learnt; each file's maker says it. The same files come out on every machine: what is multiplied is rounded
// before it is added, and no function of package math is used that processors differ in.
//
//	go generate ./nn/examples/files
package main

import (
	"log"
	"os"
	"strings"

	"github.com/tabgrad/tabgrad/nn/data"
)

func main() {
	log.SetFlags(0)
	for name, text := range map[string]string{
		"gen_reviews.csv": reviews(2400),
		"gen_weather.csv": weather(400 * perDay),
		"gen_houses.csv":  houses(1500),
	} {
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			log.Fatal("make: ", err)
		}
	}
}

// table is a CSV file of a header and rows without commas in them.
func table(header string, rows []string) string {
	return header + "\n" + strings.Join(rows, "\n") + "\n"
}

// pick is one of the words.
func pick(r *data.Random, words []string) string { return words[r.IntN(len(words))] }

// normal is about normal, of mean 0 and variance 1: the sum of twelve uniform numbers less 6.
func normal(r *data.Random) float64 {
	sum := -6.0
	for range 12 {
		sum += r.Float64()
	}
	return sum
}
