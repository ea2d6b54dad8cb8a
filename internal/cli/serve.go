package cli

import (
	"context"

	"instaview-mcp/internal/config"
	"instaview-mcp/internal/serve"
)

// serveMCP serves over the transport that is set until ctx ends or, over stdio,
// until the client leaves.
func serveMCP(ctx context.Context, sys System, demo bool) error {
	return withApp(ctx, sys, demo, true, func(a *app) error {
		if a.settings.Transport == config.Stdio {
			a.log.Info("serving MCP on stdin and stdout", "version", buildVersion(), "demo", demo)
			return serve.Stdio(ctx, a.server, sys.Stdin, sys.Stdout, a.runs.Drain, a.log)
		}
		if err := a.settings.ReadToken(); err != nil {
			return err
		}
		settings := serve.HTTPSettings{
			Addr:           a.settings.Addr,
			SSE:            a.settings.Transport == config.SSE,
			Token:          a.settings.Token,
			CallerKeys:     a.settings.CallerKeys,
			AllowedHosts:   a.settings.AllowedHosts,
			AllowedOrigins: a.settings.AllowedOrigins,
			TLSCert:        a.settings.TLSCert,
			TLSKey:         a.settings.TLSKey,
			TLSTerminated:  a.settings.TLSTerminated,
			MetricsAddr:    a.settings.MetricsAddr,
			MaxConnections: a.settings.MaxConnections,
		}
		if err := settings.Check(); err != nil {
			return err
		}
		a.metrics.Watch(a.server)
		a.log.Info("starting", "version", buildVersion(), "demo", demo)
		return serve.NewHTTP(a.server, settings, a.runs, a.metrics.Handler(), a.log).Run(ctx)
	})
}
