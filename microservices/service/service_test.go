package service_test

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"gonotes/microservices/service"
	"gonotes/microservices/telemetry"
)

const tuneEnv = "GONOTES_TUNE"

func TestMain(m *testing.M) {
	if os.Getenv(tuneEnv) != "" {
		service.Tune()
		fmt.Print(debug.SetGCPercent(1), " ", debug.SetMemoryLimit(-1))
		return
	}
	os.Exit(m.Run())
}

var quiet = slog.New(slog.DiscardHandler)

// A service says where it listens, lives, says why it is not ready, is ready, is watched,
// and ends with its context.
func TestServe(t *testing.T) {
	watch, err := telemetry.New(t.Context(), "test")
	require.NoError(t, err)
	defer watch.Close()
	said, log := io.Pipe()
	var starting, hanging atomic.Bool
	starting.Store(true)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- service.Serve(ctx, "127.0.0.1:0", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "it is "+r.URL.Path) }),
			func(ctx context.Context) error {
				if hanging.Load() {
					<-ctx.Done()
					return ctx.Err()
				}
				if starting.Load() {
					return errors.New("the sites are not known yet")
				}
				return nil
			}, watch, slog.New(slog.NewJSONHandler(log, nil)))
	}()
	var line struct{ Msg, Addr string }
	require.NoError(t, json.NewDecoder(said).Decode(&line))
	require.Equal(t, "serving", line.Msg)
	addr := line.Addr
	go io.Copy(io.Discard, said)
	get := func(path string) (int, string) {
		response, err := http.Get("http://" + addr + path)
		if err != nil {
			return 0, err.Error()
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		assert.NoError(t, err)
		return response.StatusCode, string(body)
	}
	status, _ := get("/health")
	assert.Equal(t, http.StatusNoContent, status)
	status, body := get("/ready")
	assert.Equal(t, http.StatusServiceUnavailable, status)
	assert.Contains(t, body, "Not ready: the sites are not known yet.")
	starting.Store(false)
	status, _ = get("/ready")
	assert.Equal(t, http.StatusNoContent, status)
	hanging.Store(true)
	status, body = get("/ready")
	assert.Equal(t, http.StatusServiceUnavailable, status)
	assert.Contains(t, body, "Not ready: context deadline exceeded.")
	_, body = get("/other")
	assert.Equal(t, "it is /other", body)
	status, body = get("/metrics")
	assert.Equal(t, http.StatusOK, status)
	assert.Contains(t, body, `http_request_duration_seconds_count{route="other",status="200"} 1`)

	err = service.Serve(t.Context(), addr, http.NotFoundHandler(), func(context.Context) error { return nil }, nil, quiet)
	assert.ErrorContains(t, err, "listen tcp "+addr)
	stop()
	assert.NoError(t, <-ended)
	status, _ = get("/health")
	assert.Zero(t, status)
}

// A command takes its flags and nothing else.
func TestParse(t *testing.T) {
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"-addr", "a"}, ""},
		{[]string{"-addr", "a", "b"}, `argument "b", want none`},
		{[]string{"-port", "1"}, "not defined: -port"},
	} {
		flags := flag.NewFlagSet("x", flag.ContinueOnError)
		flags.SetOutput(io.Discard)
		addr := flags.String("addr", "", "")
		err := service.Parse(flags, test.args)
		if test.want == "" {
			assert.NoError(t, err)
			assert.Equal(t, "a", *addr)
		} else {
			assert.ErrorContains(t, err, test.want)
		}
	}
}

// A service collects garbage late and within a limit, unless it is told otherwise.
func TestTune(t *testing.T) {
	for _, test := range []struct{ env, want string }{
		{"", "400 1073741824"},
		{"GOGC=50", "50 1073741824"},
		{"GOMEMLIMIT=1MiB", "400 1048576"},
	} {
		cmd := exec.Command(os.Args[0])
		for _, variable := range os.Environ() {
			if !strings.HasPrefix(variable, "GOGC=") && !strings.HasPrefix(variable, "GOMEMLIMIT=") {
				cmd.Env = append(cmd.Env, variable)
			}
		}
		cmd.Env = append(cmd.Env, tuneEnv+"=1")
		if test.env != "" {
			cmd.Env = append(cmd.Env, test.env)
		}
		out, err := cmd.Output()
		require.NoError(t, err)
		assert.Equal(t, test.want, string(out), test.env)
	}
}
