package shortlist

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"instaview-mcp/client"
	"instaview-mcp/internal/sanitize"
)

// block is the candidates of one answer, as far as they fit.
type block struct {
	texts  []string
	main   []int               // ranks shown in the detail asked for
	tail   []int               // ranks that follow in brief
	left   []*client.Candidate // selected and not shown
	first  *client.Candidate
	cut    bool // some text was shortened
	marked int  // candidates with a "*"
}

// deck is the candidates selected, each rendered once at most.
type deck struct {
	view       View
	candidates []*client.Candidate
	rendered   []rendered // the first candidates, as far as they were needed
}

// detail is how the candidate at i is shown; ok is false beyond the limit. The
// default view goes on in brief.
func (d *deck) detail(i int) (detail Detail, ok bool) {
	switch {
	case i < d.view.limit():
		return d.view.detail(), true
	case d.view.isDefault():
		return Brief, true
	}
	return "", false
}

func (d *deck) card(i int) rendered {
	if i == len(d.rendered) {
		detail, _ := d.detail(i)
		d.rendered = append(d.rendered, render(d.candidates[i], d.view, detail))
	}
	return d.rendered[i]
}

// fit takes candidates, best first, into room characters. A candidate is shown
// whole or not at all; the first is always shown, as none is larger than
// maxCandidate.
func (d *deck) fit(room int) block {
	var b block
	for i, c := range d.candidates {
		if _, ok := d.detail(i); !ok {
			b.left = d.candidates[i:]
			break
		}
		card := d.card(i)
		if room -= utf8.RuneCountInString(card.text); room < 0 && i > 0 {
			b.left = d.candidates[i:]
			break
		}
		if i == 0 {
			b.first = c
		}
		if i < d.view.limit() {
			b.main = append(b.main, c.Rank)
		} else {
			b.tail = append(b.tail, c.Rank)
		}
		b.texts = append(b.texts, card.text)
		b.cut = b.cut || card.cut
		if card.marked {
			b.marked++
		}
	}
	return b
}

func ranksOf(candidates []*client.Candidate) []int {
	ranks := make([]int, len(candidates))
	for i, c := range candidates {
		ranks[i] = c.Rank
	}
	return ranks
}

// showing says which ranks follow, and how.
func (b block) showing(v View) string {
	if len(b.texts) == 0 {
		return "No candidate is shown."
	}
	s := fmt.Sprintf("Showing %s in %s", ranges(b.main), v.detail())
	if len(b.tail) > 0 {
		s += fmt.Sprintf(", %s in brief", ranges(b.tail))
	}
	if len(b.tail) > 0 || v.detail() == Brief {
		s += " (“|”: first red flag)"
	}
	s += "."
	if b.cut {
		s += " “…” marks shortened text."
	}
	return s
}

// next says what can be done with a run that has ended.
func next(r *client.Results, v View, b block) []string {
	var lines []string
	if len(b.left) > 0 {
		lines = append(lines, fmt.Sprintf("Next: %s not shown: %s.", ranksAre(ranksOf(b.left)), v.rest(b)))
	}
	if len(b.texts) > 0 && v.detail() != Full {
		full := View{RequestID: v.RequestID, Selection: Selection{Detail: Full, ProfileIDs: []string{ID(b.first, v.Blind)}}, Contacts: v.Contacts, Blind: v.Blind}
		lines = append(lines, fmt.Sprintf("Next: get_sourcing_results(%s) for experience and evidence.", full.Arguments()))
	}
	if r.Finished() && len(r.Candidates) > 0 {
		lines = append(lines, "This run is finished; looking again changes nothing.")
	}
	return lines
}

func ranksAre(ranks []int) string {
	if len(ranks) == 1 {
		return fmt.Sprintf("rank %d is", ranks[0])
	}
	return fmt.Sprintf("ranks %s are", ranges(ranks))
}

// rest writes the call that goes on where this answer ends.
func (v View) rest(b block) string {
	next := v
	switch {
	case v.isDefault() && len(b.main) < v.limit(): // no room even for the first ten
		next.Detail = Summary
	case v.isDefault(): // the lines that are left go on in brief
		next.Detail = Brief
	}
	if len(v.ProfileIDs) > 0 {
		// Only those that are left are named, and min_score let them through.
		next.ProfileIDs, next.MinScore, next.Offset = nil, nil, 0
		for _, c := range b.left {
			next.ProfileIDs = append(next.ProfileIDs, ID(c, v.Blind))
		}
	} else {
		next.Offset = v.Offset + len(b.main) + len(b.tail)
	}
	return "get_sourcing_results(" + next.Arguments() + ")"
}

// Arguments writes the arguments of a call that shows what v shows.
func (v View) Arguments() string {
	args := []string{fmt.Sprintf("request_id=%q", v.RequestID)}
	add := func(given bool, format string, value any) {
		if given {
			args = append(args, fmt.Sprintf(format, value))
		}
	}
	add(v.Detail != "", "detail=%q", string(v.Detail))
	add(v.Limit > 0, "limit=%d", v.Limit)
	add(v.Offset > 0, "offset=%d", v.Offset)
	if v.MinScore != nil {
		args = append(args, "min_score="+number(*v.MinScore))
	}
	if len(v.ProfileIDs) > 0 {
		ids := make([]string, len(v.ProfileIDs))
		for i, id := range v.ProfileIDs {
			ids[i] = fmt.Sprintf("%q", sanitize.Line(id, maxHandle).String)
		}
		args = append(args, "profile_ids=["+strings.Join(ids, ", ")+"]")
	}
	add(v.Contacts, "include_contacts=%v", true)
	add(v.Blind, "blind=%v", true)
	return strings.Join(args, ", ")
}
