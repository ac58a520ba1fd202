package pgembed

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// pidFile is what a running server says of itself in its data directory.
type pidFile struct {
	pid    int
	socket string // directory
	status string // starting, ready, stopping
}

// readPid reports the server of data if it lives.
func readPid(data string) (pidFile, bool) {
	b, err := os.ReadFile(filepath.Join(data, "postmaster.pid"))
	if err != nil {
		return pidFile{}, false
	}
	lines := strings.Split(string(b), "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(lines[0]))
	if err != nil || pid <= 1 || !isServer(pid, data) {
		return pidFile{}, false
	}
	p := pidFile{pid: pid}
	if len(lines) > 4 {
		p.socket = lines[4]
	}
	if len(lines) > 7 {
		p.status = strings.TrimSpace(lines[7])
	}
	return p, true
}

// stopAll stops every server of the state directory. The caller holds the turn.
func stopAll(root string) error {
	var first error
	for _, name := range []string{durableName, throwawayName} {
		list, err := listClusters(root, name)
		if err != nil && first == nil {
			first = err
		}
		for _, cl := range list {
			if p, up := readPid(cl.dir); up {
				if err := stop(root, p.pid, func() bool { return !isServer(p.pid, cl.dir) }); err != nil && first == nil {
					first = err
				}
			}
		}
	}
	return first
}

// ended reports whether nothing of root's server lives any more. The caller
// holds the turn.
func ended(root string) bool {
	own, err := try(filepath.Join(root, serverLock), exclusive)
	if err != nil {
		return false
	}
	own.release()
	return true
}

// stopChild stops a server that this process started and that never got as far
// as answering.
func (s *Server) stopChild() error {
	pid := s.child
	s.child = 0
	return stop(s.root, pid, func() bool { return reap(pid) })
}

// stop asks for a fast shutdown, which ends sessions and writes everything out,
// and after 20 seconds for an immediate one, which leaves the writing to the
// next start's recovery. It never kills: that would strand the backends.
func stop(root string, pid int, gone func() bool) error {
	for _, step := range []struct {
		signal syscall.Signal
		wait   time.Duration
	}{{syscall.SIGINT, 20 * time.Second}, {syscall.SIGQUIT, 10 * time.Second}} {
		if gone() {
			return nil
		}
		if err := syscall.Kill(pid, step.signal); err != nil && err != syscall.ESRCH {
			return refuse(ErrServer, err, "the database server with process id %d may not be stopped by this user: stop it as the user who started it", pid)
		}
		for end := time.Now().Add(step.wait); time.Now().Before(end); time.Sleep(poll) {
			if gone() {
				return nil
			}
		}
	}
	return refuse(ErrServer, nil, "the database server with process id %d does not stop: see %s", pid, logPath(root))
}

// reap collects a child of this process if it has ended, and reports whether
// it has. It never waits: the server may outlive this process.
func reap(pid int) bool {
	if pid == 0 {
		return true
	}
	for {
		var status syscall.WaitStatus
		got, err := syscall.Wait4(pid, &status, syscall.WNOHANG, nil)
		if err != syscall.EINTR {
			return got == pid || err == syscall.ECHILD
		}
	}
}
