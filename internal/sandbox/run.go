package sandbox

import (
	"net/http"
	"time"
)

// A run that nobody looks at for this long starts over at its next look, so that a demonstration can be given again without a restart.
const startsOverAfter = 10 * time.Minute

// The only wording of a running state that the documentation shows beside its prose ("at most once every 5 seconds").
const processingMessage = "The sourcing agent is actively analyzing candidates. Please poll again in 5 seconds."

// Run is what a sourcing run will do. The zero value is finished at once, with nobody found.
//
// A run starts at its first look: any authorised request for it, whatever the answer. It starts over at the first look after 10 idle minutes.
type Run struct {
	// Takes is the processing time, from createdAt to completedAt. Zero: finished as soon as it is created.
	Takes time.Duration
	// Age is how old the run already is at its first look: createdAt lies that long before. Zero: created by the look. A run whose Age is not
	// less than Takes is found finished.
	Age time.Duration
	// Found is how many candidates were found before scoring, Scored how many of them were scored. Neither needs to match Candidates: the
	// three numbers differ in real runs too.
	Found, Scored int
	// Candidates are answered in this order, which is the ranking.
	Candidates []Candidate
	// ErrorCode, if not empty, makes the run end as failed, with ErrorMessage and without counts and candidates.
	ErrorCode, ErrorMessage string
}

// Candidate is one ranked person, with the field names of the documentation. Fields without a value are left out of the answer.
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
	// Emails is shown in the documentation's schema and absent from its completed run: expect it after enrichment only.
	Emails []string `json:"emails,omitempty"`
}

// Evidence is why one position speaks for a candidate.
type Evidence struct {
	Title                string `json:"title"`
	Company              string `json:"company"`
	Duration             string `json:"duration"` // in words, such as "3.5 years"
	RelevanceExplanation string `json:"relevanceExplanation"`
}

// Experience is one position of a candidate; "role" here is "title" in Evidence, as in the documentation.
type Experience struct {
	Role       string   `json:"role"`
	Company    string   `json:"company"`
	Duration   string   `json:"duration"` // a span, such as "2023 - Present"
	Highlights []string `json:"highlights"`
}

// execution is a run in the course of time.
type execution struct {
	id     string
	run    Run
	people func() []Candidate // for the sample runs: their candidates, read when first asked for

	lastLook  time.Time
	createdAt time.Time
	ended     []byte // the answer once ended; benchmarks ask for it a million times
}

// look starts the run at its first look and after idling.
func (e *execution) look(now time.Time) {
	if e.lastLook.IsZero() || now.Sub(e.lastLook) >= startsOverAfter {
		// To the millisecond, because that is what the answer can say and what completedAt is counted from.
		e.createdAt = now.Add(-e.run.Age).Truncate(time.Millisecond)
		e.ended = nil
	}
	e.lastLook = now
}

// answer tells the run's state at a time: 202 while it runs and 200 once it ended, also if it failed.
func (e *execution) answer(now time.Time) answer {
	elapsed := now.Sub(e.createdAt)
	if elapsed < e.run.Takes {
		return answer{status: http.StatusAccepted, body: encode(processing{
			Success:   true,
			RequestID: e.id,
			Status:    "processing",
			// "Running count of candidates found so far": read as growing towards foundCount.
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
	created, ended := timestamp(e.createdAt), timestamp(e.createdAt.Add(e.run.Takes))
	if e.run.ErrorCode != "" {
		return encode(failed{
			Success: true, RequestID: e.id, Status: "failed",
			ErrorCode: e.run.ErrorCode, ErrorMessage: e.run.ErrorMessage,
			CreatedAt: created, CompletedAt: ended,
		})
	}
	candidates := e.run.Candidates
	if e.people != nil {
		candidates = e.people()
	}
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
