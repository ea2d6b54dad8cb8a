package store_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"instaview-mcp/client"
	"instaview-mcp/client/poll"
	"instaview-mcp/internal/store"
	"instaview-mcp/internal/store/fakeredis"
)

// rig is a store in a test of its rules, with a way to let time pass.
type rig struct {
	*testing.T
	connect func() store.Server
	pass    func(time.Duration)
	forget  func() // loses all state
	began   time.Time
	passed  time.Duration
	virtual bool // the time that passes is that of began
	stores  map[string]poll.Store
	active  map[string]bool // replicas that say each second that they are there
}

// taken returns how long the test has taken beside the time that it let pass.
func (r *rig) taken() time.Duration {
	if r.virtual {
		return time.Since(r.began) - r.passed
	}
	return time.Since(r.began)
}

const secret = "sk_live_canary"

// of returns the poll.Store of a replica.
func (r *rig) of(replica string) poll.Store {
	if r.stores[replica] == nil {
		r.stores[replica] = store.On(r.connect(), client.NewKey(secret), func(store.Decision) {})
	}
	return r.stores[replica]
}

func (r *rig) advance(d time.Duration) {
	r.Helper()
	r.pass(d)
	r.passed += d
	for replica := range r.active {
		r.present(replica)
	}
}

// slowRate gives a token every 10 s, so that real time changes little.
var slowRate = poll.Rate{PerMinute: 6, Burst: 8, Kept: 3}

func request(id string, get bool) poll.Request {
	run := id
	if _, after, found := cut(id); found {
		run = after
	}
	return poll.Request{ID: id, Run: run, Get: get, Rate: slowRate}
}

func cut(id string) (company, run string, found bool) {
	for i := range id {
		if id[i] == '/' {
			return id[:i], id[i+1:], true
		}
	}
	return "", id, false
}

func (r *rig) begin(replica string, q poll.Request) poll.Permit {
	r.Helper()
	p, err := r.of(replica).Begin(context.Background(), q)
	r.active[replica] = true
	if err != nil {
		r.Fatal(err)
	}
	return p
}

// granted wants a permit.
func (r *rig) granted(replica string, q poll.Request) poll.Permit {
	r.Helper()
	p := r.begin(replica, q)
	if !p.Granted {
		r.Fatalf("%s: %s is refused: %+v", replica, q.ID, p)
	}
	return p
}

// refused wants a refusal, for a time that may be shorter by what the test has
// taken: by twice that, where half the rate is left for the part of a token
// that was not refilled meanwhile.
func (r *rig) refused(replica string, q poll.Request, scope poll.Scope, in time.Duration) poll.Permit {
	r.Helper()
	p := r.begin(replica, q)
	taken := r.taken()
	if p.Granted || p.Scope != scope || p.In > in+5*time.Millisecond || p.In < in-2*taken-5*time.Millisecond {
		r.Fatalf("%s: %s gets %+v, want a refusal of scope %d for %v", replica, q.ID, p, scope, in)
	}
	return p
}

func (r *rig) end(replica string, o poll.Outcome) {
	r.Helper()
	if _, run, found := cut(o.ID); found {
		o.Run = run
	} else {
		o.Run = o.ID
	}
	if err := r.of(replica).End(context.Background(), o); err != nil {
		r.Fatal(err)
	}
}

// fill fills the bucket.
func (r *rig) fill() {
	r.Helper()
	r.granted("filler", request("fill", true))
	r.end("filler", poll.Outcome{ID: "fill", Result: poll.Answered, HoldRun: time.Millisecond})
	r.leave("filler")
	r.advance(90 * time.Second)
}

func (r *rig) leave(replica string) {
	r.Helper()
	delete(r.active, replica)
	r.of(replica).Close()
	delete(r.stores, replica)
}

func (r *rig) present(replica string) int {
	r.Helper()
	r.active[replica] = true
	n, err := r.of(replica).Present(context.Background(), 0)
	if err != nil {
		r.Fatal(err)
	}
	return n
}

