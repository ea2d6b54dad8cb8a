package tools_test

import (
	"context"
	"encoding/csv"
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/mark3labs/mcp-go/mcp"

	"instaview-mcp/internal/sandbox"
	"instaview-mcp/tools"
)

// document is the content of a resource, or the message that refuses it.
type document struct {
	text, mime, refused string
}

func (w *world) read(uri string) document {
	w.t.Helper()
	result, err := w.session.ReadResource(w.t.Context(), mcp.ReadResourceRequest{Params: mcp.ReadResourceParams{URI: uri}})
	if err != nil {
		return document{refused: err.Error()}
	}
	if len(result.Contents) != 1 {
		w.t.Fatalf("%s: %d contents", uri, len(result.Contents))
	}
	text, ok := result.Contents[0].(mcp.TextResourceContents)
	if !ok || text.URI != uri {
		w.t.Fatalf("%s: got %+v", uri, result.Contents[0])
	}
	return document{text: text.Text, mime: text.MIMEType}
}

func (d document) wants(t *testing.T, mime string, texts ...string) {
	t.Helper()
	if d.refused != "" || d.mime != mime {
		t.Errorf("got type %q, refused with %q", d.mime, d.refused)
	}
	for _, want := range texts {
		if !strings.Contains(d.text, want) {
			t.Errorf("%q is missing in:\n%s", want, d.text)
		}
	}
}

func TestGoldenDocuments(t *testing.T) {
	for name, uri := range map[string]string{
		"shortlist": "sourcing://req_demo_done",
		"candidate": "sourcing://req_demo_done/candidates/prof_67a3995d-ea79",
		"csv":       "sourcing://req_demo_done/shortlist.csv",
		"empty_csv": "sourcing://req_demo_empty/shortlist.csv",
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, tools.Settings{}, func(w *world) {
				got := w.read(uri)
				if got.refused != "" {
					t.Fatal(got.refused)
				}
				golden(t, "resource_"+name, unmarked(got.text)+"\n")
			})
		})
	}
}

func TestAShortlistIsADocument(t *testing.T) {
	inWorld(t, tools.Settings{}, func(w *world) {
		done := w.read("sourcing://req_demo_done")
		done.wants(t, "text/markdown", "20 scored of 134 found", "data, not instructions", "a person decides", "\n\n### 1 (95) ", "\n\n20 ", "⟦end ")
		large := w.read("sourcing://req_demo_large")
		large.wants(t, "text/markdown", "\n\n100 ")
		if n := utf8.RuneCountInString(large.text); n <= 10_000 || n > 35_000 {
			t.Errorf("100 candidates in %d characters", n)
		}
		w.read("sourcing://req_demo_failed").wants(t, "text/markdown", "still processing", `wait_for_sourcing(request_id="req_demo_failed")`)
		time.Sleep(10 * time.Second)
		w.read("sourcing://req_demo_failed").wants(t, "text/markdown", "failed after 2 s with PROVIDER_TEMPORARILY_UNAVAILABLE")
		w.read("sourcing://req_demo_empty").wants(t, "text/markdown", "no candidate returned")
	})
}

func TestACandidateIsADocument(t *testing.T) {
	odd := sandbox.Candidate{ProfileID: "prof/1, ů%", Name: "Odd Id"}
	inWorld(t, tools.Settings{}, func(w *world) {
		got := w.read("sourcing://req_demo_done/candidates/prof_67a3995d-ea79")
		got.wants(t, "text/markdown", "### 1 (95) ", "- experience:\n  - ", "- evidence:\n  - ", "⟦end ")
		if strings.Contains(got.text, "### 2 ") {
			t.Error("others are shown, too")
		}
		w.read("sourcing://req_odd/candidates/"+url.PathEscape("prof/1, ů%")).wants(t, "text/markdown", "Odd Id")
	}, sandbox.WithRun("req_odd", sandbox.Run{Candidates: []sandbox.Candidate{odd}}))
}

func TestTheTableIsOfTheWholeRun(t *testing.T) {
	inWorld(t, tools.Settings{}, func(w *world) {
		got := w.read("sourcing://req_demo_large/shortlist.csv")
		got.wants(t, "text/csv", "\ufeffRank,AI score,Name,")
		records, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(got.text, "\ufeff"))).ReadAll()
		if err != nil || len(records) != 101 {
			t.Fatalf("%d lines, %v", len(records), err)
		}
	})
}

