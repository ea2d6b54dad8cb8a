package shortlist

import (
	"regexp"
	"sync"
	"time"

	"instaview-mcp/internal/sanitize"
)

// Duration formats d in whole seconds, minutes, hours or days: "42 s", "1 min
// 19 s", "2 h 5 min", "3 days".
func Duration(d time.Duration) sanitize.Clean {
	s := int(d.Round(time.Second).Seconds())
	switch {
	case s < 60:
		return sanitize.Number(s) + " s"
	case s < 3600:
		return twoUnits(s/60, "min", s%60, "s")
	case s < 48*3600:
		return twoUnits(s/3600, "h", s%3600/60, "min")
	default:
		return sanitize.Number(s/(24*3600)) + " days"
	}
}

// twoUnits formats a duration in two units, without the second if it is zero.
func twoUnits(a int, unitA sanitize.Clean, b int, unitB sanitize.Clean) sanitize.Clean {
	s := sanitize.Number(a) + " " + unitA
	if b > 0 {
		s += " " + sanitize.Number(b) + " " + unitB
	}
	return s
}

// count returns n with the right form of a noun.
func count(n int, one, many sanitize.Clean) sanitize.Clean {
	if n == 1 {
		return "1 " + one
	}
	return sanitize.Number(n) + " " + many
}

// maxRanges keeps the ranks of a filtered answer on one line.
const maxRanges = 12

// ranges formats ascending numbers: "1-10, 12, 14-15".
func ranges(numbers []int) sanitize.Clean {
	var parts []sanitize.Clean
	for i := 0; i < len(numbers); {
		j := i
		for j+1 < len(numbers) && numbers[j+1] == numbers[j]+1 {
			j++
		}
		if len(parts) == maxRanges {
			return sanitize.Join(", ", parts...) + " and " + sanitize.Number(len(numbers)-i) + " more"
		}
		part := sanitize.Number(numbers[i])
		if i < j {
			part += "-" + sanitize.Number(numbers[j])
		}
		parts = append(parts, part)
		i = j + 1
	}
	return sanitize.Join(", ", parts...)
}

// joinColumns joins parts that are recognised by their position. An empty part
// keeps its position unless all parts after it are empty too.
func joinColumns(parts ...sanitize.Clean) sanitize.Clean {
	var b sanitize.Builder
	writeColumns(&b, parts...)
	return b.Clean()
}

// writeColumns writes what joinColumns returns.
func writeColumns(b *sanitize.Builder, parts ...sanitize.Clean) {
	for len(parts) > 0 && parts[len(parts)-1] == "" {
		parts = parts[:len(parts)-1]
	}
	for i, part := range parts {
		if i > 0 {
			b.Write(separator)
		}
		b.Write(part)
	}
}

// onFirstUse compiles pattern when it is first needed, because compiling all
// patterns at the start would take longer than the rest of this package.
func onFirstUse(pattern string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(pattern) })
}
