package gathering

import (
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/bank"
	"timebank/app/platform/fault"
)

// Venue is where people gather. The five questions are answered yes, no or ask:
// who cannot take every step must not find out at the door.
type Venue struct {
	bun.BaseModel `bun:"table:venue"`

	BankID      uuid.UUID `bun:"bank_id"`
	ID          uuid.UUID `bun:"id"`
	Name        string    `bun:"name"`
	Address     string    `bun:"address"`
	StepFree    string    `bun:"step_free"`
	Toilet      string    `bun:"toilet"` // one that a wheelchair fits
	Parking     string    `bun:"parking"`
	HearingLoop string    `bun:"hearing_loop"`
	QuietRoom   string    `bun:"quiet_room"`
	Notes       string    `bun:"notes"`
	CreatedAt   time.Time `bun:"created_at"`
}

// Gathering is one date of something that many do together.
type Gathering struct {
	bun.BaseModel `bun:"table:gathering"`

	BankID       uuid.UUID  `bun:"bank_id"`
	ID           uuid.UUID  `bun:"id"`
	SeriesID     *uuid.UUID `bun:"series_id"`
	Title        string     `bun:"title"`
	About        string     `bun:"about"`
	Kind         string     `bun:"kind"` // of help
	VenueID      uuid.UUID  `bun:"venue_id"`
	StartsAt     time.Time  `bun:"starts_at"`
	EndsAt       time.Time  `bun:"ends_at"`
	Capacity     *int       `bun:"capacity"` // nil: everybody fits
	DropIn       bool       `bun:"drop_in"`  // come as you are: nobody signs up
	Speaker      string     `bun:"speaker"`  // from outside; empty: none
	SpeakerAbout string     `bun:"speaker_about"`
	GroundRules  string     `bun:"ground_rules"` // read before signing up
	State        string     `bun:"state"`
	CancelReason string     `bun:"cancel_reason"`
	Hours        string     `bun:"hours"`
	Round        int        `bun:"round"`
	CreatedBy    uuid.UUID  `bun:"created_by"`
	CreatedAt    time.Time  `bun:"created_at"`
}

// States of a gathering, and of its hours.
const (
	Planned   = "planned"
	Cancelled = "cancelled"

	NoHours   = "none"
	Posted    = "posted"
	TakenBack = "taken-back"
)

// Part is one person's part in a gathering.
type Part struct {
	bun.BaseModel `bun:"table:gathering_part"`

	BankID      uuid.UUID  `bun:"bank_id"`
	ID          uuid.UUID  `bun:"id"`
	GatheringID uuid.UUID  `bun:"gathering_id"`
	MemberID    *uuid.UUID `bun:"member_id"` // nil: a guest
	Guest       string     `bun:"guest"`
	BroughtBy   *uuid.UUID `bun:"brought_by"`
	Part        string     `bun:"part"`
	State       string     `bun:"state"`
	AskedAt     time.Time  `bun:"asked_at"`
	HereAt      *time.Time `bun:"here_at"`
	HereBy      *uuid.UUID `bun:"here_by"`
	Minutes     *int64     `bun:"minutes"` // given
}

// What somebody does at a gathering, and whether they mean to come.
const (
	Comes = "comes"
	Helps = "helps"
	Leads = "leads"

	Coming   = "coming"
	Waiting  = "waiting"
	Off      = "off"
	WalkedIn = "walked-in"
)

// The refusals of this slice.
var (
	ErrNoGathering = fault.New(fault.NotFound, "no-such-gathering", "We do not know this gathering.")
	ErrNoPart      = fault.New(fault.NotFound, "not-on-the-register", "This name is not on the register any more.")
	ErrNoVenue     = fault.New(fault.Invalid, "no-such-venue", "Choose a place, or write down a new one.")
	ErrCancelled   = fault.New(fault.Conflict, "gathering-cancelled", "This gathering was called off.")
	ErrOver        = fault.New(fault.Conflict, "gathering-over", "This gathering is over.")
	ErrDropIn      = fault.New(fault.Conflict, "no-need-to-sign-up", "There is no need to sign up. Just come along.")
	ErrRules       = fault.New(fault.Invalid, "read-the-ground-rules", "Please read the ground rules, and tick that you are happy with them.")
	ErrNoSeat      = fault.New(fault.Conflict, "no-place-for-a-guest", "There is no place left for a guest. You keep your own.")
	ErrGuest       = fault.New(fault.Conflict, "guest-twice", "This name is on the list already. Add a second name to tell them apart.")
	ErrName        = fault.New(fault.Invalid, "name-needed", "Write down a name, or choose a member.")
	ErrEarly       = fault.New(fault.Conflict, "gathering-not-begun", "The register opens on the day itself.")
	ErrPosted      = fault.New(fault.Conflict, "hours-posted", "The hours of this gathering are in the books. A coordinator can take them back first.")
	ErrNotPosted   = fault.New(fault.Conflict, "hours-not-posted", "There are no hours in the books that could be taken back.")
	ErrReason      = fault.New(fault.Invalid, "say-why", "Say why, in a few words.")
	ErrNobodyGave  = fault.New(fault.Conflict, "nobody-gave-time", "Nobody has hours to get yet. Write down who helped, and for how long.")
	ErrChanged     = fault.New(fault.Conflict, "register-changed", "The register has changed since you looked. Look at the hours once more.")
	ErrPotShort    = fault.New(fault.Conflict, "pot-short", "The community pot has {have}, and this needs {need}. Choose another way to share.")
	ErrShort       = fault.New(fault.Conflict, "insufficient-hours", "Somebody's hours have changed just now. Look at the hours once more.")
	ErrSpent       = fault.New(fault.Conflict, "hours-spent", "Some of these hours have been used since. Ring round first, or correct them one by one.")
	ErrMinutes     = fault.New(fault.Invalid, "choose-how-long", "Choose how long, in quarter hours, up to 12 hours.")
)

