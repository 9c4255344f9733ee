// Command transformer learns to write, letter by letter, in the style of a text, by default this project's README and nn/RATIONALE.md, with a
// causal Transformer of about half a million parameters.
//
//	go run ./nn/examples/transformer [-steps n] [-prompt text] [file...]
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log"
	"math"
	"os"
	"slices"

	"github.com/tabgrad/tabgrad/nn"
	_ "github.com/tabgrad/tabgrad/nn/cpu"
	"github.com/tabgrad/tabgrad/nn/data"
	"github.com/tabgrad/tabgrad/nn/prog"
)

// A Shape is how large a Transformer is.
type Shape struct {
	Context int // letters that it sees
	Width   int // numbers of a letter
	Blocks  int
	Heads   int
}

func main() {
	log.SetFlags(0)
	steps := flag.Int("steps", 1000, "training steps of 32 windows")
	prompt := flag.String("prompt", "The ", "what the text that it writes begins with")
	flag.Parse()
	names := flag.Args()
	if len(names) == 0 {
		names = []string{"README.md", "nn/RATIONALE.md"}
	}
	var text []byte
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			log.Fatal(err)
		}
		text = append(text, b...)
	}
	if _, err := run(context.Background(), os.Stdout, string(text), Shape{Context: 64, Width: 96, Blocks: 4, Heads: 4}, *steps, *prompt, 400); err != nil {
		log.Fatal(err)
	}
}

// run is the mean loss of the last tenth of the steps, in nats a letter. It prints n letters that the network writes.
func run(ctx context.Context, out io.Writer, text string, shape Shape, steps int, prompt string, n int) (loss float64, err error) {
	letters := alphabet(text)
	model, err := build(shape, len(letters))
	if err != nil {
		return 0, err
	}
	err = model.Compile(nn.Training{
		Optimizer: nn.AdamW{Schedule: nn.CosineDecay{WarmupTarget: 3e-3, WarmupSteps: steps / 20, Steps: steps - steps/20}, OptimizerOptions: nn.OptimizerOptions{GlobalClipNorm: 1}},
		Loss:      nn.SparseCategoricalCrossentropyLoss{FromLogits: true}, Seed: 1,
	})
	if err != nil {
		return 0, err
	}
	defer model.Close()
	total, trainable := model.CountParams()
	fmt.Fprintf(out, "%d letters of %d kinds, %d parameters, %d of them trained\n", len([]rune(text)), len(letters), total, trainable)

	windows, err := samples(indices(text, letters), shape.Context).Shuffle(4096, 1).Repeat(0).Batch(32)
	if err != nil {
		return 0, err
	}
	// An epoch is a tenth of the training.
	history, err := model.FitBatches(ctx, windows, nn.FitOptions{Epochs: 10, StepsPerEpoch: max(1, steps/10), Verbose: 2, Output: out})
	if err != nil {
		return 0, err
	}
	fmt.Fprint(out, prompt)
	seen := indices(prompt, letters)
	r := data.NewRandom(1, 0)
	for range n {
		next, err := write(ctx, model, shape.Context, seen, 0.7, r)
		if err != nil {
			return 0, err
		}
		seen = append(seen, next)
		fmt.Fprint(out, string(letters[next]))
	}
	fmt.Fprintln(out)
	losses := history.Values["loss"]
	return losses[len(losses)-1], nil
}

// build is a Transformer that says for each letter of its context which is next (Vaswani et al. 2017; normalised before each part, as in
// GPT-2).
func build(s Shape, letters int) (*nn.Model, error) {
	in := nn.NewInput(s.Context)
	x := nn.Apply(nn.Embedding{InputDim: letters, OutputDim: s.Width}, in)
	x = nn.Apply(Positions{}, x)
	for range s.Blocks {
		y := nn.Apply(nn.LayerNormalization{}, x)
		attended, err := nn.ApplyWith(nn.MultiHeadAttention{Heads: s.Heads, KeyDim: s.Width / s.Heads}, map[string]any{"use_causal_mask": true}, y, y)
		if err != nil {
			return nil, err
		}
		x = nn.Apply(nn.Add{}, x, attended[0])
		y = nn.Apply(nn.LayerNormalization{}, x)
		y = nn.Apply(nn.Dense{Units: 4 * s.Width, Activation: nn.GELU}, y)
		x = nn.Apply(nn.Add{}, x, nn.Apply(nn.Dense{Units: s.Width}, y))
	}
	x = nn.Apply(nn.LayerNormalization{}, x)
	return nn.NewModel([]*nn.Symbolic{in}, []*nn.Symbolic{nn.Apply(nn.Dense{Units: letters}, x)}), nil
}

// Positions adds a vector that is learnt to each step: where a letter stands. Any type with these two methods is a layer.
type Positions struct{}

// Build declares the vectors, [steps, width].
func (Positions) Build(s *nn.Scope, in prog.Shape) (prog.Shape, error) {
	s.Var("positions", in, nn.RandomNormal{Stddev: 0.02}, nil)
	return in, nil
}

// Lower adds them. There is no gradient to write: it follows from what is computed.
func (Positions) Lower(c *nn.Call, x prog.Buf) prog.Buf { return c.Add(x, c.Var(0)) }

// alphabet is each letter of the text, once.
func alphabet(text string) []rune {
	all := []rune(text)
	slices.Sort(all)
	return slices.Compact(all)
}

// indices are the letters' places in the alphabet; those that it has not got are left out.
func indices(text string, letters []rune) []int {
	var list []int
	for _, r := range text {
		if i, ok := slices.BinarySearch(letters, r); ok {
			list = append(list, i)
		}
	}
	return list
}

// samples are windows of the text from places that lie 5 letters apart; the target of each letter is the next.
func samples(text []int, context int) *data.Stream {
	return data.Generate([][]int{{context}}, [][]int{{context}}, func(epoch int, yield func(data.Sample) bool) error {
		for at := epoch % 5; at+context < len(text); at += 5 {
			x, y := make([]float32, context), make([]float32, context)
			for i := range context {
				x[i], y[i] = float32(text[at+i]), float32(text[at+i+1])
			}
			if !yield(data.Sample{X: [][]float32{x}, Y: [][]float32{y}}) {
				return nil
			}
		}
		return nil
	})
}

// write is a letter that the network expects next, drawn by its probabilities; a temperature below 1 makes likely ones likelier.
func write(ctx context.Context, model *nn.Model, context int, seen []int, temperature float64, r *data.Random) (int, error) {
	x := make([]float32, context)
	last := seen[max(0, len(seen)-context):]
	for i, letter := range last { // what stands behind them no letter sees
		x[i] = float32(letter)
	}
	column, err := data.NewFloats([]int{1, context}, x)
	if err != nil {
		return 0, err
	}
	y, err := model.Predict(ctx, column, nn.PredictOptions{})
	if err != nil {
		return 0, err
	}
	letters := y.Shape[2]
	scores := y.Data[(len(last)-1)*letters:][:letters]
	most, sum := float64(slices.Max(scores)), 0.0
	weights := make([]float64, letters)
	for i, v := range scores {
		weights[i] = math.Exp((float64(v) - most) / temperature)
		sum += weights[i]
	}
	at := sum * r.Float64()
	for i, w := range weights {
		if at -= w; at < 0 {
			return i, nil
		}
	}
	return letters - 1, nil
}
