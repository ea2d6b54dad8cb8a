package sandbox

import (
	"embed"
	"encoding/json"
	"sync"
	"time"
)

// files holds one file of candidates for each sample run that finds some. One
// profile in people/payments.json is hostile on purpose and says so.
//
//go:embed people/*.json
var files embed.FS

// samples are the sample runs. Their candidates are loaded on first use and
// shared by all sandboxes, since nearly every test makes one.
var samples = []struct {
	id     string
	run    Run
	people func() []Candidate
}{
	{
		id:     "req_demo",
		run:    Run{Takes: 12 * time.Second, Found: 115, Scored: 20},
		people: people("ml_infrastructure"),
	},
	{
		id: "req_demo_done",
		// The documentation's completed run took 79 s.
		run:    Run{Takes: 79 * time.Second, Age: 6 * time.Minute, Found: 134, Scored: 20},
		people: people("payments"),
	},
	{
		id: "req_demo_failed",
		run: Run{
			Takes:        2 * time.Second,
			ErrorCode:    "PROVIDER_TEMPORARILY_UNAVAILABLE",
			ErrorMessage: "External sourcing indexing platform returned a 503 after exhausting retries.",
		},
	},
	{
		id:     "req_demo_large",
		run:    Run{Takes: 4*time.Minute + 7*time.Second, Age: 11 * time.Minute, Found: 412, Scored: 100},
		people: people("data_platform"),
	},
	{
		id:  "req_demo_empty",
		run: Run{Takes: 31 * time.Second, Age: 3 * time.Minute},
	},
	{
		id:     "req_demo_slow",
		run:    Run{Takes: 3 * time.Minute, Found: 64, Scored: 12},
		people: people("embedded"),
	},
}

// people returns a function that decodes people/<name>.json once. It panics on
// an error, which the tests rule out.
func people(name string) func() []Candidate {
	return sync.OnceValue(func() []Candidate {
		content, err := files.ReadFile("people/" + name + ".json")
		if err != nil {
			panic("sandbox: " + err.Error())
		}
		var candidates []Candidate
		if err := json.Unmarshal(content, &candidates); err != nil {
			panic("sandbox: people/" + name + ".json: " + err.Error())
		}
		return candidates
	})
}
