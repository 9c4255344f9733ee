package bindings

import (
	"fmt"
	"syscall/js"
	"unsafe"
)

// JavaScript's constructors, looked up once: a look-up costs as much as a call.
var (
	jsObject       = js.Global().Get("Object")
	jsArray        = js.Global().Get("Array")
	jsUint8Array   = js.Global().Get("Uint8Array")
	jsInt32Array   = js.Global().Get("Int32Array")
	jsFloat32Array = js.Global().Get("Float32Array")
)

// FromJS copies a JavaScript value into Go: JSON's values, typed arrays, and objects of these. undefined is nil.
func FromJS(v js.Value) Value {
	switch v.Type() {
	case js.TypeUndefined, js.TypeNull:
		return nil
	case js.TypeBoolean:
		return v.Bool()
	case js.TypeNumber:
		return v.Float()
	case js.TypeString:
		return v.String()
	case js.TypeObject:
	default:
		panic(fmt.Sprintf("bindings: a %s can't be a message", v.Type()))
	}
	switch {
	case v.InstanceOf(jsArray):
		list := make([]any, v.Length())
		for i := range list {
			list[i] = FromJS(v.Index(i))
		}
		return list
	case v.InstanceOf(jsFloat32Array):
		numbers := make([]float32, v.Length())
		copyFromJS(numbers, v)
		return numbers
	case v.InstanceOf(jsInt32Array):
		numbers := make([]int32, v.Length())
		copyFromJS(numbers, v)
		return numbers
	case v.InstanceOf(jsUint8Array):
		bytes := make([]byte, v.Length())
		js.CopyBytesToGo(bytes, v)
		return bytes
	}
	keys := jsObject.Call("keys", v)
	object := make(Object, keys.Length())
	for i := range keys.Length() {
		key := keys.Index(i).String()
		object[key] = FromJS(v.Get(key))
	}
	return object
}

// ToJS copies a Go value out into JavaScript's memory. The buffers of typed arrays are appended to transfer, an Array, so that they can be
// posted without another copy.
func ToJS(v Value, transfer js.Value) js.Value {
	switch v := v.(type) {
	case nil, bool, int, float64, string:
		return js.ValueOf(v)
	case []any:
		list := jsArray.New(len(v))
		for i, item := range v {
			list.SetIndex(i, ToJS(item, transfer))
		}
		return list
	case Object:
		object := jsObject.New()
		for key, item := range v {
			object.Set(key, ToJS(item, transfer))
		}
		return object
	case Fields:
		object := jsObject.New()
		for _, field := range v {
			object.Set(field.Name, ToJS(field.Value, transfer))
		}
		return object
	case []float32:
		return numbersToJS(v, jsFloat32Array, transfer)
	case []int32:
		return numbersToJS(v, jsInt32Array, transfer)
	case []byte:
		return numbersToJS(v, jsUint8Array, transfer)
	default:
		panic(fmt.Sprintf("bindings: a %T can't be a message", v))
	}
}

// copyFromJS fills dst with a typed array of the same length and element size, through a view of its bytes.
func copyFromJS[T float32 | int32](dst []T, v js.Value) {
	view := jsUint8Array.New(v.Get("buffer"), v.Get("byteOffset"), v.Get("byteLength"))
	js.CopyBytesToGo(bytesOf(dst), view)
}

func numbersToJS[T float32 | int32 | byte](src []T, constructor, transfer js.Value) js.Value {
	bytes := bytesOf(src)
	view := jsUint8Array.New(len(bytes))
	js.CopyBytesToJS(view, bytes)
	buffer := view.Get("buffer")
	transfer.Call("push", buffer)
	return constructor.New(buffer)
}

// bytesOf is the memory of s. WebAssembly and JavaScript's typed arrays here are both little-endian.
func bytesOf[T float32 | int32 | byte](s []T) []byte {
	if len(s) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(&s[0])), len(s)*int(unsafe.Sizeof(s[0])))
}
