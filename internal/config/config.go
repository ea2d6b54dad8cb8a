// Package config reads what the operator set in the environment, and says in
// one sentence what is wrong with it.
package config

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"reflect"
	"regexp"
	"runtime"
	"strings"
	"time"

	"github.com/sethvargo/go-envconfig"

	"instaview-mcp/client"
	"instaview-mcp/tools"
)

// Config is the operator's settings. Each field's tags name its variable, what
// a value must be, and what it is for: error messages and the README's table
// come from them.
type Config struct {
	APIKey            client.Key    `env:"INSTAVIEW_API_KEY" doc:"InstaView API key with the scope sourcing:read"`
	APIKeyFile        string        `env:"INSTAVIEW_API_KEY_FILE" doc:"File that holds the key instead; others must not be able to read it"`
	BaseURL           string        `env:"INSTAVIEW_BASE_URL, default=https://api.instaview.sk" doc:"InstaView API; http only for a loopback address"`
	CompanyID         string        `env:"INSTAVIEW_COMPANY_ID" must:"be an id of letters, digits, - and _" doc:"Company asked for; needed for keys of applicant tracking systems"`
	RequestsPerMinute int           `env:"INSTAVIEW_REQUESTS_PER_MINUTE, default=108" must:"be a whole number from 1 to 10000" doc:"Most requests a minute; the results endpoint allows 120"`
	AllowContacts     bool          `env:"INSTAVIEW_ALLOW_CONTACTS, default=false" must:"be true or false" doc:"Lets a call ask for e-mail addresses"`
	DefaultWait       time.Duration `env:"INSTAVIEW_MCP_DEFAULT_WAIT, default=50s" must:"be a duration from 1s to 240s, such as 50s" doc:"Wait of wait_for_sourcing when the call names none"`
	MaxWait           time.Duration `env:"INSTAVIEW_MCP_MAX_WAIT, default=240s" must:"be a duration from 1s to 240s, such as 240s" doc:"Longest wait a call may ask for; shortens the default wait when that is not set"`
	MaxWaits          int           `env:"INSTAVIEW_MCP_MAX_WAITS" must:"be a whole number from 1, over stdio to 90, over HTTP to 100000" doc:"Most waits at the same time; 90 over stdio and 10000 over HTTP if not set"`
	Transport         string        `env:"INSTAVIEW_MCP_TRANSPORT, default=stdio" must:"be stdio, http (Streamable HTTP) or sse (HTTP+SSE, deprecated)" doc:"How clients connect: stdio, http (Streamable HTTP) or sse (HTTP+SSE, deprecated)"`
	Addr              string        `env:"INSTAVIEW_MCP_ADDR, default=127.0.0.1:8080" doc:"Where to serve HTTP; an address that the network reaches needs a token or callers' keys, and TLS"`
	AuthToken         client.Key    `env:"INSTAVIEW_MCP_AUTH_TOKEN" doc:"Bearer token that callers must bring over HTTP, 16 characters or more"`
	AuthTokenFile     string        `env:"INSTAVIEW_MCP_AUTH_TOKEN_FILE" doc:"File that holds the token instead; others must not be able to read it"`
	CallerKeys        bool          `env:"INSTAVIEW_MCP_CALLER_KEYS, default=false" must:"be true or false" doc:"Over HTTP each request brings its own InstaView key in X-InstaView-Api-Key, and X-InstaView-Company-Id if needed; the server has none"`
	AllowedHosts      []string      `env:"INSTAVIEW_MCP_ALLOWED_HOSTS" doc:"Host names of this server beside localhost, separated by commas"`
	AllowedOrigins    []string      `env:"INSTAVIEW_MCP_ALLOWED_ORIGINS" doc:"Origins of web pages that may use this server, separated by commas"`
	TLSCert           string        `env:"INSTAVIEW_MCP_TLS_CERT" doc:"PEM file with the certificate to serve HTTPS with"`
	TLSKey            string        `env:"INSTAVIEW_MCP_TLS_KEY" doc:"PEM file with its private key"`
	TLSTerminated     bool          `env:"INSTAVIEW_MCP_TLS_TERMINATED, default=false" must:"be true or false" doc:"A proxy in front speaks TLS"`
	MetricsAddr       string        `env:"INSTAVIEW_MCP_METRICS_ADDR" doc:"Where to serve /metrics without a token; if not set, it is served beside the tools, and only with INSTAVIEW_MCP_AUTH_TOKEN"`
	MaxConnections    int           `env:"INSTAVIEW_MCP_MAX_CONNECTIONS, default=12000" must:"be a whole number from 1 to 100000" doc:"Most connections at the same time"`
	LogLevel          slog.Level    `env:"INSTAVIEW_MCP_LOG_LEVEL, default=info" must:"be debug, info, warn or error" doc:"Least level logged, to stderr"`
	LogFormat         string        `env:"INSTAVIEW_MCP_LOG_FORMAT, default=text" must:"be text or json" doc:"Format of the log"`

	// Key is the API key, from wherever ReadKey found it, and Token is what
	// ReadToken found.
	Key, Token client.Key
	// Warnings are sentences about settings that were not used.
	Warnings []string
}

