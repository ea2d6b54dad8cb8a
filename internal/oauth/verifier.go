// Package oauth verifies the access tokens that an authorization server has
// issued, and keeps that server's public keys up to date. It issues no tokens
// and stores no users.
package oauth

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/MicahParks/keyfunc/v3"
	"github.com/golang-jwt/jwt/v5"
)

// Settings say which access tokens are accepted.
type Settings struct {
	// Issuer is the authorization server, spelt exactly as in its metadata and
	// in its tokens.
	Issuer string
	// Audiences are those of which a token must have one. At least one is
	// needed, since a token for another service must not be accepted.
	Audiences []string
	// Scope is needed in every token; "" for none.
	Scope string
	// Require are claims that every token must have, as claim=value.
	Require []string
	// CompanyClaim is the claim that holds the caller's company; "" for none.
	CompanyClaim string
	// JWKSURL is where the keys are published; "" to find it in the metadata.
	JWKSURL string
	// DialContext opens connections to the authorization server; nil for the
	// usual way.
	DialContext func(ctx context.Context, network, address string) (net.Conn, error)
}

// The reasons why Verify refuses a token. Their texts are for strangers and say
// no more than RFC 6750 does.
var (
	ErrInvalid     = errors.New("the access token is missing, expired or not valid here")
	ErrScope       = errors.New("the access token lacks a scope")
	ErrForbidden   = errors.New("this account may not use this server")
	ErrUnavailable = errors.New("the authorization server's keys cannot be read at present")
)

const (
	// maxToken is in bytes. Real tokens have 1 to 4 KiB.
	maxToken = 8 << 10
	// leeway is how far the clocks of this machine and of the authorization
	// server may be apart.
	leeway = 30 * time.Second
	// maxTime is the end of the year 9999, in seconds. Far larger times
	// overflow in golang-jwt, so that the future would count as the past.
	maxTime = 253402300799
)

// algorithms are the signatures accepted: those that need no shared secret.
var algorithms = []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}

// Caller is whom a token was issued to.
type Caller struct {
	Issuer, Subject string
	Company         string // "" if no claim for it is configured
}

// Verifier verifies access tokens. Create it with New; it is safe for
// concurrent use.
type Verifier struct {
	settings Settings
	parser   *jwt.Parser
	keys     *keySet
	log      *slog.Logger
}

// New returns a Verifier that has no keys yet: the first token makes it read
// them. log gets a line when they cannot be read and, at level debug, why a
// token was refused; neither holds anything of a token.
func New(settings Settings, log *slog.Logger) *Verifier {
	return &Verifier{
		settings: settings,
		parser: jwt.NewParser(
			jwt.WithValidMethods(algorithms),
			jwt.WithIssuer(settings.Issuer),
			jwt.WithAudience(settings.Audiences...),
			jwt.WithExpirationRequired(),
			jwt.WithIssuedAt(), // refuses a time of issue in the future
			jwt.WithLeeway(leeway),
			jwt.WithStrictDecoding(),
		),
		keys: newKeySet(settings, log),
		log:  log,
	}
}

// Run reads the keys at once and then every few minutes until ctx ends, so that
// a key which the authorization server has withdrawn is refused.
func (v *Verifier) Run(ctx context.Context) { v.keys.run(ctx) }

// Probe reads the keys now and returns how many can be used. Its error is a
// sentence that names the setting to correct.
func (v *Verifier) Probe(ctx context.Context) (keys int, err error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTime)
	defer cancel()
	if err := v.keys.fetch(ctx); err != nil {
		return 0, err
	}
	all, err := v.keys.KeyReadAll(ctx)
	return len(all), err
}

// Verify returns whom a token was issued to. Its error is one of the reasons
// above, or ctx's own. It may read the keys, which takes fetchTime at most.
func (v *Verifier) Verify(ctx context.Context, token string) (Caller, error) {
	claims, err := v.claims(ctx, token)
	if err == nil {
		var caller Caller
		if caller, err = v.caller(claims); err == nil {
			return caller, nil
		}
	}
	if ctx.Err() != nil {
		return Caller{}, ctx.Err()
	}
	v.log.DebugContext(ctx, "access token refused", "reason", reason(err))
	for _, public := range []error{ErrUnavailable, ErrScope, ErrForbidden} {
		if errors.Is(err, public) {
			return Caller{}, public
		}
	}
	return Caller{}, ErrInvalid
}

