package bindings

import (
	"reflect"
	"testing"
)

// What a layer learns in batches goes into its config, and from there into a model.
func TestLayersAdapt(t *testing.T) {
	p := cpuPage(t, Options{})
	norm := layer("Normalization", Object{"name": "norm"})
	id := p.mustCall("layer.adapt", Object{"layer": norm, "x": tensorOf([]int{2, 1}, 1, 2)}).(Object)
	reply := p.mustCall("layer.adapt", and(id, Object{"x": Object{"data": []byte{6, 8}, "shape": num(2, 1), "scale": 0.5}, "last": true})).(Object)
	weights := reply["weights"].([]any)
	if want := []any{[]float32{2.5}, []float32{1.25}, []float32{0}}; !reflect.DeepEqual(weights, want) {
		t.Fatalf("learnt %v, want %v", weights, want)
	}
	config := and(reply["config"].(Object), Object{"weights": weights, "input_shape": num(1)})
	model := p.newModel(layer("Normalization", config))
	y := p.mustCall("model.predict", and(model, Object{"x": tensorOf([]int{1, 1}, 2.5)})).(Object)
	if got := y["data"].([]float32); got[0] != 0 {
		t.Errorf("the mean becomes %v, want 0", got)
	}
	_, err := p.call("layer.adapt", and(id, Object{"last": true}), nil)
	wantError(t, err, Disposed, "adapt: the adaptation has ended")

	reply = p.mustCall("layer.adapt", Object{"layer": layer("Discretization", Object{"num_bins": 2.0}), "x": tensorOf([]int{4}, 1, 2, 3, 4), "last": true}).(Object)
	if got := reply["config"].(Object)["bin_boundaries"]; !reflect.DeepEqual(got, 2.0) || reply["weights"] != nil {
		t.Errorf("boundaries are %v with the weights %v, want 2 and none", got, reply["weights"])
	}

	_, err = p.call("layer.adapt", Object{"layer": layer("Dense", Object{"units": 1.0})}, nil)
	wantError(t, err, BadConfig, "adapt: dense learns nothing from data")
	_, err = p.call("layer.adapt", Object{"layer": norm, "last": true}, nil)
	wantError(t, err, BadData, "adapt: norm: there are no data")
	id = p.mustCall("layer.adapt", Object{"layer": norm}).(Object)
	p.mustCall("layer.drop", id)
	_, err = p.call("layer.adapt", and(id, Object{"x": tensorOf([]int{1, 1}, 1)}), nil)
	wantError(t, err, Disposed, "adapt: the adaptation has ended")
	id = p.mustCall("layer.adapt", Object{"layer": norm, "x": tensorOf([]int{1, 2}, 1, 2)}).(Object)
	_, err = p.call("layer.adapt", and(id, Object{"x": tensorOf([]int{1, 3}, 1, 2, 3)}), nil)
	wantError(t, err, ShapeMismatch, "adapt: norm: a batch has samples of [3], the first had [2]")
}

// sent is texts as they travel.
func sent(texts ...string) Object {
	var bytes []byte
	ends := []int32{}
	for _, t := range texts {
		bytes = append(bytes, t...)
		ends = append(ends, int32(len(bytes)))
	}
	if bytes == nil {
		bytes = []byte{}
	}
	return Object{"bytes": bytes, "ends": ends}
}

