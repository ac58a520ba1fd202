package dbtest

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/uptrace/bun"
)

// Spent returns a clock of the processor time that this process, the programs it has
// run, and the server behind pool with everything it ever started have taken: on a
// machine shared with others it tells more than the hour. It stands still where the
// system does not say.
func Spent(pool *bun.DB) (func() time.Duration, error) {
	var backend int
	if err := pool.QueryRow("select pg_backend_pid()").Scan(&backend); err != nil {
		return nil, err
	}
	_, postmaster := times(backend)
	return func() time.Duration {
		sum, _ := times(os.Getpid())
		server, _ := times(postmaster)
		sum += server
		for _, pid := range Children(postmaster) {
			spent, _ := times(pid)
			sum += spent
		}
		return sum
	}, nil
}

// Children are the processes that a process has started and that are still there;
// none where the system does not say.
func Children(of int) (pids []int) {
	all, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range all {
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if _, parent := times(pid); parent == of && of != 0 {
			pids = append(pids, pid)
		}
	}
	return pids
}

// times is what a process and the children it has waited for took, and its parent.
func times(pid int) (spent time.Duration, parent int) {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return 0, 0
	}
	f := strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+1:]))
	for _, s := range f[11:15] { // user, system, and both of the children
		ticks, _ := strconv.Atoi(s)
		spent += time.Duration(ticks) * 10 * time.Millisecond
	}
	parent, _ = strconv.Atoi(f[1])
	return spent, parent
}
