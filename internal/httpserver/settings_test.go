package httpserver

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"instaview-mcp/client"
	"instaview-mcp/internal/mcptest"
)

// listening returns the address of a listener, which nobody else can have.
func listening(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l.Addr().String()
}

func TestCheckOfHTTPSettings(t *testing.T) {
	const home = "127.0.0.1:0"
	good := client.NewKey(token)
	cert, key := mcptest.CertificateFiles(t, "localhost")
	_, otherKey := mcptest.CertificateFiles(t, "localhost")
	taken := listening(t)
	large := filepath.Join(t.TempDir(), "large.pem")
	if err := errors.Join(os.WriteFile(large, nil, 0o600), os.Truncate(large, maxPEM+1)); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		settings Settings
		want     []string // text of each fault
	}{
		"loopback":                     {Settings{Addr: home}, nil},
		"localhost":                    {Settings{Addr: "localhost:0"}, nil},
		"no port":                      {Settings{Addr: "127.0.0.1"}, []string{"INSTAVIEW_MCP_ADDR must be host:port"}},
		"no such port":                 {Settings{Addr: "127.0.0.1:99999"}, []string{"INSTAVIEW_MCP_ADDR: this program cannot listen on 127.0.0.1:99999"}},
		"an address in use":            {Settings{Addr: taken}, []string{"INSTAVIEW_MCP_ADDR: this program cannot listen on " + taken}},
		"P05 every address, no token":  {Settings{Addr: "0.0.0.0:0"}, []string{"can be reached from the network: set INSTAVIEW_MCP_AUTH_TOKEN", "set INSTAVIEW_MCP_TLS_CERT"}},
		"P05 no host, no token":        {Settings{Addr: ":0", TLSTerminated: true}, []string{"INSTAVIEW_MCP_AUTH_TOKEN"}},
		"P05 IPv6, no token":           {Settings{Addr: "[::]:0", TLSTerminated: true}, []string{"INSTAVIEW_MCP_AUTH_TOKEN"}},
		"a name, no token":             {Settings{Addr: "mcp.example.com:80", TLSTerminated: true}, []string{"INSTAVIEW_MCP_AUTH_TOKEN"}},
		"a token, no TLS":              {Settings{Addr: ":0", Token: good}, []string{"INSTAVIEW_MCP_TLS_CERT"}},
		"callers' keys, no TLS":        {Settings{Addr: ":0", CallerKeys: true}, []string{"INSTAVIEW_MCP_TLS_TERMINATED"}},
		"a token behind a proxy":       {Settings{Addr: ":0", Token: good, TLSTerminated: true}, nil},
		"a token and TLS":              {Settings{Addr: ":0", Token: good, TLSCert: cert, TLSKey: key}, nil},
		"callers' keys and TLS":        {Settings{Addr: ":0", CallerKeys: true, TLSCert: cert, TLSKey: key}, nil},
		"a certificate without a key":  {Settings{Addr: home, TLSCert: cert}, []string{"go together"}},
		"a key without a certificate":  {Settings{Addr: home, TLSKey: key}, []string{"go together"}},
		"no such certificate":          {Settings{Addr: home, TLSCert: "/nonexistent/canary", TLSKey: key}, []string{"INSTAVIEW_MCP_TLS_CERT: the file cannot be read"}},
		"a directory for a key":        {Settings{Addr: home, TLSCert: cert, TLSKey: t.TempDir()}, []string{"INSTAVIEW_MCP_TLS_KEY: the file cannot be read (not a regular file)"}},
		"a device for a certificate":   {Settings{Addr: home, TLSCert: os.DevNull, TLSKey: key}, []string{"INSTAVIEW_MCP_TLS_CERT: the file cannot be read (not a regular file)"}},
		"a file without an end":        {Settings{Addr: home, TLSCert: large, TLSKey: key}, []string{"INSTAVIEW_MCP_TLS_CERT: the file cannot be read (larger than 1 MiB)"}},
		"another certificate's key":    {Settings{Addr: home, TLSCert: cert, TLSKey: otherKey}, []string{"must be files with a certificate and its key in PEM (private key does not match"}},
		"the files swapped":            {Settings{Addr: home, TLSCert: key, TLSKey: cert}, []string{"must be files with a certificate and its key in PEM"}},
		"a short token":                {Settings{Addr: home, Token: client.NewKey("short")}, []string{"16 characters"}},
		"a token with a space":         {Settings{Addr: home, Token: client.NewKey("correct horse battery")}, []string{"without spaces"}},
		"any host":                     {Settings{Addr: home, AllowedHosts: []string{"*"}}, []string{"INSTAVIEW_MCP_ALLOWED_HOSTS"}},
		"a host with a scheme":         {Settings{Addr: home, AllowedHosts: []string{"https://x"}}, []string{"INSTAVIEW_MCP_ALLOWED_HOSTS"}},
		"any origin":                   {Settings{Addr: home, AllowedOrigins: []string{"https://*"}}, []string{"INSTAVIEW_MCP_ALLOWED_ORIGINS"}},
		"an origin that is a name":     {Settings{Addr: home, AllowedOrigins: []string{"example.com"}}, []string{"INSTAVIEW_MCP_ALLOWED_ORIGINS"}},
		"an origin with a path":        {Settings{Addr: home, AllowedOrigins: []string{"https://x/y"}}, []string{"INSTAVIEW_MCP_ALLOWED_ORIGINS"}},
		"hosts and origins":            {Settings{Addr: home, AllowedHosts: []string{"a.b", "c:1"}, AllowedOrigins: []string{"https://x.y:8", "app://obsidian"}}, nil},
		"metrics on the same address":  {Settings{Addr: home, MetricsAddr: home}, []string{"INSTAVIEW_MCP_METRICS_ADDR must be host:port"}},
		"metrics without a port":       {Settings{Addr: home, MetricsAddr: "x"}, []string{"INSTAVIEW_MCP_METRICS_ADDR must be host:port"}},
		"metrics on an address in use": {Settings{Addr: home, MetricsAddr: taken}, []string{"INSTAVIEW_MCP_METRICS_ADDR: this program cannot listen on " + taken}},
		"metrics on their own address": {Settings{Addr: home, MetricsAddr: ":0"}, nil},
		"a fault of each in this order": {Settings{Addr: ":0", Token: client.NewKey("short"), AllowedHosts: []string{"*"}, AllowedOrigins: []string{"*"}, TLSKey: key, MetricsAddr: "x"},
			[]string{"INSTAVIEW_MCP_AUTH_TOKEN", "INSTAVIEW_MCP_ALLOWED_HOSTS", "INSTAVIEW_MCP_ALLOWED_ORIGINS", "INSTAVIEW_MCP_TLS_CERT", "INSTAVIEW_MCP_METRICS_ADDR"}},
	} {
		t.Run(name, func(t *testing.T) {
			got := tt.settings.Check()
			matches := len(got) == len(tt.want)
			for i := range min(len(got), len(tt.want)) {
				matches = matches && strings.Contains(got[i], tt.want[i])
			}
			if !matches {
				t.Errorf("faults %q, want %q", got, tt.want)
			}
			if all := strings.Join(got, "\n"); strings.Contains(all, "short") || strings.Contains(all, "horse") || strings.Contains(all, "canary") {
				t.Errorf("the faults hold a value: %s", all)
			}
		})
	}
}

