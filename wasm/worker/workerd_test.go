//go:build !js

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tabgrad/tabgrad/nn"
	"github.com/tabgrad/tabgrad/nn/data"
	"github.com/tabgrad/tabgrad/nn/data/digits"
	"github.com/tabgrad/tabgrad/nn/format"
	"github.com/tabgrad/tabgrad/wasm/simd"
	"github.com/tabgrad/tabgrad/wasm/worker/folder"
	"github.com/tabgrad/tabgrad/wasm/worker/workerd"
)

// The tests of this file call a Worker on the real workerd, through its port.

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// A smaller seed CNN, with random weights: every kind of layer that the digits of the page are trained with.
func layers() []nn.Layer {
	return []nn.Layer{
		nn.Input(28, 28, 1),
		nn.Conv2D{Filters: 16, Kernel: nn.Size2{3, 3}, Activation: nn.ReLU},
		nn.Conv2D{Filters: 24, Kernel: nn.Size2{3, 3}, Activation: nn.ReLU},
		nn.MaxPooling2D{}, nn.Dropout{Rate: 0.25}, nn.Flatten{},
		nn.Dense{Units: 32, Activation: nn.ReLU}, nn.Dropout{Rate: 0.5},
		nn.Dense{Units: 10, Activation: nn.Softmax},
	}
}

var worker struct {
	once   sync.Once
	folder string
	model  *nn.Model // the same, natively, on the strict kernels
	err    error
}

func TestMain(m *testing.M) {
	code := m.Run()
	if worker.folder != "" {
		os.RemoveAll(worker.folder)
	}
	os.Exit(code)
}

func build() error {
	m := nn.NewSequential(layers()...)
	kernels, err := simd.NewNative(1)
	if err != nil {
		return err
	}
	if err := m.Compile(nn.Training{Backend: kernels, Seed: 11}); err != nil {
		return err
	}
	a, err := format.FromModel(m)
	if err != nil {
		return err
	}
	file, err := format.WriteSafetensors(a)
	if err != nil {
		return err
	}
	worker.model = m
	if worker.folder, err = os.MkdirTemp("", "tabgrad-worker-"); err != nil {
		return err
	}
	return folder.Write("../..", worker.folder, file)
}

// start runs the Worker; its log must not say that anything went wrong, unless o has a log of its own.
func start(t *testing.T, o workerd.Options) *workerd.Server {
	t.Helper()
	worker.once.Do(func() { worker.err = build() })
	must(t, worker.err)
	if o.Folder == "" {
		o.Folder = worker.folder
	}
	var log bytes.Buffer
	own := o.Log == nil
	if own {
		o.Log = &log
	}
	o.Modules = "node_modules"
	s, err := workerd.Start(context.Background(), o)
	must(t, err)
	t.Cleanup(func() {
		s.Stop()
		if own && strings.Contains(log.String(), "rror") {
			t.Errorf("workerd's log: %s", log.String())
		}
	})
	return s
}

type reply struct {
	status int
	header http.Header
	body   []byte
}

func call(t testing.TB, method, url string, body io.Reader, headers ...string) reply {
	t.Helper()
	r, err := http.NewRequest(method, url, body)
	must(t, err)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	a, err := http.DefaultClient.Do(r)
	must(t, err)
	defer a.Body.Close()
	b, err := io.ReadAll(a.Body)
	must(t, err)
	return reply{a.StatusCode, a.Header, b}
}

const raw = "application/octet-stream"

func probabilities(t testing.TB, a reply) []float32 {
	t.Helper()
	var p struct {
		Predictions []struct{ Probabilities []float32 }
	}
	if err := json.Unmarshal(a.body, &p); a.status != http.StatusOK || err != nil {
		t.Fatalf("%d %s", a.status, a.body)
	}
	var out []float32
	for _, q := range p.Predictions {
		out = append(out, q.Probabilities...)
	}
	return out
}

func drawn(t testing.TB, n int) []byte {
	t.Helper()
	images := make([]byte, n*784)
	must(t, digits.Generate(images, make([]int32, n), 9, 0))
	return images
}

// native is what the strict kernels say on wazero.
func native(t testing.TB, images []byte) []float32 {
	t.Helper()
	x, err := data.NewBytes([]int{len(images) / 784, 28, 28, 1}, images, float32(1)/255)
	must(t, err)
	p, err := worker.model.Predict(t.Context(), x, nn.PredictOptions{})
	must(t, err)
	return p.Data
}

func sameBits(t testing.TB, got, want []float32) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d probabilities, wanted %d", len(got), len(want))
	}
	for i := range got {
		if math.Float32bits(got[i]) != math.Float32bits(want[i]) {
			t.Fatalf("probability %d is %v, wanted %v to the bit", i, got[i], want[i])
		}
	}
}

