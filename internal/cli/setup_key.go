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

// maxTries bounds how often a person is asked for a key that InstaView accepts.
const maxTries = 3

// placeKey sees to it that the key file holds a key that InstaView accepts.
func (s *setupRun) placeKey(ctx context.Context, sys System) error {
	file := s.machine.KeyFile()
	kept := s.keptKey(ctx, sys, file)
	for try := 1; ; try++ {
		key, asked, err := s.findKey(ctx, sys, file, kept)
		if err != nil {
			return err
		}
		accepted, err := s.accepts(ctx, sys, key)
		switch {
		case err != nil:
			return err
		case !accepted && asked && try < maxTries:
			continue
		case !accepted:
			return errors.New("nothing was written, since InstaView did not accept the key")
		case key == kept:
			return nil
		}
		if err := setup.WriteKey(file, key); err != nil {
			return fmt.Errorf("the key could not be written: %w", err)
		}
		s.person.say("The key is in %s, which only you can read.", file)
		return nil
	}
}

// keptKey returns the key that an earlier run wrote, if it can be used.
func (s *setupRun) keptKey(ctx context.Context, sys System, file string) string {
	if _, err := os.Lstat(file); err != nil {
		return ""
	}
	settings := config.Load(ctx, append(slices.Clone(sys.Environ), "INSTAVIEW_API_KEY=", "INSTAVIEW_API_KEY_FILE="+file), config.Use{})
	if slices.Contains(settings.Faulty, "INSTAVIEW_API_KEY_FILE") {
		s.person.say("The key in %s cannot be used: %v.", file, app.Refused(settings))
		return ""
	}
	return settings.APIKey.Reveal()
}

// findKey returns the key of the environment, of the person at the terminal or
// of stdin, or else the one that is kept, and whether it could ask for another.
func (s *setupRun) findKey(ctx context.Context, sys System, file, kept string) (key string, asked bool, err error) {
	switch {
	case s.machine.Env("INSTAVIEW_API_KEY") != "" || s.machine.Env("INSTAVIEW_API_KEY_FILE") != "":
		settings := config.Load(ctx, sys.Environ, config.Use{})
		if err := app.Refused(settings); err != nil {
			return "", false, err
		}
		s.person.say("The key of the environment is used.")
		return settings.APIKey.Reveal(), false, nil
	case s.person.terminal == nil:
		s.person.say("Reading the API key from stdin.")
		key, err = s.person.line(ctx)
	case s.person.yes && kept != "":
	default:
		asked = true
		question := "InstaView API key (it is not shown): "
		if kept != "" {
			question = "InstaView API key (it is not shown; Enter keeps the one in " + file + "): "
		}
		key, err = s.person.secret(ctx, question)
	}
	if key == "" {
		key = kept
	}
	if err == nil && key == "" {
		err = errors.New("no key was given: set INSTAVIEW_API_KEY, or try setup --demo, which needs none")
	}
	return key, asked, err
}

// accepts checks a key as the check command does, and says what it found.
func (s *setupRun) accepts(ctx context.Context, sys System, key string) (bool, error) {
	settings := app.LoadSettings(ctx, append(slices.Clone(sys.Environ), "INSTAVIEW_API_KEY="+key, "INSTAVIEW_API_KEY_FILE="), config.Use{})
	if err := app.Refused(settings); err != nil {
		app.PrintError(sys.Stderr, err)
		return false, nil
	}
	settings.CallerKeys = false // which are for a server over HTTP
	r := report{w: sys.Stdout}
	if err := r.probe(ctx, sys, settings, false); err != nil {
		return false, err
	}
	return !r.failed, r.err
}
