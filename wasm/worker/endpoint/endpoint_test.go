package endpoint_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"log"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/tabgrad/tabgrad/nn"
	"github.com/tabgrad/tabgrad/nn/cpu"
	"github.com/tabgrad/tabgrad/nn/data"
	"github.com/tabgrad/tabgrad/nn/format"
	"github.com/tabgrad/tabgrad/wasm/worker/endpoint"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// served is a model of those layers with random weights, and its endpoint.
func served(t *testing.T, o endpoint.Options, layers ...nn.Layer) (*nn.Model, http.Handler) {
	t.Helper()
	m := nn.NewSequential(layers...)
	must(t, m.Reset(3))
	a, err := format.FromModel(m)
	must(t, err)
	file, err := format.WriteSafetensors(a)
	must(t, err)
	e, err := endpoint.Load(file, "", cpu.New[float32](cpu.Options{}))
	must(t, err)
	return m, endpoint.New(e, o)
}

func digits() []nn.Layer {
	return []nn.Layer{
		nn.Input(28, 28, 1), nn.Conv2D{Filters: 2, Kernel: nn.Size2{5, 5}, Activation: nn.ReLU}, nn.MaxPooling2D{},
		nn.Flatten{}, nn.Dense{Units: 10, Activation: nn.Softmax},
	}
}

type answer struct {
	status int
	header http.Header
	body   []byte

	Predictions []struct {
		Class         *int
		Probabilities []float32
		Output        []float32
	}
	Error struct {
		Status        int
		Code, Message string
	}
}

func ask(t *testing.T, h http.Handler, method, path string, body []byte, headers ...string) *answer {
	t.Helper()
	r := httptest.NewRequest(method, path, bytes.NewReader(body))
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	a := &answer{status: w.Code, header: w.Result().Header, body: w.Body.Bytes()}
	if strings.HasPrefix(a.header.Get("Content-Type"), "application/json") {
		must(t, json.Unmarshal(a.body, a))
	}
	return a
}

const asJSON = "application/json"

// image28 is a picture that is no digit, and tells all pixels apart.
func image28(seed int) []byte {
	b := make([]byte, 28*28)
	for i := range b {
		b[i] = byte(i*i*(seed+3) + 7*i)
	}
	return b
}

// expected is what the model says of images as package nn gives it.
func expected(t *testing.T, m *nn.Model, images ...[]byte) []float32 {
	t.Helper()
	x, err := data.NewBytes([]int{len(images), 28, 28, 1}, bytes.Join(images, nil), float32(1)/255)
	must(t, err)
	p, err := m.Predict(t.Context(), x, nn.PredictOptions{})
	must(t, err)
	return p.Data
}

func same(t *testing.T, a *answer, want []float32) {
	t.Helper()
	if a.status != http.StatusOK {
		t.Fatalf("status %d: %s", a.status, a.body)
	}
	var got []float32
	for _, p := range a.Predictions {
		best := 0
		for i, v := range p.Probabilities {
			if v > p.Probabilities[best] {
				best = i
			}
		}
		if p.Class == nil || *p.Class != best {
			t.Errorf("class %v of %v", p.Class, p.Probabilities)
		}
		got = append(got, p.Probabilities...)
	}
	if len(got) != len(want) {
		t.Fatalf("%d probabilities, wanted %d", len(got), len(want))
	}
	for i := range got {
		if math.Float32bits(got[i]) != math.Float32bits(want[i]) {
			t.Fatalf("probability %d is %v, wanted %v to the bit", i, got[i], want[i])
		}
	}
}

