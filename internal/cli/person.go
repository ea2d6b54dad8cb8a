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

// person is who runs a command that asks questions.
type person struct {
	terminal *os.File // nil if stdin is none
	in       *bufio.Reader
	out      io.Writer
	err      error // of the first text that could not be written
	yes      bool  // has said yes to everything
}

func newPerson(sys System, yes bool) *person {
	p := &person{out: sys.Stdout, yes: yes}
	if sys.Stdin == nil {
		sys.Stdin = strings.NewReader("")
	}
	if f, ok := sys.Stdin.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		p.terminal = f
	}
	p.in = bufio.NewReader(io.LimitReader(sys.Stdin, maxTyped))
	return p
}

// maxTyped bounds what is read, in bytes: a key and some answers.
const maxTyped = 64 << 10

func (p *person) say(format string, args ...any) {
	if _, err := fmt.Fprintf(p.out, format+"\n", args...); p.err == nil {
		p.err = err
	}
}

// confirm asks a question. Only yes is a yes; the end of stdin is a no.
func (p *person) confirm(ctx context.Context, question string) (bool, error) {
	if p.yes {
		return true, nil
	}
	_, _ = fmt.Fprintf(p.out, "%s [y/N] ", question)
	line, err := p.line(ctx)
	answer := strings.ToLower(line)
	return answer == "y" || answer == "yes", err
}

// line reads a line, "" at the end of stdin.
func (p *person) line(ctx context.Context) (string, error) {
	return unlessDone(ctx, func() (string, error) { return p.in.ReadString('\n') })
}

// secret asks for a line that is not shown while it is typed.
func (p *person) secret(ctx context.Context, question string) (string, error) {
	fd := int(p.terminal.Fd())
	before, err := term.GetState(fd)
	if err != nil {
		return "", err
	}
	_, _ = fmt.Fprint(p.out, question)
	defer func() {
		_ = term.Restore(fd, before) // which an interrupted read has not done
		_, _ = fmt.Fprintln(p.out)
	}()
	return unlessDone(ctx, func() (string, error) {
		line, err := term.ReadPassword(fd)
		return string(line), err
	})
}

// unlessDone returns what read returns, or an error once ctx is done: a read
// from a terminal cannot be ended.
func unlessDone(ctx context.Context, read func() (string, error)) (string, error) {
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
