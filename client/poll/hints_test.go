package poll

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"instaview-mcp/client"
)

// ending makes u answer that each run ends at its time, and the others never.
func ending(u *upstream, ends map[string]time.Duration) {
	u.answer = func(n int, at time.Duration) (*client.Results, error) {
		if end, ok := ends[sourcingRun(u.run(n))]; ok && at >= end {
			return completed(), nil
		}
		return processing(), nil
	}
}

// of returns when requests for a run were made.
func (u *upstream) of(run string) []time.Duration {
	u.mu.Lock()
	defer u.mu.Unlock()
	var times []time.Duration
	for i, at := range u.asked {
		if u.runs[i] == run {
			times = append(times, at)
		}
	}
	return times
}

// waitsFor waits for runs in the background, until the test or the time ends.
func waitsFor(t *testing.T, p *Poller, d time.Duration, runs ...string) {
	t.Helper()
	for _, run := range runs {
		go func() { _, _ = p.Wait(t.Context(), run, d, nil) }()
		synctest.Wait()
	}
}

func TestAHintedRunIsRequestedAtOnce(t *testing.T) {
	u := &upstream{}
	ending(u, map[string]time.Duration{"r": 52 * time.Second})
	bubble(t, u, func(t *testing.T, p *Poller) {
		time.AfterFunc(53*time.Second, func() { p.Hint("r") }) // within the floor
		snapshot, err := p.Wait(t.Context(), "r", 4*time.Minute, nil)
		if took := time.Since(u.began); err != nil || !snapshot.settled() || took != 55*time.Second {
			t.Errorf("%+v, %v after %v, want the end after 55 s", snapshot, err, took)
		}
	})
	u = &upstream{}
	ending(u, map[string]time.Duration{"r": 7 * time.Second})
	bubble(t, u, func(t *testing.T, p *Poller) {
		time.AfterFunc(7*time.Second, func() { p.Hint("r") })
		_, _ = p.Wait(t.Context(), "r", 4*time.Minute, nil)
		if diff := cmp.Diff(seconds(0, 7), u.times()); diff != "" {
			t.Errorf("requests (-want +got):\n%s", diff)
		}
	})
}

// W12: whoever forges a hint learns nothing, ends no wait, and leaves the
// schedule as it was.
func TestW12AHintIsNeverTheAnswer(t *testing.T) {
	u := &upstream{}
	ending(u, nil)
	bubble(t, u, func(t *testing.T, p *Poller) {
		time.AfterFunc(32*time.Second, func() { p.Hint("r") })
		snapshot, err := p.Wait(t.Context(), "r", 52*time.Second, nil)
		if err != nil || snapshot.settled() || time.Since(u.began) != 52*time.Second {
			t.Errorf("%+v, %v after %v", snapshot, err, time.Since(u.began))
		}
		if diff := cmp.Diff(seconds(0, 10, 15, 20, 30, 35, 40, 45, 50), u.times()); diff != "" {
			t.Errorf("requests (-want +got):\n%s", diff)
		}
	})
}

// A request that was sent before the hint may be answered from before the end.
func TestAHintDuringARequestCountsForTheNext(t *testing.T) {
	u := &upstream{latency: 2 * time.Second}
	u.answer = func(n int, _ time.Duration) (*client.Results, error) {
		if n == 1 {
			return processing(), nil
		}
		return completed(), nil
	}
	bubble(t, u, func(t *testing.T, p *Poller) {
		time.AfterFunc(time.Second, func() { p.Hint("r") })
		_, _ = p.Wait(t.Context(), "r", time.Minute, nil)
		if diff := cmp.Diff(seconds(0, 7), u.times()); diff != "" {
			t.Errorf("requests (-want +got):\n%s", diff)
		}
	})
}

