package bindings

import (
	"context"
	"fmt"

	"github.com/tabgrad/tabgrad/nn"
	"github.com/tabgrad/tabgrad/nn/format"
)

// save is a model as TensorFlow.js writes one: the text of model.json, and its one weight file, model.weights.bin. With
// includeOptimizer there is in them what training goes on from to the bit.
func (s *Service) save(_ context.Context, a *args, m *model) (Value, error) {
	withOptimizer := a.boolean("includeOptimizer", false)
	if err := a.freeze(m); err != nil {
		return nil, err
	}
	return savedModel(m.net, withOptimizer)
}

// savedModel is what save gives.
func savedModel(net *nn.Model, withOptimizer bool) (Object, error) {
	artifacts, err := format.FromModel(net)
	if err != nil {
		return nil, err
	}
	if !withOptimizer {
		artifacts.Training = nil
	}
	files, err := format.WriteTFJS(artifacts, "model")
	if err != nil {
		return nil, err
	}
	return Object{"json": string(files[0].Data), "weights": files[1].Data}, nil
}

// load makes a model of files: the text of a model.json and the bytes of the files that it names, or one safetensors file. It is compiled where
// the files say how.
func (s *Service) load(_ context.Context, a *args, _ Emit) (Value, error) {
	seed := a.seed("seed", s.options.Seed)
	if a.err != nil {
		return nil, a.err
	}
	artifacts, err := a.artifacts()
	if err != nil {
		return nil, err
	}
	trained := artifacts.Training
	if trained != nil && (a.values["seed"] != nil || a.boolean("seedless", false)) {
		trained.State.Seed = seed
	}
	net, err := artifacts.Model(s.options.Backend)
	if err != nil {
		return nil, err
	}
	if trained == nil {
		// As a model that was just created: it predicts, and has its seed for when it is compiled.
		if err := net.Compile(nn.Training{Seed: seed, Backend: s.options.Backend}); err != nil {
			return nil, err
		}
	} else {
		seed = trained.State.Seed
	}
	config, err := net.Config()
	if err != nil {
		return nil, err
	}
	reply := describe(net)
	reply["config"], reply["compiled"] = config, trained != nil && trained.Loss != nil
	if artifacts.Metadata != nil {
		reply["metadata"] = artifacts.Metadata
	}
	if artifacts.TrainingErr != nil {
		reply["note"] = artifacts.TrainingErr.Error()
	}
	reply["model"] = s.keep(net, seed)
	return reply, nil
}

// artifacts reads the files that a request holds.
func (a *args) artifacts() (*format.Artifacts, error) {
	if a.values["safetensors"] != nil {
		file, ok := a.values["safetensors"].([]byte)
		if !ok {
			a.fail(BadData, "safetensors is %s, want a Uint8Array", kind(a.values["safetensors"]))
			return nil, a.err
		}
		return format.ReadSafetensors(file)
	}
	text, ok := a.values["json"].(string)
	files := a.object("files")
	if !ok {
		a.fail(BadData, "json is %s, want the text of a model.json", kind(a.values["json"]))
	}
	if a.err != nil {
		return nil, a.err
	}
	return format.ReadTFJS([]byte(text), func(path string) ([]byte, error) {
		file, ok := files[path].([]byte)
		if !ok {
			return nil, fmt.Errorf("%s is missing", path)
		}
		return file, nil
	})
}
