package sandbox_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"instaview-mcp/internal/sandbox"
)

// body has every field of the results endpoint's answers and of the error
// envelope.
type body struct {
	Success                bool
	RequestID              string
	Status                 string
	CandidatesSourcedCount *int
	Message                string
	FoundCount             *int
	ScoredCount            *int
	CreatedAt              time.Time
	CompletedAt            time.Time
	Candidates             []sandbox.Candidate
	ErrorCode              string
	ErrorMessage           string
	Error                  json.RawMessage
}

// caller makes requests to a started sandbox.
type caller struct {
	t      *testing.T
	client *http.Client
	key    string
}

// start serves s until the end of the test, which must be in a bubble.
func start(t *testing.T, s *sandbox.Sandbox) *caller {
	dial, stop := s.Start()
	t.Cleanup(stop)
	return &caller{t: t, client: &http.Client{Transport: &http.Transport{DialContext: dial}}, key: sandbox.Key}
}

func (c *caller) do(method, path string) (*http.Response, string) {
	c.t.Helper()
	res, text, err := c.try(c.t.Context(), method, path)
	if err != nil {
		c.t.Fatalf("%s %s: %v", method, path, err)
	}
	return res, text
}

func (c *caller) try(ctx context.Context, method, path string) (*http.Response, string, error) {
	req, err := http.NewRequestWithContext(ctx, method, "http://instaview.example"+path, nil)
	if err != nil {
		return nil, "", err
	}
	if c.key != "" {
		req.Header.Set("Authorization", "Bearer "+c.key)
	}
	res, err := c.client.Do(req)
	if err != nil {
		return nil, "", err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	return res, string(text), err
}

// get requests a run and decodes the answer.
func (c *caller) get(id string) (int, body) {
	c.t.Helper()
	res, text := c.do(http.MethodGet, "/sourcing/"+id+"/results")
	if got := res.Header.Get("Content-Type"); got != "application/json" {
		c.t.Errorf("Content-Type = %q, want application/json", got)
	}
	var b body
	if err := json.Unmarshal([]byte(text), &b); err != nil {
		c.t.Fatalf("run %s: %v in %s", id, err, text)
	}
	return res.StatusCode, b
}

func TestARunProcessesAndThenEnds(t *testing.T) {
	type answer struct {
		at     time.Duration
		code   int
		status string
		count  int // while processing
	}
	tests := []struct {
		name    string
		id      string
		answers []answer
	}{
		{"demo", "req_demo", []answer{
			{0, 202, "processing", 0}, {6 * time.Second, 202, "processing", 57}, {11999 * time.Millisecond, 202, "processing", 114},
			{12 * time.Second, 200, "completed", 0}, {5 * time.Minute, 200, "completed", 0},
		}},
		{"failing", "req_demo_failed", []answer{{0, 202, "processing", 0}, {2 * time.Second, 200, "failed", 0}}},
		{"slow", "req_demo_slow", []answer{
			{0, 202, "processing", 0}, {time.Minute, 202, "processing", 21}, {2 * time.Minute, 202, "processing", 42}, {3 * time.Minute, 200, "completed", 0},
		}},
		{"done before the first request", "req_demo_done", []answer{{0, 200, "completed", 0}}},
		{"finished at once", "at_once", []answer{{0, 200, "completed", 0}}},
		{"found half way", "half_way", []answer{{0, 202, "processing", 50}, {time.Minute, 200, "completed", 0}}},
		{"escaped id", "with%2Fslash", []answer{{0, 200, "failed", 0}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := start(t, sandbox.New(
					sandbox.WithRun("at_once", sandbox.Run{}),
					sandbox.WithRun("half_way", sandbox.Run{Takes: 2 * time.Minute, Age: time.Minute, Found: 100}),
					sandbox.WithRun("with/slash", sandbox.Run{ErrorCode: "AGENT_ERROR"}),
				))
				began := time.Now()
				for _, want := range tt.answers {
					time.Sleep(want.at - time.Since(began))
					code, b := c.get(tt.id)
					if code != want.code || b.Status != want.status || !b.Success {
						t.Fatalf("at %v: %d %q success=%t, want %d %q success=true", want.at, code, b.Status, b.Success, want.code, want.status)
					}
					if code == 202 && (b.CandidatesSourcedCount == nil || *b.CandidatesSourcedCount != want.count) {
						t.Errorf("at %v: candidatesSourcedCount = %v, want %d", want.at, deref(b.CandidatesSourcedCount), want.count)
					}
				}
			})
		})
	}
}

