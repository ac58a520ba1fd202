package pgembed

import (
	"context"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// Config says which server is wanted. The zero value is a throw-away server in
// the user's default state directory.
type Config struct {
	// Root is the state directory. Empty means DefaultRoot("timebank").
	Root string

	// Durable promises that what was committed stays, through a power cut as
	// well. Without it the cluster is a throw-away one for tests: faster, and
	// made anew whenever it does not start.
	Durable bool

	// Database is created if it is absent. Empty means "timebank".
	Database string

	// Require names the extensions whose control files must be installed.
	Require []string

	// Grace is how long the watchdog waits, after the last process ended
	// without closing, before it stops the server. Zero means two seconds.
	Grace time.Duration

	// Progress, unless nil, is told one line whenever something takes long.
	Progress func(string)
}

// Server is this process's lease on a running server.
type Server struct {
	// URL logs in to Config.Database as the superuser. It holds the password.
	URL string

	// Adopted tells that the server was running already.
	Adopted bool

	root   string
	socket string
	secret string // the superuser's password
	child  int    // process id of the server if this process started it, else 0

	mu    sync.Mutex
	lease *lease
}

// DefaultRoot is the state directory of a program of that name. Root's lies
// outside root's home, which is closed to the account the server runs as. A
// user without a home gets the same one, and an error that says so, rather than
// data in a temporary directory.
func DefaultRoot(name string) string {
	if os.Geteuid() != 0 {
		if dir := os.Getenv("XDG_DATA_HOME"); filepath.IsAbs(dir) {
			return filepath.Join(dir, name)
		}
		if home, err := os.UserHomeDir(); err == nil {
			return filepath.Join(home, ".local", "share", name)
		}
	}
	return filepath.Join("/var/lib", name)
}

// Start returns a lease on the server of c.Root, which it starts if it is not
// running, and creates if it is not there. It gives up when ctx ends. Every
// error is an *Error: one sentence for the person at the keyboard.
func Start(ctx context.Context, c Config) (*Server, error) {
	c, err := c.filled()
	if err != nil {
		return nil, err
	}
	if err := makeRoot(c.Root); err != nil {
		return nil, err
	}
	// The lease comes first: from here on nobody stops the server under us.
	lease, err := takeLease(ctx, c.Root)
	if err != nil {
		return nil, lockError(c.Root, err)
	}
	s := &Server{root: c.Root, lease: lease}
	if err := s.start(ctx, c); err != nil {
		_ = s.Close() // the first error is the one that matters
		return nil, err
	}
	return s, nil
}

func (c Config) filled() (Config, error) {
	if c.Root == "" {
		c.Root = DefaultRoot("timebank")
	}
	if c.Database == "" {
		c.Database = "timebank"
	}
	if c.Grace <= 0 {
		c.Grace = 2 * time.Second
	}
	if c.Progress == nil {
		c.Progress = func(string) {}
	}
	root, err := filepath.Abs(c.Root)
	if err != nil {
		return c, refuse(ErrState, err, "the state directory %s has no absolute path: name it in full", c.Root)
	}
	c.Root = root
	return c, nil
}

// start finds, makes and runs the server, one process at a time.
func (s *Server) start(ctx context.Context, c Config) error {
	turn, err := acquire(ctx, filepath.Join(s.root, turnLock), exclusive, func() {
		c.Progress("waiting for another process that is starting or stopping the database")
	})
	if err != nil {
		return lockError(s.root, err)
	}
	defer turn.release()

	// The watchdog comes before the server, so that no server is ever without one.
	if err := startWatchdog(s.root, c.Grace); err != nil {
		return err
	}
	sweep(s.root)
	have, err := clusters(s.root, c.Durable)
	if err != nil {
		return err
	}
	if s.Adopted, err = s.adopt(ctx, c, have); err != nil {
		return err
	}
	if !s.Adopted {
		if err := s.launch(ctx, c, have); err != nil {
			return err
		}
	}
	s.URL = s.DSN(c.Database)
	return s.ensureDatabase(ctx, c.Database)
}

// DSN logs in to that database as the superuser.
func (s *Server) DSN(database string) string {
	where := url.Values{"host": {s.socket}, "port": {port}, "sslmode": {"disable"}}
	return "postgres://" + superuser + ":" + s.secret + "@/" + url.PathEscape(database) + "?" + where.Encode()
}

// Close gives up the lease. The last one out stops the server and returns when
// it has stopped. Calling it again does nothing.
func (s *Server) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lease == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	turn, err := acquire(ctx, filepath.Join(s.root, turnLock), exclusive, nil)
	s.lease.release()
	s.lease = nil
	if err != nil {
		return lockError(s.root, err)
	}
	defer turn.release()
	last, alone := unleased(s.root)
	if !alone {
		return nil // somebody else still uses it
	}
	defer last.release()
	if err := stopAll(s.root); err != nil {
		return err
	}
	// It has shut down and is about to end: see it out.
	for end := time.Now().Add(time.Second); time.Now().Before(end); time.Sleep(poll) {
		if reap(s.child) && ended(s.root) {
			break
		}
	}
	return nil
}

// Release gives up the lease and leaves the stopping to the watchdog, so that
// whoever comes within its grace finds the server warm.
func (s *Server) Release() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lease != nil {
		s.lease.release()
		s.lease = nil
	}
}

func (s *Server) ensureDatabase(ctx context.Context, name string) error {
	conn, err := pgx.Connect(ctx, s.DSN("postgres"))
	if err != nil {
		return refuse(ErrServer, err, "the database server stopped answering while it was being prepared: start again, and see %s if it happens twice", logPath(s.root))
	}
	defer conn.Close(context.WithoutCancel(ctx))
	var there bool
	err = conn.QueryRow(ctx, "select exists (select from pg_database where datname = $1)", name).Scan(&there)
	if err == nil && !there {
		_, err = conn.Exec(ctx, "create database "+pgx.Identifier{name}.Sanitize())
	}
	if err != nil {
		return refuse(ErrServer, err, "the database %q could not be created: see %s for the reason", name, logPath(s.root))
	}
	return nil
}
