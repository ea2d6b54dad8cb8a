package tools_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mark3labs/mcp-go/mcp"

	"instaview-mcp/client"
	"instaview-mcp/client/poll"
	"instaview-mcp/internal/mcpserver"
	"instaview-mcp/internal/mcptest"
	"instaview-mcp/internal/sandbox"
	"instaview-mcp/internal/spending"
	"instaview-mcp/internal/tenant"
	"instaview-mcp/tools"
)

// inStartingWorld is inWorld for a server that may spend credits, with limits a
// run and a day.
func inStartingWorld(t *testing.T, perRun, perDay int, test func(w *world), options ...sandbox.Option) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &world{t: t, sandbox: sandbox.New(options...)}
		dial, stop := w.sandbox.Start()
		defer stop()
		key := client.NewKey(sandbox.Key)
		api, err := client.New(key, client.WithBaseURL("http://localhost"), client.WithDialContext(dial))
		if err != nil {
			t.Fatal(err)
		}
		defer api.CloseIdleConnections()
		w.poller = poll.New(api)
		defer w.poller.Close()
		runs := tenant.Own{Poller: w.poller, Client: api}
		w.session, _ = mcptest.Connect(t, mcpserver.New(mcpserver.Options{Version: "test", Runs: runs, Key: key, Log: slog.New(slog.DiscardHandler),
			Settings: tools.Settings{
				Starting: tools.NewStarting(runs, spending.New(perRun, perDay)),
				OnCall:   w.record,
			}}))
		test(w)
	})
}

// brief is a whole call of start_sourcing.
func brief() map[string]any {
	return map[string]any{"title": "Senior Go engineer", "job_description": "Payments platform.\nMust have: Go, ledgers.",
		"location": "Košice", "query": "Go, payments", "limit": 5}
}

func with(arguments map[string]any, more ...any) map[string]any {
	all := map[string]any{}
	for name, value := range arguments {
		all[name] = value
	}
	for i := 0; i < len(more); i += 2 {
		all[more[i].(string)] = more[i+1]
	}
	return all
}

var confirmationPattern = regexp.MustCompile(`confirmation="([A-Z2-7]{8})"`)

// code reads the confirmation code of an answer.
func (w *world) code(a answer) string {
	w.t.Helper()
	found := confirmationPattern.FindStringSubmatch(a.text)
	if found == nil {
		w.t.Fatalf("no code in: %s", a.text)
	}
	return found[1]
}

var startedPattern = regexp.MustCompile(`wait_for_sourcing\(request_id="(req_[a-z0-9_-]+)"\)`)

// run reads the id of the run that an answer names.
func (w *world) run(a answer) string {
	w.t.Helper()
	found := startedPattern.FindStringSubmatch(a.text)
	if a.isError || found == nil {
		w.t.Fatalf("no run in: %s", a.text)
	}
	return found[1]
}

// start starts a run and returns its id.
func (w *world) start(arguments map[string]any) string {
	w.t.Helper()
	code := w.code(w.call("start_sourcing", arguments))
	return w.run(w.call("start_sourcing", with(arguments, "confirmation", code)))
}

// spends are the requests of the sandbox's log that cost credits.
func (w *world) spends() string {
	var all []string
	for _, r := range w.sandbox.Requests() {
		if r.Method != "" {
			all = append(all, r.Method)
		}
	}
	return strings.Join(all, " ")
}

func (w *world) wantSpends(what, want string) {
	w.t.Helper()
	if got := w.spends(); got != want {
		w.t.Errorf("%s: requests %q, want %q", what, got, want)
	}
}

// wantText checks an answer for texts.
func (w *world) wantText(a answer, isError bool, wants ...string) {
	w.t.Helper()
	for _, want := range wants {
		if !strings.Contains(a.text, want) {
			w.t.Errorf("lacks %q:\n%s", want, a.text)
		}
	}
	if a.isError != isError {
		w.t.Errorf("isError %v:\n%s", a.isError, a.text)
	}
}

