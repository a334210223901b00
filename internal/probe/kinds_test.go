package probe

import (
	"errors"
	"os"
	"runtime"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func onlyOnLinux(t *testing.T) {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("memory and threads are read from /proc")
	}
}

// shared is a builder for all tests, so that each program is built once.
var shared = sync.OnceValues(func() (*Builder, error) {
	dir, err := os.MkdirTemp("", "gonotes-probe-")
	return NewBuilder(dir), err
})

func builder(t *testing.T) *Builder {
	t.Helper()
	b, err := shared()
	require.NoError(t, err)
	return b
}

// running starts a program that ends with the test, which is skipped if the
// machine lacks what that takes.
func running(t *testing.T, kind Kind, options Options) *Process {
	t.Helper()
	p, err := builder(t).Start(t.Context(), kind, options)
	if missing, ok := errors.AsType[Missing](err); ok {
		t.Skip(missing.Reason)
	}
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, p.Close()) })
	return p
}

// parked parks tasks and checks that they can be measured.
func parked(t *testing.T, p *Process, tasks int) Parked {
	t.Helper()
	parked, err := p.Park(t.Context(), tasks)
	require.NoError(t, err)
	assert.Equal(t, tasks, parked.Tasks)
	assert.Positive(t, parked.Start)
	for _, usage := range []Usage{parked.Before, parked.After} {
		assert.Positive(t, usage.Reserved)
		assert.Positive(t, usage.Resident)
		assert.Positive(t, usage.KernelStack)
		assert.Positive(t, usage.PageTables)
		assert.Positive(t, usage.Threads)
	}
	return parked
}

func woken(t *testing.T, p *Process, want int) {
	t.Helper()
	sum, took, err := p.Wake(t.Context())
	require.NoError(t, err)
	assert.Equal(t, want, sum)
	assert.Positive(t, took)
}

func added(p Parked) int { return p.After.Threads - p.Before.Threads }

// Tasks of every kind are parked, woken and summed, and take a thread each only
// where that is what they are.
func TestKinds(t *testing.T) {
	onlyOnLinux(t)
	const tasks = 500
	for _, test := range []struct {
		kind    Kind
		version string
		threads bool
		tells   bool // its tasks tell their threads
	}{
		{Goroutine, `^Go \d+\.\d+`, false, true},
		{LockedThread, `^Go \d+\.\d+`, true, true},
		{Pthread, `^(GCC|Clang) \d+`, true, true},
		{JavaPlatform, `^JDK \d+`, true, false},
		{JavaVirtual, `^JDK \d+`, false, false},
		{RustThread, `^Rust \d+`, true, true},
		{TokioTask, `^tokio \d+`, false, false},
		{AsyncioTask, `^Python 3\.`, false, false},
		{NodePromise, `^Node \d+`, false, false},
	} {
		t.Run(string(test.kind), func(t *testing.T) {
			if test.kind == TokioTask && testing.Short() {
				t.Skip("cargo asks a registry")
			}
			p := running(t, test.kind, Options{})
			assert.Regexp(t, test.version, p.Version())
			first := parked(t, p, tasks)
			if test.threads {
				assert.InDelta(t, tasks, added(first), 10)
			} else {
				assert.LessOrEqual(t, added(first), runtime.NumCPU()+20)
			}
			switch {
			case !test.tells:
				assert.Zero(t, first.ThreadIDs)
			case test.threads:
				assert.Equal(t, tasks, first.ThreadIDs)
			default:
				assert.LessOrEqual(t, first.ThreadIDs, first.After.Threads)
			}
			second := parked(t, p, tasks/2)
			if test.threads && test.tells {
				assert.Equal(t, tasks/2, second.ThreadIDs)
			}
			woken(t, p, tasks+tasks/2)

			parked(t, p, 10)
			woken(t, p, 10)
			woken(t, p, 0)

			for _, measure := range []func() (string, error){
				func() (string, error) { took, err := p.StartFinish(t.Context(), 20); return took.String(), err },
				func() (string, error) { took, err := p.RoundTrip(t.Context(), 20); return took.String(), err },
			} {
				took, err := measure()
				require.NoError(t, err)
				assert.NotEqual(t, "0s", took)
			}
		})
	}
}

