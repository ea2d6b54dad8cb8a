package shortlist

import (
	"encoding/csv"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"instaview-mcp/client"
	"instaview-mcp/internal/sanitize"
)

// table reads a CSV file like a spreadsheet program that separates cells by
// separator. Unless that is a comma, quotation marks have no meaning.
func table(t *testing.T, text string, separator rune) [][]string {
	t.Helper()
	r := csv.NewReader(strings.NewReader(strings.TrimPrefix(text, bom)))
	r.Comma, r.LazyQuotes, r.FieldsPerRecord = separator, separator != ',', -1
	records, err := r.ReadAll()
	if err != nil {
		t.Fatalf("separated by %q: %v", separator, err)
	}
	return records
}

func TestTheTableHoldsEveryCandidate(t *testing.T) {
	people := []client.Candidate{
		{
			Rank: 1, ProfileID: "prof_1", Name: "Žofia \"Zo\" Nová", MatchScore: ptr(95.5), CurrentRole: "Go Engineer", CurrentCompany: "Zlatka, Pay",
			Location: "Košice", Headline: "Senior Go Engineer · platby", Rationale: "Eight years.", FitPoints: []string{"Ledger", "PCI DSS"},
			RedFlags: []string{"Prefers part remote work"}, Skills: []string{"Go", "Kafka"}, LinkedInURL: "https://www.linkedin.com/in/zofia-nova",
			Emails: []string{"zofia@example.com"},
		},
		{Rank: 3, ProfileID: "prof_3", Name: "Ivan \u202eHidden", LinkedInURL: "https://example.com", MatchScore: ptr(math.Copysign(0, -1))},
	}
	got := CSV(completedRun(people), "req_1", false)
	if !strings.HasPrefix(got, "\xEF\xBB\xBFRank,") {
		t.Errorf("no byte order mark before the header: %.20q", got)
	}
	want := [][]string{
		{
			"Rank", "AI score", "Name", "Role", "Company", "Location", "Headline", "AI reason", "Fit points", "Red flags",
			"Skills", "LinkedIn", "Profile id", "Notes", "Run",
		},
		{
			"1", "95.5", "Žofia \"Zo\" Nová", "Go Engineer", "Zlatka, Pay", "Košice", "Senior Go Engineer · platby", "Eight years.", "Ledger; PCI DSS",
			"Prefers part remote work", "Go; Kafka", "linkedin.com/in/zofia-nova", "prof_1", "", "req_1",
		},
		{
			"3", "0", "Ivan Hidden", "", "", "", "", "", "", "", "", "", "prof_3",
			"hidden text or links were removed from this profile; the profile link leads to another site than LinkedIn and is left out", "req_1",
		},
	}
	if diff := cmp.Diff(want, table(t, got, ',')); diff != "" {
		t.Errorf("table (-want +got):\n%s", diff)
	}
	if strings.Count(got, "\r\n") != len(want) || strings.Contains(strings.ReplaceAll(got, "\r\n", ""), "\n") {
		t.Error("lines do not end as RFC 4180 wants it")
	}
}

func TestContactsStayOutOfTheTable(t *testing.T) {
	c := client.Candidate{Rank: 1, Name: "Jane", Headline: "Write to jane@example.com", Rationale: "+421 901 234 567", Emails: []string{"jane@example.com"}}
	got := CSV(completedRun([]client.Candidate{c}), "r", false)
	if strings.Contains(got, "jane@") || strings.Contains(got, "901") {
		t.Errorf("a contact is shown:\n%s", got)
	}
}

// beginsFormula reports whether a spreadsheet program may read a cell as a
// formula after dropping invisible characters. It shares no code with formula.
func beginsFormula(cell string) bool {
	cell = strings.TrimFunc(cell, func(r rune) bool {
		return unicode.IsSpace(r) || !unicode.IsGraphic(r) || unicode.Is(unicode.Cf, r) || r == '"'
	})
	for _, sign := range []string{"=", "+", "-", "@", "＝", "＋", "－", "＠"} {
		if strings.HasPrefix(cell, sign) {
			return true
		}
	}
	return strings.HasPrefix(cell, "\t") || strings.HasPrefix(cell, "\r")
}

