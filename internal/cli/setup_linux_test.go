package cli

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
	"golang.org/x/term"

	"instaview-mcp/internal/sandbox"
)

// terminal is a person's: what they type goes into it, what is echoed comes
// out.
type terminal struct {
	t            *testing.T
	person, side *os.File

	mu   sync.Mutex
	text bytes.Buffer // what the program wrote
}

func newTerminal(t *testing.T) *terminal {
	t.Helper()
	person, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { _ = person.Close() })
	number, err := unix.IoctlGetInt(int(person.Fd()), unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(int(person.Fd()), unix.TIOCSPTLCK, 0)
	}
	if err != nil {
		t.Skip(err)
	}
	side, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { _ = side.Close() })
	return &terminal{t: t, person: person, side: side}
}

func (x *terminal) Write(p []byte) (int, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.text.Write(p)
}

func (x *terminal) shown() string {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.text.String()
}

// types waits for a question's nth time and answers it: a secret one only once
// the terminal has stopped to show what is typed.
func (x *terminal) types(question string, nth int, answer string, secret bool) {
	x.t.Helper()
	for deadline := time.Now().Add(time.Minute); ; runtime.Gosched() {
		state, err := unix.IoctlGetTermios(int(x.side.Fd()), unix.TCGETS)
		if err != nil {
			x.t.Fatal(err)
		}
		if strings.Count(x.shown(), question) >= nth && (state.Lflag&unix.ECHO == 0) == secret {
			break
		}
		if time.Now().After(deadline) {
			x.t.Fatalf("%q is not asked for the time %d:\n%s", question, nth, x.shown())
		}
	}
	if _, err := x.person.WriteString(answer); err != nil {
		x.t.Fatal(err)
	}
}

// echoed returns what the terminal has shown of what was typed.
func (x *terminal) echoed() string {
	buffer := make([]byte, 64<<10)
	n, err := x.person.Read(buffer)
	if err != nil {
		x.t.Fatal(err)
	}
	return string(buffer[:n])
}

func (h home) start(ctx context.Context, x *terminal, args ...string) <-chan int {
	status := make(chan int, 1)
	go func() {
		status <- Run(ctx, System{Args: args, Environ: pairs(h.env), Stdin: x.side, Stdout: x, Stderr: x})
	}()
	return status
}

func TestAPersonIsAskedAtTheTerminal(t *testing.T) {
	h, x := newHome(t, ".cursor", ".gemini"), newTerminal(t)
	status := h.start(t.Context(), x, "setup")
	x.types("InstaView API key", 1, "sk_wrong\n", true)
	x.types("InstaView API key", 2, sandbox.Key+"\n", true)
	x.types("[y/N]", 1, "n\n", false)
	x.types("[y/N]", 2, "y\n", false)
	if got := <-status; got != 0 {
		t.Errorf("exit status %d:\n%s", got, x.shown())
	}
	if echoed := x.echoed(); strings.Contains(echoed, "sk_wrong") || strings.Contains(echoed, sandbox.Key) || !strings.Contains(echoed, "y") {
		t.Errorf("the terminal showed %q", echoed)
	}
	if h.key() != sandbox.Key+"\n" || h.read(".cursor/mcp.json") != "" || !strings.Contains(h.read(".gemini/settings.json"), "instaview") {
		t.Errorf("the key file holds %q, files %q", h.key(), h.files())
	}

	status = h.start(t.Context(), x, "setup", "gemini")
	x.types("Enter keeps the one in "+h.keyFile(), 1, "\n", true)
	if got := <-status; got != 0 || !strings.Contains(x.shown(), "Gemini CLI is already set up") {
		t.Errorf("exit status %d:\n%s", got, x.shown())
	}
}

// Another key would not help where InstaView cannot be reached.
func TestAPersonWithoutANetworkIsAskedOnce(t *testing.T) {
	h, x := newHome(t, ".cursor"), newTerminal(t)
	h.env["INSTAVIEW_BASE_URL"] = "http://127.0.0.1:9"
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	status := h.start(ctx, x, "setup")
	x.types("InstaView API key", 1, sandbox.Key+"\n", true)
	if got := <-status; got != 1 || !strings.Contains(x.shown(), "nothing was written, since InstaView could not be reached") {
		t.Errorf("exit status %d:\n%s", got, x.shown())
	}
	if files := h.files(); len(files) > 0 {
		t.Errorf("files %q", files)
	}
}

// Ctrl-D and a terminal that is closed end the question for the key, and so the
// program.
func TestASetupWithoutAnAnswerEnds(t *testing.T) {
	for name, leave := range map[string]func(x *terminal){
		"Ctrl-D":             func(x *terminal) { _, _ = x.person.WriteString("\x04") },
		"a closed terminal":  func(x *terminal) { _ = x.person.Close() },
		"Enter":              func(x *terminal) { _, _ = x.person.WriteString("\n") },
		"Ctrl-D after blank": func(x *terminal) { _, _ = x.person.WriteString(" \x04\x04") },
		// Whatever another program has left behind, Enter and Ctrl-D work.
		"Enter, raw":  func(x *terminal) { _, _ = x.person.WriteString("\r") },
		"Ctrl-D, raw": func(x *terminal) { _, _ = x.person.WriteString("\x04") },
	} {
		t.Run(name, func(t *testing.T) {
			h, x := newHome(t, ".cursor"), newTerminal(t)
			if strings.HasSuffix(name, "raw") {
				if _, err := term.MakeRaw(int(x.side.Fd())); err != nil {
					t.Fatal(err)
				}
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			status := h.start(ctx, x, "setup")
			x.types("InstaView API key", 1, "", true)
			leave(x)
			if got := <-status; got != 1 || strings.Contains(x.shown(), "interrupted") {
				t.Errorf("exit status %d:\n%s", got, x.shown())
			}
			if files := h.files(); len(files) > 0 {
				t.Errorf("files %q", files)
			}
		})
	}
}

func TestAnInterruptedSetupWritesNoMoreAndShowsTypingAgain(t *testing.T) {
	h, x := newHome(t, ".cursor"), newTerminal(t)
	ctx, interrupt := context.WithCancel(t.Context())
	status := h.start(ctx, x, "setup")
	x.types("InstaView API key", 1, "half a k", true)
	interrupt()
	if got := <-status; got != 1 || !strings.Contains(x.shown(), "interrupted") {
		t.Errorf("exit status %d:\n%s", got, x.shown())
	}
	state, err := unix.IoctlGetTermios(int(x.side.Fd()), unix.TCGETS)
	if err != nil || state.Lflag&unix.ECHO == 0 {
		t.Errorf("%v, the terminal is left without an echo", err)
	}
	if files := h.files(); len(files) > 0 {
		t.Errorf("files %q", files)
	}
}
