package bindings

import (
	"context"
	"strconv"

	"github.com/tabgrad/tabgrad/nn"
)

// model is one of the page's models.
type model struct {
	net  *nn.Model
	seed uint64
	// held is full while a job computes with the weights. A fit gives it up between steps, an evaluation keeps it to its end, so that it scores
	// one set of weights.
	held chan struct{}
	// fit is the running fit, nil for none. It is under the service's mu.
	fit *fitJob
}

func (m *model) take(ctx context.Context) error {
	select {
	case m.held <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (m *model) give() { <-m.held }

// keep gives a model its id.
func (s *Service) keep(net *nn.Model, seed uint64) float64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lastID++
	s.models[s.lastID] = &model{net: net, seed: seed, held: make(chan struct{}, 1)}
	return float64(s.lastID)
}

// model is the model that a request names.
func (s *Service) model(a *args) *model {
	id := a.integer("model", 0, 1, 1<<52)
	if a.err != nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.models[id]
	if m == nil {
		a.fail(Disposed, "the model was disposed")
	}
	return m
}

// with does what a request asks of a model while no job computes with it.
func with(do func(s *Service, ctx context.Context, a *args, m *model) (Value, error)) handler {
	return func(s *Service, ctx context.Context, a *args, _ Emit) (Value, error) {
		m := s.model(a)
		if a.err != nil {
			return nil, a.err
		}
		if err := m.take(ctx); err != nil {
			return nil, err
		}
		defer m.give()
		return do(s, ctx, a, m)
	}
}

func (s *Service) summary(_ context.Context, a *args, m *model) (Value, error) {
	if err := a.freeze(m); err != nil {
		return nil, err
	}
	return m.net.SummaryWidth(a.integer("lineLength", 80, 40, 1000)), nil
}

// countParams counts a model's numbers, or a layer's.
func (s *Service) countParams(_ context.Context, a *args, m *model) (Value, error) {
	if err := a.freeze(m); err != nil {
		return nil, err
	}
	if name := a.layer(); name != "" {
		i, err := m.net.Layer(name)
		if err != nil {
			return nil, err
		}
		return Object{"total": float64(i.CountParams())}, nil
	}
	total, trainable := m.net.CountParams()
	return Object{"total": float64(total), "trainable": float64(trainable)}, nil
}

// largestBatch bounds a batch: at 28x28 floats a sample that is 3 GiB, more than a browser has.
const largestBatch = 1 << 20

func (s *Service) evaluate(ctx context.Context, a *args, m *model) (Value, error) {
	j, ends := s.newJob(ctx, m, a.emit), m.ends()
	options := nn.EvalOptions{BatchSize: a.integer("batchSize", 0, 1, largestBatch), Steps: a.integer("steps", 0, 1, 1<<31-1), Yield: j.hop}
	options.Callbacks, options.Output = j.callbacks(a)
	if a.boolean("stream", false) && a.err == nil {
		logs, err := m.net.EvaluateBatches(ctx, j.feed("evaluate", "evaluate", atMost(options.Steps)), options)
		return logsValue(logs), err
	}
	data := a.dataset(ends, "x", "y")
	if a.err != nil {
		return nil, a.err
	}
	options.SampleWeight, options.SampleWeights = a.weights(ends, "sampleWeight", data.Len())
	if a.err != nil {
		return nil, a.err
	}
	logs, err := m.net.Evaluate(ctx, data, options)
	return logsValue(logs), err
}

func (s *Service) predict(ctx context.Context, a *args, m *model) (Value, error) {
	j := s.newJob(ctx, m, a.emit)
	options := nn.PredictOptions{BatchSize: a.integer("batchSize", 0, 1, largestBatch), Steps: a.integer("steps", 0, 1, 1<<31-1), Yield: j.hop}
	options.Callbacks, options.Output = j.callbacks(a)
	var out []nn.Tensor
	var err error
	if a.boolean("stream", false) && a.err == nil {
		out, err = m.net.PredictBatches(ctx, j.feed("predict", "predict", atMost(options.Steps)), options)
	} else {
		x := a.columns("x", m.net.InputNames())
		if a.err != nil {
			return nil, a.err
		}
		out, err = m.net.PredictMulti(ctx, x, options)
	}
	if err != nil {
		return nil, err
	}
	if len(out) == 1 {
		return tensorValue(out[0].Shape, out[0].Data), nil
	}
	list := make([]any, len(out))
	for i, t := range out {
		list[i] = tensorValue(t.Shape, t.Data)
	}
	return list, nil
}

func (s *Service) trainOnBatch(ctx context.Context, a *args, m *model) (Value, error) {
	ends := m.ends()
	data := a.dataset(ends, "x", "y")
	if a.err != nil {
		return nil, a.err
	}
	options := nn.BatchOptions{ClassWeight: a.classWeight()}
	options.SampleWeight, options.SampleWeights = a.weights(ends, "sampleWeight", data.Len())
	if a.err != nil {
		return nil, a.err
	}
	if n := data.Len(); n > largestBatch {
		a.fail(BadData, "%d samples in one batch, want at most %d", n, largestBatch)
		return nil, a.err
	}
	logs, err := m.net.TrainOnBatch(ctx, data, options)
	if err == nil {
		s.mu.Lock()
		s.steps++
		s.mu.Unlock()
	}
	return logsValue(logs), err
}

// layer is the name of the layer that a request is about, a path where it is inside of another; empty for the whole model.
func (a *args) layer() string {
	name, ok := a.values["layer"].(string)
	if !ok && a.values["layer"] != nil {
		a.fail(BadConfig, "layer is %s, want a name", kind(a.values["layer"]))
	}
	return name
}

func (s *Service) getWeights(_ context.Context, a *args, m *model) (Value, error) {
	get := m.net.GetWeights
	if name := a.layer(); name != "" {
		get = func() ([]nn.Weight, error) { return m.net.LayerWeights(name) }
	}
	weights, err := get()
	list := make([]any, len(weights))
	for i, w := range weights {
		list[i] = tensorValue(w.Shape, w.Data)
		list[i].(Object)["name"] = w.Name
	}
	return list, err
}

func (s *Service) setWeights(_ context.Context, a *args, m *model) (Value, error) {
	list, ok := a.values["weights"].([]any)
	if !ok {
		a.fail(BadData, "got %s, want an array of tensors", kind(a.values["weights"]))
		return nil, a.err
	}
	weights := make([]nn.Weight, len(list))
	for i, v := range list {
		numbers, shape, scale := a.tensor("weight "+strconv.Itoa(i), v)
		if a.err != nil {
			return nil, a.err
		}
		weights[i] = nn.Weight{Shape: shape, Data: floats(numbers, scale)}
	}
	if name := a.layer(); name != "" {
		return nil, m.net.SetLayerWeights(name, weights)
	}
	return nil, m.net.SetWeights(weights)
}

func (s *Service) resetStates(_ context.Context, _ *args, m *model) (Value, error) {
	return nil, m.net.ResetStates()
}

// dispose frees a model; a fit of its is cancelled first. That it was disposed before is no error.
func (s *Service) dispose(ctx context.Context, a *args, _ Emit) (Value, error) {
	id := a.integer("model", 0, 1, 1<<52)
	s.mu.Lock()
	m := s.models[id]
	delete(s.models, id)
	var running *fitJob
	if m != nil {
		running = m.fit
	}
	s.mu.Unlock()
	if m == nil || a.err != nil {
		return nil, a.err
	}
	if running != nil {
		running.cancel()
		<-running.done
	}
	if err := m.take(ctx); err != nil {
		return nil, err
	}
	defer m.give()
	return nil, m.net.Close()
}

// seed is the seed under key.
func (a *args) seed(key string, fallback uint64) uint64 {
	if a.values[key] == nil {
		return fallback
	}
	return uint64(a.integer(key, 0, 0, 1<<53-1))
}

// logsValue is logs with a list for each that has several figures.
func logsValue(logs nn.Logs) Fields {
	out := make(Fields, len(logs))
	for i, l := range logs {
		out[i] = Field{l.Name, l.Value}
		if l.Values != nil {
			out[i].Value = numbersValue(l.Values)
		}
	}
	return out
}

func numbersValue(numbers []float64) []any {
	list := make([]any, len(numbers))
	for i, v := range numbers {
		list[i] = v
	}
	return list
}