// back returns a replica to the store.
func (r *rig) back(replica string, back poll.Return) {
	r.Helper()
	back.Rate = slowRate
	if _, err := r.of(replica).Return(context.Background(), back); err != nil {
		r.Fatal(err)
	}
}

func waitFor(id string) poll.Request { return request(id, false) }
func getOf(id string) poll.Request   { return request(id, true) }

var started = poll.Request{Get: true, Rate: slowRate}

// after returns q, due for a time.
func after(q poll.Request, overdue time.Duration) poll.Request {
	q.Overdue = overdue
	return q
}

func answered(id string, hold time.Duration) poll.Outcome {
	return poll.Outcome{ID: id, Result: poll.Answered, HoldRun: hold}
}

// The rules of the scripts. Each holds in the fake, with which the Pollers are
// tested in virtual time, and in a real server.
var rules = map[string]func(*rig){
	"a new key has one token": func(r *rig) {
		r.granted("a", getOf("1"))
		r.refused("a", getOf("2"), poll.ScopeKind, 10*time.Second)
	},
	"the bucket is full after a while": func(r *rig) {
		r.fill()
		for i := range 8 {
			r.granted("a", getOf(fmt.Sprint(i)))
		}
		r.refused("b", getOf("8"), poll.ScopeKind, 10*time.Second)
	},
	"a run is requested by one replica": func(r *rig) {
		r.fill()
		r.granted("a", getOf("1"))
		r.refused("b", getOf("1"), poll.ScopeLease, 25*time.Second)
		r.advance(20 * time.Second)
		r.refused("b", getOf("1"), poll.ScopeLease, 5*time.Second)
		r.advance(6 * time.Second)
		r.granted("b", getOf("1"))
	},
	"a replica takes back a lease of its own": func(r *rig) {
		r.fill()
		r.granted("a", getOf("1"))
		r.granted("a", getOf("1"))
	},
	"the floor holds for all": func(r *rig) {
		r.fill()
		r.granted("a", getOf("1"))
		r.end("a", answered("1", time.Minute))
		r.refused("a", getOf("1"), poll.ScopeRun, time.Minute)
		r.refused("b", getOf("1"), poll.ScopeRun, time.Minute)
		r.advance(61 * time.Second)
		r.granted("b", getOf("1"))
	},
	"companies share the floor and no state": func(r *rig) {
		r.fill()
		n := 7
		r.granted("a", getOf("x/1"))
		o := answered("x/1", time.Minute)
		o.Seen = &poll.Seen{Age: 42 * time.Second, SourcedCount: &n}
		r.end("a", o)
		r.advance(10 * time.Second)
		p := r.refused("b", getOf("x/1"), poll.ScopeRun, 50*time.Second)
		if s := p.Seen; s == nil || s.Ended || s.Age != 42*time.Second || s.SourcedCount == nil || *s.SourcedCount != 7 || s.FoundCount != nil ||
			s.Ago < 10*time.Second || s.Ago > 10*time.Second+r.taken()+5*time.Millisecond {
			r.Errorf("seen %+v", s)
		}
		if p = r.refused("b", getOf("y/1"), poll.ScopeRun, 50*time.Second); p.Seen != nil {
			r.Errorf("another company's state: %+v", p.Seen)
		}
	},
	"a wait is told first what another replica has seen since": func(r *rig) {
		r.fill()
		r.granted("a", getOf("1"))
		o := answered("1", time.Second)
		o.Seen = &poll.Seen{Age: time.Minute}
		r.end("a", o)
		r.advance(10 * time.Second)
		never, before, after := waitFor("1"), waitFor("1"), waitFor("1")
		never.Known, before.Known, after.Known = -1, 20*time.Second, 9*time.Second
		for _, q := range []poll.Request{never, before} {
			if p := r.refused("b", q, poll.ScopeRun, 100*time.Millisecond); p.Seen == nil {
				r.Error("nothing is told")
			}
		}
		r.granted("b", after)
		r.end("b", poll.Outcome{ID: "1", Result: poll.Unsent})
		get := getOf("1")
		get.Known = -1
		r.granted("c", get)
	},
	"an end without an age is known": func(r *rig) {
		r.granted("a", getOf("1"))
		o := answered("1", time.Minute)
		o.Seen = &poll.Seen{Ended: true, Age: -1}
		r.end("a", o)
		if s := r.refused("b", getOf("1"), poll.ScopeRun, time.Minute).Seen; s == nil || !s.Ended || s.Age >= 0 {
			r.Errorf("seen %+v", s)
		}
	},
	"an old state is forgotten": func(r *rig) {
		r.granted("a", getOf("1"))
		o := answered("1", 20*time.Minute)
		o.Seen = &poll.Seen{Ended: true}
		r.end("a", o)
		r.advance(6 * time.Minute) // and the replica keeps the key
		r.advance(6 * time.Minute)
		if s := r.refused("b", getOf("1"), poll.ScopeRun, 8*time.Minute).Seen; s != nil {
			r.Errorf("seen %+v", s)
		}
	},
	"a longer floor stays": func(r *rig) {
		r.fill()
		r.granted("a", getOf("1"))
		r.end("a", answered("1", 10*time.Minute))
		r.end("b", answered("1", time.Minute))
		r.refused("c", getOf("1"), poll.ScopeRun, 10*time.Minute)
	},
	"a request that was not sent is given back": func(r *rig) {
		r.granted("a", getOf("1"))
		r.end("a", poll.Outcome{ID: "1", Result: poll.Unsent})
		r.granted("b", getOf("1"))
	},
	"waits leave tokens for gets": func(r *rig) {
		r.fill()
		for i := range 5 {
			r.granted("a", waitFor(fmt.Sprint(i)))
		}
		r.refused("a", waitFor("5"), poll.ScopeKind, 10*time.Second)
		r.granted("b", getOf("6"))
	},
	"kinds alternate over all replicas": func(r *rig) {
		r.granted("a", getOf("1"))
		r.advance(8 * time.Second)
		r.refused("a", getOf("2"), poll.ScopeKind, 2*time.Second)
		r.refused("b", waitFor("3"), poll.ScopeKind, 2*time.Second) // its turn
		r.advance(2 * time.Second)
		r.refused("a", getOf("2"), poll.ScopeKind, 10*time.Second)
		r.granted("b", waitFor("3"))
	},
	"what is due for longest goes first": func(r *rig) {
		r.granted("a", getOf("1"))
		r.advance(8 * time.Second)
		r.refused("b", after(getOf("2"), 28*time.Second), poll.ScopeKind, 2*time.Second)
		r.refused("a", after(getOf("3"), 23*time.Second), poll.ScopeKind, 12*time.Second)
		r.advance(1950 * time.Millisecond)
		r.refused("a", after(getOf("3"), 25*time.Second), poll.ScopeKind, 10*time.Second+50*time.Millisecond)
		r.granted("b", after(getOf("2"), 30*time.Second))
	},
	"the lowest rate counts for all": func(r *rig) {
		r.fill()
		fast := func(id string) poll.Request {
			q := waitFor(id)
			q.Rate = poll.Rate{PerMinute: 60, Burst: 8, Kept: 3}
			return q
		}
		low := func(id string) poll.Request {
			q := waitFor(id)
			q.Rate = poll.Rate{PerMinute: 6, Burst: 2, Kept: 1}
			return q
		}
		r.granted("a", low("1"))
		r.refused("b", fast("2"), poll.ScopeKind, 10*time.Second)
		r.advance(10 * time.Second)
		r.granted("b", fast("2"))
		r.leave("a")
		r.advance(2*time.Minute + time.Second) // a may have known what b will be told
		r.granted("b", fast("4"))
		r.advance(6 * time.Second)
		for i := range 5 {
			r.granted("b", fast(fmt.Sprint("b", i)))
		}
	},
	"a claim that nobody comes for ends": func(r *rig) {
		r.granted("a", getOf("1"))
		r.refused("b", after(getOf("2"), time.Hour), poll.ScopeKind, 10*time.Second)
		r.advance(10 * time.Second)
		r.granted("a", getOf("3"))
	},
	"a pause holds for all, and one probe follows": func(r *rig) {
		r.fill()
		r.granted("a", getOf("1"))
		r.end("a", poll.Outcome{ID: "1", Result: poll.Failed, HoldRun: time.Minute, HoldKey: time.Minute, Cause: client.CodeRateLimited})
		if p := r.refused("b", getOf("2"), poll.ScopeKey, time.Minute); p.Cause != client.CodeRateLimited {
			r.Errorf("cause %q", p.Cause)
		}
		r.refused("b", started, poll.ScopeKey, time.Minute)
		r.advance(61 * time.Second)
		r.granted("b", getOf("2"))
		r.refused("a", getOf("3"), poll.ScopeKey, time.Second)
		r.end("b", answered("2", time.Minute))
		r.granted("a", getOf("3"))
		r.granted("b", getOf("4"))
	},
	"a probe that fails makes the pause longer": func(r *rig) {
		r.fill()
		fail := func(id string, hold time.Duration) {
			r.granted("a", getOf(id))
			r.end("a", poll.Outcome{ID: id, Result: poll.Failed, HoldRun: time.Hour, HoldKey: hold, Cause: client.CodeUnavailable})
		}
		fail("1", 12*time.Second)
		r.advance(13 * time.Second)
		fail("2", 5*time.Second)
		r.refused("b", getOf("3"), poll.ScopeKey, 24*time.Second)
		r.advance(25 * time.Second)
		fail("4", 5*time.Second)
		r.refused("b", getOf("5"), poll.ScopeKey, 30*time.Second)
	},
	"a killed probe is followed by another": func(r *rig) {
		r.fill()
		r.granted("a", getOf("1"))
		r.end("a", poll.Outcome{ID: "1", Result: poll.Failed, HoldRun: time.Minute, HoldKey: time.Minute, Cause: client.CodeUnavailable})
		r.advance(61 * time.Second)
		r.granted("a", getOf("2"))
		r.advance(26 * time.Second)
		r.granted("b", getOf("3"))
	},
	"a used-up window holds, then probes": func(r *rig) {
		r.fill()
		r.granted("a", getOf("1"))
		o := answered("1", time.Hour)
		o.Minute = poll.Left{Left: 1, Limit: 60, ResetIn: 40 * time.Second}
		r.end("a", o)
		r.granted("b", getOf("2"))
		r.refused("a", getOf("3"), poll.ScopeKey, 40*time.Second)
		r.refused("a", started, poll.ScopeKey, 40*time.Second)
		r.advance(41 * time.Second)
		r.granted("b", getOf("3"))
		r.refused("a", getOf("4"), poll.ScopeKey, 5*time.Second)
	},
	"a used-up window that is over ends with an answer that tells of none": func(r *rig) {
		r.fill()
		r.granted("a", getOf("1"))
		o := answered("1", time.Hour)
		o.Minute = poll.Left{Left: 0, Limit: 60, ResetIn: 10 * time.Second}
		r.end("a", o)
		r.advance(11 * time.Second)
		r.granted("a", getOf("2"))
		r.end("a", poll.Outcome{ID: "2", Result: poll.Unsent})
		r.refused("b", getOf("3"), poll.ScopeKey, 5*time.Second)
		r.advance(6 * time.Second)
		r.granted("a", getOf("2"))
		r.end("a", answered("2", time.Hour))
		r.granted("b", getOf("3"))
		r.granted("b", getOf("4"))
	},
	"a used-up window does not end with an answer before its time": func(r *rig) {
		r.fill()
		r.granted("a", getOf("1"))
		r.granted("b", getOf("2"))
		o := answered("1", time.Hour)
		o.Minute = poll.Left{Left: 0, Limit: 60, ResetIn: 40 * time.Second}
		r.end("a", o)
		r.end("b", answered("2", time.Hour))
		r.refused("a", getOf("3"), poll.ScopeKey, 40*time.Second)
	},
	"of one window the lower number counts": func(r *rig) {
		r.fill()
		r.granted("a", getOf("1"))
		r.granted("b", getOf("2"))
		o := answered("1", time.Hour)
		o.Minute = poll.Left{Left: 0, Limit: 60, ResetIn: 40 * time.Second}
		r.end("a", o)
		o = answered("2", time.Hour)
		o.Minute = poll.Left{Left: 50, Limit: 60, ResetIn: 40 * time.Second}
		r.end("b", o)
		r.refused("a", getOf("3"), poll.ScopeKey, 40*time.Second)
	},
	"of a new window the newer number counts": func(r *rig) {
		r.fill()
		r.granted("a", getOf("1"))
		r.granted("b", getOf("2"))
		o := answered("1", time.Hour)
		o.Minute = poll.Left{Left: 0, Limit: 60, ResetIn: 40 * time.Second}
		r.end("a", o)
		o = answered("2", time.Hour)
		o.Minute = poll.Left{Left: 50, Limit: 60, ResetIn: 80 * time.Second}
		r.end("b", o)
		r.granted("a", getOf("3"))
	},
	"what others have in flight is not left": func(r *rig) {
		r.fill()
		r.granted("a", getOf("1"))
		r.granted("b", getOf("2"))
		o := answered("1", time.Hour)
		o.Minute = poll.Left{Left: 1, Limit: 60, ResetIn: 40 * time.Second}
		r.end("a", o)
		r.refused("a", getOf("3"), poll.ScopeKey, 40*time.Second)
	},
	"the hour is spread over waits, not gets": func(r *rig) {
		r.fill()
		r.granted("a", waitFor("1"))
		o := answered("1", time.Hour)
		o.Hour = poll.Left{Left: 10, Limit: 500, ResetIn: 30 * time.Minute}
		r.end("a", o)
		r.refused("b", waitFor("2"), poll.ScopeKind, 3*time.Minute)
		r.granted("b", getOf("3"))
		r.advance(4 * time.Minute)
		r.present("b")
		r.granted("b", waitFor("2"))
	},
	"the hour's pace is kept in the order of what is due": func(r *rig) {
		r.fill()
		r.granted("a", waitFor("1"))
		o := answered("1", time.Hour)
		o.Hour = poll.Left{Left: 60, Limit: 5000, ResetIn: 30 * time.Minute}
		r.end("a", o)
		r.advance(29 * time.Second)
		r.refused("b", after(waitFor("2"), 40*time.Second), poll.ScopeKind, 517*time.Millisecond)
		r.granted("a", getOf("4")) // has no pace to keep
		r.advance(time.Second)
		r.refused("a", after(waitFor("3"), 20*time.Second), poll.ScopeKind, 30*time.Second)
		r.granted("b", after(waitFor("2"), 41*time.Second))
	},
	"a start needs no token": func(r *rig) {
		r.granted("a", getOf("1"))
		r.granted("a", started)
		r.refused("a", getOf("2"), poll.ScopeKind, 20*time.Second)
	},
	"a permit that is given back twice counts once": func(r *rig) {
		r.fill()
		r.granted("a", getOf("1"))
		r.granted("a", getOf("2"))
		for range 2 { // the first answer was lost
			r.end("a", poll.Outcome{ID: "1", Result: poll.Unsent})
		}
		for i := range 7 {
			r.granted("a", getOf(fmt.Sprint("again-", i)))
		}
		r.refused("a", getOf("3"), poll.ScopeKind, 10*time.Second)
	},
	"a silent replica keeps its part": func(r *rig) {
		r.fill()
		if r.present("a"); r.present("b") != 2 {
			r.Fatal("two replicas are not two")
		}
		for i := range 8 {
			r.granted("a", getOf(fmt.Sprint(i)))
		}
		r.refused("a", getOf("8"), poll.ScopeKind, 10*time.Second)
		delete(r.active, "b")
		r.advance(4 * time.Second)
		r.refused("a", getOf("8"), poll.ScopeKind, 16*time.Second) // b may be going on alone
		r.advance(2 * time.Minute)
		if n := r.present("a"); n != 1 {
			r.Errorf("%d replicas, want one", n)
		}
	},
	"a replica that leaves gives its part back": func(r *rig) {
		r.present("a")
		r.present("b")
		r.leave("b")
		if n := r.present("a"); n != 1 {
			r.Errorf("%d replicas", n)
		}
	},
	"an idle replica is counted, and leaves its part to the others": func(r *rig) {
		r.fill()
		r.present("a")
		if n, err := r.of("b").Present(context.Background(), 10*time.Second); n != 2 || err != nil {
			r.Errorf("%d replicas, %v", n, err)
		}
		delete(r.active, "b")
		for i := range 8 {
			r.granted("a", getOf(fmt.Sprint(i)))
		}
		r.advance(4 * time.Second)
		if p := r.refused("a", getOf("8"), poll.ScopeKind, 6*time.Second); p.Replicas != 2 {
			r.Errorf("%+v", p)
		}
		r.advance(10 * time.Second)
		r.refused("a", getOf("8"), poll.ScopeKind, 2*time.Second) // b is silent for too long
		r.advance(2 * time.Minute)
		if n := r.present("a"); n != 1 {
			r.Errorf("%d replicas, want one", n)
		}
	},
	"a lost state is noticed": func(r *rig) {
		r.granted("a", getOf("1"))
		r.granted("b", started)
		r.forget()
		if _, err := r.of("a").Begin(context.Background(), getOf("2")); !errors.Is(err, poll.ErrStateLost) {
			r.Errorf("error %v", err)
		}
		r.granted("c", getOf("3")) // knows of no loss, and has one token
		if err := r.of("b").End(context.Background(), answered("1", time.Minute)); !errors.Is(err, poll.ErrStateLost) {
			r.Errorf("error %v", err)
		}
	},
	"an end makes no state without a name": func(r *rig) {
		r.granted("a", getOf("1"))
		r.forget()
		for range 2 { // then a knows of no state
			_ = r.of("a").End(context.Background(), answered("1", time.Minute))
		}
		r.granted("b", getOf("2"))
		r.forget()
		if _, err := r.of("b").Begin(context.Background(), getOf("2")); !errors.Is(err, poll.ErrStateLost) {
			r.Errorf("error %v", err)
		}
	},
	"who returns brings floors, and others get time to": func(r *rig) {
		r.granted("a", getOf("1"))
		r.forget()
		r.back("a", poll.Return{Held: []poll.Held{{Run: "1", For: 25 * time.Second, InFlight: true}, {Run: "2", For: time.Minute}}})
		r.refused("b", getOf("4"), poll.ScopeKey, 5*time.Second) // the floors of those that have left are over
		r.refused("b", getOf("1"), poll.ScopeLease, 25*time.Second)
		r.refused("b", getOf("2"), poll.ScopeRun, time.Minute)
		r.back("b", poll.Return{Held: []poll.Held{{Run: "2", For: time.Second}}})
		r.refused("c", getOf("2"), poll.ScopeRun, time.Minute)
		r.advance(6 * time.Second)
		r.granted("b", getOf("4"))
	},
	"what two have requested is left alone for the longer time": func(r *rig) {
		r.fill()
		r.granted("a", getOf("1"))
		r.granted("a", getOf("2"))
		r.advance(5 * time.Second)
		r.back("b", poll.Return{Held: []poll.Held{{Run: "1", For: 25 * time.Second, InFlight: true}, {Run: "2", For: 5 * time.Second}}})
		r.refused("a", getOf("3"), poll.ScopeKey, 3*time.Second)
		r.advance(4 * time.Second)
		for _, replica := range []string{"a", "b"} {
			r.refused(replica, getOf("1"), poll.ScopeRun, 21*time.Second)
			r.refused(replica, getOf("2"), poll.ScopeRun, 16*time.Second)
		}
		// A replica that returns again takes none of them for its own.
		r.back("b", poll.Return{Held: []poll.Held{{Run: "1", For: 25 * time.Second, InFlight: true}}})
		r.refused("b", getOf("1"), poll.ScopeRun, 25*time.Second)
	},
	"who returns brings the pause": func(r *rig) {
		r.back("a", poll.Return{HoldKey: time.Minute, Cause: client.CodeRateLimited})
		if p := r.refused("b", getOf("1"), poll.ScopeKey, time.Minute); p.Cause != client.CodeRateLimited {
			r.Errorf("%+v", p)
		}
	},
	"one with a bad network does not stop the others": func(r *rig) {
		r.fill()
		r.granted("b", getOf("1"))
		r.back("a", poll.Return{})
		r.advance(4 * time.Second)
		r.back("a", poll.Return{})
		r.granted("b", getOf("2"))
	},
	"what was spent alone is spent": func(r *rig) {
		r.fill()
		r.granted("a", getOf("1"))
		r.back("a", poll.Return{Spent: 7})
		r.advance(4 * time.Second)
		p := r.begin("a", getOf("2"))
		if p.Granted || p.Scope != poll.ScopeKind {
			r.Errorf("%+v", p)
		}
	},
	"nobody is told to ask again at once": func(r *rig) {
		r.fill()
		r.granted("a", getOf("1"))
		r.advance(25*time.Second - r.taken())
		if p := r.begin("b", getOf("1")); !p.Granted && p.In <= 0 {
			r.Errorf("%+v", p)
		}
	},
}

