package nn

import (
	"cmp"
	"math"
	"slices"
	"sort"
)

// What IntegerLookup, StringLookup and TextVectorization have in common is Keras's IndexLookup
// (keras/src/layers/preprocessing/index_lookup.py): tokens and their indices, which begin with the special ones, a mask
// token where indices are wanted, and places for tokens that the vocabulary has not got.

// A tokenTally counts tokens, and in how many documents each is.
type tokenTally[T cmp.Ordered] struct {
	tokens, documents map[T]int
	all               int // documents
}

func newTokenTally[T cmp.Ordered]() *tokenTally[T] {
	return &tokenTally[T]{tokens: map[T]int{}, documents: map[T]int{}}
}

// document counts one document's tokens.
func (t *tokenTally[T]) document(tokens []T) {
	t.all++
	seen := map[T]bool{}
	for _, token := range tokens {
		t.tokens[token]++
		if !seen[token] {
			seen[token] = true
			t.documents[token]++
		}
	}
}

// most are the tokens by how often they came, the most frequent first, and of equally frequent ones the
// largest; at most limit of them, all where that is below 0, without those that are special.
func (t *tokenTally[T]) most(limit int, special ...T) []T {
	var tokens []T
	for token := range t.tokens {
		if !slices.Contains(special, token) {
			tokens = append(tokens, token)
		}
	}
	sort.Slice(tokens, func(i, j int) bool {
		a, b := tokens[i], tokens[j]
		if n, m := t.tokens[a], t.tokens[b]; n != m {
			return n > m
		}
		return a > b
	})
	if limit >= 0 && len(tokens) > limit {
		tokens = tokens[:limit]
	}
	return tokens
}

// frequencies are tokens' inverse document frequencies: ln(1 + documents/(1 + those with the token)).
func (t *tokenTally[T]) frequencies(tokens []T) []float64 {
	weights := make([]float64, len(tokens))
	for i, token := range tokens {
		weights[i] = math.Log(1 + float64(t.all)/float64(1+t.documents[token]))
	}
	return weights
}

// A vocabulary is the arguments that the lookups share, checked.
type vocabulary[T cmp.Ordered] struct {
	mode    string
	most    int // max_tokens, 0 for any number
	pad     bool
	special []T // in front: the mask token where there is a place for it, then the unknown one, as often as it has places
	tokens  []T // behind the special ones
	weights []float64
	mask    *T // also where it has no place
}

// check says what is wrong with the arguments and cuts special tokens off the given ones.
func (v *vocabulary[T]) check(given []T, weights []float64) error {
	if v.pad && v.most == 0 {
		return fail(ErrConfig, "max_tokens is missing, which pad_to_max_tokens wants")
	}
	if weights != nil && v.mode != "tf_idf" {
		return fail(ErrConfig, "idf_weights are given, which are for the output_mode tf_idf, not %s", v.mode)
	}
	if given == nil {
		if weights != nil {
			return fail(ErrConfig, "idf_weights are given without a vocabulary")
		}
		return nil
	}
	if weights == nil && v.mode == "tf_idf" {
		return fail(ErrConfig, "idf_weights are missing, which the output_mode tf_idf wants beside a vocabulary")
	}
	if weights != nil && len(weights) != len(given) {
		return fail(ErrConfig, "there are %d idf_weights, wanted one for each of the vocabulary's %d tokens", len(weights), len(given))
	}
	v.tokens, v.weights = given, weights
	if n := len(v.special); len(given) >= n && slices.Equal(given[:n], v.special) {
		v.tokens = given[n:]
	} else if weights != nil {
		v.weights = v.withAverage(weights)
	}
	seen := map[T]bool{}
	for _, t := range v.tokens {
		if seen[t] || v.mask != nil && t == *v.mask {
			return fail(ErrConfig, "the vocabulary has %s twice, or a special token behind its place", show(t))
		}
		seen[t] = true
	}
	if n := v.size(); v.most > 0 && n > v.most {
		return fail(ErrConfig, "the vocabulary has %d tokens with the special ones, max_tokens is %d", n, v.most)
	}
	return nil
}

// withAverage puts the special tokens' weights in front: nothing is known of them, so they get the average.
func (v *vocabulary[T]) withAverage(weights []float64) []float64 {
	sum := 0.0
	for _, w := range weights {
		sum += w
	}
	return append(slices.Repeat([]float64{sum / float64(len(weights))}, len(v.special)), weights...)
}

// learn takes the tally's most frequent tokens. It fails with ErrData where there are none.
func (v *vocabulary[T]) learn(t *tokenTally[T], special ...T) error {
	limit := -1
	if v.most > 0 {
		limit = max(0, v.most-len(v.special))
	}
	if v.tokens = t.most(limit, special...); len(v.tokens) == 0 {
		return fail(ErrData, "there are no tokens in the data")
	}
	if v.mode == "tf_idf" {
		v.weights = v.withAverage(t.frequencies(v.tokens))
	}
	return nil
}

// all are the tokens at their indices.
func (v *vocabulary[T]) all() []T { return append(slices.Clone(v.special), v.tokens...) }

func (v *vocabulary[T]) size() int { return len(v.special) + len(v.tokens) }

// depth is how long vectors are.
func (v *vocabulary[T]) depth() int {
	if v.pad {
		return v.most
	}
	return v.size()
}
