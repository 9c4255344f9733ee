package bindings_test

import (
	"context"
	"fmt"

	"github.com/tabgrad/tabgrad/bindings"
	"github.com/tabgrad/tabgrad/nn/cpu"
)

// What the page's classes ask when a model is made and asked for its weights.
func ExampleService() {
	s := bindings.NewService(bindings.Options{Backend: cpu.New[float32](cpu.Options{})})
	silent := func(bindings.Event, bool) <-chan bindings.Value { return nil }
	config := bindings.Object{"class_name": "Sequential", "config": bindings.Object{"layers": []any{
		bindings.Object{"class_name": "Dense", "config": bindings.Object{"units": 2.0, "kernel_initializer": "ones", "input_shape": []any{3.0}}},
	}}}
	made, err := s.Call(context.Background(), "model.create", bindings.Object{"config": config}, silent)
	if err != nil {
		fmt.Println(err)
		return
	}
	x := bindings.Object{"data": []float32{1, 2, 3}, "shape": []any{1.0, 3.0}}
	y, err := s.Call(context.Background(), "model.predict", bindings.Object{"model": made.(bindings.Object)["model"], "x": x}, silent)
	fmt.Println(y.(bindings.Object)["data"], err)
	// Output: [6 6] <nil>
}
