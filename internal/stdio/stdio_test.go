package stdio

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"instaview-mcp/internal/jsonrpc"
	"instaview-mcp/internal/logging"
	"instaview-mcp/internal/mcptest"
)

// testServer returns a server with a few simple tools.
func testServer(t *testing.T) *server.MCPServer {
	t.Helper()
	s := server.NewMCPServer("test", "1", server.WithResourceCapabilities(false, false), server.WithToolCapabilities(false))
	add := func(name string, handle func(ctx context.Context, req mcp.CallToolRequest) string) {
		s.AddTool(mcp.NewTool(name), func(ctx context.Context, req mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			return mcp.NewToolResultText(handle(ctx, req)), nil
		})
	}
	add("echo", func(context.Context, mcp.CallToolRequest) string { return "echoed" })
	add("hold", func(ctx context.Context, _ mcp.CallToolRequest) string {
		<-ctx.Done()
		return "held"
	})
	add("hang", func(context.Context, mcp.CallToolRequest) string {
		time.Sleep(time.Hour)
		return "hung"
	})
	add("slow", func(context.Context, mcp.CallToolRequest) string {
		time.Sleep(time.Second / 2)
		return "slow"
	})
	add("large", func(context.Context, mcp.CallToolRequest) string { return strings.Repeat("x", 100_000) })
	add("idle", func(ctx context.Context, _ mcp.CallToolRequest) string {
		resume := jsonrpc.Idle(ctx)
		<-ctx.Done()
		resume()
		return "idled"
	})
	add("panic", func(context.Context, mcp.CallToolRequest) string { panic("canary") })
	add("late", func(ctx context.Context, req mcp.CallToolRequest) string {
		<-ctx.Done()
		_ = server.ServerFromContext(ctx).SendNotificationToClient(ctx, "notifications/progress",
			map[string]any{"progressToken": req.Params.Meta.ProgressToken, "progress": 1})
		return "late"
	})
	add("talk", func(ctx context.Context, req mcp.CallToolRequest) string {
		for i := range 10 {
			_ = server.ServerFromContext(ctx).SendNotificationToClient(ctx, "notifications/progress",
				map[string]any{"progressToken": req.Params.Meta.ProgressToken, "progress": i})
		}
		return "talked"
	})
	return s
}

type noRuns struct{}

func (noRuns) Drain() {}
func (noRuns) Close() {}

// peer is a client of Serve, in a synctest bubble.
type peer struct {
	t      *testing.T
	in     *io.PipeWriter
	unread *io.PipeReader // stdout, if nobody reads it
	stop   context.CancelFunc
	ended  chan error
	log    *mcptest.Buffer
	stdout *mcptest.Buffer
}

// overStdio runs the server until test returns. It collects the server's
// output, or leaves it unread if reads is false.
func overStdio(t *testing.T, reads bool, test func(*peer)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		stdin, in := io.Pipe()
		unread, out := io.Pipe()
		p := &peer{t: t, in: in, unread: unread, ended: make(chan error, 1), log: &mcptest.Buffer{}, stdout: &mcptest.Buffer{}}
		var stdout io.Writer = out
		if reads {
			stdout = p.stdout
		}
		ctx, stop := context.WithCancel(t.Context())
		p.stop = stop
		go func() {
			p.ended <- Serve(ctx, testServer(t), stdin, stdout, noRuns{}, slog.New(slog.NewTextHandler(p.log, nil)))
		}()
		test(p)
		stop()
		_ = unread.Close()
		<-p.ended
		_ = in.Close()
	})
}

// send writes lines and waits until the server has done all it can without time
// passing.
func (p *peer) send(lines ...string) {
	p.t.Helper()
	for _, line := range lines {
		if _, err := io.WriteString(p.in, line+"\n"); err != nil {
			p.t.Fatal(err)
		}
	}
	synctest.Wait()
}

