package sanitize

import (
	"bytes"
	"strings"
)

// linkRemoved stands where a link stood, so that a reader knows that the page had more.
const linkRemoved = "(link removed)"

// unlink replaces every link in s, of which the markup is defused already.
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
		if f := k.scheme(i, end); f.put != "" {
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
type schemeRule struct {
	first  string // of a body that begins with one of these
	any    string // of one that holds one of these early on
	spaced bool   // any other body is set apart by a space: the scheme is dangerous, the body is words
}

var (
	script  = schemeRule{any: `()=;%\{}'"`, spaced: true}
	local   = schemeRule{any: `/\:%`, spaced: true}
	network = schemeRule{any: `./\@%?=:`, spaced: true}
	phone   = schemeRule{first: "+0123456789"}
	handler = schemeRule{any: "?=#"}
)

var schemes = map[string]schemeRule{
	"javascript": script, "vbscript": script,
	"data": {first: ",", any: "/;%", spaced: true},
	"file": local, "blob": local, "filesystem": local,
	"http": network, "https": network, "ftp": network, "ws": network, "wss": network,
	"mailto": {any: "@?%:", spaced: true},
	"tel":    phone, "sms": phone, "callto": phone, "facetime": phone,
	"skype": handler, "magnet": handler, "intent": handler,
}

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
		return finding{start, k.bodyEnd(body + k.slashes(body)), linkRemoved}
	}
	rule, known := schemes[name]
	switch {
	case !known:
		return nothing(end)
	case strings.IndexByte(rule.first, k.at(body)) >= 0, k.holds(body, rule.any):
		return finding{start, k.bodyEnd(body), linkRemoved}
	case rule.spaced:
		return finding{body, body, " "}
	}
	return nothing(end)
}

// hostPath finds a bare domain, or an IP address, with a path, a query or a fragment.
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
	if !k.leadsOn(kind, p+1) {
		return nothing(end)
	}
	bodyEnd := k.bodyEnd(p + 1)
	switch {
	case bodyEnd <= p+1:
		return nothing(end)
	case kind == domain && p == end && k.at(p) == '/' && k.isProper(start, end) && k.isProper(p+1, bodyEnd):
		return finding{p, p + 1, " / "} // "Booking.com/Agoda" are two companies: apart, no client links them
	}
	return finding{start, bodyEnd, linkRemoved}
}

// isProper says whether [i, end) is written as a proper name: one word, of ASCII, with a capital first. Addresses are not.
func (k *sketch) isProper(i, end int) bool {
	word := k.s[k.offset(i):k.offset(end)]
	if len(word) < 3 || word[0] < 'A' || word[0] > 'Z' || isWord(k.at(end)) {
		return false
	}
	for _, c := range []byte(strings.ToLower(word)) {
		if (c < 'a' || c > 'z') && c != '.' {
			return false
		}
	}
	return true
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

// bodyEnd returns where the URL ends of which the body begins at i: at a space, a quotation mark, a bracket it did not open, an escaped
// angle bracket, or a letter of a script that has no spaces to end it. The punctuation of the sentence around is not part of it.
func (k *sketch) bodyEnd(i int) int {
	j, depth := i, 0
scan:
	for ; j < len(k.c); j++ {
		switch c := k.c[j]; {
		case endsBody(c), c == '&' && (k.hasPrefix(j, "&lt;") || k.hasPrefix(j, "&gt;")):
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
