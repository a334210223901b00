package collector_test

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"
)

// cpu returns the time that the process has used so far, to 10 ms (proc_pid_stat(5)).
func (p *process) cpu(t testing.TB) time.Duration {
	t.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.Process.Pid))
	require.NoError(t, err)
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+2:])) // from the third on
	user, err := strconv.Atoi(fields[11])
	require.NoError(t, err)
	system, err := strconv.Atoi(fields[12])
	require.NoError(t, err)
	return time.Duration(user+system) * 10 * time.Millisecond
}

// peak returns the most bytes of memory that the process has had (proc_pid_status(5)).
func (p *process) peak(t testing.TB) int64 {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.Process.Pid))
	require.NoError(t, err)
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	line, _, _ := strings.Cut(rest, " kB\n")
	kilobytes, err := strconv.ParseInt(strings.TrimSpace(line), 10, 64)
	require.NoError(t, err)
	return kilobytes << 10
}

// load is what is sent to a process.
type load struct {
	rate   int // events a second, at most
	events int // of a request
	conns  int // each of which waits for its answer
	lasts  time.Duration
}

// played is what happened while load was played.
type played struct {
	events   int
	took     time.Duration
	cpu      time.Duration  // of the process
	statuses map[string]int // answers by status
}

// requests returns some that differ, so that together they are to all hundred sites.
func (l load) requests(addr string) (all [][]byte) {
	for n := 0; n < 100; n += l.events {
		content := contentOf(n, l.events)
		all = append(all, fmt.Appendf(nil, "POST /events HTTP/1.1\r\nHost: %s\r\nUser-Agent: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
			addr, browser, len(content), content))
	}
	return all
}

// play sends the load.
func (p *process) play(t testing.TB, l load) played {
	t.Helper()
	all, requests := played{statuses: map[string]int{}}, l.requests(p.addr)
	var sent atomic.Int64
	var mu sync.Mutex
	var g errgroup.Group
	before, begin := p.cpu(t), time.Now()
	for range l.conns {
		g.Go(func() error {
			var conn net.Conn
			defer func() {
				if conn != nil {
					conn.Close()
				}
			}()
			var r *bufio.Reader
			statuses := map[string]int{}
			for {
				n := int(sent.Add(1) - 1)
				due := time.Duration(n*l.events) * time.Second / time.Duration(l.rate)
				if due >= l.lasts || time.Since(begin) >= l.lasts {
					break
				}
				time.Sleep(due - time.Since(begin))
				if conn == nil { // not before: a server hangs up on who says nothing
					var err error
					if conn, err = net.Dial("tcp", p.addr); err != nil {
						return err
					}
					r = bufio.NewReader(conn)
				}
				if _, err := conn.Write(requests[n%len(requests)]); err != nil {
					return err
				}
				status, last, err := statusOf(r)
				if err != nil {
					return err
				}
				if statuses[status]++; last {
					conn.Close()
					conn = nil
				}
			}
			mu.Lock()
			defer mu.Unlock()
			for status, n := range statuses {
				all.statuses[status] += n
				all.events += n * l.events
			}
			return nil
		})
	}
	require.NoError(t, g.Wait())
	all.took, all.cpu = time.Since(begin), p.cpu(t)-before
	return all
}

// statusOf reads an answer, and whether it is the last of its connection. What
// http.ReadResponse does besides would cost the client as much as the server.
func statusOf(r *bufio.Reader) (status string, last bool, err error) {
	length := 0
	for {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return "", false, err
		}
		switch name, value, _ := strings.Cut(strings.TrimSpace(string(line)), " "); name {
		case "HTTP/1.1":
			status, _, _ = strings.Cut(value, " ")
		case "Connection:":
			last = value == "close"
		case "Content-Length:":
			if length, err = strconv.Atoi(value); err != nil {
				return "", false, err
			}
		case "":
			_, err := r.Discard(length)
			return status, last, err
		}
	}
}
