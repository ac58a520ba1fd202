package exchangefile

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"timebank/app/identity"
)

// balanceCell is a balance as written, until the transfers tell its unit.
type balanceCell struct {
	member, row int
	amount      amount
	label       string
}

// memberOrder is the order of the report in every language; older releases stop
// after the phones, or after the last login.
var memberOrder = []field{fUID, fName, fEmail, fPhone, fAltPhone, fCreated, fSeen, fLanguage, fBalance}

// readUsers reads the members report, or the file that TimeOverflow imports.
func (r *reader) readUsers(rows []record) {
	if len(rows) == 0 {
		r.noUsers = true
		if len(r.errs.rows) == 0 {
			r.errs.add(UsersFile, 0, "", "empty", "The file has no rows. Download the members report again.")
		}
		return
	}
	cols, from, ok := r.userColumns(rows[0])
	if !ok {
		r.noUsers = true
		return
	}
	order, ok := r.dateOrder(UsersFile, rows[from:], cols, fCreated, fSeen)
	if !ok {
		return
	}
	odd := 0
	emails := map[string]int{}
	for _, rec := range rows[from:] {
		m, ok := r.user(rec, cols, order)
		if m.Contact != "" && m.Phone == "" {
			odd++
		}
		if first, twice := emails[m.Email]; twice && m.Email != "" {
			r.errs.add(UsersFile, rec.row, cols.label(fEmail), "email-twice",
				fmt.Sprintf("Row %d has the same e-mail address. Two people cannot sign in with one: leave one of them blank.", first))
			ok = false
		}
		emails[m.Email] = rec.row
		if !ok {
			continue
		}
		r.byUID[m.UID], r.names[fold(m.Name)] = len(r.file.Members), true
		r.file.Members = append(r.file.Members, m)
	}
	if odd > 0 {
		r.note("%s phone numbers that cannot be dialled as they are; they are kept as a note beside the member.", count(odd, "member has", "members have"))
	}
}

// userColumns finds the columns of the members file and where its rows begin.
func (r *reader) userColumns(head record) (cols columns, from int, ok bool) {
	cols, unknown, twice := recognise(head, memberHeadings)
	switch {
	case len(twice) > 0:
		r.errs.add(UsersFile, head.row, "", "heading-twice", "Two columns have the same heading. Remove one of them.")
		return cols, 0, false
	case cols.has(fUID, fName):
		if len(unknown) > 0 {
			r.note("These columns of the members file are not read: %s.", strings.Join(unknown, ", "))
		}
		return cols, 1, true
	case fold(head.cell(0)) == "n" && slices.Contains([]int{5, 7, 9}, len(head.cells)):
		cols = inOrder(memberOrder[:len(head.cells)]...)
		cols.name = head.cells
		r.note("The headings of the members file are in a language not known here. Its columns were read in the order of the report.")
		return cols, 1, true
	case len(head.cells) == 10 && isNumber(head.cell(0)) && (head.cell(5) == "1" || head.cell(5) == "2" || head.cell(5) == "") && !strings.Contains(head.cell(2), "@"):
		cols = inOrder(fUID, fCreated, fName, "", "", "", "", fPhone, fAltPhone, fEmail)
		return cols, 0, true
	}
	r.errs.add(UsersFile, head.row, "", "headings",
		`This is not the members report: its first row should be the headings, beginning with "N" and the name. Download the members report as CSV and leave its first row in place.`)
	return cols, 0, false
}

func isNumber(s string) bool {
	n, err := strconv.ParseInt(s, 10, 64)
	return err == nil && n > 0
}

// user reads one row; false when something in it is wrong, which is then noted.
func (r *reader) user(rec record, cols columns, order DateOrder) (Member, bool) {
	m := Member{Row: rec.row}
	before := len(r.errs.rows)
	wrong := func(f field, code, message string) { r.errs.add(UsersFile, rec.row, cols.label(f), code, message) }

	uid, err := strconv.ParseInt(cols.get(rec, fUID), 10, 64)
	if err != nil || uid <= 0 {
		wrong(fUID, "member-number", "The member number is missing or is no number.")
	} else if other, twice := r.byUID[uid]; twice {
		wrong(fUID, "member-number-twice", fmt.Sprintf("Row %d has the same member number. Give each member a number of their own.", r.file.Members[other].Row))
	}
	m.UID = uid
	name := cols.get(rec, fName)
	if len(cols.name) == 0 { // the import file has the name and two surnames in columns of their own
		name = strings.Join([]string{rec.cell(2), rec.cell(3), rec.cell(4)}, " ")
	}
	if m.Name, _ = identity.CleanName(name); m.Name == "" || len([]rune(m.Name)) > 100 {
		wrong(fName, "name", "The name is missing, longer than 100 letters, or has characters that cannot be shown.")
	}
	var ok bool
	if m.Email, ok = email(cols.get(rec, fEmail)); !ok {
		wrong(fEmail, "email", "This is no e-mail address. Correct it, or leave it blank: nobody needs one.")
	}
	m.Phone, m.Contact = phones(cols.get(rec, fPhone), cols.get(rec, fAltPhone))
	m.Area = area(cols.get(rec, fArea), cols.get(rec, fAddress))
	m.Joined = r.moment(UsersFile, rec, cols, fCreated, order)
	m.Seen = r.moment(UsersFile, rec, cols, fSeen, order)
	if _, have := cols.at[fBalance]; have {
		a, ok := parseAmount(cols.get(rec, fBalance))
		if !ok {
			wrong(fBalance, "balance", "The balance is no amount of time. Write it as in the report, or as hours:minutes.")
		}
		r.balance = append(r.balance, balanceCell{len(r.file.Members), rec.row, a, cols.label(fBalance)})
	}
	return m, len(r.errs.rows) == before
}

var (
	// invented is the address that TimeOverflow makes up for members without one.
	invented = regexp.MustCompile(`(?i)^user\d*@example\.com$`)
	noEmail  = set("-|—|no|none|n/a|na|no email|no e-mail|without email|ninguno|no tiene|sin correo|sin email|sin e-mail|no te|cap|sense correu|sen correo")
	dialled  = regexp.MustCompile(`[+(]?\d[\d ()\x{a0}.-]{6,}\d`)
	postcode = regexp.MustCompile(`(?i)^([A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}|\d{5})$`)
)

// email cleans an address; "" is none, false is something that is no address.
func email(s string) (string, bool) {
	if s == "" || noEmail[fold(s)] || invented.MatchString(s) {
		return "", true
	}
	return identity.CleanEmail(s)
}

// phones takes the first number that can be dialled out of the two columns, and
// keeps as a note what else people wrote there: whose number it is, when to ring,
// a second number, one without its country.
func phones(cells ...string) (phone, note string) {
	var notes []string
	for _, c := range cells {
		if c == "" || noEmail[fold(c)] {
			continue
		}
		if p, ok := identity.CleanPhone(c); ok && phone == "" {
			phone = p
			continue
		}
		for _, n := range dialled.FindAllString(c, -1) {
			if p, ok := identity.CleanPhone(n); ok && phone == "" {
				phone = p
			}
		}
		notes = append(notes, printable(c))
	}
	return phone, clip(strings.Join(notes, "; "), 200)
}

// area is the neighbourhood: its own column, else the last part of the address
// that is no postcode.
func area(own, address string) string {
	if own == "" {
		parts := strings.Split(address, ",")
		for i := len(parts) - 1; i > 0 && own == ""; i-- {
			if p := strings.TrimSpace(parts[i]); !postcode.MatchString(p) {
				own = p
			}
		}
	}
	return clip(printable(own), 60)
}
