package e2e

import (
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
)

// Between what the run below reaches on MNIST (0.928) and what it reaches with its convolutions frozen (0.864), as if their
// gradients were zero.
const learned = 0.90

// The whole visit: the convolutional network learns, the page answers meanwhile, and everything it shows fits together.
func TestConvolutionalNetworkLearns(t *testing.T) {
	p := open(t, options{})
	p.ready()
	if !eval[bool](p, "crossOriginIsolated") {
		t.Error("the page is not cross-origin isolated")
	}
	if got := p.text("#engine-kernels"); !strings.HasPrefix(got, "SIMD") {
		t.Errorf("the kernels are %q, want SIMD", got)
	}
	if lanes := number(t, strings.Fields(p.text("#engine-lanes"))[0]); lanes < 2 {
		t.Errorf("%v lanes, want at least 2", lanes)
	}
	if got := p.text("#engine-isolated"); got != "isolated" {
		t.Errorf("the page says it is %q", got)
	}

	p.click("#advanced summary")
	// Small batches: many steps, so that little data teaches much.
	p.fill("#limit", "5000")
	p.fill("#batch", "32")
	p.fill("#epochs", "1")
	p.click("#train")
	p.inState("training")
	wait[bool](p, "document.querySelector('.epoch-line')?.textContent.includes('loss: ')")
	if line := p.text(".epoch-line"); !strings.Contains(line, "/157 ━") || !strings.Contains(line, "/step - accuracy: ") {
		t.Errorf("the progress line is %q, want Keras's", line)
	}

	// The page's thread is free: while the network learns, strokes are drawn, read and answered.
	p.drawSeven()
	during := p.probabilities()
	checkSum(t, during)
	p.inState("training")

	p.click("#pause")
	p.inState("paused")
	if got := p.text("#pause"); got != "Resume" {
		t.Errorf("the button says %q while paused, want Resume", got)
	}
	p.click("#random-digit")
	wait[bool](p, "/^It reads/.test(document.querySelector('#verdict').textContent)")
	checkSum(t, p.probabilities())
	p.inState("paused")
	p.click("#pause")
	p.inState("training")

	wait[bool](p, "/^Epoch 1:/.test(document.querySelector('#confusion caption').textContent)")
	p.inState("idle")
	if said := p.text("#log"); !strings.HasSuffix(said, "Done.") {
		t.Errorf("the log ends with %q", said)
	}
	accuracy := percent(t, p.text("#test-accuracy"))
	t.Logf("test accuracy after 5,000 digits: %.4f", accuracy)
	if accuracy < learned {
		t.Errorf("test accuracy %.4f, want at least %v", accuracy, learned)
	}
	p.checkResults(accuracy)

	// A mistake can be looked at: it goes on the pad, and the network misreads it there too.
	p.click("#wrong li:first-child button")
	wait[bool](p, "/It is a \\d\\.$/.test(document.querySelector('#verdict').textContent)")
}

// checkResults holds the matrix, the mistakes and the log against the accuracy that the page states.
func (p *page) checkResults(accuracy float64) {
	p.t.Helper()
	counts := eval[[][]int](p, `[...document.querySelectorAll('#confusion tbody tr')].map((row) => [...row.querySelectorAll('td')].map((cell) => +cell.textContent))`)
	all, right := 0, 0
	for truth, row := range counts {
		if len(row) != 10 {
			p.t.Fatalf("row %d of the matrix has %d cells", truth, len(row))
		}
		for guess, n := range row {
			all += n
			if truth == guess {
				right += n
			}
		}
	}
	if all != testDigits {
		p.t.Errorf("the matrix counts %d digits, want %d", all, testDigits)
	}
	if got := float64(right) / float64(all); got < accuracy-0.0001 || got > accuracy+0.0001 {
		p.t.Errorf("the matrix has %.4f on its diagonal, the page says %.4f", got, accuracy)
	}
	wrong := eval[int](p, "document.querySelectorAll('#wrong li').length")
	if want := min(all-right, 28); wrong != want {
		p.t.Errorf("%d mistakes are shown of %d, want %d", wrong, all-right, want)
	}
	lines := eval[[]string](p, "[...document.querySelectorAll('.epoch-line')].map((line) => line.textContent)")
	for _, line := range lines {
		if !strings.Contains(line, " - val_accuracy: ") || !strings.Contains(line, " - val_loss: ") {
			p.t.Errorf("the epoch's line %q has no validation", line)
		}
	}
}

