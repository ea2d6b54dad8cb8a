package tenant

import (
	"context"

	"instaview-mcp/client"
	"instaview-mcp/client/poll"
)

// Own reads and starts runs with the server's own key, as a Pool does with
// those that callers bring.
type Own struct {
	*poll.Poller
	Client *client.Client
}

// Known reports true, since nobody else brings a key.
func (o Own) Known(context.Context) bool { return true }

// Start is client.Client.Start.
func (o Own) Start(ctx context.Context, b client.Brief) (*client.Started, error) {
	started, err := o.Poller.Start(func() (*client.Started, error) { return o.Client.Start(ctx, b) })
	if err == nil {
		o.Accepted(started.RequestID, nil)
	}
	return started, err
}

// Refine is client.Client.Refine, of a run with the results before.
func (o Own) Refine(ctx context.Context, requestID string, r client.Refinement, before *client.Results) (*client.Started, error) {
	started, err := o.Poller.Start(func() (*client.Started, error) { return o.Client.Refine(ctx, requestID, r) })
	if err == nil {
		o.Accepted(started.RequestID, before)
	}
	return started, err
}
