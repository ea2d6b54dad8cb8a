package spending_test

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"instaview-mcp/client"
	"instaview-mcp/internal/spending"
	"instaview-mcp/internal/tenant"
)

// desk is a Ledger with the one who carries orders out.
type desk struct {
	t      *testing.T
	ledger *spending.Ledger
	starts atomic.Int32
	answer func(n int32) (string, error)
}

func newDesk(t *testing.T, perRun, perDay int) *desk {
	return &desk{t: t, ledger: spending.New(perRun, perDay), answer: func(n int32) (string, error) { return fmt.Sprint("run", n), nil }}
}

func (d *desk) do(ctx context.Context, o spending.Order) (string, error) {
	if o.Payload != "brief" {
		d.t.Errorf("payload %v", o.Payload)
	}
	requestID, err := d.answer(d.starts.Add(1))
	if ctx.Err() != nil {
		return "", ctx.Err()
	}
	return requestID, err
}

func order(text string, credits int) spending.Order {
	return spending.Order{Caller: "ann", Key: "key", Same: spending.Fingerprint(text), Credits: credits, Payload: "brief"}
}

func again(o spending.Order) spending.Order {
	o.Again = true
	return o
}

func (d *desk) propose(o spending.Order) string {
	d.t.Helper()
	code, earlier, err := d.ledger.Propose(d.t.Context(), o)
	if err != nil || earlier != nil || !regexp.MustCompile(`^[A-Z2-7]{8}$`).MatchString(code) {
		d.t.Fatalf("code %q, earlier %+v, error %v", code, earlier, err)
	}
	return code
}

func (d *desk) confirm(o spending.Order, code string) (*spending.Attempt, error) {
	return d.ledger.Confirm(d.t.Context(), o, code, d.do)
}

func (d *desk) wants(what string, starts int32) {
	d.t.Helper()
	if got := d.starts.Load(); got != starts {
		d.t.Errorf("%s: %d starts, want %d", what, got, starts)
	}
}

func in(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, test)
}

func TestACodeStartsOneRun(t *testing.T) {
	in(t, func(t *testing.T) {
		d := newDesk(t, 0, 0)
		o := order("a", 10)
		code := d.propose(o)
		d.wants("proposed", 0)
		first, err := d.confirm(o, code)
		if err != nil || first.RequestID != "run1" || first.Earlier {
			t.Fatalf("%+v, %v", first, err)
		}
		time.Sleep(23 * time.Hour)
		second, err := d.confirm(o, code)
		if err != nil || second.RequestID != "run1" || !second.Earlier || second.Ago != 23*time.Hour {
			t.Errorf("used again: %+v, %v", second, err)
		}
		d.wants("used twice", 1)
	})
}

func TestACodeAloneStandsForItsOrder(t *testing.T) {
	in(t, func(t *testing.T) {
		d := newDesk(t, 0, 0)
		code := d.propose(order("a", 10))
		if a, err := d.confirm(spending.Order{Caller: "ann"}, code); err != nil || a.RequestID != "run1" {
			t.Errorf("%+v, %v", a, err)
		}
	})
}

func TestCodesThatStartNothing(t *testing.T) {
	for name, tt := range map[string]struct {
		after time.Duration
		order spending.Order
		code  string // "" = the right one
		want  error
	}{
		"just in time":      {10*time.Minute - 1, order("a", 10), "", nil},
		"after ten minutes": {10 * time.Minute, order("a", 10), "", spending.ErrVoid},
		"changed arguments": {0, order("b", 10), "", spending.ErrChanged},
		"now with again":    {0, again(order("a", 10)), "", spending.ErrChanged},
		"another tool":      {0, spending.Order{Tool: "x", Caller: "ann"}, "", spending.ErrVoid},
		"another caller":    {0, spending.Order{Caller: "bob", Same: spending.Fingerprint("a")}, "", spending.ErrVoid},
		"never given":       {0, order("a", 10), "AAAAAAAA", spending.ErrVoid},
	} {
		t.Run(name, func(t *testing.T) {
			in(t, func(t *testing.T) {
				d := newDesk(t, 0, 0)
				code := d.propose(order("a", 10))
				time.Sleep(tt.after)
				if tt.code != "" {
					code = tt.code
				}
				if _, err := d.confirm(tt.order, code); !errors.Is(err, tt.want) {
					t.Errorf("error %v, want %v", err, tt.want)
				}
				want := int32(0)
				if tt.want == nil {
					want = 1
				}
				d.wants(name, want)
			})
		})
	}
}

