package completion

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unsafe"

	"github.com/google/go-cmp/cmp"
	"github.com/mark3labs/mcp-go/mcp"

	"instaview-mcp/client"
	"instaview-mcp/client/poll"
	"instaview-mcp/internal/tenant"
)

// runs answers for every id with the same candidates, except the ids in absent.
type runs struct {
	people []client.Candidate
	absent string
	asked  int
}

func (r *runs) Get(_ context.Context, requestID string) (poll.Snapshot, error) {
	r.asked++
	now := time.Now()
	if requestID == r.absent {
		return poll.Snapshot{At: now, Err: &client.Error{Code: client.CodeNotFound}}, nil
	}
	return poll.Snapshot{At: now, SeenAt: now, Results: &client.Results{Status: client.StatusCompleted, Candidates: r.people}}, nil
}

func (r *runs) Wait(ctx context.Context, requestID string, _ time.Duration, _ func(poll.Snapshot)) (poll.Snapshot, error) {
	return r.Get(ctx, requestID)
}

func people(names ...string) []client.Candidate {
	all := make([]client.Candidate, len(names))
	for i, name := range names {
		all[i] = client.Candidate{Rank: i + 1, ProfileID: fmt.Sprintf("prof_%d", i+1), Name: name}
	}
	return all
}

// read reads a run on behalf of a caller.
func read(t *testing.T, m *Memory, by tenant.ID, requestID string) {
	t.Helper()
	if _, err := m.Get(tenant.With(t.Context(), by), requestID); err != nil {
		t.Fatal(err)
	}
}

// complete returns the values offered to a caller for a run.
func complete(t *testing.T, m *Memory, by tenant.ID, argument, typed, requestID string) []string {
	t.Helper()
	ctx := tenant.With(t.Context(), by)
	arg, given := mcp.CompleteArgument{Name: argument, Value: typed}, mcp.CompleteContext{Arguments: map[string]string{"request_id": requestID}}
	prompt, err := m.CompletePromptArgument(ctx, "explain_ranking", arg, given)
	if err != nil {
		t.Fatal(err)
	}
	resource, err := m.CompleteResourceArgument(ctx, "sourcing://{request_id}/candidates/{profile_id}", arg, given)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(prompt, resource); diff != "" {
		t.Errorf("prompts and resources differ:\n%s", diff)
	}
	return prompt.Values
}

