package client

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

const (
	testKey = "sk_test_canary"
	testRun = "req_550e8400-e29b-41d4-a716-446655440000"
)

// upstream returns a client of a server that answers every request with
// handler.
func upstream(t *testing.T, handler http.HandlerFunc, opts ...Option) *Client {
	t.Helper()
	srv := httptest.NewServer(handler)
	t.Cleanup(srv.Close)
	c, err := New(NewKey(testKey), append([]Option{WithBaseURL(srv.URL)}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.CloseIdleConnections)
	return c
}

func respond(status int, body string, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i < len(headers); i += 2 {
			w.Header().Add(headers[i], headers[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func envelope(members string) string {
	return fmt.Sprintf(`{"success":true,"requestId":%q,%s}`, testRun, members)
}

func TestResultsSendsOneDocumentedRequest(t *testing.T) {
	var got []*http.Request
	c := upstream(t, func(w http.ResponseWriter, r *http.Request) {
		got = append(got, r)
		respond(202, envelope(`"status":"processing"`))(w, r)
	}, WithCompanyID("a b&c"), WithVersion("1.2.3"))
	if _, err := c.Results(t.Context(), testRun); err != nil {
		t.Fatal(err)
	}
	if len(got) != 1 {
		t.Fatalf("requests = %d, want 1", len(got))
	}
	r := got[0]
	for what, pair := range map[string][2]string{
		"method":        {r.Method, "GET"},
		"path":          {r.URL.Path, "/sourcing/" + testRun + "/results"},
		"query":         {r.URL.RawQuery, "companyId=a+b%26c"},
		"authorization": {r.Header.Get("Authorization"), "Bearer " + testKey},
		"user agent":    {r.Header.Get("User-Agent"), "instaview-mcp/1.2.3"},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s = %q, want %q", what, pair[0], pair[1])
		}
	}
}

func TestResultsReadsADocumentedRun(t *testing.T) {
	c := upstream(t, respond(200, envelope(`"status":"completed","foundCount":57,"scoredCount":2,
		"createdAt":"2026-06-02T09:14:03.000Z","completedAt":"2026-06-02T09:15:11Z","ignored":{"a":[1]},
		"candidates":[{"profileId":"prof_31bb","name":"Mira Novak","matchScore":91.5,"skills":["Go"],
			"aiRedFlags":["No lead role"],"emails":["m@example.org"],
			"aiDetailedRationale":[{"title":"Lead","company":"Fjord","duration":"3 years","relevanceExplanation":"Ledger"}],
			"detailedExperience":[{"role":"Lead","company":"Fjord","duration":"2023","highlights":["p99 halved"]}]}]`),
		"X-RateLimit-Limit-Minute", "120", "X-RateLimit-Remaining-Minute", "0"))
	got, err := c.Results(t.Context(), testRun)
	if err != nil {
		t.Fatal(err)
	}
	found, scored, score, none := 57, 2, 91.5, 0
	want := &Results{
		RequestID: testRun, Status: StatusCompleted, HTTPStatus: 200, FoundCount: &found, ScoredCount: &scored,
		CreatedAt:   time.Date(2026, 6, 2, 9, 14, 3, 0, time.UTC),
		CompletedAt: time.Date(2026, 6, 2, 9, 15, 11, 0, time.UTC),
		Candidates: []Candidate{{
			Rank: 1, ProfileID: "prof_31bb", Name: "Mira Novak", MatchScore: &score, Skills: []string{"Go"},
			RedFlags: []string{"No lead role"}, Emails: []string{"m@example.org"},
			Evidence:   []Evidence{{"Lead", "Fjord", "3 years", "Ledger"}},
			Experience: []Position{{"Lead", "Fjord", "2023", []string{"p99 halved"}}},
		}},
		RateLimit: RateLimit{Minute: Window{Limit: 120, Remaining: &none}},
		Date:      got.Date,
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(Results{})); diff != "" {
		t.Errorf("results (-want +got):\n%s", diff)
	}
	if got.Date.IsZero() {
		t.Error("the server's date is not told")
	}
}

func TestOutcomeIsTheBodysStatus(t *testing.T) {
	for name, tt := range map[string]struct {
		http       int
		body       string
		finished   bool
		inProgress bool
	}{
		"processing":                  {202, envelope(`"status":"processing"`), false, true},
		"completed":                   {200, envelope(`"status":"completed"`), true, false},
		"failed is a result":          {200, envelope(`"status":"failed","errorCode":"AGENT_ERROR"`), true, false},
		"processing on 200":           {200, envelope(`"status":"processing"`), false, true},
		"completed on 202":            {202, envelope(`"status":"completed"`), true, false},
		"unknown on 202 runs on":      {202, envelope(`"status":"queued"`), false, true},
		"unknown on 200 ends":         {200, envelope(`"status":"archived"`), false, false},
		"missing on 202 runs on":      {202, `{}`, false, true},
		"missing on 200 ends":         {200, `{"requestId":"` + testRun + `"}`, false, false},
		"unreadable on 202 runs on":   {202, envelope(`"status":{"a":1}`), false, true},
		"empty body on 202 runs on":   {202, ``, false, true},
		"wrapped once in data":        {200, `{"success":true,"data":` + envelope(`"status":"completed"`) + `}`, true, false},
		"no id while processing":      {202, `{"status":"processing"}`, false, true},
		"candidates null":             {200, envelope(`"status":"completed","candidates":null`), true, false},
		"candidates of another kind":  {200, envelope(`"status":"completed","candidates":"x"`), true, false},
		"JSON under a text/html type": {200, envelope(`"status":"completed"`), true, false},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := upstream(t, respond(tt.http, tt.body, "Content-Type", "text/html")).Results(t.Context(), testRun)
			if err != nil {
				t.Fatal(err)
			}
			if got.Finished() != tt.finished || got.InProgress() != tt.inProgress {
				t.Errorf("finished %v, in progress %v; want %v, %v", got.Finished(), got.InProgress(), tt.finished, tt.inProgress)
			}
		})
	}
}

func TestBodiesOutsideTheContractAreRefused(t *testing.T) {
	for name, body := range map[string]string{
		"login page":               `<html>Sign in</html>`,
		"empty":                    ``,
		"null":                     `null`,
		"array":                    `[]`,
		"empty object":             `{}`,
		"another run's":            `{"requestId":"req_other","status":"completed"}`,
		"candidates without an id": `{"status":"completed","candidates":[{"profileId":"p"}]}`,
		"status twice":             envelope(`"status":"processing","status":"completed"`),
		"status twice by case":     envelope(`"status":"processing","STATUS":"completed"`),
		"status twice by long s":   envelope(`"status":"processing","ſtatus":"completed"`),
		"second document":          envelope(`"status":"completed"`) + `{}`,
		"byte order mark":          "\ufeff" + envelope(`"status":"completed"`),
		"nested a million deep":    envelope(`"status":"completed","x":` + strings.Repeat("[", 1_000_000)),
		"unknown field 33 deep":    envelope(`"status":"completed","x":` + strings.Repeat("[", 33) + strings.Repeat("]", 33)),
		"status at both levels":    `{"data":` + envelope(`"status":"completed"`) + `,"status":"processing"}`,
		"another's id in data":     `{"data":{"requestId":"req_other","status":"completed","candidates":[{"profileId":"p"}]},"requestId":"` + testRun + `"}`,
	} {
		t.Run(name, func(t *testing.T) {
			_, err := upstream(t, respond(200, body)).Results(t.Context(), testRun)
			var e *Error
			if !errors.As(err, &e) || e.Code != CodeBadResponse {
				t.Fatalf("error = %v, want %s", err, CodeBadResponse)
			}
			if e.Transient() {
				t.Error("transient, want permanent")
			}
		})
	}
}

func TestOneBrokenCandidateCostsNoOther(t *testing.T) {
	broken := map[string]string{
		"a string":        `"x"`,
		"null":            `null`,
		"empty":           `{}`,
		"a name twice":    `{"profileId":"a","profileId":"b"}`,
		"too deep":        `{"profileId":"a","skills":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + `}`,
		"above 256 KiB":   `{"profileId":"a","rationale":"` + strings.Repeat("x", MaxCandidateBytes) + `"}`,
		"an unnamed blob": `{"skills":["Go"]}`,
		"a deep list":     strings.Repeat("[", 40) + strings.Repeat("]", 40),
		"twice in a list": `{"profileId":"a","aiDetailedRationale":[{"title":"a","title":"b"},{}]}`,
	}
	for name, element := range broken {
		t.Run(name, func(t *testing.T) {
			body := envelope(`"status":"completed","candidates":[{"profileId":"first"},` + element + `,{"profileId":"third"}]`)
			got, err := upstream(t, respond(200, body)).Results(t.Context(), testRun)
			if err != nil {
				t.Fatal(err)
			}
			var ids []string
			for _, c := range got.Candidates {
				ids = append(ids, fmt.Sprintf("%d %s", c.Rank, c.ProfileID))
			}
			if diff := cmp.Diff([]string{"1 first", "3 third"}, ids); diff != "" || got.Broken != 1 {
				t.Errorf("candidates (-want +got):\n%s\nbroken = %d, want 1", diff, got.Broken)
			}
		})
	}
}

func decodeCandidate(t *testing.T, element string) (Candidate, bool) {
	t.Helper()
	d := decoder{json: jsontext.NewDecoder(strings.NewReader(element), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))}
	c, ok, err := d.candidate()
	if err != nil {
		t.Fatal(err)
	}
	return c, ok
}

func TestFieldsOfTheWrongKindLeaveTheCandidate(t *testing.T) {
	score := func(f float64) *float64 { return &f }
	for name, tt := range map[string]struct {
		fields string
		want   Candidate
	}{
		"score in a string":      {`"matchScore":"96"`, Candidate{MatchScore: score(96)}},
		"score null":             {`"matchScore":null`, Candidate{}},
		"score above 100":        {`"matchScore":101`, Candidate{Unreadable: 1}},
		"score negative":         {`"matchScore":-5`, Candidate{Unreadable: 1}},
		"score beyond float64":   {`"matchScore":1e999`, Candidate{Unreadable: 1}},
		"score NaN":              {`"matchScore":"NaN"`, Candidate{Unreadable: 1}},
		"name an object":         {`"name":{"first":"A"}`, Candidate{Unreadable: 1}},
		"skills a string":        {`"skills":"Go"`, Candidate{Skills: []string{"Go"}}},
		"skills with holes":      {`"skills":["Go",null,7,{}]`, Candidate{Skills: []string{"Go", "7"}, Unreadable: 1}},
		"red flags an object":    {`"aiRedFlags":{}`, Candidate{Unreadable: 1}},
		"evidence of strings":    {`"aiDetailedRationale":["x"]`, Candidate{Unreadable: 1}},
		"invalid UTF-8":          {"\"name\":\"J\xffn\"", Candidate{Name: "J\uFFFDn"}},
		"lone surrogate":         {`"name":"J\ud800n"`, Candidate{Name: "J\uFFFDn"}},
		"an endless id":          {`"name":"n","profileId":"` + strings.Repeat("x", 300) + `"`, Candidate{Name: "n", Unreadable: 1}},
		"empty evidence":         {`"aiDetailedRationale":[{}],"detailedExperience":[{"highlights":[]}]`, Candidate{}},
		"unknown fields dropped": {`"phone":"+421"`, Candidate{}},
	} {
		t.Run(name, func(t *testing.T) {
			fields := tt.fields
			if !strings.Contains(fields, "profileId") {
				fields += `,"profileId":"p"`
				tt.want.ProfileID = "p"
			}
			got, ok := decodeCandidate(t, "{"+fields+"}")
			if diff := cmp.Diff(tt.want, got); !ok || diff != "" {
				t.Errorf("ok = %v, candidate (-want +got):\n%s", ok, diff)
			}
		})
	}
}

func TestListsAreCutAtTheirBound(t *testing.T) {
	items := strings.TrimSuffix(strings.Repeat(`"x",`, MaxListItems+50), ",")
	got, ok := decodeCandidate(t, `{"profileId":"p","skills":[`+items+`]}`)
	if !ok || len(got.Skills) != MaxListItems || got.Unreadable != 50 {
		t.Errorf("ok %v, skills %d, unreadable %d; want true, %d, 50", ok, len(got.Skills), got.Unreadable, MaxListItems)
	}
}

func TestSurplusCandidatesAreCutAndTold(t *testing.T) {
	for name, surplus := range map[string]int{"within the body's bound": 500_001, "beyond it": 3_000_000} {
		t.Run(name, func(t *testing.T) {
			body := envelope(`"status":"completed","candidates":[` + strings.Repeat(`{"profileId":"p"},`, MaxCandidates) +
				strings.TrimSuffix(strings.Repeat(`{},`, surplus), ",") + `]`)
			got, err := upstream(t, respond(200, body)).Results(t.Context(), testRun)
			if err != nil {
				t.Fatal(err)
			}
			if len(got.Candidates) != MaxCandidates || !got.Truncated || got.Status != StatusCompleted {
				t.Errorf("candidates %d, truncated %v, status %q; want %d, true, completed",
					len(got.Candidates), got.Truncated, got.Status, MaxCandidates)
			}
		})
	}
}

// A hostile body must not decide how much memory is used.
func TestDecodingHostileBodiesStaysBelow64MiB(t *testing.T) {
	if testing.Short() {
		t.Skip("reads many large bodies")
	}
	fill := func(unit string) string { return strings.Repeat(unit, (MaxBodyBytes-1024)/len(unit)) }
	for name, members := range map[string]string{
		"empty objects":        `"status":"completed","candidates":[` + strings.TrimSuffix(fill(`{},`), ",") + `]`,
		"one huge candidate":   `"status":"completed","candidates":[{"name":"` + fill(`x`) + `"}]`,
		"one huge message":     `"status":"completed","message":"` + fill(`x`) + `"`,
		"tiny list items":      `"status":"completed","candidates":[{"name":"a","skills":[` + strings.TrimSuffix(fill(`"",`), ",") + `]}]`,
		"names by the hundred": `"status":"completed","candidates":[` + strings.Join(slices.Repeat([]string{manyNames()}, 2000), ",") + `]`,
		"small lists":          `"status":"completed","candidates":[` + strings.Join(slices.Repeat([]string{manyLists()}, 380), ",") + `]`,
		"an unknown haystack":  `"status":"completed","x":[` + strings.TrimSuffix(fill(`{"a":1},`), ",") + `]`,
	} {
		t.Run(name, func(t *testing.T) {
			body := envelope(members)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, _ = decodeBody(t.Context(), strings.NewReader(body), 200, testRun)
			runtime.ReadMemStats(&after)
			if got := after.TotalAlloc - before.TotalAlloc; got > 64<<20 {
				t.Errorf("allocated %d MiB, want below 64", got>>20)
			}
		})
	}
}

// manyNames returns a candidate with as many member names as fit into it.
func manyNames() string {
	var b strings.Builder
	b.WriteString(`{"name":"a"`)
	for i := range 255 {
		fmt.Fprintf(&b, `,"n%d":1`, i)
	}
	return b.String() + "}"
}

// manyLists returns a candidate that takes more memory than its JSON.
func manyLists() string {
	position := `{"highlights":["` + strings.Repeat(`","x`, 20) + `"]}`
	return `{"name":"a","detailedExperience":[` + strings.Join(slices.Repeat([]string{position}, MaxListItems), ",") + `]}`
}

// What is derived from results is made once and the same for all callers.
func TestDerivedIsShared(t *testing.T) {
	var r Results
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() { r.Derived(func() any { return &i }) })
	}
	all.Wait()
	first := r.Derived(func() any { t.Error("made twice"); return new(int) })
	if first == nil || first != r.Derived(nil) {
		t.Error("callers get different values")
	}
}

func TestFootprintCountsWhatIsHeld(t *testing.T) {
	for name, tt := range map[string]struct {
		results int // so many that they outweigh what the test itself allocates
		body    string
	}{
		"many lists":             {1, `"candidates":[` + strings.Join(slices.Repeat([]string{manyLists()}, 300), ",") + `]`},
		"far fewer than scored":  {16, `"scoredCount":500,"candidates":[{"name":"a"}]`},
		"somewhat fewer":         {16, `"scoredCount":500,"candidates":[` + strings.Join(slices.Repeat([]string{`{"name":"a"}`}, 300), ",") + `]`},
		"without a scored count": {16, `"candidates":[` + strings.Join(slices.Repeat([]string{`{"name":"a"}`}, 300), ",") + `]`},
	} {
		t.Run(name, func(t *testing.T) {
			body := envelope(`"status":"completed",` + tt.body)
			var kept []*Results
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			for range tt.results {
				got, err := decodeBody(t.Context(), strings.NewReader(body), 200, testRun)
				if err != nil {
					t.Fatal(err)
				}
				kept = append(kept, got)
			}
			runtime.GC()
			runtime.ReadMemStats(&after)
			held := (int64(after.HeapAlloc) - int64(before.HeapAlloc)) / int64(tt.results)
			if estimate := kept[0].Footprint(); held > 64<<10 && (estimate < held/2 || estimate > held*2) {
				t.Errorf("estimated %d KiB, held %d KiB", estimate>>10, held>>10)
			} else if len(kept[0].Candidates) == 1 && held > 16<<10 {
				t.Errorf("one candidate holds %d KiB", held>>10)
			}
			runtime.KeepAlive(kept)
		})
	}
}

func TestGzipBombsAndBrokenGzipEnd(t *testing.T) {
	var bomb bytes.Buffer
	w := gzip.NewWriter(&bomb)
	_, _ = io.WriteString(w, `{"x":"`)
	zeros := bytes.Repeat([]byte("0"), 1<<20)
	for range 100 {
		_, _ = w.Write(zeros)
	}
	_ = w.Close()
	for name, body := range map[string]string{"bomb": bomb.String(), "not gzip": "plain", "cut header": "\x1f\x8b"} {
		t.Run(name, func(t *testing.T) {
			_, err := upstream(t, respond(200, body, "Content-Encoding", "gzip")).Results(t.Context(), testRun)
			var e *Error
			if !errors.As(err, &e) || e.Code != CodeBadResponse && e.Code != CodeUnavailable {
				t.Errorf("error = %v, want a refusal", err)
			}
		})
	}
}

// N20: an upstream that echoes the key may change it into the form of a code.
func TestN20NoCodeHoldsTheKeyInAnySpelling(t *testing.T) {
	for _, code := range []string{"SK_TEST_CANARY", "NO_KEY_SK_TEST_CANARY_HERE"} {
		for _, key := range []string{"sk_test_canary", "SK_TEST_CANARY", "sk-test-canary", "Sk.Test~Canary"} {
			server := httptest.NewServer(respond(404, `{"errorCode":"`+code+`"}`))
			c, err := New(NewKey(key), WithBaseURL(server.URL))
			if err != nil {
				t.Fatal(err)
			}
			_, err = c.Results(t.Context(), testRun)
			server.Close()
			var e *Error
			if !errors.As(err, &e) || e.ServerCode != "" {
				t.Errorf("key %s, code %s: error = %#v, want no code", key, code, e)
			}
		}
	}
}

func TestStatusesBecomeCodes(t *testing.T) {
	for name, tt := range map[string]struct {
		status    int
		body      string
		want      Code
		server    string
		transient bool
	}{
		"documented envelope":   {401, `{"success":false,"data":null,"error":{"code":"INVALID_API_KEY","message":"x"}}`, CodeUnauthorized, "INVALID_API_KEY", false},
		"suspended":             {401, `{"error":{"code":"API_KEY_SUSPENDED","details":{"reason":"x"}}}`, CodeKeySuspended, "API_KEY_SUSPENDED", false},
		"credits":               {402, `{}`, CodePaymentRequired, "", false},
		"framework's shape":     {403, `{"message":"Required scope","error":"Forbidden","statusCode":403}`, CodeForbidden, "", false},
		"flat code":             {404, `{"success":false,"errorCode":"REQUEST_NOT_FOUND"}`, CodeNotFound, "REQUEST_NOT_FOUND", false},
		"message as a list":     {400, `{"message":["a","b"],"error":"Bad Request","statusCode":400}`, CodeInvalidRequest, "", false},
		"unprocessable":         {422, `{"code":"WEBHOOK"}`, CodeInvalidRequest, "WEBHOOK", false},
		"conflict":              {409, ``, CodeInvalidRequest, "", false},
		"request time-out":      {408, ``, CodeTimeout, "", true},
		"too early":             {425, ``, CodeUnavailable, "", true},
		"rate limit":            {429, `{"statusCode":429,"error":"Too Many Requests"}`, CodeRateLimited, "", true},
		"HTML with a name":      {500, `<h1>Jane Doe failed</h1>`, CodeUnavailable, "", true},
		"gateway":               {502, ``, CodeUnavailable, "", true},
		"unavailable":           {503, `null`, CodeUnavailable, "", true},
		"gateway time-out":      {504, `[]`, CodeUnavailable, "", true},
		"a code that is prose":  {500, `{"error":{"code":"call Jane at once"}}`, CodeUnavailable, "", true},
		"redirect":              {302, ``, CodeBadResponse, "", false},
		"success with no sense": {204, ``, CodeBadResponse, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := upstream(t, respond(tt.status, tt.body, "Location", "http://127.0.0.1:1/")).Results(t.Context(), testRun)
			var e *Error
			if !errors.As(err, &e) {
				t.Fatalf("error = %v, want an *Error", err)
			}
			if e.Code != tt.want || e.HTTPStatus != tt.status || e.ServerCode != tt.server || e.Transient() != tt.transient {
				t.Errorf("got %s %d %q transient %v, want %s %d %q %v",
					e.Code, e.HTTPStatus, e.ServerCode, e.Transient(), tt.want, tt.status, tt.server, tt.transient)
			}
			for _, secret := range []string{testKey, "Jane", "scope"} {
				if strings.Contains(e.Error(), secret) {
					t.Errorf("error text %q holds %q", e, secret)
				}
			}
		})
	}
}

func TestRetryAfterIsTheLongestToldAndCapped(t *testing.T) {
	date := time.Date(2026, 5, 20, 12, 0, 0, 0, time.UTC)
	at := func(d time.Duration) string { return date.Add(d).Format(http.TimeFormat) }
	unix := func(d time.Duration) string { return fmt.Sprint(date.Add(d).Unix()) }
	for name, tt := range map[string]struct {
		body    string
		headers []string
		want    time.Duration
	}{
		"none":                         {``, nil, 0},
		"seconds":                      {``, []string{"Retry-After", "7"}, 7 * time.Second},
		"date":                         {``, []string{"Retry-After", at(9 * time.Second)}, 9 * time.Second},
		"two headers":                  {``, []string{"Retry-After", "3", "Retry-After", "8"}, 8 * time.Second},
		"documented disagreement":      {`{"retryAfter":30,"reset":` + unix(45*time.Second) + `}`, []string{"Retry-After", "60"}, time.Minute},
		"body":                         {`{"retryAfter":30}`, []string{"Retry-After", "2"}, 30 * time.Second},
		"reset":                        {`{"reset":` + unix(45*time.Second) + `}`, nil, 45 * time.Second},
		"a spent window":               {``, []string{"X-RateLimit-Remaining-Hour", "0", "X-RateLimit-Reset-Hour", unix(9 * time.Minute)}, 9 * time.Minute},
		"a window not spent":           {``, []string{"X-RateLimit-Remaining-Hour", "5", "X-RateLimit-Reset-Hour", unix(9 * time.Minute)}, 0},
		"negative":                     {`{"retryAfter":-4}`, []string{"Retry-After", "-1"}, 0},
		"beyond an hour":               {``, []string{"Retry-After", "1000000000000"}, MaxRetryAfter},
		"not a number":                 {`{"retryAfter":{}}`, []string{"Retry-After", "abc"}, 0},
		"infinite":                     {`{"retryAfter":"Inf"}`, []string{"Retry-After", "NaN"}, 0},
		"a date past":                  {``, []string{"Retry-After", at(-time.Hour)}, 0},
		"reset in the year 10 million": {`{"reset":315569520000000}`, nil, 0},
	} {
		t.Run(name, func(t *testing.T) {
			headers := append([]string{"Date", at(0)}, tt.headers...)
			_, err := upstream(t, respond(429, tt.body, headers...)).Results(t.Context(), testRun)
			var e *Error
			if !errors.As(err, &e) || e.RetryAfter != tt.want {
				t.Errorf("error %v, retry after %v, want %v", err, e.RetryAfter, tt.want)
			}
		})
	}
}

func TestNonsensicalRateLimitHeadersTellNothing(t *testing.T) {
	for _, value := range []string{"", "-1", "abc", "1e3", "99999999999999999999", "1.5"} {
		got, err := upstream(t, respond(202, envelope(`"status":"processing"`),
			"X-RateLimit-Limit-Minute", value, "X-RateLimit-Remaining-Minute", value, "X-RateLimit-Reset-Hour", value,
		)).Results(t.Context(), testRun)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(RateLimit{}, got.RateLimit); diff != "" {
			t.Errorf("%q (-want +got):\n%s", value, diff)
		}
	}
}

func TestMalformedRequestIDsCostNoRequest(t *testing.T) {
	c := upstream(t, func(http.ResponseWriter, *http.Request) { t.Error("a request was made") })
	for _, id := range []string{"", "../x", "a/b", "a b", "_a", "-a", "a?b", "a\n", "č", strings.Repeat("a", 129)} {
		_, err := c.Results(t.Context(), id)
		var e *Error
		if !errors.As(err, &e) || e.Code != CodeInvalidRequest || id != "" && strings.Contains(e.Error(), id) {
			t.Errorf("%q: error = %v, want %s without an echo", id, err, CodeInvalidRequest)
		}
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	asked := 0
	c := upstream(t, func(w http.ResponseWriter, r *http.Request) {
		asked++
		http.Redirect(w, r, "/elsewhere", http.StatusFound)
	})
	_, _ = c.Results(t.Context(), testRun)
	if asked != 1 {
		t.Errorf("requests = %d, want 1", asked)
	}
}

// rawUpstream answers each connection's first request with script, below HTTP.
func rawUpstream(t *testing.T, script func(net.Conn)) *Client {
	t.Helper()
	return connections(t, func(conn net.Conn) {
		if n, _ := conn.Read(make([]byte, 4096)); n > 0 {
			script(conn)
		}
	})
}

func TestNetworkFaultsAreTransient(t *testing.T) {
	reset := func(c net.Conn) { _ = c.(*net.TCPConn).SetLinger(0) }
	say := func(s string) func(net.Conn) { return func(c net.Conn) { _, _ = io.WriteString(c, s) } }
	for name, script := range map[string]func(net.Conn){
		"reset before headers": reset,
		"close before headers": func(net.Conn) {},
		"not HTTP":             say("SSH-2.0-OpenSSH\r\n"),
		"body cut short":       say("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"status\":"),
		"chunks cut short":     say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"sta"),
		"reset in the body": func(c net.Conn) {
			say("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"status\":")(c)
			reset(c)
		},
		"headers of 12 MiB":     say("HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 12<<20)),
		"a flood of 1xx":        say(strings.Repeat("HTTP/1.1 103 Early Hints\r\n\r\n", 1000)),
		"nobody there any more": func(c net.Conn) { reset(c) },
	} {
		t.Run(name, func(t *testing.T) {
			_, err := rawUpstream(t, script).Results(t.Context(), testRun)
			var e *Error
			if !errors.As(err, &e) || e.Code != CodeUnavailable || !e.Transient() {
				t.Errorf("error = %v, want %s", err, CodeUnavailable)
			}
		})
	}
}

// pipeUpstream is rawUpstream over an in-memory connection, which works in a
// synctest bubble.
func pipeUpstream(t *testing.T, script func(net.Conn)) *Client {
	t.Helper()
	c, err := New(NewKey(testKey), WithBaseURL("http://localhost"),
		WithDialContext(func(context.Context, string, string) (net.Conn, error) {
			near, far := net.Pipe()
			go func() {
				defer func() { _ = far.Close() }()
				_, _ = far.Read(make([]byte, 4096))
				script(far)
			}()
			return near, nil
		}))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestAnAttemptEndsByItself(t *testing.T) {
	for name, tt := range map[string]struct {
		script func(net.Conn)
		want   time.Duration
	}{
		"silence": {func(c net.Conn) { _, _ = io.Copy(io.Discard, c) }, headerTimeout},
		"a byte a second": {func(c net.Conn) {
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{")
			for {
				time.Sleep(time.Second)
				if _, err := io.WriteString(c, " "); err != nil {
					return
				}
			}
		}, attemptTimeout},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				_, err := pipeUpstream(t, tt.script).Results(t.Context(), testRun)
				took := time.Since(start)
				var e *Error
				if !errors.As(err, &e) || e.Code != CodeTimeout || took != tt.want {
					t.Errorf("%v after %v, want %s after %v", err, took, CodeTimeout, tt.want)
				}
				time.Sleep(time.Second) // virtual time, in which the script sees the closed connection
			})
		})
	}
}

func TestTheCallersEndIsTheCallersError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := pipeUpstream(t, func(c net.Conn) { _, _ = io.Copy(io.Discard, c) })
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := c.Results(ctx, testRun); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error = %v, want the caller's deadline", err)
		}
	})
}

