// Command program leans on what the shrunk tables must still say: it makes the collector walk stacks while they grow and
// are copied, recovers from panics, asks for its callers' names, and in the end panics.
package main

import (
	"fmt"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"time"
)

type node struct {
	left, right *node
	name        string
	value       int
}

//go:noinline
func tree(depth int) *node {
	if depth == 0 {
		return &node{value: 1}
	}
	n := &node{left: tree(depth - 1), right: tree(depth - 1), name: strings.Repeat("x", depth)}
	if depth%4 == 0 {
		runtime.GC()
	}
	n.value = n.left.value + n.right.value + len(n.name)
	return n
}

// deep copies its stack several times, with a pointer in each frame that the collector has to find.
//
//go:noinline
func deep(n int) int {
	here := &node{value: n}
	var room [64]int
	room[n%64] = n
	if n == 0 {
		runtime.GC()
		return 0
	}
	sum := deep(n - 1)
	return sum + here.value + room[n%64] - n
}

func callers() (names []string) {
	pc := make([]uintptr, 10)
	for frames := runtime.CallersFrames(pc[:runtime.Callers(1, pc)]); ; {
		frame, more := frames.Next()
		names = append(names, frame.Function)
		if !more {
			return names
		}
	}
}

//go:noinline
func recovered(f func()) (text string) {
	defer func() { text = fmt.Sprint(recover()) }()
	f()
	return "nothing"
}

// A point's method is called on a pointer through a wrapper of the compiler's.
type point struct{ x, y int }

func (p point) size() int { return p.x * p.y }

//go:noinline
func area(of interface{ size() int }) int { return of.size() }

func main() {
	var wait sync.WaitGroup
	sums := make([]int, 8)
	for i := range sums {
		wait.Go(func() { sums[i] = deep(1000*i) + tree(8).value })
	}
	wait.Wait()
	fmt.Println(sums)
	fmt.Println(callers())
	fmt.Println(recovered(func() { print(string(make([]byte, 3)[len(sums)])) }))
	fmt.Println(recovered(func() { fmt.Println(reflect.ValueOf(1).Len()) }))
	fmt.Println(recovered(func() { print(area((*point)(nil))) }))
	fmt.Println("a time is a text of less than 100 bytes:", len(fmt.Sprint(time.Time{})) < 100)
	inner(nil)
}

//go:noinline
func inner(n *node) { fmt.Println(n.name) }