// answers returns the answers by id: a result's first text, "ok" for another
// result, or an error's message.
func (p *peer) answers() map[string][]string {
	p.t.Helper()
	got := map[string][]string{}
	for line := range strings.Lines(p.stdout.String()) {
		var m struct {
			ID     json.RawMessage
			Method string
			Result *struct{ Content []struct{ Text string } }
			Error  *struct{ Message string }
		}
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			p.t.Fatalf("%q: %v", line, err)
		}
		switch id := string(m.ID); {
		case m.Method != "":
		case m.Error != nil:
			got[id] = append(got[id], m.Error.Message)
		case len(m.Result.Content) > 0:
			got[id] = append(got[id], m.Result.Content[0].Text)
		default:
			got[id] = append(got[id], "ok")
		}
	}
	return got
}

func (p *peer) wantAnswers(want map[string][]string) {
	p.t.Helper()
	synctest.Wait()
	if diff := cmp.Diff(want, p.answers()); diff != "" {
		p.t.Errorf("answers (-want +got):\n%s", diff)
	}
}

// callTool calls a tool without arguments. Here and in what follows, an id is
// the JSON that is sent.
func callTool(id, tool string) string {
	return mcptest.Request(json.RawMessage(id), "tools/call", mcptest.Call(tool, "{}"))
}

func pingOf(id string) string { return mcptest.Request(json.RawMessage(id), "ping", "") }

func cancelOf(id string) string { return mcptest.Cancel(json.RawMessage(id)) }

type answers = map[string][]string

func TestStdioAnswersUnderTheIDThatWasSent(t *testing.T) {
	overStdio(t, true, func(p *peer) {
		p.send(callTool("1", "echo"), callTool(`"1"`, "echo"), callTool("9007199254740992", "echo"), pingOf(`"<é>"`), pingOf("-7"))
		p.wantAnswers(answers{
			"1": {"echoed"}, `"1"`: {"echoed"}, "9007199254740992": {"echoed"}, `"\u003cé\u003e"`: {"ok"}, "-7": {"ok"},
		})
	})
}

// N04: a refused request must not occupy a place.
func TestN04RefusedRequestsStayNowhere(t *testing.T) {
	overStdio(t, true, func(p *peer) {
		want := answers{}
		for i := range 2 * jsonrpc.MaxCalls {
			id := fmt.Sprint(i)
			p.send(strings.Replace(callTool(id, "hold"), `"2.0"`, `2.0`, 1))
			want[id] = []string{jsonrpc.ErrVersion.Text}
		}
		p.wantAnswers(want)
		p.send(callTool(`"a"`, "echo"))
		want[`"a"`] = []string{"echoed"}
		p.wantAnswers(want)
	})
}

func TestN05ACancelEndsOnlyTheRequestItNames(t *testing.T) {
	overStdio(t, true, func(p *peer) {
		p.send(callTool("1", "hold"), callTool(`"1"`, "hold"))
		p.send(cancelOf("1"), cancelOf("2"), cancelOf("{}"), cancelOf("null"))
		p.send(callTool("1", "echo")) // the cancelled call is gone, so its id may be used again
		p.wantAnswers(answers{"1": {"echoed"}})
		p.send(callTool(`"1"`, "echo"))
		p.wantAnswers(answers{"1": {"echoed"}, "null": {jsonrpc.ErrDuplicate.Text}})
		p.send(cancelOf(`"1"`))
		p.send(callTool(`"1"`, "echo"))
		p.wantAnswers(answers{"1": {"echoed"}, "null": {jsonrpc.ErrDuplicate.Text}, `"1"`: {"echoed"}})
	})
}

func TestACancelThatFollowsItsCallAtOnceIsHeard(t *testing.T) {
	overStdio(t, true, func(p *peer) {
		var lines []string
		for i := range 500 {
			lines = append(lines, callTool(fmt.Sprint(i), "hold"), cancelOf(fmt.Sprint(i)))
		}
		p.send(strings.Join(lines, "\n"))
		p.send(callTool("0", "echo"))
		p.wantAnswers(answers{"0": {"echoed"}})
	})
}

