package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"instaview-mcp/internal/mcptest"
)

// No argument that a model was persuaded to send may direct the key or a
// request to another host.
func TestNoArgumentLeadsARequestElsewhere(t *testing.T) {
	t.Parallel()
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
	c.send(mcptest.Hello)
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
		if r := c.ask(i+1, "tools/call", mcptest.Call(tool, string(arguments))); !strings.Contains(r.text(), id+" failed") {
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
		if r := c.ask(9, "tools/call", mcptest.Call("get_sourcing_results", fmt.Sprintf(`{"request_id":%q}`, id))); !strings.Contains(r.text(), "No request was made.") {
			t.Errorf("%s: %s", id, r.raw)
		}
	}
	if n := elsewhere.Load() + int32(len(got)); n != 0 {
		t.Errorf("%d requests more than wanted", n)
	}
}

// A server may be started in a project directory that somebody else wrote.
func TestP11NoFileOfTheWorkingDirectoryIsRead(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, ".env"), []byte("INSTAVIEW_API_KEY="+canary+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program(t), "check")
	cmd.Dir, cmd.Env = dir, []string{}
	out, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "INSTAVIEW_API_KEY is not set") {
		t.Errorf("%v: %s", err, out)
	}
}

// Every user of a machine can read a command line, but only the process's own
// user its environment.
func TestP06NoFlagTakesASecretAndP07IsTold(t *testing.T) {
	t.Parallel()
	out, err := exec.Command(program(t), "-h").CombinedOutput()
	if err != nil {
		t.Fatal(err)
	}
	_, flags, _ := strings.Cut(string(out), "Flags:")
	// A switch without a value, which prints a new secret.
	flags = strings.Replace(flags, "-show-signing-secret\n", "", 1)
	for _, word := range []string{"token", "secret", "-key", "password"} {
		if strings.Contains(strings.ToLower(flags), word) {
			t.Errorf("a flag is about a %s:\n%s", word, flags)
		}
	}
	if !strings.Contains(documents(t)["../../docs/configuration.md"], "`/proc`") {
		t.Error("docs/configuration.md does not say who can read an environment")
	}
}

// Two builds of one tree are the same, so that anyone can check a release.
func TestP12BuildsCanBeRepeated(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("builds the program twice")
	}
	var builds [2][]byte
	for i := range builds {
		path, err := mcptest.Build(t.TempDir(), "instaview-mcp", "-trimpath", "-buildvcs=false")
		if err != nil {
			t.Fatal(err)
		}
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
