package data

// Labels is a column of class numbers, given to the network one-hot or as they are.
type Labels struct {
	values  []int32
	classes int
	oneHot  bool
}

// OneHot makes a column of shape [classes] that is 1 at the sample's label and 0 elsewhere, for categorical
// crossentropy. Only the labels are kept. It fails with ErrLabel, naming the row, when one is outside [0, classes).
func OneHot(labels []int32, classes int) (*Labels, error) {
	return newLabels(labels, classes, true)
}

// Sparse makes a column of single numbers (shape []), the labels as float32, for sparse categorical crossentropy. It
// fails with ErrLabel, naming the row, when one is outside [0, classes).
func Sparse(labels []int32, classes int) (*Labels, error) {
	return newLabels(labels, classes, false)
}

func newLabels(labels []int32, classes int, oneHot bool) (*Labels, error) {
	if err := CheckLabels("labels", labels, classes); err != nil {
		return nil, err
	}
	return &Labels{values: labels, classes: classes, oneHot: oneHot}, nil
}

// CheckLabels fails with an *Error that wraps ErrLabel and names the first row whose label is outside [0, classes):
// "labels: row 3 is 10, want 0 to 9". name says whose labels they are.
func CheckLabels(name string, labels []int32, classes int) error {
	// float32 holds every integer up to 2^24, and labels travel as float32.
	if classes < 1 || classes > 1<<24 {
		return fail(ErrLabel, name, ": ", itoa(classes), " classes, want 1 to 16777216")
	}
	for i, v := range labels {
		if v < 0 || int(v) >= classes {
			return failRow(ErrLabel, i, name, ": row ", itoa(i), " is ", itoa(int(v)), ", want 0 to ", itoa(classes-1))
		}
	}
	return nil
}

// LabelsOf turns labels that came as floats into class numbers. It fails with ErrLabel, naming the row, on anything but
// a whole number in [0, classes).
func LabelsOf(name string, values []float32, classes int) ([]int32, error) {
	if err := CheckLabels(name, nil, classes); err != nil {
		return nil, err
	}
	out := make([]int32, len(values))
	for i, v := range values {
		if !(v >= 0 && v < float32(classes)) || v != float32(int32(v)) {
			return nil, failRow(ErrLabel, i, name, ": row ", itoa(i), " is ", ftoa(v), ", want a whole number from 0 to ", itoa(classes-1))
		}
		out[i] = int32(v)
	}
	return out, nil
}

// Len is the number of samples.
func (l *Labels) Len() int { return len(l.values) }

// Classes is the number of classes.
func (l *Labels) Classes() int { return l.classes }

// Values are the labels themselves, one a sample.
func (l *Labels) Values() []int32 { return l.values }

// Shape is [classes] for one-hot labels, [] for sparse ones.
func (l *Labels) Shape() []int {
	if l.oneHot {
		return []int{l.classes}
	}
	return nil
}

// CopyRow fills dst with sample i's label.
func (l *Labels) CopyRow(dst []float32, i int) {
	if !l.oneHot {
		dst[0] = float32(l.values[i])
		return
	}
	dst = dst[:l.classes]
	clear(dst)
	dst[l.values[i]] = 1
}
