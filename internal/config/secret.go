package config

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"runtime"
	"slices"
	"strings"

	"instaview-mcp/client"
)

// readKey reads the API key, and adds a fault if there is none.
func (e *environment) readKey(c *Config) {
	c.APIKey = e.secret(c.APIKey, c.APIKeyFile, "INSTAVIEW_API_KEY")
	if e.isFaulty("INSTAVIEW_API_KEY", "INSTAVIEW_API_KEY_FILE") {
		return
	}
	name, key := "INSTAVIEW_API_KEY", c.APIKey.Reveal()
	if c.APIKeyFile != "" {
		name = "INSTAVIEW_API_KEY_FILE"
	} else if key == "" {
		// If that is faulty, callers may bring keys, and none is needed.
		if !e.isFaulty("INSTAVIEW_MCP_CALLER_KEYS") {
			e.noKey()
		}
		return
	}
	err := checkPlaceholder(key)
	if err == nil {
		err = c.APIKey.Validate()
	}
	if err != nil {
		e.fault(name, "%s: %v", name, err)
	}
}

const keyMissing = "INSTAVIEW_API_KEY is not set: put your InstaView API key into it, or the path of a file that holds it into INSTAVIEW_API_KEY_FILE; --demo needs none"

// noKey adds the fault for a missing key. If the variable was set to something
// useless, it says so.
func (e *environment) noKey() {
	if !e.refuseReference("INSTAVIEW_API_KEY", "INSTAVIEW_API_KEY_FILE") {
		e.fault("INSTAVIEW_API_KEY", keyMissing)
	}
}

// refuseReference turns the warning that a variable holds an unexpanded
// reference into a fault, for variables that the program cannot do without. It
// reports whether there is one.
func (e *environment) refuseReference(names ...string) bool {
	for i, w := range e.warnings {
		if slices.Contains(names, w.variable) {
			e.warnings = slices.Delete(e.warnings, i, i+1)
			e.fault(w.variable, "%s", strings.TrimSuffix(w.text, "."))
			return true
		}
	}
	return false
}

// secret returns a variable's value, or the content of the file that the
// variable with the suffix _FILE names; the zero value if neither is set.
func (e *environment) secret(value client.Key, file, name string) client.Key {
	fileName := name + "_FILE"
	switch {
	case file == "":
		return value
	case value.Reveal() != "":
		e.fault(name, "%s and %s are both set: unset one", name, fileName)
		return client.Key{}
	}
	secret, err := readSecret(file)
	switch {
	case err != nil:
	case secret == "":
		err = errors.New("the file is empty")
	case isQuoted(secret):
		err = errors.New("what is in the file has quotation marks around it: leave them out")
	case IsReference(secret):
		err = errors.New("a literal ${…} or the like that nothing replaced stands in the file: write the value itself")
	}
	if err != nil {
		e.fault(fileName, "%s: %v", fileName, err)
	}
	return client.NewKey(secret)
}

// The lengths of a webhook secret, in bytes. A header's value in InstaView's
// API has at most 4,096.
const (
	minWebhookSecret = 16
	maxWebhookSecret = 4096
)

// readWebhookSecret reads and checks the secret of webhook deliveries. Only the
// command that registers a webhook cannot do without it.
func (e *environment) readWebhookSecret(c *Config, use Use) {
	name, fileName := "INSTAVIEW_MCP_WEBHOOK_SECRET", "INSTAVIEW_MCP_WEBHOOK_SECRET_FILE"
	used := name
	if c.WebhookSecretFile != "" {
		used = fileName
	}
	c.WebhookSecret = e.secret(c.WebhookSecret, c.WebhookSecretFile, name)
	secret := c.WebhookSecret.Reveal()
	switch {
	case e.isFaulty(name, fileName):
	case secret == "":
		if !e.refuseReference(name, fileName) && use.Webhook {
			e.fault(name, "%s is not set: put a random text of %d characters or more into it, or the path of a file that holds one into %s", name, minWebhookSecret, fileName)
		}
	case len(secret) < minWebhookSecret || len(secret) > maxWebhookSecret:
		e.fault(used, "%s must have %d to %d characters", used, minWebhookSecret, maxWebhookSecret)
	case c.WebhookSecret.Validate() != nil:
		e.fault(used, "%s must be ASCII without spaces", used)
	case secret == c.AuthToken.Reveal(): // InstaView keeps the secret, and must not learn the token
		e.fault(used, "%s must not be the same as INSTAVIEW_MCP_AUTH_TOKEN", used)
	case secret == c.APIKey.Reveal(): // every proxy on a delivery's way can read the secret
		e.fault(used, "%s must not be the same as INSTAVIEW_API_KEY", used)
	case use.Serving && c.CallerKeys: // a delivery does not say whose run it is about
		e.fault(used, "%s and INSTAVIEW_MCP_CALLER_KEYS=true exclude each other: unset one", used)
	}
}

