package arguments

import (
	"encoding/json"
	"math"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/text/unicode/norm"
)

// Candidates reads a list of candidates and returns their ids, ranks or names
// without duplicates. Ids may be bare or as an answer shows them. A single text
// may hold a list, with commas or as JSON. An empty result means all
// candidates. ok is false if an element has the wrong type.
func Candidates(value any) (list []string, ok bool) {
	items, ok := listOf(value)
	for _, item := range items {
		one, isOne := candidate(item)
		if ok = ok && isOne; one != "" && !isAll(one) && !slices.Contains(list, one) {
			list = append(list, one)
		}
	}
	return list, ok
}

// isAll reports whether a text means all candidates.
func isAll(s string) bool { return s == "*" || strings.EqualFold(s, "all") }

// listOf returns the elements of a list, a text that holds one, or a single
// value.
func listOf(value any) (items []any, ok bool) {
	switch v := value.(type) {
	case nil:
		return nil, true
	case []any:
		return v, true
	case []string: // from this program rather than JSON
		return anyOf(v), true
	case string:
		if v = strings.TrimSpace(v); json.Unmarshal([]byte(v), &items) == nil {
			return items, true
		}
		return anyOf(splitList(v)), true
	case map[string]any:
		return []any{v}, len(v) > 0
	}
	return []any{value}, true
}

func anyOf(texts []string) []any {
	items := make([]any, len(texts))
	for i, s := range texts {
		items[i] = s
	}
	return items
}

var (
	separator = onFirstUse(`[,;\n]| (?:and|&) `)
	// bracketed matches an id as an answer shows it, in square brackets.
	bracketed = onFirstUse(`\[([^\[\]]+)\]`)
	// idLike matches a word of an id rather than of a name, since it holds
	// a digit or “_”.
	idLike = onFirstUse(`^\[?[A-Za-z0-9_-]*[0-9_][A-Za-z0-9_-]*\]?$`)
)

// splitList splits a text at separators, or at spaces if every word looks like
// an id. From lines copied out of an answer it takes only the ids in brackets.
func splitList(s string) []string {
	outside := separator().Split(bracketed().ReplaceAllString(s, ""), -1)
	if ids := bracketed().FindAllStringSubmatch(s, -1); ids != nil && !slices.ContainsFunc(outside, isIDLike) {
		var inside []string
		for _, id := range ids {
			inside = append(inside, separator().Split(id[1], -1)...)
		}
		return inside
	}
	parts := separator().Split(s, -1)
	words := strings.Fields(s)
	if len(parts) == 1 && !slices.ContainsFunc(words, func(w string) bool { return !isIDLike(w) }) {
		return words
	}
	return parts
}

func isIDLike(word string) bool { return idLike().MatchString(strings.TrimSpace(word)) }

// candidate reads one element of a list of candidates; "" if it is empty.
func candidate(item any) (text string, ok bool) {
	switch v := item.(type) {
	case nil:
		return "", true
	case string:
		return bareID(v), true
	case float64:
		if v == math.Trunc(v) && v >= 0 && v < maxRank {
			return strconv.Itoa(int(v)), true
		}
	case map[string]any:
		for _, name := range []string{"profile_id", "profileId", "id", "rank", "name"} {
			switch one := v[name].(type) {
			case string, float64:
				return candidate(one)
			}
		}
	}
	return "", false
}

// idLabel is a label before an id, such as "profile_id:".
var idLabel = onFirstUse(`(?i)^(?:profile[ _-]?)?id *[:=] *`)

// bareID extracts an id from a copied line of an answer or from a resource's
// URI. Trimming is safe, since no shown id begins or ends with a bracket or
// quote.
func bareID(s string) string {
	const around = " \t\r\n[]\"'`“”"
	if group := bracketed().FindStringSubmatch(s); group != nil {
		s = group[1]
	}
	s = strings.Trim(s, around)
	if _, after, ok := strings.Cut(s, "/candidates/"); ok && strings.HasPrefix(s, "sourcing://") {
		if id, err := url.PathUnescape(after); err == nil {
			s = id
		}
	}
	s = strings.Trim(idLabel().ReplaceAllString(s, ""), around)
	if IsNothing(s) {
		return ""
	}
	return s
}

