package shortlist

import (
	"instaview-mcp/client"
	"instaview-mcp/internal/sanitize"
)

// page is the candidates that fit into one answer.
type page struct {
	texts      []sanitize.Clean
	size       int                 // of texts, in characters
	ranks      []int               // ranks in the requested detail
	briefRanks []int               // ranks that follow in brief
	notShown   []*client.Candidate // selected, but without room
	first      *client.Candidate   // nil = none is shown
	shortened  *client.Candidate   // the first with shortened text; nil = none
	oneInFull  bool                // one candidate is shown, in full
	window     window              // of that candidate
	marked     int                 // candidates with a "*"
}

// pager renders the selected candidates, each at most once, and fits them into
// pages.
type pager struct {
	view       View
	memo       *memo
	candidates []*client.Candidate
	rendered   []renderedCandidate // of the first candidates, as far as needed
}

// detailAt returns the detail for the candidate at i. ok is false beyond the
// limit; the default selection continues in brief there.
func (p *pager) detailAt(i int) (detail Detail, ok bool) {
	switch {
	case i < p.view.limit():
		return p.view.detail(), true
	case p.view.isDefault():
		return Brief, true
	}
	return "", false
}

// renderedAt returns the rendered candidate at i. i must not skip any.
func (p *pager) renderedAt(i int) renderedCandidate {
	if i == len(p.rendered) {
		p.rendered = append(p.rendered, p.renderAt(i))
	}
	return p.rendered[i]
}

// renderAt renders the candidate at i.
func (p *pager) renderAt(i int) renderedCandidate {
	c := p.candidates[i]
	if p.showsOneInFull() {
		return renderAlone(c, p.view.form(c, Full), p.view.itemOffset())
	}
	detail, _ := p.detailAt(i)
	return p.memo.render(c, p.view.form(c, detail))
}

// showsOneInFull reports whether only one candidate is shown, and in full.
func (p *pager) showsOneInFull() bool {
	return p.view.detail() == Full && min(len(p.candidates), p.view.limit()) == 1
}

// page returns as many candidates as fit into room characters, best first. A
// candidate is shown whole or not at all. The first is always shown, since none
// has more than maxCandidate characters.
func (p *pager) page(room int) page {
	next := page{oneInFull: p.showsOneInFull()}
	for i, c := range p.candidates {
		if _, ok := p.detailAt(i); !ok {
			next.notShown = p.candidates[i:]
			break
		}
		candidate := p.renderedAt(i)
		if room -= candidate.size; room < 0 && i > 0 {
			next.notShown = p.candidates[i:]
			break
		}
		if i < p.view.limit() {
			next.ranks = append(next.ranks, c.Rank)
		} else {
			next.briefRanks = append(next.briefRanks, c.Rank)
		}
		next.add(c, candidate)
	}
	return next
}

// add appends a candidate's text to the page.
func (p *page) add(c *client.Candidate, candidate renderedCandidate) {
	if len(p.texts) == 0 {
		p.first, p.window = c, candidate.window
	}
	p.texts = append(p.texts, candidate.text)
	p.size += candidate.size
	if candidate.cut && p.shortened == nil {
		p.shortened = c
	}
	if candidate.marked {
		p.marked++
	}
}

// ranksOf returns the ranks of candidates.
func ranksOf(candidates []*client.Candidate) []int {
	ranks := make([]int, len(candidates))
	for i, c := range candidates {
		ranks[i] = c.Rank
	}
	return ranks
}

// showing returns a sentence about which ranks are shown, and how.
func (p page) showing(v View) sanitize.Clean {
	if len(p.texts) == 0 {
		return "No candidate is shown."
	}
	s := "Showing " + ranges(p.ranks) + " in " + v.detail().Name()
	if len(p.briefRanks) > 0 {
		s += ", " + ranges(p.briefRanks) + " in brief"
	}
	if len(p.briefRanks) > 0 || v.detail() == Brief {
		s += " (name| role| company| place [id] first red flag)"
	}
	if p.oneInFull && p.window.isPartial() {
		s += p.items(v)
	}
	s += "."
	switch {
	case p.shortened == nil:
	case p.oneInFull:
		s += " “…” marks shortened text."
	default:
		s += ` “…” marks shortened text, whole in detail="full" for one candidate alone.`
	}
	return s
}

// items returns which items of the only candidate are shown.
func (p page) items(v View) sanitize.Clean {
	if p.window.end == 0 {
		return "; offset " + sanitize.Number(v.Offset) + " is beyond the last of " + count(p.window.seen, "item", "items")
	}
	return ", items " + sanitize.Number(p.window.from+1) + "-" + sanitize.Number(p.window.end) + " of " + sanitize.Number(p.window.seen)
}
