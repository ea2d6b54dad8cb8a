package sanitize

import "testing"

func TestURLsAreRemoved(t *testing.T) {
	altered(t, [][2]string{
		{"https://evil.example/a?b=c#d", "(link removed)"}, {"see HTTP://EVIL.example.", "see (link removed)."},
		{"(https://evil.example/x), and", "((link removed)), and"}, {"<https://evil.example>", "<(link removed)>"},
		{"[Portfolio](https://evil.example)", "(Portfolio)((link removed))"}, {"![](http://evil.example/x.png)", "!()((link removed))"},
		{"https://en.wikipedia.org/wiki/Go_(language) is", "(link removed) is"}, {`"ftp://a/b"`, `"(link removed)"`},
		{"vscode://file/x ms-word:ofe|u|https://a.b", "(link removed) ms-word:ofe¦u¦(link removed)"}, {"a://b", "(link removed)"},
		{"https://[::1]/x y", "(link removed) y"}, {"https://t.co/abc…", "(link removed)…"}, {"_https://a.b_", "_(link removed)_"},
		{"https:\\\\evil.example", "(link removed)"}, {"https:/evil.example", "(link removed)"}, {"http:evil.example", "(link removed)"},
		{"https://user:pw@evil.example:80/x", "(link removed)"}, {"https:// evil.example", "(link removed) evil.example"},
	})
}

func TestDangerousSchemesAreRemoved(t *testing.T) {
	altered(t, [][2]string{
		{"javascript:alert(1)", "(link removed)"}, {"JaVaScRiPt:alert`1`", "(link removed)'"}, {"javascript:alert( 1 )", "(link removed)( 1 )"},
		{"data:text/html;base64,PHNjcmlwdD4= Jane", "(link removed) Jane"}, {"data:,x", "(link removed)"}, {"vbscript:msgbox(1)", "(link removed)"},
		{"file:///etc/passwd", "(link removed)"}, {"file:C:\\x", "(link removed)"}, {"blob:https://a/b", "(link removed)"},
		{"mailto:jane@evil.example?subject=x", "(link removed)"}, {"tel:+4930123", "(link removed)"}, {"sms:123", "(link removed)"},
		{"skype:jane?call", "(link removed)"}, {"magnet:?xt=urn", "(link removed)"}, {"xjavascript:alert(1)", "x(link removed)"},
	})
}

func TestSchemesBeforeWordsAreWords(t *testing.T) {
	untouched(t, same(
		"JavaScript:React", "JavaScript:5 years; Python:3", "Data:SQL,Python", "Data:ETL/ELT", "File:Handling", "file:line:column", "HTTP:80", "HTTPS:TLS",
		"TypeScript/JavaScript:React/Node", "javascript:…", "Geo:political", "SIP:VoIP", "tel:co", "SMS:2FA", "XMPP:Jabber", "jdbc:postgresql tuning",
	))
}

func TestStoresAreNoLinks(t *testing.T) {
	untouched(t, same("s3://bucket", "gs://bucket and hdfs://cluster", "s3://data-lake/raw/2024", "postgres://localhost/db", "reads kafka://events, abfss://c"))
	altered(t, [][2]string{
		{"s3://evil.com/x", "(link removed)"}, {"s3://bucket?u=1", "(link removed)"}, {"redis://user:pw@host", "(link removed)"}, {"slack://open?x", "(link removed)"},
	})
}

func TestLinksWithoutASchemeAreRemoved(t *testing.T) {
	altered(t, [][2]string{
		{"www.evil.example", "(link removed)"}, {"(WWW.evil.example/x)", "((link removed))"}, {"go to:www.a", "go to:(link removed)"},
		{"//evil.example", "(link removed)"}, {"x //evil.example/y z", "x (link removed) z"}, {"///evil.example", "(link removed)"},
		{"//-evil.example", "(link removed)"}, {"//a_b.evil.example", "(link removed)"}, {"A//evil.example", "A(link removed)"},
		{"//intranet/x //localhost //h:80 //u@h", "(link removed) (link removed) (link removed) (link removed)"}, {`\\server\share`, "(link removed)"}, {"∖∖server∖share", "(link removed)"},
		{"(://evil)", "(:(link removed))"}, {"ms-msdt:/id PCW", "(link removed) PCW"}, {"xmpp:bob@evil.com/res", "(link removed)"},
		{"www。evil。com", "(link removed)"}, {"geo:37.7,-122.4", "(link removed)"}, {"sip:100@evil.com", "(link removed)"},
	})
}

