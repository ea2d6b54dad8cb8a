package tools_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"

	"instaview-mcp/internal/sandbox"
	"instaview-mcp/tools"
)

// namedEverywhere is a run with one candidate whose name is in every text.
func namedEverywhere() sandbox.Option {
	return sandbox.WithRun("req_named", sandbox.Run{Candidates: []sandbox.Candidate{{
		ProfileID: "zofia-simkova-7", Name: "Ing. Žofia Šimková, PhD", LinkedInURL: "https://www.linkedin.com/in/zofia-simkova",
		Headline: "Žofia Šimková ¦ Payments in Go", Rationale: "Žofia led payments; S Žofiou Šimkovou", CurrentCompany: "Šimková Consulting",
		CurrentRole: "Go engineer", Location: "Bratislava", Skills: []string{"Go"}, Emails: []string{"zofia@example.com"},
		DetailedExperience: []sandbox.Experience{{Role: "Lead", Company: "ŽofiaSimkova.sk", Duration: "2 years", Highlights: []string{"zofiasimkova.sk"}}},
	}}})
}

// holdsName reports whether a text holds the name in any spelling.
func holdsName(text string) bool {
	text = strings.ToLower(text)
	for _, part := range []string{"žofi", "zofi", "šimkov", "simkov"} {
		if strings.Contains(text, part) {
			return true
		}
	}
	return false
}

func TestTheOperatorHidesNamesForEveryCall(t *testing.T) {
	inWorld(t, tools.Settings{Blind: true, AllowContacts: true}, func(w *world) {
		for _, tool := range []string{"get_sourcing_results", "wait_for_sourcing"} {
			for _, detail := range []string{"brief", "summary", "full"} {
				got := w.call(tool, args{"request_id": "req_named", "detail": detail, "blind": false, "include_contacts": true})
				got.wants(t, false, "Names stay hidden: the operator of this server has set INSTAVIEW_MCP_BLIND=true.",
					"Names are hidden where known; this is not anonymous.", "(name hidden)", "Go engineer", "Bratislava")
				if holdsName(got.text) {
					t.Errorf("%s in %s reveals the name:\n%s", tool, detail, got.text)
				}
			}
		}
		if got := w.call("get_sourcing_results", args{"request_id": "req_named"}); strings.Contains(got.text, "Names stay hidden") {
			t.Errorf("a call that did not ask for names gets them:\n%s", got.text)
		}
		for _, d := range []document{
			w.read("sourcing://req_named"), w.read("sourcing://req_named/candidates/rank-1"), w.read("sourcing://req_named/shortlist.csv"),
			w.read("sourcing://req_named/shortlist.html"),
		} {
			if d.refused != "" || holdsName(d.text) || !strings.Contains(d.text, "Go engineer") || !strings.Contains(d.text, "not anonymous") {
				t.Errorf("a document reveals the name, or too little: %s%s", d.refused, d.text)
			}
		}
	}, namedEverywhere())
}

func TestTheArgumentSaysThatTheOperatorHidesNames(t *testing.T) {
	for blind, want := range map[bool]string{false: "Hide names and links", true: "Names and links are always hidden here"} {
		inWorld(t, tools.Settings{Blind: blind}, func(w *world) {
			list, err := w.session.ListTools(w.t.Context(), mcp.ListToolsRequest{})
			if err != nil {
				t.Fatal(err)
			}
			for _, tool := range list.Tools {
				if schema := fmt.Sprint(tool.InputSchema.Properties["blind"]); !strings.Contains(schema, want) {
					t.Errorf("%s: %q is not in %s", tool.Name, want, schema)
				}
			}
		})
	}
}

// An id made of the name must not reveal it, and the proposed call must work.
func TestAnIDMadeOfTheNameIsShownAsTheRank(t *testing.T) {
	inWorld(t, tools.Settings{}, func(w *world) {
		got := w.call("get_sourcing_results", args{"request_id": "req_named", "blind": true})
		got.wants(t, false, "[rank-1]")
		if holdsName(got.text) {
			t.Errorf("the answer reveals the name:\n%s", got.text)
		}
		got = w.call("get_sourcing_results", args{"request_id": "req_named", "blind": true, "detail": "full", "profile_ids": []string{"rank-1"}})
		got.wants(t, false, "Showing 1 in full", "[rank-1]")
		if holdsName(got.text) {
			t.Errorf("the answer reveals the name:\n%s", got.text)
		}
		w.call("get_sourcing_results", args{"request_id": "req_named"}).wants(t, false, "[zofia-simkova-7]")
	}, namedEverywhere())
}

func TestADocumentShowsNamesUnlessTheOperatorHidesThem(t *testing.T) {
	inWorld(t, tools.Settings{}, func(w *world) {
		for _, path := range []string{"", "/candidates/zofia-simkova-7", "/shortlist.csv", "/shortlist.html"} {
			if d := w.read("sourcing://req_named" + path); d.refused != "" || !strings.Contains(d.text, "Žofia Šimková") {
				t.Errorf("%q: %s%s", path, d.refused, d.text)
			}
		}
	}, namedEverywhere())
}
