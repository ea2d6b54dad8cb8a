// Package arguments interprets arguments as models and people write them: with
// other names, wrapped in JSON or in another argument, or with a run's id
// inside a pasted URL. It finds out what is meant; callers check whether it is
// allowed.
package arguments

import (
	"maps"
	"slices"
	"strings"
	"sync"
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

	// Only what starts and refines runs has these.
	Title          = "title"
	JobDescription = "job_description"
	Location       = "location"
	Query          = "query"
	Additional     = "additional"
	Again          = "again"
	Confirmation   = "confirmation"

	// Only prompts have these.
	ProfileID = "profile_id"
	Top       = "top"
)

// meanings maps other names that models use to the arguments. They are folded
// as by foldName: lower case, with letters and digits only.
var meanings = sync.OnceValue(func() map[string]string {
	return byMeaning(map[string]string{
		RequestID: "requestid id runid reqid sourcingid sourcingrunid sourcingrequestid sourcingrun searchid jobid run request requestuuid uuid " +
			"therequestid requestidentifier req sourcingrequest sessionid sourcingsessionid instaviewid instaviewrunid instaviewrequestid url uri link",
		Detail:     "detail details detaillevel level levelofdetail verbosity",
		Limit:      "limit count n max maxresults maxcandidates maxcount maxitems numcandidates numresults numberofcandidates topn topk top pagesize perpage size take howmany num number amount results maxprofiles resultlimit numprofiles candidatecount credits maxcredits creditlimit",
		Offset:     "offset skip startat startindex fromindex",
		MinScore:   "minscore minimumscore scoremin minmatchscore minimummatchscore matchscoremin minaiscore scorethreshold threshold scoreabove minrating cutoff scorecutoff score scoregte min minimum minpercent",
		ProfileIDs: "profileids profileid profileidlist profiles profile candidateids candidateid candidates candidate ids people person names candidatenames candidatename",
		Ranks:      "ranks rank ranklist rankings ranking positions position ranknumbers candidateranks",
		Blind:      "blind isblind blindmode blindreview reviewblind anonymous anonymized anonymised anonymize anonymise anonymousmode hidename hidenames hidethenames nonames withoutnames redactnames blinded blindhiring isanonymous anonymity anon masknames hideidentity hideidentities",
		Contacts:   "includecontacts includecontact contacts contactinfo includecontactinfo withcontacts showcontacts includeemails includeemail showemails showemail withemails emails includeemailaddresses contactdetails includecontactdetails showcontactinfo",
		MaxWait: "maxwaitseconds maxwait maxwaittime maxwaitsecs maxwaitsec maxseconds waitseconds waitsecs wait waittime waitfor waittimeout timeout " +
			"timeoutseconds timeoutsecs timeoutsec maxtimeout maxtimeoutseconds timeouts maxwaits maxwaittimeseconds waittimeseconds maxtime waitduration",
		Title:          "jobtitle role jobrole",
		JobDescription: "description jobdesc jd brief jobbrief",
		Location:       "place city where joblocation",
		Query:          "musthaves instruction instructions criteria searchquery refinement",
		Additional:     "additional additionalcandidates morecandidates extracandidates more additionallimit howmanymore",
		Again:          "repeat force startagain",
		Confirmation:   "confirmationcode confirmcode confirm code",
	})
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

// foldName removes differences of style: "minScore" and "Min-Score" become
// equal.
func foldName(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, norm.NFKC.String(name))
}

// units are the units in which the name of a wait may end, as in "timeout_ms".
var units = map[string]string{"ms": "ms", "millis": "ms", "milliseconds": "ms", "minutes": "m", "mins": "m"}

// Name returns the argument that a written name means, or "" if none, and the
// unit of the value if the name ends in one other than seconds.
func Name(written string) (name, unit string) {
	folded := foldName(written)
	if name, ok := meanings()[folded]; ok {
		return name, ""
	}
	if hidesNames(folded) {
		return Blind, ""
	}
	for ending, unit := range units {
		if stem, ok := strings.CutSuffix(folded, ending); ok && meanings()[stem] == MaxWait {
			return MaxWait, unit
		}
	}
	return "", ""
}

// hidesNames reports whether a folded name asks to hide names in words that
// meanings does not list, such as "hide_candidate_names". Ignoring such an
// argument would show the names.
func hidesNames(folded string) bool {
	if strings.HasPrefix(folded, "anonymi") || strings.HasPrefix(folded, "pseudonymi") {
		return true
	}
	for _, verb := range []string{"hide", "hidden", "mask", "redact", "anonymi", "blind", "conceal", "remove", "omit", "without"} {
		if strings.Contains(folded, verb) && (strings.Contains(folded, "name") || strings.Contains(folded, "identit")) {
			return true
		}
	}
	return false
}

// ShowsNames reports whether an argument's name asks to show names, so that
// false means the same as blind=true.
func ShowsNames(written string) bool {
	folded := foldName(written)
	for _, verb := range []string{"show", "include", "with", "reveal", "display"} {
		if strings.HasPrefix(folded, verb) && strings.HasSuffix(folded, "names") && !strings.Contains(folded, "without") {
			return true
		}
	}
	return false
}

// Rename replaces other names in written by those in known. renamed maps each
// replaced name in known to the name as written. A name that is in known takes
// precedence; others with its meaning keep their name. inUnit converts a value
// whose name ends in a unit.
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

// others maps arguments to what prompts and other tools call them.
var others = map[string][]string{ProfileIDs: {ProfileID, Limit, Additional}, Ranks: {ProfileIDs, ProfileID}, Limit: {Top, Additional}, Additional: {Limit}}

// meaningIn returns the known name that a written name means, or "" if none.
func meaningIn(known []string, written string) (name, unit string) {
	folded := foldName(written)
	for _, name := range known {
		if foldName(name) == folded {
			return name, ""
		}
	}
	meant, unit := Name(written)
	for _, name := range append([]string{meant}, others[meant]...) {
		if slices.Contains(known, name) {
			return name, unit
		}
	}
	return "", ""
}
