package poll

import (
	"errors"
	"maps"
	"time"

	"instaview-mcp/client"
)

const (
	// unknownFor is how long after its start a run may be unknown to the
	// results endpoint. The API documents no such time; most databases need far
	// less.
	unknownFor = 15 * time.Second
	// staleFor is how long after a refinement the old end state is not taken
	// for the new one: the documented example of a whole run takes 79 s.
	staleFor = 3 * time.Minute
	// acceptedFor is how long a refined run's age is not counted from its
	// creation.
	acceptedFor = time.Hour
	// maxAccepted is far above what credits allow a key in acceptedFor.
	maxAccepted = 1_000
)

// acceptance is that InstaView has said to work on a run.
type acceptance struct {
	at      time.Time
	refined bool
	before  time.Time // completedAt of a refined run's old end state; zero = not told
}

// Accepted tells the Poller that InstaView has just accepted to start the run,
// or to refine it if before, its old end state, is not nil. For 15 s a 404 then
// means that the run is not known yet, and for three minutes an end state that
// was completed when before was is not taken for an end.
//
// requestID is as for Get.
func (p *Poller) Accepted(requestID string, before *client.Results) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.clock.now()
	maps.DeleteFunc(p.accepted, func(_ string, a acceptance) bool { return now.Sub(a.at) >= acceptedFor })
	if len(p.accepted) >= maxAccepted {
		return
	}
	a := acceptance{at: now, refined: before != nil}
	if before != nil {
		a.before = before.CompletedAt
	}
	p.accepted[requestID] = a
	if r := p.runs[requestID]; r != nil {
		r.last = Snapshot{} // or the old end state would answer from the cache
		p.measure(r)
		r.born, r.schedule = now, newSchedule(p.jitter)
	}
}

// Count counts a request that is made with the key outside the Poller, such as
// one that starts a run, so that the budget holds for all of the key's
// requests.
func (p *Poller) Count() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.budget.take(p.clock.now(), get)
	p.budget.ended()
}

// expect corrects the outcome of an attempt by what was accepted.
func (p *Poller) expect(requestID string, results *client.Results, err error) (*client.Results, error) {
	a, ok := p.accepted[requestID]
	if !ok {
		return results, err
	}
	since := p.clock.now().Sub(a.at)
	var failure *client.Error
	switch {
	case errors.As(err, &failure) && failure.Code == client.CodeNotFound && since < unknownFor:
		return &client.Results{Status: client.StatusProcessing, HTTPStatus: 202, Date: failure.Date, RateLimit: failure.RateLimit}, nil
	case err != nil, !a.refined, since >= acceptedFor:
		return results, err
	case results.Finished() && results.CompletedAt.Equal(a.before) && since < staleFor:
		return &client.Results{RequestID: results.RequestID, Status: client.StatusProcessing, HTTPStatus: 202, Date: results.Date, RateLimit: results.RateLimit}, nil
	case results.InProgress():
		again := *results
		again.CreatedAt = time.Time{} // of the first search, long ago
		return &again, nil
	}
	return results, err
}