func TestADomainKeepsItsNameWithoutItsPath(t *testing.T) {
	altered(t, [][2]string{
		{"golang.org/x/net and k8s.io/client-go", "golang.org (link removed) and k8s.io (link removed)"},
		{"evil.example/phish?u=jane", "evil.example (link removed)"}, {"evil.example?u=jane evil.example#x", "evil.example (link removed) evil.example (link removed)"},
		{"evil.example:8080/x", "evil.example (link removed)"}, {"evil.zone/?u=1 evil.zone/%41", "evil.zone (link removed) evil.zone (link removed)"},
		{"1.2.3.4/x", "1.2.3.4 (link removed)"}, {"linkedin.com/in/jane", "linkedin.com (link removed)"}, {"localhost:3000/x", "localhost (link removed)"},
		{"xn--e1afmkfd.xn--p1ai/x", "xn--e1afmkfd.xn--p1ai (link removed)"}, {"etc...evil.example/x", "etc...evil.example (link removed)"},
		{"asp.net/login?x=1", "asp.net (link removed)"}, {"пример.рф/вход", "пример.рф (link removed)"}, {"evil.مصر/x", "evil.مصر (link removed)"},
		{"例え.jp/x", "例え.jp (link removed)"}, {"evil。com/x?q=1", "evil。com (link removed)"}, {"उदाहरण.भारत/लॉगिन", "उदाहरण.भारत (link removed)"}, {"δοκιμή.ευ/α", "δοκιμή.ευ (link removed)"},
		{"例子.中国/x", "例子.中国 (link removed)"}, {"예시.한국/x", "예시.한국 (link removed)"}, {"evil.com./x", "evil.com. (link removed)"},
	})
	untouched(t, same("инженер.Тимлид/архитектор", "使用Go。AI/ML工程", "負責支付。Go/Rust", "Сбер.Банк/ВТБ"))
}

func TestGluedLinksLeaveTheWordsAroundThem(t *testing.T) {
	altered(t, [][2]string{
		{"Websitehttps://jane.example Resume", "Website(link removed) Resume"}, {"请访问www.evil.example谢谢", "请访问(link removed)谢谢"},
		{"看https://evil.example/a吧", "看(link removed)吧"}, {"请访问evil.example/x吧", "请访问evil.example (link removed)吧"}, {"ท//evil.example", "ท(link removed)"},
		{"//evil.example에서", "(link removed)에서"}, {"请-evil.example/x", "请-evil.example (link removed)"}, {"git+ssh://a", "git+(link removed)"}, {"view-source:https://a", "view-source:(link removed)"},
	})
}

func TestDisguisedLinksAreRemoved(t *testing.T) {
	altered(t, [][2]string{
		{"java\u200bscript:alert(1)", "(link removed)"}, {"htt\u00adps://evil.example", "(link removed)"}, {"java\x00script:alert(1)", "(link removed)"},
		{"ja<!-- x -->vascript:alert(1)", "ja vascript:alert(1)"}, {"htt\u200bps:/\u2060/evil", "(link removed)"},
		{"ｈｔｔｐｓ：／／ｅｖｉｌ．ｅｘａｍｐｌｅ", "(link removed)"}, {"https:⁄∕evil.example", "(link removed)"}, {"https∶//evil", "(link removed)"},
		{"𝐡𝐭𝐭𝐩𝐬://evil", "(link removed)"}, {"javaſcript:alert(1)", "(link removed)"}, {"ⓦⓦⓦ.evil.example", "(link removed)"},
		{"һttps://evil.example", "һ(link removed)"}, {"https&#58;//evil.example", "https&#58;(link removed)"}, {"hxxps[:]//evil.example/x", "hxxps(:)(link removed)"},
		{"https://evil.example<b>https://evil.example", "(link removed)<b>(link removed)"}, {"\x1b[31mhttps://e\x1b[0mvil", "(link removed)"},
	})
}

// Two companies with a slash between them are words, and words are never
// dropped.
func TestProperNamesOnBothSidesOfASlashStay(t *testing.T) {
	untouched(t, same("Booking.com/Agoda", "at Salesforce.com/Slack,", "Led e-commerce for Zalando.de/About You", "Acme.io/Beta.io merger", "Amazon.com/AWS", "Mail.ru/Одноклассники"))
	altered(t, [][2]string{
		{"github.com/janedoe", "github.com (link removed)"}, {"Booking.com/Agoda/Other", "Booking.com (link removed)"}, {"Booking.com/Agoda?x=1", "Booking.com (link removed)"},
	})
}
