package collector_test

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"gonotes/microservices/collector"
	"gonotes/microservices/event"
	"gonotes/microservices/sites"
)

// visit is what tells visitors apart.
type visit struct {
	secret    []byte
	at        time.Time
	addr      string // with a port
	agent     string
	visitor   string
	forwarded []string
}

// personOf returns who it is on the bus.
func personOf(t *testing.T, v visit) event.Person {
	t.Helper()
	bus := &fakeBus{}
	c, err := collector.New(bus, sites.Of(known...), v.secret, nil, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	r := newRequest(http.MethodPost, "/events", jsonType, strings.NewReader(view(1, fmt.Sprintf(`"time":%q,"visitor":%q`, v.at.Format(time.RFC3339), v.visitor))))
	r.RemoteAddr = v.addr
	r.Header.Set("User-Agent", v.agent)
	r.Header["X-Forwarded-For"] = v.forwarded
	got := do(c, r)
	require.Equal(t, http.StatusAccepted, got.status, got.body)
	value := string(bus.records[0].Value)
	for _, private := range []string{"203.0.113.7", "2001:db8::7", "name-of-ann", string(v.secret)} {
		assert.NotContains(t, value, private)
	}
	return bus.take(t)[0].Person
}

// A person is the same on each day of a month, another in the next month and under
// another secret, and never what it is made of.
func TestPerson(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(time.Date(2000, 3, 5, 0, 0, 0, 0, time.UTC)))
		day := func(month time.Month, d int) time.Time { return time.Date(2000, month, d, 12, 0, 0, 0, time.UTC) }
		named := visit{secret: secret, at: day(2, 10), addr: "203.0.113.7:5000", agent: browser, visitor: "name-of-ann"}
		nameless := named
		nameless.visitor = ""
		for _, v := range []visit{named, nameless} {
			want := personOf(t, v)
			assert.NotContains(t, string(want[:]), "203.0.113.7")
			assert.NotContains(t, string(want[:]), string([]byte{203, 0, 113, 7}))
			assert.NotContains(t, string(want[:]), "name-of-ann")
			same := func(what string, change func(*visit)) {
				w := v
				change(&w)
				assert.Equal(t, want, personOf(t, w), what)
			}
			other := func(what string, change func(*visit)) {
				w := v
				change(&w)
				assert.NotEqual(t, want, personOf(t, w), what)
			}
			for _, d := range []int{8, 15, 20, 25, 29} {
				same("another day", func(v *visit) { v.at = day(2, d) })
			}
			same("another port", func(v *visit) { v.addr = "203.0.113.7:6000" })
			same("the address as IPv6", func(v *visit) { v.addr = "[::ffff:203.0.113.7]:5000" })
			same("what a stranger says of a stranger", func(v *visit) { v.forwarded = []string{"198.51.100.1"} })
			same("as a proxy here says it", func(v *visit) { v.addr, v.forwarded = "127.0.0.1:7000", []string{"203.0.113.7"} })
			for _, proxy := range []string{"172.18.0.7:7000", "10.1.2.3:7000", "192.168.0.2:7000", "[fd00::1]:7000"} {
				same("as a proxy in this network says it", func(v *visit) { v.addr, v.forwarded = proxy, []string{"203.0.113.7"} })
			}
			same("behind proxies, the last of which is here", func(v *visit) {
				v.addr, v.forwarded = "[::1]:7000", []string{"198.51.100.1", "198.51.100.2, 203.0.113.7"}
			})
			other("another month", func(v *visit) { v.at = day(3, 1) })
			other("another secret", func(v *visit) { v.secret = bytes.Repeat([]byte{8}, 32) })
			if v.visitor != "" {
				same("the name from elsewhere", func(v *visit) { v.addr, v.agent = "[2001:db8::7]:1", "curl" })
				other("another name", func(v *visit) { v.visitor = "name-of-bob" })
				continue
			}
			other("another address", func(v *visit) { v.addr = "203.0.113.8:5000" })
			other("an IPv6 address", func(v *visit) { v.addr = "[2001:db8::7]:5000" })
			other("another browser", func(v *visit) { v.agent = "curl" })
			other("no browser", func(v *visit) { v.agent = "" })
			other("an address that is none", func(v *visit) { v.addr = "@" })
			other("what a proxy here cannot say", func(v *visit) { v.addr, v.forwarded = "127.0.0.1:7000", []string{"unknown"} })
			other("a name that looks like an address", func(v *visit) { v.visitor = "203.0.113.7" })
			assert.Equal(t, personOf(t, visit{secret: secret, at: day(2, 10), addr: "203.0.113.7:1", agent: strings.Repeat("a", 200)}),
				personOf(t, visit{secret: secret, at: day(2, 10), addr: "203.0.113.7:1", agent: strings.Repeat("a", 5000)}), "browsers are told apart by so much")
		}
		of := visit{secret: secret, at: day(2, 10), addr: "[6161:6161:6161:6161:6161:6161:6161:6161]:1", agent: "b"}
		like := of
		like.visitor = "a" + strings.Repeat("a", 16) + "b"
		assert.NotEqual(t, personOf(t, of), personOf(t, like), "nobody is called like an address")
		// The year counts, too: MaxAge and MaxAhead span none, so the clock goes on.
		v := named
		v.at = time.Now()
		march := personOf(t, v)
		time.Sleep(time.Until(time.Date(2001, 3, 5, 0, 0, 0, 0, time.UTC)))
		v.at = time.Now()
		assert.NotEqual(t, march, personOf(t, v), "a year later")
	})
}