func TestBodiesAreThoseOfTheDocumentation(t *testing.T) {
	score := 96.0
	jane := sandbox.Candidate{
		ProfileID: "prof_a9238f82-a723", Name: "Jane Doe", LinkedInURL: "https://www.linkedin.com/in/janedoe-ml", MatchScore: &score,
		Rationale: "LLaMA & <vLLM>", Headline: "Staff ML Infrastructure Engineer at TechCorp", Skills: []string{"vLLM", "PyTorch"},
		Location: "Seattle, WA, USA", CurrentCompany: "TechCorp", CurrentRole: "Staff ML Infrastructure Engineer",
		AIFitPoints: []string{"Scaling to 2M DAU"}, AIRedFlags: []string{"Short tenure"},
		AIDetailedRationale: []sandbox.Evidence{{Title: "Staff", Company: "TechCorp", Duration: "3.5 years", RelevanceExplanation: "LLM scaling"}},
		DetailedExperience:  []sandbox.Experience{{Role: "Staff", Company: "TechCorp", Duration: "2023 - Present", Highlights: []string{"Cost -42%."}}},
		Emails:              []string{"jane.smith@example.com"},
	}
	tests := []struct {
		name string
		run  sandbox.Run
		want string
	}{
		{
			"processing", sandbox.Run{Takes: time.Minute, Age: 15 * time.Second, Found: 32},
			`{"success":true,"requestId":"req_x","status":"processing","candidatesSourcedCount":8,` +
				`"message":"The sourcing agent is actively analyzing candidates. Please poll again in 5 seconds.","createdAt":"1999-12-31T23:59:45.000Z"}`,
		},
		{
			"completed", sandbox.Run{Takes: 79 * time.Second, Age: 90 * time.Second, Found: 115, Scored: 20, Candidates: []sandbox.Candidate{jane, {ProfileID: "prof_2"}}},
			`{"success":true,"requestId":"req_x","status":"completed","foundCount":115,"scoredCount":20,` +
				`"createdAt":"1999-12-31T23:58:30.000Z","completedAt":"1999-12-31T23:59:49.000Z","candidates":[` +
				`{"profileId":"prof_a9238f82-a723","name":"Jane Doe","linkedinUrl":"https://www.linkedin.com/in/janedoe-ml","matchScore":96,` +
				`"rationale":"LLaMA & <vLLM>","headline":"Staff ML Infrastructure Engineer at TechCorp","skills":["vLLM","PyTorch"],` +
				`"location":"Seattle, WA, USA","currentCompany":"TechCorp","currentRole":"Staff ML Infrastructure Engineer",` +
				`"aiFitPoints":["Scaling to 2M DAU"],"aiRedFlags":["Short tenure"],` +
				`"aiDetailedRationale":[{"title":"Staff","company":"TechCorp","duration":"3.5 years","relevanceExplanation":"LLM scaling"}],` +
				`"detailedExperience":[{"role":"Staff","company":"TechCorp","duration":"2023 - Present","highlights":["Cost -42%."]}],` +
				`"emails":["jane.smith@example.com"]},{"profileId":"prof_2"}]}`,
		},
		{
			"completed with nobody found", sandbox.Run{},
			`{"success":true,"requestId":"req_x","status":"completed","foundCount":0,"scoredCount":0,` +
				`"createdAt":"2000-01-01T00:00:00.000Z","completedAt":"2000-01-01T00:00:00.000Z","candidates":[]}`,
		},
		{
			"failed", sandbox.Run{Takes: 16 * time.Second, Age: time.Minute, Found: 3, ErrorCode: "AGENT_ERROR", ErrorMessage: "Unexpected."},
			`{"success":true,"requestId":"req_x","status":"failed","errorCode":"AGENT_ERROR","errorMessage":"Unexpected.",` +
				`"createdAt":"1999-12-31T23:59:00.000Z","completedAt":"1999-12-31T23:59:16.000Z"}`,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := start(t, sandbox.New(sandbox.WithRun("req_x", tt.run)))
				for range 2 { // the second time from the cache
					if _, got := c.do(http.MethodGet, "/sourcing/req_x/results"); got != tt.want {
						t.Errorf("body differs (-want +got):\n%s", cmp.Diff(tt.want, got))
					}
				}
			})
		})
	}
}

