package bindings

import (
	"context"
	"fmt"
	"runtime"
	"sync"
)

// A Server takes the page's messages and answers them through send, as the top of protocol.go describes. Requests run side by side,
// each on a goroutine of its own; send is called from one at a time.
type Server struct {
	service *Service
	send    func(Object)

	mu      sync.Mutex
	running map[float64]*request
}

// request is what the page can still say about a request that runs.
type request struct {
	cancel context.CancelFunc
	seq    float64
	acks   map[float64]chan Value
}

// NewServer serves s's methods. send gets the messages for the page.
func NewServer(s *Service, send func(Object)) *Server {
	return &Server{service: s, send: send, running: map[float64]*request{}}
}

// Receive takes one message. It returns at once; a message that isn't one of the protocol's is a bug of the page's side and panics.
func (s *Server) Receive(message Object) {
	if id, ok := message["cancel"].(float64); ok {
		s.with(id, func(r *request) { r.cancel() })
		return
	}
	if id, ok := message["ack"].(float64); ok {
		seq, _ := message["seq"].(float64)
		s.with(id, func(r *request) {
			if done := r.acks[seq]; done != nil {
				delete(r.acks, seq)
				done <- message["value"]
			}
		})
		return
	}
	id, okID := message["id"].(float64)
	method, okMethod := message["method"].(string)
	arguments, okArgs := message["args"].(Object)
	if !okID || !okMethod || !okArgs {
		panic(fmt.Sprintf("bindings: not a message: %v", message))
	}
	ctx, cancel := context.WithCancel(context.Background())
	r := &request{cancel: cancel, acks: map[float64]chan Value{}}
	s.mu.Lock()
	s.running[id] = r
	s.mu.Unlock()
	go s.run(ctx, id, r, method, arguments)
}

// with calls f on a request that still runs. One that has just ended is no error: messages cross.
func (s *Server) with(id float64, f func(*request)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r := s.running[id]; r != nil {
		f(r)
	}
}

func (s *Server) run(ctx context.Context, id float64, r *request, method string, arguments Object) {
	result, err := s.call(ctx, id, r, method, arguments)
	s.mu.Lock()
	delete(s.running, id)
	s.mu.Unlock()
	r.cancel()
	reply := Object{"id": id}
	if err != nil {
		e := asError(err)
		wire := Object{"code": string(e.Code), "message": e.Message}
		if e.Details != nil {
			wire["details"] = e.Details
		}
		reply["error"] = wire
	} else {
		reply["ok"] = result
	}
	s.post(reply)
}

// call is Service.Call; a panic is a bug of tabgrad's and becomes the error "internal", so that the page learns of it.
func (s *Server) call(ctx context.Context, id float64, r *request, method string, arguments Object) (result Value, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &Error{Code: Internal, Message: fmt.Sprintf("%s: a bug in tabgrad: %v", method, p), Details: Object{"stack": stack()}}
		}
	}()
	emit := func(event Event, ack bool) <-chan Value {
		message := Object{"id": id, "event": event.Name, "data": event.Data}
		var done chan Value
		if ack {
			done = make(chan Value, 1)
			s.mu.Lock()
			r.seq++
			message["seq"] = r.seq
			r.acks[r.seq] = done
			s.mu.Unlock()
		}
		s.post(message)
		return done
	}
	return s.service.Call(ctx, method, arguments, emit)
}

func (s *Server) post(message Object) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.send(message)
}

// stack is where a panic came from.
func stack() string {
	buffer := make([]byte, 4096)
	return string(buffer[:runtime.Stack(buffer, false)])
}
