// A server is stopped with SIGSTOP.
//go:build unix

package store_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"instaview-mcp/client"
	"instaview-mcp/client/poll"
	"instaview-mcp/internal/mcptest"
	"instaview-mcp/internal/store"
)

// testCertificates is the directory of a certificate for 127.0.0.1, which all
// tests of this package trust.
var testCertificates string

func TestMain(m *testing.M) {
	var err error
	if testCertificates, err = os.MkdirTemp("", "store"); err != nil {
		panic(err)
	}
	// Read when a certificate is first verified.
	_ = os.Setenv("SSL_CERT_FILE", filepath.Join(testCertificates, "cert.pem"))
	code := m.Run()
	_ = os.RemoveAll(testCertificates)
	os.Exit(code)
}

// logged is a store whose log is kept.
type logged struct {
	*store.Redis
	mu  sync.Mutex
	log bytes.Buffer
}

func (l *logged) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.log.Write(b)
}

func (l *logged) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.log.String()
}

// openLogged returns a server that has as much time as it needs.
func openLogged(t *testing.T, url string) *logged {
	t.Helper()
	l := openTimed(t, url)
	l.HavePatience()
	return l
}

// openTimed returns a server whose decisions have the time that they have
// outside of tests.
func openTimed(t *testing.T, url string) *logged {
	t.Helper()
	l := &logged{}
	var err error
	l.Redis, err = store.Open(url, slog.New(slog.NewTextHandler(l, nil)), func(store.Decision) {})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	return l
}

// inUse is openTimed with a store that has just made a decision. On a busy
// machine the first one may take more than one attempt.
func inUse(t *testing.T, url string) (l *logged, keyed poll.Store) {
	t.Helper()
	eventually(t, func() error {
		l = openTimed(t, url)
		keyed = l.For(client.NewKey(secret))
		err := beginOne(keyed, "1")
		if err != nil {
			keyed.Close()
		}
		return err
	})
	return l, keyed
}

// eventually calls try until it succeeds, and returns its last error when the
// test's time is over.
func eventually(t *testing.T, try func() error) {
	t.Helper()
	for began := time.Now(); ; {
		err := try()
		if err == nil {
			return
		}
		if time.Since(began) > 30*time.Second {
			t.Fatal(err)
		}
		<-time.After(50 * time.Millisecond)
	}
}

func beginOne(s poll.Store, id string) error {
	p, err := s.Begin(context.Background(), getOf(id))
	if err == nil && !p.Granted && p.Scope != poll.ScopeKind && p.Scope != poll.ScopeLease {
		return errors.New("refused for no good reason")
	}
	return err
}

// Whatever stops the server, decisions fail soon, the log says so once, and
// once again when the server is back.
func TestServerFailsAndComesBack(t *testing.T) {
	for name, tt := range map[string]struct{ fail, mend func(*redisServer) }{
		"killed": {(*redisServer).kill, (*redisServer).start},
		"stopped": {
			func(s *redisServer) { _ = s.Process.Process.Signal(syscall.SIGSTOP) },
			func(s *redisServer) { _ = s.Process.Process.Signal(syscall.SIGCONT) },
		},
		"full": {
			func(s *redisServer) { s.do("CONFIG", "SET", "maxmemory", "1") },
			func(s *redisServer) { s.do("CONFIG", "SET", "maxmemory", "0") },
		},
		"no primary any more": {
			func(s *redisServer) { s.do("REPLICAOF", "127.0.0.1", "1") },
			func(s *redisServer) { s.do("REPLICAOF", "NO", "ONE") },
		},
		"another password": {
			func(s *redisServer) {
				s.do("CONFIG", "SET", "requirepass", "other")
				s.do("CLIENT", "KILL", "TYPE", "normal")
			},
			func(s *redisServer) { s.do("AUTH", "other"); s.do("CONFIG", "SET", "requirepass", "") },
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := startRedis(t)
			l, keyed := inUse(t, s.URL())
			defer keyed.Close()
			if l.Alone() {
				t.Fatal("the metric says that the store cannot be used")
			}
			tt.fail(s)
			eventually(t, func() error {
				if beginOne(keyed, "2") == nil {
					return errors.New("a decision without a server")
				}
				return nil
			})
			if !l.Alone() {
				t.Error("the metric does not say that the store cannot be used")
			}
			began := time.Now()
			for range 100 {
				_ = beginOne(keyed, "2")
			}
			// All but one a second must fail without the server, which would
			// take half a second each.
			if took := time.Since(began); took > 20*time.Second {
				t.Errorf("100 decisions without a server took %v", took)
			}
			tt.mend(s)
			eventually(t, func() error {
				if err := beginOne(keyed, "2"); !errors.Is(err, poll.ErrStateLost) {
					return err
				}
				return nil
			})
			if l.Alone() {
				t.Error("the metric says that the store cannot be used")
			}
			text := l.text()
			if strings.Count(text, "cannot be used") != 1 || strings.Count(text, "used again") != 1 || strings.Contains(text, secret) {
				t.Errorf("log:\n%s", text)
			}
		})
	}
}

