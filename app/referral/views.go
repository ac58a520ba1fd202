package referral

import (
	"math"
	"time"

	"github.com/google/uuid"

	"timebank/app/platform/words"
)

// SurgeryReferral is a referral as the surgery that sent it sees it.
type SurgeryReferral struct {
	ID            uuid.UUID `json:"id"`
	Reference     string    `json:"reference" doc:"To read aloud and to paste into the record"`
	Initials      string    `json:"initials" doc:"Of the person; lists show no names"`
	YourReference string    `json:"your_reference,omitempty"`
	Status        string    `json:"status" enum:"received,question,getting-in-touch,met,joined,taking-part,in-progress,something-else,chose-not,could-not-reach,withdrawn,paused"`
	Words         string    `json:"words" doc:"The status in words"`
	WhatNext      string    `json:"what_next" doc:"One sentence"`
	Delayed       bool      `json:"delayed" doc:"We are later than we promised"`
	SubmittedAt   time.Time `json:"submitted_at"`
	RingBy        time.Time `json:"ring_by" doc:"We try to reach them by then"`
	Question      string    `json:"question,omitempty" doc:"Our question that waits for an answer"`
	SentBy        string    `json:"sent_by"`
	Mine          bool      `json:"mine" doc:"Sent by whoever asks"`
	CanWithdraw   bool      `json:"can_withdraw"`
}

func (v SurgeryView) dto() SurgeryReferral {
	return SurgeryReferral{
		ID: v.Referral.ID, Reference: v.Referral.Reference, Initials: v.Initials, YourReference: v.YourReference,
		Status: v.Shown.Status, Words: v.Shown.Words, WhatNext: v.Shown.Next, Delayed: v.Delayed, SubmittedAt: v.Referral.SubmittedAt,
		RingBy: v.RingBy, Question: v.Question, SentBy: v.By, Mine: v.Mine, CanWithdraw: v.CanWithdraw,
	}
}

// ReferralClock is one promise and how it stands.
type ReferralClock struct {
	Name      string     `json:"name" enum:"acknowledge,first-attempt,spoken-to"`
	DueAt     time.Time  `json:"due_at"`
	MetAt     *time.Time `json:"met_at,omitempty"`
	State     string     `json:"state" enum:"running,met,met-late,overdue"`
	Escalated bool       `json:"escalated"`
}

// ReferralLine is a referral in a broker's list. It shows no name.
type ReferralLine struct {
	ID          uuid.UUID       `json:"id"`
	Reference   string          `json:"reference"`
	Surgery     string          `json:"surgery"`
	State       string          `json:"state" enum:"submitted,acknowledged,needs-info,accepted,contacting,conversation-booked,conversation-done,joined,first-exchange,reviewed,paused,completed,rerouted,declined,could-not-reach,withdrawn"`
	Words       string          `json:"words" doc:"The state in words"`
	Next        string          `json:"next" doc:"What to do, in one sentence"`
	SubmittedAt time.Time       `json:"submitted_at"`
	DueAt       *time.Time      `json:"due_at,omitempty" doc:"When the next thing is due; absent when closed"`
	CallFirst   bool            `json:"call_first" doc:"Ring the surgery about safety first"`
	Late        bool            `json:"late" doc:"A clock has run out"`
	Clocks      []ReferralClock `json:"clocks"`
	Owner       string          `json:"owner" doc:"Empty is the team's inbox"`
	Mine        bool            `json:"mine"`
	Outcome     string          `json:"outcome,omitempty"`
	MemberID    *uuid.UUID      `json:"member_id,omitempty"`
	Version     int             `json:"version" doc:"Send it back with every act"`
}

func (x Item) dto(l words.Language) ReferralLine {
	r := x.Referral
	out := ReferralLine{
		ID: r.ID, Reference: r.Reference, Surgery: x.Surgery, State: string(r.State), Words: l.Say(stateWords[r.State]), Next: x.Next,
		SubmittedAt: r.SubmittedAt, DueAt: r.DueAt, CallFirst: r.CallFirst, Late: x.Late, Clocks: []ReferralClock{}, Owner: x.Owner,
		Mine: x.Mine, MemberID: r.MemberID, Version: r.Version,
	}
	if r.Outcome != nil {
		out.Outcome = *r.Outcome
	}
	for _, c := range x.Clocks {
		out.Clocks = append(out.Clocks, ReferralClock{Name: c.Name, DueAt: c.DueAt, MetAt: c.MetAt, State: c.state(x.Now), Escalated: c.EscalatedAt != nil})
	}
	return out
}

// ReferralEvent is one thing that happened, for brokers.
type ReferralEvent struct {
	Seq         int        `json:"seq"`
	Kind        string     `json:"kind" enum:"move,attempt,note,escalation"`
	From        string     `json:"from"`
	To          string     `json:"to"`
	Words       string     `json:"words" doc:"The state it led to, in words"`
	By          string     `json:"by" doc:"Empty is the system"`
	ActedAs     string     `json:"acted_as" enum:"referrer,broker,system"`
	Channel     string     `json:"channel,omitempty"`
	Result      string     `json:"result,omitempty"`
	Reason      string     `json:"reason,omitempty" doc:"A code: the outcome, or the clock that ran out"`
	Note        string     `json:"note,omitempty"`
	Alternative string     `json:"alternative,omitempty"`
	At          time.Time  `json:"at"`
	HappenedAt  *time.Time `json:"happened_at,omitempty" doc:"When an attempt was made"`
}

