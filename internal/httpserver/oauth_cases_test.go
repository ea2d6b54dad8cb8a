package httpserver

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"instaview-mcp/internal/mcptest"
	"instaview-mcp/internal/oauth"
)

const resource = "https://mcp.example.com/mcp"

// rsaKey is made once, because that takes a while.
var rsaKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

// rsaPublished returns the public half of rsaKey as it is published.
func rsaPublished(id string, changes ...string) map[string]any {
	published := map[string]any{
		"kty": "RSA", "kid": id, "e": "AQAB", "n": base64.RawURLEncoding.EncodeToString(rsaKey().N.Bytes()),
	}
	for _, change := range changes {
		name, value, _ := strings.Cut(change, "=")
		published[name] = value
	}
	return published
}

// newOAuthSite returns a server that accepts the tokens of an authorization
// server. It must be called in a synctest bubble.
func newOAuthSite(t *testing.T, change func(*Settings)) (*site, *mcptest.Issuer) {
	t.Helper()
	return newOAuthSiteBehind(t, change, nil)
}

func newOAuthSiteBehind(t *testing.T, change func(*Settings), before func(http.Handler) http.Handler) (*site, *mcptest.Issuer) {
	t.Helper()
	issuer := mcptest.NewIssuer("http://localhost")
	dial, stop := issuer.Start()
	s := newSiteBehind(t, func(s *Settings) {
		s.OAuth = oauth.Settings{Issuer: issuer.URL, Audiences: []string{resource, "api://instaview"}, Scope: "sourcing:read", DialContext: dial}
		s.URL = resource
		s.AllowedHosts = []string{"mcp.example.com"}
		if change != nil {
			change(s)
		}
	}, before)
	t.Cleanup(stop)
	return s, issuer
}

// encode returns one part of a token.
func encode(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return base64.RawURLEncoding.EncodeToString(raw)
}

type object = map[string]any

