package e2e

import (
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// instaview stands for InstaView before several processes: it keeps the
// documented limit over any 60 s, counts what violates the contract, and tells
// when runs have ended. It shares no code with the program.
type instaview struct {
	*httptest.Server
	ended func(id string) // called when a run ends; may be nil

	mu       sync.Mutex
	runs     map[string]*sourcingRun
	arrived  []time.Time // of the last 60 s
	requests int
	most     int // most requests in any 60 s
	refused  int
	tooClose int
	// alone is whether the processes cannot know of each other, and closeAlone
	// how many requests were then too close.
	alone      bool
	closeAlone int
	strange    []string // requests that nobody should make
}

type sourcingRun struct {
	id          string
	begun, ends time.Time
	requests    int
	inFlight    int
	answered    time.Time // just before the latest answer was written
	firstSeen   time.Time // when the first caller was told of the end
	candidate   string    // name of the one that is found
}

const (
	limitOfAMinute = 120
	floorOfARun    = 5 * time.Second
	replicasKey    = "sk_live_canary_of_replicas"
)

func newInstaview(t *testing.T) *instaview {
	t.Helper()
	i := &instaview{runs: map[string]*sourcingRun{}}
	i.Server = httptest.NewServer(i)
	t.Cleanup(i.Close)
	return i
}

// takes returns how long run n takes: up to most, one in ten much shorter. The
// others take 20 to 180 s with a median of 75 s, as far as most allows.
func takes(n int, most time.Duration) time.Duration {
	random := rand.New(rand.NewPCG(2, uint64(n)))
	seconds := 8 + 12*random.Float64()
	if random.IntN(10) != 0 {
		seconds = min(max(75*math.Exp(random.NormFloat64()/2), 20), 180)
	}
	return min(time.Duration(seconds*float64(time.Second)), most)
}

// start begins a run.
func (i *instaview) start(n int, d time.Duration) *sourcingRun {
	now := time.Now()
	r := &sourcingRun{id: fmt.Sprintf("req_canary_%d", n), begun: now, ends: now.Add(d), candidate: fmt.Sprintf("Canary Person %d", n)}
	i.mu.Lock()
	i.runs[r.id] = r
	i.mu.Unlock()
	if i.ended != nil {
		time.AfterFunc(d, func() { i.ended(r.id) })
	}
	return r
}

func (i *instaview) setAlone(alone bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.alone = alone
}

func (i *instaview) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	status, body, left, resets, run := i.arrive(r)
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("X-RateLimit-Limit-Minute", fmt.Sprint(limitOfAMinute))
	h.Set("X-RateLimit-Remaining-Minute", fmt.Sprint(left))
	h.Set("X-RateLimit-Reset-Minute", fmt.Sprint(resets.Unix()))
	if status == http.StatusTooManyRequests {
		h.Set("Retry-After", "5")
	}
	h.Set("Content-Length", fmt.Sprint(len(body)))
	answered := time.Now()
	w.WriteHeader(status)
	_, _ = w.Write([]byte(body))
	_ = http.NewResponseController(w).Flush()
	if run != nil {
		i.mu.Lock()
		run.inFlight--
		run.answered = answered
		i.mu.Unlock()
	}
}

// arrive counts a request and returns its answer, how many are left, and when
// there will be one more.
func (i *instaview) arrive(r *http.Request) (status int, body string, left int, resets time.Time, run *sourcingRun) {
	i.mu.Lock()
	defer i.mu.Unlock()
	now := time.Now()
	i.requests++
	i.arrived = slices.DeleteFunc(i.arrived, func(at time.Time) bool { return now.Sub(at) >= time.Minute })
	i.arrived = append(i.arrived, now)
	i.most = max(i.most, len(i.arrived))
	left, resets = max(0, limitOfAMinute-len(i.arrived)), i.arrived[0].Add(time.Minute)
	id, ok := strings.CutSuffix(strings.TrimPrefix(r.URL.Path, "/sourcing/"), "/results")
	if run = i.runs[id]; !ok || run == nil || r.Header.Get("Authorization") != "Bearer "+replicasKey {
		i.strange = append(i.strange, r.Method+" "+r.URL.Path)
		return http.StatusNotFound, `{"success":false,"message":"unknown run"}`, left, resets, nil
	}
	if run.inFlight > 0 || !run.answered.IsZero() && now.Sub(run.answered) < floorOfARun {
		if i.alone {
			i.closeAlone++
		} else {
			i.tooClose++
		}
	}
	run.requests++
	run.inFlight++
	if len(i.arrived) > limitOfAMinute {
		i.refused++
		return http.StatusTooManyRequests, `{"success":false,"message":"too many requests"}`, 0, resets, run
	}
	created := run.begun.UTC().Format(time.RFC3339Nano)
	if now.Before(run.ends) {
		return http.StatusAccepted, fmt.Sprintf(`{"success":true,"requestId":%q,"status":"processing","candidatesSourcedCount":7,"createdAt":%q}`, id, created), left, resets, run
	}
	return http.StatusOK, fmt.Sprintf(`{"success":true,"requestId":%q,"status":"completed","foundCount":1,"scoredCount":1,"createdAt":%q,"completedAt":%q,
		"candidates":[{"profileId":"prof_canary_%s","name":%q,"matchScore":90,"rationale":"A canary rationale."}]}`,
		id, created, run.ends.UTC().Format(time.RFC3339Nano), id, run.candidate), left, resets, run
}
