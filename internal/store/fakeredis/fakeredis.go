// Package fakeredis runs the store's scripts on maps in memory, in the time of
// the test, which may be a synctest bubble's. It has the commands that the
// scripts use, and the faults that a server and a network have.
package fakeredis

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	lua "github.com/yuin/gopher-lua"

	"instaview-mcp/internal/store"
)

// ErrDown is returned by a server that is down or cannot be reached.
var ErrDown = errors.New("fakeredis: down")

// timeLimit is the longest time of a decision, as the real client has it.
const timeLimit = 500 * time.Millisecond

// Server is what all replicas connect to.
type Server struct {
	mu          sync.Mutex
	values      map[string]*value
	subscribers map[string][]*subscriber
	state       *lua.LState
	compiled    map[*store.Script]*lua.LFunction
	skew        time.Duration
	down        bool
}

// value is a string, a hash or a sorted set.
type value struct {
	text    string
	fields  map[string]string
	scores  map[string]float64
	expires time.Time // zero = never
}

type subscriber struct {
	from    *Connection
	receive func(string)
}

// New returns an empty Server whose clock is wrong by skew.
func New(skew time.Duration) *Server {
	s := &Server{subscribers: map[string][]*subscriber{}, compiled: map[*store.Script]*lua.LFunction{}, state: lua.NewState(), skew: skew}
	s.Flush()
	redis := s.state.NewTable()
	s.state.SetField(redis, "call", s.state.NewFunction(s.call))
	s.state.SetGlobal("redis", redis)
	return s
}

// Flush forgets everything.
func (s *Server) Flush() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.values = map[string]*value{}
}

// SetDown makes every decision fail, or work again.
func (s *Server) SetDown(down bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down = down
}

// Connection is one replica's way to the Server.
type Connection struct {
	server *Server
	mu     sync.Mutex
	slow   time.Duration
	cut    bool
}

// Connect returns a new Connection.
func (s *Server) Connect() *Connection { return &Connection{server: s} }

// SetSlow makes each way to the server and back take half of d.
func (c *Connection) SetSlow(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.slow = d
}

// SetCut cuts the connection, or mends it.
func (c *Connection) SetCut(cut bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cut = cut
}

func (c *Connection) how() (slow time.Duration, cut bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.slow, c.cut
}

