package blind

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestNamesAreReadWithoutTitlesAndSlogans(t *testing.T) {
	for field, want := range map[string]string{
		"Jana Nováková":                               "Jana Nováková",
		"Ing. Jana Nováková, PhD.":                    "Jana Nováková",
		"prof. MUDr. Ján Čierny, DrSc., MPH":          "Ján Čierny",
		"Nováková, Jana":                              "Jana Nováková",
		"Nováková, Ing., Jana, PhD.":                  "Jana Nováková",
		"NOVÁKOVÁ, Jana":                              "Jana NOVÁKOVÁ",
		"García Márquez, Gabriel":                     "Gabriel García Márquez",
		"Jane Doe, Acme Corp":                         "Jane Doe",
		"Jane Doe, Data Engineer":                     "Jane Doe",
		"Jane Doe - Hiring Go Engineers!":             "Jane Doe",
		"CTO | Jane Doe":                              "Jane Doe",
		"⭐ AWS Certified ⭐ Jane Doe":                  "Jane Doe",
		"Jane Doe 🚀 building the future":              "Jane Doe",
		"Senior Jane Doe":                             "Jane Doe",
		"Jane Doe (she/her)":                          "Jane Doe",
		"Jane Doe [they/them] (Open to work)":         "Jane Doe",
		"(Jane) Doe":                                  "Doe Jane",
		"Anna Kowalska (Nowak)":                       "Anna Kowalska Nowak",
		"Anna Kowalska (née Nowak)":                   "Anna Kowalska Nowak",
		`Robert "Bob" Smith`:                          "Robert Smith Bob",
		"王小明 (Xiaoming Wang)":                         "王小明 Xiaoming Wang",
		"王小明 | Xiaoming Wang":                         "王小明 Xiaoming Wang",
		"J.R. Smith":                                  "J.R Smith",
		"Jane Doe, J.D.":                              "Jane Doe",
		"Jack Ma":                                     "Jack Ma",
		"Jack Smith MA":                               "Jack Smith",
		"Robert Downey Jr.":                           "Robert Downey",
		"Martin Luther King III":                      "Martin Luther King",
		"Jane Doe @ Acme":                             "Jane Doe",
		"Head of Engineering at Acme | Viktor Olsson": "Viktor Olsson",
		"LinkedIn Member":                             "",
		"":                                            "",
		"...":                                         "",
	} {
		var words []string
		for _, w := range readName(field) {
			words = append(words, w.text)
		}
		if diff := cmp.Diff(want, strings.Join(words, " ")); diff != "" {
			t.Errorf("%q (-want +got):\n%s", field, diff)
		}
	}
}
