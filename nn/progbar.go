package nn

import (
	"fmt"
	"io"
	"math"
	"sort"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// A Progbar writes Keras's progress lines:
//
//	469/469 ━━━━━━━━━━━━━━━━━━━━ 12s 25ms/step - accuracy: 0.9312 - loss: 0.2210
type Progbar struct {
	Target int // steps of the epoch, 0 where it isn't known

	firstStep time.Duration // when the first step was done, 0 before
}

// Line is the line at step current, counted from 1, at a time since the epoch began. Until the last
// call, final, it shows the time that is left, then the time it took.
func (p *Progbar) Line(at time.Duration, current int, logs Logs, final bool) string {
	counter, bar := fmt.Sprintf("%7d/Unknown", current), ""
	if p.Target > 0 {
		counter = fmt.Sprintf("%*d/%d", len(strconv.Itoa(p.Target)), current, p.Target)
		bar = strings.Repeat("━", barWidth) + " "
	}
	perStep := p.perStep(at, current)
	duration := fmt.Sprintf("%.0fs", at.Seconds())
	if p.Target > 0 && !final {
		duration = timeLeft(perStep * float64(p.Target-current))
	}
	return counter + " " + bar + duration + " " + stepTime(perStep) + values(logs, math.Abs)
}

// Short is the one line an epoch of Keras's verbose=2: "469/469 - 12s - 25ms/step - loss: 0.2210".
func (p *Progbar) Short(at time.Duration, current int, logs Logs) string {
	return fmt.Sprintf("%*d/%d - %.0fs - %s%s", len(strconv.Itoa(p.Target)), current, p.Target,
		at.Seconds(), stepTime(p.perStep(at, current)), values(logs, func(x float64) float64 { return x }))
}

const barWidth = 20

// perStep is the time a step takes, in seconds, without the first one, which also compiles.
func (p *Progbar) perStep(at time.Duration, current int) float64 {
	if current == 0 {
		return 0
	}
	perStep := at.Seconds() / float64(current)
	if p.firstStep > 0 && current > 1 {
		perStep = (at - p.firstStep).Seconds() / float64(current-1)
	}
	if current == 1 {
		p.firstStep = at
	}
	return perStep
}

func timeLeft(seconds float64) string {
	s := int(seconds)
	switch {
	case seconds > 3600:
		return fmt.Sprintf("%d:%02d:%02d", s/3600, s%3600/60, s%60)
	case seconds > 60:
		return fmt.Sprintf("%d:%02d", s/60, s%60)
	}
	return strconv.Itoa(s) + "s"
}

func stepTime(seconds float64) string {
	switch {
	case seconds >= 1 || seconds == 0:
		return fmt.Sprintf("%.0fs/step", seconds)
	case seconds >= 1e-3:
		return fmt.Sprintf("%.0fms/step", seconds*1e3)
	}
	return fmt.Sprintf("%.0fus/step", seconds*1e6)
}

// values are the logs with four decimals, those whose size is small with an exponent.
func values(logs Logs, size func(float64) float64) string {
	var b strings.Builder
	for _, l := range logs {
		verb := " - %s: %.4e"
		if size(l.Value) > 1e-3 {
			verb = " - %s: %.4f"
		}
		fmt.Fprintf(&b, verb, l.Name, l.Value)
	}
	return b.String()
}

// colored is a line as Keras writes it to a terminal: the counter and the time bold, the part of the bar
// that is done green, the rest grey.
func colored(line string, current, target int) string {
	counter, rest, ok := strings.Cut(line, " "+strings.Repeat("━", barWidth)+" ")
	if !ok {
		return line
	}
	duration, rest, _ := strings.Cut(rest, " ")
	done := barWidth * current / target
	bar := ""
	if done > 0 {
		bar = "\x1b[32m" + strings.Repeat("━", done) + "\x1b[0m"
	}
	bar += "\x1b[37m" + strings.Repeat("━", barWidth-done) + "\x1b[0m"
	return "\x1b[1m" + counter + "\x1b[0m " + bar + " \x1b[1m" + duration + "\x1b[0m " + rest
}

// ProgbarLogger prints progress as Keras does (keras/src/callbacks/progbar_logger.py). Fit's option Verbose adds one.
type ProgbarLogger struct {
	// Verbose 1, or 0, prints a bar that is redrawn in place, at most every 50 ms; 2 a line an epoch.
	Verbose int
	// Plain prints a bar only when it is full, without colours, for where nothing can be redrawn.
	Plain bool
}

func (c ProgbarLogger) begin(r *run) (*LambdaCallback, error) {
	var bar *Progbar
	var begin, shown time.Time
	width := 0
	start := func(p *Progress) { bar, begin, shown, width = &Progbar{Target: p.Batches}, time.Now(), time.Time{}, 0 }
	update := func(p *Progress, final bool) error {
		now := time.Now()
		if bar.Target == 0 && final {
			bar.Target = p.Batch + 1
		}
		logs := append(Logs{}, p.Logs...)
		sort.SliceStable(logs, func(i, j int) bool { // each of the two parts by name, as Keras does
			a, b := logs[i].Name, logs[j].Name
			if va, vb := strings.HasPrefix(a, "val_"), strings.HasPrefix(b, "val_"); va != vb {
				return vb
			}
			return a < b
		})
		if !final && (c.Verbose == 2 || c.Plain) {
			bar.perStep(now.Sub(begin), p.Batch+1)
			return nil
		}
		if c.Verbose == 2 {
			return r.print("%s", bar.Short(now.Sub(begin), p.Batch+1, logs))
		}
		line := bar.Line(now.Sub(begin), p.Batch+1, logs, final)
		if c.Plain {
			return r.print("%s", line)
		}
		if !final && now.Sub(shown) < 50*time.Millisecond {
			return nil
		}
		shown = now
		text := strings.Repeat("\b", width) + "\r" + colored(line, p.Batch+1, bar.Target)
		n := utf8.RuneCountInString(line)
		text += strings.Repeat(" ", max(0, width-n))
		width = n
		if final {
			text += "\n"
		}
		_, err := io.WriteString(r.output, text)
		return err
	}
	l := &LambdaCallback{
		OnEpochBegin: func(p *Progress) error {
			start(p)
			if p.Epochs == 1 {
				return nil
			}
			return r.print("Epoch %d/%d", p.Epoch+1, p.Epochs)
		},
		OnBatchEnd: func(p *Progress) error { return update(p, false) },
		OnEpochEnd: func(p *Progress) error { return update(p, true) },
	}
	if !r.fits { // a validation is silent
		begun := func(p *Progress) error { start(p); return nil }
		l.OnTestBegin, l.OnTestBatchEnd, l.OnTestEnd = begun, l.OnBatchEnd, l.OnEpochEnd
		l.OnPredictBegin, l.OnPredictBatchEnd, l.OnPredictEnd = begun, l.OnBatchEnd, l.OnEpochEnd
	}
	return l, nil
}
