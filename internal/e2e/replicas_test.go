package e2e

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"instaview-mcp/internal/mcptest"
)

var replicasFor = flag.Duration("replicas", 20*time.Second, "how long each test of several processes lasts")

// returning is how long after the store's return the processes may still be on
// their own.
const returning = 2 * time.Second

const webhookSecret = "canary-secret-of-the-webhook"

// fleet is several processes of the program with one key and one store.
type fleet struct {
	t         *testing.T
	instaview *instaview
	redis     *mcptest.Redis
	env       []string

	mu      sync.Mutex
	sites   []*site // that are alive
	started []*site // all that ever were
	next    int     // number of the next run
}

// monitor returns every command that the store receives from now on.
func (f *fleet) monitor() *mcptest.Buffer {
	f.t.Helper()
	c := f.tell("MONITOR")
	seen := &mcptest.Buffer{}
	go func() { _, _ = io.Copy(seen, c) }()
	return seen
}

// tell sends a command to the store over a connection of its own.
func (f *fleet) tell(command string) net.Conn {
	f.t.Helper()
	c, err := net.Dial("tcp", fmt.Sprint("127.0.0.1:", f.redis.Port))
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() { _ = c.Close() })
	if _, err := io.WriteString(c, command+"\r\n"); err != nil {
		f.t.Fatal(err)
	}
	return c
}

// newFleet starts that many processes.
func newFleet(t *testing.T, replicas int, env ...string) *fleet {
	t.Helper()
	f := &fleet{t: t, redis: mcptest.StartRedis(t), instaview: newInstaview(t)}
	f.env = append([]string{
		"INSTAVIEW_BASE_URL=" + f.instaview.URL, "INSTAVIEW_API_KEY=" + replicasKey,
		"INSTAVIEW_MCP_REDIS_URL=" + f.redis.URL(), "INSTAVIEW_MCP_MAX_WAITS=500",
	}, env...)
	for range replicas {
		f.add()
	}
	return f
}

func (f *fleet) add() {
	f.t.Helper()
	s := serveHTTP(f.t, "http", f.env)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.sites, f.started = append(f.sites, s), append(f.started, s)
}

// killOne kills a process without warning, as Kubernetes does at a lack of
// memory.
func (f *fleet) killOne() {
	f.mu.Lock()
	defer f.mu.Unlock()
	_ = f.sites[0].cmd.Process.Kill()
	f.sites = f.sites[1:]
}

// killStore kills the store, and starts an empty one after a minute.
func (f *fleet) killStore() {
	f.instaview.setAlone(true)
	f.redis.Kill()
	time.Sleep(min(time.Minute, *replicasFor/5))
	f.redis.Start(f.t)
	time.Sleep(returning)
	f.instaview.setAlone(false)
}

// anyone returns a process, as a load balancer does.
func (f *fleet) anyone() *site {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.sites[rand.IntN(len(f.sites))]
}

// wakeUps makes InstaView's stand-in send webhooks, each to any process.
func (f *fleet) wakeUps() {
	f.instaview.ended = func(id string) {
		time.Sleep(rand.N(500 * time.Millisecond))
		body := fmt.Sprintf(`{"event":"SOURCING_COMPLETED","timestamp":%q,"deliveryId":%q,"data":{"requestId":%q,"status":"completed"}}`,
			time.Now().UTC().Format(time.RFC3339), "delivery-"+id, id)
		r, err := http.NewRequest(http.MethodPost, f.anyone().root()+"/webhooks/instaview", strings.NewReader(body))
		if err != nil {
			f.t.Error(err)
			return
		}
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("X-InstaView-Webhook-Secret", webhookSecret)
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			return // a killed process; InstaView's retries are not documented
		}
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusNoContent {
			f.t.Errorf("a delivery was answered %s", resp.Status)
		}
	}
}

// watch starts one run after the other and lets as many callers as watchers
// wait for each, until ctx ends.
func (f *fleet) watch(ctx context.Context, watchers int) {
	for ctx.Err() == nil {
		f.mu.Lock()
		n := f.next
		f.next++
		f.mu.Unlock()
		r := f.instaview.start(n, takes(n, *replicasFor/2))
		var all sync.WaitGroup
		for range watchers {
			all.Go(func() { f.wait(ctx, r) })
		}
		all.Wait()
	}
}

