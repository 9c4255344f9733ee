package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	cdpbrowser "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"

	"github.com/tabgrad/tabgrad/nn/data/digits"
	"github.com/tabgrad/tabgrad/wasm/worker/folder"
	"github.com/tabgrad/tabgrad/wasm/worker/modelfile"
	"github.com/tabgrad/tabgrad/wasm/worker/workerd"
)

// A person trains, keeps the network in the browser, comes back and finds it, saves it as files, loads them again and
// trains on; and make worker's build makes an endpoint of the files, whose answers are the browser's to the bit.
func TestFromTabToEndpoint(t *testing.T) {
	p := open(t, options{})
	p.ready()
	for _, id := range []string{"#save", "#keep"} {
		if !eval[bool](p, fmt.Sprintf("document.querySelector(%q).disabled", id)) {
			t.Errorf("%s can be pressed before anything was learnt", id)
		}
	}
	p.click("[name=model][value=mlp]")
	p.fill("#epochs", "1")
	p.train()
	learnt := p.text("#test-accuracy")
	p.click("#keep")
	p.says("Kept in this browser")
	model := p.download(t.TempDir(), "#save", "tabgrad-digits.json", "tabgrad-digits.weights.bin")

	p.do(chromedp.Navigate(p.url))
	p.ready()
	wait[bool](p, "!document.querySelector('#restore').hidden")
	p.click("#restore")
	p.says("Loaded: it reads " + learnt)
	p.load(model...)
	p.says("Loaded: it reads " + learnt)
	p.fill("#epochs", "1")
	p.train()
	if now, before := percent(t, p.text("#test-accuracy")), percent(t, learnt); now < before-0.02 {
		t.Errorf("it read %.4f of the test digits when it was loaded, and %.4f after one more epoch", before, now)
	}

	digit := make([]byte, 28*28)
	if err := digits.Generate(digit, make([]int32, 1), 5, 0); err != nil {
		t.Fatal(err)
	}
	bits := eval[[]uint32](p, fmt.Sprintf(`(async () => {
		const { load } = await import('./tabgrad/index.js');
		const tg = await load({ deterministic: true });
		const model = await tg.loadModel('indexeddb://tabgrad-digits');
		const { data } = await model.predict(tg.tensor(Uint8Array.from(%s), [1, 28, 28, 1], { scale: 1 / 255 }));
		await tg.close();
		return [...new Uint32Array(data.buffer)];
	})()`, strings.Join(strings.Fields(fmt.Sprint(digit)), ",")))
	if got := ask(t, model[0], digit); !slices.Equal(got, bits) {
		t.Errorf("the endpoint answers with the bits %x, the browser with %x", got, bits)
	}
}

// What is not a network that reads digits is explained, and the page goes on with the one it had.
func TestForeignFiles(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	const network = `{"format":"layers-model","modelTopology":{"class_name":"Sequential","config":{"name":"s","layers":[
		{"class_name":"%s","config":{"name":"d","units":2,"batch_input_shape":[null,4]}}]}},
		"weightsManifest":[{"paths":["w.bin"],"weights":[{"name":"d/kernel","shape":[4,2],"dtype":"float32"},{"name":"d/bias","shape":[2],"dtype":"float32"}]}]}`
	dense, weights := write("dense.json", fmt.Sprintf(network, "Dense")), write("w.bin", strings.Repeat("\x00", 40))

	p := open(t, options{})
	p.ready()
	for _, test := range []struct {
		files []string
		want  string
	}{
		{[]string{write("notes.json", "Dear diary")}, "These files are no network"},
		{[]string{write("cut.safetensors", "\x10\x00\x00\x00\x00\x00\x00\x00{}")}, "These files are no network"},
		{[]string{dense}, "A part of the network is missing"},
		{[]string{write("odd.json", fmt.Sprintf(network, "Nonesuch")), weights}, "This network has parts that are not known here"},
		{[]string{dense, weights}, "This network reads no digits"},
	} {
		p.load(test.files...)
		if said := p.problem(); !strings.Contains(said, test.want) {
			t.Errorf("%s: the panel says %q, wanted %q in it", test.files, said, test.want)
		}
		p.inState("idle")
		p.click("#problem-dismiss")
	}
	p.click("[name=model][value=mlp]")
	p.fill("#epochs", "1")
	p.train()
}

// says waits for the status line to begin with a text.
func (p *page) says(text string) {
	p.t.Helper()
	wait[bool](p, fmt.Sprintf("document.querySelector('#status').textContent.startsWith(%q)", text))
}

// load chooses a network's files.
func (p *page) load(files ...string) {
	p.t.Helper()
	p.do(chromedp.SetUploadFiles("#model-files", files))
}

// download presses a button and returns the paths of the files of those names that come, in the order of the names.
func (p *page) download(dir, selector string, names ...string) []string {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	begun, progress := chromedp.Events(ctx, cdpbrowser.DownloadWillBegin), chromedp.Events(ctx, cdpbrowser.DownloadProgress)
	p.do(chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		yes := true
		_, err := chromedp.Call(ctx, cdpbrowser.SetDownloadBehavior, cdpbrowser.SetDownloadBehaviorParams{
			Behavior: cdpbrowser.SetDownloadBehaviorBehaviorAllowAndName, BrowserContextID: chromedp.FromContext(p.ctx).BrowserContextID, DownloadPath: dir, EventsEnabled: &yes,
		})
		return err
	}))
	p.click(selector)
	paths := make([]string, len(names))
	for event, err := range begun {
		if err != nil {
			p.t.Fatalf("%s: %v; %s", selector, err, p.state())
		}
		k := slices.Index(names, event.SuggestedFilename)
		if k < 0 {
			p.t.Fatalf("%s: downloads %s, wanted %v", selector, event.SuggestedFilename, names)
		}
		paths[k] = event.GUID
		if !slices.Contains(paths, "") {
			break
		}
	}
	left := slices.Clone(paths)
	for event, err := range progress {
		if err != nil {
			p.t.Fatalf("%s: %v; %s", selector, err, p.state())
		}
		if event.State == cdpbrowser.DownloadProgressStateCompleted {
			left = slices.DeleteFunc(left, func(guid string) bool { return guid == event.GUID })
		}
		if len(left) == 0 {
			break
		}
	}
	for k, name := range names {
		named := filepath.Join(dir, name)
		if err := os.Rename(filepath.Join(dir, paths[k]), named); err != nil {
			p.t.Fatal(err)
		}
		paths[k] = named
	}
	return paths
}

// ask builds the Worker of a model's file, as make worker does, and returns the bits of its probabilities for a digit.
func ask(t *testing.T, model string, digit []byte) []uint32 {
	t.Helper()
	file, err := modelfile.Get(t.Context(), model)
	if err != nil {
		t.Fatal(err)
	}
	out, root := t.TempDir(), filepath.Join("..", "..")
	if err := folder.Write(root, out, file); err != nil {
		t.Fatal(err)
	}
	s, err := workerd.Start(t.Context(), workerd.Options{Folder: out, Modules: filepath.Join(root, "wasm", "worker", "node_modules"), Log: os.Stderr})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Stop()
	answer, err := http.Post(s.URL+"/v1/predict", "application/octet-stream", bytes.NewReader(digit))
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	var reply struct {
		Predictions []struct{ Probabilities []float32 }
	}
	if err := json.Unmarshal(body, &reply); err != nil || len(reply.Predictions) != 1 {
		t.Fatalf("the endpoint answers %s (%v)", body, err)
	}
	var bits []uint32
	for _, v := range reply.Predictions[0].Probabilities {
		bits = append(bits, math.Float32bits(v))
	}
	return bits
}
