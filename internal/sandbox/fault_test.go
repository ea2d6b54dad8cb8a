package sandbox_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"instaview-mcp/internal/sandbox"
)

func TestFaults(t *testing.T) {
	type answer struct {
		Status int
		Body   string // "" for the normal one
		Took   time.Duration
		Header map[string]string // expected values of these headers
		Err    error
	}
	tests := []struct {
		name  string
		fault sandbox.Fault
		want  answer
	}{
		{"status and body", sandbox.Fault{Status: 502, Body: "<html>Bad gateway</html>", Header: http.Header{"content-type": {"text/html"}}},
			answer{Status: 502, Body: "<html>Bad gateway</html>", Header: map[string]string{"Content-Type": "text/html"}}},
		{"body alone", sandbox.Fault{Body: `{"status":"paused"}`}, answer{Status: 200, Body: `{"status":"paused"}`}},
		{"delay alone", sandbox.Fault{Delay: 4 * time.Second}, answer{Status: 202, Took: 4 * time.Second}},
		{"header alone", sandbox.Fault{Header: http.Header{"Retry-After": {"7"}}}, answer{Status: 202, Header: map[string]string{"Retry-After": "7"}}},
		{"a header replaced, others removed", sandbox.Fault{Header: http.Header{"X-RateLimit-Limit-Minute": {"30"}, "X-RateLimit-Reset-Hour": nil, "Date": nil}},
			answer{Status: 202, Header: map[string]string{"X-RateLimit-Limit-Minute": "30", "X-RateLimit-Reset-Hour": "", "Date": ""}}},
		{"late refusal", sandbox.Fault{Status: 503, Body: "{}", Delay: time.Second}, answer{Status: 503, Body: "{}", Took: time.Second}},
		{"dropped", sandbox.Fault{Drop: true}, answer{Err: io.EOF}},
		{"dropped late", sandbox.Fault{Drop: true, Delay: time.Second}, answer{Err: io.EOF, Took: time.Second}},
		{"broken in the middle", sandbox.Fault{Body: `{"succ`, Header: http.Header{"Content-Length": {"400"}}}, answer{Err: io.ErrUnexpectedEOF}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := sandbox.New(sandbox.WithRun("req_x", sandbox.Run{Takes: time.Hour}))
				s.Inject("req_x", tt.fault, sandbox.Fault{Status: 500, Body: "second"})
				s.Inject("req_x", sandbox.Fault{Status: 500, Body: "third"})
				c := start(t, s)

				began := time.Now()
				res, text, err := c.try(t.Context(), http.MethodGet, "/sourcing/req_x/results")
				took := time.Since(began)
				if !errors.Is(err, tt.want.Err) {
					t.Fatalf("error %v, want %v", err, tt.want.Err)
				}
				if took != tt.want.Took {
					t.Errorf("took %v, want %v", took, tt.want.Took)
				}
				if err == nil {
					if res.StatusCode != tt.want.Status {
						t.Errorf("status %d, want %d", res.StatusCode, tt.want.Status)
					}
					if normal := strings.Contains(text, `"status":"processing"`); text != tt.want.Body && (tt.want.Body != "" || !normal) {
						t.Errorf("body %q, want %q", text, tt.want.Body)
					}
					for name, want := range tt.want.Header {
						if got := res.Header.Get(name); got != want {
							t.Errorf("header %s = %q, want %q", name, got, want)
						}
					}
				}

				// Other runs are unaffected; this run gets its faults in order,
				// then normal answers.
				if code, _ := c.get("req_demo_done"); code != http.StatusOK {
					t.Errorf("another run: status %d, want 200", code)
				}
				for _, want := range []string{"second", "third"} {
					if _, got := c.do(http.MethodGet, "/sourcing/req_x/results"); got != want {
						t.Errorf("next answer %q, want %q", got, want)
					}
				}
				if code, _ := c.get("req_x"); code != http.StatusAccepted {
					t.Errorf("after the faults: status %d, want 202", code)
				}
			})
		})
	}
}

func TestAFaultWaitsForAnAuthorisedRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := sandbox.New()
		s.Inject("req_demo", sandbox.Fault{Status: 503, Body: "{}"})
		c := start(t, s)
		c.key = "sk_other"
		if code, _ := c.get("req_demo"); code != http.StatusUnauthorized {
			t.Errorf("unknown key: status %d, want 401", code)
		}
		c.key = sandbox.Key
		if code, _ := c.get("req_demo"); code != http.StatusServiceUnavailable {
			t.Errorf("known key: status %d, want 503", code)
		}
	})
}

func TestADelayEndsWithTheRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := sandbox.New()
		s.Inject("req_demo", sandbox.Fault{Delay: time.Minute})
		c := start(t, s)
		began := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		if _, _, err := c.try(ctx, http.MethodGet, "/sourcing/req_demo/results"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v, want the deadline's", err)
		}
		synctest.Wait()
		want := []sandbox.Request{{Arrived: began, Answered: began.Add(3 * time.Second), RunID: "req_demo", Faulted: true}}
		if diff := cmp.Diff(want, s.Requests()); diff != "" {
			t.Errorf("log differs (-want +got):\n%s", diff)
		}
	})
}