func TestP04BaseURLsThatCouldLeakTheKeyAreRefused(t *testing.T) {
	for _, raw := range []string{"", "api.instaview.sk", "http://api.instaview.sk", "ftp://api.instaview.sk",
		"https://user:pw@api.instaview.sk", "https://api.instaview.sk?x=1", "https://api.instaview.sk?", "https://api.instaview.sk#x",
		"https://api.instaview.sk/v1/../admin", "https://api.instaview.sk/%2e%2e", "http://169.254.169.254", "http://127.0.0.1.evil.example", "https:opaque"} {
		if _, err := New(NewKey(testKey), WithBaseURL(raw)); err == nil {
			t.Errorf("%q accepted", raw)
		}
	}
	for raw, want := range map[string]string{
		"https://api.instaview.sk/v1/": "https://api.instaview.sk/v1/sourcing/r/results",
		"http://localhost:8080":        "http://localhost:8080/sourcing/r/results",
		"http://[::1]:8080":            "http://[::1]:8080/sourcing/r/results",
	} {
		c, err := New(NewKey(testKey), WithBaseURL(raw))
		if err != nil {
			t.Errorf("%q: %v", raw, err)
			continue
		}
		if got := c.request(t.Context(), "r").URL.String(); got != want {
			t.Errorf("%q asks %q, want %q", raw, got, want)
		}
	}
}