func TestFromABriefToARefinedShortlist(t *testing.T) {
	for name, tt := range map[string]struct {
		refining sandbox.Refining
		sameID   bool
		shown    int
	}{
		"the same id, all":        {sandbox.Refining{}, true, 8},
		"the same id, new only":   {sandbox.Refining{OnlyNew: true}, true, 3},
		"another id, all":         {sandbox.Refining{NewID: true}, false, 8},
		"another id, new only":    {sandbox.Refining{NewID: true, OnlyNew: true}, false, 3},
		"the old end for 10 s":    {sandbox.Refining{Lag: 10 * time.Second}, true, 8},
		"the old end, new only":   {sandbox.Refining{Lag: 10 * time.Second, OnlyNew: true}, true, 3},
		"unknown for a moment":    {sandbox.Refining{NewID: true}, false, 8},
		"the old end for a while": {sandbox.Refining{Lag: 7 * time.Second}, true, 8},
	} {
		t.Run(name, func(t *testing.T) {
			inStartingWorld(t, 0, 0, func(w *world) {
				first := w.call("start_sourcing", brief())
				w.wantText(first, false, "Nothing is started yet.", "title: “Senior Go engineer”", "place: “Košice”", "must-haves: “Go, payments”",
					"up to 5 candidates", "at most 5 credits", "Show this to the user", "after their yes")
				w.wantSpends("the first call", "")
				id := w.run(w.call("start_sourcing", with(brief(), "confirmation", w.code(first))))
				w.wantText(w.call("wait_for_sourcing", map[string]any{"request_id": id}), false, "5 scored of", "\n5 (")

				ask := map[string]any{"request_id": id, "query": "more like rank 3: ledgers", "additional": 3}
				proposal := w.call("refine_sourcing", ask)
				w.wantText(proposal, false, "Nothing is refined yet.", "completed with 5 candidates", "look for: “more like rank 3: ledgers”", "at most 3 credits")
				refined := w.call("refine_sourcing", with(ask, "confirmation", w.code(proposal)))
				next := w.run(refined)
				if (next == id) != tt.sameID {
					w.t.Errorf("id %s after %s", next, id)
				}
				word := map[bool]string{true: "under the same request id", false: "under another request id"}[tt.sameID]
				w.wantText(refined, false, word)

				got := w.call("get_sourcing_results", map[string]any{"request_id": next})
				w.wantText(got, false, "is still processing")
				got = w.call("wait_for_sourcing", map[string]any{"request_id": next})
				list := map[bool]string{true: "InstaView lists the new ones only.", false: "InstaView lists those seen before too."}[tt.shown == 3]
				w.wantText(got, false, fmt.Sprintf("3 of %d are new, marked “new” after the rank.", tt.shown), list)
				if n := len(regexp.MustCompile(`(?m)^\d+ new \(\d+\) `).FindAllString(got.text, -1)); n != 3 {
					w.t.Errorf("%d candidates are marked:\n%s", n, got.text)
				}
				if strings.Contains(got.text, "unusually long") {
					w.t.Errorf("a refined run is called old:\n%s", got.text)
				}
				w.wantSpends("start and refinement", "POST PATCH")
			}, sandbox.WithRefining(tt.refining), sandbox.WithUnknownFor(4*time.Second))
		})
	}
}

// The confirmation alone is enough: a model may have forgotten a long brief.
func TestTheCodeAloneConfirms(t *testing.T) {
	inStartingWorld(t, 0, 0, func(w *world) {
		for _, written := range []func(string) string{
			func(code string) string { return code },
			func(code string) string { return " " + strings.ToLower(code) + " " },
			func(code string) string { return `confirmation="` + code + `"` },
		} {
			b := with(brief(), "title", fmt.Sprint("Engineer ", w.spends()))
			w.run(w.call("start_sourcing", map[string]any{"confirmation": written(w.code(w.call("start_sourcing", b)))}))
		}
		w.wantSpends("three codes", "POST POST POST")
	})
}

// Clients that fill in every argument of a schema send empty values beside the
// code.
func TestTheCodeIsAloneBesideEmptyValues(t *testing.T) {
	for name, empty := range map[string]map[string]any{
		"null":        {"title": nil, "job_description": nil, "location": nil, "query": nil, "limit": nil, "again": nil},
		"empty":       {"title": "", "job_description": " ", "location": "", "query": "", "limit": 0, "again": false},
		"words":       {"title": "null", "job_description": "None", "location": "n/a", "query": "undefined", "limit": "", "again": "false"},
		"empty lists": {"title": "", "job_description": "", "query": []any{}},
	} {
		t.Run(name, func(t *testing.T) {
			inStartingWorld(t, 0, 0, func(w *world) {
				w.run(w.call("start_sourcing", with(empty, "confirmation", w.code(w.call("start_sourcing", brief())))))
			})
		})
	}
}

