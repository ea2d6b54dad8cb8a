package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	"instaview-mcp/internal/app"
	"instaview-mcp/internal/config"
	"instaview-mcp/internal/setup"
)

// maxTries limits how often a person is asked for another key.
const maxTries = 3

// ensureKey makes sure that the key file holds a key that InstaView accepts.
func (s *setupRun) ensureKey(ctx context.Context, sys System) error {
	file := s.machine.KeyFile()
	stored := s.storedKey(ctx, sys, file)
	for try := 1; ; try++ {
		key, asked, err := s.findKey(ctx, sys, file, stored)
		if err != nil {
			return err
		}
		accepted, err := s.checkKey(ctx, sys, key)
		switch {
		case err != nil:
			return err
		case !accepted && asked && try < maxTries:
			continue
		case !accepted:
			return errors.New("nothing was written, since InstaView did not accept the key")
		case key == stored:
			return nil
		}
		if err := setup.WriteKey(file, key); err != nil {
			return fmt.Errorf("the key could not be written: %w", err)
		}
		s.prompter.printf("The key is in %s, which only you can read.", file)
		return nil
	}
}

// storedKey returns the key in the key file, or "" if it cannot be used.
func (s *setupRun) storedKey(ctx context.Context, sys System, file string) string {
	if _, err := os.Lstat(file); err != nil {
		return ""
	}
	settings := config.Load(ctx, append(slices.Clone(sys.Environ), "INSTAVIEW_API_KEY=", "INSTAVIEW_API_KEY_FILE="+file), config.Use{})
	if slices.Contains(settings.Faulty, "INSTAVIEW_API_KEY_FILE") {
		s.prompter.printf("The key in %s cannot be used: %v.", file, app.Refused(settings))
		return ""
	}
	return settings.APIKey.Reveal()
}

// findKey returns the key from the environment, the terminal or stdin,
// otherwise the stored one. asked reports whether a person could be asked for
// another.
func (s *setupRun) findKey(ctx context.Context, sys System, file, stored string) (key string, asked bool, err error) {
	switch {
	case s.machine.Env("INSTAVIEW_API_KEY") != "" || s.machine.Env("INSTAVIEW_API_KEY_FILE") != "":
		settings := config.Load(ctx, sys.Environ, config.Use{})
		if err := app.Refused(settings); err != nil {
			return "", false, err
		}
		s.prompter.printf("The key of the environment is used.")
		return settings.APIKey.Reveal(), false, nil
	case s.prompter.terminal == nil:
		s.prompter.printf("Reading the API key from stdin.")
		key, err = s.prompter.line(ctx)
	case s.prompter.yes && stored != "":
	default:
		asked = true
		question := "InstaView API key (it is not shown): "
		if stored != "" {
			question = "InstaView API key (it is not shown; Enter keeps the one in " + file + "): "
		}
		key, err = s.prompter.secret(ctx, question)
	}
	if key == "" {
		key = stored
	}
	if err == nil && key == "" {
		err = errors.New("no key was given: set INSTAVIEW_API_KEY, or try setup --demo, which needs none")
	}
	return key, asked, err
}

// checkKey reports whether InstaView accepts a key, and prints what the check
// command would.
func (s *setupRun) checkKey(ctx context.Context, sys System, key string) (bool, error) {
	settings := app.LoadSettings(ctx, append(slices.Clone(sys.Environ), "INSTAVIEW_API_KEY="+key, "INSTAVIEW_API_KEY_FILE="), config.Use{})
	if err := app.Refused(settings); err != nil {
		app.PrintError(sys.Stderr, err)
		return false, nil
	}
	settings.CallerKeys = false // only for a server over HTTP
	r := report{w: sys.Stdout}
	if err := r.probe(ctx, sys, settings, false); err != nil {
		return false, err
	}
	if !r.reached {
		return false, errors.New("nothing was written, since InstaView could not be reached")
	}
	return !r.failed, r.err
}
