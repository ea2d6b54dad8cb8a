package client

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// The sizes of a textStore's pieces of memory, in bytes.
const (
	minPiece = 512
	maxPiece = 16 << 10
	// maxShared is the longest text that shares a piece with others, so that at
	// most a quarter of a piece stays unused.
	maxShared = maxPiece / 4
)

// textStore keeps the texts of candidates in a few pieces of memory instead of
// one for each of the forty texts that a candidate has. A piece is freed when
// none of its texts is in use, so whoever keeps a text for longer than the
// Results it is from must clone it. The zero value is ready to use.
type textStore struct {
	piece     strings.Builder
	unquoted  []byte // reused for texts with escapes
	allocated int64  // bytes of all pieces
	used      int64  // bytes of them that hold texts in use
}

// add returns the text of a JSON string, or the digits of a number.
func (s *textStore) add(raw jsontext.Value) string {
	text := []byte(raw)
	if raw.Kind() == '"' {
		text = raw[1 : len(raw)-1]
		if bytes.IndexByte(text, '\\') >= 0 || !utf8.Valid(text) {
			// An error would only say that invalid UTF-8 was replaced.
			s.unquoted, _ = jsontext.AppendUnquote(s.unquoted[:0], raw)
			text = s.unquoted
		}
	}
	if len(text) > maxShared {
		return string(text)
	}
	if len(text) > s.piece.Cap()-s.piece.Len() {
		size := max(minPiece, min(2*s.piece.Cap(), maxPiece), len(text))
		s.piece = strings.Builder{}
		s.piece.Grow(size)
		s.allocated += int64(s.piece.Cap())
	}
	start := s.piece.Len()
	s.piece.Write(text)
	s.used += int64(len(text))
	return s.piece.String()[start:]
}

// drop counts a text of the store as no longer in use. Its memory stays.
func (s *textStore) drop(text string) {
	if len(text) <= maxShared {
		s.used -= int64(len(text))
	}
}

// unused returns how many bytes the pieces have beside the texts in use.
func (s *textStore) unused() int64 { return s.allocated - s.used }