// wait calls the tool again and again until the run has ended.
func (f *fleet) wait(ctx context.Context, r *sourcingRun) {
	for ctx.Err() == nil {
		answer, err := callOver(ctx, f.anyone().url, mcptest.Call("wait_for_sourcing", fmt.Sprintf(`{"request_id":%q,"max_wait_seconds":50}`, r.id)))
		switch {
		case err != nil: // the process was killed
			select {
			case <-ctx.Done():
			case <-time.After(100 * time.Millisecond):
			}
		case strings.Contains(answer, r.candidate):
			f.instaview.mu.Lock()
			if r.firstSeen.IsZero() {
				r.firstSeen = time.Now()
			}
			f.instaview.mu.Unlock()
			return
		case strings.Contains(answer, `"isError":true`):
			f.t.Errorf("a wait failed: %s", answer)
			return
		}
	}
}

// callOver calls a tool over Streamable HTTP and returns the answer as it came.
func callOver(ctx context.Context, url, params string) (answer string, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(mcptest.Request(1, "tools/call", params)))
	if err != nil {
		return "", err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json, text/event-stream")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return "", err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = errors.New(resp.Status)
	}
	return string(body), err
}

// run keeps that many runs in flight for the time of the test, fewer if that is
// less than five minutes. At a third of it disturb is called, and at two thirds
// mend.
func (f *fleet) run(inFlight int, disturb, mend func()) {
	if share := float64(*replicasFor) / float64(5*time.Minute); share < 1 {
		inFlight = max(6, int(share*float64(inFlight))) // they take less time, too
	}
	ctx, cancel := context.WithTimeout(f.t.Context(), *replicasFor)
	defer cancel()
	var all sync.WaitGroup
	for n := range inFlight {
		all.Go(func() { f.watch(ctx, 1+n%3) })
	}
	for _, do := range [...]func(){disturb, mend} {
		select {
		case <-time.After(*replicasFor / 3):
			do()
		case <-ctx.Done():
		}
	}
	all.Wait()
}

// unnoticedAfter is longer than any end takes to be noticed, however little of
// the budget there is for each run.
const unnoticedAfter = 90 * time.Second

// lags returns how late the ends of runs were noticed, sorted, and how many
// that ended long before the test's end were not noticed.
func (f *fleet) lags() (lags []time.Duration, unnoticed int) {
	now := time.Now()
	for _, r := range f.instaview.runs {
		switch {
		case !r.firstSeen.IsZero():
			lags = append(lags, r.firstSeen.Sub(r.ends))
		case now.Sub(r.ends) > unnoticedAfter:
			unnoticed++
		}
	}
	slices.Sort(lags)
	return lags, unnoticed
}

// stop ends the processes and reports whether one was on its own for a time.
func (f *fleet) stop() (alone bool) {
	f.t.Helper()
	for _, s := range f.started {
		s.stop()
		log := s.log.String()
		if strings.Contains(log, "canary") {
			f.t.Errorf("the log holds an id, the key or a text:\n%s", log)
		}
		for line := range strings.Lines(log) {
			if strings.Contains(line, "the shared store") {
				f.t.Log(strings.TrimSpace(line))
			}
		}
		alone = alone || strings.Contains(log, "the shared store cannot be used")
	}
	return alone
}

