package oauth

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"instaview-mcp/internal/mcptest"
)

const audience = "https://mcp.example.com/mcp"

// inBubble runs test in a synctest bubble, with a Verifier of an Issuer that
// speaks http, since TLS would only cost time.
func inBubble(t *testing.T, change func(*Settings), test func(t *testing.T, v *Verifier, issuer *mcptest.Issuer)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		issuer := mcptest.NewIssuer("http://localhost")
		dial, stop := issuer.Start()
		defer stop()
		settings := Settings{Issuer: issuer.URL, Audiences: []string{audience}, DialContext: dial}
		if change != nil {
			change(&settings)
		}
		test(t, New(settings, slog.New(slog.DiscardHandler)), issuer)
	})
}

func good(i *mcptest.Issuer) string { return i.Token(i.Claims(audience, nil), nil) }

func unknown(i *mcptest.Issuer, n int) string {
	return i.Token(i.Claims(audience, nil), map[string]any{"kid": fmt.Sprintf("unknown-%d", n)})
}

func wants(t *testing.T, v *Verifier, token string, want error) {
	t.Helper()
	if _, err := v.Verify(t.Context(), token); !errors.Is(err, want) || (err == nil) != (want == nil) {
		t.Errorf("got %v, want %v", err, want)
	}
}

// T44: unknown key ids cause no storm of fetches, and are told from an outage.
func TestT44UnknownKeysAreFetchedOnceIn5Seconds(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, v *Verifier, issuer *mcptest.Issuer) {
		wants(t, v, good(issuer), nil)
		for i := range 200 { // one after the other
			wants(t, v, unknown(issuer, i), ErrInvalid)
		}
		if n := len(issuer.Fetches()); n != 1 {
			t.Errorf("%d fetches at one moment, want 1", n)
		}
		time.Sleep(fetchInterval)
		var all sync.WaitGroup
		for i := range 200 { // at the same time
			all.Go(func() { wants(t, v, unknown(issuer, i), ErrInvalid) })
		}
		all.Wait()
		if n := len(issuer.Fetches()); n != 2 {
			t.Errorf("%d fetches at two moments, want 2", n)
		}
		for i := range 600 { // for a minute
			time.Sleep(100 * time.Millisecond)
			wants(t, v, unknown(issuer, i), ErrInvalid)
		}
		times := issuer.Fetches()
		for i := 1; i < len(times); i++ {
			if apart := times[i].Sub(times[i-1]); apart < 5*time.Second {
				t.Errorf("two fetches %v apart", apart)
			}
		}
		if len(times) > 2+60/5+1 {
			t.Errorf("%d fetches in a minute", len(times))
		}
	})
}

// T45: also while strangers send tokens of unknown keys.
func TestT45ARotatedKeyIsAcceptedWithin10SecondsTwiceInARow(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, v *Verifier, issuer *mcptest.Issuer) {
		wants(t, v, good(issuer), nil)
		old := good(issuer)
		for range 2 {
			issuer.Rotate()
			rotated := time.Now()
			for {
				wants(t, v, unknown(issuer, 0), ErrInvalid)
				if _, err := v.Verify(t.Context(), good(issuer)); err == nil {
					break
				}
				time.Sleep(100 * time.Millisecond)
			}
			if took := time.Since(rotated); took > 10*time.Second {
				t.Errorf("accepted after %v", took)
			}
		}
		wants(t, v, old, ErrInvalid) // its key is no longer published
	})
}

// T46: a withdrawn key is refused even if no token brings a new one.
func TestT46AWithdrawnKeyIsRefusedAfter5Minutes(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, v *Verifier, issuer *mcptest.Issuer) {
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		go v.Run(ctx)
		synctest.Wait()
		old := good(issuer)
		wants(t, v, old, nil)
		issuer.Rotate()
		time.Sleep(5*time.Minute + 10*time.Second)
		wants(t, v, old, ErrInvalid)
	})
}

// A server that changes its key but not the id, as some do when they restart.
func TestT45AKeyThatChangesUnderTheSameIDIsFetched(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, v *Verifier, issuer *mcptest.Issuer) {
		wants(t, v, good(issuer), nil)
		time.Sleep(fetchInterval)
		issuer.Rotate()
		// No key id, so that every key is tried.
		wants(t, v, issuer.Token(issuer.Claims(audience, nil), map[string]any{"kid": nil}), nil)
	})
}

