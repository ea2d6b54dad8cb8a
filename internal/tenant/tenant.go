// Package tenant says on whose behalf a request is made, and keeps what serves
// one caller apart from what serves the others: two who name the same run never
// share what was seen of it, nor the budget of requests.
package tenant

import (
	"context"
	"crypto/sha256"
	"encoding/hex"

	"instaview-mcp/client"
)

// ID stands for a caller in memory and in logs: a hash of the credentials, that
// nothing can be read from. The zero value is the one caller of a server that
// has the key itself.
type ID string

// Credentials are what callers bring who use their own keys.
type Credentials struct {
	Key       client.Key
	CompanyID string // "" for the key's own
}

// ID tells callers apart: by key, and by company for keys that are good for
// several.
func (c Credentials) ID() ID { return hash(c.Key.Reveal() + "\x00" + c.CompanyID) }

func hash(s string) ID {
	sum := sha256.Sum256([]byte(s))
	return ID(hex.EncodeToString(sum[:8]))
}

type (
	idKey          struct{}
	credentialsKey struct{}
)

// With returns a context in which IDOf finds id.
func With(ctx context.Context, id ID) context.Context {
	return context.WithValue(ctx, idKey{}, id)
}

// WithCredentials returns a context on behalf of the caller who brought c.
func WithCredentials(ctx context.Context, c Credentials) context.Context {
	return context.WithValue(With(ctx, c.ID()), credentialsKey{}, c)
}

// IDOf returns on whose behalf ctx is; "" if that was not said.
func IDOf(ctx context.Context) ID {
	id, _ := ctx.Value(idKey{}).(ID)
	return id
}

// CredentialsOf returns what the caller brought; the zero value if nothing.
func CredentialsOf(ctx context.Context) Credentials {
	c, _ := ctx.Value(credentialsKey{}).(Credentials)
	return c
}
