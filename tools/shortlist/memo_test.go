package shortlist

import (
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"weak"
)

// A candidate of the same results is rendered once for each way of showing it,
// however many calls ask at once.
func TestACandidateIsRenderedOnce(t *testing.T) {
	run := completedRun(people(3))
	run.Candidates[0].Rationale = "first"
	v := View{Tool: "get_sourcing_results", RequestID: "r", Marker: "0000"}
	blind, full, contacts, document, refined := v, v, v, v, v
	blind.Blind, full.Detail, contacts.Contacts, document.Markdown = true, Full, true, true
	refined.Refinement = refinedFrom(time.Time{}, "none of them")
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() { Render(run, v) })
	}
	all.Wait()
	first, _ := Render(run, v)
	// No caller changes results. The test does, to see what is cleaned anew.
	run.Candidates[0].Rationale = "second"
	if again, _ := Render(run, v); again != first {
		t.Errorf("the second answer was rendered anew:\n%s", again)
	}
	for name, other := range map[string]View{"blind": blind, "full": full, "contacts": contacts, "document": document, "refined": refined} {
		if text, _ := Render(run, other); !strings.Contains(string(text), "second") {
			t.Errorf("%s shows what was rendered for another view:\n%s", name, text)
		}
	}
	newer := completedRun(run.Candidates)
	if text, _ := Render(newer, v); !strings.Contains(string(text), "second") {
		t.Errorf("newer results show what older ones held:\n%s", text)
	}
}

// Whatever was answered about results before, and at the same time, an answer
// is the same as the first about them: no e-mail address, name or mark crosses
// from one view to another.
func TestKeptTextsChangeNoAnswer(t *testing.T) {
	people := people(12)
	for i := range people {
		people[i].Emails, people[i].Rationale = []string{"someone@example.com"}, people[i].Name+" leads a team."
	}
	synctest.Test(t, func(t *testing.T) { // otherwise an age could change in between
		refined := refinedFrom(time.Time{}, people[0].ProfileID)
		var views []View
		for _, d := range []Detail{"", Brief, Summary, Full} {
			for flags := range 1 << 5 {
				v := View{Tool: "get_sourcing_results", RequestID: "r", Marker: "0000", Selection: Selection{Detail: d}}
				v.Contacts, v.Blind, v.Markdown = flags&1 > 0, flags&2 > 0, flags&4 > 0
				if flags&8 > 0 {
					v.Refinement = refined
				}
				if flags&16 > 0 {
					v.Limit = 1
				}
				views = append(views, v)
			}
		}
		shared := completedRun(people)
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				for _, i := range rand.Perm(len(views)) {
					got, _ := Render(shared, views[i])
					if want, _ := Render(completedRun(people), views[i]); got != want {
						t.Errorf("%+v: got\n%s\nwant\n%s", views[i], got, want)
					}
				}
			})
		}
		all.Wait()
	})
}

// What is kept of results takes no more room than they do, and is dropped with
// them.
func TestTheMemoIsBoundedAndDropped(t *testing.T) {
	run := completedRun(people(50))
	for _, d := range []Detail{Brief, Summary, Full} {
		for offset := range 50 {
			for _, blind := range []bool{false, true} {
				Render(run, View{Tool: "get_sourcing_results", RequestID: "r", Blind: blind, Selection: Selection{Detail: d, Offset: offset}})
			}
		}
	}
	kept := int64(0)
	for _, r := range memoOf(run).rendered {
		kept += int64(len(r.text))
	}
	if kept == 0 || kept > run.Footprint() {
		t.Errorf("%d bytes are kept of %d", kept, run.Footprint())
	}
	m := weak.Make(memoOf(run))
	runtime.KeepAlive(run)
	run = nil
	runtime.GC()
	if m.Value() != nil {
		t.Error("the memo outlives its results")
	}
}
