//go:build !linux

package main

// What is measured with these can be measured on Linux only.

func seeThread()       {}
func threadsSeen() int { return 0 }
func raiseFileLimit()  {}
func pin()             { panic("-pinned works on Linux only") }

type rawPipe struct{}

func (*rawPipe) open() error { return nil }
func (*rawPipe) wait()       { panic("-wait=rawread works on Linux only") }
func (*rawPipe) wake(int)    {}
func (*rawPipe) close()      {}
