package cli

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"instaview-mcp/internal/mcptest"
)

func TestCheckTriesTheAuthorizationServer(t *testing.T) {
	issuer := mcptest.NewIssuer("")
	server := httptest.NewServer(issuer)
	defer server.Close()
	issuer.URL = server.URL
	other := httptest.NewServer(http.NotFoundHandler())
	defer other.Close()
	for name, tt := range map[string]struct {
		issuer, jwks, scope string
		exit                int
		want                []string
	}{
		"fine":           {issuer.URL, "", "a", 0, []string{"configuration  ok", "oauth          ok      " + issuer.URL + " publishes keys, of which 1 can verify tokens", "reachability   ok"}},
		"keys elsewhere": {"https://login.example.com", issuer.URL + "/keys", "a", 0, []string{"publishes keys, of which 1"}},
		"with a slash":   {issuer.URL + "/", "", "a", 1, []string{"oauth          failed  INSTAVIEW_MCP_OAUTH_ISSUER: the metadata at " + issuer.URL, "slash at the end", "reachability   ok"}},
		"no metadata":    {other.URL, "", "a", 1, []string{"oauth          failed", "HTTP status 404"}},
		"no keys":        {issuer.URL, other.URL + "/keys", "a", 1, []string{"oauth          failed  the keys of the authorization server: answered with HTTP status 404; INSTAVIEW_MCP_OAUTH_JWKS_URL"}},
		"nobody there":   {"http://127.0.0.1:9", "", "a", 1, []string{"oauth          failed", "connection refused"}},
		"beside a fault": {issuer.URL, "", "a b", 1, []string{"configuration  failed  INSTAVIEW_MCP_OAUTH_SCOPE must be one scope", "oauth          ok"}},
		"not an issuer":  {"login.example.com", "", "a", 1, []string{"configuration  failed  INSTAVIEW_MCP_OAUTH_ISSUER: the address"}},
	} {
		t.Run(name, func(t *testing.T) {
			env := map[string]string{
				"INSTAVIEW_MCP_OAUTH_ISSUER": tt.issuer, "INSTAVIEW_MCP_OAUTH_JWKS_URL": tt.jwks, "INSTAVIEW_MCP_OAUTH_SCOPE": tt.scope,
				"INSTAVIEW_MCP_URL": "https://mcp.example.com/mcp", "INSTAVIEW_MCP_ADDR": "127.0.0.1:0",
			}
			execute(t, env, "--demo", "--transport", "http", "check").wants(t, tt.exit, tt.want, nil)
		})
	}
}

// A key of an applicant tracking system can only be tried with a company, which
// here each caller's token names.
func TestCheckDoesNotBlameTheKeyForTheLackOfACompany(t *testing.T) {
	issuer := mcptest.NewIssuer("")
	server := httptest.NewServer(issuer)
	defer server.Close()
	issuer.URL = server.URL
	instaview := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "{}", http.StatusForbidden) }))
	defer instaview.Close()
	env := map[string]string{
		"INSTAVIEW_MCP_OAUTH_ISSUER": issuer.URL, "INSTAVIEW_MCP_OAUTH_COMPANY_CLAIM": "org", "INSTAVIEW_MCP_URL": "https://mcp.example.com/mcp",
		"INSTAVIEW_MCP_ADDR": "127.0.0.1:0", "INSTAVIEW_API_KEY": "sk_live_1", "INSTAVIEW_BASE_URL": instaview.URL,
	}
	execute(t, env, "--transport", "http", "check").wants(t, 0, []string{"key            unknown HTTP 403: the company is named by each caller's token"}, nil)
}
