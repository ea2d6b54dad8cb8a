package sandbox

import (
	"cmp"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"io"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf16"
)

// What Inject takes in place of a run's id for the requests that cost credits.
const (
	Starts      = "POST /sourcing"
	Refinements = "PATCH /sourcing"
)

// How long runs take that were started or refined here.
const (
	startTakes  = 12 * time.Second
	refineTakes = 8 * time.Second
)

// Refining chooses among the readings that the documentation of PATCH leaves
// open. The zero value keeps the id and shows all candidates.
type Refining struct {
	NewID   bool          // the answer names another id than the request
	OnlyNew bool          // the results hold the additional candidates alone
	Lag     time.Duration // how long the results still show the old end state
}

// WithRefining sets how PATCH behaves.
func WithRefining(r Refining) Option { return func(s *Sandbox) { s.refining = r } }

// WithCredits makes the account a prepaid one with so many credits. Without it
// there is no limit, as on accounts that are invoiced later.
func WithCredits(n int) Option { return func(s *Sandbox) { s.credits = &n } }

// WithUnknownFor answers 404 for results of a run for so long after its start.
func WithUnknownFor(d time.Duration) Option { return func(s *Sandbox) { s.unknownFor = d } }

// Credits returns what is left of WithCredits; 0 without it.
func (s *Sandbox) Credits() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.credits == nil {
		return 0
	}
	return *s.credits
}

// spending is the part of a Sandbox that POST and PATCH need.
type spending struct {
	refining   Refining
	credits    *int // nil = no limit
	unknownFor time.Duration
}

// spent is what POST and PATCH have made of a run.
type spent struct {
	keeps        bool      // does not start over when idle
	webhookID    string    // that the run names; "" = none
	workedSince  time.Time // of the newest PATCH; zero = none
	unknownUntil time.Time
	lagUntil     time.Time // until then before is shown
	before       []byte    // the end state before the newest PATCH
	pool         []Candidate
	shownBefore  []Candidate // with Refining.OnlyNew, not shown any more
}

// began returns when the present work on the run began.
func (e *execution) began() time.Time {
	if e.workedSince.IsZero() {
		return e.createdAt
	}
	return e.workedSince
}

func (e *execution) candidates() []Candidate {
	if e.people != nil {
		return e.people()
	}
	return e.run.Candidates
}

// spendingID returns the run's id in a request that costs credits, which a new
// run does not have yet, and whose faults it takes.
func spendingID(r *http.Request) (id, faults string, ok bool) {
	path := r.URL.EscapedPath()
	if r.Method == http.MethodPost && path == "/sourcing" {
		return "", Starts, true
	}
	segment, isRun := strings.CutPrefix(path, "/sourcing/")
	if r.Method != http.MethodPatch || !isRun || segment == "" || strings.Contains(segment, "/") {
		return "", "", false
	}
	id, err := url.PathUnescape(segment)
	return id, Refinements, err == nil
}

// order is the body of POST and PATCH.
type order struct {
	Title          string  `json:"title"`
	JobDescription string  `json:"jobDescription"`
	Location       string  `json:"location"`
	Query          string  `json:"query"`
	Limit          *int    `json:"limit"`
	WebhookID      *string `json:"webhookId"`
}

// accepted is the documented body of a 202.
type accepted struct {
	Success   bool   `json:"success"`
	RequestID string `json:"requestId"`
	Status    string `json:"status"`
	Message   string `json:"message"`
	CreatedAt string `json:"createdAt"`
	UpdatedAt string `json:"updatedAt"`
}

