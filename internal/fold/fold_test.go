package fold

import "testing"

func TestSpellingsOfAWordFoldAlike(t *testing.T) {
	for _, spellings := range [][]string{
		{"simoncicova", "Šimončičová", "ŠIMONČIČOVÁ", "S\u030cimonc\u030cic\u030cova\u0301"},
		{"lukasz", "Łukasz", "ŁUKASZ"},
		{"dang", "Đặng", "ĐẶNG"},
		{"strasse", "Straße", "STRASSE"},
		{"izmir", "İzmir", "Izmir", "ızmir"},
		{"marta", "Ｍａｒｔａ", "Mar\u00adta", "ＭARTA"},
		{"γιωργοσ", "Γιώργος", "ΓΙΏΡΓΟΣ"},
		{"елена", "Елена", "ЕЛЕНА"},
		{"محمد", "مُحَمَّد", "محمّد"},
		{"احمد", "أحمد"},
		{"王小明", "王小明"},
		{"गांधी", "गाँधी"},
	} {
		for _, s := range spellings[1:] {
			if got := Word(s); got != spellings[0] {
				t.Errorf("Word(%q) = %q, want %q", s, got, spellings[0])
			}
		}
	}
}

func TestWordsOfATextStandApart(t *testing.T) {
	for s, want := range map[string]string{
		"  Đặng Quốc-Bảo ": "dang quoc bao",
		"O’Brien, Seán":    "o brien sean",
		"王小明 (Xiaoming)":   "王小明 xiaoming",
		"·":                "",
	} {
		if got := Text(s); got != want {
			t.Errorf("Text(%q) = %q, want %q", s, got, want)
		}
	}
}
