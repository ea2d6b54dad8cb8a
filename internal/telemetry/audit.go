package telemetry

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"

	"instaview-mcp/internal/tenant"
	"instaview-mcp/tools"
)

// Audit writes a line for every call: who asked for which run, as hashes, and
// what was shown of how many people.
func Audit(logger *slog.Logger) func(context.Context, tools.Call) {
	return func(ctx context.Context, c tools.Call) {
		by := string(tenant.IDOf(ctx))
		if by == "" {
			by = "server" // its own key
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
