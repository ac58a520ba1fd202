package exchange

import (
	"slices"
	"testing"

	"timebank/app/platform/dbtest"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

// The rules in Go and the rows in the database are one table: a move that only
// one of them has would be refused late, or never.
func TestMovesInGoAreTheRowsInTheDatabase(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	var rows []struct {
		FromState, ToState string
		ByWhom             []string `bun:",array"`
	}
	if err := d.Owner.NewRaw("select * from directory.exchange_move").Scan(t.Context(), &rows); err != nil {
		t.Fatal(err)
	}
	got := 0
	for _, r := range rows {
		sides := slices.Clone(moves[State(r.FromState)][State(r.ToState)])
		var in []string
		for _, s := range sides {
			in = append(in, string(s))
		}
		slices.Sort(in)
		slices.Sort(r.ByWhom)
		if !slices.Equal(in, r.ByWhom) {
			t.Errorf("%s → %s: %v in Go, %v in the database", r.FromState, r.ToState, in, r.ByWhom)
		}
		got++
	}
	for _, to := range moves {
		got -= len(to)
	}
	if got != 0 {
		t.Errorf("%d moves too many in the database", got)
	}
}
