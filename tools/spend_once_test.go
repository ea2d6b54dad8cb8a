package tools_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mark3labs/mcp-go/mcp"

	"instaview-mcp/internal/sandbox"
	"instaview-mcp/tools"
)

// What cannot be confirmed is proposed anew, with why.
func TestCodesThatDoNotConfirmGiveANewOne(t *testing.T) {
	for name, tt := range map[string]struct {
		after   time.Duration
		changed []any
		code    string // "" = the one given
		want    string
	}{
		"after ten minutes":     {10 * time.Minute, nil, "", "that code is void"},
		"a word in place of it": {0, nil, "yes please", "must be the code of an earlier answer"},
		"an invented one":       {0, nil, "ABCDEFGH", "that code is void"},
		"another title":         {0, []any{"title", "Go lead"}, "", "for other arguments"},
		"another limit":         {0, []any{"limit", 6}, "", "for other arguments"},
		"no place any more":     {0, []any{"location", nil}, "", "for other arguments"},
		"again":                 {0, []any{"again", true}, "", "for other arguments"},
	} {
		t.Run(name, func(t *testing.T) {
			inStartingWorld(t, 0, 0, func(w *world) {
				code := w.code(w.call("start_sourcing", brief()))
				time.Sleep(tt.after)
				given := code
				if tt.code != "" {
					given = tt.code
				}
				b := with(brief(), tt.changed...)
				a := w.call("start_sourcing", with(b, "confirmation", given))
				w.wantText(a, false, tt.want, "Nothing was started:", "Show this to the user")
				w.wantSpends(name, "")
				w.run(w.call("start_sourcing", with(b, "confirmation", w.code(a))))
				w.wantSpends(name, "POST")
			})
		})
	}
}

// A model that repeats only what the schema requires is told how to go on.
func TestACodeBesideTooFewArgumentsIsNotLost(t *testing.T) {
	inStartingWorld(t, 0, 0, func(w *world) {
		code := w.code(w.call("refine_sourcing", map[string]any{"request_id": "req_demo_done", "query": "more backend"}))
		a := w.call("refine_sourcing", map[string]any{"request_id": "req_demo_done", "confirmation": code})
		w.wantText(a, true, "Give query", "Nothing was refined.", "Beside confirmation, repeat all arguments or none.")
		w.wantSpends("too few arguments", "")
		w.run(w.call("refine_sourcing", map[string]any{"confirmation": code}))
	})
}

func TestACodeOfOneToolIsNoneOfTheOther(t *testing.T) {
	inStartingWorld(t, 0, 0, func(w *world) {
		code := w.code(w.call("start_sourcing", brief()))
		w.wantText(w.call("refine_sourcing", map[string]any{"confirmation": code}), true, "that code is void")
		w.wantSpends("another tool's code", "")
	})
}

func TestOneRunForManyCalls(t *testing.T) {
	inStartingWorld(t, 0, 0, func(w *world) {
		w.sandbox.Inject(sandbox.Starts, sandbox.Fault{Delay: 5 * time.Second})
		code := w.code(w.call("start_sourcing", brief()))
		runs := make([]string, 10)
		var calls sync.WaitGroup
		for i := range runs {
			calls.Go(func() { runs[i] = w.run(w.call("start_sourcing", with(brief(), "confirmation", code))) })
		}
		calls.Wait()
		for _, run := range runs {
			if run != runs[0] {
				w.t.Errorf("runs %q", runs)
			}
		}
		w.wantSpends("confirmed ten times at once", "POST")
		w.wantText(w.call("start_sourcing", with(brief(), "confirmation", code)), false, "was started 5 s ago as sourcing run "+runs[0], "again=true")
		time.Sleep(9 * time.Minute)
		w.wantText(w.call("start_sourcing", brief()), false, "nothing more is spent", runs[0])
		w.wantSpends("asked for again", "POST")

		another := with(brief(), "again", true)
		proposal := w.call("start_sourcing", another)
		w.wantText(proposal, false, "on top of what the same arguments may have cost")
		if next := w.run(w.call("start_sourcing", with(another, "confirmation", w.code(proposal)))); next == runs[0] {
			w.t.Error("again=true gave the same run")
		}
		w.wantSpends("again=true", "POST POST")
		time.Sleep(10 * time.Minute)
		w.code(w.call("start_sourcing", brief()))
	})
}

// A model that tries again at once does not reach InstaView.
func TestRetryAfterHoldsForTheNextConfirmation(t *testing.T) {
	inStartingWorld(t, 0, 0, func(w *world) {
		w.sandbox.Inject(sandbox.Starts, sandbox.Fault{Status: 429, Header: map[string][]string{"Retry-After": {"42"}}})
		b := with(brief(), "confirmation", w.code(w.call("start_sourcing", brief())))
		w.wantText(w.call("start_sourcing", b), true, "try again in 42 s")
		time.Sleep(2 * time.Second)
		w.wantText(w.call("start_sourcing", b), true, "request limit", "try again in 40 s", "stays good", "Nothing was started.")
		w.wantSpends("tried again at once", "POST")
		time.Sleep(40 * time.Second)
		w.run(w.call("start_sourcing", b))
		w.wantSpends("tried again in time", "POST POST")
	})
}

