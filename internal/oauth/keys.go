package oauth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/MicahParks/jwkset"
)

const (
	// fetchInterval is the shortest time between the beginnings of two fetches,
	// however many unknown keys tokens name.
	fetchInterval = 5 * time.Second
	// fetchTime limits one fetch. It is shorter than fetchInterval, so that
	// fetches never overlap and a new key is known within 10 s.
	fetchTime = 4 * time.Second
	// refreshInterval is how long a withdrawn key may still be accepted.
	refreshInterval = 5 * time.Minute
)

// maxKeys is how many keys that can verify tokens are kept. Usual servers have
// fewer than ten, and a token that names none is checked with each.
const maxKeys = 100

// errUnknownKey is for a token whose key the authorization server does not
// have.
var errUnknownKey = errors.New("unknown key")

// keySet holds the public keys of the authorization server. jwkset's own HTTP
// storage fetches once for each caller, and cannot tell an unknown key from a
// failure.
type keySet struct {
	jwkset.Storage // the keys of the last successful fetch
	issuer         string
	jwksURL        string // "" if the metadata must be asked first
	http           *http.Client
	log            *slog.Logger

	mu      sync.Mutex
	flight  *flight   // the fetch in progress; nil if none
	begun   time.Time // when the last fetch began
	last    error     // its result
	failing bool      // so that an outage is logged once
}

// flight is a fetch that several callers may wait for.
type flight struct {
	done chan struct{}
	err  error
}

func newKeySet(settings Settings, log *slog.Logger) *keySet {
	return &keySet{
		Storage: jwkset.NewMemoryStorage(),
		issuer:  settings.Issuer,
		jwksURL: settings.JWKSURL,
		http:    newHTTPClient(settings),
		log:     log,
	}
}

// run refreshes the keys until ctx ends.
func (k *keySet) run(ctx context.Context) {
	ticker := time.NewTicker(refreshInterval)
	defer ticker.Stop()
	for {
		_ = k.refresh(ctx)
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// refresh fetches the keys, or waits for the fetch in progress. The result of a
// fetch holds until the next one may begin. The error wraps ErrUnavailable or
// is ctx's own.
func (k *keySet) refresh(ctx context.Context) error {
	k.mu.Lock()
	f := k.flight
	if f == nil {
		if !k.begun.IsZero() && time.Since(k.begun) < fetchInterval {
			defer k.mu.Unlock()
			return k.last
		}
		f = &flight{done: make(chan struct{})}
		k.flight, k.begun = f, time.Now()
		// Not under the caller's context, since others wait for it too.
		go k.fly(context.WithoutCancel(ctx), f)
	}
	k.mu.Unlock()
	select {
	case <-f.done:
		return f.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// fly makes the fetch that f stands for.
func (k *keySet) fly(ctx context.Context, f *flight) {
	ctx, cancel := context.WithTimeout(ctx, fetchTime)
	defer cancel()
	err := k.fetch(ctx)
	if err != nil {
		f.err = fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	k.mu.Lock()
	k.flight, k.last = nil, f.err
	changed := k.failing != (err != nil)
	k.failing = err != nil
	k.mu.Unlock()
	switch {
	case changed && err != nil:
		k.log.Warn("the authorization server's keys cannot be read; tokens of known keys are still accepted", "why", err)
	case changed:
		k.log.Info("the authorization server's keys can be read again")
	}
	close(f.done)
}

// fetch replaces the keys by those that the authorization server publishes now.
// If it fails, or there are none, the known keys stay.
func (k *keySet) fetch(ctx context.Context) error {
	address := k.jwksURL
	if address == "" {
		var err error
		if address, err = k.discover(ctx); err != nil {
			return err
		}
	}
	var published struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := k.get(ctx, address, &published); err != nil {
		return fmt.Errorf("the keys of the authorization server: %w; INSTAVIEW_MCP_OAUTH_JWKS_URL can name another place", err)
	}
	var keys []jwkset.JWK
	for _, each := range published.Keys {
		if key, ok := verificationKey(each); ok {
			keys = append(keys, key)
		}
	}
	switch {
	case len(keys) == 0:
		return errors.New("the authorization server publishes no public keys that can verify a token")
	case len(keys) > maxKeys:
		return fmt.Errorf("the authorization server publishes more than %d keys", maxKeys)
	}
	return k.KeyReplaceAll(ctx, keys)
}
