package sandbox_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"instaview-mcp/internal/sandbox"
)

// accepted is the answer of POST and PATCH.
type accepted struct {
	Success                      bool
	RequestID, Status, CreatedAt string
}

// send makes a request with a body.
func (c *caller) send(method, path, body string) (int, string) {
	c.t.Helper()
	req, err := http.NewRequestWithContext(c.t.Context(), method, "http://instaview.example"+path, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+c.key)
	res, err := c.client.Do(req)
	if err != nil {
		return 0, ""
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return res.StatusCode, string(text)
}

// accepts makes a request that costs credits, and returns the run's id.
func (c *caller) accepts(method, path, body string) string {
	c.t.Helper()
	status, text := c.send(method, path, body)
	var a accepted
	if err := json.Unmarshal([]byte(text), &a); err != nil || status != 202 || !a.Success || a.Status != "processing" || a.RequestID == "" || a.CreatedAt == "" {
		c.t.Fatalf("%s %s: %d %s", method, path, status, text)
	}
	return a.RequestID
}

const brief = `{"title":"Senior Go engineer","jobDescription":"Payments","limit":5}`

func TestARunIsStartedAndRefined(t *testing.T) {
	for name, tt := range map[string]struct {
		refining    sandbox.Refining
		newID       bool
		shown       int
		atOnceEnded bool
	}{
		"the same id, all candidates":  {sandbox.Refining{}, false, 8, false},
		"the same id, only the new":    {sandbox.Refining{OnlyNew: true}, false, 3, false},
		"another id":                   {sandbox.Refining{NewID: true}, true, 8, false},
		"another id, only the new":     {sandbox.Refining{NewID: true, OnlyNew: true}, true, 3, false},
		"the old end state for a time": {sandbox.Refining{Lag: 5 * time.Second}, false, 8, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := sandbox.New(sandbox.WithRefining(tt.refining))
				c := start(t, s)
				id := c.accepts("POST", "/sourcing", brief)
				if code, b := c.get(id); code != 202 || b.Status != "processing" {
					t.Errorf("at once: %d %+v", code, b)
				}
				if status, _ := c.send("PATCH", "/sourcing/"+id, `{"limit":3}`); status != 409 {
					t.Errorf("PATCH while processing: %d", status)
				}
				time.Sleep(12 * time.Second)
				_, first := c.get(id)
				if len(first.Candidates) != 5 || first.Status != "completed" {
					t.Fatalf("first: %+v", first)
				}
				time.Sleep(20 * time.Minute) // which a sample run would start over after
				if _, b := c.get(id); b.CompletedAt != first.CompletedAt {
					t.Error("a run that was started has started over")
				}
				next := c.accepts("PATCH", "/sourcing/"+id, `{"query":"more backend","limit":3}`)
				if (next != id) != tt.newID {
					t.Errorf("id %s after %s", next, id)
				}
				code, b := c.get(next)
				if ended := code == 200; ended != tt.atOnceEnded || ended && b.CompletedAt != first.CompletedAt {
					t.Errorf("at once: %d %+v", code, b)
				}
				time.Sleep(8 * time.Second)
				_, second := c.get(next)
				if len(second.Candidates) != tt.shown || second.CompletedAt == first.CompletedAt {
					t.Errorf("after the refinement: %+v", second)
				}
				again := 0
				for _, c := range second.Candidates {
					if slices.ContainsFunc(first.Candidates, func(f sandbox.Candidate) bool { return f.ProfileID == c.ProfileID }) {
						again++
					}
				}
				if again != tt.shown-3 {
					t.Errorf("%d of %d were there before", again, tt.shown)
				}
				var spends []string
				for _, r := range s.Requests() {
					if r.Method != "" {
						spends = append(spends, fmt.Sprint(r.Method, " ", r.Status))
					}
				}
				if want := []string{"POST 202", "PATCH 409", "PATCH 202"}; !slices.Equal(spends, want) {
					t.Errorf("logged %v, want %v", spends, want)
				}
			})
		})
	}
}

