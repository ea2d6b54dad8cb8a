//go:build unix

package httpserver

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"instaview-mcp/internal/mcptest"
)

// A FIFO without a writer must block neither check nor the start: this test
// would not end.
func TestCertificateAndKeyMustBeRegularFiles(t *testing.T) {
	cert, key := mcptest.CertificateFiles(t, "localhost")
	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	for variable, s := range map[string]Settings{
		"INSTAVIEW_MCP_TLS_CERT": {Addr: "127.0.0.1:0", TLSCert: fifo, TLSKey: key},
		"INSTAVIEW_MCP_TLS_KEY":  {Addr: "127.0.0.1:0", TLSCert: cert, TLSKey: fifo},
	} {
		if got := s.Check(); len(got) != 1 || !strings.HasPrefix(got[0], variable+": the file cannot be read (not a regular file)") {
			t.Errorf("%s: faults %q", variable, got)
		}
	}
}
