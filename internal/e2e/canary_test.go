package e2e

import (
	"bufio"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"strings"
	"testing"

	"instaview-mcp/internal/mcptest"
)

// canary is the key. It has the form of an error code, of a status and of an
// id, so that a check of the form alone would let it through.
const canary = "SK_LIVE_CANARY0123456789"

// echo answers every request with the text says, below HTTP, so that an answer
// can be anything. In the text, KEY stands for the key.
func echo(t *testing.T, says string) (baseURL string) {
	t.Helper()
	return "http://" + mcptest.Listen(t, func(conn net.Conn) {
		for r := bufio.NewReader(conn); ; {
			req, err := http.ReadRequest(r)
			if err != nil {
				return
			}
			if req.Header.Get("Authorization") != "Bearer "+canary {
				t.Errorf("the upstream was sent %q", req.Header.Get("Authorization"))
			}
			if _, err := io.WriteString(conn, strings.ReplaceAll(says, "KEY", canary)); err != nil {
				return
			}
		}
	})
}

// with returns an answer with a status, a body and headers.
func with(status, body string, headers ...string) string {
	length := len(strings.ReplaceAll(body, "KEY", canary))
	return fmt.Sprintf("HTTP/1.1 %s\r\nContent-Length: %d\r\n%s\r\n\r\n%s",
		status, length, strings.Join(append(headers, "Server: KEY"), "\r\n"), body)
}

// echoes are the places in which an upstream can send the key back.
var echoes = map[string]string{
	"a message":             with("202 Accepted", `{"requestId":"r","status":"processing","message":"Bearer KEY"}`),
	"a status in progress":  with("202 KEY", `{"requestId":"r","status":"KEY"}`),
	"an unknown status":     with("200 OK", `{"requestId":"r","status":"KEY"}`),
	"a failed run's code":   with("200 OK", `{"requestId":"r","status":"failed","errorCode":"KEY","errorMessage":"KEY"}`),
	"a candidate":           with("200 OK", `{"requestId":"r","status":"completed","candidates":[{"profileId":"KEY","name":"KEY","skills":["KEY"],"linkedinUrl":"https://www.linkedin.com/in/KEY"}]}`),
	"a broken candidate":    with("200 OK", `{"requestId":"r","status":"completed","candidates":["KEY",{"KEY":"KEY","matchScore":"KEY"}]}`),
	"a request id":          with("200 OK", `{"requestId":"KEY","status":"completed"}`),
	"a date and a count":    with("202 OK", `{"requestId":"r","status":"processing","createdAt":"KEY","candidatesSourcedCount":"KEY"}`),
	"broken JSON":           with("200 OK", `{"requestId":"KEY`),
	"a name that is twice":  with("200 OK", `{"requestId":"r","status":"KEY","STATUS":"KEY"}`),
	"a code in an envelope": with("401 Unauthorized", `{"error":{"code":"KEY","message":"KEY","details":{"KEY":"KEY"}}}`),
	"a code beside":         with("400 Bad Request", `{"error":"KEY","code":"KEY"}`),
	"a flat code":           with("404 Not Found", `{"errorCode":"KEY"}`),
	"a code that holds it":  with("404 Not Found", `{"errorCode":"X_KEY_X"}`),
	"a message of 404":      with("404 Not Found", `{"message":"KEY"}`),
	"a forbidding page":     with("403 KEY", `<html>KEY</html>`),
	"a limit's body":        with("429 KEY", `{"retryAfter":"KEY","reset":"KEY","limit":"KEY"}`, "Retry-After: KEY"),
	"a failure's page":      with("500 KEY", `<html>KEY</html>`),
	"a redirect":            with("302 KEY", `KEY`, "Location: http://127.0.0.1:1/KEY", "Refresh: 0; url=KEY"),
	"a wish for a login":    with("401 KEY", `KEY`, "WWW-Authenticate: Bearer realm=\"KEY\""),
	"a proxy's wish":        with("407 KEY", `KEY`, "Proxy-Authenticate: Basic realm=\"KEY\""),
	"a switch of protocols": "HTTP/1.1 101 KEY\r\nConnection: Upgrade\r\nUpgrade: KEY\r\n\r\nKEY",
	"early hints":           "HTTP/1.1 103 KEY\r\nLink: KEY\r\n\r\n" + with("503 KEY", `KEY`),
	"every header": with("202 OK", `{"requestId":"r","status":"processing"}`, "Date: KEY", "Retry-After: KEY", "Content-Type: KEY", "Set-Cookie: KEY=KEY",
		"X-Request-Id: KEY", "X-RateLimit-Limit-Minute: KEY", "X-RateLimit-Remaining-Minute: KEY", "X-RateLimit-Reset-Hour: KEY", "Via: KEY", "KEY: KEY"),
	"an encoding":             with("200 OK", `KEY`, "Content-Encoding: KEY"),
	"a transfer's encoding":   "HTTP/1.1 200 OK\r\nTransfer-Encoding: KEY\r\n\r\nKEY",
	"a length":                "HTTP/1.1 200 OK\r\nContent-Length: KEY\r\n\r\nKEY",
	"a chunk's length":        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nKEY\r\n",
	"a trailer":               "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: KEY\r\n\r\n3\r\nKEY\r\n0\r\nKEY: KEY\r\n\r\n",
	"a header without colon":  "HTTP/1.1 200 OK\r\nKEY\r\n\r\n",
	"a protocol":              "KEY/1.1 200 OK\r\n\r\n",
	"a status that is none":   "HTTP/1.1 KEY KEY\r\n\r\n",
	"no HTTP at all":          "KEY\r\n",
	"more than was asked for": with("202 OK", `{"requestId":"r","status":"processing"}`) + "KEY\r\n",
}

