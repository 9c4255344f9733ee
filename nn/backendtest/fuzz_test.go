package backendtest_test

import (
	"math"
	"testing"

	"github.com/tabgrad/tabgrad/nn/backendtest"
	"github.com/tabgrad/tabgrad/nn/prog"
)

// bytesCase is the random program whose decisions are the bytes of data, and 0 when they are used up.
func bytesCase(data []byte) backendtest.Case {
	c := backendtest.RandomCase(0)
	c.Name = "fuzz"
	c.Record = func(r *backendtest.Recorder) prog.Buf {
		rest := data
		return r.RandomProgram(func(n int) int {
			if len(rest) == 0 {
				return 0
			}
			v := int(rest[0])
			rest = rest[1:]
			return v % n
		})
	}
	return c
}

// FuzzProgram: every program that the generator makes builds (so that Verify holds), fused and plain,
// and both compute the same in float64.
func FuzzProgram(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte("a few decisions, and then the first of each choice"))
	f.Fuzz(func(t *testing.T, data []byte) {
		c := bytesCase(data)
		plainRec, fusedRec := c.Recording(), c.Recording()
		plain, err := plainRec.Builder.BuildPlain()
		if err != nil {
			t.Fatal(err)
		}
		fused, err := fusedRec.Builder.Build()
		if err != nil {
			t.Fatalf("%v\n%v", err, plain)
		}
		want, err := backendtest.Reference(plain, plainRec)
		if err != nil {
			t.Fatal(err)
		}
		got, err := backendtest.Reference(fused, fusedRec)
		if err != nil {
			t.Fatal(err)
		}
		for i := range want {
			largest := 1.0
			for _, w := range want[i] {
				largest = max(largest, math.Abs(w))
			}
			for j, w := range want[i] {
				if g := got[i][j]; !(math.Abs(g-w) <= 1e-9*largest) {
					t.Fatalf("result %d[%d] is %v fused, %v plain\n%v\n%v", i, j, g, w, fused, plain)
				}
			}
		}
	})
}
