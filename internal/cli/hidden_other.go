//go:build !linux && !darwin

package cli

import "golang.org/x/term"

// hide does nothing, since hiddenLine does it all.
func (*prompter) hide() error { return nil }

// hiddenLine reads a line that the terminal does not show.
func (p *prompter) hiddenLine() (string, error) {
	line, err := term.ReadPassword(int(p.terminal.Fd()))
	return string(line), err
}
