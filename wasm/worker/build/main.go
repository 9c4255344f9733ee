// Command build makes the folder of a Cloudflare Worker that answers with a model, and with -serve starts it on this
// machine, on workerd:
//
//	go run ./wasm/worker/build -model path/to/model.json -serve
//
// It prints the folder, in which npx wrangler deploy puts the Worker on Cloudflare, and when it serves the address, each
// on a line of its own. Without a model it trains a small one of digits. PORT chooses the port; TOKEN and ORIGINS are
// given to the Worker (see wasm/worker).
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/tabgrad/tabgrad/wasm/worker/folder"
	"github.com/tabgrad/tabgrad/wasm/worker/modelfile"
	"github.com/tabgrad/tabgrad/wasm/worker/workerd"
)

func main() {
	log.SetFlags(0)
	path := flag.String("model", os.Getenv("MODEL"), "model.json or .safetensors; empty: train a small model of digits")
	out := flag.String("out", "", "the Worker's folder; empty: wasm/worker/dist")
	serve := flag.Bool("serve", false, "start the Worker on workerd, and go on until interrupted")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *path, *out, *serve); err != nil && ctx.Err() == nil {
		log.Fatal("worker: ", err)
	}
}

func run(ctx context.Context, path, out string, serve bool) error {
	module, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return err
	}
	root := strings.TrimSpace(string(module))
	if out == "" {
		out = filepath.Join(root, "wasm", "worker", "dist")
	}
	if path == "" {
		log.Print("no model is named (MODEL=path/to/model.json): training a small one on generated digits")
	}
	model, err := modelfile.Get(ctx, path)
	if err != nil {
		return err
	}
	if err := folder.Write(root, out, model); err != nil {
		return err
	}
	fmt.Println(out)
	if !serve {
		return nil
	}
	port := 0
	if text := os.Getenv("PORT"); text != "" {
		if port, err = strconv.Atoi(text); err != nil || port < 0 || port > 65535 {
			return fmt.Errorf("PORT is %q, wanted a number from 0 to 65535", text)
		}
	}
	vars := map[string]string{}
	for _, name := range []string{"TOKEN", "ORIGINS", "MAX_BODY"} {
		if v := os.Getenv(name); v != "" {
			vars[name] = v
		}
	}
	server, err := workerd.Start(ctx, workerd.Options{Folder: out, Port: port, Modules: filepath.Join(root, "wasm", "worker", "node_modules"), Vars: vars})
	if err != nil {
		return err
	}
	fmt.Println(server.URL)
	if err := server.Wait(); err != nil && ctx.Err() == nil {
		return errors.New("workerd ended: " + err.Error())
	}
	return nil
}
