package tools_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	mcpclient "github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/mcp"

	"instaview-mcp/client"
	"instaview-mcp/client/poll"
	"instaview-mcp/internal/mcpserver"
	"instaview-mcp/internal/mcptest"
	"instaview-mcp/internal/sandbox"
	"instaview-mcp/internal/sanitize/sanitizetest"
	"instaview-mcp/tools"
)

var update = flag.Bool("update", false, "rewrite golden files")

// world is a sandbox, the whole server on top of it, and a real MCP client.
type world struct {
	t       *testing.T
	sandbox *sandbox.Sandbox
	poller  *poll.Poller
	session *mcpclient.Client

	mu       sync.Mutex
	progress []progress
	calls    []tools.Call // of a starting world
}

// record is a tools.Settings.OnCall.
func (w *world) record(_ context.Context, c tools.Call) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls = append(w.calls, c)
}

type progress struct {
	value   float64
	message string
}

// inWorld runs test in a synctest bubble, with a virtual clock.
func inWorld(t *testing.T, settings tools.Settings, test func(w *world), runs ...sandbox.Option) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := sandbox.New(runs...)
		dial, stop := s.Start()
		defer stop()
		key := client.NewKey(sandbox.Key)
		api, err := client.New(key, client.WithBaseURL("http://localhost"), client.WithDialContext(dial))
		if err != nil {
			t.Fatal(err)
		}
		defer api.CloseIdleConnections()
		poller := poll.New(api)
		defer poller.Close()
		server := mcpserver.New(mcpserver.Options{Version: "test", Runs: poller, Settings: settings, Key: key, Log: slog.New(slog.DiscardHandler)})
		session, _ := mcptest.Connect(t, server)
		w := &world{t: t, sandbox: s, poller: poller, session: session}
		session.OnNotification(func(n mcp.JSONRPCNotification) {
			w.mu.Lock()
			defer w.mu.Unlock()
			value, _ := n.Params.AdditionalFields["progress"].(float64)
			w.progress = append(w.progress, progress{value, fmt.Sprint(n.Params.AdditionalFields["message"])})
		})
		test(w)
	})
}

// answer is the part of a call's result that a model sees.
type answer struct {
	text    string
	isError bool
}

func (w *world) call(tool string, arguments any, meta ...*mcp.Meta) answer {
	w.t.Helper()
	return w.callContext(w.t.Context(), tool, arguments, meta...)
}

func (w *world) callContext(ctx context.Context, tool string, arguments any, meta ...*mcp.Meta) answer {
	w.t.Helper()
	req := mcp.CallToolRequest{Params: mcp.CallToolParams{Name: tool, Arguments: arguments}}
	if len(meta) > 0 {
		req.Params.Meta = meta[0]
	}
	result, err := w.session.CallTool(ctx, req)
	if err != nil {
		w.t.Fatalf("%s: %v", tool, err)
	}
	if len(result.Content) != 1 || result.StructuredContent != nil {
		w.t.Fatalf("%s answered %d contents, structured %v; want one text", tool, len(result.Content), result.StructuredContent)
	}
	text, ok := result.Content[0].(mcp.TextContent)
	if !ok {
		w.t.Fatalf("%s answered a %T, want text", tool, result.Content[0])
	}
	return answer{text.Text, result.IsError}
}

func (a answer) wants(t *testing.T, isError bool, texts ...string) {
	t.Helper()
	if a.isError != isError {
		t.Errorf("isError = %v, want %v", a.isError, isError)
	}
	for _, want := range texts {
		if !strings.Contains(a.text, want) {
			t.Errorf("%q is missing in:\n%s", want, a.text)
		}
	}
}

type args = map[string]any

var withProgress = &mcp.Meta{ProgressToken: "token"}

func TestGetMakesOneRequest(t *testing.T) {
	inWorld(t, tools.Settings{}, func(w *world) {
		got := w.call("get_sourcing_results", args{"request_id": "req_demo"})
		got.wants(t, false, "Sourcing run req_demo is still processing", "candidates sourced so far",
			`Next: wait_for_sourcing(request_id="req_demo")`)
		if n := len(w.sandbox.Requests()); n != 1 {
			t.Errorf("%d requests, want 1", n)
		}
	})
}

