package probe

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Process is a running program. Its methods may be called at any time; commands
// wait for each other.
type Process struct {
	kind    Kind
	options Options
	version string
	cage    *cage
	command *exec.Cmd
	stdin   io.WriteCloser
	stderr  head
	lines   chan string // what it prints, closed at the end of that

	asking sync.Mutex // held from a command to its answer

	stop    sync.Once
	stopped chan struct{} // closed when it is to end

	ending sync.Mutex
	reaped bool          // its number may belong to another process
	ended  chan struct{} // closed when it has ended and its limit is lifted
	err    error         // of lifting it
}

// errClosed is what a command gets that is given to a process after its end, or
// cut short by it.
var errClosed = errors.New("the process was closed")

// Start builds the program of kind, unless it is built, and runs it until the
// process is closed or ctx is cancelled. The error is a [Missing] if the machine
// lacks what that takes.
func (b *Builder) Start(ctx context.Context, kind Kind, options Options) (*Process, error) {
	program, err := b.build(ctx, kind)
	if err != nil {
		return nil, err
	}
	cage, err := newCage(options.Limit)
	if err != nil {
		return nil, err
	}
	p, err := start(ctx, kind, program, options, cage)
	if err != nil {
		return nil, errors.Join(err, cage.remove())
	}
	answer, err := p.read(ctx)
	if err == nil && answer[0] != "ready" {
		err = fmt.Errorf("it said %q, want \"ready\" and its version", strings.Join(answer, " "))
	}
	if err != nil {
		return nil, errors.Join(kind.failed("start", err), p.Close())
	}
	p.version = strings.Join(answer[1:], " ")
	return p, nil
}

func start(ctx context.Context, kind Kind, program program, options Options, cage *cage) (*Process, error) {
	program, err := cage.admit(program)
	if err != nil {
		return nil, err
	}
	p := &Process{
		kind:    kind,
		options: options,
		cage:    cage,
		command: exec.Command(program.path, slices.Concat(program.before, options.Args, program.after)...),
		lines:   make(chan string),
		stopped: make(chan struct{}),
		ended:   make(chan struct{}),
	}
	p.command.Env = slices.Concat(os.Environ(), program.env, options.Env)
	p.command.Stderr = &p.stderr
	p.command.WaitDelay = time.Second // for those that inherited its pipes
	ownGroup(p.command)
	if p.stdin, err = p.command.StdinPipe(); err != nil {
		return nil, err
	}
	stdout, err := p.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cage.start(p.command); err != nil {
		return nil, kind.failed("start", err)
	}
	release := context.AfterFunc(ctx, p.end)
	go func() {
		defer close(p.ended)
		p.readLines(stdout)
		p.kill() // it can answer no more
		_ = p.command.Wait()
		p.ending.Lock()
		p.reaped = true
		p.ending.Unlock()
		release()
		p.err = cage.remove()
	}()
	return p, nil
}

// readLines hands on what the process prints, until that or the process is to
// end.
func (p *Process) readLines(stdout io.Reader) {
	defer close(p.lines)
	scanner := bufio.NewScanner(stdout)
	for scanner.Scan() {
		select {
		case p.lines <- scanner.Text():
		case <-p.stopped:
			return
		}
	}
}

// end lets the process end soon.
func (p *Process) end() {
	p.stop.Do(func() {
		close(p.stopped)
		p.kill()
	})
}

func (p *Process) kill() {
	p.ending.Lock()
	defer p.ending.Unlock()
	if !p.reaped {
		killGroup(p.command.Process)
	}
}

// Close ends the process, whatever it is doing, and waits until it has ended.
func (p *Process) Close() error {
	p.end()
	<-p.ended
	return p.err
}

// failed says what was done with which kind, except of what is missing, whose
// text is a reason as it stands.
func (k Kind) failed(what string, err error) error {
	if _, ok := errors.AsType[Missing](err); ok {
		return err
	}
	return fmt.Errorf("%s: %s: %w", k, what, err)
}

// Version is the runtime or compiler and its version: "Go 1.26.8", "JDK 25.0.1".
func (p *Process) Version() string { return p.version }

// Usage reads what the process holds now. The error is a [Missing] on anything
// but Linux.
func (p *Process) Usage() (Usage, error) {
	p.ending.Lock()
	defer p.ending.Unlock()
	if p.reaped {
		return Usage{}, fmt.Errorf("%s: usage: the process has ended", p.kind)
	}
	usage, err := usage(p.command.Process.Pid)
	if err != nil {
		return Usage{}, p.kind.failed("usage", err)
	}
	return usage, nil
}

// Park starts so many tasks more, which all wait, and measures them. The error is
// a [Refused] if they could not all be started, and a [Missing] where that cannot
// be measured or would take more than half of the threads that the machine has
// left, unless the process has a Limit.
func (p *Process) Park(ctx context.Context, tasks int) (Parked, error) {
	parked := Parked{Tasks: tasks}
	if err := p.room(tasks); err != nil {
		return parked, err
	}
	var err error
	if parked.Before, err = p.Usage(); err != nil {
		return parked, err
	}
	answer, err := p.ask(ctx, "park", tasks, "parked", 3)
	if gone, ok := errors.AsType[died](err); ok {
		return parked, Refused{tasks, -1, gone.Error()}
	}
	if err != nil {
		return parked, err
	}
	if answer.refused != "" {
		return parked, Refused{tasks, answer.numbers[0], answer.refused}
	}
	parked.Start = time.Duration(answer.numbers[1])
	parked.ThreadIDs = answer.numbers[2]
	parked.After, err = p.Usage()
	return parked, err
}

