//go:build nogzip

package data

import "io"

// gunzip refuses: the engine of browsers with SIMD is built so, 12 KB smaller. They unpack gzip before the engine sees it, which then
// only gets what they could not unpack.
func gunzip(io.Reader) (io.Reader, error) {
	return nil, fail(ErrFormat, "idx: the gzip stream ends early, is damaged, or the browser has no DecompressionStream")
}
