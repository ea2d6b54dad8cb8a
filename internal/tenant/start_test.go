package tenant

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"instaview-mcp/client"
	"instaview-mcp/internal/sandbox"
)

// queries wraps a sandbox and notes the company ids of what costs credits.
type queries struct {
	*sandbox.Sandbox
	companies []string
}

func (q *queries) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet {
		q.companies = append(q.companies, r.Method+" "+r.URL.Query().Get("companyId"))
	}
	q.Sandbox.ServeHTTP(w, r)
}

// A caller's run is started with the caller's key and company, and is waited
// for by that caller although it is not known yet.
func TestCallersStartRunsOfTheirOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := &queries{Sandbox: sandbox.New(sandbox.WithKey("a"), sandbox.WithKey("b"), sandbox.WithUnknownFor(4*time.Second),
			sandbox.WithRefining(sandbox.Refining{Lag: 30 * time.Second}))}
		p := NewPool(func(key client.Key) (*client.Client, error) {
			return client.New(key, client.WithBaseURL("http://localhost"), client.WithDialContext(serve(t, q)))
		})
		defer p.Close()
		ann, bob := on(t, "a", "acme"), on(t, "b", "")

		if p.Known(ann) {
			t.Error("a key is known before InstaView has accepted it")
		}
		started, err := p.Start(ann, client.Brief{Title: "Go engineer", JobDescription: "Payments", Limit: 2})
		if err != nil {
			t.Fatal(err)
		}
		if !p.Known(ann) || p.Known(bob) {
			t.Error("the key that has started a run is not known, or another is")
		}
		if s, err := p.Get(bob, started.RequestID); err != nil || s.Err == nil || s.Err.Code != client.CodeNotFound {
			t.Errorf("another caller: %+v, %v", s, err)
		}
		s, err := p.Wait(ann, started.RequestID, 40*time.Second, nil)
		if err != nil || s.Err != nil || !s.Results.Finished() {
			t.Fatalf("%+v, %v", s, err)
		}
		refined, err := p.Refine(ann, started.RequestID, client.Refinement{Additional: 1}, s.Results)
		if err != nil {
			t.Fatal(err)
		}
		if s, err := p.Get(ann, refined.RequestID); err != nil || s.Err != nil || !s.Results.InProgress() {
			t.Errorf("the old end state is taken for the new one: %+v, %v", s, err)
		}
		if len(q.companies) != 2 || q.companies[0] != "POST acme" || q.companies[1] != "PATCH acme" {
			t.Errorf("sent %q", q.companies)
		}
		if _, err := p.Start(t.Context(), client.Brief{}); err == nil {
			t.Error("a caller without a key starts a run")
		}
	})
}

// serve serves a handler over net.Pipe until the test ends.
func serve(t *testing.T, handler http.Handler) func(context.Context, string, string) (net.Conn, error) {
	server := &http.Server{Handler: handler}
	conns := make(chan net.Conn)
	l := pipes{conns, make(chan struct{})}
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() { _ = server.Close() })
	return func(ctx context.Context, _, _ string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		select {
		case conns <- theirs:
			return ours, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// pipes is a listener of connections that are handed to it.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
}

func (p pipes) Accept() (net.Conn, error) {
	select {
	case conn := <-p.conns:
		return conn, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p pipes) Close() error {
	close(p.closed)
	return nil
}

func (p pipes) Addr() net.Addr { return &net.UnixAddr{} }

// With OAuth and a claim for the company, the server's key is used for the
// caller's company alone.
func TestRunsAreStartedForThePersonsCompany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := &queries{Sandbox: sandbox.New(sandbox.WithKey("a"), sandbox.WithRefining(sandbox.Refining{}))}
		p := NewPool(func(key client.Key) (*client.Client, error) {
			return client.New(key, client.WithBaseURL("http://localhost"), client.WithDialContext(serve(t, q)))
		})
		defer p.Close()
		runs := p.ForCompanies(client.NewKey("a"))
		ada, eve := WithPerson(t.Context(), "issuer", "ada", "acme"), WithPerson(t.Context(), "issuer", "eve", "")
		brief := client.Brief{Title: "Go engineer", JobDescription: "Payments", Limit: 2}
		if _, err := runs.Start(eve, brief); !errors.Is(err, errNoKey) {
			t.Errorf("a person without a company: %v", err)
		}
		started, err := runs.Start(ada, brief)
		if err != nil {
			t.Fatal(err)
		}
		s, err := runs.Wait(ada, started.RequestID, 2*time.Minute, nil)
		if err != nil || s.Err != nil || !s.Results.Finished() {
			t.Fatalf("%+v, %v", s, err)
		}
		if _, err := runs.Refine(eve, started.RequestID, client.Refinement{Additional: 1}, s.Results); !errors.Is(err, errNoKey) {
			t.Errorf("a person without a company: %v", err)
		}
		if _, err := runs.Refine(ada, started.RequestID, client.Refinement{Additional: 1}, s.Results); err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(q.companies, ", "); got != "POST acme, PATCH acme" {
			t.Errorf("sent %q", got)
		}
	})
}