func TestACodeAskedForAgainIsTheSameAndNew(t *testing.T) {
	in(t, func(t *testing.T) {
		d := newDesk(t, 0, 0)
		code := d.propose(order("a", 10))
		time.Sleep(9 * time.Minute)
		if next := d.propose(order("a", 10)); next != code {
			t.Errorf("two codes for one order: %s, %s", code, next)
		}
		if other := d.propose(order("b", 10)); other == code {
			t.Error("one code for two orders")
		}
		time.Sleep(9 * time.Minute)
		if _, err := d.confirm(order("a", 10), code); err != nil {
			t.Error(err)
		}
	})
}

func TestConfirmationsAtTheSameTimeMakeOneStart(t *testing.T) {
	in(t, func(t *testing.T) {
		d := newDesk(t, 0, 0)
		d.answer = func(n int32) (string, error) {
			time.Sleep(15 * time.Second)
			return fmt.Sprint("run", n), nil
		}
		code := d.propose(order("a", 10))
		var calls sync.WaitGroup
		for range 20 {
			calls.Go(func() {
				if a, err := d.confirm(order("a", 10), code); err != nil || a.RequestID != "run1" {
					t.Errorf("%+v, %v", a, err)
				}
			})
			calls.Go(func() { // another call for the same order meets the run being started
				switch code, a, err := d.ledger.Propose(t.Context(), order("a", 10)); {
				case err != nil, a == nil && code == "", a != nil && a.RequestID != "run1":
					t.Errorf("%s, %+v, %v", code, a, err)
				}
			})
		}
		calls.Wait()
		d.wants("twenty confirmations", 1)
	})
}

func TestACallerWhoLeavesLosesNothing(t *testing.T) {
	in(t, func(t *testing.T) {
		d := newDesk(t, 0, 0)
		d.answer = func(n int32) (string, error) {
			time.Sleep(10 * time.Second)
			return fmt.Sprint("run", n), nil
		}
		code := d.propose(order("a", 10))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := d.ledger.Confirm(ctx, order("a", 10), code, d.do); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v", err)
		}
		if n := d.ledger.Unfinished(); n != 1 {
			t.Errorf("%d unfinished, want 1", n)
		}
		if a, err := d.confirm(order("a", 10), code); err != nil || a.RequestID != "run1" || !a.Earlier {
			t.Errorf("%+v, %v", a, err)
		}
		if n := d.ledger.Unfinished(); n != 0 {
			t.Errorf("%d unfinished at the end", n)
		}
		d.wants("asked twice", 1)
	})
}

func TestTheSameOrderWithinTenMinutesIsARepetition(t *testing.T) {
	in(t, func(t *testing.T) {
		d := newDesk(t, 0, 0)
		o := order("a", 10)
		if _, err := d.confirm(o, d.propose(o)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10*time.Minute - 1)
		if code, earlier, err := d.ledger.Propose(t.Context(), o); code != "" || earlier == nil || earlier.RequestID != "run1" || err != nil {
			t.Errorf("%s, %+v, %v", code, earlier, err)
		}
		other := o
		other.Caller = "bob"
		d.propose(other) // bob has started nothing
		if a, err := d.confirm(again(o), d.propose(again(o))); err != nil || a.RequestID != "run2" {
			t.Errorf("again: %+v, %v", a, err)
		}
		time.Sleep(10*time.Minute - 1)
		if _, earlier, _ := d.ledger.Propose(t.Context(), o); earlier == nil || earlier.RequestID != "run2" {
			t.Errorf("the newest is not named: %+v", earlier)
		}
		time.Sleep(time.Nanosecond)
		d.propose(o)
		d.wants("the same order", 2)
	})
}

// A code that was given before the same order was started by another one.
func TestASecondCodeForAStartedOrderStartsNothing(t *testing.T) {
	in(t, func(t *testing.T) {
		d := newDesk(t, 0, 0)
		o := order("a", 10)
		first := d.propose(o)
		if _, err := d.confirm(o, first); err != nil {
			t.Fatal(err)
		}
		// after the window a new code, then the old one's run is started again
		time.Sleep(10 * time.Minute)
		second := d.propose(o)
		third := d.propose(again(o))
		if _, err := d.confirm(again(o), third); err != nil {
			t.Fatal(err)
		}
		if a, err := d.confirm(o, second); err != nil || a.RequestID != "run2" || !a.Earlier {
			t.Errorf("%+v, %v", a, err)
		}
		d.wants("three codes", 2)
	})
}

