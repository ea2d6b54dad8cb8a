package sandbox

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// The limits of deliveries. The documentation gives no number for the failures
// that open a webhook's circuit, and no schedule of repetitions, so a failed
// delivery is not repeated here.
const (
	deliveryTimeout   = 30 * time.Second // as in the documentation's examples
	maxFailures       = 5                // in a row, which open the circuit
	maxSending        = 16               // deliveries at the same time
	maxDeliveries     = 10_000           // that are remembered
	maxDeliveryAnswer = 64 << 10         // bytes
)

// Delivery is one event on its way to one webhook.
type Delivery struct {
	// What a Change may read. RunID is "" for a ping.
	Number        int // counts the deliveries of the sandbox, from 1
	URL           string
	RunID, Status string

	// What a Change may set.
	Event  any           // in payloads; at first a string such as "sourcing.completed"
	ID     string        // deliveryId
	Data   any           // data; at first the run's requestId and status
	Header http.Header   // as registered
	Delay  time.Duration // from the event to the delivery
	Copies int           // 1; 0 loses the delivery
	Pause  time.Duration // in the middle of the body

	// The result, in Deliveries.
	Sent     time.Time // zero if lost or not sent yet
	Answered int       // HTTP status; 0 if there was none
}

// Change changes a delivery before it is sent, so that tests meet those that
// real ones may become.
type Change func(*Delivery)

// WithDeliveries applies changes, in their order, to every delivery. Without it
// each event is delivered at once, and once.
func WithDeliveries(changes ...Change) Option {
	return func(s *Sandbox) { s.changes = append(s.changes, changes...) }
}

// WithTransport sends deliveries by rt, such as one inside a testing/synctest
// bubble. The default uses the network.
func WithTransport(rt http.RoundTripper) Option { return func(s *Sandbox) { s.transport = rt } }

// Every applies a change to every nth delivery: Every(5, Lost) loses one in
// five, and Every(2, Late(d)) lets the next one overtake.
func Every(n int, change Change) Change {
	return func(d *Delivery) {
		if d.Number%n == 0 {
			change(d)
		}
	}
}

// Late delivers d after the event.
func Late(d time.Duration) Change { return func(x *Delivery) { x.Delay += d } }

// Slow pauses for d in the middle of the body.
func Slow(d time.Duration) Change { return func(x *Delivery) { x.Pause = d } }

// Twice delivers two copies with one deliveryId.
func Twice(d *Delivery) { d.Copies = 2 }

// Lost delivers nothing.
func Lost(d *Delivery) { d.Copies = 0 }

// Forged replaces the values of all registered headers, as somebody would who
// does not know them; "" leaves the headers out.
func Forged(value string) Change {
	return func(d *Delivery) {
		for name := range d.Header {
			if d.Header.Set(name, value); value == "" {
				d.Header.Del(name)
			}
		}
	}
}

// UpperCase spells events as the newer pages do: SOURCING_COMPLETED.
func UpperCase(d *Delivery) {
	if event, ok := d.Event.(string); ok {
		d.Event = strings.ToUpper(strings.ReplaceAll(event, ".", "_"))
	}
}

// Integer spells events as one page does. For sourcing it gives no number, so
// the next free ones are used.
func Integer(d *Delivery) {
	if event, ok := d.Event.(string); ok {
		d.Event = slices.Index(events, event)
	}
}

// Nested names the run in data.run.id.
func Nested(d *Delivery) {
	d.Data = map[string]any{"run": map[string]any{"id": d.RunID, "status": d.Status}}
}

// Unnamed leaves the run's id out.
func Unnamed(d *Delivery) { d.Data = map[string]any{"status": d.Status} }

// Huge adds so many bytes to the body.
func Huge(size int) Change {
	return func(d *Delivery) {
		d.Data = map[string]any{"requestId": d.RunID, "status": d.Status, "padding": strings.Repeat("x", size)}
	}
}

// Deliveries returns the deliveries so far, lost ones included, in the order of
// their events: at most the latest 10,000.
func (s *Sandbox) Deliveries() []Delivery {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]Delivery, len(s.sent))
	for i, d := range s.sent {
		all[i] = *d
	}
	return all
}

// Close ends all deliveries, and returns when none is being sent. The function
// stop of Start does the same.
func (s *Sandbox) Close() {
	s.mu.Lock()
	s.stopped = true
	s.mu.Unlock()
	s.cancel()
	s.sending.Wait()
}

// delivering is the part of a Sandbox that webhooks need.
type delivering struct {
	flat      bool
	hooks     []*hook
	changes   []Change
	transport http.RoundTripper
	places    chan struct{} // one for each delivery that is being sent
	sent      []*Delivery
	numbered  int // deliveries so far

	stopped bool
	ctx     context.Context //nolint:containedctx // ends with the sandbox, not with a call
	cancel  context.CancelFunc
	sending sync.WaitGroup
}

