package app

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"

	"instaview-mcp/internal/config"
	"instaview-mcp/internal/httpserver"
	"instaview-mcp/internal/oauth"
	"instaview-mcp/prompts"
	"instaview-mcp/tools"
)

// LoadSettings reads and checks the settings, and everything outside the
// program that serving needs, such as addresses and certificates. The command
// check and the server use the same function, so they cannot disagree.
func LoadSettings(ctx context.Context, environ []string, use config.Use) config.Config {
	settings := config.Load(ctx, environ, use)
	if fault := checkTools(settings); fault != "" {
		settings.Faults = append(settings.Faults, fault)
		settings.Faulty = append(settings.Faulty, toolsVariable)
	}
	if use.Serving && settings.Transport != config.Stdio {
		settings.Faults = append(settings.Faults, httpSettings(settings).Check()...)
	}
	return settings
}

const toolsVariable = "INSTAVIEW_MCP_TOOLS"

// checkTools returns what is wrong with the names of the tools and prompts to
// offer; "" if nothing.
func checkTools(s config.Config) string {
	known := append(tools.Names(s.AllowStart), prompts.Names(s.AllowStart)...)
	all := append(tools.Names(true), prompts.Names(true)...)
	if len(s.Tools) > 0 && !slices.ContainsFunc(s.Tools, func(name string) bool { return name != "" }) {
		return toolsVariable + " names nothing: use " + strings.Join(known, ", ")
	}
	for _, name := range s.Tools {
		switch {
		case name == "", slices.Contains(known, name): // as after a last comma
		case slices.Contains(all, name):
			return toolsVariable + ": " + name + " needs INSTAVIEW_ALLOW_START=true"
		default:
			return toolsVariable + " names what is no tool or prompt: use " + strings.Join(known, ", ")
		}
	}
	return ""
}

// toolSettings returns the settings of the tools that only read runs.
func toolSettings(s config.Config) tools.Settings {
	return tools.Settings{
		AllowContacts: s.AllowContacts,
		Blind:         s.Blind,
		NoApps:        !s.Apps,
		DefaultWait:   s.DefaultWait,
		MaxWait:       s.MaxWait,
		MaxWaits:      s.MaxWaits,
		CallerWaits:   callerWaits(s),
	}
}

func httpSettings(s config.Config) httpserver.Settings {
	return httpserver.Settings{
		Addr:           s.Addr,
		SSE:            s.Transport == config.SSE,
		Token:          s.AuthToken,
		CallerKeys:     s.CallerKeys,
		OAuth:          OAuthSettings(s),
		WebhookSecret:  s.WebhookSecret,
		URL:            s.URL,
		AllowedHosts:   append(slices.Clone(s.AllowedHosts), ownHost(s.URL)...),
		AllowedOrigins: s.AllowedOrigins,
		TLSCert:        s.TLSCert,
		TLSKey:         s.TLSKey,
		TLSTerminated:  s.TLSTerminated,
		MetricsAddr:    s.MetricsAddr,
		MaxConnections: s.MaxConnections,
		Faulty:         s.Faulty,
	}
}

// OAuthSettings returns which access tokens are accepted. Without OAuth it has
// no issuer.
func OAuthSettings(s config.Config) oauth.Settings {
	return oauth.Settings{
		Issuer:       s.OAuthIssuer,
		Audiences:    s.OAuthAudiences,
		Scope:        s.OAuthScope,
		Require:      s.OAuthRequire,
		CompanyClaim: s.OAuthCompanyClaim,
		JWKSURL:      s.OAuthJWKSURL,
	}
}

// ownHost returns the host of this server's public address, if it has one. It
// is without the port, which clients leave out of Host if it is the usual one,
// and which a proxy may change.
func ownHost(address string) []string {
	if u, err := url.Parse(address); err == nil && u.Hostname() != "" {
		return []string{u.Hostname()}
	}
	return nil
}

// Refused returns the faults of the settings as joined errors, or nil. It adds
// the warnings, since an ignored variable may be the cause.
func Refused(s config.Config) error {
	if len(s.Faults) == 0 {
		return nil
	}
	var all []error
	for _, text := range slices.Concat(s.Faults, s.Warnings) {
		all = append(all, errors.New(text))
	}
	return errors.Join(all...)
}

// Warn logs the warnings about ignored variables.
func (a *App) Warn() {
	for _, w := range a.Settings.Warnings {
		a.Log.Warn(w)
	}
	if a.Settings.AllowStart && a.Settings.RedisURL.Reveal() != "" {
		a.Log.Warn("what is spent is not shared: limits of credits and confirmation codes are this process's own, so let one replica start runs")
	}
}
