package e2e

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"instaview-mcp/internal/mcptest"
	"instaview-mcp/internal/sandbox"
)

// Three processes with one key and one store, behind something that spreads
// calls over them, keep to the limits of one: none is refused, and no run is
// requested twice within 5 s, however the store and a process fail.
func TestReplicasKeepTheLimitsOfOne(t *testing.T) {
	t.Parallel()
	runs, length := 12, 25*time.Second
	if *long {
		runs, length = 60, 5*time.Minute
	}
	for name, tt := range map[string]struct {
		alone bool // for a part of the time two replicas may request a run at once
		fail  func(t *testing.T, redis *mcptest.Redis, s []*site, length time.Duration)
	}{
		"all well": {},
		"the store killed": {true, func(t *testing.T, redis *mcptest.Redis, _ []*site, length time.Duration) {
			redis.Kill()
			<-time.After(length / 5)
			redis.Start(t)
		}},
		"a process killed": {false, func(_ *testing.T, _ *mcptest.Redis, s []*site, _ time.Duration) { _ = s[2].cmd.Process.Kill() }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			redis := mcptest.StartRedis(t)
			options := []sandbox.Option{sandbox.WithKey(canary)}
			for i := range runs {
				takes := 8*time.Second + time.Duration(i%7)*length/40
				options = append(options, sandbox.WithRun(fmt.Sprint("run_", i), sandbox.Run{Takes: takes}))
			}
			s := sandbox.New(options...)
			defer s.Close()
			upstream := httptest.NewServer(s)
			defer upstream.Close()
			var sites []*site
			for range 3 {
				sites = append(sites, serveHTTP(t, "http", []string{
					"INSTAVIEW_API_KEY=" + canary, "INSTAVIEW_BASE_URL=" + upstream.URL, "INSTAVIEW_MCP_REDIS_URL=" + redis.URL(),
				}))
			}
			var failing sync.WaitGroup
			if tt.fail != nil {
				failing.Go(func() {
					<-time.After(length * 2 / 5)
					tt.fail(t, redis, sites, length)
				})
			}
			var waits sync.WaitGroup
			var lag atomic.Int64
			for i := range runs {
				waits.Go(func() {
					<-time.After(time.Duration(i) * length / time.Duration(runs))
					lag.Add(int64(waitThrough(t, sites, i, 8*time.Second+time.Duration(i%7)*length/40)))
				})
			}
			waits.Wait()
			failing.Wait()
			for _, site := range sites {
				site.stop()
				log := site.log.String()
				if strings.Contains(log, canary) {
					t.Errorf("the key is in the log:\n%s", log)
				}
				if told := strings.Contains(log, "the shared store cannot be used"); tt.alone && !told {
					t.Errorf("the log does not tell that the store was killed:\n%s", log)
				} else if told { // also where the machine stood still for half a second
					tt.alone = true
				}
			}
			checkReplicas(t, s, tt.alone)
			mean := time.Duration(lag.Load()) / time.Duration(runs)
			t.Logf("%d runs, %d requests, ends seen after %v on the mean", runs, len(s.Requests()), mean.Round(10*time.Millisecond))
			if mean > 8*time.Second {
				t.Errorf("ends are seen %v late on the mean, want at most 8 s", mean)
			}
		})
	}
}

// waitThrough waits for run i through one process after the other, and returns
// how late its end was seen.
func waitThrough(t *testing.T, sites []*site, i int, takes time.Duration) time.Duration {
	began := time.Now()
	for n := i; ; n++ {
		call := mcptest.Request(1, "tools/call", mcptest.Call("wait_for_sourcing", fmt.Sprintf(`{"request_id":"run_%d","max_wait_seconds":20}`, i)))
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, sites[n%len(sites)].url, strings.NewReader(call))
		if err != nil {
			t.Error(err)
		}
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("Accept", "application/json, text/event-stream")
		text := ""
		if response, err := http.DefaultClient.Do(request); err == nil {
			body, _ := io.ReadAll(response.Body)
			_ = response.Body.Close()
			text = string(body)
		}
		cancel()
		late := time.Since(began) - takes
		if strings.Contains(text, "completed") {
			return max(0, late)
		}
		if late > 2*time.Minute {
			t.Errorf("run %d is not seen to end: %s", i, text)
			return late
		}
		<-time.After(50 * time.Millisecond) // a killed process refuses at once
	}
}

// checkReplicas checks the requests that the upstream has seen.
func checkReplicas(t *testing.T, s *sandbox.Sandbox, alone bool) {
	t.Helper()
	ended := map[string]time.Time{}
	var arrived []time.Time
	close := 0
	for _, q := range s.Requests() {
		if q.Status == http.StatusTooManyRequests {
			t.Error("a request is refused")
		}
		if gap := q.Arrived.Sub(ended[q.RunID]); gap < 5*time.Second {
			close++
			if !alone {
				t.Errorf("%s is requested %v after the last answer", q.RunID, gap)
			}
		}
		ended[q.RunID] = q.Answered
		arrived = append(arrived, q.Arrived)
	}
	slices.SortFunc(arrived, time.Time.Compare)
	for i, at := range arrived {
		if i >= 120 && at.Sub(arrived[i-120]) < time.Minute {
			t.Error("more than 120 requests in 60 s")
			break
		}
	}
	t.Logf("%d requests too close", close)
}
