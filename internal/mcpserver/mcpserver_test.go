package mcpserver

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"log/slog"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	mcpclient "github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/mcp"
	"github.com/tiktoken-go/tokenizer"

	"instaview-mcp/client"
	"instaview-mcp/client/poll"
	"instaview-mcp/internal/mcptest"
	"instaview-mcp/internal/spending"
	"instaview-mcp/internal/tenant"
	"instaview-mcp/prompts"
	"instaview-mcp/tools"
)

var update = flag.Bool("update", false, "rewrite the snapshot")

// runs answers every request with a function.
type runs func() (poll.Snapshot, error)

func (r runs) Get(context.Context, string) (poll.Snapshot, error) { return r() }
func (r runs) Wait(context.Context, string, time.Duration, func(poll.Snapshot)) (poll.Snapshot, error) {
	return r()
}

func connect(t *testing.T, o Options) (*mcpclient.Client, *mcp.InitializeResult) {
	t.Helper()
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return mcptest.Connect(t, New(o))
}

func text(t *testing.T, o Options, tool string) (string, bool) {
	t.Helper()
	session, _ := connect(t, o)
	var req mcp.CallToolRequest
	req.Params.Name, req.Params.Arguments = tool, map[string]any{"request_id": "r"}
	result, err := session.CallTool(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	return result.Content[0].(mcp.TextContent).Text, result.IsError
}

// What a client is sent at the start is part of the product, and an unexpected
// change of it would look like an attack, so all of it is compared.
func TestP13SnapshotsOfWhatAClientIsSent(t *testing.T) {
	snapshots(t, Options{Version: "0.0.0"}, "")
}

// What it is sent where credits may be spent.
func TestP13SnapshotsOfWhatAClientIsSentToStart(t *testing.T) {
	snapshots(t, Options{Version: "0.0.0", Settings: startingSettings()}, "_start")
}

func TestTheInstructionsNameOnlyWhatIsOffered(t *testing.T) {
	for _, tt := range []struct {
		only   []string
		names  string
		absent []string
	}{
		{nil, "- start_sourcing, refine_sourcing: ", nil},
		{[]string{"wait_for_sourcing"}, "cannot start", []string{"- get_sourcing_results", "- start_sourcing", "credits"}},
		{[]string{"get_sourcing_results", "refine_sourcing"}, "This server starts, refines and reads", []string{"- wait_for_sourcing"}},
	} {
		_, hello := connect(t, Options{Settings: startingSettings(), Only: tt.only})
		if !strings.Contains(hello.Instructions, tt.names) {
			t.Errorf("%q: no %q in\n%s", tt.only, tt.names, hello.Instructions)
		}
		for _, absent := range tt.absent {
			if strings.Contains(hello.Instructions, absent) {
				t.Errorf("%q: %q in\n%s", tt.only, absent, hello.Instructions)
			}
		}
	}
}

// INSTAVIEW_MCP_TOOLS is checked against these lists.
func TestTheListsOfNamesAreWhole(t *testing.T) {
	for starts, o := range map[bool]Options{false: {}, true: {Settings: startingSettings()}} {
		session, _ := connect(t, o)
		listed, err := session.ListTools(t.Context(), mcp.ListToolsRequest{})
		if err != nil {
			t.Fatal(err)
		}
		offered, err := session.ListPrompts(t.Context(), mcp.ListPromptsRequest{})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, tool := range listed.Tools {
			got = append(got, tool.Name)
		}
		for _, prompt := range offered.Prompts {
			got = append(got, prompt.Name)
		}
		want := append(tools.Names(starts), prompts.Names(starts)...)
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("offered %q, listed %q", got, want)
		}
	}
}

func startingSettings() tools.Settings {
	return tools.Settings{Starting: tools.NewStarting(nil, spending.New(0, 0))}
}

func snapshots(t *testing.T, o Options, suffix string) {
	t.Helper()
	session, hello := connect(t, o)
	tools, err := session.ListTools(t.Context(), mcp.ListToolsRequest{})
	if err != nil {
		t.Fatal(err)
	}
	prompts, err := session.ListPrompts(t.Context(), mcp.ListPromptsRequest{})
	if err != nil {
		t.Fatal(err)
	}
	templates, err := session.ListResourceTemplates(t.Context(), mcp.ListResourceTemplatesRequest{})
	if err != nil {
		t.Fatal(err)
	}
	for path, sent := range map[string]any{
		"testdata/snapshot" + suffix + ".json": map[string]any{
			"instructions": strings.Split(hello.Instructions, "\n"), "capabilities": hello.Capabilities, "server": hello.ServerInfo, "tools": tools.Tools,
		},
		"testdata/prompts" + suffix + ".json": prompts.Prompts,
		"testdata/resources.json":             templates.ResourceTemplates,
	} {
		snapshot(t, path, sent)
	}
}