func TestWaitFollowsARunFromProcessingToItsShortlist(t *testing.T) {
	inWorld(t, tools.Settings{}, func(w *world) {
		got := w.call("wait_for_sourcing", args{"request_id": "req_demo"}, withProgress)
		got.wants(t, false, "Sourcing run req_demo completed in 12 s: 20 scored of 115 found, 20 returned.", "\n1 (96) ", "⟦end ")
		synctest.Wait()
		w.mu.Lock()
		defer w.mu.Unlock()
		if len(w.progress) < 3 || w.progress[0].message != "Asking InstaView about the run" {
			t.Errorf("progress = %v, want one at once and one for each request", w.progress)
		}
		increasing := slices.IsSortedFunc(w.progress, func(a, b progress) int {
			if a.value < b.value {
				return -1
			}
			return 1
		})
		if !increasing {
			t.Errorf("progress = %v, want every value above the one before", w.progress)
		}
	})
}

func TestWithoutATokenThereIsNoProgress(t *testing.T) {
	for name, meta := range map[string]*mcp.Meta{
		"no meta": nil, "no token": {}, "A13 an object": {ProgressToken: map[string]any{"a": 1}},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, tools.Settings{}, func(w *world) {
				w.call("wait_for_sourcing", args{"request_id": "req_demo"}, meta).wants(t, false, "completed")
				synctest.Wait()
				if len(w.progress) != 0 {
					t.Errorf("progress = %v", w.progress)
				}
			})
		})
	}
}

func TestAWaitsEndIsNoErrorAndNamesTheNextCall(t *testing.T) {
	inWorld(t, tools.Settings{}, func(w *world) {
		start := time.Now()
		got := w.call("wait_for_sourcing", args{"request_id": "req_demo_slow"})
		if took := time.Since(start); took < 50*time.Second || took > 51*time.Second {
			t.Errorf("took %v, want 50 s", took)
		}
		got.wants(t, false, "still processing", "candidates sourced so far", "InstaView says: “The sourcing agent is actively analyzing",
			"Waited 50 s.", `Next: wait_for_sourcing(request_id="req_demo_slow") goes on waiting.`)
		for range 3 { // a model that makes the call it is given
			got = w.call("wait_for_sourcing", args{"request_id": "req_demo_slow"})
		}
		got.wants(t, false, "completed in 3 min: 12 scored of 64 found")
	})
}

func TestLongWaitsNeedAProgressToken(t *testing.T) {
	for name, tt := range map[string]struct {
		seconds any
		meta    *mcp.Meta
		took    time.Duration
		want    string
	}{
		"no token":            {120, nil, 50 * time.Second, "max_wait_seconds was lowered to 50, the most for a client that does not ask for progress."},
		"with a token":        {120, withProgress, 120 * time.Second, `max_wait_seconds=120) goes on`},
		"above the most":      {1e9, withProgress, 180 * time.Second, "max_wait_seconds was lowered to 240, the most allowed."},
		"a short one":         {7, nil, 7 * time.Second, `max_wait_seconds=7) goes on`},
		"none at all":         {0, nil, 0, "still processing"},
		"A06 minus zero":      {math.Copysign(0, -1), nil, 0, "still processing"},
		"A06 more than int64": {9.3e18, withProgress, 180 * time.Second, "lowered to 240"},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, tools.Settings{}, func(w *world) {
				start := time.Now()
				got := w.call("wait_for_sourcing", args{"request_id": "req_demo_slow", "max_wait_seconds": tt.seconds}, tt.meta)
				if took := time.Since(start); took < tt.took || took > tt.took+6*time.Second {
					t.Errorf("took %v, want about %v", took, tt.took)
				}
				got.wants(t, false, tt.want)
			})
		})
	}
}

func TestFailedAndEmptyRunsAreAnswers(t *testing.T) {
	inWorld(t, tools.Settings{}, func(w *world) {
		w.call("wait_for_sourcing", args{"request_id": "req_demo_failed"}).wants(t, false,
			"failed after 2 s with PROVIDER_TEMPORARILY_UNAVAILABLE", "start the same run again", "Waiting or asking again will not help")
		w.call("get_sourcing_results", args{"request_id": "req_demo_empty"}).wants(t, false,
			"0 scored of 0 found, no candidate returned", "wider location")
	})
}

