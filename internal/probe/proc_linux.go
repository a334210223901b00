package probe

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

func usage(pid int) (Usage, error) {
	dir := fmt.Sprintf("/proc/%d/", pid)
	status, err := table(dir + "status")
	if err != nil {
		return Usage{}, err
	}
	machine, err := table("/proc/meminfo")
	if err != nil {
		return Usage{}, err
	}
	exact, err := table(dir + "smaps_rollup")
	if err != nil {
		return Usage{}, err
	}
	tasks, err := os.Open(dir + "task")
	if err != nil {
		return Usage{}, err
	}
	defer tasks.Close()
	threads, err := tasks.Readdirnames(-1)
	if err != nil {
		return Usage{}, err
	}
	used := Usage{Threads: len(threads)}
	for _, row := range []struct {
		into *int64
		from map[string]int64
		name string
	}{
		{&used.Reserved, status, "VmSize"},
		{&used.PageTables, status, "VmPTE"},
		{&used.Resident, exact, "Rss"},
		{&used.KernelStack, machine, "KernelStack"},
	} {
		kilobytes, ok := row.from[row.name]
		if !ok {
			return Usage{}, fmt.Errorf("/proc tells no %s of process %d", row.name, pid)
		}
		*row.into = kilobytes << 10
	}
	return used, nil
}

// table reads the lines "Name: 12 kB" of a file of /proc. Rows that hold
// anything but a number are left out.
func table(name string) (map[string]int64, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	rows := map[string]int64{}
	for line := range strings.Lines(string(text)) {
		key, value, _ := strings.Cut(line, ":")
		number, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
		if err == nil {
			rows[key] = number
		}
	}
	return rows, nil
}

func available() (int64, error) {
	machine, err := table("/proc/meminfo")
	if err != nil {
		return 0, err
	}
	kilobytes, ok := machine["MemAvailable"]
	if !ok {
		return 0, Missing{"platform: /proc/meminfo tells no MemAvailable"}
	}
	return kilobytes << 10, nil
}

func limits() ([]NamedLimit, error) {
	all, err := threadLimits(os.Getpid())
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(all, func(a, b threadLimit) int { return int(a.Value - b.Value) })
	var named []NamedLimit
	for _, limit := range all {
		// Of the limits of nested control groups the smallest is told.
		if !slices.ContainsFunc(named, func(n NamedLimit) bool { return n.Name == limit.Name }) {
			named = append(named, limit.NamedLimit)
		}
	}
	return named, nil
}

func freeThreads(pid int) (free int64, by string, err error) {
	all, err := threadLimits(pid)
	if err != nil {
		return 0, "", err
	}
	free = math.MaxInt64
	for _, limit := range all {
		if left := max(0, limit.Value-limit.used); left < free {
			free, by = left, fmt.Sprintf("%s (%d)", limit.Name, limit.Value)
		}
	}
	return free, by, nil
}

// threadLimit is a limit and how many threads count against it.
type threadLimit struct {
	NamedLimit
	used int64
}

// threadLimits are the limits on the threads of the process pid, a child of this
// one.
func threadLimits(pid int) ([]threadLimit, error) {
	inAll, err := threadsOfMachine()
	if err != nil {
		return nil, err
	}
	own, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	if err != nil {
		return nil, err
	}
	var all []threadLimit
	for _, row := range []struct {
		name, file string
		divisor    int64
		used       int64
	}{
		{"threads-max", "/proc/sys/kernel/threads-max", 1, inAll},
		{"pid_max", "/proc/sys/kernel/pid_max", 1, inAll},
		{"max_map_count/2", "/proc/sys/vm/max_map_count", 2, int64(len(own))}, // a stack and its guard are a map each
	} {
		value, err := number(row.file)
		if err != nil {
			return nil, err
		}
		all = append(all, threadLimit{NamedLimit{row.name, value / row.divisor}, row.used})
	}
	for _, dir := range pidsGroups() {
		value, err := number(filepath.Join(dir, "pids.max"))
		if err != nil {
			continue // the root has none, and "max" is none
		}
		used, err := number(filepath.Join(dir, "pids.current"))
		if err != nil {
			return nil, err
		}
		all = append(all, threadLimit{NamedLimit{"pids.max", value}, used})
	}
	if uid := os.Getuid(); uid != 0 {
		if value, ok := userLimit(); ok {
			used, err := threadsOfUser(uid)
			if err != nil {
				return nil, err
			}
			all = append(all, threadLimit{NamedLimit{"RLIMIT_NPROC", value}, used})
		}
	}
	return all, nil
}

func number(name string) (int64, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return 0, err
	}
	return strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
}

// threadsOfMachine is the fourth field of /proc/loadavg: "2/345", of which 345
// are all.
func threadsOfMachine() (int64, error) {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(string(text))
	if len(fields) < 4 {
		return 0, fmt.Errorf("/proc/loadavg: %q", text)
	}
	_, all, _ := strings.Cut(fields[3], "/")
	return strconv.ParseInt(all, 10, 64)
}

// threadsOfUser is the number of threads of all processes of a user.
func threadsOfUser(uid int) (int64, error) {
	files, err := filepath.Glob("/proc/[0-9]*/status")
	if err != nil {
		return 0, err
	}
	var threads int64
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended
		}
		var owner, count int64 = -1, 0
		for line := range strings.Lines(string(text)) {
			name, value, _ := strings.Cut(line, ":")
			fields := strings.Fields(value)
			switch {
			case name == "Uid" && len(fields) > 0:
				owner, _ = strconv.ParseInt(fields[0], 10, 64)
			case name == "Threads" && len(fields) > 0:
				count, _ = strconv.ParseInt(fields[0], 10, 64)
			}
		}
		if owner == int64(uid) {
			threads += count
		}
	}
	return threads, nil
}

// pidsGroups are the folders of this process's control group for the pids
// controller and of those above it, the own one first.
func pidsGroups() []string {
	groups, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return nil
	}
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil
	}
	// "5:pids:/path" in version 1, "0::/path" in version 2. Where both are
	// mounted the controller is in version 1 if that has it.
	paths := map[string]string{}
	for line := range strings.Lines(string(groups)) {
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(parts) < 3 {
			continue
		}
		if slices.Contains(strings.Split(parts[1], ","), "pids") {
			paths["cgroup"] = parts[2]
		} else if parts[0] == "0" {
			paths["cgroup2"] = parts[2]
		}
	}
	kind := "cgroup2"
	if _, ok := paths["cgroup"]; ok {
		kind = "cgroup"
	}
	for line := range strings.Lines(string(mounts)) {
		// "36 35 0:30 ROOT POINT rw,... - cgroup cgroup rw,pids"
		before, after, _ := strings.Cut(line, " - ")
		fields, super := strings.Fields(before), strings.Fields(after)
		if len(fields) < 5 || len(super) < 3 || super[0] != kind {
			continue
		}
		if kind == "cgroup" && !slices.Contains(strings.Split(super[2], ","), "pids") {
			continue
		}
		root, point := fields[3], fields[4]
		path, ok := strings.CutPrefix(paths[kind], strings.TrimSuffix(root, "/"))
		if !ok {
			path = "/"
		}
		dirs := []string{}
		for dir := filepath.Join(point, path); ; dir = filepath.Dir(dir) {
			dirs = append(dirs, dir)
			if dir == point || len(dir) <= len(point) {
				return dirs
			}
		}
	}
	return nil
}
