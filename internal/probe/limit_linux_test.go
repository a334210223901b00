package probe

import (
	"context"
	"errors"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A limited process is refused threads, by the limit and by nothing else, and
// nothing is left of the limit.
func TestLimit(t *testing.T) {
	const threads = 100
	for _, kind := range []Kind{LockedThread, Pthread, JavaPlatform, RustThread} {
		for _, by := range []string{LimitUser, LimitGroup} {
			t.Run(string(kind)+" "+by, func(t *testing.T) {
				p := running(t, kind, Options{Limit: Limit{by, threads}})
				_, err := p.Park(t.Context(), 3*threads)
				refused, ok := errors.AsType[Refused](err)
				require.True(t, ok, "%v", err)
				assert.Equal(t, 3*threads, refused.Asked)
				if kind == LockedThread {
					assert.Equal(t, -1, refused.Made)
					assert.Contains(t, refused.Why, "newosproc (exit status 2)")
				} else {
					assert.InDelta(t, threads, refused.Made, 40)
					woken(t, p, refused.Made)
				}
				require.NoError(t, p.Close())
				for _, dir := range []string{p.cage.open, p.cage.group} {
					assert.NoDirExists(t, dir)
				}
			})
		}
	}
}

// A limit that is none is refused.
func TestLimit_unknown(t *testing.T) {
	_, err := builder(t).Start(t.Context(), Goroutine, Options{Limit: Limit{LimitUser, 0}})
	require.EqualError(t, err, "a limit of 0 threads: the number must be 1 or more")
	_, err = builder(t).Start(t.Context(), Goroutine, Options{Limit: Limit{"patience", 3}})
	assert.EqualError(t, err, `unknown limit "patience": want RLIMIT_NPROC or pids.max`)
}

// Go's runtime lets a program have ten thousand threads, and ends it at the next.
func TestLimit_ofGo(t *testing.T) {
	p := running(t, LockedThread, Options{})
	_, err := p.Park(t.Context(), 10_100)
	if missing, ok := errors.AsType[Missing](err); ok {
		t.Skip(missing.Reason)
	}
	refused, ok := errors.AsType[Refused](err)
	require.True(t, ok, "%v", err)
	assert.Equal(t, Refused{10_100, -1, "runtime: program exceeds 10000-thread limit; fatal error: thread exhaustion (exit status 2)"}, refused)
}

// Nobody may take most of the threads that the machine has left.
func TestPark_room(t *testing.T) {
	for _, kind := range []Kind{Pthread, JavaPlatform, RustThread} {
		p, err := builder(t).Start(t.Context(), kind, Options{})
		if _, missing := errors.AsType[Missing](err); missing {
			continue
		}
		require.NoError(t, err)
		_, err = p.Park(t.Context(), math.MaxInt32)
		missing, ok := errors.AsType[Missing](err)
		require.True(t, ok, "%v", err)
		assert.Regexp(t, `^platform: 2147483647 threads without a limit of their own, when .* \(\d+\) leaves \d+ in all$`, missing.Reason)
		require.NoError(t, p.Close())
	}
}

// The limits on threads are told, the smallest first, each once.
func TestLimits(t *testing.T) {
	limits, err := Limits()
	require.NoError(t, err)
	names := map[string]bool{}
	for _, limit := range limits {
		assert.Positive(t, limit.Value, limit.Name)
		assert.False(t, names[limit.Name], limit.Name)
		names[limit.Name] = true
	}
	assert.Subset(t, []string{"threads-max", "pid_max", "max_map_count/2", "pids.max", "RLIMIT_NPROC"}, slices.Collect(keys(names)))
	for _, name := range []string{"threads-max", "pid_max", "max_map_count/2"} {
		assert.True(t, names[name], name)
	}
	assert.True(t, slices.IsSortedFunc(limits, func(a, b NamedLimit) int { return int(a.Value - b.Value) }), "%v", limits)
}

func keys(m map[string]bool) func(func(string) bool) {
	return func(yield func(string) bool) {
		for key := range m {
			if !yield(key) {
				return
			}
		}
	}
}

// Some memory is available, and less than there is.
func TestAvailable(t *testing.T) {
	got, err := Available()
	require.NoError(t, err)
	machine, err := table("/proc/meminfo")
	require.NoError(t, err)
	assert.Positive(t, got)
	assert.Less(t, got, machine["MemTotal"]<<10)
}

// Close, and a cancelled context, end the process and what it started.
func TestProcess_leavesNothing(t *testing.T) {
	for _, test := range []struct {
		name string
		end  func(*Process)
	}{
		{"close", func(p *Process) { _ = p.Close() }},
		{"cancel", func(p *Process) {
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			_, _ = p.RoundTrip(ctx, 1)
			<-p.ended
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			p, err := faked(t, "CHILD", "SILENCE")
			require.NoError(t, err)
			child, err := strconv.Atoi(p.Version())
			require.NoError(t, err)
			require.True(t, alive(child))
			test.end(p)
			assert.False(t, alive(p.command.Process.Pid))
			assert.Eventually(t, func() bool { return !alive(child) }, 10*time.Second, time.Millisecond)
		})
	}
}

// alive tells whether a process runs. One that has ended stays in the list until
// its parent asks after it, as a zombie.
func alive(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return false
	}
	status, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	return err == nil && !strings.Contains(string(status), "State:\tZ")
}

// A process that a signal ended is refused with the signal's name.
func TestPark_killed(t *testing.T) {
	p := running(t, Pthread, Options{Args: []string{"-stack=65536", "-touch=1048576"}})
	_, err := p.Park(t.Context(), 1)
	refused, ok := errors.AsType[Refused](err)
	require.True(t, ok, "%v", err)
	assert.Equal(t, -1, refused.Made)
	assert.Contains(t, refused.Why, "signal: ")
}
