package nn

import (
	"slices"
	"sort"

	"github.com/tabgrad/tabgrad/nn/prog"
)

// IntegerLookup makes indices of whole numbers: of those that the vocabulary has, their places in it behind
// the special ones; of Mask 0; and of all others an index for unknown ones. Or vectors of the indices, as
// CategoryEncoding does, or with "tf_idf" the counts times the IDF weights. Inverted, it makes numbers of
// indices. The vocabulary is an argument, or the numbers in the data that the layer is adapted to ([Adapt]), the
// most frequent first.
type IntegerLookup struct {
	MaxTokens  int       `arg:"max_tokens" min:"2" null:"0" doc:"How many indices there are at most, with the special ones."`
	OOV        *int      `arg:"num_oov_indices" default:"1" min:"0" max:"65536" doc:"How many indices unknown numbers have, by their remainder; with 0 an unknown number becomes -1."`
	Mask       *int      `arg:"mask_token" doc:"The number whose index is 0, and that has no part in vectors."`
	OOVToken   *int      `arg:"oov_token" default:"-1" doc:"What an unknown index becomes with invert."`
	Vocabulary []int     `arg:"vocabulary" doc:"The numbers, each once."`
	IDF        []float64 `arg:"idf_weights" doc:"With tf_idf, a weight for each of the vocabulary."`
	Invert     bool      `arg:"invert" doc:"Whether indices become numbers."`
	Output     string    `arg:"output_mode" default:"int" oneof:"int,one_hot,multi_hot,count,tf_idf" doc:"What becomes of the indices."`
	Pad        bool      `arg:"pad_to_max_tokens" doc:"Whether vectors have max_tokens numbers, whatever the vocabulary has."`
	Name       string    `arg:"name" doc:"The layer's name."`
}

// lookup is the vocabulary of the arguments.
func (l IntegerLookup) lookup() (*vocabulary[int], error) {
	v := &vocabulary[int]{mode: l.Output, most: l.MaxTokens, pad: l.Pad, mask: l.Mask}
	if l.Mask != nil && l.Output == "int" {
		v.special = append(v.special, *l.Mask)
	}
	v.special = append(v.special, slices.Repeat([]int{*l.OOVToken}, *l.OOV)...)
	for _, n := range append(slices.Clone(l.Vocabulary), v.special...) {
		if n < -exactly || n > exactly {
			return nil, fail(ErrConfig, "the vocabulary has %d, wanted numbers of at most %d, which float32 has exactly", n, exactly)
		}
	}
	return v, v.check(l.Vocabulary, l.IDF)
}

// Build returns the shape of the indices or vectors.
func (l IntegerLookup) Build(_ *Scope, in prog.Shape) (prog.Shape, error) {
	v, err := l.lookup()
	switch {
	case err != nil:
		return nil, err
	case len(v.tokens) == 0:
		return nil, fail(ErrConfig, "vocabulary is missing: give it, or adapt the layer to data")
	case l.Invert && l.Output != "int":
		return nil, fail(ErrConfig, "output_mode is %s, wanted int with invert", l.Output)
	}
	return encodingOf(v).shape(in)
}

// encodingOf is what v's output_mode makes of its indices.
func encodingOf[T int | string](v *vocabulary[T]) encoding { return encoding{v.mode, v.depth()} }

// Lower looks numbers up.
func (l IntegerLookup) Lower(c *Call, x prog.Buf) prog.Buf {
	v, _ := l.lookup()
	if l.Invert {
		unknown := *l.OOVToken
		table := map[int]int{}
		for i, token := range v.all() {
			table[i] = token - unknown
		}
		return c.Affine(c.looked(x, table), 1, float64(unknown))
	}
	oov := len(v.special) - *l.OOV // the first index of unknown numbers, or -1
	if *l.OOV == 0 {
		oov = -1
	}
	table := map[int]int{}
	for i, token := range v.tokens {
		table[token] = len(v.special) + i - oov
	}
	if l.Mask != nil {
		table[*l.Mask] = -oov
		if l.Output != "int" {
			table[*l.Mask] = -1 - oov
		}
	}
	index := c.looked(x, table)
	if n := float64(*l.OOV); n > 1 {
		rest := c.Sub(x, c.Affine(c.Unary(prog.Floor, c.Div(x, c.Fill(n))), n, 0))
		index = c.Select(index, index, rest)
	}
	y := encodingOf(v).lower(c, c.Affine(index, 1, float64(oov)), prog.None)
	if v.mode == "tf_idf" {
		y = c.Mul(y, c.row(append(slices.Clone(v.weights), make([]float64, v.depth()-len(v.weights))...)))
	}
	return y
}

// looked is table[x] for whole numbers x, 0 where the table has none: by a row for each number in its range, or
// where those are too many, by comparing with each number.
func (c *Call) looked(x prog.Buf, table map[int]int) prog.Buf {
	var keys, values []float64
	low, high := exactly, -exactly
	for key := range table {
		low, high = min(low, key), max(high, key)
	}
	if high-low < 1<<20 {
		rows := make([]float32, 1+high-low+1+1) // the first and the last are those of the numbers outside
		for key, value := range table {
			rows[1+key-low] = float32(value)
		}
		return c.Gather(c.Const(rows, len(rows)), c.UnaryConst(prog.Clip, c.Affine(x, 1, float64(1-low)), 0, float64(len(rows)-1)))
	}
	for _, key := range sortedNumbers(table) {
		keys, values = append(keys, float64(key)), append(values, float64(table[key]))
	}
	same := c.Binary(prog.Equal, c.Reshape(x, append(slices.Clone(c.Shape(x)), 1)...), c.row(keys))
	return c.Reduce(prog.Sum, c.Mul(same, c.row(values)), false, -1)
}

func sortedNumbers(table map[int]int) []int {
	keys := make([]int, 0, len(table))
	for key := range table {
		keys = append(keys, key)
	}
	return ascending(keys)
}

// ascending are the numbers in that order. There are few of them: sort's one function for all types is enough.
func ascending(numbers []int) []int {
	numbers = slices.Clone(numbers)
	sort.Slice(numbers, func(i, j int) bool { return numbers[i] < numbers[j] })
	return numbers
}

// Learner makes IntegerLookup an Adapter. A sample is a document.
func (l IntegerLookup) Learner(sample prog.Shape) (Learner, error) {
	if l.Vocabulary != nil {
		return nil, fail(ErrConfig, "vocabulary is given, wanted a layer without")
	}
	v, err := l.lookup()
	if err != nil {
		return nil, err
	}
	return &integerLearner{layer: l, vocabulary: v, tally: newTokenTally[int](), size: sample.Size()}, nil
}

type integerLearner struct {
	layer      IntegerLookup
	vocabulary *vocabulary[int]
	tally      *tokenTally[int]
	size       int // of a sample
}

func (n *integerLearner) Learn(batch []float32) error {
	tokens := make([]int, n.size)
	for from := 0; from < len(batch); from += n.size {
		for i := range tokens {
			tokens[i] = int(batch[from+i])
		}
		n.tally.document(tokens)
	}
	return nil
}

func (n *integerLearner) Done() (Layer, [][]float32, error) {
	special := []int{*n.layer.OOVToken}
	if n.layer.Mask != nil {
		special = append(special, *n.layer.Mask)
	}
	if err := n.vocabulary.learn(n.tally, special...); err != nil {
		return nil, nil, err
	}
	l := n.layer
	l.Vocabulary, l.IDF = n.vocabulary.all(), n.vocabulary.weights
	return l, nil, nil
}
