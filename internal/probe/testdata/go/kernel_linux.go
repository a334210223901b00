package main

import (
	"math/bits"
	"sync/atomic"
	"syscall"
	"unsafe"
)

// seen has a bit for each thread id there can be: pid_max is at most 1<<22.
var seen [1 << 22 / 64]atomic.Uint64

// seeThread notes the thread that the caller is on.
func seeThread() {
	id := syscall.Gettid()
	if word, bit := &seen[id/64], uint64(1)<<(id%64); word.Load()&bit == 0 {
		word.Or(bit)
	}
}

// threadsSeen is the number of threads noted since the last call.
func threadsSeen() int {
	n := 0
	for i := range seen {
		if word := seen[i].Load(); word != 0 {
			n += bits.OnesCount64(word)
			seen[i].Store(0)
		}
	}
	return n
}

// rawPipe is a pipe outside the runtime's poller. Its descriptors are plain
// numbers, so that no collection closes one.
type rawPipe struct {
	fds    [2]int
	opened bool
}

func (p *rawPipe) open() error {
	if p.opened {
		return nil
	}
	p.opened = true
	return syscall.Pipe(p.fds[:])
}

// wait is a system call that blocks until a byte comes.
func (p *rawPipe) wait() {
	buffer := make([]byte, 1)
	for {
		if _, err := syscall.Read(p.fds[0], buffer); err != syscall.EINTR {
			return
		}
	}
}

// wake lets n go on.
func (p *rawPipe) wake(n int) {
	if !p.opened {
		return
	}
	for buffer := make([]byte, n); len(buffer) > 0; {
		written, err := syscall.Write(p.fds[1], buffer)
		if err != nil && err != syscall.EINTR {
			panic(err)
		}
		buffer = buffer[max(0, written):]
	}
}

func (p *rawPipe) close() {
	if p.opened {
		syscall.Close(p.fds[0])
		syscall.Close(p.fds[1])
	}
}

// raiseFileLimit lets the process open as many files as it may at most; only
// root may raise that too.
func raiseFileLimit() {
	var limit syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit) != nil {
		return
	}
	more := syscall.Rlimit{Cur: 1 << 20, Max: max(1<<20, limit.Max)}
	if limit.Cur < more.Cur && syscall.Setrlimit(syscall.RLIMIT_NOFILE, &more) != nil {
		limit.Cur = limit.Max
		syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit)
	}
}

// pin keeps the calling thread on the first CPU that it may run on.
func pin() {
	var cpus [16]uint64 // 1024 CPUs
	set := func(trap uintptr) {
		if _, _, err := syscall.RawSyscall(trap, 0, unsafe.Sizeof(cpus), uintptr(unsafe.Pointer(&cpus))); err != 0 {
			panic(err)
		}
	}
	set(syscall.SYS_SCHED_GETAFFINITY)
	for i, word := range cpus {
		if word != 0 {
			cpus = [16]uint64{}
			cpus[i] = word & -word
			break
		}
	}
	set(syscall.SYS_SCHED_SETAFFINITY)
}
