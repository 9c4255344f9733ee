package main

import (
	"strings"

	"github.com/tabgrad/tabgrad/nn/data"
)

// reviews are of films, liked or not. What decides is who says what and where there is a not: each word by itself is in as many of
// the one as of the other, nearly, so that counting words is of little use.
func reviews(n int) string {
	rows := make([]string, n)
	for i := range rows {
		r := data.NewRandom(1, uint64(i))
		liked := i%2 == 0
		clauses := make([]string, 1+r.IntN(3))
		for k := range clauses {
			clauses[k] = clause(r, liked)
		}
		label := "negative"
		if liked {
			label = "positive"
		}
		rows[i] = label + "," + strings.Join(clauses, " . ")
	}
	return table("label,text", rows)
}

var (
	parts = strings.Fields("plot acting music ending dialogue cast script story lighting pace humour editing")
	good  = strings.Fields("good great brilliant moving funny clever beautiful gripping superb charming fresh warm")
	bad   = strings.Fields("bad dull awful clumsy boring weak silly predictable tedious flat stale cold")
	very  = strings.Fields("very quite rather really so truly")
	who   = strings.Fields("critics friends people posters trailers neighbours")
)

// clause says of something that it is good or bad, in one of several ways, most of which have the opposite word in them.
func clause(r *data.Random, liked bool) string {
	is, isNot := good, bad
	if !liked {
		is, isNot = bad, good
	}
	part, other := pick(r, parts), pick(r, parts)
	switch r.IntN(11) {
	case 0:
		return "the " + part + " was not " + pick(r, isNot)
	case 1:
		return "the " + part + " was anything but " + pick(r, isNot)
	case 2:
		return "i would never call the " + part + " " + pick(r, isNot)
	case 3:
		return pick(r, who) + " said the " + part + " was " + pick(r, isNot) + " but i found it " + pick(r, is)
	case 4:
		return "although the " + part + " was " + pick(r, isNot) + " the " + other + " was " + pick(r, very) + " " + pick(r, is)
	case 5:
		return "i found the " + part + " " + pick(r, is) + " though " + pick(r, who) + " said it was " + pick(r, isNot)
	case 6:
		return "the " + part + " was less " + pick(r, isNot) + " than " + pick(r, who) + " said"
	}
	return "the " + part + " was " + pick(r, very) + " " + pick(r, is)
}
