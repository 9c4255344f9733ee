//go:build !js

package simd_test

import (
	"math"
	"testing"

	"github.com/tabgrad/tabgrad/nn/backendtest"
)

func TestWinograd(t *testing.T) {
	b := native(t, 1)
	b.UseWinograd()
	backendtest.RunCase(t, b, winogradConv, backendtest.Options{})
	backendtest.RunCase(t, b, winogradLayers, backendtest.Options{})
}

func TestWinogradOnLanesGivesTheSameBits(t *testing.T) {
	var first [][]float32
	for lanes := 1; lanes <= 3; lanes++ {
		b := native(t, lanes)
		b.UseWinograd()
		got := runCase(t, b, &winogradLayers)
		if first == nil {
			first = got
		}
		for i := range got {
			sameBits(t, b.Name(), got[i], first[i])
		}
	}
}

// TestWinogradIsUsed: the output and both gradients, none of which depends on another, are not the
// bits of the direct kernels.
func TestWinogradIsUsed(t *testing.T) {
	b := native(t, 1)
	direct := runCase(t, b, &winogradConv)
	b.UseWinograd()
	for i, values := range runCase(t, b, &winogradConv) {
		differ := false
		for j, v := range values {
			differ = differ || math.Float32bits(v) != math.Float32bits(direct[i][j])
		}
		if !differ {
			t.Errorf("result %d is the same as by the direct kernels", i)
		}
	}
}