// health is the instance's own account of itself.
func health(t testing.TB, s *workerd.Server) (h struct {
	Status             string
	Answered, Instance int
	Memory             int `json:"memory_bytes"`
}) {
	t.Helper()
	a := call(t, "GET", s.URL+"/healthz", nil)
	if err := json.Unmarshal(a.body, &h); err != nil || a.status != 200 || h.Status != "ok" {
		t.Fatalf("health: %d %s", a.status, a.body)
	}
	return h
}

// TestSameBits: workerd's probabilities are those of the strict kernels on wazero, alone and in batches.
func TestSameBits(t *testing.T) {
	s := start(t, workerd.Options{})
	images := drawn(t, 37)
	sameBits(t, probabilities(t, call(t, "POST", s.URL+"/v1/predict", bytes.NewReader(images), "Content-Type", raw, "X-Tensor-Shape", "37,28,28,1")), native(t, images))
	for i := range 3 {
		img := images[784*i : 784*i+784]
		floats := make([]float32, 784)
		for j, b := range img {
			floats[j] = float32(b) * (float32(1) / 255)
		}
		body, err := json.Marshal(map[string]any{"instances": [][]float32{floats}})
		must(t, err)
		sameBits(t, probabilities(t, call(t, "POST", s.URL+"/v1/predict", bytes.NewReader(body), "Content-Type", "application/json")), native(t, img))
	}
}

// TestConcurrent: requests that come all at once to a Worker that has not begun, some of them cancelled,
// are answered each with its own probabilities, by one instance.
func TestConcurrent(t *testing.T) {
	s := start(t, workerd.Options{})
	const n = 120
	images := drawn(t, n)
	var want []float32
	for i := range n {
		want = append(want, native(t, images[784*i:784*i+784])...)
	}
	var wait sync.WaitGroup
	for i := range n {
		wait.Go(func() {
			img := images[784*i : 784*i+784]
			if i%4 == 0 { // gone before its answer, perhaps while it loads the model for all
				ctx, cancel := context.WithCancel(context.Background())
				r, err := http.NewRequestWithContext(ctx, "POST", s.URL+"/v1/predict", bytes.NewReader(img))
				if err != nil {
					t.Error(err)
				}
				r.Header.Set("Content-Type", raw)
				go cancel()
				if a, err := http.DefaultClient.Do(r); err == nil {
					a.Body.Close()
				}
				return
			}
			r, err := http.Post(s.URL+"/v1/predict", raw, bytes.NewReader(img))
			if err != nil {
				t.Error(err)
				return
			}
			defer r.Body.Close()
			var p struct {
				Predictions []struct{ Probabilities []float32 }
			}
			if err := json.NewDecoder(r.Body).Decode(&p); err != nil || r.StatusCode != 200 || len(p.Predictions) != 1 {
				t.Errorf("image %d: %d %v", i, r.StatusCode, err)
				return
			}
			for j, v := range p.Predictions[0].Probabilities {
				if v != want[10*i+j] {
					t.Errorf("image %d has another's answer", i)
					return
				}
			}
		})
	}
	wait.Wait()
	if h := health(t, s); h.Instance != 1 || h.Answered < n*3/4 {
		t.Errorf("instance %d has answered %d, wanted the first and at least %d", h.Instance, h.Answered, n*3/4)
	}
}