func TestTexts(t *testing.T) {
	p := cpuPage(t, Options{HopEvery: 1})
	text := p.mustCall("text.create", Object{"config": layer("TextVectorization", Object{"ngrams": 1.0})}).(Object)
	p.mustCall("text.adapt", and(text, sent("the cat", "the dog")))
	p.mustCall("text.adapt", and(text, sent("über the cat"), Object{"last": true}))
	if got, want := p.mustCall("text.vocabulary", text), list("", "[UNK]", "the", "cat", "über", "dog"); !reflect.DeepEqual(got, want) {
		t.Errorf("the vocabulary is %v, want %v", got, want)
	}
	many := make([]string, 200)
	for i := range many {
		many[i] = "cat"
	}
	many[150] = "The dog über alles"
	y := p.mustCall("text.apply", and(text, sent(many...))).(Object)
	numbers := y["data"].([]int32)
	if !reflect.DeepEqual(y["shape"], num(200, 4)) || !reflect.DeepEqual(numbers[:8], []int32{3, 0, 0, 0, 3, 0, 0, 0}) || !reflect.DeepEqual(numbers[600:604], []int32{2, 5, 4, 1}) {
		t.Errorf("got %v: %v ... %v", y["shape"], numbers[:8], numbers[600:604])
	}
	if y := p.mustCall("text.apply", and(text, sent())).(Object); !reflect.DeepEqual(y["shape"], num(0, 0)) {
		t.Errorf("no texts become %v", y["shape"])
	}
	tokens := and(text, sent("the", "cat", "dog"), Object{"counts": []int32{2, 0, 1}})
	if y := p.mustCall("text.apply", tokens).(Object); !reflect.DeepEqual(y, Object{"shape": num(3, 2), "data": []int32{2, 3, 0, 0, 5, 0}}) {
		t.Errorf("tokens become %v", y)
	}
	// Its config makes it again.
	config := p.mustCall("text.config", text)
	again := p.mustCall("text.create", Object{"config": config}).(Object)
	if got, want := p.mustCall("text.apply", and(again, sent("the bird"))), p.mustCall("text.apply", and(text, sent("the bird"))); !reflect.DeepEqual(got, want) {
		t.Errorf("of its config: %v, want %v", got, want)
	}
	p.mustCall("text.dispose", text)
	p.mustCall("text.dispose", text)
	_, err := p.call("text.vocabulary", text, nil)
	wantError(t, err, Disposed, "vocabulary: the text vectorizer was disposed")

	idf := p.mustCall("text.create", Object{"config": layer("TextVectorization", Object{"output_mode": "tf_idf"})}).(Object)
	p.mustCall("text.adapt", and(idf, sent("a b", "a", "a"), Object{"last": true}))
	if y := p.mustCall("text.apply", and(idf, sent("a a b"))).(Object); !reflect.DeepEqual(y["shape"], num(1, 3)) || y["data"].([]float32)[1] < 1 {
		t.Errorf("tf_idf: %v", y)
	}
	lookup := p.mustCall("text.create", Object{"config": layer("StringLookup", Object{"vocabulary": list("x", "y")})}).(Object)
	if y := p.mustCall("text.apply", and(lookup, sent("y", "?", "x"))); !reflect.DeepEqual(y, Object{"shape": num(3), "data": []int32{2, 0, 1}}) {
		t.Errorf("lookup: %v", y)
	}
	for _, c := range []struct {
		method string
		args   Object
		code   Code
		text   string
	}{
		{"text.create", Object{"config": layer("Dense", nil)}, BadConfig, `text "Dense" is unknown, wanted one of text_vectorization, string_lookup`},
		{"text.create", Object{"config": layer("TextVectorization", Object{"split": "word"})}, BadConfig, `text_vectorization: split is "word"`},
		{"text.apply", and(again, Object{"bytes": []byte{}, "ends": []int32{1}}), BadData, "apply: text 0 ends at byte 1 of 0"},
		{"text.apply", and(again, Object{"bytes": []byte("ab"), "ends": []int32{2, 1}}), BadData, "apply: text 1 ends at byte 1 of 2"},
		{"text.apply", and(again, Object{"bytes": "ab"}), BadData, `apply: texts are "ab" and null, want a Uint8Array and an Int32Array`},
		{"text.apply", and(again, sent("a"), Object{"counts": []int32{2}}), BadData, "apply: text 0 has 2 tokens of 1"},
		{"text.apply", and(again, sent("a"), Object{"counts": 1.0}), BadData, "apply: counts is 1, want an Int32Array"},
		{"text.adapt", and(again, sent("a")), BadConfig, "text_vectorization: adapt: a vocabulary is given, wanted none"},
	} {
		_, err := p.call(c.method, c.args, nil)
		wantError(t, err, c.code, c.text)
	}
}
