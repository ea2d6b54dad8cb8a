package spending

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// A brief is kept for no longer than its code may need it.
func TestBriefsAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New(0, 0)
		o := Order{Same: Fingerprint("a"), Credits: 1, Payload: "brief"}
		code, _, err := b.Propose(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := b.Confirm(t.Context(), o, code, func(context.Context, Order) (string, error) { return "r", nil }); err != nil {
			t.Fatal(err)
		}
		if c := b.codes[code]; c.order.Payload != nil {
			t.Error("the brief of a used code is kept")
		}
		o.Same = Fingerprint("b")
		if _, _, err := b.Propose(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * CodeLife)
		b.mu.Lock()
		defer b.mu.Unlock()
		if len(b.pending) > 0 || len(b.codes) != 1 {
			t.Errorf("%d codes wait, %d are known", len(b.pending), len(b.codes))
		}
	})
}
