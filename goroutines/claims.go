package goroutines

import "gonotes/internal/claim"

// OutnumberThreads: a process can hold far more goroutines than threads. (§2)
//
// Holds: a million at once on a handful of threads; threads end at a limit of
// the kernel, of the user or of Go's runtime long before.
//
// Asked: What is the difference between a goroutine and a thread?
//
// Answer: A thread is scheduled by the kernel, which keeps a task, a kernel
// stack and a reserved user stack for it. A goroutine is scheduled by Go's
// runtime inside the process: a descriptor and a stack of two kilobytes that
// grows. Many goroutines share few threads, so a process can hold a million of
// them, where threads end at tens of thousands: at pid_max, at the user's or
// the control group's limit, or at Go's own limit of ten thousand.
//
// Source: https://go.dev/doc/faq#goroutines
const OutnumberThreads claim.ID = "goroutines/outnumber-threads"

// Channels: Go's channels let goroutines communicate safely. (§2)
//
// Holds, but: only what goes solely through the channel is safe; a pointer sent
// and written to later is a data race, and deadlocks and leaks stay possible.
//
// Asked: Does Go make communication between goroutines safe?
//
// Answer: Channels and select are built in, and a value handed over through a
// channel has one owner at a time, so there is nothing to race on. But the
// language does not enforce it. Send a pointer and keep writing through it, and
// you have a data race; send where nobody receives, and you have a leak or a
// deadlock. The race detector finds races only on the paths that really ran.
//
// Source: https://go.dev/ref/mem#chan
const Channels claim.ID = "goroutines/channels"

// StartFaster: a goroutine starts faster than a thread. (§2)
//
// Holds: by more than an order of magnitude; to start one is a few hundred
// nanoseconds of user code, while a thread needs system calls and the kernel's
// scheduler. Where an idle processor has to be woken for it, that takes as long
// as a thread.
//
// Asked: Why is starting a goroutine cheaper than starting a thread?
//
// Answer: A go statement takes a descriptor and a small stack from a free list
// and puts it on a run queue: user code, no system call, a fraction of a
// microsecond. A thread needs clone, mapped memory, a kernel stack and a trip
// through the kernel's scheduler: tens of microseconds, less when the C library
// keeps old stacks. Say what you time: start alone, or start and finish.
//
// Source: https://go.dev/src/runtime/proc.go (newproc)
const StartFaster claim.ID = "goroutines/start-faster"

// Multiplexed: many goroutines run on few OS threads. (§2)
//
// Holds, but: one in a blocking system call, in C code or locked to its thread
// holds a thread of its own.
//
// Asked: How many threads do ten thousand goroutines use?
//
// Answer: As many as GOMAXPROCS, plus a few for the runtime, as long as they
// compute or wait on channels, timers, locks or the network: then the runtime
// parks the goroutine and the thread runs another. One that blocks in a system
// call the poller does not cover, in cgo, or that called LockOSThread, holds a
// thread, and the runtime starts another so that the rest goes on.
//
// Source: https://go.dev/src/runtime/HACKING.md
const Multiplexed claim.ID = "goroutines/multiplexed"

// ThreadsOneToOne: an OS thread of a program is one task of the kernel. (§2)
//
// Holds: with glibc, HotSpot's platform threads and Go's locked goroutines;
// goroutines and Java's virtual threads are not tasks.
//
// Asked: What does the kernel know of a goroutine?
//
// Answer: Nothing. The kernel sees threads: every pthread, every platform
// thread of Java and every thread of Go's runtime is one task with an id of its
// own and an entry in /proc/self/task. Goroutines and Java's virtual threads
// are objects of their runtimes and move between those tasks. So one writes
// code that needs one thread, such as OpenGL's, with LockOSThread.
//
// Source: https://man7.org/linux/man-pages/man7/pthreads.7.html (NPTL)
const ThreadsOneToOne claim.ID = "goroutines/threads-one-to-one"

// GrowableStacks: a goroutine's stack starts small and grows as needed. (§2)
//
// Holds: it starts at 2 KiB, doubles up to a limit (1 GB on 64-bit systems), and
// is halved again by the garbage collector when little of it is used.
//
// Asked: How large is a goroutine's stack?
//
// Answer: It starts at two kilobytes; since Go 1.19 the runtime may start new
// ones at the average it has seen. Each function checks the room left, and when
// there is too little the runtime allocates twice the size and copies. The
// collector halves stacks that use less than a quarter. The limit is one
// gigabyte; going over it is fatal. A thread's stack is fixed at creation.
//
// Source: https://go.dev/src/runtime/stack.go and https://go.dev/doc/go1.19#runtime
const GrowableStacks claim.ID = "goroutines/growable-stacks"

