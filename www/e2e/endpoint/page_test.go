// Package endpoint uses the page of the inference endpoint in a real browser as a person would, with the endpoint on
// the real workerd.
package endpoint

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/tabgrad/tabgrad/wasm/worker/folder"
	"github.com/tabgrad/tabgrad/wasm/worker/modelfile"
	"github.com/tabgrad/tabgrad/wasm/worker/workerd"
	"github.com/tabgrad/tabgrad/www/e2e/chrome"
)

const root = "../../.."

// TestDraw: a person draws an upright line, and the endpoint says that it is a one.
func TestDraw(t *testing.T) {
	model, err := modelfile.Get(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	out := t.TempDir()
	if err := folder.Write(root, out, model); err != nil {
		t.Fatal(err)
	}
	s, err := workerd.Start(t.Context(), workerd.Options{Folder: out, Modules: root + "/wasm/worker/node_modules", Log: os.Stderr, Vars: map[string]string{"TOKEN": "secret"}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Stop()
	limited, cancel := context.WithTimeout(t.Context(), 90*time.Second)
	defer cancel()
	browser, end, err := chrome.Start(limited)
	if err != nil {
		t.Fatal(err)
	}
	defer end()
	messages := chromedp.Console(browser)
	go func() {
		for m, err := range messages {
			if err != nil {
				return
			}
			bad := m.Type == chromedp.ConsoleWarning || m.Type == chromedp.ConsoleError || m.Type == chromedp.ConsoleException
			if text := m.String(); bad && !strings.Contains(text, "401") { // the browser tells of the first, unauthorized request
				t.Errorf("the console says: %s", text)
			}
		}
	}()
	err = chromedp.Do(browser,
		chromedp.Navigate(s.URL),
		chromedp.WaitVisible("#token"), // the endpoint wants one
		chromedp.SendKeys("#token", "secret\r"),
	)
	if err != nil {
		t.Fatal(err)
	}
	wait(t, browser, `document.querySelector('#about').textContent.includes('28×28×1')`)
	box := eval[map[string]float64](t, browser, `(({ left, top }) => ({ left, top }))(document.querySelector('#paper').getBoundingClientRect())`)
	pen := func(kind input.DispatchMouseEventType, x, y float64) {
		t.Helper()
		if err := chromedp.Do(browser, chromedp.MouseEvent(kind, box["left"]+x, box["top"]+y, chromedp.ButtonLeft)); err != nil {
			t.Fatal(err)
		}
	}
	pen(input.DispatchMouseEventTypeMousePressed, 145, 50)
	for y := 70.0; y <= 230; y += 20 {
		pen(input.DispatchMouseEventTypeMouseMoved, 145-y/20, y)
	}
	pen(input.DispatchMouseEventTypeMouseReleased, 133, 230)
	wait(t, browser, `document.querySelector('#note').textContent !== ''`)
	const text = `document.querySelector('#answer').textContent`
	if answer := eval[string](t, browser, text); answer != "1" {
		t.Errorf("the answer is %q (%s), wanted 1", answer, eval[string](t, browser, `document.querySelector('#note').textContent`))
	}
	if p := eval[float64](t, browser, `document.querySelectorAll('#bars meter')[1].value`); p < 0.5 {
		t.Errorf("the bar of 1 shows %v", p)
	}
	if err := chromedp.Do(browser, chromedp.Click("#clear")); err != nil {
		t.Fatal(err)
	}
	if answer := eval[string](t, browser, text); answer != "–" {
		t.Errorf("cleared, the answer is %q", answer)
	}
}

func eval[T any](t *testing.T, ctx context.Context, expression string) T {
	t.Helper()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		t.Fatalf("%s: %v", expression, err)
	}
	return v
}

func wait(t *testing.T, ctx context.Context, expression string) {
	t.Helper()
	if _, err := chromedp.Run(ctx, chromedp.Poll[bool](expression, chromedp.WithPollingMutation(), chromedp.WithPollingTimeout(30*time.Second))); err != nil {
		t.Fatalf("waiting for %s: %v", expression, err)
	}
}
