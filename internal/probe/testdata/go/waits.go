package main

import (
	"os"
	"runtime"
	"time"
)

// waits are what the tasks can wait on. Each counts the task and then waits.
var waits = map[string]func(task){
	"channel": func(t task) {
		t.count()
		<-t.release
	},
	"select": func(t task) {
		t.count()
		select {
		case <-t.release:
		case <-t.never:
		}
	},
	// Nothing wakes a sleeper, so it looks again each time it wakes by itself.
	"sleep": func(t task) {
		t.count()
		for !t.released.Load() {
			time.Sleep(t.nap)
		}
	},
	"network": func(t task) {
		t.count()
		t.conn.Read(make([]byte, 1)) // until it is closed
	},
	// Loops keep the processors from the goroutine that answers the command, so
	// they yield until it has answered, and only then spin.
	"loop": func(t task) {
		t.count()
		for !t.answered.Load() {
			runtime.Gosched()
		}
		for n := 1; !t.released.Load(); n++ {
			if n%(1<<20) == 0 && os.Getppid() != parent {
				os.Exit(1) // standard input has ended, and nobody has had a turn to read that
			}
		}
	},
	"rawread": func(t task) {
		t.count()
		t.pipe.wait()
	},
	"locked": func(t task) {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		t.count()
		<-t.release
	},
}

var parent = os.Getppid()