func TestRulesInTheFake(t *testing.T) {
	for name, rule := range rules {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := fakeredis.New(-time.Hour)
				rule(&rig{T: t, connect: func() store.Server { return s.Connect() }, pass: time.Sleep, forget: s.Flush, began: time.Now(), virtual: true, stores: map[string]poll.Store{}, active: map[string]bool{}})
			})
		})
	}
}

func TestRulesInRedis(t *testing.T) {
	s := startRedis(t)
	server := open(t, s.URL())
	for name, rule := range rules {
		t.Run(name, func(t *testing.T) {
			forget := func() { s.do("FLUSHALL") }
			forget()
			rule(&rig{T: t, connect: func() store.Server { return server }, pass: s.age, forget: forget, began: time.Now(), stores: map[string]poll.Store{}, active: map[string]bool{}})
		})
	}
}

// A replica knows its own hints, and would take one that comes back for a
// second hint.
func TestHintDoesNotComeBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		redis, got := fakeredis.New(0), map[string]int{}
		var all []poll.Store
		for _, who := range []string{"a", "b"} {
			s := store.On(redis.Connect(), client.NewKey(secret), func(store.Decision) {})
			s.Subscribe(func(n poll.News) {
				if n.Name == s.Name("req_1") && !n.Ended {
					got[who]++
				}
			})
			defer s.Close()
			all = append(all, s)
		}
		if err := all[0].Publish(t.Context(), poll.News{Name: all[0].Name("req_1")}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if got["a"] != 0 || got["b"] != 1 {
			t.Errorf("hints that came: %v, want one for b", got)
		}
	})
}
