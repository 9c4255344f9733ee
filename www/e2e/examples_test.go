package e2e

import (
	"fmt"
	"strings"
	"testing"
)

// The page of examples: one learns and can be asked, another writes while it learns and is stopped.
func TestExamples(t *testing.T) {
	p := open(t, options{path: "examples.html"})
	wait[bool](p, "document.body.dataset.state === 'ready'")
	for _, name := range []string{"transformer", "sentiment", "forecast", "houses", "residual"} {
		if title := p.text("#" + name + " h2"); title == "" {
			t.Errorf("%s has no title", name)
		}
	}
	done := func(name, state string) {
		t.Helper()
		wait[bool](p, fmt.Sprintf("['done', 'stopped', 'failed'].includes(document.querySelector('#%s').dataset.state)", name))
		if got := eval[string](p, fmt.Sprintf("document.querySelector('#%s').dataset.state", name)); got != state {
			t.Fatalf("%s is %s, wanted %s: %s", name, got, state, p.text("#"+name+" .figures"))
		}
	}

	p.click("#sentiment .run")
	done("sentiment", "done")
	if got := p.text("#sentiment .figures"); !strings.Contains(got, "100.0% are told rightly") && !strings.Contains(got, "99.") {
		t.Errorf("sentiment says %q", got)
	}
	p.click("#sentiment .ask button")
	wait[bool](p, "document.querySelector('#sentiment output').textContent.startsWith('praise')")
	if got := p.text("#sentiment output"); !strings.HasPrefix(got, "praise with probability 0.9") && !strings.HasPrefix(got, "praise with probability 1.0") {
		t.Errorf("of a review that praises it says %q", got)
	}

	p.click("#houses .run")
	done("houses", "done")
	if got := p.text("#houses .figures"); !strings.HasPrefix(got, "prices are off by ") {
		t.Errorf("houses says %q", got)
	}

	p.click("#transformer .run")
	wait[bool](p, "document.querySelector('#transformer .wrote').textContent.length > 300")
	if got := p.text("#transformer .figures"); !strings.HasPrefix(got, "epoch 1 of 10: loss ") {
		t.Errorf("the transformer says %q", got)
	}
	p.click("#transformer .stop")
	done("transformer", "stopped")

	// All fits a phone.
	phone := open(t, options{path: "examples.html", width: 360, height: 740})
	wait[bool](phone, "document.body.dataset.state === 'ready'")
	if over := eval[float64](phone, "document.documentElement.scrollWidth - innerWidth"); over > 0 {
		t.Errorf("the page is %v pixels wider than a phone", over)
	}
}
