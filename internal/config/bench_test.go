package config

import (
	"fmt"
	"testing"
)

// BenchmarkLoad measures Load with a hundred other variables in the
// environment.
func BenchmarkLoad(b *testing.B) {
	pairs := []string{"INSTAVIEW_API_KEY=k", "INSTAVIEW_MCP_TRANSPORT=http"}
	for i := range 100 {
		pairs = append(pairs, fmt.Sprintf("ANOTHER_PROGRAMS_VARIABLE_%d=x", i))
	}
	for b.Loop() {
		Load(b.Context(), pairs, Use{Serving: true})
	}
}
