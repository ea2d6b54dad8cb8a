package e2e

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	mcpclient "github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/mcp"
	"github.com/modelcontextprotocol/go-sdk/auth"
	gosdk "github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/modelcontextprotocol/go-sdk/oauthex"

	"instaview-mcp/internal/mcptest"
)

// The client that testdata/authserver knows.
const (
	oauthClient   = "instaview-tests"
	oauthRedirect = "http://127.0.0.1:9/callback"
	oauthScope    = "sourcing:read"
)

// errNoModules is for a machine that has no module proxy.
var errNoModules = errors.New("the modules of testdata/authserver cannot be had here")

// authServer builds testdata/authserver, a module of its own, once. Everything
// else needs the modules of the main module only.
var authServer = sync.OnceValues(func() (path string, err error) {
	run := func(args ...string) error {
		cmd := exec.Command("go", args...)
		cmd.Dir = filepath.Join("..", "..", "testdata", "authserver")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("go %s: %w\n%s", args[0], err, bytes.TrimSpace(out))
		}
		return nil
	}
	// Listing the packages reads those of all modules and compiles nothing.
	if err := run("list", "-f", `{{""}}`, "-deps", "."); err != nil {
		return "", fmt.Errorf("%w: %w", errNoModules, err)
	}
	path = filepath.Join(buildDir, "authserver.exe")
	return path, run("build", "-o", path, ".")
})

// oauthSite is the program behind a proxy, which accepts the tokens of a real
// authorization server.
type oauthSite struct {
	*site
	public string // the address of the endpoint, through the proxy
	issuer string
}

// serveOAuth starts both.
func serveOAuth(t *testing.T, transport, path string) *oauthSite {
	t.Helper()
	program(t) // skips under -short
	server, err := authServer()
	if errors.Is(err, errNoModules) && !*long {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(server)
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	s := &oauthSite{issuer: strings.TrimSpace(line)}
	// The address is needed before the program's port is known.
	var target *url.URL
	forward := &httputil.ReverseProxy{FlushInterval: -1, Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(target)
		r.Out.Host = r.In.Host
	}}
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// The proxy fails if the answer comes while it still looks for the end
		// of the body, so that is found first.
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		forward.ServeHTTP(w, r)
	}))
	t.Cleanup(proxy.Close)
	s.public = proxy.URL + path
	s.site = serveHTTP(t, transport, []string{
		"INSTAVIEW_MCP_OAUTH_ISSUER=" + s.issuer, "INSTAVIEW_MCP_URL=" + s.public,
		"INSTAVIEW_MCP_OAUTH_SCOPE=" + oauthScope, "INSTAVIEW_MCP_OAUTH_REQUIRE=groups=recruiters", "INSTAVIEW_MCP_LOG_LEVEL=debug",
	}, "--demo")
	if target, err = url.Parse(s.root()); err != nil {
		t.Fatal(err)
	}
	return s
}

// control asks the authorization server for something only tests need.
func (s *oauthSite) control(t *testing.T, path string) string {
	t.Helper()
	resp, err := http.Get(s.issuer + "/test/" + path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatal(resp.Status, err)
	}
	return string(body)
}

// logIn does what a person does in a browser, and returns what the client is
// told.
func logIn(ctx context.Context, address string) (url.Values, error) {
	browser := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for range 5 {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
		if err != nil {
			return nil, err
		}
		resp, err := browser.Do(req)
		if err != nil {
			return nil, err
		}
		_ = resp.Body.Close()
		next, err := resp.Location()
		if err != nil {
			return nil, fmt.Errorf("%s: %s: %w", address, resp.Status, err)
		}
		if address = next.String(); strings.HasPrefix(address, oauthRedirect) {
			return next.Query(), nil
		}
	}
	return nil, fmt.Errorf("no end of redirects: %s", address)
}

