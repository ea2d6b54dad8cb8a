package client

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"syscall"
	"time"
)

// Code says what kind of failure a request met. The set is closed and stable.
type Code string

// The codes. Only rate_limited, unavailable and timeout may pass by themselves,
// and of invalid_request none.
const (
	CodeUnauthorized    Code = "unauthorized"     // 401: key missing, unknown, revoked or expired
	CodeKeySuspended    Code = "key_suspended"    // 401 with API_KEY_SUSPENDED
	CodePaymentRequired Code = "payment_required" // 402: no credits
	CodeForbidden       Code = "forbidden"        // 403: scope, company or network not allowed
	CodeNotFound        Code = "not_found"        // 404: unknown run, or another company's
	CodeRateLimited     Code = "rate_limited"     // 429
	CodeUnavailable     Code = "unavailable"      // 425, 5xx, and every network fault
	CodeTimeout         Code = "timeout"          // 408, or no answer in time
	CodeBadResponse     Code = "bad_response"     // an answer outside the contract, or from whom TLS does not trust
	CodeInvalidRequest  Code = "invalid_request"  // 400, 422, other 4xx, or refused before sending
)

// MaxRetryAfter caps what an upstream can make a caller wait.
const MaxRetryAfter = time.Hour

// Error is a request that brought no results. Its text is safe to log and to
// show: it never holds the key, the URL or any part of the body but the
// server's code, if that looks like one.
type Error struct {
	Code       Code
	HTTPStatus int           // 0 when no response arrived
	ServerCode string        // such as REQUEST_NOT_FOUND; "" when none was given
	Reason     string        // a few words of ours that narrow the code down; may be ""
	RetryAfter time.Duration // 0 when not told; at most MaxRetryAfter
	RateLimit  RateLimit     // of the response, if there was one
	Date       time.Time     // the server's clock when it answered; zero when not told

	cause error
}

// Error implements error.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("instaview: " + string(e.Code))
	if e.HTTPStatus != 0 {
		fmt.Fprintf(&b, ", HTTP %d", e.HTTPStatus)
	}
	for _, s := range []string{e.ServerCode, e.Reason} {
		if s != "" {
			b.WriteString(", " + s)
		}
	}
	return b.String()
}

// Unwrap returns the transport's error, for errors.Is. Do not print it: it may
// hold the URL.
func (e *Error) Unwrap() error { return e.cause }

// Transient reports whether the same request may succeed later.
func (e *Error) Transient() bool {
	switch e.Code {
	case CodeRateLimited, CodeUnavailable, CodeTimeout:
		return true
	}
	return false
}