func TestFailuresSayWhatToDo(t *testing.T) {
	fault := func(status int, body string) sandbox.Fault { return sandbox.Fault{Status: status, Body: body} }
	for name, tt := range map[string]struct {
		fault sandbox.Fault
		want  []string
	}{
		"401":       {fault(401, `{"error":{"code":"INVALID_API_KEY","message":"Jane"}}`), []string{"refused this server's API key", "INSTAVIEW_API_KEY", "INVALID_API_KEY", "will not help"}},
		"suspended": {fault(401, `{"error":{"code":"API_KEY_SUSPENDED"}}`), []string{"suspended"}},
		"402":       {fault(402, `{}`), []string{"credits"}},
		"403":       {fault(403, `{"message":"Jane","error":"Forbidden"}`), []string{"sourcing:read"}},
		"404":       {fault(404, `{"error":{"code":"REQUEST_NOT_FOUND"}}`), []string{"no such sourcing run", "belongs to another company"}},
		"422":       {fault(422, `Jane`), []string{"refused the request as invalid (HTTP 422)"}},
		"HTML":      {fault(200, `<html>Jane</html>`), []string{"not what its documentation promises", "INSTAVIEW_BASE_URL"}},
		"another's": {fault(200, `{"requestId":"req_other","status":"completed","candidates":[{"profileId":"Jane"}]}`), []string{"about another run"}},
	} {
		for _, tool := range []string{"get_sourcing_results", "wait_for_sourcing"} {
			t.Run(name+" "+tool, func(t *testing.T) {
				inWorld(t, tools.Settings{}, func(w *world) {
					took, requests := time.Duration(0), 1
					if name == "404" && tool == "wait_for_sourcing" { // a wait asks once more
						took, requests = poll.Floor, 2
					}
					w.sandbox.Inject("req_demo_done", slices.Repeat([]sandbox.Fault{tt.fault}, requests)...)
					start := time.Now()
					got := w.call(tool, args{"request_id": "req_demo_done"})
					got.wants(t, true, tt.want...)
					if strings.Contains(got.text, "Jane") || strings.Contains(got.text, sandbox.Key) {
						t.Errorf("the upstream's body or the key was quoted:\n%s", got.text)
					}
					if time.Since(start) != took || len(w.sandbox.Requests()) != requests {
						t.Errorf("took %v and %d requests, want %v and %d", time.Since(start), len(w.sandbox.Requests()), took, requests)
					}
				})
			})
		}
	}
}

func TestTransientFailuresAreRetriedAndReported(t *testing.T) {
	inWorld(t, tools.Settings{}, func(w *world) {
		w.sandbox.Inject("req_demo_done", sandbox.Fault{Status: 503}, sandbox.Fault{Status: 502})
		w.call("get_sourcing_results", args{"request_id": "req_demo_done"}).wants(t, false, "completed")

		w.sandbox.Inject("req_demo_slow", sandbox.Fault{Status: 503}, sandbox.Fault{Drop: true})
		w.call("wait_for_sourcing", args{"request_id": "req_demo_slow"}).wants(t, false,
			"still processing", "2 requests failed meanwhile.")
	})
}

func TestAnUpstreamThatStaysDownIsAnErrorWithATime(t *testing.T) {
	inWorld(t, tools.Settings{}, func(w *world) {
		w.sandbox.Inject("req_demo_done", slices.Repeat([]sandbox.Fault{{Status: 503}}, 100)...)
		w.call("get_sourcing_results", args{"request_id": "req_demo_done"}).wants(t, true, "could not be reached (HTTP 503)", "try again in")
		w.call("wait_for_sourcing", args{"request_id": "req_demo_done"}).wants(t, true, "could not be reached", "try again in")
	})
}

func TestARetryAfterBeyondTheWaitIsObeyedAndReported(t *testing.T) {
	inWorld(t, tools.Settings{}, func(w *world) {
		w.call("get_sourcing_results", args{"request_id": "req_demo_slow"})
		w.sandbox.Inject("req_demo_slow", sandbox.Fault{Status: 503, Header: map[string][]string{"Retry-After": {"120"}}})
		start := time.Now()
		got := w.call("wait_for_sourcing", args{"request_id": "req_demo_slow"})
		if took := time.Since(start); took != 50*time.Second {
			t.Errorf("took %v, want the wait's 50 s", took)
		}
		got.wants(t, false, "still processing", "The last request failed", "InstaView can be asked again in 1 min 1", "tell the user, and call wait_for_sourcing(request_id=\"req_demo_slow\") then.")
	})
}

// A model that is asked to try again in some seconds does so.
func TestAWaitAfterAFailedRequestStartsAfresh(t *testing.T) {
	inWorld(t, tools.Settings{}, func(w *world) {
		w.sandbox.Inject("req_demo", sandbox.Fault{Status: 503}, sandbox.Fault{Status: 503}, sandbox.Fault{Status: 503})
		w.call("get_sourcing_results", args{"request_id": "req_demo"}).wants(t, true, "try again in")
		time.Sleep(10 * time.Second)
		w.call("wait_for_sourcing", args{"request_id": "req_demo"}, withProgress).wants(t, false, "completed")
		w.call("get_sourcing_results", args{"request_id": "req_unknown"}).wants(t, true, "no such sourcing run")
		time.Sleep(10 * time.Second)
		w.call("wait_for_sourcing", args{"request_id": "req_unknown"}, withProgress).wants(t, true, "no such sourcing run")
	})
}

