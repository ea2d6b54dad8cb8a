// Package arguments understands how models and people write arguments: under
// names in another style, wrapped in JSON or in one another, and a run's id
// within what was pasted. It decides what is meant, not whether that will do.
package arguments

import (
	"maps"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// The names of the arguments, as the tools and prompts declare them.
const (
	RequestID  = "request_id"
	Detail     = "detail"
	Limit      = "limit"
	Offset     = "offset"
	MinScore   = "min_score"
	ProfileIDs = "profile_ids"
	Ranks      = "ranks"
	Blind      = "blind"
	Contacts   = "include_contacts"
	MaxWait    = "max_wait_seconds"

	// Of prompts alone.
	ProfileID = "profile_id"
	Top       = "top"
)

// meanings are other names that models give to the arguments, folded: in lower
// case and without anything but letters and digits.
var meanings = byMeaning(map[string]string{
	RequestID: "requestid id runid reqid sourcingid sourcingrunid sourcingrequestid sourcingrun searchid jobid run request requestuuid uuid " +
		"therequestid requestidentifier req sourcingrequest sessionid sourcingsessionid instaviewid instaviewrunid instaviewrequestid url uri link",
	Detail:     "detail details detaillevel level levelofdetail verbosity",
	Limit:      "limit count n max maxresults maxcandidates maxcount maxitems numcandidates numresults numberofcandidates topn topk top pagesize perpage size take howmany num number amount results maxprofiles resultlimit",
	Offset:     "offset skip startat startindex fromindex",
	MinScore:   "minscore minimumscore scoremin minmatchscore minimummatchscore matchscoremin minaiscore scorethreshold threshold scoreabove minrating cutoff scorecutoff score scoregte min minimum minpercent",
	ProfileIDs: "profileids profileid profileidlist profiles profile candidateids candidateid candidates candidate ids people person names candidatenames candidatename",
	Ranks:      "ranks rank ranklist rankings ranking positions position ranknumbers candidateranks",
	Blind:      "blind isblind blindmode blindreview reviewblind anonymous anonymized anonymised anonymize anonymise anonymousmode hidename hidenames hidethenames nonames withoutnames redactnames blinded blindhiring isanonymous anonymity anon masknames hideidentity hideidentities",
	Contacts:   "includecontacts includecontact contacts contactinfo includecontactinfo withcontacts showcontacts includeemails includeemail showemails showemail withemails emails includeemailaddresses contactdetails includecontactdetails showcontactinfo",
	MaxWait: "maxwaitseconds maxwait maxwaittime maxwaitsecs maxwaitsec maxseconds waitseconds waitsecs wait waittime waitfor waittimeout timeout " +
		"timeoutseconds timeoutsecs timeoutsec maxtimeout maxtimeoutseconds timeouts maxwaits maxwaittimeseconds waittimeseconds maxtime waitduration",
})

func byMeaning(names map[string]string) map[string]string {
	meaning := map[string]string{}
	for name, others := range names {
		for other := range strings.FieldsSeq(others) {
			meaning[other] = name
		}
	}
	return meaning
}

// foldName takes the style from a name: "minScore" and "Min-Score" are one.
func foldName(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, norm.NFKC.String(name))
}

// units are what a wait's name may end in; its value is then in that unit.
var units = map[string]string{"ms": "ms", "millis": "ms", "milliseconds": "ms", "minutes": "m", "mins": "m"}

// Name returns the argument that a name means, and the unit of its value if
// the name has one other than the argument's; "" if it means none.
func Name(written string) (name, unit string) {
	folded := foldName(written)
	if name, ok := meanings[folded]; ok {
		return name, ""
	}
	for ending, unit := range units {
		if stem, ok := strings.CutSuffix(folded, ending); ok && meanings[stem] == MaxWait {
			return MaxWait, unit
		}
	}
	return "", ""
}

// Rename gives the values of written the names that known has for them. It
// returns those it has renamed: the name in known, and as it was written. A
// name of known itself goes before others that mean the same, which stay.
func Rename[T any](written map[string]T, known []string, inUnit func(value T, unit string) T) (values map[string]T, renamed map[string]string) {
	values, renamed = map[string]T{}, map[string]string{}
	for name, value := range written {
		if slices.Contains(known, name) {
			values[name] = value
		}
	}
	for _, name := range slices.Sorted(maps.Keys(written)) {
		if slices.Contains(known, name) {
			continue
		}
		meant, unit := meaningIn(known, name)
		if _, taken := values[meant]; meant == "" || taken {
			values[name] = written[name]
			continue
		}
		values[meant], renamed[meant] = written[name], name
		if unit != "" {
			values[meant] = inUnit(written[name], unit)
		}
	}
	return values, renamed
}

// inPrompts are what prompts call some arguments of the tools.
var inPrompts = map[string][]string{ProfileIDs: {ProfileID}, Ranks: {ProfileIDs, ProfileID}, Limit: {Top}}

// meaningIn returns which of the known names another means.
func meaningIn(known []string, written string) (name, unit string) {
	folded := foldName(written)
	for _, name := range known {
		if foldName(name) == folded {
			return name, ""
		}
	}
	meant, unit := Name(written)
	for _, name := range append([]string{meant}, inPrompts[meant]...) {
		if slices.Contains(known, name) {
			return name, unit
		}
	}
	return "", ""
}
