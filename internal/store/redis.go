package store

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"github.com/valkey-io/valkey-go"

	"instaview-mcp/client"
	"instaview-mcp/client/poll"
)

const (
	// timeLimit is the longest time of one decision. A slower store is not
	// waited for.
	timeLimit = 500 * time.Millisecond
	// tryEvery is how often a store that failed is tried again.
	tryEvery = time.Second
	// bufferSize is of each connection, in bytes. Scripts are the largest
	// messages.
	bufferSize = 16 << 10
)

// errResting is returned for tryEvery after a failure.
var errResting = errors.New("the shared store failed a moment ago")

// Redis is a Server on Redis or Valkey, alone or as a cluster. It is safe for
// concurrent use.
type Redis struct {
	option  valkey.ClientOption
	limit   time.Duration // of one decision: timeLimit, longer in tests of other things
	log     *slog.Logger
	observe func(Decision)
	ctx     context.Context // of connections; ends with Close
	cancel  context.CancelFunc
	scripts map[*Script]*valkey.Lua
	leaving sync.WaitGroup // stores that are being closed

	mu         sync.Mutex
	client     valkey.Client // nil until connected
	connecting chan struct{} // closed when the attempt has ended; nil if there is none
	connectErr error         // of the last attempt
	alone      bool
	triedAt    time.Time // when it was last tried while alone
	replicas   int
}

// parse returns how to connect to address. An error does not show it, since it
// may hold a password.
func parse(address string) (option valkey.ClientOption, err error) {
	if option, err = valkey.ParseURL(address); err != nil {
		return option, errors.New("it is not of the form redis://:password@host:6379/0, or rediss:// for TLS")
	}
	option.ClientName = "instaview-mcp"
	option.DisableCache, option.DisableRetry = true, true
	option.PipelineMultiplex = -1 // one connection is enough for single decisions
	option.RingScaleEachConn, option.ReadBufferEachConn, option.WriteBufferEachConn = 7, bufferSize, bufferSize
	option.Dialer.Timeout, option.ConnWriteTimeout = timeLimit, 2*time.Second
	return option, nil
}

// Open returns the server at address, such as redis://:password@host:6379/0. It
// connects when it is first needed, and calls observe after every decision,
// which must return quickly.
func Open(address string, log *slog.Logger, observe func(Decision)) (*Redis, error) {
	option, err := parse(address)
	if err != nil {
		return nil, err
	}
	r := &Redis{option: option, limit: timeLimit, log: log, observe: observe, scripts: map[*Script]*valkey.Lua{}}
	r.ctx, r.cancel = context.WithCancel(context.Background())
	for _, s := range []*Script{begin, end, join} {
		r.scripts[s] = valkey.NewLuaScript(s.Source())
	}
	return r, nil
}

// For returns what shares the state of key.
func (r *Redis) For(key client.Key) poll.Store {
	return leaving{On(r, key, func(d Decision) {
		if d.Replicas > 0 {
			r.mu.Lock()
			r.replicas = d.Replicas
			r.mu.Unlock()
		}
		r.observe(d)
	}), r}
}

// leaving is a poll.Store that Redis.Close waits for instead of Close, since
// hundreds may be closed one after the other.
type leaving struct {
	poll.Store
	redis *Redis
}

// Close implements poll.Store.
func (l leaving) Close() { l.redis.leaving.Go(l.Store.Close) }

// Alone reports whether the server cannot be used for now.
func (r *Redis) Alone() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.alone
}

// Replicas returns how many replicas were last seen to use a key.
func (r *Redis) Replicas() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.replicas
}

// Close closes the connections. Every poll.Store must be closed before.
func (r *Redis) Close() {
	r.leaving.Wait()
	r.cancel()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.client != nil {
		r.client.Close()
	}
}

// Run implements Server.
func (r *Redis) Run(ctx context.Context, script *Script, keys, args []string) (answer []string, err error) {
	if r.resting() {
		return nil, errResting
	}
	limited, cancel := context.WithTimeout(ctx, r.limit)
	defer cancel()
	answer, err = r.run(limited, script, keys, args)
	if _, replied := valkey.IsValkeyErr(err); err != nil && !replied && limited.Err() == nil {
		// The server may have closed an idle connection. A decision that is
		// made twice wastes a token at most.
		answer, err = r.run(limited, script, keys, args)
	}
	if err == nil || ctx.Err() == nil {
		r.note(err)
	}
	return answer, err
}

func (r *Redis) run(ctx context.Context, script *Script, keys, args []string) ([]string, error) {
	c, err := r.connect(ctx)
	if err != nil {
		return nil, err
	}
	list, err := r.scripts[script].Exec(ctx, c, keys, args).ToArray()
	if _, replied := valkey.IsValkeyErr(err); replied {
		r.disconnect(c)
	}
	if err != nil {
		return nil, err
	}
	answer := make([]string, len(list))
	for i := range list {
		if n, err := list[i].AsInt64(); err == nil {
			answer[i] = strconv.FormatInt(n, 10)
		} else if answer[i], err = list[i].ToString(); err != nil {
			return nil, err
		}
	}
	return answer, nil
}

