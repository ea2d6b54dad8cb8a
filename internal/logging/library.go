// Package logging provides log writers that never block the program, and that
// keep personal data and secrets out of the log.
package logging

import (
	"bytes"
	"context"
	"io"
	"log/slog"
)

// LibraryWriter returns a writer for the log lines of libraries. It logs each
// up to the first colon or quotation mark, because the rest may hold a
// message's content, a panic's value or text from InstaView.
func LibraryWriter(logger *slog.Logger) io.Writer { return libraryWriter{logger} }

type libraryWriter struct{ logger *slog.Logger }

func (w libraryWriter) Write(line []byte) (int, error) {
	start := line
	if end := bytes.IndexAny(line, `:"`); end >= 0 {
		start = line[:end]
	}
	w.logger.Warn("library", "message", string(bytes.TrimSpace(start)))
	return len(line), nil
}

// HTTPServerWriter returns a writer for the log lines of a net/http server,
// such as "http: TLS handshake error from 192.0.2.1:1234: EOF". It logs a fixed
// sentence for each known kind, because the rest of a line names clients and
// may hold what they sent.
func HTTPServerWriter(logger *slog.Logger) io.Writer { return httpServerWriter{logger} }

type httpServerWriter struct{ logger *slog.Logger }

// httpServerLines maps parts of net/http's lines to what is logged. The first
// match counts.
var httpServerLines = []struct{ part, logged string }{
	{"client sent an HTTP request to an HTTPS server", "a client spoke HTTP to this HTTPS port: its URL must begin with https://"},
	{"remote error: tls:", "a client refused this server's TLS, perhaps because it does not trust the certificate"},
	{"TLS handshake error", "a client and this server could not agree on TLS"},
	{"Accept error", "a connection could not be accepted, perhaps because too many files are open"},
	{"panic serving", "an http handler panicked"},
}

func (w httpServerWriter) Write(line []byte) (int, error) {
	logged := "net/http reported an error of a connection"
	for _, known := range httpServerLines {
		if bytes.Contains(line, []byte(known.part)) {
			logged = known.logged
			break
		}
	}
	w.logger.Warn(logged)
	return len(line), nil
}

// WithoutAttributes returns a handler that logs only messages, for a library
// whose attributes may hold what LibraryWriter leaves out.
func WithoutAttributes(h slog.Handler) slog.Handler { return withoutAttributes{h} }

type withoutAttributes struct{ slog.Handler }

func (h withoutAttributes) Handle(ctx context.Context, r slog.Record) error {
	return h.Handler.Handle(ctx, slog.NewRecord(r.Time, r.Level, r.Message, r.PC))
}

func (h withoutAttributes) WithAttrs([]slog.Attr) slog.Handler { return h }
func (h withoutAttributes) WithGroup(string) slog.Handler      { return h }