// isExample reports whether key is what instructions show in its place, such as
// <your key> and YOUR_API_KEY.
func isExample(key string) bool {
	key = strings.ToLower(key)
	within := func(open, end string) bool { return strings.HasPrefix(key, open) && strings.HasSuffix(key, end) }
	only := func(sign string) bool { return len(key) >= 3 && strings.Trim(key, sign) == "" }
	yours := slices.ContainsFunc([]string{"your ", "your_", "your-"}, func(start string) bool { return strings.HasPrefix(key, start) })
	return within("<", ">") || within("[", "]") || only("x") || only(".") || yours && strings.Contains(key, "key") ||
		slices.Contains([]string{"…", "null", "undefined", "none", "changeme", "instaview_api_key"}, key)
}

// assignment matches a whole line of a .env file, pasted in place of the value.
var assignment = onFirstUse(`^(export )?[A-Z][A-Z0-9_]*=`)

// checkPlaceholder returns an error that says what to do about a placeholder in
// place of a key, or nil. InstaView would only answer that the key is wrong.
func checkPlaceholder(key string) error {
	switch {
	case strings.ContainsAny(key, "\"'`“”‘’"):
		return errors.New("the key has quotation marks: leave them out")
	case strings.Contains(key, "=") && assignment().MatchString(key):
		return errors.New("a name and = stand before the key: leave them out")
	case isExample(key):
		return errors.New("the placeholder of an example stands there: put your InstaView API key in its place")
	}
	return nil
}

// maxSecret is in bytes, far more than any key has.
const maxSecret = 4 << 10

// readSecret reads a file that other users cannot read. If the path is a link,
// that is required of its target.
func readSecret(path string) (string, error) {
	info, err := os.Stat(path) // before opening, because opening a FIFO waits for a writer
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", errors.New("there is no such file; ~ and variables in the path are not replaced")
	case err != nil:
		return "", errors.New("the file cannot be read")
	}
	if err := acceptable(info); err != nil {
		return "", err
	}
	f, err := os.Open(path)
	if err != nil {
		return "", errors.New("the file cannot be opened")
	}
	defer func() { _ = f.Close() }()
	// Again, since the path may lead to another file by now.
	if info, err = f.Stat(); err != nil {
		return "", errors.New("the file cannot be read")
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
	case bytes.HasPrefix(b, []byte("\xff\xfe")), bytes.HasPrefix(b, []byte("\xfe\xff")):
		// UTF-16, which > writes in Windows PowerShell.
		return "", errors.New("the file is in UTF-16: save it as UTF-8")
	}
	b = bytes.TrimPrefix(b, []byte("\ufeff")) // the byte order mark that editors on Windows write
	return strings.TrimSpace(string(b)), nil
}

// acceptable returns why a file must not be used for a key, or nil. Its group
// may read it, because Kubernetes mounts a secret that way for a user who is
// not root.
func acceptable(info fs.FileInfo) error {
	switch {
	case !info.Mode().IsRegular():
		return errors.New("not a regular file: write the key into a file and name that")
	case runtime.GOOS != "windows" && info.Mode().Perm()&0o007 != 0:
		return errors.New("others can read the file: take that away with chmod o-rwx")
	}
	return nil
}
