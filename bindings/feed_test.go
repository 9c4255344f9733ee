package bindings

import (
	"fmt"
	"reflect"
	"testing"
	"time"
)

// pushes answers a feed event with batches of the table of exclusive or, of size rows each, for as long as they are taken.
func (p *page) pushes(data Object, rows, size int, more Object) {
	for at := int(data["skip"].(float64)) * size; ; at += size {
		push := Object{"feed": data["feed"], "end": true}
		if at < rows {
			push = and(Object{"feed": data["feed"]}, xorRows(at, size), more)
		}
		reply, err := p.server.service.Call(p.t.Context(), "feed.push", push, nil)
		if err != nil || reply.(Object)["more"] == false {
			return
		}
	}
}

// xorRows are rows of the table of exclusive or, which is repeated.
func xorRows(at, size int) Object {
	var x, y []float32
	for i := at; i < at+size; i++ {
		a, b := float32(i/2%2), float32(i%2)
		x = append(x, a, b)
		y = append(y, 1-(a-b)*(a-b), (a-b)*(a-b))
	}
	return Object{"xs": tensorOf([]int{size, 2}, x...), "ys": tensorOf([]int{size, 2}, y...)}
}

// Batches that the page sends train, evaluate and predict as the same samples do at once.
func TestFeedsAreTheirSamples(t *testing.T) {
	table := xorRows(0, 12)
	whole := Object{"x": table["xs"], "y": table["ys"]}
	for name, more := range map[string]Object{
		"plain":          {},
		"class weights":  {"classWeight": Object{"1": 3.0}},
		"sample weights": {"sampleWeight": tensorOf([]int{12}, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2)},
	} {
		var results [2]string
		for k := range results {
			p := cpuPage(t, Options{Seed: 1})
			model := p.newXOR()
			fit := and(model, whole, more, Object{"batchSize": 4.0, "epochs": 5.0, "shuffle": false, "validationX": whole["x"], "validationY": whole["y"], "validationBatchSize": 6.0})
			weights := Object{}
			if k == 1 {
				fit = and(model, more, Object{"stream": true, "epochs": 5.0, "validationStream": true})
				if more["sampleWeight"] != nil {
					weights = Object{"sampleWeight": tensorOf([]int{4}, 1, 2, 1, 2)}
					delete(fit, "sampleWeight")
				}
			}
			history, err := p.answer("model.fit", fit, func(name string, data Object) Value {
				if name == "feed" && data["of"] == "train" {
					go p.pushes(data, 12, 4, weights)
				} else if name == "feed" {
					go p.pushes(data, 12, 6, Object{})
				}
				return nil
			})
			if err != nil {
				t.Fatal(name, err.Message)
			}
			evaluate, predict := and(model, whole, Object{"batchSize": 6.0}), and(model, whole, Object{"batchSize": 6.0})
			if k == 1 {
				evaluate, predict = and(model, Object{"stream": true}), and(model, Object{"stream": true})
			}
			feed := func(name string, data Object) Value {
				go p.pushes(data, 12, 6, Object{})
				return nil
			}
			scores, err := p.answer("model.evaluate", evaluate, feed)
			if err != nil {
				t.Fatal(name, err.Message)
			}
			predictions, err := p.answer("model.predict", predict, feed)
			if err != nil {
				t.Fatal(name, err.Message)
			}
			results[k] = fmt.Sprint(history, scores, predictions, p.mustCall("model.getWeights", model))
		}
		if results[0] != results[1] {
			t.Errorf("%s: at once\n%s\nas batches\n%s", name, results[0], results[1])
		}
	}
}

// With batches per epoch one feed goes on through the epochs, and no more is asked for than will be taken.
func TestAFeedGoesOn(t *testing.T) {
	p := cpuPage(t, Options{})
	var opened []string
	history, err := p.answer("model.fit", and(p.newXOR(), Object{"stream": true, "epochs": 5.0, "initialEpoch": 2.0, "batchesPerEpoch": 4.0}), func(name string, data Object) Value {
		opened = append(opened, fmt.Sprintf("%v %v %v %v", name, data["epoch"], data["skip"], data["limit"]))
		go p.pushes(data, 1e6, 4, Object{})
		return nil
	})
	if err != nil || len(opened) != 1 || opened[0] != "feed 2 0 12" || len(history.(Object)["epoch"].([]any)) != 3 {
		t.Errorf("%v, %v, %v", opened, history, err)
	}
}

