package jsonrpc

import "context"

// turn is a call's place among those that work on an answer.
type turn struct {
	running chan struct{}
	taken   bool
}

type turnKey struct{}

// take waits for a place. A cancelled call continues without one, so that it
// can end.
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

// Idle gives up the place of a call, whose context is ctx, while the call waits
// for something. The function that it returns takes a place again. For a
// context of no session both do nothing.
func Idle(ctx context.Context) (resume func()) {
	t, ok := ctx.Value(turnKey{}).(*turn)
	if !ok {
		return func() {}
	}
	t.giveUp()
	return func() { t.take(ctx) }
}
