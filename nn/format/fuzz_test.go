package format_test

import (
	"bytes"
	"errors"
	"os"
	"reflect"
	"testing"

	"github.com/tabgrad/tabgrad/nn"
	"github.com/tabgrad/tabgrad/nn/format"
)

// kinds are the sentinels of which every error of a reader wraps one.
var kinds = []error{
	format.ErrFormat, format.ErrTruncated, format.ErrTooLarge, format.ErrUnsupported, format.ErrTopology, format.ErrWeights, format.ErrPath,
}

func checkError(t *testing.T, err error) {
	t.Helper()
	for _, kind := range kinds {
		if errors.Is(err, kind) {
			return
		}
	}
	t.Errorf("%v wraps none of the package's errors", err)
}

// checkRead asks of artifacts that were read that they make a model, or say why not, and that writing and
// reading them again gives the same.
func checkRead(t *testing.T, a *format.Artifacts) {
	t.Helper()
	m, err := a.Model(backend())
	if err != nil {
		checkError(t, err)
	} else if _, err := m.GetWeights(); err != nil {
		t.Error(err)
	}
	src, err := format.WriteSafetensors(a)
	if err != nil {
		checkError(t, err)
		return
	}
	again, err := format.ReadSafetensors(src)
	if err != nil {
		t.Fatalf("what was written is refused: %v", err)
	}
	if len(a.Weights) != len(again.Weights) || !reflect.DeepEqual(a.Metadata, again.Metadata) || !reflect.DeepEqual(a.Training, again.Training) {
		t.Error("what was written and read again differs")
	}
	for i, w := range a.Weights {
		if !reflect.DeepEqual(w.Data, again.Weights[i].Data) && len(w.Data) > 0 {
			t.Errorf("weight %d differs", i)
		}
	}
}

// FuzzTFJS reads model.json with one weight file behind every path that is allowed.
func FuzzTFJS(f *testing.F) {
	for _, name := range goldens(f) {
		dir := goldenDir + "/" + name
		model := must[[]byte](f)(os.ReadFile(dir + "/model.json"))
		files, err := format.WriteTFJS(readGolden(f, dir), "m")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(model, files[1].Data)
		f.Add(files[0].Data, files[1].Data)
	}
	f.Fuzz(func(t *testing.T, model, weights []byte) {
		given := false
		a, err := format.ReadTFJS(model, func(path string) ([]byte, error) {
			if given {
				return nil, nil
			}
			given = true
			return weights, nil
		})
		if err != nil {
			checkError(t, err)
			return
		}
		checkRead(t, a)
		files, err := format.WriteTFJS(a, "")
		if err != nil {
			checkError(t, err)
			return
		}
		if _, err := format.ReadTFJS(files[0].Data, openFiles(files)); err != nil {
			t.Fatalf("what was written is refused: %v", err)
		}
	})
}

func FuzzSafetensors(f *testing.F) {
	m, _ := trained(f, nn.NewSequential(nn.Input(4), nn.Dense{Units: 3, Activation: nn.Softmax}), nn.Adam{}, 4)
	a := must[*format.Artifacts](f)(format.FromModel(m))
	a.Metadata = map[string]any{"a": []any{1.5, "b", nil}}
	f.Add(must[[]byte](f)(format.WriteSafetensors(a)))
	a.Topology = nil
	f.Add(must[[]byte](f)(format.WriteSafetensors(a)))
	f.Add([]byte(safetensorsOf(`{"a":{"dtype":"F16","shape":[2,1],"data_offsets":[0,4]},"b":{"dtype":"BF16","shape":[],"data_offsets":[4,6]},"c":{"dtype":"F64","shape":[0],"data_offsets":[6,6]}}`, make([]byte, 6))))
	f.Fuzz(func(t *testing.T, src []byte) {
		before := bytes.Clone(src)
		a, err := format.ReadSafetensors(src)
		if !bytes.Equal(before, src) {
			t.Error("the reader changed the file")
		}
		if err != nil {
			checkError(t, err)
			return
		}
		checkRead(t, a)
	})
}
