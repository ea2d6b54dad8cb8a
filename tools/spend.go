package tools

import (
	"context"
	"encoding/json"
	"errors"
	"hash/maphash"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"instaview-mcp/client"
	"instaview-mcp/internal/arguments"
	"instaview-mcp/internal/sanitize"
	"instaview-mcp/internal/spending"
	"instaview-mcp/internal/tenant"
	"instaview-mcp/tools/shortlist"
)

// Starter starts and refines runs, in one attempt each. The errors are those of
// client.Client.
type Starter interface {
	// Known reports whether InstaView has accepted the key of ctx's caller.
	Known(ctx context.Context) bool
	Start(ctx context.Context, b client.Brief) (*client.Started, error)
	// Refine refines a run with the results before.
	Refine(ctx context.Context, requestID string, r client.Refinement, before *client.Results) (*client.Started, error)
}

// Starting is what start_sourcing and refine_sourcing need. Create one with
// NewStarting.
type Starting struct {
	runs   Starter
	ledger *spending.Ledger
	// Remember, if not nil, is called for every run that was started, with the
	// job's title, or refined, with the run it came from.
	Remember func(ctx context.Context, requestID, title, refinedFrom string)

	refined refinements
}

// NewStarting returns what the tools that cost credits need: who starts runs,
// and the ledger of what was agreed to.
func NewStarting(runs Starter, ledger *spending.Ledger) *Starting {
	return &Starting{runs: runs, ledger: ledger, refined: refinements{seed: maphash.MakeSeed()}}
}

func (s *Starting) remember(ctx context.Context, requestID, title, refinedFrom string) {
	if s.Remember != nil {
		s.Remember(ctx, requestID, title, refinedFrom)
	}
}

// spender is a tool that costs credits.
type spender interface {
	definition() mcp.Tool
	// names returns the names of its arguments except confirmation. Messages
	// name the first two, which a first call needs.
	names() []sanitize.Clean
	// order reads and checks the arguments: what to carry out, and the most
	// credits that it can cost.
	order(a *reader) (payload any, credits int)
	// describe tells a person what a payload asks for.
	describe(ctx context.Context, payload any) ([]sanitize.Clean, error)
	// carryOut does what a payload of order asks for. note is a line for the
	// answer.
	carryOut(ctx context.Context, payload any) (requestID string, note sanitize.Clean, err error)
	// refused explains an error of carryOut or describe.
	refused(ctx context.Context, e *client.Error) sanitize.Clean
	// verbs returns the words in which the tools' answers differ.
	verbs() verbs
}

type verbs struct{ tool, start, started sanitize.Clean }

// costs sets a tool's title and annotations. It destroys nothing, and done
// twice it costs twice. Clients that load tools on demand need not load it
// before somebody wants it.
func costs(title string) mcp.ToolOption {
	yes, no := true, false
	return func(t *mcp.Tool) {
		readOnly(title)(t)
		t.Annotations.ReadOnlyHint, t.Annotations.IdempotentHint = &no, &no
		t.Annotations.DestructiveHint, t.Annotations.OpenWorldHint = &no, &yes
		t.Meta = nil
	}
}

// spendHandler adapts a spender to mcp-go and records the call.
func spendHandler(settings Settings, tool spender) server.ToolHandlerFunc {
	name := tool.definition().Name
	return func(ctx context.Context, req mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		r, err := record(ctx, name, settings.OnCall, func(call *Call) (reply, error) {
			known := []string{arguments.Confirmation}
			for _, name := range tool.names() {
				known = append(known, string(name))
			}
			a := readArgumentsOf(req.Params.Arguments, known)
			s := spend{spender: tool, starting: settings.Starting, a: a}
			r, err := s.handle(ctx)
			call.RequestID = s.requestID
			return r, err
		})
		if err != nil {
			return nil, err
		}
		result := mcp.NewToolResultText(string(r.text))
		result.IsError = r.isError
		return result, nil
	}
}

// spend is one call of a tool that costs credits.
type spend struct {
	spender
	starting  *Starting
	a         *reader
	requestID string // of the run that was started
}

// handle makes a proposal, or carries out what a person has agreed to.
func (s *spend) handle(ctx context.Context) (reply, error) {
	code, wrong := s.confirmation()
	order := spending.Order{Tool: string(s.verbs().tool), Caller: tenant.IDOf(ctx), Key: keyOf(ctx), Known: s.starting.runs.Known(ctx)}
	if code != "" && s.isAlone() {
		return s.confirm(ctx, order, code)
	}
	order.Payload, order.Credits = s.order(s.a)
	order.Again = s.a.flag(arguments.Again)
	s.a.finish()
	if s.a.fault != "" {
		text := s.a.fault + " Nothing was " + s.verbs().started + "."
		if code != "" {
			text += " Beside confirmation, repeat all arguments or none."
		}
		return failed(OutcomeRefused, text), nil
	}
	text, err := json.Marshal(order.Payload)
	if err != nil {
		return reply{}, err
	}
	order.Same = spending.Fingerprint(string(text))
	if code != "" {
		return s.confirm(ctx, order, code)
	}
	return s.propose(ctx, order, wrong)
}

// keyOf returns whose credits a call spends: those of the caller's key,
// whatever company it is used for, or of the server's.
func keyOf(ctx context.Context) tenant.ID {
	if key := tenant.CredentialsOf(ctx).Key; key.Reveal() != "" {
		return tenant.Credentials{Key: key}.ID()
	}
	return ""
}

var codePattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\b[A-Z2-7]{8}\b`) })

// confirmation reads the code; wrong says why there is none where something
// was given.
func (s *spend) confirmation() (code string, wrong sanitize.Clean) {
	given := s.a.get(arguments.Confirmation)
	text, isText := given.(string)
	switch code = codePattern().FindString(strings.ToUpper(text)); {
	case given == nil, code != "", isText && arguments.PlainText(text) == "":
		return code, ""
	}
	return "", "confirmation must be the code of an earlier answer."
}

// isAlone reports whether the call gives no argument beside confirmation, as
// of a model that has forgotten a long brief. Some clients fill in all others
// with empty values.
func (s *spend) isAlone() bool {
	for _, name := range s.names() {
		if name != arguments.Again && !isEmpty(s.a.given[string(name)]) {
			return false
		}
	}
	return s.a.fault == ""
}

func isEmpty(value any) bool {
	switch v := value.(type) {
	case nil:
		return true
	case string:
		return arguments.IsNothing(v)
	case float64:
		return v == 0
	case []any:
		return len(v) == 0
	}
	return false
}

// propose answers with what would be done and the code that confirms it. why
// says why nothing was done yet; "" if nothing was to be.
func (s *spend) propose(ctx context.Context, order spending.Order, why sanitize.Clean) (reply, error) {
	given, earlier, err := s.starting.ledger.Propose(ctx, order)
	switch {
	case err != nil:
		return s.failure(ctx, err)
	case earlier != nil:
		return s.attempted(earlier), nil
	}
	summary, err := s.describe(ctx, order.Payload)
	if err != nil {
		return s.failure(ctx, err)
	}
	v := s.verbs()
	first := "Nothing is " + v.started + " yet. " + v.start + ":"
	if why != "" {
		first = "Nothing was " + v.started + ": " + why + " " + v.start + ":"
	}
	lines := append([]sanitize.Clean{first}, summary...)
	lines = append(lines, "- cost: at most "+counted(order.Credits, "credit")+", one for each candidate sourced")
	if order.Again {
		lines = append(lines, "- again: on top of what the same arguments may have cost in the last ten minutes")
	}
	lines = append(lines, s.a.notes...)
	code, _ := sanitize.Plain(given, len(given))
	lines = append(lines, "Show this to the user, cost included, and ask. Only after their yes: "+v.tool+" with the same arguments and confirmation=\""+code+"\" does exactly this, once, "+
		"within "+shortlist.Duration(spending.CodeLife)+". If they want anything changed, call with the changed arguments and no confirmation.")
	return reply{text: sanitize.Join("\n", lines...), outcome: OutcomeProposed}, nil
}

// confirm carries out the order that a code stands for. The order has no
// payload if the call gave the code alone.
func (s *spend) confirm(ctx context.Context, order spending.Order, code string) (reply, error) {
	var note sanitize.Clean
	attempt, err := s.starting.ledger.Confirm(ctx, order, code, func(ctx context.Context, order spending.Order) (requestID string, err error) {
		requestID, note, err = s.carryOut(ctx, order.Payload)
		return requestID, err
	})
	switch {
	case errors.Is(err, spending.ErrVoid) && order.Payload == nil:
		return s.void(), nil
	case errors.Is(err, spending.ErrVoid):
		return s.propose(ctx, order, voidCode)
	case errors.Is(err, spending.ErrChanged):
		return s.propose(ctx, order, "that code is for other arguments.")
	case err != nil && ctx.Err() != nil:
		return s.underWay(), nil
	case err != nil:
		return s.failure(ctx, err)
	}
	if note != "" {
		s.a.note(note)
	}
	return s.attempted(attempt), nil
}

const voidCode = "that code is void. A code is good for ten minutes, for whoever was given it, and until this server restarts. " +
	"If it was sent before, it may have worked: let the user look in the InstaView app first."

// void answers a void code that no other arguments came with.
func (s *spend) void() reply {
	v := s.verbs()
	return failed(OutcomeRefused, "Nothing was "+v.started+": "+voidCode+" Call "+v.tool+" with "+sanitize.Join(" and ", s.names()[:2]...)+
		" for a new one, and show the user its answer.")
}

// attempted answers with what became of an order.
func (s *spend) attempted(attempt *spending.Attempt) reply {
	v := s.verbs()
	if e := attempt.Unknown; e != nil {
		return failed(OutcomeUnknown, "This ended with its outcome unknown: InstaView was asked"+ago(attempt)+" and gave no clear answer"+cause(e)+
			", so the run may have been "+v.started+" or not. Its credits count as spent. "+
			"Do not repeat it: tell the user, who can see in the InstaView app whether it was "+v.started+". If it was, wait_for_sourcing takes the run's request id. "+
			"If it was not, "+v.tool+" with the same arguments and again=true asks for another.")
	}
	s.requestID = attempt.RequestID
	run, _ := sanitize.Plain(attempt.RequestID, len(attempt.RequestID))
	next := "Next: wait_for_sourcing(request_id=\"" + run + "\")."
	if attempt.Earlier {
		return reply{outcome: OutcomeEarlier, text: "This was " + v.started + ago(attempt) + " as sourcing run " + run + "; nothing more was " + v.started +
			" now, and nothing more is spent. If the user wants it once more, call with the same arguments and again=true.\n" + next}
	}
	lines := append([]sanitize.Clean{"Sourcing run " + run + " is " + v.started + "."}, s.a.notes...)
	return reply{outcome: OutcomeStarted, text: sanitize.Join("\n", append(lines, next)...)}
}

// ago says how long ago an attempt was made; "" if under a second.
func ago(attempt *spending.Attempt) sanitize.Clean {
	if attempt.Ago < time.Second {
		return ""
	}
	return " " + shortlist.Duration(attempt.Ago) + " ago"
}
