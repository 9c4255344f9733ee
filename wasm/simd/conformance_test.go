package simd_test

import (
	"fmt"
	"testing"

	"github.com/tabgrad/tabgrad/nn/backendtest"
	"github.com/tabgrad/tabgrad/nn/prog"
	"github.com/tabgrad/tabgrad/wasm/simd"
)

func native(t testing.TB, lanes int) *simd.Backend {
	t.Helper()
	b, err := simd.NewNative(lanes)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestConformance(t *testing.T) {
	for lanes := 1; lanes <= 3; lanes++ {
		t.Run(fmt.Sprint(lanes), func(t *testing.T) {
			backendtest.Run(t, func() prog.Backend { return native(t, lanes) }, backendtest.Options{})
		})
	}
}