func TestProgressComesBeforeItsAnswer(t *testing.T) {
	overStdio(t, true, func(p *peer) {
		for i := range 50 {
			p.send(mcptest.Request(i, "tools/call", fmt.Sprintf(`{"name":"talk","_meta":{"progressToken":%d}}`, i)))
		}
		open, progress := map[string]int{}, 0
		for line := range strings.Lines(p.stdout.String()) {
			var m struct {
				ID     json.RawMessage
				Params struct{ ProgressToken json.RawMessage }
			}
			if err := json.Unmarshal([]byte(line), &m); err != nil {
				t.Fatal(err)
			}
			if m.ID != nil {
				open[string(m.ID)] = -1
				continue
			}
			token := string(m.Params.ProgressToken)
			if open[token] == -1 {
				t.Fatalf("progress of %s after its answer", token)
			}
			open[token]++
			progress++
		}
		if len(open) != 50 || progress != 500 {
			t.Errorf("%d answers and %d notifications, want 50 and 500", len(open), progress)
		}
	})
}

// The acknowledgement of a subscription comes before its end, even if it
// subscribes to nothing.
func TestASubscriptionIsAcknowledged(t *testing.T) {
	overStdio(t, true, func(p *peer) {
		for i := range 200 {
			p.send(mcptest.Request(i, "subscriptions/listen", mcptest.Modern(`{"notifications":{}}`, "")))
		}
		lines := strings.Split(strings.TrimSpace(p.stdout.String()), "\n")
		if len(lines) != 400 {
			t.Fatalf("%d lines, want 400:\n%.500s", len(lines), p.stdout.String())
		}
		for i, line := range lines {
			if isAck := strings.Contains(line, "notifications/subscriptions/acknowledged"); isAck != (i%2 == 0) {
				t.Fatalf("line %d: %s", i, line)
			}
		}
	})
}

func TestCallsBeyondTheLimitAreRefusedAndOthersAnswered(t *testing.T) {
	overStdio(t, true, func(p *peer) {
		for i := range jsonrpc.MaxCalls {
			p.send(callTool(fmt.Sprint(i), "hold"))
		}
		p.send(callTool(`"x"`, "echo"), `{"jsonrpc":"2.0","id":"y","method":"resources/read","params":{"uri":"x"}}`, pingOf(`"z"`))
		p.wantAnswers(answers{`"x"`: {jsonrpc.ErrBusy.Text}, `"y"`: {jsonrpc.ErrBusy.Text}, `"z"`: {"ok"}})
	})
}

func TestCallsWaitForTheirTurn(t *testing.T) {
	overStdio(t, true, func(p *peer) {
		for i := range jsonrpc.MaxRunning {
			p.send(callTool(fmt.Sprint(i), "hold"))
		}
		p.send(callTool(`"x"`, "hold"), callTool(`"y"`, "echo"), pingOf(`"z"`))
		p.wantAnswers(answers{`"z"`: {"ok"}})
		p.send(cancelOf(`"x"`))
		p.wantAnswers(answers{`"z"`: {"ok"}})
		p.send(cancelOf("0"))
		p.wantAnswers(answers{`"z"`: {"ok"}, `"y"`: {"echoed"}})
		p.send(callTool(`"x"`, "echo"))
		p.wantAnswers(answers{`"z"`: {"ok"}, `"y"`: {"echoed"}, `"x"`: {"echoed"}})
	})
}

