package nn

import (
	"slices"
	"strings"
)

// Text is how a [TextVectorizer] makes numbers of texts: a TextVectorization or a StringLookup. Strings don't exist in programs, so these
// are not layers of a model, but come before it.
type Text interface {
	// start makes the vectorizer's parts of the arguments.
	start(v *TextVectorizer) error
	// learnt is the same with a vocabulary.
	learnt(vocabulary []string, weights []float64) Text
}

// TextVectorization makes numbers of texts as Keras's layer does: it brings them into one form, splits them into tokens, joins
// neighbours to n-grams, and looks the tokens up in a vocabulary, which it is given or learns by
// [TextVectorizer.Adapt]. Index 0 is for what is padded, 1 for tokens that the vocabulary has not got; with an output
// mode other than int, 0 is for those.
type TextVectorization struct {
	MaxTokens   int       `arg:"max_tokens" min:"2" null:"0" doc:"How many indices there are at most, with the special ones."`
	Standardize string    `arg:"standardize" default:"lower_and_strip_punctuation" oneof:"lower_and_strip_punctuation,lower,strip_punctuation,none" null:"none" doc:"What is done to a text first: A to Z made small, ASCII's punctuation taken out."`
	Split       string    `arg:"split" default:"whitespace" oneof:"whitespace,character,none" null:"none" doc:"Where texts are split into tokens."`
	NGrams      []int     `arg:"ngrams" min:"1" doc:"Of how many neighbours tokens are made: of one, two, three ..., for each number those."`
	Output      string    `arg:"output_mode" default:"int" oneof:"int,multi_hot,count,tf_idf" doc:"Indices, or a vector a text: which tokens it has, how often, or how often times how rare they are."`
	Length      int       `arg:"output_sequence_length" min:"1" null:"0" doc:"How many indices a text has: the first, or padded with 0; by default as many as the longest."`
	Pad         bool      `arg:"pad_to_max_tokens" doc:"Whether vectors have max_tokens numbers, whatever the vocabulary has."`
	Vocabulary  []string  `arg:"vocabulary" doc:"The tokens, each once; the special ones may stand in front."`
	IDF         []float64 `arg:"idf_weights" doc:"With tf_idf, a weight for each of the vocabulary."`
	Name        string    `arg:"name" doc:"A name, for messages."`

	// Standardizer and Splitter are used in place of Standardize and Split where they are not nil. They are not part of a
	// config.
	Standardizer func(text string) string
	Splitter     func(text string) []string
}

// StringLookup makes indices of single tokens, each as it is: of those that the vocabulary has, their places in it
// behind the special ones, and of all others 0 (or 1, behind a mask token's). Or vectors of them.
type StringLookup struct {
	MaxTokens  int       `arg:"max_tokens" min:"2" null:"0" doc:"How many indices there are at most, with the special ones."`
	OOV        *int      `arg:"num_oov_indices" default:"1" min:"0" max:"1" doc:"Whether unknown tokens have an index; without, they are an error."`
	Mask       *string   `arg:"mask_token" doc:"The token whose index is 0, and that has no part in vectors."`
	OOVToken   string    `arg:"oov_token" default:"[UNK]" doc:"What stands for unknown tokens in the vocabulary."`
	Vocabulary []string  `arg:"vocabulary" doc:"The tokens, each once; the special ones may stand in front."`
	IDF        []float64 `arg:"idf_weights" doc:"With tf_idf, a weight for each of the vocabulary."`
	Output     string    `arg:"output_mode" default:"int" oneof:"int,one_hot,multi_hot,count,tf_idf" doc:"What becomes of the indices."`
	Pad        bool      `arg:"pad_to_max_tokens" doc:"Whether vectors have max_tokens numbers, whatever the vocabulary has."`
	Name       string    `arg:"name" doc:"A name, for messages."`
}

