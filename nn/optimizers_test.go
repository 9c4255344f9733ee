package nn_test

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/tabgrad/tabgrad/nn"
	"github.com/tabgrad/tabgrad/nn/prog"
)

// everyOptimizer is one of each, and each of the options with one that is computed in another way.
var everyOptimizer = []nn.Optimizer{
	nn.SGD{}, nn.SGD{Momentum: 0.9}, nn.RMSprop{Centered: true}, nn.Adagrad{}, nn.Adadelta{LearningRate: 1}, nn.Adam{AMSGrad: true},
	nn.AdamW{}, nn.Adamax{}, nn.Nadam{}, nn.Ftrl{LearningRate: 0.1}, nn.Lion{}, nn.Lamb{}, nn.Adafactor{LearningRate: 0.1}, nn.Muon{}, nn.ScheduleFreeAdamW{WeightDecay: 0.1, Warmup: 2},
	nn.Muon{Exclude: []string{"dense_1"}, WeightDecay: 0.1, OptimizerOptions: nn.OptimizerOptions{NoDecay: []string{"bias"}}},
	nn.SGD{Schedule: nn.CosineDecay{Initial: 0.1, Steps: 7}}, nn.Adam{Schedule: nn.ExponentialDecay{Initial: 0.1, Steps: 2, Rate: 0.9}},
	nn.Adam{WeightDecay: 0.1, OptimizerOptions: nn.OptimizerOptions{NoDecay: []string{"bias", "conv2d/"}}},
	nn.Adam{OptimizerOptions: nn.OptimizerOptions{ClipNorm: 0.1}}, nn.Lamb{OptimizerOptions: nn.OptimizerOptions{ClipValue: 0.01}},
	nn.Muon{OptimizerOptions: nn.OptimizerOptions{GlobalClipNorm: 0.1}}, nn.Adafactor{OptimizerOptions: nn.OptimizerOptions{LossScale: 128}},
	nn.Adam{OptimizerOptions: nn.OptimizerOptions{UseEMA: true}}, nn.SGD{OptimizerOptions: nn.OptimizerOptions{UseEMA: true, EMAOverwrite: 2}},
	nn.Nadam{OptimizerOptions: nn.OptimizerOptions{Accumulate: 2}}, nn.Lamb{OptimizerOptions: nn.OptimizerOptions{Accumulate: 4, LossScale: 16}},
	nn.Muon{
		Schedule: nn.CosineDecayRestarts{Initial: 0.1, FirstSteps: 3}, WeightDecay: 0.1,
		OptimizerOptions: nn.OptimizerOptions{GlobalClipNorm: 1, UseEMA: true, EMAOverwrite: 3, EMAMomentum: 0.5, Accumulate: 2, LossScale: 8},
	},
}

// A fit that is stopped at the end of an epoch and gone on with in another model, from its State then, ends
// with the same bits as one that was not: under every optimizer, and with a step's gradients half added up.
func TestEveryOptimizerResumes(t *testing.T) {
	d := stripes(t, 60, 1) // three batches an epoch
	for _, o := range everyOptimizer {
		var at nn.State
		whole := compiled(t, smallCNN(), o, 5)
		_, err := whole.Fit(ctx, d, nn.FitOptions{BatchSize: 24, Epochs: 3, Callbacks: []nn.Callback{nn.LambdaCallback{OnEpochEnd: func(p *nn.Progress) (err error) {
			if p.Epoch == 0 {
				at, err = whole.State()
			}
			return err
		}}}})
		if err != nil {
			t.Fatalf("%#v: %v", o, err)
		}
		other := compiled(t, smallCNN(), o, 77)
		if err := other.SetState(at); err != nil {
			t.Fatalf("%#v: %v", o, err)
		}
		if _, err := other.Fit(ctx, d, nn.FitOptions{BatchSize: 24, InitialEpoch: 1, Epochs: 3}); err != nil {
			t.Fatal(err)
		}
		want, err := whole.State()
		if err != nil {
			t.Fatal(err)
		}
		got, err := other.State()
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(want, got) {
			t.Errorf("%#v: training gone on with in another model differs", o)
		}
		if sameWeights(want.Weights, at.Weights) {
			t.Errorf("%#v: it did not train", o)
		}
	}
}

