package store_test

import (
	"context"
	"log/slog"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/valkey-io/valkey-go"

	"instaview-mcp/internal/mcptest"
	"instaview-mcp/internal/store"
)

// redisServer is a server of the test's own, with a client.
type redisServer struct {
	*mcptest.Redis
	t      *testing.T
	client valkey.Client
}

func startRedis(t *testing.T, options ...string) *redisServer {
	t.Helper()
	s := &redisServer{Redis: mcptest.StartRedis(t, options...), t: t}
	t.Cleanup(s.disconnect)
	return s
}

func (s *redisServer) disconnect() {
	if s.client != nil {
		s.client.Close()
		s.client = nil
	}
}

func (s *redisServer) kill() {
	s.disconnect()
	s.Kill()
}

func (s *redisServer) start() { s.Start(s.t) }

// do runs one command.
func (s *redisServer) do(command ...string) valkey.ValkeyMessage {
	s.t.Helper()
	if s.client == nil {
		var err error
		s.client, err = valkey.NewClient(valkey.ClientOption{
			InitAddress: []string{"127.0.0.1:" + strconv.Itoa(s.Port)}, DisableCache: true, ForceSingleClient: true,
		})
		if err != nil {
			s.t.Fatal(err)
		}
	}
	m, err := s.client.Do(context.Background(), s.client.B().Arbitrary(command...).Build()).ToMessage()
	if err != nil && !valkey.IsValkeyNil(err) {
		s.t.Fatal(command, err)
	}
	return m
}

// lines returns the answer to a command as text.
func (s *redisServer) lines(command ...string) []string {
	s.t.Helper()
	m := s.do(command...)
	if list, err := m.AsStrSlice(); err == nil {
		return list
	}
	text, err := m.ToString()
	if err != nil {
		s.t.Fatal(command, err)
	}
	return []string{text}
}

func (s *redisServer) number(command ...string) int64 {
	s.t.Helper()
	m := s.do(command...)
	n, err := m.AsInt64()
	if err != nil {
		s.t.Fatal(command, err)
	}
	return n
}

// age lets a time pass for what is in the server, by making everything older:
// the scripts know only how far a time is from now.
func (s *redisServer) age(d time.Duration) {
	s.t.Helper()
	back := func(text string) string {
		f, err := strconv.ParseFloat(text, 64)
		if err != nil {
			s.t.Fatal(err)
		}
		return strconv.FormatFloat(f-float64(d.Milliseconds()), 'f', -1, 64)
	}
	for _, key := range s.lines("KEYS", "*") {
		ends := s.number("PTTL", key)
		if ends <= d.Milliseconds() {
			s.do("DEL", key)
			continue
		}
		switch s.lines("TYPE", key)[0] {
		case "zset":
			for _, member := range s.lines("ZRANGE", key, "0", "-1") {
				s.do("ZADD", key, back(s.lines("ZSCORE", key, member)[0]), member)
			}
		case "hash":
			for _, field := range s.lines("HKEYS", key) {
				value := s.lines("HGET", key, field)[0]
				if claim := strings.Fields(value); strings.HasSuffix(key, ":claims") {
					s.do("HSET", key, field, back(claim[0])+" "+back(claim[1])+" "+claim[2])
				} else if isTime(field) {
					s.do("HSET", key, field, back(value))
				}
			}
		}
		s.do("PEXPIRE", key, strconv.FormatInt(ends-d.Milliseconds(), 10))
	}
}

// isTime reports whether a field holds a time rather than a number.
func isTime(field string) bool {
	switch field {
	case "at", "paused", "probe", "quiet", "lastWait", "rateEnds":
		return true
	}
	return strings.HasSuffix(field, "Reset") || strings.HasSuffix(field, "Probe")
}

func open(t *testing.T, url string) *store.Redis {
	t.Helper()
	r, err := store.Open(url, slog.New(slog.DiscardHandler), func(store.Decision) {})
	if err != nil {
		t.Fatal(err)
	}
	r.HavePatience()
	t.Cleanup(r.Close)
	return r
}