// Try returns why the server cannot be used, or nil. It does with a key of its
// own what replicas do with theirs, since the server may refuse a part of that.
func (r *Redis) Try(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 10*r.limit)
	defer cancel()
	c, err := r.connect(ctx)
	if err != nil {
		return err
	}
	trial := On(r, client.NewKey(rand.Text()), func(Decision) {})
	defer trial.Close()
	if _, err := trial.Begin(ctx, poll.Request{ID: "trial", Run: "trial", Get: true, Rate: poll.Rate{PerMinute: 1, Burst: 1}}); err != nil {
		return err
	}
	if err := trial.End(ctx, poll.Outcome{ID: "trial", Run: "trial", HoldRun: time.Second, Seen: &poll.Seen{Ended: true}}); err != nil {
		return err
	}
	subscribed, stop := context.WithCancel(ctx)
	defer stop()
	listening := valkey.WithOnSubscriptionHook(subscribed, func(valkey.PubSubSubscription) { stop() })
	err = c.Receive(listening, c.B().Subscribe().Channel("instaview-mcp:trial").Build(), func(valkey.PubSubMessage) {})
	if subscribed.Err() != nil {
		return ctx.Err()
	}
	return err
}

// connect returns the client, and connects if that was not done yet.
func (r *Redis) connect(ctx context.Context) (valkey.Client, error) {
	r.mu.Lock()
	if r.client != nil || r.ctx.Err() != nil {
		defer r.mu.Unlock()
		return r.client, r.ctx.Err()
	}
	if r.connecting == nil {
		r.connecting = make(chan struct{})
		go r.open(r.connecting)
	}
	connecting := r.connecting
	r.mu.Unlock()
	select {
	case <-connecting:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.client, r.connectErr
}

// open makes the client, which takes a context of its own for no connection.
func (r *Redis) open(done chan struct{}) {
	defer close(done)
	c, err := valkey.NewClient(r.option)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.connecting = nil
	if r.connectErr = err; err != nil {
		return
	}
	if r.connectErr = r.ctx.Err(); r.connectErr != nil {
		c.Close()
		return
	}
	r.client = c
}

// disconnect lets the next call connect again. A server that refuses commands
// may have become a copy, and its name may lead to the new primary by now.
func (r *Redis) disconnect(c valkey.Client) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.client == c {
		r.client = nil
		go c.Close() // which may wait for the server
	}
}

// resting reports whether the server has just failed. Otherwise, if it had
// failed before, this call may try it.
func (r *Redis) resting() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.alone {
		return false
	}
	if time.Since(r.triedAt) < tryEvery {
		return true
	}
	r.triedAt = time.Now()
	return false
}

// note records whether the server can be used, and logs when that changes.
func (r *Redis) note(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	was := r.alone
	if r.alone = err != nil; r.alone {
		r.triedAt = time.Now()
	}
	switch {
	case r.alone && !was:
		r.log.Warn("the shared store cannot be used: requests go on with this replica's part of the budget", "cause", err, "replicas", r.replicas)
	case was && !r.alone:
		r.log.Warn("the shared store is used again")
	}
}

// Publish implements Server.
func (r *Redis) Publish(ctx context.Context, channel, message string) error {
	ctx, cancel := context.WithTimeout(ctx, r.limit)
	defer cancel()
	c, err := r.connect(ctx)
	if err != nil {
		return err
	}
	return c.Do(ctx, c.B().Publish().Channel(channel).Message(message).Build()).Error()
}

// Subscribe implements Server. While the server cannot be used, messages are
// lost.
func (r *Redis) Subscribe(channel string, receive func(message string)) (stop func()) {
	ctx, cancel := context.WithCancel(r.ctx)
	done := make(chan struct{})
	go func() {
		defer r.unsubscribe(channel)
		defer close(done)
		for ctx.Err() == nil {
			if c, err := r.connect(ctx); err == nil {
				_ = c.Receive(ctx, c.B().Subscribe().Channel(channel).Build(), func(m valkey.PubSubMessage) { receive(m.Message) })
			}
			select {
			case <-time.After(tryEvery):
			case <-ctx.Done():
			}
		}
	}()
	return func() {
		cancel()
		<-done
	}
}

// unsubscribe tells the server that nobody receives from the channel, which the
// client does not. If somebody does again by now, Subscribe repeats itself.
func (r *Redis) unsubscribe(channel string) {
	ctx, cancel := context.WithTimeout(r.ctx, r.limit)
	defer cancel()
	if c, err := r.connect(ctx); err == nil {
		_ = c.Do(ctx, c.B().Unsubscribe().Channel(channel).Build()).Error()
	}
}
