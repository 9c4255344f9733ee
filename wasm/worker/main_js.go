package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall/js"

	"github.com/syumai/workers"
	"github.com/syumai/workers/cloudflare"
	"github.com/tabgrad/tabgrad/wasm/simd"
	"github.com/tabgrad/tabgrad/wasm/worker/endpoint"
)

// limitedHeader is how worker.mjs, which asks Cloudflare's rate limiter, says that a request is one too
// many. It takes it off what clients send.
const limitedHeader = "X-Tabgrad-Limited"

// main runs once for an instance, in its first request: worker.mjs has put the model and the kernels into
// js.Global().Get("tabgrad"), and calls the handler when main has called Ready.
func main() {
	handler, err := makeHandler(js.Global().Get("tabgrad"))
	if err != nil {
		js.Global().Get("tabgrad").Call("failed", err.Error())
		return
	}
	workers.ServeNonBlock(handler)
	workers.Ready()
	select {} // the handler is called from JavaScript
}

func makeHandler(host js.Value) (http.Handler, error) {
	// Little is alive besides the model: collecting it more often costs nothing that can be measured, and takes 3 of 16 MB less.
	debug.SetGCPercent(20)
	kernels, err := simd.NewHosted()
	if err != nil {
		return nil, err
	}
	source := host.Get("model")
	file := make([]byte, source.Length())
	js.CopyBytesToGo(file, source)
	model, err := endpoint.Load(file, host.Get("sha256").String(), kernels)
	if err != nil {
		return nil, err
	}
	file = nil
	runtime.GC() // what loading took is free for requests, so that the memory doesn't grow

	answered := 0
	o := endpoint.Options{
		Token:   cloudflare.Getenv("TOKEN"),
		Origins: strings.Fields(cloudflare.Getenv("ORIGINS")),
		Limited: func(r *http.Request) bool { return r.Header.Get(limitedHeader) != "" },
		// What tells from outside whether an instance was lost, and how much of the 128 MB it takes.
		Status: func() map[string]any {
			size, _ := kernels.MemoryBytes()
			return map[string]any{"answered": answered, "instance": host.Get("instance").Int(), "memory_bytes": size + host.Call("goMemoryBytes").Int()}
		},
	}
	if text := cloudflare.Getenv("MAX_BODY"); text != "" {
		if o.MaxBody, err = strconv.ParseInt(text, 10, 64); err != nil || o.MaxBody < 1 {
			return nil, fmt.Errorf("MAX_BODY is %q, wanted a number of bytes", text)
		}
	}
	inner := endpoint.New(model, o)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answered++
		serveWhole(inner, w, r)
	}), nil
}

// serveWhole answers from a whole body with a whole body. What package workers does by itself, a stream
// either way, would give the processor away in the middle of a request, keeps functions alive that
// nobody releases, and closes a channel at a response's end that can be closed once only.
func serveWhole(inner http.Handler, w http.ResponseWriter, r *http.Request) {
	source := r.Body.(interface{ GetRawJSBody() js.Value }).GetRawJSBody() // worker.mjs has put a Uint8Array there
	body := make([]byte, source.Length())
	js.CopyBytesToGo(body, source)
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))

	answer := &wholeAnswer{header: w.Header(), status: http.StatusOK}
	inner.ServeHTTP(answer, r)
	w.WriteHeader(answer.status)
	out := js.Null()
	if r.Method != http.MethodHead && answer.body.Len() > 0 {
		out = js.Global().Get("Uint8Array").New(answer.body.Len())
		js.CopyBytesToJS(out, answer.body.Bytes())
	}
	w.(interface{ WriteRawJSBody(js.Value) }).WriteRawJSBody(out)
}

type wholeAnswer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (a *wholeAnswer) Header() http.Header         { return a.header }
func (a *wholeAnswer) WriteHeader(status int)      { a.status = status }
func (a *wholeAnswer) Write(b []byte) (int, error) { return a.body.Write(b) }
