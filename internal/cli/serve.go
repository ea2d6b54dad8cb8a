package cli

import (
	"context"

	"instaview-mcp/internal/config"
	"instaview-mcp/internal/serve"
)

// serveMCP serves over the transport that is set until ctx ends or, over stdio,
// until the client leaves.
func serveMCP(ctx context.Context, sys System, demo bool) error {
	use := config.Use{Demo: demo, Serving: true}
	settings := loadSettings(ctx, sys, use)
	return withApp(ctx, sys, settings, use, func(a *app) error {
		warn(a.log, settings)
		if a.settings.Transport == config.Stdio {
			a.log.Info("serving MCP on stdin and stdout", "version", buildVersion(), "demo", demo)
			return serve.Stdio(ctx, a.server, sys.Stdin, sys.Stdout, a.runs.Drain, a.log)
		}
		a.metrics.Watch(a.server)
		a.log.Info("starting", "version", buildVersion(), "demo", demo)
		return serve.NewHTTP(a.server, httpSettings(a.settings), a.runs, a.metrics.Handler(), a.log).Run(ctx)
	})
}
