package spending

import (
	"crypto/rand"
	"maps"
	"slices"
	"time"

	"instaview-mcp/internal/tenant"
)

// The methods of this file need b.mu held.

// isFor reports whether the code stands for o.
func (c *confirmation) isFor(o Order) bool { return c.order.Same == o.Same && c.order.Again == o.Again }

// repeated returns the newest attempt at the same order within RepeatWindow; nil
// if there is none, or if o is wanted again.
func (b *Book) repeated(o Order) *attempt {
	b.forget()
	if o.Again {
		return nil
	}
	for _, a := range slices.Backward(b.attempts) {
		if a.caller == o.Caller && a.same == o.Same {
			return a
		}
	}
	return nil
}

// allowed returns the limit that o would exceed.
func (b *Book) allowed(o Order) error {
	if o.Credits > b.perRun {
		return &LimitError{Limit: b.perRun}
	}
	b.forget()
	total, now := 0, time.Now()
	for _, e := range b.spent[o.Key] {
		total += e.credits
	}
	if total+o.Credits > b.perDay {
		err := &LimitError{Limit: b.perDay, Daily: true, Spent: total}
		for _, e := range b.spent[o.Key] {
			if total -= e.credits; total+o.Credits <= b.perDay {
				err.FreeIn = e.attempt.at.Add(day).Sub(now)
				break
			}
		}
		return err
	}
	if b.spent[o.Key] == nil && len(b.spent) >= maxKeys {
		return ErrFull
	}
	return nil
}

// newCode makes a code for o, and room for it.
func (b *Book) newCode(o Order) string {
	own := 0
	for _, c := range b.pending {
		if c.order.Caller == o.Caller {
			own++
		}
	}
	if own >= maxPendingOfCaller {
		b.drop(slices.IndexFunc(b.pending, func(c *confirmation) bool { return c.order.Caller == o.Caller }))
	} else if len(b.pending) >= maxPending {
		b.drop(0)
	}
	code := rand.Text()[:codeLength]
	for b.codes[code] != nil {
		code = rand.Text()[:codeLength]
	}
	c := &confirmation{code: code, order: o, expires: time.Now().Add(CodeLife)}
	b.codes[code] = c
	b.pending = append(b.pending, c)
	b.sweepLater(CodeLife)
	return code
}

func (b *Book) drop(i int) {
	delete(b.codes, b.pending[i].code)
	b.pending = slices.Delete(b.pending, i, i+1)
}

// use turns a pending code into a used one.
func (b *Book) use(c *confirmation, a *attempt) {
	b.pending = slices.DeleteFunc(b.pending, func(p *confirmation) bool { return p == c })
	if len(b.used) >= maxUsed {
		delete(b.codes, b.used[0].code)
		b.used = slices.Delete(b.used, 0, 1)
	}
	c.attempt, c.order.Payload = a, nil
	b.used = append(b.used, c)
}

// takeBack undoes what begin has recorded of an attempt that spent nothing.
func (b *Book) takeBack(order Order, a *attempt) {
	b.attempts = slices.DeleteFunc(b.attempts, func(other *attempt) bool { return other == a })
	b.spent[a.key] = slices.DeleteFunc(b.spent[a.key], func(e expense) bool { return e.attempt == a })
	if len(b.spent[a.key]) == 0 {
		delete(b.spent, a.key)
	}
	b.used = slices.DeleteFunc(b.used, func(c *confirmation) bool {
		if c.attempt != a {
			return false
		}
		c.attempt, c.order = nil, order
		b.pending = append(b.pending, c)
		return true
	})
}

// forget drops what is too old to matter.
func (b *Book) forget() {
	now := time.Now()
	b.pending = slices.DeleteFunc(b.pending, func(c *confirmation) bool { return b.expired(c, !now.Before(c.expires)) })
	b.used = slices.DeleteFunc(b.used, func(c *confirmation) bool { return b.expired(c, now.Sub(c.attempt.at) >= day) })
	b.attempts = slices.DeleteFunc(b.attempts, func(a *attempt) bool { return now.Sub(a.at) >= RepeatWindow && a.ended() })
	maps.DeleteFunc(b.spent, func(_ tenant.ID, all []expense) bool { return now.Sub(all[len(all)-1].attempt.at) >= day })
	for key, all := range b.spent {
		b.spent[key] = slices.DeleteFunc(all, func(e expense) bool { return now.Sub(e.attempt.at) >= day })
	}
}

func (b *Book) expired(c *confirmation, yes bool) bool {
	if yes {
		delete(b.codes, c.code)
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
func (b *Book) sweepLater(in time.Duration) {
	if b.sweeping {
		return
	}
	b.sweeping = true
	time.AfterFunc(in, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.sweeping = false
		b.forget()
		if len(b.pending) > 0 {
			b.sweepLater(CodeLife)
		}
	})
}
