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

// Candidates reads a list of candidates, named by id, bare or as it is printed,
// by rank or by name. One text may stand for a list, with commas or as JSON. ok
// is false if an element is none of these.
func Candidates(value any) (named []string, ok bool) {
	items, ok := listOf(value)
	for _, item := range items {
		one, isOne := candidate(item)
		if ok = ok && isOne; one != "" && !isAll(one) && !slices.Contains(named, one) {
			named = append(named, one)
		}
	}
	return named, ok
}

// isAll reports whether a text means all candidates, as none named does.
func isAll(s string) bool { return s == "*" || strings.EqualFold(s, "all") }

// listOf returns the elements of a list, or of what stands for one.
func listOf(value any) (items []any, ok bool) {
	switch v := value.(type) {
	case nil:
		return nil, true
	case []any:
		return v, true
	case []string: // a caller in this process
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
	betweenItems = onFirstUse(`[,;\n]| (?:and|&) `)
	// bracketed is an id as it is printed: no text of a profile holds brackets.
	bracketed = onFirstUse(`\[([^\[\]]+)\]`)
	// idLike is a word that is an id rather than one of a name.
	idLike = onFirstUse(`^\[?[A-Za-z0-9_-]*[0-9_][A-Za-z0-9_-]*\]?$`)
)

// splitList splits a text at its commas and the like. Of lines copied from an
// answer it takes what stands in brackets.
func splitList(s string) []string {
	beside := betweenItems().Split(bracketed().ReplaceAllString(s, ""), -1)
	if ids := bracketed().FindAllStringSubmatch(s, -1); ids != nil && !slices.ContainsFunc(beside, isIDLike) {
		var inside []string
		for _, id := range ids {
			inside = append(inside, betweenItems().Split(id[1], -1)...)
		}
		return inside
	}
	parts := betweenItems().Split(s, -1)
	words := strings.Fields(s)
	if len(parts) == 1 && !slices.ContainsFunc(words, func(w string) bool { return !isIDLike(w) }) {
		return words
	}
	return parts
}

func isIDLike(word string) bool { return idLike().MatchString(strings.TrimSpace(word)) }

// candidate reads one element of a list of candidates.
func candidate(item any) (named string, ok bool) {
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

// idLabel is what may stand before an id.
var idLabel = onFirstUse(`(?i)^(?:profile[ _-]?)?id *[:=] *`)

// bareID takes an id out of what stands around it in an answer or a resource's
// URI. No id that is shown has a bracket or a quotation mark at its ends.
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

// IsNothing reports whether a text is one that models write for nothing.
func IsNothing(s string) bool {
	switch strings.ToLower(strings.TrimSpace(s)) {
	case "", "null", "none", "nil", "undefined", "n/a", "any", "default":
		return true
	}
	return false
}

// maxRank is above every rank that there is.
const maxRank = 1_000_000

// rankPattern is a rank as people and models write it: "7", "#7", "rank-7".
var rankPattern = onFirstUse(`(?i)^(?:rank|candidate|number|no\.?|nr\.?|#)?[ _:#-]*([0-9]{1,6})\.?$`)

// Rank reads one rank.
func Rank(written string) (rank int, ok bool) {
	m := rankPattern().FindStringSubmatch(norm.NFKC.String(written))
	if m == nil {
		return 0, false
	}
	rank, err := strconv.Atoi(m[1])
	return rank, err == nil && rank > 0
}

// RankList reads a list of ranks, which a text such as "1, 3-5" may stand for,
// in ascending order. ok is false if an element is no whole number from 1 on; 0
// alone is an empty list. Of a longer list it returns more than most.
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
	// aroundRanks is all that may stand beside the numbers.
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

// onFirstUse compiles a pattern that most calls never need.
func onFirstUse(pattern string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(pattern) })
}
