package poll

import (
	"hash/fnv"
	"math"
	"math/rand/v2"
	"time"
)

// theme is the focus of a scenario, so that rare combinations occur often
// enough.
type theme string

var themes = []theme{
	"calm", "crowd", "starvation", "outages", "refusals", "spent", "vanishing", "lies", "memory", "wild",
}

// scenario is one random schedule of events. Everything follows from its seed.
type scenario struct {
	seed   uint64
	theme  theme
	length time.Duration // in which calls begin

	perMinute int   // of the Poller; 0 = the default
	memory    int64 // of the Poller, in bytes; 0 = the default

	workers        int     // runs always waited for, each followed by another
	sharers        int     // additional callers on each of the first few of them
	companies      int     // that these callers act for; 0 = the same as the others
	getters        int     // callers that get runs now and then
	loopers        int     // callers that get unknown runs without a pause
	sweepers       int     // callers that get ever new runs and cancel at once
	batch          bool    // all begin at about the same time
	cancels        float64 // share of calls that are cancelled
	slowOnSnapshot float64 // share of waits whose onSnapshot blocks

	drainAt, closeAt time.Duration // never = not

	network     time.Duration // longest time on the way
	latency     time.Duration // longest time to answer after that
	quick       float64       // share of answers that take a hundredth of it
	slowBodies  float64       // share of bodies that take up to body longer
	body        time.Duration
	skew        time.Duration // of the upstream's clock
	undated     bool          // no Date header
	faults      float64       // share of requests that fail
	panics      float64
	blips       float64 // share of requests refused with 401 or 404 once
	flaps       float64 // share of answers with an earlier state
	young       float64 // share of runs that are unknown for their first seconds
	ageless     float64 // share of runs without createdAt
	bodyBytes   int     // largest answer
	outages     []span
	refusals    []span // periods in which requests are refused with 429
	refusalRate float64
	longRefusal time.Duration // the longest Retry-After

	limits limits
	hints  forgeries
}

// forgeries is how hints come: those of a webhook, and forged ones.
type forgeries struct {
	webhook deliveries
	none    bool          // there is no webhook
	every   time.Duration // between forged hints; 0 = none
	flood   int           // how many of them come at once
}

// any reports whether there may be hints.
func (f forgeries) any() bool { return !f.none || f.every > 0 }

// limits is how the upstream counts requests and what it reports.
type limits struct {
	minute, hour int // 0 = not limited
	enforced     bool
	sliding      bool    // otherwise fixed windows
	others       float64 // share that other programs use
	told         bool
	shrinkAt     time.Duration // when the minute's limit is lowered
	shrunk       int
	vanishAt     time.Duration // from when on nothing is reported
	pastAt       time.Duration // from when on resets are in the past
	lies         float64       // share of answers that report something wrong
}

// span is a period without its end.
type span struct{ from, to time.Duration }

func (s span) holds(at time.Duration) bool { return s.from <= at && at < s.to }

// source returns a random source for each name and number, so that the order in
// which goroutines run changes nothing.
func source(seed uint64, name string, n int) *rand.Rand {
	sum := fnv.New64a()
	_, _ = sum.Write([]byte(name))
	return rand.New(rand.NewPCG(seed, sum.Sum64()+uint64(n)*0x9e3779b97f4a7c15))
}

func pick[T any](random *rand.Rand, of ...T) T { return of[random.IntN(len(of))] }

// between returns a random time, to the nanosecond so that two rarely coincide.
func between(random *rand.Rand, low, high time.Duration) time.Duration {
	if high <= low {
		return low
	}
	return low + time.Duration(random.Int64N(int64(high-low)))
}

// newScenario draws a scenario.
func newScenario(seed uint64) scenario {
	random := source(seed, "scenario", 0)
	s := scenario{
		seed: seed, theme: themes[seed%uint64(len(themes))],
		length:  between(random, time.Minute, 6*time.Minute),
		workers: pick(random, 1, 1, 2, 3, 5, 9, 12, 24, 50, 1+random.IntN(100)),
		batch:   random.IntN(2) == 0,
		getters: random.IntN(4),
		drainAt: never, closeAt: never,
		network: 2 * time.Second,
		latency: pick(random, 50*time.Millisecond, time.Second, 5*time.Second),
		ageless: pick(random, 0, 0, 0.2, 1),
		limits:  limits{minute: 120, enforced: true, told: true, shrinkAt: never, vanishAt: never, pastAt: never},
	}
	if random.IntN(4) == 0 {
		s.skew = between(random, -time.Hour, time.Hour)
	}
	if random.IntN(3) > 0 {
		s.slowBodies, s.body = pick(random, 0.05, 0.5), between(random, time.Second, 18*time.Second)
	}
	s.cancels = pick(random, 0, 0.1, 0.5)
	s.slowOnSnapshot = pick(random, 0, 0, 0.2)
	if random.IntN(3) == 0 {
		s.sharers = random.IntN(30)
	}
	if random.IntN(6) == 0 {
		s.drainAt = between(random, 0, s.length)
	}
	if random.IntN(6) == 0 {
		s.closeAt = between(random, 0, s.length)
	}
	s.limits.sliding = random.IntN(3) == 0
	s.addTheme(random)
	s.addHints(source(seed, "hints", 0))
	return s
}

