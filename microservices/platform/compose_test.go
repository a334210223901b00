package platform_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"gonotes/microservices/platform"
)

const composeFile = "../../compose.yaml"

// compose is what a compose file may say here: anything else is a mistake.
type compose struct {
	Name     string
	Services map[string]composeService
	Volumes  map[string]any
}

type composeService struct {
	Image, Build, Restart string
	Profiles              []string
	Command               []string
	Environment           map[string]string
	Ports, Volumes        []string
	DependsOn             map[string]struct{ Condition string } `yaml:"depends_on"`
	Healthcheck           *struct {
		Test              []string
		Interval, Timeout string
		Retries           int
	}
	ReadOnly    bool     `yaml:"read_only"`
	CapDrop     []string `yaml:"cap_drop"`
	SecurityOpt []string `yaml:"security_opt"`
}

// The compose file is right in what can be known of it without images.
func TestCompose(t *testing.T) {
	text, err := os.ReadFile(composeFile)
	require.NoError(t, err)
	assert.NoError(t, checkCompose(t, text))
}

// Docker takes the compose file.
func TestCompose_docker(t *testing.T) {
	if exec.CommandContext(t.Context(), "docker", "compose", "version").Run() != nil {
		t.Skip("tool: no docker compose")
	}
	out, err := exec.CommandContext(t.Context(), "docker", "compose", "--file", composeFile, "--profile", "*", "config", "--quiet").CombinedOutput()
	assert.NoError(t, err, "%s", out)
}

// Each mistake is found.
func TestCompose_refused(t *testing.T) {
	text, err := os.ReadFile(composeFile)
	require.NoError(t, err)
	for _, test := range []struct{ old, new, want string }{
		{"\n  kafka:\n", "\n kafka:\n", "yaml: "},
		{"    healthcheck:\n", "    healthchecks:\n", "healthchecks not found"},
		{"image: apache/kafka:4.3.1", "restart: always", "kafka: no image"},
		{"apache/kafka:4.3.1", "apache/kafka:latest", `kafka: the image "apache/kafka:latest" has no version`},
		{"      mongodb: {condition: service_healthy}", "      mongo: {condition: service_healthy}", `config: depends on "mongo", which is none`},
		{"      config: {condition: service_started}", "      config: {condition: service_healthy}", "gateway: waits for the health of config, which has no healthcheck"},
		{"127.0.0.1:9042:9042", "127.0.0.1:9092:9042", "two services have the port 9092"},
		{"127.0.0.1:9042:9042", "9042:9042", `the port "9042:9042" is not on 127.0.0.1 only`},
		{"[\"gateway:/data\"]", "[\"tokens:/data\"]", `gateway: the volume "tokens" is none`},
		{"volumes: [\"collector:/data\"]", "volumes: [\"gateway:/data\"]", `nobody has the volume "collector"`},
		{"command: [config, ", "command: [configuration, ", "config: its command is configuration"},
		{"[insights, -addr", "[insights, -address", "insights: flag provided but not defined: -address"},
		{"CASSANDRA_HOSTS:", "CASSANDRA_NODES:", "aggregator: CASSANDRA_NODES is not read"},
		{"CASSANDRA_HOSTS: cassandra:9042", "CASSANDRA_HOSTS: cassandra:9160", "aggregator: cassandra does not listen on port 9160"},
		{"-insights=http://insights:8104", "-insights=http://insights:8103", "gateway: insights does not listen on port 8103"},
		{"http://collector:8102", "http://collectors:8102", `gateway: "collectors:8102" is no service`},
		{"[config, -addr, \":8101\"]", "[config, -addr, \"127.0.0.1:8101\"]", "gateway: config does not listen on port 8101"},
	} {
		require.Contains(t, string(text), test.old)
		assert.ErrorContains(t, checkCompose(t, []byte(strings.Replace(string(text), test.old, test.new, 1))), test.want, test.new)
	}
}

var (
	withVersion = regexp.MustCompile(`^[a-z/]+:\d+\.\d+\.\d+$`)
	address     = regexp.MustCompile(`\b([a-z]+):(\d{4,5})\b`)
)

