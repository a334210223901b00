package main

import (
	"runtime"
	"sync/atomic"
	"time"
)

var done = make(chan struct{})

// startings are the ways to start a goroutine and to wait until it is done.
var startings = map[string]func(){
	// The new goroutine is the next on this P, and runs when this one waits.
	"same": func() {
		go func() { done <- struct{}{} }()
		<-done
	},
	// This one does not wait but spins, so another P has to take the new one.
	"other": func() {
		var ran atomic.Bool
		go func() { ran.Store(true) }()
		for !ran.Load() {
		}
	},
	// The thread ends with the goroutine, so each needs a new one.
	"lockedexit": func() {
		go func() {
			runtime.LockOSThread()
			done <- struct{}{}
		}()
		<-done
	},
	// The control: as before, but the thread lives on.
	"lockunlock": func() {
		go func() {
			runtime.LockOSThread()
			runtime.UnlockOSThread()
			done <- struct{}{}
		}()
		<-done
	},
}

// mean is the mean time of n calls, in nanoseconds.
func mean(n int, f func()) int64 {
	begin := time.Now()
	for range n {
		f()
	}
	return time.Since(begin).Nanoseconds() / int64(n)
}

// roundTrip is the mean time in which two goroutines wake each other in turn
// over two channels, in nanoseconds.
func roundTrip(n int) int64 {
	there, back := make(chan struct{}), make(chan struct{})
	lock := func() (unlock func()) {
		if *waitOn != "locked" {
			return func() {}
		}
		runtime.LockOSThread()
		if *pinned {
			pin()
		}
		return func() {
			if !*pinned { // else the pinned thread ends with its goroutine
				runtime.UnlockOSThread()
			}
		}
	}
	go func() {
		defer lock()()
		for range there {
			back <- struct{}{}
		}
		close(back)
	}()
	took := make(chan int64)
	go func() {
		defer lock()()
		trip := func() {
			there <- struct{}{}
			<-back
		}
		trip() // so that the other one has started
		result := mean(n, trip)
		close(there)
		<-back
		took <- result
	}()
	return <-took
}
