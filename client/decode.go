package client

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// The limits of decoding. The documentation sets none; a real shortlist of 100
// candidates has about 300 KB.
const (
	MaxBodyBytes      = 8 << 20 // after decompression
	MaxCandidates     = 500
	MaxCandidateBytes = 256 << 10
	MaxListItems      = 200
	MaxProfileID      = 256 // bytes; the longest seen in the documentation has 18
	maxDepth          = 32
	// maxListMemory is the most memory that all candidates take, in bytes:
	// lists of tiny strings take four times that of their JSON. Later ones
	// count as broken.
	maxListMemory = 2 * MaxBodyBytes
)

// contractError says why a body that was received is not accepted.
type contractError struct{ reason string }

func (e *contractError) Error() string { return e.reason }

var errBodyTooLarge = &contractError{"body larger than 8 MiB"}

// brokenBody is the error of a body that the network cut short.
type brokenBody struct{ cause error }

func (e *brokenBody) Error() string { return e.cause.Error() }
func (e *brokenBody) Unwrap() error { return e.cause }

// fromNetwork wraps an error of reading a body in a brokenBody, except the
// body's end and faults of its compression.
func fromNetwork(err error) error {
	var corrupt flate.CorruptInputError
	if err == nil || errors.Is(err, io.EOF) || errors.As(err, &corrupt) || errors.Is(err, gzip.ErrHeader) || errors.Is(err, gzip.ErrChecksum) {
		return err
	}
	return &brokenBody{err}
}

// decodeResults decodes the body of a response with status 200 or 202 to a
// request for a run. A large body waits for a place until ctx ends. giveUp must
// end ctx and, with it, the reading of body.
func decodeResults(ctx context.Context, giveUp context.CancelCauseFunc, body io.Reader, httpStatus int, requestID string) (results *Results, err error) {
	bounded := &boundedReader{ctx: ctx, giveUp: giveUp, r: body}
	defer func() { bounded.close(results) }()
	return decode(bounded, httpStatus, requestID)
}

// decode reads a body as a stream, so that its memory depends on what is kept
// and not on what was sent.
func decode(bounded *boundedReader, httpStatus int, requestID string) (*Results, error) {
	d := &decoder{
		// eachMember checks for duplicate names, since one inside a candidate
		// must not lose the other candidates.
		json:    jsontext.NewDecoder(bounded, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)),
		results: &Results{HTTPStatus: httpStatus},
		read:    map[string]bool{},
	}
	err := d.document()
	switch {
	case errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) && bounded.read == 0 && httpStatus == 202:
		return d.results, nil // a 202 needs no body
	case errors.Is(err, errBodyTooLarge) && d.results.Truncated && d.results.Status != "":
		// Only surplus candidates were lost.
	case err != nil:
		return nil, err
	}
	if err := checkOwner(d.results, requestID); err != nil {
		return nil, err
	}
	if d.results.InProgress() {
		d.results.Candidates = nil // not shown, but kept in memory during a wait
		d.store = textStore{}
	}
	// Computed once, because every call needs it.
	d.results.footprint = d.results.Footprint() + d.store.unused()
	return d.results, nil
}

// checkOwner returns an error if r may belong to another run, in case the
// upstream or a proxy mixes up its answers.
func checkOwner(r *Results, requestID string) error {
	switch {
	case r.RequestID != "" && r.RequestID != requestID:
		return &contractError{"the body is about another run"}
	case r.RequestID == "" && len(r.Candidates) > 0:
		return &contractError{"candidates without a request id"}
	case r.RequestID == "" && r.Status == "" && r.HTTPStatus == 200:
		return &contractError{"neither request id nor status"}
	}
	return nil
}

// decoder reads one body with a streaming parser. Wire structs of the json
// package, with raw candidates and types that tolerate a wrong kind, took 1.6
// times as long and 1.5 times the allocations, for fewer checks.
type decoder struct {
	json       *jsontext.Decoder
	results    *Results
	read       map[string]bool // names of the envelope that were read, at either level
	unreadable int             // fields of the present candidate that were left out
	store      textStore       // of the candidates' texts

	// The items of a list whose length is not known yet; reused for each list.
	evidence  []Evidence
	positions []Position
	items     []string
}

func (d *decoder) document() error {
	if d.json.PeekKind() != '{' {
		if _, err := d.json.ReadToken(); err != nil {
			return err
		}
		return &contractError{"body is not a JSON object"}
	}
	if err := d.envelope(true); err != nil {
		return err
	}
	// A second document could say the opposite of the first.
	if _, err := d.json.ReadToken(); !errors.Is(err, io.EOF) {
		if err != nil {
			return err
		}
		return &contractError{"more than one JSON document"}
	}
	return nil
}

// envelope reads the object that contains status and candidates. The API sends
// it flat; one in "data" is accepted too, once, as the API's other pages use
// that. A name at both levels is refused, since the two could contradict each
// other.
func (d *decoder) envelope(outermost bool) error {
	r := d.results
	members := []member{
		{"requestId", &r.RequestID},
		{"status", &r.Status},
		{"createdAt", &r.CreatedAt},
		{"completedAt", &r.CompletedAt},
		{"candidatesSourcedCount", &r.SourcedCount},
		{"foundCount", &r.FoundCount},
		{"scoredCount", &r.ScoredCount},
		{"message", &r.Message},
		{"errorCode", &r.ErrorCode},
		{"errorMessage", &r.ErrorMessage},
		{"candidates", &r.Candidates},
		{"data", nil},
	}
	return eachMember(d.json, members, func(i int) (err error) {
		name := members[i].name
		if name == "data" {
			if !outermost || d.json.PeekKind() != '{' || d.read["status"] || d.read["requestId"] {
				return skip(d.json)
			}
			return d.envelope(false)
		}
		if d.read[name] {
			return &contractError{"a name stands both in the body and in its data"}
		}
		d.read[name] = true
		switch to := members[i].to.(type) {
		case *string:
			*to, err = readWord(d.json)
		case *Status:
			var word string
			word, err = readWord(d.json)
			*to = Status(word)
		case *time.Time:
			*to, err = readTime(d.json)
		case **int:
			*to, err = readCount(d.json)
		case *[]Candidate:
			err = d.candidates()
		}
		return err
	})
}

