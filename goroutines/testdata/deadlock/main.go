// Deadlock is a program in which main and a goroutine wait for each other's
// mutex. Its argument names who else is there.
package main

import (
	"fmt"
	"log"
	"net"
	"os"
	"os/signal"
	"sync"
	"time"
)

func main() {
	switch os.Args[1] {
	case "nobody":
	case "sleeper":
		go func() {
			for {
				time.Sleep(time.Millisecond)
			}
		}()
	case "ticker":
		go func() {
			for range time.Tick(time.Millisecond) {
			}
		}()
	case "timer":
		time.AfterFunc(time.Hour, func() {})
	case "server":
		go serve(listen())
	case "reader":
		go read(listen())
	case "signals":
		signal.Notify(make(chan os.Signal, 1), os.Interrupt)
	case "order":
		var ada, bob account
		go transfer(&ada, &bob, func() {})
		transfer(&ada, &bob, func() {}) // both lock ada first, so one waits for the other
		fmt.Println("main is through")
		return
	default:
		log.Fatalf("deadlock knows no way %q", os.Args[1])
	}
	fmt.Println("main waits")

	var ada, bob account
	var haveOne sync.WaitGroup
	haveOne.Add(2)
	meet := func() {
		haveOne.Done()
		haveOne.Wait()
	}
	go transfer(&bob, &ada, meet)
	transfer(&ada, &bob, meet)
}

type account struct {
	sync.Mutex
	balance int
}

// transfer locks both accounts, the one that pays first. When it has the first,
// it calls meet.
func transfer(from, to *account, meet func()) {
	from.Lock()
	defer from.Unlock()
	meet()
	to.Lock()
	defer to.Unlock()
	from.balance--
	to.balance++
}

func listen() net.Listener {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	return listener
}

// serve waits for a client, and none comes.
func serve(listener net.Listener) {
	_, err := listener.Accept()
	log.Fatal("a client came: ", err)
}

// read waits for a byte that nobody writes.
func read(listener net.Listener) {
	connection, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		log.Fatal(err)
	}
	_, err = connection.Read(make([]byte, 1))
	log.Fatal("a byte came: ", err)
}