// unexpanded is a reference that a client or a shell was expected to replace:
// ${KEY}, $KEY, $env:KEY, $(KEY), %KEY%, {env:KEY} or {{KEY}}.
var unexpanded = regexp.MustCompile(`^(\$\{[^}]*\}|\$\([^)]*\)|\$(env:)?\w+|%\w+%|\{+[\w :.]+\}+)$`)

// example is what instructions show where the reader's own key belongs, such as
// <your key> and YOUR_API_KEY.
var example = regexp.MustCompile(`(?i)^(<.*>|\[.*\]|your[ _-].*key.*|x{3,}|\.{3,}|…|null|undefined|none|changeme|instaview_api_key)$`)

// assignment is a line of a .env file in place of its value.
var assignment = regexp.MustCompile(`^(export )?[A-Z][A-Z0-9_]*=`)

// Load reads and checks the environment through lookup, which is os.LookupEnv
// or like it. The error is one sentence that names the variable and never
// holds its value.
func Load(ctx context.Context, lookup func(string) (string, bool)) (Config, error) {
	var c Config
	set := map[string]bool{}
	err := envconfig.ProcessWith(ctx, &envconfig.Config{
		Target: &c,
		Lookuper: envconfig.LookuperFunc(func(name string) (string, bool) {
			value, ok := lookup(name)
			value = strings.TrimSpace(value)
			if unexpanded.MatchString(value) {
				c.Warnings = append(c.Warnings, name+" is a literal ${…} or the like that nothing replaced; it counts as not set. "+
					"Write the value itself, or set the variable where the client is started.")
				return "", false
			}
			set[name] = ok && value != ""
			return value, set[name]
		}),
	})
	if err != nil {
		return Config{}, explain(err)
	}
	if !set["INSTAVIEW_MCP_MAX_WAITS"] {
		if c.MaxWaits = 10_000; c.Transport == Stdio {
			c.MaxWaits = tools.DefaultMaxWaits
		}
	}
	if err := c.check(); err != nil {
		return Config{}, err
	}
	if c.DefaultWait > c.MaxWait {
		if set["INSTAVIEW_MCP_DEFAULT_WAIT"] {
			return Config{}, errors.New("INSTAVIEW_MCP_DEFAULT_WAIT must not be longer than INSTAVIEW_MCP_MAX_WAIT")
		}
		c.DefaultWait = c.MaxWait // who shortens the longest wait means every wait
	}
	return c, nil
}

// explain finds the variable behind an error of envconfig's, which begins with
// the field's name. The rest of it may hold the value.
func explain(err error) error {
	field, _, _ := strings.Cut(err.Error(), ":")
	if f, ok := reflect.TypeFor[Config]().FieldByName(field); ok {
		return invalid(f)
	}
	return errors.New("the environment could not be read")
}

func invalid(f reflect.StructField) error {
	name, _, _ := strings.Cut(f.Tag.Get("env"), ",")
	return fmt.Errorf("%s must %s", name, f.Tag.Get("must"))
}

// The transports.
const (
	Stdio = "stdio"
	HTTP  = "http"
	SSE   = "sse"
)

func (c *Config) check() error {
	mostWaits := 100_000
	if c.Transport == Stdio {
		mostWaits = tools.DefaultMaxWaits // one a worker, but for ten
	}
	for field, ok := range map[string]bool{
		"RequestsPerMinute": c.RequestsPerMinute >= 1 && c.RequestsPerMinute <= 10_000,
		"DefaultWait":       inRange(c.DefaultWait),
		"MaxWait":           inRange(c.MaxWait),
		"MaxWaits":          c.MaxWaits >= 1 && c.MaxWaits <= mostWaits,
		"Transport":         c.Transport == Stdio || c.Transport == HTTP || c.Transport == SSE,
		"MaxConnections":    c.MaxConnections >= 1 && c.MaxConnections <= 100_000,
		"LogFormat":         c.LogFormat == "text" || c.LogFormat == "json",
		"CompanyID":         c.CompanyID == "" || client.ValidCompanyID(c.CompanyID),
	} {
		if !ok {
			f, _ := reflect.TypeFor[Config]().FieldByName(field)
			return invalid(f)
		}
	}
	return nil
}

// inRange holds a wait to what the most patient of the usual clients allow.
func inRange(d time.Duration) bool { return d >= time.Second && d <= 240*time.Second }

// ReadKey finds and checks what only a program that asks InstaView needs: the
// base URL and the key, which must be set. Errors are like Load's.
func (c *Config) ReadKey() error {
	if err := c.CheckBaseURL(); err != nil {
		return err
	}
	key, from, err := secret(c.APIKey, c.APIKeyFile, "INSTAVIEW_API_KEY")
	switch {
	case err != nil:
		return err
	case key == "" && c.APIKeyFile == "":
		return c.noKey()
	}
	c.APIKey, c.Key = client.Key{}, client.NewKey(key)
	if err := standIn(key); err != nil {
		return fmt.Errorf("%s: %w", from, err)
	}
	if err := c.Key.Validate(); err != nil {
		return fmt.Errorf("%s: %w", from, err)
	}
	return nil
}