// check compares what InstaView's stand-in saw with the contract. A process
// that is on its own cannot know what the others have just requested.
func (f *fleet) check(name string, most time.Duration, alone bool) {
	f.t.Helper()
	i := f.instaview
	i.mu.Lock()
	defer i.mu.Unlock()
	lags, unnoticed := f.lags()
	if len(lags) == 0 {
		f.t.Fatal("no run's end was noticed")
	}
	var sum time.Duration
	for _, lag := range lags {
		sum += lag
	}
	mean := sum / time.Duration(len(lags))
	f.t.Logf("%s: %d ends noticed after %.1f s mean, %.1f s p95; %d requests, at most %d in 60 s, %d refused, %d too close, and %d while the store was down",
		name, len(lags), mean.Seconds(), lags[len(lags)*95/100].Seconds(), i.requests, i.most, i.refused, i.tooClose, i.closeAlone)
	if alone {
		f.t.Logf("%s: only the budget is checked, since the machine stood still for so long that a process went on without the store", name)
		i.tooClose, most = 0, 0
	}
	if i.refused > 0 || i.tooClose > 0 || unnoticed > 0 || len(i.strange) > 0 {
		f.t.Errorf("%s: %d requests refused, %d too close, %d ends not noticed, strange requests %v", name, i.refused, i.tooClose, unnoticed, i.strange)
	}
	if most > 0 && mean > most {
		f.t.Errorf("%s: ends were noticed after %v, want at most %v", name, mean, most)
	}
}

// Three processes behind a load balancer share one key. Without the store each
// would use the whole budget.
func TestReplicasShareOneKey(t *testing.T) {
	t.Parallel()
	program(t)
	nothing := func() {}
	webhooks := []string{"INSTAVIEW_MCP_WEBHOOK_SECRET=" + webhookSecret}
	for _, tt := range []struct {
		name          string
		inFlight      int
		env           []string
		disturb, mend func(*fleet)
		storeKilled   bool
		most          time.Duration // mean lag; 0 = as the budget allows
	}{
		{name: "12 runs", inFlight: 12, most: 8 * time.Second},
		{name: "60 runs", inFlight: 60},
		{name: "60 runs with wake-ups", inFlight: 60, env: webhooks, most: 8 * time.Second},
		{
			name: "60 runs with wake-ups, the store killed", inFlight: 60, env: webhooks, most: 8 * time.Second,
			storeKilled: true, disturb: (*fleet).killStore,
		},
		{
			name: "60 runs with wake-ups, a process killed", inFlight: 60, env: webhooks, most: 8 * time.Second,
			disturb: (*fleet).killOne, mend: (*fleet).add,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := newFleet(t, 3, tt.env...)
			if tt.env != nil {
				f.wakeUps()
			}
			seen := f.monitor()
			disturb, mend := nothing, nothing
			if tt.disturb != nil {
				disturb = func() { tt.disturb(f) }
			}
			if tt.mend != nil {
				mend = func() { tt.mend(f) }
			}
			f.run(tt.inFlight, disturb, mend)
			alone := f.stop()
			if tt.storeKilled && !alone {
				t.Error("no log tells that the store was killed")
			}
			f.check(tt.name, tt.most, alone && !tt.storeKilled)
			if commands := seen.String(); !strings.Contains(strings.ToLower(commands), "evalsha") {
				t.Error("the store was not used")
			} else if strings.Contains(strings.ToLower(commands), "canary") {
				t.Error("the store was told an id, the key or a text")
			}
		})
	}
}

// A store that hangs delays neither the answer to a wait nor the end.
func TestReplicasEndAlthoughTheStoreHangs(t *testing.T) {
	t.Parallel()
	program(t)
	f := newFleet(t, 1)
	r := f.instaview.start(0, time.Hour)
	answered := make(chan string, 1)
	go func() {
		answer, _ := callOver(t.Context(), f.anyone().url, mcptest.Call("wait_for_sourcing", fmt.Sprintf(`{"request_id":%q,"max_wait_seconds":50}`, r.id)))
		answered <- answer
	}()
	for began := time.Now(); ; <-time.After(10 * time.Millisecond) {
		f.instaview.mu.Lock()
		arrived := r.requests
		f.instaview.mu.Unlock()
		if arrived > 0 {
			break
		} else if time.Since(began) > patience {
			t.Fatal("the run is not requested")
		}
	}
	f.tell("CLIENT PAUSE 60000 ALL")
	ended := make(chan struct{})
	began := time.Now()
	go func() {
		defer close(ended)
		f.stop()
	}()
	select {
	case <-ended:
	case <-time.After(patience):
		t.Fatal("the process does not end")
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("the process ended after %v", took)
	}
	if answer := <-answered; !strings.Contains(answer, "This server is stopping") {
		t.Errorf("the wait was answered %q", answer)
	}
}
