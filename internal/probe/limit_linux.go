package probe

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"
	"unsafe"
)

// cage confines the threads of one process.
type cage struct {
	limit Limit
	uid   int    // that the process runs as, 0 for that of this process
	open  string // folder that another user may read, for what the process runs
	group string // folder of its control group
}

// newCage makes what a limit takes. The error is a [Missing] if this machine or
// user does not allow it.
func newCage(limit Limit) (*cage, error) {
	c := &cage{limit: limit}
	switch {
	case limit == Limit{}:
		return c, nil
	case limit.Threads <= 0:
		return nil, fmt.Errorf("a limit of %d threads: the number must be 1 or more", limit.Threads)
	case limit.By == LimitUser && os.Getuid() != 0:
		return c, nil
	case limit.By == LimitUser:
		return c, c.findUser()
	case limit.By == LimitGroup:
		return c, c.makeGroup()
	}
	return nil, fmt.Errorf("unknown limit %q: want %s or %s", limit.By, LimitUser, LimitGroup)
}

// findUser chooses a user that runs nothing.
func (c *cage) findUser() error {
	first := 50_000 + rand.IntN(9_000)
	for uid := first; uid < first+1_000; uid++ {
		if threads, err := threadsOfUser(uid); err == nil && threads == 0 {
			c.uid = uid
			return nil
		}
	}
	return Missing{"platform: no user that runs nothing, for " + LimitUser}
}

// makeGroup makes a control group inside that of this process, or inside one
// above it where the controller is not handed down.
func (c *cage) makeGroup() error {
	why := errors.New("no pids controller")
	for _, parent := range pidsGroups() {
		dir, err := os.MkdirTemp(parent, "gonotes-")
		if err != nil {
			why = err
			continue
		}
		if err := os.WriteFile(filepath.Join(dir, "pids.max"), []byte(strconv.Itoa(c.limit.Threads)), 0); err != nil {
			why = err
			_ = os.Remove(dir)
			continue
		}
		c.group = dir
		return nil
	}
	if path, ok := errors.AsType[*fs.PathError](why); ok {
		why = path.Err // its name is drawn at random
	}
	return Missing{fmt.Sprintf("platform: no control group with %s can be made: %v", LimitGroup, why)}
}

// admit returns the program as the process can run it: another user may not
// read the builder's folder.
func (c *cage) admit(p program) (program, error) {
	if c.uid == 0 {
		return p, nil
	}
	dir, err := os.MkdirTemp("", "gonotes-")
	if err != nil {
		return p, err
	}
	c.open = dir
	if err := os.CopyFS(filepath.Join(dir, "run"), os.DirFS(p.dir)); err != nil {
		return p, err
	}
	err = filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Chmod(path, 0o755)
	})
	if err != nil {
		return p, err
	}
	for above := filepath.Dir(dir); above != "/"; above = filepath.Dir(above) {
		if info, err := os.Stat(above); err != nil || info.Mode()&0o001 == 0 {
			return p, Missing{"platform: no temporary folder that another user may read, for " + LimitUser}
		}
	}
	return p.moved(filepath.Join(dir, "run")), nil
}

// start starts the command, confined.
func (c *cage) start(command *exec.Cmd) error {
	var err error
	switch {
	case c.uid != 0:
		err = c.startAsUser(command)
	case c.limit.By == LimitUser:
		err = c.startAsThisUser(command)
	case c.limit.By == LimitGroup:
		err = c.startInGroup(command)
	default:
		return command.Start()
	}
	if err != nil {
		return Missing{fmt.Sprintf("platform: %s cannot be set: %v", c.limit.By, err)}
	}
	return nil
}

// lowering is held while this process has the limit that a child is to inherit.
var lowering sync.Mutex

// startAsUser starts it as a user that runs nothing else. Root in a container may
// not set the limit of a running process of another user, so the child inherits
// it. The limit does not bind root meanwhile.
func (c *cage) startAsUser(command *exec.Cmd) error {
	lowering.Lock()
	defer lowering.Unlock()
	var before syscall.Rlimit
	if err := syscall.Getrlimit(rlimitNproc, &before); err != nil {
		return err
	}
	lowered := syscall.Rlimit{Cur: min(uint64(c.limit.Threads), before.Max), Max: before.Max}
	if err := syscall.Setrlimit(rlimitNproc, &lowered); err != nil {
		return err
	}
	command.Dir = "/"
	command.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(c.uid), Gid: uint32(c.uid)}
	return errors.Join(command.Start(), syscall.Setrlimit(rlimitNproc, &before))
}

// startAsThisUser starts it with so many threads more than this user has now.
func (c *cage) startAsThisUser(command *exec.Cmd) error {
	others, err := threadsOfUser(os.Getuid())
	if err != nil {
		return err
	}
	if err := command.Start(); err != nil {
		return err
	}
	threads := uint64(others) + uint64(c.limit.Threads)
	limit := syscall.Rlimit{Cur: threads, Max: threads}
	_, _, failed := syscall.RawSyscall6(syscall.SYS_PRLIMIT64, uintptr(command.Process.Pid), rlimitNproc, uintptr(unsafe.Pointer(&limit)), 0, 0, 0)
	if failed != 0 {
		return endOf(command, os.NewSyscallError("prlimit", failed))
	}
	return nil
}

// startInGroup starts it in the control group.
func (c *cage) startInGroup(command *exec.Cmd) error {
	if err := command.Start(); err != nil {
		return err
	}
	err := os.WriteFile(filepath.Join(c.group, "cgroup.procs"), []byte(strconv.Itoa(command.Process.Pid)), 0)
	if err != nil {
		return endOf(command, err)
	}
	return nil
}

// endOf ends a command that could not be confined.
func endOf(command *exec.Cmd, err error) error {
	killGroup(command.Process)
	_ = command.Wait()
	return err
}

// remove undoes what newCage and admit made.
func (c *cage) remove() error {
	var all []error
	if c.open != "" {
		all = append(all, os.RemoveAll(c.open))
	}
	if c.group != "" {
		// The kernel takes a moment to let go of the threads of a dead process.
		err := os.Remove(c.group)
		for end := time.Now().Add(5 * time.Second); errors.Is(err, syscall.EBUSY) && time.Now().Before(end); err = os.Remove(c.group) {
			time.Sleep(time.Millisecond)
		}
		all = append(all, err)
	}
	return errors.Join(all...)
}

const rlimitNproc = 6 // RLIMIT_NPROC, which package syscall does not name

// userLimit is RLIMIT_NPROC of this process, if there is one.
func userLimit() (int64, bool) {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(rlimitNproc, &limit); err != nil || limit.Cur > math.MaxInt64 {
		return 0, false
	}
	return int64(limit.Cur), true
}
