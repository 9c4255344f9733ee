package e2e

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"

	"github.com/tabgrad/tabgrad/www/e2e/chrome"
	"github.com/tabgrad/tabgrad/www/site"
)

// patience is how long a test waits for one change of the page. It is no expectation of speed: a busy machine gets it all.
const patience = 3 * time.Minute

var (
	browser context.Context // one for all tests; each has a profile of its own in it
	siteDir string
)

func TestMain(m *testing.M) {
	os.Exit(runAll(m))
}

func runAll(m *testing.M) int {
	dir, err := os.MkdirTemp("", "tabgrad-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	siteDir = filepath.Join(dir, "site")
	if err := site.Assemble(site.In(filepath.Join("..", "..")), siteDir); err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		return 1
	}
	var stop context.CancelFunc
	if err := findMNIST(filepath.Join(dir, "mnist")); err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		return 1
	}
	if browser, stop, err = chrome.Start(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		return 1
	}
	defer stop()
	if err := chromedp.Do(browser, chromedp.Navigate("about:blank")); err != nil {
		fmt.Fprintln(os.Stderr, "e2e: the browser did not start:", err)
		return 1
	}
	return m.Run()
}

// options say how a test's page is served and what its console may say.
type options struct {
	noMNIST     bool                            // the server has no MNIST
	wholeMNIST  bool                            // all of it, where there is any, in place of its first digits
	notIsolated bool                            // nor the headers that lanes need
	prefix      string                          // the path under which the site lies; default /
	path        string                          // what to open there; default the page
	wrap        func(http.Handler) http.Handler // stands in front of the server
	before      string                          // a script that runs before the page's own
	width       int64                           // of the viewport; default 1280 x 900
	height      int64
	// A console message that contains one of these is what the test is about. All others fail it.
	expected []string
}

// page is one tab with the page in it.
type page struct {
	t       *testing.T
	ctx     context.Context
	url     string
	mu      sync.Mutex
	console []string
	workers map[string]context.Context // by name, those that were seen to start
	changed chan struct{}
}

// open serves the site and opens it in a tab of its own, with nothing in any cache. When the test ends, every message of
// level warning or error that was in the console of the page or of its workers fails it, and so does every exception and
// every violation of the policy.
func open(t *testing.T, o options) *page {
	t.Helper()
	served := site.Options{Dir: siteDir, NotIsolated: o.notIsolated}
	switch {
	case o.wholeMNIST:
		served.MNIST = wholeMNIST
	case !o.noMNIST:
		served.MNIST = firstMNIST
	}
	handler := site.Handler(served)
	if o.wrap != nil {
		handler = o.wrap(handler)
	}
	prefix := strings.TrimSuffix(o.prefix, "/")
	server := httptest.NewServer(http.StripPrefix(prefix, handler))
	t.Cleanup(server.Close)

	ctx, cancel := chromedp.NewContext(browser, chromedp.WithNewBrowserContext())
	p := &page{t: t, ctx: ctx, url: server.URL + prefix + "/", workers: map[string]context.Context{}, changed: make(chan struct{}, 64)}
	t.Cleanup(func() {
		cancel()
		p.mu.Lock()
		defer p.mu.Unlock()
		for _, message := range p.console {
			if !containsAny(message, o.expected) {
				t.Errorf("the console says: %s", message)
			}
		}
	})
	p.listen(ctx, "page")
	attached := chromedp.Events(ctx, target.AttachedToTarget)
	go func() {
		for event, err := range attached {
			if err != nil {
				return
			}
			if event.TargetInfo.Type == "worker" {
				go p.adopt(event.TargetInfo) // a lane never answers: its thread is the kernels'
			}
		}
	}()
	if o.width == 0 {
		o.width, o.height = 1280, 900
	}
	p.do(chromedp.EmulateViewport(o.width, o.height))
	if o.before != "" {
		p.do(chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
			_, err := chromedp.Call(ctx, cdppage.AddScriptToEvaluateOnNewDocument, cdppage.AddScriptToEvaluateOnNewDocumentParams{Source: o.before})
			return err
		}))
	}
	p.do(chromedp.Navigate(p.url + o.path))
	return p
}

// listen collects what a target's console says from now on.
func (p *page) listen(ctx context.Context, who string) {
	messages := chromedp.Console(ctx)
	go func() {
		for message, err := range messages {
			if err != nil {
				return
			}
			switch message.Type {
			case chromedp.ConsoleWarning, chromedp.ConsoleError, chromedp.ConsoleException:
				p.mu.Lock()
				p.console = append(p.console, fmt.Sprintf("%s: %s %s", who, message, message.URL))
				p.mu.Unlock()
			}
		}
	}()
}

