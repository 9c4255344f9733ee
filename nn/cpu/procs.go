//go:build !js

package cpu

import "runtime"

// maxBytes bounds one Load.
const maxBytes = 1 << 36

func processors() int { return runtime.GOMAXPROCS(0) }
