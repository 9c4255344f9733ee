// Command serve is the page's development server: it serves what www/build assembled, with the headers that shared
// memory needs and a strict Content-Security-Policy, on 127.0.0.1 only, and prints the page's address on a line of its
// own once it can be opened.
//
//	go run ./www/serve              # http://127.0.0.1:8080/, or the next free port
//	PORT=9000 go run ./www/serve    # that port or an error
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/tabgrad/tabgrad/nn/data/mnist"
	"github.com/tabgrad/tabgrad/www/site"
)

const (
	defaultPort = 8080
	portsToTry  = 20
	// Downloads that are under way when the server is told to stop get this long.
	grace = 2 * time.Second
)

func main() {
	dir := flag.String("dir", filepath.Join("www", "dist"), "the folder that www/build wrote")
	isolated := flag.Bool("isolated", true, "send COOP and COEP, which lanes need")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *dir, *isolated); err != nil {
		fmt.Fprintln(os.Stderr, "serve:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, dir string, isolated bool) error {
	if _, err := os.Stat(filepath.Join(dir, "index.html")); err != nil {
		return fmt.Errorf("no page in %s: run make build first", dir)
	}
	listener, err := listen(os.Getenv("PORT"))
	if err != nil {
		return err
	}
	server := &http.Server{
		Handler:           site.Handler(site.Options{Dir: dir, MNIST: findMNIST(), Peers: site.PeersIn("."), NotIsolated: !isolated}),
		ReadHeaderTimeout: 10 * time.Second,
	}
	fmt.Printf("http://%s/\n", listener.Addr())

	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	last, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	if err := server.Shutdown(last); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return nil
}

// listen takes the port that was asked for, or without one the first free port from the default on.
func listen(asked string) (net.Listener, error) {
	if asked != "" {
		port, err := strconv.ParseUint(asked, 10, 16)
		if err != nil {
			return nil, fmt.Errorf("PORT is %q, want a number from 0 to 65535", asked)
		}
		return net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.FormatUint(port, 10)))
	}
	var err error
	for port := defaultPort; port < defaultPort+portsToTry; port++ {
		var listener net.Listener
		if listener, err = net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port))); err == nil {
			return listener, nil
		}
	}
	return nil, fmt.Errorf("no free port from %d to %d: %w", defaultPort, defaultPort+portsToTry-1, err)
}

// findMNIST is MNIST's folder, or empty, said aloud, where there is none.
func findMNIST() string {
	dir, err := mnist.Dir()
	if err != nil {
		fmt.Fprintf(os.Stderr, "serve: %v; the page will train on generated digits (make mnist fetches MNIST, or set %s)\n", err, mnist.Env)
		return ""
	}
	return dir
}