func TestCallsThatWaitLetOthersWork(t *testing.T) {
	overStdio(t, true, func(p *peer) {
		for i := range 3 * jsonrpc.MaxRunning {
			p.send(callTool(fmt.Sprint(i), "idle"))
		}
		p.send(callTool(`"x"`, "echo"))
		p.wantAnswers(answers{`"x"`: {"echoed"}})
		for i := range 3 * jsonrpc.MaxRunning {
			p.send(cancelOf(fmt.Sprint(i)))
		}
		p.send(callTool("0", "echo"))
		p.wantAnswers(answers{`"x"`: {"echoed"}, "0": {"echoed"}})
	})
}

// A client that does not read its answers must not stop the server from seeing
// that stdin has ended.
func TestTheEndOfStdinIsSeenBehindUnreadAnswers(t *testing.T) {
	if testing.Short() {
		t.Skip("sends 16 MB")
	}
	overStdio(t, false, func(p *peer) {
		id := strings.Repeat("x", 4_000)
		for i := range 4_000 {
			p.send(pingOf(fmt.Sprintf(`"%s%d"`, id, i)))
		}
		begun := time.Now()
		_ = p.in.Close()
		p.ended <- <-p.ended
		if took := time.Since(begun); took > endTime {
			t.Errorf("the end took %v", took)
		}
	})
}

func TestNoProgressFollowsACancel(t *testing.T) {
	overStdio(t, true, func(p *peer) {
		p.send(mcptest.Request(1, "tools/call", `{"name":"late","_meta":{"progressToken":1}}`), cancelOf("1"))
		if got := p.stdout.String(); got != "" {
			t.Errorf("the client was sent %s", got)
		}
	})
}

func TestABurstOfPingsIsAnswered(t *testing.T) {
	overStdio(t, true, func(p *peer) {
		var burst strings.Builder
		for i := range 10_000 {
			burst.WriteString(pingOf(fmt.Sprint(i)) + "\n")
		}
		p.send(burst.String())
		if n := len(p.answers()); n != 10_000 {
			t.Errorf("%d answers", n)
		}
	})
}

// A client that does not read its answers must not stop the server from reading
// messages.
func TestTheServerHearsAClientThatDoesNotRead(t *testing.T) {
	overStdio(t, false, func(p *peer) {
		p.send(callTool("1", "hold"))
		refusals := maxUnread/len(jsonrpc.ErrNotJSON.Response("")) + 100
		p.send(strings.Repeat("x\n", refusals)) // more than there is room for
		begun := time.Now()
		p.send("not json", callTool(`"a"`, "large"), cancelOf("1"), "not json")
		if time.Since(begun) > 0 {
			t.Error("the server waited for its client to read")
		}
		_ = p.unread.Close()
		synctest.Wait()
		if log := p.log.String(); !strings.Contains(log, "stdout is closed") {
			t.Errorf("logged %.500s", log)
		}
	})
}

// Refused requests are not limited, except by the room for their answers.
func TestAClientThatNeverReadsItsRefusalsIsGivenUp(t *testing.T) {
	overStdio(t, false, func(p *peer) {
		lines := strings.Repeat("x\n", 1_000)
		for range 2 * maxUnread / (1_000 * len(jsonrpc.ErrNotJSON.Response(""))) {
			p.send(lines)
		}
		if len(p.ended) > 0 {
			t.Fatal("given up too soon")
		}
		p.send(lines)
		go func() { _, _ = io.WriteString(p.in, lines) }()
		p.ended <- <-p.ended
	})
}

func TestAnswersAndNotificationsOfTheClientGoNowhere(t *testing.T) {
	overStdio(t, true, func(p *peer) {
		p.send(callTool("1", "hold"), `{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"x"}}`, `{"jsonrpc":"2.0","id":1,"result":{}}`,
			`{"jsonrpc":"2.0","method":"notifications/initialized"}`, `{"jsonrpc":"2.0","method":"canary"}`)
		p.wantAnswers(answers{})
		p.send(callTool("1", "echo"))
		p.wantAnswers(answers{"null": {jsonrpc.ErrDuplicate.Text}})
	})
}