// newToken logs in without a client of MCP.
func (s *oauthSite) newToken(t *testing.T) string {
	t.Helper()
	verifier, err := mcpclient.GenerateCodeVerifier()
	if err != nil {
		t.Fatal(err)
	}
	answer, err := logIn(t.Context(), s.issuer+"/authorize?"+url.Values{
		"response_type": {"code"}, "client_id": {oauthClient}, "redirect_uri": {oauthRedirect}, "scope": {oauthScope}, "state": {"state"},
		"code_challenge": {mcpclient.GenerateCodeChallenge(verifier)}, "code_challenge_method": {"S256"}, "resource": {s.public},
	}.Encode())
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.PostForm(s.issuer+"/oauth/token", url.Values{
		"grant_type": {"authorization_code"}, "client_id": {oauthClient}, "redirect_uri": {oauthRedirect}, "code": {answer.Get("code")}, "code_verifier": {verifier},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var granted struct {
		Token string `json:"access_token"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&granted); err != nil || granted.Token == "" {
		t.Fatalf("%s: %v", resp.Status, err)
	}
	return granted.Token
}

// caller is a client that has logged in.
type caller interface {
	call(t *testing.T, tool string, arguments map[string]any) (string, error)
	list(t *testing.T) int
	token(t *testing.T) string
}

func TestOAuthWithARealAuthorizationServer(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		transport, path string
		logIn           func(*testing.T, *oauthSite) caller
	}{
		"mcp-go":           {"http", "/mcp", withMCPGo},
		"mcp-go over SSE":  {"sse", "/sse", withMCPGo},
		"the official SDK": {"http", "/mcp", withOfficial},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serveOAuth(t, tt.transport, tt.path)
			// The clock of a token's end is the authorization server's; 30 s
			// more are granted here.
			s.control(t, "lifetime?seconds=2")
			wait := 3
			if *long {
				s.control(t, "lifetime?seconds=20")
				wait = 60
			}
			c := tt.logIn(t, s)
			if n := c.list(t); n < 2 {
				t.Errorf("%d tools", n)
			}
			text, err := c.call(t, "get_sourcing_results", map[string]any{"request_id": "req_demo_done"})
			if err != nil || !strings.Contains(text, "20 ") {
				t.Fatalf("get: %v, %s", err, text)
			}
			first := c.token(t)
			text, err = c.call(t, "wait_for_sourcing", map[string]any{"request_id": "req_demo_slow", "max_wait_seconds": wait})
			if err != nil || !strings.Contains(text, "req_demo_slow") {
				t.Fatalf("wait: %v, %s", err, text)
			}
			// The token has expired meanwhile, so the client renews it.
			if _, err = c.call(t, "get_sourcing_results", map[string]any{"request_id": "req_demo_done"}); err != nil {
				t.Fatalf("after the wait: %v", err)
			}
			if n := s.control(t, "refreshes"); n == "0" || c.token(t) == first {
				t.Errorf("%s tokens were renewed", n)
			}
			for range 2 { // a new key, and again
				s.control(t, "lifetime?seconds=300")
				s.control(t, "rotate")
				token := s.newToken(t)
				eventually(t, "a token of the new key is accepted", func() bool {
					status := s.post(t, token)
					return status == http.StatusOK || status == http.StatusNotFound // over SSE there is no such session
				})
			}
			c = tt.logIn(t, s)
			if _, err = c.call(t, "get_sourcing_results", map[string]any{"request_id": "req_demo_done"}); err != nil {
				t.Fatalf("with the new key: %v", err)
			}
			if status := s.post(t, first); status != http.StatusUnauthorized {
				t.Errorf("a token whose key was withdrawn: status %d", status)
			}
			if log := s.log.String(); strings.Contains(log, "eyJ") || strings.Contains(log, "id1") {
				t.Errorf("the log holds a token or its owner:\n%s", log)
			} else if !strings.Contains(log, "msg=call") || strings.Contains(log, "caller=server") {
				t.Errorf("calls are not logged with their caller:\n%s", log)
			}
		})
	}
}

// The documented curl commands, run by a shell.
func TestTheDocumentedOAuthRequestsAreAnswered(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("no curl here")
	}
	s := serveOAuth(t, "http", "/mcp")
	asked := false
	for _, block := range blocks(t) {
		_, commands, ok := strings.Cut(block.text, "\n")
		if block.language != "sh" || !ok || !strings.HasPrefix(block.text, "TOKEN=") {
			continue
		}
		asked = true
		cmd := exec.Command("sh", "-c", strings.ReplaceAll(commands, "https://mcp.example.com/mcp", s.public))
		cmd.Args[2] = strings.ReplaceAll(cmd.Args[2], "https://mcp.example.com", strings.TrimSuffix(s.public, "/mcp"))
		cmd.Env = append(os.Environ(), "TOKEN="+s.newToken(t))
		out, _ := cmd.Output() // base64 does not like the lack of padding
		for _, want := range []string{"401 Unauthorized", "resource_metadata=", `"authorization_servers":["` + s.issuer, `"wait_for_sourcing"`, `"aud":["` + s.public} {
			if !strings.Contains(string(out), want) {
				t.Errorf("no %s in\n%s", want, out)
			}
		}
	}
	if !asked {
		t.Error("no document has such lines")
	}
}

// post sends a bare request with a token and returns the status.
func (s *oauthSite) post(t *testing.T, token string) int {
	t.Helper()
	address := strings.Replace(s.public, "/sse", "/message?sessionId=x", 1)
	req, err := http.NewRequest(http.MethodPost, address, strings.NewReader(`{"jsonrpc":"2.0","id":1,"method":"ping"}`))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	return resp.StatusCode
}

// mcpGo is mcp-go's client.
type mcpGo struct {
	*mcpclient.Client
	tokens *mcpclient.MemoryTokenStore
}

func withMCPGo(t *testing.T, s *oauthSite) caller {
	t.Helper()
	c := mcpGo{tokens: mcpclient.NewMemoryTokenStore()}
	config := mcpclient.OAuthConfig{
		ClientID: oauthClient, RedirectURI: oauthRedirect, TokenStore: c.tokens, PKCEEnabled: true,
		Scopes: []string{"openid", "offline_access", oauthScope},
	}
	open := func() error {
		var err error
		if strings.HasSuffix(s.public, "/sse") {
			c.Client, err = mcpclient.NewOAuthSSEClient(s.public, config)
		} else {
			c.Client, err = mcpclient.NewOAuthStreamableHttpClient(s.public, config)
		}
		if err != nil {
			t.Fatal(err)
		}
		session := c.Client
		t.Cleanup(func() { _ = session.Close() })
		if err := c.Start(t.Context()); err != nil {
			return err
		}
		_, err = c.Initialize(t.Context(), mcp.InitializeRequest{})
		return err
	}
	err := open()
	if !mcpclient.IsOAuthAuthorizationRequiredError(err) {
		t.Fatalf("without a token: %v", err)
	}
	handler := mcpclient.GetOAuthHandler(err)
	verifier, err := mcpclient.GenerateCodeVerifier()
	if err != nil {
		t.Fatal(err)
	}
	address, err := handler.GetAuthorizationURL(t.Context(), "state", mcpclient.GenerateCodeChallenge(verifier))
	if err != nil {
		t.Fatal(err)
	}
	answer, err := logIn(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	if err := handler.ProcessAuthorizationResponse(t.Context(), answer.Get("code"), answer.Get("state"), verifier); err != nil {
		t.Fatal(err)
	}
	if err := open(); err != nil {
		t.Fatal(err)
	}
	return c
}

func (c mcpGo) call(t *testing.T, tool string, arguments map[string]any) (string, error) {
	req := mcp.CallToolRequest{}
	req.Params.Name, req.Params.Arguments = tool, arguments
	result, err := c.CallTool(t.Context(), req)
	if err != nil {
		return "", err
	}
	return mcp.GetTextFromContent(result.Content[0]), nil
}

func (c mcpGo) list(t *testing.T) int {
	list, err := c.ListTools(t.Context(), mcp.ListToolsRequest{})
	if err != nil {
		t.Fatal(err)
	}
	return len(list.Tools)
}

func (c mcpGo) token(t *testing.T) string {
	token, err := c.tokens.GetToken(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return token.AccessToken
}

// official is the official SDK's client.
type official struct {
	*gosdk.ClientSession
	handler *auth.AuthorizationCodeHandler
}

func withOfficial(t *testing.T, s *oauthSite) caller {
	t.Helper()
	handler, err := auth.NewAuthorizationCodeHandler(&auth.AuthorizationCodeHandlerConfig{
		PreregisteredClient: &oauthex.ClientCredentials{ClientID: oauthClient},
		RedirectURL:         oauthRedirect,
		RequestRefreshToken: true,
		AuthorizationCodeFetcher: func(ctx context.Context, args *auth.AuthorizationArgs) (*auth.AuthorizationResult, error) {
			answer, err := logIn(ctx, args.URL)
			return &auth.AuthorizationResult{Code: answer.Get("code"), State: answer.Get("state"), Iss: answer.Get("iss")}, err
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	c := official{handler: handler}
	c.ClientSession, err = gosdk.NewClient(&gosdk.Implementation{Name: "test", Version: "1"}, nil).
		Connect(t.Context(), &gosdk.StreamableClientTransport{Endpoint: s.public, OAuthHandler: handler}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func (c official) call(t *testing.T, tool string, arguments map[string]any) (string, error) {
	result, err := c.CallTool(t.Context(), &gosdk.CallToolParams{Name: tool, Arguments: arguments})
	if err != nil {
		return "", err
	}
	return result.Content[0].(*gosdk.TextContent).Text, nil
}

func (c official) list(t *testing.T) int {
	list, err := c.ListTools(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return len(list.Tools)
}

func (c official) token(t *testing.T) string {
	source, err := c.handler.TokenSource(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	token, err := source.Token()
	if err != nil {
		t.Fatal(err)
	}
	return token.AccessToken
}

// The SDK in TypeScript, which most clients are built on. It renews a token
// only after a 401.
func TestOAuthWithTheTypeScriptSDK(t *testing.T) {
	t.Parallel()
	if !*long {
		t.Skip("installs packages and waits for a token to end: part of -long")
	}
	for _, needed := range []string{"node", "npm"} {
		if _, err := exec.LookPath(needed); err != nil {
			t.Skip("no " + needed + " here")
		}
	}
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(filepath.Join("..", "..", "testdata", "oauthclient"))); err != nil {
		t.Fatal(err)
	}
	install := exec.Command("npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts")
	install.Dir = dir
	if out, err := install.CombinedOutput(); err != nil {
		t.Fatalf("npm ci: %v\n%s", err, out)
	}
	s := serveOAuth(t, "http", "/mcp")
	s.control(t, "lifetime?seconds=2")
	cmd := exec.Command("node", "client.mjs", s.public, "60")
	cmd.Dir = dir
	stderr := &mcptest.Buffer{}
	cmd.Stderr = stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("node: %v\n%s\n%s\n%s", err, out, stderr, s.log)
	}
	var got struct {
		Tools              []string
		Got, Waited, Again string
		Renewed            bool
	}
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if !slices.Contains(got.Tools, "wait_for_sourcing") || !strings.Contains(got.Got, "20 ") || !strings.Contains(got.Waited, "req_demo_slow") || got.Again == "" || !got.Renewed {
		t.Errorf("%s", out)
	}
}
