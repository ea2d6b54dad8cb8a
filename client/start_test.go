package client

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/http2"
)

const accepted = `{"success":true,"requestId":"req_1","status":"processing","message":"Run queued.","createdAt":"2026-06-02T09:14:03.000Z"}`

// spendings are the two requests that cost credits.
var spendings = map[string]func(context.Context, *Client) (*Started, error){
	"Start": func(ctx context.Context, c *Client) (*Started, error) {
		return c.Start(ctx, Brief{Title: "Go engineer", JobDescription: "Payments"})
	},
	"Refine": func(ctx context.Context, c *Client) (*Started, error) {
		return c.Refine(ctx, testRun, Refinement{Query: "more backend"})
	},
}

func TestStartAndRefineSendWhatIsDocumented(t *testing.T) {
	for name, tt := range map[string]struct {
		do                   func(context.Context, *Client) (*Started, error)
		method, target, body string
	}{
		"a whole brief": {func(ctx context.Context, c *Client) (*Started, error) {
			return c.Start(ctx, Brief{Title: "R&D <lead>", JobDescription: "a\nb", Location: "Košice", Query: "Go", Limit: 20})
		}, "POST", "/sourcing?companyId=acme", `{"title":"R&D <lead>","jobDescription":"a\nb","location":"Košice","query":"Go","limit":20}`},
		"limit is always sent": {spendings["Start"], "POST", "/sourcing?companyId=acme",
			`{"title":"Go engineer","jobDescription":"Payments","limit":10}`},
		"additional is always sent": {spendings["Refine"], "PATCH", "/sourcing/" + testRun + "?companyId=acme",
			`{"query":"more backend","limit":10}`},
		"more of the same": {func(ctx context.Context, c *Client) (*Started, error) {
			return c.Refine(ctx, testRun, Refinement{Additional: 50})
		}, "PATCH", "/sourcing/" + testRun + "?companyId=acme", `{"limit":50}`},
	} {
		t.Run(name, func(t *testing.T) {
			var r *http.Request
			var body []byte
			c := upstream(t, func(w http.ResponseWriter, req *http.Request) {
				r = req
				body, _ = io.ReadAll(req.Body)
				respond(202, accepted)(w, req)
			}, WithCompanyID("acme"))
			started, err := tt.do(t.Context(), c)
			if err != nil {
				t.Fatal(err)
			}
			if want := time.Date(2026, 6, 2, 9, 14, 3, 0, time.UTC); started.RequestID != "req_1" || !started.CreatedAt.Equal(want) {
				t.Errorf("started %+v", started)
			}
			got := []string{r.Method, r.URL.RequestURI(), strings.TrimSpace(string(body)), r.Header.Get("Content-Type"), r.Header.Get("Authorization"), r.Header.Get("Idempotency-Key")}
			if diff := cmp.Diff([]string{tt.method, tt.target, tt.body, "application/json", "Bearer " + testKey, ""}, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestWhatIsOutOfBoundsIsNotSent(t *testing.T) {
	c := upstream(t, func(http.ResponseWriter, *http.Request) { t.Error("a request was made") })
	long := func(n int) string { return strings.Repeat("ž", n) }
	for name, b := range map[string]Brief{
		"title":           {Title: long(201)},
		"job description": {JobDescription: long(10_001)},
		"query":           {Query: long(501)},
		"limit":           {Limit: -1},
	} {
		_, err := c.Start(t.Context(), b)
		wantRefusal(t, "start: "+name, err)
	}
	for name, r := range map[string]Refinement{
		"nothing": {}, "query": {Query: long(501)}, "too many": {Additional: 51}, "negative": {Query: "x", Additional: -1},
	} {
		_, err := c.Refine(t.Context(), testRun, r)
		wantRefusal(t, "refine: "+name, err)
	}
	_, err := c.Refine(t.Context(), "../x", Refinement{Additional: 1})
	wantRefusal(t, "refine: id", err)
}

func wantRefusal(t *testing.T, what string, err error) {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) || e.Code != CodeInvalidRequest || e.OutcomeUnknown || e.Reason == "" {
		t.Errorf("%s: %v", what, err)
	}
}

func TestTheDocumentedBoundsThemselvesAreSent(t *testing.T) {
	c := upstream(t, respond(202, accepted))
	_, err := c.Start(t.Context(), Brief{Title: strings.Repeat("ž", 200), JobDescription: strings.Repeat("ž", 10_000), Query: strings.Repeat("ž", 500), Limit: 1000})
	if err != nil {
		t.Error(err)
	}
	if _, err := c.Refine(t.Context(), testRun, Refinement{Query: strings.Repeat("ž", 500), Additional: 50}); err != nil {
		t.Error(err)
	}
}

func TestAnswersOfStartAndRefine(t *testing.T) {
	for name, tt := range map[string]struct {
		status  int
		body    string
		headers []string
		code    Code // "" if the run was started
		unknown bool
		retry   time.Duration
	}{
		"documented":           {202, accepted, nil, "", false, 0},
		"wrapped":              {202, `{"success":true,"data":{"requestId":"req_1","createdAt":5}}`, nil, "", false, 0},
		"created":              {201, `{"requestId":"req_1"}`, nil, "", false, 0},
		"no id":                {202, `{"success":true}`, nil, CodeBadResponse, true, 0},
		"an id of a path":      {202, `{"requestId":"../x"}`, nil, CodeBadResponse, true, 0},
		"an empty answer":      {202, ``, nil, CodeBadResponse, true, 0},
		"a login page":         {200, `<html>`, nil, CodeBadResponse, true, 0},
		"an endless answer":    {202, `{"requestId":"req_1","x":"` + strings.Repeat("x", maxStartedBytes) + `"}`, nil, CodeBadResponse, true, 0},
		"a redirect":           {307, ``, []string{"Location", "/"}, CodeBadResponse, true, 0},
		"400":                  {400, `{"message":["title must be shorter"]}`, nil, CodeInvalidRequest, false, 0},
		"401":                  {401, `{}`, nil, CodeUnauthorized, false, 0},
		"402":                  {402, `{"message":"no credits"}`, nil, CodePaymentRequired, false, 0},
		"403":                  {403, `{"message":"Insufficient permissions","error":"Forbidden","statusCode":403}`, nil, CodeForbidden, false, 0},
		"404":                  {404, `{"error":{"code":"REQUEST_NOT_FOUND"}}`, nil, CodeNotFound, false, 0},
		"408":                  {408, ``, nil, CodeTimeout, true, 0},
		"409":                  {409, ``, nil, CodeConflict, false, 0},
		"422":                  {422, ``, nil, CodeUnprocessable, false, 0},
		"429":                  {429, `{}`, []string{"Retry-After", "30"}, CodeRateLimited, false, 30 * time.Second},
		"500":                  {500, ``, nil, CodeUnavailable, true, 0},
		"502":                  {502, `<html>`, nil, CodeUnavailable, true, 0},
		"503 with Retry-After": {503, ``, []string{"Retry-After", "30"}, CodeUnavailable, true, 0},
		"504":                  {504, ``, nil, CodeUnavailable, true, 0},
	} {
		for what, do := range spendings {
			t.Run(what+" "+name, func(t *testing.T) {
				var requests atomic.Int32
				c := upstream(t, func(w http.ResponseWriter, r *http.Request) {
					requests.Add(1)
					respond(tt.status, tt.body, tt.headers...)(w, r)
				})
				started, err := do(t.Context(), c)
				if got := requests.Load(); got != 1 {
					t.Errorf("%d requests", got)
				}
				if tt.code == "" {
					if err != nil || started.RequestID != "req_1" {
						t.Errorf("started %+v, error %v", started, err)
					}
					return
				}
				var e *Error
				if !errors.As(err, &e) || started != nil {
					t.Fatalf("started %v, error %v", started, err)
				}
				if e.Code != tt.code || e.OutcomeUnknown != tt.unknown || e.RetryAfter != tt.retry || e.Transient() != (tt.retry > 0) {
					t.Errorf("code %s, unknown %v, retry after %v, transient %v", e.Code, e.OutcomeUnknown, e.RetryAfter, e.Transient())
				}
				if strings.Contains(e.Error(), "outcome unknown") != tt.unknown {
					t.Errorf("error %q", e)
				}
			})
		}
	}
}

// On a reused connection, net/http would send a GET again after most of these.
// A request that costs credits is sent once.
func TestNothingBelowRepeatsWhatCostsCredits(t *testing.T) {
	say := func(s string) func(net.Conn) { return func(c net.Conn) { _, _ = io.WriteString(c, s) } }
	for name, second := range map[string]func(net.Conn){
		"closed":                  func(net.Conn) {},
		"reset":                   func(c net.Conn) { _ = c.(*net.TCPConn).SetLinger(0) },
		"closed after one byte":   say("H"),
		"closed in the headers":   say("HTTP/1.1 202 Accepted\r\nContent-"),
		"closed in the body":      say("HTTP/1.1 202 Accepted\r\nContent-Length: 100\r\n\r\n{"),
		"a time-out told at once": say("HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"),
		"something else":          say("+OK\r\n"),
	} {
		for what, do := range spendings {
			t.Run(what+" "+name, func(t *testing.T) {
				var spent atomic.Int32
				c := connections(t, func(conn net.Conn) {
					r := bufio.NewReader(conn)
					for {
						req, err := http.ReadRequest(r)
						if err != nil {
							return
						}
						_, _ = io.Copy(io.Discard, req.Body)
						if req.Method != http.MethodGet {
							spent.Add(1)
							second(conn)
							return
						}
						_, _ = io.WriteString(conn, "HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\n{}")
					}
				})
				if _, err := c.Results(t.Context(), testRun); err != nil { // leaves an idle connection
					t.Fatal(err)
				}
				_, err := do(t.Context(), c)
				var e *Error
				if !errors.As(err, &e) || !e.OutcomeUnknown {
					t.Errorf("error = %v, want an unknown outcome", err)
				}
				if got := spent.Load(); got != 1 {
					t.Errorf("sent %d times", got)
				}
			})
		}
	}
}

// An idle connection that the server has closed before the request: nothing was
// received, which cannot be known, and nothing is sent on another connection.
func TestAConnectionClosedWhileIdleIsNotReplaced(t *testing.T) {
	for what, do := range spendings {
		t.Run(what, func(t *testing.T) {
			var spent atomic.Int32
			closed := make(chan struct{}, 1)
			c := connections(t, func(conn net.Conn) {
				req, err := http.ReadRequest(bufio.NewReader(conn))
				if err != nil {
					return
				}
				if req.Method != http.MethodGet {
					spent.Add(1)
				}
				_, _ = io.WriteString(conn, "HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\n{}")
				_ = conn.Close()
				closed <- struct{}{}
			})
			if _, err := c.Results(t.Context(), testRun); err != nil {
				t.Fatal(err)
			}
			<-closed
			if _, err := do(t.Context(), c); err == nil {
				t.Error("started without an answer that names a run")
			}
			if got := spent.Load(); got > 1 {
				t.Errorf("sent %d times", got)
			}
		})
	}
}

func TestOverHTTP2WhatCostsCreditsIsSentOnce(t *testing.T) {
	for name, refuse := range map[string]func(*http2.Framer, uint32){
		"GOAWAY":         func(f *http2.Framer, _ uint32) { _ = f.WriteGoAway(0, http2.ErrCodeNo, nil) },
		"REFUSED_STREAM": func(f *http2.Framer, stream uint32) { _ = f.WriteRSTStream(stream, http2.ErrCodeRefusedStream) },
	} {
		for what, do := range spendings {
			t.Run(what+" "+name, func(t *testing.T) {
				c, requests := secureUpstream(t, refuse)
				_, _ = do(t.Context(), c)
				if got := requests.Load(); got != 1 {
					t.Errorf("sent %d times", got)
				}
			})
		}
	}
}

func TestWhatWasNeverSentHasAKnownOutcome(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	c, err := New(NewKey(testKey), WithBaseURL("http://"+l.Addr().String()))
	if err != nil {
		t.Fatal(err)
	}
	var e *Error
	if _, err := spendings["Start"](t.Context(), c); !errors.As(err, &e) || e.OutcomeUnknown || e.Reason != "connection refused" {
		t.Errorf("refused connection: %v", err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := spendings["Start"](gone, c); !errors.Is(err, context.Canceled) || errors.As(err, &e) && e.OutcomeUnknown {
		t.Errorf("a caller who has gone: %v", err)
	}
}

func TestACallerWhoLeavesDoesNotKnowTheOutcome(t *testing.T) {
	for what, do := range spendings {
		t.Run(what, func(t *testing.T) {
			received := make(chan struct{})
			c := upstream(t, func(_ http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
				close(received)
				<-r.Context().Done()
			})
			ctx, cancel := context.WithCancel(t.Context())
			go func() {
				<-received
				cancel()
			}()
			var e *Error
			if _, err := do(ctx, c); !errors.As(err, &e) || !e.OutcomeUnknown {
				t.Errorf("error = %v", err)
			}
		})
	}
}

// unwritable fails the next write of a connection, before any byte of it.
type unwritable struct {
	net.Conn
	next *atomic.Bool
}

func (c unwritable) Write(p []byte) (int, error) {
	if c.next.CompareAndSwap(true, false) {
		return 0, io.ErrClosedPipe
	}
	return c.Conn.Write(p)
}

// On a reused connection that took no byte, net/http sends even a POST again if
// it can read the body a second time.
func TestAConnectionThatTakesNoByteIsNotReplaced(t *testing.T) {
	for what, do := range spendings {
		t.Run(what, func(t *testing.T) {
			var next atomic.Bool
			var spent atomic.Int32
			c := upstream(t, func(w http.ResponseWriter, r *http.Request) {
				if r.Method != http.MethodGet {
					spent.Add(1)
				}
				respond(202, accepted)(w, r)
			}, WithDialContext(func(ctx context.Context, network, addr string) (net.Conn, error) {
				conn, err := new(net.Dialer).DialContext(ctx, network, addr)
				return unwritable{conn, &next}, err
			}))
			if _, err := c.Results(t.Context(), "req_1"); err != nil { // leaves an idle connection
				t.Fatal(err)
			}
			next.Store(true)
			if _, err := do(t.Context(), c); err == nil || spent.Load() != 0 {
				t.Errorf("sent %d times, error %v", spent.Load(), err)
			}
		})
	}
}
