package sanitize

import (
	"slices"
	"strings"
	"unicode"
)

// numbers finds the telephone numbers.
func (f *folded) phoneNumbers() []span {
	var found []span
	for i := 0; i < len(f.c); {
		if !isDigit(f.c[i]) {
			i++
			continue
		}
		d := f.digitsFrom(i)
		if s, ok := d.phoneNumber(); ok {
			found = append(found, s)
			i = s.end
			continue
		}
		i = d.groups[len(d.groups)-1].end
	}
	return found
}

// digits is a run of groups of digits as far as telephone numbers are written:
// with spaces, dots, dashes, slashes and brackets between.
type digits struct {
	f      *folded
	groups []span
	plus   bool // a '+' stands before
}

// maxGroups is how many groups a number has at most: one for each digit.
const maxGroups = maxDigits

// maxBetween is how many signs may stand between two groups, as in ") - ".
const maxBetween = 4

// hasLoosePlus reports whether a '+' stands before the digit at i with a space
// between, and belongs to nothing else, as in "C++ 17".
func (f *folded) hasLoosePlus(i int) bool {
	before := f.at(i - 3)
	return f.at(i-1) == ' ' && f.at(i-2) == '+' && (before == ' ' && f.at(i-4) != ')' && !isAlnum(f.at(i-4)) || before == ':' || before == '(')
}

func (f *folded) digitsFrom(i int) digits {
	d := digits{f: f, plus: f.at(i-1) == '+' || f.at(i-1) == '(' && f.at(i-2) == '+' || f.hasLoosePlus(i)}
	for {
		end := i
		for isDigit(f.at(end)) {
			end++
		}
		d.groups = append(d.groups, span{i, end})
		next := end
		for next < len(f.c) && next-end < maxBetween && strings.IndexByte(" .-/()_", f.c[next]) >= 0 {
			next++
		}
		if next == end || !isDigit(f.at(next)) || len(d.groups) == 2*maxGroups { // a bound keeps long lists linear
			return d
		}
		i = next
	}
}

// number returns the telephone number that d holds: from its first group, or
// from one behind a year or a slash, as far as it can be one. What is left of d
// is looked at again.
func (d digits) phoneNumber() (span, bool) {
	if d.isPartOfWord() {
		return span{}, false
	}
	for from := range d.groups {
		if from > 0 && !isYear(d.group(from-1)) && !strings.Contains(d.separatorAfter(from-1), " / ") {
			break
		}
		for to := min(len(d.groups), from+maxGroups); to > from; to-- {
			part := digits{d.f, d.groups[from:to], d.plus && from == 0}
			if part.isPhoneNumber() {
				return part.span(), true
			}
		}
	}
	return span{}, false
}

// isPartOfWord reports whether d goes on a word or a sum: "v1.2", "GPT4", "$5",
// "1+1", "#12".
func (d digits) isPartOfWord() bool {
	i := d.groups[0].start - 1
	for d.f.at(i) == '(' || d.f.at(i) == '+' {
		i--
	}
	c := d.f.at(i)
	if c == otherLetter || isAlnum(c) && !isDigit(c) {
		return d.contextBefore() != phoneNumber // "tel+421 905 123 456"
	}
	return isDigit(c) || strings.IndexByte("_.,#$/=*^-", c) >= 0 && i == d.groups[0].start-1 && d.contextBefore() != phoneNumber
}

func (d digits) group(i int) string { return string(d.f.c[d.groups[i].start:d.groups[i].end]) }

// between returns what stands behind group i.
func (d digits) separatorAfter(i int) string {
	return string(d.f.c[d.groups[i].end:d.groups[i+1].start])
}

func (d digits) digitCount() int {
	n := 0
	for _, g := range d.groups {
		n += g.end - g.start
	}
	return n
}

// all returns the digits, without what is between them.
func (d digits) joined() string {
	var b strings.Builder
	for i := range d.groups {
		b.WriteString(d.group(i))
	}
	return b.String()
}

