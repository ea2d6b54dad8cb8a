package spending

import (
	"crypto/rand"
	"maps"
	"slices"
	"time"

	"instaview-mcp/internal/tenant"
)

// The methods of this file need l.mu held.

// isFor reports whether the code stands for o.
func (c *confirmation) isFor(o Order) bool { return c.order.Same == o.Same && c.order.Again == o.Again }

// repeated returns the newest attempt at the same order within RepeatWindow;
// nil if there is none, or if o is wanted again.
func (l *Ledger) repeated(o Order) *attempt {
	l.forget()
	if o.Again {
		return nil
	}
	for _, a := range slices.Backward(l.attempts) {
		if a.caller == o.Caller && a.same == o.Same {
			return a
		}
	}
	return nil
}

// allowed returns the limit that o would exceed.
func (l *Ledger) allowed(o Order) error {
	if o.Credits > l.perRun {
		return &LimitError{Limit: l.perRun}
	}
	l.forget()
	total, now := 0, l.now()
	for _, e := range l.spent[o.Key] {
		total += e.credits
	}
	if total+o.Credits > l.perDay {
		err := &LimitError{Limit: l.perDay, Daily: true, Spent: total}
		for _, e := range l.spent[o.Key] {
			if total -= e.credits; total+o.Credits <= l.perDay {
				err.FreeIn = e.attempt.at.Add(day).Sub(now)
				break
			}
		}
		return err
	}
	if l.spent[o.Key] == nil && len(l.spent) >= maxKeys {
		return ErrFull
	}
	return nil
}

// newCode makes a code for o, and room for it.
func (l *Ledger) newCode(o Order) string {
	own := 0
	for _, c := range l.pending {
		if c.order.Caller == o.Caller {
			own++
		}
	}
	if own >= maxPendingOfCaller {
		l.drop(slices.IndexFunc(l.pending, func(c *confirmation) bool { return c.order.Caller == o.Caller }))
	} else if len(l.pending) >= maxPending {
		unknown := slices.IndexFunc(l.pending, func(c *confirmation) bool { return !c.order.Known })
		l.drop(max(0, unknown))
	}
	code := rand.Text()[:codeLength]
	for l.codes[code] != nil {
		code = rand.Text()[:codeLength]
	}
	c := &confirmation{code: code, order: o, expires: l.now().Add(CodeLife)}
	l.codes[code] = c
	l.pending = append(l.pending, c)
	l.sweepLater(CodeLife)
	return code
}

func (l *Ledger) drop(i int) {
	delete(l.codes, l.pending[i].code)
	l.pending = slices.Delete(l.pending, i, i+1)
}

// use turns a pending code into a used one.
func (l *Ledger) use(c *confirmation, a *attempt) {
	l.pending = slices.DeleteFunc(l.pending, func(p *confirmation) bool { return p == c })
	if len(l.used) >= maxUsed {
		delete(l.codes, l.used[0].code)
		l.used = slices.Delete(l.used, 0, 1)
	}
	c.attempt, c.order.Payload = a, nil
	l.used = append(l.used, c)
}

// takeBack undoes what begin has recorded of an attempt that spent nothing.
func (l *Ledger) takeBack(order Order, a *attempt) {
	l.attempts = slices.DeleteFunc(l.attempts, func(other *attempt) bool { return other == a })
	l.spent[a.key] = slices.DeleteFunc(l.spent[a.key], func(e expense) bool { return e.attempt == a })
	if len(l.spent[a.key]) == 0 {
		delete(l.spent, a.key)
	}
	l.used = slices.DeleteFunc(l.used, func(c *confirmation) bool {
		if c.attempt != a {
			return false
		}
		c.attempt, c.order = nil, order
		l.pending = append(l.pending, c)
		return true
	})
}

// forget drops what is too old to matter.
func (l *Ledger) forget() {
	now := l.now()
	l.pending = slices.DeleteFunc(l.pending, func(c *confirmation) bool { return l.expired(c, !now.Before(c.expires)) })
	l.used = slices.DeleteFunc(l.used, func(c *confirmation) bool { return l.expired(c, now.Sub(c.attempt.at) >= day) })
	l.attempts = slices.DeleteFunc(l.attempts, func(a *attempt) bool { return now.Sub(a.at) >= RepeatWindow && a.ended() })
	maps.DeleteFunc(l.spent, func(_ tenant.ID, all []expense) bool { return now.Sub(all[len(all)-1].attempt.at) >= day })
	for key, all := range l.spent {
		l.spent[key] = slices.DeleteFunc(all, func(e expense) bool { return now.Sub(e.attempt.at) >= day })
	}
}

func (l *Ledger) expired(c *confirmation, yes bool) bool {
	if yes {
		delete(l.codes, c.code)
	}
	return yes
}

func (a *attempt) ended() bool {
	select {
	case <-a.done:
		return true
	default:
		return false
	}
}

// sweepLater forgets briefs whose codes have expired, for when nobody asks for
// anything more.
func (l *Ledger) sweepLater(in time.Duration) {
	if l.sweeping {
		return
	}
	l.sweeping = true
	time.AfterFunc(in, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.sweeping = false
		l.forget()
		if len(l.pending) > 0 {
			l.sweepLater(CodeLife)
		}
	})
}
