// Command fullrun drives the page through Keras's MNIST example as a person would: twelve epochs of the 60,000 digits with
// Adadelta(1.0) and batches of 128. It writes the curve as curve.json and curve.md and takes pictures of the page, for
// the README. It takes as long as the training takes; with 2 lanes that is a quarter of an hour.
//
//	make build && MNIST_DIR=... go run ./www/e2e/fullrun -out DIR
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/tabgrad/tabgrad/www/e2e/chrome"
	"github.com/tabgrad/tabgrad/www/site"
)

// An epoch's row of the curve, read from the page.
type epoch struct {
	Epoch         int     `json:"epoch"`
	Accuracy      float64 `json:"accuracy"`
	Loss          float64 `json:"loss"`
	TestAccuracy  float64 `json:"test_accuracy"`
	TestLoss      float64 `json:"test_loss"`
	Seconds       float64 `json:"seconds"`         // from the epoch's first batch until its test digits were read
	MsPerStep     float64 `json:"ms_per_step"`     // as the page states it
	ImagesASecond float64 `json:"images_a_second"` // as the page states it
}

type curve struct {
	Browser string  `json:"browser"`
	Engine  string  `json:"engine"`
	Epochs  []epoch `json:"epochs"`
	Minutes float64 `json:"minutes"`
}

func main() {
	var (
		out    = flag.String("out", "", "the folder for curve.json, curve.md and the pictures")
		epochs = flag.Int("epochs", 12, "how many")
		limit  = flag.Int("digits", 0, "train on the first so many; 0 means all 60,000")
		model  = flag.String("model", "cnn", "cnn or mlp")
		dir    = flag.String("dir", filepath.Join("www", "dist"), "the site, as www/build wrote it")
	)
	flag.Parse()
	if err := run(*out, *dir, *model, *epochs, *limit); err != nil {
		fmt.Fprintln(os.Stderr, "fullrun:", err)
		os.Exit(1)
	}
}

func run(out, dir, model string, epochs, limit int) error {
	mnist := os.Getenv("MNIST_DIR")
	if mnist == "" || out == "" {
		return fmt.Errorf("set MNIST_DIR to the folder with MNIST's files and -out to where the results go")
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	server := httptest.NewServer(site.Handler(site.Options{Dir: dir, MNIST: mnist}))
	defer server.Close()
	ctx, stop, err := chrome.Start(context.Background())
	if err != nil {
		return err
	}
	defer stop()
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(1280, 900), chromedp.Navigate(server.URL)); err != nil {
		return err
	}
	if err := until(ctx, `/^Ready/.test(document.querySelector('#status').textContent)`); err != nil {
		return err
	}
	var result curve
	if result.Browser, err = chromedp.Run(ctx, chromedp.Evaluate[string](`navigator.userAgent.match(/Chrom\w+\/[\d.]+/)[0]`)); err != nil {
		return err
	}
	if result.Engine, err = chromedp.Run(ctx, chromedp.Evaluate[string](`[...document.querySelectorAll('#engine li')].map((chip) => chip.textContent).join(', ')`)); err != nil {
		return err
	}
	if err := chromedp.Do(ctx,
		chromedp.Click("[name=model][value="+model+"]"),
		chromedp.Clear("#epochs"), chromedp.SendKeys("#epochs", strconv.Itoa(epochs)),
		chromedp.Click("#advanced summary")); err != nil {
		return err
	}
	if limit > 0 {
		if err := chromedp.Do(ctx, chromedp.SendKeys("#limit", strconv.Itoa(limit))); err != nil {
			return err
		}
	}
	began := time.Now()
	if err := chromedp.Do(ctx, chromedp.Click("#advanced summary"), chromedp.Click("#train")); err != nil {
		return err
	}
	for n := 1; n <= epochs; n++ {
		start := time.Now()
		row, err := follow(ctx, n)
		if err != nil {
			return err
		}
		row.Seconds = time.Since(start).Seconds()
		result.Epochs = append(result.Epochs, row)
		result.Minutes = time.Since(began).Minutes()
		fmt.Printf("epoch %d: accuracy %.4f, loss %.4f, test accuracy %.4f, test loss %.4f, %.0f s, %.0f ms/step\n",
			n, row.Accuracy, row.Loss, row.TestAccuracy, row.TestLoss, row.Seconds, row.MsPerStep)
		// Written after every epoch: a run this long may be ended early.
		if err := write(out, result); err != nil {
			return err
		}
		if n == min(3, epochs) {
			if err := pictures(ctx, out, "training"); err != nil {
				return err
			}
		}
	}
	if err := until(ctx, `document.body.dataset.state === 'idle'`); err != nil {
		return err
	}
	return pictures(ctx, out, "done")
}

