package sanitize

import (
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// hides asserts that each text, cleaned, is hidden from what stands between « »
// on, and that what stands around is shown.
func hides(t *testing.T, texts ...string) {
	t.Helper()
	for _, marked := range texts {
		in := Line(strings.NewReplacer("«", "", "»", "").Replace(marked), 0).Clean
		want := regexp.MustCompile("«[^»]*»").ReplaceAllString(marked, contactHidden)
		if got := HideContacts(in); string(got) != want {
			t.Errorf("%q is shown as %q, want %q", in, got, want)
		}
	}
}

// shows asserts that each text is shown as it is.
func shows(t *testing.T, texts ...string) {
	t.Helper()
	for _, s := range texts {
		if got := HideContacts(Clean(s)); string(got) != s {
			t.Errorf("%q is shown as %q", s, got)
		}
	}
}

func TestAddressesAreHiddenWhole(t *testing.T) {
	hides(t,
		"«jane@evil.com»", "Write to «jane.doe+x@sub.evil.co.uk», or not.", "«a@b.co»", "<«jane@evil.com»>", "'«jane@evil.com»'", "(«jane@evil.com»)", "e-mail:«jane@evil.com»;x",
		"«JANE@EVIL.COM»", "«Jane.Doe@Corp.com»", "«jane@xn--e1afmkfd.xn--p1ai»", "«jane_doe-2@a-b.example»", "«jane@evil-.com»", "«jane.@evil.com»",
		"«jane'o@evil.com»", "«o’brien@evil.com»", "«jane#1@evil.com»", "«jane!x@evil.com»", "«jane&co@evil.com»", `«"jane doe"@evil.com»`, "«info@firma.sk»",
		"«jané@évil.com»", "«Ján.Novák@šport.sk»", "«иван@пример.рф»", "Пишите на «ivan@yandex.ru».", "«राम@उदाहरण.भारत»", "«δοκιμή@παράδειγμα.ελ»", "«用户@例子.中国»", "«محمد@مثال.مصر»",
		"邮箱«li@qq.com»谢谢", "メールは«taro@example.jp»まで", "이메일«kim@naver.com»입니다", "«hr@booking.com»", "«jane@163.com»", "«sales@monday.com»", "«ceo@evil.com»",
	)
}

func TestDisguisedAddressesAreHidden(t *testing.T) {
	hides(t,
		"«ｊａｎｅ＠ｅｖｉｌ．ｃｏｍ»", "«jane＠evil.com»", "«jane﹫evil.com»", "«jane@evil．com»", "«jane@evil。com»", "«jane@evil․com»", "«jane@evil｡com»",
		"«jane@ evil.com»", "«jane @evil.com»", "«jane @ evil.com»", "«support @ evil.com»", "«jane.doe @ Evil.com»", "«jane@evil. com» now", "«jane@evil .com»", "«jane@evil . com»",
		"«jane(at)evil.com»", "«jane (at) evil.com»", "«jane(at)evil(dot)com»", "«jane ( at ) evil ( dot ) co ( dot ) uk»", "«jane{at}evil{dot}com»", "«jane <at> evil.com»", "«jane(@)evil.com»", "«JANE (AT) EVIL (DOT) COM»",
		"«jane(ät)evil(punkt)de»", "«jane(arroba)evil(punto)es»", "«jane arroba evil punto com»",
		"«jane at evil dot com»", "Mail me: «jane at evil dot net»", "«jane.doe at evil dot co dot uk»", "«jane_doe at evil dot io»", "«jane at gmail.com», please",
		"«jane&#64;evil.com»", "«jane&#x40;evil.com»", "«jane&commat;evil.com»", "«jane&#064;evil&#46;com»", "«jane&#x00040;evil.com»", "«jane（at）evil．com»", "«jane（ａｔ）evil．com»", "«𝐣𝐚𝐧𝐞@𝐞𝐯𝐢𝐥.𝐜𝐨𝐦»", "«jane=1@evil.com»", "«jane@evil..com»",
		"«jane@(192.168.0.1)»", "«jane@evil dot com»", "«jane_at_evil_dot_com»", "«jane -at- evil -dot- com»", "«CEO@evil.com»", "«Jobs@Acme.com»", "«HR@Acme.com»", "«jane%40evil.com»", "«jane&#64evil.com»", `«"jane@home"@evil.com»`, "«jane%40evil%2Ecom»",
		"«jane dot doe at gmail dot com»", "«jane (dot) doe (at) evil (dot) com»", "«jane(dot)doe@evil.com»", "«jane@evil,com»", "«jane@@evil.com»", "«jane(a)evil.com»", "«jane zavináč evil tečka cz»", "«jane(zavinac)evil.sk»", "«jane (małpa) evil.pl»",
		"«jane chiocciola evil punto it»", "«jane ät evil punkt de»", "«jane kukac evil pont hu»", "E-mail: «jane at evil.com»", "Email me: «jane.doe at evil.co.uk»",
	)
	for in, want := range map[string]string{
		"jane\n@\nevil.com": "(contact hidden)", "jane@\u200bevil\u00ad.com": "(contact hidden)", "jane[at]evil[dot]com": "(contact hidden)", "jane@evil.com/x": "(contact hidden) (link removed)",
	} {
		if got := HideContacts(Line(in, 0).Clean); string(got) != want {
			t.Errorf("%q is shown as %q, want %q", in, got, want)
		}
	}
}

func TestWhatHasAnAtIsNoAddress(t *testing.T) {
	shows(t,
		"Upgraded react@17.0.2 to react@18.2.0", "@types/node@20.1.0", "lodash@4.17.21, vue@3.5.0-beta.1", "vite@5.0.0.beta", "image@sha256:abc", "actions/checkout@v4", "golang@1.21.alpine",
		"git@github.com mirrors", "git@gitlab.com:group/repo.git", "user@host syntax", "root@localhost", "ssh ubuntu@10.0.0.1", "CTO@Booking.com", "SWE@Amazon.com", "Engineer@Wix.com",
		"5@10.00", "3@5.5", "@handle on X", "Pat @ Acme", "Head of Growth @ Acme.io", "Software Engineer @ Booking.com", "engineer @ booking.com", "VP @ Zoom.us", "Founder @ draw.io",
		"@media, @Override and @dataclass", "p@ssw0rd", "20 @ 40 kHz", "team @ Spotify", "x@y", "meet @ 10.30", "@angular/core@17.3.1", "Data Scientist@Booking.com", "Team Lead (at) Acme.io", "Vývojár @ eset.sk", "Инженер @ yandex.ru", "Entwickler @ check24.de", "Growth @ monday.com", "CTO (at) Booking.com",
	)
}

func TestSpokenWordsAreNoAddress(t *testing.T) {
	shows(t,
		"Knows how to talk at scale dot net", "Uses AT&T, at the dot-com era", "expert at asp dot net", "good at dot net", "Strong at VB dot net and C#", "works at booking dot com", "Engineer at Booking.com",
		"worked at yahoo.com and gmail.com", "engineer at gmail.com", "meets at point A", "looking at punkt de", "at 10 dot 5", "led a team at Amazon dot com", "(at) the office", "rate (at) 5.0",
		"f(a)x.io", "works dot by dot", "Team lead at evil.com since 2019", "email marketing lead at evil.com", "Dev @ Acme,in Berlin", "react@18,2,0",
	)
}

func TestInternationalNumbersAreHidden(t *testing.T) {
	hides(t,
		"«+421905123456»", "«+421 905 123 456»", "«+421-905-123-456»", "«+421–905–123–456»", "«+421 (0) 905 123 456»", "«+421 905 12 34 56»", "«(+421) 905 123 456»", "«+421/905/123456»", "«+421.905.123.456»",
		"«+44 (0)20 7946 0958»", "«+44 20 7946 0958»", "«+44 020 7946 0958»", "«+44 7911 123456»", "«+1 (415) 555-2671»", "«+1(415)555-2671»", "«+1.415.555.2671»", "«+1-415-555-2671 ext. 12»", "«+1 123-456-7890»",
		"«+49/171/1234567»", "«+49 171 1234567»", "«+49 30 123456-78»", "«+33 6 12 34 56 78»", "«+33 (0)6 12 34 56 78»", "«+39 06 1234 5678»", "«+34 612 345 678»", "«+48 601 234 567»", "«+420 777 123 456»",
		"«+7 (495) 123-45-67»", "«+7 916 123 45 67»", "«+380 44 123 4567»", "«+90 532 123 45 67»", "«+91 98765 43210»", "«+91-98765-43210»", "«+86 138 1234 5678»", "«+81 90-1234-5678»", "«+82 10-1234-5678»",
		"«+55 11 98765-4321»", "«+52 55 1234 5678»", "«+61 412 345 678»", "«+971 50 123 4567»", "«+966 50 123 4567»", "«+972 52-123-4567»", "«+65 9123 4567»", "«+852 9123 4567»", "«+234 803 123 4567»", "«+27 82 123 4567»",
		"«+47 912 34 567»", "«+45 12 34 56 78»", "«+46 70 123 45 67»", "«+358 40 1234567»", "«+36 20 123 4567»", "«+40 721 234 567»", "«+30 691 234 5678»", "«+353 85 123 4567»", "«+995 555 12 34 56»", "«+84 912 345 678»",
		"«＋４２１ ９０５ １２３ ４５６»", "«+٤٢١٩٠٥١٢٣٤٥٦»", "«+४२१९०५१२३४५६»", "«+۹۸ ۹۱۲ ۳۴۵ ۶۷۸۹»", "«+৮৮০ ১৭১২ ৩৪৫৬৭৮»", "«+๖๖ ๘๑ ๒๓๔ ๕๖๗๘»",
		"«00421 905 123 456»", "«0044 20 7946 0958»", "«00 49 171 1234567»", "«00421-905-123456»", "电话«+8613812345678»谢谢", "Call «+421 905 123 456», 2019-2023", "«+421 905 123 456» - 2019", "mobil«+421905123456»",
		"«+421 905 123 456» / x", "5 years, «+421 905 123 456».", "«+ 421 905 123 456»", "call: «+ 1 415 555 2671»", "«+4 2 1 9 0 5 1 2 3 4 5 6»", "«+421(0)905123456»",
		"«+(421) 905 123 456»", "«011 44 20 7946 0958»", "«01144 20 7946 0958»",
	)
}

func TestNationalNumbersAreHiddenByTheirGrouping(t *testing.T) {
	hides(t,
		"«(415) 555-2671»", "«415-555-2671»", "«415.555.2671»", "«1-415-555-2671»", "«415 555 2671»", "«0905 123 456»", "«0905/123 456»", "«0905/123456»", "«0905-123-456»", "«(0905) 123 456»", "«020 7946 0958»", "«(020) 7946 0958»",
		"«06 12 34 56 78»", "«06.12.34.56.78»", "«06-12-34-56-78»", "«01234 567890»", "«07911 123456»", "«0171 1234567»", "«030 / 1234567»", "«089/123456»", "«0664 1234567»", "«079 123 45 67»", "«0470/12.34.56»", "«06 1 234 5678»",
		"«8 (495) 123-45-67»", "«8-800-555-35-35»", "«8 916 123 45 67»", "«0532 123 45 67»", "«0 (532) 123 45 67»", "«052-123-4567»", "«090-1234-5678»", "«03-1234-5678»", "«010-1234-5678»", "«138 1234 5678»", "«0912-345-678»",
		"«(11) 98765-4321»", "«11 98765-4321»", "«(03) 9374 4000»", "«0412 345 678»", "«081 234 5678»", "«۰۹۱۲ ۳۴۵ ۶۷۸۹»", "«٠٥٠ ١٢٣ ٤٥٦٧»", "since 2019 «0905 123 456»", "«0905 123 456» / «0905 123 457»", "«0905–123–456»", "«(0)905 123 456»", "«８ (４９５) １２３-４５-６７»", "«02 2034 5678»", "«02/5555 1234»", "«0421 905 123 456»", "«415-5552671»", "«0 532 123 45 67»", "«098765 43210»", "«(415) - 555 - 2671»", "«(415) — 555 — 2671»", "«021-1234567»",
	)
}

func TestNationalNumbersAreHiddenBehindAWordForThem(t *testing.T) {
	hides(t,
		"tel. «0905 123 456»", "Tel.: «905123456»", "phone «5552671»", "Phone number: «555-2671»", "mobile no. «98765 43210»", "Mobil: «612 345 678»", "cell: «4155552671»", "call me at «612345678»", "WhatsApp: «+1 (212) 555‑0100»",
		"☎ «55 12 34»", "☎️ «601234567»", "📞«612345678»", "Handy «1711234567»", "Telefon: «12345678»", "Tel. č.: «905123456»", "GSM: «532 123 45 67»", "fax: «12 34 56 78»", "Viber - «0905123456»",
		"тел. «4951234567»", "Моб.: «9161234567»", "телефон: «123-45-67»", "τηλ. «2101234567»", "κιν: «6912345678»", "هاتف: «0501234567»", "جوال «٠٥٠١٢٣٤٥٦٧»", "تلفن: «۰۹۱۲۳۴۵۶۷۸۹»", "טל: «0521234567»", "נייד «0521234567»",
		"फ़ोन: «9876543210»", "मोबाइल नंबर «९८७६५४३२१०»", "电话：«13812345678»", "手机 «13812345678»", "携帯«09012345678»", "電話番号：«0312345678»", "전화: «01012345678»", "휴대폰 «01012345678»", "โทร. «0812345678»", "SĐT: «0912345678»",
		"tél. : «0612345678»", "móvil «612345678»", "komórka: «601234567»", "cep: «5321234567»", "puh. «0401234567»", "tlf. «12345678»", "mob «0905123456», x", "M: «0905123456»", "T: «905 123 456»", "Tel.«0905123456»", "phone=«0905123456»", "phone#«0905123456»", "call/text «4155552671»", "Signal: «0905123456»", "微信同号 «13800138000»", "모바일: «01012345678»",
		"Telefónne číslo: «0905123456»", "telefonní číslo «777123456»", "numer telefonu «601234567»", "número de teléfono: «612345678»", "Contact «0905123456»", "טל' «0521234567»", "сот. «89161234567»",
		"Mobilné číslo: «0905123456»", "číslo telefónu: «905123456»", "číslo mobilu «601234567»", "nr kom. «601234567»", "Mobilfunknummer: «1711234567»", "telefoonnummer «612345678»", "mobilszám: «301234567»", "telefon numarası: «5321234567»",
		"номер мобильного: «9051234567»", "телефонен номер «881234567»", "broj telefona: «641234567»", "tālr. «21234567»", "puhelinnumeroni on «401234567»", "símanúmer «6123456»", "αριθμός τηλεφώνου: «6941234567»", "手机号码是«13812345678»", "携帯番号：«09012345678»", "전화번호는 «01012345678»",
		"Text me: «4155552671»", "Phone or text «4155552671»", "reachable at «4155552671»", "tel_«0301234567»", "«4155552671» (mobile)", "«07700900123» (WhatsApp)", "«905123456» (tel.)", "«98765 43210» (M)",
	)
}

func TestNumbersThatCountAreShown(t *testing.T) {
	shows(t,
		"+10000000 users", "+150.000.000 EUR", "+2019-2023", "Sales +2019-2023 CAGR", "Grew base by +12 500 000 users", "from 0 to +1000000000 rows", "+44 market expansion", "+44 500 000 000 users", "+33 100 000 000 EUR",
		"+25 000 000 downloads", "+1 for teamwork", "5+5 years", "+20 000 000", "+500%", "+49 500 000 000 €", "+36 % p.a., +48 % q/q", "UTC+05:30", "GMT+0100", "2024-01-15T10:00:00+02:00", "v1.2.3-rc.1+20240115123456", "1+4155552671",
		"10000000 users and 100 000 000 events", "612 345 678 rows", "1 234 567,89", "100 200 300", "$1,234,567", "1.234.567,89 Kč", "200-300-4000 employees", "Mobile: 12 500 000 users", "phone 10000000 calls", "+687 250 000", "+298 500 000", "GSM 850/1900 and LTE 800/1800", "C++ 17 2019 2020", "Google+ 123456789", "2 + 421905123456", "J. Med. 2(34) 567-890",
		"phone 123456 units", "handled 500000 calls (mobile)", "2010 - 2015 (mobile)", "100 - 200 - 3000", "team of 415 - 500 - 600", "Telegram: 1000000 subscribers", "mobile game: 10000000 installs", "M: 2019-2020", "12345678 rows (total)",
	)
}

func TestNumbersOfThingsAreShown(t *testing.T) {
	shows(t,
		"Employee no. 0012345678", "Ticket 00123456789 closed", "ISBN 978-3-16-148410-0", "ISBN 0-306-40615-2", "ISBN-10: 0306406152", "US 10,123,456 B2 and EP 1234567 A1", "patent WO 2015/123456", "DE 10 2015 123 456", "JP 05-123456",
		"DOI 10.1145/3292500.3330701", "arXiv 1706.03762v5", "RFC 7231, ISO 27001:2022", "IBAN DE89 3704 0044 0532 0130 00", "SK31 1200 0000 1987 4263 7541", "ORCID 0000-0002-1825-0097", "CVE-2021-44228", "Boeing 737-800", "CPT 99213",
		"4111 1111 1111 1111", "192.168.100.200", "10.0.0.1/24", "8.8.8.8", "MAC 00:1a:2b:3c:4d:5e", "550e8400-e29b-41d4-a716-446655440000", "prof_0905-123-456", "IČO 01 234 567", "SIRET 012 345 678 90123", "Order 0905 123 456",
		"48.148598, 17.107748", "0x0905123456", "SHA 0905123456abcdef", "Bug #0905 123 456", "$0905 123 456", "build 1.415.555.2671", "ID: 415-555-2671", "98101 98052",
	)
}

func TestDatesAreShown(t *testing.T) {
	shows(t,
		"2015-2019", "2019 – 2023", "٢٠١٥–٢٠١٩", "01.02.2019", "01.02.2019 - 03.04.2020", "09/2019 - 12/2021", "01/2019-05/2021", "2019-03-15 10", "05-06-2019 10", "08.30-17.00", "(10) 2019-2023", "Mobile 2019-2023", "phone (2015–2019)",
		"mobile 2019-03-15", "Cell 2015 2016", "06 2019 2021", "1998 1999 2000", "20190115 123456", "2019/2020 2020/2021", "04.05.2019 123 456", "Smith (2019) 123-4567", "call 24/7/365", "06.00 12.00 18.00", "05 10 15 20 25 30", "Handy, 2015-2019",
	)
}

func TestHidingSettles(t *testing.T) {
	for _, s := range []string{"jane@evil.com +421 905 123 456", "jane@jane@evil.com", "javascript:+421905123456", "a at b dot com at c dot com", "tel tel 123456 tel 123456"} {
		once := HideContacts(Line(s, 0).Clean)
		if twice := HideContacts(once); twice != once {
			t.Errorf("%q, hidden: %q, again: %q", s, once, twice)
		}
	}
}

func FuzzHideContacts(f *testing.F) {
	for _, s := range []string{"jane@evil.com", "tel. +421 (0) 905 123 456", "jane at evil dot com", "\"a b\"@c.de", "(020) 7946 0958 / 0905 123 456", "٠٥٠ ١٢٣ ٤٥٦٧", "1+1 (2) 3@4.5"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		in := string(Line(s, 0).Clean)
		got := replaceContacts(in)
		// The fast check must never miss what the search would find.
		address, number := mayHoldContact(in)
		folded := fold(in)
		if found := folded.addresses(); !address && len(found) > 0 || !number && len(folded.phoneNumbers()) > 0 {
			t.Fatalf("%q holds a contact", in)
		}
		// Nothing but the contacts may change: what is shown is in the text.
		rest := in
		for i, part := range strings.Split(got, contactHidden) {
			at := strings.Index(rest, part)
			if at < 0 || i == 0 && at > 0 {
				t.Fatalf("%q is shown as %q", in, got)
			}
			rest = rest[at+len(part):]
		}
	})
}

