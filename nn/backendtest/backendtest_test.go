package backendtest_test

import (
	"testing"

	"github.com/tabgrad/tabgrad/nn/backendtest"
	"github.com/tabgrad/tabgrad/nn/cpu"
	"github.com/tabgrad/tabgrad/nn/prog"
)

func TestCPU(t *testing.T) {
	backendtest.Run(t, func() prog.Backend { return cpu.New[float32](cpu.Options{}) }, backendtest.Options{})
}
