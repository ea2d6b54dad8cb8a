package cli

import (
	"bytes"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/term"

	"instaview-mcp/internal/sandbox"
)

// outcome is what a person sees of one run of the program.
type outcome struct {
	status         int
	stdout, stderr string
}

// pairs returns env in the form of os.Environ.
func pairs(env map[string]string) []string {
	var all []string
	for name, value := range env {
		all = append(all, name+"="+value)
	}
	return all
}

func execute(t *testing.T, env map[string]string, args ...string) outcome {
	t.Helper()
	var stdout, stderr bytes.Buffer
	status := Run(t.Context(), System{
		Args:    args,
		Environ: pairs(env),
		Stdin:   strings.NewReader(""),
		Stdout:  &stdout,
		Stderr:  &stderr,
	})
	return outcome{status, stdout.String(), stderr.String()}
}

func (o outcome) wants(t *testing.T, status int, stdout, stderr []string) {
	t.Helper()
	if o.status != status {
		t.Errorf("exit status %d, want %d", o.status, status)
	}
	for _, check := range []struct {
		stream, got string
		want        []string
	}{{"stdout", o.stdout, stdout}, {"stderr", o.stderr, stderr}} {
		if len(check.want) == 0 && check.got != "" {
			t.Errorf("%s is not empty:\n%s", check.stream, check.got)
		}
		for _, want := range check.want {
			if !strings.Contains(check.got, want) {
				t.Errorf("%s lacks %q:\n%s", check.stream, want, check.got)
			}
		}
	}
}

func TestTheDemoGoesFromProcessingToAShortlist(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		execute(t, nil, "--demo", "call", "wait_for_sourcing", "request_id=req_demo").wants(t, 0,
			[]string{"Sample data of the demo", "completed in 12 s: 20 scored of 115 found", "\n1 (96) "},
			[]string{"Asking InstaView about the run\n", "Processing, 0 sourced so far", "Answered after 15 s\n"})
		if took := time.Since(start); took > 21*time.Second {
			t.Errorf("took %v", took)
		}
	})
}

func TestCallExitsByTheAnswer(t *testing.T) {
	for name, tt := range map[string]struct {
		args   []string
		status int
		stdout []string
		stderr []string
	}{
		"a failed run is an answer": {
			[]string{"wait_for_sourcing", "request_id=req_demo_failed"}, 0, []string{"PROVIDER_TEMPORARILY_UNAVAILABLE", "start the same run again"}, []string{"Asking InstaView"},
		},
		"numbers and lists from text": {
			[]string{"get_sourcing_results", "request_id=req_demo_done", "limit=1", "detail=brief"}, 0, []string{"Showing 1 in brief"}, nil,
		},
		"a malformed id": {[]string{"get_sourcing_results", "request_id=../x"}, 1, []string{"No request was made."}, nil},
		"no tool":        {nil, 1, nil, []string{"call needs a tool"}},
		"no such tool":   {[]string{"nope"}, 1, nil, []string{`there is no tool "nope": use get_sourcing_results, show_shortlist or wait_for_sourcing`}},
		"not name=value": {[]string{"get_sourcing_results", "req_demo"}, 1, nil, []string{`"req_demo" is not of the form name=value`}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				execute(t, nil, append([]string{"--demo", "call"}, tt.args...)...).wants(t, tt.status, tt.stdout, tt.stderr)
			})
		})
	}
}

func TestPromptPrintsAPromptAndNeedsNoKey(t *testing.T) {
	for _, flags := range [][]string{nil, {"--demo"}} {
		execute(t, nil, append(flags, "prompt", "review_shortlist", "request_id=req_demo_done", "role=Go engineer")...).wants(t, 0,
			[]string{`Review the shortlist of InstaView sourcing run req_demo_done for this job: “Go engineer”.`, `wait_for_sourcing(request_id="req_demo_done"`}, nil)
	}
}

func TestPromptKnowsThatNamesAreHidden(t *testing.T) {
	execute(t, map[string]string{"INSTAVIEW_MCP_BLIND": "true"}, "prompt", "review_shortlist", "request_id=req_1").wants(t, 0, []string{"Names are hidden here"}, nil)
}

