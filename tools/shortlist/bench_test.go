package shortlist

import (
	"fmt"
	"testing"

	"instaview-mcp/client"
)

// Runs of the sandbox that were not rendered before, as a first call reads
// them.
func BenchmarkFirstRender(b *testing.B) {
	for _, id := range []string{"req_demo_done", "req_demo_large"} {
		candidates := sample(b, id).candidates
		b.Run(fmt.Sprintf("candidates=%d", len(candidates)), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Render(completedRun(candidates), View{Tool: "get_sourcing_results", RequestID: "r"})
			}
		})
	}
}

// A run of fifty profiles, in each form of an answer; all but the first answer
// of a form find the profiles rendered.
func BenchmarkRender(b *testing.B) {
	run := completedRun(people(50))
	for i := range run.Candidates {
		c := &run.Candidates[i]
		c.Name = "Zuzana Hrušková"
		c.Rationale = "Zuzana has led the payments team for six years, has moved it to Go and Node.js/React, and mentors five engineers; write to zuzana@example.com."
		c.FitPoints = []string{"Led a team of ten", "Has scaled to 2M daily users", "Writes Go at p99<10ms"}
		c.RedFlags = []string{"Has not worked in a team since 2022"}
		c.Skills = []string{"Go", "Kubernetes", "PostgreSQL", "CI/CD"}
		c.Experience = []client.Position{{Role: "Engineer", Company: "Tatra Pay", Duration: "6 years", Highlights: []string{"Moved payments to Go", "Led ten"}}}
		c.LinkedInURL = "https://www.linkedin.com/in/zuzana"
	}
	for name, v := range map[string]View{
		"summary": {}, "brief": {Selection: Selection{Detail: Brief}}, "full": {Selection: Selection{Detail: Full, Limit: 50}}, "blind": {Blind: true}, "document": {Markdown: true},
	} {
		v.Tool, v.RequestID = "get_sourcing_results", "r"
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Render(run, v)
			}
		})
	}
	b.Run("table", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			CSV(run, "r", false)
		}
	})
}
