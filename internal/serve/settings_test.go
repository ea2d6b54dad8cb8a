package serve

import (
	"strings"
	"testing"

	"instaview-mcp/client"
)

func TestCheckOfHTTPSettings(t *testing.T) {
	good := client.NewKey(token)
	for name, tt := range map[string]struct {
		settings HTTPSettings
		want     string // in the error; "" = none
	}{
		"loopback":                     {HTTPSettings{Addr: "127.0.0.1:8080"}, ""},
		"localhost":                    {HTTPSettings{Addr: "localhost:8080"}, ""},
		"IPv6 loopback":                {HTTPSettings{Addr: "[::1]:8080"}, ""},
		"no port":                      {HTTPSettings{Addr: "127.0.0.1"}, "INSTAVIEW_MCP_ADDR must be host:port"},
		"P05 every address, no token":  {HTTPSettings{Addr: "0.0.0.0:8080"}, "can be reached from the network: set INSTAVIEW_MCP_AUTH_TOKEN"},
		"P05 no host, no token":        {HTTPSettings{Addr: ":8080"}, "INSTAVIEW_MCP_AUTH_TOKEN"},
		"P05 IPv6, no token":           {HTTPSettings{Addr: "[::]:8080"}, "INSTAVIEW_MCP_AUTH_TOKEN"},
		"a name, no token":             {HTTPSettings{Addr: "mcp.example.com:80"}, "INSTAVIEW_MCP_AUTH_TOKEN"},
		"a token, no TLS":              {HTTPSettings{Addr: ":8080", Token: good}, "INSTAVIEW_MCP_TLS_CERT"},
		"callers' keys, no TLS":        {HTTPSettings{Addr: ":8080", CallerKeys: true}, "INSTAVIEW_MCP_TLS_TERMINATED"},
		"a token behind a proxy":       {HTTPSettings{Addr: ":8080", Token: good, TLSTerminated: true}, ""},
		"a token and TLS":              {HTTPSettings{Addr: ":8080", Token: good, TLSCert: "c", TLSKey: "k"}, ""},
		"callers' keys and TLS":        {HTTPSettings{Addr: ":8080", CallerKeys: true, TLSCert: "c", TLSKey: "k"}, ""},
		"a proxy, but no token":        {HTTPSettings{Addr: ":8080", TLSTerminated: true}, "INSTAVIEW_MCP_AUTH_TOKEN"},
		"a certificate without a key":  {HTTPSettings{Addr: "127.0.0.1:1", TLSCert: "c"}, "go together"},
		"a short token":                {HTTPSettings{Addr: "127.0.0.1:1", Token: client.NewKey("short")}, "16 characters"},
		"a token with a space":         {HTTPSettings{Addr: "127.0.0.1:1", Token: client.NewKey("correct horse battery")}, "without spaces"},
		"any host":                     {HTTPSettings{Addr: "127.0.0.1:1", AllowedHosts: []string{"*"}}, "INSTAVIEW_MCP_ALLOWED_HOSTS"},
		"a host with a scheme":         {HTTPSettings{Addr: "127.0.0.1:1", AllowedHosts: []string{"https://x"}}, "INSTAVIEW_MCP_ALLOWED_HOSTS"},
		"any origin":                   {HTTPSettings{Addr: "127.0.0.1:1", AllowedOrigins: []string{"https://*"}}, "INSTAVIEW_MCP_ALLOWED_ORIGINS"},
		"an origin that is a name":     {HTTPSettings{Addr: "127.0.0.1:1", AllowedOrigins: []string{"example.com"}}, "INSTAVIEW_MCP_ALLOWED_ORIGINS"},
		"an origin with a path":        {HTTPSettings{Addr: "127.0.0.1:1", AllowedOrigins: []string{"https://x/y"}}, "INSTAVIEW_MCP_ALLOWED_ORIGINS"},
		"hosts and origins":            {HTTPSettings{Addr: "127.0.0.1:1", AllowedHosts: []string{"a.b", "c:1"}, AllowedOrigins: []string{"https://x.y:8", "app://obsidian"}}, ""},
		"metrics on the same address":  {HTTPSettings{Addr: "127.0.0.1:1", MetricsAddr: "127.0.0.1:1"}, "INSTAVIEW_MCP_METRICS_ADDR"},
		"metrics without a port":       {HTTPSettings{Addr: "127.0.0.1:1", MetricsAddr: "x"}, "INSTAVIEW_MCP_METRICS_ADDR"},
		"metrics on their own address": {HTTPSettings{Addr: "127.0.0.1:1", MetricsAddr: ":9090"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := ""
			if err := tt.settings.Check(); err != nil {
				got = err.Error()
			}
			if (got == "") != (tt.want == "") || !strings.Contains(got, tt.want) {
				t.Errorf("error %q, want %q", got, tt.want)
			}
			if strings.Contains(got, "short") || strings.Contains(got, "horse") {
				t.Errorf("the error holds the token: %s", got)
			}
		})
	}
}

func TestHosts(t *testing.T) {
	s := HTTPSettings{AllowedHosts: []string{"mcp.example.com", "other.example.com:8443", "[2001:db8::1]"}}
	for host, want := range map[string]bool{
		"localhost": true, "LOCALHOST:1": true, "127.0.0.1:8080": true, "127.9.9.9": true, "[::1]:80": true, "[::1]": true,
		"mcp.example.com": true, "MCP.example.com:443": true, "other.example.com:8443": true, "[2001:db8::1]:80": true,
		"": false, ":80": false, "other.example.com": false, "other.example.com:1": false, "mcp.example.com.": false,
		"x.mcp.example.com": false, "mcp.example.com.evil.example": false, "localhost.evil.example": false, "127.0.0.1.evil.example": false,
		"mcp.example.com@evil.example": false, "0.0.0.0": false, "localhost:80:80": false,
	} {
		if got := s.hostAllowed(host); got != want {
			t.Errorf("%q: %v, want %v", host, got, want)
		}
	}
}

func TestOrigins(t *testing.T) {
	s := HTTPSettings{AllowedOrigins: []string{"https://app.example.com/", "null"}}
	for origin, want := range map[string]bool{
		"https://app.example.com": true, "HTTPS://APP.example.com": true,
		"http://app.example.com": false, "https://app.example.com:8443": false, "https://app.example.com.evil.example": false,
		"https://evil.example": false, "null": false, "": false,
	} {
		if got := s.originAllowed(origin); got != want {
			t.Errorf("%q: %v, want %v", origin, got, want)
		}
	}
}
