package telemetry

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"

	"instaview-mcp/internal/tenant"
	"instaview-mcp/tools"
)

// Audit returns a function that logs one line for every call: hashes of the
// caller and of the run, the outcome, and how many candidates were shown.
func Audit(logger *slog.Logger) func(context.Context, tools.Call) {
	return func(ctx context.Context, c tools.Call) {
		by := string(tenant.IDOf(ctx))
		if by == "" {
			by = "server" // the call used the server's own API key
		}
		run := ""
		if c.RequestID != "" {
			sum := sha256.Sum256([]byte(c.RequestID))
			run = hex.EncodeToString(sum[:6])
		}
		logger.LogAttrs(ctx, slog.LevelInfo, "call",
			slog.String("tool", c.Tool),
			slog.String("caller", by),
			slog.String("run", run),
			slog.String("outcome", c.Outcome),
			slog.Int64("ms", c.Duration.Milliseconds()),
			slog.Int("candidates", c.Candidates),
		)
	}
}
