package oauth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"instaview-mcp/client"
)

// maxDocument limits the metadata and the keys, in bytes. Usual ones have fewer
// than 20 KiB.
const maxDocument = 1 << 20

// discover returns where the authorization server publishes its keys, from its
// metadata. It asks every time, because a server may move its keys.
func (k *keySet) discover(ctx context.Context) (string, error) {
	var first error
	for _, address := range metadataAddresses(k.issuer) {
		var metadata struct {
			Issuer  string `json:"issuer"`
			JWKSURI string `json:"jwks_uri"`
		}
		err := k.get(ctx, address, &metadata)
		if err == nil {
			if err = k.checkMetadata(metadata.Issuer, metadata.JWKSURI); err == nil {
				return metadata.JWKSURI, nil
			}
		}
		if first == nil {
			first = fmt.Errorf("INSTAVIEW_MCP_OAUTH_ISSUER: the metadata at %s: %w", address, err)
		}
		if ctx.Err() != nil {
			break
		}
	}
	return "", first
}

// metadataAddresses returns where an issuer's metadata can be: as OpenID
// Connect Discovery has it, and as RFC 8414 does.
func metadataAddresses(issuer string) []string {
	addresses := []string{strings.TrimSuffix(issuer, "/") + "/.well-known/openid-configuration"}
	if u, err := url.Parse(issuer); err == nil {
		u.Path = "/.well-known/oauth-authorization-server" + strings.TrimSuffix(u.Path, "/")
		addresses = append(addresses, u.String())
	}
	return addresses
}

// checkMetadata returns what is wrong with metadata, or nil. Those of another
// issuer must not be believed (RFC 8414, section 3.3).
func (k *keySet) checkMetadata(issuer, jwksURI string) error {
	if issuer != k.issuer {
		if strings.TrimSuffix(issuer, "/") == strings.TrimSuffix(k.issuer, "/") {
			return errors.New("the two spellings of the issuer differ by the slash at the end: set it as it is there")
		}
		return errors.New("it names another issuer: set the one that it names, if that is yours")
	}
	u, err := url.Parse(jwksURI)
	plain := strings.HasPrefix(k.issuer, "http:") // so that https leads to no http service of this machine
	if err != nil || u.Hostname() == "" || u.Scheme != "https" && (u.Scheme != "http" || !plain || !client.IsLoopback(u.Hostname())) {
		return errors.New("its jwks_uri is no https address")
	}
	return nil
}

// get reads a JSON document. Its error quotes nothing of the answer.
func (k *keySet) get(ctx context.Context, address string, into any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return errors.New("the address is not valid")
	}
	req.Header.Set("Accept", "application/json")
	resp, err := k.http.Do(req)
	if err != nil {
		return connectionError(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("answered with HTTP status %d", resp.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxDocument+1))
	switch {
	case err != nil:
		return connectionError(err)
	case len(body) > maxDocument:
		return errors.New("larger than 1 MiB")
	case json.Unmarshal(body, into) != nil:
		return errors.New("not the JSON that is expected there")
	}
	return nil
}

// connectionError returns why no answer came, without the address, which the
// caller names if the operator has set it.
func connectionError(err error) error {
	if e := (*url.Error)(nil); errors.As(err, &e) {
		err = e.Err
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("no answer within %v", fetchTime)
	}
	return fmt.Errorf("cannot be read (%w)", err)
}