func TestARunStartsOverAfterTenIdleMinutes(t *testing.T) {
	tests := []struct {
		name   string
		id     string
		idle   []time.Duration // before each further request; the last answer is checked
		fault  bool            // the requests in between get a fault
		later  time.Duration   // how much later the run was created than at first
		status string
	}{
		{"just under ten minutes", "req_demo", []time.Duration{10*time.Minute - time.Millisecond}, false, 0, "completed"},
		{"ten minutes", "req_demo", []time.Duration{10 * time.Minute}, false, 10 * time.Minute, "processing"},
		{"ten minutes, done before the first request", "req_demo_done", []time.Duration{10 * time.Minute}, false, 10 * time.Minute, "completed"},
		{"kept awake", "req_demo", []time.Duration{9 * time.Minute, 9 * time.Minute, 9 * time.Minute}, false, 0, "completed"},
		{"kept awake by requests that fail", "req_demo", []time.Duration{9 * time.Minute, 9 * time.Minute}, true, 0, "completed"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := sandbox.New()
				c := start(t, s)
				_, first := c.get(tt.id)
				var last body
				for i, d := range tt.idle {
					time.Sleep(d)
					if tt.fault && i < len(tt.idle)-1 {
						s.Inject(tt.id, sandbox.Fault{Status: 503, Body: "{}"})
					}
					_, last = c.get(tt.id)
				}
				if later := last.CreatedAt.Sub(first.CreatedAt); later != tt.later || last.Status != tt.status {
					t.Errorf("run is %s and created %v later, want %s and %v", last.Status, later, tt.status, tt.later)
				}
			})
		})
	}
}

func TestRefusals(t *testing.T) {
	const timestamp = `"timestamp":"2000-01-01T00:00:00.000Z"}`
	const invalidKey = `{"success":false,"data":null,"error":{"code":"INVALID_API_KEY","message":"The API key is missing, invalid, revoked or expired."},` + timestamp
	tests := []struct {
		name   string
		key    string
		method string
		path   string
		code   int
		allow  string
		want   string
	}{
		{"no key", "", "GET", "/sourcing/req_demo/results", 401, "", invalidKey},
		{"unknown key", "sk_other", "GET", "/sourcing/req_demo/results", 401, "", invalidKey},
		{"unknown key learns nothing about paths", "sk_other", "POST", "/elsewhere", 401, "", invalidKey},
		{"suspended key", "sk_suspended", "GET", "/sourcing/req_demo/results", 401, "", `{"success":false,"data":null,"error":{"code":"API_KEY_SUSPENDED",` +
			`"message":"This API key has been suspended.","details":{"reason":"Suspended by an administrator.","suspendedAt":"2026-05-01T08:00:00.000Z"}},` + timestamp},
		{"unknown run", sandbox.Key, "GET", "/sourcing/req_nobody/results", 404, "", `{"success":false,"data":null,"error":{"code":"REQUEST_NOT_FOUND",` +
			`"message":"No sourcing request with this id exists for your company."},` + timestamp},
		{"other path", sandbox.Key, "GET", "/jobs", 404, "", `{"success":false,"data":null,"error":{"code":"RESOURCE_NOT_FOUND",` +
			`"message":"The requested resource was not found.","details":{"resourceId":"/jobs","resourceType":"route"}},` + timestamp},
		{"path of an enrichment", sandbox.Key, "GET", "/sourcing/enrich/req_demo/results", 404, "", `{"success":false,"data":null,"error":{"code":"RESOURCE_NOT_FOUND",` +
			`"message":"The requested resource was not found.","details":{"resourceId":"/sourcing/enrich/req_demo/results","resourceType":"route"}},` + timestamp},
		{"other method", sandbox.Key, "DELETE", "/sourcing/req_demo/results", 405, "GET", `{"success":false,"data":null,"error":{"code":"METHOD_NOT_ALLOWED",` +
			`"message":"Only GET is supported here."},` + timestamp},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := start(t, sandbox.New(sandbox.WithSuspendedKey("sk_suspended")))
				c.key = tt.key
				res, got := c.do(tt.method, tt.path)
				if res.StatusCode != tt.code || res.Header.Get("Allow") != tt.allow {
					t.Errorf("status %d, Allow %q, want %d and %q", res.StatusCode, res.Header.Get("Allow"), tt.code, tt.allow)
				}
				if got != tt.want {
					t.Errorf("body differs (-want +got):\n%s", cmp.Diff(tt.want, got))
				}
			})
		})
	}
}

