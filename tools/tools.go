// Package tools defines the MCP tools and the resources that show the same
// content: their names, arguments and answers. It knows MCP and the client's
// types, and nothing of HTTP.
package tools

import (
	"context"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"instaview-mcp/client"
	"instaview-mcp/client/poll"
	"instaview-mcp/tools/shortlist"
)

// The limits of wait_for_sourcing.
const (
	// DefaultWait is below the 60 s after which the usual clients give up on a
	// call that reports no progress.
	DefaultWait = 50 * time.Second
	// MaxWait is below the 300 s after which the most patient clients give up.
	MaxWait = 240 * time.Second
	// DefaultMaxWaits is how many waits may run at the same time; one person's
	// client needs far fewer.
	DefaultMaxWaits = 90
)

// getTool is the name of the tool that reads a run once.
const getTool = "get_sourcing_results"

// Names returns the names of the tools, with those that cost credits if starts
// is set.
func Names(starts bool) []string {
	names := []string{getTool, waitTool, ShowTool}
	if starts {
		names = append(names, startTool, refineTool)
	}
	return names
}

// ShowTool is the name of the tool that shows a run as a page.
const ShowTool = "show_shortlist"

// The names of the other tools.
const (
	waitTool   = "wait_for_sourcing"
	startTool  = "start_sourcing"
	refineTool = "refine_sourcing"
)

// Getter reads a run once. *poll.Poller implements it.
type Getter interface {
	Get(ctx context.Context, requestID string) (poll.Snapshot, error)
}

// Waiter also waits for a run to end. *poll.Poller implements it.
type Waiter interface {
	Getter
	Wait(ctx context.Context, requestID string, d time.Duration, onSnapshot func(poll.Snapshot)) (poll.Snapshot, error)
}

// Settings are the operator's choices. The zero value of each field means its
// default.
type Settings struct {
	// AllowContacts lets a call ask for e-mail addresses.
	AllowContacts bool
	// Blind hides names and links in every answer, whatever a call asks for.
	Blind bool
	// DefaultWait is how long a call waits that gives no max_wait_seconds; 0
	// means the constant DefaultWait.
	DefaultWait time.Duration
	// MaxWait is the longest wait a call may ask for; 0 means the constant
	// MaxWait.
	MaxWait time.Duration
	// MaxWaits is how many waits may run at the same time; 0 means
	// DefaultMaxWaits.
	MaxWaits int
	// Starting, if not nil, offers start_sourcing and refine_sourcing, which
	// cost credits.
	Starting *Starting
	// NoApps leaves out show_shortlist and the page that it shows.
	NoApps bool
	// Demo labels every page as sample data.
	Demo bool
	// CallerWaits is how many waits each caller that tenant.IDOf tells from
	// others may run at the same time; 0 means no limit but MaxWaits.
	CallerWaits int
	// OnCall, if not nil, is called after every call. It must be safe for
	// concurrent use.
	OnCall func(context.Context, Call)
}

// Register adds get_sourcing_results, wait_for_sourcing and show_shortlist to
// s, which read runs, and the tools of settings.Starting if it is not nil.
func Register(s *server.MCPServer, runs Waiter, settings Settings) {
	if settings.DefaultWait == 0 {
		settings.DefaultWait = DefaultWait
	}
	if settings.MaxWait == 0 {
		settings.MaxWait = MaxWait
	}
	if settings.MaxWaits == 0 {
		settings.MaxWaits = DefaultMaxWaits
	}
	get := &getSourcingResults{runs: runs, settings: settings}
	wait := &waitForSourcing{runs: runs, settings: settings, slots: make(chan struct{}, settings.MaxWaits), callers: &callerWaits{limit: settings.CallerWaits}}
	add := func(tool mcp.Tool, handle handler) { s.AddTool(tool, toolHandler(tool.Name, settings, handle)) }
	add(get.definition(), get.handle)
	add(wait.definition(), wait.handle)
	if !settings.NoApps {
		show := &showShortlist{runs: runs, settings: settings}
		add(show.definition(), show.handle)
	}
	if settings.Starting != nil {
		start := startSourcing{starting: settings.Starting}
		refine := refineSourcing{starting: settings.Starting, runs: runs}
		s.AddTool(start.definition(), spendHandler(settings, start))
		s.AddTool(refine.definition(), spendHandler(settings, refine))
	}
}