// ReferralPermission is what the person last said to one permission.
type ReferralPermission struct {
	Permission string    `json:"permission" enum:"contact-me,tell-joined,tell-progress"`
	Given      bool      `json:"given"`
	How        string    `json:"how" enum:"phone,paper,in-person,referrer"`
	Wording    string    `json:"wording" doc:"Version of the words they heard"`
	At         time.Time `json:"at"`
}

// ReferralTold is what the surgery told about the person.
type ReferralTold Told

// ReferralStatus is what others read of a referral.
type ReferralStatus struct {
	Status   string `json:"status"`
	Words    string `json:"words"`
	WhatNext string `json:"what_next"`
}

// ReferralDetail is all that a broker may know.
type ReferralDetail struct {
	Referral       ReferralLine         `json:"referral"`
	Told           ReferralTold         `json:"told"`
	Initials       string               `json:"initials"`
	ReferredBy     string               `json:"referred_by"`
	ConversationAt *time.Time           `json:"conversation_at,omitempty"`
	ResumeOn       string               `json:"resume_on,omitempty" format:"date"`
	Events         []ReferralEvent      `json:"events"`
	Permissions    []ReferralPermission `json:"permissions"`
	Offered        []string             `json:"offered" doc:"Ids of the operations that can be done from here"`
	StillNeeded    []string             `json:"still_needed" doc:"Before this may end as could not reach"`
	SameAs         []ReferralLine       `json:"same_as" doc:"May be the same person: same name and birth date. Tell no surgery"`
	SurgerySees    ReferralStatus       `json:"surgery_sees"`
	PersonHears    string               `json:"person_hears" doc:"What they may be told, in one sentence"`
}

func (d Detail) dto(l words.Language) ReferralDetail {
	out := ReferralDetail{
		Referral: d.Item.dto(l), Told: ReferralTold(d.Told), Initials: d.Initials, ReferredBy: d.ReferrerBy, ConversationAt: d.Referral.ConversationAt,
		Events: []ReferralEvent{}, Permissions: []ReferralPermission{}, Offered: d.Offered, StillNeeded: append([]string{}, d.StillNeeded...),
		SameAs: []ReferralLine{}, SurgerySees: ReferralStatus{d.SurgerySees.Status, d.SurgerySees.Words, d.SurgerySees.Next}, PersonHears: d.PersonHears,
	}
	if d.Referral.ResumeOn != nil {
		out.ResumeOn = d.Referral.ResumeOn.Format(time.DateOnly)
	}
	for _, e := range d.Events {
		x := ReferralEvent{
			Seq: e.Seq, Kind: e.Kind, From: string(e.From), To: string(e.To), Words: l.Say(stateWords[e.To]), By: e.By, ActedAs: string(e.ActedAs),
			Reason: e.Reason, Note: e.Said.Note, Alternative: e.Said.Alternative, At: e.At, HappenedAt: e.HappenedAt,
		}
		if e.Kind == "attempt" {
			x.Channel, x.Result = *e.Channel, *e.Result
		}
		out.Events = append(out.Events, x)
	}
	for _, p := range d.Permissions {
		out.Permissions = append(out.Permissions, ReferralPermission{p.Permission, p.Given, p.How, p.Wording, p.At})
	}
	for _, x := range d.SameAs {
		out.SameAs = append(out.SameAs, x.dto(l))
	}
	return out
}

// SurgeryPage is what a surgery sees before it refers somebody.
type SurgeryPage struct {
	Name      string         `json:"name"`
	Agreement string         `json:"agreement" enum:"in-date,not-in-date" doc:"Not in date: cards only"`
	ReviewOn  string         `json:"review_on,omitempty" format:"date"`
	GoodFor   string         `json:"good_for"`
	NotFor    string         `json:"not_for"`
	Promise   string         `json:"promise"`
	Replies   *SurgeryFigure `json:"replies,omitempty" doc:"Absent while there are too few to say"`
}

// SurgeryFigure is how long people waited for a first try.
type SurgeryFigure struct {
	MedianHours float64 `json:"median_hours" doc:"Working hours, to one decimal"`
	Referrals   int     `json:"referrals" doc:"Of which it is the median"`
	Days        int     `json:"days" doc:"Over so many last days"`
}

func (d SurgeryDesk) dto() SurgeryPage {
	out := SurgeryPage{Name: d.Surgery.Name, Agreement: "not-in-date", GoodFor: d.Good, NotFor: d.Not, Promise: d.Promise}
	if d.InDate {
		out.Agreement = "in-date"
	}
	if d.Surgery.ReviewOn != nil {
		out.ReviewOn = d.Surgery.ReviewOn.Format(time.DateOnly)
	}
	if d.Replies > 0 {
		out.Replies = &SurgeryFigure{MedianHours: math.Round(d.MedianHours*10) / 10, Referrals: d.Replies, Days: figureDays}
	}
	return out
}
