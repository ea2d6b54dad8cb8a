package sanitize

import (
	"bytes"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// linkRemoved replaces a link, so that readers know where the page had one.
const linkRemoved = "(link removed)"

// removeLinks replaces every link in s and reports whether there was one. The
// markup in s must have been neutralized before.
func removeLinks(s string) (string, bool) {
	if !mayHoldLink(s) {
		return s, false
	}
	return replaceLinks(s)
}

// replaceLinks does what removeLinks does, without the fast check.
func replaceLinks(s string) (string, bool) {
	sk := newSkeleton(s)
	var out []byte
	done := 0
	for i := 0; i < len(sk.c); {
		f := sk.linkAt(i)
		if f.replacement != "" {
			out = append(out, s[done:sk.offset(f.start)]...)
			out = append(out, f.replacement...)
			done = sk.offset(f.end)
		}
		i = f.end
	}
	if len(out) == 0 {
		return s, false
	}
	return string(append(out, s[done:]...)), true
}

// finding is the result of a search at one place. If replacement is empty, no
// link was found and the search continues at end.
type finding struct {
	start, end  int
	replacement string
}

// noLink is the finding of no link before end.
func noLink(end int) finding { return finding{end: end} }

// linkAt looks for a link that starts at i, which is the start of a word or of
// two slashes. It reads at most a word or maxBodyPeek runes beyond the end it
// returns, so that a whole text takes linear time.
func (sk *skeleton) linkAt(i int) finding {
	if startsWord(sk.c[i]) {
		end := sk.wordEnd(i)
		if f := sk.wwwLink(i, end); f.replacement != "" {
			return f
		}
		if f := sk.schemeLink(i, end); f.replacement != "" || f.end > end {
			return f
		}
		return sk.pathLink(i, end)
	}
	if sk.slashes(i) >= 2 {
		return sk.authorityLink(i, i+sk.slashes(i))
	}
	return noLink(i + 1)
}

// wwwLink finds "www." and a host within the word [i, end). Scripts without
// spaces may write it right after another letter.
func (sk *skeleton) wwwLink(i, end int) finding {
	for p := i; p < end; p++ {
		if sk.c[p] == 'w' && (p == i || !isAlnum(sk.c[p-1])) && sk.hasPrefix(p, "www.") && startsWord(sk.at(p+len("www."))) {
			return finding{p, sk.bodyEnd(p), linkRemoved}
		}
	}
	return noLink(end)
}

// schemeRule describes when a scheme that clients follow without "//" starts a
// link. It does if the text after the colon meets one of the conditions;
// otherwise the scheme is a word.
type schemeRule struct {
	prefixes []string // starts with one of these
	contains string   // has one of these characters near its start
	digits   bool     // starts with a number
}

var (
	codeRule      = schemeRule{contains: `()=%\{}'`}
	fileRule      = schemeRule{contains: `/\%`}
	networkRule   = schemeRule{contains: `./\@%?=:`}
	phoneRule     = schemeRule{digits: true}
	parameterRule = schemeRule{contains: "?=#"}
	contactRule   = schemeRule{contains: "@?%:"}
)

// schemes are the schemes that clients follow without "//".
var schemes = map[string]schemeRule{
	"javascript": codeRule, "vbscript": codeRule,
	"data": {prefixes: []string{",", ";", "text/", "image/", "application/", "audio/", "video/", "font/"}},
	"file": fileRule, "blob": fileRule, "filesystem": fileRule,
	"http": networkRule, "https": networkRule, "ftp": networkRule, "ws": networkRule, "wss": networkRule,
	"mailto": contactRule, "xmpp": contactRule, "sip": contactRule, "sips": contactRule,
	"tel": phoneRule, "sms": phoneRule, "callto": phoneRule, "facetime": phoneRule, "geo": phoneRule,
	"skype": parameterRule, "magnet": parameterRule, "intent": parameterRule,
}

// storeSchemes are the schemes of data stores and message brokers. Browsers do
// not follow them, and engineers mention them in profiles.
var storeSchemes = onceSetOf(`
	s3 s3a s3n gs gcs hdfs viewfs abfs abfss wasb wasbs adl dbfs oss cos swift oci docker
	postgres postgresql mysql mariadb sqlite sqlserver oracle mongodb redis rediss cassandra neo4j bolt clickhouse snowflake
	amqp amqps kafka mqtt mqtts nats pulsar tcp udp unix grpc thrift zk rtsp rtmp jdbc odbc
`)

// gluedSchemes are found even at the end of a longer word, because scrapers
// join words, as in "Websitehttps://".
var gluedSchemes = []string{"https", "http", "javascript", "vbscript", "mailto"}

// schemeLink finds a URL whose scheme ends the word [i, end).
func (sk *skeleton) schemeLink(i, end int) finding {
	body := end + 1
	if sk.at(end) != ':' || sk.at(body) == ' ' {
		return noLink(end)
	}
	start := end
	for start > i && isAlnum(sk.c[start-1]) {
		start--
	}
	name := string(sk.c[start:end])
	for _, known := range gluedSchemes {
		if strings.HasSuffix(name, known) {
			start, name = end-len(known), known
			break
		}
	}
	if sk.hasPrefix(body, "//") && sk.at(body+sk.slashes(body)) != ' ' {
		bodyEnd := sk.bodyEnd(body + sk.slashes(body))
		if storeSchemes()[name] && !sk.leadsToSite(body+sk.slashes(body), bodyEnd) {
			return noLink(bodyEnd)
		}
		return finding{start, bodyEnd, linkRemoved}
	}
	// "ms-msdt:/id" starts a Windows program.
	if start-3 >= i && sk.hasPrefix(start-3, "ms-") && isSlash(sk.at(body)) {
		return finding{start - 3, sk.bodyEnd(body), linkRemoved}
	}
	if rule, known := schemes[name]; known && (sk.beginsWith(body, rule.prefixes) || sk.bodyContains(body, rule.contains) || rule.digits && sk.isNumber(body)) {
		return finding{start, sk.bodyEnd(body), linkRemoved}
	}
	return noLink(end)
}

// leadsToSite reports whether a browser could follow the body [i, end) of a URL
// with a store's scheme: it starts with a domain or an IP address, or has a
// character that is typical of URLs.
func (sk *skeleton) leadsToSite(i, end int) bool {
	_, kind := sk.host(i, min(sk.wordEnd(i), end))
	return kind == domainName || kind == ipv4Address || bytes.ContainsAny(sk.c[i:end], "?@%=")
}

// beginsWith reports whether the text at i starts with one of prefixes.
func (sk *skeleton) beginsWith(i int, prefixes []string) bool {
	return slices.ContainsFunc(prefixes, func(prefix string) bool { return sk.hasPrefix(i, prefix) })
}

// isNumber reports whether a number of at least three digits starts at i. "2FA"
// is not one.
func (sk *skeleton) isNumber(i int) bool {
	const few = 3
	digits := 0
	for ; digits < few && (isDigit(sk.at(i)) || strings.IndexByte("+-.,()", sk.at(i)) >= 0); i++ {
		if isDigit(sk.at(i)) {
			digits++
		}
	}
	return digits == few
}

// pathLink finds the path, query or fragment after a bare domain or IP
// address. The host itself stays, since it may be the name of a tool or a
// company.
func (sk *skeleton) pathLink(i, end int) finding {
	p := end
	if sk.at(p) == ':' {
		for p++; isDigit(sk.at(p)); p++ {
		}
		if p == end+1 {
			return noLink(end)
		}
	}
	if strings.IndexByte("/?#", sk.at(p)) < 0 {
		return noLink(end)
	}
	start, kind := sk.host(i, end)
	if p > end && string(sk.c[start:end]) == "localhost" {
		kind = domainName
	}
	if !sk.isLink(kind, p+1) {
		return noLink(end)
	}
	bodyEnd := sk.bodyEnd(p + 1)
	switch {
	case bodyEnd <= p+1:
		return noLink(end)
	case kind == domainName && p == end && sk.at(p) == '/' && sk.isProper(start, end) && sk.isProper(p+1, bodyEnd):
		return noLink(bodyEnd) // "Booking.com/Agoda" are two companies
	}
	return finding{end, bodyEnd, " " + linkRemoved}
}

// isProper reports whether [i, end) is written like a proper name: one word
// that starts with a capital. Addresses are not written so.
func (sk *skeleton) isProper(i, end int) bool {
	if i >= end || isWord(sk.at(end)) {
		return false
	}
	word := sk.s[sk.offset(i):sk.offset(end)]
	first, _ := utf8.DecodeRuneInString(word)
	return unicode.IsUpper(first) && strings.IndexFunc(word, func(r rune) bool { return r != '.' && !unicode.IsLetter(r) }) < 0
}

// authorityLink finds "//host" or "\\host" at i. end is where the slashes end.
func (sk *skeleton) authorityLink(i, end int) finding {
	for isWord(sk.at(end)) && !startsWord(sk.at(end)) {
		end++
	}
	if !startsWord(sk.at(end)) {
		return noLink(end)
	}
	word := sk.wordEnd(end)
	// Without spaces, the sentence continues right after the host.
	if p := bytes.IndexByte(sk.c[end:word], unspaced); p > 0 {
		word = end + p
	}
	if sk.at(word) == cutMark { // the name was shortened
		return noLink(end)
	}
	// Behind a word, two slashes only separate names: "A//B".
	if sk.isHost(end, word) || (i == 0 || !isWord(sk.c[i-1])) && (sk.isServer(word) || i > 0 && sk.c[i-1] == ':') {
		return finding{i, sk.bodyEnd(end), linkRemoved}
	}
	return noLink(end)
}

// isHost reports whether the name [i, end) after two slashes is certainly a
// host.
func (sk *skeleton) isHost(i, end int) bool {
	switch _, kind := sk.host(i, end); kind {
	case domainName, productName, ipv4Address:
		return true
	case possibleHost:
		return strings.IndexByte("/?#", sk.at(end)) >= 0 && sk.looksLikeURL(end+1)
	}
	return string(sk.c[i:end]) == "localhost"
}

// isServer reports whether the name that ends at end is a server on the local
// network, because a path, a port, or an '@' and a host follow it.
func (sk *skeleton) isServer(end int) bool {
	switch sk.at(end) {
	case '/', '\\', '@':
		return startsWord(sk.at(end + 1))
	case ':':
		return isDigit(sk.at(end + 1))
	}
	return false
}

// bodyEnd returns where the URL ends whose body starts at i: at a space, a
// quotation mark, a bracket that it did not open, or a letter of a script
// without spaces. Punctuation at the end belongs to the sentence around it.
func (sk *skeleton) bodyEnd(i int) int {
	j, depth := i, 0
scan:
	for ; j < len(sk.c); j++ {
		switch c := sk.c[j]; {
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
	for j > i && strings.IndexByte(".,;:!?'*_~-(", sk.c[j-1]) >= 0 {
		j--
	}
	return j
}

// notInURL are ASCII characters that a URL cannot hold unescaped. Some are
// neutralized before links are searched for, but their full-width forms are
// not.
const notInURL = "\"{}<>[]|`"

// endsBody reports whether c cannot be part of a URL.
func endsBody(c byte) bool {
	return c <= ' ' || c >= unspaced || strings.IndexByte(notInURL, c) >= 0
}

// maxBodyPeek is how many runes of the body of a possible link are read to
// decide whether it is one.
const maxBodyPeek = 64

// bodyContains reports whether one of chars is in the first maxBodyPeek runes
// of the body at i.
func (sk *skeleton) bodyContains(i int, chars string) bool {
	for j := i; j < min(len(sk.c), i+maxBodyPeek); j++ {
		switch c := sk.c[j]; {
		case strings.IndexByte(chars, c) >= 0:
			return true
		case endsBody(c):
			return false
		}
	}
	return false
}

// looksLikeURL reports whether the body at i has a character that is common in
// URLs and rare between words.
func (sk *skeleton) looksLikeURL(i int) bool { return sk.bodyContains(i, "=%~?") }
