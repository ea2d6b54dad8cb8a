// Command authserver is an authorization server for the tests: the provider of
// zitadel/oidc with its example storage, where everyone is logged in at once.
// It is a module of its own, so that its many dependencies stay out of the
// program's.
//
// It prints its address and serves until it is killed. /test/rotate replaces
// the signing key, /test/lifetime?seconds=N sets how long new access tokens are
// valid, and /test/refreshes tells how many were renewed.
package main

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"log"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/zitadel/oidc/v3/example/server/storage"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// The one registered client, and the scope of the server under test.
const (
	clientID    = "instaview-tests"
	redirectURI = "http://127.0.0.1:9/callback"
	scope       = "sourcing:read"
	user        = "id1"
)

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	issuer := "http://" + listener.Addr().String()
	storage.RegisterClients(storage.NativeClient(clientID, redirectURI))
	users := storage.NewUserStore(issuer)
	s := &store{Storage: storage.NewStorage(users), resources: map[string]string{}, lifetime: 5 * time.Minute}
	s.rotate()
	provider, err := op.NewProvider(
		&op.Config{CryptoKey: [32]byte{1}, CodeMethodS256: true, GrantTypeRefreshToken: true, SupportedScopes: []string{"openid", "offline_access", scope}},
		s, op.StaticIssuer(issuer), op.WithAllowInsecure())
	if err != nil {
		log.Fatal(err)
	}
	callback := op.AuthCallbackURL(provider)
	mux := http.NewServeMux()
	mux.Handle("/login/username", op.NewIssuerInterceptor(provider.IssuerFromRequest).HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := r.FormValue("authRequestID")
		account := users.GetUserByID(user)
		if err := s.CheckUsernamePassword(account.Username, account.Password, id); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		http.Redirect(w, r, callback(r.Context(), id), http.StatusFound)
	}))
	mux.HandleFunc("/test/rotate", func(http.ResponseWriter, *http.Request) { s.rotate() })
	mux.HandleFunc("/test/lifetime", func(_ http.ResponseWriter, r *http.Request) {
		seconds, _ := strconv.Atoi(r.FormValue("seconds"))
		s.mu.Lock()
		defer s.mu.Unlock()
		s.lifetime = time.Duration(seconds) * time.Second
	})
	mux.HandleFunc("/test/refreshes", func(w http.ResponseWriter, _ *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		fmt.Fprint(w, s.refreshes)
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		// The parameter of RFC 8707, which zitadel/oidc does not know.
		provider.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), resourceKey{}, r.FormValue("resource"))))
	})
	fmt.Println(issuer)
	log.Fatal(http.Serve(listener, mux))
}

type resourceKey struct{}

// store is the example's storage with keys that rotate, JWTs as access tokens,
// and the resource that a client asks for as their audience.
type store struct {
	*storage.Storage

	mu        sync.Mutex
	key       signingKey
	resources map[string]string // by the id of an authorization request
	lifetime  time.Duration
	refreshes int
}

func (s *store) rotate() {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		log.Fatal(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.key = signingKey{rand.Text(), key}
}

type signingKey struct {
	id  string
	key *rsa.PrivateKey
}

func (k signingKey) ID() string                                  { return k.id }
func (k signingKey) Key() any                                    { return k.key }
func (k signingKey) SignatureAlgorithm() jose.SignatureAlgorithm { return jose.RS256 }

type publicKey struct{ signingKey }

func (k publicKey) Key() any                           { return k.key.Public() }
func (k publicKey) Algorithm() jose.SignatureAlgorithm { return jose.RS256 }
func (k publicKey) Use() string                        { return "sig" }

func (s *store) SigningKey(context.Context) (op.SigningKey, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.key, nil
}

func (s *store) KeySet(context.Context) ([]op.Key, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return []op.Key{publicKey{s.key}}, nil
}

// client issues JWTs and may ask for the scope of the server under test.
type client struct{ op.Client }

func (client) AccessTokenType() op.AccessTokenType { return op.AccessTokenTypeJWT }
func (client) IsScopeAllowed(s string) bool        { return s == scope }

func (s *store) GetClientByClientID(ctx context.Context, id string) (op.Client, error) {
	c, err := s.Storage.GetClientByClientID(ctx, id)
	return client{c}, err
}

// request is an authorization request for a resource.
type request struct {
	*storage.AuthRequest
	resource string
}

func (r request) GetAudience() []string {
	if r.resource == "" {
		return r.AuthRequest.GetAudience()
	}
	return []string{r.resource}
}

func (s *store) CreateAuthRequest(ctx context.Context, r *oidc.AuthRequest, userID string) (op.AuthRequest, error) {
	created, err := s.Storage.CreateAuthRequest(ctx, r, userID)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.resources[created.GetID()], _ = ctx.Value(resourceKey{}).(string)
	return created, nil
}

func (s *store) AuthRequestByID(ctx context.Context, id string) (op.AuthRequest, error) {
	return s.withResource(s.Storage.AuthRequestByID(ctx, id))
}

func (s *store) AuthRequestByCode(ctx context.Context, code string) (op.AuthRequest, error) {
	return s.withResource(s.Storage.AuthRequestByCode(ctx, code))
}

func (s *store) withResource(r op.AuthRequest, err error) (op.AuthRequest, error) {
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return request{r.(*storage.AuthRequest), s.resources[r.GetID()]}, nil
}

func (s *store) CreateAccessToken(ctx context.Context, r op.TokenRequest) (string, time.Time, error) {
	id, _, err := s.Storage.CreateAccessToken(ctx, plain(r))
	return id, s.expiry(), err
}

func (s *store) CreateAccessAndRefreshTokens(ctx context.Context, r op.TokenRequest, current string) (string, string, time.Time, error) {
	id, refresh, _, err := s.Storage.CreateAccessAndRefreshTokens(ctx, plain(r), current)
	s.mu.Lock()
	if of, ok := r.(request); ok {
		s.resources[refresh] = of.resource
	} else {
		s.resources[refresh] = s.resources[current]
		s.refreshes++
	}
	s.mu.Unlock()
	return id, refresh, s.expiry(), err
}

// plain returns the example's own type, which it needs.
func plain(r op.TokenRequest) op.TokenRequest {
	if of, ok := r.(request); ok {
		return of.AuthRequest
	}
	return r
}

func (s *store) expiry() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return time.Now().Add(s.lifetime)
}

func (s *store) TokenRequestByRefreshToken(ctx context.Context, token string) (op.RefreshTokenRequest, error) {
	r, err := s.Storage.TokenRequestByRefreshToken(ctx, token)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r.(*storage.RefreshTokenRequest).Audience = []string{s.resources[token]}
	return r, nil
}

func (s *store) GetPrivateClaimsFromScopes(_ context.Context, _, _ string, scopes []string) (map[string]any, error) {
	return map[string]any{"scope": strings.Join(scopes, " "), "groups": []string{"recruiters"}}, nil
}
