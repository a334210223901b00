package probe

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A program that does not say that it is ready is an error that says what it said.
func TestStart_notReady(t *testing.T) {
	for _, test := range []struct {
		name, says, want string
	}{
		{"rubbish", "hello there", `Go goroutine: start: it said "hello there", want "ready" and its version`},
		{"empty line", "", `Go goroutine: start: it said "", want "ready" and its version`},
		{"ends", "EXIT", "Go goroutine: start: the program ended without an answer"},
		{"dies", "DIE", "Go goroutine: start: out of luck (exit status 3)"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := faked(t, test.says)
			assert.EqualError(t, err, test.want)
		})
	}
}

// An answer that the protocol does not know is an error, and ends the process.
func TestProcess_badAnswer(t *testing.T) {
	for _, test := range []struct {
		name, says, want string
	}{
		{"another word", "woken 1 2", `Go goroutine: start 7: it said "woken 1 2", want "started" and 1 numbers`},
		{"no number", "started soon", `Go goroutine: start 7: it said "started soon", want "started" and 1 numbers`},
		{"too few", "started", `Go goroutine: start 7: it said "started", want "started" and 1 numbers`},
		{"too many", "started 1 2", `Go goroutine: start 7: it said "started 1 2", want "started" and 1 numbers`},
		{"refused without a reason", "refused 1", `Go goroutine: start 7: it said "refused 1", want "started" and 1 numbers`},
		{"ends", "EXIT", "Go goroutine: start 7: the program ended without an answer"},
		{"dies", "DIE", "Go goroutine: start 7: out of luck (exit status 3)"},
	} {
		t.Run(test.name, func(t *testing.T) {
			p, err := faked(t, "ready", test.says, "started 1")
			require.NoError(t, err)
			_, err = p.StartFinish(t.Context(), 7)
			require.EqualError(t, err, test.want)
			_, err = p.StartFinish(t.Context(), 7)
			assert.Error(t, err, "a process that answered wrongly")
			assert.NoError(t, p.Close())
		})
	}
}

// A refusal is not a death, a death is not an end, and none is a protocol fault.
func TestPark_toldApart(t *testing.T) {
	onlyOnLinux(t)
	for _, test := range []struct {
		name, says string
		want       error
	}{
		{"refused", "refused 3 no more", Refused{Asked: 7, Made: 3, Why: "no more"}},
		{"died", "DIE", Refused{Asked: 7, Made: -1, Why: "out of luck (exit status 3)"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			p, err := faked(t, "ready", test.says)
			require.NoError(t, err)
			_, err = p.Park(t.Context(), 7)
			assert.Equal(t, test.want, err)
		})
	}
	p, err := faked(t, "ready", "EXIT")
	require.NoError(t, err)
	_, err = p.Park(t.Context(), 7)
	assert.EqualError(t, err, "Go goroutine: park 7: the program ended without an answer")
	_, err = p.Park(t.Context(), 7)
	assert.EqualError(t, err, "Go goroutine: usage: the process has ended")
}

// Numbers below one are refused before the program hears of them.
func TestProcess_badCounts(t *testing.T) {
	p, err := faked(t, "ready")
	require.NoError(t, err)
	for _, n := range []int{0, -1} {
		_, err := p.Park(t.Context(), n)
		assert.ErrorContains(t, err, "the number must be 1 or more")
		_, err = p.StartFinish(t.Context(), n)
		assert.ErrorContains(t, err, "the number must be 1 or more")
		_, err = p.RoundTrip(t.Context(), n)
		assert.ErrorContains(t, err, "the number must be 1 or more")
	}
}

// A cancelled command returns at once and ends the process.
func TestProcess_cancelled(t *testing.T) {
	p, err := faked(t, "ready", "SILENCE")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	_, err = p.RoundTrip(ctx, 1)
	require.ErrorIs(t, err, context.Canceled)
	<-p.ended
	_, err = p.RoundTrip(t.Context(), 1)
	assert.ErrorIs(t, err, errClosed)
}

// Cancelling the context of Start ends the process.
func TestStart_cancelled(t *testing.T) {
	b := NewBuilder(t.TempDir())
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	p, err := b.Start(ctx, Goroutine, Options{})
	require.NoError(t, err)
	cancel()
	<-p.ended
	_, err = p.RoundTrip(t.Context(), 1)
	require.ErrorIs(t, err, errClosed)
	_, err = b.Start(ctx, Goroutine, Options{})
	assert.ErrorIs(t, err, context.Canceled)
	assert.NoError(t, p.Close())
}

// Close ends a command that is not answered, and may be called again.
func TestProcess_closed(t *testing.T) {
	p, err := faked(t, "ready", "SILENCE")
	require.NoError(t, err)
	time.AfterFunc(50*time.Millisecond, func() { _ = p.Close() })
	_, err = p.RoundTrip(t.Context(), 1)
	require.ErrorIs(t, err, errClosed)
	assert.NoError(t, p.Close())
}

// A program refuses arguments that it does not know, and says so.
func TestStart_unknownArgument(t *testing.T) {
	b := builder(t)
	for _, kind := range Kinds {
		if kind == TokioTask && testing.Short() {
			continue // cargo asks a registry
		}
		p, err := b.Start(t.Context(), kind, Options{Args: []string{"-colour=green"}})
		if _, missing := errors.AsType[Missing](err); missing {
			continue
		}
		if assert.Error(t, err, kind) {
			assert.ErrorContains(t, err, string(kind)+": start: ")
			continue
		}
		_ = p.Close()
	}
	_, err := b.Start(t.Context(), "Erlang process", Options{})
	assert.EqualError(t, err, `unknown kind "Erlang process"`)
}

// Fastest returns the least of each, whatever the round, and stops at an error.
func TestFastest(t *testing.T) {
	of := func(all ...time.Duration) func() (time.Duration, error) {
		return func() (time.Duration, error) {
			if len(all) == 0 {
				return 0, errors.New("no more")
			}
			first := all[0]
			all = all[1:]
			return first, nil
		}
	}
	got, err := Fastest(3, of(5, 3, 4), of(1, 2, 3))
	require.NoError(t, err)
	assert.Equal(t, []time.Duration{3, 1}, got)
	_, err = Fastest(3, of(5, 3, 4), of(1, 2))
	require.EqualError(t, err, "no more")
	_, err = Fastest(0, of(1))
	require.EqualError(t, err, "fastest of 0 rounds: the number must be 1 or more")
}
