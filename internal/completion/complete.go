package completion

import (
	"context"
	"slices"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"

	"instaview-mcp/internal/fold"
	"instaview-mcp/internal/tenant"
)

// maxValues is the most that the protocol lets an answer hold.
const maxValues = 100

// maxTyped bounds what is looked for; no id or name is longer.
const maxTyped = 4 * maxID

// CompletePromptArgument completes the arguments that name a run or candidates
// of it. The prompts agree on what those are called, so which one it is for does
// not matter.
func (m *Memory) CompletePromptArgument(ctx context.Context, _ string, argument mcp.CompleteArgument, given mcp.CompleteContext) (*mcp.Completion, error) {
	return m.complete(ctx, argument, given.Arguments["request_id"]), nil
}

// CompleteResourceArgument completes the parts of a resource's URI.
func (m *Memory) CompleteResourceArgument(ctx context.Context, _ string, argument mcp.CompleteArgument, given mcp.CompleteContext) (*mcp.Completion, error) {
	return m.complete(ctx, argument, given.Arguments["request_id"]), nil
}

func (m *Memory) complete(ctx context.Context, argument mcp.CompleteArgument, requestID string) *mcp.Completion {
	by := tenant.IDOf(ctx)
	if len(argument.Value) > maxTyped && argument.Name != "profile_ids" {
		return &mcp.Completion{}
	}
	var values []string
	switch argument.Name {
	case "request_id":
		values = m.requestIDs(by, argument.Value)
	case "profile_id":
		values = m.profileIDs(by, requestID, argument.Value, nil)
	case "profile_ids":
		values = m.listOfIDs(by, requestID, argument.Value)
	}
	total := len(values)
	return &mcp.Completion{Values: values[:min(total, maxValues)], Total: total, HasMore: total > maxValues}
}

// requestIDs are the runs that a caller has read, the newest first.
func (m *Memory) requestIDs(by tenant.ID, typed string) []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.forget()
	var ids []string
	for _, r := range slices.Backward(m.read) {
		if r.by == by && contains(r.id, typed) {
			ids = append(ids, r.id)
		}
	}
	return ids
}

// profileIDs are the candidates of a run that a caller has read, by rank, whose
// id or name holds what was typed. Those in listed are left out.
func (m *Memory) profileIDs(by tenant.ID, requestID, typed string, listed []string) []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.forget()
	r := m.find(by, strings.TrimSpace(requestID))
	if r == nil {
		return nil
	}
	var ids []string
	name := fold.Text(typed)
	for _, c := range r.candidates {
		if (contains(c.id, typed) || name != "" && strings.Contains(fold.Text(c.name), name)) && !slices.Contains(listed, c.id) {
			ids = append(ids, c.id)
		}
	}
	return ids
}

// listOfIDs completes the last of several ids with commas between; what stands
// before it stays.
func (m *Memory) listOfIDs(by tenant.ID, requestID, typed string) []string {
	const most = 10 * maxID // as many as a prompt compares
	if len(typed) > most {
		return nil
	}
	at := strings.LastIndex(typed, ",") + 1
	before, last := typed[:at], typed[at:]
	var listed []string
	for id := range strings.SplitSeq(before, ",") {
		listed = append(listed, strings.TrimSpace(id))
	}
	values := m.profileIDs(by, requestID, last, listed)
	for i := range values {
		values[i] = before + values[i]
	}
	return values
}

// contains reports whether text holds what was typed, in whatever case.
func contains(text, typed string) bool {
	return strings.Contains(strings.ToLower(text), strings.ToLower(strings.TrimSpace(typed)))
}
