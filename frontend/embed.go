// Package frontend carries the built web app inside the program.
package frontend

import (
	"embed"
	"io/fs"
)

// all: is needed, since files that begin with an underscore are left out without it.
//
//go:embed all:build
var build embed.FS

// Site is the built web app; empty but for a marker where it was not built.
func Site() fs.FS {
	sub, err := fs.Sub(build, "build")
	if err != nil {
		panic(err) // the folder is in the binary
	}
	return sub
}