func TestAnUnknownStatusIsAnAnswer(t *testing.T) {
	inWorld(t, tools.Settings{}, func(w *world) {
		w.sandbox.Inject("req_demo", sandbox.Fault{Body: `{"requestId":"req_demo","status":"archived"}`})
		w.call("wait_for_sourcing", args{"request_id": "req_demo"}).wants(t, false, "“archived”")
	})
}

func TestAnswersFromMemoryStateTheirAge(t *testing.T) {
	inWorld(t, tools.Settings{}, func(w *world) {
		w.call("get_sourcing_results", args{"request_id": "req_demo_done"})
		time.Sleep(30 * time.Second)
		w.call("get_sourcing_results", args{"request_id": "req_demo_done"}).wants(t, false, "(Seen 30 s ago.)")
		w.call("get_sourcing_results", args{"request_id": "req_demo_slow"})
		time.Sleep(3 * time.Second)
		w.call("get_sourcing_results", args{"request_id": "req_demo_slow"}).wants(t, false, "(Seen 3 s ago.)")
		if n := len(w.sandbox.Requests()); n != 2 {
			t.Errorf("%d requests, want 2", n)
		}
	})
}

func TestBadArgumentsAreAnsweredWithoutARequest(t *testing.T) {
	for name, tt := range map[string]struct {
		arguments any
		want      string
	}{
		"A01 none":                   {nil, "request_id is missing."},
		"A01 an empty id":            {args{"request_id": ""}, "request_id is not a sourcing run's id"},
		"A01 no id":                  {args{}, "from the InstaView app or the applicant tracking system"},
		"A01 id null":                {args{"request_id": nil}, "request_id is missing."},
		"A01 id a number":            {args{"request_id": 5}, "request_id must be a string."},
		"A01 id an object":           {args{"request_id": args{}}, "request_id must be a string."},
		"A01 id a list":              {args{"request_id": []string{}}, "request_id must be a string."},
		"A02 arguments a string":     {"req_demo", "must be an object"},
		"A02 arguments a list":       {[]string{"req_demo"}, "must be an object"},
		"A04 limit negative":         {args{"request_id": "r", "limit": -1}, "limit must be at least 1."},
		"A04 limit 1.5":              {args{"request_id": "r", "limit": 1.5}, "limit must be a whole number."},
		"A04 limit NaN":              {args{"request_id": "r", "limit": "NaN"}, "limit must be a number."},
		"A04 limit a word":           {args{"request_id": "r", "limit": "ten"}, "limit must be a number."},
		"A04 limit a list":           {args{"request_id": "r", "limit": []int{1}}, "limit must be a number."},
		"offset negative":            {args{"request_id": "r", "offset": -1}, "offset must be at least 0."},
		"A05 min_score 101":          {args{"request_id": "r", "min_score": 101}, "min_score must be a number from 0 to 100."},
		"A05 min_score -1":           {args{"request_id": "r", "min_score": -1}, "min_score must be a number from 0 to 100."},
		"A05 min_score a word":       {args{"request_id": "r", "min_score": "high"}, "min_score must be a number."},
		"detail unknown":             {args{"request_id": "r", "detail": "everything"}, "detail must be one of brief, summary and full."},
		"profile_ids an object":      {args{"request_id": "r", "profile_ids": args{}}, "profile_ids must be a list of strings."},
		"profile_ids of lists":       {args{"request_id": "r", "profile_ids": []any{[]int{1}}}, "profile_ids must be a list of strings."},
		"profile_ids of fractions":   {args{"request_id": "r", "profile_ids": []float64{1.5}}, "profile_ids must be a list of strings."},
		"ranks of words":             {args{"request_id": "r", "ranks": []string{"first"}}, "ranks must be a list of whole numbers from 1 on. For example: ranks=[1, 3, 7]. Ids and names go in profile_ids."},
		"ranks of fractions":         {args{"request_id": "r", "ranks": []float64{1.5}}, "ranks must be a list of whole numbers"},
		"a rank 0":                   {args{"request_id": "r", "ranks": []int{0, 1}}, "from 1 on"},
		"a rank below 0":             {args{"request_id": "r", "ranks": "-1"}, "from 1 on"},
		"ranks an object":            {args{"request_id": "r", "ranks": args{}}, "ranks must be a list"},
		"51 ranks":                   {args{"request_id": "r", "ranks": "1-51"}, "at most 50 numbers"},
		"A08 profile_ids of 10 KB":   {args{"request_id": "r", "profile_ids": []string{strings.Repeat("x", 10_000)}}, "longer than 256 characters"},
		"51 profile_ids":             {args{"request_id": "r", "profile_ids": ids(51)}, "at most 50 ids"},
		"include_contacts a word":    {args{"request_id": "r", "include_contacts": "please"}, "include_contacts must be true or false."},
		"max_wait_seconds negative":  {args{"request_id": "r", "max_wait_seconds": -5}, "max_wait_seconds must be at least 0."},
		"max_wait_seconds a fortune": {args{"request_id": "r", "max_wait_seconds": "forever"}, "max_wait_seconds must be a number."},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, tools.Settings{}, func(w *world) {
				w.call("wait_for_sourcing", tt.arguments).wants(t, true, tt.want)
				if n := len(w.sandbox.Requests()); n != 0 {
					t.Errorf("%d requests, want none", n)
				}
			})
		})
	}
}

