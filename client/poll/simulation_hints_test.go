package poll

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"
)

// deliveries is how a webhook tells of the ends of runs.
type deliveries struct {
	lost  float64       // share that never come
	early time.Duration // how long before the end they come at most, instead of late
	late  time.Duration // longest time from the end to the delivery
	twice float64       // share that come again, up to late and a minute later
}

func (d deliveries) String() string {
	if d.lost == 1 {
		return "none"
	}
	text := "prompt"
	if d.early > 0 {
		text = fmt.Sprintf("0-%v early", d.early)
	}
	if d.late > 0 {
		text = fmt.Sprintf("0-%v late", d.late)
	}
	if d.twice > 0 {
		text += ", twice"
	}
	if d.lost > 0 {
		text += fmt.Sprintf(", -%.0f %%", 100*d.lost)
	}
	return text
}

// deliver tells w's Poller of the end of a run.
func (w *watcher) deliver(id string, ends time.Time) {
	for _, after := range w.hints.times(source(1, id+" delivery", 0)) {
		time.AfterFunc(time.Until(ends)+after, func() { w.p.Hint(id) })
	}
}

// times draws how long after a run's end its deliveries come.
func (d deliveries) times(random *rand.Rand) []time.Duration {
	if random.Float64() < d.lost {
		return nil
	}
	if d.early > 0 {
		return []time.Duration{-between(random, 10*time.Millisecond, d.early)}
	}
	times := []time.Duration{between(random, 10*time.Millisecond, max(d.late, 200*time.Millisecond))}
	if random.Float64() < d.twice {
		times = append(times, times[0]+between(random, 0, time.Minute))
	}
	return times
}

// hintTargets are the highest mean lags allowed. With 100 runs always in
// flight and a fifth of the deliveries lost, 108 requests a minute are too few
// for steadily less than 7 s: the ends alone take 60 of them, and the rest
// allows a run 0.7 requests before its end. Even if these came at the best ages
// of this distribution, 88, 132 and 165 s, so that nobody had an answer before,
// the mean would be 6.5 s. Over 4,000 runs it is 8.5 s, and 9.1 s if deliveries
// are late; the first hundreds are noticed sooner, because they all begin at
// once.
var hintTargets = map[deliveries]time.Duration{
	prompt: time.Second,
	late:   1500 * time.Millisecond, // of which the deliveries take 1 s
	lossy:  10 * time.Second,
}

var (
	prompt = deliveries{}
	late   = deliveries{late: 2 * time.Second, twice: 0.5}
	lossy  = deliveries{lost: 0.2, late: 2 * time.Second, twice: 0.5}
)

// How late ends are noticed, and with how many requests, where a webhook tells
// of them.
func TestSimulationOfHints(t *testing.T) {
	if testing.Short() {
		t.Skip("watches thousands of runs")
	}
	t.Logf("%-12s %-22s %9s %9s %13s %12s %9s %14s %8s", "runs", "deliveries", "mean lag", "p95", "failing early", "first answer", "no answer", "requests a run", "any 60 s")
	for _, batches := range []bool{false, true} {
		for _, inFlight := range []int{1, 9, 24, 100} {
			for _, d := range []deliveries{prompt, late, {early: time.Second}, {lost: 0.2}, lossy, {lost: 1}} {
				simulateHints(t, load{inFlight, batches}, d)
			}
		}
	}
}

func simulateHints(t *testing.T, l load, d deliveries) {
	runs := max(*simulated, 4*l.inFlight)
	var w, jittered *watcher
	synctest.Test(t, func(*testing.T) { w = simulate(l, runs, 0, &d) })
	synctest.Test(t, func(*testing.T) { jittered = simulate(l, runs, 2*time.Second, &d) })
	r := w.result()
	t.Logf("%-12v %-22v %7.2f s %7.2f s %11.2f s %10.2f s %7.1f %% %14.2f %8d", l, d,
		r.mean.Seconds(), r.p95.Seconds(), r.early.Seconds(), r.first.Seconds(), 100*r.unanswered, r.requests, jittered.s.most)
	if target, ok := hintTargets[d]; ok && r.mean > target {
		t.Errorf("%v, %v: mean %v, want at most %v", l, d, r.mean, target)
	}
	if l.batches && d.lost < 1 && r.mean > 7*time.Second {
		t.Errorf("%v, %v: mean %v, want at most 7 s", l, d, r.mean)
	}
	if l.inFlight == 100 && d.lost == 0 && r.requests > 4 {
		t.Errorf("%v, %v: %.1f requests a run, want at most 4", l, d, r.requests)
	}
	if d.lost == 1 || d.early > 0 {
		var w *watcher
		synctest.Test(t, func(*testing.T) { w = simulate(l, runs, 0, nil) })
		none := w.result()
		if d.lost == 1 && none != r { // as if there were no webhook
			t.Errorf("%v: %+v without any delivery, %+v without a webhook", l, r, none)
		}
		if r.mean > max(none.mean, promisedFloor) {
			t.Errorf("%v, %v: mean %v, %v without a webhook", l, d, r.mean, none.mean)
		}
	}
	for _, w := range []*watcher{w, jittered} {
		if w.s.refused > 0 || w.s.tooClose > 0 || w.fails > 0 || w.s.most > perMinute {
			t.Errorf("%v, %v: %d refused, %d closer than the floor, %d calls failed, %d in 60 s", l, d, w.s.refused, w.s.tooClose, w.fails, w.s.most)
		}
	}
}