// TestPredict: JSON in each nesting, bytes, floats and PNG give the model's own numbers to the bit.
func TestPredict(t *testing.T) {
	m, h := served(t, endpoint.Options{}, digits()...)
	img := image28(1)
	want := expected(t, m, img)
	x := make([]float32, len(img))
	floats := []byte{}
	for i, b := range img {
		x[i] = float32(b) * (float32(1) / 255)
		floats = binary.LittleEndian.AppendUint32(floats, math.Float32bits(x[i]))
	}
	nested := make([][][]float32, 28)
	flatRows := make([][]float32, 28)
	for y := range nested {
		flatRows[y] = x[28*y : 28*y+28]
		for _, v := range flatRows[y] {
			nested[y] = append(nested[y], []float32{v})
		}
	}
	for name, instance := range map[string]any{"nested": nested, "28x28": flatRows, "flat": x} {
		body, err := json.MarshalIndent(map[string]any{"instances": []any{instance, instance}, "signature_name": "d\u00e9f\\"}, "", " ")
		must(t, err)
		t.Run(name, func(t *testing.T) {
			same(t, ask(t, h, "POST", "/v1/predict", body, "Content-Type", "application/json; charset=utf-8"), append(want[:10:10], want...))
		})
	}
	const raw = "application/octet-stream"
	same(t, ask(t, h, "POST", "/v1/predict", img, "Content-Type", raw), want)
	same(t, ask(t, h, "POST", "/v1/predict", img, "Content-Type", raw, "X-Tensor-Shape", "1,28", "X-Tensor-Shape", "28,1"), want) // as workers cuts it
	same(t, ask(t, h, "POST", "/v1/predict", floats, "Content-Type", raw, "X-Tensor-Shape", "1, 784", "X-Tensor-Type", "float32"), want)

	gray := &image.Gray{Pix: img, Stride: 28, Rect: image.Rect(0, 0, 28, 28)}
	var file bytes.Buffer
	must(t, png.Encode(&file, gray))
	same(t, ask(t, h, "POST", "/v1/predict", file.Bytes(), "Content-Type", "image/png"), want)

	// Many at once: more than a batch.
	var images [][]byte
	for i := range 39 {
		images = append(images, image28(i))
	}
	same(t, ask(t, h, "POST", "/v1/predict", bytes.Join(images, nil), "Content-Type", raw), expected(t, m, images...))
}

// TestCenter: a drawing of any size, as raw ink and as a PNG of dark ink on white or on nothing, is
// centred first.
func TestCenter(t *testing.T) {
	m, h := served(t, endpoint.Options{}, digits()...)
	const wide, high = 90, 70
	ink := make([]byte, wide*high)
	light := image.NewNRGBA(image.Rect(0, 0, wide, high))
	clear := image.NewNRGBA(image.Rect(0, 0, wide, high))
	for y := range high {
		for x := range wide {
			light.Set(x, y, color.White)
			if x > 20 && x < 30 && y > 5 && y < 60 || y > 50 && y < 60 && x > 20 && x < 60 {
				ink[y*wide+x] = 255
				light.Set(x, y, color.Black)
				clear.Set(x, y, color.Black)
			}
		}
	}
	centered := data.CenterDigit(ink, wide, high)
	want := expected(t, m, centered[:])
	same(t, ask(t, h, "POST", "/v1/predict?center=digit", ink, "Content-Type", "application/octet-stream", "X-Tensor-Shape", "70,90"), want)
	for _, img := range []image.Image{light, clear} {
		var file bytes.Buffer
		must(t, png.Encode(&file, img))
		same(t, ask(t, h, "POST", "/v1/predict?center=digit", file.Bytes(), "Content-Type", "image/png"), want)
	}
}

// TestOutput: a model that doesn't end in softmax answers with its numbers.
func TestOutput(t *testing.T) {
	m, h := served(t, endpoint.Options{}, nn.Input(3), nn.Dense{Units: 2})
	a := ask(t, h, "POST", "/v1/predict", []byte(`{"instances":[[1,-2.5e-1,3]]}`), "Content-Type", asJSON)
	x, err := data.NewFloats([]int{1, 3}, []float32{1, -0.25, 3})
	must(t, err)
	p, err := m.Predict(t.Context(), x, nn.PredictOptions{})
	must(t, err)
	if len(a.Predictions) != 1 || fmt.Sprint(a.Predictions[0].Output) != fmt.Sprint(p.Data) {
		t.Errorf("%s, wanted %v", a.body, p.Data)
	}
	a = ask(t, h, "POST", "/v1/predict", []byte(`{"instances":[[3e38,3e38,3e38]]}`), "Content-Type", asJSON)
	if a.status != http.StatusUnprocessableEntity && a.status != http.StatusOK {
		t.Errorf("huge numbers: %d %s", a.status, a.body)
	}
	floats := make([]byte, 12)
	binary.LittleEndian.PutUint32(floats[4:], math.Float32bits(float32(math.NaN())))
	a = ask(t, h, "POST", "/v1/predict", floats, "Content-Type", "application/octet-stream", "X-Tensor-Type", "float32")
	if a.status != http.StatusUnprocessableEntity || a.Error.Message != "instances[0] holds NaN at element 1, wanted finite numbers" {
		t.Errorf("NaN: %d %s", a.status, a.body)
	}
}