// IsNothing reports whether a text is a word that models write for “no value”.
func IsNothing(s string) bool {
	switch strings.ToLower(strings.TrimSpace(s)) {
	case "", "null", "none", "nil", "undefined", "n/a", "any", "default":
		return true
	}
	return false
}

// maxRank is higher than any rank of a real run.
const maxRank = 1_000_000

// rankPattern is a rank as people and models write it: "7", "#7", "rank-7".
var rankPattern = onFirstUse(`(?i)^(?:rank|candidate|number|no\.?|nr\.?|#)?[ _:#-]*([0-9]{1,6})\.?$`)

// Rank reads one rank, from 1 on. ok is false for any other text.
func Rank(written string) (rank int, ok bool) {
	m := rankPattern().FindStringSubmatch(norm.NFKC.String(written))
	if m == nil {
		return 0, false
	}
	rank, err := strconv.Atoi(m[1])
	return rank, err == nil && rank > 0
}

// RankList reads a list of ranks, or a text such as "1, 3-5", and returns them
// in ascending order without duplicates. A single 0 is an empty list. ok is
// false if an element is not a whole number from 1 on. A range is cut after
// most ranks, so that callers can refuse a result longer than most.
func RankList(value any, most int) (ranks []int, ok bool) {
	items := []any{value}
	switch v := value.(type) {
	case []any:
		items = v
	case float64:
		if v == 0 {
			return nil, true
		}
	}
	ok = true
	for _, item := range items {
		switch v := item.(type) {
		case nil:
		case float64:
			ok = ok && v == math.Trunc(v) && v >= 1 && v < maxRank
			ranks = append(ranks, int(v))
		case string:
			more, areRanks := parseRanks(v, most)
			ranks, ok = append(ranks, more...), ok && areRanks
		default:
			ok = false
		}
	}
	slices.Sort(ranks)
	return slices.Compact(ranks), ok
}

var (
	rankRange  = onFirstUse(`([0-9]{1,6}) *(?:-|–|—|\.\.+|to) *([0-9]{1,6})`)
	rankNumber = onFirstUse(`[0-9]{1,6}`)
	// aroundRanks matches the text that may surround the numbers.
	aroundRanks = onFirstUse("(?i)^(?:[\\s,;#()\\[\\]\"'`.:&]|ranks?|and|no|nr|number|candidates?|st|nd|rd|th)*$")
	topRanks    = onFirstUse(`(?i)^(?:the )?(?:top|first|best) +`)
)

func parseRanks(s string, most int) (ranks []int, ok bool) {
	if s = strings.TrimSpace(s); IsNothing(s) || isAll(s) || s == "0" {
		return nil, true
	}
	if first := topRanks().FindString(s); first != "" {
		s = "1-" + s[len(first):]
	}
	around := rankRange().ReplaceAllStringFunc(norm.NFKC.String(s), func(r string) string {
		m := rankRange().FindStringSubmatch(r)
		first, _ := strconv.Atoi(m[1])
		last, _ := strconv.Atoi(m[2])
		first, last = min(first, last), max(first, last)
		for rank := first; rank <= last && len(ranks) <= most; rank++ {
			ranks = append(ranks, rank)
		}
		return ""
	})
	for _, digits := range rankNumber().FindAllString(around, -1) {
		rank, _ := strconv.Atoi(digits)
		ranks = append(ranks, rank)
	}
	around = rankNumber().ReplaceAllString(around, "")
	return ranks, aroundRanks().MatchString(around) && !slices.Contains(ranks, 0)
}

// onFirstUse returns a function that compiles a pattern once, when it is first
// called, since most calls never need it.
func onFirstUse(pattern string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(pattern) })
}
