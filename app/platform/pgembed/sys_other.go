//go:build !linux

package pgembed

import (
	"os/exec"
	"strconv"
	"strings"
	"syscall"
)

// dieWithParent does nothing here: an initdb whose parent was killed runs to
// its end beside the data, and the next start removes what it made.
func dieWithParent(*syscall.SysProcAttr) {}

// haveNamespaces: only Linux has user namespaces.
const haveNamespaces = false

func enterNamespace(*syscall.SysProcAttr) {}

// isServer tells a living server of that data directory from a stranger that
// got its process id.
func isServer(pid int, data string) bool {
	out, err := exec.Command("ps", "-ww", "-o", "command=", "-p", strconv.Itoa(pid)).Output()
	return err == nil && strings.Contains(string(out), "postgres") && strings.Contains(string(out), data)
}
