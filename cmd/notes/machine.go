package main

import (
	"os"
	"regexp"
	"runtime"
	"strconv"
	"strings"

	"gonotes/internal/ledger"
)

// machine describes the computer that this runs on. Kernel, processor and
// memory are read from /proc and stay empty where there is none.
func machine() ledger.Machine {
	m := ledger.Machine{OS: runtime.GOOS, Arch: runtime.GOARCH, Cores: runtime.NumCPU()}
	m.Kernel = strings.TrimSpace(readText("/proc/sys/kernel/osrelease"))
	if match := regexp.MustCompile(`(?m)^model name\s*: (.+)$`).FindStringSubmatch(readText("/proc/cpuinfo")); match != nil {
		m.CPU = match[1]
	}
	if match := regexp.MustCompile(`(?m)^MemTotal:\s*(\d+) kB$`).FindStringSubmatch(readText("/proc/meminfo")); match != nil {
		if kib, err := strconv.ParseUint(match[1], 10, 64); err == nil {
			m.MemoryBytes = kib << 10
		}
	}
	return m
}

func readText(name string) string {
	text, err := os.ReadFile(name)
	if err != nil {
		return ""
	}
	return string(text)
}
