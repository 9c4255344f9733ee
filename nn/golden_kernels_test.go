//go:build !js

package nn_test

import (
	"sync"
	"testing"

	"github.com/tabgrad/tabgrad/nn/prog"
	"github.com/tabgrad/tabgrad/wasm/simd"
)

// kernels are the SIMD kernels on wazero, one instance for all cases.
var kernels = sync.OnceValues(func() (*simd.Backend, error) { return simd.NewNative(1) })

func init() {
	precisions = append(precisions, struct {
		name    string
		backend func() prog.Backend
		tolerance
	}{"simd", func() prog.Backend {
		b, err := kernels()
		if err != nil {
			panic(err)
		}
		return b
	}, tolerance{1e-5, 1e-6}})
	functionPrecisions = append(functionPrecisions, functionPrecision{"simd", func(t *testing.T) prog.Backend {
		b, err := kernels()
		if err != nil {
			t.Fatal(err)
		}
		return b
	}, tolerance{1e-5, 1e-6}})
}