// whole returns the span of d with its '+' and the brackets that belong to it.
func (d digits) span() span {
	s := span{d.groups[0].start, d.groups[len(d.groups)-1].end}
	if d.plus {
		for s.start--; d.f.at(s.start) != '+'; s.start-- {
		}
	}
	if d.f.at(s.start-1) == '(' && strings.Contains(string(d.f.c[s.start:min(s.end+1, len(d.f.c))]), ")") {
		s.start--
		if d.f.at(s.end) == ')' && !strings.Contains(string(d.f.c[s.start:s.end]), ")") {
			s.end++
		}
	}
	if n := extension(string(d.f.c[s.end:min(s.end+len(" ext. 12345"), len(d.f.c))])); n > 0 {
		s.end += n
	}
	return s
}

// extension returns how long the extension is that s begins with.
func extension(s string) int {
	for _, word := range []string{" ext. ", " ext ", " ext.", " ext", " x", "x"} {
		rest, found := strings.CutPrefix(s, word)
		if n := len(rest) - len(strings.TrimLeft(rest, "0123456789")); found && n > 0 {
			return len(word) + n
		}
	}
	return 0
}

// isNumber reports whether d as a whole is a telephone number.
func (d digits) isPhoneNumber() bool {
	if n := d.digitCount(); n < minDigits || n > maxDigits {
		return false
	}
	all := d.joined()
	if d.isAmount(all) || d.areDates() || isDigit(d.f.at(d.groups[len(d.groups)-1].end)) {
		return false
	}
	international := strings.TrimPrefix(all, "00")
	if len(d.groups) > 2 { // North America dials 011
		international = strings.TrimPrefix(international, "011")
	}
	switch {
	case d.plus:
		return isInternational(all) || all[0] == '1' && slices.Equal(d.shape(), []int{1, 3, 3, 4})
	case len(international) < len(all) && len(d.groups) > 1 && isInternational(international):
		return true
	}
	switch d.context() {
	case phoneNumber:
		const long = 9 // "24/7/365" is shorter
		return len(all) >= long || !slices.Contains(d.shape(), 1)
	case otherNumber:
		return false
	}
	return d.hasNationalGrouping(all)
}

// shape returns how many digits each group has.
func (d digits) shape() []int {
	shape := make([]int, len(d.groups))
	for i, g := range d.groups {
		shape[i] = g.end - g.start
	}
	return shape
}

// isGroupedAsNumber reports whether d is grouped as the national numbers of a
// country are and nothing else is.
func (d digits) hasNationalGrouping(all string) bool {
	shape := d.shape()
	if isAlnum(d.f.at(d.groups[len(d.groups)-1].end)) || len(shape) < 2 {
		return false
	}
	loose := strings.Trim(d.separatorAfter(0)+d.separatorAfter(len(shape)-2), " ") == "" // nothing but spaces
	switch {
	case slices.Equal(shape, []int{3, 3, 4}): // North America; China's mobiles are 3-4-4
		return all[0] >= '2' && (!loose || all[3] >= '2') || all[0] == '0'
	case slices.Equal(shape, []int{1, 3, 3, 4}) && all[0] == '1':
		return all[1] >= '2'
	case slices.Equal(shape, []int{3, 4, 4}) && all[0] == '1':
		return all[1] >= '3'
	case slices.Equal(shape, []int{3, 7}) && all[0] != '0' && strings.ContainsAny(d.separatorAfter(0), "-."):
		return all[0] >= '2' && all[3] >= '2'
	case slices.Equal(shape, []int{2, 5, 4}) && all[2] == '9': // Brazil
		return true
	case slices.Equal(shape, []int{1, 3, 3, 2, 2}) && all[0] == '0': // Turkey
		return true
	case all[0] == '8' && shape[0] == 1 && len(all) == 11 && len(shape) > 2: // Russia
		return shape[1] == 3
	}
	return d.hasAreaCode(shape, all) || d.hasTrunkZero(shape, all)
}

