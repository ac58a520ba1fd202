package exchangefile

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// transferRow is a transfer whose unit and parties are not decided yet.
type transferRow struct {
	Transfer
	amount     amount
	from, to   end
	quantityAt string
}

// end is one end of a transfer as the cells have it.
type end struct {
	text, number string // number is the cell beside, in files that have one
	kind         string // "member" or "organization", in files that have that
	column       string
}

// readTransfers reads one of the three forms of the transfers file.
func (r *reader) readTransfers(rows []record) {
	if len(rows) == 0 {
		return // a young bank
	}
	cols, from, form, ok := r.transferColumns(rows)
	if !ok {
		return
	}
	order, ok := r.dateOrder(TransfersFile, rows[from:], cols, fDate)
	if !ok {
		return
	}
	var all []transferRow
	for _, rec := range rows[from:] {
		if t, ok := r.transfer(rec, cols, form, order); ok {
			all = append(all, t)
		}
	}
	own := r.ownName(all)
	unit, ok := r.transferUnit(all, form)
	if !ok {
		return
	}
	cut := 0
	for _, row := range all {
		t, odd, ok := r.finish(row, own, unit)
		if odd {
			cut++
		}
		if ok {
			r.file.Transfers = append(r.file.Transfers, t)
		}
	}
	if cut > 0 {
		r.note("%s a time of broken minutes, which was cut to whole ones.", count(cut, "transfer has", "transfers have"))
	}
	r.keys()
}

// form of the transfers file.
type form int

const (
	report   form = iota // date, from, to, post, hours:minutes
	complete             // the same with numbers of members and posts, and decimal hours
	intake               // what TimeOverflow takes in: no headings, no dates
)

func (r *reader) transferColumns(rows []record) (cols columns, from int, f form, ok bool) {
	head := rows[0]
	cols, unknown, twice := recognise(head, transferHeadings)
	switch {
	case len(twice) > 0:
		r.errs.add(TransfersFile, head.row, "", "heading-twice", "Two columns have the same heading. Remove one of them.")
		return cols, 0, report, false
	case cols.has(fDate, fFrom, fTo, fQuantity):
		if len(unknown) > 0 {
			r.note("These columns of the transfers file are not read: %s.", strings.Join(unknown, ", "))
		}
		if cols.has(fFromID, fToID) {
			return cols, 1, complete, true
		}
		return cols, 1, report, true
	case len(head.cells) == 7 && accountType(head.cell(1)) && accountType(head.cell(3)):
		r.note("The transfers file has no dates: its transfers are dated on the day of the import.")
		return inOrder(fFromID, fFrom, fToID, fTo, fQuantity, fReason, fPostID), 0, intake, true
	case len(head.cells) == 5 && len(rows) > 1 && strings.Contains(rows[1].cell(4), ":") && !strings.Contains(head.cell(4), ":"):
		cols = inOrder(fDate, fFrom, fTo, fPost, fQuantity)
		cols.name = head.cells
		r.note("The headings of the transfers file are in a language not known here. Its columns were read in the order of the report.")
		return cols, 1, report, true
	}
	r.errs.add(TransfersFile, head.row, "", "headings",
		`This is not the transfers report: its first row should be the headings date, from, to, post and quantity. Download the report "All transfers" as CSV and leave its first row in place.`)
	return cols, 0, report, false
}

func accountType(s string) bool { return fold(s) == "member" || fold(s) == "organization" }

