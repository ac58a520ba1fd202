package pgembed

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// nobody is the uid the server believes it has inside its user namespace.
const nobody = 65534

// dieWithParent has the kernel end the child when the thread that forked it
// ends: lock the goroutine to its thread until the child has ended.
func dieWithParent(attr *syscall.SysProcAttr) { attr.Pdeathsig = syscall.SIGKILL }

// haveNamespaces: whether they are allowed here is found out by trying.
const haveNamespaces = true

// enterNamespace maps nobody, inside, to our own uid, outside. That satisfies
// the server's refusal of root and initdb's question for a name, and needs no
// change of owner on disk.
func enterNamespace(attr *syscall.SysProcAttr) {
	attr.Cloneflags |= syscall.CLONE_NEWUSER
	attr.UidMappings = []syscall.SysProcIDMap{{ContainerID: nobody, HostID: os.Geteuid(), Size: 1}}
	attr.GidMappings = []syscall.SysProcIDMap{{ContainerID: nobody, HostID: os.Getegid(), Size: 1}}
}

// isServer tells a living server of that data directory from a stranger that
// got its process id, and from one that is dead but not yet collected.
func isServer(pid int, data string) bool {
	b, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "cmdline"))
	if err != nil {
		return false
	}
	args := strings.Split(string(b), "\x00")
	return filepath.Base(args[0]) == "postgres" && slices.Contains(args, data)
}
