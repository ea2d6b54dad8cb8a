package logging

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"
)

func TestAsyncWriterWritesInOrderAndAllOfItBeforeItCloses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got bytes.Buffer
		o := NewAsyncWriter(&got, 1<<10)
		for _, line := range []string{"a\n", "b\n", "c\n"} {
			if n, err := o.Write([]byte(line)); n != len(line) || err != nil {
				t.Errorf("write: %d, %v", n, err)
			}
		}
		o.Close(time.Hour)
		if got.String() != "a\nb\nc\n" {
			t.Errorf("got %q", got.String())
		}
		if _, err := o.Write([]byte("d\n")); err == nil {
			t.Error("written after the end")
		}
	})
}

func TestAsyncWriterRefusesWhatFindsNoRoomAndClosesAllTheSame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		unread, w := io.Pipe()
		o := NewAsyncWriter(w, 8)
		for _, line := range []string{"1111", "2222"} { // one is being written, the other waits
			if _, err := o.Write([]byte(line)); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		if _, err := o.Write([]byte("3")); !errors.Is(err, ErrFull) {
			t.Errorf("error %v, want %v", err, ErrFull)
		}
		start := time.Now()
		o.Close(time.Second)
		if took := time.Since(start); took != time.Second {
			t.Errorf("closed after %v", took)
		}
		_ = unread.Close()
	})
}

func TestAsyncWriterTellsThatTheReaderIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gone, w := io.Pipe()
		_ = gone.Close()
		o := NewAsyncWriter(w, 1<<10)
		_, _ = o.Write([]byte("x"))
		<-o.failed
		if _, err := o.Write([]byte("x")); !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("error %v", err)
		}
		o.Close(time.Hour)
	})
}

// A writer whose reader is slow waits; one whose reader has stopped gives up.
func TestAFullAsyncWriterWaitsForItsReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, w := io.Pipe()
		defer func() { _ = r.Close() }()
		o := NewAsyncWriter(w, 8)
		go func() {
			for range 5 {
				time.Sleep(stallTime - time.Second)
				_, _ = r.Read(make([]byte, 4))
			}
		}()
		begun := time.Now()
		for range 5 {
			if _, err := o.Put([]byte("1234")); err != nil {
				t.Fatalf("after %v: %v", time.Since(begun), err)
			}
		}
		if _, err := o.Put([]byte("5678")); err != nil {
			t.Fatal(err)
		}
		read := time.Now()
		if _, err := o.Put([]byte("9")); !errors.Is(err, errUnread) || time.Since(read) != stallTime {
			t.Errorf("after %v: %v", time.Since(read), err)
		}
		<-o.failed
		_ = r.Close()
		<-o.done
	})
}
