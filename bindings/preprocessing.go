package bindings

import (
	"context"

	"github.com/tabgrad/tabgrad/nn"
)

// adapt lets a layer learn from a batch of data, and with last replies with what it has become: its config, and what its variables begin as,
// both for the layer's config when a model is created.
func (s *Service) adapt(_ context.Context, a *args, _ Emit) (Value, error) {
	id := a.integer("adaptation", 0, 1, 1<<52)
	var under *nn.Adaptation
	if id == 0 && a.err == nil {
		l, err := nn.LayerFrom(a.values["layer"])
		if err != nil {
			return nil, err
		}
		if under, err = nn.NewAdaptation(l); err != nil {
			return nil, err
		}
		id = s.adaptations.keep(s, under)
	} else if under = s.adaptations.get(s, id); under == nil {
		a.fail(Disposed, "the adaptation has ended")
	}
	if a.err != nil {
		return nil, a.err
	}
	last := a.boolean("last", false)
	if a.values["x"] != nil {
		if numbers, shape, scale := a.tensor("x", a.values["x"]); a.err == nil {
			a.err = under.Add(nn.Tensor{Shape: shape, Data: floats(numbers, scale)})
		}
	}
	if last || a.err != nil {
		s.adaptations.drop(s, id)
	}
	if a.err != nil || !last {
		return Object{"adaptation": float64(id)}, a.err
	}
	layer, err := under.Layer()
	if err != nil {
		return nil, err
	}
	config, err := nn.Config(layer.Layer())
	if err != nil {
		return nil, err
	}
	reply := Object{"config": config.(map[string]any)["config"]}
	if values := layer.Initial(); values != nil {
		weights := make([]any, len(values))
		for i, v := range values {
			weights[i] = v
		}
		reply["weights"] = weights
	}
	return reply, nil
}

// dropAdaptation forgets an adaptation whose data ended in an error.
func (s *Service) dropAdaptation(_ context.Context, a *args, _ Emit) (Value, error) {
	s.adaptations.drop(s, a.integer("adaptation", 0, 1, 1<<52))
	return nil, a.err
}

// A texter is one of the page's text vectorizers. One request at a time has it.
type texter struct {
	v    *nn.TextVectorizer
	held chan struct{}
}

func (s *Service) createText(_ context.Context, a *args, _ Emit) (Value, error) {
	config, err := nn.TextFrom(a.values["config"])
	if err != nil {
		return nil, err
	}
	v, err := nn.NewTextVectorizer(config)
	if err != nil {
		return nil, err
	}
	return Object{"text": float64(s.texts.keep(s, &texter{v, make(chan struct{}, 1)}))}, nil
}

