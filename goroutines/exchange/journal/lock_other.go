//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly)

package journal

import (
	"os"
	"path/filepath"
)

// Lock makes the file alone: package syscall has no lock on this system.
func Lock(directory string) (*os.File, error) {
	return os.OpenFile(filepath.Join(directory, "lock"), os.O_RDWR|os.O_CREATE, 0o644)
}
