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
	WeightedMetrics   []any   `json:"weighted_metrics"`
	LossWeight        float64 `json:"loss_weights"`
	Weights           []goldenTensor
	X, Y              goldenTensor
	SampleWeight      *goldenTensor   `json:"sample_weight"`
	ClassWeight       map[int]float64 `json:"class_weight"`
	EvaluateBatchSize int             `json:"evaluate_batch_size"`
	BadlyConditioned  string          `json:"badly_conditioned"` // why float32 has a digit less; empty where it has not
	Fit               *goldenFit
	ValidationData    *struct{ X, Y goldenTensor } `json:"validation_data"`
	Expect            struct {
		Predict      goldenTensor
		Loss         float64
		Grads        []goldenTensor
		Steps        []map[string]figures
		Trajectory   []float64
		FinalWeights []goldenTensor `json:"final_weights"`
		Evaluate     map[string]figures
		Epoch        []int
		History      map[string][]figures
	}
}

// figures are one number, or the list of a metric that has several.
type figures struct {
	one  float64
	list []float64
}

func (f *figures) UnmarshalJSON(b []byte) error {
	if b[0] == '[' {
		return json.Unmarshal(b, &f.list)
	}
	return json.Unmarshal(b, &f.one)
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
		{"keras", "layers"}, {"keras", "activations"}, {"keras", "losses"}, {"keras", "optimizers"}, {"keras", "optimizers_more"}, {"keras", "optimizers_jax"}, {"keras", "metrics"}, {"keras", "metrics_more"},
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
	for _, c := range append(golden[goldenCase](t, "keras", "fit"), golden[goldenCase](t, "keras", "fit_more")...) {
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
	if g.c.BadlyConditioned != "" {
		g.tolerance = tolerance{10 * g.relative, 10 * g.absolute}
	}
	model := g.model(nil)
	d := g.table(g.c.X, g.c.Y)
	if e.Predict.Data != nil {
		pred, err := model.Predict(ctx, d.X(), nn.PredictOptions{})
		if err != nil {
			g.Fatal(err)
		}
		g.tensor("predict", pred.Shape, pred.Data, e.Predict)
	}
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
	if len(h.Values)+len(h.Lists) != len(e.History) {
		g.Errorf("history has %d and %d figures, wanted %d: %v, %v", len(h.Values), len(h.Lists), len(e.History), h.Values, h.Lists)
	}
	for name, want := range e.History {
		got, lists := h.Values[name], h.Lists[name]
		if len(got)+len(lists) != len(want) {
			g.Errorf("history of %s is %v %v, wanted %v", name, got, lists, want)
			continue
		}
		for i := range want {
			log := nn.Log{Name: name}
			if lists != nil {
				log.Values = lists[i]
			} else {
				log.Value = got[i]
			}
			g.log(fmt.Sprintf("%s of epoch %d", name, i), log, want[i], 0)
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
	training := nn.Training{
		Optimizer: o, Loss: loss, LossWeight: g.c.LossWeight, Backend: g.backend,
		Metrics: g.metrics(g.c.Metrics), WeightedMetrics: g.metrics(g.c.WeightedMetrics),
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

func (g *goldenRun) metrics(configs []any) []nn.Metric {
	var list []nn.Metric
	for _, config := range configs {
		metric, err := nn.MetricFrom(config)
		if err != nil {
			g.Fatal(err)
		}
		list = append(list, metric)
	}
	return list
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

func (g *goldenRun) logs(what string, got nn.Logs, want map[string]figures) {
	g.Helper()
	if len(got) != len(want) {
		g.Errorf("%s: %v, wanted %v", what, got, want)
	}
	for _, log := range got {
		w, ok := want[log.Name]
		if !ok {
			g.Errorf("%s: %s is not wanted", what, log.Name)
			continue
		}
		largest := 0.0
		if g.c.Expect.Trajectory != nil {
			largest = 1 // momentum takes w from 1 through 0, where digits are lost
		}
		g.log(what+": "+log.Name, log, w, largest)
	}
}

func (g *goldenRun) log(what string, got nn.Log, want figures, largest float64) {
	g.Helper()
	if len(got.Values) != len(want.list) {
		g.Errorf("%s is %v, wanted %v", what, got, want)
		return
	}
	if want.list == nil {
		g.near(what, got.Value, want.one, largest)
	}
	for _, w := range want.list {
		largest = max(largest, math.Abs(w))
	}
	for i, w := range want.list {
		g.near(fmt.Sprintf("%s[%d]", what, i), got.Values[i], w, largest)
	}
}

func (g *goldenRun) near(what string, got, want, largest float64) {
	g.Helper()
	allowed := g.relative*math.Abs(want) + g.absolute*math.Max(largest, math.Abs(want))
	if !(math.Abs(got-want) <= allowed) {
		g.Errorf("%s is %.8g, wanted %.8g: off by %.1e, allowed %.1e", what, got, want, got-want, allowed)
	}
}
