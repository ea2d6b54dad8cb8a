package sanitize

import (
	"bytes"
	"strings"
)

// hostKind is what a word with dots in it most likely is.
type hostKind uint8

const (
	notHost      hostKind = iota
	possibleHost          // looks like a domain, but clients do not link it: "Node.js"
	productName           // a domain name better known as a word: "ASP.NET"
	domainName            // ends in a known top-level domain
	ipv4Address
)

// host returns where the host at the end of the word [i, end) starts, and its
// kind.
func (sk *skeleton) host(i, end int) (int, hostKind) {
	for end > i && strings.IndexByte("._-", sk.c[end-1]) >= 0 { // a final dot, and Markdown emphasis
		end--
	}
	start := i
	for p := i; p < end; p++ {
		if sk.c[p] == '+' || p > i && sk.c[p] == '.' && sk.c[p-1] == '.' {
			start = p + 1
		}
	}
	if p := sk.lastUnspaced(start, end); bytes.IndexByte(sk.c[p:end], '.') > 0 {
		start = p // in "请访问evil.example/x", the sentence is not part of the host
	}
	for start < end && !startsWord(sk.c[start]) {
		start++
	}
	name := string(sk.c[start:end])
	if !strings.Contains(name, ".") {
		return start, notHost
	}
	dot := start + strings.LastIndexByte(name, '.')
	return start, kindOfHost(name, strings.ToLower(sk.s[sk.offset(dot+1):sk.offset(end)]))
}

// lastUnspaced returns the end of the last letter in [i, end) that belongs to a
// script without spaces, or i if there is none.
func (sk *skeleton) lastUnspaced(i, end int) int {
	for p := end; p > i; p-- {
		if sk.c[p-1] == unspaced {
			return p
		}
	}
	return i
}

// kindOfHost returns the kind of the host with this name. written is its
// top-level domain as in the original text, because a skeleton does not
// distinguish letters that are not ASCII.
func kindOfHost(name, written string) hostKind {
	ending := name[strings.LastIndexByte(name, '.')+1:]
	switch {
	case domainLikeWords()[name]:
		return productName
	case linkedEndings()[ending], otherScriptEndings()[written], strings.HasPrefix(ending, "xn--"):
		return domainName
	case isIPv4(name):
		return ipv4Address
	case len(ending) < 2 || isDigit(ending[0]):
		return notHost
	}
	return possibleHost
}

// isIPv4 reports whether name is four numbers of up to three digits. Browsers
// accept fewer numbers, but those are usually versions or amounts.
func isIPv4(name string) bool {
	parts := 0
	for part := range strings.SplitSeq(name, ".") {
		parts++
		if len(part) > 3 || strings.Trim(part, "0123456789") != "" {
			return false
		}
	}
	return parts == 4
}

// isLink reports whether a host of this kind is a link, given the path, query
// or fragment that starts at body.
func (sk *skeleton) isLink(kind hostKind, body int) bool {
	switch kind {
	case domainName:
		return true
	case ipv4Address: // a prefix length, as in "10.0.0.0/8", makes it a network
		p := body
		for isDigit(sk.at(p)) {
			p++
		}
		digits, next := p-body, sk.at(p)
		return digits == 0 || digits > 2 || startsWord(next) || strings.IndexByte("/?=%", next) >= 0
	case possibleHost, productName:
		return sk.looksLikeURL(body)
	}
	return false
}

// linkedEndings are the top-level domains after which chat clients turn a bare
// domain into a link: the country codes, and the generic ones that profiles and
// phishing use. With an unlisted ending, a link without a query stays as the
// words it looks like.
var linkedEndings = onceSetOf(`
	ac ad ae af ag ai al am ao aq ar as at au aw ax az ba bb bd be bf bg bh bi bj bm bn bo br bs bt bw by bz ca cc cd cf cg ch ci ck
	cl cm cn co cr cu cv cw cx cy cz de dj dk dm do dz ec ee eg er es et eu fi fj fk fm fo fr ga gd ge gf gg gh gi gl gm gn gp gq gr
	gs gt gu gw gy hk hm hn hr ht hu id ie il im in io iq ir is it je jm jo jp ke kg kh ki km kn kp kr kw ky kz la lb lc li lk lr ls
	lt lu lv ly ma mc me mg mh mk ml mm mn mo mp mq mr ms mt mu mv mw mx my mz na nc ne nf ng ni nl no np nr nu nz om pa pe pf pg ph
	pk pl pm pn pr ps pt pw qa re ro ru rw sa sb sc sd se sg si sk sl sm sn so sr ss st su sv sx sy sz tc td tf tg th tj tk tl tm tn
	to tr tt tv tw tz ua ug uk us uy uz va vc ve vg vi vn vu wf ws ye yt za zm zw
	aero app arpa asia biz blog click cloud club com coop dev edu example gle goog google gov icu info int internal jobs link live
	local mil mobi mov museum name net news online onion org page post press pro shop site space store stream tech tel top travel vip
	website wiki win xxx xyz zip
	autos beauty bond cfd cyou digital fit fun hair homes icu lol makeup mom monster motorcycles pics quest rest sbs skin today world
	yachts
	rs sh
`)

// otherScriptEndings are top-level domains that are not in Latin letters.
var otherScriptEndings = onceSetOf(`
	рф рус москва дети онлайн сайт орг ком бг бел укр срб мкд мон қаз ею ευ ελ հայ გე
	קום ישראל مصر السعودية امارات الاردن الجزائر المغرب تونس عمان قطر سورية سوريا فلسطين العراق البحرين ليبيا
	السودان اليمن موريتانيا ایران ايران پاکستان پاكستان بھارت شبكة موقع كوم بازار عرب همراه ابوظبي
	भारत संगठन नेट कॉम ভারত বাংলা ভাৰত ਭਾਰਤ ભારત ଭାରତ இந்தியா இலங்கை சிங்கப்பூர் భారత్ ಭಾರತ ഭാരതം ලංකා ไทย คอม ລາວ
	中国 中國 香港 台湾 台灣 新加坡 澳门 澳門 公司 网络 網絡 網路 网址 网站 網站 在线 中文网 商城 商店 网店 集团 企业 信息 我爱你 手机 移动 政务 公益
	みんな コム ストア セール ファッション クラウド 世界 닷컴 닷넷 한국 삼성
`)

// domainLikeWords look like domains but are products and degrees, which
// profiles often join with a slash ("ASP.NET/C#").
var domainLikeWords = onceSetOf(`
	asp.net vb.net ado.net ml.net socket.io draw.io fast.ai
	b.tech m.tech b.sc m.sc d.sc b.com m.com b.ed m.ed
`)

// setOf returns the set of the words in a list separated by white space.
func setOf(words string) map[string]bool {
	set := make(map[string]bool)
	for word := range strings.FieldsSeq(words) {
		set[word] = true
	}
	return set
}
