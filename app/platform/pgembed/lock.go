package pgembed

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// The lock files of a state directory; the package's comment says what each is for.
const (
	aliveLock  = "alive.lock"
	leaseLock  = "lease.lock"
	turnLock   = "turn.lock"
	watchLock  = "watch.lock"
	serverLock = "server.lock"
)

const (
	shared    = syscall.LOCK_SH
	exclusive = syscall.LOCK_EX
)

// poll is the pause between two looks at something that gives no signal.
const poll = 5 * time.Millisecond

// lock is an flock(2) on an open file. It belongs to the open file, not to the
// process: a child that inherits the file holds the lock as well, and the
// kernel drops it when the last copy is closed.
type lock struct{ file *os.File }

// try takes the lock at once or fails with EWOULDBLOCK.
func try(path string, how int) (*lock, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := flock(f, how|syscall.LOCK_NB); err != nil {
		f.Close()
		return nil, err
	}
	return &lock{f}, nil
}

// acquire takes the lock as soon as it is free, until ctx ends. It tells slow,
// unless nil, once if that takes more than a second. It polls because a blocked
// flock cannot be called off.
func acquire(ctx context.Context, path string, how int, slow func()) (*lock, error) {
	tick := time.NewTicker(poll)
	defer tick.Stop()
	begun := time.Now()
	for {
		l, err := try(path, how)
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return l, err
		}
		if slow != nil && time.Since(begun) > time.Second {
			slow()
			slow = nil
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-tick.C:
		}
	}
}

// release gives the lock up, in the name of every copy of the open file.
func (l *lock) release() {
	_ = flock(l.file, syscall.LOCK_UN) // closing would do, were there no copies
	l.file.Close()
}

// lease says that this process uses the server. It is two shared locks, because
// two kinds of processes ask for the exclusive one. A process that holds the
// turn asks lease.lock, to learn whether it is alone. The watchdog waits in line
// for alive.lock; in line for the same lock it would get it at the moment the
// last process gives it up, and that process would think it was not the last.
type lease struct{ alive, used *lock }

func takeLease(ctx context.Context, root string) (*lease, error) {
	alive, err := acquire(ctx, filepath.Join(root, aliveLock), shared, nil)
	if err != nil {
		return nil, err
	}
	used, err := acquire(ctx, filepath.Join(root, leaseLock), shared, nil)
	if err != nil {
		alive.release()
		return nil, err
	}
	return &lease{alive, used}, nil
}

func (l *lease) release() {
	l.used.release()
	l.alive.release()
}

// unleased takes lease.lock for the holder of the turn if nobody has a lease.
func unleased(root string) (*lock, bool) {
	l, err := try(filepath.Join(root, leaseLock), exclusive)
	return l, err == nil
}

// handOver closes this process's copy and leaves the lock to the child that
// inherited the other.
func (l *lock) handOver() { l.file.Close() }

func flock(f *os.File, how int) error {
	for {
		if err := syscall.Flock(int(f.Fd()), how); err != syscall.EINTR {
			return err
		}
	}
}