func ids(n int) []string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprint("prof_", i))
	}
	return all
}

func TestArgumentsAreLenientInType(t *testing.T) {
	for name, tt := range map[string]struct {
		arguments args
		want      string
	}{
		"A04 numbers in strings":          {args{"limit": "2", "offset": " 3 "}, "Showing 4-5 in summary."},
		"a whole float":                   {args{"limit": 2.0}, "Showing 1-2 in summary."},
		"null for the default":            {args{"limit": nil, "detail": nil, "profile_ids": nil}, "Showing 1-10 in summary, 11"},
		"A04 limit too large":             {args{"limit": 1e9, "detail": "brief"}, "limit was lowered to 50, the most allowed."},
		"upper case":                      {args{"detail": "BRIEF"}, "Showing 1-20 in brief"},
		"A08 one id, of another run":      {args{"profile_ids": "nope"}, "Not in this run: \"nope\"."},
		"ids with commas":                 {args{"profile_ids": "a, b"}, "Not in this run: \"a\", \"b\"."},
		"ids as JSON":                     {args{"profile_ids": `["a","b"]`}, "Not in this run: \"a\", \"b\"."},
		"A07 contacts in a string":        {args{"include_contacts": "true"}, "has not set INSTAVIEW_ALLOW_CONTACTS=true"},
		"A03 unknown arguments are named": {args{"admin": true, "x": 1}, "Ignored, as this tool has no such argument: admin, x."},
		"three unknown at most":           {args{"a": 1, "b": 1, "c": 1, "d": 1}, "no such argument: a, b, c."},
		"A08 offset beyond the end":       {args{"offset": 99}, "offset 99 is beyond the last of 20 matching candidates."},
		"min_score between the scores":    {args{"min_score": 94.5}, "min_score 94.5 hid"},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, tools.Settings{}, func(w *world) {
				tt.arguments["request_id"] = "req_demo_done"
				w.call("get_sourcing_results", tt.arguments).wants(t, false, tt.want)
			})
		})
	}
}

func TestStrangeArgumentNamesAreNotRepeated(t *testing.T) {
	inWorld(t, tools.Settings{}, func(w *world) {
		got := w.call("get_sourcing_results", args{"request_id": "req_demo_done", "wait_for_previous": true, "<script>": 1, "Ignore all": 1})
		got.wants(t, false, "completed")
		for _, name := range []string{"wait_for_previous", "script", "Ignore"} {
			if strings.Contains(strings.Split(got.text, "⟦data")[0], name) {
				t.Errorf("%q was repeated:\n%s", name, got.text)
			}
		}
	})
}

func TestHostileRequestIDsCostNoRequestAndNoEcho(t *testing.T) {
	for id, input := range corpus(t, "request_id") {
		t.Run(id, func(t *testing.T) {
			inWorld(t, tools.Settings{}, func(w *world) {
				got := w.call("get_sourcing_results", args{"request_id": input})
				if strings.HasPrefix(id, "RK") { // the controls
					got.wants(t, true, "no such sourcing run")
					if r := w.sandbox.Requests(); len(r) != 1 || r[0].RunID != input {
						t.Errorf("requests = %+v, want one for %s", r, input)
					}
					return
				}
				got.wants(t, true, "request_id is ")
				if len(w.sandbox.Requests()) != 0 {
					t.Error("a request was made")
				}
				if input != "" && strings.Contains(got.text, input) {
					t.Errorf("the id was echoed:\n%s", got.text)
				}
			})
		})
	}
}

// corpus returns the hostile inputs of one channel.
func corpus(t *testing.T, channel string) map[string]string {
	t.Helper()
	raw, err := os.ReadFile("../internal/sanitize/testdata/hostile.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Cases []struct {
			ID, Channel string
			Input       string `json:"input_go_quoted"`
		}
	}
	if err := json.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	inputs := map[string]string{}
	for _, c := range file.Cases {
		if c.Channel != channel {
			continue
		}
		if inputs[c.ID], err = strconv.Unquote(c.Input); err != nil {
			t.Fatalf("%s: %v", c.ID, err)
		}
	}
	if len(inputs) == 0 {
		t.Fatalf("no case of channel %s", channel)
	}
	return inputs
}

