package sandbox_test

import (
	"net/http"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"instaview-mcp/internal/sandbox"
)

// limits returns the rate-limit headers that an answer has.
func limits(h http.Header) map[string]string {
	got := map[string]string{}
	for _, name := range []string{"Limit-Minute", "Limit-Hour", "Remaining-Minute", "Remaining-Hour", "Reset-Minute", "Reset-Hour"} {
		if v := h.Get("X-RateLimit-" + name); v != "" {
			got[name] = v
		}
	}
	return got
}

func unix(t time.Time) string { return strconv.FormatInt(t.Unix(), 10) }

func TestEveryAnswerCarriesTheRateLimitHeaders(t *testing.T) {
	tests := []struct {
		name    string
		key     string
		path    string
		fault   *sandbox.Fault
		code    int
		counted bool
	}{
		{"running", sandbox.Key, "/sourcing/req_demo/results", nil, 202, true},
		{"ended", sandbox.Key, "/sourcing/req_demo_done/results", nil, 200, true},
		{"unknown run", sandbox.Key, "/sourcing/req_nobody/results", nil, 404, true},
		{"other path", sandbox.Key, "/jobs", nil, 404, true},
		{"fault", sandbox.Key, "/sourcing/req_demo/results", &sandbox.Fault{Status: 502}, 502, true},
		{"unknown key", "sk_other", "/sourcing/req_demo/results", nil, 401, false},
		{"suspended key", "sk_suspended", "/sourcing/req_demo/results", nil, 401, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := sandbox.New(sandbox.WithSuspendedKey("sk_suspended"))
				if tt.fault != nil {
					s.Inject("req_demo", *tt.fault)
				}
				c := start(t, s)
				c.key = tt.key
				began := time.Now() // a full hour, as in every bubble
				time.Sleep(90*time.Second + 250*time.Millisecond)
				res, _ := c.do(http.MethodGet, tt.path)
				if res.StatusCode != tt.code {
					t.Errorf("status %d, want %d", res.StatusCode, tt.code)
				}
				want := map[string]string{
					"Limit-Minute": "120", "Remaining-Minute": "120", "Reset-Minute": unix(began.Add(2 * time.Minute)),
					"Limit-Hour": "5000", "Remaining-Hour": "5000", "Reset-Hour": unix(began.Add(time.Hour)),
				}
				if tt.counted {
					want["Remaining-Minute"], want["Remaining-Hour"] = "119", "4999"
				}
				if diff := cmp.Diff(want, limits(res.Header)); diff != "" {
					t.Errorf("headers differ (-want +got):\n%s", diff)
				}
			})
		})
	}
}

func TestRateLimit(t *testing.T) {
	tests := []struct {
		name            string
		minute, hour    int
		at              time.Duration // of the requests, since that hour
		served          int           // number before the refusal
		retryAfter      string
		body            string
		remainingMinute string
		remainingHour   string
	}{
		{
			"Starter's minute", 120, 5000, 0, 120, "60",
			`{"statusCode":429,"message":"RATE_LIMIT_EXCEEDED: more than 120 requests in one minute.","error":"Too Many Requests",` +
				`"retryAfter":60,"limit":120,"remaining":0,"reset":946684860}`, "0", "4880",
		},
		{
			"a fraction of a second is waited for in full", 2, 100, 58*time.Second + 300*time.Millisecond, 2, "2",
			`{"statusCode":429,"message":"RATE_LIMIT_EXCEEDED: more than 2 requests in one minute.","error":"Too Many Requests",` +
				`"retryAfter":2,"limit":2,"remaining":0,"reset":946684860}`, "0", "98",
		},
		{
			"the hour", 100, 3, 20 * time.Minute, 3, "2400",
			`{"statusCode":429,"message":"RATE_LIMIT_EXCEEDED: more than 3 requests in one hour.","error":"Too Many Requests",` +
				`"retryAfter":2400,"limit":3,"remaining":0,"reset":946688400}`, "97", "0",
		},
		{
			"both: the longer wait is given", 3, 3, 20 * time.Minute, 3, "2400",
			`{"statusCode":429,"message":"RATE_LIMIT_EXCEEDED: more than 3 requests in one hour.","error":"Too Many Requests",` +
				`"retryAfter":2400,"limit":3,"remaining":0,"reset":946688400}`, "0", "0",
		},
		{
			"no limit a minute", 0, 2, 0, 2, "3600",
			`{"statusCode":429,"message":"RATE_LIMIT_EXCEEDED: more than 2 requests in one hour.","error":"Too Many Requests",` +
				`"retryAfter":3600,"limit":2,"remaining":0,"reset":946688400}`, "", "0",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := sandbox.New(sandbox.WithRateLimit(tt.minute, tt.hour), sandbox.WithKey("a"), sandbox.WithKey("b"))
				c := start(t, s)
				c.key = "a"
				time.Sleep(tt.at)
				for i := range tt.served {
					if code, _ := c.get("req_demo_done"); code != http.StatusOK {
						t.Fatalf("request %d: status %d, want 200", i+1, code)
					}
				}
				for range 2 { // a refused request does not prolong the wait
					res, got := c.do(http.MethodGet, "/sourcing/req_demo_done/results")
					if res.StatusCode != http.StatusTooManyRequests || res.Header.Get("Retry-After") != tt.retryAfter {
						t.Fatalf("status %d, Retry-After %q, want 429 and %q", res.StatusCode, res.Header.Get("Retry-After"), tt.retryAfter)
					}
					if got != tt.body {
						t.Errorf("body differs (-want +got):\n%s", cmp.Diff(tt.body, got))
					}
					l := limits(res.Header)
					if l["Remaining-Minute"] != tt.remainingMinute || l["Remaining-Hour"] != tt.remainingHour {
						t.Errorf("remaining %q and %q, want %q and %q", l["Remaining-Minute"], l["Remaining-Hour"], tt.remainingMinute, tt.remainingHour)
					}
				}

				c.key = "b"
				if code, _ := c.get("req_demo_done"); code != http.StatusOK {
					t.Errorf("another key: status %d, want 200", code)
				}

				c.key = "a"
				seconds, _ := strconv.Atoi(tt.retryAfter)
				time.Sleep(time.Duration(seconds) * time.Second)
				if code, _ := c.get("req_demo_done"); code != http.StatusOK {
					t.Errorf("after Retry-After: status %d, want 200", code)
				}
			})
		})
	}
}

func TestNoRateLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := start(t, sandbox.New(sandbox.WithRateLimit(0, 0)))
		for range 200 {
			res, _ := c.do(http.MethodGet, "/sourcing/req_demo/results")
			if res.StatusCode != http.StatusAccepted || len(limits(res.Header)) > 0 {
				t.Fatalf("status %d, headers %v, want 202 and none", res.StatusCode, limits(res.Header))
			}
		}
	})
}
