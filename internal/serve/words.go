package serve

import (
	"bytes"
	"context"
	"io"
	"log/slog"
)

// Words returns a writer for what libraries log in lines. It logs them up to the
// first colon: what follows may be a message's content or a panic's value.
func Words(logger *slog.Logger) io.Writer { return firstWords{logger} }

type firstWords struct{ logger *slog.Logger }

func (w firstWords) Write(line []byte) (int, error) {
	words, _, _ := bytes.Cut(bytes.TrimSpace(line), []byte(":"))
	w.logger.Warn("library", "message", string(words))
	return len(line), nil
}

// messagesOnly is Words for what libraries log with attributes, which it drops.
type messagesOnly struct{ slog.Handler }

func (h messagesOnly) Handle(ctx context.Context, r slog.Record) error {
	return h.Handler.Handle(ctx, slog.NewRecord(r.Time, r.Level, r.Message, r.PC))
}

func (h messagesOnly) WithAttrs([]slog.Attr) slog.Handler { return h }
func (h messagesOnly) WithGroup(string) slog.Handler      { return h }