// TextFrom reads a TextVectorization or a StringLookup: see LayerFrom. An n for ngrams stands for 1 to n.
func TextFrom(config any) (Text, error) {
	if c, ok := config.(map[string]any); ok {
		if args, ok := c["config"].(map[string]any); ok {
			if n, ok := whole(args["ngrams"]); ok && n > 0 && n < 1<<10 {
				list := make([]any, n)
				for i := range list {
					list[i] = i + 1
				}
				args = cloneWith(args, "ngrams", list)
				config = cloneWith(c, "config", args)
			}
		}
	}
	return from[Text](KindText, config)
}

func cloneWith(m map[string]any, key string, value any) map[string]any {
	out := map[string]any{key: value}
	for k, v := range m {
		if k != key {
			out[k] = v
		}
	}
	return out
}

const unknownToken = "[UNK]"

func (x TextVectorization) start(v *TextVectorizer) error {
	if x.Output != "int" && x.Length != 0 {
		return fail(ErrConfig, "output_sequence_length is %d, which is for the output_mode int, not %s", x.Length, x.Output)
	}
	mask := ""
	v.vocabulary = &vocabulary[string]{mode: x.Output, most: x.MaxTokens, pad: x.Pad, mask: &mask, special: []string{unknownToken}}
	if x.Output == "int" {
		v.vocabulary.special = []string{mask, unknownToken}
	}
	v.unknown, v.oov, v.ngrams, v.length = unknownToken, len(v.vocabulary.special)-1, x.NGrams, x.Length
	v.standardize, v.split = x.Standardizer, x.Splitter
	if v.standardize == nil {
		v.standardize = func(text string) string { return standardizedText(text, x.Standardize) }
	}
	if v.split == nil {
		v.split = func(text string) []string { return split(text, x.Split) }
	}
	return v.vocabulary.check(x.Vocabulary, x.IDF)
}

func (x TextVectorization) learnt(vocabulary []string, weights []float64) Text {
	x.Vocabulary, x.IDF = vocabulary, weights
	return x
}

func (x StringLookup) start(v *TextVectorizer) error {
	v.vocabulary = &vocabulary[string]{mode: x.Output, most: x.MaxTokens, pad: x.Pad, mask: x.Mask}
	if x.Mask != nil && x.Output == "int" {
		v.vocabulary.special = []string{*x.Mask}
	}
	v.oov, v.unknown, v.single = -1, x.OOVToken, true
	if *x.OOV == 1 {
		v.oov = len(v.vocabulary.special)
		v.vocabulary.special = append(v.vocabulary.special, x.OOVToken)
	}
	v.standardize = func(text string) string { return text }
	v.split = func(text string) []string { return []string{text} }
	return v.vocabulary.check(x.Vocabulary, x.IDF)
}

func (x StringLookup) learnt(vocabulary []string, weights []float64) Text {
	x.Vocabulary, x.IDF = vocabulary, weights
	return x
}

// standardizedText is what TensorFlow's strings.lower, which leaves all but ASCII, and Keras's punctuation make of a text.
func standardizedText(text, how string) string {
	small, strip := strings.HasPrefix(how, "lower"), strings.HasSuffix(how, "strip_punctuation")
	if !small && !strip {
		return text
	}
	out := make([]byte, 0, len(text))
	for i := range len(text) {
		c := text[i]
		switch {
		case small && c >= 'A' && c <= 'Z':
			out = append(out, c+'a'-'A')
		case strip && (c >= '!' && c <= '/' || c >= ':' && c <= '@' || c >= '[' && c <= '`' || c >= '{' && c <= '~'):
		default:
			out = append(out, c)
		}
	}
	return string(out)
}

// split is a text's tokens: between ASCII's white space, characters, or the whole text.
func split(text, how string) []string {
	switch how {
	case "none":
		return []string{text}
	case "character":
		var tokens []string
		for _, r := range text {
			tokens = append(tokens, string(r))
		}
		return tokens
	}
	return strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || r >= '\t' && r <= '\r' })
}

// joined are the tokens' n-grams: of each size all, from the left, with a space between tokens.
func joined(tokens []string, sizes []int) []string {
	if sizes == nil {
		return tokens
	}
	var out []string
	for _, n := range sizes {
		for i := 0; i+n <= len(tokens); i++ {
			out = append(out, strings.Join(tokens[i:i+n], " "))
		}
	}
	return slices.Clip(out)
}
