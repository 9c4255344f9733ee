package data

import (
	"hash/fnv"
	"reflect"
	"slices"
	"testing"
)

// The first numbers of SplitMix64 for seed 1234567, as published with the Rosetta Code task of that name.
func TestSplitMix64(t *testing.T) {
	r := Random{state: 1234567}
	for i, want := range []uint64{6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431, 16408922859458223821} {
		if got := r.Uint64(); got != want {
			t.Errorf("number %d is %d, want %d", i, got, want)
		}
	}
}

// The orders that seeds stand for may never change: a saved training run continues with them.
func TestPermutationIsFixed(t *testing.T) {
	if got, want := Permutation(10, 42, 0), []int{0, 9, 6, 5, 3, 1, 8, 4, 7, 2}; !reflect.DeepEqual(got, want) {
		t.Errorf("seed 42, epoch 0: %v, want %v", got, want)
	}
	h := fnv.New64a()
	for _, i := range Permutation(60000, 42, 3) {
		h.Write([]byte{byte(i), byte(i >> 8)})
	}
	if got, want := h.Sum64(), uint64(0xa4ed1e23475163fd); got != want {
		t.Errorf("60000, seed 42, epoch 3: hash %#x, want %#x", got, want)
	}
}

func TestPermutation(t *testing.T) {
	for _, n := range []int{0, 1, 2, 1000} {
		p := Permutation(n, 7, 1)
		slices.Sort(p)
		for i, v := range p {
			if i != v {
				t.Fatalf("of %d: not a permutation", n)
			}
		}
	}
	base := Permutation(100, 1, 1)
	for name, other := range map[string][]int{"seed": Permutation(100, 2, 1), "epoch": Permutation(100, 1, 2), "swapped": Permutation(100, 0, 2)} {
		if slices.Equal(base, other) {
			t.Errorf("another %s, the same order", name)
		}
	}
}

// Every order of four comes up about equally often: chi-square with 23 degrees of freedom stays below its 99.9% point.
func TestShuffleIsUniform(t *testing.T) {
	const draws = 24000
	count := map[[4]int]int{}
	for e := range uint64(draws) {
		p := Permutation(4, 99, e)
		count[[4]int(p)]++
	}
	chi := 0.0
	for _, c := range count {
		d := float64(c) - draws/24
		chi += d * d / (draws / 24)
	}
	if len(count) != 24 || chi > 49.73 {
		t.Errorf("%d orders, chi-square %.1f", len(count), chi)
	}
}

func TestRandomRanges(t *testing.T) {
	r := NewRandom(5, 6)
	var seen [7]int
	mean := 0.0
	for range 7000 {
		seen[r.IntN(7)]++
		f := r.Float64()
		if f < 0 || f >= 1 {
			t.Fatalf("Float64 is %v", f)
		}
		mean += f / 7000
	}
	for v, c := range seen {
		if c < 850 || c > 1150 {
			t.Errorf("%d came %d times of 7000", v, c)
		}
	}
	if mean < 0.48 || mean > 0.52 {
		t.Errorf("mean %v", mean)
	}
	// A range near 2^63 takes the rejecting path.
	for range 100 {
		if v := r.IntN(1<<62 + 1); v < 0 || v > 1<<62 {
			t.Fatalf("IntN is %d", v)
		}
	}
}

func TestBatches(t *testing.T) {
	b, err := NewBatches(10, 4, true, 3)
	if err != nil {
		t.Fatal(err)
	}
	var first []int
	for epoch := range 3 {
		b.Begin(epoch)
		var all []int
		for k := range b.Len() {
			all = append(all, b.At(k)...)
		}
		if !slices.Equal(all, Permutation(10, 3, uint64(epoch))) {
			t.Errorf("epoch %d: %v", epoch, all)
		}
		if epoch == 0 {
			first = all
		} else if slices.Equal(first, all) {
			t.Errorf("epoch %d repeats epoch 0", epoch)
		}
	}
	if b.Len() != 3 || len(b.At(2)) != 2 {
		t.Errorf("%d batches, the last of %d", b.Len(), len(b.At(2)))
	}
	b.Begin(0)
	if !slices.Equal(b.At(0), first[:4]) {
		t.Errorf("epoch 0 again: %v, was %v", b.At(0), first)
	}
	plain, err := NewBatches(3, 2, false, 3)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(plain.At(0), []int{0, 1}) || !slices.Equal(plain.At(1), []int{2}) {
		t.Errorf("unshuffled: %v %v", plain.At(0), plain.At(1))
	}
	empty, err := NewBatches(0, 2, true, 3)
	if err != nil || empty.Len() != 0 {
		t.Errorf("no samples: %d batches, %v", empty.Len(), err)
	}
}
