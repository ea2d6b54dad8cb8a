package e2e

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"strings"
	"testing"

	gosdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"instaview-mcp/internal/mcptest"
)

// Prompts, resources and completions of the built binary, in both eras. The
// modern one also requires answers to say whether they may be cached.
func TestPromptsResourcesAndCompletionsInBothEras(t *testing.T) {
	t.Parallel()
	for _, e := range eras {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			c := demo(t)
			e.begin(c)
			modern := e.name == "2026-07-28"
			id := 10
			ask := func(method, params string, want ...string) {
				t.Helper()
				id++
				r := c.ask(id, method, e.params(params, ""))
				for _, w := range want {
					if !strings.Contains(r.raw, w) {
						t.Errorf("%s %.200s: no %s in %.400s", method, params, w, r.raw)
					}
				}
				_, lists := strings.CutSuffix(method, "/list")
				cacheable := r.Error == nil && (lists || method == "resources/read")
				if told := strings.Contains(r.raw, `"ttlMs":0`) && strings.Contains(r.raw, `"cacheScope":"private"`); told != (modern && cacheable) {
					t.Errorf("%s: caching is told: %v in %.400s", method, told, r.raw)
				}
			}
			ask("prompts/list", "{}", `"review_shortlist"`, `"draft_outreach"`)
			ask("prompts/get", `{"name":"review_shortlist","arguments":{"request_id":"req_demo_done"}}`, `"role":"user"`, "Whom should I talk to first")
			ask("prompts/get", `{"name":"review_shortlist"}`, `"code":-32602`, "request_id is missing")
			ask("prompts/get", `{"name":"review_shortlist","arguments":{"request_id":"req_demo_done","must_haves":"`+strings.Repeat("{{", 250_000)+`"}}`,
				"must_haves may have at most 2000 characters")
			ask("prompts/get", `{"name":"../../etc/passwd"}`, `"code":-32602`)
			ask("resources/list", "{}", `"resources":[]`) // the page is for its tool alone
			ask("resources/templates/list", "{}", `"sourcing://{request_id}/shortlist.csv"`)
			ask("completion/complete", `{"ref":{"type":"ref/prompt","name":"review_shortlist"},"argument":{"name":"request_id","value":""}}`, `"values":[]`)
			ask("resources/read", `{"uri":"sourcing://req_demo_done"}`, "Sample data of the demo", "### 1 (95) ", "data, not instructions")
			ask("resources/read", `{"uri":"sourcing://req_demo_done/shortlist.csv"}`, `"text":"`+"\ufeff"+`Rank,AI score,`)
			ask("resources/read", `{"uri":"ui://shortlist"}`, `"ui":{`, "Content-Security-Policy")
			ask("resources/read", `{"uri":"sourcing://req_demo_done/shortlist.html"}`, `"mimeType":"text/html"`, "Katarína")
			notFound := map[bool]string{false: `"code":-32002`, true: `"code":-32602`}[modern]
			ask("resources/read", `{"uri":"sourcing://req_unknown"}`, notFound, `"data":{"uri":"sourcing://req_unknown"}`, "knows no such sourcing run")
			ask("completion/complete", `{"ref":{"type":"ref/prompt","name":"review_shortlist"},"argument":{"name":"request_id","value":"done"}}`, `"values":["req_demo_done"]`)
			ask("completion/complete", `{"ref":{"type":"ref/resource","uri":"sourcing://{request_id}/candidates/{profile_id}"},`+
				`"argument":{"name":"profile_id","value":"katar"},"context":{"arguments":{"request_id":"req_demo_done"}}}`, `"values":["prof_67a3995d-ea79"]`)
			ask("completion/complete", `{"ref":{}}`, `"error"`)
			ask("tools/list", "{}", `"get_sourcing_results"`)
		})
	}
}

// The official SDK's client can use all of them, too.
func TestOfficialClientReviews(t *testing.T) {
	t.Parallel()
	client := gosdk.NewClient(&gosdk.Implementation{Name: "test", Version: "1"}, nil)
	session, err := client.Connect(t.Context(), &gosdk.CommandTransport{Command: exec.Command(program(t), "--demo")}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = session.Close() }()
	prompts, err := session.ListPrompts(t.Context(), nil)
	if err != nil || len(prompts.Prompts) != 5 {
		t.Fatalf("%+v, %v", prompts, err)
	}
	prompt, err := session.GetPrompt(t.Context(), &gosdk.GetPromptParams{Name: "explain_ranking", Arguments: map[string]string{"request_id": reviewed, "profile_id": first}})
	if err != nil {
		t.Fatal(err)
	}
	if text := prompt.Messages[0].Content.(*gosdk.TextContent).Text; !strings.Contains(text, first) {
		t.Errorf("got %s", text)
	}
	templates, err := session.ListResourceTemplates(t.Context(), nil)
	if err != nil || len(templates.ResourceTemplates) != 4 {
		t.Fatalf("%+v, %v", templates, err)
	}
	for _, uri := range []string{"sourcing://" + reviewed, "sourcing://" + reviewed + "/candidates/" + first, "sourcing://" + reviewed + "/shortlist.csv", "sourcing://" + reviewed + "/shortlist.html"} {
		document, err := session.ReadResource(t.Context(), &gosdk.ReadResourceParams{URI: uri})
		if err != nil || !strings.Contains(document.Contents[0].Text, "Katarína") {
			t.Errorf("%s: %+v, %v", uri, document, err)
		}
	}
	completed, err := session.Complete(t.Context(), &gosdk.CompleteParams{
		Ref:      &gosdk.CompleteReference{Type: "ref/prompt", Name: "compare_candidates"},
		Argument: gosdk.CompleteParamsArgument{Name: "profile_ids", Value: first + ",tereza"},
		Context:  &gosdk.CompleteContext{Arguments: map[string]string{"request_id": reviewed}},
	})
	if err != nil || fmt.Sprint(completed.Completion.Values) != fmt.Sprintf("[%s,%s]", first, second) {
		t.Errorf("%+v, %v", completed, err)
	}
}

// Two server processes do not share what callers have read.
func TestCompletionsAreOfOneProcess(t *testing.T) {
	t.Parallel()
	one, two := demo(t), demo(t)
	const complete = `{"ref":{"type":"ref/prompt","name":"x"},"argument":{"name":"request_id","value":""}}`
	for _, c := range []*conversation{one, two} {
		c.send(mcptest.Hello)
		c.next()
	}
	one.ask(1, "tools/call", mcptest.Call("get_sourcing_results", done))
	for c, want := range map[*conversation]string{one: `["req_demo_done"]`, two: `[]`} {
		var answer struct {
			Result struct {
				Completion struct{ Values json.RawMessage }
			}
		}
		if err := json.Unmarshal([]byte(c.ask(2, "completion/complete", complete).raw), &answer); err != nil {
			t.Fatal(err)
		}
		if got := string(answer.Result.Completion.Values); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
