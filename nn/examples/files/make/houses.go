package main

import (
	"fmt"
	"math"

	"github.com/tabgrad/tabgrad/nn/data"
)

var districts = []struct {
	name  string
	worth float64 // of a square metre, in thousands
}{{"harbour", 3.4}, {"old town", 4.1}, {"hills", 4.6}, {"station", 2.3}, {"meadows", 2.9}}

var heatings = []string{"gas", "oil", "heat pump"}

// houses are sold. The price, in thousands, goes by the area times what a square metre is worth in the district, less with age down to a
// half, but old houses of a hundred years and more are sought after again; a garden adds 25 square metres' worth, oil takes an eighth. Then
// there is noise of a twentieth. Some years are not known.
func houses(n int) string {
	rows := make([]string, n)
	for i := range rows {
		r := data.NewRandom(3, uint64(i))
		d := districts[r.IntN(len(districts))]
		heating := heatings[r.IntN(len(heatings))]
		area := math.Floor(sum(40, 160*r.Float64()*r.Float64(), 40*r.Float64()))
		rooms := math.Max(1, math.Floor(sum(area/28, 0.7*normal(r), 0.5)))
		age := r.IntN(130)
		garden := r.IntN(2)
		wear := math.Max(0.5, sum(1, -float64(age)/110))
		if age >= 100 {
			wear = 0.95
		}
		price := sum(area*wear, 25*float64(garden)) * d.worth
		if heating == "oil" {
			price *= 0.875
		}
		price *= sum(1, 0.05*normal(r))
		built := fmt.Sprint(2026 - age)
		if r.IntN(25) == 0 {
			built = ""
		}
		rows[i] = fmt.Sprintf("%s,%.0f,%.0f,%s,%s,%d,%.0f", d.name, area, rooms, built, heating, garden, price)
	}
	return table("district,area,rooms,built,heating,garden,price", rows)
}
