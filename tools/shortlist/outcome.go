package shortlist

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"instaview-mcp/client"
	"instaview-mcp/internal/sanitize"
)

// maxMessage caps the sentences the API itself sends.
const maxMessage = 300

// Outcome says in words what became of a run: completed, failed and why, still
// processing, or something this version does not know. A blind answer quotes no
// sentence of InstaView's, which may name a candidate.
func Outcome(r *client.Results, v View) string {
	requestID, quoted := v.RequestID, quoted
	if v.Blind {
		quoted = unnamed
	}
	switch {
	case r.Status == client.StatusCompleted:
		return completed(r, requestID)
	case r.Status == client.StatusFailed:
		return failed(r, requestID, quoted)
	case r.InProgress():
		return progress(r, requestID, quoted)
	default:
		status := quoted(string(r.Status))
		if status == "" {
			status = "none"
		}
		return fmt.Sprintf("InstaView answered for sourcing run %s with a status this server does not know: %s. "+
			"It may or may not have ended: look again in a minute, or have the user check the run in the InstaView app.",
			requestID, status)
	}
}

func completed(r *client.Results, requestID string) string {
	s := fmt.Sprintf("Sourcing run %s completed%s: %s.", requestID, took(r, " in "), counts(r))
	if len(r.Candidates) > 0 {
		return s
	}
	if r.Broken > 0 {
		return s + " None of them could be read: have the user check the run in the InstaView app."
	}
	return s + " Waiting or looking again will not change this. " +
		"To find candidates, start a new run or refine this one with a wider location, fewer must-haves, " +
		"or a more common job title."
}

// counts keeps the three figures apart: found, scored and returned differ.
func counts(r *client.Results) string {
	var parts []string
	switch {
	case r.ScoredCount != nil && r.FoundCount != nil:
		parts = append(parts, fmt.Sprintf("%d scored of %d found", *r.ScoredCount, *r.FoundCount))
	case r.ScoredCount != nil:
		parts = append(parts, fmt.Sprintf("%d scored", *r.ScoredCount))
	case r.FoundCount != nil:
		parts = append(parts, fmt.Sprintf("%d found", *r.FoundCount))
	}
	switch returned := len(r.Candidates) + r.Broken; {
	case r.Truncated:
		parts = append(parts, fmt.Sprintf("more than %d returned", client.MaxCandidates))
	case returned == 0:
		parts = append(parts, "no candidate returned")
	default:
		parts = append(parts, fmt.Sprintf("%d returned", returned))
	}
	return strings.Join(parts, ", ")
}

func took(r *client.Results, before string) string {
	if d := r.CompletedAt.Sub(r.CreatedAt); !r.CreatedAt.IsZero() && !r.CompletedAt.IsZero() && d >= 0 {
		return before + Duration(d)
	}
	return ""
}

// codePattern is what the documented error codes look like; the set is open.
var codePattern = regexp.MustCompile(`^[A-Z][A-Z0-9_]{1,63}$`)

func failed(r *client.Results, requestID string, quoted func(string) string) string {
	s := fmt.Sprintf("Sourcing run %s failed%s", requestID, took(r, " after "))
	switch {
	case codePattern.MatchString(r.ErrorCode):
		s += " with " + r.ErrorCode
	case r.ErrorCode != "": // whatever that is, it is not ours to say
		s += " with the code " + quoted(r.ErrorCode)
	}
	s += "."
	if said := quoted(r.ErrorMessage); said != "" {
		s += " InstaView says: " + said
	}
	return s + " " + remedy(r.ErrorCode) + " Waiting or looking again will not help: a failed run stays failed."
}

// remedy says what to change for a code; the set is open, so most are unknown.
func remedy(code string) string {
	switch code {
	case "PROVIDER_TEMPORARILY_UNAVAILABLE":
		return "The source that InstaView searches was down; the brief is not at fault. " +
			"Have the user start the same run again in a few minutes."
	case "AGENT_ERROR":
		return "InstaView's sourcing agent met an error of its own. Have the user start the run again; " +
			"if it fails twice, shorten the job description, name one title and one location, or ask InstaView's support with this request id."
	default:
		return "Have the user check title, job description and location of the brief and start a new run; " +
			"if that fails too, ask InstaView's support with this request id and code."
	}
}

// How old a run must be to be called unusual, and to be given up. The
// documentation's own example takes 79 s, and names no longest time.
const (
	unusualAge = 15 * time.Minute
	givenUpAge = 24 * time.Hour
)

// progress says how far a run is that has not ended.
func progress(r *client.Results, requestID string, quoted func(string) string) string {
	s := fmt.Sprintf("Sourcing run %s is still processing", requestID)
	age, ok := r.Age()
	if ok {
		s += ", " + Duration(age) + " after it was created"
	}
	if r.SourcedCount != nil {
		s += fmt.Sprintf(": %s sourced so far", count(*r.SourcedCount, "candidate", "candidates"))
	}
	s += "."
	switch {
	case age >= givenUpAge:
		s += " That is unusually long, and it has most likely stopped without saying so: " +
			"tell the user to start it again, or to ask InstaView's support with this request id."
	case age >= unusualAge:
		s += " That is unusually long, as most take a few minutes: tell the user, who can check the run in the InstaView app."
	}
	if said := quoted(r.Message); said != "" {
		s += " InstaView says: " + said
	}
	return s
}

// quoted sets a sentence of the API apart from ours.
func quoted(s string) string {
	t := shown(s, maxMessage)
	if t == "" {
		return ""
	}
	return "“" + strings.NewReplacer("“", "'", "”", "'").Replace(t) + "”"
}

// plainWord is a status or a code, which names nobody.
var plainWord = onFirstUse(`^[A-Za-z]+(?:_[A-Za-z]+)*$`)

// unnamed is quoted for a blind answer.
func unnamed(s string) string {
	q := quoted(s)
	if q == "" || plainWord().MatchString(s) {
		return q
	}
	return "(left out, as it may hold a name)"
}

// shown is a text of others as it stands among our own: cleaned, without
// contacts, of at most size characters.
func shown(s string, size int) string {
	t := sanitize.Clean(s, size)
	t.String = sanitize.Clean(sanitize.HideContacts(t.String), 0).String
	return sanitize.ForModel(t.Shorten(size).String)
}
