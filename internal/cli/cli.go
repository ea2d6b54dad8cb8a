// Package cli is the commands a person types: serve, which is the default, call,
// prompt and check.
package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	stdlog "log"
	"log/slog"
	"runtime/debug"
	"strings"

	"github.com/mark3labs/mcp-go/server"

	"instaview-mcp/client"
	"instaview-mcp/client/poll"
	"instaview-mcp/internal/config"
	"instaview-mcp/internal/httpserver"
	"instaview-mcp/internal/logging"
	"instaview-mcp/internal/mcpserver"
	"instaview-mcp/internal/sandbox"
	"instaview-mcp/internal/stdio"
	"instaview-mcp/internal/telemetry"
	"instaview-mcp/internal/tenant"
	"instaview-mcp/tools"
)

// Version is set by the linker for released builds; "" asks the Go toolchain.
var Version string

// System is what the program has of the outside.
type System struct {
	Args           []string // without the program's name
	Environ        []string // of os.Environ's form
	Stdin          io.Reader
	Stdout, Stderr io.Writer
}

const usage = `instaview-mcp gives AI assistants InstaView's candidate-sourcing runs over MCP.

  instaview-mcp [flags]                          serve MCP: on stdin and stdout, or over HTTP
  instaview-mcp [flags] call TOOL [name=value …] make one call and print its answer;
                                                 --csv FILE also writes all candidates to a file
  instaview-mcp [flags] prompt [NAME name=value …] print a prompt, or list them
  instaview-mcp [flags] check                    say whether settings, key and network will do

Flags:
`

// errFailed ends the program with status 1 and nothing more to say.
var errFailed = errors.New("failed")

// Run runs the program and returns its exit status.
func Run(ctx context.Context, sys System) int {
	err := run(ctx, sys)
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return 0
	case !errors.Is(err, errFailed):
		printError(sys, err)
	}
	return 1
}

func run(ctx context.Context, sys System) error {
	o, err := parse(sys)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return err
	case err != nil:
		return refuseArguments(ctx, sys, o, err)
	}
	if o.version {
		_, err := fmt.Fprintln(sys.Stdout, "instaview-mcp", buildVersion())
		return err
	}
	sys.Environ = o.override(sys.Environ)
	command, args, table := "serve", o.args, ""
	if len(args) > 0 {
		command, args = args[0], args[1:]
	}
	if command == "call" {
		if args, table, err = tableFile(args); err != nil {
			return err
		}
	}
	switch err := misplaced(command, args); {
	case err != nil && command == "serve":
		return refuseArguments(ctx, sys, o, err)
	case err != nil:
		return err
	}
	switch command {
	case "serve", "check":
		if len(args) > 0 {
			return refuseArguments(ctx, sys, o, fmt.Errorf("%s takes no arguments", command))
		}
		if command == "check" {
			return check(ctx, sys, o.demo)
		}
		return serveMCP(ctx, sys, o.demo)
	case "call":
		use := config.Use{Demo: o.demo}
		settings := loadSettings(ctx, sys, use)
		return withApp(sys, settings, use, func(a *app) error {
			warn(a.log, settings)
			return call(ctx, sys, a.server, args, table, settings.Blind)
		})
	case "prompt":
		return prompt(ctx, sys, args)
	default:
		return fmt.Errorf("there is no command %q: use serve, call, prompt or check", command)
	}
}

// options are the flags, and the words after them.
type options struct {
	demo, version   bool
	transport, addr string
	args            []string
}

func parse(sys System) (options, error) {
	var (
		o    options
		help strings.Builder
	)
	flags := flag.NewFlagSet("instaview-mcp", flag.ContinueOnError)
	flags.SetOutput(&help)
	flags.BoolVar(&o.demo, "demo", false, "answer from a built-in sandbox with invented people; needs no key")
	flags.StringVar(&o.transport, "transport", "", "stdio, http (Streamable HTTP) or sse (HTTP+SSE, deprecated); overrides INSTAVIEW_MCP_TRANSPORT")
	flags.StringVar(&o.addr, "addr", "", "host:port to serve HTTP on; overrides INSTAVIEW_MCP_ADDR")
	flags.BoolVar(&o.version, "version", false, "print the version and exit")
	flags.Usage = func() {
		help.Reset()
		help.WriteString(usage)
		flags.PrintDefaults()
	}
	err := flags.Parse(sys.Args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		_, _ = io.WriteString(sys.Stdout, help.String())
	case err != nil:
		err = fmt.Errorf("%w (instaview-mcp -h lists the flags)", err)
	}
	o.args = flags.Args()
	return o, err
}

