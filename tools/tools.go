// Package tools is the MCP tools, and the resources that show the same: what each
// is called and takes, and how its answer is put. It knows MCP and the client's
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

// The waits of wait_for_sourcing. The usual clients give up on a call after
// 60 s unless progress keeps them, and the most patient after 300 s.
const (
	DefaultWait = 50 * time.Second
	MaxWait     = 240 * time.Second
	// DefaultMaxWaits is more than one person's client has use for.
	DefaultMaxWaits = 90
)

// Looker looks at a run once. *poll.Poller is one.
type Looker interface {
	Look(ctx context.Context, requestID string) (poll.Look, error)
}

// Waiter waits for a run's end. *poll.Poller is one.
type Waiter interface {
	Looker
	Wait(ctx context.Context, requestID string, d time.Duration, onLook func(poll.Look)) (poll.Look, error)
}

// Settings are the operator's choices. The zero value of each field means its
// default.
type Settings struct {
	// AllowContacts lets a call ask for e-mail addresses.
	AllowContacts bool
	// Blind hides names and links in everything, whatever a call asks for.
	Blind       bool
	DefaultWait time.Duration // 0 = DefaultWait
	MaxWait     time.Duration // 0 = MaxWait
	MaxWaits    int           // at the same time; 0 = DefaultMaxWaits
	// Called, if not nil, is told of every call once it has ended.
	Called func(context.Context, Call)
}

// Register adds both tools to s.
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
	get := getSourcingResults{runs: runs, settings: settings}
	wait := waitForSourcing{runs: runs, settings: settings, places: make(chan struct{}, settings.MaxWaits)}
	s.AddTools(
		server.ServerTool{Tool: get.definition(), Handler: settings.serve(get.definition().Name, get.handle)},
		server.ServerTool{Tool: wait.definition(), Handler: settings.serve(wait.definition().Name, wait.handle)},
	)
}

// readOnly is what both tools promise. mcp-go announces the opposite of
// whatever is not set.
func readOnly(title string) mcp.ToolOption {
	yes, no := true, false
	return func(t *mcp.Tool) {
		t.Title = title
		t.Annotations = mcp.ToolAnnotation{
			Title: title, ReadOnlyHint: &yes, DestructiveHint: &no, IdempotentHint: &yes, OpenWorldHint: &yes,
		}
		// Claude Code otherwise shows a model the tool's name alone.
		t.Meta = &mcp.Meta{AdditionalFields: map[string]any{"anthropic/alwaysLoad": true}}
	}
}

// selecting declares the arguments that both tools narrow a shortlist by. Codex
// drops defaults and bounds from schemas, so the words have them too.
func selecting(settings Settings) mcp.ToolOption {
	blind := "Hide names and links; default false"
	if settings.Blind {
		blind = "Names and links are always hidden here"
	}
	options := []mcp.ToolOption{
		mcp.WithString("request_id", mcp.Required(), mcp.Description("Run id, e.g. req_9f3b827e")),
		mcp.WithString("detail", mcp.Enum(string(shortlist.Brief), string(shortlist.Summary), string(shortlist.Full)),
			mcp.Description("brief: a line each; summary (default): what a decision rests on; full: plus experience and evidence")),
		mcp.WithInteger("limit", mcp.Min(1), mcp.Max(shortlist.MaxLimit),
			mcp.Description("How many, 1-50; default: summary 10 and the rest in brief, brief 50, full 5")),
		mcp.WithInteger("offset", mcp.Min(0), mcp.Description("Candidates to skip; default 0")),
		mcp.WithNumber("min_score", mcp.Min(0), mcp.Max(100), mcp.Description("Hide lower scores, 0-100")),
		mcp.WithArray("profile_ids", mcp.WithStringItems(), mcp.Description("Only these candidates, at most 50")),
		mcp.WithArray("ranks", mcp.Items(map[string]any{"type": "integer"}), mcp.Description("Only these ranks")),
		mcp.WithBoolean("blind", mcp.Description(blind)),
		mcp.WithBoolean("include_contacts", mcp.Description("Show e-mails, if the operator allows; default false")),
	}
	return func(t *mcp.Tool) {
		for _, o := range options {
			o(t)
		}
	}
}

// view reads the arguments that say what an answer should show.
func view(a *reader, settings Settings) shortlist.View {
	v := shortlist.View{
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

// ended answers for a run that will not change: with its shortlist, or with
// what became of it instead.
func ended(v shortlist.View, look poll.Look, a *reader) reply {
	v.Age, v.Notes = time.Since(look.SeenAt), a.notes
	r := reply{outcome: OutcomeOther}
	switch look.Results.Status {
	case client.StatusCompleted:
		r.outcome = OutcomeCompleted
	case client.StatusFailed:
		r.outcome = OutcomeFailed
	}
	r.text, r.shown = shortlist.Render(look.Results, v)
	return r
}