// When the primary becomes a copy of another server, to which its name leads
// from then on, the other is used, although the first one closes no connection.
func TestNameLeadsToAnotherPrimary(t *testing.T) {
	first, second := startRedis(t), startRedis(t)
	var port atomic.Int64
	port.Store(int64(first.Port))
	address := mcptest.Listen(t, func(c net.Conn) {
		server, err := net.Dial("tcp", fmt.Sprint("127.0.0.1:", port.Load()))
		if err != nil {
			return
		}
		defer func() { _ = server.Close() }()
		go func() {
			_, _ = io.Copy(c, server)
			_ = c.Close()
		}()
		_, _ = io.Copy(server, c)
	})
	l, keyed := inUse(t, "redis://"+address)
	other := l.For(client.NewKey(secret))
	defer keyed.Close()
	defer other.Close()
	news := make(chan poll.News, 1000)
	keyed.Subscribe(func(n poll.News) { news <- n })
	port.Store(int64(second.Port))
	first.do("REPLICAOF", "127.0.0.1", strconv.Itoa(second.Port))
	eventually(t, func() error {
		if len(second.lines("KEYS", "*")) == 0 {
			return errors.Join(errors.New("the new primary is not used"), beginOne(keyed, "2"))
		}
		return nil
	})
	eventually(t, func() error {
		if err := other.Publish(t.Context(), poll.News{Name: other.Name("1")}); err != nil || len(news) == 0 {
			return errors.Join(errors.New("no news from the new primary"), err)
		}
		return nil
	})
}

// A server that takes 200 ms is used.
func TestSlowServerIsUsed(t *testing.T) {
	s := startRedis(t)
	_, keyed := inUse(t, s.URL())
	defer keyed.Close()
	s.do("CLIENT", "PAUSE", "200", "ALL")
	began := time.Now()
	err := beginOne(keyed, "1")
	if took := time.Since(began); err != nil && took < 500*time.Millisecond {
		t.Errorf("%v after %v", err, took)
	}
}

// A server that is only there later is used from then on.
func TestServerStartsLater(t *testing.T) {
	s := startRedis(t)
	s.kill()
	l := openLogged(t, s.URL())
	keyed := l.For(client.NewKey(secret))
	defer keyed.Close()
	if err := beginOne(keyed, "1"); err == nil {
		t.Fatal("a decision without a server")
	}
	s.start()
	eventually(t, func() error { return beginOne(keyed, "1") })
}

