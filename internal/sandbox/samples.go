package sandbox

import (
	"embed"
	"encoding/json"
	"sync"
	"time"
)

// files holds two small files of whole candidates, written by hand, and two
// large ones of the parts that compose combines. One profile in
// people/payments.json is hostile on purpose and says so.
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
		people: written("people/ml_infrastructure.json"),
	},
	{
		id: "req_demo_done",
		// The documentation's completed run took 79 s.
		run:    Run{Takes: 79 * time.Second, Age: 6 * time.Minute, Found: 134, Scored: 20},
		people: written("people/payments.json"),
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
		people: composed("people/data_platform.json", 97, 41),
	},
	{
		id:  "req_demo_empty",
		run: Run{Takes: 31 * time.Second, Age: 3 * time.Minute},
	},
	{
		id:     "req_demo_slow",
		run:    Run{Takes: 3 * time.Minute, Found: 64, Scored: 12},
		people: composed("people/embedded.json", 92, 55),
	},
}

func written(name string) func() []Candidate {
	return sync.OnceValue(func() []Candidate {
		var candidates []Candidate
		read(name, &candidates)
		return candidates
	})
}

func composed(name string, best, last int) func() []Candidate {
	return sync.OnceValue(func() []Candidate {
		var k kit
		read(name, &k)
		return compose(&k, best, last)
	})
}

// read decodes an embedded file. It panics on an error, which the tests rule
// out.
func read(name string, into any) {
	content, err := files.ReadFile(name)
	if err == nil {
		err = json.Unmarshal(content, into)
	}
	if err != nil {
		panic("sandbox: " + name + ": " + err.Error())
	}
}
