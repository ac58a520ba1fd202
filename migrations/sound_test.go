package migrations_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"timebank/app/platform/dbtest"
)

// What the CHECKs of exchanges, their events and the audit refuse, one value at a time: tables
// whose one CHECK calls a function are no laxer than those with a CHECK a column.
func TestOneCheckRefusesWhatManyDid(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	const a, b = "'01a2151b-35e8-7787-91d2-6a5885b96b60'::uuid", "'01a2151b-35e8-7787-91d2-6a5885b96b61'::uuid"
	long := func(n string) string { return "repeat('x', " + n + ")" }
	for _, table := range []struct {
		name    string
		good    map[string]string
		bad     []map[string]string
		alsoFit []map[string]string
	}{
		{"exchange", map[string]string{"helper_id": a, "helped_id": b, "state": "'settled'", "transfer_id": a, "minutes": "15", "done_by": a, "done_at": "now()", "helper_said": "'yes'",
			"helped_said": "'no'", "place": "''", "note": "''", "thanks": "''", "new_starts_at": "null::timestamptz", "new_by": "null::uuid"},
			[]map[string]string{{"helped_id": a}, {"state": "'over'"}, {"transfer_id": "null::uuid"}, {"state": "'done'"}, {"minutes": "null::bigint"}, {"minutes": "0"}, {"minutes": "1441"},
				{"done_by": "null::uuid"}, {"done_at": "null::timestamptz"}, {"helper_said": "''"}, {"helped_said": "'maybe'"}, {"place": long("201")}, {"note": long("501")}, {"thanks": long("501")},
				{"new_by": a}, {"new_starts_at": "now()"}},
			[]map[string]string{{"new_by": a, "new_starts_at": "now()"}, {"state": "'done'", "transfer_id": "null::uuid"}, {"place": long("200"), "note": long("500")},
				{"state": "'proposed'", "transfer_id": "null::uuid", "minutes": "null::bigint", "done_by": "null::uuid", "done_at": "null::timestamptz"}}},
		{"exchange_event", map[string]string{"seq": "1", "acted_as": "'helper'", "consent": "null::text", "reason": "''"},
			[]map[string]string{{"seq": "0"}, {"acted_as": "'friend'"}, {"consent": "''"}, {"consent": "'email'"}, {"reason": long("501")}},
			[]map[string]string{{"consent": "'standing'"}, {"acted_as": "'system'"}}},
		{"audit", map[string]string{"consent": "null::text", "purpose": "null::text"},
			[]map[string]string{{"consent": "'email'"}, {"purpose": "'no'"}, {"purpose": long("201")}, {"consent": "'phone'", "purpose": "''"}},
			[]map[string]string{{"consent": "'paper'", "purpose": "'she asked for it'"}}},
	} {
		var calls string
		if err := d.Owner.QueryRow(`select pg_get_expr(conbin, conrelid) from pg_constraint where conrelid = ?::regclass and contype = 'c'`, table.name).Scan(&calls); err != nil || !strings.HasPrefix(calls, table.name+"_sound(") {
			t.Errorf("%s is checked by %q: %v", table.name, calls, err)
		}
		fits := func(change map[string]string) bool { // as a CHECK does: what is not false
			row := maps.Clone(table.good)
			maps.Copy(row, change)
			var columns []string
			for _, c := range slices.Sorted(maps.Keys(row)) {
				columns = append(columns, row[c]+" as "+c)
			}
			var ok bool
			if err := d.Owner.QueryRow("select coalesce(" + calls + ", true) from (select " + strings.Join(columns, ", ") + ") as row").Scan(&ok); err != nil {
				t.Fatal(table.name, change, err)
			}
			return ok
		}
		for _, c := range append(table.alsoFit, map[string]string{}) {
			if !fits(c) {
				t.Errorf("%s refuses %v", table.name, c)
			}
		}
		for _, c := range table.bad {
			if fits(c) {
				t.Errorf("%s takes %v", table.name, c)
			}
		}
	}
}