// T47: tokens of known keys go on, others are never accepted unseen.
func TestT47TheKeyServerFails(t *testing.T) {
	hang := func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	drip := func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			_, _ = io.WriteString(w, " ")
			_ = http.NewResponseController(w).Flush()
			time.Sleep(500 * time.Millisecond)
		}
	}
	answer := func(status int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		}
	}
	stranger := mcptest.NewIssuer("http://localhost")
	redirect := func(w http.ResponseWriter, r *http.Request) {
		if r.URL.RawQuery == "" {
			http.Redirect(w, r, "/keys?stranger", http.StatusFound)
			return
		}
		stranger.ServeHTTP(w, r)
	}
	for name, fault := range map[string]http.HandlerFunc{
		"hangs": hang, "sends a byte now and then": drip, "redirects": redirect,
		"is down":           func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"has a fault":       answer(500, "{}"),
		"sends a page":      answer(200, "<html>"),
		"sends nothing":     answer(200, ""),
		"has no keys":       answer(200, `{"keys":[]}`),
		"sends null":        answer(200, `null`),
		"sends a list":      answer(200, `[]`),
		"sends odd keys":    answer(200, `{"keys":[{"kty":"EC","kid":"a"},{"kty":"new"},{}]}`),
		"sends a secret":    answer(200, `{"keys":[{"kty":"oct","kid":"a","k":"c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0"}]}`),
		"sends 2 MiB":       answer(200, `{"keys":[],"x":"`+strings.Repeat("x", 2<<20)+`"}`),
		"sends what is cut": answer(200, `{"keys":[`),
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, nil, func(t *testing.T, v *Verifier, issuer *mcptest.Issuer) {
				known := good(issuer)
				issuer.Fail(fault)
				wants(t, v, known, ErrUnavailable) // nothing is known yet
				issuer.Fail(nil)
				time.Sleep(fetchInterval)
				wants(t, v, known, nil)
				issuer.Fail(fault)
				time.Sleep(fetchInterval)
				start := time.Now()
				wants(t, v, unknown(issuer, 1), ErrUnavailable)
				if took := time.Since(start); took > fetchTime {
					t.Errorf("an unknown key took %v", took)
				}
				start = time.Now()
				for i := range 50 {
					wants(t, v, known, nil)
					wants(t, v, unknown(issuer, i), ErrUnavailable)
				}
				if took := time.Since(start); took > 0 {
					t.Errorf("during the failure tokens took %v", took)
				}
				issuer.Rotate()
				wants(t, v, issuer.Token(issuer.Claims(audience, nil), map[string]any{"kid": nil}), ErrUnavailable)
				issuer.Fail(nil)
				time.Sleep(fetchInterval)
				wants(t, v, good(issuer), nil)
				wants(t, v, known, ErrInvalid)
			})
		})
	}
}

func TestAKnownKeyIsNotHeldUpByAFetch(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, v *Verifier, issuer *mcptest.Issuer) {
		wants(t, v, good(issuer), nil)
		time.Sleep(fetchInterval)
		issuer.Fail(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		go func() { _, _ = v.Verify(t.Context(), unknown(issuer, 1)) }()
		synctest.Wait()
		start := time.Now()
		wants(t, v, good(issuer), nil)
		if took := time.Since(start); took > 0 {
			t.Errorf("it took %v", took)
		}
	})
}

// T50: a caller who leaves neither ends the fetch that others wait for nor
// waits for it.
func TestT50ACallerWhoLeavesDoesNotEndTheFetch(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, v *Verifier, issuer *mcptest.Issuer) {
		release := make(chan struct{})
		issuer.Fail(func(w http.ResponseWriter, r *http.Request) {
			<-release
			issuer.Fail(nil)
			issuer.ServeHTTP(w, r)
		})
		ctx, leave := context.WithCancel(t.Context())
		left := make(chan error, 1)
		go func() {
			_, err := v.Verify(ctx, good(issuer))
			left <- err
		}()
		synctest.Wait()
		leave()
		if err := <-left; !errors.Is(err, context.Canceled) {
			t.Errorf("the one who left got %v", err)
		}
		stayed := make(chan error, 1)
		go func() {
			_, err := v.Verify(t.Context(), good(issuer))
			stayed <- err
		}()
		synctest.Wait()
		close(release)
		if err := <-stayed; err != nil {
			t.Errorf("the one who stayed got %v", err)
		}
	})
}

