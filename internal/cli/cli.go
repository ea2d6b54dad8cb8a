// Package cli implements the command line: the commands serve, which is the
// default, call, prompt, check, setup, version and completion.
package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"instaview-mcp/internal/app"
	"instaview-mcp/internal/config"
)

// System is the program's environment, which tests replace.
type System struct {
	Args           []string // without the program's name
	Environ        []string // in the form of os.Environ
	Stdin          io.Reader
	Stdout, Stderr io.Writer
}

func (s System) streams() app.Streams {
	return app.Streams{Stdin: s.Stdin, Stdout: s.Stdout, Stderr: s.Stderr}
}

const usage = `instaview-mcp gives AI assistants InstaView's candidate-sourcing runs over MCP.

  instaview-mcp [flags]                          serve MCP: on stdin and stdout, or over HTTP
  instaview-mcp [flags] call TOOL [name=value …] make one call and print its answer
  instaview-mcp [flags] prompt [NAME name=value …] print a prompt, or list them
  instaview-mcp [flags] check                    say whether settings, key and network will do
  instaview-mcp [flags] setup [CLIENT …]         add this server to the clients on this machine; setup -h says more
  instaview-mcp version                          say which version and build this is
  instaview-mcp completion SHELL                 print completions for bash, zsh or fish

Flags:
`

// commands lists the names of all commands.
var commands = []string{"serve", "call", "prompt", "check", "setup", "version", "completion"}

// commandOf maps a flag that only one command takes to that command.
var commandOf = map[string]string{"csv": "call", "print": "setup", "remove": "setup", "yes": "setup"}

// Run runs the program and returns its exit status.
func Run(ctx context.Context, sys System) int {
	err := run(ctx, sys)
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return 0
	case !errors.Is(err, app.ErrFailed):
		app.PrintError(sys.Stderr, err)
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
		_, err := fmt.Fprintln(sys.Stdout, "instaview-mcp", app.BuildVersion())
		return err
	}
	sys.Environ = o.override(sys.Environ)
	command, args := "serve", o.args
	if len(args) > 0 {
		command, args = args[0], args[1:]
	}
	for _, name := range o.given {
		if owner := commandOf[name]; owner != "" && owner != command {
			return refuseArguments(ctx, sys, o, fmt.Errorf("%s takes no --%s: only %s does", command, name, owner))
		}
	}
	switch command {
	case "serve", "check", "version":
		switch {
		case len(args) > 0:
			return refuseArguments(ctx, sys, o, fmt.Errorf("%s takes no arguments", command))
		case command == "version":
			_, err := io.WriteString(sys.Stdout, app.Details())
			return err
		case command == "check":
			return check(ctx, sys, o.demo)
		}
		return app.Serve(ctx, sys.streams(), sys.Environ, o.demo)
	case "call":
		use := config.Use{Demo: o.demo}
		settings := app.LoadSettings(ctx, sys.Environ, use)
		return app.With(sys.Stderr, settings, use, func(a *app.App) error {
			a.Warn()
			return call(ctx, sys, a.Server, args, o.table, settings.Blind)
		})
	case "prompt":
		return prompt(ctx, sys, args)
	case "setup":
		return setUp(ctx, sys, o, args)
	case "completion":
		return completion(sys.Stdout, args)
	default:
		last := len(commands) - 1
		return fmt.Errorf("there is no command %q: use %s or %s", command, strings.Join(commands[:last], ", "), commands[last])
	}
}

// options are the flags, wherever they stand, and the other arguments.
type options struct {
	demo, version          bool
	transport, addr, table string
	print                  string // of setup: the name of a client
	remove, yes            bool   // of setup
	args                   []string
	given                  []string // the names of the flags that were given
}

// flagSet returns the flags of all commands, which store their values in o.
func flagSet(o *options) *flag.FlagSet {
	flags := flag.NewFlagSet("instaview-mcp", flag.ContinueOnError)
	flags.BoolVar(&o.demo, "demo", false, "answer from a built-in sandbox with invented people; needs no key")
	flags.StringVar(&o.transport, "transport", "", "stdio, http (Streamable HTTP) or sse (HTTP+SSE, deprecated); overrides INSTAVIEW_MCP_TRANSPORT")
	flags.StringVar(&o.addr, "addr", "", "host:port to serve HTTP on; overrides INSTAVIEW_MCP_ADDR")
	flags.Func("csv", "with call: `FILE` to write all candidates to, as a table", func(file string) error {
		if file == "" || argument.MatchString(file) {
			return errors.New("needs the name of a file: --csv shortlist.csv")
		}
		o.table = file
		return nil
	})
	flags.Func("print", "with setup: `CLIENT` to print the block of, without writing anything", func(name string) error {
		o.print = name
		return knownClients(name)
	})
	flags.BoolVar(&o.remove, "remove", false, "with setup: take this server out of the clients' files again")
	flags.BoolVar(&o.yes, "yes", false, "with setup: answer every question with yes")
	flags.BoolVar(&o.version, "version", false, "print the version and exit")
	return flags
}

func parse(sys System) (options, error) {
	var (
		o    options
		help strings.Builder
	)
	flags := flagSet(&o)
	flags.SetOutput(&help)
	flags.Usage = func() {
		help.Reset()
		if !slices.Contains(o.args, "setup") {
			help.WriteString(usage)
			flags.PrintDefaults()
			return
		}
		help.WriteString(setupUsage())
		its := flag.NewFlagSet("setup", flag.ContinueOnError)
		its.SetOutput(&help)
		flags.VisitAll(func(f *flag.Flag) {
			if commandOf[f.Name] == "setup" || f.Name == "demo" {
				its.Var(f.Value, f.Name, f.Usage)
			}
		})
		its.PrintDefaults()
	}
	err := flags.Parse(sys.Args)
	for err == nil && flags.NArg() > 0 {
		o.args = append(o.args, flags.Arg(0))
		err = flags.Parse(flags.Args()[1:])
	}
	flags.Visit(func(f *flag.Flag) { o.given = append(o.given, f.Name) })
	switch {
	case errors.Is(err, flag.ErrHelp):
		_, _ = io.WriteString(sys.Stdout, help.String())
	case err != nil:
		err = flagError(err)
	}
	return o, err
}

// argument matches a call's name=value argument, which follows --csv if the
// file's name is missing.
var argument = regexp.MustCompile(`^[A-Za-z_]+=`)

var flagValue = regexp.MustCompile(`(?s)^invalid (?:boolean )?value ".*" for (?:flag )?(-\w+: )`)

// flagError returns the error without the flag's value, which may be a secret.
func flagError(err error) error {
	return fmt.Errorf("%s (instaview-mcp -h lists the flags)", flagValue.ReplaceAllString(err.Error(), "flag $1"))
}

// override appends the variables that flags replace, since the last value of a
// name counts.
func (o options) override(environ []string) []string {
	for name, value := range map[string]string{"INSTAVIEW_MCP_TRANSPORT": o.transport, "INSTAVIEW_MCP_ADDR": o.addr} {
		if value != "" {
			environ = append(environ, name+"="+value)
		}
	}
	return environ
}
