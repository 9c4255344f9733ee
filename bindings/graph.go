package bindings

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/tabgrad/tabgrad/nn"
)

// A model's config may hold, beside what Keras's has,
//
//	{class_name: "Shared", config: {model, layer?}}         a layer of another model, or the whole of it, with its weights
//	{class_name: "Recorded", config: {id, recording, ...}}  a custom layer; id is the page's name for its function
//
// A custom layer's function runs on the page, for inputs of known shapes. So create replies {record: {id, inputs}} where one was not
// run for the inputs that it gets, and the page sends the config again with what the function did (nn.RecordingFrom). What it computes has
// shapes too: ops.shapes tells them.

// mostParameters keeps a slip of the keyboard from ending the engine: a browser gives a page 2 to 4 GiB, and training takes several times the weights.
const mostParameters = 1 << 28

// create builds a model from a Sequential's or a functional model's config.
func (s *Service) create(ctx context.Context, a *args, _ Emit) (Value, error) {
	config := a.object("config")
	seed := a.seed("seed", s.options.Seed)
	if a.err != nil {
		return nil, a.err
	}
	r := &resolver{s: s, models: map[int]*model{}, ids: map[*nn.Recording]string{}}
	if err := r.take(ctx, a, config); err != nil {
		return nil, err
	}
	defer r.give()
	net, layers, err := r.build(config)
	var missing *nn.NotRecordedError
	if errors.As(err, &missing) && r.ids[missing.Of] != "" {
		inputs := make([]any, len(missing.Inputs))
		for i, shape := range missing.Inputs {
			inputs[i] = shapeValue(shape)
		}
		return Object{"record": Object{"id": r.ids[missing.Of], "inputs": inputs}}, nil
	}
	if err != nil {
		return nil, err
	}
	if net.OutputShape() == nil && len(r.ids) > 0 {
		return nil, &Error{Code: BadConfig, Message: net.Name() + ": a custom layer wants to know its input's shape: give the first layer an inputShape"}
	}
	if params, _ := net.CountParams(); params < 0 || params > mostParameters {
		return nil, &Error{Code: OutOfMemory, Message: fmt.Sprintf("%s: the model has %d parameters, want at most %d (1 GiB)", net.Name(), params, mostParameters)}
	}
	// Without an optimizer and a loss it can only predict, but it has its seed and its backend.
	if err := net.Compile(nn.Training{Seed: seed, Backend: s.options.Backend}); err != nil {
		return nil, err
	}
	reply := describe(net)
	reply["layers"] = layers
	reply["model"] = s.keep(net, seed)
	return reply, nil
}

// part gives a model that is a layer of another an id of its own.
func (s *Service) part(_ context.Context, a *args, m *model) (Value, error) {
	name := a.layer()
	if a.err != nil {
		return nil, a.err
	}
	i, err := m.net.Layer(name)
	if err != nil {
		return nil, err
	}
	net, ok := i.Layer().(*nn.Model)
	if !ok {
		a.fail(BadConfig, "%s is not a model", name)
		return nil, a.err
	}
	if err := net.Compile(nn.Training{Seed: m.seed, Backend: s.options.Backend}); err != nil {
		return nil, err
	}
	reply := describe(net)
	reply["model"] = s.keep(net, m.seed)
	return reply, nil
}

// describe says a model's name, and its inputs and outputs with their shapes where these are known.
func describe(net *nn.Model) Object {
	ends := func(names []string, shapes []*nn.Symbolic) []any {
		list := make([]any, len(shapes))
		for i, x := range shapes {
			list[i] = Object{"name": names[i], "shape": shapeValue(x.Shape())}
		}
		return list
	}
	return Object{"name": net.Name(), "inputs": ends(net.InputNames(), net.Inputs()), "outputs": ends(net.OutputNames(), net.Outputs())}
}

func shapeValue(shape []int) []any {
	list := make([]any, len(shape))
	for i, n := range shape {
		list[i] = float64(n)
	}
	return list
}

// A resolver puts layers in place of what stands for them in a config.
type resolver struct {
	s      *Service
	models map[int]*model // that layers are taken from; they are held
	ids    map[*nn.Recording]string
}

// take holds the models that the config refers to, in the order of their ids, so that two requests don't wait for each other.
func (r *resolver) take(ctx context.Context, a *args, config Value) error {
	var ids []int
	var find func(v Value)
	find = func(v Value) {
		switch v := v.(type) {
		case []any:
			for _, item := range v {
				find(item)
			}
		case Object:
			if inner, ok := v["config"].(Object); ok && v["class_name"] == "Shared" {
				if id, ok := inner["model"].(float64); ok && !slices.Contains(ids, int(id)) {
					ids = append(ids, int(id))
				}
				return
			}
			for _, item := range v {
				find(item)
			}
		}
	}
	find(config)
	slices.Sort(ids)
	for _, id := range ids {
		r.s.mu.Lock()
		m := r.s.models[id]
		r.s.mu.Unlock()
		if m == nil {
			r.give()
			a.fail(Disposed, "a layer is of a model that was disposed")
			return a.err
		}
		if err := m.take(ctx); err != nil {
			r.give()
			return err
		}
		r.models[id] = m
	}
	return nil
}