// transfer reads one row as far as it can be read on its own.
func (r *reader) transfer(rec record, cols columns, f form, order DateOrder) (transferRow, bool) {
	t := transferRow{quantityAt: cols.label(fQuantity)}
	t.Row = rec.row
	before := len(r.errs.rows)
	var ok bool
	if t.amount, ok = parseAmount(cols.get(rec, fQuantity)); !ok {
		r.errs.add(TransfersFile, rec.row, cols.label(fQuantity), "quantity", "This is no amount of time. Write it as hours:minutes.")
	}
	t.When = r.moment(TransfersFile, rec, cols, fDate, order)
	if t.When == nil && f != intake && len(r.errs.rows) == before {
		r.errs.add(TransfersFile, rec.row, cols.label(fDate), "date", "The date is missing. Write it as in the report: year-month-day and, where known, the time.")
	}
	t.from = end{text: cols.get(rec, fFrom), number: cols.get(rec, fFromID), column: cols.label(fFrom)}
	t.to = end{text: cols.get(rec, fTo), number: cols.get(rec, fToID), column: cols.label(fTo)}
	if f == intake {
		t.from = end{number: t.from.number, kind: fold(t.from.text), column: cols.label(fFromID)}
		t.to = end{number: t.to.number, kind: fold(t.to.text), column: cols.label(fToID)}
	}
	t.Post = clip(printable(cols.get(rec, fPost)), 200)
	t.Reason = clip(printable(cols.get(rec, fReason)), 300)
	t.Kind = r.transferKind(t.Post, t.Reason)
	return t, len(r.errs.rows) == before
}

// transferKind is the kind of help of a transfer: its post's, else a guess.
func (r *reader) transferKind(post, reason string) string {
	if k, ok := r.postKind[fold(post)]; ok && post != "" {
		return k
	}
	return kindOf(post, reason)
}

// ownName finds under which name the time bank's own account goes. Only banks
// that trade with others have more than one such name in their transfers.
func (r *reader) ownName(all []transferRow) string {
	if r.Organisation != "" {
		return fold(r.Organisation)
	}
	seen := map[string]int{}
	for _, t := range all {
		for _, e := range []end{t.from, t.to} {
			if name := fold(e.text); e.kind == "" && !withNumber.MatchString(e.text) && !goneWords[name] && !inactiveWords[name] && name != "" {
				seen[name]++
			}
		}
	}
	if len(seen) == 1 {
		for name := range seen {
			return name
		}
	}
	return ""
}

// transferUnit decides what bare quantities count.
func (r *reader) transferUnit(all []transferRow, f form) (Unit, bool) {
	amounts := make([]amount, len(all))
	for i, t := range all {
		amounts[i] = t.amount
	}
	chosen := r.Unit
	if f == complete {
		chosen = Hours // that report writes nothing else
	}
	unit, ok := unitOf(amounts, chosen, nil, 24*60)
	if !ok {
		i := slices.IndexFunc(all, func(t transferRow) bool { return !t.amount.sure && t.amount.bare != 0 })
		r.errs.add(TransfersFile, all[i].Row, all[i].quantityAt, "unit",
			"It cannot be told whether these numbers are seconds, minutes or hours. Say which with --unit seconds, --unit minutes or --unit hours.")
	}
	return unit, ok
}

// finish decides who the ends are and how many minutes moved; false when the row
// is left out or wrong.
func (r *reader) finish(row transferRow, own string, unit Unit) (t Transfer, odd, ok bool) {
	t = row.Transfer
	var fromOK, toOK bool
	t.From, fromOK = r.party(row.from, own, t.Row)
	t.To, toOK = r.party(row.to, own, t.Row)
	var fits bool
	t.Minutes, odd, fits = row.amount.in(unit)
	skip := func(why string) (Transfer, bool, bool) {
		r.file.Skipped = append(r.file.Skipped, Skip{TransfersFile, t.Row, why})
		return t, false, false
	}
	switch {
	case !fromOK || !toOK:
		return t, false, false
	case !fits || t.Minutes < 0:
		r.errs.add(TransfersFile, t.Row, row.quantityAt, "quantity", "This is no amount of time that anybody can have given. Write it as hours:minutes, above zero.")
		return t, false, false
	case t.Minutes == 0 && row.amount.bare != 0:
		return skip("less than a minute was moved")
	case t.Minutes == 0:
		return skip("no time was moved (0 hours)")
	case t.From.former() && t.To.former():
		return skip("both people have left and the file names neither, so no balance depends on it")
	case t.From.Key() == t.To.Key():
		r.errs.add(TransfersFile, t.Row, row.to.column, "same-person", "The same person stands on both sides. Correct one of them, or remove the row.")
		return t, false, false
	case t.From.Kind == OtherBank && t.To.Kind == OtherBank:
		return skip("it is between two other time banks")
	}
	return t, odd, true
}

