package sanitize

import (
	"bytes"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// linkRemoved stands where a link stood, so that a reader knows that the page had more.
const linkRemoved = "(link removed)"

// unlink replaces every link in s, of which the markup is defused already, and
// reports whether there was one.
func removeLinks(s string) (string, bool) {
	if !mayHoldLink(s) {
		return s, false
	}
	k := newSkeleton(s)
	var out []byte
	done := 0
	for i := 0; i < len(k.c); {
		f := k.linkAt(i)
		if f.replacement != "" {
			out = append(out, s[done:k.offset(f.start)]...)
			out = append(out, f.replacement...)
			done = k.offset(f.end)
		}
		i = f.end
	}
	if len(out) == 0 {
		return s, false
	}
	return string(append(out, s[done:]...)), true
}

// finding is a stretch of a sketch that is put differently; with put empty, one in which nothing was found.
type finding struct {
	start, end  int
	replacement string
}

func noLink(end int) finding { return finding{end: end} }

// find looks for a link at i: at the beginning of a word, or of two slashes. What it reads beyond the stretch it returns is at most one
// word or tellLength characters, which keeps the whole linear.
func (k *skeleton) linkAt(i int) finding {
	if startsWord(k.c[i]) {
		end := k.wordEnd(i)
		if f := k.wwwLink(i, end); f.replacement != "" {
			return f
		}
		if f := k.schemeLink(i, end); f.replacement != "" || f.end > end {
			return f
		}
		return k.pathLink(i, end)
	}
	if k.slashes(i) >= 2 {
		return k.authorityLink(i, i+k.slashes(i))
	}
	return noLink(i + 1)
}

// www finds "www." and a host within the word [i, end): after any letter but an ASCII one, as scripts without spaces glue it.
func (k *skeleton) wwwLink(i, end int) finding {
	for p := i; p < end; p++ {
		if k.c[p] == 'w' && (p == i || !isAlnum(k.c[p-1])) && k.hasPrefix(p, "www.") && startsWord(k.at(p+len("www."))) {
			return finding{p, k.bodyEnd(p), linkRemoved}
		}
	}
	return noLink(end)
}

// schemeRule says when a scheme that clients follow without "://" makes a link.
// Of any other body the scheme is a word.
type schemeRule struct {
	prefixes []string // of a body that begins with one of these
	contains string   // of one that holds one of these early on
	digits   bool     // of one that begins with a number
}

var (
	codeRule      = schemeRule{contains: `()=%\{}'`}
	fileRule      = schemeRule{contains: `/\%`}
	networkRule   = schemeRule{contains: `./\@%?=:`}
	phoneRule     = schemeRule{digits: true}
	parameterRule = schemeRule{contains: "?=#"}
	contactRule   = schemeRule{contains: "@?%:"}
)

var schemes = map[string]schemeRule{
	"javascript": codeRule, "vbscript": codeRule,
	"data": {prefixes: []string{",", ";", "text/", "image/", "application/", "audio/", "video/", "font/"}},
	"file": fileRule, "blob": fileRule, "filesystem": fileRule,
	"http": networkRule, "https": networkRule, "ftp": networkRule, "ws": networkRule, "wss": networkRule,
	"mailto": contactRule, "xmpp": contactRule, "sip": contactRule, "sips": contactRule,
	"tel": phoneRule, "sms": phoneRule, "callto": phoneRule, "facetime": phoneRule, "geo": phoneRule,
	"skype": parameterRule, "magnet": parameterRule, "intent": parameterRule,
}

// stores are the schemes of data stores and brokers. No browser follows them,
// and engineers write of them.
var storeSchemes = setOf(`
	s3 s3a s3n gs gcs hdfs viewfs abfs abfss wasb wasbs adl dbfs oss cos swift oci docker
	postgres postgresql mysql mariadb sqlite sqlserver oracle mongodb redis rediss cassandra neo4j bolt clickhouse snowflake
	amqp amqps kafka mqtt mqtts nats pulsar tcp udp unix grpc thrift zk rtsp rtmp jdbc odbc
`)

// glued are the schemes that are seen even at the end of a longer word, as in the scraper's "Websitehttps://".
var gluedSchemes = []string{"https", "http", "javascript", "vbscript", "mailto"}

// scheme finds a URL of which the scheme is the end of the word [i, end).
func (k *skeleton) schemeLink(i, end int) finding {
	body := end + 1
	if k.at(end) != ':' || k.at(body) == ' ' {
		return noLink(end)
	}
	start := end
	for start > i && isAlnum(k.c[start-1]) {
		start--
	}
	name := string(k.c[start:end])
	for _, known := range gluedSchemes {
		if strings.HasSuffix(name, known) {
			start, name = end-len(known), known
			break
		}
	}
	if k.hasPrefix(body, "//") && k.at(body+k.slashes(body)) != ' ' {
		bodyEnd := k.bodyEnd(body + k.slashes(body))
		if storeSchemes[name] && !k.leadsToSite(body+k.slashes(body), bodyEnd) {
			return noLink(bodyEnd)
		}
		return finding{start, bodyEnd, linkRemoved}
	}
	if start-3 >= i && k.hasPrefix(start-3, "ms-") && isSlash(k.at(body)) { // "ms-msdt:/id" starts a program
		return finding{start - 3, k.bodyEnd(body), linkRemoved}
	}
	if rule, known := schemes[name]; known && (k.beginsWith(body, rule.prefixes) || k.bodyContains(body, rule.contains) || rule.digits && k.isNumber(body)) {
		return finding{start, k.bodyEnd(body), linkRemoved}
	}
	return noLink(end)
}

// leads reports whether the body [i, end) of a store's URL would lead a browser
// somewhere: to a domain, or by what only URLs hold.
func (k *skeleton) leadsToSite(i, end int) bool {
	_, kind := k.host(i, min(k.wordEnd(i), end))
	return kind == domainName || kind == ipv4Address || bytes.ContainsAny(k.c[i:end], "?@%=")
}

func (k *skeleton) beginsWith(i int, prefixes []string) bool {
	return slices.ContainsFunc(prefixes, func(prefix string) bool { return k.hasPrefix(i, prefix) })
}

// isNumber reports whether a number of a few digits begins at i; "2FA" is none.
func (k *skeleton) isNumber(i int) bool {
	const few = 3
	digits := 0
	for ; digits < few && (isDigit(k.at(i)) || strings.IndexByte("+-.,()", k.at(i)) >= 0); i++ {
		if isDigit(k.at(i)) {
			digits++
		}
	}
	return digits == few
}

// hostPath finds the path, the query or the fragment behind a bare domain or an
// IP address, which stays: it may be the name of a tool or a company.
func (k *skeleton) pathLink(i, end int) finding {
	p := end
	if k.at(p) == ':' {
		for p++; isDigit(k.at(p)); p++ {
		}
		if p == end+1 {
			return noLink(end)
		}
	}
	if strings.IndexByte("/?#", k.at(p)) < 0 {
		return noLink(end)
	}
	start, kind := k.host(i, end)
	if p > end && string(k.c[start:end]) == "localhost" {
		kind = domainName
	}
	if !k.isLink(kind, p+1) {
		return noLink(end)
	}
	bodyEnd := k.bodyEnd(p + 1)
	switch {
	case bodyEnd <= p+1:
		return noLink(end)
	case kind == domainName && p == end && k.at(p) == '/' && k.isProper(start, end) && k.isProper(p+1, bodyEnd):
		return noLink(bodyEnd) // "Booking.com/Agoda" are two companies
	}
	return finding{end, bodyEnd, " " + linkRemoved}
}

// isProper reports whether [i, end) is written as a proper name: one word with a
// capital first. Addresses are not.
func (k *skeleton) isProper(i, end int) bool {
	if i >= end || isWord(k.at(end)) {
		return false
	}
	word := k.s[k.offset(i):k.offset(end)]
	first, _ := utf8.DecodeRuneInString(word)
	return unicode.IsUpper(first) && strings.IndexFunc(word, func(r rune) bool { return r != '.' && !unicode.IsLetter(r) }) < 0
}

// authority finds "//host" and "\\host" at i; end is where the slashes end.
func (k *skeleton) authorityLink(i, end int) finding {
	for isWord(k.at(end)) && !startsWord(k.at(end)) {
		end++
	}
	if !startsWord(k.at(end)) {
		return noLink(end)
	}
	word := k.wordEnd(end)
	if p := bytes.IndexByte(k.c[end:word], unspaced); p > 0 { // the sentence goes on right behind the host
		word = end + p
	}
	if k.at(word) == cutMark { // the rest of the name is not here
		return noLink(end)
	}
	if k.isHost(end, word) || (i == 0 || !isWord(k.c[i-1])) && (k.isServer(word) || i > 0 && k.c[i-1] == ':') { // not "A//B"
		return finding{i, k.bodyEnd(end), linkRemoved}
	}
	return noLink(end)
}

// isHost says whether the name [i, end) behind two slashes is surely one of a host.
func (k *skeleton) isHost(i, end int) bool {
	switch _, kind := k.host(i, end); kind {
	case domainName, productName, ipv4Address:
		return true
	case possibleHost:
		return strings.IndexByte("/?#", k.at(end)) >= 0 && k.looksLikeURL(end+1)
	}
	return string(k.c[i:end]) == "localhost"
}

// isServer says whether what follows the name that ends here makes it one of a server on the local network: a path, a port, or a host if
// the name was the user's.
func (k *skeleton) isServer(end int) bool {
	switch k.at(end) {
	case '/', '\\', '@':
		return startsWord(k.at(end + 1))
	case ':':
		return isDigit(k.at(end + 1))
	}
	return false
}

// bodyEnd returns where the URL ends of which the body begins at i: at a space, a
// quotation mark, a bracket it did not open, or a letter of a script that has no
// spaces to end it. The punctuation of the sentence around is not part of it.
func (k *skeleton) bodyEnd(i int) int {
	j, depth := i, 0
scan:
	for ; j < len(k.c); j++ {
		switch c := k.c[j]; {
		case endsBody(c):
			break scan
		case c == '(':
			depth++
		case c == ')':
			if depth == 0 {
				break scan
			}
			depth--
		}
	}
	for j > i && strings.IndexByte(".,;:!?'*_~-(", k.c[j-1]) >= 0 {
		j--
	}
	return j
}

// notInURL are the signs that no URL holds as they are; those that are defused in ASCII may still be there full-width.
const notInURL = "\"{}<>[]|`"

// endsBody says whether c cannot be part of a URL.
func endsBody(c byte) bool {
	return c <= ' ' || c >= unspaced || strings.IndexByte(notInURL, c) >= 0
}

// tellLength is how far the body of a possible link is read to tell whether it is one.
const maxBodyPeek = 64

// holds says whether the beginning of the body at i holds one of chars.
func (k *skeleton) bodyContains(i int, chars string) bool {
	for j := i; j < min(len(k.c), i+maxBodyPeek); j++ {
		switch c := k.c[j]; {
		case strings.IndexByte(chars, c) >= 0:
			return true
		case endsBody(c):
			return false
		}
	}
	return false
}

// machineMade says whether the body at i looks like a URL's rather than like words.
func (k *skeleton) looksLikeURL(i int) bool { return k.bodyContains(i, "=%~?") }
