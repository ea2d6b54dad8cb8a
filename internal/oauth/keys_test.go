package oauth

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"instaview-mcp/internal/mcptest"
)

// One odd key must not make the others useless.
func TestT47OddKeysAreSkipped(t *testing.T) {
	for name, odd := range map[string]any{
		"x is a number":            object{"kty": "EC", "kid": "odd", "x": 1},
		"alg is an object":         object{"kty": "EC", "kid": "odd", "alg": object{}},
		"key_ops is text":          object{"kty": "EC", "kid": "odd", "key_ops": "verify"},
		"a kind of key to come":    object{"kty": "AKP", "kid": "odd", "alg": "ML-DSA-44", "pub": "AAAA"},
		"a point off its curve":    object{"kty": "EC", "kid": "odd", "crv": "P-256", "x": "AQ", "y": "AQ"},
		"an RSA key that is empty": object{"kty": "RSA", "kid": "odd", "n": "AA", "e": "AA"},
		"text":                     "key", "null": nil, "a list": []int{1},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, nil, func(t *testing.T, v *Verifier, issuer *mcptest.Issuer) {
				key := newECKey(t)
				issuer.Fail(func(w http.ResponseWriter, _ *http.Request) {
					_ = json.NewEncoder(w).Encode(object{"keys": []any{odd, mcptest.ECKey(key, "good")}})
				})
				wants(t, v, signed(issuer, jwt.SigningMethodES256, key, object{"kid": "good"}), nil)
			})
		})
	}
}

// T08: a key verifies only what it was published for, also if a token names no
// key and all are tried.
func TestT08KeysVerifyWhatTheyAreFor(t *testing.T) {
	small, key, ec := newRSAKey(t, 1024), newRSAKey(t, minRSA), newECKey(t)
	published := func(key *rsa.PrivateKey, change object) object {
		jwk := object{"kty": "RSA", "kid": "a", "e": "AQAB", "n": base64.RawURLEncoding.EncodeToString(key.N.Bytes())}
		for name, value := range change {
			jwk[name] = value
		}
		return jwk
	}
	plainEC := mcptest.ECKey(ec, "a")
	delete(plainEC, "alg")
	for name, tt := range map[string]struct {
		published object
		method    jwt.SigningMethod
		key       crypto.PrivateKey
		want      error
	}{
		"plain":                    {published(key, nil), jwt.SigningMethodPS384, key, nil},
		"its algorithm":            {published(key, object{"alg": "RS256"}), jwt.SigningMethodRS256, key, nil},
		"another algorithm":        {published(key, object{"alg": "RS256"}), jwt.SigningMethodPS256, key, ErrInvalid},
		"another hash":             {published(key, object{"alg": "RS256"}), jwt.SigningMethodRS512, key, ErrInvalid},
		"for encryption":           {published(key, object{"use": "enc"}), jwt.SigningMethodRS256, key, ErrInvalid},
		"key_ops with verify":      {published(key, object{"key_ops": []string{"verify"}}), jwt.SigningMethodRS256, key, nil},
		"key_ops without":          {published(key, object{"key_ops": []string{"encrypt"}}), jwt.SigningMethodRS256, key, ErrInvalid},
		"a key of 1024 bits":       {published(small, nil), jwt.SigningMethodRS256, small, ErrInvalid},
		"its curve":                {plainEC, jwt.SigningMethodES256, ec, nil},
		"the algorithm of another": {plainEC, es512WithAnyCurve{}, ec, ErrInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, nil, func(t *testing.T, v *Verifier, issuer *mcptest.Issuer) {
				issuer.Publish(tt.published)
				wants(t, v, signed(issuer, tt.method, tt.key, object{"kid": "a"}), tt.want)
				wants(t, v, signed(issuer, tt.method, tt.key, nil), tt.want)
			})
		})
	}
}

// RFC 7517, section 4.5, allows keys of two kinds to have the same id.
func TestKeysOfTwoKindsMayShareAnID(t *testing.T) {
	key, ec := newRSAKey(t, minRSA), newECKey(t)
	inBubble(t, nil, func(t *testing.T, v *Verifier, issuer *mcptest.Issuer) {
		issuer.Publish(mcptest.ECKey(ec, "a"), object{"kty": "RSA", "kid": "a", "e": "AQAB", "n": base64.RawURLEncoding.EncodeToString(key.N.Bytes())})
		wants(t, v, signed(issuer, jwt.SigningMethodES256, ec, object{"kid": "a"}), nil)
		wants(t, v, signed(issuer, jwt.SigningMethodRS256, key, object{"kid": "a"}), nil)
	})
}

// T47: thousands of keys, or enormous ones, would make each token without a key
// id take long.
func TestT47ManyOrEnormousKeysAreNotUsed(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, v *Verifier, issuer *mcptest.Issuer) {
		enormous := new(big.Int).SetBit(new(big.Int).Lsh(big.NewInt(1), 100_000), 0, 1)
		issuer.Publish(object{"kty": "RSA", "kid": "a", "e": "AQAB", "n": base64.RawURLEncoding.EncodeToString(enormous.Bytes())})
		known := good(issuer)
		wants(t, v, known, nil)
		if all, err := v.keys.KeyReadAll(t.Context()); err != nil || len(all) != 1 {
			t.Errorf("%d keys, %v", len(all), err)
		}
		one, err := json.Marshal(mcptest.ECKey(newECKey(t), "a"))
		if err != nil {
			t.Fatal(err)
		}
		issuer.Fail(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(`{"keys":[` + strings.Repeat(string(one)+",", 5_000) + string(one) + `]}`))
		})
		time.Sleep(fetchInterval)
		wants(t, v, unknown(issuer, 1), ErrUnavailable)
		wants(t, v, known, nil)
	})
}

type object = map[string]any

func newRSAKey(t *testing.T, bits int) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func newECKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// signed returns a good token that is signed with a key of a test.
func signed(i *mcptest.Issuer, method jwt.SigningMethod, key crypto.PrivateKey, header object) string {
	return mcptest.Sign(method, key, i.Claims(audience, nil), header)
}

// es512WithAnyCurve signs what golang-jwt refuses to sign but verifies.
type es512WithAnyCurve struct{}

func (es512WithAnyCurve) Alg() string                      { return "ES512" }
func (es512WithAnyCurve) Verify(string, []byte, any) error { panic("not used") }
func (es512WithAnyCurve) Sign(text string, key any) ([]byte, error) {
	h := crypto.SHA512.New()
	h.Write([]byte(text))
	r, s, err := ecdsa.Sign(rand.Reader, key.(*ecdsa.PrivateKey), h.Sum(nil))
	if err != nil {
		return nil, err
	}
	return append(r.FillBytes(make([]byte, 66)), s.FillBytes(make([]byte, 66))...), nil
}
