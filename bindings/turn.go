package bindings

import (
	"context"
	"time"
)

// turn paces a job: the engine has one thread, and messages wait while it computes.
type turn struct {
	hop   func()
	every time.Duration
	last  time.Time
}

func (s *Service) turn() *turn {
	return &turn{hop: s.options.Hop, every: s.options.HopEvery, last: time.Now()}
}

// hopIfDue lets messages in when the job has computed long enough.
func (t *turn) hopIfDue() {
	if t.due() {
		t.hop()
		t.last = time.Now()
	}
}

// due says whether the job has computed long enough.
func (t *turn) due() bool { return time.Since(t.last) >= t.every }

// take lets messages in when that is due, and is ctx's error when one of them cancelled the job. It is to be called between steps.
func (t *turn) take(ctx context.Context) error {
	t.hopIfDue()
	return ctx.Err()
}
