//go:build !js

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/tabgrad/tabgrad/nn/cpu"
	"github.com/tabgrad/tabgrad/wasm/worker/endpoint"
	"github.com/tabgrad/tabgrad/wasm/worker/modelfile"
)

func main() {
	log.SetFlags(0)
	path := flag.String("model", os.Getenv("MODEL"), "model.json or .safetensors; empty: train a small model of digits")
	address := flag.String("address", net.JoinHostPort("127.0.0.1", fallback(os.Getenv("PORT"), "8787")), "where to listen")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := serve(ctx, *path, *address); err != nil && !errors.Is(err, context.Canceled) {
		log.Fatal("worker: ", err)
	}
}

func serve(ctx context.Context, path, address string) error {
	if path == "" {
		log.Print("no model is named: training a small one on generated digits")
	}
	file, err := modelfile.Get(ctx, path)
	if err != nil {
		return err
	}
	model, err := endpoint.Load(file, "", cpu.New[float32](cpu.Options{}))
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	server := &http.Server{
		Handler: endpoint.New(model, endpoint.Options{Token: os.Getenv("TOKEN"), Origins: strings.Fields(os.Getenv("ORIGINS"))}),
		// Slow clients don't hold on to a connection for ever.
		ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second, WriteTimeout: 60 * time.Second, IdleTimeout: 2 * time.Minute,
	}
	fmt.Printf("http://%s\n", listener.Addr())
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	last, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	return server.Shutdown(last)
}

func fallback(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
