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

// with returns the answer with the headers of h added or replaced.
func (a answer) with(h http.Header) answer {
	merged := http.Header{}
	maps.Copy(merged, a.header)
	for name, values := range h {
		merged[http.CanonicalHeaderKey(name)] = values
	}
	a.header = merged
	return a
}

// The three response bodies documented on the results page. Its schema lists
// all fields together; its examples show these subsets in this order.
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
	// failed has success:true as well, because the request succeeded although
	// the run failed.
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

// envelope is the standard error body documented in the error guide.
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

// rateLimited is the body of a 429 documented in the rate limit guide. It has
// no field for the error code that the results page names, so the message
// begins with it.
type rateLimited struct {
	StatusCode int    `json:"statusCode"`
	Message    string `json:"message"`
	Error      string `json:"error"`
	RetryAfter int64  `json:"retryAfter"` // seconds
	Limit      int    `json:"limit"`
	Remaining  int    `json:"remaining"`
	Reset      int64  `json:"reset"` // Unix seconds
}

// tooMany returns the 429. Header and body give the same delay; a test that
// needs different ones, as in the guide's example, injects a Fault.
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

// encode writes JSON as a JavaScript server does, without escaping "<" and "&".
func encode(v any) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil { // a run has a score that is NaN or infinite
		panic("sandbox: " + err.Error())
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// timestamp formats a time as the sourcing pages do: UTC with milliseconds and
// "Z".
func timestamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }
