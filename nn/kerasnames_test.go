package nn_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/tabgrad/tabgrad/nn"
)

var update = flag.Bool("update", false, "write KERAS.md")

// absent says why names of Keras's are not there.
var absent = map[string]string{
	"AdaptiveAveragePooling1D": adaptive, "AdaptiveAveragePooling2D": adaptive, "AdaptiveAveragePooling3D": volumes,
	"AdaptiveMaxPooling1D": adaptive, "AdaptiveMaxPooling2D": adaptive, "AdaptiveMaxPooling3D": volumes,
	"AveragePooling3D": volumes, "Conv3D": volumes, "Conv3DTranspose": volumes, "Cropping3D": volumes, "GlobalAveragePooling3D": volumes,
	"GlobalMaxPooling3D": volumes, "MaxPooling3D": volumes, "SpatialDropout3D": volumes, "UpSampling3D": volumes, "ZeroPadding3D": volumes,
	"ConvLSTM1D": convLSTM, "ConvLSTM2D": convLSTM, "ConvLSTM3D": convLSTM,
	"AugMix": mixes, "RandAugment": mixes, "CutMix": targets, "MixUp": targets,
	"Equalization": histograms, "ContrastLimitedAdaptiveHistogramEqualization": histograms,
	"RandomPerspective": "takes a system of eight equations solved for each image", "RandomElasticTransform": "takes a field of displacements for each pixel",
	"MelSpectrogram": fourier, "STFTSpectrogram": fourier, "STFT": fourier,
	"Hashing": hashing, "HashedCrossing": hashing, "MaxNumBoundingBoxes": "boxes are not augmented here", "Pipeline": "a Sequential of layers is one",
	"EinsumDense": "custom layers compose MatMul and Transpose", "Lambda": "`tg.layers.lambda` is one, recorded when the model is built; what files of Keras's hold is code of Python's",
	"ReversibleEmbedding":   "a custom layer does it: Embedding's variable in a product",
	"SpectralNormalization": "its power iteration changes another layer's variable within a step, which wrappers cannot",
	"FlaxLayer":             python, "JaxLayer": python, "TFSMLayer": python, "TorchModuleWrapper": python,
	"Mean":               "no metric of predictions; Named and MeanOf make means of any loss",
	"Sum":                "no metric of predictions",
	"LossScaleOptimizer": "for float16, which does not exist here; loss_scale_factor is an argument of each optimizer",
	"MultiOptimizer":     "wraps an optimizer for each part of a model",
	"History":            "what fit returns",
	"OrbaxCheckpoint":    "a store of JAX's; ModelCheckpoint and BackupAndRestore save",
	"RemoteMonitor":      "sends to a server: LambdaCallback can, and nothing leaves the page by itself",
	"SwapEMAWeights":     "use_ema with evaluate at the end of fit; averages cannot be swapped in between",
	"TensorBoard":        "a program of its own; CSVLogger and LambdaCallback hand out the figures",
}

const (
	adaptive   = "the same as AveragePooling and MaxPooling where sizes divide; other sizes take windows that differ"
	volumes    = "models of volumes don't fit in a tab's time"
	convLSTM   = "a recurrent cell of convolutions has no kernel yet"
	mixes      = "chooses other layers for each image"
	targets    = "changes the targets, too, which layers don't see"
	histograms = "needs histograms, which programs cannot count"
	fourier    = "there is no Fourier transform yet"
	hashing    = "hashes the decimals of a number, which programs don't have"
	python     = "wraps a library of Python's"
)

