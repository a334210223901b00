package bench

import (
	"image/color"
	"time"

	"gonotes/internal/probe"
)

// trait is what the comparison knows of a kind before it measures it.
type trait struct {
	stackless bool          // a waiting task keeps the state it awaits on, and no stack
	mapped    bool          // each is a thread whose stack is mapped apart, with a guard page
	pins      bool          // its program can keep a round trip on one CPU
	wakes     string        // what two tasks of a round trip wake each other with
	trips     int           // how many round trips take a fraction of a second
	typical   time.Duration // to start, wake and end one task, for the first estimate
	begin     time.Duration // to start the process, for the first estimate
	colour    color.RGBA
}

// The colours of Okabe and Ito, which the colour-blind can tell apart; their
// yellow is too light for a dot on white.
var (
	black     = color.RGBA{A: 255}
	orange    = color.RGBA{R: 0xE6, G: 0x9F, A: 255}
	skyBlue   = color.RGBA{R: 0x56, G: 0xB4, B: 0xE9, A: 255}
	green     = color.RGBA{G: 0x9E, B: 0x73, A: 255}
	blue      = color.RGBA{G: 0x72, B: 0xB2, A: 255}
	vermilion = color.RGBA{R: 0xD5, G: 0x5E, A: 255}
	purple    = color.RGBA{R: 0xCC, G: 0x79, B: 0xA7, A: 255}
)

var traits = map[probe.Kind]trait{
	probe.Goroutine:    {wakes: "two unbuffered channels", trips: 200_000, typical: 4 * time.Microsecond, begin: 100 * time.Millisecond, colour: blue},
	probe.LockedThread: {pins: true, wakes: "two unbuffered channels", trips: 10_000, typical: 80 * time.Microsecond, begin: 100 * time.Millisecond, colour: skyBlue},
	probe.Pthread:      {mapped: true, pins: true, wakes: "condition variable", trips: 10_000, typical: 60 * time.Microsecond, begin: 50 * time.Millisecond, colour: black},
	probe.JavaPlatform: {mapped: true, wakes: "LockSupport.park", trips: 10_000, typical: 300 * time.Microsecond, begin: time.Second, colour: orange},
	probe.JavaVirtual:  {wakes: "LockSupport.park", trips: 200_000, typical: 8 * time.Microsecond, begin: time.Second, colour: vermilion},
	probe.RustThread:   {mapped: true, wakes: "condition variable", trips: 10_000, typical: 60 * time.Microsecond, begin: 50 * time.Millisecond, colour: green},
	probe.TokioTask:    {stackless: true, wakes: "Notify", trips: 200_000, typical: time.Microsecond, begin: 50 * time.Millisecond, colour: green},
	probe.AsyncioTask:  {stackless: true, wakes: "Event", trips: 30_000, typical: 25 * time.Microsecond, begin: 200 * time.Millisecond, colour: purple},
	probe.NodePromise:  {stackless: true, wakes: "promise", trips: 200_000, typical: 3 * time.Microsecond, begin: 200 * time.Millisecond, colour: color.RGBA{R: 0x80, G: 0x80, B: 0x80, A: 255}},
}
