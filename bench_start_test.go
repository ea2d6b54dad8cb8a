package main

import (
	"testing"
	"time"
)

// How long it takes from the start of a program to its first tools/list over
// stdio in ms, and its memory then in MiB.
func BenchmarkStart(b *testing.B) {
	all, took, memory := programs(b), figures{}, figures{}
	for round := 0; b.Loop(); round++ {
		for i := range all {
			p := all[(round+i)%len(all)] // each is as often after a busy program as the others
			start := time.Now()
			s := p.start(b, "stdio", "http://127.0.0.1:9")
			if _, err := s.connect(b).ask(`{"jsonrpc":"2.0","id":1,"method":"tools/list"}`); err != nil {
				b.Fatal(err)
			}
			took.add(p.name, time.Since(start).Seconds()*1000)
			memory.add(p.name, float64(s.resident())/1024)
			s.stop()
		}
	}
	took.report(b, "ms")
	for name, values := range memory {
		b.ReportMetric(median(values), name+"-MiB")
	}
}
