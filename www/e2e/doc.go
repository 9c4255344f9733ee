// Package e2e drives the real page in a real browser, as a person would: it presses, types, draws, drops files and
// reads what the page says. The site is assembled from the working tree and served by package site; nothing is mocked.
//
// The tests need a built engine (make build) and a Chrome or Chromium; without one they fail and say what to install.
// With MNIST_DIR they train on MNIST, else on generated digits. They wait for the page's own changes, never for time.
// Start with page_test.go, which holds what all of them use. The long run on all of MNIST is www/e2e/fullrun.
package e2e