func TestKeys(t *testing.T) {
	tests := []struct {
		name     string
		opts     []sandbox.Option
		accepted []string
		refused  []string
	}{
		{"no key", nil, []string{sandbox.Key}, []string{"a", ""}},
		{"one key", []sandbox.Option{sandbox.WithKey("a")}, []string{"a"}, []string{sandbox.Key, "b"}},
		{"two keys", []sandbox.Option{sandbox.WithKey("a"), sandbox.WithKey("b")}, []string{"a", "b"}, []string{sandbox.Key}},
		{"only a suspended one key", []sandbox.Option{sandbox.WithSuspendedKey("a")}, []string{sandbox.Key}, []string{"a"}},
		{"the default suspended", []sandbox.Option{sandbox.WithSuspendedKey(sandbox.Key)}, nil, []string{sandbox.Key}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := start(t, sandbox.New(tt.opts...))
				want := map[int][]string{http.StatusOK: tt.accepted, http.StatusUnauthorized: tt.refused}
				for code, keys := range want {
					for _, key := range keys {
						c.key = key
						if got, _ := c.get("req_demo_done"); got != code {
							t.Errorf("key %q: status %d, want %d", key, got, code)
						}
					}
				}
			})
		})
	}
}

func TestConcurrentUse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := sandbox.New()
		c := start(t, s)
		var wg sync.WaitGroup
		for i := range 40 {
			wg.Go(func() {
				time.Sleep(time.Duration(i) * 100 * time.Millisecond)
				s.Inject("req_demo_large", sandbox.Fault{Delay: time.Second})
				if _, _, err := c.try(t.Context(), http.MethodGet, "/sourcing/req_demo_large/results"); err != nil {
					t.Error(err)
				}
				s.Requests()
			})
		}
		wg.Wait()
		if got := len(s.Requests()); got != 40 {
			t.Errorf("%d requests logged, want 40", got)
		}
	})
}

func Example() {
	s := sandbox.New()
	dial, stop := s.Start()
	defer stop()
	client := &http.Client{Transport: &http.Transport{DialContext: dial}}

	req, _ := http.NewRequest(http.MethodGet, "http://instaview.example/sourcing/req_demo/results", nil)
	req.Header.Set("Authorization", "Bearer "+sandbox.Key)
	res, err := client.Do(req)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer res.Body.Close()
	text, _ := io.ReadAll(res.Body)
	fmt.Println(res.StatusCode, strings.Contains(string(text), `"status":"processing"`))
	// Output: 202 true
}

func deref(n *int) any {
	if n == nil {
		return "absent"
	}
	return *n
}
