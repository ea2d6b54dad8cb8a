package jsonrpc

import "context"

// turn is a call's place among those that work at an answer.
type turn struct {
	running chan struct{}
	taken   bool
}

type turnKey struct{}

// take waits for a place. A call that was cancelled goes on without one, to
// end.
func (t *turn) take(ctx context.Context) {
	select {
	case t.running <- struct{}{}:
		t.taken = true
	case <-ctx.Done():
	}
}

func (t *turn) giveUp() {
	if t.taken {
		<-t.running
		t.taken = false
	}
}

// Idle lets another call of the session work while this one, whose context is
// ctx, waits for something. The function that it returns ends that: it waits for
// the call's next turn. Neither does anything for calls of no session.
func Idle(ctx context.Context) (resume func()) {
	t, ok := ctx.Value(turnKey{}).(*turn)
	if !ok {
		return func() {}
	}
	t.giveUp()
	return func() { t.take(ctx) }
}
