package nn_test

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/tabgrad/tabgrad/nn"
	"github.com/tabgrad/tabgrad/nn/cpu"
	"github.com/tabgrad/tabgrad/nn/data"
	"github.com/tabgrad/tabgrad/nn/prog"
)

// What Keras and PyTorch answer; testdata/keras/README.md describes the files. summary_test.go reads those of
// printed text and of initializers.

type goldenTensor struct {
	Name  string
	Shape []int
	Data  []float32
}

type goldenCase struct {
	Name              string
	InputShape        []int `json:"input_shape"`
	Layers            []any
	Loss, Optimizer   any
	Metrics           []any
	Weights           []goldenTensor
	X, Y              goldenTensor
	SampleWeight      *goldenTensor   `json:"sample_weight"`
	ClassWeight       map[int]float64 `json:"class_weight"`
	EvaluateBatchSize int             `json:"evaluate_batch_size"`
	Fit               *goldenFit
	ValidationData    *struct{ X, Y goldenTensor } `json:"validation_data"`
	Expect            struct {
		Predict      goldenTensor
		Loss         float64
		Grads        []goldenTensor
		Steps        []map[string]float64
		Trajectory   []float64
		FinalWeights []goldenTensor `json:"final_weights"`
		Evaluate     map[string]float64
		Epoch        []int
		History      map[string][]float64
	}
}

type goldenFit struct {
	Epochs          int
	InitialEpoch    int     `json:"initial_epoch"`
	BatchSize       int     `json:"batch_size"`
	ValidationSplit float64 `json:"validation_split"`
	ValidationBatch int     `json:"validation_batch_size"`
}

// golden reads the cases of a file. A file without cases fails the test.
func golden[T any](t *testing.T, library, family string) []T {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", library, family+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Cases []T }
	if err := json.Unmarshal(b, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Cases) == 0 {
		t.Fatalf("%s/%s.json has no cases", library, family)
	}
	return file.Cases
}

// tolerance bounds |got - want| by relative·|want| + absolute·(the largest |want| of the tensor): an
// element that is small beside its neighbours is the difference of sums of their size.
type tolerance struct{ relative, absolute float64 }

// precisions are the backends that the cases run on. The files hold exact results, rounded to float32, so
// float64 shows a formula that is off by a millionth, and float32 that nothing is lost by rounding.
var precisions = []struct {
	name    string
	backend func() prog.Backend
	tolerance
}{
	{"float32", backend, tolerance{1e-5, 1e-6}},
	// Weights, data and figures pass through float32 on their way in and out.
	{"float64", func() prog.Backend { return cpu.New[float64](cpu.Options{Procs: 1}) }, tolerance{3e-7, 3e-7}},
}

func TestGolden(t *testing.T) {
	for _, file := range [][2]string{
		{"keras", "layers"}, {"keras", "activations"}, {"keras", "losses"}, {"keras", "optimizers"}, {"keras", "metrics"},
		{"keras", "regularizers"}, {"keras", "weights"}, {"keras", "networks"}, {"torch", "networks"},
	} {
		for _, c := range golden[goldenCase](t, file[0], file[1]) {
			for _, p := range precisions {
				t.Run(file[0]+"_"+file[1]+"/"+c.Name+"/"+p.name, func(t *testing.T) {
					g := &goldenRun{T: t, c: c, tolerance: p.tolerance, backend: p.backend()}
					g.run()
				})
			}
		}
	}
}

func TestGoldenFit(t *testing.T) {
	for _, c := range golden[goldenCase](t, "keras", "fit") {
		for _, p := range precisions {
			t.Run(c.Name+"/"+p.name, func(t *testing.T) {
				(&goldenRun{T: t, c: c, tolerance: p.tolerance, backend: p.backend()}).fit()
			})
		}
	}
}

// A goldenRun compares one case on one backend.
type goldenRun struct {
	*testing.T
	c goldenCase
	tolerance
	backend prog.Backend
}

