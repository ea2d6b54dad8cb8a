package shortlist

import (
	"math"
	"strings"
	"unicode/utf8"

	"instaview-mcp/client"
	"instaview-mcp/internal/blind"
)

// The caps of names and titles, and the characters around the items, of a
// candidate who is too large for one answer.
const (
	maxPagedTitle = 300
	allLabels     = 100               // of the fields and lists
	entryHead     = 3 * maxPagedTitle // role, company and time of an item
	aroundItem    = 8                 // a separator, or an indentation
)

// renderAlone writes a candidate who is the only one of an answer in full: whole,
// or as many items from one on as fit into maxCandidate characters. Headline
// and reason count as items; one that no answer has room for is cut.
func renderAlone(c *client.Candidate, v View, from int) rendered {
	var mask *blind.Mask
	if v.Blind {
		mask = newMask(c)
	}
	whole := renderWith(c, v, Full, caps{}, window{}, mask)
	if from == 0 && utf8.RuneCountInString(whole.text) <= maxCandidate {
		return whole
	}
	paged := caps{name: maxPagedTitle, title: maxPagedTitle}
	frame := renderWith(c, v, Full, paged, window{from: math.MaxInt}, mask)
	room := maxCandidate - allLabels - utf8.RuneCountInString(frame.text)
	longest := room - entryHead - aroundItem
	paged.headline, paged.rationale, paged.item = longest, longest, longest
	return renderWith(c, v, Full, paged, window{from: from, room: room}, mask)
}

// window is the part of a candidate's items that an answer has room for. The
// zero value shows all of them.
type window struct {
	from int // items passed over
	room int // characters; 0 = no bound
	used int // characters of what is shown
	met  int // items so far
	end  int // the number of the last item shown; 0 = none
}

// filter joins those of the next items that the window shows.
func (w *window) filter(items ...string) string {
	var shown []string
	for _, item := range items {
		if item != "" && w.shows(item) {
			shown = append(shown, item)
		}
	}
	return strings.Join(shown, separator)
}

func (w *window) shows(item string) bool {
	w.met++
	size := utf8.RuneCountInString(item) + aroundItem
	switch {
	case w.met <= w.from, w.end > 0 && w.end < w.met-1: // before the window, or after its end
		return false
	case w.room > 0 && w.end > 0 && w.used+size > w.room:
		return false
	}
	w.used += size
	w.end = w.met
	return true
}

// isPart reports whether there are items that the window does not show.
func (w window) isPart() bool { return w.from > 0 || w.end < w.met }
