package nn

// History is what Fit returns: each epoch's figures.
type History struct {
	Epochs []int // the epochs that were completed, counted from 0
	// Names are the figures' in the order in which they first came.
	Names []string
	// Values are the figures by name ("loss", "accuracy", "val_loss", ...), one an epoch; of the
	// validation one for each time it ran.
	Values map[string][]float64
}

func (h *History) add(epoch int, logs Logs) {
	h.Epochs = append(h.Epochs, epoch)
	for _, l := range logs {
		if _, ok := h.Values[l.Name]; !ok {
			h.Names = append(h.Names, l.Name)
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
	return c
}
