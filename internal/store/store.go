// Package store keeps what the replicas of the program share about an API key,
// on Redis or Valkey.
//
// Before each request a replica runs begin.lua, and after it end.lua: one round
// trip each, decided by the server's clock, so that the replicas' clocks do not
// matter. Names are hashes: of the key a SHA-256, of runs an HMAC with the key,
// so that guesses can only be checked by who has the key. Values are numbers,
// random names of replicas and documented error codes. With K for
// instaview-mcp:{hash of the key} there are:
//
//   - K, a hash: the token bucket and its rate, the lowest that a replica had
//     within 2 minutes; what is left of the minute and the hour; the pause
//     after failures, its cause and the replica that probes; and a random
//     epoch, by which a replica notices that the state was lost. It lives for
//     10 minutes after the last use, or after the end of a longer pause.
//   - K:replicas, a sorted set: when each replica was last heard of, or until
//     when it may be silent because it is idle; 12 minutes.
//   - K:claims, a hash: who waits for a token, or for the hour's pace, and
//     since when; 2 minutes.
//   - K:flying, a sorted set: the requests in flight; 25 s.
//   - K:run:<run>: the lease of the replica that requests the run, 25 s at
//     most, then the floor, 5 s or the run's Retry-After.
//   - K:seen:<run>, a hash: whether the run was in progress or had ended, its
//     age and counts; 10 minutes. Candidates are never here: each replica
//     requests them once.
//   - K, a channel: runs that have ended, those of which a webhook told a
//     replica, with its name, and that a replica missed a webhook.
//
// What is promised:
//
//   - With the store, requests of all replicas keep to one budget, one pause
//     with one probe after it, and one floor for each run. The replicas take
//     turns: the run that has been due for longest goes first.
//   - A store that answers within 500 ms is used. If one does not, or answers
//     with an error (full, a read-only copy, a wrong password), the replica
//     goes on alone, with an equal part of the budget and an empty bucket, and
//     tries the store each second. Then two replicas may request a run at the
//     same time.
//   - An active replica is heard of each second, an idle one every 10 s. One
//     that is silent for longer keeps its part of the budget for 2 minutes,
//     because it may be going on alone; an idle one does so only when the
//     others must have noticed. After that, what it sends is only limited by
//     what InstaView's headers tell.
//   - A replica that comes back tells of its floors and of what it has spent.
//     For 3 s nobody sends a request, so that the others can come back, too,
//     but not twice within 30 s.
//   - A store that has lost its state is noticed by every replica that used it.
//     Only one that first uses the key between the loss and the return of
//     another could send a request too early.
//   - A replica that is killed delays the runs that it was requesting by at
//     most 25 s.
package store

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"instaview-mcp/client"
	"instaview-mcp/client/poll"
)

// Server runs scripts, and carries messages between replicas.
type Server interface {
	// Run runs a script in one step. It returns the elements of its answer.
	Run(ctx context.Context, script *Script, keys, args []string) ([]string, error)
	Publish(ctx context.Context, channel, message string) error
	// Subscribe calls receive for every message of the channel until stop.
	Subscribe(channel string, receive func(message string)) (stop func())
}

// keyed is the poll.Store of one API key.
type keyed struct {
	server  Server
	observe func(Decision)
	secret  []byte // the API key, from which the names of runs are derived
	name    string // of the API key in the store
	replica string
	stop    func() // ends the subscription

	mu      sync.Mutex
	epoch   string    // of the state as last seen; "" if there is none to remember
	contact time.Time // when the store last answered
}

// Decision describes one answer to whether a request may be sent, for metrics.
type Decision struct {
	// Outcome is "granted", "run", "key" or "rate" by what forbids the request,
	// or "error".
	Outcome  string
	Latency  time.Duration
	Replicas int // that use the same key; 0 after an error
}

// On returns what shares the state of key on server. After every decision it
// calls observe, which must return quickly.
func On(server Server, key client.Key, observe func(Decision)) poll.Store {
	sum := sha256.Sum256([]byte("instaview-mcp shared state\x00" + key.Reveal()))
	return &keyed{
		server: server, observe: observe, secret: []byte(key.Reveal()), replica: "r" + rand.Text(), stop: func() {},
		// The braces make a cluster keep everything about a key on one node.
		name: "instaview-mcp:{" + hex.EncodeToString(sum[:16]) + "}",
	}
}

