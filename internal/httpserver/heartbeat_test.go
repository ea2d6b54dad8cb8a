package httpserver

import (
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// beats is a response that records when heartbeats are written.
type beats struct {
	*httptest.ResponseRecorder
	mu *sync.Mutex
	at map[time.Duration]int
	t0 time.Time
}

func (b beats) WriteString(string) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.at[time.Since(b.t0)]++
	return 0, nil
}

// Thousands of waits must not wake the process as often, nor all at once.
func TestHeartbeatsOfManyCallsAreSentTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const calls = 1_000
		var mu sync.Mutex
		at := map[time.Duration]int{}
		r := httptest.NewRequest(http.MethodPost, mcpPath, nil)
		r.Header.Set("Accept", "text/event-stream")
		start := time.Now()
		var all []*responseWriter
		for range calls {
			w := newResponseWriter(beats{httptest.NewRecorder(), &mu, at, start}, r)
			w.startHeartbeat()
			all = append(all, w)
			time.Sleep(time.Millisecond + 7*time.Microsecond)
		}
		begun := time.Since(start)
		time.Sleep(firstHeartbeat + heartbeatSpread + nextHeartbeat)
		for _, w := range all {
			w.end()
		}
		sent := 0
		for when, n := range at {
			sent += n
			if when < firstHeartbeat || n > calls/10 {
				t.Errorf("%d heartbeats at %v", n, when)
			}
		}
		if most := 2 * int((heartbeatSpread+begun)/heartbeatStep+1); sent < 2*calls || len(at) > most {
			t.Errorf("%d heartbeats at %d times, want at least %d at %d or fewer", sent, len(at), 2*calls, most)
		}
	})
}
