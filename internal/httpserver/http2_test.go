package httpserver

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"instaview-mcp/internal/mcptest"
	"instaview-mcp/tools"
)

// frames is an HTTP/2 connection on which a test writes single frames.
type frames struct {
	*http2.Framer
	conn *tls.Conn
	out  *bufio.Writer
	head bytes.Buffer
	hpack.Encoder
}

// overHTTP2 runs test with a site in a synctest bubble, a new HTTP/2
// connection, and a client on another connection.
func overHTTP2(t *testing.T, test func(t *testing.T, s *site, f *frames, other *http.Client)) {
	cert, key := mcptest.CertificateFiles(t, "localhost")
	inBubble(t, func(settings *Settings) { settings.TLSCert, settings.TLSKey = cert, key }, func(t *testing.T, s *site) {
		conn := tls.Client(s.dial(t), &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}})
		if err := conn.Handshake(); err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close() }()
		f := &frames{conn: conn, out: bufio.NewWriter(conn)}
		f.Framer = http2.NewFramer(f.out, conn)
		f.Encoder = *hpack.NewEncoder(&f.head)
		_, _ = io.WriteString(f.out, http2.ClientPreface)
		other := newClient(s, mcptest.Protocol{HTTP: 2, TLS: true})
		defer other.CloseIdleConnections()
		test(t, s, f, other)
	})
}

// read reads what the server sends until the connection ends.
func (f *frames) read() {
	go func() { _, _ = io.Copy(io.Discard, f.conn) }()
}

// open starts a POST on a new stream.
func (f *frames) open(stream uint32) error {
	f.head.Reset()
	for _, field := range []hpack.HeaderField{
		{Name: ":method", Value: "POST"}, {Name: ":scheme", Value: "https"}, {Name: ":authority", Value: "localhost"}, {Name: ":path", Value: mcpPath},
		{Name: "content-type", Value: "application/json"}, {Name: "accept", Value: "application/json, text/event-stream"},
	} {
		_ = f.WriteField(field)
	}
	return f.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: f.head.Bytes(), EndHeaders: true})
}

// wait starts a long wait on a new stream.
func (f *frames) wait(stream uint32) error {
	_ = f.open(stream)
	return f.WriteData(stream, true, []byte(toCall(1, "wait_for_sourcing", slowWait)))
}

// One client reads frames but allows no data of an answer, the other reads
// nothing at all.
func TestH52AStreamThatIsNotReadIsCutOff(t *testing.T) {
	overHTTP2(t, func(t *testing.T, s *site, f *frames, other *http.Client) {
		f.read()
		_ = f.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 0})
		_ = f.wait(1)
		_ = f.out.Flush()
		time.Sleep(firstHeartbeat + heartbeatSpread + writeTime)
		s.wants(t, tools.OutcomeCancelled)
	})
	t.Run("nor is its connection", func(t *testing.T) {
		overHTTP2(t, func(t *testing.T, s *site, f *frames, _ *http.Client) {
			_ = f.WriteSettings()
			_ = f.wait(1)
			_ = f.out.Flush()
			time.Sleep(firstHeartbeat + heartbeatSpread + writeTime)
			s.wants(t, tools.OutcomeCancelled)
			if n := s.server.open.Load(); n != 0 {
				t.Errorf("%d connections left", n)
			}
		})
	})
}

// A flood must not use memory for long or delay other clients, whether the
// server reads all frames or ends the connection.
func TestN10FloodsAreBounded(t *testing.T) {
	if testing.Short() {
		t.Skip("sends a million frames")
	}
	header := bytes.Repeat([]byte{0x40, 1, 'x', 1, 'y'}, 200) // x: y
	ping := func(f *frames, _ uint32) error { return f.WritePing(false, [8]byte{}) }
	settings := func(f *frames, _ uint32) error { return f.WriteSettings() }
	reset := func(f *frames, i uint32) error {
		_ = f.wait(2*i + 1)
		return f.WriteRSTStream(2*i+1, http2.ErrCodeCancel)
	}
	for name, tt := range map[string]struct {
		unread bool // the client reads nothing of the answers
		most   uint32
		frame  func(f *frames, i uint32) error
		ends   bool // whether the server must end the connection
	}{
		"PING":             {false, 100_000, ping, false},
		"PING, unread":     {true, 100_000, ping, true},
		"SETTINGS":         {false, 100_000, settings, false},
		"SETTINGS, unread": {true, 100_000, settings, false},
		"WINDOW_UPDATE":    {false, 100_000, func(f *frames, _ uint32) error { return f.WriteWindowUpdate(0, 1) }, false},
		"PRIORITY": {false, 100_000, func(f *frames, i uint32) error {
			return f.WritePriority(2*i+1, http2.PriorityParam{Weight: 1})
		}, false},
		"calls":                        {false, 5_000, func(f *frames, i uint32) error { return f.wait(2*i + 1) }, false},
		"calls that are reset":         {false, 8_000, reset, false},
		"calls that are reset, unread": {true, 8_000, reset, false},
		"CONTINUATION": {false, 100_000, func(f *frames, i uint32) error {
			if i == 0 {
				return f.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: header})
			}
			return f.WriteContinuation(1, false, header)
		}, true},
		"DATA of no length": {false, 100_000, func(f *frames, i uint32) error {
			if i == 0 {
				return f.open(1)
			}
			return f.WriteData(1, false, nil)
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			overHTTP2(t, func(t *testing.T, s *site, f *frames, other *http.Client) {
				if !tt.unread {
					f.read()
				}
				_ = f.WriteSettings()
				before, waits := heap(), int64(0)
				var ended error
				for i := uint32(0); i < tt.most && ended == nil; i++ {
					ended = tt.frame(f, i)
					waits = max(waits, s.waits.Load())
				}
				_ = f.out.Flush()
				synctest.Wait()
				if tt.ends && ended == nil {
					t.Errorf("the connection goes on after %d frames", tt.most)
				}
				room := int64(3<<20) + s.waits.Load()*(32<<10) // for the calls in progress
				if strings.HasPrefix(name, "calls that are reset") {
					room += 5 << 20 // they leave up to 4 MiB until later
				}
				if grown := heap() - before; grown > room || waits > 250 {
					t.Errorf("%d KiB more, %d calls at a time", grown>>10, waits)
				}
				if status, got := postTo(t, other, mcpPath, mcptest.Hello); status != http.StatusOK {
					t.Errorf("another client is answered %d %s", status, got)
				}
				other.CloseIdleConnections()
				time.Sleep(5 * time.Minute)
				if n := s.server.open.Load(); n != 0 || s.waits.Load() != 0 {
					t.Errorf("%d connections and %d calls left", n, s.waits.Load())
				}
			})
		})
	}
}
