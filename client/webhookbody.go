package client

import (
	"bytes"
	"errors"
	"io"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// webhook reads the answer about one webhook.
func (r *reply) webhook() (*Webhook, error) {
	var w Webhook
	err := r.decode(func(d *decoder) error { return d.webhook(&w, true) })
	switch {
	case err != nil:
		return nil, r.unreadable("body is not the documented JSON", err)
	case w.ID == "":
		return nil, r.unreadable("the answer names no webhook", nil)
	}
	return &w, nil
}

// webhooks reads the answer with the list of webhooks.
func (r *reply) webhooks() (*Webhooks, error) {
	var list *Webhooks
	err := r.decode(func(d *decoder) error { return d.webhooks(&list, maxListLevels) })
	switch {
	case err != nil:
		return nil, r.unreadable("body is not the documented JSON", err)
	case list == nil:
		return nil, r.unreadable("the answer holds no list of webhooks", nil)
	}
	return list, nil
}

// webhookTest reads the result of a test delivery. In data, success is the
// delivery's. Without data it is, too, but only beside another member of the
// result: alone it may just say that InstaView took the request.
func (r *reply) webhookTest() (*WebhookTest, error) {
	var outer, inner testResult
	err := r.decode(func(d *decoder) error { return d.testResult(&outer, &inner) })
	if err != nil {
		return nil, r.unreadable("body is not the documented JSON", err)
	}
	result := inner
	if result.success == nil && (outer.id != "" || outer.status != nil || outer.duration != nil) {
		result = outer
	}
	if result.success == nil {
		return nil, r.unreadable("the answer does not say whether the delivery succeeded", nil)
	}
	test := &WebhookTest{Delivered: *result.success, Message: result.message}
	if result.status != nil && *result.status <= 999 {
		test.HTTPStatus = *result.status
	}
	if result.duration != nil {
		test.Took = time.Duration(*result.duration) * time.Millisecond
	}
	return test, nil
}

// decode reads the body as one JSON document.
func (r *reply) decode(read func(d *decoder) error) error {
	d := &decoder{json: jsontext.NewDecoder(bytes.NewReader(r.body), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))}
	if err := read(d); err != nil {
		return err
	}
	if _, err := d.json.ReadToken(); !errors.Is(err, io.EOF) {
		return &contractError{"more than one JSON document"}
	}
	return nil
}

// webhook reads the object that comes next: the webhook, or an object that has
// it in data, as one of the documentation's two shapes does.
func (d *decoder) webhook(w *Webhook, outermost bool) error {
	if d.json.PeekKind() != '{' {
		return skip(d.json)
	}
	var inData Webhook
	members := []member{
		{"id", &w.ID}, {"url", &w.URL}, {"name", &w.Name}, {"companyId", &w.CompanyID}, {"events", nil}, {"headers", nil},
		{"isActive", &w.Active}, {"consecutiveFailures", &w.Failures}, {"circuitOpenedAt", nil}, {"signingSecret", nil}, {"data", nil},
	}
	err := eachMember(d.json, members, func(i int) (err error) {
		switch to := members[i].to.(type) {
		case *string:
			*to, err = readWord(d.json)
			return err
		case **int:
			*to, err = readCount(d.json)
			return err
		case **bool:
			*to, err = readBool(d.json)
			return err
		}
		switch members[i].name {
		case "events":
			w.Events, err = d.words()
		case "headers":
			w.HeaderNames, err = d.headerNames()
		case "circuitOpenedAt":
			w.CircuitOpen = d.json.PeekKind() != 'n'
			w.CircuitOpened, err = readTime(d.json)
		case "signingSecret":
			w.SigningSecret, err = readSecret(d.json)
		case "data":
			if !outermost {
				return skip(d.json)
			}
			err = d.webhook(&inData, false)
		}
		return err
	})
	if w.ID == "" {
		*w = inData
	}
	if !ValidRequestID(w.ID) {
		w.ID = ""
	}
	return err
}

// maxListLevels is how many objects may be around the list: the documentation
// shows two, each with the next in its data.
const maxListLevels = 2

// webhooks reads the list, which may be in data. to stays nil if there is none.
func (d *decoder) webhooks(to **Webhooks, levels int) error {
	switch d.json.PeekKind() {
	case '[':
	case '{':
		return eachMember(d.json, []member{{"data", nil}}, func(int) error {
			if levels == 0 {
				return skip(d.json)
			}
			return d.webhooks(to, levels-1)
		})
	default:
		return skip(d.json)
	}
	all := &Webhooks{}
	*to = all
	before := d.unreadable
	err := d.list(func() error {
		var w Webhook
		err := d.webhook(&w, false)
		d.unreadable = before // of the list alone
		if w.ID != "" {
			all.List = append(all.List, w)
		} else {
			all.Broken++
		}
		return err
	})
	all.Truncated = d.unreadable > before
	return err
}

// words reads a list of strings or numbers.
func (d *decoder) words() (words []string, err error) {
	err = d.list(func() error {
		word, err := readWord(d.json)
		if word != "" {
			words = append(words, word)
		}
		return err
	})
	return words, err
}

// headerNames reads a list of headers and keeps their names.
func (d *decoder) headerNames() (names []string, err error) {
	err = d.list(func() error {
		if d.json.PeekKind() != '{' {
			return skip(d.json)
		}
		return eachMember(d.json, []member{{"name", nil}}, func(int) error {
			name, err := readWord(d.json)
			if name != "" {
				names = append(names, name)
			}
			return err
		})
	})
	return names, err
}

// testResult is the result of a test delivery as the answer has it.
type testResult struct {
	success          *bool
	id, message      string
	status, duration *int
}

// testResult reads the object that comes next into outer, and its data into
// inner, which may be nil.
func (d *decoder) testResult(outer, inner *testResult) error {
	if d.json.PeekKind() != '{' {
		return skip(d.json)
	}
	members := []member{
		{"success", &outer.success}, {"deliveryId", &outer.id}, {"message", &outer.message},
		{"httpStatus", &outer.status}, {"durationMs", &outer.duration}, {"data", nil},
	}
	return eachMember(d.json, members, func(i int) (err error) {
		switch to := members[i].to.(type) {
		case *string:
			*to, err = readWord(d.json)
		case **int:
			*to, err = readCount(d.json)
		case **bool:
			*to, err = readBool(d.json)
		default:
			if inner == nil {
				return skip(d.json)
			}
			err = d.testResult(inner, nil)
		}
		return err
	})
}

// readBool reads true or false. Any other value is skipped and counts as nil.
func readBool(dec *jsontext.Decoder) (*bool, error) {
	kind := dec.PeekKind()
	if kind != 't' && kind != 'f' {
		return nil, skip(dec)
	}
	value := kind == 't'
	_, err := dec.ReadToken()
	return &value, err
}

// maxSigningSecret is in characters; the documented secret has 64.
const maxSigningSecret = 256

// readSecret reads a secret, which is the zero value if it is missing or cannot
// be one.
func readSecret(dec *jsontext.Decoder) (Key, error) {
	word, err := readWord(dec)
	key := NewKey(word)
	if len(word) > maxSigningSecret || key.Validate() != nil {
		return Key{}, err
	}
	return key, err
}
