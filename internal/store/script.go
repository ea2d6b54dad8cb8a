package store

import (
	_ "embed"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"instaview-mcp/client/poll"
)

// The times that the scripts use.
const (
	// life is how long anything is kept that no pause needs for longer.
	life = 10 * time.Minute
	// lease is how long a request may take, and the floor after it.
	lease = 25 * time.Second
	// patience is the longest wait for which a permit is granted in advance,
	// which saves asking again.
	patience = 100 * time.Millisecond
	// quiet is how long a key makes no request after a replica has returned, so
	// that others, which try each second, can return first.
	quiet = 3 * time.Second
	// seldom is how far apart such times are.
	seldom = 30 * time.Second
	// missing is after what time a replica counts as silent. While active, it
	// is heard of every second.
	missing = 3 * time.Second
	// remembered is how long its part of the budget is left to it.
	remembered = 2 * time.Minute
	// maxPause is the longest pause for which InstaView gave no time, as in
	// client/poll.
	maxPause = 30 * time.Second
	// evenShare is the part of the hour's limit that waits spread evenly, as in
	// client/poll.
	evenShare = 0.75
)

//go:embed common.lua
var common string

//go:embed begin.lua
var beginText string

//go:embed end.lua
var endText string

//go:embed join.lua
var joinText string

// The scripts. Each is one decision.
var begin, end, join = newScript(&beginText), newScript(&endText), newScript(&joinText)

// Script is a script in Lua that a Server runs.
type Script struct {
	// Source returns the text, which is composed when it is first needed.
	Source func() string
}

func newScript(text *string) *Script {
	return &Script{sync.OnceValue(func() string { return constants() + common + "\n" + *text })}
}

// constants returns the times in milliseconds, as Lua.
func constants() string {
	times := map[string]time.Duration{
		"LIFE": life, "LEASE": lease, "FLOOR": poll.Floor, "PATIENCE": patience, "QUIET": quiet, "SELDOM": seldom,
		"MISSING": missing, "REMEMBERED": remembered, "MAXPAUSE": maxPause,
	}
	all := fmt.Sprintf("local EVEN = %g\n", evenShare)
	for _, name := range slices.Sorted(maps.Keys(times)) { // a server knows a script by its text
		all += fmt.Sprintf("local %s = %d\n", name, times[name].Milliseconds())
	}
	return all
}
