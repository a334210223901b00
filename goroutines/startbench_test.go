package goroutines_test

import (
	"runtime"
	"testing"
)

// What it takes to start a goroutine and to see it end, beside one that takes a
// thread with it, and beside a call:
//
//	go test -run='^$' -bench='StartFaster$' -count=10 ./goroutines | go tool benchstat -col /impl -
func BenchmarkStartFaster(b *testing.B) {
	done := make(chan bool)
	for _, start := range []struct {
		impl string
		one  func()
	}{
		{"call", func() {}},
		{"goroutine", func() {
			go func() { done <- true }()
			<-done
		}},
		{"thread", func() {
			go func() {
				runtime.LockOSThread() // and never unlocked: the thread ends with it
				done <- true
			}()
			<-done
		}},
	} {
		b.Run("impl="+start.impl, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				start.one()
			}
		})
	}
}

// What it takes two goroutines to wake each other in turn, with and without
// threads of their own, and what it takes one to let others run first:
//
//	go test -run='^$' -bench=StartFaster_switch -count=10 ./goroutines | go tool benchstat -col /impl -
func BenchmarkStartFaster_switch(b *testing.B) {
	for _, lock := range []bool{false, true} {
		impl := map[bool]string{false: "goroutines", true: "threads"}[lock]
		b.Run("impl="+impl, func(b *testing.B) {
			if lock {
				runtime.LockOSThread()
				defer runtime.UnlockOSThread()
			}
			there, back := make(chan bool), make(chan bool)
			go func() {
				if lock {
					runtime.LockOSThread()
				}
				defer close(back)
				for range there {
					back <- true
				}
			}()
			for b.Loop() {
				there <- true
				<-back
			}
			close(there)
			<-back
		})
	}
	b.Run("impl=Gosched", func(b *testing.B) {
		for b.Loop() {
			runtime.Gosched()
		}
	})
}
