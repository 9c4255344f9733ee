package nn_test

import (
	"hash/fnv"
	"math"
	"testing"

	"github.com/tabgrad/tabgrad/nn"
	"github.com/tabgrad/tabgrad/nn/prog"
)

// Normal is the normal quantile of Uniform to 1e-14, in the middle and in the tails.
func TestNormal(t *testing.T) {
	s := nn.NewStream(1, 2)
	least, most := 1.0, 0.0
	for i := range 200_000 {
		u := s.Uniform(i)
		least, most = min(least, u), max(most, u)
		want := math.Sqrt2 * math.Erfinv(2*u-1)
		if u < 0.3 { // 2u - 1 has lost u's digits
			want = -math.Sqrt2 * math.Erfcinv(2*u)
		}
		if got := s.Normal(i); math.Abs(got-want) > 1e-14*math.Max(1, math.Abs(want)) {
			t.Fatalf("the normal quantile of %v is %v, wanted %v", u, got, want)
		}
		if x := s.TruncatedNormal(i); !(math.Abs(x) <= 2) {
			t.Fatalf("truncated normal %v", x)
		}
	}
	if !(least > 0 && least < 1e-4 && most < 1 && most > 1-1e-4) {
		t.Errorf("uniform numbers lie between %v and %v", least, most)
	}
}

// Initial weights are the same on every platform and with every release: the hash of their bits.
func TestInitialWeightsAreFixed(t *testing.T) {
	for _, c := range []struct {
		init nn.Initializer
		want uint64
	}{
		{nn.GlorotUniform{}, 0x6801a7010d52266a}, {nn.HeNormal{}, 0xc9d16651af8c3ce2}, {nn.RandomNormal{Stddev: 1}, 0x2f0d0c2e3fc8fd9d},
	} {
		dst := make([]float32, 3*3*16*32)
		c.init.Init(dst, prog.Shape{3, 3, 16, 32}, nn.NewStream(42, 1))
		h := fnv.New64a()
		for _, v := range dst {
			b := math.Float32bits(v)
			h.Write([]byte{byte(b), byte(b >> 8), byte(b >> 16), byte(b >> 24)})
		}
		if got := h.Sum64(); got != c.want {
			t.Errorf("%T: %#x, wanted %#x", c.init, got, c.want)
		}
	}
	// A variable's values don't depend on the others.
	a := mustWeights(t, nn.NewSequential(nn.Input(4), nn.Dense{Units: 3}, nn.Dense{Units: 3}))
	b := mustWeights(t, nn.NewSequential(nn.Input(4), nn.Dense{Units: 3, KernelInit: nn.Zeros{}}, nn.Dense{Units: 3}))
	if a[2].Data[0] != b[2].Data[0] || a[0].Data[0] == b[0].Data[0] || a[0].Data[0] == a[2].Data[0] {
		t.Error("the second kernel changes with the first one's initializer, or they are the same")
	}
}