func TestAnUnknownOutcomeIsSpentAndBlocks(t *testing.T) {
	in(t, func(t *testing.T) {
		d := newDesk(t, 20, 15)
		d.answer = func(int32) (string, error) {
			return "", &client.Error{Code: client.CodeTimeout, OutcomeUnknown: true}
		}
		o := order("a", 10)
		code := d.propose(o)
		for range 2 {
			if a, err := d.confirm(o, code); err != nil || a.Unknown == nil || a.RequestID != "" {
				t.Errorf("%+v, %v", a, err)
			}
		}
		if _, earlier, err := d.ledger.Propose(t.Context(), o); err != nil || earlier == nil || earlier.Unknown == nil {
			t.Errorf("repeated: %+v, %v", earlier, err)
		}
		var limit *spending.LimitError
		if _, _, err := d.ledger.Propose(t.Context(), order("b", 10)); !errors.As(err, &limit) || limit.Spent != 10 {
			t.Errorf("it does not count as spent: %v", err)
		}
		d.wants("confirmed twice", 1)
	})
}

func TestAPanicLeavesTheOutcomeUnknown(t *testing.T) {
	in(t, func(t *testing.T) {
		d := newDesk(t, 0, 0)
		d.answer = func(int32) (string, error) { panic("x") }
		if a, err := d.confirm(order("a", 1), d.propose(order("a", 1))); err != nil || a.Unknown == nil {
			t.Errorf("%+v, %v", a, err)
		}
	})
}

func TestARefusalSpendsNothingAndLeavesTheCodeGood(t *testing.T) {
	in(t, func(t *testing.T) {
		d := newDesk(t, 20, 10)
		refusal := &client.Error{Code: client.CodePaymentRequired}
		d.answer = func(n int32) (string, error) {
			if n == 1 {
				return "", refusal
			}
			return "run", nil
		}
		o := order("a", 10)
		code := d.propose(o)
		if _, err := d.confirm(o, code); !errors.Is(err, refusal) {
			t.Errorf("error %v", err)
		}
		if a, err := d.confirm(spending.Order{Caller: "ann"}, code); err != nil || a.RequestID != "run" || a.Earlier {
			t.Errorf("%+v, %v", a, err)
		}
		d.wants("refused, then started", 2)
	})
}

func TestLimits(t *testing.T) {
	in(t, func(t *testing.T) {
		d := newDesk(t, 20, 50)
		var limit *spending.LimitError
		if _, _, err := d.ledger.Propose(t.Context(), order("big", 21)); !errors.As(err, &limit) || limit.Daily || limit.Limit != 20 {
			t.Errorf("a run of 21: %v", err)
		}
		late := order("late", 20)
		lateCode := d.propose(late) // within the limit as long as nothing is spent
		for i := range 2 {
			o := order(fmt.Sprint(i), 20)
			if _, err := d.confirm(o, d.propose(o)); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Minute)
		}
		if _, err := d.confirm(late, lateCode); !errors.As(err, &limit) || !limit.Daily || limit.Spent != 40 || limit.FreeIn != 24*time.Hour-2*time.Minute {
			t.Errorf("beyond the day's: %+v, %v", limit, err)
		}
		other := late
		other.Key = "another"
		d.propose(other)
		d.propose(order("small", 10))
		time.Sleep(24*time.Hour - 2*time.Minute - 1)
		if _, _, err := d.ledger.Propose(t.Context(), late); !errors.As(err, &limit) {
			t.Errorf("a moment early: %v", err)
		}
		time.Sleep(time.Nanosecond)
		if _, err := d.confirm(late, d.propose(late)); err != nil {
			t.Error(err)
		}
		d.wants("within the limits", 3)
	})
}

func TestTheMemoryIsBounded(t *testing.T) {
	in(t, func(t *testing.T) {
		d := newDesk(t, 1, 10_000)
		var first string
		for i := range 21 {
			code := d.propose(order(fmt.Sprint(i), 1))
			if first == "" {
				first = code
			}
		}
		if _, err := d.confirm(spending.Order{Caller: "ann"}, first); !errors.Is(err, spending.ErrVoid) {
			t.Errorf("a caller has 21 codes: %v", err)
		}
		mine := order("mine", 1)
		mine.Caller = "bob"
		code := d.propose(mine)
		for i := range 600 {
			o := order("x", 1)
			o.Caller = tenant.ID(fmt.Sprint(i))
			d.propose(o)
		}
		if _, err := d.confirm(spending.Order{Caller: "bob"}, code); !errors.Is(err, spending.ErrVoid) {
			t.Errorf("601 codes are kept: %v", err)
		}
	})
}

// Strangers who make up keys must not make the codes of real callers void.
func TestCodesOfUnknownKeysGoFirst(t *testing.T) {
	in(t, func(t *testing.T) {
		d := newDesk(t, 1, 10_000)
		mine := order("mine", 1)
		mine.Known = true
		code := d.propose(mine)
		for i := range 600 {
			o := order("x", 1)
			o.Caller = tenant.ID(fmt.Sprint(i))
			d.propose(o)
		}
		if _, err := d.confirm(mine, code); err != nil {
			t.Error(err)
		}
	})
}