// hostile is a request that is wrong in one of many ways.
func hostile(r *rand.Rand, url string) (*http.Request, error) {
	noise := make([]byte, r.IntN(2000))
	for i := range noise {
		noise[i] = byte(r.Uint32())
	}
	method, path, kind, body := "POST", "/v1/predict", "application/json", string(noise)
	headers := map[string]string{}
	switch r.IntN(16) {
	case 0: // noise as it is
	case 1:
		body = strings.Repeat("[", r.IntN(100000))
	case 2:
		body = `{"instances":` + strings.Repeat("[", r.IntN(100000))
	case 3:
		body = `{"instances":[[` + strings.Repeat("1e38,", r.IntN(20000)) + "1]]}"
	case 4:
		body = `{"instances":[[NaN]]}`
	case 5: // cut JSON
		whole := `{"instances":[[` + strings.Repeat("0.5,", 783) + "0.5]]}"
		body = whole[:r.IntN(len(whole)-1)]
	case 6:
		kind, body = raw, body+"x"
		headers["X-Tensor-Shape"] = fmt.Sprint(r.Uint64(), ",", r.IntN(3)-1)
	case 7:
		kind = raw
		headers["X-Tensor-Type"], headers["X-Tensor-Shape"] = "float32", "1,28,28,1"
		body = strings.Repeat("\x00\x00\xc0\x7f", 784) // NaN
	case 8:
		kind, body = "image/png", "\x89PNG\r\n\x1a\n"+body
	case 9:
		kind = string([]rune{rune('a' + r.IntN(26)), '/', rune('a' + r.IntN(26))})
	case 10:
		path = "/" + strings.Repeat("../%2e", r.IntN(50)) + []string{"%zz%00", "x%00"}[r.IntN(2)]
	case 11:
		method = []string{"GET", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"}[r.IntN(6)]
		if method != "PUT" {
			body = ""
		}
	case 12:
		path += "?center=" + string(rune('a'+r.IntN(26)))
	case 13:
		kind = raw
		headers["Authorization"], headers["Origin"], headers["X-Tabgrad-Limited"] = strings.Repeat("a,", 500), "null", "1"
		body += "x"
	case 14:
		body = strings.Repeat("[", 1<<20+r.IntN(1000))
	case 15: // well-formed, of ever other sizes
		kind, body = raw, strings.Repeat("\x01", 784*(1+r.IntN(40)))
	}
	q, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	q.URL.Opaque = path // as it is, malformed or not
	if body != "" {
		q.Header.Set("Content-Type", kind)
	}
	for k, v := range headers {
		q.Header.Set(k, v)
	}
	return q, nil
}

// TestHostile: thousands of bad requests from several clients at once, with bodies that come slowly, are cut
// off or are too long, get no 5xx and lose no instance; what is asked properly meanwhile is answered.
func TestHostile(t *testing.T) {
	s := start(t, workerd.Options{})
	count := 3000
	if os.Getenv("TABGRAD_HOSTILE") != "" { // the whole of it
		count = 10000
	}
	images := drawn(t, 1)
	want := native(t, images)
	address := strings.TrimPrefix(s.URL, "http://")
	health(t, s)

	// Slow bodies stay open all the while, and occupy nothing.
	for range 20 {
		c, err := net.Dial("tcp", address)
		must(t, err)
		defer c.Close()
		_, err = io.WriteString(c, "POST /v1/predict HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{")
		must(t, err)
	}
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 8}, Timeout: time.Minute,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	statuses := [600]atomic.Int64{}
	var wait sync.WaitGroup
	const clients = 8
	for c := range clients {
		wait.Go(func() {
			r := rand.New(rand.NewPCG(5, uint64(c)))
			for i := range count / clients {
				switch {
				case i%100 == 50: // cut off in the middle
					conn, err := net.Dial("tcp", address)
					if err != nil {
						t.Error(err)
						return
					}
					io.WriteString(conn, "POST /v1/predict HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 50000\r\n\r\n"+strings.Repeat("[", r.IntN(40000)))
					conn.Close()
					continue
				case i%100 == 99: // a proper one
					a, err := client.Post(s.URL+"/v1/predict", raw, bytes.NewReader(images))
					if err != nil {
						t.Error(err)
						return
					}
					var p struct {
						Predictions []struct{ Probabilities []float32 }
					}
					err = json.NewDecoder(a.Body).Decode(&p)
					a.Body.Close()
					if err != nil || len(p.Predictions) != 1 || p.Predictions[0].Probabilities[3] != want[3] {
						t.Errorf("a proper request: %d %v", a.StatusCode, err)
					}
					continue
				}
				q, err := hostile(r, s.URL)
				if err != nil {
					t.Error(err)
					return
				}
				a, err := client.Do(q)
				if err != nil {
					t.Errorf("%s %s: %v", q.Method, q.URL.Opaque, err)
					continue
				}
				b, err := io.ReadAll(a.Body)
				a.Body.Close()
				statuses[a.StatusCode].Add(1)
				if a.StatusCode >= 500 || err != nil || bytes.Contains(b, []byte("goroutine")) || bytes.Contains(b, []byte(".mjs")) {
					t.Errorf("%s %s %v: %d %s", q.Method, q.URL.Opaque, q.Header, a.StatusCode, b)
				}
			}
		})
	}
	wait.Wait()
	for status := range statuses {
		if n := statuses[status].Load(); n > 0 {
			t.Logf("%d: %d", status, n)
		}
	}
	for _, status := range []int{400, 404, 405, 413, 415, 422} {
		if statuses[status].Load() == 0 {
			t.Errorf("no request was answered with %d", status)
		}
	}
	sameBits(t, probabilities(t, call(t, "POST", s.URL+"/v1/predict", bytes.NewReader(images), "Content-Type", raw)), want)
	h := health(t, s)
	if h.Instance != 1 || h.Answered < count*9/10 {
		t.Errorf("instance %d has answered %d of about %d, wanted the first", h.Instance, h.Answered, count)
	}
	if h.Memory > 100e6 {
		t.Errorf("the instance takes %d bytes, wanted at most 100 MB", h.Memory)
	}
	t.Logf("%.1f MB", float64(h.Memory)/1e6)
}