func TestARefusalNeverAnswersAnotherRequest(t *testing.T) {
	overStdio(t, true, func(p *peer) {
		tooDeep := mcptest.Request(1, "tools/call", strings.Repeat("[", 99)+strings.Repeat("]", 99))
		p.send(callTool("1", "hold"), callTool("1", "hold"), tooDeep)
		p.wantAnswers(answers{"null": {jsonrpc.ErrDuplicate.Text, jsonrpc.ErrTooDeep.Text}})
	})
}

func TestN06OnlyJSONsWhiteSpaceMayStandAroundALine(t *testing.T) {
	overStdio(t, true, func(p *peer) {
		p.send("\ufeff \t"+pingOf("1")+" \r", "\u00a0"+pingOf("2"), pingOf("3")+"\u2028", "\v"+pingOf("4"), "", " \t\r")
		p.wantAnswers(answers{"1": {"ok"}, "null": {jsonrpc.ErrNotJSON.Text, jsonrpc.ErrNotJSON.Text, jsonrpc.ErrNotJSON.Text}})
	})
}

func TestAPanicIsAnsweredWithoutItsValue(t *testing.T) {
	overStdio(t, true, func(p *peer) {
		p.send(callTool("1", "panic"), callTool("2", "echo"))
		p.wantAnswers(answers{"1": {jsonrpc.ErrInternal.Text}, "2": {"echoed"}})
		if log := p.log.String(); !strings.Contains(log, "request handler panicked") || strings.Contains(log, "canary") {
			t.Errorf("logged:\n%s", log)
		}
	})
}

func TestTheEndOfStdinLeavesTimeToAnswer(t *testing.T) {
	overStdio(t, true, func(p *peer) {
		begun := time.Now()
		p.send(callTool("1", "slow"), callTool("2", "hold"), callTool("3", "hang"), callTool("4", "hold"), cancelOf("4"))
		_ = p.in.Close()
		p.ended <- <-p.ended
		if took := time.Since(begun); took > endTime {
			t.Errorf("the end took %v", took)
		}
		p.wantAnswers(answers{"1": {"slow"}, "2": {"held"}, "3": {jsonrpc.ErrStopping.Text}})
		time.Sleep(time.Hour) // until the blocked call ends
	})
}

func TestAStoppingServerSaysSo(t *testing.T) {
	overStdio(t, true, func(p *peer) {
		p.send(callTool("1", "slow"))
		p.stop()
		synctest.Wait()
		p.send(callTool("2", "echo"))
		time.Sleep(time.Second)
		p.wantAnswers(answers{"1": {"slow"}, "2": {jsonrpc.ErrStopping.Text}})
	})
}

func TestTheLogHoldsNoMessage(t *testing.T) {
	overStdio(t, true, func(p *peer) {
		p.send(`{"canary"`, `{"jsonrpc":"2.0","id":"canary","METHOD":"canary"}`, callTool("1", "hold"), callTool("1", "hold"))
		logger := slog.New(slog.NewTextHandler(p.log, nil))
		if _, err := logging.LibraryWriter(logger).Write([]byte("panic recovered: canary\n")); err != nil {
			t.Error(err)
		}
		library := slog.New(logging.WithoutAttributes(logger.Handler()))
		library.With("canary", "canary").WithGroup("canary").Error("panic in forwarder", "panic", "canary")
		if got := p.log.String(); strings.Contains(got, "canary") || strings.Count(got, "\n") != 5 ||
			!strings.Contains(got, "panic recovered") || !strings.Contains(got, "panic in forwarder") {
			t.Errorf("logged:\n%s", got)
		}
	})
}

// Clients that end a server are known to wait 2 s before they kill it.
func TestTheEndFitsIntoTwoSeconds(t *testing.T) {
	if most := endTime + LogTime; most >= 2*time.Second || drainTime+3*leaveTime >= endTime {
		t.Errorf("the end may take %v", most)
	}
}