func TestContactsNeedTheCallAndTheOperator(t *testing.T) {
	for name, tt := range map[string]struct {
		allowed, asked, shown bool
	}{
		"neither": {false, false, false}, "only asked": {false, true, false}, "only allowed": {true, false, false}, "both": {true, true, true},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, tools.Settings{AllowContacts: tt.allowed}, func(w *world) {
				got := w.call("get_sourcing_results", args{"request_id": "req_demo_done", "detail": "full", "limit": 50, "include_contacts": tt.asked})
				if shown := strings.Contains(got.text, "@example."); shown != tt.shown {
					t.Errorf("e-mail shown = %v, want %v", shown, tt.shown)
				}
			})
		})
	}
}

func TestBlindAnswersHoldNoNameAndNoLink(t *testing.T) {
	inWorld(t, tools.Settings{AllowContacts: true}, func(w *world) {
		open := w.call("get_sourcing_results", args{"request_id": "req_demo_done", "detail": "full", "limit": 50})
		blind := w.call("get_sourcing_results", args{"request_id": "req_demo_done", "detail": "full", "limit": 50, "blind": true, "include_contacts": true})
		blind.wants(t, false, "Names are hidden where known; this is not anonymous.", "E-mail addresses are left out, as they reveal names.")
		for line := range strings.Lines(open.text) {
			found := regexp.MustCompile(`^\d+\*? (?:\([\d.]+\) )?(.+?)\| `).FindStringSubmatch(line)
			if found == nil {
				continue
			}
			for _, part := range strings.FieldsFunc(found[1], func(r rune) bool { return r == ' ' || r == '(' || r == ')' }) {
				if utf8.RuneCountInString(part) >= 3 && regexp.MustCompile(`(^|[^\pL\pM])`+regexp.QuoteMeta(part)+`([^\pL\pM]|$)`).MatchString(blind.text) {
					t.Errorf("%q of %q is still there", part, found[1])
				}
			}
		}
		for _, tell := range []string{"linkedin.com", "@example."} {
			if strings.Contains(blind.text, tell) {
				t.Errorf("%q is still there", tell)
			}
		}
		id := regexp.MustCompile(`\[(prof_[^\]]+)\]`).FindStringSubmatch(blind.text)
		w.call("get_sourcing_results", args{"request_id": "req_demo_done", "profile_ids": id[1], "blind": true}).wants(t, false, "Showing 1 in summary")
	})
}

// In every state of a run, the call that an answer names shows no more than was
// asked for.
func TestTheNextCallKeepsTheArguments(t *testing.T) {
	inWorld(t, tools.Settings{}, func(w *world) {
		given := args{"request_id": "req_demo_slow", "blind": true, "detail": "full", "min_score": 80, "profile_ids": []string{"p1"}}
		const want = `wait_for_sourcing(request_id="req_demo_slow", detail="full", min_score=80, profile_ids=["p1"], blind=true`
		w.call("get_sourcing_results", given).wants(t, false, want+")")
		given["max_wait_seconds"] = 7
		w.call("wait_for_sourcing", given).wants(t, false, want+", max_wait_seconds=7)")
	})
}

func TestWaitsAreLimitedAndGetsAreNot(t *testing.T) {
	inWorld(t, tools.Settings{MaxWaits: 3}, func(w *world) {
		var waits sync.WaitGroup
		for range 3 {
			waits.Go(func() { w.call("wait_for_sourcing", args{"request_id": "req_demo_slow"}).wants(t, false, "Waited") })
		}
		synctest.Wait()
		start := time.Now()
		w.call("wait_for_sourcing", args{"request_id": "req_demo_slow"}).wants(t, true, "busy with 3 waits", "Try again in 10 s")
		w.call("get_sourcing_results", args{"request_id": "req_demo_slow"}).wants(t, false, "still processing")
		if time.Since(start) != 0 {
			t.Errorf("took %v beside the waits", time.Since(start))
		}
		waits.Wait()
		w.call("wait_for_sourcing", args{"request_id": "req_demo_done"}).wants(t, false, "completed")
	})
}