func TestPromptWithoutANameListsThePrompts(t *testing.T) {
	want := []string{
		"review_shortlist request_id=… [role=…] [must_haves=…] [top=…]\n  Whom to talk to first",
		"compare_candidates request_id=… profile_ids=…\n",
		"explain_ranking request_id=… profile_id=…\n",
		"screening_questions request_id=… profile_id=…\n",
		"draft_outreach request_id=… profile_id=… [tone=…] [language=…]\n",
		"\n  profile_ids  2-10 candidates, by ids, ranks or names with commas between\n",
	}
	execute(t, nil, "prompt").wants(t, 0, want, nil)
	execute(t, nil, "prompt", "hire").wants(t, 1, nil, append(want[:5:5], `there is no prompt "hire": use one of these`))
}

func TestPromptExplainsWrongArguments(t *testing.T) {
	for want, args := range map[string][]string{
		"instaview-mcp: explain_ranking: request_id is missing":                           {"explain_ranking"},
		"instaview-mcp: review_shortlist: top must be a whole number from 1 to 10.":       {"review_shortlist", "request_id=x", "top=11"},
		`instaview-mcp: "req_demo_done" is not of the form name=value`:                    {"review_shortlist", "req_demo_done"},
		"instaview-mcp: prompt takes no --csv":                                            {"review_shortlist", "--csv", "x.csv"},
		"instaview-mcp: review_shortlist: there is no argument must_have: use request_id": {"review_shortlist", "request_id=x", "must_have=Go"},
	} {
		execute(t, nil, append([]string{"prompt"}, args...)...).wants(t, 1, nil, []string{want})
	}
}

func TestMistakesAreExplainedOnStderr(t *testing.T) {
	for name, tt := range map[string]struct {
		env    map[string]string
		args   []string
		stderr string
	}{
		"no key":             {nil, nil, "INSTAVIEW_API_KEY is not set"},
		"a literal ${…}":     {map[string]string{"INSTAVIEW_API_KEY": "${KEY}"}, nil, "nothing replaced"},
		"a setting is wrong": {map[string]string{"INSTAVIEW_MCP_MAX_WAITS": "many"}, []string{"--demo"}, "INSTAVIEW_MCP_MAX_WAITS must be a whole number"},
		"an unknown flag":    {nil, []string{"--verbose"}, "-h lists the flags"},
		"an unknown command": {nil, []string{"search"}, `there is no command "search"`},
		"serve with words":   {nil, []string{"serve", "http"}, "serve takes no arguments"},
	} {
		t.Run(name, func(t *testing.T) {
			execute(t, tt.env, tt.args...).wants(t, 1, nil, []string{tt.stderr})
		})
	}
}

// N23: at a terminal, where nothing is sent, the program prints what is wrong
// and ends. Otherwise this test would not end.
func TestAMisspeltFlagEndsTheProgramAtATerminal(t *testing.T) {
	terminal, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil || !term.IsTerminal(int(terminal.Fd())) {
		t.Skip("no terminal to be had here:", err)
	}
	defer func() { _ = terminal.Close() }()
	var stdout, stderr bytes.Buffer
	status := Run(t.Context(), System{Args: []string{"--trnasport", "stdio"}, Stdin: terminal, Stdout: &stdout, Stderr: &stderr})
	outcome{status, stdout.String(), stderr.String()}.wants(t, 1, nil, []string{"flag provided but not defined: -trnasport"})
}

func TestFlagsMayStandAnywhere(t *testing.T) {
	for _, args := range [][]string{
		{"--demo", "call", "get_sourcing_results", "request_id=req_demo_empty"},
		{"call", "--demo", "get_sourcing_results", "request_id=req_demo_empty"},
		{"call", "get_sourcing_results", "request_id=req_demo_empty", "--demo"},
		{"call", "get_sourcing_results", "-demo", "request_id=req_demo_empty"},
	} {
		execute(t, nil, args...).wants(t, 0, []string{"no candidate returned"}, nil)
	}
	execute(t, nil, "check", "--demo").wants(t, 0, []string{"the demo's sandbox"}, nil)
	// The tool decides about a value that begins like a flag.
	execute(t, nil, "--demo", "call", "get_sourcing_results", "request_id=-x").wants(t, 1, []string{"No request was made."}, nil)
}

