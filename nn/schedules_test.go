package nn_test

import (
	"errors"
	"math"
	"reflect"
	"testing"

	"github.com/tabgrad/tabgrad/nn"
)

func TestSchedulesAreKeras(t *testing.T) {
	type scheduleCase struct {
		Name   string
		Class  string `json:"class_name"`
		Config map[string]any
		Steps  []uint64
		Expect struct{ Values []float64 }
	}
	for _, c := range golden[scheduleCase](t, "keras", "schedules") {
		s, err := nn.ScheduleFrom(map[string]any{"class_name": c.Class, "config": c.Config})
		if err != nil {
			t.Errorf("%s: %v", c.Name, err)
			continue
		}
		for i, step := range c.Steps {
			if got, want := s.At(step), c.Expect.Values[i]; !(math.Abs(got-want) <= 1e-7*want+1e-16) {
				t.Errorf("%s: at step %d it is %.9g, wanted %.9g", c.Name, step, got, want)
			}
		}
	}
}

// The file's numbers are float32; what schedules are computed from is good to the last digits of a float64.
func TestSchedulesAreExact(t *testing.T) {
	for s := range uint64(100) {
		x := float64(s) / 100
		for _, c := range []struct {
			schedule  nn.Schedule
			got, want float64
		}{
			{nn.ExponentialDecay{Initial: 1, Steps: 37, Rate: 0.3}, 0, math.Pow(0.3, float64(s)/37)},
			{nn.ExponentialDecay{Initial: 1, Steps: 1, Rate: 1.5}, 0, math.Pow(1.5, float64(s))},
			{nn.PolynomialDecay{Initial: 1, Steps: 100, End: nn.Zero, Power: 1.7}, 0, math.Pow(1-x, 1.7)},
			{nn.CosineDecay{Initial: 1, Steps: 100}, 0, (1 + math.Cos(math.Pi*x)) / 2},
		} {
			if got := c.schedule.At(s); !(math.Abs(got-c.want) <= 4e-15*c.want+1e-16) {
				t.Errorf("%#v at step %d is %.17g, wanted %.17g", c.schedule, s, got, c.want)
			}
		}
	}
}

