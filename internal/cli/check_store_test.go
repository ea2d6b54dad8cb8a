package cli

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"testing"

	"instaview-mcp/internal/mcptest"
)

// A server that answers every command with the same line.
func answering(t *testing.T, line string) (address string) {
	return mcptest.Listen(t, func(c net.Conn) {
		lines := bufio.NewScanner(c)
		for lines.Scan() {
			var arguments int
			if _, err := fmt.Sscanf(lines.Text(), "*%d", &arguments); err != nil {
				return
			}
			for range 2 * arguments {
				lines.Scan()
			}
			if _, err := fmt.Fprintf(c, "%s\r\n", line); err != nil {
				return
			}
		}
	})
}

// checkStore runs the command, and again while the machine is too busy for the
// half second that the store has.
func checkStore(t *testing.T, url string) (r outcome) {
	t.Helper()
	for range 20 {
		r = execute(t, map[string]string{"INSTAVIEW_MCP_REDIS_URL": url, "INSTAVIEW_MCP_ADDR": "127.0.0.1:0"}, "--demo", "--transport", "http", "check")
		if !strings.Contains(r.stdout, "i/o timeout") && !strings.Contains(r.stdout, "deadline") {
			break
		}
	}
	return r
}

func TestCheckTriesTheStore(t *testing.T) {
	refusing := answering(t, "-WRONGPASS invalid username-password pair or user is disabled.")
	for name, tt := range map[string]struct {
		url  string
		exit int
		want []string
	}{
		"nobody there":   {"redis://:canary@127.0.0.1:9/0", 1, []string{"store          failed", "connection refused", "INSTAVIEW_MCP_REDIS_URL", "reachability   ok"}},
		"wrong password": {"redis://:canary@" + refusing, 1, []string{"store          failed", "WRONGPASS"}},
		"wrong address":  {"http://canary", 1, []string{"configuration  failed  INSTAVIEW_MCP_REDIS_URL: the address must begin with redis://"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := checkStore(t, tt.url)
			r.wants(t, tt.exit, tt.want, nil)
			if strings.Contains(r.stdout+r.stderr, "canary") {
				t.Error("the password is shown")
			}
		})
	}
}

// A server that answers may still refuse what the replicas need.
func TestCheckFindsAStoreThatCannotBeUsed(t *testing.T) {
	for name, tt := range map[string]struct {
		option []string
		exit   int
		want   string
	}{
		"all well":    {nil, 0, "store          ok"},
		"only a copy": {[]string{"--replicaof", "127.0.0.1 1"}, 1, "READONLY"},
		"full":        {[]string{"--maxmemory", "1"}, 1, "OOM"},
	} {
		t.Run(name, func(t *testing.T) {
			url := mcptest.StartRedis(t, tt.option...).URL()
			checkStore(t, url).wants(t, tt.exit, []string{tt.want}, nil)
		})
	}
}