// SegmentedStacks: goroutine stacks are segmented. (§2)
//
// Outdated: contiguous and copied since Go 1.3 (2014), so no call at a boundary
// is slow again and again.
//
// Asked: Are goroutine stacks segmented?
//
// Answer: Not since Go 1.3, in 2014. A segmented stack adds a piece when a call
// needs room and frees it on return, so a loop that calls across the boundary
// pays every time: the hot split. Go now allocates a larger stack and copies
// the old one, pointers into it included, so a local variable's address can
// change. The cost is paid once for each doubling.
//
// Source: https://go.dev/doc/go1.3#stacks
const SegmentedStacks claim.ID = "goroutines/segmented-stacks"

// JavaThreads: Java is limited to tens of thousands of threads. (§2)
//
// Outdated: virtual threads are not, since JDK 21 (2023); platform threads are,
// each one task of the kernel.
//
// Asked: Is Go still ahead of Java in the number of threads?
//
// Answer: Against platform threads, yes: each is a kernel task with a megabyte
// reserved, and default kernel settings end it at some tens of thousands. But
// JDK 21 brought virtual threads, in 2023: a million run on a handful of OS
// threads, at about a kilobyte each, less than a goroutine's two and a half.
// They keep their frames on the heap while they wait.
//
// Source: https://openjdk.org/jeps/444
const JavaThreads claim.ID = "goroutines/java-threads"

// Millions: one Go program can run millions of goroutines. (§2)
//
// Holds, but: 2.7 KB each is an idle one; what it calls makes its stack grow,
// to 4.8 KB after one fmt.Sprintf of a float and 16 behind an HTTP handler.
//
// Asked: Can one program run a million goroutines?
//
// Answer: Yes, if memory allows. A million parked ones take under three
// gigabytes, 2.7 kilobytes each, and every one can wake and work. But idle ones
// are the cheap ones: one Sprintf of a float doubles the stack, and a goroutine
// behind an HTTP connection has buffers besides. Memory, the collector's scan
// of all stacks, and what they wait for are the limits, not the scheduler.
//
// Source: https://go.dev/src/runtime/stack.go
const Millions claim.ID = "goroutines/millions"

// ThreadMemory: a thread takes 1 MB of memory or more. (§2)
//
// Wrong: it reserves address space, 8 MiB by default with glibc, but uses some
// 30 KiB; what it touches becomes memory.
//
// Asked: How much memory does a thread take?
//
// Answer: Ask which memory. Reserved address space: eight megabytes with glibc,
// two with Rust, one with Java. Resident: about eight kilobytes for an idle
// pthread, and the kernel adds a stack of sixteen and four of page tables; some
// thirty kilobytes in all, against 2.7 for a goroutine. A thread that
// touches a megabyte of its stack does use a megabyte, and keeps it.
//
// Source: https://man7.org/linux/man-pages/man3/pthread_create.3.html (stack size)
const ThreadMemory claim.ID = "goroutines/thread-memory"

// ThreadsStillWin: threads keep some advantages over goroutines. (§2, asked next)
//
// Holds: blocking system calls, calls into C and work bound to one thread take
// a thread each all the same, and goroutines spare nothing there.
//
// Asked: When do goroutines not help?
//
// Answer: When the work needs a thread anyway. A read of a file or of a device
// that blocks, a call into C, a library that keeps state per thread, a name
// space or a priority set for one thread: each such goroutine holds a thread,
// and the runtime adds threads for the others. The gain comes where the
// runtime can park the goroutine: channels, timers, locks and the network.
//
// Source: https://pkg.go.dev/runtime#LockOSThread
const ThreadsStillWin claim.ID = "goroutines/threads-still-win"

// HappensBefore: a send happens before its receive completes. (§2, asked next)
//
// Holds: so what was written before the send may be read after the receive; a
// plain flag orders nothing, nor does the send on a channel with free room.
//
// Asked: What does a channel guarantee about memory?
//
// Answer: A send happens before the matching receive completes, so all that the
// sender wrote before is visible after. On an unbuffered channel the receive
// also happens before the send completes; with capacity C it is the receive
// number k that comes before send k plus C. Closing happens before a receive
// that returns zero because of it. A bool flag gives none of this: a data race.
//
// Source: https://go.dev/ref/mem#chan
const HappensBefore claim.ID = "goroutines/happens-before"