// adopt listens to a worker too and keeps it, so that a test can end it.
func (p *page) adopt(info *target.Info) {
	ctx, _ := chromedp.NewContext(p.ctx, chromedp.WithTargetID(info.TargetID))
	p.listen(ctx, "worker")
	name, err := chromedp.Run(ctx, chromedp.Evaluate[string]("self.name"))
	if err != nil {
		return // it ended before it could be asked
	}
	p.mu.Lock()
	p.workers[name] = ctx
	p.mu.Unlock()
	select {
	case p.changed <- struct{}{}:
	default:
	}
}

// worker waits for the worker of that name.
func (p *page) worker(name string) context.Context {
	p.t.Helper()
	late := time.After(patience)
	for {
		p.mu.Lock()
		ctx, there := p.workers[name]
		p.mu.Unlock()
		if there {
			return ctx
		}
		select {
		case <-p.changed:
		case <-late:
			p.t.Fatalf("no worker is called %q", name)
		}
	}
}

func (p *page) do(actions ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		p.t.Fatalf("%v; %s", err, p.state())
	}
}

// eval runs an expression in the page.
func eval[T any](p *page, expression string) T {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		p.t.Fatalf("%s: %v; %s", expression, err, p.state())
	}
	return value
}

// wait returns the first truthy value of an expression. It is tried again whenever the document changes.
func wait[T any](p *page, expression string) T {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience+10*time.Second)
	defer cancel()
	value, err := chromedp.Run(ctx, chromedp.Poll[T](expression, chromedp.WithPollingMutation(), chromedp.WithPollingTimeout(patience)))
	if err != nil {
		p.t.Fatalf("waiting for %s: %v; %s", expression, err, p.state())
	}
	return value
}

// state is what a person would look at first when something didn't happen.
func (p *page) state() string {
	ctx, cancel := context.WithTimeout(p.ctx, 5*time.Second)
	defer cancel()
	const expression = `['state: ' + document.body.dataset.state, ...['#status', '#problem:not([hidden])', '#log', '#verdict']
		.map((s) => s + ': ' + (document.querySelector(s)?.innerText ?? ''))].join('\n')`
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string](expression))
	if err != nil {
		return "and the page doesn't answer: " + err.Error()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return "the page is at\n" + text + "\nconsole: " + strings.Join(p.console, "\n")
}

// text is what an element says.
func (p *page) text(selector string) string {
	p.t.Helper()
	return eval[string](p, fmt.Sprintf("document.querySelector(%q).textContent", selector))
}

// click presses an element with the mouse, scrolling to it first.
func (p *page) click(selector string) {
	p.t.Helper()
	eval[bool](p, fmt.Sprintf(still, selector))
	p.do(chromedp.Click(selector))
}

// still waits until an element lies at one place for two frames: what is told of late, such as a network that was kept, moves what is
// behind it, and a press goes to where the element was.
const still = `new Promise((done) => {
	let before;
	const look = () => {
		const element = document.querySelector(%q);
		element?.scrollIntoViewIfNeeded();
		const { x, y, width, height } = element?.getBoundingClientRect() ?? {};
		const now = [x, y, width, height].join();
		if (element && now === before) return done(true);
		before = now;
		requestAnimationFrame(look);
	};
	look();
})`

// fill types a value into a number field in place of what is there.
func (p *page) fill(selector, value string) {
	p.t.Helper()
	p.do(chromedp.Focus(selector))
	eval[bool](p, fmt.Sprintf("document.querySelector(%q).select() ?? true", selector))
	p.do(chromedp.KeyEvent(value))
	if got := eval[string](p, fmt.Sprintf("document.querySelector(%q).value", selector)); got != value {
		p.t.Fatalf("typing %s into %s left %q there", value, selector, got)
	}
}

// ready waits until the engine runs and the chosen digits are there.
func (p *page) ready() {
	p.t.Helper()
	wait[bool](p, `document.body.dataset.state === 'idle' && /^Ready/.test(document.querySelector('#status').textContent)`)
}

// inState waits for a state of the page, one of main.js's.
func (p *page) inState(state string) {
	p.t.Helper()
	wait[bool](p, fmt.Sprintf("document.body.dataset.state === %q", state))
}

// train presses Train and waits until the run is over. The press itself leaves the state idle, so that the wait sees the
// run's end even when it takes only a moment.
func (p *page) train() {
	p.t.Helper()
	p.click("#train")
	p.inState("idle")
	if said := p.text("#log"); !strings.HasSuffix(said, "Done.") {
		p.t.Fatalf("the run didn't end well: %s", p.state())
	}
}

// problem waits for the panel and returns what it says.
func (p *page) problem() string {
	p.t.Helper()
	return wait[string](p, `!document.querySelector('#problem').hidden && document.querySelector('#problem').innerText`)
}

func containsAny(text string, parts []string) bool {
	for _, part := range parts {
		if strings.Contains(text, part) {
			return true
		}
	}
	return false
}