func TestTheLogTellsWhatWasAnsweredAndWhen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := sandbox.New()
		s.Inject("req_demo", sandbox.Fault{Status: 503, Delay: 2 * time.Second}, sandbox.Fault{Drop: true})
		c := start(t, s)
		c.client.Transport.(*http.Transport).DisableKeepAlives = true // otherwise the transport repeats dropped requests
		began := time.Now()
		at := func(seconds int) time.Time { return began.Add(time.Duration(seconds) * time.Second) }

		c.ask("/sourcing/req_demo/results") // 0 s to 2 s
		time.Sleep(3 * time.Second)
		c.ask("/sourcing/req_demo/results") // 5 s
		time.Sleep(5 * time.Second)
		c.ask("/sourcing/req_demo/results") // 10 s
		c.ask("/sourcing/req_demo_done/results")
		c.ask("/jobs")
		c.key = "sk_other"
		c.ask("/sourcing/req_demo/results")
		c.key = sandbox.Key
		s.Inject("req_demo", sandbox.Fault{Delay: time.Hour})
		go c.ask("/sourcing/req_demo/results")
		synctest.Wait()

		want := []sandbox.Request{
			{Arrived: at(0), Answered: at(2), RunID: "req_demo", Status: 503, Faulted: true},
			{Arrived: at(5), Answered: at(5), RunID: "req_demo", Faulted: true},
			{Arrived: at(10), Answered: at(10), RunID: "req_demo", Status: 202},
			{Arrived: at(10), Answered: at(10), RunID: "req_demo_done", Status: 200},
			{Arrived: at(10), Answered: at(10), Status: 404},
			{Arrived: at(10), Answered: at(10), RunID: "req_demo", Status: 401},
			{Arrived: at(10), RunID: "req_demo"},
		}
		got := s.Requests()
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("log differs (-want +got):\n%s", diff)
		}
		got[0].RunID = "changed"
		if s.Requests()[0].RunID != "req_demo" {
			t.Error("the log can be changed through its copy")
		}
	})
}

// ask requests a path and discards the answer.
func (c *caller) ask(path string) { _, _, _ = c.try(context.Background(), http.MethodGet, path) }

// A goroutine that outlives stop makes these tests fail, since a bubble cannot
// end while one of its goroutines is blocked.
func TestStop(t *testing.T) {
	tests := []struct {
		name string
		busy func(s *sandbox.Sandbox, c *caller)
	}{
		{"never used", func(*sandbox.Sandbox, *caller) {}},
		{"with an idle connection", func(_ *sandbox.Sandbox, c *caller) { c.get("req_demo") }},
		{"with a request in progress", func(s *sandbox.Sandbox, c *caller) {
			s.Inject("req_demo", sandbox.Fault{Delay: time.Hour})
			go func() {
				if _, _, err := c.try(context.Background(), http.MethodGet, "/sourcing/req_demo/results"); !errors.Is(err, io.EOF) {
					c.t.Errorf("request in progress: %v, want EOF", err)
				}
			}()
			synctest.Wait()
		}},
		{"with a request in progress whose body nobody reads", func(s *sandbox.Sandbox, c *caller) {
			s.Inject("req_demo", sandbox.Fault{Delay: time.Hour})
			go func() {
				if res, err := c.open("/sourcing/req_demo/results", strings.NewReader("{}")); err == nil {
					c.t.Errorf("request in progress: status %d, want an error", res.StatusCode)
				}
			}()
			synctest.Wait()
		}},
		{"with an answer nobody reads", func(s *sandbox.Sandbox, c *caller) {
			res, err := c.open("/sourcing/req_demo_large/results", nil)
			if err != nil {
				c.t.Fatal(err)
			}
			c.t.Cleanup(func() { _ = res.Body.Close() })
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := sandbox.New()
				dial, stop := s.Start()
				c := &caller{t: t, client: &http.Client{Transport: &http.Transport{DialContext: dial}}, key: sandbox.Key}
				tt.busy(s, c)
				began := time.Now()
				stop()
				stop()
				if d := time.Since(began); d != 0 {
					t.Errorf("stop took %v, want no time", d)
				}
				for _, r := range s.Requests() {
					if r.Answered.IsZero() {
						t.Errorf("a request for %s is still in progress after stop", r.RunID)
					}
				}
				if _, err := dial(t.Context(), "tcp", "instaview.example:80"); !errors.Is(err, net.ErrClosed) {
					t.Errorf("dial after stop: %v, want net.ErrClosed", err)
				}
			})
		})
	}
}

// open requests a path without reading the body of the answer.
func (c *caller) open(path string, body io.Reader) (*http.Response, error) {
	req, err := http.NewRequest(http.MethodGet, "http://instaview.example"+path, body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+c.key)
	return c.client.Do(req)
}

func TestDialEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dial, stop := sandbox.New().Start()
		defer stop()
		synctest.Wait() // the server is ready to accept
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := dial(ctx, "tcp", "instaview.example:80"); !errors.Is(err, context.Canceled) {
			t.Errorf("dial: %v, want context.Canceled", err)
		}
	})
}
