package jsonrpc

import (
	"context"
	"sync"
)

type acknowledgedKey struct{}

// WithAcknowledgement returns a context for a subscription, and a function to
// call when its acknowledgement was written.
func WithAcknowledgement(ctx context.Context) (context.Context, func()) {
	acknowledged := make(chan struct{})
	return context.WithValue(ctx, acknowledgedKey{}, acknowledged), sync.OnceFunc(func() { close(acknowledged) })
}

// AwaitAcknowledgement returns when the acknowledgement of ctx's subscription
// was written. If the subscription ended before, mcp-go's Streamable HTTP would
// drop the acknowledgement. Other transports always send it.
func AwaitAcknowledgement(ctx context.Context) {
	if acknowledged, ok := ctx.Value(acknowledgedKey{}).(chan struct{}); ok {
		select {
		case <-acknowledged:
		case <-ctx.Done():
		}
	}
}
