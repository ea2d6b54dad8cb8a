package config

import (
	"fmt"
	"strings"
	"testing"
)

func TestRedisURL(t *testing.T) {
	for url, want := range map[string]string{
		"redis://localhost":                           "",
		"redis://:canary@10.0.0.1:6379/0":             "",
		"rediss://user:canary%2F@redis.example.com/1": "",
		"redis://[::1]:6379/15":                       "",
		"http://redis.example.com":                    "must begin with redis://",
		"unix:///var/run/canary.sock":                 "must begin with redis://",
		"canary.example.com:6379":                     "must begin with redis://",
		"redis://:canary/canary@host:6379/0":          "special characters of the password",
		"redis://:canary@":                            "names no host",
		"redis:canary":                                "names no host",
		"redis://canary host:6379":                    "special characters",
		"redis://host:6379/canary":                    "only the number of a database",
		"redis://host:6379/0/1":                       "only the number of a database",
		"redis://host:6379/0?addr=canary":             "query",
		"redis://host:6379/0#canary":                  "query or a fragment",
		`"redis://canary"`:                            "quotation marks",
		"${CANARY_URL}":                               "nothing replaced",
	} {
		c := load(t, map[string]string{"INSTAVIEW_MCP_TRANSPORT": "http", redisName: url})
		c.wants(t, url, want)
		if got := fmt.Sprintf("%v %+v %#v %s", c, c, c, c.RedisURL); strings.Contains(got, url) {
			t.Errorf("%s is printed: %s", url, got)
		}
		if want == "" && c.RedisURL.Reveal() != url {
			t.Errorf("%s is read as %q", url, c.RedisURL.Reveal())
		}
	}
}

// Over stdio each user has a process of their own, which would leave a part of
// the budget to each.
func TestRedisURLNeedsHTTP(t *testing.T) {
	load(t, map[string]string{redisName: "redis://canary"}).wants(t, "stdio", redisName+" needs HTTP: set INSTAVIEW_MCP_TRANSPORT=http")
	if c := Load(t.Context(), []string{"INSTAVIEW_API_KEY=k", redisName + "=redis://h"}, Use{}); len(c.Faults) > 0 {
		t.Errorf("a command that serves nobody: %q", c.Faults)
	}
}
