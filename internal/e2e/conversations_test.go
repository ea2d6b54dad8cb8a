package e2e

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	mcpgo "github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/mcp"
	"github.com/tiktoken-go/tokenizer"

	"instaview-mcp/internal/sandbox"
)

// question is one turn of a person: a prompt, and the candidates that a model
// would choose where the prompt leaves the choice to it.
type question struct {
	prompt string
	args   map[string]string
	picks  []int // ranks
}

const (
	reviewed = "req_demo_done"
	first    = "prof_67a3995d-ea79" // rank 1
	second   = "prof_0f7ab085-c236" // rank 2
	seventh  = "prof_18f39f18-fbc8" // rank 7
)

// reviews are typical conversations about a finished run.
var reviews = []struct {
	name      string
	questions []question
}{
	{"which should I call first?", []question{
		{"review_shortlist", map[string]string{"request_id": reviewed, "role": "Senior Go backend engineer, payments"}, []int{1, 2, 3, 7}},
	}},
	{"why does this one rank so low?", []question{
		{"compare_candidates", map[string]string{"request_id": reviewed, "profile_ids": first + "," + second + "," + seventh}, nil},
		{"explain_ranking", map[string]string{"request_id": reviewed, "profile_id": seventh}, nil},
	}},
	{"prepare the call and write", []question{
		{"screening_questions", map[string]string{"request_id": reviewed, "profile_id": first}, nil},
		{"draft_outreach", map[string]string{"request_id": reviewed, "profile_id": first, "language": "Slovak"}, nil},
	}},
}

// mostOfRaw is the largest share of the raw JSON's tokens that a conversation
// may take.
const mostOfRaw = 0.25

// A client lists the prompts, gets those of a conversation, and makes the calls
// that they name, in order. The tokens that the model reads are compared to
// those of the same calls answered with InstaView's own JSON, which has no
// narrower answers and needs no prompt. The last column is for a model that
// reads that JSON only once and finds everything in it.
func TestReviewConversations(t *testing.T) {
	t.Parallel()
	session := startSession(t)
	listed, err := session.ListPrompts(t.Context(), mcp.ListPromptsRequest{})
	if err != nil {
		t.Fatal(err)
	}
	body := rawBody(t, reviewed)
	var table strings.Builder
	fmt.Fprintf(&table, "%-34s %5s %8s %8s %6s %9s %6s %23s\n",
		"conversation", "calls", "prompts", "answers", "total", "raw JSON", "share", "share of raw JSON once")
	for _, review := range reviews {
		calls, prompts, answers := 0, 0, 0
		for _, q := range review.questions {
			if !slices.ContainsFunc(listed.Prompts, func(p mcp.Prompt) bool { return p.Name == q.prompt }) {
				t.Fatalf("%s is not listed", q.prompt)
			}
			text := getPrompt(t, session, q)
			prompts += tokens(t, text)
			for _, c := range named(t, text, q.picks) {
				calls++
				answers += tokens(t, c.text) + tokens(t, answerTo(t, session, c))
			}
		}
		total, raw := prompts+answers, calls*tokens(t, body)
		share := float64(total) / float64(raw)
		once := float64(total) / float64(tokens(t, body))
		fmt.Fprintf(&table, "%-34s %5d %8d %8d %6d %9d %6.2f %23.2f\n", review.name, calls, prompts, answers, total, raw, share, once)
		if share > mostOfRaw {
			t.Errorf("%s: %d tokens, %.2f of the raw JSON's %d, want at most %.2f", review.name, total, share, raw, mostOfRaw)
		}
	}
	t.Logf("tokens (o200k):\n%s", &table)
}

func startSession(t *testing.T) *mcpgo.Client {
	t.Helper()
	session, err := mcpgo.NewStdioMCPClient(program(t), nil, "--demo")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = session.Close() })
	if _, err := session.Initialize(t.Context(), mcp.InitializeRequest{}); err != nil {
		t.Fatal(err)
	}
	return session
}

func getPrompt(t *testing.T, session *mcpgo.Client, q question) string {
	t.Helper()
	result, err := session.GetPrompt(t.Context(), mcp.GetPromptRequest{Params: mcp.GetPromptParams{Name: q.prompt, Arguments: q.args}})
	if err != nil {
		t.Fatal(err)
	}
	return result.Messages[0].Content.(mcp.TextContent).Text
}

// toolCall is a call that a prompt names.
type toolCall struct {
	tool, text string
	arguments  map[string]any
}

var (
	callPattern     = regexp.MustCompile(`(\w+)\((request_id=[^)]*)\)`)
	argumentPattern = regexp.MustCompile(`(\w+)=("[^"]*"|\[[^\]]*\]|[^,]+)`)
)

// named returns the calls that a prompt names, as a model would read them.
func named(t *testing.T, prompt string, picks []int) []toolCall {
	t.Helper()
	var calls []toolCall
	for _, match := range callPattern.FindAllStringSubmatch(prompt, -1) {
		c := toolCall{tool: match[1], text: match[0], arguments: map[string]any{}}
		for _, argument := range argumentPattern.FindAllStringSubmatch(match[2], -1) {
			var value any
			if argument[2] == "[…]" {
				value = idsOf(t, picks)
			} else if err := json.Unmarshal([]byte(argument[2]), &value); err != nil {
				t.Fatalf("%s: %v", match[0], err)
			}
			c.arguments[argument[1]] = value
		}
		calls = append(calls, c)
	}
	if len(calls) == 0 {
		t.Fatalf("no call in:\n%s", prompt)
	}
	return calls
}

// answerTo returns what a model is shown for a call. A call for certain
// candidates must show them.
func answerTo(t *testing.T, session *mcpgo.Client, c toolCall) string {
	t.Helper()
	result, err := session.CallTool(t.Context(), mcp.CallToolRequest{Params: mcp.CallToolParams{Name: c.tool, Arguments: c.arguments}})
	if err != nil {
		t.Fatal(err)
	}
	text := result.Content[0].(mcp.TextContent).Text
	if result.IsError || !strings.Contains(text, "20 scored of 134 found") {
		t.Errorf("%s: %s", c.text, text)
	}
	ids, _ := c.arguments["profile_ids"].([]any)
	for _, id := range ids {
		if !strings.Contains(text, fmt.Sprintf("[%s]", id)) {
			t.Errorf("%s does not show %s", c.text, id)
		}
	}
	return text
}

// rawBody returns InstaView's own answer about a run.
func rawBody(t *testing.T, requestID string) string {
	t.Helper()
	w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/sourcing/"+requestID+"/results", nil)
	r.Header.Set("Authorization", "Bearer "+sandbox.Key)
	sandbox.New().ServeHTTP(w, r)
	return w.Body.String()
}

// idsOf returns the ids of candidates by rank.
func idsOf(t *testing.T, ranks []int) []any {
	t.Helper()
	var body struct {
		Candidates []struct{ ProfileID string }
	}
	if err := json.Unmarshal([]byte(rawBody(t, reviewed)), &body); err != nil {
		t.Fatal(err)
	}
	ids := make([]any, len(ranks))
	for i, rank := range ranks {
		ids[i] = body.Candidates[rank-1].ProfileID
	}
	return ids
}

func tokens(t *testing.T, text string) int {
	t.Helper()
	codec, err := tokenizer.Get(tokenizer.O200kBase)
	if err != nil {
		t.Fatal(err)
	}
	n, err := codec.Count(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
