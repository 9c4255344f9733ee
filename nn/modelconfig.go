package nn

import "fmt"

// SequentialFrom makes a model from Keras's config of one: {"name", "layers": [{"class_name", "config"},
// ...]}, or that under "config" beside "class_name": "Sequential". The first layer may carry the input's
// shape, as input_shape, batch_input_shape or batch_shape.
func SequentialFrom(config map[string]any) (*Model, error) {
	if class, ok := config["class_name"].(string); ok {
		if class != "Sequential" {
			return nil, fail(ErrConfig, "model: class_name is %q, wanted Sequential", class)
		}
		inner, ok := config["config"].(map[string]any)
		if !ok {
			return nil, fail(ErrConfig, "sequential: config is %s, wanted an object", show(config["config"]))
		}
		config = inner
	}
	m := NewSequential()
	if name, ok := config["name"].(string); ok && name != "" {
		m.Rename(name)
	}
	list, ok := config["layers"].([]any)
	if !ok && config["layers"] != nil {
		return nil, fail(ErrConfig, "%s: layers is %s, wanted a list", m.name, show(config["layers"]))
	}
	for i, c := range list {
		l, input, err := layerFrom(c)
		if err != nil {
			return nil, err
		}
		if input != nil && i == 0 {
			m.add(*input)
		}
		m.add(l)
	}
	return m, m.err
}

// Config is the model as SequentialFrom reads it: {"class_name": "Sequential", "config": {"name",
// "layers"}}, every layer with its name.
func (m *Model) Config() (map[string]any, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.config()
}

func (m *Model) config() (map[string]any, error) {
	if m.err != nil {
		return nil, m.err
	}
	layers := []any{}
	for _, n := range m.chain {
		c, err := configOf(n.layer)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", n.name, err)
		}
		c.(map[string]any)["config"].(map[string]any)["name"] = n.name
		layers = append(layers, c)
	}
	return map[string]any{"class_name": "Sequential", "config": map[string]any{"name": m.name, "layers": layers}}, nil
}
