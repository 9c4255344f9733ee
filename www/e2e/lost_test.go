package e2e

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// When the engine's worker dies in the middle of training, the page says so, and a new engine trains.
func TestEngineDies(t *testing.T) {
	p := open(t, options{expected: []string{"killed by the test"}})
	p.trainForLong()
	if _, err := chromedp.Run(p.worker("tabgrad engine"), chromedp.Evaluate[int]("setTimeout(() => { throw new Error('killed by the test') }), 1")); err != nil {
		t.Fatal(err)
	}
	p.inState("lost")
	if said := p.problem(); !strings.Contains(said, "killed by the test") {
		t.Errorf("the panel says %q, want the reason in it", said)
	}
	p.startAgain()
}

// A lane's worker that ends says nothing: the other lanes see that it doesn't come, after the 20 s that a stopped machine may need.
func TestLaneDies(t *testing.T) {
	t.Parallel()
	p := open(t, options{before: `
		window.workers = new Map();
		window.Worker = class extends Worker {
			constructor(url, options) {
				super(url, options);
				workers.set(options.name, this);
			}
		};`})
	p.trainForLong()
	eval[bool](p, "workers.get('tabgrad lane 1').terminate() ?? true")
	p.inState("lost")
	p.startAgain()
}

// trainForLong begins a training that doesn't end by itself.
func (p *page) trainForLong() {
	p.t.Helper()
	p.ready()
	p.click("[name=model][value=mlp]")
	p.fill("#epochs", "200")
	p.click("#train")
	p.inState("training")
	wait[bool](p, "document.querySelector('.epoch-line')?.textContent.includes('loss: ')")
}

// startAgain does what the panel of a lost engine offers, and trains.
func (p *page) startAgain() {
	p.t.Helper()
	if said := p.problem(); !strings.Contains(said, "engine stopped") || !strings.Contains(said, "Start again") {
		p.t.Errorf("the panel says %q", said)
	}
	if got := p.text("#engine"); !strings.Contains(got, "no engine") {
		p.t.Errorf("the engine is said to be %q", got)
	}
	p.click("#problem-action")
	p.ready()
	if hidden := eval[bool](p, "document.querySelector('#problem').hidden"); !hidden {
		p.t.Error("the panel is still there")
	}
	p.fill("#epochs", "1")
	p.train()
	if accuracy := percent(p.t, p.text("#test-accuracy")); accuracy < 0.7 {
		p.t.Errorf("test accuracy %.4f with the new engine", accuracy)
	}
}