func TestAWrongFlagIsNamedWithoutItsValue(t *testing.T) {
	for want, args := range map[string][]string{
		"flag -demo: must be true or false":    {"call", "get_sourcing_results", "--demo=canary", "request_id=x"},
		"flag provided but not defined: -key":  {"call", "get_sourcing_results", "--key=canary"},
		"flag -csv: needs the name of a file":  {"call", "get_sourcing_results", "--csv", "canary=x"},
		"check takes no --csv: only call does": {"check", "--csv=canary"},
	} {
		got := execute(t, nil, args...)
		got.wants(t, 1, nil, []string{want})
		if strings.Contains(got.stderr, "canary") {
			t.Errorf("%q: a value is shown:\n%s", args, got.stderr)
		}
	}
}

// A bundle starts the program with --demo=${user_config.demo}, and some hosts
// replace nothing where a form's field is empty.
func TestTheDemoIsASwitchOfABundlesForm(t *testing.T) {
	noKey := []string{"INSTAVIEW_API_KEY is not set"}
	for flag, want := range map[string][]string{"--demo=true": nil, "--demo=false": noKey, "--demo=${user_config.demo}": noKey} {
		got := execute(t, nil, flag, "call", "get_sourcing_results", "request_id=req_demo_done", "limit=1")
		if want == nil {
			got.wants(t, 0, []string{"completed"}, nil)
		} else {
			got.wants(t, 1, nil, want)
		}
	}
}

func TestTheDemoNeedsNoSettingOfInstaViews(t *testing.T) {
	env := map[string]string{"INSTAVIEW_BASE_URL": "http://example.com", "INSTAVIEW_API_KEY_FILE": "/nonexistent"}
	execute(t, env, "--demo", "call", "get_sourcing_results", "request_id=req_demo_empty").wants(t, 0, []string{"no candidate returned"}, nil)
}

func TestHelpAndVersion(t *testing.T) {
	execute(t, nil, "--version").wants(t, 0, []string{"instaview-mcp "}, nil)
	execute(t, nil, "--help").wants(t, 0, []string{"call TOOL", "-demo", "-csv", "-transport", "-yes"}, nil)
}

// Each command takes flags of its own, which its help lists.
func TestACommandTakesItsOwnFlags(t *testing.T) {
	for command, own := range map[string][]string{
		"serve": {"addr", "transport"}, "check": {"addr", "transport"}, "call": {"csv", "yes"}, "setup": {"print", "remove", "yes"},
		"webhook": {"url", "name", "dotted-events", "show-signing-secret", "yes"},
		"prompt":  nil, "version": nil, "completion": nil,
	} {
		help := execute(t, nil, command, "-h")
		for _, flag := range []string{"addr", "transport", "csv", "print", "remove", "yes", "url", "name", "dotted-events", "show-signing-secret"} {
			takes := slices.Contains(own, flag)
			if strings.Contains(help.stdout, "\n  -"+flag) != takes {
				t.Errorf("%s -h lists --%s: want %t\n%s", command, flag, takes, help.stdout)
			}
		}
		help.wants(t, 0, []string{"-demo", "-version"}, nil)
	}
	execute(t, nil, "call", "--addr=127.0.0.1:1").wants(t, 1, nil, []string{"call takes no --addr: only serve and check do"})
	execute(t, nil, "check", "--demo", "--transport=http", "--addr=127.0.0.1:0").wants(t, 0, []string{"the demo's sandbox"}, nil)
}

// The base URL may be any server with this API.
func TestTheBaseURLLeadsToAnotherServer(t *testing.T) {
	upstream := httptest.NewServer(sandbox.New(sandbox.WithKey("sk_live_mine")))
	defer upstream.Close()
	env := map[string]string{"INSTAVIEW_API_KEY": "sk_live_mine", "INSTAVIEW_BASE_URL": upstream.URL}
	got := execute(t, env, "call", "get_sourcing_results", "request_id=req_demo_done")
	got.wants(t, 0, []string{"Sourcing run req_demo_done completed in 1 min 19 s"}, nil)
	if strings.Contains(got.stdout, "Sample data") {
		t.Error("real answers are labelled as sample data")
	}
	env["INSTAVIEW_API_KEY"] = "sk_live_other"
	execute(t, env, "call", "get_sourcing_results", "request_id=req_demo_done").wants(t, 1, []string{"refused this server's API key"}, nil)
}
