package config

import (
	"maps"
	"reflect"
	"runtime"
	"strings"
	"testing"
)

func TestAnUnexpandedReferenceCountsAsUnsetAndIsReported(t *testing.T) {
	for _, value := range []string{
		"${CANARY}", "${env:CANARY}", "${input:canary-key}", "$CANARY", "$env:CANARY", "$(CANARY)", "%CANARY%", "{env:CANARY}", "{{ CANARY }}",
	} {
		c := load(t, map[string]string{"INSTAVIEW_API_KEY": value, "INSTAVIEW_REQUESTS_PER_MINUTE": value})
		c.wants(t, value, "INSTAVIEW_API_KEY is a literal ${…}")
		if c.APIKey.Reveal() != "" || c.RequestsPerMinute != 108 {
			t.Errorf("%s: key %q, %d a minute", value, c.APIKey.Reveal(), c.RequestsPerMinute)
		}
		want := []string{"INSTAVIEW_REQUESTS_PER_MINUTE is a literal ${…} or the like that nothing replaced; it counts as not set. " +
			"Write the value itself, or set the variable where the client is started."}
		if !reflect.DeepEqual(c.Warnings, want) {
			t.Errorf("%s: warnings %q", value, c.Warnings)
		}
	}
	for _, v := range variables {
		c := load(t, map[string]string{v.name: " ${CANARY} "})
		if !strings.HasPrefix(v.name, "INSTAVIEW_API_KEY") {
			c.wants(t, v.name, "")
		}
		if all := append(c.Faults, c.Warnings...); len(all) != 1 || !strings.HasPrefix(all[0], v.name+" is a literal ${…}") {
			t.Errorf("%s: faults and warnings %q", v.name, all)
		}
	}
	c := load(t, map[string]string{"INSTAVIEW_API_KEY": "k", "INSTAVIEW_API_KEY_FILE": "${FILE}"})
	c.wants(t, "a key beside a reference", "")
	if len(c.Warnings) != 1 {
		t.Errorf("warnings %q", c.Warnings)
	}
}

// Over HTTP these variables protect the server: if one counted as not set,
// anyone could use the server, or the server's key.
func TestAnUnexpandedReferenceOfWhatProtectsAServerIsAFault(t *testing.T) {
	const http, sse = "http", "sse"
	good := writeFile(t, "correct-horse-battery-staple", 0o600)
	for name, tt := range map[string]struct {
		transport string
		env       map[string]string
		fault     string // "" if there is only a warning
	}{
		"tools, of which some spend": {Stdio, map[string]string{"INSTAVIEW_ALLOW_START": "true", "INSTAVIEW_MCP_TOOLS": "${CANARY}"}, "INSTAVIEW_MCP_TOOLS is a literal"},
		"tools that only read":       {Stdio, map[string]string{"INSTAVIEW_MCP_TOOLS": "${CANARY}"}, ""},
		"a token":                    {http, map[string]string{"INSTAVIEW_MCP_AUTH_TOKEN": "${CANARY}"}, "INSTAVIEW_MCP_AUTH_TOKEN is a literal"},
		"a token over SSE":           {sse, map[string]string{"INSTAVIEW_MCP_AUTH_TOKEN": "$CANARY"}, "INSTAVIEW_MCP_AUTH_TOKEN is a literal"},
		"a token's file":             {http, map[string]string{"INSTAVIEW_MCP_AUTH_TOKEN_FILE": "%CANARY%"}, "INSTAVIEW_MCP_AUTH_TOKEN_FILE is a literal"},
		"callers' keys":              {http, map[string]string{"INSTAVIEW_MCP_CALLER_KEYS": "${CANARY}"}, "INSTAVIEW_MCP_CALLER_KEYS is a literal"},
		"callers' keys alone":        {http, map[string]string{"INSTAVIEW_MCP_CALLER_KEYS": "${CANARY}", "INSTAVIEW_API_KEY": ""}, "INSTAVIEW_MCP_CALLER_KEYS is a literal"},
		"a token beside its file":    {http, map[string]string{"INSTAVIEW_MCP_AUTH_TOKEN": "${CANARY}", "INSTAVIEW_MCP_AUTH_TOKEN_FILE": good}, ""},
		"stdio, which has no token":  {Stdio, map[string]string{"INSTAVIEW_MCP_AUTH_TOKEN": "${CANARY}"}, ""},
	} {
		env := map[string]string{"INSTAVIEW_MCP_TRANSPORT": tt.transport}
		maps.Copy(env, tt.env)
		c := load(t, env)
		c.wants(t, name, tt.fault)
		if (tt.fault == "") != (len(c.Warnings) == 1) {
			t.Errorf("%s: warnings %q", name, c.Warnings)
		}
	}
}

// N26: Docker's --env-file and Windows' set keep quotation marks that a shell
// removes. Every setting with them gets a fault.
func TestN26QuotationMarksAroundAValueAreSaid(t *testing.T) {
	for _, v := range variables {
		for _, value := range []string{`"canary"`, `'canary'`, "`canary`", "“canary”", `"${CANARY}"`, `canary"`, `"C:\canary`} {
			c := load(t, map[string]string{v.name: value})
			c.wants(t, v.name+"="+value, v.name+": the value has quotation marks around it: leave them out")
		}
	}
}

