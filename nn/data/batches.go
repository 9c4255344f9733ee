package data

// Batches cuts an epoch into batches of indices. Begin starts each epoch; the order then belongs to the epoch alone, so
// training that resumes at epoch 7 sees what it would have seen.
type Batches struct {
	order   []int
	size    int
	seed    uint64
	shuffle bool
}

// NewBatches cuts n samples into batches of size, the last one shorter when size does not divide n. With shuffle, every
// epoch has an order of its own, given by the seed. It fails with ErrShape when n is negative or size is not positive.
func NewBatches(n, size int, shuffle bool, seed uint64) (*Batches, error) {
	if n < 0 || size < 1 {
		return nil, fail(ErrShape, "batches: ", itoa(n), " samples in batches of ", itoa(size))
	}
	b := &Batches{order: make([]int, n), size: size, seed: seed, shuffle: shuffle}
	b.Begin(0)
	return b, nil
}

// Begin puts the samples into the order of an epoch. It allocates nothing.
func (b *Batches) Begin(epoch int) {
	for i := range b.order {
		b.order[i] = i
	}
	if b.shuffle {
		Shuffle(b.order, b.seed, uint64(epoch))
	}
}

// Len is the number of batches in an epoch: n/size, rounded up.
func (b *Batches) Len() int { return (len(b.order) + b.size - 1) / b.size }

// At is batch k's indices, 0 <= k < Len(), valid until the next Begin.
func (b *Batches) At(k int) []int {
	return b.order[k*b.size : min((k+1)*b.size, len(b.order))]
}
