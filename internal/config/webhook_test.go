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