func TestN24AMisspeltVariableIsReportedWithTheNearestName(t *testing.T) {
	for name, want := range map[string]string{
		"INSTAVIEW_APIKEY":              "INSTAVIEW_API_KEY",
		"INSTAVIEW_API_KEYS":            "INSTAVIEW_API_KEY",
		"INSTAVIEW_API_KYE":             "INSTAVIEW_API_KEY",
		"INSTAVIEW_MCP_API_KEY":         "INSTAVIEW_API_KEY",
		"INSTAVEIW_API_KEY":             "INSTAVIEW_API_KEY",
		"INSTA_VIEW_API_KEY":            "INSTAVIEW_API_KEY",
		"INSTAVIEW_API_KEYFILE":         "INSTAVIEW_API_KEY_FILE",
		"INSTAVIEW_API_FILE":            "INSTAVIEW_API_KEY_FILE",
		"INSTAVIEW_URL":                 "INSTAVIEW_MCP_URL",
		"INSTAVIEW_COMPANY":             "INSTAVIEW_COMPANY_ID",
		"INSTAVIEW_TRANSPORT":           "INSTAVIEW_MCP_TRANSPORT",
		"INSTAVIEW_MCP_TRANSPROT":       "INSTAVIEW_MCP_TRANSPORT",
		"INSTAVIEW_LOG_LEVEL":           "INSTAVIEW_MCP_LOG_LEVEL",
		"INSTAVIEW_MCP_LOGLEVEL":        "INSTAVIEW_MCP_LOG_LEVEL",
		"INSTAVIEW_MCP_TOKEN":           "INSTAVIEW_MCP_AUTH_TOKEN",
		"INSTAVIEW_MCP_ADDRESS":         "INSTAVIEW_MCP_ADDR",
		"INSTAVIEW_MCP_ALLOWED_HOST":    "INSTAVIEW_MCP_ALLOWED_HOSTS",
		"INSTAVIEW_MCP_ALLOW_CONTACTS":  "INSTAVIEW_ALLOW_CONTACTS",
		"INSTAVIEW_MCP_DEFAULT_WAIT_S":  "INSTAVIEW_MCP_DEFAULT_WAIT",
		"INSTAVIEW-API-KEY":             "INSTAVIEW_API_KEY",
		"INSTAVIEW_API_KEY ":            "INSTAVIEW_API_KEY",
		"Instaview_Mcp_Tls_Terminate":   "INSTAVIEW_MCP_TLS_TERMINATED",
		"PATH":                          "",
		"API_KEY":                       "",
		"HTTPS_PROXY":                   "",
		"INSTALL_DIR":                   "",
		"":                              "",
		"=C:":                           "",
		strings.Repeat("INSTAVIEW", 20): "",
	} {
		c := load(t, map[string]string{name: "canary"})
		c.wants(t, name, "")
		got := strings.Join(c.Warnings, "\n")
		if (got == "") != (want == "") || !strings.HasSuffix(got, "the nearest name is "+want+".") && want != "" {
			t.Errorf("%q: warnings %q, want %q", name, got, want)
		}
		if strings.Contains(got, "canary") {
			t.Errorf("%q: warnings %q hold the value", name, got)
		}
	}
	if runtime.GOOS != "windows" {
		if c := load(t, map[string]string{"instaview_api_key": "canary"}); len(c.Warnings) != 1 || !strings.HasSuffix(c.Warnings[0], "INSTAVIEW_API_KEY.") {
			t.Errorf("in lower case: %q", c.Warnings)
		}
	}
	if c := load(t, map[string]string{"INSTAVIEW_APIKEY": ""}); len(c.Warnings) > 0 {
		t.Errorf("an empty variable: %q", c.Warnings)
	}
}

func TestWarningsHaveAFixedOrder(t *testing.T) {
	env := map[string]string{
		"INSTAVIEW_ZED": "1", "INSTAVIEW_MCP_ADDR": "${ADDR}", "INSTAVIEW_A": "1", "INSTAVIEW_COMPANY_ID": "${ID}", "INSTAVIEW_M": "1",
	}
	for range 20 {
		var got []string
		for _, w := range load(t, env).Warnings {
			name, _, _ := strings.Cut(w, " ")
			got = append(got, name)
		}
		want := []string{"INSTAVIEW_COMPANY_ID", "INSTAVIEW_MCP_ADDR", `"INSTAVIEW_A"`, `"INSTAVIEW_M"`, `"INSTAVIEW_ZED"`}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("got %q, want %q", got, want)
		}
	}
}

func TestTheLastValueOfANameCounts(t *testing.T) {
	c := Load(t.Context(), []string{"INSTAVIEW_API_KEY=a", "INSTAVIEW_API_KEY=b=c", "X"}, Use{})
	if c.APIKey.Reveal() != "b=c" {
		t.Errorf("key %q", c.APIKey.Reveal())
	}
}