// override has flags stand for variables: the last value of a name counts.
func (o options) override(environ []string) []string {
	for name, value := range map[string]string{"INSTAVIEW_MCP_TRANSPORT": o.transport, "INSTAVIEW_MCP_ADDR": o.addr} {
		if value != "" {
			environ = append(environ, name+"="+value)
		}
	}
	return environ
}

// maxUnreadLog is some thousand lines.
const maxUnreadLog = 1 << 20

// misplaced reports a flag after the command, where package flag reads none, and
// no command has any but call its --csv. A value after "=" is left out: it may be a secret.
func misplaced(command string, args []string) error {
	for _, arg := range args {
		if name, _, _ := strings.Cut(arg, "="); strings.HasPrefix(name, "-") {
			return fmt.Errorf("%q stands after %s: flags come before the command (instaview-mcp -h lists them)", name, command)
		}
	}
	return nil
}

// runs is what the tools look at runs with.
type runs interface {
	tools.Waiter
	httpserver.Runs
}

// app is the program, wired.
type app struct {
	settings config.Config
	api      *client.Client // nil if callers bring their keys
	runs     runs
	server   *server.MCPServer
	metrics  *telemetry.Metrics // nil over stdio, where nobody reads them
	log      *slog.Logger
}

// openLog returns the log that the settings describe. A client need not read
// it: what is left unread is lost, and nothing waits for it.
func openLog(sys System, settings config.Config) (log *slog.Logger, closeLog func()) {
	out, before := logging.NewAsyncWriter(sys.Stderr, maxUnreadLog), stdlog.Writer()
	log = settings.Logger(out)
	stdlog.SetOutput(logging.LibraryWriter(log)) // mcp-go logs panics there, with their values
	stdlog.SetFlags(0)
	return log, func() {
		stdlog.SetOutput(before)
		out.Close(stdio.LogTime)
	}
}

// withApp wires the program if the settings will do, and takes it apart after
// use. Callers bring their keys only to a server.
func withApp(sys System, settings config.Config, as config.Use, use func(*app) error) error {
	if err := refused(settings); err != nil {
		return err
	}
	log, closeLog := openLog(sys, settings)
	defer closeLog()
	a := &app{settings: settings, log: log}
	if as.Serving && settings.Transport != config.Stdio {
		a.metrics = telemetry.NewMetrics()
	}
	options := []client.Option{client.WithVersion(buildVersion())}
	if as.Demo {
		dial, stop := sandbox.New().Start()
		defer stop()
		options = append(options, client.WithBaseURL("http://localhost"), client.WithDialContext(dial))
		a.settings.APIKey = client.NewKey(sandbox.Key)
	} else {
		options = append(options, client.WithBaseURL(settings.BaseURL), client.WithCompanyID(settings.CompanyID))
	}
	if err := a.open(as.Serving && settings.CallerKeys, options); err != nil {
		return err
	}
	defer a.close()
	called := func(context.Context, tools.Call) {}
	if as.Serving {
		audit := telemetry.Audit(a.log)
		called = func(ctx context.Context, c tools.Call) {
			if a.metrics != nil {
				a.metrics.CountCall(c)
			}
			audit(ctx, c)
		}
	}
	a.server = mcpserver.New(mcpserver.Options{
		Version: buildVersion(),
		Runs:    a.runs,
		Demo:    as.Demo,
		Key:     a.settings.APIKey,
		Log:     a.log,
		Settings: tools.Settings{
			AllowContacts: settings.AllowContacts,
			Blind:         settings.Blind,
			DefaultWait:   settings.DefaultWait,
			MaxWait:       settings.MaxWait,
			MaxWaits:      settings.MaxWaits,
			Called:        called,
		},
	})
	return use(a)
}

// open makes what looks at runs: with the server's key, or with those of
// callers, and then with no other.
func (a *app) open(callerKeys bool, options []client.Option) (err error) {
	polling := []poll.Option{
		poll.WithRequestsPerMinute(a.settings.RequestsPerMinute),
		poll.WithLogger(a.log),
	}
	if a.metrics != nil {
		polling = append(polling, poll.WithObserver(a.metrics.CountRequest))
	}
	if callerKeys {
		a.runs = tenant.NewPool(func(key client.Key) (*client.Client, error) { return client.New(key, options...) }, polling...)
		return nil
	}
	if a.api, err = client.New(a.settings.APIKey, options...); err != nil {
		return err
	}
	a.runs = poll.New(a.api, polling...)
	return nil
}

func (a *app) close() {
	a.runs.Close()
	if a.api != nil {
		a.api.CloseIdleConnections()
	}
}

func buildVersion() string {
	if Version != "" {
		return Version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "dev"
}
