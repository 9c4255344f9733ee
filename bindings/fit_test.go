package bindings

import (
	"testing"
)

// long is a fit that would go on for long, in which the page has functions for moments.
func long(model Object, moments ...any) Object {
	return and(model, xor(), Object{"epochs": 1e6, "batchSize": 1.0}, functions(moments...))
}

// functions are callbacks of the page's.
func functions(moments ...any) Object {
	return Object{"callbacks": []any{Object{"functions": moments}}}
}

func TestPredictAndEvaluateAreServedDuringFit(t *testing.T) {
	p := cpuPage(t, Options{HopEvery: 1})
	model := p.newXOR()
	fit := p.send("model.fit", long(model))
	// Replies to these come while the fit goes on: it ends only when it is cancelled.
	p.mustCall("model.predict", and(model, Object{"x": xor()["x"]}))
	p.mustCall("model.evaluate", and(model, xor()))
	p.mustCall("model.getWeights", model)
	_, err := p.call("model.fit", and(model, xor()), nil)
	wantError(t, err, Busy, "trained already")
	_, err = p.call("model.trainOnBatch", and(model, xor()), nil)
	wantError(t, err, Busy)
	p.server.Receive(Object{"cancel": fit})
	_, err = p.wait(fit, nil)
	wantError(t, err, Aborted)
	p.mustCall("model.trainOnBatch", and(model, xor()))
}

func TestACallbackMayUseTheModelAtAnEpochsEnd(t *testing.T) {
	p := cpuPage(t, Options{})
	model := p.newXOR()
	fit := p.send("model.fit", and(model, xor(), Object{"epochs": 2.0}, functions("epochEnd")))
	for epoch := range 2 {
		ended := <-p.messages
		if ended["event"] != "epochEnd" || ended["data"].(Object)["epoch"] != float64(epoch) {
			t.Fatalf("got %v, want the end of epoch %d", ended, epoch)
		}
		// The fit waits for the ack, with the model free.
		p.mustCall("model.evaluate", and(model, xor()))
		p.server.Receive(Object{"ack": fit, "seq": ended["seq"]})
	}
	if _, err := p.wait(fit, nil); err != nil {
		t.Error(err)
	}
}

func TestAFitIsCancelledWhileItWaitsForTheCallback(t *testing.T) {
	p := cpuPage(t, Options{})
	model := p.newXOR()
	fit := p.send("model.fit", long(model, "epochBegin"))
	if m := <-p.messages; m["event"] != "epochBegin" {
		t.Fatalf("got %v", m)
	}
	p.server.Receive(Object{"cancel": fit})
	_, err := p.wait(fit, nil)
	wantError(t, err, Aborted)
}

func TestPauseHoldsTheFitAndResumeLetsItGo(t *testing.T) {
	p := cpuPage(t, Options{HopEvery: 1})
	model := p.newXOR()
	p.mustCall("model.pause", model) // nothing to pause: nothing happens
	steps := func() float64 { return p.mustCall("engine.stats", Object{}).(Object)["steps"].(float64) }
	fit := p.send("model.fit", long(model))
	for steps() < 3 {
	}
	p.mustCall("model.pause", model)
	p.mustCall("model.pause", model)
	p.mustCall("model.predict", and(model, Object{"x": xor()["x"]})) // served once the step that was running is over
	held := steps()
	for range 20 {
		p.mustCall("model.evaluate", and(model, xor()))
	}
	if now := steps(); now > held+1 {
		t.Errorf("%v steps at the pause, %v later", held, now)
	}
	p.mustCall("model.resume", model)
	for steps() < held+5 {
	}
	// Cancelling ends a paused fit, too.
	p.mustCall("model.pause", model)
	p.server.Receive(Object{"cancel": fit})
	_, err := p.wait(fit, nil)
	wantError(t, err, Aborted)
}

func TestStopEndsTheFitWithItsHistory(t *testing.T) {
	p := cpuPage(t, Options{})
	model := p.newXOR()
	fit := p.send("model.fit", long(model, "epochEnd"))
	for range 3 {
		m := <-p.messages
		if m["event"] != "epochEnd" {
			t.Fatalf("got %v", m)
		}
		if m["data"].(Object)["epoch"] == 2.0 {
			p.server.Receive(Object{"id": 1000.0, "method": "model.stop", "args": model})
			if reply := <-p.messages; reply["id"] != 1000.0 {
				t.Fatalf("got %v, want stop's reply", reply)
			}
		}
		p.server.Receive(Object{"ack": fit, "seq": m["seq"]})
	}
	history, err := p.wait(fit, nil)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(history.(Object)["epoch"].([]any)); n != 3 {
		t.Errorf("%d epochs in the history, want 3", n)
	}
}

func TestASlowPageSlowsTheFitDown(t *testing.T) {
	p := cpuPage(t, Options{HopEvery: 1})
	model := p.newXOR()
	fit := p.send("model.fit", long(model, "batchEnd"))
	first := <-p.messages
	// Nothing is acknowledged, so nothing more is sent, and the training waits.
	p.mustCall("model.predict", and(model, Object{"x": xor()["x"]}))
	p.mustCall("model.predict", and(model, Object{"x": xor()["x"]}))
	if steps := p.mustCall("engine.stats", Object{}).(Object)["steps"].(float64); steps > 2 {
		t.Errorf("%v steps, want at most 2: one told, one waiting to be", steps)
	}
	p.server.Receive(Object{"ack": fit, "seq": first["seq"]})
	if second := <-p.messages; second["event"] != "batches" {
		t.Errorf("after the ack came %v", second)
	}
	p.server.Receive(Object{"cancel": fit})
	if _, err := p.wait(fit, nil); err == nil || err.Code != Aborted {
		t.Errorf("got %v, want aborted", err)
	}
}

func TestDisposeEndsAFitAndFreesTheModel(t *testing.T) {
	p := cpuPage(t, Options{})
	model := p.newXOR()
	fit := p.send("model.fit", long(model, "epochBegin"))
	<-p.messages
	dispose := p.send("model.dispose", model)
	aborted, disposed := false, false
	for range 2 {
		switch m := <-p.messages; {
		case m["id"] == fit && m["error"] != nil:
			aborted = m["error"].(Object)["code"] == string(Aborted)
		case m["id"] == dispose && m["error"] == nil:
			disposed = true
		}
	}
	if !aborted || !disposed {
		t.Errorf("fit aborted: %v, model disposed: %v", aborted, disposed)
	}
	if n := p.mustCall("engine.stats", Object{}).(Object)["models"]; n != 0.0 {
		t.Errorf("%v models are left", n)
	}
	p.mustCall("model.dispose", model)
}
