package app

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/bank"
	"timebank/app/gathering"
	"timebank/app/gift"
	"timebank/app/identity"
	"timebank/app/platform/db"
)

// demoGatherings is what is on: a weekly drop-in, the last one with its hours in the
// books, and a talk by somebody from outside that Maria has a place at.
func (a *App) demoGatherings(ctx context.Context, b bank.Bank, broker identity.Actor) error {
	key := func(step string) uuid.UUID { return uuid.NewSHA1(b.ID, []byte(step)) }
	people := map[string]identity.OnBehalf{}
	for _, name := range []string{"Maria Santos", "Bill Okafor", "Edna Marsh"} {
		who, err := a.demoFor(ctx, b, name)
		if err != nil {
			return err
		}
		people[name] = who
	}
	today := b.Today(a.Clock.Now())
	monday := today.AddDate(0, 0, -1-(int(today.Weekday())+5)%7) // the last one before today
	hall := gathering.Venue{Name: "Northgate Hall", Address: "3 Mill Lane", StepFree: "yes", Toilet: "yes", Parking: "yes", HearingLoop: "yes", QuietRoom: "no",
		Notes: "The side door on Mill Lane has no step. The number 4 bus stops outside."}
	dropIn := gathering.Plan{Title: "Monday drop-in", About: "Tea, toast and company. Bring something to mend, a game, or just yourself.", Kind: "company.chat", New: hall,
		Day: monday, Clock: "10:30", Minutes: 120, DropIn: true, Leads: []uuid.UUID{*people["Bill Okafor"].For}}
	past, err := a.Gathering.Add(ctx, broker, key("drop-in before"), dropIn)
	if err != nil {
		return err
	}
	seen, err := a.Gathering.One(ctx, broker, past)
	if err != nil {
		return err
	}
	if seen.Hours == gathering.NoHours {
		for _, name := range []string{"Maria Santos", "Edna Marsh", "Bill Okafor"} {
			if _, err := a.Gathering.WalkIn(ctx, broker, past, people[name].For, "", gathering.Mark{}); err != nil {
				return err
			}
		}
		if _, err := a.Gathering.Post(ctx, broker, past, gathering.Sharing{Rule: gathering.Equal}); err != nil {
			return err
		}
	}
	dropIn.Venue, dropIn.New, dropIn.Day, dropIn.Weeks = seen.VenueID, gathering.Venue{}, monday.AddDate(0, 0, 7), 4
	if _, err := a.Gathering.Add(ctx, broker, key("drop-in weekly"), dropIn); err != nil {
		return err
	}
	talk := gathering.Plan{Title: "Keeping warm this winter", About: "What helps, what it costs, and whom to ask. Time for questions, and soup.", Kind: "company.chat", Venue: seen.VenueID,
		Day: nextThursday(today), Clock: "14:00", Minutes: 90, Capacity: 20, Speaker: "Dr Anita Rao, pharmacist", SpeakerAbout: "She runs the pharmacy on the High Street and answers questions of all kinds.",
		GroundRules: "What is said here stays here.\nOne person talks at a time.\nNobody has to say anything."}
	first, err := a.Gathering.Add(ctx, broker, key("talk"), talk)
	if err != nil {
		return err
	}
	for _, name := range []string{"Maria Santos", "Edna Marsh"} {
		guest := ""
		if name == "Maria Santos" {
			guest = "Ana, her sister"
		}
		if _, err := a.Gathering.SignUp(ctx, broker, first, gathering.SignUp{Guest: guest, RulesRead: true, OnBehalf: people[name]}); err != nil {
			return err
		}
	}
	return a.demoPot(ctx, b, broker, people["Edna Marsh"])
}

// demoPot puts hours into the pot, from the first who have some, and lets Edna ask it.
func (a *App) demoPot(ctx context.Context, b bank.Bank, broker identity.Actor, edna identity.OnBehalf) error {
	var givers []uuid.UUID
	err := db.InTx(ctx, a.Pool, b.ID, func(ctx context.Context, tx bun.IDB) error {
		return tx.NewRaw(`select m.id from member m join ledger.account a on a.bank_id = m.bank_id and a.id = m.account_id
			where m.bank_id = ? and m.status = 'active' and a.posted >= 300 order by m.name limit 3`, b.ID).Scan(ctx, &givers)
	})
	if err != nil {
		return err
	}
	for i, who := range givers {
		in := gift.Giving{Minutes: int64(60 * (i + 1)), OnBehalf: identity.OnBehalf{For: &who, Consent: "phone"}}
		if _, err := a.Gift.Give(ctx, broker, uuid.NewSHA1(b.ID, []byte("give "+who.String())), in); err != nil {
			return err
		}
	}
	_, err = a.Gift.AskPot(ctx, broker, uuid.NewSHA1(b.ID, []byte("ask pot")), 120, "A lift to the eye clinic and back", edna)
	return err
}

// nextThursday is at least two days off, so that nobody is reminded at once.
func nextThursday(today time.Time) time.Time {
	for day := today.AddDate(0, 0, 2); ; day = day.AddDate(0, 0, 1) {
		if day.Weekday() == time.Thursday {
			return day
		}
	}
}
