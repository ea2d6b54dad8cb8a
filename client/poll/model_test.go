package poll

import (
	"flag"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

const defaultSeeds = 100

var (
	seeds   = flag.Int("seeds", defaultSeeds, "how many random schedules TestModel checks; TestModelIsRepeatable plays a tenth of them twice")
	oneSeed = flag.Int64("seed", -1, "check and describe only this random schedule")
)

// The package's promises in numbers. They are repeated here, because a check
// that used the Poller's constants would not notice a wrong one.
const (
	promisedFloor    = 5 * time.Second
	promisedGetTime  = 25 * time.Second
	promisedAttempts = 3           // of a get
	promisedMemory   = time.Minute // for which a finished run's answer is kept
	promisedKeptRuns = 11_000      // most of them without an answer
	promisedFaults   = 3           // in a row, until the breaker opens
	promisedPause    = 30*time.Second + 30*time.Second/4
)

// shards is how many scenarios run at the same time.
const shards = 4

// TestModel runs random scenarios of callers against an upstream that
// misbehaves at random, and checks every promise of the package against an
// independent record of requests and answers. A failing scenario is repeated
// with -seed.
func TestModel(t *testing.T) {
	if *oneSeed >= 0 {
		s := newScenario(uint64(*oneSeed))
		t.Logf("%+v", s)
		checkScenario(t, s)
		return
	}
	count := schedules()
	for shard := range shards {
		t.Run(fmt.Sprint("shard ", shard), func(t *testing.T) {
			t.Parallel()
			for n := shard; n < count; n += shards {
				checkScenario(t, newScenario(uint64(n)))
			}
		})
	}
}

// schedules returns how many random schedules to check: as many as -seeds says,
// and by default fewer where each takes longer or time is short.
func schedules() int {
	switch {
	case *seeds != defaultSeeds:
		return *seeds
	case testing.Short():
		return 20
	case raced: // the race detector makes them ten times slower
		return 40
	}
	return *seeds
}

// checkScenario runs s in virtual time and reports each broken rule once.
func checkScenario(t *testing.T, s scenario) {
	t.Helper()
	var h *history
	synctest.Test(t, func(*testing.T) { h = play(s) })
	for _, rule := range rules {
		var found []string
		rule.check(h, func(format string, args ...any) {
			found = append(found, fmt.Sprintf(format, args...))
		})
		if len(found) == 0 {
			continue
		}
		more := len(found) - 1
		shown := found[:min(len(found), 5)]
		if *oneSeed < 0 {
			shown = found[:1]
		}
		t.Errorf("-seed %d (%v): %s, %d more:\n\t%s", s.seed, s.theme, rule.name, more, strings.Join(shown, "\n\t"))
	}
	if *oneSeed >= 0 {
		t.Log("\n" + h.story())
		t.Logf("%d requests, %d calls, fingerprint %x", len(h.requests), len(h.calls), h.fingerprint())
	}
}

// rules are the promises of the package, each with a check of the history.
var rules = []struct {
	name  string
	check func(h *history, broken func(format string, args ...any))
}{
	{"floor", checkFloor},
	{"budget", checkBudget},
	{"kept for gets", checkKept},
	{"any 60 s", checkSlidingMinute},
	{"zero refusals", checkRefusals},
	{"retry-after", checkRetryAfter},
	{"spent window", checkSpentWindow},
	{"breaker", checkBreaker},
	{"wanted", checkWanted},
	{"deadline", checkDeadlines},
	{"prompt", checkPromptness},
	{"early return", checkEarlyReturns},
	{"own answer", checkOwnAnswers},
	{"fresh", checkFreshness},
	{"passing refusal", checkPassingRefusals},
	{"errors", checkErrors},
	{"told time", checkToldTimes},
	{"idle budget", checkIdleBudget},
	{"turns", checkTurns},
	{"earliest first", checkOrder},
	{"too early", checkSchedule},
	{"memory", checkMemory},
	{"clean-up", checkCleanUp},
}