// What an optimizer remembers has Keras's names, and each variable its own shape.
func TestSlots(t *testing.T) {
	vars := []nn.Weight{
		{Name: "conv/kernel", Shape: []int{2, 2, 3, 4}, Trainable: true}, {Name: "norm/moving_mean", Shape: []int{4}},
		{Name: "dense/kernel", Shape: []int{5, 3}, Trainable: true}, {Name: "dense/bias", Shape: []int{3}, Trainable: true},
	}
	all := func(slots ...string) []string {
		var list []string
		for _, s := range slots {
			list = append(list, "conv/kernel/"+s+"[2 2 3 4]", "dense/kernel/"+s+"[5 3]", "dense/bias/"+s+"[3]")
		}
		return list
	}
	for _, c := range []struct {
		o    nn.Optimizer
		want []string
	}{
		{nn.SGD{}, nil},
		{nn.Adam{}, all("momentum", "velocity")},
		{nn.Ftrl{}, all("accumulator", "linear")},
		{nn.Adamax{}, all("momentum", "norm")},
		{nn.Lamb{OptimizerOptions: nn.OptimizerOptions{UseEMA: true, Accumulate: 2}}, all("momentum", "velocity", "average", "gradient_accumulator")},
		{nn.Adafactor{}, []string{"conv/kernel/r[2 2 3]", "dense/kernel/r[5]", "conv/kernel/c[2 2 4]", "dense/kernel/c[3]", "dense/bias/velocity[3]"}},
		{nn.Muon{OptimizerOptions: nn.OptimizerOptions{UseEMA: true}},
			append(append(all("momentum"), "conv/kernel/velocity[2 2 3 4]", "dense/bias/velocity[3]"), all("average")...)},
		{nn.Muon{Exclude: []string{"dense"}}, append(all("momentum"), all("velocity")...)},
	} {
		var got []string
		for _, s := range nn.SlotsOf(c.o, vars) {
			got = append(got, s.Name+fmt.Sprint(s.Shape))
		}
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("%T: %v, wanted %v", c.o, got, c.want)
		}
	}
}

// A programs is a backend that keeps what it loads.
type programs struct {
	prog.Backend
	loaded map[string]*prog.Program
}

func (p *programs) Load(program *prog.Program) (prog.Exec, error) {
	p.loaded[program.Name] = program
	return p.Backend.Load(program)
}

// What is not asked for costs nothing: one Update moves all parameters, and nothing else is behind the
// gradients. What is asked for costs as few passes as it can.
func TestStepIsShort(t *testing.T) {
	d := stripes(t, 8, 1)
	ops := func(o nn.Optimizer) (string, *programs) {
		p := &programs{backend(), map[string]*prog.Program{}}
		m := smallCNN()
		if err := m.Compile(nn.Training{Optimizer: o, Loss: nn.CategoricalCrossentropy, Backend: p}); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if _, err := m.TrainOnBatch(ctx, d, nn.BatchOptions{}); err != nil {
				t.Fatal(err)
			}
		}
		var names []string
		program := p.loaded["train"]
		begun := false
		for i := range program.Ops {
			op := &program.Ops[i]
			code := op.Code.String()
			if a, ok := op.Attr.(prog.ReduceAttr); ok {
				code += " " + a.Fn.String()
			}
			size := 0
			for _, x := range op.In {
				size = max(size, program.Shape(x).Size())
			}
			if begun = begun || op.Code == prog.Update || code == "Reduce sum_squares"; begun && size > 10 { // not the scalars
				names = append(names, code)
			}
		}
		return strings.Join(names, ", "), p
	}
	for _, c := range []struct {
		o    nn.Optimizer
		want string
	}{
		{nn.Adam{}, "Update"},
		{nn.AdamW{Schedule: nn.CosineDecay{Initial: 0.1, Steps: 3}}, "Update"},
		{nn.Adam{OptimizerOptions: nn.OptimizerOptions{GlobalClipNorm: 1}}, "Reduce sum_squares, Update"},
		{nn.Adam{OptimizerOptions: nn.OptimizerOptions{UseEMA: true}}, "Update, Update"},
		{nn.Adam{OptimizerOptions: nn.OptimizerOptions{Accumulate: 2}}, "Update, Update, Update"},
		{nn.Adam{WeightDecay: 0.1, OptimizerOptions: nn.OptimizerOptions{NoDecay: []string{"dense"}}}, "Update, Update"},
	} {
		if got, _ := ops(c.o); got != c.want {
			t.Errorf("%#v: the step is %s, wanted %s", c.o, got, c.want)
		}
	}
	if _, p := ops(nn.Adam{}); p.loaded["overwrite"] != nil || p.loaded["accumulate"] != nil {
		t.Error("Adam has programs that it does not want")
	}
	if _, p := ops(nn.Adam{OptimizerOptions: nn.OptimizerOptions{Accumulate: 2}}); p.loaded["accumulate"] == nil {
		t.Error("there is no program that only adds gradients up")
	}
}

