package httpserver

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	mcpgo "github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"instaview-mcp/client"
	"instaview-mcp/internal/mcptest"
	"instaview-mcp/internal/oauth"
	"instaview-mcp/internal/tenant"
)

var long = flag.Bool("long", false, "make all calls of the test with a thousand callers")

func withToken(token string) string { return "Authorization: Bearer " + token }

// T39: the metadata are public, but only under this server's own host.
func TestT39MetadataSayWhereToLogIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, issuer := newOAuthSite(t, nil)
		want := map[string]any{
			"resource": resource, "authorization_servers": []any{issuer.URL}, "scopes_supported": []any{"sourcing:read"},
			"bearer_methods_supported": []any{"header"}, "resource_name": "InstaView sourcing runs",
		}
		for _, path := range []string{"/.well-known/oauth-protected-resource", "/.well-known/oauth-protected-resource/mcp"} {
			a := s.send(t, get(path, "Host: mcp.example.com", "Origin: https://anyone.example", "Sec-Fetch-Site: cross-site"))
			var got map[string]any
			if err := json.Unmarshal([]byte(a.body), &got); err != nil || a.StatusCode != 200 {
				t.Fatalf("%s: %d, %v: %s", path, a.StatusCode, err, a.body)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", path, diff)
			}
			if allowed := a.Header.Get("Access-Control-Allow-Origin"); allowed != "https://anyone.example" {
				t.Errorf("%s: may be read from %q", path, allowed)
			}
		}
		const path = "/.well-known/oauth-protected-resource"
		if a := s.send(t, get(path, "Sec-Fetch-Site: cross-site")); a.StatusCode != 200 {
			t.Errorf("without an origin: %d %s", a.StatusCode, a.body)
		}
		for _, tt := range []struct {
			name, raw string
			status    int
			holds     string
		}{
			{"the same host rule as everywhere", get(path, "Host: evil.example"), 403, "host not allowed"},
			{"a preflight", strings.Replace(get(path, "Origin: https://anyone.example", "Access-Control-Request-Method: GET"), "GET", "OPTIONS", 1), 204, ""},
			{"a POST", post(path, "{}"), 405, "method not allowed"},
			{"another path below", get(path + "/sse"), 404, path},
			{"metadata of an authorization server", get("/.well-known/oauth-authorization-server"), 404, `"error_description":"this server issues no tokens: ` + path},
			{"OpenID Connect", get("/mcp/.well-known/openid-configuration"), 404, "this server issues no tokens"},
			{"a registration", post("/register", "{}"), 404, "this server issues no tokens"},
			{"another path from another origin", get("/healthz", "Origin: https://anyone.example"), 403, "origin not allowed"},
			{"the endpoint from another origin", post("/mcp", ping, "Origin: https://anyone.example", withToken(issuer.Token(issuer.Claims(resource, nil), nil))), 403, ""},
			{"health without a token", get("/healthz"), 200, "ok"},
			{"no metrics without an address of their own", get("/metrics", withToken(issuer.Token(issuer.Claims(resource, nil), nil))), 404, ""},
		} {
			if a := s.send(t, tt.raw); a.StatusCode != tt.status || !strings.Contains(a.body, tt.holds) {
				t.Errorf("%s: %d %s", tt.name, a.StatusCode, a.body)
			}
		}
	})
}

// Without OAuth the well-known paths say what to bring instead.
func TestN08WithoutOAuthDiscoverySaysWhatToBring(t *testing.T) {
	s := newSite(t, func(s *Settings) { s.Token = client.NewKey(token) })
	for _, path := range []string{
		"/.well-known/oauth-protected-resource", "/.well-known/oauth-protected-resource/mcp",
		"/.well-known/oauth-authorization-server", "/.well-known/openid-configuration",
	} {
		a := s.send(t, get(path))
		var got struct {
			Error       string `json:"error"`
			Description string `json:"error_description"`
		}
		if err := json.Unmarshal([]byte(a.body), &got); err != nil || a.StatusCode != 404 || a.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%s: %d, %v: %s", path, a.StatusCode, err, a.body)
		}
		if got.Error == "" || !strings.Contains(got.Description, "bearer token in Authorization") {
			t.Errorf("%s: %+v", path, got)
		}
	}
}

