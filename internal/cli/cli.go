// Package cli implements the command line: the commands serve, which is the
// default, call, prompt and check.
package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"regexp"
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

Flags:
`

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
	if o.table != "" && command != "call" {
		return refuseArguments(ctx, sys, o, fmt.Errorf("%s takes no --csv: only call writes a table", command))
	}
	switch command {
	case "serve", "check":
		if len(args) > 0 {
			return refuseArguments(ctx, sys, o, fmt.Errorf("%s takes no arguments", command))
		}
		if command == "check" {
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
	default:
		return fmt.Errorf("there is no command %q: use serve, call, prompt or check", command)
	}
}

// options are the flags, wherever they stand, and the other arguments.
type options struct {
	demo, version          bool
	transport, addr, table string
	args                   []string
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
	flags.Func("csv", "with call: `FILE` to write all candidates to, as a table", func(file string) error {
		if file == "" || argument.MatchString(file) {
			return errors.New("needs the name of a file: --csv shortlist.csv")
		}
		o.table = file
		return nil
	})
	flags.BoolVar(&o.version, "version", false, "print the version and exit")
	flags.Usage = func() {
		help.Reset()
		help.WriteString(usage)
		flags.PrintDefaults()
	}
	err := flags.Parse(sys.Args)
	for err == nil && flags.NArg() > 0 {
		o.args = append(o.args, flags.Arg(0))
		err = flags.Parse(flags.Args()[1:])
	}
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