// No answer, log line, metric or error may contain the key, whatever the
// upstream sends and at every log level.
func TestP09N20TheKeyLeavesTheProgramOnlyAsABearer(t *testing.T) {
	t.Parallel()
	for name, says := range echoes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := echo(t, says)
			t.Run("stdio", func(t *testing.T) {
				t.Parallel()
				noCanary(t, tell(t, url, "debug"))
			})
			t.Run("HTTP", func(t *testing.T) {
				t.Parallel()
				noCanary(t, tellOverHTTP(t, url, "debug"))
			})
		})
	}
	for _, level := range []string{"info", "warn", "error"} {
		t.Run(level, func(t *testing.T) {
			t.Parallel()
			url := echo(t, with("404 KEY", `{"errorCode":"KEY","message":"KEY"}`)+"KEY\r\n")
			noCanary(t, tell(t, url, level))
		})
	}
	t.Run("a certificate", func(t *testing.T) {
		t.Parallel()
		upstream, _ := secure(t, canary, with("404 KEY", "KEY"))
		noCanary(t, tell(t, upstream, "debug"))
	})
	t.Run("nobody there", func(t *testing.T) {
		t.Parallel()
		noCanary(t, tell(t, "http://127.0.0.1:9", "debug"))
	})
}

// tell uses every command of the program with an upstream, and returns all
// output.
func tell(t *testing.T, baseURL, level string) string {
	t.Helper()
	env := []string{"INSTAVIEW_API_KEY=" + canary, "INSTAVIEW_BASE_URL=" + baseURL, "INSTAVIEW_MCP_LOG_LEVEL=" + level}
	c := start(t, env)
	c.send(mcptest.Hello,
		mcptest.Request(1, "tools/call", mcptest.Call("get_sourcing_results", `{"request_id":"r","detail":"full"}`)),
		mcptest.Request(2, "tools/call", mcptest.Call("wait_for_sourcing", `{"request_id":"w","max_wait_seconds":1}`)),
	)
	var seen strings.Builder
	for range 3 {
		seen.WriteString(c.next().raw)
	}
	_ = c.stdin.Close()
	for r := range c.lines {
		seen.WriteString(r.raw)
	}
	_ = c.cmd.Wait()
	seen.WriteString(c.stderr.String())

	check := exec.Command(program(t), "check")
	check.Env = env
	out, _ := check.CombinedOutput()
	seen.Write(out)
	if !strings.Contains(seen.String(), "configuration") || !strings.Contains(seen.String(), `"id":0`) {
		t.Errorf("the program said too little to judge:\n%s", seen.String())
	}
	return seen.String()
}

// tellOverHTTP does the same for a server whose callers bring the key,
// including its metrics.
func tellOverHTTP(t *testing.T, baseURL, level string) string {
	t.Helper()
	const token = "a-token-of-the-tests-own"
	s := serveHTTP(t, "http", []string{
		"INSTAVIEW_BASE_URL=" + baseURL, "INSTAVIEW_MCP_CALLER_KEYS=true", "INSTAVIEW_MCP_LOG_LEVEL=" + level,
		"INSTAVIEW_MCP_AUTH_TOKEN=" + token,
	})
	var seen strings.Builder
	for _, request := range []struct{ method, url, body string }{
		{http.MethodPost, s.url, mcptest.Request(1, "tools/call", mcptest.Call("get_sourcing_results", `{"request_id":"r","detail":"full"}`))},
		{http.MethodGet, s.root() + "/metrics", ""},
	} {
		r, err := http.NewRequest(request.method, request.url, strings.NewReader(request.body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+token)
		r.Header.Set("X-InstaView-Api-Key", canary)
		r.Header.Set("X-InstaView-Company-Id", "company")
		r.Header.Set("Content-Type", "application/json")
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			t.Errorf("%s: %s %s", request.url, resp.Status, body)
		}
		_ = resp.Header.Write(&seen)
		seen.Write(body)
	}
	s.stop()
	if !strings.Contains(seen.String(), `instaview_mcp_calls_total{outcome=`) || !strings.Contains(s.log.String(), "msg=call") {
		t.Errorf("the server said too little to judge:\n%s\n%s", seen.String(), s.log)
	}
	return seen.String() + s.log.String()
}

func noCanary(t *testing.T, seen string) {
	t.Helper()
	for what, secret := range map[string]string{
		"the key": canary, "its hex": hex.EncodeToString([]byte(canary)), "its base64": base64.StdEncoding.EncodeToString([]byte(canary)),
	} {
		if i := strings.Index(seen, secret); i >= 0 {
			t.Errorf("%s was written: …%s…", what, seen[max(0, i-200):min(len(seen), i+100)])
		}
	}
}