func BenchmarkHideContacts(b *testing.B) {
	for _, c := range []struct{ name, text string }{
		{"none", rationale},
		{"digits", rationale + " From 2019-2023 she served 10 000 000 users."},
		{"contacts", rationale + " Write to jane@example.com or call +421 905 123 456."},
		{"chinese", strings.Repeat("李雷是一位资深工程师。", 30)},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				HideContacts(Clean(c.text))
			}
		})
	}
}

// Signs that are only read as ASCII, and spellings in any case.
func TestContactsInLookAlikesOfASCIIAreHidden(t *testing.T) {
	hides(t,
		"«jane＆#64;evil.com»", "«jane％40evil.com»", "«jane ａｔ evil ｄｏｔ com»", "«jane＠evil，com»", "«jane＜at＞evil.com»", "«jane at Proton.me»", "«jane at PROTON.me»",
		"«jane@evil tečka cz»", "«jane@evil bodka sk»", "«jane –at– evil –dot– com»", "«jane – at – gmail.com»", "tel. «⁹⁰⁵ ¹²³ ⁴⁵⁶»", "tel. «①②③④⑤⑥»", "tel. «𝟗𝟎𝟓𝟏𝟐𝟑»",
	)
}

func TestAContactInAVeryLongWordIsHidden(t *testing.T) {
	s := "Engineer at " + strings.Repeat("a", 2*maxDomain) + "_jane_at_evil_dot_com"
	if got := HideContacts(Line(s, 0).Clean); strings.Contains(string(got), "evil") {
		t.Errorf("%q is shown", got)
	}
}