// hash names a run or a company's view of it, so that nobody who reads the
// store can check a guess without the API key.
func (k *keyed) hash(kind, id string) string {
	mac := hmac.New(sha256.New, k.secret)
	mac.Write([]byte(kind + "\x00" + id))
	return hex.EncodeToString(mac.Sum(nil)[:16])
}

// keys returns what every script needs, and for a request also what is kept
// about its run.
func (k *keyed) keys(run, id string) []string {
	keys := []string{k.name, k.name + ":replicas", k.name + ":claims", k.name + ":flying"}
	if id != "" {
		keys = append(keys, k.floor(run), k.name+":seen:"+k.hash("seen", id))
	}
	return keys
}

func (k *keyed) floor(run string) string { return k.name + ":run:" + k.hash("run", run) }

// Begin implements poll.Store.
func (k *keyed) Begin(ctx context.Context, request poll.Request) (permit poll.Permit, err error) {
	kind := "wait"
	switch {
	case request.ID == "":
		kind = "start"
	case request.Get:
		kind = "get"
	}
	args := []string{kind, number(request.Kept), decimal(request.PerMinute), number(request.Burst), millis(request.Overdue), millis(request.Known)}
	if request.ID != "" {
		args = append(args, k.hash("run", request.Run))
	}
	began := time.Now()
	a, err := k.run(ctx, begin, k.keys(request.Run, request.ID), append([]string{"", fresh()}, args...))
	if err != nil {
		k.observe(Decision{Outcome: "error", Latency: time.Since(began)})
		return permit, err
	}
	permit.In, permit.Replicas = a.duration(1), a.replicas()
	k.observe(Decision{a[0], time.Since(began), permit.Replicas})
	switch a[0] {
	case "granted":
		permit.Granted = true
	case "run":
		permit.Scope = poll.ScopeRun
		if a.at(4) == "1" {
			permit.Scope = poll.ScopeLease
		}
		permit.Seen = a.seen()
	case "key":
		permit.Scope, permit.Cause = poll.ScopeKey, client.Code(a.at(4))
	}
	return permit, nil
}

// End implements poll.Store.
func (k *keyed) End(ctx context.Context, o poll.Outcome) error {
	result := [...]string{poll.Unknown: "unknown", poll.Answered: "answered", poll.Failed: "failed", poll.Unsent: "unsent"}[o.Result]
	args := []string{"", fresh(), result, millis(o.HoldRun + tick), forKey(o.HoldKey), string(o.Cause), number(o.InFlight)}
	for _, w := range [...]poll.Left{o.Minute, o.Hour} {
		resetIn := ""
		if w.ResetIn > 0 {
			resetIn = millis(w.ResetIn)
		}
		args = append(args, number(w.Left), number(w.Limit), resetIn)
	}
	if o.ID != "" {
		args = append(args, k.hash("run", o.Run))
	}
	if s := o.Seen; s != nil {
		ended := "0"
		if s.Ended {
			ended = "1"
		}
		args = append(args, ended, millis(s.Age), optional(s.SourcedCount), optional(s.FoundCount), optional(s.ScoredCount))
	}
	_, err := k.run(ctx, end, k.keys(o.Run, o.ID), args)
	return err
}

// Present implements poll.Store.
func (k *keyed) Present(ctx context.Context, silent time.Duration) (replicas int, err error) {
	a, err := k.run(ctx, join, k.keys("", ""), []string{"", fresh(), "there", millis(silent)})
	if err != nil {
		return 0, err
	}
	return a.replicas(), nil
}

// Return implements poll.Store.
func (k *keyed) Return(ctx context.Context, r poll.Return) (replicas int, err error) {
	k.mu.Lock()
	k.epoch = ""
	k.mu.Unlock()
	keys := k.keys("", "")
	args := []string{"", fresh(), "back", number(r.Spent), decimal(r.PerMinute), number(r.Burst), forKey(r.HoldKey), string(r.Cause)}
	for _, h := range r.Held[:min(len(r.Held), maxHeld)] {
		inFlight := "0"
		if h.InFlight {
			inFlight = "1"
		}
		keys, args = append(keys, k.floor(h.Run)), append(args, millis(h.For+tick), inFlight)
	}
	a, err := k.run(ctx, join, keys, args)
	if err != nil {
		return 0, err
	}
	return a.replicas(), nil
}