func (g *goldenRun) run() {
	e := &g.c.Expect
	model := g.model(nil)
	d := g.table(g.c.X, g.c.Y)
	pred, err := model.Predict(ctx, d.X(), nn.PredictOptions{})
	if err != nil {
		g.Fatal(err)
	}
	g.tensor("predict", pred.Shape, pred.Data, e.Predict)
	if len(e.Grads) > 0 {
		g.gradients(d)
	}
	for i, want := range e.Steps {
		logs, err := model.TrainOnBatch(ctx, d, nn.BatchOptions{SampleWeight: g.sampleWeight(), ClassWeight: g.c.ClassWeight})
		if err != nil {
			g.Fatal(err)
		}
		g.logs(fmt.Sprintf("step %d", i+1), logs, want)
		if e.Trajectory != nil {
			w := g.weights(model)
			g.near(fmt.Sprintf("w after step %d", i+1), float64(w[0].Data[0]), e.Trajectory[i], 1)
		}
	}
	if len(e.Steps) > 0 {
		g.tensors("after the steps", g.weights(model), e.FinalWeights)
	}
	logs, err := model.Evaluate(ctx, d, nn.EvalOptions{BatchSize: g.c.EvaluateBatchSize, SampleWeight: g.sampleWeight()})
	if err != nil {
		g.Fatal(err)
	}
	g.logs("evaluate", logs, e.Evaluate)
}

// gradients reads the gradients off one step of SGD. The learning rate is so large a power of two that
// what the weights lose of the gradient's digits does not count.
func (g *goldenRun) gradients(d *data.Table) {
	const rate = 1 << 20
	model := g.model(nn.SGD{LearningRate: rate})
	logs, err := model.TrainOnBatch(ctx, d, nn.BatchOptions{SampleWeight: g.sampleWeight(), ClassWeight: g.c.ClassWeight})
	if err != nil {
		g.Fatal(err)
	}
	loss, _ := logs.Get("loss")
	g.near("loss", loss, g.c.Expect.Loss, 0)
	grads := g.weights(model)
	for i, w := range grads {
		for k := range w.Data {
			w.Data[k] = float32((float64(g.c.Weights[i].Data[k]) - float64(w.Data[k])) / rate)
		}
	}
	g.tensors("gradient", grads, g.c.Expect.Grads)
}

func (g *goldenRun) fit() {
	f, e := g.c.Fit, &g.c.Expect
	model := g.model(nil)
	o := nn.FitOptions{
		BatchSize: f.BatchSize, Epochs: f.Epochs, InitialEpoch: f.InitialEpoch, NoShuffle: true,
		ValidationSplit: f.ValidationSplit, ValidationBatch: f.ValidationBatch,
		SampleWeight: g.sampleWeight(), ClassWeight: g.c.ClassWeight,
	}
	if v := g.c.ValidationData; v != nil {
		o.Validation = g.table(v.X, v.Y)
	}
	d := g.table(g.c.X, g.c.Y)
	h, err := model.Fit(ctx, d, o)
	if err != nil {
		g.Fatal(err)
	}
	if fmt.Sprint(h.Epochs) != fmt.Sprint(e.Epoch) {
		g.Errorf("epochs are %v, wanted %v", h.Epochs, e.Epoch)
	}
	if len(h.Values) != len(e.History) {
		g.Errorf("history has %d figures, wanted %d: %v", len(h.Values), len(e.History), h.Values)
	}
	for name, want := range e.History {
		got := h.Values[name]
		if len(got) != len(want) {
			g.Errorf("history of %s is %v, wanted %v", name, got, want)
			continue
		}
		for i := range want {
			g.near(fmt.Sprintf("%s of epoch %d", name, i), got[i], want[i], 0)
		}
	}
	g.tensors("after fit", g.weights(model), e.FinalWeights)
	logs, err := model.Evaluate(ctx, d, nn.EvalOptions{BatchSize: 5})
	if err != nil {
		g.Fatal(err)
	}
	g.logs("evaluate", logs, e.Evaluate)
}

// layers are the case's, behind an Input.
func (g *goldenRun) layers() ([]nn.Layer, error) {
	list := []nn.Layer{nn.Input(g.c.InputShape...)}
	for _, config := range g.c.Layers {
		l, err := nn.LayerFrom(config)
		if err != nil {
			return nil, err
		}
		list = append(list, l)
	}
	return list, nil
}

