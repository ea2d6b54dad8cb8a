package httpserver

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"instaview-mcp/tools"
)

// BenchmarkWaits measures the resident memory of a wait over HTTP, with the
// clients in another process, and what is left after they have gone.
func BenchmarkWaits(b *testing.B) {
	if runtime.GOOS != "linux" {
		b.Skip("resident memory is read from /proc")
	}
	for _, waits := range []int{1_000, 10_000} {
		for _, token := range []string{"", "p"} {
			b.Run(fmt.Sprintf("%d/progress=%t", waits, token != ""), func(b *testing.B) {
				for b.Loop() {
					benchmarkWaits(b, waits, token)
				}
			})
		}
	}
}

func benchmarkWaits(b *testing.B, waits int, token string) {
	s := newSite(b, func(s *Settings) { s.MaxConnections = waits + 10 })
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	go func() { _ = s.server.http.Serve(listener) }()
	debug.FreeOSMemory()
	memory, goroutines := resident(b), runtime.NumGoroutine()

	clients := exec.Command(os.Args[0], "-test.run=^TestWaitingClients$")
	clients.Env = append(os.Environ(), "WAITING_CLIENTS="+fmt.Sprint(waits), "WAITING_ADDR="+listener.Addr().String(), "WAITING_TOKEN="+token)
	clients.Stderr = os.Stderr
	stay, err := clients.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	told, err := clients.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := clients.Start(); err != nil {
		b.Fatal(err)
	}
	if line, err := bufio.NewReader(told).ReadString('\n'); err != nil || line != "waiting\n" {
		b.Fatalf("the clients said %q, %v", line, err)
	}
	for s.waits.Load() < int64(waits) {
		runtime.Gosched()
	}
	b.ReportMetric(float64(resident(b)-memory)/float64(waits), "KiB/wait")
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	b.ReportMetric(float64(m.StackInuse>>10)/float64(waits), "stack-KiB/wait")
	b.ReportMetric(float64(m.HeapAlloc>>10)/float64(waits), "heap-KiB/wait")
	runtime.GC()
	runtime.ReadMemStats(&m)
	b.ReportMetric(float64(m.HeapAlloc>>10)/float64(waits), "live-KiB/wait")
	b.ReportMetric(float64(runtime.NumGoroutine()-goroutines)/float64(waits), "goroutines/wait")

	b.StopTimer()
	_ = stay.Close()
	if err := clients.Wait(); err != nil {
		b.Fatal(err)
	}
	for range waits {
		if c := <-s.calls; c.Outcome != tools.OutcomeCancelled {
			b.Fatalf("a wait ended as %s", c.Outcome)
		}
	}
	for end := time.Now().Add(10 * time.Second); runtime.NumGoroutine() > goroutines+5; {
		if time.Now().After(end) {
			b.Fatalf("%d goroutines, and %d before", runtime.NumGoroutine(), goroutines)
		}
		runtime.Gosched()
	}
	_ = listener.Close()
	s.stop()
	b.StartTimer()
}

// resident returns this process's memory in KiB.
func resident(b *testing.B) (kib int) {
	b.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		b.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), "VmRSS:")
	if _, err := fmt.Sscan(rest, &kib); err != nil {
		b.Fatal(err)
	}
	return kib
}

// TestWaitingClients is the other process of BenchmarkWaits. It starts waits
// and ends when its stdin does.
func TestWaitingClients(t *testing.T) {
	var waits int
	if _, err := fmt.Sscan(os.Getenv("WAITING_CLIENTS"), &waits); err != nil {
		t.Skip("part of BenchmarkWaits")
	}
	call := toCall(1, "wait_for_sourcing", `{"request_id":"req_demo_slow","max_wait_seconds":50}`)
	if token := os.Getenv("WAITING_TOKEN"); token != "" {
		call = strings.Replace(call, `"params":{`, fmt.Sprintf(`"params":{"_meta":{"progressToken":%q},`, token), 1)
	}
	raw := post("/mcp", call)
	conns := make([]net.Conn, waits) // so that the garbage collector does not close them
	for i := range conns {
		conn, err := (&net.Dialer{}).DialContext(context.Background(), "tcp", os.Getenv("WAITING_ADDR"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(conn, raw); err != nil {
			t.Fatal(err)
		}
		conns[i] = conn
	}
	fmt.Println("waiting")
	_, _ = io.Copy(io.Discard, os.Stdin)
	for _, conn := range conns {
		_ = conn.Close()
	}
}