// readOnly sets a tool's title and annotations. All hints are set, because
// mcp-go announces a tool without them as destructive.
func readOnly(title string) mcp.ToolOption {
	yes, no := true, false
	return func(t *mcp.Tool) {
		t.Title = title
		t.Annotations = mcp.ToolAnnotation{
			Title: title, ReadOnlyHint: &yes, DestructiveHint: &no, IdempotentHint: &yes, OpenWorldHint: &yes,
		}
		// Without this, Claude Code shows a model only the tool's name.
		t.Meta = &mcp.Meta{AdditionalFields: map[string]any{"anthropic/alwaysLoad": true}}
	}
}

// selectionArguments declares the arguments that choose what an answer shows.
// Bounds stand in descriptions alone: Codex drops them from schemas, and
// clients that obey a schema would refuse what the server understands.
func selectionArguments(settings Settings) mcp.ToolOption {
	options := []mcp.ToolOption{
		mcp.WithString("request_id", mcp.Required(), mcp.Description("Run id")),
		mcp.WithString("detail", mcp.Enum(string(shortlist.Brief), string(shortlist.Summary), string(shortlist.Full)),
			mcp.Description("brief: a line each; summary (default): for deciding; full: plus experience and evidence")),
		mcp.WithInteger("limit", mcp.Description("1-50; default: summary 10 and the rest in brief, brief 50, full 5")),
		mcp.WithInteger("offset", mcp.Description("Candidates to skip")),
		mcp.WithNumber("min_score", mcp.Description("Hide lower scores, 0-100")),
		mcp.WithArray("profile_ids", mcp.WithStringItems(), mcp.Description("Only these candidates, at most 50")),
		mcp.WithArray("ranks", mcp.Items(map[string]any{"type": "integer"}), mcp.Description("Only these ranks")),
		mcp.WithBoolean("blind", mcp.Description(blindDescription(settings))),
		mcp.WithBoolean("include_contacts", mcp.Description("Show e-mails, if allowed")),
	}
	return func(t *mcp.Tool) {
		for _, o := range options {
			o(t)
		}
	}
}

func blindDescription(settings Settings) string {
	if settings.Blind {
		return "Names and links are always hidden here"
	}
	return "Hide names and links"
}

// view reads the arguments that choose what an answer shows.
func view(a *reader, settings Settings) *shortlist.View {
	v := &shortlist.View{
		Tool:      getTool,
		RequestID: a.requestID(),
		Selection: a.selection(),
		Blind:     a.flag("blind") || settings.Blind,
		Contacts:  a.flag("include_contacts"),
	}
	if settings.Blind && a.given["blind"] != nil && !a.flag("blind") {
		a.notes = append(a.notes, "Names stay hidden: the operator of this server has set INSTAVIEW_MCP_BLIND=true.")
	}
	if v.Contacts && !settings.AllowContacts {
		v.Contacts = false
		a.notes = append(a.notes, "E-mail addresses are left out: the operator of this server has not set INSTAVIEW_ALLOW_CONTACTS=true.")
	}
	return v
}

// ended answers for a run that will not change: with its shortlist, or with why
// there is none.
func ended(v *shortlist.View, snapshot poll.Snapshot, a *reader) reply {
	v.Age, v.Notes = time.Since(snapshot.SeenAt), a.notes
	r := reply{outcome: OutcomeOther}
	switch snapshot.Results.Status {
	case client.StatusCompleted:
		r.outcome = OutcomeCompleted
	case client.StatusFailed:
		r.outcome = OutcomeFailed
	}
	r.text, r.shown = shortlist.Render(snapshot.Results, *v)
	return r
}