// A text that looks the same is the same, however its letters are composed.
func TestTheSameTextInOtherFormsIsTheSame(t *testing.T) {
	inStartingWorld(t, 0, 0, func(w *world) {
		b := with(brief(), "job_description", "Café\nGo")
		decomposed := with(b, "title", " Senior\u00a0Go  engineer ", "job_description", "Cafe\u0301\r\nGo\n", "location", "Kos\u030cice", "limit", "5")
		w.run(w.call("start_sourcing", with(decomposed, "confirmation", w.code(w.call("start_sourcing", b)))))
		w.wantText(w.call("start_sourcing", decomposed), false, "nothing more is spent")
		w.wantSpends("the same", "POST")
	})
}

func TestCallsThatStartNothing(t *testing.T) {
	long := func(n int) string { return strings.Repeat("x", n) }
	for name, tt := range map[string]struct {
		tool      string
		arguments map[string]any
		want      string
	}{
		"no title":             {"start_sourcing", map[string]any{"job_description": "x"}, "title is missing"},
		"no job description":   {"start_sourcing", map[string]any{"title": "x"}, "job_description is missing"},
		"nothing":              {"start_sourcing", nil, "title is missing"},
		"a long title":         {"start_sourcing", with(brief(), "title", long(201)), "201 characters, and may have at most 200"},
		"a long description":   {"start_sourcing", with(brief(), "job_description", long(10_001)), "at most 10000"},
		"a long query":         {"start_sourcing", with(brief(), "query", long(501)), "at most 500"},
		"a title of a kind":    {"start_sourcing", with(brief(), "title", 5), "title must be a text"},
		"too many":             {"start_sourcing", with(brief(), "limit", 21), "INSTAVIEW_MAX_CREDITS_PER_RUN"},
		"far too many":         {"start_sourcing", with(brief(), "limit", 1e300), "at most 20 candidates"},
		"all":                  {"start_sourcing", with(brief(), "limit", "all"), "INSTAVIEW_MAX_CREDITS_PER_RUN"},
		"half a candidate":     {"start_sourcing", with(brief(), "limit", 1.5), "whole number"},
		"less than none":       {"start_sourcing", with(brief(), "limit", -1), "at least 1"},
		"a number in words":    {"start_sourcing", with(brief(), "limit", "many"), "limit must be a number"},
		"a void code alone":    {"start_sourcing", map[string]any{"confirmation": "ABCDEFGH"}, "that code is void"},
		"refine: no id":        {"refine_sourcing", map[string]any{"query": "x"}, "request_id is missing"},
		"refine: nothing":      {"refine_sourcing", map[string]any{"request_id": "req_demo_done"}, "Give query"},
		"refine: too many":     {"refine_sourcing", map[string]any{"request_id": "req_demo_done", "additional": 51}, "at most 20 candidates"},
		"refine: over limit":   {"refine_sourcing", map[string]any{"request_id": "req_demo_done", "additional": 50}, "INSTAVIEW_MAX_CREDITS_PER_RUN"},
		"refine: unknown":      {"refine_sourcing", map[string]any{"request_id": "req_x", "additional": 1}, "knows no such sourcing run"},
		"refine: processing":   {"refine_sourcing", map[string]any{"request_id": "req_demo_slow", "additional": 1}, "still processing"},
		"refine: a path":       {"refine_sourcing", map[string]any{"request_id": "../x", "additional": 1}, "not a sourcing run's id"},
		"refine: a void code":  {"refine_sourcing", map[string]any{"confirmation": "ABCDEFGH"}, "Call refine_sourcing with request_id and query"},
		"refine: a long query": {"refine_sourcing", map[string]any{"request_id": "req_demo_done", "query": long(501)}, "at most 500"},
	} {
		t.Run(name, func(t *testing.T) {
			inStartingWorld(t, 0, 0, func(w *world) {
				a := w.call(tt.tool, tt.arguments)
				w.wantText(a, true, tt.want, "Nothing was ")
				if confirmationPattern.MatchString(a.text) {
					w.t.Errorf("a code is given:\n%s", a.text)
				}
				w.wantSpends(name, "")
			})
		})
	}
}

