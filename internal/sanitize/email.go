package sanitize

import (
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// The parts of an address in a folded text, where \x01 is a letter that is not
// ASCII and \x02 one of a script without spaces. A local part with \x02 must be
// \x02 only, or it would include the sentence before it.
const (
	localPart = `("[^"]+"|[a-z0-9_\x01][a-z0-9_\x01.!#$%&'*+=?^{}~-]*|\x02+)`
	// atName matches the names of '@' in several languages.
	atName    = `(?:at|\x01t|arroba|zavin[a\x01][c\x01]|ma[l\x01]pa|chiocciola|klammeraffe|kukac)`
	atSign    = `( ?@{1,2} ?| ?[({<] ?(?:` + atName + `|@) ?[)}>] ?|[({<]a[)}>]|&#0*64;?|&#x0*40;?|&commat;|%40)`
	gap       = `[ _-]+`
	atWord    = gap + atName + gap
	dotWord   = `(?:dot|punkt|punto|ponto|te[c\x01]ka|bodka|kropka|pont)`
	dotSign   = `(?:\.+| ?[({<] ?(?:` + dotWord + `|\.) ?[)}>] ?| ` + dotWord + ` |&#0*46;|&#x0*2e;|&period;|%2e)`
	label     = `[a-z0-9\x01\x02_-]+`
	lastLabel = `(xn--[a-z0-9-]+|[a-z\x01][a-z\x01]+|\x02+)`
	// commonEndings are top-level domains that are still recognised with a
	// stray space before them ("evil. com").
	commonEndings = `(com|org|net|edu|gov|info|io|eu|de|fr|uk|es|it|nl|pl|cz|sk|ru|in|cn|jp|br)`
)

var (
	// plainAddress matches an address with an '@' or a sign that replaces it.
	plainAddress = onFirstUse(localPart + atSign + `(` + label + `(?:` + dotSign + label + `)*)(?:` + dotSign + lastLabel + `|(?: \. ?|\. |,)` + commonEndings + `)`)
	// spelledAddress matches "jane at evil dot com".
	spelledAddress = onFirstUse(localPart + atWord + `(` + label + `(?:` + gap + dotWord + gap + label + `)*)` + gap + dotWord + gap + `([a-z]+)`)
	// spelledLocalPart matches the start of a local part whose dots are spelled
	// out, as in "jane dot doe".
	spelledLocalPart = onFirstUse(`(?:[a-z0-9_]+(?:` + gap + dotWord + gap + `| ?[({<] ?` + dotWord + ` ?[)}>] ?))+$`)
	// ipAddressLiteral matches an address at an IPv4 address in brackets.
	ipAddressLiteral = onFirstUse(localPart + `@[({]([0-9]+\.[0-9]+\.[0-9]+\.[0-9]+)[)}]`)
	// providerAddress matches "jane at gmail.com". Only a mail provider or a
	// word such as "e-mail" before it distinguishes that from a place of work
	// ("engineer at acme.io").
	providerAddress = onFirstUse(localPart + atWord + `((?:[a-z0-9-]+\.)+)([a-z]+)`)
	providers       = onceSetOf(`gmail. googlemail. hotmail. proton. protonmail. icloud.`)
)

// onFirstUse compiles pattern when it is first needed, because compiling all
// patterns at the start would slow down every run.
func onFirstUse(pattern string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(pattern) })
}

// addresses returns the e-mail addresses in the text, in no particular order;
// they may overlap.
func (f *folded) addresses() []span {
	var found []span
	find := func(pattern func() *regexp.Regexp, addressEnd func(m []int) (end int)) {
		for from := 0; from < len(f.c); {
			m := pattern().FindStringSubmatchIndex(f.c[from:])
			if m == nil {
				return
			}
			for i := range m {
				if m[i] >= 0 {
					m[i] += from
				}
			}
			if end := addressEnd(m); end > 0 {
				found = append(found, span{f.addressStart(m[0]), end})
				from = end
			} else {
				// Another address may follow the local part. The bound keeps
				// time linear.
				from = max(m[3], m[1]-maxDomain)
			}
		}
	}
	find(plainAddress, f.plainAddressEnd)
	find(spelledAddress, f.spelledAddressEnd)
	find(ipAddressLiteral, func(m []int) int { return m[1] })
	find(providerAddress, f.providerAddressEnd)
	return found
}

// addressStart returns where the address found at start really begins,
// including spelled-out dots before it.
func (f *folded) addressStart(start int) int {
	const near = 64 // the longest local part (RFC 5321)
	from := max(0, start-near)
	if m := spelledLocalPart().FindStringIndex(f.c[from:start]); m != nil {
		return from + m[0]
	}
	return start
}

// plainAddressEnd returns where the address matched by plainAddress ends. It
// returns 0 if the match is a version ("react@17.0.2"), a service
// ("git@github.com") or a role at a company ("CTO@Booking.com").
func (f *folded) plainAddressEnd(m []int) int {
	local, at, domain := f.c[m[2]:m[3]], f.c[m[4]:m[5]], f.text(m[6], m[1])
	switch {
	case isAlnum(f.at(m[1])) || f.at(m[1]) == otherLetter:
		return 0
	case strings.IndexAny(f.c[m[6]:m[1]], ". ({<&%,") > maxLabel:
		return 0
	// "f(a)".
	case strings.Contains("({<", at[:1]) && at[1:2] == "a" && len(at) == 3 && len(local) < 3:
		return 0
	case isVersion(domain), local == "git", local == "hg", local == "svn":
		return 0
	case isRoleAt(f.text(m[2], m[3]), domain, at == " @ "):
		return 0
	}
	return m[1]
}

