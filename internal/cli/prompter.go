package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// prompter asks the person who runs a command.
type prompter struct {
	terminal *os.File // nil if stdin is not a terminal
	in       *bufio.Reader
	out      io.Writer
	err      error // the first error of writing to out
	yes      bool  // answers every question with yes
}

func newPrompter(sys System, yes bool) *prompter {
	p := &prompter{out: sys.Stdout, yes: yes}
	if sys.Stdin == nil {
		sys.Stdin = strings.NewReader("")
	}
	if f, ok := sys.Stdin.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		p.terminal = f
	}
	p.in = bufio.NewReader(io.LimitReader(sys.Stdin, maxTyped))
	return p
}

// maxTyped limits what is read from stdin, in bytes. A key and the answers are
// far shorter.
const maxTyped = 64 << 10

// printf prints a line.
func (p *prompter) printf(format string, args ...any) {
	if _, err := fmt.Fprintf(p.out, format+"\n", args...); p.err == nil {
		p.err = err
	}
}

// confirm reports whether the person answers a question with yes. The end of
// stdin counts as no.
func (p *prompter) confirm(ctx context.Context, question string) (bool, error) {
	if p.yes {
		return true, nil
	}
	_, _ = fmt.Fprintf(p.out, "%s [y/N] ", question)
	line, err := p.line(ctx)
	answer := strings.ToLower(line)
	return answer == "y" || answer == "yes", err
}

// line reads a line from stdin. It returns "" at the end.
func (p *prompter) line(ctx context.Context) (string, error) {
	return cancellable(ctx, func() (string, error) { return p.in.ReadString('\n') })
}

// secret asks for a line that the terminal does not show. It returns "" at the
// end of stdin.
func (p *prompter) secret(ctx context.Context, question string) (string, error) {
	fd := int(p.terminal.Fd())
	before, err := term.GetState(fd)
	if err != nil {
		return "", err
	}
	defer func() {
		_ = term.Restore(fd, before)
		_, _ = fmt.Fprintln(p.out)
	}()
	if err := p.hide(); err != nil {
		return "", err
	}
	_, _ = fmt.Fprint(p.out, question)
	return cancellable(ctx, p.hiddenLine)
}

// cancellable returns the result of read, or an error once ctx is done. A read
// from a terminal cannot be cancelled, so it goes on in its own goroutine.
func cancellable(ctx context.Context, read func() (string, error)) (string, error) {
	type result struct {
		line string
		err  error
	}
	done := make(chan result, 1)
	go func() {
		line, err := read()
		done <- result{strings.TrimSpace(line), err}
	}()
	select {
	case <-ctx.Done():
		return "", errors.New("interrupted")
	case r := <-done:
		if errors.Is(r.err, io.EOF) {
			r.err = nil
		}
		return r.line, r.err
	}
}