func (d *decoder) candidates() error {
	switch d.json.PeekKind() {
	case '[':
	case 'n':
		return skip(d.json)
	default: // counted as broken, lest it look as if nobody was found
		d.results.Broken++
		return skip(d.json)
	}
	if _, err := d.json.ReadToken(); err != nil {
		return err
	}
	r := d.results
	if r.ScoredCount != nil { // usually their number, and sent before them
		r.Candidates = make([]Candidate, 0, min(*r.ScoredCount, MaxCandidates))
	}
	memory := int64(0)
	for rank := 1; d.json.PeekKind() != ']'; rank++ {
		if rank > MaxCandidates {
			r.Truncated = true
			if err := skip(d.json); err != nil {
				return err
			}
			continue
		}
		if memory > maxListMemory {
			r.Broken++
			if err := d.json.SkipValue(); err != nil {
				return err
			}
			continue
		}
		used := d.store.used
		c, ok, err := d.candidate()
		if err != nil {
			return err
		}
		if memory += c.footprint(); ok && memory <= maxListMemory {
			c.Rank = rank
			r.Candidates = append(r.Candidates, c)
		} else {
			d.store.used = used
			r.Broken++
		}
	}
	if len(r.Candidates) < cap(r.Candidates)/2 { // the number was wrong, and results are kept
		r.Candidates = slices.Clone(r.Candidates)
	}
	_, err := d.json.ReadToken()
	return err
}

// member is a known member of an object.
type member struct {
	name string
	to   any // pointer to where its value goes
}

// eachMember reads the object that comes next and calls read with the index of
// every known member that it finds; read must read its value. Other members are
// skipped, and their names take no memory, as there may be millions. A known
// name that stands twice or in another case is an error, since another reader
// of the same body could take the one that this reader drops.
func eachMember(dec *jsontext.Decoder, known []member, read func(i int) error) error {
	if _, err := dec.ReadToken(); err != nil {
		return err
	}
	var seen uint32 // a bit for each known member
	for dec.PeekKind() != '}' {
		raw, err := dec.ReadValue()
		if err != nil {
			return err
		}
		i, exact := match(known, raw)
		switch {
		case i < 0:
			err = skip(dec)
		case !exact || seen&(1<<i) != 0:
			err = &contractError{"a name stands twice, or in another case"}
		default:
			seen |= 1 << i
			err = read(i)
		}
		if err != nil {
			return err
		}
	}
	_, err := dec.ReadToken()
	return err
}

// match returns the index of the known member with a quoted name, or -1. exact
// is false if the two are equal only as encoding/json compares names, without
// regard to case.
func match(known []member, quoted jsontext.Value) (i int, exact bool) {
	name := quoted[1 : len(quoted)-1]
	if bytes.IndexByte(name, '\\') >= 0 {
		name, _ = jsontext.AppendUnquote(nil, quoted) // valid, as it was read
	}
	for i, k := range known {
		if string(name) == k.name {
			return i, true
		}
	}
	for i, k := range known {
		if len(name) < 2*len(k.name)+1 && strings.EqualFold(string(name), k.name) {
			return i, false
		}
	}
	return -1, false
}

// skip skips the next value. It may have any size, but a value nested deeper
// than maxDepth is an error.
func skip(dec *jsontext.Decoder) error {
	depth := dec.StackDepth()
	for {
		if _, err := dec.ReadToken(); err != nil {
			return err
		}
		switch at := dec.StackDepth(); {
		case at > maxDepth:
			return &contractError{"body nested too deep"}
		case at <= depth:
			return nil
		}
	}
}

// maxWord is the longest text that is kept of the envelope, in bytes: ten times
// what is shown.
const maxWord = 4 << 10

// readWord reads a string and cuts it at maxWord. A number counts as its
// digits, since an id may be sent as one. Any other value is skipped and counts
// as "".
func readWord(dec *jsontext.Decoder) (string, error) {
	switch dec.PeekKind() {
	case '"', '0':
		token, err := dec.ReadToken()
		if err != nil {
			return "", err
		}
		word := token.String()
		if len(word) > maxWord {
			word = strings.ToValidUTF8(strings.Clone(word[:maxWord]), "")
		}
		return word, nil
	}
	return "", skip(dec)
}

// readTime reads a time, which is zero if it is missing, unreadable or
// implausible.
func readTime(dec *jsontext.Decoder) (time.Time, error) {
	word, err := readWord(dec)
	if err != nil {
		return time.Time{}, err
	}
	t, err := time.Parse(time.RFC3339, word)
	if err != nil || t.Year() < 1990 || t.Year() > 2999 {
		return time.Time{}, nil
	}
	return t.UTC(), nil
}

// readCount reads a count, which is nil if it is missing or unreadable.
func readCount(dec *jsontext.Decoder) (*int, error) {
	word, err := readWord(dec)
	if err != nil {
		return nil, err
	}
	n, err := strconv.ParseUint(word, 10, 31)
	if err != nil {
		return nil, nil
	}
	count := int(n)
	return &count, nil
}
