// Package endpoint answers HTTP requests with a model's predictions: an [http.Handler], the same on a
// Cloudflare Worker (wasm/worker's GOOS=js build) and as a plain Go server.
//
//	POST /v1/predict    JSON, raw bytes or a PNG in, classes and probabilities out
//	GET  /v1/model      what the model is: shapes, layers, sha256
//	GET  /healthz       that it runs
//	GET  /openapi.json  all of this, for machines
//	GET  /              a page on which to draw a digit
//
// Requests are taken to be hostile. A body is read up to a limit, what it announces is checked before
// memory is taken for it, and the work it asks for is bounded before it starts, since on a Worker
// nothing can interrupt a computation. What is refused is answered with JSON that says what was wrong
// and what is wanted; only a bug of tabgrad's gives a 500, and then the log has the details, not the
// answer.
//
// Start at handler.go; model.go is what is served, decode.go what comes in.
package endpoint