// What is wrong with a batch is the push's error, and what is wrong with all of them the fit's.
func TestBadFeeds(t *testing.T) {
	p := cpuPage(t, Options{})
	good := xorRows(0, 2)
	for _, c := range []struct {
		push          []Object
		pushed, fails string
	}{
		{[]Object{{"end": true}}, "", "fit: there is no batch"},
		{[]Object{{"ys": good["ys"]}}, "fit: xs is null, want a tensor", ""},
		{[]Object{{"xs": good["xs"], "ys": tensorOf([]int{1, 2}, 1, 2)}}, "fit: ys has 1 samples, the first input has 2", ""},
		{[]Object{{"xs": tensorOf([]int{0, 2}), "ys": tensorOf([]int{0, 2})}}, "fit: a batch has 0 samples, want 1 to 1048576", ""},
		{[]Object{and(good, Object{"sampleWeight": tensorOf([]int{3}, 1, 2, 3)})}, "fit: sampleWeight has the shape [3], want [2]", ""},
		{[]Object{{"xs": tensorOf([]int{1, 3}, 1, 2, 3), "ys": tensorOf([]int{1, 2}, 1, 2)}}, "", "dense: x is [3] a sample, the model was built for [2]"},
		{[]Object{good, {"xs": tensorOf([]int{1, 2, 1}, 1, 2), "ys": tensorOf([]int{1, 2}, 1, 0)}}, "", "fit: xs of batch 1 is [[2 1]] a sample, the first batch has [[2]]"},
	} {
		var pushed string
		id := p.send("model.fit", and(p.newXOR(), Object{"stream": true}))
		_, err := p.wait(id, func(_ string, data Object) {
			go func() {
				for _, push := range c.push {
					if _, err := p.server.service.Call(t.Context(), "feed.push", and(push, Object{"feed": data["feed"]}), nil); err != nil {
						pushed = err.Error()
						p.server.Receive(Object{"cancel": id}) // as the page does
					}
				}
			}()
		})
		if c.fails != "" {
			wantError(t, err, err.Code, c.fails)
		} else {
			wantError(t, err, Aborted)
		}
		if pushed != c.pushed {
			t.Errorf("pushed with %q, want %q", pushed, c.pushed)
		}
	}
	if reply := p.mustCall("feed.push", Object{"feed": 1e9}); reply.(Object)["more"] != false {
		t.Errorf("a feed that isn't there takes more: %v", reply)
	}
}

// While a fit waits for its batch, it can be asked, paused and cancelled.
func TestAFitThatWaitsForItsBatch(t *testing.T) {
	p := cpuPage(t, Options{})
	model := p.newXOR()
	fit := p.send("model.fit", and(model, Object{"stream": true, "epochs": 2.0}))
	if m := <-p.messages; m["event"] != "feed" {
		t.Fatalf("got %v", m)
	}
	p.mustCall("model.predict", and(model, Object{"x": xor()["x"]}))
	p.mustCall("model.evaluate", and(model, xor()))
	p.server.Receive(Object{"cancel": fit})
	_, err := p.wait(fit, nil)
	wantError(t, err, Aborted)
	p.mustCall("model.fit", and(model, xor()))
}

// The engine takes two batches ahead of the step, and no more.
func TestAFeedIsNotFlooded(t *testing.T) {
	p := cpuPage(t, Options{})
	model := p.newXOR()
	fit := p.send("model.fit", and(model, Object{"stream": true}, functions("batchBegin")))
	feed := (<-p.messages)["data"].(Object)["feed"]
	taken := make(chan int, 100)
	go func() {
		for n := 1; ; n++ {
			if reply, err := p.server.service.Call(t.Context(), "feed.push", and(xorRows(0, 2), Object{"feed": feed}), nil); err != nil || reply.(Object)["more"] == false {
				close(taken)
				return
			}
			taken <- n
		}
	}()
	if m := <-p.messages; m["event"] != "batchBegin" { // the fit waits for this to be acknowledged
		t.Fatalf("got %v", m)
	}
	for want := 1; want <= 3; want++ { // the one that is trained on, and two behind it
		if n := <-taken; n != want {
			t.Fatalf("%d were taken, want %d", n, want)
		}
	}
	select {
	case n := <-taken:
		t.Errorf("%d were taken, want 3", n)
	case <-time.After(20 * time.Millisecond):
	}
	p.server.Receive(Object{"cancel": fit})
	if _, err := p.wait(fit, nil); err == nil || err.Code != Aborted {
		t.Errorf("got %v, want aborted", err)
	}
	if _, more := <-taken; more {
		t.Error("a push was taken after the fit was over")
	}
}

// A fit that is paused while it waits for its batch takes no step with that.
func TestAFitThatIsPausedBeforeItsBatch(t *testing.T) {
	p := cpuPage(t, Options{})
	model := p.newXOR()
	fit := p.send("model.fit", and(model, Object{"stream": true}))
	m := <-p.messages
	if m["event"] != "feed" {
		t.Fatalf("got %v", m)
	}
	feed := Object{"feed": m["data"].(Object)["feed"]}
	push := func() { p.mustCall("feed.push", and(xorRows(0, 4), feed)) }
	push()
	before := p.weights(model)
	for range 20 { // until the step is done, and the fit waits again
		if after := p.weights(model); !reflect.DeepEqual(before, after) {
			break
		}
	}
	p.mustCall("model.pause", model)
	paused := p.weights(model)
	push()
	for range 20 {
		if now := p.weights(model); !reflect.DeepEqual(paused, now) {
			t.Fatal("a fit that is paused takes a step")
		}
	}
	p.mustCall("model.resume", model)
	p.mustCall("feed.push", and(Object{"end": true}, feed))
	if _, err := p.wait(fit, nil); err != nil {
		t.Fatal(err)
	}
	if reflect.DeepEqual(paused, p.weights(model)) {
		t.Error("after resume no step was taken")
	}
}