func (r *resolver) give() {
	for id, m := range r.models {
		delete(r.models, id)
		m.give()
	}
}

// build makes the model, and lists the names of its layers in the order of the config.
func (r *resolver) build(config Object) (*nn.Model, []any, error) {
	inner, _ := config["config"].(Object)
	list, _ := inner["layers"].([]any)
	layers := make([]any, len(list))
	instances := make([]*nn.Instance, len(list))
	graph := config["class_name"] != "Sequential"
	for k, v := range list {
		resolved, err := r.resolve(v)
		if err != nil {
			return nil, nil, err
		}
		if layers[k] = resolved; !graph {
			continue
		}
		entry, _ := v.(Object)
		if l, ok := resolved.(nn.Layer); ok {
			instances[k] = nn.Share(l)
		} else {
			l, err := nn.LayerFrom(resolved)
			if err != nil {
				return nil, nil, err
			}
			instances[k] = nn.Share(l)
		}
		layers[k] = Object{"name": entry["name"], "inbound_nodes": entry["inbound_nodes"], "config": nn.Layer(instances[k])}
	}
	whole := Object{}
	for key, v := range inner {
		whole[key] = v
	}
	whole["layers"] = layers
	net, err := nn.ModelFrom(Object{"class_name": config["class_name"], "config": whole})
	if err != nil {
		return nil, nil, err
	}
	if !graph { // the input's shape may have become a layer in front
		all := net.Layers()
		instances = all[len(all)-len(list):]
	}
	names := make([]any, len(instances))
	for k, i := range instances {
		names[k] = i.Name()
	}
	return net, names, nil
}

// resolve is a config with the layers in it.
func (r *resolver) resolve(v Value) (Value, error) {
	switch v := v.(type) {
	case []any:
		out := make([]any, len(v))
		for k, item := range v {
			var err error
			if out[k], err = r.resolve(item); err != nil {
				return nil, err
			}
		}
		return out, nil
	case Object:
		inner, _ := v["config"].(Object)
		switch v["class_name"] {
		case "Shared":
			return r.shared(inner)
		case "Recorded":
			if id, ok := inner["id"].(string); ok {
				return r.recorded(v, inner, id)
			}
		}
		out := Object{}
		for key, item := range v {
			var err error
			if out[key], err = r.resolve(item); err != nil {
				return nil, err
			}
		}
		return out, nil
	}
	return v, nil
}

func (r *resolver) shared(config Object) (Value, error) {
	id, _ := config["model"].(float64)
	m := r.models[int(id)]
	if m == nil {
		return nil, &Error{Code: BadConfig, Message: "a shared layer is of no model"}
	}
	path, _ := config["layer"].(string)
	if path == "" {
		return nn.Share(m.net), nil
	}
	return m.net.Layer(path)
}

// recorded reads the recording, and remembers whose it is.
func (r *resolver) recorded(layer, config Object, id string) (Value, error) {
	recording, err := nn.RecordingFrom(config["recording"])
	if err != nil {
		return nil, fmt.Errorf("%s: %w", nameOf(config), err)
	}
	r.ids[recording] = id
	args := Object{"recording": recording}
	for key, v := range config {
		if key != "recording" && key != "id" {
			args[key] = v
		}
	}
	return Object{"class_name": layer["class_name"], "config": args}, nil
}

// nameOf is how messages call a custom layer.
func nameOf(config Object) string {
	if name, ok := config["name"].(string); ok {
		return name
	}
	return "lambda"
}

// shapes tells the shapes of what a function did so far: of each operation's result, null for the batch's size. layer and training
// say what function it is.
func (s *Service) shapes(_ context.Context, a *args, _ Emit) (Value, error) {
	recording, err := nn.RecordingFrom(Object{"weights": a.values["weights"], "calls": []any{Object{
		"inputs": a.values["inputs"], "ops": a.values["ops"], "outputs": []any{"x0"}, "training": a.boolean("training", false),
	}}})
	layer := a.boolean("layer", false)
	if err != nil || a.err != nil {
		return nil, errors.Join(err, a.err)
	}
	shapes, err := recording.ResultShapes(0, layer)
	if err != nil {
		return nil, err
	}
	list := make([]any, len(shapes))
	for i, shape := range shapes {
		dims := shapeValue(shape)
		for k, n := range shape {
			if n < 0 {
				dims[k] = nil
			}
		}
		list[i] = dims
	}
	return Object{"shapes": list}, nil
}
