package e2e

import (
	"fmt"
	"maps"
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	mcpgo "github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/client/transport"
	"github.com/mark3labs/mcp-go/mcp"
	gosdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"instaview-mcp/internal/mcptest"
	"instaview-mcp/internal/sandbox"
)

const allowStart = "INSTAVIEW_ALLOW_START=true"

// startingWays are the ways into a server that may spend credits of the sandbox
// that env leads to.
var startingWays = map[string]func(t *testing.T, env []string, args ...string) session{
	"stdio, mcp-go, 2025-11-25": func(t *testing.T, env []string, args ...string) session {
		return overMCPGo(t, "2025-11-25", must(mcpgo.NewStdioMCPClient(program(t), env, args...))(t))
	},
	"stdio, mcp-go, 2026-07-28": func(t *testing.T, env []string, args ...string) session {
		return overMCPGo(t, "2026-07-28", must(mcpgo.NewStdioMCPClient(program(t), env, args...))(t))
	},
	"stdio, official": func(t *testing.T, env []string, args ...string) session {
		cmd := exec.Command(program(t), args...)
		cmd.Env = append(os.Environ(), env...)
		return overOfficial(t, &gosdk.CommandTransport{Command: cmd})
	},
	"HTTP+SSE, mcp-go": func(t *testing.T, env []string, args ...string) session {
		return overMCPGo(t, "2025-11-25", must(mcpgo.NewSSEMCPClient(serveHTTP(t, "sse", env, args...).url))(t))
	},
	"HTTP+SSE, official": func(t *testing.T, env []string, args ...string) session {
		return overOfficial(t, &gosdk.SSEClientTransport{Endpoint: serveHTTP(t, "sse", env, args...).url})
	},
	"Streamable HTTP, mcp-go, 2025-11-25": func(t *testing.T, env []string, args ...string) session {
		return overMCPGo(t, "2025-11-25", must(mcpgo.NewStreamableHttpClient(serveHTTP(t, "http", env, args...).url))(t))
	},
	"Streamable HTTP, mcp-go, 2026-07-28": func(t *testing.T, env []string, args ...string) session {
		return overMCPGo(t, "2026-07-28", must(mcpgo.NewStreamableHttpClient(serveHTTP(t, "http", env, args...).url))(t))
	},
	"Streamable HTTP, official": func(t *testing.T, env []string, args ...string) session {
		return overOfficial(t, &gosdk.StreamableClientTransport{Endpoint: serveHTTP(t, "http", env, args...).url})
	},
}

// talk is a conversation that starts and refines a run.
type talk struct {
	t *testing.T
	session
	texts []string // of the calls and answers
}

func (c *talk) does(tool string, arguments map[string]any, wants ...string) string {
	c.t.Helper()
	text, isError, err := c.call(c.t.Context(), tool, arguments)
	if err != nil || isError {
		c.t.Fatalf("%s(%v): isError %v, %v\n%s", tool, arguments, isError, err, text)
	}
	for _, want := range wants {
		if !strings.Contains(text, want) {
			c.t.Errorf("%s(%v): no %q in\n%s", tool, arguments, want, text)
		}
	}
	c.texts = append(c.texts, fmt.Sprint(tool, arguments), text)
	return text
}

// findIn returns what pattern's group matches in a text.
func findIn(t *testing.T, pattern, text string) string {
	t.Helper()
	found := regexp.MustCompile(pattern).FindStringSubmatch(text)
	if found == nil {
		t.Fatalf("no %s in\n%s", pattern, text)
	}
	return found[1]
}

const (
	codeIn = `confirmation="([A-Z2-7]{8})"`
	runIn  = `wait_for_sourcing\(request_id="([^"]+)"\)`
)

// confirmed makes a call that costs credits, and confirms it as a person who
// has said yes.
func (c *talk) confirmed(tool string, arguments map[string]any, wants ...string) (requestID string) {
	c.t.Helper()
	proposal := c.does(tool, arguments, wants...)
	agreed := maps.Clone(arguments)
	agreed["confirmation"] = findIn(c.t, codeIn, proposal)
	return findIn(c.t, runIn, c.does(tool, agreed))
}

// wait waits for the end of a run, however often it takes.
func (c *talk) wait(requestID string, view map[string]any, wants ...string) {
	c.t.Helper()
	arguments := map[string]any{"request_id": requestID}
	maps.Copy(arguments, view)
	for {
		text, isError, err := c.call(c.t.Context(), "wait_for_sourcing", arguments)
		if err != nil || isError {
			c.t.Fatalf("%v, %s", err, text)
		}
		if strings.Contains(text, "still processing") {
			continue
		}
		c.does("wait_for_sourcing", arguments, wants...)
		return
	}
}

