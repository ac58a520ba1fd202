package exchangefile

import (
	"embed"
	"io/fs"
)

//go:embed testdata/hilltop
var hilltop embed.FS

// Demo is the books of an invented time bank in an invented town, as its reports
// would have them: users.csv, posts.csv and transfers.csv, with the awkward parts
// that real ones have. Names are made up; phone numbers are those that Ofcom
// keeps for drama; addresses are at example domains.
var Demo = func() fs.FS {
	sub, err := fs.Sub(hilltop, "testdata/hilltop")
	if err != nil {
		panic(err) // the folder is in the binary
	}
	return sub
}()
