package shortlist

import (
	"time"

	"instaview-mcp/client"
	"instaview-mcp/internal/sanitize"
)

// newMark follows the rank of a candidate that is new since the refinement.
const newMark = " new"

// Refinement is what is known of a run from before it was refined. A nil
// *Refinement is that of a run that was not.
type Refinement struct {
	At time.Time // of the refinement
	// Before is when the old end state was completed, by InstaView's clock;
	// zero = not told. An end state of the same time is the old one.
	Before time.Time
	// Seen reports whether a profile was in the results before.
	Seen func(profileID string) bool
	// SeenCount is how many were.
	SeenCount int
}

// isNew reports whether a candidate was not in the results before. Of one
// without an id that cannot be told.
func (f *Refinement) isNew(c *client.Candidate) bool {
	return f != nil && c.ProfileID != "" && !f.Seen(c.ProfileID)
}

// notes says what the refinement has changed.
func (f *Refinement) notes(r *client.Results) []sanitize.Clean {
	if f == nil || !r.Finished() {
		return nil
	}
	fresh := 0
	for i := range r.Candidates {
		if f.isNew(&r.Candidates[i]) {
			fresh++
		}
	}
	ago := Duration(time.Since(f.At))
	switch {
	case fresh == 0 && r.CompletedAt.Equal(f.Before):
		return []sanitize.Clean{"Warning: " + ago + " after the refinement, InstaView still gives the results from before it. " +
			"Tell the user, and look again in some minutes."}
	case r.Status == client.StatusFailed:
		return nil
	}
	s := "Refined " + ago + " ago: " + sanitize.Number(fresh) + " of " + sanitize.Number(len(r.Candidates)) + " are new, marked “new” after the rank."
	switch {
	case f.SeenCount == 0 || len(r.Candidates) == 0:
	case fresh == len(r.Candidates):
		s += " InstaView lists the new ones only."
	default:
		s += " InstaView lists those seen before too."
	}
	return []sanitize.Clean{s}
}
