package tools

import (
	"encoding/json"
	"math"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/unicode/norm"

	"instaview-mcp/client"
	"instaview-mcp/internal/arguments"
	"instaview-mcp/tools/shortlist"
)

// profileIDs reads a list of candidates: by id, bare or as it is printed, by rank
// or by name. One text may stand for a list, with commas or as JSON.
func (a *reader) profileIDs() []string {
	given, ok := listOf(a.get(arguments.ProfileIDs))
	var kept []string
	for _, item := range given {
		id, isOne := candidate(item)
		if ok = ok && isOne; id != "" && !slices.Contains(kept, id) {
			kept = append(kept, id)
		}
		if len(id) > client.MaxProfileID {
			a.refuse("profile_ids holds an id longer than %d characters: copy the ids from a shortlist.", client.MaxProfileID)
			return nil
		}
	}
	if !ok {
		a.refuse("profile_ids must be a list of strings. For example: profile_ids=[\"prof_67a3995d-ea79\"].")
	}
	if len(kept) > shortlist.MaxProfileIDs {
		a.refuse("profile_ids may hold at most %d ids: ask for the others in a second call.", shortlist.MaxProfileIDs)
	}
	return kept
}

// listOf returns the elements of a list, or of a text that stands for one.
func listOf(value any) (items []any, ok bool) {
	switch v := value.(type) {
	case nil:
		return nil, true
	case []any:
		return v, true
	case []string: // a caller in this process
		for _, s := range v {
			items = append(items, s)
		}
		return items, true
	case string:
		v = strings.TrimSpace(v)
		if json.Unmarshal([]byte(v), &items) == nil {
			return items, true
		}
		for _, s := range splitList(v) {
			items = append(items, s)
		}
		return items, true
	case map[string]any:
		if len(v) == 0 {
			return nil, false
		}
		return []any{v}, true
	}
	return []any{value}, true
}

var (
	betweenItems = regexp.MustCompile(`[,;\n]|\][ ]*\[| (?:and|&) `)
	// idLike is a word that is an id rather than one of a name.
	idLike = regexp.MustCompile(`^\[?[A-Za-z0-9_-]*[0-9_][A-Za-z0-9_-]*\]?$`)
)

func splitList(s string) []string {
	parts := betweenItems.Split(s, -1)
	if words := strings.Fields(s); len(parts) == 1 && !slices.ContainsFunc(words, func(w string) bool { return !idLike.MatchString(w) }) {
		return words
	}
	return parts
}

// candidate reads one element of profile_ids.
func candidate(item any) (id string, ok bool) {
	switch v := item.(type) {
	case nil:
		return "", true
	case string:
		return bareID(v), true
	case float64:
		if v == math.Trunc(v) && v >= 0 && v < 1e6 {
			return strconv.Itoa(int(v)), true
		}
	case map[string]any:
		for _, name := range []string{"profile_id", "profileId", "id", "rank", "name"} {
			if one, given := v[name]; given {
				if _, nested := one.(map[string]any); !nested {
					return candidate(one)
				}
			}
		}
	}
	return "", false
}

// bareID takes an id out of what stands around it in an answer or a resource's
// URI. No id that is shown has a bracket or a quotation mark at its ends.
func bareID(s string) string {
	s = strings.Trim(s, " \t\r\n[]\"'`“”")
	if _, after, ok := strings.Cut(s, "/candidates/"); ok && strings.HasPrefix(s, scheme) {
		s = unescaped(after)
	}
	for _, label := range []string{"profile_id", "profileid", "profile id", "id"} {
		if len(s) > len(label) && strings.EqualFold(s[:len(label)], label) && strings.ContainsAny(s[len(label):len(label)+1], ":=") {
			return strings.Trim(s[len(label)+1:], " []\"'`“”")
		}
	}
	return plainEmpty(s)
}

// plainEmpty makes what models write for nothing empty, and keeps all else.
func plainEmpty(s string) string {
	if plainText(s) == "" {
		return ""
	}
	return s
}

var (
	rankRange  = regexp.MustCompile(`([0-9]{1,6}) *(?:-|–|—|\.\.+|to) *([0-9]{1,6})`)
	rankNumber = regexp.MustCompile(`[0-9]{1,6}`)
	// aroundRanks is all that may stand beside the numbers.
	aroundRanks = regexp.MustCompile(`^(?:[\s,;#()\[\]"'.:&]|ranks?|and|no|nr|number|candidates?)*$`)
)

// ranks reads a list of whole numbers from 1 on, or a text such as "1, 3-5". 0
// counts as not given.
func (a *reader) ranks() []int {
	given, ok := a.get(arguments.Ranks), true
	var ranks []int
	switch v := given.(type) {
	case nil:
	case float64:
		ranks, ok = addRank(nil, v)
		if v == 0 {
			return nil
		}
	case string:
		ranks, ok = parseRanks(plainText(v))
	case []any:
		for _, item := range v {
			switch one := item.(type) {
			case nil:
			case float64:
				var isRank bool
				ranks, isRank = addRank(ranks, one)
				ok = ok && isRank
			case string:
				more, areRanks := parseRanks(plainText(one))
				ranks, ok = append(ranks, more...), ok && areRanks
			default:
				ok = false
			}
		}
	default:
		ok = false
	}
	if !ok {
		a.refuse("ranks must be a list of whole numbers from 1 on. For example: ranks=[1, 3, 7].")
	}
	slices.Sort(ranks)
	ranks = slices.Compact(ranks)
	if len(ranks) > shortlist.MaxRanks {
		a.refuse("ranks may hold at most %d numbers: ask for the others in a second call.", shortlist.MaxRanks)
	}
	return ranks
}

func addRank(ranks []int, f float64) ([]int, bool) {
	if f != math.Trunc(f) || f < 1 || f >= 1e6 {
		return ranks, false
	}
	return append(ranks, int(f)), true
}

func parseRanks(s string) (ranks []int, ok bool) {
	s = norm.NFKC.String(s)
	around := rankRange.ReplaceAllStringFunc(s, func(r string) string {
		m := rankRange.FindStringSubmatch(r)
		first, _ := strconv.Atoi(m[1])
		last, _ := strconv.Atoi(m[2])
		for rank := first; rank <= last && len(ranks) <= shortlist.MaxRanks; rank++ {
			ranks = append(ranks, rank)
		}
		return ""
	})
	for _, digits := range rankNumber.FindAllString(around, -1) {
		rank, _ := strconv.Atoi(digits)
		ranks = append(ranks, rank)
	}
	around = rankNumber.ReplaceAllString(around, "")
	return ranks, aroundRanks.MatchString(around) && !slices.Contains(ranks, 0)
}

func unescaped(segment string) string {
	s, err := url.PathUnescape(segment)
	if err != nil {
		return segment // no id that anything has
	}
	return s
}