// Of several processes that make the file of the secret at once, all have the same, and
// it stays.
func TestSecret_processes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secret")
	const processes = 8
	outs := make([]io.Reader, processes)
	gates := make([]io.WriteCloser, processes)
	for i := range processes {
		cmd := exec.Command(os.Args[0], path)
		cmd.Env = append(os.Environ(), roleEnv+"=secret")
		cmd.Stderr = os.Stderr
		var err error
		gates[i], err = cmd.StdinPipe()
		require.NoError(t, err)
		outs[i], err = cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		t.Cleanup(func() { cmd.Wait() })
	}
	for i := range processes {
		ready := make([]byte, 1)
		_, err := io.ReadFull(outs[i], ready)
		require.NoError(t, err)
	}
	for _, gate := range gates {
		gate.Close()
	}
	want, err := collector.SecretIn(path)
	require.NoError(t, err)
	assert.Len(t, want, 32)
	assert.NotEqual(t, make([]byte, 32), want)
	for _, out := range outs {
		got, err := io.ReadAll(out)
		require.NoError(t, err)
		assert.Equal(t, want, got)
	}
	again, err := collector.SecretIn(path)
	require.NoError(t, err)
	assert.Equal(t, want, again)
	files, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	assert.Len(t, files, 1, "nothing else is left")
	info, err := os.Stat(path)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode(), "nobody else reads it")
}

// printSecret waits until its standard input ends, and then prints the secret.
func printSecret(path string) error {
	os.Stdout.Write([]byte{'.'})
	io.Copy(io.Discard, os.Stdin)
	got, err := collector.SecretIn(path)
	os.Stdout.Write(got)
	return err
}

// A secret that is there is read as it stands, and errors name the file.
func TestSecret_file(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secret")
	require.NoError(t, os.WriteFile(path, []byte("what somebody wrote, 32 bytes long"), 0o400))
	got, err := collector.SecretIn(path)
	require.NoError(t, err)
	assert.Equal(t, "what somebody wrote, 32 bytes long", string(got))
	for _, path := range []string{filepath.Join(path, "x"), filepath.Join(t.TempDir(), "no", "secret"), t.TempDir()} {
		_, err := collector.SecretIn(path)
		assert.ErrorContains(t, err, filepath.Dir(path))
	}
}
