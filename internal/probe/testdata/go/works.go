package main

import (
	"fmt"
	"net"
	"net/http"
)

// works are what a task does before and while it waits.
var works = map[string]func(task, func(task)){
	"none": func(t task, wait func(task)) { wait(t) },
	// Of a floating point number, as an integer is printed within the first stack.
	"sprintf": func(t task, wait func(task)) {
		if fmt.Sprintf("%f", float64(t.want)) == "" {
			panic("nothing printed")
		}
		wait(t)
	},
	"deep":     func(t task, wait func(task)) { deep(50, t, wait) },
	"megabyte": func(t task, wait func(task)) { megabyte(1024, t, wait) },
	"http":     func(task, func(task)) { panic("the server starts those") },
}

// deep waits at the bottom of a recursion whose frames take some 10 KB.
//
//go:noinline
func deep(frames int, t task, wait func(task)) byte {
	var frame [128]byte
	frame[frames] = 1
	if frames == 0 {
		wait(t)
		return frame[0]
	}
	return deep(frames-1, t, wait) + frame[frames]
}

// megabyte waits at the bottom of a recursion whose frames take 1 MiB.
//
//go:noinline
func megabyte(frames int, t task, wait func(task)) byte {
	var frame [1024]byte
	frame[frames%len(frame)] = 1
	if frames == 0 {
		wait(t)
		return frame[0]
	}
	return megabyte(frames-1, t, wait) + frame[frames%len(frame)]
}

// serve makes a request for each task of an HTTP server, over connections in memory.
// The handlers are the tasks: each waits before it answers.
func (b *batch) serve(wait func(task)) {
	listener := make(inMemory)
	go http.Serve(listener, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		task{batch: b}.run(wait, works["none"])
	}))
	for range b.want {
		client, server := net.Pipe()
		b.conns = append(b.conns, client)
		listener <- server
		fmt.Fprint(client, "GET / HTTP/1.1\r\nHost: tasks\r\n\r\n")
	}
	close(listener)
}

// inMemory is a listener for the connections that are sent on it.
type inMemory chan net.Conn

func (l inMemory) Accept() (net.Conn, error) {
	if conn, ok := <-l; ok {
		return conn, nil
	}
	return nil, net.ErrClosed
}
func (l inMemory) Close() error   { return nil }
func (l inMemory) Addr() net.Addr { return &net.UnixAddr{Name: "memory"} }

// connect returns n ends of TCP connections on the loopback interface, both
// ends of each, so that as many descriptors are open as tasks wait.
func connect(n int) ([]net.Conn, error) {
	raiseFileLimit()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	defer listener.Close()
	conns := make([]net.Conn, 0, n+1)
	for len(conns) < n {
		dialled, err := net.Dial("tcp", listener.Addr().String())
		if err != nil {
			return conns, err
		}
		accepted, err := listener.Accept()
		if err != nil {
			return append(conns, dialled), err
		}
		conns = append(conns, dialled, accepted)
	}
	return conns, nil
}
