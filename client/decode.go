package client

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// The bounds of decoding. The documentation sets none; a real shortlist of 100
// candidates is about 300 KB.
const (
	MaxBodyBytes      = 8 << 20 // after decompression
	MaxCandidates     = 500
	MaxCandidateBytes = 256 << 10
	MaxListItems      = 200
	MaxProfileID      = 256 // bytes; the longest seen in the documentation has 18
	maxDepth          = 32
	// maxListMemory is in bytes. Lists of tiny strings take four times the memory
	// of their JSON; what is beyond this counts as broken.
	maxListMemory = 2 * MaxBodyBytes
)

// contractError is a body that was received but cannot be accepted.
type contractError struct{ reason string }

func (e *contractError) Error() string { return e.reason }

var errBodyTooLarge = &contractError{"body larger than 8 MiB"}

// brokenBody is a body the network, and not the server, ended.
type brokenBody struct{ cause error }

func (e *brokenBody) Error() string { return e.cause.Error() }
func (e *brokenBody) Unwrap() error { return e.cause }

// fromNetwork marks an error of reading a body that is not the body's own.
func fromNetwork(err error) error {
	var corrupt flate.CorruptInputError
	if err == nil || errors.Is(err, io.EOF) || errors.As(err, &corrupt) || errors.Is(err, gzip.ErrHeader) || errors.Is(err, gzip.ErrChecksum) {
		return err
	}
	return &brokenBody{err}
}

// decodeResults reads the body of a 200 or 202 for the run asked for. A body that
// proves to be large waits for its turn, until ctx ends; giveUp ends ctx, and the
// reading of body with it.
func decodeResults(ctx context.Context, giveUp context.CancelCauseFunc, body io.Reader, httpStatus int, requestID string) (results *Results, err error) {
	bounded := &boundedReader{ctx: ctx, giveUp: giveUp, r: body}
	defer func() { bounded.close(results) }()
	return decode(bounded, httpStatus, requestID)
}

// decode streams, so that memory is bounded by what is kept and not by what is
// sent.
func decode(bounded *boundedReader, httpStatus int, requestID string) (*Results, error) {
	d := &decoder{
		// Duplicate names are checked here, per object that matters, because a
		// duplicate inside one candidate must not cost the others.
		json:    jsontext.NewDecoder(bounded, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)),
		results: &Results{HTTPStatus: httpStatus},
		read:    map[string]bool{},
	}
	err := d.document()
	switch {
	case errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) && bounded.read == 0 && httpStatus == 202:
		return d.results, nil // accepted, and nothing to say yet
	case errors.Is(err, errBodyTooLarge) && d.results.Truncated && d.results.Status != "":
		// Only surplus candidates were lost.
	case err != nil:
		return nil, err
	}
	if err := checkOwner(d.results, requestID); err != nil {
		return nil, err
	}
	if d.results.InProgress() {
		d.results.Candidates = nil // shown to nobody, and held for as long as someone waits
	}
	return d.results, nil
}

// checkOwner keeps one tenant's candidates from another, should an upstream or
// a proxy before it mix up its answers.
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

type decoder struct {
	json    *jsontext.Decoder
	results *Results
	read    map[string]bool // names of the envelope, at whichever level
	items   []string        // room to gather a list in, before its length is known
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

var envelopeNames = []string{"requestId", "status", "createdAt", "completedAt", "candidatesSourcedCount",
	"foundCount", "scoredCount", "message", "errorCode", "errorMessage", "candidates", "data"}

// envelope reads the object that holds status and candidates. The API sends it
// flat; wrapped in data is accepted too, once, since its other pages do that.
// What stands at both levels is refused, lest one speak for the other.
func (d *decoder) envelope(outermost bool) error {
	r := d.results
	return eachMember(d.json, envelopeNames, func(name string) (err error) {
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
		switch name {
		case "requestId":
			r.RequestID, err = readWord(d.json)
		case "status":
			var status string
			status, err = readWord(d.json)
			r.Status = Status(status)
		case "createdAt":
			r.CreatedAt, err = readTime(d.json)
		case "completedAt":
			r.CompletedAt, err = readTime(d.json)
		case "candidatesSourcedCount":
			r.SourcedCount, err = readCount(d.json)
		case "foundCount":
			r.FoundCount, err = readCount(d.json)
		case "scoredCount":
			r.ScoredCount, err = readCount(d.json)
		case "message":
			r.Message, err = readWord(d.json)
		case "errorCode":
			r.ErrorCode, err = readWord(d.json)
		case "errorMessage":
			r.ErrorMessage, err = readWord(d.json)
		case "candidates":
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
	default: // not none found, but a list that is none
		d.results.Broken++
		return skip(d.json)
	}
	if _, err := d.json.ReadToken(); err != nil {
		return err
	}
	r := d.results
	if r.ScoredCount != nil { // usually theirs, and told before them
		r.Candidates = make([]Candidate, 0, min(*r.ScoredCount, MaxCandidates))
	}
	made := int64(0)
	for rank := 1; d.json.PeekKind() != ']'; rank++ {
		if rank > MaxCandidates {
			r.Truncated = true
			if err := skip(d.json); err != nil {
				return err
			}
			continue
		}
		c, ok, err := d.candidate()
		if err != nil {
			return err
		}
		if made += c.footprint(); ok && made <= maxListMemory {
			c.Rank = rank
			r.Candidates = append(r.Candidates, c)
		} else {
			r.Broken++
		}
	}
	_, err := d.json.ReadToken()
	return err
}

// eachMember calls field for every member of the object that comes next whose
// name is known, with the decoder before the value, which field must read; it
// passes over the others. A known name may stand once, and in one spelling:
// another reader of the same body could take the one that this reader drops.
// Names cost no memory, as there may be millions.
func eachMember(dec *jsontext.Decoder, known []string, field func(name string) error) error {
	if _, err := dec.ReadToken(); err != nil {
		return err
	}
	var seen uint32
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
			err = field(known[i])
		}
		if err != nil {
			return err
		}
	}
	_, err := dec.ReadToken()
	return err
}

// match finds a member's name among known ones; exact is false where it only
// folds to one, long s and Kelvin sign included, as encoding/json folds.
func match(known []string, raw jsontext.Value) (i int, exact bool) {
	name := raw[1 : len(raw)-1]
	if bytes.IndexByte(name, '\\') >= 0 {
		name, _ = jsontext.AppendUnquote(nil, raw) // valid, as it was read
	}
	for i, k := range known {
		if string(name) == k {
			return i, true
		}
	}
	for i, k := range known {
		if len(name) < 2*len(k)+1 && strings.EqualFold(string(name), k) {
			return i, false
		}
	}
	return -1, false
}

// skip passes over the next value, however large, but not however deep.
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

// maxWord is in bytes, and ten times what is shown of any word of the envelope.
const maxWord = 4 << 10

// readWord reads a string, up to maxWord; a number stands for its digits, since
// an id may come as one. Anything else is passed over and reads as "".
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

func readTime(dec *jsontext.Decoder) (time.Time, error) {
	word, err := readWord(dec)
	if err != nil {
		return time.Time{}, err
	}
	t, err := time.Parse(time.RFC3339, word)
	if err != nil || t.Year() < 1990 || t.Year() > 2999 {
		return time.Time{}, nil // no time is better than a wrong one
	}
	return t.UTC(), nil
}

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
