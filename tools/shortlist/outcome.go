package shortlist

import (
	"time"

	"instaview-mcp/client"
	"instaview-mcp/internal/sanitize"
)

// maxMessage is the limit, in characters, of sentences that the API sends.
const maxMessage = 300

// Outcome describes what became of a run: completed, failed and why, still
// processing, or a status that this version does not know. If v.Blind is set,
// it quotes no sentence of InstaView's, since that may contain a candidate's
// name.
func Outcome(r *client.Results, v View) sanitize.Clean {
	requestID, quoted := v.RequestID, quoted
	if v.Blind {
		quoted = quotedWithoutNames
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
		return "InstaView answered for sourcing run " + requestID + " with a status this server does not know: " + status + ". " +
			"It may or may not have ended: ask again in a minute, or have the user check the run in the InstaView app."
	}
}

// completed describes a run that has completed.
func completed(r *client.Results, requestID sanitize.Clean) sanitize.Clean {
	s := "Sourcing run " + requestID + " completed" + elapsed(r, " in ") + ": " + counts(r) + "."
	if len(r.Candidates) > 0 {
		return s
	}
	if r.Broken > 0 {
		return s + " None of them could be read: have the user check the run in the InstaView app."
	}
	return s + " Waiting or asking again will not change this. " +
		"To find candidates, start a new run or refine this one with a wider location, fewer must-haves, " +
		"or a more common job title."
}

// counts returns how many candidates were found, scored and returned, which are
// different numbers.
func counts(r *client.Results) sanitize.Clean {
	var parts []sanitize.Clean
	switch {
	case r.ScoredCount != nil && r.FoundCount != nil:
		parts = append(parts, sanitize.Number(*r.ScoredCount)+" scored of "+sanitize.Number(*r.FoundCount)+" found")
	case r.ScoredCount != nil:
		parts = append(parts, sanitize.Number(*r.ScoredCount)+" scored")
	case r.FoundCount != nil:
		parts = append(parts, sanitize.Number(*r.FoundCount)+" found")
	}
	switch returned := len(r.Candidates) + r.Broken; {
	case r.Truncated:
		parts = append(parts, "more than "+sanitize.Number(client.MaxCandidates)+" returned")
	case returned == 0:
		parts = append(parts, "no candidate returned")
	default:
		parts = append(parts, sanitize.Number(returned)+" returned")
	}
	return sanitize.Join(", ", parts...)
}

// elapsed returns how long the run took, with before in front, or "" if that is
// unknown.
func elapsed(r *client.Results, before sanitize.Clean) sanitize.Clean {
	if d := r.CompletedAt.Sub(r.CreatedAt); !r.CreatedAt.IsZero() && !r.CompletedAt.IsZero() && d >= 0 {
		return before + Duration(d)
	}
	return ""
}

// failed describes a run that has failed, and what can be done.
func failed(r *client.Results, requestID sanitize.Clean, quoted func(string) sanitize.Clean) sanitize.Clean {
	s := "Sourcing run " + requestID + " failed" + elapsed(r, " after ")
	switch {
	case client.ValidErrorCode(r.ErrorCode):
		code, _ := sanitize.Plain(r.ErrorCode, len(r.ErrorCode))
		s += " with " + code
	case r.ErrorCode != "": // third-party text, so it is quoted
		s += " with the code " + quoted(r.ErrorCode)
	}
	s += "."
	if message := quoted(r.ErrorMessage); message != "" {
		s += " InstaView says: " + message
	}
	return s + " " + advice(r.ErrorCode) + " Waiting or asking again will not help: a failed run stays failed."
}

// advice returns what to change after a failure with this code. Codes that are
// not documented get general advice.
func advice(code string) sanitize.Clean {
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

// The ages from which a run is called unusually long, and most likely stopped.
// The example in the API's documentation takes 79 s; it states no maximum.
const (
	unusualAge = 15 * time.Minute
	givenUpAge = 24 * time.Hour
)

// progress describes a run that has not ended.
func progress(r *client.Results, requestID sanitize.Clean, quoted func(string) sanitize.Clean) sanitize.Clean {
	s := "Sourcing run " + requestID + " is still processing"
	age, ok := r.Age()
	if ok {
		s += ", " + Duration(age) + " after it was created"
	}
	if r.SourcedCount != nil {
		s += ": " + count(*r.SourcedCount, "candidate", "candidates") + " sourced so far"
	}
	s += "."
	switch {
	case age >= givenUpAge:
		s += " That is unusually long, and it has most likely stopped without saying so: " +
			"tell the user to start it again, or to ask InstaView's support with this request id."
	case age >= unusualAge:
		s += " That is unusually long, as most take a few minutes: tell the user, who can check the run in the InstaView app."
	}
	if message := quoted(r.Message); message != "" {
		s += " InstaView says: " + message
	}
	return s
}

// quoted returns a sentence of the API in quotation marks, or "" if it is
// empty.
func quoted(s string) sanitize.Clean {
	t := cleanForModel(s, maxMessage)
	if t == "" {
		return ""
	}
	return "“" + sanitize.Unquoted(t) + "”"
}

// plainWord matches a status or a code, which cannot contain a name.
var plainWord = onFirstUse(`^[A-Za-z]+(?:_[A-Za-z]+)*$`)

// quotedWithoutNames is quoted for a blind answer: it leaves out what may
// contain a name.
func quotedWithoutNames(s string) sanitize.Clean {
	q := quoted(s)
	if q == "" || plainWord().MatchString(s) {
		return q
	}
	return "(left out, as it may hold a name)"
}

// cleanForModel prepares third-party text for use among our own: cleaned,
// without contacts, and with at most size characters.
func cleanForModel(s string, size int) sanitize.Clean {
	t := sanitize.Whole(s, size)
	t.Clean = sanitize.HideContacts(t.Clean)
	return sanitize.ForModel(t.Shorten(size).Clean)
}
