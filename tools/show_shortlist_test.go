package tools_test

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/mcp"

	"instaview-mcp/internal/sandbox"
	"instaview-mcp/internal/view"
	"instaview-mcp/tools"
)

// show calls show_shortlist and returns the result with its page's data, which
// are the zero value if there are none.
func (w *world) show(arguments args) (*mcp.CallToolResult, view.Data) {
	w.t.Helper()
	var request mcp.CallToolRequest
	request.Params.Name, request.Params.Arguments = "show_shortlist", arguments
	result, err := w.session.CallTool(w.t.Context(), request)
	if err != nil {
		w.t.Fatal(err)
	}
	var data view.Data
	if result.Meta != nil {
		raw, err := json.Marshal(result.Meta.AdditionalFields[tools.ViewKey])
		if err != nil {
			w.t.Fatal(err)
		}
		if err := json.Unmarshal(raw, &data); err != nil {
			w.t.Fatal(err)
		}
	}
	return result, data
}

func textOf(result *mcp.CallToolResult) string { return result.Content[0].(mcp.TextContent).Text }

func TestShowAnswersLikeGetAndBringsThePagesData(t *testing.T) {
	inWorld(t, tools.Settings{}, func(w *world) {
		result, data := w.show(args{"request_id": "req_demo_done"})
		if result.IsError || result.StructuredContent != nil || len(result.Content) != 1 {
			t.Errorf("an error, structured content or several texts: %+v", result)
		}
		text, get := textOf(result), w.call("get_sourcing_results", args{"request_id": "req_demo_done"}).text
		if a, b := unmarked(text), unmarked(get); a != b {
			t.Errorf("the text differs from that of get_sourcing_results:\n%s", a)
		}
		if data.State != "completed" || len(data.Profiles) != 20 || data.Profiles[0].Name != "Katarína Šimončičová" || data.RequestID != "req_demo_done" {
			t.Errorf("data of %d profiles: %.300v", len(data.Profiles), data)
		}
		_, some := w.show(args{"request_id": "req_demo_done", "ranks": []int{2, 7}})
		if len(some.Profiles) != 2 || some.Profiles[1].Rank != 7 || some.Returned != 20 {
			t.Errorf("got %d profiles of %d, want ranks 2 and 7", len(some.Profiles), some.Returned)
		}
	})
}

var marker = regexp.MustCompile(`⟦(data|end) [0-9a-f]{4}⟧`)

// unmarked returns an answer without its random marker.
func unmarked(text string) string {
	return marker.ReplaceAllString(text, "⟦$1 0000⟧")
}

func TestShowTellsOfEveryState(t *testing.T) {
	inWorld(t, tools.Settings{}, func(w *world) {
		for id, state := range map[string]string{"req_demo_empty": "empty", "req_demo_slow": "processing", "req_demo_failed": "processing"} {
			if result, data := w.show(args{"request_id": id}); result.IsError || string(data.State) != state || len(data.Outcome) == 0 {
				t.Errorf("%s: state %q, want %q with its outcome", id, data.State, state)
			}
		}
		time.Sleep(10 * time.Second)
		if _, data := w.show(args{"request_id": "req_demo_failed"}); data.State != "failed" {
			t.Errorf("state %q, want failed", data.State)
		}
		for _, arguments := range []args{{"request_id": "req_unknown"}, {"request_id": "../x"}, {"request_id": "req_demo_done", "ranks": "x"}} {
			if result, _ := w.show(arguments); !result.IsError || result.Meta != nil && result.Meta.AdditionalFields[tools.ViewKey] != nil {
				t.Errorf("%v: no error, or data beside it: %+v", arguments, result)
			}
		}
	})
}

// V05: the operator's settings hold for the page as for the text, and a blind
// page holds no name anywhere.
func TestThePageHoldsNoNameIfTheyAreHidden(t *testing.T) {
	for name, tt := range map[string]struct {
		settings  tools.Settings
		arguments args
	}{
		"by the operator": {tools.Settings{Blind: true}, args{"request_id": "req_named", "blind": false}},
		"by the call":     {tools.Settings{}, args{"request_id": "req_named", "blind": true}},
	} {
		inWorld(t, tt.settings, func(w *world) {
			result, data := w.show(tt.arguments)
			raw, err := json.Marshal(result)
			if err != nil || holdsName(string(raw)) || strings.Contains(string(raw), "linkedin.com") {
				t.Errorf("%s: %v, the result reveals the name: %s", name, err, raw)
			}
			if !data.Blind || len(data.Profiles) != 1 || data.Profiles[0].ID != "rank-1" || data.Profiles[0].Blind != nil {
				t.Errorf("%s: %+v", name, data)
			}
		}, namedEverywhere())
	}
}

