package shortlist

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"instaview-mcp/client"
)

// block is the candidates of one answer, as far as they fit.
type block struct {
	texts  []string
	main   []int               // ranks shown in the detail asked for
	tail   []int               // ranks that follow in brief
	left   []*client.Candidate // selected and not shown
	first  *client.Candidate
	cut    *client.Candidate // the first with shortened text; nil = none
	alone  bool              // the only one is shown in full
	window window            // of one that is alone
	marked int               // candidates with a "*"
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
		d.rendered = append(d.rendered, d.render(i))
	}
	return d.rendered[i]
}

func (d *deck) render(i int) rendered {
	if d.alone() {
		return renderAlone(d.candidates[i], d.view, d.view.itemOffset())
	}
	detail, _ := d.detail(i)
	return render(d.candidates[i], d.view, detail)
}

// alone reports whether one candidate is all that is shown, and in full.
func (d *deck) alone() bool {
	return d.view.detail() == Full && min(len(d.candidates), d.view.limit()) == 1
}

// fit takes candidates, best first, into room characters. A candidate is shown
// whole or not at all; the first is always shown, as none is larger than
// maxCandidate.
func (d *deck) fit(room int) block {
	b := block{alone: d.alone()}
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
			b.first, b.window = c, card.window
		}
		if i < d.view.limit() {
			b.main = append(b.main, c.Rank)
		} else {
			b.tail = append(b.tail, c.Rank)
		}
		b.texts = append(b.texts, card.text)
		if card.cut && b.cut == nil {
			b.cut = c
		}
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
		s += " (name| role| company| place [id] first red flag)"
	}
	if b.alone && b.window.isPart() {
		s += b.items(v)
	}
	s += "."
	switch {
	case b.cut == nil:
	case b.alone:
		s += " “…” marks shortened text."
	default:
		s += ` “…” marks shortened text, whole in detail="full" for one candidate alone.`
	}
	return s
}

// items says which items of the only candidate are shown.
func (b block) items(v View) string {
	if b.window.end == 0 {
		return fmt.Sprintf("; offset %d is beyond the last of %s", v.Offset, count(b.window.met, "item", "items"))
	}
	return fmt.Sprintf(", items %d-%d of %d", b.window.from+1, b.window.end, b.window.met)
}

// next says what can be done with a run that has ended.
func next(r *client.Results, v View, b block) []string {
	var lines []string
	if len(b.left) > 0 {
		lines = append(lines, fmt.Sprintf("Next: %s not shown: %s.", ranksAre(ranksOf(b.left)), v.rest(b)))
	}
	only := View{RequestID: v.RequestID, Selection: Selection{Detail: Full}, Contacts: v.Contacts, Blind: v.Blind}
	switch {
	case len(b.texts) == 0:
	case v.detail() != Full:
		only.name(v.Blind, b.first)
		lines = append(lines, fmt.Sprintf("Next: get_sourcing_results(%s) for experience and evidence.", only.Arguments()))
	case b.alone && b.window.end > 0 && b.window.end < b.window.met:
		only.name(v.Blind, b.first)
		only.Offset = b.window.end
		lines = append(lines, fmt.Sprintf("Next: get_sourcing_results(%s) for the other %s of rank %d.",
			only.Arguments(), count(b.window.met-b.window.end, "item", "items"), b.first.Rank))
	case !b.alone && b.cut != nil:
		only.name(v.Blind, b.cut)
		lines = append(lines, fmt.Sprintf("Next: get_sourcing_results(%s) shows rank %d whole.", only.Arguments(), b.cut.Rank))
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
	if v.isNamed() {
		// Only those that are left are named, and min_score let them through.
		next.MinScore, next.Offset = nil, 0
		next.name(v.Blind, b.left...)
	} else {
		next.Offset = v.Offset + len(b.main) + len(b.tail)
	}
	return "get_sourcing_results(" + next.Arguments() + ")"
}

// name makes a selection one of certain candidates: by id if nothing that a
// stranger wrote can be in it, else by rank.
func (s *Selection) name(blind bool, candidates ...*client.Candidate) {
	s.ProfileIDs, s.Ranks = nil, nil
	for _, c := range candidates {
		if plainID.MatchString(c.ProfileID) && !blind {
			s.ProfileIDs = append(s.ProfileIDs, c.ProfileID)
		} else {
			s.Ranks = append(s.Ranks, c.Rank)
		}
	}
}

// quotedIDs writes a list of ids, as they may stand outside the block. Those of
// a call that are none are for the caller to fill in again.
func quotedIDs(ids []string) string {
	quoted := make([]string, len(ids))
	for i, id := range ids {
		if !plainID.MatchString(id) {
			return "[…]"
		}
		quoted[i] = strconv.Quote(id)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
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
	add(len(v.ProfileIDs) > 0, "profile_ids=%s", quotedIDs(v.ProfileIDs))
	add(len(v.Ranks) > 0, "ranks=%s", strings.ReplaceAll(fmt.Sprint(v.Ranks), " ", ", "))
	add(v.Contacts, "include_contacts=%v", true)
	add(v.Blind, "blind=%v", true)
	return strings.Join(args, ", ")
}
