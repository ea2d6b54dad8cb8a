package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Code is the kind of a failure. The set is closed: no other values occur.
type Code string

// The codes. Only after rate_limited, unavailable and timeout may the same
// request succeed later.
const (
	CodeUnauthorized    Code = "unauthorized"     // 401: key missing, unknown, revoked or expired
	CodeKeySuspended    Code = "key_suspended"    // 401 with API_KEY_SUSPENDED
	CodePaymentRequired Code = "payment_required" // 402: no credits
	CodeForbidden       Code = "forbidden"        // 403: scope, company or network not allowed
	CodeNotFound        Code = "not_found"        // 404: unknown run, or one of another company
	CodeRateLimited     Code = "rate_limited"     // 429
	CodeUnavailable     Code = "unavailable"      // 425, 5xx, and temporary network faults
	CodeTimeout         Code = "timeout"          // 408, or no answer in time
	CodeUnreachable     Code = "unreachable"      // a certificate, proxy or setting is wrong
	CodeBadResponse     Code = "bad_response"     // an answer outside the contract
	CodeInvalidRequest  Code = "invalid_request"  // 400, 422, other 4xx, or refused before sending

	// Results has neither of these.
	CodeConflict      Code = "conflict"      // 409: such as a run that is still processing
	CodeUnprocessable Code = "unprocessable" // 422
)

// MaxRetryAfter is the longest wait that is accepted from the API.
const MaxRetryAfter = time.Hour

// documentedCodes are the only error codes of an answer that may be logged.
var documentedCodes = []string{"INVALID_API_KEY", "API_KEY_SUSPENDED", "INSUFFICIENT_PERMISSIONS", "RESOURCE_ACCESS_DENIED",
	"RESOURCE_NOT_FOUND", "REQUEST_NOT_FOUND", "RATE_LIMIT_EXCEEDED"}

// Error is a request that failed. Its text is safe to log: from
// the server's answer it holds only documented codes.
type Error struct {
	Code       Code
	HTTPStatus int           // 0 if InstaView sent no response
	ServerCode string        // such as REQUEST_NOT_FOUND; "" if missing, or if it held the API key
	Reason     string        // a few fixed words that describe the cause; may be ""
	RetryAfter time.Duration // 0 if unknown; at most MaxRetryAfter
	RateLimit  RateLimit     // from the response's headers, if there was one
	Date       time.Time     // the server's clock when it answered; zero if unknown
	// OutcomeUnknown is set if a request that changes something may have been
	// carried out. To send it again may cost credits twice, or register a
	// second webhook.
	OutcomeUnknown bool

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
	if e.OutcomeUnknown {
		b.WriteString(", outcome unknown")
	}
	return b.String()
}

// Unwrap returns the transport's error for errors.Is. Do not print it: it may
// hold the URL or text from the server.
func (e *Error) Unwrap() error { return e.cause }

// Transient reports whether the same request may succeed later. One whose
// outcome is unknown must not be repeated, so it is not transient.
func (e *Error) Transient() bool {
	if e.OutcomeUnknown {
		return false
	}
	switch e.Code {
	case CodeRateLimited, CodeUnavailable, CodeTimeout:
		return true
	}
	return false
}

// bodyError returns the error for a 200 or 202 whose body could not be read. A
// body that the network cut short may be complete next time; one that breaks
// the contract will not be.
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

// statusError returns the error for a response that is neither 200 nor 202.
func (c *Client) statusError(resp *http.Response, a answer) *Error {
	if resp.StatusCode == http.StatusProxyAuthRequired { // only proxies send this status
		return &Error{Code: errProxyLogin.code, Reason: errProxyLogin.reason}
	}
	var body []byte
	// After status 101 no timeout ends a read.
	if resp.StatusCode != http.StatusSwitchingProtocols {
		// An error while reading does not matter, since the status decides.
		body, _ = io.ReadAll(io.LimitReader(resp.Body, maxErrorBytes))
	}
	env := readErrorEnvelope(body)
	e := &Error{
		Code:       codeOf(resp.StatusCode, env.code),
		HTTPStatus: resp.StatusCode,
		RateLimit:  a.limit,
		Date:       a.date,
	}
	if !strings.Contains(asErrorCode(env.code), asErrorCode(c.key.Reveal())) {
		e.ServerCode = env.code
	}
	switch {
	case resp.StatusCode >= 300 && resp.StatusCode < 400:
		e.Reason = "redirect not followed"
	case (e.Code == CodeNotFound || e.Code == CodeForbidden) && !env.known:
		// Any web server may send 404, and any proxy 403.
		e.Reason = "not one of InstaView's errors"
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

// errorEnvelope holds the fields that the documented shapes of error bodies
// have in common.
type errorEnvelope struct {
	known      bool // the body has a documented shape, and is not the web framework's own 404
	code       string
	retryAfter json.RawMessage // seconds
	reset      json.RawMessage // Unix seconds
}

// ValidErrorCode reports whether code has the form of the documented error
// codes: 2 to 64 characters of A-Z, 0-9 and "_", the first a letter. It may be
// one that is not documented.
func ValidErrorCode(code string) bool {
	return len(code) >= 2 && len(code) <= 64 && strings.Trim(code[:1], capitals) == "" && strings.Trim(code, capitals+digits+"_") == ""
}

// asErrorCode writes a text as an error code: in capitals, with "_" for
// everything but letters and digits. It finds the API key in a server's code.
func asErrorCode(text string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, strings.ToUpper(text))
}

// readErrorEnvelope reads each documented shape: the code in an error object,
// the code beside the message, the web framework's default with a string as
// error, and the rate limiter's. Any other body gives the zero value.
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
	// It fails for the framework's default, where error is a string.
	_ = json.Unmarshal(outer.Error, &inner)

	// "Cannot GET /…" is the framework's message for a path that it does not
	// serve.
	env := errorEnvelope{
		known:      (outer.Error != nil || outer.Message != nil) && !bytes.HasPrefix(outer.Message, []byte(`"Cannot `)),
		retryAfter: outer.RetryAfter,
		reset:      outer.Reset,
	}
	for _, raw := range []json.RawMessage{inner.Code, outer.ErrorCode, outer.Code} {
		var code string
		if json.Unmarshal(raw, &code) == nil && ValidErrorCode(code) {
			env.code, env.known = code, true
			break
		}
	}
	return env
}
