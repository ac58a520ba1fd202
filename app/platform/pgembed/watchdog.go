package pgembed

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// watchEnv turns this executable into the watchdog of a state directory. Its
// value is the grace and the directory, joined by a colon.
const watchEnv = "TIMEBANK_PG_WATCHDOG"

// dutyFile is where the watchdog finds its inherited lock: the first file after
// the three standard ones.
const dutyFile = 3

// The watchdog is the same executable, so that there is no second program to
// install; it must take over before main does anything.
func init() {
	grace, root, found := strings.Cut(os.Getenv(watchEnv), ":")
	if !found {
		return
	}
	wait, err := time.ParseDuration(grace)
	if err != nil {
		os.Exit(2)
	}
	watch(root, wait, &lock{os.NewFile(dutyFile, watchLock)})
	os.Exit(0)
}

// startWatchdog starts a watchdog unless one is on duty. The child inherits the
// duty lock already locked, so there are never two, nor a moment with none. It
// is not waited for: it outlives this process.
func startWatchdog(root string, grace time.Duration) error {
	duty, err := try(filepath.Join(root, watchLock), exclusive)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil
	}
	if err != nil {
		return diskError(root, err)
	}
	defer duty.handOver()
	exe, err := os.Executable()
	if err != nil {
		return refuse(ErrServer, err, "this program cannot find its own file, which it needs to watch over the database: start it by its full path")
	}
	cmd := &exec.Cmd{
		Path:        exe,
		Args:        []string{filepath.Base(exe) + ": database watchdog"},
		Env:         append(os.Environ(), watchEnv+"="+grace.String()+":"+root),
		Dir:         "/",
		ExtraFiles:  []*os.File{duty.file},
		SysProcAttr: &syscall.SysProcAttr{Setsid: true}, // a Ctrl-C in the terminal is not for it
	}
	if err := cmd.Start(); err != nil {
		return refuse(ErrServer, err, "this program could not be run a second time to watch over the database (%s): allow it more processes", reason(err))
	}
	return cmd.Process.Release()
}

// watch blocks until no process holds a lease, however each of them ended,
// waits for the grace, and stops the server if still nobody wants it.
func watch(root string, grace time.Duration, duty *lock) {
	for waitUnleased(root) {
		time.Sleep(grace)
		if stopUnleased(root, duty) {
			return
		}
	}
}

// waitUnleased reports false if the state directory is gone, in which case the
// server ends by itself.
func waitUnleased(root string) bool {
	f, err := os.Open(filepath.Join(root, aliveLock))
	if err != nil {
		return false
	}
	defer f.Close()
	return flock(f, exclusive) == nil
}

// stopUnleased reports whether the watchdog's work is done.
func stopUnleased(root string, duty *lock) bool {
	if _, err := os.Stat(filepath.Join(root, turnLock)); err != nil {
		return true
	}
	turn, err := try(filepath.Join(root, turnLock), exclusive)
	if err != nil {
		return false
	}
	defer turn.release()
	last, alone := unleased(root)
	if !alone {
		return false
	}
	defer last.release()
	_ = stopAll(root) // nobody is there to be told; the next start meets what is left
	duty.release()    // before the turn ends, or the next start would think itself watched
	return true
}