// TestRefused: what is wrong is answered with its status, a code, and what is wanted.
func TestRefused(t *testing.T) {
	_, h := served(t, endpoint.Options{}, digits()...)
	small := func(s string) string { return `{"instances":` + s + `}` }
	row := "[" + strings.Repeat("0,", 783) + "0]"
	announce := func(w, h uint32) string { // a PNG's beginning
		b := []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR")
		b = binary.BigEndian.AppendUint32(b, w)
		b = binary.BigEndian.AppendUint32(b, h)
		b = append(b, 8, 0, 0, 0, 0)
		return string(binary.BigEndian.AppendUint32(b, crc(b[12:])))
	}
	const raw, asPNG = "application/octet-stream", "image/png"
	for _, c := range []struct {
		kind, body, message string
		status              int
		headers             []string
	}{
		{asJSON, "", "body: it is empty", 400, nil},
		{asJSON, "{", "body: the JSON ends at byte 1, wanted a string", 400, nil},
		{asJSON, "[]", `body: byte 0 is '[', wanted an object: {"instances": [...]}`, 400, nil},
		{asJSON, "{}", "body: instances is missing", 400, nil},
		{asJSON, `{"inputs":[]}`, `body: the key "inputs" is not known, wanted instances`, 400, nil},
		{asJSON, `{"instances":[],"instances":[]}`, "body: instances is there twice", 400, nil},
		{asJSON, `{"instances" []}`, "body: byte 13 is '[', wanted :", 400, nil},
		{asJSON, `{"instances":[]`, "body: the JSON ends at byte 15, wanted , or }", 400, nil},
		{asJSON, small("[]") + "x", "body: byte 16 is 'x', wanted the end", 400, nil},
		{asJSON, `{"signature_name":"a`, `body: the JSON ends at byte 20, wanted a string's "`, 400, nil},
		{asJSON, `{"signature_name":"\`, `body: the JSON ends at byte 20, wanted a string's "`, 400, nil},
		{asJSON, `{"signature_name":"\q"}`, `body: byte 18 is '"', wanted a well-formed string`, 400, nil},
		{asJSON, small("{}"), "body: byte 13 is '{', wanted a list of instances", 400, nil},
		{asJSON, small("[1 2]"), "body: byte 16 is '2', wanted , or ]", 400, nil},
		{asJSON, small("[1,]"), "body: byte 16 is ']', wanted a number", 400, nil},
		{asJSON, small("[01]"), "body: byte 15 is '1', wanted , or ]", 400, nil},
		{asJSON, small("[1.]"), "body: byte 16 is ']', wanted a number", 400, nil},
		{asJSON, small("[1e]"), "body: byte 16 is ']', wanted a digit", 400, nil},
		{asJSON, small("[NaN]"), "body: byte 14 is 'N', wanted a number", 400, nil},
		{asJSON, small(strings.Repeat("[", 100000)), "body: byte 21: lists nest more than 8 deep", 400, nil},
		{asJSON, small("[]"), "instances: there are none", 422, nil},
		{asJSON, small("[[],[]]"), "instances: there are no numbers in them", 422, nil},
		{asJSON, small("[[1,2],[3]]"), "instances: byte 22: a list of 1 beside one of 2", 422, nil},
		{asJSON, small("[1,[2]]"), "instances: byte 16: a list among numbers", 422, nil},
		{asJSON, small("[[1],2]"), "instances: byte 18: a number among lists", 422, nil},
		{asJSON, small("[[[]],[1]]"), "instances: byte 20: a number among lists", 422, nil},
		{asJSON, small("[1e39]"), "instances: byte 14: 1e39 is out of float32's range", 422, nil},
		{asJSON, small("[[1,2,3]]"), "instances: each is 3, the model wants 28x28x1", 422, nil},
		{asJSON, small("[1,2,3]"), "instances: each is a number, the model wants 28x28x1", 422, nil},
		{asJSON, small("[" + row + "]"), "center=digit goes with a PNG or with raw bytes", 400, []string{"?", "center=digit"}},
		{asJSON, small("[" + row + "]"), `center is "middle", wanted digit or nothing`, 400, []string{"?", "center=middle"}},
		{asJSON, small("[" + row + "]"), `content-encoding is "gzip", wanted none`, 415, []string{"Content-Encoding", "gzip"}},
		{"", small("[" + row + "]"), `content-type is "", wanted application/json, application/octet-stream or image/png`, 415, nil},
		{"text/html", "x", `content-type is "text/html", wanted application/json, application/octet-stream or image/png`, 415, nil},
		{raw, "x", "body: 1 bytes, wanted a multiple of 784 (an instance is 28x28x1 of 1 bytes)", 400, nil},
		{raw, "x", `X-Tensor-Type is "int8", wanted uint8 or float32`, 400, []string{"X-Tensor-Type", "int8"}},
		{raw, "x", `X-Tensor-Shape is "1,-1", wanted whole numbers like 1,28,28,1, with a product below 2^31`, 400, []string{"X-Tensor-Shape", "1,-1"}},
		{raw, "x", `X-Tensor-Shape is "65536,65536", wanted whole numbers like 1,28,28,1, with a product below 2^31`, 400, []string{"X-Tensor-Shape", "65536,65536"}},
		{raw, "x", `X-Tensor-Shape is "1,1,1,1,1,1,1,1,1", wanted whole numbers like 1,28,28,1, with a product below 2^31`, 400, []string{"X-Tensor-Shape", "1,1,1,1,1,1,1,1,1"}},
		{raw, "x", "body: 1 bytes, X-Tensor-Shape 0x28x28x1 is 0", 400, []string{"X-Tensor-Shape", "0,28,28,1"}},
		{raw, "x", "body: 1 bytes, X-Tensor-Shape 1000000000 is 4000000000", 400, []string{"X-Tensor-Shape", "1000000000", "X-Tensor-Type", "float32"}},
		{raw, "xxxx", "body: each is 2, the model wants 28x28x1", 422, []string{"X-Tensor-Shape", "2,2"}},
		{raw, "xxxx", "center=digit: 2x2x1, wanted uint8 of height x width, at most 1024 each", 422, []string{"X-Tensor-Shape", "2,2,1", "?", "center=digit"}},
		{raw, "xxxx", "X-Tensor-Shape is missing, wanted a drawing's height and width", 400, []string{"?", "center=digit"}},
		{asPNG, "x", "image: not a PNG: unexpected EOF", 400, nil},
		{asPNG, announce(28, 28), "image: not a PNG: unexpected EOF", 400, nil},
		{asPNG, announce(20000, 20000), "image: 20000x20000 pixels, wanted at most 1024 each way", 413, nil},
		{asPNG, announce(29, 28), "image: 29 wide and 28 high, the model wants 28 and 28; /v1/predict?center=digit takes drawings of any size", 422, nil},
	} {
		path := "/v1/predict"
		headers := []string{}
		if c.kind != "" {
			headers = append(headers, "Content-Type", c.kind)
		}
		for i := 0; i < len(c.headers); i += 2 {
			if c.headers[i] == "?" {
				path += "?" + c.headers[i+1]
			} else {
				headers = append(headers, c.headers[i], c.headers[i+1])
			}
		}
		a := ask(t, h, "POST", path, []byte(c.body), headers...)
		if a.status != c.status || a.Error.Status != c.status || a.Error.Message != c.message || a.Error.Code == "" {
			t.Errorf("%s %.40q %v: %d %s, wanted %d %s", c.kind, c.body, c.headers, a.status, a.body, c.status, c.message)
		}
	}
}

// TestTooMuch: bodies, and work, beyond the limits.
func TestTooMuch(t *testing.T) {
	_, h := served(t, endpoint.Options{MaxBody: 10000, MaxWork: 140000}, digits()...) // each is 25*2*24*24 + 2880 + about 1800
	const raw = "application/octet-stream"
	for n, want := range map[int]int{1: 200, 4: 200, 5: 413, 20: 413} {
		a := ask(t, h, "POST", "/v1/predict", make([]byte, n*784), "Content-Type", raw)
		if a.status != want {
			t.Errorf("%d instances: %d %s", n, a.status, a.body)
		}
	}
	// Chunked: no length is announced.
	r := httptest.NewRequest("POST", "/v1/predict", io.MultiReader(strings.NewReader(strings.Repeat(" ", 20000))))
	r.ContentLength = -1
	r.Header.Set("Content-Type", asJSON)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code != 413 || !strings.Contains(w.Body.String(), "body: more than 10000 bytes") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	// Many numbers in few instances are refused before they are all read.
	a := ask(t, h, "POST", "/v1/predict", []byte(`{"instances":[[`+strings.Repeat("0,", 4000)+"0]]}"), "Content-Type", asJSON)
	if a.status != 413 || a.Error.Message != "instances: more than 3136 numbers" {
		t.Errorf("%d %s", a.status, a.body)
	}
}

// TestCutBody: a body that ends early is the client's fault.
func TestCutBody(t *testing.T) {
	_, h := served(t, endpoint.Options{}, digits()...)
	r := httptest.NewRequest("POST", "/v1/predict", io.MultiReader(strings.NewReader("{"), brokenReader{}))
	r.Header.Set("Content-Type", asJSON)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code != 400 || !strings.Contains(w.Body.String(), "body: it ended before its time") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestRoutes(t *testing.T) {
	_, h := served(t, endpoint.Options{Status: func() map[string]any { return map[string]any{"answered": 3} }}, digits()...)
	for _, c := range []struct {
		method, path string
		status       int
		contains     string
	}{
		{"GET", "/", 200, "<title>Draw a digit"},
		{"HEAD", "/", 200, ""},
		{"GET", "/page.js", 200, "v1/predict"},
		{"GET", "/page.css", 200, "canvas"},
		{"GET", "/favicon.svg", 200, "<svg"},
		{"GET", "/healthz", 200, `{"answered":3,"status":"ok"}`},
		{"GET", "/openapi.json", 200, `"openapi"`},
		{"GET", "/v1/model", 200, `"layers":[{"name":"conv2d","class":"Conv2D","output_shape":[24,24,2],"params":52}`},
		{"GET", "/v1/predict", 405, "GET /v1/predict: method not allowed, wanted POST, OPTIONS"},
		{"DELETE", "/v1/model", 405, "wanted GET, HEAD, OPTIONS"},
		{"OPTIONS", "/v1/predict", 204, ""},
		{"GET", "/v1/", 404, "/v1/ is not here"},
		{"GET", "/../page/index.html", 404, "is not here"},
	} {
		a := ask(t, h, c.method, c.path, nil)
		if a.status != c.status || !strings.Contains(string(a.body), c.contains) {
			t.Errorf("%s %s: %d %s", c.method, c.path, a.status, a.body)
		}
		if a.header.Get("X-Content-Type-Options") != "nosniff" || !strings.HasPrefix(a.header.Get("Content-Security-Policy"), "default-src 'none'") {
			t.Errorf("%s %s: headers %v", c.method, c.path, a.header)
		}
		if c.status == 405 && a.header.Get("Allow") == "" {
			t.Errorf("%s %s: no Allow", c.method, c.path)
		}
	}
	a := ask(t, h, "GET", "/v1/model", nil)
	var m struct {
		SHA256 string
		Input  struct{ Shape []int }
		Params int
	}
	must(t, json.Unmarshal(a.body, &m))
	if len(m.SHA256) != 64 || fmt.Sprint(m.Input.Shape) != "[28 28 1]" || m.Params != 52+12*12*2*10+10 {
		t.Errorf("%s", a.body)
	}
}

func TestToken(t *testing.T) {
	_, h := served(t, endpoint.Options{Token: "se,cret"}, digits()...)
	for _, c := range []struct {
		given  []string
		status int
	}{
		{nil, 401}, {[]string{""}, 401}, {[]string{"Bearer"}, 401}, {[]string{"Bearer se,cre"}, 401}, {[]string{"Basic se,cret"}, 401},
		{[]string{"Bearer se,cret"}, 200}, {[]string{"bearer se", "cret"}, 200},
	} {
		headers := []string{"Content-Type", "application/octet-stream"}
		for _, g := range c.given {
			headers = append(headers, "Authorization", g)
		}
		a := ask(t, h, "POST", "/v1/predict", image28(0), headers...)
		if a.status != c.status || (a.header.Get("WWW-Authenticate") == "") != (c.status == 200) || bytes.Contains(a.body, []byte("se,cret")) {
			t.Errorf("%q: %d %s %v", c.given, a.status, a.body, a.header)
		}
	}
	if a := ask(t, h, "GET", "/v1/model", nil); a.status != 401 {
		t.Errorf("/v1/model: %d", a.status)
	}
	if a := ask(t, h, "GET", "/healthz", nil); a.status != 200 {
		t.Errorf("/healthz: %d", a.status)
	}
}

func TestOrigins(t *testing.T) {
	_, h := served(t, endpoint.Options{Origins: []string{"https://a.example"}}, digits()...)
	for origin, allowed := range map[string]string{"https://a.example": "https://a.example", "https://b.example": "", "null": "", "": ""} {
		a := ask(t, h, "OPTIONS", "/v1/predict", nil, "Origin", origin, "Access-Control-Request-Method", "POST")
		if a.status != 204 || a.header.Get("Access-Control-Allow-Origin") != allowed || a.header.Get("Vary") != "Origin" ||
			(a.header.Get("Access-Control-Allow-Headers") != "") != (allowed != "") {
			t.Errorf("%q: %d %v", origin, a.status, a.header)
		}
	}
	// Answers that refuse can be read, too.
	if a := ask(t, h, "POST", "/v1/predict", nil, "Origin", "https://a.example"); a.status != 415 || a.header.Get("Access-Control-Allow-Origin") != "https://a.example" {
		t.Errorf("%d %v", a.status, a.header)
	}
	_, h = served(t, endpoint.Options{Origins: []string{"*"}}, digits()...)
	if a := ask(t, h, "GET", "/v1/model", nil, "Origin", "https://b.example"); a.header.Get("Access-Control-Allow-Origin") != "*" || a.header.Get("Vary") != "" {
		t.Errorf("%v", a.header)
	}
	_, h = served(t, endpoint.Options{}, digits()...)
	if a := ask(t, h, "GET", "/v1/model", nil, "Origin", "https://b.example"); a.header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("%v", a.header)
	}
}

func TestLimited(t *testing.T) {
	limited := true
	_, h := served(t, endpoint.Options{Limited: func(*http.Request) bool { return limited }}, digits()...)
	a := ask(t, h, "POST", "/v1/predict", image28(0), "Content-Type", "application/octet-stream")
	if a.status != 429 || a.header.Get("Retry-After") == "" || a.Error.Code != "rate_limited" {
		t.Errorf("%d %s", a.status, a.body)
	}
	limited = false
	if a := ask(t, h, "POST", "/v1/predict", image28(0), "Content-Type", "application/octet-stream"); a.status != 200 {
		t.Errorf("%d %s", a.status, a.body)
	}
}

// TestPanic: a bug is logged, and the answer doesn't show its insides.
func TestPanic(t *testing.T) {
	var logged bytes.Buffer
	_, h := served(t, endpoint.Options{Limited: func(*http.Request) bool { panic("inside") }, Log: log.New(&logged, "", 0)}, digits()...)
	a := ask(t, h, "POST", "/v1/predict", nil)
	if a.status != 500 || strings.Contains(string(a.body), "inside") || !strings.Contains(logged.String(), "inside") {
		t.Errorf("%d %s, log %s", a.status, a.body, logged.String())
	}
}

// TestLoadRefuses: what is not a model that can be served.
func TestLoadRefuses(t *testing.T) {
	if _, err := endpoint.Load([]byte("{"), "", cpu.New[float32](cpu.Options{})); err == nil {
		t.Error("a file of one byte was loaded")
	}
}