// Hostile access tokens, by their case numbers, and good ones beside them.
func TestTokenCases(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, issuer := newOAuthSite(t, func(s *Settings) { s.OAuth.Require = []string{"groups=recruiters", "email=@example.com"} })
		issuer.Publish(rsaPublished("rsa"), rsaPublished("rsa-256", "alg=RS256"), rsaPublished("rsa-enc", "use=enc"),
			object{"kty": "oct", "kid": "shared", "k": base64.RawURLEncoding.EncodeToString([]byte("a-secret-that-is-published-by-mistake"))})
		time.Sleep(5 * time.Second) // the keys were read at the start, and may be read again now
		entitled := object{"groups": []any{"staff", "recruiters"}, "email": "ada@example.com", "email_verified": true}
		claims := func(changes object) object {
			all := issuer.Claims(resource, entitled)
			for name, value := range changes {
				if all[name] = value; value == nil {
					delete(all, name)
				}
			}
			return all
		}
		with := func(changes object) string { return issuer.Token(claims(changes), nil) }
		headed := func(header object) string { return issuer.Token(claims(nil), header) }
		byRSA := func(method jwt.SigningMethod, id string) string {
			return mcptest.Sign(method, rsaKey(), claims(nil), object{"kid": id})
		}
		stranger, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		foreign := func(header object) string {
			return mcptest.Sign(jwt.SigningMethodES256, stranger, claims(nil), header)
		}
		publicDER, err := x509.MarshalPKIXPublicKey(rsaKey().Public())
		if err != nil {
			t.Fatal(err)
		}
		publicPEM := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: publicDER})
		good := with(nil)
		parts := strings.Split(good, ".")
		now := time.Now()
		at := func(d time.Duration) int64 { return now.Add(d).Unix() }
		const strangerURL = "https://evil.example/keys"
		for _, tt := range []struct {
			name   string
			token  string
			status int
		}{
			{"a good token", good, 200},
			{"T01 no token", "", 401},
			{"T02 alg none", encode(object{"alg": "none", "kid": issuer.KeyID()}) + "." + parts[1] + ".", 401},
			{"T02 alg None with a signature", encode(object{"alg": "None", "kid": issuer.KeyID()}) + "." + parts[1] + "." + parts[2], 401},
			{"T02 alg empty", encode(object{"alg": "", "kid": issuer.KeyID()}) + "." + parts[1] + ".", 401},
			{"T02 no alg", encode(object{"kid": issuer.KeyID()}) + "." + parts[1] + "." + parts[2], 401},
			{"T02 alg a list", encode(object{"alg": []string{"ES256"}, "kid": issuer.KeyID()}) + "." + parts[1] + "." + parts[2], 401},
			{"T02 alg in lower case", encode(object{"alg": "es256", "kid": issuer.KeyID()}) + "." + parts[1] + "." + parts[2], 401},
			{"T03 HS256 with the public key in PEM", mcptest.Sign(jwt.SigningMethodHS256, publicPEM, claims(nil), object{"kid": "rsa"}), 401},
			{"T03 HS512 with the public key in DER", mcptest.Sign(jwt.SigningMethodHS512, publicDER, claims(nil), object{"kid": "rsa"}), 401},
			{"T03 HS256 with a published secret", mcptest.Sign(jwt.SigningMethodHS256, []byte("a-secret-that-is-published-by-mistake"), claims(nil), object{"kid": "shared"}), 401},
			{"T03 HS256 with an empty secret", mcptest.Sign(jwt.SigningMethodHS256, []byte{}, claims(nil), nil), 401},
			{"T04 kid a path", foreign(object{"kid": "../../../../dev/null"}), 401},
			{"T04 kid SQL", foreign(object{"kid": "x' UNION SELECT 'key"}), 401},
			{"T04 kid a URL", foreign(object{"kid": strangerURL}), 401},
			{"T04 kid an object", headed(object{"kid": object{"a": 1}}), 401},
			{"T04 kid empty", foreign(object{"kid": ""}), 401},
			{"T05 jku of a stranger", foreign(object{"kid": "a", "jku": strangerURL}), 401},
			{"T05 x5u of a stranger", foreign(object{"kid": "a", "x5u": strangerURL}), 401},
			{"T05 jku beside a good signature", headed(object{"jku": strangerURL, "x5u": strangerURL}), 200}, // ignored
			{"T06 jwk in the header", foreign(object{"kid": "a", "jwk": mcptest.ECKey(stranger, "a")}), 401},
			{"T06 jwk and our key's id", foreign(object{"kid": issuer.KeyID(), "jwk": mcptest.ECKey(stranger, issuer.KeyID())}), 401},
			{"T06 x5c in the header", foreign(object{"kid": "a", "x5c": []string{base64.StdEncoding.EncodeToString(publicDER)}}), 401},
			{"T07 another's signature", foreign(object{"kid": issuer.KeyID()}), 401},
			{"T07 another's signature without kid", foreign(nil), 401},
			{"T07 other claims under our signature", parts[0] + "." + encode(claims(object{"sub": "eve"})) + "." + parts[2], 401},
			{"T07 another header under our signature", encode(object{"alg": "ES256", "kid": issuer.KeyID(), "a": 1}) + "." + parts[1] + "." + parts[2], 401},
			{"T07 no signature", parts[0] + "." + parts[1] + ".", 401},
			{"T07 zeros for a signature", parts[0] + "." + parts[1] + "." + base64.RawURLEncoding.EncodeToString(make([]byte, 64)), 401},
			{"T07 a signature in DER's length", parts[0] + "." + parts[1] + "." + base64.RawURLEncoding.EncodeToString(make([]byte, 71)), 401},
			{"T08 a key for encryption", byRSA(jwt.SigningMethodRS256, "rsa-enc"), 401},
			{"T08 PS256 with a key for RS256", byRSA(jwt.SigningMethodPS256, "rsa-256"), 401},
			{"T08 RS256 with an EC key's id", mcptest.Sign(jwt.SigningMethodRS256, rsaKey(), claims(nil), object{"kid": issuer.KeyID()}), 401},
			{"RS256", byRSA(jwt.SigningMethodRS256, "rsa-256"), 200},
			{"PS512", byRSA(jwt.SigningMethodPS512, "rsa"), 200},
			{"no kid", headed(object{"kid": nil}), 200},
			{"T09 issuer with a suffix", with(object{"iss": issuer.URL + ".evil.example"}), 401},
			{"T09 issuer with a path", with(object{"iss": issuer.URL + "/realms/b"}), 401},
			{"T10 issuer with a slash", with(object{"iss": issuer.URL + "/"}), 401},
			{"T11 issuer in another case", with(object{"iss": strings.ToUpper(issuer.URL)}), 401},
			{"T11 issuer of another scheme", with(object{"iss": "https://localhost"}), 401},
			{"T11 no issuer", with(object{"iss": nil}), 401},
			{"T11 issuer empty", with(object{"iss": ""}), 401},
			{"T11 issuer a list", with(object{"iss": []string{issuer.URL}}), 401},
			{"T12 no audience", with(object{"aud": nil}), 401},
			{"T13 audience empty", with(object{"aud": ""}), 401},
			{"T13 audience an empty list", with(object{"aud": []string{}}), 401},
			{"T13 audience a list of nothing", with(object{"aud": []string{""}}), 401},
			{"T14 another audience", with(object{"aud": "https://other.example.com/mcp"}), 401},
			{"T14 other audiences", with(object{"aud": []string{"account", "https://mcp.example.com/"}}), 401},
			{"T14 audience with a slash", with(object{"aud": resource + "/"}), 401},
			{"T14 audience with a suffix", with(object{"aud": resource + ".evil.example"}), 401},
			{"T14 audience without the path", with(object{"aud": "https://mcp.example.com"}), 401},
			{"T14 audience in another case", with(object{"aud": "https://MCP.example.com/mcp"}), 401},
			{"T15 audience an object", with(object{"aud": object{resource: true}}), 401},
			{"T15 audience a number", with(object{"aud": 1}), 401},
			{"T15 audience a list of all sorts", with(object{"aud": []any{resource, 1}}), 401},
			{"audience a list with ours", with(object{"aud": []string{"account", resource}}), 200},
			{"our other audience", with(object{"aud": "api://instaview"}), 200},
			{"T16 expired by 31 s", with(object{"exp": at(-31 * time.Second)}), 401},
			{"T16 expired by 30 s", with(object{"exp": at(-30 * time.Second)}), 401},
			{"expired by 29 s", with(object{"exp": at(-29 * time.Second)}), 200},
			{"T17 no expiry", with(object{"exp": nil}), 401},
			{"T17 expiry 0", with(object{"exp": 0}), 401},
			{"T17 expiry text", with(object{"exp": fmt.Sprint(at(time.Hour))}), 401},
			{"T17 expiry null", issuer.Token(func() object { c := claims(nil); c["exp"] = nil; return c }(), nil), 401},
			{"T17 expiry below zero", with(object{"exp": -1}), 401},
			{"T17 expiry in milliseconds", with(object{"exp": now.UnixMilli()}), 401},
			{"T17 expiry that overflows", with(object{"exp": 9.2e18}), 401},
			{"T17 expiry beyond 64 bits", with(object{"exp": 1e300}), 401},
			{"an expiry with a fraction", with(object{"exp": float64(at(time.Minute)) + 0.5}), 200},
			{"T18 not before a time that overflows", with(object{"nbf": 1e19}), 401},
			{"T18 not before a time below zero", with(object{"nbf": -1e300}), 401},
			{"T19 issued at a time that overflows", with(object{"iat": 1e300}), 401},
			{"T18 not before 31 s from now", with(object{"nbf": at(31 * time.Second)}), 401},
			{"not before 30 s from now", with(object{"nbf": at(30 * time.Second)}), 200},
			{"T18 not before text", with(object{"nbf": "now"}), 401},
			{"T19 issued 31 s from now", with(object{"iat": at(31 * time.Second)}), 401},
			{"T19 issued in text", with(object{"iat": "now"}), 401},
			{"no time of issue", with(object{"iat": nil}), 200},
			{"T20 no subject", with(object{"sub": nil}), 401},
			{"T20 subject empty", with(object{"sub": ""}), 401},
			{"T20 subject a number", with(object{"sub": 1}), 401},
			{"T20 subject a list", with(object{"sub": []string{"ada"}}), 401},
			{"T22 9 KiB", with(object{"padding": strings.Repeat("x", 9<<10)}), 401},
			{"7 KiB", with(object{"padding": strings.Repeat("x", 4<<10)}), 200},
			{"T23 a nested JWE", encode(object{"alg": "RSA-OAEP", "enc": "A256GCM", "cty": "JWT"}) + ".a.b.c.d", 401},
			{"T23 a token in a token", mcptest.Sign(jwt.SigningMethodES256, stranger, object{"jwt": good}, object{"cty": "JWT"}), 401},
			{"T24 a fourth part", good + "." + parts[2], 401},
			{"T24 data behind the claims", parts[0] + "." + base64.RawURLEncoding.EncodeToString([]byte(`{"a":1}{}`)) + "." + parts[2], 401},
			{"T24 padding", good + "==", 401},
			{"T24 base64 of another alphabet", parts[0] + "." + strings.ReplaceAll(parts[1], "e", "+") + "." + parts[2], 401},
			{"T24 another spelling of the last bits", respell(good), 401},
			{"T24 two parts", parts[0] + "." + parts[1], 401},
			{"T24 words", "let me in", 401},
			{"T24 only dots", "..", 401},
			{"T24 claims a list", parts[0] + "." + encode([]int{1}) + "." + parts[2], 401},
			{"T24 claims null", parts[0] + "." + encode(nil) + "." + parts[2], 401},
			{"T25 scope with a Cyrillic letter", with(object{"scope": "sourcing:reаd"}), 403},
			{"T25 scope behind a no-break space", with(object{"scope": "openid\u00a0sourcing:read"}), 403},
			{"T25 scope in full-width letters", with(object{"scope": "ｓourcing:read"}), 403},
			{"T25 scope with a zero-width space", with(object{"scope": "sourcing:read\u200b"}), 403},
			{"T26 typ logout+jwt", headed(object{"typ": "logout+jwt"}), 401},
			{"T26 typ secevent+jwt", headed(object{"typ": "secevent+jwt"}), 401},
			{"T26 typ dpop+jwt", headed(object{"typ": "dpop+jwt"}), 401},
			{"T26 typ a number", headed(object{"typ": 1}), 401},
			{"T26 typ empty", headed(object{"typ": ""}), 401},
			{"typ at+jwt", headed(object{"typ": "at+jwt"}), 200},
			{"typ application/at+jwt", headed(object{"typ": "application/AT+JWT"}), 200},
			{"no typ", headed(object{"typ": nil}), 200},
			{"T27 an extension that must be understood", headed(object{"crit": []string{"b64"}, "b64": false}), 401},
			{"T27 crit empty", headed(object{"crit": []string{}}), 401},
			{"T28 scope a number", with(object{"scope": 1}), 403},
			{"T28 scope an object", with(object{"scope": object{"sourcing:read": true}}), 403},
			{"T28 scope a list", with(object{"scope": []string{"sourcing:read"}}), 403},
			{"T28 scp a list of numbers", with(object{"scope": nil, "scp": []int{1}}), 403},
			{"T29 no scope", with(object{"scope": nil}), 403},
			{"T29 scope empty", with(object{"scope": ""}), 403},
			{"T29 a longer scope", with(object{"scope": "sourcing:read:all"}), 403},
			{"T29 a shorter scope", with(object{"scope": "sourcing"}), 403},
			{"T29 scope in another case", with(object{"scope": "Sourcing:Read"}), 403},
			{"T29 scopes with commas", with(object{"scope": "openid,sourcing:read"}), 403},
			{"scp text", with(object{"scope": nil, "scp": "openid sourcing:read"}), 200},
			{"scp a list", with(object{"scope": nil, "scp": []string{"openid", "sourcing:read"}}), 200},
			{"T30 the required claim nested", with(object{"groups": object{"recruiters": true}}), 403},
			{"T30 the required claim nested in a list", with(object{"groups": []any{[]string{"recruiters"}}}), 403},
			{"T30 the required claim in another", with(object{"groups": nil, "realm_access": object{"groups": "recruiters"}}), 403},
			{"T31 no required claim", with(object{"groups": nil}), 403},
			{"T31 another value", with(object{"groups": []string{"recruiters-former"}}), 403},
			{"T31 the value in other text", with(object{"groups": "recruiters,admins"}), 403},
			{"T31 the value in another case", with(object{"groups": "Recruiters"}), 403},
			{"the value alone", with(object{"groups": "recruiters"}), 200},
			{"T32 e-mail not verified", with(object{"email_verified": false}), 403},
			{"T32 e-mail perhaps verified", with(object{"email_verified": nil}), 403},
			{"T32 e-mail of a longer domain", with(object{"email": "ada@evil-example.com"}), 403},
			{"T32 e-mail of a subdomain", with(object{"email": "ada@x.example.com"}), 403},
			{"T32 e-mail with two domains", with(object{"email": "ada@example.com@evil.example"}), 403},
			{"T32 e-mail of nobody", with(object{"email": "@example.com"}), 403},
			{"verified in text", with(object{"email_verified": "true", "email": "ada@EXAMPLE.com"}), 200},
		} {
			headers := []string{}
			if tt.token != "" {
				headers = append(headers, "Authorization: Bearer "+tt.token)
			}
			a := s.send(t, post("/mcp", ping, headers...))
			if a.StatusCode != tt.status {
				t.Errorf("%s: status %d, want %d: %s", tt.name, a.StatusCode, tt.status, a.body)
			}
			wantsOnlyTheRFCsWords(t, tt.name, a)
		}
		if n := len(issuer.Fetches()); n > 2 {
			t.Errorf("%d fetches of the keys", n)
		}
	})
}

// respell returns a token whose signature decodes to the same bytes but is
// written differently: the last character's unused bits are set.
func respell(token string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := strings.IndexByte(alphabet, token[len(token)-1])
	return token[:len(token)-1] + string(alphabet[last^1])
}

// wantsOnlyTheRFCsWords checks T43: an answer does not say which rule a token
// broke. All with one status are the same.
func wantsOnlyTheRFCsWords(t *testing.T, name string, a answer) {
	t.Helper()
	const where = `Bearer resource_metadata="https://mcp.example.com/.well-known/oauth-protected-resource/mcp", scope="sourcing:read"`
	challenge := a.Header.Get("WWW-Authenticate")
	body := strings.TrimSpace(a.body)
	var ok bool
	switch a.StatusCode {
	case 401:
		ok = challenge == where && body == "an access token is needed: log in" ||
			challenge == where+`, error="invalid_token"` && body == "the access token is missing, expired or not valid here: log in again"
	case 403:
		ok = challenge == where+`, error="insufficient_scope"` &&
			(body == "the access token lacks a scope" || body == "this account may not use this server")
	default:
		ok = challenge == ""
	}
	if !ok {
		t.Errorf("%s: status %d, %q, %q", name, a.StatusCode, challenge, body)
	}
}
