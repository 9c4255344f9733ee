package bindings

import (
	"context"
	"strings"
	"testing"
)

// page is the other side of a Server: it sends requests and keeps what comes back.
type page struct {
	t        *testing.T
	server   *Server
	messages chan Object
	lastID   float64
}

func newPage(t *testing.T, o Options) *page {
	p := &page{t: t, messages: make(chan Object, 10000)}
	p.server = NewServer(NewService(o), func(m Object) { p.messages <- m })
	return p
}

// send sends a request and returns its id.
func (p *page) send(method string, arguments Object) float64 {
	p.lastID++
	p.server.Receive(Object{"id": p.lastID, "method": method, "args": arguments})
	return p.lastID
}

// call sends a request and waits for its reply; events before it are given to onEvent, which may be nil, and acknowledged.
func (p *page) call(method string, arguments Object, onEvent func(name string, data Object)) (Value, *Error) {
	p.t.Helper()
	return p.wait(p.send(method, arguments), onEvent)
}

func (p *page) wait(id float64, onEvent func(name string, data Object)) (Value, *Error) {
	p.t.Helper()
	for m := range p.messages {
		if m["id"] != id {
			p.t.Fatalf("a message for request %v came while waiting for %v: %v", m["id"], id, m)
		}
		if name, ok := m["event"].(string); ok {
			if onEvent != nil {
				onEvent(name, m["data"].(Object))
			}
			if seq, ok := m["seq"]; ok {
				p.server.Receive(Object{"ack": id, "seq": seq})
			}
			continue
		}
		if e, ok := m["error"].(Object); ok {
			details, _ := e["details"].(Object)
			return nil, &Error{Code: Code(e["code"].(string)), Message: e["message"].(string), Details: details}
		}
		return m["ok"], nil
	}
	panic("unreachable")
}

func (p *page) mustCall(method string, arguments Object) Value {
	p.t.Helper()
	v, err := p.call(method, arguments, nil)
	if err != nil {
		p.t.Fatalf("%s: %s: %s", method, err.Code, err.Message)
	}
	return v
}

func wantError(t *testing.T, err *Error, code Code, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want %s", code)
	}
	if err.Code != code {
		t.Errorf("code %s (%s), want %s", err.Code, err.Message, code)
	}
	for _, part := range parts {
		if !strings.Contains(err.Message, part) {
			t.Errorf("message %q does not say %q", err.Message, part)
		}
	}
}

func TestAnUnknownMethodIsRefused(t *testing.T) {
	_, err := newPage(t, Options{}).call("model.fly", Object{}, nil)
	wantError(t, err, Internal, "model.fly")
}

func TestAPanicBecomesAnErrorAndTheServerGoesOn(t *testing.T) {
	methods["test.panic"] = func(*Service, context.Context, *args, Emit) (Value, error) { panic("oh") }
	defer delete(methods, "test.panic")
	p := newPage(t, Options{Threads: 3})
	_, err := p.call("test.panic", Object{}, nil)
	wantError(t, err, Internal, "a bug in tabgrad", "oh")
	if stack, _ := err.Details["stack"].(string); !strings.Contains(stack, "server_test.go") {
		t.Errorf("the stack does not name where it was: %q", stack)
	}
	if threads := p.mustCall("engine.stats", Object{}).(Object)["threads"]; threads != 3.0 {
		t.Errorf("threads %v, want 3", threads)
	}
}

func TestARequestIsCancelledWhileItRuns(t *testing.T) {
	var p *page
	hopped := 0
	p = newPage(t, Options{HopEvery: 1, Hop: func() {
		// The page cancels while the engine draws.
		if hopped++; hopped == 2 {
			p.server.Receive(Object{"cancel": p.lastID})
		}
	}})
	_, err := p.call("datasets.digits", Object{"count": 1e4, "seed": 1.0}, nil)
	wantError(t, err, Aborted)
	if hopped != 2 {
		t.Errorf("hopped %d times, want 2: the job ran on after it was cancelled", hopped)
	}
}

func TestMessagesForARequestThatIsOverAreIgnored(t *testing.T) {
	p := newPage(t, Options{})
	p.mustCall("engine.stats", Object{})
	p.server.Receive(Object{"cancel": 1.0})
	p.server.Receive(Object{"ack": 1.0, "seq": 1.0})
	p.mustCall("engine.stats", Object{})
}

func TestDigitsAreTheSameWhateverTheCount(t *testing.T) {
	p := newPage(t, Options{})
	draw := func(count, first float64) (images, labels []byte) {
		v := p.mustCall("datasets.digits", Object{"count": count, "seed": 7.0, "first": first}).(Object)
		return v["x"].(Object)["data"].([]byte), v["labels"].(Object)["data"].([]byte)
	}
	images, labels := draw(100, 0)
	tail, tailLabels := draw(30, 70)
	if string(images[70*28*28:]) != string(tail) || string(labels[70:]) != string(tailLabels) {
		t.Error("digits 70 to 99 differ when they are drawn alone")
	}
	_, err := p.call("datasets.digits", Object{"count": 0.0}, nil)
	wantError(t, err, BadConfig, "count is 0", "from 1")
}

func TestADrawingIsCentred(t *testing.T) {
	p := newPage(t, Options{})
	gray := make([]byte, 50*40)
	for y := 3; y < 13; y++ {
		gray[y*50+45] = 200
	}
	digit := p.mustCall("datasets.centerDigit", Object{"gray": gray, "width": 50.0, "height": 40.0}).([]byte)
	if len(digit) != 28*28 || digit[14*28+14] != 255 || digit[3*28+45%28] != 0 {
		t.Errorf("the line is not in the middle: %v", digit)
	}
	_, err := p.call("datasets.centerDigit", Object{"gray": gray, "width": 50.0, "height": 41.0}, nil)
	wantError(t, err, ShapeMismatch, "2000 bytes", "50 x 41")
}

func TestIDXFiles(t *testing.T) {
	p := newPage(t, Options{})
	v := p.mustCall("datasets.idx", Object{"bytes": []byte{0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 1, 5, 6}, "name": "f"}).(Object)
	if b := v["data"].([]byte); string(b) != "\x05\x06" {
		t.Errorf("data %v", b)
	}
	for _, test := range []struct {
		name  string
		bytes Value
		part  string
	}{
		{"truncated", []byte{0, 0, 8, 1, 0, 0, 0, 9, 1}, "f: "},
		{"a page", []byte("<!DOCTYPE html>"), "f: "},
		{"no bytes", "text", "want a Uint8Array"},
	} {
		_, err := p.call("datasets.idx", Object{"bytes": test.bytes, "name": "f"}, nil)
		if err == nil {
			t.Fatalf("%s: no error", test.name)
		}
		wantError(t, err, BadData, test.part)
	}
}
