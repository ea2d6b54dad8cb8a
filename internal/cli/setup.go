package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"instaview-mcp/internal/app"
	"instaview-mcp/internal/setup"
)

func setupUsage() string {
	return `instaview-mcp setup adds this server to the MCP clients on this machine.

  instaview-mcp setup [CLIENT …]            ask for the API key, check it and change the clients' files
  instaview-mcp setup --demo [CLIENT …]     the same for the built-in sandbox, which needs no key
  instaview-mcp setup --print CLIENT        print the block for a client's file and write nothing
  instaview-mcp setup --remove [CLIENT …]   take the server out of the files again; without CLIENT, the key too

CLIENT is ` + strings.Join(setup.Names(), ", ") + `;
without one, all that are found.

The key is asked for and not shown, unless INSTAVIEW_API_KEY or INSTAVIEW_API_KEY_FILE
is set. It is stored in ~/.config/instaview/key, on Windows in %APPDATA%\instaview\key,
for you alone to read. Each change is shown and made after a yes; the file as it was is
kept as FILE.bak-TIME. In a script, without a terminal it needs --yes, and reads the key
from the first line of stdin.

Flags:
`
}

// knownClients returns an error for the first name that is not a client's.
func knownClients(names ...string) error {
	for _, name := range names {
		if _, ok := setup.Named(name); !ok {
			return fmt.Errorf("there is no client %q: use %s", name, strings.Join(setup.Names(), ", "))
		}
	}
	return nil
}

// setUp adds this server to the configuration files of clients, or removes it.
func setUp(ctx context.Context, sys System, o options, names []string) error {
	if err := knownClients(names...); err != nil {
		return err
	}
	machine, err := setup.NewMachine(runtime.GOOS, sys.Environ)
	if err != nil {
		return err
	}
	server, err := thisServer(machine, o.demo)
	if err != nil {
		return err
	}
	if o.print != "" {
		return printBlock(sys.Stdout, o, names, server)
	}
	p := newPrompter(sys, o.yes)
	if p.terminal == nil && !o.yes {
		return errors.New("setup asks before it writes, and stdin is no terminal: say --yes, or use --print CLIENT")
	}
	all := targets(machine, names)
	s := &setupRun{machine: machine, server: server, demo: o.demo, prompter: p}
	if o.remove {
		return s.remove(ctx, all, len(names) == 0)
	}
	if len(all) == 0 {
		return errors.New("no client was found here: name one, as in instaview-mcp setup claude-desktop; they are " + strings.Join(setup.Names(), ", "))
	}
	p.printf("Clients to set up: %s.", titles(all))
	if !o.demo {
		if err := s.ensureKey(ctx, sys); err != nil {
			return err
		}
	}
	return s.add(ctx, all)
}

// copiedVariables are copied into the entry, because the key was checked with
// them.
var copiedVariables = []string{"INSTAVIEW_BASE_URL", "INSTAVIEW_COMPANY_ID"}

// thisServer returns how clients are to start this program.
func thisServer(m setup.Machine, demo bool) (setup.Server, error) {
	command, err := executable()
	server := setup.Server{Command: command, Env: map[string]string{}}
	if demo {
		return server, err
	}
	server.KeyFile = m.KeyFile()
	for _, name := range copiedVariables {
		if value := strings.TrimSpace(m.Env(name)); value != "" {
			server.Env[name] = value
		}
	}
	return server, err
}

// executable returns the path that the program was started by, without
// following links. A package manager replaces the link's target with each
// version, but keeps the link.
func executable() (string, error) {
	real, err := os.Executable()
	if err != nil {
		return "", err
	}
	started, err := exec.LookPath(os.Args[0])
	if err != nil {
		return real, nil
	}
	if started, err = filepath.Abs(started); err != nil {
		return real, nil
	}
	a, errA := os.Stat(started)
	b, errB := os.Stat(real)
	if errA == nil && errB == nil && os.SameFile(a, b) {
		return started, nil
	}
	return real, nil
}

func printBlock(w io.Writer, o options, names []string, server setup.Server) error {
	if len(names) > 0 || o.remove {
		return errors.New("setup --print takes the name of one client and nothing else")
	}
	client, _ := setup.Named(o.print)
	block, err := client.Block(server)
	if err != nil {
		return err
	}
	_, err = io.WriteString(w, block)
	return err
}

// target is a client and one of its configuration files.
type target struct {
	setup.Client
	file string
}

