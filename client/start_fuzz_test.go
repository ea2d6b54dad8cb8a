package client

import (
	"strings"
	"testing"
)

func FuzzReadStarted(f *testing.F) {
	for _, body := range []string{accepted, `{"data":{"requestId":"r"}}`, `{"requestId":5}`, `[]`, `null`, ``, `{"requestId":"../x"}`, `{"createdAt":{}}`} {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		started, err := readStarted(strings.NewReader(body))
		if err == nil && !ValidRequestID(started.RequestID) {
			t.Errorf("%q is no id", started.RequestID)
		}
	})
}
