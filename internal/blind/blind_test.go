package blind

import "testing"

func TestTheMaskHidesNamesAndNothingElse(t *testing.T) {
	for name, tt := range map[string]struct{ person, text, want string }{
		"the whole name":    {"Jane Doe", "Jane Doe leads; Doe decides.", "the candidate leads; the candidate decides."},
		"parts":             {"Jane Doe", "Jane's team and Ms Doe", "the candidate's team and Ms the candidate"},
		"not inside words":  {"Jane Doe", "Janet and Does", "Janet and Does"},
		"not in lower case": {"Will Mark", "will mark the Mark", "will mark the Mark"},
		"in capitals":       {"JANE DOE", "Jane has led; DOE too", "the candidate has led; the candidate too"},
		"two characters":    {"李雷", "李雷负责数据平台", "the candidate负责数据平台"},
		"degrees stay":      {"Jane Doe, MBA, AWS Certified", "AWS; MBA; Doe", "AWS; MBA; the candidate"},
		"pronouns stay":     {"Jane Doe (She/Her)", "Her team and She", "Her team and She"},
		"particles stay":    {"Zoë van der Meer", "van het team, der beste Meer", "van het team, der beste the candidate"},
		"no second pass":    {"Jane Candidate", "Jane has", "the candidate has"},
		"joined by a ZWNJ":  {"مریم احمدی", "مریم\u200cها و مریم", "مریم\u200cها و the candidate"},
		"parts of two stay": {"Bo Li", "Bo Li leads; Li decides", "the candidate leads; Li decides"},
		"with diacritics":   {"Zuzana Hrušková", "Hrušková and Zuzana", "the candidate and the candidate"},
		"romanised":         {"陈思远 (Siyuan Chen)", "Siyuan Chen (陈思远) and 陈思远说", "the candidate and the candidate说"},
		"hyphens":           {"Anne-Marie O'Brien", "Anne-Marie met Brien", "the candidate met the candidate"},
		"Arabic":            {"سلمى الخطيب", "تقود سلمى فريقًا", "تقود the candidate فريقًا"},
		"Devanagari":        {"अनन्या शर्मा", "अनन्या शर्मा टीम", "the candidate टीम"},
		"no name":           {"", "Jane", "Jane"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := New(tt.person, nil, nil).Hide(tt.text, Prose); got != tt.want {
				t.Errorf("%q becomes %q, want %q", tt.text, got, tt.want)
			}
		})
	}
}