func TestACancelledWaitFreesItsPlace(t *testing.T) {
	inWorld(t, tools.Settings{MaxWaits: 1}, func(w *world) {
		ctx, cancel := context.WithTimeout(w.t.Context(), 3*time.Second)
		defer cancel()
		w.callContext(ctx, "wait_for_sourcing", args{"request_id": "req_demo_slow"}).wants(t, true, "cancelled")
		w.call("wait_for_sourcing", args{"request_id": "req_demo_done"}).wants(t, false, "completed")
	})
}

// A hundred calls that wait for one run cost the requests of one, and no two
// requests of any run are closer than the contract's 5 s, whatever is called.
func TestTheSandboxsLogShowsTheFloor(t *testing.T) {
	inWorld(t, tools.Settings{MaxWaits: 100}, func(w *world) {
		w.sandbox.Inject("req_demo", sandbox.Fault{Status: 503}, sandbox.Fault{Drop: true}, sandbox.Fault{Status: 500, Delay: 2 * time.Second})
		var calls sync.WaitGroup
		for range 100 {
			calls.Go(func() {
				w.call("wait_for_sourcing", args{"request_id": "req_demo"}).wants(t, false, "completed")
			})
		}
		for range 10 {
			calls.Go(func() {
				for range 10 {
					w.call("get_sourcing_results", args{"request_id": "req_demo"})
					time.Sleep(700 * time.Millisecond)
				}
			})
		}
		calls.Wait()
		log := w.sandbox.Requests()
		if len(log) < 4 || len(log) > 7 {
			t.Errorf("%d requests in about half a minute of a hundred waits", len(log))
		}
		for i := 1; i < len(log); i++ {
			if gap := log[i].Arrived.Sub(log[i-1].Answered); gap < 5*time.Second {
				t.Errorf("request %d came %v after the answer before", i+1, gap)
			}
		}
	})
}

// Golden files of whole answers. Rewrite them with -update, then read the diff.
func TestGoldenAnswers(t *testing.T) {
	for name, tt := range map[string]struct {
		tool      string
		arguments args
	}{
		"wait_demo":        {"wait_for_sourcing", args{"request_id": "req_demo"}},
		"wait_failed":      {"wait_for_sourcing", args{"request_id": "req_demo_failed"}},
		"wait_time_up":     {"wait_for_sourcing", args{"request_id": "req_demo_slow", "max_wait_seconds": 47}},
		"get_processing":   {"get_sourcing_results", args{"request_id": "req_demo"}},
		"get_empty":        {"get_sourcing_results", args{"request_id": "req_demo_empty"}},
		"get_large":        {"get_sourcing_results", args{"request_id": "req_demo_large"}},
		"get_large_brief":  {"get_sourcing_results", args{"request_id": "req_demo_large", "detail": "brief"}},
		"get_done_full":    {"get_sourcing_results", args{"request_id": "req_demo_done", "detail": "full", "offset": 14}},
		"get_done_filters": {"get_sourcing_results", args{"request_id": "req_demo_done", "min_score": 80, "limit": 2, "offset": 1}},
		"get_done_blind":   {"get_sourcing_results", args{"request_id": "req_demo_done", "limit": 3, "blind": true}},
		"get_not_found":    {"get_sourcing_results", args{"request_id": "req_unknown"}},
		"get_bad_id":       {"get_sourcing_results", args{"request_id": "../x"}},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, tools.Settings{}, func(w *world) {
				got := w.call(tt.tool, tt.arguments).text
				if n := utf8.RuneCountInString(got); n > 35_000 || len(tt.arguments) == 1 && n > 10_000 {
					t.Errorf("%d characters", n)
				}
				golden(t, name, unmarked(got)+"\n")
			})
		})
	}
}

// golden compares got with testdata/name.golden, or rewrites the file with
// -update.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("%s (-want +got; go test ./tools -update rewrites it):\n%s", path, diff)
	}
}

