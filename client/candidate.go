package client

import (
	"errors"
	"math"
	"slices"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// candidate reads the element of the candidates list that comes next. It
// reports false for one that is not a usable candidate: too large, outside the
// contract, or without both an id and a name. Only what makes the whole body
// unreadable is an error.
func (d *decoder) candidate() (c Candidate, ok bool, err error) {
	if d.json.PeekKind() != '{' {
		return c, false, d.json.SkipValue()
	}
	start, depth := d.json.InputOffset(), d.json.StackDepth()
	d.unreadable = 0
	err = d.object([]member{
		{"profileId", &c.ProfileID},
		{"name", &c.Name},
		{"headline", &c.Headline},
		{"location", &c.Location},
		{"currentCompany", &c.CurrentCompany},
		{"currentRole", &c.CurrentRole},
		{"linkedinUrl", &c.LinkedInURL},
		{"rationale", &c.Rationale},
		{"matchScore", &c.MatchScore},
		{"skills", &c.Skills},
		{"aiFitPoints", &c.FitPoints},
		{"aiRedFlags", &c.RedFlags},
		{"emails", &c.Emails},
		{"aiDetailedRationale", &c.Evidence},
		{"detailedExperience", &c.Experience},
	})
	if contract := (*contractError)(nil); errors.As(err, &contract) {
		return Candidate{}, false, leave(d.json, depth)
	}
	c.Unreadable = d.unreadable
	if len(c.ProfileID) > MaxProfileID {
		d.store.drop(c.ProfileID)
		c.ProfileID = ""
		c.Unreadable++
	}
	return c, c.ProfileID+c.Name != "" && d.json.InputOffset()-start <= MaxCandidateBytes, err
}

// leave reads to the end of all objects and lists deeper than depth.
func leave(dec *jsontext.Decoder, depth int) error {
	for dec.StackDepth() > depth {
		if _, err := dec.ReadToken(); err != nil {
			return err
		}
	}
	return nil
}

// object reads the object that comes next into its members.
func (d *decoder) object(members []member) error {
	if d.json.PeekKind() != '{' {
		return d.leaveOut()
	}
	return eachMember(d.json, members, func(i int) error { return d.field(members[i].to) })
}

// field reads the value that comes next, of the kind that to points to. A value
// of another kind is left out and counted, since a profile with a hole is worth
// more than none; only malformed JSON is an error.
func (d *decoder) field(to any) error {
	switch to := to.(type) {
	case *string:
		return d.text(to)
	case *[]string:
		return d.texts(to)
	case **float64:
		return d.score(to)
	case *[]Evidence:
		d.evidence = d.evidence[:0]
		err := d.list(func() error {
			d.evidence = append(d.evidence, Evidence{})
			e := &d.evidence[len(d.evidence)-1]
			err := d.object([]member{{"title", &e.Title}, {"company", &e.Company}, {"duration", &e.Duration}, {"relevanceExplanation", &e.Explanation}})
			if *e == (Evidence{}) {
				d.evidence = d.evidence[:len(d.evidence)-1]
			}
			return err
		})
		*to = append(*to, d.evidence...)
		return err
	case *[]Position:
		d.positions = d.positions[:0]
		err := d.list(func() error {
			d.positions = append(d.positions, Position{})
			p := &d.positions[len(d.positions)-1]
			err := d.object([]member{{"role", &p.Role}, {"company", &p.Company}, {"duration", &p.Duration}, {"highlights", &p.Highlights}})
			if p.Role == "" && p.Company == "" && p.Duration == "" && len(p.Highlights) == 0 {
				d.positions = d.positions[:len(d.positions)-1]
			}
			return err
		})
		*to = append(*to, d.positions...)
		return err
	}
	return d.leaveOut()
}

// leaveOut skips the value that comes next and counts it as unreadable.
func (d *decoder) leaveOut() error {
	d.unreadable++
	return skip(d.json)
}

// text reads a string, or a number as its digits. Null leaves to unchanged.
func (d *decoder) text(to *string) error {
	switch d.json.PeekKind() {
	case 'n':
		return skip(d.json)
	case '"', '0':
		raw, err := d.json.ReadValue()
		if err == nil {
			*to = d.store.add(raw)
		}
		return err
	}
	return d.leaveOut()
}

// score reads a number, or its digits in a string. One outside 0 to 100 is left
// out, since a wrong score would mislead a decision.
func (d *decoder) score(to **float64) error {
	var digits string
	if err := d.text(&digits); err != nil || digits == "" {
		return err
	}
	d.store.drop(digits)
	n, err := strconv.ParseFloat(digits, 64)
	if err != nil || math.IsNaN(n) || n < 0 || n > 100 {
		d.unreadable++
		return nil
	}
	*to = &n
	return nil
}

// texts reads a list of strings; a single string counts as a list of one. to
// becomes empty for an empty list and stays nil for a missing one.
func (d *decoder) texts(to *[]string) error {
	if d.json.PeekKind() == '"' {
		*to = make([]string, 1)
		return d.text(&(*to)[0])
	}
	d.items = d.items[:0]
	empty := d.json.PeekKind() == '['
	err := d.list(func() error {
		empty = false
		var item string
		err := d.text(&item)
		if item != "" {
			d.items = append(d.items, item)
		}
		return err
	})
	switch {
	case len(d.items) > 0:
		*to = slices.Clone(d.items)
	case empty:
		*to = []string{}
	}
	return err
}

// list calls item to read each element of the array that comes next, up to
// MaxListItems; those beyond are left out.
func (d *decoder) list(item func() error) error {
	switch d.json.PeekKind() {
	case 'n':
		return skip(d.json)
	case '[':
	default:
		return d.leaveOut()
	}
	if _, err := d.json.ReadToken(); err != nil {
		return err
	}
	for n := 0; d.json.PeekKind() != ']'; n++ {
		read := item
		if n >= MaxListItems {
			read = d.leaveOut
		}
		if err := read(); err != nil {
			return err
		}
	}
	_, err := d.json.ReadToken()
	return err
}