func TestV04ThePageHoldsNoContacts(t *testing.T) {
	inWorld(t, tools.Settings{AllowContacts: true}, func(w *world) {
		result, _ := w.show(args{"request_id": "req_mail", "include_contacts": true})
		raw, err := json.Marshal(result.Meta)
		if err != nil || strings.Contains(string(raw), "example.com") || !strings.Contains(string(raw), "Jane") {
			t.Errorf("%v: %s", err, raw)
		}
	}, sandbox.WithRun("req_mail", sandbox.Run{Candidates: []sandbox.Candidate{
		{ProfileID: "p", Name: "Jane", Emails: []string{"jane@example.com"}, Headline: "jane@example.com"},
	}}))
}

// V10: a chat gets no more candidates than it can hold, and says so. A saved
// page has all.
func TestThePageInAChatIsBounded(t *testing.T) {
	var people []sandbox.Candidate
	for i := range 300 {
		people = append(people, sandbox.Candidate{ProfileID: fmt.Sprintf("p%d", i), Name: "Jo"})
	}
	inWorld(t, tools.Settings{}, func(w *world) {
		_, data := w.show(args{"request_id": "req_many"})
		if len(data.Profiles) != 200 || data.Returned != 300 || !strings.Contains(fmt.Sprint(data.Notes), "Only the first 200 of 300 candidates") {
			t.Errorf("%d of %d profiles, notes %q", len(data.Profiles), data.Returned, data.Notes)
		}
		page := w.read("sourcing://req_many/shortlist.html")
		page.wants(t, "text/html", `"rank":300,`)
	}, sandbox.WithRun("req_many", sandbox.Run{Candidates: people}))
}

func TestARunIsAPageInEveryState(t *testing.T) {
	inWorld(t, tools.Settings{}, func(w *world) {
		w.read("sourcing://req_demo_done/shortlist.html").wants(t, "text/html", "<!doctype html>", `"state":"completed"`, "Katarína", "a person decides")
		w.read("sourcing://req_demo_empty/shortlist.html").wants(t, "text/html", `"state":"empty"`)
		w.read("sourcing://req_demo_slow/shortlist.html").wants(t, "text/html", `"state":"processing"`)
		if got := w.read("sourcing://req_unknown/shortlist.html"); !strings.Contains(got.refused, "knows no such sourcing run") {
			t.Errorf("got %+v", got)
		}
	})
}

func TestTheAppIsLeftOutIfTheOperatorSaysSo(t *testing.T) {
	for _, left := range []bool{false, true} {
		inWorld(t, tools.Settings{NoApps: left}, func(w *world) {
			list, err := w.session.ListTools(w.t.Context(), mcp.ListToolsRequest{})
			if err != nil {
				t.Fatal(err)
			}
			raw, err := json.Marshal([]any{list.Tools, w.session.GetServerCapabilities()})
			if err != nil {
				t.Fatal(err)
			}
			for _, part := range []string{"show_shortlist", "ui://shortlist", tools.AppsExtension} {
				if strings.Contains(string(raw), part) == left {
					t.Errorf("left out: %v, %s in %s", left, part, raw)
				}
			}
			app := w.read("ui://shortlist")
			if (app.refused != "") != left || !left && (app.mime != "text/html;profile=mcp-app" || !strings.Contains(app.text, "null</script>")) {
				t.Errorf("left out: %v, the page: %.100v", left, app)
			}
		})
	}
}

func TestShowIsReportedToTheOperator(t *testing.T) {
	var got []tools.Call
	settings := tools.Settings{OnCall: func(_ context.Context, c tools.Call) { got = append(got, c) }}
	inWorld(t, settings, func(w *world) {
		w.show(args{"request_id": "req_demo_done"})
		w.read("sourcing://req_demo_done/shortlist.html")
	})
	for i, name := range []string{"show_shortlist", "resource_html"} {
		if len(got) != 2 || got[i].Tool != name || got[i].Candidates != 20 || got[i].Outcome != tools.OutcomeCompleted || got[i].RequestID != "req_demo_done" {
			t.Errorf("got %+v, want %s with 20 candidates", got, name)
		}
	}
}
