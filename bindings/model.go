package bindings

type model struct{}
