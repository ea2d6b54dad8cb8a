package main

import (
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// waitsAtOnce is how many waits a server is measured with.
const waitsAtOnce = 10_000

// What waits over HTTP cost, each on a connection that has made the handshake:
// memory of the process for each in KiB, percent of a core, and how many of
// them are still held after 20 s.
func BenchmarkWaits(b *testing.B) {
	all, api := programs(b), upstream(b, samples[0].run)
	for _, runs := range []int{1, waitsAtOnce} {
		b.Run(fmt.Sprintf("runs=%d", runs), func(b *testing.B) {
			memory, load, held := figures{}, figures{}, figures{}
			for b.Loop() {
				for _, p := range all {
					s := p.start(b, "http", api)
					before := s.resident()
					waits := s.wait(b, runs)
					busy, start := s.busy(), time.Now()
					time.Sleep(20 * time.Second)
					load.add(p.name, 100*(s.busy()-busy).Seconds()/time.Since(start).Seconds())
					memory.add(p.name, float64(s.resident()-before)/waitsAtOnce)
					held.add(p.name, float64(waits.Load()))
					s.stop()
				}
			}
			memory.report(b, "KiB/wait")
			for _, p := range all {
				b.ReportMetric(median(load[p.name]), p.name+"-%cpu")
				b.ReportMetric(median(held[p.name]), p.name+"-held")
			}
		})
	}
}

// wait begins waits on so many runs, and returns how many of them have not been
// answered yet.
func (s *process) wait(b *testing.B, runs int) *atomic.Int64 {
	b.Helper()
	conns := make(chan int)
	var held atomic.Int64
	var begun sync.WaitGroup
	for range 16 {
		begun.Go(func() {
			for i := range conns {
				conn, err := net.Dial("tcp", s.addr)
				if err != nil {
					b.Error(err)
					continue
				}
				c := overHTTP(conn)
				if _, err := c.ask(hello); err != nil {
					b.Error(err)
				}
				if err := c.send(toolCall("wait_for_sourcing", fmt.Sprint("slow_", i%runs))); err != nil {
					b.Error(err)
				}
				held.Add(1)
				go func() {
					_, _ = c.read()
					held.Add(-1)
					_ = conn.Close()
				}()
			}
		})
	}
	for i := range waitsAtOnce {
		conns <- i
	}
	close(conns)
	begun.Wait()
	return &held
}
