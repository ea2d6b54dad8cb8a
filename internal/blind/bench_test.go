package blind

import (
	"testing"

	"instaview-mcp/internal/sanitize"
)

const rationale = "Jane has over 6 years of experience leading ML infrastructure at TechCorp. She has active contributions to vLLM, has scaled agent " +
	"architectures to 2M daily users, and mentors a team of five. Her recent talk on CI/CD for models matches the role; tenure before 2022 " +
	"was short, and she has not used Rust in production yet, so ask Doe."

func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		New("Ing. Jane Doe, PhD | ML Engineer", []sanitize.Clean{"TechCorp", "Acme Robotics"}, []sanitize.Clean{"ML Engineer", "Bratislava, Slovakia", "Go", "Rust", "Python"})
	}
}

func BenchmarkHide(b *testing.B) {
	m := New("Ing. Jane Doe, PhD | ML Engineer", nil, nil)
	b.SetBytes(int64(len(rationale)))
	for b.Loop() {
		m.Hide(rationale, Prose)
	}
}
