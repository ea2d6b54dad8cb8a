package e2e

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
)

const canary = "sk_live_canary0123456789"

// tellTale answers every request with the key it was sent, wherever an answer
// can hold it.
func tellTale(status int, body string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sent := r.Header.Get("Authorization")
		w.Header().Set("X-Echo", sent)
		w.Header().Set("Retry-After", sent)
		w.Header().Set("Location", "http://127.0.0.1:1/"+canary)
		w.WriteHeader(status)
		_, _ = fmt.Fprintf(w, body, sent)
	})
}

// No answer, log line or error may hold the key, whatever the upstream says and
// however much is logged.
func TestP09TheKeyLeavesTheProgramOnlyAsABearer(t *testing.T) {
	bodies := map[string]struct {
		status int
		body   string
	}{
		"echoed in a message":       {202, `{"requestId":"r","status":"processing","message":"%s"}`},
		"echoed as a status":        {200, `{"requestId":"r","status":"%s"}`},
		"echoed by a failed run":    {200, `{"requestId":"r","status":"failed","errorCode":"%s","errorMessage":"` + canary + `"}`},
		"echoed as a name":          {200, `{"requestId":"r","status":"completed","candidates":[{"profileId":"p","name":"%s"}]}`},
		"echoed as another run":     {200, `{"requestId":"%s","status":"completed"}`},
		"echoed in broken JSON":     {200, `{"requestId":"%s`},
		"echoed as a code":          {401, `{"error":{"code":"%s","message":"` + canary + `"}}`},
		"echoed by 403":             {403, `%s`},
		"echoed by 404":             {404, `{"message":"%s"}`},
		"echoed by 429":             {429, `{"retryAfter":"%s"}`},
		"echoed by 500":             {500, `<html>%s</html>`},
		"echoed by a redirect":      {302, `%s`},
		"echoed in an odd envelope": {400, `{"error":"%s","code":"` + canary + `"}`},
	}
	for name, b := range bodies {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(tellTale(b.status, b.body))
			defer server.Close()
			noCanary(t, tell(t, server.URL)+tellOverHTTP(t, server.URL))
		})
	}
	t.Run("nobody there", func(t *testing.T) {
		t.Parallel()
		noCanary(t, tell(t, "http://127.0.0.1:9"))
	})
}