// party tells who an end is.
func (r *reader) party(e end, own string, row int) (Party, bool) {
	wrong := func(code, message string) (Party, bool) {
		r.errs.add(TransfersFile, row, e.column, code, message)
		return Party{}, false
	}
	name, number := e.text, ""
	m := withNumber.FindStringSubmatch(e.text)
	switch w := fold(e.text); {
	case e.kind == "organization":
		return Party{Kind: ThePot}, true
	case e.kind == "member":
		number = e.number
	case goneWords[w]:
		return Party{Kind: Gone}, true
	case inactiveWords[w]:
		return Party{Kind: Inactive}, true
	case m != nil && fold(e.text) != own:
		name, number = m[1], m[2]
		if isNumber(e.number) {
			number = e.number
		}
	case w == "":
		return wrong("party", `Nobody stands here. The report writes a name and a number, "Ada Byron (12)", or the name of the time bank.`)
	case r.names[w]:
		return wrong("member-number", `The member's number is missing behind the name: the report writes "Ada Byron (12)".`)
	case w == own:
		return Party{Kind: ThePot, Name: e.text}, true
	case own == "" && r.asked:
		return Party{}, false // once is enough
	case own == "":
		r.asked = true
		return wrong("which-bank", "The file names several time banks, or this is a member without a number. If they are time banks, say which is yours with --organisation NAME.")
	default:
		return Party{Kind: OtherBank, Name: clip(printable(e.text), 100)}, true
	}
	uid, err := strconv.ParseInt(number, 10, 64)
	if err != nil || !r.knows(uid) {
		return wrong("unknown-member", "The members file has no member of this number. Download the reports again, one directly after the other.")
	}
	return Party{Kind: AMember, UID: uid, Name: name}, true
}

// keys puts the transfers in the order of time and names them.
func (r *reader) keys() {
	slices.SortStableFunc(r.file.Transfers, func(a, b Transfer) int {
		if a.When == nil || b.When == nil {
			return 0
		}
		return a.When.At.Compare(b.When.At)
	})
	same := map[string]int{}
	for i := range r.file.Transfers {
		t := &r.file.Transfers[i]
		when := ""
		if t.When != nil {
			when = t.When.text()
		} else {
			when = "undated " + t.From.Key() + " " + t.To.Key()
		}
		base := when + " " + strconv.FormatInt(t.Minutes, 10)
		same[base]++
		t.key = fmt.Sprintf("%stransfer:%s %d", keyPrefix, base, same[base])
	}
}

// balances turns the balances into minutes, with the transfers as witnesses of
// their unit.
func (r *reader) balances() {
	if len(r.balance) == 0 || len(r.errs.rows) > 0 {
		return
	}
	sums := r.file.sums()
	amounts := make([]amount, len(r.balance))
	known := map[int]int64{}
	for i, b := range r.balance {
		amounts[i] = b.amount
		known[i] = sums[r.file.Members[b.member].Key()]
	}
	unit, ok := unitOf(amounts, r.Unit, known, 100*60)
	if !ok {
		r.errs.add(UsersFile, r.balance[0].row, r.balance[0].label, "unit",
			"It cannot be told whether the balances are seconds, minutes or hours. Say which with --unit seconds, --unit minutes or --unit hours.")
		return
	}
	odd := 0
	for _, b := range r.balance {
		m, cut, fits := b.amount.in(unit)
		if !fits {
			r.errs.add(UsersFile, b.row, b.label, "balance", "This balance is larger than anybody can have. Check it, and its unit.")
		}
		if cut {
			odd++
		}
		r.file.Members[b.member].Balance = &m
	}
	if odd > 0 {
		r.note("%s a balance of broken minutes, which was cut to whole ones.", count(odd, "member has", "members have"))
	}
}

// sums is what the transfers alone leave on every account.
func (f *File) sums() map[string]int64 {
	out := map[string]int64{}
	for _, t := range f.Transfers {
		out[t.From.Key()] -= t.Minutes
		out[t.To.Key()] += t.Minutes
	}
	return out
}