// The longest domain, and the longest label of one, in characters (RFC 1035).
const (
	maxDomain = 253
	maxLabel  = 63
)

// isVersion reports whether domain starts with two numbers, as in "4.0.beta".
func isVersion(domain string) bool {
	first, rest, _ := strings.Cut(domain, ".")
	return strings.Trim(first, "0123456789") == "" && rest != "" && isDigit(rest[0])
}

// isRoleAt reports whether "local@domain" names a role at a company. With
// spaces around the '@', a known role or a capitalised domain is enough;
// without them, a capitalised domain must follow a known role or an
// abbreviation.
func isRoleAt(local, domain string, spaced bool) bool {
	if strings.ContainsAny(local, ".0123456789_+\"") {
		return false
	}
	first, _ := utf8.DecodeRuneInString(domain)
	named := unicode.IsUpper(first) && domain != strings.ToUpper(domain)
	role := ordinaryWords()[strings.ToLower(local)] && (named && spaced || !departmentWords()[strings.ToLower(local)])
	if spaced {
		return named || role
	}
	const longest = 5 // bytes of an abbreviation such as "SWE"
	abbreviated := len(local) <= longest && local == strings.ToUpper(local) && local != strings.ToLower(local)
	return named && (role || abbreviated) && !departmentWords()[strings.ToLower(local)]
}

// spelledAddressEnd returns where the address matched by spelledAddress ends,
// or 0 if the words mean something else, as in "talk at scale dot net".
func (f *folded) spelledAddressEnd(m []int) int {
	local, domain, ending := f.c[m[2]:m[3]], f.c[m[4]:m[5]], f.c[m[6]:m[7]]
	if isAlnum(f.at(m[1])) || !linkedEndings()[ending] || ordinaryWords()[local] {
		return 0
	}
	if ending == "net" && (slices.Contains([]string{"asp", "vb", "ado", "ml"}, domain) || m[0] > 0 && !introducesAddress(f.before(m[0]))) {
		return 0 // "good at asp dot net" names a technology
	}
	return m[1]
}

// providerAddressEnd returns where the address matched by providerAddress ends,
// or 0 if it is not an address.
func (f *folded) providerAddressEnd(m []int) int {
	before := strings.TrimRight(f.before(m[0]), " :-")
	word := before[strings.LastIndexByte(before, ' ')+1:]
	introduced := strings.HasSuffix(word, "mail") || strings.HasSuffix(before, "mail me")
	known := providers()[f.c[m[4]:m[5]]] || introduced && linkedEndings()[f.c[m[6]:m[7]]]
	if isAlnum(f.at(m[1])) || ordinaryWords()[f.c[m[2]:m[3]]] || !known {
		return 0
	}
	return m[1]
}

// introducesAddress reports whether an address may follow the text before,
// which is in lower case.
func introducesAddress(before string) bool {
	before = strings.TrimSpace(before)
	last := before[strings.LastIndexByte(before, ' ')+1:]
	return before == "" || strings.HasSuffix(last, ":") || strings.Contains(last, "mail") || slices.Contains([]string{"contact", "reach", "write", "to"}, last)
}

// departmentWords name departments whose address often starts with the same
// word ("jobs@", "hr@").
var departmentWords = onceSetOf(`jobs job hr pr it career sales marketing support legal finance security research people talent team operations ops office`)

// ordinaryWords are words that precede "at" when people write about their work
// ("engineer at").
var ordinaryWords = onceSetOf(`
	engineer engineering developer dev programmer architect manager management lead leader leadership head director president officer founder cofounder
	co-founder owner partner principal staff senior junior intern internship trainee student fellow researcher scientist analyst consultant advisor
	adviser designer writer editor recruiter recruiting sourcer sales marketing product data growth operations ops finance legal people talent design
	research support security infrastructure platform backend frontend fullstack mobile cloud devops sre swe sde qa ux ui pm ceo cto cfo coo vp
	specialist coordinator administrator assistant associate accountant lawyer teacher lecturer professor speaker mentor coach volunteer member
	contractor freelancer employee worker team teams role roles job jobs position work works worked working talk talks talking speak spoke look looking
	looked study studied studying start started joined employed based currently now previously formerly former ex then later here life time years year
	experience software systems services service apps application applications projects project and or is was were are am been being be it them this that
	he she they i we you good great better best expert experts skilled strong skill skills excellent excels bad arrive arrived live lives lived located
	built build led grew scaled shipped ran run code coding trading meetings everything all aimed directed thrown available success career
	ingenieur entwickler berater leiter gründer geschäftsführer projektleiter ingénieur développeur chef directeur fondateur ingeniero desarrollador gerente fundador
	ingegnere sviluppatore responsabile engenheiro desenvolvedor inżynier programista kierownik założyciel vývojár vývojář programátor inžinier inženýr manažér manažer
	konateľ jednatel fejlesztő mérnök vezető mühendis geliştirici yazılımcı utvecklare ingenjör udvikler ingeniør utvikler kehittäjä ontwikkelaar oprichter
	разработчик инженер программист менеджер руководитель директор аналитик основатель розробник інженер керівник засновник програміст
`)