// KERAS.md lists each public name of Keras's, and whether it is there.
// go test ./nn -run TestKerasNames -update writes it.
func TestKerasNames(t *testing.T) {
	var keras struct {
		MadeBy  string `json:"made_by"`
		Modules map[string][]struct {
			Name    string
			Aliases []string
		}
	}
	file, err := os.ReadFile("testdata/keras/names.json")
	if err == nil {
		err = json.Unmarshal(file, &keras)
	}
	if err != nil {
		t.Fatal(err)
	}
	there := map[string]*nn.Entry{}
	for _, e := range nn.Registry() {
		for _, name := range append([]string{e.Class, e.Name}, e.Aliases...) {
			if key := string(e.Kind) + " " + name; there[key] == nil {
				there[key] = e
			}
		}
	}
	var b strings.Builder
	b.WriteString("# Keras's names\n\n" + strings.Join([]string{
		"What the public modules of Keras 3.15.1 list, and what it is called in JavaScript (`tg.layers.dense`); where there is a dash, why it is not here.",
		"Configs take Keras's names and those of TensorFlow.js, in any case. `nn/kerasnames_test.go` writes this file from the registry, and fails where it is stale.",
	}, "\n") + "\n")
	used, have, all := map[string]bool{}, 0, 0
	for _, m := range []struct {
		keras string
		kinds []nn.Kind
		js    map[nn.Kind]string
	}{
		{"layers", []nn.Kind{nn.KindLayer, nn.KindText}, map[nn.Kind]string{nn.KindLayer: "layers.", nn.KindText: ""}},
		{"activations", []nn.Kind{nn.KindActivation}, nil},
		{"losses", []nn.Kind{nn.KindLoss}, map[nn.Kind]string{nn.KindLoss: "losses."}},
		{"metrics", []nn.Kind{nn.KindMetric}, map[nn.Kind]string{nn.KindMetric: "metrics."}},
		{"optimizers", []nn.Kind{nn.KindOptimizer}, map[nn.Kind]string{nn.KindOptimizer: "optimizers."}},
		{"optimizers.schedules", []nn.Kind{nn.KindSchedule}, map[nn.Kind]string{nn.KindSchedule: "schedules."}},
		{"callbacks", []nn.Kind{nn.KindCallback}, map[nn.Kind]string{nn.KindCallback: "callbacks."}},
		{"initializers", []nn.Kind{nn.KindInitializer}, map[nn.Kind]string{nn.KindInitializer: "initializers."}},
		{"regularizers", []nn.Kind{nn.KindRegularizer}, map[nn.Kind]string{nn.KindRegularizer: "regularizers."}},
		{"constraints", []nn.Kind{nn.KindConstraint}, map[nn.Kind]string{nn.KindConstraint: "constraints."}},
	} {
		fmt.Fprintf(&b, "\n## keras.%s\n\n| Keras | here |\n| --- | --- |\n", m.keras)
		if len(keras.Modules[m.keras]) == 0 {
			t.Errorf("names.json has no names of keras.%s", m.keras)
		}
		for _, name := range keras.Modules[m.keras] {
			all++
			var e *nn.Entry
			for _, kind := range m.kinds {
				for _, n := range append([]string{name.Name}, name.Aliases...) {
					if e == nil {
						e = there[string(kind)+" "+n]
					}
				}
			}
			switch why := absent[name.Name]; {
			case e != nil && why != "":
				t.Errorf("%s is there, and a reason why not: %s", name.Name, why)
			case e != nil && m.js == nil:
				have++
				fmt.Fprintf(&b, "| %s | `'%s'` |\n", name.Name, e.JS)
			case e != nil:
				have++
				fmt.Fprintf(&b, "| %s | `tg.%s%s` |\n", name.Name, m.js[e.Kind], e.JS)
			case why == "":
				t.Errorf("keras.%s.%s is not there, and nothing says why", m.keras, name.Name)
			default:
				used[name.Name] = true
				fmt.Fprintf(&b, "| %s | - %s |\n", name.Name, why)
			}
		}
	}
	fmt.Fprintf(&b, "\n%d of %d.\n", have, all)
	for name := range absent {
		if !used[name] {
			t.Errorf("Keras has no %s, of which it is said why it is not there", name)
		}
	}
	if *update {
		err = os.WriteFile("KERAS.md", []byte(b.String()), 0o644)
	}
	was, err2 := os.ReadFile("KERAS.md")
	if err != nil || err2 != nil {
		t.Fatal(err, err2)
	}
	if string(was) != b.String() {
		t.Error("KERAS.md is stale: go test ./nn -run TestKerasNames -update writes it")
	}
}