// Each address alone would be free, but the server needs both at once.
func TestCheckListensOnBothAddressesAtOnce(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	_ = l.Close()
	s := Settings{Addr: "127.0.0.1:" + port, MetricsAddr: "localhost:" + port}
	if got := s.Check(); len(got) != 1 || !strings.HasPrefix(got[0], "INSTAVIEW_MCP_METRICS_ADDR: this program cannot listen") {
		t.Errorf("faults %q", got)
	}
	s.MetricsAddr = ""
	for range 2 { // the first check must release the addresses
		if got := s.Check(); got != nil {
			t.Errorf("faults %q", got)
		}
	}
}

func TestAuthenticationAndOpenMetricsAreKnown(t *testing.T) {
	good := client.NewKey(token)
	for want, s := range map[string]Settings{
		"none":                          {},
		"bearer token in Authorization": {Token: good},
		"each caller's InstaView key in X-InstaView-Api-Key":                                   {CallerKeys: true},
		"bearer token in Authorization and each caller's InstaView key in X-InstaView-Api-Key": {Token: good, CallerKeys: true},
	} {
		if got := s.authentication(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	for addr, want := range map[string]bool{"": false, "127.0.0.1:9090": false, "localhost:1": false, "[::1]:1": false, ":9090": true, "0.0.0.0:1": true, "10.0.0.1:1": true} {
		if got := (Settings{MetricsAddr: addr}).hasOpenMetrics(); got != want {
			t.Errorf("metrics on %q: open %t, want %t", addr, got, want)
		}
	}
}

func TestHosts(t *testing.T) {
	s := Settings{AllowedHosts: []string{"mcp.example.com", "other.example.com:8443", "[2001:db8::1]"}}
	for host, want := range map[string]bool{
		"localhost": true, "LOCALHOST:1": true, "127.0.0.1:8080": true, "127.9.9.9": true, "[::1]:80": true, "[::1]": true,
		"mcp.example.com": true, "MCP.example.com:443": true, "other.example.com:8443": true, "[2001:db8::1]:80": true,
		"": false, ":80": false, "other.example.com": false, "other.example.com:1": false, "mcp.example.com.": false,
		"x.mcp.example.com": false, "mcp.example.com.evil.example": false, "localhost.evil.example": false, "127.0.0.1.evil.example": false,
		"mcp.example.com@evil.example": false, "0.0.0.0": false, "localhost:80:80": false,
		// N09
		"[localhost": false, "localhost]": false, "[localhost]": false, "[localhost]:80": false, "[::1": false, "::1]": false, "[::1]80": false,
		"[127.0.0.1]": false, "localhost:evil.com": false, "localhost:80.evil.com": false, "127.0.0.1:evil": false, "localhost:-1": false,
		"localhost:0x50": false, "localhost/": false, "localhost/evil": false, "localhost?": false, "localhost#evil": false, "localhost\\evil": false,
		"evil@localhost": false, "evil:evil@localhost": false, "localhost ": false, "localhost,evil.com": false, "local%68ost": false, "http://localhost": false,
	} {
		if got := s.hostAllowed(host); got != want {
			t.Errorf("%q: %v, want %v", host, got, want)
		}
	}
}

func TestOrigins(t *testing.T) {
	s := Settings{AllowedOrigins: []string{"https://app.example.com/", "null"}}
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
