package tools

import (
	"context"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"instaview-mcp/client/poll"
	page "instaview-mcp/internal/view"
	"instaview-mcp/tools/shortlist"
)

// ViewKey is where a result's _meta holds what the page shows. There it costs a
// model no tokens, and clients do not show it instead of the text, as they
// would structuredContent.
const ViewKey = "instaview-mcp/shortlist"

// The MCP App: the extension, the page's address and its type, as the
// specification of 2026-01-26 names them.
const (
	AppsExtension = "io.modelcontextprotocol/ui"
	appURI        = "ui://shortlist"
	appMIMEType   = "text/html;profile=mcp-app"
)

// maxInApp is how many candidates the page inside a chat holds, about 1 MB.
// Saved pages hold all of them.
const maxInApp = 200

// sampleData labels a page of the demo.
const sampleData = "Sample data of the demo: these people and companies are invented."

// showShortlist reads a run once and shows it as a page inside the chat. Every
// client is offered it, since some show pages without saying so; for all others
// its answer is the text alone.
type showShortlist struct {
	runs     Getter
	settings Settings
}

func (t *showShortlist) definition() mcp.Tool {
	tool := mcp.NewTool(ShowTool,
		readOnly("Show shortlist"),
		mcp.WithDescription("Show a run as a page, if the user asks for one"),
		mcp.WithString("request_id", mcp.Required(), mcp.Description("Run id")),
		mcp.WithArray("ranks", mcp.Items(map[string]any{"type": "integer"}), mcp.Description("Only these")),
		mcp.WithBoolean("blind", mcp.Description(blindDescription(t.settings))),
	)
	// Without alwaysLoad, as it costs tokens and few conversations need a page.
	tool.Meta = &mcp.Meta{AdditionalFields: map[string]any{"ui": map[string]any{"resourceUri": appURI}}}
	return tool
}

func (t *showShortlist) handle(ctx context.Context, _ *mcp.CallToolRequest, a *reader, v *shortlist.View) (reply, error) {
	a.finish()
	if a.fault != "" {
		return failed(OutcomeRefused, a.fault), nil
	}
	snapshot, err := t.runs.Get(ctx, string(v.RequestID))
	if err != nil {
		return reply{}, err
	}
	r := answer(ctx, v, snapshot, a)
	inApp := *v
	if inApp.Limit == 0 {
		inApp.Limit = maxInApp
	}
	if data, ok := t.settings.pageOf(inApp, snapshot); ok {
		r.view, r.shown = data.JSON(), len(data.Profiles)
	}
	return r, nil
}

// pageOf returns what a page shows of a run. ok is false if there is no answer
// of InstaView's to show.
func (s Settings) pageOf(v shortlist.View, snapshot poll.Snapshot) (data page.Data, ok bool) {
	if snapshot.Err != nil || snapshot.Results == nil {
		return page.Data{}, false
	}
	data.Report = shortlist.NewReport(snapshot.Results, v)
	data.Seen(time.Since(snapshot.SeenAt))
	if s.Demo {
		data.Label = sampleData
	}
	return data, true
}

// shortlistPage answers with a run as a page, in whatever state it is. It fails
// only if InstaView has not answered.
func shortlistPage(settings Settings) func(context.Context, *shortlist.View, poll.Snapshot, *reader) reply {
	return func(ctx context.Context, v *shortlist.View, snapshot poll.Snapshot, a *reader) reply {
		r := answer(ctx, v, snapshot, a)
		data, ok := settings.pageOf(*v, snapshot)
		if !ok {
			r.isError = true
			return r
		}
		r.file, r.shown = page.Page(data), len(data.Profiles)
		return r
	}
}

// RegisterApp adds the page that show_shortlist shows, unless the operator
// leaves it out.
func RegisterApp(s *server.MCPServer, settings Settings) {
	if settings.NoApps {
		return
	}
	// Nothing is loaded or sent, so the page asks for no domain. It may copy
	// what a person has marked.
	meta := map[string]any{"ui": map[string]any{"permissions": map[string]any{"clipboardWrite": map[string]any{}}, "prefersBorder": true}}
	resource := mcp.NewResource(appURI, "shortlist_app", mcp.WithResourceTitle("Shortlist"),
		mcp.WithResourceDescription("The page that show_shortlist shows; it holds no data"), mcp.WithMIMEType(appMIMEType))
	s.AddResource(resource, func(context.Context, mcp.ReadResourceRequest) ([]mcp.ResourceContents, error) {
		return []mcp.ResourceContents{mcp.TextResourceContents{Meta: meta, URI: appURI, MIMEType: appMIMEType, Text: page.App()}}, nil
	})
}

// Extensions returns the extensions of the protocol that a server with these
// settings declares; nil = none.
func (s Settings) Extensions() map[string]any {
	if s.NoApps {
		return nil
	}
	return map[string]any{AppsExtension: map[string]any{"mimeTypes": []string{appMIMEType}}}
}