func TestNoCellCanBeginAFormula(t *testing.T) {
	const seeds = 300
	pieces := []string{
		"=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n", " ", "\u00a0", "\u200b", "\ufeff", "\"", "'", ";", ",", "|", "\x00",
		"cmd", "HYPERLINK(\"https://example.com\")", "1+1", "ž", "<b>", "\u202e", "\u3000",
	}
	check := func(people []client.Candidate) {
		text := CSV(completedRun(people), "req_1", false)
		for _, separator := range []rune{',', ';', '\t'} {
			for _, record := range table(t, text, separator) {
				for _, cell := range record {
					if beginsFormula(cell) {
						t.Fatalf("separated by %q, a cell is %q in:\n%q", separator, cell, text)
					}
				}
			}
		}
	}
	for seed := range uint64(seeds) {
		r := rand.New(rand.NewPCG(seed, 1))
		text := func() string {
			var s strings.Builder
			for range r.IntN(8) {
				s.WriteString(pieces[r.IntN(len(pieces))])
			}
			return s.String()
		}
		list := func() []string { return []string{text(), text(), text()} }
		check([]client.Candidate{{
			Rank: 1, ProfileID: text(), Name: text(), MatchScore: ptr(math.Copysign(0, -1)), CurrentRole: text(), CurrentCompany: text(), Location: text(),
			Headline: text(), Rationale: text(), FitPoints: list(), RedFlags: list(), Skills: list(), LinkedInURL: text(),
		}})
	}
	for name, people := range scripts {
		t.Run(name, func(*testing.T) { check(people) })
	}
}

func TestDefusingLeavesOtherCellsAlone(t *testing.T) {
	for cell, want := range map[string]string{
		"C++; C#; F#":            "C++; C#; F#",
		"Go (since 2019) - lead": "Go (since 2019) - lead",
		"":                       "",
		"=1+1":                   "'=1+1",
		" =1+1":                  "' =1+1",
		"＝1+1":                   "'＝1+1",
		"-5 °C":                  "'-5 °C",
		"Go; -race; +1":          "Go;' -race;' +1",
		"a=b":                    "a=b",
		"\u200b@here":            "'\u200b@here",
		"one; \"=1+1":            "one;' \"=1+1",
	} {
		if got := escapeFormula(sanitize.Clean(cell)); got != want {
			t.Errorf("defuse(%q) = %q, want %q", cell, got, want)
		}
	}
}

func TestADocumentIsMarkdown(t *testing.T) {
	all := people(12)
	all[0].Rationale, all[0].RedFlags, all[11].RedFlags = "Six years.", []string{"Short tenures"}, []string{"No Python"}
	run := completedRun(all)
	got := renderText(run, View{Tool: "get_sourcing_results", RequestID: "req_1", Markdown: true, Marker: "7c1e"})
	for _, want := range []string{
		"in brief (name| role| company| place [id] first red flag).\n\n",
		"⟦data 7c1e⟧\n\n### 1 (100) Person 1\n\n- why: Six years.\n- risk: Short tenures\n- [prof_1]\n\n### 2 (99) Person 2\n\n- [prof_2]\n\n",
		"- [prof_10]\n\n11 (90) Person 11 [prof_11]\n\n12 (89) Person 12 [prof_12] No Python\n\n⟦end 7c1e⟧\n\nNext: ",
		".\n\nThis run is finished",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in:\n%s", want, got)
		}
	}
	all[0].Experience = []client.Position{{Role: "Lead", Company: "TechCorp"}, {Role: "Engineer", Company: "Umbrella"}}
	got = renderText(run, View{Tool: "get_sourcing_results", RequestID: "req_1", Markdown: true, Selection: Selection{Detail: Full, ProfileIDs: []string{"prof_1"}}})
	if want := "- experience:\n  - Lead| TechCorp\n  - Engineer| Umbrella\n- [prof_1]\n"; !strings.Contains(got, want) {
		t.Errorf("%q is not in:\n%s", want, got)
	}
}

func TestADocumentHasRoomForMoreThanAnAnswer(t *testing.T) {
	run := completedRun(people(client.MaxCandidates))
	for i := range run.Candidates {
		run.Candidates[i].CurrentRole = strings.Repeat("Engineer ", 8)
	}
	_, answer := Render(run, View{Tool: "get_sourcing_results", RequestID: "r"})
	text, document := Render(run, View{Tool: "get_sourcing_results", RequestID: "r", Markdown: true})
	if n := len([]rune(text)); document <= 3*answer || n > maxAnswer {
		t.Errorf("%d candidates in an answer, %d in a document of %d characters", answer, document, n)
	}
}

func FuzzCSV(f *testing.F) {
	for _, seed := range []string{"=1+1", "Go; -race", "\"=1", "＝1", "\t@x", "a,b;c", "\xff=", "x\n=1", "\u200b+1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		list := []string{text, text}
		c := client.Candidate{
			Rank: 1, ProfileID: text, Name: text, CurrentRole: text, CurrentCompany: text, Location: text, Headline: text, Rationale: text,
			FitPoints: list, RedFlags: list, Skills: list, LinkedInURL: text,
		}
		got := CSV(completedRun([]client.Candidate{c}), "req_1", false)
		if records := table(t, got, ','); len(records) != 2 || len(records[1]) != len(header) {
			t.Fatalf("not a table of one candidate: %q", got)
		}
		for _, separator := range []rune{',', ';', '\t'} {
			for _, record := range table(t, got, separator) {
				for _, cell := range record {
					if beginsFormula(cell) {
						t.Errorf("separated by %q, a cell is %q", separator, cell)
					}
				}
			}
		}
	})
}
