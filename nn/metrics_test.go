package nn_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/tabgrad/tabgrad/nn"
	"github.com/tabgrad/tabgrad/nn/prog"
)

// TestMetricsAreKeras: batches go in, and after each the result so far is Keras's.
func TestMetricsAreKeras(t *testing.T) {
	type metricCase struct {
		Name    string
		Class   string `json:"class_name"`
		Config  map[string]any
		Batches []struct {
			Pred         goldenTensor    `json:"y_pred"`
			Target       goldenTensor    `json:"y_true"`
			SampleWeight *goldenTensor   `json:"sample_weight"`
			Result       json.RawMessage // a number or a list
		}
		Expect struct{ Name string }
	}
	for _, c := range golden[metricCase](t, "keras", "metric_functions") {
		for _, p := range functionPrecisions {
			t.Run(c.Name+"/"+p.name, func(t *testing.T) {
				r := goldenRun{T: t, tolerance: p.tolerance}
				metric, err := nn.MetricFrom(map[string]any{"class_name": c.Class, "config": c.Config})
				if err != nil {
					t.Fatal(err)
				}
				m := metric.Measure()
				if m.Name != c.Expect.Name {
					t.Errorf("it is called %s, wanted %s", m.Name, c.Expect.Name)
				}
				backend := p.backend(t)
				var sums []float64
				for i, batch := range c.Batches {
					weight := goldenTensor{}
					if batch.SampleWeight != nil {
						weight = *batch.SampleWeight
					}
					got := scored(t, backend, m, batch.Pred, batch.Target, weight)
					if sums == nil {
						sums = make([]float64, len(got))
					}
					for k, v := range got {
						sums[k] += v
					}
					want := goldenTensor{}
					what := fmt.Sprintf("after batch %d", i+1)
					if json.Unmarshal(batch.Result, &want.Data) == nil {
						if m.Results == nil {
							t.Fatalf("%s: it has one figure, wanted %v", what, want.Data)
						}
						figures := m.Results(sums)
						if len(figures) != len(want.Data) {
							t.Fatalf("%s: it has %d figures, wanted %d", what, len(figures), len(want.Data))
						}
						for k, v := range figures {
							r.near(fmt.Sprintf("%s: figure %d", what, k), v, float64(want.Data[k]), 1)
						}
						continue
					}
					var one float64
					if err := json.Unmarshal(batch.Result, &one); err != nil {
						t.Fatal(err)
					}
					if m.Results != nil {
						t.Fatalf("%s: it has several figures, wanted one", what)
					}
					r.near(what, m.Result(sums), one, 1)
				}
			})
		}
	}
}

