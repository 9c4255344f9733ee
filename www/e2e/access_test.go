package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// Everything that a mouse can do here a keyboard can, and it can be seen where one is.
func TestKeyboardOnly(t *testing.T) {
	p := open(t, options{})
	p.ready()
	key := func(keys string) { t.Helper(); p.do(chromedp.KeyEvent(keys)) }
	// The tab key until an element has the focus; a page without a way there would go round for ever.
	tabTo := func(selector string) {
		t.Helper()
		for range 60 {
			if eval[bool](p, fmt.Sprintf("document.activeElement?.matches(%q) ?? false", selector)) {
				if !eval[bool](p, "document.activeElement.matches(':focus-visible')") {
					t.Errorf("%s has the focus, but it can't be seen", selector)
				}
				return
			}
			key(kb.Tab)
		}
		t.Fatalf("the tab key doesn't lead to %s", selector)
	}

	key(kb.Tab)
	if !eval[bool](p, "document.activeElement.matches('.skip')") {
		t.Error("the first stop is not the link that skips to the controls")
	}
	tabTo("[name=model]")
	key(kb.ArrowDown)
	if got := eval[string](p, "document.querySelector('#setup').elements.model.value"); got != "mlp" {
		t.Fatalf("the arrow key chose %q, want mlp", got)
	}
	tabTo("#epochs")
	key("150") // what a tab leads to is selected, so this replaces it
	key(kb.ArrowUp)
	if got := eval[string](p, "document.querySelector('#epochs').value"); got != "151" {
		t.Errorf("typing 150 and the arrow key set %s epochs, want 151", got)
	}
	tabTo("#train")
	key(" ")
	p.inState("training")
	tabTo("#pause")
	key(kb.Enter)
	p.inState("paused")
	key(kb.Enter)
	p.inState("training")
	tabTo("#random-digit")
	key(kb.Enter)
	wait[bool](p, "/^It reads/.test(document.querySelector('#verdict').textContent)")
	checkSum(t, p.probabilities())
	p.do(chromedp.Focus("#pause"))
	tabTo("#stop")
	key(kb.Enter)
	p.inState("idle")
}

// Every control has a name that is read out, and every picture that says something too.
func TestNames(t *testing.T) {
	t.Parallel()
	p := open(t, options{})
	p.ready()
	nameless := eval[[]string](p, `[...document.querySelectorAll('input, button, canvas:not([aria-hidden], [role=img] *), [role=img], [tabindex], section')]
		.filter((e) => !(e.labels?.length || e.getAttribute('aria-label') || e.getAttribute('aria-labelledby') || e.textContent.trim() || e.hidden || e.closest('[hidden]')))
		.map((e) => e.outerHTML)`)
	if len(nameless) > 0 {
		t.Errorf("without a name: %s", strings.Join(nameless, "\n"))
	}
}

// On a phone the page has one column and never scrolls sideways, and a finger draws.
func TestPhone(t *testing.T) {
	p := open(t, options{width: 390, height: 844})
	p.do(chromedp.EmulateViewport(390, 844, chromedp.EmulateMobile, chromedp.EmulateTouch))
	p.ready()
	p.click("[name=model][value=mlp]")
	p.fill("#epochs", "1")
	p.train()
	for _, width := range []int64{390, 360} {
		p.do(chromedp.EmulateViewport(width, 844, chromedp.EmulateMobile, chromedp.EmulateTouch))
		wide := eval[[]string](p, `[...document.body.querySelectorAll('*')]
			.filter((e) => e.getBoundingClientRect().right > document.documentElement.clientWidth + 0.5 && !e.closest('.matrix-scroll, .summary, .skip'))
			.map((e) => e.tagName + '#' + e.id + '.' + e.className)`)
		if len(wide) > 0 {
			t.Errorf("at %d px these reach over the edge: %s", width, strings.Join(wide, ", "))
		}
		if over := eval[int](p, "document.documentElement.scrollWidth - innerWidth"); over > 0 {
			t.Errorf("at %d px the page is %d px too wide", width, over)
		}
	}
	p.drawWithFinger()
	checkSum(t, p.probabilities())
}

// drawWithFinger draws a 1 by touch; the page must not scroll under the finger.
func (p *page) drawWithFinger() {
	p.t.Helper()
	box := p.padInView()
	before := eval[float64](p, "scrollY")
	touch := func(kind input.DispatchTouchEventType, points ...*input.TouchPoint) {
		p.do(chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
			_, err := chromedp.Call(ctx, input.DispatchTouchEvent, input.DispatchTouchEventParams{Type: kind, TouchPoints: points})
			return err
		}))
	}
	at := func(y float64) *input.TouchPoint {
		return &input.TouchPoint{X: box["left"] + box["width"]/2, Y: box["top"] + y*box["width"]}
	}
	touch(input.DispatchTouchEventTypeTouchStart, at(0.2))
	for _, y := range []float64{0.35, 0.5, 0.65, 0.8} {
		touch(input.DispatchTouchEventTypeTouchMove, at(y))
	}
	touch(input.DispatchTouchEventTypeTouchEnd)
	if after := eval[float64](p, "scrollY"); after != before {
		p.t.Errorf("the page scrolled from %v to %v under the finger", before, after)
	}
}

// A number that is out of range in the closed part of the form is shown, with the browser's own words, and nothing starts.
func TestInvalidNumber(t *testing.T) {
	t.Parallel()
	p := open(t, options{})
	p.ready()
	p.click("#advanced summary")
	p.fill("#limit", "5")
	p.click("#advanced summary")
	p.click("#train")
	wait[bool](p, "document.querySelector('#advanced').open && document.activeElement.id === 'limit'")
	if state := eval[string](p, "document.body.dataset.state"); state != "idle" {
		t.Errorf("the page is in state %q", state)
	}
}