// tick is added to floors, because the store's clock is read in milliseconds.
const tick = time.Millisecond

// forKey returns how long the key is held; "0" if it is not.
func forKey(hold time.Duration) string {
	if hold == 0 {
		return "0"
	}
	return millis(hold + tick)
}

// maxHeld is far above what the budget allows to be requested within a floor.
const maxHeld = 1_000

// Publish implements poll.Store.
func (k *keyed) Publish(ctx context.Context, n poll.News) error {
	what := "hint"
	if n.Missed {
		what = "missed"
	}
	return k.server.Publish(ctx, k.name, what+" "+n.Name+" "+k.replica)
}

// Name implements poll.Store.
func (k *keyed) Name(run string) string {
	if run == "" {
		return ""
	}
	return k.hash("run", run)
}

// Subscribe implements poll.Store.
func (k *keyed) Subscribe(receive func(poll.News)) {
	k.stop = k.server.Subscribe(k.name, func(message string) {
		what, named, _ := strings.Cut(message, " ")
		run, from, _ := strings.Cut(named, " ")
		if from == k.replica { // a hint that this replica has had
			return
		}
		receive(poll.News{Name: run, Ended: what == "ended", Missed: what == "missed"})
	})
}

// Close implements poll.Store.
func (k *keyed) Close() {
	k.stop()
	// If that fails, the others remember this replica for some minutes.
	_, _ = k.run(context.Background(), join, k.keys("", ""), []string{"", fresh(), "left"})
}

// run runs a script, whose first arguments are the replica and the state that
// it remembers.
func (k *keyed) run(ctx context.Context, script *Script, keys, args []string) (answer, error) {
	k.mu.Lock()
	if time.Since(k.contact) > life-time.Minute {
		k.epoch = "" // the state may have ended of age
	}
	args[0] = k.epoch
	k.mu.Unlock()
	a, err := k.server.Run(ctx, script, keys, slices.Insert(args, 0, k.replica))
	switch {
	case err != nil:
		return nil, err
	case len(a) == 0 || a[0] != "lost" && len(a) < 4:
		return nil, fmt.Errorf("the shared store answered %d elements", len(a))
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if a[0] == "lost" {
		k.epoch = ""
		return nil, poll.ErrStateLost
	}
	k.epoch, k.contact = a[3], time.Now()
	return a, nil
}

// answer is what a script returns: a verdict, a time, the number of replicas,
// the epoch, and more.
type answer []string

func (a answer) at(i int) string {
	if i >= len(a) {
		return ""
	}
	return a[i]
}

func (a answer) duration(i int) time.Duration {
	n, _ := strconv.ParseInt(a.at(i), 10, 64)
	return time.Duration(n) * time.Millisecond
}

func (a answer) replicas() int {
	n, _ := strconv.Atoi(a.at(2))
	return n
}

// seen returns the newest state of a run; nil if there is none.
func (a answer) seen() *poll.Seen {
	if a.at(5) == "" {
		return nil
	}
	count := func(i int) *int {
		n, err := strconv.Atoi(a.at(i))
		if err != nil {
			return nil
		}
		return &n
	}
	return &poll.Seen{
		Ago: a.duration(5), Ended: a.at(6) == "1", Age: a.duration(7),
		SourcedCount: count(8), FoundCount: count(9), ScoredCount: count(10),
	}
}

// fresh returns the epoch of a state that may have to be made. It must not look
// like a number, which Lua would take it for.
func fresh() string { return "e" + rand.Text() }

func number(n int) string { return strconv.Itoa(n) }

func optional(n *int) string {
	if n == nil {
		return ""
	}
	return number(*n)
}

func decimal(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

// millis rounds away from zero, so that no time is too short.
func millis(d time.Duration) string {
	round := time.Millisecond - 1
	if d < 0 {
		round = -round
	}
	return strconv.FormatInt(int64((d+round)/time.Millisecond), 10)
}