func newDelivering() delivering {
	ctx, cancel := context.WithCancel(context.Background())
	// Connections are not kept, so that no goroutine outlives the sandbox. But
	// the server is not asked to close them, as DisableKeepAlives would: one
	// that answers before it has read the delivery could close too early for
	// its answer to be seen. HTTP/2 would keep them all the same.
	transport := &http.Transport{MaxIdleConnsPerHost: -1, Protocols: &http.Protocols{}}
	transport.Protocols.SetHTTP1(true)
	return delivering{ctx: ctx, cancel: cancel, places: make(chan struct{}, maxSending), transport: transport}
}

// announce delivers the end of a run when it comes. It is called when a run has
// begun, with the lock held.
func (s *Sandbox) announce(e *execution, now time.Time) {
	end := e.began().Add(e.run.Takes)
	if !end.After(now) {
		return
	}
	time.AfterFunc(end.Sub(now), func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		// A run that was refined or has started over ends at another time.
		if s.runs[e.id] == e && e.began().Add(e.run.Takes).Equal(end) {
			s.deliver(e)
		}
	})
}

// deliver sends the end of a run to the webhook that the run names or, if it
// names none, to all that have subscribed. Whether InstaView does the latter is
// not documented.
func (s *Sandbox) deliver(e *execution) {
	event := "sourcing.completed"
	if e.run.ErrorCode != "" {
		event = "sourcing.failed"
	}
	for _, h := range s.hooks {
		if s.stopped || !h.active || h.url == "" || !h.wants(event) || e.webhookID != "" && e.webhookID != h.id {
			continue
		}
		d := s.prepare(h, event, e)
		for range d.Copies {
			s.sending.Go(func() { s.send(s.ctx, h, d) })
		}
	}
}

// prepare makes the delivery of an event, about a run or, if e is nil, about
// none. The lock is held.
func (s *Sandbox) prepare(h *hook, event string, e *execution) *Delivery {
	s.numbered++
	d := &Delivery{Number: s.numbered, URL: h.url, Event: event, ID: newUUID(), Header: http.Header{}, Copies: 1, Data: map[string]any{}}
	if e != nil {
		_, d.Status, _ = strings.Cut(event, ".")
		d.RunID = e.id
		d.Data = map[string]any{"requestId": d.RunID, "status": d.Status}
	}
	for _, header := range h.headers {
		d.Header.Add(header.Name, header.Value)
	}
	for _, change := range s.changes {
		change(d)
	}
	if len(s.sent) == maxDeliveries {
		s.sent = slices.Delete(s.sent, 0, maxDeliveries/2)
	}
	s.sent = append(s.sent, d)
	return d
}

// send waits for a delivery's time and for a place, sends it unless its webhook
// was deleted meanwhile, and records the result.
func (s *Sandbox) send(ctx context.Context, h *hook, d *Delivery) {
	if !sleep(ctx, d.Delay) {
		return
	}
	select {
	case s.places <- struct{}{}:
		defer func() { <-s.places }()
	case <-ctx.Done():
		return
	}
	s.mu.Lock()
	exists := slices.Contains(s.hooks, h)
	if exists {
		d.Sent = time.Now()
	}
	s.mu.Unlock()
	if !exists {
		return
	}
	status := s.post(ctx, d)
	s.mu.Lock()
	defer s.mu.Unlock()
	d.Answered = status
	h.record(status, time.Now())
}

// record counts failures in a row, of which maxFailures open the circuit: then
// nothing more is delivered until it is reset.
func (h *hook) record(status int, now time.Time) {
	if status/100 == 2 {
		h.failures = 0
		return
	}
	if h.failures++; h.failures >= maxFailures && h.active {
		h.active, h.circuitOpened = false, now
	}
}

// post sends a delivery and returns the status of the answer; 0 if there is
// none.
func (s *Sandbox) post(ctx context.Context, d *Delivery) int {
	ctx, cancel := context.WithTimeout(ctx, deliveryTimeout)
	defer cancel()
	body := encode(struct {
		Event      any    `json:"event"`
		Timestamp  string `json:"timestamp"`
		DeliveryID string `json:"deliveryId"`
		Data       any    `json:"data"`
	}{d.Event, timestamp(time.Now()), d.ID, d.Data})
	half := len(body) / 2
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, d.URL, io.MultiReader(bytes.NewReader(body[:half]), pause{ctx, d.Pause}, bytes.NewReader(body[half:])))
	if err != nil {
		return 0
	}
	req.ContentLength = int64(len(body))
	req.Header = d.Header.Clone()
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "instaview-sandbox")
	resp, err := s.transport.RoundTrip(req)
	if err != nil {
		return 0
	}
	defer resp.Body.Close()                                           //nolint:errcheck // read only
	io.Copy(io.Discard, io.LimitReader(resp.Body, maxDeliveryAnswer)) //nolint:errcheck // the status has come
	return resp.StatusCode
}

// pause is an empty io.Reader that takes its time.
type pause struct {
	ctx  context.Context //nolint:containedctx // of the request that is read from it
	time time.Duration
}

func (p pause) Read([]byte) (int, error) {
	sleep(p.ctx, p.time)
	return 0, io.EOF
}
