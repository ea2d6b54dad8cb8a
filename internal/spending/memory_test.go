package spending

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// While a laptop sleeps, time.Now's monotonic clock stands still.
func TestTimeGoesOnWhileTheMachineSleeps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := New(1, 1)
		var slept time.Duration
		l.now = func() time.Time { return time.Now().Add(slept) }
		start := func(context.Context, Order) (string, error) { return "r", nil }
		o := Order{Same: Fingerprint("a"), Credits: 1, Payload: "brief"}
		propose := func() string {
			code, _, err := l.Propose(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			return code
		}
		code := propose()
		slept += CodeLife
		if _, err := l.Confirm(t.Context(), o, code, start); !errors.Is(err, ErrVoid) {
			t.Errorf("a code of ten minutes ago: %v", err)
		}
		if _, err := l.Confirm(t.Context(), o, propose(), start); err != nil {
			t.Fatal(err)
		}
		slept += day
		propose() // within the daily limit again
	})
}

// A brief is kept for no longer than its code may need it.
func TestBriefsAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := New(0, 0)
		o := Order{Same: Fingerprint("a"), Credits: 1, Payload: "brief"}
		code, _, err := l.Propose(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := l.Confirm(t.Context(), o, code, func(context.Context, Order) (string, error) { return "r", nil }); err != nil {
			t.Fatal(err)
		}
		if c := l.codes[code]; c.order.Payload != nil {
			t.Error("the brief of a used code is kept")
		}
		o.Same = Fingerprint("b")
		if _, _, err := l.Propose(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * CodeLife)
		l.mu.Lock()
		defer l.mu.Unlock()
		if len(l.pending) > 0 || len(l.codes) != 1 {
			t.Errorf("%d codes wait, %d are known", len(l.pending), len(l.codes))
		}
	})
}
