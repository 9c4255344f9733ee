package endpoint

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"embed"
	"encoding/json"
	"errors"
	"io"
	"log"
	"math"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// Options are a Handler's. The zero value is an open endpoint with the default limits.
type Options struct {
	// MaxBody is the longest body that is read, in bytes; 0: 1 MiB.
	MaxBody int64
	// MaxWork is about how many multiplications a request may ask for; 0: 2e9, a few tenths of a second.
	// One instance is always answered.
	MaxWork float64
	// Token, where it is set, is what POST /v1/predict and GET /v1/model want as "Authorization: Bearer".
	Token string
	// Origins are the origins whose pages may read the answers ("https://example.org"); "*" is any.
	// The endpoint's own page needs none.
	Origins []string
	// Limited, where it is set, says that a prediction is one too many.
	Limited func(*http.Request) bool
	// Status, where it is set, adds to the answer of GET /healthz.
	Status func() map[string]any
	// Log takes what went wrong inside; nil is log.Default().
	Log *log.Logger
}

const (
	defaultMaxBody = 1 << 20
	defaultMaxWork = 2e9
	// maxInstances bounds what there is to do besides multiplying.
	maxInstances = 1024
)

//go:embed openapi.json
var openAPI []byte

//go:embed page
var page embed.FS

// New makes the endpoint of a model.
func New(m *Model, o Options) http.Handler {
	if o.MaxBody == 0 {
		o.MaxBody = defaultMaxBody
	}
	if o.MaxWork == 0 {
		o.MaxWork = defaultMaxWork
	}
	if o.Log == nil {
		o.Log = log.Default()
	}
	h := &handler{model: m, Options: o}
	h.most = int(min(maxInstances, max(1, o.MaxWork/max(1, m.work))))
	h.description = h.describe()
	return h
}

type handler struct {
	Options
	model       *Model
	most        int // instances a request
	description []byte
}

// contentSecurity lets the page load its own files and talk to this endpoint, and nothing else.
const contentSecurity = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	defer func() {
		if v := recover(); v != nil {
			h.Log.Printf("endpoint: %s %s: panic: %v", r.Method, r.URL.Path, v)
			refuse(http.StatusInternalServerError, codeInternal, "the endpoint failed; its log says how").write(w)
		}
	}()
	header := w.Header()
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Content-Security-Policy", contentSecurity)
	header.Set("Cache-Control", "no-store")
	h.allowOrigin(header, r)
	if p := h.route(w, r); p != nil {
		if p.Status == http.StatusInternalServerError {
			h.Log.Printf("endpoint: %s %s: %s", r.Method, r.URL.Path, p.Message)
			p = refuse(p.Status, codeInternal, "the endpoint failed; its log says how")
		}
		p.write(w)
	}
}

// route answers, or says why it doesn't.
func (h *handler) route(w http.ResponseWriter, r *http.Request) *problem {
	method, answer := http.MethodGet, (func(http.ResponseWriter, *http.Request) *problem)(nil)
	protected := false
	switch r.URL.Path {
	case "/v1/predict":
		method, answer, protected = http.MethodPost, h.predict, true
	case "/v1/model":
		answer, protected = h.describeModel, true
	case "/healthz":
		answer = h.health
	case "/openapi.json":
		answer = func(w http.ResponseWriter, _ *http.Request) *problem {
			writeJSON(w, http.StatusOK, openAPI)
			return nil
		}
	case "/":
		answer = static("page/index.html", "text/html; charset=utf-8")
	case "/page.css":
		answer = static("page/page.css", "text/css; charset=utf-8")
	case "/page.js":
		answer = static("page/page.js", "text/javascript; charset=utf-8")
	case "/favicon.svg":
		answer = static("page/favicon.svg", "image/svg+xml")
	default:
		return refuse(http.StatusNotFound, codeNotFound, "%s is not here; there are POST /v1/predict, GET /v1/model, /healthz, /openapi.json and /", clip(r.URL.Path))
	}
	allow := method + ", OPTIONS"
	if method == http.MethodGet {
		allow = "GET, HEAD, OPTIONS"
	}
	switch {
	case r.Method == method || method == http.MethodGet && r.Method == http.MethodHead:
	case r.Method == http.MethodOptions:
		w.Header().Set("Allow", allow)
		w.WriteHeader(http.StatusNoContent)
		return nil
	default:
		w.Header().Set("Allow", allow)
		return refuse(http.StatusMethodNotAllowed, codeMethod, "%s %s: method not allowed, wanted %s", clip(r.Method), r.URL.Path, allow)
	}
	if protected && !h.authorized(r) {
		w.Header().Set("WWW-Authenticate", `Bearer realm="tabgrad"`)
		return refuse(http.StatusUnauthorized, codeUnauthorized, `authorization: no valid token, wanted "Authorization: Bearer" and the endpoint's token`)
	}
	return answer(w, r)
}

