package client

import (
	"bytes"
	"math"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// decodeCandidate reads one element of the candidates list. It reports false
// for an element that is not a usable candidate: too large, malformed, or with
// neither an id nor a name to speak of it by.
func decodeCandidate(raw jsontext.Value) (Candidate, bool) {
	if len(raw) > MaxCandidateBytes || raw.Kind() != '{' {
		return Candidate{}, false
	}
	var c Candidate
	dec := jsontext.NewDecoder(bytes.NewBuffer(raw), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	f := fieldReader{dec: dec, unreadable: &c.Unreadable}
	err := eachMember(dec, func(name string) (bool, error) {
		switch name {
		case "profileId":
			return true, f.text(&c.ProfileID)
		case "name":
			return true, f.text(&c.Name)
		case "headline":
			return true, f.text(&c.Headline)
		case "location":
			return true, f.text(&c.Location)
		case "currentCompany":
			return true, f.text(&c.CurrentCompany)
		case "currentRole":
			return true, f.text(&c.CurrentRole)
		case "linkedinUrl":
			return true, f.text(&c.LinkedInURL)
		case "rationale":
			return true, f.text(&c.Rationale)
		case "matchScore":
			return true, f.score(&c.MatchScore)
		case "skills":
			return true, f.texts(&c.Skills)
		case "aiFitPoints":
			return true, f.texts(&c.FitPoints)
		case "aiRedFlags":
			return true, f.texts(&c.RedFlags)
		case "emails":
			return true, f.texts(&c.Emails)
		case "aiDetailedRationale":
			return true, objects(f, &c.Evidence, f.evidence)
		case "detailedExperience":
			return true, objects(f, &c.Experience, f.position)
		}
		return false, nil
	})
	if err != nil || c.ProfileID == "" && c.Name == "" {
		return Candidate{}, false
	}
	return c, true
}

// fieldReader reads a candidate's fields. A field of the wrong kind is left out
// and counted, since a profile with a hole is worth more than none; only
// malformed JSON is an error.
type fieldReader struct {
	dec        *jsontext.Decoder
	unreadable *int
}

func (f fieldReader) leaveOut() error {
	*f.unreadable++
	return skip(f.dec)
}

func (f fieldReader) text(to *string) error {
	switch f.dec.PeekKind() {
	case 'n':
		return skip(f.dec)
	case '"', '0':
		token, err := f.dec.ReadToken()
		if err == nil {
			*to = token.String()
		}
		return err
	}
	return f.leaveOut()
}

// score accepts a number or its digits in a string. What is outside 0 to 100
// is no score: shown, it would decide something.
func (f fieldReader) score(to **float64) error {
	var digits string
	if err := f.text(&digits); err != nil || digits == "" {
		return err
	}
	n, err := strconv.ParseFloat(digits, 64)
	if err != nil || math.IsNaN(n) || n < 0 || n > 100 {
		*f.unreadable++
		return nil
	}
	*to = &n
	return nil
}

// texts reads a list of strings; a lone string counts as a list of one.
func (f fieldReader) texts(to *[]string) error {
	if f.dec.PeekKind() == '"' {
		*to = make([]string, 1)
		return f.text(&(*to)[0])
	}
	return f.list(func() error {
		var item string
		err := f.text(&item)
		if item != "" {
			*to = append(*to, item)
		}
		return err
	})
}

// list reads the array that comes next, calling item for each element up to
// MaxListItems.
func (f fieldReader) list(item func() error) error {
	switch f.dec.PeekKind() {
	case 'n':
		return skip(f.dec)
	case '[':
	default:
		return f.leaveOut()
	}
	if _, err := f.dec.ReadToken(); err != nil {
		return err
	}
	for n := 0; f.dec.PeekKind() != ']'; n++ {
		read := item
		if n >= MaxListItems {
			read = f.leaveOut
		}
		if err := read(); err != nil {
			return err
		}
	}
	_, err := f.dec.ReadToken()
	return err
}

// objects reads a list of objects, each by member.
func objects[T any](f fieldReader, to *[]T, member func(*T, string) (bool, error)) error {
	return f.list(func() error {
		if f.dec.PeekKind() != '{' {
			return f.leaveOut()
		}
		var item T
		err := eachMember(f.dec, func(name string) (bool, error) { return member(&item, name) })
		*to = append(*to, item)
		return err
	})
}

func (f fieldReader) evidence(e *Evidence, name string) (bool, error) {
	switch name {
	case "title":
		return true, f.text(&e.Title)
	case "company":
		return true, f.text(&e.Company)
	case "duration":
		return true, f.text(&e.Duration)
	case "relevanceExplanation":
		return true, f.text(&e.Explanation)
	}
	return false, nil
}

func (f fieldReader) position(p *Position, name string) (bool, error) {
	switch name {
	case "role":
		return true, f.text(&p.Role)
	case "company":
		return true, f.text(&p.Company)
	case "duration":
		return true, f.text(&p.Duration)
	case "highlights":
		return true, f.texts(&p.Highlights)
	}
	return false, nil
}
