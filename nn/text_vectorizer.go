package nn

// A TextVectorizer makes numbers of texts, as a [Text] says.
//
//	v, err := nn.NewTextVectorizer(nn.TextVectorization{MaxTokens: 10000, Length: 50})
//	err = v.Adapt(texts)
//	t, err := v.Apply(texts) // [len(texts), 50]
//
// Its methods must not be called from several goroutines at once.
type TextVectorizer struct {
	config      Text
	vocabulary  *vocabulary[string]
	standardize func(text string) string
	split       func(text string) []string
	ngrams      []int
	length      int
	unknown     string // the token that stands for those
	oov         int    // the index of unknown tokens, -1 where they are an error
	single      bool   // a text is one token, and its index a number

	tally *tokenTally[string] // while it learns
	index map[string]int      // of each token; nil before there is a vocabulary
}

// NewTextVectorizer makes a vectorizer. It fails with ErrConfig where the arguments don't fit together.
func NewTextVectorizer(config Text) (*TextVectorizer, error) {
	config = complete(config).(Text)
	v := &TextVectorizer{config: config}
	if err := validate(v.name(), config); err != nil {
		return nil, err
	}
	if err := config.start(v); err != nil {
		return nil, named(v.name(), err)
	}
	v.ready()
	return v, nil
}

// name is how messages call it.
func (v *TextVectorizer) name() string {
	switch c := v.config.(type) {
	case TextVectorization:
		if c.Name != "" {
			return c.Name
		}
		return "text_vectorization"
	case StringLookup:
		if c.Name != "" {
			return c.Name
		}
	}
	return "string_lookup"
}

// ready numbers the vocabulary's tokens.
func (v *TextVectorizer) ready() {
	if len(v.vocabulary.tokens) == 0 {
		return
	}
	v.index = make(map[string]int, v.vocabulary.size())
	for i, token := range v.vocabulary.tokens {
		v.index[token] = len(v.vocabulary.special) + i
	}
	if mask := v.vocabulary.mask; mask != nil {
		v.index[*mask] = 0
		if v.vocabulary.mode != "int" {
			v.index[*mask] = -1
		}
	}
}

// Adapt learns the vocabulary from texts: the most frequent tokens first, of equally frequent ones the larger first
// byte by byte, which is Keras's order.
func (v *TextVectorizer) Adapt(texts []string) error {
	if err := v.Learn(texts); err != nil {
		return err
	}
	return v.Learnt()
}

// Learn is Adapt for texts that come in batches: it counts their tokens. [TextVectorizer.Learnt] ends it.
func (v *TextVectorizer) Learn(texts []string) error { return v.LearnTokens(v.tokens(texts)) }

// LearnTokens is Learn of texts that are standardized and split already.
func (v *TextVectorizer) LearnTokens(texts [][]string) error {
	if given, _ := v.given(); given {
		return fail(ErrConfig, "%s: adapt: a vocabulary is given, wanted none", v.name())
	}
	if v.tally == nil {
		v.tally = newTokenTally[string]()
	}
	for _, tokens := range texts {
		v.tally.document(joined(tokens, v.ngrams))
	}
	return nil
}

// Forget drops what was counted since the last Learnt.
func (v *TextVectorizer) Forget() { v.tally = nil }

// given is whether the vocabulary is an argument.
func (v *TextVectorizer) given() (bool, []float64) {
	switch c := v.config.(type) {
	case TextVectorization:
		return c.Vocabulary != nil, c.IDF
	case StringLookup:
		return c.Vocabulary != nil, c.IDF
	}
	return false, nil
}

// Learnt makes the vocabulary of what was counted, in place of one learnt before.
func (v *TextVectorizer) Learnt() error {
	tally := v.tally
	if v.tally = nil; tally == nil {
		tally = newTokenTally[string]()
	}
	special := []string{v.unknown}
	if v.vocabulary.mask != nil {
		special = append(special, *v.vocabulary.mask)
	}
	learnt := *v.vocabulary
	if err := learnt.learn(tally, special...); err != nil {
		return named(v.name()+": adapt", err)
	}
	v.vocabulary = &learnt
	v.ready()
	return nil
}

