package sanitize

import (
	"slices"
	"strings"
	"unicode"
)

// phoneNumbers returns the telephone numbers in the text, in order.
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

// digits is a row of groups of digits with only the signs between them that
// telephone numbers have: spaces, dots, dashes, slashes, brackets.
type digits struct {
	f      *folded
	groups []span
	plus   bool // a '+' precedes the first group
}

// maxGroups is the most groups that a number can have: one for each digit.
const maxGroups = maxDigits

// maxBetween is the most signs between two groups, as in ") - ".
const maxBetween = 4

// hasLoosePlus reports whether a '+' and a space precede the digit at i. The
// '+' must not belong to the word before it, as in "C++ 17".
func (f *folded) hasLoosePlus(i int) bool {
	before := f.at(i - 3)
	return f.at(i-1) == ' ' && f.at(i-2) == '+' && (before == ' ' && f.at(i-4) != ')' && !isAlnum(f.at(i-4)) || before == ':' || before == '(')
}

// digitsFrom returns the longest row of groups that starts at i.
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
		// The bound keeps time linear.
		if next == end || !isDigit(f.at(next)) || len(d.groups) == 2*maxGroups {
			return d
		}
		i = next
	}
}

// phoneNumber returns the first telephone number in d. It starts at the first
// group, or at one after a year or a " / ", and is as long as possible. The
// caller searches the rest of d again.
func (d digits) phoneNumber() (span, bool) {
	if d.digitCount() < minDigits || d.isPartOfWord() {
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

// isPartOfWord reports whether d continues a word, an amount or a sum: "v1.2",
// "GPT4", "$5", "1+1", "#12".
func (d digits) isPartOfWord() bool {
	i := d.groups[0].start - 1
	for d.f.at(i) == '(' || d.f.at(i) == '+' {
		i--
	}
	c := d.f.at(i)
	if c == otherLetter || isAlnum(c) && !isDigit(c) {
		return d.contextBefore() != phoneNumber // not in "tel+421 905 123 456"
	}
	return isDigit(c) || strings.IndexByte("_.,#$/=*^-", c) >= 0 && i == d.groups[0].start-1 && d.contextBefore() != phoneNumber
}

func (d digits) group(i int) string { return d.f.c[d.groups[i].start:d.groups[i].end] }

// separatorAfter returns what separates group i from the next.
func (d digits) separatorAfter(i int) string {
	return d.f.c[d.groups[i].end:d.groups[i+1].start]
}

func (d digits) digitCount() int {
	n := 0
	for _, g := range d.groups {
		n += g.end - g.start
	}
	return n
}

// joined returns the digits of all groups as one string.
func (d digits) joined() string {
	var b strings.Builder
	for i := range d.groups {
		b.WriteString(d.group(i))
	}
	return b.String()
}

// span returns the span of d, including its '+', its brackets and an extension.
func (d digits) span() span {
	s := span{d.groups[0].start, d.groups[len(d.groups)-1].end}
	if d.plus {
		for s.start--; d.f.at(s.start) != '+'; s.start-- {
		}
	}
	if d.f.at(s.start-1) == '(' && strings.Contains(d.f.c[s.start:min(s.end+1, len(d.f.c))], ")") {
		s.start--
		if d.f.at(s.end) == ')' && !strings.Contains(d.f.c[s.start:s.end], ")") {
			s.end++
		}
	}
	if n := extension(d.f.c[s.end:min(s.end+len(" ext. 12345"), len(d.f.c))]); n > 0 {
		s.end += n
	}
	return s
}

// extension returns the length of the extension ("ext. 12") at the start of s,
// or 0 if there is none.
func extension(s string) int {
	for _, word := range []string{" ext. ", " ext ", " ext.", " ext", " x", "x"} {
		rest, found := strings.CutPrefix(s, word)
		if n := len(rest) - len(strings.TrimLeft(rest, "0123456789")); found && n > 0 {
			return len(word) + n
		}
	}
	return 0
}

// isPhoneNumber reports whether all groups of d together are one telephone
// number.
func (d digits) isPhoneNumber() bool {
	if n := d.digitCount(); n < minDigits || n > maxDigits {
		return false
	}
	all := d.joined()
	if d.isAmount(all) || d.areDates() || isDigit(d.f.at(d.groups[len(d.groups)-1].end)) {
		return false
	}
	international := strings.TrimPrefix(all, "00")
	if len(d.groups) > 2 { // in North America, 011 precedes a country code
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
		const long = 9 // more digits than "24/7/365" has
		return len(all) >= long || !slices.Contains(d.shape(), 1)
	case otherNumber:
		return false
	}
	return d.hasNationalGrouping(all)
}

// shape returns the number of digits in each group.
func (d digits) shape() []int {
	shape := make([]int, len(d.groups))
	for i, g := range d.groups {
		shape[i] = g.end - g.start
	}
	return shape
}

// hasNationalGrouping reports whether the groups of d have lengths and first
// digits that only the telephone numbers of some country have. all is
// d.joined().
func (d digits) hasNationalGrouping(all string) bool {
	shape := d.shape()
	if isAlnum(d.f.at(d.groups[len(d.groups)-1].end)) || len(shape) < 2 {
		return false
	}
	onlySpaces := strings.Trim(d.separatorAfter(0)+d.separatorAfter(len(shape)-2), " ") == ""
	switch {
	case slices.Equal(shape, []int{3, 3, 4}): // North America
		return all[0] >= '2' && (!onlySpaces || all[3] >= '2') || all[0] == '0'
	case slices.Equal(shape, []int{1, 3, 3, 4}) && all[0] == '1':
		return all[1] >= '2'
	case slices.Equal(shape, []int{3, 4, 4}) && all[0] == '1': // mobile numbers in China
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
	// Behind a trunk prefix.
	case strings.IndexByte("0178", all[0]) >= 0 && shape[0] == 1 && strings.HasSuffix(after, "(") && len(shape) > 2:
		area, rest, after = shape[1], rest-shape[1], d.separatorAfter(1)
	default:
		return false
	}
	if all[0] == '0' && area == 1 { // "(0)905 123 456"
		return strings.HasPrefix(after, ")") && rest >= 8 && rest <= 10
	}
	return area >= 2 && area <= 5 && !isYear(all[:area]) && strings.HasPrefix(after, ")") && rest >= 6 && rest <= 8 && !slices.Contains(shape[1:], 1)
}

// hasTrunkZero reports whether the number starts with the zero that most
// countries dial before an area code: "0905 123 456", "06 12 34 56 78".
func (d digits) hasTrunkZero(shape []int, all string) bool {
	const pairs = 5 // French numbers are five pairs of digits
	if slices.Max(shape) == 2 && (len(shape) != pairs || d.hasMoreGroups()) || d.beginsWithDate() {
		return false // times of day: "06.00 12.00 18.00"
	}
	return all[0] == '0' && all[1] != '0' && shape[0] >= 2 && shape[0] <= 6 && len(all) >= 9 && len(all) <= 13 && len(shape) <= 6 &&
		!slices.Contains(shape[min(2, len(shape)):], 1)
}

// hasMoreGroups reports whether another group of digits follows d.
func (d digits) hasMoreGroups() bool {
	end := d.groups[len(d.groups)-1].end
	return strings.IndexByte(" .-/", d.f.at(end)) >= 0 && isDigit(d.f.at(end+1))
}

// isAmount reports whether d is an amount: it ends in many zeros or precedes a
// unit.
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

// areDates reports whether d consists of years, or of years with months and
// days.
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

// beginsWithDate reports whether one of the first groups is a year after a
// month, with a separator of dates between them.
func (d digits) beginsWithDate() bool {
	for i := 1; i < min(3, len(d.groups)); i++ {
		if isYear(d.group(i)) && len(d.group(i-1)) <= 2 && strings.ContainsAny(d.separatorAfter(i-1), "./-") {
			return true
		}
	}
	return false
}

// isYear reports whether s is a year from 1900 to 2099.
func isYear(s string) bool { return len(s) == 4 && (s[:2] == "19" || s[:2] == "20") }