// allowOrigin answers the browser's question whether the page that asks may read the answer.
func (h *handler) allowOrigin(header http.Header, r *http.Request) {
	if len(h.Origins) == 0 {
		return
	}
	origin := r.Header.Get("Origin")
	switch {
	case slices.Contains(h.Origins, "*"):
		header.Set("Access-Control-Allow-Origin", "*")
	case origin != "" && slices.Contains(h.Origins, origin):
		header.Set("Access-Control-Allow-Origin", origin)
		header.Add("Vary", "Origin")
	default:
		// Also where there is none: a cache must not give this answer to a page that is on the list.
		header.Add("Vary", "Origin")
		return
	}
	if r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != "" {
		header.Set("Access-Control-Allow-Methods", "GET, POST")
		header.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, "+shapeHeader+", "+typeHeader)
		header.Set("Access-Control-Max-Age", "7200")
	}
}

// authorized compares in a time that depends on neither token.
func (h *handler) authorized(r *http.Request) bool {
	if h.Token == "" {
		return true
	}
	scheme, given, _ := strings.Cut(headerText(r, "Authorization"), " ")
	want, got := sha256.Sum256([]byte(h.Token)), sha256.Sum256([]byte(strings.TrimSpace(given)))
	return subtle.ConstantTimeCompare(want[:], got[:]) == 1 && strings.EqualFold(scheme, "Bearer")
}

// headerText is a header's values as one: github.com/syumai/workers cuts them at commas.
func headerText(r *http.Request, name string) string {
	return strings.TrimSpace(strings.Join(r.Header.Values(name), ","))
}

func (h *handler) predict(w http.ResponseWriter, r *http.Request) *problem {
	if h.Limited != nil && h.Limited(r) {
		w.Header().Set("Retry-After", "60")
		return refuse(http.StatusTooManyRequests, codeLimited, "too many requests; come back in a minute")
	}
	kind, _, err := mime.ParseMediaType(headerText(r, "Content-Type"))
	if err != nil && !errors.Is(err, mime.ErrInvalidMediaParameter) {
		kind = ""
	}
	decode := map[string]func([]byte, *http.Request) ([]float32, *problem){
		"application/json": h.decodeJSON, "application/octet-stream": h.decodeBytes, "image/png": h.decodePNG,
	}[kind]
	if decode == nil {
		w.Header().Set("Accept-Post", "application/json, application/octet-stream, image/png")
		return refuse(http.StatusUnsupportedMediaType, codeMediaType,
			"content-type is %q, wanted application/json, application/octet-stream or image/png", clip(headerText(r, "Content-Type")))
	}
	if e := headerText(r, "Content-Encoding"); e != "" && !strings.EqualFold(e, "identity") {
		return refuse(http.StatusUnsupportedMediaType, codeMediaType, "content-encoding is %q, wanted none", clip(e))
	}
	body, p := h.read(w, r)
	if p != nil {
		return p
	}
	x, p := decode(body, r)
	if p != nil {
		return p
	}
	n := len(x) / h.model.inSize
	for i, v := range x {
		if v-v != 0 { // 0 for every finite number
			return refuse(http.StatusUnprocessableEntity, codeValue, "instances[%d] holds %v at element %d, wanted finite numbers", i/h.model.inSize, v, i%h.model.inSize)
		}
	}
	y, err := h.model.predict(r.Context(), x, n)
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return refuse(http.StatusBadRequest, codeBody, "the request was cancelled")
	case err != nil:
		return refuse(http.StatusInternalServerError, codeInternal, "%v", err)
	}
	for i, v := range y {
		if v-v != 0 {
			return refuse(http.StatusUnprocessableEntity, codeValue, "instances[%d]: the model's output is %v: its numbers are too large for the model", i/h.model.outSize, v)
		}
	}
	writeJSON(w, http.StatusOK, h.model.encode(y))
	return nil
}