// Vocabulary is the tokens in the order of their indices, the special ones first.
func (v *TextVectorizer) Vocabulary() []string { return v.vocabulary.all() }

// IDF is the tokens' weights with tf_idf, nil else.
func (v *TextVectorizer) IDF() []float64 { return v.vocabulary.weights }

// Config is the vectorizer as TextFrom reads it, with its vocabulary, for saving beside a model. It fails with ErrConfig where
// a function of one's own is part of it.
func (v *TextVectorizer) Config() (any, error) {
	if c, ok := v.config.(TextVectorization); ok && (c.Standardizer != nil || c.Splitter != nil) {
		return nil, fail(ErrConfig, "%s: a function cannot be written into a config", v.name())
	}
	if v.index == nil {
		return Config(v.config)
	}
	return Config(v.config.learnt(v.Vocabulary(), v.vocabulary.weights))
}

func (v *TextVectorizer) tokens(texts []string) [][]string {
	out := make([][]string, len(texts))
	for i, text := range texts {
		out[i] = v.split(v.standardize(text))
	}
	return out
}

// Apply makes numbers of texts: indices [n, T], T the longest text's number of tokens or the length asked for; of a
// StringLookup [n]; or vectors [n, tokens]. All but tf_idf's are whole numbers.
func (v *TextVectorizer) Apply(texts []string) (Tensor, error) { return v.ApplyTokens(v.tokens(texts)) }

// ApplyTokens is Apply to texts that are standardized and split already.
func (v *TextVectorizer) ApplyTokens(texts [][]string) (Tensor, error) {
	if v.index == nil {
		return Tensor{}, fail(ErrConfig, "%s: there is no vocabulary: give one, or adapt it to texts first", v.name())
	}
	n := len(texts)
	indices := make([][]int, n)
	longest := 0
	for i, tokens := range texts {
		for _, token := range joined(tokens, v.ngrams) {
			at, ok := v.index[token]
			if !ok {
				if at = v.oov; at < 0 {
					return Tensor{}, fail(ErrData, "%s: text %d has %s, which is not in the vocabulary", v.name(), i, show(token))
				}
			}
			indices[i] = append(indices[i], at)
		}
		longest = max(longest, len(indices[i]))
	}
	if v.vocabulary.mode != "int" {
		if err := v.fits(n, v.vocabulary.depth()); err != nil {
			return Tensor{}, err
		}
		return v.vectors(indices), nil
	}
	if v.length > 0 {
		longest = v.length
	}
	if err := v.fits(n, longest); err != nil {
		return Tensor{}, err
	}
	t := Tensor{Shape: []int{n, longest}, Data: make([]float32, n*longest)}
	if v.single {
		t.Shape = []int{n}
	}
	for i, list := range indices {
		for k, at := range list[:min(len(list), longest)] {
			t.Data[i*longest+k] = float32(at)
		}
	}
	return t, nil
}

// fits checks that n rows of so many numbers are no more than a tensor may have.
func (v *TextVectorizer) fits(n, columns int) error {
	if n > 0 && columns > maxSize/4/n {
		return fail(ErrData, "%s: %d texts become %d numbers each, wanted at most %d numbers", v.name(), n, columns, maxSize/4)
	}
	return nil
}

// vectors are the indices' counts, [n, depth], or what the output mode makes of them. An index below 0 has no part in them.
func (v *TextVectorizer) vectors(indices [][]int) Tensor {
	depth := v.vocabulary.depth()
	t := Tensor{Shape: []int{len(indices), depth}, Data: make([]float32, len(indices)*depth)}
	for i, list := range indices {
		row := t.Data[i*depth : (i+1)*depth]
		for _, at := range list {
			switch {
			case at < 0:
			case v.vocabulary.mode == "count" || v.vocabulary.mode == "tf_idf":
				row[at]++
			default:
				row[at] = 1
			}
		}
		if v.vocabulary.mode == "tf_idf" {
			for k, w := range v.vocabulary.weights {
				row[k] *= float32(w)
			}
		}
	}
	return t
}
