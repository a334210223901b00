// Happensbefore writes a text in one goroutine and reads it in another. Its
// argument names what tells the reader that the text is there.
package main

import (
	"fmt"
	"log"
	"os"
	"runtime"
	"sync"
)

var text string

func main() {
	switch os.Args[1] {
	case "send":
		send()
	case "close":
		closing()
	case "unbuffered":
		unbuffered()
	case "third":
		third()
	case "lock":
		lock(len(os.Args) - 1)
	case "flag":
		flag()
	case "buffered":
		buffered()
	default:
		log.Fatalf("happensbefore knows no way %q", os.Args[1])
	}
}

// send: a send happens before its receive completes.
func send() {
	written := make(chan bool, 1)
	go func() {
		text = "written"
		written <- true
	}()
	<-written
	fmt.Println(text)
}

// closing: closing a channel happens before a receive that returns because of it.
func closing() {
	written := make(chan bool)
	go func() {
		text = "written"
		close(written)
	}()
	<-written
	fmt.Println(text)
}

// unbuffered: a receive happens before the send on an unbuffered channel
// completes.
func unbuffered() {
	written := make(chan bool)
	go func() {
		text = "written"
		<-written
	}()
	written <- true
	fmt.Println(text)
}

// third: with room for two, the first receive happens before the third send
// completes.
func third() {
	written := make(chan bool, 2)
	go func() {
		text = "written"
		<-written
	}()
	for range 3 {
		written <- true
	}
	fmt.Println(text)
}

// lock: a channel with room for one lets one in at a time, and each receive
// happens before the next send completes. With room for two it is no lock.
func lock(room int) {
	inside := make(chan bool, room)
	var writers sync.WaitGroup
	for range 10 {
		writers.Go(func() {
			inside <- true
			text += "x"
			<-inside
		})
	}
	writers.Wait()
	fmt.Println(text)
}

// flag: a variable orders nothing.
func flag() {
	var written bool
	go func() {
		text = "written"
		written = true // race: the reader may see it before the text, or never
	}()
	for !written {
		runtime.Gosched()
	}
	fmt.Println(text)
}

// buffered: a send that finds room does not wait for its receive.
func buffered() {
	written, ended := make(chan bool, 1), make(chan bool)
	go func() {
		text = "written" // race: the reader waits only for room
		<-written
		close(ended)
	}()
	written <- true
	fmt.Println(text)
	<-ended
}
