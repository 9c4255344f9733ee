package bindings

import (
	"context"
)

// A job is a fit, an evaluation or a prediction that runs, with what it tells the page.
type job struct {
	s    *Service
	m    *model
	ctx  context.Context
	emit Emit
	turn *turn
	// feeds are what it takes its batches from, where the page sends them.
	feeds []*feed
	// hold waits while the job is paused, with the model free; nil for one that cannot be.
	hold func()
}

func (s *Service) newJob(ctx context.Context, m *model, emit Emit) *job {
	return &job{s: s, m: m, ctx: ctx, emit: emit, turn: s.turn()}
}

// tell sends an event and waits until the page has handled it, and returns its answer. The model is free meanwhile: a callback may
// evaluate it.
func (j *job) tell(event Event) (Value, error) { return j.await(j.emit(event, true)) }

// await gives the model up until done has an answer or is closed, and is the context's error when that ends first. nil is done.
func (j *job) await(done <-chan Value) (Value, error) {
	if done == nil {
		return nil, nil
	}
	j.m.give()
	var answer Value
	select {
	case answer = <-done:
	case <-j.ctx.Done():
	}
	// Taken without the context: whoever began the job gives it back in any case.
	j.m.held <- struct{}{}
	return answer, j.ctx.Err()
}

// hop lets messages in when the job has computed long enough, and at once when the page could send a batch.
func (j *job) hop() {
	for _, f := range j.feeds {
		if f.room() {
			j.turn.hop()
		}
	}
	j.turn.hopIfDue()
}

// feed is a feed of the job's.
func (j *job) feed(what, of string, limit func(epoch, skip int) int) *feed {
	f := j.newFeed(what, of, limit)
	j.feeds = append(j.feeds, f)
	return f
}

// atMost is a feed's limit.
func atMost(steps int) func(epoch, skip int) int { return func(int, int) int { return steps } }