func TestScheduleErrors(t *testing.T) {
	config := func(class string, args map[string]any) any {
		return map[string]any{"class_name": class, "config": args}
	}
	for _, c := range []struct {
		class string
		args  map[string]any
		text  string
	}{
		{"ExponentialDecay", map[string]any{"decay_steps": 3, "decay_rate": 0.5}, "exponential_decay: initial_learning_rate is missing"},
		{"ExponentialDecay", map[string]any{"initial_learning_rate": -1, "decay_steps": 3, "decay_rate": 0.5}, "exponential_decay: initial_learning_rate is -1, wanted at least 0"},
		{"ExponentialDecay", map[string]any{"initial_learning_rate": 1, "decay_steps": 0, "decay_rate": 0.5}, "exponential_decay: decay_steps is 0, wanted a whole number, at least 1"},
		{"ExponentialDecay", map[string]any{"initial_learning_rate": 1, "decay_steps": 2.5, "decay_rate": 0.5}, "exponential_decay: decay_steps is 2.5, wanted a whole number, at least 1"},
		{"ExponentialDecay", map[string]any{"initial_learning_rate": 1, "decay_steps": 2, "decay_rate": 0}, "exponential_decay: decay_rate is 0, wanted more than 0"},
		{"InverseTimeDecay", map[string]any{"initial_learning_rate": 1, "decay_steps": 2, "decay_rate": -0.5}, "inverse_time_decay: decay_rate is -0.5, wanted at least 0"},
		{"InverseTimeDecay", map[string]any{"initial_learning_rate": 1, "decay_steps": 2, "decay_rate": 1, "staircase": 1}, "inverse_time_decay: staircase is 1, wanted true or false"},
		{"PolynomialDecay", map[string]any{"initial_learning_rate": 1}, "polynomial_decay: decay_steps is missing"},
		{"PolynomialDecay", map[string]any{"initial_learning_rate": 1, "decay_steps": 2, "power": -1}, "polynomial_decay: power is -1, wanted at least 0"},
		{"PiecewiseConstantDecay", map[string]any{"values": []any{1.0, 0.5}}, "piecewise_constant_decay: boundaries is missing"},
		{"PiecewiseConstantDecay", map[string]any{"boundaries": []any{1.0}, "values": []any{1.0}}, "piecewise_constant_decay: 1 boundaries and 1 values, wanted at least one boundary and one value more"},
		{"PiecewiseConstantDecay", map[string]any{"boundaries": []any{}, "values": []any{1.0}}, "piecewise_constant_decay: 0 boundaries and 1 values, wanted at least one boundary and one value more"},
		{"PiecewiseConstantDecay", map[string]any{"boundaries": []any{5.0, 5.0}, "values": []any{1.0, 2.0, 3.0}}, "piecewise_constant_decay: boundaries are [5, 5], wanted ascending numbers"},
		{"PiecewiseConstantDecay", map[string]any{"boundaries": []any{5.0}, "values": []any{1.0, -2.0}}, "piecewise_constant_decay: values is [1, -2], wanted at least 0"},
		{"PiecewiseConstantDecay", map[string]any{"boundaries": "5", "values": []any{1.0, 2.0}}, `piecewise_constant_decay: boundaries is "5", wanted a number or a list of numbers`},
		{"CosineDecay", map[string]any{"initial_learning_rate": 1, "decay_steps": 2, "alpha": 2}, "cosine_decay: alpha is 2, wanted 0 to 1"},
		{"CosineDecay", map[string]any{"initial_learning_rate": 1, "decay_steps": 2, "warmup_steps": 3}, "cosine_decay: there are warmup_steps without a warmup_target"},
		{"CosineDecay", map[string]any{"initial_learning_rate": 1, "decay_steps": 2, "warmup_target": "0.1"}, `cosine_decay: warmup_target is "0.1", wanted a number`},
		{"CosineDecayRestarts", map[string]any{"initial_learning_rate": 1}, "cosine_decay_restarts: first_decay_steps is missing"},
		{"CosineDecayRestarts", map[string]any{"initial_learning_rate": 1, "first_decay_steps": 3, "t_mul": 0.5}, "cosine_decay_restarts: t_mul is 0.5, wanted at least 1"},
		{"CosineDecay", map[string]any{"initial_learning_rate": 1, "steps": 3}, `cosine_decay: unknown argument "steps" (3), wanted one of initial_learning_rate, decay_steps, alpha, warmup_target, warmup_steps`},
		{"Cosine", nil, `learningRateSchedule "Cosine" is unknown, wanted one of exponential_decay, inverse_time_decay, polynomial_decay, piecewise_constant_decay, cosine_decay, cosine_decay_restarts`},
	} {
		_, err := nn.ScheduleFrom(config(c.class, c.args))
		if !errors.Is(err, nn.ErrConfig) || err.Error() != c.text {
			t.Errorf("%s %v: got %v, wanted %s", c.class, c.args, err, c.text)
		}
	}
}

// A schedule as Keras serializes it, and back.
func TestScheduleConfig(t *testing.T) {
	keras := map[string]any{"module": "keras.optimizers.schedules", "class_name": "CosineDecay", "registered_name": nil, "config": map[string]any{
		"initial_learning_rate": 0.1, "decay_steps": 10.0, "alpha": 0.0, "name": "CosineDecay", "warmup_target": nil, "warmup_steps": 0.0}}
	s, err := nn.ScheduleFrom(keras)
	if want := (nn.CosineDecay{Initial: 0.1, Steps: 10, Alpha: nn.Zero}); err != nil || !reflect.DeepEqual(s, nn.Schedule(want)) {
		t.Fatalf("got %#v, %v, wanted %#v", s, err, want)
	}
	config, err := nn.Config(s)
	want := map[string]any{"class_name": "CosineDecay", "config": map[string]any{
		"initial_learning_rate": 0.1, "decay_steps": 10, "alpha": 0.0, "warmup_target": nil, "warmup_steps": 0}}
	if err != nil || !reflect.DeepEqual(config, want) {
		t.Errorf("its config is %v, %v, wanted %v", config, err, want)
	}
}
