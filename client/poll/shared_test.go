package poll

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"instaview-mcp/client"
)

// largeRuns answers for every run with 1 MiB.
type largeRuns struct{}

func (largeRuns) Results(_ context.Context, id string) (*client.Results, error) {
	return &client.Results{RequestID: id, Status: client.StatusCompleted, HTTPStatus: 200,
		Candidates: []client.Candidate{{ProfileID: "p", Rationale: strings.Repeat("x", 1<<20)}}}, nil
}

func TestPollersThatShareRememberNoMoreTogetherThanOneAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var shared Shared
		var pollers []*Poller
		for range 20 {
			p := New(largeRuns{}, WithShared(&shared), WithCacheSize(8<<20))
			pollers = append(pollers, p)
			for run := range 4 {
				snapshot, err := p.Get(t.Context(), fmt.Sprint("run", run))
				if err != nil || snapshot.Results == nil {
					t.Fatal(snapshot, err)
				}
			}
		}
		if n := shared.bytes.Load(); n > DefaultCacheSize || n < DefaultCacheSize/2 {
			t.Errorf("%d MiB remembered, want at most %d and not much less", n>>20, DefaultCacheSize>>20)
		}
		for _, p := range pollers {
			p.Close()
		}
		if n := shared.bytes.Load(); n != 0 {
			t.Errorf("%d bytes remembered after the end", n)
		}
	})
}