// Whatever a model sends, the answer is text, no unwanted request is made, and
// no value is repeated.
func FuzzArguments(f *testing.F) {
	for _, seed := range []string{
		`{"request_id":"req_demo_done","limit":"3","detail":"full"}`, `{"request_id":"../x"}`, `[]`, `"x"`, `null`,
		`{"request_id":"r","profile_ids":"[\"a\"]","min_score":1e308,"offset":-0.0,"blind":"TRUE","max_wait_seconds":1e30}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var arguments any
		if json.Unmarshal(raw, &arguments) != nil {
			return
		}
		given, _ := arguments.(map[string]any)
		if wait, ok := given["max_wait_seconds"]; ok && wait != nil {
			given["request_id"] = nil // no fuzzing of minutes
		}
		inWorld(t, tools.Settings{}, func(w *world) {
			got := w.call("get_sourcing_results", arguments)
			id, _ := given["request_id"].(string)
			if requests := w.sandbox.Requests(); len(requests) > 1 || len(requests) == 1 && !strings.Contains(string(raw), requests[0].RunID) {
				t.Errorf("%d requests of %s", len(requests), raw)
			}
			if got.text == "" || utf8.RuneCountInString(got.text) > 35_000 {
				t.Errorf("%d characters", utf8.RuneCountInString(got.text))
			}
			if got.isError && len(id) > 8 && !client.ValidRequestID(id) && strings.Contains(got.text, id) {
				t.Errorf("the id came back: %s", got.text)
			}
			if bad := sanitizetest.Unsafe(strings.Join(strings.Fields(head(got.text)), " ")); bad != "" {
				t.Errorf("%s in:\n%s", bad, got.text)
			}
		})
	})
}

// head returns the part of an answer that is our own text, without proposed
// calls.
func head(text string) string {
	text, _, _ = strings.Cut(text, "⟦data")
	text, _, _ = strings.Cut(text, "Next:")
	return text
}

func TestAPauseOfTheKeyIsExplained(t *testing.T) {
	inWorld(t, tools.Settings{}, func(w *world) {
		w.call("get_sourcing_results", map[string]any{"request_id": "req_demo_slow"})
		w.sandbox.Inject("req_demo_done", sandbox.Fault{Status: 429, Header: http.Header{"Retry-After": {"90"}}})
		w.call("get_sourcing_results", map[string]any{"request_id": "req_demo_done"}).
			wants(w.t, true, "request limit for this API key is used up", "try again in 1 min 3")
		w.call("wait_for_sourcing", map[string]any{"request_id": "req_demo_empty", "max_wait_seconds": 2}).
			wants(w.t, false, "There is no answer for sourcing run req_demo_empty yet. InstaView's request limit for this API key is reached, so requests pause.",
				`InstaView can be asked again in 1 min 28 s: tell the user, and call wait_for_sourcing(request_id="req_demo_empty", max_wait_seconds=2) then.`)
		w.call("get_sourcing_results", map[string]any{"request_id": "req_demo_large"}).
			wants(w.t, false, "There is no answer for sourcing run req_demo_large yet.", "InstaView can be asked again in 1 min 28 s")
		w.call("get_sourcing_results", map[string]any{"request_id": "req_demo_slow"}).
			wants(w.t, false, "still processing", "InstaView can be asked again in 1 min 28 s: tell the user, and call wait_for_sourcing")
		w.call("wait_for_sourcing", map[string]any{"request_id": "req_demo_slow", "max_wait_seconds": 20}).
			wants(w.t, false, "still processing", "InstaView's request limit for this API key is reached, so requests pause.", "InstaView can be asked again in 1 min 8 s: tell the user")
		// A successful probe closes the breaker.
		w.call("wait_for_sourcing", map[string]any{"request_id": "req_demo_slow", "max_wait_seconds": 240}, &mcp.Meta{ProgressToken: "p"}).
			wants(w.t, false, "12 returned")
	})
}

func TestAnInstaViewThatIsDownIsExplained(t *testing.T) {
	inWorld(t, tools.Settings{}, func(w *world) {
		down := sandbox.Fault{Status: 503}
		for _, id := range []string{"req_demo_done", "req_demo_empty", "req_demo_large"} {
			w.sandbox.Inject(id, down)
			w.call("wait_for_sourcing", map[string]any{"request_id": id, "max_wait_seconds": 1})
		}
		w.call("wait_for_sourcing", map[string]any{"request_id": "req_demo_slow", "max_wait_seconds": 1}).
			wants(w.t, false, "There is no answer for sourcing run req_demo_slow yet. InstaView has failed several times in a row, so requests pause.",
				`Next: wait_for_sourcing(request_id="req_demo_slow", max_wait_seconds=1) goes on waiting.`)
	})
}

// busy is a Waiter that has reached its limit.
type busy struct{}

func (busy) Get(context.Context, string) (poll.Snapshot, error) { return poll.Snapshot{}, poll.ErrBusy }
func (busy) Wait(context.Context, string, time.Duration, func(poll.Snapshot)) (poll.Snapshot, error) {
	return poll.Snapshot{}, poll.ErrBusy
}

func TestAFullPollerIsAnswerEnough(t *testing.T) {
	s := mcpserver.New(mcpserver.Options{Runs: busy{}, Log: slog.New(slog.DiscardHandler)})
	answer := mcptest.Answer(t, t.Context(), s, "tools/call", mcptest.Call("get_sourcing_results", `{"request_id":"r"}`))
	if !strings.Contains(answer, "busy with as many waits for this API key as it takes. Try again in 10 s.") {
		t.Error(answer)
	}
}
