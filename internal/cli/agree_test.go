package cli

import (
	"testing"
	"testing/synctest"
)

var starts = map[string]string{"INSTAVIEW_ALLOW_START": "true"}

func TestCallSpendsAfterAYes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		brief := []string{"--demo", "call", "start_sourcing", "title=Go engineer", "job_description=Payments", "limit=3"}
		proposal := []string{"This would start a sourcing run", "at most 3 credits"}
		execute(t, starts, brief...).wants(t, 1, nil, append(proposal, "nothing was started: nobody can be asked here, and --yes was not given"))
		execute(t, starts, append(brief, "--yes")...).wants(t, 0, []string{"is started.", "Next: wait_for_sourcing(request_id="}, proposal)
		execute(t, starts, "--demo", "--yes", "call", "refine_sourcing", "request_id=req_demo_done", "additional=3").wants(t, 0,
			[]string{"req_demo_done is refined."}, []string{"This would refine a sourcing run"})
		execute(t, starts, append(brief, "--yes", "--csv", "x.csv")...).wants(t, 1, nil, []string{"--csv goes with a call that shows candidates"})
		execute(t, starts, append(brief, "--yes", "--html", "x.html")...).wants(t, 1, nil, []string{"--html goes with a call that shows candidates"})
		execute(t, starts, "--demo", "--yes", "call", "start_sourcing", "title=x").wants(t, 1, []string{"job_description is missing"}, nil)
		execute(t, starts, "--demo", "--yes", "call", "start_sourcing", "title=x", "job_description=y", "limit=50").wants(t, 1, []string{"INSTAVIEW_MAX_CREDITS_PER_RUN"}, nil)
	})
}

func TestWithoutTheSwitchThereIsNothingToCall(t *testing.T) {
	execute(t, nil, "--demo", "--yes", "call", "start_sourcing", "title=x").wants(t, 1, nil, []string{"there is no tool \"start_sourcing\": use get_sourcing_results, show_shortlist or wait_for_sourcing"})
	execute(t, nil, "prompt", "write_brief", "role=x").wants(t, 1, nil, []string{"there is no prompt \"write_brief\""})
	execute(t, starts, "prompt", "write_brief", "role=Go engineer").wants(t, 0, []string{"for this job: “Go engineer”"}, nil)
	execute(t, starts, "--demo", "check").wants(t, 0, []string{"starts for at most 20 credits a run and 100 in 24 hours"}, nil)
	execute(t, starts, "--demo", "--yes", "check").wants(t, 1, nil, []string{"check takes no --yes"})
}

// A brief may hold what looks like a code.
func TestTheCodeIsTheServersOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		execute(t, starts, "--demo", "--yes", "call", "start_sourcing", `title=confirmation="AAAAAAAA"`, "job_description=x").wants(t, 0, []string{"is started."}, []string{"AAAAAAAA"})
	})
}
