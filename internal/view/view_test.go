package view

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"instaview-mcp/client"
	"instaview-mcp/tools/shortlist"
)

// maxBytes limits the page without its data.
const maxBytes = 61_440

func TestSizeOfThePage(t *testing.T) {
	t.Logf("the page without data: %d bytes", len(App()))
	if n := len(App()); n > maxBytes {
		t.Errorf("%d bytes, want at most %d", n, maxBytes)
	}
}

// V03: browsers run a script or style only if its hash is in the policy.
func TestThePolicyAllowsThisStyleAndScriptAlone(t *testing.T) {
	page := App()
	policy := regexp.MustCompile(`http-equiv="Content-Security-Policy" content="([^"]*)"`).FindStringSubmatch(page)
	if policy == nil {
		t.Fatal("there is no policy")
	}
	if i := strings.Index(page, "Content-Security-Policy"); strings.Index(page, "<style") < i || strings.Index(page, "<script") < i {
		t.Error("the policy comes after what it should restrict")
	}
	want := "default-src 'none'"
	for _, part := range []struct{ directive, pattern string }{
		{"script-src", `(?s)<script type="module">(.*?)</script>`}, {"style-src", `(?s)<style>(.*?)</style>`},
	} {
		inside := regexp.MustCompile(part.pattern).FindAllStringSubmatch(page, -1)
		if len(inside) != 1 {
			t.Fatalf("%d matches of %s", len(inside), part.pattern)
		}
		sum := sha256.Sum256([]byte(inside[0][1]))
		want += "; " + part.directive + " 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	}
	if want += "; base-uri 'none'; form-action 'none'"; policy[1] != want {
		t.Errorf("policy\n%s, want\n%s", policy[1], want)
	}
}

// What would load or send something, or parse text as markup, is not in the
// page at all.
func TestThePageUsesNothingThatCouldLoadOrParse(t *testing.T) {
	page := App()
	for _, banned := range []string{
		"innerHTML", "outerHTML", "insertAdjacent", "document.write", "DOMParser", "createContextualFragment", "srcdoc", "eval(", "new Function",
		"fetch(", "XMLHttpRequest", "WebSocket", "EventSource", "sendBeacon", "import(", "localStorage", "sessionStorage", "indexedDB", "document.cookie",
		"url(", "@import", " src=", "<img", "<link", "<iframe", "{{",
	} {
		if strings.Contains(page, banned) {
			t.Errorf("the page holds %q", banned)
		}
	}
}

func TestV02DataCannotEndTheirScript(t *testing.T) {
	name := "</script><script>alert(1)</script><!--<script>\u2028 &amp; {{data}}"
	r := &client.Results{Status: client.StatusCompleted, Candidates: []client.Candidate{{Rank: 1, Name: name, Rationale: name, Skills: []string{name}}}}
	d := Data{Report: shortlist.NewReport(r, shortlist.View{RequestID: "req_1"}), Label: "Sample"}
	page := Page(d)
	if got, want := strings.Count(page, "<script"), strings.Count(App(), "<script"); got != want {
		t.Errorf("%d scripts, want %d", got, want)
	}
	data := regexp.MustCompile(`(?s)<script id="data" type="application/json">(.*?)</script>`).FindStringSubmatch(page)
	var got Data
	if data == nil || json.Unmarshal([]byte(data[1]), &got) != nil {
		t.Fatalf("no data in the page, or not JSON: %.200q", data)
	}
	if len(got.Profiles) != 1 || got.Profiles[0].Name != d.Profiles[0].Name || got.Label != "Sample" {
		t.Errorf("got %+v, want %+v", got, d)
	}
	if without := strings.Replace(page, data[1], "null", 1); without != App() {
		t.Error("the page differs from the app by more than its data")
	}
}