// tell uses the program in every way on an upstream and returns all it wrote.
func tell(t *testing.T, baseURL string) string {
	t.Helper()
	env := []string{"INSTAVIEW_API_KEY=" + canary, "INSTAVIEW_BASE_URL=" + baseURL, "INSTAVIEW_MCP_LOG_LEVEL=debug"}
	c := start(t, env)
	c.send(hello,
		request(1, "tools/call", call("wait_for_sourcing", `{"request_id":"r","detail":"full","max_wait_seconds":1}`)),
		request(2, "tools/call", call("wait_for_sourcing", `{"request_id":"w","max_wait_seconds":1}`)),
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

	check := exec.Command(program, "check")
	check.Env = env
	out, _ := check.CombinedOutput()
	return seen.String() + string(out)
}

// tellOverHTTP is tell for a server whose callers bring the key, and for its
// figures.
func tellOverHTTP(t *testing.T, baseURL string) string {
	t.Helper()
	const token = "a-token-of-the-tests-own"
	s := serveHTTP(t, "http", []string{
		"INSTAVIEW_BASE_URL=" + baseURL, "INSTAVIEW_MCP_CALLER_KEYS=true", "INSTAVIEW_MCP_LOG_LEVEL=debug",
		"INSTAVIEW_MCP_AUTH_TOKEN=" + token,
	})
	var seen strings.Builder
	for _, request := range []struct{ method, url, body string }{
		{http.MethodPost, s.url, request(1, "tools/call", call("wait_for_sourcing", `{"request_id":"r","detail":"full","max_wait_seconds":1}`))},
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
	if !strings.Contains(seen, "configuration") || !strings.Contains(seen, `"id":0`) {
		t.Errorf("the program said too little to judge:\n%s", seen)
	}
}

// What a model can be talked into sending must not lead the key, or a request,
// to anybody else.
func TestNoArgumentLeadsARequestElsewhere(t *testing.T) {
	var elsewhere atomic.Int32
	stranger := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) }))
	defer stranger.Close()
	type asked struct{ Method, Path, Query, Authorization string }
	got := make(chan asked, 100)
	home := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got <- asked{r.Method, r.URL.Path, r.URL.RawQuery, r.Header.Get("Authorization")}
		_, _ = fmt.Fprintf(w, `{"requestId":%q,"status":"failed"}`, path.Base(path.Dir(r.URL.Path)))
	}))
	defer home.Close()
	c := start(t, []string{"INSTAVIEW_API_KEY=" + canary, "INSTAVIEW_BASE_URL=" + home.URL})
	c.send(hello)
	c.next()
	for i, tool := range []string{"get_sourcing_results", "wait_for_sourcing"} {
		id := fmt.Sprintf("run_%d", i)
		arguments, err := json.Marshal(map[string]string{
			"request_id": id,
			"base_url":   stranger.URL, "baseUrl": stranger.URL, "url": stranger.URL, "host": stranger.URL, "INSTAVIEW_BASE_URL": stranger.URL,
			"api_key": "x", "apiKey": "x", "INSTAVIEW_API_KEY": "x", "authorization": "Bearer x",
			"company_id": "x", "companyId": "x", "INSTAVIEW_COMPANY_ID": "x",
		})
		if err != nil {
			t.Fatal(err)
		}
		if r := c.ask(i+1, "tools/call", call(tool, string(arguments))); !strings.Contains(r.text(), id+" failed") {
			t.Errorf("%s: %s", tool, r.raw)
		}
		want := asked{"GET", "/sourcing/" + id + "/results", "", "Bearer " + canary}
		select {
		case got := <-got:
			if got != want {
				t.Errorf("%s: asked %+v, want %+v", tool, got, want)
			}
		default:
			t.Errorf("%s: the upstream was not asked", tool)
		}
	}
	for _, id := range []string{stranger.URL, "//" + strings.TrimPrefix(stranger.URL, "http://"), "../../x", "x?companyId=y", "x#y", "%2e%2e", "@127.0.0.1"} {
		if r := c.ask(9, "tools/call", call("get_sourcing_results", fmt.Sprintf(`{"request_id":%q}`, id))); !strings.Contains(r.text(), "No request was made.") {
			t.Errorf("%s: %s", id, r.raw)
		}
	}
	if n := elsewhere.Load() + int32(len(got)); n != 0 {
		t.Errorf("%d requests more than wanted", n)
	}
}

// A server may be started in a project directory that somebody else wrote.
func TestP11NoFileOfTheWorkingDirectoryIsRead(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, ".env"), []byte("INSTAVIEW_API_KEY="+canary+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "check")
	cmd.Dir, cmd.Env = dir, []string{}
	out, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "INSTAVIEW_API_KEY is not set") {
		t.Errorf("%v: %s", err, out)
	}
}

// A command line can be read by every user of a machine, an environment by its
// own.
func TestP06NoFlagTakesASecretAndP07IsTold(t *testing.T) {
	out, err := exec.Command(program, "-h").CombinedOutput()
	if err != nil {
		t.Fatal(err)
	}
	_, flags, _ := strings.Cut(string(out), "Flags:")
	for _, word := range []string{"token", "secret", "-key", "password"} {
		if strings.Contains(strings.ToLower(flags), word) {
			t.Errorf("a flag is about a %s:\n%s", word, flags)
		}
	}
	readme, err := os.ReadFile("../../README.md")
	if err != nil || !strings.Contains(string(readme), "`/proc`") {
		t.Errorf("the README does not say who can read an environment: %v", err)
	}
}

// Two builds of one tree are the same, so that anyone can check a release.
func TestP12BuildsCanBeRepeated(t *testing.T) {
	var builds [2][]byte
	for i := range builds {
		path := filepath.Join(t.TempDir(), "build")
		if out, err := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-o", path, "instaview-mcp").CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		var err error
		if builds[i], err = os.ReadFile(path); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(builds[0], builds[1]) {
		t.Error("two builds differ")
	}
	if dir, err := os.Getwd(); err != nil || bytes.Contains(builds[0], []byte(filepath.Dir(dir))) {
		t.Errorf("the build holds a path of this machine, %v", err)
	}
}
