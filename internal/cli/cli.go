// Package cli implements the command line: the commands serve, which is the
// default, call, prompt, check, setup, webhook, version and completion.
package cli

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

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
  instaview-mcp [flags] webhook DO               have InstaView report the end of runs; webhook -h says more
  instaview-mcp version                          say which version and build this is
  instaview-mcp completion SHELL                 print completions for bash, zsh or fish

Flags:
`

// command is one of the program's commands.
type command struct {
	name  string
	usage string // what its help begins with; "" = usage
	// flags adds the command's own flags to those that every command takes; nil
	// if it has none.
	flags       func(flags *flag.FlagSet, o *options)
	noArguments bool
	run         func(ctx context.Context, sys System, o options, args []string) error
}

// allCommands returns the commands. The first runs if none is named.
func allCommands() []command {
	return []command{
		{name: "serve", flags: serveFlags, noArguments: true, run: func(ctx context.Context, sys System, o options, _ []string) error {
			return app.Serve(ctx, sys.streams(), sys.Environ, o.demo)
		}},
		{name: "call", flags: callFlags, run: func(ctx context.Context, sys System, o options, args []string) error {
			use := config.Use{Demo: o.demo}
			settings := app.LoadSettings(ctx, sys.Environ, use)
			return app.With(sys.Stderr, settings, use, func(a *app.App) error {
				a.Warn()
				return call(ctx, sys, a.Server, args, o, settings.Blind)
			})
		}},
		{name: "prompt", run: func(ctx context.Context, sys System, _ options, args []string) error { return prompt(ctx, sys, args) }},
		{name: "check", flags: serveFlags, noArguments: true, run: func(ctx context.Context, sys System, o options, _ []string) error { return check(ctx, sys, o.demo) }},
		{name: "setup", usage: setupUsage(), flags: setupFlags, run: setUp},
		{name: "webhook", usage: webhookUsage, flags: webhookFlags, run: webhook},
		{name: "version", noArguments: true, run: func(_ context.Context, sys System, _ options, _ []string) error {
			_, err := io.WriteString(sys.Stdout, app.Details())
			return err
		}},
		{name: "completion", run: func(_ context.Context, sys System, _ options, args []string) error {
			return completion(sys.Stdout, args)
		}},
	}
}

// joined returns names with a conjunction: "a, b or c". There must be one.
func joined(names []string, conjunction string) string {
	last := len(names) - 1
	if last == 0 {
		return names[0]
	}
	return strings.Join(names[:last], ", ") + " " + conjunction + " " + names[last]
}

// names returns the names of commands.
func names(commands []command) (names []string) {
	for _, c := range commands {
		names = append(names, c.name)
	}
	return names
}

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
	commands := allCommands()
	chosen, args := commands[0], o.args
	if len(args) > 0 {
		at := slices.Index(names(commands), args[0])
		if at < 0 {
			return fmt.Errorf("there is no command %q: use %s", args[0], joined(names(commands), "or"))
		}
		chosen, args = commands[at], args[1:]
	}
	if err := chosen.refuses(o.given, args); err != nil {
		return refuseArguments(ctx, sys, o, err)
	}
	return chosen.run(ctx, sys, o, args)
}

// refuses returns an error if the command does not take one of the flags, or
// takes no arguments.
func (c command) refuses(flags, args []string) error {
	own := flagSet(new(options), c)
	for _, name := range flags {
		if own.Lookup(name) == nil {
			owners := slices.DeleteFunc(allCommands(), func(other command) bool { return flagSet(new(options), other).Lookup(name) == nil })
			does := map[bool]string{true: "does", false: "do"}[len(owners) == 1]
			return fmt.Errorf("%s takes no --%s: only %s %s", c.name, name, joined(names(owners), "and"), does)
		}
	}
	if c.noArguments && len(args) > 0 {
		return fmt.Errorf("%s takes no arguments", c.name)
	}
	return nil
}

// options are the flags, wherever they stand, and the other arguments.
type options struct {
	demo, version   bool
	transport, addr string
	save            saves  // of call
	print           string // of setup: the name of a client
	remove          bool   // of setup
	yes             bool   // of setup, call and webhook
	webhook         newWebhook
	args            []string
	given           []string // the names of the flags that were given
}

// flagSet returns the flags of commands, which store their values in o.
func flagSet(o *options, commands ...command) *flag.FlagSet {
	flags := flag.NewFlagSet("instaview-mcp", flag.ContinueOnError)
	flags.BoolFunc("demo", "answer from a built-in sandbox with invented people; needs no key", func(value string) (err error) {
		if config.IsReference(value) {
			return nil // to a field of a bundle's form that nobody filled in
		}
		if o.demo, err = strconv.ParseBool(value); err != nil {
			return errors.New("must be true or false") // err repeats the value
		}
		return nil
	})
	flags.BoolVar(&o.version, "version", false, "print the version and exit")
	for _, c := range commands {
		if c.flags == nil {
			continue
		}
		own := flag.NewFlagSet(c.name, flag.ContinueOnError)
		c.flags(own, o)
		own.VisitAll(func(f *flag.Flag) {
			if flags.Lookup(f.Name) == nil { // commands may share a flag
				flags.Var(f.Value, f.Name, f.Usage)
			}
		})
	}
	return flags
}

// serveFlags are of serve, and of check, which checks what serve would do.
func serveFlags(flags *flag.FlagSet, o *options) {
	flags.StringVar(&o.transport, "transport", "", "stdio, http (Streamable HTTP) or sse (HTTP+SSE, deprecated); overrides INSTAVIEW_MCP_TRANSPORT")
	flags.StringVar(&o.addr, "addr", "", "host:port to serve HTTP on; overrides INSTAVIEW_MCP_ADDR")
}

func callFlags(flags *flag.FlagSet, o *options) {
	flags.Func("csv", "with call: `FILE` to write all candidates to, as a table", fileName(&o.save.table, "--csv shortlist.csv"))
	flags.Func("html", "with call: `FILE` to write the run to, as a page to look at", fileName(&o.save.page, "--html shortlist.html"))
	flags.BoolVar(&o.save.open, "open", false, "with --html: open the page in a browser")
	yesFlag(flags, o)
}

// fileName returns a flag that sets file.
func fileName(file *string, example string) func(string) error {
	return func(given string) error {
		if given == "" || argument().MatchString(given) {
			return errors.New("needs the name of a file: " + example)
		}
		*file = given
		return nil
	}
}

// yesFlag is of all commands that ask.
func yesFlag(flags *flag.FlagSet, o *options) {
	flags.BoolVar(&o.yes, "yes", false, "with setup: answer every question with yes; with call: agree to what costs credits; with webhook: register or delete without a question")
}

func setupFlags(flags *flag.FlagSet, o *options) {
	flags.Func("print", "with setup: `CLIENT` to print the block of, without writing anything", func(name string) error {
		o.print = name
		return knownClients(name)
	})
	flags.BoolVar(&o.remove, "remove", false, "with setup: take this server out of the clients' files again")
	yesFlag(flags, o)
}

// parse reads the flags, which may stand anywhere. All commands' are accepted
// at first, because a flag may precede the command that it belongs to.
func parse(sys System) (options, error) {
	var o options
	flags := flagSet(&o, allCommands()...)
	flags.SetOutput(io.Discard)
	err := flags.Parse(sys.Args)
	for err == nil && flags.NArg() > 0 {
		o.args = append(o.args, flags.Arg(0))
		err = flags.Parse(flags.Args()[1:])
	}
	flags.Visit(func(f *flag.Flag) { o.given = append(o.given, f.Name) })
	switch {
	case errors.Is(err, flag.ErrHelp):
		printHelp(sys.Stdout, o.args)
	case err != nil:
		err = flagError(err)
	}
	return o, err
}

// printHelp prints the help of the command that args name, or of the program.
func printHelp(w io.Writer, args []string) {
	text, commands := usage, allCommands()
	if len(args) > 0 {
		if at := slices.Index(names(commands), args[0]); at >= 0 {
			commands = commands[at : at+1]
			text = cmp.Or(commands[0].usage, usage)
		}
	}
	_, _ = io.WriteString(w, text)
	flags := flagSet(new(options), commands...)
	flags.SetOutput(w)
	flags.PrintDefaults()
}

// argument matches a call's name=value argument, which follows --csv if the
// file's name is missing.
var argument = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z_]+=`) })

var flagValue = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?s)^invalid (?:boolean )?value ".*" for (?:flag )?(-\w+: )`)
})

// flagError returns the error without the flag's value, which may be a secret.
func flagError(err error) error {
	return fmt.Errorf("%s (instaview-mcp -h lists the flags)", flagValue().ReplaceAllString(err.Error(), "flag $1"))
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
