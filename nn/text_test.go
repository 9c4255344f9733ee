package nn_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/tabgrad/tabgrad/nn"
)

type textCase struct {
	Name   string
	Class  string `json:"class_name"`
	Config map[string]any
	Texts  []string
	Adapt  any // texts, or batches of them
	Stream bool
	Expect struct {
		Y          goldenTensor
		Vocabulary []string
		IDF        []float64
	}
}

// stringsOf reads a list of strings.
func stringsOf(v any) []string {
	var list []string
	for _, s := range v.([]any) {
		list = append(list, s.(string))
	}
	return list
}

// testdata/keras/preprocessing.py. Written as a config and read back, a vectorizer does the same.
func TestTextIsKeras(t *testing.T) {
	for _, c := range golden[textCase](t, "keras", "text") {
		t.Run(c.Name, func(t *testing.T) {
			text, err := nn.TextFrom(map[string]any{"class_name": c.Class, "config": c.Config})
			if err != nil {
				t.Fatal(err)
			}
			v, err := nn.NewTextVectorizer(text)
			if err != nil {
				t.Fatal(err)
			}
			switch {
			case c.Stream:
				for _, batch := range c.Adapt.([]any) {
					if err := v.Learn(stringsOf(batch)); err != nil {
						t.Fatal(err)
					}
				}
				err = v.Learnt()
			case c.Adapt != nil:
				err = v.Adapt(stringsOf(c.Adapt))
			}
			if err != nil {
				t.Fatal(err)
			}
			c.check(t, v)
			config, err := v.Config()
			if err != nil {
				t.Fatal(err)
			}
			if text, err = nn.TextFrom(throughJSON(t, config)); err != nil {
				t.Fatal(err)
			}
			if v, err = nn.NewTextVectorizer(text); err != nil {
				t.Fatal(err)
			}
			c.check(t, v)
		})
	}
}

