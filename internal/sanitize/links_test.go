package sanitize

import "testing"

func TestURLsAreRemoved(t *testing.T) {
	altered(t, [][2]string{
		{"https://evil.example/a?b=c#d", "(link removed)"}, {"see HTTP://EVIL.example.", "see (link removed)."},
		{"(https://evil.example/x), and", "((link removed)), and"}, {"<https://evil.example>", "&lt;(link removed)&gt;"},
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

func TestSchemesBeforeWordsAreSetApart(t *testing.T) {
	altered(t, [][2]string{
		{"JavaScript:React", "JavaScript: React"}, {"Data:SQL,Python", "Data: SQL,Python"}, {"File:Handling", "File: Handling"},
		{"HTTP:80", "HTTP: 80"}, {"TypeScript/JavaScript:React/Node", "TypeScript/JavaScript: React/Node"},
		{"javascript:" + "…", "javascript: …"},
	})
}

func TestLinksWithoutASchemeAreRemoved(t *testing.T) {
	altered(t, [][2]string{
		{"www.evil.example", "(link removed)"}, {"(WWW.evil.example/x)", "((link removed))"}, {"go to:www.a", "go to:(link removed)"},
		{"//evil.example", "(link removed)"}, {"x //evil.example/y z", "x (link removed) z"}, {"///evil.example", "(link removed)"},
		{"//-evil.example", "(link removed)"}, {"//a_b.evil.example", "(link removed)"}, {"A//evil.example", "A(link removed)"},
		{"//intranet/x //localhost //h:80 //u@h", "(link removed) (link removed) (link removed) (link removed)"}, {`\\server\share`, "(link removed)"}, {"∖∖server∖share", "(link removed)"},
		{"evil.example/phish?u=jane", "(link removed)"}, {"evil.example?u=jane evil.example#x", "(link removed) (link removed)"},
		{"evil.example:8080/x", "(link removed)"}, {"evil.zone/?u=1 evil.zone/%41", "(link removed) (link removed)"}, {"1.2.3.4/x", "(link removed)"},
		{"linkedin.com/in/jane", "(link removed)"}, {"jane@evil.example/x", "jane@(link removed)"}, {"xn--e1afmkfd.xn--p1ai/x", "(link removed)"},
		{"etc...evil.example/x", "etc...(link removed)"}, {"asp.net/login?x=1", "(link removed)"}, {"(://evil)", "(:(link removed))"},
	})
}

func TestGluedLinksLeaveTheWordsAroundThem(t *testing.T) {
	altered(t, [][2]string{
		{"Websitehttps://jane.example Resume", "Website(link removed) Resume"}, {"请访问www.evil.example谢谢", "请访问(link removed)谢谢"},
		{"看https://evil.example/a吧", "看(link removed)吧"}, {"请访问evil.example/x吧", "请访问(link removed)吧"}, {"ท//evil.example", "ท(link removed)"},
		{"//evil.example에서", "(link removed)에서"}, {"请-evil.example/x", "请-(link removed)"}, {"git+ssh://a", "git+(link removed)"}, {"view-source:https://a", "view-source:(link removed)"},
	})
}

func TestDisguisedLinksAreRemoved(t *testing.T) {
	altered(t, [][2]string{
		{"java\u200bscript:alert(1)", "(link removed)"}, {"htt\u00adps://evil.example", "(link removed)"}, {"java\x00script:alert(1)", "(link removed)"},
		{"ja<!-- x -->vascript:alert(1)", "ja vascript:alert(1)"}, {"htt\u200bps:/\u2060/evil", "(link removed)"},
		{"ｈｔｔｐｓ：／／ｅｖｉｌ．ｅｘａｍｐｌｅ", "(link removed)"}, {"https:⁄∕evil.example", "(link removed)"}, {"https∶//evil", "(link removed)"},
		{"𝐡𝐭𝐭𝐩𝐬://evil", "(link removed)"}, {"javaſcript:alert(1)", "(link removed)"}, {"ⓦⓦⓦ.evil.example", "(link removed)"},
		{"һttps://evil.example", "һ(link removed)"}, {"https&#58;//evil.example", "https&#58;(link removed)"}, {"hxxps[:]//evil.example/x", "hxxps(:)(link removed)"},
		{"https://evil.example<b>https://evil.example", "(link removed)&lt;b&gt;(link removed)"}, {"\x1b[31mhttps://e\x1b[0mvil", "(link removed)"},
	})
}

// Two companies with a slash between them are words, and words are never dropped.
func TestProperNamesOnBothSidesOfASlashAreSetApart(t *testing.T) {
	for in, want := range map[string]string{
		"Booking.com/Agoda":        "Booking.com / Agoda",
		"at Salesforce.com/Slack,": "at Salesforce.com / Slack,",
		"github.com/janedoe":       "(link removed)",
		"Booking.com/Agoda/Other":  "(link removed)",
		"Booking.com/Agoda?x=1":    "(link removed)",
	} {
		if got := Line(in, 0).String; got != want {
			t.Errorf("Line(%q) = %q, want %q", in, got, want)
		}
	}
}