func TestTokensArriveInOneHeaderAlone(t *testing.T) {
	for _, transport := range []string{"http", "sse"} {
		synctest.Test(t, func(t *testing.T) {
			s, issuer := newOAuthSite(t, func(s *Settings) { s.SSE = transport == "sse" })
			good := issuer.Token(issuer.Claims(resource, nil), nil)
			path := map[string]string{"http": "/mcp", "sse": "/message?sessionId=x"}[transport]
			passed := map[string]int{"http": 200, "sse": 404}[transport] // there is no such session
			join := map[string]string{"http": "?", "sse": "&"}[transport]
			for _, tt := range []struct {
				name, raw string
				status    int
			}{
				{"a good token", post(path, ping, withToken(good)), passed},
				{"the scheme in lower case", post(path, ping, "Authorization: bearer "+good), passed},
				{"T21 two headers", post(path, ping, withToken(good), "Authorization : x"), 400}, // net/http refuses the space
				{"T21 two headers", strings.Replace(post(path, ping, withToken(good)), "\r\n", "\r\nAuthorization: Bearer x\r\n", 1), 401},
				{"T21 the same header twice", strings.Replace(post(path, ping, withToken(good)), "\r\n", "\r\n"+withToken(good)+"\r\n", 1), 401},
				{"T33 a token in the URL", post(path+join+"access_token="+good, ping), 401},
				{"T33 a token in the body", post(path, `{"jsonrpc":"2.0","id":1,"method":"ping","access_token":"`+good+`"}`), 401},
				{"T33 a token in a cookie", post(path, ping, "Cookie: access_token="+good), 401},
				{"T34 another scheme", post(path, ping, "Authorization: DPoP "+good), 401},
				{"T34 Basic", post(path, ping, "Authorization: Basic "+good), 401},
				{"T34 no scheme", post(path, ping, "Authorization: "+good), 401},
				{"T34 the scheme alone", post(path, ping, "Authorization: Bearer"), 401},
				{"T34 two tokens", post(path, ping, "Authorization: Bearer "+good+" "+good), 401},
				{"T34 two tokens with a comma", post(path, ping, "Authorization: Bearer "+good+","+good), 401},
				{"T34 a header of the static kind", post(path, ping, "X-InstaView-Api-Key: "+good), 401},
			} {
				if a := s.send(t, tt.raw); a.StatusCode != tt.status {
					t.Errorf("%s, %s: %d %s", transport, tt.name, a.StatusCode, a.body)
				}
			}
			if transport == "sse" {
				if a := s.send(t, get("/sse")); a.StatusCode != 401 || !strings.Contains(a.Header.Get("WWW-Authenticate"), "resource_metadata=") {
					t.Errorf("an event stream without a token: %d", a.StatusCode)
				}
			}
		})
	}
}

// The answers are the same on every protocol, with headers of any size that the
// server reads.
func TestTokensAreVerifiedOnEveryProtocol(t *testing.T) {
	issuer := mcptest.NewIssuer("http://localhost")
	var stop func()
	withOAuth := func(s *Settings) {
		var dial mcptest.Dial
		dial, stop = issuer.Start()
		s.URL, s.OAuth = resource, oauth.Settings{Issuer: issuer.URL, Audiences: []string{resource}, Scope: "sourcing:read", DialContext: dial}
	}
	onEveryProtocol(t, withOAuth, func(t *testing.T, s *site, c *http.Client) {
		defer stop()
		token := func(changes object) string { return issuer.Token(issuer.Claims(resource, changes), nil) }
		for _, tt := range []struct {
			name, token, challenge string
			status                 int
		}{
			{"a good token", token(nil), "", 200},
			{"no token", "", `resource_metadata="`, 401},
			{"expired", token(object{"exp": 1}), `error="invalid_token"`, 401},
			{"11 KiB", token(object{"padding": strings.Repeat("x", 8<<10)}), `error="invalid_token"`, 401},
			{"no scope", token(object{"scope": nil}), `error="insufficient_scope"`, 403},
		} {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, mcpPath, strings.NewReader(ping))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Content-Type", "application/json")
			req.Header.Set("Accept", "application/json, text/event-stream")
			if tt.token != "" {
				req.Header.Set("Authorization", "Bearer "+tt.token)
			}
			resp, err := c.Do(req)
			if err != nil {
				t.Fatalf("%s: %v", tt.name, err)
			}
			_ = resp.Body.Close()
			challenge := resp.Header.Get("WWW-Authenticate")
			if resp.StatusCode != tt.status || !strings.Contains(challenge, tt.challenge) || tt.status == 200 && challenge != "" {
				t.Errorf("%s: %d %q", tt.name, resp.StatusCode, challenge)
			}
		}
	})
}

// T35: who may use a session of HTTP+SSE is its person, also after their token
// was renewed.
func TestT35ASessionBelongsToItsPerson(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, issuer := newOAuthSite(t, func(s *Settings) { s.SSE = true })
		token := func(subject string) string {
			return withToken(issuer.Token(issuer.Claims(resource, object{"sub": subject, "jti": time.Now().String()}), nil))
		}
		_, stream := s.openSession(t, token("ada"))
		time.Sleep(time.Second)
		for subject, want := range map[string]int{"ada": 202, "eve": 404, "Ada": 404} {
			if a := s.send(t, post(stream, ping, token(subject))); a.StatusCode != want {
				t.Errorf("%s: %d, want %d", subject, a.StatusCode, want)
			}
		}
		if a := s.send(t, post(stream, ping)); a.StatusCode != 401 {
			t.Errorf("nobody: %d", a.StatusCode)
		}
	})
}

