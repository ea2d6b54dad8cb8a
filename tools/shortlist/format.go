package shortlist

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Duration formats d in whole seconds, minutes, hours or days: "42 s", "1 min
// 19 s", "2 h 5 min", "3 days".
func Duration(d time.Duration) string {
	s := int(d.Round(time.Second).Seconds())
	switch {
	case s < 60:
		return fmt.Sprintf("%d s", s)
	case s < 3600:
		return twoUnits(s/60, "min", s%60, "s")
	case s < 48*3600:
		return twoUnits(s/3600, "h", s%3600/60, "min")
	default:
		return fmt.Sprintf("%d days", s/(24*3600))
	}
}

// twoUnits formats a duration in two units, without the second if it is zero.
func twoUnits(a int, unitA string, b int, unitB string) string {
	if b == 0 {
		return fmt.Sprintf("%d %s", a, unitA)
	}
	return fmt.Sprintf("%d %s %d %s", a, unitA, b, unitB)
}

// count returns n with the right form of a noun.
func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// maxRanges keeps the ranks of a filtered answer on one line.
const maxRanges = 12

// ranges formats ascending numbers: "1-10, 12, 14-15".
func ranges(numbers []int) string {
	var parts []string
	for i := 0; i < len(numbers); {
		j := i
		for j+1 < len(numbers) && numbers[j+1] == numbers[j]+1 {
			j++
		}
		if len(parts) == maxRanges {
			return strings.Join(parts, ", ") + fmt.Sprintf(" and %d more", len(numbers)-i)
		}
		if i == j {
			parts = append(parts, fmt.Sprint(numbers[i]))
		} else {
			parts = append(parts, fmt.Sprintf("%d-%d", numbers[i], numbers[j]))
		}
		i = j + 1
	}
	return strings.Join(parts, ", ")
}

// number formats f without an exponent.
func number(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

// joinColumns joins parts that are recognised by their position. An empty part
// keeps its position unless all parts after it are empty too.
func joinColumns(parts ...string) string {
	return strings.TrimRight(strings.Join(parts, separator), separator)
}

// joinNonEmpty joins the parts that are not empty.
func joinNonEmpty(separator string, parts ...string) string {
	var kept []string
	for _, p := range parts {
		if p != "" {
			kept = append(kept, p)
		}
	}
	return strings.Join(kept, separator)
}

// onFirstUse compiles pattern when it is first needed, because compiling all
// patterns at the start would take longer than the rest of this package.
func onFirstUse(pattern string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(pattern) })
}
