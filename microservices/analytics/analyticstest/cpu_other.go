//go:build !unix

package analyticstest

import "time"

// cpuTime is not known here.
func cpuTime() time.Duration { return 0 }
