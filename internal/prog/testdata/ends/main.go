// Ends is a program that ends in the way that its argument names.
package main

import (
	"fmt"
	"os"
	"time"
)

func main() {
	switch os.Args[1] {
	case "well":
		fmt.Println("well", os.Getenv("MOOD"))
	case "badly":
		fmt.Fprintln(os.Stderr, "one\ntwo\nthree\nfour")
		os.Exit(3)
	case "deadlock":
		select {}
	case "never":
		time.Sleep(time.Hour)
	case "race":
		done := make(chan bool)
		shared := 0
		go func() {
			shared++
			done <- true
		}()
		shared++
		<-done
	}
}
