// Package goroutines asks what the notes say of goroutines and threads, and
// answers with tests that measure both on the machine they run on.
//
// A goroutine is a function call that runs beside its caller, on one of the
// threads that Go's runtime keeps. The claims of the notes are the constants of
// this package; each is proved by tests of its name, with a control that the
// same check refuses. What is measured is measured from outside, in a process of
// its own, which the package probe starts: goroutines, threads of C and Java,
// and Java's virtual threads do the same work there.
//
// # How many
//
// [OutnumberThreads]: a process holds far more goroutines than threads. A
// million wait at once on a handful of threads, and that is more than the kernel
// would give this process. Threads end earlier, each at a limit with a name: the
// runtime's 10,000, the user's, the control group's, the kernel's pid_max.
//
// [Millions]: memory is the limit of goroutines. An idle one takes 2.7 KB, of
// which 2 KiB are stack; one that has printed a float takes nearly twice that, one
// behind an HTTP handler six times.
//
// [ThreadMemory]: a thread is said to take a megabyte. It reserves that much of
// the address space, or eight times as much, and uses some 30 KiB: its resident
// memory, a stack in the kernel and page tables. What it touches becomes memory,
// and then the note is right.
//
// [JavaThreads]: Java's limit was the kernel's, since each of its threads was a
// thread of the kernel. Virtual threads, since JDK 21, are what goroutines are.
//
// # How they run
//
// [Multiplexed]: ten thousand goroutines that wait for a channel, a timer or the
// network, or that compute, need no more threads than processors and a few. The
// scheduler parks who waits, the netpoller asks the kernel for all of them at
// once, and who computes too long is preempted, in a loop without calls too. A
// goroutine in a blocking system call, in C code or locked to its thread is the
// exception: it holds one.
//
// [ThreadsOneToOne]: a thread is one task of the kernel, with an id; a goroutine
// is none.
//
// [ThreadsStillWin]: where a thread is needed anyway, a goroutine spares nothing.
//
// [StartFaster]: to start a goroutine and see it end takes a fraction of a
// microsecond, a thread tens of them; two goroutines hand over to each other
// faster than two threads, too.
//
// # Stacks
//
// [GrowableStacks]: a stack starts at 2 KiB and doubles when a call needs room, up
// to a limit of a gigabyte; the collector halves it again.
//
// [SegmentedStacks]: it grows by copying. Variables move to other addresses, and
// no call at the edge of a segment is slow again and again, as it was before
// Go 1.3 and as it still is in C code built with split stacks.
//
// # Channels
//
// [Channels]: a value that goes through a channel has one owner at a time. Nothing
// keeps a program from sending a pointer and writing on, or from sending where
// nobody receives.
//
// [HappensBefore]: what was written before a send may be read after its receive.
// A flag in a variable promises nothing of the kind.
//
// [ChannelAxioms]: four operations on a channel in four states make a table worth
// knowing by heart.
//
// [SelectFair]: among ready cases select takes a random one. A priority has to be
// written down.
//
// # What goes wrong
//
// [PartialDeadlock]: the runtime reports a deadlock when nobody can run any more,
// and not before.
//
// [PanicKillsProcess]: a panic ends the process unless its own goroutine recovers
// it; who started the goroutine cannot.
//
// [LeakProfile]: a goroutine that waits for ever is a leak. Goleak finds what is
// still there, the runtime's profile what nothing can reach; each misses what the
// other finds.
//
// [ContextLeak]: a context that is never cancelled stays with its parent, and a
// loop that never looks at Done is not stopped by cancelling.
//
// [MutexCopy]: a copy of a mutex is another mutex, and excludes nobody.
//
// # Patterns
//
// Each of these ends its goroutines, in every case, and the tests beside it show
// the twin that does not.
//
//   - [Process] lets a number of workers do tasks; the first error ends it.
//   - [Ordered] works on several items at a time and yields the results in order.
//   - [Pipe] runs the stages of a pipeline, [Emit], [Transform] and [Merge], and
//     ends them when its loop is left.
//   - [Recovered] runs a task in a goroutine and hands a panic on as an error, a
//     [PanicError].
//   - [Preferred] receives from one of two channels that has priority.
//
// Golang.org/x/sync has more: errgroup, semaphore and singleflight stand in the
// tests, as do sync.Pool, sync.Map, sync.Once, atomics and false sharing, with
// what each costs in the benchmarks.
package goroutines
