package sandbox

import (
	"net/http"
	"time"
)

// idleLimit is the time without requests after which a run starts over, so that
// a demo can be repeated without a restart.
const idleLimit = 10 * time.Minute

// processingMessage is the only message of a running run that the documentation
// shows.
const processingMessage = "The sourcing agent is actively analyzing candidates. Please poll again in 5 seconds."

// Run describes how a sourcing run behaves. The zero value completes at once
// with no candidates.
//
// A run starts at the first authorised request for it, whatever the answer. It
// starts over at the first request after 10 minutes without any.
type Run struct {
	// Takes is the processing time, from createdAt to completedAt. Zero means
	// that the run has ended as soon as it is created.
	Takes time.Duration
	// Age is how long before the first request the run was created. Zero means
	// that the request creates it. A run whose Age is at least Takes has
	// already ended.
	Age time.Duration
	// Found is the number of candidates found before scoring, and Scored how
	// many of them were scored. Both may differ from the number of Candidates,
	// as in real runs.
	Found, Scored int
	// Candidates are in the order of the ranking.
	Candidates []Candidate
	// ErrorCode, if not "", makes the run fail with ErrorMessage and without
	// counts and candidates.
	ErrorCode, ErrorMessage string
}

// Candidate is one ranked person, with the field names of the documentation.
// Empty fields are left out of the answer.
type Candidate struct {
	ProfileID   string `json:"profileId"`
	Name        string `json:"name,omitempty"`
	LinkedInURL string `json:"linkedinUrl,omitempty"`
	// MatchScore is 0 to 100; nil if the run did not score the candidate.
	MatchScore          *float64     `json:"matchScore,omitempty"`
	Rationale           string       `json:"rationale,omitempty"`
	Headline            string       `json:"headline,omitempty"`
	Skills              []string     `json:"skills,omitempty"`
	Location            string       `json:"location,omitempty"`
	CurrentCompany      string       `json:"currentCompany,omitempty"`
	CurrentRole         string       `json:"currentRole,omitempty"`
	AIFitPoints         []string     `json:"aiFitPoints,omitempty"`
	AIRedFlags          []string     `json:"aiRedFlags,omitempty"`
	AIDetailedRationale []Evidence   `json:"aiDetailedRationale,omitempty"`
	DetailedExperience  []Experience `json:"detailedExperience,omitempty"`
	// Emails is in the documentation's schema but not in its example of a
	// completed run, so expect it only after enrichment.
	Emails []string `json:"emails,omitempty"`
}

// Evidence says why one position is relevant to the job.
type Evidence struct {
	Title                string `json:"title"`
	Company              string `json:"company"`
	Duration             string `json:"duration"` // in words, such as "3.5 years"
	RelevanceExplanation string `json:"relevanceExplanation"`
}

// Experience is one position of a candidate. As in the documentation, its field
// "role" is called "title" in Evidence.
type Experience struct {
	Role       string   `json:"role"`
	Company    string   `json:"company"`
	Duration   string   `json:"duration"` // a span, such as "2023 - Present"
	Highlights []string `json:"highlights"`
}

// execution is the state of a run at runtime.
type execution struct {
	id     string
	run    Run
	people func() []Candidate // candidates of a sample run, loaded on first use

	lastRequest time.Time
	createdAt   time.Time
	ended       []byte // cached answer once ended, since benchmarks request it a million times

	spent // what POST and PATCH have made of it
}

// request records a request, and reports whether it starts the run, as it does
// if it is the first or follows an idle time.
func (e *execution) request(now time.Time) (starts bool) {
	starts = e.lastRequest.IsZero() || now.Sub(e.lastRequest) >= idleLimit && !e.keeps
	if starts {
		// In milliseconds, because answers have no finer times and completedAt
		// is counted from this one.
		e.createdAt = now.Add(-e.run.Age).Truncate(time.Millisecond)
		e.ended = nil
	}
	e.lastRequest = now
	return starts
}

// answer returns the run's state at a time: 202 while it runs, and 200 once it
// has ended, even if it failed.
func (e *execution) answer(now time.Time) answer {
	if now.Before(e.lagUntil) {
		return answer{status: http.StatusOK, body: e.before}
	}
	elapsed := now.Sub(e.began())
	if elapsed < e.run.Takes {
		return answer{status: http.StatusAccepted, body: encode(processing{
			Success:   true,
			RequestID: e.id,
			Status:    "processing",
			// The documented "running count of candidates found so far" is
			// taken to grow towards foundCount.
			CandidatesSourcedCount: int(int64(e.run.Found) * elapsed.Milliseconds() / max(1, e.run.Takes.Milliseconds())),
			Message:                processingMessage,
			CreatedAt:              timestamp(e.createdAt),
		})}
	}
	if e.ended == nil {
		e.ended = e.encodeEnded()
	}
	return answer{status: http.StatusOK, body: e.ended}
}

func (e *execution) encodeEnded() []byte {
	created, ended := timestamp(e.createdAt), timestamp(e.began().Add(e.run.Takes))
	if e.run.ErrorCode != "" {
		return encode(failed{
			Success: true, RequestID: e.id, Status: "failed",
			ErrorCode: e.run.ErrorCode, ErrorMessage: e.run.ErrorMessage,
			CreatedAt: created, CompletedAt: ended,
		})
	}
	candidates := e.candidates()
	if candidates == nil {
		candidates = []Candidate{} // "present when status = 'completed'"
	}
	return encode(completed{
		Success: true, RequestID: e.id, Status: "completed",
		FoundCount: e.run.Found, ScoredCount: e.run.Scored,
		CreatedAt: created, CompletedAt: ended,
		Candidates: candidates,
	})
}
