package config

import "testing"

// InstaView keeps the secret, so it must not be the token that opens the
// server. Of a delivery nobody can tell which caller's key it is about.
func TestTheWebhookSecretIsTheServersAlone(t *testing.T) {
	const good, name = "correct-horse-battery", "INSTAVIEW_MCP_WEBHOOK_SECRET"
	for what, tt := range map[string]struct {
		env  map[string]string
		want string
	}{
		"beside another token": {map[string]string{name: good, "INSTAVIEW_MCP_AUTH_TOKEN": "another-token-of-ours"}, ""},
		"the token":            {map[string]string{name: good, "INSTAVIEW_MCP_AUTH_TOKEN": good}, name + " must not be the same as INSTAVIEW_MCP_AUTH_TOKEN"},
		"the token in a file":  {map[string]string{name + "_FILE": writeFile(t, good, 0o600), "INSTAVIEW_MCP_AUTH_TOKEN": good}, name + "_FILE must not be the same"},
		"the API key":          {map[string]string{name: good, "INSTAVIEW_API_KEY": good}, name + " must not be the same as INSTAVIEW_API_KEY"},
		"callers' keys":        {map[string]string{name: good, "INSTAVIEW_MCP_CALLER_KEYS": "true", "INSTAVIEW_API_KEY": ""}, name + " and INSTAVIEW_MCP_CALLER_KEYS=true exclude each other"},
		"a file's reference":   {map[string]string{name + "_FILE": "%CANARY%"}, name + "_FILE is a literal ${…}"},
		"beside a reference":   {map[string]string{name: good, name + "_FILE": "${FILE}"}, ""},
		"every printable sign": {map[string]string{name: "!#$%&()*+,-./:;<=>?@[\\]^_{|}~0aZ"}, ""},
		"a tab in a file":      {map[string]string{name + "_FILE": writeFile(t, "correct\thorse-battery", 0o600)}, name + "_FILE must be ASCII without spaces"},
	} {
		for _, transport := range []string{HTTP, SSE} {
			tt.env["INSTAVIEW_MCP_TRANSPORT"] = transport
			load(t, tt.env).wants(t, what, tt.want)
		}
	}
}

// Whoever registers a webhook sends the secret to InstaView, also if the token
// is in a file that only the server needs.
func TestNoTokenIsRegisteredAsAWebhookSecret(t *testing.T) {
	const token, name = "correct-horse-battery", "INSTAVIEW_MCP_WEBHOOK_SECRET"
	file := writeFile(t, token, 0o600)
	for what, environ := range map[string][]string{
		"both texts":      {name + "=" + token, "INSTAVIEW_MCP_AUTH_TOKEN=" + token},
		"the token's":     {name + "=" + token, "INSTAVIEW_MCP_AUTH_TOKEN_FILE=" + file},
		"the same file's": {name + "_FILE=" + file, "INSTAVIEW_MCP_AUTH_TOKEN_FILE=" + file},
	} {
		c := Load(t.Context(), append(environ, "INSTAVIEW_API_KEY=sk_live_0"), Use{Webhook: true})
		c.wants(t, what, "must not be the same as INSTAVIEW_MCP_AUTH_TOKEN")
	}
}