// Goroutines wait on whatever they are told to, and take a thread each only in a
// system call or locked.
func TestGoroutine_waits(t *testing.T) {
	onlyOnLinux(t)
	const tasks = 300
	for _, test := range []struct {
		wait    string
		threads bool
	}{
		{"channel", false},
		{"select", false},
		{"sleep", false},
		{"network", false},
		{"loop", false},
		{"rawread", true},
		{"locked", true},
	} {
		t.Run(test.wait, func(t *testing.T) {
			p := running(t, Goroutine, Options{Args: []string{"-wait=" + test.wait}})
			all := parked(t, p, tasks)
			if test.threads {
				assert.GreaterOrEqual(t, added(all), tasks*9/10)
			} else {
				assert.LessOrEqual(t, added(all), runtime.GOMAXPROCS(0)+10)
			}
			if test.wait == "locked" {
				assert.Equal(t, tasks, all.ThreadIDs)
			}
			if test.wait == "loop" {
				return // each would have to get its turn
			}
			parked(t, p, 7)
			woken(t, p, tasks+7)
			parked(t, p, 8)
			woken(t, p, 8)
		})
	}
}

// Loops end too, when each of them has had its turn.
func TestGoroutine_loopsEnd(t *testing.T) {
	onlyOnLinux(t)
	p := running(t, Goroutine, Options{Args: []string{"-wait=loop"}})
	parked(t, p, 20)
	woken(t, p, 20)
}

// What a goroutine does before it waits makes its stack grow, or adds buffers.
func TestGoroutine_works(t *testing.T) {
	onlyOnLinux(t)
	const tasks = 10_000
	resident := func(work string) float64 {
		p := running(t, Goroutine, Options{Args: []string{"-work=" + work}})
		all := parked(t, p, tasks)
		woken(t, p, tasks)
		return Goroutine.Memory(all).Resident
	}
	none := resident("none")
	assert.InDelta(t, 3<<10, none, 1<<10)
	assert.Greater(t, resident("sprintf"), none+1500)
	assert.Greater(t, resident("deep"), none+8<<10)
	assert.Greater(t, resident("http"), none+8<<10)
}

// A goroutine can be started in four ways, and a round trip be made on threads.
func TestGoroutine_times(t *testing.T) {
	for _, arg := range []string{"-start=same", "-start=other", "-start=lockedexit", "-start=lockunlock"} {
		took, err := running(t, Goroutine, Options{Args: []string{arg}}).StartFinish(t.Context(), 100)
		require.NoError(t, err, arg)
		assert.Positive(t, took, arg)
	}
	onlyOnLinux(t)
	took, err := running(t, LockedThread, Options{Args: []string{"-pinned"}}).RoundTrip(t.Context(), 100)
	require.NoError(t, err)
	assert.Positive(t, took)
}

// A pthread reserves its stack and uses what it touches.
func TestPthread_stacks(t *testing.T) {
	onlyOnLinux(t)
	const tasks = 200
	cost := func(args ...string) (reserved, resident float64) {
		p := running(t, Pthread, Options{Args: args})
		all := parked(t, p, tasks)
		woken(t, p, tasks)
		memory := Pthread.Memory(all)
		return memory.Reserved, memory.Resident
	}
	reserved, resident := cost("-stack=1048576")
	assert.InDelta(t, 1<<20, reserved, 64<<10)
	assert.Less(t, resident, float64(64<<10))
	reserved, resident = cost("-stack=2097152", "-touch=1048576")
	assert.InDelta(t, 2<<20, reserved, 64<<10)
	assert.InDelta(t, 1<<20, resident, 64<<10)
}

// Threads can be started with and without stacks kept for them, and wake each
// other on one CPU.
func TestPthread_times(t *testing.T) {
	onlyOnLinux(t)
	for _, arg := range []string{"-start=cached", "-start=uncached", "-pinned"} {
		p := running(t, Pthread, Options{Args: []string{arg}})
		took, err := p.StartFinish(t.Context(), 100)
		require.NoError(t, err)
		assert.Positive(t, took)
		took, err = p.RoundTrip(t.Context(), 100)
		require.NoError(t, err)
		assert.Positive(t, took)
	}
}