// TestVariables: the Worker goes by its variables and by the rate limiter that is bound to it.
func TestVariables(t *testing.T) {
	s := start(t, workerd.Options{Vars: map[string]string{"TOKEN": "secret", "ORIGINS": "https://a.example https://b.example", "MAX_BODY": "2000"}, Limit: 8})
	images := drawn(t, 3)
	post := func(n int, headers ...string) reply {
		return call(t, "POST", s.URL+"/v1/predict", bytes.NewReader(images[:784*n]), append([]string{"Content-Type", raw}, headers...)...)
	}
	const key, token = "Authorization", "Bearer secret"
	for i, c := range []struct {
		reply  reply
		status int
	}{
		{post(1), 401}, {post(1, key, "Bearer secre"), 401}, {post(1, key, token), 200}, {post(3, key, token), 413}, {post(2, key, token), 200},
		{call(t, "POST", s.URL+"/v1/predict", io.MultiReader(strings.NewReader(strings.Repeat("[", 5000))), key, token, "Content-Type", "application/json"), 413}, // chunked
		{post(1, key, token, "X-Tabgrad-Limited", "1"), 200},
		{post(1, key, token, "Origin", "https://b.example"), 200},
		{post(1, key, token, "Origin", "https://b.example"), 429},
		{call(t, "GET", s.URL+"/v1/model", nil), 401},
		{call(t, "GET", s.URL+"/v1/model", nil, key, token), 200},
	} {
		if c.reply.status != c.status {
			t.Errorf("%d: %d %s, wanted %d", i, c.reply.status, c.reply.body, c.status)
		}
		if i == 8 && (c.reply.header.Get("Access-Control-Allow-Origin") != "https://b.example" || c.reply.header.Get("Vary") != "Origin" || c.reply.header.Get("Retry-After") == "") {
			t.Errorf("%d: headers %v", i, c.reply.header)
		}
	}
}

// TestPage: the page and what describes the endpoint come from the Worker; the model's file does not.
func TestPage(t *testing.T) {
	s := start(t, workerd.Options{})
	for path, want := range map[string]string{"/": "Draw a digit", "/page.js": "v1/predict", "/openapi.json": `"openapi"`, "/v1/model": `"backend":"simd strict, 1 lane"`} {
		if a := call(t, "GET", s.URL+path, nil); a.status != 200 || !strings.Contains(string(a.body), want) || a.header.Get("Content-Security-Policy") == "" {
			t.Errorf("%s: %d %v %.200s", path, a.status, a.header, a.body)
		}
	}
	if a := call(t, "HEAD", s.URL+"/", nil); a.status != 200 || len(a.body) != 0 {
		t.Errorf("HEAD: %d %s", a.status, a.body)
	}
	if a := call(t, "GET", s.URL+"/model.safetensors", nil); a.status != 404 {
		t.Errorf("the model: %d", a.status)
	}
}

// TestBrokenModel: a Worker whose model can't be read says so in its log, not to the world.
func TestBrokenModel(t *testing.T) {
	start(t, workerd.Options{}) // builds the folder
	broken := t.TempDir()
	must(t, os.CopyFS(broken, os.DirFS(worker.folder)))
	must(t, os.WriteFile(broken+"/assets/model.safetensors", []byte("{}"), 0o644))
	var log bytes.Buffer
	s := start(t, workerd.Options{Folder: broken, Log: &log})
	for range 2 {
		a := call(t, "GET", s.URL+"/healthz", nil)
		if a.status != 500 || string(a.body) != `{"error":{"status":500,"code":"internal","message":"the endpoint failed; its log says how"}}` {
			t.Errorf("%d %s", a.status, a.body)
		}
	}
	s.Stop()
	if !strings.Contains(log.String(), "safetensors: 2 bytes, wanted at least 8") {
		t.Errorf("the log: %s", log.String())
	}
}

// TestMissing: without workerd the error says what to do.
func TestMissing(t *testing.T) {
	if _, err := workerd.Start(t.Context(), workerd.Options{Modules: t.TempDir()}); !errors.Is(err, workerd.ErrMissing) {
		t.Errorf("got %v, wanted ErrMissing", err)
	}
}