func snapshot(t *testing.T, path string, sent any) {
	t.Helper()
	got, err := json.MarshalIndent(sent, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(path, append(got, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(strings.TrimSpace(string(want)), "\n"), strings.Split(string(got), "\n")); diff != "" {
		t.Errorf("%s (-want +got; go test ./internal/mcpserver -update rewrites it):\n%s", path, diff)
	}
}

func TestRulesForEveryTool(t *testing.T) {
	session, _ := connect(t, Options{Settings: startingSettings()})
	list, err := session.ListTools(t.Context(), mcp.ListToolsRequest{})
	if err != nil {
		t.Fatal(err)
	}
	name := regexp.MustCompile(`^[a-z0-9_]{1,32}$`)
	for _, tool := range list.Tools {
		a := tool.Annotations
		if !name.MatchString(tool.Name) || tool.Title == "" || a.Title != tool.Title {
			t.Errorf("%s: name or title will not do", tool.Name)
		}
		for hint, set := range map[string]*bool{"read-only": a.ReadOnlyHint, "idempotent": a.IdempotentHint, "open-world": a.OpenWorldHint} {
			costs := strings.Contains(tool.Description, "credits") && hint != "open-world"
			if set == nil || *set == costs {
				t.Errorf("%s: announced as %s: %v", tool.Name, hint, set != nil && *set)
			}
		}
		if a.DestructiveHint == nil || *a.DestructiveHint {
			t.Errorf("%s is announced as destructive", tool.Name)
		}
		// Gemini CLI and several gateways refuse anything but plain types.
		raw, err := json.Marshal(tool.InputSchema)
		if err != nil {
			t.Fatal(err)
		}
		for _, bad := range []string{`"anyOf"`, `"oneOf"`, `"$ref"`, `"format"`, `"type":[`, `"null"`} {
			if bytes.Contains(raw, []byte(bad)) {
				t.Errorf("%s: the schema holds %s", tool.Name, bad)
			}
		}
		for property, schema := range tool.InputSchema.Properties {
			if s, _ := schema.(map[string]any); s["description"] == nil {
				t.Errorf("%s.%s is not described", tool.Name, property)
			}
		}
		if len(tool.Description) > 4096 {
			t.Errorf("%s: Claude Code would cut the description", tool.Name)
		}
	}
}

func TestP10PanicsBecomeAShortErrorWithACorrelationID(t *testing.T) {
	var log bytes.Buffer
	got, isError := text(t, Options{
		Log:  slog.New(slog.NewTextHandler(&log, nil)),
		Runs: runs(func() (poll.Snapshot, error) { panic("Jane Doe at canary") }),
	}, "get_sourcing_results")
	id := regexp.MustCompile(`correlation id ([0-9a-f]{12})`).FindStringSubmatch(got)
	if !isError || id == nil {
		t.Fatalf("isError %v: %s", isError, got)
	}
	if !strings.Contains(log.String(), id[1]) || !strings.Contains(log.String(), "mcpserver_test.go") {
		t.Errorf("the log does not lead to the panic:\n%s", log.String())
	}
	for _, where := range []string{got, log.String()} {
		if strings.Contains(where, "Jane") {
			t.Errorf("the panic's value leaked: %s", where)
		}
	}
}

func TestErrorsOfHandlersStayInside(t *testing.T) {
	inside := runs(func() (poll.Snapshot, error) { return poll.Snapshot{}, errors.New("Jane") })
	got, isError := text(t, Options{Runs: inside}, "wait_for_sourcing")
	if !isError || !strings.Contains(got, "correlation id") || strings.Contains(got, "Jane") {
		t.Errorf("isError %v: %s", isError, got)
	}
}

func TestTheKeyIsRedactedWhateverEchoesIt(t *testing.T) {
	echo := runs(func() (poll.Snapshot, error) {
		return poll.Snapshot{At: time.Now(), SeenAt: time.Now(), Results: &client.Results{
			Status: client.StatusCompleted, Candidates: []client.Candidate{{Rank: 1, Name: "Bearer sk_live_canary0123"}},
		}}, nil
	})
	got, _ := text(t, Options{Runs: echo, Key: client.NewKey("sk_live_canary0123")}, "get_sourcing_results")
	if strings.Contains(got, "canary") || !strings.Contains(got, "Bearer [redacted]") {
		t.Errorf("got:\n%s", got)
	}
}

func TestTheCallersKeyIsRedactedToo(t *testing.T) {
	server := New(Options{Log: slog.New(slog.DiscardHandler), Runs: runs(func() (poll.Snapshot, error) {
		return poll.Snapshot{At: time.Now(), SeenAt: time.Now(), Results: &client.Results{
			Status: client.StatusCompleted, Candidates: []client.Candidate{{Rank: 1, Name: "sk_live_canary0123"}},
		}}, nil
	})})
	ctx := tenant.WithCredentials(t.Context(), tenant.Credentials{Key: client.NewKey("sk_live_canary0123")})
	got := mcptest.Answer(t, ctx, server, "tools/call", mcptest.Call("get_sourcing_results", `{"request_id":"r"}`))
	if strings.Contains(got, "canary") || !strings.Contains(got, "[redacted]") {
		t.Errorf("got:\n%s", got)
	}
}

func TestAShortKeyIsNotFoundInPlainWords(t *testing.T) {
	failing := runs(func() (poll.Snapshot, error) {
		return poll.Snapshot{Err: &client.Error{Code: client.CodeNotFound}}, nil
	})
	if got, _ := text(t, Options{Runs: failing, Key: client.NewKey("run")}, "get_sourcing_results"); strings.Contains(got, "redacted") {
		t.Errorf("got:\n%s", got)
	}
}

func TestTheDemoLabelsEveryAnswer(t *testing.T) {
	for name, answers := range map[string]runs{
		"an answer": func() (poll.Snapshot, error) {
			return poll.Snapshot{Results: &client.Results{Status: client.StatusCompleted}}, nil
		},
		"a failure": func() (poll.Snapshot, error) {
			return poll.Snapshot{Err: &client.Error{Code: client.CodeNotFound}}, nil
		},
		"a panic":       func() (poll.Snapshot, error) { panic(1) },
		"not asked yet": func() (poll.Snapshot, error) { return poll.Snapshot{}, nil },
	} {
		if got, _ := text(t, Options{Runs: answers, Demo: true}, "get_sourcing_results"); !strings.HasPrefix(got, demoLabel) {
			t.Errorf("%s is not labelled:\n%s", name, got)
		}
	}
}

// What the tools alone, and with the instructions, may cost a model on every
// turn.
const (
	maxToolTokens = 900
	maxTokens     = 1_000
)

// Clients show resources and prompts to people, and to a model at most once.
func TestTokensOfTheResources(t *testing.T) {
	session, _ := connect(t, Options{})
	list, err := session.ListResourceTemplates(t.Context(), mcp.ListResourceTemplatesRequest{})
	if err != nil {
		t.Fatal(err)
	}
	templates, err := json.Marshal(list.ResourceTemplates)
	if err != nil {
		t.Fatal(err)
	}
	codec, err := tokenizer.Get(tokenizer.O200kBase)
	if err != nil {
		t.Fatal(err)
	}
	n, err := codec.Count(string(templates))
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("resources/templates/list: %d tokens", n)
	if most := 250; n > most {
		t.Errorf("%d tokens, want at most %d", n, most)
	}
}

// maxStartingTokens is maxTokens where credits may be spent.
const maxStartingTokens = 1_300

func TestTokensOfWhatAClientIsSent(t *testing.T) {
	for most, o := range map[int]Options{maxTokens: {}, maxStartingTokens: {Settings: startingSettings()}} {
		tokensOfWhatAClientIsSent(t, o, most)
	}
}

func tokensOfWhatAClientIsSent(t *testing.T, o Options, most int) {
	t.Helper()
	session, hello := connect(t, o)
	list, err := session.ListTools(t.Context(), mcp.ListToolsRequest{})
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(list.Tools)
	if err != nil {
		t.Fatal(err)
	}
	codec, err := tokenizer.Get(tokenizer.O200kBase)
	if err != nil {
		t.Fatal(err)
	}
	total := 0
	for what, text := range map[string]string{"tools": string(raw), "instructions": hello.Instructions} {
		n, err := codec.Count(text)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %d tokens", what, n)
		if what == "tools" && o.Settings.Starting == nil && n > maxToolTokens {
			t.Errorf("tools: %d tokens, want at most %d", n, maxToolTokens)
		}
		total += n
	}
	t.Logf("together: %d tokens of %d", total, most)
	if total > most {
		t.Errorf("%d tokens, want at most %d", total, most)
	}
}

// The page is left out with the tool that shows it, whichever setting says so.
func TestThePageIsOfferedWithItsToolAlone(t *testing.T) {
	for name, tt := range map[string]struct {
		options Options
		offered bool
	}{
		"by default":      {Options{}, true},
		"named":           {Options{Only: []string{"show_shortlist"}}, true},
		"not named":       {Options{Only: []string{"get_sourcing_results"}}, false},
		"without apps":    {Options{Settings: tools.Settings{NoApps: true}}, false},
		"named, but left": {Options{Only: []string{"show_shortlist"}, Settings: tools.Settings{NoApps: true}}, false},
	} {
		session, hello := connect(t, tt.options)
		list, err := session.ListTools(t.Context(), mcp.ListToolsRequest{})
		if err != nil {
			t.Fatal(err)
		}
		tool := slices.ContainsFunc(list.Tools, func(tool mcp.Tool) bool { return tool.Name == "show_shortlist" })
		_, err = session.ReadResource(t.Context(), mcp.ReadResourceRequest{Params: mcp.ReadResourceParams{URI: "ui://shortlist"}})
		if extension := hello.Capabilities.Extensions != nil; tool != tt.offered || extension != tt.offered || (err == nil) != tt.offered {
			t.Errorf("%s: tool %v, extension %v, page %v; want %v", name, tool, extension, err, tt.offered)
		}
	}
}