// ChannelAxioms: send, receive, close and len each know four states. (§2, asked next)
//
// Holds: nil blocks for ever, closed panics on send and close and gives zero on
// receive, full blocks the sender, empty the receiver.
//
// Asked: What happens on a nil channel, and on a closed one?
//
// Answer: Send and receive on a nil channel block for ever, which switches a
// case of a select off; closing it panics. A closed channel panics on send and
// on close, and gives what is still buffered and then zero values on receive,
// with the second result false. A full one blocks the sender, an empty one the
// receiver. len and cap never block, and are zero for nil.
//
// Source: https://go.dev/ref/spec#Send_statements
const ChannelAxioms claim.ID = "goroutines/channel-axioms"

// PartialDeadlock: the runtime detects deadlock. (§2, asked next)
//
// Holds, but: only when every goroutine is blocked; one that sleeps or serves
// hides the deadlock of all others.
//
// Asked: Does Go detect deadlocks?
//
// Answer: The total one. When no goroutine can run, the program dies with "all
// goroutines are asleep" and exit code two. If any one sleeps, polls or serves,
// the others can hang for ever and nothing is said; in a binary with cgo or
// under the race detector it may not be said at all. In tests, testing/synctest
// names a partial deadlock; in production a goroutine profile shows who waits.
//
// Source: https://go.dev/src/runtime/proc.go (checkdead)
const PartialDeadlock claim.ID = "goroutines/partial-deadlock"

// LeakProfile: leaked goroutines can be found. (§2, asked next)
//
// Holds, but: each finder has a limit; the runtime's profile, built in since
// Go 1.27, finds what is unreachable, goleak finds what is still there.
//
// Asked: How do you find a goroutine leak?
//
// Answer: In tests with goleak: what is still there at the end is reported, even
// if it is only slow. In a running service with the goroutine profile, by what
// grows, and since Go 1.27 with the goroutine leak profile: the collector finds
// goroutines blocked on something that nothing can reach. What is blocked on a
// global channel it does not report. Prevent it: every goroutine needs an end.
//
// Source: https://go.dev/doc/go1.27 and https://pkg.go.dev/go.uber.org/goleak
const LeakProfile claim.ID = "goroutines/leak-profile"

// PanicKillsProcess: the starter can recover a goroutine's panic. (§2, asked next)
//
// Wrong: it ends the process, with exit code 2; only a deferred call in the
// same goroutine recovers, and fatal errors nobody recovers.
//
// Asked: Who recovers a panic in a goroutine?
//
// Answer: Only that goroutine itself. Recover works in a deferred call of the
// goroutine that panics; the one that started it cannot catch it, and the whole
// process ends with exit code two. So a server that starts goroutines of its
// own defers a recover in each or uses a group that hands panics on. Some errors
// cannot be recovered at all: concurrent map writes, or a stack over its limit.
//
// Source: https://go.dev/ref/spec#Handling_panics
const PanicKillsProcess claim.ID = "goroutines/panic-kills-process"

// ContextLeak: a context that is never cancelled leaks. (§2, asked next)
//
// Holds: the child stays attached to its parent until one of them is cancelled;
// and cancelling is cooperative, so a loop that ignores Done lives on.
//
// Asked: Why must one call cancel?
//
// Answer: A context with a cancel function registers with its parent, so that the
// parent can cancel it; until one of the two is cancelled it stays there, a bit
// over a hundred bytes each time, and a timeout keeps its timer. So defer
// cancel, always; vet complains otherwise. And cancelling only closes a channel:
// a goroutine that never looks at Done is not stopped by anything.
//
// Source: https://pkg.go.dev/context#WithCancel
const ContextLeak claim.ID = "goroutines/context-leak"

// MutexCopy: a copied mutex guards nothing. (§2, asked next)
//
// Holds: a value receiver locks a copy of its own, and increments are lost; vet
// reports it.
//
// Asked: What is wrong with a method that locks a mutex on a value receiver?
//
// Answer: The receiver is a copy, and so is its mutex: every call locks a mutex
// of its own, and nothing is excluded. Even when the counter lies behind a
// pointer, increments get lost. The same happens to a struct with a mutex that
// is passed, ranged over or assigned by value. go vet reports "passes lock by
// value"; use pointer receivers, and keep the mutex next to what it guards.
//
// Source: https://pkg.go.dev/sync#Mutex
const MutexCopy claim.ID = "goroutines/mutex-copy"

// SelectFair: select takes the first ready case in order. (§2, asked next)
//
// Wrong: it takes a random one of the ready cases, each as likely; a nested
// select with default makes a priority.
//
// Asked: Which case does select take when several are ready?
//
// Answer: A uniformly random one of those that are ready, so no case starves
// another, whatever their order in the source. If none is ready it takes
// default, or waits. So priority has to be written down: ask the important
// channel first in a select with default, then both in a second. And the
// important one is asked before each wait, not during it.
//
// Source: https://go.dev/ref/spec#Select_statements
const SelectFair claim.ID = "goroutines/select-fair"
