package simd

import (
	"slices"
	"sort"

	"github.com/tabgrad/tabgrad/wasm/kernels"
)

const (
	// blockAlign is the alignment of blocks: the cache lines that lanes should not share come in
	// pairs of 64 bytes.
	blockAlign = 128
	// behind is how much memory there is behind the last block: kernels may read over the end of
	// an operand, up to a few vectors.
	behind = 4096
	// growth is the step in which the memory grows, so that a model's first programs don't each
	// make every JavaScript view of the memory anew.
	growth = 4 << 20
)

// An allocator hands out blocks of the kernels' memory: each at the lowest free address that is large
// enough. It grows the memory when it must, which never shrinks.
type allocator struct {
	host  host
	spare []span // by ascending address; neighbours are joined
	top   uint64 // all above is free
	used  uint64
}

type span struct{ start, end uint64 }

func newAllocator(h host) allocator {
	return allocator{host: h, top: (kernels.HeapBase + blockAlign - 1) / blockAlign * blockAlign}
}

func blockSize(bytes int) uint64 {
	return (uint64(max(bytes, 1)) + blockAlign - 1) / blockAlign * blockAlign
}

// allocate returns the address of a block, whose contents are whatever was there before.
func (a *allocator) allocate(bytes int) (uint32, bool) {
	size := blockSize(bytes)
	for i, f := range a.spare {
		if f.end-f.start >= size {
			a.spare[i].start += size
			if f.end-f.start == size {
				a.spare = slices.Delete(a.spare, i, i+1)
			}
			a.used += size
			return uint32(f.start), true
		}
	}
	start := a.top
	if need := start + size + behind; need > a.host.size() {
		if !a.host.grow((need+growth-1)/growth*growth) && !a.host.grow(need) {
			return 0, false
		}
	}
	a.top += size
	a.used += size
	return uint32(start), true
}

// free takes back a block of that size.
func (a *allocator) free(address uint32, bytes int) {
	f := span{uint64(address), uint64(address) + blockSize(bytes)}
	a.used -= f.end - f.start
	i := sort.Search(len(a.spare), func(i int) bool { return a.spare[i].start >= f.start })
	a.spare = slices.Insert(a.spare, i, f)
	if i+1 < len(a.spare) && a.spare[i].end == a.spare[i+1].start {
		a.spare[i].end = a.spare[i+1].end
		a.spare = slices.Delete(a.spare, i+1, i+2)
	}
	if i > 0 && a.spare[i-1].end == a.spare[i].start {
		a.spare[i-1].end = a.spare[i].end
		a.spare = slices.Delete(a.spare, i, i+1)
	}
	if last := len(a.spare) - 1; last >= 0 && a.spare[last].end == a.top {
		a.top = a.spare[last].start
		a.spare = a.spare[:last]
	}
}