// follow waits until epoch n (from 1) is over and reads its row from the page.
func follow(ctx context.Context, n int) (epoch, error) {
	const line = `[...document.querySelectorAll('.epoch-line')][%d]?.textContent`
	at := fmt.Sprintf(line, n-1)
	lost := `document.body.dataset.state === 'lost' || !document.querySelector('#problem').hidden`
	if err := until(ctx, at+`?.includes('val_loss') || `+lost); err != nil {
		return epoch{}, err
	}
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string](`(`+at+` ?? '') + ' ' + document.querySelector('#problem').innerText`))
	if err != nil {
		return epoch{}, err
	}
	rate, err := chromedp.Run(ctx, chromedp.Evaluate[string](`document.querySelector('#rate').textContent`))
	if err != nil {
		return epoch{}, err
	}
	row := epoch{Epoch: n}
	for _, field := range []struct {
		after string
		into  *float64
	}{
		{" - accuracy: ", &row.Accuracy}, {" - loss: ", &row.Loss},
		{" - val_accuracy: ", &row.TestAccuracy}, {" - val_loss: ", &row.TestLoss},
	} {
		_, rest, found := strings.Cut(text, field.after)
		number, _, _ := strings.Cut(rest, " ")
		if *field.into, err = strconv.ParseFloat(number, 64); !found || err != nil {
			return epoch{}, fmt.Errorf("epoch %d: the page says %q", n, text)
		}
	}
	if before, _, found := strings.Cut(text, "ms/step"); found {
		row.MsPerStep, _ = strconv.ParseFloat(before[strings.LastIndex(before, " ")+1:], 64)
	}
	row.ImagesASecond, _ = strconv.ParseFloat(strings.ReplaceAll(rate, ",", ""), 64)
	return row, nil
}

func until(ctx context.Context, expression string) error {
	_, err := chromedp.Run(ctx, chromedp.Poll[bool](`Boolean(`+expression+`)`, chromedp.WithPollingInterval(time.Second), chromedp.WithPollingTimeout(0)))
	return err
}

func write(out string, result curve) error {
	text, err := json.MarshalIndent(result, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(out, "curve.json"), append(text, '\n'), 0o644); err != nil {
		return err
	}
	var table strings.Builder
	fmt.Fprintf(&table, "%s, %s, %.1f minutes\n\n", result.Browser, result.Engine, result.Minutes)
	table.WriteString("| epoch | loss | accuracy | test loss | test accuracy | seconds | ms a step |\n| --- | --- | --- | --- | --- | --- | --- |\n")
	for _, e := range result.Epochs {
		fmt.Fprintf(&table, "| %d | %.4f | %.4f | %.4f | %.4f | %.0f | %.0f |\n", e.Epoch, e.Loss, e.Accuracy, e.TestLoss, e.TestAccuracy, e.Seconds, e.MsPerStep)
	}
	return os.WriteFile(filepath.Join(out, "curve.md"), []byte(table.String()), 0o644)
}

// pictures takes the page on a desk and on a phone, light and dark, with a test digit on its pad.
func pictures(ctx context.Context, out, name string) error {
	if err := chromedp.Do(ctx, chromedp.Click("#random-digit")); err != nil {
		return err
	}
	if err := until(ctx, `/^It reads/.test(document.querySelector('#verdict').textContent)`); err != nil {
		return err
	}
	for _, view := range []struct {
		name          string
		width, height int64
	}{{"desk", 1280, 900}, {"phone", 390, 844}} {
		for _, scheme := range []string{"light", "dark"} {
			if err := chromedp.Do(ctx, chromedp.EmulateViewport(view.width, view.height), prefer(scheme)); err != nil {
				return err
			}
			// The charts are drawn anew for the other size; two frames later they are there.
			if _, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`new Promise((done) => setTimeout(() => requestAnimationFrame(() => requestAnimationFrame(() => done(true))), 400))`, chromedp.EvalAwaitPromise)); err != nil {
				return err
			}
			png, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
			if err != nil {
				return err
			}
			if err := os.WriteFile(filepath.Join(out, fmt.Sprintf("%s-%s-%s.png", name, view.name, scheme)), png, 0o644); err != nil {
				return err
			}
		}
	}
	return chromedp.Do(ctx, chromedp.EmulateViewport(1280, 900), prefer("light"))
}

func prefer(scheme string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
		})
		return err
	})
}
