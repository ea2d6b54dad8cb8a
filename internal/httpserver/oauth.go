package httpserver

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"

	"github.com/mark3labs/mcp-go/server"

	"instaview-mcp/internal/oauth"
	"instaview-mcp/internal/tenant"
)

// resourceServer makes a server accept the access tokens of an authorization
// server: it verifies them, and tells clients where to get one (RFC 9728).
type resourceServer struct {
	settings oauth.Settings
	verifier *oauth.Verifier
	resource string // the address of the endpoint
	metadata string // the address of the metadata about it
}

// newResourceServer returns nil if the settings have no issuer.
func newResourceServer(s Settings, logger *slog.Logger) *resourceServer {
	if s.OAuth.Issuer == "" {
		return nil
	}
	o := &resourceServer{settings: s.OAuth, verifier: oauth.New(s.OAuth, logger), resource: s.URL}
	if u, err := url.Parse(s.URL); err == nil {
		u.Path = server.ProtectedResourceMetadataPath(s.URL)
		o.metadata = u.String()
	}
	return o
}

// addEndpoints adds those that serve the metadata. A client takes the address
// from status 401, or makes it from the endpoint's, with or without its path.
func (o *resourceServer) addEndpoints(endpoints map[string]endpoint, path string) {
	metadata := server.ProtectedResourceMetadataConfig{
		Resource:               o.resource,
		AuthorizationServers:   []string{o.settings.Issuer},
		BearerMethodsSupported: []string{"header"},
		ResourceName:           "InstaView sourcing runs",
	}
	if o.settings.Scope != "" {
		metadata.ScopesSupported = []string{o.settings.Scope}
	}
	handler := server.NewProtectedResourceMetadataHandler(metadata)
	e := endpoint{method: http.MethodGet, open: true, public: true, handle: func(w *responseWriter, r *http.Request) { handler.ServeHTTP(w, r) }}
	for _, p := range []string{"", path, server.ProtectedResourceMetadataPath(o.resource)[len(server.WellKnownProtectedResourcePath):]} {
		endpoints[server.WellKnownProtectedResourcePath+p] = e
	}
}

// authenticate returns the request's context with the person whose access token
// the request brings. A token in the URL is not read, because proxies log URLs.
func (o *resourceServer) authenticate(r *http.Request) (context.Context, *refusal) {
	token, ok := bearer(r.Header)
	if !ok || token == "" {
		return nil, unauthorized("an access token is needed: log in", o.challenge(""))
	}
	caller, err := o.verifier.Verify(r.Context(), token)
	switch {
	case err == nil:
		r.Header.Del("Authorization") // nothing behind needs it
		return tenant.WithPerson(r.Context(), caller.Issuer, caller.Subject, caller.Company), nil
	case errors.Is(err, oauth.ErrScope), errors.Is(err, oauth.ErrForbidden):
		return nil, &refusal{http.StatusForbidden, err.Error(), [2]string{"WWW-Authenticate", o.challenge("insufficient_scope")}}
	case errors.Is(err, oauth.ErrInvalid):
		return nil, unauthorized(err.Error()+": log in again", o.challenge("invalid_token"))
	default: // nobody can say whether the token is good
		text := oauth.ErrUnavailable.Error() + ": try again in " + retryLater + " s"
		return nil, &refusal{http.StatusServiceUnavailable, text, [2]string{"Retry-After", retryLater}}
	}
}

// challenge returns the WWW-Authenticate header that makes a client log in. No
// part of it needs escaping, which the settings' checks see to.
func (o *resourceServer) challenge(code string) string {
	challenge := fmt.Sprintf(`Bearer resource_metadata="%s"`, o.metadata)
	if o.settings.Scope != "" {
		challenge += fmt.Sprintf(`, scope="%s"`, o.settings.Scope)
	}
	if code != "" {
		challenge += fmt.Sprintf(`, error="%s"`, code)
	}
	return challenge
}