// T40: metadata of another issuer are not believed. T41: neither are those that
// lead elsewhere than to https.
func TestT40AndT41MetadataMustBeTheIssuersOwn(t *testing.T) {
	for name, tt := range map[string]struct {
		serve  http.HandlerFunc
		issuer string
		want   string // in the error of Probe
	}{
		"as OpenID Connect":  {metadataAt("/.well-known/openid-configuration", "http://localhost", "http://localhost/keys"), "http://localhost", ""},
		"as RFC 8414":        {metadataAt("/.well-known/oauth-authorization-server/a", "http://localhost/a", "http://localhost/keys"), "http://localhost/a", ""},
		"with a slash":       {metadataAt("/.well-known/openid-configuration", "http://localhost/", "http://localhost/keys"), "http://localhost/", ""},
		"without the slash":  {metadataAt("/.well-known/openid-configuration", "http://localhost/", "http://localhost/keys"), "http://localhost", "slash at the end"},
		"of another":         {metadataAt("/.well-known/openid-configuration", "https://evil.example", "http://localhost/keys"), "http://localhost", "names another issuer"},
		"without an issuer":  {metadataAt("/.well-known/openid-configuration", "", "http://localhost/keys"), "http://localhost", "names another issuer"},
		"with keys on http":  {metadataAt("/.well-known/openid-configuration", "http://localhost", "http://evil.example/keys"), "http://localhost", "no https address"},
		"with keys in files": {metadataAt("/.well-known/openid-configuration", "http://localhost", "file:///etc/passwd"), "http://localhost", "no https address"},
		"with keys nowhere":  {metadataAt("/.well-known/openid-configuration", "http://localhost", "https://:443/keys"), "http://localhost", "no https address"},
		"nowhere":            {http.NotFound, "http://localhost", "openid-configuration: answered with HTTP status 404"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				keys := mcptest.NewIssuer("http://localhost")
				dial, stop := mcptest.ServePipes(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if r.URL.Path == "/keys" {
						keys.ServeHTTP(w, r)
						return
					}
					tt.serve(w, r)
				}))
				defer stop()
				v := New(Settings{Issuer: tt.issuer, Audiences: []string{audience}, DialContext: dial}, slog.New(slog.DiscardHandler))
				n, err := v.Probe(t.Context())
				if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
					t.Errorf("%d keys, %v, want %q", n, err, tt.want)
				}
				if err != nil && strings.Contains(err.Error(), "evil") {
					t.Errorf("the error quotes the server: %v", err)
				}
			})
		})
	}
}

// T41: an authorization server of https has its keys there too.
func TestT41KeysOfAnHTTPSIssuerAreNotReadOverHTTP(t *testing.T) {
	for issuer, wantFault := range map[string]bool{"https://login.example.com": true, "http://localhost:9000": false} {
		k := newKeySet(Settings{Issuer: issuer}, slog.New(slog.DiscardHandler))
		if err := k.checkMetadata(issuer, "http://127.0.0.1:8080/keys"); (err != nil) != wantFault {
			t.Errorf("%s: %v", issuer, err)
		}
	}
}

func metadataAt(path, issuer, keys string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != path {
			http.NotFound(w, r)
			return
		}
		_, _ = fmt.Fprintf(w, `{"issuer":%q,"jwks_uri":%q}`, issuer, keys)
	}
}

// An outage is logged once, and its end; a refused token only at level debug.
// T42: nothing of a token is logged.
func TestT42TheLogSaysWhyAndHoldsNothingOfAToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		issuer := mcptest.NewIssuer("http://localhost")
		dial, stop := issuer.Start()
		defer stop()
		var out bytes.Buffer
		log := slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))
		v := New(Settings{Issuer: issuer.URL, Audiences: []string{audience}, DialContext: dial}, log)
		issuer.Fail(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "canary", http.StatusTeapot) })
		for range 3 {
			wants(t, v, good(issuer), ErrUnavailable)
			time.Sleep(fetchInterval)
		}
		issuer.Fail(nil)
		for claim, value := range map[string]any{"aud": "canary", "iss": "canary", "sub": nil, "exp": 1, "nbf": time.Now().Add(time.Hour).Unix()} {
			wants(t, v, issuer.Token(issuer.Claims(audience, map[string]any{claim: value, "name": "canary"}), nil), ErrInvalid)
		}
		wants(t, v, "canary", ErrInvalid)
		synctest.Wait()
		for want, times := range map[string]int{
			"level=WARN": 1, "HTTP status 418": 1, "can be read again": 1, `reason="keys cannot be read"`: 3,
			"reason=audience": 1, "reason=issuer": 1, "reason=sub": 1, "reason=expired": 1, `reason="not yet valid"`: 1, "reason=malformed": 1,
			"canary": 0, "eyJ": 0,
		} {
			if got := strings.Count(out.String(), want); got != times {
				t.Errorf("%q is there %d times, want %d:\n%s", want, got, times, &out)
			}
		}
	})
}
