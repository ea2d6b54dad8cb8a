package config

import (
	"errors"
	"net/url"
	"slices"
	"strings"

	"instaview-mcp/client"
)

const (
	issuerName = "INSTAVIEW_MCP_OAUTH_ISSUER"
	jwksName   = "INSTAVIEW_MCP_OAUTH_JWKS_URL"
	urlName    = "INSTAVIEW_MCP_URL"
)

// oauthNames are the variables that only OAuth uses.
var oauthNames = []string{
	issuerName, "INSTAVIEW_MCP_OAUTH_AUDIENCES", "INSTAVIEW_MCP_OAUTH_SCOPE", "INSTAVIEW_MCP_OAUTH_REQUIRE",
	"INSTAVIEW_MCP_OAUTH_COMPANY_CLAIM", jwksName,
}

// checkOAuth checks the settings of OAuth, and what they exclude and need. If
// no audience is set, the server's own address is the audience.
func (e *environment) checkOAuth(c *Config) {
	overHTTP := c.Transport != Stdio
	if overHTTP {
		// One that counted as not set would open the server, or let in people
		// who lack a required claim.
		for _, name := range append([]string{urlName}, oauthNames...) {
			e.refuseReference(name)
		}
	}
	e.checkOAuthValues(c)
	set := slices.DeleteFunc(slices.Clone(oauthNames), func(name string) bool { return e.values[name] == "" })
	switch {
	case len(set) == 0 || e.isFaulty(issuerName):
		return
	case c.OAuthIssuer == "":
		for _, name := range set {
			e.fault(name, "%s needs %s: set that too, or unset this", name, issuerName)
		}
		return
	case !overHTTP && !e.isFaulty("INSTAVIEW_MCP_TRANSPORT"):
		e.fault(issuerName, "%s needs HTTP: set INSTAVIEW_MCP_TRANSPORT=http", issuerName)
	case c.AuthToken.Reveal() != "" || c.AuthTokenFile != "":
		e.fault(issuerName, "%s and INSTAVIEW_MCP_AUTH_TOKEN exclude each other: unset one", issuerName)
	case c.CallerKeys:
		e.fault(issuerName, "%s and INSTAVIEW_MCP_CALLER_KEYS=true exclude each other: unset one", issuerName)
	case c.URL == "" && !e.isFaulty(urlName):
		e.fault(urlName, "%s is not set: OAuth needs the address that clients connect to, such as https://mcp.example.com/mcp", urlName)
	}
	if c.OAuthCompanyClaim != "" && c.CompanyID != "" {
		e.fault("INSTAVIEW_MCP_OAUTH_COMPANY_CLAIM", "INSTAVIEW_MCP_OAUTH_COMPANY_CLAIM and INSTAVIEW_COMPANY_ID exclude each other: unset one")
	}
	if len(c.OAuthAudiences) == 0 && c.URL != "" {
		c.OAuthAudiences = []string{c.URL}
	}
}

// scopeToken matches one scope, as in RFC 6749, section 3.3.
var scopeToken = onFirstUse(`^[!#-\[\]-~]+$`)

// plainPath matches a path that needs no escapes and cannot climb.
var plainPath = onFirstUse(`^(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*/?$`)

// plainHost matches a host and port that need no quoting in a header. What
// other characters url.Parse allows stand in no real name.
var plainHost = onFirstUse(`^([A-Za-z0-9._~-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]+)?$`)

// checkOAuthValues adds a fault for each setting of OAuth that is not of the
// required form.
func (e *environment) checkOAuthValues(c *Config) {
	for name, address := range map[string]string{urlName: c.URL, issuerName: c.OAuthIssuer, jwksName: c.OAuthJWKSURL} {
		if e.values[name] == "" {
			continue
		}
		if err := checkAddress(address, name == jwksName); err != nil {
			e.fault(name, "%s: %v", name, err)
		}
	}
	for name, ok := range map[string]bool{
		"INSTAVIEW_MCP_OAUTH_AUDIENCES": !slices.ContainsFunc(c.OAuthAudiences, func(a string) bool { return a == "" || strings.ContainsAny(a, " \t\"'") }),
		"INSTAVIEW_MCP_OAUTH_SCOPE":     c.OAuthScope == "" || scopeToken().MatchString(c.OAuthScope),
		"INSTAVIEW_MCP_OAUTH_REQUIRE":   !slices.ContainsFunc(c.OAuthRequire, func(r string) bool { return !isRequirement(r) }),
	} {
		if e.values[name] != "" && !ok {
			e.invalid(name)
		}
	}
}

// isRequirement reports whether s is claim=value.
func isRequirement(s string) bool {
	claim, value, _ := strings.Cut(s, "=")
	return claim != "" && strings.TrimSpace(claim) == claim && value != "" && strings.TrimSpace(value) == value && value != "@"
}

// checkAddress returns why an address must not be used, or nil.
func checkAddress(raw string, queryAllowed bool) error {
	u, err := url.Parse(raw)
	switch {
	case err != nil || u.Opaque != "" || !plainHost().MatchString(u.Host):
		return errors.New("the address is not of the form https://host/path")
	case u.User != nil || strings.Contains(raw, "#") || !queryAllowed && strings.Contains(raw, "?"):
		return errors.New("the address must not hold a user, a query or a fragment")
	case !plainPath().MatchString(u.EscapedPath()):
		return errors.New("the address's path must be plain")
	case u.Scheme == "https", u.Scheme == "http" && client.IsLoopback(u.Hostname()):
		return nil
	default:
		return errors.New("the address must be https (http only for a loopback address)")
	}
}