// What InstaView refuses costs nothing, and the same code works later.
func TestRefusalsOfInstaView(t *testing.T) {
	for name, tt := range map[string]struct {
		fault sandbox.Fault
		wants []string
	}{
		"400": {sandbox.Fault{Status: 400, Body: `{"message":["location should not be empty"]}`}, []string{"refused the brief as invalid (HTTP 400)", "may want a place"}},
		"401": {sandbox.Fault{Status: 401}, []string{"refused this server's API key"}},
		"402": {sandbox.Fault{Status: 402}, []string{"asks for payment", "top it up"}},
		"403": {sandbox.Fault{Status: 403, Body: `{"message":"Insufficient permissions","error":"Forbidden","statusCode":403}`}, []string{"sourcing:write"}},
		"404": {sandbox.Fault{Status: 404}, []string{"INSTAVIEW_BASE_URL"}},
		"409": {sandbox.Fault{Status: 409}, []string{"conflicts with something under way"}},
		"422": {sandbox.Fault{Status: 422}, []string{"cannot work on this brief"}},
		"429": {sandbox.Fault{Status: 429, Header: map[string][]string{"Retry-After": {"42"}}}, []string{"request limit", "try again in 42 s"}},
	} {
		t.Run(name, func(t *testing.T) {
			inStartingWorld(t, 5, 5, func(w *world) {
				w.sandbox.Inject(sandbox.Starts, tt.fault)
				b := with(brief(), "confirmation", w.code(w.call("start_sourcing", brief())))
				w.wantText(w.call("start_sourcing", b), true, append(tt.wants, "Nothing was started.")...)
				w.wantSpends("refused", "POST")
				time.Sleep(time.Minute)
				w.run(w.call("start_sourcing", b)) // within the day's five credits
				w.wantSpends("then not", "POST POST")
			})
		})
	}
}

func TestUnknownOutcomes(t *testing.T) {
	for name, fault := range map[string]sandbox.Fault{
		"a lost answer":       {CarriedOut: true, Drop: true},
		"a lost request":      {Drop: true},
		"500":                 {Status: 500},
		"502 after the start": {CarriedOut: true, Status: 502},
		"503 with a time":     {Status: 503, Header: map[string][]string{"Retry-After": {"5"}}},
		"an answer too late":  {CarriedOut: true, Delay: time.Minute},
		"a login page":        {Status: 200, Body: "<html>"},
	} {
		t.Run(name, func(t *testing.T) {
			inStartingWorld(t, 5, 9, func(w *world) {
				w.sandbox.Inject(sandbox.Starts, fault)
				b := with(brief(), "confirmation", w.code(w.call("start_sourcing", brief())))
				for range 3 {
					w.wantText(w.call("start_sourcing", b), true, "outcome unknown", "the run may have been started or not", "count as spent", "Do not repeat it", "InstaView app", "again=true")
				}
				w.wantText(w.call("start_sourcing", brief()), true, "outcome unknown", "the run may have been started or not")
				time.Sleep(9 * time.Minute)
				w.wantText(w.call("start_sourcing", brief()), true, "outcome unknown", "the run may have been started or not")
				w.wantText(w.call("start_sourcing", with(brief(), "again", true)), true, "INSTAVIEW_MAX_CREDITS_PER_DAY", "5 were asked for already")
				w.wantSpends("asked six times", "POST")
			})
		})
	}
}

func TestRefinementsThatFail(t *testing.T) {
	ask := map[string]any{"request_id": "req_demo_done", "additional": 2}
	for name, tt := range map[string]struct {
		fault sandbox.Fault
		want  string
	}{
		"402":           {sandbox.Fault{Status: 402}, "asks for payment"},
		"404":           {sandbox.Fault{Status: 404, Body: `{"error":{"code":"REQUEST_NOT_FOUND"}}`}, "knows no such sourcing run"},
		"409":           {sandbox.Fault{Status: 409}, "still processing"},
		"422":           {sandbox.Fault{Status: 422}, "does not accept this refinement"},
		"429":           {sandbox.Fault{Status: 429, Header: map[string][]string{"Retry-After": {"42"}}}, "try again in 42 s"},
		"502":           {sandbox.Fault{Status: 502}, "whether it was refined"},
		"a lost answer": {sandbox.Fault{CarriedOut: true, Drop: true}, "the run may have been refined or not"},
	} {
		t.Run(name, func(t *testing.T) {
			inStartingWorld(t, 0, 0, func(w *world) {
				w.sandbox.Inject(sandbox.Refinements, tt.fault)
				code := w.code(w.call("refine_sourcing", ask))
				w.wantText(w.call("refine_sourcing", with(ask, "confirmation", code)), true, tt.want)
				w.wantSpends(name, "PATCH")
			})
		})
	}
}

