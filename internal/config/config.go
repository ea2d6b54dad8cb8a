// Package config reads the operator's settings from the environment, and
// describes in one sentence each what is wrong with them.
package config

import (
	"context"
	"io"
	"log/slog"
	"slices"
	"time"

	"instaview-mcp/client"
)

// Config holds the operator's settings. The tags of each field give its
// variable, the values allowed, and its purpose; error messages and the tables
// of the documents are made from them.
type Config struct {
	APIKey            client.Key    `env:"INSTAVIEW_API_KEY" doc:"InstaView API key with the scope sourcing:read"`
	APIKeyFile        string        `env:"INSTAVIEW_API_KEY_FILE" doc:"File that holds the key instead; others must not be able to read it"`
	BaseURL           string        `env:"INSTAVIEW_BASE_URL, default=https://api.instaview.sk" doc:"InstaView API; http only for a loopback address"`
	CompanyID         string        `env:"INSTAVIEW_COMPANY_ID" must:"be an id of letters, digits, - and _" doc:"Company whose runs are read; needed for keys of applicant tracking systems"`
	RequestsPerMinute int           `env:"INSTAVIEW_REQUESTS_PER_MINUTE, default=108" must:"be a whole number from 1 to 1000000" doc:"Most requests a minute; the results endpoint allows 120"`
	AllowContacts     bool          `env:"INSTAVIEW_ALLOW_CONTACTS, default=false" must:"be true or false" doc:"Lets a call ask for e-mail addresses"`
	AllowStart        bool          `env:"INSTAVIEW_ALLOW_START, default=false" must:"be true or false" doc:"Offers start_sourcing and refine_sourcing, which cost credits once a person has agreed; the key then needs the scope sourcing:write too"`
	MaxCreditsPerRun  int           `env:"INSTAVIEW_MAX_CREDITS_PER_RUN, default=20" must:"be a whole number from 1 to 1000" doc:"Most credits that one start or refinement may cost"`
	MaxCreditsPerDay  int           `env:"INSTAVIEW_MAX_CREDITS_PER_DAY, default=100" must:"be a whole number from 1 to 10000" doc:"Most credits that starts and refinements may cost an API key in any 24 hours, by what was asked for; kept in memory, so counted from the start of the server"`
	Blind             bool          `env:"INSTAVIEW_MCP_BLIND, default=false" must:"be true or false" doc:"Hides candidates' names and links, as far as they are known, in every answer, document, table and completion; no call can undo it"`
	Apps              bool          `env:"INSTAVIEW_MCP_APPS, default=true" must:"be true or false" doc:"Offers show_shortlist, whose page chats with MCP Apps show"`
	DefaultWait       time.Duration `env:"INSTAVIEW_MCP_DEFAULT_WAIT, default=50s" must:"be a duration from 1s to 240s, such as 50s" doc:"Wait of wait_for_sourcing when the call names none"`
	MaxWait           time.Duration `env:"INSTAVIEW_MCP_MAX_WAIT, default=240s" must:"be a duration from 1s to 240s, such as 240s" doc:"Longest wait a call may ask for; shortens the default wait when that is not set"`
	MaxWaits          int           `env:"INSTAVIEW_MCP_MAX_WAITS" must:"be a whole number from 1, over stdio to 90, over HTTP to 100000" doc:"Most waits at the same time; 90 over stdio and 10000 over HTTP if not set"`
	Transport         string        `env:"INSTAVIEW_MCP_TRANSPORT, default=stdio" must:"be stdio, http (Streamable HTTP) or sse (HTTP+SSE, deprecated)" doc:"How clients connect: stdio, http (Streamable HTTP) or sse (HTTP+SSE, deprecated)"`
	Addr              string        `env:"INSTAVIEW_MCP_ADDR, default=127.0.0.1:8080" doc:"Where to serve HTTP; an address that the network reaches needs a token, callers' keys or OAuth, and TLS"`
	AuthToken         client.Key    `env:"INSTAVIEW_MCP_AUTH_TOKEN" doc:"Bearer token that callers must bring over HTTP, 16 characters or more"`
	AuthTokenFile     string        `env:"INSTAVIEW_MCP_AUTH_TOKEN_FILE" doc:"File that holds the token instead; others must not be able to read it"`
	WebhookSecret     client.Key    `env:"INSTAVIEW_MCP_WEBHOOK_SECRET" doc:"Secret that InstaView's webhook deliveries must bring in X-InstaView-Webhook-Secret over HTTP, 16 characters or more; without it none is accepted"`
	WebhookSecretFile string        `env:"INSTAVIEW_MCP_WEBHOOK_SECRET_FILE" doc:"File that holds the secret instead; others must not be able to read it"`
	CallerKeys        bool          `env:"INSTAVIEW_MCP_CALLER_KEYS, default=false" must:"be true or false" doc:"Over HTTP each request brings its own InstaView key in X-InstaView-Api-Key, and X-InstaView-Company-Id if needed; the server has none"`
	URL               string        `env:"INSTAVIEW_MCP_URL" doc:"Public address of the endpoint, such as https://mcp.example.com/mcp; needed for OAuth, and its host is allowed"`
	OAuthIssuer       string        `env:"INSTAVIEW_MCP_OAUTH_ISSUER" doc:"Authorization server whose access tokens callers bring over HTTP, spelt as in its metadata; http only for a loopback address"`
	OAuthAudiences    []string      `env:"INSTAVIEW_MCP_OAUTH_AUDIENCES" must:"be audiences separated by commas, such as https://mcp.example.com/mcp" doc:"Audiences of which an access token must have one, separated by commas; INSTAVIEW_MCP_URL if not set"`
	OAuthScope        string        `env:"INSTAVIEW_MCP_OAUTH_SCOPE" must:"be one scope, such as sourcing:read" doc:"Scope that every access token must have"`
	OAuthRequire      []string      `env:"INSTAVIEW_MCP_OAUTH_REQUIRE" must:"be claim=value, several separated by commas, such as groups=recruiters,email=@example.com" doc:"Claims that every access token must have, as claim=value separated by commas; email=@example.com stands for every verified address there"`
	OAuthCompanyClaim string        `env:"INSTAVIEW_MCP_OAUTH_COMPANY_CLAIM" doc:"Claim that holds the company whose runs a caller may read, for keys of applicant tracking systems"`
	OAuthJWKSURL      string        `env:"INSTAVIEW_MCP_OAUTH_JWKS_URL" doc:"Where the authorization server publishes its keys, if its metadata must not be asked"`
	AllowedHosts      []string      `env:"INSTAVIEW_MCP_ALLOWED_HOSTS" doc:"Host names of this server beside localhost, separated by commas"`
	AllowedOrigins    []string      `env:"INSTAVIEW_MCP_ALLOWED_ORIGINS" doc:"Origins of web pages that may use this server, separated by commas"`
	TLSCert           string        `env:"INSTAVIEW_MCP_TLS_CERT" doc:"PEM file with the certificate to serve HTTPS with"`
	TLSKey            string        `env:"INSTAVIEW_MCP_TLS_KEY" doc:"PEM file with its private key"`
	TLSTerminated     bool          `env:"INSTAVIEW_MCP_TLS_TERMINATED, default=false" must:"be true or false" doc:"A proxy in front speaks TLS"`
	MetricsAddr       string        `env:"INSTAVIEW_MCP_METRICS_ADDR" doc:"Where to serve /metrics without a token; if not set, it is served beside the tools, and only with INSTAVIEW_MCP_AUTH_TOKEN"`
	RedisURL          client.Key    `env:"INSTAVIEW_MCP_REDIS_URL" doc:"Redis or Valkey over which replicas share the budget of a key, such as redis://:password@host:6379/0, or rediss:// for TLS; only over HTTP"`
	MaxConnections    int           `env:"INSTAVIEW_MCP_MAX_CONNECTIONS, default=12000" must:"be a whole number from 1 to 100000" doc:"Most connections at the same time"`
	Tools             []string      `env:"INSTAVIEW_MCP_TOOLS" doc:"Tools and prompts offered, separated by commas; all if not set"`
	LogLevel          slog.Level    `env:"INSTAVIEW_MCP_LOG_LEVEL, default=warn" must:"be debug, info, warn or error" doc:"Lowest level that is logged, to stderr; over HTTP info if not set"`
	LogFormat         string        `env:"INSTAVIEW_MCP_LOG_FORMAT, default=text" must:"be text or json" doc:"Format of the log"`

	// Faults keep the program from working. Each is a sentence that names its
	// variable and never contains the value. They are in the order of the
	// fields above. Nil means that there are none.
	Faults []string
	// Faulty are the variables that have a fault. Since the intended value is
	// unknown, the lack of it must not cause further faults.
	Faulty []string
	// Warnings are sentences about variables that were ignored.
	Warnings []string
}