// T47: the key server is down.
func TestT47WithoutKeysTheAnswerIs503(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, issuer := newOAuthSite(t, nil)
		good := issuer.Token(issuer.Claims(resource, nil), nil)
		if a := s.send(t, post("/mcp", ping, withToken(good))); a.StatusCode != 200 {
			t.Fatalf("status %d", a.StatusCode)
		}
		time.Sleep(5 * time.Second)
		issuer.Fail(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "canary", 500) })
		issuer.Rotate()
		a := s.send(t, post("/mcp", ping, withToken(issuer.Token(issuer.Claims(resource, nil), nil))))
		if a.StatusCode != 503 || a.Header.Get("Retry-After") != "5" || strings.Contains(a.body, "canary") {
			t.Errorf("a new key: %d %v %s", a.StatusCode, a.Header, a.body)
		}
		if a := s.send(t, post("/mcp", ping, withToken(good))); a.StatusCode != 200 {
			t.Errorf("a known key: %d", a.StatusCode)
		}
	})
}

// T36: what a person has read is completed for that person alone, and nothing
// that tells who they are is kept.
func TestT36CompletionsArePersonal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, issuer := newOAuthSite(t, nil)
		token := func(subject string) string {
			return withToken(issuer.Token(issuer.Claims(resource, object{"sub": subject}), nil))
		}
		if a := s.send(t, post("/mcp", toCall(1, "get_sourcing_results", `{"request_id":"req_same"}`), token("ada"))); !strings.Contains(a.body, "Ada Alpha") {
			t.Fatal(a.body)
		}
		complete := mcptest.Request(2, "completion/complete",
			`{"ref":{"type":"ref/resource","uri":"instaview://sourcing/{request_id}/shortlist"},"argument":{"name":"request_id","value":"req"}}`)
		for subject, want := range map[string]bool{"ada": true, "eve": false} {
			if a := s.send(t, post("/mcp", complete, token(subject))); strings.Contains(a.body, "req_same") != want {
				t.Errorf("%s: %s", subject, a.body)
			}
		}
	})
}

// callAs reads a run with a token.
func callAs(t *testing.T, c *http.Client, token, arguments string) (status int, body string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://mcp.example.com/mcp", strings.NewReader(toCall(1, "get_sourcing_results", arguments)))
	if err != nil {
		t.Error(err)
		return 0, ""
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json, text/event-stream")
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := c.Do(req)
	if err != nil {
		t.Error(err)
		return 0, ""
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Error(err)
	}
	return resp.StatusCode, string(raw)
}

func TestAPersonIsOneCallerForEachIssuerSubjectAndCompany(t *testing.T) {
	ids := map[tenant.ID]bool{}
	for _, of := range [][3]string{{"i", "ada", ""}, {"i", "eve", ""}, {"j", "ada", ""}, {"i", "ada", "c"}, {"i", "ad", "a"}, {"ia", "da", ""}} {
		for range 2 {
			ids[tenant.IDOf(tenant.WithPerson(t.Context(), of[0], of[1], of[2]))] = true
		}
	}
	if len(ids) != 6 {
		t.Errorf("%d ids of 6 callers", len(ids))
	}
	for id := range ids {
		if len(id) != 16 || strings.Contains(string(id), "ada") {
			t.Errorf("id %q is no hash", id)
		}
	}
}

// T37: the company comes from the token, and from nowhere else. T49: the token
// itself is passed on to nobody.
func TestT37AndT49TheCompanyIsTheTokens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var companies []string // that InstaView was asked for
		s, issuer := newOAuthSiteBehind(t, func(s *Settings) { s.OAuth.CompanyClaim = "org" }, func(upstream http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if strings.Contains(fmt.Sprint(r.Header, r.URL), "eyJ") {
					t.Errorf("InstaView was sent the token: %v %v", r.Header, r.URL)
				}
				companies = append(companies, r.URL.Query().Get("companyId"))
				upstream.ServeHTTP(w, r)
			})
		})
		s.mcp.Use(func(next server.ToolHandlerFunc) server.ToolHandlerFunc {
			return func(ctx context.Context, req mcpgo.CallToolRequest) (*mcpgo.CallToolResult, error) {
				if req.Header.Get("Authorization") != "" {
					t.Error("a tool was given the token")
				}
				return next(ctx, req)
			}
		})
		call := toCall(1, "get_sourcing_results", `{"request_id":"req_same"}`)
		asked := func(company any) (answer, string) {
			companies = nil
			token := withToken(issuer.Token(issuer.Claims(resource, object{"org": company}), nil))
			a := s.send(t, post("/mcp", call, token, companyIDHeader+": canary"))
			return a, strings.Join(companies, ", ")
		}
		for _, company := range []string{"acme", "globex"} {
			if a, got := asked(company); got != company || !strings.Contains(a.body, "Ada Alpha") {
				t.Errorf("company %q was asked for with %q: %s", company, got, a.body)
			}
		}
		for _, company := range []any{nil, "", "a b", "../x", 1, []string{"acme"}, "acme\r\nX: y"} {
			if a, got := asked(company); a.StatusCode != 403 || got != "" {
				t.Errorf("company %v: %d, asked with %q", company, a.StatusCode, got)
			}
		}
	})
}