// A password opens the server, and a wrong one is told of without showing it.
func TestPassword(t *testing.T) {
	s := startRedis(t, "--requirepass", "right/pass word")
	for url, ok := range map[string]bool{
		"redis://:right%2Fpass%20word@127.0.0.1:" + strconv.Itoa(s.Port) + "/0":   true,
		"redis://default:right%2Fpass%20word@127.0.0.1:" + strconv.Itoa(s.Port):   true,
		"redis://:canary-password@127.0.0.1:" + strconv.Itoa(s.Port) + "/0":       false,
		"redis://127.0.0.1:" + strconv.Itoa(s.Port):                               false,
		"rediss://:right%2Fpass%20word@127.0.0.1:" + strconv.Itoa(s.Port) + "/0":  false,
		"redis://:right%2Fpass%20word@127.0.0.1:" + strconv.Itoa(s.Port) + "/999": false,
	} {
		l := openTimed(t, url)
		if ok {
			l.HavePatience()
		}
		keyed := l.For(client.NewKey(secret))
		err := beginOne(keyed, "1")
		trial := l.Try(t.Context())
		if (err == nil) != ok || (trial == nil) != ok {
			t.Errorf("%s: %v, %v", url, err, trial)
		}
		for _, text := range []string{l.text(), errorText(err), errorText(trial)} {
			if strings.Contains(text, "canary") || strings.Contains(text, "right") {
				t.Errorf("a password is shown: %s", text)
			}
		}
		keyed.Close()
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// The rights that the documentation names are enough, and a trial finds each
// that is missing.
func TestRightsOfTheUser(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "scaling.md"))
	if err != nil {
		t.Fatal(err)
	}
	documented := strings.Fields(regexp.MustCompile(`(?m)^ACL SETUSER .*$`).FindString(string(text)))
	if len(documented) < 10 {
		t.Fatalf("the documentation names the rights %q", documented)
	}
	s := startRedis(t)
	try := func(rights []string) error {
		s.do("ACL", "DELUSER", "instaview-mcp")
		s.do(rights...)
		return openLogged(t, fmt.Sprintf("redis://instaview-mcp:PASSWORD@127.0.0.1:%d", s.Port)).Try(t.Context())
	}
	if err := try(documented); err != nil {
		t.Error(err)
	}
	for i, right := range documented[3:] {
		// A server that knows the scripts needs no EVAL, and a trial meets no
		// other replica.
		if slices.Contains([]string{"+eval", "+unsubscribe", "+ping", "+del", "+hdel", "+pttl"}, right) {
			continue
		}
		if err := try(slices.Delete(slices.Clone(documented), 3+i, 4+i)); err == nil {
			t.Errorf("the lack of %s is not found", right)
		}
	}
}