// After a refinement whose answer was lost, the old results are not shown as
// the new ones, and new candidates are marked.
func TestTheResultsAfterALostRefinementSayWhatIsNew(t *testing.T) {
	inStartingWorld(t, 0, 0, func(w *world) {
		w.sandbox.Inject(sandbox.Refinements, sandbox.Fault{CarriedOut: true, Drop: true})
		ask := map[string]any{"request_id": "req_demo_done", "additional": 2}
		w.wantText(w.call("refine_sourcing", with(ask, "confirmation", w.code(w.call("refine_sourcing", ask)))), true, "outcome unknown")
		get := map[string]any{"request_id": "req_demo_done", "detail": "brief"}
		w.wantText(w.call("get_sourcing_results", get), false, "still gives the results from before it")
		time.Sleep(2 * time.Minute)
		w.wantText(w.call("get_sourcing_results", get), false, "2 of 22 are new", " new (")
	}, sandbox.WithRefining(sandbox.Refining{Lag: time.Minute}))
}

// What was new after the first refinement is not new after the second.
func TestARunIsRefinedTwice(t *testing.T) {
	for name, refining := range map[string]sandbox.Refining{"all": {}, "new only": {OnlyNew: true}, "new ids": {NewID: true, OnlyNew: true}} {
		t.Run(name, func(t *testing.T) {
			inStartingWorld(t, 0, 0, func(w *world) {
				id := w.start(brief())
				for more := 2; more <= 3; more++ {
					w.call("wait_for_sourcing", map[string]any{"request_id": id})
					ask := map[string]any{"request_id": id, "additional": more}
					id = w.run(w.call("refine_sourcing", with(ask, "confirmation", w.code(w.call("refine_sourcing", ask)))))
				}
				w.wantText(w.call("wait_for_sourcing", map[string]any{"request_id": id}), false, "Refined ", ": 3 of ")
				w.wantSpends("refined twice", "POST PATCH PATCH")
			}, sandbox.WithRefining(refining))
		})
	}
}

// A refinement that is under way answers with itself, however it is asked for.
func TestARefinementIsMadeOnce(t *testing.T) {
	inStartingWorld(t, 0, 0, func(w *world) {
		ask := map[string]any{"request_id": "req_demo_done", "additional": 2}
		confirmed := with(ask, "confirmation", w.code(w.call("refine_sourcing", ask)))
		w.run(w.call("refine_sourcing", confirmed))
		for _, again := range []map[string]any{confirmed, {"confirmation": confirmed["confirmation"]}, ask} {
			w.wantText(w.call("refine_sourcing", again), false, "This was refined", "as sourcing run req_demo_done", "nothing more is spent")
		}
		w.wantText(w.call("refine_sourcing", with(ask, "again", true)), true, "still processing", "Nothing was refined.")
		w.wantSpends("asked five times", "PATCH")
	})
}

// An end state that never changes is shown in the end, with a warning.
func TestARefinementThatChangesNothingIsTold(t *testing.T) {
	inStartingWorld(t, 0, 0, func(w *world) {
		ask := map[string]any{"request_id": "req_demo_done", "additional": 2}
		w.run(w.call("refine_sourcing", with(ask, "confirmation", w.code(w.call("refine_sourcing", ask)))))
		wait := map[string]any{"request_id": "req_demo_done", "max_wait_seconds": 50}
		for range 3 {
			w.wantText(w.call("wait_for_sourcing", wait), false, "is still processing", "Next: wait_for_sourcing")
		}
		a := w.call("wait_for_sourcing", wait)
		w.wantText(a, false, "Warning: 3 min", "still gives the results from before it", "20 returned")
		if strings.Contains(a.text, " new (") {
			w.t.Errorf("candidates are marked:\n%s", a.text)
		}
	}, sandbox.WithRefining(sandbox.Refining{Lag: time.Hour}))
}

// The operator's log must not call a start that may have been made a cancelled
// call, and the code still answers with the run.
func TestACallThatEndsDuringAStartHasAnUnknownOutcome(t *testing.T) {
	inStartingWorld(t, 0, 0, func(w *world) {
		w.sandbox.Inject(sandbox.Starts, sandbox.Fault{Delay: 5 * time.Second})
		b := with(brief(), "confirmation", w.code(w.call("start_sourcing", brief())))
		gone, leave := context.WithTimeout(w.t.Context(), time.Second)
		defer leave()
		_, _ = w.session.CallTool(gone, mcp.CallToolRequest{Params: mcp.CallToolParams{Name: "start_sourcing", Arguments: b}})
		synctest.Wait()
		if last := w.calls[len(w.calls)-1]; last.Outcome != tools.OutcomeUnknown {
			w.t.Errorf("outcome %q", last.Outcome)
		}
		w.run(w.call("start_sourcing", b))
		w.wantSpends("a caller who leaves", "POST")
	})
}

// A restart forgets codes, and says so.
func TestACodeFromBeforeARestartIsVoid(t *testing.T) {
	var code string
	inStartingWorld(t, 0, 0, func(w *world) { code = w.code(w.call("start_sourcing", brief())) })
	inStartingWorld(t, 0, 0, func(w *world) {
		w.wantText(w.call("start_sourcing", with(brief(), "confirmation", code)), false, "until this server restarts", "may have worked", "InstaView app", "Nothing was started:")
		w.wantSpends("a code from before a restart", "")
	})
}
