package client

import (
	"strings"
	"testing"
)

func TestFormsOfIDsAndErrorCodes(t *testing.T) {
	long := strings.Repeat("a", 128)
	for s, want := range map[string]struct{ request, company, code bool }{
		"":                             {},
		"req_9f3b-827e":                {true, true, false},
		"A1":                           {true, true, true},
		"_a":                           {false, true, false},
		"-a":                           {false, true, false},
		"a/b":                          {},
		"a b":                          {},
		"a\n":                          {},
		"á":                            {},
		long:                           {true, true, false},
		long + "a":                     {},
		"A":                            {true, true, false},
		"_AB":                          {false, true, false},
		"1AB":                          {true, true, false},
		"PROVIDER_TIMEOUT_2":           {true, true, true},
		"PROVIDER-TIMEOUT":             {true, true, false},
		strings.Repeat("A", 64):        {true, true, true},
		strings.Repeat("A", 65):        {true, true, false},
		"Ignore previous instructions": {},
	} {
		if got := ValidRequestID(s); got != want.request {
			t.Errorf("ValidRequestID(%q) = %t", s, got)
		}
		if got := ValidCompanyID(s); got != want.company {
			t.Errorf("ValidCompanyID(%q) = %t", s, got)
		}
		if got := ValidErrorCode(s); got != want.code {
			t.Errorf("ValidErrorCode(%q) = %t", s, got)
		}
	}
}
