package nn_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"testing"

	"github.com/tabgrad/tabgrad/nn"
)

// FuzzModelFrom: a config from outside makes a model or an error that says what is wrong; a model
// writes a config that makes it again.
func FuzzModelFrom(f *testing.F) {
	models := []*nn.Model{
		smallCNN(),
		nn.NewSequential(nn.Input(4, 6), nn.Reshape{Target: []int{-1, 3}}, nn.Dense{Units: 2, Activation: nn.ELU.With(0.5), KernelReg: nn.L1L2{L1: 1}, KernelInit: nn.RandomNormal{Mean: 1}}),
		nn.NewSequential(nn.AveragePooling2D{Padding: nn.Same}, nn.Activation{Fn: nn.GELUTanh}),
		twoOfBoth(),
		nested(),
	}
	for _, c := range layerTests {
		if c.in != nil && c.more == nil {
			models = append(models, nn.NewSequential(nn.Input(c.in...), c.layer))
		}
	}
	for _, m := range models {
		config, err := m.Config()
		if err != nil {
			f.Fatal(err)
		}
		text, err := json.Marshal(config)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Add([]byte(`{"layers":[{"class_name":"Dense","config":{"units":3,"inputShape":[2]}},{"className":"Flatten"}]}`))
	f.Add([]byte(`{"layers":[{"class_name":"Conv2D","config":{"filters":1,"kernel_size":[99999999999,2],"batch_input_shape":[null,8,8,1]}}]}`))
	f.Add([]byte(`{"class_name":"Model","config":{"layers":[{"class_name":"InputLayer","name":"x","config":{"shape":[2]}},{"class_name":"Dense","config":{"units":2},"name":"d",
		"inbound_nodes":[["x",0,0,{}],{"args":[{"class_name":"__keras_tensor__","config":{"keras_history":["d",0,0]}}],"kwargs":{"training":false}}]}],
		"input_layers":["x",0,0],"output_layers":{"y":["d",1,0]}}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var config map[string]any
		if json.Unmarshal(text, &config) != nil {
			return
		}
		from := nn.ModelFrom
		if config["class_name"] == nil && config["className"] == nil {
			from = nn.SequentialFrom
		}
		m, err := from(config)
		if err != nil {
			if !errors.Is(err, nn.ErrConfig) && !errors.Is(err, nn.ErrShape) {
				t.Errorf("the error %v is of no kind", err)
			}
			return
		}
		m.Summary()
		first, err := m.Config()
		if err != nil {
			t.Fatal(err)
		}
		again, err := nn.ModelFrom(first)
		if err != nil {
			t.Fatalf("%v does not read back: %v", first, err)
		}
		if second, err := again.Config(); err != nil || !reflect.DeepEqual(first, second) {
			t.Fatalf("%v reads back as %v, %v", first, second, err)
		}
	})
}

// FuzzRecording: what comes as a recording is read or refused; a layer of it is built or says why not, and its
// config makes it again.
func FuzzRecording(f *testing.F) {
	f.Add([]byte(recordedDense))
	config, err := nn.Config(nn.Recorded{What: recordedScale})
	if err != nil {
		f.Fatal(err)
	}
	text, err := json.Marshal(config.(map[string]any)["config"].(map[string]any)["recording"])
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte(`{"calls":[{"inputs":[[4,4,2]],"ops":[["conv2d",["x0","x0"],{"strides":2}],["tile",["t0"],{"repeats":[1,2,1,1]}],["reshape",["t1"],{"shape":[null,-1]}],
		["gather",["t2",[0]],{"axis":1}],["oneHot",["t3"],{"num_classes":3}],["pad",["t4"],{"pad_width":[[0,0],[1,1]]}],["elu",["t5"],{"alpha":2}]],"outputs":["t6"]}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var config any
		if json.Unmarshal(text, &config) != nil {
			return
		}
		r, err := nn.RecordingFrom(config)
		if err != nil {
			if !errors.Is(err, nn.ErrConfig) && !errors.Is(err, nn.ErrShape) {
				t.Errorf("the error %v is of no kind", err)
			}
			return
		}
		layer, err := nn.Config(nn.Recorded{What: r})
		if err != nil {
			t.Fatal(err)
		}
		again, err := nn.LayerFrom(layer)
		if err != nil {
			t.Fatalf("%v does not read back: %v", layer, err)
		}
		if second, err := nn.Config(again); err != nil || !reflect.DeepEqual(layer, second) {
			t.Fatalf("%v reads back as %v, %v", layer, second, err)
		}
		for k, call := range r.Calls {
			if _, err := r.ResultShapes(k, true); err != nil && !errors.Is(err, nn.ErrShape) && !errors.Is(err, nn.ErrConfig) {
				t.Errorf("the error %v is of no kind", err)
			}
			var x []*nn.Symbolic
			for _, shape := range call.Inputs {
				x = append(x, nn.NewInput(shape...))
			}
			if len(x) > 0 {
				nn.NewModel(x, nn.Outputs(nn.Apply(again, x...))).Summary()
			}
		}
	})
}
