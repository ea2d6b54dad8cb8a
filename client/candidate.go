package client

import (
	"errors"
	"math"
	"slices"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

var (
	candidateNames = []string{"profileId", "name", "headline", "location", "currentCompany", "currentRole", "linkedinUrl", "rationale",
		"matchScore", "skills", "aiFitPoints", "aiRedFlags", "emails", "aiDetailedRationale", "detailedExperience"}
	evidenceNames = []string{"title", "company", "duration", "relevanceExplanation"}
	positionNames = []string{"role", "company", "duration", "highlights"}
)

// candidate reads the element of the candidates list that comes next. It reports
// false for one that is not a usable candidate: too large, outside the
// contract, or with neither an id nor a name to speak of it by. Only what ends
// the whole body is an error.
func (d *decoder) candidate() (c Candidate, ok bool, err error) {
	if d.json.PeekKind() != '{' {
		return c, false, d.json.SkipValue()
	}
	start, depth := d.json.InputOffset(), d.json.StackDepth()
	f := fieldReader{dec: d.json, unreadable: &c.Unreadable, items: &d.items}
	err = eachMember(d.json, candidateNames, func(name string) error {
		switch name {
		case "profileId":
			return f.text(&c.ProfileID)
		case "name":
			return f.text(&c.Name)
		case "headline":
			return f.text(&c.Headline)
		case "location":
			return f.text(&c.Location)
		case "currentCompany":
			return f.text(&c.CurrentCompany)
		case "currentRole":
			return f.text(&c.CurrentRole)
		case "linkedinUrl":
			return f.text(&c.LinkedInURL)
		case "rationale":
			return f.text(&c.Rationale)
		case "matchScore":
			return f.score(&c.MatchScore)
		case "skills":
			return f.texts(&c.Skills)
		case "aiFitPoints":
			return f.texts(&c.FitPoints)
		case "aiRedFlags":
			return f.texts(&c.RedFlags)
		case "emails":
			return f.texts(&c.Emails)
		case "aiDetailedRationale":
			return f.evidence(&c.Evidence)
		default: // detailedExperience
			return f.experience(&c.Experience)
		}
	})
	var contract *contractError
	if errors.As(err, &contract) {
		return Candidate{}, false, leave(d.json, depth)
	}
	if len(c.ProfileID) > MaxProfileID {
		c.ProfileID = ""
		c.Unreadable++
	}
	return c, c.ProfileID+c.Name != "" && d.json.InputOffset()-start <= MaxCandidateBytes, err
}

// leave reads on to where depth is reached again.
func leave(dec *jsontext.Decoder, depth int) error {
	for dec.StackDepth() > depth {
		if _, err := dec.ReadToken(); err != nil {
			return err
		}
	}
	return nil
}

// fieldReader reads a candidate's fields. A field of the wrong kind is left out
// and counted, since a profile with a hole is worth more than none; only
// malformed JSON is an error.
type fieldReader struct {
	dec        *jsontext.Decoder
	unreadable *int
	items      *[]string // room to gather a list in, before its length is known
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

// texts reads a list of strings; a lone string counts as a list of one. A list
// without elements is empty, one that is missing is nil.
func (f fieldReader) texts(to *[]string) error {
	if f.dec.PeekKind() == '"' {
		*to = make([]string, 1)
		return f.text(&(*to)[0])
	}
	*f.items = (*f.items)[:0]
	empty := f.dec.PeekKind() == '['
	err := f.list(func() error {
		empty = false
		var item string
		err := f.text(&item)
		if item != "" {
			*f.items = append(*f.items, item)
		}
		return err
	})
	switch {
	case len(*f.items) > 0:
		*to = slices.Clone(*f.items)
	case empty:
		*to = []string{}
	}
	return err
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

// object reads the object that comes next, by member.
func (f fieldReader) object(names []string, member func(name string) error) error {
	if f.dec.PeekKind() != '{' {
		return f.leaveOut()
	}
	return eachMember(f.dec, names, member)
}

func (f fieldReader) evidence(to *[]Evidence) error {
	return f.list(func() error {
		var e Evidence
		err := f.object(evidenceNames, func(name string) error {
			switch name {
			case "title":
				return f.text(&e.Title)
			case "company":
				return f.text(&e.Company)
			case "duration":
				return f.text(&e.Duration)
			default: // relevanceExplanation
				return f.text(&e.Explanation)
			}
		})
		if e != (Evidence{}) {
			*to = append(*to, e)
		}
		return err
	})
}

func (f fieldReader) experience(to *[]Position) error {
	return f.list(func() error {
		var p Position
		err := f.object(positionNames, func(name string) error {
			switch name {
			case "role":
				return f.text(&p.Role)
			case "company":
				return f.text(&p.Company)
			case "duration":
				return f.text(&p.Duration)
			default: // highlights
				return f.texts(&p.Highlights)
			}
		})
		if p.Role != "" || p.Company != "" || p.Duration != "" || len(p.Highlights) > 0 {
			*to = append(*to, p)
		}
		return err
	})
}