// The values of Transport.
const (
	Stdio = "stdio"
	HTTP  = "http"
	SSE   = "sse"
)

// Use is what the program is about to do, which decides which settings it
// needs.
type Use struct {
	Demo    bool // uses the built-in sandbox, so neither key nor base URL is needed
	Serving bool // serves clients, which may need a token or keys of their own
	Webhook bool // registers a webhook, which needs the secret of deliveries
}

// upstreamVariables are the variables that the demo ignores.
var upstreamVariables = []string{"INSTAVIEW_API_KEY", "INSTAVIEW_API_KEY_FILE", "INSTAVIEW_BASE_URL"}

// requestVariables are the variables that requests to InstaView depend on.
var requestVariables = append([]string{"INSTAVIEW_COMPANY_ID", "INSTAVIEW_REQUESTS_PER_MINUTE", "INSTAVIEW_MCP_CALLER_KEYS"}, upstreamVariables...)

// CanRequest reports whether requests to InstaView are possible, whatever
// faults other settings have.
func (c Config) CanRequest() bool {
	return !slices.ContainsFunc(c.Faulty, func(f string) bool { return slices.Contains(requestVariables, f) })
}

// CanVerify reports whether the authorization server's metadata and keys can be
// read, whatever faults other settings have.
func (c Config) CanVerify() bool {
	return !slices.ContainsFunc(c.Faulty, func(f string) bool { return f == issuerName || f == jwksName })
}

