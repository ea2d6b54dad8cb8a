// Package cli is the commands a person types: serve, which is the default, call
// and check.
package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"runtime/debug"
	"strings"

	"github.com/mark3labs/mcp-go/server"

	"instaview-mcp/client"
	"instaview-mcp/client/poll"
	"instaview-mcp/internal/config"
	"instaview-mcp/internal/mcpserver"
	"instaview-mcp/internal/sandbox"
	"instaview-mcp/internal/serve"
	"instaview-mcp/tools"
)

// Version is set by the linker for released builds; "" asks the Go toolchain.
var Version string

// System is what the program has of the outside.
type System struct {
	Args           []string // without the program's name
	LookupEnv      func(string) (string, bool)
	Stdin          io.Reader
	Stdout, Stderr io.Writer
}

const usage = `instaview-mcp gives AI assistants InstaView's candidate-sourcing runs over MCP.

  instaview-mcp [flags]                          serve MCP on stdin and stdout
  instaview-mcp [flags] call TOOL [name=value …] make one call and print its answer
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
		_, _ = fmt.Fprintf(sys.Stderr, "instaview-mcp: %v\n", err)
	}
	return 1
}

func run(ctx context.Context, sys System) error {
	var (
		demo, version bool
		help          strings.Builder
	)
	flags := flag.NewFlagSet("instaview-mcp", flag.ContinueOnError)
	flags.SetOutput(&help)
	flags.BoolVar(&demo, "demo", false, "answer from a built-in sandbox with invented people; needs no key")
	flags.BoolVar(&version, "version", false, "print the version and exit")
	flags.Usage = func() {
		help.Reset()
		help.WriteString(usage)
		flags.PrintDefaults()
	}
	if err := flags.Parse(sys.Args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			_, _ = io.WriteString(sys.Stdout, help.String())
			return err
		}
		return fmt.Errorf("%w (instaview-mcp -h lists the flags)", err)
	}
	if version {
		_, err := fmt.Fprintln(sys.Stdout, "instaview-mcp", buildVersion())
		return err
	}

	command, args := "serve", flags.Args()
	if len(args) > 0 {
		command, args = args[0], args[1:]
	}
	if err := misplaced(command, args); err != nil {
		return err
	}
	switch command {
	case "serve":
		if len(args) > 0 {
			return errors.New("serve takes no arguments")
		}
		return withApp(ctx, sys, demo, func(a *app) error {
			a.log.Info("serving MCP on stdin and stdout", "version", buildVersion(), "demo", demo)
			return serve.Stdio(ctx, a.server, sys.Stdin, sys.Stdout, a.endWaits, a.log)
		})
	case "call":
		return withApp(ctx, sys, demo, func(a *app) error { return call(ctx, sys, a.server, args) })
	case "check":
		if len(args) > 0 {
			return errors.New("check takes no arguments")
		}
		return check(ctx, sys, demo)
	default:
		return fmt.Errorf("there is no command %q: use serve, call or check", command)
	}
}

// maxUnreadLog is some thousand lines.
const maxUnreadLog = 1 << 20

// misplaced reports a flag after the command, where package flag reads none and
// no command has any. A value after "=" is left out: it may be a secret.
func misplaced(command string, args []string) error {
	for _, arg := range args {
		if name, _, _ := strings.Cut(arg, "="); strings.HasPrefix(name, "-") {
			return fmt.Errorf("%q stands after %s: flags come before the command (instaview-mcp -h lists them)", name, command)
		}
	}
	return nil
}

// app is the program, wired.
type app struct {
	settings config.Config
	api      *client.Client
	server   *server.MCPServer
	log      *slog.Logger
	endWaits func() // with what they know
}

// withApp reads the settings, wires the program, and takes it apart after use.
func withApp(ctx context.Context, sys System, demo bool, use func(*app) error) error {
	settings, err := config.Load(ctx, sys.LookupEnv)
	if err != nil {
		return err
	}
	// A client need not read the log: what it leaves unread is lost, and nothing
	// waits for it.
	log := serve.NewOutbox(sys.Stderr, maxUnreadLog)
	defer log.Close(serve.LeaveTime)
	logger := settings.Logger(log)
	for _, w := range settings.Warnings {
		logger.Warn(w)
	}
	options := []client.Option{client.WithVersion(buildVersion())}
	if demo {
		dial, stop := sandbox.New().Start()
		defer stop()
		settings.Key = client.NewKey(sandbox.Key)
		options = append(options, client.WithBaseURL("http://localhost"), client.WithDialContext(dial))
	} else {
		if err := settings.ReadKey(); err != nil {
			return err
		}
		options = append(options, client.WithBaseURL(settings.BaseURL), client.WithCompanyID(settings.CompanyID))
	}
	api, err := client.New(settings.Key, options...)
	if err != nil {
		return err
	}
	defer api.CloseIdleConnections()
	poller := poll.New(api, poll.WithRequestsPerMinute(settings.RequestsPerMinute), poll.WithLogger(logger))
	defer poller.Close()

	return use(&app{settings: settings, api: api, log: logger, endWaits: poller.Drain, server: mcpserver.New(mcpserver.Options{
		Version: buildVersion(),
		Runs:    poller,
		Demo:    demo,
		Key:     settings.Key,
		Log:     logger,
		Settings: tools.Settings{
			AllowContacts: settings.AllowContacts,
			DefaultWait:   settings.DefaultWait,
			MaxWait:       settings.MaxWait,
			MaxWaits:      settings.MaxWaits,
		},
	})})
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
