package pgembed

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

func TestFullDisk(t *testing.T) {
	needRoot(t)
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=8m,mode=0755"); err != nil {
		t.Skipf("a small file system cannot be mounted here: %v", err)
	}
	defer syscall.Unmount(dir, syscall.MNT_DETACH)
	openWay(t, dir)
	root := filepath.Join(dir, "r")
	s, err := Start(t.Context(), Config{Root: root})
	if err == nil {
		s.Close()
	}
	wantRefusal(t, err, ErrNoSpace, "free some")
	discard(root)
}

// openWay opens the parents of a test's directory to the server's account.
func openWay(t *testing.T, dir string) {
	t.Helper()
	for ; dir != os.TempDir() && dir != "/"; dir = filepath.Dir(dir) {
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
}
