package sanitize

import (
	"strings"
	"sync/atomic"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// properties are what the steps ask about a rune: its kind, the bytes that a
// skeleton and a folded text have for it, and some that are true or false.
type properties uint32

const (
	computed   properties = 1 << iota // set in all
	ordinary                          // no step changes it, unless it is in a link or a contact
	linkLike                          // looks like a sign or a letter that every link has
	nonspacing                        // a mark that may pile up
	latin                             // a letter of Latin
	confusable                        // a letter of a confusableScript
)

func (p properties) kind() kind     { return kind(p >> 8) }
func (p properties) skeleton() byte { return byte(p >> 16) }
func (p properties) folded() byte   { return byte(p >> 24) }

// met holds the properties of the runes that were met before, since finding
// them takes several searches in Unicode's tables. The system gives it memory
// only for the blocks of runes that are met.
var met [unicode.MaxRune + 1]atomic.Uint32

// propertiesOf returns the properties of r.
func propertiesOf(r rune) properties {
	p := properties(met[r].Load())
	if p == 0 {
		p = findProperties(r)
		met[r].Store(uint32(p))
	}
	return p
}

// findProperties finds the properties of r in Unicode's tables.
func findProperties(r rune) properties {
	p := computed | properties(kindOf(r))<<8 | properties(skeletonOf(r))<<16 | properties(foldRune(r))<<24
	set := func(is bool, property properties) {
		if is {
			p |= property
		}
	}
	// A text is in NFC if each rune is, and none combines with the one before
	// it. U+FFFD may stand for bytes that are not valid.
	s := string(r)
	sign, _ := markupReplacement(s)
	set(kindOf(r) == shown && r != utf8.RuneError && sign == "" && norm.NFC.IsNormalString(s) && norm.NFC.PropertiesString(s).BoundaryBefore(), ordinary)
	set(strings.IndexByte(" .:/\\?#w", p.skeleton()) >= 0, linkLike)
	set(unicode.In(r, unicode.Mn, unicode.Me), nonspacing)
	set(unicode.Is(unicode.Latin, r), latin)
	for _, c := range confusableScripts {
		set(unicode.Is(c.script, r), confusable)
	}
	return p
}