// A model goes by its optimizer's schedule, step by step, and its learning rate then can't be set.
func TestScheduledLearningRate(t *testing.T) {
	d := stripes(t, 20, 1)
	m := compiled(t, smallCNN(), nn.SGD{Schedule: nn.PiecewiseConstantDecay{Boundaries: []float64{0, 2}, Values: []float64{0.3, 0.2, 0.1}}}, 1)
	for i, want := range []float64{0.3, 0.2, 0.2, 0.1, 0.1} {
		if got := m.LearningRate(); got != want {
			t.Errorf("the learning rate of step %d is %v, wanted %v", i, got, want)
		}
		if _, err := m.TrainOnBatch(ctx, d, nn.BatchOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	err := m.SetLearningRate(0.5)
	want := "sequential: the learning rate cannot be set, the optimizer has a schedule for it; compile with a number to set it"
	if !errors.Is(err, nn.ErrConfig) || err.Error() != want {
		t.Errorf("got %v, wanted %s", err, want)
	}
	if err := m.Compile(nn.Training{Optimizer: nn.SGD{}, Loss: nn.CategoricalCrossentropy}); err != nil {
		t.Fatal(err)
	}
	if err := m.SetLearningRate(0.5); err != nil || m.LearningRate() != 0.5 {
		t.Errorf("the learning rate is %v, wanted 0.5 (%v)", m.LearningRate(), err)
	}
	if err := m.SetLearningRate(math.NaN()); !errors.Is(err, nn.ErrConfig) {
		t.Errorf("a rate of NaN: %v", err)
	}
}

func TestOptimizerErrors(t *testing.T) {
	for _, c := range []struct {
		class string
		args  map[string]any
		text  string
	}{
		{"Adam", map[string]any{"clipnorm": 1, "clipvalue": 2}, "adam: clipnorm and clipvalue are set, wanted at most one of clipnorm, clipvalue, global_clipnorm"},
		{"SGD", map[string]any{"clipvalue": 1, "globalClipnorm": 2}, "sgd: clipvalue and global_clipnorm are set, wanted at most one of clipnorm, clipvalue, global_clipnorm"},
		{"SGD", map[string]any{"clipnorm": -1}, "sgd: clipnorm is -1, wanted at least 0"},
		{"SGD", map[string]any{"clipnorm": "1"}, `sgd: clipnorm is "1", wanted a number`},
		{"SGD", map[string]any{"weight_decay": -0.1}, "sgd: weight_decay is -0.1, wanted at least 0"},
		{"SGD", map[string]any{"ema_momentum": 1.5}, "sgd: ema_momentum is 1.5, wanted 0 to 1"},
		{"SGD", map[string]any{"ema_overwrite_frequency": 0}, "sgd: ema_overwrite_frequency is 0, wanted a whole number, at least 1"},
		{"SGD", map[string]any{"ema_overwrite_frequency": 2.5}, "sgd: ema_overwrite_frequency is 2.5, wanted a whole number, at least 1"},
		{"SGD", map[string]any{"use_ema": 1}, "sgd: use_ema is 1, wanted true or false"},
		{"SGD", map[string]any{"gradient_accumulation_steps": 1}, "sgd: gradient_accumulation_steps is 1, wanted at least 2"},
		{"SGD", map[string]any{"loss_scale_factor": -2}, "sgd: loss_scale_factor is -2, wanted more than 0"},
		{"SGD", map[string]any{"exclude_from_weight_decay": "bias"}, `sgd: exclude_from_weight_decay is "bias", wanted a list of strings`},
		{"SGD", map[string]any{"exclude_from_weight_decay": []any{"bias", 1}}, `sgd: exclude_from_weight_decay is ["bias", 1], wanted a list of strings`},
		{"SGD", map[string]any{"learning_rate": "fast"}, `sgd: learning_rate is "fast", wanted a number or the config of one of exponential_decay, inverse_time_decay, polynomial_decay, piecewise_constant_decay, cosine_decay, cosine_decay_restarts`},
		{"SGD", map[string]any{"learning_rate": map[string]any{"class_name": "CosineDecay", "config": map[string]any{"decay_steps": 3}}}, "sgd: learning_rate: initial_learning_rate is missing"},
		{"SGD", map[string]any{"learning_rate": map[string]any{"class_name": "Cosine"}}, `sgd: learning_rate "Cosine" is unknown, wanted one of exponential_decay, inverse_time_decay, polynomial_decay, piecewise_constant_decay, cosine_decay, cosine_decay_restarts`},
		{"SGD", map[string]any{"learning_rate": -1}, "sgd: learning_rate is -1, wanted at least 0"},
		{"AdamW", map[string]any{"beta_2": 1}, "adamw: beta_2 is 1, wanted at least 0 and less than 1"},
		{"Adamax", map[string]any{"beta_1": -0.5}, "adamax: beta_1 is -0.5, wanted at least 0 and less than 1"},
		{"Nadam", map[string]any{"epsilon": -1}, "nadam: epsilon is -1, wanted at least 0"},
		{"Ftrl", map[string]any{"learning_rate_power": 0.5}, "ftrl: learning_rate_power is 0.5, wanted at most 0"},
		{"Ftrl", map[string]any{"initial_accumulator_value": -0.5}, "ftrl: initial_accumulator_value is -0.5, wanted at least 0"},
		{"Ftrl", map[string]any{"l1_regularization_strength": -0.5}, "ftrl: l1_regularization_strength is -0.5, wanted at least 0"},
		{"Ftrl", map[string]any{"l2_regularization_strength": -0.5}, "ftrl: l2_regularization_strength is -0.5, wanted at least 0"},
		{"Ftrl", map[string]any{"l2_shrinkage_regularization_strength": -0.5}, "ftrl: l2_shrinkage_regularization_strength is -0.5, wanted at least 0"},
		{"Lion", map[string]any{"beta_1": 0}, "lion: beta_1 is 0, wanted more than 0 and at most 1"},
		{"Lion", map[string]any{"beta_2": 1.5}, "lion: beta_2 is 1.5, wanted 0 to 1"},
		{"Lamb", map[string]any{"beta_1": 1}, "lamb: beta_1 is 1, wanted at least 0 and less than 1"},
		{"Adafactor", map[string]any{"beta_2_decay": 0.5}, "adafactor: beta_2_decay is 0.5, wanted at most 0"},
		{"Adafactor", map[string]any{"clip_threshold": 0}, "adafactor: clip_threshold is 0, wanted more than 0"},
		{"Adafactor", map[string]any{"relative_step": "no"}, `adafactor: relative_step is "no", wanted true or false`},
		{"ScheduleFreeAdamW", map[string]any{"warmup_steps": -1}, "schedule_free_adamw: warmup_steps is -1, wanted at least 0"},
		{"ScheduleFreeAdamW", map[string]any{"beta_1": 0}, "schedule_free_adamw: beta_1 is 0, wanted more than 0 and at most 1"},
		{"Muon", map[string]any{"ns_steps": 0}, "muon: ns_steps is 0, wanted a whole number, at least 1"},
		{"Muon", map[string]any{"exclude_layers": 1}, "muon: exclude_layers is 1, wanted a list of strings"},
		{"Muon", map[string]any{"momentum": 2}, "muon: momentum is 2, wanted 0 to 1"},
		{"Muon", map[string]any{"rms_rate": -1}, "muon: rms_rate is -1, wanted at least 0"},
	} {
		_, err := nn.OptimizerFrom(map[string]any{"class_name": c.class, "config": c.args})
		if !errors.Is(err, nn.ErrConfig) || err.Error() != c.text {
			t.Errorf("%s %v: got %v, wanted %s", c.class, c.args, err, c.text)
		}
	}
	err := smallCNN().Compile(nn.Training{Optimizer: nn.SGD{Schedule: nn.CosineDecay{Initial: 1}}, Loss: nn.CategoricalCrossentropy})
	if want := "optimizer: learning_rate: decay_steps is missing"; !errors.Is(err, nn.ErrConfig) || err.Error() != want {
		t.Errorf("got %v, wanted %s", err, want)
	}
}

// An optimizer as Keras serializes it is read with its schedule and what is None in it, and written again.
func TestOptimizerConfig(t *testing.T) {
	schedule := map[string]any{"class_name": "PolynomialDecay", "config": map[string]any{
		"initial_learning_rate": 0.1, "decay_steps": 10, "end_learning_rate": 0.01, "power": 1.0, "cycle": true}}
	for _, c := range []struct {
		class string
		args  map[string]any
		want  nn.Optimizer
	}{
		{"AdamW", map[string]any{"name": "adamw", "learning_rate": schedule, "weight_decay": 0.05, "clipnorm": nil, "global_clipnorm": 1.5, "clipvalue": nil,
			"use_ema": true, "ema_momentum": 0.99, "ema_overwrite_frequency": nil, "loss_scale_factor": nil, "gradient_accumulation_steps": 4,
			"beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7, "amsgrad": false},
			nn.AdamW{LearningRate: 0.001, Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-7, WeightDecay: 0.05,
				Schedule:         nn.PolynomialDecay{Initial: 0.1, Steps: 10, End: 0.01, Power: 1, Cycle: true},
				OptimizerOptions: nn.OptimizerOptions{GlobalClipNorm: 1.5, UseEMA: true, EMAMomentum: 0.99, Accumulate: 4}}},
		{"Muon", map[string]any{"rms_rate": nil, "weight_decay": nil, "adam_weight_decay": nil, "nesterov": false, "exclude_layers": []any{"head"}},
			nn.Muon{LearningRate: 0.001, Beta1: 0.9, Beta2: 0.999, AdamDecay: nn.Zero, Epsilon: 1e-7, Exclude: []string{"head"}, A: 3.4445, B: -4.775, C: 2.0315, AdamRatio: 1,
				Momentum: 0.95, Steps: 5, Plain: true, RMSRate: nn.Zero, WeightDecay: nn.Zero, OptimizerOptions: nn.OptimizerOptions{EMAMomentum: 0.99}}},
	} {
		got, err := nn.OptimizerFrom(map[string]any{"class_name": c.class, "config": c.args})
		if err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("got %#v, %v, wanted %#v", got, err, c.want)
			continue
		}
		config, err := nn.Config(got)
		if err != nil {
			t.Fatal(err)
		}
		args := config.(map[string]any)["config"].(map[string]any)
		for name, want := range c.args {
			if name != "name" && !reflect.DeepEqual(args[name], want) {
				t.Errorf("%s: its %s is written as %v, wanted %v", c.class, name, args[name], want)
			}
		}
		if again, err := nn.OptimizerFrom(config); err != nil || !reflect.DeepEqual(again, got) {
			t.Errorf("%s reads back as %#v, %v", c.class, again, err)
		}
	}
}
