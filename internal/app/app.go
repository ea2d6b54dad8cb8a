// Package app connects the parts of the program: settings → client → poller →
// MCP server → transport.
package app

import (
	"context"
	"fmt"
	"io"
	stdlog "log"
	"log/slog"

	"github.com/mark3labs/mcp-go/server"

	"instaview-mcp/client"
	"instaview-mcp/client/poll"
	"instaview-mcp/internal/config"
	"instaview-mcp/internal/httpserver"
	"instaview-mcp/internal/logging"
	"instaview-mcp/internal/mcpserver"
	"instaview-mcp/internal/sandbox"
	"instaview-mcp/internal/spending"
	"instaview-mcp/internal/stdio"
	"instaview-mcp/internal/store"
	"instaview-mcp/internal/telemetry"
	"instaview-mcp/internal/tenant"
	"instaview-mcp/tools"
)

// maxUnreadLog limits the log lines that a client has not read yet, in bytes:
// about a thousand lines.
const maxUnreadLog = 1 << 20

// Runs reads and starts runs for the tools. tenant.Own and *tenant.Pool
// implement it.
type Runs interface {
	tools.Waiter
	tools.Starter
	httpserver.Runs
}

// App holds the parts of the program.
type App struct {
	Settings config.Config
	API      *client.Client // nil if callers bring their keys
	Runs     Runs
	// Hint tells what reads the runs that one has probably ended, or with ""
	// that some run has; nil if callers bring their keys.
	Hint    func(requestID string)
	Server  *server.MCPServer
	Metrics *telemetry.Metrics // nil over stdio, where nothing could read them
	Store   *store.Redis       // nil if replicas share nothing
	Log     *slog.Logger
}

// OpenLog returns the configured logger and a function that closes it. If the
// log is not read, lines are dropped, so that logging never blocks.
func OpenLog(stderr io.Writer, settings config.Config) (log *slog.Logger, closeLog func()) {
	out, before := logging.NewAsyncWriter(stderr, maxUnreadLog), stdlog.Writer()
	log = settings.Logger(out)
	stdlog.SetOutput(logging.LibraryWriter(log)) // mcp-go logs panics there, with their values
	stdlog.SetFlags(0)
	return log, func() {
		stdlog.SetOutput(before)
		out.Close(stdio.LogTime)
	}
}

// With builds the program's parts, calls use, and closes them again. It returns
// the faults of the settings, if there are any.
func With(stderr io.Writer, settings config.Config, as config.Use, use func(*App) error) error {
	if err := Refused(settings); err != nil {
		return err
	}
	log, closeLog := OpenLog(stderr, settings)
	defer closeLog()
	a := &App{Settings: settings, Log: log}
	if as.Serving && settings.Transport != config.Stdio {
		a.Metrics = telemetry.NewMetrics()
	}
	options := []client.Option{client.WithVersion(BuildVersion())}
	if as.Demo {
		dial, stop := sandbox.New().Start()
		defer stop()
		options = append(options, client.WithBaseURL("http://localhost"), client.WithDialContext(dial))
		a.Settings.APIKey = client.NewKey(sandbox.Key)
	} else {
		options = append(options, client.WithBaseURL(settings.BaseURL), client.WithCompanyID(settings.CompanyID))
	}
	if err := a.open(as.Serving, options); err != nil {
		return err
	}
	defer a.close()
	onCall := func(context.Context, tools.Call) {}
	if as.Serving {
		audit := telemetry.Audit(a.Log)
		onCall = func(ctx context.Context, c tools.Call) {
			if a.Metrics != nil {
				a.Metrics.CountCall(c)
			}
			audit(ctx, c)
		}
	}
	var starting *tools.Starting
	if settings.AllowStart {
		ledger := spending.New(settings.MaxCreditsPerRun, settings.MaxCreditsPerDay)
		starting = tools.NewStarting(a.Runs, ledger)
		defer func() {
			if n := ledger.Unfinished(); n > 0 {
				a.Log.Warn("stopped before InstaView had answered: look in the InstaView app whether a run was started or refined", "requests", n)
			}
		}()
	}
	offered := toolSettings(settings)
	offered.Starting, offered.OnCall = starting, onCall
	a.Server = mcpserver.New(mcpserver.Options{
		Version:  BuildVersion(),
		Runs:     a.Runs,
		Demo:     as.Demo,
		Key:      a.Settings.APIKey,
		Log:      a.Log,
		Only:     settings.Tools,
		Settings: offered,
	})
	return use(a)
}

// open makes what runs are read with: one client and poller for the server's
// key or, if the server's callers bring keys, one of each for every key.
func (a *App) open(serving bool, options []client.Option) (err error) {
	polling := []poll.Option{
		poll.WithRequestsPerMinute(a.Settings.RequestsPerMinute),
		poll.WithLogger(a.Log),
	}
	if a.Metrics != nil {
		polling = append(polling, poll.WithObserver(a.Metrics.CountRequest))
	}
	if serving && a.Settings.RedisURL.Reveal() != "" {
		if err := a.openStore(); err != nil {
			return err
		}
	}
	if serving && a.Settings.CallerKeys {
		pool := tenant.NewPool(func(key client.Key) (*client.Client, error) { return client.New(key, options...) }, polling...)
		a.share(pool)
		a.Runs = pool
		return nil
	}
	if a.API, err = client.New(a.Settings.APIKey, options...); err != nil {
		return err
	}
	if serving && a.Settings.OAuthCompanyClaim != "" {
		pool := tenant.NewPool(func(client.Key) (*client.Client, error) { return a.API, nil }, polling...)
		a.share(pool)
		runs := pool.ForCompanies(a.Settings.APIKey)
		a.Runs, a.Hint = runs, runs.Hint
		return nil
	}
	if a.Store != nil {
		polling = append(polling, poll.WithStore(a.Store.For(a.Settings.APIKey)))
	}
	runs := tenant.Own{Poller: poll.New(a.API, polling...), Client: a.API}
	a.Runs, a.Hint = runs, runs.Hint
	return nil
}

// openStore opens what replicas share. Metrics are there, since it is only used
// over HTTP.
func (a *App) openStore() (err error) {
	if a.Store, err = store.Open(a.Settings.RedisURL.Reveal(), a.Log, a.Metrics.CountDecision); err != nil {
		return fmt.Errorf("INSTAVIEW_MCP_REDIS_URL: %w", err)
	}
	a.Metrics.WatchStore(a.Store)
	return nil
}

// share gives the pool's keys a store each.
func (a *App) share(pool *tenant.Pool) {
	if a.Store != nil {
		pool.Share(a.Store.For)
	}
}

// callerWaits returns the limit of waits at the same time for each person that
// OAuth tells from others, who must not take all places; 0 without OAuth, where
// callers are programs.
func callerWaits(settings config.Config) int {
	if settings.OAuthIssuer == "" {
		return 0
	}
	return min(tools.DefaultMaxWaits, (settings.MaxWaits+1)/2)
}

func (a *App) close() {
	a.Runs.Close()
	if a.Store != nil {
		a.Store.Close()
	}
	if a.API != nil {
		a.API.CloseIdleConnections()
	}
}