func TestTheDocumentedMostOfARefinementHoldsToo(t *testing.T) {
	inStartingWorld(t, 60, 0, func(w *world) {
		ask := map[string]any{"request_id": "req_demo_done", "additional": 51}
		w.wantText(w.call("refine_sourcing", ask), true, "additional may be at most 50. Nothing was refined.")
		w.code(w.call("refine_sourcing", with(ask, "additional", 50)))
	})
}

// A number in another name must not become the default, which costs more.
func TestNumbersInOtherNamesAreUnderstood(t *testing.T) {
	for name, tt := range map[string]struct {
		tool      string
		arguments map[string]any
		want      string
	}{
		"refine with limit":     {"refine_sourcing", map[string]any{"request_id": "req_demo_done", "limit": 3}, "at most 3 credits"},
		"refine with count":     {"refine_sourcing", map[string]any{"requestId": "req_demo_done", "count": "3"}, "at most 3 credits"},
		"start with additional": {"start_sourcing", map[string]any{"title": "x", "jobDescription": "y", "additional": 3}, "at most 3 credits"},
		"start with people":     {"start_sourcing", map[string]any{"title": "x", "job_description": "y", "candidates": 3}, "at most 3 credits"},
		"start with credits":    {"start_sourcing", map[string]any{"title": "x", "job_description": "y", "max_credits": 3}, "at most 3 credits"},
		"refine with people":    {"refine_sourcing", map[string]any{"request_id": "req_demo_done", "more_candidates": 3}, "at most 3 credits"},
		"refine with credits":   {"refine_sourcing", map[string]any{"request_id": "req_demo_done", "query": "x", "credits": 3}, "at most 3 credits"},
		"start with n":          {"start_sourcing", map[string]any{"job_title": "x", "description": "y", "n": 3}, "at most 3 credits"},
		"wrapped":               {"start_sourcing", map[string]any{"arguments": map[string]any{"title": "x", "job_description": "y", "limit": "3 candidates"}}, "at most 3 credits"},
		"a list of must-haves":  {"start_sourcing", map[string]any{"title": "x", "job_description": "y", "must_haves": []any{"Go", "ledgers"}}, "must-haves: “Go; ledgers”"},
		"none at all":           {"start_sourcing", map[string]any{"title": "x", "job_description": "y", "limit": nil, "location": ""}, "at most 10 credits"},
		"something unknown":     {"start_sourcing", map[string]any{"title": "x", "job_description": "y", "gender": "f"}, "Ignored, as this tool has no such argument: gender."},
	} {
		t.Run(name, func(t *testing.T) {
			inStartingWorld(t, 0, 0, func(w *world) { w.wantText(w.call(tt.tool, tt.arguments), false, tt.want) })
		})
	}
}

func TestRunsOfTheSessionAreListed(t *testing.T) {
	inStartingWorld(t, 0, 0, func(w *world) {
		list := func() string {
			result, err := w.session.ListResources(w.t.Context(), mcp.ListResourcesRequest{})
			if err != nil {
				w.t.Fatal(err)
			}
			var all []string
			for _, r := range result.Resources {
				all = append(all, r.Title+" "+r.URI)
			}
			return strings.Join(all, "\n")
		}
		if got := list(); got != "" {
			w.t.Errorf("nothing done yet: %s", got)
		}
		w.call("get_sourcing_results", map[string]any{"request_id": "req_demo_done"})
		w.call("get_sourcing_results", map[string]any{"request_id": "req_unknown"})
		time.Sleep(time.Minute)
		id := w.start(brief())
		want := "Shortlist: Senior Go engineer sourcing://" + id + "\nShortlist of run req_demo_done sourcing://req_demo_done"
		if got := list(); got != want {
			w.t.Errorf("got:\n%s\nwant:\n%s", got, want)
		}
		result, err := w.session.Complete(w.t.Context(), mcp.CompleteRequest{Params: mcp.CompleteParams{
			Ref:      mcp.PromptReference{Type: "ref/prompt", Name: "refine_search"},
			Argument: mcp.CompleteArgument{Name: "request_id"},
		}})
		if err != nil || len(result.Completion.Values) != 2 || result.Completion.Values[0] != id {
			w.t.Errorf("completions %+v, %v", result, err)
		}
		time.Sleep(9 * time.Minute)
		if got := list(); got != "Shortlist: Senior Go engineer sourcing://"+id {
			w.t.Errorf("after ten minutes:\n%s", got)
		}
		time.Sleep(time.Minute)
		if got := list(); got != "" {
			w.t.Errorf("after ten more:\n%s", got)
		}
	})
}

