package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
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
	CodeUnavailable     Code = "unavailable"      // 425, 5xx, and network faults that may pass
	CodeTimeout         Code = "timeout"          // 408, or no answer in time
	CodeUnreachable     Code = "unreachable"      // no answer before a certificate, a proxy or a setting has changed
	CodeBadResponse     Code = "bad_response"     // an answer outside the contract
	CodeInvalidRequest  Code = "invalid_request"  // 400, 422, other 4xx, or refused before sending
)

// MaxRetryAfter caps what an upstream can make a caller wait.
const MaxRetryAfter = time.Hour

// documentedCodes are the words of an answer that may be logged.
var documentedCodes = []string{"INVALID_API_KEY", "API_KEY_SUSPENDED", "INSUFFICIENT_PERMISSIONS", "RESOURCE_ACCESS_DENIED",
	"RESOURCE_NOT_FOUND", "REQUEST_NOT_FOUND", "RATE_LIMIT_EXCEEDED"}

// Error is a request that brought no results. Its text is safe to log: of what
// the server wrote it holds nothing but documented codes.
type Error struct {
	Code       Code
	HTTPStatus int           // 0 when no response of InstaView's arrived
	ServerCode string        // such as REQUEST_NOT_FOUND; "" when none was given, or it held the key
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
	if slices.Contains(documentedCodes, e.ServerCode) {
		b.WriteString(", " + e.ServerCode)
	}
	if e.Reason != "" {
		b.WriteString(", " + e.Reason)
	}
	return b.String()
}

// Unwrap returns the transport's error, for errors.Is. Do not print it: it may
// hold the URL, and what the other side wrote.
func (e *Error) Unwrap() error { return e.cause }

// Transient reports whether the same request may succeed later.
func (e *Error) Transient() bool {
	switch e.Code {
	case CodeRateLimited, CodeUnavailable, CodeTimeout:
		return true
	}
	return false
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
	)
	switch {
	case errors.As(err, &contract):
		e.Reason = contract.reason
	case isTimeout(err):
		e.Code, e.Reason = CodeTimeout, "body not received in time"
	case errors.Is(err, io.ErrUnexpectedEOF), errors.As(err, &broken):
		e.Code, e.Reason = CodeUnavailable, "body cut short"
	default:
		e.Reason = "body is not the documented JSON"
	}
	return e
}

// statusError is for a response that is neither 200 nor 202.
func (c *Client) statusError(resp *http.Response, a answer) *Error {
	if resp.StatusCode == http.StatusProxyAuthRequired { // no server but a proxy says so
		return &Error{Code: errProxyLogin.code, Reason: errProxyLogin.reason}
	}
	var body []byte
	if resp.StatusCode != http.StatusSwitchingProtocols { // after which no time-out ends a read
		// A body that cannot be read whole is as good as none: the status decides.
		body, _ = io.ReadAll(io.LimitReader(resp.Body, maxErrorBytes))
	}
	env := readErrorEnvelope(body)
	e := &Error{
		Code:       codeOf(resp.StatusCode, env.code),
		HTTPStatus: resp.StatusCode,
		RateLimit:  a.limit,
		Date:       a.date,
	}
	if !strings.Contains(inCodesLetters(env.code), inCodesLetters(c.key.Reveal())) {
		e.ServerCode = env.code
	}
	switch {
	case resp.StatusCode >= 300 && resp.StatusCode < 400:
		e.Reason = "redirect not followed"
	case (e.Code == CodeNotFound || e.Code == CodeForbidden) && !env.known:
		e.Reason = "not one of InstaView's errors" // any web server says 404, any proxy 403
	}
	if e.Transient() {
		e.RetryAfter = a.retryAfter(env)
	}
	return e
}

var codes = map[int]Code{
	http.StatusUnauthorized:    CodeUnauthorized,
	http.StatusPaymentRequired: CodePaymentRequired,
	http.StatusForbidden:       CodeForbidden,
	http.StatusNotFound:        CodeNotFound,
	http.StatusRequestTimeout:  CodeTimeout,
	http.StatusTooEarly:        CodeUnavailable,
	http.StatusTooManyRequests: CodeRateLimited,
}

func codeOf(status int, serverCode string) Code {
	switch {
	case status == http.StatusUnauthorized && serverCode == "API_KEY_SUSPENDED":
		return CodeKeySuspended
	case codes[status] != "":
		return codes[status]
	case status >= 500:
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

// inCodesLetters writes a text as a server makes a code of it: in capitals, and
// with one sign for all that is neither letter nor digit.
func inCodesLetters(text string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, strings.ToUpper(text))
}

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