// theWholeWay goes from a brief for so many candidates to a refined shortlist
// with so many more, and reads both with view.
func (c *talk) theWholeWay(limit, more int, view map[string]any) {
	c.t.Helper()
	run := c.confirmed("start_sourcing", map[string]any{
		"title": "Senior Go engineer", "job_description": "Payments. Must have: Go, ledgers.", "location": "Košice", "query": "Go, payments", "limit": limit,
	}, "Nothing is started yet.", fmt.Sprintf("at most %d credits", limit))
	c.wait(run, view, fmt.Sprintf("%d scored of", limit))
	next := c.confirmed("refine_sourcing", map[string]any{"request_id": run, "query": "more like rank 3", "additional": more}, fmt.Sprintf("at most %d credits", more))
	c.wait(next, view, fmt.Sprintf("%d of %d are new", more, limit+more), " new (")
}

func TestFromABriefToARefinedShortlistEveryWayIn(t *testing.T) {
	t.Parallel()
	for name, connect := range startingWays {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := sandbox.New(sandbox.WithUnknownFor(2e9))
			upstream := httptest.NewServer(s)
			t.Cleanup(upstream.Close)
			c := &talk{t: t, session: connect(t, []string{allowStart, "INSTAVIEW_API_KEY=" + sandbox.Key, "INSTAVIEW_BASE_URL=" + upstream.URL})}
			tools, err := c.tools(t.Context())
			slices.Sort(tools)
			if err != nil || !slices.Equal(tools, []string{"get_sourcing_results", "refine_sourcing", "show_shortlist", "start_sourcing", "wait_for_sourcing"}) {
				t.Fatalf("tools %v, %v", tools, err)
			}
			c.theWholeWay(5, 3, nil)
			var spends []string
			for _, r := range s.Requests() {
				if r.Method != "" {
					spends = append(spends, r.Method)
				}
			}
			if !slices.Equal(spends, []string{"POST", "PATCH"}) {
				t.Errorf("the sandbox's log shows %v", spends)
			}
		})
	}
}

// mostOfRawStarted is the largest share of the tokens of InstaView's own JSON
// that the whole way may take, with both prompts, calls and answers.
const mostOfRawStarted = 0.6

// The demo goes the whole way, and its conversations are weighed against the
// JSON of the two results, which InstaView has no shorter form of.
func TestTheDemoGoesFromABriefToARefinedShortlist(t *testing.T) {
	t.Parallel()
	for name, view := range map[string]map[string]any{
		"the default view": nil,
		"a line each":      {"detail": "brief"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := &talk{t: t, session: startingWays["stdio, mcp-go, 2025-11-25"](t, []string{allowStart}, "--demo")}
			c.theWholeWay(10, 10, view)
			session := c.session.(*mcpGoSession).client
			prompts := getPrompt(t, session, question{prompt: "write_brief", args: map[string]string{"role": "Senior Go engineer", "location": "Košice"}}) +
				getPrompt(t, session, question{prompt: "refine_search", args: map[string]string{"request_id": "req_1", "wish": "more like rank 3"}})
			talk := strings.Join(c.texts, "\n")
			ours, raw := tokens(t, prompts)+tokens(t, talk), rawStarted(t, 10)+rawStarted(t, 20)
			share := float64(ours) / float64(raw)
			t.Logf("tokens (o200k): prompts %d, %d calls and answers %d, together %d; raw JSON of the two results %d; share %.2f",
				tokens(t, prompts), len(c.texts)/2, tokens(t, talk), ours, raw, share)
			if share > mostOfRawStarted {
				t.Errorf("%.2f of the raw JSON's tokens, want at most %.2f", share, mostOfRawStarted)
			}
		})
	}
}

// rawStarted is the tokens of what InstaView answers about a run with so many
// candidates.
func rawStarted(t *testing.T, candidates int) int {
	t.Helper()
	parts := strings.Split(rawBody(t, reviewed), `{"profileId"`)
	if len(parts) != 21 {
		t.Fatalf("%d candidates", len(parts)-1)
	}
	return tokens(t, strings.Join(parts[:candidates+1], `{"profileId"`))
}

// Callers who bring their keys have codes and limits of their own.
func TestCallersSpendForThemselvesAlone(t *testing.T) {
	t.Parallel()
	const ann, bob = "key-of-ann-00000000", "key-of-bob-00000000"
	s := sandbox.New(sandbox.WithKey(ann), sandbox.WithKey(bob))
	upstream := httptest.NewServer(s)
	t.Cleanup(upstream.Close)
	where := serveHTTP(t, "http", []string{allowStart, "INSTAVIEW_MCP_CALLER_KEYS=true", "INSTAVIEW_MAX_CREDITS_PER_DAY=15", "INSTAVIEW_BASE_URL=" + upstream.URL})
	as := func(key string) *talk {
		c := must(mcpgo.NewStreamableHttpClient(where.url, transport.WithHTTPHeaders(map[string]string{"X-InstaView-Api-Key": key})))(t)
		return &talk{t: t, session: overMCPGo(t, "2025-11-25", c)}
	}
	annas, bobs := as(ann), as(bob)
	brief := func(title string) map[string]any {
		return map[string]any{"title": title, "job_description": "Payments"}
	}
	code := findIn(t, codeIn, annas.does("start_sourcing", brief("Go engineer")))

	text, isError, err := bobs.call(t.Context(), "start_sourcing", map[string]any{"confirmation": code})
	if err != nil || !isError || !strings.Contains(text, "that code is void") {
		t.Errorf("another caller's code: %v, %s", err, text)
	}
	run := findIn(t, runIn, annas.does("start_sourcing", map[string]any{"confirmation": code}))
	text, isError, err = annas.call(t.Context(), "start_sourcing", brief("Rust engineer"))
	if err != nil || !isError || !strings.Contains(text, "INSTAVIEW_MAX_CREDITS_PER_DAY") {
		t.Errorf("over the key's limit: %v, %s", err, text)
	}
	if other := bobs.confirmed("start_sourcing", brief("Go engineer")); other == run {
		t.Error("two callers have one run")
	}
	for key, want := range map[*talk]int{annas: 1, bobs: 1} {
		list, err := key.session.(*mcpGoSession).client.ListResources(t.Context(), mcp.ListResourcesRequest{})
		if err != nil || len(list.Resources) != want || list.Resources[0].Title != "Shortlist: Go engineer" {
			t.Errorf("listed %+v, %v", list, err)
		}
	}
}