// model is the case's model with its initial weights, compiled with o or else the case's optimizer.
func (g *goldenRun) model(o nn.Optimizer) *nn.Model {
	layers, err := g.layers()
	if err != nil {
		g.Fatal(err)
	}
	if o == nil {
		if o, err = nn.OptimizerFrom(g.c.Optimizer); err != nil {
			g.Fatal(err)
		}
	}
	loss, err := nn.LossFrom(g.c.Loss)
	if err != nil {
		g.Fatal(err)
	}
	training := nn.Training{Optimizer: o, Loss: loss, Backend: g.backend}
	for _, config := range g.c.Metrics {
		metric, err := nn.MetricFrom(config)
		if err != nil {
			g.Fatal(err)
		}
		training.Metrics = append(training.Metrics, metric)
	}
	model := nn.NewSequential(layers...)
	if err := model.Compile(training); err != nil {
		g.Fatal(err)
	}
	weights := g.weights(model)
	if len(weights) != len(g.c.Weights) {
		g.Fatalf("the model has %d weights, wanted %d", len(weights), len(g.c.Weights))
	}
	for i, want := range g.c.Weights {
		if weights[i].Name != want.Name {
			g.Errorf("weight %d is %s, wanted %s", i, weights[i].Name, want.Name)
		}
		weights[i].Shape, weights[i].Data = want.Shape, want.Data
	}
	if err := model.SetWeights(weights); err != nil {
		g.Fatal(err)
	}
	g.Cleanup(func() { model.Close() })
	return model
}

func (g *goldenRun) table(x, y goldenTensor) *data.Table {
	return table(g, x.Shape, x.Data, y.Shape, y.Data)
}

func (g *goldenRun) sampleWeight() []float32 {
	if g.c.SampleWeight == nil {
		return nil
	}
	return g.c.SampleWeight.Data
}

func (g *goldenRun) weights(m *nn.Model) []nn.Weight {
	g.Helper()
	w, err := m.GetWeights()
	if err != nil {
		g.Fatal(err)
	}
	return w
}

func (g *goldenRun) tensors(what string, got []nn.Weight, want []goldenTensor) {
	g.Helper()
	if len(got) != len(want) {
		g.Fatalf("%d weights %s, wanted %d", len(got), what, len(want))
	}
	for i, w := range want {
		g.tensor(w.Name+" "+what, got[i].Shape, got[i].Data, w)
	}
}

func (g *goldenRun) tensor(what string, shape []int, got []float32, want goldenTensor) {
	g.Helper()
	if fmt.Sprint(shape) != fmt.Sprint(want.Shape) {
		g.Errorf("%s is %v, wanted %v", what, shape, want.Shape)
		return
	}
	largest := 0.0
	for _, w := range want.Data {
		largest = math.Max(largest, math.Abs(float64(w)))
	}
	for i, w := range want.Data {
		g.near(fmt.Sprintf("%s[%d]", what, i), float64(got[i]), float64(w), largest)
	}
}

func (g *goldenRun) logs(what string, got nn.Logs, want map[string]float64) {
	g.Helper()
	if len(got) != len(want) {
		g.Errorf("%s: %v, wanted %v", what, got, want)
	}
	for name, w := range want {
		v, ok := got.Get(name)
		if !ok {
			g.Errorf("%s: there is no %s in %v", what, name, got)
			continue
		}
		largest := 0.0
		if g.c.Expect.Trajectory != nil {
			largest = 1 // momentum takes w from 1 through 0, where digits are lost
		}
		g.near(what+": "+name, v, w, largest)
	}
}

func (g *goldenRun) near(what string, got, want, largest float64) {
	g.Helper()
	allowed := g.relative*math.Abs(want) + g.absolute*math.Max(largest, math.Abs(want))
	if !(math.Abs(got-want) <= allowed) {
		g.Errorf("%s is %.8g, wanted %.8g: off by %.1e, allowed %.1e", what, got, want, got-want, allowed)
	}
}
