package httpserver

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDeliveriesAreReadAsFarAsTheyCanBe(t *testing.T) {
	for body, want := range map[string]delivery{
		`{"event":"sourcing.completed","timestamp":"2026-11-26T12:00:00Z","deliveryId":"d-1","data":{"requestId":"req_1","status":"completed"}}`: {"d-1", "sourcing.completed", []string{"req_1"}},
		`{"event":"SOURCING_COMPLETED","deliveryId":"d","data":{"sourcing":{"request_id":"req_1"}}}`:                                             {"d", "sourcing.completed", []string{"req_1"}},
		`{"event":6,"delivery_id":7,"data":[{"RequestID":"req_1"}]}`:                                                                             {"7", "6", []string{"req_1"}},
		`{"data":{"a":[[{"requestId":"a"}]],"requestId":"b","b":{"requestId":"a"}}}`:                                                             {"", "", []string{"a", "b"}},
		`{"requestId":"a","data":{"requestId":"b","requestId":"c","x":[{"requestId":"d"},{"requestId":"e"}]}}`:                                   {"", "", []string{"a", "b", "c", "d"}},
		`{"event":"ping","event":"sourcing.completed","deliveryId":"a","deliveryId":"b"}`:                                                        {},
		`{"data":{"event":"ping","deliveryId":"d"}}`:                                                                                             {},
		`{"requestId":"../x","data":{"requestId":7,"a":{"requestId":["r"]},"b":{"requestId":{"id":"r"}},"c":{"requestId":""}}}`:                  {},
		`{"requestId":"` + strings.Repeat("x", 129) + `","deliveryId":"` + strings.Repeat("x", 129) + `"}`:                                       {},
		"{\"requestId\":\"a\\u0062\",\"x\":\"\xff\"}":                                                                                            {"", "", []string{"ab"}},
		`{"data":{"run":{"id":"a","status":"completed"}}}`:                                                                                       {"", "", []string{"a"}},
		`{"data":{"sourcing_request":{"id":"a"},"runId":"b"},"request":{"x":[1,{"y":2}],"id":"c"}}`:                                              {"", "", []string{"a", "b", "c"}},
		`{"id":"a","data":{"id":"b","run":[{"id":"c"}],"candidate":{"id":"d"},"request":{"user":{"id":"e"}}}}`:                                   {},
		`{"event":null,"deliveryId":true,"data":"req_1"}`:                                                                                        {},
		``:                              {},
		`null`:                          {},
		`[{"requestId":"a"}]`:           {},
		`"requestId"`:                   {},
		`{"requestId":"a"`:              {},
		`{"requestId":"a"}}`:            {},
		`{"requestId":"a"}{}`:           {},
		`{"requestId":"a"} 1`:           {},
		`{"requestId":"a"} `:            {"", "", []string{"a"}},
		"\ufeff" + `{"requestId":"a"}`:  {},
		"\x1f\x8b\x08\x00":              {},
		strings.Repeat(`{"a":`, 50_000): {},
		strings.Repeat(`[`, 100_000):    {},
		`{"a":` + strings.Repeat(`[`, 2_000) + `{"requestId":"a"}` + strings.Repeat(`]`, 2_000) + `}`: {"", "", []string{"a"}},
	} {
		if diff := cmp.Diff(want, readDelivery([]byte(body)), cmp.AllowUnexported(delivery{})); diff != "" {
			t.Errorf("%.100q: want (-), got (+):\n%s", body, diff)
		}
	}
}

func TestEventsAreUnderstoodInEverySpelling(t *testing.T) {
	for event, want := range map[string]string{
		`"ping"`: "ping", `"PING"`: "ping", `2`: "ping", `"2"`: "ping", `"webhook.ping"`: "ping", `"WEBHOOK_TEST"`: "ping", `"test"`: "ping",
		`"analysis.completed"`: "other", `"ANALYSIS_FAILED"`: "other", `"INTERVIEW_STARTED"`: "other", `"interview.failed"`: "other",
		`"enrich.completed"`: "other", `"ENRICH_FAILED"`: "other", `0`: "other", `1`: "other", `3`: "other", `4`: "other", `5`: "other",
		`"sourcing.completed"`: "", `"SOURCING_COMPLETED"`: "", `"Sourcing_Failed"`: "", `"sourcing.failed"`: "", `6`: "", `22`: "", `2.0`: "", `-1`: "", `1e999`: "",
		`""`: "", `"something"`: "", `"pinging"`: "", `"testing"`: "", `"interviews.x"`: "", `null`: "", `{}`: "",
	} {
		d, got := readDelivery([]byte(`{"event":`+event+`}`)), ""
		switch {
		case d.isPing():
			got = "ping"
		case d.isOther():
			got = "other"
		}
		if got != want {
			t.Errorf("%s: %q, want %q", event, got, want)
		}
	}
}

// Whatever a body holds, only valid ids are taken from it.
func FuzzDelivery(f *testing.F) {
	f.Add([]byte(`{"event":"sourcing.completed","deliveryId":"d","data":{"requestId":"req_1"}}`))
	f.Add([]byte(`{"requestId":"a","requestId":"b"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		d := readDelivery(body)
		if len(d.runs) > maxNamed || len(d.id) > maxDeliveryID {
			t.Errorf("%d runs, an id of %d bytes", len(d.runs), len(d.id))
		}
		for _, run := range d.runs {
			if strings.Trim(run, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-") != "" || len(run) == 0 || len(run) > 128 || strings.ContainsAny(run[:1], "_-") {
				t.Errorf("the run %q", run)
			}
		}
	})
}
