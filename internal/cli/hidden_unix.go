//go:build linux || darwin

package cli

import "golang.org/x/sys/unix"

// hide lets the terminal no longer show what is typed.
func (p *prompter) hide() error {
	fd := int(p.terminal.Fd())
	state, err := unix.IoctlGetTermios(fd, getTermios)
	if err != nil {
		return err
	}
	state.Lflag &^= unix.ECHO
	return unix.IoctlSetTermios(fd, setTermios, state)
}

// hiddenLine reads a line that is not shown. term.ReadPassword would never
// return if Ctrl-D is pressed or the terminal is gone.
func (p *prompter) hiddenLine() (string, error) { return p.in.ReadString('\n') }
