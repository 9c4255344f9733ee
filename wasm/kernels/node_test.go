//go:build !js

package kernels

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"testing"
)

// TestMain runs all tests twice: with the strict kernels under wazero, and then with
// the relaxed ones, which wazero doesn't know, in Node. Node has one lane here; how
// lanes meet doesn't depend on the build.
func TestMain(m *testing.M) {
	code := m.Run()
	if code == 0 {
		var err error
		if theNode, err = startNode(); err != nil {
			fmt.Fprintln(os.Stderr, "kernels: the relaxed kernels can't be tested:", err)
			os.Exit(1)
		}
		code = m.Run()
		if err := theNode.stop(); err != nil {
			fmt.Fprintln(os.Stderr, "kernels: node:", err)
			code = 1
		}
		if code != 0 {
			fmt.Fprintln(os.Stderr, "kernels: the failure is in the second round, relaxed kernels in Node; the first, strict under wazero, passed")
		}
	}
	os.Exit(code)
}

// theNode is set in the second round.
var theNode *node

// node is a process that runs programs on memory sent to it.
type node struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out io.Reader
}

// nodeScript reads [bytes, pages, module…] and then answers each [bytes, program, memory…] with [status, memory…].
const nodeScript = `
const fs = require('fs');
function each(view, call) {
  for (let at = 0; at < view.length;) {
    const n = call(view.subarray(at));
    if (n === 0) process.exit(0);
    at += n;
  }
}
function again(call) {
  for (;;) try { return call(); } catch (e) { if (e.code !== 'EAGAIN') { if (e.code === 'EOF') return 0; throw e; } }
}
const header = new Uint32Array(2);
each(new Uint8Array(header.buffer), (v) => again(() => fs.readSync(0, v)));
const wasm = new Uint8Array(header[0]);
each(wasm, (v) => again(() => fs.readSync(0, v)));
const memory = new WebAssembly.Memory({ initial: header[1] });
const { start } = new WebAssembly.Instance(new WebAssembly.Module(wasm), { env: { memory } }).exports;
for (;;) {
  each(new Uint8Array(header.buffer), (v) => again(() => fs.readSync(0, v)));
  const image = new Uint8Array(memory.buffer, 0, header[0]);
  each(image, (v) => again(() => fs.readSync(0, v)));
  const status = new Uint32Array([start(header[1], 1)]);
  each(new Uint8Array(status.buffer), (v) => again(() => fs.writeSync(1, v)));
  each(image, (v) => again(() => fs.writeSync(1, v)));
}
`

func startNode() (*node, error) {
	path, err := exec.LookPath("node")
	if err != nil {
		return nil, err
	}
	n := &node{cmd: exec.Command(path, "--experimental-wasm-relaxed-simd", "-e", nodeScript)}
	n.cmd.Stderr = os.Stderr
	if n.in, err = n.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if n.out, err = n.cmd.StdoutPipe(); err != nil {
		return nil, err
	}
	if err := n.cmd.Start(); err != nil {
		return nil, err
	}
	return n, n.send(testPages, Module(Options{Relaxed: true}))
}

// send writes the length of data, a word, and data.
func (n *node) send(word uint32, data []byte) error {
	header := binary.LittleEndian.AppendUint32(nil, uint32(len(data)))
	_, err := n.in.Write(append(binary.LittleEndian.AppendUint32(header, word), data...))
	return err
}

func (n *node) stop() error {
	return errors.Join(n.in.Close(), n.cmd.Wait())
}

// run runs the program on the memory, in place.
func (n *node) run(memory []byte, program uint32) (Status, error) {
	if err := n.send(program, memory); err != nil {
		return 0, err
	}
	status := make([]byte, 4)
	if _, err := io.ReadFull(n.out, status); err != nil {
		return 0, err
	}
	_, err := io.ReadFull(n.out, memory)
	return Status(binary.LittleEndian.Uint32(status)), err
}
