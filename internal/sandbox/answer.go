package sandbox

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strconv"
	"time"
)

// answer is a response before it is written.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// with returns the answer with further headers, which replace those of the same name.
func (a answer) with(h http.Header) answer {
	merged := http.Header{}
	maps.Copy(merged, a.header)
	for name, values := range h {
		merged[http.CanonicalHeaderKey(name)] = values
	}
	a.header = merged
	return a
}

// The three bodies of the results page. Its schema shows all fields at once; its examples show these subsets in this order.
type (
	processing struct {
		Success                bool   `json:"success"`
		RequestID              string `json:"requestId"`
		Status                 string `json:"status"`
		CandidatesSourcedCount int    `json:"candidatesSourcedCount"`
		Message                string `json:"message"`
		CreatedAt              string `json:"createdAt"`
	}
	completed struct {
		Success     bool        `json:"success"`
		RequestID   string      `json:"requestId"`
		Status      string      `json:"status"`
		FoundCount  int         `json:"foundCount"`
		ScoredCount int         `json:"scoredCount"`
		CreatedAt   string      `json:"createdAt"`
		CompletedAt string      `json:"completedAt"`
		Candidates  []Candidate `json:"candidates"`
	}
	// failed carries success:true as well: the request succeeded, the run did not.
	failed struct {
		Success      bool   `json:"success"`
		RequestID    string `json:"requestId"`
		Status       string `json:"status"`
		ErrorCode    string `json:"errorCode"`
		ErrorMessage string `json:"errorMessage"`
		CreatedAt    string `json:"createdAt"`
		CompletedAt  string `json:"completedAt"`
	}
)

// envelope is the documented standard error (error guide).
type envelope struct {
	Success   bool          `json:"success"`
	Data      any           `json:"data"`
	Error     envelopeError `json:"error"`
	Timestamp string        `json:"timestamp"`
}

type envelopeError struct {
	Code    string            `json:"code"`
	Message string            `json:"message"`
	Details map[string]string `json:"details,omitempty"`
}

func failure(status int, code, message string, details map[string]string) answer {
	return answer{status: status, body: encode(envelope{
		Error:     envelopeError{Code: code, Message: message, Details: details},
		Timestamp: timestamp(time.Now()),
	})}
}

// rateLimited is the body of a 429 in the rate limit guide. It has no field for a code, which the results page names nevertheless: the
// message begins with it.
type rateLimited struct {
	StatusCode int    `json:"statusCode"`
	Message    string `json:"message"`
	Error      string `json:"error"`
	RetryAfter int64  `json:"retryAfter"` // seconds
	Limit      int    `json:"limit"`
	Remaining  int    `json:"remaining"`
	Reset      int64  `json:"reset"` // Unix seconds
}

// tooMany is the 429. Header and body name the same delay; in the guide's one example they differ, which is a test's to imitate with a Fault.
func tooMany(r *retry) answer {
	return answer{
		status: http.StatusTooManyRequests,
		header: http.Header{"Retry-After": {strconv.FormatInt(r.after, 10)}},
		body: encode(rateLimited{
			StatusCode: http.StatusTooManyRequests,
			Message:    fmt.Sprintf("RATE_LIMIT_EXCEEDED: more than %d requests in one %s.", r.limit, r.window),
			Error:      http.StatusText(http.StatusTooManyRequests),
			RetryAfter: r.after,
			Limit:      r.limit,
			Reset:      r.reset,
		}),
	}
}

// encode writes JSON as a JavaScript server does: "<" and "&" as themselves.
func encode(v any) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic("sandbox: " + err.Error()) // a score that is not a number, in a run the caller made
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// timestamp writes a time as the sourcing pages do: UTC, milliseconds, Z.
func timestamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }
