package completion

import (
	"context"
	"slices"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"

	"instaview-mcp/client"
	"instaview-mcp/internal/fold"
	"instaview-mcp/internal/tenant"
)

// maxValues is the protocol's limit on the values of one answer.
const maxValues = 100

// maxTyped limits the typed text, in bytes; no id or name is longer.
const maxTyped = 4 * client.MaxProfileID

// CompletePromptArgument completes request_id, profile_id and profile_ids,
// which have the same meaning in every prompt. Other arguments have no
// completions.
func (m *Memory) CompletePromptArgument(ctx context.Context, _ string, argument mcp.CompleteArgument, given mcp.CompleteContext) (*mcp.Completion, error) {
	return m.complete(ctx, argument, given.Arguments["request_id"]), nil
}

// CompleteResourceArgument completes request_id and profile_id in the URI of
// any resource.
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

// requestIDs returns the matching runs that a caller has read, the latest
// first.
func (m *Memory) requestIDs(by tenant.ID, typed string) []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.dropExpired()
	var ids []string
	for _, r := range slices.Backward(m.read) {
		if r.by == by && contains(r.id, typed) {
			ids = append(ids, r.id)
		}
	}
	return ids
}

// profileIDs returns, by rank, the candidates of a run that the caller has read
// whose id or name contains the typed text, except those in listed.
func (m *Memory) profileIDs(by tenant.ID, requestID, typed string, listed []string) []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.dropExpired()
	r := m.find(by, strings.TrimSpace(requestID))
	if r == nil {
		return nil
	}
	m.clean(r)
	var ids []string
	name := fold.Text(typed)
	for _, c := range r.candidates {
		id := string(c.id)
		if (contains(id, typed) || name != "" && strings.Contains(fold.Text(string(c.name)), name)) && !slices.Contains(listed, id) {
			ids = append(ids, id)
		}
	}
	return ids
}

// listOfIDs completes the last id of a list with commas and keeps the ids
// before it.
func (m *Memory) listOfIDs(by tenant.ID, requestID, typed string) []string {
	const maxList = 10 * client.MaxProfileID // bytes; a prompt compares at most 10 candidates
	if len(typed) > maxList {
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

// contains reports whether text contains the typed text, regardless of case.
func contains(text, typed string) bool {
	return strings.Contains(strings.ToLower(text), strings.ToLower(strings.TrimSpace(typed)))
}
