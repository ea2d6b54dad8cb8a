package app

import (
	"slices"
	"testing"

	"instaview-mcp/internal/config"
)

// A client sends no port in Host if it is the usual one of the scheme.
func TestTheOwnAddressIsAllowedUnderEveryPort(t *testing.T) {
	for address, want := range map[string][]string{
		"https://mcp.example.com/mcp":     {"a.example", "mcp.example.com"},
		"https://mcp.example.com:443/mcp": {"a.example", "mcp.example.com"},
		"http://[::1]:8080/mcp":           {"a.example", "::1"},
		"":                                {"a.example"},
	} {
		s := httpSettings(config.Config{URL: address, AllowedHosts: []string{"a.example"}})
		if !slices.Equal(s.AllowedHosts, want) {
			t.Errorf("%q: hosts %q, want %q", address, s.AllowedHosts, want)
		}
	}
}
