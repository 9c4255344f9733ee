package nn

import "slices"

// History is what Fit returns: each epoch's figures.
type History struct {
	Epochs []int // the epochs that were completed, counted from 0
	// Names are the figures' in the order in which they first came.
	Names []string
	// Values are the figures by name ("loss", "accuracy", "val_loss", ...), one an epoch; of the
	// validation one for each time it ran.
	Values map[string][]float64
	// Lists are those of metrics that have several figures, which are not in Values.
	Lists map[string][][]float64
}

func (h *History) add(epoch int, logs Logs) {
	h.Epochs = append(h.Epochs, epoch)
	for _, l := range logs {
		if !slices.Contains(h.Names, l.Name) {
			h.Names = append(h.Names, l.Name)
		}
		if l.Values != nil {
			if h.Lists == nil {
				h.Lists = map[string][][]float64{}
			}
			h.Lists[l.Name] = append(h.Lists[l.Name], l.Values)
			continue
		}
		h.Values[l.Name] = append(h.Values[l.Name], l.Value)
	}
}

// clone shares nothing with h.
func (h *History) clone() History {
	c := History{Epochs: append([]int(nil), h.Epochs...), Names: append([]string(nil), h.Names...), Values: map[string][]float64{}}
	for name, values := range h.Values {
		c.Values[name] = append([]float64(nil), values...)
	}
	for name, lists := range h.Lists {
		if c.Lists == nil {
			c.Lists = map[string][][]float64{}
		}
		c.Lists[name] = append([][]float64(nil), lists...)
	}
	return c
}
