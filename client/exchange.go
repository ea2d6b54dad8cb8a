package client

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
)

// reply is an answer with a status of success.
type reply struct {
	answer
	status  int
	body    []byte
	changed bool // the request may have changed something
}

// exchange makes exactly one request and reads at most maxBytes of its answer.
// A nil payload sends no body.
//
// The error is an *Error, or ctx's own if ctx ended before the request was
// sent, or before the answer to a GET. For any other method OutcomeUnknown is
// set if the request may have been carried out.
func (c *Client) exchange(ctx context.Context, method string, payload any, maxBytes int64, path ...string) (*reply, error) {
	attempt, cancel := context.WithTimeout(ctx, attemptTimeout)
	defer cancel()
	// From the moment it has a connection, the request may have been received.
	var sent atomic.Bool
	attempt = httptrace.WithClientTrace(onlyOnce(attempt, cancel), &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { sent.Store(true) },
	})
	req, err := c.withBody(attempt, method, payload, path...)
	if err != nil {
		return nil, err
	}
	changes := method != http.MethodGet
	resp, err := c.http.Do(req)
	switch {
	case err == nil:
	case sent.Load() && changes:
		return nil, unknownOutcome(ctx, err)
	default:
		return nil, transportError(ctx, err)
	}
	defer func() { _ = resp.Body.Close() }()

	r := &reply{answer: readAnswer(resp), status: resp.StatusCode, changed: changes}
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return nil, c.refusal(resp, r.answer, changes)
	}
	r.body, err = io.ReadAll(io.LimitReader(resp.Body, maxBytes))
	switch {
	case err == nil:
		return r, nil
	case ctx.Err() != nil && !changes:
		return nil, context.Cause(ctx)
	default:
		return nil, r.unreadable("body cut short", err)
	}
}

// unreadable returns the error for an answer that is not understood.
func (r *reply) unreadable(reason string, cause error) *Error {
	return &Error{Code: CodeBadResponse, HTTPStatus: r.status, Reason: reason, RateLimit: r.limit, Date: r.date, OutcomeUnknown: r.changed, cause: cause}
}

// withBody returns a request with a JSON body, or with none for a nil payload.
// It has no GetBody, so net/http cannot send the body a second time.
func (c *Client) withBody(ctx context.Context, method string, payload any, path ...string) (*http.Request, error) {
	req := c.requestTo(ctx, path...)
	req.Method = method
	if payload == nil {
		return req, nil
	}
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(payload); err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.ContentLength = int64(body.Len())
	req.Body = io.NopCloser(&body)
	return req, nil
}

// unknownOutcome is for a request that was sent and got no response.
func unknownOutcome(ctx context.Context, err error) error {
	e, ok := transportError(context.WithoutCancel(ctx), err).(*Error) //nolint:errorlint // made here, not wrapped
	if !ok {
		return err
	}
	if ctx.Err() != nil {
		e.Reason = "given up before the answer"
	}
	e.OutcomeUnknown = true
	return e
}

// refusal is for a response other than 2xx. A 4xx refuses the request, but 408
// tells as little of what became of a change as a 5xx or a redirect.
func (c *Client) refusal(resp *http.Response, a answer, changes bool) *Error {
	e := c.statusError(resp, a)
	switch status := resp.StatusCode; {
	case status == http.StatusConflict:
		e.Code = CodeConflict
	case status == http.StatusUnprocessableEntity:
		e.Code = CodeUnprocessable
	case changes && (status < 400 || status >= 500 || status == http.StatusRequestTimeout):
		e.OutcomeUnknown, e.RetryAfter = true, 0
	}
	return e
}
