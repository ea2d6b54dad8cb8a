package sanitize

import (
	"strings"
	"testing"
)

const rationale = "Jane has over 6 years of experience leading ML infrastructure at TechCorp. She has active contributions to vLLM, has scaled agent " +
	"architectures to 2M daily users, and mentors a team of five. Her recent talk on CI/CD for models matches the role; tenure before 2022 " +
	"was short, and she has not used Rust in production yet, so ask."

func TestCleanTextIsNotCopied(t *testing.T) {
	var got Text
	if n := testing.AllocsPerRun(100, func() { got = Line(rationale, 1200) }); n != 0 {
		t.Errorf("Line of %d clean characters allocates %v times, want never", len(got.Clean), n)
	}
}

func BenchmarkLine(b *testing.B) {
	for _, c := range []struct {
		name, text string
		max        int
	}{
		{"clean", rationale, 1200},
		{"cut", rationale, 200},
		{"slashed", strings.ReplaceAll(rationale, "CI/CD", "Node.js/React"), 1200},
		{"accented", strings.ReplaceAll(rationale, "Jane", "Zoë"), 1200},
		{"chinese", strings.Repeat("李雷是一位资深工程师。", 30), 1200},
		{"dirty", rationale + " [x](https://evil.example) <b>\u200b", 1200},
		{"flood of letters", strings.Repeat("A", 5_000_000), 1200},
		{"flood of markup, whole", strings.Repeat("![", 1_000_000), 0},
		{"flood of comments, whole", strings.Repeat("<!--", 500_000), 0},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(int64(len(c.text)))
			b.ReportAllocs()
			for b.Loop() {
				Line(c.text, c.max)
			}
		})
	}
}
