package sandbox

import (
	"context"
	"net"
	"net/http"
	"sync"
)

// Start serves the sandbox by a real http.Server over net.Pipe. It needs no
// port or network, and a testing/synctest bubble counts its idle connections as
// durably blocked, so that the virtual clock advances. In a bubble, call Start
// inside it.
//
// dial connects to the server and ignores network and address: use it as the
// DialContext of an http.Transport, with any http:// base URL. As
// DialTLSContext it makes an https:// base URL work without certificates. It
// fails once ctx has ended or the sandbox has stopped.
//
// stop closes all connections, ends all requests and deliveries in progress and
// returns when no goroutine of the sandbox is left. It may be called again, but
// Start may not.
func (s *Sandbox) Start() (dial func(ctx context.Context, network, addr string) (net.Conn, error), stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	listener := &pipeListener{conns: make(chan net.Conn), closed: make(chan struct{})}
	var running sync.WaitGroup
	server := &http.Server{
		Handler:     s,
		BaseContext: func(net.Listener) context.Context { return ctx },
		// Server.Close does not wait for the connections' goroutines, so their
		// ends are counted here.
		ConnState: func(_ net.Conn, state http.ConnState) {
			switch state {
			case http.StateNew:
				running.Add(1)
			case http.StateClosed, http.StateHijacked:
				running.Done()
			}
		},
	}
	accepting := make(chan struct{})
	go func() {
		defer close(accepting)
		server.Serve(listener) //nolint:errcheck // always http.ErrServerClosed: the listener fails only once closed
	}()
	return listener.dial, func() {
		cancel()       // ends requests whose body is unread, which Close alone would not
		server.Close() //nolint:errcheck // the listener's Close never fails
		<-accepting
		// Again, for a connection that was accepted during the first Close.
		server.Close() //nolint:errcheck // as above
		running.Wait()
		s.Close()
	}
}

// pipeListener is a net.Listener whose connections are in-memory pipes.
type pipeListener struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (l *pipeListener) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	near, far := net.Pipe()
	err := ctx.Err() // first, because select may choose to connect even if ctx has ended
	if err == nil {
		select {
		case l.conns <- far:
			return near, nil
		case <-l.closed:
			err = net.ErrClosed
		case <-ctx.Done():
			err = ctx.Err()
		}
	}
	return nil, &net.OpError{Op: "dial", Net: "pipe", Addr: l.Addr(), Err: err}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *pipeListener) Addr() net.Addr { return pipeAddr{} }

type pipeAddr struct{}

func (pipeAddr) Network() string { return "pipe" }
func (pipeAddr) String() string  { return "sandbox" }