func TestP02KeysThatCannotBeSentAreRefused(t *testing.T) {
	for _, key := range []string{"", "a b", "a\n", "a\x00", "ključ"} {
		if _, err := New(NewKey(key)); err == nil {
			t.Errorf("%q accepted", key)
		}
	}
}

func TestAKeyNeverPrints(t *testing.T) {
	c, err := New(NewKey(testKey))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	for _, v := range []any{NewKey(testKey), struct{ K Key }{NewKey(testKey)}, struct{ k Key }{NewKey(testKey)}, c, *c} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			fmt.Fprintf(&out, verb, v)
		}
	}
	slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "key", NewKey(testKey))
	slog.New(slog.NewTextHandler(&out, nil)).Info("x", "key", NewKey(testKey))
	_ = json.NewEncoder(&out).Encode(map[string]any{"k": NewKey(testKey)})
	for _, secret := range []string{testKey, fmt.Sprintf("%x", testKey)} {
		if strings.Contains(out.String(), secret) {
			t.Errorf("the key was printed: %s", out.String())
		}
	}
}

func TestAgeIsTheServersOwn(t *testing.T) {
	created := time.Date(2026, 5, 20, 12, 0, 0, 500e6, time.UTC)
	for name, tt := range map[string]struct {
		results Results
		want    time.Duration
		ok      bool
	}{
		"told":               {Results{CreatedAt: created, Date: created.Add(time.Minute)}, time.Minute, true},
		"just made":          {Results{CreatedAt: created, Date: created.Add(-500 * time.Millisecond)}, 0, true},
		"made in the future": {Results{CreatedAt: created, Date: created.Add(-time.Hour)}, 0, false},
		"no creation time":   {Results{Date: created}, 0, false},
		"no clock":           {Results{CreatedAt: created}, 0, false},
	} {
		if got, ok := tt.results.Age(); got != tt.want || ok != tt.ok {
			t.Errorf("%s: age %v, %v; want %v, %v", name, got, ok, tt.want, tt.ok)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(envelope(`"status":"completed","candidates":[{"profileId":"p","matchScore":1}]`)))
	f.Add([]byte(`{"data":{"status":"x"}}`))
	f.Add([]byte(`{"status":"processing","candidates":[[]]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, status := range []int{200, 202} {
			got, err := decodeBody(t.Context(), bytes.NewReader(body), status, testRun)
			if err != nil {
				continue
			}
			if len(got.Candidates) > 0 && got.RequestID != testRun {
				t.Errorf("candidates of run %q", got.RequestID)
			}
			for _, c := range got.Candidates {
				if c.MatchScore != nil && (*c.MatchScore < 0 || *c.MatchScore > 100) {
					t.Errorf("score %v", *c.MatchScore)
				}
			}
		}
	})
}
