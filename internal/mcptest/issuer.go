package mcptest

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Issuer is an authorization server that publishes its keys and signs whatever
// a test wants. It has no logins.
type Issuer struct {
	URL string // its name, and where it can be reached

	mu      sync.Mutex
	key     *ecdsa.PrivateKey
	id      int // of key
	extra   []map[string]any
	fault   http.HandlerFunc // in place of the keys; nil for none
	fetches []time.Time
}

// NewIssuer returns an Issuer with one key.
func NewIssuer(url string) *Issuer {
	i := &Issuer{URL: url}
	i.Rotate()
	return i
}

// Rotate replaces the key by a new one with another id.
func (i *Issuer) Rotate() {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.id++
	i.key = key
}

// Publish adds keys to those that are published, as JSON objects.
func (i *Issuer) Publish(keys ...map[string]any) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.extra = append(i.extra, keys...)
}

// Fail makes fault answer in place of the keys; nil ends that.
func (i *Issuer) Fail(fault http.HandlerFunc) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.fault = fault
}

// Fetches returns when the keys were asked for.
func (i *Issuer) Fetches() []time.Time {
	i.mu.Lock()
	defer i.mu.Unlock()
	return append([]time.Time(nil), i.fetches...)
}

// ServeHTTP serves the metadata and the keys.
func (i *Issuer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	answer := map[string]any{"issuer": i.URL, "jwks_uri": i.URL + "/keys"}
	var fault http.HandlerFunc
	if r.URL.Path == "/keys" {
		i.fetches = append(i.fetches, time.Now())
		answer, fault = map[string]any{"keys": append([]map[string]any{ECKey(i.key, i.kid())}, i.extra...)}, i.fault
	}
	i.mu.Unlock()
	if fault != nil {
		fault(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(answer)
}

func (i *Issuer) kid() string { return fmt.Sprintf("key-%d", i.id) }

// KeyID returns the id of the present key.
func (i *Issuer) KeyID() string {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.kid()
}

// ECKey returns the public half of a key for signatures, as it is published.
func ECKey(key *ecdsa.PrivateKey, id string) map[string]any {
	point, err := key.PublicKey.Bytes()
	if err != nil {
		panic(err)
	}
	encode := base64.RawURLEncoding.EncodeToString
	return map[string]any{"kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": id, "x": encode(point[1:33]), "y": encode(point[33:])}
}

// Claims returns those of a good token for an audience, with changes. A value
// of nil removes a claim.
func (i *Issuer) Claims(audience string, changes map[string]any) map[string]any {
	now := time.Now()
	claims := map[string]any{
		"iss": i.URL, "sub": "ada", "aud": audience, "scope": "openid sourcing:read",
		"iat": now.Unix(), "exp": now.Add(10 * time.Minute).Unix(),
	}
	maps.Copy(claims, changes)
	maps.DeleteFunc(claims, func(_ string, v any) bool { return v == nil })
	return claims
}

// Token returns claims signed with the present key. header changes the token's
// header; a value of nil removes a member.
func (i *Issuer) Token(claims, header map[string]any) string {
	i.mu.Lock()
	key, id := i.key, i.kid()
	i.mu.Unlock()
	all := map[string]any{"kid": id}
	maps.Copy(all, header)
	return Sign(jwt.SigningMethodES256, key, claims, all)
}

// Sign returns a token. A value of nil removes a member of the header.
func Sign(method jwt.SigningMethod, key crypto.PrivateKey, claims, header map[string]any) string {
	t := jwt.NewWithClaims(method, jwt.MapClaims(claims))
	maps.Copy(t.Header, header)
	maps.DeleteFunc(t.Header, func(_ string, v any) bool { return v == nil })
	token, err := t.SignedString(key)
	if err != nil {
		panic(err)
	}
	return token
}

// Dial opens a connection.
type Dial = func(ctx context.Context, network, address string) (net.Conn, error)

// Start serves the issuer as ServePipes does.
func (i *Issuer) Start() (dial Dial, stop func()) { return ServePipes(i) }

// ServePipes serves h on in-memory connections, which dial opens, until stop is
// called. So it works in a synctest bubble.
func ServePipes(h http.Handler) (dial Dial, stop func()) {
	l := &pipeListener{conns: make(chan net.Conn), closed: make(chan struct{})}
	s := &http.Server{Handler: h, ReadHeaderTimeout: time.Minute, ErrorLog: log.New(io.Discard, "", 0)}
	go func() { _ = s.Serve(l) }()
	dial = func(ctx context.Context, _, _ string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		select {
		case l.conns <- theirs:
			return ours, nil
		case <-l.closed:
			return nil, errors.New("connection refused")
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return dial, func() { _ = s.Close() }
}

// pipeListener is a listener of in-memory connections.
type pipeListener struct {
	conns  chan net.Conn
	once   sync.Once
	closed chan struct{}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.conns:
		return conn, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (*pipeListener) Addr() net.Addr { return &net.TCPAddr{} }