// targets returns the files of the named clients, or of all installed ones if
// none is named.
func targets(m setup.Machine, names []string) (all []target) {
	for _, client := range setup.Clients {
		if len(names) > 0 && !slices.Contains(names, client.Name) {
			continue
		}
		files := client.Installed(m)
		if len(files) == 0 && len(names) > 0 {
			files = []string{client.Usual(m)}
		}
		for _, file := range files {
			all = append(all, target{client, file})
		}
	}
	return all
}

// titles lists the clients of targets, each once.
func titles(all []target) string {
	var titles []string
	for _, t := range all {
		if !slices.Contains(titles, t.Title) {
			titles = append(titles, t.Title)
		}
	}
	return strings.Join(titles, ", ")
}

// setupRun is one run of the command.
type setupRun struct {
	machine  setup.Machine
	server   setup.Server
	demo     bool
	prompter *prompter
	failed   bool
	changed  []target // the clients that have to be restarted
}

// add adds the server to the files.
func (s *setupRun) add(ctx context.Context, all []target) error {
	err := s.change(ctx, all, "%s is already set up, in %s.", func(t target) (setup.Edit, error) { return t.Add(t.file, s.server) })
	if err != nil {
		return err
	}
	const advice = "put it right and run setup again, or add by hand what instaview-mcp setup --print CLIENT prints"
	if len(s.changed) == 0 {
		return s.outcome(advice)
	}
	run := "req_…"
	if s.demo {
		run = "req_demo"
	}
	s.prompter.printf("\nRestart %s. Then ask: Wait for my InstaView run %s and tell me whom to call first.", titles(s.changed), run)
	for _, name := range []string{"HTTPS_PROXY", "SSL_CERT_FILE"} {
		if s.machine.Env(name) != "" && !s.demo {
			s.prompter.printf("%s is set here, and clients may not pass it on: if they cannot reach InstaView, add it beside INSTAVIEW_API_KEY_FILE.", name)
		}
	}
	if strings.Contains(s.server.Command, "_npx") || strings.Contains(s.server.Command, "go-build") {
		s.prompter.printf("The program is in a directory that is emptied now and then: install it to stay, and run setup again.")
	}
	return s.outcome(advice)
}

// remove removes the server from the files and, if no clients were named, the
// key.
func (s *setupRun) remove(ctx context.Context, all []target, keyToo bool) error {
	err := s.change(ctx, all, "%s does not have it, in %s.", func(t target) (setup.Edit, error) { return t.Remove(t.file) })
	if err != nil {
		return err
	}
	file := s.machine.KeyFile()
	if _, err := os.Lstat(file); err == nil && keyToo && !s.failed {
		yes, err := s.prompter.confirm(ctx, "Delete the API key in "+file+"?")
		if err == nil && yes {
			err = os.Remove(file)
		}
		if err != nil {
			return err
		}
		if yes {
			s.prompter.printf("%s is deleted.", file)
		}
	}
	return s.outcome("put it right and run setup --remove again, or take the entry instaview out by hand")
}

// change shows the edit of each file and applies it if the person confirms. A
// fault in one file does not stop the others.
func (s *setupRun) change(ctx context.Context, all []target, unchanged string, edit func(target) (setup.Edit, error)) error {
	explained := false
	for _, t := range all {
		edit, err := edit(t)
		if err != nil {
			s.fault(t, err)
			continue
		}
		if !edit.Changed() {
			s.prompter.printf(unchanged, t.Title, t.file)
			continue
		}
		if !explained {
			explained = true
			s.prompter.printf("\nBelow, + marks a line that is added, - one that is taken out, and … what is not shown.")
		}
		s.prompter.printf("\n%s", strings.TrimSuffix(edit.Diff(), "\n"))
		yes, err := s.prompter.confirm(ctx, "Write this to the file of "+t.Title+"?")
		if err != nil {
			return err
		}
		if !yes {
			continue
		}
		backup, err := edit.Apply(time.Now())
		if err != nil {
			s.fault(t, err)
			continue
		}
		s.prompter.printf("Written: %s", t.file)
		if backup != "" {
			s.prompter.printf("As it was: %s", backup)
		}
		s.changed = append(s.changed, t)
	}
	return nil
}

func (s *setupRun) fault(t target, err error) {
	s.failed = true
	s.prompter.printf("%s is left as it is: %s: %v.", t.Title, t.file, err)
}

func (s *setupRun) outcome(advice string) error {
	if s.failed {
		s.prompter.printf("\nFor what is left as it is: %s.", advice)
		return app.ErrFailed
	}
	return s.prompter.err
}