// Load reads and checks the environment, in the form of os.Environ; if a name
// occurs twice, its last value counts. It reads secrets from their files. It
// finds all faults. Of a Config with faults only Transport, Logger
// and, if CanRequest is true, the settings for InstaView may be used.
func Load(ctx context.Context, environ []string, use Use) Config {
	var ignored []string
	if use.Demo {
		ignored = upstreamVariables
	}
	e := readEnvironment(environ, ignored)
	c := e.decode(ctx)
	c.setDefaults(e)
	if e.checkRanges(c) { // again, without the values that are out of range
		c = e.decode(ctx)
		c.setDefaults(e)
	}
	e.checkWaits(&c)
	overHTTP := use.Serving && c.Transport != Stdio
	if overHTTP {
		// Otherwise callers would use the server's key.
		e.refuseReference("INSTAVIEW_MCP_CALLER_KEYS")
	}
	e.checkInstaView(&c, use)
	if c.AllowStart { // or the defaults would hold in place of the operator's limits
		for _, limit := range []string{"INSTAVIEW_MAX_CREDITS_PER_RUN", "INSTAVIEW_MAX_CREDITS_PER_DAY", "INSTAVIEW_MCP_TOOLS"} {
			e.refuseReference(limit)
		}
	}
	if use.Serving {
		e.checkOAuth(&c)
		e.checkRedis(&c)
	}
	if overHTTP || use.Webhook {
		c.AuthToken = e.secret(c.AuthToken, c.AuthTokenFile, "INSTAVIEW_MCP_AUTH_TOKEN")
		if overHTTP && c.AuthToken.Reveal() == "" { // otherwise anyone could use the server
			e.refuseReference("INSTAVIEW_MCP_AUTH_TOKEN", "INSTAVIEW_MCP_AUTH_TOKEN_FILE")
		}
		e.readWebhookSecret(&c, use)
	}
	for _, f := range e.faults {
		c.Faulty = append(c.Faulty, f.variable)
	}
	c.Faults, c.Warnings = inOrder(e.faults), inOrder(e.warnings)
	return c
}

// The highest limits of simultaneous waits. Stdio serves one person's client,
// and its limit is also its default.
const (
	stdioWaits       = 90
	defaultHTTPWaits = 10_000
	maxHTTPWaits     = 100_000
)

