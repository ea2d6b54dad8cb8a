package serve

import (
	"bytes"
	"context"
	"io"
	"log/slog"
)

// Words returns a writer for what libraries log in lines. It logs them up to the
// first colon or quotation mark: what follows may be a message's content, a
// panic's value, or what InstaView wrote on an idle connection.
func Words(logger *slog.Logger) io.Writer { return firstWords{logger} }

type firstWords struct{ logger *slog.Logger }

func (w firstWords) Write(line []byte) (int, error) {
	words := bytes.TrimSpace(line)
	if end := bytes.IndexAny(words, `:"`); end >= 0 {
		words = words[:end]
	}
	w.logger.Warn("library", "message", string(bytes.TrimSpace(words)))
	return len(line), nil
}

// serverWords returns a writer for what net/http logs as a server, in lines such
// as "http: TLS handshake error from 192.0.2.1:1234: EOF". It logs what is known
// of them in words of ours: the rest names clients and may hold what they sent.
func serverWords(logger *slog.Logger) io.Writer { return knownWords{logger} }

type knownWords struct{ logger *slog.Logger }

// netHTTPWords are parts of net/http's lines and what is logged for them. The
// first that is found counts.
var netHTTPWords = []struct{ part, logged string }{
	{"client sent an HTTP request to an HTTPS server", "a client spoke HTTP to this HTTPS port: its URL must begin with https://"},
	{"remote error: tls:", "a client refused this server's TLS, perhaps because it does not trust the certificate"},
	{"TLS handshake error", "a client and this server could not agree on TLS"},
	{"Accept error", "a connection could not be accepted, perhaps because too many files are open"},
	{"panic serving", "an http handler panicked"},
}

func (w knownWords) Write(line []byte) (int, error) {
	logged := "net/http reported an error of a connection"
	for _, known := range netHTTPWords {
		if bytes.Contains(line, []byte(known.part)) {
			logged = known.logged
			break
		}
	}
	w.logger.Warn(logged)
	return len(line), nil
}

// messagesOnly is Words for what libraries log with attributes, which it drops.
type messagesOnly struct{ slog.Handler }

func (h messagesOnly) Handle(ctx context.Context, r slog.Record) error {
	return h.Handler.Handle(ctx, slog.NewRecord(r.Time, r.Level, r.Message, r.PC))
}

func (h messagesOnly) WithAttrs([]slog.Attr) slog.Handler { return h }
func (h messagesOnly) WithGroup(string) slog.Handler      { return h }
