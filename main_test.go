package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	mcpclient "github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"instaview-mcp/client"
	"instaview-mcp/client/poll"
	"instaview-mcp/internal/httpserver"
	"instaview-mcp/internal/mcpserver"
	"instaview-mcp/internal/sandbox"
	"instaview-mcp/internal/telemetry"
)

// upstream is an InstaView without limits, whose runs all have the same
// candidates: those of a sample.
func upstream(b *testing.B, sample string) *httptest.Server {
	b.Helper()
	template := sandbox.New(sandbox.WithRateLimit(0, 0))
	renamed := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := r.PathValue("id")
		r.URL.Path = "/sourcing/" + sample + "/results"
		answer := httptest.NewRecorder()
		template.ServeHTTP(answer, r)
		body := strings.ReplaceAll(answer.Body.String(), sample, id)
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(answer.Code)
		_, _ = io.WriteString(w, body)
	})
	mux := http.NewServeMux()
	mux.Handle("GET /sourcing/{id}/results", renamed)
	s := httptest.NewServer(mux)
	b.Cleanup(s.Close)
	return s
}

// ours serves the whole program's server over Streamable HTTP.
func ours(b *testing.B, upstream string) string {
	b.Helper()
	api, err := client.New(client.NewKey(sandbox.Key), client.WithBaseURL(upstream))
	if err != nil {
		b.Fatal(err)
	}
	poller := poll.New(api, poll.WithRequestsPerMinute(1_000_000_000))
	metrics := telemetry.NewMetrics()
	quiet := slog.New(slog.DiscardHandler)
	mcp := mcpserver.New(mcpserver.Options{Version: "bench", Runs: poller, Log: quiet})
	settings := httpserver.Settings{Addr: freeAddress(b), MaxConnections: 1_000}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- httpserver.New(mcp, settings, poller, metrics.Handler(), quiet).Run(ctx) }()
	b.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			b.Error(err)
		}
		poller.Close()
	})
	root := "http://" + settings.Addr
	for {
		if resp, err := http.Get(root + "/readyz"); err == nil {
			_ = resp.Body.Close()
			return root + "/mcp"
		}
		runtime.Gosched()
	}
}

func freeAddress(b *testing.B) string {
	b.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// bare is the smallest server on mcp-go that does the same: it answers with the
// JSON as it came.
func bare(b *testing.B, upstream string) string {
	b.Helper()
	mcpServer := server.NewMCPServer("bare", "1")
	mcpServer.AddTool(mcp.NewTool("get_sourcing_results", mcp.WithString("request_id", mcp.Required())),
		func(ctx context.Context, req mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			body, err := fetch(ctx, upstream, req.GetString("request_id", ""))
			if err != nil {
				return nil, err
			}
			return mcp.NewToolResultText(body), nil
		})
	s := httptest.NewServer(server.NewStreamableHTTPServer(mcpServer, server.WithStateLess(true)))
	b.Cleanup(s.Close)
	return s.URL
}

func fetch(ctx context.Context, upstream, id string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, upstream+"/sourcing/"+id+"/results", nil)
	if err != nil {
		return "", err
	}
	req.Header.Set("Authorization", "Bearer "+sandbox.Key)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("status %d", resp.StatusCode)
	}
	return string(body), err
}

// look returns a real client's call.
func look(b *testing.B, url string) func(id string) error {
	b.Helper()
	c, err := mcpclient.NewStreamableHttpClient(url)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = c.Close() })
	if err := c.Start(b.Context()); err != nil {
		b.Fatal(err)
	}
	if _, err := c.Initialize(b.Context(), mcp.InitializeRequest{}); err != nil {
		b.Fatal(err)
	}
	return func(id string) error {
		var req mcp.CallToolRequest
		req.Params.Name, req.Params.Arguments = "get_sourcing_results", map[string]any{"request_id": id}
		result, err := c.CallTool(context.Background(), req)
		if err == nil && (result.IsError || !strings.Contains(result.Content[0].(mcp.TextContent).Text, id)) {
			err = fmt.Errorf("answered %+v", result.Content)
		}
		return err
	}
}

// What a look costs through a real client, beside the request itself, and
// beside the smallest server on the same library, which neither reads nor
// cleans.
func BenchmarkGet(b *testing.B) {
	for _, sample := range []struct {
		id         string
		candidates int
	}{{"req_demo_done", 20}, {"req_demo_large", 100}} {
		api := upstream(b, sample.id).URL
		for name, look := range map[string]func(*testing.B) func(string) error{
			"1-GET": func(*testing.B) func(string) error {
				return func(id string) error { _, err := fetch(context.Background(), api, id); return err }
			},
			"2-bare": func(b *testing.B) func(string) error { return look(b, bare(b, api)) },
			"3-ours": func(b *testing.B) func(string) error { return look(b, ours(b, api)) },
			"4-memory": func(b *testing.B) func(string) error {
				l := look(b, ours(b, api))
				return func(string) error { return l("req_1") }
			},
		} {
			b.Run(fmt.Sprintf("candidates=%d/%s", sample.candidates, name), func(b *testing.B) {
				ask, n := look(b), 0
				b.ReportAllocs()
				for b.Loop() {
					n++
					if err := ask(fmt.Sprintf("req_%d", n)); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
		for name, look := range map[string]func(*testing.B) func(string) error{
			"1-bare": func(b *testing.B) func(string) error { return look(b, bare(b, api)) },
			"2-ours": func(b *testing.B) func(string) error { return look(b, ours(b, api)) },
		} {
			b.Run(fmt.Sprintf("candidates=%d/callers=128/%s", sample.candidates, name), func(b *testing.B) {
				ask := look(b)
				var n atomic.Int64
				b.SetParallelism(128 / runtime.GOMAXPROCS(0))
				b.RunParallel(func(pb *testing.PB) {
					for pb.Next() {
						if err := ask(fmt.Sprintf("req_%d", n.Add(1))); err != nil {
							b.Error(err)
							return
						}
					}
				})
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "calls/s")
			})
		}
	}
}

// How long it takes from the start of the built program to its first tools/list
// over stdio, and how much memory it has then, beside the smallest server on
// the same library.
func BenchmarkStart(b *testing.B) {
	for _, program := range []struct{ name, pkg, flag string }{{"1-bare", "./testdata/bare", ""}, {"2-ours", ".", "--demo"}} {
		b.Run(program.name, func(b *testing.B) {
			path := filepath.Join(b.TempDir(), "program")
			if out, err := exec.Command("go", "build", "-trimpath", "-o", path, program.pkg).CombinedOutput(); err != nil {
				b.Fatalf("%v\n%s", err, out)
			}
			memory := 0
			for b.Loop() {
				memory = max(memory, startAndList(b, path, program.flag))
			}
			b.ReportMetric(float64(memory), "KiB")
		})
	}
}

// startAndList returns the program's resident memory in KiB; 0 where that is
// not told.
func startAndList(b *testing.B, path, flag string) (kib int) {
	b.Helper()
	cmd := exec.Command(path, flag)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	answers := bufio.NewReader(stdout)
	for _, request := range []string{
		`{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"bench","version":"1"}}}`,
		`{"jsonrpc":"2.0","id":2,"method":"tools/list"}`,
	} {
		if _, err := io.WriteString(stdin, request+"\n"); err != nil {
			b.Fatal(err)
		}
		if _, err := answers.ReadString('\n'); err != nil {
			b.Fatal(err)
		}
	}
	b.StopTimer()
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", cmd.Process.Pid))
	if _, rest, ok := strings.Cut(string(status), "VmRSS:"); ok {
		_, _ = fmt.Sscan(rest, &kib)
	}
	_ = stdin.Close()
	_ = cmd.Wait()
	b.StartTimer()
	return kib
}
