package jsonrpc

import (
	"context"
	"sync"
)

type acknowledgedKey struct{}

// WithAcknowledgement returns a context for a subscription, and a function that
// must be called when its acknowledgement has been written.
func WithAcknowledgement(ctx context.Context) (context.Context, func()) {
	acknowledged := make(chan struct{})
	return context.WithValue(ctx, acknowledgedKey{}, acknowledged), sync.OnceFunc(func() { close(acknowledged) })
}

// AwaitAcknowledgement returns when the acknowledgement of ctx's subscription
// has been written. mcp-go's Streamable HTTP would drop it if the subscription
// ended before; other transports send it in any case.
func AwaitAcknowledgement(ctx context.Context) {
	if acknowledged, ok := ctx.Value(acknowledgedKey{}).(chan struct{}); ok {
		select {
		case <-acknowledged:
		case <-ctx.Done():
		}
	}
}
