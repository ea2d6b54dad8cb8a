package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"

	"instaview-mcp/internal/config"
	"instaview-mcp/internal/httpserver"
)

// loadSettings reads and judges the settings, and everything outside the
// program that serving with them needs. It alone decides whether they will do,
// so that check and the start cannot disagree.
func loadSettings(ctx context.Context, sys System, use config.Use) config.Config {
	settings := config.Load(ctx, sys.Environ, use)
	if use.Serving && settings.Transport != config.Stdio {
		settings.Faults = append(settings.Faults, httpSettings(settings).Check()...)
	}
	return settings
}

func httpSettings(s config.Config) httpserver.Settings {
	return httpserver.Settings{
		Addr:           s.Addr,
		SSE:            s.Transport == config.SSE,
		Token:          s.AuthToken,
		CallerKeys:     s.CallerKeys,
		AllowedHosts:   s.AllowedHosts,
		AllowedOrigins: s.AllowedOrigins,
		TLSCert:        s.TLSCert,
		TLSKey:         s.TLSKey,
		TLSTerminated:  s.TLSTerminated,
		MetricsAddr:    s.MetricsAddr,
		MaxConnections: s.MaxConnections,
		Faulty:         s.Faulty,
	}
}

// refused joins the faults, an error each, or returns nil. The warnings go with
// them, since an ignored variable may be the cause.
func refused(s config.Config) error {
	if len(s.Faults) == 0 {
		return nil
	}
	var all []error
	for _, text := range slices.Concat(s.Faults, s.Warnings) {
		all = append(all, errors.New(text))
	}
	return errors.Join(all...)
}

func warn(log *slog.Logger, s config.Config) {
	for _, w := range s.Warnings {
		log.Warn(w)
	}
}

// printError writes an error to stderr, a line for each that was joined to it.
func printError(sys System, err error) {
	all := []error{err}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		all = joined.Unwrap()
	}
	for _, err := range all {
		_, _ = fmt.Fprintf(sys.Stderr, "instaview-mcp: %v\n", err)
	}
}
