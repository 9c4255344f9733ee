package bindings

import "syscall/js"

// ServeJS answers the page's messages for as long as the engine lives. host is what engine_core.ts gives the Go program: ready, post and hop.
// It never returns.
func ServeJS(s *Service, host js.Value) {
	post := host.Get("post")
	server := NewServer(s, func(message Object) {
		transfer := jsArray.New()
		post.Invoke(ToJS(message, transfer), transfer)
	})
	// Bound once and never released: it is called for every message until the engine ends.
	dispatch := js.FuncOf(func(_ js.Value, arguments []js.Value) any {
		server.Receive(FromJS(arguments[0]).(Object))
		return nil
	})
	host.Call("ready", dispatch)
	select {}
}

// Hop is a function that lets JavaScript's event loop go round once and returns after it: messages that wait are taken.
// It may be called from many goroutines; one callback serves them all, in order.
func Hop(host js.Value) func() {
	hop := host.Get("hop")
	var waiting []chan struct{}
	arrived := js.FuncOf(func(js.Value, []js.Value) any {
		first := waiting[0]
		waiting = waiting[1:]
		close(first)
		return nil
	})
	return func() {
		done := make(chan struct{})
		waiting = append(waiting, done)
		hop.Invoke(arrived)
		<-done
	}
}