// Over TLS the server's certificate is verified.
func TestTLS(t *testing.T) {
	until := time.Now().Add(time.Hour)
	trusted, _ := mcptest.Certificate(t, "trusted", until)
	write := func(name string, blocks ...*pem.Block) string {
		path := filepath.Join(testCertificates, name)
		var all []byte
		for _, b := range blocks {
			all = append(all, pem.EncodeToMemory(b)...)
		}
		if err := os.WriteFile(path, all, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	write("cert.pem", &pem.Block{Type: "CERTIFICATE", Bytes: trusted.Certificate[0]})
	for name, ok := range map[string]bool{"trusted": true, "stranger": false} {
		certificate := trusted
		if !ok {
			certificate, _ = mcptest.Certificate(t, "stranger", until)
		}
		key, err := x509.MarshalPKCS8PrivateKey(certificate.PrivateKey)
		if err != nil {
			t.Fatal(err)
		}
		cert := write(name+".pem", &pem.Block{Type: "CERTIFICATE", Bytes: certificate.Certificate[0]})
		private := write(name+".key", &pem.Block{Type: "PRIVATE KEY", Bytes: key})
		s := startRedis(t, "--tls-cert-file", cert, "--tls-key-file", private, "--tls-auth-clients", "no", "--tls-port", "PORT")
		l := openLogged(t, strings.Replace(s.URL(), "redis:", "rediss:", 1))
		keyed := l.For(client.NewKey(secret))
		err = beginOne(keyed, "1")
		if unverified := (*tls.CertificateVerificationError)(nil); ok && err != nil || !ok && !errors.As(err, &unverified) {
			t.Errorf("%s certificate: %v", name, err)
		}
		keyed.Close()
	}
}

// A cluster is found out without a setting, through any of its nodes. Each key
// is kept on one of them, and replicas that were given others hear its news.
func TestCluster(t *testing.T) {
	nodes := make([]*redisServer, 3)
	for i := range nodes {
		nodes[i] = startRedis(t, "--cluster-enabled", "yes")
		first, last := i*slots/len(nodes), (i+1)*slots/len(nodes)-1
		nodes[i].do("CLUSTER", "ADDSLOTSRANGE", strconv.Itoa(first), strconv.Itoa(last))
		nodes[i].do("CLUSTER", "MEET", "127.0.0.1", strconv.Itoa(nodes[0].Port))
	}
	for _, node := range nodes {
		eventually(t, func() error {
			if info := node.lines("CLUSTER", "INFO")[0]; !strings.Contains(info, "cluster_state:ok") || !strings.Contains(info, "cluster_size:3") {
				return errors.New("the cluster is not ready")
			}
			return nil
		})
	}
	a, b := openLogged(t, nodes[0].URL()), openLogged(t, nodes[2].URL())
	for i := range 10 {
		key := client.NewKey(fmt.Sprint(secret, i))
		one, other := a.For(key), b.For(key)
		news := make(chan bool, 100)
		other.Subscribe(func(n poll.News) {
			if n.Name == other.Name("1") {
				news <- n.Ended
			}
		})
		if err := beginOne(one, "1"); err != nil {
			t.Fatal(err)
		}
		if p, err := other.Begin(t.Context(), waitFor("1")); err != nil || p.Granted {
			t.Errorf("the other replica gets %+v, %v", p, err)
		}
		eventually(t, func() error { // a subscription takes a moment
			ended := poll.Outcome{ID: "1", Run: "1", Result: poll.Answered, HoldRun: time.Second, Seen: &poll.Seen{Ended: true}}
			if err := one.End(t.Context(), ended); err != nil {
				return err
			}
			select {
			case <-news:
				return nil
			case <-time.After(100 * time.Millisecond):
				return errors.New("no news")
			}
		})
		one.Close()
		other.Close()
	}
	for i, node := range nodes {
		if node.number("DBSIZE") == 0 {
			t.Errorf("node %d keeps nothing", i)
		}
	}
}

// slots is how many parts the nodes of a cluster divide among them.
const slots = 16384

// What a replica publishes, and the ends that it sees, reach the others, also
// after the server was killed.
func TestNewsReachOtherReplicas(t *testing.T) {
	s := startRedis(t)
	key := client.NewKey(secret)
	a, b := openLogged(t, s.URL()).For(key), openLogged(t, s.URL()).For(key)
	stranger := openLogged(t, s.URL()).For(client.NewKey("another"))
	news := make(chan string, 1000)
	listen := func(s poll.Store, who string) {
		s.Subscribe(func(n poll.News) {
			for _, run := range []string{"", "req_1", "req_2"} {
				if n.Name == s.Name(run) {
					news <- fmt.Sprint(who, run, n.Ended)
				}
			}
		})
		t.Cleanup(s.Close)
	}
	listen(b, "b ")
	listen(stranger, "stranger ")
	reach := func(want string, send func() error) {
		t.Helper()
		eventually(t, func() error {
			if err := send(); err != nil {
				return err
			}
			select {
			case got := <-news:
				if got != want {
					t.Errorf("news %q, want %q", got, want)
				}
				return nil
			case <-time.After(100 * time.Millisecond):
				return errors.New("no news of " + want)
			}
		})
		for len(news) > 0 {
			<-news
		}
	}
	publish := func() error { return a.Publish(t.Context(), poll.News{Name: a.Name("req_1")}) }
	ended := func() error {
		if err := beginOne(a, "req_2"); err != nil {
			return err
		}
		return a.End(t.Context(), poll.Outcome{ID: "acme/req_2", Run: "req_2", Result: poll.Answered, HoldRun: time.Millisecond, Seen: &poll.Seen{Ended: true}})
	}
	reach("b req_1false", publish)
	reach("b req_2true", ended)
	s.kill()
	s.start()
	reach("b req_1false", publish)
}

// A key that is not used any more leaves no subscription behind, and one that
// is used again has one.
func TestClosedStoreUnsubscribes(t *testing.T) {
	s := startRedis(t)
	l := openLogged(t, s.URL())
	subscribed := func(want int) {
		t.Helper()
		eventually(t, func() error {
			if n := len(s.lines("PUBSUB", "CHANNELS")); n != want {
				return fmt.Errorf("%d channels, want %d", n, want)
			}
			return nil
		})
	}
	for range 3 {
		var all []poll.Store
		for i := range 5 {
			keyed := l.For(client.NewKey(fmt.Sprint(secret, i)))
			keyed.Subscribe(func(poll.News) {})
			all = append(all, keyed)
		}
		subscribed(5)
		for _, keyed := range all {
			keyed.Close()
		}
		subscribed(0)
	}
	l.Close()
	if left := s.lines("KEYS", "*:replicas"); len(left) > 0 {
		t.Errorf("replicas that have left still count: %q", left)
	}
}

// Closing what belongs to a key does not wait for a server that hangs.
func TestCloseOfAKeyWaitsForNoServer(t *testing.T) {
	s := startRedis(t)
	l, keyed := inUse(t, s.URL())
	_ = s.Process.Process.Signal(syscall.SIGSTOP)
	keyed.Close()
	if l.Alone() {
		t.Error("the server was waited for")
	}
}

// The store holds hashes and numbers, for minutes.
func TestStoreHoldsNothingPersonal(t *testing.T) {
	s := startRedis(t)
	l := openLogged(t, s.URL())
	keyed := l.For(client.NewKey(secret))
	ids := []string{"canary-company/req_canary", "req_canary_2", "req_canary_3", "req_canary_4"}
	for _, id := range ids {
		for _, get := range []bool{true, false} {
			q := request(id, get)
			q.PerMinute = 60_000
			if _, err := keyed.Begin(t.Context(), q); err != nil {
				t.Fatal(err)
			}
		}
		n := 12
		o := poll.Outcome{
			ID: id, Run: request(id, true).Run, Result: poll.Answered, HoldRun: time.Minute, Seen: &poll.Seen{SourcedCount: &n, FoundCount: &n, ScoredCount: &n},
			Minute: poll.Left{Left: 100, Limit: 120, ResetIn: time.Minute}, Hour: poll.Left{Left: 100, Limit: 120, ResetIn: time.Hour},
		}
		if id == ids[3] {
			o = poll.Outcome{ID: id, Run: id, Result: poll.Failed, HoldRun: time.Minute, HoldKey: 5 * time.Second, Cause: client.CodeUnavailable}
		}
		if id != ids[2] {
			if err := keyed.End(t.Context(), o); err != nil {
				t.Fatal(err)
			}
		}
	}
	_, _ = keyed.Begin(t.Context(), waitFor("req_canary_5"))
	keys := s.lines("KEYS", "*")
	if len(keys) < 8 {
		t.Errorf("%d keys: %q", len(keys), keys)
	}
	for _, key := range keys {
		read := map[string][]string{"hash": {"HGETALL", key}, "zset": {"ZRANGE", key, "0", "-1", "WITHSCORES"}, "string": {"GET", key}}
		m := s.do(read[s.lines("TYPE", key)[0]]...)
		value, err := m.ToAny()
		if err != nil {
			t.Fatal(err)
		}
		dump := fmt.Sprint(value)
		ends := time.Duration(s.number("PTTL", key)) * time.Millisecond
		t.Log(key, ends, dump)
		if text := key + dump; strings.Contains(text, "canary") || strings.Contains(text, "req_") {
			t.Errorf("%s holds %s", key, dump)
		}
		if ends <= 0 || ends > 12*time.Minute {
			t.Errorf("%s lives for %v", key, ends)
		}
	}
}