// scored are the sums of one batch.
func scored(t *testing.T, backend prog.Backend, m nn.Measure, pred, target, weight goldenTensor) []float64 {
	t.Helper()
	b := prog.NewBuilder("metric", nil)
	s := &nn.Scored{Builder: b, Pred: b.Input("pred", pred.Shape...), Target: b.Input("target", target.Shape...), Weight: prog.None, Mask: prog.None}
	if weight.Data != nil {
		s.Weight = b.Input("weight", weight.Shape...)
	}
	out := b.Output("sums", b.Pack(m.Sums(s)...))
	sums := make([]float32, b.Shape(out).Size())
	p, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	e, err := backend.Load(p)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	for _, in := range []struct {
		buf  prog.Buf
		data []float32
	}{{s.Pred, pred.Data}, {s.Target, target.Data}, {s.Weight, weight.Data}} {
		if in.data != nil {
			if err := e.Write(in.buf, in.data); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := e.Run(); err != nil {
		t.Fatal(err)
	}
	if err := e.Read(out, sums); err != nil {
		t.Fatal(err)
	}
	wide := make([]float64, len(sums))
	for i, v := range sums {
		wide[i] = float64(v)
	}
	return wide
}

// What metrics are refused with, where they are read and where they meet predictions.
func TestMetricErrors(t *testing.T) {
	for _, c := range []struct {
		class string
		args  map[string]any
		text  string
	}{
		{"Precisions", nil, "metric \"Precisions\" is unknown, wanted one of " + names(nn.KindMetric)},
		{"TopKCategoricalAccuracy", map[string]any{"k": 0}, "top_k_categorical_accuracy: k is 0, wanted a whole number, at least 1"},
		{"SparseTopKCategoricalAccuracy", map[string]any{"k": 1.5}, "sparse_top_k_categorical_accuracy: k is 1.5, wanted a whole number, at least 1"},
		{"BinaryAccuracy", map[string]any{"threshold": "half"}, `binary_accuracy: threshold is "half", wanted a number`},
		{"TruePositives", map[string]any{"thresholds": 1.5}, "true_positives: thresholds is 1.5, wanted 0 to 1"},
		{"TrueNegatives", map[string]any{"thresholds": []any{0.1, -0.5}}, "true_negatives: thresholds is [0.1, -0.5], wanted 0 to 1"},
		{"FalsePositives", map[string]any{"thresholds": "0.5"}, `false_positives: thresholds is "0.5", wanted a number or a list of numbers`},
		{"FalseNegatives", map[string]any{"threshold": 0.5}, `false_negatives: unknown argument "threshold" (0.5), wanted one of thresholds`},
		{"Precision", map[string]any{"top_k": 0}, "precision: top_k is 0, wanted a whole number, at least 1"},
		{"Precision", map[string]any{"class_id": -1}, "precision: class_id is -1, wanted at least 0"},
		{"Recall", map[string]any{"class_id": 0.5}, "recall: class_id is 0.5, wanted a whole number, at least 0"},
		{"Recall", map[string]any{"top_k": -2}, "recall: top_k is -2, wanted at least 1"},
		{"SensitivityAtSpecificity", map[string]any{}, "sensitivity_at_specificity: specificity is missing"},
		{"SensitivityAtSpecificity", map[string]any{"specificity": 1.5}, "sensitivity_at_specificity: specificity is 1.5, wanted 0 to 1"},
		{"SpecificityAtSensitivity", map[string]any{"sensitivity": -0.5}, "specificity_at_sensitivity: sensitivity is -0.5, wanted 0 to 1"},
		{"PrecisionAtRecall", map[string]any{"recall": 0.5, "num_thresholds": 0}, "precision_at_recall: num_thresholds is 0, wanted a whole number, at least 1"},
		{"RecallAtPrecision", map[string]any{"precision": 2}, "recall_at_precision: precision is 2, wanted 0 to 1"},
		{"AUC", map[string]any{"num_thresholds": 1}, "auc: num_thresholds is 1, wanted at least 2"},
		{"AUC", map[string]any{"curve": "RUC"}, `auc: curve is "RUC", wanted ROC or PR or PRGAIN`},
		{"AUC", map[string]any{"summation_method": "trapezoid"}, `auc: summation_method is "trapezoid", wanted interpolation or minoring or majoring`},
		{"AUC", map[string]any{"num_labels": 3}, "auc: num_labels is 3, and is for multi_label alone"},
		{"AUC", map[string]any{"thresholds": []any{0.5, 7.0}}, "auc: thresholds is [0.5, 7], wanted 0 to 1"},
		{"AUC", map[string]any{"label_weights": []any{-1.0}}, "auc: label_weights is -1, wanted at least 0"},
		{"F1Score", map[string]any{"average": "mean"}, `f1_score: average is "mean", wanted micro or macro or weighted`},
		{"F1Score", map[string]any{"threshold": 0}, "f1_score: threshold is 0, wanted more than 0 and at most 1"},
		{"FBetaScore", map[string]any{"beta": 0}, "fbeta_score: beta is 0, wanted more than 0"},
		{"FBetaScore", map[string]any{"threshold": 1.5}, "fbeta_score: threshold is 1.5, wanted more than 0 and at most 1"},
		{"IoU", map[string]any{"num_classes": 3}, "io_u: target_class_ids is missing"},
		{"IoU", map[string]any{"num_classes": 3, "target_class_ids": []any{}}, "io_u: target_class_ids is empty, wanted at least one"},
		{"IoU", map[string]any{"num_classes": 3, "target_class_ids": []any{0, 3}}, "io_u: target_class_ids has 3, wanted less than num_classes, 3"},
		{"OneHotIoU", map[string]any{"num_classes": 2, "target_class_ids": []any{-1}}, "one_hot_io_u: target_class_ids is [-1], wanted at least 0"},
		{"BinaryIoU", map[string]any{"target_class_ids": []any{2}}, "binary_io_u: target_class_ids is [2], wanted 0 to 1"},
		{"MeanIoU", map[string]any{}, "mean_io_u: num_classes is missing"},
		{"OneHotMeanIoU", map[string]any{"num_classes": 0}, "one_hot_mean_io_u: num_classes is 0, wanted a whole number, at least 1"},
		{"R2Score", map[string]any{"class_aggregation": "mean"}, `r2_score: class_aggregation is "mean", wanted uniform_average or variance_weighted_average or none`},
		{"R2Score", map[string]any{"num_regressors": -1}, "r2_score: num_regressors is -1, wanted at least 0"},
		{"PearsonCorrelation", map[string]any{"axis": "last"}, `pearson_correlation: axis is "last", wanted a whole number, but not 0`},
		{"MeanSquaredError", map[string]any{"axis": 1}, `mean_squared_error: axis is 1, and only -1 is supported`},
		{"BinaryCrossentropy", map[string]any{"label_smoothing": 2}, "binary_crossentropy: label_smoothing is 2, wanted 0 to 1"},
	} {
		_, err := nn.MetricFrom(map[string]any{"class_name": c.class, "config": c.args})
		if !errors.Is(err, nn.ErrConfig) || err.Error() != c.text {
			t.Errorf("%s %v: got %v, wanted %s", c.class, c.args, err, c.text)
		}
	}
	one := 1
	for _, c := range []struct {
		metric       nn.Metric
		pred, target []int
		text         string
	}{
		{nn.BinaryAccuracy, []int{4, 2}, []int{4, 3}, "binary_accuracy: predictions are [4,2] and targets [4,3], wanted the same"},
		{nn.CategoricalAccuracy, []int{4, 3}, []int{4}, "categorical_accuracy: predictions are [4,3] and targets [4], wanted the same"},
		{nn.SparseCategoricalAccuracy, []int{4, 3}, []int{4, 3}, "sparse_categorical_accuracy: targets are [4,3], wanted one class a prediction of [4,3]"},
		{nn.TopKCategoricalAccuracy{K: 2}, []int{4, 3}, []int{4, 2}, "top_k_categorical_accuracy: predictions are [4,3] and targets [4,2], wanted the same"},
		{nn.SparseTopKCategoricalAccuracy{K: 2}, []int{4, 3}, []int{4, 2}, "sparse_top_k_categorical_accuracy: targets are [4,2], wanted one class a prediction of [4,3]"},
		{nn.Precision{TopK: 4}, []int{4, 3}, []int{4, 3}, "precision: top_k is 4, the predictions are [4,3]"},
		{nn.Recall{ClassID: &one}, []int{4, 1}, []int{4, 1}, "recall: class_id is 1, the predictions are [4,1]"},
		{nn.AUC{NumThresholds: 5, LabelWeights: []float64{1, 2}}, []int{4, 3}, []int{4, 3}, "auc: 2 label_weights for predictions of [4,3]"},
		{nn.AUC{NumThresholds: 5, MultiLabel: true, LabelWeights: []float64{1, 2}}, []int{4, 3}, []int{4, 3}, "auc: 2 label_weights for predictions of [4,3]"},
		{nn.AUC{NumThresholds: 5, MultiLabel: true, NumLabels: 2}, []int{4, 3}, []int{4, 3}, "auc: num_labels is 2, the predictions are [4,3]"},
		{nn.AUC{NumThresholds: 5, MultiLabel: true}, []int{4, 2, 3}, []int{4, 2, 3}, "auc: predictions are [4,2,3], wanted [batch, labels] for multi_label"},
		{nn.F1Score{}, []int{4, 2, 3}, []int{4, 2, 3}, "f1_score: predictions are [4,2,3], wanted [batch, classes]"},
		{nn.R2Score{}, []int{4}, []int{4}, "r2_score: predictions are [4], wanted [batch, outputs]"},
		{nn.MeanIoU{Classes: 3}, []int{4, 3}, []int{4}, "io_u: targets are [4] for predictions of [4,3]"},
		{nn.PearsonCorrelation{Axis: 2}, []int{4, 3}, []int{4, 3}, "pearson_correlation: axis is 2, wanted -2 to 1 for predictions of [4,3]"},
		{nn.MeanOf(nn.SparseCategoricalCrossentropy), []int{4, 3}, []int{4, 3}, "sparse_categorical_crossentropy: targets are [4,3], wanted [4]"},
		{nn.MeanOf(nn.CategoricalCrossentropy), []int{4, 1}, []int{4, 1}, "categorical_crossentropy: the model's output is [1], categorical crossentropy wants at least two classes; for one probability use binary crossentropy"},
	} {
		b := prog.NewBuilder("metric", nil)
		c.metric.Measure().Sums(&nn.Scored{Builder: b, Pred: b.Input("p", c.pred...), Target: b.Input("t", c.target...), Weight: prog.None, Mask: prog.None})
		if err := b.Err(); err == nil || err.Error() != c.text {
			t.Errorf("%#v of %v: got %v, wanted %s", c.metric, c.pred, err, c.text)
		}
	}
	for text, training := range map[string]nn.Training{
		"metrics: a metric is nil":                          {Loss: nn.MeanSquaredError, Metrics: []nn.Metric{nil}},
		"metrics: a metric is the mean of no loss":          {Loss: nn.MeanSquaredError, Metrics: []nn.Metric{nn.MeanOf(nil)}},
		"weighted_metrics: k is -1, wanted at least 1":      {Loss: nn.MeanSquaredError, WeightedMetrics: []nn.Metric{nn.Named("best", nn.TopKCategoricalAccuracy{K: -1})}},
		"the loss's weight is +Inf, wanted a finite number": {Loss: nn.MeanSquaredError, LossWeight: math.Inf(1)},
	} {
		err := nn.NewSequential(nn.Input(2), nn.Dense{Units: 2}).Compile(training)
		if !errors.Is(err, nn.ErrConfig) || err.Error() != text {
			t.Errorf("got %v, wanted %s", err, text)
		}
	}
}

// Every loss is a metric by its name, and a metric is read back from its config with the name it has.
func TestMetricConfigs(t *testing.T) {
	for _, e := range nn.Registry() {
		if e.Kind != nn.KindLoss || slices.ContainsFunc(e.Args, func(a nn.Arg) bool { return a.Required }) {
			continue
		}
		m, err := nn.MetricFrom(e.Name)
		if err != nil || m.Measure().Name != e.Name {
			t.Errorf("the loss %s as a metric: %v", e.Name, err)
		}
	}
	for _, c := range []struct {
		m      nn.Metric
		name   string
		config any // what it is written as, where that is its name
	}{
		{nn.MeanOf(nn.MeanSquaredError), "mean_squared_error", nil},
		{nn.Named("mse", nn.MeanOf(nn.MeanSquaredError)), "mse", "mse"},
		{nn.MeanOf(nn.HuberLoss{Delta: 0.5}), "huber", nil},
		{nn.MeanOf(nn.LogCosh), "logcosh", nil},
		{nn.Named("acc", nn.Accuracy), "acc", "acc"},
		{nn.Named("accuracy", nn.BinaryAccuracyMetric{Threshold: 0.7}), "accuracy", nil},
		{nn.Named("pr", nn.AUC{Curve: "PR", Thresholds: []float64{0.5}, LabelWeights: []float64{1, 2}}), "pr", nil},
		{nn.F1Score{Average: "macro"}, "f1_score", nil},
		{nn.R2Score{Aggregation: "none"}, "r2_score", nil},
		{nn.Precision{TopK: 2, ClassID: new(int)}, "precision", nil},
		{nn.IoU{Classes: 3, TargetIDs: []int{0, 2}, Ignore: new(int), DensePred: true}, "io_u", nil},
	} {
		config, err := nn.Config(c.m)
		if err != nil {
			t.Errorf("%#v: %v", c.m, err)
			continue
		}
		if c.config != nil && config != c.config {
			t.Errorf("%#v is written as %v, wanted %v", c.m, config, c.config)
		}
		again, err := nn.MetricFrom(config)
		if err != nil || again.Measure().Name != c.name {
			t.Errorf("%v is read as %v, %v", config, again, err)
			continue
		}
		if second, err := nn.Config(again); err != nil || !reflect.DeepEqual(second, config) {
			t.Errorf("%v is written again as %v, %v", config, second, err)
		}
	}
	if _, err := nn.Config(nn.MeanOf(ownLoss{})); !errors.Is(err, nn.ErrConfig) {
		t.Errorf("the config of a loss that is not in the registry: %v", err)
	}
	if name := nn.MeanOf(ownLoss{}).Measure().Name; name != "ownloss" {
		t.Errorf("it is called %s, wanted ownloss", name)
	}
}

// ownLoss is a loss of someone's own.
type ownLoss struct{}

func (ownLoss) Target(out prog.Shape) (prog.Shape, error) { return out, nil }

func (ownLoss) Each(b *prog.Builder, pred, target prog.Buf) prog.Buf { return b.Sub(pred, target) }

// A confusion matrix counts, of class numbers, one-hot targets and single probabilities.
func TestConfusionMatrix(t *testing.T) {
	m := nn.ConfusionMatrix{Threshold: 0.5}.Measure()
	pred := goldenTensor{Shape: []int{5, 3}, Data: []float32{0.8, 0.1, 0.1, 0.2, 0.5, 0.3, 0.1, 0.2, 0.7, 0.4, 0.3, 0.3, 0.1, 0.8, 0.1}}
	for name, c := range map[string]struct{ pred, target, weight goldenTensor }{
		"class numbers": {pred, goldenTensor{Shape: []int{5}, Data: []float32{0, 1, 2, 1, 1}}, goldenTensor{}},
		"a column":      {pred, goldenTensor{Shape: []int{5, 1}, Data: []float32{0, 1, 2, 1, 1}}, goldenTensor{}},
		"one-hot":       {pred, goldenTensor{Shape: []int{5, 3}, Data: []float32{1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 1, 0, 0, 1, 0}}, goldenTensor{}},
	} {
		if got := m.Results(scored(t, backend(), m, c.pred, c.target, c.weight)); !slices.Equal(got, []float64{1, 0, 0, 1, 2, 0, 0, 0, 1}) {
			t.Errorf("%s: %v", name, got)
		}
	}
	single := goldenTensor{Shape: []int{4, 1}, Data: []float32{0.9, 0.2, 0.6, 0.5}}
	got := m.Results(scored(t, backend(), m, single, goldenTensor{Shape: []int{4}, Data: []float32{1, 0, 0, 1}}, goldenTensor{Shape: []int{4}, Data: []float32{1, 2, 0.5, 1}}))
	if !slices.Equal(got, []float64{2, 0.5, 1, 1}) {
		t.Errorf("single probabilities with weights: %v", got)
	}
}

// Figures do not depend on how an epoch is cut into batches, and lists of them go into the history and the
// progress line as Keras has them: there as their mean.
func TestListsOfFigures(t *testing.T) {
	d := stripes(t, 50, 1)
	m := smallCNN()
	classes := d.YShape()[0]
	err := m.Compile(nn.Training{
		Optimizer: nn.SGD{}, Loss: nn.CategoricalCrossentropy, Backend: backend(), Seed: 3,
		Metrics: []nn.Metric{nn.F1Score{}, nn.ConfusionMatrix{}, nn.Precision{Thresholds: []float64{0.2, 0.3}}, nn.AUC{}},
	})
	if err != nil {
		t.Fatal(err)
	}
	whole, err := m.Evaluate(ctx, d, nn.EvalOptions{BatchSize: 50})
	if err != nil {
		t.Fatal(err)
	}
	cut, err := m.Evaluate(ctx, d, nn.EvalOptions{BatchSize: 7})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []int{0, classes, classes * classes, 2, 0} {
		a, b := whole[1:], cut[1:]
		if i == 0 {
			continue
		}
		if len(a[i-1].Values) != want || !reflect.DeepEqual(a[i-1], b[i-1]) {
			t.Errorf("%v in one batch, %v in several, wanted %d figures alike", a[i-1], b[i-1], want)
		}
	}
	var text, table strings.Builder
	h, err := m.Fit(ctx, d, nn.FitOptions{BatchSize: 20, Epochs: 2, Validation: d, Verbose: 2, Output: &text, Callbacks: []nn.Callback{
		nn.CSVLogger{W: &table}, nn.EarlyStopping{Monitor: "val_precision", Patience: 5}}})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"f1_score", "val_f1_score"} {
		if len(h.Lists[name]) != 2 || len(h.Lists[name][1]) != classes || h.Values[name] != nil {
			t.Errorf("%s is %v and %v in the history", name, h.Lists[name], h.Values[name])
		}
	}
	if sum := 0.0; true {
		for _, n := range h.Lists["confusion_matrix"][0] {
			sum += n
		}
		if sum != 50 {
			t.Errorf("the confusion matrix counts %v samples, wanted 50", sum)
		}
	}
	if first := strings.Split(table.String(), "\n")[1]; strings.Count(first, `"""[`) != 6 || !strings.Contains(first, `]"""`) {
		t.Errorf("the lists are written as %s", first)
	}
	mean := 0.0
	for _, v := range h.Lists["precision"][1] {
		mean += v / 2
	}
	if want := fmt.Sprintf(" - precision: %.4f - ", mean); !strings.Contains(text.String(), want) {
		t.Errorf("the progress line has no %q: %s", want, text.String())
	}
}