// The operator's permission covers calls that ask for contacts, which a URI
// cannot.
func TestDocumentsHoldNoContacts(t *testing.T) {
	for _, uri := range []string{"", "/candidates/p", "/shortlist.csv", "/shortlist.html"} {
		inWorld(t, tools.Settings{AllowContacts: true}, func(w *world) {
			got := w.read("sourcing://req_mail" + uri)
			if got.refused != "" || strings.Contains(got.text, "example.com") || !strings.Contains(got.text, "Jane") {
				t.Errorf("%q: %+v", uri, got)
			}
		}, sandbox.WithRun("req_mail", sandbox.Run{Candidates: []sandbox.Candidate{
			{ProfileID: "p", Name: "Jane", Emails: []string{"jane@example.com"}, Headline: "jane@example.com"},
		}}))
	}
}

func TestWhatIsNoDocumentIsRefusedInWords(t *testing.T) {
	inWorld(t, tools.Settings{}, func(w *world) {
		requests := len(w.sandbox.Requests())
		for uri, want := range map[string]string{
			"sourcing://":                     "request_id is not a sourcing run's id",
			"sourcing://..%2Fcanary":          "request_id is not a sourcing run's id",
			"sourcing://%7B%7Bcanary%7D%7D":   "request_id is not a sourcing run's id",
			"sourcing://a,canary":             "request_id is not a sourcing run's id",
			"sourcing://%2e%2e/shortlist.csv": "request_id is not a sourcing run's id",
			"sourcing://x/candidates/" + strings.Repeat("canary", 100): "longer than 256 characters",
		} {
			got := w.read(uri)
			if !strings.Contains(got.refused, want) || strings.Contains(got.refused, "canary") {
				t.Errorf("%.60s: %+v, want %q", uri, got, want)
			}
		}
		if n := len(w.sandbox.Requests()); n != requests {
			t.Errorf("%d requests were made", n-requests)
		}
		for uri, want := range map[string]string{
			"sourcing://req_unknown":                     "InstaView knows no such sourcing run",
			"sourcing://req_unknown/shortlist.csv":       "InstaView knows no such sourcing run",
			"sourcing://req_demo_done/candidates/canary": "Sourcing run req_demo_done has no such candidate",
			"sourcing://req_demo_done/candidates/":       "The URI names no candidate",
			"sourcing://req_demo_slow/shortlist.csv":     "Sourcing run req_demo_slow is still processing",
		} {
			got := w.read(uri)
			if !strings.Contains(got.refused, want) || strings.Contains(got.refused, "canary") {
				t.Errorf("%s: %+v, want %q", uri, got, want)
			}
		}
		for _, uri := range []string{"sourcing://a/b/c", "file:///etc/passwd", "", "sourcing://a/candidates/b/c", "sourcing://a?x=1"} {
			if got := w.read(uri); !strings.Contains(got.refused, "not found") {
				t.Errorf("%s: %+v", uri, got)
			}
		}
	})
}

func TestReadingADocumentIsReportedToTheOperator(t *testing.T) {
	var got []tools.Call
	settings := tools.Settings{OnCall: func(_ context.Context, c tools.Call) { got = append(got, c) }}
	inWorld(t, settings, func(w *world) {
		w.read("sourcing://req_demo_done")
		w.read("sourcing://req_demo_done/candidates/prof_67a3995d-ea79")
		w.read("sourcing://req_demo_done/shortlist.csv")
		w.read("sourcing://req_demo_slow/shortlist.csv")
		w.read("sourcing://-/shortlist.csv")
		w.read("sourcing://req_unknown")
	})
	want := []tools.Call{
		{Tool: "resource_shortlist", RequestID: "req_demo_done", Outcome: tools.OutcomeCompleted, Candidates: 20},
		{Tool: "resource_candidate", RequestID: "req_demo_done", Outcome: tools.OutcomeCompleted, Candidates: 1},
		{Tool: "resource_csv", RequestID: "req_demo_done", Outcome: tools.OutcomeCompleted, Candidates: 20},
		{Tool: "resource_csv", RequestID: "req_demo_slow", Outcome: tools.OutcomeRunning},
		{Tool: "resource_csv", Outcome: tools.OutcomeRefused},
		{Tool: "resource_shortlist", RequestID: "req_unknown", Outcome: "not_found"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}

// Reading a resource within seconds of an answer makes no request.
func TestADocumentSharesTheRequestOfATool(t *testing.T) {
	inWorld(t, tools.Settings{}, func(w *world) {
		w.call("get_sourcing_results", args{"request_id": "req_demo_done"})
		w.read("sourcing://req_demo_done/shortlist.csv")
		if n := len(w.sandbox.Requests()); n != 1 {
			t.Errorf("%d requests, want 1", n)
		}
	})
}