// claims returns the claims of a token whose signature and times are right and
// which is meant for this server.
func (v *Verifier) claims(ctx context.Context, token string) (jwt.MapClaims, error) {
	if len(token) > maxToken {
		return nil, errSize
	}
	signed := false // with a key that was looked up
	find := func(t *jwt.Token) (any, error) {
		if err := checkHeader(t.Header); err != nil {
			return nil, err
		}
		key, err := v.key(ctx, t)
		signed = err == nil
		return key, err
	}
	parsed, err := v.parser.Parse(token, find)
	if signed && errors.Is(err, jwt.ErrTokenSignatureInvalid) {
		// The server may have changed a key under the same id, or the token
		// names no key.
		_, named := parsed.Header["kid"]
		if unread := v.keys.refresh(ctx); unread == nil {
			parsed, err = v.parser.Parse(token, find)
		} else if !named {
			err = unread // its key may be a new one
		}
	}
	if err != nil {
		return nil, err
	}
	claims := parsed.Claims.(jwt.MapClaims)
	for _, name := range []string{"exp", "nbf", "iat"} {
		if at, ok := claims[name].(float64); ok && (at < 0 || at > maxTime) {
			return nil, errTime
		}
	}
	return claims, nil
}

// key returns the key that must have signed a token; several if it names none.
func (v *Verifier) key(ctx context.Context, t *jwt.Token) (any, error) {
	find, err := keyfunc.New(keyfunc.Options{Storage: algorithmKeys{v.keys, t.Method.Alg()}})
	if err != nil {
		return nil, err
	}
	return find.KeyfuncCtx(ctx)(t)
}

// The reasons that golang-jwt has no errors for.
var (
	errSize     = errors.New("size")
	errType     = errors.New("typ")
	errCritical = errors.New("crit")
	errSubject  = errors.New("sub")
	errTime     = errors.New("time")
)

// checkHeader refuses what is signed with the same keys but is no access token,
// such as a logout token, and what an extension that golang-jwt ignores could
// change the meaning of.
func checkHeader(header map[string]any) error {
	if _, ok := header["crit"]; ok {
		return errCritical
	}
	kind, ok := header["typ"]
	if !ok {
		return nil
	}
	name, _ := kind.(string)
	name = strings.TrimPrefix(strings.ToLower(name), "application/")
	if !slices.Contains([]string{"jwt", "at+jwt"}, name) {
		return errType
	}
	return nil
}

// reason returns which rule a token broke, in a word of a fixed list.
func reason(err error) string {
	for _, known := range []struct {
		err  error
		word string
	}{
		{ErrUnavailable, "keys cannot be read"}, {errUnknownKey, "unknown key"}, {ErrScope, "scope"}, {errCompany, "company claim"},
		{ErrForbidden, "required claim"}, {errSize, "size"}, {errType, "typ"}, {errCritical, "crit"}, {errSubject, "sub"}, {errTime, "exp, nbf or iat is no time"},
		{jwt.ErrTokenMalformed, "malformed"}, {jwt.ErrTokenSignatureInvalid, "signature"}, {jwt.ErrTokenInvalidIssuer, "issuer"},
		{jwt.ErrTokenInvalidAudience, "audience"}, {jwt.ErrTokenExpired, "expired"}, {jwt.ErrTokenNotValidYet, "not yet valid"},
		{jwt.ErrTokenUsedBeforeIssued, "issued in the future"}, {jwt.ErrTokenRequiredClaimMissing, "exp, iss or aud is missing"},
	} {
		if errors.Is(err, known.err) {
			return known.word
		}
	}
	return "malformed"
}

// newHTTPClient returns a client that sends exactly one request for each call:
// it follows no redirect, and over HTTP/1 without keep-alive it never repeats
// one by itself.
func newHTTPClient(settings Settings) *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.Protocols = new(http.Protocols)
	transport.Protocols.SetHTTP1(true)
	transport.DisableKeepAlives = true
	transport.MaxResponseHeaderBytes = 64 << 10
	if settings.DialContext != nil {
		transport.DialContext = settings.DialContext
	}
	return &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
