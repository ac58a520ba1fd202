package ledger_test

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// server is the processor time that the server and everything it ever started has
// taken. On a machine shared with others it tells more than the clock. Zero where
// the system does not say.
func (r *rig) server() time.Duration {
	if r.postmaster == 0 {
		var pid int
		if err := r.pool.NewRaw("select pg_backend_pid()").Scan(context.Background(), &pid); err != nil {
			return 0
		}
		_, r.postmaster = times(pid)
	}
	sum, _ := times(r.postmaster)
	all, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range all {
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if spent, parent := times(pid); parent == r.postmaster {
			sum += spent
		}
	}
	return sum
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

// self is the processor time of this process and of the programs it has run.
func self() time.Duration {
	spent, _ := times(os.Getpid())
	return spent
}
