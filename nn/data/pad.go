package data

// Padding says how PadSequences makes sequences as long as each other (keras/src/utils/sequence_utils.py).
type Padding struct {
	Length       int     // of the sequences that come out; 0: the longest one's
	After        bool    // whether what is missing is put behind a sequence; Keras's padding="post"
	TruncateTail bool    // whether what is too much is taken off the end; Keras's truncating="post"
	Value        float32 // what is put in
}

// PadSequences makes an array [len(sequences), length] of sequences of numbers, as keras.utils.pad_sequences does: shorter ones
// are filled up before their beginning, longer ones lose theirs. It fails with ErrShape for a negative length.
func PadSequences(sequences [][]float32, p Padding) (*Array, error) {
	if p.Length < 0 {
		return nil, fail(ErrShape, "pad sequences: length is ", itoa(p.Length), ", wanted at least 1")
	}
	length := p.Length
	if length == 0 {
		for _, s := range sequences {
			length = max(length, len(s))
		}
	}
	out := make([]float32, len(sequences)*length)
	for i := range out {
		out[i] = p.Value
	}
	for i, s := range sequences {
		row := out[i*length : (i+1)*length]
		if over := len(s) - length; over > 0 && p.TruncateTail {
			s = s[:length]
		} else if over > 0 {
			s = s[over:]
		}
		if !p.After {
			row = row[length-len(s):]
		}
		copy(row, s)
	}
	return NewFloats([]int{len(sequences), length}, out)
}