// spend answers POST and PATCH.
func (s *Sandbox) spend(r *http.Request, c *call) answer {
	var o order
	raw, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil || json.Unmarshal(raw, &o) != nil {
		return invalidOrder("the body must be a JSON object")
	}
	if wrong := o.faults(c.spends); len(wrong) > 0 {
		return invalidOrder(wrong...)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if a := s.checkWebhook(o.WebhookID); a != nil {
		return *a
	}
	if c.spends == http.MethodPost {
		return s.start(o, time.Now())
	}
	return s.refine(c.runID, o, time.Now())
}

// faults names what is wrong with an order, as a validation would.
func (o order) faults(method string) []string {
	var wrong []string
	check := func(ok bool, text string) {
		if !ok {
			wrong = append(wrong, text)
		}
	}
	length := func(s string) int { return len(utf16.Encode([]rune(s))) } // as JavaScript counts
	if method == http.MethodPost {
		check(o.Title != "", "title should not be empty")
		check(o.JobDescription != "", "jobDescription should not be empty")
		check(length(o.Title) <= 200, "title must be shorter than or equal to 200 characters")
		check(length(o.JobDescription) <= 10_000, "jobDescription must be shorter than or equal to 10000 characters")
		check(o.Limit == nil || *o.Limit >= 1, "limit must not be less than 1")
		return wrong
	}
	check(o.Query != "" || o.Limit != nil, "at least one of query and limit is needed")
	check(length(o.Query) <= 500, "query must be shorter than or equal to 500 characters")
	check(o.Limit == nil || *o.Limit >= 1 && *o.Limit <= 50, "limit must be from 1 to 50")
	return wrong
}

// checkWebhook returns the documented refusals; nil if there is none.
func (s *Sandbox) checkWebhook(id *string) *answer {
	if id == nil {
		return nil
	}
	at := slices.IndexFunc(s.hooks, func(h *hook) bool { return h.id == *id })
	var a answer
	switch {
	case at < 0:
		a = failure(http.StatusForbidden, "RESOURCE_ACCESS_DENIED", "The webhook belongs to another company.", nil)
	case !s.hooks[at].wants("sourcing.completed") && !s.hooks[at].wants("sourcing.failed"):
		a = failure(http.StatusUnprocessableEntity, "WEBHOOK_NOT_SUBSCRIBED", "The webhook subscribes to no sourcing event.", nil)
	default:
		return nil
	}
	return &a
}

// defaultLimit is documented for PATCH alone.
const defaultLimit = 10

func (o order) limit() int {
	if o.Limit == nil {
		return defaultLimit
	}
	return *o.Limit
}

// start makes a run. Credits are taken at once for the candidates that it will
// have, because the documentation does not say when they are.
func (s *Sandbox) start(o order, now time.Time) answer {
	if s.credits != nil && *s.credits < o.limit() {
		return noCredits()
	}
	pool := poolFor(o.Title + " " + o.JobDescription)
	people := pool[:min(len(pool), o.limit())]
	s.charge(len(people))
	e := &execution{id: newID(), createdAt: now.Truncate(time.Millisecond), lastRequest: now, run: Run{
		Takes: startTakes, Found: len(pool), Scored: len(people), Candidates: people,
	}}
	e.spent = spent{keeps: true, pool: pool, unknownUntil: now.Add(s.unknownFor)}
	if o.WebhookID != nil {
		e.webhookID = *o.WebhookID
	}
	s.runs[e.id] = e
	s.announce(e, now)
	return e.accepted("Run queued.", now)
}

// refine has a run that has ended look for more. It ignores the query, because
// the sandbox understands no text.
func (s *Sandbox) refine(id string, o order, now time.Time) answer {
	e := s.runs[id]
	if e == nil || now.Before(e.unknownUntil) {
		return unknownRun()
	}
	if now.Sub(e.began()) < e.run.Takes {
		return failure(http.StatusConflict, "SOURCING_IN_PROGRESS", "The run is still processing.", nil)
	}
	if s.credits != nil && *s.credits < o.limit() {
		return noCredits()
	}
	before := slices.Concat(e.shownBefore, e.candidates())
	pool := e.pool
	if pool == nil {
		pool = poolFor("")
	}
	var added []Candidate
	for _, c := range pool {
		known := slices.ContainsFunc(before, func(b Candidate) bool { return b.ProfileID == c.ProfileID })
		if !known && len(added) < o.limit() {
			added = append(added, c)
		}
	}
	s.charge(len(added))
	next := &execution{id: e.id, createdAt: e.createdAt, lastRequest: now, run: Run{
		Takes: refineTakes, Found: e.run.Found + len(added), Scored: len(before) + len(added), Candidates: byScore(before, added),
	}}
	next.spent = spent{keeps: true, webhookID: e.webhookID, pool: pool, workedSince: now.Truncate(time.Millisecond)}
	if s.refining.OnlyNew {
		next.run.Candidates, next.run.Scored, next.shownBefore = added, len(added), before
	}
	if s.refining.NewID {
		next.id, next.createdAt, next.workedSince = newID(), now.Truncate(time.Millisecond), time.Time{}
		next.unknownUntil = now.Add(s.unknownFor)
	} else {
		next.lagUntil, next.before = now.Add(s.refining.Lag), e.answer(now).body
	}
	s.runs[next.id] = next
	s.announce(next, now)
	return next.accepted("Refinement queued.", now)
}

// byScore merges two rankings.
func byScore(a, b []Candidate) []Candidate {
	all := slices.Concat(a, b)
	score := func(c Candidate) float64 {
		if c.MatchScore == nil {
			return -1
		}
		return *c.MatchScore
	}
	slices.SortStableFunc(all, func(a, b Candidate) int { return cmp.Compare(score(b), score(a)) })
	return all
}

func (s *Sandbox) charge(credits int) {
	if s.credits != nil {
		*s.credits -= credits
	}
}

func (e *execution) accepted(message string, now time.Time) answer {
	return answer{status: http.StatusAccepted, body: encode(accepted{
		Success: true, RequestID: e.id, Status: "processing", Message: message,
		CreatedAt: timestamp(e.createdAt), UpdatedAt: timestamp(now),
	})}
}

// words of a brief, and the sample run whose people suit them.
var pools = []struct{ word, sample string }{
	{"embedded", "req_demo_slow"}, {"firmware", "req_demo_slow"},
	{"data platform", "req_demo_large"}, {"data engineer", "req_demo_large"},
	{"machine learning", "req_demo"}, {"ml ", "req_demo"},
	{"", "req_demo_done"},
}

// poolFor returns whom a run for a brief can find, in the order of finding. The
// people of the large sample come last, with half their score, so that there
// are always some more to find.
func poolFor(brief string) []Candidate {
	brief = strings.ToLower(brief)
	var pool []Candidate
	for _, p := range pools {
		if strings.Contains(brief, p.word) {
			pool = slices.Clone(peopleOf(p.sample))
			break
		}
	}
	suit := len(pool)
	for _, c := range peopleOf("req_demo_large") {
		if slices.ContainsFunc(pool[:suit], func(p Candidate) bool { return p.ProfileID == c.ProfileID }) {
			continue
		}
		half := math.Round(*c.MatchScore / 2)
		c.MatchScore = &half
		pool = append(pool, c)
	}
	return pool
}

func peopleOf(id string) []Candidate {
	for _, sample := range samples {
		if sample.id == id {
			return sample.people()
		}
	}
	return nil
}

func newID() string { return "req_" + newUUID() }

func newUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:])                      // never fails, as documented
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80 // version 4
	h := hex.EncodeToString(b[:])
	return strings.Join([]string{h[:8], h[8:12], h[12:16], h[16:20], h[20:]}, "-")
}

func unknownRun() answer {
	return failure(http.StatusNotFound, "REQUEST_NOT_FOUND", "No sourcing request with this id exists for your company.", nil)
}

// noCredits has the flat shape, and invalidOrder the framework's: the bodies of
// these refusals are not documented, and either is seen elsewhere.
func noCredits() answer {
	return answer{status: http.StatusPaymentRequired, body: encode(map[string]any{
		"success": false, "errorCode": "INSUFFICIENT_CREDITS", "errorMessage": "The credit balance is below the limit asked for.",
	})}
}

func invalidOrder(wrong ...string) answer {
	return answer{status: http.StatusBadRequest, body: encode(map[string]any{
		"message": wrong, "error": "Bad Request", "statusCode": http.StatusBadRequest,
	})}
}