func (h *handler) read(w http.ResponseWriter, r *http.Request) ([]byte, *problem) {
	large := func() *problem {
		return refuse(http.StatusRequestEntityTooLarge, codeTooLarge, "body: more than %d bytes", h.MaxBody)
	}
	if r.ContentLength > h.MaxBody {
		return nil, large()
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, h.MaxBody))
	var over *http.MaxBytesError
	switch {
	case errors.As(err, &over):
		return nil, large()
	case err != nil:
		return nil, refuse(http.StatusBadRequest, codeBody, "body: it ended before its time")
	case len(body) == 0:
		return nil, refuse(http.StatusBadRequest, codeBody, "body: it is empty")
	}
	return body, nil
}

// encode writes {"predictions": [...]}: for each instance {"class", "probabilities"}, or for a model that
// doesn't end in softmax {"output"}, its numbers in row-major order. Each number has the digits that it
// takes to tell it from all other float32.
func (m *Model) encode(y []float32) []byte {
	b := append(make([]byte, 0, 32+len(y)*14), `{"predictions":[`...)
	for at := 0; at < len(y); at += m.outSize {
		if at > 0 {
			b = append(b, ',')
		}
		row := y[at : at+m.outSize]
		if m.classes {
			best := 0
			for i, v := range row {
				if v > row[best] {
					best = i
				}
			}
			b = append(b, `{"class":`...)
			b = strconv.AppendInt(b, int64(best), 10)
			b = append(b, `,"probabilities":[`...)
		} else {
			b = append(b, `{"output":[`...)
		}
		for i, v := range row {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendFloat(b, v)
		}
		b = append(b, ']', '}')
	}
	return append(b, ']', '}', '\n')
}

func appendFloat(b []byte, v float32) []byte {
	form := byte('f')
	if a := math.Abs(float64(v)); a != 0 && (a < 1e-6 || a >= 1e21) {
		form = 'e'
	}
	return strconv.AppendFloat(b, float64(v), form, -1, 32)
}

func (h *handler) describe() []byte {
	m := h.model
	type tensor struct {
		Shape []int  `json:"shape"` // of one instance
		Type  string `json:"dtype"`
		Means string `json:"means,omitempty"`
	}
	means := ""
	if m.classes {
		means = "probabilities"
	}
	b, err := json.Marshal(struct {
		Name         string  `json:"name"`
		SHA256       string  `json:"sha256"`
		Inputs       tensor  `json:"input"`
		Outputs      tensor  `json:"output"`
		Params       int     `json:"params"`
		Layers       []layer `json:"layers"`
		MaxInstances int     `json:"max_instances"`
		MaxBody      int64   `json:"max_body_bytes"`
		Backend      string  `json:"backend"`
	}{m.model.Name(), m.sha256, tensor{m.in, "float32", ""}, tensor{m.out, "float32", means}, m.params, m.layers, h.most, h.MaxBody, m.backend})
	if err != nil {
		panic(err) // numbers and strings always marshal
	}
	return append(b, '\n')
}

func (h *handler) describeModel(w http.ResponseWriter, _ *http.Request) *problem {
	writeJSON(w, http.StatusOK, h.description)
	return nil
}

func (h *handler) health(w http.ResponseWriter, _ *http.Request) *problem {
	status := map[string]any{"status": "ok"}
	if h.Status != nil {
		for k, v := range h.Status() {
			status[k] = v
		}
	}
	b, err := json.Marshal(status)
	if err != nil {
		return refuse(http.StatusInternalServerError, codeInternal, "%v", err)
	}
	writeJSON(w, http.StatusOK, append(b, '\n'))
	return nil
}

func static(name, kind string) func(http.ResponseWriter, *http.Request) *problem {
	return func(w http.ResponseWriter, _ *http.Request) *problem {
		b, err := page.ReadFile(name)
		if err != nil {
			return refuse(http.StatusInternalServerError, codeInternal, "%v", err)
		}
		w.Header().Set("Content-Type", kind)
		w.Header().Set("Cache-Control", "no-cache")
		w.Header().Set("Content-Length", strconv.Itoa(len(b)))
		w.Write(b)
		return nil
	}
}

func writeJSON(w http.ResponseWriter, status int, b []byte) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(b)))
	w.WriteHeader(status)
	w.Write(b)
}

// clip shortens what a client wrote, for messages.
func clip(s string) string {
	const most = 80
	if len(s) > most {
		s = s[:most] + "..."
	}
	return strings.ToValidUTF8(s, "?")
}