// addHints draws hints for half of the scenarios.
func (s *scenario) addHints(random *rand.Rand) {
	s.hints.none = random.IntN(2) == 0
	if random.IntN(3) == 0 {
		s.hints.every, s.hints.flood = between(random, 10*time.Millisecond, 20*time.Second), pick(random, 1, 1, 30)
	}
	s.hints.webhook = deliveries{lost: pick(random, 0, 0.2, 0.9), late: pick(random, 0, 2*time.Second, 10*time.Second), twice: pick(random, 0, 0.5)}
}

// addTheme draws what the theme adds.
func (s *scenario) addTheme(random *rand.Rand) {
	switch s.theme {
	case "crowd":
		s.workers = pick(random, 12, 24, 50, 100, 300)
		s.length = min(s.length, 4*time.Minute)
	case "starvation":
		s.loopers = pick(random, 1, 1, 5, 30)
		s.getters = 0
		s.cancels = pick(random, 0, 0.1)
	case "outages":
		s.addOutages(random)
	case "refusals":
		s.addRefusals(random)
	case "spent":
		s.addSmallLimits(random)
		s.slowBodies, s.body = 0.5, between(random, time.Second, 18*time.Second)
		s.limits.sliding = random.IntN(5) == 0
	case "vanishing":
		s.addSmallLimits(random)
		s.limits.sliding = false
		at := between(random, 0, s.length/2)
		if random.IntN(2) == 0 {
			s.limits.vanishAt = at
		} else {
			s.limits.pastAt = at
		}
	case "lies":
		s.limits.lies = pick(random, 0.01, 0.05, 1)
		s.limits.hour = pick(random, 0, 10_000)
	case "memory":
		s.bodyBytes = pick(random, 100_000, 2_000_000)
		s.memory = pick[int64](random, 0, 1, 1_000_000)
		s.sweepers = random.IntN(4)
	case "wild":
		s.addOutages(random)
		s.addRefusals(random)
		s.addSmallLimits(random)
		s.addFaults(random)
		s.loopers = random.IntN(3)
		s.sweepers = random.IntN(2)
		s.perMinute = pick(random, 0, 10, 60, 300)
		s.latency = pick(random, 50*time.Millisecond, 20*time.Second)
		s.limits.lies = pick(random, 0, 0.02)
		s.undated = s.skew == 0 && random.IntN(2) == 0
	}
	if s.sharers > 0 && random.IntN(3) == 0 {
		s.companies = 1 + random.IntN(13)
	}
	if s.theme != "calm" && random.IntN(3) == 0 {
		s.addFaults(random)
	}
}

func (s *scenario) addFaults(random *rand.Rand) {
	s.faults = pick(random, 0.02, 0.2)
	s.panics = pick(random, 0, 0.02)
	s.blips = pick(random, 0, 0.05)
	s.flaps = pick(random, 0, 0.05, 0.5)
	s.young = pick(random, 0, 0.5)
}

func (s *scenario) addOutages(random *rand.Rand) {
	for at := between(random, 0, s.length/2); at < s.length; {
		end := at + between(random, time.Second, 2*time.Minute)
		s.outages = append(s.outages, span{at, end})
		at = end + between(random, time.Second, 3*time.Minute)
	}
}

// addRefusals draws short periods of 429, with so many requests in flight that
// some are refused while a probe is out.
func (s *scenario) addRefusals(random *rand.Rand) {
	s.refusalRate = pick(random, 0.5, 1)
	s.longRefusal = pick(random, 6*time.Second, time.Minute, time.Minute, time.Hour)
	s.latency = pick(random, s.latency, 20*time.Second, 20*time.Second)
	s.quick = pick(random, 0, 0.6, 0.8)
	s.workers = max(s.workers, pick(random, 3, 24, 50, 50))
	for at := between(random, 0, s.length/2); at < s.length; {
		end := at + between(random, time.Second, pick(random, 30*time.Second, time.Minute))
		s.refusals = append(s.refusals, span{at, end})
		at = end + between(random, time.Second, pick(random, 20*time.Second, 3*time.Minute))
	}
}

func (s *scenario) addSmallLimits(random *rand.Rand) {
	s.limits.minute = pick(random, 20, 20, 40, 60, 120)
	s.limits.hour = pick(random, 0, 0, 100, 500, 10_000)
	s.limits.enforced = random.IntN(4) > 0
	s.limits.others = pick(random, 0, 0.3, 0.9)
	s.workers = max(s.workers, pick(random, 3, 12, 24))
	s.length = max(s.length, 3*time.Minute)
	if random.IntN(4) == 0 {
		s.limits.shrinkAt, s.limits.shrunk = between(random, 0, s.length), pick(random, 1, 10, 30, 240)
	}
}

// takes draws how long a run takes: a median of 75 s; some fail early, and some
// never end.
func takes(random *rand.Rand) time.Duration {
	switch random.IntN(10) {
	case 0:
		return between(random, 8*time.Second, 20*time.Second)
	case 1:
		return time.Hour
	default:
		return time.Duration(75 * math.Exp(random.NormFloat64()/2) * float64(time.Second))
	}
}
