package e2e

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// When the engine's worker dies in the middle of training, the page says so, and a new engine trains.
func TestEngineDies(t *testing.T) {
	for _, worker := range []string{"tabgrad engine", "tabgrad lane 1"} {
		t.Run(worker, func(t *testing.T) {
			p := open(t, options{expected: []string{"killed by the test"}})
			p.ready()
			p.click("[name=model][value=mlp]")
			p.fill("#epochs", "200")
			p.click("#train")
			p.inState("training")
			victim := p.worker(worker)
			if _, err := chromedp.Run(victim, chromedp.Evaluate[int]("setTimeout(() => { throw new Error('killed by the test') }), 1")); err != nil {
				t.Fatal(err)
			}
			p.inState("lost")
			said := p.problem()
			if !strings.Contains(said, "engine stopped") || !strings.Contains(said, "Start again") {
				t.Errorf("the panel says %q", said)
			}
			if got := p.text("#engine"); !strings.Contains(got, "no engine") {
				t.Errorf("the engine is said to be %q", got)
			}

			p.click("#problem-action")
			p.ready()
			if hidden := eval[bool](p, "document.querySelector('#problem').hidden"); !hidden {
				t.Error("the panel is still there")
			}
			p.fill("#epochs", "1")
			p.train()
			if accuracy := percent(t, p.text("#test-accuracy")); accuracy < 0.7 {
				t.Errorf("test accuracy %.4f with the new engine", accuracy)
			}
		})
	}
}
