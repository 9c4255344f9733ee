package data

import (
	"math"
	"strconv"
)

// SplitAt is where Keras's validation_split cuts n samples: the first floor(n*(1-s)) train, the tail validates
// (keras/src/trainers/data_adapters/array_slicing.py). It fails with ErrSplit when s is not in (0, 1) or a side is empty.
func SplitAt(n int, s float64) (int, error) {
	if !(s > 0 && s < 1) {
		return 0, fail(ErrSplit, "split: validation split is ", strconv.FormatFloat(s, 'g', -1, 64), ", want more than 0 and less than 1")
	}
	at := int(math.Floor(float64(n) * (1 - s)))
	if at <= 0 || at >= n {
		return 0, fail(ErrSplit, "split: a validation split of ", strconv.FormatFloat(s, 'g', -1, 64), " of ", itoa(n),
			" samples leaves ", itoa(at), " to train and ", itoa(n-at), " to validate")
	}
	return at, nil
}

// Split cuts d at SplitAt(d.Len(), s), before any shuffling. Both sides share d's samples.
func Split(d Dataset, s float64) (train, validation *View, err error) {
	at, err := SplitAt(d.Len(), s)
	if err != nil {
		return nil, nil, err
	}
	return &View{of: d, n: at}, &View{of: d, first: at, n: d.Len() - at}, nil
}

func ftoa(v float32) string { return strconv.FormatFloat(float64(v), 'g', -1, 32) }