// setDefaults sets the defaults that depend on the transport.
func (c *Config) setDefaults(e *environment) {
	if e.values["INSTAVIEW_MCP_MAX_WAITS"] == "" {
		if c.MaxWaits = defaultHTTPWaits; c.Transport == Stdio {
			c.MaxWaits = stdioWaits
		}
	}
	// Over stdio the level stays at warn, since clients show every line as an
	// error.
	if e.values["INSTAVIEW_MCP_LOG_LEVEL"] == "" && c.Transport != Stdio {
		c.LogLevel = slog.LevelInfo
	}
}

// checkRanges adds a fault for each value that is out of range, and reports
// whether there are any.
func (e *environment) checkRanges(c Config) (wrong bool) {
	mostWaits := maxHTTPWaits
	if c.Transport == Stdio && !e.isFaulty("INSTAVIEW_MCP_TRANSPORT") {
		mostWaits = stdioWaits
	}
	for name, ok := range map[string]bool{
		"INSTAVIEW_REQUESTS_PER_MINUTE": c.RequestsPerMinute >= 1 && c.RequestsPerMinute <= 1_000_000,
		"INSTAVIEW_MAX_CREDITS_PER_RUN": c.MaxCreditsPerRun >= 1 && c.MaxCreditsPerRun <= 1_000,
		"INSTAVIEW_MAX_CREDITS_PER_DAY": c.MaxCreditsPerDay >= 1 && c.MaxCreditsPerDay <= 10_000,
		"INSTAVIEW_MCP_DEFAULT_WAIT":    inRange(c.DefaultWait),
		"INSTAVIEW_MCP_MAX_WAIT":        inRange(c.MaxWait),
		"INSTAVIEW_MCP_MAX_WAITS":       c.MaxWaits >= 1 && c.MaxWaits <= mostWaits,
		"INSTAVIEW_MCP_TRANSPORT":       c.Transport == Stdio || c.Transport == HTTP || c.Transport == SSE,
		"INSTAVIEW_MCP_MAX_CONNECTIONS": c.MaxConnections >= 1 && c.MaxConnections <= 100_000,
		"INSTAVIEW_MCP_LOG_FORMAT":      c.LogFormat == "text" || c.LogFormat == "json",
		"INSTAVIEW_COMPANY_ID":          c.CompanyID == "" || client.ValidCompanyID(c.CompanyID),
	} {
		if !ok {
			e.invalid(name)
			wrong = true
		}
	}
	return wrong
}

// inRange reports whether a wait is within the limits. 240 s is what the most
// patient of the usual clients allow.
func inRange(d time.Duration) bool { return d >= time.Second && d <= 240*time.Second }

func (e *environment) checkWaits(c *Config) {
	if c.DefaultWait <= c.MaxWait {
		return
	}
	if e.values["INSTAVIEW_MCP_DEFAULT_WAIT"] != "" {
		e.fault("INSTAVIEW_MCP_DEFAULT_WAIT", "INSTAVIEW_MCP_DEFAULT_WAIT must not be longer than INSTAVIEW_MCP_MAX_WAIT")
	}
	c.DefaultWait = c.MaxWait // an operator who shortens the longest wait means every wait
}

// checkInstaView checks what requests to InstaView need, and reads the key.
func (e *environment) checkInstaView(c *Config, use Use) {
	if err := client.CheckBaseURL(c.BaseURL); err != nil {
		e.fault("INSTAVIEW_BASE_URL", "INSTAVIEW_BASE_URL: %v", err)
	}
	if !use.Serving || !c.CallerKeys {
		if !use.Demo {
			e.readKey(c)
		}
		return
	}
	if c.APIKey.Reveal() != "" || c.APIKeyFile != "" {
		e.fault("INSTAVIEW_MCP_CALLER_KEYS", "INSTAVIEW_MCP_CALLER_KEYS=true and an InstaView key of the server's own exclude each other: unset one")
	}
	if c.Transport == Stdio && !e.isFaulty("INSTAVIEW_MCP_TRANSPORT") {
		e.fault("INSTAVIEW_MCP_CALLER_KEYS", "INSTAVIEW_MCP_CALLER_KEYS=true needs HTTP: set INSTAVIEW_MCP_TRANSPORT=http")
	}
}

// Logger returns a logger that writes to w in the configured level and format.
func (c Config) Logger(w io.Writer) *slog.Logger {
	options := &slog.HandlerOptions{Level: c.LogLevel}
	if c.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}