// T38: one person cannot take all places for waits.
func TestT38WaitsOfAPersonAreLimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, issuer := newOAuthSite(t, nil)
		wait := func(subject string) string {
			token := withToken(issuer.Token(issuer.Claims(resource, object{"sub": subject}), nil))
			return s.send(t, post("/mcp", toCall(1, "wait_for_sourcing", `{"request_id":"req_demo_slow","max_wait_seconds":5}`), token)).body
		}
		answers := make(chan string, 10)
		for range 6 {
			go func() { answers <- wait("ada") }()
		}
		synctest.Wait()
		if got := wait("eve"); strings.Contains(got, "your limit") {
			t.Errorf("another person: %s", got)
		}
		refused := 0
		for range 6 {
			if strings.Contains(<-answers, "You already have 5 waits running, your limit.") {
				refused++
			}
		}
		if refused != 1 {
			t.Errorf("%d of 6 waits were refused, want 1", refused)
		}
		if got := wait("ada"); strings.Contains(got, "your limit") {
			t.Errorf("after the others have ended: %s", got)
		}
	})
}

// T48: up to a thousand people call while the key is rotated twice and the key
// server is down in between. Nothing crosses, and there is no storm of fetches.
func TestT48AThousandCallers(t *testing.T) {
	if testing.Short() {
		t.Skip("makes thousands of calls")
	}
	people, calls := 300, 3
	if *long {
		people, calls = 1000, 10
	}
	synctest.Test(t, func(t *testing.T) {
		s, issuer := newOAuthSiteBehind(t, func(s *Settings) { s.MaxConnections, s.OAuth.CompanyClaim = 2_000, "org" }, func(upstream http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { // InstaView has other people for each company
				recorded := httptest.NewRecorder()
				upstream.ServeHTTP(recorded, r)
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(recorded.Code)
				_, _ = io.WriteString(w, strings.ReplaceAll(recorded.Body.String(), "Ada Alpha", "Ada of "+r.URL.Query().Get("companyId")))
			})
		})
		var mu sync.Mutex
		refused := map[int]int{} // by status
		var all sync.WaitGroup
		for i := range people {
			all.Go(func() {
				c := newHTTPClient(s)
				defer c.CloseIdleConnections()
				company := fmt.Sprintf("company-%d", i%4) // the floor between two requests for a run holds for all companies
				for n := range calls {
					time.Sleep(time.Duration(i*7+n*9_000) * time.Millisecond % (30 * time.Second))
					for {
						// The token is renewed for every attempt, as after a
						// login.
						token := issuer.Token(issuer.Claims(resource, object{"sub": fmt.Sprint(i), "org": company}), nil)
						status, body := callAs(t, c, token, `{"request_id":"req_same"}`)
						if status == 200 {
							if !strings.Contains(body, "Ada of "+company+" ") && !strings.Contains(body, "Ada of "+company+"\\n") {
								t.Errorf("%s was shown another's: %s", company, body)
							}
							break
						}
						mu.Lock()
						refused[status]++
						mu.Unlock()
						time.Sleep(time.Second)
					}
				}
			})
		}
		time.Sleep(10 * time.Second)
		issuer.Rotate()
		time.Sleep(10 * time.Second)
		issuer.Fail(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "", http.StatusBadGateway) })
		issuer.Rotate()
		time.Sleep(10 * time.Second)
		issuer.Fail(nil)
		all.Wait()
		times := issuer.Fetches()
		for i := 1; i < len(times); i++ {
			if apart := times[i].Sub(times[i-1]); apart < 5*time.Second {
				t.Errorf("two fetches %v apart", apart)
			}
		}
		for status := range refused {
			if !slices.Contains([]int{401, 503}, status) {
				t.Errorf("%d answers with status %d", refused[status], status)
			}
		}
		if refused[503] == 0 {
			t.Error("the outage was not seen: the test shows nothing")
		}
	})
}
