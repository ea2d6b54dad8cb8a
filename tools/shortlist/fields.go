package shortlist

import (
	"unicode/utf8"

	"instaview-mcp/internal/blind"
	"instaview-mcp/internal/sanitize"
)

// text returns a field of sentences. fact and company return a single term, in
// which fewer words are taken for the name than in sentences.
func (w *candidateWriter) text(s string, size int) sanitize.Clean {
	return w.clean(s, size, blind.Prose)
}

func (w *candidateWriter) fact(s string) sanitize.Clean {
	return w.clean(s, w.caps.title, blind.Fact)
}

func (w *candidateWriter) company(s string) sanitize.Clean {
	return w.clean(s, w.caps.title, blind.Company)
}

// clean cleans a field and shortens it to size characters. It hides contacts
// and names before it shortens, so that no part of one is left at the end.
func (w *candidateWriter) clean(s string, size int, field blind.Field) sanitize.Clean {
	t := sanitize.Whole(s, size)
	w.altered = w.altered || t.Altered
	w.mixedScript = w.mixedScript || sanitize.MixedScript(t.Clean)
	if !w.contacts {
		t.Clean = sanitize.HideContacts(t.Clean)
	}
	if w.mask != nil {
		t.Clean = w.mask.Hide(t.Clean, field)
	}
	t = t.Shorten(size)
	w.cut = w.cut || t.Cut
	if w.escape == nil {
		return t.Clean
	}
	return w.escape(t.Clean)
}

// texts returns the cleaned items of a list, up to the limit, and the count of
// the others.
func (w *candidateWriter) texts(items []string, field blind.Field) []sanitize.Clean {
	if len(items) == 0 {
		return nil
	}
	most := len(items)
	if w.caps.items > 0 {
		most = min(most, w.caps.items+1)
	}
	texts := make([]sanitize.Clean, 0, most)
	for i, item := range items {
		if w.caps.items > 0 && len(texts) == w.caps.items {
			w.cut = true
			return append(texts, moreItems(len(items)-i))
		}
		if t := w.clean(item, w.caps.item, field); t != "" {
			texts = append(texts, t)
		}
	}
	return texts
}

// shown returns an item, or "" if the window does not show it.
func (w *candidateWriter) shown(item sanitize.Clean) sanitize.Clean {
	if item == "" || !w.window.shows(item) {
		return ""
	}
	return item
}

// moreItems counts the items that are left out at the end of a list. No
// duration can follow a separator, so the brackets cannot be mistaken for one.
func moreItems(n int) sanitize.Clean { return "[… +" + sanitize.Number(n) + "]" }

// field writes a labelled line, unless value is empty.
func (w *candidateWriter) field(label, value sanitize.Clean) {
	if value != "" {
		w.out.Write(indent, label, ": ", value, "\n")
	}
}

// list writes a labelled line of the items that are shown, unless there are
// none.
func (w *candidateWriter) list(label sanitize.Clean, items []string, field blind.Field) {
	shown := w.window.filter(w.texts(items, field)...)
	if len(shown) == 0 {
		return
	}
	w.out.Write(indent, label, ": ", shown[0])
	for _, item := range shown[1:] {
		w.out.Write(separator, item)
	}
	w.out.Write("\n")
}

// experience writes the positions that the candidate has held.
func (w *candidateWriter) experience() {
	all := w.candidate.Experience
	w.entries("experience", len(all), func(i int) sanitize.Clean {
		p := all[i]
		return w.entry(p.Role, p.Company, p.Duration, p.Highlights)
	})
}

// evidence writes what InstaView based its score on.
func (w *candidateWriter) evidence() {
	all := w.candidate.Evidence
	w.entries("evidence", len(all), func(i int) sanitize.Clean {
		e := all[i]
		return w.entry(e.Title, e.Company, e.Duration, []string{e.Explanation})
	})
}

// entry returns "Role| Company [2 years] what was done there". Brackets around
// the duration save a token beside a separator, since durations start with a
// digit.
func (w *candidateWriter) entry(role, company, duration string, what []string) sanitize.Clean {
	at := joinColumns(w.fact(role), w.company(company))
	lasted := w.fact(duration)
	items := w.texts(what, blind.Prose)
	if len(items) > 0 || lasted != "" {
		at = sanitize.Join(" ", at, "["+lasted+"]")
	}
	if len(items) == 0 {
		return w.shown(at)
	}
	before := w.window.used
	w.window.used += utf8.RuneCountInString(string(at))
	shown := w.window.filter(items...)
	if len(shown) == 0 {
		w.window.used = before
		return ""
	}
	return sanitize.Join(" ", at, sanitize.Join(separator, shown...))
}

// entries writes a list of n items, each on its own line.
func (w *candidateWriter) entries(label sanitize.Clean, n int, item func(int) sanitize.Clean) {
	shown := 0
	for i := range n {
		if w.caps.items > 0 && shown == w.caps.items {
			w.cut = true
			w.out.Write(indent, "- ", separator, moreItems(n-i), "\n")
			return
		}
		text := item(i)
		if text == "" {
			continue
		}
		if shown == 0 {
			w.out.Write(indent, label, ":\n")
		}
		shown++
		w.out.Write(indent, "- ", text, "\n")
	}
}