// withText does what a request asks of a text vectorizer while no other has it.
func withText(do func(s *Service, ctx context.Context, a *args, v *nn.TextVectorizer) (Value, error)) handler {
	return func(s *Service, ctx context.Context, a *args, _ Emit) (Value, error) {
		t := s.texts.get(s, a.integer("text", 0, 1, 1<<52))
		if t == nil {
			a.fail(Disposed, "the text vectorizer was disposed")
			return nil, a.err
		}
		select {
		case t.held <- struct{}{}:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		defer func() { <-t.held }()
		return do(s, ctx, a, t.v)
	}
}

// someTexts is how many texts are worked on before messages are let in.
const someTexts = 64

// adaptText learns from texts, and with last makes the vocabulary.
func (s *Service) adaptText(ctx context.Context, a *args, v *nn.TextVectorizer) (Value, error) {
	texts, err := a.texts()
	if a.boolean("first", false) {
		v.Forget() // what an adapt that ended in an error has left
	}
	turn := s.turn()
	for from := 0; from < texts.len() && err == nil; from += someTexts {
		part := texts.part(from, min(from+someTexts, texts.len()))
		if part.tokens != nil {
			err = v.LearnTokens(part.tokens)
		} else {
			err = v.Learn(part.plain)
		}
		if err == nil {
			err = turn.take(ctx)
		}
	}
	if err == nil && a.boolean("last", false) {
		err = v.Learnt()
	}
	return nil, err
}

// applyText makes numbers of texts.
func (s *Service) applyText(ctx context.Context, a *args, v *nn.TextVectorizer) (Value, error) {
	texts, err := a.texts()
	if err != nil {
		return nil, err
	}
	var parts []nn.Tensor
	turn, width := s.turn(), 0
	for from := 0; from < max(1, texts.len()); from += someTexts {
		part := texts.part(from, min(from+someTexts, texts.len()))
		var t nn.Tensor
		if part.tokens != nil {
			t, err = v.ApplyTokens(part.tokens)
		} else {
			t, err = v.Apply(part.plain)
		}
		if err != nil {
			return nil, err
		}
		parts = append(parts, t)
		if len(t.Shape) > 1 {
			width = max(width, t.Shape[1])
		}
		if err := turn.take(ctx); err != nil {
			return nil, err
		}
	}
	return joinedTexts(parts, texts.len(), width, v.IDF() == nil), nil
}

// joinedTexts is the parts as one tensor of n rows, the shorter ones padded with zeros; of int32 where they are whole numbers.
func joinedTexts(parts []nn.Tensor, n, width int, whole bool) Object {
	shape := []int{n, width}
	if len(parts[0].Shape) == 1 {
		shape, width = shape[:1], 1
	}
	all := make([]float32, n*width)
	row := 0
	for _, p := range parts {
		wide := 1
		if len(p.Shape) > 1 {
			wide = p.Shape[1]
		}
		for i := range p.Shape[0] {
			copy(all[row*width:], p.Data[i*wide:(i+1)*wide])
			row++
		}
	}
	if !whole {
		return tensorValue(shape, all)
	}
	numbers := make([]int32, len(all))
	for i, f := range all {
		numbers[i] = int32(f)
	}
	return tensorValue(shape, numbers)
}

func (s *Service) vocabulary(_ context.Context, _ *args, v *nn.TextVectorizer) (Value, error) {
	tokens := v.Vocabulary()
	list := make([]any, len(tokens))
	for i, t := range tokens {
		list[i] = t
	}
	return list, nil
}

func (s *Service) textConfig(_ context.Context, _ *args, v *nn.TextVectorizer) (Value, error) {
	return v.Config()
}

func (s *Service) disposeText(_ context.Context, a *args, _ Emit) (Value, error) {
	s.texts.drop(s, a.integer("text", 0, 1, 1<<52))
	return nil, a.err
}

// Texts are a request's: plain, or split into tokens already.
type texts struct {
	plain  []string
	tokens [][]string
	split  bool
}

func (t texts) len() int {
	if t.split {
		return len(t.tokens)
	}
	return len(t.plain)
}

func (t texts) part(from, to int) texts {
	if t.split {
		return texts{tokens: t.tokens[from:to:to], split: true}
	}
	return texts{plain: t.plain[from:to]}
}

// texts reads texts as they travel: the UTF-8 bytes of all one behind another, where each ends, and, where they are tokens, how many belong to each
// text. One array is quicker to send than many strings.
func (a *args) texts() (texts, error) {
	bytes, okBytes := a.values["bytes"].([]byte)
	ends, okEnds := a.values["ends"].([]int32)
	if !okBytes || !okEnds {
		a.fail(BadData, "texts are %s and %s, want a Uint8Array and an Int32Array", kind(a.values["bytes"]), kind(a.values["ends"]))
		return texts{}, a.err
	}
	all := make([]string, len(ends))
	from := int32(0)
	for i, end := range ends {
		if end < from || int(end) > len(bytes) {
			a.fail(BadData, "text %d ends at byte %d of %d", i, end, len(bytes))
			return texts{}, a.err
		}
		all[i], from = string(bytes[from:end]), end
	}
	if a.values["counts"] == nil {
		return texts{plain: all}, nil
	}
	counts, ok := a.values["counts"].([]int32)
	if !ok {
		a.fail(BadData, "counts is %s, want an Int32Array", kind(a.values["counts"]))
		return texts{}, a.err
	}
	out := texts{split: true}
	for i, n := range counts {
		if n < 0 || int(n) > len(all) {
			a.fail(BadData, "text %d has %d tokens of %d", i, n, len(all))
			return texts{}, a.err
		}
		out.tokens, all = append(out.tokens, all[:n:n]), all[n:]
	}
	return out, nil
}

// A shelf holds what the page knows by a number.
type shelf[T any] struct{ held map[int]T }

func (h *shelf[T]) keep(s *Service, x T) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if h.held == nil {
		h.held = map[int]T{}
	}
	s.lastID++
	h.held[s.lastID] = x
	return s.lastID
}

func (h *shelf[T]) get(s *Service, id int) T {
	s.mu.Lock()
	defer s.mu.Unlock()
	return h.held[id]
}

func (h *shelf[T]) drop(s *Service, id int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(h.held, id)
}
