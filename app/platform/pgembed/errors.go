package pgembed

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"
)

// The kinds of refusal, for errors.Is.
var (
	// ErrNoPostgres: no usable binaries, and no way to fetch some.
	ErrNoPostgres = errors.New("no usable PostgreSQL")
	// ErrFetch: npm is there, but what it brought is absent, altered or does not run.
	ErrFetch = errors.New("PostgreSQL could not be fetched")
	// ErrOtherMajor: the data belong to a major version that is not installed.
	ErrOtherMajor = errors.New("data of another PostgreSQL version")
	// ErrNoSpace: the disk or the quota is full.
	ErrNoSpace = errors.New("no space left")
	// ErrNotWritable: the state directory, or the cache, may not be written.
	ErrNotWritable = errors.New("directory not writable")
	// ErrAccount: PostgreSQL refuses root, and no other account could be taken on.
	ErrAccount = errors.New("no account to run PostgreSQL as")
	// ErrState: the state directory holds something this package will not touch.
	ErrState = errors.New("unusable state directory")
	// ErrServer: the server does not start, answer or stop.
	ErrServer = errors.New("PostgreSQL does not run")
)

// advice ends the sentences of refusals that a server elsewhere would cure.
const advice = "or set DATABASE_URL to a server of your own"

// Error is a refusal: one plain sentence that says what is wrong and what to
// do. It matches its kind and its cause with errors.Is and errors.As.
type Error struct {
	Kind  error
	Text  string
	Cause error // nil, or what the system said
}

func (e *Error) Error() string { return e.Text }

// Unwrap gives errors.Is both the kind and the cause.
func (e *Error) Unwrap() []error {
	if e.Cause == nil {
		return []error{e.Kind}
	}
	return []error{e.Kind, e.Cause}
}

func refuse(kind, cause error, format string, args ...any) *Error {
	return &Error{Kind: kind, Text: fmt.Sprintf(format, args...), Cause: cause}
}

// diskError puts a failed file operation on path into words.
func diskError(path string, err error) error {
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return refuse(ErrNoSpace, err, "there is no disk space left for %s: free some (a new database needs about 100 MB) and start again", path)
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return refuse(ErrNotWritable, err, "%s cannot be written by this user: make it writable, choose another state directory, %s", path, advice)
	}
	return refuse(ErrState, err, "%s cannot be used (%s): repair it, choose another state directory, %s", path, reason(err), advice)
}

// lockError puts a lock that was not obtained into words.
func lockError(path string, err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return refuse(ErrServer, err, "the start of the database was interrupted while another process was using %s: start again", path)
	}
	return diskError(path, err)
}

// outputError puts the output of a program of PostgreSQL's that failed into words.
func outputError(what, path, output string, err error) error {
	for _, full := range []string{"No space left on device", "Disk quota exceeded"} {
		if strings.Contains(output, full) {
			return diskError(path, fmt.Errorf("%w: %w", syscall.ENOSPC, err))
		}
	}
	return refuse(ErrServer, err, "%s failed (%s): put that right and start again, %s", what, telling(output, err), advice)
}

// reason is the innermost part of a file error, without its path.
func reason(err error) string {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err.Error()
	}
	return err.Error()
}

// telling picks the one line of a program's output that says why it failed.
func telling(output string, err error) string {
	last := ""
	for line := range strings.Lines(output) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		for _, mark := range []string{"PANIC: ", "FATAL: ", "error: ", "npm error "} {
			if _, text, found := strings.Cut(line, mark); found {
				return strings.TrimSpace(text)
			}
		}
		last = line
	}
	if last == "" {
		return err.Error()
	}
	return last
}
