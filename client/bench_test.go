package client

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"instaview-mcp/internal/sandbox"
)

// BenchmarkDecode compares decoding with all its checks to encoding/json, which
// makes none of them.
func BenchmarkDecode(b *testing.B) {
	for name, run := range map[string]string{"candidates=20": "req_demo_done", "candidates=100": "req_demo_large"} {
		body := sample(b, run)
		b.Run(name+"/ours", func(b *testing.B) {
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := decodeBody(b.Context(), strings.NewReader(body), http.StatusOK, run); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(name+"/encoding-json", func(b *testing.B) {
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				var all struct{ Candidates []map[string]any }
				if err := json.Unmarshal([]byte(body), &all); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// sample returns the sandbox's answer for a run.
func sample(b *testing.B, run string) string {
	b.Helper()
	s := httptest.NewServer(sandbox.New())
	defer s.Close()
	req, err := http.NewRequest(http.MethodGet, s.URL+"/sourcing/"+run+"/results", nil)
	if err != nil {
		b.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+sandbox.Key)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		b.Fatal(resp.Status, err)
	}
	return string(body)
}
