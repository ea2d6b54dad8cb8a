package oauth

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/json"
	"slices"

	"github.com/MicahParks/jwkset"
)

// The sizes of RSA keys in bits. RFC 7518, section 3.3, sets the lower limit;
// signatures of keys above the upper one take long to verify.
const (
	minRSA = 2048
	maxRSA = 8192
)

// verificationKey returns a published key, if it is a public key for
// signatures. Others are skipped: a shared secret must verify nothing, and one
// key of a new kind must not make the rest useless.
func verificationKey(raw json.RawMessage) (jwkset.JWK, bool) {
	var published jwkset.JWKMarshal
	if json.Unmarshal(raw, &published) != nil {
		return jwkset.JWK{}, false
	}
	if published.USE != "" && published.USE != jwkset.UseSig {
		return jwkset.JWK{}, false
	}
	if len(published.KEYOPS) > 0 && !slices.Contains(published.KEYOPS, jwkset.KeyOpsVerify) {
		return jwkset.JWK{}, false
	}
	// Certificates are not needed, and would have to match.
	published.X5U, published.X5C, published.X5T, published.X5TS256 = "", nil, "", ""
	key, err := jwkset.NewJWKFromMarshal(published, jwkset.JWKMarshalOptions{}, jwkset.JWKValidateOptions{})
	if err != nil {
		return jwkset.JWK{}, false
	}
	ok := slices.ContainsFunc(algorithms, func(algorithm string) bool { return canVerify(key, algorithm) })
	return key, ok
}

// canVerify reports whether a key may verify signatures of an algorithm.
// golang-jwt checks neither the curve of a key nor its alg, nor is keyfunc
// given the alg if a token names no key.
func canVerify(key jwkset.JWK, algorithm string) bool {
	if of := key.Marshal().ALG.String(); of != "" && of != algorithm {
		return false
	}
	switch public := key.Key().(type) {
	case *rsa.PublicKey:
		bits := public.N.BitLen()
		return bits >= minRSA && bits <= maxRSA && (algorithm[:2] == "RS" || algorithm[:2] == "PS")
	case *ecdsa.PublicKey:
		return algorithm == map[int]string{256: "ES256", 384: "ES384", 521: "ES512"}[public.Curve.Params().BitSize]
	case ed25519.PublicKey:
		return algorithm == "EdDSA"
	}
	return false
}

// algorithmKeys is the storage that keyfunc looks up the key of one token in:
// those keys that may verify its algorithm.
type algorithmKeys struct {
	*keySet
	algorithm string // one of algorithms
}

// KeyRead returns the key with an id. A key that is not known is fetched.
func (k algorithmKeys) KeyRead(ctx context.Context, id string) (jwkset.JWK, error) {
	found, err := k.read(ctx, func(key jwkset.JWK) bool { return key.Marshal().KID == id })
	if err != nil {
		return jwkset.JWK{}, err
	}
	return found[0], nil
}

// KeyReadAll returns all keys, for a token that names none.
func (k algorithmKeys) KeyReadAll(ctx context.Context) ([]jwkset.JWK, error) {
	return k.read(ctx, func(jwkset.JWK) bool { return true })
}

// read returns the keys that match. If there are none, it fetches the keys
// first.
func (k algorithmKeys) read(ctx context.Context, matches func(jwkset.JWK) bool) ([]jwkset.JWK, error) {
	for fetched := false; ; fetched = true {
		all, err := k.Storage.KeyReadAll(ctx)
		if err != nil {
			return nil, err
		}
		all = slices.DeleteFunc(all, func(key jwkset.JWK) bool { return !matches(key) || !canVerify(key, k.algorithm) })
		switch {
		case len(all) > 0:
			return all, nil
		case fetched:
			return nil, errUnknownKey
		}
		if err := k.refresh(ctx); err != nil {
			return nil, err
		}
	}
}