// Without the switch nothing shows that there is one.
func TestWithoutTheSwitchThereIsNoTraceOfStarting(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		env  []string
		args []string
	}{
		"not set": {nil, []string{"--demo"}},
		"false":   {[]string{"INSTAVIEW_ALLOW_START=false", "INSTAVIEW_MAX_CREDITS_PER_RUN=5"}, []string{"--demo"}},
		"no key":  {[]string{allowStart}, nil}, // only tells what is wrong
	} {
		c := start(t, tt.env, tt.args...)
		c.send(mcptest.Hello)
		everything := c.next().raw
		for i, method := range []string{"tools/list", "prompts/list", "resources/list", "resources/templates/list"} {
			everything += c.ask(10+i, method, "{}").raw
		}
		for _, trace := range []string{"start_sourcing", "refine", "write_brief", "credit", "ALLOW_START", "confirm"} {
			if strings.Contains(everything, trace) {
				t.Errorf("%s: %q is told", name, trace)
			}
		}
		if r := c.ask(20, "tools/call", mcptest.Call("start_sourcing", `{"title":"x","job_description":"y"}`)); r.Error == nil || r.Error.Code != -32602 {
			t.Errorf("%s: %s", name, r.raw)
		}
	}
}

func TestTheOperatorNamesTheToolsOffered(t *testing.T) {
	t.Parallel()
	c := start(t, []string{allowStart, "INSTAVIEW_MCP_TOOLS=wait_for_sourcing, start_sourcing, write_brief,"}, "--demo")
	c.send(mcptest.Hello)
	instructions := c.next().Result.Instructions
	if strings.Contains(instructions, "- get_sourcing_results") || !strings.Contains(instructions, "- wait_for_sourcing") {
		t.Errorf("instructions:\n%s", instructions)
	}
	tools := c.ask(2, "tools/list", "{}")
	prompts := c.ask(3, "prompts/list", "{}").raw
	if len(tools.Result.Tools) != 2 || strings.Contains(prompts, "review_shortlist") || !strings.Contains(prompts, "write_brief") {
		t.Errorf("offered:\n%s\n%s", tools.raw, prompts)
	}
	if r := c.ask(4, "tools/call", mcptest.Call("get_sourcing_results", `{"request_id":"req_demo_done"}`)); r.Error == nil {
		t.Errorf("a tool that is not offered: %s", r.raw)
	}
}

// Whoever stops the program in the middle of a start is told, and so is the
// model, which must not take a void code for a start that was not made.
func TestStoppingInTheMiddleOfAStartIsTold(t *testing.T) {
	if runtime.GOOS == "windows" {
		return // no such signal
	}
	// Not beside other tests, since all must happen before the start ends by
	// itself, after 15 s.
	s := sandbox.New()
	s.Inject(sandbox.Starts, sandbox.Fault{CarriedOut: true, Delay: time.Hour})
	upstream := httptest.NewServer(s)
	t.Cleanup(upstream.CloseClientConnections)
	c := start(t, []string{allowStart, "INSTAVIEW_API_KEY=" + sandbox.Key, "INSTAVIEW_BASE_URL=" + upstream.URL})
	c.send(mcptest.Hello)
	c.next()
	proposal := c.ask(1, "tools/call", mcptest.Call("start_sourcing", `{"title":"Go engineer","job_description":"Payments"}`))
	code := findIn(t, codeIn, proposal.text())
	c.send(mcptest.Request(2, "tools/call", mcptest.Call("start_sourcing", fmt.Sprintf(`{"confirmation":%q}`, code))))
	eventually(t, "the start is on its way", func() bool { return len(s.Requests()) > 0 })
	if err := c.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	answer := c.next().text()
	for _, want := range []string{"may have been started or not", "If this server has stopped, it has forgotten", "InstaView app"} {
		if !strings.Contains(answer, want) {
			t.Errorf("the answer lacks %q:\n%s", want, answer)
		}
	}
	eventually(t, "the log says so", func() bool {
		return strings.Contains(c.stderr.String(), "stopped before InstaView had answered: look in the InstaView app")
	})
}
