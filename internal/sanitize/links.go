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
func unlink(s string) (string, bool) {
	if !mayHoldLink(s) {
		return s, false
	}
	k := sketchOf(s)
	var out []byte
	done := 0
	for i := 0; i < len(k.c); {
		f := k.find(i)
		if f.put != "" {
			out = append(out, s[done:k.offset(f.start)]...)
			out = append(out, f.put...)
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
	start, end int
	put        string
}

func nothing(end int) finding { return finding{end: end} }

// find looks for a link at i: at the beginning of a word, or of two slashes. What it reads beyond the stretch it returns is at most one
// word or tellLength characters, which keeps the whole linear.
func (k *sketch) find(i int) finding {
	if startsWord(k.c[i]) {
		end := k.wordEnd(i)
		if f := k.www(i, end); f.put != "" {
			return f
		}
		if f := k.scheme(i, end); f.put != "" || f.end > end {
			return f
		}
		return k.hostPath(i, end)
	}
	if k.slashes(i) >= 2 {
		return k.authority(i, i+k.slashes(i))
	}
	return nothing(i + 1)
}

// www finds "www." and a host within the word [i, end): after any letter but an ASCII one, as scripts without spaces glue it.
func (k *sketch) www(i, end int) finding {
	for p := i; p < end; p++ {
		if k.c[p] == 'w' && (p == i || !isAlnum(k.c[p-1])) && k.hasPrefix(p, "www.") && startsWord(k.at(p+len("www."))) {
			return finding{p, k.bodyEnd(p), linkRemoved}
		}
	}
	return nothing(end)
}

// schemeRule says when a scheme that clients follow without "://" makes a link.
// Of any other body the scheme is a word.
type schemeRule struct {
	begins []string // of a body that begins with one of these
	any    string   // of one that holds one of these early on
	number bool     // of one that begins with a number
}

var (
	script  = schemeRule{any: `()=%\{}'`}
	local   = schemeRule{any: `/\%`}
	network = schemeRule{any: `./\@%?=:`}
	phone   = schemeRule{number: true}
	handler = schemeRule{any: "?=#"}
	contact = schemeRule{any: "@?%:"}
)

var schemes = map[string]schemeRule{
	"javascript": script, "vbscript": script,
	"data": {begins: []string{",", ";", "text/", "image/", "application/", "audio/", "video/", "font/"}},
	"file": local, "blob": local, "filesystem": local,
	"http": network, "https": network, "ftp": network, "ws": network, "wss": network,
	"mailto": contact, "xmpp": contact, "sip": contact, "sips": contact,
	"tel": phone, "sms": phone, "callto": phone, "facetime": phone, "geo": phone,
	"skype": handler, "magnet": handler, "intent": handler,
}

// stores are the schemes of data stores and brokers. No browser follows them,
// and engineers write of them.
var stores = setOf(`
	s3 s3a s3n gs gcs hdfs viewfs abfs abfss wasb wasbs adl dbfs oss cos swift oci docker
	postgres postgresql mysql mariadb sqlite sqlserver oracle mongodb redis rediss cassandra neo4j bolt clickhouse snowflake
	amqp amqps kafka mqtt mqtts nats pulsar tcp udp unix grpc thrift zk rtsp rtmp jdbc odbc
`)

// glued are the schemes that are seen even at the end of a longer word, as in the scraper's "Websitehttps://".
var glued = []string{"https", "http", "javascript", "vbscript", "mailto"}

// scheme finds a URL of which the scheme is the end of the word [i, end).
func (k *sketch) scheme(i, end int) finding {
	body := end + 1
	if k.at(end) != ':' || k.at(body) == ' ' {
		return nothing(end)
	}
	start := end
	for start > i && isAlnum(k.c[start-1]) {
		start--
	}
	name := string(k.c[start:end])
	for _, known := range glued {
		if strings.HasSuffix(name, known) {
			start, name = end-len(known), known
			break
		}
	}
	if k.hasPrefix(body, "//") && k.at(body+k.slashes(body)) != ' ' {
		bodyEnd := k.bodyEnd(body + k.slashes(body))
		if stores[name] && !k.leads(body+k.slashes(body), bodyEnd) {
			return nothing(bodyEnd)
		}
		return finding{start, bodyEnd, linkRemoved}
	}
	if start-3 >= i && k.hasPrefix(start-3, "ms-") && isSlash(k.at(body)) { // "ms-msdt:/id" starts a program
		return finding{start - 3, k.bodyEnd(body), linkRemoved}
	}
	if rule, known := schemes[name]; known && (k.beginsWith(body, rule.begins) || k.holds(body, rule.any) || rule.number && k.isNumber(body)) {
		return finding{start, k.bodyEnd(body), linkRemoved}
	}
	return nothing(end)
}

// leads reports whether the body [i, end) of a store's URL would lead a browser
// somewhere: to a domain, or by what only URLs hold.
func (k *sketch) leads(i, end int) bool {
	_, kind := k.host(i, min(k.wordEnd(i), end))
	return kind == domain || kind == address || bytes.ContainsAny(k.c[i:end], "?@%=")
}

func (k *sketch) beginsWith(i int, prefixes []string) bool {
	return slices.ContainsFunc(prefixes, func(prefix string) bool { return k.hasPrefix(i, prefix) })
}

// isNumber reports whether a number of a few digits begins at i; "2FA" is none.
func (k *sketch) isNumber(i int) bool {
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
func (k *sketch) hostPath(i, end int) finding {
	p := end
	if k.at(p) == ':' {
		for p++; isDigit(k.at(p)); p++ {
		}
		if p == end+1 {
			return nothing(end)
		}
	}
	if strings.IndexByte("/?#", k.at(p)) < 0 {
		return nothing(end)
	}
	start, kind := k.host(i, end)
	if p > end && string(k.c[start:end]) == "localhost" {
		kind = domain
	}
	if !k.leadsOn(kind, p+1) {
		return nothing(end)
	}
	bodyEnd := k.bodyEnd(p + 1)
	switch {
	case bodyEnd <= p+1:
		return nothing(end)
	case kind == domain && p == end && k.at(p) == '/' && k.isProper(start, end) && k.isProper(p+1, bodyEnd):
		return nothing(bodyEnd) // "Booking.com/Agoda" are two companies
	}
	return finding{end, bodyEnd, " " + linkRemoved}
}

// isProper reports whether [i, end) is written as a proper name: one word with a
// capital first. Addresses are not.
func (k *sketch) isProper(i, end int) bool {
	if i >= end || isWord(k.at(end)) {
		return false
	}
	word := k.s[k.offset(i):k.offset(end)]
	first, _ := utf8.DecodeRuneInString(word)
	return unicode.IsUpper(first) && strings.IndexFunc(word, func(r rune) bool { return r != '.' && !unicode.IsLetter(r) }) < 0
}

// authority finds "//host" and "\\host" at i; end is where the slashes end.
func (k *sketch) authority(i, end int) finding {
	for isWord(k.at(end)) && !startsWord(k.at(end)) {
		end++
	}
	if !startsWord(k.at(end)) {
		return nothing(end)
	}
	word := k.wordEnd(end)
	if p := bytes.IndexByte(k.c[end:word], unspaced); p > 0 { // the sentence goes on right behind the host
		word = end + p
	}
	if k.at(word) == cutMark { // the rest of the name is not here
		return nothing(end)
	}
	if k.isHost(end, word) || (i == 0 || !isWord(k.c[i-1])) && (k.isServer(word) || i > 0 && k.c[i-1] == ':') { // not "A//B"
		return finding{i, k.bodyEnd(end), linkRemoved}
	}
	return nothing(end)
}

// isHost says whether the name [i, end) behind two slashes is surely one of a host.
func (k *sketch) isHost(i, end int) bool {
	switch _, kind := k.host(i, end); kind {
	case domain, product, address:
		return true
	case perhaps:
		return strings.IndexByte("/?#", k.at(end)) >= 0 && k.machineMade(end+1)
	}
	return string(k.c[i:end]) == "localhost"
}

// isServer says whether what follows the name that ends here makes it one of a server on the local network: a path, a port, or a host if
// the name was the user's.
func (k *sketch) isServer(end int) bool {
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
func (k *sketch) bodyEnd(i int) int {
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
const tellLength = 64

// holds says whether the beginning of the body at i holds one of chars.
func (k *sketch) holds(i int, chars string) bool {
	for j := i; j < min(len(k.c), i+tellLength); j++ {
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
func (k *sketch) machineMade(i int) bool { return k.holds(i, "=%~?") }
