package shortlist

import (
	"time"

	"instaview-mcp/client"
	"instaview-mcp/internal/sanitize"
)

// State says what a Report shows.
type State string

// The states of a Report.
const (
	Candidates State = "completed"  // the run has ended with candidates
	Empty      State = "empty"      // it has ended without any
	Failed     State = "failed"     // it has failed
	Processing State = "processing" // it has not ended yet
	Unknown    State = "unknown"    // its status is not one that this version knows
)

// Report is a run as separate fields, for a page that people look at. Every
// text in it is cleaned, but escaped for no target.
type Report struct {
	RequestID sanitize.Clean   `json:"requestId"`
	State     State            `json:"state"`
	Created   sanitize.Clean   `json:"created,omitempty"` // in UTC; "" if unknown
	Took      sanitize.Clean   `json:"took,omitempty"`
	Found     *int             `json:"found,omitempty"`
	Scored    *int             `json:"scored,omitempty"`
	Returned  int              `json:"returned"`          // candidates that the run returned
	Outcome   []sanitize.Clean `json:"outcome,omitempty"` // sentences, unless State is Candidates
	Notes     []sanitize.Clean `json:"notes,omitempty"`   // what the reader should know
	// Blind reports whether names are hidden, so that no view shows them.
	Blind    bool      `json:"blind,omitempty"`
	Profiles []Profile `json:"profiles,omitempty"` // in the run's order
}

// NewReport returns a report of a run, with the candidates that v selects. Up
// to v.Limit of them, or all if it is 0. It never holds contacts, since a page
// is easily passed on.
func NewReport(r *client.Results, v View) Report {
	report := Report{
		RequestID: v.RequestID, State: stateOf(r), Created: sanitize.Time(r.CreatedAt, "2 Jan 2006, 15:04 UTC"),
		Took: elapsed(r, ""), Found: r.FoundCount, Scored: r.ScoredCount, Returned: len(r.Candidates) + r.Broken, Blind: v.Blind,
	}
	if r.CreatedAt.IsZero() {
		report.Created = ""
	}
	report.Notes = completeness(r)
	if v.Blind {
		report.Notes = append(report.Notes, blindLabel)
	}
	if report.State != Candidates {
		report.Outcome = outcomeForPeople(r, v.Blind)
		return report
	}
	picked := selectCandidates(r.Candidates, v).candidates
	if v.Limit > 0 && len(picked) > v.Limit {
		report.Notes = append(report.Notes, "Only the first "+sanitize.Number(v.Limit)+" of "+count(len(picked), "candidate", "candidates")+
			" are here: ask for the others by rank, or save the whole run as a page.")
		picked = picked[:v.Limit]
	}
	for _, c := range picked {
		report.Profiles = append(report.Profiles, newProfile(c, v.Blind))
	}
	return report
}

func stateOf(r *client.Results) State {
	switch {
	case r.Status == client.StatusFailed:
		return Failed
	case r.InProgress():
		return Processing
	case r.Status != client.StatusCompleted:
		return Unknown
	case len(r.Candidates) == 0:
		return Empty
	default:
		return Candidates
	}
}

// outcomeForPeople describes a run without candidates like Outcome, but to the
// person who may act on it rather than to a model.
func outcomeForPeople(r *client.Results, blind bool) []sanitize.Clean {
	var s []sanitize.Clean
	add := func(sentences ...sanitize.Clean) { s = append(s, sentences...) }
	switch stateOf(r) {
	case Empty:
		if r.Broken > 0 {
			add("None of the candidates could be read. Check the run in the InstaView app.")
			break
		}
		add("To find candidates, start a new run with a wider location, fewer must-haves or a more common job title.",
			"Asking again will not change this.")
	case Failed:
		if code := messageForPeople(r.ErrorCode, blind); code != "" {
			add("InstaView's code: " + code)
		}
		if message := messageForPeople(r.ErrorMessage, blind); message != "" {
			add("InstaView says: “" + sanitize.Unquoted(message) + "”")
		}
		add(adviceForPeople(r.ErrorCode), "A failed run stays failed.")
	case Processing:
		add(progressForPeople(r), "This page shows the run as it was when it was asked for.")
		if message := messageForPeople(r.Message, blind); message != "" {
			add("InstaView says: “" + sanitize.Unquoted(message) + "”")
		}
	default:
		add("InstaView answered with a status that this program does not know.",
			"The run may or may not have ended: ask again in a minute, or check it in the InstaView app.")
	}
	return s
}

// progressForPeople says how long a run has been processing and how far it is.
func progressForPeople(r *client.Results) sanitize.Clean {
	var parts []sanitize.Clean
	age, ok := r.Age()
	if ok {
		parts = append(parts, Duration(age)+" since it was created")
	}
	if r.SourcedCount != nil {
		parts = append(parts, count(*r.SourcedCount, "candidate", "candidates")+" sourced so far")
	}
	s := sanitize.Join(", ", parts...)
	if s == "" {
		s = "Most runs take a few minutes"
	}
	if age >= unusualAge {
		s += ". That is unusually long: check the run in the InstaView app"
	}
	return s + "."
}

// adviceForPeople is advice for the reader of a page.
func adviceForPeople(code string) sanitize.Clean {
	switch code {
	case "PROVIDER_TEMPORARILY_UNAVAILABLE":
		return "The source that InstaView searches was down; the brief is not at fault. Start the same run again in a few minutes."
	case "AGENT_ERROR":
		return "InstaView's sourcing agent met an error of its own. Start the run again; if it fails twice, shorten the job description, " +
			"or ask InstaView's support with this request id."
	default:
		return "Check title, job description and location of the brief and start a new run; " +
			"if that fails too, ask InstaView's support with this request id and code."
	}
}

// messageForPeople returns a sentence of the API, or a remark in its place if
// names are hidden and it may hold one.
func messageForPeople(s string, blind bool) sanitize.Clean {
	t := sanitize.Whole(s, maxMessage)
	t.Clean = sanitize.HideContacts(t.Clean)
	text := t.Shorten(maxMessage).Clean
	if text != "" && blind && !plainWord().MatchString(s) {
		return "(left out, as it may hold a name)"
	}
	return text
}

// Seen adds how long ago the run was asked for, if that is a minute or more.
func (r *Report) Seen(age time.Duration) {
	if age >= time.Minute {
		r.Notes = append(r.Notes, "As InstaView answered "+Duration(age)+" before this page was made.")
	}
}