// Wake lets all parked tasks add one to a sum and end. It returns the sum.
func (p *Process) Wake(ctx context.Context) (sum int, took time.Duration, err error) {
	answer, err := p.ask(ctx, "wake", 0, "woken", 2)
	if err != nil {
		return 0, 0, err
	}
	return answer.numbers[0], time.Duration(answer.numbers[1]), nil
}

// StartFinish starts tasks one after another, each when the one before has
// ended, and returns the mean time of one.
func (p *Process) StartFinish(ctx context.Context, tasks int) (time.Duration, error) {
	return p.mean(ctx, "start", tasks, "started")
}

// RoundTrip lets two tasks wake each other in turn, and returns the mean time
// of a turn there and back.
func (p *Process) RoundTrip(ctx context.Context, trips int) (time.Duration, error) {
	return p.mean(ctx, "roundtrip", trips, "roundtrip")
}

func (p *Process) mean(ctx context.Context, command string, n int, word string) (time.Duration, error) {
	answer, err := p.ask(ctx, command, n, word, 1)
	switch {
	case err != nil:
		return 0, err
	case answer.refused != "":
		return 0, Refused{n, answer.numbers[0], answer.refused}
	}
	return time.Duration(answer.numbers[0]), nil
}

// answer is a line that a program printed.
type answer struct {
	numbers []int
	refused string // why, and then there is one number, of the tasks made
}

// ask gives a command, with its number unless it is "wake", and reads the answer,
// which must be word and so many numbers, or a refusal. A process that answers
// anything else is closed.
func (p *Process) ask(ctx context.Context, command string, n int, word string, numbers int) (answer, error) {
	p.asking.Lock()
	defer p.asking.Unlock()
	if command != "wake" {
		if n <= 0 {
			return answer{}, fmt.Errorf("%s: %s %d: the number must be 1 or more", p.kind, command, n)
		}
		command += " " + strconv.Itoa(n)
	}
	// If it cannot be written, reading finds out why.
	_, _ = io.WriteString(p.stdin, command+"\n")
	fields, err := p.read(ctx)
	if err != nil {
		return answer{}, p.kind.failed(command, err)
	}
	var a answer
	if fields[0] == "refused" && len(fields) > 2 {
		a.refused = strings.Join(fields[2:], " ")
		word, fields, numbers = "refused", fields[:2], 1
	}
	for _, field := range fields[1:] {
		number, err := strconv.Atoi(field)
		if err != nil {
			break
		}
		a.numbers = append(a.numbers, number)
	}
	if fields[0] != word || len(a.numbers) != numbers || len(fields) != numbers+1 {
		p.end()
		return answer{}, fmt.Errorf("%s: %s: it said %q, want %q and %d numbers", p.kind, command, strings.Join(fields, " "), word, numbers)
	}
	return a, nil
}

// read returns the words of the next line that the process prints. It ends the
// process when ctx is cancelled.
func (p *Process) read(ctx context.Context) ([]string, error) {
	select {
	case line, ok := <-p.lines:
		if ok {
			return strings.Split(line, " "), nil
		}
	case <-ctx.Done():
		p.end()
		return nil, context.Cause(ctx)
	}
	<-p.ended
	select {
	case <-p.stopped:
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		return nil, errClosed
	default:
	}
	state := p.command.ProcessState
	if state.Success() {
		return nil, errors.New("the program ended without an answer")
	}
	return nil, died{state.String(), p.stderr.reason()}
}

// room refuses to start more threads than half of those that the machine has
// left: all that the neighbours would not get is taken from them.
func (p *Process) room(tasks int) error {
	if p.options.Limit != (Limit{}) || !p.threads() {
		return nil
	}
	if p.kind == Goroutine || p.kind == LockedThread {
		tasks = min(tasks, 10_000) // the runtime lets it have no more
	}
	free, by, err := freeThreads(p.command.Process.Pid)
	if err != nil {
		return err
	}
	if int64(tasks) > free/2 {
		return Missing{fmt.Sprintf("platform: %d threads without a limit of their own, when %s leaves %d in all", tasks, by, free)}
	}
	return nil
}

// threads tells whether each task takes a thread.
func (p *Process) threads() bool {
	return p.kind.Thread() || p.kind == Goroutine &&
		(slices.Contains(p.options.Args, "-wait=locked") || slices.Contains(p.options.Args, "-wait=rawread"))
}

// died is the error of a process that ended by itself, and not well.
type died struct {
	state string // "exit status 2"
	said  string
}

func (e died) Error() string {
	if e.said == "" {
		return e.state
	}
	return e.said + " (" + e.state + ")"
}

// head is the beginning of what is written to it.
type head struct{ text []byte }

func (h *head) Write(p []byte) (int, error) {
	h.text = append(h.text, p[:min(len(p), 1<<14-len(h.text))]...)
	return len(p), nil
}

// reason is the first line, and the line that names Go's fatal error if that is
// another.
func (h *head) reason() string {
	var said []string
	for line := range strings.Lines(string(h.text)) {
		line = strings.TrimSpace(line)
		if line != "" && (said == nil || strings.HasPrefix(line, "fatal error: ")) {
			said = append(said, line)
		}
	}
	return strings.Join(said, "; ")
}