// A hint outlives a failed request.
func TestAHintOutlivesAFailure(t *testing.T) {
	u := &upstream{}
	u.answer = func(n int, at time.Duration) (*client.Results, error) {
		switch {
		case n == 2:
			return nil, &client.Error{Code: client.CodeUnavailable}
		case at < 7*time.Second:
			return processing(), nil
		}
		return completed(), nil
	}
	bubble(t, u, func(t *testing.T, p *Poller) {
		waitsFor(t, p, time.Minute, "r")
		time.Sleep(7 * time.Second)
		p.Hint("r")
		time.Sleep(7 * time.Second)
		if diff := cmp.Diff(seconds(0, 7, 12), u.times()); diff != "" {
			t.Errorf("requests (-want +got):\n%s", diff)
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		if !p.relyOnHints(p.clock.now()) {
			t.Error("the hint does not count as right")
		}
	}, withJitter(func(time.Duration) time.Duration { return 0 }))
}

// W13: no hint causes a request that nobody waits for.
func TestW13AHintForNobodyCausesNoRequest(t *testing.T) {
	u := &upstream{}
	ending(u, map[string]time.Duration{"ended": 0})
	bubble(t, u, func(t *testing.T, p *Poller) {
		_, _ = p.Wait(t.Context(), "left", time.Second, nil)
		_, _ = p.Wait(t.Context(), "ended", time.Second, nil)
		before := len(u.times())
		for range 100 {
			for _, run := range []string{"unknown", "left", "ended", ""} {
				p.Hint(run)
			}
			time.Sleep(time.Second)
		}
		if n := len(u.times()) - before; n != 0 {
			t.Errorf("%d requests", n)
		}
	})
}

// What is remembered lets the next wait go before others, once, for a minute.
func TestAHintThatCameEarlyIsRemembered(t *testing.T) {
	for name, tt := range map[string]struct {
		known  bool // the run was waited for before
		after  time.Duration
		before int // waits that go first
	}{
		"unknown":         {false, 50 * time.Second, 0},
		"left":            {true, 50 * time.Second, 0},
		"unknown, stale":  {false, 70 * time.Second, 40},
		"left, forgotten": {true, placeFor + 10*time.Second, 40},
	} {
		t.Run(name, func(t *testing.T) {
			u := &upstream{}
			ending(u, nil)
			bubble(t, u, func(t *testing.T, p *Poller) {
				if tt.known {
					_, _ = p.Wait(t.Context(), "r", time.Second, nil)
				}
				p.Hint("r")
				time.Sleep(tt.after)
				for i := range 40 {
					waitsFor(t, p, time.Minute, fmt.Sprint("w", i))
				}
				sent := len(u.times())
				waitsFor(t, p, time.Minute, "r")
				time.Sleep(30 * time.Second)
				u.mu.Lock()
				place := slices.Index(u.runs[sent:], "r")
				u.mu.Unlock()
				if want := max(0, tt.before-sent); tt.before == 0 && place != 0 || tt.before > 0 && place < want {
					t.Errorf("%d requests went before, %d at first", place, sent)
				}
			})
		})
	}
}

func TestEarlyHintsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := New(&upstream{}, awake)
		defer p.Close()
		for i := range 3 * maxEarly {
			p.Hint(fmt.Sprint("r", i))
		}
		if n := len(p.hints.early); n != maxEarly {
			t.Errorf("%d are kept", n)
		}
		time.Sleep(cacheFor)
		p.Hint("r")
		if n := len(p.hints.early); n != 1 {
			t.Errorf("%d are kept after a minute", n)
		}
	})
}

