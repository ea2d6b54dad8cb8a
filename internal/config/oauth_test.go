package config

import (
	"maps"
	"reflect"
	"strings"
	"testing"
)

// oauthEnv returns the fewest settings of OAuth, with changes. A value of ""
// unsets one.
func oauthEnv(changes map[string]string) map[string]string {
	env := map[string]string{
		"INSTAVIEW_MCP_TRANSPORT":    "http",
		"INSTAVIEW_MCP_OAUTH_ISSUER": "https://login.example.com/realms/a",
		"INSTAVIEW_MCP_URL":          "https://mcp.example.com/mcp",
	}
	maps.Copy(env, changes)
	return env
}

func TestOAuthSettingsAreRead(t *testing.T) {
	c := load(t, oauthEnv(nil))
	c.wants(t, "the fewest settings", "")
	if !reflect.DeepEqual(c.OAuthAudiences, []string{"https://mcp.example.com/mcp"}) {
		t.Errorf("audiences %q, want the server's address", c.OAuthAudiences)
	}
	for _, address := range []string{"http://[::1]:9000/mcp", "http://localhost:9000/mcp", "https://MCP.example.com:8443/a/mcp"} {
		load(t, oauthEnv(map[string]string{"INSTAVIEW_MCP_URL": address})).wants(t, address, "")
	}
	c = load(t, oauthEnv(map[string]string{
		"INSTAVIEW_MCP_OAUTH_ISSUER": " http://127.0.0.1:9000/ ", "INSTAVIEW_MCP_OAUTH_AUDIENCES": "a, api://b", "INSTAVIEW_MCP_OAUTH_SCOPE": "sourcing:read",
		"INSTAVIEW_MCP_OAUTH_REQUIRE": "https://x.example/groups=a=b , email=@example.com", "INSTAVIEW_MCP_OAUTH_COMPANY_CLAIM": "org",
		"INSTAVIEW_MCP_OAUTH_JWKS_URL": "https://login.example.com/keys?appid=1", "INSTAVIEW_MCP_TRANSPORT": "sse",
	}))
	c.wants(t, "all settings", "")
	got := []any{c.OAuthIssuer, c.OAuthAudiences, c.OAuthScope, c.OAuthRequire, c.OAuthCompanyClaim, c.OAuthJWKSURL}
	want := []any{
		"http://127.0.0.1:9000/", []string{"a", "api://b"}, "sourcing:read",
		[]string{"https://x.example/groups=a=b", "email=@example.com"}, "org", "https://login.example.com/keys?appid=1",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestWrongCombinationsOfOAuthSettingsAreRefused(t *testing.T) {
	const name = "INSTAVIEW_MCP_OAUTH_"
	for _, tt := range []struct{ variable, value, want string }{
		{name + "ISSUER", "http://canary.example", name + "ISSUER: the address must be https"},
		{name + "ISSUER", "canary.example", "not of the form https://host/path"},
		{name + "ISSUER", "https://canary.example?x", "must not hold a user, a query"},
		{name + "ISSUER", "https://canary@x.example", "must not hold a user"},
		{name + "ISSUER", "https://x.example/#canary", "or a fragment"},
		{name + "ISSUER", "https://x.example/a/../canary", "path must be plain"},
		{name + "ISSUER", "https://x.example/%63anary", "path must be plain"},
		{name + "ISSUER", "https://:443/canary", "not of the form https://host/path"},
		{"INSTAVIEW_MCP_URL", `https://can"ary.example/mcp`, "not of the form https://host/path"},
		{"INSTAVIEW_MCP_URL", "https://can<ary.example/mcp", "not of the form https://host/path"},
		{name + "ISSUER", "https://canary.example,x", "not of the form https://host/path"},
		{name + "ISSUER", "${CANARY}", name + "ISSUER is a literal"},
		{name + "SCOPE", "$CANARY", name + "SCOPE is a literal"},
		{name + "REQUIRE", "%CANARY%", name + "REQUIRE is a literal"},
		{name + "AUDIENCES", "${CANARY}", name + "AUDIENCES is a literal"},
		{"INSTAVIEW_MCP_URL", "${CANARY}", "INSTAVIEW_MCP_URL is a literal"},
		{"INSTAVIEW_MCP_URL", "", "INSTAVIEW_MCP_URL is not set"},
		{"INSTAVIEW_MCP_URL", "http://canary.example/mcp", "INSTAVIEW_MCP_URL: the address must be https"},
		{name + "JWKS_URL", "http://canary.example/keys", name + "JWKS_URL: the address must be https"},
		{name + "AUDIENCES", "a,,canary", name + "AUDIENCES must be"},
		{name + "AUDIENCES", ",", name + "AUDIENCES must be"},
		{name + "AUDIENCES", "a canary", name + "AUDIENCES must be"},
		{name + "SCOPE", "two canaries", name + "SCOPE must be one scope"},
		{name + "SCOPE", "canaryč", name + "SCOPE must be one scope"},
		{name + "REQUIRE", "canary", name + "REQUIRE must be claim=value"},
		{name + "REQUIRE", "a=b,=canary", name + "REQUIRE must be claim=value"},
		{name + "REQUIRE", "email=@", name + "REQUIRE must be claim=value"},
		{"INSTAVIEW_MCP_AUTH_TOKEN", "correct-horse-battery-staple", name + "ISSUER and INSTAVIEW_MCP_AUTH_TOKEN exclude each other"},
		{"INSTAVIEW_MCP_AUTH_TOKEN_FILE", writeFile(t, "correct-horse-battery-staple", 0o600), "exclude each other"},
		{"INSTAVIEW_MCP_TRANSPORT", "stdio", name + "ISSUER needs HTTP"},
		{"INSTAVIEW_MCP_TRANSPORT", "htpp", "INSTAVIEW_MCP_TRANSPORT must be"},
	} {
		load(t, oauthEnv(map[string]string{tt.variable: tt.value})).wants(t, tt.variable+"="+tt.value, tt.want)
	}
	load(t, oauthEnv(map[string]string{"INSTAVIEW_MCP_CALLER_KEYS": "true", "INSTAVIEW_API_KEY": ""})).wants(t, "callers' keys", "exclude each other")
	load(t, oauthEnv(map[string]string{name + "COMPANY_CLAIM": "org", "INSTAVIEW_COMPANY_ID": "canary"})).wants(t, "two companies", "exclude each other")
}

// Without an issuer, a setting of OAuth would protect nothing.
func TestSettingsOfOAuthNeedAnIssuer(t *testing.T) {
	for _, name := range oauthNames[1:] {
		value := "a=b"
		if strings.HasSuffix(name, "URL") {
			value = "https://x.example/keys"
		}
		for _, transport := range []string{Stdio, HTTP, SSE} {
			load(t, map[string]string{"INSTAVIEW_MCP_TRANSPORT": transport, name: value}).wants(t, name, name+" needs INSTAVIEW_MCP_OAUTH_ISSUER")
		}
	}
	load(t, map[string]string{"INSTAVIEW_MCP_URL": "https://x.example/mcp"}).wants(t, "an address alone", "")
	c := Load(t.Context(), []string{"INSTAVIEW_API_KEY=k", "INSTAVIEW_MCP_OAUTH_SCOPE=a"}, Use{})
	c.wants(t, "a call, which serves nobody", "")
}
