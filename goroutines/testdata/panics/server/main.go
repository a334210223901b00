// Server has a handler that panics, in the way that its argument names, and
// then asks whether it still serves.
package main

import (
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
)

func main() {
	http.HandleFunc("/handler", func(http.ResponseWriter, *http.Request) { panic("lost in the handler") })
	http.HandleFunc("/goroutine", func(http.ResponseWriter, *http.Request) {
		go func() { panic("lost beside the handler") }()
		select {} // so that the goroutine comes first
	})
	http.HandleFunc("/fine", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "fine") })

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	go func() { log.Fatal(http.Serve(listener, nil)) }()

	if _, err := get(listener, os.Args[1]); err == nil {
		log.Fatal("got an answer from a handler that panics")
	}
	answer, err := get(listener, "fine")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("the server is", answer)
}

func get(listener net.Listener, path string) (string, error) {
	response, err := http.Get("http://" + listener.Addr().String() + "/" + path)
	if err != nil {
		return "", err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	return string(body), err
}
