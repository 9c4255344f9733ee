// Command sentiment learns to tell reviews of films that praise from those that don't. Each word by itself is in as many of the one as of the
// other, so that it takes their order: who says what, and where there is a not.
//
//	go run ./nn/examples/sentiment
package main

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"log"
	"os"

	"github.com/tabgrad/tabgrad/nn"
	_ "github.com/tabgrad/tabgrad/nn/cpu"
	"github.com/tabgrad/tabgrad/nn/data"
	"github.com/tabgrad/tabgrad/nn/examples/files"
)

func main() {
	log.SetFlags(0)
	if _, err := run(context.Background(), os.Stdout, 8); err != nil {
		log.Fatal(err)
	}
}

// run is the share of reviews that were not learnt from and are told rightly.
func run(ctx context.Context, out io.Writer, epochs int) (accuracy float64, err error) {
	texts, liked, err := read()
	if err != nil {
		return 0, err
	}
	const held = 400 // the first are not learnt from
	words, err := nn.NewTextVectorizer(nn.TextVectorization{Length: 48})
	if err != nil {
		return 0, err
	}
	if err := words.Adapt(texts[held:]); err != nil {
		return 0, err
	}
	train, err := table(words, texts[held:], liked[held:])
	if err != nil {
		return 0, err
	}
	test, err := table(words, texts[:held], liked[:held])
	if err != nil {
		return 0, err
	}

	model := nn.NewSequential(
		nn.Input(48),
		nn.Embedding{InputDim: len(words.Vocabulary()), OutputDim: 16, MaskZero: true},
		nn.Bidirectional{Layer: nn.LSTM{Units: 16}},
		nn.Dense{Units: 1, Activation: nn.Sigmoid},
	)
	if err := model.Compile(nn.Training{Optimizer: nn.Adam{LearningRate: 0.005}, Loss: nn.BinaryCrossentropy, Metrics: []nn.Metric{nn.Accuracy}, Seed: 1}); err != nil {
		return 0, err
	}
	defer model.Close()
	if _, err := model.Fit(ctx, train, nn.FitOptions{BatchSize: 32, Epochs: epochs, Verbose: 2, Output: out}); err != nil {
		return 0, err
	}
	scores, err := model.Evaluate(ctx, test, nn.EvalOptions{})
	if err != nil {
		return 0, err
	}
	accuracy, _ = scores.Get("accuracy")
	fmt.Fprintf(out, "of %d reviews that were not learnt from %.1f%% are told rightly\n", held, 100*accuracy)

	x, err := words.Apply([]string{"The plot was not boring!", "Critics said the acting was superb, but I found it clumsy."})
	if err != nil {
		return 0, err
	}
	column, err := data.NewFloats(x.Shape, x.Data)
	if err != nil {
		return 0, err
	}
	y, err := model.Predict(ctx, column, nn.PredictOptions{})
	if err != nil {
		return 0, err
	}
	fmt.Fprintf(out, "\"The plot was not boring!\" is praise with probability %.2f, \"Critics said the acting was superb, but I found it clumsy.\" with %.2f\n", y.Data[0], y.Data[1])
	return accuracy, nil
}

// read is the reviews, and for each 1 if it praises, else 0.
func read() (texts []string, liked []float32, err error) {
	file, err := files.Open("reviews")()
	if err != nil {
		return nil, nil, err
	}
	defer file.Close()
	lines, err := csv.NewReader(file).ReadAll()
	if err != nil {
		return nil, nil, err
	}
	for _, line := range lines[1:] {
		texts, liked = append(texts, line[1]), append(liked, 0)
		if line[0] == "positive" {
			liked[len(liked)-1] = 1
		}
	}
	return texts, liked, nil
}

// table makes samples of texts.
func table(words *nn.TextVectorizer, texts []string, liked []float32) (*data.Table, error) {
	indices, err := words.Apply(texts)
	if err != nil {
		return nil, err
	}
	x, err := data.NewFloats(indices.Shape, indices.Data)
	if err != nil {
		return nil, err
	}
	y, err := data.NewFloats([]int{len(liked), 1}, liked)
	if err != nil {
		return nil, err
	}
	return data.NewTable(x, y)
}