func TestRefusalsOfWhatCostsCredits(t *testing.T) {
	long := strings.Repeat("x", 501)
	for name, tt := range map[string]struct {
		method, path, body string
		status             int
	}{
		"no title":             {"POST", "/sourcing", `{"jobDescription":"x"}`, 400},
		"no job description":   {"POST", "/sourcing", `{"title":"x"}`, 400},
		"a long title":         {"POST", "/sourcing", `{"title":"` + long + `","jobDescription":"x"}`, 400},
		"no JSON":              {"POST", "/sourcing", `x`, 400},
		"too few credits":      {"POST", "/sourcing", `{"title":"x","jobDescription":"x","limit":8}`, 402},
		"a foreign webhook":    {"POST", "/sourcing", `{"title":"x","jobDescription":"x","webhookId":"other"}`, 403},
		"a deaf webhook":       {"POST", "/sourcing", `{"title":"x","jobDescription":"x","webhookId":"deaf"}`, 422},
		"a good webhook":       {"POST", "/sourcing", `{"title":"x","jobDescription":"x","limit":7,"webhookId":"good"}`, 202},
		"nothing to refine":    {"PATCH", "/sourcing/req_demo_done", `{}`, 400},
		"a long query":         {"PATCH", "/sourcing/req_demo_done", `{"query":"` + long + `"}`, 400},
		"51 more":              {"PATCH", "/sourcing/req_demo_done", `{"limit":51}`, 400},
		"8 more":               {"PATCH", "/sourcing/req_demo_done", `{"limit":8}`, 402},
		"an unknown run":       {"PATCH", "/sourcing/req_unknown", `{"limit":1}`, 404},
		"a run that processes": {"PATCH", "/sourcing/req_demo", `{"limit":1}`, 409},
		"a failed run":         {"PATCH", "/sourcing/req_failed", `{"limit":1}`, 202},
		"no such method":       {"PUT", "/sourcing", brief, 404},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := start(t, sandbox.New(sandbox.WithCredits(7), sandbox.WithRun("req_failed", sandbox.Run{ErrorCode: "AGENT_ERROR"}),
					sandbox.WithWebhook(sandbox.Webhook{ID: "deaf", Events: []string{"INTERVIEW_COMPLETED"}}),
					sandbox.WithWebhook(sandbox.Webhook{ID: "good", Events: []string{"SOURCING_FAILED"}})))
				if status, text := c.send(tt.method, tt.path, tt.body); status != tt.status {
					t.Errorf("%d %s, want %d", status, text, tt.status)
				}
			})
		})
	}
}

func TestCreditsAreTakenForCandidates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := sandbox.New(sandbox.WithCredits(9))
		c := start(t, s)
		id := c.accepts("POST", "/sourcing", brief)
		time.Sleep(time.Minute)
		c.accepts("PATCH", "/sourcing/"+id, `{"limit":3}`)
		if got := s.Credits(); got != 1 {
			t.Errorf("%d credits left, want 1", got)
		}
	})
}

func TestAStartedRunMayBeUnknownForAMoment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := start(t, sandbox.New(sandbox.WithUnknownFor(4*time.Second)))
		id := c.accepts("POST", "/sourcing", brief)
		if code, _ := c.get(id); code != 404 {
			t.Errorf("at once: %d", code)
		}
		time.Sleep(4 * time.Second)
		if code, _ := c.get(id); code != 202 {
			t.Errorf("after 4 s: %d", code)
		}
	})
}

func TestALostAnswerIsOfARunThatWasStarted(t *testing.T) {
	for name, fault := range map[string]sandbox.Fault{
		"lost":    {CarriedOut: true, Drop: true},
		"a 502":   {CarriedOut: true, Status: 502},
		"dropped": {Drop: true},
		"slow":    {Delay: time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := sandbox.New(sandbox.WithCredits(5))
				s.Inject(sandbox.Starts, fault)
				status, _ := start(t, s).send("POST", "/sourcing", brief)
				if (status == 202) != (name == "slow") {
					t.Errorf("status %d", status)
				}
				if spent := s.Credits() == 0; spent != (name != "dropped") {
					t.Errorf("%d credits left", s.Credits())
				}
			})
		})
	}
}