// hasAreaCode reports whether one of the first two groups is an area code in
// brackets, as in "(415) 555-2671" and "0 (532) 123 45 67".
func (d digits) hasAreaCode(shape []int, all string) bool {
	area, rest := shape[0], len(all)-shape[0]
	after := d.separatorAfter(0)
	switch {
	case d.f.at(d.groups[0].start-1) == '(':
	case strings.IndexByte("0178", all[0]) >= 0 && shape[0] == 1 && strings.HasSuffix(after, "(") && len(shape) > 2: // a trunk prefix stands before
		area, rest, after = shape[1], rest-shape[1], d.separatorAfter(1)
	default:
		return false
	}
	if all[0] == '0' && area == 1 { // "(0)905 123 456"
		return strings.HasPrefix(after, ")") && rest >= 8 && rest <= 10
	}
	return area >= 2 && area <= 5 && !isYear(all[:area]) && strings.HasPrefix(after, ")") && rest >= 6 && rest <= 8 && !slices.Contains(shape[1:], 1)
}

// hasTrunkZero reports whether the number begins with the zero that most of the
// world dials before an area code: "0905 123 456", "06 12 34 56 78".
func (d digits) hasTrunkZero(shape []int, all string) bool {
	const pairs = 5 // of digits, in France and around it
	if slices.Max(shape) == 2 && (len(shape) != pairs || d.hasMoreGroups()) || d.beginsWithDate() {
		return false // "06.00 12.00 18.00"
	}
	return all[0] == '0' && all[1] != '0' && shape[0] >= 2 && shape[0] <= 6 && len(all) >= 9 && len(all) <= 13 && len(shape) <= 6 &&
		!slices.Contains(shape[min(2, len(shape)):], 1)
}

// goesOn reports whether another group of digits follows.
func (d digits) hasMoreGroups() bool {
	end := d.groups[len(d.groups)-1].end
	return strings.IndexByte(" .-/", d.f.at(end)) >= 0 && isDigit(d.f.at(end+1))
}

// isAmount reports whether d counts something: it ends in too many zeros, or in
// front of a unit.
func (d digits) isAmount(all string) bool {
	const manyZeros = 5
	if len(all)-len(strings.TrimRight(all, "0")) >= manyZeros {
		return true
	}
	if n := len(d.groups); n > 1 && len(all) <= 9 && d.group(n-1) == "000" {
		return true
	}
	hundreds := len(d.groups) > 1
	for i := range d.groups {
		hundreds = hundreds && strings.HasSuffix(d.group(i), "00")
	}
	end := d.groups[len(d.groups)-1].end
	after := strings.ToLower(d.f.text(end, min(end+24, len(d.f.c))))
	word := strings.TrimLeft(after, " ")
	if i := strings.IndexFunc(word, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.Is(unicode.Sc, r) && r != '%' }); i >= 0 {
		word = word[:i]
	}
	return hundreds || units()[word] || strings.HasPrefix(after, "%") || strings.HasPrefix(word, "%")
}

// areDates reports whether d is made of years, months and days, or of years.
func (d digits) areDates() bool {
	years := 0
	for i := range d.groups {
		switch g := d.group(i); {
		case isYear(g):
			years++
		case len(g) > 2:
			return false
		}
	}
	return years > 0
}

// beginsWithDate reports whether one of the first groups is a year behind a
// month, with a sign of dates between.
func (d digits) beginsWithDate() bool {
	for i := 1; i < min(3, len(d.groups)); i++ {
		if isYear(d.group(i)) && len(d.group(i-1)) <= 2 && strings.ContainsAny(d.separatorAfter(i-1), "./-") {
			return true
		}
	}
	return false
}

func isYear(s string) bool { return len(s) == 4 && (s[:2] == "19" || s[:2] == "20") }
