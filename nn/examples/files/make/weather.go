package main

import (
	"fmt"
	"math"

	"github.com/tabgrad/tabgrad/nn/data"
)

// perDay is how many times a day the weather is measured.
const perDay = 8

// weather is temperature (°C), pressure (hPa), wind (m/s) and cloud (eighths) at a place, every three hours. There are a year and a day in the
// temperature; fronts pass, which the pressure tells of a day before they cool the air; and clouds keep the nights warm and the days cool. So
// who knows the last two days can say more of tomorrow's temperature than that it is today's.
func weather(n int) string {
	r := data.NewRandom(2, 0)
	front := make([]float64, n+perDay) // a slow wave of noise
	drift := 0.0
	for i := 1; i < len(front); i++ {
		drift = sum(0.97*drift, 0.25*normal(r))
		front[i] = sum(0.9*front[i-1], 0.4*drift)
	}
	rows := make([]string, n)
	local := 0.0
	for i := range rows {
		day := float64(i) / perDay
		ahead, now := front[i+perDay], front[i]
		cloud := math.Min(8, math.Max(0, sum(4, 1.6*now, normal(r))))
		local = sum(0.8*local, 0.3*normal(r))
		byDay := wave(day-0.375) * sum(5, -0.45*cloud) // warmest at three in the afternoon
		temperature := sum(9, 9*wave((day-111)/365), byDay, -2.2*now, local)
		pressure := sum(1013, -5*ahead, 0.6*normal(r))
		wind := math.Max(0, sum(4, 8*math.Abs(ahead-now), 0.8*normal(r)))
		rows[i] = fmt.Sprintf("%.3f,%.1f,%.1f,%.1f,%.0f", day, temperature, pressure, wind, cloud)
	}
	return table("day,temperature,pressure,wind,cloud", rows)
}

// sum adds its arguments, which are rounded before.
func sum(x ...float64) float64 {
	total := 0.0
	for _, v := range x {
		total += v
	}
	return total
}

// wave is 0 at 0, 1 at 1/4, 0 at 1/2 and -1 at 3/4, and repeats: two parabolas for the sine.
func wave(x float64) float64 {
	x -= math.Floor(x)
	if x < 0.5 {
		return 16 * x * (0.5 - x)
	}
	return -16 * (x - 0.5) * (1 - x)
}
