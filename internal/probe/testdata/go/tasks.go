// Tasks starts goroutines, which all wait, and lets them go on when it is told
// to. It reads commands from its standard input and answers each with a line;
// see ../README.md.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"net"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

var (
	waitOn = flag.String("wait", "channel", "what the tasks wait on: channel, sleep, select, network, loop, rawread or locked")
	doWork = flag.String("work", "none", "what they do before: none, sprintf, http or deep")
	starts = flag.String("start", "same", "how start starts one: same, other, lockedexit or lockunlock")
	pinned = flag.Bool("pinned", false, "keep both threads of a round trip on one CPU")
)

// group is all tasks until they are woken.
type group struct {
	release  chan struct{} // closed to wake them
	never    chan struct{} // nobody sends on it
	released atomic.Bool   // the same for those that cannot wait on a channel
	pipe     rawPipe       // and for those that read
	nap      time.Duration // and how long a sleeper sleeps before it looks
	conns    []net.Conn    // and what is closed to wake those that read from the network
	tasks    int
	ended    sync.WaitGroup
	sum      atomic.Int64
}

// batch is the tasks of one command.
type batch struct {
	*group
	want     int64
	counted  atomic.Int64
	all      chan struct{} // closed when so many were counted
	answered atomic.Bool   // the parent knows
}

// count counts one task as waiting, and the thread that it is on.
func (b *batch) count() {
	seeThread()
	if b.counted.Add(1) == b.want {
		close(b.all)
	}
}

// task is one of them; conn is nil unless it waits on the network.
type task struct {
	*batch
	conn net.Conn
}

func main() {
	flag.Parse()
	wait, work, start := waits[*waitOn], works[*doWork], startings[*starts]
	if wait == nil || work == nil || start == nil || flag.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "unknown arguments: %q\n", os.Args[1:])
		os.Exit(2)
	}
	if *starts == "other" {
		runtime.GOMAXPROCS(max(2, runtime.GOMAXPROCS(0)))
	}
	fmt.Println("ready Go", strings.TrimPrefix(runtime.Version(), "go"))

	g := newGroup()
	commands := bufio.NewScanner(os.Stdin)
	for commands.Scan() {
		command, argument, _ := strings.Cut(commands.Text(), " ")
		n, err := strconv.Atoi(argument)
		switch {
		case command == "wake":
			begin := time.Now()
			sum := g.wake()
			fmt.Println("woken", sum, time.Since(begin).Nanoseconds())
			g = newGroup()
		case err != nil || n <= 0:
			fmt.Printf("unknown command: %q\n", commands.Text())
		case command == "park":
			g.park(n, wait, work)
		case command == "start":
			fmt.Println("started", mean(n, start))
		case command == "roundtrip":
			fmt.Println("roundtrip", roundTrip(n))
		default:
			fmt.Printf("unknown command: %q\n", commands.Text())
		}
	}
}

func newGroup() *group {
	return &group{release: make(chan struct{}), never: make(chan struct{})}
}

// park starts n tasks and answers when all are counted.
func (g *group) park(n int, wait func(task), work func(task, func(task))) {
	b := &batch{group: g, want: int64(n), all: make(chan struct{})}
	if err := g.prepare(n); err != nil {
		fmt.Println("refused 0", err)
		return
	}
	g.ended.Add(n)
	begin := time.Now()
	switch {
	case *doWork == "http":
		b.serve(wait)
	case *waitOn == "network":
		for _, conn := range g.conns[g.tasks:][:n] {
			go task{b, conn}.run(wait, work)
		}
	default:
		all := func() { task{batch: b}.run(wait, work) } // one function for all, as each of its own would take memory
		for range n {
			go all()
		}
	}
	<-b.all
	took := time.Since(begin)
	g.tasks += n
	fmt.Println("parked", n, took.Nanoseconds(), threadsSeen())
	b.answered.Store(true)
}

// run is what every task does.
func (t task) run(wait func(task), work func(task, func(task))) {
	work(t, wait)
	t.sum.Add(1)
	t.ended.Done()
}

// prepare opens what n more tasks need to wait on.
func (g *group) prepare(n int) error {
	g.nap = max(200*time.Millisecond, time.Duration(g.tasks+n)*10*time.Microsecond)
	switch *waitOn {
	case "rawread":
		return g.pipe.open()
	case "network":
		more, err := connect(n)
		g.conns = append(g.conns, more...)
		return err
	}
	return nil
}

// wake lets all tasks end and returns their sum.
func (g *group) wake() int64 {
	for _, conn := range g.conns {
		conn.Close()
	}
	g.released.Store(true)
	close(g.release)
	g.pipe.wake(g.tasks)
	g.ended.Wait()
	g.pipe.close()
	return g.sum.Load()
}
