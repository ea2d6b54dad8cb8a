package tenant

import (
	"context"
	"time"

	"instaview-mcp/client"
	"instaview-mcp/client/poll"
)

// Companies reads and starts runs with one key of the server's own, for the
// company that each caller belongs to.
type Companies struct {
	*Pool
	key client.Key
}

// ForCompanies returns what reads and starts runs through p with key.
func (p *Pool) ForCompanies(key client.Key) Companies { return Companies{p, key} }

// Get calls Pool.Get for the company of ctx's caller.
func (c Companies) Get(ctx context.Context, requestID string) (poll.Snapshot, error) {
	return c.Pool.Get(c.with(ctx), requestID)
}

// Wait calls Pool.Wait for the company of ctx's caller.
func (c Companies) Wait(ctx context.Context, requestID string, d time.Duration, onSnapshot func(poll.Snapshot)) (poll.Snapshot, error) {
	return c.Pool.Wait(c.with(ctx), requestID, d, onSnapshot)
}

// Start calls Pool.Start for the company of ctx's caller.
func (c Companies) Start(ctx context.Context, b client.Brief) (*client.Started, error) {
	return c.Pool.Start(c.with(ctx), b)
}

// Refine calls Pool.Refine for the company of ctx's caller.
func (c Companies) Refine(ctx context.Context, requestID string, r client.Refinement, before *client.Results) (*client.Started, error) {
	return c.Pool.Refine(c.with(ctx), requestID, r, before)
}

// Hint calls poll.Poller.Hint for the runs of all companies. Before the first
// call there are none, except those of other replicas.
func (c Companies) Hint(requestID string) {
	c.mu.Lock()
	known := c.entries[hash(c.key.Reveal())] != nil
	c.mu.Unlock()
	if !known && c.store == nil {
		return
	}
	if a, err := c.take(c.key); err == nil {
		a.poller.Hint(requestID)
		c.done(a, false)
	}
}

// with adds the key for a caller with a company. Without a company there is no
// key either, so that nobody uses the key for its own company.
func (c Companies) with(ctx context.Context) context.Context {
	company := CredentialsOf(ctx).CompanyID
	if company == "" {
		return ctx
	}
	return WithCredentials(ctx, Credentials{Key: c.key, CompanyID: company})
}
