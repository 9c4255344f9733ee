package main

import (
	"bytes"
	"cmp"
	"slices"
)

// shortestBlank is how long a text has to be so that nothing else can be taken for it.
const shortestBlank = 8

// blank puts zeros where memory has one of the texts, the longest first, since one may be part of another.
func blank(memory []byte, texts []string) {
	longest := slices.SortedFunc(slices.Values(texts), func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	for _, text := range longest {
		if len(text) < shortestBlank {
			return
		}
		for rest := memory; ; {
			at := bytes.Index(rest, []byte(text))
			if at < 0 {
				break
			}
			clear(rest[at : at+len(text)])
			rest = rest[at+len(text):]
		}
	}
}
