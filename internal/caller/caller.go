// Package caller says on whose behalf a request is made. Everything that
// outlives a request is kept apart by it, so that two callers who name the same
// run never share what was seen of it.
package caller

import "context"

// ID stands for a caller in memory and in logs: a hash of the credentials, that
// nothing can be read from. The zero value is the one caller of a server that
// has the key itself.
type ID string

type contextKey struct{}

// With returns a context in which IDOf finds id.
func With(ctx context.Context, id ID) context.Context {
	return context.WithValue(ctx, contextKey{}, id)
}

// IDOf returns on whose behalf ctx is; "" if that was not said.
func IDOf(ctx context.Context) ID {
	id, _ := ctx.Value(contextKey{}).(ID)
	return id
}