// Run implements store.Server. What takes too long is done all the same.
func (c *Connection) Run(ctx context.Context, script *store.Script, keys, args []string) ([]string, error) {
	slow, cut := c.how()
	if cut {
		return nil, ErrDown
	}
	type result struct {
		answer []string
		err    error
	}
	done := make(chan result, 1)
	work := func() {
		time.Sleep(slow / 2)
		answer, err := c.server.run(script, keys, args)
		time.Sleep(slow / 2)
		done <- result{answer, err}
	}
	if slow == 0 {
		work()
	} else {
		go work()
	}
	limit := time.NewTimer(timeLimit)
	defer limit.Stop()
	select {
	case r := <-done:
		return r.answer, r.err
	case <-limit.C:
		return nil, context.DeadlineExceeded
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Publish implements store.Server.
func (c *Connection) Publish(ctx context.Context, channel, message string) error {
	slow, cut := c.how()
	if cut {
		return ErrDown
	}
	select {
	case <-time.After(min(slow, timeLimit)):
	case <-ctx.Done():
		return ctx.Err()
	}
	if slow > timeLimit {
		return context.DeadlineExceeded
	}
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	c.server.publish(channel, message)
	return nil
}

// Subscribe implements store.Server.
func (c *Connection) Subscribe(channel string, receive func(string)) (stop func()) {
	s, sub := c.server, &subscriber{c, receive}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.subscribers[channel] = append(s.subscribers[channel], sub)
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.subscribers[channel] = slices.DeleteFunc(s.subscribers[channel], func(other *subscriber) bool { return other == sub })
	}
}

func (s *Server) publish(channel, message string) {
	for _, sub := range s.subscribers[channel] {
		if _, cut := sub.from.how(); !cut {
			go sub.receive(message)
		}
	}
}

func (s *Server) run(script *store.Script, keys, args []string) ([]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.down {
		return nil, ErrDown
	}
	f := s.compiled[script]
	if f == nil {
		var err error
		if f, err = s.state.LoadString(script.Source()); err != nil {
			return nil, err
		}
		s.compiled[script] = f
	}
	s.state.SetGlobal("KEYS", s.table(keys))
	s.state.SetGlobal("ARGV", s.table(args))
	if err := s.state.CallByParam(lua.P{Fn: f, NRet: 1, Protect: true}); err != nil {
		return nil, err
	}
	defer s.state.Pop(1)
	list, ok := s.state.Get(-1).(*lua.LTable)
	if !ok {
		return nil, fmt.Errorf("fakeredis: the script returned %v", s.state.Get(-1))
	}
	var answer []string
	for i := 1; list.RawGetInt(i) != lua.LNil; i++ {
		switch v := list.RawGetInt(i).(type) {
		case lua.LNumber:
			answer = append(answer, strconv.FormatInt(int64(v), 10)) // Redis cuts off fractions
		default:
			answer = append(answer, v.String())
		}
	}
	return answer, nil
}

func (s *Server) table(of []string) *lua.LTable {
	t := s.state.NewTable()
	for _, v := range of {
		t.Append(lua.LString(v))
	}
	return t
}

// now returns the server's time, which is in milliseconds for expiry, as in
// Redis.
func (s *Server) now() time.Time { return time.Now().Add(s.skew).Truncate(time.Millisecond) }

// at returns the value of a key, or nil if there is none or it has expired.
func (s *Server) at(key string) *value {
	v := s.values[key]
	if v != nil && !v.expires.IsZero() && s.now().After(v.expires) {
		delete(s.values, key)
		return nil
	}
	return v
}

func (s *Server) make(key string) *value {
	v := s.at(key)
	if v == nil {
		v = &value{fields: map[string]string{}, scores: map[string]float64{}}
		s.values[key] = v
	}
	return v
}

// call is redis.call.
func (s *Server) call(l *lua.LState) int {
	args := make([]string, l.GetTop())
	for i := range args {
		switch v := l.Get(i + 1).(type) {
		case lua.LNumber:
			args[i] = strconv.FormatFloat(float64(v), 'g', 17, 64)
		default:
			args[i] = v.String()
		}
	}
	l.Push(s.command(l, args[0], args[1:]))
	return 1
}

func (s *Server) command(l *lua.LState, name string, args []string) lua.LValue {
	number := func(i int) float64 {
		if args[i] == "-inf" {
			return math.Inf(-1)
		} else if args[i] == "+inf" {
			return math.Inf(1)
		}
		n, err := strconv.ParseFloat(args[i], 64)
		if err != nil {
			l.RaiseError("%s: %q is no number", name, args[i])
		}
		return n
	}
	whole := func(i int) time.Duration {
		n := number(i)
		if n != math.Trunc(n) || n <= 0 {
			l.RaiseError("%s: %v is no valid time", name, n)
		}
		return time.Duration(n) * time.Millisecond
	}
	if name == "TIME" {
		now := s.now()
		return s.table([]string{strconv.FormatInt(now.Unix(), 10), strconv.Itoa(now.Nanosecond() / 1000)})
	}
	if name == "PUBLISH" {
		s.publish(args[0], args[1])
		return lua.LNumber(0)
	}
	v := s.at(args[0])
	if v == nil {
		switch name {
		case "HGETALL":
			return s.table(nil)
		case "GET":
			return lua.LFalse
		case "PTTL":
			return lua.LNumber(-2)
		case "HDEL", "DEL", "ZREM", "ZCARD", "ZCOUNT", "ZREMRANGEBYSCORE", "PEXPIRE":
			return lua.LNumber(0)
		}
		v = s.make(args[0])
	}
	switch name {
	case "HGETALL":
		var list []string
		for _, field := range slices.Sorted(maps.Keys(v.fields)) {
			list = append(list, field, v.fields[field])
		}
		return s.table(list)
	case "HSET":
		for i := 1; i < len(args); i += 2 {
			v.fields[args[i]] = args[i+1]
		}
	case "HDEL":
		for _, field := range args[1:] {
			delete(v.fields, field)
		}
	case "GET":
		return lua.LString(v.text)
	case "SET":
		v.text, v.expires = args[1], s.now().Add(whole(3))
	case "DEL":
		delete(s.values, args[0])
	case "PTTL":
		return lua.LNumber(v.expires.Sub(s.now()).Milliseconds())
	case "PEXPIRE":
		v.expires = s.now().Add(whole(1))
	case "ZADD":
		v.scores[args[2]] = number(1)
	case "ZREM":
		if _, there := v.scores[args[1]]; !there {
			return lua.LNumber(0)
		}
		delete(v.scores, args[1])
	case "ZCARD":
		return lua.LNumber(len(v.scores))
	case "ZCOUNT":
		n := 0
		for _, score := range v.scores {
			if score >= number(1) && score <= number(2) {
				n++
			}
		}
		return lua.LNumber(n)
	case "ZREMRANGEBYSCORE":
		maps.DeleteFunc(v.scores, func(_ string, score float64) bool { return score >= number(1) && score <= number(2) })
	default:
		l.RaiseError("fakeredis does not know %s", strings.ToUpper(name))
	}
	return lua.LNumber(1)
}