func TestOffers(t *testing.T) {
	m := New(&runs{people: people("Jane Doe", "Žofia Nová", "王小明"), absent: "req_absent"}, false)
	read(t, m, "", "req_first")
	if _, err := m.Wait(t.Context(), "req_second", time.Second, nil); err != nil {
		t.Fatal(err)
	}
	read(t, m, "", "req_absent")
	for name, tt := range map[string]struct {
		argument, typed, run string
		want                 []string
	}{
		"runs, the newest first":      {"request_id", "", "", []string{"req_second", "req_first"}},
		"a run by a part of its id":   {"request_id", "FIR", "", []string{"req_first"}},
		"a run that was not there":    {"request_id", "absent", "", nil},
		"candidates by rank":          {"profile_id", "", "req_first", []string{"prof_1", "prof_2", "prof_3"}},
		"by id":                       {"profile_id", "_3", "req_first", []string{"prof_3"}},
		"by name":                     {"profile_id", "jane", " req_first ", []string{"prof_1"}},
		"by a name of other letters":  {"profile_id", "ŽOFIA", "req_first", []string{"prof_2"}},
		"by a name without spaces":    {"profile_id", "小明", "req_first", []string{"prof_3"}},
		"of a run not read":           {"profile_id", "", "req_third", nil},
		"of no run":                   {"profile_id", "", "", nil},
		"the first of a list":         {"profile_ids", "nov", "req_first", []string{"prof_2"}},
		"the next of a list":          {"profile_ids", "prof_2, Doe", "req_first", []string{"prof_2,prof_1"}},
		"not what is listed":          {"profile_ids", "prof_1,prof_3,", "req_first", []string{"prof_1,prof_3,prof_2"}},
		"an argument that names none": {"tone", "w", "req_first", nil},
		"an argument without a name":  {"", "", "req_first", nil},
		"more than anything is long":  {"profile_id", strings.Repeat("x", 1<<20), "req_first", nil},
		"a list longer than any":      {"profile_ids", strings.Repeat("prof_1,", 1<<18), "req_first", nil},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, complete(t, m, "", tt.argument, tt.typed, tt.run)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestNamesAreFoundWithoutTheirAccents(t *testing.T) {
	m := New(&runs{people: people("Katarína Šimončičová", "Łukasz Grzybowski", "Đặng Quốc Bảo", "Jean-Luc O’Brien", "Ｍａｒｔａ Müller", "Ayşe Yıldız", "Žofia Stoße")}, false)
	read(t, m, "", "r")
	for typed, want := range map[string]string{
		"simon": "prof_1", "lukasz": "prof_2", "dang quoc": "prof_3", "Quốc": "prof_3", "jean luc o'b": "prof_4", "marta": "prof_5", "muller": "prof_5",
		"yildiz": "prof_6", "AYSE": "prof_6", " stosse ": "prof_7",
	} {
		if diff := cmp.Diff([]string{want}, complete(t, m, "", "profile_id", typed, "r")); diff != "" {
			t.Errorf("%q (-want +got):\n%s", typed, diff)
		}
	}
	for _, typed := range []string{"simone", "·", "quoc dang"} {
		if got := complete(t, m, "", "profile_id", typed, "r"); got != nil {
			t.Errorf("%q finds %v", typed, got)
		}
	}
}

// If a typed name found an id, the id's owner would be known.
func TestNoNameIsFoundWhereTheOperatorHidesThem(t *testing.T) {
	all := people("Jane Doe", "Žofia Nová")
	all[1].ProfileID = "zofia-nova-12"
	m := New(&runs{people: all}, true)
	read(t, m, "", "r")
	for typed, want := range map[string][]string{"": {"prof_1", "rank-2"}, "jane": nil, "zofia": nil, "prof": {"prof_1"}, "rank": {"rank-2"}} {
		if diff := cmp.Diff(want, complete(t, m, "", "profile_id", typed, "r")); diff != "" {
			t.Errorf("%q (-want +got):\n%s", typed, diff)
		}
	}
}

func TestNothingIsAskedForACompletion(t *testing.T) {
	r := &runs{people: people("Jane")}
	m := New(r, false)
	complete(t, m, "", "profile_id", "", "req_1")
	complete(t, m, "", "request_id", "", "")
	if r.asked != 0 {
		t.Errorf("%d requests were made", r.asked)
	}
}

func TestNamesAreNeverOffered(t *testing.T) {
	m := New(&runs{people: []client.Candidate{{Rank: 1, Name: "Jane"}, {Rank: 2, ProfileID: "prof_2", Name: "Jane"}}}, false)
	read(t, m, "", "r")
	if diff := cmp.Diff([]string{"prof_2"}, complete(t, m, "", "profile_id", "", "r")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestWhatIsOfferedIsClean(t *testing.T) {
	m := New(&runs{people: []client.Candidate{{ProfileID: "prof_\u202e1\x1b[31m\n", Name: "J\u200bane"}}}, false)
	read(t, m, "", "r")
	if diff := cmp.Diff([]string{"prof_1"}, complete(t, m, "", "profile_id", "jane", "r")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestContactsAreNotOffered(t *testing.T) {
	who := people("Jane Doe", "Ann Lee", "Bo Li")
	who[0].ProfileID, who[1].ProfileID = "jane@evil.example", "+421 905 123 456"
	m := New(&runs{people: who}, false)
	read(t, m, "", "req_1")
	if diff := cmp.Diff([]string{"prof_3"}, complete(t, m, "", "profile_id", "", "req_1")); diff != "" {
		t.Errorf("offered (-want +got):\n%s", diff)
	}
}

func TestCallersAreOfferedTheirOwnAlone(t *testing.T) {
	r := &runs{people: people("Jane")}
	m := New(r, false)
	read(t, m, "a", "req_a")
	r.people = people("Jane", "Jane")
	read(t, m, "b", "req_b")
	read(t, m, "b", "req_both")
	r.people = people("Jane", "Jane", "Jane")
	read(t, m, "a", "req_both")
	for by, want := range map[tenant.ID][]string{"a": {"req_both", "req_a"}, "b": {"req_both", "req_b"}, "": nil} {
		if diff := cmp.Diff(want, complete(t, m, by, "request_id", "", "")); diff != "" {
			t.Errorf("runs of %q (-want +got):\n%s", by, diff)
		}
	}
	for by, want := range map[tenant.ID]int{"a": 3, "b": 2, "": 0} {
		if got := len(complete(t, m, by, "profile_id", "jane", "req_both")); got != want {
			t.Errorf("%q is offered %d candidates, want %d", by, got, want)
		}
	}
	if got := complete(t, m, "b", "profile_id", "", "req_a"); got != nil {
		t.Errorf("b is offered %v of a's run", got)
	}
}

func TestARunIsForgottenAfterMinutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := New(&runs{people: people("Jane")}, false)
		held := func() int {
			m.mu.Lock()
			defer m.mu.Unlock()
			return len(m.read)
		}
		read(t, m, "", "req_1")
		time.Sleep(retention / 2)
		read(t, m, "", "req_2")
		time.Sleep(retention/2 + time.Second)
		if got := held(); got != 1 {
			t.Errorf("%d runs are held, want 1: nobody asked since", got)
		}
		read(t, m, "", "req_2") // kept as long as it is read
		time.Sleep(retention - time.Second)
		if diff := cmp.Diff([]string{"req_2"}, complete(t, m, "", "request_id", "", "")); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		time.Sleep(2 * time.Second)
		if got := held(); got != 0 {
			t.Errorf("%d runs are held, want none", got)
		}
		read(t, m, "", "req_3")
		time.Sleep(retention / 2)
		read(t, m, "", "req_4") // outlives the sweep for the one before
		time.Sleep(retention + time.Second)
		if got := held(); got != 0 {
			t.Errorf("%d runs are held after a second sweep, want none", got)
		}
	})
}

func TestWhatIsRememberedIsBounded(t *testing.T) {
	r := &runs{people: people(make([]string, client.MaxCandidates)...)}
	r.people[0].Name = strings.Repeat("ž", 1<<12)
	m := New(r, false)
	read(t, m, "early", "req_early")
	for i := range 3 * maxRunsPerCaller {
		read(t, m, "greedy", fmt.Sprintf("req_%d", i))
	}
	got := complete(t, m, "greedy", "request_id", "", "")
	if len(got) != maxRunsPerCaller || got[0] != fmt.Sprintf("req_%d", 3*maxRunsPerCaller-1) {
		t.Errorf("%d runs of one caller, the newest %s", len(got), got[0])
	}
	if len(complete(t, m, "early", "request_id", "", "")) != 1 {
		t.Error("a greedy caller has crowded out another")
	}
	for i := range maxRuns + 10 {
		read(t, m, tenant.ID(fmt.Sprint(i)), "req_1")
	}
	if len(m.read) != maxRuns || len(complete(t, m, "early", "request_id", "", "")) != 0 {
		t.Errorf("%d runs, want %d, and not the oldest", len(m.read), maxRuns)
	}
	last := m.read[len(m.read)-1]
	if len(last.received) != maxCandidates || len(last.received[0].name) > 4*maxName {
		t.Errorf("%d candidates, a name of %d bytes", len(last.received), len(last.received[0].name))
	}
	complete(t, m, last.by, "profile_id", "", last.id)
	if len(last.received) != 0 || len(last.candidates) != maxCandidates || len(last.candidates[0].name) > 4*maxName {
		t.Errorf("%d candidates, a name of %d bytes", len(last.candidates), len(last.candidates[0].name))
	}
}

func TestAnAnswerHoldsAsManyAsTheProtocolAllows(t *testing.T) {
	m := New(&runs{people: people(make([]string, 150)...)}, false)
	read(t, m, "", "r")
	got, err := m.CompletePromptArgument(t.Context(), "", mcp.CompleteArgument{Name: "profile_id"}, mcp.CompleteContext{Arguments: map[string]string{"request_id": "r"}})
	if err != nil || len(got.Values) != 100 || got.Total != 150 || !got.HasMore {
		t.Errorf("%d values of %d, more is %v, %v", len(got.Values), got.Total, got.HasMore, err)
	}
}

// A failed request keeps the candidates read before; a newer answer replaces
// them.
func TestTheNewestAnswerCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &runs{}
		m := New(r, false)
		read(t, m, "", "r")
		time.Sleep(time.Second)
		r.people = people("Jane")
		read(t, m, "", "r")
		r.absent = "r"
		read(t, m, "", "r")
		if diff := cmp.Diff([]string{"prof_1"}, complete(t, m, "", "profile_id", "", "r")); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

// A result's texts share memory, so a name that was kept as it is would hold
// the rest of the run for as long.
func TestNothingOfTheResultsIsKept(t *testing.T) {
	all := []client.Candidate{{ProfileID: "profile", Name: "Jane"}, {ProfileID: "profile", Name: strings.Repeat("J", maxName)}}
	for i, kept := range receive(all) {
		if unsafe.StringData(kept.id) == unsafe.StringData(all[i].ProfileID) || unsafe.StringData(kept.name) == unsafe.StringData(all[i].Name) {
			t.Errorf("%q shares memory with the results", kept.name)
		}
	}
}
