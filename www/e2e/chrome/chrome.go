// Package chrome finds a Chrome or Chromium on this machine and starts it, without a window, for the browser tests of
// www/e2e and for the run that www/e2e/fullrun records. It drives nothing itself: chromedp does.
package chrome

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"

	"github.com/chromedp/chromedp"
)

// names are looked for on the PATH, in this order.
var names = []string{
	"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "headless-shell", "microsoft-edge",
	"/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
	"/Applications/Chromium.app/Contents/MacOS/Chromium",
}

// ErrNone says that there is no browser; its text says what to install.
var ErrNone = errors.New("no Chrome or Chromium found: install one (Debian and Ubuntu: apt-get install chromium; " +
	"macOS: brew install --cask chromium), or set CHROME to the path of one")

// Find returns the browser that the environment variable CHROME names, else the first that is installed.
func Find() (string, error) {
	if named := os.Getenv("CHROME"); named != "" {
		path, err := exec.LookPath(named)
		if err != nil {
			return "", fmt.Errorf("CHROME is %q: %w", named, err)
		}
		return path, nil
	}
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", ErrNone
}

// Start returns a context whose tabs are those of a new browser with a fresh profile, and what ends it.
// The browser itself starts with the first action.
func Start(ctx context.Context) (context.Context, context.CancelFunc, error) {
	path, err := Find()
	if err != nil {
		return nil, nil, err
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path),
		chromedp.NoSandbox, // a container's root has no other way
		chromedp.DisableGPU,
		chromedp.WindowSize(1280, 900),
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-sync", true),
	)
	allocated, cancelAllocator := chromedp.NewExecAllocator(ctx, options...)
	browser, cancelBrowser := chromedp.NewContext(allocated)
	return browser, func() {
		cancelBrowser()
		cancelAllocator()
	}, nil
}