// noKey says why there is none: perhaps the variable was set, in vain.
func (c *Config) noKey() error {
	for _, w := range c.Warnings {
		if strings.HasPrefix(w, "INSTAVIEW_API_KEY") {
			return errors.New(strings.TrimSuffix(w, "."))
		}
	}
	return errNoKey
}

// CheckBaseURL checks what ReadKey does beside the key.
func (c *Config) CheckBaseURL() error {
	if err := client.CheckBaseURL(c.BaseURL); err != nil {
		return fmt.Errorf("INSTAVIEW_BASE_URL: %w", err)
	}
	return nil
}

// HasKey reports whether the server was given a key of its own.
func (c *Config) HasKey() bool { return c.APIKey.Reveal() != "" || c.APIKeyFile != "" }

// ReadToken finds the token that callers must bring, which need not be set.
// Errors are like Load's.
func (c *Config) ReadToken() error {
	token, from, err := secret(c.AuthToken, c.AuthTokenFile, "INSTAVIEW_MCP_AUTH_TOKEN")
	if err == nil && token == "" && c.AuthTokenFile != "" {
		err = fmt.Errorf("%s: the file is empty", from)
	}
	c.AuthToken, c.Token = client.Key{}, client.NewKey(token)
	return err
}

// secret reads a variable, or the file that its namesake with _FILE names.
func secret(value client.Key, file, name string) (secret, from string, err error) {
	if file == "" {
		return value.Reveal(), name, nil
	}
	if value.Reveal() != "" {
		return "", "", fmt.Errorf("%s and %s_FILE are both set: unset one", name, name)
	}
	name += "_FILE"
	if secret, err = readSecret(file); err != nil {
		return "", "", fmt.Errorf("%s: %w", name, err)
	}
	return secret, name, nil
}

var errNoKey = errors.New("INSTAVIEW_API_KEY is not set: put your InstaView API key into it, or the path of a file that holds it into INSTAVIEW_API_KEY_FILE; --demo needs none")

// standIn says what to do about a value that only stands for a key, or nil. Sent
// to InstaView, it would come back as a refusal that blames the key.
func standIn(key string) error {
	switch {
	case strings.ContainsAny(key, "\"'`“”‘’"):
		return errors.New("the key has quotation marks: leave them out")
	case unexpanded.MatchString(key):
		return errors.New("a literal ${…} or the like that nothing replaced stands there: write the key itself")
	case assignment.MatchString(key):
		return errors.New("a name and = stand before the key: leave them out")
	case example.MatchString(key):
		return errors.New("the placeholder of an example stands there: put your InstaView API key in its place")
	}
	return nil
}

// maxSecret is in bytes, and far above any key's length.
const maxSecret = 4 << 10

// readSecret reads a file that others cannot, a link's target included.
func readSecret(path string) (string, error) {
	info, err := os.Stat(path) // first, since opening a FIFO waits for its writer
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", errors.New("there is no such file; ~ and variables in the path are not replaced")
	case err != nil:
		return "", errors.New("the file cannot be looked at")
	}
	if err := acceptable(info); err != nil {
		return "", err
	}
	f, err := os.Open(path)
	if err != nil {
		return "", errors.New("the file cannot be opened")
	}
	defer func() { _ = f.Close() }()
	// Between the two it may have become another file.
	if info, err = f.Stat(); err != nil {
		return "", errors.New("the file cannot be looked at")
	}
	if err := acceptable(info); err != nil {
		return "", err
	}
	b, err := io.ReadAll(io.LimitReader(f, maxSecret+1))
	switch {
	case err != nil:
		return "", errors.New("the file cannot be read")
	case len(b) > maxSecret:
		return "", errors.New("the file is too large for a key: write the key alone into it")
	case bytes.HasPrefix(b, []byte("\xff\xfe")), bytes.HasPrefix(b, []byte("\xfe\xff")): // Windows PowerShell's > writes that
		return "", errors.New("the file is in UTF-16: save it as UTF-8")
	}
	b = bytes.TrimPrefix(b, []byte("\ufeff")) // which editors on Windows put before UTF-8
	return strings.TrimSpace(string(b)), nil
}

// acceptable says why a file may not hold a key, or nil. Its group may read it:
// that is how Kubernetes mounts a secret for a user that is not root.
func acceptable(info fs.FileInfo) error {
	switch {
	case !info.Mode().IsRegular():
		return errors.New("not a regular file: write the key into a file and name that")
	case runtime.GOOS != "windows" && info.Mode().Perm()&0o007 != 0:
		return errors.New("others can read the file: take that away with chmod o-rwx")
	}
	return nil
}

// Logger returns the logger the settings describe, on w.
func (c Config) Logger(w io.Writer) *slog.Logger {
	options := &slog.HandlerOptions{Level: c.LogLevel}
	if c.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}