// A delivery does not say which company asks.
func TestAHintMeansARunOfEveryCompany(t *testing.T) {
	u := &upstream{}
	ending(u, map[string]time.Duration{"r": 52 * time.Second})
	bubble(t, u, func(t *testing.T, p *Poller) {
		waitsFor(t, p, time.Hour, "a/r", "b/r", "c/other")
		time.Sleep(52 * time.Second)
		synctest.Wait()
		p.Hint("r")
		time.Sleep(11 * time.Second)
		asked := append(u.of("a/r"), u.of("b/r")...)
		slices.Sort(asked)
		for i, at := range asked[1:] {
			if at-asked[i] < promisedFloor {
				t.Errorf("requests at %v and %v", asked[i], at)
			}
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		for _, id := range []string{"a/r", "b/r"} {
			if r := p.runs[id]; r == nil || !r.last.settled() {
				t.Errorf("the end was not seen for %s", id)
			}
		}
	})
}

// A delivery that names no run may mean any, so the four due next are
// requested, before their time but not before their floor.
func TestAHintThatNamesNoRunMeansThoseDueNext(t *testing.T) {
	u := &upstream{}
	ending(u, nil)
	bubble(t, u, func(t *testing.T, p *Poller) {
		waitsFor(t, p, time.Minute, "a", "b", "c", "d", "e")
		time.Sleep(2 * time.Second)
		p.Hint("")
		time.Sleep(time.Second)
		if n := len(u.times()); n != 5 {
			t.Errorf("%d requests within the floor", n)
		}
		time.Sleep(3 * time.Second)
		if n := len(u.times()); n != 9 {
			t.Errorf("%d requests after the floor, want 4 more than 5", n)
		}
		time.Sleep(2 * time.Second)
		p.Hint("")
		synctest.Wait()
		if n := len(u.of("e")); n != 2 {
			t.Errorf("%d requests for the fifth, want it to be next", n)
		}
	})
}

// W14: hints are relied on once one was right, and no longer than none is
// missed.
func TestW14OnlyRightHintsAreReliedOn(t *testing.T) {
	const usual, rare = Floor, hintedPace
	for name, tt := range map[string]struct {
		hints string // run@second, in order
		want  time.Duration
	}{
		"none":                           {"", usual},
		"of a run that goes on":          {"w@33 w@43 w@53", usual},
		"of an unknown run":              {"x@33 x@53", usual},
		"of no run":                      {"@33 @42 @53", usual},
		"right":                          {"e@42", rare},
		"right and twice":                {"e@42 e@43 e@70", rare},
		"right, then of this run, wrong": {"e@42 w@110", usual},
		"right, of another run, wrong":   {"e@42 o@110", rare},
		"late, of a webhook not seen":    {"e@47", usual},
		"late, of a webhook seen":        {"x@1 e@47", rare},
		"too late":                       {"x@1 e@55", usual},
		"right, the next missed":         {"e@42 x@70", usual},
		"right, the next late":           {"e@42 f@74", rare},
		"right, the next too late":       {"e@42 f@95", usual},
		"right, the next missed, right":  {"e@42 g@122", rare},
		"right, the next early":          {"e@42 f@59", rare},
	} {
		t.Run(name, func(t *testing.T) {
			u := &upstream{}
			ends := map[string]time.Duration{"e": 41 * time.Second}
			if strings.Contains(name, "next") {
				ends["f"] = 60 * time.Second
			}
			if strings.Contains(tt.hints, "g") {
				ends["g"] = 120 * time.Second
			}
			ending(u, ends)
			bubble(t, u, func(t *testing.T, p *Poller) {
				for _, hint := range strings.Fields(tt.hints) {
					run, at, _ := strings.Cut(hint, "@")
					var second int
					_, _ = fmt.Sscan(at, &second)
					time.AfterFunc(time.Duration(second)*time.Second+time.Millisecond, func() { p.Hint(run) })
				}
				waitsFor(t, p, time.Hour, "w", "e", "f", "g", "o")
				time.Sleep(4 * time.Minute)
				times := u.of("w")
				last := slices.IndexFunc(times, func(at time.Duration) bool { return at > 130*time.Second })
				if got := times[last+1] - times[last]; last < 0 || got != tt.want {
					t.Errorf("requests every %v, want %v: %v", got, tt.want, times)
				}
			})
		})
	}
}

func TestHintsAreReliedOnForAnHour(t *testing.T) {
	u := &upstream{}
	ending(u, map[string]time.Duration{"e": 41 * time.Second})
	bubble(t, u, func(t *testing.T, p *Poller) {
		waitsFor(t, p, 2*time.Hour, "w", "e")
		time.Sleep(42 * time.Second)
		p.Hint("e")
		time.Sleep(70 * time.Minute)
		times := u.of("w")
		gapAt := func(at time.Duration) time.Duration {
			i := slices.IndexFunc(times, func(sent time.Duration) bool { return sent > at })
			return times[i+1] - times[i]
		}
		if early, late := gapAt(50*time.Minute), gapAt(62*time.Minute); early != hintedPace || late != promisedOldest {
			t.Errorf("requests every %v, and after an hour every %v", early, late)
		}
	})
}

// A missed hint brings forward all waits at once, not only their next but one
// requests.
func TestAMissedHintBringsTheOldPaceBack(t *testing.T) {
	u := &upstream{}
	ending(u, map[string]time.Duration{"e": 41 * time.Second, "f": 62 * time.Second})
	bubble(t, u, func(t *testing.T, p *Poller) {
		waitsFor(t, p, time.Hour, "e")
		time.Sleep(42 * time.Second)
		p.Hint("e")
		time.Sleep(8 * time.Second)
		waitsFor(t, p, time.Hour, "f", "w") // requested at 50, 80
		time.Sleep(15 * time.Second)
		_, _ = p.Get(t.Context(), "f") // at 65 s, which finds the end
		time.Sleep(16 * time.Second)
		if diff := cmp.Diff(seconds(50, 71, 80), u.of("w")); diff != "" {
			t.Errorf("requests (-want +got):\n%s", diff)
		}
	})
}

// People are not to notice that hints are relied on.
func TestGetsAndFirstRequestsDoNotWaitForHints(t *testing.T) {
	u := &upstream{}
	ending(u, map[string]time.Duration{"e": 41 * time.Second})
	bubble(t, u, func(t *testing.T, p *Poller) {
		waitsFor(t, p, time.Hour, "e")
		time.Sleep(42 * time.Second)
		p.Hint("e")
		time.Sleep(5 * time.Second)
		waitsFor(t, p, time.Hour, "w") // requested at 47, and due at 77 s
		time.Sleep(5 * time.Second)
		_, _ = p.Get(t.Context(), "w")
		waitsFor(t, p, time.Hour, "new")
		time.Sleep(time.Second)
		_, _ = p.Wait(t.Context(), "w", 10*time.Second, nil) // which would leave before the next request
		u.mu.Lock()
		defer u.mu.Unlock()
		after := slices.IndexFunc(u.asked, func(at time.Duration) bool { return at >= 52*time.Second })
		if diff := cmp.Diff(seconds(52, 52, 57), u.asked[after:]); diff != "" || u.runs[after] != "w" || u.runs[after+1] != "new" {
			t.Errorf("requests for %v (-want +got):\n%s", u.runs[after:], diff)
		}
	})
}

// A delivery of the first search may come after the run was refined. It ends no
// wait with the old result, and proves nothing.
func TestAHintOfTheFirstSearchEndsNoRefinement(t *testing.T) {
	u := &upstream{answer: func(_ int, at time.Duration) (*client.Results, error) {
		if at < 40*time.Second {
			return ended(100), nil
		}
		return ended(200), nil
	}}
	bubble(t, u, func(t *testing.T, p *Poller) {
		before, _ := p.Wait(t.Context(), "r", time.Minute, nil)
		p.Hint("r") // of a run that is known to have ended
		p.Accepted("r", before.Results)
		time.AfterFunc(8*time.Second, func() { p.Hint("r") })
		s, err := p.Wait(t.Context(), "r", 12*time.Second, nil)
		if err != nil || s.settled() {
			t.Errorf("after the old hint: %+v, %v", s, err)
		}
		p.mu.Lock()
		if p.relyOnHints(p.clock.now()) {
			t.Error("the old hint counts as right")
		}
		p.mu.Unlock()
		time.AfterFunc(29*time.Second, func() { p.Hint("r") })
		s, err = p.Wait(t.Context(), "r", time.Minute, nil)
		if err != nil || !s.settled() || s.Results.CompletedAt.Unix() != 200 || time.Since(u.began) > 45*time.Second {
			t.Errorf("after the new hint: %+v, %v after %v", s, err, time.Since(u.began))
		}
	})
}

// W15: a flood of hints by someone who knows the secret and a fifth of the runs
// costs no more than the budget, and hardly delays the other waits.
func TestW15FloodsDoNotStarveOtherWaits(t *testing.T) {
	const runs, forged, length = 100, 20, 10 * time.Minute
	others := map[bool]int{}
	for _, flood := range []bool{false, true} {
		u := &upstream{latency: 100 * time.Millisecond}
		ending(u, nil)
		bubble(t, u, func(t *testing.T, p *Poller) {
			if flood {
				go func() {
					for n := 0; time.Since(u.began) < length; n++ {
						for i := range forged {
							p.Hint(fmt.Sprint("r", i))
						}
						p.Hint(fmt.Sprint("unknown", n))
						p.Hint("")
						time.Sleep(100 * time.Millisecond)
					}
				}()
			}
			waitForAll(t, p, runs, length)
			for i := forged; i < runs; i++ {
				run := fmt.Sprint("r", i)
				others[flood] += len(u.of(run))
				if gap := u.longestGap(run, length); gap > 90*time.Second {
					t.Errorf("flood %v: %s was not requested for %v", flood, run, gap)
				}
			}
			if n := len(u.times()); n > promisedPerMinute*int(length/time.Minute)+promisedBurst {
				t.Errorf("flood %v: %d requests", flood, n)
			}
		})
	}
	t.Logf("%d requests for the other runs, %d without a flood", others[true], others[false])
	if others[true] < others[false]*3/4 {
		t.Errorf("%d requests for the other runs, %d without a flood", others[true], others[false])
	}
}

// Not even hints for all other runs keep one from its turn.
func TestW15AFloodForAllOthersDelaysAWaitByTwoMinutesAtMost(t *testing.T) {
	const length = 15 * time.Minute
	u := &upstream{latency: 100 * time.Millisecond}
	ending(u, nil)
	bubble(t, u, func(t *testing.T, p *Poller) {
		go func() {
			for time.Since(u.began) < length {
				for i := 1; i < 300; i++ {
					p.Hint(fmt.Sprint("r", i))
				}
				time.Sleep(time.Second)
			}
		}()
		waitForAll(t, p, 300, length)
		// It becomes due after an interval, and at the end of two minutes every
		// other run may be due before it.
		longest := promisedOldest + hintStart + 300*time.Minute/promisedPerMinute
		if gap := u.longestGap("r0", length); gap > longest {
			t.Errorf("the wait was passed over for %v, want at most %v", gap, longest)
		}
	})
}

func TestNothingIsLeftOfHintsAfterClose(t *testing.T) {
	u := &upstream{}
	ending(u, map[string]time.Duration{"e": 41 * time.Second})
	bubble(t, u, func(t *testing.T, p *Poller) {
		p.Hint("x")
		_, _ = p.Wait(t.Context(), "e", time.Minute, nil) // whose hint is now awaited
		p.mu.Lock()
		if len(p.hints.awaited) != 1 {
			t.Errorf("%d hints are awaited", len(p.hints.awaited))
		}
		p.mu.Unlock()
		p.Close()
		p.Hint("e")
		p.Hint("")
		if p.hints.timer.Stop() {
			t.Error("the timer runs on")
		}
	})
}
