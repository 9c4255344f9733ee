package bindings

import (
	"fmt"
	"math"
)

// The messages between the page's classes (bindings/npm/src) and the engine. They are objects sent with postMessage;
// serve_js.go turns them into the values below, and nothing after it knows that they came from JavaScript.
//
// From the page to the engine:
//
//	{id, method, args}    a request. id is a number that the page hasn't used before, args an object.
//	{cancel: id}          ends the request between two steps; its reply is then the error "aborted".
//	{ack: id, seq}        the page has handled the event with that seq of that request.
//
// From the engine to the page, for each request any number of events and then one reply:
//
//	{id, event, data}     what happens meanwhile. With a seq the engine waits for an ack: at an epoch's begin and end
//	                      at once, for "batches" before it sends the next.
//	{id, ok}              the result, its arrays transferred.
//	{id, error}           {code, message, details}. The codes are the Code constants.
//	{lost}                an error; the engine is gone, and nothing that waits will be answered.
//
// Before the first request the page's load.ts and engine_core.ts exchange {init}, {spawn}, {spawned}, {started} and {failed},
// which Go never sees.
//
// Values are JSON's (nil, bool, float64, string, []any, map[string]any) and the typed arrays []float32, []int32 and []byte. A tensor is
// {data, shape} and may have a scale, which its numbers are multiplied by when a batch is made. A layer, an optimizer, a loss, a metric or an
// initializer is a name or Keras's {class_name, config}, with snake_case keys. x, y and sampleWeight are a tensor, an array of tensors in the order
// of the model's inputs, or of its outputs that have a loss, or an object of tensors by their names. trainable is an object of layers' paths
// ("inner/dense", "" for the model) and whether they are trained, for those that the page has set. Method args are camelCase, as in JavaScript:
//
//	engine.stats          {}                                            -> numbers; see service.go
//	model.create          {config, seed?}                               -> {model, name, layers: [name], inputs, outputs: [{name, shape}]}, or
//	                                                                       {record: {id, inputs: [shape]}}; see graph.go
//	model.part            {model, layer}                                -> {model, name, inputs, outputs} of a model that is a layer
//	ops.shapes            {inputs, weights, ops, layer?, training?}     -> {shapes}; see graph.go
//	model.compile         {model, optimizer, loss, lossWeights?, metrics, weightedMetrics?, trainable?} -> null; see compile.go
//	model.summary         {model, lineLength?, trainable?}              -> Keras's table
//	model.countParams     {model, layer?, trainable?}                   -> {total, trainable?}
//	model.fit             {model, x, y, ...}, see fit.go                -> {epoch, history}
//	                      events batches, progress, epochBegin, epochEnd
//	model.evaluate        {model, x, y, batchSize?, sampleWeight?}      -> {loss, ...}
//	model.predict         {model, x, batchSize?}                        -> tensor; of several outputs an array
//	model.trainOnBatch    {model, x, y, sampleWeight?, classWeight?}    -> {loss, ...}
//	model.getWeights      {model, layer?}                               -> [{name, shape, data}]
//	model.setWeights      {model, layer?, weights: [tensor]}            -> null
//	model.resetStates     {model}; of stateful layers                   -> null
//	model.save            {model, includeOptimizer?, trainable?}        -> {json, weights}; a model.json, and its weight file's bytes
//	model.load            {json, files: {path: bytes}} or {safetensors: bytes}, and {seed?, seedless?}
//	                      -> {model, name, config, inputs, outputs, compiled, metadata?, note?}; config is Keras's of the model, seedless: the file is not of tabgrad, and its
//	                      training has no seed; note: why it isn't compiled although the file says how
//	model.pause, resume   {model}                                       -> null
//	model.stop            {model}; fit ends after the batch             -> null
//	model.dispose         {model}                                       -> null
//	layer.adapt           {layer | adaptation, x?, last?}               -> {adaptation}, and with last {config, weights?}: what goes into the
//	                      layer's config. layer begins an adaptation, adaptation goes on with one
//	layer.drop            {adaptation}                                  -> null
//	text.create           {config}                                      -> {text}; config is a TextVectorization's or a StringLookup's
//	text.adapt            {text, bytes, ends, counts?, first?, last?}   -> null; the texts' UTF-8 bytes one behind another, where each ends,
//	                      and, where they are tokens, how many are a text's
//	text.apply            {text, bytes, ends, counts?}                  -> tensor, of int32 but for tf_idf
//	text.vocabulary       {text}                                        -> [string]
//	text.config           {text}                                        -> {class_name, config}, with the vocabulary
//	text.dispose          {text}                                        -> null
//	datasets.idx          {bytes, name}                                 -> tensor
//	datasets.centerDigit  {gray, width, height}                         -> bytes, 28x28
//	datasets.digits       {count, seed, first}                          -> {x, labels}

// A Value is what a message carries: nil, bool, float64, string, []any, map[string]any, Fields, []float32, []int32 or []byte.
type Value = any

// An Object is a Value with names. A name that isn't there reads as nil.
type Object = map[string]any

// Fields is an Object whose names stay in order, as people want to read them: the loss first. It is only sent, never received.
type Fields []Field

// A Field is a name and its value.
type Field struct {
	Name  string
	Value Value
}

// An Event is what a request tells while it runs.
type Event struct {
	Name string
	Data Object
}

// args reads a request's arguments and remembers the first that was wrong.
type args struct {
	where  string // begins the errors: "fit"
	values Object
	emit   Emit
	err    error
}

func (a *args) fail(code Code, format string, v ...any) {
	if a.err == nil {
		a.err = &Error{Code: code, Message: a.where + ": " + fmt.Sprintf(format, v...)}
	}
}

// integer is the whole number under key, or fallback where there is none. It must be in [low, high].
func (a *args) integer(key string, fallback, low, high int) int {
	switch v := a.values[key].(type) {
	case nil:
		return fallback
	case float64:
		if v == math.Trunc(v) && v >= float64(low) && v <= float64(high) {
			return int(v)
		}
		a.fail(BadConfig, "%s is %v, want a whole number from %d to %d", key, v, low, high)
	default:
		a.fail(BadConfig, "%s is %s, want a whole number", key, kind(v))
	}
	return fallback
}

// fraction is the number under key, or fallback.
func (a *args) number(key string, fallback float64) float64 {
	switch v := a.values[key].(type) {
	case nil:
		return fallback
	case float64:
		return v
	default:
		a.fail(BadConfig, "%s is %s, want a number", key, kind(v))
		return fallback
	}
}

// boolean is the bool under key, or fallback.
func (a *args) boolean(key string, fallback bool) bool {
	switch v := a.values[key].(type) {
	case nil:
		return fallback
	case bool:
		return v
	default:
		a.fail(BadConfig, "%s is %s, want true or false", key, kind(v))
		return fallback
	}
}

// object is the object under key; a nil map where there is none.
func (a *args) object(key string) Object {
	switch v := a.values[key].(type) {
	case nil:
		return nil
	case Object:
		return v
	default:
		a.fail(BadConfig, "%s is %s, want an object", key, kind(v))
		return nil
	}
}

// kind is a value's type in JavaScript's words, for messages.
func kind(v Value) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case bool:
		return fmt.Sprint(v)
	case float64:
		return fmt.Sprint(v)
	case string:
		return fmt.Sprintf("%q", v)
	case []any:
		return "an array"
	case Object:
		return "an object"
	case []float32:
		return "a Float32Array"
	case []int32:
		return "an Int32Array"
	case []byte:
		return "a Uint8Array"
	default:
		return fmt.Sprintf("%T", v)
	}
}