func TestWhatNobodySeesIsNotSent(t *testing.T) {
	inStartingWorld(t, 0, 0, func(w *world) {
		hidden := "Go\U000E0041\U000E0042 engineer\u202e\u0007\u200b"
		a := w.call("start_sourcing", with(brief(), "title", hidden, "job_description", hidden))
		w.wantText(a, false, "title: “Go engineer”", "job description, 11 characters: “Go engineer”")
		plain := w.call("start_sourcing", with(brief(), "title", "Go engineer", "job_description", "Go engineer"))
		if w.code(a) != w.code(plain) {
			w.t.Error("the hidden text is part of the order")
		}
	})
}

func TestTheDescriptionsSayWhatTheToolsDo(t *testing.T) {
	inStartingWorld(t, 7, 0, func(w *world) {
		list, err := w.session.ListTools(w.t.Context(), mcp.ListToolsRequest{})
		if err != nil {
			w.t.Fatal(err)
		}
		if len(list.Tools) != 5 {
			w.t.Fatalf("%d tools", len(list.Tools))
		}
		for _, tool := range list.Tools {
			spends := tool.Name == "start_sourcing" || tool.Name == "refine_sourcing"
			h := tool.Annotations
			if *h.ReadOnlyHint == spends || *h.IdempotentHint == spends || *h.DestructiveHint || !*h.OpenWorldHint || h.Title == "" || tool.Title == "" {
				w.t.Errorf("%s: %+v", tool.Name, h)
			}
			raw, err := json.Marshal(tool.InputSchema)
			if err != nil {
				w.t.Fatal(err)
			}
			// A model that leaves out what a brief needs makes a call in vain.
			want := map[string][]string{"start_sourcing": {"title", "job_description"}}[tool.Name]
			if want == nil {
				want = []string{"request_id"}
			}
			if !slices.Equal(tool.InputSchema.Required, want) {
				w.t.Errorf("%s: required %v", tool.Name, tool.InputSchema.Required)
			}
			if spends && (!strings.Contains(string(raw), "1-7; default 10") || strings.Contains(string(raw), "null")) {
				w.t.Errorf("%s: %s", tool.Name, raw)
			}
		}
	})
}

// What a model reads of these is the product.
func TestSnapshotsOfWhatCostsCredits(t *testing.T) {
	inStartingWorld(t, 0, 0, func(w *world) {
		w.sandbox.Inject(sandbox.Starts, sandbox.Fault{Status: 402})
		write := func(name string, a answer) string {
			masked := regexp.MustCompile(`req_[0-9a-f]{8}-[0-9a-f-]+`).ReplaceAllString(a.text, "req_0")
			golden(w.t, name, confirmationPattern.ReplaceAllString(masked, `confirmation="ABCDEFGH"`)+"\n")
			return a.text
		}
		proposal := w.call("start_sourcing", brief())
		write("start_proposal", proposal)
		confirmed := with(brief(), "confirmation", w.code(proposal))
		write("start_no_credits", w.call("start_sourcing", confirmed))
		started := w.call("start_sourcing", confirmed)
		write("start_started", started)
		write("start_earlier", w.call("start_sourcing", brief()))
		w.sandbox.Inject(sandbox.Starts, sandbox.Fault{Drop: true})
		again := with(brief(), "again", true)
		write("start_again", w.call("start_sourcing", again))
		write("start_unknown", w.call("start_sourcing", with(again, "confirmation", w.code(w.call("start_sourcing", again)))))
		w.call("wait_for_sourcing", map[string]any{"request_id": w.run(started)})
		ask := map[string]any{"request_id": w.run(started), "query": "more like rank 3"}
		proposal = w.call("refine_sourcing", ask)
		write("refine_proposal", proposal)
		write("refine_refined", w.call("refine_sourcing", map[string]any{"confirmation": w.code(proposal)}))
		write("start_over_limit", w.call("start_sourcing", with(brief(), "limit", 21)))
		write("start_void", w.call("start_sourcing", map[string]any{"confirmation": "ABCDEFGH"}))
	})
}
