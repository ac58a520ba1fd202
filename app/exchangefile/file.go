package exchangefile

import (
	"fmt"
	"io"
	"time"
)

// File is what the three files say, row by row, with nothing wrong in it.
type File struct {
	Members   []Member
	Posts     []Post
	Transfers []Transfer // in the order in which they happened
	Skipped   []Skip     // rows that were understood and move or say nothing
	Notes     []string   // what a person should know before they agree
}

// Member is a row of the members report.
type Member struct {
	Row     int
	UID     int64  // the member number, unique in the bank
	Name    string //
	Email   string // "" for none; invented addresses count as none
	Phone   string // E.164; "" for none
	Contact string // what else stood where the phones stand
	Area    string
	Joined  *Moment
	Seen    *Moment
	Balance *int64 // minutes; nil when the file has no such column
}

// Key names the member in the bank's books: "timeoverflow:user:12".
func (m Member) Key() string { return memberKey(m.UID) }

// Post is an offer or a request.
type Post struct {
	Row       int
	key       string
	Request   bool
	Author    int64 // member number
	Title     string
	Note      string // title and description, as it will be shown
	Kind      string // directory.kind
	CreatedAt *Moment
}

// Key names the post: by its number, or by what it says where there is none.
func (p Post) Key() string { return p.key }

// Transfer is time that moved. To received it: in TimeOverflow, as here, that is
// who gave the help.
type Transfer struct {
	Row      int
	key      string
	When     *Moment // nil when the file has no dates
	From, To Party
	Minutes  int64 // above zero
	Post     string
	Reason   string
	Kind     string // of help
}

// Key names the transfer. The reports have no number for it, so it is made of the
// instant, the minutes and, for equal ones, the order in the file: people may be
// renamed or leave and posts change their title between two downloads, but these
// do not change.
func (t Transfer) Key() string { return t.key }

// Help tells whether one member helped another: what becomes an exchange.
func (t Transfer) Help() bool { return t.From.person() && t.To.person() && t.Minutes <= 24*60 }

// PartyKind says what stands at an end of a transfer.
type PartyKind int

// The kinds of party.
const (
	AMember   PartyKind = iota
	ThePot              // the account of the time bank itself
	Gone                // somebody whose membership was deleted; the report names nobody
	Inactive            // somebody who is not active; the report names nobody either
	OtherBank           // another time bank's account
)

// Party is one end of a transfer.
type Party struct {
	Kind PartyKind
	UID  int64  // of AMember
	Name string // as the file has it
}

func (p Party) person() bool { return p.Kind == AMember || p.former() }

func (p Party) former() bool { return p.Kind == Gone || p.Kind == Inactive }

// Key names the party's account across imports.
func (p Party) Key() string {
	switch p.Kind {
	case AMember:
		return memberKey(p.UID)
	case ThePot:
		return keyPrefix + "pot"
	case Gone:
		return keyPrefix + "former:deleted"
	case Inactive:
		return keyPrefix + "former:inactive"
	}
	return keyPrefix + "bank:" + fold(p.Name)
}

// Skip is a row that is left out, and why.
type Skip struct {
	File string
	Row  int
	Why  string
}

const keyPrefix = "timeoverflow:"

func memberKey(uid int64) string { return fmt.Sprintf("%suser:%d", keyPrefix, uid) }

// Reading says how to read what a file leaves open. The zero Reading decides
// everything from the files, and refuses what they do not decide.
type Reading struct {
	Unit         Unit      // of bare numbers of time
	Dates        DateOrder // of days written with slashes
	Organisation string    // the bank's name in its transfers, when they name several
}

// Read reads the members, posts and transfers reports. It refuses with
// *Unreadable, which lists everything that is wrong in all three.
func Read(users, posts, transfers io.Reader) (*File, error) {
	return Reading{}.Read(users, posts, transfers)
}

// Read is the package's Read with some things decided beforehand.
func (o Reading) Read(users, posts, transfers io.Reader) (*File, error) {
	r := &reader{Reading: o, errs: &faults{}, file: &File{}, byUID: map[int64]int{}, names: map[string]bool{}}
	r.readUsers(table(UsersFile, users, r.errs))
	r.readPosts(table(PostsFile, posts, r.errs))
	r.readTransfers(table(TransfersFile, transfers, r.errs))
	r.balances()
	if err := r.errs.err(); err != nil {
		return nil, err
	}
	return r.file, nil
}

// reader is the state of one Read.
type reader struct {
	Reading
	errs     *faults
	file     *File
	byUID    map[int64]int     // member number → index in file.Members
	postKind map[string]string // folded title → kind, for transfers that name it
	balance  []balanceCell
	names    map[string]bool // folded names of the members
	asked    bool            // which of several banks is theirs has been asked
	noUsers  bool            // the users file as a whole was refused: do not blame the others for it
}

func (r *reader) note(format string, args ...any) {
	r.file.Notes = append(r.file.Notes, fmt.Sprintf(format, args...))
}

// Shift moves every date of the file by whole days and leaves the keys as they
// are. A demonstration bank stays young by it.
func (f *File) Shift(days int) {
	move := func(m *Moment) {
		if m != nil {
			m.At = m.At.AddDate(0, 0, days)
		}
	}
	for i := range f.Members {
		move(f.Members[i].Joined)
		move(f.Members[i].Seen)
	}
	for i := range f.Posts {
		move(f.Posts[i].CreatedAt)
	}
	for i := range f.Transfers {
		move(f.Transfers[i].When)
	}
}

// Newest is the latest instant that the file mentions; zero when it has none.
func (f *File) Newest() time.Time {
	var out time.Time
	see := func(m *Moment) {
		if m != nil && m.At.After(out) {
			out = m.At
		}
	}
	for i := range f.Members {
		see(f.Members[i].Joined)
		see(f.Members[i].Seen)
	}
	for i := range f.Posts {
		see(f.Posts[i].CreatedAt)
	}
	for i := range f.Transfers {
		see(f.Transfers[i].When)
	}
	return out
}
