//go:build !linux

package probe

func usage(int) (Usage, error) {
	return Usage{}, Missing{"platform: memory of a process is read from /proc"}
}

func limits() ([]NamedLimit, error) {
	return nil, Missing{"platform: limits on threads are read from /proc"}
}

func available() (int64, error) {
	return 0, Missing{"platform: available memory is read from /proc"}
}

func freeThreads(int) (free int64, by string, err error) {
	return 0, "", Missing{"platform: limits on threads are read from /proc"}
}
