package sanitize

import (
	"strings"
	"testing"

	"instaview-mcp/internal/sanitize/sanitizetest"
)

func TestForModelEscapesWhereMarkupCouldBegin(t *testing.T) {
	for in, want := range map[Clean]Clean{
		"HTML <canvas> and <video>": "HTML &lt;canvas&gt; and &lt;video&gt;",
		"std::map<K, V>":            "std::map&lt;K, V&gt;",
		"Vec<Vec<u8>>":              "Vec&lt;Vec&lt;u8&gt;&gt;",
		"</b> <!-- x <?php <<SYS>>": "&lt;/b&gt; &lt;!-- x &lt;?php &lt;&lt;SYS&gt;&gt;",
		"<|im_start|>":              "&lt;|im_start|&gt;",
		"<¦im_start¦> <｜User｜>":     "&lt;¦im_start¦&gt; &lt;｜User｜&gt;",
		"if a<b then b>a":           "if a&lt;b then b&gt;a",
		"<1@b.example>":             "&lt;1@b.example&gt;",
		"ends in <":                 "ends in &lt;",
		"<Company Confidential>":    "&lt;Company Confidential&gt;",
	} {
		if got := ForModel(in); got != want {
			t.Errorf("ForModel(%q) = %q, want %q", in, got, want)
		}
	}
	for _, s := range []Clean{
		"", "plain", "p99<10ms", "a < b > c", "-> => <- <=> <=", "latency <5ms and >1M rps", "<1 year", "<3", "x <данные> y", "2 << 3", "R&amp;D & Co", "&lt;", "<€5", "≤ 5", "1 <2>",
	} {
		want := Clean(strings.ReplaceAll(string(s), "<< 3", "&lt;< 3"))
		if got := ForModel(s); got != want {
			t.Errorf("ForModel(%q) = %q", s, got)
		}
	}
}

func TestForMarkdownEscapesItsSigns(t *testing.T) {
	for in, want := range map[Clean]Clean{
		"*bold* and **more**":       `\*bold\* and \*\*more\*\*`,
		"_italic_ and __init__":     `\_italic\_ and \_\_init\_\_`,
		"snake_case prof_1 žltá_ž":  "snake_case prof_1 žltá_ž",
		"[x](y)":                    `\[x\](y)`,
		"~~gone~~ ~30%":             `\~\~gone\~\~ ~30%`,
		`C:\Users\jane \* x\`:       `C:\Users\jane \\\* x\\`,
		"R&amp;D &#42; R&D AT&T; x": `R\&amp;D \&#42; R&D AT\&T; x`,
		"# head":                    `\# head`,
		"#1 Seller":                 `\#1 Seller`,
		"> quote":                   `\> quote`,
		">1M rps":                   `\>1M rps`,
		"- item":                    `\- item`,
		"-5 % of cost":              "-5 % of cost",
		"+ item":                    `\+ item`,
		"+421":                      "+421",
		"1. first":                  `1\. first`,
		"1) first":                  `1\) first`,
		"1.5 years":                 "1.5 years",
		"2019":                      "2019",
		"":                          "",
		"<b>*x*</b>":                `&lt;b&gt;\*x\*&lt;/b&gt;`,
		"a < b":                     "a < b",
		"C++ * 2 - 1":               `C++ \* 2 - 1`,
		"***":                       `\*\*\*`,
		"*":                         `\*`,
	} {
		if got := ForMarkdown(in); got != want {
			t.Errorf("ForMarkdown(%q) = %q, want %q", in, got, want)
		}
	}
}

// Whatever is cleaned, no target lets it act.
func FuzzTargets(f *testing.F) {
	for _, s := range seeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		clean := Line(s, 0).Clean
		if wrong := sanitizetest.Unsafe(string(ForModel(clean))); wrong != "" {
			t.Errorf("ForModel(%q): %s", clean, wrong)
		}
		document := string(ForMarkdown(clean))
		if back := strings.NewReplacer("&lt;", "<", "&gt;", ">").Replace(unescaped(document)); back != strings.NewReplacer("&lt;", "<", "&gt;", ">").Replace(string(clean)) {
			t.Errorf("ForMarkdown(%q) = %q, which is read as %q", clean, document, back)
		}
	})
}

// unescaped drops the '\' of every Markdown escape.
func unescaped(s string) string {
	var out strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) && strings.IndexByte("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", s[i+1]) >= 0 {
			i++
		}
		out.WriteByte(s[i])
	}
	return out.String()
}