// checkCompose returns all that is wrong with a compose file.
func checkCompose(t *testing.T, text []byte) error {
	var file compose
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	if err := decoder.Decode(&file); err != nil {
		return err
	}
	var wrong []error
	find := func(format string, args ...any) { wrong = append(wrong, fmt.Errorf(format, args...)) }
	ports, volumes := map[string]bool{}, map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(file.Services)) {
		s := file.Services[name]
		switch {
		case s.Image == "":
			find("%s: no image", name)
		case s.Build == "" && !withVersion.MatchString(s.Image):
			find("%s: the image %q has no version", name, s.Image)
		}
		for on, how := range s.DependsOn {
			if other, ok := file.Services[on]; !ok {
				find("%s: depends on %q, which is none", name, on)
			} else if how.Condition == "service_healthy" && other.Healthcheck == nil {
				find("%s: waits for the health of %s, which has no healthcheck", name, on)
			}
		}
		for _, port := range s.Ports {
			host, rest, _ := strings.Cut(port, ":")
			outside, _, _ := strings.Cut(rest, ":")
			if host != "127.0.0.1" {
				find("%s: the port %q is not on 127.0.0.1 only", name, port)
			}
			if ports[outside] {
				find("%s: two services have the port %s", name, outside)
			}
			ports[outside] = true
		}
		for _, volume := range s.Volumes {
			from, _, _ := strings.Cut(volume, ":")
			if _, ok := file.Volumes[from]; !ok {
				find("%s: the volume %q is none", name, from)
			}
			volumes[from] = true
		}
		if s.Build != "" {
			wrong = append(wrong, s.isService(t, name)...)
			wrong = append(wrong, s.finds(file, name)...)
		}
	}
	for volume := range file.Volumes {
		if !volumes[volume] {
			find("nobody has the volume %q", volume)
		}
	}
	return errors.Join(wrong...)
}

// isService finds out whether the command is the service of its name, knows its flags,
// and reads the variables of the environment.
func (s composeService) isService(t *testing.T, name string) (wrong []error) {
	if len(s.Command) == 0 || s.Command[0] != name {
		return []error{fmt.Errorf("%s: its command is %s", name, strings.Join(s.Command, " "))}
	}
	for key := range s.Environment {
		t.Setenv(key, "value of "+key)
	}
	var help bytes.Buffer
	err := platform.Command(t.Context(), append(slices.Clone(s.Command), "-h"), io.Discard, &help)
	if !errors.Is(err, flag.ErrHelp) {
		wrong = append(wrong, fmt.Errorf("%s: %w", name, err))
	}
	for key := range s.Environment { // help shows what it read
		if !strings.Contains(help.String(), `(default "value of `+key+`")`) {
			wrong = append(wrong, fmt.Errorf("%s: %s is not read", name, key))
		}
	}
	return wrong
}

// finds finds out whether services listen where this one looks for them.
func (s composeService) finds(file compose, name string) (wrong []error) {
	for _, text := range slices.Concat(s.Command, slices.Collect(maps.Values(s.Environment))) {
		for _, found := range address.FindAllStringSubmatch(text, -1) {
			other, ok := file.Services[found[1]]
			if !ok {
				wrong = append(wrong, fmt.Errorf("%s: %q is no service", name, found[0]))
			} else if !other.listens(found[2]) {
				wrong = append(wrong, fmt.Errorf("%s: %s does not listen on port %s", name, found[1], found[2]))
			}
		}
	}
	return wrong
}

// listens reports whether the command, the environment or the ports that are given to
// this machine name the port.
func (s composeService) listens(port string) bool {
	for _, text := range slices.Concat(s.Command, slices.Collect(maps.Values(s.Environment))) {
		if regexp.MustCompile(`(^|[=/,]):` + port + `\b`).MatchString(text) {
			return true
		}
	}
	return slices.ContainsFunc(s.Ports, func(p string) bool { return strings.HasSuffix(p, ":"+port) })
}
