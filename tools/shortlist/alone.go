package shortlist

import (
	"math"
	"unicode/utf8"

	"instaview-mcp/client"
	"instaview-mcp/internal/sanitize"
)

// Bounds in characters for a candidate who is too large for one answer.
const (
	maxPagedTitle = 300               // each name and title
	labelRoom     = 100               // the labels of all fields and lists
	entryHeadRoom = 3 * maxPagedTitle // role, company and duration of an item
	itemOverhead  = 8                 // a separator or an indentation
)

// renderAlone renders the only candidate of an answer in full. If the candidate
// has more than maxCandidate characters, it shows as many items as fit, after
// the first from. Headline and reason count as items. An item too long for any
// answer is shortened.
func renderAlone(c *client.Candidate, f form, from int) renderedCandidate {
	mask := f.mask(c)
	whole := renderWith(c, f, caps{}, window{}, mask)
	if from == 0 && whole.size <= maxCandidate {
		return whole
	}
	paged := caps{name: maxPagedTitle, title: maxPagedTitle}
	frame := renderWith(c, f, paged, window{from: math.MaxInt}, mask)
	room := maxCandidate - labelRoom - frame.size
	longest := room - entryHeadRoom - itemOverhead
	paged.headline, paged.rationale, paged.item = longest, longest, longest
	return renderWith(c, f, paged, window{from: from, room: room}, mask)
}

// window is the part of a candidate's items that an answer shows. The zero
// value shows all of them.
type window struct {
	from int // number of items to skip
	room int // characters available; 0 = no bound
	used int // characters of the items shown, if there is a bound
	seen int // number of items so far
	end  int // number of the last item shown, from 1; 0 = none
}

// filter returns those of items that are shown, in the same slice. Every item
// must be passed once, in order.
func (w *window) filter(items ...sanitize.Clean) []sanitize.Clean {
	shown := items[:0]
	for _, item := range items {
		if item != "" && w.shows(item) {
			shown = append(shown, item)
		}
	}
	return shown
}

// shows reports whether the next item is shown.
func (w *window) shows(item sanitize.Clean) bool {
	w.seen++
	switch {
	// Before the window, or after an item that did not fit.
	case w.seen <= w.from, w.end > 0 && w.end < w.seen-1:
		return false
	case w.room > 0:
		size := utf8.RuneCountInString(string(item)) + itemOverhead
		if w.end > 0 && w.used+size > w.room {
			return false
		}
		w.used += size
	}
	w.end = w.seen
	return true
}

// isPartial reports whether there are items that are not shown.
func (w window) isPartial() bool { return w.from > 0 || w.end < w.seen }
