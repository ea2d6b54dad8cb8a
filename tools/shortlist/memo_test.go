package shortlist

import (
	"runtime"
	"strings"
	"sync"
	"testing"
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
