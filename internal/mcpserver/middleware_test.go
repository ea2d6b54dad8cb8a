package mcpserver

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"instaview-mcp/client"
	"instaview-mcp/client/poll"
	"instaview-mcp/internal/mcptest"
	"instaview-mcp/internal/tenant"
	"instaview-mcp/prompts"
)

const canaryKey = "sk_live_canary0123"

// wantsCorrelation checks that the answer and the log have the same correlation
// id, and that neither holds the error's text.
func wantsCorrelation(t *testing.T, answer, log, inside string) {
	t.Helper()
	id := regexp.MustCompile(`correlation id ([0-9a-f]{12})`).FindStringSubmatch(answer)
	if id == nil {
		t.Fatalf("no correlation id in %s", answer)
	}
	if !strings.Contains(log, id[1]) || !strings.Contains(log, "middleware_test.go") {
		t.Errorf("the log does not lead to the panic:\n%s", log)
	}
	for _, where := range []string{answer, log} {
		if strings.Contains(where, inside) {
			t.Errorf("the panic's value leaked: %s", where)
		}
	}
}

// mcp-go does not recover from panics outside of tool calls: one would end the
// process.
func TestAPanicOfAPromptIsCaught(t *testing.T) {
	var log bytes.Buffer
	s := New(Options{Log: slog.New(slog.NewTextHandler(&log, nil))})
	s.AddPrompt(mcp.NewPrompt("broken"), func(context.Context, mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
		panic("Jane Doe at canary")
	})
	wantsCorrelation(t, mcptest.Answer(t, t.Context(), s, "prompts/get", `{"name":"broken"}`), log.String(), "Jane")
}