// transportError is for a request that got no response.
func transportError(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	var timeout net.Error
	if errors.Is(err, context.DeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout() {
		return &Error{Code: CodeTimeout, Reason: "no answer in time", cause: err}
	}
	var certificate *tls.CertificateVerificationError
	switch {
	case errors.As(err, &certificate):
		return &Error{Code: CodeBadResponse, Reason: "TLS certificate not trusted", cause: err}
	case errors.Is(err, http.ErrSchemeMismatch):
		return &Error{Code: CodeBadResponse, Reason: "no TLS spoken there", cause: err}
	}
	return &Error{Code: CodeUnavailable, Reason: networkReason(err), cause: err}
}

func networkReason(err error) string {
	var (
		dns *net.DNSError
		op  *net.OpError
	)
	switch {
	case errors.As(err, &dns):
		return "host name not resolved"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused"
	case errors.As(err, &op) && op.Op == "dial":
		return "no way to the host"
	default:
		return "connection broken"
	}
}

// bodyError is for a 200 or 202 whose body could not be read. A body cut short
// by the network may be whole next time; one outside the contract will not be.
func bodyError(ctx context.Context, status int, a answer, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	e := &Error{Code: CodeBadResponse, HTTPStatus: status, RateLimit: a.limit, Date: a.date, cause: err}
	var (
		contract *contractError
		broken   *brokenBody
		timeout  net.Error
	)
	switch {
	case errors.As(err, &contract):
		e.Reason = contract.reason
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		e.Code, e.Reason = CodeTimeout, "body not received in time"
	case errors.Is(err, io.ErrUnexpectedEOF), errors.As(err, &broken):
		e.Code, e.Reason = CodeUnavailable, "body cut short"
	default:
		e.Reason = "body is not the documented JSON"
	}
	return e
}

// statusError is for a response that is neither 200 nor 202.
func statusError(resp *http.Response, a answer) *Error {
	// A body that cannot be read whole is as good as none: the status decides.
	body, _ := io.ReadAll(io.LimitReader(resp.Body, maxErrorBytes))
	env := readErrorEnvelope(body)
	e := &Error{
		Code:       codeOf(resp.StatusCode, env.code),
		HTTPStatus: resp.StatusCode,
		ServerCode: env.code,
		RateLimit:  a.limit,
		Date:       a.date,
	}
	switch {
	case resp.StatusCode >= 300 && resp.StatusCode < 400:
		e.Reason = "redirect not followed"
	case resp.StatusCode == http.StatusNotFound && !env.known:
		e.Reason = "not one of InstaView's errors" // any web server says 404
	}
	if e.Transient() {
		e.RetryAfter = a.retryAfter(env)
	}
	return e
}

func codeOf(status int, serverCode string) Code {
	switch {
	case status == http.StatusUnauthorized && serverCode == "API_KEY_SUSPENDED":
		return CodeKeySuspended
	case status == http.StatusUnauthorized:
		return CodeUnauthorized
	case status == http.StatusPaymentRequired:
		return CodePaymentRequired
	case status == http.StatusForbidden:
		return CodeForbidden
	case status == http.StatusNotFound:
		return CodeNotFound
	case status == http.StatusRequestTimeout:
		return CodeTimeout
	case status == http.StatusTooManyRequests:
		return CodeRateLimited
	case status == http.StatusTooEarly, status >= 500:
		return CodeUnavailable
	case status >= 400:
		return CodeInvalidRequest
	default:
		return CodeBadResponse
	}
}

// errorEnvelope is what the documented error bodies have in common, whichever
// of their shapes was sent.
type errorEnvelope struct {
	known      bool // it has one of the shapes, and is not about the path itself
	code       string
	retryAfter json.RawMessage // seconds
	reset      json.RawMessage // Unix seconds
}

var serverCodePattern = regexp.MustCompile(`^[A-Z][A-Z0-9_]{1,63}$`)

// readErrorEnvelope reads every shape the documentation shows: the code in an
// error object, the code beside the message, the framework's default with
// error as a string, and the rate limiter's. Anything else yields nothing.
func readErrorEnvelope(body []byte) errorEnvelope {
	type shape struct {
		Code       json.RawMessage `json:"code"`
		ErrorCode  json.RawMessage `json:"errorCode"`
		Error      json.RawMessage `json:"error"`
		Message    json.RawMessage `json:"message"`
		RetryAfter json.RawMessage `json:"retryAfter"`
		Reset      json.RawMessage `json:"reset"`
	}
	var outer, inner shape
	if json.Unmarshal(bytes.TrimSpace(body), &outer) != nil {
		return errorEnvelope{}
	}
	_ = json.Unmarshal(outer.Error, &inner) // a string here is the framework's shape

	// "Cannot GET /…" is the framework's word for a path that it does not serve.
	env := errorEnvelope{
		known:      (outer.Error != nil || outer.Message != nil) && !bytes.HasPrefix(outer.Message, []byte(`"Cannot `)),
		retryAfter: outer.RetryAfter,
		reset:      outer.Reset,
	}
	for _, raw := range []json.RawMessage{inner.Code, outer.ErrorCode, outer.Code} {
		var code string
		if json.Unmarshal(raw, &code) == nil && serverCodePattern.MatchString(code) {
			env.code, env.known = code, true
			break
		}
	}
	return env
}
