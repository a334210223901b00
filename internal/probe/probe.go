// Package probe measures what tasks cost: goroutines, OS threads and the tasks
// of other runtimes. Each kind of task has a small program in testdata, which is
// built when it is first asked for and runs in a process of its own, so that
// nothing of the measuring process is measured, and no race detector is in it.
//
// The program reads commands from its standard input, one a line, and answers
// each with a line; see testdata/README.md. Memory and threads are read from
// outside, from /proc, so they can be measured on Linux only.
package probe

import "time"

// Kind is a kind of task.
type Kind string

// The kinds, by the runtime that offers them.
const (
	Goroutine    Kind = "Go goroutine"
	LockedThread Kind = "Go locked thread" // a goroutine locked to its thread
	Pthread      Kind = "C pthread"
	JavaPlatform Kind = "Java platform thread"
	JavaVirtual  Kind = "Java virtual thread" // JDK 21 or later
	RustThread   Kind = "Rust std thread"
	TokioTask    Kind = "Rust tokio task"
	AsyncioTask  Kind = "Python asyncio task"
	NodePromise  Kind = "Node promise"
)

// Kinds lists them all, in the order in which they are shown.
var Kinds = []Kind{Goroutine, LockedThread, Pthread, JavaPlatform, JavaVirtual, RustThread, TokioTask, AsyncioTask, NodePromise}

// Thread tells whether each task of the kind is a thread of the kernel.
func (k Kind) Thread() bool {
	switch k {
	case LockedThread, Pthread, JavaPlatform, RustThread:
		return true
	}
	return false
}

// Missing is the error of a kind that this machine cannot run. Its text is a
// reason for a proof that is not run: "tool: no JDK 21 or later".
type Missing struct{ Reason string }

func (e Missing) Error() string { return e.Reason }

// Options say how a program runs.
type Options struct {
	Args  []string // what its tasks do and wait on; see testdata/README.md
	Env   []string // added to its environment
	Limit Limit    // on the threads it may have
}

// Limit confines the threads of a program's process by one limit of the kernel,
// so that being refused harms no other process. The zero value is no limit.
type Limit struct {
	By      string // LimitUser or LimitGroup
	Threads int
}

// The limits of the kernel that can be set for one process.
const (
	LimitUser  = "RLIMIT_NPROC" // of a user that runs nothing else, or where that is not allowed, of this one
	LimitGroup = "pids.max"     // of a control group made for the process; needs root
)

// Usage is what a process holds at one moment.
type Usage struct {
	Reserved    int64 // bytes of address space, VmSize
	Resident    int64 // bytes, Rss of smaps_rollup: VmRSS is megabytes off on many kernels
	KernelStack int64 // bytes of kernel stacks of the whole machine: the kernel tells of no process alone
	PageTables  int64 // bytes, VmPTE
	Threads     int   // entries of /proc/PID/task
}

// Parked is what tasks cost that were started and are all waiting.
type Parked struct {
	Tasks     int
	Before    Usage         // before the first task
	After     Usage         // with all of them waiting
	Start     time.Duration // wall clock until the last was counted as waiting
	ThreadIDs int           // distinct kernel thread ids that the tasks saw themselves on, 0 where the runtime does not tell
}

// Memory is what one task takes, in bytes.
type Memory struct {
	Reserved    float64 // address space
	Resident    float64
	KernelStack float64
	PageTables  float64
}

// Used is what is in memory, and not only reserved.
func (m Memory) Used() float64 { return m.Resident + m.KernelStack + m.PageTables }

// Memory is what each of these parked tasks of the kind takes. Only a thread has
// a stack in the kernel, which tells of those of all processes together: what
// others did meanwhile says nothing of tasks that are no threads.
func (k Kind) Memory(p Parked) Memory {
	each := func(before, after int64) float64 { return float64(after-before) / float64(p.Tasks) }
	m := Memory{
		Reserved:   each(p.Before.Reserved, p.After.Reserved),
		Resident:   each(p.Before.Resident, p.After.Resident),
		PageTables: each(p.Before.PageTables, p.After.PageTables),
	}
	if k.Thread() {
		m.KernelStack = each(p.Before.KernelStack, p.After.KernelStack)
	}
	return m
}

// Refused is the error when the tasks could not all be started.
type Refused struct {
	Asked int
	Made  int    // before the refusal, -1 if the process died without saying
	Why   string // what the runtime or the operating system said
}

func (e Refused) Error() string { return e.Why }

// NamedLimit is a limit on the number of threads.
type NamedLimit struct {
	Name  string // "threads-max", "pid_max", "max_map_count/2", "pids.max" or "RLIMIT_NPROC"
	Value int64
}

// Limits are the limits that the kernel sets on the threads of this process, the
// smallest first. Those that do not bind it, such as RLIMIT_NPROC for root, are
// left out. The error is a [Missing] on anything but Linux.
func Limits() ([]NamedLimit, error) { return limits() }

// Available is the memory that can be used without swapping, in bytes:
// MemAvailable. The error is a [Missing] on anything but Linux.
func Available() (int64, error) { return available() }
