package poll_test

import (
	"context"
	"fmt"
	"time"

	"instaview-mcp/client"
	"instaview-mcp/client/poll"
)

// instaview has one run, which has ended.
type instaview struct{}

func (instaview) Results(context.Context, string) (*client.Results, error) {
	return &client.Results{RequestID: "req_1", Status: client.StatusCompleted, Candidates: []client.Candidate{{Name: "Mira Novak"}}}, nil
}

func ExamplePoller_Wait() {
	p := poll.New(instaview{}) // normally a *client.Client
	defer p.Close()

	seen, err := p.Wait(context.Background(), "req_1", 50*time.Second, nil)
	switch {
	case err != nil:
		fmt.Println("no wait:", err)
	case seen.Err != nil:
		fmt.Println("InstaView could not be asked:", seen.Err.Code)
	case seen.Results == nil || seen.Results.InProgress():
		fmt.Println("goes on; may be asked again in", seen.NextIn)
	default:
		fmt.Println(seen.Results.Status, len(seen.Results.Candidates))
	}
	// Output: completed 1
}
