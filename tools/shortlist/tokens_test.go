package shortlist

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/tiktoken-go/tokenizer"

	"instaview-mcp/client"
	"instaview-mcp/internal/sandbox"
	"instaview-mcp/internal/sanitize"
)

// tokens counts with o200k; Claude's tokenizer differs by about 3 %.
var tokens = sync.OnceValue(func() func(string) int {
	codec, err := tokenizer.Get(tokenizer.O200kBase)
	if err != nil {
		panic(err)
	}
	return func(s string) int {
		n, err := codec.Count(s)
		if err != nil {
			panic(err)
		}
		return n
	}
})

// corpus holds candidates and the JSON that they were received in.
type corpus struct {
	candidates []client.Candidate
	pretty     string
}

// sample reads a run of the sandbox through the client.
func sample(t testing.TB, id string) corpus {
	t.Helper()
	server := httptest.NewServer(sandbox.New())
	defer server.Close()
	c, err := client.New(client.NewKey(sandbox.Key), client.WithBaseURL(server.URL))
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseIdleConnections()
	results, err := c.Results(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	resp := httptest.NewRecorder()
	req := httptest.NewRequest("GET", "/sourcing/"+id+"/results", nil)
	req.Header.Set("Authorization", "Bearer "+sandbox.Key)
	sandbox.New().ServeHTTP(resp, req)
	var body struct{ Candidates json.RawMessage }
	if err := json.Unmarshal(resp.Body.Bytes(), &body); err != nil {
		t.Fatal(err)
	}
	return corpus{results.Candidates, indented(t, body.Candidates)}
}

func indented(t testing.TB, raw json.RawMessage) string {
	t.Helper()
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// floor returns the cleaned values of a detail's fields, a line each, which is
// the least that any rendering must hold.
func floor(c *client.Candidate, d Detail) string {
	var b strings.Builder
	value := func(values ...string) {
		for _, v := range values {
			if s := sanitize.Line(v, 0).Clean; s != "" {
				b.WriteString(string(s + "\n"))
			}
		}
	}
	value(c.Name)
	if c.MatchScore != nil {
		value(string(sanitize.Number(*c.MatchScore)))
	}
	if d == Brief {
		value(c.CurrentRole, c.CurrentCompany, c.Location, c.ProfileID)
		value(c.RedFlags[:min(len(c.RedFlags), 1)]...)
		return b.String()
	}
	if w := (candidateWriter{candidate: c}); w.headline(w.fact(c.CurrentRole), w.company(c.CurrentCompany)) != "" { // otherwise it only repeats other fields
		value(c.Headline)
	}
	value(c.CurrentRole, c.CurrentCompany, c.Location, c.Rationale)
	value(c.FitPoints...)
	value(c.RedFlags...)
	value(c.Skills...)
	if d == Full {
		for _, p := range c.Experience {
			value(p.Role, p.Company, p.Duration)
			value(p.Highlights...)
		}
		for _, e := range c.Evidence {
			value(e.Title, e.Company, e.Duration, e.Explanation)
		}
	}
	value(c.ProfileID)
	if path, fault := sanitize.LinkedIn(c.LinkedInURL); fault == "" {
		b.WriteString(string(path + "\n"))
	}
	return b.String()
}

// cost returns the number of tokens per candidate in a detail, in its floor and
// in the JSON.
func cost(c corpus, d Detail) (ours, least, pretty float64) {
	count := tokens()
	var text, base strings.Builder
	for i := range c.candidates {
		text.WriteString(string(render(&c.candidates[i], View{Tool: "get_sourcing_results"}.form(&c.candidates[i], d)).text))
		base.WriteString(floor(&c.candidates[i], d))
	}
	n := float64(len(c.candidates))
	return float64(count(text.String())) / n, float64(count(base.String())) / n, float64(count(c.pretty)) / n
}

// corpora returns the sandbox's runs, and the smallest and largest profiles.
func corpora(t testing.TB) map[string]corpus {
	t.Helper()
	all := map[string]corpus{}
	for _, id := range []string{"req_demo_done", "req_demo_large"} {
		all[id] = sample(t, id)
	}
	people := sample(t, "req_demo_done")
	for name, change := range map[string]func(*client.Candidate){
		"long profiles": func(c *client.Candidate) {
			c.Rationale = strings.Repeat(c.Rationale+" ", 3)
			c.Experience = append(c.Experience, c.Experience...)
		},
		"sparse profiles": func(c *client.Candidate) {
			*c = client.Candidate{Rank: c.Rank, ProfileID: c.ProfileID, Name: c.Name, MatchScore: c.MatchScore, CurrentRole: c.CurrentRole, Skills: c.Skills}
		},
	} {
		changed := corpus{pretty: people.pretty}
		for _, c := range people.candidates {
			change(&c)
			changed.candidates = append(changed.candidates, c)
		}
		all[name] = changed
	}
	for name, script := range scripts {
		all[name] = corpus{candidates: script, pretty: people.pretty}
	}
	return all
}

func BenchmarkTokens(b *testing.B) {
	for name, c := range corpora(b) {
		for _, d := range []Detail{Brief, Summary, Full} {
			b.Run(fmt.Sprintf("%s/%s", strings.ReplaceAll(name, " ", "_"), d), func(b *testing.B) {
				var ours, least, pretty float64
				for b.Loop() {
					ours, least, pretty = cost(c, d)
				}
				b.ReportMetric(ours, "tokens/candidate")
				b.ReportMetric(ours/least, "×floor")
				if strings.HasPrefix(name, "req_") {
					b.ReportMetric(ours/pretty, "×JSON")
				}
				b.ReportMetric(0, "ns/op")
			})
		}
	}
}

// scripts holds candidates with all texts in one script, as far as such
// profiles are in reality.
var scripts = map[string][]client.Candidate{
	"Latin": {person("Zoë van der Meer", "Platform Engineer", "Waterkant BV", "Utrecht, Nederland",
		"Tien jaar ervaring met betaalplatforms, waarvan zes met Go; leidt een team van vijf en schrijft zelf nog dagelijks code.",
		[]string{"Bracht de doorlooptijd van uitbetalingen terug tot 40 minuten", "Beheert een open-sourcebibliotheek"},
		[]string{"Weinig ervaring met cloud"}, []string{"Go", "PostgreSQL", "Kafka"})},
	"mixed": {person("Десислава Петрова (Desislava Petrova)", "Senior Backend Engineer, API", "Витоша Пей (Vitosha Pay)", "София, България",
		"Desislava builds payment APIs and owns developer experience: versioning, webhooks and sandbox.",
		[]string{"Designed API versioning used by 2,300 merchants"},
		[]string{"Ledger and settlement were owned by another team"}, []string{"Go", "OpenAPI", "PostgreSQL"})},
	"Cyrillic": {person("Олена Ковальчук", "Провідна інженерка", "Дніпро Системи", "Київ, Україна",
		"Вісім років розробляє платіжні системи мовою Go, останні три роки керує командою з шести людей і відповідає за надійність.",
		[]string{"Скоротила час розрахунку до 35 хвилин", "Підтримує відкриту бібліотеку"},
		[]string{"Мало досвіду з хмарними сервісами"}, []string{"Go", "PostgreSQL", "Kafka"})},
	"CJK": {person("王小明", "高级后端工程师", "青云支付", "上海",
		"八年支付系统开发经验，最近三年负责核心账务服务，带领六人团队，熟悉高并发与一致性设计。",
		[]string{"将结算时间缩短到三十五分钟", "维护一个开源数据库驱动"},
		[]string{"缺少公有云经验"}, []string{"Go", "PostgreSQL", "Kafka"})},
	"Arabic": {person("سلمى الخطيب", "مهندسة برمجيات أولى", "مدفوعات الواحة", "عمّان، الأردن",
		"ثماني سنوات في تطوير أنظمة الدفع بلغة Go، وتقود منذ ثلاث سنوات فريقًا من ستة مهندسين.",
		[]string{"خفّضت زمن التسوية إلى خمس وثلاثين دقيقة", "تشرف على مكتبة مفتوحة المصدر"},
		[]string{"خبرة محدودة بالسحابة العامة"}, []string{"Go", "PostgreSQL", "Kafka"})},
	"Devanagari": {person("अनन्या शर्मा", "वरिष्ठ बैकएंड इंजीनियर", "गंगा पे", "पुणे, भारत",
		"आठ वर्षों से भुगतान प्रणालियाँ बना रही हैं, पिछले तीन वर्षों से छह लोगों की टीम का नेतृत्व करती हैं।",
		[]string{"निपटान का समय पैंतीस मिनट तक घटाया", "एक मुक्त स्रोत लाइब्रेरी संभालती हैं"},
		[]string{"सार्वजनिक क्लाउड का अनुभव कम है"}, []string{"Go", "PostgreSQL", "Kafka"})},
}

func person(name, role, company, place, why string, fit, risk, skills []string) client.Candidate {
	return client.Candidate{
		Rank: 7, ProfileID: "prof_67a3995d-ea79", Name: name, MatchScore: ptr(88.0), CurrentRole: role, CurrentCompany: company,
		Location: place, Rationale: why, FitPoints: fit, RedFlags: risk, Skills: skills,
		LinkedInURL: "https://www.linkedin.com/in/someone-0123",
		Experience:  []client.Position{{Role: role, Company: company, Duration: "2021 - Present", Highlights: fit}},
		Evidence:    []client.Evidence{{Title: role, Company: company, Duration: "4 years", Explanation: why}},
	}
}

// Every detail may take 20 % more tokens than its floor. A line of brief may
// always have 45: with the names of most scripts that is less than its floor.
func TestTokensStayAtTheirTargets(t *testing.T) {
	var brief, people float64
	for name, c := range corpora(t) {
		for _, d := range []Detail{Summary, Full} {
			if ours, least, _ := cost(c, d); ours > 1.20*least {
				t.Errorf("%s in %s: %.1f tokens a candidate, %.2f × the floor, want at most 1.20", name, d, ours, ours/least)
			}
		}
		ours, least, _ := cost(c, Brief)
		if ours > max(45, 1.20*least) {
			t.Errorf("%s in brief: %.1f tokens a candidate, %.2f × the floor", name, ours, ours/least)
		}
		if strings.HasPrefix(name, "req_") {
			brief += ours * float64(len(c.candidates))
			people += float64(len(c.candidates))
		}
	}
	if mean := brief / people; mean > 45 {
		t.Errorf("%.1f tokens a candidate in brief over the sandbox's runs, want at most 45", mean)
	}
}