// The fast check may be wrong only about texts without a contact.
func TestFastCheckMissesNoContact(t *testing.T) {
	const mixtures = 40_000
	random := rand.New(rand.NewPCG(5, 6))
	all := slices.Concat(slices.Concat(addressParts...), slices.Concat(numberParts...))
	found := 0
	for range mixtures {
		parts := addressParts
		if random.IntN(3) == 0 {
			parts = numberParts
		}
		var s strings.Builder
		for _, part := range parts {
			if random.IntN(8) == 0 {
				part = all
			}
			s.WriteString(part[random.IntN(len(part))])
		}
		in := string(Line(s.String(), 0).Clean)
		got, want := replaceContacts(in), searchContacts(in, true, true)
		if got != want {
			t.Fatalf("%q is shown as %q, and with a full search as %q", in, got, want)
		}
		if want != in {
			found++
		}
	}
	if found < mixtures/5 {
		t.Errorf("only %d of %d mixtures have a contact", found, mixtures)
	}
}

// The parts of contacts in order, in many spellings.
var (
	addressParts = [][]string{
		strings.Split("|Write to |e-mail: |mail me |Engineer |（|“", "|"),
		strings.Split("jane|Jane.Doe|ján|иван|用户|x1|a|jane dot doe|\"jane doe\"|git|hr", "|"),
		strings.Split("@|@@| @ |＠|﹫|%40|％40|&#64;|&#x0040;|＆#64;|&commat;|(at)|( AT )|{at}|<at>|＜at＞|（ａｔ）|(a)|(@)|( @ )| at |_at_|-at-| – at – |–at–| AT | ａｔ | ät | zavináč |(zavinac)| małpa | malpa | kukac | arroba | klammeraffe |(chiocciola)| chiocciola | at ", "|"),
		strings.Split("evil| evil|Evil|gmail|Proton|mail.evil|évil|例子|пример|a-b|"+strings.Repeat("a", 62)+"|"+strings.Repeat("ы", 63)+"|"+strings.Repeat("中", 64)+"|[10.0.0.1]|", "|"),
		strings.Split(".|. | . |( . )|,|，|．|。|·|․|..|(.)|(dot)| dot |_dot_| –dot– |–dot–| DOT | ｄｏｔ | punkt | punto | ponto | tečka | tecka | bodka | kropka | pont |&#46;|%2e|&period;|.", "|"),
		strings.Split("com|sk|COM|net|io|me|рф|中国|xn--p1ai|17|com/x|com, or not", "|"),
	}
	numberParts = [][]string{
		strings.Split("|tel.|tel: |Mobil |電話|手机：|ISBN |no. |v|x |$", "|"),
		strings.Split("|+|00|+421|(0)|0|1|8|(415)|+ |①|²|٠|९|𝟗", "|"),
		strings.Split("| |-|–|.|/|)| - |·|_|,|", "|"),
		strings.Split("905|1|0905|415|9051|９０５|٩٠٥|०९|①②③|⁹⁰⁵", "|"),
		strings.Split("| |-|–|.|/|·|_|,| (|a|й|", "|"),
		strings.Split("123|12|1234|555|٤٥٦|456 789|2019", "|"),
		strings.Split("| |-|–|.", "|"),
		strings.Split("456|2671|12 34|| km|%| ext. 12|\u200d|½", "|"),
	}
)
