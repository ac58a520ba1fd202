package exchangefile

import (
	"os"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"timebank/app/platform/dbtest"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

// now is the day on which the tests import.
var now = time.Date(2026, 11, 20, 10, 30, 0, 0, time.UTC)

// demo reads the demonstration bank's files.
func demo(t testing.TB) *File {
	t.Helper()
	f, err := Read(open(t, "users.csv"), open(t, "posts.csv"), open(t, "transfers.csv"))
	if err != nil {
		if bad, ok := err.(*Unreadable); ok {
			for _, r := range bad.Rows {
				t.Log(r)
			}
		}
		t.Fatal(err)
	}
	return f
}

func open(t testing.TB, name string) *os.File {
	t.Helper()
	f, err := os.Open("testdata/hilltop/" + name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

// lines is a file written in the test itself.
func lines(all ...string) *strings.Reader { return strings.NewReader(strings.Join(all, "\n")) }
