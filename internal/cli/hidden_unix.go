//go:build linux || darwin

package cli

import "golang.org/x/sys/unix"

// hide lets the terminal no longer show what is typed, and lets Enter, Ctrl-C
// and Ctrl-D do what they usually do.
func (p *prompter) hide() error {
	fd := int(p.terminal.Fd())
	state, err := unix.IoctlGetTermios(fd, getTermios)
	if err != nil {
		return err
	}
	state.Lflag = state.Lflag&^unix.ECHO | unix.ICANON | unix.ISIG
	state.Iflag |= unix.ICRNL
	return unix.IoctlSetTermios(fd, setTermios, state)
}

// hiddenLine reads a line that is not shown. term.ReadPassword would never
// return if Ctrl-D is pressed or the terminal is gone.
func (p *prompter) hiddenLine() (string, error) { return p.in.ReadString('\n') }