func TestTheKeyIsRedactedInPrompts(t *testing.T) {
	s := New(Options{Key: client.NewKey(canaryKey)})
	s.AddPrompt(mcp.NewPrompt("refusing"), func(context.Context, mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
		return nil, prompts.UserError{Text: "not with " + canaryKey}
	})
	callers := tenant.WithCredentials(t.Context(), tenant.Credentials{Key: client.NewKey("sk_live_callers0123")})
	for name, tt := range map[string]struct {
		ctx    context.Context
		params string
	}{
		"the server's":        {t.Context(), `{"name":"review_shortlist","arguments":{"request_id":"r","role":"sk_live_canary0123"}}`},
		"the caller's":        {callers, `{"name":"review_shortlist","arguments":{"request_id":"r","role":"sk_live_callers0123"}}`},
		"in a refusal's text": {t.Context(), `{"name":"refusing"}`},
	} {
		got := mcptest.Answer(t, tt.ctx, s, "prompts/get", tt.params)
		if strings.Contains(got, "sk_live") || !strings.Contains(got, "[redacted]") {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestAPanicOfAResourceIsCaught(t *testing.T) {
	var log bytes.Buffer
	s := New(Options{
		Log:  slog.New(slog.NewTextHandler(&log, nil)),
		Runs: runs(func() (poll.Snapshot, error) { panic("Jane Doe at canary") }),
	})
	wantsCorrelation(t, mcptest.Answer(t, t.Context(), s, "resources/read", `{"uri":"sourcing://r"}`), log.String(), "Jane")
}

func TestErrorsOfResourcesStayInside(t *testing.T) {
	var log bytes.Buffer
	s := New(Options{
		Log:  slog.New(slog.NewTextHandler(&log, nil)),
		Runs: runs(func() (poll.Snapshot, error) { return poll.Snapshot{}, errors.New("Jane") }),
	})
	got := mcptest.Answer(t, t.Context(), s, "resources/read", `{"uri":"sourcing://r"}`)
	if !strings.Contains(got, "correlation id") || strings.Contains(got, "Jane") || !strings.Contains(log.String(), "Jane") {
		t.Errorf("got %s, logged %s", got, &log)
	}
	gone, leave := context.WithCancel(t.Context())
	leave()
	if got := mcptest.Answer(t, gone, s, "resources/read", `{"uri":"sourcing://r"}`); !strings.Contains(got, "the reading was cancelled") {
		t.Errorf("got %s", got)
	}
}

// completed is a run with one candidate of the given name, which may hold a key
// that must not be shown.
func completed(name string) runs {
	return func() (poll.Snapshot, error) {
		return poll.Snapshot{At: time.Now(), SeenAt: time.Now(), Results: &client.Results{
			Status: client.StatusCompleted, HTTPStatus: 200, Candidates: []client.Candidate{{Rank: 1, ProfileID: "p", Name: name}},
		}}, nil
	}
}

var uris = []string{"sourcing://r", "sourcing://r/candidates/p", "sourcing://r/shortlist.csv", "sourcing://r/shortlist.html"}

func TestTheKeyIsRedactedInResources(t *testing.T) {
	callers := tenant.WithCredentials(t.Context(), tenant.Credentials{Key: client.NewKey(canaryKey)})
	for _, uri := range uris {
		got := mcptest.Answer(t, t.Context(), New(Options{Runs: completed(canaryKey), Key: client.NewKey(canaryKey)}), "resources/read", `{"uri":"`+uri+`"}`)
		if strings.Contains(got, "sk_live") || !strings.Contains(got, "[redacted]") {
			t.Errorf("the server's: %s", got)
		}
		got = mcptest.Answer(t, callers, New(Options{Runs: completed(canaryKey)}), "resources/read", `{"uri":"`+uri+`"}`)
		if strings.Contains(got, "sk_live") || !strings.Contains(got, "[redacted]") {
			t.Errorf("the caller's: %s", got)
		}
	}
}

// A label would become a cell of the table, so its rows name the run instead.
func TestTheDemoLabelsDocuments(t *testing.T) {
	label := strings.TrimSpace(demoLabel)
	s := New(Options{Runs: completed("Jane"), Demo: true})
	for uri, labelled := range map[string]bool{uris[0]: true, uris[1]: true, uris[2]: false} {
		got := mcptest.Answer(t, t.Context(), s, "resources/read", `{"uri":"`+uri+`"}`)
		if strings.Contains(got, `"text":"`+label) != labelled || !strings.Contains(got, "Jane") {
			t.Errorf("%s: labelled is not %v in %s", uri, labelled, got)
		}
	}
}

// modern holds params of the protocol revision without a handshake.
func modern(params string) string {
	const meta = `"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{},` +
		`"io.modelcontextprotocol/clientInfo":{"name":"test","version":"1"}}`
	if params == "{}" {
		return "{" + meta + "}"
	}
	return strings.TrimSuffix(params, "}") + "," + meta + "}"
}

func TestNothingMayBeCachedForOthers(t *testing.T) {
	s := New(Options{Runs: completed("Jane")})
	for method, params := range map[string]string{
		"server/discover": "{}", "tools/list": "{}", "prompts/list": "{}", "resources/list": "{}", "resources/templates/list": "{}",
		"resources/read": `{"uri":"sourcing://r"}`,
	} {
		got := mcptest.Answer(t, t.Context(), s, method, modern(params))
		if !strings.Contains(got, `"ttlMs":0`) || !strings.Contains(got, `"cacheScope":"private"`) {
			t.Errorf("%s: %s", method, got)
		}
	}
}

func TestAPanicOfACompletionIsCaught(t *testing.T) {
	var log bytes.Buffer
	broken := completer{middleware{log: slog.New(slog.NewTextHandler(&log, nil))}, nil}
	s := server.NewMCPServer("test", "0", server.WithCompletions(),
		server.WithPromptCompletionProvider(broken), server.WithResourceCompletionProvider(broken))
	for _, ref := range []string{`{"type":"ref/prompt","name":"x"}`, `{"type":"ref/resource","uri":"x"}`} {
		log.Reset()
		got := mcptest.Answer(t, t.Context(), s, "completion/complete", `{"ref":`+ref+`,"argument":{"name":"request_id","value":""}}`)
		wantsCorrelation(t, got, log.String(), "nil pointer")
	}
}

// Every reference gets an answer; other servers have crashed on odd ones.
func TestACompletionOfNothingIsAnswered(t *testing.T) {
	s := New(Options{Runs: completed("Jane")})
	const nothing, refused = `"values":[]`, `"error":{"code":-32600`
	for params, want := range map[string]string{
		`{}`:                            refused,
		`{"ref":null}`:                  refused,
		`{"ref":{}}`:                    refused,
		`{"ref":[]}`:                    refused,
		`{"ref":{"type":""}}`:           refused,
		`{"ref":{"type":"ref/prompt"}}`: nothing,
		`{"ref":{"type":"ref/prompt","name":""},"argument":{}}`:                                                             nothing,
		`{"ref":{"type":"ref/prompt","name":null},"argument":null}`:                                                         nothing,
		`{"ref":{"type":"ref/resource","uri":""},"argument":{"name":""}}`:                                                   nothing,
		`{"ref":{"type":"ref/prompt","name":"x"},"argument":{"name":"profile_id","value":""},"context":null}`:               nothing,
		`{"ref":{"type":"ref/prompt","name":"x"},"argument":{"name":"profile_id","value":""},"context":{"arguments":null}}`: nothing,
	} {
		for _, p := range []string{params, modern(params)} {
			if got := mcptest.Answer(t, t.Context(), s, "completion/complete", p); !strings.Contains(got, want) {
				t.Errorf("%s: got %s, want %s", p, got, want)
			}
		}
	}
}

func TestCallersCompleteTheirOwnRuns(t *testing.T) {
	s := New(Options{Runs: completed("Jane")})
	on := func(key string) context.Context {
		return tenant.WithCredentials(t.Context(), tenant.Credentials{Key: client.NewKey(key)})
	}
	mcptest.Answer(t, on("a"), s, "tools/call", `{"name":"get_sourcing_results","arguments":{"request_id":"req_tool"}}`)
	mcptest.Answer(t, on("a"), s, "tools/call", `{"name":"wait_for_sourcing","arguments":{"request_id":"req_wait"}}`)
	mcptest.Answer(t, on("a"), s, "resources/read", `{"uri":"sourcing://req_resource"}`)
	const runs = `{"ref":{"type":"ref/prompt","name":"x"},"argument":{"name":"request_id","value":"req_"}}`
	const people = `{"ref":{"type":"ref/resource","uri":"x"},"argument":{"name":"profile_id","value":"jane"},"context":{"arguments":{"request_id":"req_tool"}}}`
	for key, want := range map[string][2]string{
		"a": {`"values":["req_resource","req_wait","req_tool"]`, `"values":["p"]`},
		"b": {`"values":[]`, `"values":[]`},
	} {
		for i, params := range []string{runs, people} {
			if got := mcptest.Answer(t, on(key), s, "completion/complete", params); !strings.Contains(got, want[i]) {
				t.Errorf("%s: %s, want %s", key, got, want[i])
			}
		}
	}
}

func TestTheKeyIsRedactedInCompletions(t *testing.T) {
	echo := runs(func() (poll.Snapshot, error) {
		return poll.Snapshot{SeenAt: time.Now(), Results: &client.Results{Status: client.StatusCompleted, Candidates: []client.Candidate{{ProfileID: canaryKey}}}}, nil
	})
	s := New(Options{Runs: echo, Key: client.NewKey(canaryKey)})
	mcptest.Answer(t, t.Context(), s, "resources/read", `{"uri":"sourcing://r"}`)
	got := mcptest.Answer(t, t.Context(), s, "completion/complete",
		`{"ref":{"type":"ref/prompt","name":"x"},"argument":{"name":"profile_id","value":""},"context":{"arguments":{"request_id":"r"}}}`)
	if strings.Contains(got, "sk_live") || !strings.Contains(got, "[redacted]") {
		t.Errorf("got %s", got)
	}
}

// A page's data are JSON, in which some characters of a key are escaped.
func TestTheKeyIsRedactedInPages(t *testing.T) {
	const key = "sk_live_canary&0123"
	echo := runs(func() (poll.Snapshot, error) {
		return poll.Snapshot{At: time.Now(), SeenAt: time.Now(), Results: &client.Results{
			Status: client.StatusCompleted, Candidates: []client.Candidate{{Rank: 1, Name: "Jo", Rationale: "Bearer " + key}},
		}}, nil
	})
	s := New(Options{Runs: echo, Key: client.NewKey(key), Log: slog.New(slog.DiscardHandler)})
	for method, params := range map[string]string{
		"tools/call": `{"name":"show_shortlist","arguments":{"request_id":"r"}}`, "resources/read": `{"uri":"sourcing://r/shortlist.html"}`,
	} {
		got := mcptest.Answer(t, t.Context(), s, method, params)
		if strings.Contains(got, "sk_live") || !strings.Contains(got, "[redacted]") {
			t.Errorf("%s: %s", method, got)
		}
	}
}

func TestTheDemoLabelsPages(t *testing.T) {
	done := runs(func() (poll.Snapshot, error) {
		return poll.Snapshot{At: time.Now(), SeenAt: time.Now(), Results: &client.Results{Status: client.StatusCompleted}}, nil
	})
	for _, demo := range []bool{false, true} {
		s := New(Options{Runs: done, Demo: demo, Log: slog.New(slog.DiscardHandler)})
		for method, params := range map[string]string{
			"tools/call": `{"name":"show_shortlist","arguments":{"request_id":"r"}}`, "resources/read": `{"uri":"sourcing://r/shortlist.html"}`,
		} {
			got := strings.ReplaceAll(mcptest.Answer(t, t.Context(), s, method, params), `\`, "") // a page is a JSON string
			if strings.Contains(got, `"label":"Sample data of the demo`) != demo {
				t.Errorf("demo: %v, %s: %.300s", demo, method, got)
			}
		}
	}
}
