// Package tenant identifies the caller of a request and keeps callers apart:
// two that name the same run share neither its results nor the budget of
// requests.
package tenant

import (
	"context"
	"crypto/sha256"
	"encoding/hex"

	"instaview-mcp/client"
)

// ID identifies a caller in memory and in logs. It is a hash of what the caller
// brought. The zero value is every caller of a server that has its own key and
// no OAuth.
type ID string

// Credentials are what requests to InstaView are made with for a caller.
type Credentials struct {
	Key       client.Key // the caller's; the zero value if the server's own is used
	CompanyID string     // "" for the company that the key belongs to
}

// ID returns the caller's ID: a hash of key and company, since one key may
// serve several companies.
func (c Credentials) ID() ID { return hash(c.Key.Reveal() + "\x00" + c.CompanyID) }

func hash(s string) ID {
	sum := sha256.Sum256([]byte(s))
	return ID(hex.EncodeToString(sum[:8]))
}

type (
	idKey          struct{}
	credentialsKey struct{}
)

// With returns a context whose caller is id.
func With(ctx context.Context, id ID) context.Context {
	return context.WithValue(ctx, idKey{}, id)
}

// WithCredentials returns a context whose caller brought c.
func WithCredentials(ctx context.Context, c Credentials) context.Context {
	return context.WithValue(With(ctx, c.ID()), credentialsKey{}, c)
}

// WithPerson returns a context whose caller is a person whom an OAuth issuer
// knows as subject, and who may read only the runs of company; "" for all that
// the server's key may read. A person has an ID for each company.
func WithPerson(ctx context.Context, issuer, subject, company string) context.Context {
	id := hash(issuer + "\x00" + subject + "\x00" + company)
	return context.WithValue(With(ctx, id), credentialsKey{}, Credentials{CompanyID: company})
}

// IDOf returns the caller of ctx; "" if none was set.
func IDOf(ctx context.Context) ID {
	id, _ := ctx.Value(idKey{}).(ID)
	return id
}

// CredentialsOf returns what the caller of ctx brought; the zero value if
// nothing.
func CredentialsOf(ctx context.Context) Credentials {
	c, _ := ctx.Value(credentialsKey{}).(Credentials)
	return c
}
