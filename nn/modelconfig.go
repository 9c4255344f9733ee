package nn

import "fmt"

// ModelFrom makes a model from Keras's config of one, {"class_name": "Sequential" or "Functional", "config":
// {"name", "layers", ...}}, as Keras 2, Keras 3 and tfjs write it. A layer, at any place of the config, may also be
// a Layer value: an [Instance] or a [Model] then shares its weights. Layers without a name get automatic ones.
func ModelFrom(config map[string]any) (*Model, error) {
	class, inner, err := modelClass(config)
	if err != nil {
		return nil, err
	}
	if class == "Sequential" {
		return chainFrom(inner)
	}
	return graphFrom(inner)
}

// SequentialFrom is ModelFrom for a Sequential, whose config may also stand alone: {"name", "layers":
// [{"class_name", "config"}, ...]}. The first layer may carry the input's shape, as input_shape,
// batch_input_shape or batch_shape.
func SequentialFrom(config map[string]any) (*Model, error) {
	if config["class_name"] == nil {
		return chainFrom(config)
	}
	class, inner, err := modelClass(config)
	if err == nil && class != "Sequential" {
		err = fail(ErrConfig, "model: class_name is %s, wanted Sequential", show(config["class_name"]))
	}
	if err != nil {
		return nil, err
	}
	return chainFrom(inner)
}

// modelClasses are the class names of models, folded, and which of the two kinds each is. Keras 2 and tfjs
// call a functional one Model, too.
var modelClasses = map[string]string{"sequential": "Sequential", "functional": "Functional", "model": "Functional"}

// modelClass takes a model's config apart.
func modelClass(config map[string]any) (class string, inner map[string]any, err error) {
	name, ok := config["class_name"].(string)
	if !ok {
		name, ok = config["className"].(string)
	}
	if class = modelClasses[folded(name)]; !ok || class == "" {
		return "", nil, fail(ErrConfig, "model: class_name is %s, wanted Sequential or Functional", show(config["class_name"]))
	}
	switch c := config["config"].(type) {
	case map[string]any:
		return class, c, nil
	case []any: // a Sequential of Keras before 2.2.3
		if class == "Sequential" {
			return class, map[string]any{"layers": c}, nil
		}
	}
	return "", nil, fail(ErrConfig, "%s: config is %s, wanted an object", folded(class), show(config["config"]))
}

func chainFrom(config map[string]any) (*Model, error) {
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
	m.self.frozen = config["trainable"] == false
	m.setFrozen()
	return m, m.err
}

// Config is the model as ModelFrom reads it: {"class_name", "config": {"name", "trainable", "layers"}}, every
// layer with its name and whether it is trained. A functional model's inbound_nodes are Keras 2's, which Keras 3
// and tfjs read, too.
func (m *Model) Config() (map[string]any, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.config(m.name)
}

// config is Config under a name, for a caller that holds the model.
func (m *Model) config(name string) (map[string]any, error) {
	if m.err != nil {
		return nil, m.err
	}
	if !m.isChain {
		return m.graphConfig(name)
	}
	layers := []any{}
	for _, i := range m.chain {
		c, err := i.config()
		if err != nil {
			return nil, err
		}
		layers = append(layers, c)
	}
	config := map[string]any{"name": name, "trainable": !m.self.frozen, "layers": layers}
	return map[string]any{"class_name": className(m), "config": config}, nil
}

// config is the instance's layer under its name, trainable or not as it is now.
func (i *Instance) config() (map[string]any, error) {
	if inner, ok := i.layer.(*Model); ok {
		return inner.config(i.name)
	}
	c, err := configOf(i.layer)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", i.name, err)
	}
	whole := c.(map[string]any)
	args := whole["config"].(map[string]any)
	if i.name != "" { // else it is an argument of another layer
		args["name"] = i.name
	}
	if _, ok := args["trainable"]; ok {
		args["trainable"] = !i.frozen
	}
	return whole, nil
}