// Plan is what a gathering is to be.
type Plan struct {
	Title        string
	About        string
	Kind         string
	Venue        uuid.UUID // nil: New
	New          Venue
	Day          time.Time // a date
	Clock        string    // 10:30, in the bank's zone
	Minutes      int       // how long
	Capacity     int       // 0: everybody fits
	DropIn       bool
	Speaker      string
	SpeakerAbout string
	GroundRules  string
	Leads        []uuid.UUID // members
	Weeks        int         // how many weekly dates; 0 and 1 are one
}

const mostWeeks = 26

// clean brings what was typed to the stored form, or says all that is wrong.
func (p Plan) clean(b bank.Bank, now time.Time) (Plan, error) {
	for _, s := range []*string{&p.Title, &p.About, &p.Speaker, &p.SpeakerAbout, &p.GroundRules, &p.New.Name, &p.New.Address, &p.New.Notes} {
		*s = strings.TrimSpace(*s)
	}
	var c fault.Check
	c.Add(p.Title != "", "/title", "needed", "Say what it is called, like “Monday drop-in”.")
	for _, f := range []struct {
		text, at string
		most     int
	}{{p.Title, "/title", 100}, {p.About, "/about", 1000}, {p.Speaker, "/speaker", 100}, {p.SpeakerAbout, "/speaker_about", 300},
		{p.GroundRules, "/ground_rules", 1000}, {p.New.Name, "/venue_name", 100}, {p.New.Address, "/venue_address", 300}, {p.New.Notes, "/venue_notes", 500}} {
		c.Add(len([]rune(f.text)) <= f.most, f.at, "too-long", "Write at most {n} characters.", "n", f.most)
		c.Add(!strings.ContainsRune(f.text, 0), f.at, "not-text", "This has signs in it that we cannot keep.")
	}
	c.Add(p.Venue != uuid.Nil || p.New.Name != "", "/venue_name", "needed", "Say what the place is called.")
	for _, yes := range []*string{&p.New.StepFree, &p.New.Toilet, &p.New.Parking, &p.New.HearingLoop, &p.New.QuietRoom} {
		if *yes != "yes" && *yes != "no" {
			*yes = "ask"
		}
	}
	_, err := time.Parse("15:04", p.Clock)
	c.Add(err == nil, "/clock", "time", "Say when it begins, like 10:30.")
	c.Add(!p.Day.IsZero(), "/day", "needed", "Choose the day.")
	c.Add(p.Day.IsZero() || p.Day.After(b.Today(now).AddDate(-1, 0, 0)) && p.Day.Before(b.Today(now).AddDate(1, 0, 0)), "/day", "day", "Choose a day within a year from today.")
	c.Add(p.Minutes >= 15 && p.Minutes <= 12*60, "/minutes", "minutes", "Say how long it lasts, up to 12 hours.")
	c.Add(p.Capacity >= 0 && p.Capacity <= 2000, "/capacity", "capacity", "Say how many people fit, up to 2000, or leave it empty.")
	c.Add(p.Weeks >= 0 && p.Weeks <= mostWeeks, "/weeks", "weeks", "Choose up to 26 weeks at once.")
	if p.DropIn {
		p.Capacity = 0
	}
	return p, c.Err()
}

// dates are the beginnings of a plan, weekly, at the same time of day in the
// bank's own zone, also across a change of the clocks.
func (p Plan) dates(zone *time.Location) []time.Time {
	at, err := time.Parse("15:04", p.Clock)
	if err != nil {
		return nil
	}
	out := make([]time.Time, max(1, p.Weeks))
	for i := range out {
		out[i] = time.Date(p.Day.Year(), p.Day.Month(), p.Day.Day()+7*i, at.Hour(), at.Minute(), 0, 0, zone).UTC()
	}
	return out
}

// party is who goes in together: a member and their guest.
type party struct {
	member  uuid.UUID
	part    string
	size    int
	state   string
	askedAt time.Time
}

// parties groups the rows of a register, in the order of asking, as read from the
// store.
func parties(rows []Part) []party {
	guests := map[uuid.UUID]bool{}
	for _, r := range rows {
		if r.BroughtBy != nil && r.MemberID == nil && r.Guest != "" && (r.State == Coming || r.State == Waiting) {
			guests[*r.BroughtBy] = true
		}
	}
	var out []party
	for _, r := range rows {
		if r.MemberID == nil || r.State != Coming && r.State != Waiting {
			continue
		}
		p := party{member: *r.MemberID, part: r.Part, size: 1, state: r.State, askedAt: r.AskedAt}
		if r.Part != Comes {
			p.size = 0
		}
		if guests[*r.MemberID] {
			p.size++
		}
		out = append(out, p)
	}
	return out
}

// free is how many places are left; a large number where everybody fits.
func free(capacity *int, all []party) int {
	if capacity == nil {
		return 1 << 30
	}
	n := *capacity
	for _, p := range all {
		if p.state == Coming {
			n -= p.size
		}
	}
	return n
}

// moveUp is who goes in from the waiting list, in the order of asking. Nobody's
// chair stays empty: while two do not fit, the next single person goes in.
func moveUp(capacity *int, all []party) []uuid.UUID {
	left := free(capacity, all)
	var out []uuid.UUID
	for _, p := range all {
		if p.state == Waiting && p.size <= left {
			left -= p.size
			out = append(out, p.member)
		}
	}
	return out
}
