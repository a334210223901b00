// Package bubble deadlocks in a bubble of testing/synctest, while a goroutine
// outside sleeps and wakes and so hides it from the runtime.
package bubble

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestMain(m *testing.M) {
	go func() {
		for {
			time.Sleep(time.Millisecond)
		}
	}()
	m.Run()
}

// Main and a goroutine wait to be received from.
func TestChannels(t *testing.T) {
	synctest.Test(t, func(*testing.T) { sendCrosswise() })
}

// sendCrosswise sends to a goroutine that sends, and so waits for ever.
func sendCrosswise() {
	one, two := make(chan int), make(chan int)
	go func() {
		one <- 1
		<-two
	}()
	two <- 2
	<-one
}

// Beside them a goroutine of the bubble sleeps for an hour.
func TestSleeper(t *testing.T) {
	synctest.Test(t, func(*testing.T) {
		go time.Sleep(time.Hour)
		sendCrosswise()
	})
}

// Main ends, and the goroutine that it started waits for ever.
func TestLeft(t *testing.T) {
	synctest.Test(t, func(*testing.T) {
		one := make(chan int)
		go func() { one <- 1 }()
	})
}

// Main and a goroutine wait for each other's mutex. They are not durably
// blocked: someone outside the bubble could unlock the mutex.
func TestMutexes(t *testing.T) {
	synctest.Test(t, func(*testing.T) {
		var one, two sync.Mutex
		haveTwo := make(chan bool)
		one.Lock()
		go func() {
			two.Lock()
			haveTwo <- true
			one.Lock()
		}()
		<-haveTwo
		two.Lock()
	})
}

// Main receives what the goroutine sends.
func TestReceived(t *testing.T) {
	synctest.Test(t, func(*testing.T) {
		one := make(chan int)
		go func() { one <- 1 }()
		<-one
	})
}