func throughJSON(t *testing.T, config any) any {
	t.Helper()
	b, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	var out any
	if err := json.Unmarshal(b, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func (c *textCase) check(t *testing.T, v *nn.TextVectorizer) {
	t.Helper()
	if !slices.Equal(v.Vocabulary(), c.Expect.Vocabulary) {
		t.Errorf("the vocabulary is %q, wanted %q", v.Vocabulary(), c.Expect.Vocabulary)
	}
	for i, w := range v.IDF() { // Keras's are padded
		if math.Abs(w-c.Expect.IDF[i]) > 1e-6 {
			t.Errorf("IDF weight %d is %v, wanted %v", i, w, c.Expect.IDF[i])
		}
	}
	y, err := v.Apply(c.Texts)
	if err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(y.Shape) != fmt.Sprint(c.Expect.Y.Shape) {
		t.Fatalf("y is %v, wanted %v", y.Shape, c.Expect.Y.Shape)
	}
	for i, w := range c.Expect.Y.Data {
		if math.Abs(float64(y.Data[i]-w)) > 1e-6*math.Abs(float64(w)) {
			t.Errorf("y[%d] is %v, wanted %v", i, y.Data[i], w)
		}
	}
}

func TestTextFunctions(t *testing.T) {
	v, err := nn.NewTextVectorizer(nn.TextVectorization{
		Standardizer: strings.ToUpper,
		Splitter:     func(text string) []string { return strings.Split(text, "-") },
		NGrams:       []int{2},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := v.Adapt([]string{"a-b-c", "b-c"}); err != nil {
		t.Fatal(err)
	}
	if got, want := v.Vocabulary(), []string{"", "[UNK]", "B C", "A B"}; !slices.Equal(got, want) {
		t.Errorf("the vocabulary is %q, wanted %q", got, want)
	}
	y, err := v.Apply([]string{"x-b-c"})
	if err != nil || !reflect.DeepEqual(y, nn.Tensor{Shape: []int{1, 2}, Data: []float32{1, 2}}) {
		t.Errorf("got %v, %v", y, err)
	}
	again, err := v.ApplyTokens([][]string{{"X", "B", "C"}})
	if err != nil || !reflect.DeepEqual(y, again) {
		t.Errorf("of tokens: %v, %v", again, err)
	}
	if _, err := v.Config(); !errors.Is(err, nn.ErrConfig) || err.Error() != "text_vectorization: a function cannot be written into a config" {
		t.Errorf("Config: %v", err)
	}
	// Learning again begins anew.
	if err := v.Adapt([]string{"q-r"}); err != nil || !slices.Equal(v.Vocabulary(), []string{"", "[UNK]", "Q R"}) {
		t.Errorf("adapted again: %v, %v", v.Vocabulary(), err)
	}
}

func TestTextErrors(t *testing.T) {
	adapt := func(x nn.Text, texts ...string) error {
		v, err := nn.NewTextVectorizer(x)
		if err != nil {
			return err
		}
		return v.Adapt(texts)
	}
	apply := func(x nn.Text, texts ...string) error {
		v, err := nn.NewTextVectorizer(x)
		if err != nil {
			return err
		}
		_, err = v.Apply(texts)
		return err
	}
	read := func(args map[string]any) error {
		x, err := nn.TextFrom(map[string]any{"class_name": "TextVectorization", "config": args})
		if err != nil {
			return err
		}
		_, err = nn.NewTextVectorizer(x)
		return err
	}
	words := []string{"a", "b"}
	for _, c := range []struct {
		err  error
		kind error
		text string
	}{
		{adapt(nn.TextVectorization{Name: "tv"}), nn.ErrData, "tv: adapt: there are no tokens in the data"},
		{adapt(nn.TextVectorization{}, "", "..."), nn.ErrData, "text_vectorization: adapt: there are no tokens in the data"},
		{adapt(nn.TextVectorization{Vocabulary: words}, "a"), nn.ErrConfig, "text_vectorization: adapt: a vocabulary is given, wanted none"},
		{apply(nn.TextVectorization{}, "a"), nn.ErrConfig, "text_vectorization: there is no vocabulary: give one, or adapt it to texts first"},
		{apply(nn.StringLookup{Vocabulary: words, OOV: new(0)}, "a", "z"), nn.ErrData, `string_lookup: text 1 has "z", which is not in the vocabulary`},
		{apply(nn.StringLookup{Vocabulary: words, OOV: new(2)}), nn.ErrConfig, "string_lookup: num_oov_indices is 2, wanted 0 to 1"},
		{apply(nn.StringLookup{Vocabulary: words, Mask: new("b")}), nn.ErrConfig, `string_lookup: the vocabulary has "b" twice, or a special token behind its place`},
		{apply(nn.StringLookup{Vocabulary: []string{"a", "a"}, Name: "s"}), nn.ErrConfig, `s: the vocabulary has "a" twice, or a special token behind its place`},
		{apply(nn.TextVectorization{Vocabulary: words, MaxTokens: 3}), nn.ErrConfig, "text_vectorization: the vocabulary has 4 tokens with the special ones, max_tokens is 3"},
		{apply(nn.TextVectorization{MaxTokens: 1}), nn.ErrConfig, "text_vectorization: max_tokens is 1, wanted at least 2"},
		{apply(nn.TextVectorization{Pad: true}), nn.ErrConfig, "text_vectorization: max_tokens is missing, which pad_to_max_tokens wants"},
		{apply(nn.TextVectorization{Length: 4, Output: "count"}), nn.ErrConfig, "text_vectorization: output_sequence_length is 4, which is for the output_mode int, not count"},
		{apply(nn.TextVectorization{Vocabulary: words, Output: "tf_idf"}), nn.ErrConfig, "text_vectorization: idf_weights are missing, which the output_mode tf_idf wants beside a vocabulary"},
		{apply(nn.TextVectorization{Vocabulary: words, IDF: half, Output: "tf_idf"}), nn.ErrConfig, "text_vectorization: there are 1 idf_weights, wanted one for each of the vocabulary's 2 tokens"},
		{apply(nn.TextVectorization{Standardize: "upper"}), nn.ErrConfig, `text_vectorization: standardize is "upper", wanted lower_and_strip_punctuation or lower or strip_punctuation or none`},
		{apply(nn.TextVectorization{Split: "word"}), nn.ErrConfig, `text_vectorization: split is "word", wanted whitespace or character or none`},
		{apply(nn.TextVectorization{Output: "one_hot"}), nn.ErrConfig, `text_vectorization: output_mode is "one_hot", wanted int or multi_hot or count or tf_idf`},
		{apply(nn.TextVectorization{NGrams: []int{0}}), nn.ErrConfig, "text_vectorization: ngrams is [0], wanted at least 1"},
		{read(map[string]any{"ngrams": 0.0}), nn.ErrConfig, "text_vectorization: ngrams is 0, wanted a list of whole numbers"},
		{read(map[string]any{"vocabulary": "words.txt"}), nn.ErrConfig, `text_vectorization: vocabulary is "words.txt", wanted a list of strings`},
		{read(map[string]any{"vocabulary": []any{"a", 3.0}}), nn.ErrConfig, `text_vectorization: vocabulary is ["a", 3], wanted a list of strings`},
		{read(map[string]any{"encoding": "latin-1"}), nn.ErrConfig, `text_vectorization: encoding is "latin-1", and only "utf-8" is supported`},
		{read(map[string]any{"ragged": true}), nn.ErrConfig, "text_vectorization: ragged is true, and only false is supported"},
	} {
		if !errors.Is(c.err, c.kind) || c.err.Error() != c.text {
			t.Errorf("got %v, wanted %s", c.err, c.text)
		}
	}
}