// Stop ends the run between two batches, what was learnt stays, and Train begins anew.
func TestStopAndTrainAgain(t *testing.T) {
	p := open(t, options{})
	p.ready()
	p.click("[name=model][value=mlp]")
	p.fill("#epochs", "200")
	p.click("#train")
	wait[bool](p, "document.querySelectorAll('.epoch-line').length >= 2 && document.querySelector('#test-accuracy').textContent.includes('%')")
	p.click("#stop")
	p.inState("idle")
	if said := p.text("#log"); !strings.HasSuffix(said, "Stopped.") {
		t.Errorf("the log ends with %q", said)
	}
	p.click("#random-digit")
	wait[bool](p, "/^It reads/.test(document.querySelector('#verdict').textContent)")

	p.fill("#epochs", "1")
	p.train()
	if lines := eval[int](p, "document.querySelectorAll('.epoch-line').length"); lines != 1 {
		t.Errorf("the log of the second run has %d epochs, want 1", lines)
	}
	if accuracy := percent(t, p.text("#test-accuracy")); accuracy < 0.7 {
		t.Errorf("test accuracy %.4f after the second run", accuracy)
	}
}

// Without COOP and COEP there is no shared memory: one lane, and it trains all the same.
func TestNotIsolated(t *testing.T) {
	p := open(t, options{notIsolated: true})
	p.ready()
	if eval[bool](p, "crossOriginIsolated") {
		t.Fatal("the page is isolated; the test shows nothing")
	}
	if got := p.text("#engine-lanes") + ", " + p.text("#engine-isolated"); got != "1 lane, not isolated" {
		t.Errorf("the page says %q", got)
	}
	p.click("[name=model][value=mlp]")
	p.fill("#epochs", "2")
	p.train()
	if accuracy := percent(t, p.text("#test-accuracy")); accuracy < 0.8 {
		t.Errorf("test accuracy %.4f after 2 epochs", accuracy)
	}
}

// The same choices give the same network: two runs end with the same log but for the times.
func TestSameSeedSameRun(t *testing.T) {
	p := open(t, options{})
	p.ready()
	p.click("[name=model][value=mlp]")
	p.fill("#epochs", "1")
	var runs [2]string
	for i := range runs {
		p.train()
		line := p.text(".epoch-line")
		_, runs[i], _ = strings.Cut(line, "/step")
	}
	if runs[0] != runs[1] || !strings.Contains(runs[0], "val_loss") {
		t.Errorf("two runs ended with\n%s\n%s", runs[0], runs[1])
	}
}

// drawSeven draws a 7 on the pad with the mouse.
func (p *page) drawSeven() {
	p.t.Helper()
	p.click("#clear-pad")
	box := p.padInView()
	at := func(x, y float64) (float64, float64) {
		return box["left"] + x*box["width"], box["top"] + y*box["width"]
	}
	mouse := func(kind input.DispatchMouseEventType, x, y float64) {
		px, py := at(x, y)
		p.do(chromedp.MouseEvent(kind, px, py, chromedp.ButtonLeft))
	}
	mouse(input.DispatchMouseEventTypeMousePressed, 0.28, 0.25)
	mouse(input.DispatchMouseEventTypeMouseMoved, 0.5, 0.24)
	mouse(input.DispatchMouseEventTypeMouseMoved, 0.72, 0.25)
	mouse(input.DispatchMouseEventTypeMouseMoved, 0.58, 0.52)
	mouse(input.DispatchMouseEventTypeMouseMoved, 0.45, 0.8)
	mouse(input.DispatchMouseEventTypeMouseReleased, 0.45, 0.8)
}

// padInView scrolls to the pad, all of it, and returns where it is then.
func (p *page) padInView() map[string]float64 {
	p.t.Helper()
	return eval[map[string]float64](p, `(() => {
		const pad = document.querySelector('#pad');
		pad.scrollIntoView({ block: 'center', behavior: 'instant' });
		const { left, top, width } = pad.getBoundingClientRect();
		return { left, top, width };
	})()`)
}

// probabilities waits for ten bars and returns what they show.
func (p *page) probabilities() []float64 {
	p.t.Helper()
	return wait[[]float64](p, `(() => {
		const shown = [...document.querySelectorAll('#bars li')].map((bar) => bar.dataset.p);
		return shown.length === 10 && shown.every(Boolean) && shown.map(Number);
	})()`)
}

func checkSum(t *testing.T, probabilities []float64) {
	t.Helper()
	sum := 0.0
	for digit, p := range probabilities {
		if p < 0 || p > 1 {
			t.Errorf("the probability of %d is %v", digit, p)
		}
		sum += p
	}
	if sum < 1-1e-4 || sum > 1+1e-4 {
		t.Errorf("ten probabilities sum to %v", sum)
	}
}

func percent(t *testing.T, text string) float64 {
	t.Helper()
	return number(t, strings.TrimSuffix(text, " %")) / 100
}

func number(t *testing.T, text string) float64 {
	t.Helper()
	value, err := strconv.ParseFloat(text, 64)
	if err != nil {
		t.Fatalf("%q is no number", text)
	}
	return value
}
